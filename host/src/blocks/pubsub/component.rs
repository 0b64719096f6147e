//! Brokers in Dapr's component files.
use super::{DEFAULT_PUBSUB, Scopes};
use crate::components::{Block, Components, Made, Making, Type};
use std::sync::Arc;

/// `consumerID` has no effect: the one consumer is this host.
const FIELDS: &[&str] = &["allowedTopics", "protectedTopics", "publishingScopes", "subscriptionScopes", "consumerID"];

/// The supported types.
pub const TYPES: &[Type] = &[
    Type { name: "pubsub.in-memory", block: Block::Pubsub, fields: FIELDS, default: None, make },
    Type { name: "pubsub.daplet", block: Block::Pubsub, fields: FIELDS, default: Some(DEFAULT_PUBSUB), make },
];

fn make(components: &mut Components, making: &Making<'_>) -> Made {
    let scopes = Scopes::new(|name| making.properties.get(name), making.sources.app_id);
    Arc::make_mut(&mut components.brokers).0.insert(making.name.to_owned(), scopes);
    Ok(vec![])
}
