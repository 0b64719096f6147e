//! Dapr's state query (alpha): which values, in what order, how many. Pure: knows JSON, not the store.
//!
//! Source: Dapr's reference, "State management query". A field is a path with dots into the value; a missing field equals
//! nothing and is sorted first. Values are read in place ([`json`]) and only those of the page are copied ([`page`]).
mod json;
mod page;

pub use page::{Outgrown, Page};

use json::{Leaf, at, is_json};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The most results of one page.
const MOST: usize = 10_000;
/// Largest query, bytes.
const LONGEST: usize = 1 << 20;
/// Filters within filters.
const DEEPEST: usize = 32;
/// Largest object or array that a field is compared with, bytes.
const LARGEST_OPERAND: usize = 16 << 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    filter: Option<Box<RawValue>>,
    sort: Vec<Sort>,
    page: Wanted,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sort {
    key: String,
    #[serde(default)]
    order: Order,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Order {
    #[default]
    Asc,
    Desc,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    limit: usize,
    token: String,
}

/// A condition.
#[derive(Debug)]
enum Filter {
    Compare(Comparison, Vec<String>, Leaf<'static>),
    In(Vec<String>, Vec<Leaf<'static>>),
    And(Vec<Filter>),
    Or(Vec<Filter>),
    All,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Eq,
    Neq,
    Gt,
    Gte,
    Lt,
    Lte,
}

/// A query that has been checked.
#[derive(Debug)]
pub struct Plan {
    filter: Filter,
    sort: Vec<(Vec<String>, Order)>,
    first: usize,
    limit: usize,
}

/// One page.
#[derive(Debug)]
pub struct Found<T> {
    /// In order.
    pub results: Vec<T>,
    /// Where the next page begins; empty after the last.
    pub token: String,
}

impl Query {
    /// From its JSON text.
    pub fn parse(text: &[u8]) -> Result<Plan, String> {
        if text.len() > LONGEST {
            return Err(format!("the query has {} bytes, but may have {LONGEST}", text.len()));
        }
        let query: Query = serde_json::from_slice(text).map_err(|e| format!("the query: {e}"))?;
        let first = match query.page.token.as_str() {
            "" => 0,
            token => token.parse().map_err(|_| format!("the token {token:?} is none that a query gave"))?,
        };
        let limit = if query.page.limit == 0 { MOST } else { query.page.limit.min(MOST) };
        let sort = query.sort.into_iter().map(|Sort { key, order }| (path(&key), order)).collect();
        let filter = query.filter.map_or(Ok(Filter::All), |given| filter(&given, 0))?;
        Ok(Plan { filter, sort, first, limit })
    }
}

fn path(field: &str) -> Vec<String> {
    field.split('.').map(str::to_owned).collect()
}

type Members = BTreeMap<String, Box<RawValue>>;

/// The operand of a comparison.
fn operand(raw: &RawValue) -> Result<Leaf<'static>, String> {
    match Leaf::new(raw).into_owned() {
        Leaf::Other(text) if text.len() > LARGEST_OPERAND => Err(format!(
            "a filter compares with an object or array of {} bytes, but it may have {LARGEST_OPERAND}",
            text.len()
        )),
        leaf => Ok(leaf),
    }
}

fn filter(given: &RawValue, depth: usize) -> Result<Filter, String> {
    if depth > DEEPEST {
        return Err(format!("filters are nested deeper than {DEEPEST}"));
    }
    let members: Members = serde_json::from_str(given.get()).map_err(|_| format!("{} is no filter", given.get()))?;
    let mut members = members.into_iter();
    let Some((word, operands)) = members.next() else { return Ok(Filter::All) };
    if let Some((other, _)) = members.next() {
        return Err(format!("a filter has one operator, not both {word:?} and {other:?}; join them by AND or OR"));
    }
    let list = || {
        let parts: Vec<&RawValue> = serde_json::from_str(operands.get()).unwrap_or_default();
        if parts.is_empty() {
            return Err(format!("{word} takes a list of filters"));
        }
        parts.into_iter().map(|part| filter(part, depth + 1)).collect::<Result<Vec<_>, String>>()
    };
    let field = || match serde_json::from_str::<Members>(operands.get()).ok().map(|m| (m.len(), m.into_iter().next())) {
        Some((1, Some((key, value)))) => Ok((key, value)),
        _ => Err(format!("{word} takes an object with one field, not {}", operands.get())),
    };
    let compare = |comparison| {
        let (key, value) = field()?;
        Ok(Filter::Compare(comparison, path(&key), operand(&value)?))
    };
    match word.as_str() {
        "AND" => Ok(Filter::And(list()?)),
        "OR" => Ok(Filter::Or(list()?)),
        "EQ" => compare(Comparison::Eq),
        "NEQ" => compare(Comparison::Neq),
        "GT" => compare(Comparison::Gt),
        "GTE" => compare(Comparison::Gte),
        "LT" => compare(Comparison::Lt),
        "LTE" => compare(Comparison::Lte),
        "IN" => {
            let (key, value) = field()?;
            let values: Vec<&RawValue> = serde_json::from_str(value.get())
                .map_err(|_| format!("IN takes a list of values for {key:?}, not {}", value.get()))?;
            Ok(Filter::In(path(&key), values.into_iter().map(operand).collect::<Result<_, _>>()?))
        }
        other => Err(format!("there is no operator {other:?}; there are EQ, NEQ, GT, GTE, LT, LTE, IN, AND, OR")),
    }
}

impl Filter {
    fn holds(&self, text: &str) -> Result<bool, serde_json::Error> {
        Ok(match self {
            Filter::All => is_json(text),
            Filter::And(parts) => {
                for part in parts {
                    if !part.holds(text)? {
                        return Ok(false);
                    }
                }
                true
            }
            Filter::Or(parts) => {
                for part in parts {
                    if part.holds(text)? {
                        return Ok(true);
                    }
                }
                false
            }
            Filter::In(path, wanted) => at(text, path)?
                .map(Leaf::new)
                .is_some_and(|found| wanted.iter().any(|one| found.order(one) == Some(Ordering::Equal))),
            Filter::Compare(comparison, path, wanted) => {
                let order = at(text, path)?.map(Leaf::new).and_then(|found| found.order(wanted));
                match comparison {
                    Comparison::Eq => order == Some(Ordering::Equal),
                    Comparison::Neq => order != Some(Ordering::Equal),
                    Comparison::Gt => order == Some(Ordering::Greater),
                    Comparison::Gte => order.is_some_and(Ordering::is_ge),
                    Comparison::Lt => order == Some(Ordering::Less),
                    Comparison::Lte => order.is_some_and(Ordering::is_le),
                }
            }
        })
    }
}

impl Plan {
    /// Whether the results are in the order of their keys.
    pub fn by_keys(&self) -> bool {
        self.sort.is_empty()
    }

    /// Whether a value is among the results; a value that is not JSON never is.
    pub fn takes(&self, text: &str) -> bool {
        self.filter.holds(text).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn run(query: Value, values: &[Value]) -> (Vec<usize>, String) {
        let plan = Query::parse(query.to_string().as_bytes()).unwrap();
        let mut page = Page::new(&plan, 1 << 20);
        let texts: Vec<String> = values.iter().map(Value::to_string).collect();
        for (i, text) in texts.iter().enumerate().filter(|(_, text)| plan.takes(text)) {
            if page.offer::<Outgrown>(text, 0, || Ok(i)).unwrap().is_break() {
                break;
            }
        }
        let found = page.end();
        (found.results, found.token)
    }

    #[test]
    fn filters_sorts_and_pages() {
        let people = [
            json!({"name": "ada", "age": 36, "home": {"city": "London"}}),
            json!({"name": "bob", "age": 7.5, "home": {"city": "Rome"}}),
            json!({"name": "eve", "home": {"city": "Rome"}}),
            json!(3),
        ];
        let ids = |query: Value| run(query, &people).0;
        assert_eq!(ids(json!({})), [0, 1, 2, 3]);
        assert_eq!(ids(json!({"filter": {"EQ": {"home.city": "Rome"}}})), [1, 2]);
        assert_eq!(ids(json!({"filter": {"NEQ": {"home.city": "Rome"}}})), [0, 3]);
        assert_eq!(ids(json!({"filter": {"GT": {"age": 7}}})), [0, 1]);
        assert_eq!(ids(json!({"filter": {"LTE": {"age": 7.5}}})), [1]);
        assert_eq!(ids(json!({"filter": {"IN": {"name": ["eve", "ada"]}}})), [0, 2]);
        assert_eq!(
            ids(
                json!({"filter": {"OR": [{"EQ": {"name": "ada"}}, {"AND": [{"EQ": {"home.city": "Rome"}}, {"LT": {"age": 9}}]}]}})
            ),
            [0, 1]
        );
        assert_eq!(ids(json!({"sort": [{"key": "home.city", "order": "DESC"}, {"key": "age"}]})), [2, 1, 0, 3]);
        assert_eq!(run(json!({"page": {"limit": 3}}), &people), (vec![0, 1, 2], "3".to_owned()));
        assert_eq!(run(json!({"page": {"limit": 3, "token": "3"}}), &people), (vec![3], String::new()));
    }

    #[test]
    fn numbers_keep_their_digits() {
        let plan = |query: &str| Query::parse(query.as_bytes()).unwrap();
        let one = "{\"n\":12345678901234567890123}";
        assert!(plan(r#"{"filter":{"EQ":{"n":12345678901234567890123}}}"#).takes(one));
        assert!(plan(r#"{"filter":{"GT":{"n":12345678901234567890122}}}"#).takes(one));
        assert!(!plan(r#"{"filter":{"EQ":{"n":12345678901234567890124}}}"#).takes(one));
        assert!(plan(r#"{"filter":{"IN":{"n":[1.50, -0]}}}"#).takes(r#"{"n":0.15e1}"#));
        assert!(plan(r#"{"filter":{"LT":{"n":1e400}}}"#).takes(one));
        assert!(plan(r#"{"filter":{"EQ":{"n":{"a":[1,2]}}}}"#).takes(r#"{"n": {"a" : [1, 2]}}"#));
        assert!(!plan("{}").takes("no json") && plan("{}").takes("1e400"));
    }

    #[test]
    fn a_sorted_page_holds_no_more_than_it_needs() {
        let plan = Query::parse(br#"{"sort":[{"key":"n","order":"DESC"}],"page":{"limit":3,"token":"2"}}"#).unwrap();
        let mut page = Page::new(&plan, 2_000);
        for n in 0..10_000 {
            assert!(page.offer::<Outgrown>(&format!("{{\"n\":{n}}}"), 0, || Ok(n)).unwrap().is_continue());
        }
        let found = page.end();
        assert_eq!((found.results, found.token.as_str()), (vec![9_997, 9_996, 9_995], "5"));
        let mut page = Page::new(&plan, 2_000);
        let long = format!("{{\"n\":\"{}\"}}", "x".repeat(2_000));
        assert!(page.offer::<Outgrown>(&long, 0, || Ok(0)).is_err());
    }

    #[test]
    fn kinds_are_sorted_one_after_the_other() {
        let values =
            [json!({"a": "x"}), json!({"a": 2}), json!({}), json!({"a": null}), json!({"a": true}), json!({"a": []})];
        assert_eq!(run(json!({"sort": [{"key": "a"}]}), &values).0, [2, 3, 4, 1, 0, 5]);
        assert_eq!(run(json!({"sort": [{"key": "a", "order": "DESC"}]}), &values).0, [5, 0, 1, 4, 3, 2]);
    }

    #[test]
    fn faults_are_named() {
        let fault = |query: Value| Query::parse(query.to_string().as_bytes()).unwrap_err();
        assert!(fault(json!({"filter": {"LIKE": {"a": 1}}})).contains("\"LIKE\""));
        assert!(fault(json!({"filter": {"EQ": {"a": 1}, "GT": {"b": 1}}})).contains("AND or OR"));
        assert!(fault(json!({"filter": {"IN": {"a": 1}}})).contains("list of values"));
        assert!(fault(json!({"filter": {"AND": []}})).contains("list of filters"));
        assert!(fault(json!({"page": {"token": "x"}})).contains("\"x\""));
        assert!(fault(json!({"filtre": {}})).contains("filtre"));
        assert!(fault(json!({"filter": {"EQ": {"a": vec![0; 10_000]}}})).contains("16384"));
        let nested = |depth| format!("{}{{}}{}", "{\"AND\":[".repeat(depth), "]}".repeat(depth));
        let parsed = |filter: String| Query::parse(format!("{{\"filter\":{filter}}}").as_bytes()).map(drop);
        assert!(parsed(nested(30)).is_ok());
        assert!(parsed(nested(100_000)).unwrap_err().contains("nested deeper than 32"));
    }
}
