//! Steps as requests of HTTP.
use super::{Etags, Step, Target, echoed};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// Status and body, or the outcome of a failure.
async fn send(request: RequestBuilder) -> Result<(u16, reqwest::header::HeaderMap, Vec<u8>), Value> {
    let response = request.send().await.expect("the API answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await.expect("a body").to_vec();
    let kind = match status {
        ..400 => return Ok((status, headers, body)),
        400 => "invalid",
        404 => "missing",
        409 => "conflict",
        _ => "failed",
    };
    Err(json!({"error": kind, "told": String::from_utf8_lossy(&body)}))
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| json!({"text": String::from_utf8_lossy(body)}))
}

/// The URL of a reminder or timer.
fn of_actor(base: &str, step: &Step) -> String {
    let what = if step.what.contains("time") { "timers" } else { "reminders" };
    let [kind, id, name] =
        [("type", "Clock"), ("id", ""), ("name", "")].map(|(name, default)| step.text(name, default));
    format!("{base}/v1.0/actors/{kind}/{id}/{what}/{name}")
}

fn item(etags: &Etags, given: &Value) -> Value {
    let mut item = json!({"key": given["key"], "value": given["value"]});
    if let Some(etag) = etags.of(given) {
        item["etag"] = json!(etag);
    }
    if given["firstWrite"] == true {
        item["options"] = json!({"concurrency": "first-write"});
    }
    if let Some(ttl) = given["ttl"].as_str() {
        item["metadata"] = json!({"ttlInSeconds": ttl});
    }
    item
}

pub async fn run(target: &Target, steps: &[Step]) -> Vec<Value> {
    let client = Client::builder().no_proxy().build().expect("a client");
    let mut etags = Etags::default();
    let mut outcomes = Vec::new();
    for step in steps {
        outcomes.push(one(&client, &target.http, step, &mut etags).await.unwrap_or_else(|failure| failure));
    }
    outcomes
}

