//! A checker as the server sees it: its pipes, its limits, and its use of time and memory.
use super::wire::{self, PREFIX, Ready};
use super::{Answer, CheckerError, unavailable};
use rustix::process::{Pid, Resource, Rlimit, Signal};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// Time for a process to start, on a busy machine.
const START: Duration = Duration::from_secs(30);
/// Resident memory above that at the start at which a process is not used again, bytes.
const RETIRED_ABOVE: u64 = 32 << 20;
/// The most that is read of a process's last output, bytes.
const LAST_WORDS: u64 = 4 << 10;
/// Sources after which a process is not used again: this also frees whatever the parser retains.
const RETIRED_AFTER: u32 = 1_000;
/// Priority of a process that has worked for a while: functions and quick sources go first.
const NICE: i32 = 10;

/// What one source may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Time on the clock, and of CPU.
    pub time: Duration,
    /// Memory above that at the start, bytes.
    pub memory: u64,
}

/// One checker. Dropping it ends the process.
pub struct Process {
    pub pipes: Pipes,
    /// The handle to limit and end it.
    pub hold: Hold,
}

/// Both directions of a conversation.
pub struct Pipes {
    requests: ChildStdin,
    answers: ChildStdout,
}

/// The process behind the pipes.
pub struct Hold {
    child: Child,
    errors: Option<ChildStderr>,
    /// Its use of time and memory when it was ready.
    first: Usage,
    checked: u32,
    nice: bool,
}

/// Why a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It exceeded its limit of memory.
    Memory,
    /// The source is nested deeper than its stack.
    Stack,
    /// It used up its CPU time.
    Time,
    /// It made a system call that a parser does not need.
    Forbidden,
    /// Something else ended it, or it never became ready.
    Other,
}

impl Process {
    /// Starts `program` as a checker and waits until it is ready. The calling thread must outlive the process: the
    /// kernel ends a child with the thread that started it.
    pub async fn start(program: &Path) -> Result<(Process, Ready), CheckerError> {
        let failed = |reason: &dyn std::fmt::Display| unavailable(format!("{}: {reason}", program.display()));
        let own = rustix::process::getpid().as_raw_nonzero().to_string();
        let mut command = Command::new(program);
        command.arg(super::COMMAND).args(["--parent", &own]).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| failed(&e))?;
        let (Some(requests), Some(mut answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(&"it has no pipes"));
        };
        let first = tokio::time::timeout(START, read(&mut answers, wire::largest_answer(0))).await;
        let first = first.map_err(|_| failed(&format!("not ready after {} s", START.as_secs())))?;
        let first = first.map_err(|e| failed(&format!("it ended before it was ready: {e}")))?;
        let ready = serde_json::from_slice(&first).map_err(|e| failed(&e))?;
        let errors = child.stderr.take();
        let mut hold = Hold { child, errors, first: Usage::default(), checked: 0, nice: false };
        hold.first = hold.usage().ok_or_else(|| failed(&"it ended"))?;
        Ok((Process { pipes: Pipes { requests, answers }, hold }, ready))
    }
}

impl Pipes {
    /// Sends a request and waits for the answer, of at most `most` bytes.
    pub async fn exchange(&mut self, request: &[u8], most: usize) -> std::io::Result<Answer> {
        self.requests.write_all(request).await?;
        wire::answer(&read(&mut self.answers, most).await?)
    }
}

