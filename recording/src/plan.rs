//! Plans: what a call does to descriptors, names and offsets, looked up once per number. Views and `resolve` go by
//! them.

use syscalls::{Abi, Kind, Syscall};

/// What a call changes, beyond naming objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Nothing,
    /// Opens the path of argument `path`; flags by position.
    Open {
        path: u8,
        flags: Option<u8>,
    },
    /// Makes something that is no file. `cloexec`: the bit of the argument that sets it.
    Make {
        what: &'static str,
        flags: Option<u8>,
        cloexec: u64,
    },
    Memfd,
    Socket,
    Pair {
        at: u8,
        flags: Option<u8>,
    },
    Accept {
        flags: Option<u8>,
    },
    Dup,
    DupTo {
        flags: Option<u8>,
    },
    Fcntl,
    Ioctl,
    Close,
    CloseRange,
    Chdir,
    Fchdir,
    Chroot,
    Unshare,
    Umask,
    Lseek,
    Move(Move),
    Between(Between),
    Truncate,
    Ftruncate,
    Fallocate,
    Created {
        path: u8,
        what: Created,
    },
    Rename {
        from: u8,
        to: u8,
        flags: Option<u8>,
    },
    Link {
        to: u8,
    },
    Unlink {
        path: u8,
    },
    Bind,
    Connect,
    Sockname,
    Peername,
    Getdents,
    PidfdOpen,
    PidfdGetfd,
    Exec,
}

/// What a call makes under a name that was free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Created {
    Dir,
    Symlink,
    Node,
}

/// Bytes moved between a descriptor and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Move {
    /// Into the object?
    pub into: bool,
    /// The argument with the bytes.
    pub data: u8,
    /// The argument with an explicit offset; -1 there means none.
    pub offset: Option<u8>,
    /// Flags of messages, where `MSG_PEEK` may stand.
    pub flags: Option<u8>,
    /// How the bytes lie.
    pub form: Form,
}

/// Bytes moved from one descriptor to another: the arguments of both, and of their offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Between {
    pub from: u8,
    pub to: u8,
    pub from_offset: Option<u8>,
    pub to_offset: Option<u8>,
    /// Do the bytes leave where they came from?
    pub consumes: bool,
}

/// How moved bytes lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Message,
    Messages,
}

/// Does the last component of a path that is a link count as the link itself?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    Always,
    Never,
    /// Unless this bit is set in that argument.
    Unless(u8, u64),
    /// Only when it is set.
    Only(u8, u64),
    /// As open(2): not with O_NOFOLLOW, not with O_CREAT and O_EXCL.
    Open(u8),
}

/// Where the call says which file it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    None,
    /// `struct stat` behind this argument.
    Stat(u8),
    Statx(u8),
    /// The note on the descriptor that was made.
    Note,
}

/// What is known of a call number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub row: Option<&'static Syscall>,
    pub act: Act,
    pub follow: Follow,
    pub answer: Answer,
    /// Calls that may be an attempt at each other have one family.
    pub family: Family,
    /// First argument that is a text, not a name to be looked up (the content of a new symbolic link).
    pub text: Option<u8>,
    /// Does any argument name an object?
    pub names: bool,
}

