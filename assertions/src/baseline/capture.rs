//! What was captured: runs of a compiler over workloads, and the two summaries of them, as Wasmoon has them and more.

mod json;
mod markdown;

use serde::Serialize;

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
}
