//! The architecture as a test: which file may import which, where the few privileges live, and that no import goes in a
//! circle. The list is docs/architecture.md's.
use daplet_tests::modules::{Module, Modules, sources};
use daplet_tests::root;
use std::path::PathBuf;

/// What no file may contain: failures are compared as `Code`, and text becomes one where it comes in.
const NOWHERE: &[&str] = &[".code == \"", "match error.code.as_str()"];

/// The lines of a fenced block of docs/architecture.md, each as what stands before the bar.
fn listed(name: &str) -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, block) = page.split_once(&format!("```{name}\n")).unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let words = |line: &str| line.split('|').next().unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    block.lines().map(words).filter(|words| !words.is_empty()).collect()
}

/// How much of a file's path a pattern names, if it fits: a folder or a file, `*` any one part.
fn fits(file: &str, pattern: &str) -> Option<usize> {
    let (file, pattern): (Vec<&str>, Vec<&str>) = (file.split('/').collect(), pattern.split('/').collect());
    let starts =
        file.len() >= pattern.len() && pattern.iter().zip(&file).all(|(part, own)| *part == "*" || part == own);
    starts.then_some(pattern.len())
}

/// The layer of a file, and the line that names it: the most exact pattern counts.
fn layer(layers: &[Vec<String>], file: &str) -> Option<(u32, usize)> {
    let fitting = layers.iter().enumerate().filter_map(|(line, words)| {
        let exact =
            words[1..].iter().filter_map(|pattern| fits(file, pattern).map(|length| (length, !pattern.contains('*'))));
        exact.max().map(|exact| (exact, words[0].parse().unwrap(), line))
    });
    fitting.max().map(|(_, layer, line)| (layer, line))
}

fn host() -> Modules {
    Modules::read(&root().join("host/src"))
}

#[test]
fn modules_import_only_from_lower_layers() {
    let (mut broken, files, layers) = (Vec::new(), host(), listed("layers"));
    for module in files.all() {
        let Some((own, line)) = layer(&layers, &module.name) else {
            broken.push(format!("{} stands in no layer", module.name));
            continue;
        };
        for other in files.imports(module) {
            let (theirs, their_line) = layer(&layers, &other.name).unwrap_or((u32::MAX, 0));
            let together = line == their_line || folder(module) == folder(other);
            if theirs > own || (theirs == own && !together) {
                broken.push(format!("{} (L{own}) imports {} (L{theirs})", module.name, other.name));
            }
        }
    }
    assert!(broken.is_empty(), "layers broken:\n{}", broken.join("\n"));
}

/// The top-level folder of a file: within it files of one layer may import each other.
fn folder(module: &Module) -> &str {
    module.name.split('/').next().unwrap()
}

#[test]
fn no_import_goes_in_a_circle() {
    let circles = host().circles();
    assert!(circles.is_empty(), "circles:\n{circles:#?}");
}

#[test]
fn privileges_stay_in_their_places() {
    let (mut broken, files, names) = (Vec::new(), host(), listed("names"));
    for word in names.iter().map(|line| line[0].as_str()) {
        let places = names.iter().filter(|line| line[0] == word).flat_map(|line| &line[1..]);
        let places: Vec<&String> = places.collect();
        let holds = |code: &str| code.match_indices(word).any(|(at, _)| begins(&code[..at]));
        for module in files.all().filter(|module| holds(&module.code)) {
            if !places.iter().any(|place| fits(&module.name, place).is_some()) {
                broken.push(format!("{} names `{word}`", module.name));
            }
        }
    }
    for module in files.all() {
        let text = NOWHERE.iter().filter(|text| module.code.contains(**text));
        broken.extend(text.map(|text| format!("{} contains `{text}`", module.name)));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Whether a word begins after this text.
fn begins(before: &str) -> bool {
    !before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// The layers of the guest, lowest first. Its root names every module.
const GUEST_LAYERS: &[&[&str]] =
    &[&["imports"], &["engine", "error", "modules", "web"], &["natives"], &["phases"], &["exports"]];

fn guest() -> PathBuf {
    root().join("js-runtime/src")
}

#[test]
fn guest_keeps_unsafe_in_one_module() {
    let mut found = Vec::new();
    sources(&guest(), &mut found);
    for path in found {
        let relative = path.strip_prefix(guest()).unwrap();
        let code = std::fs::read_to_string(&path).unwrap();
        let allowed = relative.starts_with("imports") || !code.contains("unsafe {");
        assert!(allowed, "{}: unsafe belongs in imports/", relative.display());
    }
}

#[test]
fn guest_modules_import_only_from_lower_layers() {
    let layer = |module: &Module| GUEST_LAYERS.iter().position(|names| names.contains(&folder(module)));
    let files = Modules::read(&guest());
    for module in files.all() {
        let own = layer(module).unwrap_or_else(|| panic!("{} stands in no layer", module.name));
        for other in files.imports(module).into_iter().filter(|other| folder(other) != folder(module)) {
            let below = layer(other).is_none_or(|theirs| theirs < own);
            assert!(below, "{} imports {}, which is not below it", module.name, other.name);
        }
    }
}

#[test]
fn every_block_web_api_and_surface_is_documented() {
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
