//! Names that a function chooses stay names: none leads to a part of the sidecar's API that its grants leave out.
use daplet_tests::app::App;
use daplet_tests::daprd::Mesh;
use serde_json::{Value, json};

const VICTIM: &str = r#"import { state } from "@daplet/sdk";
    export default async (request) => {
      if (request.method === "POST") await state().put("secret", "mine");
      return { secret: await state().get("secret") };
    };"#;

/// Each tries to read or write what the victim keeps, through an operation that it may use.
const THIEF: &str = r#"import { binding, invoke, pubsub, state } from "@daplet/sdk";
    import { DaprClient } from "@dapr/dapr";
    const key = "f%2Fvictim%2Fsecret", steal = [{ key: "f/victim/secret", value: "stolen" }];
    const said = async (work) => { try { return JSON.stringify((await work()) ?? null) } catch (error) { return String(error.message) } };
    export default async () => {
      const answers = [await said(() => state().get("secret"))];
      for (const up of ["../..", "%2e%2e/%2e%2e", "a/../../..", "..\\.."]) {
        answers.push(await said(() => pubsub().publish(`${up}/state/statestore`, steal)));
        answers.push(await said(() => new DaprClient().invoker.invoke("other", `${up}/../state/statestore/${key}`)));
        answers.push(await said(async () => (await invoke("other").fetch(`/${up}/../state/statestore/${key}`)).text()));
      }
      answers.push(await said(() => pubsub("..").publish("state/statestore", steal)));
      answers.push(await said(async () => (await invoke("..").fetch(`/../state/statestore/${key}`)).text()));
      answers.push(await said(async () => (await binding("../state/statestore").invoke("create", steal)).text()));
      return answers;
    };"#;

#[tokio::test(flavor = "multi_thread")]
async fn no_name_leads_elsewhere() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let app = App::start().await;
    let mut other = mesh.sidecar("other");
    other.start(app.port).await;
    let (server, _daprd) = mesh.daplet().await;
    server.deploy("victim", VICTIM).await;
    let grants = json!({"stores": ["none"], "apps": ["other", ".."]});
    server.deploy_with(json!({"name": "thief", "source": THIEF, "grants": grants})).await;
    assert_eq!(server.post("/victim", "").await.json(), json!({"secret": "mine"}));
    let answer = server.get("/thief").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answers = answer.json();
    let answers: Vec<&str> = answers.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(answers.len(), 16, "{answers:#?}");
    assert!(answers[0].contains("stores"), "the grant is missing: {answers:#?}");
    assert!(!answers.iter().any(|answer| answer.contains("mine")), "{answers:#?}");
    assert_eq!(server.get("/victim").await.json(), json!({"secret": "mine"}), "{answers:#?}");
}
