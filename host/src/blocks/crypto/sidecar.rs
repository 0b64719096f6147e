//! Cryptography with the keys of a component of the Dapr sidecar.
use super::{CryptoProvider, Encryption};
use crate::blocks::call::{CallContext, from_dapr};
use crate::code::OpError;
use crate::dapr::Sidecar;
use bytes::Bytes;
use futures::future::BoxFuture;

/// The backend.
pub struct Dapr(pub Sidecar);

impl CryptoProvider for Dapr {
    fn encrypt<'a>(
        &'a self,
        cx: &'a CallContext,
        component: &'a str,
        how: Encryption,
        data: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, OpError>> {
        Box::pin(async move {
            let mut headers = vec![("dapr-key-name", how.key), ("dapr-key-wrap-algorithm", how.algorithm)];
            headers.extend(how.cipher.map(|cipher| ("dapr-data-encryption-cipher", cipher)));
            headers.extend(how.decryption_key.map(|key| ("dapr-decryption-key-name", key)));
            if how.omit_key {
                headers.push(("dapr-omit-decryption-key-name", "true".to_owned()));
            }
            let done = self.0.crypto(component, "encrypt", &headers, data, cx.trace()).await;
            Ok(done.map_err(from_dapr)?.body)
        })
    }

    fn decrypt<'a>(
        &'a self,
        cx: &'a CallContext,
        component: &'a str,
        key: Option<String>,
        document: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, OpError>> {
        Box::pin(async move {
            let headers: Vec<_> = key.map(|key| ("dapr-key-name", key)).into_iter().collect();
            let done = self.0.crypto(component, "decrypt", &headers, document, cx.trace()).await;
            Ok(done.map_err(from_dapr)?.body)
        })
    }
}
