//! Events as data (`tests/cases/events.json`): what is published, what subscribers get of it, what is refused and why.
use crate::server::{Answer, Server};
use daplet_tests::root;
use serde_json::{Value, json};
use std::time::Duration;

/// Keeps each event; one that subscribes to raw payloads sees the bytes that were stored.
fn keeper(raw: bool) -> String {
    format!(
        r#"import {{ state }} from "@daplet/sdk";
        export const subscriptions = [{{ topic: "events", rawPayload: {raw} }}];
        export default {{
          fetch: async () => (await state().get("seen")) ?? [],
          message: (event) => state().update("seen", (seen) => [...(seen ?? []), event], {{ retries: 100 }}).then(() => {{}}),
        }};"#
    )
}

async fn seen(server: &Server, function: &str, count: usize) -> Vec<Value> {
    for _ in 0..500 {
        let seen = server.get(&format!("/{function}")).await.json();
        let seen = seen.as_array().cloned().unwrap_or_default();
        if seen.len() >= count {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{function} has not seen {count} events");
}

/// The bytes that were stored, by a subscriber to raw payloads.
fn stored(event: &Value) -> String {
    assert_eq!(event["datacontenttype"], "application/octet-stream", "{event}");
    let (mut bits, mut bytes) = (0_u32, Vec::new());
    let letters = event["data_base64"].as_str().unwrap().trim_end_matches('=').bytes();
    for (index, letter) in letters.enumerate() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        bits = bits << 6 | u32::try_from(alphabet.iter().position(|known| *known == letter).unwrap()).unwrap();
        if index % 4 != 0 {
            bytes.push(u8::try_from(bits >> (6 - 2 * (index % 4)) & 0xff).unwrap());
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_default()
}

async fn post(server: &Server, path: &str, case: &Value) -> Answer {
    let kind = if text(case, "type").is_empty() { "application/json" } else { text(case, "type") };
    let request = server.http.post(format!("{}/v1.0/{path}", server.dapr)).header("content-type", kind);
    Answer::of(request.body(text(case, "body").to_owned()).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_wrapped_delivered_and_refused_as_by_dapr() {
    let cases: Value = serde_json::from_slice(&std::fs::read(root().join("tests/cases/events.json")).unwrap()).unwrap();
    let server = Server::start().await;
    server.deploy("plain", &keeper(false)).await;
    server.deploy("raw", &keeper(true)).await;
    let (mut count, mut failures) = (0, Vec::new());
    for case in cases["published"].as_array().unwrap() {
        let answer = post(&server, &format!("publish/pubsub/events?{}", text(case, "query")), case).await;
        assert_eq!(answer.status, 204, "{}: {}", case["about"], answer.text());
        count += 1;
        let (plain, raw) = (seen(&server, "plain", count).await, seen(&server, "raw", count).await);
        let (event, kept) = (plain.last().unwrap(), stored(raw.last().unwrap()));
        let members = case["event"].as_object().into_iter().flatten();
        let wrong = members.filter(|(name, value)| event[name.as_str()] != **value).count();
        let lacks = case["text"].as_array().into_iter().flatten().filter(|part| !kept.contains(part.as_str().unwrap()));
        if wrong > 0 || lacks.count() > 0 || (!case["stored"].is_null() && kept != text(case, "stored")) {
            failures.push(format!("{}: {event} {kept}", case["about"]));
        }
    }
    for case in cases["batches"].as_array().unwrap() {
        let answer = post(&server, "publish/bulk/pubsub/events", case).await;
        assert_eq!(answer.status, 204, "{}: {}", case["about"], answer.text());
        let parts = case["text"].as_array().unwrap();
        let raw = seen(&server, "raw", count + parts.len()).await;
        let kept: Vec<String> = raw[count..].iter().map(stored).collect();
        count += parts.len();
        for part in parts.iter().filter(|part| !kept.iter().any(|kept| kept.contains(part.as_str().unwrap()))) {
            failures.push(format!("{}: {part} is in none of {kept:?}", case["about"]));
        }
    }
    for case in cases["refused"].as_array().unwrap() {
        let answer = post(&server, text(case, "path"), case).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let reason = body["details"].as_array().into_iter().flatten().find_map(|detail| detail["reason"].as_str());
        let told = (json!(answer.status), &body["errorCode"], reason);
        if told != (case["status"].clone(), &case["code"], case["reason"].as_str()) {
            failures.push(format!("{}: {} {body}", case["about"], answer.status));
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// A number that no double can tell, in each place that a client may put JSON.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_keep_every_digit() {
    const BIG: &str = "12345678901234567890123";
    let server = Server::start().await;
    let source = r#"import { Actor } from "@daplet/sdk";
        export class Keeper extends Actor { echo(value) { return value } receiveReminder() {} }
        export default { job() {} };"#;
    server.deploy("keeper", source).await;
    let send = async |method: reqwest::Method, path: &str, body: String| {
        let request = server.http.request(method, format!("{}/v1.0/{path}", server.dapr));
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (get, post) = (reqwest::Method::GET, reqwest::Method::POST);
    let job = format!(r#"{{"schedule":"@yearly","data":{{"n":{BIG}}}}}"#);
    assert_eq!(send(post.clone(), "jobs/keeper.big", job).await, (204, String::new()));
    let (_, told) = send(get.clone(), "jobs/keeper.big", String::new()).await;
    assert!(told.contains(&format!(r#""data":{{"n":{BIG}}}"#)) && told.contains(r#""name":"keeper.big""#), "{told}");
    let reminder = format!(r#"{{"dueTime":"1h","period":"R5/PT10S","data":[{BIG}]}}"#);
    let path = "actors/Keeper/a/reminders/big";
    assert_eq!(send(post.clone(), path, reminder).await, (204, String::new()));
    let (_, told) = send(get.clone(), path, String::new()).await;
    assert!(told.contains(&format!(r#""data":[{BIG}]"#)) && told.contains(r#""actorID":"a""#), "{told}");
    let state = format!(r#"[{{"operation":"upsert","request":{{"key":"n","value":{BIG}}}}}]"#);
    assert_eq!(send(post.clone(), "actors/Keeper/a/state", state).await, (204, String::new()));
    assert_eq!(send(get, "actors/Keeper/a/state/n", String::new()).await, (200, BIG.to_owned()));
    let unknown = r#"[{"operation":"insert","request":{"key":"n","value":1}}]"#.to_owned();
    let (status, told) = send(post, "actors/Keeper/a/state", unknown).await;
    assert!(status == 400 && told.contains("insert"), "{told}");
}

/// An actor's failure tells its caller who failed, of what, and what would change it.
#[tokio::test(flavor = "multi_thread")]
async fn an_actor_s_failure_names_the_limit() {
    let server = Server::start().await;
    let source = r#"import { Actor, actor } from "@daplet/sdk";
        export class Worker extends Actor { burn() { for (;;); } fail() { throw new RangeError("too far") } }
        export default async (request) => {
          try { return await actor("Worker", "a")[new URL(request.url).searchParams.get("m")]() }
          catch (error) { return { code: error.code, message: error.message, details: error.details } } };"#;
    server.deploy_with(json!({"name": "worker", "source": source, "limits": {"cpuMs": 30}})).await;
    let told = server.get("/worker?m=burn").await.json();
    assert_eq!(told["code"], "ERR_ACTOR_INVOKE_METHOD", "{told}");
    let details = &told["details"];
    assert_eq!(
        (&details["limit"], &details["value"], &details["code"]),
        (&json!("cpuMs"), &json!(30), &json!("exceededCpu"))
    );
    assert_eq!((&details["actor"], &details["function"]), (&json!("Worker/a"), &json!("worker")), "{told}");
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("cpuMs") && message.contains("30") && message.contains("limits.cpuMs"), "{message}");
    let told = server.get("/worker?m=fail").await.json();
    assert!(told["message"].as_str().unwrap().contains("RangeError: too far"), "{told}");
    assert_eq!((&told["details"]["name"], &told["details"]["status"]), (&json!("RangeError"), &json!(500)), "{told}");
    let url = format!("{}/v1.0/actors/Worker/a/method/burn", server.dapr);
    let told: Value = server.http.put(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(told["details"][0]["metadata"]["limit"], "cpuMs", "{told}");
}
