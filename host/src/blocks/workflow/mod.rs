//! Workflows of the Dapr sidecar: `workflow.start`, `get`, `raise`, `pause`, `resume`, `terminate`, `purge`. There is no embedded engine.
use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, from_dapr, no_sidecar, unknown};
use crate::blocks::grants;
use crate::code::Code;
use crate::dapr::Sidecar;
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The component that is Dapr's own engine.
pub const DEFAULT_ENGINE: &str = "dapr";

/// The capability.
pub struct WorkflowCapability(pub Option<Sidecar>);

#[derive(Deserialize)]
#[serde(default)]
struct Arguments {
    component: String,
    /// Name of the workflow to start.
    workflow: String,
    instance: String,
    /// Name of the event to raise.
    event: String,
}

impl Default for Arguments {
    fn default() -> Arguments {
        let (workflow, instance, event) = Default::default();
        Arguments { component: DEFAULT_ENGINE.to_owned(), workflow, instance, event }
    }
}

impl Capability for WorkflowCapability {
    fn name(&self) -> &'static str {
        "workflow"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        body: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            let op = format!("workflow.{verb}");
            let Arguments { component, workflow, instance, event } = arguments(&op, args)?;
            let needed: &[(&str, &str)] = match verb {
                "start" => &[("workflow", &workflow)],
                "raise" => &[("instance", &instance), ("event", &event)],
                "get" | "pause" | "resume" | "terminate" | "purge" => &[("instance", &instance)],
                _ => return Err(unknown(&op)),
            };
            if let Some((name, _)) = needed.iter().find(|(_, value)| value.is_empty()) {
                return Err(error(Code::InvalidArgument, format!("{op}: {name} cannot be empty")));
            }
            grants::require(&cx.function, "components", cx.grants.components.as_ref(), &component)?;
            let sidecar = self.0.as_ref().ok_or_else(|| no_sidecar("workflows"))?;
            let answer = match verb {
                "start" => sidecar.start_workflow(&component, &workflow, &instance, body, cx.trace()).await,
                "get" => sidecar.workflow(&component, &instance, cx.trace()).await,
                "raise" => {
                    let verb = ["raiseEvent", event.as_str()];
                    sidecar.steer_workflow(&component, &instance, &verb, body, cx.trace()).await
                }
                _ => sidecar.steer_workflow(&component, &instance, &[verb], body, cx.trace()).await,
            };
            Ok((json!({}), answer.map_err(from_dapr)?.body))
        })
    }
}
