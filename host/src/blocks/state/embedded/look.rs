//! One query over the database: a look at each value where it lies, within bounds on memory and time.
//!
//! Measured: a look takes about as long as parsing the values takes. It is the database's time, not the function's `cpuMs`, which is
//! made for what JavaScript computes: so it has a limit of its own, few places at once, and one for each function.
use super::ReadError;
use crate::allowance::{Allowance, thread_cpu};
use crate::blocks::call::error;
use crate::blocks::state::query::{Found, Outgrown, Page, Plan};
use crate::code::{Code, OpError};
use crate::sandbox::lower_priority;
use crate::store::{Item, View};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Bytes and values that a look passes between two looks at the clock.
const STRIDE: usize = 1 << 20;
const VALUES: usize = 1_000;

/// What one query may take.
#[derive(Clone, Copy, Debug)]
pub struct QueryLimits {
    /// CPU time.
    pub time: Duration,
    /// Memory for sorting, bytes.
    pub sort_bytes: usize,
}

/// The places of queries.
pub struct Queries {
    /// What each may take.
    pub limits: QueryLimits,
    places: Arc<Semaphore>,
    /// One for each caller, as long as one of its queries waits for it.
    turns: Mutex<HashMap<Arc<str>, Weak<Semaphore>>>,
}

impl Queries {
    /// As many at once as half of the machine's cores, so that functions have the other half.
    pub fn new(limits: QueryLimits) -> Queries {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Queries { limits, places: Arc::new(Semaphore::new((cores / 2).max(1))), turns: Mutex::default() }
    }

    /// Waits for a place. A caller has one at a time, so others wait for at most one query of each.
    pub async fn place(&self, caller: &Arc<str>) -> (Arc<Semaphore>, Option<[OwnedSemaphorePermit; 2]>) {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let turn = turns.get(caller).and_then(Weak::upgrade).unwrap_or_else(|| Arc::new(Semaphore::new(1)));
            turns.insert(Arc::clone(caller), Arc::downgrade(&turn));
            turn
        };
        // Neither is ever closed.
        let own = Arc::clone(&turn).acquire_owned().await.ok();
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        (turn, own.zip(place).map(|(own, place)| [own, place]))
    }
}

/// Ends a look whose caller has gone.
pub struct GiveUp(pub Arc<AtomicBool>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// One look.
pub struct Look {
    /// The state as of its start.
    pub view: View,
    /// What keys begin with; results have the rest.
    pub prefix: String,
    /// What results may take.
    pub allowance: Allowance,
    /// What it may take itself.
    pub limits: QueryLimits,
    /// Set when nobody waits for it.
    pub given_up: Arc<AtomicBool>,
}

impl From<Outgrown> for ReadError {
    fn from(Outgrown(bytes): Outgrown) -> ReadError {
        ReadError::Outgrown(bytes)
    }
}

impl Look {
    /// The page. It reads all that there is: on a thread of its own, which lets those that functions wait for come first.
    pub async fn start(self, plan: Plan) -> Result<Found<(String, Item)>, OpError> {
        let (answer, wait) = oneshot::channel();
        let look = move || {
            lower_priority();
            let _caller_is_gone = answer.send(self.run(&plan));
        };
        let failed = |e: &dyn std::fmt::Display| error(Code::OperationFailed, format!("state.query: {e}"));
        std::thread::Builder::new().name("daplet-query".to_owned()).spawn(look).map_err(|e| failed(&e))?;
        wait.await.map_err(|e| failed(&e))?
    }

    fn run(self, plan: &Plan) -> Result<Found<(String, Item)>, OpError> {
        let found = self.page(plan).map_err(|e| match e {
            ReadError::Outgrown(bytes) => self.outgrown(bytes),
            other => OpError::from(other),
        })?;
        let mut results = Vec::with_capacity(found.results.len());
        for (key, item) in found.results {
            let whole = format!("{}{key}", self.prefix);
            let item = match item {
                Some(item) => Some(item),
                None => self.view.get(&whole, |size| self.take(&key, size))?,
            };
            results.extend(item.map(|item| (key, item)));
        }
        Ok(Found { results, token: found.token })
    }

    fn take(&self, key: &str, size: usize) -> Result<(), ReadError> {
        Ok(self.allowance.take(key.len() + size)?)
    }

    /// Sorted by fields it has no values yet: only the last look knows which are on the page.
    fn page(&self, plan: &Plan) -> Result<Found<(String, Option<Item>)>, ReadError> {
        let mut page = Page::new(plan, self.limits.sort_bytes);
        let started = thread_cpu();
        let (mut passed, mut values) = (0, 0);
        self.view.each(&self.prefix, |key, seen| {
            (passed, values) = (passed + seen.value.len(), values + 1);
            if passed >= STRIDE || values >= VALUES {
                (passed, values) = (0, 0);
                self.may_go_on(thread_cpu().saturating_sub(started))?;
            }
            // With "||" in it, it is an actor's, or where keys have no prefix another store's.
            let own = key.strip_prefix(self.prefix.as_str()).filter(|key| !key.contains("||"));
            let (Some(key), Ok(text)) = (own, std::str::from_utf8(seen.value)) else {
                return Ok(ControlFlow::Continue(()));
            };
            if !plan.takes(text) {
                return Ok(ControlFlow::Continue(()));
            }
            page.offer(text, key.len(), || match plan.by_keys() {
                true => self.take(key, seen.value.len()).map(|()| (key.to_owned(), Some(seen.item()))),
                false => Ok((key.to_owned(), None)),
            })
        })?;
        Ok(page.end())
    }

    fn may_go_on(&self, used: Duration) -> Result<(), ReadError> {
        if self.given_up.load(Relaxed) {
            return Err(ReadError::Refused(error(Code::Unavailable, "nobody waits for the query")));
        }
        if used <= self.limits.time {
            return Ok(());
        }
        let message = format!(
            "state.query: the query took {} ms of CPU time, but may take {} (`--query-ms`, or `query_ms` in the configuration \
             file): it looks at every value of its store or space",
            used.as_millis(),
            self.limits.time.as_millis()
        );
        Err(ReadError::Refused(error(Code::QueryTooLarge, message)))
    }

    fn outgrown(&self, bytes: usize) -> OpError {
        let message = format!(
            "state.query: sorting takes {bytes} bytes of memory, but may take {} (`--query-sort-mb`, or `query_sort_mb` in the \
             configuration file): the fields to sort by are held for every value up to the page's end, so ask for a smaller \
             page, or filter first",
            self.limits.sort_bytes
        );
        error(Code::QueryTooLarge, message)
    }
}
