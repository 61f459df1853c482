//! `baseline …`: its flags, and what they ask.

use std::ffi::OsString;
use std::path::PathBuf;

use assertions::baseline::CompareOptions;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::ask::Inconclusive;
use super::parts::{finite, path, switch, value};
use crate::emit::Kind;

/// `baseline …`.
#[derive(Debug)]
pub enum Baseline {
    /// `baseline capture`.
    Capture(Box<Capture>),
    /// `baseline compare`.
    Compare(Compare),
    /// `baseline show`.
    Show(Show),
}

/// `baseline capture`.
#[derive(Debug)]
pub struct Capture {
    /// `--binary`.
    pub binary: Option<String>,
    /// `--out-dir`.
    pub out_dir: Option<PathBuf>,
    /// `--timeout-sec`.
    pub timeout_sec: Option<f64>,
    /// `--subcommand`.
    pub subcommand: Option<String>,
    /// `--workload`.
    pub workloads: Vec<String>,
    /// `--iterations`.
    pub iterations: u32,
    /// `--warmup`.
    pub warmup: u32,
    /// `--wasmoon-compat`.
    pub compat: bool,
    /// `--fail-fast`.
    pub fail_fast: bool,
    /// `--baseline`.
    pub baseline: Option<PathBuf>,
    /// What counts as a change against it.
    pub options: CompareOptions,
}

/// `baseline compare`.
#[derive(Debug)]
pub struct Compare {
    /// The two summaries.
    pub files: [PathBuf; 2],
    /// What counts as a change.
    pub options: CompareOptions,
    /// `--out`.
    pub out: Option<PathBuf>,
    /// `--md`.
    pub page: Option<PathBuf>,
    /// `--wasmoon-compat`.
    pub compat: bool,
    /// `--emit`, `KIND:PATH` each.
    pub emit: Vec<OsString>,
    /// `--format`.
    pub form: Kind,
    /// `--inconclusive`, `--strict`.
    pub inconclusive: Inconclusive,
}

/// `baseline show`.
#[derive(Debug)]
pub struct Show {
    /// The metrics.
    pub file: PathBuf,
    /// `--by`.
    pub by: String,
    /// `--top`.
    pub top: usize,
    /// `--format`.
    pub form: ShowForm,
    /// `--wasmoon-compat`.
    pub compat: bool,
}

/// How metrics are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShowForm {
    /// Totals for people.
    Text,
    /// The document, written anew.
    Json,
    /// Stacks to be drawn.
    Folded,
}

fn file(id: &'static str, name: &'static str) -> Arg {
    Arg::new(id).value_name(name).required(true).value_parser(value_parser!(PathBuf))
}

/// What counts as a change.
fn limits() -> [Arg; 4] {
    let limit = |id, help| value(id, "PCT").allow_hyphen_values(true).value_parser(finite).help(help);
    [
        limit("threshold-elapsed-pct", "What elapsed time may grow by (default 15)"),
        limit("threshold-compile-pct", "What compile time may grow by (default 15)"),
        limit("threshold-code-size-pct", "What code may grow by where it can't be compared exactly (default 5)"),
        switch("allow-arch-mismatch").help("The two may be of different machines"),
    ]
}

/// The command.
pub fn command() -> Command {
    Command::new("baseline")
        .about("Capture what a compiler does with workloads, and compare two captures")
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(capture())
        .subcommand(
            Command::new("compare")
                .about("Say whether times, code and counts became worse, and which functions and passes made them so")
                .arg(file("base", "BASE").help("summary.json of the baseline"))
                .arg(file("candidate", "CAND").help("summary.json of the candidate"))
                .args(limits())
                .arg(switch("exact").conflicts_with("no-exact").help("Compare counts exactly whatever they come from"))
                .arg(switch("no-exact").help("Counts have no verdict"))
                .arg(
                    value("exact-tolerance-pct", "PCT")
                        .allow_hyphen_values(true)
                        .value_parser(finite)
                        .help("What counts may grow by (default 0)"),
                )
                .arg(path("out", "FILE").help("Write the findings as JSON"))
                .arg(path("md", "FILE").help("Write the findings as Markdown"))
                .arg(switch("wasmoon-compat").help("Write JSON as Wasmoon does"))
                .arg(super::flags::emit())
                .arg(
                    value("format", "FORMAT")
                        .value_parser(crate::emit::WORDS)
                        .hide_possible_values(true)
                        .help("text (default), json, junit, sarif, markdown or github, on stdout"),
                )
                .arg(
                    value("inconclusive", "AS")
                        .value_parser(["code", "pass", "fail"])
                        .hide_possible_values(true)
                        .help("What exit code an undecided result gives: its own (3), 0 or 1"),
                )
                .arg(switch("strict").conflicts_with("inconclusive").help("As --inconclusive=fail")),
        )
        .subcommand(
            Command::new("show")
                .about("Add up what a compiler measured of one module")
                .arg(file("file", "METRICS").help("The metrics"))
                .arg(value("by", "COLUMN").help("Which functions come first (default stages_us)"))
                .arg(value("top", "N").value_parser(value_parser!(u32)).help("How many functions (default 5)"))
                .arg(
                    value("format", "FORMAT")
                        .value_parser(["text", "json", "folded"])
                        .hide_possible_values(true)
                        .help("text (default), json (the document written anew) or folded (stacks of compile time)"),
                )
                .arg(switch("wasmoon-compat").help("Times as strings, as Wasmoon writes them")),
        )
}

