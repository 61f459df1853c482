//! Sockets: addresses, connections, and what travels over them beside bytes.

use super::effects::{NONBLOCK, object_of};
use super::naming::Said;
use super::objects::{Lookup, New};
use super::tables::ObjectKind;
use super::world::{AT_FDCWD, Caller, Fd, World};
use super::{About, RESULT};
use crate::decode::{Endpoint, Family, passed_descriptors, word};
use crate::event::Shape;
use crate::plan::CLOEXEC;

const MSG_CMSG_CLOEXEC: u64 = 0x4000_0000;

impl World {
    /// A connection was begun, whatever became of it.
    pub fn connecting(&mut self, caller: Caller, said: &Said<'_>, about: &[About]) {
        let Some(end) = said.structure(1, 0).and_then(Endpoint::from_sockaddr) else { return };
        let text = self.address(caller, &end);
        if let Some(row) = object_of(about, 0).and_then(|object| self.object(object)) {
            row.peer = Some(text);
        }
    }

    /// Text of an address; a path in full.
    pub(super) fn address(&self, caller: Caller, end: &Endpoint) -> Vec<u8> {
        match end.text.first() {
            Some(b'@') | None => end.text.clone(),
            Some(_) if end.family == Family::Unix => self.absolute(caller.tid, AT_FDCWD, &end.text),
            Some(_) => end.text.clone(),
        }
    }

    pub(super) fn accepted(&mut self, caller: Caller, said: &Said<'_>, flags: Option<u8>, about: &mut Vec<About>) {
        let listener = object_of(about, 0).and_then(|object| self.tables.object(object));
        let (kind, name, local) = listener.map_or((ObjectKind::OtherSocket, b"socket".to_vec(), None), |row| {
            (row.kind, row.name.clone(), row.local.clone())
        });
        let object = self.objects.make(&mut self.tables, kind, &name);
        let peer = said.structure(1, 1).and_then(Endpoint::from_sockaddr).map(|end| end.text);
        if let Some(row) = self.object(object) {
            row.made_by = Some(caller.process);
            row.local = local;
            row.peer = peer.filter(|peer| !peer.is_empty());
        }
        let flags = flags.map_or(0, |at| said.word(at));
        self.result(caller, said, object, flags & NONBLOCK | 2, flags & CLOEXEC != 0, about);
    }

    /// `bind`: a UNIX socket gets a name in the file system, an internet socket an address.
    pub(super) fn bound(&mut self, caller: Caller, said: &Said<'_>, about: &mut Vec<About>) {
        let Some(end) = said.structure(1, 0).and_then(Endpoint::from_sockaddr) else { return };
        let text = self.address(caller, &end);
        let in_files = end.family == Family::Unix && text.first().is_some_and(|first| *first != b'@');
        if let Some(row) = object_of(about, 0).and_then(|object| self.object(object)) {
            row.local = Some((text.clone(), end.port == Some(0)));
        }
        if !in_files {
            return;
        }
        let how = Lookup { follow: false, answer: None, found: false };
        let (file, _) = self.objects.look(&mut self.tables, &text, how);
        self.objects.created(
            &mut self.tables,
            file,
            &text,
            New { by: caller.process, kind: ObjectKind::Unix, exclusive: true, at: caller.index },
        );
        about.push(About { arg: 1, element: 0, object: file, description: None, fd: None, path: Some(text) });
    }

    pub(super) fn told_local(&mut self, said: &Said<'_>, about: &[About]) {
        let Some(end) = said.structure(1, 1).and_then(Endpoint::from_sockaddr) else { return };
        if let Some(row) = object_of(about, 0).and_then(|object| self.object(object))
            && !end.text.is_empty()
        {
            row.bound_to(end.text);
        }
    }

    pub(super) fn told_peer(&mut self, said: &Said<'_>, arg: u8, phase: u8, about: &[About]) {
        let Some(end) = said.structure(arg, phase).and_then(Endpoint::from_sockaddr) else { return };
        if let Some(row) = object_of(about, 0).and_then(|object| self.object(object))
            && row.peer.is_none()
            && !end.text.is_empty()
        {
            row.peer = Some(end.text);
        }
    }

