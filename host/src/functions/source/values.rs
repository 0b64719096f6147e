//! Which imports of a TypeScript module are values: the compiler drops an import that is used only as a type, even
//! without the keyword `type`.
use super::exports::{self, text};
use std::collections::HashSet;
use swc_common::{BytePos, Mark, Span};
use swc_ecma_ast::{
    ClassProp, Decl, ExportSpecifier, Id, Ident, ImportDecl, ImportSpecifier, Module, ModuleDecl, ModuleExportName,
    ModuleItem, NamedExport, Pass, Program, TsEntityName, TsExprWithTypeArgs, TsImportEqualsDecl, TsInterfaceDecl,
    TsType, TsTypeAliasDecl, TsTypeAnn, TsTypeParamDecl, TsTypeParamInstantiation,
};
use swc_ecma_transforms_base::resolver;
use swc_ecma_visit::{Visit, VisitWith};

/// The imports that remain when types are removed.
#[derive(Debug, Default)]
pub struct Values {
    /// The positions of the specifiers that are values.
    kept: HashSet<BytePos>,
    /// Exports of names that are types in the module they come from.
    pub type_exports: HashSet<BytePos>,
}

impl Values {
    /// Finds them. Needs swc's `GLOBALS`.
    pub fn of(module: &Module) -> Values {
        let mut program = Program::Module(module.clone());
        resolver(Mark::new(), Mark::new(), true).process(&mut program);
        let Program::Module(module) = program else { return Values::default() };
        let mut uses = Uses { types: imported_types(&module), ..Uses::default() };
        module.visit_with(&mut uses);
        let mut values = Values { kept: HashSet::new(), type_exports: uses.type_exports };
        for import in module.body.iter().filter_map(import).filter(|import| !import.type_only) {
            for specifier in &import.specifiers {
                let named_type = matches!(specifier, ImportSpecifier::Named(named) if named.is_type_only);
                if !named_type && uses.values.contains(&specifier.local().to_id()) {
                    values.kept.insert(start(specifier));
                }
            }
        }
        values
    }

    /// Whether a specifier stays.
    pub fn keeps(&self, specifier: &ImportSpecifier) -> bool {
        self.kept.contains(&start(specifier))
    }

    /// Whether an import stays: for one of its names, or because it has none.
    pub fn keeps_any(&self, import: &ImportDecl) -> bool {
        !import.type_only && (import.specifiers.is_empty() || import.specifiers.iter().any(|s| self.keeps(s)))
    }
}

fn import(item: &ModuleItem) -> Option<&ImportDecl> {
    item.as_module_decl().and_then(ModuleDecl::as_import)
}

fn start(specifier: &ImportSpecifier) -> BytePos {
    let span: Span = match specifier {
        ImportSpecifier::Named(named) => named.span,
        ImportSpecifier::Default(default) => default.span,
        ImportSpecifier::Namespace(namespace) => namespace.span,
    };
    span.lo
}

/// Local names of imports that are types in the module they come from.
fn imported_types(module: &Module) -> HashSet<Id> {
    let mut found = HashSet::new();
    for import in module.body.iter().filter_map(import) {
        let Some(exports) = exports::of(&import.src.value.to_string_lossy()) else { continue };
        for named in import.specifiers.iter().filter_map(ImportSpecifier::as_named) {
            let own = ModuleExportName::Ident(named.local.clone());
            let name = text(named.imported.as_ref().unwrap_or(&own));
            if exports.is_type(&name) {
                found.insert(named.local.to_id());
            }
        }
    }
    found
}

/// Collects what is used as a value.
#[derive(Default)]
struct Uses {
    values: HashSet<Id>,
    types: HashSet<Id>,
    type_exports: HashSet<BytePos>,
}

impl Visit for Uses {
    fn visit_ident(&mut self, ident: &Ident) {
        self.values.insert(ident.to_id());
    }

    /// Declares a name; only its default value and its type can use others.
    fn visit_binding_ident(&mut self, _: &swc_ecma_ast::BindingIdent) {}
    fn visit_import_decl(&mut self, _: &ImportDecl) {}
    fn visit_ts_type(&mut self, _: &TsType) {}
    fn visit_ts_type_ann(&mut self, _: &TsTypeAnn) {}
    fn visit_ts_type_param_decl(&mut self, _: &TsTypeParamDecl) {}
    fn visit_ts_type_param_instantiation(&mut self, _: &TsTypeParamInstantiation) {}
    fn visit_ts_interface_decl(&mut self, _: &TsInterfaceDecl) {}
    fn visit_ts_type_alias_decl(&mut self, _: &TsTypeAliasDecl) {}
    /// The names after `implements`.
    fn visit_ts_expr_with_type_args(&mut self, _: &TsExprWithTypeArgs) {}

    fn visit_decl(&mut self, declaration: &Decl) {
        let ambient = match declaration {
            Decl::Class(class) => class.declare,
            Decl::Fn(function) => function.declare || function.function.body.is_none(),
            Decl::Var(variables) => variables.declare,
            Decl::TsEnum(item) => item.declare,
            Decl::TsModule(item) => item.declare,
            _ => false,
        };
        if !ambient {
            declaration.visit_children_with(self);
        }
    }

    fn visit_class_prop(&mut self, property: &ClassProp) {
        if !property.declare {
            property.visit_children_with(self);
        }
    }

    fn visit_ts_import_equals_decl(&mut self, import: &TsImportEqualsDecl) {
        if !import.is_type_only {
            import.module_ref.visit_with(self);
        }
    }

    fn visit_ts_entity_name(&mut self, name: &TsEntityName) {
        match name {
            TsEntityName::TsQualifiedName(name) => self.visit_ts_entity_name(&name.left),
            TsEntityName::Ident(ident) => self.visit_ident(ident),
        }
    }

    fn visit_named_export(&mut self, export: &NamedExport) {
        if export.type_only {
            return;
        }
        let exports = export.src.as_ref().map(|src| exports::of(&src.value.to_string_lossy()));
        for named in export.specifiers.iter().filter_map(ExportSpecifier::as_named).filter(|named| !named.is_type_only)
        {
            let is_type = match (&exports, &named.orig) {
                (None, ModuleExportName::Ident(local)) => self.types.contains(&local.to_id()),
                (None, ModuleExportName::Str(_)) => false,
                (Some(exports), orig) => exports.is_some_and(|exports| exports.is_type(&text(orig))),
            };
            match (is_type, &exports, &named.orig) {
                (true, ..) => {
                    self.type_exports.insert(named.span.lo);
                }
                (false, None, ModuleExportName::Ident(local)) => self.visit_ident(local),
                _ => {}
            }
        }
    }
}
