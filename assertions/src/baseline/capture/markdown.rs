//! `summary.md` of a capture, in both layouts.

use std::fmt::Write as _;

use super::{Capture, Compared, CompatFinding};

impl Capture {
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
