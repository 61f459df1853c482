//! Two summaries compared: counts exactly, times by intervals where there are runs enough, else by medians.

use std::collections::BTreeMap;

use serde::Serialize;

use super::capture::{Compared, CompatFinding};
use super::exact::{self, Blame, ExactField, OneSided};
use super::metrics::Metrics;
use super::summaries::{Series, SeriesRun, Summary};
use crate::gate::{Bench, Override, Parameters, Run, Side, Values, Verdict, judge};
use crate::statistics::median_of;

/// What is said of a workload or a measure of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Not worse.
    Ok,
    /// Better.
    Improved,
    /// Can't be told.
    Inconclusive,
    /// A side has no value.
    NotMeasured,
    /// The baseline has no such workload.
    MissingBaseline,
    /// The candidate has no such workload.
    MissingCandidate,
    /// Worse.
    Regressed,
}

impl Status {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Improved => "improved",
            Status::Inconclusive => "inconclusive",
            Status::NotMeasured => "not-measured",
            Status::MissingBaseline => "missing-baseline",
            Status::MissingCandidate => "missing-candidate",
            Status::Regressed => "regressed",
        }
    }
}

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompareOptions {
    /// Percent that elapsed time, compile time and code size may grow by.
    pub thresholds: [f64; 3],
    /// Are counts compared exactly: only if all facts allow it, always, never.
    pub exact: Option<bool>,
    /// What an exact field may grow by, percent.
    pub exact_tolerance_percent: f64,
    /// May the machines differ?
    pub allow_arch_mismatch: bool,
}

impl Default for CompareOptions {
    fn default() -> Self {
        CompareOptions {
            thresholds: [15.0, 15.0, 5.0],
            exact: None,
            exact_tolerance_percent: 0.0,
            allow_arch_mismatch: false,
        }
    }
}

/// A measure of a workload on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasureFinding {
    /// `elapsed`, `compile`, `code-size`.
    pub measure: &'static str,
    /// `ms`, `us`, `bytes`.
    pub unit: &'static str,
    /// What is said of it.
    pub status: Status,
    /// `runs-unpaired`, `median-threshold`, `exact`.
    pub method: &'static str,
    /// Median of the runs that ended well.
    pub baseline: Option<f64>,
    /// Median of the runs that ended well.
    pub candidate: Option<f64>,
    /// Of the medians.
    pub change_percent: Option<f64>,
    /// Bounds of the change.
    pub between_percent: Option<(f64, f64)>,
    /// Why.
    pub reason: Option<String>,
}

/// A workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkloadFinding {
    /// Its name.
    pub workload: String,
    /// The worst of its measures and fields.
    pub status: Status,
    /// Times and size.
    pub measures: Vec<MeasureFinding>,
    /// What carries no noise.
    pub exact: Vec<ExactField>,
    /// Why that has no verdict.
    pub not_exact: Option<String>,
    /// Whose what grew is.
    pub blame: Vec<Blame>,
    /// Functions of one side.
    pub functions: OneSided,
}

/// All workloads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// By the order of the candidate, then those that only the baseline has.
    pub findings: Vec<WorkloadFinding>,
    /// What fails, a line each.
    pub failures: Vec<String>,
}

/// Metrics by workload.
pub type MetricsOf = BTreeMap<String, Metrics>;

/// Compares two summaries. Metrics are those of a run of each workload, where they are to be had.
pub fn compare(
    (before, before_metrics): (&Summary, &MetricsOf),
    (after, after_metrics): (&Summary, &MetricsOf),
    options: &CompareOptions,
) -> Comparison {
    let mut all = Comparison::default();
    if let (Some(a), Some(b)) = (&before.machine, &after.machine)
        && a != b
        && !options.allow_arch_mismatch
    {
        all.failures.push(format!("Baseline arch mismatch: current={b}, baseline={a}"));
        return all;
    }
    let same_machine = before.machine.is_some() && before.machine == after.machine;
    let verdicts = of_runs(before, after, options);
    for now in &after.workloads {
        let Some(old) = before.workloads.iter().find(|old| old.workload == now.workload) else {
            all.findings.push(one_sided(&now.workload, Status::MissingBaseline));
            continue;
        };
        let metrics = (before_metrics.get(&now.workload), after_metrics.get(&now.workload));
        let finding = workload(old, now, metrics, same_machine, (&verdicts, options));
        all.failures.extend(failures(&finding, options));
        let failed = now.runs.iter().filter(|run| !run.ok).count();
        if failed > 0 {
            all.failures.push(format!("{}: {failed} of {} runs failed", now.workload, now.runs.len()));
        }
        all.findings.push(finding);
    }
    for old in before.workloads.iter().filter(|old| !after.workloads.iter().any(|now| now.workload == old.workload)) {
        all.failures.push(format!("{}: it is in the baseline only", old.workload));
        all.findings.push(one_sided(&old.workload, Status::MissingCandidate));
    }
    all
}

