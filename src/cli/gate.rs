//! `gate …`: what it is asked for.

mod flags;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use assertions::gate::read::Kind as Tool;
use assertions::gate::{Inconclusive, Rule};
use clap::ArgMatches;

use crate::emit::Kind;

pub use flags::command;

/// How long a run may take when nobody says so.
const TIMEOUT: Duration = Duration::from_secs(120);

/// `gate …`.
#[derive(Debug)]
pub enum Gate {
    /// `gate save`.
    Save(Save),
    /// `gate check`.
    Check(Box<Check>),
    /// `gate history`.
    History(History),
}

/// Where results come from.
#[derive(Debug, Default)]
pub struct Results {
    /// `--criterion-dir`.
    pub criterion_dir: Option<PathBuf>,
    /// `--source`.
    pub sources: Vec<Source>,
    /// `--run`.
    pub run: Option<String>,
    /// `--bench-filter`.
    pub filter: Option<String>,
    /// `--store`.
    pub store: Option<PathBuf>,
    /// `--allow-mixed-hosts`.
    pub allow_mixed_hosts: bool,
}

/// A file of results, or a folder of criterion's.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Files of this tool, or of the tool that the content is of.
    File(Option<Tool>, PathBuf),
    /// A folder.
    Criterion(PathBuf),
}

/// A program whose calls are counted.
#[derive(Debug, Default)]
pub struct Counted {
    /// Program and arguments; empty where results are compared.
    pub argv: Vec<OsString>,
    /// `--runs`.
    pub runs: Option<u32>,
    /// `--golden`.
    pub golden: Option<String>,
    /// `--timeout-sec`: how long a run may take.
    pub timeout: Duration,
}

/// Two programs that are run in turns.
#[derive(Debug, Default)]
pub struct Turns {
    /// `--baseline-bin`.
    pub baseline: OsString,
    /// `--pairs`: at the first look.
    pub pairs: Option<usize>,
    /// `--samples`: starts of each program in a run.
    pub samples: Option<usize>,
    /// `--stdin`.
    pub stdin: Option<PathBuf>,
    /// `--duet`: at the same time instead.
    pub duet: bool,
}

/// `gate save`.
#[derive(Debug)]
pub struct Save {
    /// `--name`; empty with `--golden`.
    pub name: String,
    /// `--append`.
    pub append: bool,
    /// `--pair-index`.
    pub pair_index: Option<u64>,
    /// The program whose calls are counted.
    pub counted: Counted,
    /// Where results come from.
    pub results: Results,
}

/// `gate check`.
#[derive(Debug)]
pub struct Check {
    /// `--baseline`.
    pub baseline: Option<String>,
    /// `--candidate`.
    pub candidate: Option<String>,
    /// Where results come from.
    pub results: Results,
    /// `--rule`.
    pub rule: Rule,
    /// `--threshold`, percent.
    pub threshold: Option<f64>,
    /// `--margin`, percent.
    pub margin: Option<f64>,
    /// `--budgets`.
    pub budgets: Option<PathBuf>,
    /// `--risk-notes`.
    pub risk_notes: Option<PathBuf>,
    /// `--allow-unused-notes`.
    pub allow_unused_notes: bool,
    /// `--report`.
    pub report: Option<PathBuf>,
    /// `--report-v1`.
    pub report_v1: Option<PathBuf>,
    /// `--verify-report`.
    pub verify: Option<PathBuf>,
    /// `--inconclusive`, `--strict`.
    pub inconclusive: Option<Inconclusive>,
    /// `--seed`.
    pub seed: u64,
    /// `--record-history`.
    pub record_history: bool,
    /// The program whose calls are counted, or that is run in turns with another.
    pub counted: Counted,
    /// The other, where there is one.
    pub turns: Option<Turns>,
    /// `--format`.
    pub form: Kind,
    /// `--emit`, `KIND:PATH` each.
    pub emit: Vec<OsString>,
}

/// `gate history`.
#[derive(Debug)]
pub struct History {
    /// `--name`.
    pub name: Option<String>,
    /// `--bench-filter`.
    pub filter: Option<String>,
    /// `--metric`.
    pub metric: Option<String>,
    /// `--host`.
    pub host: Option<String>,
    /// `--last`.
    pub last: usize,
    /// `--format`.
    pub form: HistoryForm,
    /// `--store`.
    pub store: Option<PathBuf>,
}

