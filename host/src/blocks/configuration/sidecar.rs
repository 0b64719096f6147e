//! Configuration in a store of the Dapr sidecar.
use super::{ConfigurationStore, Get, Items, Watch, told};
use crate::blocks::call::{CallContext, error, from_dapr};
use crate::code::{Code, OpError};
use crate::dapr::Sidecar;
use async_trait::async_trait;
use futures::stream::BoxStream;

/// The backend.
pub struct Dapr(pub Sidecar);

#[async_trait]
impl ConfigurationStore for Dapr {
    async fn get(&self, cx: &CallContext, Get { store, keys, metadata }: &Get) -> Result<Items, OpError> {
        let trace = cx.trace();
        let answer = self.0.configuration(store, keys, metadata, trace).await.map_err(from_dapr)?;
        if answer.body.is_empty() {
            return Ok(Items::new());
        }
        let items = serde_json::from_slice(&answer.body);
        items.map(told).map_err(|e| error(Code::OperationFailed, format!("the sidecar's JSON: {e}")))
    }

    /// The sidecar's subscriptions are its clients' own affair: this API is served only without one.
    fn watch(&self, Watch { store, .. }: Watch) -> Result<BoxStream<'static, Items>, OpError> {
        let message = format!("changes of {store} are told by the sidecar itself");
        Err(error(Code::UnknownOperation, message))
    }
}
