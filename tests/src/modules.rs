//! The host's source as a graph: its files, and which of them each imports.
//!
//! Reads `use` statements and paths in the code; comments and unit tests do not count. Not a parser of Rust: it knows the forms that
//! rustfmt leaves.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Modules that may show a name that is another's.
const MOST_STEPS: usize = 8;

/// A file of the source.
pub struct Module {
    /// Its path without `.rs`, such as `blocks/state/mod`.
    pub name: String,
    /// Its code.
    pub code: String,
    /// The path of its module, such as `blocks`, `state`.
    path: Vec<String>,
}

/// The files of a folder, by their modules.
pub struct Modules(BTreeMap<Vec<String>, Module>);

impl Modules {
    /// Reads a crate's source. The crate's root is left out: it names every module.
    pub fn read(base: &Path) -> Modules {
        let mut found = Vec::new();
        sources(base, &mut found);
        let files = found.into_iter().filter_map(|path| {
            let name = path.strip_prefix(base).unwrap().with_extension("").to_string_lossy().into_owned();
            let path_of_module = name.strip_suffix("/mod").unwrap_or(&name);
            let path_of_module: Vec<String> = path_of_module.split('/').map(str::to_owned).collect();
            let text = std::fs::read_to_string(&path).unwrap();
            let kept =
                !matches!(name.as_str(), "lib" | "main") && path_of_module.last().is_some_and(|last| last != "tests");
            kept.then(|| (path_of_module.clone(), Module { name, code: code(&text), path: path_of_module }))
        });
        Modules(files.collect())
    }

    /// Every file.
    pub fn all(&self) -> impl Iterator<Item = &Module> {
        self.0.values()
    }

    /// The files that a file imports.
    pub fn imports(&self, module: &Module) -> Vec<&Module> {
        let mut found = BTreeSet::new();
        for path in module.paths() {
            let Some(path) = self.absolute(module, &path) else { continue };
            if let Some(other) = self.file_of(&path).filter(|other| other.path != module.path) {
                found.insert(&other.path);
            }
        }
        found.into_iter().map(|path| &self.0[path]).collect()
    }

    /// The circles of imports, each as the names of its files. A module and its own submodules are one: it may use them, and they it.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let own = |module: &Module, other: &Module| other.path.starts_with(&module.path);
        let edges = |module: &Module| {
            let others = self.imports(module).into_iter().filter(|other| !own(module, other));
            others.map(|other| other.path.clone()).collect::<Vec<_>>()
        };
        let edges: BTreeMap<_, Vec<_>> = self.all().map(|module| (module.path.clone(), edges(module))).collect();
        let reach: BTreeMap<_, BTreeSet<_>> =
            edges.keys().map(|start| (start.clone(), reached(start, &edges))).collect();
        let together =
            |one: &Vec<String>, other: &Vec<String>| reach[one].contains(other) && reach[other].contains(one);
        let circle = |start: &Vec<String>| {
            let files = self.0.iter().filter(|(path, _)| together(start, path));
            files.map(|(_, module)| module.name.clone()).collect::<Vec<_>>()
        };
        let circles: BTreeSet<_> = edges.keys().map(circle).filter(|circle| circle.len() > 1).collect();
        circles.into_iter().collect()
    }

    fn absolute(&self, module: &Module, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([&module.path, rest].concat()),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                let left = module.path.len().checked_sub(up)?;
                Some([&module.path[..left], &path[up..]].concat())
            }
            _ => {
                let below = [&module.path[..], std::slice::from_ref(first)].concat();
                self.0.contains_key(&below).then(|| [&module.path[..], path].concat())
            }
        }
    }

    /// The file that a path leads to; what a module has of others leads on.
    fn file_of(&self, path: &[String]) -> Option<&Module> {
        let mut path = path.to_vec();
        for _ in 0..MOST_STEPS {
            let (length, file) =
                (1..=path.len()).rev().find_map(|length| Some((length, self.0.get(&path[..length])?)))?;
            let shown = path.get(length).and_then(|name| {
                let shown = file.shown().into_iter().find(|shown| shown.last() == Some(name))?;
                self.absolute(file, &shown)
            });
            match shown {
                Some(shown) => path = [&shown[..], &path[length + 1..]].concat(),
                None => return Some(file),
            }
        }
        None
    }
}

impl Module {
    /// What it has of other modules under its own name.
    fn shown(&self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        for statement in self.code.split("\npub use ").skip(1) {
            flatten(&[], statement.split(';').next().unwrap_or_default(), &mut paths);
        }
        paths
    }

    /// Every path that its code names, as it is written.
    fn paths(&self) -> Vec<Vec<String>> {
        let (mut paths, mut rest) = (Vec::new(), String::new());
        for statement in self.code.split_inclusive(';') {
            let used = statement.rsplit_once("use ").filter(|(before, _)| {
                let line = before.rsplit('\n').next().unwrap_or_default().trim();
                line.is_empty() || line.starts_with("pub")
            });
            match used {
                // What a module has of its submodules for others is not its own import.
                Some((before, tree)) if !before.trim_end().ends_with("pub") => {
                    flatten(&[], tree.trim_end_matches(';'), &mut paths)
                }
                Some(_) => {}
                None => rest.push_str(statement),
            }
            if let Some((before, _)) = used {
                rest.push_str(before);
            }
        }
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for path in rest.split(|c| !word(c)).filter(|path| path.contains("::") && !path.starts_with("::")) {
            paths.push(path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect());
        }
        paths
    }
}

/// The paths of a `use` tree.
fn flatten(prefix: &[String], tree: &str, paths: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let parts = |text: &str| {
        let parts = text.split("::").map(|part| part.split_whitespace().next().unwrap_or_default().to_owned());
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>()
    };
    let Some((before, group)) = tree.split_once('{') else {
        paths.push([prefix, &parts(tree)].concat());
        return;
    };
    let prefix = [prefix, &parts(before)].concat();
    let (mut depth, mut start) = (0_usize, 0);
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                if !group[start..at].trim().is_empty() {
                    flatten(&prefix, &group[start..at], paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

fn reached(start: &[String], edges: &BTreeMap<Vec<String>, Vec<Vec<String>>>) -> BTreeSet<Vec<String>> {
    let (mut found, mut next) = (BTreeSet::new(), vec![start.to_vec()]);
    while let Some(path) = next.pop() {
        for other in &edges[&path] {
            if found.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    found
}

/// A text without its comments, its unit tests and the paths of `pub(in …)`, which import nothing.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut parts = text.split("pub(in ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |code, part| code + "pub" + part.split_once(')').map_or(part, |(_, rest)| rest))
}

/// The Rust files of a folder.
pub fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}
