//! The trace of what came in goes on, whichever way it came: to the handler's `ctx`, to the operations that it makes, and to the functions
//! that those reach. What comes without a trace begins one.
use crate::server::{Answer, Client, Options, Server};
use axum::Router;
use axum::extract::Request;
use dapr::dapr::proto::common::v1::InvokeRequest;
use dapr::dapr::proto::runtime::v1::{InvokeServiceRequest, PublishEventRequest, dapr_client::DaprClient};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A trace by its number.
fn trace(number: u32) -> String {
    format!("00-4bf92f3577b34da6a3ce929d0e0e{number:04x}-00f067aa0ba902b7-01")
}

fn is_root(trace: &str) -> bool {
    trace.len() == 55 && trace.starts_with("00-") && trace.ends_with("-00")
}

/// What the keeper has kept under `key`, once it has.
async fn kept(client: &Client, key: &str) -> String {
    for _ in 0..500 {
        let answer = client.get(&format!("/keeper?key={key}")).await;
        if answer.status == 200 {
            return answer.text();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing came for {key}");
}

/// Keeps the trace of each way in. Every handler makes an operation that leads on.
const KEEPER: &str = r#"import { Actor, actor, invoke, jobs, pubsub, state } from "@daplet/sdk";
    export const subscriptions = ["news", "more"];
    export const bindings = ["ticks"];
    export const configuration = [{ keys: ["limit"] }];
    const keep = (key, ctx) => state().put(key, ctx.traceparent);
    export class Counter extends Actor {
      async count() { await pubsub().publish("more", "by the actor"); return 1 }
      async receiveReminder() { await pubsub().publish("more", "by the reminder") }
      async remind() { await this.reminders.set("ring", { dueTime: "0s" }) }
    }
    export default {
      async fetch(request, env, ctx) {
        const { searchParams, pathname } = new URL(request.url);
        if (searchParams.has("key")) {
          const kept = await state().get(searchParams.get("key"));
          return kept === null ? new Response(null, { status: 404 }) : kept;
        }
        if (pathname === "/inner") return ctx.traceparent;
        if (pathname === "/actor") return String(await actor("Counter", "a").count());
        if (pathname === "/remind") { await actor("Counter", "a").remind(); return "" }
        if (pathname === "/job") { await jobs().schedule("later", { dueTime: "0s" }); return "" }
        if (searchParams.has("topic")) { await pubsub().publish(searchParams.get("topic"), "by a request"); return "" }
        return { own: ctx.traceparent, called: await (await invoke("daplet").fetch("/keeper/inner")).text() };
      },
      async message(event, env, ctx) { await keep(`${ctx.topic} ${event.data}`, ctx) },
      async job(job, env, ctx) { await keep("job", ctx); await pubsub().publish("more", "by a job") },
      async binding(event, env, ctx) { await keep("binding", ctx); await pubsub().publish("more", "by a binding") },
      async configuration(change, env, ctx) { await keep("configuration", ctx); await pubsub().publish("more", "by the configuration") },
    };"#;

async fn with_trace(client: &Client, path: &str, trace: &str) -> Answer {
    let request = client.http.get(client.url(path)).header("traceparent", trace);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_default_loses_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("daplet.toml");
    std::fs::write(&file, "[bindings.ticks]\nschedule = \"@every 100ms\"\n").unwrap();
    let args = vec!["--config".to_owned(), file.display().to_string()];
    let server = Server::with(Options { args, ..Options::default() }).await;
    server.deploy("keeper", KEEPER).await;

    // HTTP, and what a request calls, publishes and asks of an actor.
    let seen = with_trace(&server, "/keeper", &trace(1)).await.json();
    assert_eq!(seen, json!({"own": trace(1), "called": trace(1)}));
    let seen = server.get("/keeper").await.json();
    assert!(is_root(seen["own"].as_str().unwrap()) && seen["own"] == seen["called"], "{seen}");
    with_trace(&server, "/keeper?topic=news", &trace(2)).await;
    assert_eq!(kept(&server, "news%20by%20a%20request").await, trace(2));
    assert_eq!(with_trace(&server, "/keeper/actor", &trace(3)).await.text(), "1");
    assert_eq!(kept(&server, "more%20by%20the%20actor").await, trace(3));

    // Dapr's API by HTTP and gRPC.
    let path = format!("{}/v1.0/invoke/daplet/method/keeper/inner", server.dapr);
    let answer = Answer::of(server.http.get(path).header("traceparent", trace(4)).send().await.unwrap()).await;
    assert_eq!(answer.text(), trace(4));
    let mut client = DaprClient::connect(server.grpc.clone()).await.unwrap();
    let event = PublishEventRequest {
        pubsub_name: "pubsub".to_owned(),
        topic: "news".to_owned(),
        data: br#""by gRPC""#.to_vec(),
        data_content_type: "application/json".to_owned(),
        ..Default::default()
    };
    let mut request = tonic::Request::new(event);
    request.metadata_mut().insert("traceparent", trace(5).parse().unwrap());
    client.publish_event(request).await.unwrap();
    assert_eq!(kept(&server, "news%20by%20gRPC").await, trace(5));
    let message = InvokeRequest { method: "keeper/inner".to_owned(), ..Default::default() };
    let call = InvokeServiceRequest { id: "daplet".to_owned(), message: Some(message) };
    let mut request = tonic::Request::new(call);
    request.metadata_mut().insert("traceparent", trace(6).parse().unwrap());
    #[allow(deprecated, reason = "clients still use it")]
    let answer = client.invoke_service(request).await.unwrap().into_inner();
    assert_eq!(String::from_utf8(answer.data.unwrap().value).unwrap(), trace(6));

    // What begins here has a root, and what it leads to has the same one.
    let scheduled = with_trace(&server, "/keeper/job", &trace(7)).await;
    assert_eq!(scheduled.status, 200, "{}", scheduled.text());
    server.http.put(server.url("/configuration/limit")).body("1").send().await.unwrap();
    for (way, by) in [("job", "by a job"), ("configuration", "by the configuration")] {
        let (own, led_to) =
            (kept(&server, way).await, kept(&server, &format!("more%20{by}").replace(' ', "%20")).await);
        assert!(is_root(&own), "{way}: {own}");
        assert_eq!(own, led_to, "{way}");
    }
    let reminded = with_trace(&server, "/keeper/remind", &trace(8)).await;
    assert_eq!(reminded.status, 200, "{}", reminded.text());
    let rung = kept(&server, "more%20by%20the%20reminder").await;
    assert!(is_root(&rung), "{rung}");
    assert!(is_root(&kept(&server, "binding").await));
}

/// The calls that a sidecar gets: path, `traceparent`.
type Calls = Arc<Mutex<Vec<(String, String)>>>;

/// A sidecar that has everything, and notes who asks.
async fn sidecar(calls: &Calls) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let calls = Arc::clone(calls);
    let note = move |request: Request| {
        let trace = request.headers().get("traceparent").map(|trace| trace.to_str().unwrap().to_owned());
        calls.lock().unwrap().push((request.uri().path().to_owned(), trace.unwrap_or_default()));
        async { axum::http::StatusCode::NO_CONTENT }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(note)).await.unwrap() });
    port
}

