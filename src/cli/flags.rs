//! The flags, as data for clap: help, completions and the man page come from here too.

mod judging;

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};

use super::parts::{path, switch, value};
use super::{help, profile, strace};
pub(in crate::cli) use judging::emit;
use judging::{compared, golden, inconclusive, verdict_format};

const TARGET: &str = "What to trace";
const CALLS: &str = "Which calls";
const LOOK: &str = "How it looks";
const WHERE: &str = "Where it goes";
const SESSION: &str = "The session";
const READ: &str = "Documents of others";
const GENERAL: &str = "General";

/// Largest string limit, 16 MiB.
pub const MAX_STRING: u64 = 16 << 20;

fn count(id: &'static str, short: char) -> Arg {
    Arg::new(id).short(short).action(ArgAction::Count)
}

/// A whole number between two others, both taken. A refusal names the nearest that would do.
pub(super) fn whole<T: TryFrom<u64>>(word: &str, from: u64, to: u64) -> Result<T, String> {
    let nearest = match word.parse::<i128>() {
        Ok(number) => number.clamp(from.into(), to.into()),
        Err(_) => return Err(format!("it is no whole number; from {from} to {to} are possible")),
    };
    match (u64::try_from(nearest), word.parse::<i128>()) {
        (Ok(value), Ok(asked)) if asked == nearest => {
            T::try_from(value).map_err(|_| format!("it is above what is possible, {to}"))
        }
        _ => Err(format!("from {from} to {to} are possible, the nearest is {nearest}")),
    }
}

/// A time in seconds.
fn seconds(word: &str) -> Result<f64, String> {
    word.parse().map_err(|_| "it is no number of seconds, such as 0.5".to_owned())
}

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

