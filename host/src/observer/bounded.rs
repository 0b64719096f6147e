//! A table of counters by name with room for so many names; every further name shares one entry.
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The name of the shared entry.
pub const OTHER: &str = "other";

/// Entries by name.
#[derive(Debug)]
pub struct Bounded<T> {
    most: usize,
    named: RwLock<HashMap<Arc<str>, Arc<T>>>,
    other: Arc<T>,
}

impl<T: Default> Bounded<T> {
    /// Room for `most` names.
    pub fn new(most: usize) -> Bounded<T> {
        Bounded { most, named: RwLock::default(), other: Arc::default() }
    }

    /// The entry of `name`, or the shared one if there is no room.
    pub fn get(&self, name: &str) -> Arc<T> {
        if let Some(entry) = self.named.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Arc::clone(entry);
        }
        let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
        if named.len() >= self.most && !named.contains_key(name) {
            return Arc::clone(&self.other);
        }
        Arc::clone(named.entry(name.into()).or_default())
    }

    /// Makes room if there is none: drops the names that are not `live`.
    pub fn make_room(&self, live: impl Fn(&str) -> bool) {
        let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
        if named.len() >= self.most {
            named.retain(|name, _| live(name));
        }
    }

    /// Every entry in the order of the names; the shared one is last.
    pub fn entries(&self) -> Vec<(Arc<str>, Arc<T>)> {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        let mut entries: Vec<_> = named.iter().map(|(name, entry)| (Arc::clone(name), Arc::clone(entry))).collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        entries.push((OTHER.into(), Arc::clone(&self.other)));
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    #[test]
    fn names_above_the_cap_share_an_entry_until_there_is_room() {
        let table = Bounded::<AtomicU64>::new(2);
        for name in ["b", "a", "c", "d", "a"] {
            table.get(name).fetch_add(1, Relaxed);
        }
        let read = || table.entries().iter().map(|(n, e)| format!("{n}={}", e.load(Relaxed))).collect::<Vec<_>>();
        assert_eq!(read(), ["a=2", "b=1", "other=2"]);
        table.make_room(|name| name == "b");
        table.get("c").fetch_add(1, Relaxed);
        assert_eq!(read(), ["b=1", "c=1", "other=2"]);
    }
}
