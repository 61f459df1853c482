//! The keys of `renacer.toml`, as data: what is not in these tables is an error with the nearest that is.

/// What a value has to be.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A string.
    Text,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// A whole number that is not negative.
    UInt,
    /// A number that is not negative.
    Number,
    /// true or false.
    Bool,
    /// Strings.
    Texts,
    /// A string, or several.
    TextOrTexts,
    /// A table with these keys.
    Table(&'static [Key]),
    /// Tables with these keys.
    Tables(&'static [Key]),
    /// A table whose keys are names, each a table with these keys.
    Named(&'static [Key]),
    /// A table whose keys are names, each one of these words.
    NamedWords(&'static [&'static str]),
}

/// A key and the shape of its value.
#[derive(Debug, Clone, Copy)]
pub struct Key(pub &'static str, pub Shape);

use Shape::*;

use crate::rule::Pattern;

/// Types of `[[assertion]]`: name, required keys, optional keys.
pub const TYPES: &[(&str, &[&str], &[&str])] = &[
    ("critical_path", &["max_duration_ms"], &["trace_name_pattern"]),
    ("span_count", &["max_spans"], &["span_name_pattern"]),
    ("memory_usage", &["max_bytes"], &["tracking_mode"]),
    ("anti_pattern", &["pattern", "threshold"], &["process_name_pattern"]),
    ("custom", &["expression"], &[]),
    ("must_call", &["calls"], &["min", "path", "process_name_pattern"]),
    ("must_not_call", &["calls"], &["path", "process_name_pattern"]),
    ("no_network", &[], &["allow", "process_name_pattern"]),
    ("reads_only", &["paths"], &["runtime", "process_name_pattern"]),
    ("writes_only", &["paths"], &["process_name_pattern"]),
    ("durable_replace", &["path"], &["directory", "process_name_pattern"]),
    ("count_budget", &["calls", "max"], &["errors_only", "process_name_pattern"]),
    ("byte_budget", &["max_bytes"], &["calls", "direction", "path", "process_name_pattern"]),
];

/// Keys that every `[[assertion]]` takes.
pub const COMMON: &[&str] = &["name", "type", "fail_on_violation", "enabled"];

/// Checks of `[[assertions]]`: name, required keys.
pub const CHECKS: &[(&str, &[&str])] = &[
    ("syscall_count", &["syscall", "max_count"]),
    ("syscall_percentage", &["syscall", "max_percentage"]),
    ("total_time", &["max_time_ms"]),
    ("min_time", &["min_time_ms"]),
];

/// Checks of `[[anti_patterns.rules]]`: name, required keys.
pub const ANTI_CHECKS: &[(&str, &[&str])] =
    &[("ratio", &["syscalls", "min_ratio"]), ("syscall_count", &["syscall", "max_count"])];

/// Patterns of `anti_pattern`; the fourth is a spelling that is in use.
pub const PATTERNS: &[(&str, Pattern)] = &[
    ("GodProcess", Pattern::GodProcess),
    ("TightLoop", Pattern::TightLoop),
    ("PcieBottleneck", Pattern::PcieBottleneck),
    ("PCIeBottleneck", Pattern::PcieBottleneck),
];

const ASSERTION: &[Key] = &[
    Key("name", Text),
    Key("type", Text),
    Key("fail_on_violation", Bool),
    Key("enabled", Bool),
    Key("max_duration_ms", UInt),
    Key("trace_name_pattern", Text),
    Key("max_spans", UInt),
    Key("span_name_pattern", Text),
    Key("max_bytes", UInt),
    Key("tracking_mode", Word(&["allocations", "rss"])),
    Key("pattern", Text),
    Key("threshold", Number),
    Key("process_name_pattern", Text),
    Key("expression", Text),
    Key("calls", Texts),
    Key("min", UInt),
    Key("max", UInt),
    Key("path", Text),
    Key("paths", Texts),
    Key("allow", Texts),
    Key("runtime", Bool),
    Key("directory", Bool),
    Key("errors_only", Bool),
    Key("direction", Word(&["both", "read", "written"])),
];

const ASSERTIONS: &[Key] = &[
    Key("name", Text),
    Key("description", Text),
    Key("check", Text),
    Key("applies_to", Texts),
    Key("syscall", Text),
    Key("max_count", UInt),
    Key("max_percentage", Number),
    Key("max_time_ms", Number),
    Key("min_time_ms", Number),
];

const BENCH: &[Key] = &[
    Key("match", Text),
    Key("metric", Text),
    Key("margin_percent", Number),
    Key("limit_percent", Number),
    Key("alpha", Number),
];

const SEVERITIES: &[&str] = &["error", "warning", "info"];

/// All sections.
pub const SECTIONS: &[Key] = &[
    Key("assertion", Tables(ASSERTION)),
    Key("assertions", Tables(ASSERTIONS)),
    Key("project", Table(&[Key("name", Text), Key("version", Text)])),
    Key("performance", Table(&[Key("budgets", Named(&[Key("max_time_ms", Number), Key("max_syscalls", UInt)]))])),
    Key(
        "anti_patterns",
        Table(&[Key(
            "rules",
            Tables(&[
                Key("name", Text),
                Key("description", Text),
                Key("enabled", Bool),
                Key("check", Word(&["ratio", "syscall_count"])),
                Key("syscalls", Texts),
                Key("min_ratio", Number),
                Key("syscall", Text),
                Key("max_count", UInt),
                Key("severity", Word(&["warning", "error"])),
            ]),
        )]),
    ),
    Key("regression", Table(&[Key("time_threshold_percent", Number), Key("syscall_threshold_percent", Number)])),
    Key(
        "golden_traces",
        Table(&[
            Key("directory", Text),
            Key("format", Text),
            Key("baselines", Tables(&[Key("name", Text), Key("file", Text), Key("max_deviation_percent", Number)])),
        ]),
    ),
    Key(
        "semantic_equivalence",
        Table(&[
            Key("enabled", Bool),
            Key("python_trace_dir", Text),
            Key("rust_trace_dir", Text),
            Key("baseline_dir", Text),
            Key("min_confidence", Number),
            Key("check_write_patterns", Bool),
            Key("check_file_operations", Bool),
            Key("check_output_correctness", Bool),
            Key("check_memory_allocations", Bool),
            Key("expected_speedup_min", Number),
            Key("expected_speedup_max", Number),
            Key("expected_memory_reduction_min", Number),
        ]),
    ),
    Key(
        "lamport_clock",
        Table(&[
            Key("enabled", Bool),
            Key("propagate_across_fork", Bool),
            Key("propagate_across_exec", Bool),
            Key("env_var", Text),
        ]),
    ),
    Key("compression", Table(&[Key("enabled", Bool), Key("algorithm", Word(&["rle"])), Key("min_file_size_kb", UInt)])),
    Key("otlp", Table(&[Key("enabled", Bool), Key("endpoint", Text), Key("service_name", Text)])),
    Key(
        "ci",
        Table(&[
            Key("fail_fast", Bool),
            Key("export_format", Word(&["json", "junit", "markdown", "sarif"])),
            Key("export_path", Text),
            Key("compare_with_baseline", Bool),
            Key("fail_on_budget_exceeded", Bool),
            Key("fail_on_regression", Bool),
            Key("fail_on_anti_patterns", Texts),
        ]),
    ),
    Key("reporting", Table(&[Key("formats", Texts), Key("output_dir", Text)])),
    Key(
        "profiling",
        Table(&[
            Key("enable_flamegraphs", Bool),
            Key("flamegraph_dir", Text),
            Key("compare_with_baseline", Bool),
            Key("baseline_branch", Text),
        ]),
    ),
    Key(
        "goldens",
        Table(&[
            Key("dir", Text),
            Key("level", Word(&["exact", "calls", "protocol", "hermetic", "outcome"])),
            Key("runs", UInt),
            Key("confirm", UInt),
            Key("fail_on", Word(&["error", "warning"])),
            Key("timeout_s", Number),
            Key("keep_content", UInt),
            Key("env", Texts),
            Key("vary", TextOrTexts),
            Key("root", Word(&["same", "any"])),
            Key("processes", Word(&["exact", "commands", "ignore"])),
            Key("stderr", Word(&["exact", "nonempty", "ignore"])),
            Key("interleave", Word(&["per-stream", "merged"])),
            Key("inputs", Word(&["all", "no-runtime"])),
            Key("severity", NamedWords(SEVERITIES)),
        ]),
    ),
    Key(
        "baseline",
        Table(&[
            Key("binary", Text),
            Key("subcommand", Text),
            Key("workloads", Texts),
            Key("out_dir", Text),
            Key("timeout_sec", Number),
        ]),
    ),
    Key(
        "gate",
        Table(&[
            Key("baseline", Text),
            Key("bench_filter", Text),
            Key("metric", Text),
            Key("margin_percent", Number),
            Key("limit_percent", Number),
            Key("alpha", Number),
            Key("family_alpha", Number),
            Key("inconclusive", Word(&["code", "pass", "fail"])),
            Key("max_steal_percent", Number),
            Key("sigma_between", Number),
            Key("store", Text),
            Key("risk_notes", Text),
            Key("budgets", Text),
            Key("bench", Tables(BENCH)),
        ]),
    ),
    Key(
        "profile",
        Table(&[
            Key("out", Text),
            Key("sample_ms", UInt),
            Key("stacks", Word(&["auto", "fp", "dwarf", "none"])),
            Key("weight", Word(&["wall", "cpu"])),
        ]),
    ),
    Key("perf", Table(&[Key("baseline", Text), Key("tolerance_percent", Number), Key("min_us", Number)])),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_type_is_a_key_of_the_section() {
        let known = |keys: &[Key], name: &str| keys.iter().any(|key| key.0 == name);
        for (kind, required, optional) in TYPES {
            for key in required.iter().chain(*optional).chain(COMMON) {
                assert!(known(ASSERTION, key), "{kind}: {key}");
            }
        }
        for (check, required) in CHECKS {
            for key in *required {
                assert!(known(ASSERTIONS, key), "{check}: {key}");
            }
        }
    }
}