/// Flags that say which process is traced.
fn target() -> Vec<Arg> {
    let more = strace::target(TARGET);
    let flags = vec![
        switch("follow-forks")
            .short('f')
            .action(ArgAction::Count)
            .help_heading(TARGET)
            .help("Follow children and threads; -ff writes one file per task"),
        value("attach", "PID")
            .short('p')
            .visible_alias("pid")
            .action(ArgAction::Append)
            .value_delimiter(',')
            .allow_hyphen_values(true)
            .value_parser(|word: &str| whole::<u32>(word, 1, u32::MAX.into()))
            .help_heading(TARGET)
            .help("Trace a running process, with -f all its threads"),
        value("env", "VAR[=VALUE]")
            .short('E')
            .action(ArgAction::Append)
            .hide_short_help(true)
            .help_heading(TARGET)
            .help("Set a variable for the program, or remove it"),
        value("user", "NAME")
            .short('u')
            .hide_short_help(true)
            .help_heading(TARGET)
            .help("Run the program as this user"),
    ];
    [flags, more].concat()
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

/// `-k`, `-kk`.
fn stacks(help: &'static str) -> Arg {
    count("k", 'k').hide_short_help(true).help_heading(LOOK).help(help)
}

/// The same in words.
fn stack_trace() -> Arg {
    value("stack-trace", "WORD")
        .alias("stack-traces")
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("symbol")
        .value_parser(["symbol", "source"])
        .hide_possible_values(true)
        .hide_short_help(true)
        .help_heading(LOOK)
        .help("symbol (as -k) or source (as -kk)")
}

pub(in crate::cli) fn clusters(help: &'static str) -> Arg {
    path("clusters", "FILE").hide_short_help(true).help(help)
}

/// Flags that say how a run is shown.
fn look() -> Vec<Arg> {
    vec![
        value("format", "FORMAT")
            .value_parser(["text", "json", "jsonl", "csv", "html", "summary"])
            .hide_possible_values(true)
            .help_heading(LOOK)
            .help("text (default), json, jsonl, csv, html, summary"),
        switch("compact").help_heading(LOOK).help("With json: only the keys that renacer has"),
        switch("lamport")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("With json, jsonl: a clock that orders calls and events of all tasks"),
        count("t", 't').help_heading(LOOK).help("Time of day; -tt with microseconds, -ttt since 1970"),
        value("absolute-timestamps", "FORMAT")
            .alias("timestamps")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("time")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("As -t; none, time or unix, and a precision: s, ms, us, ns"),
        Arg::new("r").short('r').action(ArgAction::SetTrue).help_heading(LOOK).help("Time since the line before"),
        value("relative-timestamps", "PRECISION")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("us")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("As -r; s, ms, us, ns"),
        Arg::new("T")
            .short('T')
            .long("timing")
            .action(ArgAction::SetTrue)
            .help_heading(LOOK)
            .help("Time spent in each call"),
        value("syscall-times", "PRECISION")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("us")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("As -T; s, ms, us, ns"),
        value("string-limit", "N")
            .short('s')
            .allow_hyphen_values(true)
            .value_parser(|word: &str| whole::<u64>(word, 0, MAX_STRING))
            .help_heading(LOOK)
            .help("Show N bytes of data (default 32)"),
        switch("no-abbrev").short('v').help_heading(LOOK).help("Structures, arrays and environments whole"),
        count("y", 'y').help_heading(LOOK).help("Paths behind descriptors; -yy sockets and devices too"),
        value("decode-fds", "SET")
            .alias("decode-fd")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("path")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("Kinds of descriptors that are told: path (as -y), socket, dev, pidfd, all (as -yy), none"),
        value("raw", "SET").hide_short_help(true).help_heading(LOOK).help("As -e raw=SET: words as they are"),
        value("verbose", "SET").hide_short_help(true).help_heading(LOOK).help("As -e verbose=SET: structures decoded"),
        value("abbrev", "SET").hide_short_help(true).help_heading(LOOK).help("As -e abbrev=SET: structures shortened"),
        value("read", "FDS")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("As -e read=FDS: data that was read, in hex"),
        value("write", "FDS").hide_short_help(true).help_heading(LOOK).help("As -e write=FDS: data that was written"),
        value("const-print-style", "STYLE")
            .short('X')
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("Constants as numbers (raw), names (abbrev) or both (verbose)"),
        switch("arg-names").short('N').hide_short_help(true).help_heading(LOOK).help("The name of each argument"),
        Arg::new("Y")
            .short('Y')
            .action(ArgAction::SetTrue)
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("The name of a task behind its number"),
        value("decode-pids", "SET").hide_short_help(true).help_heading(LOOK).help("comm (as -Y)"),
        count("x", 'x').hide_short_help(true).help_heading(LOOK).help("Strings that are not ASCII in hex; -xx all"),
        value("columns", "N")
            .short('a')
            .allow_hyphen_values(true)
            .value_parser(|word: &str| whole::<u16>(word, 0, u16::MAX.into()))
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("Column of the results (default 40)"),
        count("q", 'q').hide_short_help(true).help_heading(LOOK).help("Fewer notes; -qq no ends of tasks, -qqq none"),
        value("strings-in-hex", "WHICH")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("all")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("none, non-ascii-chars (escapes in hex), non-ascii (as -x), all (as -xx)"),
        value("quiet", "SET")
            .aliases(["silent", "silence"])
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("attach,personality")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("As -e quiet=SET"),
        switch("syscall-number").short('n').hide_short_help(true).help_heading(LOOK).help("The number of each call"),
        switch("instruction-pointer")
            .short('i')
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("The address behind each call"),
        stacks("Where each call was made: the stack below it; -kk with lines of source"),
        stack_trace(),
        switch("source")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("File and line of each call in front of it; -s without a number"),
        switch("function-time")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("A table of the time of calls by function on standard error, with -T --source"),
        path("transpiler-map", "FILE")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("With --source: lines of generated code as those of what it was translated from"),
        switch("show-transpiler-context")
            .requires("transpiler-map")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("And what stands there"),
        switch("always-show-pid").hide_short_help(true).help_heading(LOOK).help("The task in front of every line"),
        switch("summary-only").short('c').help_heading(LOOK).help("A table of calls, errors and time"),
        Arg::new("C")
            .short('C')
            .long("summary")
            .action(ArgAction::SetTrue)
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("The lines and then the table"),
        switch("summary-wall-clock")
            .short('w')
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("Wall time in the table, which it always is"),
        switch("stats-extended")
            .hide_short_help(true)
            .help_heading(LOOK)
            .help("With -c: mean, deviation, extremes and percentiles of the times, ns"),
        clusters("With -c: a second table of calls by the groups in this file").help_heading(LOOK),
    ]
    .into_iter()
    .chain(strace::table(LOOK))
    .collect()
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

/// Flags of a live session.
fn session() -> Vec<Arg> {
    let several = |word: &str| whole::<u64>(word, 1, u64::MAX);
    vec![
        switch("no-follow").hide_short_help(true).help_heading(SESSION).help("Only the program itself"),
        value("counters", "LEVEL")
            .value_parser(["none", "process", "task"])
            .hide_possible_values(true)
            .help_heading(SESSION)
            .help("Times, faults, switches, I/O: none, process, task"),
        value("interval", "MS")
            .value_parser(several)
            .hide_short_help(true)
            .help_heading(SESSION)
            .help("Read the counters of running tasks this often"),
        value("placement", "HOW")
            .value_parser(["auto", "off"])
            .hide_possible_values(true)
            .hide_short_help(true)
            .help_heading(SESSION)
            .help("Share a core with the program while that pays (auto), or never"),
        value("left", "WHAT")
            .value_parser(["leave", "wait", "kill"])
            .hide_possible_values(true)
            .hide_short_help(true)
            .help_heading(SESSION)
            .help("Processes that outlive the program: leave them running, wait, kill"),
        value("grace", "SECONDS")
            .value_parser(seconds)
            .hide_short_help(true)
            .help_heading(SESSION)
            .help("How long they may before that (default 0.5)"),
        switch("kill-on-exit")
            .hide_short_help(true)
            .help_heading(SESSION)
            .help("Kill the program when the tracer dies"),
        value("max-events", "N")
            .value_parser(several)
            .hide_short_help(true)
            .help_heading(SESSION)
            .help("Stop recording after so many events; the program goes on"),
        value("max-bytes", "N")
            .value_parser(several)
            .hide_short_help(true)
            .help_heading(SESSION)
            .help("Stop recording after so many bytes of events"),
        value("content-max", "N")
            .value_parser(several)
            .hide_short_help(true)
            .help_heading(SESSION)
            .help("Bytes of content that --golden keeps (default 64 MiB)"),
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

fn own_cost() -> Arg {
    switch("profile-self")
        .hide_short_help(true)
        .help_heading(SESSION)
        .help("What tracing cost, on standard error: events, stops, time of the tracer")
}

fn keep() -> Arg {
    path("keep", "FILE.ctrace").help_heading(WHERE).help("Also store the recording of this run")
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
