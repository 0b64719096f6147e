//! Cron expressions as Dapr's scheduler and its cron binding take them: the grammar of dapr/kit's parser (robfig/cron), no more and
//! no less.
//!
//! Owns: their parsing, and the next time. Six fields, seconds first; five are a minute's. `*`, `?`, lists, ranges, steps (`0/15` is
//! `0-59/15`), names of months and weekdays. Refused, as there: weekday 7, ranges that wrap, `L`, `W`, `#`, a year.
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A field's number of bits, lowest and highest value, and its names.
struct Bounds {
    what: &'static str,
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: [Bounds; 6] = [
    Bounds { what: "second", low: 0, high: 59, names: &[] },
    Bounds { what: "minute", low: 0, high: 59, names: &[] },
    Bounds { what: "hour", low: 0, high: 23, names: &[] },
    Bounds { what: "day", low: 1, high: 31, names: &[] },
    Bounds { what: "month", low: 1, high: 12, names: MONTHS },
    Bounds { what: "weekday", low: 0, high: 6, names: WEEKDAYS },
];
/// Marks a field that is only `*` or `?`.
const STAR: u64 = 1 << 63;
/// Years that are searched for a time, as many as there.
const YEARS: i16 = 5;

/// A parsed expression: a bit for each value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    seconds: u64,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    zone: TimeZone,
}

impl Cron {
    /// Parses an expression, `@daily` and its like, each after `CRON_TZ=Europe/Berlin ` or `TZ=…` if it is not UTC's.
    pub fn parse(text: &str) -> Result<Cron, String> {
        let (zone, text) = match text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) {
            None => (TimeZone::UTC, text),
            Some(rest) => {
                let (name, rest) = rest.split_once(char::is_whitespace).ok_or("no schedule follows the time zone")?;
                let zone = TimeZone::get(name).map_err(|_| format!("there is no time zone {name:?}"))?;
                (zone, rest.trim())
            }
        };
        let text = match text {
            "@yearly" | "@annually" => "0 0 0 1 1 *",
            "@monthly" => "0 0 0 1 * *",
            "@weekly" => "0 0 0 * * 0",
            "@daily" | "@midnight" => "0 0 0 * * *",
            "@hourly" => "0 0 * * * *",
            other if other.starts_with('@') => return Err(format!("{other} is unknown")),
            other => other,
        };
        let mut given: Vec<&str> = text.split_whitespace().collect();
        if given.len() == 5 {
            given.insert(0, "0");
        }
        let count = given.len();
        let Ok(given) = <[&str; 6]>::try_from(given) else {
            return Err(format!("the number of its fields is {count}, but must be 6, or 5 without seconds"));
        };
        let mut bits = [0; 6];
        for ((bits, text), bounds) in bits.iter_mut().zip(given).zip(&FIELDS) {
            *bits = field(text, bounds).map_err(|e| format!("{} {text:?}: {e}", bounds.what))?;
        }
        let [seconds, minutes, hours, days, months, weekdays] = bits;
        Ok(Cron { seconds, minutes, hours, days, months, weekdays, zone })
    }

    /// The first time after `after` (ms since the epoch); `None` if there is none within five years.
    pub fn next(&self, after: u64) -> Option<u64> {
        let after = Timestamp::from_millisecond(i64::try_from(after).ok()?).ok()?;
        let local = after.to_zoned(self.zone.clone()).datetime();
        let mut day = local.date();
        let last = day.year().checked_add(YEARS)?;
        let mut from = local.time();
        while day.year() <= last {
            if has(self.months, day.month()) && self.has_day(day) {
                for time in self.times(from.hour()) {
                    let at = DateTime::from_parts(day, time).to_zoned(self.zone.clone()).ok()?.timestamp();
                    // A time that the clock skips is taken at the one after it, and only once.
                    if at > after {
                        return u64::try_from(at.as_millisecond()).ok();
                    }
                }
                day = day.checked_add(1.day()).ok()?;
            } else if has(self.months, day.month()) {
                day = day.checked_add(1.day()).ok()?;
            } else {
                day = day.first_of_month().checked_add(1.month()).ok()?;
            }
            from = jiff::civil::Time::MIN;
        }
        None
    }

    /// If both days are given, either one matches.
    fn has_day(&self, day: Date) -> bool {
        let weekday = day.weekday().to_sunday_zero_offset();
        let (of_month, of_week) = (has(self.days, day.day()), has(self.weekdays, weekday));
        if self.days & STAR != 0 || self.weekdays & STAR != 0 { of_month && of_week } else { of_month || of_week }
    }

    /// The times of a day from an hour on, in their order.
    fn times(&self, from: i8) -> impl Iterator<Item = jiff::civil::Time> {
        let of = |bits: u64, low: i8, high: i8| (low..=high).filter(move |value| has(bits, *value));
        let (minutes, seconds) = (self.minutes, self.seconds);
        let of_hour = move |hour| of(minutes, 0, 59).map(move |minute| (hour, minute));
        let clock = of(self.hours, from, 23).flat_map(of_hour);
        let clock = clock.flat_map(move |(hour, minute)| of(seconds, 0, 59).map(move |second| (hour, minute, second)));
        clock.filter_map(|(hour, minute, second)| jiff::civil::Time::new(hour, minute, second, 0).ok())
    }
}

