//! The failures that the phases themselves find, and how every failure is written.
use crate::imports;
use daplet_abi::Status;
use daplet_abi::frame::encode;
use daplet_abi::reply::{JsError, Reply, codes};

/// Writes an error frame.
pub fn fail(error: JsError) -> Status {
    if let Ok(frame) = encode(&Reply::Error(error), &[]) {
        imports::write(&frame);
    }
    Status::JsError
}

fn failure(code: &str, name: &str, message: String) -> JsError {
    JsError { code: code.to_owned(), name: name.to_owned(), message, ..JsError::default() }
}

/// The host set the interrupt word.
pub fn interrupted() -> JsError {
    failure(codes::EXCEEDED_CPU, "InternalError", "interrupted".to_owned())
}

/// The handler's promise waits for something that cannot come.
pub fn never_settled() -> JsError {
    let message = "the handler's promise can never settle: no operation and no timer is open that could settle it";
    failure(codes::NEVER_SETTLED, "Error", message.to_owned())
}

/// The module's top-level `await` waits for something that cannot come.
pub fn never_loaded() -> JsError {
    let message = "the module's top-level await never settles: timers, state, publish and invoke work only inside a handler; \
                   move the call there";
    failure(codes::NEVER_SETTLED, "Error", message.to_owned())
}

/// The host called with something that is not in the contract.
pub fn protocol(message: String) -> JsError {
    failure(codes::INTERNAL_ERROR, "ProtocolError", message)
}

/// The guest could not be set up, or was not.
pub fn internal(message: String) -> JsError {
    failure(codes::INTERNAL_ERROR, "", message)
}
