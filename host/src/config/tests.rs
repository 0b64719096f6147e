//! What is typed, set and written, and what comes of it.
#![allow(clippy::unwrap_used)]
use super::*;
use clap::Parser;
use std::collections::BTreeMap;
use std::time::Duration;

fn serve(args: &[&str], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let cli = Cli::try_parse_from(["daplet", "serve"].iter().chain(args)).unwrap();
    let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
    match Command::from(cli, find, variables.iter().map(|(n, _)| (*n).to_owned()))? {
        Command::Serve(config) => Ok(*config),
        _ => unreachable!("serve was typed"),
    }
}

#[test]
fn the_command_line_wins_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "workers = 3\nqueue = 7\n[limits]\ncpuMs = 99\n").unwrap();
    let config = serve(&["--config", file.to_str().unwrap(), "--workers", "5"], &[]).unwrap();
    assert_eq!((config.workers, config.queue, config.limits.cpu_ms, config.limits.wall_ms), (5, 7, 99, 30_000));
}

#[test]
fn quotas_are_options_and_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "[quotas]\nfunction_jobs = 7\njobs = 8\nmessages_mb = 2\n").unwrap();
    let typed = ["--config", file.to_str().unwrap(), "--quota-jobs", "9"];
    let quotas = serve(&typed, &[]).unwrap().quotas;
    assert_eq!((quotas.jobs.function, quotas.jobs.total), (7, 9));
    assert_eq!((quotas.messages.function, quotas.messages.total), (256 << 20, 2 << 20));
    std::fs::write(&file, "[quotas]\njobz = 7\n").unwrap();
    assert!(serve(&typed, &[]).unwrap_err().to_string().contains("jobz"));
}

#[test]
fn faults_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "lissten = 1\n").unwrap();
    assert!(serve(&["--config", path], &[]).unwrap_err().to_string().contains("lissten"));
    std::fs::write(&file, "[limits]\nmemoryMb = 9999\n").unwrap();
    let message = serve(&["--config", path], &[]).unwrap_err().to_string();
    assert!(message.contains("limits.memoryMb") && message.contains("9999"), "{message}");
    std::fs::write(&file, "workers = 1\n[bindings.mail]\nurl = \"https://me:hunter2@host/x\"\n").unwrap();
    let message = serve(&["--config", path], &[]).unwrap_err().to_string();
    assert!(message.contains("line ") && message.contains("https:") && !message.contains("hunter2"), "{message}");
    assert!(serve(&[], &[("DAPLET_LISSTEN", "1")]).unwrap_err().to_string().contains("DAPLET_LISSTEN"));
}

#[test]
fn defaults_of_limits_keep_to_their_ceilings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let read = |text: &str| {
        std::fs::write(&file, text).unwrap();
        serve(&["--config", file.to_str().unwrap()], &[])
    };
    let config = read("[limits.max]\ncpuMs = 20\nwallMs = 600000\n[limits]\nwallMs = 500000\n").unwrap();
    assert_eq!((config.limits.cpu_ms, config.limits.wall_ms, config.max_limits.cpu_ms), (20, 500_000, 20));
    assert_eq!(config.max_limits.concurrency, crate::limits::Limits::ceilings().concurrency);
    for (text, words) in [
        ("[limits]\ncpuMs = 5000\n", ["limits.cpuMs is 5000", "limits.max.cpuMs, which is 1000"]),
        ("[limits.max]\ncpuMs = 0\n", ["limits.max.cpuMs is 0", "1 to 600000"]),
        ("[limits.max]\ncpuMss = 1\n", ["limits.max", "cpuMss"]),
    ] {
        let message = read(text).unwrap_err().to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
}

#[test]
fn only_variables_with_the_prefix_are_secrets() {
    let variables = [("SECRET_DB", "hunter2"), ("SECRET_", "nameless"), ("HOME", "/root")];
    assert!(serve(&[], &variables).unwrap().secrets.environment.is_empty());
    let config = serve(&["--secrets-env-prefix", "SECRET_"], &variables).unwrap();
    assert_eq!(config.secrets.environment, BTreeMap::from([("DB".to_owned(), "hunter2".to_owned())]));
    assert!(!format!("{config:?}").contains("hunter2"));
    for refused in ["", "DAPLET_SECRET_"] {
        let message = serve(&["--secrets-env-prefix", refused], &variables).unwrap_err().to_string();
        assert!(message.contains("secrets_env_prefix"), "{message}");
    }
}

#[test]
fn the_sidecar_is_found_in_the_environment() {
    let found = |variables| serve(&[], variables).unwrap().sidecar;
    let (http, api_token) = ("http://127.0.0.1:3501".to_owned(), Some("t".to_owned()));
    let variables = [("DAPR_HTTP_PORT", "3501"), ("DAPR_API_TOKEN", "t")];
    assert_eq!(found(&variables), Some(Sidecar { http: http.clone(), grpc: None, api_token }));
    let variables = [("DAPR_HTTP_ENDPOINT", "http://127.0.0.1:3501/"), ("DAPR_GRPC_ENDPOINT", "dapr:50001")];
    let grpc = Some("http://dapr:50001".to_owned());
    assert_eq!(found(&variables), Some(Sidecar { http, grpc, api_token: None }));
    assert_eq!(found(&[]), None);
    let refused = serve(&[], &[("DAPR_GRPC_ENDPOINT", "https://dapr:443")]).unwrap_err().to_string();
    assert!(refused.contains("DAPR_GRPC_ENDPOINT") && refused.contains("https://dapr:443"), "{refused}");
}

#[test]
fn a_folder_of_components_is_for_hosts_without_a_sidecar() {
    let variables = [("A", "1"), ("DAPR_X", "2"), ("App_API_token", "3"), ("NAMESPACE", "here")];
    let resources = serve(&["--resources-path", "/components"], &variables).unwrap().resources.unwrap();
    assert_eq!(resources.folder, Path::new("/components"));
    let names: Vec<&str> = resources.environment.keys().map(String::as_str).collect();
    assert_eq!(names, ["A", "NAMESPACE"]);
    assert!(serve(&[], &variables).unwrap().resources.is_none());
    let variables = [("DAPLET_RESOURCES_PATH", "/components"), ("DAPR_HTTP_PORT", "3501")];
    let refused = serve(&["--resources-path", "/components"], &variables).unwrap_err().to_string();
    assert!(refused.contains("resources_path is /components") && refused.contains("sidecar"), "{refused}");
}

#[test]
fn a_shared_registry_needs_a_sidecar() {
    assert_eq!(serve(&[], &[]).unwrap().registry, RegistryPlace::File);
    let alone = serve(&["--registry", "dapr"], &[]).unwrap_err().to_string();
    assert!(alone.contains("registry") && alone.contains("DAPR_HTTP_PORT"), "{alone}");
    let shared = |store: &str, ms| RegistryPlace::Dapr { store: store.to_owned(), poll: Duration::from_millis(ms) };
    let port = ("DAPR_HTTP_PORT", "3501");
    assert_eq!(serve(&["--registry", "dapr"], &[port]).unwrap().registry, shared("statestore", 1000));
    let typed = ["--registry", "dapr", "--registry-store", "functions", "--registry-poll-ms", "250"];
    assert_eq!(serve(&typed, &[port]).unwrap().registry, shared("functions", 250));
    let often = serve(&["--registry", "dapr", "--registry-poll-ms", "1"], &[port]).unwrap_err().to_string();
    assert!(often.contains("registry_poll_ms is 1"), "{often}");
}
