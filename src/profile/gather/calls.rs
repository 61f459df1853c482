//! Calls: what a system call was, as far as a profile tells it.

use std::collections::HashMap;
use std::sync::Arc;

use recording::event::{self, Event, Payload, Shape, flag, note};
use recording::session::Header;
use recording::views::Descriptors;
use report::perf::timeline::Call;
use syscalls::Abi;

/// Names of calls, one text each, and what descriptors stand for.
#[derive(Debug, Default)]
pub struct Calls {
    known: HashMap<(u8, u64), Arc<str>>,
    descriptors: Option<Descriptors>,
    untold: Vec<Arc<str>>,
}

/// Calls whose first argument is a descriptor, and whose result is a number of bytes that they read, or wrote.
const READ: &[&str] =
    &["read", "pread64", "readv", "preadv", "preadv2", "recvfrom", "recvmsg", "getdents64", "getdents"];
const WRITTEN: &[&str] = &["write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg"];
/// And both, between two descriptors: which argument is the one that is read, and which the one that is written.
const MOVED: &[(&str, usize, usize)] =
    &[("sendfile", 1, 0), ("splice", 0, 2), ("tee", 0, 1), ("copy_file_range", 0, 2)];
/// Calls whose result is no number of bytes, though they move some.
const UNTOLD: &[&str] = &["recvmmsg", "sendmmsg", "io_uring_enter", "io_submit", "vmsplice", "process_vm_readv"];

impl Calls {
    /// The session begins.
    pub fn begin(&mut self, header: &Header) {
        self.descriptors = Some(Descriptors::new(header));
    }

    /// What descriptors stand for after this event.
    pub fn observe(&mut self, event: &Event<'_>) {
        if let Some(descriptors) = &mut self.descriptors {
            descriptors.observe(event);
        }
    }

    /// What a call was, once it is observed; `None` when it is no call of the program.
    pub fn call(&mut self, call: &event::Call<'_>) -> Option<Call> {
        let event = call.event;
        if event.flags() & flag::INSTRUMENTATION != 0 {
            return None;
        }
        let name = self.name(event.abi(), call.nr());
        let result = call.result();
        let left_untold = event.flags() & flag::NO_EXIT != 0;
        let failed = !left_untold && (-4095..0).contains(&result);
        let bytes = if left_untold || failed { 0 } else { u64::try_from(result).unwrap_or(0) };
        let is = |names: &[&str]| names.contains(&&*name);
        let moved = MOVED.iter().find(|(moved, ..)| *moved == &*name);
        let (reads, writes) = (is(READ), is(WRITTEN));
        if is(UNTOLD) && !self.untold.contains(&name) {
            self.untold.push(Arc::clone(&name));
        }
        let read_bytes = if reads || moved.is_some() { bytes } else { 0 };
        let written_bytes = if writes || moved.is_some() { bytes } else { 0 };
        let of = |argument: usize| {
            let descriptor = call.args().get(argument).map_or(-1, |word| *word as i32);
            let link = self.descriptors.as_ref().and_then(|known| known.link(event.task(), descriptor));
            match (link, detail(call, argument)) {
                (Some(link), Some(detail)) if link.starts_with(SOCKET) => of_socket(detail),
                (Some(link), _) => class(link, name.starts_with("getdents")),
                (None, _) => "unknown",
            }
        };
        let (class, into) = match moved {
            Some((_, from, to)) => (Some(of(*from)), Some(of(*to))),
            None => ((reads || writes).then(|| of(0)), None),
        };
        let left = if left_untold { event.at() } else { call.left() };
        Some(Call { name, entered: event.at(), left, failed, read_bytes, written_bytes, class, into })
    }

    /// Calls that were made and move bytes of which nothing is known, by name.
    pub fn untold(&self) -> Option<String> {
        let names: Vec<&str> = self.untold.iter().map(|name| &**name).collect();
        (!names.is_empty()).then(|| format!("how many bytes {} moved is not in their results", names.join(", ")))
    }

    fn name(&mut self, abi: u8, nr: u64) -> Arc<str> {
        let name = || {
            let known = Abi::from_raw(abi).and_then(|abi| syscalls::lookup(abi, nr));
            known.map_or_else(|| format!("syscall_{nr:#x}").into(), |row| Arc::from(row.name))
        };
        Arc::clone(self.known.entry((abi, nr)).or_insert_with(name))
    }
}

/// How the kernel calls a socket in /proc/PID/fd: its family is not in it.
const SOCKET: &[u8] = b"socket:[";

/// What was found out about the descriptor in this argument, beside its link.
fn detail<'e>(call: &event::Call<'e>, argument: usize) -> Option<&'e [u8]> {
    let is_it = |payload: &Payload<'_>| {
        let head = &payload.head;
        head.shape == Shape::Note && head.path == note::DETAIL && usize::from(head.arg) == argument
    };
    call.event.payloads().find(is_it).map(|payload| payload.bytes)
}

/// The class of a socket, by its protocol and addresses.
fn of_socket(detail: &[u8]) -> &'static str {
    match class(detail, false) {
        known @ ("socket-unix" | "socket-inet") => known,
        _ => "socket-other",
    }
}

/// The class of an object, by what the kernel calls it in /proc/PID/fd, or by what stands for that (proc_pid_fd(5)).
fn class(link: &[u8], is_directory: bool) -> &'static str {
    const CLASSES: &[(&[u8], &str)] = &[
        (b"pipe:[", "pipe"),
        (b"UNIX", "socket-unix"),
        (b"TCP", "socket-inet"),
        (b"UDP", "socket-inet"),
        (b"RAW", "socket-inet"),
        (b"NETLINK", "socket-other"),
        (b"PACKET", "socket-other"),
        // Of which family was not looked up.
        (SOCKET, "unknown"),
        (b"anon_inode:[event", "event"),
        (b"anon_inode:[timerfd", "event"),
        (b"anon_inode:[signalfd", "event"),
        (b"anon_inode:inotify", "event"),
        (b"/memfd:", "memory"),
        (b"/dev/shm/", "memory"),
        (b"/dev/pts/", "terminal"),
        (b"/dev/tty", "terminal"),
        (b"/dev/console", "terminal"),
        (b"/dev/", "device"),
    ];
    match CLASSES.iter().find(|(prefix, _)| link.starts_with(prefix)) {
        Some((_, class)) => class,
        None if link.starts_with(b"/") && is_directory => "directory",
        None if link.starts_with(b"/") => "file",
        None => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn objects_are_told_apart_by_their_links() {
        for (link, expected) in [
            ("/tmp/x", "file"),
            ("pipe:[123]", "pipe"),
            ("TCP:[127.0.0.1:5000->127.0.0.1:80]", "socket-inet"),
            ("UNIX-STREAM:[1->2]", "socket-unix"),
            ("anon_inode:[eventfd]", "event"),
            ("anon_inode:[pidfd]", "other"),
            ("/memfd:x (deleted)", "memory"),
            ("/dev/pts/3", "terminal"),
            ("/dev/null", "device"),
            ("socket:[7]", "unknown"),
        ] {
            assert_eq!(class(link.as_bytes(), false), expected, "{link}");
        }
        assert_eq!(class(b"/tmp", true), "directory");
    }
}
