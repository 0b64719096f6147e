//! Holds the generated files against this crate: the guest's and the SDK's `abi.ts`, and the tables of `docs/abi.md`.
//!
//! `scripts/generate-abi` writes them; without it the test only compares.
#![allow(clippy::unwrap_used)]

use crate::listing::Listed;
use crate::{EventKind, LogLevel, Status, event, exports, imports, load, names, op, reply};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use ts_rs::{Config, TS};

const HEAD: &str = "// Generated from js-runtime/abi by scripts/generate-abi. Do not edit.\n";
/// Where prettier breaks a line.
const WIDTH: usize = 120;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap().to_owned()
}

/// Compares the file with what it should be, or writes it where the environment asks for that.
fn hold(path: &str, wanted: &str) {
    let path = root().join(path);
    if std::env::var_os("DAPLET_GENERATE").is_some() {
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{} is not current: run scripts/generate-abi", path.display());
}

/// `NOT_FOUND` and `NotFound` alike become `NotFound`.
fn pascal(name: &str) -> String {
    if name.chars().any(|c| c.is_ascii_lowercase()) {
        return name.to_owned();
    }
    let capital = |word: &str| format!("{}{}", &word[..1], word[1..].to_ascii_lowercase());
    name.split('_').map(capital).collect()
}

/// Documentation without rustdoc's links: "[`event::HttpEvent`]" becomes "`HttpEvent`".
fn plain(meaning: &str) -> String {
    let mut text = String::new();
    let mut rest = meaning.trim();
    while let Some((before, after)) = rest.split_once("[`") {
        let (path, after) = after.split_once("`]").unwrap();
        write!(text, "{before}`{}`", path.rsplit("::").next().unwrap()).unwrap();
        rest = after;
    }
    text + rest
}

fn comment(indent: &str, meaning: &str) -> String {
    let one = format!("{indent}/** {} */\n", plain(meaning));
    if one.trim_end().chars().count() <= WIDTH {
        return one;
    }
    let mut text = format!("{indent}/**\n");
    let mut line = format!("{indent} *");
    for word in plain(meaning).split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(text, "{line}").unwrap();
            line = format!("{indent} *");
        }
        write!(line, " {word}").unwrap();
    }
    writeln!(text, "{line}\n{indent} */").unwrap();
    text
}

fn enumeration<T: std::fmt::Debug>(name: &str, meaning: &str, listed: &[Listed<T>]) -> String {
    let mut text = format!("\n{}export const enum {name} {{\n", comment("", meaning));
    for constant in listed {
        text += &comment("  ", constant.meaning);
        writeln!(text, "  {} = {:?},", pascal(constant.name), constant.value).unwrap();
    }
    text + "}\n"
}

/// The names that TypeScript can use as values; those of modules stand in `import` statements.
fn symbols() -> String {
    let constant = |word: &Listed<&str>| {
        format!("\n{}export const {} = {:?};\n", comment("", word.meaning), word.name, word.value)
    };
    names::LISTED.iter().filter(|word| word.name.ends_with("_SYMBOL")).map(constant).collect()
}

/// `Array<T>` as the linter wants it: `T[]`.
fn array(kind: &str) -> String {
    match kind.strip_prefix("Array<").and_then(|rest| rest.strip_suffix('>')) {
        Some(element) => format!("{}[]", array(element)),
        None => kind.to_owned(),
    }
}

/// The text of a comment of several lines, on one.
fn uncommented(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim().trim_start_matches(['/', '*']).trim_end_matches(['/', '*']).trim());
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A head: an interface, or a type for what is not an object.
fn head<T: TS>(config: &Config) -> String {
    let declared = T::decl(config);
    let (name, body) = declared.strip_prefix("type ").unwrap().split_once(" = ").unwrap();
    let meaning = comment("", &uncommented(&T::docs().unwrap_or_default()));
    if !body.starts_with('{') {
        return format!("\n{meaning}export type {name} = {body}\n");
    }
    let mut text = format!("\n{meaning}export interface {name} {{\n");
    let mut about = String::new();
    for line in body.trim_matches(['{', '}', ';']).lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((member, kind)) =
            line.trim_end_matches(',').split_once(": ").filter(|_| !line.starts_with(['*', '/']))
        else {
            about += &format!("{line}\n");
            continue;
        };
        text += &comment("  ", &uncommented(&about));
        about.clear();
        // A member that is `undefined` is left out of the JSON.
        let absent = if member.ends_with('?') && kind != "unknown" { " | undefined" } else { "" };
        writeln!(text, "  {member}: {}{absent};", array(kind)).unwrap();
    }
    text + "}\n"
}

