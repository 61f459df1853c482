//! The flags, as data for clap: help, completions and the man page come from here too.

mod judging;
mod look;
mod run;

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};

use super::parts::{count, path, switch, value, whole};
use super::{help, profile, strace};
pub(in crate::cli) use judging::emit;
use judging::{compared, golden, inconclusive, verdict_format};
use look::{clusters, look, stack_trace, stacks};
use run::{keep, own_cost, session, target};

const TARGET: &str = "What to trace";
const CALLS: &str = "Which calls";
const LOOK: &str = "How it looks";
const WHERE: &str = "Where it goes";
const SESSION: &str = "The session";
const READ: &str = "Documents of others";
const GENERAL: &str = "General";

/// Largest string limit, 16 MiB.
pub const MAX_STRING: u64 = 16 << 20;

/// Flags that every command takes.
fn general() -> Vec<Arg> {
    vec![
        value("color", "WHEN")
            .value_parser(["auto", "always", "never"])
            .hide_possible_values(true)
            .global(true)
            .help_heading(GENERAL)
            .help("Colour: auto, always, never; NO_COLOR and CLICOLOR are heeded"),
        path("config", "FILE")
            .global(true)
            .conflicts_with("no-config")
            .help_heading(GENERAL)
            .help("Read this renacer.toml instead of the nearest"),
        switch("no-config").global(true).hide_short_help(true).help_heading(GENERAL).help("Read no renacer.toml"),
    ]
}

/// Flags that choose among the calls.
fn calls() -> Vec<Arg> {
    vec![
        value("expr", "EXPR")
            .short('e')
            .action(ArgAction::Append)
            .help_heading(CALLS)
            .help("trace=SET, signal=SET, status=SET; SET alone is trace=SET")
            .long_help(help::EXPR),
        value("trace", "SET").hide_short_help(true).help_heading(CALLS).help("As -e trace=SET"),
        value("signal", "SET").alias("signals").hide_short_help(true).help_heading(CALLS).help("As -e signal=SET"),
        value("status", "SET").hide_short_help(true).help_heading(CALLS).help("As -e status=SET"),
        switch("successful-only").short('z').help_heading(CALLS).help("Only calls that succeeded"),
        switch("failed-only").short('Z').alias("failing-only").help_heading(CALLS).help("Only calls that failed"),
    ]
}

/// Flags that say where it is written.
fn destination() -> Vec<Arg> {
    vec![
        path("output", "FILE")
            .short('o')
            .help_heading(WHERE)
            .help("Write to a file, to stdout (-) or into a command ('|CMD')"),
        switch("output-separately")
            .hide_short_help(true)
            .help_heading(WHERE)
            .help("One file per task: FILE.TID, as -ff does"),
        strace::destination(WHERE),
    ]
}

fn argv(required: bool) -> Arg {
    Arg::new("argv")
        .value_name("PROG [ARGS]...")
        .num_args(1..)
        .required(required)
        .trailing_var_arg(true)
        .value_parser(value_parser!(std::ffi::OsString))
        .help("The program and its arguments; nothing behind the first word is read as a flag of ours")
}

fn file(help: &'static str) -> Arg {
    Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help(help)
}

/// Flags that say how a document is read that is given in place of a recording.
fn reading() -> Vec<Arg> {
    vec![
        switch("partial").help_heading(READ).help("Read the whole calls of a document that is cut off"),
        value("document", "N")
            .value_parser(|word: &str| whole::<u32>(word, 1, u32::MAX.into()))
            .help_heading(READ)
            .help("Which of several documents in one file"),
        value("input-max", "BYTES")
            .value_parser(|word: &str| whole::<u64>(word, 1, u64::MAX))
            .hide_short_help(true)
            .help_heading(READ)
            .help("Largest document that is read (default 256 MiB)"),
    ]
}

