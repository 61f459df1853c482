//! A document as strace's text.

use recording::SinkError;
use recording::document::{Argument, Call, Document, Happening};

use super::takes;
use super::words::{Printed, is_data, printable, shown_part};
use crate::args::{Quoting, Style};
use crate::digits;
use crate::output::Stream;
use crate::text::{Prefix, TextOptions, write_span};

/// Writes the lines.
pub(super) fn write(to: &mut Stream, document: &Document<'_>, options: &TextOptions) -> Result<(), SinkError> {
    let page = Page { options, style: Style::of_text(options), several: has_several_tasks(document) };
    let mut happenings = document.happenings.iter().peekable();
    for (at, call) in document.calls.iter().enumerate() {
        while let Some(happening) = happenings.next_if(|happening| happening.after_calls <= at) {
            page.happening(to.buffer(), happening);
        }
        if takes(&options.shown, call) {
            page.call(to.buffer(), document, call);
            to.event_written()?;
        }
    }
    happenings.for_each(|happening| page.happening(to.buffer(), happening));
    Ok(())
}

fn task(call: &Call<'_>) -> Option<u64> {
    call.tid.or(call.pid)
}

fn has_several_tasks(document: &Document<'_>) -> bool {
    let mut tasks = document.calls.iter().map(task);
    let first = tasks.next();
    tasks.any(|task| Some(task) != first)
}

/// How lines look.
struct Page<'o> {
    options: &'o TextOptions,
    style: Style,
    several: bool,
}

impl Page<'_> {
    fn call(&self, out: &mut Vec<u8>, document: &Document<'_>, call: &Call<'_>) {
        let start = out.len();
        self.prefix(out, task(call));
        let printed = Printed::of(document, call);
        printable(out, &call.name);
        out.push(b'(');
        arguments(out, &printed, self.options, &self.style);
        out.push(b')');
        let written = out.len() - start;
        digits::spaces(out, self.options.column.saturating_sub(written).max(1));
        printed.result(out, &self.style);
        if let (Some(precision), Some(took)) = (self.options.duration, call.duration_ns) {
            out.extend_from_slice(b" <");
            write_span(out, took, precision);
            out.push(b'>');
        }
        out.push(b'\n');
    }

    fn prefix(&self, out: &mut Vec<u8>, task: Option<u64>) {
        let Some(task) = task else { return };
        match self.options.prefix {
            Prefix::Always => {
                digits::dec_left(out, task, 5);
                out.push(b' ');
            }
            Prefix::WhenSeveral if self.several => {
                out.extend_from_slice(b"[pid ");
                digits::dec_right(out, task, 5);
                out.extend_from_slice(b"] ");
            }
            _ => {}
        }
    }

    fn happening(&self, out: &mut Vec<u8>, happening: &Happening<'_>) {
        let signal = happening.signal.as_deref();
        match (&*happening.kind, signal, happening.status) {
            ("signal", Some(signal), _) => {
                self.prefix(out, happening.tid);
                out.extend_from_slice(b"--- ");
                printable(out, signal);
                out.extend_from_slice(b" {si_signo=");
                printable(out, signal);
                out.extend_from_slice(b", si_code=");
                printable(out, happening.code.as_deref().unwrap_or("?"));
                out.extend_from_slice(b", ...} ---\n");
            }
            ("stopped", Some(signal), _) => {
                self.prefix(out, happening.tid);
                out.extend_from_slice(b"--- stopped by ");
                printable(out, signal);
                out.extend_from_slice(b" ---\n");
            }
            ("exit", Some(signal), _) if !self.options.quiet.exit => {
                self.prefix(out, happening.tid);
                out.extend_from_slice(b"+++ killed by ");
                printable(out, signal);
                out.extend_from_slice(if happening.core { b" (core dumped) +++\n" } else { b" +++\n" });
            }
            ("exit", None, Some(status)) if !self.options.quiet.exit => {
                self.prefix(out, happening.tid);
                out.extend_from_slice(b"+++ exited with ");
                digits::dec(out, status);
                out.extend_from_slice(b" +++\n");
            }
            _ => {}
        }
    }
}

/// Appends the arguments as far as they are known.
pub(super) fn arguments(out: &mut Vec<u8>, printed: &Printed<'_, '_>, options: &TextOptions, style: &Style) {
    if printed.call.args.is_none() && printed.call.others.is_empty() {
        // None is known, and some there may be.
        let has_none = printed.call.row().is_some_and(|row| row.args.is_empty());
        out.extend_from_slice(if has_none { b"" } else { b"?" });
        return;
    }
    let mut first = true;
    let mut comma = |out: &mut Vec<u8>| {
        if !std::mem::take(&mut first) {
            out.extend_from_slice(b", ");
        }
    };
    for (at, argument) in printed.arguments() {
        comma(out);
        match argument {
            Argument::NotKnown => out.push(b'?'),
            Argument::Word(word) => printed.word(out, style, at, *word),
            Argument::Text(text) => printable(out, text),
            Argument::Bytes(content) => {
                let limit = is_data(printed.call, at).then_some(options.strings);
                let part = shown_part(content, limit);
                Quoting::quoted(options.hex).write(out, part);
                if (part.len() as u64) < content.len {
                    out.extend_from_slice(b"...");
                }
            }
        }
    }
    for (name, value) in &printed.call.others {
        comma(out);
        printable(out, name);
        out.push(b'=');
        printable(out, value);
    }
}
