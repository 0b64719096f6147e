//! Snapshots on disk: a restart evaluates nothing, and nothing that befalls the files is ever a wrong answer.
//!
//! Each function draws a number when it is loaded: the number stays as long as the module is not evaluated again.
use daplet_tests::server::{Options, Server};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn options(data: &Path, args: &[&str]) -> Options {
    Options {
        data: Some(data.to_path_buf()),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..Options::default()
    }
}

fn source(name: &str) -> String {
    format!("const loaded = Math.random(); export default () => '{name} ' + loaded")
}

/// The number that a function drew; its answer must be its own.
async fn drawn(server: &Server, name: &str) -> String {
    let answer = server.get(&format!("/{name}")).await;
    let text = answer.text();
    let number = text.strip_prefix(&format!("{name} ")).map(str::to_owned);
    number.unwrap_or_else(|| panic!("{name} answered {} {text}", answer.status))
}

async fn stop(mut server: Server) {
    server.signal("TERM");
    assert_eq!(server.exit_code(Duration::from_secs(60)).await, Some(0), "{}", server.output());
}

fn files(data: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(data.join("snapshots")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}

/// Deploys functions one by one; the file of each.
async fn deploy(server: &Server, data: &Path, names: &[&'static str]) -> BTreeMap<&'static str, PathBuf> {
    let mut found = BTreeMap::new();
    for name in names {
        let before = files(data);
        server.deploy(name, &source(name)).await;
        let new = || files(data).difference(&before).find(|path| path.extension().unwrap() == "snapshot").cloned();
        until("the snapshot is written", || new().is_some()).await;
        found.insert(*name, new().unwrap());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_evaluates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..40).map(|n| format!("f{n}")).collect();
    let mut before = Vec::new();
    let server = Server::with(options(folder.path(), &[])).await;
    for name in &names {
        server.deploy(name, &source(name)).await;
        before.push(drawn(&server, name).await);
    }
    // A heap so large that its snapshot has an image of its own.
    let large = "const all = Array.from({ length: 200000 }, () => Math.random());
        export default () => String(all.reduce((a, b) => a + b, 0))";
    server.deploy("large", large).await;
    let sum = server.get("/large").await.text();
    stop(server).await;
    // The second time without room in memory: every request finds its function on disk.
    for args in [&[][..], &["--snapshot-cache-mb", "0"]] {
        let server = Server::with(options(folder.path(), args)).await;
        for round in 0..2 {
            for (name, before) in names.iter().zip(&before) {
                assert_eq!(drawn(&server, name).await, *before, "{name}, round {round}, {args:?}");
            }
            assert_eq!(server.get("/large").await.text(), sum);
        }
        stop(server).await;
    }
}

type Damage = fn(&Path, &Path);

/// What is done to a file, given a file of another function.
const DAMAGES: &[(&str, Damage)] = &[
    ("empty", |path, _| fs::write(path, "").unwrap()),
    ("truncated", |path, _| edit(path, |bytes| bytes.truncate(bytes.len() / 2))),
    ("one-byte-less", |path, _| edit(path, |bytes| bytes.truncate(bytes.len() - 1))),
    ("one-byte-more", |path, _| edit(path, |bytes| bytes.push(0))),
    ("flipped-at-the-start", |path, _| edit(path, |bytes| bytes[0] ^= 1)),
    ("flipped-in-the-key", |path, _| edit(path, |bytes| bytes[50] ^= 1)),
    ("flipped-in-the-middle", |path, _| edit(path, |bytes| *at(bytes, 0.5) ^= 0x10)),
    ("flipped-near-the-end", |path, _| edit(path, |bytes| *at(bytes, 0.99) ^= 0x80)),
    ("other-format", |path, _| edit(path, |bytes| bytes[8] = 200)),
    ("other-function", |path, other| fs::write(path, fs::read(other).unwrap()).unwrap()),
    ("zeros", |path, _| edit(path, |bytes| bytes.fill(0))),
    ("text", |path, _| fs::write(path, "not at all".repeat(1000)).unwrap()),
];

fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn at(bytes: &mut [u8], part: f64) -> &mut u8 {
    let index = (bytes.len() as f64 * part) as usize;
    &mut bytes[index]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_a_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::with(options(data, &[])).await;
    let names: Vec<&'static str> = DAMAGES.iter().map(|(name, _)| *name).chain(["whole"]).collect();
    let files = deploy(&server, data, &names).await;
    let mut before = BTreeMap::new();
    for name in &names {
        before.insert(*name, drawn(&server, name).await);
    }
    stop(server).await;
    for (name, damage) in DAMAGES {
        damage(&files[name], &files["whole"]);
    }

    let server = Server::with(options(data, &[])).await;
    assert_eq!(drawn(&server, "whole").await, before["whole"]);
    let mut rebuilt = BTreeMap::new();
    for (name, _) in DAMAGES {
        let now = drawn(&server, name).await;
        assert_ne!(now, before[name], "{name}: the damaged file was used");
        assert_eq!(drawn(&server, name).await, now, "{name}: evaluated twice");
        let told = server.output().lines().filter(|line| line.contains(files[name].to_str().unwrap())).count();
        assert_eq!(told, 1, "{name}: the log names the file once: {}", server.output());
        rebuilt.insert(*name, now);
    }
    stop(server).await;

    let server = Server::with(options(data, &[])).await;
    for (name, rebuilt) in rebuilt {
        assert_eq!(drawn(&server, name).await, rebuilt, "{name}: the rebuilt file was not used");
    }
    assert!(!server.output().contains("snapshots"), "{}", server.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_used_only_costs_evaluations() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("snapshots"), "a file where the folder should be").unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        let server = Server::with(options(folder.path(), &[])).await;
        if seen.is_empty() {
            server.deploy("one", &source("one")).await;
        }
        assert!(seen.insert(drawn(&server, "one").await), "it comes from nowhere");
        assert_eq!(server.output().matches("/snapshots").count(), 1, "{}", server.output());
        stop(server).await;
    }
}

/// A file that cannot be read, and a disk that takes nothing more: answers stay right, the log says it once.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_only_costs_evaluations() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let names = ["one", "two", "three"];
    let server = Server::with(options(data, &[])).await;
    let kept = deploy(&server, data, &names).await;
    stop(server).await;
    // What is half-written is removed at the start, so wait for that before a full device stands in its place.
    fs::write(data.join("snapshots/0000.new"), "half").unwrap();
    let server = Server::with(options(data, &[])).await;
    until("half-written files are removed", || files(data).len() == names.len()).await;
    for path in kept.values() {
        fs::remove_file(path).unwrap();
        std::os::unix::fs::symlink("/dev/full", path.with_extension("new")).unwrap();
    }
    for name in names {
        let first = drawn(&server, name).await;
        assert_eq!(drawn(&server, name).await, first);
    }
    until("the full disk is told", || server.output().contains("No space left")).await;
    stop(server).await;
    assert_eq!(files(data).len(), 0, "nothing half-written stays");

    // A folder stands where the file should be: neither readable nor replaceable.
    fs::create_dir(&kept["one"]).unwrap();
    let server = Server::with(options(data, &[])).await;
    let first = drawn(&server, "one").await;
    assert_eq!(drawn(&server, "one").await, first);
    assert_eq!(server.output().matches(kept["one"].to_str().unwrap()).count(), 1, "{}", server.output());
    stop(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_with_their_functions() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::with(options(data, &[])).await;
    let kept = deploy(&server, data, &["deleted", "replaced", "stays"]).await;
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(data.join("snapshots")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&kept["stays"]).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(server.http.delete(server.url("/functions/deleted")).send().await.unwrap().status(), 204);
    server.deploy("replaced", "export default () => 'new'").await;
    until("both files are gone", || !kept["deleted"].exists() && !kept["replaced"].exists()).await;
    until("the new version is there", || files(data).len() == 2).await;
    let (stays, before) = (kept["stays"].clone(), drawn(&server, "stays").await);
    stop(server).await;

    // A start removes the snapshots of functions that no longer exist, and nothing else.
    for name in ["00000000000000000000000000000000.snapshot", "half.new", "notes.txt"] {
        fs::write(data.join("snapshots").join(name), "x").unwrap();
    }
    let server = Server::with(options(data, &[])).await;
    until("orphans are gone", || files(data).len() == 3).await;
    assert!(stays.exists() && data.join("snapshots/notes.txt").exists());
    assert_eq!(drawn(&server, "stays").await, before);
    assert_eq!((server.get("/deleted").await.status, server.get("/replaced").await.text()), (404, "new".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_has_a_budget() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::with(options(data, &["--snapshot-disk-mb", "1"])).await;
    for n in 0..100 {
        let name = format!("f{n}");
        // Different characters, so that the engine cannot share them.
        server.deploy(&name, &format!("{}; const own = 'x{n}'.repeat(5000)", source(&name))).await;
    }
    stop(server).await;
    let sizes: Vec<u64> = files(data).iter().map(|path| fs::metadata(path).unwrap().len()).collect();
    let sum: u64 = sizes.iter().sum();
    assert!(sum <= 1 << 20, "{sum} bytes in {} files", sizes.len());
    assert!((10..100).contains(&sizes.len()), "{} files", sizes.len());
    let server = Server::with(options(data, &[])).await;
    for n in 0..100 {
        drawn(&server, &format!("f{n}")).await;
    }
    stop(server).await;
    assert_eq!(files(data).len(), 100, "what was dropped is made and kept again");

    let server = Server::with(options(data, &["--snapshot-disk-mb", "0"])).await;
    fs::remove_dir_all(data.join("snapshots")).unwrap();
    drawn(&server, "f0").await;
    stop(server).await;
    assert!(!data.join("snapshots").exists());
}
