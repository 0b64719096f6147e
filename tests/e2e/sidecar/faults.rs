//! A sidecar that is absent, late, dead, restarted or hanging: named errors at once, and recovery without help.
use super::{eventually, publish};
use daplet_tests::daprd::{Daprd, Mesh};
use daplet_tests::server::{Options, Server};
use serde_json::{Value, json};

/// Tells how an operation went. Its time on the clock is limited, so that a sidecar that does not answer cannot hold it.
const PROBE: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = [{ topic: "signs" }];
    const key = "k";
    export default {
      async fetch(request) {
        if (new URL(request.url).pathname === "/signs") return (await state().get("signs")) ?? [];
        try { await state().put(key, 1); return { value: await state().get(key) } }
        catch (e) { return { code: e.code, name: e.name } }
      },
      message: (event) => state().update("signs", (all) => [...(all ?? []), event.data]) };"#;

async fn deploy(server: &Server) {
    server.deploy_with(json!({"name": "probe", "source": PROBE, "limits": {"wallMs": 4000}})).await;
}

fn unavailable() -> Value {
    json!({"code": "sidecarUnavailable", "name": "UnavailableError"})
}

/// Functions work, and a message arrives: state and streams are both there.
async fn works(server: &Server, daprd: &Daprd, sign: &str) {
    server.ready().await;
    eventually(server, "/probe", |seen| seen["value"] == 1).await;
    publish(daprd, "pubsub", "signs", "text/plain", sign).await;
    eventually(server, "/probe/signs", |seen| seen.as_array().is_some_and(|all| all.contains(&json!(sign)))).await;
}

async fn not_ready(server: &Server) {
    eventually(server, "/readyz", |seen| seen["code"] == "sidecarUnavailable").await;
    assert_eq!(server.get("/livez").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_sidecar_is_waited_for() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let mut daprd = mesh.sidecar("daplet");
    let server = Server::spawn(Options { env: daprd.app_env(), ..Options::default() });
    server.listening().await;
    not_ready(&server).await;
    // What needs no sidecar works without one.
    deploy(&server).await;
    server.deploy("plain", "export default () => 'here'").await;
    assert_eq!(server.get("/plain").await.text(), "here");
    assert_eq!(server.get("/probe").await.json(), unavailable());
    daprd.start(server.port()).await;
    works(&server, &daprd, "late").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_or_hanging_sidecar_is_named_and_comes_back() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let (server, mut daprd) = mesh.daplet().await;
    deploy(&server).await;
    works(&server, &daprd, "at first").await;
    for round in ["once", "twice"] {
        daprd.kill();
        assert_eq!(server.get("/probe").await.json(), unavailable());
        not_ready(&server).await;
        daprd.start(server.port()).await;
        works(&server, &daprd, round).await;
    }
    // It takes connections and says nothing: the kernel answers for a stopped process.
    daprd.signal("STOP");
    assert_eq!(server.get("/probe").await.json(), unavailable());
    not_ready(&server).await;
    daprd.signal("CONT");
    works(&server, &daprd, "awake").await;
}

/// Connections of this machine to a port of the loopback address, closed ones that the kernel remembers included.
fn connections_to(port: u16) -> usize {
    let wanted = format!("0100007F:{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().filter(|line| line.split_whitespace().nth(2) == Some(&wanted)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_kept() {
    const CALLS: usize = 300;
    let Some(mesh) = Mesh::start("in-memory").await else { return };
    let (server, daprd) = mesh.daplet().await;
    deploy(&server).await;
    let before = connections_to(daprd.http_port);
    for _ in 0..CALLS {
        assert_eq!(server.get("/probe").await.json(), json!({"value": 1}));
    }
    let more = connections_to(daprd.http_port).saturating_sub(before);
    assert!(more < 20, "{more} connections for {CALLS} requests");
}
