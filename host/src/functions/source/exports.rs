//! The exports of the modules that a function can import. They are read from the modules themselves, so they cannot
//! differ.
use super::Language;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use swc_common::{FileName, SourceMap};
use swc_ecma_ast::{Decl, EsVersion, ExportSpecifier, ModuleDecl, ModuleExportName, ModuleItem};
use swc_ecma_parser::parse_file_as_module;

/// The SDK's name.
pub const SDK: &str = "@daplet/sdk";
/// Dapr's client; the guest has its own implementation of it.
pub const CLIENT: &str = "@dapr/dapr";

const SDK_SOURCES: [&str; 2] =
    [include_str!("../../../../sdk-js/src/index.ts"), include_str!("../../../../sdk-js/src/events.ts")];
const CLIENT_SOURCES: [&str; 2] =
    [include_str!("../../../../sdk-js/src/dapr/guest.ts"), include_str!("../../../../sdk-js/src/dapr/enums.ts")];

/// The exports of a module.
#[derive(Debug, Default)]
pub struct Exports {
    /// Names of values.
    pub values: BTreeSet<String>,
    /// Names of types.
    pub types: BTreeSet<String>,
}

/// The exports of a module that can be imported.
pub fn of(specifier: &str) -> Option<&'static Exports> {
    static BOTH: OnceLock<[Exports; 2]> = OnceLock::new();
    let [sdk, client] = BOTH.get_or_init(|| [Exports::read(&SDK_SOURCES), Exports::read(&CLIENT_SOURCES)]);
    match specifier {
        SDK => Some(sdk),
        CLIENT => Some(client),
        _ => None,
    }
}

impl Exports {
    /// Reads sources that this program is built with: one that does not parse exports nothing, which a test would
    /// notice.
    fn read(sources: &[&str]) -> Exports {
        let mut exports = Exports::default();
        for source in sources {
            let map = SourceMap::default();
            let file = map.new_source_file(FileName::Anon.into(), (*source).to_owned());
            let syntax = Language::TypeScript.syntax();
            let module = parse_file_as_module(&file, syntax, EsVersion::latest(), None, &mut Vec::new());
            for item in module.iter().flat_map(|module| &module.body) {
                exports.add(item);
            }
        }
        exports
    }

    fn add(&mut self, item: &ModuleItem) {
        match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)) => {
                for specifier in &export.specifiers {
                    if let ExportSpecifier::Named(named) = specifier {
                        let name = named.exported.as_ref().unwrap_or(&named.orig);
                        let types = export.type_only || named.is_type_only;
                        (if types { &mut self.types } else { &mut self.values }).insert(text(name));
                    }
                }
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => match &export.decl {
                Decl::Var(variables) => {
                    let names = variables.decls.iter().filter_map(|d| d.name.as_ident());
                    self.values.extend(names.map(|ident| ident.id.sym.to_string()));
                }
                Decl::TsEnum(item) => {
                    self.values.insert(item.id.sym.to_string());
                }
                Decl::Class(item) => {
                    self.values.insert(item.ident.sym.to_string());
                }
                Decl::Fn(item) => {
                    self.values.insert(item.ident.sym.to_string());
                }
                Decl::TsInterface(item) => {
                    self.types.insert(item.id.sym.to_string());
                }
                Decl::TsTypeAlias(item) => {
                    self.types.insert(item.id.sym.to_string());
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Whether a name is only a type.
    pub fn is_type(&self, name: &str) -> bool {
        self.types.contains(name)
    }

    /// The exported value whose name is nearest to `name`, if one is near.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let near = |candidate: &&String| distance(name, candidate) <= 1 + name.chars().count() / 4;
        let lower = name.to_lowercase();
        let key = |candidate: &&String| (distance(&lower, &candidate.to_lowercase()), distance(name, candidate));
        let same = self.values.iter().find(|candidate| candidate.to_lowercase() == lower);
        same.or_else(|| self.values.iter().filter(near).min_by_key(key)).map(String::as_str)
    }
}

/// A name of an import or export, also one written as a string.
pub fn text(name: &ModuleExportName) -> String {
    match name {
        ModuleExportName::Ident(ident) => ident.sym.to_string(),
        ModuleExportName::Str(text) => text.value.to_string_lossy().into_owned(),
    }
}

/// Edit distance: letters to insert, remove, replace or swap with the next.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().take(64).collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from[i - 1] == *b && to[j - 1] == *a {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows.pop().and_then(|row| row.last().copied()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn exports_are_those_of_the_modules() {
        let sdk = of(SDK).unwrap();
        assert!(["state", "pubsub", "Actor", "EtagMismatchError"].iter().all(|name| sdk.values.contains(*name)));
        assert!(["StateOptions", "ActorProxy", "Transaction"].iter().all(|name| sdk.types.contains(*name)));
        assert!(sdk.values.is_disjoint(&sdk.types) && sdk.values.len() > 30);
        let client = of(CLIENT).unwrap();
        assert!(["DaprClient", "HttpMethod", "LockStatus"].iter().all(|name| client.values.contains(*name)));
        assert!(of("lodash").is_none());
    }

    #[test]
    fn the_nearest_name_is_found() {
        let sdk = of(SDK).unwrap();
        for (wrong, right) in
            [("stat", "state"), ("State", "state"), ("pubSub", "pubsub"), ("invok", "invoke"), ("sceret", "secrets")]
        {
            assert_eq!(sdk.nearest(wrong), Some(right), "{wrong}");
        }
        assert_eq!(sdk.nearest("express"), None);
    }
}
