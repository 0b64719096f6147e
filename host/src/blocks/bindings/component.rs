//! Bindings in Dapr's component files.
use super::embedded::Target;
use crate::blocks::call::truthy;
use crate::blocks::jobs::schedule::{Schedule, duration};
use crate::components::{Block, Components, INPUT, Made, Making, OUTPUT, Properties, Type};
use crate::config::{BINDING_RESPONSE_BYTES, BINDING_TIMEOUT_MS, binding_url};
use crate::headers::is_reserved;
use reqwest::header::{HeaderName, HeaderValue};
use std::time::Duration;

const HTTP: &[&str] = &[
    "url",
    "responseTimeout",
    "maxResponseBodySize",
    "securityToken",
    "securityTokenHeader",
    "errorIfNot2XX",
    "direction",
];
/// `route` is for a sidecar: it is the path that it calls.
const CRON: &[&str] = &["schedule", "direction", "route"];

/// The supported types.
pub const TYPES: &[Type] = &[
    Type { name: "bindings.http", block: Block::Binding, fields: HTTP, default: None, make: http },
    Type { name: "bindings.cron", block: Block::Binding, fields: CRON, default: None, make: cron },
];

fn http(components: &mut Components, making: &Making<'_>) -> Made {
    direction(making.properties, "output")?;
    components.targets.insert(making.name.to_owned(), target(making.properties)?);
    Ok(vec![OUTPUT])
}

fn cron(components: &mut Components, making: &Making<'_>) -> Made {
    direction(making.properties, "input")?;
    let schedule = Schedule::parse(making.properties.required("schedule")?)?;
    components.schedules.insert(making.name.to_owned(), schedule);
    Ok(vec![INPUT])
}

fn direction(properties: &Properties, own: &str) -> Result<(), String> {
    match properties.get("direction") {
        Some(said) if !said.split(',').any(|said| said.trim().eq_ignore_ascii_case(own)) => {
            Err(format!("direction is {said:?}, but a binding of this type is {own}"))
        }
        _ => Ok(()),
    }
}

fn target(properties: &Properties) -> Result<Target, String> {
    let header = match (properties.get("securityTokenHeader"), properties.get("securityToken")) {
        (Some(name), Some(token)) => {
            let name =
                HeaderName::from_bytes(name.as_bytes()).map_err(|e| format!("securityTokenHeader is {name:?}: {e}"))?;
            if is_reserved(name.as_str()) {
                return Err(format!("securityTokenHeader is {name:?}, which only the host sets on what it sends"));
            }
            let mut token = HeaderValue::from_str(token).map_err(|e| format!("securityToken: {e}"))?;
            token.set_sensitive(true);
            Some((name, token))
        }
        _ => None,
    };
    let timeout = properties.get("responseTimeout").map(|text| duration("responseTimeout", text)).transpose()?;
    Ok(Target {
        url: binding_url(properties.required("url")?)?,
        timeout: Duration::from_millis(timeout.unwrap_or(BINDING_TIMEOUT_MS)),
        max_response_bytes: properties.get("maxResponseBodySize").map_or(Ok(BINDING_RESPONSE_BYTES), bytes)?,
        header,
        error_if_not_2xx: properties.get("errorIfNot2XX").is_none_or(truthy),
    })
}

/// A size as Kubernetes writes it: `4194304`, `4Mi`, `4M`. For Dapr, 0 and less mean no limit.
fn bytes(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, i64); 7] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("", 1),
    ];
    let parse = |(unit, bytes): &(&str, i64)| text.strip_suffix(unit)?.parse::<i64>().ok()?.checked_mul(*bytes);
    let size = UNITS.iter().find_map(parse);
    let size =
        size.ok_or_else(|| format!("maxResponseBodySize is {text:?}, but must be a size such as 100, 10Ki or 4M"))?;
    Ok(if size > 0 { usize::try_from(size).unwrap_or(usize::MAX) } else { usize::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_kubernetes() {
        assert_eq!([bytes("100"), bytes("10Ki"), bytes("1M")], [Ok(100), Ok(10_240), Ok(1_000_000)]);
        assert_eq!([bytes("0"), bytes("-1")], [Ok(usize::MAX), Ok(usize::MAX)]);
        for wrong in ["", "much", "1Mb", "9223372036854775807Gi"] {
            assert!(bytes(wrong).is_err_and(|e| e.contains(wrong)), "{wrong}");
        }
    }
}
