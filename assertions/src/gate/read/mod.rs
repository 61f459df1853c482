//! Readers of benchmark results: bytes of a file become [`Bench`]es.

mod callgrind;
mod criterion;
mod google;
mod hyperfine;
mod pytest;
mod text;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Bench;

pub use criterion::{CriterionFiles, criterion};

/// Tools whose results are read from one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// hyperfine `--export-json`.
    Hyperfine,
    /// google-benchmark `--benchmark_out_format=json`.
    GoogleBenchmark,
    /// pytest-benchmark `--benchmark-json`.
    PytestBenchmark,
    /// `summary.json` of iai-callgrind or gungraun.
    Callgrind,
    /// Output of `go test -bench`.
    Go,
    /// Output of `cargo bench` with the nightly or bencher harness.
    Libtest,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 6] =
        [Kind::Hyperfine, Kind::GoogleBenchmark, Kind::PytestBenchmark, Kind::Callgrind, Kind::Go, Kind::Libtest];

    /// The word of `--source`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Hyperfine => "hyperfine",
            Kind::GoogleBenchmark => "google-benchmark",
            Kind::PytestBenchmark => "pytest-benchmark",
            Kind::Callgrind => "callgrind",
            Kind::Go => "go",
            Kind::Libtest => "libtest",
        }
    }

    /// The tool of this word; iai-callgrind and gungraun are two names of one format.
    pub fn of(word: &str) -> Option<Kind> {
        match word {
            "iai-callgrind" | "gungraun" => Some(Kind::Callgrind),
            "gobench" | "benchfmt" => Some(Kind::Go),
            "bencher" => Some(Kind::Libtest),
            word => Kind::ALL.into_iter().find(|kind| kind.word() == word),
        }
    }
}

/// Results that can't be read: where in the file, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", place(.at))]
pub struct BadResults {
    /// JSON pointer, or line.
    pub at: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<&'static str>,
}

fn place(at: &str) -> String {
    if at.is_empty() { String::new() } else { format!("{at}: ") }
}

impl BadResults {
    fn at(at: impl Into<String>, what: impl Into<String>) -> Self {
        BadResults { at: at.into(), what: what.into(), hint: None }
    }
}

/// Which tool wrote a file, by what is in it.
pub fn detect(bytes: &[u8]) -> Option<Kind> {
    if let Ok(document) = serde_json::from_slice::<Value>(bytes) {
        let has = |key: &str| document.get(key).is_some();
        return match () {
            () if has("profiles") && has("version") => Some(Kind::Callgrind),
            () if has("context") && has("benchmarks") => Some(Kind::GoogleBenchmark),
            () if has("machine_info") && has("benchmarks") => Some(Kind::PytestBenchmark),
            () if has("results") => Some(Kind::Hyperfine),
            () => None,
        };
    }
    let text = std::str::from_utf8(bytes).ok()?;
    text.lines().find_map(|line| match line.split_ascii_whitespace().next()? {
        word if word.starts_with("Benchmark") && line.contains("/op") => Some(Kind::Go),
        "test" if line.contains("bench:") => Some(Kind::Libtest),
        _ => None,
    })
}

/// Reads the results of a tool, or of the tool that the content is of.
pub fn read(bytes: &[u8], kind: Option<Kind>) -> Result<Vec<Bench>, BadResults> {
    let Some(kind) = kind.or_else(|| detect(bytes)) else {
        return Err(BadResults {
            hint: Some("name the tool: --source KIND:PATH"),
            ..BadResults::at("", "these are no benchmark results of a tool that is known")
        });
    };
    match kind {
        Kind::Hyperfine => hyperfine::read(bytes),
        Kind::GoogleBenchmark => google::read(bytes),
        Kind::PytestBenchmark => pytest::read(bytes),
        Kind::Callgrind => callgrind::read(bytes),
        Kind::Go => text::go(&lines(bytes)?),
        Kind::Libtest => text::libtest(&lines(bytes)?),
    }
}

fn lines(bytes: &[u8]) -> Result<String, BadResults> {
    String::from_utf8(bytes.to_vec())
        .map_err(|error| BadResults::at("", format!("byte {} is no UTF-8", error.utf8_error().valid_up_to())))
}

/// A JSON document of this shape.
fn json<T: DeserializeOwned>(bytes: &[u8], tool: &str) -> Result<T, BadResults> {
    serde_json::from_slice(bytes).map_err(|error| {
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        let at = format!("line {}, column {}", error.line(), error.column());
        BadResults {
            hint: Some("make the results again"),
            ..BadResults::at(at, format!("no results of {tool}: {why}"))
        }
    })
}

/// A time that can be one.
fn time(value: f64, factor: f64, at: impl FnOnce() -> String) -> Result<f64, BadResults> {
    let time = value * factor;
    if time.is_finite() && time >= 0.0 {
        return Ok(time);
    }
    Err(BadResults::at(at(), format!("{value} is no time")))
}

/// All of them.
fn times(values: &[f64], factor: f64, at: &str) -> Result<Vec<f64>, BadResults> {
    values.iter().enumerate().map(|(number, value)| time(*value, factor, || format!("{at}/{number}"))).collect()
}

/// Nanoseconds of a second.
const SECOND: f64 = 1e9;
