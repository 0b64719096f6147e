//! Random JavaScript programs: every one parses, ends, and prints the same wherever the same engine runs it.
//!
//! Left out is what may differ between two correct engines: transcendental mathematics, local time, stack depth, memory,
//! random numbers, order of enumeration beyond what the language fixes.
//!
//! # Layout
//! - [`expressions`]: values of a wanted kind, now and then of another
//! - [`statements`]: declarations, loops, classes, generators, exceptions
mod expressions;
mod statements;

use fastrand::Rng;

/// What programs run in: a script whose value is an async function from a program to what it printed.
pub const PRELUDE: &str = include_str!("prelude.js");

/// The program of a seed.
pub fn program(seed: u64) -> String {
    let mut generator =
        Generator { rng: Rng::with_seed(seed), scopes: vec![Vec::new()], names: 0, depth: 0, in_async: true };
    let count = generator.rng.usize(8..24);
    let mut text = String::from("\"use strict\";\n");
    for _ in 0..count {
        text.push_str(&generator.guarded());
    }
    text
}

/// What an expression is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Bool,
    BigInt,
    Array,
    Object,
    Function,
    Regex,
    Map,
    Set,
    Typed,
    Date,
    Symbol,
    Generator,
    Instance,
}

const KINDS: &[Kind] = &[
    Kind::Number,
    Kind::Number,
    Kind::Text,
    Kind::Text,
    Kind::Bool,
    Kind::BigInt,
    Kind::Array,
    Kind::Array,
    Kind::Object,
    Kind::Function,
    Kind::Regex,
    Kind::Map,
    Kind::Set,
    Kind::Typed,
    Kind::Date,
    Kind::Symbol,
    Kind::Generator,
    Kind::Instance,
];

/// Deeper expressions and blocks become leaves.
const MAX_DEPTH: u32 = 4;

struct Generator {
    rng: Rng,
    /// Names in scope with what they are meant to hold, and whether they can be assigned.
    scopes: Vec<Vec<(String, Kind, bool)>>,
    names: u32,
    depth: u32,
    in_async: bool,
}

impl Generator {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.rng.usize(..from.len())]
    }

    fn kind(&mut self) -> Kind {
        KINDS[self.rng.usize(..KINDS.len())]
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(..100) < percent
    }

    fn fresh(&mut self, kind: Kind, assignable: bool) -> String {
        self.names += 1;
        let name = format!("v{}", self.names);
        self.declare(&name, kind, assignable);
        name
    }

    fn declare(&mut self, name: &str, kind: Kind, assignable: bool) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push((name.to_owned(), kind, assignable));
        }
    }

    /// A name in scope that holds `kind`.
    fn name(&mut self, kind: Kind, assignable: bool) -> Option<String> {
        let fit = |(_, k, a): &&(String, Kind, bool)| *k == kind && (*a || !assignable);
        let found: Vec<String> = self.scopes.iter().flatten().filter(fit).map(|(name, ..)| name.clone()).collect();
        (!found.is_empty()).then(|| found[self.rng.usize(..found.len())].clone())
    }

    /// Runs `body` in a scope of its own.
    fn scoped<T>(&mut self, body: impl FnOnce(&mut Generator) -> T) -> T {
        self.scopes.push(Vec::new());
        self.depth += 1;
        let result = body(self);
        self.depth -= 1;
        self.scopes.pop();
        result
    }
}
