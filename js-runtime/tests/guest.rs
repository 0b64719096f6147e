//! The guest, natively, with a scripted host: load, handle, resume, and what crosses the boundary.
#![allow(clippy::unwrap_used)]

use daplet_abi::frame::{Frame, encode};
use daplet_abi::{EventKind, Status};
use daplet_js_runtime::{imports, phases};
use serde_json::{Value, json};

/// Runs `test` with a guest of its own: the guest lives in thread-local storage.
fn with_guest(source: &str, test: impl FnOnce(Status, Vec<(Value, Vec<u8>)>) + Send) {
    let source = source.to_owned();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(32 << 20).spawn_scoped(scope, move || {
            assert_eq!(phases::init(), Status::Done, "{:?}", imports::take());
            let head = json!({"name": "t", "file": "t.js", "version": "1", "env": {"A": "b"}, "memoryBytes": 64 << 20});
            let len = imports::put(encode(&head, source.as_bytes()).unwrap());
            let status = phases::load(len);
            test(status, writes());
        });
        thread.unwrap().join().unwrap();
    });
}

fn split(frames: Vec<Vec<u8>>) -> Vec<(Value, Vec<u8>)> {
    let split = |bytes: Vec<u8>| {
        let frame = Frame::decode(&bytes).unwrap();
        (frame.parse_head().unwrap(), frame.body.to_vec())
    };
    frames.into_iter().map(split).collect()
}

fn writes() -> Vec<(Value, Vec<u8>)> {
    split(imports::take().writes)
}

fn http(url: &str) -> Status {
    let head = json!({"requestId": "r1", "method": "GET", "url": url, "headers": []});
    let len = imports::put(encode(&head, &[]).unwrap());
    phases::handle(EventKind::Http as i32, len)
}

#[test]
fn answers_a_request() {
    with_guest("export default { fetch: (r, env, ctx) => `${r.url} ${env.A} ${ctx.requestId}` }", |status, report| {
        assert_eq!(status, Status::Done, "{report:?}");
        assert_eq!(
            report[0].0,
            json!({"handlers": ["fetch"], "subscriptions": [], "schedules": [], "bindings": [], "configuration": [], "actors": []})
        );
        assert_eq!(http("http://h/x"), Status::Done);
        let written = writes();
        assert_eq!(written[0].0["status"], 200);
        assert_eq!(written[0].1, b"http://h/x b r1");
    });
}

