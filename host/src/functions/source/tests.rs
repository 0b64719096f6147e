//! Sources: what is refused with which line, and the JavaScript that the rest becomes.
#![allow(clippy::unwrap_used)]
use super::*;

fn js(source: &str) -> Result<Checked, SourceError> {
    check(source, Some(Language::JavaScript), "f.js")
}

fn ts(source: &str) -> Result<Checked, SourceError> {
    check(source, Some(Language::TypeScript), "f.ts")
}

fn code(source: &str) -> String {
    ts(source).unwrap().code.unwrap()
}

#[test]
fn faults_have_a_place() {
    let error = check("export default {\n  fetch() { return 1 +; }\n};", None, "f.js").unwrap_err();
    assert_eq!((error.line, error.column), (2, 23));
    assert!(error.frame.contains("fetch() { return 1 +; }"), "{}", error.frame);
    let error = check("import x from 'lodash';\nexport default x;", None, "f.js").unwrap_err();
    assert!(error.message.contains("lodash") && error.line == 1);
}

#[test]
fn the_language_that_gets_further_is_reported() {
    let source = "const a: number = 1;\nconst b: string = ;\nexport default () => a;";
    assert_eq!(check(source, None, "f.js").unwrap_err().line, 2);
    let error = js("const a: number = 1;\nexport default () => a;").unwrap_err();
    assert!(error.line == 1 && error.message.contains("text/typescript"), "{}", error.message);
    let error = js("const a = ;").unwrap_err();
    assert!(!error.message.contains("typescript"), "{}", error.message);
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
    for (source, line) in [
        ("enum E { A, B = 5 }\n\n\nexport default () => { throw new Error(String(E.B)) };", 4),
        ("class A { constructor(private a: number) {\n  throw new Error(String(a));\n} }\nexport default A;", 2),
        (
            "const d = (v: unknown, c: object) => v as never;\n@d class A {\n  @d m() {\n\n throw new Error('x') }\n}\nexport default A;",
            5,
        ),
        ("class A { accessor x = 1;\n\n  f() {\n    throw new Error('x');\n  } }\nexport default A;", 4),
    ] {
        let checked = ts(source).unwrap();
        let code = checked.code.unwrap();
        // Helpers stand before it, and throw too.
        let lines: Vec<&str> = code.lines().collect();
        let at = lines.iter().rposition(|line| line.contains("throw")).unwrap();
        let map = LineMap::new(&checked.map.unwrap()).unwrap();
        let column = lines[at].find("throw").unwrap() as u32 + 1;
        assert_eq!(map.source(at as u32 + 1, column).unwrap().0, line, "{source}\n{code}");
    }
}

#[test]
fn frames_in_a_text_are_led_back() {
    let checked =
        ts("class A { accessor x = 1;\n\n  f() {\n    throw new Error('x');\n  } }\nexport default A;").unwrap();
    let (code, map) = (checked.code.unwrap(), LineMap::new(&checked.map.unwrap()).unwrap());
    let (line, text) = code.lines().enumerate().filter(|(_, line)| line.contains("throw")).last().unwrap();
    let at = format!("{}:{}", line + 1, text.find("throw").unwrap() + 1);
    let text =
        format!("Error: at f.ts:{at}\n    at f (f.ts:{at})\n    at f.ts:{at}\n    at elf.ts:{at}\n    at f.ts:x");
    let told = format!("Error: at f.ts:{at}\n    at f (f.ts:4:5)\n    at f.ts:4:5\n    at elf.ts:{at}\n    at f.ts:x");
    assert_eq!(map.text(&text, "f.ts"), told, "{code}");
    assert_eq!(map.text("at most: nothing\n", "f.ts"), "at most: nothing\n");
}

#[test]
fn imports_of_types_are_dropped() {
    let rest = "export default (e: CloudEvent) => state;";
    for (imports, left) in [
        ("import { state, CloudEvent } from '@daplet/sdk';", "import { state,            } from '@daplet/sdk';"),
        ("import { CloudEvent, state } from '@daplet/sdk';", "import {             state } from '@daplet/sdk';"),
        ("import { state, CloudEvent, } from '@daplet/sdk';", "import { state,             } from '@daplet/sdk';"),
        (
            "import { state, CloudEvent /* } */ , } from '@daplet/sdk';",
            "import { state,                      } from '@daplet/sdk';",
        ),
        (
            "import { CloudEvent } from '@daplet/sdk'; import { state } from '@daplet/sdk';",
            ";                                         import { state } from '@daplet/sdk';",
        ),
        (
            "import { CloudEvent } from './types';const state = 1;",
            ";                                    const state = 1;",
        ),
        (
            "import type { CloudEvent } from 'x';const state = 1;",
            ";                                   const state = 1;",
        ),
        (
            "import { type CloudEvent } from 'x';const state = 1;",
            ";                                   const state = 1;",
        ),
    ] {
        let checked = ts(&format!("{imports}{rest}")).unwrap();
        let (code, at) = (checked.code.unwrap(), imports.len());
        assert_eq!(&code[..at], left);
        assert!(checked.map.is_none() && code[at..].contains("=> state;"), "{code}");
    }
}

