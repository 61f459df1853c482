//! The published schemas against the samples of the formats, against real runs, and against documents
//! that are wrong in one place.

mod programs;

use jsonschema::Validator;
use programs::{can_trace, chic_trace, room};
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
    for sample in [SAMPLE, COMPACT] {
        accepts(&validator, &parsed(sample));
        has_renacers_part(&parsed(sample));
    }
    for line in LINES.lines() {
        accepts(&validator, &parsed(line));
    }
}

/// The keys that renacer itself has, with the types that its readers expect. Not known exit codes are our addition.
#[track_caller]
fn has_renacers_part(document: &Value) {
    let whole = |value: &Value| value.is_u64();
    let check = |there: bool, what: &str, value: &Value| assert!(there, "{what}: {value}");
    check(document["version"].is_string(), "version", document);
    check(document["format"] == "renacer-json-v1", "format", document);
    let summary = &document["summary"];
    check(whole(&summary["total_syscalls"]), "total_syscalls", summary);
    check(summary.get("total_time_us").is_none_or(whole), "total_time_us", summary);
    check(summary["exit_code"].is_i64() || summary["exit_code"].is_null(), "exit_code", summary);
    let calls = document["syscalls"].as_array().expect("an array of calls");
    check(summary["total_syscalls"] == calls.len(), "as many calls as counted", summary);
    for call in calls {
        check(call["name"].is_string(), "name", call);
        let args = call["args"].as_array();
        check(args.is_some_and(|args| args.iter().all(Value::is_string)), "args", call);
        check(call["result"].is_i64(), "result", call);
        check(call.get("duration_us").is_none_or(whole), "duration_us", call);
        let Some(source) = call.get("source") else { continue };
        check(source["file"].is_string() && source["line"].as_u64() > Some(0), "source", call);
        check(source.get("function").is_none_or(Value::is_string), "function", call);
    }
}

#[test]
fn document_and_lines_of_the_sample_hold_the_same() {
    let document = parsed(SAMPLE);
    let lines: Vec<Value> = LINES.lines().map(parsed).collect();
    let of = |key: &str| document[key].as_array().expect("an array").clone();
    let with = |key: &str| lines.iter().filter(|line| line.get(key).is_some()).cloned().collect::<Vec<_>>();
    assert_eq!((with("name"), with("kind")), (of("syscalls"), of("events")));
    let last = lines.last().expect("an end");
    for key in ["processes", "recording", "summary"] {
        assert_eq!(last[key], document[key]);
    }
}

#[test]
fn documents_of_others_are_valid_as_we_write_them() {
    let validator = validator("renacer-json");
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for dir in ["recording/tests/documents", "../shared/data/renacer/variants"] {
        let Ok(entries) = std::fs::read_dir(here.join(dir)) else {
            println!("skipped: samples not here: {dir}");
            continue;
        };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let shown = |format| {
                let mut command = chic_trace();
                command.args(["report", "-T", "-c", "--stats-extended", "--format", format]).arg(&path);
                let run = programs::output(&mut command);
                run.status.success().then(|| programs::text(&run.stdout))
            };
            let (Some(document), Some(lines)) = (shown("json"), shown("jsonl")) else { continue };
            if document.starts_with('%') {
                continue;
            }
            accepts(&validator, &parsed(&document));
            lines.lines().for_each(|line| accepts(&validator, &parsed(line)));
            count += 1;
        }
    }
    assert!(count >= 8, "{count} documents were read");
}