fn one_sided(workload: &str, status: Status) -> WorkloadFinding {
    WorkloadFinding {
        workload: workload.to_owned(),
        status,
        measures: Vec::new(),
        exact: Vec::new(),
        not_exact: None,
        blame: Vec::new(),
        functions: OneSided::default(),
    }
}

/// Name, unit and value of each measure.
type Measure = (&'static str, &'static str, fn(&SeriesRun) -> Option<f64>);

const MEASURES: [Measure; 3] = [
    ("elapsed", "ms", |run| run.elapsed_ms),
    ("compile", "us", |run| run.compile_us),
    ("code-size", "bytes", |run| run.code_size),
];

/// Values of the runs that ended well.
fn values(series: &Series, value: fn(&SeriesRun) -> Option<f64>) -> Vec<f64> {
    series.runs.iter().filter(|run| run.ok).filter_map(value).collect()
}

/// Runs a side that intervals need.
const ENOUGH: usize = 7;

type Verdicts = BTreeMap<String, (Verdict, Option<(f64, f64)>, Option<String>)>;

/// What the gate says of times with runs enough, all of them one family, by `measure/workload`.
fn of_runs(before: &Summary, after: &Summary, options: &CompareOptions) -> Verdicts {
    let side = |summary: &Summary| {
        let mut benches = Vec::new();
        for (series, (measure, unit, value)) in
            summary.workloads.iter().flat_map(|series| MEASURES.iter().take(2).map(move |measure| (series, measure)))
        {
            let values = values(series, *value);
            if values.len() >= ENOUGH {
                benches.push(Bench::of(
                    format!("{measure}/{}", series.workload),
                    *measure,
                    *unit,
                    Values::Runs(values),
                ));
            }
        }
        Side { runs: vec![Run { benches, ..Run::default() }], ..Side::default() }
    };
    let limit = |measure: &str, limit: f64| Override {
        pattern: format!("{measure}/*"),
        metric: None,
        margin_percent: Some(limit.min(2.0)),
        limit_percent: Some(limit),
        alpha: None,
        line: 0,
    };
    let [elapsed, compile, _] = options.thresholds;
    let overrides = vec![limit("elapsed", elapsed), limit("compile", compile)];
    let judged = judge(&side(before), &side(after), &Parameters { overrides, ..Parameters::default() });
    let verdict = |row: crate::gate::Row| {
        let between = row.lower_percent.zip(row.upper_percent);
        (row.bench_id, (row.verdict, between, row.reason))
    };
    judged.rows.into_iter().map(verdict).collect()
}

fn workload(
    old: &Series,
    now: &Series,
    metrics: (Option<&Metrics>, Option<&Metrics>),
    same_machine: bool,
    (verdicts, options): (&Verdicts, &CompareOptions),
) -> WorkloadFinding {
    let (mut exact_fields, mut not_exact) = (Vec::new(), None);
    if let (Some(a), Some(b)) = metrics {
        let machine = || (!same_machine).then(|| "it is not known to be the same machine".to_owned());
        not_exact = match options.exact {
            Some(true) => None,
            Some(false) => Some("it was not asked for".to_owned()),
            None => machine().or_else(|| exact::obstacle(a, b)),
        };
        exact_fields = exact::fields(a, b, not_exact.is_none(), options.exact_tolerance_percent);
    }
    let size_is_exact = !exact_fields.is_empty() && not_exact.is_none();
    let measures: Vec<MeasureFinding> = MEASURES
        .iter()
        .zip(options.thresholds)
        .filter(|((name, ..), _)| *name == "elapsed" || old.compiles || now.compiles)
        .map(|(kind, threshold)| {
            let mut found = measure(kind, threshold, old, now, verdicts);
            if found.measure == "code-size" && size_is_exact {
                let exact = exact_fields.iter().find(|field| field.field == "code_size");
                found.method = "exact";
                found.status = exact.and_then(|field| field.status).unwrap_or(found.status);
            }
            found
        })
        .collect();
    let of_fields = exact_fields.iter().filter_map(|field| field.status);
    let status = measures.iter().map(|found| found.status).chain(of_fields).max().unwrap_or(Status::Ok);
    let mut finding = WorkloadFinding { measures, exact: exact_fields, not_exact, ..one_sided(&now.workload, status) };
    if let (Status::Regressed, (Some(a), Some(b))) = (status, metrics) {
        (finding.blame, finding.functions) = exact::blame(a, b, &grown(&finding));
    }
    finding
}

