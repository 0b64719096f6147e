//! From what a developer wrote to what the guest evaluates: parsing, TypeScript, imports. swc does the work.
use serde::{Deserialize, Serialize};
use swc_common::errors::{Emitter, Handler};
use swc_common::sync::Lrc;
use swc_common::{FileName, SourceFile, SourceMap, Span, Spanned};
use swc_ecma_ast::{Callee, EsVersion, Expr, Lit, Module, ModuleDecl, ModuleItem};
use swc_ecma_parser::{EsSyntax, Syntax, TsSyntax, parse_file_as_module};
use swc_ts_fast_strip::{Mode, Options};

/// What a function may import.
const SDK: &str = "@daplet/sdk";
/// Dapr's client; the guest has its own in its place.
const CLIENT: &str = "@dapr/dapr";

/// What a function is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// An ES module.
    JavaScript,
    /// An ES module with types.
    TypeScript,
}

impl Language {
    /// Of file names.
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
                ..EsSyntax::default()
            }),
            Language::TypeScript => Syntax::Typescript(TsSyntax::default()),
        }
    }
}

/// A source that cannot be a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceError {
    /// What is wrong and what to change.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// The line with a mark under the place.
    pub frame: String,
}

/// A checked source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checked {
    /// The language it turned out to be.
    pub language: Language,
    /// JavaScript made of it, where it is not the source itself.
    pub code: Option<String>,
    /// Source map of `code`, where positions moved.
    pub map: Option<String>,
}

/// Parses and checks a source, on as much stack and time as its nesting takes: see [`super::checker`]. `language` is what the developer said, if anything. Without that, what parses as JavaScript
/// is JavaScript.
pub fn check(source: &str, language: Option<Language>, file: &str) -> Result<Checked, SourceError> {
    match language {
        Some(language) => check_as(source, language, file),
        None => check_as(source, Language::JavaScript, file)
            .or_else(|error| check_as(source, Language::TypeScript, file).map_err(|_| error)),
    }
}

fn check_as(source: &str, language: Language, file: &str) -> Result<Checked, SourceError> {
    let map: Lrc<SourceMap> = Lrc::default();
    let parsed = map.new_source_file(FileName::Custom(file.to_owned()).into(), source.to_owned());
    let mut errors = Vec::new();
    let module = parse_file_as_module(&parsed, language.syntax(), EsVersion::latest(), None, &mut errors);
    let fault = |span: Span, message: String| located(&parsed, span, message);
    let module = module.map_err(|e| fault(e.span(), format!("syntax error: {}", e.kind().msg())))?;
    if let Some(error) = errors.first() {
        return Err(fault(error.span(), format!("syntax error: {}", error.kind().msg())));
    }
    for (specifier, span) in imports(&module) {
        if ![SDK, CLIENT].contains(&specifier.as_str()) {
            return Err(fault(
                span,
                format!(
                    "cannot import \"{specifier}\": a function is one module and may import only \"{SDK}\" and \
                     \"{CLIENT}\"; bundle other packages into it (for example with esbuild --bundle --format=esm \
                     --external:{SDK} --external:{CLIENT})"
                ),
            ));
        }
    }
    match language {
        Language::JavaScript => Ok(Checked { language, code: None, map: None }),
        Language::TypeScript => strip(source, file, &parsed),
    }
}

/// Takes the types out. Where they are only that, blanks take their place and every position stays; where TypeScript makes
/// code of its own (enums, parameter properties), the code is rewritten and a source map leads back.
fn strip(source: &str, file: &str, parsed: &SourceFile) -> Result<Checked, SourceError> {
    let run = |mode: Mode, source_map: bool| {
        let map: Lrc<SourceMap> = Lrc::default();
        let handler = Handler::with_emitter(true, false, Box::new(Silent));
        let options = Options {
            module: Some(true),
            filename: Some(file.to_owned()),
            mode,
            source_map,
            ..serde_json::from_str("{}").unwrap_or_else(|_| unreachable!("every option has a default"))
        };
        swc_common::GLOBALS
            .set(&swc_common::Globals::new(), || swc_ts_fast_strip::operate(&map, &handler, source.to_owned(), options))
    };
    if let Ok(output) = run(Mode::StripOnly, false) {
        return Ok(Checked { language: Language::TypeScript, code: Some(output.code), map: None });
    }
    match run(Mode::Transform, true) {
        Ok(output) => Ok(Checked { language: Language::TypeScript, code: Some(output.code), map: output.map }),
        Err(error) => Err(located(parsed, Span::default(), format!("TypeScript: {}", error.message))),
    }
}

/// swc reports here what it also returns.
struct Silent;

