//! What the commands that judge were asked for.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;

use super::given::{argv, number, on, path, text};
use super::{emit, reading};
use crate::cli::ask::*;
use crate::message::Problem;

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

fn golden_place(m: &ArgMatches) -> GoldenPlace {
    GoldenPlace { dir: path(m, "dir"), most: number(m, "golden-max") }
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

fn owned(m: &ArgMatches, id: &str) -> Option<String> {
    text(m, id).map(String::from)
}

fn all_text(m: &ArgMatches, id: &str) -> Vec<String> {
    m.try_get_many::<String>(id).ok().flatten().map(|words| words.cloned().collect()).unwrap_or_default()
}

fn small(m: &ArgMatches, id: &str) -> Option<u32> {
    m.try_get_one::<u32>(id).ok().flatten().copied()
}
