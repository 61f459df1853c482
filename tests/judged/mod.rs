//! Recordings judged as a golden judges them: observed, learned from, compared.
#![allow(dead_code)] // Each test binary uses its part of it.

use std::path::Path;

use goldens::{Comparison, Finding, Form, Learned, Level, Observer, Options, Run, Severity};
use recording::file::Recording;

/// A stored run, with all that the levels up to `calls` look at.
pub fn observe(recording: &Path) -> Run {
    let mut observer = Observer::new(&Options::at(Level::Calls));
    let file = Recording::open(recording).expect("a recording");
    file.replay(&mut observer).expect("an observer takes everything");
    observer.into_run()
}

/// The golden of these runs.
pub fn learn(runs: &[&Run], level: Level) -> Learned {
    let options = Options::at(level);
    let forms: Vec<Form> = goldens::forms(runs, None, &options);
    goldens::learn(&forms, &options, Default::default()).unwrap_or_else(|refused| panic!("{refused}"))
}

/// A run and its re-runs against a golden.
pub fn compare(learned: &Learned, level: Level, runs: &[&Run]) -> Comparison {
    let options = Options::at(level);
    let forms = goldens::forms(runs, Some(&learned.golden), &options);
    goldens::compare(&learned.golden, &learned.contents, &forms, &options)
}

/// Is there no finding that anybody is told of without asking?
pub fn is_silent(comparison: &Comparison) -> bool {
    !comparison.findings.iter().chain(&comparison.flaky).any(|finding| finding.severity <= Severity::Warning)
}

/// The object of a finding as tables write it: without `$CWD/`, or the process.
pub fn object_of(finding: &Finding) -> String {
    match &finding.object {
        Some(object) => object.as_str().trim_start_matches("$CWD/").replacen("tcp:", "tcp ", 1),
        None => finding.process.0.to_string(),
    }
}

/// Verdict and findings on one line.
pub fn shown(comparison: &Comparison) -> String {
    let told = |finding: &Finding| {
        let (severity, code) = (finding.severity.word(), finding.code.word());
        format!("{severity} {code} {}: {}", object_of(finding), finding.sentence)
    };
    let findings: Vec<String> = comparison.findings.iter().chain(&comparison.flaky).map(told).collect();
    format!("{:?} [{}]", comparison.verdict, findings.join("; "))
}
