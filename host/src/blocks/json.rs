//! A JSON text that passes through: it is checked once and never rebuilt, so numbers keep every digit.
use base64::Engine;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// A JSON text. Two are equal when they are written alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl PartialEq for Json {
    fn eq(&self, other: &Json) -> bool {
        self.get() == other.get()
    }
}

impl Json {
    /// What a value is in JSON; `null` where it has no such form.
    pub fn of(value: &impl Serialize) -> Json {
        Json(to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// Reads bytes as JSON, else as text, else as base64; `None` if there are none.
    pub fn read(bytes: &[u8]) -> Option<Json> {
        if bytes.is_empty() {
            return None;
        }
        Some(serde_json::from_slice(bytes).unwrap_or_else(|_| match std::str::from_utf8(bytes) {
            Ok(text) => Json::of(&text),
            Err(_) => Json::of(&base64::engine::general_purpose::STANDARD.encode(bytes)),
        }))
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// The value, whose numbers are as exact as serde_json's.
    pub fn value(&self) -> Value {
        serde_json::from_str(self.get()).unwrap_or_default()
    }

    /// The text for structures that hold it raw.
    pub fn into_raw(self) -> Box<RawValue> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_keep_every_digit() {
        for text in
            ["12345678901234567890123", "0.1000000000000000055511151231257827", "1.0", "[1e400,-0]", r#"{"a":1E2}"#]
        {
            let json = Json::read(text.as_bytes()).unwrap();
            assert_eq!((json.get(), serde_json::to_string(&json).unwrap().as_str()), (text, text));
        }
        assert_eq!(Json::read(b"no JSON").unwrap().get(), "\"no JSON\"");
        assert_eq!(Json::read(&[0, 255]).unwrap().get(), "\"AP8=\"");
        assert_eq!(Json::read(b""), None);
    }

    #[test]
    fn a_value_is_read_as_its_text() {
        #[derive(Deserialize)]
        struct Holder {
            data: Option<Json>,
        }
        let read: Holder = serde_json::from_value(json!({"data": {"a": [1, "x"]}})).unwrap();
        assert_eq!(read.data.unwrap().get(), r#"{"a":[1,"x"]}"#);
        assert!(serde_json::from_value::<Holder>(json!({"data": null})).unwrap().data.is_none());
    }
}
