//! The codec behind atob and btoa: "forgiving base64" of the Infra Standard, on the base64 crate.
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rquickjs::function::Func;
use rquickjs::{Object, Result};

/// Padding may be missing and spare bits may be set, as the Infra Standard allows.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub fn natives(natives: &Object<'_>) -> Result<()> {
    natives.set("btoa", Func::from(encode))?;
    natives.set("atob", Func::from(decode))
}

/// Base64 of a binary string; null when a character is above U+00FF.
fn encode(binary: String) -> Option<String> {
    let bytes: Option<Vec<u8>> = binary.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    Some(FORGIVING.encode(bytes?))
}

/// The binary string behind forgiving base64; null when it is malformed.
fn decode(text: String) -> Option<String> {
    let mut text: String = text.chars().filter(|c| !matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')).collect();
    if text.len().is_multiple_of(4) {
        for _ in 0..2 {
            if text.ends_with('=') {
                text.pop();
            }
        }
    }
    if text.contains('=') {
        return None;
    }
    Some(FORGIVING.decode(text).ok()?.into_iter().map(char::from).collect())
}