/// Publishes from each kind of handler, so that the sidecar sees with which trace.
const TELLER: &str = r#"import { Actor, pubsub } from "@daplet/sdk";
    export const bindings = ["ticks"];
    export const configuration = [{ keys: ["limit"] }];
    export const subscriptions = ["news"];
    const tell = async (way, ctx) => { await pubsub().publish(`${way}/${ctx?.traceparent ?? "none"}`, 1) };
    export class Counter extends Actor {
      async count() { await tell("actor") }
      async tick() { await tell("timer") }
    }
    export default {
      fetch: (request, env, ctx) => tell("request", ctx),
      message: (event, env, ctx) => tell("message", ctx),
      job: (job, env, ctx) => tell("job", ctx),
      binding: (event, env, ctx) => tell("binding", ctx),
      configuration: (change, env, ctx) => tell("configuration", ctx),
    };"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_s_calls_lose_no_trace() {
    let calls = Calls::default();
    let env = vec![("DAPR_HTTP_PORT".to_owned(), sidecar(&calls).await)];
    let server = Server::with(Options { env, ..Options::default() }).await;
    server.deploy("teller", TELLER).await;
    let items = json!({"items": {"limit": {"value": "1", "version": "1"}}}).to_string();
    let event = |trace: &str| {
        json!({"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": 1, "traceparent": trace})
            .to_string()
    };
    let of_actor = "/actors/Counter/a/method";
    let ways = [
        ("request", "POST", "/teller".to_owned(), String::new()),
        ("message", "POST", "/dapr/topics/pubsub/news".to_owned(), event(&trace(1))),
        ("job", "POST", "/job/teller.nightly".to_owned(), "{}".to_owned()),
        ("binding", "POST", "/dapr/bindings/ticks".to_owned(), "1".to_owned()),
        ("configuration", "POST", "/configuration/configstore/limit".to_owned(), items),
        ("actor", "PUT", format!("{of_actor}/count"), String::new()),
        ("timer", "PUT", format!("{of_actor}/timer/tick"), json!({"callback": "tick"}).to_string()),
    ];
    for (number, (way, method, path, body)) in (0_u32..).zip(ways) {
        let trace = trace(number);
        let request = server.http.request(method.parse().unwrap(), server.url(&path)).body(body);
        let answer = Answer::of(request.header("traceparent", &trace).send().await.unwrap()).await;
        assert!(answer.status < 300, "{way}: {} {}", answer.status, answer.text());
        let calls = calls.lock().unwrap();
        // The host asks for more than that: it subscribes to the configuration, for one.
        let mut published = calls.iter().filter(|(path, _)| path.starts_with("/v1.0/publish/"));
        let found =
            published.find(|(path, _)| path.contains(&format!("/{way}/")) || path.contains(&format!("/{way}%2F")));
        let (path, went_on) = found.unwrap_or_else(|| panic!("{way}: {calls:?}"));
        let path = path.replace("%2D", "-");
        assert_eq!(*went_on, trace, "{way}");
        assert!(path.ends_with(&trace) || path.ends_with("none"), "{way}: ctx had another trace: {path}");
    }
}
