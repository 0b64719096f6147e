//! Makes the JavaScript that runs. Types become blanks, so that every position stays; constructs that must be rewritten
//! (enums, parameter properties, decorators, accessors) get a source map.
use super::positions::{Positions, SourceError};
use super::values::Values;
use super::{Checked, Language};
use std::sync::{Arc, Mutex, PoisonError};
use swc_common::errors::{DiagnosticBuilder, Emitter, HANDLER, Handler};
use swc_common::source_map::DefaultSourceMapGenConfig;
use swc_common::sync::Lrc;
use swc_common::{FileName, Mark, SourceMap, Span};
use swc_ecma_ast::{
    EsVersion, ExportSpecifier, ImportDecl, ImportSpecifier, Module, ModuleDecl, Pass, Program, Regex, Str, TplElement,
};
use swc_ecma_codegen::text_writer::JsWriter;
use swc_ecma_parser::parse_file_as_module;
use swc_ecma_transforms_base::fixer::fixer;
use swc_ecma_transforms_base::helpers::{HELPERS, Helpers, inject_helpers};
use swc_ecma_transforms_base::hygiene::hygiene;
use swc_ecma_transforms_base::resolver;
use swc_ecma_transforms_proposal::decorator_2023_11::decorator_2023_11;
use swc_ecma_transforms_typescript::typescript;
use swc_ecma_visit::{Visit, VisitWith};
use swc_ts_fast_strip::{Mode, Options};

/// A checked module, and what the checks found.
pub struct Emit<'a> {
    /// As uploaded.
    pub source: &'a str,
    /// Its position among swc's sources.
    pub sources: &'a Lrc<SourceMap>,
    pub module: &'a Module,
    /// Of the source.
    pub positions: &'a Positions<'a>,
    /// Of TypeScript.
    pub values: Option<&'a Values>,
    /// Whether it uses constructs that the engine lacks.
    pub rewrites: bool,
}

type Rewritten = Result<(String, Option<String>), SourceError>;

impl Emit<'_> {
    /// The code; `None` if it is the source itself.
    pub fn code(&self, language: Language) -> Result<Checked, SourceError> {
        let blanked = match (self.rewrites, self.values) {
            (true, _) => None,
            (false, None) => Some(self.source.to_owned()),
            (false, Some(values)) => self.without_imports(values).and_then(strip),
        };
        let (code, map) = match blanked {
            Some(code) => (code, None),
            None => self.rewritten()?,
        };
        let code = if code.contains('\0') { without_nul(code) } else { code };
        let same = map.is_none() && language == Language::JavaScript && code == self.source;
        Ok(Checked { language, code: (!same).then_some(code), map })
    }

    /// The source with blanks in place of type imports. `None` if the result is not JavaScript.
    fn without_imports(&self, values: &Values) -> Option<String> {
        if !values.type_exports.is_empty() {
            return None;
        }
        let mut blanks = Vec::new();
        for import in self.module.body.iter().filter_map(|item| item.as_module_decl().and_then(ModuleDecl::as_import)) {
            if import.type_only || import.specifiers.is_empty() || import.specifiers.iter().all(|s| values.keeps(s)) {
                continue;
            }
            match values.keeps_any(import) {
                // Only this may end the statement before.
                false => blanks.push((self.positions.offset(import.span), self.positions.end(import.span), true)),
                true => self.blank_some(import, values, &mut blanks)?,
            }
        }
        let mut code = String::with_capacity(self.source.len());
        let mut done = 0;
        for (from, to, statement) in blanks {
            code.push_str(self.source.get(done..from)?);
            let blank = |c: char| if matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}') { c } else { ' ' };
            let mut spaces = self.source.get(from..to)?.chars().map(blank);
            if statement {
                spaces.next();
                code.push(';');
            }
            code.extend(spaces);
            done = to;
        }
        code.push_str(self.source.get(done..)?);
        Some(code)
    }

    /// Blanks for some names in braces, each with the comma after it.
    fn blank_some(&self, import: &ImportDecl, values: &Values, blanks: &mut Vec<(usize, usize, bool)>) -> Option<()> {
        for (index, specifier) in import.specifiers.iter().enumerate() {
            let ImportSpecifier::Named(named) = specifier else {
                if values.keeps(specifier) { continue } else { return None }
            };
            // A later step removes names with the keyword `type`.
            if values.keeps(specifier) || named.is_type_only {
                continue;
            }
            let end = match import.specifiers.get(index + 1) {
                Some(ImportSpecifier::Named(next)) => self.positions.offset(next.span),
                _ => self.brace_after(self.positions.end(named.span))?,
            };
            blanks.push((self.positions.offset(named.span), end, false));
        }
        Some(())
    }

    /// The position of the next closing brace outside comments.
    fn brace_after(&self, from: usize) -> Option<usize> {
        let bytes = self.source.as_bytes();
        let find = |from: usize, end: &str| Some(from + self.source.get(from..)?.find(end)? + end.len());
        let mut at = from;
        loop {
            match (bytes.get(at)?, bytes.get(at + 1)) {
                (b'}', _) => return Some(at),
                (b'/', Some(b'*')) => at = find(at, "*/")?,
                (b'/', Some(b'/')) => at = find(at, "\n")?,
                _ => at += 1,
            }
        }
    }

    fn rewritten(&self) -> Rewritten {
        let faults = Faults::default();
        let handler = Handler::with_emitter(true, false, Box::new(faults.clone()));
        let program = HANDLER.set(&handler, || self.transformed());
        let first = faults.0.lock().unwrap_or_else(PoisonError::into_inner).first().cloned();
        if let Some((message, span)) = first {
            return Err(self.positions.fault(span, format!("TypeScript: {message}")));
        }
        let (mut code, mut positions) = (Vec::new(), Vec::new());
        let mut emitter = swc_ecma_codegen::Emitter {
            cfg: swc_ecma_codegen::Config::default(),
            comments: None,
            cm: Lrc::clone(self.sources),
            wr: JsWriter::new(Lrc::clone(self.sources), "\n", &mut code, Some(&mut positions)),
        };
        let broken = |reason: String| self.positions.fault(Span::default(), format!("cannot be rewritten: {reason}"));
        emitter.emit_program(&program).map_err(|e| broken(e.to_string()))?;
        let (mut map, positions) =
            (Vec::new(), self.sources.build_source_map(&positions, None, DefaultSourceMapGenConfig));
        positions.to_writer(&mut map).map_err(|e| broken(e.to_string()))?;
        let text = |bytes| String::from_utf8(bytes).map_err(|e| broken(e.to_string()));
        Ok((text(code)?, Some(text(map)?)))
    }

    fn transformed(&self) -> Program {
        let mut program = Program::Module(self.module.clone());
        let (unresolved, top) = (Mark::new(), Mark::new());
        HELPERS.set(&Helpers::new(false), || {
            resolver(unresolved, top, self.values.is_some()).process(&mut program);
            if let (Some(values), Program::Module(module)) = (self.values, &mut program) {
                drop_type_exports(module, values);
                typescript::typescript(typescript::Config::default(), unresolved, top).process(&mut program);
            }
            if self.rewrites {
                decorator_2023_11().process(&mut program);
            }
            inject_helpers(unresolved).process(&mut program);
            hygiene().process(&mut program);
            fixer(None).process(&mut program);
        });
        program
    }
}

