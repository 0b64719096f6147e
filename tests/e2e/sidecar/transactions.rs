//! Units of work on the stores of a real sidecar. Redis is tried with one key only: its transactions are not undone when one of
//! their steps fails (docs/dapr.md).
use daplet_tests::bank::{increments, skew, transfers};
use daplet_tests::daprd::Mesh;

#[tokio::test(flavor = "multi_thread")]
async fn units_of_work_on_in_memory() {
    let Some(mesh) = Mesh::start("in-memory").await else { return };
    let (server, _daprd) = mesh.daplet().await;
    increments(&server).await;
    transfers(&server).await;
    skew(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn units_of_work_on_sqlite() {
    let Some(mesh) = Mesh::start("sqlite").await else { return };
    let (server, _daprd) = mesh.daplet().await;
    increments(&server).await;
    transfers(&server).await;
    skew(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn units_of_work_on_redis() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let (server, _daprd) = mesh.daplet().await;
    increments(&server).await;
}
