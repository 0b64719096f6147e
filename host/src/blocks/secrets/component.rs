//! Secret stores in Dapr's component files.
use super::DEFAULT_SECRET_STORE;
use super::embedded::{SEPARATOR, Secrets};
use crate::blocks::call::truthy;
use crate::components::{Block, Components, Made, Making, Type};
use std::path::Path;

const OF_FILE: &[&str] = &["secretsFile", "nestedSeparator", "multiValued"];

/// The supported types.
pub const TYPES: &[Type] = &[
    Type { name: "secretstores.local.file", block: Block::Secrets, fields: OF_FILE, default: None, make: file },
    Type {
        name: "secretstores.local.env",
        block: Block::Secrets,
        fields: &["prefix"],
        default: None,
        make: environment,
    },
    Type {
        name: "secretstores.daplet",
        block: Block::Secrets,
        fields: &[],
        default: Some(DEFAULT_SECRET_STORE),
        make: own,
    },
];

fn file(components: &mut Components, making: &Making<'_>) -> Made {
    let properties = making.properties;
    let file = Path::new(properties.required("secretsFile")?);
    let separator = properties.get("nestedSeparator").unwrap_or(SEPARATOR);
    let multi_valued = properties.get("multiValued").is_some_and(truthy);
    let secrets = Secrets::file(file, separator, multi_valued).map_err(|e| e.to_string())?;
    components.secrets.insert(making.name.to_owned(), secrets);
    Ok(if multi_valued { vec!["MULTIPLE_KEY_VALUES_PER_SECRET"] } else { vec![] })
}

fn environment(components: &mut Components, making: &Making<'_>) -> Made {
    let prefix = making.properties.get("prefix").unwrap_or_default();
    let named = |(name, value): (&String, &String)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone()));
    let named = making.environment().into_iter().flatten().filter_map(named).filter(|(name, _)| !name.is_empty());
    components.secrets.insert(making.name.to_owned(), Secrets::environment(named.collect()));
    Ok(vec![])
}

fn own(components: &mut Components, making: &Making<'_>) -> Made {
    let settings = &making.sources.secrets;
    let secrets = Secrets::open(settings.file.as_deref(), settings.environment.clone());
    let secrets = secrets.map_err(|e| format!("{e} (setting secrets_file)"))?;
    components.secrets.insert(making.name.to_owned(), secrets);
    Ok(vec![])
}
