//! Faults of threads that run guests: WasmEdge gets the guest's, the handlers found before get all others.
//!
//! Owns: the process's handlers of SIGSEGV, SIGBUS and SIGFPE, in front of WasmEdge's. A fault is the guest's exactly
//! while its thread runs guest code; that includes WasmEdge's own memset and memmove for the guest, and excludes our
//! host functions. Must not know: what a guest does.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

const SIGNALS: [libc::c_int; 3] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE];

thread_local! {
    /// A thread-local because a signal handler is given the signal and the faulting context, and no pointer of ours.
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

/// The handlers of [`SIGNALS`], in their order.
pub struct Handlers([libc::sigaction; 3]);

/// Those that a fault is handed to.
struct Installed {
    previous: Handlers,
    engine: Handlers,
}

/// Process-wide because signal dispositions are; written once.
static INSTALLED: OnceLock<Installed> = OnceLock::new();

impl Handlers {
    /// The process's handlers now.
    pub fn current() -> Handlers {
        Handlers(SIGNALS.map(|signal| {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed();
            // SAFETY: only queries; zeroes are a valid `sigaction`.
            unsafe {
                libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
                action.assume_init()
            }
        }))
    }

    /// Whether no handler differs.
    fn same(&self, other: &Handlers) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a.sa_sigaction == b.sa_sigaction)
    }
}

/// Puts our handler in front of WasmEdge's, which are in force now; `previous` were before them.
pub fn install(previous: Handlers) -> Result<(), String> {
    let engine = Handlers::current();
    if engine.same(&previous) {
        return Err("WasmEdge did not install its fault handlers".to_owned());
    }
    INSTALLED.get_or_init(|| Installed { previous, engine });
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
    Ok(())
}

extern "C" fn handler(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let index = SIGNALS.iter().position(|known| *known == signal).unwrap_or(0);
    let Some(handlers) = INSTALLED.get() else { return };
    let guest = IN_GUEST.get();
    let action = if guest { &handlers.engine.0[index] } else { &handlers.previous.0[index] };
    // SAFETY: the action was installed by its owner with this very signature; the default action is taken by returning
    // to the faulting instruction with the default disposition.
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
