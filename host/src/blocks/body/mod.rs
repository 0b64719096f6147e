//! Bodies that stream between a function and the world: the verbs that read and write what `resources` holds open.
pub mod guest;
