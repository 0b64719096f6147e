//! The command line: subcommands, and the options that are not settings.
use super::table::{QuotaSettings, Settings};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Daplet runs JavaScript functions for Dapr, each request in a fresh WebAssembly sandbox.
#[derive(Debug, Parser)]
#[command(name = "daplet", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub(super) command: CliCommand,
}

const EXAMPLES: &str = "\
Examples:
  daplet serve
  daplet serve --listen 0.0.0.0:8080 --admin-listen 127.0.0.1:8081 --data-dir /var/lib/daplet --production
  daplet compile --cache-dir /opt/daplet/cache      fill the cache of the compiled engine, for an image

Every setting of `serve` is also an environment variable (shown in brackets) and a key of the TOML file given with
--config (the option's name with underscores; quotas are in the table [quotas], without the prefix). The command line
wins over the environment, the environment over the file.

Where DAPR_HTTP_PORT or DAPR_HTTP_ENDPOINT is set, state, pub/sub and invocation go to that Dapr sidecar; with
DAPR_GRPC_PORT or DAPR_GRPC_ENDPOINT, topics come from it by streams. Daplet sends it DAPR_API_TOKEN and expects
APP_API_TOKEN from it. Without a sidecar, callers of Dapr's API must send DAPR_API_TOKEN.";

#[derive(Debug, Subcommand)]
pub(super) enum CliCommand {
    /// Run the server.
    Serve(Box<Serve>),
    /// Check sources from standard input; `serve` starts it.
    #[command(hide = true)]
    CheckSources {
        /// The process that must be the parent.
        #[arg(long, value_name = "PID")]
        parent: Option<i32>,
    },
    /// Compile the JavaScript engine ahead of time and keep the result; `serve` finds it.
    Compile {
        /// Folder of the compiled engine, in a private subfolder.
        #[arg(long, value_name = "DIR", env = "DAPLET_CACHE_DIR")]
        cache_dir: Option<PathBuf>,
    },
    /// Print every setting as Markdown; docs/settings.md is its output.
    #[command(hide = true)]
    Settings,
}

/// What `daplet serve` takes.
#[derive(Args, Debug)]
pub(super) struct Serve {
    #[command(flatten)]
    pub(super) settings: Settings,
    #[command(flatten)]
    pub(super) quotas: QuotaSettings,
    /// TOML file with settings
    #[arg(long, value_name = "FILE", env = "DAPLET_CONFIG", help_heading = "Files")]
    pub(super) config: Option<PathBuf>,
}
