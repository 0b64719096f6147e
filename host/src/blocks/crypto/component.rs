//! Folders of keys in Dapr's component files.
use super::DEFAULT_CRYPTO;
use crate::components::{Block, Components, Made, Making, Type};
use std::path::PathBuf;

/// The supported types.
pub const TYPES: &[Type] = &[
    Type { name: "crypto.dapr.localstorage", block: Block::Crypto, fields: &["path"], default: None, make: folder },
    Type { name: "crypto.daplet", block: Block::Crypto, fields: &[], default: Some(DEFAULT_CRYPTO), make: own },
];

fn folder(components: &mut Components, making: &Making<'_>) -> Made {
    components.keys.insert(making.name.to_owned(), PathBuf::from(making.properties.required("path")?));
    Ok(vec![])
}

fn own(components: &mut Components, making: &Making<'_>) -> Made {
    components.keys.insert(making.name.to_owned(), making.sources.keys_dir.to_owned());
    Ok(vec![])
}
