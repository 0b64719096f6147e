//! Errors of the language that the parser does not report and the engine reports late, without a line, or never: names
//! that a module declares twice, exports that it does not declare, private names that no class declares.
use super::exports::text;
use super::positions::{Positions, SourceError};
use std::collections::{HashMap, HashSet};
use swc_common::{Span, Spanned};
use swc_ecma_ast::{
    ArrowExpr, BindingIdent, Class, ClassMember, Constructor, Decl, DefaultDecl, ExportSpecifier, Function, Key,
    Module, ModuleDecl, ModuleExportName, ModuleItem, Pat, PrivateName, StaticBlock, Stmt, VarDecl, VarDeclKind,
};
use swc_ecma_visit::{Visit, VisitWith};

/// Finds the first of them.
pub fn check(module: &Module, positions: &Positions<'_>) -> Result<(), SourceError> {
    let names = Names::of(module);
    names.check_twice(positions)?;
    names.check_exports(module, positions)?;
    let mut privates = Privates::default();
    module.visit_with(&mut privates);
    match privates.unknown {
        None => Ok(()),
        Some((name, span)) => Err(positions
            .fault(span, format!("syntax error: the private name #{name} is not declared in a class around it"))),
    }
}

/// A declaration in a module's own scope.
struct Declared {
    name: String,
    span: Span,
    /// Whether `var` declares it, which may be repeated.
    var: bool,
}

/// The declarations of a module.
#[derive(Default)]
struct Names {
    declared: Vec<Declared>,
    /// Declarations of TypeScript: types, enums and namespaces may share their names with others.
    merged: HashSet<String>,
}

impl Names {
    fn of(module: &Module) -> Names {
        let mut names = Names::default();
        for item in &module.body {
            names.add(item);
        }
        let mut vars = Vars(&mut names);
        module.visit_with(&mut vars);
        names.declared.sort_by_key(|declared| declared.span.lo);
        names
    }

    fn add(&mut self, item: &ModuleItem) {
        match item {
            ModuleItem::Stmt(Stmt::Decl(declaration)) => self.add_declaration(declaration),
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => self.add_declaration(&export.decl),
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => match &export.decl {
                DefaultDecl::Class(class) => self.lexical(class.ident.as_ref()),
                DefaultDecl::Fn(function) if function.function.body.is_some() => self.lexical(function.ident.as_ref()),
                DefaultDecl::TsInterfaceDecl(item) => {
                    self.merged.insert(item.id.sym.to_string());
                }
                DefaultDecl::Fn(_) => {}
            },
            ModuleItem::ModuleDecl(ModuleDecl::Import(import)) => {
                for specifier in &import.specifiers {
                    let named_type = specifier.as_named().is_some_and(|named| named.is_type_only);
                    match import.type_only || named_type {
                        true => {
                            self.merged.insert(specifier.local().sym.to_string());
                        }
                        false => self.lexical(Some(specifier.local())),
                    }
                }
            }
            ModuleItem::ModuleDecl(ModuleDecl::TsImportEquals(import)) => {
                self.merged.insert(import.id.sym.to_string());
            }
            _ => {}
        }
    }

    fn add_declaration(&mut self, declaration: &Decl) {
        match declaration {
            Decl::Class(class) if class.declare => {
                self.merged.insert(class.ident.sym.to_string());
            }
            Decl::Class(class) => self.lexical(Some(&class.ident)),
            Decl::Fn(function) if function.declare || function.function.body.is_none() => {
                self.merged.insert(function.ident.sym.to_string());
            }
            Decl::Fn(function) => self.lexical(Some(&function.ident)),
            Decl::Var(variables) if variables.declare => {
                self.merged.extend(bound(variables).into_iter().map(|(name, _)| name));
            }
            Decl::Var(variables) if variables.kind != VarDeclKind::Var => {
                self.extend(bound(variables), false);
            }
            Decl::Using(using) => {
                let mut found = Bound::default();
                using.decls.visit_with(&mut found);
                self.extend(found.0, false);
            }
            Decl::TsInterface(item) => {
                self.merged.insert(item.id.sym.to_string());
            }
            Decl::TsTypeAlias(item) => {
                self.merged.insert(item.id.sym.to_string());
            }
            Decl::TsEnum(item) => {
                self.merged.insert(item.id.sym.to_string());
            }
            Decl::TsModule(item) => {
                self.merged.extend(item.id.as_ident().map(|ident| ident.sym.to_string()));
            }
            // `Vars` finds these, wherever they are.
            Decl::Var(_) => {}
        }
    }

