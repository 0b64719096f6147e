//! The documents are true and readable: commands and functions of the pages for users run as they promise, every decision is in the
//! index, prose wraps, and comments avoid the phrases that readers had to read twice.
use daplet_tests::server::Server;
use daplet_tests::{readme, root};
use std::fs;
use std::path::{Path, PathBuf};

/// Widest line of prose.
const WIDTH: usize = 120;

/// Phrases, and what to write instead. A word of the list is a word of a sentence, not a part of a name.
const PHRASES: &[(&str, &str)] = &[
    ("those that there are", "the existing ones"),
    ("whoever", "any caller, the client that"),
    ("anew", "again"),
    ("is told", "gets, is notified"),
    ("are told", "get, are notified"),
    ("passes it by", "bypasses it, is missed"),
    ("somebody", "a client, a function"),
    ("knows nothing of", "must not know"),
];

/// Folders whose comments are checked for the phrases.
const PLAIN: &[&str] = &[
    "README.md",
    "docs",
    "tests/e2e",
    "host/src/app",
    "host/src/blocks",
    "host/src/budget",
    "host/src/code",
    "host/src/components",
    "host/src/config",
    "host/src/dapr",
    "host/src/functions",
    "host/src/host",
    "host/src/http",
    "host/src/invoke",
    "host/src/listener",
    "host/src/observer",
    "host/src/sandbox",
    "host/src/site",
    "host/src/snapshot",
    "host/src/store",
    "host/src/surfaces",
    "host/src/telemetry",
    "tests/inside",
    "tests/src",
];

/// Runs each page in an empty folder, with a server of its own.
async fn keeps_its_promise(page: &str) {
    let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
    // `npm init` takes the folder's name for the package's, and refuses one that begins with a dot.
    let project = folder.path().join("project");
    std::fs::create_dir(&project).unwrap();
    let page = root().join("docs").join(page);
    let steps = readme::run_page(&page, &project, &server.base, &server.dapr).await;
    let steps = steps.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(steps >= 3, "{}: only {steps} steps were found", page.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn first_project_keeps_its_promise() {
    keeps_its_promise("first-project.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_keep_their_promise() {
    keeps_its_promise("handlers.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_keep_their_promise() {
    keeps_its_promise("operations.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn performance_keeps_its_promise() {
    keeps_its_promise("performance.md").await;
}

/// Every decision has a line, and every number up to the last has one.
#[test]
fn decisions_have_an_index() {
    let folder = root().join("docs/decisions");
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut last = 0;
    for path in files(&folder, &["md"]).into_iter().filter(|path| !path.ends_with("README.md")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let title = fs::read_to_string(&path).unwrap().lines().next().unwrap_or_default().to_owned();
        let (number, title) = title.trim_start_matches("# ").split_once(' ').unwrap();
        assert!(name.starts_with(number), "{name} has the title {number} {title}");
        assert!(index.contains(&format!("| {number} | [{title}]({name}) |")), "the index has no line for {name}");
        last = last.max(number.parse::<u32>().unwrap());
    }
    for number in 1..=last {
        assert_eq!(index.matches(&format!("\n| {number:03} | ")).count(), 1, "decision {number:03} in the index");
    }
}

#[test]
fn prose_wraps() {
    let mut wide = Vec::new();
    for path in documents(&["README.md", "docs", "examples"]) {
        let (text, mut fence) = (fs::read_to_string(&path).unwrap(), false);
        for (number, line) in text.lines().enumerate() {
            fence ^= line.trim_start().starts_with("```");
            let free = fence || line.starts_with(['|', '#', '<']) || !line.trim().contains(' ');
            // A span of code is not broken.
            let code: usize =
                line.split('`').skip(1).step_by(2).map(|span| span.chars().count()).max().unwrap_or_default();
            if !free && line.chars().count() > WIDTH.max(code + 8) {
                wide.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(wide.is_empty(), "lines of more than {WIDTH} characters:\n{}", wide.join("\n"));
}

/// A link within the repository leads to a file.
#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for path in documents(&["README.md", "docs", "examples", "sdk-js/README.md"]) {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let elsewhere = link.is_empty() || link.contains("://") || link.contains(' ');
            if !elsewhere && !path.parent().unwrap().join(link).exists() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links to files that do not exist:\n{}", broken.join("\n"));
}

#[test]
fn comments_are_plain() {
    let mut found = Vec::new();
    for place in PLAIN.iter().map(|place| root().join(place)) {
        for path in files(&place, &["rs", "md"]) {
            let (text, code) = (fs::read_to_string(&path).unwrap(), path.extension().is_some_and(|e| e == "rs"));
            let lines = text.lines().enumerate().filter(|(_, line)| !code || line.trim_start().starts_with("//"));
            for (number, line) in lines {
                let line = line.to_lowercase();
                let phrase = PHRASES.iter().find(|(phrase, _)| contains_words(&line, phrase));
                if let Some((phrase, instead)) = phrase {
                    found.push(format!("{}:{}: {phrase:?}: write {instead}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn contains_words(line: &str, phrase: &str) -> bool {
    line.match_indices(phrase).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + phrase.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// The Markdown files at or below these places.
fn documents(places: &[&str]) -> Vec<PathBuf> {
    places.iter().flat_map(|place| files(&root().join(place), &["md"])).collect()
}

/// The files at or below `place` with one of these extensions, sorted.
fn files(place: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(place) else { return vec![place.to_owned()] };
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| !path.ends_with("node_modules") && !path.ends_with("dist"));
    let mut found: Vec<PathBuf> = paths
        .flat_map(|path| if path.is_dir() { files(&path, extensions) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|e| extensions.iter().any(|wanted| e == *wanted)))
        .collect();
    found.sort();
    found
}
