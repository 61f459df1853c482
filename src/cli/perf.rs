//! `perf …` and `seed`: their flags, and what they ask.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::parts::{finite, switch, value};

/// `perf …`.
#[derive(Debug)]
pub enum Perf {
    /// `perf report`, or `perf` alone.
    Report(PerfReport),
    /// `perf merge`.
    Merge(PerfMerge),
    /// `perf svg`.
    Svg(PerfSvg),
}

/// `perf report`.
#[derive(Debug)]
pub struct PerfReport {
    /// The document.
    pub file: PathBuf,
    /// `-b`.
    pub baseline: Option<PathBuf>,
    /// `-p`.
    pub profile: Option<String>,
    /// `--tolerance`, percent.
    pub tolerance: Option<f64>,
    /// `--min-us`.
    pub min_us: Option<f64>,
    /// `--fail-on-regressions`.
    pub fail_on_regressions: bool,
    /// `--allow-removed`.
    pub allow_removed: bool,
    /// `-j`.
    pub json: bool,
    /// `--emit`, `KIND:PATH` each.
    pub emit: Vec<OsString>,
    /// `--top`.
    pub top: u32,
}

/// `perf merge`.
#[derive(Debug)]
pub struct PerfMerge {
    /// Documents and directories of parts.
    pub inputs: Vec<PathBuf>,
    /// `-o`.
    pub to: PathBuf,
    /// `--one-run`.
    pub one_run: bool,
}

/// `perf svg`.
#[derive(Debug)]
pub struct PerfSvg {
    /// The stacks.
    pub file: PathBuf,
    /// `-o`.
    pub to: Option<PathBuf>,
    /// `--title`.
    pub title: Option<String>,
}

/// `seed`.
#[derive(Debug)]
pub struct Seed {
    /// A run log or a document.
    pub file: PathBuf,
    /// `--profile`.
    pub profile: Option<String>,
    /// `-j`.
    pub json: bool,
    /// `--compare`.
    pub compare: Option<[PathBuf; 2]>,
}

/// The document that is meant when none is named.
const USUAL: &str = "perf.json";

fn file(name: &'static str) -> Arg {
    Arg::new("file").value_name(name).value_parser(value_parser!(PathBuf))
}

fn output() -> Arg {
    value("output", "FILE").short('o').value_parser(value_parser!(PathBuf))
}

fn json() -> Arg {
    switch("json").short('j').help("As JSON")
}

fn report_flags() -> Vec<Arg> {
    vec![
        file("PERF").help("The document (default perf.json)"),
        value("baseline", "PERF").short('b').value_parser(value_parser!(PathBuf)).help("Compare with this document"),
        value("profile", "NAME").short('p').help("Which profile (default: that of the first run)"),
        value("tolerance", "PCT")
            .allow_hyphen_values(true)
            .value_parser(finite)
            .help("A change of so many percent is none (default 5)"),
        value("min-us", "N")
            .allow_hyphen_values(true)
            .value_parser(finite)
            .help("A change below so many microseconds is none (default 1)"),
        switch("fail-on-regressions").help("Exit code 1 when something fails, 3 when something is not decided"),
        switch("allow-removed").help("A tracepoint that is only in the baseline is no failure"),
        json(),
        super::flags::emit(),
        value("top", "N").value_parser(value_parser!(u32)).help("How many drifts are listed (default 5)"),
    ]
}

/// The commands.
pub fn commands() -> [Command; 3] {
    let about = "Compare times of tracepoints with budgets and a baseline";
    let report = |name: &'static str| Command::new(name).about(about).args(report_flags());
    let perf = Command::new("perf")
        .about("Tracepoint times: budgets and baselines, merging, pictures")
        .disable_help_subcommand(true)
        .args_conflicts_with_subcommands(true)
        .args(report_flags())
        .subcommand(report("report"))
        .subcommand(
            Command::new("merge")
                .about("Make one document of several")
                .arg(
                    Arg::new("input")
                        .value_name("PERF|RECORDING|DIR")
                        .num_args(1..)
                        .required(true)
                        .value_parser(value_parser!(PathBuf))
                        .help("Documents, recordings, or directories of the parts of one run"),
                )
                .arg(output().required(true).help("The document; stacks and summary are written beside it"))
                .arg(switch("one-run").help("They are the parts of one run: join their tracepoints")),
        )
        .subcommand(
            Command::new("svg")
                .about("Draw folded stacks")
                .arg(file("FOLDED").required(true).help("The stacks, one line each"))
                .arg(output().help("The picture (default: beside the stacks)"))
                .arg(value("title", "TEXT").help("What stands above it (default: name of the file)")),
        );
    let seed = Command::new("seed")
        .about("Print the seeds of the random streams of a run")
        .arg(file("PERF").help("A run log or a perf.json (default perf.json)"))
        .arg(value("from-run", "PERF").value_parser(value_parser!(PathBuf)).conflicts_with("file").help("The same"))
        .arg(value("profile", "NAME").help("Which profile (default: that of the first run)"))
        .arg(
            value("compare", "PERF")
                .num_args(2)
                .value_names(["A", "B"])
                .value_parser(value_parser!(PathBuf))
                .conflicts_with_all(["file", "from-run", "json"])
                .help("Say which stream or event of two runs differs first (exit code 1)"),
        )
        .arg(json());
    [perf, report("perf-report").hide(true), seed]
}

fn path(m: &ArgMatches, id: &str) -> Option<PathBuf> {
    m.try_get_one::<PathBuf>(id).ok().flatten().cloned()
}

fn text(m: &ArgMatches, id: &str) -> Option<String> {
    m.try_get_one::<String>(id).ok().flatten().cloned()
}

/// `perf …`.
pub fn perf(m: &ArgMatches) -> Perf {
    match m.subcommand() {
        Some(("merge", m)) => Perf::Merge(PerfMerge {
            inputs: m.get_many::<PathBuf>("input").into_iter().flatten().cloned().collect(),
            to: path(m, "output").unwrap_or_else(|| USUAL.into()),
            one_run: m.get_flag("one-run"),
        }),
        Some(("svg", m)) => Perf::Svg(PerfSvg {
            file: path(m, "file").unwrap_or_default(),
            to: path(m, "output"),
            title: text(m, "title"),
        }),
        Some((_, m)) => Perf::Report(report(m)),
        None => Perf::Report(report(m)),
    }
}

/// `perf report`.
pub fn report(m: &ArgMatches) -> PerfReport {
    PerfReport {
        file: path(m, "file").unwrap_or_else(|| USUAL.into()),
        baseline: path(m, "baseline"),
        profile: text(m, "profile"),
        tolerance: m.get_one::<f64>("tolerance").copied(),
        min_us: m.get_one::<f64>("min-us").copied(),
        fail_on_regressions: m.get_flag("fail-on-regressions"),
        allow_removed: m.get_flag("allow-removed"),
        json: m.get_flag("json"),
        emit: super::read::emit(m),
        top: m.get_one::<u32>("top").copied().unwrap_or(5),
    }
}

/// `seed`.
pub fn seed(m: &ArgMatches) -> Seed {
    Seed {
        file: path(m, "file").or_else(|| path(m, "from-run")).unwrap_or_else(|| USUAL.into()),
        profile: text(m, "profile"),
        json: m.get_flag("json"),
        compare: m.get_many::<PathBuf>("compare").and_then(|files| files.cloned().collect::<Vec<_>>().try_into().ok()),
    }
}
