//! By which names a server is called, which web pages may use it, who manages it, and a function's own origin.
use daplet_tests::raw::{ask, status};
use daplet_tests::root;
use daplet_tests::server::{Answer, Options, Server, binary, free_port, without_settings};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const SEEN: &str = r#"export default (request, env, ctx) => {
    const headers = { "service-worker-allowed": "/", "clear-site-data": "\"*\"", "x-kept": "1" };
    const seen = { url: request.url, mount: ctx.mount, prefix: request.headers.get("x-forwarded-prefix"), host: request.headers.get("host") };
    return Response.json(seen, { headers });
  };"#;

fn args(words: &[&str]) -> Options {
    Options { args: words.iter().map(|word| (*word).to_owned()).collect(), ..Options::default() }
}

async fn with_host(base: &str, path: &str, host: &str) -> u16 {
    status(&ask(base, &format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n")).await)
}

/// A page that makes its own name lead to this machine says that name.
#[tokio::test(flavor = "multi_thread")]
async fn only_known_names_are_answered() {
    let server = Server::with(args(&["--allowed-hosts", "daplet.ns,*.example.com"])).await;
    server.deploy("seen", SEEN).await;
    let paths = [
        (&server.base, "/functions"),
        (&server.base, "/configuration"),
        (&server.base, "/seen"),
        (&server.base, "/livez"),
        (&server.dapr, "/v1.0/metadata"),
        (&server.dapr, "/v1.0/secrets/secretstore/bulk"),
        (&server.dapr, "/v1.0/invoke/daplet/method/seen"),
    ];
    for (base, path) in paths {
        for host in
            ["127.0.0.1", "[::1]:8080", "10.0.0.7:1", "localhost", "LOCALHOST.:99", "daplet.ns", "A.Example.com:80"]
        {
            assert_eq!(with_host(base, path, host).await, 200, "{host} {path}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.nip.io:8080",
            "evillocalhost",
            "example.com",
            "127.1",
            "2130706433",
            "0177.0.0.1",
            "0x7f.1",
            "daplet.ns.evil",
        ] {
            assert_eq!(with_host(base, path, host).await, 421, "{host} {path}");
        }
    }
    let told = ask(&server.base, "GET /functions HTTP/1.1\r\nhost: evil.example\r\n\r\n").await;
    assert!(told.contains("application/problem+json") && told.contains("--allowed-hosts"), "{told}");
}

/// Other machines call functions by names that only their proxies know; management they call by a known one.
#[tokio::test(flavor = "multi_thread")]
async fn beyond_loopback_functions_answer_to_every_name() {
    let port = free_port();
    let listen = format!("0.0.0.0:{port}");
    let mut options = args(&["--admin-token-file"]);
    options.listen = Some(listen);
    let _server = Server::with(options).await;
    let base = format!("http://127.0.0.1:{port}");
    assert_eq!(with_host(&base, "/none", "shop.example").await, 404);
    assert_eq!(with_host(&base, "/livez", "shop.example").await, 200);
    assert_eq!(with_host(&base, "/functions", "shop.example").await, 421);
    assert_eq!(with_host(&base, "/functions", "localhost").await, 401);
}

/// Method, path, headers and what is answered on the address of management, then of Dapr's API.
#[tokio::test(flavor = "multi_thread")]
async fn web_pages_reach_neither_management_nor_dapr() {
    let server = Server::start().await;
    server.deploy("seen", SEEN).await;
    let own = server.base.as_str();
    let port = server.port();
    let localhost = format!("http://localhost:{port}");
    let rows: [(Vec<(&str, &str)>, u16); 16] = [
        (vec![], 200),
        (vec![("origin", own)], 200),
        (vec![("origin", own), ("sec-fetch-site", "same-origin")], 200),
        (vec![("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], 200),
        (vec![("origin", "https://evil.example")], 403),
        (vec![("origin", "null")], 403),
        (vec![("origin", &localhost)], 403),
        (vec![("origin", "http://127.0.0.1")], 403),
        (vec![("origin", "http://seen.localhost")], 403),
        (vec![("origin", "")], 403),
        (vec![("sec-fetch-site", "cross-site")], 403),
        (vec![("sec-fetch-site", "same-site")], 403),
        (vec![("sec-fetch-site", "Cross-Site")], 403),
        (vec![("origin", own), ("sec-fetch-site", "cross-site")], 403),
        // A page of a function under this server's own name.
        (vec![("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")], 403),
        (vec![("origin", own), ("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "empty")], 403),
    ];
    for (headers, expected) in &rows {
        for path in ["/functions", "/functions/seen", "/functions/seen/source", "/configuration"] {
            let answer = send(&server, "GET", &server.url(path), headers, "").await;
            assert_eq!(answer.status, *expected, "{path} {headers:?} {}", answer.text());
        }
        // What a page may call is the function's to say.
        assert_eq!(send(&server, "GET", &server.url("/seen"), headers, "").await.status, 200, "{headers:?}");
        if headers.iter().all(|(_, value)| *value != own) {
            for (method, path, body) in [
                ("GET", "/v1.0/secrets/secretstore/bulk", ""),
                ("POST", "/v1.0/state/statestore", r#"[{"key":"k","value":1}]"#),
                ("POST", "/v1.0/publish/pubsub/t", "x"),
                ("POST", "/v1.0/jobs/seen.j", r#"{"schedule":"@daily","overwrite":true}"#),
                ("GET", "/v1.0/invoke/daplet/method/seen", ""),
                ("GET", "/v1.0/healthz", ""),
            ] {
                let answer = send(&server, method, &format!("{}{path}", server.dapr), headers, body).await;
                let expected = if *expected == 200 { [200, 204] } else { [403, 403] };
                assert!(expected.contains(&answer.status), "{path} {headers:?} {} {}", answer.status, answer.text());
            }
        }
    }
    let refused =
        send(&server, "POST", &server.url("/functions?name=seen"), &[("origin", "https://evil.example")], "x").await;
    assert_eq!(refused.code(), "foreignOrigin");
    assert!(refused.text().contains("--cors-origins") && refused.header("access-control-allow-origin").is_none());
}

/// The same in a real browser, with pages of functions and of a stranger.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_keeps_to_origins() {
    let server = Server::start().await;
    let mut node = Command::new("node");
    node.arg("sites.mjs").args([&server.base, &server.dapr]).current_dir(root().join("tests/web"));
    let output = tokio::task::spawn_blocking(move || node.output()).await.unwrap().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{said}");
}

/// HTTP/2 says `:authority`; gRPC's answer is in its headers.
#[tokio::test(flavor = "multi_thread")]
async fn http2_and_grpc_have_the_same_rules() {
    let env = vec![("DAPR_API_TOKEN".to_owned(), "secret".to_owned())];
    let server = Server::with(Options { env, ..Options::default() }).await;
    let own = "127.0.0.1:0".parse().unwrap();
    let http = reqwest::Client::builder().http2_prior_knowledge().no_proxy().resolve("evil.example", own);
    let http = http.resolve("x.localhost", own).build().unwrap();
    let method = "/dapr.proto.runtime.v1.Dapr/GetMetadata";
    let token = ("dapr-api-token", "secret");
    for (host, headers, expected, grpc_status) in [
        ("127.0.0.1", [token].as_slice(), 200, "0"),
        ("x.localhost", &[token], 200, "0"),
        ("evil.example", &[token], 421, "7"),
        ("127.0.0.1", &[token, ("origin", "https://evil.example")], 403, "7"),
        ("127.0.0.1", &[token, ("sec-fetch-site", "cross-site")], 403, "7"),
        ("127.0.0.1", &[("dapr-api-token", "wrong")], 401, "16"),
        ("127.0.0.1", &[], 401, "16"),
    ] {
        let url = format!("{}{method}", server.grpc.replace("127.0.0.1", host));
        let mut request = http.post(url).header("content-type", "application/grpc").body(vec![0; 5]);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let said = answer.headers().get("grpc-status").map_or("0", |status| status.to_str().unwrap()).to_owned();
        assert_eq!((answer.status().as_u16(), said.as_str()), (expected, grpc_status), "{host} {headers:?}");
    }
    for (base, path) in [(&server.base, "/functions"), (&server.dapr, "/v1.0/healthz")] {
        for (host, expected) in [("127.0.0.1", 0), ("x.localhost", 0), ("evil.example", 421)] {
            let url = format!("{}{path}", base.replace("127.0.0.1", host));
            let answer = http.get(url).send().await.unwrap().status().as_u16();
            assert!(answer == expected || (expected == 0 && [200, 204].contains(&answer)), "{host}{path} {answer}");
        }
    }
}

/// A page may send these without asking first.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_has_a_media_type_that_no_page_sends_by_itself() {
    let server = Server::start().await;
    let source = "export default () => 'up'";
    for (media_type, expected) in [
        ("text/javascript", 200),
        ("application/javascript; charset=utf-8", 200),
        ("Text/TypeScript", 200),
        ("application/typescript", 200),
        ("", 415),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        ("text/plain;charset=text/javascript", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/octet-stream", 415),
        ("text/html", 415),
    ] {
        let headers = [("content-type", media_type)];
        let answer = send(&server, "PUT", &server.url("/functions/up"), &headers, source).await;
        assert!(
            answer.status == expected || (expected == 200 && answer.status == 201),
            "{media_type}: {}",
            answer.text()
        );
        let hint = answer.text().contains("text/javascript") && answer.text().contains("application/json");
        assert!(expected != 415 || hint, "{}", answer.text());
    }
    let bare = Answer::of(server.http.put(server.url("/functions/up")).body(source).send().await.unwrap()).await;
    assert_eq!((bare.status, bare.code().as_str()), (415, "unsupportedMediaType"));
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_origins_may() {
    let console = "https://console.example:8443";
    let server = Server::with(args(&["--cors-origins", &format!("{console},http://other.example")])).await;
    for base in [&server.base, &server.dapr] {
        let path = if base == &server.base { "/functions" } else { "/v1.0/metadata" };
        let url = format!("{base}{path}");
        let asked = [
            ("origin", console),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "content-type, authorization"),
        ];
        let answer = send(&server, "OPTIONS", &url, &asked, "").await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, Some(console)));
        assert!(answer.header("access-control-allow-methods").unwrap().contains("PUT"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("content-type, authorization"));
        let headers = [("origin", console), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
        let answer = send(&server, "GET", &url, &headers, "").await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(console)));
        assert!(answer.header("vary").unwrap().contains("origin"));
        for origin in ["https://console.example", "http://console.example:8443", "https://evil.example"] {
            let asked = [("origin", origin), ("access-control-request-method", "PUT")];
            let answer = send(&server, "OPTIONS", &url, &asked, "").await;
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None), "{origin}");
        }
    }
}

/// Under its own name a function has every path; under the server's it is mounted, and cannot speak for what else is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_has_an_origin_of_its_own() {
    let server = Server::with(args(&["--function-domain", "apps.example"])).await;
    server.deploy("seen", SEEN).await;
    server
        .deploy(
            "other",
            "import { invoke } from '@daplet/sdk'; export default () => invoke('daplet').fetch('/seen/a?b')",
        )
        .await;
    for (host, path, url) in [
        ("seen.localhost:8080", "/", "http://seen.localhost:8080/"),
        ("seen.localhost", "/a//b?c=d", "http://seen.localhost/a//b?c=d"),
        ("Seen.LocalHost.", "/seen/a", "http://seen.localhost./seen/a"),
        ("seen.apps.example", "/x", "http://seen.apps.example/x"),
        ("seen.localhost", "/functions", "http://seen.localhost/functions"),
        ("seen.localhost", "/configuration/x", "http://seen.localhost/configuration/x"),
        ("seen.localhost", "/livez", "http://seen.localhost/livez"),
    ] {
        let answer =
            ask(&server.base, &format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nx-forwarded-prefix: /x\r\n\r\n")).await;
        let seen = body(&answer);
        assert_eq!((&seen["mount"], &seen["prefix"]), (&json!(""), &json!(null)), "{answer}");
        assert_eq!(seen["url"].as_str().unwrap().to_ascii_lowercase(), url);
        assert!(answer.contains("service-worker-allowed: /") && answer.contains("clear-site-data: "), "{answer}");
    }
    let host = server.base.trim_start_matches("http://");
    for (path, url) in [
        ("/seen", format!("http://{host}/")),
        ("/seen/", format!("http://{host}/")),
        ("/seen?q", format!("http://{host}/?q")),
        ("/seen/seen/a%2Fb?c", format!("http://{host}/seen/a%2Fb?c")),
        ("//seen//a", format!("http://{host}//a")),
        ("/other", "http://localhost/a?b".to_owned()),
    ] {
        let answer = server.get(path).await;
        let seen = answer.json();
        assert_eq!(
            (&seen["url"], &seen["mount"], &seen["prefix"]),
            (&json!(url), &json!("/seen"), &json!("/seen")),
            "{path}"
        );
        let kept = ["x-kept", "service-worker-allowed", "clear-site-data"].map(|name| answer.header(name).is_some());
        assert_eq!(kept, [true, false, false], "{path}");
    }
    let invoked = Answer::of(
        server.http.get(format!("{}/v1.0/invoke/daplet/method/seen/a?b", server.dapr)).send().await.unwrap(),
    )
    .await;
    let at = format!("{}/a?b", server.dapr);
    assert_eq!((&invoked.json()["url"], &invoked.json()["mount"]), (&json!(at), &json!("/seen")));
    assert!(invoked.header("service-worker-allowed").is_none());

    // A page may outlive its function: under that name browsers do not reach management.
    for (host, path, headers, expected) in [
        ("gone.localhost", "/x", "", 404),
        ("gone.localhost", "/functions", "", 200),
        ("gone.localhost", "/functions", "sec-fetch-site: same-origin\r\n", 404),
        ("gone.localhost", "/functions", "origin: http://gone.localhost\r\n", 404),
        ("a.seen.localhost", "/functions", "", 200),
        ("a.seen.localhost", "/seen", "", 200),
    ] {
        let answer = ask(&server.base, &format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n")).await;
        assert_eq!(status(&answer), expected, "{host} {path} {headers} {answer}");
    }
}

/// Management with an address and a token of its own.
#[tokio::test(flavor = "multi_thread")]
async fn management_stands_apart() {
    let admin = format!("127.0.0.1:{}", free_port());
    let mut options = args(&["--admin-listen", &admin, "--admin-token-file"]);
    options.probe = Some(format!("http://{admin}"));
    let server = Server::with(options).await;
    let file = server.data.join("admin-token");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&file).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let admin = format!("http://{admin}");
    let source = json!({"name": "seen", "source": "export default (r, env, ctx) => [ctx.requestId, r.headers.get('authorization')]"});
    for (said, expected) in [
        ("", 401),
        ("Bearer", 401),
        ("Bearer wrong", 401),
        (token.trim(), 401),
        (&format!("Basic {}", token.trim()), 401),
        (&format!("Bearer {}x", token.trim()), 401),
        (&bearer, 201),
        (&bearer.replace("Bearer", "bearer"), 200),
    ] {
        let headers = [("authorization", said), ("content-type", "application/json")];
        let answer = send(&server, "POST", &format!("{admin}/functions"), &headers, &source.to_string()).await;
        assert_eq!(answer.status, expected, "{said} {}", answer.text());
        assert_eq!(answer.header("www-authenticate").is_some(), expected == 401);
    }
    for (url, expected) in [
        (format!("{admin}/livez"), 200),
        (format!("{admin}/readyz"), 200),
        (format!("{admin}/configuration"), 401),
        (format!("{admin}/seen"), 401),
        (format!("{admin}/"), 401),
        (server.url("/seen"), 200),
        (server.url("/functions"), 404),
        (server.url("/functions/seen"), 404),
        (server.url("/configuration"), 404),
        (server.url("/livez"), 404),
        (server.url("/readyz"), 404),
    ] {
        assert_eq!(send(&server, "GET", &url, &[], "").await.status, expected, "{url}");
    }
    let lost = send(&server, "GET", &format!("{admin}/seen"), &[("authorization", &bearer)], "").await;
    assert_eq!((lost.status, lost.code().as_str()), (404, "notFound"));
    // Who shows the token may name the request; no function sees it.
    let seen =
        send(&server, "GET", &server.url("/seen"), &[("authorization", &bearer), ("x-request-id", "mine")], "").await;
    assert_eq!(seen.json(), json!(["mine", null]));
    let seen =
        send(&server, "GET", &server.url("/seen"), &[("authorization", "Bearer a"), ("x-request-id", "mine")], "")
            .await;
    assert_eq!(seen.json()[1], "Bearer a");
    assert_ne!(seen.json()[0], "mine");
    assert!(!server.output().contains(token.trim()));
}

/// A socket that only the user of the process may open.
#[tokio::test(flavor = "multi_thread")]
async fn management_on_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin.sock");
    // Left over from a process that is gone.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let mut options = args(&["--admin-listen", &format!("unix:{}", socket.display())]);
    options.probe = Some(format!("unix:{}", socket.display()));
    let mut server = Server::with(options).await;
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let curl = |words: &[&str]| {
        let output =
            Command::new("curl").args(["-s", "-w", " %{http_code}", "--unix-socket"]).arg(&socket).args(words).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let up =
        ["-H", "content-type: text/javascript", "-d", "export default () => 'up'", "http://daplet/functions?name=up"];
    assert!(curl(&up).ends_with(" 201"), "{}", curl(&up));
    assert_eq!(server.get("/up").await.text(), "up");
    assert_eq!(server.get("/functions").await.status, 404);
    let evil = ["-H", "origin: https://evil.example", "http://daplet/functions"];
    assert!(curl(&evil).ends_with(" 403"));
    server.signal("TERM");
    assert_eq!(server.exit_code(std::time::Duration::from_secs(30)).await, Some(0));
    assert!(!socket.exists());
}

/// What would leave management open to other machines ends the start, and says what to set.
#[test]
fn open_management_needs_a_token() {
    for (words, named) in [
        (["--listen", "0.0.0.0:0"].as_slice(), ["listen is 0.0.0.0:0", "--admin-token-file", "--admin-listen"]),
        (&["--listen", "[::]:0"], ["listen is [::]:0", "--admin-token-file", "--admin-listen"]),
        (&["--admin-listen", "0.0.0.0:0"], ["admin_listen is 0.0.0.0:0", "--admin-token-file", "token"]),
        (&["--allowed-hosts", "a:80"], ["allowed_hosts is a:80", "names of hosts", "without a port"]),
        (&["--cors-origins", "example.com"], ["cors_origins is example.com", "origins of pages", "https://"]),
        (&["--function-domain", "a..b"], ["function_domain is a..b", "domain", "apps.example.com"]),
    ] {
        let mut command = Command::new(binary());
        without_settings(&mut command);
        let output = command.arg("serve").args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{words:?} {said}");
        assert!(named.iter().all(|text| said.contains(text)), "{words:?} {said}");
    }
}

/// As a sidecar does, the embedded default asks for the token of `DAPR_API_TOKEN`.
#[tokio::test(flavor = "multi_thread")]
async fn daprs_api_has_a_token() {
    let options = Options { env: vec![("DAPR_API_TOKEN".to_owned(), "secret".to_owned())], ..Options::default() };
    let server = Server::with(options).await;
    for (path, headers, expected) in [
        ("/v1.0/metadata", [].as_slice(), 401),
        ("/v1.0/metadata", &[("dapr-api-token", "secre")], 401),
        ("/v1.0/metadata", &[("dapr-api-token", "secret")], 200),
        ("/v1.0/healthz", &[], 204),
        ("/v1.0/healthz/outbound", &[], 204),
    ] {
        assert_eq!(
            send(&server, "GET", &format!("{}{path}", server.dapr), headers, "").await.status,
            expected,
            "{path}"
        );
    }
    assert_eq!(server.get("/functions").await.status, 200);
}

async fn send(server: &Server, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = server.http.request(method, url).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

fn body(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer:?}"))
}
