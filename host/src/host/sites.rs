//! The addresses: what is served at each, by which rules, and the operator's token.
use super::Fatal;
use crate::config::{Config, Place};
use crate::functions::Registry;
use crate::http::token::Token;
use crate::listener::Listener;
use crate::site::{Rules, Site, Surface};
use axum::Router;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Shortest token that is taken from a file, bytes.
const MIN_TOKEN: usize = 16;

/// What the sites share.
pub(super) struct Sites {
    admin: Option<Token>,
    dapr: Option<Token>,
    functions: Arc<Registry>,
}

impl Sites {
    /// Reads the tokens; makes the operator's where its file is missing.
    pub fn new(config: &Config, functions: Arc<Registry>) -> Result<Sites, Fatal> {
        let admin = config.admin.token_file.as_deref().map(admin_token).transpose()?;
        let dapr = config.dapr_api_token.as_ref().map(|token| Token::new(token.as_bytes()));
        Ok(Sites { admin, dapr, functions })
    }

    fn rules(&self, config: &Config, surface: Surface, at: Option<SocketAddr>) -> Rules {
        Rules {
            surface,
            at,
            names: config.names.clone(),
            origins: config.origins.clone(),
            admin: self.admin.clone(),
            dapr: self.dapr.clone(),
            max_api_body_bytes: config.max_api_body_bytes,
            configuration: config.sidecar.is_none(),
            functions: Arc::clone(&self.functions),
        }
    }

    /// Functions; and management, if it has no address of its own.
    pub fn functions(&self, config: &Config, shared: Router, own: Router) -> Site {
        let surface = if config.admin.listen.is_some() { Surface::Functions } else { Surface::Both };
        Site::new(self.rules(config, surface, Some(config.listen)), shared, own)
    }

    /// Only management.
    pub fn management(&self, config: &Config, place: &Place, routes: Router) -> Site {
        let at = match place {
            Place::Tcp(address) => Some(*address),
            Place::Unix(_) => None,
        };
        Site::new(self.rules(config, Surface::Management, at), routes, Router::new())
    }

    /// Dapr's APIs, HTTP and gRPC.
    pub fn dapr(&self, config: &Config, http: Router, grpc: Router) -> (Site, Site) {
        for (what, at) in [("Dapr's HTTP API", config.dapr_listen), ("Dapr's gRPC API", config.dapr_grpc_listen)] {
            if self.dapr.is_none() && !Place::Tcp(at).is_private() {
                tracing::warn!(
                    "{what} is on {at} without a token: every client that reaches it can read all secrets and state; set DAPR_API_TOKEN"
                );
            }
        }
        let rules = |surface, at| self.rules(config, surface, Some(at));
        (
            Site::new(rules(Surface::Dapr, config.dapr_listen), http, Router::new()),
            Site::new(rules(Surface::Grpc, config.dapr_grpc_listen), grpc, Router::new()),
        )
    }
}

/// Listens at an address.
pub(super) async fn bind(address: SocketAddr) -> Result<Listener, Fatal> {
    let listener = TcpListener::bind(address).await;
    listener.map(Listener::Tcp).map_err(|e| format!("cannot listen on {address}: {e}").into())
}

/// Listens at a place.
pub(super) async fn bind_place(place: &Place) -> Result<Listener, Fatal> {
    match place {
        Place::Tcp(address) => bind(*address).await,
        Place::Unix(path) => {
            Listener::unix(path).map_err(|e| format!("cannot listen on {}: {e}", path.display()).into())
        }
    }
}

/// The token in a file; makes a new one if the file does not exist.
fn admin_token(path: &Path) -> Result<Token, Fatal> {
    let failed = |what: &str, e: std::io::Error| -> Fatal {
        format!("cannot {what} the token of management in {} (admin_token_file): {e}", path.display()).into()
    };
    match std::fs::read(path) {
        Ok(bytes) => {
            let token = bytes.trim_ascii();
            if token.len() < MIN_TOKEN {
                let (path, length) = (path.display(), token.len());
                return Err(format!(
                    "the token of management in {path} (admin_token_file) has {length} bytes, but must have at least {MIN_TOKEN}"
                )
                .into());
            }
            let mode = std::fs::metadata(path).map_err(|e| failed("read", e))?.permissions().mode();
            if mode & 0o004 != 0 {
                tracing::warn!("{} (admin_token_file) can be read by every user of this machine", path.display());
            }
            Ok(Token::new(token))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
            let mut options = std::fs::OpenOptions::new();
            let file = options.write(true).create_new(true).mode(0o600).open(path);
            file.and_then(|mut file| writeln!(file, "{token}")).map_err(|e| failed("write", e))?;
            tracing::info!("wrote a new token of management to {}", path.display());
            Ok(Token::new(token.as_bytes()))
        }
        Err(e) => Err(failed("read", e)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_is_made_once_and_for_its_owner_alone() {
        let folder = std::env::temp_dir().join(format!("daplet-token-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("token");
        let made = admin_token(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(text.trim().len() >= 32 && made.is(text.trim().as_bytes()));
        assert!(admin_token(&path).unwrap().is(text.trim().as_bytes()));
        std::fs::write(&path, "short\n").unwrap();
        assert!(admin_token(&path).err().unwrap().to_string().contains("at least 16"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
