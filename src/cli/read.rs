//! From clap's matches to an [`Ask`](super::ask::Ask): values are checked, none is looked up.

mod given;
mod judging;
mod look;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use report::shown::Outcomes;
use tracer::{Counters, EnvChange, Interruptible, Left, Placement, StepAside};

use super::ask::*;
use super::expr::{self, Expr};
use super::profile;
use crate::message::Problem;
use given::{argv, number, on, path, text, times};
pub use judging::{assert, compare, golden};
use look::{appends, asked_tip, look, out, stack_words};

/// `--color`, `--config`, `--no-config`.
pub fn general(m: &ArgMatches) -> General {
    let config = match (on(m, "no-config"), path(m, "config")) {
        (true, _) => ConfigFile::None,
        (false, Some(file)) => ConfigFile::Named(file),
        (false, None) => ConfigFile::Nearest,
    };
    General { color: text(m, "color").map(String::from), config }
}

/// `--tips` without anything to trace: the tip alone. `argv` is what followed the flags.
pub fn tip_alone(m: &ArgMatches, argv: &[OsString]) -> Result<Option<Tip>, Problem> {
    if argv.is_empty() && attach(m).is_empty() { asked_tip(m) } else { Ok(None) }
}

/// A live run, shown; `argv` is what followed the flags.
pub fn trace(m: &ArgMatches, argv: Vec<OsString>) -> Result<Trace, Problem> {
    let look = look(m)?;
    let out = out(m);
    if out.separately && (look.format == Format::Summary || look.table_too) {
        return Err(Problem::usage("cannot take -ff together with -c or -C: a table is of all tasks")
            .hint("use -f with -c, or -ff without it"));
    }
    if out.separately && look.format.is_document() {
        return Err(Problem::usage("cannot take -ff together with a document: it is one for all tasks")
            .hint("use -f: every call names its task"));
    }
    // -F is what -f was called once.
    let follow = times(m, "follow-forks") + times(m, "F") > 0 && !on(m, "no-follow");
    appends(&out, &look)?;
    let calls = calls(m)?;
    let picks = !calls.paths.is_empty() || calls.descriptors.is_some() || calls.outcomes != Outcomes::ALL;
    if picks && number(m, "syscall-limit").is_some() {
        return Err(Problem::usage(
            "cannot take --syscall-limit together with -P, -e fd= or -e status=: it counts calls of -e trace=",
        ));
    }
    Ok(Trace {
        target: target(m, argv)?,
        calls,
        session: session(m, follow, Counters::Process)?,
        look,
        out,
        keep: path(m, "keep"),
        profile: profile::is_asked(m).then(|| Box::new(profile::how(m))),
        own_cost: on(m, "profile-self"),
    })
}

/// A live run, stored.
pub fn record(m: &ArgMatches) -> Result<Record, Problem> {
    let calls = calls(m)?;
    let mut notes = times(m, "y").min(2);
    for expr in expressions(m)? {
        match expr {
            Expr::Trace(_) | Expr::Inject(_) => {}
            Expr::DecodeFds(asked) => notes = asked.level(),
            _ => {
                return Err(Problem::usage(
                    "cannot take -e fd=, status=, signal=, quiet=, raw= and the like to record: they say what is shown",
                )
                .hint("put them behind chic-trace report FILE"));
            }
        }
    }
    Ok(Record {
        target: target(m, argv(m))?,
        calls,
        session: session(m, !on(m, "no-follow"), Counters::Task)?,
        to: path(m, "output").unwrap_or_else(|| "chic-trace.ctrace".into()),
        strings: number(m, "string-limit"),
        notes,
        golden: on(m, "golden"),
        stacks: stack_words(m) > 0,
        cpu_time: on(m, "cpu-time"),
    })
}

/// A live run, profiled.
pub fn profile(m: &ArgMatches) -> Result<profile::Profile, Problem> {
    if argv(m).is_empty() {
        return Err(
            Problem::usage("cannot profile anything: no program is given").hint("chic-trace profile -- CMD ARGS")
        );
    }
    Ok(profile::Profile {
        target: target(m, argv(m))?,
        session: session(m, !on(m, "no-follow"), Counters::Task)?,
        how: profile::how(m),
        backend: profile::backend(m),
        probes: profile::probes(m),
    })
}

/// A stored run, shown.
pub fn report(m: &ArgMatches) -> Result<Report, Problem> {
    let calls = calls(m)?;
    if let Some(words) = calls.injections.first() {
        return Err(Problem::usage(format!("cannot take {} to report: nothing runs", words.flag())));
    }
    let (look, out) = (look(m)?, out(m));
    appends(&out, &look)?;
    Ok(Report {
        file: path(m, "file").unwrap_or_default(),
        calls,
        look,
        out,
        follow_forks: times(m, "follow-forks") > 0,
        growing: on(m, "follow"),
        reading: reading(m),
    })
}

pub(super) fn emit(m: &ArgMatches) -> Vec<OsString> {
    m.try_get_many::<OsString>("emit").ok().flatten().map(|words| words.cloned().collect()).unwrap_or_default()
}

/// How a document is read that is given in place of a recording.
fn reading(m: &ArgMatches) -> recording::document::Options {
    let usual = recording::document::Options::default();
    recording::document::Options {
        partial: on(m, "partial"),
        number: m.try_get_one::<u32>("document").ok().flatten().copied(),
        largest: number(m, "input-max").unwrap_or(usual.largest),
    }
}

fn attach(m: &ArgMatches) -> Vec<u32> {
    m.try_get_many::<Vec<u32>>("attach").ok().flatten().into_iter().flatten().flatten().copied().collect()
}

