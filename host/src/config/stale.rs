//! Settings that have no effect where they stand, and files that do not exist.
//!
//! The server names each such setting when it starts, since the operator expects an effect.
use super::ConfigError;
use super::kinds::RegistryKind;
use super::table::Settings;

/// A sentence for each setting that has no effect.
pub(super) fn unused(given: &Settings, sidecar: bool) -> Vec<String> {
    macro_rules! set {
        ($($name:ident),*) => { [$((stringify!($name), given.$name.is_some())),*] };
    }
    let mut sentences = Vec::new();
    let mut name = |settings: &[(&str, bool)], reason: &str| {
        for (setting, _) in settings.iter().filter(|(_, set)| *set) {
            sentences.push(format!("the setting {setting} has no effect: {reason}"));
        }
    };
    if sidecar {
        let embedded = set!(dapr_listen, dapr_grpc_listen, secrets_file, secrets_env_prefix, keys_dir, bindings);
        name(
            &embedded,
            "this server uses a Dapr sidecar (DAPR_HTTP_PORT or DAPR_HTTP_ENDPOINT), which has the building blocks",
        );
    } else {
        name(&set!(manage_through_dapr), "there is no Dapr sidecar whose service invocation could reach /functions");
    }
    if given.registry != Some(RegistryKind::Dapr) {
        name(&set!(registry_store, registry_poll_ms), "functions are in the data folder; it is for `registry = dapr`");
    }
    sentences
}

/// Checks that the files exist which a host without a sidecar reads.
pub(super) fn check_files(given: &Settings, sidecar: bool) -> Result<(), ConfigError> {
    let named = [("secrets_file", &given.secrets_file), ("keys_dir", &given.keys_dir)];
    let missing = named.into_iter().find_map(|(name, path)| Some((name, path.as_ref().filter(|path| !path.exists())?)));
    match missing {
        Some((name, path)) if !sidecar => {
            Err(ConfigError::out_of_range(name, path.display().to_string(), "a file or folder that exists"))
        }
        _ => Ok(()),
    }
}
