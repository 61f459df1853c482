//! Lines of strace 6.1 for calls whose words and memory are known, kind by kind.

use recording::event::{ARG_NONE, CALL, PayloadHead, Record, Shape, State, Via, flag, status};
use syscalls::Abi;

use super::*;

/// A call under construction.
struct Made {
    record: Record,
    abi: Abi,
}

/// The call of this name. Words that are not given are 0.
fn call(name: &str, words: &[u64], result: i64) -> Made {
    call_of(Abi::X86_64, name, words, result)
}

fn call_of(abi: Abi, name: &str, words: &[u64], result: i64) -> Made {
    let nr = (0..600).find(|nr| syscalls::lookup(abi, *nr).is_some_and(|row| row.name == name));
    let mut record = Record::with_capacity(CALL);
    let args = std::array::from_fn(|i| words.get(i).copied().unwrap_or(0));
    record.begin_call(Via::Ptrace, abi as u8, 1, 0, 1, nr.expect("a name of this ABI"), &args, 0, 0);
    record.finish_call(State::Done, 2, result);
    Made { record, abi }
}

impl Made {
    fn payload(mut self, arg: u8, phase: u8, shape: Shape, path: u32, bytes: &[u8]) -> Made {
        let head = PayloadHead { arg, phase, shape, status: 0, wanted: bytes.len() as u64, addr: 0, path };
        self.record.payload(head, bytes);
        self
    }

    fn cut(mut self, arg: u8, phase: u8, shape: Shape, wanted: u64, bytes: &[u8]) -> Made {
        let head = PayloadHead { arg, phase, shape, status: status::CLIPPED, wanted, addr: 0, path: 0 };
        self.record.payload(head, bytes);
        self
    }

    fn text(self, arg: u8, text: &str) -> Made {
        self.payload(arg, 0, Shape::Text, 0, text.as_bytes())
    }

