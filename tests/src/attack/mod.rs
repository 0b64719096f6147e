//! Attacks as data: `tests/cases/attacks/<name>/attack.toml` says what an enemy uploads and sends, and what that may cost.
//!
//! # Layout
//! - [`steps`]: what an enemy does
//! - [`watch`]: what others see meanwhile: a bystander, the health probe, the resident memory
mod steps;
mod watch;

use crate::server::{Options, Server};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use watch::Watch;

/// One `attack.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// What is attacked, and what holds.
    pub about: String,
    /// Arguments of `daplet serve`.
    #[serde(default)]
    pub args: Vec<String>,
    /// Resident memory of the server and its child processes at any time, MiB. The server is ended above it.
    pub rss_mb: u64,
    /// Time that the steps may take together, s.
    pub seconds: u64,
    /// The 99th percentile of a bystander function's answers, ms; or three times the quiet server's, where that is more.
    #[serde(default = "default_p99")]
    pub p99_ms: u64,
    /// Every answer of `/livez`, ms; or three times the quiet server's, where that is more.
    #[serde(default = "default_livez")]
    pub livez_ms: u64,
    /// Functions that are uploaded first.
    #[serde(default)]
    pub upload: Vec<Upload>,
    /// What is done, in order.
    #[serde(default)]
    pub step: Vec<steps::Step>,
}

/// A function of the enemy or of a victim.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// Its name.
    pub name: String,
    /// The source, a file of the folder.
    pub file: String,
    /// Further fields of the upload: `limits`, `grants`, `env`.
    #[serde(default)]
    pub with: Value,
    /// Statuses that may answer.
    #[serde(default = "created")]
    pub expect: Vec<u16>,
    /// A text that the answer contains.
    pub contains: Option<String>,
}

fn default_p99() -> u64 {
    250
}

fn default_livez() -> u64 {
    100
}

fn created() -> Vec<u16> {
    vec![201]
}

/// All attacks, sorted by name.
pub fn folders() -> Vec<PathBuf> {
    let base = crate::root().join("tests/cases/attacks");
    let entries = std::fs::read_dir(&base).unwrap_or_else(|e| panic!("{}: {e}", base.display()));
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.join("attack.toml").exists()).collect();
    found.sort();
    assert!(!found.is_empty(), "tests/cases/attacks has no attack");
    found
}

/// Runs one attack against a server of its own. Returns a line of figures, or what did not hold.
pub async fn run(folder: &Path) -> Result<String, String> {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(folder.join("attack.toml")).unwrap();
    let attack: Attack = toml::from_str(&text).map_err(|e| format!("{name}/attack.toml: {e}"))?;
    let mut server = Server::with(Options { args: attack.args.clone(), ..Options::default() }).await;
    server.deploy("bystander", "export default { fetch: () => new Response('fine') }").await;
    let watch = Watch::start(&server, attack.rss_mb).await;
    let started = Instant::now();
    let outcome = tokio::time::timeout(Duration::from_secs(attack.seconds), act(&server, folder, &attack)).await;
    let took = started.elapsed();
    let removed = remove(&server, &attack).await;
    let seen = watch.stop().await;
    let line = format!("{name}: {:.1} s, {seen}", took.as_secs_f64());
    match outcome {
        Err(_) => return Err(format!("{line}\n  the steps did not end within {} s", attack.seconds)),
        Ok(Err(error)) => return Err(format!("{line}\n  {error}")),
        Ok(Ok(())) => {}
    }
    removed.map_err(|error| format!("{line}\n  {error}"))?;
    if !server.alive() {
        return Err(format!("{line}\n  the server ended:\n{}", server.output()));
    }
    seen.check(&attack).map_err(|error| format!("{line}\n  {error}"))?;
    Ok(line)
}

async fn act(server: &Server, folder: &Path, attack: &Attack) -> Result<(), String> {
    for upload in &attack.upload {
        let source = std::fs::read_to_string(folder.join(&upload.file)).map_err(|e| format!("{}: {e}", upload.file))?;
        let language = if upload.file.ends_with(".ts") { "typescript" } else { "javascript" };
        let mut body = json!({"name": upload.name, "source": source, "language": language});
        if let (Value::Object(body), Value::Object(with)) = (&mut body, upload.with.clone()) {
            body.extend(with);
        }
        let answer = server.upload(&body).await;
        let fits = upload.contains.as_ref().is_none_or(|text| answer.text().contains(text));
        if !upload.expect.contains(&answer.status) || !fits {
            return Err(format!("upload of {}: {} {:.400}", upload.name, answer.status, answer.text()));
        }
    }
    steps::perform_all(server, &attack.step).await
}

/// Management answers while the attack's requests may still be under way.
async fn remove(server: &Server, attack: &Attack) -> Result<(), String> {
    let refused = |upload: &&Upload| upload.expect.iter().any(|status| *status < 300);
    for upload in attack.upload.iter().filter(refused) {
        let started = Instant::now();
        let request = server.http.delete(server.url(&format!("/functions/{}", upload.name)));
        match request.timeout(Duration::from_secs(5)).send().await {
            Ok(answer) if matches!(answer.status().as_u16(), 204 | 404) => {}
            Ok(answer) => return Err(format!("DELETE of {} answered {}", upload.name, answer.status())),
            Err(error) => return Err(format!("DELETE of {} after {:?}: {error}", upload.name, started.elapsed())),
        }
    }
    Ok(())
}
