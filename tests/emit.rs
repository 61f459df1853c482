//! `--emit` of every judging command: each form is read by a reader of its own, whatever the names in it are.

mod junit;
mod programs;

use std::path::Path;
use std::process::Output;

use programs::{can_trace, chic_trace, output, room, text};
use serde_json::{Value, json};

/// The schema that OASIS publishes.
const SARIF: &str = include_str!("emitted/sarif-schema-2.1.0.json");

/// What the text of the standard says beyond its schema: how levels and kinds go together (3.27.10).
#[track_caller]
fn level_fits_kind(result: &Value) {
    let fails = result["kind"] == "fail";
    assert_eq!(fails, result["level"] != "none", "{result}");
    assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()), "{result}");
}

fn json_of(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Reads a file by the standard; returns its results.
#[track_caller]
fn sarif(path: &Path) -> Vec<Value> {
    let document = json_of(path);
    let mut schema: Value = serde_json::from_str(SARIF).expect("JSON");
    // The expression for a language, which we don't name, has a bracket too many.
    for of in ["run", "toolComponent"] {
        schema["definitions"][of]["properties"]["language"].as_object_mut().expect("a key").remove("pattern");
    }
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema");
    if let Err(error) = validator.validate(&document) {
        panic!("{error} at {}: {document}", error.instance_path());
    }
    let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules").clone();
    let results = document["runs"][0]["results"].as_array().expect("results").clone();
    for result in &results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        level_fits_kind(result);
    }
    results
}

fn run(dir: &Path, words: &[&str], github: bool) -> Output {
    let mut command = chic_trace();
    command.current_dir(dir).args(words).env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    if github {
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", dir.join("summary.md"));
    }
    output(&mut command)
}

#[track_caller]
fn ends(run: &Output, code: i32) {
    assert_eq!(run.status.code(), Some(code), "{}{}", text(&run.stdout), text(&run.stderr));
}

/// `--emit` of each of these forms into a file of its name.
fn emits(forms: &[&str]) -> Vec<String> {
    forms.iter().flat_map(|form| ["--emit".to_owned(), format!("{form}:{form}.out")]).collect()
}

fn all<'a>(words: &[&'a str], more: &'a [String], rest: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().chain(more.iter().map(String::as_str)).chain(rest.iter().copied()).collect()
}

const VERDICTS: [&str; 6] = ["json", "text", "junit", "sarif", "markdown", "github"];

/// Results of hyperfine: eight runs of these commands.
fn results(path: &Path, commands: &[(&str, f64)]) {
    let result = |(command, seconds): &(&str, f64)| {
        let times: Vec<f64> = (0..8).map(|run| seconds * (1.0 + f64::from(run) * 1e-3)).collect();
        json!({"command": command, "mean": seconds, "median": seconds, "times": times})
    };
    let document = json!({"results": commands.iter().map(result).collect::<Vec<_>>()});
    std::fs::write(path, document.to_string()).expect("written");
}

const HOSTILE: &str = "x\n::error::<b>|`%,\u{1b}[31m&\"@all";

