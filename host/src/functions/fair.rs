//! Places that are handed out by what was used before: the client that has used least comes first. So clients that keep places busy wait for
//! each other, and others for at most a few of them, however many wait.
//!
//! A source pays with the time that it has a place, from three accounts: its client's address, its connection, and its function. The
//! address with the smallest account comes first; of its sources, the one whose connection and function have both used little. A new
//! account begins at the clock, which is what the source that began last had used (start-time fair queueing: Goyal, Vin and Cheng,
//! 1996), so that nobody saves up places, and an account below the clock need not be kept.
//!
//! Must not know: what a place is for.
use crate::functions::client::Client;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// How long a source may wait for a place.
const PATIENCE: Duration = Duration::from_secs(20);

/// A source that got no place: too many others come first, or for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{waiting} others wait; try again")]
pub struct Crowded {
    /// Sources that wait.
    pub waiting: usize,
}

/// Some places, and the sources that wait for one.
#[derive(Clone)]
pub struct FairQueue(Arc<Mutex<State>>);

/// Whose source it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    client: Client,
    function: String,
}

/// What has an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Account {
    Address(Option<IpAddr>),
    Connection(Option<SocketAddr>),
    Function(String),
}

struct State {
    places: usize,
    free: usize,
    /// Most that may wait.
    most: usize,
    /// In the order that they came.
    waiting: Vec<Waiting>,
    /// µs of places. An absent account is at the clock.
    used: HashMap<Account, u64>,
    clocks: Clocks,
}

#[derive(Clone, Copy, Default)]
struct Clocks {
    addresses: u64,
    sources: u64,
}

struct Waiting {
    payer: Payer,
    place: oneshot::Sender<Place>,
}

/// One of the places; dropping it gives it to the next source.
pub struct Place {
    queue: Option<FairQueue>,
    payer: Payer,
    since: Instant,
}

impl Payer {
    /// Of a source of `client` for `function`.
    pub fn new(client: Client, function: &str) -> Payer {
        Payer { client, function: function.to_owned() }
    }

    fn address(&self) -> Account {
        Account::Address(self.client.address())
    }

    fn others(&self) -> [Account; 2] {
        [Account::Connection(self.client.peer), Account::Function(self.function.clone())]
    }
}

impl FairQueue {
    /// `places` at once; at most `most` sources wait for one.
    pub fn new(places: usize, most: usize) -> FairQueue {
        let (waiting, used, clocks) = Default::default();
        FairQueue(Arc::new(Mutex::new(State { places, free: places, most, waiting, used, clocks })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a source; none when too many wait, and most of them are this client's, or when others come first for too long.
    pub async fn enter(&self, payer: &Payer) -> Result<Place, Crowded> {
        let place = timeout(PATIENCE, self.turn(payer)).await.ok().flatten();
        place.ok_or_else(|| Crowded { waiting: self.waiting() })
    }

    async fn turn(&self, payer: &Payer) -> Option<Place> {
        let (place, turn) = oneshot::channel();
        let surplus = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Some(self.place(payer.clone()));
            }
            state.waiting.push(Waiting { payer: payer.clone(), place });
            state.surplus()
        };
        drop(surplus);
        turn.await.ok()
    }

    /// A place that is free now.
    pub fn try_enter(&self, payer: &Payer) -> Option<Place> {
        let mut state = self.state();
        state.free = state.free.checked_sub(1)?;
        Some(self.place(payer.clone()))
    }

    /// Sources that wait.
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    fn place(&self, payer: Payer) -> Place {
        Place { queue: Some(self.clone()), payer, since: Instant::now() }
    }

    fn leave(&self) {
        loop {
            let next = self.state().next();
            let Some(Waiting { payer, place }) = next else { return };
            // Sent without the lock: a place that nobody takes comes back by its drop.
            match place.send(self.place(payer)) {
                Ok(()) => return,
                Err(mut refused) => refused.queue = None,
            }
        }
    }
}

impl State {
    fn used(&self, account: &Account, clock: u64) -> u64 {
        self.used.get(account).map_or(clock, |used| clock.max(*used))
    }

    /// What decides whose turn it is: the least comes first.
    fn order(&self, payer: &Payer) -> (u64, u64) {
        let others = payer.others().map(|account| self.used(&account, self.clocks.sources));
        (self.used(&payer.address(), self.clocks.addresses), others.into_iter().max().unwrap_or_default())
    }

    /// The source whose turn it is; where none waits, the place stays free.
    fn next(&mut self) -> Option<Waiting> {
        let orders = self.waiting.iter().map(|waiting| self.order(&waiting.payer)).enumerate();
        let Some((first, (address, source))) = orders.min_by_key(|(_, order)| *order) else {
            self.free += 1;
            if self.free == self.places {
                // Nobody is held up by what was used, so it is forgotten.
                self.used.clear();
            }
            return None;
        };
        self.clocks =
            Clocks { addresses: self.clocks.addresses.max(address), sources: self.clocks.sources.max(source) };
        let Clocks { addresses, sources } = self.clocks;
        self.used
            .retain(|account, used| *used > if matches!(account, Account::Address(_)) { addresses } else { sources });
        Some(self.waiting.remove(first))
    }

