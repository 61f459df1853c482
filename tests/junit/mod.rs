//! JUnit's XML as others read it: by the schema that Jenkins' xUnit plugin publishes (junit-10.xsd), whose facts
//! stand here, and by quick-junit.

use std::path::Path;

use quick_junit::{Report, TestCaseStatus};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// An element: attributes that it must have, attributes that it may have, and what may stand in it.
type Element = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const ELEMENTS: &[Element] = &[
    ("testsuites", &[], &["name", "time", "tests", "failures", "errors"], &["testsuite"]),
    (
        "testsuite",
        &["name", "tests", "failures", "errors"],
        &["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"],
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
    ),
    (
        "testcase",
        &["name"],
        &["time", "classname", "group"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &[], &["type", "message"], &[]),
    ("error", &[], &["type", "message"], &[]),
    ("skipped", &[], &["type", "message"], &[]),
    ("system-out", &[], &[], &[]),
    ("system-err", &[], &[], &[]),
];

/// Name of each case, and `passed`, `failure` or `skipped`.
#[track_caller]
pub fn cases(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    fits_the_schema(&text);
    let report = Report::deserialize_from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let [suite] = report.test_suites.as_slice() else { panic!("one suite is expected: {text}") };
    let outcome = |status: &TestCaseStatus| match status {
        TestCaseStatus::Success { .. } => "passed",
        TestCaseStatus::NonSuccess { .. } => "failure",
        TestCaseStatus::Skipped { .. } => "skipped",
    };
    let cases: Vec<(String, String)> =
        suite.test_cases.iter().map(|case| (case.name.to_string(), outcome(&case.status).to_owned())).collect();
    let count = |outcome: &str| cases.iter().filter(|(_, known)| known == outcome).count();
    assert_eq!((report.tests, report.failures, report.errors), (cases.len(), count("failure"), 0), "{text}");
    assert_eq!((suite.tests, suite.failures, suite.errors), (cases.len(), count("failure"), 0), "{text}");
    assert_eq!(suite.skipped, count("skipped"), "{text}");
    cases
}

#[track_caller]
fn fits_the_schema(text: &str) {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<&Element> = Vec::new();
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {text}")) {
            Event::Start(start) => open.push(fits(&start, open.last().copied())),
            Event::Empty(start) => drop(fits(&start, open.last().copied())),
            Event::End(_) => drop(open.pop()),
            Event::Text(found) if found.iter().all(u8::is_ascii_whitespace) => {}
            Event::Text(_) | Event::GeneralRef(_) => {
                let inside = open.last().map_or("", |(name, ..)| name);
                let holds_text = ["failure", "error", "skipped", "system-out", "system-err"];
                assert!(holds_text.contains(&inside), "text in {inside:?}: {text}");
            }
            Event::Decl(_) => {}
            Event::Eof => break,
            other => panic!("{other:?}: {text}"),
        }
    }
    assert!(open.is_empty(), "{text}");
}

#[track_caller]
fn fits(start: &BytesStart<'_>, within: Option<&Element>) -> &'static Element {
    let name = String::from_utf8(start.name().as_ref().to_vec()).expect("UTF-8");
    let element = ELEMENTS.iter().find(|(known, ..)| *known == name).unwrap_or_else(|| panic!("no element is {name}"));
    match within {
        None => assert_eq!(name, "testsuites"),
        Some((outer, .., children)) => assert!(children.contains(&name.as_str()), "{name} in {outer}"),
    }
    let (_, must, may, _) = element;
    let keys = start.attributes().map(|attribute| attribute.expect("an attribute, once").key.as_ref().to_vec());
    let keys: Vec<String> = keys.map(|key| String::from_utf8(key).expect("UTF-8")).collect();
    for key in &keys {
        assert!(must.contains(&key.as_str()) || may.contains(&key.as_str()), "{name} has no attribute {key}");
    }
    for key in *must {
        assert!(keys.iter().any(|known| known == key), "{name} needs {key}");
    }
    element
}