#[test]
fn of_a_gate_check() {
    let room = room();
    let dir = room.path();
    results(&dir.join("old.json"), &[(HOSTILE, 1.0), ("good", 1.0)]);
    results(&dir.join("new.json"), &[(HOSTILE, 1.5), ("good", 1.0)]);
    ends(&run(dir, &["gate", "save", "--name", "main", "--source", "old.json"], false), 0);
    let forms = [&VERDICTS[..], &["bmf", "github-action-benchmark", "gate-row"]].concat();
    let emits = emits(&forms);
    let words = all(&["gate", "check", "--source", "new.json", "--report", "v2.json"], &emits, &[]);
    let checked = run(dir, &words, false);
    ends(&checked, 1);
    assert_eq!(std::fs::read(dir.join("json.out")).expect("json"), std::fs::read(dir.join("v2.json")).expect("v2"));
    assert_eq!(std::fs::read(dir.join("text.out")).expect("text"), checked.stdout);
    assert!(!text(&checked.stderr).contains("\n::"), "an id is taken for a command: {}", text(&checked.stderr));

    let found = sarif(&dir.join("sarif.out"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["ruleId"], &found[0]["level"]), (&json!("regressed"), &json!("error")));
    assert!(found[0]["message"]["text"].as_str().expect("text").contains("+50.00 %"), "{found:?}");
    assert_eq!(place(&found[0]), ("new.json".to_owned(), 1), "where the benchmark stands");
    let cases = junit::cases(&dir.join("junit.out"));
    let outcomes: Vec<&str> = cases.iter().map(|(_, outcome)| outcome.as_str()).collect();
    assert_eq!((cases[0].0.as_str(), outcomes), ("good", vec!["passed", "failure"]));
    assert_eq!(cases[1].0.replace('\n', " "), HOSTILE.replace(['\n', '\u{1b}'], " ").replace(" [31m", "?[31m"));
    let annotations = std::fs::read_to_string(dir.join("github.out")).expect("annotations");
    assert_eq!(annotations.lines().count(), 1, "{annotations}");
    assert!(annotations.starts_with(
        "::error file=new.json,line=1,title=x%0A%3A%3Aerror%3A%3A<b>|`%25%2C\\u{1b}[31m&\"@all%3A regressed::"
    ));
    let page = std::fs::read_to_string(dir.join("markdown.out")).expect("a page");
    let row = page.lines().find(|line| line.contains("| failed |")).expect("a row");
    assert!(page.starts_with("## chic-trace gate check: fail\n") && page.ends_with("\n1 of 2 passed.\n"), "{page}");
    assert!(row.contains("&lt;b&gt;\\|\\`%,") && row.contains("&#64;all"), "{row}");

    let bmf = json_of(&dir.join("bmf.out"));
    let latency = &bmf[HOSTILE]["latency"];
    assert!((latency["value"].as_f64().expect("ns") / 1.5e9 - 1.0).abs() < 0.01, "{bmf}");
    assert!(
        latency["lower_value"].as_f64() < latency["value"].as_f64()
            && latency["value"].as_f64() < latency["upper_value"].as_f64()
    );
    let values = json_of(&dir.join("github-action-benchmark.out"));
    assert_eq!((&values[0]["name"], &values[0]["unit"]), (&json!("good"), &json!("ns")));
    let row = json_of(&dir.join("gate-row.out"));
    assert_eq!((&row["gate_id"], &row["status"], &row["failure_count"]), (&json!("G6"), &json!("fail"), &json!(1)));
    assert!(row["duration_ms"].is_u64());

    // On standard output they are the same.
    for form in VERDICTS.iter().filter(|form| !["json", "text"].contains(form)) {
        let shown = run(dir, &["gate", "check", "--source", "new.json", "--format", form], false);
        ends(&shown, 1);
        assert!(shown.stdout == std::fs::read(dir.join(format!("{form}.out"))).expect("a report"), "{form}");
    }

    // Without results the reports of before are gone, and say why.
    ends(&run(dir, &all(&["gate", "check", "--source", "none.json"], &emits, &[]), false), 1);
    assert_eq!(sarif(&dir.join("sarif.out"))[0]["ruleId"], "gate");
    assert_eq!(json_of(&dir.join("bmf.out")), json!({}));
    ends(&run(dir, &["gate", "check", "--emit", "yaml:x", "--source", "new.json"], false), 2);
}

#[test]
fn in_github_actions_findings_are_annotations_and_reports_are_kept() {
    let room = room();
    let dir = room.path();
    results(&dir.join("old.json"), &[("slow", 1.0)]);
    results(&dir.join("new.json"), &[("slow", 1.5)]);
    ends(&run(dir, &["gate", "save", "--name", "main", "--source", "old.json"], true), 0);
    let words = ["gate", "check", "--source", "new.json", "--format", "json"];
    let checked = run(dir, &words, true);
    ends(&checked, 1);
    assert!(serde_json::from_slice::<Value>(&checked.stdout).is_ok(), "the document is alone on standard output");
    assert!(
        text(&checked.stderr).contains("\n::error file=new.json,line=1,title=slow%3A regressed::regressed, "),
        "{}",
        text(&checked.stderr)
    );
    ends(&run(dir, &["gate", "check", "--source", "old.json"], true), 0);
    let summary = std::fs::read_to_string(dir.join("summary.md")).expect("a summary");
    let headings: Vec<&str> = summary.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(headings, ["## chic-trace gate check: fail", "## chic-trace gate check: pass"], "steps add to it");
    let kept = dir.join("target/chic-trace");
    assert!(sarif(&kept.join("gate-check.sarif")).is_empty(), "kept on a pass, too");
    assert_eq!(json_of(&kept.join("gate-check.json"))["overall_status"], "pass");
    assert!(kept.join("gate-check.xml").is_file() && kept.join("gate-check.md").is_file());
}