fn capture() -> Command {
    Command::new("capture")
        .about("Run a compiler over workloads and keep its metrics and logs")
        .arg(value("binary", "PROG").visible_alias("wasmoon").help("The compiler (default ./wasmoon)"))
        .arg(path("out-dir", "DIR").help("Where all of it goes (default docs/perf/baselines/latest)"))
        .arg(
            value("timeout-sec", "N")
                .value_parser(finite)
                .help("How long a run may take (default 120, several iterations 180)"),
        )
        .arg(
            value("subcommand", "WORD")
                .value_parser(["run", "test", "none"])
                .hide_possible_values(true)
                .help("What stands in front of the workload: run (default), test, none"),
        )
        .arg(value("workload", "FILE").action(ArgAction::Append).help("A file to compile, instead of those configured"))
        .arg(
            value("iterations", "N")
                .value_parser(value_parser!(u32).range(1..=10_000))
                .help("Measured runs of each (default 1)"),
        )
        .arg(value("warmup", "N").value_parser(value_parser!(u32).range(0..=1000)).help("Runs before them (default 0)"))
        .arg(switch("wasmoon-compat").help("Summaries and names as Wasmoon has them"))
        .arg(
            switch("keep-going")
                .conflicts_with("fail-fast")
                .help("Go on after a run that failed, which is the default"),
        )
        .arg(switch("fail-fast").help("Stop at the first run that failed"))
        .arg(path("baseline", "SUMMARY").help("Compare with this summary, too"))
        .args(limits())
}

fn path_of(m: &ArgMatches, id: &str) -> Option<PathBuf> {
    m.get_one::<PathBuf>(id).cloned()
}

fn text(m: &ArgMatches, id: &str) -> Option<String> {
    m.get_one::<String>(id).cloned()
}

fn options(m: &ArgMatches) -> CompareOptions {
    let usual = CompareOptions::default();
    let number = |id: &str| m.try_get_one::<f64>(id).ok().flatten().copied();
    let on = |id: &str| m.try_get_one::<bool>(id).ok().flatten() == Some(&true);
    let [elapsed, compile, size] = usual.thresholds;
    CompareOptions {
        thresholds: [
            number("threshold-elapsed-pct").unwrap_or(elapsed),
            number("threshold-compile-pct").unwrap_or(compile),
            number("threshold-code-size-pct").unwrap_or(size),
        ],
        exact: if on("exact") { Some(true) } else { on("no-exact").then_some(false) },
        exact_tolerance_percent: number("exact-tolerance-pct").unwrap_or(usual.exact_tolerance_percent),
        allow_arch_mismatch: on("allow-arch-mismatch"),
    }
}

/// `baseline …`.
pub fn baseline(m: &ArgMatches) -> Baseline {
    match m.subcommand() {
        Some(("compare", m)) => Baseline::Compare(Compare {
            files: ["base", "candidate"].map(|id| path_of(m, id).unwrap_or_default()),
            options: options(m),
            out: path_of(m, "out"),
            page: path_of(m, "md"),
            compat: m.get_flag("wasmoon-compat"),
            emit: super::read::emit(m),
            form: Kind::named(text(m, "format").as_deref()),
            inconclusive: match text(m, "inconclusive").as_deref() {
                Some("pass") => Inconclusive::Pass,
                Some("fail") => Inconclusive::Fail,
                None if m.get_flag("strict") => Inconclusive::Fail,
                _ => Inconclusive::Code,
            },
        }),
        Some(("show", m)) => Baseline::Show(Show {
            file: path_of(m, "file").unwrap_or_default(),
            by: text(m, "by").unwrap_or_else(|| "stages_us".to_owned()),
            top: m.get_one::<u32>("top").map_or(5, |top| *top as usize),
            form: match text(m, "format").as_deref() {
                Some("json") => ShowForm::Json,
                Some("folded") => ShowForm::Folded,
                _ => ShowForm::Text,
            },
            compat: m.get_flag("wasmoon-compat"),
        }),
        Some((_, m)) => Baseline::Capture(Box::new(capture_of(m))),
        None => Baseline::Capture(Box::new(capture_of(m))),
    }
}

fn capture_of(m: &ArgMatches) -> Capture {
    Capture {
        binary: text(m, "binary"),
        out_dir: path_of(m, "out-dir"),
        timeout_sec: m.get_one::<f64>("timeout-sec").copied(),
        subcommand: text(m, "subcommand"),
        workloads: m.get_many::<String>("workload").into_iter().flatten().cloned().collect(),
        iterations: m.get_one::<u32>("iterations").copied().unwrap_or(1),
        warmup: m.get_one::<u32>("warmup").copied().unwrap_or(0),
        compat: m.get_flag("wasmoon-compat"),
        fail_fast: m.get_flag("fail-fast"),
        baseline: path_of(m, "baseline"),
        options: options(m),
    }
}
