//! From the developer's source to what the guest evaluates: parsing, TypeScript, imports, early errors. swc does the
//! work.
//!
//! Must run in a process that can be ended ([`super::checker`]): some short sources keep any parser busy for ever.
//!
//! # Layout
//! - [`positions`]: lines and columns of faults, and the way back from rewritten code
//! - [`imports`]: what a module imports from others
//! - [`exports`]: the exports of the modules that can be imported
//! - [`early`]: errors of the language that the parser does not report
//! - [`values`]: which imports TypeScript drops
//! - [`emit`]: the JavaScript that runs
mod early;
mod emit;
mod exports;
mod imports;
mod positions;
mod values;

pub use positions::{LineMap, SourceError, frame};

use positions::Positions;
use serde::{Deserialize, Serialize};
use swc_common::sync::Lrc;
use swc_common::{FileName, GLOBALS, Globals, SourceMap, Spanned};
use swc_ecma_ast::{EsVersion, Module, Param};
use swc_ecma_parser::{EsSyntax, Syntax, TsSyntax, parse_file_as_module};
use swc_ecma_visit::{Visit, VisitWith};

/// The language of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// An ES module.
    JavaScript,
    /// An ES module with types.
    TypeScript,
}

impl Language {
    /// From file names.
    pub fn extension(self) -> &'static str {
        match self {
            Language::JavaScript => "js",
            Language::TypeScript => "ts",
        }
    }

    fn syntax(self) -> Syntax {
        match self {
            Language::JavaScript => Syntax::Es(EsSyntax {
                import_attributes: true,
                explicit_resource_management: true,
                decorators: true,
                auto_accessors: true,
                ..EsSyntax::default()
            }),
            Language::TypeScript => Syntax::Typescript(TsSyntax { decorators: true, ..TsSyntax::default() }),
        }
    }
}

/// A checked source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checked {
    /// The language it turned out to be.
    pub language: Language,
    /// JavaScript made from it; `None` if it is the source itself.
    pub code: Option<String>,
    /// Source map of `code`, if positions moved.
    pub map: Option<String>,
}

/// Parses and checks a source. `language` is what the developer stated, if anything. Otherwise a source that parses as
/// JavaScript is JavaScript.
pub fn check(source: &str, language: Option<Language>, file: &str) -> Result<Checked, SourceError> {
    let run = |language| GLOBALS.set(&Globals::new(), || check_as(source, language, file));
    let error = match run(language.unwrap_or(Language::JavaScript)) {
        Err(error) if language != Some(Language::TypeScript) => error,
        ended => return ended,
    };
    match (run(Language::TypeScript), language) {
        (Ok(typescript), None) => Ok(typescript),
        (Ok(_), Some(_)) => Err(SourceError {
            message: format!(
                "{}; the source is TypeScript: send it as text/typescript, or with ?language=typescript",
                error.message
            ),
            ..error
        }),
        // Reports the error of the language in which parsing got further: it was probably meant.
        (Err(other), None) if (other.line, other.column) > (error.line, error.column) => Err(other),
        (Err(_), _) => Err(error),
    }
}

fn check_as(source: &str, language: Language, file: &str) -> Result<Checked, SourceError> {
    let map: Lrc<SourceMap> = Lrc::default();
    let parsed = map.new_source_file(FileName::Custom(file.to_owned()).into(), source.to_owned());
    let positions = Positions(&parsed);
    let mut errors = Vec::new();
    let module = parse_file_as_module(&parsed, language.syntax(), EsVersion::latest(), None, &mut errors);
    let module = module.map_err(|e| positions.fault(e.span(), format!("syntax error: {}", e.kind().msg())))?;
    if let Some(error) = errors.first() {
        return Err(positions.fault(error.span(), format!("syntax error: {}", error.kind().msg())));
    }
    let values = match language {
        Language::JavaScript => None,
        Language::TypeScript => Some(values::Values::of(&module)),
    };
    early::check(&module, &positions)?;
    imports::check(&module, values.as_ref(), &positions)?;
    let uses = Uses::of(&module, &positions)?;
    let (values, rewrites) = (values.as_ref(), uses.rewrites);
    emit::Emit { source, sources: &map, module: &module, positions: &positions, values, rewrites }.code(language)
}

/// What a module uses that engines lack.
#[derive(Default)]
struct Uses {
    /// Decorators and accessors are rewritten.
    rewrites: bool,
    parameter: Option<swc_common::Span>,
}

impl Uses {
    fn of(module: &Module, positions: &Positions<'_>) -> Result<Uses, SourceError> {
        let mut uses = Uses::default();
        module.visit_with(&mut uses);
        match uses.parameter {
            None => Ok(uses),
            Some(span) => Err(positions.fault(
                span,
                "syntax error: a parameter cannot have a decorator. That is TypeScript's experimentalDecorators, which are not \
                 supported; decorators of the standard are for classes and their members"
                    .to_owned(),
            )),
        }
    }
}

impl Visit for Uses {
    fn visit_decorator(&mut self, decorator: &swc_ecma_ast::Decorator) {
        self.rewrites = true;
        decorator.visit_children_with(self);
    }

    fn visit_auto_accessor(&mut self, accessor: &swc_ecma_ast::AutoAccessor) {
        self.rewrites = true;
        accessor.visit_children_with(self);
    }

    fn visit_param(&mut self, param: &Param) {
        self.parameter = self.parameter.or(param.decorators.first().map(Spanned::span));
        param.visit_children_with(self);
    }

    fn visit_ts_param_prop(&mut self, property: &swc_ecma_ast::TsParamProp) {
        self.parameter = self.parameter.or(property.decorators.first().map(Spanned::span));
        property.visit_children_with(self);
    }
}

#[cfg(test)]
mod tests;
