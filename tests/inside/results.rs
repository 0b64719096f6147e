//! What operations bring back: bounded by what their caller may take, charged to it, and with every digit.
use crate::server::{Answer, Options, Server};
use serde_json::{Value, json};

const STATE: &str = "/v1.0/state/statestore";

async fn post(server: &Server, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = server.http.post(format!("{}{path}", server.dapr)).header("content-type", "application/json");
    Answer::of(request.body(body).send().await.unwrap()).await
}

async fn get(server: &Server, path: &str) -> Answer {
    Answer::of(server.http.get(format!("{}{path}", server.dapr)).send().await.unwrap()).await
}

/// Numbers that no type of a programming language holds come back as they went in.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_keep_every_digit() {
    let server = Server::start().await;
    let actor =
        r#"import { Actor } from "@daplet/sdk"; export class Keeper extends Actor {}; export default () => "";"#;
    server.deploy("keeper", actor).await;
    let numbers = ["12345678901234567890123", "1.0", "1e400", "-0", "0.1000", "[1.50,{\"a\":-1E+2}]"];
    for (i, number) in numbers.iter().enumerate() {
        let saved = post(&server, STATE, format!(r#"[{{"key":"n{i}","value":{number}}}]"#)).await;
        assert_eq!(saved.status, 204, "{}", saved.text());
        assert_eq!(get(&server, &format!("{STATE}/n{i}")).await.text(), *number);
        let bulk = post(&server, &format!("{STATE}/bulk"), format!(r#"{{"keys":["n{i}"]}}"#)).await;
        assert!(bulk.text().contains(&format!(r#""data":{number},"#)), "{}", bulk.text());
        let operations =
            format!(r#"{{"operations":[{{"operation":"upsert","request":{{"key":"t","value":{number}}}}}]}}"#);
        assert_eq!(post(&server, &format!("{STATE}/transaction"), operations).await.status, 204);
        assert_eq!(get(&server, &format!("{STATE}/t")).await.text(), *number);
        let operations = format!(r#"[{{"operation":"upsert","request":{{"key":"a/b","value":{number}}}}}]"#);
        let saved = post(&server, "/v1.0/actors/Keeper/1/state", operations).await;
        assert_eq!(saved.status, 204, "{}", saved.text());
        assert_eq!(get(&server, "/v1.0/actors/Keeper/1/state/a/b").await.text(), *number);
    }
    let found = post(&server, "/v1.0-alpha1/state/statestore/query", r#"{"page":{"limit":3}}"#).await.text();
    for number in &numbers[..3] {
        assert!(found.contains(&format!(r#""data":{number},"#)), "{found}");
    }
}

/// The same large value many times: read once, and refused by name where the answer would be large.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_daprs_api_is_bounded() {
    let server = Server::with(Options {
        args: ["--max-answer-bytes", "2000000"].map(str::to_owned).to_vec(),
        ..Options::default()
    })
    .await;
    let big = "x".repeat(900_000);
    assert_eq!(post(&server, STATE, json!([{"key": "big", "value": big}]).to_string()).await.status, 204);
    let bulk =
        async |times| post(&server, &format!("{STATE}/bulk"), json!({"keys": vec!["big"; times]}).to_string()).await;
    assert_eq!(bulk(2).await.json().as_array().map(Vec::len), Some(2));
    let refused = bulk(700).await;
    assert_eq!((refused.status, refused.json()["errorCode"].clone()), (413, json!("RESULT_TOO_LARGE")));
    assert!(
        refused.text().contains("may have 2000000") && refused.text().contains("max_answer_bytes"),
        "{}",
        refused.text()
    );
    let more: Vec<Value> = (0..4).map(|i| json!({"key": format!("more{i}"), "value": big})).collect();
    for item in more {
        assert_eq!(post(&server, STATE, json!([item]).to_string()).await.status, 204);
    }
    let query = async |text: &str| post(&server, "/v1.0-alpha1/state/statestore/query", text.to_owned()).await;
    assert_eq!(query("{}").await.status, 413);
    assert_eq!(query(r#"{"page":{"limit":2}}"#).await.json()["token"], "2");
    assert_eq!(query(r#"{"sort":[{"key":"a"}],"page":{"limit":2}}"#).await.json()["results"][1]["key"], "more0");
}

const READER: &str = r#"import { state } from "@daplet/sdk";
    import { DaprClient } from "@dapr/dapr";
    const tried = async (work) => { try { return await work(); } catch (e) { return { code: e.code, message: e.message }; } };
    export default { async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const k = Number(searchParams.get("k") ?? 1);
      const many = Array.from({ length: k }, (_, i) => "v" + i);
      if (pathname.endsWith("/put")) { for (const key of many) await state().put(key, "x".repeat(1_000_000)); return "put"; }
      if (pathname.endsWith("/same")) {
        const items = await new DaprClient().state.getBulk("statestore", new Array(k).fill("v0"));
        return { items: items.length, length: items[0].data.length };
      }
      if (pathname.endsWith("/many")) return tried(async () => (await state().getMany(many)).size);
      if (pathname.endsWith("/query")) return tried(async () => (await state().query({ sort: [{ key: "a" }] })).results.length);
      return tried(async () => (await Promise.all(many.map(async (key) => (await state().get(key)).length))).length);
    } };"#;

/// What a function is given is bounded by its memory, and says so; what it does not hold at once may be more.
#[tokio::test(flavor = "multi_thread")]
async fn results_are_bounded_by_the_functions_memory() {
    let server = Server::start().await;
    server.deploy_with(json!({"name": "reader", "source": READER, "limits": {"memoryMb": 16, "cpuMs": 1000}})).await;
    assert_eq!(server.get("/reader/put?k=12").await.text(), "put");
    assert_eq!(server.get("/reader/same?k=1500").await.json()["length"], 1_000_000);
    assert_eq!(server.get("/reader/many?k=2").await.text(), "2");
    for (path, operation) in [("/reader/many?k=12", "state.getMany"), ("/reader/query?k=12", "state.query")] {
        let refused = server.get(path).await.json();
        assert_eq!(refused["code"], "RESULT_TOO_LARGE", "{refused}");
        let message = refused["message"].as_str().unwrap();
        assert!(message.starts_with(operation) && message.contains("memoryMb of 16"), "{message}");
    }
    assert_eq!(server.get("/reader/each?k=12").await.text(), "12");
}

/// Parsing, wrapping and storing what a function sends is its CPU time: a budget is not overspent many times over.
#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_work_is_charged() {
    let server = Server::start().await;
    let source = r#"import { pubsub } from "@daplet/sdk";
        export default { async fetch(request) {
          const body = await request.arrayBuffer();
          for (let i = 0; i < 200; i++) await pubsub().publish("nobody", body, { contentType: "application/json" });
          return "published";
        } };"#;
    server.deploy("publisher", source).await;
    let body = format!("[{}0]", "0,".repeat(1_000_000));
    let request = server.http.post(format!("{}/publisher", server.base)).body(body);
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert!(
        answer.text().contains("exceededCpu") && answer.text().contains("cpuMs"),
        "{} {}",
        answer.status,
        answer.text()
    );
    assert!(answer.text().contains("operations"), "{}", answer.text());
}

/// A function's state is bounded, as is the state in all; what makes room always works, across a restart and by expiry too.
#[tokio::test(flavor = "multi_thread")]
async fn state_has_quotas() {
    let source = r#"import { state } from "@daplet/sdk";
        const tried = async (work) => { try { await work(); return "ok"; } catch (e) { return `${e.code} ${e.message}`; } };
        export default { fetch(request) {
          const { pathname, searchParams } = new URL(request.url);
          const [key, size] = [searchParams.get("key"), Number(searchParams.get("size") ?? 0)];
          if (pathname.endsWith("/delete")) return tried(() => state().delete(key));
          if (pathname.endsWith("/two")) {
            return tried(() => state().transact([{ put: "a", value: "x".repeat(size) }, { put: "b", value: "x".repeat(size) }]));
          }
          const ttl = searchParams.has("ttl") ? { ttl: Number(searchParams.get("ttl")) } : {};
          return tried(() => state().put(key, "x".repeat(size), ttl));
        } };"#;
    let args = ["--quota-function-state-mb", "1", "--quota-state-mb", "2"].map(str::to_owned).to_vec();
    let data = tempfile::tempdir().unwrap();
    let options = Options { args, data: Some(data.path().to_path_buf()), ..Options::default() };
    let server = Server::with(options.clone()).await;
    for name in ["one", "two", "three"] {
        server.deploy(name, source).await;
    }
    let told = async |server: &Server, path: &str| server.get(path).await.text();
    assert_eq!(told(&server, "/one/put?key=a&size=600000").await, "ok");
    let refused = told(&server, "/one/put?key=b&size=600000").await;
    for part in
        ["quotaExceeded", "\"one\" would keep 12", "quota function_state_mb is 1048576", "--quota-function-state-mb"]
    {
        assert!(refused.contains(part), "{refused}");
    }
    assert!(told(&server, "/one/two?size=600000").await.contains("quotaExceeded"));
    assert_eq!(told(&server, "/one/put?key=a&size=900000").await, "ok");
    drop(server);

    let server = Server::with(options).await;
    assert!(told(&server, "/one/put?key=b&size=600000").await.contains("quotaExceeded"));
    assert_eq!(told(&server, "/one/put?key=a&size=500000").await, "ok");
    assert_eq!(told(&server, "/one/put?key=b&size=500000").await, "ok");
    assert_eq!(told(&server, "/two/put?key=a&size=900000").await, "ok");
    let all = told(&server, "/three/put?key=a&size=900000").await;
    assert!(all.contains("all functions would keep") && all.contains("quota state_mb is 2097152"), "{all}");
    let saved = post(&server, STATE, json!([{"key": "k", "value": "x".repeat(900_000)}]).to_string()).await;
    assert_eq!((saved.status, saved.json()["errorCode"].clone()), (507, json!("quotaExceeded")));
    assert_eq!(told(&server, "/one/delete?key=a").await, "ok");
    assert_eq!(told(&server, "/three/put?key=a&size=400000").await, "ok");
}
