//! The words of the comparison: what a run and a golden are both made of.

use std::sync::Arc;

use crate::content::Hash;
use crate::value::Value;

/// How closely two runs are compared, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// What is left at the end, what was printed and sent, which processes ran.
    Outcome,
    /// And what was read.
    Hermetic,
    /// And what was done to each object, in order.
    Protocol,
    /// And every call of each thread.
    Calls,
    /// And descriptor numbers, attempts and signals in place.
    Exact,
}

/// Machine architecture and libc family: what a golden of level `protocol` and stronger holds on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Platform {
    /// `x86_64`.
    pub arch: String,
    /// `glibc`, `musl` or `none`.
    pub libc: String,
}

/// `P`, `P/sh`, `P/sh/cat>less~1a2b3c`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcKey(pub Arc<str>);

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Exit {
    /// With this status.
    Exited(u8),
    /// By this signal (`SIGSEGV`, `SIGRTMIN+3`).
    Killed {
        /// Its name.
        signal: Box<str>,
        /// Was a core dumped?
        core: bool,
    },
    /// Its end was not seen.
    Running,
}

/// Kinds of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// eventfd, epoll, memfd and other descriptors without a name.
    Anon,
    /// A child process, seen from its parent.
    Child,
    /// A device.
    Dev,
    /// A directory.
    Dir,
    /// A file.
    File,
    /// A shared library or a class of runtime files.
    Lib,
    /// A pipe or FIFO.
    Pipe,
    /// Steps without an object.
    Own,
    /// A socket pair.
    Socketpair,
    /// stdin, stdout, stderr.
    Std,
    /// A symbolic link.
    Symlink,
    /// A TCP connection or listener.
    Tcp,
    /// A terminal.
    Tty,
    /// A datagram socket.
    Udp,
    /// A UNIX socket.
    Unix,
}

/// An object by kind and canonical name: `file:$CWD/conf`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name; `-` for [`ObjectKind::Own`].
    pub name: Value,
}

/// What a step does with the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerbClass {
    /// Names something.
    Reference,
    /// Observes.
    Predicate,
    /// Changes.
    Action,
}

macro_rules! verbs {
    ($($name:ident $word:literal $class:ident),* $(,)?) => {
        /// What a step does. Equivalent spellings of a call are one verb.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Verb { $(#[doc = concat!("`", $word, "`.")] $name),* }

        impl Verb {
            /// All of them.
            pub const ALL: &[Verb] = &[$(Verb::$name),*];

            /// The word in the golden.
            pub const fn word(self) -> &'static str {
                match self { $(Verb::$name => $word),* }
            }

            /// Reference, predicate or action. `open` is an action with `creat` or `trunc`, `ioctl` one when it
            /// writes.
            pub const fn class(self) -> VerbClass {
                match self { $(Verb::$name => VerbClass::$class),* }
            }
        }
    };
}

verbs! {
    Accept "accept" Action, Access "access" Predicate, Advise "advise" Predicate, Allocate "allocate" Action,
    Arm "arm" Action, Bind "bind" Action, Capset "capset" Action, Chdir "chdir" Action, Chmod "chmod" Action,
    Chown "chown" Action, Chroot "chroot" Action, Close "close" Reference, Connect "connect" Action,
    Create "create" Reference, Dup "dup" Reference, Eof "eof" Predicate, Exec "exec" Action,
    Fdatasync "fdatasync" Action, Fdflags "fdflags" Action, Fsync "fsync" Action, Inherit "inherit" Reference,
    Ioctl "ioctl" Predicate, Ipc "ipc" Action, Kill "kill" Action, Link "link" Action, List "list" Predicate,
    Listen "listen" Action, Load "load" Reference, Lock "lock" Action, Map "map" Predicate, Mkdir "mkdir" Action,
    Mknod "mknod" Action, Mount "mount" Action, Msync "msync" Action, NoNewPrivs "no_new_privs" Action,
    Open "open" Reference, Plock "plock" Action, Prctl "prctl" Action, Prio "prio" Action,
    Punch "punch" Action, Punlock "punlock" Action, Query "query" Predicate, Read "read" Predicate,
    Readlink "readlink" Predicate, Reap "reap" Action, Recv "recv" Predicate, Removexattr "removexattr" Action,
    Rename "rename" Action, Rewrite "rewrite" Action, Rlimit "rlimit" Action, Rmdir "rmdir" Action,
    Search "search" Predicate, Seccomp "seccomp" Action, Send "send" Action, Setgid "setgid" Action,
    Setgroups "setgroups" Action, Setns "setns" Action, Setpgid "setpgid" Action, Setsid "setsid" Action,
    Setuid "setuid" Action, Setxattr "setxattr" Action, Shutdown "shutdown" Action, Sockopt "sockopt" Action,
    Spawn "spawn" Action, Special "special" Action, Stat "stat" Predicate, Symlink "symlink" Action,
    Syncfs "syncfs" Action, Truncate "truncate" Action, Umask "umask" Action, Umount "umount" Action,
    Unlink "unlink" Action, Unlock "unlock" Action, Unshare "unshare" Action, Utimes "utimes" Action,
    Watch "watch" Action, Write "write" Action,
}

/// One argument of a step or call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arg {
    /// A word or name.
    Word(Value),
    /// `name=value`.
    Field(Box<str>, Value),
    /// Bytes from..to of the canonical content, half-open; without an end: any number.
    Span(u64, Option<u64>),
    /// The content's hash; without one: any content.
    Hash(Option<Hash>),
}

/// One step of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step {
    /// What it does.
    pub verb: Verb,
    /// In the order of the verb's table. A copy of the step shares them.
    pub args: Arc<[Arg]>,
    /// It failed with this (`ENOENT`); `unfinished` when no exit was seen.
    pub errno: Option<Box<str>>,
}

/// What a process found in its world (level `hermetic`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Input {
    /// How.
    pub kind: InputKind,
    /// What, by canonical name (`tcp:127.0.0.1:80` for `net`).
    pub name: Value,
}

/// Kinds of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InputKind {
    /// A probe that failed with ENOENT or ENOTDIR.
    Absent,
    /// An environment variable.
    Env,
    /// An executable.
    Exec,
    /// A directory that was listed.
    List,
    /// A library.
    Load,
    /// An endpoint.
    Net,
    /// A file opened to be read.
    Read,
}

/// How an object that got a new name or content was made durable.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Durability {
    /// `atomic`, `inplace`, `new`.
    pub replace: Box<str>,
    /// `yes`, `no`, `na`.
    pub content_before_name: Box<str>,
    /// `yes`, `no`.
    pub name_durable: Box<str>,
    /// `fsync`, `fdatasync`, `syncfs`, `osync`, `none`.
    pub sync: Box<str>,
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// A count, ms or bits.
    Number(u64),
    /// A word (`ignore`, `handler+ignore`).
    Word(Value),
}

/// Something the recording can't vouch for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gap {
    /// The process concerned, where it is one.
    pub process: Option<ProcKey>,
    /// A sentence: what is missing and why.
    pub why: String,
    /// The weakest level that compares what is missing.
    pub level: Level,
    /// Is so much missing that what is there may be told wrongly? Then no difference counts either.
    pub blind: bool,
}