/// How a history is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryForm {
    /// Lines for people.
    Text,
    /// `chic-trace.history.v1`.
    Json,
    /// A row for each value.
    Csv,
}

fn path_of(m: &ArgMatches, id: &str) -> Option<PathBuf> {
    m.get_one::<PathBuf>(id).cloned()
}

fn text(m: &ArgMatches, id: &str) -> Option<String> {
    m.get_one::<String>(id).cloned()
}

/// `gate …`.
pub fn gate(m: &ArgMatches) -> Gate {
    match m.subcommand() {
        Some(("save", m)) => Gate::Save(Save {
            name: text(m, "name").unwrap_or_default(),
            append: m.get_flag("append"),
            pair_index: m.get_one::<u64>("pair-index").copied(),
            counted: counted_of(m),
            results: results_of(m),
        }),
        Some(("history", m)) => Gate::History(History {
            name: text(m, "name"),
            filter: text(m, "bench-filter"),
            metric: text(m, "metric"),
            host: text(m, "host"),
            last: m.get_one::<u32>("last").map_or(50, |last| *last as usize),
            form: match text(m, "format").as_deref() {
                Some("json") => HistoryForm::Json,
                Some("csv") => HistoryForm::Csv,
                _ => HistoryForm::Text,
            },
            store: path_of(m, "store"),
        }),
        Some((_, m)) => Gate::Check(Box::new(check_of(m))),
        None => Gate::Check(Box::new(check_of(m))),
    }
}

fn check_of(m: &ArgMatches) -> Check {
    let inconclusive = match text(m, "inconclusive").as_deref() {
        Some("pass") => Some(Inconclusive::Pass),
        Some("fail") => Some(Inconclusive::Fail),
        Some(_) => Some(Inconclusive::Code),
        None => m.get_flag("strict").then_some(Inconclusive::Fail),
    };
    Check {
        baseline: text(m, "baseline"),
        candidate: text(m, "candidate"),
        results: results_of(m),
        rule: match text(m, "rule").as_deref() {
            Some("runs") => Rule::Runs,
            Some("single") => Rule::Single,
            Some("ci-upper" | "frankenjax-p95") => Rule::CiUpper,
            _ => Rule::Auto,
        },
        threshold: m.get_one::<f64>("threshold").copied(),
        margin: m.get_one::<f64>("margin").copied(),
        budgets: path_of(m, "budgets"),
        risk_notes: path_of(m, "risk-notes"),
        allow_unused_notes: m.get_flag("allow-unused-notes"),
        report: path_of(m, "report"),
        report_v1: path_of(m, "report-v1"),
        verify: path_of(m, "verify-report"),
        inconclusive,
        seed: m.get_one::<u64>("seed").copied().unwrap_or(0),
        record_history: m.get_flag("record-history"),
        counted: counted_of(m),
        turns: m.get_one::<OsString>("baseline-bin").map(|baseline| Turns {
            baseline: baseline.clone(),
            pairs: m.get_one::<u32>("pairs").map(|pairs| *pairs as usize),
            samples: m.get_one::<u32>("samples").map(|samples| *samples as usize),
            stdin: path_of(m, "stdin"),
            duet: m.get_flag("duet"),
        }),
        form: Kind::named(text(m, "format").as_deref()),
        emit: super::read::emit(m),
    }
}

fn counted_of(m: &ArgMatches) -> Counted {
    Counted {
        argv: m.get_many::<OsString>("argv").into_iter().flatten().cloned().collect(),
        runs: m.try_get_one::<u32>("runs").ok().flatten().copied(),
        golden: text(m, "golden"),
        timeout: m.get_one::<f64>("timeout-sec").map_or(TIMEOUT, |sec| Duration::from_secs_f64(*sec)),
    }
}

fn results_of(m: &ArgMatches) -> Results {
    Results {
        criterion_dir: path_of(m, "criterion-dir"),
        sources: m.get_many::<Source>("source").into_iter().flatten().cloned().collect(),
        run: text(m, "run"),
        filter: text(m, "bench-filter"),
        store: path_of(m, "store"),
        allow_mixed_hosts: m.get_flag("allow-mixed-hosts"),
    }
}
