//! What one row of the table of settings means: an option, an environment variable, a key of the file, and a line of the documents.
//!
//! Owns the macro `settings!` and what it generates. Must not know any setting.
use super::ConfigError;
use super::value::Value;
use clap::{Arg, ArgAction};

/// A setting without its type, for help and documents.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Groups settings in the help and the documents.
    pub(super) heading: &'static str,
    /// Precedes the key in the option and the variable: the name of the file's table, in the singular.
    pub(super) prefix: &'static str,
    /// The key in the file.
    pub(super) key: &'static str,
    /// Stands for the value in the help; a unit or a noun.
    pub(super) value: &'static str,
    /// The default, as it would be typed or in words.
    pub(super) default: String,
    /// Smallest and largest value.
    pub(super) range: Option<(u64, u64)>,
    /// What the option means when it is typed without a value.
    pub(super) bare: Option<&'static str>,
    pub(super) help: String,
}

impl Row {
    /// The option's name, without the dashes before it.
    pub(super) fn option(&self) -> String {
        format!("{}{}", self.prefix, self.key).replace('_', "-")
    }

    /// The environment variable.
    pub(super) fn variable(&self) -> String {
        format!("DAPLET_{}{}", self.prefix, self.key).to_ascii_uppercase()
    }

    /// The range in words, as error messages and documents state it.
    pub(super) fn range(&self) -> Option<String> {
        self.range.map(|(min, max)| format!("{min} to {max}"))
    }

    /// Checks that a value is within the range.
    pub(super) fn check(&self, given: Option<(u64, String)>) -> Result<(), ConfigError> {
        match (self.range, given) {
            (Some((min, max)), Some((amount, typed))) if amount < min || amount > max => {
                Err(ConfigError::out_of_range(self.key, typed, format!("{min} to {max}")))
            }
            _ => Ok(()),
        }
    }

    /// The option for clap, with values of type `T`.
    pub(super) fn argument<T: Value>(&self) -> Arg {
        let range = self.range().map(|range| format!("; {range}")).unwrap_or_default();
        let bare = self.bare.filter(|bare| *bare != "true");
        let bare = bare.map(|bare| format!("; without {}: {bare}", self.value)).unwrap_or_default();
        let argument = Arg::new(self.option())
            .long(self.option())
            .env(self.variable())
            .value_name(self.value)
            .help_heading(self.heading)
            .help(format!("{} [default: {}{range}{bare}]", self.help, self.default))
            .hide_possible_values(true)
            .value_parser(T::parser());
        let argument = if T::LIST { argument.action(ArgAction::Append).value_delimiter(',') } else { argument };
        match self.bare {
            Some(bare) => argument.num_args(0..=1).default_missing_value(bare),
            None => argument,
        }
    }
}

/// Generates from rows: `$given`, the settings as far as they are given; `$values`, the settings in force; their `Row`s.
///
/// A row is `key: Type [VALUE] = default`, or `key: Type [VALUE], otherwise "words"` where the default depends on something else.
/// `in range` bounds it; `bare "value"` is what the option means without a value. The comment above a row is its help.
macro_rules! settings {
    (
        given $given:ident, values $values:ident, prefix $prefix:literal;
        tables { $($(#[doc = $table_help:literal])+ $table:ident: $table_kind:ty;)* }
        $($heading:literal {$(
            $(#[doc = $help:literal])+
            $key:ident: $kind:ty [$value:ident] $(= $default:expr)? $(, otherwise $words:literal)?
                $(, in $range:expr)? $(, bare $bare:literal)?;
        )*})*
    ) => {
        /// Settings as far as they were typed, set or written.
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(super) struct $given {
            $($($(#[doc = $help])+ pub(super) $key: Option<$kind>,)*)*
            $($(#[doc = $table_help])+ pub(super) $table: $table_kind,)*
        }

        /// Settings in force, each in its range; `None` where the default depends on something else.
        #[derive(Clone, Debug)]
        pub(super) struct $values {
            $($($(#[doc = $help])+ pub(super) $key: settings!(@kind $kind $(, $default)?),)*)*
        }

        impl $given {
            /// Every row, in the order of the documents.
            pub(super) fn rows() -> Vec<Row> {
                vec![$($(Row {
                    heading: $heading,
                    prefix: $prefix,
                    key: stringify!($key),
                    value: stringify!($value),
                    default: settings!(@default $kind $(, $default)? $(; $words)?),
                    range: settings!(@optional $($range.into_inner())?),
                    bare: settings!(@optional $($bare)?),
                    help: [$($help),+].map(str::trim).join(" "),
                },)*)*]
            }

            /// These settings, completed by `others`.
            pub(super) fn or(self, others: $given) -> $given {
                $given {
                    $($($key: self.$key.or(others.$key),)*)*
                    $($table: others.$table,)*
                }
            }

            /// Checks that each is in its range.
            pub(super) fn check(&self) -> Result<(), ConfigError> {
                let given = [$($(self.$key.as_ref().map(|given| (given.amount(), given.typed())),)*)*];
                $given::rows().iter().zip(given).try_for_each(|(row, given)| row.check(given))
            }

            /// Completes them with the defaults.
            pub(super) fn in_force(self) -> $values {
                $values { $($($key: settings!(@value self.$key $(, $default)?),)*)* }
            }
        }

        impl clap::Args for $given {
            fn augment_args(command: clap::Command) -> clap::Command {
                let mut rows = $given::rows().into_iter();
                $($(
                    let _ = stringify!($key);
                    let command = command.args(rows.next().map(|row| row.argument::<$kind>()));
                )*)*
                command
            }

            fn augment_args_for_update(command: clap::Command) -> clap::Command {
                Self::augment_args(command)
            }
        }

        impl clap::FromArgMatches for $given {
            fn from_arg_matches(matches: &clap::ArgMatches) -> Result<$given, clap::Error> {
                let mut given = $given::default();
                given.update_from_arg_matches(matches)?;
                Ok(given)
            }

            fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
                let mut rows = $given::rows().into_iter();
                $($(
                    let typed = rows.next().and_then(|row| <$kind>::read(matches, &row.option()));
                    self.$key = typed.or(self.$key.take());
                )*)*
                Ok(())
            }
        }
    };
    (@kind $kind:ty, $default:expr) => { $kind };
    (@kind $kind:ty) => { Option<$kind> };
    (@value $given:expr, $default:expr) => { $given.unwrap_or_else(|| $default) };
    (@value $given:expr) => { $given };
    (@default $kind:ty, $default:expr) => {{
        let default: $kind = $default;
        default.typed()
    }};
    (@default $kind:ty; $words:literal) => { $words.to_owned() };
    (@optional $value:expr) => { Some($value) };
    (@optional) => { None };
}
pub(super) use settings;
