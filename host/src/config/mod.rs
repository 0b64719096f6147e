//! Configuration: command line over environment over file over defaults, checked once.
//!
//! Owns: every setting's name, default and range; the only reader of the environment. Must not know: what settings do.
//!
//! # Layout
//! - [`table`]: every setting with its default, range and help; [`row`]: what a row means; [`value`]: the types of settings
//! - [`cli`]: the command line around them; [`document`] the settings as Markdown
//! - [`limits`], [`quotas`] and [`bindings`]: the tables of the file; [`kinds`]: types of settings that have a few words
//! - [`environment`]: what the environment says beside the settings
//! - [`web`]: names, pages and the place of management
//! - [`stale`]: settings that have no effect, files that do not exist
//! - [`check`]: from all that to the settings in force; [`in_force`]: those, as a [`Config`]
mod bindings;
mod check;
mod cli;
mod document;
mod environment;
mod in_force;
mod kinds;
mod limits;
mod quotas;
mod row;
mod stale;
mod table;
mod value;
mod web;

pub use bindings::{BINDING_RESPONSE_BYTES, BINDING_TIMEOUT_MS, BindingSettings, binding_url};
pub use cli::Cli;
pub use document::settings as document;
pub use environment::{Proxies, Resources, Secrets, Sidecar};
pub use in_force::{Config, Connections, Fetching, RegistryPlace};
pub use kinds::{AbsentGrants, LogFormat, Outbound, Place};
pub use web::{Admin, LocalNames, Origins};

use clap::Parser;
use cli::CliCommand;
use std::path::{Path, PathBuf};
use table::{QuotaSettings, Settings};

/// A fault of the configuration; ends the program with exit code 64.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The command line cannot be parsed.
    #[error("{0}")]
    Usage(String),
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    /// The file is not TOML, or has an unknown key.
    #[error("configuration file {path}: {reason}")]
    File {
        path: PathBuf,
        /// The parser's words, with line and key.
        reason: String,
    },
    /// An environment variable begins with `DAPLET_` and names no setting.
    #[error("unknown environment variable {name}; known are {known}")]
    UnknownVariable { name: String, known: String },
    /// A value is out of range.
    #[error("{setting} is {value}, but must be {range}")]
    OutOfRange {
        setting: String,
        value: String,
        /// What is allowed.
        range: String,
    },
}

impl ConfigError {
    fn out_of_range(setting: impl Into<String>, value: impl Into<String>, range: impl Into<String>) -> ConfigError {
        ConfigError::OutOfRange { setting: setting.into(), value: value.into(), range: range.into() }
    }
}

/// What to do.
#[derive(Debug)]
pub enum Command {
    /// Run the server.
    Serve(Box<Config>),
    /// Be a checker of sources.
    CheckSources {
        /// The process that must be the parent.
        parent: Option<i32>,
    },
    /// Fill the cache of the compiled engine.
    Compile {
        /// Folder of the compiled engine.
        cache_dir: PathBuf,
    },
    /// Print the settings as Markdown.
    Settings,
}

impl Command {
    /// Reads command line, environment and file. Prints help and exits where that was asked for. An error comes with the form
    /// of the log, as far as it can be known by then.
    pub fn read() -> Result<Command, (ConfigError, LogFormat)> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let format = early_format(std::env::args(), variable("DAPLET_LOG_FORMAT"));
        let cli = match Cli::try_parse() {
            Ok(cli) => cli,
            Err(usage) if usage.use_stderr() && format == LogFormat::Json => {
                return Err((ConfigError::Usage(usage.to_string().trim_end().to_owned()), format));
            }
            Err(shown) => shown.exit(),
        };
        Command::from(cli, variable, std::env::vars().map(|(name, _)| name)).map_err(|error| (error, format))
    }

    /// The same from parts: what was typed, a look into the environment, the names in it.
    pub fn from(
        cli: Cli,
        variable: impl Fn(&str) -> Option<String>,
        names: impl Iterator<Item = String>,
    ) -> Result<Command, ConfigError> {
        let names: Vec<String> = names.collect();
        check_variables(names.iter().cloned())?;
        match cli.command {
            CliCommand::CheckSources { parent } => Ok(Command::CheckSources { parent }),
            CliCommand::Compile { cache_dir } => Ok(Command::Compile {
                cache_dir: cache_dir.unwrap_or_else(|| user_folder(&variable, "XDG_CACHE_HOME", ".cache")),
            }),
            CliCommand::Settings => Ok(Command::Settings),
            CliCommand::Serve(typed) => {
                let mut file = typed.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
                let quotas = typed.quotas.or(std::mem::take(&mut file.quotas));
                let given = Settings { quotas, ..typed.settings.or(file) };
                Config::check(given, &variable, &names).map(|config| Command::Serve(Box::new(config)))
            }
        }
    }
}

/// The form of the log, for errors of the command line: what is typed, else the environment.
fn early_format(mut typed: impl Iterator<Item = String>, variable: Option<String>) -> LogFormat {
    let mut format = variable;
    while let Some(word) = typed.next() {
        match word.split_once('=') {
            Some(("--log-format", value)) => format = Some(value.to_owned()),
            None if word == "--log-format" => format = typed.next(),
            _ => {}
        }
    }
    if format.is_some_and(|format| format.eq_ignore_ascii_case("json")) { LogFormat::Json } else { LogFormat::Text }
}

fn read_file(path: &Path) -> Result<Settings, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| ConfigError::Unreadable { path: path.to_owned(), reason: e.to_string() })?;
    toml::from_str(&text).map_err(|e: toml::de::Error| {
        // The parser shows the whole line, and the URL of a binding may carry credentials.
        let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let secret = e.message().starts_with("the url of a binding");
        let reason = if secret { format!("line {line}: {}", e.message()) } else { e.to_string() };
        ConfigError::File { path: path.to_owned(), reason }
    })
}

/// Refuses unknown variables that begin with `DAPLET_`: a typing error would otherwise go unnoticed.
fn check_variables(names: impl Iterator<Item = String>) -> Result<(), ConfigError> {
    let rows = Settings::rows().into_iter().chain(QuotaSettings::rows());
    let known: Vec<String> = rows.map(|row| row.variable()).chain(["DAPLET_CONFIG".to_owned()]).collect();
    for name in names.filter(|name| name.starts_with("DAPLET_")) {
        if !known.contains(&name) {
            return Err(ConfigError::UnknownVariable { name, known: known.join(", ") });
        }
    }
    Ok(())
}

fn user_folder(variable: &impl Fn(&str) -> Option<String>, xdg: &str, below_home: &str) -> PathBuf {
    let base = variable(xdg).map(PathBuf::from);
    let base = base.or_else(|| variable("HOME").map(|home| Path::new(&home).join(below_home)));
    base.unwrap_or_else(|| PathBuf::from("/var/lib")).join("daplet")
}

#[cfg(test)]
mod tests;
