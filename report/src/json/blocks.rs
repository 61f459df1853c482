//! The blocks behind calls and events: processes, recording, summary.

use recording::event::{Measure, flag, reading};
use recording::session::{EndedBy, Header, NotMeasured, TargetStdout, Trailer};
use recording::views::{Counter, Ending, Process};

use super::call::{number, text, truth};
use super::escape;
use super::run::{Run, key};
use crate::digits;
use crate::signal;
use crate::spool::Spool;
use crate::spread::NAMES;
use crate::statistics::Row;

/// argv of the root as bytes; empty when nothing was launched.
pub(crate) fn command(header: &Header) -> Vec<Vec<u8>> {
    let exact = header.argv_hex.as_ref().and_then(|words| words.iter().map(|word| from_hex(word)).collect());
    exact.unwrap_or_else(|| header.argv.iter().map(|word| word.clone().into_bytes()).collect())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let nibble = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect()
}

/// Appends an array of strings.
pub(super) fn strings<T: AsRef<[u8]>>(out: &mut Vec<u8>, words: &[T]) {
    array(out, words, |out, word| {
        escape::string(out, word.as_ref());
    });
}

fn array<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(b", ");
        }
        write(out, item);
    }
    out.push(b']');
}

/// Appends a further key with a number, or null where there is none.
fn number_or_null(out: &mut Vec<u8>, name: &str, value: Option<u64>) {
    match value {
        Some(value) => number(out, name, value),
        None => null(out, name),
    }
}

fn null(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b", ");
    key(out, name);
    out.extend_from_slice(b"null");
}

/// Appends `processes`.
pub(super) fn processes(out: &mut Vec<u8>, run: &Run) {
    array(out, run.processes.rows(), |out, process| one_process(out, run, process));
}

const USAGE: [Measure; 12] = [
    Measure::UserUs,
    Measure::SysUs,
    Measure::MaxRssBytes,
    Measure::MinorFaults,
    Measure::MajorFaults,
    Measure::VoluntarySwitches,
    Measure::InvoluntarySwitches,
    Measure::BlocksIn,
    Measure::BlocksOut,
    Measure::RunNs,
    Measure::WaitNs,
    Measure::Slices,
];

fn one_process(out: &mut Vec<u8>, run: &Run, process: &Process) {
    out.extend_from_slice(b"{\"pid\": ");
    digits::dec(out, u64::from(process.pid));
    number_or_null(out, "ppid", (process.ppid != 0).then_some(u64::from(process.ppid)));
    out.extend_from_slice(b", \"exe\": ");
    match process.command.exe.as_slice() {
        [] => out.extend_from_slice(b"null"),
        exe => {
            escape::string(out, exe);
        }
    }
    out.extend_from_slice(b", \"argv\": ");
    strings(out, &process.command.argv);
    number(out, "start_ns", run.since_first(process.start_ns));
    number_or_null(out, "end_ns", process.end_ns.map(|end| run.since_first(end)));
    number_or_null(out, "exit_code", process.ending.map(|ending| ending.code() as u64));
    if let Some(Ending::Killed { signal, .. }) = process.ending {
        signal_key(out, signal);
    }
    for measure in USAGE {
        if process.reading(measure).is_some() {
            number_or_null(out, measure.name(), process.value(measure));
        }
    }
    if Measure::IO.iter().any(|measure| process.reading(*measure).is_some()) {
        out.extend_from_slice(b", \"io\": {");
        let from = out.len();
        for measure in Measure::IO {
            number_or_null(out, measure.name(), process.value(measure));
        }
        // The first key of an object has no comma before it.
        out.drain(from..from + 2);
        out.push(b'}');
    }
    if !process.counters.is_empty() {
        out.extend_from_slice(b", \"counters\": ");
        array(out, &process.counters, counter);
    }
    out.push(b'}');
}

fn counter(out: &mut Vec<u8>, counter: &Counter) {
    let measure = Measure::from_raw(counter.measure);
    out.extend_from_slice(b"{\"name\": ");
    match measure {
        Some(measure) => escape::string(out, measure.name().as_bytes()),
        None => escape::string(out, format!("measure-{}", counter.measure).as_bytes()),
    };
    let measured = counter.status & reading::NOT_MEASURED == 0;
    number_or_null(out, "value", measured.then_some(counter.value));
    text(out, "unit", measure.map_or("count", Measure::unit));
    number(out, "enabled_ns", counter.enabled_ns);
    number(out, "running_ns", counter.running_ns);
    if counter.status & reading::DISTURBED != 0 {
        truth(out, "disturbed");
    }
    out.push(b'}');
}

