//! The published schemas against the samples of the formats, against real runs, and against documents
//! that are wrong in one place.

use std::process::Command;

use jsonschema::Validator;
use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../report/tests/samples/full.json");
const COMPACT: &str = include_str!("../report/tests/samples/minimal.json");
const LINES: &str = include_str!("../report/tests/samples/full.jsonl");

fn validator(name: &str) -> Validator {
    let text = report::schema(name).unwrap_or_else(|| panic!("no schema {name}"));
    let schema: Value = serde_json::from_str(text).expect("the schema is JSON");
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::draft202012::new(&schema).expect("the schema compiles")
}

#[track_caller]
fn accepts(validator: &Validator, document: &Value) {
    if let Err(error) = validator.validate(document) {
        panic!("{error} at {}: {document}", error.instance_path());
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_schema_is_one_and_has_an_id_of_its_draft() {
    for name in report::schema::names() {
        let text = report::schema(name).expect("a named schema is there");
        assert_eq!(parsed(text)["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        validator(name);
    }
    assert_eq!(report::schema("renacer-jsom"), None);
}

#[test]
fn the_samples_are_valid() {
    let validator = validator("renacer-json");
    accepts(&validator, &parsed(SAMPLE));
    accepts(&validator, &parsed(COMPACT));
    for line in LINES.lines() {
        accepts(&validator, &parsed(line));
    }
}

#[test]
fn one_wrong_place_is_found() {
    let validator = validator("renacer-json");
    let wrong: [(&str, &dyn Fn(&mut Value)); 11] = [
        ("unknown key of the document", &|d| d["extra"] = json!(1)),
        ("unknown key of a call", &|d| d["syscalls"][0]["extra"] = json!(1)),
        ("unknown key of an event", &|d| d["events"][0]["extra"] = json!(1)),
        ("unknown key of the recording", &|d| d["recording"]["extra"] = json!(1)),
        ("unknown key of the summary", &|d| d["summary"]["extra"] = json!(1)),
        ("result as text", &|d| d["syscalls"][0]["result"] = json!("0")),
        ("argument as number", &|d| d["syscalls"][1]["args"][0] = json!(1)),
        ("seven arguments", &|d| d["syscalls"][0]["args"] = json!(["", "", "", "", "", "", ""])),
        ("other format", &|d| d["format"] = json!("renacer-json-v2")),
        ("incomplete without a reason", &|d| d["recording"]["complete"] = json!(false)),
        ("payload without content", &|d| {
            d["syscalls"][5]["payloads"][0].as_object_mut().expect("a payload").remove("base64");
        }),
    ];
    for (what, spoil) in wrong {
        let mut document = parsed(SAMPLE);
        spoil(&mut document);
        assert!(!validator.is_valid(&document), "accepted: {what}");
    }
}

/// What a real run prints in a form.
fn traced(format: &[&str], program: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chic-trace"))
        .args(format)
        .arg("--")
        .args(program)
        .output()
        .expect("chic-trace runs");
    assert!(!output.stdout.is_empty(), "nothing printed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the document is UTF-8")
}

const SHELL: [&str; 3] = ["sh", "-c", "echo hi; ls / | cat; kill -USR1 $$"];

#[test]
fn real_documents_are_valid() {
    let validator = validator("renacer-json");
    for format in [
        &["-f", "--format", "json"][..],
        &["-f", "-T", "-c", "-ttt", "--format", "json"],
        &["--format", "json", "--compact"],
        &["-f", "-e", "trace=openat,?nosuchcall", "-z", "--format", "json"],
    ] {
        let document = parsed(&traced(format, &SHELL));
        accepts(&validator, &document);
        assert!(!document["syscalls"].as_array().expect("calls").is_empty(), "{format:?} shows no call");
    }
}

#[test]
fn real_lines_are_valid() {
    let validator = validator("renacer-json");
    let lines = traced(&["-f", "-T", "--format", "jsonl"], &SHELL);
    for line in lines.lines() {
        accepts(&validator, &parsed(line));
    }
    assert_eq!(parsed(lines.lines().last().expect("a line"))["stream"], "end");
}
