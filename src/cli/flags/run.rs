//! What is run, and how it is led.

use clap::{Arg, ArgAction};

use super::{SESSION, TARGET, WHERE};
use crate::cli::parts::{path, seconds, switch, value, whole};
use crate::cli::strace;

/// Flags that say which process is traced.
pub(super) fn target() -> Vec<Arg> {
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

/// Flags of a live session.
pub(super) fn session() -> Vec<Arg> {
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

pub(super) fn own_cost() -> Arg {
    switch("profile-self")
        .hide_short_help(true)
        .help_heading(SESSION)
        .help("What tracing cost, on standard error: events, stops, time of the tracer")
}

pub(super) fn keep() -> Arg {
    path("keep", "FILE.ctrace").help_heading(WHERE).help("Also store the recording of this run")
}