async fn one(client: &Client, base: &str, step: &Step, etags: &mut Etags) -> Result<Value, Value> {
    let state = format!("{base}/v1.0/state/{}", step.store());
    match step.what.as_str() {
        "save" => {
            let items: Vec<Value> = step.list("items").iter().map(|given| item(etags, given)).collect();
            send(client.post(state).json(&items)).await.map(|_| json!("ok"))
        }
        "get" => {
            let (status, headers, body) = send(client.get(format!("{state}/{}", step.text("key", "")))).await?;
            etags.keep(step, headers.get("etag").and_then(|etag| etag.to_str().ok()).unwrap_or_default());
            Ok(if status == 204 { json!("absent") } else { json!({"value": parsed(&body)}) })
        }
        "bulk" => {
            let (_, _, body) =
                send(client.post(format!("{state}/bulk")).json(&json!({"keys": step.list("keys")}))).await?;
            let list = parsed(&body);
            let row = |item: &Value| match item.get("etag") {
                Some(_) => json!([item["key"], item["data"]]),
                None => json!([item["key"]]),
            };
            Ok(list.as_array().map_or(list.clone(), |items| items.iter().map(row).collect()))
        }
        "delete" => {
            let mut request = client.delete(format!("{state}/{}", step.text("key", "")));
            if let Some(etag) = etags.of(&Value::Object(step.arguments.clone())) {
                request = request.header("if-match", etag);
            }
            send(request).await.map(|_| json!("ok"))
        }
        "transaction" => {
            let operation = |pair: &Value| json!({"operation": pair[0], "request": item(etags, &pair[1])});
            let operations: Vec<Value> = step.list("operations").iter().map(operation).collect();
            let body = json!({ "operations": operations });
            send(client.post(format!("{state}/transaction")).json(&body)).await.map(|_| json!("ok"))
        }
        "query" => {
            let url = format!("{base}/v1.0-alpha1/state/{}/query", step.store());
            let (_, _, body) = send(client.post(url).json(&step.arguments["query"])).await?;
            let page = parsed(&body);
            let keys: Vec<&Value> = page["results"].as_array().into_iter().flatten().map(|item| &item["key"]).collect();
            Ok(json!({"keys": keys, "token": page["token"].is_string()}))
        }
        "publish" => {
            let url = format!("{base}/v1.0/publish/{}/{}", step.text("pubsub", "pubsub"), step.text("topic", ""));
            let data = &step.arguments["data"];
            let body = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
            send(client.post(url).header("content-type", step.text("type", "")).body(body)).await.map(|_| json!("ok"))
        }
        "invoke" => {
            let method = Method::from_bytes(step.text("http", "GET").as_bytes()).expect("a method");
            let url = format!("{base}/v1.0/invoke/{}/method/{}", step.text("app", "daplet"), step.text("method", ""));
            let mut request = client.request(method, url);
            if let Some(body) = step.arguments.get("body") {
                request = request.json(body);
            }
            send(request).await.map(|(_, _, body)| parsed(&body))
        }
        "secret" => {
            let url = format!("{base}/v1.0/secrets/{}/{}", step.text("store", "secretstore"), step.text("key", ""));
            send(client.get(url)).await.map(|(_, _, body)| parsed(&body))
        }
        "secrets" => {
            let url = format!("{base}/v1.0/secrets/{}/bulk", step.text("store", "secretstore"));
            send(client.get(url)).await.map(|(_, _, body)| parsed(&body))
        }
        "configuration" => {
            let keys: Vec<(&str, &Value)> = step.list("keys").iter().map(|key| ("key", key)).collect();
            let url = format!("{base}/v1.0/configuration/{}", step.text("store", "configstore"));
            let (status, _, body) = send(client.get(url).query(&keys)).await?;
            let items = if status == 204 { json!({}) } else { parsed(&body) };
            let item = |(key, item): (&String, &Value)| (key.clone(), item["value"].clone());
            Ok(items.as_object().map_or(items.clone(), |items| Value::Object(items.iter().map(item).collect())))
        }
        "binding" => {
            let url = format!("{base}/v1.0/bindings/{}", step.text("name", ""));
            let of = |name: &str| step.arguments.get(name).cloned().unwrap_or_default();
            let body = json!({"operation": of("operation"), "data": of("data"), "metadata": of("metadata")});
            send(client.post(url).json(&body)).await.map(|(_, _, body)| echoed(&parsed(&body)))
        }
        "lock" => {
            let url = format!("{base}/v1.0-alpha1/lock/{}", step.text("store", "lockstore"));
            let body = json!({
                "resourceId": step.text("resource", ""),
                "lockOwner": step.text("owner", ""),
                "expiryInSeconds": step.arguments["expiry"],
            });
            send(client.post(url).json(&body)).await.map(|(_, _, body)| parsed(&body)["success"].clone())
        }
        "unlock" => {
            let url = format!("{base}/v1.0-alpha1/unlock/{}", step.text("store", "lockstore"));
            let body = json!({"resourceId": step.text("resource", ""), "lockOwner": step.text("owner", "")});
            send(client.post(url).json(&body)).await.map(|(_, _, body)| parsed(&body)["status"].clone())
        }
        "remind" | "timer" => {
            let times = ["dueTime", "period", "ttl", "callback"].into_iter();
            let body: Value =
                times.filter_map(|name| Some((name.to_owned(), step.arguments.get(name)?.clone()))).collect();
            send(client.post(of_actor(base, step)).json(&body)).await.map(|_| json!("ok"))
        }
        "reminder" => {
            let (_, _, body) = send(client.get(of_actor(base, step))).await?;
            let body = parsed(&body);
            Ok(json!({"dueTime": body["dueTime"], "period": body["period"]}))
        }
        "forget" | "untime" => send(client.delete(of_actor(base, step))).await.map(|_| json!("ok")),
        "metadata" => {
            let (_, _, body) = send(client.get(format!("{base}/v1.0/metadata"))).await?;
            let body = parsed(&body);
            let mut components: Vec<Value> =
                body["components"].as_array().into_iter().flatten().map(|c| json!([c["name"], c["type"]])).collect();
            components.sort_by_key(Value::to_string);
            Ok(json!({"id": body["id"], "components": components}))
        }
        "listen" | "watch" => Ok(json!({"error": "unsupported"})),
        other => panic!("no such step: {other}"),
    }
}
