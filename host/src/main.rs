//! The program: read the configuration, start the log, build the app, run it until a signal.
use daplet_host::config::{Command, LogFormat};
use daplet_host::telemetry::last_words;
use daplet_host::{app, config, functions, telemetry};
use std::process::ExitCode;

/// Exit code for bad configuration (`EX_USAGE`).
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let command = match Command::read() {
        Ok(command) => command,
        Err((error, format)) => {
            last_words(format, &error.to_string());
            return ExitCode::from(USAGE);
        }
    };
    let (result, format) = match command {
        Command::CheckSources { parent } => (functions::checker::serve(parent).map_err(Into::into), LogFormat::Text),
        Command::Settings => {
            print!("{}", config::document());
            (Ok(()), LogFormat::Text)
        }
        Command::Compile { cache_dir } => (app::compile(&cache_dir), LogFormat::Text),
        Command::Serve(config) => {
            let format = config.log_format;
            if let Err(error) = telemetry::start(format, &config.log) {
                last_words(format, &error);
                return ExitCode::from(USAGE);
            }
            (app::serve(*config), format)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            last_words(format, &error.to_string());
            ExitCode::FAILURE
        }
    }
}
