//! Timers: completing after a number of milliseconds. Waiting holds no thread and no slot.
pub mod guest;
