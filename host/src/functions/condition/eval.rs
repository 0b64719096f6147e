//! The walk over a condition's tree. Each node costs a step, so that no evaluation exceeds its budget.
use super::budget::{Budget, Fault};
use super::value::{Text, Value, undecided};
use super::{calls, check, text};
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};
use regex::Regex;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::rc::Rc;

/// One evaluation.
pub struct Evaluation<'e, 'b> {
    event: &'e Map<String, Json>,
    patterns: &'e HashMap<u64, Regex>,
    budget: &'b mut Budget,
    /// Variables of loops, the innermost last.
    variables: Vec<(&'e str, Value<'e>)>,
}

impl<'e, 'b> Evaluation<'e, 'b> {
    pub fn new(
        event: &'e Map<String, Json>,
        patterns: &'e HashMap<u64, Regex>,
        budget: &'b mut Budget,
    ) -> Evaluation<'e, 'b> {
        Evaluation { event, patterns, budget, variables: Vec::new() }
    }

    /// The result of the whole condition.
    pub fn condition(mut self, root: &'e IdedExpr) -> Result<bool, Fault> {
        match self.value(root)? {
            Value::Bool(holds) => Ok(holds),
            other => undecided(format!("the rule is {}, which is neither true nor false", other.kind())),
        }
    }

