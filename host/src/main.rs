//! The program: read the configuration, start the log, build the app, run it until a signal.
use daplet_host::config::Command;
use daplet_host::{app, functions};
use std::process::ExitCode;

/// Exit code for bad configuration (`EX_USAGE`).
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let command = match Command::read() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("daplet: {error}");
            return ExitCode::from(USAGE);
        }
    };
    let result = match command {
        Command::CheckSources { parent } => functions::checker::serve(parent).map_err(Into::into),
        Command::Compile { cache_dir } => app::compile(&cache_dir),
        Command::Serve(config) => {
            if let Err(error) = daplet_host::telemetry::start(config.log_format, &config.log) {
                eprintln!("daplet: {error}");
                return ExitCode::from(USAGE);
            }
            app::serve(*config)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("daplet: {error}");
            ExitCode::FAILURE
        }
    }
}
