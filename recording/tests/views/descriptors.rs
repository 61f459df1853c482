use recording::event::{ARG_NONE, BornHow, PayloadHead, Record, Shape, State, Via, note};
use recording::session::{Header, OpenFd};
use recording::views::Descriptors;

use crate::stream::{One, Stream};

const CWD: u64 = -100i64 as u64;
const CLOEXEC: u64 = 0o2_000_000;
const CLONE_FS: u64 = 0x200;
const CLONE_FILES: u64 = 0x400;

struct Seen {
    stream: Stream,
    view: Descriptors,
}

impl Seen {
    /// Task 10 in /home/me, with a terminal on 0.
    fn new() -> Seen {
        let terminal = OpenFd {
            fd: 0,
            link: "/dev/pts/3".into(),
            kind: "char".into(),
            device: 0,
            inode: 0,
            offset: None,
            flags: 2,
        };
        let header = Header { cwd: "/home/me".into(), open_fds: vec![terminal], ..Header::default() };
        let mut seen = Seen { stream: Stream::default(), view: Descriptors::new(&header) };
        let born = seen.stream.born(10, 1, BornHow::First, 10, 0);
        seen.take(born);
        seen
    }

    fn take(&mut self, one: One) {
        self.view.observe(&one.event());
    }

    fn open(&mut self, task: u32, dir: u64, path: &str, flags: u64, fd: i64) {
        let one = self.stream.with(task, "openat", &[dir, 1, flags], fd, &[(1, Shape::Text, path.as_bytes())]);
        self.take(one);
    }

    fn call(&mut self, task: u32, name: &str, args: &[u64], result: i64) {
        let one = self.stream.call(task, name, args, result);
        self.take(one);
    }

    fn born(&mut self, task: u32, maker: u32, how: BornHow, flags: u64) {
        let one = self.stream.born(task, maker, how, task, flags);
        self.take(one);
    }

    fn exec(&mut self, task: u32, old: u32) {
        let one = self.stream.exec(task, old, "/bin/x", &["x"]);
        self.take(one);
    }

    fn link(&self, task: u32, fd: i32) -> String {
        self.view.link(task, fd).map_or("?".into(), |link| String::from_utf8(link.to_vec()).unwrap())
    }
}

#[test]
fn opens_are_joined_to_the_directory_they_began_in() {
    let mut seen = Seen::new();
    assert_eq!(seen.link(10, 0), "/dev/pts/3");
    seen.open(10, CWD, "a/./b/../c.txt", 0, 3);
    seen.open(10, CWD, "/etc//passwd", 0, 4);
    seen.open(10, CWD, "/srv", 0, 5);
    seen.open(10, 5, "data", 0, 6);
    seen.open(10, CWD, "/no/such", 0, -2);
    let links: Vec<String> = (3..8).map(|fd| seen.link(10, fd)).collect();
    assert_eq!(links, ["/home/me/a/c.txt", "/etc/passwd", "/srv", "/srv/data", "?"]);
    seen.call(10, "close", &[4], 0);
    seen.call(10, "close", &[3], -9);
    assert_eq!((seen.link(10, 4), seen.link(10, 3)), ("?".into(), "/home/me/a/c.txt".into()));
}

#[test]
fn directories_change_and_are_shared_by_threads_only() {
    let mut seen = Seen::new();
    seen.born(11, 10, BornHow::Thread, CLONE_FS | CLONE_FILES);
    seen.born(12, 10, BornHow::Fork, 17);
    let chdir = seen.stream.with(11, "chdir", &[1], 0, &[(0, Shape::Text, b"../you")]);
    seen.take(chdir);
    assert_eq!(seen.view.directory(10), Some(&b"/home/you"[..]));
    assert_eq!(seen.view.directory(12), Some(&b"/home/me"[..]));
    seen.open(10, CWD, "/srv", 0, 5);
    seen.call(10, "fchdir", &[5], 0);
    assert_eq!(seen.view.resolve(11, -100, b"x"), b"/srv/x");
    // Nobody knows where descriptor 99 leads.
    seen.call(10, "fchdir", &[99], 0);
    assert_eq!((seen.view.directory(10), seen.view.resolve(10, -100, b"x")), (None, b"x".to_vec()));
}

#[test]
fn duplicates_lead_where_the_first_leads() {
    let mut seen = Seen::new();
    seen.open(10, CWD, "/log", 0, 3);
    seen.call(10, "dup", &[3], 4);
    seen.call(10, "dup2", &[3, 1], 1);
    seen.call(10, "dup3", &[3, 2, CLOEXEC], 2);
    seen.call(10, "fcntl", &[3, 0, 10], 10);
    seen.call(10, "fcntl", &[3, 1030, 10], 11);
    for fd in [1, 2, 3, 4, 10, 11] {
        assert_eq!(seen.link(10, fd), "/log", "{fd}");
    }
    seen.exec(10, 10);
    let left: Vec<i32> = (0..12).filter(|fd| seen.link(10, *fd) == "/log").collect();
    assert_eq!(left, [1, 3, 4, 10], "what closes on exec is closed");
}

