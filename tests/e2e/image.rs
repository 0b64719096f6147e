//! The container image, really built and started as Kubernetes' restricted profile has it: no root, no capability, a read-only
//! root, the runtime's default seccomp filter.
//!
//! Built with buildah, without a daemon and without a registry of images; started with runc, in the network of the test.
use daplet_tests::server::free_port;
use daplet_tests::{missing, on_path, root, say};
use serde_json::{Value, json};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What the test needs of Debian's packages; `scripts/setup-tests` installs it.
const TOOLS: [&str; 3] = ["buildah", "runc", "patchelf"];
/// Where Debian keeps the seccomp filter that container runtimes use by default.
const SECCOMP: &str = "/usr/share/containers/seccomp.json";
const IMAGE: &str = "localhost/daplet-test:latest";

#[tokio::test(flavor = "multi_thread")]
async fn the_image_runs_without_root_on_a_read_only_root() {
    let lacks =
        TOOLS.into_iter().filter(|tool| !on_path(tool)).chain((!Path::new(SECCOMP).exists()).then_some(SECCOMP));
    let mut lacks: Vec<String> = lacks.map(str::to_owned).collect();
    if Command::new("id").arg("-u").output().unwrap().stdout != b"0\n" {
        lacks.push("root, to mount and start a container".to_owned());
    }
    if missing("the container image", &lacks) {
        return;
    }
    let said = run(Command::new(root().join("scripts/image"))
        .args(["--local-base", "--tag", IMAGE])
        .env("IMAGE_BUILDER", "buildah"));
    say(said.lines().last().unwrap_or_default());

    let port = free_port();
    let started = Instant::now();
    let mut container = Container::start(port);
    let base = format!("http://127.0.0.1:{port}");
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
    while !http.get(format!("{base}/readyz")).send().await.is_ok_and(|answer| answer.status() == 200) {
        assert!(container.child.try_wait().unwrap().is_none(), "it ended before it was ready:\n{}", container.output());
        assert!(started.elapsed() < Duration::from_secs(120), "not ready:\n{}", container.output());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    say(&format!("image: ready {} ms after its start", started.elapsed().as_millis()));

    let source = "export default { fetch: () => ({ from: 'a container' }) };";
    let token = std::fs::read_to_string(container.folder.path().join("var-lib-daplet/admin-token")).unwrap();
    let upload = http.post(format!("{base}/functions")).json(&json!({"name": "hello", "source": source}));
    assert_eq!(upload.try_clone().unwrap().send().await.unwrap().status(), 401);
    let upload = upload.bearer_auth(token.trim());
    let answer = upload.send().await.unwrap();
    assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
    let answer = http.get(format!("{base}/hello")).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"from": "a container"}));

    // What the kernel says of the process, not what the configuration asks for.
    let process = PathBuf::from(format!("/proc/{}", container.pid()));
    let status = std::fs::read_to_string(process.join("status")).unwrap();
    for line in ["Uid:\t65532\t65532\t65532\t65532", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.contains(line), "{line:?} is not in\n{status}");
    }
    let bill = process.join("root/usr/lib/daplet/sbom.cdx.json");
    let bill: Value = serde_json::from_str(&std::fs::read_to_string(bill).unwrap()).unwrap();
    let parts = bill["components"].as_array().unwrap();
    for name in ["libwasmedge", "libc.so", "ld-linux"] {
        assert!(parts.iter().any(|part| part["name"].as_str().unwrap().contains(name)), "{name} is not in the bill");
    }
    let mounts = std::fs::read_to_string(process.join("mountinfo")).unwrap();
    let top = mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).unwrap();
    assert!(top.split(' ').nth(5).unwrap().split(',').any(|option| option == "ro"), "{top}");
    let output = container.output();
    assert!(!output.contains("compil"), "the image's engine was not used:\n{output}");

    runc(&["kill", &container.id, "TERM"]);
    let code = tokio::task::spawn_blocking(move || container.child.wait().unwrap().code()).await.unwrap();
    assert_eq!(code, Some(0));
}

/// A container of the image; gone when dropped.
struct Container {
    id: String,
    child: Child,
    folder: tempfile::TempDir,
}

