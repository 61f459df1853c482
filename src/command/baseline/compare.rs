//! `chic-trace baseline compare`: two summaries and the metrics beside them.

use std::path::{Path, PathBuf};

use assertions::baseline::{
    self, Comparison, MetricsOf, Shown, Status, Summary, WorkloadFinding, json, markdown, text, totals,
};

use super::{failed, modules};
use crate::cli::ask::Inconclusive;
use crate::cli::baseline::Compare as Ask;
use crate::emit::{self, Case, Findings, Found, LATENCY, Lines, Outcome, Own, Value};
use crate::exit::{Code, Ending, say};
use crate::host;
use crate::message::{Problem, named, safe};
use crate::output::{self, reason};
use crate::perf;

/// A summary and what lies beside it.
pub struct Side {
    /// The summary; times and sizes of single runs are filled in from their metrics.
    pub summary: Summary,
    /// Of a run of each workload that ended well.
    pub metrics: MetricsOf,
    /// Metrics that can't be judged, a line each.
    invalid: Vec<String>,
}

/// Reads a summary and its metrics.
pub fn summary(path: &Path) -> Result<Side, Problem> {
    let bytes = match perf::bytes(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(failed(format!("Baseline file not found: {}", named(path))));
        }
        Err(error) => return Err(failed(format!("cannot read {}: {}", named(path), reason(&error)))),
    };
    let mut summary = Summary::read(&bytes).map_err(|why| failed(format!("cannot read {}: {why}", named(path))))?;
    let mut side = Side { summary: Summary::default(), metrics: MetricsOf::new(), invalid: Vec::new() };
    for series in &mut summary.workloads {
        for run in series.runs.iter_mut().filter(|run| run.ok) {
            let Some(file) = run.metrics_file.as_deref().and_then(|file| beside(path, file)) else { continue };
            let (metrics, incomplete) = match modules::read(&file) {
                Some(Ok(found)) => found,
                None => continue,
                Some(Err(why)) => {
                    side.invalid.push(format!("{}: cannot read metrics {}: {why}", series.workload, named(&file)));
                    continue;
                }
            };
            side.invalid.extend(incomplete.iter().map(|why| format!("{}: {why}", series.workload)));
            run.compile_us = run.compile_us.or(Some(metrics.module_compile_us as f64));
            run.code_size = run.code_size.or_else(|| Some(totals(&metrics).value("code_size") as f64));
            side.metrics.entry(series.workload.clone()).or_insert(metrics);
        }
    }
    side.summary = summary;
    Ok(side)
}

/// The file of that name beside the summary: what lies where it was captured may be of a later capture.
fn beside(summary: &Path, file: &str) -> Option<PathBuf> {
    let name = Path::new(file).file_name()?;
    let dir = summary.parent().unwrap_or(Path::new(""));
    [dir.join(name), dir.join("raw").join(name)].into_iter().find(|path| path.is_file())
}

/// Compares, writes, prints, and chooses the code by what was printed.
pub fn run(ask: &Ask) -> Result<Ending, Problem> {
    let wanted = emit::wanted(&ask.emit, emit::MEASURES)?;
    let [base, candidate] = &ask.files;
    let compared = summary(base).and_then(|before| Ok((before, summary(candidate)?)));
    let comparison = match compared {
        Ok((before, after)) => {
            let mut comparison =
                baseline::compare((&before.summary, &before.metrics), (&after.summary, &after.metrics), &ask.options);
            comparison.failures.extend(before.invalid);
            comparison.failures.extend(after.invalid);
            comparison
        }
        Err(problem) => Comparison { findings: Vec::new(), failures: vec![problem.what] },
    };
    let code = code(&comparison, ask.inconclusive);
    let names = [base, candidate].map(|path| path.to_string_lossy());
    let [base_name, candidate_name] = &names;
    let shown = Shown {
        baseline: base_name,
        candidate: candidate_name,
        generated_at_unix_ms: host::generated_at_unix_ms(),
        options: ask.options,
        overall_status: match code {
            Code::OK => "pass",
            Code::UNDECIDED => "inconclusive",
            _ => "fail",
        },
    };
    let document = || {
        if !ask.compat {
            return json(&comparison, &shown);
        }
        serde_json::to_string_pretty(&comparison.compat(base_name)).unwrap_or_default()
    };
    let written = |result: Result<(), Problem>| result.map_err(|problem| Problem { code: Code::FAILED, ..problem });
    for (path, content) in [(&ask.out, document()), (&ask.page, markdown(&comparison, &shown))] {
        if let Some(path) = path {
            written(perf::write(path, content.as_bytes()))?;
        }
    }
    for failure in &comparison.failures {
        say(&format_args!("chic-trace: {}", safe(failure).replace('\n', "\\n")));
    }
    for finding in comparison.findings.iter().filter(|finding| is_open(finding.status)) {
        let why = finding.measures.iter().find(|found| is_open(found.status)).and_then(|found| found.reason.as_ref());
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let line = format!("{}: {}{why}", finding.workload, finding.status.word());
        say(&format_args!("chic-trace: {}", safe(&line).replace('\n', "\\n")));
    }
    let own = Own { json: &document, text: &|| text(&comparison, &shown), junit: None };
    let lines = [candidate, base].map(|path| Lines::of(path));
    let place = |case: &Case| {
        let mut known = lines.iter().flatten();
        known.find_map(|lines| lines.holding(&case.name)).or_else(|| Some(lines[0].as_ref()?.place(&case.name)))
    };
    let findings = findings(&comparison, &shown, ask.inconclusive).located(&place);
    written(emit::write(&wanted, own, &findings))?;
    match output::print(&emit::form(ask.form, own, &findings))? {
        Ending::Code(_) => Ok(code.into()),
        other => Ok(other),
    }
}