#[test]
fn imports_of_values_stay() {
    for (source, kept) in [
        ("import { state } from '@daplet/sdk'; export default () => { const o = { state }; return o };", true),
        ("import { state } from '@daplet/sdk'; export { state }; export default () => 1;", true),
        ("import { Actor } from '@daplet/sdk'; export class A extends Actor {}", true),
        ("import { state } from '@daplet/sdk'; type S = typeof state; export default (s: S) => s;", false),
        ("import { state } from '@daplet/sdk'; export default (state: number) => state;", false),
        ("import { StateStore } from '@daplet/sdk'; export default class implements StateStore {}", false),
        ("import { StateStore } from '@daplet/sdk'; export default (s) => s instanceof StateStore;", true),
        ("import '@daplet/sdk'; export default () => 1;", true),
        ("import { state } from '@daplet/sdk'; enum E { A } export default () => E.A;", false),
        ("import * as sdk from '@daplet/sdk'; export default (a: sdk.CloudEvent) => a;", false),
        ("import { state, CloudEvent } from '@daplet/sdk'; export { CloudEvent }; export default () => state;", true),
        ("export { CloudEvent } from '@daplet/sdk'; export default () => 1;", false),
    ] {
        let code = code(source);
        let has =
            code.contains("@daplet/sdk") && !code.contains("export {  } from") && !code.contains("export { } from");
        assert_eq!(has, kept, "{source}\n{code}");
        assert!(!code.contains("CloudEvent"), "{code}");
    }
}

#[test]
fn what_is_not_exported_is_named() {
    let error = js("\nimport { pubsub, stat } from '@daplet/sdk';\nexport default stat;").unwrap_err();
    assert_eq!((error.line, error.column), (2, 18));
    assert!(
        error.message.contains("did you mean \"state\"?") && error.message.contains("workflow"),
        "{}",
        error.message
    );
    for source in [
        "import { stat } from '@daplet/sdk';\nexport default () => stat;",
        "import { CloudEvent } from '@daplet/sdk';\nexport default () => CloudEvent;",
        "import sdk from '@daplet/sdk';\nexport default () => sdk;",
        "export { stat } from '@daplet/sdk';",
        "export * from 'lodash';",
        "import { x } from 'lodash';\nexport default () => x;",
    ] {
        assert_eq!(ts(source).unwrap_err().line, 1, "{source}");
    }
    assert!(js("export default async () => (await import('node:fs')).x;").is_ok());
    assert!(js("export default async () => (await import('@daplet/sdk')).x;").is_ok());
}

#[test]
fn standard_decorators_are_rewritten() {
    let checked = js("const d = (v) => v; @d class A { @d accessor x = 1 } export default () => new A().x;").unwrap();
    assert!(!checked.code.unwrap().contains("@d") && checked.map.is_some());
    let error = ts("const d: any = 1;\nclass A {\n f(@d x: number) {} }\nexport default A;").unwrap_err();
    assert!(error.line == 3 && error.message.contains("experimentalDecorators"), "{error:?}");
    let error =
        ts("const d: any = 1;\nclass A {\n constructor(@d private x: number) {} }\nexport default A;").unwrap_err();
    assert!(error.line == 3 && error.message.contains("experimentalDecorators"), "{error:?}");
}

#[test]
fn nul_is_a_character() {
    for (source, expected) in [
        ("export default () => 'a\0b';", "export default () => 'a\\x00b';"),
        ("export default () => 'a\\\0b';", "export default () => 'a\\x00b';"),
        ("export default () => `a\0${1}\0`;", "export default () => `a\\x00${1}\\x00`;"),
        ("/* a\0b */ export default () => /\0/;", "/* a b */ export default () => /\\x00/;"),
    ] {
        assert_eq!(js(source).unwrap().code.unwrap(), expected);
        assert_eq!(code(source), expected);
    }
    assert!(js("export default () =>\0 1;").is_err());
}

#[test]
fn declarations_of_typescript_share_names() {
    for source in [
        "interface A { a: 1 } class A {} export default A;",
        "function f(a: string): void; function f(a: number): void; function f(a: unknown) {} export default f;",
        "enum E { A } enum E { B = 1 } export default E;",
        "class A {} namespace A { export const b = 1 } export default A;",
        "type T = 1; const T = 1; export { T }; export default T;",
        "interface I {} export { I }; export default () => 1;",
        "declare const a: number; declare function g(): void; export default () => 1;",
        "export default function f(a: string): void; export default function f(a: unknown) {}",
    ] {
        assert!(ts(source).is_ok(), "{source}: {:?}", ts(source));
    }
    for source in [
        "var a = 1; var a = 2; { let a; } function g() { var h; } let h; export default a;",
        "let a; (() => { var a; }); class B { static { var a; } get c() { var a; } constructor() { var a; } } export default a;",
        "const o = { get x() { var a }, set x(v) { var a } }; let a; export default o;",
        "class A { #x; static f = class { g(a) { return a.#x } }; [1] = (a) => #x in a } export default A;",
    ] {
        assert!(js(source).is_ok(), "{source}: {:?}", js(source));
    }
}
