//! What is refused when a condition is compiled: what it would take at an event to find out otherwise, or what has no bound.
use super::text;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr};
use regex::Regex;
use std::collections::HashMap;

/// Functions without a target, with their numbers of arguments.
const FUNCTIONS: &[(&str, usize)] = &[
    ("size", 1),
    ("matches", 2),
    ("int", 1),
    ("uint", 1),
    ("double", 1),
    ("string", 1),
    ("bytes", 1),
    ("bool", 1),
    ("timestamp", 1),
    ("duration", 1),
    ("dyn", 1),
    ("type", 1),
    ("_?_:_", 3),
    ("_&&_", 2),
    ("_||_", 2),
    ("!_", 1),
    ("-_", 1),
    ("@not_strictly_false", 1),
    ("_+_", 2),
    ("_-_", 2),
    ("_*_", 2),
    ("_/_", 2),
    ("_%_", 2),
    ("_==_", 2),
    ("_!=_", 2),
    ("_<_", 2),
    ("_<=_", 2),
    ("_>_", 2),
    ("_>=_", 2),
    ("@in", 2),
    ("_[_]", 2),
];

/// Functions of a target, with how many arguments they have at least and at most.
const METHODS: &[(&str, usize, usize)] = &[
    ("size", 0, 0),
    ("contains", 1, 1),
    ("startsWith", 1, 1),
    ("endsWith", 1, 1),
    ("matches", 1, 1),
    ("getFullYear", 0, 1),
    ("getMonth", 0, 1),
    ("getDate", 0, 1),
    ("getDayOfMonth", 0, 1),
    ("getDayOfWeek", 0, 1),
    ("getDayOfYear", 0, 1),
    ("getHours", 0, 1),
    ("getMinutes", 0, 1),
    ("getSeconds", 0, 1),
    ("getMilliseconds", 0, 1),
];

/// Names of types, which are values.
pub const TYPES: &[&str] = &["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"];

/// Deepest tree: it is walked on the stack of a thread that has 2 MiB, some of it in use. A chain of as many `&&` is that deep.
const MAX_DEPTH: usize = 150;

/// Refuses what cannot be evaluated, and compiles the patterns that are written out.
pub fn check(root: &IdedExpr, patterns: &mut HashMap<u64, Regex>) -> Result<(), String> {
    Check { patterns, names: Vec::new(), loops: 0, depth: 0 }.node(root)
}

struct Check<'a> {
    patterns: &'a mut HashMap<u64, Regex>,
    /// Variables of the loops around.
    names: Vec<String>,
    loops: usize,
    depth: usize,
}

impl Check<'_> {
    fn node(&mut self, node: &IdedExpr) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("its parts are nested too deep; they may be {MAX_DEPTH} levels deep"));
        }
        let checked = self.part(node);
        self.depth -= 1;
        checked
    }

    fn part(&mut self, node: &IdedExpr) -> Result<(), String> {
        match &node.expr {
            Expr::Unspecified => Err("a part of it is missing".to_owned()),
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => self.node(&select.operand),
            Expr::List(list) if !list.optional_indices.is_empty() => {
                Err("optional elements are not supported".to_owned())
            }
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.node(element)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) if !entry.optional => self.node(&entry.key).and(self.node(&entry.value)),
                _ => Err("optional entries are not supported".to_owned()),
            }),
            Expr::Struct(object) => Err(format!("messages such as {} are not supported", object.type_name)),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Call(call) => {
                let (name, count) = (call.func_name.as_str(), call.args.len());
                match &call.target {
                    None if !FUNCTIONS.contains(&(name, count)) => {
                        return Err(format!("there is no function {name} of {count} arguments"));
                    }
                    Some(_)
                        if !METHODS
                            .iter()
                            .any(|(own, least, most)| *own == name && (*least..=*most).contains(&count)) =>
                    {
                        return Err(format!("there is no function .{name} of {count} arguments"));
                    }
                    _ => {}
                }
                if name == "matches"
                    && let Some(pattern) = call.args.last().and_then(text::literal)
                {
                    self.patterns.insert(node.id, text::pattern(pattern)?);
                }
                call.target.as_deref().map_or(Ok(()), |target| self.node(target))?;
                call.args.iter().try_for_each(|argument| self.node(argument))
            }
        }
    }

    fn name(&self, name: &str) -> Result<(), String> {
        if name == "event" || TYPES.contains(&name) || self.names.iter().any(|own| own == name) {
            return Ok(());
        }
        Err(format!("there is no variable {name}; an event is `event`"))
    }

    fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> Result<(), String> {
        self.node(&comprehension.iter_range)?;
        if self.loops > 0 {
            return Err("a loop (all, exists, map, filter) within a loop is not supported".to_owned());
        }
        if comprehension.iter_var2.is_some() {
            return Err("a loop with two variables is not supported".to_owned());
        }
        self.names.extend([comprehension.iter_var.clone(), comprehension.accu_var.clone()]);
        self.loops += 1;
        let parts =
            [&comprehension.accu_init, &comprehension.loop_cond, &comprehension.loop_step, &comprehension.result];
        let checked = parts.into_iter().try_for_each(|part| self.node(part));
        self.loops -= 1;
        self.names.truncate(self.names.len() - 2);
        checked
    }
}