impl Hold {
    /// Sets the limits for the next source.
    pub fn limit(&mut self, bounds: Bounds) -> std::io::Result<()> {
        self.checked += 1;
        let (Some(pid), Some(usage)) = (self.pid(), self.usage()) else {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        let cpu = usage.cpu + bounds.time + Duration::from_secs(1);
        for (resource, most) in
            [(Resource::Cpu, cpu.as_secs()), (Resource::Data, self.first.data.saturating_add(bounds.memory))]
        {
            // It has the server's own limit.
            let maximum = rustix::process::getrlimit(resource).maximum;
            let current = Some(maximum.map_or(most, |maximum| most.min(maximum)));
            rustix::process::prlimit(Some(pid), resource, Rlimit { current, maximum })?;
        }
        Ok(())
    }

    /// Lowers its priority below everything else on the machine.
    pub fn step_back(&mut self) {
        self.nice = true;
        if let Some(pid) = self.pid() {
            // A failure only leaves the priority as it is.
            let _refused = rustix::process::setpriority_process(Some(pid), NICE);
        }
    }

    /// Whether the process is as good as a new one.
    pub fn is_fresh(&self) -> bool {
        let small = self.usage().is_some_and(|usage| usage.resident <= self.first.resident + RETIRED_ABOVE);
        small && !self.nice && self.checked < RETIRED_AFTER
    }

    /// Why it ended, or ends now.
    pub async fn end(mut self) -> End {
        let _gone_already = self.child.start_kill();
        let signal = self.child.wait().await.ok().and_then(|status| status.signal());
        match signal.and_then(Signal::from_named_raw) {
            // Rust ends a process in the same way for lack of memory and of stack, and prints which.
            Some(Signal::ABORT) if self.last_words().await.contains("overflowed its stack") => End::Stack,
            Some(Signal::ABORT) => End::Memory,
            Some(Signal::SEGV | Signal::BUS) => End::Stack,
            Some(Signal::XCPU) => End::Time,
            Some(Signal::SYS) => End::Forbidden,
            _ => End::Other,
        }
    }

    async fn last_words(&mut self) -> String {
        let mut words = Vec::new();
        if let Some(errors) = &mut self.errors {
            let _cut_off = errors.take(LAST_WORDS).read_to_end(&mut words).await;
        }
        String::from_utf8_lossy(&words).into_owned()
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()?).ok()?)
    }

    fn usage(&self) -> Option<Usage> {
        let folder = Path::new("/proc").join(self.child.id()?.to_string());
        let read = |file| std::fs::read_to_string(folder.join(file)).ok();
        Usage::parse(&read("stat")?, &read("statm")?)
    }
}

/// A process's use of time and memory.
#[derive(Debug, Default, PartialEq)]
struct Usage {
    cpu: Duration,
    resident: u64,
    data: u64,
}

impl Usage {
    /// Reads `stat` and `statm` (proc(5)).
    fn parse(stat: &str, statm: &str) -> Option<Usage> {
        let (page, tick) = (rustix::param::page_size() as u64, rustix::param::clock_ticks_per_second());
        // The program's name, in parentheses, may contain any character.
        let mut times = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11).map(str::parse::<u64>);
        let ticks = times.next()?.ok()? + times.next()?.ok()?;
        let pages: Vec<u64> = statm.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
        let cpu = Duration::from_millis(ticks.saturating_mul(1_000).checked_div(tick)?);
        Some(Usage { cpu, resident: pages.get(1)? * page, data: pages.get(5)? * page })
    }
}

async fn read(from: &mut ChildStdout, most: usize) -> std::io::Result<Vec<u8>> {
    let mut length = [0; PREFIX];
    from.read_exact(&mut length).await?;
    let length = u32::from_le_bytes(length) as usize;
    if length > most {
        let message = format!("an answer of {length} bytes, more than {most}");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
    }
    let mut message = vec![0; length];
    from.read_exact(&mut message).await?;
    Ok(message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn usage_is_read_as_the_kernel_writes_it() {
        let own = |file: &str| std::fs::read_to_string(format!("/proc/self/{file}")).unwrap();
        let usage = Usage::parse(&own("stat"), &own("statm")).unwrap();
        assert!(
            usage.resident > 1 << 16 && usage.data > 1 << 16 && usage.cpu < Duration::from_secs(3_600),
            "{usage:?}"
        );
        let odd = "1 (a) b (c) R 1 1 1 0 -1 0 0 0 0 0 250 50 0 0";
        let usage = Usage::parse(odd, "9 2 0 0 0 3 0").unwrap();
        assert_eq!(usage.cpu, Duration::from_millis(300_000 / rustix::param::clock_ticks_per_second()));
        assert_eq!(Usage::parse("nothing", ""), None);
    }
}
