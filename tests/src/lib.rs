//! What the end-to-end tests share: a real server process, HTTP to it, cases as data.
//!
//! Black box: nothing here links the host. The server under test is `target/release/daplet` (or `DAPLET_BIN`). Tests that need no process of
//! their own are in `tests/inside`, which builds hosts in its own process.
//!
//! # Layout
//! - [`target`]: a service that believes whatever frames a request
//! - [`upstream`]: a service outside that answers as its paths say
//! - [`server`]: starts, stops and kills a server on free ports; [`client`] speaks to it
//! - [`daprd`]: a real Dapr sidecar and Redis beside it
//! - [`app`]: another application, not of this project
//! - [`attack`]: the form of `tests/cases/attacks/<name>/attack.toml`, and how an attack is run and watched
//! - [`bank`]: units of work whose outcome can be checked, behind any store
//! - [`between`]: kills the server in the middle of a call of its sidecar
//! - [`case`]: the form of `tests/cases/<case>/case.toml` and how a case is checked
//! - [`conformance`]: one suite of steps for every client of Dapr's API
//! - [`modules`]: the host's source as a graph of imports
//! - [`programs`]: random JavaScript programs
//! - [`resources`]: a folder of components
//! - [`readme`]: runs the commands of a README and compares what they print
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

pub mod app;
pub mod attack;
pub mod bank;
pub mod between;
pub mod case;
pub mod client;
pub mod conformance;
pub mod daprd;
pub mod exposition;
pub mod flood;
pub mod load;
pub mod modules;
pub mod programs;
pub mod raw;
pub mod readme;
pub mod resources;
pub mod server;
pub mod target;
pub mod test262;
pub mod upstream;

use std::path::PathBuf;

/// The checkout's root folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Whether a test must be left out because something is not on this machine. Says so loudly; fails where `CI` is set, which
/// leaves nothing out.
pub fn missing(what: &str, lacks: &[String]) -> bool {
    if lacks.is_empty() {
        return false;
    }
    let lacks = lacks.join(", ");
    assert!(
        std::env::var_os("CI").is_none(),
        "{what} cannot be tested without {lacks}; scripts/setup-tests installs it"
    );
    say(&format!("\n*** NOT TESTED: {what}. Missing: {lacks}; scripts/setup-tests installs what it can. ***"));
    true
}

/// Prints a line also where the test runner keeps a passing test's output to itself.
pub fn say(line: &str) {
    use std::io::Write;
    let _nobody_reads = writeln!(std::io::stderr(), "{line}");
}

/// Whether a program of that name can be started.
pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).exists()))
}
