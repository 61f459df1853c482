//! `profile`, and the same flags on a plain run: what is written beside what a program does.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::ask::{Session, Target};
use super::parts;

const PROFILE: &str = "Profile";

/// `profile`.
#[derive(Debug)]
pub struct Profile {
    /// What runs.
    pub target: Target,
    /// How the session is led.
    pub session: Session,
    /// How it is profiled.
    pub how: How,
    /// `--backend`.
    pub backend: Option<String>,
    /// What is traced by probes.
    pub probes: Probes,
}

/// What is traced by probes, words as they were given.
#[derive(Debug, Clone, Default)]
pub struct Probes {
    /// `--trace-fn`.
    pub functions: Vec<String>,
    /// `--trace-usdt`.
    pub usdt: Vec<String>,
    /// `--trace-fn-libs`.
    pub libraries: bool,
    /// `--trace-fn-by`.
    pub by: By,
    /// `--list-fns`.
    pub list: bool,
}

/// What sets probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// The kernel where it may, else breakpoints.
    #[default]
    Auto,
    /// The kernel.
    Uprobes,
    /// ptrace.
    Breakpoints,
}

/// How a run is profiled, words as they were given.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// `--profile-out`.
    pub out: Option<PathBuf>,
    /// `--profile-sample-ms`.
    pub sample_ms: Option<String>,
    /// `--profile-sample-hz`.
    pub sample_hz: Option<String>,
    /// `--profile-flamegraph`, `--no-profile-flamegraph`: the later one.
    pub picture: Option<bool>,
    /// `--profile-stacks`.
    pub stacks: Option<String>,
    /// `--profile-kernel`.
    pub kernel: bool,
    /// `--profile-syscalls`.
    pub syscalls: Option<String>,
    /// `--profile-weight`.
    pub weight: Option<String>,
    /// `--profile-roots`.
    pub roots: Option<String>,
    /// `--profile-name`.
    pub name: Option<String>,
    /// `--profile-target`.
    pub target: Option<String>,
    /// `--chic-compat`.
    pub compat: bool,
    /// `--profile-require-samples`.
    pub require_samples: bool,
}

/// Words of the flags that take one, also for what `renacer.toml` says.
pub const STACKS: &[&str] = &["auto", "fp", "dwarf", "none"];
/// Of `--profile-weight`.
pub const WEIGHTS: &[&str] = &["wall", "cpu"];
const SYSCALLS: &[&str] = &["auto", "on", "off"];
const ROOTS: &[&str] = &["auto", "none", "process", "thread", "tid"];
const BY: &[&str] = &["auto", "uprobes", "breakpoints"];
const BACKENDS: &[&str] = &["wasm", "llvm", "native"];

fn value(id: &'static str, name: &'static str, help: &'static str) -> Arg {
    parts::value(id, name).help_heading(PROFILE).help(help)
}

