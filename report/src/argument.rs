//! Arguments: one argument of a call as text or as content.

use recording::event::{Call, Shape, status};
use syscalls::{Abi, Arg, Dir, Kind};

use crate::digits;
use crate::text::TextOptions;

/// How arguments are printed.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    /// Bytes of a string; `None` is all that was kept.
    strings: Option<usize>,
}

impl Style {
    pub(crate) fn new(strings: Option<usize>, verbose: bool) -> Self {
        let _ = verbose;
        Style { strings }
    }

    pub(crate) fn of_text(options: &TextOptions) -> Self {
        Style::new(Some(options.strings), options.verbose)
    }
}

/// Does this argument not appear at all in this call?
pub(crate) fn is_silent(call: &Call<'_>, abi: Abi, arg: &Arg) -> bool {
    let _ = (call, abi);
    matches!(arg.kind, Kind::Unused | Kind::HighHalf)
}

/// Appends all arguments with commas between; six hex words when the number has no row. Returns how
/// long `out` was when the part ended that is known before the call has returned.
pub(crate) fn write_list(out: &mut Vec<u8>, style: &Style, call: &Call<'_>, abi: Abi) -> usize {
    let words = call.args();
    let Some(row) = syscalls::lookup(abi, call.nr()) else {
        for (at, word) in words.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b", " } else { b"" });
            digits::hex(out, *word);
        }
        return out.len();
    };
    let (mut end, mut any) = (None, false);
    for (at, arg) in (0u8..).zip(row.args_for(&words)) {
        if is_silent(call, abi, arg) {
            continue;
        }
        out.extend_from_slice(if std::mem::replace(&mut any, true) { b", " } else { b"" });
        if arg.kind.memory().is_some_and(|memory| memory.dir != Dir::In) {
            end.get_or_insert(out.len());
        }
        write(out, style, call, abi, at, arg);
    }
    end.unwrap_or(out.len())
}

/// Appends the text of an argument.
pub(crate) fn write(out: &mut Vec<u8>, style: &Style, call: &Call<'_>, abi: Abi, at: u8, arg: &Arg) {
    let _ = (style, abi, arg);
    digits::hex(out, call.args()[usize::from(at)]);
}

/// Appends what strace prints behind the result of a call that returned, in parentheses there.
pub(crate) fn write_result_note(out: &mut Vec<u8>, style: &Style, call: &Call<'_>, abi: Abi) {
    let _ = (out, style, call, abi);
}

/// Appends a result that is a descriptor.
pub(crate) fn write_fd_result(out: &mut Vec<u8>, style: &Style, call: &Call<'_>) {
    let _ = style;
    digits::signed(out, call.result());
}

/// Appends a `siginfo_t` as strace prints it, braces included.
pub(crate) fn write_siginfo(out: &mut Vec<u8>, style: &Style, bytes: &[u8]) {
    let _ = (style, bytes);
    out.extend_from_slice(b"{...}");
}

/// The content of an argument that is a path, a name or data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    pub bytes: &'a [u8],
    /// Bytes of the whole.
    pub len: u64,
    pub faulted: bool,
}

impl Content<'_> {
    /// Is something missing?
    pub(crate) fn is_part(&self) -> bool {
        self.faulted || (self.bytes.len() as u64) < self.len
    }
}

/// The content of an argument, when it is one and was kept.
pub(crate) fn content<'a>(style: &Style, call: &Call<'a>, abi: Abi, at: u8, arg: &Arg) -> Option<Content<'a>> {
    let _ = abi;
    if !matches!(arg.kind, Kind::Path | Kind::Str | Kind::PathOut(_) | Kind::Bytes(..)) {
        return None;
    }
    let payload = call.payloads_of(at).find(|p| matches!(p.head.shape, Shape::Bytes | Shape::Text))?;
    let is_data = matches!(arg.kind, Kind::Bytes(..));
    let limit = style.strings.filter(|_| is_data).unwrap_or(usize::MAX);
    let bytes = payload.bytes.get(..limit).unwrap_or(payload.bytes);
    Some(Content { bytes, len: payload.head.wanted, faulted: payload.head.status & status::FAULTED != 0 })
}
