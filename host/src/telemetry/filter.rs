//! Which filters of the log are accepted. `tracing` takes any word as a target, so a misspelt level would silence the log.
use tracing_subscriber::EnvFilter;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// Targets of events: this program's modules, functions, and the libraries that log.
const TARGETS: [&str; 16] = [
    "daplet",
    "daplet_host",
    "function",
    "axum",
    "dapr",
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "moka",
    "redb",
    "reqwest",
    "rustls",
    "tokio",
    "tonic",
    "tower",
];

/// Parses the filter; refuses a directive that matches no event.
pub fn parse(text: &str) -> Result<EnvFilter, String> {
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        let (target, level) = match directive.split_once('=') {
            Some((target, level)) => (target, Some(level)),
            None => (directive, None),
        };
        // Spans and fields follow the target in brackets.
        let target = target.split('[').next().unwrap_or_default();
        let is_level = |word: &str| {
            LEVELS.contains(&word.to_ascii_lowercase().as_str()) || word.parse::<u8>().is_ok_and(|n| n <= 5)
        };
        let known = TARGETS.contains(&target.split("::").next().unwrap_or_default());
        let fits = match level {
            Some(level) => (known || target.is_empty()) && is_level(level),
            None => known || is_level(target) || (target.is_empty() && directive.starts_with('[')),
        };
        if !fits {
            return Err(format!(
                "log is {text:?}, but {directive:?} matches nothing: a filter is a level ({}) or target=level, with a target of {}",
                LEVELS.join(", "),
                TARGETS.join(", ")
            ));
        }
    }
    EnvFilter::try_new(text).map_err(|e| format!("log is {text:?}, but must be a filter such as info: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_matches_nothing_is_refused() {
        for text in
            ["info", "WARN", "warn,function=debug", "daplet_host::invoke=trace", "off", "3", "", "info,hyper=off,"]
        {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text).err());
        }
        for text in ["inf0", "info,funtion=debug", "function=loud", "daplet_hots=info", "7"] {
            let error = parse(text).err().unwrap_or_default();
            assert!(error.contains(text) && error.contains("matches nothing"), "{text}: {error}");
        }
    }
}
