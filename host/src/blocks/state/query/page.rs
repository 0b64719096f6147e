//! The page of a query, as values are read: those before it are counted, those after it end the read if the order is that
//! of keys.
//!
//! If values are sorted, a heap holds the best so far, only by their fields: as many as there are up to the page's end.
//! Must not know: what a result is.
use super::json::{Leaf, at};
use super::{Found, Order, Plan};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

/// What an entry of the heap costs beside its fields, bytes, roughly.
const ENTRY: usize = 120;

/// The fields to sort by, with what was found, need more memory than they may have; so many bytes.
#[derive(Debug)]
pub struct Outgrown(pub usize);

/// The page so far. `T` names a value.
pub struct Page<'p, T> {
    plan: &'p Plan,
    most_bytes: usize,
    bytes: usize,
    seen: usize,
    listed: Vec<T>,
    best: BinaryHeap<Ranked<'p, T>>,
}

/// A value by its fields. The greatest is the first to go.
struct Ranked<'p, T> {
    plan: &'p Plan,
    fields: Vec<Option<Leaf<'static>>>,
    place: usize,
    bytes: usize,
    named: T,
}

impl<T> Ord for Ranked<'_, T> {
    fn cmp(&self, other: &Self) -> Ordering {
        let pairs = self.fields.iter().zip(&other.fields).zip(&self.plan.sort);
        let ranks = pairs.map(|((a, b), (_, order))| {
            let rank = match (a, b) {
                (Some(a), Some(b)) => a.rank(b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            if matches!(order, Order::Desc) { rank.reverse() } else { rank }
        });
        // Equal values are in the order of their keys.
        ranks.fold(Ordering::Equal, Ordering::then).then(self.place.cmp(&other.place))
    }
}

impl<T> PartialOrd for Ranked<'_, T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Ranked<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Ranked<'_, T> {}

impl<'p, T> Page<'p, T> {
    /// An empty one, that holds at most so many bytes for sorting.
    pub fn new(plan: &'p Plan, most_bytes: usize) -> Page<'p, T> {
        Page { plan, most_bytes, bytes: 0, seen: 0, listed: Vec::new(), best: BinaryHeap::new() }
    }

    /// One more value that the query takes, in the order of keys. Breaks when no other can matter.
    /// `size` is what `named` takes, bytes.
    pub fn offer<E: From<Outgrown>>(
        &mut self,
        text: &str,
        size: usize,
        named: impl FnOnce() -> Result<T, E>,
    ) -> Result<ControlFlow<()>, E> {
        let end = self.plan.first.saturating_add(self.plan.limit);
        let place = self.seen;
        self.seen += 1;
        if self.plan.by_keys() {
            if place >= end {
                return Ok(ControlFlow::Break(()));
            }
            if place >= self.plan.first {
                self.listed.push(named()?);
            }
            return Ok(ControlFlow::Continue(()));
        }
        let field = |path: &Vec<String>| at(text, path).ok().flatten().map(|raw| Leaf::new(raw).into_owned());
        let fields: Vec<Option<Leaf<'static>>> = self.plan.sort.iter().map(|(path, _)| field(path)).collect();
        let bytes = ENTRY + size + fields.iter().map(|field| 40 + field.as_ref().map_or(0, Leaf::len)).sum::<usize>();
        self.bytes += bytes;
        self.best.push(Ranked { plan: self.plan, fields, place, bytes, named: named()? });
        if self.best.len() > end {
            self.bytes -= self.best.pop().map_or(0, |last| last.bytes);
        }
        match self.bytes > self.most_bytes {
            true => Err(Outgrown(self.bytes).into()),
            false => Ok(ControlFlow::Continue(())),
        }
    }

    /// The page, when there is nothing more.
    pub fn end(self) -> Found<T> {
        let end = self.plan.first.saturating_add(self.plan.limit);
        let token = if self.seen > end { end.to_string() } else { String::new() };
        if self.plan.by_keys() {
            return Found { results: self.listed, token };
        }
        let sorted = self.best.into_sorted_vec().into_iter().skip(self.plan.first);
        Found { results: sorted.map(|ranked| ranked.named).collect(), token }
    }
}
