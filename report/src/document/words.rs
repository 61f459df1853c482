//! Words of a document's calls: what is a number goes through the printers of raw calls, what is content is
//! quoted, what is text stands as it is, what is not known is `?`.

use recording::document::{Argument, Call, Content, Document, Notation, Outcome};
use recording::event::{Record, State, Via};
use syscalls::Arg;

use crate::args::{self, Style};
use crate::text::call::Named;
use crate::{digits, errno};

/// A call with the raw record of what is known of its words.
pub(super) struct Printed<'c, 'd> {
    pub call: &'c Call<'d>,
    kinds: &'static [Arg],
    record: Record,
    /// What the document does not list is not known; else the call has no more.
    open: bool,
}

impl<'c, 'd> Printed<'c, 'd> {
    pub(super) fn of(document: &Document<'_>, call: &'c Call<'d>) -> Self {
        let mut record = Record::default();
        let result = match call.outcome {
            Outcome::Returned(result) => result,
            _ => 0,
        };
        let nr = call.nr.unwrap_or(u64::MAX);
        record.begin_call(Via::Ptrace, call.abi as u8, 0, 0, 0, nr, &call.words(), 0, 0);
        record.finish_call(State::Done, 0, result);
        Printed { call, kinds: call.kinds(), record, open: document.notation != Notation::Ours }
    }

    /// The arguments that a reader is shown: position and what is known.
    pub(super) fn arguments(&self) -> impl Iterator<Item = (usize, &Argument<'_>)> {
        let known = self.call.args.as_ref().map_or(0, Vec::len);
        let all = if self.open { known.max(self.kinds.len()) } else { known };
        (0..all).filter(|at| !self.is_silent(*at)).map(|at| (at, self.call.argument(at)))
    }

    /// Does strace not print this argument here? Only what the document does not list is left out.
    fn is_silent(&self, at: usize) -> bool {
        let (Some(raw), Some(arg)) = (self.record.view().call(), self.kinds.get(at)) else { return false };
        let listed = self.call.args.as_ref().is_some_and(|args| at < args.len());
        let selecting = match arg.kind {
            syscalls::Kind::OpenMode(flags) => self.call.word(usize::from(flags)).is_some(),
            _ => true,
        };
        (!listed || self.call.word(at).is_some()) && selecting && args::is_silent(&raw, self.call.abi, arg)
    }

    /// Appends a word as strace prints it.
    pub(super) fn word(&self, out: &mut Vec<u8>, style: &Style, at: usize, word: u64) {
        let position = u8::try_from(at).unwrap_or(u8::MAX);
        match (self.kinds.get(at), self.record.view().call()) {
            (Some(arg), Some(raw)) => args::write(out, style, &raw, self.call.abi, position, arg),
            _ => digits::hex(out, word),
        }
    }

    /// Appends the result from the `=` on.
    pub(super) fn result(&self, out: &mut Vec<u8>, style: &Style) {
        match (self.call.outcome, self.record.view().call()) {
            (Outcome::NotKnown, _) => out.extend_from_slice(b"= ? (not known)"),
            (Outcome::NoReturn, _) | (_, None) => out.extend_from_slice(b"= ?"),
            (Outcome::Returned(result), Some(raw)) => match self.call.errno() {
                Some(number) => {
                    out.extend_from_slice(b"= ");
                    errno::write_result(out, number);
                }
                None if self.call.row().is_some() => Named::of(raw).result(out, style),
                None => {
                    out.extend_from_slice(b"= ");
                    digits::signed(out, result);
                }
            },
        }
    }
}

/// The part of a content that is shown: names whole, data up to the limit.
pub(super) fn shown_part<'b>(content: &'b Content<'_>, limit: Option<usize>) -> &'b [u8] {
    content.bytes.get(..limit.unwrap_or(usize::MAX)).unwrap_or(&content.bytes)
}

/// Is argument `at` data moved, which the string limit cuts?
pub(super) fn is_data(call: &Call<'_>, at: usize) -> bool {
    matches!(call.kinds().get(at).map(|arg| arg.kind), Some(syscalls::Kind::Bytes(..)))
}

/// Appends text of the document, which may hold anything, as printable ASCII.
pub(super) fn printable(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        if matches!(byte, b' '..=b'~') {
            out.push(byte);
        } else {
            out.extend_from_slice(b"\\x");
            digits::hex_zeros(out, u64::from(byte), 2);
        }
    }
}
