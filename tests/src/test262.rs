//! test262 as data: finding the suite, reading a test's front matter, composing what is run.
//!
//! The suite comes from outside the project: `TEST262_DIR` (any checkout), or `test262-quarter.tar.xz` in `DAPLET_CORPORA` (by
//! default `../shared/corpora` beside the checkout). Must not know: who runs the tests.
use crate::root;
use serde::Serialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The suite's folder; nothing when it is not there.
pub fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("TEST262_DIR") {
        return Some(folder.into());
    }
    let corpora = std::env::var_os("DAPLET_CORPORA").map_or_else(|| root().join("../shared/corpora"), PathBuf::from);
    let archive = corpora.join("test262-quarter.tar.xz");
    if !archive.exists() {
        return None;
    }
    let folder = root().join("target/test262");
    if !folder.join("harness/assert.js").exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let status = Command::new("tar").arg("xf").arg(&archive).arg("-C").arg(&folder).status().unwrap();
        assert!(status.success(), "unpacking {}", archive.display());
    }
    Some(folder)
}

/// Paths of every test below `test/`, sorted.
pub fn files(suite: &Path) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![suite.join("test")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(name) = path.strip_prefix(suite.join("test")).unwrap().to_str()
                && name.ends_with(".js")
                && !name.contains("_FIXTURE")
            {
                found.push(name.to_owned());
            }
        }
    }
    found.sort();
    found
}

/// What a test wants.
pub struct Test {
    /// Path below `test/`.
    pub file: String,
    source: String,
    includes: Vec<String>,
    flags: Vec<String>,
    /// Features that it uses.
    pub features: Vec<String>,
    /// The error that must be thrown, by name.
    pub negative: Option<String>,
}

impl Test {
    /// Reads a test; `None` if it is not UTF-8.
    pub fn read(suite: &Path, file: &str) -> Option<Test> {
        let source = std::fs::read_to_string(suite.join("test").join(file)).ok()?;
        let matter = source.split_once("/*---").and_then(|(_, rest)| rest.split_once("---*/")).map_or("", |(m, _)| m);
        let list = |key: &str| list(matter, key);
        let negative = matter.split_once("negative:").and_then(|(_, rest)| rest.split_once("type:"));
        let negative = negative.and_then(|(_, rest)| rest.split_whitespace().next()).map(str::to_owned);
        let (includes, flags, features) = (list("includes:"), list("flags:"), list("features:"));
        Some(Test { file: file.to_owned(), includes, flags, features, negative, source: source.clone() })
    }

    /// Whether the flag is set.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f == flag)
    }

    /// Whether it is a module that imports nothing from beside it.
    pub fn imports(&self) -> bool {
        self.source.contains("_FIXTURE.js") || self.source.contains(" from '.") || self.source.contains("import '.")
    }

    /// The scripts of each way in which it is to be run.
    pub fn runs(&self, harness: &mut Harness) -> Vec<Run> {
        let asynchronous = self.has("async");
        let mut names = vec!["assert.js", "sta.js"];
        if asynchronous {
            names.push("doneprintHandle.js");
        }
        if self.has("raw") {
            names.clear();
        }
        names.extend(self.includes.iter().map(String::as_str));
        let scripts: Vec<String> = names.into_iter().map(|name| harness.script(name)).collect();
        let run = |strict: bool| {
            let mut scripts = scripts.clone();
            scripts.push(if strict { format!("\"use strict\";\n{}", self.source) } else { self.source.clone() });
            Run { strict, scripts, asynchronous }
        };
        let both = !["onlyStrict", "noStrict", "raw", "module"].iter().any(|flag| self.has(flag));
        if both { vec![run(false), run(true)] } else { vec![run(self.has("onlyStrict"))] }
    }
}

/// One way to run a test.
#[derive(Serialize)]
pub struct Run {
    /// In strict mode.
    pub strict: bool,
    /// Harness, then the test.
    pub scripts: Vec<String>,
    /// Whether the test says when it is done.
    pub asynchronous: bool,
}

/// The suite's helper scripts, read once.
pub struct Harness {
    folder: PathBuf,
    scripts: HashMap<String, String>,
}

impl Harness {
    /// Of the suite in that folder.
    pub fn new(suite: &Path) -> Harness {
        Harness { folder: suite.join("harness"), scripts: HashMap::new() }
    }

    fn script(&mut self, name: &str) -> String {
        let read = || std::fs::read_to_string(self.folder.join(name)).unwrap_or_else(|e| panic!("harness {name}: {e}"));
        self.scripts.entry(name.to_owned()).or_insert_with(read).clone()
    }
}

/// A list in the front matter: `key: [a, b]` or a `- a` on each line.
fn list(matter: &str, key: &str) -> Vec<String> {
    let Some((_, rest)) = matter.split_once(key) else { return Vec::new() };
    let words =
        |text: &str| text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect();
    match rest.trim_start_matches(' ').strip_prefix('[') {
        Some(inline) => words(inline.split(']').next().unwrap_or_default()),
        None => rest
            .lines()
            .skip(1)
            .map_while(|line| line.trim().strip_prefix("- ").map(|word| word.trim().to_owned()))
            .collect(),
    }
}
