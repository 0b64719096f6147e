//! When a job runs: Dapr's words for points in time and for what repeats.
//!
//! Owns: their parsing; that of cron expressions is [`super::cron`]'s. Durations are Go's (`1h30m`) or ISO 8601's (`PT1H30M`). Pure
//! functions over milliseconds since the epoch.
use super::cron::Cron;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

/// What repeats.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// `@every 1h30m`, in milliseconds.
    Every(u64),
    /// A cron expression, `@daily` and its like included.
    Cron(Box<Cron>),
}

impl Schedule {
    pub fn parse(text: &str) -> Result<Schedule, String> {
        if let Some(every) = text.strip_prefix("@every ") {
            return match span_ms(every.trim(), 0) {
                Some(ms) if ms > 0 => Ok(Schedule::Every(ms)),
                _ => Err(format!("schedule is {text:?}; after @every stands a duration above 0, such as 1h30m")),
            };
        }
        Cron::parse(text).map(|cron| Schedule::Cron(Box::new(cron))).map_err(|e| {
            format!("schedule is {text:?}: {e}; it is a cron expression of six fields (second minute hour day month weekday 0-6), \"@every 1h30m\", or @hourly, @daily, @midnight, @weekly, @monthly, @yearly")
        })
    }

    /// The first time after `after` (ms since the epoch); `None` if there is no further one.
    pub fn next(&self, after: u64) -> Option<u64> {
        match self {
            Schedule::Every(ms) => after.checked_add(*ms),
            Schedule::Cron(cron) => cron.next(after),
        }
    }

    /// The first time after `now` in the rhythm of `planned`; missed runs are not repeated.
    pub fn following(&self, planned: u64, now: u64) -> Option<u64> {
        match self {
            Schedule::Every(ms) => {
                let missed = now.saturating_sub(planned) / ms;
                planned.checked_add(ms.checked_mul(missed + 1)?)
            }
            Schedule::Cron(_) => self.next(now.max(planned)),
        }
    }
}

/// `1h30m0s`, as Go writes a duration.
pub fn go(ms: u64) -> String {
    let (seconds, rest) = (ms / 1_000, ms % 1_000);
    if seconds == 0 {
        return if rest == 0 { "0s".to_owned() } else { format!("{rest}ms") };
    }
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}").trim_end_matches('0').to_owned() };
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}{fraction}s"),
        (0, _) => format!("{minutes}m{seconds}{fraction}s"),
        _ => format!("{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

fn zoned(ms: u64) -> Option<Zoned> {
    let at = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
    Some(at.to_zoned(TimeZone::UTC))
}

/// A duration from `now` on, ms.
fn span_ms(text: &str, now: u64) -> Option<u64> {
    let from = zoned(now)?;
    let span: Span = text.parse().ok()?;
    let to = from.checked_add(span).ok()?;
    u64::try_from(to.timestamp().as_millisecond()).ok()?.checked_sub(now)
}

/// A point in time: RFC 3339, or a duration from `now` on.
pub fn instant(field: &str, text: &str, now: u64) -> Result<u64, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(u64::try_from(at.as_millisecond()).unwrap_or(0));
    }
    span_ms(text, now)
        .and_then(|ms| now.checked_add(ms))
        .ok_or_else(|| format!("{field} is {text:?}, but must be a time (RFC 3339) or a duration (1h30m, PT1H30M)"))
}

/// A duration, ms.
pub fn duration(field: &str, text: &str) -> Result<u64, String> {
    span_ms(text, 0).ok_or_else(|| format!("{field} is {text:?}, but must be a duration (1h30m, PT1H30M)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:00Z
    const NEW_YEAR: u64 = 1_767_225_600_000;

    #[test]
    fn schedules_say_when() {
        let next =
            |text: &str| Schedule::parse(text).ok().and_then(|s| s.next(NEW_YEAR)).map(|at| (at - NEW_YEAR) / 1000);
        assert_eq!(next("@every 1h30m"), Some(5_400));
        assert_eq!(next("@every 500ms"), Some(0));
        assert_eq!(next("*/10 * * * * *"), Some(10));
        assert_eq!(next("*/5 * * * *"), Some(300));
        assert_eq!(next("0 30 12 * * *"), Some(45_000));
        assert_eq!(next("@hourly"), Some(3_600));
        assert_eq!(next("@daily"), Some(86_400));
        for wrong in ["", "@every", "@every 0s", "@every soon", "61 * * * * *", "* * *", "0 0 0 * * 7", "@reboot"] {
            assert!(Schedule::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_was_missed_is_not_made_up_for() {
        let every = Schedule::Every(1_000);
        assert_eq!([0, 999, 1_000, 3_500].map(|now| every.following(0, now)), [1_000, 1_000, 2_000, 4_000].map(Some));
        let daily = Schedule::parse("@daily").ok().and_then(|daily| daily.following(NEW_YEAR, NEW_YEAR + 90_000_000));
        assert_eq!(daily, Some(NEW_YEAR + 2 * 86_400_000));
    }

    #[test]
    fn durations_as_go_writes_them() {
        let written = [0, 7, 1_000, 1_500, 61_000, 3_600_000, 5_400_250].map(go);
        assert_eq!(written, ["0s", "7ms", "1s", "1.5s", "1m1s", "1h0m0s", "1h30m0.25s"]);
    }

    #[test]
    fn points_in_time_and_durations() {
        let at = |text: &str| instant("dueTime", text, NEW_YEAR).ok().map(|at| at - NEW_YEAR);
        assert_eq!(at("2026-01-01T00:00:01Z"), Some(1_000));
        assert_eq!(at("90s"), Some(90_000));
        assert_eq!(at("1h30m"), Some(5_400_000));
        assert_eq!(at("PT1M"), Some(60_000));
        assert_eq!(at("P1D"), Some(86_400_000));
        assert_eq!(at("soon"), None);
    }
}
