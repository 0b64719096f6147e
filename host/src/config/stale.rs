//! Settings that have no effect where they stand: each is named when the server starts, since whoever set it expects something.
use super::settings::{RegistryKind, Settings};
use std::path::Path;

/// A sentence for each setting that has no effect.
pub(super) fn unused(typed: &Settings, file: &Settings, sidecar: bool) -> Vec<String> {
    macro_rules! set {
        ($($name:ident),*) => { [$((stringify!($name), typed.$name.is_some() || file.$name.is_some())),*] };
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
    let registry = typed.registry.or(file.registry);
    if registry != Some(RegistryKind::Dapr) {
        name(&set!(registry_store, registry_poll_ms), "functions are in the data folder; it is for `registry = dapr`");
    }
    sentences
}

/// The first setting that names a file or folder which is not there.
pub(super) fn missing<'a>(
    named: impl IntoIterator<Item = (&'static str, Option<&'a Path>)>,
) -> Option<(&'static str, &'a Path)> {
    named.into_iter().find_map(|(setting, path)| path.filter(|path| !path.exists()).map(|path| (setting, path)))
}
