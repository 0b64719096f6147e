//! Lines and columns of faults in a source, and the way back from rewritten code.
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use swc_common::{SourceFile, Span};

/// A source that cannot be a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceError {
    /// What is wrong, and how to change it.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// The line with a mark under the place.
    pub frame: String,
}

/// Finds positions in a source.
pub struct Positions<'a>(pub &'a SourceFile);

impl Positions<'_> {
    /// The offset of a span's start in the source, bytes.
    pub fn offset(&self, span: Span) -> usize {
        (span.lo.0.saturating_sub(self.0.start_pos.0) as usize).min(self.0.src.len())
    }

    /// The offset of its end.
    pub fn end(&self, span: Span) -> usize {
        (span.hi.0.saturating_sub(self.0.start_pos.0) as usize).min(self.0.src.len())
    }

    /// The line of a span's start, from 1.
    pub fn line(&self, span: Span) -> usize {
        self.before(span).matches('\n').count() + 1
    }

    /// A fault at a span's start.
    pub fn fault(&self, span: Span, message: String) -> SourceError {
        let line = self.line(span);
        let column = self.before(span).rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        SourceError { message, line, column, frame: frame(&self.0.src, line, column) }
    }

    fn before(&self, span: Span) -> &str {
        self.0.src.get(..self.offset(span)).unwrap_or_default()
    }
}

/// The line and the one before it, numbered, with a mark under the column.
pub fn frame(source: &str, line: usize, column: usize) -> String {
    const WIDTH: usize = 160;
    let mut text = String::new();
    for (index, content) in source.lines().enumerate().skip(line.saturating_sub(2)).take(if line > 1 { 2 } else { 1 }) {
        let content: String = content.chars().take(WIDTH).collect();
        text.push_str(&format!("{:>4} | {content}\n", index + 1));
    }
    if column <= WIDTH {
        text.push_str(&format!("     | {}^", " ".repeat(column.saturating_sub(1))));
    }
    text
}

/// Maps lines of rewritten code to lines of the source.
#[derive(Debug)]
pub struct LineMap(swc_sourcemap::SourceMap);

impl LineMap {
    /// Reads a source map, version 3.
    pub fn new(map: &str) -> Option<LineMap> {
        swc_sourcemap::SourceMap::from_slice(map.as_bytes()).ok().map(LineMap)
    }

    /// The line and column in the source (both from 1) of a position in the code.
    pub fn source(&self, line: u32, column: u32) -> Option<(u32, u32)> {
        let token = self.0.lookup_token(line.checked_sub(1)?, column.saturating_sub(1))?;
        Some((token.get_src_line() + 1, token.get_src_col() + 1))
    }

    /// The same for a text that may have stack frames in it, such as a logged error: lines like `at f (file:3:14)`.
    pub fn text<'a>(&self, text: &'a str, file: &str) -> Cow<'a, str> {
        let is_frame = |line: &str| line.trim_start().starts_with("at ");
        if !text.lines().any(is_frame) {
            return Cow::Borrowed(text);
        }
        let lines = text.split_inclusive('\n');
        let led_back = |line: &str| is_frame(line).then(|| self.frame(line, file)).flatten();
        lines.map(|line| led_back(line).unwrap_or_else(|| line.to_owned())).collect::<String>().into()
    }

    fn frame(&self, frame: &str, file: &str) -> Option<String> {
        let start = frame.rfind(&format!("{file}:")).filter(|start| frame[..*start].ends_with([' ', '(']))?;
        let place = start + file.len() + 1;
        let (line, rest) = frame.get(place..)?.split_once(':')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (column, rest) = rest.split_at(end);
        let (line, column) = self.source(line.parse().ok()?, column.parse().ok()?)?;
        Some(format!("{}{line}:{column}{rest}", &frame[..place]))
    }
}
