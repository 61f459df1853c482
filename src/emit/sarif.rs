//! SARIF 2.1.0 (OASIS): findings for whoever shows them beside the code.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Case, Findings, Found, Outcome};

/// One run of one tool.
pub fn sarif(findings: &Findings) -> String {
    let found = |case: &'_ Case| case.found.len();
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for found in findings.cases.iter().flat_map(|case| &case.found) {
        let next = rules.len();
        rules.entry(&found.rule).or_insert(next);
    }
    let mut in_order: Vec<(&str, usize)> = rules.iter().map(|(rule, index)| (*rule, *index)).collect();
    in_order.sort_by_key(|(_, index)| *index);
    let described: Vec<Value> = in_order
        .iter()
        .map(|(rule, _)| json!({"id": rule, "shortDescription": {"text": format!("chic-trace {}: {rule}", findings.command)}}))
        .collect();
    let count: usize = findings.cases.iter().map(found).sum();
    let mut results = Vec::with_capacity(count);
    for case in &findings.cases {
        results.extend(case.found.iter().map(|found| result(case, found, rules.get(found.rule.as_str()).copied())));
    }
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "chic-trace", "version": env!("CARGO_PKG_VERSION"), "rules": described}},
            "automationDetails": {"id": format!("chic-trace/{}/", findings.command.replace(' ', "-"))},
            "columnKind": "unicodeCodePoints",
            "properties": {"status": findings.status, "cases": findings.cases.len()},
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

fn result(case: &Case, found: &Found, rule: Option<usize>) -> Value {
    // Only what fails has a level (3.27.10).
    let (kind, level) = match found.outcome {
        Outcome::Failed => ("fail", "error"),
        Outcome::Warned => ("fail", "warning"),
        Outcome::Undecided => ("open", "none"),
        Outcome::NotMeasured => ("notApplicable", "none"),
        Outcome::Passed => ("informational", "none"),
    };
    let mut lines = vec![format!("{}: {}", case.name, found.message)];
    lines.extend(found.details.iter().cloned());
    lines.extend(case.accept.iter().map(|accept| format!("accept with: {accept}")));
    let mut result = json!({
        "ruleId": found.rule,
        "kind": kind,
        "level": level,
        "message": {"text": lines.join("\n")},
        "partialFingerprints": {"caseAndRule/v1": format!("{}/{}", case.name, found.rule)},
    });
    if let (Some(index), Some(object)) = (rule, result.as_object_mut()) {
        object.insert("ruleIndex".to_owned(), index.into());
    }
    if let (Some(place), Some(object)) = (&found.place, result.as_object_mut()) {
        let location = json!([{"physicalLocation": {
            "artifactLocation": {"uri": uri(&place.file)},
            "region": {"startLine": place.line},
        }}]);
        object.insert("locations".to_owned(), location);
    }
    result
}

/// A path as a reference of RFC 3986: relative where the path is.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    if path.starts_with('/') {
        out.push_str("file://");
    } else if path.split('/').next().is_some_and(|first| first.contains(':')) {
        // It would be taken for a scheme.
        out.push_str("./");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:@!$&'()*+,;=".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
