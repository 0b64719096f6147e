//! The types of settings: how each is read from the command line and the environment, and how it would be typed.
use super::kinds::{AbsentGrants, LogFormat, Outbound, Place, RegistryKind};
use clap::builder::{EnumValueParser, ValueParser};
use clap::{ArgMatches, ValueEnum, value_parser};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A type of settings.
pub(super) trait Value: Clone + Send + Sync + 'static {
    /// Whether the option may be given several times, and takes several values with commas between them.
    const LIST: bool = false;

    /// Reads it from the command line and the environment.
    fn parser() -> ValueParser;

    /// How it would be typed.
    fn typed(&self) -> String;

    /// What a range bounds.
    fn amount(&self) -> u64 {
        0
    }

    /// What was typed or set.
    fn read(matches: &ArgMatches, option: &str) -> Option<Self> {
        matches.get_one::<Self>(option).cloned()
    }
}

macro_rules! values {
    ($($kind:ty, $parser:expr, $typed:expr $(, $amount:expr)?;)*) => {$(
        impl Value for $kind {
            fn parser() -> ValueParser {
                $parser
            }
            fn typed(&self) -> String {
                let typed: fn(&Self) -> String = $typed;
                typed(self)
            }
            $(fn amount(&self) -> u64 {
                let amount: fn(&Self) -> u64 = $amount;
                amount(self)
            })?
        }
    )*};
}

values! {
    u64, value_parser!(u64).into(), u64::to_string, |n| *n;
    u32, value_parser!(u32).into(), u32::to_string, |n| u64::from(*n);
    usize, value_parser!(usize).into(), usize::to_string, |n| *n as u64;
    bool, value_parser!(bool), bool::to_string;
    String, value_parser!(String), String::clone;
    PathBuf, value_parser!(PathBuf), |path| path.display().to_string();
    SocketAddr, value_parser!(SocketAddr).into(), SocketAddr::to_string;
    Place, value_parser!(Place).into(), Place::to_string;
    RegistryKind, EnumValueParser::<Self>::new().into(), word;
    AbsentGrants, EnumValueParser::<Self>::new().into(), word;
    Outbound, EnumValueParser::<Self>::new().into(), word;
    LogFormat, EnumValueParser::<Self>::new().into(), word;
}

impl Value for Vec<String> {
    const LIST: bool = true;

    fn parser() -> ValueParser {
        value_parser!(String)
    }

    fn typed(&self) -> String {
        self.join(",")
    }

    fn read(matches: &ArgMatches, option: &str) -> Option<Self> {
        matches.get_many::<String>(option).map(|values| values.cloned().collect())
    }
}

fn word<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
