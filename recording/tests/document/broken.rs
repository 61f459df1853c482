//! What can't be read: what it is instead, and where it is wrong.

use recording::document::{self, Brought, Options, baseline};

use crate::samples::{document, path, refused, sample};

/// File, phrases of the message.
const REFUSED: [(&str, &[&str]); 24] = [
    ("broken/empty_fallback.json", &["no calls", "capture script writes when tracing failed"]),
    ("broken/empty_file.json", &["0 bytes"]),
    ("broken/first_line_only.json", &["only `{`", "head -1"]),
    ("broken/not_a_trace.json", &["perf.json (`runs`)"]),
    ("broken/other_format.json", &["`renacer-json-v2`", "renacer-json-v1 is read", "line 3, column 13"]),
    ("broken/split_by_output.json", &["line 6", "`Hello, GoldenTest!`", "program output inside the document"]),
    ("broken/truncated.json", &["line 306", "byte 5000", "inside /syscalls/33/args/1", "33 whole calls"]),
    ("broken/two_documents.json", &["a second document", "line 2"]),
    ("broken/wrong_types.json", &["/syscalls/0/result", "string, integer needed"]),
    ("broken/conflicting_result.json", &["/syscalls/0", "`result` 3 and `return_value` -2 disagree"]),
    ("broken/duplicate_key.json", &["/syscalls/0", "key result stands twice"]),
    ("broken/not_utf8.json", &["byte 77", "not UTF-8"]),
    ("broken/result_out_of_range.json", &["/syscalls/0/result", "1e30", "out of range"]),
    ("broken/table_wrong_total.txt", &["rows add up to 4 calls, total says 5"]),
    ("broken/transpiler_map.v2.json", &["transpiler map", "version is 2, 1 is read"]),
    ("broken/transpiler_map.missing_field.json", &["/mappings/0", "`python_line` is missing"]),
    ("wild/decy.transpile_simple.json", &["one line of program output", "no trace", "Transpiled golden_traces"]),
    ("wild/trueno.backend_detection.json", &["one line of program output", "====="]),
    ("wild/trueno.matrix_operations.json", &["one line of program output", "Matrix Operations Demo"]),
    ("wild/trueno-db.basic_usage.json", &["one line of program output", "Trueno-DB Basic Usage Example"]),
    ("wild/trueno.backend_detection_source.json", &["only the banner of renacer"]),
    ("toml/bad/syntax_error.toml", &["program output"]),
    ("baseline-0.10.2/manifest.json", &["manifest of a baseline"]),
    ("sample/transpiler_map.v1.json", &["it is a transpiler map, no trace"]),
];

#[test]
fn every_broken_file_is_refused_with_its_reason() {
    for (name, phrases) in REFUSED {
        let Some(bytes) = sample(name) else { continue };
        let problem = refused(&bytes);
        let message = format!("{problem}; {}", problem.hint().unwrap_or_default());
        for phrase in phrases {
            assert!(message.contains(phrase), "{name}: {phrase:?} is not in: {message}");
        }
        assert_eq!(problem.is_nothing(), name == "broken/empty_fallback.json", "{name}");
    }
}

#[test]
fn hints_say_how_to_record_again() {
    for name in ["broken/first_line_only.json", "broken/split_by_output.json", "wild/trueno.matrix_operations.json"] {
        let Some(bytes) = sample(name) else { continue };
        let hint = refused(&bytes).hint().unwrap_or_default();
        assert!(hint.contains("-o"), "{name}: {hint}");
    }
    if let Some(bytes) = sample("broken/not_a_trace.json") {
        assert!(refused(&bytes).hint().unwrap_or_default().contains("perf report"));
    }
}

#[test]
fn a_wrong_count_is_shown_and_incomplete() {
    let Some(bytes) = sample("broken/count_mismatch.json") else { return };
    assert_eq!(document(&bytes).incomplete, ["its summary counts 65 calls, 1 is listed"]);
}

