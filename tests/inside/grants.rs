//! Grants that the operator's settings decide, locks with a ceiling, and actors that stay their function's.
use crate::server::{Options, Server};
use serde_json::{Value, json};

/// Every operation that a list of grants is for, and what comes of it.
const EVERYTHING: &str = r#"import { actor, binding, configuration, conversation, cryptography, invoke, lock, pubsub, secrets, state } from "@daplet/sdk";
    export default { async fetch() {
      const code = (work) => work.then(() => "ok", (e) => e.code);
      return {
        stores: await code(state().get("k")),
        topics: await code(pubsub().publish("t", 1)),
        apps: await code(invoke("daplet").fetch("/x")),
        actors: await code(actor("Nobody", "a").call()),
        components: await code(conversation("llm").converse(["x"])),
        bindings: await code(binding("mail").invoke("get")),
        configuration: await code(configuration().get("k")),
        all: Object.keys(await configuration().get()).length,
        locks: await code(lock().tryLock("everything", { expiry: 1 })),
        secrets: await code(secrets().get("k")),
        keys: await code(cryptography().encrypt("x", { keyName: "k", algorithm: "AES" })),
      };
    } };"#;

async fn with_args(args: &[&str]) -> Server {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Server::with(Options { args, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn absent_lists_mean_nothing_where_the_operator_says_so() {
    let denied = "PERMISSION_DENIED";
    let server = with_args(&["--grants", "deny"]).await;
    server.deploy("everything", EVERYTHING).await;
    let seen = server.get("/everything").await.json();
    for (list, code) in seen.as_object().unwrap() {
        let expected = if list == "all" { json!(0) } else { json!(denied) };
        assert_eq!(*code, expected, "{list}: {seen}");
    }
    let grants = json!({"stores": ["statestore"], "topics": ["pubsub/*"], "locks": ["everything"], "apps": ["*"]});
    server.deploy_with(json!({"name": "everything", "source": EVERYTHING, "grants": grants})).await;
    let seen = server.get("/everything").await.json();
    let granted = ["stores", "topics", "apps", "locks"].map(|list| seen[list].clone());
    assert_eq!(granted, [json!("ok"), json!("ok"), json!("ok"), json!("ok")], "{seen}");
    assert_eq!((&seen["configuration"], &seen["actors"]), (&json!(denied), &json!(denied)), "{seen}");
    // The answer holds the lists of the upload, not the operator's rule for absent ones.
    assert_eq!(server.get("/functions/everything").await.json()["grants"].get("actors"), None);
    let inputs = r#"export const bindings = ["ticks"]; export default { binding() {} };"#;
    let refused = server.upload(&json!({"name": "input", "source": inputs})).await;
    assert!(refused.status == 422 && refused.text().contains("grants.inputs"), "{}", refused.text());
    let watches = r#"export const configuration = [{ keys: ["k"] }]; export default { configuration() {} };"#;
    let refused = server.upload(&json!({"name": "watcher", "source": watches})).await;
    assert!(refused.status == 422 && refused.text().contains("grants.configuration"), "{}", refused.text());

    let server = with_args(&["--grants", "open"]).await;
    server.deploy("everything", EVERYTHING).await;
    let seen = server.get("/everything").await.json();
    for list in ["stores", "topics", "apps", "configuration", "locks"] {
        assert_eq!(seen[list], "ok", "{seen}");
    }
    assert_eq!((&seen["secrets"], &seen["keys"]), (&json!(denied), &json!(denied)), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_s_lifetime_has_a_ceiling_for_everybody() {
    let server = with_args(&["--max-lock-seconds", "100"]).await;
    let lock = async |expiry: i64| {
        let body = json!({"resourceId": format!("door-{expiry}"), "lockOwner": "a", "expiryInSeconds": expiry});
        let url = format!("{}/v1.0-alpha1/lock/lockstore", server.dapr);
        let answer = server.http.post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(lock(100).await, (200, r#"{"success":true}"#.to_owned()));
    let (status, text) = lock(101).await;
    assert!(
        status == 400 && text.contains("101") && text.contains("100") && text.contains("max_lock_seconds"),
        "{text}"
    );
    let source = r#"import { lock } from "@daplet/sdk";
        export default () => lock().tryLock("taker", { expiry: 101 }).then(() => "taken", (e) => e.message)"#;
    server.deploy("taker", source).await;
    let told = server.get("/taker").await.text();
    assert!(told.contains("101 s") && told.contains("max_lock_seconds"), "{told}");
}

/// A function whose longer name begins a lock's is the one that has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_belongs_to_the_longest_name() {
    let server = Server::start().await;
    let source = r#"import { lock } from "@daplet/sdk";
        export default (request) => lock().tryLock(new URL(request.url).searchParams.get("r"), { expiry: 60 }).then((l) => l ? "taken" : "held", (e) => e.code)"#;
    server.deploy("shop", source).await;
    assert_eq!(server.get("/shop?r=shop-admin/1").await.text(), "taken");
    server.deploy("shop-admin", source).await;
    assert_eq!(server.get("/shop?r=shop-admin/2").await.text(), "PERMISSION_DENIED");
    assert_eq!(server.get("/shop-admin?r=shop-admin/2").await.text(), "taken");
    assert_eq!(server.get("/shop-admin?r=shop/2").await.text(), "PERMISSION_DENIED");
}

/// The class of one function, and another's by the same name that reads what the first one's left.
const VAULT: &str = r#"import { Actor, actor } from "@daplet/sdk";
    export class Vault extends Actor { put() { this.state.set("pin", "PIN 1234"); return "ok" } steal() { return this.state.get("pin") } }
    export default async (request) => {
      try { return String(await actor("Vault", "alice")[new URL(request.url).searchParams.get("m")]()) } catch (e) { return e.code } };"#;

#[tokio::test(flavor = "multi_thread")]
async fn actors_stay_their_function_s_until_they_are_handed_over() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let server = Server::with(options()).await;
    server.deploy("honest", VAULT).await;
    assert_eq!(server.get("/honest?m=put").await.text(), "ok");
    let thief = json!({"name": "thief", "source": VAULT});
    // By deletion, and by a version that does not export the type.
    server.deploy("honest", "export default () => 1").await;
    assert_eq!(server.upload(&thief).await.code(), "actorTypeOwned");
    server.http.delete(server.url("/functions/honest")).send().await.unwrap();
    assert_eq!(server.upload(&thief).await.code(), "actorTypeOwned");
    drop(server);
    let server = Server::with(options()).await;
    let refused = server.upload(&thief).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "actorTypeOwned"));
    assert!(refused.text().contains("honest") && refused.text().contains("/actors/Vault/owner"), "{}", refused.text());
    // The function itself comes back to what was its own.
    server.deploy("honest", VAULT).await;
    assert_eq!(server.get("/honest?m=steal").await.text(), "PIN 1234");
    server.http.delete(server.url("/functions/honest")).send().await.unwrap();
    let owner = server.get("/actors/Vault/owner").await.json();
    assert_eq!(owner, json!({"type": "Vault", "function": "honest", "exported": false}));
    let hand_over = async |body: Value| {
        server.http.post(server.url("/actors/Vault/owner")).json(&body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(hand_over(json!({"function": "heir", "more": 1})).await, 400);
    assert_eq!(hand_over(json!({"function": "heir"})).await, 200);
    let plain = server.http.post(server.url("/actors/Vault/owner")).body(r#"{"function":"thief"}"#).send().await;
    assert_eq!(plain.unwrap().status(), 415);
    assert_eq!(server.upload(&thief).await.code(), "actorTypeOwned");
    drop(server);
    let server = Server::with(options()).await;
    server.deploy("heir", VAULT).await;
    assert_eq!(server.get("/heir?m=steal").await.text(), "PIN 1234");
    assert_eq!(server.get("/actors/Nobody/owner").await.status, 404);
}
