//! JSON in Dapr's gRPC messages: protobuf's `Value`.
use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use serde_json::{Value, json as as_json};

/// protobuf's JSON value as JSON; a whole number is one again.
pub fn json(kind: Option<Kind>) -> Value {
    match kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => as_json!(value),
        #[allow(clippy::cast_possible_truncation, reason = "the comparison finds what does not fit")]
        Some(Kind::NumberValue(value)) if (value as i64) as f64 == value => as_json!(value as i64),
        Some(Kind::NumberValue(value)) => as_json!(value),
        Some(Kind::StringValue(value)) => as_json!(value),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(|value| json(value.kind)).collect(),
        Some(Kind::StructValue(object)) => {
            Value::Object(object.fields.into_iter().map(|(name, value)| (name, json(value.kind))).collect())
        }
    }
}

/// Whether every number of a JSON text is one that a double tells again: with 15 digits at most, and of its range.
pub fn is_exact(text: &str) -> bool {
    let outside = text.split('"').step_by(2);
    // A quote within a string is escaped: then the parts are others, and words in them count as numbers at worst.
    let numbers = outside.flat_map(|part| part.split(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+' | 'e' | 'E')));
    numbers.filter(|number| number.contains(|c: char| c.is_ascii_digit())).all(|number| {
        let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        let significant = digits.trim_start_matches('0').len();
        significant <= 15
            && number.parse::<f64>().is_ok_and(|value| value.is_finite() && (value != 0.0 || significant == 0))
    })
}

/// A member's JSON text as protobuf's JSON value; a number that a double would change is a string of its digits.
pub fn protobuf_exact(text: &str) -> prost_types::Value {
    let number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    if number && !is_exact(text) {
        return prost_types::Value { kind: Some(Kind::StringValue(text.to_owned())) };
    }
    protobuf(serde_json::from_str(text).unwrap_or_default())
}

/// JSON as protobuf's JSON value.
pub fn protobuf(value: Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(items) => Kind::ListValue(ListValue { values: items.into_iter().map(protobuf).collect() }),
        Value::Object(members) => Kind::StructValue(Struct {
            fields: members.into_iter().map(|(name, value)| (name, protobuf(value))).collect(),
        }),
    };
    prost_types::Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_a_double_tells_again() {
        for text in
            ["1", "-0.5", "123456789012345", "1e10", "[1,2.5]", r#"{"a":"12345678901234567890"}"#, "null", "0", "0.0"]
        {
            assert!(is_exact(text), "{text}");
        }
        for text in ["12345678901234567890123", "0.12345678901234567", "1e400", "[1,9007199254740993]", "1e-400"] {
            assert!(!is_exact(text), "{text}");
        }
        assert_eq!(
            protobuf_exact("12345678901234567890123").kind,
            Some(Kind::StringValue("12345678901234567890123".to_owned()))
        );
        assert_eq!(protobuf_exact("12").kind, Some(Kind::NumberValue(12.0)));
    }
}
