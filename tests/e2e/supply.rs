//! What the project is made of: licences, sources and bans of its crates (`deny.toml`), and lock files that pin every byte.
//!
//! `cargo deny --offline check advisories` runs too where it is installed and has a local database.
use daplet_tests::{on_path, root, say};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// npm's lock files.
const NPM_LOCKS: [&str; 4] = ["sdk-js", "examples", "tests/dapr-js", "tests/web"];
/// How the source of a crate of Cargo's own registry ends in Cargo.lock.
const REGISTRY: &str = "/crates.io-index";

fn deny() -> toml::Table {
    toml::from_str(&std::fs::read_to_string(root().join("deny.toml")).unwrap()).unwrap()
}

/// The crates of a build on this machine: those of other platforms need not have been fetched.
fn packages() -> Vec<Value> {
    let version = Command::new("rustc").arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let platform = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", platform])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn licences_are_on_the_list() {
    let deny = deny();
    let allowed: Vec<spdx::Licensee> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|licence| spdx::Licensee::parse(licence.as_str().unwrap()).unwrap())
        .collect();
    let mut refused = Vec::new();
    for package in packages() {
        let text = package["license"].as_str().unwrap_or("none");
        let fits = spdx::Expression::parse_mode(text, spdx::ParseMode::LAX)
            .is_ok_and(|all| all.evaluate(|needed| allowed.iter().any(|licence| licence.satisfies(needed))));
        if !fits {
            refused.push(format!("{} {}: {text}", package["name"], package["version"]));
        }
    }
    assert!(refused.is_empty(), "licences that deny.toml does not allow:\n{}", refused.join("\n"));
}

#[test]
fn crates_come_from_one_registry_by_digest() {
    let banned: Vec<String> =
        deny()["bans"]["deny"].as_array().unwrap().iter().map(|ban| ban["name"].as_str().unwrap().to_owned()).collect();
    let lock: toml::Table = toml::from_str(&std::fs::read_to_string(root().join("Cargo.lock")).unwrap()).unwrap();
    let packages = lock["package"].as_array().unwrap();
    let sources: BTreeSet<&str> = packages.iter().filter_map(|package| package.get("source")?.as_str()).collect();
    let [source] = sources.iter().collect::<Vec<_>>()[..] else { panic!("crates come from {sources:?}") };
    assert!(source.starts_with("registry+https://") && source.ends_with(REGISTRY), "{source}");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        assert!(!banned.contains(&name.to_owned()), "deny.toml bans {name}");
        if package.get("source").is_none() {
            assert!(name.starts_with("daplet-"), "{name} has no source");
            continue;
        }
        assert!(package.get("checksum").is_some_and(|sum| sum.as_str().unwrap().len() == 64), "{name} has no checksum");
    }
}

#[test]
fn npm_packages_are_pinned_by_digest() {
    for folder in NPM_LOCKS {
        let path = root().join(folder).join("package-lock.json");
        let lock: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert!(lock["lockfileVersion"].as_u64().unwrap() >= 3, "{}", path.display());
        let packages: BTreeMap<String, Value> = serde_json::from_value(lock["packages"].clone()).unwrap();
        for (name, package) in packages.iter().filter(|(name, _)| name.contains("node_modules/")) {
            // A link leads to a folder of this repository.
            if package["link"] == true {
                continue;
            }
            let digest = package["integrity"].as_str().unwrap_or_default();
            assert!(digest.starts_with("sha512-"), "{folder}: {name} has no sha512 digest");
            // An address in a lock file works in one place only; the digest is what counts.
            assert_eq!(package["resolved"], Value::Null, "{folder}: {name} names an address");
        }
    }
}

#[test]
fn no_advisory_is_open() {
    let home = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{}/.cargo", std::env::var("HOME").unwrap()));
    if !on_path("cargo-deny") || !Path::new(&home).join("advisory-dbs").exists() {
        say("advisories are not checked: this needs cargo-deny and a local database in $CARGO_HOME/advisory-dbs");
        return;
    }
    let output = Command::new("cargo").args(["deny", "--offline", "check"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_bill_of_materials_names_what_the_server_is_built_of() {
    let output = Command::new("node").arg(root().join("scripts/sbom.mjs")).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bill: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let parts = bill["components"].as_array().unwrap();
    let find = |name: &str| parts.iter().find(|part| part["name"] == name);
    for name in ["axum", "redb", "swc_ecma_parser", "wasmedge-sys", "rquickjs-sys"] {
        let part = find(name).unwrap_or_else(|| panic!("{name} is not in the bill"));
        assert_eq!(part["hashes"][0]["content"].as_str().unwrap().len(), 64, "{part}");
        assert!(part["purl"].as_str().unwrap().starts_with(&format!("pkg:cargo/{name}@")), "{part}");
        assert!(!part["licenses"].as_array().unwrap().is_empty(), "{part}");
    }
    let library = find("web-streams-polyfill").expect("a library inside the guest");
    assert!(library["purl"].as_str().unwrap().starts_with("pkg:npm/web-streams-polyfill@"), "{library}");
    // Only tests need it.
    assert!(find("tempfile").is_none_or(|part| part["scope"] != "required"), "a crate of the tests is in the bill");
}

#[test]
fn the_base_image_is_pinned_by_digest() {
    let file = std::fs::read_to_string(root().join("host/deploy/Dockerfile")).unwrap();
    let base = file.lines().find_map(|line| line.strip_prefix("ARG BASE=")).unwrap();
    let (_, digest) = base.split_once("@sha256:").unwrap_or_else(|| panic!("{base} has no digest"));
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{base}");
}
