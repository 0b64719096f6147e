//! A request's line in the access log: written when its answer has been made, to the end where its body streams.
use crate::code::Code;
use crate::functions::Function;
use crate::http::streamed::{Streamed, WhileSent};
use crate::observer::{Answered, Observer};
use axum::http::Method;
use axum::response::Response;
use std::sync::Arc;
use std::time::Instant;

/// What the line says. It is written when this is dropped.
pub struct Line {
    /// Who writes it.
    pub observer: Observer,
    /// Who answered.
    pub function: Arc<Function>,
    /// The request's method.
    pub method: Method,
    /// The request's path.
    pub path: String,
    /// The answer's status.
    pub status: u16,
    /// Why it failed.
    pub code: Option<Code>,
    /// The request's id.
    pub request_id: Arc<str>,
    /// When it arrived.
    pub since: Instant,
}

impl Line {
    /// Has the line written when the answer has been made.
    pub fn written_after(self, response: Response) -> Response {
        match response.extensions().get::<Streamed>() {
            Some(Streamed) => response.map(|body| WhileSent::body(body, self)),
            None => response,
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.observer.answered(&Answered {
            method: self.method.as_str(),
            path: &self.path,
            status: self.status,
            code: self.code.as_ref(),
            function: &self.function.label,
            version: Some(&self.function.record.version),
            request_id: &self.request_id,
            took: self.since.elapsed(),
        });
    }
}
