//! Routing rules of subscriptions: which of a function's routes an event takes, by conditions over the variable `event`,
//! as in Dapr's programmatic subscriptions.
//!
//! Owns: what the rules of one event may cost together, and on which thread they are evaluated. Must not know: how a
//! condition is evaluated.
use super::condition::{Budget, Condition, Fault};
use daplet_abi::load::{Routes, Subscription};
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

/// Most subscriptions of one function.
const MAX_SUBSCRIPTIONS: usize = 256;
/// Most rules of one subscription.
const MAX_RULES: usize = 128;
/// Enough for most rules: some ten microseconds, less than handing them to another thread takes.
const QUICK: Budget = Budget::new(2_000, 64 << 10);
/// The most that the rules of one event may take together: a few milliseconds.
const WHOLE: Budget = Budget::new(250_000, 1 << 20);

/// Work on this many bytes runs on a thread of its own.
const LONG: usize = 64 << 10;

/// Where an event goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the handler; with the name of the route, if the subscription has routes.
    Handler(Option<String>),
    /// To no handler: no rule matches and there is no default.
    Nowhere,
}

/// Why an event has no route. Both texts name the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unrouted {
    /// A condition cannot be decided for this event.
    Undecided(String),
    /// The rules exceed their budget. They would again, so a retry is useless.
    Exhausted(String),
}

/// The routes of a function's subscriptions.
pub struct Routing {
    routers: Vec<Router>,
    /// Admits one long evaluation of this function at a time.
    turn: Semaphore,
    /// Admits one long evaluation of any function at a time; they take turns.
    place: Arc<Semaphore>,
}

impl std::fmt::Debug for Routing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Routing({} routers)", self.routers.len())
    }
}

/// The routes of one subscription.
struct Router {
    pubsub: String,
    topic: String,
    rules: Vec<(Condition, String)>,
    default: Option<String>,
    /// Why the rules cannot be used.
    broken: Option<String>,
}

/// Checks the rules of all subscriptions; the error names the first invalid one, and why.
pub fn check(subscriptions: &[Subscription]) -> Result<(), String> {
    if subscriptions.len() > MAX_SUBSCRIPTIONS {
        let count = subscriptions.len();
        return Err(format!("the module has {count} subscriptions; a function may have {MAX_SUBSCRIPTIONS}"));
    }
    for (index, subscription) in subscriptions.iter().enumerate() {
        if let Some(routes) = &subscription.routes {
            rules(routes).map_err(|reason| format!("subscriptions[{index}].routes.{reason}"))?;
        }
    }
    Ok(())
}

fn rules(routes: &Routes) -> Result<Vec<(Condition, String)>, String> {
    if routes.rules.len() > MAX_RULES {
        return Err(format!("rules has {} rules; a subscription may have {MAX_RULES}", routes.rules.len()));
    }
    let compiled = routes.rules.iter().enumerate().map(|(number, rule)| {
        // An empty condition always matches.
        let condition = if rule.condition.is_empty() { "true" } else { rule.condition.as_str() };
        let condition = Condition::compile(condition).map_err(|reason| format!("rules[{number}].match: {reason}"))?;
        Ok((condition, rule.path.clone()))
    });
    compiled.collect()
}

impl Routing {
    /// The routes of these subscriptions. Rules that only an older release accepted are reported with each event.
    pub fn new(subscriptions: &[Subscription], place: Arc<Semaphore>) -> Routing {
        let routed = subscriptions.iter().filter_map(|s| s.routes.as_ref().map(|routes| (s, routes)));
        let router = |(subscription, routes): (&Subscription, &Routes)| {
            let (rules, broken) = match rules(routes) {
                Ok(rules) => (rules, None),
                Err(reason) => (Vec::new(), Some(reason)),
            };
            let (pubsub, topic) = (subscription.pubsub.clone(), subscription.topic.clone());
            Router { pubsub, topic, rules, default: routes.default.clone(), broken }
        };
        Routing { routers: routed.map(router).collect(), turn: Semaphore::new(1), place }
    }

    /// Which route `event` of that topic takes. Rules that take long are evaluated on a thread that serves nothing else
    /// meanwhile.
    pub async fn route(&self, (pubsub, topic): (&str, &str), event: &Map<String, Value>) -> Result<Route, Unrouted> {
        let Some(router) = self.routers.iter().find(|r| r.pubsub == pubsub && r.topic == topic) else {
            return Ok(Route::Handler(None));
        };
        match router.route(event, QUICK) {
            Err(Unrouted::Exhausted(_)) => {}
            decided => return decided,
        }
        let turns = (self.turn.acquire().await, self.place.acquire().await);
        let route = aside(LONG, || router.route(event, WHOLE));
        drop(turns);
        route
    }
}

