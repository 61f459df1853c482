//! Words: steps, objects and values as a person reads them.
//!
//! Names lose `$CWD/` and their escapes; what could move a cursor or hide text is shown as an escape instead.

use std::fmt::Write as _;

use crate::form::Call;
use crate::golden::{EndKind, MERGED};
use crate::model::{Arg, Exit, ObjectKind, ObjectRef, Step};
use crate::value::Value;

/// Bytes that a finding shows of a content.
const SHOWN: usize = 32;

/// Bytes of a target, safe to print: no control, no C1, no bidi character reaches a terminal.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_printable(&mut out, c));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

fn push_printable(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\\' => out.push_str("\\\\"),
        c if harmful(c) => drop(write!(out, "\\u{{{:x}}}", u32::from(c))),
        c => out.push(c),
    }
}

/// Controls, and characters that reorder or hide text.
fn harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Already composed text, once more: whatever it was made of, it is safe to print.
pub(crate) fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if harmful(c) { push_printable(&mut out, c) } else { out.push(c) }
    }
    out
}

/// A value without escapes and `$CWD/`.
pub(crate) fn value(value: &Value) -> String {
    plain(value.as_str())
}

/// Text in golden syntax without escapes and `$CWD/`.
pub(crate) fn plain(text: &str) -> String {
    let text = text.strip_prefix("$CWD/").unwrap_or(text);
    if text == "\"\"" {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = if *first == b'%' { tail.get(..2).and_then(hex) } else { None };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    printable(&bytes)
}

fn hex(two: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()
}

/// `final`, `tcp 127.0.0.1:80`, `stdout`.
pub(crate) fn object_of(object: &ObjectRef) -> String {
    match object.kind {
        ObjectKind::Tcp | ObjectKind::Udp | ObjectKind::Unix => {
            format!("{} {}", object.kind.word(), value(&object.name))
        }
        _ => value(&object.name),
    }
}

/// As findings and `--allow` name it: files by path, sockets with their kind.
pub(crate) fn object_syntax(object: &ObjectRef) -> String {
    match object.kind {
        ObjectKind::Tcp | ObjectKind::Udp | ObjectKind::Unix => format!("{}:{}", object.kind.word(), object.name),
        _ => object.name.to_string(),
    }
}

/// The object of an `end` line, likewise.
pub(crate) fn end_object(_kind: EndKind, name: &Value) -> String {
    name.to_string()
}

/// An object of a finding as text: `tcp:127.0.0.1:80` is `tcp 127.0.0.1:80`.
pub(crate) fn object_text(object: &Value) -> String {
    if object.as_str() == MERGED {
        return "stdout and stderr".into();
    }
    for kind in ["tcp", "udp", "unix"] {
        if let Some(name) = object.as_str().strip_prefix(kind).and_then(|rest| rest.strip_prefix(':')) {
            return format!("{kind} {}", plain(name));
        }
    }
    value(object)
}

/// `exit 0`, `killed by SIGPIPE`.
pub(crate) fn exit(exit: &Exit) -> String {
    match exit {
        Exit::Exited(code) => format!("exit {code}"),
        Exit::Killed { signal, core: false } => format!("killed by {}", plain(signal)),
        Exit::Killed { signal, core: true } => format!("killed by {} with a core dump", plain(signal)),
        Exit::Running => "still running".into(),
    }
}

/// `write 0..13`, `open r cloexec`, `mkdir 0755: EEXIST`.
pub(crate) fn step(step: &Step) -> String {
    let mut out = String::from(step.verb.word());
    push_args(&mut out, &step.args);
    if let Some(errno) = &step.errno {
        let _ = write!(out, ": {}", plain(errno));
    }
    out
}

fn push_args(out: &mut String, args: &[Arg]) {
    for arg in args {
        match arg {
            Arg::Word(word) => drop(write!(out, " {}", value(word))),
            Arg::Field(name, word) => drop(write!(out, " {}={}", plain(name), value(word))),
            Arg::Span(from, Some(to)) => drop(write!(out, " {from}..{to}")),
            Arg::Span(from, None) => drop(write!(out, " {from}..")),
            Arg::Hash(_) => {}
        }
    }
}

/// `openat $CWD conf O_RDONLY = 3`.
pub(crate) fn call(call: &Call) -> String {
    let mut out = plain(&call.name);
    push_args(&mut out, &call.args);
    let _ = write!(out, " = {}", value(&call.result));
    out
}

/// Several times in a row.
pub(crate) fn counted(text: String, count: u64) -> String {
    if count == 1 { text } else { format!("x{count} {text}") }
}

/// `once`, `twice`, `50 times`.
pub(crate) fn times(n: u64) -> String {
    match n {
        0 => "never".into(),
        1 => "once".into(),
        2 => "twice".into(),
        n => format!("{n} times"),
    }
}

/// The first bytes of a content, in backquotes.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let more = if bytes.len() > SHOWN { "..." } else { "" };
    format!("`{}{more}`", printable(bytes.get(..SHOWN).unwrap_or(bytes)))
}

/// `1 byte`, `3 bytes`.
pub(crate) fn bytes(n: u64) -> String {
    if n == 1 { "1 byte".into() } else { format!("{n} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_target_reaches_the_terminal_raw() {
        assert_eq!(printable(b"a\x1b[31m\n\xff"), "a\\u{1b}[31m\\n\\xff");
        assert_eq!(printable("\u{202e}x\u{85}".as_bytes()), "\\u{202e}x\\u{85}");
        assert_eq!(plain("$CWD/a%20b%1B"), "a b\\u{1b}");
        assert_eq!(plain("100%zz%"), "100%zz%");
    }
}
