//! Parsing `multipart/form-data` as browsers write it (RFC 7578; HTML Standard §4.10.22.7). `memchr` finds boundaries and `httparse` reads
//! the headers of a part. A quotation mark in a name stands as `%22`; a backslash escapes nothing.
use memchr::memmem::Finder;
use std::ops::Range;

/// Headers that one part may have.
const MAX_HEADERS: usize = 16;

/// One entry of a form.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// `None` for a text.
    pub filename: Option<String>,
    /// `text/plain` where the part has none.
    pub content_type: String,
    /// Where its content stands.
    pub content: Range<usize>,
}

/// The parts of a body, or what is wrong with it.
pub fn parse(bytes: &[u8], boundary: &str) -> Result<Vec<Part>, &'static str> {
    let delimiter = format!("\r\n--{boundary}");
    let finder = Finder::new(&delimiter);
    // The first delimiter may stand at the very beginning, without its line break.
    let mut at = match bytes.strip_prefix(&delimiter.as_bytes()[2..]) {
        Some(_) => delimiter.len() - 2,
        None => finder.find(bytes).ok_or("the boundary of the content type is not in it")? + delimiter.len(),
    };
    let mut parts = Vec::new();
    loop {
        let rest = &bytes[at..];
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        // RFC 2046 allows white space after a boundary.
        let padding = rest.iter().take_while(|byte| b" \t".contains(byte)).count();
        let rest = rest[padding..].strip_prefix(b"\r\n").ok_or("a boundary is not followed by a line break")?;
        let start = bytes.len() - rest.len();
        let (headers, length) = Headers::read(rest)?;
        let content = start + length;
        // The line break before the delimiter may be the one that ends the headers of an empty part.
        let found = finder.find(&bytes[content - 2..]).ok_or("the last boundary is missing")?;
        let end = (content - 2 + found).max(content);
        parts.push(headers.part(content..end));
        at = content - 2 + found + delimiter.len();
    }
}

/// What the headers of a part say.
struct Headers {
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
}

impl Headers {
    /// The headers at the beginning of `bytes`, and their length with the empty line.
    fn read(bytes: &[u8]) -> Result<(Headers, usize), &'static str> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let (length, headers) = match httparse::parse_headers(bytes, &mut headers) {
            Ok(httparse::Status::Complete(read)) => read,
            Ok(httparse::Status::Partial) => return Err("the headers of a part have no end"),
            Err(httparse::Error::TooManyHeaders) => return Err("a part has more than 16 headers"),
            Err(_) => return Err("a header of a part is malformed"),
        };
        let value = |name: &str| headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value);
        let disposition = value("content-disposition").ok_or("a part has no Content-Disposition")?;
        let parameters = parameters(disposition).ok_or("a part's Content-Disposition is not form-data")?;
        let parameter = |name: &str| parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
        let name = parameter("name").ok_or("a part has no name")?;
        let content_type = value("content-type").map(|value| String::from_utf8_lossy(value).trim().to_owned());
        Ok((Headers { name, filename: parameter("filename"), content_type }, length))
    }

    fn part(self, content: Range<usize>) -> Part {
        let Headers { name, filename, content_type } = self;
        Part { name, filename, content_type: content_type.unwrap_or_else(|| "text/plain".to_owned()), content }
    }
}

/// Names, in lower case, and values after `form-data`; `None` when it does not begin with that word.
fn parameters(value: &[u8]) -> Option<Vec<(String, String)>> {
    let (kind, mut rest) = cut(value, b';');
    if !kind.trim_ascii().eq_ignore_ascii_case(b"form-data") {
        return None;
    }
    let mut list = Vec::new();
    while !rest.trim_ascii().is_empty() {
        let (name, after) = cut(rest, b'=');
        let quoted = after.trim_ascii_start().strip_prefix(b"\"");
        let (value, after) = match quoted {
            Some(quoted) => {
                let (value, after) = cut(quoted, b'"');
                (value, cut(after, b';').1)
            }
            None => {
                let (value, after) = cut(after, b';');
                (value.trim_ascii(), after)
            }
        };
        list.push((String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase(), unescaped(value)));
        rest = after;
    }
    Some(list)
}

/// What stands before the first `byte`, and what after it.
fn cut(bytes: &[u8], byte: u8) -> (&[u8], &[u8]) {
    match memchr::memchr(byte, bytes) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

/// Names are UTF-8; line breaks and quotation marks in them are escaped.
fn unescaped(value: &[u8]) -> String {
    String::from_utf8_lossy(value).replace("%0A", "\n").replace("%0D", "\r").replace("%22", "\"")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Name, file name, content type and content.
    type Seen = (String, Option<String>, String, String);

    fn seen(body: &str) -> Result<Vec<Seen>, &'static str> {
        let parts = parse(body.as_bytes(), "B")?;
        Ok(parts.into_iter().map(|p| (p.name, p.filename, p.content_type, body[p.content].to_owned())).collect())
    }

    fn entry(name: &str, filename: Option<&str>, kind: &str, content: &str) -> Seen {
        (name.to_owned(), filename.map(str::to_owned), kind.to_owned(), content.to_owned())
    }

    #[test]
    fn forms_are_read() {
        let field = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
        let cases = [
            ("--B--".to_owned(), vec![]),
            (format!("--B\r\n{field}1\r\n--B--\r\n"), vec![entry("a", None, "text/plain", "1")]),
            (format!("before\r\n--B \t\r\n{field}\r\n--B--after"), vec![entry("a", None, "text/plain", "")]),
            (format!("--B\r\n{field}--B--"), vec![entry("a", None, "text/plain", "")]),
            (
                format!(
                    "--B\r\n{field}1\r\n--B\r\ncontent-type: image/png\r\ncontent-disposition: FORM-DATA; filename=\"q%22;\\.png\"; name=ü\r\n\r\n\0\r\n--B--"
                ),
                vec![entry("a", None, "text/plain", "1"), entry("ü", Some("q\";\\.png"), "image/png", "\0")],
            ),
        ];
        for (body, wanted) in cases {
            assert_eq!(seen(&body), Ok(wanted), "{body:?}");
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let field = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
        let many = "x: y\r\n".repeat(17);
        let cases = [
            (String::new(), "the boundary of the content type is not in it"),
            ("--B".to_owned(), "a boundary is not followed by a line break"),
            ("--B\r\n".to_owned(), "the headers of a part have no end"),
            (format!("--B\r\n{field}1"), "the last boundary is missing"),
            ("--B\r\nx: y\r\n\r\n\r\n--B--".to_owned(), "a part has no Content-Disposition"),
            (
                "--B\r\ncontent-disposition: attachment; name=a\r\n\r\n\r\n--B--".to_owned(),
                "a part's Content-Disposition is not form-data",
            ),
            ("--B\r\ncontent-disposition: form-data\r\n\r\n\r\n--B--".to_owned(), "a part has no name"),
            ("--B\r\nno header\r\n\r\n\r\n--B--".to_owned(), "a header of a part is malformed"),
            (format!("--B\r\n{many}\r\n--B--"), "a part has more than 16 headers"),
        ];
        for (body, problem) in cases {
            assert_eq!(seen(&body), Err(problem), "{body:?}");
        }
    }
}