/// Does work on so many bytes; if there are many, on a thread that serves nothing else meanwhile.
pub fn aside<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    if bytes >= LONG && Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        return tokio::task::block_in_place(work);
    }
    work()
}

impl Router {
    fn route(&self, event: &Map<String, Value>, mut budget: Budget) -> Result<Route, Unrouted> {
        if let Some(reason) = &self.broken {
            return Err(Unrouted::Undecided(format!("the routes of {}: {reason}", self.topic)));
        }
        for (number, (condition, path)) in self.rules.iter().enumerate() {
            let of_rule = |fault: &Fault| format!("rule {number} of {} (path {path:?}): {fault}", self.topic);
            match condition.holds(event, &mut budget) {
                Ok(true) => return Ok(Route::Handler(Some(path.clone()))),
                Ok(false) => {}
                Err(fault @ Fault::Undecided(_)) => return Err(Unrouted::Undecided(of_rule(&fault))),
                Err(fault @ Fault::Exhausted { .. }) => return Err(Unrouted::Exhausted(of_rule(&fault))),
            }
        }
        Ok(self.default.clone().map_or(Route::Nowhere, |default| Route::Handler(Some(default))))
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

    async fn taken(rules: &[(&str, &str)], default: Option<&str>, event: Value) -> Result<Route, Unrouted> {
        let routing = Routing::new(&[subscription(rules, default)], Arc::new(Semaphore::new(1)));
        let Value::Object(event) = event else { return Ok(Route::Nowhere) };
        routing.route(("pubsub", "orders"), &event).await
    }

    #[tokio::test]
    async fn the_first_rule_that_holds_decides() {
        let rules = [
            (r#"event.type == "order.created""#, "created"),
            ("has(event.data.amount) && event.data.amount > 100", "large"),
            (r#"event.data.tags.exists(t, t == "vip")"#, "vip"),
        ];
        let to = |path: &str| Ok(Route::Handler(Some(path.to_owned())));
        assert_eq!(taken(&rules, None, json!({"type": "order.created", "data": {}})).await, to("created"));
        assert_eq!(taken(&rules, None, json!({"type": "x", "data": {"amount": 101}})).await, to("large"));
        assert_eq!(taken(&rules, None, json!({"type": "x", "data": {"amount": 100.5, "tags": []}})).await, to("large"));
        assert_eq!(taken(&rules, None, json!({"type": "x", "data": {"tags": ["a", "vip"]}})).await, to("vip"));
        assert_eq!(taken(&rules, None, json!({"type": "x", "data": {"tags": []}})).await, Ok(Route::Nowhere));
        assert_eq!(taken(&rules, Some("rest"), json!({"type": "x", "data": {"tags": []}})).await, to("rest"));
        assert_eq!(taken(&[("", "always")], None, json!({})).await, to("always"));
    }

    #[tokio::test]
    async fn a_rule_that_gives_no_answer_is_named() {
        let undecided = taken(&[("event.data.missing == 1", "a")], Some("b"), json!({"data": {}})).await;
        assert!(
            matches!(&undecided, Err(Unrouted::Undecided(why)) if why.contains("rule 0 of orders")),
            "{undecided:?}"
        );
        let bomb = [("false", "a"), ("event.data.all(x, !(-1 in event.data))", "bomb")];
        let exhausted = taken(&bomb, Some("b"), json!({"data": vec![1; 30_000]})).await;
        let named = |why: &str| why.contains("rule 1 of orders") && why.contains("\"bomb\"") && why.contains("steps");
        assert!(matches!(&exhausted, Err(Unrouted::Exhausted(why)) if named(why)), "{exhausted:?}");
        // More than most rules need, and not more than they may take.
        let long = [("event.data.exists(x, x == 2)", "found")];
        let decided = taken(&long, Some("b"), json!({"data": vec![1; 10_000]})).await;
        assert_eq!(decided, Ok(Route::Handler(Some("b".to_owned()))));
    }

    #[tokio::test]
    async fn rules_are_bounded_and_checked() {
        let many = vec![("true", "a"); MAX_RULES + 1];
        for (rules, why) in [
            (&[("event.type ==", "a")][..], "subscriptions[0].routes.rules[0].match"),
            (&[("true", "a"), ("event.type.matches('(')", "b")], "rules[1].match: the pattern"),
            (&many, "129 rules"),
        ] {
            let refused = check(&[subscription(rules, None)]).err();
            assert!(refused.as_ref().is_some_and(|reason| reason.contains(why)), "{refused:?}");
            // From an older release: never taken for "no rules".
            let stored = taken(rules, Some("b"), json!({})).await;
            assert!(matches!(&stored, Err(Unrouted::Undecided(_))), "{stored:?}");
        }
    }
}
