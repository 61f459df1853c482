//! Notes: what the kernel itself said of the descriptors of a call.

use super::names;
use super::objects::Seen;
use super::tables::ObjectKind;
use crate::decode::word;
use crate::event::{ARG_NONE, Event, Shape, note};

/// Everything that was noted of one descriptor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note<'a> {
    pub arg: u8,
    /// Of what the call made, not of what it was given?
    pub made: bool,
    pub element: u32,
    pub fd: i32,
    pub link: Option<&'a [u8]>,
    pub detail: Option<&'a [u8]>,
    pub seen: Option<Seen>,
    /// What stood under a path, when the note is on one.
    pub present: Option<Seen>,
}

/// The notes of a call, one per descriptor.
pub(super) fn of<'a>(event: &Event<'a>) -> Vec<Note<'a>> {
    let mut notes: Vec<Note<'a>> = vec![];
    for payload in event.payloads().filter(|payload| payload.head.shape == Shape::Note) {
        if payload.head.path == note::RAN {
            continue;
        }
        let (arg, made) = (payload.head.arg, payload.head.phase == 1 || payload.head.arg == ARG_NONE);
        let (element, part) = (payload.head.path >> 8, payload.head.path & 0xff);
        let same = |note: &Note<'_>| (note.arg, note.made, note.element) == (arg, made, element);
        if !notes.last().is_some_and(same) {
            let fd = payload.head.addr as u32 as i32;
            notes.push(Note { arg, made, element, fd, link: None, detail: None, seen: None, present: None });
        }
        let Some(last) = notes.last_mut() else { continue };
        match part {
            note::LINK => last.link = Some(payload.bytes),
            note::DETAIL => last.detail = Some(payload.bytes),
            note::IDENTITY => last.seen = seen(payload.bytes),
            note::PRESENT => last.present = seen(payload.bytes),
            _ => {}
        }
    }
    notes
}

/// Objects without a file type (eventfd, epoll, …) share one inode: it says nothing.
fn seen(bytes: &[u8]) -> Option<Seen> {
    let seen = Seen { device: word(bytes, 0, 8)?, inode: word(bytes, 8, 8)?, mode: word(bytes, 16, 4)? as u32 };
    seen.kind().map(|_| seen)
}

impl Note<'_> {
    /// Kind and name by what the kernel calls the descriptor.
    pub fn kind(&self) -> (ObjectKind, Vec<u8>) {
        let link = self.link.unwrap_or_default();
        let (kind, name) = by_link(link);
        match (kind, self.detail) {
            (ObjectKind::OtherSocket, Some(detail)) => by_protocol(detail),
            (ObjectKind::File, Some(detail)) if is_terminal(detail) => (ObjectKind::Tty, name),
            (ObjectKind::File, detail) => {
                let device = detail.is_some_and(|detail| detail.starts_with(b"char ") || detail.starts_with(b"block "));
                let by_mode = self.seen.and_then(Seen::kind).unwrap_or(kind);
                (if device { ObjectKind::Dev } else { by_mode }, name)
            }
            _ => (kind, name),
        }
    }

    /// The process that a pidfd stands for.
    pub fn pidfd_of(&self) -> Option<u32> {
        std::str::from_utf8(self.detail?.strip_prefix(b"pid:")?).ok()?.parse().ok()
    }

    /// Local and peer address, where the detail names them.
    pub fn addresses(&self) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let Some((_, inside)) = self.detail.and_then(protocol) else { return (None, None) };
        if let Some(quote) = inside.iter().position(|byte| *byte == b'"') {
            let path = inside.get(quote + 1..).unwrap_or_default();
            return (Some(path.strip_suffix(b"\"").unwrap_or(path).to_vec()), None);
        }
        if inside.iter().all(u8::is_ascii_digit) || self.detail.is_some_and(|detail| detail.starts_with(b"UNIX")) {
            return (None, None);
        }
        match inside.windows(2).position(|two| two == b"->") {
            Some(at) => (inside.get(..at).map(<[u8]>::to_vec), inside.get(at + 2..).map(<[u8]>::to_vec)),
            None => (Some(inside.to_vec()), None),
        }
    }
}

/// What a link text of `/proc/TID/fd` says; a path may be anything with a name.
pub(super) fn by_link(link: &[u8]) -> (ObjectKind, Vec<u8>) {
    if link.starts_with(b"pipe:") {
        return (ObjectKind::Pipe, b"pipe".to_vec());
    }
    if link.starts_with(b"socket:") {
        return (ObjectKind::OtherSocket, b"socket".to_vec());
    }
    if let Some(what) = link.strip_prefix(b"anon_inode:") {
        let what = what.strip_prefix(b"[").unwrap_or(what);
        let what = what.strip_suffix(b"]").unwrap_or(what);
        return (ObjectKind::Anon, if what == b"eventpoll" { b"epoll".to_vec() } else { what.to_vec() });
    }
    if let Some(name) = link.strip_prefix(b"/memfd:") {
        return (ObjectKind::Anon, [b"memfd:", names::undeleted(name)].concat());
    }
    match link {
        b"/dev/tty" | b"/dev/console" => (ObjectKind::Tty, link.to_vec()),
        _ if link.starts_with(b"/dev/pts/") => (ObjectKind::Tty, link.to_vec()),
        _ if link.starts_with(b"/") => (ObjectKind::File, names::undeleted(link).to_vec()),
        // The link could not be read, or it is something of a kernel to come.
        _ => (ObjectKind::Anon, if link.is_empty() { b"unknown".to_vec() } else { link.to_vec() }),
    }
}

