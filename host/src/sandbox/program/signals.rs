//! Signals of a process in which guests fault on purpose: the pin, the handler, alternate stacks, thread clocks.
//!
//! WasmEdge installs its handlers when the first invocation starts and removes them when the last one ends, by a counter that
//! races: with two threads, one of them trapping, the process dies. So one invocation is parked for ever (the *pin*), and a
//! handler of ours stands in front of WasmEdge's. It hands a fault to WasmEdge exactly when the faulting thread runs guest
//! code; that includes WasmEdge's own memset and memmove on behalf of the guest, and excludes our host functions.
#![allow(unsafe_code)]

use super::ffi::{Engine, Export, Module};
use crate::sandbox::entry::hostcalls;
use std::cell::Cell;
use std::io;
use std::mem::MaybeUninit;
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Native stack of a thread that enters the guest, bytes: deep recursion in QuickJS must hit its own limit first.
pub const STACK_BYTES: usize = 32 << 20;
/// Alternate signal stack, bytes: after a fault WasmEdge walks the stack there.
const ALTERNATE_BYTES: usize = 256 << 10;
const SIGNALS: [libc::c_int; 3] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE];

thread_local! {
    static IN_GUEST: Cell<bool> = const { Cell::new(false) };
}

/// Runs `body` as guest code: its faults are traps.
pub fn in_guest<T>(body: impl FnOnce() -> T) -> T {
    let before = IN_GUEST.replace(true);
    let result = body();
    IN_GUEST.set(before);
    result
}

/// Runs `body` as host code called from the guest: its faults are ours.
pub fn in_host<T>(body: impl FnOnce() -> T) -> T {
    let before = IN_GUEST.replace(false);
    let result = body();
    IN_GUEST.set(before);
    result
}

/// How much a thread of the long lane stands back (nice value): about a tenth of a short one's share, when both want the core.
const LONG_NICE: libc::c_int = 10;

/// Its turns on a core, ns. Linux from 6.12 on lets a thread with shorter turns (3 ms usually) in at once, in the middle of a longer one.
const LONG_TURN: u64 = 20_000_000;

/// `struct sched_attr`, as far as it goes.
#[repr(C)]
struct SchedulingAttributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// Lets every other thread of the process come first. Where that is refused, long entries merely take equal turns.
pub fn lower_priority() {
    let attributes = SchedulingAttributes {
        size: size_of::<SchedulingAttributes>() as u32,
        policy: libc::SCHED_OTHER as u32,
        flags: 0,
        nice: LONG_NICE,
        priority: 0,
        runtime: LONG_TURN,
        deadline: 0,
        period: 0,
    };
    // SAFETY: the structure has the layout and the size that it says; on Linux 0 means the calling thread.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, LONG_NICE);
        libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0);
    }
}

/// The handlers found before and after the pin, in the order of [`SIGNALS`].
struct Handlers {
    previous: [libc::sigaction; 3],
    engine: [libc::sigaction; 3],
}

/// Process-wide because signal dispositions are; written once.
static HANDLERS: OnceLock<Handlers> = OnceLock::new();
static PIN: OnceLock<Result<(), String>> = OnceLock::new();

/// Parks the pin and installs the handler; later calls only report how the first went. Proves on the way that the guest's
/// code runs compiled: below the host function in which the pin parks, a return address must lie in `text`.
pub fn pin(module: &Arc<Module>, text: std::ops::Range<usize>) -> Result<(), String> {
    PIN.get_or_init(|| {
        let previous = current();
        park(Arc::clone(module), text)?;
        let engine = current();
        if engine.iter().zip(&previous).all(|(a, b)| a.sa_sigaction == b.sa_sigaction) {
            return Err("WasmEdge did not install its fault handlers".to_owned());
        }
        HANDLERS.get_or_init(|| Handlers { previous, engine });
        install();
        Ok(())
    })
    .clone()
}

