//! Operators and the functions of CEL's standard library, on values.
use super::budget::{Budget, Fault};
use super::value::{Text, Value, undecided};
use super::{check, text, time};
use std::cmp::Ordering;
use std::rc::Rc;

/// Applies an operator or a function to its arguments, the target first.
pub fn call<'e>(name: &str, arguments: &[Value<'e>], budget: &mut Budget) -> Result<Value<'e>, Fault> {
    match (name, arguments) {
        ("!_", [Value::Bool(value)]) => Ok(Value::Bool(!value)),
        ("-_", [Value::Int(value)]) => in_range(value.checked_neg().map(Value::Int)),
        ("-_", [Value::Double(value)]) => Ok(Value::Double(-value)),
        ("_==_", [a, b]) => a.equals(b, budget).map(Value::Bool),
        ("_!=_", [a, b]) => a.equals(b, budget).map(|equal| Value::Bool(!equal)),
        ("_<_" | "_<=_" | "_>_" | "_>=_", [a, b]) => {
            let order = a.order(b, budget)?;
            Ok(Value::Bool(match name {
                "_<_" => order == Some(Ordering::Less),
                "_<=_" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                "_>_" => order == Some(Ordering::Greater),
                _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            }))
        }
        ("@in", [wanted, list]) => within(wanted, list, budget).map(Value::Bool),
        ("_[_]", [of, key]) => index(of, key, budget),
        ("_+_" | "_-_" | "_*_" | "_/_" | "_%_", [a, b]) => arithmetic(name, a, b, budget),
        ("size", [value]) => text::size(value, budget).map(Value::Int),
        ("contains" | "startsWith" | "endsWith", [value, wanted]) => {
            text::search(name, value, wanted, budget).map(Value::Bool)
        }
        ("dyn", [value]) => Ok(value.clone()),
        ("type", [value]) => Ok(Value::Type(value.kind())),
        (name, [value, zone @ ..]) if name.starts_with("get") => time::part(name, value, zone.first()).map(Value::Int),
        (name, [value]) if check::TYPES.contains(&name) || name == "timestamp" || name == "duration" => {
            convert(name, value, budget)
        }
        _ => mismatch(name, arguments),
    }
}

