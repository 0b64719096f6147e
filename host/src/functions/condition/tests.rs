//! Conditions: their meaning, their equality and order, and what their budget stops.
#![allow(clippy::unwrap_used)]
use super::*;
use serde_json::json;

/// Steps and bytes that no honest condition comes near.
const BUDGET: Budget = Budget::new(1_000_000, 4 << 20);

fn holds_for(condition: &str, event: Json) -> Result<bool, String> {
    let Json::Object(event) = event else { return Err("no event".to_owned()) };
    Condition::compile(condition)?.holds(&event, &mut BUDGET.clone()).map_err(|fault| fault.to_string())
}

fn event() -> Json {
    json!({
        "type": "order.created", "source": "shop", "id": "7", "specversion": "1.0",
        "data": {"amount": 100.5, "count": 3, "big": 18_446_744_073_709_551_615_u64, "name": "πέντε", "none": null,
            "tags": ["vip", "new"], "region": "north", "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}], "ok": true},
    })
}

/// Each line holds for the event above: operators, macros and functions as CEL's specification and cel-go have them.
#[test]
fn conditions_mean_what_cel_says() {
    let conditions = include_str!("conditions.txt");
    for condition in conditions.lines().filter(|line| !line.is_empty() && !line.starts_with("//")) {
        assert_eq!(holds_for(condition, event()), Ok(true), "{condition}");
    }
}

#[test]
fn what_cannot_be_decided_says_why() {
    for (condition, why) in [
        ("event.data.missing == 1", "no field missing"),
        ("event.data", "neither true nor false"),
        ("event.data.name > 1", "have no order"),
        ("event.data.count + event.data.amount > 1.0", "does not take (int, double)"),
        ("event.data.count / 0 == 1", "division by zero"),
        ("9223372036854775807 + event.data.count > 0", "out of range"),
        ("event.data.tags[2] == ''", "out of the range"),
        ("event.data.name.missing", "string has no field missing"),
        ("has(event.data.name.missing)", "string has no field missing"),
        ("event.data.count in event.data.name", "has no elements"),
        ("size(event.data.count) == 1", "has no size"),
        ("event.data.tags.all(t, t == 1 || t > 1)", "have no order"),
        ("event.data.name && true", "neither true nor false"),
        ("timestamp('yesterday') < timestamp('2023-01-01T00:00:00Z')", "RFC 3339"),
        ("timestamp('2023-05-28T00:00:00Z').getHours('Mars/Base') == 0", "time zone"),
        ("timestamp('9999-12-30T00:00:00Z') + duration('96h') > timestamp('2000-01-01T00:00:00Z')", "out of range"),
        ("event.data.name.matches('(' + event.data.name)", "pattern"),
        ("int('x') == 1", "cannot read"),
        ("string(b'\\xff') == ''", "UTF-8"),
    ] {
        let found = holds_for(condition, event());
        assert!(found.as_ref().is_err_and(|reason| reason.contains(why)), "{condition}: {found:?}");
    }
}

#[test]
fn what_has_no_meaning_or_no_bound_is_refused_when_it_is_compiled() {
    for (condition, why) in [
        ("event.type ==", ""),
        ("evnt.type == 'a'", "no variable evnt"),
        ("lower(event.type) == 'a'", "no function lower"),
        ("event.type.lower() == 'a'", "no function .lower"),
        ("event.data.all(a, event.data.all(b, a == b))", "within a loop"),
        ("google.protobuf.Duration{seconds: 1} == duration('1s')", ""),
        ("event.type.matches('(')", "pattern of matches"),
        ("event.type.matches('((a{100}){100}){100}')", "pattern of matches"),
        (&"(".repeat(1000), ""),
        (&"!".repeat(1000), ""),
        (&format!("{}1{}", "[".repeat(500), "]".repeat(500)), ""),
        (&"x".repeat(1025), "1025 bytes"),
        (&format!("event.data.count == 0{}", "+1".repeat(490)), "150 levels"),
    ] {
        let found = Condition::compile(condition).err();
        assert!(found.as_ref().is_some_and(|reason| reason.contains(why)), "{condition}: {found:?}");
    }
}

/// The longest trees that the length allows, on the stack of a thread of the runtime.
#[test]
fn the_deepest_conditions_fit_on_a_stack() {
    let deep = [
        format!("event.data.count == 0{}", "+1".repeat(140)),
        format!("event{} == 1", ".a".repeat(140)),
        format!("true{}", "||true".repeat(160)),
        format!("event.data.ok{}", " && true".repeat(125)),
        format!("[1]{}.size() == 1", ".map(x,x)".repeat(100)),
        format!("event{}", "[0]".repeat(330)),
        format!("{}true", "true?true:".repeat(90)),
    ];
    for condition in deep {
        let run = move || holds_for(&condition, event()).map(|_| ());
        let _decided_or_not = std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
    }
}

/// Programs that would take hours or gigabytes: each ends by its budget.
#[test]
fn bombs_end_by_their_budget() {
    let double = |unit: &str, times: usize| unit.repeat(times);
    let numbers = json!({"data": vec![1; 30_000], "text": "a".repeat(1 << 20), "id": "x"});
    let bombs = [
        format!("['aaaaaaaa']{}.size() > 9", double(".map(x,x+x)", 60)),
        format!("[[1,2,3,4]]{}.size() > 9", double(".map(x,x+x)", 60)),
        format!("[b'aaaaaaaa']{}.size() > 9", double(".map(x,x+x)", 60)),
        format!("event.data{}.size() == 0", double(".map(x,x)", 90)),
        format!("event.data{}.size() == 0", double(".filter(x,true)", 60)),
        "event.data.all(x, !(-1 in event.data))".to_owned(),
        "event.data.exists(x, event.data == [])|| event.data.all(x, event.data != event.data + [1])".to_owned(),
        "event.data.all(x, size(event.text) > 0)".to_owned(),
        "event.data.all(x, event.text.contains('b') == false)".to_owned(),
        "event.data.all(x, event.text.matches('(a|b)*c') == false)".to_owned(),
        "event.data.all(x, 'x'.matches('(a|b)*c' + string(x)) == false)".to_owned(),
        "event.data.all(x, event.text + event.text != '')".to_owned(),
        "event.data.all(x, bytes(event.text) != b'')".to_owned(),
        "event.data.exists_one(x, event.text == event.text + '')".to_owned(),
        "event.data.all(x, {'a': event.data}['a'] == event.data)".to_owned(),
        "event.data.map(x, event.data + event.data).size() == 0".to_owned(),
        "event.data.map(x, string(x) + event.text).size() == 0".to_owned(),
    ];
    for bomb in bombs {
        let start = std::time::Instant::now();
        let found = holds_for(&bomb, numbers.clone());
        assert!(found.as_ref().is_err_and(|reason| reason.contains("more than the limit of")), "{bomb}: {found:?}");
        // Some ten milliseconds; hours without a budget.
        assert!(start.elapsed().as_secs() < 5, "{bomb}: {:?}", start.elapsed());
    }
}
