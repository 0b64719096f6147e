//! Routing rules of subscriptions: which of a function's routes an event takes, by conditions in CEL over the one variable `event`,
//! as Dapr's programmatic subscriptions have them.
//!
//! Owns: the language, and the bounds of what a condition may cost: its length, and no loop within a loop.
use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::objects::Key;
use cel::{Context, Program};
use daplet_abi::load::{Routes, Subscription};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Longest condition, bytes. It bounds how deep one can be nested too.
const MAX_MATCH: usize = 1024;

/// Where an event goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the handler; the name of the route, where the subscription has routes.
    Handler(Option<String>),
    /// Nowhere: no rule holds and there is no default.
    Nowhere,
}

/// The routes of one subscription, ready for use.
pub struct Router {
    pubsub: String,
    topic: String,
    rules: Vec<(Option<Program>, String)>,
    default: Option<String>,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Router({}/{}, {} rules)", self.pubsub, self.topic, self.rules.len())
    }
}

/// Those of all subscriptions that have some; the first that is none is the error.
pub fn routers(subscriptions: &[Subscription]) -> Result<Vec<Router>, String> {
    let routed = subscriptions.iter().enumerate();
    let routed = routed.filter_map(|(index, s)| s.routes.as_ref().map(|routes| (index, s, routes)));
    routed.map(|(index, subscription, routes)| router(index, subscription, routes)).collect()
}

fn router(index: usize, subscription: &Subscription, routes: &Routes) -> Result<Router, String> {
    let mut rules = Vec::new();
    for (number, rule) in routes.rules.iter().enumerate() {
        let program = if rule.condition.is_empty() { None } else { Some(compile(&rule.condition)) };
        let program = program.transpose();
        let program = program.map_err(|e| format!("subscriptions[{index}].routes.rules[{number}].match: {e}"))?;
        rules.push((program, rule.path.clone()));
    }
    let (pubsub, topic) = (subscription.pubsub.clone(), subscription.topic.clone());
    Ok(Router { pubsub, topic, rules, default: routes.default.clone() })
}

/// Which way `event` of that topic goes; an error where a condition cannot be decided.
pub fn route(routers: &[Router], (pubsub, topic): (&str, &str), event: &Map<String, Value>) -> Result<Route, String> {
    let Some(router) = routers.iter().find(|r| r.pubsub == pubsub && r.topic == topic) else {
        return Ok(Route::Handler(None));
    };
    let mut context = Context::default();
    context.add_variable_from_value("event", object(event));
    for (program, path) in &router.rules {
        let holds = match program {
            None => true,
            Some(program) => match guarded(|| program.execute(&context).map_err(|e| e.to_string()))? {
                cel::Value::Bool(holds) => holds,
                other => return Err(format!("the rule for {path} is {other:?}, which is neither true nor false")),
            },
        };
        if holds {
            return Ok(Route::Handler(Some(path.clone())));
        }
    }
    Ok(router.default.clone().map_or(Route::Nowhere, |default| Route::Handler(Some(default))))
}

fn compile(condition: &str) -> Result<Program, String> {
    if condition.len() > MAX_MATCH {
        return Err(format!("the condition has {} bytes; it may have {MAX_MATCH}", condition.len()));
    }
    let program = guarded(|| Program::compile(condition).map_err(|e| e.to_string()))?;
    if loops(program.expression()) > 1 {
        return Err("a loop (all, exists, map, filter) within a loop is not supported".to_owned());
    }
    Ok(program)
}

/// A fault of the interpreter is the condition's alone.
fn guarded<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let run = std::panic::AssertUnwindSafe(run);
    std::panic::catch_unwind(run).unwrap_or_else(|_| Err("the condition cannot be evaluated".to_owned()))
}

/// How deep loops lie within each other.
fn loops(node: &IdedExpr) -> usize {
    let deepest = |nodes: &mut dyn Iterator<Item = &IdedExpr>| nodes.map(loops).max().unwrap_or(0);
    let entries = |entries: &[cel::common::ast::IdedEntryExpr]| {
        let depth = |entry: &EntryExpr| match entry {
            EntryExpr::StructField(field) => loops(&field.value),
            EntryExpr::MapEntry(entry) => loops(&entry.key).max(loops(&entry.value)),
        };
        entries.iter().map(|entry| depth(&entry.expr)).max().unwrap_or(0)
    };
    match &node.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => 0,
        Expr::Call(call) => deepest(&mut call.args.iter().chain(call.target.as_deref())),
        Expr::List(list) => deepest(&mut list.elements.iter()),
        Expr::Map(map) => entries(&map.entries),
        Expr::Struct(object) => entries(&object.entries),
        Expr::Select(select) => loops(&select.operand),
        Expr::Comprehension(c) => {
            let inner = [&c.accu_init, &c.loop_cond, &c.loop_step, &c.result];
            loops(&c.iter_range).max(1 + deepest(&mut inner.into_iter()))
        }
    }
}

