//! The flags of `gate …`.

use std::ffi::OsString;

use assertions::gate::read::Kind;
use clap::{Arg, ArgAction, Command, value_parser};

use super::Source;
use crate::cli::parts::{finite, path, switch, value};

fn percent(id: &'static str) -> Arg {
    value(id, "PCT").allow_hyphen_values(true).value_parser(finite)
}

/// A time that is not over at once, and not for ever.
fn seconds(word: &str) -> Result<f64, String> {
    const MOST: f64 = 1e6;
    match finite(word)? {
        seconds if seconds > 0.0 && seconds <= MOST => Ok(seconds),
        _ => Err(format!("seconds above 0, at most {MOST} are needed")),
    }
}

/// Names that are criterion's own.
const RESERVED: [&str; 4] = ["new", "base", "change", "report"];

/// A name that is a folder everywhere.
fn baseline_name(word: &str) -> Result<String, String> {
    if RESERVED.contains(&word) {
        return Err("the name is criterion's own".into());
    }
    folder_name(word)
}

fn folder_name(word: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let begins = word.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if begins && word.len() <= 64 && word.bytes().all(plain) {
        return Ok(word.to_owned());
    }
    Err("a name begins with a letter or digit, goes on with letters, digits, `.`, `_`, `-`, and has at most 64".into())
}

fn source(word: &str) -> Result<Source, String> {
    let Some((kind, path)) = word.split_once(':') else { return Ok(Source::File(None, word.into())) };
    if kind == "criterion" {
        return Ok(Source::Criterion(path.into()));
    }
    if let Some(kind) = Kind::of(kind) {
        return Ok(Source::File(Some(kind), path.into()));
    }
    if kind.contains(['/', '.']) {
        return Ok(Source::File(None, word.into()));
    }
    let known: Vec<&str> = std::iter::once("criterion").chain(Kind::ALL.map(Kind::word)).collect();
    Err(format!("there is no kind {kind:?}; known are {}", known.join(", ")))
}

fn results() -> Vec<Arg> {
    vec![
        path("criterion-dir", "DIR").help("Where criterion's results lie (default: as cargo bench has it)"),
        value("source", "[KIND:]PATH")
            .action(ArgAction::Append)
            .value_parser(source)
            .help("Results of another tool; the kind is told by the content where it is not named"),
        value("run", "CMD").conflicts_with("skip-run").help("Make the results by this shell command first"),
        switch("skip-run").help("Take the results that are there, which is the default"),
        value("bench-filter", "TEXT").help("Only benchmarks with this in their id"),
        store(),
        switch("allow-mixed-hosts").help("Results of different machines may be put together and compared"),
    ]
}

/// Flags of a program whose calls are counted.
fn counted() -> [Arg; 4] {
    [
        value("golden", "NAME").requires("argv").help("Keep counters beside this golden"),
        value("runs", "K")
            .requires("argv")
            .value_parser(value_parser!(u32).range(5..=1000))
            .help("Traced runs of a program (default 5)"),
        value("timeout-sec", "N")
            .requires("argv")
            .value_parser(seconds)
            .help("How long a run of a program may take (default 120)"),
        Arg::new("argv")
            .value_name("PROG [ARGS]...")
            .num_args(1..)
            .trailing_var_arg(true)
            .value_parser(value_parser!(OsString))
            .conflicts_with_all(["source", "run", "criterion-dir"])
            .help("Count the calls of this program instead of taking results"),
    ]
}

/// Flags of two programs that are run in turns.
fn turns() -> [Arg; 5] {
    let instead = ["baseline", "candidate", "golden", "rule"];
    [
        value("baseline-bin", "OLD")
            .requires("argv")
            .conflicts_with_all(instead)
            .value_parser(value_parser!(OsString))
            .help("Run this program in turns with PROG, with the same ARGS, and compare their times"),
        value("pairs", "K")
            .requires("baseline-bin")
            .value_parser(value_parser!(u32).range(1..=1000))
            .help("Pairs of runs before the first look (default 10); up to twice as many where that does not decide"),
        value("samples", "N").requires("baseline-bin").value_parser(value_parser!(u32).range(1..=1000)).help(
            "Starts of each program in a run, whose value is their median (default: half a second of them, 1 to 10)",
        ),
        switch("duet")
            .requires("baseline-bin")
            .help("Run both at the same time instead, on two CPUs, where two are free"),
        path("stdin", "FILE").requires("baseline-bin").help("Their standard input (default /dev/null)"),
    ]
}

