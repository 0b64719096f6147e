//! Why a module did not load, in words that say what to change.
use super::Record;
use super::source::LineMap;
use crate::code::Code;
use crate::snapshot::Loaded;
use daplet_abi::frame::Frame;
use daplet_abi::load::LoadReport;
use daplet_abi::reply::{JsError, Reply, codes};
use std::time::Duration;

/// Loading took more CPU time than `budget`.
pub fn cpu_message(budget: Duration) -> String {
    format!(
        "loading the module took more than {} ms of CPU time (setting load_cpu_ms); keep the top level short and do the work \
         in the handler",
        budget.as_millis()
    )
}

/// Loading needs more memory than the function may have.
pub fn memory_message(record: &Record) -> String {
    format!("loading the module needs more than {} MiB of memory (limit memoryMb)", record.limits.memory_mb)
}

/// The failure for an exceeded limit.
pub fn limit(code: &str, message: String) -> JsError {
    JsError { code: code.to_owned(), name: "LimitError".to_owned(), message, ..JsError::default() }
}

/// The failure for exports that the guest accepts and the host does not.
pub fn unfit(message: String) -> JsError {
    JsError { code: codes::EXCEPTION.to_owned(), name: "TypeError".to_owned(), message, ..JsError::default() }
}

/// Describes exceeded limits with their settings; maps stack frames to the source.
pub fn explain(mut error: JsError, record: &Record, budget: Duration) -> JsError {
    match Code::from(error.code.as_str()) {
        Code::ExceededCpu => error.message = cpu_message(budget),
        Code::ExceededMemory => error.message = memory_message(record),
        _ => {}
    }
    if let Some(lines) = record.map.as_deref().and_then(LineMap::new) {
        map_frames(&mut error, &lines);
    }
    error
}

/// Maps stack frames from the running code to the source.
pub fn map_frames(error: &mut JsError, lines: &LineMap) {
    for frame in &mut error.stack {
        if let Some((line, column)) = lines.source(frame.line, frame.column) {
            (frame.line, frame.column) = (line, column);
        }
    }
}

/// The failure that the guest wrote.
pub fn js_error(frame: &[u8]) -> JsError {
    match Frame::decode(frame).and_then(|frame| frame.parse_head()) {
        Ok(Reply::Error(error)) => error,
        other => {
            JsError { code: codes::INTERNAL_ERROR.to_owned(), message: format!("{other:?}"), ..JsError::default() }
        }
    }
}

/// The report that the guest wrote.
pub fn report(loaded: &Loaded) -> Result<LoadReport, JsError> {
    Frame::decode(&loaded.report).and_then(|frame| frame.parse_head()).map_err(|e| JsError {
        code: codes::INTERNAL_ERROR.to_owned(),
        message: format!("the guest's load report: {e}"),
        ..JsError::default()
    })
}