/// What a call tries to do, for the folding of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    Read,
    Write,
    Accept,
    Connect,
    /// Waits for several descriptors, or looks after them: names objects without using them.
    Wait(&'static str),
    /// Answers EAGAIN on purpose.
    Answering(&'static str),
    RestartSyscall,
    SigReturn,
    Close,
    Getsockopt,
    Other(&'static str),
}

impl Family {
    fn of(name: &'static str) -> Family {
        match name {
            "read" | "readv" | "pread64" | "preadv" | "preadv2" | "recvfrom" | "recvmsg" | "recvmmsg" => Family::Read,
            "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" | "sendto" | "sendmsg" | "sendmmsg" => {
                Family::Write
            }
            "accept" | "accept4" => Family::Accept,
            "connect" => Family::Connect,
            "poll" | "ppoll" => Family::Wait("poll"),
            "select" | "pselect6" | "_newselect" => Family::Wait("select"),
            "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => Family::Wait("epoll_wait"),
            "epoll_ctl" => Family::Wait("epoll_ctl"),
            "wait4" | "waitid" => Family::Wait("wait"),
            "nanosleep" | "clock_nanosleep" => Family::Wait("sleep"),
            "flock" | "fcntl" | "fcntl64" | "fork" | "vfork" | "clone" | "clone3" | "mmap" | "setuid" | "setresuid"
            | "setreuid" => Family::Answering(name),
            "restart_syscall" => Family::RestartSyscall,
            "rt_sigreturn" | "sigreturn" => Family::SigReturn,
            "close" => Family::Close,
            "getsockopt" => Family::Getsockopt,
            _ => Family::Other(name),
        }
    }
}

/// The form that a program falls back to when the kernel has no `name` (ENOSYS).
pub(crate) fn older_form(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "clone3" => &["clone", "vfork", "fork"],
        "openat2" => &["openat"],
        "faccessat2" => &["faccessat", "access"],
        "statx" => &["newfstatat", "fstat", "stat", "lstat"],
        "close_range" => &["close"],
        "epoll_pwait2" => &["epoll_pwait", "epoll_wait"],
        "preadv2" => &["preadv", "pread64", "readv"],
        "pwritev2" => &["pwritev", "pwrite64", "writev"],
        "renameat2" => &["renameat", "rename"],
        _ => return None,
    })
}

/// Plans by ABI and number.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    known: [Vec<Plan>; 5],
}

impl Plans {
    /// The plan of a number.
    pub fn of(&mut self, abi: u8, nr: u64) -> Plan {
        let Some(abi) = Abi::from_raw(abi) else { return Plan::NONE };
        let known = &mut self.known[abi as usize];
        if known.is_empty() {
            known.extend((0..512).map(|nr| syscalls::lookup(abi, full(abi, nr)).map_or(Plan::NONE, Plan::of)));
        }
        let place = if abi == Abi::X32 { nr ^ X32_BIT } else { nr };
        usize::try_from(place).ok().and_then(|place| known.get(place)).copied().unwrap_or(Plan::NONE)
    }
}

const X32_BIT: u64 = 0x4000_0000;

fn full(abi: Abi, nr: u64) -> u64 {
    if abi == Abi::X32 { nr | X32_BIT } else { nr }
}

impl Plan {
    const NONE: Plan = Plan {
        row: None,
        act: Act::Nothing,
        follow: Follow::Always,
        answer: Answer::None,
        family: Family::Other(""),
        text: None,
        names: false,
    };

    /// Is what an [`Act::Make`] returned a descriptor?
    pub fn makes(&self, args: &[u64; 6]) -> bool {
        let is_bpf = self.row.is_some_and(|row| row.name == "bpf");
        !is_bpf || BPF_MAKING.contains(&args[0])
    }

    fn of(row: &'static Syscall) -> Plan {
        let act = act(row.name);
        Plan {
            row: Some(row),
            act,
            follow: follow(row.name),
            answer: answer(row.name, act),
            family: Family::of(row.name),
            text: matches!(row.name, "symlink" | "symlinkat" | "mount" | "quotactl").then_some(0),
            names: row.variants.is_some() || row.args.iter().any(|arg| names_object(&arg.kind)),
        }
    }
}

fn names_object(kind: &Kind) -> bool {
    match kind {
        Kind::Fd | Kind::DirFd | Kind::Path | Kind::FdSet(_) => true,
        Kind::Struct(layout, ..) => layout.title == "POLLFD",
        _ => false,
    }
}

