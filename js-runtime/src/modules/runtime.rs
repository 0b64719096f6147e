//! The runtime's own modules, which `build.rs` lists: the compiled TypeScript of `js/` and `web/`, and libraries of npm.
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Module, Result};

/// In front of the path of each module, from `src/` on.
const PREFIX: &str = "daplet:";
/// The module whose exports the phases call.
pub const RUNTIME: &str = "daplet:runtime";
pub const RUNTIME_SOURCE: &str = "export * from \"daplet:js/main.js\";";
/// The module of the native functions; made by `init`.
pub const NATIVES: &str = "daplet:natives";
/// The module of the primitive behind the SDK.
pub const HOST_SOURCE: &str = "export { call } from \"daplet:js/operations.js\";";

// `const MODULES: &[(&str, &str)]`: paths and sources.
include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// Resolves and loads the runtime's own modules. In place only during `init`: nothing else can import them.
pub struct RuntimeModules;

impl Resolver for RuntimeModules {
    fn resolve<'js>(
        &mut self,
        _: &Ctx<'js>,
        base: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        Ok(match name {
            relative if relative.starts_with('.') => joined(base, relative),
            own if own.starts_with(PREFIX) => own.to_owned(),
            library => format!("{PREFIX}npm/{library}.js"),
        })
    }
}

impl Loader for RuntimeModules {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let path = name.strip_prefix(PREFIX).unwrap_or(name);
        match MODULES.iter().find(|(known, _)| *known == path) {
            Some((_, source)) => Module::declare(ctx.clone(), name, *source),
            None => Err(Error::new_loading(name)),
        }
    }
}

/// `../b.js` seen from `daplet:x/a.js` is `daplet:b.js`.
fn joined(base: &str, name: &str) -> String {
    let mut parts: Vec<&str> = base.strip_prefix(PREFIX).unwrap_or(base).split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{PREFIX}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The modules that a module imports, by the text after `from` or `import`.
    fn imported<'a>(path: &str, source: &'a str) -> Vec<String> {
        let quoted = |line: &'a str| line.split('"').nth(1).filter(|name| name.starts_with('.'));
        let lines = source.lines().filter(|line| line.starts_with("import ") || line.contains(" from \""));
        lines.filter_map(quoted).map(|name| joined(path, name)).collect()
    }

    #[test]
    fn a_path_is_seen_from_its_module() {
        assert_eq!(joined("daplet:js/events/http.js", "../../web/url/url.js"), "daplet:web/url/url.js");
        assert_eq!(joined("daplet:js/main.js", "./abi.js"), "daplet:js/abi.js");
    }

    /// Takes away, again and again, the modules whose imports have all been taken away.
    #[test]
    fn no_modules_import_each_other() {
        let mut left: BTreeMap<String, Vec<String>> =
            MODULES.iter().map(|(path, source)| (format!("{PREFIX}{path}"), imported(path, source))).collect();
        loop {
            let free: Vec<String> = left
                .iter()
                .filter(|(_, needs)| needs.iter().all(|name| !left.contains_key(name)))
                .map(|(name, _)| name.clone())
                .collect();
            if free.is_empty() {
                break;
            }
            left.retain(|name, _| !free.contains(name));
        }
        assert!(left.is_empty(), "these import each other: {:?}", left.keys());
    }
}
