//! Flags of strace that change how a session is led or which of its calls are shown, beside those in `flags`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, value_parser};

use super::parts::{path, switch, value, whole};

/// Words of `-I` in the order of their numbers.
const INTERRUPTIBLE: [&str; 4] = ["anywhere", "waiting", "never", "never_tstp"];

/// `-I`: its number, also for the word.
fn interruptible(word: &str) -> Result<u8, String> {
    if let Some(place) = INTERRUPTIBLE.iter().position(|known| *known == word) {
        return Ok(place as u8 + 1);
    }
    match syscalls::nearest(word, INTERRUPTIBLE).filter(|_| word.parse::<i128>().is_err()) {
        Some(near) => Err(format!("the nearest is {near}")),
        None => whole(word, 1, 4),
    }
}

/// Flags of the program to be started.
pub fn target(heading: &'static str) -> Vec<Arg> {
    vec![
        value("argv0", "NAME")
            .value_parser(value_parser!(OsString))
            .hide_short_help(true)
            .help_heading(heading)
            .help("Give the program this name as its argument 0"),
        Arg::new("D").short('D').action(ArgAction::Count).hide_short_help(true).help_heading(heading).help(
            "The tracer runs as a grandchild, the program stays the caller's child; -DD in its own process group, \
             -DDD in its own session",
        ),
        value("daemonize", "HOW")
            .visible_aliases(["daemonise", "daemonized", "daemonised"])
            .num_args(0..=1)
            .require_equals(true)
            .value_parser(["grandchild", "pgroup", "pgrp", "session"])
            .hide_possible_values(true)
            .default_missing_value("grandchild")
            .conflicts_with("D")
            .hide_short_help(true)
            .help_heading(heading)
            .help("As -D (grandchild), -DD (pgroup), -DDD (session)"),
        value("interruptible", "N")
            .short('I')
            .value_parser(interruptible)
            .hide_short_help(true)
            .help_heading(heading)
            .help("What signals do to the tracer: 1 anywhere, 2 waiting, 3 never, 4 never_tstp")
            .long_help(
                "What signals do to the tracer. 1 (anywhere): what they do to any program. 2 (waiting): SIGINT, \
                 SIGQUIT, SIGTERM and SIGHUP are sent to the program, which is let go, and end the trace. 3 (never): \
                 they do nothing. 4 (never_tstp): nor does SIGTSTP. Without -I, Ctrl-C and Ctrl-Z are the program's, \
                 SIGTERM and SIGHUP are passed on to it, and the trace goes on to its end",
            ),
    ]
}

/// Flags of a run that is shown at once: it may be let go, and says things at its end.
pub fn shown(heading: &'static str) -> Vec<Arg> {
    vec![
        value("detach-on", "CALL")
            .short('b')
            .hide_short_help(true)
            .help_heading(heading)
            .help("Let a task go when it calls execve, the only call that is possible here"),
        switch("seccomp-bpf")
            .hide_short_help(true)
            .help_heading(heading)
            .help("Let the kernel pick the calls of -e trace= with -f, which is always done where it can be"),
        value("syscall-limit", "N")
            .value_parser(|word: &str| whole::<u64>(word, 1, u64::MAX))
            .hide_short_help(true)
            .help_heading(heading)
            .help("Let everybody go after so many calls; the program goes on"),
        switch("debug").short('d').hide_short_help(true).help_heading(heading).help(
            "Say on standard error how the session is led: what was asked of the kernel, which tasks come and go",
        ),
        value("tips", "TIP")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("random")
            .hide_short_help(true)
            .help_heading(heading)
            .help("Say a tip at the end: [id:]N or random, and [format:] none, compact, full"),
    ]
}

/// Injections: how calls are tampered with.
pub fn injections(heading: &'static str) -> Vec<Arg> {
    let one = |id, name| value(id, name).action(ArgAction::Append).hide_short_help(true).help_heading(heading);
    vec![
        one("inject", "SET:WHAT").help("As -e inject=SET:WHAT"),
        one("fault", "SET[:error=ERRNO][:when=WHEN]").help("As -e fault=SET: calls that fail, with ENOSYS"),
    ]
}

/// Files and descriptors that calls touch.
pub fn accesses(heading: &'static str) -> Vec<Arg> {
    vec![
        path("trace-path", "PATH")
            .short('P')
            .action(ArgAction::Append)
            .hide_short_help(true)
            .help_heading(heading)
            .help("Only calls that name this file or use a descriptor of it; may be repeated"),
        value("trace-fds", "SET")
            .visible_alias("trace-fd")
            .hide_short_help(true)
            .help_heading(heading)
            .help("As -e fd=SET: only calls that use these descriptors"),
    ]
}

/// The `-c` table.
pub fn table(heading: &'static str) -> Vec<Arg> {
    vec![
        value("summary-sort-by", "KEY")
            .short('S')
            .hide_short_help(true)
            .help_heading(heading)
            .help("Order of the table: time, calls, errors, name, min-time, max-time, avg-time, nothing; p50, p95, p99, bytes, cpu-time"),
        value("summary-columns", "LIST").short('U').hide_short_help(true).help_heading(heading).help(
            "Columns of the table: time-percent, total-time, min-time, max-time, avg-time, calls, errors, name; p50, \
             p95, p99, bytes, cpu-time (in the kernel)",
        ),
        value("summary-syscall-overhead", "TIME")
            .short('O')
            .allow_hyphen_values(true)
            .hide_short_help(true)
            .help_heading(heading)
            .help("Take this off the time of each call in the table: a number with s, ms, us (default), ns"),
    ]
}

/// Where it goes.
pub fn destination(heading: &'static str) -> Arg {
    switch("output-append-mode")
        .short('A')
        .hide_short_help(true)
        .help_heading(heading)
        .help("Write behind what the file of -o holds")
}
