//! Parts of JSON texts, found and compared in place: no text is built, and every number keeps its digits.
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// A JSON value within a text.
#[derive(Clone, Debug)]
pub enum Leaf<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number's own text.
    Number(Cow<'a, str>),
    /// A text, unescaped.
    Text(Cow<'a, str>),
    /// The text of an object or array.
    Other(Cow<'a, str>),
}

impl<'a> Leaf<'a> {
    /// From its JSON text.
    pub fn new(raw: &'a RawValue) -> Leaf<'a> {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'n') => Leaf::Null,
            Some(b't' | b'f') => Leaf::Bool(text == "true"),
            Some(b'"') => match text.get(1..text.len() - 1) {
                Some(plain) if !plain.contains('\\') => Leaf::Text(plain.into()),
                // A lone surrogate has no other text than its own.
                _ => Leaf::Text(serde_json::from_str::<String>(text).map_or(Cow::Borrowed(text), Cow::Owned)),
            },
            Some(b'{' | b'[') => Leaf::Other(text.into()),
            _ => Leaf::Number(text.into()),
        }
    }

    /// A value of its own.
    pub fn into_owned(self) -> Leaf<'static> {
        match self {
            Leaf::Null => Leaf::Null,
            Leaf::Bool(value) => Leaf::Bool(value),
            Leaf::Number(text) => Leaf::Number(Cow::Owned(text.into_owned())),
            Leaf::Text(text) => Leaf::Text(Cow::Owned(text.into_owned())),
            Leaf::Other(text) => Leaf::Other(Cow::Owned(text.into_owned())),
        }
    }

    /// Bytes of its text.
    pub fn len(&self) -> usize {
        match self {
            Leaf::Null | Leaf::Bool(_) => 0,
            Leaf::Number(text) | Leaf::Text(text) | Leaf::Other(text) => text.len(),
        }
    }

    /// Numbers by value, texts by their characters, false before true; objects and arrays are equal or have no order.
    pub fn order(&self, other: &Leaf<'_>) -> Option<Ordering> {
        match (self, other) {
            (Leaf::Number(a), Leaf::Number(b)) => Some(numbers(a, b)),
            (Leaf::Text(a), Leaf::Text(b)) => Some(a.cmp(b)),
            (Leaf::Bool(a), Leaf::Bool(b)) => Some(a.cmp(b)),
            (Leaf::Null, Leaf::Null) => Some(Ordering::Equal),
            (Leaf::Other(a), Leaf::Other(b)) if same(a, b) => Some(Ordering::Equal),
            _ => None,
        }
    }

    /// A total order, for sorting: one kind after the other.
    pub fn rank(&self, other: &Leaf<'_>) -> Ordering {
        let kind = |leaf: &Leaf<'_>| match leaf {
            Leaf::Null => 0,
            Leaf::Bool(_) => 1,
            Leaf::Number(_) => 2,
            Leaf::Text(_) => 3,
            Leaf::Other(_) => 4,
        };
        match kind(self).cmp(&kind(other)) {
            Ordering::Equal if kind(self) < 4 => self.order(other).unwrap_or(Ordering::Equal),
            order => order,
        }
    }
}

/// Whether two objects or arrays are the same. Trees are built only where the texts are about as long.
fn same(a: &str, b: &str) -> bool {
    let (short, long) = (a.len().min(b.len()), a.len().max(b.len()));
    let trees = || Some((serde_json::from_str::<Value>(a).ok()?, serde_json::from_str::<Value>(b).ok()?));
    a == b || (long <= 1_024 + 16 * short && trees().is_some_and(|(a, b)| a == b))
}

/// A number as its sign, its digits without zeros at either end, and the power of ten above the first of them.
fn decimal(text: &str) -> (bool, Vec<u8>, i64) {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    // Out of range it is as good as infinite.
    let bound = if exponent.starts_with('-') { i64::MIN / 4 } else { i64::MAX / 4 };
    let exponent = exponent.parse::<i64>().map_or(bound, |exponent| exponent.clamp(i64::MIN / 4, i64::MAX / 4));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let end = digits.iter().rposition(|digit| *digit != b'0').map_or(zeros, |last| last + 1);
    let power = i64::try_from(whole.len()).unwrap_or(0) - i64::try_from(zeros).unwrap_or(0) + exponent;
    (negative, digits[zeros..end].to_vec(), power)
}

