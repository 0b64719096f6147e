//! Functions of times and durations. Times are between the years 1 and 9999, as CEL has them.
use super::budget::Fault;
use super::value::{Value, undecided};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Seconds of the first and the last time that there are.
const RANGE: (i64, i64) = (-62_135_596_800, 253_402_300_799);

/// A time within CEL's range.
pub fn checked(time: Timestamp) -> Result<Value<'static>, Fault> {
    if time.as_second() < RANGE.0 || time.as_second() > RANGE.1 {
        return undecided("the time is out of range");
    }
    Ok(Value::Time(time))
}

/// RFC 3339.
pub fn timestamp(text: &str) -> Result<Value<'static>, Fault> {
    let parsed = if text.len() > 64 { None } else { text.parse().ok() };
    parsed.map_or_else(|| undecided("timestamp() takes an RFC 3339 time"), checked)
}

/// Go's form, such as `1h30m`.
pub fn duration(text: &str) -> Result<Value<'static>, Fault> {
    let parsed = if text.len() > 64 { None } else { go(text) };
    parsed.map_or_else(
        || undecided("duration() takes a duration such as 1h30m"),
        |duration| Ok(Value::Duration(duration)),
    )
}

fn go(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut nanos = 0f64;
    let mut whole = 0i128;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let factor: i128 = match unit {
            "h" => 3_600_000_000_000,
            "m" => 60_000_000_000,
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" | "µs" => 1_000,
            "ns" => 1,
            _ => return None,
        };
        match number.parse::<i64>() {
            Ok(number) => whole += i128::from(number) * factor,
            Err(_) => nanos += number.parse::<f64>().ok()? * factor as f64,
        }
        rest = tail;
    }
    whole += nanos.round() as i128;
    let whole = if negative { -whole } else { whole };
    // What fits into 64 bits of nanoseconds, as in Go.
    i64::try_from(whole).ok().map(SignedDuration::from_nanos)
}

/// A duration as text, in seconds.
pub fn seconds(duration: SignedDuration) -> String {
    let (sign, duration) = if duration.is_negative() { ("-", duration.abs()) } else { ("", duration) };
    let fraction = format!("{:09}", duration.subsec_nanos());
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{dot}{fraction}s", duration.as_secs())
}

/// `getHours` and the like, of a time (in a zone) or of a duration.
pub fn part(name: &str, value: &Value<'_>, zone: Option<&Value<'_>>) -> Result<i64, Fault> {
    match (value, zone) {
        (Value::Time(time), zone) => {
            let zone = match zone {
                None => TimeZone::UTC,
                Some(Value::Text(name)) => named(name.get())?,
                Some(other) => return undecided(format!("{name} takes the name of a time zone, not {}", other.kind())),
            };
            Ok(of_time(name, zone.to_datetime(*time)))
        }
        (Value::Duration(duration), None) => match name {
            "getHours" => Ok(duration.as_hours()),
            "getMinutes" => Ok(duration.as_mins()),
            "getSeconds" => Ok(duration.as_secs()),
            "getMilliseconds" => Ok(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
            _ => undecided(format!("a duration has no {name}")),
        },
        (other, _) => undecided(format!("{} has no {name}", other.kind())),
    }
}

fn of_time(name: &str, time: DateTime) -> i64 {
    match name {
        "getFullYear" => i64::from(time.year()),
        "getMonth" => i64::from(time.month()) - 1,
        "getDate" => i64::from(time.day()),
        "getDayOfMonth" => i64::from(time.day()) - 1,
        "getDayOfWeek" => i64::from(time.weekday().to_sunday_zero_offset()),
        "getDayOfYear" => i64::from(time.date().day_of_year()) - 1,
        "getHours" => i64::from(time.hour()),
        "getMinutes" => i64::from(time.minute()),
        "getSeconds" => i64::from(time.second()),
        _ => i64::from(time.millisecond()),
    }
}

/// A zone by its name in the tz database, or an offset such as `-08:00`.
fn named(name: &str) -> Result<TimeZone, Fault> {
    let unknown = || Fault::Undecided("the time zone is not known".to_owned());
    if name.len() > 64 {
        return Err(unknown());
    }
    let Some((hours, minutes)) = name.split_once(':') else { return TimeZone::get(name).map_err(|_| unknown()) };
    let (negative, hours) = (hours.starts_with('-'), hours.trim_start_matches(['-', '+']));
    let (hours, minutes) = (hours.parse::<i32>().ok(), minutes.parse::<i32>().ok());
    let (Some(hours @ 0..=23), Some(minutes @ 0..=59)) = (hours, minutes) else { return Err(unknown()) };
    let seconds = (hours * 60 + minutes) * 60;
    Offset::from_seconds(if negative { -seconds } else { seconds }).map(TimeZone::fixed).map_err(|_| unknown())
}

/// A time from seconds since the epoch.
pub fn of_seconds(seconds: i64) -> Result<Value<'static>, Fault> {
    Timestamp::from_second(seconds).map_or_else(|_| undecided("the time is out of range"), checked)
}

/// Sums and differences of times and durations; absent where the operands are neither.
pub fn arithmetic<'e>(name: &str, a: &Value<'e>, b: &Value<'e>) -> Option<Result<Value<'e>, Fault>> {
    let out_of_range = || undecided("a time or duration is out of range");
    let time = |time: Option<Timestamp>| time.map_or_else(out_of_range, checked);
    // 64 bits of nanoseconds, as in Go.
    let duration = |duration: Option<SignedDuration>| {
        let fits = duration.filter(|duration| i64::try_from(duration.as_nanos()).is_ok());
        fits.map_or_else(out_of_range, |duration| Ok(Value::Duration(duration)))
    };
    match (name, a, b) {
        ("_+_", Value::Time(at), Value::Duration(by)) | ("_+_", Value::Duration(by), Value::Time(at)) => {
            Some(time(at.checked_add(*by).ok()))
        }
        ("_-_", Value::Time(at), Value::Duration(by)) => Some(time(at.checked_sub(*by).ok())),
        ("_-_", Value::Time(a), Value::Time(b)) => Some(duration(Some(a.duration_since(*b)))),
        ("_+_", Value::Duration(a), Value::Duration(b)) => Some(duration(a.checked_add(*b))),
        ("_-_", Value::Duration(a), Value::Duration(b)) => Some(duration(a.checked_sub(*b))),
        _ => None,
    }
}
