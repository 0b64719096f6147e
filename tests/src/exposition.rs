//! A strict reader of Prometheus' text, version 0.0.4: whatever a scraper might trip over is a panic.
//!
//! Checked: every family has one HELP and one TYPE line before its samples and its samples stand together; names, labels and values
//! are well-formed; no series is there twice; counters end in `_total` and are not negative; a histogram's buckets grow, end at `+Inf`
//! and agree with its count. Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
use std::collections::{BTreeMap, HashSet};

/// The labels of a series, by name.
pub type Labels = BTreeMap<String, String>;

/// The samples of one scrape.
#[derive(Debug, Default)]
pub struct Exposition(BTreeMap<String, Vec<(Labels, f64)>>);

impl Exposition {
    /// Reads a whole exposition; panics with the line that breaks a rule.
    pub fn parse(text: &str) -> Exposition {
        assert!(text.ends_with('\n'), "the last line has no end");
        let (mut samples, mut families) = (Exposition::default(), HashSet::new());
        let (mut family, mut helped): (Option<(String, String)>, Option<String>) = (None, None);
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or_else(|| panic!("no help: {line}"));
                assert!(is_name(name) && !help.is_empty(), "{line}");
                helped = Some(name.to_owned());
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("no type: {line}"));
                assert_eq!(helped.take().as_deref(), Some(name), "HELP and TYPE differ: {line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(kind != "counter" || name.ends_with("_total"), "{line}");
                assert!(families.insert(name.to_owned()), "the family is there twice: {line}");
                family = Some((name.to_owned(), kind.to_owned()));
            } else {
                let (name, labels, value) = sample(line);
                let (family, kind) = family.as_ref().unwrap_or_else(|| panic!("no family: {line}"));
                let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
                assert!(suffixes.iter().any(|suffix| name == format!("{family}{suffix}")), "of no family: {line}");
                assert_eq!(name.ends_with("_bucket"), labels.contains_key("le"), "{line}");
                assert!(kind == "gauge" || value >= 0.0, "{line}");
                let series = samples.0.entry(name).or_default();
                assert!(series.iter().all(|(other, _)| *other != labels), "the series is there twice: {line}");
                series.push((labels, value));
            }
        }
        samples.check_histograms();
        samples
    }

    fn check_histograms(&self) {
        for (name, counts) in self.0.iter().filter(|(name, _)| name.ends_with("_count")) {
            let family = name.trim_end_matches("_count");
            for (labels, count) in counts {
                let of = |series: &Labels| series.iter().filter(|(name, _)| *name != "le").eq(labels.iter());
                let buckets = self.0[&format!("{family}_bucket")].iter().filter(|(series, _)| of(series));
                let buckets: Vec<(f64, f64)> = buckets.map(|(series, value)| (number(&series["le"]), *value)).collect();
                let grow = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
                assert!(grow, "{family}{labels:?}: {buckets:?}");
                assert_eq!(buckets.last(), Some(&(f64::INFINITY, *count)), "{family}{labels:?}");
                assert!(self.get(&format!("{family}_sum"), &pairs(labels)).is_some(), "{family}{labels:?} has no sum");
            }
        }
    }

    /// The value of one series.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted: Labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.0.get(name)?.iter().find(|(labels, _)| *labels == wanted).map(|(_, value)| *value)
    }

    /// The sum of all series of a name that have these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let of = |series: &Labels| labels.iter().all(|(name, value)| series.get(*name).is_some_and(|v| v == value));
        self.0.get(name).into_iter().flatten().filter(|(series, _)| of(series)).map(|(_, value)| value).sum()
    }

    /// The names of all samples.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn pairs(labels: &Labels) -> Vec<(&str, &str)> {
    labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        text => text.parse().unwrap_or_else(|_| panic!("no number: {text}")),
    }
}

/// `name{label="value",…} value`
fn sample(line: &str) -> (String, Labels, f64) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no sample: {line}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
            assert!(is_name(label), "{line}");
            let (value, after) = quoted(after).unwrap_or_else(|| panic!("no end of a value: {line}"));
            assert!(labels.insert(label.to_owned(), value).is_none(), "a label is there twice: {line}");
            rest = after.strip_prefix(',').unwrap_or(after);
            assert!(after.starts_with(',') || after.starts_with('}'), "{line}");
        }
        assert!(!labels.is_empty(), "empty braces: {line}");
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("no value: {line}"));
    (name.to_owned(), labels, number(value))
}

/// The text up to the closing quotation mark, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut letters) = (String::new(), text.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                same @ ('\\' | '"') => same,
                _ => return None,
            }),
            letter => value.push(letter),
        }
    }
    None
}
