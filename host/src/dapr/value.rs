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
