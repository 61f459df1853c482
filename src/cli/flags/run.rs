//! What is run, and how it is led.

use clap::{Arg, ArgAction};

use super::{SESSION, TARGET, WHERE};
use crate::cli::parts::{path, seconds, switch, value, whole};
use crate::cli::strace;

/// Numbers of processes with commas or blanks between, as pidof(1) and pgrep(1) print them.
fn pids(words: &str) -> Result<Vec<u32>, String> {
    let blank = |c: char| matches!(c, ',' | ' ' | '\t' | '\n');
    let several = words.contains(blank);
    let pid = |word: &str| {
        whole(word, 1, u32::MAX.into()).map_err(|why| if several { format!("{word:?}: {why}") } else { why })
    };
    let pids: Vec<u32> = words.split(blank).filter(|word| !word.is_empty()).map(pid).collect::<Result<_, _>>()?;
    if pids.is_empty() { pid(words).map(|pid| vec![pid]) } else { Ok(pids) }
}

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
            .allow_hyphen_values(true)
            .value_parser(pids)
            .help_heading(TARGET)
            .help("Trace a running process, with -f all its threads"),
        value("env", "VAR[=VALUE]")
            .short('E')
            .action(ArgAction::Append)
            .hide_short_help(true)
            .help_heading(TARGET)
            .help("Set a variable for the program, or remove it"),
        Arg::new("F").short('F').action(ArgAction::Count).hide(true).help_heading(TARGET),
        value("user", "NAME")
            .short('u')
            .hide_short_help(true)
            .help_heading(TARGET)
            .help("Run the program as this user: NAME, UID, or UID:GID without other groups"),
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
