//! Verdicts on rules as plain findings, each at the line of its rule.

use assertions::{Configuration, Judged, Report, Verdict};

use crate::cli::ask::Inconclusive;
use crate::emit::{Case, Findings, Found, Outcome, Place, Value};

/// A case for each rule that is judged.
pub fn findings(configuration: &Configuration, report: &Report, inconclusive: Inconclusive) -> Findings {
    let is_judged = |judged: &&Judged| !matches!(judged.verdict, Verdict::Disabled | Verdict::NotRun(_));
    let judged = report.results.iter().filter(is_judged);
    Findings {
        command: "assert",
        status: report.summary().word().to_owned(),
        cases: judged.map(|judged| case(configuration, judged, inconclusive)).collect(),
        took_ms: 0,
    }
}

fn case(configuration: &Configuration, judged: &Judged, inconclusive: Inconclusive) -> Case {
    let undecided = match inconclusive {
        Inconclusive::Code => Outcome::Undecided,
        Inconclusive::Pass => Outcome::Warned,
        Inconclusive::Fail => Outcome::Failed,
    };
    let (outcome, message) = match &judged.verdict {
        Verdict::Within | Verdict::Disabled | Verdict::NotRun(_) => (Outcome::Passed, None),
        Verdict::Over => (Outcome::Failed, Some(&judged.message)),
        Verdict::Inconclusive => (undecided, Some(&judged.message)),
        Verdict::NotMeasured(why) => (Outcome::NotMeasured, Some(why)),
    };
    // A rule that only warns never fails the run.
    let outcome = match outcome {
        Outcome::Failed | Outcome::Undecided if !judged.fails => Outcome::Warned,
        outcome => outcome,
    };
    let found = message.map(|message| Found {
        rule: judged.kind.clone(),
        outcome,
        message: match (judged.value, judged.budget) {
            (Some(value), Some(budget)) => format!("{message} ({value} of {budget} {})", judged.unit),
            _ => message.clone(),
        },
        details: judged.found.rows.iter().map(ToString::to_string).collect(),
        place: (judged.line > 0).then(|| Place { file: configuration.name.clone(), line: judged.line }),
    });
    Case {
        name: judged.name.clone(),
        outcome,
        found: found.into_iter().collect(),
        value: judged.value.map(|value| Value {
            of: judged.name.clone(),
            measure: judged.kind.clone(),
            unit: judged.unit.to_owned(),
            value,
            between: None,
        }),
        accept: None,
    }
}
