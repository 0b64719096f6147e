//! State stores in Dapr's component files.
use super::DEFAULT_STORE;
use crate::blocks::call::truthy;
use crate::components::{Block, Components, Made, Making, Type};

const FIELDS: &[&str] = &["keyPrefix", "actorStateStore"];

/// The supported types.
pub const TYPES: &[Type] = &[
    Type { name: "state.in-memory", block: Block::State, fields: FIELDS, default: None, make },
    Type { name: "state.daplet", block: Block::State, fields: FIELDS, default: Some(DEFAULT_STORE), make },
];

fn make(components: &mut Components, making: &Making<'_>) -> Made {
    let space = making.owner(DEFAULT_STORE).of_state(making.properties.get("keyPrefix"))?;
    if making.properties.get("actorStateStore").is_some_and(truthy) {
        if let Some(other) = &components.actor_store {
            return Err(format!("actorStateStore is true, as it is for {other}; actors have one state store"));
        }
        components.actor_store = Some(making.name.to_owned());
    }
    components.stores.insert(making.name.to_owned(), space);
    Ok(vec!["ETAG", "TRANSACTIONAL", "TTL", "QUERY_API", "ACTOR"])
}
