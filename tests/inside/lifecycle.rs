//! Replacing functions: uploads under load, uploads that are refused, preconditions.
use crate::server::Server;
use futures::future::join_all;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn replacing_a_function_loses_no_request() {
    let server = Server::start().await;
    server.deploy("swap", "export default () => '0'").await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let clients = (0..8).map(|_| {
        let (http, url, stopped) = (server.http.clone(), server.url("/swap"), stopped.clone());
        tokio::spawn(async move {
            let (mut last, mut answered) = (0, 0);
            while !*stopped.borrow() {
                let answer = http.get(&url).send().await.unwrap();
                assert_eq!(answer.status(), 200);
                let version: i32 = answer.text().await.unwrap().parse().unwrap();
                assert!(version >= last, "version {version} after {last}");
                (last, answered) = (version, answered + 1);
            }
            answered
        })
    });
    let clients: Vec<_> = clients.collect();
    for version in 1..=30 {
        server.deploy("swap", &format!("export default () => '{version}'")).await;
        assert_eq!(server.get("/swap").await.text(), version.to_string());
    }
    stop.send(true).unwrap();
    let answered: i32 = join_all(clients).await.into_iter().map(Result::unwrap).sum();
    assert!(answered > 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_upload_leaves_the_live_version_alone() {
    let server = Server::start().await;
    let live = server.deploy("steady", "export default () => 'live'").await;
    for source in ["export default {", "throw new Error('top')", "while (true) {}", "export const x = 1"] {
        let answer = server.upload(&json!({"name": "steady", "source": source})).await;
        assert_eq!(answer.status, 422, "{source}: {}", answer.text());
        assert_eq!(server.get("/steady").await.text(), "live");
    }
    assert_eq!(server.get("/functions/steady").await.json()["version"], live["version"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn preconditions_guard_an_upload() {
    let server = Server::start().await;
    let put = async |source: &str, header: Option<(&str, &str)>| {
        let mut request = server.http.put(server.url("/functions/guarded")).body(source.to_owned());
        request = request.header("content-type", "text/javascript");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        daplet_tests::server::Answer::of(request.send().await.unwrap()).await
    };
    let first = put("export default () => '1'", Some(("if-none-match", "*"))).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let etag = first.header("etag").unwrap().to_owned();
    assert_eq!(put("export default () => '2'", Some(("if-none-match", "*"))).await.status, 412);
    assert_eq!(put("export default () => '2'", Some(("if-match", "\"other\""))).await.status, 412);
    let second = put("export default () => '2'", Some(("if-match", &etag))).await;
    assert_eq!(second.status, 200);
    assert_ne!(second.header("etag").unwrap(), etag);
    let same = put("export default () => '2'", None).await;
    assert_eq!((same.status, same.header("etag")), (200, second.header("etag")));
    let read =
        server.http.get(server.url("/functions/guarded")).header("if-none-match", second.header("etag").unwrap());
    assert_eq!(read.send().await.unwrap().status(), 304);
    let dry = server.http.put(server.url("/functions/guarded?dryRun=1")).header("content-type", "text/javascript");
    assert!(dry.body("export default () => '3'").send().await.unwrap().status().is_success());
    assert_eq!(server.get("/guarded").await.text(), "2");
    assert_eq!(server.http.delete(server.url("/functions/guarded")).send().await.unwrap().status(), 204);
    let gone = server.get("/guarded").await;
    assert_eq!((gone.status, gone.code().as_str()), (404, "scriptNotFound"));
}
