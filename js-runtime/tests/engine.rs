//! The patches of the engine: each says why it is there, and together they give what `digests` records.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn every_patch_has_a_reason_a_test_and_its_state_upstream() {
    let mut seen = 0;
    for entry in std::fs::read_dir(root().join("js-runtime/engine/patches")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let head = text.split("diff --git").next().unwrap();
        for field in ["Reason: ", "Test: ", "Upstream: "] {
            assert!(head.lines().any(|line| line.starts_with(field)), "{} has no line `{field}…`", path.display());
        }
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn every_patch_applies_to_the_locked_crate() {
    let output = Command::new("scripts/engine").arg("check").current_dir(root()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("  applies   001-"), "{text}");
}

#[test]
fn an_engine_that_is_not_the_recorded_one_is_refused() {
    let scratch = std::env::temp_dir().join(format!("daplet-engine-{}", std::process::id()));
    for folder in ["scripts", "js-runtime/engine/patches"] {
        std::fs::create_dir_all(scratch.join(folder)).unwrap();
    }
    let copy = |file: &str| std::fs::copy(root().join(file), scratch.join(file)).unwrap();
    copy("scripts/engine");
    let patch = "js-runtime/engine/patches/001-notice-changed-sources.patch";
    let changed = std::fs::read_to_string(root().join(patch))
        .unwrap()
        .replace("rerun-if-changed=quickjs", "rerun-if-changed=quick");
    std::fs::write(scratch.join(patch), changed).unwrap();
    copy("js-runtime/engine/digests");
    copy("Cargo.lock");
    let manifest = "[package]\nname = \"of\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\nrquickjs-sys = \"=VERSION\"\n[workspace]\n";
    let digests = std::fs::read_to_string(scratch.join("js-runtime/engine/digests")).unwrap();
    let version = digests.split("rquickjs-sys-").nth(1).unwrap().split(' ').next().unwrap();
    std::fs::write(scratch.join("Cargo.toml"), manifest.replace("VERSION", version)).unwrap();
    std::fs::write(scratch.join("lib.rs"), "").unwrap();
    let output = Command::new("scripts/engine").arg("build").current_dir(&scratch).output().unwrap();
    std::fs::remove_dir_all(&scratch).unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("run scripts/engine record"), "{text}");
}