fn signal_key(out: &mut Vec<u8>, signo: u8) {
    out.extend_from_slice(b", \"signal\": \"");
    signal::write_name(out, u32::from(signo));
    out.push(b'"');
}

/// Appends `recording`.
pub(super) fn recording(out: &mut Vec<u8>, run: &mut Run, trailer: &Trailer) {
    let header = &run.header;
    let engine = header.engines.first().map_or("ptrace", String::as_str);
    out.extend_from_slice(b"{\"engine\": ");
    escape::string(out, engine.as_bytes());
    text(
        out,
        "times",
        match (header.engines.len(), engine) {
            (2.., _) => "mixed",
            (_, "ptrace") => "at-stop",
            _ => "in-task",
        },
    );
    out.extend_from_slice(b", \"complete\": ");
    match incomplete(trailer, run.sums.dropped) {
        None => out.extend_from_slice(b"true"),
        Some(reason) => {
            out.extend_from_slice(b"false");
            text(out, "reason", &reason);
        }
    }
    number(out, "dropped", run.sums.dropped);
    match run.options().shown.calls_text.as_ref().or(header.filter.as_ref()) {
        Some(filter) => text(out, "filter", filter),
        None => null(out, "filter"),
    }
    out.extend_from_slice(b", \"follow\": ");
    out.extend_from_slice(if header.follow { b"true" } else { b"false" });
    let kept = header.limits.as_ref().map(|limits| limits.data);
    let asked = run.options().strings.map(|limit| limit as u64);
    number_or_null(out, "payload_limit", kept.into_iter().chain(asked).min());
    match header.target_stdout {
        TargetStdout::Inherited => text(out, "target_stdout", "inherited"),
        TargetStdout::Stderr => {
            text(out, "target_stdout", "stderr");
            truth(out, "stdout_moved");
        }
    }
    if !trailer.left.is_empty() {
        number(out, "left_running", trailer.left.len() as u64);
    }
    flags(out, &run.sums.flags);
    aside(out, "lost", &mut run.sums.lost);
    aside(out, "unseen", &mut run.sums.unseen);
    aside(out, "engine_changes", &mut run.sums.engine_changes);
    not_measured(out, run, trailer);
    if run.options().start_time {
        number(out, "start_unix_ns", run.sums.zero_unix_ns);
    }
    out.push(b'}');
}

/// Why the recording is not the whole run, when it is not.
pub(crate) fn incomplete(trailer: &Trailer, dropped: u64) -> Option<String> {
    let reason = match trailer.ended {
        EndedBy::Complete | EndedBy::RootEnded if dropped > 0 => "events were lost",
        EndedBy::Complete | EndedBy::RootEnded => return None,
        EndedBy::Limit => "a limit ended the recording",
        EndedBy::Detached => "the target was let go before its end",
        EndedBy::NotStarted => "the target was not started",
        EndedBy::Incomplete => "the recording has no end",
        EndedBy::Damaged => "parts of the recording can't be read",
    };
    Some(trailer.fault.clone().unwrap_or_else(|| reason.to_owned()))
}

fn flags(out: &mut Vec<u8>, counts: &[u64; flag::NAMES.len()]) {
    if counts.iter().all(|count| *count == 0) {
        return;
    }
    out.extend_from_slice(b", \"flags\": {");
    let from = out.len();
    for (name, count) in flag::NAMES.iter().zip(counts).filter(|(_, count)| **count > 0) {
        number(out, name, *count);
    }
    out.drain(from..from + 2);
    out.push(b'}');
}

fn aside(out: &mut Vec<u8>, name: &str, spool: &mut Spool) {
    if spool.is_empty() {
        return;
    }
    out.extend_from_slice(b", ");
    key(out, name);
    out.push(b'[');
    let drained: Result<(), std::io::Error> = spool.drain(
        |error| error,
        |piece| {
            out.extend_from_slice(piece);
            Ok(())
        },
    );
    // Objects that can't be read back are told apart from objects that never were.
    if let Err(error) = drained {
        out.extend_from_slice(b"], ");
        key(out, &format!("{name}_unreadable"));
        escape::string(out, error.to_string().as_bytes());
        return;
    }
    out.push(b']');
}

