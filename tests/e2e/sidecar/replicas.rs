//! Several hosts with one app-id, each with a sidecar of its own, that share their functions in a state store.
use super::{eventually, publish};
use daplet_tests::between::{Between, Last};
use daplet_tests::daprd::{Daprd, Mesh};
use daplet_tests::server::{Answer, Options, Server};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SHARED: [(&str, &str); 2] = [("DAPLET_REGISTRY", "dapr"), ("DAPLET_REGISTRY_POLL_MS", "100")];

async fn replica(mesh: &Mesh) -> (Server, Daprd) {
    mesh.daplet_with(&SHARED, &[]).await
}

fn says(text: &str) -> String {
    format!("export default () => {text:?}")
}

/// A request to the management with one header, or none.
async fn manage(server: &Server, method: Method, name: &str, header: (&str, &str), source: &str) -> Answer {
    let mut request = server.http.request(method, server.url(&format!("/functions/{name}"))).body(source.to_owned());
    request = request.header("content-type", "text/javascript");
    if !header.0.is_empty() {
        request = request.header(header.0, header.1);
    }
    Answer::of(request.send().await.unwrap()).await
}

async fn put(server: &Server, name: &str, source: &str) {
    let answer = manage(server, Method::PUT, name, ("", ""), source).await;
    assert!(answer.status < 300, "{} {}", answer.status, answer.text());
}

