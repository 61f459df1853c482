//! From clap's matches to an [`Ask`](super::ask::Ask): values are checked, none is looked up.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use report::columns::Column;
use report::shown::Outcomes;
use report::summary::SortBy;
use report::text::{Clock, Decoding, HexStrings, Notes, Precision};
use tracer::{Counters, EnvChange, Interruptible, Left, Placement, StepAside};

use super::ask::*;
use super::expr::{self, Expr};
use super::{profile, time};
use crate::message::Problem;

fn text<'a>(m: &'a ArgMatches, id: &str) -> Option<&'a str> {
    m.try_get_one::<String>(id).ok().flatten().map(String::as_str)
}

fn path(m: &ArgMatches, id: &str) -> Option<PathBuf> {
    m.try_get_one::<PathBuf>(id).ok().flatten().cloned()
}

fn on(m: &ArgMatches, id: &str) -> bool {
    m.try_get_one::<bool>(id).ok().flatten().copied().unwrap_or(false)
}

/// How much `-k` asks for: 1 stacks, 2 with lines of source.
fn stack_words(m: &ArgMatches) -> usize {
    let word = m.try_get_one::<String>("stack-trace").ok().flatten();
    let by_word = word.map_or(0, |word| if word == "source" { 2 } else { 1 });
    by_word.max(usize::from(times(m, "k")))
}

fn times(m: &ArgMatches, id: &str) -> u8 {
    m.try_get_one::<u8>(id).ok().flatten().copied().unwrap_or(0)
}

fn number(m: &ArgMatches, id: &str) -> Option<u64> {
    m.try_get_one::<u64>(id).ok().flatten().copied()
}

fn argv(m: &ArgMatches) -> Vec<OsString> {
    m.try_get_many::<OsString>("argv").ok().flatten().map(|words| words.cloned().collect()).unwrap_or_default()
}