fn target(m: &ArgMatches, argv: Vec<OsString>) -> Result<Target, Problem> {
    let attach: Vec<u32> = attach(m);
    if argv.is_empty() && attach.is_empty() {
        return Err(Problem::usage("cannot trace anything: neither a program nor -p PID is given")
            .hint("chic-trace ls /")
            .hint("chic-trace --help shows all flags and five examples"));
    }
    let step_aside = match (times(m, "D"), text(m, "daemonize")) {
        (1, _) | (0, Some("grandchild")) => Some(StepAside::Beside),
        (2, _) | (0, Some("pgroup" | "pgrp")) => Some(StepAside::OwnGroup),
        (3, _) | (0, Some(_)) => Some(StepAside::OwnSession),
        (0, None) => None,
        (_, _) => {
            return Err(Problem::usage("cannot take -D more than three times: -DDD is a session of its own"));
        }
    };
    let argv0 = m.try_get_one::<OsString>("argv0").ok().flatten().cloned();
    let idle = [(step_aside.is_some(), "-D"), (argv0.is_some(), "--argv0")].into_iter().find(|(given, _)| *given);
    if argv.is_empty()
        && let Some((_, flag)) = idle
    {
        return Err(Problem::usage(format!("cannot take {flag} without a program: it says how one is started")));
    }
    let env = m.get_many::<String>("env").into_iter().flatten().map(|change| match change.split_once('=') {
        Some((name, value)) => EnvChange::Set(name.into(), value.into()),
        None => EnvChange::Remove(change.into()),
    });
    Ok(Target { argv, attach, env: env.collect(), user: text(m, "user").map(String::from), argv0, step_aside })
}

/// All `-e` and their long forms in order, the later one of a kind counts.
fn expressions(m: &ArgMatches) -> Result<Vec<Expr>, Problem> {
    let mut given: Vec<(usize, Expr)> = vec![];
    let ids = [
        "expr",
        "trace",
        "signal",
        "status",
        "quiet",
        "decode-fds",
        "decode-pids",
        "trace-fds",
        "inject",
        "fault",
        "raw",
        "verbose",
        "abbrev",
        "read",
        "write",
    ];
    for id in ids {
        // clap takes a question for places of a flag that this command does not have for a mistake.
        let Some(values) = m.try_get_many::<String>(id).ok().flatten() else { continue };
        let Some(places) = m.indices_of(id) else { continue };
        for (text, place) in values.zip(places) {
            given.push((place, if id == "expr" { expr::read(text)? } else { expr::read(&format!("{id}={text}"))? }));
        }
    }
    given.sort_by_key(|(place, _)| *place);
    Ok(given.into_iter().map(|(_, expr)| expr).collect())
}

fn calls(m: &ArgMatches) -> Result<Calls, Problem> {
    let mut calls = Calls::default();
    for expr in expressions(m)? {
        match expr {
            Expr::Trace(set) => calls.trace = Some(set),
            Expr::Signal(set) => calls.signals = Some(set),
            Expr::Status(set) => calls.outcomes = set,
            Expr::Descriptors(numbers) => calls.descriptors = Some(numbers),
            Expr::Inject(words) => calls.injections.push(words),
            _ => {}
        }
    }
    let paths = m.try_get_many::<PathBuf>("trace-path").ok().flatten();
    calls.paths = paths.into_iter().flatten().cloned().collect();
    // Both together, as in strace: the later one would count; nothing sensible is meant, so say so.
    match (on(m, "successful-only"), on(m, "failed-only")) {
        (true, true) => {
            return Err(Problem::usage("cannot take -z together with -Z: no call both succeeds and fails"));
        }
        (true, false) => calls.outcomes = Outcomes::SUCCESSFUL,
        (false, true) => calls.outcomes = Outcomes::FAILED,
        (false, false) => {}
    }
    Ok(calls)
}

fn session(m: &ArgMatches, follow: bool, counters: Counters) -> Result<Session, Problem> {
    let usual = Session::default();
    let grace = match m.get_one::<f64>("grace") {
        None => usual.grace,
        Some(seconds) => Duration::try_from_secs_f64(*seconds).map_err(|why| {
            Problem::usage(format!("cannot take {seconds} for --grace: {why}")).hint("seconds, such as 0.5")
        })?,
    };
    Ok(Session {
        follow,
        counters: match text(m, "counters") {
            None => counters,
            Some("none") => Counters::None,
            Some("task") => Counters::Task,
            Some(_) => Counters::Process,
        },
        interval: number(m, "interval").map(Duration::from_millis),
        detach_on_exec: match text(m, "detach-on") {
            None => false,
            Some("execve") => true,
            Some(call) => {
                return Err(Problem::usage(format!("cannot take -b {call}: only execve lets a task go"))
                    .hint("-b execve lets children go when they become another program"));
            }
        },
        interruptible: interruptible(m),
        placement: if text(m, "placement") == Some("off") { Placement::Off } else { Placement::Auto },
        left: match text(m, "left") {
            Some("wait") => Left::Wait,
            Some("kill") => Left::Kill,
            _ => Left::Leave,
        },
        grace,
        kill_on_exit: on(m, "kill-on-exit"),
        max_events: number(m, "max-events"),
        max_bytes: number(m, "max-bytes"),
        max_calls: number(m, "syscall-limit"),
        content_max: number(m, "content-max").unwrap_or(usual.content_max),
    })
}

fn interruptible(m: &ArgMatches) -> Interruptible {
    match m.try_get_one::<u8>("interruptible").ok().flatten() {
        Some(1) => Interruptible::Anywhere,
        Some(2) => Interruptible::Waiting,
        Some(3) => Interruptible::Never,
        Some(_) => Interruptible::NeverNorStopped,
        None => Interruptible::PassedOn,
    }
}