/// Calls a path until the answer has this status and text.
async fn becomes(server: &Server, path: &str, status: u16, text: &str) {
    let start = Instant::now();
    loop {
        let answer = server.get(path).await;
        if answer.status == status && (text.is_empty() || answer.text() == text) {
            return;
        }
        let seen = format!("{path}: {} {}\n{}", answer.status, answer.text(), server.output());
        assert!(start.elapsed() < Duration::from_secs(30), "{status} {text} expected of {seen}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Names and versions of every function, as a replica lists them.
async fn listed(server: &Server) -> Vec<(String, String)> {
    let functions = server.get("/functions").await.json()["functions"].as_array().cloned().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    functions.iter().map(|function| (text(&function["name"]), text(&function["version"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_on_one_replica_reach_the_others() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let ((a, _first), (b, _second)) = (replica(&mesh).await, replica(&mesh).await);
    put(&a, "f", &says("one")).await;
    becomes(&b, "/f", 200, "one").await;
    put(&b, "f", &says("two")).await;
    becomes(&a, "/f", 200, "two").await;
    // The management of any replica tells what is so now.
    put(&a, "f", &says("three")).await;
    assert_eq!(listed(&b).await, listed(&a).await);
    assert_eq!(b.get("/f").await.text(), "three");
    // What is live already on another replica is not uploaded again, and what was live before is.
    assert_eq!(manage(&b, Method::PUT, "f", ("", ""), &says("one")).await.status, 200);
    becomes(&a, "/f", 200, "one").await;
    assert_eq!(manage(&a, Method::DELETE, "f", ("", ""), "").await.status, 204);
    becomes(&b, "/f", 404, "").await;
    assert_eq!(manage(&b, Method::DELETE, "f", ("", ""), "").await.status, 404);
    // As large as real sources are, and with what JSON has to escape.
    let large = format!("/* {} */ {}", "<&>\u{2028}\"ä".repeat(50_000), says("large"));
    put(&a, "large", &large).await;
    becomes(&b, "/large", 200, "large").await;
    assert_eq!(b.get("/functions/large/source").await.text(), large);
    // More than a sidecar accepts by default.
    let larger = format!("/*{}*/ {}", " ".repeat((4 << 20) - 200), says("larger"));
    let refused = manage(&a, Method::PUT, "larger", ("", ""), &larger).await;
    assert_eq!((refused.status, refused.code().as_str()), (413, "payloadTooLarge"), "{}", refused.text());
    assert_eq!(listed(&b).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_hold_across_replicas() {
    const ROUNDS: usize = 12;
    let Some(mesh) = Mesh::start("redis").await else { return };
    let ((a, _first), (b, _second)) = (replica(&mesh).await, replica(&mesh).await);
    for round in 0..ROUNDS {
        let name = format!("new-{round}");
        let (of_a, of_b) = (says("a"), says("b"));
        let first = ("if-none-match", "*");
        let (on_a, on_b) =
            tokio::join!(manage(&a, Method::PUT, &name, first, &of_a), manage(&b, Method::PUT, &name, first, &of_b));
        let winner = match (on_a.status, on_b.status) {
            (201, 412) => "a",
            (412, 201) => "b",
            other => panic!("exactly one wins, not {other:?}: {} {}", on_a.text(), on_b.text()),
        };
        becomes(&a, &format!("/{name}"), 200, winner).await;
        becomes(&b, &format!("/{name}"), 200, winner).await;
        // An update that names the version it replaces: again one of two.
        let etag = a.get(&format!("/functions/{name}")).await.header("etag").unwrap().to_owned();
        let (of_a, of_b) = (says("A"), says("B"));
        let (on_a, on_b) = tokio::join!(
            manage(&a, Method::PUT, &name, ("if-match", &etag), &of_a),
            manage(&b, Method::PUT, &name, ("if-match", &etag), &of_b)
        );
        assert!(matches!((on_a.status, on_b.status), (200, 412) | (412, 200)), "{} {}", on_a.text(), on_b.text());
        let lost = if on_a.status == 412 { on_a } else { on_b };
        assert_eq!(lost.code(), "preconditionFailed");
        // One of them was before the other, whichever.
        let (of_a, of_b) = (says("last a"), says("last b"));
        let (on_a, on_b) = tokio::join!(
            manage(&a, Method::PUT, &name, ("", ""), &of_a),
            manage(&b, Method::PUT, &name, ("", ""), &of_b)
        );
        assert_eq!((on_a.status, on_b.status), (200, 200), "{} {}", on_a.text(), on_b.text());
        assert_eq!(listed(&a).await, listed(&b).await);
        assert_eq!(a.get(&format!("/{name}")).await.text(), b.get(&format!("/{name}")).await.text());
        let stale = manage(&b, Method::DELETE, &name, ("if-match", &etag), "").await;
        assert_eq!(stale.status, 412, "{}", stale.text());
    }
    assert_eq!(listed(&a).await.len(), ROUNDS);
}

/// Uploads of many names on both at once change one index: none gets lost.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_replicas_change_functions_at_once() {
    const EACH: usize = 15;
    let Some(mesh) = Mesh::start("redis").await else { return };
    let ((a, _first), (b, _second)) = (replica(&mesh).await, replica(&mesh).await);
    let uploads = (0..EACH).flat_map(|n| [(&a, format!("a-{n}")), (&b, format!("b-{n}"))]);
    futures::future::join_all(uploads.map(|(server, name)| async move { put(server, &name, &says(&name)).await }))
        .await;
    assert_eq!(listed(&a).await.len(), 2 * EACH);
    let removals = (0..EACH).map(|n| (if n % 2 == 0 { &a } else { &b }, format!("a-{n}")));
    let removals = removals.map(|(server, name)| async move {
        assert_eq!(manage(server, Method::DELETE, &name, ("", ""), "").await.status, 204);
    });
    futures::future::join_all(removals).await;
    for server in [&a, &b] {
        let left = listed(server).await;
        assert_eq!(left.len(), EACH, "{left:?}");
        for n in 0..EACH {
            becomes(server, &format!("/b-{n}"), 200, &format!("b-{n}")).await;
            becomes(server, &format!("/a-{n}"), 404, "").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_upload_survives_its_replica() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let ((mut a, mut first), (b, _second)) = (replica(&mesh).await, replica(&mesh).await);
    for n in 0..5 {
        put(&a, &format!("f-{n}"), &says("kept")).await;
    }
    put(&a, "f-0", &says("newest")).await;
    a.kill();
    first.kill();
    becomes(&b, "/f-0", 200, "newest").await;
    becomes(&b, "/f-4", 200, "kept").await;
    // Each replica that starts has all of them as soon as it is ready, with a data folder that is empty or its own.
    for data in [None, Some(a.data.clone())] {
        let mut daprd = mesh.sidecar("daplet");
        let env = [daprd.app_env(), SHARED.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec()].concat();
        let server = Server::spawn(Options { env, data, ..Options::default() });
        daprd.start(server.port()).await;
        server.ready().await;
        assert_eq!(server.get("/f-0").await.text(), "newest");
        assert_eq!(listed(&server).await, listed(&b).await);
    }
}

/// Before the index is written an upload has not happened, after that it has; either way the others go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_dies_between_two_writes_leaves_nothing_half_done() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let (b, _second) = replica(&mesh).await;
    put(&b, "other", &says("other")).await;
    put(&b, "f", &says("before")).await;
    for (passed_on, name, expected) in [(false, "f", "before"), (true, "f", "after"), (true, "new", "after")] {
        let mut daprd = mesh.sidecar("daplet");
        let between = Between::start(daprd.http_port).await;
        let endpoint = ("DAPR_HTTP_ENDPOINT".to_owned(), format!("http://127.0.0.1:{}", between.port));
        let env = [daprd.app_env(), vec![endpoint], SHARED.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec()];
        let mut a = Server::spawn(Options { env: env.concat(), ..Options::default() });
        daprd.start(a.port()).await;
        a.ready().await;
        between.kill_at(Last { pid: a.pid(), body: r#""key":"registry""#.to_owned(), passed_on });
        let upload = a.http.put(a.url(&format!("/functions/{name}"))).header("content-type", "text/javascript");
        let upload = upload.body(says("after")).send().await;
        assert!(upload.is_err(), "nobody acknowledged it: {upload:?}");
        while a.alive() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        becomes(&b, &format!("/{name}"), 200, expected).await;
        let (third, _third) = replica(&mesh).await;
        assert_eq!(third.get(&format!("/{name}")).await.text(), expected);
        assert_eq!(third.get("/other").await.text(), "other");
    }
    // Changes go on, and clean up: two functions, what the last change replaced, and the record of the upload that never was.
    for n in 0..5 {
        put(&b, "f", &says(&n.to_string())).await;
    }
    assert_eq!(manage(&b, Method::DELETE, "new", ("", ""), "").await.status, 204);
    let records = mesh.keys("daplet||registry/*").await;
    assert_eq!(records.len(), 4, "{records:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_or_dead_sidecar_is_named_and_live_functions_go_on() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let (a, _first) = replica(&mesh).await;
    put(&a, "f", &says("one")).await;
    let mut daprd = mesh.sidecar("daplet");
    let env = [daprd.app_env(), SHARED.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec()].concat();
    let b = Server::spawn(Options { env, ..Options::default() });
    b.listening().await;
    for (path, code) in
        [("/readyz", "registryNotLoaded"), ("/f", "registryNotLoaded"), ("/functions", "sidecarUnavailable")]
    {
        let answer = b.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, code), "{path}: {}", answer.text());
    }
    daprd.start(b.port()).await;
    b.ready().await;
    assert_eq!(b.get("/f").await.text(), "one");
    daprd.kill();
    put(&a, "f", &says("two")).await;
    let refused = manage(&b, Method::PUT, "g", ("", ""), &says("g")).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "sidecarUnavailable"), "{}", refused.text());
    assert_eq!(b.get("/f").await.text(), "one");
    daprd.start(b.port()).await;
    becomes(&b, "/f", 200, "two").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_store_is_named_and_comes_back() {
    let Some(mut mesh) = Mesh::start("redis").await else { return };
    let ((a, _first), (b, _second)) = (replica(&mesh).await, replica(&mesh).await);
    put(&a, "f", &says("one")).await;
    becomes(&b, "/f", 200, "one").await;
    mesh.kill_redis();
    for answer in [a.get("/functions").await, manage(&b, Method::PUT, "f", ("", ""), &says("two")).await] {
        assert_eq!((answer.status, answer.code().as_str()), (503, "sidecarUnavailable"), "{}", answer.text());
    }
    for server in [&a, &b] {
        assert_eq!(server.get("/f").await.text(), "one");
        assert_eq!(server.get("/readyz").await.status, 200, "live functions go on");
    }
    mesh.start_redis().await;
    let start = Instant::now();
    while manage(&b, Method::PUT, "f", ("", ""), &says("three")).await.status != 200 {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", b.output());
    }
    becomes(&a, "/f", 200, "three").await;
    // A store that comes back empty does not make replicas drop what works.
    mesh.kill_redis();
    std::fs::remove_dir_all(mesh.folder.path().join("appendonlydir")).unwrap();
    mesh.start_redis().await;
    let start = Instant::now();
    while a.get("/functions").await.code() != "registryLost" {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", a.output());
    }
    assert_eq!(a.get("/f").await.text(), "three");
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_follow_other_replicas() {
    const KEEPER: &str = r#"import { state } from "@daplet/sdk";
        export const subscriptions = [{ topic: "signs" }];
        export default {
          fetch: async () => (await state().get("signs")) ?? [],
          message: (event) => state().update("signs", (all) => [...(all ?? []), event.data]) };"#;
    let Some(mesh) = Mesh::start("redis").await else { return };
    let ((a, mut first), (b, second)) = (replica(&mesh).await, replica(&mesh).await);
    put(&a, "keeper", KEEPER).await;
    becomes(&b, "/keeper", 200, "").await;
    // The other replica now runs without a peer and still has the topic: it read it from the store.
    first.kill();
    let start = Instant::now();
    while !second.json("/v1.0/metadata").await["subscriptions"].to_string().contains("signs") {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", second.output());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    publish(&second, "pubsub", "signs", "text/plain", "hello").await;
    eventually(&b, "/keeper", |seen| *seen == json!(["hello"])).await;
    // And it loses the topic with the function.
    first.start(a.port()).await;
    a.ready().await;
    assert_eq!(manage(&a, Method::DELETE, "keeper", ("", ""), "").await.status, 204);
    let start = Instant::now();
    while second.json("/v1.0/metadata").await["subscriptions"].to_string().contains("signs") {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", second.output());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
