//! The types of the platform that ship with the SDK are those of the real guest: every global has a type, every type is there, and what
//! a function lacks does not compile.
use daplet_tests::{root, server::Server};
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// Runs Node in the repository's root; what it printed, if it failed.
fn node(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("node").args(arguments).current_dir(root()).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if output.status.success() { Ok(()) } else { Err(said) }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdks_types_are_those_of_the_guest() {
    let server = Server::start().await;
    server.deploy("surface", &read("tests/types/surface.js")).await;
    let surface = server.get("/surface").await;
    assert_eq!(surface.status, 200, "{}", surface.text());
    let file = root().join("target/surface.json");
    std::fs::write(&file, surface.text()).unwrap();
    let file = file.to_string_lossy();
    node(&["scripts/generate-globals.mjs", "--check", &file]).unwrap_or_else(|said| panic!("{said}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_compiles_with_them_runs_in_the_guest() {
    // The package as a project finds it.
    let scope = root().join("tests/types/node_modules/@daplet");
    std::fs::create_dir_all(&scope).unwrap();
    if !scope.join("sdk").exists() {
        std::os::unix::fs::symlink(root().join("sdk-js"), scope.join("sdk")).unwrap();
    }
    let compiler = Path::new("sdk-js/node_modules/typescript/bin/tsc").to_string_lossy().into_owned();
    node(&[&compiler, "-p", "tests/types"]).unwrap_or_else(|said| panic!("{said}"));

    let server = Server::start().await;
    server.deploy_with(json!({"name": "uses", "language": "typescript", "source": read("tests/types/uses.ts")})).await;
    let answer = server.get("/uses").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = answer.json();
    assert_eq!(seen["forms"], json!(["a.txt", "text/plain", "te", 2, ["file", "name"]]), "{seen}");
    assert_eq!(seen["messages"], json!([2, 2]), "{seen}");
    assert_eq!(seen["aborted"], true, "{seen}");
}