#[test]
fn waits_for_an_operation() {
    let source = "import { state } from '@daplet/sdk'; export default async () => ({ v: await state().get('k') })";
    with_guest(source, |status, report| {
        assert_eq!(status, Status::Done, "{report:?}");
        assert_eq!(http("http://h/"), Status::Pending);
        let submitted = split(imports::take().submits);
        assert_eq!((submitted[0].0["op"].as_str(), submitted[0].0["key"].as_str()), (Some("state.get"), Some("k")));
        let completion = json!({"id": submitted[0].0["id"], "ok": {"found": true, "etag": "1"}});
        let len = imports::put(encode(&completion, b"[1]").unwrap());
        assert_eq!(phases::resume(len), Status::Done);
        assert_eq!(writes()[0].1, br#"{"v":[1]}"#);
    });
}

#[test]
fn failures_are_data() {
    let cases = [
        ("export default () => { throw new RangeError('no') }", "exception", "RangeError", "no"),
        ("export default async () => { await null; throw null }", "exception", "null", "null"),
        (
            "export default () => new Promise(() => {})",
            "neverSettled",
            "Error",
            "the handler's promise can never settle: no operation and no timer is open that could settle it",
        ),
        ("export default () => { throw new Proxy({}, { get() { throw 1 } }) }", "exception", "object", ""),
        (
            "export default () => { function f() { return f() + 1 } return f() }",
            "exception",
            "RangeError",
            "Maximum call stack size exceeded",
        ),
    ];
    for (source, code, name, message) in cases {
        with_guest(source, |status, report| {
            assert_eq!(status, Status::Done, "{source}: {report:?}");
            assert_eq!(http("http://h/"), Status::JsError, "{source}");
            let (head, _) = writes().pop().unwrap();
            assert_eq!(
                (&head["code"], &head["name"], &head["message"]),
                (&json!(code), &json!(name), &json!(message)),
                "{source}"
            );
        });
    }
}

#[test]
fn refuses_what_cannot_be_loaded() {
    let cases = [
        ("export const x = 1", "exports no handler"),
        ("export default 42", "must be a function or an object"),
        ("import _ from 'lodash'; export default () => 1", "cannot import \"lodash\""),
        ("import { call } from 'daplet:host'; export default () => 1", "cannot import \"daplet:host\""),
        ("export default {", "t.js"),
        ("throw new Error('top')", "top"),
        ("import { state } from '@daplet/sdk'; await state().get('k'); export default () => 1", "inside a handler"),
        ("await new Promise(() => {}); export default () => 1", "inside a handler"),
        ("export const subscriptions = [{}]; export default { message() {} }", "subscriptions[0].topic"),
    ];
    for (source, text) in cases {
        with_guest(source, |status, report| {
            assert_eq!(status, Status::JsError, "{source}: {report:?}");
            let (head, _) = &report[0];
            assert!(head.to_string().contains(&text.replace('"', "\\\"")), "{source}: {head}");
        });
    }
}

#[test]
fn the_platforms_classes_show_their_names() {
    let source = "const names = ['AbortController', 'AbortSignal', 'Crypto', 'CryptoKey', 'CustomEvent', 'DOMException', 'Event', 'EventTarget', 'Headers', \
                  'Performance', 'Request', 'Response', 'SubtleCrypto', 'TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams'];\n\
                  const odd = (name) => globalThis[name].name !== name || !`${globalThis[name]}`.startsWith(`class ${name} `);\n\
                  export default () => names.filter(odd)";
    with_guest(source, |status, report| {
        assert_eq!(status, Status::Done, "{report:?}");
        assert_eq!(http("http://h/"), Status::Done);
        assert_eq!(String::from_utf8_lossy(&writes()[0].1), "[]");
    });
}

/// The platform uses its own modules and the language as it was before the function's code ran.
#[test]
fn replaced_globals_do_not_reach_the_platform() {
    let source = "for (const name of ['DOMException', 'Event', 'EventTarget', 'Headers', 'URL', 'Request', 'Promise', 'Map', 'Reflect', 'JSON']) {\n\
                    globalThis[name] = function () { throw new Error(`${name} was called`) };\n\
                  }\n\
                  Promise.prototype = null; Map.prototype = null;\n\
                  Object.getPrototypeOf(async () => {}).call = null;\n\
                  const broken = () => { throw new Error('a replaced method was called') };\n\
                  Object.getPrototypeOf((async () => {})()).then = broken;\n\
                  export default async (request) => {\n\
                    const controller = new AbortController(); controller.abort();\n\
                    const { name } = controller.signal.reason;\n\
                    return new Response(`${name} ${request.url} ${request.headers.get('a')}`);\n\
                  }";
    with_guest(source, |status, report| {
        assert_eq!(status, Status::Done, "{report:?}");
        let head = json!({"requestId": "r1", "method": "GET", "url": "http://h/", "headers": [["a", "b"]]});
        let len = imports::put(encode(&head, &[]).unwrap());
        assert_eq!(phases::handle(EventKind::Http as i32, len), Status::Done, "{:?}", writes());
        assert_eq!(String::from_utf8_lossy(&writes()[0].1), "AbortError http://h/ b");
    });
}

#[test]
fn the_runtimes_modules_cannot_be_imported() {
    for name in ["daplet:natives", "daplet:runtime", "daplet:js/main.js", "./operations.js"] {
        with_guest(&format!("import * as all from '{name}'; export default () => 1"), |status, report| {
            assert_eq!(status, Status::JsError);
            assert!(report[0].0["message"].to_string().contains("cannot import"), "{name}: {report:?}");
        });
    }
}

/// The body of the answer to one POST, when nothing needs the host.
fn posted(source: &str) -> String {
    let mut answer = String::new();
    with_guest(source, |status, report| {
        assert_eq!(status, Status::Done, "{report:?}");
        let head = json!({"requestId": "r1", "method": "POST", "url": "http://h/", "headers": []});
        let len = imports::put(encode(&head, b"posted").unwrap());
        assert_eq!(phases::handle(EventKind::Http as i32, len), Status::Done, "{source}: {:?}", writes());
        answer = String::from_utf8(writes()[0].1.clone()).unwrap();
    });
    answer
}

#[test]
fn an_answer_may_be_a_stream() {
    let upper = "new TransformStream({ transform(text, to) { to.enqueue(text.toUpperCase()) } })";
    let cases = [
        ("(r) => r.body".to_owned(), "posted"),
        ("(r) => new Response(r.body)".to_owned(), "posted"),
        ("(r) => new Response(new Response(r.body).body.tee()[1])".to_owned(), "posted"),
        (
            format!(
                "(r) => new Response(r.body.pipeThrough(new TextDecoderStream()).pipeThrough({upper}).pipeThrough(new TextEncoderStream()))"
            ),
            "POSTED",
        ),
        ("() => new Response((async function* () { yield 'a'; await null; yield new Uint8Array([98]) })())".to_owned(), "ab"),
        ("async (r) => { const c = r.clone(); return await new Response(c.body).text() + await r.text() }".to_owned(), "postedposted"),
        ("async (r) => await new Request(r, { headers: {} }).text() + r.bodyUsed".to_owned(), "postedtrue"),
        (
            "async (r) => { r.body; const reader = r.body.getReader({ mode: 'byob' }); const { value } = await reader.read(new Uint8Array(4)); return new TextDecoder().decode(value) }"
                .to_owned(),
            "post",
        ),
        ("async (r) => { let all = ''; for await (const chunk of r.body) all += chunk.length; return all }".to_owned(), "6"),
    ];
    for (handler, wanted) in cases {
        assert_eq!(posted(&format!("export default {handler}")), wanted, "{handler}");
    }
}

/// Keys are imported while the module is loaded; what a decoder has is given at once, and nothing where data is not whole.
#[test]
fn crypto_and_compression_run_in_the_guest() {
    let source = "const key = await crypto.subtle.importKey('raw', new Uint8Array(4), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);\n\
                  const utf8 = new TextEncoder().encode('compressed');\n\
                  const read = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());\n\
                  const pack = (format) => read(new Response(utf8).body.pipeThrough(new CompressionStream(format)));\n\
                  const first = async (format) => {\n\
                    const stream = new DecompressionStream(format);\n\
                    stream.writable.getWriter().write(await pack(format));\n\
                    const { value } = await stream.readable.getReader().read();\n\
                    return new TextDecoder().decode(value);\n\
                  };\n\
                  const cut = async (format) => {\n\
                    const data = (await pack(format)).slice(0, -1);\n\
                    return read(new Response(data).body.pipeThrough(new DecompressionStream(format))).then(() => 'whole', (e) => e.name);\n\
                  };\n\
                  export default async () => {\n\
                    const results = [new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8)).length, structuredClone(key).type];\n\
                    for (const format of ['gzip', 'deflate', 'deflate-raw']) results.push(await first(format), await cut(format));\n\
                    return results;\n\
                  }";
    with_guest(source, |status, report| {
        assert_eq!(status, Status::Done, "{report:?}");
        assert_eq!(http("http://h/"), Status::Done);
        let expected =
            json!([32, "secret", "compressed", "TypeError", "compressed", "TypeError", "compressed", "TypeError"]);
        assert_eq!(serde_json::from_slice::<Value>(&writes()[0].1).unwrap(), expected);
    });
}
