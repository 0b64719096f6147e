//! The two macros that declare the contract's numbers and words, each once with its meaning.
//!
//! Beside the constants they keep a list of them. `generated.rs` writes the guest's and the SDK's TypeScript and the tables of
//! `docs/abi.md` from those lists.

/// One constant of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Listed<T: 'static> {
    /// Its name in Rust.
    pub name: &'static str,
    /// The number or word that crosses the boundary.
    pub value: T,
    /// Its documentation.
    pub meaning: &'static str,
}

/// Declares an enum of numbers, a list of them, and a function from a number to its variant under the given name.
macro_rules! numbers {
    ($(#[$attribute:meta])* pub enum $name:ident found by $find:ident {
        $($(#[doc = $meaning:literal])* $variant:ident = $value:literal,)*
    }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(i32)]
        pub enum $name { $($(#[doc = $meaning])* $variant = $value,)* }

        impl $name {
            /// Every variant, in the order of their numbers.
            pub const LISTED: &[$crate::listing::Listed<i32>] = &[$($crate::listing::Listed {
                name: stringify!($variant),
                value: $value,
                meaning: concat!($($meaning),*),
            },)*];

            /// `None` for a number that has no variant.
            pub fn $find(value: i32) -> Option<$name> {
                match value {
                    $($value => Some($name::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

/// Declares a module of words and a list of them.
macro_rules! words {
    ($(#[$attribute:meta])* pub mod $module:ident {
        $($(#[doc = $meaning:literal])* pub const $name:ident: &str = $value:literal;)*
    }) => {
        $(#[$attribute])*
        pub mod $module {
            $($(#[doc = $meaning])* pub const $name: &str = $value;)*

            /// Every word of this module.
            pub const LISTED: &[$crate::listing::Listed<&str>] = &[$($crate::listing::Listed {
                name: stringify!($name),
                value: $value,
                meaning: concat!($($meaning),*),
            },)*];
        }
    };
}
