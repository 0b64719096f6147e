//! Reminders and timers of actors: what an actor sets for itself, what an outside client asks for; across crashes, and when turns fail.
use daplet_tests::server::{Answer, Options, Server};
use dapr::dapr::proto::common::v1 as common;
use dapr::dapr::proto::runtime::v1 as proto;
use proto::dapr_client::DaprClient;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// An actor that writes down what called it. What a turn that throws has seen stands in the function's state.
pub const CLOCKS: &str = include_str!("../conformance/functions/clocks.js");

pub async fn call(server: &Server, id: &str, method: &str, data: Value) -> Value {
    let request = server.http.post(server.url(&format!("/clocks/{id}/{method}"))).json(&data);
    Answer::of(request.send().await.unwrap()).await.json()
}

/// Calls a method that must return nothing.
async fn done(server: &Server, id: &str, method: &str, data: Value) {
    assert_eq!(call(server, id, method, data.clone()).await, json!({}), "{id} {method} {data}");
}

/// What has called the actor, once that is enough.
pub async fn got(server: &Server, id: &str, enough: usize) -> Vec<Value> {
    let start = Instant::now();
    loop {
        let all = call(server, id, "got", Value::Null).await["result"].as_array().cloned().unwrap_or_default();
        if all.len() >= enough {
            return all;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{id}: {all:?}\n{}", server.output());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// How often a reminder or `tick` has been tried.
async fn runs(server: &Server, id: &str, name: &str) -> u64 {
    call(server, id, "runs", json!([name])).await[name].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_call_when_they_are_due() {
    let server = Server::start().await;
    server.deploy("clocks", CLOCKS).await;
    done(&server, "a", "remind", json!({"name": "once", "dueTime": "100ms", "data": {"n": 1}})).await;
    assert_eq!(got(&server, "a", 1).await, [json!(["once", {"n": 1}])]);
    // A lone period is the first delay too; `repeats` counts all of them.
    let start = Instant::now();
    done(&server, "b", "remind", json!({"name": "often", "period": "@every 1s", "repeats": 2})).await;
    done(&server, "b", "remind", json!({"name": "now", "dueTime": "2020-01-01T00:00:00Z", "period": "R2/PT1S"})).await;
    let often = got(&server, "b", 4).await;
    assert!(start.elapsed() >= Duration::from_secs(2), "{often:?}");
    assert_eq!(often[0], json!(["now", null]));
    // What has ended is gone, what is far stays as it was set.
    // That the last turn was the last is on disk a moment after it.
    for (id, name) in [("a", "once"), ("b", "often"), ("b", "now")] {
        let mut kept = json!({});
        for _ in 0..200 {
            kept = call(&server, id, "reminder", json!(name)).await;
            if kept["result"].is_null() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert_eq!(kept, json!({"result": null}), "{name}");
    }
    let far = json!({"name": "far", "dueTime": "1h", "period": "PT1H30M", "repeats": 5, "ttl": "24h", "data": "x"});
    done(&server, "a", "remind", far).await;
    let kept = json!({"dueTime": "1h", "period": "@every 1h30m0s", "repeats": 5, "ttl": "24h", "data": "x"});
    assert_eq!(call(&server, "a", "reminder", json!("far")).await["result"], kept);
    done(&server, "a", "remind", json!({"name": "far", "dueTime": "2h"})).await;
    assert_eq!(call(&server, "a", "reminder", json!("far")).await["result"], json!({"dueTime": "2h"}));
    assert_eq!(call(&server, "b", "reminder", json!("far")).await["result"], Value::Null, "it is another actor's");
    done(&server, "a", "forget", json!("far")).await;
    done(&server, "a", "forget", json!("far")).await;
    assert_eq!(call(&server, "a", "reminder", json!("far")).await["result"], Value::Null);
    // A reminder that is set again by its own turn is another one.
    done(&server, "c", "remind", json!({"name": "self", "dueTime": "1ms", "data": {"again": true}})).await;
    assert_eq!(got(&server, "c", 2).await[1], json!(["self", "again"]));
    // It is set although the method throws later, unlike state.
    assert_eq!(call(&server, "d", "setAndThrow", json!("kept")).await["code"], "ERR_ACTOR_INVOKE_METHOD");
    assert_eq!(got(&server, "d", 1).await, [json!(["kept", null])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_due_is_refused() {
    let server = Server::start().await;
    server.deploy("clocks", CLOCKS).await;
    for (method, data, why) in [
        ("remind", json!({"name": "r"}), "needs a dueTime or a period"),
        ("remind", json!({"name": "r", "dueTime": "soon"}), "dueTime is \"soon\""),
        ("remind", json!({"name": "r", "period": "0 * * * * *"}), "period is \"0 * * * * *\""),
        ("remind", json!({"name": "r", "period": "1500ms", "repeats": 2}), "whole seconds"),
        ("remind", json!({"name": "r", "dueTime": "1s", "repeats": 2}), "there is no period"),
        ("remind", json!({"name": "r", "dueTime": "1s", "ttl": "1h"}), "ttl is for a reminder with a period"),
        ("remind", json!({"name": "r", "period": "1s", "ttl": "2020-01-01T00:00:00Z"}), "ttl is"),
        ("remind", json!({"name": "a/b", "dueTime": "1s"}), "no slash"),
        ("remind", json!({"name": "x".repeat(300), "dueTime": "1s"}), "1 to 256 bytes, not 300"),
        ("time", json!({"name": "t", "callback": "missing"}), "no such method"),
        ("time", json!({"name": "t", "callback": "_note"}), "no such method"),
        ("time", json!({"name": "t", "callback": "tick", "data": "x".repeat(20_000)}), "16384 is the most"),
        ("receiveReminder", json!("r"), "actor method not found"),
        ("remind%2Fr", json!({}), "actor method not found"),
    ] {
        let refused = call(&server, "a", method, data.clone()).await;
        assert!(refused["message"].as_str().unwrap_or_default().contains(why), "{method} {data}: {refused}");
    }
    assert_eq!(got(&server, "a", 0).await.len(), 0);
    let deaf = r#"import { Actor, actor } from "@daplet/sdk";
        export class Deaf extends Actor { start() { return this.reminders.set("r", { dueTime: "1s" }) } }
        export default async () => { try { await actor("Deaf", "a").start() } catch (error) { return error.message } }"#;
    server.deploy("deaf", deaf).await;
    assert!(server.get("/deaf").await.text().contains("no method receiveReminder"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_are_turns() {
    let server = Server::start().await;
    server.deploy("clocks", CLOCKS).await;
    // All due at about the same time: none is lost, and each actor gets its own in their order.
    for n in 0..10 {
        let data = json!({"sleep": 20});
        done(
            &server,
            "a",
            "remind",
            json!({"name": format!("r{n}"), "dueTime": format!("{}ms", 300 + n), "data": data}),
        )
        .await;
    }
    let names: Vec<Value> = got(&server, "a", 10).await.iter().map(|entry| entry[0].clone()).collect();
    assert_eq!(names, (0..10).map(|n| json!(format!("r{n}"))).collect::<Vec<_>>());
    // An actor with more reminders than a scheduler runs at once delays no other actor.
    for n in 0..80 {
        let (name, data) = (format!("r{n}"), json!({"sleep": 100}));
        done(&server, "slow", "remind", json!({"name": name, "dueTime": "1ms", "data": data})).await;
    }
    let start = Instant::now();
    done(&server, "fast", "remind", json!({"name": "r", "dueTime": "1ms"})).await;
    got(&server, "fast", 1).await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_that_fails_is_tried_again() {
    let server = Server::start().await;
    server.deploy("clocks", CLOCKS).await;
    done(&server, "a", "remind", json!({"name": "shaky", "dueTime": "1ms", "data": {"fail": true}})).await;
    let start = Instant::now();
    while call(&server, "a", "reminder", json!("shaky")).await["result"] != Value::Null {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", server.output());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        start.elapsed() >= Duration::from_millis(2_500),
        "there is a second between attempts: {:?}",
        start.elapsed()
    );
    assert_eq!(runs(&server, "a", "shaky").await, 4, "once, and three times more");
    assert_eq!(got(&server, "a", 0).await.len(), 0, "a turn that throws writes nothing");
    assert!(server.output().contains("not today"), "{}", server.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_survive_kill_9_and_timers_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let mut server = Server::with(options()).await;
    server.deploy("clocks", CLOCKS).await;
    done(&server, "a", "remind", json!({"name": "missed", "dueTime": "300ms", "data": 7})).await;
    done(&server, "b", "remind", json!({"name": "cut", "dueTime": "1ms", "data": {"sleep": 1_000}})).await;
    done(&server, "a", "time", json!({"name": "t", "callback": "tick", "dueTime": "300ms"})).await;
    // In the middle of its turn.
    while runs(&server, "b", "cut").await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.kill();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let server = Server::with(options()).await;
    assert_eq!(got(&server, "a", 1).await, [json!(["missed", 7])]);
    assert_eq!(got(&server, "b", 1).await, [json!(["cut", {"sleep": 1_000}])], "what was cut off is made again");
    assert!(runs(&server, "b", "cut").await >= 2);
    assert_eq!(runs(&server, "a", "tick").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_wait_for_a_function_that_has_their_type() {
    let server = Server::start().await;
    server.deploy("clocks", CLOCKS).await;
    done(&server, "a", "remind", json!({"name": "waits", "dueTime": "200ms", "data": 1})).await;
    done(&server, "a", "remind", json!({"name": "over", "dueTime": "300ms", "period": "1h", "ttl": "100ms"})).await;
    done(&server, "a", "time", json!({"name": "t", "callback": "tick", "dueTime": "200ms"})).await;
    assert_eq!(server.http.delete(server.url("/functions/clocks")).send().await.unwrap().status(), 204);
    tokio::time::sleep(Duration::from_millis(700)).await;
    let kept = server.http.get(format!("{}/v1.0/actors/Clock/a/reminders/waits", server.dapr)).send().await.unwrap();
    assert_eq!(kept.status(), 403, "nobody hosts it");
    // It may be another one now, if the operator hands it over.
    let heir = server.http.post(server.url("/actors/Clock/owner")).json(&json!({"function": "other"})).send().await;
    assert_eq!(heir.unwrap().status(), 200);
    server.deploy("other", CLOCKS).await;
    let reader =
        "import { actor } from '@daplet/sdk'; export default async () => ({ result: await actor('Clock', 'a').got() })";
    server.deploy("clocks", reader).await;
    assert_eq!(got(&server, "a", 1).await, [json!(["waits", 1])]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(got(&server, "a", 1).await.len(), 1, "a timer does not wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_call_as_long_as_the_host_runs() {
    let server = Server::start().await;
    server.deploy("clocks", CLOCKS).await;
    // At once without a time, and once without a period.
    done(&server, "a", "time", json!({"name": "t", "callback": "tick", "data": {"n": 1}})).await;
    assert_eq!(got(&server, "a", 1).await, [json!(["tick", {"n": 1}])]);
    done(&server, "b", "time", json!({"name": "t", "callback": "tick", "period": "R3/PT1S"})).await;
    done(&server, "c", "time", json!({"name": "t", "callback": "tick", "period": "50ms", "ttl": "500ms"})).await;
    // One that fails goes on; so does one whose like is replaced, but as the new one.
    done(&server, "d", "time", json!({"name": "t", "callback": "tick", "period": "20ms", "data": {"fail": true}}))
        .await;
    let start = Instant::now();
    while runs(&server, "d", "tick").await < 5 {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", server.output());
    }
    done(&server, "d", "time", json!({"name": "t", "callback": "tick", "period": "20ms", "data": {"stop": "t"}})).await;
    assert_eq!(got(&server, "d", 1).await, [json!(["tick", {"stop": "t"}])]);
    assert_eq!(got(&server, "b", 3).await.len(), 3);
    let ended = [got(&server, "c", 2).await.len(), got(&server, "d", 1).await.len()];
    assert!(ended[0] <= 10, "{ended:?}");
    done(&server, "e", "time", json!({"name": "t", "callback": "tick", "period": "50ms"})).await;
    got(&server, "e", 2).await;
    done(&server, "e", "untime", json!("t")).await;
    let stopped = got(&server, "e", 2).await.len();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!([got(&server, "c", 2).await.len(), got(&server, "d", 1).await.len()], ended);
    assert_eq!(got(&server, "b", 3).await.len(), 3);
    assert!(got(&server, "e", 2).await.len() <= stopped + 1, "its last turn may have waited");
}

/// Dapr's own API, with Dapr's statuses and codes.
#[tokio::test(flavor = "multi_thread")]
async fn outside_clients_have_reminders_and_timers() {
    let server = Server::start().await;
    server.deploy("clocks", CLOCKS).await;
    let send = async |method: &str, path: &str, body: &str| {
        let request = server.http.request(method.parse().unwrap(), format!("{}/v1.0/actors/{path}", server.dapr));
        Answer::of(request.body(body.to_owned()).send().await.unwrap()).await
    };
    assert_eq!(send("POST", "Clock/a/reminders/r", r#"{"dueTime":"1ms","data":{"from":"outside"}}"#).await.status, 204);
    assert_eq!(send("PUT", "Clock/a/timers/t", r#"{"dueTime":"1ms","callback":"tick","data":[1]}"#).await.status, 204);
    let mut seen = got(&server, "a", 2).await;
    seen.sort_by_key(ToString::to_string);
    assert_eq!(seen, [json!(["r", {"from": "outside"}]), json!(["tick", [1]])]);
    let far = r#"{"dueTime":"1h","period":"R5/PT10S","ttl":"","data":"x"}"#;
    assert_eq!(send("PUT", "Clock/a/reminders/far", far).await.status, 204);
    let kept = send("GET", "Clock/a/reminders/far", "").await;
    let mut expected =
        json!({"actorType": "Clock", "actorID": "a", "dueTime": "1h", "period": "@every 10s", "data": "x"});
    expected["repeats"] = json!(5);
    assert_eq!((kept.status, kept.json()), (200, expected));
    let (not_hosted, bad) = ("ERR_ACTOR_REMINDER_NON_HOSTED", "ERR_BAD_REQUEST");
    let (reminder, timer) = ("ERR_ACTOR_REMINDER_CREATE", "ERR_ACTOR_TIMER_CREATE");
    for (method, path, body, status, code) in [
        (
            "POST",
            "Clock/a/reminders/far",
            r#"{"dueTime":"1h","overwrite":false}"#,
            409,
            "ERR_ACTOR_REMINDER_ALREADY_EXISTS",
        ),
        ("POST", "Clock/a/reminders/new", r#"{"dueTime":"1h","overwrite":false}"#, 204, ""),
        ("POST", "Clock/a/reminders/x", "{", 400, "ERR_MALFORMED_REQUEST"),
        ("POST", "Clock/a/reminders/x", "{}", 500, reminder),
        ("POST", "Clock/a/reminders/x", r#"{"dueTime":"soon"}"#, 500, reminder),
        ("POST", "Clock/a/reminders/x", r#"{"dueTime":"1s","period":"R0/PT1S"}"#, 500, reminder),
        ("POST", "Clock/a/reminders/x%2Fy", r#"{"dueTime":"1s"}"#, 400, bad),
        ("POST", "Clock/a%7C%7Cb/reminders/x", r#"{"dueTime":"1s"}"#, 400, bad),
        ("POST", "Nobody/a/reminders/x", r#"{"dueTime":"1s"}"#, 403, not_hosted),
        ("GET", "Nobody/a/reminders/x", "", 403, not_hosted),
        ("DELETE", "Nobody/a/reminders/x", "", 403, not_hosted),
        ("GET", "Clock/a/reminders/x", "", 404, "ERR_ACTOR_REMINDER_NOT_FOUND"),
        ("DELETE", "Clock/a/reminders/far", "", 204, ""),
        ("DELETE", "Clock/a/reminders/far", "", 204, ""),
        ("GET", "Clock/a/reminders/far", "", 404, "ERR_ACTOR_REMINDER_NOT_FOUND"),
        ("POST", "Nobody/a/timers/t", r#"{"callback":"tick"}"#, 500, timer),
        ("POST", "Clock/a/timers/t", r#"{"callback":"tick","period":"often"}"#, 500, timer),
        ("POST", "Clock/a/timers/t", "[", 400, "ERR_MALFORMED_REQUEST"),
        ("DELETE", "Clock/a/timers/t", "", 204, ""),
        ("DELETE", "Nobody/a/timers/t", "", 204, ""),
        ("GET", "Clock/a/timers/t", "", 405, ""),
        ("PUT", "Clock/a/method/remind%2Ffar", "{}", 500, "ERR_ACTOR_INVOKE_METHOD"),
    ] {
        let answer = send(method, path, body).await;
        let error: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let seen = error["errorCode"].as_str().unwrap_or_default();
        assert_eq!((answer.status, seen), (status, code), "{method} {path} {body}: {}", answer.text());
    }
    assert_eq!(got(&server, "a", 2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_clients_have_them_by_grpc() {
    let server = Server::start().await;
    server.deploy("clocks", CLOCKS).await;
    let mut client = DaprClient::connect(server.grpc.clone()).await.unwrap();
    let (kind, name) = (|| "Clock".to_owned(), |name: &str| name.to_owned());
    let reminder = |id: &str, name: &str, due_time: &str| proto::RegisterActorReminderRequest {
        actor_type: kind(),
        actor_id: id.to_owned(),
        name: name.to_owned(),
        due_time: due_time.to_owned(),
        data: b"{\"n\":1}".to_vec(),
        ..Default::default()
    };
    client.register_actor_reminder(reminder("a", "r", "1ms")).await.unwrap();
    // Bytes come as text in base64, as daprd gives them to applications of HTTP.
    assert_eq!(got(&server, "a", 1).await, [json!(["r", "eyJuIjoxfQ=="])]);
    let timer = proto::RegisterActorTimerRequest {
        actor_type: kind(),
        actor_id: name("a"),
        name: name("t"),
        period: name("1h"),
        callback: name("tick"),
        ..Default::default()
    };
    client.register_actor_timer(timer.clone()).await.unwrap();
    assert_eq!(got(&server, "a", 2).await[1], json!(["tick", null]));
    let (actor_type, actor_id) = (kind(), name("a"));
    client
        .unregister_actor_timer(proto::UnregisterActorTimerRequest { actor_type, actor_id, name: name("t") })
        .await
        .unwrap();
    let wrong = proto::RegisterActorTimerRequest { actor_type: name("Nobody"), ..timer };
    assert_eq!(client.register_actor_timer(wrong).await.unwrap_err().code(), tonic::Code::Internal);

    for (id, far) in [("a", "x"), ("a", "y"), ("b", "z")] {
        client.register_actor_reminder(reminder(id, far, "1h")).await.unwrap();
    }
    let refused = proto::RegisterActorReminderRequest { overwrite: Some(false), ..reminder("a", "x", "1h") };
    assert_eq!(client.register_actor_reminder(refused).await.unwrap_err().code(), tonic::Code::AlreadyExists);
    let get = |id: &str, name: &str| proto::GetActorReminderRequest {
        actor_type: kind(),
        actor_id: id.to_owned(),
        name: name.to_owned(),
    };
    let found = client.get_actor_reminder(get("a", "x")).await.unwrap().into_inner();
    let data = found.data.unwrap();
    assert_eq!(
        (found.due_time.as_deref(), data.type_url.as_str()),
        (Some("1h"), "type.googleapis.com/google.protobuf.BytesValue")
    );
    assert_eq!(data.value, [&[10, 14][..], b"\"eyJuIjoxfQ==\""].concat(), "field 1, 14 bytes");
    let list = async |client: &mut DaprClient<_>, id: Option<&str>| {
        let request = proto::ListActorRemindersRequest { actor_type: kind(), actor_id: id.map(str::to_owned) };
        let found = client.list_actor_reminders(request).await.unwrap().into_inner().reminders;
        let named = |one: proto::NamedActorReminder| format!("{}/{}", one.reminder.unwrap().actor_id, one.name);
        found.into_iter().map(named).collect::<Vec<_>>()
    };
    assert_eq!(list(&mut client, None).await, ["a/x", "a/y", "b/z"]);
    assert_eq!(list(&mut client, Some("a")).await, ["a/x", "a/y"]);
    let (actor_type, actor_id) = (kind(), name("a"));
    client
        .unregister_actor_reminder(proto::UnregisterActorReminderRequest { actor_type, actor_id, name: name("y") })
        .await
        .unwrap();
    assert_eq!(client.get_actor_reminder(get("a", "y")).await.unwrap_err().code(), tonic::Code::NotFound);
    let all = |id: Option<&str>| proto::UnregisterActorRemindersByTypeRequest {
        actor_type: kind(),
        actor_id: id.map(str::to_owned),
    };
    client.unregister_actor_reminders_by_type(all(Some("a"))).await.unwrap();
    assert_eq!(list(&mut client, None).await, ["b/z"]);
    client.unregister_actor_reminders_by_type(all(None)).await.unwrap();
    assert_eq!(list(&mut client, None).await, [""; 0]);
    let nobody = proto::RegisterActorReminderRequest { actor_type: name("Nobody"), ..reminder("a", "x", "1h") };
    assert_eq!(client.register_actor_reminder(nobody).await.unwrap_err().code(), tonic::Code::PermissionDenied);

    // What follows a failure can be said over gRPC only, in Dapr too: this one is for one attempt.
    let drop = common::job_failure_policy::Policy::Drop(common::JobFailurePolicyDrop {});
    let once = proto::RegisterActorReminderRequest {
        failure_policy: Some(common::JobFailurePolicy { policy: Some(drop) }),
        ..reminder("deaf", "r", "1ms")
    };
    server.deploy("clocks", &CLOCKS.replace("if (data?.fail)", "if (this.id === 'deaf')")).await;
    client.register_actor_reminder(once).await.unwrap();
    let start = Instant::now();
    while !server.output().contains("is given up") {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", server.output());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(runs(&server, "deaf", "r").await, 1);
}

/// Behind a sidecar its scheduler keeps reminders and its timers tick, and both call. Here the sidecar is another server's embedded
/// Dapr API, which has the type too so that it may have reminders of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_keeps_reminders_and_calls_when_they_are_due() {
    let sidecar = Server::start().await;
    sidecar.deploy("clocks", CLOCKS).await;
    let port = sidecar.dapr.rsplit(':').next().unwrap().to_owned();
    let env = vec![("DAPR_HTTP_PORT".to_owned(), port)];
    let server = Server::with(Options { env, ..Options::default() }).await;
    server.deploy("clocks", CLOCKS).await;
    let due = async |path: &str, body: Value| {
        let request = server.http.put(server.url(&format!("/actors/Clock/a/method/{path}"))).json(&body);
        Answer::of(request.send().await.unwrap()).await
    };
    // What a turn asks for goes to the sidecar. The sidecar's own actors would take a method's call, so a reminder is the turn.
    let source = CLOCKS.replace(
        "async receiveReminder(name, data) {",
        "async receiveReminder(name, data) { if (data?.set) return await this[data.set](data.with);",
    );
    server.deploy("clocks", &source).await;
    let far = json!({"name": "far", "dueTime": "1h", "period": "10s", "repeats": 3, "data": {"a": 1}});
    assert_eq!(due("remind/x", json!({"data": {"set": "remind", "with": far}})).await.status, 200);
    let kept = format!("{}/v1.0/actors/Clock/a/reminders/far", sidecar.dapr);
    let found = Answer::of(sidecar.http.get(&kept).send().await.unwrap()).await.json();
    assert_eq!(
        (&found["period"], &found["repeats"], &found["data"]),
        (&json!("@every 10s"), &json!(3), &json!({"a": 1}))
    );
    let read = due("remind/x", json!({"data": {"set": "reminder", "with": "far"}})).await;
    assert_eq!((read.status, read.json()["dueTime"].as_str().map(str::to_owned)), (200, Some("1h".to_owned())));
    assert_eq!(due("remind/x", json!({"data": {"set": "forget", "with": "far"}})).await.status, 200);
    assert_eq!(sidecar.http.get(&kept).send().await.unwrap().status(), 404);
    assert_eq!(due("remind/x", json!({"data": {"set": "reminder", "with": "far"}})).await.text(), "null");
    let timer = json!({"name": "t", "callback": "tick", "dueTime": "1ms", "data": "by the sidecar"});
    assert_eq!(due("remind/x", json!({"data": {"set": "time", "with": timer}})).await.status, 200);
    assert_eq!(
        got(&sidecar, "a", 1).await,
        [json!(["tick", "by the sidecar"])],
        "the sidecar's timer calls the sidecar's actor"
    );

    // What a sidecar sends when something is due; with its scheduler, neither time nor period.
    assert_eq!(due("remind/r", json!({"dueTime": "", "period": "", "data": {"n": 7}})).await.status, 200);
    assert_eq!(due("remind/none", json!({"dueTime": "", "period": ""})).await.status, 200);
    let tick = json!({"callback": "tick", "dueTime": "1s", "period": "", "data": 8});
    assert_eq!(due("timer/t", tick).await.status, 200);
    let noted =
        Answer::of(sidecar.http.get(format!("{}/v1.0/actors/Clock/a/state/got", sidecar.dapr)).send().await.unwrap())
            .await;
    let expected = json!([["tick", "by the sidecar"], ["r", {"n": 7}], ["none", null], ["tick", 8]]);
    assert_eq!(noted.json(), expected, "the state is the sidecar's");
    let failed = due("remind/r", json!({"data": {"fail": true}})).await;
    assert!(failed.status == 500 && failed.text().contains("not today"), "{}", failed.text());
    assert_eq!(due("timer/t", json!({"callback": "missing"})).await.status, 404);
    assert_eq!(due("timer/t", json!({})).await.status, 404);
    // A client other than the sidecar cannot act as one, by names or by service invocation.
    assert_eq!(due("remind%2Fr", json!({})).await.status, 404);
    assert_eq!(due("receiveReminder", json!({})).await.status, 404);
    let invoked = server.http.put(server.url("/actors/Clock/a/method/remind/r")).header("dapr-caller-app-id", "other");
    assert_eq!(invoked.send().await.unwrap().status(), 403);
    assert_eq!(server.http.put(server.url("/actors/Nobody/a/method/remind/r")).send().await.unwrap().status(), 503);
}