    /// When too many wait: of the address with most of them, the source that would be last.
    fn surplus(&mut self) -> Option<Waiting> {
        if self.waiting.len() <= self.most {
            return None;
        }
        self.waiting.retain(|waiting| !waiting.place.is_closed());
        if self.waiting.len() <= self.most {
            return None;
        }
        let mut counts: BTreeMap<Option<IpAddr>, usize> = BTreeMap::new();
        self.waiting.iter().for_each(|waiting| *counts.entry(waiting.payer.client.address()).or_default() += 1);
        let last = |(index, waiting): &(usize, &Waiting)| {
            let address = waiting.payer.client.address();
            (counts.get(&address).copied(), Reverse(address), self.order(&waiting.payer), *index)
        };
        let (last, _) = self.waiting.iter().enumerate().max_by_key(last)?;
        Some(self.waiting.remove(last))
    }

    fn charge(&mut self, payer: &Payer, used: u64) {
        let Clocks { addresses, sources } = self.clocks;
        let [connection, function] = payer.others();
        for (account, clock) in [(payer.address(), addresses), (connection, sources), (function, sources)] {
            let used = self.used(&account, clock).saturating_add(used);
            self.used.insert(account, used);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            let used = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
            queue.state().charge(&self.payer, used);
            queue.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn payer(peer: &str, function: &str) -> Payer {
        Payer::new(Client { peer: Some(peer.parse().unwrap()) }, function)
    }

    /// What each source of a test pays, µs: far more than the test takes.
    const PRICE: u64 = 60_000_000;

    /// In which order sources that wait get their turn, by their numbers.
    async fn turns(queue: &FairQueue, first: Place, sources: &[(&str, &str)]) -> Vec<usize> {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (number, (peer, function)) in sources.iter().enumerate() {
            let (entering, order, payer) = (queue.clone(), Arc::clone(&order), payer(peer, function));
            tasks.push(tokio::spawn(async move {
                let _place = entering.enter(&payer).await.unwrap();
                entering.state().charge(&payer, PRICE);
                order.lock().unwrap().push(number);
            }));
            while queue.waiting() <= number {
                tokio::task::yield_now().await;
            }
        }
        queue.state().charge(&first.payer, PRICE);
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        order.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn functions_of_a_client_take_turns() {
        let queue = FairQueue::new(1, 10);
        let first = queue.enter(&payer("10.0.0.1:1", "a")).await.unwrap();
        let sources = [("10.0.0.1:2", "a"), ("10.0.0.1:3", "a"), ("10.0.0.1:4", "b"), ("10.0.0.1:5", "c")];
        assert_eq!(turns(&queue, first, &sources).await, [2, 3, 0, 1]);
        assert!(queue.try_enter(&payer("10.0.0.1:1", "a")).is_some() && queue.waiting() == 0);
    }

    #[tokio::test]
    async fn a_client_with_fresh_names_waits_for_others() {
        let queue = FairQueue::new(1, 10);
        let first = queue.enter(&payer("10.0.0.1:1", "a")).await.unwrap();
        let sources = [("10.0.0.1:1", "b"), ("10.0.0.1:1", "c"), ("10.0.0.2:1", "d"), ("10.0.0.1:2", "e")];
        // Another address first, then another connection.
        assert_eq!(turns(&queue, first, &sources).await, [2, 3, 0, 1]);
    }

    #[tokio::test]
    async fn a_newcomer_waits_for_no_round_of_all() {
        let queue = FairQueue::new(1, 100);
        let peers: Vec<String> = (1..=50).map(|client| format!("10.0.1.{client}:1")).collect();
        let mut sources: Vec<(&str, &str)> = peers.iter().map(|peer| (peer.as_str(), "x")).collect();
        let first = queue.enter(&payer(sources[0].0, "x")).await.unwrap();
        // All but the last have had a turn.
        sources[..49].iter().for_each(|(peer, function)| queue.state().charge(&payer(peer, function), PRICE));
        sources.push(("10.0.2.1:1", "honest"));
        assert_eq!(turns(&queue, first, &sources).await[..2], [50, 49]);
    }

    #[tokio::test]
    async fn of_too_many_the_last_of_the_address_with_most_goes() {
        let queue = FairQueue::new(1, 3);
        let first = queue.enter(&payer("10.0.0.1:1", "a")).await.unwrap();
        let sources =
            [("10.0.0.1:1", "a"), ("10.0.0.1:2", "b"), ("10.0.0.1:3", "c"), ("10.0.0.2:1", "d"), ("10.0.0.1:4", "e")];
        let mut tasks = Vec::new();
        for (peer, function) in sources {
            let (queue, payer) = (queue.clone(), payer(peer, function));
            tasks.push(tokio::spawn(async move { queue.enter(&payer).await.is_ok() }));
            tokio::task::yield_now().await;
        }
        drop(first);
        let mut entered = Vec::new();
        for task in tasks {
            entered.push(task.await.unwrap());
        }
        assert_eq!(entered, [true, true, false, true, false]);
    }

    #[tokio::test]
    async fn places_of_those_who_left_come_back() {
        let queue = FairQueue::new(1, 1);
        let place = queue.enter(&payer("10.0.0.1:1", "a")).await.unwrap();
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.enter(&payer("10.0.0.1:1", "b")).await.is_ok() }
        });
        while queue.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(queue.enter(&payer("10.0.0.1:1", "c")).await.is_err(), "only one may wait");
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        drop(place);
        assert!(queue.try_enter(&payer("10.0.0.1:1", "d")).is_some());
    }
}
