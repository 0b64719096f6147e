//! Settings of who may reach the server: names, web pages, and the address of management.
use super::ConfigError;
use super::kinds::Place;
use super::table::Values;
use std::path::{Path, PathBuf};

/// Names that the server answers to, beside addresses and `localhost`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalNames {
    /// `--allowed-hosts`: names, and `*.domain` for every name below a domain.
    pub allowed: Vec<String>,
    /// `--function-domain`: `NAME.domain` is the function NAME, as `NAME.localhost` is.
    pub function_domain: Option<String>,
}

impl LocalNames {
    /// Whether the operator listed the name.
    pub fn allows(&self, name: &str) -> bool {
        self.allowed.iter().any(|allowed| match allowed.strip_prefix('*') {
            Some(end) => {
                name.len() > end.len()
                    && name.is_char_boundary(name.len() - end.len())
                    && name[name.len() - end.len()..].eq_ignore_ascii_case(end)
            }
            None => name.eq_ignore_ascii_case(allowed),
        })
    }
}

/// Web pages that may use management and Dapr's API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Whether pages of this origin may use them.
    pub fn has(&self, origin: &str) -> bool {
        self.0.iter().any(|listed| listed == "*" || listed.eq_ignore_ascii_case(origin))
    }
}

/// The address of management, and its token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admin {
    /// A listener for management; `None`: it shares that of functions.
    pub listen: Option<Place>,
    /// File of the token; `None`: no token is needed.
    pub token_file: Option<PathBuf>,
}

/// The result of the checks.
pub(super) struct Web {
    pub(super) names: LocalNames,
    pub(super) origins: Origins,
    pub(super) admin: Admin,
}

/// Checks names, origins and the address of management.
pub(super) fn check(settings: &Values, data_dir: &Path) -> Result<Web, ConfigError> {
    let allowed = settings.allowed_hosts.clone().unwrap_or_default();
    let allowed: Vec<String> = allowed.iter().map(|host| host.trim().to_ascii_lowercase()).collect();
    if let Some(host) = allowed.iter().find(|host| !is_domain(host.strip_prefix("*.").unwrap_or(host))) {
        return Err(ConfigError::out_of_range(
            "allowed_hosts",
            host,
            "names of hosts without a port, such as daplet.internal or *.example.com",
        ));
    }
    let function_domain =
        settings.function_domain.as_ref().map(|domain| domain.trim_end_matches('.').to_ascii_lowercase());
    if let Some(domain) = function_domain.as_ref().filter(|domain| !is_domain(domain)) {
        return Err(ConfigError::out_of_range(
            "function_domain",
            domain,
            "the name of a domain, such as apps.example.com",
        ));
    }
    let origins = settings.cors_origins.clone().unwrap_or_default();
    let origins: Vec<String> = origins.iter().map(|origin| origin.trim().to_owned()).collect();
    if let Some(origin) = origins.iter().find(|origin| !is_origin(origin)) {
        return Err(ConfigError::out_of_range(
            "cors_origins",
            origin,
            "origins of pages, such as https://console.example.com:8443, or *",
        ));
    }
    let token_file = settings.admin_token_file.as_ref().map(|path| data_dir.join(path));
    let admin = Admin { listen: settings.admin_listen.clone(), token_file };
    let (setting, place) = match &admin.listen {
        Some(place) => ("admin_listen", place.clone()),
        None => ("listen", Place::Tcp(settings.listen)),
    };
    if !place.is_private() && admin.token_file.is_none() {
        let value = place.to_string();
        let range = "a loopback address: management listens there, and every client that reaches it can replace every function. Set admin_token_file \
                     (--admin-token-file) to ask for a token, or admin_listen (--admin-listen 127.0.0.1:8081) to put management elsewhere";
        return Err(ConfigError::out_of_range(setting, value.trim_start_matches("http://"), range));
    }
    if settings.manage_through_dapr && admin.listen.is_some() {
        let range = "false where admin_listen moves management away from the address that a sidecar calls";
        return Err(ConfigError::out_of_range("manage_through_dapr", "true", range));
    }
    Ok(Web { names: LocalNames { allowed, function_domain }, origins: Origins(origins), admin })
}

fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn is_origin(origin: &str) -> bool {
    // Pages of browser extensions have a scheme of their own.
    let scheme = |scheme: &str| !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let host = |host: &str| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', ',']);
    origin == "*" || origin.split_once("://").is_some_and(|(before, after)| scheme(before) && host(after))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn listed_names_are_compared_as_names() {
        let names = LocalNames { allowed: vec!["daplet.ns".into(), "*.example.com".into()], function_domain: None };
        for name in ["daplet.ns", "DAPLET.NS", "a.example.com", "a.b.Example.com"] {
            assert!(names.allows(name), "{name}");
        }
        for name in ["daplet", "example.com", ".example.com.evil", "evilexample.com", "é.example.com.", ""] {
            assert!(!names.allows(name), "{name}");
        }
    }
}
