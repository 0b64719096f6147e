//! Bindings as the TOML file declares them, for hosts without a sidecar.
use serde::Deserialize;

/// `[bindings.NAME]` of the file: with a `url` an output binding to an HTTP service, with a `schedule` an input binding.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BindingTable")]
pub enum BindingSettings {
    /// Dapr's `bindings.http`.
    Http(HttpBinding),
    /// Dapr's `bindings.cron`: the schedule on which functions are called.
    Cron(String),
}

/// Default time for the whole answer of an output binding, ms.
pub const BINDING_TIMEOUT_MS: u64 = 15_000;
/// Default of the largest answer of an output binding, bytes.
pub const BINDING_RESPONSE_BYTES: usize = 4 << 20;

/// An output binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpBinding {
    /// The address of its requests.
    pub url: reqwest::Url,
    /// Time for the whole answer.
    pub timeout_ms: u64,
    /// Largest answer, bytes.
    pub max_response_bytes: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BindingTable {
    #[serde(default, deserialize_with = "http_url")]
    url: Option<reqwest::Url>,
    schedule: Option<String>,
    timeout_ms: Option<u64>,
    max_response_bytes: Option<usize>,
}

impl TryFrom<BindingTable> for BindingSettings {
    type Error = &'static str;

    fn try_from(table: BindingTable) -> Result<BindingSettings, &'static str> {
        match table {
            BindingTable { url: Some(url), schedule: None, timeout_ms, max_response_bytes } => {
                let timeout_ms = timeout_ms.unwrap_or(BINDING_TIMEOUT_MS);
                let max_response_bytes = max_response_bytes.unwrap_or(BINDING_RESPONSE_BYTES);
                Ok(BindingSettings::Http(HttpBinding { url, timeout_ms, max_response_bytes }))
            }
            BindingTable { url: None, schedule: Some(schedule), timeout_ms: None, max_response_bytes: None } => {
                Ok(BindingSettings::Cron(schedule))
            }
            BindingTable { url: None, schedule: Some(_), .. } => {
                Err("timeout_ms and max_response_bytes are for a binding with a url, not for one with a schedule")
            }
            _ => Err("a binding has either a url (an output binding) or a schedule (an input binding)"),
        }
    }
}

fn http_url<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<reqwest::Url>, D::Error> {
    binding_url(&String::deserialize(deserializer)?).map(Some).map_err(serde::de::Error::custom)
}

/// Parses the address of an output binding.
pub fn binding_url(text: &str) -> Result<reqwest::Url, String> {
    // The message does not contain the URL: it may carry credentials.
    let why = match text.parse::<reqwest::Url>() {
        Ok(url) if url.scheme() == "http" && url.has_host() => return Ok(url),
        Ok(url) => format!("begins with {}:", url.scheme()),
        Err(e) => format!("is not a URL ({e})"),
    };
    Err(format!("the url of a binding {why}, but must be an http:// URL; for https use a Dapr sidecar"))
}
