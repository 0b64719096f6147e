//! Dapr's state query (alpha): which values, in what order, how many. Pure: knows JSON, not where values are kept.
//!
//! Source: Dapr's reference, "State management query". A field is a path with dots into the value; what a value does not have
//! equals nothing and is sorted first.
use serde::Deserialize;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Results of one page at most, whatever is asked for: they are held in memory.
const MOST: usize = 10_000;

/// A query.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    filter: Map<String, Value>,
    sort: Vec<Sort>,
    page: Page,
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
struct Page {
    limit: usize,
    token: String,
}

/// A condition.
#[derive(Debug)]
enum Filter {
    Compare(Comparison, String, Value),
    In(String, Vec<Value>),
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
    sort: Vec<Sort>,
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
        let query: Query = serde_json::from_slice(text).map_err(|e| format!("the query: {e}"))?;
        let first = match query.page.token.as_str() {
            "" => 0,
            token => token.parse().map_err(|_| format!("the token {token:?} is none that a query gave"))?,
        };
        let limit = if query.page.limit == 0 { MOST } else { query.page.limit.min(MOST) };
        Ok(Plan { filter: filter(&query.filter)?, sort: query.sort, first, limit })
    }
}

fn filter(members: &Map<String, Value>) -> Result<Filter, String> {
    let mut members = members.iter();
    let Some((word, operand)) = members.next() else { return Ok(Filter::All) };
    if let Some((other, _)) = members.next() {
        return Err(format!("a filter has one operator, not both {word:?} and {other:?}; join them by AND or OR"));
    }
    let list = || operand.as_array().filter(|list| !list.is_empty()).ok_or(format!("{word} takes a list of filters"));
    let nested = |list: &Vec<Value>| {
        let one = |part: &Value| filter(part.as_object().ok_or(format!("{part} is no filter"))?);
        list.iter().map(one).collect::<Result<Vec<_>, String>>()
    };
    let field = || match operand.as_object().map(|object| (object.len(), object.iter().next())) {
        Some((1, Some((key, value)))) => Ok((key.clone(), value.clone())),
        _ => Err(format!("{word} takes an object with one field, not {operand}")),
    };
    let compare = |comparison| field().map(|(key, value)| Filter::Compare(comparison, key, value));
    match word.as_str() {
        "AND" => Ok(Filter::And(nested(list()?)?)),
        "OR" => Ok(Filter::Or(nested(list()?)?)),
        "EQ" => compare(Comparison::Eq),
        "NEQ" => compare(Comparison::Neq),
        "GT" => compare(Comparison::Gt),
        "GTE" => compare(Comparison::Gte),
        "LT" => compare(Comparison::Lt),
        "LTE" => compare(Comparison::Lte),
        "IN" => match field()? {
            (key, Value::Array(values)) => Ok(Filter::In(key, values)),
            (key, other) => Err(format!("IN takes a list of values for {key:?}, not {other}")),
        },
        other => Err(format!("there is no operator {other:?}; there are EQ, NEQ, GT, GTE, LT, LTE, IN, AND, OR")),
    }
}

/// What stands at a path with dots.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| match value {
        Value::Array(list) => list.get(name.parse::<usize>().ok()?),
        _ => value.get(name),
    })
}

/// Numbers by value, texts by their characters, false before true; others have no order.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (a, b) if a == b => Some(Ordering::Equal),
        _ => None,
    }
}

impl Filter {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Filter::All => true,
            Filter::And(parts) => parts.iter().all(|part| part.holds(value)),
            Filter::Or(parts) => parts.iter().any(|part| part.holds(value)),
            Filter::In(key, wanted) => {
                at(value, key).is_some_and(|found| wanted.iter().any(|one| order(found, one) == Some(Ordering::Equal)))
            }
            Filter::Compare(comparison, key, wanted) => {
                let order = at(value, key).and_then(|found| order(found, wanted));
                match comparison {
                    Comparison::Eq => order == Some(Ordering::Equal),
                    Comparison::Neq => order != Some(Ordering::Equal),
                    Comparison::Gt => order == Some(Ordering::Greater),
                    Comparison::Gte => order.is_some_and(Ordering::is_ge),
                    Comparison::Lt => order == Some(Ordering::Less),
                    Comparison::Lte => order.is_some_and(Ordering::is_le),
                }
            }
        }
    }
}

impl Plan {
    /// Whether a value is among the results. What is no JSON is not.
    pub fn takes(&self, bytes: &[u8]) -> Option<Value> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        self.filter.holds(&value).then_some(value)
    }

    /// The page, of everything that the query takes.
    pub fn page<T>(&self, mut taken: Vec<(Value, T)>) -> Found<T> {
        let rank = |a: Option<&Value>, b: Option<&Value>| match (a, b) {
            (Some(a), Some(b)) => order(a, b).unwrap_or(Ordering::Equal),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        // Stable: where nothing else is asked for, the order is that of the keys.
        taken.sort_by(|(a, _), (b, _)| {
            let ranks = self.sort.iter().map(|sort| {
                let rank = rank(at(a, &sort.key), at(b, &sort.key));
                if matches!(sort.order, Order::Desc) { rank.reverse() } else { rank }
            });
            ranks.fold(Ordering::Equal, Ordering::then)
        });
        let end = self.first.saturating_add(self.limit);
        let token = if end < taken.len() { end.to_string() } else { String::new() };
        let results = taken.into_iter().skip(self.first).take(self.limit).map(|(_, result)| result).collect();
        Found { results, token }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn run(query: Value, values: &[Value]) -> (Vec<usize>, String) {
        let plan = Query::parse(query.to_string().as_bytes()).unwrap();
        let taken = values.iter().enumerate();
        let found = plan.page(taken.filter_map(|(i, v)| Some((plan.takes(v.to_string().as_bytes())?, i))).collect());
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
    fn faults_are_named() {
        let fault = |query: Value| Query::parse(query.to_string().as_bytes()).unwrap_err();
        assert!(fault(json!({"filter": {"LIKE": {"a": 1}}})).contains("\"LIKE\""));
        assert!(fault(json!({"filter": {"EQ": {"a": 1}, "GT": {"b": 1}}})).contains("AND or OR"));
        assert!(fault(json!({"filter": {"IN": {"a": 1}}})).contains("list of values"));
        assert!(fault(json!({"filter": {"AND": []}})).contains("list of filters"));
        assert!(fault(json!({"page": {"token": "x"}})).contains("\"x\""));
        assert!(fault(json!({"filtre": {}})).contains("filtre"));
    }
}
