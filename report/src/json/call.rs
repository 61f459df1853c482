//! One call as a JSON object.

use recording::event::{Call, Shape, flag};
use syscalls::{Abi, Filter, Kind};

use super::escape;
use crate::args::{self, Content, Style};
use crate::{Stacks, digits, errno};

/// What a call's own record does not say.
#[derive(Debug)]
pub(super) struct Facts {
    pub process: u32,
    /// Entry, ns since the document's time zero.
    pub ts_ns: u64,
    /// Entry to exit, ns, when durations are asked for and there is one.
    pub took: Option<u64>,
    /// Only the keys of renacer.
    pub compact: bool,
    /// Did several engines record?
    pub mixed: bool,
    /// Are the arguments shown as their words?
    pub raw: bool,
    /// Lamport clock, when it is asked for.
    pub lamport: Option<u64>,
}

/// Appends the object.
pub(super) fn write(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    style: &Style,
    facts: &Facts,
    call: &Call<'_>,
    mut stacks: Option<&mut Stacks>,
) {
    let event = &call.event;
    let flags = event.flags();
    let abi = Abi::from_raw(event.abi()).unwrap_or(Abi::X86_64);
    let row = syscalls::lookup(abi, call.nr());

    out.extend_from_slice(b"{\"name\": \"");
    match row {
        Some(row) => out.extend_from_slice(row.name.as_bytes()),
        None => {
            out.extend_from_slice(b"syscall_");
            digits::dec(out, call.nr());
        }
    }
    out.extend_from_slice(b"\", \"args\": [");
    let notes = if facts.raw {
        raw_words(out, row, call);
        None
    } else {
        Some(arguments(out, scratch, style, abi, row, call))
    };
    out.extend_from_slice(b"], \"result\": ");
    digits::signed(out, if call.returned() { call.result() } else { 0 });
    if let Some(took) = facts.took {
        number(out, "duration_us", took / 1000);
    }
    if let Some(stacks) = &mut stacks {
        stacks.write_source_key(out, event.task(), facts.compact);
    }
    if facts.compact {
        out.push(b'}');
        return;
    }
    number(out, "seq", event.seq());
    out.extend_from_slice(b", \"nr\": ");
    digits::signed(out, call.nr() as i64);
    if let Some(name) = foreign(abi) {
        text(out, "abi", name);
    }
    number(out, "pid", u64::from(facts.process));
    number(out, "tid", u64::from(event.task()));
    number(out, "ts_ns", facts.ts_ns);
    if let Some(took) = facts.took {
        number(out, "duration_ns", took);
    }
    if let Some(errno) = call.errno() {
        out.extend_from_slice(b", \"errno\": \"");
        errno::write_name(out, errno);
        out.push(b'"');
    }
    if !call.returned() {
        out.extend_from_slice(b", \"returned\": false");
    }
    if !call.entered() {
        out.extend_from_slice(b", \"entered\": false");
    }
    for (bit, name) in [
        (flag::RESTARTED, "restarted"),
        (flag::INTERRUPTED, "interrupted"),
        (flag::TAMPERED, "injected"),
        (flag::DENIED, "denied"),
    ] {
        if flags & bit != 0 {
            truth(out, name);
        }
    }
    if facts.mixed && flags & flag::TIMES_AT_STOP != 0 {
        truth(out, "at_stop");
    }
    if let Some(clock) = facts.lamport {
        number(out, "lamport_clock", clock);
    }
    if let Some(notes) = notes {
        notes.write(out, scratch, style, row, abi, call);
    }
    if let Some(stacks) = stacks {
        stacks.write_stack_key(out, event.task());
    }
    out.push(b'}');
}

/// Is it one of these?
pub(super) fn is_of(call: &Call<'_>, calls: &Filter) -> bool {
    calls.takes(Abi::from_raw(call.event.abi()).unwrap_or(Abi::X86_64), call.nr())
}

/// The words of the arguments, as strace has them with `-e raw=`.
fn raw_words(out: &mut Vec<u8>, row: Option<&'static syscalls::Syscall>, call: &Call<'_>) {
    let words = call.args();
    let count = if call.entered() { row.map_or(words.len(), |row| row.args.len()) } else { 0 };
    for (at, word) in words.iter().take(count).enumerate() {
        out.extend_from_slice(if at == 0 { b"\"" } else { b", \"" });
        if *word == 0 {
            out.push(b'0')
        } else {
            digits::hex(out, *word)
        }
        out.push(b'"');
    }
}

/// What the strings of the arguments leave unsaid, by position.
#[derive(Debug, Default)]
struct Unsaid {
    /// Only an address stands there.
    unread: u8,
    /// The string is not the content.
    partial: u8,
}

fn arguments(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    style: &Style,
    abi: Abi,
    row: Option<&'static syscalls::Syscall>,
    call: &Call<'_>,
) -> Unsaid {
    let mut unsaid = Unsaid::default();
    if !call.entered() {
        return unsaid;
    }
    let words = call.args();
    let Some(row) = row else {
        for (at, word) in words.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"\"" } else { b", \"" });
            digits::hex(out, *word);
            out.push(b'"');
        }
        return unsaid;
    };
    let list = row.args_for(&words);
    if list.is_empty() {
        told_without_argument(out, scratch, style, abi, call);
    }
    let mut shown = 0u8;
    for (at, arg) in (0u8..).zip(list) {
        if args::is_silent(call, abi, arg) {
            continue;
        }
        if shown > 0 {
            out.extend_from_slice(b", ");
        }
        out.push(b'"');
        match args::content(style, call, abi, at, arg) {
            Some(content) => {
                let valid = escape::inside(out, &content.bytes);
                if !valid || content.is_part() {
                    unsaid.partial |= 1 << at;
                }
            }
            None => {
                scratch.clear();
                args::write(scratch, style, call, abi, at, arg);
                if arg.kind.memory().is_some() && is_address(scratch) {
                    unsaid.unread |= 1 << shown;
                }
                if parts(style, call, at, &arg.kind).next().is_some() {
                    unsaid.partial |= 1 << at;
                }
                escape::inside(out, scratch);
            }
        }
        out.push(b'"');
        shown += 1;
    }
    unsaid
}

