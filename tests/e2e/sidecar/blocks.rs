//! Secrets, configuration, locks, cryptography, bindings and conversations, as a function has them of a real sidecar.
use daplet_tests::daprd::Mesh;
use daplet_tests::root;
use daplet_tests::server::Server;
use serde_json::json;

const ALL: &str = r#"import { binding, configuration, cryptography, lock, secrets } from "@daplet/sdk";
    const said = async (work) => { try { return await work() } catch (error) { return error.code } };
    export default async () => {
      const items = await configuration().get("colour", "missing");
      const held = await lock().tryLock("door", { expiry: 60 });
      const taken = await lock().tryLock("door", { expiry: 60 });
      const status = await lock().unlock("door", "somebody else");
      await held[Symbol.asyncDispose]();
      const sealed = await cryptography().encrypt("secret words", { keyName: "rsa.pem", algorithm: "RSA" });
      const echo = await binding("echo").invoke("post", { a: 1 }, { path: "/deep" });
      return {
        secret: await secrets().getValues("db"),
        plain: await secrets().get("plain"),
        ungranted: await said(() => secrets().get("other")),
        colour: items.colour.value, missing: items.missing ?? null,
        locked: held !== null, taken, status, again: (await lock().tryLock("door", { expiry: 60 })) !== null,
        sealed: sealed.length > 100, opened: new TextDecoder().decode(await cryptography().decrypt(sealed)),
        echo: [echo.metadata.statusCode, echo.json()],
        gone: await said(() => binding("echo").invoke("get", "", { path: "/gone" })),
        nowhere: await said(() => binding("nowhere").invoke("get")),
      };
    };"#;

#[tokio::test(flavor = "multi_thread")]
async fn functions_have_every_block() {
    let Some(mesh) = Mesh::start("in-memory").await else { return };
    let service = Server::start().await;
    let echo = r#"export default async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname.endsWith("/gone")) return new Response("gone", { status: 410 });
        return { method: request.method, path: pathname, body: await request.json() };
      };"#;
    service.deploy("echo", echo).await;
    mesh.component("echo", "bindings.http", &[("url", &format!("{}/echo", service.base))]);
    let key = root().join("host/src/blocks/crypto/vectors/keys/rsa.pem");
    std::fs::copy(key, mesh.folder.path().join("keys/rsa.pem")).unwrap();
    mesh.command(&["SET", "colour", "green||1"]).await;
    let (server, _daprd) = mesh.daplet().await;
    let grants =
        json!({"secrets": ["secretstore/db", "secretstore/plain"], "keys": ["rsa.pem"], "locks": ["lockstore/*"]});
    server.deploy_with(json!({"name": "all", "source": ALL, "grants": grants})).await;
    let answer = server.get("/all").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let expected = json!({
        "secret": {"user": "ada", "password": "lovelace"}, "plain": "text", "ungranted": "PERMISSION_DENIED",
        "colour": "green", "missing": null,
        "locked": true, "taken": null, "status": "belongsToOthers", "again": true,
        "sealed": true, "opened": "secret words",
        "echo": ["200", {"method": "POST", "path": "/deep", "body": {"a": 1}}],
        "gone": "ERR_INVOKE_OUTPUT_BINDING", "nowhere": "ERR_INVOKE_OUTPUT_BINDING",
    });
    assert_eq!(answer.json(), expected);
}

/// The component `echo` answers with its input.
#[tokio::test(flavor = "multi_thread")]
async fn functions_speak_to_models() {
    const SPEAKER: &str = r#"import { conversation, workflow } from "@daplet/sdk";
        const said = async (work) => { try { return await work() } catch (error) { return `${error.code}: ${error.message}` } };
        export default async () => {
          const echo = conversation("echo");
          const one = await echo.converse("Hello");
          const more = await echo.converse([{ role: "system", content: "Be brief." }, "Who?"], { temperature: 0.5, contextId: "c" });
          return {
            one: one.text, choices: one.outputs[0].choices.length, more: more.text,
            nobody: await said(() => conversation("nobody").converse("Hello")),
            ungranted: await said(() => conversation("other").converse("Hello")),
            role: await said(() => echo.converse({ role: "robot", content: "Hello" })),
            instance: await said(() => workflow().get("none")),
          };
        };"#;
    let Some(mesh) = Mesh::start("in-memory").await else { return };
    mesh.component("echo", "conversation.echo", &[]);
    let (server, _daprd) = mesh.daplet().await;
    let grants = json!({"components": ["echo", "nobody", "dapr"]});
    server.deploy_with(json!({"name": "speaker", "source": SPEAKER, "grants": grants})).await;
    let seen = server.get("/speaker").await.json();
    assert_eq!((&seen["one"], &seen["choices"]), (&json!("Hello"), &json!(1)), "{seen}");
    assert!(seen["more"].as_str().unwrap().contains("Who?"), "{seen}");
    for (what, words) in
        [("nobody", "nobody"), ("ungranted", "PERMISSION_DENIED"), ("role", "robot"), ("instance", "placement")]
    {
        assert!(seen[what].as_str().is_some_and(|text| text.contains(words)), "{what}: {seen}");
    }
}