fn store() -> Arg {
    path("store", "DIR").help("Where baselines lie (default artifacts/performance/baselines)")
}

fn format(forms: &'static [&'static str], help: &'static str) -> Arg {
    value("format", "FORMAT").value_parser(forms.to_vec()).hide_possible_values(true).help(help)
}

/// The command.
pub fn command() -> Command {
    Command::new("gate")
        .about("Say whether benchmarks became worse: baselines, checks, values over time")
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("save")
                .about("Keep results of benchmarks as a baseline")
                .arg(
                    value("name", "NAME")
                        .required_unless_present("golden")
                        .value_parser(baseline_name)
                        .help("Name of the baseline"),
                )
                .arg(switch("append").help("Add a run to the baseline (default: replace its runs)"))
                .arg(
                    value("pair-index", "I")
                        .value_parser(value_parser!(u64))
                        .help("The run belongs together with that of the same number on the other side"),
                )
                .args(counted())
                .args(results()),
        )
        .subcommand(check())
        .subcommand(
            Command::new("history")
                .about("Show values over time; nothing is judged")
                .arg(value("name", "NAME").value_parser(folder_name).help("Name of the baseline (default main)"))
                .arg(value("bench-filter", "TEXT").help("Only benchmarks with this in their id"))
                .arg(value("metric", "METRIC").help("Only this metric or counter"))
                .arg(value("host", "DIGEST|all").help("Values of this host (default: of this one)"))
                .arg(value("last", "K").value_parser(value_parser!(u32)).help("The last K values (default 50)"))
                .arg(format(&["text", "json", "csv"], "text (default), json or csv"))
                .arg(store()),
        )
}

fn check() -> Command {
    Command::new("check")
        .about("Compare results of benchmarks with a baseline")
        .arg(
            value("baseline", "NAME")
                .alias("baseline-name")
                .value_parser(folder_name)
                .help("The baseline: a saved one, or criterion's of that name (default main)"),
        )
        .arg(value("candidate", "NAME").value_parser(folder_name).help("What is compared with it (default new)"))
        .args(counted().into_iter().filter(|arg| arg.get_id() != "runs"))
        .args(turns())
        .args(results())
        .arg(
            value("rule", "RULE")
                .value_parser(["auto", "runs", "single", "ci-upper", "frankenjax-p95"])
                .hide_possible_values(true)
                .help("auto (default), runs, single or ci-upper"),
        )
        .arg(percent("threshold").help("The change that must be found (default 5)"))
        .arg(percent("margin").help("A change too small to matter (default 2)"))
        .arg(path("budgets", "FILE").help("frankenjax.reliability-budgets.v1"))
        .arg(path("risk-notes", "DIR").help("Where notes lie that accept regressions"))
        .arg(switch("allow-unused-notes").help("A note without a regression is a warning"))
        .arg(path("report", "FILE").help("Write chic-trace.perf-delta.v2"))
        .arg(path("report-v1", "FILE").help("Write frankenjax.perf-delta.v1"))
        .arg(
            path("verify-report", "FILE")
                .exclusive(true)
                .help("Say whether a frankenjax.perf-delta.v1 contradicts itself"),
        )
        .arg(
            value("inconclusive", "AS")
                .value_parser(["code", "pass", "fail"])
                .hide_possible_values(true)
                .help("What exit code an undecided result gives: its own (3), 0 or 1"),
        )
        .arg(switch("strict").conflicts_with("inconclusive").help("As --inconclusive=fail"))
        .arg(value("seed", "N").value_parser(value_parser!(u64)).help("Of the generator (default 0)"))
        .arg(switch("record-history").help("Add the values of the candidate to the history of the baseline"))
        .arg(format(&crate::emit::WORDS, "text (default), json, junit, sarif, markdown or github, on stdout"))
        .arg(crate::cli::flags::emit())
}
