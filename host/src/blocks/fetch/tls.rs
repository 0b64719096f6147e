//! Whom a fetch believes: the certificates of the system, or of the operator's file.
//!
//! Must not know: hosts, connections.
use super::failure::Failure;
use crate::config::Fetching;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// TLS sessions of one function that can be resumed.
const SESSIONS: usize = 32;

/// TLS with the roots that the settings name. Reads files.
pub async fn roots(settings: &Fetching) -> Result<ClientConfig, Failure> {
    let file = settings.ca_file.clone();
    let made = tokio::task::spawn_blocking(move || config(file.as_deref())).await;
    made.unwrap_or_else(|e| Err(format!("the certificates were not read: {e}"))).map_err(Failure::Own)
}

/// Checks that the operator's file can be used.
pub fn check(file: &Path) -> Result<(), String> {
    config(Some(file)).map(|_| ())
}

/// The same with sessions of its own: a session belongs to whom it was made for, as a connection does.
pub fn with_own_sessions(config: &ClientConfig) -> ClientConfig {
    let mut own = config.clone();
    own.resumption = Resumption::in_memory_sessions(SESSIONS);
    own
}

fn config(file: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let named = |e: &dyn std::fmt::Display| {
                format!("the file of certificates {} (setting ca_file): {e}", file.display())
            };
            for certificate in CertificateDer::pem_file_iter(file).map_err(|e| named(&e))? {
                roots.add(certificate.map_err(|e| named(&e))?).map_err(|e| named(&e))?;
            }
            if roots.is_empty() {
                return Err(named(&"it has no certificate in PEM"));
            }
        }
        None => {
            // Single certificates that cannot be read are left out: a system may have old ones. Without any, no host is believed.
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                tracing::warn!(
                    "this system has no root certificates, so no fetch by https will work: {:?}",
                    found.errors
                );
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = versions.map_err(|e| e.to_string())?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
