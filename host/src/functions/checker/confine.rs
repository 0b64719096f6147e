//! What a checker gives up before it reads a source: files, the network, other processes, new descriptors. A source that
//! takes over the parser has its pipes, its memory and some CPU time, and nothing else.
//!
//! The server adds limits on CPU time and memory for each source from outside ([`super::process`]).
use super::wire::Ready;
use super::{CheckerError, unavailable};
use crate::sandbox;
use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::{Resource, Rlimit, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;

/// System calls for reading, writing, allocating and ending.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_sched_yield,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
];
/// System calls that the C library tries by itself (its allocator reads settings in `/proc`); it goes on when they are
/// refused.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_openat,
    libc::SYS_newfstatat,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_readlinkat,
    libc::SYS_fcntl,
    libc::SYS_ioctl,
    libc::SYS_ppoll,
    libc::SYS_prlimit64,
    libc::SYS_sched_getaffinity,
    libc::SYS_sysinfo,
    libc::SYS_close,
];

/// The part that must precede the checker's threads: they inherit the kernel's rules for this one.
pub fn begin(parent: Option<i32>) -> Result<bool, CheckerError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(unavailable)?;
    let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    if parent.is_some() && parent != now {
        return Err(unavailable("the server that started this checker has ended"));
    }
    sandbox::close_descriptors_from(3).map_err(unavailable)?;
    rustix::thread::set_no_new_privs(true).map_err(unavailable)?;
    for (resource, most) in [(Resource::Core, 0), (Resource::Fsize, 0), (Resource::Nofile, 3), (Resource::Memlock, 0)] {
        forbid(resource, most)?;
    }
    Ok(landlock())
}

/// The rest, once every thread runs.
pub fn finish(landlock: bool) -> Result<Ready, CheckerError> {
    forbid(Resource::Nproc, 0)?;
    let filters = filters().map_err(unavailable)?;
    // A kernel without seccomp refuses the first filter; one that accepts it accepts the second.
    let seccomp = filters.iter().all(|filter| seccompiler::apply_filter_all_threads(filter).is_ok());
    Ok(Ready { seccomp, landlock })
}

fn forbid(resource: Resource, most: u64) -> Result<(), CheckerError> {
    rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }).map_err(unavailable)
}

/// Takes away every right to files and ports that this kernel knows; returns false if it knows none.
fn landlock() -> bool {
    let abi = ABI::V6;
    let restrict = || {
        let rules = Ruleset::default().handle_access(AccessFs::from_all(abi))?;
        let rules = rules.handle_access(AccessNet::from_all(abi))?.scope(Scope::from_all(abi))?;
        rules.create()?.restrict_self()
    };
    restrict().is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

/// Two filters, because each has one action: the first ends the process, the second refuses.
fn filters() -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let arch = std::env::consts::ARCH.try_into()?;
    let own = u64::try_from(rustix::process::getpid().as_raw_nonzero().get()).unwrap_or_default();
    let argument = |index, operator, value| {
        SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value).and_then(|c| SeccompRule::new(vec![c]))
    };
    let never_executable = argument(2, SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64), 0)?;
    let any = |calls: &[libc::c_long]| calls.iter().map(|call| (*call, Vec::new())).collect::<BTreeMap<_, _>>();
    let mut allowed = any(ALLOWED);
    allowed.extend(any(REFUSED));
    allowed.insert(libc::SYS_mmap, vec![never_executable.clone()]);
    allowed.insert(libc::SYS_mprotect, vec![never_executable]);
    // `abort` sends these to its own process.
    allowed.insert(libc::SYS_tgkill, vec![argument(0, SeccompCmpOp::Eq, own)?]);
    let ends = SeccompFilter::new(allowed, SeccompAction::KillProcess, SeccompAction::Allow, arch)?;
    let refused = SeccompAction::Errno(libc::EPERM as u32);
    let refuses = SeccompFilter::new(any(REFUSED), SeccompAction::Allow, refused, arch)?;
    // The first filter would forbid the call that installs the second, so the second is installed first.
    Ok([refuses.try_into()?, ends.try_into()?])
}
