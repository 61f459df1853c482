//! Reports: lines for people, and `chic-trace.perf-delta.v2`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::notes::Noted;
use super::report::{Design, GateReport, Overall, Parameters, Row, Rule, Verdict};
use super::{Measurement, Side};

#[derive(Serialize)]
struct Document<'a> {
    schema_version: &'static str,
    generated_at_unix_ms: u64,
    tool: Tool<'a>,
    rule: Rule,
    baseline: SideOf<'a>,
    candidate: SideOf<'a>,
    parameters: &'a Parameters,
    family_size: usize,
    benchmarks: &'a [Row],
    regressions: Vec<Regression<'a>>,
    risk_notes: &'a [Noted],
    verdict_counts: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measurement: Option<&'a Measurement>,
    overall_status: Overall,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct SideOf<'a> {
    name: &'a str,
    git_sha: Option<&'a str>,
    git_dirty: Option<bool>,
    runs: usize,
    started_at_unix_ms: Vec<u64>,
    host_digest: Option<&'a str>,
    toolchain: Option<&'a str>,
    content_blake3: Option<&'a str>,
}

impl<'a> From<&'a Side> for SideOf<'a> {
    fn from(side: &'a Side) -> Self {
        SideOf {
            name: &side.name,
            git_sha: side.git_sha.as_deref(),
            git_dirty: side.git_dirty,
            runs: side.runs.len(),
            started_at_unix_ms: side.runs.iter().filter_map(|run| run.started_at_unix_ms).collect(),
            host_digest: side.host_digest.as_deref(),
            toolchain: side.toolchain.as_deref(),
            content_blake3: side.content_blake3.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct Regression<'a> {
    bench_id: &'a str,
    delta_percent: Option<f64>,
    justified: bool,
    risk_note_ref: Option<&'a str>,
}

/// The document, with a line feed at its end.
pub fn json(report: &GateReport) -> String {
    let regression = |row: &'_ Row| (row.bench_id.clone(), row.delta_percent, row.risk_note_ref.clone(), row.verdict);
    let rows: Vec<_> = report.regressions().map(regression).collect();
    let document = Document {
        schema_version: "chic-trace.perf-delta.v2",
        generated_at_unix_ms: report.generated_at_unix_ms,
        tool: Tool { name: "chic-trace", version: &report.version },
        rule: report.parameters.rule,
        baseline: (&report.baseline).into(),
        candidate: (&report.candidate).into(),
        parameters: &report.parameters,
        family_size: report.family_size,
        benchmarks: &report.rows,
        regressions: rows
            .iter()
            .map(|(bench_id, delta_percent, note, verdict)| Regression {
                bench_id,
                delta_percent: *delta_percent,
                justified: *verdict == Verdict::RiskNoted,
                risk_note_ref: note.as_deref(),
            })
            .collect(),
        risk_notes: &report.notes,
        verdict_counts: Verdict::ALL.into_iter().map(|verdict| (verdict.word(), count(report, verdict))).collect(),
        measurement: report.measurement.as_ref(),
        overall_status: report.overall(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

fn count(report: &GateReport, verdict: Verdict) -> usize {
    report.rows.iter().filter(|row| row.verdict == verdict).count()
}

/// A line for each benchmark, and one for all.
pub fn text(report: &GateReport) -> String {
    let mut out = String::new();
    let mut same: BTreeMap<&str, usize> = BTreeMap::new();
    report.rows.iter().filter(|row| is_same(row)).for_each(|row| *same.entry(&row.bench_id).or_default() += 1);
    same.retain(|_, count| *count > FEW);
    let told = |row: &&Row| !(is_same(row) && same.contains_key(row.bench_id.as_str()));
    let mut lines: Vec<[String; 4]> = report
        .rows
        .iter()
        .filter(told)
        .map(|row| [name(row, &report.parameters), change(row), row.verdict.word().to_owned(), seen(row, report)])
        .collect();
    let together = |(id, count): (&str, usize)| {
        let name = format!("{} {count} counters", escaped(id));
        [name, "+0.0 %".to_owned(), Verdict::Pass.word().to_owned(), "the same".to_owned()]
    };
    lines.extend(same.into_iter().map(together));
    let width = lines.iter().map(|[name, ..]| name.chars().count()).max().unwrap_or(0).min(60);
    for [name, change, verdict, seen] in lines {
        let _ = writeln!(out, "{name:<width$}  {change:<28}  {verdict:<12}  ({seen})");
    }
    if report.rows.iter().any(|row| row.design == Design::CiUpper) {
        out.push_str("no error control: single runs, fixed threshold\n");
    }
    let counts: Vec<String> = Verdict::ALL
        .into_iter()
        .map(|verdict| (verdict, count(report, verdict)))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {}", verdict.word()))
        .collect();
    let counts = if counts.is_empty() { "no benchmark".to_owned() } else { counts.join(", ") };
    let _ = writeln!(out, "gate: {} ({counts})", report.overall().word());
    out
}

/// Counters of one benchmark that are told one by one though they are the same.
const FEW: usize = 3;

/// A counter that did not change.
fn is_same(row: &Row) -> bool {
    let counted = matches!(row.design, Design::CounterExact | Design::CounterNoisy | Design::CounterMin);
    counted && row.verdict == Verdict::Pass && row.baseline_value == row.candidate_value && row.reason.is_none()
}

/// The id; behind it what is measured, where that is not the usual.
fn name(row: &Row, parameters: &Parameters) -> String {
    let id = escaped(&row.bench_id);
    if row.metric == parameters.metric.word() || row.design == Design::CiUpper {
        return id;
    }
    format!("{id} {}", escaped(&row.metric))
}

fn change(row: &Row) -> String {
    let Some(delta) = row.delta_percent else { return "-".to_owned() };
    match (row.lower_percent, row.upper_percent) {
        (Some(lower), Some(upper)) => format!("{delta:+.1} % [{lower:+.1}, {upper:+.1}]"),
        _ if row.design == Design::CiUpper => format!("{delta:+.4} %"),
        _ => format!("{delta:+.1} %"),
    }
}

/// What the numbers are good for.
fn seen(row: &Row, report: &GateReport) -> String {
    let runs = match row.design {
        Design::Paired => format!("{} pairs", row.k_candidate.min(row.k_baseline)),
        Design::Single => "single runs".to_owned(),
        Design::CiUpper => "upper ends of intervals".to_owned(),
        Design::CounterExact => "exact".to_owned(),
        Design::CounterNoisy | Design::CounterMin | Design::Interleaved | Design::Sequential => {
            format!("{} and {} runs", row.k_baseline, row.k_candidate)
        }
    };
    let mut parts = vec![runs];
    if let Some(smallest) = row.min_detectable_percent {
        parts.push(format!("smallest findable {smallest:+.1} %"));
        if smallest > report.parameters.of(&row.bench_id).limit_percent {
            parts.push("underpowered".to_owned());
        }
    }
    if row.confounded && matches!(row.design, Design::Sequential | Design::Single) {
        parts.push("confounded with the machine".to_owned());
    }
    if row.design != Design::CiUpper {
        parts.extend(row.reason.as_deref().map(escaped));
    }
    parts.extend(row.risk_note_ref.as_deref().map(|note| format!("accepted by {}", escaped(note))));
    parts.join("; ")
}

/// Text of others, as a terminal may see it.
fn escaped(text: &str) -> String {
    crate::perf::escaped(text)
}