/// What strace prints between the parentheses of a call that has no argument: the mask that
/// `rt_sigreturn` finds on the stack.
fn told_without_argument(out: &mut Vec<u8>, scratch: &mut Vec<u8>, style: &Style, abi: Abi, call: &Call<'_>) {
    scratch.clear();
    args::write_list(scratch, style, call, abi);
    if !scratch.is_empty() {
        escape::string(out, scratch);
    }
}

/// `NULL`, or hex digits and nothing else.
fn is_address(text: &[u8]) -> bool {
    text == b"NULL" || text.strip_prefix(b"0x").is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

impl Unsaid {
    fn write(
        &self,
        out: &mut Vec<u8>,
        scratch: &mut Vec<u8>,
        style: &Style,
        row: Option<&'static syscalls::Syscall>,
        abi: Abi,
        call: &Call<'_>,
    ) {
        if self.unread != 0 {
            out.extend_from_slice(b", \"unread\": [");
            let mut first = true;
            for at in (0..8).filter(|at| self.unread >> at & 1 == 1) {
                if !std::mem::take(&mut first) {
                    out.extend_from_slice(b", ");
                }
                digits::dec(out, at);
            }
            out.push(b']');
        }
        if let Some(row) = row {
            self.payloads(out, style, row, abi, call);
            scratch.clear();
            args::write_result_note(scratch, style, call, abi);
            if !scratch.is_empty() {
                out.extend_from_slice(b", \"result_text\": ");
                escape::string(out, scratch);
            }
        }
    }

    fn payloads(&self, out: &mut Vec<u8>, style: &Style, row: &'static syscalls::Syscall, abi: Abi, call: &Call<'_>) {
        if self.partial == 0 {
            return;
        }
        out.extend_from_slice(b", \"payloads\": [");
        let (mut shown, mut first) = (0, true);
        for (at, arg) in (0u8..).zip(row.args_for(&call.args())) {
            if args::is_silent(call, abi, arg) {
                continue;
            }
            if self.partial >> at & 1 == 1 {
                let whole = args::content(style, call, abi, at, arg).map(|content| (None, content));
                let elements = parts(style, call, at, &arg.kind).map(|(index, content)| (Some(index), content));
                for (element, content) in whole.into_iter().chain(elements) {
                    out.extend_from_slice(if std::mem::take(&mut first) { b"" } else { b", " });
                    payload(out, shown, element, &content);
                }
            }
            shown += 1;
        }
        out.push(b']');
    }
}

/// Elements of a vector that are not whole in its text.
fn parts<'a>(style: &Style, call: &Call<'a>, at: u8, kind: &Kind) -> impl Iterator<Item = (u32, Content<'a>)> {
    use syscalls::Shape as Memory;
    let shape = kind.memory().map(|memory| memory.shape);
    let is_vector = matches!(
        shape,
        Some(Memory::Iovec(_) | Memory::Msghdr | Memory::Mmsghdr(_) | Memory::Strings | Memory::Environment)
    );
    let limit = style.strings.unwrap_or(usize::MAX);
    let is_element = |shape| matches!(shape, Shape::Element | Shape::Digest);
    let elements = is_vector.then(|| call.joined_of(at).filter(move |joined| is_element(joined.head.shape)));
    elements.into_iter().flatten().filter_map(move |joined| {
        let content = Content::of(&joined, limit);
        content.is_part().then_some((joined.head.path & 0xffff, content))
    })
}

fn payload(out: &mut Vec<u8>, position: u64, element: Option<u32>, content: &Content<'_>) {
    out.extend_from_slice(b"{\"arg\": ");
    digits::dec(out, position);
    number(out, "len", content.len);
    number(out, "kept", content.bytes.len() as u64);
    out.extend_from_slice(b", \"base64\": \"");
    escape::base64(out, &content.bytes);
    out.push(b'"');
    if let Some(index) = element {
        number(out, "element", u64::from(index));
    }
    if content.faulted {
        truth(out, "faulted");
    }
    if let Some(hash) = content.hash {
        out.extend_from_slice(b", \"blake3\": \"");
        hash.iter().for_each(|byte| digits::hex_zeros(out, u64::from(*byte), 2));
        out.push(b'"');
    }
    out.push(b'}');
}

/// The name of an ABI that is not the machine's own.
fn foreign(abi: Abi) -> Option<&'static str> {
    match abi {
        Abi::X86_64 | Abi::Aarch64 => None,
        Abi::I386 => Some("i386"),
        Abi::X32 => Some("x32"),
        Abi::Arm => Some("arm"),
    }
}

/// Appends a further key with a number.
pub(super) fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    out.extend_from_slice(b", ");
    super::run::key(out, name);
    digits::dec(out, value);
}

/// Appends a further key with a text of ours.
pub(super) fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(b", ");
    super::run::key(out, name);
    escape::string(out, value.as_bytes());
}

/// Appends a further key that is true.
pub(super) fn truth(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b", ");
    super::run::key(out, name);
    out.extend_from_slice(b"true");
}
