//! `summary.json` of a capture, in both layouts.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Number, Value};

use super::{Capture, CapturedRun, CapturedWorkload, Compared, Provenance, RunStatus};

impl Capture {
    /// `summary.json`.
    pub fn json(&self) -> String {
        let text = if self.repeated() { self.repeated_json() } else { self.single_json() };
        // As Wasmoon has it: ASCII only, no line feed at the end.
        let text = ascii(&text.unwrap_or_default());
        if self.compat { text } else { text + "\n" }
    }

    fn single_json(&self) -> serde_json::Result<String> {
        let results = self.workloads.iter().filter_map(|workload| {
            let run = workload.measured().next()?;
            Some(Single {
                workload: &workload.workload,
                command: &run.command,
                exit_code: run.exit_code,
                elapsed_ms: run.elapsed_ns / 1_000_000,
                metrics_file: &run.files[0],
                stdout_file: &run.files[1],
                stderr_file: &run.files[2],
                metrics_present: run.metrics_present,
                more: self.more(workload, run),
            })
        });
        serde_json::to_string_pretty(&SingleSummary {
            schema_version: 1,
            generated_at_unix_sec: self.generated_at_unix_sec,
            wasmoon: &self.binary,
            subcommand: &self.subcommand,
            workloads: self.workloads.iter().map(|workload| workload.workload.as_str()).collect(),
            results: results.collect(),
            provenance: (!self.compat).then_some(&self.provenance),
        })
    }

    fn repeated_json(&self) -> serde_json::Result<String> {
        let run = |workload: &'_ CapturedWorkload, run: &'_ CapturedRun| RepeatedRun {
            workload: workload.workload.clone(),
            run_id: run.run_id,
            warmup: run.warmup,
            exit_code: run.exit_code,
            elapsed_ms: run.elapsed_ns / 1_000_000,
            module_compile_us: run.module_compile_us,
            total_code_size: run.total_code_size,
            metrics_file: run.files[0].clone(),
            stdout_file: run.files[1].clone(),
            stderr_file: run.files[2].clone(),
            metrics_present: run.metrics_present,
            more: self.more(workload, run),
        };
        let workloads = self.workloads.iter().map(|workload| {
            let [elapsed_ms_median, module_compile_us_median, total_code_size_median] = self.medians(workload);
            RepeatedWorkload {
                workload: &workload.workload,
                num_runs: workload.measured().count(),
                num_failed_runs: workload.measured().filter(|run| self.failed(run)).count(),
                aggregates: Aggregates { elapsed_ms_median, module_compile_us_median, total_code_size_median },
                runs: workload.runs.iter().map(|one| run(workload, one)).collect(),
            }
        });
        let [threshold_elapsed_pct, threshold_compile_pct, threshold_code_size_pct] = self.thresholds;
        let host = &self.provenance.host;
        serde_json::to_string_pretty(&RepeatedSummary {
            schema_version: 1,
            generated_at_unix_sec: self.generated_at_unix_sec,
            host: ShortHost { system: &host.system, machine: &host.machine, python: self.compat.then_some("") },
            config: Config {
                wasmoon: &self.binary,
                subcommand: &self.subcommand,
                iterations: self.iterations,
                warmup: self.warmup,
                timeout_sec: whole(self.timeout_sec),
                threshold_elapsed_pct,
                threshold_compile_pct,
                threshold_code_size_pct,
            },
            workloads: workloads.collect(),
            comparison: self.comparison.as_ref(),
            provenance: (!self.compat).then_some(&self.provenance),
        })
    }

    fn more(&self, workload: &CapturedWorkload, run: &CapturedRun) -> Option<More> {
        (!self.compat).then(|| More {
            status: run.status,
            signal: run.signal,
            elapsed_ns: run.elapsed_ns,
            error: run.error.clone(),
            workload_blake3: workload.blake3.clone(),
        })
    }
}

/// A number without a point where it is whole.
fn whole(value: f64) -> Value {
    if value.fract() == 0.0 && (0.0..9e15).contains(&value) {
        return Value::from(value as u64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// JSON whose strings are ASCII: characters beyond it stand in strings only.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[derive(Serialize)]
struct SingleSummary<'a> {
    schema_version: u32,
    generated_at_unix_sec: u64,
    wasmoon: &'a str,
    subcommand: &'a str,
    workloads: Vec<&'a str>,
    results: Vec<Single<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<&'a Provenance>,
}

#[derive(Serialize)]
struct Single<'a> {
    workload: &'a str,
    command: &'a [String],
    exit_code: i32,
    elapsed_ms: u64,
    metrics_file: &'a str,
    stdout_file: &'a str,
    stderr_file: &'a str,
    metrics_present: bool,
    #[serde(flatten)]
    more: Option<More>,
}

#[derive(Serialize)]
struct More {
    status: RunStatus,
    signal: Option<i32>,
    elapsed_ns: u64,
    error: Option<String>,
    workload_blake3: Option<String>,
}

#[derive(Serialize)]
struct RepeatedSummary<'a> {
    schema_version: u32,
    generated_at_unix_sec: u64,
    host: ShortHost<'a>,
    config: Config<'a>,
    workloads: Vec<RepeatedWorkload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<&'a Compared>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<&'a Provenance>,
}

#[derive(Serialize)]
struct ShortHost<'a> {
    system: &'a str,
    machine: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    python: Option<&'a str>,
}

#[derive(Serialize)]
struct Config<'a> {
    wasmoon: &'a str,
    subcommand: &'a str,
    iterations: u32,
    warmup: u32,
    timeout_sec: Value,
    threshold_elapsed_pct: f64,
    threshold_compile_pct: f64,
    threshold_code_size_pct: f64,
}

#[derive(Serialize)]
struct RepeatedWorkload<'a> {
    workload: &'a str,
    num_runs: usize,
    num_failed_runs: usize,
    aggregates: Aggregates,
    runs: Vec<RepeatedRun>,
}

#[derive(Serialize)]
struct Aggregates {
    elapsed_ms_median: Option<u64>,
    module_compile_us_median: Option<u64>,
    total_code_size_median: Option<u64>,
}

#[derive(Serialize)]
struct RepeatedRun {
    workload: String,
    run_id: u32,
    warmup: bool,
    exit_code: i32,
    elapsed_ms: u64,
    module_compile_us: Option<u64>,
    total_code_size: Option<u64>,
    metrics_file: String,
    stdout_file: String,
    stderr_file: String,
    metrics_present: bool,
    #[serde(flatten)]
    more: Option<More>,
}
