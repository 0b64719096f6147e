//! Calls of other applications through the Dapr sidecar.
use super::{AppReply, AppRequest, Apps};
use crate::blocks::call::{CallContext, error, from_dapr};
use crate::code::{Code, OpError};
use crate::dapr::Sidecar;
use crate::origin::DEPTH;
use async_trait::async_trait;

/// The way to other applications.
pub struct Dapr(pub Sidecar);

#[async_trait]
impl Apps for Dapr {
    async fn call(&self, cx: &CallContext, app: &str, request: AppRequest) -> Result<AppReply, OpError> {
        let AppRequest { method, path, mut headers, body, origin } = request;
        let body = body.gather(u64::MAX, "the request body", "").await?;
        let method = hyper::Method::from_bytes(method.as_bytes())
            .map_err(|_| error(Code::InvalidArgument, format!("{method:?} is no HTTP method")))?;
        // A sidecar may lead back here, by another name of this application.
        headers.push((DEPTH.to_owned(), origin.depth.to_string()));
        let answer = self.0.invoke(app, method, &path, &headers, body, cx.trace()).await.map_err(from_dapr)?;
        let (status_text, headers) = (answer.reason.clone(), answer.pairs());
        Ok(AppReply { status: answer.status, status_text, headers, body: answer.body.into() })
    }
}