#[test]
fn lines_without_an_end_are_incomplete() {
    let Some(bytes) = sample("broken/no_end.jsonl") else { return };
    let whole = document(&bytes);
    assert_eq!((whole.calls.len(), whole.incomplete.join("; ")), (4, "no end line, 4 whole records".to_owned()));
    let Some(bytes) = sample("broken/cut_line.jsonl") else { return };
    let cut = document(&bytes);
    assert_eq!(cut.calls.len(), 2);
    assert_eq!(cut.incomplete, ["line 4 is cut at column 41", "no end line, 2 whole records"]);
}

#[test]
fn a_document_that_is_cut_off_can_be_read_in_part() {
    let Some(bytes) = sample("broken/truncated.json") else { return };
    let options = Options { partial: true, ..Options::default() };
    let Ok(Brought::Document(document)) = document::read(&bytes, &options) else { panic!("not read in part") };
    assert_eq!(document.calls.len(), 33);
    assert!(document.incomplete[0].contains("cut off in line 306"), "{:?}", document.incomplete);
}

#[test]
fn one_of_several_documents_can_be_chosen() {
    let Some(bytes) = sample("broken/two_documents.json") else { return };
    let read = |number| document::read(&bytes, &Options { number: Some(number), ..Options::default() });
    for (number, result) in [(1, 7), (2, 8)] {
        let Ok(Brought::Document(document)) = read(number) else { panic!("document {number} was not read") };
        assert_eq!(document.calls[0].success(), Some(result));
    }
    assert_eq!(read(3).expect_err("a third one").to_string(), "it holds 2 documents, number 3 was asked for");
}

#[test]
fn limits_hold() {
    let small = Options { largest: 10, ..Options::default() };
    let problem = document::read(b"{\"syscalls\": []}", &small).expect_err("16 bytes");
    assert_eq!(problem.to_string(), "16 bytes, at most 10 are read");
    let deep = format!("{{\"syscalls\": [{}]}}", "[".repeat(100));
    assert!(refused(deep.as_bytes()).to_string().contains("more than 64 objects and arrays inside each other"));
    let newer = br#"{"format": "renacer-json-v1", "schema": 2, "generator": "chic-trace 9.0", "syscalls": []}"#;
    assert!(refused(newer).to_string().contains("its schema is 2; this build reads up to 1"));
}

#[test]
fn baseline_directories_say_why_they_are_none() {
    let cases = [
        ("baseline-0.10.2", "holds 0 calls: `renacer validate` can't fail on it"),
        ("baseline-broken/manifest_only", "its syscalls.trace is missing"),
        ("baseline-broken/claims_three", "says 3 records, 0 bytes follow; no renacer writes records"),
        ("baseline-broken/bad_magic", "RNTX instead of RNTR"),
        ("baseline-broken/bad_checksum", "checksum"),
        ("sample", "without a manifest.json"),
    ];
    for (name, phrase) in cases {
        let Some(dir) = path(name) else { continue };
        let problem = baseline(&dir).to_string();
        assert!(problem.contains(phrase), "{name}: {problem}");
    }
    let Some(dir) = path("baseline-0.10.2") else { return };
    let document::BadBaseline::Empty { command, .. } = baseline(&dir) else { panic!("not empty") };
    assert_eq!(command, ["./.renacer-bin", "--help"]);
}

#[test]
fn no_prefix_and_no_changed_byte_makes_it_panic() {
    for name in ["sample/full.json", "sample/full.jsonl", "variants/v18_shifted_names.json", "sample/full.summary.txt"]
    {
        let Some(bytes) = sample(name) else { continue };
        for length in 0..bytes.len() {
            let _ = document::read(&bytes[..length], &Options { partial: length % 2 == 0, ..Options::default() });
        }
        let mut state = 0x9e37_79b9_u32;
        for _ in 0..3000 {
            let mut changed = bytes.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = state as usize % changed.len();
                changed[at] = b"{}[]\",:0x\\\n\xff-e"[(state >> 24) as usize % 14];
            }
            let _ = document::read(&changed, &Options::default());
        }
    }
}
