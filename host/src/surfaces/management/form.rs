//! The forms of an upload: a source alone, or everything in JSON.
//!
//! Owns: what a body means for a media type, and what it takes from the live version. Must not know: how a function is
//! deployed.
use crate::blocks::grants::Grants;
use crate::code::Code;
use crate::functions::source::Language;
use crate::functions::{FunctionName, Record, Upload};
use crate::http::ApiError;
use crate::limits::Limits;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The two forms of an upload.
pub enum MediaType {
    /// Everything in one JSON object.
    Json,
    /// The source alone, and its language where the media type tells.
    Source(Option<Language>),
}

/// The form that an upload's headers announce.
pub fn media_type(headers: &HeaderMap) -> Result<MediaType, ApiError> {
    let value = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => Ok(MediaType::Json),
        "application/typescript" | "text/typescript" | "application/x-typescript" => {
            Ok(MediaType::Source(Some(Language::TypeScript)))
        }
        "application/javascript" | "text/javascript" | "application/ecmascript" | "application/x-javascript" => {
            Ok(MediaType::Source(Some(Language::JavaScript)))
        }
        // Also what any web page may send without asking first: text/plain, the types of forms, and nothing at all.
        other => {
            let said = if other.is_empty() {
                "the upload has no content-type".to_owned()
            } else {
                format!("{other:?} is not a media type of a function")
            };
            let detail = format!(
                "{said}; send the source with `content-type: text/javascript` or `text/typescript`, or the whole upload with `application/json`"
            );
            Err(ApiError::new(Code::UnsupportedMediaType, detail))
        }
    }
}

/// An upload's body.
pub struct Parsed {
    /// The name that it gives itself.
    pub name: Option<String>,
    /// The rest, under a placeholder's name.
    pub upload: Upload,
    /// What it takes from the live version.
    pub keep: Keep,
}

/// What an upload takes from the version that is live.
pub enum Keep {
    /// Limits, env and grants: a source alone does not mention them, and must not lift a restriction silently.
    Settings,
    /// The values of these variables of `env`.
    Values(Vec<String>),
}

impl Keep {
    /// Completes the upload.
    pub fn apply(self, upload: &mut Upload, live: Option<&Record>) -> Result<(), ApiError> {
        match (self, live) {
            (Keep::Settings, Some(live)) => {
                let Record { limits, env, grants, .. } = live;
                (upload.limits, upload.env, upload.grants) = (limits.clone(), env.clone(), grants.clone());
            }
            (Keep::Settings, None) => {}
            (Keep::Values(names), live) => {
                for name in names {
                    let value = live.and_then(|live| live.env.get(&name)).ok_or_else(|| {
                        ApiError::bad_request(format!(
                            "env.{name} is null, which keeps its value, but the live version has none"
                        ))
                    })?;
                    upload.env.insert(name, value.clone());
                }
            }
        }
        Ok(())
    }
}

/// The JSON form of an upload.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UploadBody {
    name: Option<String>,
    source: String,
    language: Option<Language>,
    limits: Option<Value>,
    /// `null` keeps the value that the live version has.
    #[serde(default)]
    env: BTreeMap<String, Option<String>>,
    #[serde(default)]
    grants: Grants,
    /// From here on: members of the answer to `GET /functions/N` that an upload cannot set. They are accepted so that the
    /// answer can be sent back.
    #[serde(default, rename = "version")]
    _version: IgnoredAny,
    #[serde(default, rename = "url")]
    _url: IgnoredAny,
    #[serde(default, rename = "handlers")]
    _handlers: IgnoredAny,
    #[serde(default, rename = "subscriptions")]
    _subscriptions: IgnoredAny,
    #[serde(default, rename = "schedules")]
    _schedules: IgnoredAny,
    #[serde(default, rename = "actors")]
    _actors: IgnoredAny,
    #[serde(default, rename = "bindings")]
    _bindings: IgnoredAny,
    #[serde(default, rename = "configuration")]
    _configuration: IgnoredAny,
    #[serde(default, rename = "initMs")]
    _init_ms: IgnoredAny,
    #[serde(default, rename = "snapshotBytes")]
    _snapshot_bytes: IgnoredAny,
    #[serde(default, rename = "created")]
    _created: IgnoredAny,
    #[serde(default, rename = "updated")]
    _updated: IgnoredAny,
    #[serde(default, rename = "warnings")]
    _warnings: IgnoredAny,
}

/// Reads an upload's body. `defaults` are for limits that it does not set.
pub fn parse(media_type: MediaType, defaults: &Limits, body: &[u8]) -> Result<Parsed, ApiError> {
    match media_type {
        MediaType::Json => from_json(defaults, body),
        MediaType::Source(language) => {
            Ok(Parsed { name: None, upload: from_source(defaults, body, language)?, keep: Keep::Settings })
        }
    }
}

fn from_source(defaults: &Limits, body: &[u8], language: Option<Language>) -> Result<Upload, ApiError> {
    let source =
        std::str::from_utf8(body).map_err(|e| ApiError::bad_request(format!("the source is not UTF-8: {e}")))?;
    Ok(Upload {
        name: placeholder()?,
        source: source.to_owned(),
        language,
        limits: defaults.clone(),
        env: BTreeMap::new(),
        grants: Grants::default(),
    })
}

/// Replaced as soon as the name is known.
fn placeholder() -> Result<FunctionName, ApiError> {
    FunctionName::new("unnamed").map_err(|e| ApiError::bad_request(e.to_string()))
}

fn from_json(defaults: &Limits, body: &[u8]) -> Result<Parsed, ApiError> {
    let body: UploadBody =
        serde_json::from_slice(body).map_err(|e| ApiError::bad_request(format!("the upload's JSON: {e}")))?;
    let limits = match body.limits {
        None | Some(Value::Null) => defaults.clone(),
        Some(given) => {
            // What is not given keeps the configured default.
            let mut all = json!(defaults);
            if let (Value::Object(all), Value::Object(given)) = (&mut all, given.clone()) {
                all.extend(given);
            }
            serde_json::from_value(all).map_err(|e| ApiError::bad_request(format!("limits: {e}")))?
        }
    };
    limits.check().map_err(|e| {
        ApiError::bad_request(format!("limits.{e}")).with("limit", json!(e.name)).with("value", json!(e.value))
    })?;
    body.grants.check().map_err(|e| ApiError::bad_request(format!("grants.{e}")))?;
    let kept = body.env.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name.clone()).collect();
    let upload = Upload {
        name: placeholder()?,
        source: body.source,
        language: body.language,
        limits,
        env: body.env.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        grants: body.grants,
    };
    Ok(Parsed { name: body.name, upload, keep: Keep::Values(kept) })
}
