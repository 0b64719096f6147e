//! `load`: evaluates one function's module. The memory after it, less what belongs to the base image, is the function's snapshot.
use super::enter;
use super::failure::{fail, interrupted, never_loaded, protocol};
use crate::engine::{self, Evaluated};
use crate::imports;
use daplet_abi::Status;
use daplet_abi::frame::Frame;
use daplet_abi::load::LoadRequest;
use rquickjs::CatchResultExt;

/// Evaluates the module in the inbox.
pub fn load(len: usize) -> Status {
    let inbox = imports::read(len);
    let parsed =
        Frame::decode(&inbox).and_then(|frame| Ok((frame.parse_head::<LoadRequest>()?, frame.body, frame.head)));
    let (request, source, head) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return fail(protocol(error.to_string())),
    };
    imports::set_heap_limit(usize::try_from(request.memory_bytes).unwrap_or(usize::MAX));
    enter(|phase| {
        phase.random.reset();
        phase.file.clone_from(&request.file);
        let namespace = match engine::evaluate(&phase.ctx, &request.file, source) {
            _ if imports::interrupted() => return fail(interrupted()),
            Evaluated::Done(namespace) => namespace,
            Evaluated::Threw(error) => return fail(phase.failure(error)),
            Evaluated::Stuck => return fail(never_loaded()),
        };
        let head = String::from_utf8_lossy(head);
        let report: rquickjs::Result<String> =
            phase.function(&phase.js.load).and_then(|load| load.call((namespace, head.as_ref())));
        match report.catch(&phase.ctx) {
            Ok(report) => {
                phase.ctx.run_gc();
                let mut frame = (report.len() as u32).to_le_bytes().to_vec();
                frame.extend_from_slice(report.as_bytes());
                imports::write(&frame);
                Status::Done
            }
            Err(error) => fail(phase.failure(error)),
        }
    })
}