/// What of a workload became worse, as the blame list names it.
fn grown(finding: &WorkloadFinding) -> Vec<&'static str> {
    let is = |status: Option<Status>| status == Some(Status::Regressed);
    let mut grown: Vec<&'static str> =
        finding.exact.iter().filter(|field| is(field.status)).map(|field| field.field).collect();
    for found in finding.measures.iter().filter(|found| found.status == Status::Regressed) {
        let field = if found.measure == "code-size" { "code_size" } else { "compile_us" };
        if !grown.contains(&field) {
            grown.push(field);
        }
    }
    grown
}

fn measure(
    (name, unit, value): &Measure,
    threshold: f64,
    old: &Series,
    now: &Series,
    verdicts: &Verdicts,
) -> MeasureFinding {
    let (before, after) = (values(old, *value), values(now, *value));
    let (baseline, candidate) = (median_of(&before), median_of(&after));
    let change =
        baseline.filter(|before| *before > 0.0).zip(candidate).map(|(before, after)| (after - before) / before * 100.0);
    let mut found = MeasureFinding {
        measure: name,
        unit,
        status: Status::Ok,
        method: "median-threshold",
        baseline,
        candidate,
        change_percent: change,
        between_percent: None,
        reason: None,
    };
    if let Some((verdict, between, reason)) = verdicts.get(&format!("{name}/{}", now.workload))
        && before.len().min(after.len()) >= ENOUGH
    {
        found.method = "runs-unpaired";
        found.between_percent = *between;
        found.reason.clone_from(reason);
        found.status = match verdict {
            Verdict::Regressed => Status::Regressed,
            Verdict::Improved => Status::Improved,
            Verdict::Pass => Status::Ok,
            Verdict::NotMeasured => Status::NotMeasured,
            _ => Status::Inconclusive,
        };
        return found;
    }
    match change {
        None => {
            found.status = Status::NotMeasured;
            found.reason = Some(match baseline {
                Some(_) if candidate.is_some() => "the baseline is not above 0".to_owned(),
                _ => "no run that ended well has it on a side".to_owned(),
            });
        }
        Some(change) if change > threshold => found.status = Status::Regressed,
        Some(_) => {}
    }
    found
}

fn failures(finding: &WorkloadFinding, options: &CompareOptions) -> Vec<String> {
    let name = &finding.workload;
    let of_measure = |(found, threshold): (&MeasureFinding, f64)| {
        let change = found.change_percent?;
        let fails = found.status == Status::Regressed && found.method != "exact";
        fails.then(|| format!("{name}: {} regression {change:.2}% > {threshold:.2}%", found.measure))
    };
    let threshold = |measure: &str| {
        let at = MEASURES.iter().position(|(known, ..)| *known == measure).unwrap_or(0);
        options.thresholds.get(at).copied().unwrap_or(0.0)
    };
    let measures = finding.measures.iter().map(|found| (found, threshold(found.measure))).filter_map(of_measure);
    let fields = finding.exact.iter().filter(|field| field.status == Some(Status::Regressed));
    let fields = fields.map(|field| format!("{name}: {} {} > {}", field.field, field.candidate, field.baseline));
    measures.chain(fields).collect()
}

impl Comparison {
    /// Is something not decided?
    pub fn open(&self) -> bool {
        self.findings.iter().any(|finding| matches!(finding.status, Status::Inconclusive | Status::NotMeasured))
    }

    /// In the words of Wasmoon.
    pub fn compat(&self, baseline: &str) -> Compared {
        let finding = |finding: &WorkloadFinding| {
            let workload = finding.workload.clone();
            let status = finding.status.word().to_owned();
            let change = |name: &str| finding.measures.iter().find(|found| found.measure == name)?.change_percent;
            match finding.status {
                Status::MissingBaseline => {
                    CompatFinding::One { workload, status, message: "No baseline entry".to_owned() }
                }
                Status::MissingCandidate => {
                    CompatFinding::One { workload, status, message: "No candidate entry".to_owned() }
                }
                _ => CompatFinding::Both {
                    workload,
                    status,
                    elapsed_regression_pct: change("elapsed"),
                    compile_regression_pct: change("compile"),
                    code_size_regression_pct: change("code-size"),
                },
            }
        };
        Compared {
            baseline: baseline.to_owned(),
            findings: self.findings.iter().map(finding).collect(),
            failures: self.failures.clone(),
        }
    }
}
