//! Checks what a module imports: only known modules, and only names that they export.
use super::exports::{self, CLIENT, Exports, SDK, text};
use super::positions::{Positions, SourceError};
use super::values::Values;
use swc_common::{Span, Spanned};
use swc_ecma_ast::{
    ExportSpecifier, ImportDecl, ImportSpecifier, Module, ModuleDecl, ModuleExportName, ModuleItem, NamedExport, Str,
};

/// Refuses an import of a name that does not exist. Imports that TypeScript drops (`values` holds the rest) are not
/// checked. Neither is `import()`: it rejects when it runs, so that a module can ask and do without.
pub fn check(module: &Module, values: Option<&Values>, positions: &Positions<'_>) -> Result<(), SourceError> {
    for item in &module.body {
        match item {
            ModuleItem::ModuleDecl(ModuleDecl::Import(import)) if values.is_none_or(|v| v.keeps_any(import)) => {
                check_import(import, values, positions)?;
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportAll(export)) if !export.type_only => {
                module_of(&export.src, positions)?;
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(NamedExport {
                specifiers,
                src: Some(src),
                type_only: false,
                ..
            })) => {
                let exports = module_of(src, positions)?;
                for named in specifiers.iter().filter_map(ExportSpecifier::as_named).filter(|named| !named.is_type_only)
                {
                    let is_type = values.is_some() && exports.types.contains(&text(&named.orig));
                    if !is_type {
                        name_of(&text(&named.orig), named.orig.span(), src, exports, positions)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_import(import: &ImportDecl, values: Option<&Values>, positions: &Positions<'_>) -> Result<(), SourceError> {
    let exports = module_of(&import.src, positions)?;
    for specifier in import.specifiers.iter().filter(|specifier| values.is_none_or(|v| v.keeps(specifier))) {
        let (name, span) = match specifier {
            ImportSpecifier::Named(named) => {
                let own = ModuleExportName::Ident(named.local.clone());
                (text(named.imported.as_ref().unwrap_or(&own)), named.span)
            }
            ImportSpecifier::Default(default) => ("default".to_owned(), default.span),
            ImportSpecifier::Namespace(_) => continue,
        };
        name_of(&name, span, &import.src, exports, positions)?;
    }
    Ok(())
}

fn module_of(src: &Str, positions: &Positions<'_>) -> Result<&'static Exports, SourceError> {
    let specifier = src.value.to_string_lossy();
    exports::of(&specifier).ok_or_else(|| {
        let message = format!(
            "cannot import \"{specifier}\": a function is one module and may import only \"{SDK}\" and \"{CLIENT}\"; bundle other \
             packages into it (for example with esbuild --bundle --format=esm --external:{SDK} --external:{CLIENT})"
        );
        positions.fault(src.span, message)
    })
}

fn name_of(name: &str, span: Span, src: &Str, exports: &Exports, positions: &Positions<'_>) -> Result<(), SourceError> {
    if exports.values.contains(name) {
        return Ok(());
    }
    let module = src.value.to_string_lossy();
    let names = exports.values.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let hint = match exports.nearest(name) {
        _ if exports.types.contains(name) => "; it exports a type of that name, not a value".to_owned(),
        _ if name == "default" => format!("; write `import {{ … }} from \"{module}\"`"),
        Some(near) => format!("; did you mean \"{near}\"?"),
        None => String::new(),
    };
    let end = if hint.ends_with('?') { "" } else { "." };
    Err(positions.fault(span, format!("\"{module}\" has no export \"{name}\"{hint}{end} It exports {names}")))
}
