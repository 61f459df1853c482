//! JUnit's XML: a case for each thing that was judged.

use std::fmt::Write as _;

use goldens::xml_text as escaped;

use super::{Case, Findings, Found, Outcome};

/// What failed or is not decided is a failure, what was not measured is skipped with its reason.
pub fn junit(findings: &Findings) -> String {
    let count = |outcomes: &[Outcome]| findings.cases.iter().filter(|case| outcomes.contains(&case.outcome)).count();
    let (failures, skipped) = (count(&[Outcome::Failed, Outcome::Undecided]), count(&[Outcome::NotMeasured]));
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", findings.cases.len());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"chic-trace {}\" {counts}>", findings.command);
    let _ = writeln!(out, "  <testsuite name=\"{}\" {counts} skipped=\"{skipped}\">", findings.command);
    findings.cases.iter().for_each(|case| of_case(&mut out, findings.command, case));
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn of_case(out: &mut String, command: &str, case: &Case) {
    let class = command.replace(' ', ".");
    let _ = write!(out, "    <testcase classname=\"{class}\" name=\"{}\"", escaped(&case.name));
    let first = case.found.first();
    let message = escaped(first.map_or("", |found| &found.message)).replace('\n', "&#10;");
    let lines: Vec<String> = case.found.iter().flat_map(lines).chain(case.accept.clone()).collect();
    let body = escaped(&lines.join("\n"));
    let _ = match case.outcome {
        Outcome::Passed => writeln!(out, "/>"),
        Outcome::NotMeasured => write!(out, ">\n      <skipped message=\"{message}\"/>\n    </testcase>\n"),
        Outcome::Warned => write!(out, ">\n      <system-out>{body}</system-out>\n    </testcase>\n"),
        Outcome::Failed | Outcome::Undecided => {
            let kind = if case.outcome == Outcome::Failed {
                escaped(first.map_or("failed", |found| &found.rule))
            } else {
                "undecided".to_owned()
            };
            write!(out, ">\n      <failure type=\"{kind}\" message=\"{message}\">{body}</failure>\n    </testcase>\n")
        }
    };
}

fn lines(found: &Found) -> impl Iterator<Item = String> {
    let place = found.place.as_ref().map(|place| format!(" ({}:{})", place.file, place.line)).unwrap_or_default();
    let first = format!("{}: {}{place}", found.rule, found.message);
    std::iter::once(first).chain(found.details.iter().map(|line| format!("  {line}")))
}
