//! The public web-platform-tests of the Web APIs, each in the real guest: one function per test file.
//!
//! The corpus is data from outside the project: `WPT_DIR` (a checkout) or `wpt-half.tar.xz` in `DAPLET_CORPORA` (by default
//! `../shared/corpora` beside the checkout). `tests/wpt/expectations.toml` says what does not apply and what differs, and why.
use daplet_tests::{root, server::Server};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    /// Folders that are run.
    folders: Vec<String>,
    /// Files that need what a server does not have.
    not_applicable: Vec<Entry>,
    /// Subtests that fail, or do not apply, in files that are run.
    differs: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Path in the corpus; a `*` at the end stands for any rest.
    file: String,
    /// Beginnings of subtest names; none stands for every one.
    #[serde(default)]
    subtests: Vec<String>,
    /// The subtests do not apply here; they are not counted.
    #[serde(default)]
    not_applicable: bool,
    #[expect(dead_code, reason = "for the reader")]
    reason: String,
}

impl Entry {
    fn names(&self, file: &str) -> bool {
        self.file.strip_suffix('*').map_or(self.file == file, |prefix| file.starts_with(prefix))
    }

    fn covers(&self, file: &str, subtest: &str) -> bool {
        self.names(file) && (self.subtests.is_empty() || self.subtests.iter().any(|start| subtest.starts_with(start)))
    }
}

fn corpus() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("WPT_DIR") {
        return Some(folder.into());
    }
    let corpora = std::env::var_os("DAPLET_CORPORA").map_or_else(|| root().join("../shared/corpora"), PathBuf::from);
    let archive = corpora.join("wpt-half.tar.xz");
    if !archive.exists() {
        return None;
    }
    let folder = root().join("target/wpt");
    if !folder.join("resources/testharness.js").exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let status = Command::new("tar").arg("xf").arg(&archive).arg("-C").arg(&folder).status().unwrap();
        assert!(status.success(), "unpacking {}", archive.display());
    }
    Some(folder)
}

/// The function that runs `file`; `None` when the corpus has not all the scripts that it wants.
fn compose(corpus: &Path, file: &str) -> Option<String> {
    let read = |path: &Path| std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = read(&corpus.join(file))?;
    let folder = Path::new(file).parent()?;
    let mut scripts = vec![("testharness.js".to_owned(), read(&corpus.join("resources/testharness.js"))?)];
    for script in text.lines().filter_map(|line| line.strip_prefix("// META: script=")) {
        let script = script.trim();
        let path = script.strip_prefix('/').map_or_else(|| folder.join(script), PathBuf::from);
        scripts.push((script.to_owned(), read(&corpus.join(path))?));
    }
    scripts.push((file.to_owned(), text));
    let mut files = BTreeMap::new();
    for below in ["resources/", "../resources/", ""] {
        for entry in std::fs::read_dir(corpus.join(folder).join(below)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".json") || name.ends_with(".txt") {
                files.insert(format!("{below}{name}"), read(&entry.path())?);
            }
        }
    }
    let shim = std::fs::read_to_string(root().join("tests/wpt/shim.js")).unwrap();
    Some(format!("const SCRIPTS = {};\nconst FILES = {};\n{shim}", json!(scripts), json!(files)))
}

#[tokio::test(flavor = "multi_thread")]
async fn web_platform_tests() {
    let Some(corpus) = corpus() else {
        println!("SKIPPED: web-platform-tests: no corpus; set WPT_DIR or DAPLET_CORPORA");
        return;
    };
    let text = std::fs::read_to_string(root().join("tests/wpt/expectations.toml")).unwrap();
    let expectations: Expectations = toml::from_str(&text).unwrap();
    let server = Server::with_high_limits().await;
    let (mut passed, mut failed, mut skipped, mut files) = (0, 0, 0, 0);
    let mut surprises = Vec::new();

    for folder in &expectations.folders {
        let before = (passed, failed);
        let mut names: Vec<String> = std::fs::read_dir(corpus.join(folder))
            .into_iter()
            .flatten()
            .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy()))
            .filter(|name| name.ends_with(".any.js"))
            .collect();
        names.sort();
        for file in names {
            let source = compose(&corpus, &file);
            let (Some(source), false) = (source, expectations.not_applicable.iter().any(|e| e.names(&file))) else {
                skipped += 1;
                continue;
            };
            files += 1;
            let limits = json!({"cpuMs": 60_000, "memoryMb": 112, "operations": 100_000});
            server.deploy_with(json!({"name": "wpt", "source": source, "limits": limits})).await;
            let answer = server.get("/wpt").await;
            let result: Value = if answer.status == 200 { answer.json() } else { json!({"harness": answer.text()}) };
            if let Some(message) = result["harness"].as_str() {
                surprises.push(format!("{file}: did not run: {message:.300}"));
            }
            for test in result["tests"].as_array().into_iter().flatten() {
                let name = test["name"].as_str().unwrap_or_default();
                let known = expectations.differs.iter().find(|entry| entry.covers(&file, name));
                match (test["passed"] == true, known) {
                    (_, Some(entry)) if entry.not_applicable => {}
                    (true, None) => passed += 1,
                    (true, Some(_)) => {
                        passed += 1;
                        surprises.push(format!("{file}: {name:.120}: passes now; remove it from the list"));
                    }
                    (false, Some(_)) => failed += 1,
                    (false, None) => {
                        failed += 1;
                        surprises.push(format!(
                            "{file}: {name:.120}: {:.200}",
                            test["message"].as_str().unwrap_or_default()
                        ));
                    }
                }
            }
        }
        let (passed, failed) = (passed - before.0, failed - before.1);
        println!("{folder}: {passed} of {}", passed + failed);
    }
    let share = 100.0 * f64::from(passed) / f64::from(passed + failed);
    println!(
        "web-platform-tests: {passed} of {} applicable subtests pass ({share:.2} %), in {files} files; {skipped} files do not apply",
        passed + failed
    );
    assert!(surprises.is_empty(), "{} surprises:\n{}", surprises.len(), surprises.join("\n"));
    assert!(share >= 95.0, "{share:.2} % is below 95 %");
}
