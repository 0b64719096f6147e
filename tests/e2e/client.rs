//! A script for Dapr's official client, run on Node and unchanged inside a function: same results.
use daplet_tests::root;
use daplet_tests::server::{Options, Server};
use serde_json::{Value, json};
use std::process::Command;

/// Answers with what it was sent, and keeps what it receives.
const ECHO: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = ["heard"];
    const told = ({ data, type, datacontenttype }) => ({ data, type, datacontenttype });
    export default {
      async fetch(request) {
        const { pathname, search } = new URL(request.url);
        switch (pathname) {
          case "/heard": return (await state().get("heard")) ?? [];
          case "/forget": return state().delete("heard");
          case "/text": return new Response("no JSON {");
          case "/none": return new Response(null, { status: 204 });
          case "/teapot": return Response.json({ code: "teapot" }, { status: 418 });
        }
        const { method, headers } = request;
        return { method, path: pathname + search, mine: headers.get("x-mine"), type: headers.get("content-type"), body: await request.text() };
      },
      message: (event) => state().update("heard", (list) => [...(list ?? []), told(event)], { retries: 100 }).then(() => {}),
    };"#;

/// What the subscriber got, in an order of its own: deliveries have none.
async fn heard(server: &Server) -> Vec<String> {
    for _ in 0..400 {
        let heard = server.get("/echo/heard").await.json();
        if heard.as_array().is_some_and(|list| list.len() == 7) {
            server.get("/echo/forget").await;
            let mut heard: Vec<String> = heard.as_array().unwrap().iter().map(Value::to_string).collect();
            heard.sort();
            return heard;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("of 7 messages these arrived: {}", server.get("/echo/heard").await.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_script_on_node_and_in_a_function() {
    let secrets = root().join("tests/conformance/secrets.json").to_string_lossy().into_owned();
    let args = vec!["--secrets-file".to_owned(), secrets];
    let server = Server::with(Options { args, ..Options::default() }).await;
    server.deploy("echo", ECHO).await;
    let port = server.dapr.rsplit(':').next().unwrap().to_owned();
    let node = move || {
        Command::new("node").arg("run.js").env("DAPR_PORT", port).current_dir(root().join("tests/dapr-js")).output()
    };
    let output = tokio::task::spawn_blocking(node).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let on_node: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|e| {
        panic!("{e}: {text}{}", String::from_utf8_lossy(&output.stderr));
    });
    let heard_from_node = heard(&server).await;

    let source = std::fs::read_to_string(root().join("tests/dapr-js/script.js")).unwrap();
    let grants = json!({"secrets": ["secretstore/*", "nowhere/*"], "locks": ["*"]});
    server.deploy_with(json!({"name": "script", "source": source, "grants": grants})).await;
    let answer = server.get("/script").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let in_function = answer.json();
    let in_function = in_function.as_array().unwrap();
    let differences: Vec<String> = on_node
        .iter()
        .zip(in_function)
        .filter(|(node, function)| node != function)
        .map(|(node, function)| format!("on Node     {node}\nin Daplet   {function}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(on_node.len(), in_function.len());
    assert!(on_node.len() > 40, "{} steps", on_node.len());
    assert_eq!(heard(&server).await, heard_from_node);
    // The comparison would not see that both do nothing.
    assert!(on_node.contains(&json!(["get object", {"deep": [1, null, "é😀"]}])), "{text}");
    assert!(
        on_node.contains(&json!(["wrong etag", {"returned": {"status": 409, "code": "ERR_STATE_SAVE"}}])),
        "{text}"
    );
}
