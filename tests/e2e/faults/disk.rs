//! The disk: full, read-only, damaged.
use daplet_tests::server::{Answer, Options, Server};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const COUNTER: &str = r#"import { state, pubsub } from "@daplet/sdk";
    export const subscriptions = [{ topic: "numbers" }];
    export default {
      async fetch(request) {
        if (request.method === "POST") {
          const text = await request.text();
          if (text.startsWith("publish ")) await pubsub().publish("numbers", text.slice(8));
          else await state().put("value", text);
        }
        return Response.json({ length: (await state().get("value"))?.length, seen: await state().get("seen") });
      },
      async message(event) { await state().put("seen", event.data) },
    }"#;

/// Starts a server whose data folder is a mount that only it sees; `None`, said aloud, where this user may not mount.
async fn mounted(folder: &Path, mount: &str) -> Option<Server> {
    let allowed = Command::new("unshare").args(["-m", "sh", "-c", "mount -t tmpfs none /mnt"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: this user may not mount (`unshare -m`)");
        return None;
    }
    let script = format!("{mount} && exec \"$@\"").replace("DATA", folder.to_str().unwrap());
    let before = ["unshare", "-m", "sh", "-c", &script, "sh"].map(str::to_owned).to_vec();
    let server = Server::spawn(Options { before, data: Some(folder.to_path_buf()), ..Options::default() });
    Some(server)
}

async fn put(server: &Server, text: &str) -> Answer {
    server.post("/counter", text.to_owned()).await
}

/// Fills what is left of the server's disk; the file to remove for space.
fn fill(server: &Server) -> PathBuf {
    let seen = format!("/proc/{}/root{}", server.pid(), server.data.display());
    let ballast = Path::new(&seen).join("ballast");
    for block in ["1M", "4096", "1"] {
        let file = format!("of={}", ballast.display());
        let _full = Command::new("dd")
            .args(["if=/dev/zero", &file, &format!("bs={block}"), "oflag=append", "conv=notrunc", "status=none"])
            .stderr(std::process::Stdio::null())
            .status();
    }
    ballast
}

/// Writes until one is refused, which must say why.
async fn until_refused(write: impl AsyncFn(usize) -> Answer) {
    for i in 0..60 {
        let answer = write(i).await;
        if answer.status >= 300 {
            assert!(matches!(answer.status, 500 | 507) && answer.text().contains("No space left"), "{}", answer.text());
            return;
        }
    }
    panic!("the disk was not full");
}

/// Writes are refused by name, reads go on; with space again, everything goes on, and nothing acknowledged is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = mounted(folder.path(), "mount -t tmpfs -o size=48m none DATA").await else { return };
    server.ready().await;
    server.deploy("counter", COUNTER).await;
    assert_eq!(put(&server, "kept").await.status, 200);
    for round in 0..3 {
        let ballast = fill(&server);
        // The database has pages to spare, and gives some back when it is opened again: several writes may be needed.
        until_refused(async |i| put(&server, &"x".repeat((i + 1) * 20_000)).await).await;
        fill(&server);
        until_refused(async |_| put(&server, &format!("publish {}", "z".repeat(900_000))).await).await;
        fill(&server);
        let upload = |i: usize| {
            let source = format!("/*{}*/ export default () => {round}", "y".repeat(3_000_000));
            json!({"name": format!("more-{round}-{i}"), "source": source})
        };
        until_refused(async |i| server.upload(&upload(i)).await).await;
        for _ in 0..5 {
            let read = server.get("/counter").await;
            assert!(read.status == 200 && read.json()["length"].as_u64() >= Some(4), "{}", read.text());
        }

        std::fs::remove_file(ballast).unwrap();
        let answer = put(&server, "kept").await;
        assert_eq!((answer.status, &answer.json()["length"]), (200, &json!(4)), "{}", answer.text());
        assert!(server.upload(&upload(0)).await.status < 300);
        assert_eq!(server.get(&format!("/more-{round}-0")).await.text(), round.to_string());
        assert_eq!(put(&server, &format!("publish {round}")).await.status, 200);
        let mut seen = json!(null);
        for _ in 0..200 {
            seen = server.get("/counter").await.json()["seen"].clone();
            if seen == json!(round.to_string()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(seen, json!(round.to_string()), "messages are delivered again");
    }
}

/// A start on a full disk serves what is stored, reports the full disk, and accepts writes again when there is room.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_full_disk_serves_what_is_stored() {
    let (seed, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut server = Server::with(Options { data: Some(seed.path().to_path_buf()), ..Options::default() }).await;
    server.deploy("counter", COUNTER).await;
    assert_eq!(put(&server, "kept").await.status, 200);
    server.kill();
    let mount = format!(
        "mount -t tmpfs -o size=32m none DATA && cp -a {}/. DATA/ && {{ dd if=/dev/zero of=DATA/ballast bs=4096 status=none || true; }}",
        seed.path().display()
    );
    let Some(server) = mounted(folder.path(), &mount).await else { return };
    server.ready().await;
    for _ in 0..3 {
        let read = server.get("/counter").await;
        assert_eq!((read.status, &read.json()["length"]), (200, &json!(4)), "{}", read.text());
    }
    until_refused(async |i| put(&server, &"x".repeat((i + 1) * 20_000)).await).await;
    let ready = server.get("/readyz").await;
    assert!(ready.status == 200 && ready.text().contains("read-only"), "{}", ready.text());
    let upload = json!({"name": "more", "source": format!("/*{}*/ export default () => 1", "y".repeat(3_000_000))});
    let refused = server.upload(&upload).await;
    assert_eq!((refused.status, refused.code().as_str()), (507, "diskFull"), "{}", refused.text());
    let ballast = format!("/proc/{}/root{}/ballast", server.pid(), server.data.display());
    std::fs::remove_file(ballast).unwrap();
    assert_eq!(put(&server, "again").await.status, 200);
    assert_eq!(server.get("/readyz").await.text(), "ready\n");
    assert!(server.upload(&upload).await.status < 300);
}

/// Starting where nothing can be written is refused, with the folder's name and what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_data_folder_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let filled = Server::with(Options { data: Some(folder.path().to_path_buf()), ..Options::default() }).await;
    filled.deploy("counter", COUNTER).await;
    drop(filled);
    let empty = tempfile::tempdir().unwrap();
    for folder in [folder.path(), empty.path()] {
        let mount = "mount --bind DATA DATA && mount -o remount,ro,bind DATA";
        let Some(mut server) = mounted(folder, mount).await else { return };
        assert_eq!(server.exit_code(Duration::from_secs(30)).await, Some(1), "{}", server.output());
        let output = server.output();
        assert!(output.contains(folder.to_str().unwrap()) && output.contains("--data-dir"), "{output}");
        assert!(output.contains("Read-only file system") && !output.contains("panicked"), "{output}");
    }
    let server = Server::with(Options { data: Some(folder.path().to_path_buf()), ..Options::default() }).await;
    assert_eq!(server.get("/counter").await.status, 200);
}

/// Copies the databases of `from` to a new folder.
fn copy(from: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["functions.redb", "functions.mark", "state.redb", "state.mark"] {
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

/// A damaged database is refused by name, or answers as before; nothing else is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_never_answers_wrongly() {
    let folder = tempfile::tempdir().unwrap();
    let source = r#"import { state } from "@daplet/sdk";
        const keys = Array.from({ length: 300 }, (_, i) => `key-${i}`);
        export default { async fetch(request) {
          if (request.method === "POST") await state().transact(keys.map((key, i) => ({ put: key, value: `${i}-`.repeat(100) })));
          return Response.json([...(await state().getMany(keys)).values()]);
        } }"#;
    let limits = json!({"cpuMs": 1000});
    let upload = json!({"name": "keeper", "source": source, "limits": limits});
    let mut server = Server::with(Options { data: Some(folder.path().to_path_buf()), ..Options::default() }).await;
    server.deploy_with(upload).await;
    let expected = server.post("/keeper", "").await.text();
    assert!(expected.contains("299-299-"));
    for clean in [true, false] {
        if clean {
            server.signal("TERM");
            assert_eq!(server.exit_code(Duration::from_secs(15)).await, Some(0));
        } else {
            server = Server::with(Options { data: Some(folder.path().to_path_buf()), ..Options::default() }).await;
            assert!(server.post("/keeper", "").await.text() == expected);
            server.kill();
        }
        let (mut random, mut refused) = (super::Random(11), 0);
        for case in 0..super::setting("DAMAGED_PAGES", 24) {
            let copied = copy(folder.path());
            let name = ["functions.redb", "state.redb"][case as usize % 2];
            let file = copied.path().join(name);
            let mut bytes = std::fs::read(&file).unwrap();
            let (pages, in_use) =
                (bytes.len() / 4096, |page: usize| bytes[page * 4096..][..4096].iter().any(|b| *b != 0));
            let filled: Vec<usize> = (0..pages).filter(|page| in_use(*page)).collect();
            let page = filled[case as usize / 2 * filled.len() / 13 % filled.len()];
            let what = match case % 3 {
                0 => {
                    let at = page * 4096 + random.below(4096) as usize;
                    bytes[at] ^= 1 << random.below(8);
                    format!("a bit at {at}")
                }
                1 => {
                    bytes[page * 4096..][..4096].fill(0);
                    format!("page {page} zeroed")
                }
                _ => {
                    bytes[page * 4096..][..4096].iter_mut().for_each(|byte| *byte = random.next() as u8);
                    format!("page {page} overwritten")
                }
            };
            std::fs::write(&file, bytes).unwrap();
            let mut server = Server::spawn(Options { data: Some(copied.path().to_path_buf()), ..Options::default() });
            let ready = tokio::select! {
                () = server.ready() => true,
                () = server.ended() => false,
            };
            let context = format!("{name}, {what}, clean {clean}");
            if ready {
                let answer = server.get("/keeper").await;
                assert!(answer.status == 200 && answer.text() == expected, "{context}: another answer");
            } else {
                assert_eq!(server.exit_code(Duration::from_secs(5)).await, Some(1), "{context}: {}", server.output());
                tokio::time::sleep(Duration::from_millis(20)).await;
                assert!(server.output().contains(file.to_str().unwrap()), "{context}: {}", server.output());
                assert!(server.output().contains("restore it from a backup"), "{context}: {}", server.output());
                refused += 1;
            }
            assert!(!server.output().contains("panicked"), "{context}: {}", server.output());
        }
        assert!(refused > 0, "no damage was noticed");
        println!("{refused} refused");
    }
}
