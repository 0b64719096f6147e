//! The pages of an invocation that waits: in its instance, or copied out of it.
use super::super::PAGE;
use super::super::delta::Delta;
use super::{Pages, Tracker, merge};
use crate::budget::{BudgetError, Purse, Share};
use crate::sandbox::SandboxError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The pages of one waiting invocation, wherever they are.
#[derive(Debug)]
pub struct ParkedPages(Mutex<Location>);

#[derive(Debug)]
enum Location {
    /// In the instance. The share stands for pages that are more than a few.
    Instance(Share),
    /// Copied out: the difference from the function's snapshot.
    Copy(Delta, Share),
    /// Gone: the invocation has gone on, or there was no memory to copy its pages out.
    Gone(Option<BudgetError>),
}

impl ParkedPages {
    fn location(&self) -> MutexGuard<'_, Location> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Memory that a copy of them takes, bytes.
    pub fn weight(&self) -> usize {
        match &*self.location() {
            Location::Copy(delta, _) => delta.weight(),
            Location::Instance(_) | Location::Gone(_) => 0,
        }
    }
}

impl Pages {
    /// Parks what is in the memory now, and leaves it there. Only after [`Pages::find_private`]; nothing but
    /// [`Pages::copy_out`] and entries of this invocation may follow.
    pub fn park(&self, memory: &Purse) -> Result<Arc<ParkedPages>, SandboxError> {
        let share = memory.take(self.beyond_usual()).map_err(SandboxError::NoMemory)?;
        Ok(Arc::new(ParkedPages(Mutex::new(Location::Instance(share)))))
    }

    /// Copies out what was left in the memory, if there is a share for it. Only after [`Pages::find_private`].
    pub fn copy_out(&self, parked: &ParkedPages, tracker: &mut Tracker) -> Result<(), BudgetError> {
        let mut location = parked.location();
        let copied = match std::mem::replace(&mut *location, Location::Gone(None)) {
            Location::Instance(mut share) => share.resize(self.known.len() * PAGE).and_then(|()| {
                let delta = self.difference();
                // It is smaller than the pages that it was found in.
                share.resize(delta.weight().min(self.known.len() * PAGE))?;
                Ok(Location::Copy(delta, share))
            }),
            other => Ok(other),
        };
        let refused = copied.as_ref().err().copied();
        *location = copied.unwrap_or_else(|refused| Location::Gone(Some(refused)));
        drop(location);
        // Only host memory was written since the private pages were found; its faults are no reason to scan.
        tracker.at_rest();
        refused.map_or(Ok(()), Err)
    }

    /// Puts copied pages in place of the snapshot's. `keep`: the copy stays, too.
    pub fn copy_in(&mut self, parked: &ParkedPages, keep: bool, tracker: &mut Tracker) -> Result<(), SandboxError> {
        let mut location = parked.location();
        let delta = match &*location {
            Location::Copy(delta, _share) => delta,
            Location::Gone(Some(refused)) => return Err(SandboxError::NoMemory(*refused)),
            Location::Instance(_) | Location::Gone(None) => {
                return Err(SandboxError::engine("the pages of a parked invocation lie in another instance"));
            }
        };
        self.write(delta);
        let count = self.known.len();
        merge(&mut self.known, &delta.numbers().collect::<Vec<_>>());
        if self.known.len() != count {
            self.plan();
        }
        if !keep {
            *location = Location::Gone(None);
        }
        // Between this and the entry's end only the guest and its host calls touch the memory.
        tracker.at_rest();
        Ok(())
    }

    /// Bytes beyond what a usual instance has private anyway.
    fn beyond_usual(&self) -> usize {
        if self.known.len() > self.usual() { self.known.len() * PAGE } else { 0 }
    }
}