/// File and line of a result.
fn place(result: &Value) -> (String, u64) {
    let place = &result["locations"][0]["physicalLocation"];
    let uri = place["artifactLocation"]["uri"].as_str().unwrap_or_default().to_owned();
    (uri, place["region"]["startLine"].as_u64().unwrap_or_default())
}

#[test]
fn a_finding_of_the_gate_belongs_to_the_line_that_sets_its_limit() {
    let room = room();
    let dir = room.path();
    results(&dir.join("old.json"), &[("one", 1.0), ("two", 1.0)]);
    results(&dir.join("new.json"), &[("one", 1.5), ("two", 1.5)]);
    ends(&run(dir, &["gate", "save", "--name", "main", "--source", "old.json"], false), 0);
    let toml =
        "[gate]\nmargin_percent = 1.0\nlimit_percent = 4.0\n\n[[gate.bench]]\nmatch = \"two\"\nlimit_percent = 3.0\n";
    std::fs::write(dir.join("renacer.toml"), toml).expect("written");
    std::fs::create_dir(dir.join("notes")).expect("made");
    std::fs::write(dir.join("notes/bad.risk_note.json"), "{}").expect("written");
    let words = ["gate", "check", "--source", "new.json", "--risk-notes", "notes", "--emit", "sarif:sarif.out"];
    ends(&run(dir, &words, false), 1);
    let mut found: Vec<(String, u64)> = sarif(&dir.join("sarif.out")).iter().map(place).collect();
    found.sort();
    let at = |file: &str, line| (file.to_owned(), line);
    assert_eq!(found, [at("notes/bad.risk_note.json", 1), at("renacer.toml", 3), at("renacer.toml", 5)]);
}

#[test]
fn annotations_and_the_summary_of_a_step_have_an_end() {
    let room = room();
    let dir = room.path();
    let names: Vec<String> = (0..400).map(|number| format!("{number} {}", "x".repeat(900))).collect();
    let of = |seconds| names.iter().map(|name| (name.as_str(), seconds)).collect::<Vec<_>>();
    results(&dir.join("old.json"), &of(1.0));
    results(&dir.join("new.json"), &of(1.5));
    ends(&run(dir, &["gate", "save", "--name", "main", "--source", "old.json"], false), 0);
    // A family of 400 needs more than eight runs: nothing is decided.
    let words = ["gate", "check", "--source", "new.json", "--strict", "--rule", "runs"];
    let checked = run(dir, &words, true);
    ends(&checked, 1);
    let said = text(&checked.stderr);
    let annotations: Vec<&str> = said.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(annotations.len(), 10);
    assert!(annotations[9].ends_with("::and 391 more"), "{}", annotations[9]);
    let summary = std::fs::read_to_string(dir.join("summary.md")).expect("a summary");
    assert!(summary.len() <= 200_000 && summary.ends_with("_cut: the reports hold the rest_\n"), "{}", summary.len());
}

#[test]
fn of_an_assert() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let rules = "[[assertion]]\nname = \"few\"\ntype = \"span_count\"\nmax_spans = 1\n\n[[assertion]]\nname = \"many\"\n\
                 type = \"span_count\"\nmax_spans = 100000\n";
    std::fs::write(dir.join("renacer.toml"), rules).expect("written");
    let emits = emits(&[&VERDICTS[..], &["bmf"]].concat());
    let judged = run(dir, &all(&["assert"], &emits, &["--", "/bin/true"]), false);
    ends(&judged, 1);
    assert_eq!(json_of(&dir.join("json.out"))["verdict"], "over");
    let found = sarif(&dir.join("sarif.out"));
    assert_eq!(found.len(), 1, "{found:?}");
    let place = &found[0]["locations"][0]["physicalLocation"];
    assert!(place["artifactLocation"]["uri"].as_str().is_some_and(|uri| uri.ends_with("renacer.toml")), "{found:?}");
    let line = place["region"]["startLine"].as_u64().expect("a line");
    let annotations = std::fs::read_to_string(dir.join("github.out")).expect("annotations");
    assert!(
        annotations.starts_with("::error file=") && annotations.contains(&format!(",line={line},")),
        "{annotations}"
    );
    let cases = junit::cases(&dir.join("junit.out"));
    assert_eq!(cases, [("few".into(), "failure".into()), ("many".into(), "passed".into())]);
    assert!(json_of(&dir.join("bmf.out"))["many"]["span_count"]["value"].as_f64().is_some_and(|calls| calls > 1.0));
    ends(&run(dir, &["assert", "--emit", "gate-row:x", "--", "/bin/true"], false), 2);

    // What renacer.toml asks for.
    let asked =
        "[ci]\nexport_format = \"sarif\"\nexport_path = \"out/ci\"\n[reporting]\nformats = [\"json\", \"junit\"]\n";
    std::fs::write(dir.join("renacer.toml"), format!("{rules}\n{asked}")).expect("written");
    ends(&run(dir, &["assert", "--", "/bin/true"], false), 1);
    assert_eq!(sarif(&dir.join("out/ci/assert.sarif")).len(), 1);
    assert_eq!(json_of(&dir.join("target/chic-trace/assert.json"))["verdict"], "over");
    assert!(dir.join("target/chic-trace/assert.xml").is_file());
    std::fs::write(dir.join("renacer.toml"), format!("{rules}\n[reporting]\nformats = [\"pdf\"]\n")).expect("written");
    ends(&run(dir, &["assert", "--", "/bin/true"], false), 2);
}