fn mismatch<T>(name: &str, arguments: &[Value<'_>]) -> Result<T, Fault> {
    let kinds: Vec<&str> = arguments.iter().map(Value::kind).collect();
    undecided(format!("{name} does not take ({})", kinds.join(", ")))
}

fn in_range(value: Option<Value<'_>>) -> Result<Value<'_>, Fault> {
    value.map_or_else(|| undecided("a number is out of range"), Ok)
}

/// `wanted in list`; for a map, whether it has the key.
fn within<'e>(wanted: &Value<'e>, of: &Value<'e>, budget: &mut Budget) -> Result<bool, Fault> {
    match of {
        Value::Object(_) | Value::Map(_) => Ok(of.member(wanted, budget)?.is_some()),
        Value::Array(_) | Value::List(_) => {
            for index in 0..of.count().unwrap_or(0) {
                if let Some(element) = of.element(index)
                    && element.equals(wanted, budget)?
                {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        other => undecided(format!("{} has no elements", other.kind())),
    }
}

fn index<'e>(of: &Value<'e>, key: &Value<'e>, budget: &mut Budget) -> Result<Value<'e>, Fault> {
    match of {
        Value::Object(_) | Value::Map(_) => match of.member(key, budget)? {
            Some(found) => Ok(found),
            None => undecided("a map has no such key"),
        },
        Value::Array(_) | Value::List(_) => {
            let index = match key {
                Value::Int(index) => usize::try_from(*index).ok(),
                Value::Uint(index) => usize::try_from(*index).ok(),
                Value::Double(index) if index.fract() == 0.0 && *index >= 0.0 => Some(*index as usize),
                other => return undecided(format!("the index of a list is {}", other.kind())),
            };
            match index.and_then(|index| of.element(index)) {
                Some(found) => Ok(found),
                None => undecided("an index is out of the range of its list"),
            }
        }
        other => undecided(format!("{} has no elements", other.kind())),
    }
}

fn arithmetic<'e>(name: &str, a: &Value<'e>, b: &Value<'e>, budget: &mut Budget) -> Result<Value<'e>, Fault> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => match (name, b) {
            ("_/_" | "_%_", 0) => undecided("a division by zero"),
            ("_+_", _) => in_range(a.checked_add(*b).map(Value::Int)),
            ("_-_", _) => in_range(a.checked_sub(*b).map(Value::Int)),
            ("_*_", _) => in_range(a.checked_mul(*b).map(Value::Int)),
            ("_/_", _) => in_range(a.checked_div(*b).map(Value::Int)),
            _ => in_range(a.checked_rem(*b).map(Value::Int)),
        },
        (Value::Uint(a), Value::Uint(b)) => match (name, b) {
            ("_/_" | "_%_", 0) => undecided("a division by zero"),
            ("_+_", _) => in_range(a.checked_add(*b).map(Value::Uint)),
            ("_-_", _) => in_range(a.checked_sub(*b).map(Value::Uint)),
            ("_*_", _) => in_range(a.checked_mul(*b).map(Value::Uint)),
            ("_/_", _) => in_range(a.checked_div(*b).map(Value::Uint)),
            _ => in_range(a.checked_rem(*b).map(Value::Uint)),
        },
        (Value::Double(a), Value::Double(b)) => match name {
            "_+_" => Ok(Value::Double(a + b)),
            "_-_" => Ok(Value::Double(a - b)),
            "_*_" => Ok(Value::Double(a * b)),
            "_/_" => Ok(Value::Double(a / b)),
            _ => undecided("% takes whole numbers"),
        },
        (Value::Text(a), Value::Text(b)) if name == "_+_" => text::concatenated(a, b, budget),
        (Value::Bytes(a), Value::Bytes(b)) if name == "_+_" => {
            budget.bytes(a.len() + b.len())?;
            Ok(Value::Bytes([&a[..], &b[..]].concat().into()))
        }
        (Value::Array(_) | Value::List(_), Value::Array(_) | Value::List(_)) if name == "_+_" => {
            let (first, second) = (a.count().unwrap_or(0), b.count().unwrap_or(0));
            budget.bytes((first + second).saturating_mul(size_of::<Value<'_>>()))?;
            let elements = (0..first).filter_map(|i| a.element(i)).chain((0..second).filter_map(|i| b.element(i)));
            Ok(Value::List(Rc::new(elements.collect())))
        }
        _ => match time::arithmetic(name, a, b) {
            Some(result) => result,
            None => mismatch(name, &[a.clone(), b.clone()]),
        },
    }
}

fn convert<'e>(name: &str, value: &Value<'e>, budget: &mut Budget) -> Result<Value<'e>, Fault> {
    let own = match name {
        "timestamp" => "google.protobuf.Timestamp",
        "duration" => "google.protobuf.Duration",
        other => other,
    };
    if value.kind() == own {
        return Ok(value.clone());
    }
    // No number or time is written with more characters than this.
    let number = |text: &Text<'_>| if text.get().len() > 64 { String::new() } else { text.get().to_owned() };
    let unreadable = || Fault::Undecided(format!("{name}() cannot read its string"));
    match (name, value) {
        ("string", Value::Bool(value)) => Value::made(value.to_string(), budget),
        ("string", Value::Int(value)) => Value::made(value.to_string(), budget),
        ("string", Value::Uint(value)) => Value::made(value.to_string(), budget),
        ("string", Value::Double(value)) => Value::made(value.to_string(), budget),
        ("string", Value::Time(value)) => Value::made(value.to_string(), budget),
        ("string", Value::Duration(value)) => Value::made(time::seconds(*value), budget),
        ("string", Value::Bytes(bytes)) => {
            budget.bytes(bytes.len())?;
            let text = std::str::from_utf8(bytes).map_err(|_| Fault::Undecided("bytes are not UTF-8".to_owned()))?;
            Ok(Value::Text(Text::Made(text.into())))
        }
        ("bytes", Value::Text(text)) => {
            budget.bytes(text.get().len())?;
            Ok(Value::Bytes(text.get().as_bytes().into()))
        }
        ("bool", Value::Text(text)) => match text.get() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => Err(unreadable()),
        },
        ("double", Value::Int(value)) => Ok(Value::Double(*value as f64)),
        ("double", Value::Uint(value)) => Ok(Value::Double(*value as f64)),
        ("double", Value::Text(text)) => number(text).parse().map(Value::Double).map_err(|_| unreadable()),
        ("int", Value::Uint(value)) => in_range(i64::try_from(*value).ok().map(Value::Int)),
        ("int", Value::Double(value)) => {
            // Of doubles the bounds themselves are not certain to fit.
            let fits = value.is_finite() && *value > -9.223_372_036_854_776e18 && *value < 9.223_372_036_854_776e18;
            in_range(fits.then_some(Value::Int(*value as i64)))
        }
        ("int", Value::Text(text)) => number(text).parse().map(Value::Int).map_err(|_| unreadable()),
        ("int", Value::Time(time)) => Ok(Value::Int(time.as_second())),
        ("uint", Value::Int(value)) => in_range(u64::try_from(*value).ok().map(Value::Uint)),
        ("uint", Value::Double(value)) => {
            let fits = value.is_finite() && *value > -1.0 && *value < 1.844_674_407_370_955e19;
            in_range(fits.then_some(Value::Uint(*value as u64)))
        }
        ("uint", Value::Text(text)) => number(text).parse().map(Value::Uint).map_err(|_| unreadable()),
        ("timestamp", Value::Text(text)) => time::timestamp(text.get()),
        ("timestamp", Value::Int(seconds)) => time::of_seconds(*seconds),
        ("duration", Value::Text(text)) => time::duration(text.get()),
        _ => mismatch(name, std::slice::from_ref(value)),
    }
}