/// Two numbers by value, whatever their size.
fn numbers(a: &str, b: &str) -> Ordering {
    let ((minus, a, above), (other_minus, b, other_above)) = (decimal(a), decimal(b));
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return if other_minus { Ordering::Greater } else { Ordering::Less },
        (false, true) => return if minus { Ordering::Less } else { Ordering::Greater },
        (false, false) => {}
    }
    let size = above.cmp(&other_above).then_with(|| a.cmp(&b));
    match (minus, other_minus) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => size,
        (true, true) => size.reverse(),
    }
}

/// Whether it is a JSON text.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The value at a path in a JSON text; `Err` if it is not JSON.
pub fn at<'a>(text: &'a str, path: &[String]) -> Result<Option<&'a RawValue>, serde_json::Error> {
    let mut found: &'a RawValue = match path {
        [] => return serde_json::from_str(text).map(Some),
        [first, ..] => match step(text, first)? {
            Some(found) => found,
            None => return Ok(None),
        },
    };
    for name in &path[1..] {
        match step(found.get(), name)? {
            Some(inner) => found = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

fn step<'a>(text: &'a str, name: &str) -> Result<Option<&'a RawValue>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let found = match text.trim_start().as_bytes().first() {
        Some(b'{') => reader.deserialize_map(Member(name))?,
        Some(b'[') => reader.deserialize_seq(Member(name))?,
        _ => IgnoredAny::deserialize(&mut reader).map(|_| None)?,
    };
    reader.end().map(|()| found)
}

/// The member of that name, or the element at that place.
struct Member<'n>(&'n str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    /// As in JavaScript the last of two members of one name counts.
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(named) = members.next_key_seed(Named(self.0))? {
            if named {
                found = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let wanted = self.0.parse::<usize>().ok();
        let mut found = None;
        for place in 0.. {
            if Some(place) == wanted {
                found = elements.next_element()?;
                if found.is_none() {
                    break;
                }
            } else if elements.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// Whether a member's name is this one.
struct Named<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Named<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn found<'a>(text: &'a str, path: &str) -> Option<&'a str> {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        at(text, &path).unwrap().map(RawValue::get)
    }

    #[test]
    fn a_path_leads_to_the_text_that_stands_there() {
        let text = r#" {"a":{"b":[1, 12345678901234567890123 ,{"c":1e400}]},"a.b":0,"d":1,"d":{"\u0065":-0}}"#;
        assert_eq!(found(text, "a.b.1"), Some("12345678901234567890123"));
        assert_eq!(found(text, "a.b.2.c"), Some("1e400"));
        assert_eq!(found(text, "d.e"), Some("-0"));
        for absent in ["x", "a.x", "a.b.3", "a.b.x", "d.e.f"] {
            assert_eq!(found(text, absent), None, "{absent}");
        }
        for broken in ["", "{\"a\":1", "{\"a\":1} 2", "{a:1}", "[1,]", "nul"] {
            assert!(at(broken, &["a".to_owned()]).is_err() && !is_json(broken), "{broken:?}");
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(is_json(&deep) && found(&deep, "0").is_some());
    }

    #[test]
    fn numbers_are_compared_by_value() {
        let rising = [
            "-1e400",
            "-12345678901234567890124",
            "-12345678901234567890123",
            "-1",
            "-0.1",
            "-1e-400",
            "0",
            "1e-400",
            "0.1",
            "0.10000000000000000001",
            "1",
            "1.5",
            "9",
            "10",
            "12345678901234567890123",
            "12345678901234567890124",
            "1e400",
            "1e99999999999999999999",
        ];
        for (i, a) in rising.iter().enumerate() {
            for (j, b) in rising.iter().enumerate() {
                assert_eq!(numbers(a, b), i.cmp(&j), "{a} and {b}");
            }
        }
        for (a, b) in [("1", "1.0"), ("1", "10e-1"), ("-0", "0"), ("0.1000", "1E-1"), ("0e9", "0"), ("100", "1e+2")] {
            assert_eq!(numbers(a, b), Ordering::Equal, "{a} and {b}");
        }
    }
}
