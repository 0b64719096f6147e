//! When a reminder or a timer is due, in Dapr's words: `dueTime`, `period`, `ttl`.
use crate::blocks::jobs::schedule::{duration, go};
use serde::{Deserialize, Serialize};

/// When it happens. Texts that are empty are as good as none: clients send them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct When {
    /// The first time: a time (RFC 3339), or a duration from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_time: Option<String>,
    /// How often from then on: a duration, or `R5/PT10S` for five times in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// When it is over: a time, or a duration from the first time on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
}

/// An empty string counts as absent.
pub fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// A period in Dapr's words: every so many ms, and how often in all. None where nothing repeats.
pub fn period(text: &str) -> Result<Option<(u64, Option<u32>)>, String> {
    let wrong = || {
        format!(
            "period is {text:?}, but must be a duration (1h30m, PT1H30M), or R5/PT10S for five times ten seconds apart"
        )
    };
    let (repeats, every) = match text.strip_prefix('R') {
        None => (None, text),
        Some(rest) => {
            let (count, every) = rest.split_once('/').ok_or_else(wrong)?;
            (Some(count.parse::<u32>().ok().filter(|count| *count > 0).ok_or_else(wrong)?), every)
        }
    };
    let ms = duration("period", every).map_err(|_| wrong())?;
    Ok((ms > 0).then_some((ms, repeats)))
}

impl When {
    /// The period that a function asks for, `@every 1h` and `repeats` beside it allowed, in words that every sidecar knows.
    pub fn normal(self, repeats: Option<u32>) -> Result<When, String> {
        let text = given(self.period.as_ref());
        let asked = text.map(|text| period(text.strip_prefix("@every ").unwrap_or(text))).transpose()?.flatten();
        let Some((ms, within)) = asked else {
            return match repeats {
                Some(repeats) => Err(format!("repeats is {repeats}, but there is no period")),
                None => Ok(When { period: None, ..self }),
            };
        };
        if let (Some(within), Some(repeats)) = (within, repeats) {
            return Err(format!("repeats is {repeats}, but the period says {within} times already"));
        }
        let period = match within.or(repeats) {
            Some(0) => return Err("repeats is 0, but must be 1 or more".to_owned()),
            Some(_) if ms % 1_000 != 0 => {
                return Err(format!(
                    "with repeats, period must be whole seconds, not {}: Dapr writes R5/PT10S",
                    go(ms)
                ));
            }
            Some(count) => format!("R{count}/PT{}S", ms / 1_000),
            None => go(ms),
        };
        Ok(When { period: Some(period), ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_dapr_s_forms() {
        for (text, expected) in [
            ("10s", Some((10_000, None))),
            ("PT10S", Some((10_000, None))),
            ("R5/PT10S", Some((5_000 * 2, Some(5)))),
            ("0h9m0s0ms", Some((540_000, None))),
            ("0s", None),
        ] {
            assert_eq!(period(text), Ok(expected), "{text}");
        }
        for wrong in ["R5", "R0/PT1S", "R/PT1S", "R5/", "soon", "-1s", "@daily", "* * * * * *"] {
            assert!(period(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn functions_say_periods_in_more_ways() {
        let normal = |period: &str, repeats| {
            let when = When { period: Some(period.to_owned()), ..When::default() };
            when.normal(repeats).map(|when| when.period)
        };
        for (period, repeats, expected) in [
            ("@every 1h", None, Some("1h0m0s")),
            ("1h30m", None, Some("1h30m0s")),
            ("1500ms", None, Some("1.5s")),
            ("1m", Some(3), Some("R3/PT60S")),
            ("R5/PT10S", None, Some("R5/PT10S")),
            ("", None, None),
        ] {
            assert_eq!(normal(period, repeats), Ok(expected.map(str::to_owned)), "{period} {repeats:?}");
        }
        for (period, repeats) in [("1500ms", Some(2)), ("R5/PT1S", Some(2)), ("1s", Some(0)), ("", Some(2))] {
            assert!(normal(period, repeats).is_err(), "{period} {repeats:?}");
        }
    }
}