/// `TCP` and what stands in the brackets of `TCP:[…]`.
fn protocol(detail: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = detail.iter().position(|byte| *byte == b':')?;
    let (name, rest) = detail.split_at(colon);
    Some((name, rest.strip_prefix(b":[")?.strip_suffix(b"]")?))
}

fn by_protocol(detail: &[u8]) -> (ObjectKind, Vec<u8>) {
    let name = protocol(detail).map_or(&b"socket"[..], |(name, _)| name);
    let kind = match name {
        b"TCP" | b"TCPv6" => ObjectKind::Tcp,
        b"UDP" | b"UDPv6" | b"RAW" | b"RAWv6" | b"UDPLITE" | b"PING" => ObjectKind::Udp,
        _ if name.starts_with(b"UNIX") => ObjectKind::Unix,
        _ => ObjectKind::OtherSocket,
    };
    let name = match kind {
        ObjectKind::Tcp => b"tcp".to_vec(),
        ObjectKind::Udp => b"udp".to_vec(),
        ObjectKind::Unix => b"unix".to_vec(),
        _ => name.to_ascii_lowercase(),
    };
    (kind, name)
}

/// Majors of terminals (Documentation/admin-guide/devices.txt): ttys 4 and 5, ptys 136 to 143.
fn is_terminal(detail: &[u8]) -> bool {
    let major = detail.strip_prefix(b"char ").and_then(|rest| rest.split(|byte| *byte == b':').next());
    let major: Option<u32> = major.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    major.is_some_and(|major| matches!(major, 4 | 5 | 136..=143))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note<'a>(link: &'a [u8], detail: &'a [u8]) -> Note<'a> {
        let detail = Some(detail).filter(|detail| !detail.is_empty());
        Note { arg: 0, made: false, element: 0, fd: 3, link: Some(link), detail, seen: None, present: None }
    }

    #[test]
    fn the_words_of_the_kernel_say_the_kind() {
        let cases: [(&[u8], &[u8], ObjectKind, &str); 10] = [
            (b"pipe:[7]", b"", ObjectKind::Pipe, "pipe"),
            (b"socket:[7]", b"TCP:[127.0.0.1:5->127.0.0.1:80]", ObjectKind::Tcp, "tcp"),
            (b"socket:[7]", b"UNIX-STREAM:[7]", ObjectKind::Unix, "unix"),
            (b"socket:[7]", b"NETLINK:[ROUTE:7]", ObjectKind::OtherSocket, "netlink"),
            (b"anon_inode:[eventfd]", b"", ObjectKind::Anon, "eventfd"),
            (b"anon_inode:inotify", b"", ObjectKind::Anon, "inotify"),
            (b"/memfd:x (deleted)", b"", ObjectKind::Anon, "memfd:x"),
            (b"/dev/null", b"char 1:3", ObjectKind::Dev, "/dev/null"),
            (b"/dev/ttyS0", b"char 4:64", ObjectKind::Tty, "/dev/ttyS0"),
            (b"/tmp/a (deleted)", b"", ObjectKind::File, "/tmp/a"),
        ];
        for (link, detail, kind, name) in cases {
            assert_eq!(note(link, detail).kind(), (kind, name.as_bytes().to_vec()), "{name}");
        }
    }

    #[test]
    fn addresses_of_sockets() {
        let text = |detail: &str| {
            let (local, peer) = note(b"socket:[1]", detail.as_bytes()).addresses();
            [local, peer].map(|end| end.map(|end| String::from_utf8(end).unwrap()))
        };
        assert_eq!(text("TCP:[127.0.0.1:5->[::1]:80]"), [Some("127.0.0.1:5".into()), Some("[::1]:80".into())]);
        assert_eq!(text("UDP:[0.0.0.0:53]"), [Some("0.0.0.0:53".into()), None]);
        assert_eq!(text("UNIX-STREAM:[123,\"/run/x\"]"), [Some("/run/x".into()), None]);
        assert_eq!(text("UNIX-STREAM:[123->124]"), [None, None]);
        assert_eq!(text("TCP:[77]"), [None, None]);
        assert_eq!(text("TCP:["), [None, None]);
        assert_eq!(text("UNIX-STREAM:[77->78,\"/run/x\"]"), [Some("/run/x".into()), None]);
        assert_eq!(note(b"anon_inode:[pidfd]", b"pid:4711").pidfd_of(), Some(4711));
    }
}
