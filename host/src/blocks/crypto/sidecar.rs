//! Cryptography with the keys of a component of the Dapr sidecar.
use super::{CryptoProvider, Decrypt, Encrypt};
use crate::blocks::call::{CallContext, from_dapr};
use crate::code::OpError;
use crate::dapr::Sidecar;
use async_trait::async_trait;
use bytes::Bytes;

/// The backend.
pub struct Dapr(pub Sidecar);

#[async_trait]
impl CryptoProvider for Dapr {
    async fn encrypt(&self, cx: &CallContext, encrypt: Encrypt) -> Result<Bytes, OpError> {
        let mut headers = vec![("dapr-key-name", encrypt.key), ("dapr-key-wrap-algorithm", encrypt.algorithm)];
        headers.extend(encrypt.cipher.map(|cipher| ("dapr-data-encryption-cipher", cipher)));
        headers.extend(encrypt.decryption_key.map(|key| ("dapr-decryption-key-name", key)));
        if encrypt.omit_key {
            headers.push(("dapr-omit-decryption-key-name", "true".to_owned()));
        }
        let done = self.0.crypto(&encrypt.component, "encrypt", &headers, encrypt.data, cx.trace()).await;
        Ok(done.map_err(from_dapr)?.body)
    }

    async fn decrypt(&self, cx: &CallContext, Decrypt { component, key, document }: Decrypt) -> Result<Bytes, OpError> {
        let headers: Vec<_> = key.map(|key| ("dapr-key-name", key)).into_iter().collect();
        let done = self.0.crypto(&component, "decrypt", &headers, document, cx.trace()).await;
        Ok(done.map_err(from_dapr)?.body)
    }
}