fn act(name: &str) -> Act {
    match name {
        "open" => Act::Open { path: 0, flags: Some(1) },
        "creat" => Act::Open { path: 0, flags: None },
        "openat" => Act::Open { path: 1, flags: Some(2) },
        "openat2" => Act::Open { path: 1, flags: None },
        "memfd_create" => Act::Memfd,
        "socket" => Act::Socket,
        "socketpair" => Act::Pair { at: 3, flags: Some(1) },
        "pipe" => Act::Pair { at: 0, flags: None },
        "pipe2" => Act::Pair { at: 0, flags: Some(1) },
        "accept" => Act::Accept { flags: None },
        "accept4" => Act::Accept { flags: Some(3) },
        "dup" => Act::Dup,
        "dup2" => Act::DupTo { flags: None },
        "dup3" => Act::DupTo { flags: Some(2) },
        "fcntl" | "fcntl64" => Act::Fcntl,
        "ioctl" => Act::Ioctl,
        "close" => Act::Close,
        "close_range" => Act::CloseRange,
        "chdir" => Act::Chdir,
        "fchdir" => Act::Fchdir,
        "chroot" => Act::Chroot,
        "unshare" => Act::Unshare,
        "umask" => Act::Umask,
        "lseek" => Act::Lseek,
        "truncate" => Act::Truncate,
        "ftruncate" => Act::Ftruncate,
        "fallocate" => Act::Fallocate,
        "mkdir" => Act::Created { path: 0, what: Created::Dir },
        "mkdirat" => Act::Created { path: 1, what: Created::Dir },
        "symlink" => Act::Created { path: 1, what: Created::Symlink },
        "symlinkat" => Act::Created { path: 2, what: Created::Symlink },
        "mknod" => Act::Created { path: 0, what: Created::Node },
        "mknodat" => Act::Created { path: 1, what: Created::Node },
        "rename" => Act::Rename { from: 0, to: 1, flags: None },
        "renameat" => Act::Rename { from: 1, to: 3, flags: None },
        "renameat2" => Act::Rename { from: 1, to: 3, flags: Some(4) },
        "link" => Act::Link { to: 1 },
        "linkat" => Act::Link { to: 3 },
        "unlink" | "rmdir" => Act::Unlink { path: 0 },
        "unlinkat" => Act::Unlink { path: 1 },
        "bind" => Act::Bind,
        "connect" => Act::Connect,
        "getsockname" => Act::Sockname,
        "getpeername" => Act::Peername,
        "getdents" | "getdents64" => Act::Getdents,
        "pidfd_open" => Act::PidfdOpen,
        "pidfd_getfd" => Act::PidfdGetfd,
        "execve" | "execveat" => Act::Exec,
        _ => making(name).or_else(|| moving(name)).unwrap_or(Act::Nothing),
    }
}

/// `O_CLOEXEC`, and the flags of the same value of sockets, pipes, epoll, timers and the like.
pub(crate) const CLOEXEC: u64 = 0o2_000_000;

/// Commands of bpf(2) that return a descriptor; the others return 0.
const BPF_MAKING: &[u64] = &[0, 5, 7, 13, 14, 17, 18, 19, 28, 30, 33, 36];

fn making(name: &str) -> Option<Act> {
    let (what, flags, cloexec) = match name {
        "eventfd" => ("eventfd", None, 0),
        "eventfd2" => ("eventfd", Some(1), CLOEXEC),
        "timerfd_create" => ("timerfd", Some(1), CLOEXEC),
        "signalfd" => ("signalfd", None, 0),
        "signalfd4" => ("signalfd", Some(3), CLOEXEC),
        "epoll_create" => ("epoll", None, 0),
        "epoll_create1" => ("epoll", Some(0), CLOEXEC),
        "inotify_init" => ("inotify", None, 0),
        "inotify_init1" => ("inotify", Some(0), CLOEXEC),
        "fanotify_init" => ("fanotify", Some(0), 1),
        "userfaultfd" => ("userfaultfd", Some(0), CLOEXEC),
        "perf_event_open" => ("perf_event", Some(4), 8),
        "memfd_secret" => ("secretmem", Some(0), CLOEXEC),
        // These set it always.
        "io_uring_setup" => ("io_uring", None, 1),
        "landlock_create_ruleset" => ("landlock", None, 1),
        "bpf" => ("bpf", None, 1),
        "fsopen" | "fspick" | "fsmount" | "open_tree" | "open_tree_attr" => ("mount", None, 0),
        "mq_open" => ("mqueue", None, 1),
        _ => return None,
    };
    Some(Act::Make { what, flags, cloexec })
}

