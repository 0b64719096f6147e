//! The architecture as a test: which module may name which, and where the few privileges live.
use daplet_tests::root;
use std::path::{Path, PathBuf};

/// The layers of the host, lowest first. A module imports only from lower layers or from itself.
const LAYERS: &[&[&str]] = &[
    &["limits", "budget", "headers", "origin", "private", "quotas"],
    &["allowance"],
    &["config"],
    &["telemetry", "sandbox", "dapr", "store"],
    &["http"],
    &["snapshot", "capabilities"],
    &["functions", "components"],
    &["invoke"],
    &["api"],
    &["site"],
    &["listener", "surfaces"],
    &["app", "main"],
];

/// Words that only the named places may contain.
const PRIVILEGES: &[(&str, &[&str], &str)] = &[
    ("wasmedge_", &["sandbox"], "only sandbox/ names WasmEdge"),
    ("env::var", &["config"], "only config reads the environment"),
    ("unsafe ", &["sandbox"], "unsafe lives in sandbox/ alone"),
    ("/v1.0/", &["dapr", "api"], "only dapr/ and api/dapr know Dapr's URLs"),
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

/// The top-level module a file of `host/src` belongs to, and its code without comments and tests.
fn host_files() -> Vec<(String, PathBuf, String)> {
    let base = root().join("host/src");
    let mut found = Vec::new();
    sources(&base, &mut found);
    let file = |path: PathBuf| {
        let relative = path.strip_prefix(&base).unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        (module, relative.to_path_buf(), code.join("\n"))
    };
    found.into_iter().map(file).collect()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|names| names.contains(&module))
}

#[test]
fn modules_import_only_from_lower_layers() {
    let mut broken = Vec::new();
    for (module, path, code) in host_files() {
        if module == "lib" {
            continue;
        }
        let Some(own) = layer(&module) else {
            broken.push(format!("{}: module `{module}` stands in no layer", path.display()));
            continue;
        };
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            let mut names = Vec::new();
            if let Some(group) = rest.strip_prefix('{') {
                let group = group.split_once('}').map_or(group, |(inside, _)| inside);
                names.extend(group.split(',').map(|part| part.trim().split("::").next().unwrap_or_default()));
            } else {
                names.push(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default());
            }
            for name in names {
                if name != module && layer(name).is_some_and(|other| other >= own) {
                    broken.push(format!("{}: `{module}` (L{own}) imports `{name}`", path.display()));
                }
            }
        }
    }
    broken.sort();
    broken.dedup();
    assert!(broken.is_empty(), "layers broken:\n{}", broken.join("\n"));
}

#[test]
fn privileges_stay_in_their_places() {
    let mut broken = Vec::new();
    for (module, path, code) in host_files() {
        for (word, places, rule) in PRIVILEGES {
            if code.contains(word) && !places.contains(&module.as_str()) {
                broken.push(format!("{}: `{word}`: {rule}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn guest_keeps_unsafe_in_one_module() {
    let base = root().join("js-runtime/src");
    let mut found = Vec::new();
    sources(&base, &mut found);
    for path in found {
        let relative = path.strip_prefix(&base).unwrap();
        if relative != Path::new("host.rs") && !relative.starts_with("host") {
            let code = std::fs::read_to_string(&path).unwrap();
            assert!(!code.contains("unsafe {"), "{}: unsafe lives in host.rs alone", relative.display());
        }
    }
}

#[test]
fn every_capability_web_api_and_trigger_is_documented() {
    let architecture = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let web = std::fs::read_to_string(root().join("docs/web-apis.md")).unwrap();
    for (folder, text, page) in [
        ("host/src/capabilities", &architecture, "docs/architecture.md"),
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