    fn lexical(&mut self, ident: Option<&swc_ecma_ast::Ident>) {
        self.extend(ident.map(|ident| (ident.sym.to_string(), ident.span)), false);
    }

    fn extend(&mut self, found: impl IntoIterator<Item = (String, Span)>, var: bool) {
        self.declared.extend(found.into_iter().map(|(name, span)| Declared { name, span, var }));
    }

    fn check_twice(&self, positions: &Positions<'_>) -> Result<(), SourceError> {
        let mut seen: HashMap<&str, &Declared> = HashMap::new();
        for declared in &self.declared {
            match seen.get(declared.name.as_str()) {
                Some(first) if !(first.var && declared.var) => {
                    let (name, line) = (&declared.name, positions.line(first.span));
                    let message = format!("syntax error: {name} has already been declared, in line {line}");
                    return Err(positions.fault(declared.span, message));
                }
                Some(_) => {}
                None => {
                    seen.insert(&declared.name, declared);
                }
            }
        }
        Ok(())
    }

    fn check_exports(&self, module: &Module, positions: &Positions<'_>) -> Result<(), SourceError> {
        let known: HashSet<&str> = self.declared.iter().map(|declared| declared.name.as_str()).collect();
        let exports = module.body.iter().filter_map(|item| item.as_module_decl().and_then(ModuleDecl::as_export_named));
        for export in exports.filter(|export| export.src.is_none() && !export.type_only) {
            for named in export.specifiers.iter().filter_map(ExportSpecifier::as_named).filter(|n| !n.is_type_only) {
                let name = text(&named.orig);
                let is_text = matches!(named.orig, ModuleExportName::Str(_));
                if is_text || !(known.contains(name.as_str()) || self.merged.contains(&name)) {
                    let message = format!("syntax error: the export {name} is not declared in this module");
                    return Err(positions.fault(named.orig.span(), message));
                }
            }
        }
        Ok(())
    }
}

/// Names that variables bind.
fn bound(variables: &VarDecl) -> Vec<(String, Span)> {
    let mut found = Bound::default();
    for declarator in &variables.decls {
        declarator.name.visit_with(&mut found);
    }
    found.0
}

/// Names that patterns bind.
#[derive(Default)]
struct Bound(Vec<(String, Span)>);

impl Visit for Bound {
    fn visit_binding_ident(&mut self, ident: &BindingIdent) {
        self.0.push((ident.id.sym.to_string(), ident.id.span));
    }

    // Defaults and computed keys bind nothing here.
    fn visit_expr(&mut self, _: &swc_ecma_ast::Expr) {}
}

/// Finds what `var` declares for the whole module.
struct Vars<'a>(&'a mut Names);

impl Visit for Vars<'_> {
    fn visit_var_decl(&mut self, variables: &VarDecl) {
        if variables.kind == VarDeclKind::Var && !variables.declare {
            self.0.extend(bound(variables), true);
        }
        variables.visit_children_with(self);
    }

    // Each has a scope of its own.
    fn visit_function(&mut self, _: &Function) {}
    fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}
    fn visit_constructor(&mut self, _: &Constructor) {}
    fn visit_static_block(&mut self, _: &StaticBlock) {}
    fn visit_ts_module_decl(&mut self, _: &swc_ecma_ast::TsModuleDecl) {}
    fn visit_getter_prop(&mut self, _: &swc_ecma_ast::GetterProp) {}
    fn visit_setter_prop(&mut self, _: &swc_ecma_ast::SetterProp) {}
    fn visit_pat(&mut self, _: &Pat) {}
}

/// Finds a private name that no class around it declares.
#[derive(Default)]
struct Privates {
    classes: Vec<HashSet<String>>,
    unknown: Option<(String, Span)>,
}

impl Visit for Privates {
    fn visit_class(&mut self, class: &Class) {
        let names = class.body.iter().filter_map(|member| match member {
            ClassMember::PrivateProp(property) => Some(&property.key),
            ClassMember::PrivateMethod(method) => Some(&method.key),
            ClassMember::AutoAccessor(accessor) => match &accessor.key {
                Key::Private(name) => Some(name),
                Key::Public(_) => None,
            },
            _ => None,
        });
        self.classes.push(names.map(|name| name.name.to_string()).collect());
        class.visit_children_with(self);
        self.classes.pop();
    }

    fn visit_private_name(&mut self, name: &PrivateName) {
        if self.unknown.is_none() && !self.classes.iter().any(|names| names.contains(name.name.as_str())) {
            self.unknown = Some((name.name.to_string(), name.span));
        }
    }
}