#[test]
fn one_wrong_place_is_found() {
    let validator = validator("renacer-json");
    let wrong: [Spoil<'_>; 11] = [
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
    let output = chic_trace().args(format).arg("--").args(program).output().expect("chic-trace runs");
    assert!(!output.stdout.is_empty(), "nothing printed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the document is UTF-8")
}

const SHELL: [&str; 3] = ["sh", "-c", "echo hi; ls / | cat; kill -USR1 $$"];

#[test]
fn real_documents_are_valid() {
    if !can_trace() {
        return;
    }
    let validator = validator("renacer-json");
    for format in [
        &["-f", "--format", "json"][..],
        &["-f", "-T", "-c", "-ttt", "--format", "json"],
        &["-f", "-k", "--source", "--format", "json"],
        &["-f", "-T", "-c", "--stats-extended", "--lamport", "--format", "json"],
        &["--format", "json", "--compact"],
        &["-f", "-e", "trace=openat,?nosuchcall", "-z", "--format", "json"],
    ] {
        let document = parsed(&traced(format, &SHELL));
        accepts(&validator, &document);
        has_renacers_part(&document);
        assert!(!document["syscalls"].as_array().expect("calls").is_empty(), "{format:?} shows no call");
    }
}

#[test]
fn real_lines_are_valid() {
    if !can_trace() {
        return;
    }
    let validator = validator("renacer-json");
    let lines = traced(&["-f", "-T", "-c", "--lamport", "--format", "jsonl"], &SHELL);
    for line in lines.lines() {
        accepts(&validator, &parsed(line));
    }
    assert_eq!(parsed(lines.lines().last().expect("a line"))["stream"], "end");
}

/// A place of its own for files, goldens and a `renacer.toml`.
struct Room(tempfile::TempDir);

impl Room {
    fn new() -> Self {
        Self(room())
    }

    /// The exit code of a judging command, and the document it printed.
    fn judged(&self, words: &[&str]) -> (Option<i32>, Value) {
        let output = programs::output(chic_trace().current_dir(self.0.path()).args(words));
        let stdout = String::from_utf8(output.stdout).expect("the document is UTF-8");
        let document = serde_json::from_str(&stdout).unwrap_or(Value::Null);
        assert!(!words.contains(&"json") || !document.is_null(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code(), document)
    }

    fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.0.path().join(name), content).expect("written");
    }

    /// A recording of a program that leaves most calls out.
    fn record_openat(&self, program: &[&str]) {
        let record = ["-f", "-e", "trace=openat", "-o", "/dev/null", "--keep", "part.ctrace", "--"];
        assert_eq!(self.judged(&[&record, program].concat()).0, Some(0));
    }
}