#[test]
fn exec_closes_what_was_marked_in_any_way() {
    let mut seen = Seen::new();
    seen.open(10, CWD, "/by-flag", CLOEXEC, 3);
    seen.open(10, CWD, "/by-fcntl", 0, 4);
    seen.call(10, "fcntl", &[4, 2, 1], 0);
    seen.open(10, CWD, "/unmarked", CLOEXEC, 5);
    seen.call(10, "fcntl", &[5, 2, 0], 0);
    seen.open(10, CWD, "/by-range", 0, 6);
    seen.call(10, "close_range", &[6, 6, 4], 0);
    seen.open(10, CWD, "/closed", 0, 7);
    seen.call(10, "close_range", &[7, u64::from(u32::MAX), 0], 0);
    assert_eq!(seen.link(10, 7), "?");
    seen.exec(10, 10);
    let links: Vec<String> = (3..7).map(|fd| seen.link(10, fd)).collect();
    assert_eq!(links, ["?", "?", "/unmarked", "?"]);
}

#[test]
fn forks_copy_threads_share_and_exec_parts() {
    let mut seen = Seen::new();
    seen.open(10, CWD, "/before", 0, 3);
    seen.born(11, 10, BornHow::Fork, 17);
    seen.born(12, 10, BornHow::Thread, CLONE_FS | CLONE_FILES);
    seen.born(13, 10, BornHow::Clone, CLONE_FILES);
    seen.open(10, CWD, "/after", 0, 4);
    let at_4: Vec<String> = (10..14).map(|task| seen.link(task, 4)).collect();
    assert_eq!(at_4, ["/after", "?", "/after", "/after"]);
    assert_eq!(seen.link(11, 3), "/before");
    // The clone that shared the table gets its own by exec.
    seen.exec(13, 13);
    seen.call(13, "close", &[3], 0);
    assert_eq!((seen.link(13, 3), seen.link(10, 3)), ("?".into(), "/before".into()));
    // A thread calls exec: it goes on under the leader's id with the table both had.
    let died = seen.stream.died(10, 10, false, 0);
    seen.take(died);
    seen.exec(10, 12);
    assert_eq!((seen.link(10, 4), seen.link(12, 4)), ("/after".into(), "?".into()));
}

#[test]
fn notes_of_the_kernel_win_and_those_on_tasks_do_not_count() {
    let mut seen = Seen::new();
    seen.open(10, CWD, "link-to-somewhere", 0, 3);
    let read = seen.stream.with(10, "read", &[3], 1, &[(0, Shape::Note, b"/real/place")]);
    seen.take(read);
    assert_eq!(seen.link(10, 3), "/real/place");
    let socket = seen.stream.with(10, "socket", &[1, 1, 0], 4, &[(ARG_NONE, Shape::Note, b"socket:[77]")]);
    seen.take(socket);
    assert_eq!(seen.link(10, 4), "socket:[77]");
    // What descriptor 4 was before it became a duplicate of 3.
    let dup2 = seen.stream.with(10, "dup2", &[3, 4], 4, &[(1, Shape::Note, b"socket:[77]")]);
    seen.take(dup2);
    assert_eq!(seen.link(10, 4), "/real/place");
    // Only the link text is what a descriptor is called.
    let parts: [(u8, u32, &[u8]); 3] = [(0, 0, b"/dev/null"), (0, 1, b"char 1:3"), (0, 2, &[7; 24])];
    let noted = seen.stream.noted(10, "fsync", &[3], 0, &parts);
    seen.take(noted);
    assert_eq!(seen.link(10, 3), "/dev/null");
    let kill = seen.stream.with(10, "kill", &[9, 15], 0, &[(0, Shape::Note, b"bash")]);
    seen.take(kill);
    assert_eq!(seen.link(10, 9), "?");
}

#[test]
fn of_a_note_only_the_link_text_is_a_name() {
    let mut seen = Seen::new();
    let head = |path| PayloadHead { arg: 0, phase: 0, shape: Shape::Note, status: 0, wanted: 0, addr: 3, path };
    let mut record = Record::default();
    record.begin_call(Via::Ptrace, 0, 10, 0, 1, 0, &[3, 0, 0, 0, 0, 0], 0, 0);
    record.payload(head(note::LINK), b"/dev/null");
    record.payload(head(note::DETAIL), b"char 1:3");
    record.payload(head(note::IDENTITY), &[1; 24]);
    record.finish_call(State::Done, 2, 0);
    seen.view.observe(&record.view());
    assert_eq!(seen.link(10, 3), "/dev/null");
}

#[test]
fn pairs_are_open_and_nobody_knows_more() {
    let mut seen = Seen::new();
    seen.open(10, CWD, "/old", 0, 3);
    seen.call(10, "close", &[3], 0);
    let pair = [3i32.to_le_bytes(), 4i32.to_le_bytes()].concat();
    let pipe = seen.stream.with(10, "pipe2", &[1, CLOEXEC], 0, &[(0, Shape::Struct, &pair)]);
    seen.take(pipe);
    assert_eq!(seen.link(10, 3), "?");
    // Notes on the two stand behind them.
    let pair = [5i32.to_le_bytes(), 6i32.to_le_bytes()].concat();
    seen.open(10, CWD, "/old", 0, 5);
    let note = (0, Shape::Note, &b"pipe:[1234]"[..]);
    let pipe = seen.stream.with(10, "pipe2", &[1, 0], 0, &[(0, Shape::Struct, &pair), note]);
    seen.take(pipe);
    assert_eq!(seen.link(10, 5), "?");
}