fn park(module: Arc<Module>, text: std::ops::Range<usize>) -> Result<(), String> {
    let (parked, wait) = mpsc::sync_channel::<Result<(), String>>(2);
    let thread = move || {
        let bottom = 0u8;
        let bottom = &raw const bottom as usize;
        let run = || -> Result<(), String> {
            let engine = Engine::new(module).map_err(|e| e.to_string())?;
            let instance = engine.instantiate().map_err(|e| e.to_string())?;
            let parked = parked.clone();
            hostcalls::on_read(Box::new(move || {
                let compiled = if on_stack(bottom, &text) {
                    Ok(())
                } else {
                    Err("the guest runs interpreted, not compiled: its code is not on the stack".to_owned())
                };
                let stay = compiled.is_ok();
                let _ = parked.send(compiled);
                if stay {
                    loop {
                        std::thread::park();
                    }
                }
            }));
            instance.call(Export::Load, &[0]).map_err(|e| e.to_string())?;
            Err("the guest's `load` did not read its inbox".to_owned())
        };
        if let Err(message) = run() {
            let _ = parked.send(Err(message));
        }
    };
    std::thread::Builder::new()
        .name("daplet-pin".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(thread)
        .map_err(|e| format!("thread: {e}"))?;
    wait.recv_timeout(Duration::from_secs(60)).map_err(|_| "the pin did not park".to_owned())?
}

/// Whether a word between here and `bottom` of the calling thread's stack lies in `text`.
#[inline(never)]
fn on_stack(bottom: usize, text: &std::ops::Range<usize>) -> bool {
    let top = 0usize;
    let top = &raw const top as usize;
    (top..bottom).step_by(size_of::<usize>()).any(|address| {
        // SAFETY: an aligned word of the calling thread's own stack, between two of its living frames.
        text.contains(&unsafe { std::ptr::read_volatile(address as *const usize) })
    })
}

fn current() -> [libc::sigaction; 3] {
    SIGNALS.map(|signal| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: only queries; zeroes are a valid `sigaction`.
        unsafe {
            libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
            action.assume_init()
        }
    })
}

fn install() {
    for signal in SIGNALS {
        // SAFETY: `handler` has the signature that SA_SIGINFO asks for and does only what a handler may.
        unsafe {
            let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
            action.sa_sigaction = handler as *const () as usize;
            // NODEFER: WasmEdge leaves its handler by longjmp, which does not restore the mask.
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            libc::sigemptyset(&mut action.sa_mask);
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

extern "C" fn handler(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let index = SIGNALS.iter().position(|known| *known == signal).unwrap_or(0);
    let Some(handlers) = HANDLERS.get() else { return };
    let guest = IN_GUEST.get();
    let action = if guest { &handlers.engine[index] } else { &handlers.previous[index] };
    // SAFETY: the action was installed by its owner with this very signature; the default action is taken by returning to
    // the faulting instruction with the default disposition.
    unsafe {
        match action.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                libc::signal(signal, libc::SIG_DFL);
            }
            address if action.sa_flags & libc::SA_SIGINFO != 0 => {
                let call: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                    std::mem::transmute(address);
                call(signal, info, context);
            }
            address => {
                let call: extern "C" fn(libc::c_int) = std::mem::transmute(address);
                call(signal);
            }
        }
    }
}

/// Gives the calling thread an alternate signal stack for the rest of its life.
pub fn alternate_stack() -> io::Result<()> {
    // SAFETY: a fresh private mapping that is never unmapped while the thread lives.
    unsafe {
        let memory = libc::mmap(
            std::ptr::null_mut(),
            ALTERNATE_BYTES,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: ALTERNATE_BYTES };
        if libc::sigaltstack(&stack, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// A thread's CPU clock, readable from other threads while that thread lives.
#[derive(Clone, Copy, Debug)]
pub struct CpuClock(libc::clockid_t);

impl CpuClock {
    /// The calling thread's.
    pub fn of_this_thread() -> io::Result<CpuClock> {
        let mut clock = 0;
        // SAFETY: the calling thread is alive; the out-pointer is ours.
        match unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) } {
            0 => Ok(CpuClock(clock)),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }

    /// CPU time that the thread has used, ns; `None` once it has ended.
    pub fn now(self) -> Option<u64> {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the out-pointer is ours; an ended thread gives an error.
        (unsafe { libc::clock_gettime(self.0, &mut time) } == 0)
            .then_some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
    }
}
