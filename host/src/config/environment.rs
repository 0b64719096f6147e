//! What the environment holds beside the settings: the sidecar's address, proxies, and variables for secrets and components.
use super::ConfigError;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where secrets come from.
#[derive(Clone, Default)]
pub struct Secrets {
    /// A JSON file.
    pub file: Option<PathBuf>,
    /// Environment variables with the operator's prefix, by their names without it.
    pub environment: BTreeMap<String, String>,
}

/// The folder of components, and the environment variables that they may read.
#[derive(Clone, Default)]
pub struct Resources {
    pub folder: PathBuf,
    /// The variables, without Dapr's own and this program's.
    pub environment: BTreeMap<String, String>,
}

impl std::fmt::Debug for Resources {
    /// Values must not get into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resources").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Secrets {
    /// Names only: values must not get into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&String> = self.environment.keys().collect();
        f.debug_struct("Secrets").field("file", &self.file).field("environment", &names).finish()
    }
}

/// Where the Dapr sidecar is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sidecar {
    /// Base URL, without a slash at the end.
    pub http: String,
    /// URL of its gRPC API, if it is known.
    pub grpc: Option<String>,
    /// Token to send it (`DAPR_API_TOKEN`).
    pub api_token: Option<String>,
}

/// Proxies of fetches, as their variables name them; an empty text where there is none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http` URLs.
    pub http: String,
    /// For `https` URLs.
    pub https: String,
    /// Hosts that are fetched without one, with commas between them.
    pub except: String,
}

impl std::fmt::Debug for Proxies {
    /// Their URLs may carry credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxies").field("except", &self.except).finish_non_exhaustive()
    }
}

/// The proxies of the environment; names in lower case win, as in curl.
pub(super) fn proxies(variable: &impl Fn(&str) -> Option<String>) -> Result<Proxies, ConfigError> {
    let named = |name: &str| variable(&name.to_ascii_lowercase()).or_else(|| variable(name));
    let proxy = |name: &str| {
        let given = named(name).or_else(|| named("ALL_PROXY")).unwrap_or_default();
        let url = if given.is_empty() || given.contains("://") { given } else { format!("http://{given}") };
        if url.is_empty() || url.starts_with("http://") {
            return Ok(url);
        }
        let scheme = url.split("://").next().unwrap_or_default().to_owned();
        let range = "the URL of a proxy that is spoken to by http, such as http://proxy.example:3128";
        Err(ConfigError::out_of_range(name, format!("a URL of the scheme {scheme}"), range))
    };
    Ok(Proxies {
        http: proxy("HTTP_PROXY")?,
        https: proxy("HTTPS_PROXY")?,
        except: named("NO_PROXY").unwrap_or_default(),
    })
}

/// The variables whose names begin with the prefix. An empty prefix would expose all of them.
pub(super) fn let_in(
    prefix: Option<String>,
    names: &[String],
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let Some(prefix) = prefix else { return Ok(BTreeMap::new()) };
    if prefix.is_empty() || prefix.starts_with("DAPLET_") {
        let range = "a prefix of at least one character that does not begin with DAPLET_";
        return Err(ConfigError::out_of_range("secrets_env_prefix", format!("{prefix:?}"), range));
    }
    let named = names.iter().filter_map(|name| Some((name, name.strip_prefix(&prefix)?)));
    let found = named.filter_map(|(name, rest)| Some((rest.to_owned(), variable(name)?)));
    Ok(found.filter(|(rest, _)| !rest.is_empty()).collect())
}

/// What components may read. As in Dapr, that excludes Dapr's settings, tokens and this program's settings.
pub(super) fn readable(names: &[String], variable: &impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let hidden = |name: &&String| {
        let name = name.to_ascii_uppercase();
        name == "APP_API_TOKEN" || name.starts_with("DAPR_") || name.starts_with("DAPLET_")
    };
    let named = names.iter().filter(|name| !hidden(name));
    named.filter_map(|name| Some((name.clone(), variable(name)?))).collect()
}

/// Finds the sidecar. It is next to this server, so its addresses are plain HTTP.
pub(super) fn sidecar(variable: &impl Fn(&str) -> Option<String>) -> Result<Option<Sidecar>, ConfigError> {
    let address = |endpoint: &str, port: &str| {
        let Some(given) = variable(endpoint) else {
            return Ok(variable(port).map(|port| format!("http://127.0.0.1:{port}")));
        };
        let url = if given.contains("://") { given.clone() } else { format!("http://{given}") };
        if url.starts_with("http://") && !url.contains('?') {
            return Ok(Some(url.trim_end_matches('/').to_owned()));
        }
        Err(ConfigError::out_of_range(endpoint, given, "an address without TLS, such as http://127.0.0.1:3500"))
    };
    let grpc = address("DAPR_GRPC_ENDPOINT", "DAPR_GRPC_PORT")?;
    let http = address("DAPR_HTTP_ENDPOINT", "DAPR_HTTP_PORT")?;
    Ok(http.map(|http| Sidecar { http, grpc, api_token: variable("DAPR_API_TOKEN") }))
}