    fn value(&mut self, node: &'e IdedExpr) -> Result<Value<'e>, Fault> {
        self.budget.steps(1)?;
        match &node.expr {
            Expr::Literal(literal) => self.literal(literal),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => self.select(select),
            Expr::List(list) => {
                self.budget.bytes(list.elements.len() * size_of::<Value<'_>>())?;
                let elements: Result<_, _> = list.elements.iter().map(|element| self.value(element)).collect();
                Ok(Value::List(Rc::new(elements?)))
            }
            Expr::Map(map) => {
                self.budget.bytes(map.entries.len() * 2 * size_of::<Value<'_>>())?;
                let mut entries = Vec::with_capacity(map.entries.len());
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else { return unsupported() };
                    entries.push((self.value(&entry.key)?, self.value(&entry.value)?));
                }
                Ok(Value::Map(Rc::new(entries)))
            }
            Expr::Call(call) => self.call(node.id, call),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Unspecified | Expr::Struct(_) => unsupported(),
        }
    }

    fn literal(&mut self, literal: &'e LiteralValue) -> Result<Value<'e>, Fault> {
        Ok(match literal {
            LiteralValue::Null => Value::Null,
            LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
            LiteralValue::Int(value) => Value::Int(*value.inner()),
            LiteralValue::UInt(value) => Value::Uint(*value.inner()),
            LiteralValue::Double(value) => Value::Double(*value.inner()),
            LiteralValue::String(text) => Value::Text(Text::Borrowed(text.inner())),
            LiteralValue::Bytes(bytes) => {
                self.budget.bytes(bytes.inner().len())?;
                Value::Bytes(bytes.inner().into())
            }
        })
    }

    fn variable(&self, name: &'e str) -> Result<Value<'e>, Fault> {
        if let Some((_, value)) = self.variables.iter().rev().find(|(own, _)| *own == name) {
            return Ok(value.clone());
        }
        match check::TYPES.iter().find(|kind| **kind == name) {
            Some(kind) => Ok(Value::Type(kind)),
            None if name == "event" => Ok(Value::Object(self.event)),
            None => undecided(format!("there is no variable {name}")),
        }
    }

    /// `of.field`, and `has(of.field)`.
    fn select(&mut self, select: &'e SelectExpr) -> Result<Value<'e>, Fault> {
        let of = self.value(&select.operand)?;
        if !matches!(of, Value::Object(_) | Value::Map(_)) {
            return undecided(format!("{} has no field {}", of.kind(), select.field));
        }
        let found = of.member(&Value::Text(Text::Borrowed(&select.field)), self.budget)?;
        match (found, select.test) {
            (found, true) => Ok(Value::Bool(found.is_some())),
            (Some(found), false) => Ok(found),
            (None, false) => undecided(format!("there is no field {}", select.field)),
        }
    }

    fn call(&mut self, id: u64, call: &'e CallExpr) -> Result<Value<'e>, Fault> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            ("_&&_", [a, b]) => return self.logical(a, b, false),
            ("_||_", [a, b]) => return self.logical(a, b, true),
            ("_?_:_", [condition, yes, no]) => {
                return match self.value(condition)? {
                    Value::Bool(true) => self.value(yes),
                    Value::Bool(false) => self.value(no),
                    other => undecided(format!("{} is neither true nor false", other.kind())),
                };
            }
            ("@not_strictly_false", [condition]) => {
                return self.value(condition).map(|value| Value::Bool(!matches!(value, Value::Bool(false))));
            }
            _ => {}
        }
        let mut arguments = Vec::with_capacity(call.args.len() + 1);
        for argument in call.target.as_deref().into_iter().chain(&call.args) {
            arguments.push(self.value(argument)?);
        }
        match (call.func_name.as_str(), arguments.as_slice()) {
            ("matches", [value, pattern]) => {
                text::matches(self.patterns.get(&id), value, pattern, self.budget).map(Value::Bool)
            }
            (name, arguments) => calls::call(name, arguments, self.budget),
        }
    }

    /// `a && b` (`decides` is false) or `a || b` (true): a side that decides makes up for one that cannot be decided.
    fn logical(&mut self, a: &'e IdedExpr, b: &'e IdedExpr, decides: bool) -> Result<Value<'e>, Fault> {
        let first = self.truth(a)?;
        if first == Ok(decides) {
            return Ok(Value::Bool(decides));
        }
        match (first, self.truth(b)?) {
            (_, Ok(second)) if second == decides => Ok(Value::Bool(decides)),
            (Err(reason), _) | (_, Err(reason)) => undecided(reason),
            _ => Ok(Value::Bool(!decides)),
        }
    }

    /// The result of one side, or why it cannot be decided. An exhausted budget ends the evaluation.
    fn truth(&mut self, node: &'e IdedExpr) -> Result<Result<bool, String>, Fault> {
        match self.value(node) {
            Ok(Value::Bool(value)) => Ok(Ok(value)),
            Ok(other) => Ok(Err(format!("{} is neither true nor false", other.kind()))),
            Err(Fault::Undecided(reason)) => Ok(Err(reason)),
            Err(exhausted) => Err(exhausted),
        }
    }

    /// Evaluates what a macro (`all`, `exists`, `exists_one`, `map`, `filter`) expands to.
    fn comprehension(&mut self, of: &'e ComprehensionExpr) -> Result<Value<'e>, Fault> {
        let range = self.value(&of.iter_range)?;
        let elements = match &range {
            Value::Array(_) | Value::List(_) => Elements::Of(range),
            Value::Object(members) => Elements::Names(members.keys()),
            Value::Map(entries) => Elements::Keys(Rc::clone(entries)),
            other => return undecided(format!("{} has no elements", other.kind())),
        };
        let depth = self.variables.len();
        self.variables.push((&of.iter_var, Value::Null));
        let result = match Shape::of(of) {
            Shape::Decides(predicate, decides) => self.decide(elements, predicate, decides),
            Shape::Gathers(filter, element) => self.gather(elements, filter, element),
            Shape::Other => self.fold(elements, of),
        };
        self.variables.truncate(depth);
        result
    }

    /// Assigns the next element to the loop's variable.
    fn advance(&mut self, elements: &mut Elements<'e>, index: usize) -> bool {
        match (elements.next(index), self.variables.last_mut()) {
            (Some(element), Some(variable)) => {
                variable.1 = element;
                true
            }
            _ => false,
        }
    }

    /// `exists` (`decides` is true) and `all` (false): as a chain of `||` or `&&`.
    fn decide(
        &mut self,
        mut elements: Elements<'e>,
        predicate: &'e IdedExpr,
        decides: bool,
    ) -> Result<Value<'e>, Fault> {
        let mut undecidable = None;
        let mut index = 0;
        while self.advance(&mut elements, index) {
            match self.truth(predicate)? {
                Ok(value) if value == decides => return Ok(Value::Bool(decides)),
                Ok(_) => {}
                Err(reason) => undecidable = Some(reason),
            }
            index += 1;
        }
        undecidable.map_or(Ok(Value::Bool(!decides)), undecided)
    }

    /// `map` and `filter`: the list grows in place.
    fn gather(
        &mut self,
        mut elements: Elements<'e>,
        filter: Option<&'e IdedExpr>,
        element: &'e IdedExpr,
    ) -> Result<Value<'e>, Fault> {
        let (mut gathered, mut index) = (Vec::new(), 0);
        while self.advance(&mut elements, index) {
            index += 1;
            let wanted = match filter.map(|filter| self.value(filter)).transpose()? {
                None | Some(Value::Bool(true)) => true,
                Some(Value::Bool(false)) => false,
                Some(other) => return undecided(format!("{} is neither true nor false", other.kind())),
            };
            if wanted {
                self.budget.bytes(size_of::<Value<'_>>())?;
                gathered.push(self.value(element)?);
            }
        }
        Ok(Value::List(Rc::new(gathered)))
    }

    /// Any other loop, such as `exists_one`, step by step.
    fn fold(&mut self, mut elements: Elements<'e>, of: &'e ComprehensionExpr) -> Result<Value<'e>, Fault> {
        let mut result = self.value(&of.accu_init)?;
        let mut index = 0;
        while self.advance(&mut elements, index) {
            index += 1;
            // The element stays the last variable.
            self.variables.insert(self.variables.len() - 1, (&of.accu_var, result));
            let going = self.value(&of.loop_cond)?;
            result = self.value(&of.loop_step)?;
            self.variables.remove(self.variables.len() - 2);
            if matches!(going, Value::Bool(false)) {
                break;
            }
        }
        self.variables.push((&of.accu_var, result));
        self.value(&of.result)
    }
}

fn unsupported<T>() -> Result<T, Fault> {
    undecided("a part of the rule is not supported")
}

/// What a loop iterates over.
enum Elements<'e> {
    Of(Value<'e>),
    Names(serde_json::map::Keys<'e>),
    Keys(Rc<Vec<(Value<'e>, Value<'e>)>>),
}

impl<'e> Elements<'e> {
    /// Asked for each index in turn.
    fn next(&mut self, index: usize) -> Option<Value<'e>> {
        match self {
            Elements::Of(list) => list.element(index),
            Elements::Names(names) => names.next().map(|name| Value::Text(Text::Borrowed(name))),
            Elements::Keys(entries) => entries.get(index).map(|(key, _)| key.clone()),
        }
    }
}

/// The kind of a loop, recognised by its macro's expansion.
enum Shape<'e> {
    Decides(&'e IdedExpr, bool),
    Gathers(Option<&'e IdedExpr>, &'e IdedExpr),
    Other,
}

impl<'e> Shape<'e> {
    fn of(of: &'e ComprehensionExpr) -> Shape<'e> {
        let result = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(name) if *name == of.accu_var);
        let gathered = |node: &'e IdedExpr| match &node.expr {
            Expr::Call(call) if call.func_name == "_+_" => match call.args.as_slice() {
                [so_far, IdedExpr { expr: Expr::List(list), .. }] if result(so_far) => match list.elements.as_slice() {
                    [element] => Some(element),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        if !result(&of.result) {
            return Shape::Other;
        }
        if let Some(element) = gathered(&of.loop_step) {
            return Shape::Gathers(None, element);
        }
        let Expr::Call(step) = &of.loop_step.expr else { return Shape::Other };
        match (step.func_name.as_str(), step.args.as_slice()) {
            ("_||_", [so_far, predicate]) if result(so_far) => Shape::Decides(predicate, true),
            ("_&&_", [so_far, predicate]) if result(so_far) => Shape::Decides(predicate, false),
            ("_?_:_", [filter, yes, no]) if result(no) => match gathered(yes) {
                Some(element) => Shape::Gathers(Some(filter), element),
                None => Shape::Other,
            },
            _ => Shape::Other,
        }
    }
}
