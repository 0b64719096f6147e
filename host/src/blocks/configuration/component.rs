//! Configuration stores in Dapr's component files.
use super::DEFAULT_CONFIGURATION_STORE;
use crate::components::{Block, Type};

/// The supported type; it has no settings.
pub const TYPES: &[Type] = &[Type {
    name: "configuration.daplet",
    block: Block::Configuration,
    fields: &[],
    default: Some(DEFAULT_CONFIGURATION_STORE),
    make: |_, _| Ok(vec![]),
}];
