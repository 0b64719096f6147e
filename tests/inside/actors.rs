//! Actors: turns one after the other, state that is written with them, and what can go wrong; without a sidecar.
use crate::server::{Answer, Server};
use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{
    ExecuteActorStateTransactionRequest, GetActorStateRequest, GetMetadataRequest, InvokeActorRequest,
    TransactionalActorStateOperation,
};
use futures::future::join_all;
use serde_json::{Value, json};

const COUNTERS: &str = include_str!("../functions/counters.js");

/// Calls a method through the function, with an argument or without.
async fn call(server: &Server, id: &str, method: &str, data: Option<Value>) -> Value {
    let url = server.url(&format!("/counters/{id}/{method}"));
    let request = match data {
        Some(data) => server.http.post(url).json(&data),
        None => server.http.get(url),
    };
    Answer::of(request.send().await.unwrap()).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_come_one_after_the_other() {
    let server = Server::start().await;
    server.deploy("counters", COUNTERS).await;
    join_all((0..64).map(|_| call(&server, "a", "increment", None))).await;
    join_all((0..16).map(|_| call(&server, "b", "increment", Some(json!(2))))).await;
    assert_eq!(call(&server, "a", "value", None).await, json!({"result": 64}));
    assert_eq!(call(&server, "b", "value", None).await, json!({"result": 32}));
    // A slow actor delays only itself.
    let (slow, other) = tokio::join!(call(&server, "a", "slow", Some(json!(1_500))), async {
        join_all((0..8).map(|_| call(&server, "b", "increment", None))).await;
        call(&server, "b", "value", None).await
    });
    assert_eq!((slow, other), (json!({"result": 1_500}), json!({"result": 40})));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_writes_all_or_nothing() {
    let server = Server::start().await;
    server.deploy("counters", COUNTERS).await;
    assert_eq!(call(&server, "a", "increment", Some(json!(5))).await, json!({"result": 5}));
    let thrown = call(&server, "a", "incrementAndThrow", None).await;
    assert_eq!(thrown["code"], "ERR_ACTOR_INVOKE_METHOD");
    assert!(thrown["message"].as_str().unwrap().contains("not today"), "{thrown}");
    assert_eq!(call(&server, "a", "value", None).await, json!({"result": 5}));
    assert_eq!(call(&server, "a", "reset", None).await, json!({"result": false}));
    assert_eq!(call(&server, "a", "value", None).await, json!({"result": null}));
    // Fields do not last, arguments and results are JSON.
    assert_eq!(call(&server, "a", "nothing", None).await, json!({}));
    for _ in 0..2 {
        let echoed = call(&server, "a", "echo", Some(json!({"x": [1, "ä"]}))).await;
        assert_eq!(echoed, json!({"result": {"data": {"x": [1, "ä"]}, "fields": 0}}));
    }
    assert_eq!(call(&server, "a", "inherited", None).await, json!({"result": "Counter a"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn actors_call_actors_but_never_into_their_own_turn() {
    let server = Server::start().await;
    server.deploy("counters", COUNTERS).await;
    assert_eq!(call(&server, "a", "other", Some(json!("b"))).await, json!({"result": 10}));
    for (method, data) in [("itself", None), ("around", Some(json!("b")))] {
        let refused = call(&server, "a", method, data).await;
        assert!(refused["message"].as_str().unwrap().contains("a is within its turn"), "{refused}");
    }
    assert_eq!(call(&server, "a", "increment", None).await, json!({"result": 1}), "it is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_method_is_refused() {
    let server = Server::start().await;
    server.deploy("counters", COUNTERS).await;
    for method in ["missing", "constructor", "_hidden", "toString", "state", "fields", "__proto__"] {
        let refused = call(&server, "a", method, None).await;
        assert!(refused["message"].as_str().unwrap().contains("actor method not found"), "{method}: {refused}");
    }
    let refused = call(&server, "a", "response", None).await;
    assert!(refused["message"].as_str().unwrap().contains("what JSON can express"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_belongs_to_one_function() {
    let server = Server::start().await;
    let deployed = server.deploy("counters", COUNTERS).await;
    assert_eq!(deployed["actors"], json!(["Counter"]));
    let same = json!({"name": "others", "source": COUNTERS});
    let refused = server.upload(&same).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "actorTypeTaken"), "{}", refused.text());
    assert!(refused.text().contains("counters"), "{}", refused.text());
    server.deploy("counters", COUNTERS).await;
    // What calls a type but does not export it may be limited to some.
    let caller = r#"import { actor } from "@daplet/sdk";
        export default async (request) => {
          try { return String(await actor("Counter", "x").increment()) } catch (error) { return error.code } }"#;
    server.upload(&json!({"name": "free", "source": caller})).await;
    server.upload(&json!({"name": "bound", "source": caller, "grants": {"actors": ["Order"]}})).await;
    assert_eq!(server.get("/free").await.text(), "1");
    assert_eq!(server.get("/bound").await.text(), "PERMISSION_DENIED");
    // The type goes with the function, the state stays the function's until an operator hands it over.
    assert_eq!(server.http.delete(server.url("/functions/counters")).send().await.unwrap().status(), 204);
    assert_eq!(server.get("/free").await.text(), "ERR_ACTOR_NO_ADDRESS");
    let refused = server.upload(&same).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "actorTypeOwned"), "{}", refused.text());
    assert_eq!(refused.json()["owner"], "counters");
    let owner = |body: Value| server.http.post(server.url("/actors/Counter/owner")).json(&body).send();
    assert_eq!(owner(json!({"function": "No Name"})).await.unwrap().status(), 400);
    assert_eq!(owner(json!({"function": "others"})).await.unwrap().status(), 200);
    assert_eq!(server.upload(&same).await.status, 201);
    assert_eq!(server.get("/free").await.text(), "2");
    // Now the other function owns it.
    assert_eq!(owner(json!({"function": "third"})).await.unwrap().status(), 409);
    let listed = server.get("/actors").await.json();
    assert_eq!(listed["actors"], json!([{"type": "Counter", "function": "others", "exported": true}]));
    let refused = server.upload(&json!({"name": "counters", "source": COUNTERS})).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "actorTypeTaken"), "{}", refused.text());
    let by_default = r#"import { Actor } from "@daplet/sdk"; export default class Counter extends Actor {}"#;
    let refused = server.upload(&json!({"name": "nameless", "source": by_default})).await;
    assert!(refused.status == 422 && refused.text().contains("by name"), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_clients_call_actors_by_grpc() {
    let server = Server::start().await;
    server.deploy("counters", COUNTERS).await;
    let mut client = DaprClient::connect(server.grpc.clone()).await.unwrap();
    let call = |kind: &str, method: &str, data: &str| InvokeActorRequest {
        actor_type: kind.to_owned(),
        actor_id: "a".to_owned(),
        method: method.to_owned(),
        data: data.as_bytes().to_vec(),
        ..Default::default()
    };
    let result = client.invoke_actor(call("Counter", "increment", "3")).await.unwrap().into_inner();
    assert_eq!(result.data, b"3");
    let write = TransactionalActorStateOperation {
        operation_type: "upsert".to_owned(),
        key: "n".to_owned(),
        value: Some(prost_types::Any { type_url: String::new(), value: b"40".to_vec() }),
        ..Default::default()
    };
    let (actor_type, actor_id) = ("Counter".to_owned(), "a".to_owned());
    let writes = ExecuteActorStateTransactionRequest {
        actor_type: actor_type.clone(),
        actor_id: actor_id.clone(),
        operations: vec![write],
    };
    client.execute_actor_state_transaction(writes).await.unwrap();
    client.invoke_actor(call("Counter", "increment", "")).await.unwrap();
    let read = GetActorStateRequest { actor_type, actor_id, key: "n".to_owned() };
    assert_eq!(client.get_actor_state(read).await.unwrap().into_inner().data, b"41");
    let nobody = client.invoke_actor(call("Nobody", "increment", "")).await.unwrap_err();
    assert_eq!(nobody.code(), tonic::Code::FailedPrecondition);
    let failed = client.invoke_actor(call("Counter", "incrementAndThrow", "")).await.unwrap_err();
    assert!(failed.code() == tonic::Code::Internal && failed.message().contains("not today"), "{failed}");
    let metadata = client.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner();
    let types: Vec<String> = metadata.actor_runtime.unwrap().active_actors.into_iter().map(|of| of.r#type).collect();
    assert!(types.contains(&"Counter".to_owned()), "{types:?}");
}

/// Dapr's own API: methods by any verb, state under Dapr's keys.
#[tokio::test(flavor = "multi_thread")]
async fn outside_clients_call_actors() {
    let server = Server::start().await;
    server.deploy("counters", COUNTERS).await;
    let url = |path: &str| format!("{}/v1.0/actors/{path}", server.dapr);
    let send = async |method: &str, path: &str, body: &'static str| {
        let request = server.http.request(method.parse().unwrap(), url(path)).body(body);
        Answer::of(request.send().await.unwrap()).await
    };
    for (n, method) in ["POST", "PUT", "GET", "DELETE"].into_iter().enumerate() {
        let answer = send(method, "Counter/a/method/increment", "").await;
        assert_eq!((answer.status, answer.json()), (200, json!(n + 1)), "{method}");
    }
    assert_eq!(send("PUT", "Counter/a/method/echo", "no JSON").await.json()["data"], "no JSON");
    assert_eq!(send("PUT", "Counter/a/method/nothing", "").await.text(), "");
    assert_eq!(send("GET", "Counter/a/state/n", "").await.json(), json!(4));
    assert_eq!(send("GET", "Counter/a/state/absent", "").await.status, 204);
    let writes =
        r#"[{"operation":"upsert","request":{"key":"n","value":40}},{"operation":"delete","request":{"key":"m"}}]"#;
    assert_eq!(send("POST", "Counter/a/state", writes).await.status, 204);
    assert_eq!(send("PUT", "Counter/a/method/increment", "2").await.json(), json!(42));
    let other_way =
        server.http.get(format!("{}/v1.0/state/statestore/Counter||a||n", server.dapr)).send().await.unwrap();
    assert_eq!(other_way.status(), 400, "the state of actors is theirs");
    for (method, path, body, status, code) in [
        ("PUT", "Nobody/a/method/x", "", 404, "ERR_ACTOR_NO_ADDRESS"),
        ("PUT", "Counter/a/method/missing", "", 500, "ERR_ACTOR_INVOKE_METHOD"),
        ("PUT", "Counter/a%7C%7Cb/method/value", "", 400, "ERR_BAD_REQUEST"),
        ("PUT", "Counter/a%7C/method/value", "", 400, "ERR_BAD_REQUEST"),
        ("GET", "Nobody/a/state/n", "", 400, "ERR_ACTOR_INSTANCE_MISSING"),
        ("POST", "Counter/a/state", "{}", 400, "ERR_MALFORMED_REQUEST"),
    ] {
        let answer = send(method, path, body).await;
        assert_eq!(
            (answer.status, answer.json()["errorCode"].as_str()),
            (status, Some(code)),
            "{path}: {}",
            answer.text()
        );
    }
    let metadata = server.http.get(format!("{}/v1.0/metadata", server.dapr)).send().await.unwrap();
    assert_eq!(metadata.json::<Value>().await.unwrap()["actors"], json!([{"type": "Counter"}]));
}
