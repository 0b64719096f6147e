//! Evaluating a function's module over the base image of its program.
use super::Worker;
use crate::sandbox::entry::output::Output;
use crate::sandbox::entry::slot::{Ending, Entered};
use crate::sandbox::program::ffi::Export;
use crate::sandbox::program::snapshot::Snapshot;
use crate::sandbox::workers::job::{Ran, Terms};
use crate::sandbox::workers::lane::EVALUATION;
use crate::sandbox::workers::step::{Load, LoadOutcome};
use crate::sandbox::{SandboxError, Trap};
use daplet_abi::Status;
use std::sync::Arc;

impl Worker {
    pub(super) fn load(
        &mut self,
        base: &Arc<Snapshot>,
        frame: Vec<u8>,
        terms: &Terms,
    ) -> Result<Ran<Load, Vec<u8>>, SandboxError> {
        self.slots.tracker.at_rest();
        let mut slot = self.slots.take(base)?;
        // A long worker gives the rest of the budget only to evaluations whose turn it is.
        let terms = (terms.clone(), (!terms.overran).then_some(EVALUATION));
        let mut entered = self.enter(&slot, (Export::Load, None), frame, Output::default(), terms);
        if entered.overrun {
            let frame = std::mem::take(&mut entered.output.inbox);
            return self.undo(slot, &entered).map(|()| Ran::Overrun(frame));
        }
        let Entered { ending, mut output, cpu, touched, .. } = entered;
        let logs = output.logs;
        if let Ending::Trapped(trap) = ending {
            self.slots.retire(slot);
            return Ok(Ran::Done(Load { outcome: LoadOutcome::Trap(trap), logs, cpu }));
        }
        let taken = slot.pages.find_private(&mut self.slots.tracker, touched).and_then(|()| match ending {
            Ending::Returned(Status::Done) => slot.pages.contents().map(Some),
            _ => Ok(None),
        });
        let contents = match taken {
            Ok(contents) => contents,
            Err(error) => {
                self.slots.retire(slot);
                return Err(error);
            }
        };
        self.slots.put(slot)?;
        let snapshot = contents.map(|contents| Arc::new(Snapshot::new(base.program(), Arc::new(contents))));
        let outcome = outcome(ending, snapshot, output.writes.pop());
        Ok(Ran::Done(Load { outcome, logs, cpu }))
    }
}

fn outcome(ending: Ending, snapshot: Option<Arc<Snapshot>>, written: Option<Vec<u8>>) -> LoadOutcome {
    match (ending, snapshot, written) {
        (Ending::Stopped(trap) | Ending::Trapped(trap), ..) => LoadOutcome::Trap(trap),
        (Ending::Returned(Status::Pending), ..) => {
            LoadOutcome::Trap(Trap::Protocol("load came back pending".to_owned()))
        }
        (Ending::Returned(_), _, None) => LoadOutcome::Trap(Trap::Protocol("load wrote no frame".to_owned())),
        (Ending::Returned(_), Some(snapshot), Some(report)) => LoadOutcome::Loaded { snapshot, report },
        (Ending::Returned(_), None, Some(error)) => LoadOutcome::JsError(error),
    }
}
