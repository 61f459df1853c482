//! Flags of the commands that judge: goldens, comparisons, and the form of their verdicts.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};

use super::{argv, clusters, file, reading};
use crate::cli::parts::{path, seconds, switch, value, whole};

pub(super) fn verdict_format() -> Arg {
    value("format", "FORMAT")
        .value_parser(["text", "json"])
        .hide_possible_values(true)
        .help("text (default) or json, on stdout")
}

pub(super) fn inconclusive() -> Arg {
    value("inconclusive", "AS")
        .value_parser(["code", "pass", "fail"])
        .hide_possible_values(true)
        .hide_short_help(true)
        .help("What exit code an undecided result gives: its own (3), 0 or 1")
}

/// Where goldens lie.
fn golden_place() -> Vec<Arg> {
    vec![
        path("dir", "DIR").help("Where goldens lie (default tests/goldens if it exists, else goldens)"),
        value("golden-max", "BYTES")
            .value_parser(|word: &str| whole::<u64>(word, 1, 1 << 40))
            .hide_short_help(true)
            .help("Read goldens of so many bytes (default 256 MiB), and lines and steps in proportion"),
    ]
}

/// One word of a closed set.
fn word_of(id: &'static str, words: &'static [&'static str], help: &'static str) -> Arg {
    value(id, "WORD").value_parser(words.to_vec()).hide_short_help(true).help(help)
}

fn level() -> Arg {
    value("level", "LEVEL")
        .value_parser(["exact", "calls", "protocol", "hermetic", "outcome"])
        .hide_possible_values(true)
        .help("exact, calls, protocol (default), hermetic, outcome")
}

/// Options of the comparison.
fn compare_as() -> Vec<Arg> {
    vec![
        level(),
        word_of("root", &["same", "any"], "Is the program itself compared, or only what it does?"),
        word_of("processes", &["exact", "commands", "ignore"], "The process tree, the commands run, or only the end"),
        word_of("stderr", &["exact", "nonempty", "ignore"], "What of standard error is compared"),
        word_of("interleave", &["per-stream", "merged"], "Is the order of output against errors compared?"),
        word_of("inputs", &["all", "no-runtime"], "Are libraries and runtime files among the inputs?"),
    ]
}

/// How a judged program is run.
fn judged() -> Vec<Arg> {
    vec![
        path("fixture", "DIR").help("Run in fresh copies of this directory; - is an empty one"),
        value("env", "NAME[=VALUE]")
            .action(ArgAction::Append)
            .value_parser(value_parser!(std::ffi::OsString))
            .help("Set a variable, or pass one more on"),
        switch("env-all").hide_short_help(true).help("Pass all variables on"),
        value("redact", "NAME").action(ArgAction::Append).hide_short_help(true).help("Keep a value out of the golden"),
        path("stdin", "FILE").help("Standard input: a file, pipe:FILE, null (default) or tty"),
        value("subst", "NAME=VALUE")
            .action(ArgAction::Append)
            .hide_short_help(true)
            .help("Call this value $NAME wherever it is met"),
        value("timeout", "SECONDS").value_parser(seconds).help("How long a run may take (default 60)"),
        value("vary", "LIST")
            .hide_short_help(true)
            .help("What is varied from run to run: all (default), none, or of cwd,pid,load,cpus,aslr,env,tmpdir,stdin"),
    ]
}

fn golden_runs(help: &'static str) -> Arg {
    value("runs", "N").value_parser(|word: &str| whole::<u32>(word, 1, 100)).help(help)
}

fn fail_on() -> Arg {
    word_of("fail-on", &["error", "warning"], "The least severity that makes a run different")
}

pub(in crate::cli) fn emit() -> Arg {
    value("emit", "KIND:PATH")
        .action(ArgAction::Append)
        .value_parser(value_parser!(std::ffi::OsString))
        .hide_short_help(true)
        .help("Also write the report into a file: json, text, junit, sarif, markdown or github, where there are values bmf or github-action-benchmark")
}

fn check_format() -> Arg {
    value("format", "FORMAT")
        .value_parser(["text", "json", "junit"])
        .hide_possible_values(true)
        .help("text (default), json or junit, on stdout")
}

pub(super) fn golden() -> Command {
    let name = || Arg::new("name").value_name("NAME").required(true).help("Name of the golden");
    let names = || Arg::new("name").value_name("NAME").num_args(0..).help("Names of goldens");
    let behind_dashes = || argv(false).trailing_var_arg(false).last(true).allow_hyphen_values(true);
    let timeless = "Runs are traced with all their tasks; times are never compared.";
    let learning = || {
        [
            switch("single").help("One run is enough: nothing is known of what varies"),
            switch("drop-outliers").help("Replace runs that went another way than the others"),
            switch("accept-outliers").hide_short_help(true).help("Learn from runs that went another way, too"),
            switch("accept-loose").hide_short_help(true).help("Learn although less than 60 % is asserted"),
            value("allow", "CODE[:OBJECT]")
                .action(ArgAction::Append)
                .hide_short_help(true)
                .help("May vary although it is never masked"),
            value("keep-content", "BYTES")
                .value_parser(|word: &str| whole::<u64>(word, 0, 1 << 40))
                .hide_short_help(true)
                .help("Keep outputs of so many bytes beside the golden (default 4096)"),
            switch("no-content").conflicts_with("keep-content").hide_short_help(true).help("Keep no outputs"),
        ]
    };
    let record = |about: &'static str, word: &'static str| {
        Command::new(word)
            .about(about)
            .after_help(timeless)
            .arg(name())
            .arg(argv(true))
            .args(golden_place())
            .args(judged())
            .args(compare_as())
            .args(learning())
    };
    let waiting = |about: &'static str, word: &'static str| {
        Command::new(word)
            .about(about)
            .arg(names())
            .arg(switch("all").help("All that wait"))
            .arg(switch("single").hide_short_help(true).help("Also one that comes from fewer than three runs"))
            .args(golden_place())
    };
    Command::new("golden")
        .about("Accept what a program does, and check that it still does it")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            record("Run a program several times and keep what all runs have in common", "record")
                .arg(golden_runs("How many runs to learn from (default 5, up to 10 where an order may be chance)"))
                .arg(switch("force").help("Replace a golden that exists")),
        )
        .subcommand(
            Command::new("check")
                .about("Run a program and say whether it does the same")
                .after_help(timeless)
                .arg(names())
                .arg(behind_dashes())
                .arg(switch("recorded-command").help("Run the commands that the goldens hold"))
                .arg(path("recording", "FILE").conflicts_with("argv").help("Judge this recording or document instead of a run"))
                .arg(
                    value("confirm", "N")
                        .value_parser(|word: &str| whole::<u32>(word, 0, 2))
                        .help("Runs that must confirm a difference (default 2)"),
                )
                .arg(golden_runs("Runs that a pending golden is learned from (default 5)").hide_short_help(true))
                .arg(fail_on())
                .arg(switch("verbose").short('v').help("Also what is only information"))
                .arg(emit())
                .arg(
                    value("unreferenced", "AS")
                        .num_args(0..=1)
                        .require_equals(true)
                        .value_parser(["report", "reject"])
                        .default_missing_value("report")
                        .hide_short_help(true)
                        .help("Also tell the goldens that no test and no check of the project speaks of; `reject`: they are a failure"),
                )
                .args(golden_place())
                .args(judged())
                .args(compare_as())
                .arg(check_format())
                .arg(inconclusive())
                .args(reading()),
        )
        .subcommand(compared("diff", "Compare two recordings, goldens or documents; nothing is run"))
        .subcommand(
            Command::new("review").about("Walk through the goldens that wait to be accepted").args(golden_place()),
        )
        .subcommand(waiting("Put what waits in the place of the golden", "accept"))
        .subcommand(waiting("Remove what waits", "reject"))
        .subcommand(
            record("Widen a golden by further runs", "more").arg(golden_runs("How many further runs (default 3)")),
        )
        .subcommand(
            Command::new("explain")
                .about("Say what a code means, or why each mask of a golden exists")
                .arg(Arg::new("what").value_name("CODE|NAME").required(true).help("A code, or the name of a golden"))
                .args(golden_place())
                .arg(verdict_format()),
        )
        .subcommand(import())
}

