//! Conditions in CEL, evaluated within a budget: they belong to a tenant, and they run in the host.
//!
//! Owns: the accepted language, its meaning and its cost. The parser is the crate `cel`'s; the evaluation is not,
//! because that crate's has no bound on steps or bytes. Must not know: subscriptions, functions.
//!
//! # Layout
//! - [`check`]: what is refused when a condition is compiled
//! - [`eval`]: the walk over the tree
//! - [`calls`]: operators and the functions of the standard library, [`time`] those of times, [`text`] those of texts
//! - [`value`]: values, their equality and order
//! - [`budget`]: steps and bytes
mod budget;
mod calls;
mod check;
mod eval;
mod text;
mod time;
mod value;

pub use budget::{Budget, Fault};

use regex::Regex;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// Longest condition, bytes. It bounds the depth of its tree too.
pub const MAX_CONDITION: usize = 1024;

/// A condition over the variable `event`.
pub struct Condition {
    program: cel::Program,
    /// The compiled patterns of `matches` by the nodes that hold them.
    patterns: HashMap<u64, Regex>,
}

impl Condition {
    /// Parses and checks a condition; an error says what is wrong with it.
    pub fn compile(text: &str) -> Result<Condition, String> {
        if text.len() > MAX_CONDITION {
            return Err(format!("the condition has {} bytes; it may have {MAX_CONDITION}", text.len()));
        }
        // The parser is a tenant's to feed: a fault of it is the condition's alone.
        let parse = std::panic::AssertUnwindSafe(|| cel::Program::compile(text).map_err(|e| e.to_string()));
        let program = std::panic::catch_unwind(parse).unwrap_or_else(|_| Err("it cannot be parsed".to_owned()))?;
        let mut patterns = HashMap::new();
        check::check(program.expression(), &mut patterns)?;
        Ok(Condition { program, patterns })
    }

    /// Whether it holds for `event`.
    pub fn holds(&self, event: &Map<String, Json>, budget: &mut Budget) -> Result<bool, Fault> {
        eval::Evaluation::new(event, &self.patterns, budget).condition(self.program.expression())
    }
}

#[cfg(test)]
mod tests;
