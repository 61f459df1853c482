//! What a check says: a row for each benchmark, and one status that also chooses the exit code.

use std::collections::BTreeMap;

use serde::Serialize;

use super::notes::Noted;
use super::{Measurement, Metric, Override, Side};

/// What is said of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Not worse than the limit.
    Pass,
    /// Worse, and that is proven.
    Regressed,
    /// Better, and that is proven.
    Improved,
    /// Worse, and a note accepts it.
    RiskNoted,
    /// Can't be told.
    Inconclusive,
    /// There are no numbers to compare.
    NotMeasured,
    /// Not in the baseline.
    New,
    /// Only in the baseline.
    Vanished,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 8] = [
        Verdict::Pass,
        Verdict::Regressed,
        Verdict::Improved,
        Verdict::RiskNoted,
        Verdict::Inconclusive,
        Verdict::NotMeasured,
        Verdict::New,
        Verdict::Vanished,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Regressed => "regressed",
            Verdict::Improved => "improved",
            Verdict::RiskNoted => "risk_noted",
            Verdict::Inconclusive => "inconclusive",
            Verdict::NotMeasured => "not_measured",
            Verdict::New => "new",
            Verdict::Vanished => "vanished",
        }
    }
}

/// How two sets of values were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// Runs in pairs.
    Paired,
    /// Runs of both sides in turns.
    Interleaved,
    /// Runs of one side, then of the other.
    Sequential,
    /// One run of each side.
    Single,
    /// Upper ends of intervals.
    CiUpper,
    /// Counts that are the same in all runs.
    CounterExact,
    /// Counts that differ from run to run.
    CounterNoisy,
    /// The smallest of several counts.
    CounterMin,
}

impl Design {
    /// Can a slower machine look like a slower program?
    pub fn confounded(self) -> bool {
        matches!(self, Design::Sequential | Design::Single | Design::CiUpper)
    }
}

/// Which rule was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The one that the data are good for.
    #[default]
    Auto,
    /// Exact intervals of runs.
    Runs,
    /// One run of each side.
    Single,
    /// That of frankenjax.
    CiUpper,
}

/// What an undecided comparison means for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inconclusive {
    /// A status and an exit code of its own.
    #[default]
    Code,
    /// It passes.
    Pass,
    /// It fails.
    Fail,
}

/// What counts as a change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameters {
    /// Too small to matter.
    pub margin_percent: f64,
    /// What must be found.
    pub limit_percent: f64,
    /// Level of one comparison, each side.
    pub alpha: f64,
    /// Level of all comparisons together.
    pub family_alpha: f64,
    /// What stands for the samples of a run.
    pub metric: Metric,
    /// What undecided comparisons mean.
    pub inconclusive: Inconclusive,
    /// Of the generator.
    pub seed: u64,
    /// Spread of runs as a standard deviation of logarithms, where a single run has to do.
    #[serde(skip)]
    pub sigma_between: f64,
    /// The same, where it is known of a benchmark.
    #[serde(skip)]
    pub known_sigma: BTreeMap<String, f64>,
    /// What counts for some benchmarks only; the first that is about one wins.
    #[serde(skip)]
    pub overrides: Vec<Override>,
    /// Which rule was asked for.
    #[serde(skip)]
    pub rule: Rule,
    /// Are baselines of other machines good enough?
    #[serde(skip)]
    pub allow_mixed_hosts: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters {
            margin_percent: 2.0,
            limit_percent: 5.0,
            alpha: crate::statistics::ALPHA,
            family_alpha: crate::statistics::FAMILY,
            metric: Metric::default(),
            inconclusive: Inconclusive::default(),
            seed: 0,
            sigma_between: 0.01,
            known_sigma: BTreeMap::new(),
            overrides: Vec::new(),
            rule: Rule::default(),
            allow_mixed_hosts: false,
        }
    }
}