fn not_measured(out: &mut Vec<u8>, run: &Run, trailer: &Trailer) {
    let mut rows: Vec<NotMeasured> = Vec::new();
    let mut add = |row: NotMeasured| {
        if !rows.contains(&row) {
            rows.push(row);
        }
    };
    run.header.not_measured.iter().chain(&trailer.not_measured).cloned().for_each(&mut add);
    for process in run.processes.rows() {
        for reading in process.readings.iter().filter(|reading| reading.status & reading::NOT_MEASURED != 0) {
            let reason = process.not_measured.clone().unwrap_or_else(|| "not read".to_owned());
            add(NotMeasured { what: measure_name(reading.measure), reason });
        }
        for counter in process.counters.iter().filter(|counter| counter.status & reading::NOT_MEASURED != 0) {
            let reason = counter.reason.clone().unwrap_or_else(|| "not read".to_owned());
            add(NotMeasured { what: measure_name(counter.measure), reason });
        }
    }
    if rows.is_empty() {
        return;
    }
    out.extend_from_slice(b", \"not_measured\": ");
    array(out, &rows, |out, row| {
        out.extend_from_slice(b"{\"what\": ");
        escape::string(out, row.what.as_bytes());
        text(out, "reason", &row.reason);
        out.push(b'}');
    });
}

fn measure_name(raw: u16) -> String {
    Measure::from_raw(raw).map_or_else(|| format!("measure-{raw}"), |measure| measure.name().to_owned())
}

/// Appends `summary`.
pub(super) fn summary(out: &mut Vec<u8>, run: &Run, trailer: &Trailer, by_name: Option<&[Row]>) {
    let options = run.options();
    let total = run.statistics.tally().total();
    out.extend_from_slice(b"{\"total_syscalls\": ");
    digits::dec(out, run.sums.calls);
    if options.durations {
        number(out, "total_time_us", run.sums.duration_us);
    }
    let root = root_ending(run, trailer);
    number_or_null(out, "exit_code", root.map(|ending| ending.code() as u64));
    if options.compact {
        out.push(b'}');
        return;
    }
    number(out, "errors", total.errors);
    if options.durations {
        number(out, "total_time_ns", total.total_ns);
    }
    number(out, "wall_us", run.since_first(run.sums.latest) / 1000);
    let rows = run.processes.rows();
    for measure in [Measure::UserUs, Measure::SysUs, Measure::MaxRssBytes] {
        if rows.iter().any(|process| process.reading(measure).is_some()) {
            let values: Option<Vec<u64>> = rows.iter().map(|process| process.value(measure)).collect();
            let value = values.map(|values| match measure {
                Measure::MaxRssBytes => values.into_iter().max().unwrap_or(0),
                _ => values.into_iter().fold(0, u64::saturating_add),
            });
            number_or_null(out, measure.name(), value);
        }
    }
    number(out, "processes", rows.len() as u64);
    number(out, "tasks", run.tasks.seen());
    number(out, "signals", run.sums.signals);
    text(out, "ended", ended(trailer, root));
    if let Some(Ending::Killed { signal, .. }) = root {
        signal_key(out, signal);
    }
    if let Some(rows) = by_name {
        out.extend_from_slice(b", \"by_syscall\": ");
        array(out, rows, |out, row| by_syscall(out, row, options.spread));
    }
    out.push(b'}');
}

fn root_ending(run: &Run, trailer: &Trailer) -> Option<Ending> {
    match trailer.root_status {
        Some(status) => Some(Ending::from_wait_status(status as u32)),
        None => run.processes.root().and_then(|root| root.ending),
    }
}

fn ended(trailer: &Trailer, root: Option<Ending>) -> &'static str {
    match (trailer.ended, root) {
        (EndedBy::Limit, _) => "limit",
        (EndedBy::Detached, _) => "detached",
        (_, Some(Ending::Exited(_))) => "exited",
        (_, Some(Ending::Killed { .. })) => "killed",
        (EndedBy::Complete | EndedBy::RootEnded, None) => "running",
        _ => "lost",
    }
}

/// Appends the object of a name.
pub(crate) fn by_syscall(out: &mut Vec<u8>, row: &Row, spread: bool) {
    out.extend_from_slice(b"{\"syscall\": ");
    escape::string(out, row.name.as_bytes());
    number(out, "calls", row.calls);
    number(out, "errors", row.errors);
    number(out, "total_ns", row.total_ns);
    number_or_null(out, "min_ns", row.range_ns.map(|range| range.0));
    number_or_null(out, "max_ns", row.range_ns.map(|range| range.1));
    let values = row.spread_values();
    for (column, name) in NAMES.iter().enumerate().filter(|(_, name)| spread && !["min_ns", "max_ns"].contains(name)) {
        number_or_null(out, name, values.and_then(|values| values.get(column).copied()));
    }
    out.push(b'}');
}
