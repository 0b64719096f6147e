//! Any thrown value, as data: never a trap, whatever the value does when it is examined.
use daplet_abi::reply::{JsError, StackFrame, codes};
use rquickjs::{CaughtError, Ctx, Function, Value};
use serde::Deserialize;

/// What `describe` in js/errors.ts reads off a thrown value, with every access guarded.
#[derive(Debug, Default, Deserialize)]
struct Described {
    name: String,
    message: String,
    #[serde(default)]
    stack: String,
    cause: Option<String>,
}

/// The function's failure, from the result of `describe` for `thrown`.
pub fn describe<'js>(describe: &Function<'js>, thrown: Value<'js>, file: &str) -> JsError {
    let described: Option<std::string::String> = describe.call((thrown,)).ok();
    // `describe` itself fails where nothing can run any more: the interrupt flag is up, or memory is gone.
    let Some(text) = described else { return out_of_resources(describe.ctx()) };
    from_described(&text, file)
}

/// The same, from an existing result of `describe`.
pub fn from_described(text: &str, file: &str) -> JsError {
    let described: Described = serde_json::from_str(text).unwrap_or_default();
    if crate::imports::interrupted() {
        return JsError {
            code: codes::EXCEEDED_CPU.to_owned(),
            name: "InternalError".to_owned(),
            message: "interrupted".to_owned(),
            ..JsError::default()
        };
    }
    // With no memory left for an Error object, QuickJS throws null, or forgets to throw anything.
    if crate::imports::out_of_memory() && ["InternalError", "null", "unknown"].contains(&described.name.as_str()) {
        return JsError {
            code: codes::EXCEEDED_MEMORY.to_owned(),
            name: "InternalError".to_owned(),
            message: "out of memory".to_owned(),
            ..JsError::default()
        };
    }
    JsError {
        code: codes::EXCEPTION.to_owned(),
        stack: frames(without_header(&described), file),
        name: described.name,
        message: described.message,
        cause: described.cause,
    }
}

/// The failure behind an error of the engine.
pub fn caught<'js>(ctx: &Ctx<'js>, describe_fn: &Function<'js>, error: CaughtError<'js>, file: &str) -> JsError {
    match error {
        CaughtError::Exception(exception) => describe(describe_fn, exception.into_value(), file),
        CaughtError::Value(value) => describe(describe_fn, value, file),
        CaughtError::Error(rquickjs::Error::Allocation) => out_of_resources(ctx),
        CaughtError::Error(error) => JsError {
            code: codes::EXCEPTION.to_owned(),
            name: "Error".to_owned(),
            message: error.to_string(),
            ..JsError::default()
        },
    }
}

fn out_of_resources(ctx: &Ctx<'_>) -> JsError {
    let _ = ctx.catch();
    let (code, message) = if crate::imports::interrupted() {
        (codes::EXCEEDED_CPU, "interrupted")
    } else if crate::imports::out_of_memory() {
        (codes::EXCEEDED_MEMORY, "out of memory")
    } else {
        (codes::EXCEPTION, "an error that cannot be described: the function has changed what describing needs")
    };
    JsError {
        code: code.to_owned(),
        name: "InternalError".to_owned(),
        message: message.to_owned(),
        ..JsError::default()
    }
}

/// The frames of a stack: a message may have lines of its own that look like some.
fn without_header(described: &Described) -> &str {
    let header = if described.message.is_empty() {
        described.name.clone()
    } else {
        format!("{}: {}", described.name, described.message)
    };
    described.stack.strip_prefix(&header).unwrap_or(&described.stack)
}

/// Stack frames in `file`, from text as V8 writes it: `    at name (file:line:column)`, `    at async file:line:column`.
fn frames(stack: &str, file: &str) -> Vec<StackFrame> {
    stack.lines().filter_map(|line| frame(line.trim().strip_prefix("at ")?, file)).collect()
}

fn frame(text: &str, file: &str) -> Option<StackFrame> {
    let text = text.strip_prefix("async ").unwrap_or(text);
    let (function, place) = match text.rsplit_once(" (") {
        Some((function, place)) => (function, place.strip_suffix(')')?),
        None => ("", text),
    };
    let mut numbers = place.strip_prefix(file)?.strip_prefix(':')?.split(':').map(|n| n.parse().unwrap_or(0));
    Some(StackFrame {
        function: function.to_owned(),
        file: file.to_owned(),
        line: numbers.next().unwrap_or(0),
        column: numbers.next().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(stack: &str) -> Vec<(String, u32, u32)> {
        frames(stack, "a.js").into_iter().map(|f| (f.function, f.line, f.column)).collect()
    }

    #[test]
    fn keeps_frames_of_the_own_file_only() {
        let stack = "Error: x\n    at inner (a.js:3:9)\n    at async Shop.get [as load] (a.js:7:1)\n    at async a.js:8:2\n    \
                     at Array.map (<anonymous>)\n    at dispatch (daplet:runtime:1:1)\n    at async Promise.all (index 0)\n    at a.js:9:1";
        let wanted = [("inner", 3, 9), ("Shop.get [as load]", 7, 1), ("", 8, 2), ("", 9, 1)];
        assert_eq!(seen(stack), wanted.map(|(name, line, column)| (name.to_owned(), line, column)));
    }

    #[test]
    fn a_message_is_no_frame() {
        let described = Described {
            name: "Error".to_owned(),
            message: "x\n    at forged (a.js:1:1)".to_owned(),
            stack: "Error: x\n    at forged (a.js:1:1)\n    at real (a.js:2:2)".to_owned(),
            cause: None,
        };
        assert_eq!(seen(without_header(&described)), [("real".to_owned(), 2, 2)]);
    }
}
