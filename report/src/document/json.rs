//! A document as we write it. Beside our own keys stand `imported`, which says where it is from and what had to
//! be assumed, and in a call `not_known`, the positions of arguments that nobody knows; `args` and `result` are
//! left out where none of them is known. Reading it again gives the same calls.

use recording::SinkError;
use recording::document::{Argument, Call, Content, Document, Outcome};

use super::words::{Printed, is_data, shown_part};
use super::{table, takes};
use crate::args::Style;
use crate::digits;
use crate::json::{JsonOptions, base64, by_syscall, string};
use crate::output::Stream;
use crate::summary::SortBy;

/// Writes one document.
pub(super) fn document(to: &mut Stream, document: &Document<'_>, options: &JsonOptions) -> Result<(), SinkError> {
    to.buffer().extend_from_slice(b"{\n");
    opening(to.buffer(), document, options, b"  ", b",\n");
    to.buffer().extend_from_slice(b"  \"syscalls\": [");
    let style = Style::new(options.strings, options.verbose);
    let mut any = false;
    for call in document.calls.iter().filter(|call| takes(&options.shown, call)) {
        to.buffer().extend_from_slice(if std::mem::replace(&mut any, true) { b",\n    " } else { b"\n    " });
        write_call(to.buffer(), document, call, options, &style);
        to.event_written()?;
    }
    to.buffer().extend_from_slice(if any { b"\n  ],\n" } else { b"],\n" });
    if !options.compact && !document.happenings.is_empty() {
        let out = to.buffer();
        out.extend_from_slice(b"  \"events\": [");
        for (at, happening) in document.happenings.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b",\n    " } else { b"\n    " });
            one_line(out, happening.text);
        }
        out.extend_from_slice(b"\n  ],\n");
    }
    let out = to.buffer();
    out.extend_from_slice(b"  \"summary\": ");
    summary(out, document, options);
    out.extend_from_slice(b"\n}\n");
    Ok(())
}

/// Writes its lines.
pub(super) fn lines(to: &mut Stream, document: &Document<'_>, options: &JsonOptions) -> Result<(), SinkError> {
    let options = &JsonOptions { compact: false, ..options.clone() };
    to.buffer().push(b'{');
    opening(to.buffer(), document, options, b"", b", ");
    to.buffer().extend_from_slice(b"\"stream\": \"begin\"}\n");
    let style = Style::new(options.strings, options.verbose);
    let mut happenings = document.happenings.iter().peekable();
    for (at, call) in document.calls.iter().enumerate() {
        while let Some(happening) = happenings.next_if(|happening| happening.after_calls <= at) {
            one_line(to.buffer(), happening.text);
            to.buffer().push(b'\n');
        }
        if takes(&options.shown, call) {
            write_call(to.buffer(), document, call, options, &style);
            to.buffer().push(b'\n');
            to.event_written()?;
        }
    }
    let out = to.buffer();
    for happening in happenings {
        one_line(out, happening.text);
        out.push(b'\n');
    }
    out.extend_from_slice(b"{\"stream\": \"end\", \"summary\": ");
    summary(out, document, options);
    out.extend_from_slice(b"}\n");
    Ok(())
}

/// An object of a document, its line breaks as blanks: inside of strings JSON has none.
fn one_line(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
}

fn opening(out: &mut Vec<u8>, document: &Document<'_>, options: &JsonOptions, before: &[u8], after: &[u8]) {
    let mut pair = |name: &str, value: &dyn Fn(&mut Vec<u8>)| {
        out.extend_from_slice(before);
        string(out, name.as_bytes());
        out.extend_from_slice(b": ");
        value(out);
        out.extend_from_slice(after);
    };
    pair("version", &|out| text(out, &options.version));
    pair("format", &|out| text(out, "renacer-json-v1"));
    if options.compact {
        return;
    }
    pair("schema", &|out| out.push(b'1'));
    pair("generator", &|out| text(out, &format!("chic-trace {}", options.version)));
    pair("imported", &|out| imported(out, document));
    if let Some(command) = &document.command {
        pair("command", &|out| list(out, command.iter().map(|word| &**word)));
    }
}

