//! Guest memory: mapped images, private pages, restore, differences.
//!
//! Owns: how an instance's linear memory becomes a snapshot's again. Must not know: WasmEdge, JavaScript, what a thread does.
pub mod guest;
pub mod image;
pub mod mappings;
pub mod pages;
pub mod probe;
