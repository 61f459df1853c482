//! Reports: comparisons in the form that was asked for, on standard output and in files, and their exit code.

use std::io::IsTerminal;

use goldens::{Finding, Report, Severity, Verdict, json, junit, text};

use crate::cli::General;
use crate::cli::ask::Inconclusive;
use crate::cli::ask::VerdictForm;
use crate::command::assert::undecided;
use crate::config;
use crate::emit::{self, Case, Findings, Found, Outcome, Own, Place, Wanted};
use crate::exit::{Code, Ending};
use crate::message::Problem;
use crate::output;

/// How reports are told.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// Which command it is.
    pub command: &'static str,
    /// On standard output.
    pub form: VerdictForm,
    /// Into files.
    pub emit: &'a [Wanted],
    /// Also what is only information.
    pub verbose: bool,
}

/// Reports as text; with everything or not.
pub fn usual(reports: &[Report<'_>], verbose: bool) -> String {
    let texts: Vec<String> = reports.iter().map(|report| text(report, verbose)).collect();
    texts.join("\n")
}

/// Writes the files, prints, and ends with this code. `as_text` is the text form, with everything or not.
pub fn tell(
    general: &General,
    reports: &[Report<'_>],
    as_text: &dyn Fn(bool) -> String,
    telling: Telling<'_>,
    code: Code,
) -> Result<Ending, Problem> {
    let own = Own { json: &|| json(reports), text: &|| as_text(true), junit: Some(&|| junit(reports)) };
    emit::write(telling.emit, own, &findings(reports, telling, code))?;
    let colored = config::colored(general, std::io::stdout().is_terminal());
    let shown = match telling.form {
        VerdictForm { json: true, .. } => json(reports),
        VerdictForm { junit: true, .. } => junit(reports),
        _ => crate::color::verdicts(&as_text(telling.verbose), colored),
    };
    match output::print(&shown)? {
        Ending::Code(_) => Ok(code.into()),
        other => Ok(other),
    }
}

/// The same as plain findings.
fn findings(reports: &[Report<'_>], telling: Telling<'_>, code: Code) -> Findings {
    let status = match code {
        Code::OK => "same",
        Code::UNDECIDED => "flaky",
        Code::NOTHING_TO_JUDGE => "not measured",
        _ => "different",
    };
    let cases = reports.iter().map(|report| case(report, telling.form)).collect();
    Findings { command: telling.command, status: status.to_owned(), cases, took_ms: 0 }
}

fn case(report: &Report<'_>, form: VerdictForm) -> Case {
    let comparison = report.comparison;
    let undecided = match form.inconclusive {
        Inconclusive::Code => Outcome::Undecided,
        Inconclusive::Pass => Outcome::Warned,
        Inconclusive::Fail => Outcome::Failed,
    };
    let (outcome, why) = match &comparison.verdict {
        Verdict::Same => (Outcome::Passed, None),
        Verdict::SameWithWarnings => (Outcome::Warned, None),
        Verdict::Different => (Outcome::Failed, None),
        Verdict::Flaky => (undecided, None),
        Verdict::NotMeasured(why) => (Outcome::NotMeasured, Some(why)),
    };
    let not_measured = why.map(|why| Found {
        rule: "not-measured".to_owned(),
        outcome: Outcome::NotMeasured,
        message: why.clone(),
        ..Found::default()
    });
    let confirmed = comparison.findings.iter().map(|finding| found(finding, None));
    let flaky = comparison.flaky.iter().map(|finding| found(finding, Some(undecided)));
    Case {
        name: report.name.to_owned(),
        outcome,
        found: not_measured.into_iter().chain(confirmed).chain(flaky).collect(),
        value: None,
        accept: report.accept.map(str::to_owned),
    }
}

fn found(finding: &Finding, outcome: Option<Outcome>) -> Found {
    let side = |mark: char, lines: &[String]| lines.iter().map(|line| format!("{mark} {line}")).collect::<Vec<_>>();
    Found {
        rule: finding.code.word().to_owned(),
        outcome: outcome.unwrap_or(match finding.severity {
            Severity::Error => Outcome::Failed,
            Severity::Warning => Outcome::Warned,
            Severity::Info => Outcome::Passed,
        }),
        message: finding.sentence.clone(),
        details: [side('-', &finding.before), side('+', &finding.after)].concat(),
        place: finding.source.as_deref().and_then(Place::of),
    }
}

/// A verdict as an exit code.
pub fn code_of(verdict: &Verdict, form: VerdictForm) -> Code {
    match verdict {
        Verdict::Same | Verdict::SameWithWarnings => Code::OK,
        Verdict::Different => Code::FAILED,
        Verdict::Flaky => undecided(form.inconclusive),
        Verdict::NotMeasured(_) => Code::NOTHING_TO_JUDGE,
    }
}
