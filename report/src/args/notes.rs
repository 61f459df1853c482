//! Notes: what the kernel said of a descriptor when the call was seen.

use recording::event::{Call, Shape};

use super::Style;
use super::string::Quoting;

/// The link text, and the part that stands for it (addresses of a socket) or behind it (a device).
const LINK: u32 = 0;
const DETAIL: u32 = 1;

/// Appends `</etc/passwd>`, `<TCP:[127.0.0.1:1->127.0.0.1:80]>`, `</dev/null<char 1:3>>`, as far as asked for
/// and kept.
pub(super) fn write(out: &mut Vec<u8>, style: &Style, call: &Call<'_>, arg: u8, phase: u8, element: u32) {
    if style.notes == 0 {
        return;
    }
    let part = |part: u32| {
        let is_it = |head: &recording::event::PayloadHead| {
            head.shape == Shape::Note && head.phase == phase && head.path == element << 8 | part
        };
        call.payloads_of(arg).find(|p| is_it(&p.head)).map(|p| p.bytes)
    };
    let Some(link) = part(LINK) else { return };
    let (link, is_deleted) = match link.strip_suffix(b" (deleted)") {
        Some(path) => (path, true),
        None => (link, false),
    };
    let detail = part(DETAIL).filter(|_| style.notes > 1);
    let is_device = detail.is_some_and(|text| text.starts_with(b"char ") || text.starts_with(b"block "));
    let quoting = Quoting::note(style.hex);
    out.push(b'<');
    match detail {
        Some(detail) if !is_device => out.extend_from_slice(detail),
        _ => quoting.write(out, link),
    }
    if let Some(detail) = detail
        && is_device
    {
        out.push(b'<');
        out.extend_from_slice(detail);
        out.push(b'>');
    }
    out.push(b'>');
    if is_deleted {
        out.extend_from_slice(b"(deleted)");
    }
}