/// One benchmark on both sides. A value that is not known is none, never 0.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its id.
    pub bench_id: String,
    /// Its group.
    pub group: String,
    /// What stands for a run, or the counter.
    pub metric: String,
    /// `ns`, `count`, …
    pub unit: String,
    /// How it was compared.
    pub design: Design,
    /// Can a slower machine look like a slower program?
    pub confounded: bool,
    /// Runs of the baseline.
    pub k_baseline: usize,
    /// Runs of the candidate.
    pub k_candidate: usize,
    /// Median of its runs.
    pub baseline_value: Option<f64>,
    /// Median of its runs.
    pub candidate_value: Option<f64>,
    /// Estimate of the change.
    pub delta_percent: Option<f64>,
    /// Lower bound of the change.
    pub lower_percent: Option<f64>,
    /// Upper bound of the change.
    pub upper_percent: Option<f64>,
    /// That the change is not above the threshold of the design.
    pub p_value: Option<f64>,
    /// What `p_value` must not exceed with the whole family in view.
    pub holm_threshold: Option<f64>,
    /// The smallest change that these runs would have shown.
    pub min_detectable_percent: Option<f64>,
    /// What is said of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<String>,
    /// The note that accepts it.
    pub risk_note_ref: Option<String>,
}

impl Row {
    /// Nothing is judged yet: so many values and the value that stands for them, of baseline and candidate.
    pub(super) fn unjudged(
        (bench_id, group): (String, String),
        (metric, unit): (String, String),
        design: Design,
        (k_baseline, k_candidate): (usize, usize),
        (baseline_value, candidate_value): (Option<f64>, Option<f64>),
    ) -> Row {
        let change = baseline_value.zip(candidate_value).filter(|(before, _)| *before > 0.0);
        Row {
            bench_id,
            group,
            metric,
            unit,
            design,
            confounded: design.confounded(),
            k_baseline,
            k_candidate,
            baseline_value,
            candidate_value,
            delta_percent: change.map(|(before, after)| (after - before) / before * 100.0 + 0.0),
            lower_percent: None,
            upper_percent: None,
            p_value: None,
            holm_threshold: None,
            min_detectable_percent: None,
            verdict: Verdict::NotMeasured,
            reason: None,
            risk_note_ref: None,
        }
    }
}

/// The status of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overall {
    /// Nothing fails.
    Pass,
    /// Something fails.
    Fail,
    /// Nothing fails, something is not decided.
    Inconclusive,
}

impl Overall {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Overall::Pass => "pass",
            Overall::Fail => "fail",
            Overall::Inconclusive => "inconclusive",
        }
    }
}

/// All that a check says.
#[derive(Debug, Clone, PartialEq)]
pub struct GateReport {
    /// When, milliseconds since 1970.
    pub generated_at_unix_ms: u64,
    /// Our version.
    pub version: String,
    /// What was compared.
    pub baseline: Side,
    /// With what.
    pub candidate: Side,
    /// What counted as a change.
    pub parameters: Parameters,
    /// Statistical comparisons.
    pub family_size: usize,
    /// By id and metric.
    pub rows: Vec<Row>,
    /// Notes that were looked at.
    pub notes: Vec<Noted>,
    /// Why the whole fails, beside verdicts: a line each.
    pub failures: Vec<String>,
    /// Do regressions fail? A budgets file may say that they don't.
    pub regressions_fail: bool,
    /// How two programs were run in turns.
    pub measurement: Option<Measurement>,
}

impl GateReport {
    /// The status; the exit code follows from nothing else.
    pub fn overall(&self) -> Overall {
        let fails = |row: &Row| match row.verdict {
            Verdict::Regressed => self.regressions_fail,
            Verdict::Vanished => true,
            _ => false,
        };
        if !self.failures.is_empty() || self.rows.iter().any(fails) {
            return Overall::Fail;
        }
        let open = |row: &Row| matches!(row.verdict, Verdict::Inconclusive | Verdict::NotMeasured);
        match self.parameters.inconclusive {
            _ if !self.rows.iter().any(open) => Overall::Pass,
            Inconclusive::Code => Overall::Inconclusive,
            Inconclusive::Pass => Overall::Pass,
            Inconclusive::Fail => Overall::Fail,
        }
    }

    /// Rows that became worse, with or without a note.
    pub fn regressions(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| matches!(row.verdict, Verdict::Regressed | Verdict::RiskNoted))
    }
}
