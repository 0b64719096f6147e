//! Functions of texts, and regular expressions.
use super::budget::{Budget, Fault};
use super::value::{Text, Value, undecided};
use cel::common::ast::{Expr, IdedExpr, LiteralValue};
use regex::{Regex, RegexBuilder};

/// Largest compiled pattern, bytes. It bounds the cost of matching one byte of a text.
const MAX_PATTERN: usize = 32 << 10;
/// Longest pattern that an event may supply, bytes.
const MAX_MADE_PATTERN: usize = 128;
/// Steps for compiling a pattern that an event supplies.
const COMPILATION: u64 = 10_000;
/// Steps for matching a byte of a text.
const MATCHING: u64 = 16;

/// The text of an expression, if it is a literal.
pub fn literal(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// Compiles a pattern. Matching takes linear time: no backtracking.
pub fn pattern(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).size_limit(MAX_PATTERN).dfa_size_limit(1 << 20).nest_limit(50).build();
    built.map_err(|e| format!("the pattern of matches: {e}"))
}

/// `matches(text, pattern)`, with the compiled pattern if it is a literal.
pub fn matches(
    compiled: Option<&Regex>,
    text: &Value<'_>,
    made: &Value<'_>,
    budget: &mut Budget,
) -> Result<bool, Fault> {
    let (Value::Text(text), Value::Text(made)) = (text, made) else {
        return undecided(format!("matches takes two strings, not {} and {}", text.kind(), made.kind()));
    };
    let text = text.get();
    budget.steps(1 + text.len() as u64 * MATCHING)?;
    if let Some(compiled) = compiled {
        return Ok(compiled.is_match(text));
    }
    let made = made.get();
    if made.len() > MAX_MADE_PATTERN {
        return undecided(format!(
            "a pattern made at the event has {} bytes; it may have {MAX_MADE_PATTERN}",
            made.len()
        ));
    }
    budget.steps(COMPILATION)?;
    match pattern(made) {
        Ok(pattern) => Ok(pattern.is_match(text)),
        Err(reason) => undecided(reason),
    }
}

/// `contains`, `startsWith`, `endsWith`.
pub fn search(name: &str, text: &Value<'_>, wanted: &Value<'_>, budget: &mut Budget) -> Result<bool, Fault> {
    let (Value::Text(text), Value::Text(wanted)) = (text, wanted) else {
        return undecided(format!("{name} takes a string of a string, not {} of {}", wanted.kind(), text.kind()));
    };
    let (text, wanted) = (text.get(), wanted.get());
    Ok(match name {
        "contains" => {
            budget.steps(1 + (text.len() + wanted.len()) as u64 / 16)?;
            text.contains(wanted)
        }
        "startsWith" => budget.look(wanted.len()).map(|()| text.starts_with(wanted))?,
        _ => budget.look(wanted.len()).map(|()| text.ends_with(wanted))?,
    })
}

/// `size`: for a string its code points.
pub fn size(value: &Value<'_>, budget: &mut Budget) -> Result<i64, Fault> {
    let size = match value {
        Value::Text(text) => {
            budget.look(text.get().len())?;
            Some(text.get().chars().count())
        }
        Value::Bytes(bytes) => Some(bytes.len()),
        other => other.count(),
    };
    match size {
        Some(size) => Ok(i64::try_from(size).unwrap_or(i64::MAX)),
        None => undecided(format!("{} has no size", value.kind())),
    }
}

/// Both texts, or bytes, one after the other.
pub fn concatenated<'e>(a: &Text<'e>, b: &Text<'e>, budget: &mut Budget) -> Result<Value<'e>, Fault> {
    let (a, b) = (a.get(), b.get());
    // Charged before the memory is allocated.
    budget.bytes(a.len() + b.len())?;
    Ok(Value::Text(Text::Made([a, b].concat().into())))
}