impl Container {
    fn start(port: u16) -> Container {
        let id = format!("daplet-test-{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        run(Command::new("buildah").args(["from", "--name", &id, IMAGE]));
        let files = run(Command::new("buildah").args(["mount", &id]));
        let image: Value = serde_json::from_str(&run(Command::new("buildah").args(["inspect", &id]))).unwrap();
        let image = &image["OCIv1"]["config"];
        assert_eq!(image["User"], "65532:65532");

        let text = std::fs::read_to_string(root().join("tests/image/config.json")).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        config["root"]["path"] = json!(files.trim());
        let words = |name: &str| image[name].as_array().unwrap().clone();
        config["process"]["args"] = [words("Entrypoint"), words("Cmd")].concat().into();
        // On the test's own loopback, so on ports that no other test has.
        let own = [("LISTEN", port), ("DAPR_LISTEN", free_port()), ("DAPR_GRPC_LISTEN", free_port())];
        let own = own.map(|(name, port)| json!(format!("DAPLET_{name}=127.0.0.1:{port}")));
        let given = words("Env").into_iter().filter(|pair| !pair.as_str().unwrap().starts_with("DAPLET_LISTEN="));
        // The chart's pod has the folders and the user that the image is made for.
        let manifest = std::fs::read_to_string(root().join("host/deploy/manifests/dapr.yaml")).unwrap();
        for name in ["DAPLET_DATA_DIR", "DAPLET_CACHE_DIR"] {
            let pairs = words("Env");
            let folder = pairs.iter().find_map(|pair| pair.as_str()?.strip_prefix(name)?.strip_prefix('='));
            assert!(
                manifest.contains(&format!("mountPath: {}\n", folder.unwrap())),
                "{name} is no mount of the manifest"
            );
        }
        assert!(manifest.contains("runAsUser: 65532"));
        config["process"]["env"] = given.chain(own).collect();
        config["linux"]["seccomp"] = seccomp();
        for mount in config["mounts"].as_array_mut().unwrap() {
            if mount["source"] == "" {
                let place = mount["destination"].as_str().unwrap().trim_start_matches('/').replace('/', "-");
                mount["source"] = json!(volume(&folder.path().join(place)));
            }
        }
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();

        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new("runc")
            .args(["run", "--bundle"])
            .arg(folder.path())
            .arg(&id)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Container { id, child, folder }
    }

    fn pid(&self) -> u64 {
        let state: Value = serde_json::from_str(&runc(&["state", &self.id])).unwrap();
        state["pid"].as_u64().unwrap()
    }

    fn output(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        for (tool, words) in [
            ("runc", ["delete", "--force", &self.id].as_slice()),
            ("buildah", &["rm", &self.id]),
            ("buildah", &["rmi", IMAGE]),
        ] {
            let _gone_already = Command::new(tool).args(words).output();
        }
    }
}

/// A folder as Kubernetes makes an `emptyDir` for a pod with the `fsGroup` 65532.
fn volume(path: &Path) -> &Path {
    std::fs::create_dir(path).unwrap();
    std::os::unix::fs::chown(path, Some(0), Some(65532)).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o2777)).unwrap();
    path
}

/// The default filter, for a process without capabilities, in the words of the OCI runtime specification.
fn seccomp() -> Value {
    let profile: Value = serde_json::from_slice(&std::fs::read(SECCOMP).unwrap()).unwrap();
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let empty = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    let applies = |rule: &&Value| {
        let arches = &rule["includes"]["arches"];
        empty(&rule["includes"]["caps"])
            && (empty(arches) || arches.as_array().is_some_and(|a| a.contains(&json!(arch))))
    };
    let rules: Vec<Value> =
        profile["syscalls"].as_array().unwrap().iter().filter(applies).cloned().map(plain).collect();
    assert!(rules.len() > 3, "{SECCOMP} has few rules for {arch}");
    plain(json!({
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "syscalls": rules,
    }))
}

/// Without what is not said, and without what only profiles say.
fn plain(mut rule: Value) -> Value {
    if let Some(fields) = rule.as_object_mut() {
        let known = ["names", "action", "args", "errnoRet", "defaultAction", "defaultErrnoRet", "syscalls"];
        fields.retain(|name, value| known.contains(&name.as_str()) && !value.is_null());
    }
    rule
}

fn runc(arguments: &[&str]) -> String {
    run(Command::new("runc").args(arguments))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}:\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
