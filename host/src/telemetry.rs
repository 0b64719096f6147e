//! The log: where it goes, in which form, and that each line is one event whatever a function prints.
//!
//! Lines of functions have the target `function` and the fields `function` and `request_id`, and `client_request_id` where a client that is not believed names its request.
//!
//! # Layout
//! - [`escape`]: characters that could forge or hide a line
//! - [`filter`]: which targets a filter may name
mod escape;
mod filter;

use crate::config::LogFormat;
use serde_json::json;
use std::io::{self, IsTerminal, Write};
use tracing_subscriber::fmt::MakeWriter;

/// Starts the log on standard error, and sends panics to it. A filter that matches nothing is refused.
pub fn start(format: LogFormat, filter: &str) -> Result<(), String> {
    let filter = filter::parse(filter)?;
    let colours = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours && format == LogFormat::Text);
    let started = match format {
        LogFormat::Text => builder.with_writer(Lines { colours }).try_init(),
        LogFormat::Json => builder.with_writer(io::stderr).json().flatten_event(true).try_init(),
    };
    std::panic::set_hook(Box::new(|panic| tracing::error!("a thread panicked: {panic}")));
    started.map_err(|e| e.to_string())
}

/// Prints what the operator waits for, such as the addresses, to standard output.
pub fn announce(format: LogFormat, text: &str) {
    // The reader may have gone.
    let _closed = writeln!(io::stdout(), "{}", line(format, "INFO", text));
}

/// Prints why the program ends, to standard error: the log may not have been started.
pub fn last_words(format: LogFormat, text: &str) {
    let _closed = writeln!(io::stderr(), "{}", line(format, "ERROR", text));
}

fn line(format: LogFormat, level: &str, text: &str) -> String {
    match format {
        LogFormat::Text => format!("daplet: {text}"),
        LogFormat::Json => {
            let timestamp = jiff::Timestamp::now().to_string();
            json!({"timestamp": timestamp, "level": level, "message": text, "target": "daplet_host"}).to_string()
        }
    }
}

/// Standard error, on which each event is one line.
struct Lines {
    colours: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { colours: self.colours }
    }
}

/// One event: the subscriber writes it whole.
struct Line {
    colours: bool,
}

impl Write for Line {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let escaped = escape::line(text.strip_suffix('\n').unwrap_or(&text), self.colours);
        writeln!(io::stderr(), "{escaped}")?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_have_the_form_of_the_log() {
        assert_eq!(line(LogFormat::Text, "INFO", "ready"), "daplet: ready");
        let json: serde_json::Value =
            serde_json::from_str(&line(LogFormat::Json, "ERROR", "a \"quoted\"\nfault")).unwrap_or_default();
        assert_eq!((&json["level"], &json["message"]), (&"ERROR".into(), &"a \"quoted\"\nfault".into()));
    }
}
