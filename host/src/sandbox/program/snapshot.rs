//! A loaded function: the contents of its memory over a program's base image.
//!
//! Must not know: instances, where snapshots are kept.
use super::Program;
use super::cost::Cost;
use crate::sandbox::memory::contents::Contents;
use std::sync::Arc;

/// A loaded function, ready to be restored into any instance of its program.
pub struct Snapshot {
    program: Arc<Program>,
    contents: Arc<Contents>,
    /// What its entries cost.
    cost: Cost,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("delta", self.contents.delta()).field("weight", &self.weight()).finish()
    }
}

impl Snapshot {
    pub(in crate::sandbox) fn new(program: &Arc<Program>, contents: Arc<Contents>) -> Snapshot {
        Snapshot { program: Arc::clone(program), contents, cost: Cost::default() }
    }

    /// The program that it is a state of.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// What instances are restored to.
    pub(in crate::sandbox) fn contents(&self) -> &Arc<Contents> {
        &self.contents
    }

    pub(in crate::sandbox) fn cost(&self) -> &Cost {
        &self.cost
    }

    /// Memory that it holds, bytes.
    pub fn weight(&self) -> usize {
        self.contents.weight() + size_of::<Snapshot>()
    }
}