#[test]
fn the_guests_typescript_is_current() {
    let config = Config::new().with_large_int("number");
    let mut text = HEAD.to_owned();
    text += &enumeration("Status", "What the exported functions return.", Status::LISTED);
    text += &enumeration("EventKind", "First argument of `handle`.", EventKind::LISTED);
    text += &enumeration("LogLevel", "Severity of a console line.", LogLevel::LISTED);
    text += &enumeration("ReplyCode", "How an invocation failed.", reply::codes::LISTED);
    text += &enumeration("OperationCode", "How an operation failed.", op::codes::LISTED);
    text += &symbols();
    for declared in [
        head::<load::LoadRequest>,
        head::<load::LoadReport>,
        head::<load::Watch>,
        head::<load::Schedule>,
        head::<load::Subscription>,
        head::<load::BulkSubscribe>,
        head::<load::Routes>,
        head::<load::RoutingRule>,
        head::<load::RetryPolicy>,
        head::<event::HttpEvent>,
        head::<event::PlainEvent>,
        head::<event::ActorEvent>,
        head::<event::TopicEvent>,
        head::<event::BatchEvent>,
        head::<reply::AckStatus>,
        head::<op::OpError>,
    ] {
        text += &declared(&config);
    }
    hold("js-runtime/src/js/abi.ts", &text);
}

#[test]
fn the_sdks_typescript_is_current() {
    let mut text = HEAD.to_owned();
    text += &enumeration("OperationCode", "How an operation failed.", op::codes::LISTED);
    text += &enumeration("ReplyCode", "How an invocation failed.", reply::codes::LISTED);
    text += &symbols();
    hold("sdk-js/src/internal/abi.ts", &text);
}

#[test]
fn the_document_is_current() {
    let row = |left: &str, right: &str| format!("| {left} | {} |\n", plain(right).replace('|', "\\|"));
    // "`load(len) -> status`: evaluates …"
    let function = |listed: &Listed<&str>| match listed.meaning.trim().split_once("`: ") {
        Some((signature, meaning)) => row(&format!("{signature}`"), meaning),
        None => row(&format!("`{}`", listed.value), listed.meaning),
    };
    let number =
        |listed: &Listed<i32>| row(&listed.value.to_string(), &format!("{}: {}", listed.name, listed.meaning.trim()));
    let word = |listed: &Listed<&str>| row(&format!("`{}`", listed.value), listed.meaning);
    let tables = [
        ("exports", "export", exports::LISTED.iter().map(function).collect::<String>()),
        ("imports", "import", imports::LISTED.iter().map(function).collect()),
        ("statuses", "status", Status::LISTED.iter().map(number).collect()),
        ("kinds", "kind", EventKind::LISTED.iter().map(number).collect()),
        ("levels", "level", LogLevel::LISTED.iter().map(number).collect()),
        ("reply codes", "code", reply::codes::LISTED.iter().map(word).collect()),
        ("operation codes", "code", op::codes::LISTED.iter().map(word).collect()),
    ];
    let mut text = std::fs::read_to_string(root().join("docs/abi.md")).unwrap();
    for (name, column, rows) in tables {
        let (start, end) = (format!("<!-- generated: {name} -->\n"), "<!-- end -->");
        let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("docs/abi.md has no {start}"));
        let (_, after) = rest.split_once(end).unwrap();
        text = format!("{before}{start}| {column} | meaning |\n|---|---|\n{rows}{end}{after}");
    }
    hold("docs/abi.md", &text);
}
