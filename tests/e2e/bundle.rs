//! A function that a bundler made, with a copy of the SDK in it: it works as one that leaves the SDK to the guest.
use daplet_tests::{root, server::Server};
use std::process::Command;

const SOURCE: &str = r#"
import { Actor, state, EtagMismatchError, pubsub } from "@daplet/sdk";
export class Counter extends Actor {
  async add(n) { return await this.state.update("n", (old) => (old ?? 0) + n); }
}
export default {
  async fetch(request) {
    if (request.method === "POST") {
      globalThis[Symbol.for("daplet.host")] = () => { throw new Error("replaced") };
    }
    const visits = await state().update("visits", (n) => (n ?? 0) + 1);
    const raced = await state().put("visits", 0, { etag: "nope" }).catch((error) => error instanceof EtagMismatchError);
    await pubsub().publish("visits", visits);
    return { visits, raced };
  },
};
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_bundled_sdk_finds_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let entry = folder.path().join("entry.js");
    std::fs::write(&entry, SOURCE).unwrap();
    let sdk = root().join("sdk-js");
    let output = Command::new(sdk.join("node_modules/.bin/esbuild"))
        .arg(&entry)
        .args(["--bundle", "--format=esm", "--minify"])
        .arg(format!("--alias:@daplet/sdk={}", sdk.join("dist/index.js").display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bundle = String::from_utf8(output.stdout).unwrap();
    assert!(!bundle.contains("from\"@daplet/sdk\""), "the SDK was left out of the bundle");
    let server = Server::start().await;
    server.deploy("bundled", &bundle).await;
    for visits in 1..3 {
        let answer = server.get("/bundled").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json(), serde_json::json!({"visits": visits, "raced": true}));
    }
    // A function cannot replace the way to the host; a module is strict, so it hears of that.
    let answer = server.post("/bundled", "").await;
    assert!(answer.status == 500 && answer.text().contains("TypeError"), "{}", answer.text());
}
