//! How many bytes of state there are, by owner and in total. Counted in the commit that changes them, so that the count
//! is always exact.
//!
//! A key's prefix names its owner: `f/NAME` a function, `s/NAME` a space, the type of an actor; other keys count only
//! for the total. Must not know: what functions, spaces and actors are.
use super::StoreError;
use crate::quotas::{Quota, QuotaExceeded};
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};
use std::collections::HashMap;

const SIZES: TableDefinition<&str, u64> = TableDefinition::new("state_sizes");
/// The name under which the total is counted.
const ALL: &str = "";

/// The owner of a key in the database; a store's prefix may precede it.
pub fn owner(key: &str) -> Option<&str> {
    let parts: Vec<&str> = key.rsplitn(4, "||").collect();
    match parts.as_slice() {
        [_, _, kind] | [_, _, kind, _] => Some(kind),
        [own, ..] if own.starts_with("f/") || own.starts_with("s/") => {
            let name = own[2..].find('/')?;
            Some(&own[..2 + name])
        }
        _ => None,
    }
}

/// How many bytes an entry counts.
pub fn size(key: &str, stored: usize) -> u64 {
    (key.len() + stored) as u64
}

/// Creates the table, and counts the entries that precede it.
pub fn create(
    write: &WriteTransaction,
    entries: impl FnOnce() -> Result<Vec<(String, u64)>, StoreError>,
) -> Result<(), StoreError> {
    let counted = write.list_tables()?.any(|table| redb::TableHandle::name(&table) == "state_sizes");
    let mut sizes = write.open_table(SIZES)?;
    if !counted {
        for (owner, bytes) in entries()? {
            sizes.insert(owner.as_str(), bytes)?;
        }
    }
    Ok(())
}

/// Sums of entries, as [`create`] takes them.
pub fn sums(
    entries: impl Iterator<Item = Result<(String, u64), StoreError>>,
) -> Result<Vec<(String, u64)>, StoreError> {
    let mut sums: HashMap<String, u64> = HashMap::new();
    for entry in entries {
        let (key, bytes) = entry?;
        if let Some(owner) = owner(&key) {
            *sums.entry(owner.to_owned()).or_default() += bytes;
        }
        *sums.entry(ALL.to_owned()).or_default() += bytes;
    }
    Ok(sums.into_iter().collect())
}

/// Counts a change of one entry.
pub fn count(write: &WriteTransaction, key: &str, before: u64, after: u64) -> Result<(), StoreError> {
    if before == after {
        return Ok(());
    }
    let mut sizes = write.open_table(SIZES)?;
    for name in [Some(ALL), owner(key)].into_iter().flatten() {
        let bytes = get(&sizes, name)?.saturating_sub(before).saturating_add(after);
        if bytes == 0 {
            sizes.remove(name)?;
        } else {
            sizes.insert(name, bytes)?;
        }
    }
    Ok(())
}

fn get(sizes: &Table<'_, &'static str, u64>, name: &str) -> Result<u64, StoreError> {
    Ok(sizes.get(name)?.map_or(0, |bytes| bytes.value()))
}

/// The owner in words, for messages.
fn label(owner: &str) -> String {
    match owner.split_once('/') {
        Some(("f", name)) => name.to_owned(),
        Some((_, name)) => format!("space {name}"),
        None => format!("actors {owner}"),
    }
}

/// Whether changes fit, each the key of an entry and its size afterwards. A change that makes an owner's state smaller always
/// does. `stored` returns the size of an entry now.
pub fn fits<'c>(
    write: &WriteTransaction,
    quota: &Quota,
    changes: impl Iterator<Item = (&'c str, u64)>,
    stored: impl Fn(&str) -> Result<u64, StoreError>,
) -> Result<Result<(), QuotaExceeded>, StoreError> {
    if (quota.function, quota.total) == (u64::MAX, u64::MAX) {
        return Ok(Ok(()));
    }
    let mut now: HashMap<&str, u64> = HashMap::new();
    let mut growth: HashMap<&str, i128> = HashMap::new();
    for (key, after) in changes {
        let before = match now.get(key) {
            Some(bytes) => *bytes,
            None => stored(key)?,
        };
        now.insert(key, after);
        for name in [Some(ALL), owner(key)].into_iter().flatten() {
            *growth.entry(name).or_default() += i128::from(after) - i128::from(before);
        }
    }
    let sizes = write.open_table(SIZES)?;
    for (name, more) in growth {
        let more = u64::try_from(more).unwrap_or(0);
        if more == 0 {
            continue;
        }
        let bytes = get(&sizes, name)?.saturating_add(more);
        let checked = if name == ALL { quota.check("", 0, bytes) } else { quota.check(&label(name), bytes, 0) };
        if let Err(exceeded) = checked {
            return Ok(Err(exceeded));
        }
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn an_owner_is_what_a_key_begins_with() {
        for (key, expected) in [
            ("daplet||f/counter/a/b", Some("f/counter")),
            ("f/counter/a", Some("f/counter")),
            ("daplet||s/shared/a", Some("s/shared")),
            ("daplet||Cart||7||items", Some("Cart")),
            ("Cart||7||items", Some("Cart")),
            ("daplet||anything/else", None),
            ("daplet||f/", None),
            ("", None),
        ] {
            assert_eq!(owner(key), expected, "{key}");
        }
    }
}