fn word(id: &'static str, words: &'static [&'static str], help: &'static str) -> Arg {
    value(id, "WORD", help).value_parser(words.to_vec()).hide_possible_values(true)
}

fn switch(id: &'static str, help: &'static str) -> Arg {
    parts::switch(id).help_heading(PROFILE).help(help)
}

/// The flags. `bare`: of a plain run, which has no room for them in its short help.
pub fn flags(bare: bool) -> Vec<Arg> {
    let flags = vec![
        value("profile-out", "P", "perf.json, a folder, or a name for all files (default profiling/latest/perf.json)")
            .value_parser(value_parser!(PathBuf)),
        value("profile-sample-ms", "N", "Milliseconds between samples (default 1); 0 takes none")
            .allow_hyphen_values(true)
            .conflicts_with("profile-sample-hz"),
        value("profile-sample-hz", "N", "Samples a second (default 1000); 0 takes none").allow_hyphen_values(true),
        switch("profile-flamegraph", "Draw perf.svg, which is the default").overrides_with("no-profile-flamegraph"),
        switch("no-profile-flamegraph", "Draw no picture").overrides_with("profile-flamegraph"),
        word("profile-stacks", STACKS, "How stacks are followed: auto (default), fp, dwarf, none"),
        switch("profile-kernel", "With what the kernel does for a task; needs kernel.perf_event_paranoid of 1 or less"),
        word("profile-syscalls", SYSCALLS, "Record system calls: auto (default, which is off), on, off"),
        word("profile-weight", WEIGHTS, "What stacks weigh: wall (default), cpu"),
        word("profile-roots", ROOTS, "What stands at their root: auto (default), none, process, thread, tid"),
        value("profile-name", "NAME", "Name of the profile (default: default)"),
        value("profile-target", "TRIPLE", "Name of the target (default: that of this host)"),
        switch("chic-compat", "Write what Chic's own types have, and nothing else"),
        switch("profile-require-samples", "Without samples, do not run the program at all (exit code 125)"),
    ];
    let flags = flags.into_iter().map(|flag| flag.hide_short_help(bare));
    let help = if bare { "Also write perf.json, stacks and a picture of where the time went" } else { "Nothing more" };
    flags.chain([switch("profile", help).hide_short_help(true)]).collect()
}

/// The command, but for what it shares with other commands.
pub fn command() -> Command {
    Command::new("profile")
        .about("Run a program and write where its time went: perf.json, its summary, stacks, a picture")
        .after_help(
            "Files: PERF.json, PERF.summary.json, PERF.folded, PERF.svg; they are written also when the program fails.\n\
             The exit code is the program's; 125 when a file could not be written.",
        )
        .args(flags(false))
        .args(probe_flags())
        .arg(word("backend", BACKENDS, "How the program was built; by its content when not given").hide_short_help(true))
}

fn probe_flags() -> [Arg; 5] {
    let many = |id, name, help| value(id, name, help).action(ArgAction::Append);
    [
        many("trace-fn", "REGEX", "Count calls of functions of the program, by symbol or name; it need not be changed"),
        many(
            "trace-usdt",
            "GLOB",
            "Count spans between probes that the program has itself: PROVIDER:NAME, as python:*",
        ),
        word(
            "trace-fn-by",
            BY,
            "What sets their probes: auto (default: uprobes where they may be set), uprobes, breakpoints",
        ),
        switch("trace-fn-libs", "Both also in the libraries that the program is loaded with"),
        switch("list-fns", "Print the functions that --trace-fn names, whether each can be traced, and run nothing"),
    ]
}

/// What is traced by probes.
pub fn probes(m: &ArgMatches) -> Probes {
    let all = |id: &str| m.get_many::<String>(id).into_iter().flatten().cloned().collect();
    Probes {
        functions: all("trace-fn"),
        usdt: all("trace-usdt"),
        libraries: m.get_flag("trace-fn-libs"),
        by: match m.get_one::<String>("trace-fn-by").map(String::as_str) {
            Some("uprobes") => By::Uprobes,
            Some("breakpoints") => By::Breakpoints,
            _ => By::Auto,
        },
        list: m.get_flag("list-fns"),
    }
}

/// Is any of the flags given?
pub fn is_asked(m: &ArgMatches) -> bool {
    let given = |id: &str| m.value_source(id) == Some(clap::parser::ValueSource::CommandLine);
    flags(true).iter().any(|flag| given(flag.get_id().as_str()))
}

/// What the flags say.
pub fn how(m: &ArgMatches) -> How {
    let text = |id: &str| m.get_one::<String>(id).cloned();
    How {
        out: m.get_one::<PathBuf>("profile-out").cloned(),
        sample_ms: text("profile-sample-ms"),
        sample_hz: text("profile-sample-hz"),
        picture: match (m.get_flag("profile-flamegraph"), m.get_flag("no-profile-flamegraph")) {
            (false, false) => None,
            (_, without) => Some(!without),
        },
        stacks: text("profile-stacks"),
        kernel: m.get_flag("profile-kernel"),
        syscalls: text("profile-syscalls"),
        weight: text("profile-weight"),
        roots: text("profile-roots"),
        name: text("profile-name"),
        target: text("profile-target"),
        compat: m.get_flag("chic-compat"),
        require_samples: m.get_flag("profile-require-samples"),
    }
}

/// `--backend`.
pub fn backend(m: &ArgMatches) -> Option<String> {
    m.get_one::<String>("backend").cloned()
}

/// Is this the name of a program for WASM?
pub fn is_wasm(program: &OsString) -> bool {
    std::path::Path::new(program).extension().is_some_and(|ending| ending == "wasm")
}