fn imported(out: &mut Vec<u8>, document: &Document<'_>) {
    out.extend_from_slice(b"{\"from\": ");
    text(out, &document.writer());
    out.extend_from_slice(b", \"notation\": ");
    text(out, document.notation.word());
    out.extend_from_slice(b", \"warnings\": ");
    list(out, document.warnings.iter().map(String::as_str));
    out.extend_from_slice(b", \"incomplete\": ");
    list(out, document.incomplete.iter().map(String::as_str));
    out.push(b'}');
}

fn summary(out: &mut Vec<u8>, document: &Document<'_>, options: &JsonOptions) {
    let shown = || document.calls.iter().filter(|call| takes(&options.shown, call));
    out.extend_from_slice(b"{\"total_syscalls\": ");
    digits::dec(out, shown().count() as u64);
    if options.durations {
        let micros = shown().filter_map(|call| call.duration_ns).fold(0u64, |sum, ns| sum.saturating_add(ns / 1000));
        out.extend_from_slice(b", \"total_time_us\": ");
        digits::dec(out, micros);
    }
    out.extend_from_slice(b", \"exit_code\": ");
    match document.end {
        Some(end) => digits::signed(out, end.exit_code),
        None => out.extend_from_slice(b"null"),
    }
    if let Some(end) = document.end.filter(|end| end.certain && !options.compact) {
        out.extend_from_slice(b", \"ended\": ");
        text(out, if end.signal.is_some() { "killed" } else { "exited" });
        if let Some(name) = end.signal.and_then(syscalls::signal::name) {
            out.extend_from_slice(b", \"signal\": ");
            text(out, name);
        }
    }
    if options.by_syscall && !options.compact {
        out.extend_from_slice(b", \"by_syscall\": [");
        for (at, row) in table::rows(document, SortBy::Time, &options.shown, options.spread).iter().enumerate() {
            out.extend_from_slice(if at > 0 { b", " } else { b"" });
            by_syscall(out, row, options.spread);
        }
        out.push(b']');
    }
    out.push(b'}');
}

/// What the strings of the arguments leave unsaid.
#[derive(Default)]
struct Unsaid<'c> {
    not_known: Vec<usize>,
    unread: Vec<usize>,
    payloads: Vec<(usize, &'c [u8], u64)>,
}

fn write_call(out: &mut Vec<u8>, document: &Document<'_>, call: &Call<'_>, options: &JsonOptions, style: &Style) {
    let printed = Printed::of(document, call);
    let mut unsaid = Unsaid::default();
    out.extend_from_slice(b"{\"name\": ");
    text(out, &call.name);
    if call.args.is_some() || options.compact {
        out.extend_from_slice(b", \"args\": [");
        for (place, (at, argument)) in printed.arguments().enumerate() {
            out.extend_from_slice(if place > 0 { b", " } else { b"" });
            write_argument(out, &printed, (place, at), argument, style, &mut unsaid);
        }
        out.push(b']');
    }
    match call.outcome {
        Outcome::Returned(result) => {
            out.extend_from_slice(b", \"result\": ");
            digits::signed(out, result);
        }
        Outcome::NoReturn => out.extend_from_slice(b", \"result\": 0"),
        Outcome::NotKnown if options.compact => out.extend_from_slice(b", \"result\": 0"),
        Outcome::NotKnown => {}
    }
    let duration = call.duration_ns.filter(|_| options.durations);
    if let Some(ns) = duration {
        number(out, "duration_us", ns / 1000);
    }
    source(out, call);
    if !options.compact {
        facts(out, call, duration);
        notes(out, &unsaid);
    }
    out.push(b'}');
}

fn write_argument<'c>(
    out: &mut Vec<u8>,
    printed: &Printed<'_, '_>,
    (place, at): (usize, usize),
    argument: &'c Argument<'_>,
    style: &Style,
    unsaid: &mut Unsaid<'c>,
) {
    match argument {
        Argument::NotKnown => {
            text(out, "?");
            unsaid.not_known.push(place);
        }
        Argument::Text(words) => text(out, words),
        Argument::Word(word) => {
            string(out, &readable(printed, style, at, *word));
            if is_pointed_at(printed.call, at) {
                unsaid.unread.push(place);
            }
        }
        Argument::Bytes(content) => write_content(out, printed.call, (place, at), content, style, unsaid),
    }
}

