//! Output bindings.
use super::Outgoing;
use crate::blocks::grpc::{Call, proto};
use tonic::Status;

pub async fn invoke(call: Call<proto::InvokeBindingRequest>) -> Result<proto::InvokeBindingResponse, Status> {
    let cx = call.caller();
    let proto::InvokeBindingRequest { name, data, metadata, operation } = call.message;
    let outgoing = Outgoing { name, operation, metadata: metadata.into_iter().collect(), data: data.into() };
    let answer = call.context.binding.invoke(&cx, outgoing).await.map_err(|e| Status::internal(e.message))?;
    Ok(proto::InvokeBindingResponse { data: answer.data.to_vec(), metadata: answer.metadata.into_iter().collect() })
}