fn object(members: &Map<String, Value>) -> cel::Value {
    let members = members.iter().map(|(name, value)| (Key::from(name.clone()), plain(value)));
    cel::Value::from(members.collect::<HashMap<Key, cel::Value>>())
}

fn plain(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(value) => cel::Value::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => cel::Value::Int(whole),
            None => cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => cel::Value::from(text.as_str()),
        Value::Array(items) => cel::Value::from(items.iter().map(plain).collect::<Vec<_>>()),
        Value::Object(members) => object(members),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daplet_abi::load::RoutingRule;
    use serde_json::json;

    fn subscription(rules: &[(&str, &str)], default: Option<&str>) -> Subscription {
        let rule = |(condition, path): &(&str, &str)| RoutingRule {
            condition: (*condition).to_owned(),
            path: (*path).to_owned(),
        };
        Subscription {
            pubsub: "pubsub".to_owned(),
            topic: "orders".to_owned(),
            dead_letter_topic: None,
            retry: None,
            raw_payload: false,
            routes: Some(Routes { rules: rules.iter().map(rule).collect(), default: default.map(str::to_owned) }),
            bulk_subscribe: None,
        }
    }

    fn taken(rules: &[(&str, &str)], default: Option<&str>, event: Value) -> Result<Route, String> {
        let routers = routers(&[subscription(rules, default)])?;
        let Value::Object(event) = event else { return Err("no event".to_owned()) };
        route(&routers, ("pubsub", "orders"), &event)
    }

    #[test]
    fn the_first_rule_that_holds_decides() {
        let rules = [
            (r#"event.type == "order.created""#, "created"),
            ("has(event.data.amount) && event.data.amount > 100", "large"),
            (r#"event.data.tags.exists(t, t == "vip")"#, "vip"),
        ];
        let to = |path: &str| Ok(Route::Handler(Some(path.to_owned())));
        assert_eq!(taken(&rules, None, json!({"type": "order.created", "data": {}})), to("created"));
        assert_eq!(taken(&rules, None, json!({"type": "x", "data": {"amount": 101}})), to("large"));
        assert_eq!(taken(&rules, None, json!({"type": "x", "data": {"amount": 100.5, "tags": []}})), to("large"));
        assert_eq!(taken(&rules, None, json!({"type": "x", "data": {"tags": ["a", "vip"]}})), to("vip"));
        assert_eq!(taken(&rules, None, json!({"type": "x", "data": {"tags": []}})), Ok(Route::Nowhere));
        assert_eq!(taken(&rules, Some("rest"), json!({"type": "x", "data": {"tags": []}})), to("rest"));
        assert_eq!(taken(&[("", "always")], None, json!({})), to("always"));
    }

    #[test]
    fn what_cannot_be_decided_is_an_error() {
        assert!(taken(&[("event.data.missing == 1", "a")], None, json!({"data": {}})).is_err());
        assert!(taken(&[("event.data", "a")], None, json!({"data": 1})).is_err());
    }

    #[test]
    fn conditions_are_bounded() {
        for (condition, why) in [
            ("event.type ==", "match"),
            ("event.data.all(a, event.data.all(b, a == b))", "within a loop"),
            (&"(".repeat(1000), "match"),
            (&"!".repeat(1000), "match"),
            (&format!("[{}1{}]", "[".repeat(500), "]".repeat(500)), "match"),
            (&"x".repeat(1025), "1025 bytes"),
        ] {
            let error = routers(&[subscription(&[(condition, "a")], None)]).err();
            assert!(error.as_ref().is_some_and(|error| error.contains(why)), "{condition}: {error:?}");
        }
        // As long as may be, and no longer than that: the deepest tree.
        let chain = format!("event.n == 1{}", " && true".repeat(126));
        assert!(taken(&[(&chain, "a")], None, json!({"n": 1})).is_ok());
    }
}