fn drop_type_exports(module: &mut Module, values: &Values) {
    for item in &mut module.body {
        if let Some(export) = item.as_mut_module_decl().and_then(ModuleDecl::as_mut_export_named) {
            export.specifiers.retain(|specifier| match specifier {
                ExportSpecifier::Named(named) => !values.type_exports.contains(&named.span.lo),
                _ => true,
            });
        }
    }
}

/// Removes the types, if blanks can take their place.
fn strip(source: String) -> Option<String> {
    let map: Lrc<SourceMap> = Lrc::default();
    let handler = Handler::with_emitter(true, false, Box::new(Faults::default()));
    let options: Options = serde_json::from_str("{\"module\":true}").ok()?;
    debug_assert!(matches!(options.mode, Mode::StripOnly));
    swc_ts_fast_strip::operate(&map, &handler, source, options).ok().map(|output| output.code)
}

/// Collects what swc reports.
#[derive(Clone, Default)]
struct Faults(Arc<Mutex<Vec<(String, Span)>>>);

impl Emitter for Faults {
    fn emit(&mut self, diagnostic: &mut DiagnosticBuilder<'_>) {
        let span = diagnostic.span.primary_span().unwrap_or_default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((diagnostic.message(), span));
    }
}

/// The same code without NUL, which the engine takes for the end of a source: in literals an escape, in comments a blank.
fn without_nul(code: String) -> String {
    let map: Lrc<SourceMap> = Lrc::default();
    let file = map.new_source_file(FileName::Anon.into(), code);
    let syntax = Language::JavaScript.syntax();
    let mut literals = Literals::default();
    if let Ok(module) = parse_file_as_module(&file, syntax, EsVersion::latest(), None, &mut Vec::new()) {
        module.visit_with(&mut literals);
    }
    let positions = Positions(&file);
    let mut ranges: Vec<_> = literals.0.iter().map(|span| positions.offset(*span)..positions.end(*span)).collect();
    ranges.sort_by_key(|range| range.start);
    let mut text = String::with_capacity(file.src.len() + 16);
    let (mut ranges, mut escaped) = (ranges.into_iter().peekable(), false);
    for (at, c) in file.src.char_indices() {
        while ranges.next_if(|range| range.end <= at).is_some() {}
        match (c, ranges.peek().is_some_and(|range| range.contains(&at))) {
            ('\0', true) => text.push_str(if escaped { "x00" } else { "\\x00" }),
            ('\0', false) => text.push(' '),
            _ => text.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    text
}

/// Positions of literals that may contain any character.
#[derive(Default)]
struct Literals(Vec<Span>);

impl Visit for Literals {
    fn visit_str(&mut self, text: &Str) {
        self.0.push(text.span);
    }

    fn visit_tpl_element(&mut self, element: &TplElement) {
        self.0.push(element.span);
    }

    fn visit_regex(&mut self, regex: &Regex) {
        self.0.push(regex.span);
    }
}