    /// A structure before the call.
    fn given(self, arg: u8, words: &[Bytes<'_>]) -> Made {
        self.payload(arg, 0, Shape::Struct, 0, &joined(words))
    }

    /// A structure after the call.
    fn got(self, arg: u8, words: &[Bytes<'_>]) -> Made {
        self.payload(arg, 1, Shape::Struct, 0, &joined(words))
    }

    fn style(&self, style: &Style) -> String {
        let mut out = Vec::new();
        let view = self.record.view();
        let call = view.call().expect("a call");
        write_list(&mut out, style, &call, self.abi);
        let bare = out.len();
        out.extend_from_slice(b" | ");
        let note = out.len();
        write_result_note(&mut out, style, &call, self.abi);
        if out.len() == note {
            out.truncate(bare);
        }
        String::from_utf8(out).expect("ASCII")
    }

    /// The arguments, and behind a bar what belongs behind the result.
    fn line(&self) -> String {
        self.style(&Style::new(Some(32), false))
    }

    fn verbose(&self) -> String {
        let style = Style { zone: jiff::tz::TimeZone::UTC, ..Style::new(Some(32), true) };
        self.style(&style)
    }

    /// What is known at entry.
    fn entered(&self) -> String {
        let mut out = Vec::new();
        let view = self.record.view();
        let end = write_list(&mut out, &Style::new(Some(32), false), &view.call().expect("a call"), self.abi);
        out.truncate(end);
        String::from_utf8(out).expect("ASCII")
    }
}

/// A field of a structure under construction.
#[derive(Clone, Copy)]
enum Bytes<'a> {
    Two(u16),
    Four(u32),
    Eight(u64),
    Zeros(usize),
    Raw(&'a [u8]),
}
use Bytes::{Eight, Four, Raw, Two, Zeros};

fn joined(words: &[Bytes<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in words {
        match word {
            Two(value) => out.extend_from_slice(&value.to_le_bytes()),
            Four(value) => out.extend_from_slice(&value.to_le_bytes()),
            Eight(value) => out.extend_from_slice(&value.to_le_bytes()),
            Zeros(count) => out.resize(out.len() + count, 0),
            Raw(bytes) => out.extend_from_slice(bytes),
        }
    }
    out
}

const AT_FDCWD: u64 = -100i64 as u64;
const ENOENT: i64 = -2;

#[test]
fn opening_shows_the_mode_only_where_a_file_is_made() {
    let path = "/tmp/a\u{1}";
    let plain = call("openat", &[AT_FDCWD, 0x7f00, 0x80000, 0o644], 3).text(1, path);
    assert_eq!(plain.line(), r#"AT_FDCWD, "/tmp/a\1", O_RDONLY|O_CLOEXEC"#);
    let made = call("openat", &[AT_FDCWD, 0x7f00, 0x2 | 0x40 | 0x80 | 0x101000 | 0x80000, 0o644], 3).text(1, path);
    assert_eq!(made.line(), r#"AT_FDCWD, "/tmp/a\1", O_RDWR|O_CREAT|O_EXCL|O_SYNC|O_CLOEXEC, 0644"#);
    let how = call("openat2", &[AT_FDCWD, 0x7f00, 0x7f10, 24], ENOENT)
        .text(1, "x")
        .given(2, &[Eight(0x80000), Eight(0), Eight(8)]);
    assert_eq!(how.line(), r#"AT_FDCWD, "x", {flags=O_RDONLY|O_CLOEXEC, resolve=RESOLVE_BENEATH}, 24"#);
    let longer = call("openat2", &[AT_FDCWD, 0x7f00, 0x7f10, 32], ENOENT)
        .text(1, "x")
        .given(2, &[Eight(0x80000), Eight(0), Eight(8), Eight(1)]);
    assert_eq!(
        longer.line(),
        r#"AT_FDCWD, "x", {flags=O_RDONLY|O_CLOEXEC, resolve=RESOLVE_BENEATH, /* bytes 24..31 */ "\x01\x00\x00\x00\x00\x00\x00\x00"}, 32"#
    );
}

#[test]
fn data_is_cut_at_the_limit_and_says_so() {
    let text = b"01234567890123456789012345678901";
    let write = call("write", &[3, 0x7f00, 40], 40).cut(1, 0, Shape::Bytes, 40, text);
    assert_eq!(write.line(), r#"3, "01234567890123456789012345678901"..., 40"#);
    let read = call("read", &[3, 0x7f00, 832], 5).payload(1, 1, Shape::Bytes, 0, b"hello");
    assert_eq!(read.line(), r#"3, "hello", 832"#);
    assert_eq!(read.entered(), "3, ");
    assert_eq!(call("read", &[3, 0x8, 5], -14).line(), "3, 0x8, 5");
    assert_eq!(call("write", &[3, 0x1, 5], -14).line(), "3, 0x1, 5");
    let random = call("getrandom", &[0x7f00, 2, 1], 2).payload(0, 1, Shape::Bytes, 0, b"ab");
    assert_eq!(random.line(), r#""\x61\x62", 2, GRND_NONBLOCK"#);
}

#[test]
fn what_was_not_kept_is_an_address() {
    assert_eq!(call("openat", &[AT_FDCWD, 0x7f00, 0], ENOENT).line(), "AT_FDCWD, 0x7f00, O_RDONLY");
    assert_eq!(call("newfstatat", &[3, 0, 0x7f10], 0).line(), "3, NULL, 0x7f10, 0");
    let cut = call("fstat", &[3, 0x7f10], 0).cut(1, 1, Shape::Struct, 144, &[0; 100]);
    assert_eq!(cut.line(), "3, 0x7f10");
    let none = call_of(Abi::I386, "nanosleep", &[0x7f10, 0], 0);
    assert_eq!(none.line(), "0x7f10, NULL");
    let mut unread = call("wait4", &[u64::MAX, 0x7f10], 9);
    unread.record.add_flags(flag::FAULTED);
    assert_eq!(unread.line(), "-1, 0x7f10, 0, NULL");
}

fn stat(mode: u32, device: u64, size: u64) -> Vec<u8> {
    joined(&[
        Eight(0x801),
        Eight(7),
        Eight(1),
        Four(mode),
        Four(1000),
        Four(1000),
        Four(0),
        Eight(device),
        Eight(size),
        Eight(4096),
        Eight(8),
        Eight(1_700_000_000),
        Eight(5),
        Eight(1_700_000_000),
        Eight(0),
        Eight(1_700_000_001),
        Eight(0),
        Zeros(24),
    ])
}

#[test]
fn files_show_mode_and_size_or_device() {
    let of = |bytes: &[u8]| call("fstat", &[3, 0x7f10], 0).payload(1, 1, Shape::Struct, 0, bytes);
    assert_eq!(of(&stat(0o100_644, 0, 90)).line(), "3, {st_mode=S_IFREG|0644, st_size=90, ...}");
    assert_eq!(of(&stat(0o020_666, 0x103, 0)).line(), "3, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}");
    assert_eq!(of(&stat(0o041_777, 0, 4096)).line(), "3, {st_mode=S_IFDIR|S_ISVTX|0777, st_size=4096, ...}");
    assert_eq!(
        of(&stat(0o100_644, 0, 90)).verbose(),
        "3, {st_dev=makedev(0x8, 0x1), st_ino=7, st_mode=S_IFREG|0644, st_nlink=1, st_uid=1000, st_gid=1000, \
         st_blksize=4096, st_blocks=8, st_size=90, st_atime=1700000000 /* 2023-11-14T22:13:20.000000005+0000 */, \
         st_atime_nsec=5, st_mtime=1700000000 /* 2023-11-14T22:13:20+0000 */, st_mtime_nsec=0, \
         st_ctime=1700000001 /* 2023-11-14T22:13:21+0000 */, st_ctime_nsec=0}"
    );
    let node = call("mknodat", &[AT_FDCWD, 0x7f00, 0o010_600, 0], 0).text(1, "/tmp/f");
    assert_eq!(node.line(), r#"AT_FDCWD, "/tmp/f", S_IFIFO|0600"#);
    let node = call("mknodat", &[AT_FDCWD, 0x7f00, 0o020_600, 0x103], 0).text(1, "/tmp/g");
    assert_eq!(node.line(), r#"AT_FDCWD, "/tmp/g", S_IFCHR|0600, makedev(0x1, 0x3)"#);
    assert_eq!(call("mkdir", &[0x7f00, 0], 0).text(0, "w").line(), r#""w", 000"#);
    let whole = call("mknodat", &[AT_FDCWD, 0x7f00, 0o060_600, 0xfe00], 0).text(1, "/tmp/h");
    assert_eq!(whole.line(), r#"AT_FDCWD, "/tmp/h", S_IFBLK|0600, makedev(0xfe, 0)"#);
    assert_eq!(call("chmod", &[0x7f00, 0o4755], 0).text(0, "w").line(), r#""w", 04755"#);
}

#[test]
fn names_are_cut_like_data_and_paths_are_not() {
    let long = "/a/path/that/is/longer/than/the/limit/of/strings";
    assert_eq!(call("chdir", &[0x7f00], 0).text(0, long).line(), format!("{long:?}"));
    let name = call("memfd_create", &[0x7f00, 1], 3).text(0, long);
    assert_eq!(name.line(), r#""/a/path/that/is/longer/than/the/"..., MFD_CLOEXEC"#);
    let link = call("readlink", &[0x7f00, 0x7f10, 99], long.len() as i64).text(0, "l").payload(
        1,
        1,
        Shape::Bytes,
        0,
        long.as_bytes(),
    );
    assert_eq!(link.line(), r#""l", "/a/path/that/is/longer/than/the/"..., 99"#);
}

#[test]
fn directory_entries_are_counted() {
    let entry = |name: &[u8]| joined(&[Eight(5), Eight(1), Two(24), Raw(&[4]), Raw(name), Zeros(5 - name.len())]);
    let both = [entry(b"."), entry(b"..")].concat();
    let dents = call("getdents64", &[4, 0x7f10, 4096], 48).payload(1, 1, Shape::Struct, 0, &both);
    assert_eq!(dents.line(), "4, 0x7f10 /* 2 entries */, 4096");
    assert_eq!(
        dents.verbose(),
        r#"4, [{d_ino=5, d_off=1, d_reclen=24, d_type=DT_DIR, d_name="."}, {d_ino=5, d_off=1, d_reclen=24, d_type=DT_DIR, d_name=".."}], 4096"#
    );
    let cut = call("getdents64", &[4, 0x7f10, 4096], 96).cut(1, 1, Shape::Struct, 96, &both);
    assert_eq!(cut.line(), "4, 0x7f10, 4096");
}

#[test]
fn file_times_have_dates() {
    let times = call("utimensat", &[AT_FDCWD, 0x7f00, 0x7f10], 0)
        .text(1, "w")
        .given(2, &[Eight(1_700_000_000), Eight(5), Eight(0), Eight(0x3fff_fffe)]);
    assert_eq!(
        times.verbose(),
        r#"AT_FDCWD, "w", [{tv_sec=1700000000, tv_nsec=5} /* 2023-11-14T22:13:20.000000005+0000 */, UTIME_OMIT], 0"#
    );
}

#[test]
fn vectors_show_what_moved() {
    let vector = joined(&[Eight(0x100), Eight(3), Eight(0x200), Eight(10)]);
    let writev = call("writev", &[3, 0x7f10, 2], 7)
        .payload(1, 0, Shape::Vector, 0, &vector)
        .payload(1, 0, Shape::Element, 0, b"abc")
        .payload(1, 0, Shape::Element, 1, b"defg");
    assert_eq!(writev.line(), r#"3, [{iov_base="abc", iov_len=3}, {iov_base="defg", iov_len=10}], 2"#);
    let readv = call("readv", &[3, 0x7f10, 2], 3).payload(1, 1, Shape::Vector, 0, &vector).payload(
        1,
        1,
        Shape::Element,
        0,
        b"abc",
    );
    assert_eq!(readv.line(), r#"3, [{iov_base="abc", iov_len=3}, {iov_base="", iov_len=10}], 2"#);
    assert_eq!(readv.entered(), "3, ");
}

#[test]
fn a_program_shows_its_arguments_and_counts_its_environment() {
    let mut exec = call("execve", &[0x7f00, 0x7f10, 0x7f20], 0).text(0, "/bin/ls");
    let vector = joined(&[Eight(0x100), Eight(0x200)]);
    let head =
        |wanted, status| PayloadHead { arg: 1, phase: 0, shape: Shape::Vector, status, wanted, addr: 0, path: 0 };
    exec.record.payload(head(2, 0), &vector);
    let mut exec = exec.payload(1, 0, Shape::Element, 0, b"ls").payload(1, 0, Shape::Element, 1, b"-l\n");
    exec.record.payload(PayloadHead { arg: 2, ..head(39, status::NOT_READ) }, &[]);
    assert_eq!(exec.line(), r#""/bin/ls", ["ls", "-l\n"], 0x7f20 /* 39 vars */"#);
}

#[test]
fn waiting_tells_what_became_of_a_child() {
    let wait = |status: u32| call("wait4", &[u64::MAX, 0x7f10, 2], 9).got(1, &[Four(status)]).line();
    assert_eq!(wait(0x300), "-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], WSTOPPED, NULL");
    assert_eq!(wait(9), "-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], WSTOPPED, NULL");
    assert_eq!(wait(0x8b), "-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], WSTOPPED, NULL");
    assert_eq!(wait(0x137f), "-1, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}], WSTOPPED, NULL");
    assert_eq!(wait(0xffff), "-1, [{WIFCONTINUED(s)}], WSTOPPED, NULL");
    let nobody = call("wait4", &[u64::MAX, 0x7f10, 1], 0).got(1, &[Four(0)]);
    assert_eq!(nobody.line(), "-1, 0x7f10, WNOHANG, NULL");
    assert_eq!(nobody.entered(), "-1, ");
}

#[test]
fn births_show_the_stack_first() {
    let flags = 0x0120_0000 | 17;
    let clone = call("clone", &[flags, 0, 0, 0x7f10, 0], 9);
    assert_eq!(
        clone.line(),
        "child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f10"
    );
    assert_eq!(clone.entered(), "child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD");
    let args = [
        Eight(0x3d0f00),
        Eight(0x10),
        Eight(0x20),
        Eight(0x30),
        Eight(0),
        Eight(0x40),
        Eight(0x8000),
        Eight(0x50),
        Zeros(24),
    ];
    let clone3 = call("clone3", &[0x7f10, 88], 9).given(0, &args).payload(0, 1, Shape::Struct, 1 << 16, &[9, 0, 0, 0]);
    assert_eq!(
        clone3.line(),
        "{flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|\
         CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, child_tid=0x20, parent_tid=0x30, exit_signal=0, stack=0x40, \
         stack_size=0x8000, tls=0x50} => {parent_tid=[9]}, 88"
    );
}

#[test]
fn signals_show_sets_actions_and_senders() {
    let set = |bits: u64| call("rt_sigprocmask", &[0, 0x7f10, 0, 8], 0).given(1, &[Eight(bits)]).line();
    assert_eq!(set(1 << 1 | 1 << 16), "SIG_BLOCK, [INT CHLD], NULL, 8");
    assert_eq!(set(!0), "SIG_BLOCK, ~[], NULL, 8");
    assert_eq!(set(!(3 << 31)), "SIG_BLOCK, ~[RTMIN RT_1], NULL, 8");
    let action = call("rt_sigaction", &[10, 0x7f10, 0, 8], 0)
        .given(1, &[Eight(0x401665), Eight(0x1400_0000), Eight(0x40b330), Eight(1 << 33)]);
    assert_eq!(
        action.line(),
        "SIGUSR1, {sa_handler=0x401665, sa_mask=[RT_2], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x40b330}, NULL, 8"
    );
    assert_eq!(call("kill", &[-5i64 as u64, 37], 0).line(), "-5, SIGRT_5");
    let frame = call("rt_sigreturn", &[], 0).payload(ARG_NONE, 0, Shape::Struct, 0, &[0, 0, 1, 0, 0, 0, 0, 0]);
    assert_eq!(frame.line(), "{mask=[CHLD]}");
}

#[test]
fn siginfo_tells_what_its_code_allows() {
    let text = |words: &[Bytes<'_>]| {
        let mut bytes = joined(words);
        bytes.resize(128, 0);
        let mut out = Vec::new();
        write_siginfo(&mut out, &Style::new(None, false), &bytes);
        String::from_utf8(out).expect("ASCII")
    };
    assert_eq!(
        text(&[Four(17), Four(0), Four(1), Four(0), Four(9), Four(0), Four(3), Four(0), Eight(0), Eight(2)]),
        "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9, si_uid=0, si_status=3, si_utime=0, si_stime=2 /* 0.02 s */}"
    );
    assert_eq!(
        text(&[Four(17), Four(0), Four(2), Four(0), Four(9), Four(0), Four(9)]),
        "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=9, si_uid=0, si_status=SIGKILL, si_utime=0, si_stime=0}"
    );
    assert_eq!(
        text(&[Four(11), Four(0), Four(1), Four(0), Eight(0)]),
        "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL}"
    );
    assert_eq!(
        text(&[Four(10), Four(0), Four(0), Four(0), Four(7), Four(0)]),
        "{si_signo=SIGUSR1, si_code=SI_USER, si_pid=7, si_uid=0}"
    );
    assert_eq!(
        text(&[Four(10), Four(0), Four(-1i32 as u32), Four(0), Four(7), Four(0), Eight(5)]),
        "{si_signo=SIGUSR1, si_code=SI_QUEUE, si_pid=7, si_uid=0, si_int=5, si_ptr=0x5}"
    );
}

#[test]
fn polling_tells_what_was_ready_behind_the_result() {
    let asked = [Four(6), Two(1), Two(0), Four(7), Two(12), Two(0), Four(u32::MAX), Two(1), Two(0)];
    let found = [Four(6), Two(1), Two(0), Four(7), Two(12), Two(4), Four(u32::MAX), Two(1), Two(0)];
    let poll = call("poll", &[0x7f10, 3, 10], 1).given(0, &asked).got(0, &found);
    let line = "[{fd=6, events=POLLIN}, {fd=7, events=POLLOUT|POLLERR}, {fd=-1}], 3, 10";
    assert_eq!(poll.line(), format!("{line} | [{{fd=7, revents=POLLOUT}}]"));
    assert_eq!(poll.entered(), line);
    let none = call("poll", &[0x7f10, 1, 0], 0).given(0, &asked[..3]).got(0, &asked[..3]);
    assert_eq!(none.line(), "[{fd=6, events=POLLIN}], 1, 0 | Timeout");
    let time = [Eight(1), Eight(5)];
    let select = call("select", &[10, 0x10, 0x20, 0, 0x30], 1)
        .given(1, &[Eight(64)])
        .given(2, &[Eight(128)])
        .given(4, &time)
        .got(1, &[Eight(0)])
        .got(2, &[Eight(128)])
        .got(4, &[Eight(1), Eight(3)]);
    assert_eq!(select.line(), "10, [6], [7], NULL, {tv_sec=1, tv_usec=5} | out [7], left {tv_sec=1, tv_usec=3}");
    let epoll = call("epoll_wait", &[9, 0x7f10, 8, u64::MAX], 1).got(1, &[Four(4), Eight(0x1_0000_0007)]);
    assert_eq!(epoll.line(), "9, [{events=EPOLLOUT, data={u32=7, u64=4294967303}}], 8, -1");
}

#[test]
fn socket_addresses_of_every_family() {
    let connect = |bytes: &[u8]| {
        call("connect", &[3, 0x7f10, bytes.len() as u64], 0).payload(1, 0, Shape::Struct, 0, bytes).line()
    };
    assert_eq!(
        connect(&joined(&[Two(2), Raw(&[0, 80, 127, 0, 0, 1]), Zeros(8)])),
        r#"3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16"#
    );
    assert_eq!(
        connect(&joined(&[Two(10), Raw(&[0, 53, 0, 0, 0, 5]), Zeros(15), Raw(&[1]), Four(0)])),
        r#"3, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(5), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28"#
    );
    assert_eq!(connect(&joined(&[Two(1), Raw(b"/tmp/s\0x")])), r#"3, {sa_family=AF_UNIX, sun_path="/tmp/s"}, 10"#);
    assert_eq!(connect(&joined(&[Two(1), Raw(b"\0abs")])), r#"3, {sa_family=AF_UNIX, sun_path=@"abs"}, 6"#);
    assert_eq!(connect(&joined(&[Two(1)])), "3, {sa_family=AF_UNIX}, 2");
    assert_eq!(
        connect(&joined(&[Two(16), Two(0), Four(0), Four(1)])),
        "3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=0x000001}, 12"
    );
    assert_eq!(connect(&joined(&[Two(10), Raw(b"\x005")])), r#"3, {sa_family=AF_INET6, sa_data="\0005"}, 4"#);
    let name = call("getsockname", &[3, 0x7f10, 0x7f20], 0).given(2, &[Four(110)]).got(1, &[Two(1)]).got(2, &[Four(2)]);
    assert_eq!(name.line(), "3, {sa_family=AF_UNIX}, [110 => 2]");
    assert_eq!(name.entered(), "3, ");
}

#[test]
fn sockets_and_their_options() {
    assert_eq!(
        call("socket", &[2, 0x80801, 6], 3).line(),
        "AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_TCP"
    );
    assert_eq!(call("socket", &[1, 1, 0], 3).line(), "AF_UNIX, SOCK_STREAM, 0");
    assert_eq!(call("socket", &[16, 3, 0], 3).line(), "AF_NETLINK, SOCK_RAW, NETLINK_ROUTE");
    assert_eq!(call("socket", &[17, 3, 0x300], 3).line(), "AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)");
    let error =
        call("getsockopt", &[3, 1, 4, 0x7f10, 0x7f20], 0).given(4, &[Four(4)]).got(3, &[Four(111)]).got(4, &[Four(4)]);
    assert_eq!(error.line(), "3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]");
    let linger = call("setsockopt", &[3, 1, 13, 0x7f10, 8], 0).given(3, &[Four(1), Four(2)]);
    assert_eq!(linger.line(), "3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=2}, 8");
    let unknown = call("setsockopt", &[3, 77, 5, 0x7f10, 4], -92).given(3, &[Four(111)]);
    assert_eq!(unknown.line(), "3, 0x4d /* SOL_?? */, 5, [111], 4");
}

#[test]
fn messages_show_their_parts() {
    let header = joined(&[Eight(0), Eight(0), Eight(0x100), Eight(1), Eight(0x200), Eight(24), Eight(0)]);
    let message = call("sendmsg", &[3, 0x7f10, 0x4000], 3)
        .payload(1, 0, Shape::Struct, 0, &header)
        .payload(1, 0, Shape::Vector, 2 << 16, &joined(&[Eight(0x300), Eight(3)]))
        .payload(1, 0, Shape::Element, 2 << 16, b"abc")
        .payload(1, 0, Shape::Struct, 3 << 16, &joined(&[Eight(24), Four(1), Four(1), Four(0), Four(2)]));
    assert_eq!(
        message.line(),
        r#"3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="abc", iov_len=3}], msg_iovlen=1, msg_control=[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[0, 2]}], msg_controllen=24, msg_flags=0}, MSG_NOSIGNAL"#
    );
    let none = call("recvmsg", &[3, 0x7f10, 64], -11).payload(1, 0, Shape::Struct, 0, &header);
    assert_eq!(none.line(), "3, {msg_namelen=0}, MSG_DONTWAIT");
}

#[test]
fn control_messages_of_a_hostile_length_end() {
    let header = joined(&[Zeros(32), Eight(0x200), Eight(40), Eight(0)]);
    for length in [0, 1, 15, u64::MAX, 1 << 40] {
        let control = joined(&[Eight(length), Four(1), Four(1), Four(0), Four(2), Zeros(16)]);
        let message = call("sendmsg", &[3, 0x7f10, 0], 3).payload(1, 0, Shape::Struct, 0, &header).payload(
            1,
            0,
            Shape::Struct,
            3 << 16,
            &control,
        );
        assert!(message.line().contains("cmsg_type=SCM_RIGHTS"), "{}", message.line());
    }
}

#[test]
fn maps_limits_and_locks() {
    assert_eq!(
        call("mmap", &[0, 8192, 3, 0x22, u64::MAX, 0], 0x7f00).line(),
        "NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0"
    );
    assert_eq!(
        call("mmap", &[0, 1 << 21, 3, 0x40022 | 21 << 26, 0xffff_ffff, 0], 0x7f00).line(),
        "NULL, 2097152, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0"
    );
    assert_eq!(call("mremap", &[0x1000, 1, 2, 1, 5], -22).line(), "0x1000, 1, 2, MREMAP_MAYMOVE");
    assert_eq!(call("mremap", &[0x1000, 1, 2, 3, 5], -22).line(), "0x1000, 1, 2, MREMAP_MAYMOVE|MREMAP_FIXED, 0x5");
    let limit = call("prlimit64", &[0, 3, 0, 0x7f10], 0).got(3, &[Eight(8192 * 1024), Eight(u64::MAX)]);
    assert_eq!(limit.line(), "0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}");
    let lock = [Two(1), Two(0), Four(0), Eight(0), Eight(10), Eight(0)];
    assert_eq!(
        call("fcntl", &[3, 6, 0x7f10], 0).given(2, &lock).line(),
        "3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=10}"
    );
    assert_eq!(call("fcntl", &[3, 3], 0x109002).line(), "3, F_GETFL | flags O_RDWR|O_SYNC|O_LARGEFILE");
    assert_eq!(call("fcntl", &[3, 1], 1).line(), "3, F_GETFD | flags FD_CLOEXEC");
    assert_eq!(call("fcntl", &[3, 99, 1], -22).line(), "3, 0x63 /* F_??? */, 0x1");
}

#[test]
fn futexes_by_operation() {
    assert_eq!(call("futex", &[0x7f10, 129, 1, 0, 0, 0], 0).line(), "0x7f10, FUTEX_WAKE_PRIVATE, 1");
    assert_eq!(call("futex", &[0x7f10, 128, 2, 0, 0, 0], 0).line(), "0x7f10, FUTEX_WAIT_PRIVATE, 2, NULL");
    assert_eq!(
        call("futex", &[0x7f10, 9 | 128 | 256, 99, 0, 0, 0xffff_ffff], -11).line(),
        "0x7f10, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 99, NULL, FUTEX_BITSET_MATCH_ANY"
    );
    assert_eq!(
        call("futex", &[0x7f10, 133, 1, 1, 0x7f18, 0x400_0001], 0).line(),
        "0x7f10, FUTEX_WAKE_OP_PRIVATE, 1, 1, 0x7f18, FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_GT<<24|0x1"
    );
}

#[test]
fn terminals_and_unknown_requests() {
    let modes = [Four(0o2400), Four(5), Four(0o277), Four(0o105_073), Zeros(20)];
    let get = call("ioctl", &[0, 0x5401, 0x7f10], 0).got(2, &modes);
    assert_eq!(
        get.line(),
        "0, TCGETS, {c_iflag=ICRNL|IXON, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR, c_cflag=B38400|CS8|CREAD, \
         c_lflag=ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE, ...}"
    );
    assert!(get.verbose().ends_with(
        "ECHOKE, c_line=N_TTY, c_cc=[[VINTR]=0, [VQUIT]=0, [VERASE]=0, [VKILL]=0, \
         [VEOF]=0, [VTIME]=0, [VMIN]=0, [VSWTC]=0, [VSTART]=0, [VSTOP]=0, [VSUSP]=0, [VEOL]=0, [VREPRINT]=0, \
         [VDISCARD]=0, [VWERASE]=0, [VLNEXT]=0, [VEOL2]=0, [17]=0, [18]=0]}"
    ));
    assert_eq!(call("ioctl", &[3, 0x1234_5678, 5], -25).line(), "3, _IOC(_IOC_NONE, 0x56, 0x78, 0x1234), 0x5");
    assert_eq!(call("ioctl", &[3, 0x9234_5678, 0], -25).line(), "3, _IOC(_IOC_READ, 0x56, 0x78, 0x1234), 0");
}

#[test]
fn capabilities_are_sets_of_two_halves() {
    let header = [Four(0x2008_0522), Four(0)];
    let data = [Four(3), Four(1), Four(0), Four(1 << 8), Four(0), Four(0)];
    let get = call("capget", &[0x7f10, 0x7f20], 0).given(0, &header).got(0, &header).got(1, &data);
    assert_eq!(
        get.line(),
        "{version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN|1<<CAP_DAC_OVERRIDE|1<<CAP_CHECKPOINT_RESTORE, \
         permitted=1<<CAP_CHOWN, inheritable=0}"
    );
}

#[test]
fn forms_of_single_calls() {
    let times = call("times", &[0x7f00], 99).got(0, &[Eight(12), Eight(0), Eight(345), Eight(0)]);
    assert_eq!(times.line(), "{tms_utime=12 /* 0.12 s */, tms_stime=0, tms_cutime=345 /* 3.45 s */, tms_cstime=0}");
    let sent = call("sendfile", &[4, 3, 0x7f00, 10], 7).given(2, &[Eight(0)]).got(2, &[Eight(7)]);
    assert_eq!(sent.line(), "4, 3, [0] => [7], 10");
    let failed = call("sendfile", &[4, 3, 0x7f00, 10], -9).given(2, &[Eight(5)]);
    assert_eq!(failed.line(), "4, 3, [5], 10");
    assert_eq!(call("sendfile", &[4, 3, 0, 10], 7).line(), "4, 3, NULL, 10");
    assert_eq!(call("syslog", &[10, 0, 0], 4096).line(), "10 /* SYSLOG_ACTION_SIZE_BUFFER */");
    let deleted = call("epoll_ctl", &[4, 2, 3, 0x7f00], 0).given(3, &[Four(1), Four(7), Four(0)]);
    assert_eq!(deleted.line(), "4, EPOLL_CTL_DEL, 3, 0x7f00");
    let version = call("landlock_create_ruleset", &[0, 0, 1], 7);
    assert_eq!(version.line(), "NULL, 0, LANDLOCK_CREATE_RULESET_VERSION");
    let waited = call("rt_sigtimedwait", &[0x7f00, 0, 0, 8], 10).given(0, &[Eight(1 << 9)]);
    assert_eq!(waited.line(), "[USR1], NULL, NULL, 8 | SIGUSR1");
}

#[test]
fn an_unknown_number_is_six_words() {
    let mut made = call("read", &[1, 2, 3, 4, 5, 6], -38);
    made.record.put_u64(40, 500);
    assert_eq!(made.line(), "0x1, 0x2, 0x3, 0x4, 0x5, 0x6");
}

#[test]
fn notes_stand_behind_descriptors() {
    let style = Style { notes: crate::text::Notes::ALL, ..Style::new(Some(32), false) };
    let made =
        call("dup", &[3], 4).payload(0, 0, Shape::Note, 0, b"/dev/null").payload(0, 0, Shape::Note, 1, b"char 1:3");
    assert_eq!(made.style(&style), "3</dev/null<char 1:3>>");
    assert_eq!(made.line(), "3");
    let made = call("dup", &[3], 4).payload(0, 0, Shape::Note, 0, b"socket:[1]").payload(
        0,
        0,
        Shape::Note,
        1,
        b"TCP:[127.0.0.1:1->127.0.0.1:80]",
    );
    assert_eq!(made.style(&style), "3<TCP:[127.0.0.1:1->127.0.0.1:80]>");
    let made = call("dup", &[3], 4).payload(0, 0, Shape::Note, 0, b"/memfd:mf (deleted)");
    assert_eq!(made.style(&style), "3</memfd:mf>(deleted)");
    let mut out = Vec::new();
    let made = call("dup", &[3], 4).payload(ARG_NONE, 1, Shape::Note, 0, b"/a>\n");
    write_fd_result(&mut out, &style, &made.record.view().call().expect("a call"));
    assert_eq!(out, br"4</a\76\n>");
}

#[test]
fn the_path_of_a_socket_is_the_targets_own() {
    let style = Style { notes: crate::text::Notes::ALL, ..Style::new(Some(32), false) };
    let noted = |detail: &[u8]| {
        let made = call("dup", &[3], 4).payload(0, 0, Shape::Note, 0, b"socket:[1]");
        made.payload(0, 0, Shape::Note, 1, detail).style(&style)
    };
    assert_eq!(noted(b"UNIX-STREAM:[1->2,\"/a\"b\x1b\xff\"]"), r#"3<UNIX-STREAM:[1->2,"/a\"b\33\377"]>"#);
    assert_eq!(noted(b"UNIX:[1,@\"x\"]"), r#"3<UNIX:[1,@"x"]>"#);
    // A recording may hold anything.
    assert_eq!(noted(b"TCP:[\x1b[31m\xff]"), r"3<TCP:[\33[31m\377]>");
}

/// `struct nlmsghdr`: length, type, flags, number, port.
fn netlink(length: u32, kind: u32, flags: u32, rest: &[u8]) -> Vec<u8> {
    [&joined(&[Four(length), Four(kind | flags << 16), Four(7), Four(0)])[..], rest].concat()
}

#[test]
fn messages_to_the_kernel_have_heads() {
    let sent = |detail: &[u8], bytes: &[u8]| {
        let made = call("sendto", &[3, 0x7f00, bytes.len() as u64], 1).payload(0, 0, Shape::Note, 1, detail);
        let line = made.payload(1, 0, Shape::Bytes, 0, bytes).line();
        line.strip_prefix("3, ").and_then(|line| line.split_once(", 0, NULL")).map(|line| line.0.to_owned())
    };
    let route = |bytes: &[u8]| sent(b"NETLINK:[ROUTE:1]", bytes).expect("a line");
    let dump = netlink(16, 18, 0x301, &[]);
    let head = "{nlmsg_len=16, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP, nlmsg_seq=7, nlmsg_pid=0}";
    assert_eq!(route(&dump), format!("{head}, 16"));
    assert_eq!(route(&[&dump[..], &dump].concat()), format!("[{head}, {head}], 32"));
    assert_eq!(route(&[&dump[..], b"abc"].concat()), format!("[{head}, \"abc\"], 19"));
    let body = "{nlmsg_len=18, nlmsg_type=RTM_NEWADDR, nlmsg_flags=NLM_F_EXCL|NLM_F_CREATE, nlmsg_seq=7, nlmsg_pid=0}";
    assert_eq!(route(&netlink(18, 20, 0x600, b"\x02A")), format!("[{body}, {{ifa_family=AF_INET, ...}}], 18"));
    // What other protocols carry is bytes.
    let other = sent(b"NETLINK:[XFRM:1]", &netlink(18, 20, 0, b"\x02A")).expect("a line");
    assert!(other.ends_with(r#"}, "\x02\x41"], 18"#), "{other}");
    let error = netlink(36, 2, 0x100, &[&(-16i32).to_le_bytes()[..], &dump].concat());
    let told = "{nlmsg_len=36, nlmsg_type=NLMSG_ERROR, nlmsg_flags=NLM_F_CAPPED, nlmsg_seq=7, nlmsg_pid=0}";
    assert_eq!(route(&error), format!("[{told}, {{error=-EBUSY, msg={head}}}], 36"));
    let done = "{nlmsg_len=20, nlmsg_type=NLMSG_DONE, nlmsg_flags=NLM_F_MULTI, nlmsg_seq=7, nlmsg_pid=0}";
    assert_eq!(route(&netlink(20, 3, 2, &[0; 4])), format!("[{done}, 0], 20"));
    // Of a socket that is not bound the protocol is not known.
    let unknown =
        "{nlmsg_len=16, nlmsg_type=0x12 /* NLMSG_??? */, nlmsg_flags=NLM_F_REQUEST|0x300, nlmsg_seq=7, nlmsg_pid=0}";
    assert_eq!(sent(b"NETLINK:[4711]", &dump), Some(format!("{unknown}, 16")));
    assert_eq!(sent(b"TCP:[4711]", b"abc"), Some("\"abc\", 3".to_owned()));
    assert_eq!(sent(b"NETLINK:[KOBJECT_UEVENT:1]", b"add@/x"), Some("\"add@/x\", 6".to_owned()));
}

/// Errors within errors, and lengths that lie.
#[test]
fn hostile_messages_end() {
    let mut nested = vec![];
    for _ in 0..10_000 {
        nested.extend_from_slice(&netlink(u32::MAX, 2, 0, &[0xff; 4]));
    }
    for length in [0, 1, 15, 16, 17, 40, 200, nested.len()] {
        for claim in [0, 15, 16, 17, 20, u32::MAX] {
            let mut bytes = nested[..length].to_vec();
            if let Some(own) = bytes.get_mut(..4) {
                own.copy_from_slice(&claim.to_le_bytes());
            }
            let made =
                call("recvfrom", &[3, 0x7f00, 9, 0, 0, 0], 9).payload(0, 0, Shape::Note, 1, b"NETLINK:[ROUTE:1]");
            let line = made.payload(1, 1, Shape::Bytes, 0, &bytes).verbose();
            assert!(line.is_ascii() && line.starts_with("3, "), "{line}");
        }
    }
}

/// Attributes of every type, with lengths that lie and too little behind them.
#[test]
fn hostile_attributes_end() {
    for kind in (16..30).chain([58, 62, 114]) {
        for attribute in (0..80).chain([0x8012, 0x801a, 0xffff]) {
            for claim in [0u16, 3, 4, 5, 8, 9, 40, u16::MAX] {
                let one = [&claim.to_le_bytes()[..], &u16::to_le_bytes(attribute), &[0xff; 37]].concat();
                let rest = [&[10; 16][..], &one, &one].concat();
                let bytes = netlink(16 + rest.len() as u32, kind, 0, &rest);
                let made =
                    call("recvfrom", &[3, 0x7f00, 9, 0, 0, 0], 9).payload(0, 0, Shape::Note, 1, b"NETLINK:[ROUTE:1]");
                let made = made.payload(1, 1, Shape::Bytes, 0, &bytes);
                for line in [made.line(), made.verbose()] {
                    assert!(line.is_ascii() && line.starts_with("3, "), "{line}");
                }
            }
        }
    }
}

#[test]
fn content_is_bare_and_says_what_is_missing() {
    let made = call("write", &[1, 0x7f00, 40], 40).cut(1, 0, Shape::Bytes, 40, b"Hello\xff");
    let view = made.record.view();
    let call_view = view.call().expect("a call");
    let row = syscalls::lookup(Abi::X86_64, call_view.nr()).expect("write");
    let found = content(&Style::new(Some(5), false), &call_view, Abi::X86_64, 1, &row.args[1]).expect("content");
    assert_eq!((&found.bytes[..], found.len, found.is_part()), (&b"Hello"[..], 40, true));
    assert!(content(&Style::new(None, false), &call_view, Abi::X86_64, 0, &row.args[0]).is_none());
    let made = call("getcwd", &[0x7f00, 4096], 5).payload(0, 1, Shape::Bytes, 0, b"/tmp\0");
    let view = made.record.view();
    let call_view = view.call().expect("a call");
    let row = syscalls::lookup(Abi::X86_64, call_view.nr()).expect("getcwd");
    let found = content(&Style::new(None, false), &call_view, Abi::X86_64, 0, &row.args[0]).expect("content");
    assert_eq!((&found.bytes[..], found.is_part()), (&b"/tmp"[..], false));
}

/// No kind panics or loops on payloads that a hostile recording may hold.
#[test]
fn any_bytes_behind_any_argument_print_something() {
    let bytes = [0xffu8, 0, 0x7f, 1, 0x80].repeat(80);
    for abi in [Abi::X86_64, Abi::I386, Abi::Aarch64] {
        for nr in 0..512 {
            let Some(row) = syscalls::lookup(abi, nr) else { continue };
            for (word, length) in [(0u64, 0usize), (1, 3), (u64::MAX, 16), (0x5401, 57), (2, 400)] {
                let mut record = Record::default();
                record.begin_call(Via::Ptrace, abi as u8, 1, 0, 1, nr, &[word; 6], 0, 0);
                record.finish_call(State::Done, 2, 1);
                for arg in 0..7 {
                    for phase in 0..2 {
                        for (shape, path) in [
                            (Shape::Bytes, 0),
                            (Shape::Text, 0),
                            (Shape::Vector, 0),
                            (Shape::Struct, 0),
                            (Shape::Element, 0),
                            (Shape::Vector, 2 << 16),
                            (Shape::Struct, 1 << 16),
                            (Shape::Struct, 3 << 16),
                            (Shape::Note, 0),
                        ] {
                            let kept = &bytes[..length];
                            let head = PayloadHead {
                                arg,
                                phase,
                                shape,
                                status: 0,
                                wanted: u64::MAX - arg as u64,
                                addr: 1,
                                path,
                            };
                            record.payload(head, kept);
                        }
                    }
                }
                let made = Made { record, abi };
                assert!(made.line().is_ascii(), "{}", row.name);
                assert!(made.verbose().is_ascii(), "{}", row.name);
            }
        }
    }
}
