//! The verb of functions: `subtle.run`. The guest's `web/crypto/run.ts` decides which calls come here.
use crate::blocks::call::{CallContext, Capability, OpResult, Operation, error};
use crate::code::Code;
use async_trait::async_trait;
use daplet_crypto::{Failure, Parts, Random, Request, Started, Work};
use serde_json::json;

/// The capability.
pub struct SubtleCapability;

#[async_trait]
impl Capability for SubtleCapability {
    fn name(&self) -> &'static str {
        "subtle"
    }

    fn computes(&self) -> bool {
        true
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        if operation.verb() != "run" {
            return Err(operation.unknown());
        }
        let request: Request = operation.arguments()?;
        let mut random = Random(|bytes| getrandom::fill(bytes).is_ok());
        let done = match request.start(&operation.body, &mut random) {
            Ok(Started::Done(parts)) => Ok(parts),
            Ok(Started::Work(work)) => drive(cx, work, &mut random).await?,
            Err(failure) => Err(failure),
        };
        Ok(match done {
            Ok(parts) => {
                let lengths: Vec<usize> = parts.iter().map(Vec::len).collect();
                (json!({"lengths": lengths}), parts.concat().into())
            }
            Err(failure) => (json!({"lengths": [], "failed": failure.described()}), Default::default()),
        })
    }
}

/// Takes the steps of what is long, as long as the invocation has CPU time. Between two of them others have the thread.
async fn drive(
    cx: &CallContext,
    mut work: Box<dyn Work>,
    random: &mut Random,
) -> Result<Result<Parts, Failure>, crate::code::OpError> {
    loop {
        if let Some(result) = work.step(random) {
            return Ok(result);
        }
        tokio::task::yield_now().await;
        if cx.allowance.overdrawn() {
            return Err(error(Code::ExceededCpu, "the invocation has no CPU time left"));
        }
    }
}
