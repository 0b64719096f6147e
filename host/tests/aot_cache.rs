//! The cache of compiled guests: a file whose hash is wrong is never run.
#![allow(clippy::unwrap_used)]

use daplet_host::sandbox::{Program, Progress};
use std::cell::RefCell;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A module of a few bytes, for the compiler not to take long: `(module (memory 1) (func (export "f") (result i32) i32.const 7))`.
const TINY: [u8; 38] = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4,
    0, 65, 7,
];

fn tiny() -> Vec<u8> {
    let mut wasm = TINY.to_vec();
    wasm.push(11);
    wasm
}

fn compiled(folder: &Path) -> bool {
    let seen = RefCell::new(Vec::new());
    Program::compile(folder, &tiny(), |progress| seen.borrow_mut().push(progress)).unwrap();
    seen.into_inner().iter().any(|progress| matches!(progress, Progress::Compiled { .. }))
}

fn artefact(folder: &Path) -> PathBuf {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "aot")).unwrap()
}

#[test]
fn compiles_once_and_again_when_the_artefact_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("cache");
    assert!(compiled(&folder));
    assert!(!compiled(&folder), "found in the cache");
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let path = artefact(&folder);
    let whole = std::fs::read(&path).unwrap();

    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    std::fs::write(&path, &flipped).unwrap();
    assert!(compiled(&folder), "one bit flipped");
    assert_eq!(std::fs::read(&path).unwrap().len(), whole.len());

    std::fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    assert!(compiled(&folder), "cut short");

    std::fs::write(&path, b"").unwrap();
    assert!(compiled(&folder), "empty");
    assert!(!compiled(&folder));
}

#[test]
fn several_at_once_compile_once() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| compiled(folder.path()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|compiled| *compiled).count()
    });
    assert_eq!(count, 1);
}

/// Not a test of its own: [`another_processor_compiles_anew`] runs it as a process that sees another processor.
#[test]
#[ignore = "run by another test"]
fn compiles_into_the_given_folder() {
    let folder = std::env::var_os("AOT_TEST_FOLDER").unwrap();
    println!("compiled: {}", compiled(Path::new(&folder)));
}

#[test]
fn another_processor_compiles_anew() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    assert!(compiled(&cache));
    let own = artefact(&cache);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    let other = folder.path().join("cpuinfo");
    std::fs::write(
        &other,
        info.replace("flags\t\t:", "flags\t\t: made_up").replace("Features\t:", "Features\t: made_up"),
    )
    .unwrap();
    let run = |cpuinfo: &Path| {
        let script = "mount --bind \"$0\" /proc/cpuinfo && exec \"$@\"";
        let mut command = std::process::Command::new("unshare");
        command.args(["-m", "sh", "-c", script]).arg(cpuinfo).arg(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "--nocapture", "compiles_into_the_given_folder"]);
        let output = command.env("AOT_TEST_FOLDER", &cache).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        ["compiled: true", "compiled: false"].into_iter().find(|line| text.contains(line))
    };
    let Some(seen) = run(&other) else {
        eprintln!("SKIPPED: this user may not mount (`unshare -m`)");
        return;
    };
    assert_eq!(seen, "compiled: true", "an artefact of this processor was taken for the other");
    assert_eq!(run(&other), Some("compiled: false"), "found by the other processor");
    assert!(!compiled(&cache), "found by this one");

    // The other's artefact under this one's name: the seal tells.
    let files = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path());
    let others = files.into_iter().find(|p| p.extension().is_some_and(|e| e == "aot") && *p != own).unwrap();
    std::fs::copy(others, &own).unwrap();
    assert!(compiled(&cache), "an artefact of another processor was taken");
}
