//! State on in-memory, sqlite and redis: the data cases, and competing writers.
use daplet_tests::case;
use daplet_tests::daprd::Mesh;
use daplet_tests::server::Server;
use futures::StreamExt;

const COUNTER: &str = r#"import { state } from "@daplet/sdk";
    export default { fetch: async (request) => {
      const { searchParams } = new URL(request.url), key = searchParams.get("how"), s = state(searchParams.get("store"));
      if (request.method === "GET") return { n: await s.get(key) };
      if (key === "update") return { n: await s.update(key, (n) => (n ?? 0) + 1) };
      return { n: await s.transaction(async (tx) => { const n = (await tx.get(key) ?? 0) + 1; tx.put(key, n); return n }) };
    } };"#;

async fn cases_of(server: &Server) {
    let mut failures = Vec::new();
    for group in ["http", "state"] {
        for folder in case::folders(group) {
            if let Err(failure) = case::run(server, &folder).await {
                failures.push(failure);
            }
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// What the cases say of the embedded default holds on a real store.
async fn cases_on(store: &str) {
    let Some(mesh) = Mesh::start(store).await else { return };
    let (server, _daprd) = mesh.daplet().await;
    cases_of(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_on_in_memory() {
    cases_on("in-memory").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_on_sqlite() {
    cases_on("sqlite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_on_redis() {
    cases_on("redis").await;
}

/// 64 invocations at once add one each; none is lost, and none fails.
#[tokio::test(flavor = "multi_thread")]
async fn competing_increments_lose_none() {
    const WRITERS: usize = 64;
    let Some(mesh) = Mesh::start("in-memory").await else { return };
    let (server, _daprd) = mesh.daplet().await;
    server.deploy("counter", COUNTER).await;
    let stores = ["state-in-memory", "state-sqlite", "state-redis"];
    for (store, how) in stores.into_iter().flat_map(|store| [(store, "update"), (store, "transaction")]) {
        let path = format!("/counter?store={store}&how={how}");
        let posts = (0..WRITERS).map(|_| server.post(&path, ""));
        let mut seen: Vec<u64> = futures::stream::iter(posts)
            .buffer_unordered(WRITERS)
            .map(|answer| answer.json()["n"].as_u64().unwrap_or_else(|| panic!("{store}, {how}: {}", answer.text())))
            .collect()
            .await;
        seen.sort_unstable();
        assert_eq!(
            seen,
            (1..=WRITERS as u64).collect::<Vec<_>>(),
            "{store}, {how}: each writer saw a number of its own"
        );
        assert_eq!(server.get(&path).await.json()["n"], WRITERS, "{store}, {how}");
    }
}
