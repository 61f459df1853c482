//! Benchmark results in one plain form, whatever tool they come from.

use serde::{Deserialize, Serialize};

use crate::statistics::{logs, median_of, percentile};

/// What was measured of a benchmark.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Samples of one run, in the order of time.
    Samples(Vec<f64>),
    /// One value for each of several runs (processes), in the order of time.
    Runs(Vec<f64>),
    /// Only a summary of one run.
    Summary(f64),
    /// An exact count, for which no statistics are due.
    Exact(f64),
}

/// One benchmark in the results of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Bench {
    /// Its whole identity.
    pub id: String,
    /// The group that the tool has it in; its id where there is none.
    pub group: String,
    /// What was measured: `time`, or the name of a counter.
    pub what: String,
    /// `ns` for times.
    pub unit: String,
    /// What was measured, times in nanoseconds.
    pub values: Values,
    /// Slope of time over iterations, nanoseconds, where criterion fitted one.
    pub slope: Option<f64>,
    /// Mean that the tool gives.
    pub mean: Option<f64>,
    /// Upper end of the tool's interval, nanoseconds: of the slope, or of the mean where there is no slope.
    pub upper: Option<f64>,
    /// What the same results hold as the old value (iai-callgrind, gungraun).
    pub old: Option<f64>,
    /// Why the benchmark itself failed.
    pub failed: Option<String>,
}

impl Bench {
    /// A time of these values.
    pub fn time(id: impl Into<String>, values: Values) -> Self {
        Bench::of(id, TIME, "ns", values)
    }

    /// Something measured.
    pub fn of(id: impl Into<String>, what: impl Into<String>, unit: impl Into<String>, values: Values) -> Self {
        let id = id.into();
        Bench {
            group: id.clone(),
            id,
            what: what.into(),
            unit: unit.into(),
            values,
            slope: None,
            mean: None,
            upper: None,
            old: None,
            failed: None,
        }
    }

    /// The values of its runs by this metric: one, but for tools that start a process for each value.
    pub fn run_values(&self, metric: Metric) -> Vec<f64> {
        match &self.values {
            Values::Samples(samples) => metric.of(samples, self).into_iter().collect(),
            Values::Runs(values) => values.clone(),
            Values::Summary(value) | Values::Exact(value) => vec![*value],
        }
    }
}

/// What is measured where it is time.
pub const TIME: &str = "time";

/// What stands for all samples of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Their median.
    #[default]
    Median,
    /// Their mean.
    Mean,
    /// The slope of time over iterations; their median where there is none.
    Slope,
    /// The 95th percentile of samples, each of which is the average of many calls.
    P95Sample,
}

impl Metric {
    /// All of them.
    pub const ALL: [Metric; 4] = [Metric::Median, Metric::Mean, Metric::Slope, Metric::P95Sample];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Metric::Median => "median",
            Metric::Mean => "mean",
            Metric::Slope => "slope",
            Metric::P95Sample => "p95-sample",
        }
    }

    fn of(self, samples: &[f64], bench: &Bench) -> Option<f64> {
        match self {
            Metric::Median => median(samples),
            Metric::Mean if samples.is_empty() => None,
            Metric::Mean => Some(samples.iter().sum::<f64>() / samples.len() as f64),
            Metric::Slope => bench.slope.or_else(|| median(samples)),
            Metric::P95Sample => percentile(samples, 95.0),
        }
    }
}

/// Their median. Between two middle values lies the one whose logarithm is between theirs: times are compared by ratios.
fn median(samples: &[f64]) -> Option<f64> {
    match logs(samples) {
        Some(logs) if samples.len().is_multiple_of(2) => median_of(&logs).map(f64::exp),
        _ => median_of(samples),
    }
}

/// The results of one run of all benchmarks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// Which pair it belongs to.
    pub pair: Option<u64>,
    /// When it began, milliseconds since 1970.
    pub started_at_unix_ms: Option<u64>,
    /// Its benchmarks.
    pub benches: Vec<Bench>,
}

/// The runs of one side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Side {
    /// Its name: of a baseline, or of criterion's folder.
    pub name: String,
    /// The commit.
    pub git_sha: Option<String>,
    /// Were there changes beside the commit?
    pub git_dirty: Option<bool>,
    /// Digest of the host that ran them.
    pub host_digest: Option<String>,
    /// Compiler.
    pub toolchain: Option<String>,
    /// Hash of all results.
    pub content_blake3: Option<String>,
    /// Its runs, in the order in which they were made.
    pub runs: Vec<Run>,
}

impl Side {
    /// Takes away benchmarks whose id does not hold this text.
    pub fn keep(&mut self, filter: &str) {
        for run in &mut self.runs {
            run.benches.retain(|bench| bench.id.contains(filter));
        }
    }

    /// Is there no benchmark?
    pub fn is_empty(&self) -> bool {
        self.runs.iter().all(|run| run.benches.is_empty())
    }
}

/// Hash of named contents, whatever order they come in.
pub fn content_blake3<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut files: Vec<(&str, &[u8])> = files.into_iter().collect();
    files.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for (name, bytes) in files {
        for part in [name.as_bytes(), bytes] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hasher.finalize().to_hex().to_string()
}
