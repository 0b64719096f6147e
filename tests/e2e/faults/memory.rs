//! No memory: a slot that cannot be made is a named error of the request that needs it, and of nothing else.
use daplet_tests::server::{Options, Server};
use futures::future::join_all;
use serde_json::json;
use std::process::Command;

/// Sets the server's limit of address space while it runs.
fn limit(server: &Server, bytes: &str) {
    let pid = format!("--pid={}", server.pid());
    let status = Command::new("prlimit").args([&pid, &format!("--as={bytes}:")]).status().unwrap();
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_memory_for_a_slot_the_request_fails_by_name() {
    let mut server = Server::with(Options { args: vec!["--workers=2".to_owned()], ..Options::default() }).await;
    // It is cut off in a native loop, which costs its slot: the next request needs a new one.
    let source = "export default () => Array.prototype.fill.call({ length: 2 ** 50 }, 0)";
    server.deploy_with(json!({"name": "trap", "source": source, "limits": {"cpuMs": 10}})).await;
    for i in 0..24 {
        server.deploy(&format!("f{i}"), &format!("export default () => '{i}'")).await;
    }
    let paths: Vec<String> = (0..24).map(|i| format!("/f{i}")).collect();
    for _ in 0..3 {
        join_all(paths.iter().map(|path| server.get(path))).await;
        // Every slot reserves some gigabytes of addresses. What is there may stay, but nothing can be added.
        limit(&server, &(512 << 20).to_string());
        let mut refused = 0;
        for _ in 0..12 {
            for answer in join_all((0..8).map(|_| server.get("/trap"))).await {
                match answer.code().as_str() {
                    "exceededCpu" => {}
                    code => {
                        assert_eq!((answer.status, code), (503, "loadShed"), "{}", answer.text());
                        assert!(answer.text().contains("no memory") && answer.header("retry-after").is_some());
                        refused += 1;
                    }
                }
            }
            // Short entries have workers of their own, whose slots nothing has cost.
            for answer in join_all(paths.iter().map(|path| server.get(path))).await {
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
            assert!(server.alive(), "{}", server.output());
        }
        assert!(refused > 0, "there was memory for every slot");
        let upload = server.upload(&json!({"name": "late", "source": "export default () => 1"})).await;
        // A short worker may evaluate it in a slot that it has.
        let (status, code) = (upload.status, upload.code());
        assert!(status < 300 || (status, code.as_str()) == (503, "loadShed"), "{}", upload.text());
        limit(&server, "unlimited");
        for (i, path) in paths.iter().enumerate() {
            let answer = server.get(path).await;
            assert_eq!((answer.status, answer.text()), (200, i.to_string()));
        }
    }
    assert!(!server.output().contains("panicked"), "{}", server.output());
}
