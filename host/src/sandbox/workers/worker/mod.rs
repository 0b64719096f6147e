//! A worker: one thread's slots and engine, and the jobs that it does with them.
//!
//! Must not know: what comes after a step.
//!
//! # Layout
//! - this file: jobs taken, done and answered
//! - [`load`]: evaluating a function; [`invocation`]: entries of an invocation; [`undo`]: entries that used up their
//!   slice
mod invocation;
mod load;
mod undo;

use super::job::{Event, Job, Ran, Terms, Waiting};
use super::lane::{Lane, SLICE};
use super::queue::{Line, Queue};
use super::shared::Shared;
use super::slots::{ResumesOn, Slots};
use super::step::Step;
use crate::sandbox::SandboxError;
use crate::sandbox::entry::guard::Guard;
use crate::sandbox::entry::output::Output;
use crate::sandbox::entry::slot::{CpuTime, Entered, Slot};
use crate::sandbox::program::ffi::Export;
use crate::sandbox::system::thread;
use daplet_abi::EventKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// One worker thread's state.
pub struct Worker {
    shared: Arc<Shared>,
    lane: Lane,
    guard: Arc<Guard>,
    slots: Slots,
}

impl Worker {
    /// For the calling thread, which needs a large stack.
    pub fn new(shared: Arc<Shared>, lane: Lane) -> Result<Worker, SandboxError> {
        thread::alternate_stack().map_err(SandboxError::engine)?;
        let guard = shared.watchdog.guard().map_err(SandboxError::engine)?;
        let slots = Slots::new(Arc::clone(&shared))?;
        Ok(Worker { shared, lane, guard, slots })
    }

    /// Takes jobs until the queue closes.
    pub fn run(mut self, id: usize, jobs: &Queue<Job>) {
        while let Some(job) = futures::executor::block_on(jobs.take(self.lane, id)) {
            // The caller's channel is dropped, so it learns that there is no answer.
            if catch_unwind(AssertUnwindSafe(|| self.serve(job, jobs))).is_err() {
                self.renew();
            }
        }
    }

    /// Begins again after a panic: nothing of what it left behind is used.
    pub fn renew(&mut self) {
        tracing::error!("a {} worker panicked and begins again with new slots", self.lane.name());
        match Worker::new(Arc::clone(&self.shared), self.lane) {
            Ok(fresh) => *self = fresh,
            Err(error) => tracing::error!("{error}; it goes on with the slots that it had"),
        }
    }

    /// Takes a job that has waited since `since` out of the queue's count; fails where it waited too long.
    pub fn leave_queue(&self, since: Instant) -> Result<(), SandboxError> {
        self.shared.counters.queued.fetch_sub(1, Relaxed);
        let wait = self.shared.queue_wait;
        if since.elapsed() > wait { Err(SandboxError::Late { wait }) } else { Ok(()) }
    }

    /// Adds the page scans of `body` to the counters.
    pub fn counted<T>(&mut self, body: impl FnOnce(&mut Worker) -> T) -> T {
        let scans = self.slots.tracker.scans;
        let done = body(self);
        self.shared.counters.scans.fetch_add(self.slots.tracker.scans - scans, Relaxed);
        done
    }

    /// Does one job and answers it, or puts it into another line of `jobs`.
    pub fn serve(&mut self, job: Job, jobs: &Queue<Job>) {
        if self.lane == Lane::Long && job.misplaced() {
            drop(jobs.put(Line::Short, job));
            return;
        }
        let again = self.counted(|worker| match job {
            // Its runtime runs it (`resident`).
            Job::Begin { .. } => None,
            Job::Load { base, frame, terms, answer } => {
                worker.shared.counters.queued.fetch_sub(1, Relaxed);
                if terms.stopped() { None } else { reply(answer, worker.load(&base, frame, &terms)) }
            }
            Job::Handle { event, terms, since, answer } => worker.serve_handle(event, terms, since, answer),
            Job::Resume { waiting, terms, answer } => worker.serve_resume(waiting, terms, answer),
        });
        if let Some((line, job)) = again {
            drop(jobs.put(line, job));
        }
    }

    fn serve_handle(
        &mut self,
        event: Event,
        terms: Terms,
        since: Option<Instant>,
        answer: Answer<Step>,
    ) -> Option<(Line, Job)> {
        let waited = since.map(|since| since.elapsed());
        let in_time = since.map_or(Ok(()), |since| self.leave_queue(since));
        if terms.stopped() {
            return None;
        }
        match in_time.and_then(|()| self.handle(event, &terms, ResumesOn::AnyThread)) {
            Ok(Ran::Overrun(event)) => {
                Some((Line::Long, Job::Handle { event, terms: terms.overran(), since: None, answer }))
            }
            Ok(Ran::Done(step)) => reply(answer, Ok(Step { waited, ..step })),
            Err(error) => reply(answer, Err(error)),
        }
    }

    fn serve_resume(&mut self, waiting: Waiting, terms: Terms, answer: Answer<Step>) -> Option<(Line, Job)> {
        if terms.stopped() {
            return None;
        }
        match self.resume(waiting, &terms, ResumesOn::AnyThread) {
            Ok(Ran::Overrun(waiting)) => Some((Line::Long, Job::Resume { waiting, terms: terms.overran(), answer })),
            Ok(Ran::Done(step)) => reply(answer, Ok(step)),
            Err(error) => reply(answer, Err(error)),
        }
    }

    /// The CPU time after which an entry is undone; only long workers have time for a whole one.
    fn slice(&self) -> Option<Duration> {
        (self.lane == Lane::Short).then_some(SLICE)
    }

    fn enter(
        &self,
        slot: &Slot,
        (export, kind): (Export, Option<EventKind>),
        frame: Vec<u8>,
        output: Output,
        (terms, slice): (Terms, Option<Duration>),
    ) -> Entered {
        self.shared.counters.entries.fetch_add(1, Relaxed);
        let time = CpuTime { budget: terms.budget, slice, rested: self.slots.tracker.cpu() };
        slot.enter(&self.guard, export, kind.map(|kind| kind as i32), frame, output, (time, terms.stop))
    }
}

type Answer<T> = oneshot::Sender<Result<T, SandboxError>>;

/// Answers a job, which is not made again. A caller that went away needs no answer.
fn reply<T>(answer: Answer<T>, result: Result<T, SandboxError>) -> Option<(Line, Job)> {
    let _caller_is_gone = answer.send(result);
    None
}
