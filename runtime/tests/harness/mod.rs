//! Runs guests by themselves and reads what they wrote. Every document is checked against its schema.
#![allow(dead_code)]

use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// Folder of what cargo built beside this test.
pub fn built() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a file");
    test.parent().and_then(Path::parent).expect("target/PROFILE/deps").to_owned()
}

pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// A command without any variable of ours.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CHIC_") || name_text == "SOURCE_DATE_EPOCH" {
            command.env_remove(&name);
        }
    }
    command
}

/// Has cargo build something of ours in the target folder of this test. The folder it lands in.
pub fn build(args: &[&str]) -> PathBuf {
    let target = built().parent().expect("a target folder").to_owned();
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--target-dir"])
        .arg(&target)
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("debug")
}

/// A guest. Cargo builds examples for a whole `cargo test` only, not for one test.
pub fn example(name: &str) -> Command {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| build(&["-p", "chic-trace-rt", "--examples"]).join("examples"));
    command(folder.join(name))
}

/// What a guest left in its folder.
pub struct Ran {
    pub folder: tempfile::TempDir,
    pub output: Output,
}

/// Runs `guest NAME …` in a folder of its own.
pub fn guest(args: &[&str], env: &[(&str, &str)]) -> Ran {
    run(example("guest").args(args).envs(env.iter().copied()))
}

/// Runs a program in a folder of its own.
pub fn run(command: &mut Command) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command
        .env("CHIC_TRACE_OUTPUT", folder.path().join("perf.json"))
        .current_dir(folder.path())
        .output()
        .expect("the guest runs");
    Ran { folder, output }
}

/// A document fits its schema.
pub fn check(schema: &str, document: &Value) {
    let text = fs::read_to_string(data().join(schema)).expect("a schema");
    let schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let errors: Vec<String> = validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}\n{document:#}");
}

pub fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}\n{text}", path.display()))
}

impl Ran {
    pub fn succeeded(self) -> Ran {
        assert!(self.output.status.success(), "{:?}", self.output);
        assert_eq!(String::from_utf8_lossy(&self.output.stderr), "");
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).expect("text")
    }

    /// Names of the files that were left, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("the folder");
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// perf.json, which fits its schema and its siblings.
    pub fn perf(&self) -> Value {
        self.family("perf")
    }

    /// `NAME.json` and its siblings.
    pub fn family(&self, stem: &str) -> Value {
        let perf = read(&self.path(&format!("{stem}.json")));
        check("perf.schema.json", &perf);
        let summary = read(&self.path(&format!("{stem}.summary.json")));
        check("perf-summary.schema.json", &summary);
        assert_eq!(summary, perf["summary"]);
        for metric in perf["runs"][0]["metrics"].as_array().expect("metrics") {
            let hist = metric["wall"]["hist"].as_str().expect("a histogram");
            let counts: u64 =
                hist.split(' ').map(|it| it.split(':').nth(1).expect("a count").parse::<u64>().expect("u64")).sum();
            assert_eq!(Some(counts), metric["calls"].as_u64(), "{metric:#}");
            let number = |key: &str| metric["wall"][key].as_f64().expect("µs");
            assert!(number("self_us") <= number("total_us") && number("min_us") <= number("max_us"), "{metric:#}");
        }
        perf
    }

    pub fn folded(&self) -> String {
        fs::read_to_string(self.path("perf.folded")).expect("folded stacks")
    }
}

/// The metric of a label.
pub fn metric<'a>(perf: &'a Value, label: &str) -> &'a Value {
    let metrics = perf["runs"][0]["metrics"].as_array().expect("metrics");
    metrics.iter().find(|metric| metric["label"] == label).unwrap_or_else(|| panic!("no {label} in {perf:#}"))
}

/// Calls by label, without the crate's name.
pub fn calls(perf: &Value) -> Vec<(String, u64)> {
    let metrics = perf["runs"][0]["metrics"].as_array().expect("metrics");
    let mut calls: Vec<(String, u64)> = metrics
        .iter()
        .map(|metric| {
            let label = metric["label"].as_str().expect("a label");
            (label.trim_start_matches("guest::").to_owned(), metric["calls"].as_u64().expect("calls"))
        })
        .collect();
    calls.sort();
    calls
}

/// As [`calls`], for an expectation.
pub fn expected(calls: &[(&str, u64)]) -> Vec<(String, u64)> {
    calls.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect()
}
