//! Tokens in both directions, who calls, and what service invocation may not do.
use super::{eventually, publish};
use daplet_tests::app::App;
use daplet_tests::daprd::Mesh;
use daplet_tests::server::{Answer, Server};
use serde_json::json;

const WHO: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = [{ topic: "notes" }];
    export default {
      fetch: async (request, env, ctx) => ({ caller: ctx.caller, token: request.headers.get("dapr-api-token"), notes: await state().get("notes") }),
      message: (event) => state().put("notes", event.data) };"#;

async fn get(server: &Server, url: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers.iter().fold(server.http.get(url), |request, (name, value)| request.header(*name, *value));
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_sent_and_asked_for() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let app = App::start().await;
    let mut other = mesh.sidecar("other");
    other.start(app.port).await;
    let tokens = [("APP_API_TOKEN", "of the app"), ("DAPR_API_TOKEN", "of dapr")];
    let (server, daprd) = mesh.daplet_with(&tokens, &tokens).await;
    server.deploy("who", WHO).await;

    // Through sidecars: the caller is known. The sidecar takes state and streams only with its own token.
    let known = get(&server, &other.url("/v1.0/invoke/daplet/method/who"), &[]).await;
    assert_eq!((known.status, known.json()), (200, json!({"caller": "other", "token": null, "notes": null})));
    assert_eq!(get(&server, &daprd.url("/v1.0/state/statestore/x"), &[]).await.status, 401);
    publish(&other, "pubsub", "notes", "text/plain", "delivered").await;
    eventually(&server, "/who", |seen| seen["notes"] == "delivered").await;

    // Directly: a plain caller claims nothing and gets in; who speaks as a sidecar does not.
    let plain = server.get("/who").await;
    assert_eq!((plain.status, &plain.json()["caller"]), (200, &json!(null)));
    for (path, headers) in [
        ("/who", [("dapr-caller-app-id", "other")].as_slice()),
        ("/who", &[("dapr-api-token", "guessed")]),
        ("/who", &[("dapr-caller-app-id", "other"), ("dapr-api-token", "of the apq")]),
        ("/dapr/subscribe", &[]),
        ("/dapr/config", &[("dapr-api-token", "")]),
        ("/dapr/topics/pubsub/notes", &[]),
        ("/functions", &[("dapr-caller-app-id", "other")]),
    ] {
        let refused = get(&server, &server.url(path), headers).await;
        assert_eq!((refused.status, refused.code().as_str()), (401, "unauthorized"), "{path} {headers:?}");
    }
    let headers = [("dapr-caller-app-id", "other"), ("dapr-api-token", "of the app")];
    assert_eq!(get(&server, &server.url("/who"), &headers).await.json()["caller"], "other");
    assert!(!server.output().contains("of the app") && !server.output().contains("of dapr"), "{}", server.output());
}

/// Any path of an application can be invoked; managing functions that way is for operators to allow.
#[tokio::test(flavor = "multi_thread")]
async fn functions_are_not_managed_through_invocation_unless_allowed() {
    for (setting, upload, list) in [("false", 403, 403), ("true", 201, 200)] {
        // A killed sidecar stays in the others' list for a while: each round has a list of its own.
        let Some(mesh) = Mesh::start("in-memory").await else { return };
        let app = App::start().await;
        let mut other = mesh.sidecar("other");
        other.start(app.port).await;
        let (server, _daprd) = mesh.daplet_with(&[("DAPLET_MANAGE_THROUGH_DAPR", setting)], &[]).await;
        let request = server.http.post(other.url("/v1.0/invoke/daplet/method/functions?name=sent"));
        let request = request.header("content-type", "text/javascript").body("export default () => 'sent'");
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.status, upload, "{setting}: {}", answer.text());
        let listed = get(&server, &other.url("/v1.0/invoke/daplet/method/functions"), &[]).await;
        assert_eq!(listed.status, list, "{setting}: {}", listed.text());
        // A function that calls this application by its name with the namespace leaves the host and comes back.
        let source = r#"import { invoke } from "@daplet/sdk";
            export default async () => {
              const spoofed = { headers: { "daplet-depth": "0", "dapr-caller-app-id": "" } };
              return { status: (await invoke("daplet.default").fetch("/functions", spoofed)).status };
            };"#;
        server.deploy("climber", source).await;
        assert_eq!(server.get("/climber").await.json(), json!({ "status": list }), "{setting}");
        assert_eq!(server.get("/functions").await.status, 200);
    }
    let Some(mesh) = Mesh::start("in-memory").await else { return };
    // With a token the sidecar's own application is known too.
    let token = [("APP_API_TOKEN", "secret")];
    let (server, daprd) = mesh.daplet_with(&token, &token).await;
    assert_eq!(get(&server, &daprd.url("/v1.0/invoke/daplet/method/functions"), &[]).await.status, 403);
}
