//! Command line, environment and TOML file. Input: three parts with a line `---` between them: arguments, a line each;
//! variables as `NAME=value`, a line each; the file.
use clap::Parser;
use daplet_host::config::{Cli, Command};
use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

/// Whatever is configured is refused by name or gives settings that the server can run with.
pub fn config(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut parts = text.splitn(3, "---\n");
    let (args, variables, file) = (parts.next(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daplet.toml");
    std::fs::write(&path, file).unwrap();
    let args = args.unwrap_or_default().lines().filter(|arg| !arg.starts_with("--config")).map(str::to_owned);
    let args = ["daplet", "serve"].map(str::to_owned).into_iter().chain(args);
    let args = args.chain([format!("--config={}", path.display())]);
    let from_args = text.contains("--snapshot-cache-mb");
    let Ok(cli) = Cli::try_parse_from(args) else { return };
    let variables: BTreeMap<&str, &str> = variables.lines().filter_map(|line| line.split_once('=')).collect();
    let find = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    match Command::from(cli, find, variables.keys().map(|name| (*name).to_owned())) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(Command::Compile { .. } | Command::CheckSources { .. } | Command::Settings) => {}
        Ok(Command::Serve(config)) => {
            config.limits.check().unwrap();
            assert!(config.workers <= 256);
            for time in [config.load_cpu, config.shutdown_grace, config.limits.cpu(), config.limits.wall()] {
                assert!(Instant::now().checked_add(time).is_some(), "no moment lies {time:?} ahead");
                assert!(SystemTime::now().checked_add(time).is_some(), "no moment lies {time:?} ahead");
            }
            let mb = file.parse::<toml::Table>().ok().and_then(|file| file.get("snapshot_cache_mb")?.as_integer());
            if let Some(mb) = mb.filter(|_| !from_args) {
                assert_eq!(
                    config.snapshot_cache_bytes.map(i128::from),
                    Some(i128::from(mb) << 20),
                    "{mb} MiB of snapshots"
                );
            }
        }
    }
}
