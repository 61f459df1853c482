//! How a run is shown and where it goes.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::ArgMatches;
use report::columns::Column;
use report::summary::SortBy;
use report::text::{Clock, Decoding, HexStrings, Notes, Precision};

use super::expressions;
use super::given::{number, on, path, text, times};
use crate::cli::ask::{Format, Look, Out, Quiet, Tip};
use crate::cli::expr::{self, Expr};
use crate::cli::time;
use crate::message::Problem;

pub(super) fn look(m: &ArgMatches) -> Result<Look, Problem> {
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
        tip: asked_tip(m)?,
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
        stack_frames: m.try_get_one::<u16>("stack-trace-frame-limit").ok().flatten().map(|frames| usize::from(*frames)),
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
            Problem::usage(format!("cannot sort by {key:?}: there is no such column")).hint(
                "time, calls, errors, name, min-time, max-time, avg-time, nothing; p50, p95, p99, bytes, cpu-time",
            )
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
pub(super) fn appends(out: &Out, look: &Look) -> Result<(), Problem> {
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
    if look.stack_frames.is_some() && !look.stack {
        return Err(Problem::usage("cannot take --stack-trace-frame-limit without -k: no stack is shown"));
    }
    // The table of strace; in a page and in CSV the columns are fixed.
    let table = look.format == Format::Summary || (look.table_too && look.format != Format::Html);
    let other = matches!(look.sort, SortBy::Other(_));
    for (given, flag) in [
        (!look.columns.is_empty(), "-U"),
        (other, "-S by percentiles, bytes or cpu-time"),
        (!look.overhead.is_zero(), "-O"),
    ] {
        if given && !table {
            return Err(Problem::usage(format!("cannot take {flag} without -c or -C: there is no such table")));
        }
    }
    if look.spread && other {
        return Err(Problem::usage("cannot take -S by percentiles, bytes or cpu-time together with --stats-extended")
            .hint("-U p50,p95,p99,bytes,cpu-time has them as columns"));
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

/// How much `-k` asks for: 1 stacks, 2 with lines of source.
pub(super) fn stack_words(m: &ArgMatches) -> usize {
    let word = m.try_get_one::<String>("stack-trace").ok().flatten();
    let by_word = word.map_or(0, |word| if word == "source" { 2 } else { 1 });
    by_word.max(usize::from(times(m, "k")))
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

/// `--tips`.
pub(super) fn asked_tip(m: &ArgMatches) -> Result<Option<Tip>, Problem> {
    Ok(text(m, "tips").map(tip).transpose()?.flatten())
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

pub(super) fn out(m: &ArgMatches) -> Out {
    Out {
        to: path(m, "output").map(PathBuf::into_os_string),
        separately: times(m, "follow-forks") > 1 || on(m, "output-separately"),
        append: on(m, "output-append-mode"),
    }
}
