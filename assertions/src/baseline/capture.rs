//! What was captured: runs of a compiler over workloads, and the two summaries of them, as Wasmoon has them and more.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Number, Value};

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// It ended with 0, and its metrics are whole.
    Ok,
    /// It ended with another status.
    ExitNonzero,
    /// A signal ended it.
    Signalled,
    /// It did not end in time.
    TimedOut,
    /// It could not be started.
    SpawnFailed,
    /// It wrote no metrics.
    MetricsMissing,
    /// It wrote something that is none.
    MetricsInvalid,
    /// Its metrics don't hold all functions.
    MetricsIncomplete,
}

impl RunStatus {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            RunStatus::Ok => "ok",
            RunStatus::ExitNonzero => "exit-nonzero",
            RunStatus::Signalled => "signalled",
            RunStatus::TimedOut => "timed-out",
            RunStatus::SpawnFailed => "spawn-failed",
            RunStatus::MetricsMissing => "metrics-missing",
            RunStatus::MetricsInvalid => "metrics-invalid",
            RunStatus::MetricsIncomplete => "metrics-incomplete",
        }
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct CapturedRun {
    /// From 0 on, warm-up runs for themselves.
    pub run_id: u32,
    /// Does it count?
    pub warmup: bool,
    /// Program and arguments.
    pub command: Vec<String>,
    /// What became of it.
    pub status: RunStatus,
    /// Its exit status; −N when signal N ended it.
    pub exit_code: i32,
    /// The signal.
    pub signal: Option<i32>,
    /// Wall time.
    pub elapsed_ns: u64,
    /// Time of the module, microseconds, where there are metrics.
    pub module_compile_us: Option<u64>,
    /// Bytes of all functions, where there are metrics.
    pub total_code_size: Option<u64>,
    /// Metrics, output, errors.
    pub files: [String; 3],
    /// Did it write metrics?
    pub metrics_present: bool,
    /// Why it is not ok.
    pub error: Option<String>,
}

/// All runs of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct CapturedWorkload {
    /// As it was asked for.
    pub workload: String,
    /// Hash of the file.
    pub blake3: Option<String>,
    /// Warm-up runs first.
    pub runs: Vec<CapturedRun>,
}

/// Where and by what it was captured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Provenance {
    /// Our version.
    pub tool_version: String,
    /// Hash of the program.
    pub binary_blake3: Option<String>,
    /// The machine.
    pub host: CaptureHost,
    /// The commit here.
    pub git_sha: Option<String>,
    /// Were there changes beside it?
    pub git_dirty: Option<bool>,
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaptureHost {
    /// `Linux`.
    pub system: String,
    /// `x86_64`.
    pub machine: String,
    /// As the kernel names it.
    pub cpu_model: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Processors.
    pub n_cpus: usize,
}

/// A capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// As Wasmoon writes it, byte for byte?
    pub compat: bool,
    /// Seconds since 1970.
    pub generated_at_unix_sec: u64,
    /// The program as it was named.
    pub binary: String,
    /// `run`, `test`, `none`.
    pub subcommand: String,
    /// Measured runs of each workload.
    pub iterations: u32,
    /// Runs before them.
    pub warmup: u32,
    /// How long a run may take.
    pub timeout_sec: f64,
    /// Percent that elapsed time, compile time and code size may grow by.
    pub thresholds: [f64; 3],
    /// Where, and by what.
    pub provenance: Provenance,
    /// In the order in which they were asked for.
    pub workloads: Vec<CapturedWorkload>,
    /// With a baseline: its path, findings and failures in the words of Wasmoon.
    pub comparison: Option<Compared>,
}

/// A comparison in the form of Wasmoon.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// The summary that was compared with.
    pub baseline: String,
    /// A finding for each workload.
    pub findings: Vec<CompatFinding>,
    /// What fails, a line each.
    pub failures: Vec<String>,
}

/// What Wasmoon says of a workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CompatFinding {
    /// Both sides have it.
    Both {
        /// Its name.
        workload: String,
        /// Its status.
        status: String,
        /// Change of the median.
        elapsed_regression_pct: Option<f64>,
        /// Change of the median.
        compile_regression_pct: Option<f64>,
        /// Change of the median.
        code_size_regression_pct: Option<f64>,
    },
    /// One side has it.
    One {
        /// Its name.
        workload: String,
        /// Its status.
        status: String,
        /// In words.
        message: String,
    },
}

impl CapturedWorkload {
    fn measured(&self) -> impl Iterator<Item = &CapturedRun> {
        self.runs.iter().filter(|run| !run.warmup)
    }
}

/// Of the values, the two in the middle of an even number taken together and cut; none of none.
fn median(values: impl Iterator<Item = u64>) -> Option<u64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get(values.len() / 2 - 1)?;
    Some(lower + (upper - lower) / 2)
}

