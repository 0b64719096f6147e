//! Values that are read at a scrape: present amounts, and counters of other modules.

/// Whether a value may fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It may.
    Gauge,
    /// It only grows while the server runs.
    Counter,
}

/// A name with its values.
#[derive(Debug)]
pub struct Family {
    /// Without the suffix of counters.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Gauge or counter.
    pub kind: Kind,
    /// (labels, value)
    pub values: Vec<(Labels, f64)>,
}

/// (name, value)
pub type Labels = Vec<(&'static str, String)>;

/// The values of one scrape.
#[derive(Debug, Default)]
pub struct Readings(pub(super) Vec<Family>);

impl Readings {
    /// One value that may fall.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.gauges(name, help, [(Vec::new(), value)]);
    }

    /// One value for each set of labels.
    pub fn gauges(&mut self, name: &'static str, help: &'static str, values: impl IntoIterator<Item = (Labels, f64)>) {
        self.add(name, help, Kind::Gauge, values);
    }

    /// One value that only grows.
    pub fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.counters(name, help, [(Vec::new(), value as f64)]);
    }

    /// One growing value for each set of labels.
    pub fn counters(
        &mut self,
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (Labels, f64)>,
    ) {
        self.add(name, help, Kind::Counter, values);
    }

    fn add(
        &mut self,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        values: impl IntoIterator<Item = (Labels, f64)>,
    ) {
        self.0.push(Family { name, help, kind, values: values.into_iter().collect() });
    }
}