fn has(bits: u64, value: i8) -> bool {
    bits & (1 << value) != 0
}

/// A list of ranges; empty ones between commas are passed over, as there.
fn field(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let ranges = text.split(',').filter(|range| !range.is_empty());
    ranges.map(|range| self::range(range, bounds)).try_fold(0, |all, one| one.map(|one| all | one))
}

fn range(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let mut parts = text.split('/');
    let (span, step) = (parts.next().unwrap_or_default(), parts.next());
    if parts.next().is_some() {
        return Err("it has more than one slash".to_owned());
    }
    let mut ends = span.split('-');
    let (first, second) = (ends.next().unwrap_or_default(), ends.next());
    let star = matches!(first, "*" | "?");
    let (low, mut high) = match second {
        _ if star => (bounds.low, bounds.high),
        _ if ends.next().is_some() => return Err("it has more than one hyphen".to_owned()),
        None => (value(first, bounds)?, value(first, bounds)?),
        Some(second) => (value(first, bounds)?, value(second, bounds)?),
    };
    let step = step.map(number).transpose()?;
    if step.is_some() && second.is_none() {
        high = bounds.high;
    }
    if low < bounds.low || high > bounds.high {
        return Err(format!("it must be {} to {}", bounds.low, bounds.high));
    }
    if low > high {
        return Err(format!("the range begins with {low}, after its end {high}"));
    }
    let step = match step {
        Some(0) => return Err("the step is 0".to_owned()),
        step => step.unwrap_or(1),
    };
    let steps = (low..=high).step_by(usize::try_from(step).unwrap_or(usize::MAX));
    let extra = if star && step == 1 { STAR } else { 0 };
    Ok(steps.fold(extra, |bits, value| bits | 1 << value))
}

fn value(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let named = bounds.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    match named.and_then(|at| u32::try_from(at).ok()) {
        Some(at) => Ok(bounds.low + at),
        None => number(text),
    }
}

/// Go also accepts a plus before a number.
fn number(text: &str) -> Result<u32, String> {
    text.parse::<u32>().map_err(|_| format!("{text:?} is not a number"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// `expression<TAB>time after 2026-01-01T00:00:00Z, or what it is refused for`, one a line.
    const TABLE: &str = include_str!("cron.tsv");

    #[test]
    fn expressions_are_taken_and_refused_as_by_dapr() {
        let start = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
        let mut lines = 0;
        for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
            let (text, expected) = line.split_once('\t').unwrap();
            let next = Cron::parse(text).map(|cron| cron.next(u64::try_from(start.as_millisecond()).unwrap()));
            let seen = match &next {
                Ok(Some(at)) => Timestamp::from_millisecond(i64::try_from(*at).unwrap()).unwrap().to_string(),
                Ok(None) => "never".to_owned(),
                Err(_) => "refused".to_owned(),
            };
            assert_eq!(seen, expected, "{text}: {next:?}");
            lines += 1;
        }
        assert!(lines > 60, "{lines}");
    }

    #[test]
    fn a_time_zone_has_summer_time() {
        let berlin = Cron::parse("CRON_TZ=Europe/Berlin 0 30 2 * * *").unwrap();
        let at = |text: &str| {
            let after = text.parse::<Timestamp>().unwrap().as_millisecond();
            let next = berlin.next(u64::try_from(after).unwrap()).unwrap();
            Timestamp::from_millisecond(i64::try_from(next).unwrap()).unwrap().to_string()
        };
        assert_eq!(at("2026-01-10T12:00:00Z"), "2026-01-11T01:30:00Z");
        assert_eq!(at("2026-07-10T12:00:00Z"), "2026-07-11T00:30:00Z");
        // 02:30 does not exist on that day; 03:30 stands in for it.
        assert_eq!(at("2026-03-28T12:00:00Z"), "2026-03-29T01:30:00Z");
        assert_eq!(at("2026-03-29T01:30:00Z"), "2026-03-30T00:30:00Z");
        assert!(Cron::parse("TZ=Nowhere/Town 0 0 0 * * *").is_err_and(|e| e.contains("Nowhere/Town")));
    }
}