impl Capture {
    /// Is it more than one run of each workload?
    pub fn repeated(&self) -> bool {
        self.iterations > 1 || self.warmup > 0
    }

    /// Measured runs that are not ok, with their workloads.
    pub fn failures(&self) -> impl Iterator<Item = (&CapturedWorkload, &CapturedRun)> {
        self.workloads
            .iter()
            .flat_map(|workload| workload.measured().map(move |run| (workload, run)))
            .filter(|(_, run)| run.status != RunStatus::Ok)
    }

    /// Medians of elapsed milliseconds, compile microseconds, code bytes. Runs that failed say nothing of them; as
    /// Wasmoon has it they do.
    fn medians(&self, workload: &CapturedWorkload) -> [Option<u64>; 3] {
        let counts = |run: &&CapturedRun| self.compat || run.status == RunStatus::Ok;
        let of = |value: fn(&CapturedRun) -> Option<u64>| median(workload.measured().filter(counts).filter_map(value));
        [of(|run| Some(run.elapsed_ns / 1_000_000)), of(|run| run.module_compile_us), of(|run| run.total_code_size)]
    }

    fn failed(&self, run: &CapturedRun) -> bool {
        if self.compat { run.exit_code != 0 } else { run.status != RunStatus::Ok }
    }

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

    /// `summary.md`.
    pub fn markdown(&self) -> String {
        if self.repeated() { self.repeated_markdown() } else { self.single_markdown() }
    }

    fn single_markdown(&self) -> String {
        let mut out = format!("# Wasmoon Perf Baseline Summary\n\n- Subcommand: `{}`\n\n", self.subcommand);
        out.push_str("| Workload | Exit | Elapsed (ms) | Metrics |\n|---|---:|---:|---|\n");
        for workload in &self.workloads {
            let Some(run) = workload.measured().next() else { continue };
            let (name, ms) = (self.cell(&workload.workload), run.elapsed_ns / 1_000_000);
            let file = run.files[0].rsplit('/').next().unwrap_or_default();
            let there = if run.metrics_present { "yes" } else { "no" };
            let _ = writeln!(out, "| `{name}` | {} | {ms} | `{}` ({there}) |", run.exit_code, self.cell(file));
        }
        out
    }

    fn repeated_markdown(&self) -> String {
        let host = &self.provenance.host;
        let mut out = format!(
            "# Wasmoon Perf Benchmark Summary\n\n- Generated at: `{}`\n- Host: `{} / {}`\n- Iterations: `{}` (warmup `{}`)\n\n",
            self.generated_at_unix_sec, host.system, host.machine, self.iterations, self.warmup
        );
        out.push_str(
            "| Workload | Exit Failures | Elapsed Median (ms) | Compile Median (us) | Code Size Median (bytes) |\n",
        );
        out.push_str("|---|---:|---:|---:|---:|\n");
        let shown = |value: Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
        for workload in &self.workloads {
            let failed = workload.measured().filter(|run| self.failed(run)).count();
            let [elapsed, compile, size] = self.medians(workload).map(shown);
            let name = self.cell(&workload.workload);
            let _ = writeln!(out, "| `{name}` | {failed} | {elapsed} | {compile} | {size} |");
        }
        if let Some(compared) = &self.comparison {
            self.compared_markdown(&mut out, compared);
        }
        out
    }

    fn compared_markdown(&self, out: &mut String, compared: &Compared) {
        out.push_str("\n## Baseline Comparison\n\n| Workload | Status | Elapsed Δ% | Compile Δ% | Code Size Δ% |\n");
        out.push_str("|---|---|---:|---:|---:|\n");
        let shown = |value: &Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        for finding in &compared.findings {
            let (workload, status, changes) = match finding {
                CompatFinding::Both {
                    workload,
                    status,
                    elapsed_regression_pct,
                    compile_regression_pct,
                    code_size_regression_pct,
                } => {
                    let changes = [elapsed_regression_pct, compile_regression_pct, code_size_regression_pct];
                    (workload, status, changes.map(shown))
                }
                CompatFinding::One { workload, status, .. } => (workload, status, [const { String::new() }; 3]),
            };
            let [elapsed, compile, size] = changes;
            let _ = writeln!(out, "| `{}` | {status} | {elapsed} | {compile} | {size} |", self.cell(workload));
        }
        if !compared.failures.is_empty() {
            out.push_str("\n### Regression Failures\n\n");
        }
        for failure in &compared.failures {
            let _ = writeln!(out, "- {failure}");
        }
    }

    /// A name in a cell; as Wasmoon has it, whatever that does to the table.
    fn cell(&self, text: &str) -> String {
        if self.compat { text.to_owned() } else { crate::perf::escaped(text).replace('|', "\\|").replace('`', "'") }
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