/// A word as strace prints it, or in hex where that would not be read back as the word.
fn readable(printed: &Printed<'_, '_>, style: &Style, at: usize, word: u64) -> Vec<u8> {
    let mut out = Vec::new();
    printed.word(&mut out, style, at, word);
    let kind = printed.call.kinds().get(at).map(|arg| &arg.kind);
    let read = std::str::from_utf8(&out).ok().and_then(|text| recording::document::word(kind?, text));
    if kind.is_some() && read != Some(word) && out != b"NULL" {
        out.clear();
        digits::hex(&mut out, word);
    }
    out
}

fn write_content<'c>(
    out: &mut Vec<u8>,
    call: &Call<'_>,
    (place, at): (usize, usize),
    content: &'c Content<'_>,
    style: &Style,
    unsaid: &mut Unsaid<'c>,
) {
    let limit = style.strings.filter(|_| is_data(call, at));
    let part = shown_part(content, limit);
    let all_valid = string(out, part);
    if !all_valid || (part.len() as u64) < content.len {
        unsaid.payloads.push((place, part, content.len));
    }
}

/// Would the string of this argument be its content, if it were known?
fn is_pointed_at(call: &Call<'_>, at: usize) -> bool {
    use syscalls::Kind;
    let kind = call.kinds().get(at).map(|arg| arg.kind);
    matches!(kind, Some(Kind::Path | Kind::Str | Kind::PathOut(_) | Kind::Bytes(..)))
}

fn source(out: &mut Vec<u8>, call: &Call<'_>) {
    let Some((source, line)) = call.source.as_ref().and_then(|source| Some((source, source.line?))) else { return };
    out.extend_from_slice(b", \"source\": {\"file\": ");
    text(out, &source.file);
    number(out, "line", line);
    if let Some(function) = &source.function {
        out.extend_from_slice(b", \"function\": ");
        text(out, function);
    }
    out.push(b'}');
}

fn facts(out: &mut Vec<u8>, call: &Call<'_>, duration: Option<u64>) {
    let counts = [("seq", call.seq), ("nr", call.nr), ("pid", call.pid), ("tid", call.tid)];
    for (name, value) in counts {
        if let Some(value) = value {
            number(out, name, value);
        }
    }
    if let Some(stamp) = call.stamp {
        match (stamp.unix, stamp.exit, u64::try_from(stamp.ns)) {
            (false, false, Ok(ns)) => number(out, "ts_ns", ns),
            (false, true, Ok(ns)) => number(out, "ts_us", ns / 1000),
            (true, _, Ok(ns)) => {
                let seconds = format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
                out.extend_from_slice(b", \"timestamp\": ");
                out.extend_from_slice(seconds.as_bytes());
            }
            _ => {}
        }
    }
    if let Some(ns) = duration {
        number(out, "duration_ns", ns);
    }
    if let Some(number) = call.errno() {
        out.extend_from_slice(b", \"errno\": \"");
        crate::errno::write_name(out, number);
        out.push(b'"');
    }
    if call.outcome == Outcome::NoReturn {
        out.extend_from_slice(b", \"returned\": false");
    }
    if let Some(clock) = call.lamport {
        number(out, "lamport_clock", clock);
    }
}

fn notes(out: &mut Vec<u8>, unsaid: &Unsaid<'_>) {
    for (name, positions) in [("unread", &unsaid.unread), ("not_known", &unsaid.not_known)] {
        if !positions.is_empty() {
            out.extend_from_slice(format!(", \"{name}\": {positions:?}").as_bytes());
        }
    }
    if unsaid.payloads.is_empty() {
        return;
    }
    out.extend_from_slice(b", \"payloads\": [");
    for (index, (arg, bytes, len)) in unsaid.payloads.iter().enumerate() {
        let head = format!("{{\"arg\": {arg}, \"len\": {len}, \"kept\": {}, \"base64\": \"", bytes.len());
        out.extend_from_slice(if index > 0 { b", " } else { b"" });
        out.extend_from_slice(head.as_bytes());
        base64(out, bytes);
        out.extend_from_slice(b"\"}");
    }
    out.push(b']');
}

fn text(out: &mut Vec<u8>, text: &str) {
    string(out, text.as_bytes());
}

fn list<'s>(out: &mut Vec<u8>, words: impl Iterator<Item = &'s str>) {
    out.push(b'[');
    for (at, word) in words.enumerate() {
        out.extend_from_slice(if at > 0 { b", " } else { b"" });
        text(out, word);
    }
    out.push(b']');
}

fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    out.extend_from_slice(b", ");
    string(out, name.as_bytes());
    out.extend_from_slice(b": ");
    digits::dec(out, value);
}
