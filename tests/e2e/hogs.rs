//! Functions that use up their limits: others are served beside them, and they end when no caller waits any more.
use daplet_tests::server::{Answer, Options, Server};
use futures::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};

const ENDLESS: &str = "export default { fetch() { for (;;); } }";
/// Longer than anything here should take, even on a busy machine; far shorter than what the hogs may burn.
const PATIENCE: Duration = Duration::from_secs(60);

async fn hogs(args: &[&str]) -> Server {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    let server = Server::with(Options { args, ..Options::default() }.high_limits()).await;
    let limits = json!({"cpuMs": 600_000, "wallMs": 3_600_000});
    server.deploy_with(json!({"name": "hog", "source": ENDLESS, "limits": limits})).await;
    server
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it waits for what burns")
}

/// Cheap functions, new ones, health and management go on; a function that is removed ends for its callers.
#[tokio::test(flavor = "multi_thread")]
async fn others_are_served_beside_hogs_and_a_removed_function_ends() {
    let server = hogs(&["--workers", "2"]).await;
    server.deploy("cheap", "export default () => 'cheap'").await;
    assert_eq!(server.get("/cheap").await.text(), "cheap");
    let burning = join_all((0..6).map(|_| server.get("/hog")));
    let others = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        for round in 0..20 {
            assert_eq!(server.get("/cheap").await.text(), "cheap");
            assert_eq!(server.get("/livez").await.status, 200);
            let name = format!("new-{round}");
            server.deploy(&name, "export default () => 'new'").await;
            assert_eq!(server.get(&format!("/{name}")).await.text(), "new");
        }
        let removed = Answer::of(server.http.delete(server.url("/functions/hog")).send().await.unwrap()).await;
        assert_eq!(removed.status, 204);
    };
    let (burnt, ()) = in_time(async { tokio::join!(burning, others) }).await;
    for answer in burnt {
        assert_eq!((answer.status, answer.code().as_str()), (404, "scriptNotFound"), "{}", answer.text());
    }
    // All workers are free again, for long entries too.
    let busy = "export default () => { const end = Date.now() + 20; while (Date.now() < end); return 'done' }";
    server.deploy("busy", busy).await;
    for answer in in_time(join_all((0..8).map(|_| server.get("/busy")))).await {
        assert_eq!(answer.text(), "done");
    }
}

/// A new version lets what runs of the old one end by itself; removing the function ends that too.
#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_function_goes_on_until_it_is_removed() {
    let server = hogs(&["--workers", "1"]).await;
    let waiting =
        "export default { async fetch() { await new Promise(done => setTimeout(done, 1500)); return 'old' } }";
    server.deploy("slow", waiting).await;
    let old = async {
        let replace = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.deploy("slow", "export default { fetch: () => new Response('new') }").await;
            assert_eq!(server.get("/slow").await.text(), "new");
        };
        tokio::join!(server.get("/slow"), replace).0
    };
    assert_eq!(in_time(old).await.text(), "old");
    let ended = async {
        let remove = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.deploy("hog", "export default { fetch: () => new Response('tame') }").await;
            server.http.delete(server.url("/functions/hog")).send().await.unwrap();
        };
        tokio::join!(server.get("/hog"), remove).0
    };
    let ended = in_time(ended).await;
    assert_eq!((ended.status, ended.code().as_str()), (404, "scriptNotFound"), "{}", ended.text());
}

/// When callers leave, their entries end, running and waiting ones.
#[tokio::test(flavor = "multi_thread")]
async fn callers_that_leave_free_the_workers() {
    let server = hogs(&["--workers", "1"]).await;
    let busy = "export default () => { const end = Date.now() + 20; while (Date.now() < end); return 'done' }";
    server.deploy("busy", busy).await;
    assert_eq!(server.get("/busy").await.text(), "done");
    let leave = || tokio::time::timeout(Duration::from_millis(400), server.get("/hog"));
    let left = join_all((0..30).map(|_| leave())).await;
    assert!(left.iter().all(Result::is_err), "an endless function answered");
    let start = Instant::now();
    assert_eq!(in_time(server.get("/busy")).await.text(), "done");
    println!("a long entry had its turn {:?} after 30 callers had left", start.elapsed());
}

/// An upload above the ceiling is refused with it; a function that was stored under a higher one runs within the present
/// one.
#[tokio::test(flavor = "multi_thread")]
async fn ceilings_hold_for_uploads_and_for_what_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let data = || Some(folder.path().to_path_buf());
    let mut server = Server::with(Options { data: data(), ..Options::default() }.high_limits()).await;
    let upload = json!({"name": "greedy", "source": ENDLESS, "limits": {"cpuMs": 500_000}});
    server.deploy_with(upload.clone()).await;
    server.kill();
    let server = Server::with(Options { data: data(), ..Options::default() }).await;
    let refused = server.upload(&upload).await;
    let body = refused.json();
    assert_eq!((refused.status, body["limit"].as_str(), body["max"].as_u64()), (400, Some("cpuMs"), Some(1_000)));
    assert!(refused.text().contains("[limits.max]"), "{}", refused.text());
    assert_eq!(server.get("/functions/greedy").await.json()["limits"]["cpuMs"], 1_000);
    assert!(server.output().contains("cpuMs from 500000 to 1000"), "{}", server.output());
    let stopped = in_time(server.get("/greedy")).await;
    assert_eq!((stopped.code().as_str(), stopped.json()["value"].as_u64()), ("exceededCpu", Some(1_000)));
}
