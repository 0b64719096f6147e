//! Output bindings.
use super::{Bindings, Invoke};
use crate::blocks::api::Context;
use crate::blocks::grpc::{Call, Methods, proto};
use tonic::Status;

/// Its methods.
pub fn methods(context: Context<dyn Bindings>) -> Methods<dyn Bindings> {
    Methods::new(context).unary("InvokeBinding", invoke)
}

async fn invoke(call: Call<dyn Bindings, proto::InvokeBindingRequest>) -> Result<proto::InvokeBindingResponse, Status> {
    let cx = call.caller();
    let proto::InvokeBindingRequest { name, data, metadata, operation } = call.message;
    let invoke = Invoke { name, operation, metadata: metadata.into_iter().collect(), data: data.into() };
    let answer = call.context.block.invoke(&cx, invoke).await.map_err(|e| Status::internal(e.message))?;
    Ok(proto::InvokeBindingResponse { data: answer.data.to_vec(), metadata: answer.metadata.into_iter().collect() })
}
