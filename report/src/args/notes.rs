//! Notes: what the kernel said of a descriptor when the call was seen.

use recording::event::{Call, Payload, Shape, note};

use super::Style;
use super::string::Quoting;
use crate::text::{HexStrings, Notes};

/// Which of the descriptors that an argument leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    /// By its place: the argument itself, or the one of a pair.
    Element(u32),
    /// By its number, somewhere in memory.
    Number(i32),
}

/// Appends `</etc/passwd>`, `<TCP:[127.0.0.1:1->127.0.0.1:80]>`, `</dev/null<char 1:3>>`, as far as asked for
/// and kept.
pub(super) fn write(out: &mut Vec<u8>, style: &Style, call: &Call<'_>, arg: u8, phase: u8, of: Of) {
    if style.notes == Notes::NONE {
        return;
    }
    let is_of = |p: &Payload<'_>| match of {
        Of::Element(element) => p.head.path >> 8 == element,
        Of::Number(fd) => p.head.addr == u64::from(fd as u32),
    };
    let part = |part: u32| {
        let is_it =
            |p: &Payload<'_>| p.head.shape == Shape::Note && p.head.phase == phase && p.head.path & 0xff == part;
        call.payloads_of(arg).find(|p| is_it(p) && is_of(p)).map(|p| p.bytes)
    };
    let Some(link) = part(note::LINK) else { return };
    let (link, is_deleted) = match link.strip_suffix(b" (deleted)") {
        Some(path) => (path, true),
        None => (link, false),
    };
    let is_device = |detail: &[u8]| detail.starts_with(b"char ") || detail.starts_with(b"block ");
    let detail = part(note::DETAIL).filter(|detail| match detail {
        detail if is_device(detail) => style.notes.device,
        detail if detail.starts_with(b"pid:") => style.notes.process,
        detail if detail.starts_with(b"{eventfd-") => style.notes.eventfd,
        detail if detail.starts_with(b"signalfd:") => style.notes.signalfd,
        _ => style.notes.socket,
    });
    if detail.is_none() && !style.notes.path {
        return;
    }
    let is_device = detail.is_some_and(is_device);
    out.push(b'<');
    match detail {
        Some(detail) if !is_device => socket(out, style, detail),
        _ => Quoting::note(style.hex).write(out, link),
    }
    if let Some(detail) = detail
        && is_device
    {
        out.push(b'<');
        Quoting::note(HexStrings::Never).write(out, detail);
        out.push(b'>');
    }
    out.push(b'>');
    if is_deleted {
        out.extend_from_slice(b"(deleted)");
    }
}

/// `UNIX-STREAM:[77->78,"/run/x"]`: the path is the target's own.
fn socket(out: &mut Vec<u8>, style: &Style, detail: &[u8]) {
    let bare = Quoting { hex: HexStrings::Never, quotes: false, angles: false };
    let (addresses, path) = detail.split_at(detail.iter().position(|byte| *byte == b'"').unwrap_or(detail.len()));
    bare.write(out, addresses);
    if let Some(path) = path.strip_prefix(b"\"").and_then(|path| path.strip_suffix(b"\"]")) {
        Quoting::quoted(style.hex).write(out, path);
        out.push(b']');
    }
}
