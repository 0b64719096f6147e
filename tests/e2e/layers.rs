//! The architecture as a test: which module may name which, and where the few privileges live.
use daplet_tests::root;
use std::path::{Path, PathBuf};

/// The layers of the host, lowest first. A module imports only from lower layers or from its own. A name is a folder or a file,
/// `*` any one part of a path; the longest that fits counts.
const LAYERS: &[&[&str]] = &[
    &["limits", "budget", "headers", "origin", "private", "quotas"],
    &["allowance", "code"],
    &["observer"],
    &["config"],
    &["telemetry", "sandbox", "dapr", "store"],
    &["http"],
    &["snapshot", "blocks"],
    &["functions", "components"],
    &["blocks/mod"],
    &["invoke"],
    &["blocks/http", "blocks/grpc", "blocks/*/http", "blocks/*/grpc"],
    &["site"],
    &["listener", "surfaces"],
    &["host"],
    &["app", "main"],
];

/// Words that only the named places may contain.
const PRIVILEGES: &[(&str, &[&str], &str)] = &[
    ("wasmedge_", &["sandbox"], "only sandbox/ names WasmEdge"),
    ("env::var", &["config"], "only config reads the environment"),
    ("unsafe ", &["sandbox"], "unsafe lives in sandbox/ alone"),
    ("StatusCode::", &["http"], "a failure has the status of its code (code/table.rs); only http/ names statuses"),
    (".code == \"", &[], "codes are compared as `Code`, not as text"),
    ("match error.code.as_str()", &[], "text becomes a `Code` where it comes in"),
    ("/v1.0/", &["dapr", "blocks/http"], "only dapr/ and blocks/http know Dapr's URLs"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// A file of `host/src` by its path without `.rs`, and its code without comments and tests.
fn host_files() -> Vec<(String, String)> {
    let base = root().join("host/src");
    let mut found = Vec::new();
    sources(&base, &mut found);
    let file = |path: PathBuf| {
        let name = path.strip_prefix(&base).unwrap().with_extension("").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        (name, code.join("\n"))
    };
    found.into_iter().map(file).collect()
}

/// Whether a file is, or is in, what a pattern names; how much of its path that is.
fn fits(file: &str, pattern: &str) -> Option<usize> {
    let (file, pattern): (Vec<&str>, Vec<&str>) = (file.split('/').collect(), pattern.split('/').collect());
    let starts =
        file.len() >= pattern.len() && pattern.iter().zip(&file).all(|(part, own)| *part == "*" || part == own);
    starts.then_some(pattern.len())
}

fn layer(file: &str) -> Option<usize> {
    let fitting = |(layer, names): (usize, &&[&str])| {
        let longest = names.iter().filter_map(|name| fits(file, name)).max();
        longest.map(|longest| (longest, layer))
    };
    LAYERS.iter().enumerate().filter_map(fitting).max().map(|(_, layer)| layer)
}

/// The file that a path behind `crate::` leads to.
fn file_of(path: &str, files: &[(String, String)]) -> Option<String> {
    let parts: Vec<&str> = path.split("::").take_while(|part| !part.is_empty()).collect();
    (1..=parts.len()).rev().find_map(|length| {
        let name = parts[..length].join("/");
        let module = format!("{name}/mod");
        files.iter().map(|(file, _)| file).find(|file| **file == name || **file == module).cloned()
    })
}

/// The paths behind each `crate::`.
fn imports(code: &str) -> Vec<String> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let start = &rest[..rest.find(|c| !word(c)).unwrap_or(rest.len())];
        match rest[start.len()..].strip_prefix('{') {
            Some(group) => {
                let group = group.split_once('}').map_or(group, |(inside, _)| inside);
                paths.extend(group.split(',').map(|part| format!("{start}{}", part.trim().trim_end_matches("::{"))));
            }
            None => paths.push(start.to_owned()),
        }
    }
    paths
}

#[test]
fn modules_import_only_from_lower_layers() {
    let (mut broken, files) = (Vec::new(), host_files());
    for (file, code) in files.iter().filter(|(file, _)| file != "lib") {
        let Some(own) = layer(file) else {
            broken.push(format!("{file} stands in no layer"));
            continue;
        };
        for other in imports(code).iter().filter_map(|path| file_of(path, &files)) {
            let theirs = layer(&other).unwrap_or_default();
            if theirs > own || (theirs == own && !same(file, &other)) {
                broken.push(format!("{file} (L{own}) imports {other} (L{theirs})"));
            }
        }
    }
    broken.sort();
    broken.dedup();
    assert!(broken.is_empty(), "layers broken:\n{}", broken.join("\n"));
}

/// Whether two files are of one top-level module: within it they may import each other.
fn same(one: &str, other: &str) -> bool {
    one.split('/').next() == other.split('/').next()
}

#[test]
fn privileges_stay_in_their_places() {
    let mut broken = Vec::new();
    for (file, code) in host_files() {
        for (word, places, rule) in PRIVILEGES {
            if code.contains(word) && !places.iter().any(|place| fits(&file, place).is_some()) {
                broken.push(format!("{file}: `{word}`: {rule}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The layers of the guest, lowest first.
const GUEST_LAYERS: &[&[&str]] =
    &[&["imports"], &["engine", "error", "modules", "web"], &["natives"], &["phases"], &["exports"], &["lib"]];

/// The files of the guest: top-level module, path and text.
fn guest_files() -> Vec<(String, PathBuf, String)> {
    let base = root().join("js-runtime/src");
    let mut found = Vec::new();
    sources(&base, &mut found);
    let file = |path: PathBuf| {
        let relative = path.strip_prefix(&base).unwrap().to_path_buf();
        let module = relative.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
        (module, relative, std::fs::read_to_string(&path).unwrap())
    };
    found.into_iter().map(file).collect()
}

#[test]
fn guest_keeps_unsafe_in_one_module() {
    for (module, path, text) in guest_files() {
        assert!(module == "imports" || !text.contains("unsafe {"), "{}: unsafe lives in imports/", path.display());
    }
}

#[test]
fn guest_modules_import_only_from_lower_layers() {
    let layer = |module: &str| GUEST_LAYERS.iter().position(|names| names.contains(&module));
    for (module, path, text) in guest_files() {
        let own = layer(&module).unwrap_or_else(|| panic!("{} stands in no layer", path.display()));
        for import in imports(&text) {
            let name = import.split(':').next().unwrap_or_default();
            let theirs = layer(name).filter(|_| name != module);
            assert!(
                theirs.is_none_or(|theirs| theirs < own),
                "{} imports `{name}`, which is not below it",
                path.display()
            );
        }
    }
}

#[test]
fn every_capability_web_api_and_trigger_is_documented() {
    let architecture = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let web = std::fs::read_to_string(root().join("docs/web-apis.md")).unwrap();
    for (folder, text, page) in [
        ("host/src/blocks", &architecture, "docs/architecture.md"),
        ("host/src/surfaces", &architecture, "docs/architecture.md"),
        ("js-runtime/src/web", &web, "docs/web-apis.md"),
    ] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() {
                assert!(text.contains(&format!("`{name}`")), "{folder}/{name} has no word in {page}");
            }
        }
    }
}