/// The whole command line.
pub fn command() -> Command {
    let of_strace = [strace::injections(CALLS), strace::accesses(CALLS), strace::shown(SESSION)].concat();
    let keeping = vec![own_cost(), keep()];
    let bare = [target(), calls(), look(), destination(), session(), keeping, profile::flags(true), of_strace].concat();
    let only = |flags: Vec<Arg>, ids: &'static [&'static str]| {
        flags.into_iter().filter(|flag| ids.contains(&flag.get_id().as_str()))
    };
    Command::new("chic-trace")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .max_term_width(100)
        .about("Records every system call of a program, and says whether it still does what the accepted run did")
        .override_usage(help::USAGE)
        .after_help(help::SHORT_END)
        .after_long_help(help::LONG_END)
        .args(general())
        .arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help_heading(GENERAL)
                .help("Print the version"),
        )
        .args(bare)
        .subcommand(
            Command::new("record")
                .about("Store one run, all tasks followed")
                .args(target())
                .args(only(calls(), &["expr", "trace"]))
                .args(strace::injections(CALLS))
                .args(session())
                .arg(path("output", "FILE").short('o').help_heading(WHERE).help("The recording (default chic-trace.ctrace)"))
                .arg(
                    value("string-limit", "N")
                        .short('s')
                        .allow_hyphen_values(true)
                        .value_parser(|word: &str| whole::<u64>(word, 0, MAX_STRING))
                        .help_heading(LOOK)
                        .help("Keep N bytes of data (default 256)"),
                )
                .arg(stacks("Keep the stack of each call, for `report -k` and `report --source`"))
                .arg(stack_trace())
                .arg(
                    switch("cpu-time")
                        .hide_short_help(true)
                        .help_heading(LOOK)
                        .help("Keep the CPU time inside each call, for `report -c -U cpu-time`"),
                )
                .arg(count("y", 'y').hide(true))
                .arg(switch("golden").help_heading(SESSION).help("Keep all that a golden needs"))
                .arg(argv(false)),
        )
        .subcommand(
            profile::command()
                .args(only(target(), &["env", "user"]))
                .args(only(session(), &["no-follow", "left", "grace", "kill-on-exit"]))
                .arg(argv(false)),
        )
        .subcommand(
            Command::new("report")
                .about("Show a recording in any form, with the flags of a live run")
                .arg(file("The recording, or a document or -c table of renacer, strace or chic-trace"))
                .arg(switch("follow-forks").short('f').action(ArgAction::Count).help_heading(LOOK).help(
                    "As it would have looked with -f (default: as it was recorded); -ff with -o FILE: one file per task",
                ))
                .args(calls())
                .args(strace::accesses(CALLS))
                .args(look())
                .args(destination())
                .args(reading())
                .arg(switch("follow").help_heading(WHERE).help("Go on while the recording grows, until it ends")),
        )
        .subcommand(compared("compare", "Say what two recordings, goldens, documents or tables show differently"))
        .subcommand(golden())
        .subcommand(
            Command::new("assert")
                .about("Judge the budgets of renacer.toml")
                .arg(value("name", "RUN").help("Name of the run (default: name of the program)"))
                .arg(
                    value("runs", "N")
                        .value_parser(|word: &str| whole::<u32>(word, 1, 1000))
                        .help("Untraced runs for time, after one to warm up, and runs for memory (default 5)"),
                )
                .arg(switch("no-follow").help("Judge only the program itself"))
                .arg(verdict_format())
                .arg(emit())
                .arg(inconclusive())
                .arg(
                    path("recording", "FILE")
                        .conflicts_with("argv")
                        .help("Judge this recording or document instead of a run"),
                )
                .args(reading())
                .arg(argv(false)),
        )
        .subcommand(super::gate::command())
        .subcommand(super::baseline::command())
        .subcommands(super::perf::commands())
        .subcommand(
            Command::new("config")
                .about("Print the settings in force")
                .arg(switch("show-origin").help("And where each is from")),
        )
        .subcommand(
            Command::new("schema")
                .about("Print the JSON Schema of a format")
                .arg(Arg::new("name").value_name("NAME").required(true).help("renacer-json, …")),
        )
        .subcommand(
            Command::new("completions").about("Print completions for a shell").arg(
                Arg::new("shell")
                    .value_name("SHELL")
                    .required(true)
                    .value_parser(value_parser!(clap_complete::Shell)),
            ),
        )
        .subcommand(
            Command::new("man")
                .about("Print the man page, or write all pages into a directory")
                .arg(Arg::new("dir").value_name("DIR").value_parser(value_parser!(PathBuf))),
        )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_holds() {
        super::command().debug_assert();
    }

    #[test]
    fn short_help_is_one_screen_and_long_help_is_whole() {
        let short = super::command().render_help().to_string();
        assert!(short.lines().count() <= 60, "{} lines:\n{short}", short.lines().count());
        let long = super::command().render_long_help().to_string();
        let examples = long.lines().filter(|l| l.trim_start().starts_with("chic-trace ") && !l.contains('[')).count();
        assert!(examples >= 5, "{examples} examples:\n{long}");
        for word in ["125", "126", "127", "--placement", "%file", "standard error"] {
            assert!(long.contains(word), "{word} is not in the long help");
        }
    }
}
