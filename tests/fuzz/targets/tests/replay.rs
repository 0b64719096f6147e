//! Gives every kept input to its target: seeds, and what once broke a promise. No fuzzer is needed for that.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
use std::io::Write;
use std::path::{Path, PathBuf};

/// The kept inputs of a target, below `tests/fuzz/<kind>/<target>`.
fn inputs(kind: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(kind).join(target);
    let Ok(entries) = std::fs::read_dir(&folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn every_kept_input_holds() {
    for (target, run) in daplet_fuzz_targets::ALL {
        let seeds = inputs("seeds", target);
        assert!(!seeds.is_empty(), "{target} has no seed");
        for path in seeds.into_iter().chain(inputs("regressions", target)) {
            // Before it runs, and past the test's captured output: an input may end the process.
            writeln!(std::io::stderr(), "{}", path.display()).unwrap();
            run(&std::fs::read(&path).unwrap());
        }
    }
}
