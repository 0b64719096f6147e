//! Everything that was counted and asked, as Prometheus' text.
use super::histogram::{Histogram, Reading};
use super::readings::{Family, Kind, Readings};
use super::series::{Delivery, TRIGGERS, trigger};
use super::{Observer, Seen, parts};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// The two forms of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' own, version 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0, which Prometheus asks for first.
    OpenMetrics,
}

impl Format {
    /// The best format that the header `Accept` names.
    pub fn accepted(accept: &str) -> Format {
        if accept.contains("application/openmetrics-text") { Format::OpenMetrics } else { Format::Prometheus }
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Prometheus => prometheus_text::CONTENT_TYPE,
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

impl Observer {
    /// The exposition, with `readings` of this moment.
    pub fn render(&self, readings: Readings, format: Format) -> Result<String, Error> {
        let mut registry = Registry::with_prefix("daplet");
        registry.register_collector(Box::new(Scrape { seen: Arc::clone(&self.0), readings: readings.0 }));
        let mut written = String::new();
        match format {
            Format::Prometheus => prometheus_text::encode(&mut written, &registry)?,
            Format::OpenMetrics => text::encode(&mut written, &registry)?,
        }
        Ok(written)
    }
}

#[derive(Debug)]
struct Scrape {
    seen: Arc<Seen>,
    readings: Vec<Family>,
}

/// (name, value)
type Label<'a> = (&'static str, &'a str);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), Error> {
        self.invocations(&mut encoder)?;
        self.phases(&mut encoder)?;
        self.operations(&mut encoder)?;
        self.deliveries(&mut encoder)?;
        let help = "Refusals for lack of room, by the limit that refused";
        let sheds = self.seen.sheds.entries();
        let sheds = sheds.iter().map(|(limit, count)| ([("limit", &**limit)], count.load(Relaxed)));
        counters(&mut encoder, "sheds", help, sheds.filter(|(_, count)| *count > 0))?;
        let help = "Requests that were refused before they became invocations";
        let refused = self.seen.refused.read().into_iter().map(|(code, count)| ([("code", code)], count));
        counters(&mut encoder, "requests_refused", help, refused)?;
        let help = "Changes of functions through management";
        let changes = ["uploaded", "replaced", "removed"].into_iter().zip(&self.seen.changes);
        counters(
            &mut encoder,
            "changes",
            help,
            changes.map(|(change, count)| ([("change", change)], count.load(Relaxed))),
        )?;
        self.readings.iter().try_for_each(|family| reading(&mut encoder, family))
    }
}

impl Scrape {
    fn invocations(&self, encoder: &mut DescriptorEncoder) -> Result<(), Error> {
        let functions = self.seen.functions.entries();
        let outcomes = functions.iter().flat_map(|(name, series)| {
            TRIGGERS.into_iter().zip(&series.outcomes).flat_map(move |(kind, outcomes)| {
                let labels = move |code| [("function", &**name), ("trigger", trigger(kind)), ("code", code)];
                outcomes.read().into_iter().map(move |(code, count)| (labels(code), count))
            })
        });
        counters(encoder, "invocations", "Invocations of functions that ended, by outcome", outcomes)?;
        let took = functions.iter().map(|(name, series)| ([("function", &**name)], series.took.read()));
        let help = "Time from an event's arrival to its reply";
        histograms(encoder, "invocation_duration_seconds", help, took)
    }

    fn phases(&self, encoder: &mut DescriptorEncoder) -> Result<(), Error> {
        let Seen { queue, restore, javascript, .. } = &*self.seen;
        let mut phase =
            |name, help, histogram: &Histogram| histograms(encoder, name, help, [([("", ""); 0], histogram.read())]);
        phase("queue_duration_seconds", "Time that an invocation waited for a worker", queue)?;
        phase(
            "restore_duration_seconds",
            "Time to set up and restore the memory of one entry into a function",
            restore,
        )?;
        phase("javascript_duration_seconds", "CPU time of one entry into a function", javascript)
    }

