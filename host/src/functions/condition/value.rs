//! Values of conditions. Parts of the event are borrowed from it, so that an event is never copied for a condition.
use super::budget::{Budget, Fault};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};
use std::cmp::Ordering;
use std::rc::Rc;

/// A value. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Value<'e> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Text<'e>),
    Bytes(Rc<[u8]>),
    /// A list or an object of the event.
    Array(&'e [Json]),
    Object(&'e Map<String, Json>),
    /// A list or a map that the condition made.
    List(Rc<Vec<Value<'e>>>),
    Map(Rc<Vec<(Value<'e>, Value<'e>)>>),
    Time(Timestamp),
    Duration(SignedDuration),
    Type(&'static str),
}

/// A text of the event or of the condition, or a new one.
#[derive(Clone, Debug)]
pub enum Text<'e> {
    Borrowed(&'e str),
    Made(Rc<str>),
}

impl Text<'_> {
    pub fn get(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Made(text) => text,
        }
    }
}

/// An error of the condition itself.
pub fn undecided<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Undecided(reason.into()))
}

impl<'e> Value<'e> {
    /// A value of the event. Whole numbers are `int` where they fit, as large ones are `uint`.
    pub fn of(json: &'e Json) -> Value<'e> {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(whole), _) => Value::Int(whole),
                (None, Some(whole)) => Value::Uint(whole),
                (None, None) => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::Text(Text::Borrowed(text)),
            Json::Array(items) => Value::Array(items),
            Json::Object(members) => Value::Object(members),
        }
    }

    /// A text made from `text`.
    pub fn made(text: String, budget: &mut Budget) -> Result<Value<'e>, Fault> {
        budget.bytes(text.len())?;
        Ok(Value::Text(Text::Made(text.into())))
    }

    /// CEL's name of its type.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null_type",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Uint(_) => "uint",
            Value::Double(_) => "double",
            Value::Text(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::Array(_) | Value::List(_) => "list",
            Value::Object(_) | Value::Map(_) => "map",
            Value::Time(_) => "google.protobuf.Timestamp",
            Value::Duration(_) => "google.protobuf.Duration",
            Value::Type(_) => "type",
        }
    }

    /// The number of elements of a list or a map.
    pub fn count(&self) -> Option<usize> {
        match self {
            Value::Array(items) => Some(items.len()),
            Value::List(items) => Some(items.len()),
            Value::Object(members) => Some(members.len()),
            Value::Map(entries) => Some(entries.len()),
            _ => None,
        }
    }

    /// Element `index` of a list.
    pub fn element(&self, index: usize) -> Option<Value<'e>> {
        match self {
            Value::Array(items) => items.get(index).map(Value::of),
            Value::List(items) => items.get(index).cloned(),
            _ => None,
        }
    }

    /// The value of `key` in a map; absent if it is not there or the map has no keys of its type.
    pub fn member(&self, key: &Value<'e>, budget: &mut Budget) -> Result<Option<Value<'e>>, Fault> {
        match (self, key) {
            (Value::Object(members), Value::Text(name)) => {
                budget.look(name.get().len())?;
                Ok(members.get(name.get()).map(Value::of))
            }
            (Value::Map(entries), _) => {
                for (own, value) in entries.iter() {
                    if own.equals(key, budget)? {
                        return Ok(Some(value.clone()));
                    }
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Whether both are equal. Numbers are compared by value whatever their types; other types are never equal to each
    /// other.
    pub fn equals(&self, other: &Value<'e>, budget: &mut Budget) -> Result<bool, Fault> {
        budget.steps(1)?;
        Ok(match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Type(a), Value::Type(b)) => a == b,
            (Value::Time(a), Value::Time(b)) => a == b,
            (Value::Duration(a), Value::Duration(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => {
                let (a, b) = (a.get(), b.get());
                budget.look(if a.len() == b.len() { a.len() } else { 0 })?;
                a == b
            }
            (Value::Bytes(a), Value::Bytes(b)) => {
                budget.look(if a.len() == b.len() { a.len() } else { 0 })?;
                a == b
            }
            (Value::Array(_) | Value::List(_), Value::Array(_) | Value::List(_)) => {
                return self.equal_lists(other, budget);
            }
            (Value::Object(_) | Value::Map(_), Value::Object(_) | Value::Map(_)) => {
                return self.equal_maps(other, budget);
            }
            (a, b) => numbers(a, b) == Some(Ordering::Equal),
        })
    }

    fn equal_lists(&self, other: &Value<'e>, budget: &mut Budget) -> Result<bool, Fault> {
        if self.count() != other.count() {
            return Ok(false);
        }
        for index in 0..self.count().unwrap_or(0) {
            if let (Some(a), Some(b)) = (self.element(index), other.element(index))
                && !a.equals(&b, budget)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn equal_maps(&self, other: &Value<'e>, budget: &mut Budget) -> Result<bool, Fault> {
        if self.count() != other.count() {
            return Ok(false);
        }
        let same = |key: &Value<'e>, value: &Value<'e>, budget: &mut Budget| match other.member(key, budget)? {
            Some(found) => found.equals(value, budget),
            None => Ok(false),
        };
        match self {
            Value::Object(members) => {
                for (name, value) in *members {
                    if !same(&Value::Text(Text::Borrowed(name)), &Value::of(value), budget)? {
                        return Ok(false);
                    }
                }
            }
            Value::Map(entries) => {
                for (key, value) in entries.iter() {
                    if !same(key, value, budget)? {
                        return Ok(false);
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Their order, for types that have one; `None` for NaN.
    pub fn order(&self, other: &Value<'e>, budget: &mut Budget) -> Result<Option<Ordering>, Fault> {
        Ok(match (self, other) {
            (Value::Text(a), Value::Text(b)) => {
                budget.look(a.get().len().min(b.get().len()))?;
                Some(a.get().cmp(b.get()))
            }
            (Value::Bytes(a), Value::Bytes(b)) => {
                budget.look(a.len().min(b.len()))?;
                Some(a.cmp(b))
            }
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
            (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
            (Value::Int(_) | Value::Uint(_) | Value::Double(_), Value::Int(_) | Value::Uint(_) | Value::Double(_)) => {
                numbers(self, other)
            }
            (a, b) => return undecided(format!("{} and {} have no order", a.kind(), b.kind())),
        })
    }
}

/// The order of two numbers by value; `None` if one is not a number, or NaN.
fn numbers(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    let whole = |value: &Value<'_>| match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Uint(value) => Some(i128::from(*value)),
        _ => None,
    };
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Double(a), b) => order_double(*a, whole(b)?),
        (a, Value::Double(b)) => order_double(*b, whole(a)?).map(Ordering::reverse),
        (a, b) => Some(whole(a)?.cmp(&whole(b)?)),
    }
}

/// A double against a whole number, without rounding the latter.
fn order_double(double: f64, whole: i128) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Saturates, which is beyond any 64-bit number.
    let floor = double.floor();
    let order = (floor as i128).cmp(&whole);
    Some(if order == Ordering::Equal && double > floor { Ordering::Greater } else { order })
}