/// `--color`, `--config`, `--no-config`.
pub fn general(m: &ArgMatches) -> General {
    let config = match (on(m, "no-config"), path(m, "config")) {
        (true, _) => ConfigFile::None,
        (false, Some(file)) => ConfigFile::Named(file),
        (false, None) => ConfigFile::Nearest,
    };
    General { color: text(m, "color").map(String::from), config }
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
    let follow = times(m, "follow-forks") > 0 && !on(m, "no-follow");
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

/// `golden import`.
fn golden_import(m: &ArgMatches) -> GoldenImport {
    GoldenImport {
        files: m.try_get_many::<PathBuf>("file").ok().flatten().into_iter().flatten().cloned().collect(),
        name: text(m, "name").map(String::from),
        place: golden_place(m),
        level: owned(m, "level"),
        single: on(m, "single"),
        accept_loose: on(m, "accept-loose"),
        force: on(m, "force"),
        reading: reading(m),
    }
}

/// Two files compared.
pub fn compare(m: &ArgMatches) -> Compare {
    Compare {
        files: ["a", "b"].map(|id| path(m, id).unwrap_or_default()),
        place: golden_place(m),
        compare: compare_as(m),
        as_recorded: on(m, "as-recorded"),
        clusters: path(m, "clusters"),
        fail_on: owned(m, "fail-on"),
        verbose: on(m, "verbose"),
        emit: emit(m),
        form: form(m),
        reading: reading(m),
    }
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

/// `golden …`.
pub fn golden(m: &ArgMatches) -> Result<Golden, Problem> {
    let missing = || Problem::usage("cannot read the command line: golden needs a command behind it");
    let (name, m) = m.subcommand().ok_or_else(missing)?;
    Ok(match name {
        "record" => Golden::Record(golden_record(m)),
        "more" => Golden::More(golden_record(m)),
        "check" => Golden::Check(golden_check(m)?),
        "diff" => Golden::Diff(compare(m)),
        "accept" => Golden::Accept(waiting(m)?),
        "reject" => Golden::Reject(waiting(m)?),
        "import" => Golden::Import(golden_import(m)),
        "review" => Golden::Review(golden_place(m)),
        _ => Golden::Explain {
            what: text(m, "what").unwrap_or_default().into(),
            place: golden_place(m),
            json: text(m, "format") == Some("json"),
        },
    })
}

fn golden_place(m: &ArgMatches) -> GoldenPlace {
    GoldenPlace { dir: path(m, "dir"), most: number(m, "golden-max") }
}

fn owned(m: &ArgMatches, id: &str) -> Option<String> {
    text(m, id).map(String::from)
}

fn all_text(m: &ArgMatches, id: &str) -> Vec<String> {
    m.try_get_many::<String>(id).ok().flatten().map(|words| words.cloned().collect()).unwrap_or_default()
}

fn small(m: &ArgMatches, id: &str) -> Option<u32> {
    m.try_get_one::<u32>(id).ok().flatten().copied()
}

fn compare_as(m: &ArgMatches) -> CompareAs {
    CompareAs {
        level: owned(m, "level"),
        root: owned(m, "root"),
        processes: owned(m, "processes"),
        stderr: owned(m, "stderr"),
        interleave: owned(m, "interleave"),
        inputs: owned(m, "inputs"),
    }
}

fn judged(m: &ArgMatches) -> Judged {
    let env = m.try_get_many::<OsString>("env").ok().flatten();
    Judged {
        argv: argv(m),
        fixture: path(m, "fixture"),
        env: env.map(|words| words.cloned().collect()).unwrap_or_default(),
        redact: all_text(m, "redact"),
        env_all: on(m, "env-all"),
        stdin: path(m, "stdin"),
        subst: all_text(m, "subst"),
        timeout: m.try_get_one::<f64>("timeout").ok().flatten().copied(),
        vary: owned(m, "vary"),
    }
}

fn golden_record(m: &ArgMatches) -> GoldenRecord {
    GoldenRecord {
        name: text(m, "name").unwrap_or_default().into(),
        place: golden_place(m),
        judged: judged(m),
        compare: compare_as(m),
        runs: small(m, "runs"),
        single: on(m, "single"),
        drop_outliers: on(m, "drop-outliers"),
        accept_outliers: on(m, "accept-outliers"),
        accept_loose: on(m, "accept-loose"),
        allow: all_text(m, "allow"),
        keep_content: if on(m, "no-content") { Some(0) } else { number(m, "keep-content") },
        force: on(m, "force"),
    }
}

fn golden_check(m: &ArgMatches) -> Result<GoldenCheck, Problem> {
    let check = GoldenCheck {
        names: all_text(m, "name"),
        place: golden_place(m),
        judged: judged(m),
        compare: compare_as(m),
        recorded_command: on(m, "recorded-command"),
        recording: path(m, "recording"),
        reading: reading(m),
        unreferenced: text(m, "unreferenced").map(|word| match word {
            "reject" => Unreferenced::Reject,
            _ => Unreferenced::Report,
        }),
        confirm: small(m, "confirm"),
        fail_on: owned(m, "fail-on"),
        runs: small(m, "runs"),
        verbose: on(m, "verbose"),
        emit: emit(m),
        form: form(m),
    };
    // Without a name and a command it is the only question.
    let only_references = check.unreferenced.is_some() && check.names.is_empty() && check.judged.argv.is_empty();
    if check.recorded_command || only_references {
        return Ok(check);
    }
    let [name] = check.names.as_slice() else {
        return Err(Problem::usage("cannot check several goldens with one command")
            .hint("chic-trace golden check NAME -- CMD ARGS")
            .hint("--recorded-command runs the commands that the goldens hold"));
    };
    if check.judged.argv.is_empty() && check.recording.is_none() {
        return Err(Problem::usage(format!("cannot check {name}: neither a command nor a recording is given"))
            .hint(format!("chic-trace golden check {name} -- CMD ARGS"))
            .hint(format!("chic-trace golden check {name} --recorded-command runs the command that it holds")));
    }
    Ok(check)
}

fn waiting(m: &ArgMatches) -> Result<Waiting, Problem> {
    let waiting =
        Waiting { names: all_text(m, "name"), all: on(m, "all"), single: on(m, "single"), place: golden_place(m) };
    match (waiting.names.is_empty(), waiting.all) {
        (true, false) => Err(Problem::usage("cannot go on: neither names nor --all is given")
            .hint("chic-trace golden review shows what waits")),
        (false, true) => Err(Problem::usage("cannot take names together with --all: one of them has to go")),
        _ => Ok(waiting),
    }
}

/// `assert`.
pub fn assert(m: &ArgMatches) -> Result<Assert, Problem> {
    let (argv, recording) = (argv(m), path(m, "recording"));
    if argv.is_empty() && recording.is_none() {
        return Err(Problem::usage("cannot judge anything: neither a command nor a recording is given")
            .hint("chic-trace assert -- CMD ARGS"));
    }
    Ok(Assert {
        argv,
        name: text(m, "name").map(String::from),
        runs: m.get_one::<u32>("runs").copied(),
        follow: !on(m, "no-follow"),
        recording,
        reading: reading(m),
        emit: emit(m),
        form: form(m),
    })
}

fn form(m: &ArgMatches) -> VerdictForm {
    VerdictForm {
        json: text(m, "format") == Some("json"),
        junit: text(m, "format") == Some("junit"),
        inconclusive: match text(m, "inconclusive") {
            Some("pass") => Inconclusive::Pass,
            Some("fail") => Inconclusive::Fail,
            _ => Inconclusive::Code,
        },
    }
}

fn target(m: &ArgMatches, argv: Vec<OsString>) -> Result<Target, Problem> {
    let attach: Vec<u32> =
        m.try_get_many::<u32>("attach").ok().flatten().map(|pids| pids.copied().collect()).unwrap_or_default();
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

/// `[id:]ID` and `[format:]FORMAT`, with commas between.
fn tip(words: &str) -> Result<Option<Tip>, Problem> {
    let mut tip = Some(Tip::default());
    for word in words.split(',') {
        match word.trim_start_matches("id:").trim_start_matches("format:") {
            "none" => tip = None,
            "compact" => tip = Some(Tip { full: false, ..tip.unwrap_or_default() }),
            "full" => tip = Some(Tip { full: true, ..tip.unwrap_or_default() }),
            "random" => tip = Some(Tip { id: None, ..tip.unwrap_or_default() }),
            other => match other.parse() {
                Ok(id) => tip = Some(Tip { id: Some(id), ..tip.unwrap_or_default() }),
                Err(_) => {
                    return Err(Problem::usage(format!("cannot take {other:?} for --tips: there is no such word"))
                        .hint("a number or random, and none, compact or full"));
                }
            },
        }
    }
    Ok(tip)
}

/// `-U`: names are put at the end where they are not among the columns.
fn columns(list: &str) -> Result<Vec<Column>, Problem> {
    let mut columns = vec![];
    for word in list.split(',') {
        let Some(column) = Column::by_key(word) else {
            let problem = Problem::usage(format!("cannot show a column {word:?}: there is none"));
            let keys = Column::KEYS.map(|(key, _)| key);
            return Err(match syscalls::nearest(word, keys) {
                Some(near) => problem.hint(format!("the nearest is {near}")),
                None => problem.hint(format!("known are {}", keys.join(", "))),
            });
        };
        if columns.contains(&column) {
            return Err(Problem::usage(format!("cannot show the column {word} twice")));
        }
        columns.push(column);
    }
    if !columns.contains(&Column::Name) {
        columns.push(Column::Name);
    }
    Ok(columns)
}

fn look(m: &ArgMatches) -> Result<Look, Problem> {
    let (table, lines_too) = (on(m, "summary-only"), on(m, "C"));
    let timing = on(m, "T");
    let mut look = Look {
        spread: on(m, "stats-extended"),
        clusters: path(m, "clusters"),
        compact: on(m, "compact"),
        lamport: on(m, "lamport"),
        time: clock(m)?,
        relative: precision_of(m, "relative-timestamps", on(m, "r"))?,
        duration: precision_of(m, "syscall-times", timing)?,
        strings: number(m, "string-limit"),
        verbose: on(m, "no-abbrev"),
        notes: [Notes::NONE, Notes::PATHS, Notes::ALL][usize::from(times(m, "y").min(2))],
        debug: on(m, "debug"),
        tip: text(m, "tips").map(tip).transpose()?.flatten(),
        columns: text(m, "summary-columns").map(columns).transpose()?.unwrap_or_default(),
        hex: match times(m, "x") {
            0 => HexStrings::Never,
            1 => HexStrings::NonAscii,
            _ => HexStrings::All,
        },
        decoding: Decoding { argument_names: on(m, "arg-names"), task_names: on(m, "Y"), ..Decoding::default() },
        column: m.get_one::<u16>("columns").copied(),
        quiet: quiet_level(times(m, "q")),
        number: on(m, "syscall-number"),
        pointer: on(m, "instruction-pointer"),
        always_pid: on(m, "always-show-pid"),
        stack: stack_words(m) > 0,
        stack_lines: stack_words(m) > 1,
        source: on(m, "source") || on(m, "function-time") || path(m, "transpiler-map").is_some(),
        function_time: on(m, "function-time"),
        transpiler_map: path(m, "transpiler-map"),
        transpiler_context: on(m, "show-transpiler-context"),
        ..Look::default()
    };
    if look.function_time && look.duration.is_none() {
        look.duration = Some(Precision::default());
    }
    if let Some(word) = text(m, "strings-in-hex") {
        look.hex = expr::strings_in_hex(word)?;
    }
    if let Some(word) = text(m, "const-print-style") {
        look.decoding.constants = expr::constants(word)?;
    }
    for expr in expressions(m)? {
        match expr {
            Expr::Quiet(set) => look.quiet = set,
            Expr::DecodeFds(notes) => look.notes = notes,
            Expr::DecodePids(names) => look.decoding.task_names = names,
            Expr::Raw(set) => look.decoding.calls.raw = Some(set),
            Expr::Structures(set) => look.decoding.calls.structures = Some(set),
            Expr::Short(set) => look.decoding.calls.short = Some(set),
            Expr::Read(set) => look.decoding.read_dumps = set,
            Expr::Write(set) => look.decoding.write_dumps = set,
            _ => {}
        }
    }
    if let Some(key) = text(m, "summary-sort-by") {
        look.sort = SortBy::by_key(key).ok_or_else(|| {
            Problem::usage(format!("cannot sort by {key:?}: there is no such column"))
                .hint("time, calls, errors, name, min-time, max-time, avg-time, nothing; p50, p95, p99, bytes")
        })?;
    }
    if let Some(overhead) = text(m, "summary-syscall-overhead") {
        look.overhead = time::read(overhead).ok_or_else(|| {
            Problem::usage(format!("cannot take {overhead:?} for -O: it is no time")).hint(time::FORMS)
        })?;
    }
    // `--summary --timing` stands in every capture script of renacer, where it means the table.
    let renacers_table = lines_too && timing && long_given("--summary") && long_given("--timing");
    (look.format, look.table_too) = form_of(text(m, "format"), table || renacers_table, lines_too);
    if look.compact && look.format != Format::Json {
        return Err(Problem::usage("cannot take --compact without --format json: there is nothing to leave out"));
    }
    needs(&look)?;
    Ok(look)
}

/// Nothing can stand behind a whole document.
fn appends(out: &Out, look: &Look) -> Result<(), Problem> {
    if !(out.append && look.format.is_whole()) {
        return Ok(());
    }
    Err(Problem::usage("cannot take -A for --format json or html: behind a document there can't be another")
        .hint("--format jsonl and csv have a line for each call, which may stand behind others"))
}

/// Flags that say nothing without another.
fn needs(look: &Look) -> Result<(), Problem> {
    let has_table = look.table_too || matches!(look.format, Format::Summary | Format::Counts);
    for (given, flag) in [(look.spread, "--stats-extended"), (look.clusters.is_some(), "--clusters")] {
        if given && !has_table {
            return Err(Problem::usage(format!("cannot take {flag} without -c: it is about the table of counts"))
                .hint(format!("-c {flag} shows the table alone, --summary {flag} the calls before it")));
        }
    }
    // The table of strace; in a page and in CSV the columns are fixed.
    let table = look.format == Format::Summary || (look.table_too && look.format != Format::Html);
    let other = matches!(look.sort, SortBy::Other(_));
    for (given, flag) in
        [(!look.columns.is_empty(), "-U"), (other, "-S by percentiles or bytes"), (!look.overhead.is_zero(), "-O")]
    {
        if given && !table {
            return Err(Problem::usage(format!("cannot take {flag} without -c or -C: there is no such table")));
        }
    }
    if look.spread && other {
        return Err(Problem::usage("cannot take -S by percentiles or bytes together with --stats-extended")
            .hint("-U p50,p95,p99,bytes has them as columns"));
    }
    if look.lamport && (look.compact || !matches!(look.format, Format::Json | Format::JsonLines)) {
        return Err(Problem::usage("cannot take --lamport here: only whole JSON documents and lines have that clock")
            .hint("--format json --lamport, or --format jsonl --lamport"));
    }
    Ok(())
}

fn form_of(format: Option<&str>, table: bool, lines_too: bool) -> (Format, bool) {
    match (format, table) {
        (Some("json"), table) => (Format::Json, table || lines_too),
        (Some("jsonl"), table) => (Format::JsonLines, table || lines_too),
        (Some("csv"), true) => (Format::Counts, false),
        (Some("csv"), false) => (Format::Csv, lines_too),
        (Some("html"), table) => (Format::Html, table || lines_too),
        (Some("summary"), _) | (_, true) => (Format::Summary, false),
        (_, false) => (Format::Text, lines_too),
    }
}

fn long_given(flag: &str) -> bool {
    std::env::args_os().take_while(|word| word != "--").any(|word| word == OsStr::new(flag))
}

fn quiet_level(level: u8) -> Quiet {
    let all = level >= 3;
    Quiet { attach: level >= 1, personality: level >= 1, exit: level >= 2, thread_execve: all, path_resolution: all }
}

fn clock(m: &ArgMatches) -> Result<Option<Clock>, Problem> {
    let short = match times(m, "t") {
        0 => None,
        1 => Some(Clock { epoch: false, precision: Precision::Seconds }),
        2 => Some(Clock { epoch: false, precision: Precision::Micros }),
        _ => Some(Clock { epoch: true, precision: Precision::Micros }),
    };
    let Some(words) = text(m, "absolute-timestamps") else { return Ok(short) };
    let mut clock = Clock { epoch: false, precision: Precision::Seconds };
    for word in words.split(',') {
        match word.trim_start_matches("format:").trim_start_matches("precision:") {
            "none" => return Ok(None),
            "time" => clock.epoch = false,
            "unix" => clock.epoch = true,
            other => clock.precision = precision("--absolute-timestamps", other)?,
        }
    }
    Ok(Some(clock))
}

fn precision_of(m: &ArgMatches, id: &str, short: bool) -> Result<Option<Precision>, Problem> {
    match text(m, id) {
        Some(word) => precision(&format!("--{id}"), word).map(Some),
        None => Ok(short.then_some(Precision::Micros)),
    }
}

fn precision(flag: &str, word: &str) -> Result<Precision, Problem> {
    Ok(match word {
        "s" => Precision::Seconds,
        "ms" => Precision::Millis,
        "us" => Precision::Micros,
        "ns" => Precision::Nanos,
        _ => return Err(Problem::usage(format!("cannot take {word:?} for {flag}: it is none of s, ms, us, ns"))),
    })
}

fn out(m: &ArgMatches) -> Out {
    Out {
        to: path(m, "output").map(PathBuf::into_os_string),
        separately: times(m, "follow-forks") > 1 || on(m, "output-separately"),
        append: on(m, "output-append-mode"),
    }
}