impl Emitter for Silent {
    fn emit(&mut self, _: &mut swc_common::errors::DiagnosticBuilder<'_>) {}
}

/// Every specifier that the module names, static or dynamic with a literal.
fn imports(module: &Module) -> Vec<(String, Span)> {
    use swc_ecma_ast::{CallExpr, ImportDecl};
    let mut found = Vec::new();
    let text = |s: &swc_ecma_ast::Str| s.value.to_string_lossy().into_owned();
    for item in &module.body {
        match item {
            ModuleItem::ModuleDecl(ModuleDecl::Import(ImportDecl { src, type_only: false, .. })) => {
                found.push((text(src), src.span));
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportAll(export)) if !export.type_only => {
                found.push((text(&export.src), export.src.span));
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)) if !export.type_only => {
                found.extend(export.src.iter().map(|src| (text(src), src.span)));
            }
            _ => {}
        }
    }
    // Dynamic imports, wherever they stand.
    struct Calls<'a>(&'a mut Vec<(String, Span)>);
    impl swc_ecma_visit::Visit for Calls<'_> {
        fn visit_call_expr(&mut self, call: &CallExpr) {
            swc_ecma_visit::VisitWith::visit_children_with(call, self);
            let literal = call.args.first().map(|argument| &*argument.expr);
            if let (Callee::Import(_), Some(Expr::Lit(Lit::Str(s)))) = (&call.callee, literal) {
                self.0.push((s.value.to_string_lossy().into_owned(), s.span));
            }
        }
    }
    swc_ecma_visit::VisitWith::visit_with(module, &mut Calls(&mut found));
    found
}

fn located(file: &SourceFile, span: Span, message: String) -> SourceError {
    let offset = (span.lo.0.saturating_sub(file.start_pos.0) as usize).min(file.src.len());
    let before = file.src.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    SourceError { message, line, column, frame: frame(&file.src, line, column) }
}

/// The line and the one before it, numbered, with a mark under the column.
pub fn frame(source: &str, line: usize, column: usize) -> String {
    const WIDTH: usize = 160;
    let mut text = String::new();
    for (index, content) in source.lines().enumerate().skip(line.saturating_sub(2)).take(if line > 1 { 2 } else { 1 }) {
        let content: String = content.chars().take(WIDTH).collect();
        text.push_str(&format!("{:>4} | {content}\n", index + 1));
    }
    if column <= WIDTH {
        text.push_str(&format!("     | {}^", " ".repeat(column.saturating_sub(1))));
    }
    text
}

/// From lines of rewritten code to lines of the source.
#[derive(Debug)]
pub struct LineMap(swc_sourcemap::SourceMap);

impl LineMap {
    /// Reads a source map, version 3.
    pub fn new(map: &str) -> Option<LineMap> {
        swc_sourcemap::SourceMap::from_slice(map.as_bytes()).ok().map(LineMap)
    }

    /// The source's line and column (both from 1) behind the code's.
    pub fn source(&self, line: u32, column: u32) -> Option<(u32, u32)> {
        let token = self.0.lookup_token(line.checked_sub(1)?, column.saturating_sub(1))?;
        Some((token.get_src_line() + 1, token.get_src_col() + 1))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn faults_have_a_place() {
        let error = check("export default {\n  fetch() { return 1 +; }\n};", None, "f.js").unwrap_err();
        assert_eq!((error.line, error.column), (2, 23));
        assert!(error.frame.contains("fetch() { return 1 +; }"), "{}", error.frame);
        let error = check("import x from 'lodash';\nexport default x;", None, "f.js").unwrap_err();
        assert!(error.message.contains("lodash") && error.line == 1);
        let error = check("export default async () => (await import('fs')).x;", None, "f.js").unwrap_err();
        assert!(error.message.contains("\"fs\""), "{error:?}");
    }

    #[test]
    fn types_leave_positions_as_they_are() {
        let source = "interface A { b: string }\nexport default (a: A): string => a.b as string;";
        let checked = check(source, None, "f.ts").unwrap();
        assert_eq!(checked.language, Language::TypeScript);
        let code = checked.code.unwrap();
        assert_eq!(code.lines().nth(1).unwrap().find("a.b"), source.lines().nth(1).unwrap().find("a.b"));
        assert!(checked.map.is_none() && !code.contains("interface"));
    }

    #[test]
    fn what_is_rewritten_has_a_map() {
        let source = "enum E { A, B = 5 }\n\n\nexport default () => { throw new Error(String(E.B)) };";
        let checked = check(source, Some(Language::TypeScript), "f.ts").unwrap();
        let code = checked.code.unwrap();
        let line = code.lines().position(|line| line.contains("throw")).unwrap() as u32 + 1;
        let map = LineMap::new(&checked.map.unwrap()).unwrap();
        let column = code.lines().nth(line as usize - 1).unwrap().find("throw").unwrap() as u32 + 1;
        assert_eq!(map.source(line, column).unwrap().0, 4);
    }
}