    fn operations(&self, encoder: &mut DescriptorEncoder) -> Result<(), Error> {
        let operations = self.seen.operations.entries();
        let outcomes = operations.iter().flat_map(|(name, series)| {
            let labels = move |code| [("operation", &**name), ("code", code)];
            series.outcomes.read().into_iter().map(move |(code, count)| (labels(code), count))
        });
        counters(encoder, "operations", "Operations of functions that ended, by outcome", outcomes)?;
        let took = operations.iter().map(|(name, series)| ([("operation", &**name)], series.took.read()));
        histograms(encoder, "operation_duration_seconds", "Time from an operation's start to its result", took)
    }

    fn deliveries(&self, encoder: &mut DescriptorEncoder) -> Result<(), Error> {
        let subscriptions = self.seen.subscriptions.entries();
        let outcomes = subscriptions.iter().flat_map(|(name, series)| {
            let (topic, function) = parts(name);
            Delivery::ALL.into_iter().map(move |(delivery, outcome)| {
                let labels = [("topic", topic), ("function", function), ("outcome", outcome)];
                (labels, series.read(delivery))
            })
        });
        let help = "Attempts to deliver messages, by subscription and outcome";
        counters(encoder, "deliveries", help, outcomes.filter(|(_, count)| *count > 0))
    }
}

fn counters<'a, const N: usize>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = ([Label<'a>; N], u64)>,
) -> Result<(), Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, count) in values {
        metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&count, None)?;
    }
    Ok(())
}

/// Histograms without values are left out.
fn histograms<'a, const N: usize>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = ([Label<'a>; N], Reading)>,
) -> Result<(), Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (labels, Reading { sum, count, buckets }) in values.into_iter().filter(|(_, reading)| reading.count > 0) {
        metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
    }
    Ok(())
}

fn reading(encoder: &mut DescriptorEncoder, family: &Family) -> Result<(), Error> {
    let kind = match family.kind {
        Kind::Gauge => MetricType::Gauge,
        Kind::Counter => MetricType::Counter,
    };
    let mut metric = encoder.encode_descriptor(family.name, family.help, None, kind)?;
    for (labels, value) in &family.values {
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut metric = metric.encode_family(&labels)?;
        match family.kind {
            Kind::Gauge => metric.encode_gauge(value)?,
            Kind::Counter => metric.encode_counter::<NoLabelSet, _, f64>(value, None)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::code::Code;
    use crate::observer::Invocation;
    use daplet_abi::EventKind;
    use std::time::Duration;

    #[test]
    fn what_was_seen_is_in_the_text() {
        let observer = Observer::default();
        let took = Duration::from_millis(3);
        for code in [None, None, Some(&Code::LoadShed)] {
            let limit = code.map(|_| "queue");
            observer.invocation(&Invocation {
                function: "a\"b",
                version: "v",
                request_id: "r",
                trigger: EventKind::Http,
                code,
                limit,
                took,
                queued: Duration::ZERO,
                cpu: Duration::ZERO,
            });
        }
        observer.operation("no.such", Some(&Code::UnknownOperation), took);
        observer.delivery("pubsub/orders", "f", Delivery::Retried);
        let mut readings = Readings::default();
        readings.gauges("queue_length", "Waiting", [(vec![("lane", "short".to_owned())], 2.0)]);
        readings.counter("scans", "Scans", 7);
        let text = observer.render(readings, Format::Prometheus).unwrap();
        for line in [
            "# TYPE daplet_invocations_total counter",
            r#"daplet_invocations_total{function="a\"b",trigger="http",code="ok"} 2"#,
            r#"daplet_invocations_total{function="a\"b",trigger="http",code="loadShed"} 1"#,
            r#"daplet_invocation_duration_seconds_bucket{function="a\"b",le="+Inf"} 3"#,
            r#"daplet_sheds_total{limit="queue"} 1"#,
            r#"daplet_operations_total{operation="other",code="UNKNOWN_OPERATION"} 1"#,
            r#"daplet_deliveries_total{topic="pubsub/orders",function="f",outcome="retried"} 1"#,
            r#"daplet_queue_length{lane="short"} 2.0"#,
            "daplet_scans_total 7.0",
        ] {
            assert!(text.lines().any(|written| written == line), "{line}\n{text}");
        }
        let text = observer.render(Readings::default(), Format::OpenMetrics).unwrap();
        assert!(text.contains("# TYPE daplet_invocations counter\n") && text.ends_with("# EOF\n"), "{text}");
    }
}
