//! Standard output found again: program output before a document whose writes it is.
//!
//! renacer and the program share one stream, so the output of a program stands before the document. Where the
//! document says that nothing else can have written it, it gives the writes their content back.

use std::borrow::Cow;

use super::Notation;
use super::call::{Argument, Call, Content};
use super::instead::is_own_line;

/// Gives the writes to descriptor 1 their content from the preamble, when all of it is theirs.
pub(super) fn find_again<'t>(notation: Notation, preamble: &'t [u8], calls: &mut [Call<'t>]) -> Option<&'t [u8]> {
    let fits = notation == Notation::Registers
        && !preamble.is_empty()
        && !preamble.split(|byte| *byte == b'\n').any(|line| is_own_line(line.trim_ascii()))
        && !calls.iter().any(disturbs)
        && written(calls) == preamble.len() as u64;
    if !fits {
        return None;
    }
    let mut rest = preamble;
    for call in calls.iter_mut().filter(|call| writes_to(call, 1)) {
        let length = call.success().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let (own, behind) = rest.split_at_checked(length)?;
        rest = behind;
        let buffer = call.args.as_mut().and_then(|args| args.get_mut(1));
        if let Some(argument) = buffer.filter(|_| call.name != "writev") {
            *argument = Argument::Bytes(Content { bytes: Cow::Borrowed(own), len: length as u64 });
        }
    }
    Some(preamble)
}

/// Bytes written to descriptor 1.
fn written(calls: &[Call<'_>]) -> u64 {
    let results = calls.iter().filter(|call| writes_to(call, 1)).filter_map(Call::success);
    results.filter_map(|length| u64::try_from(length).ok()).fold(0, u64::saturating_add)
}

/// Does this call write to that descriptor?
fn writes_to(call: &Call<'_>, descriptor: i32) -> bool {
    matches!(&*call.name, "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" | "sendto" | "sendmsg" | "send")
        && call.int(0) == Some(descriptor)
}

/// Could descriptor 1 be another file from here on, or does standard error stand in the preamble too?
fn disturbs(call: &Call<'_>) -> bool {
    let Some(result) = call.success() else { return false };
    match &*call.name {
        "close" => call.int(0) == Some(1),
        "close_range" => call.word(0).is_none_or(|first| first <= 1) && call.word(1).is_none_or(|last| last >= 1),
        "dup2" | "dup3" => call.int(1).is_none_or(|new| new == 1),
        "sendfile" | "splice" | "tee" | "vmsplice" | "copy_file_range" => result > 0,
        _ if writes_to(call, 2) => result > 0,
        _ => call.row().is_some_and(|row| row.returns == syscalls::Returns::Fd) && result == 1,
    }
}
