//! Every folder of `tests/cases/<group>`: a function, what is sent, what must be seen.
use daplet_tests::{case, server::Server};

/// Requests, answers, uploads that succeed or are refused.
#[tokio::test(flavor = "multi_thread")]
async fn behaviour() {
    let server = Server::start().await;
    let mut failures = Vec::new();
    for group in ["http", "upload", "web", "state"] {
        for folder in case::folders(group) {
            if let Err(failure) = case::run(&server, &folder).await {
                failures.push(failure);
            }
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// Every abuser gets its code while a bystander on the same server loses no request, and the process stays the same.
#[tokio::test(flavor = "multi_thread")]
async fn abuse() {
    let mut server = Server::start().await;
    server.deploy("bystander", "export default { fetch: () => new Response('fine') }").await;
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let (http, url) = (server.http.clone(), server.url("/bystander"));
    let bystander = tokio::spawn(async move {
        let mut answered = 0u32;
        while !*stopped.borrow_and_update() {
            let answer = http.get(&url).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "fine"));
            answered += 1;
        }
        answered
    });

    let mut failures = Vec::new();
    for folder in case::folders("abuse") {
        for _ in 0..2 {
            if let Err(failure) = case::run(&server, &folder).await {
                failures.push(failure);
            }
            assert!(server.alive(), "{} ended the server", folder.display());
        }
    }
    stop.send(true).unwrap();
    assert!(bystander.await.unwrap() > 0);
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}
