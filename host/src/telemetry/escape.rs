//! Characters that could forge or hide a line of the log are written as escapes.
//!
//! Source of the bidirectional controls: Boucher and Anderson, "Trojan Source", 2021; of the line breaks: Unicode, UAX #14.
use std::borrow::Cow;
use std::fmt::Write;

/// One line of `text`: line breaks, control characters and bidirectional controls are escaped. `colours` lets the subscriber's own
/// colour sequences (`ESC [ … m`) through; the subscriber escapes those in messages and fields itself.
pub fn line(text: &str, colours: bool) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = colour(rest).filter(|_| colours).unwrap_or_default();
        if length > 0 {
            escaped.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        match character {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            character if is_unsafe(character) => {
                let _never_fails = write!(escaped, "\\u{{{:x}}}", u32::from(character));
            }
            character => escaped.push(character),
        }
        rest = &rest[character.len_utf8()..];
    }
    Cow::Owned(escaped)
}

/// The length of the colour sequence that `text` begins with.
fn colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters[end..].starts_with('m').then_some(2 + end + 1)
}

fn is_unsafe(character: char) -> bool {
    // A tab does not break a line.
    (character.is_control() && character != '\t')
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_is_one_line() {
        for (text, escaped) in [
            ("plain text\twith a tab, ä, 漢, 🙂", "plain text\twith a tab, ä, 漢, 🙂"),
            ("a\n2026-11-30T00:00:00Z  INFO daplet_host: forged", "a\\n2026-11-30T00:00:00Z  INFO daplet_host: forged"),
            ("a\r\nb", "a\\r\\nb"),
            ("\u{85}\u{2028}\u{2029}\u{b}\u{c}", "\\u{85}\\u{2028}\\u{2029}\\u{b}\\u{c}"),
            ("\x1b[2J\x1b[31mred\x08\x7f\0", "\\u{1b}[2J\\u{1b}[31mred\\u{8}\\u{7f}\\u{0}"),
            ("\u{202e}txet\u{2066}\u{200f}\u{feff}", "\\u{202e}txet\\u{2066}\\u{200f}\\u{feff}"),
        ] {
            assert_eq!(line(text, false), escaped);
        }
    }

    #[test]
    fn colours_of_a_terminal_pass() {
        assert_eq!(line("\x1b[2m12:00\x1b[0m a\nb", true), "\x1b[2m12:00\x1b[0m a\\nb");
        assert_eq!(line("\x1b[2J\x1b]0;title\x07", true), "\\u{1b}[2J\\u{1b}]0;title\\u{7}");
    }
}
