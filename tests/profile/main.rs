//! `profile` by the command itself, one file a question.

#[path = "../programs/mod.rs"]
mod programs;

mod accounts;
mod files;
mod samples;
mod spans;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use programs::{chic_trace, output, text};
use serde_json::Value;

const PYTHON: &str = "/usr/bin/python3";
const VARIABLES: [&str; 10] = [
    "CHIC_TRACE",
    "CHIC_TRACE_OUTPUT",
    "CHIC_TRACE_PROFILE",
    "CHIC_TRACE_TARGET",
    "CHIC_TRACE_SAMPLE_MS",
    "CHIC_TRACE_SAMPLE_HZ",
    "CHIC_TRACE_SAMPLE_NS",
    "CHIC_TRACE_FAKE_CLOCK",
    "CHIC_RUN_LOG",
    "SOURCE_DATE_EPOCH",
];

/// `chic-trace profile WORDS`, in this folder.
fn command(dir: &Path, words: &[&str]) -> Command {
    let mut command = chic_trace();
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.current_dir(dir).arg("--no-config").arg("profile").args(words);
    command
}

fn run(dir: &Path, words: &[&str]) -> Output {
    output(&mut command(dir, words))
}

/// `chic-trace WORDS`, in this folder.
fn run_bare(dir: &Path, words: &[&str]) -> Output {
    let mut command = chic_trace();
    for name in VARIABLES {
        command.env_remove(name);
    }
    output(command.current_dir(dir).arg("--no-config").args(words))
}

#[track_caller]
fn works(dir: &Path, words: &[&str]) -> Profile {
    let ran = run(dir, words);
    assert!(ran.status.success(), "{:?}: {}", ran.status, text(&ran.stderr));
    Profile::read(dir, "p/perf.json")
}

/// What was written.
struct Profile {
    document: Value,
    lines: BTreeMap<String, u64>,
}

impl Profile {
    /// Each file fits its schema, and they agree with each other.
    #[track_caller]
    fn read(dir: &Path, name: &str) -> Profile {
        let path = dir.join(name);
        let file = |ending: &str| {
            let path = PathBuf::from(format!("{}{ending}", path.display().to_string().trim_end_matches(".json")));
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let document: Value = serde_json::from_str(&file(".json")).expect("JSON");
        let summary: Value = serde_json::from_str(&file(".summary.json")).expect("JSON");
        for (name, value) in [("perf", &document), ("perf-summary", &summary)] {
            let schema = serde_json::from_str(report::schema(name).expect("a schema")).expect("JSON");
            let validator = jsonschema::draft202012::new(&schema).expect("a schema");
            let errors: Vec<String> =
                validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}\n{value:#}");
        }
        assert_eq!(document["summary"], summary);
        Profile { document, lines: as_viewers_read(&file(".folded")) }
    }

    fn summary(&self) -> &Value {
        &self.document["summary"]
    }

    fn total(&self) -> u64 {
        self.lines.values().sum()
    }

    /// Weight of the stacks that have such a frame.
    fn with(&self, is: impl Fn(&str) -> bool) -> u64 {
        let lines = self.lines.iter().filter(|(stack, _)| stack.split(';').any(&is));
        lines.map(|(_, weight)| weight).sum()
    }

    fn metric(&self, label: &str) -> &Value {
        let metrics = self.document["runs"][0]["metrics"].as_array().expect("metrics");
        metrics.iter().find(|metric| metric["label"] == label).unwrap_or_else(|| panic!("no {label}: {metrics:?}"))
    }

    /// Are there samples? If not, why.
    fn is_sampled(&self) -> bool {
        let source = &self.summary()["sampling"]["source"];
        if source == "none" {
            println!("skipped: {}", self.summary()["not_measured"]["samples"]);
        }
        source != "none"
    }

    fn samples(&self) -> f64 {
        self.summary()["sampling"]["samples"].as_f64().expect("a number")
    }

    /// The weights of a single task are its wall time, to the microsecond.
    #[track_caller]
    fn adds_up(&self) {
        let wall = self.summary()["wall_time_ns"].as_u64().expect("a time");
        assert_eq!(self.total(), (wall + 500) / 1000, "{:?}", self.lines);
    }
}

/// The stacks as flamegraph.pl and inferno-flamegraph take a file of them: a line ends in white space and a number; a
/// number before it would make it a difference of two; any other line is ignored. Here every line has to be a stack.
#[track_caller]
fn as_viewers_read(folded: &str) -> BTreeMap<String, u64> {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    assert!(folded.is_empty() || folded.ends_with('\n'), "the last line is not whole");
    let mut lines = BTreeMap::new();
    let mut last = "";
    for line in folded.lines() {
        let (stack, count) = line.rsplit_once(char::is_whitespace).unwrap_or_else(|| panic!("no count: {line}"));
        let count: u64 = count.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        let before = stack.rsplit(char::is_whitespace).next().filter(|word| word.len() < stack.len());
        assert!(!before.is_some_and(is_number), "a difference: {line}");
        assert!(count > 0 && stack.split(';').all(|frame| !frame.is_empty()), "{line}");
        assert!(last.as_bytes() < stack.as_bytes(), "{last} stands before {stack}");
        last = stack;
        lines.insert(stack.to_owned(), count);
    }
    lines
}

fn is_there(program: &str) -> bool {
    let found = Path::new(program).is_file();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

/// A program of the runtime library's examples.
fn example(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let beside = Path::new(env!("CARGO_BIN_EXE_chic-trace")).parent().expect("a folder");
        let target = beside.parent().expect("a target folder");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--offline", "-p", "chic-trace-rt", "--examples", "--target-dir"]).arg(target);
        let built = output(cargo.current_dir(env!("CARGO_MANIFEST_DIR")));
        assert!(built.status.success(), "{}", text(&built.stderr));
        target.join("debug/examples")
    });
    folder.join(name)
}

fn word(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
