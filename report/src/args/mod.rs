//! Arguments: the words of a call and the memory behind them, as strace prints them.
//!
//! In: a call with its payloads and the row that says what its words are. Out: text, appended to a
//! buffer. Nothing here allocates. What was not kept, or not whole, is printed as the address: an
//! argument may say little, never something wrong.
//!
//! The list is written in one go. Where the call itself changes what stands behind an argument,
//! everything before can be told when it is entered; [`write_list`] returns where that part ends, so
//! that `read(3,  <unfinished ...>` and its continuation are cut out of the same text.

mod aio;
mod bpf;
mod content;
mod credentials;
mod dump;
mod fault;
mod files;
mod interfaces;
mod io_uring;
mod ipc;
mod kept;
mod keys;
mod loop_device;
mod netlink;
mod network;
mod notes;
mod perf_event;
mod polling;
mod printer;
mod process;
mod result;
mod signals;
mod sockaddr;
mod sockopt;
mod string;
mod structure;
mod tasks;
mod terminal;
#[cfg(test)]
mod tests;
mod time;
mod vector;
mod word;

use recording::event::{ARG_NONE, Call};
use syscalls::{Abi, Arg, Kind, Syscall};

pub(crate) use content::{Content, content};
pub(crate) use dump::write_dump;
pub(crate) use result::write_result_note;
pub(crate) use string::Quoting;
pub(crate) use tasks::{Numbered, TaskNames, write_task};

use crate::text::{CallSets, Constants, Decoding, HexStrings, Notes, TextOptions};
use printer::Printer;

/// How arguments are printed.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    /// Bytes of a string; `None` is all that was kept.
    pub(crate) strings: Option<usize>,
    /// Whole structures and the environment.
    pub(crate) verbose: bool,
    /// Strings in hex.
    pub(crate) hex: HexStrings,
    /// What is told of descriptors.
    pub(crate) notes: Notes,
    /// Names or numbers.
    pub(crate) constants: Constants,
    /// Names in front of arguments.
    pub(crate) argument_names: bool,
    /// Names of tasks by their number, where they are asked for.
    pub(crate) task_names: Option<TaskNames>,
    /// What is asked of some calls only.
    sets: Option<Box<CallSets>>,
    /// For the dates behind times.
    zone: jiff::tz::TimeZone,
}

impl Style {
    /// Strings of so many bytes, short or whole structures, nothing in hex, no notes.
    pub(crate) fn new(strings: Option<usize>, verbose: bool) -> Self {
        let zone = jiff::tz::TimeZone::system();
        Style {
            strings,
            verbose,
            hex: HexStrings::Never,
            notes: Notes::NONE,
            constants: Constants::Names,
            argument_names: false,
            task_names: None,
            sets: None,
            zone,
        }
    }

    /// As the user asked for the text.
    pub(crate) fn of_text(options: &TextOptions) -> Self {
        let style = Style::new(Some(options.strings), options.verbose);
        let Decoding { calls, constants, argument_names, task_names, .. } = &options.decoding;
        Style {
            hex: options.hex,
            notes: options.notes,
            constants: *constants,
            argument_names: *argument_names,
            task_names: task_names.then(TaskNames::default),
            sets: (!calls.are_usual()).then(|| Box::new(calls.clone())),
            ..style
        }
    }

    /// Are the words of this call shown as they are?
    pub(crate) fn is_raw(&self, abi: Abi, nr: u64) -> bool {
        self.sets.as_ref().and_then(|sets| sets.raw.as_ref()).is_some_and(|raw| raw.takes(abi, nr))
    }

    /// Are structures of this call shown?
    fn shows_structures(&self, abi: Abi, nr: u64) -> bool {
        self.sets.as_ref().and_then(|sets| sets.structures.as_ref()).is_none_or(|set| set.takes(abi, nr))
    }

    /// Are structures of this call shown whole?
    fn is_verbose(&self, abi: Abi, nr: u64) -> bool {
        let short = self.sets.as_ref().and_then(|sets| sets.short.as_ref());
        short.map_or(self.verbose, |short| !short.takes(abi, nr))
    }
}

/// Does this argument not appear at all in this call? (`mode` of an `open` that creates nothing.)
pub(crate) fn is_silent(call: &Call<'_>, abi: Abi, arg: &Arg) -> bool {
    let name = || syscalls::lookup(abi, call.nr()).map_or("", |row| row.name);
    match arg.kind {
        Kind::Unused | Kind::HighHalf => true,
        Kind::Struct(..) if arg.name == "u_attr" => !word::creates(call.args()[1]),
        Kind::OpenMode(flags) => !word::creates(call.args().get(usize::from(flags)).copied().unwrap_or(0)),
        Kind::Ptr | Kind::Int => word::is_unused(name(), call, arg),
        Kind::Dev => syscalls::lookup(abi, call.nr()).is_some_and(|row| files::is_node_without_device(row, call)),
        _ => false,
    }
}

/// Appends all arguments with commas between; six hex words when the number has no row. Returns how
/// long `out` was when the part ended that is known before the call has returned.
pub(crate) fn write_list(out: &mut Vec<u8>, style: &Style, call: &Call<'_>, abi: Abi) -> usize {
    let Some(row) = syscalls::lookup(abi, call.nr()) else {
        for (at, value) in call.args().into_iter().enumerate() {
            if at > 0 {
                out.extend_from_slice(b", ");
            }
            crate::digits::hex(out, value);
        }
        return out.len();
    };
    let mut printer = Printer::new(out, style, *call, abi, row);
    if style.is_raw(abi, call.nr()) {
        printer.raw_words(row.args.len());
        return printer.end();
    }
    match row.name {
        "clone" => process::clone(&mut printer),
        "rt_sigreturn" => signals::signal_return(&mut printer),
        _ => list(&mut printer, row),
    }
    printer.end()
}

fn list(printer: &mut Printer<'_, '_>, row: &'static Syscall) {
    let (call, abi) = (printer.call, printer.abi);
    let mut first = true;
    for (at, arg) in (0u8..).zip(row.args_for(&call.args())) {
        if is_silent(&call, abi, arg) {
            continue;
        }
        if !std::mem::take(&mut first) {
            printer.text(b", ");
        }
        if printer.style.argument_names {
            printer.text(arg.name.as_bytes());
            printer.text(b"=");
        }
        printer.argument(at, &arg.kind);
    }
}

/// Appends a result that is a descriptor, with its note.
pub(crate) fn write_fd_result(out: &mut Vec<u8>, style: &Style, call: &Call<'_>) {
    crate::digits::signed(out, call.result());
    notes::write(out, style, call, ARG_NONE, 1, notes::Of::Element(0));
}

/// Appends a `siginfo_t` of the 64-bit kernel interface, braces included.
pub(crate) fn write_siginfo(out: &mut Vec<u8>, style: &Style, bytes: &[u8]) {
    signals::write_siginfo(out, style, bytes, Numbered::Task);
}

/// Appends the text of argument `at`.
pub(crate) fn write(out: &mut Vec<u8>, style: &Style, call: &Call<'_>, abi: Abi, at: u8, arg: &Arg) {
    match syscalls::lookup(abi, call.nr()) {
        Some(row) => Printer::new(out, style, *call, abi, row).argument(at, &arg.kind),
        None => crate::digits::hex(out, call.args().get(usize::from(at)).copied().unwrap_or(0)),
    }
}
