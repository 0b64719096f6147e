//! Uploads, up to what the guest would be given. Input: a line with the content type, then the body. Sources that the server
//! leaves to another process are left out: `tests/e2e/nesting.rs` has those.
use crate::line;
use axum::http::{HeaderMap, HeaderValue, header};
use daplet_host::functions::FunctionName;
use daplet_host::functions::source::{LineMap, check};
use daplet_host::limits::Limits;
use daplet_host::surfaces::management::form::{media_type, parse};

/// Longest source that is parsed here, in the fuzzer's own process, bytes.
const SHORT: usize = 2 << 10;

/// An upload is refused in words, or becomes JavaScript whose lines lead back to the source.
pub fn upload(input: &[u8]) {
    let (content_type, body) = line(input);
    let Ok(content_type) = HeaderValue::from_bytes(content_type) else { return };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, content_type);
    let Ok(media_type) = media_type(&headers) else { return };
    let Ok(parsed) = parse(media_type, &Limits::default(), body) else { return };
    let upload = parsed.upload;
    if let Some(Err(error)) = parsed.name.as_deref().map(FunctionName::new) {
        assert!(!error.to_string().is_empty());
    }
    upload.limits.check().unwrap();
    if upload.source.len() > SHORT {
        return;
    }
    match check(&upload.source, upload.language, "f.js") {
        Err(error) => {
            assert!(!error.message.is_empty());
            let lines = upload.source.lines().count().max(1) + 1;
            assert!((1..=lines).contains(&error.line) && error.column >= 1, "{error:?}");
        }
        Ok(checked) => match (checked.code, checked.map) {
            (Some(code), Some(map)) => {
                let map = LineMap::new(&map).unwrap();
                for (index, _) in code.lines().enumerate().take(50) {
                    let _somewhere_or_nowhere = map.source(index as u32 + 1, 1);
                }
            }
            // Positions are the same: so must be the lines.
            (Some(code), None) => assert_eq!(code.lines().count(), upload.source.lines().count()),
            (None, map) => assert!(map.is_none()),
        },
    }
}
