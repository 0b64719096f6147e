//! The Helm chart: what it renders is valid for Kubernetes and keeps its promises, what cannot work is refused, the plain manifests
//! are its rendering, and the server takes the configuration in them.
use daplet_tests::server::{Options, Server};
use daplet_tests::{missing, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The oldest and the newest release of Kubernetes that the chart is checked for, and one between.
const KUBERNETES: [&str; 3] = ["1.25.0", "1.31.0", "1.37.0"];
/// What every rendering must say, whatever the values: the pod asks for no power.
const PROMISES: [&str; 13] = [
    "automountServiceAccountToken: false",
    "enableServiceLinks: false",
    "runAsNonRoot: true",
    "type: RuntimeDefault",
    "allowPrivilegeEscalation: false",
    "readOnlyRootFilesystem: true",
    "drop: [ALL]",
    "path: /livez",
    "path: /readyz",
    "DAPLET_CONFIG",
    "DAPLET_ADMIN_LISTEN",
    "DAPLET_ADMIN_TOKEN_FILE",
    "DAPLET_ALLOWED_HOSTS",
];

fn tool(name: &str) -> PathBuf {
    root().join("target/tools").join(name)
}

fn cannot_check() -> bool {
    let tools = ["helm", "kubernetes-validate"].map(tool);
    let lacks: Vec<String> =
        tools.iter().filter(|tool| !tool.exists()).map(|tool| tool.display().to_string()).collect();
    missing("the Helm chart", &lacks)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.collect();
    files.sort();
    files
}

fn helm(verb: &[&str], values: Option<&Path>) -> Output {
    let mut command = Command::new(tool("helm"));
    command.args(verb).current_dir(root());
    if let Some(values) = values {
        command.arg("--values").arg(values);
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

fn render(kubernetes: &str, values: Option<&Path>) -> Output {
    helm(&["template", "daplet", "host/deploy/chart", "--kube-version", kubernetes], values)
}

#[test]
fn renderings_are_valid_and_ask_for_no_power() {
    if cannot_check() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sets = files("host/deploy/chart/ci");
    assert!(sets.len() >= 3, "{sets:?}");
    for values in std::iter::once(None).chain(sets.iter().map(|set| Some(set.as_path()))) {
        let lint = helm(&["lint", "--strict", "host/deploy/chart", "--kube-version", "1.33.0"], values);
        assert!(lint.status.success(), "{values:?}: {}", said(&lint));
        for version in KUBERNETES {
            let rendered = render(version, values);
            assert!(rendered.status.success(), "{values:?}: {}", said(&rendered));
            let text = String::from_utf8(rendered.stdout).unwrap();
            for promise in PROMISES {
                assert!(text.contains(promise), "{values:?}: {promise:?} is missing in\n{text}");
            }
            let file = folder.path().join("rendered.yaml");
            std::fs::write(&file, &text).unwrap();
            let minor = version.trim_end_matches(".0");
            let check = Command::new(tool("kubernetes-validate")).args(["--strict", "-k", minor]).arg(&file).output();
            let check = check.unwrap();
            assert!(check.status.success(), "{values:?} for Kubernetes {minor}: {}", said(&check));
            let passed = said(&check).matches(" passed for resource ").count();
            assert_eq!(passed, text.matches("\nkind: ").count(), "{}", said(&check));
        }
    }
}

/// Each file of `tests/chart` begins with what the refusal must say.
#[test]
fn values_that_cannot_work_are_refused() {
    if cannot_check() {
        return;
    }
    let cases = files("tests/chart");
    assert!(cases.len() >= 7, "{cases:?}");
    for case in cases {
        let text = std::fs::read_to_string(&case).unwrap();
        let expected = text.lines().next().and_then(|line| line.strip_prefix("# refused: ")).unwrap();
        let rendered = render("1.33.0", Some(&case));
        let said = said(&rendered);
        assert!(!rendered.status.success() && said.contains(expected), "{}: {said}", case.display());
    }
}

#[test]
fn the_manifests_are_the_charts_rendering() {
    if cannot_check() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = Command::new(root().join("scripts/manifests")).arg(folder.path()).output().unwrap();
    assert!(script.status.success(), "{}", said(&script));
    let kept = files("host/deploy/manifests");
    assert_eq!(kept.len(), std::fs::read_dir(folder.path()).unwrap().count());
    for kept in kept {
        let fresh = std::fs::read_to_string(folder.path().join(kept.file_name().unwrap())).unwrap();
        let same = std::fs::read_to_string(&kept).unwrap() == fresh;
        assert!(same, "{} is not what the chart renders: run scripts/manifests", kept.display());
    }
}

/// A setting that is misspelt in the chart would only show in a cluster.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_takes_the_manifests_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let manifests = files("host/deploy/manifests");
    assert!(manifests.len() >= 2, "{manifests:?}");
    for manifest in manifests {
        let text = std::fs::read_to_string(&manifest).unwrap();
        let lines = text.lines().skip_while(|line| *line != "  daplet.toml: |").skip(1);
        let lines: Vec<&str> = lines.map_while(|line| line.strip_prefix("    ")).collect();
        assert!(lines.contains(&"production = true"), "{}: {lines:?}", manifest.display());
        let file = folder.path().join("daplet.toml");
        std::fs::write(&file, lines.join("\n")).unwrap();
        let server = Server::with(Options {
            args: vec!["--config".to_owned(), file.display().to_string()],
            ..Options::default()
        });
        assert_eq!(server.await.get("/readyz").await.status, 200);
    }
}
