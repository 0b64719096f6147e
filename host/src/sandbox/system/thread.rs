//! Threads that enter the guest: their stacks, their priority, what the kernel counts of them.
//!
//! Must not know: what runs on them.
#![allow(unsafe_code)]

use crate::sandbox::SandboxError;
use std::io;
use std::mem::MaybeUninit;
use std::thread::{Builder, JoinHandle};

/// Native stack of a thread that enters the guest, bytes: deep recursion in QuickJS must hit its own limit first.
pub const STACK_BYTES: usize = 32 << 20;
/// Alternate signal stack, bytes: after a fault WasmEdge walks the stack there.
const ALTERNATE_BYTES: usize = 256 << 10;

/// Starts a thread that may enter the guest.
pub fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, SandboxError> {
    Builder::new()
        .name(name.to_owned())
        .stack_size(STACK_BYTES)
        .spawn(body)
        .map_err(|e| SandboxError::Engine(format!("cannot start the thread {name}: {e}")))
}

/// The nice value of a thread of the long lane: about a tenth of a short one's share, where both need the core.
const LONG_NICE: libc::c_int = 10;

/// Its turns on a core, ns. Linux from 6.12 on lets a thread with shorter turns (3 ms usually) in at once, in the
/// middle of a longer one.
const LONG_TURN: u64 = 20_000_000;

/// `struct sched_attr`, its first version.
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

/// Lets every other thread of the process go before the calling one. Where that is refused, they take equal turns.
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

/// What the kernel counts of a thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Page faults, minor and major.
    pub faults: u64,
    /// CPU time, ns; may lag behind by a scheduler's tick.
    pub cpu: u64,
}

/// Of the calling thread; `None` where the kernel refuses to say.
pub fn usage() -> Option<Usage> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the out-pointer is ours; zeroes are a valid `rusage`.
    let usage = unsafe {
        if libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) != 0 {
            return None;
        }
        usage.assume_init()
    };
    let nanos = |time: libc::timeval| time.tv_sec as u64 * 1_000_000_000 + time.tv_usec as u64 * 1_000;
    Some(Usage {
        faults: (usage.ru_minflt as u64).wrapping_add(usage.ru_majflt as u64),
        cpu: nanos(usage.ru_utime) + nanos(usage.ru_stime),
    })
}
