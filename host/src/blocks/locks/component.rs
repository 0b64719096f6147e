//! Lock stores in Dapr's component files.
use super::DEFAULT_LOCKS;
use crate::components::{Block, Components, Made, Making, Type};

/// The supported type.
pub const TYPES: &[Type] =
    &[Type { name: "lock.daplet", block: Block::Lock, fields: &["keyPrefix"], default: Some(DEFAULT_LOCKS), make }];

fn make(components: &mut Components, making: &Making<'_>) -> Made {
    let space = making.owner(DEFAULT_LOCKS).of_locks(making.properties.get("keyPrefix"))?;
    components.locks.insert(making.name.to_owned(), space);
    Ok(vec![])
}