fn is_open(status: Status) -> bool {
    matches!(status, Status::Inconclusive | Status::NotMeasured)
}

fn code(comparison: &Comparison, inconclusive: Inconclusive) -> Code {
    match inconclusive {
        _ if !comparison.failures.is_empty() => Code::FAILED,
        _ if !comparison.open() => Code::OK,
        Inconclusive::Code => Code::UNDECIDED,
        Inconclusive::Pass => Code::OK,
        Inconclusive::Fail => Code::FAILED,
    }
}

fn findings(comparison: &Comparison, shown: &Shown<'_>, inconclusive: Inconclusive) -> Findings {
    let whole = comparison.failures.iter().filter(|failure| {
        !comparison.findings.iter().any(|finding| failure.starts_with(&format!("{}: ", finding.workload)))
    });
    let whole = whole.map(|failure| Case {
        name: "baseline".to_owned(),
        outcome: Outcome::Failed,
        found: vec![found("baseline", Outcome::Failed, failure.clone())],
        ..Case::default()
    });
    Findings {
        command: "baseline compare",
        status: shown.overall_status.to_owned(),
        cases: whole.chain(comparison.findings.iter().map(|one| case(comparison, one, inconclusive))).collect(),
        took_ms: 0,
    }
}

fn found(rule: &str, outcome: Outcome, message: String) -> Found {
    Found { rule: rule.to_owned(), outcome, message, ..Found::default() }
}

fn case(comparison: &Comparison, finding: &WorkloadFinding, inconclusive: Inconclusive) -> Case {
    let name = &finding.workload;
    let failures: Vec<&String> =
        comparison.failures.iter().filter(|failure| failure.starts_with(&format!("{name}: "))).collect();
    let outcome = match finding.status {
        _ if !failures.is_empty() => Outcome::Failed,
        Status::Regressed | Status::MissingCandidate => Outcome::Failed,
        Status::Ok | Status::Improved | Status::MissingBaseline => Outcome::Passed,
        Status::Inconclusive | Status::NotMeasured => match inconclusive {
            Inconclusive::Code if finding.status == Status::NotMeasured => Outcome::NotMeasured,
            Inconclusive::Code => Outcome::Undecided,
            Inconclusive::Pass => Outcome::Warned,
            Inconclusive::Fail => Outcome::Failed,
        },
    };
    let mut all: Vec<Found> =
        failures.iter().map(|failure| found(finding.status.word(), Outcome::Failed, failure.to_string())).collect();
    if all.is_empty() && outcome != Outcome::Passed {
        all.push(found(finding.status.word(), outcome, finding.status.word().to_owned()));
    }
    if let Some(first) = all.first_mut() {
        first.details = finding
            .blame
            .iter()
            .map(|blame| {
                format!("{} of {} {}: {} -> {}", blame.field, blame.of, blame.name, blame.baseline, blame.candidate)
            })
            .collect();
    }
    let elapsed = finding.measures.iter().find(|found| found.measure == "elapsed").and_then(|found| found.candidate);
    Case {
        name: name.clone(),
        outcome,
        found: all,
        value: elapsed.map(|ms| Value {
            of: name.clone(),
            measure: LATENCY.to_owned(),
            unit: "ns".to_owned(),
            value: ms * 1e6,
            between: None,
        }),
        accept: None,
    }
}
