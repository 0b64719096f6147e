//! Guest memory: images, private pages, restore.
//!
//! Owns: how an instance's linear memory becomes the contents again that it is bound to. Must not know: WasmEdge,
//! JavaScript, threads' work, whose memory it is.
//!
//! # Layout
//! - [`guest`]: an instance's memory as a range of addresses
//! - [`file`]: sealed files in memory, which instances map
//! - [`scan`]: which pages of a memory are private; [`probe`]: whether the kernel shows that
//! - [`image`]: whole contents; [`delta`]: differences; [`contents`]: one over the other
//! - [`mappings`]: how many mappings the process may have
//! - [`pages`]: an instance's memory, bound, restored, parked
pub mod contents;
pub mod delta;
pub mod file;
pub mod guest;
pub mod image;
pub mod mappings;
pub mod pages;
pub mod probe;
pub mod scan;

/// Size of a page, bytes.
pub const PAGE: usize = 4096;
/// The contents of a page that holds nothing.
pub const ZEROS: &[u8] = &[0; PAGE];
