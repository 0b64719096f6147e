//! Locks, cryptography and bindings: what lasts, what is granted, and what Dapr's HTTP API says of them.
use crate::server::{Answer, Options, Server};
use daplet_tests::root;
use dapr::dapr::proto::common::v1::StreamPayload;
use dapr::dapr::proto::runtime::v1::{
    DecryptRequest, DecryptRequestOptions, DecryptResponse, EncryptRequest, EncryptRequestOptions, EncryptResponse,
    dapr_client::DaprClient,
};
use serde_json::{Value, json};
use std::path::Path;

async fn post(server: &Server, path: &str, body: Value) -> Answer {
    let request = server.http.post(format!("{}{path}", server.dapr)).body(body.to_string());
    Answer::of(request.send().await.unwrap()).await
}

async fn lock(server: &Server, owner: &str) -> Value {
    let body = json!({"resourceId": "door", "lockOwner": owner, "expiryInSeconds": 600});
    post(server, "/v1.0-alpha1/lock/lockstore", body).await.json()
}

/// A lock outlives the server, and is one for functions and clients of Dapr's API.
#[tokio::test(flavor = "multi_thread")]
async fn locks_last() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let server = Server::with(options()).await;
    assert_eq!(lock(&server, "a").await, json!({"success": true}));
    drop(server);
    let server = Server::with(options()).await;
    assert_eq!(lock(&server, "b").await, json!({"success": false}));
    let source = r#"import { lock } from "@daplet/sdk";
        export default async () => {
          const before = await lock().tryLock("door", { expiry: 9 });
          return { before, status: await lock().unlock("door", "a"), after: (await lock().tryLock("door", { expiry: 600 })) !== null };
        };"#;
    server.deploy_with(json!({"name": "taker", "source": source, "grants": {"locks": ["lockstore/door"]}})).await;
    assert_eq!(server.get("/taker").await.json(), json!({"before": null, "status": "success", "after": true}));
    assert_eq!(lock(&server, "a").await, json!({"success": false}));
}

/// By gRPC a document comes and goes in pieces.
#[tokio::test(flavor = "multi_thread")]
async fn documents_travel_by_grpc() {
    let keys = root().join("host/src/blocks/crypto/vectors/keys");
    let args = vec!["--keys-dir".to_owned(), keys.to_string_lossy().into_owned()];
    let server = Server::with(Options { args, ..Options::default() }).await;
    let mut client = DaprClient::connect(server.grpc.clone()).await.unwrap();
    let pieces = |data: &[u8]| -> Vec<StreamPayload> {
        data.chunks(50_000)
            .enumerate()
            .map(|(n, piece)| StreamPayload { data: piece.to_vec(), seq: n as u64 })
            .collect()
    };
    let options = |key: &str| EncryptRequestOptions {
        component_name: "cryptostore".to_owned(),
        key_name: key.to_owned(),
        key_wrap_algorithm: "RSA".to_owned(),
        ..Default::default()
    };
    let encrypt = |options: EncryptRequestOptions, payloads: Vec<StreamPayload>| {
        let first = EncryptRequest { options: Some(options), payload: None };
        let rest = payloads.into_iter().map(|payload| EncryptRequest { options: None, payload: Some(payload) });
        futures::stream::iter(std::iter::once(first).chain(rest).collect::<Vec<_>>())
    };
    let secret: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let mut answer = client.encrypt_alpha1(encrypt(options("rsa.pem"), pieces(&secret))).await.unwrap().into_inner();
    let (mut document, mut next) = (Vec::new(), 0);
    while let Some(EncryptResponse { payload }) = answer.message().await.unwrap() {
        let payload = payload.unwrap();
        assert_eq!(payload.seq, next);
        next += 1;
        document.extend(payload.data);
    }
    assert!(next > 1 && document.starts_with(b"dapr.io/enc/v1"));
    let component_name = "cryptostore".to_owned();
    let options_of = Some(DecryptRequestOptions { component_name, ..Default::default() });
    let first = DecryptRequest { options: options_of, payload: None };
    let rest = pieces(&document).into_iter().map(|payload| DecryptRequest { options: None, payload: Some(payload) });
    let stream = futures::stream::iter(std::iter::once(first).chain(rest).collect::<Vec<_>>());
    let mut answer = client.decrypt_alpha1(stream).await.unwrap().into_inner();
    let mut opened = Vec::new();
    while let Some(DecryptResponse { payload }) = answer.message().await.unwrap() {
        opened.extend(payload.unwrap().data);
    }
    assert!(opened == secret);
    let late = vec![StreamPayload { data: b"x".to_vec(), seq: 7 }];
    for (stream, code) in [
        (encrypt(options("rsa.pem"), late), tonic::Code::InvalidArgument),
        (encrypt(options(""), Vec::new()), tonic::Code::InvalidArgument),
        (encrypt(options("missing"), Vec::new()), tonic::Code::Internal),
    ] {
        assert_eq!(client.encrypt_alpha1(stream).await.unwrap_err().code(), code);
    }
}

