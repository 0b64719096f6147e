//! Uploads as a developer meets them: what is kept, what comes back, what is said of what is not there.
use crate::server::Server;
use serde_json::{Value, json};

const HELLO: &str = "export default (request, env) => ({ hello: env.NAME ?? null });";

fn settings() -> Value {
    json!({
        "name": "shop", "source": HELLO, "env": {"NAME": "a", "TOKEN": "t"},
        "limits": {"cpuMs": 40, "concurrency": 3}, "grants": {"topics": ["pubsub/orders"], "secrets": []}
    })
}

async fn show(server: &Server, name: &str) -> Value {
    server.get(&format!("/functions/{name}")).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_alone_keeps_the_settings() {
    let server = Server::start().await;
    server.deploy_with(settings()).await;
    let before = show(&server, "shop").await;
    let answer = server.upload_as("text/javascript", "shop", format!("{HELLO} // 2")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let after = show(&server, "shop").await;
    for member in ["env", "limits", "grants"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert_ne!(after["version"], before["version"]);
    assert_eq!(server.get("/shop").await.json(), json!({"hello": "a"}));
    // JSON is the whole: what it does not say is not there.
    server.deploy_with(json!({"name": "shop", "source": HELLO})).await;
    let bare = show(&server, "shop").await;
    assert_eq!((&bare["env"], bare["grants"].get("topics")), (&json!({}), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_can_be_sent_back() {
    let server = Server::start().await;
    server.deploy_with(settings()).await;
    let before = show(&server, "shop").await;
    assert_eq!((&before["env"]["NAME"], &before["source"]), (&json!("a"), &json!(HELLO)));
    let put = async |body: &Value| {
        let request = server.http.put(server.url("/functions/shop")).json(body).send().await.unwrap();
        let status = request.status().as_u16();
        (status, request.json::<Value>().await.unwrap())
    };
    let (status, same) = put(&before).await;
    assert_eq!((status, &same["version"]), (200, &before["version"]));
    let mut changed = before.clone();
    changed["env"] = json!({"NAME": null, "MORE": "b"});
    assert_eq!(put(&changed).await.0, 200);
    assert_eq!(show(&server, "shop").await["env"], json!({"NAME": "a", "MORE": "b"}));
    changed["env"] = json!({"NONE": null});
    let (status, problem) = put(&changed).await;
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("env.NONE"), "{problem}");
    // The list and the answer to an upload contain only the variables' names.
    let list = server.get("/functions").await.json();
    assert_eq!(list["functions"][0]["env"], json!({"NAME": null, "MORE": null}));
    assert!(list["functions"][0].get("source").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn names_must_agree() {
    let server = Server::start().await;
    let body = json!({"name": "x", "source": HELLO});
    let answer = server.http.put(server.url("/functions/y")).json(&body).send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    assert!(status == 400 && text.contains("\\\"x\\\"") && text.contains("\\\"y\\\""), "{text}");
    assert_eq!(server.get("/functions/y").await.status, 404);
    let answer = server.http.put(server.url("/functions/x")).json(&body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_events_has_no_answer() {
    let server = Server::start().await;
    server.deploy("events", "export default { message() {}, job() {} };").await;
    let answer = server.get("/events/a").await;
    assert_eq!((answer.status, answer.code()), (404, "noHandler".to_owned()), "{}", answer.text());
    assert!(answer.text().contains("`message`, `job`"), "{}", answer.text());
    server.deploy("methods", "export const POST = () => 1;").await;
    assert_eq!((server.get("/methods").await.status, server.post("/methods", "").await.status), (405, 200));
}
