//! How a run is shown.

use clap::{Arg, ArgAction};

use super::{LOOK, MAX_STRING};
use crate::cli::parts::{count, path, switch, value, whole};
use crate::cli::strace;

/// `-k`, `-kk`.
pub(super) fn stacks(help: &'static str) -> Arg {
    count("k", 'k').hide_short_help(true).help_heading(LOOK).help(help)
}

/// The same in words.
pub(super) fn stack_trace() -> Arg {
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

/// Frames that are taken of a stack, at most.
const MOST_FRAMES: u64 = 256;

/// How many of them are shown.
fn stack_frames() -> Arg {
    value("stack-trace-frame-limit", "N")
        .value_parser(|word: &str| whole::<u16>(word, 1, MOST_FRAMES))
        .hide_short_help(true)
        .help_heading(LOOK)
        .help("With -k: the N innermost frames (default 256, which is all)")
}

pub(super) fn clusters(help: &'static str) -> Arg {
    path("clusters", "FILE").hide_short_help(true).help(help)
}

/// Flags that say how a run is shown.
pub(super) fn look() -> Vec<Arg> {
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
            .help("Kinds of descriptors that are told: path (as -y), socket, dev, pidfd, eventfd, signalfd, all (as -yy), none"),
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
        stack_frames(),
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