/// Functions encrypt with granted keys only; what they write Dapr's API reads, and the other way round.
#[tokio::test(flavor = "multi_thread")]
async fn documents_travel() {
    let vectors = root().join("host/src/blocks/crypto/vectors");
    let keys = vectors.join("keys");
    let args = vec!["--keys-dir".to_owned(), keys.to_string_lossy().into_owned()];
    let server = Server::with(Options { args, ..Options::default() }).await;
    let source = r#"import { cryptography } from "@daplet/sdk";
        import { DaprClient } from "@dapr/dapr";
        export async function POST(request) {
          const { pathname } = new URL(request.url);
          try {
            if (pathname.endsWith("/official")) {
              const { crypto } = new DaprClient(), componentName = "cryptostore";
              const how = { componentName, keyName: "rsa.pem", keyWrapAlgorithm: "RSA" };
              const opened = await crypto.decrypt(await crypto.encrypt("official", how), { componentName });
              return new TextDecoder().decode(opened);
            }
            if (pathname.endsWith("/open")) return new Response(await cryptography().decrypt(await request.arrayBuffer()));
            const options = { keyName: pathname.split("/").at(-1), algorithm: "RSA", cipher: "chacha20-poly1305" };
            return new Response(await cryptography().encrypt(await request.arrayBuffer(), options));
          } catch (error) {
            return Response.json({ name: error.name, code: error.code, message: error.message }, { status: 400 });
          }
        }"#;
    let upload = json!({"name": "vault", "source": source, "grants": {"keys": ["rsa.pem", "missing"]}});
    server.deploy_with(upload).await;
    let document = Answer::of(
        server.http.post(format!("{}/vault/rsa.pem", server.base)).body("from a function").send().await.unwrap(),
    );
    let document = document.await;
    assert_eq!(document.status, 200, "{}", document.text());
    let opened = crypto(&server, "decrypt", &[], document.body.to_vec()).await;
    assert_eq!((opened.status, opened.text().as_str()), (200, "from a function"));

    let headers = [("dapr-key-name", "rsa.pem"), ("dapr-key-wrap-algorithm", "RSA-OAEP-256")];
    let document = crypto(&server, "encrypt", &headers, b"from a client".to_vec()).await;
    assert!(document.body.starts_with(b"dapr.io/enc/v1\n{\"k\":\"rsa.pem\""), "{}", document.text());
    assert_eq!(server.post("/vault/open", document.body.to_vec()).await.text(), "from a client");
    assert_eq!(server.post("/vault/open", read(&vectors.join("rsa-chacha.enc"))).await.text(), "hello from Dapr");

    assert_eq!(server.post("/vault/official", Vec::new()).await.text(), "official");

    for (path, body, code, text) in [
        ("/vault/aes", Vec::new(), "PERMISSION_DENIED", "grants.keys"),
        ("/vault/open", read(&vectors.join("aes-gcm.enc")), "PERMISSION_DENIED", "grants.keys"),
        ("/vault/missing", Vec::new(), "ERR_CRYPTO", "failed to load key 'missing'"),
        ("/vault/open", b"plain".to_vec(), "ERR_CRYPTO", "does not begin with dapr.io/enc/v1"),
    ] {
        let answer = server.post(path, body).await;
        let told = answer.json();
        assert!(told["code"] == code && told["message"].as_str().unwrap().contains(text), "{path}: {told}");
    }
    let missing = crypto(&server, "encrypt", &headers[..1], Vec::new()).await;
    assert_eq!((missing.status, &missing.json()["errorCode"]), (400, &json!("ERR_BAD_REQUEST")));
    let broken = crypto(&server, "decrypt", &[], b"plain".to_vec()).await;
    assert_eq!((broken.status, &broken.json()["errorCode"]), (500, &json!("ERR_CRYPTO")));
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

async fn crypto(server: &Server, verb: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let url = format!("{}/v1.0-alpha1/crypto/cryptostore/{verb}", server.dapr);
    let request =
        headers.iter().fold(server.http.put(url).body(body), |request, (name, value)| request.header(*name, *value));
    Answer::of(request.send().await.unwrap()).await
}

/// A binding of the configuration sends what Dapr's sends and answers as it does.
#[tokio::test(flavor = "multi_thread")]
async fn bindings_reach_http_services() {
    let service = Server::start().await;
    let echo = r#"export default async (request) => {
        const { pathname, search } = new URL(request.url);
        if (pathname.endsWith("/gone")) return new Response("gone", { status: 410 });
        if (pathname.endsWith("/none")) return new Response(null, { status: 204 });
        if (pathname.endsWith("/long")) return new Response("x".repeat(5000));
        const { method, headers } = request;
        const told = { method, path: pathname + search, mine: headers.get("x-mine"), type: headers.get("content-type"), body: await request.text() };
        return Response.json(told, { headers: { "x-said": "so" } });
      };"#;
    service.deploy("echo", echo).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("daplet.toml");
    let toml = format!("[bindings.echo]\nurl = \"{}/echo\"\nmax_response_bytes = 4000\n", service.base);
    std::fs::write(&file, toml).unwrap();
    let args = vec!["--config".to_owned(), file.to_string_lossy().into_owned()];
    let server = Server::with(Options { args, ..Options::default() }).await;

    let path = "/v1.0/bindings/echo";
    let asked = json!({"operation": "create", "data": {"a": 1}, "metadata": {"path": "/deep?q=1", "X-Mine": "yes"}});
    let answer = post(&server, path, asked).await;
    let expected = json!({
        "method": "POST", "path": "/deep?q=1", "mine": "yes",
        "type": "application/json; charset=utf-8", "body": "{\"a\":1}",
    });
    assert_eq!((answer.status, answer.json()), (200, expected));
    assert_eq!(answer.header("metadata.statuscode"), Some("200"));
    assert_eq!(answer.header("metadata.x-said"), Some("so"));
    let empty = post(&server, path, json!({"operation": "get", "metadata": {"path": "none"}})).await;
    assert_eq!((empty.status, empty.text().as_str()), (204, ""));
    for (body, text) in [
        (json!({"operation": "get", "metadata": {"path": "gone"}}), "received status code 410"),
        (json!({"operation": "dance"}), "does not support operation dance"),
        (json!({"data": 1}), "operation field is missing"),
        (json!({"operation": "get", "metadata": {"path": "../functions"}}), "leads out of"),
        (json!({"operation": "get", "metadata": {"path": "long"}}), "more than 4000 bytes (max_response_bytes"),
    ] {
        let answer = post(&server, path, body).await;
        let told = answer.json();
        assert_eq!((answer.status, &told["errorCode"]), (500, &json!("ERR_INVOKE_OUTPUT_BINDING")), "{told}");
        assert!(told["message"].as_str().unwrap().contains(text), "{told}");
    }

    let source = r#"import { binding } from "@daplet/sdk";
        export default async () => {
          const seen = [];
          for (const [name, operation, metadata] of [["echo", "put", {}], ["echo", "get", { path: "gone", errorIfNot2XX: "false" }], ["echo", "get", { path: "gone" }], ["nowhere", "get", {}]]) {
            try {
              const answer = await binding(name).invoke(operation, "text", metadata);
              seen.push([answer.metadata.statusCode, answer.metadata.statusCode === "200" ? answer.json().body : answer.text()]);
            } catch (error) { seen.push(error.code) }
          }
          return seen;
        };"#;
    server.deploy("sender", source).await;
    let seen = server.get("/sender").await.json();
    assert_eq!(seen, json!([["200", "\"text\""], ["410", "gone"], "ERR_INVOKE_OUTPUT_BINDING", "NOT_FOUND"]));
    server.deploy_with(json!({"name": "bare", "source": source, "grants": {"bindings": []}})).await;
    assert_eq!(
        server.get("/bare").await.json(),
        json!(["PERMISSION_DENIED", "PERMISSION_DENIED", "PERMISSION_DENIED", "PERMISSION_DENIED"])
    );
}
