//! What is said of tracepoints as plain findings.

use assertions::perf::{Entry, Finding, PerfReport};

use crate::emit::{Case, Findings, Found, LATENCY, Outcome, Value};

/// A case for each tracepoint.
pub fn findings(report: &PerfReport) -> Findings {
    Findings {
        command: "perf report",
        status: report.status().word().to_owned(),
        cases: report.entries.iter().map(|entry| case(report, entry)).collect(),
        took_ms: 0,
    }
}

fn case(report: &PerfReport, entry: &Entry) -> Case {
    let name = format!("{:016x} {}", entry.id, entry.label);
    let mut found: Vec<Found> = entry.findings.iter().map(|finding| one(report, entry, *finding)).collect();
    found.sort_by_key(|found| rank(found.outcome));
    Case {
        outcome: found.first().map_or(Outcome::Passed, |found| found.outcome),
        found,
        value: entry.cpu_us.map(|us| Value {
            of: name.clone(),
            measure: LATENCY.to_owned(),
            unit: "ns".to_owned(),
            value: us * 1000.0,
            between: None,
        }),
        accept: None,
        name,
    }
}

fn rank(outcome: Outcome) -> usize {
    let order = [Outcome::Failed, Outcome::Undecided, Outcome::NotMeasured, Outcome::Warned, Outcome::Passed];
    order.iter().position(|known| *known == outcome).unwrap_or(order.len())
}

fn one(report: &PerfReport, entry: &Entry, finding: Finding) -> Found {
    let outcome = match finding {
        Finding::OverBudgetCpu | Finding::OverBudgetMem | Finding::OverBudgetIo | Finding::Regressed => Outcome::Failed,
        Finding::Removed if !report.limits.allow_removed => Outcome::Failed,
        Finding::Inconclusive => Outcome::Undecided,
        Finding::NotMeasured => Outcome::NotMeasured,
        Finding::Improved | Finding::Added | Finding::Removed => Outcome::Passed,
    };
    let against = |budget: Option<u64>, value: Option<u64>| {
        budget.zip(value).map(|(budget, value)| format!("{value} bytes of {budget}")).unwrap_or_default()
    };
    let message = match finding {
        Finding::OverBudgetCpu => {
            let budget = entry.budget_cpu_us.unwrap_or(0);
            format!("{:.2} us of {budget} us", entry.cpu_us.unwrap_or(0.0))
        }
        Finding::OverBudgetMem => against(entry.budget_mem_bytes, entry.mem_bytes),
        Finding::OverBudgetIo => against(entry.budget_io_bytes, entry.io_bytes),
        Finding::Added => "it is not in the baseline".to_owned(),
        Finding::Removed => "it is only in the baseline".to_owned(),
        Finding::NotMeasured | Finding::Inconclusive | Finding::Regressed | Finding::Improved => {
            let change = entry.change.map(|change| {
                let percent = change.pct.map(|pct| format!(" ({pct:+.1} %)")).unwrap_or_default();
                format!("{:+.2} us{percent}", change.us)
            });
            let parts: Vec<String> = change.into_iter().chain(entry.reason.clone()).collect();
            parts.join("; ")
        }
    };
    let message = format!("{}: {message}", finding.word());
    Found { rule: finding.word().to_owned(), outcome, message, ..Found::default() }
}