/// What each verdict of `golden check` prints, by the verdict.
fn golden_documents() -> [(&'static str, Value); 4] {
    let room = Room::new();
    let script = "if [ -e odd ]; then rm odd; else echo >odd; fi; exit ${CODE:-0}";
    let check = |name: &str, code: i32, rest: &[&str]| {
        let (exit, document) = room.judged(&[&["golden", "check", name, "--format", "json"], rest].concat());
        assert_eq!(exit, Some(code), "{document}");
        document
    };
    assert_eq!(room.judged(&["golden", "record", "even", "--runs", "3", "--", "cat", "/dev/null"]).0, Some(0));
    let same = check("even", 0, &["--", "cat", "/dev/null"]);
    let different = check("even", 1, &["--", "cat", "/dev/null", "/no/such/file"]);
    // One run more, and the next check begins with what was not accepted.
    assert_eq!(room.judged(&["golden", "record", "odd", "--single", "--", "sh", "-c", script]).0, Some(0));
    let flaky = check("odd", 3, &["--", "sh", "-c", script]);
    let golden = room.0.path().join("goldens/even.golden");
    let text = std::fs::read_to_string(&golden).expect("a golden");
    let platform = text.lines().next().and_then(|line| line.split("platform=").nth(1)).expect("a platform");
    std::fs::write(&golden, text.replacen(platform, "m68k-none", 1)).expect("written");
    let unjudged = check("even", 4, &["--", "cat", "/dev/null"]);
    [("same", same), ("different", different), ("flaky", flaky), ("not measured", unjudged)]
}

/// The rules of one file that gives every verdict but `inconclusive`.
const RULES: &str = r#"
[[assertion]]
name = "few calls"
type = "span_count"
max_spans = 5

[[assertion]]
name = "not too many calls"
type = "span_count"
max_spans = 100000

[[assertion]]
name = "quick"
type = "critical_path"
max_duration_ms = 600000

[[assertion]]
name = "durable"
type = "durable_replace"
path = "final"

[[assertion]]
name = "off"
type = "span_count"
max_spans = 5
enabled = false

[[assertion]]
name = "few calls, please"
type = "span_count"
max_spans = 5
fail_on_violation = false

[[assertion]]
name = "only here"
type = "reads_only"
paths = ["nothing"]
runtime = false
fail_on_violation = false

[[assertion]]
name = "condition"
type = "custom"
expression = "calls > 0 && max_rss_bytes > 0 && wall_ms < 600000"

[performance.budgets]
other = { max_syscalls = 1 }
"#;

/// A rule for calls of one name.
fn at_most(calls: u64, name: &str) -> String {
    format!(
        "[[assertion]]\nname = \"{name}\"\ntype = \"span_count\"\nmax_spans = {calls}\nspan_name_pattern = \"^{name}$\"\n"
    )
}

/// What `assert` prints for each verdict of a whole run, by the verdict.
fn assert_documents() -> [(&'static str, Value); 4] {
    let room = Room::new();
    let judge = |rules: &str, code: i32, rest: &[&str]| {
        room.write("renacer.toml", rules.as_bytes());
        let (exit, document) = room.judged(&[&["assert", "--format", "json", "--runs", "2"], rest].concat());
        assert_eq!(exit, Some(code), "{document}");
        document
    };
    let over = judge(RULES, 1, &["--", "true"]);
    let within = judge(&at_most(1, "execve"), 0, &["--", "true"]);
    let odd = ["--", "sh", "-c", "if [ -e odd ]; then rm odd; else mkdir odd; rmdir odd; echo >odd; fi"];
    let inconclusive = judge(&at_most(0, "dup2"), 3, &odd);
    room.record_openat(&["true"]);
    let unmeasured = judge(&at_most(1, "execve"), 3, &["--recording", "part.ctrace"]);
    [("over", over), ("within", within), ("inconclusive", inconclusive), ("not-measured", unmeasured)]
}

#[test]
fn real_golden_checks_are_valid() {
    if !can_trace() {
        return;
    }
    let validator = validator("golden-check");
    for (verdict, document) in golden_documents() {
        accepts(&validator, &document);
        assert_eq!(document["results"][0]["verdict"], verdict, "{document}");
    }
}

#[test]
fn real_judgements_are_valid() {
    if !can_trace() {
        return;
    }
    let validator = validator("assert");
    for (verdict, document) in assert_documents() {
        accepts(&validator, &document);
        let verdicts: Vec<&str> =
            document["results"].as_array().expect("rules").iter().filter_map(|row| row["verdict"].as_str()).collect();
        if verdict == "over" {
            let expected =
                ["over", "within", "within", "not-measured", "disabled", "over", "over", "within", "not-run"];
            assert_eq!(verdicts, expected, "{document}");
        } else {
            assert_eq!(verdicts, [verdict], "{document}");
        }
    }
}

type Spoil<'a> = (&'a str, &'a dyn Fn(&mut Value));

#[track_caller]
fn refuses(validator: &Validator, document: &Value, wrong: &[Spoil<'_>]) {
    for (what, spoil) in wrong {
        let mut spoiled = document.clone();
        spoil(&mut spoiled);
        assert_ne!(&spoiled, document, "nothing is spoiled: {what}");
        assert!(!validator.is_valid(&spoiled), "accepted: {what}");
    }
}

#[test]
fn wrong_golden_checks_are_found() {
    if !can_trace() {
        return;
    }
    let validator = validator("golden-check");
    let [(_, same), (_, different), (_, flaky), (_, unjudged)] = golden_documents();
    refuses(
        &validator,
        &same,
        &[
            ("unknown key of the document", &|d| d["extra"] = json!(1)),
            ("unknown key of a result", &|d| d["results"][0]["extra"] = json!(1)),
            ("another version", &|d| d["version"] = json!(2)),
            ("no result", &|d| d["results"] = json!([])),
            ("another verdict", &|d| d["results"][0]["verdict"] = json!("similar")),
            ("different without a finding", &|d| d["results"][0]["verdict"] = json!("different")),
            ("not measured without a reason", &|d| d["results"][0]["verdict"] = json!("not measured")),
            ("same without a run", &|d| d["results"][0]["runs"] = json!(0)),
            ("same with a reason", &|d| d["results"][0]["reason"] = json!("why not")),
            ("three numbers asserted", &|d| d["results"][0]["asserts"] = json!([1, 2, 3])),
            ("a name that leaves its directory", &|d| d["results"][0]["name"] = json!("../even")),
        ],
    );
    refuses(
        &validator,
        &different,
        &[
            ("same with findings", &|d| d["results"][0]["verdict"] = json!("same")),
            ("unknown key of a finding", &|d| d["results"][0]["findings"][0]["extra"] = json!(1)),
            ("unknown code", &|d| d["results"][0]["findings"][0]["code"] = json!("call.moved")),
            ("a finding of no process", &|d| d["results"][0]["findings"][0]["process"] = json!("")),
            ("a finding without a sentence", &|d| {
                d["results"][0]["findings"][0].as_object_mut().expect("a finding").remove("sentence");
            }),
            ("a finding of no run", &|d| d["results"][0]["findings"][0]["confirmed"]["seen"] = json!(0)),
            ("unknown key of a confirmation", &|d| {
                d["results"][0]["findings"][0]["confirmed"]["extra"] = json!(1);
            }),
        ],
    );
    refuses(&validator, &flaky, &[("flaky without a finding", &|d| d["results"][0]["flaky"] = json!([]))]);
    refuses(&validator, &unjudged, &[("same after all", &|d| d["results"][0]["verdict"] = json!("same"))]);
}

#[test]
fn wrong_judgements_are_found() {
    if !can_trace() {
        return;
    }
    let validator = validator("assert");
    let [(_, over), (_, within), (_, inconclusive), (_, unmeasured)] = assert_documents();
    refuses(
        &validator,
        &over,
        &[
            ("unknown key of the document", &|d| d["extra"] = json!(1)),
            ("unknown key of a result", &|d| d["results"][0]["extra"] = json!(1)),
            ("unknown key of a call", &|d| d["results"][0]["calls"][0]["extra"] = json!(1)),
            ("another format", &|d| d["format"] = json!("chic-trace.golden-check")),
            ("no rule", &|d| d["results"] = json!([])),
            ("within with a broken rule", &|d| d["verdict"] = json!("within")),
            ("over, and every rule only warns", &|d| d["results"][0]["fails"] = json!(false)),
            ("broken without a value", &|d| d["results"][0]["value"] = json!(null)),
            ("within without a budget", &|d| d["results"][1]["budget"] = json!(null)),
            ("a value as text", &|d| d["results"][0]["value"] = json!("30")),
            ("another unit", &|d| d["results"][2]["unit"] = json!("seconds")),
            ("not measured without a reason", &|d| d["results"][3]["reason"] = json!(null)),
            ("disabled with a value", &|d| d["results"][4]["value"] = json!(0)),
            ("no call made it", &|d| d["results"][0]["calls"][0]["calls"] = json!(0)),
            ("a path of nothing", &|d| d["results"][6]["calls"][0]["path"] = json!("")),
            ("a condition with half a value", &|d| d["results"][7]["value"] = json!(1)),
            ("not run without a reason", &|d| d["results"][8]["reason"] = json!(null)),
        ],
    );
    refuses(&validator, &within, &[("over without a broken rule", &|d| d["verdict"] = json!("over"))]);
    refuses(&validator, &inconclusive, &[("a pass after all", &|d| d["verdict"] = json!("within"))]);
    refuses(&validator, &unmeasured, &[("a pass after all", &|d| d["verdict"] = json!("within"))]);
}