fn moving(name: &str) -> Option<Act> {
    let (into, data, offset, flags, form) = match name {
        "read" | "readv" => (false, 1, None, None, Form::Plain),
        "write" | "writev" => (true, 1, None, None, Form::Plain),
        "pread64" | "preadv" | "preadv2" => (false, 1, Some(3), None, Form::Plain),
        "pwrite64" | "pwritev" | "pwritev2" => (true, 1, Some(3), None, Form::Plain),
        "vmsplice" => (true, 1, None, None, Form::Plain),
        "recvfrom" => (false, 1, None, Some(3), Form::Plain),
        "sendto" => (true, 1, None, None, Form::Plain),
        "recvmsg" => (false, 1, None, Some(2), Form::Message),
        "sendmsg" => (true, 1, None, None, Form::Message),
        "recvmmsg" => (false, 1, None, Some(3), Form::Messages),
        "sendmmsg" => (true, 1, None, None, Form::Messages),
        _ => return between(name),
    };
    Some(Act::Move(Move { into, data, offset, flags, form }))
}

fn between(name: &str) -> Option<Act> {
    let (from, to, from_offset, to_offset) = match name {
        "sendfile" | "sendfile64" => (1, 0, Some(2), None),
        "splice" | "copy_file_range" => (0, 2, Some(1), Some(3)),
        "tee" => (0, 1, None, None),
        _ => return None,
    };
    Some(Act::Between(Between { from, to, from_offset, to_offset, consumes: name != "tee" }))
}

const AT_SYMLINK_NOFOLLOW: u64 = 0x100;
const AT_SYMLINK_FOLLOW: u64 = 0x400;

fn follow(name: &str) -> Follow {
    match name {
        "open" => Follow::Open(1),
        "openat" => Follow::Open(2),
        "newfstatat" | "faccessat2" | "fchmodat2" | "utimensat" => Follow::Unless(3, AT_SYMLINK_NOFOLLOW),
        "statx" => Follow::Unless(2, AT_SYMLINK_NOFOLLOW),
        "fchownat" | "execveat" | "file_getattr" | "file_setattr" => Follow::Unless(4, AT_SYMLINK_NOFOLLOW),
        "setxattrat" | "getxattrat" | "listxattrat" | "removexattrat" => Follow::Unless(2, AT_SYMLINK_NOFOLLOW),
        "linkat" | "name_to_handle_at" => Follow::Only(4, AT_SYMLINK_FOLLOW),
        "lstat" | "readlink" | "readlinkat" | "lchown" | "lgetxattr" | "lsetxattr" | "llistxattr" | "lremovexattr"
        | "unlink" | "unlinkat" | "rmdir" | "rename" | "renameat" | "renameat2" | "link" | "symlink" | "symlinkat"
        | "mkdir" | "mkdirat" | "mknod" | "mknodat" => Follow::Never,
        _ => Follow::Always,
    }
}

fn answer(name: &str, act: Act) -> Answer {
    match name {
        "stat" | "lstat" | "fstat" => Answer::Stat(1),
        "newfstatat" => Answer::Stat(2),
        "statx" => Answer::Statx(4),
        _ if matches!(act, Act::Open { .. }) => Answer::Note,
        _ => Answer::None,
    }
}