    /// What comes along with bytes: addresses of datagrams, descriptors.
    pub(super) fn moved_more(&mut self, caller: Caller, said: &Said<'_>, about: &mut Vec<About>) {
        match said.plan.row.map_or("", |row| row.name) {
            "sendto" => self.told_peer(said, 4, 0, about),
            "recvfrom" => self.told_peer(said, 4, 1, about),
            "sendmsg" | "sendmmsg" => self.sent_descriptors(caller, said, about),
            "recvmsg" | "recvmmsg" => self.received_descriptors(caller, said, about),
            _ => {}
        }
    }

    pub(super) fn sent_descriptors(&mut self, caller: Caller, said: &Said<'_>, about: &mut Vec<About>) {
        let Some(socket) = object_of(about, 0) else { return };
        for control in controls(said, 0) {
            let numbers = passed_descriptors(control);
            let fds: Vec<Fd> = numbers.iter().filter_map(|fd| self.fd(caller.tid, *fd)).collect();
            for (element, (fd, known)) in (0u32..).zip(numbers.iter().zip(&fds)) {
                self.push_about(1, element, *fd, *known, about);
            }
            if !fds.is_empty() {
                self.send(socket, fds);
            }
        }
    }

    pub(super) fn received_descriptors(&mut self, caller: Caller, said: &Said<'_>, about: &mut Vec<About>) {
        let Some(socket) = object_of(about, 0) else { return };
        let flags = if said.plan.row.is_some_and(|row| row.name == "recvmsg") { said.word(2) } else { said.word(3) };
        for control in controls(said, 1) {
            let numbers = passed_descriptors(control);
            let sent = if numbers.is_empty() { None } else { self.receive(socket, numbers.len()) };
            let mut sent = sent.unwrap_or_default().into_iter();
            for (element, fd) in (0u32..).zip(numbers) {
                let cloexec = flags & MSG_CMSG_CLOEXEC != 0;
                let Some(known) = self.arrived(caller, said, fd, sent.next()) else { continue };
                let known = Fd { cloexec, ..known };
                self.put_free(caller, fd, known);
                self.push_about(RESULT, element, fd, known, about);
            }
        }
    }

    /// A descriptor that came in a message: what was sent, unless the kernel says that it is another.
    pub(super) fn arrived(&mut self, caller: Caller, said: &Said<'_>, fd: i32, sent: Option<Fd>) -> Option<Fd> {
        let note = said.notes.iter().find(|note| note.made && note.fd == fd && note.present.is_none()).copied();
        let object = sent.and_then(|sent| self.tables.description(sent.description)).map(|row| row.object);
        match (object, note) {
            (Some(object), Some(note))
                if note.seen.is_some_and(|seen| !self.objects.agrees(&self.tables, object, seen)) => {}
            (Some(_), _) => return sent,
            (None, _) => {}
        }
        self.came_from_nowhere(caller, &note?)?;
        self.fd(caller.tid, fd)
    }
}

/// The control bytes of all messages of a call.
fn controls<'a>(said: &Said<'a>, phase: u8) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let is_control = |part: u32| part == 3 || (part >= 4 && part % 4 == 3);
    let payloads = said.call.payloads_of(1);
    payloads
        .filter(move |p| p.head.phase == phase && p.head.shape == Shape::Struct && is_control(p.head.path >> 16))
        .map(|payload| payload.bytes)
}

/// Kind and name of a socket by its family and type (socket(2)).
pub(super) fn kind(family: u64, kind: u64) -> (ObjectKind, &'static [u8]) {
    match (family & 0xffff_ffff, kind & 0xf) {
        (1, _) => (ObjectKind::Unix, b"unix"),
        (2 | 10, 1) => (ObjectKind::Tcp, b"tcp"),
        (2 | 10, _) => (ObjectKind::Udp, b"udp"),
        (16, _) => (ObjectKind::OtherSocket, b"netlink"),
        (17, _) => (ObjectKind::OtherSocket, b"packet"),
        (40, _) => (ObjectKind::OtherSocket, b"vsock"),
        _ => (ObjectKind::OtherSocket, b"socket"),
    }
}

/// SO_ERROR as `getsockopt` told it (socket(7)): the outcome of a connection.
pub(super) fn socket_error(said: &Said<'_>) -> Option<u16> {
    const SOL_SOCKET: u64 = 1;
    const SO_ERROR: u64 = 4;
    let asked = said.plan.row.is_some_and(|row| row.name == "getsockopt")
        && said.word(1) as u32 as u64 == SOL_SOCKET
        && said.word(2) as u32 as u64 == SO_ERROR;
    let value = said.structure(3, 1).filter(|_| asked && said.ok)?;
    Some(word(value, 0, 4)? as u16)
}