#[test]
fn of_a_perf_report() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("report/tests/perf-json/report");
    let room = room();
    let dir = room.path();
    for name in ["current.json", "baseline.json"] {
        std::fs::copy(samples.join(name), dir.join(name)).expect("copied");
    }
    let emits = emits(&[&VERDICTS[..], &["bmf", "github-action-benchmark"]].concat());
    let words = ["perf", "report", "current.json", "-b", "baseline.json", "--fail-on-regressions"];
    ends(&run(dir, &all(&words, &emits, &[]), false), 1);
    let status = json_of(&dir.join("json.out"));
    let found = sarif(&dir.join("sarif.out"));
    assert!(found.iter().any(|found| found["ruleId"] == "regressed" && found["level"] == "error"), "{found:?}");
    assert!(found.iter().map(place).all(|(file, line)| file == "current.json" && line > 0), "{found:?}");
    let cases = junit::cases(&dir.join("junit.out"));
    assert!(cases.iter().any(|(_, outcome)| outcome == "failure"), "{cases:?} {status}");
    let values = json_of(&dir.join("github-action-benchmark.out"));
    let values = values.as_array().expect("values");
    assert!(!values.is_empty() && values.iter().all(|value| value["unit"] == "ns"), "{values:?}");
    assert!(
        std::fs::read_to_string(dir.join("markdown.out")).expect("a page").contains("chic-trace perf report: fail")
    );
}

#[test]
fn of_a_golden_check_and_a_comparison() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let script = |text: &str| std::fs::write(dir.join("say.sh"), text).expect("written");
    script("echo one\n");
    ends(&run(dir, &["golden", "record", "say", "--runs", "3", "--", "/bin/sh", "say.sh"], false), 0);
    ends(&run(dir, &["record", "--golden", "-o", "a.ctrace", "--", "/bin/sh", "say.sh"], false), 0);
    script("echo two\n");
    ends(&run(dir, &["record", "--golden", "-o", "b.ctrace", "--", "/bin/sh", "say.sh"], false), 0);
    let emits = emits(&VERDICTS);
    for (command, words, rest) in [
        ("golden check", vec!["golden", "check", "say"], vec!["--", "/bin/sh", "say.sh"]),
        ("compare", vec!["compare", "a.ctrace", "b.ctrace"], vec![]),
    ] {
        ends(&run(dir, &all(&words, &emits, &rest), false), 1);
        let found = sarif(&dir.join("sarif.out"));
        assert!(found.iter().any(|found| found["ruleId"] == "out.bytes" && found["level"] == "error"), "{found:?}");
        let cases = junit::cases(&dir.join("junit.out"));
        assert_eq!((cases.len(), cases[0].1.as_str()), (1, "failure"));
        let page = std::fs::read_to_string(dir.join("markdown.out")).expect("a page");
        assert!(page.starts_with(&format!("## chic-trace {command}: different\n")), "{page}");
        let annotations = std::fs::read_to_string(dir.join("github.out")).expect("annotations");
        assert!(annotations.contains("::error title=") && annotations.contains("out.bytes::"), "{annotations}");
        if command == "golden check" {
            assert!(annotations.contains("accept with: chic-trace golden accept say"), "{annotations}");
        }
        ends(&run(dir, &all(&words, &["--emit=bmf:x".to_owned()], &rest), false), 2);
    }
}