fn import() -> Command {
    Command::new("import")
        .about("Learn a golden from recordings, or from what a document tells of the outcome")
        .after_help("Recordings are made by `chic-trace record --golden`, three or more of one command.")
        .arg(file("Recordings, or one document").num_args(1..))
        .arg(value("name", "NAME").help("Name of the golden (default: that of the first file)"))
        .arg(level())
        .arg(switch("single").help("One recording is enough: nothing is known of what varies"))
        .args(golden_place())
        .arg(switch("accept-loose").help("Even if less than 60 % of the calls are asserted"))
        .arg(switch("force").help("Replace a golden that exists"))
        .args(reading())
}

/// Two things that are there, compared.
pub(super) fn compared(name: &'static str, about: &'static str) -> Command {
    let one = |id: &'static str, name: &'static str, help: &'static str| {
        Arg::new(id).value_name(name).value_parser(value_parser!(PathBuf)).help(help)
    };
    Command::new(name)
        .about(about)
        .after_help("A document tells the outcome only; a fact that one side does not know keeps the verdict from being `same` (exit 4).")
        .arg(one("a", "A", "The accepted one: a recording, a golden or its name, a document, a table").requires("b"))
        .arg(one("b", "B", "The one that is held against it"))
        .args(compare_as())
        .arg(switch("as-recorded").help("Of documents, compare only what both sides know"))
        .arg(clusters("Also tell how calls changed by the groups in this file; no part of the verdict"))
        .arg(fail_on())
        .arg(switch("verbose").short('v').help("Also what is only information"))
        .arg(check_format())
        .arg(emit())
        .arg(inconclusive())
        .args(golden_place())
        .args(reading())
}
