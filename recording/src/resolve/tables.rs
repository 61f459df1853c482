//! Tables: the processes, threads, descriptions and objects of a run.

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
    };
}

id! {
    /// A process: its row in [`Tables::processes`].
    ProcId
}
id! {
    /// A thread: its row in [`Tables::threads`].
    ThreadId
}
id! {
    /// An object: its row in [`Tables::objects`].
    ObjectId
}
id! {
    /// An open file description: its row in [`Tables::descriptions`].
    DescriptionId
}

/// Everything that has a number, each in order of first appearance.
#[derive(Debug, Default)]
pub struct Tables {
    /// Processes; the first is the root.
    pub processes: Vec<Process>,
    /// Threads.
    pub threads: Vec<Thread>,
    /// Objects.
    pub objects: Vec<Object>,
    /// Open file descriptions.
    pub descriptions: Vec<Description>,
}

impl Tables {
    /// A process.
    pub fn process(&self, id: ProcId) -> Option<&Process> {
        self.processes.get(id.0 as usize)
    }

    /// A thread.
    pub fn thread(&self, id: ThreadId) -> Option<&Thread> {
        self.threads.get(id.0 as usize)
    }

    /// An object.
    pub fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id.0 as usize)
    }

    /// A description.
    pub fn description(&self, id: DescriptionId) -> Option<&Description> {
        self.descriptions.get(id.0 as usize)
    }

    /// The process that a pid of the tracer's namespace is now, or was last.
    pub fn process_of_pid(&self, pid: u32) -> Option<ProcId> {
        self.processes.iter().rposition(|process| process.pid == pid).map(|at| ProcId(at as u32))
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// By exit with this code.
    Exited(u8),
    /// By a signal.
    Killed {
        /// The signal, 1 to 64.
        signal: u8,
        /// Was a core dumped?
        core: bool,
    },
    /// Its end was not seen.
    Running,
}

/// A process.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its id in the tracer's PID namespace.
    pub pid: u32,
    /// Its id in its own PID namespace.
    pub own_pid: u32,
    /// Who made it; `None` for the root.
    pub parent: Option<ProcId>,
    /// The thread of the parent that made it.
    pub maker: Option<ThreadId>,
    /// What it executed, in order. The root's first is the command.
    pub images: Vec<Image>,
    /// How it ended.
    pub exit: Exit,
    /// umask at its birth.
    pub umask: u32,
}

/// One program image of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Number of the `Exec` event.
    pub index: u64,
    /// The executable, absolute.
    pub exe: Vec<u8>,
    /// Its arguments, `argv[0]` first.
    pub argv: Vec<Vec<u8>>,
    /// Is `argv` whole?
    pub argv_whole: bool,
    /// Its environment, `NAME=value` each, where it was kept.
    pub env: Option<Vec<Vec<u8>>>,
    /// Its working directory then.
    pub cwd: Vec<u8>,
}

/// A thread.
#[derive(Debug, Clone)]
pub struct Thread {
    /// Its id in the tracer's PID namespace. After an exec from a thread it is the process id.
    pub tid: u32,
    /// Its process.
    pub process: ProcId,
    /// Who made it, when that was a thread of the same process; `None` for the first.
    pub maker: Option<ThreadId>,
    /// How many threads of the same process `maker` had made before it.
    pub nth: u32,
}

/// What kind of thing an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// A regular file, or a name of which nothing else is known.
    File,
    /// A directory.
    Dir,
    /// A symbolic link itself.
    Symlink,
    /// A pipe or FIFO.
    Pipe,
    /// Both ends of a `socketpair`.
    Socketpair,
    /// A TCP socket.
    Tcp,
    /// A UDP (or other datagram or raw IP) socket.
    Udp,
    /// A UNIX socket.
    Unix,
    /// Any other socket (netlink, packet, vsock, …).
    OtherSocket,
    /// A terminal.
    Tty,
    /// Another device.
    Dev,
    /// eventfd, timerfd, signalfd, epoll, memfd, inotify, pidfd, io_uring, …: [`Object::name`] says which.
    Anon,
    /// Standard input, output or error as the harness gave them: [`Object::name`] is `stdin`, `stdout`, `stderr`.
    Std,
}

/// Device, inode and generation: the same inode used again after the file is gone is another object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    /// `st_dev`.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
    /// 0 for its first use in the run.
    pub generation: u32,
}

/// Something that calls are about.
#[derive(Debug, Clone)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// Absolute path at first use; a role or the kernel's own words for what has no path.
    pub name: Vec<u8>,
    /// Every visible name it was given by this run (creation, rename, link), with the number of the event;
    /// in order, so that the last is the final one. Without those that were unlinked while another stood.
    pub names: Vec<(u64, Vec<u8>)>,
    /// Device, inode, generation, where known.
    pub identity: Option<Identity>,
    /// Was it made by this run, and by whom? An open with O_CREAT does not say whether the file was there: it
    /// made it, unless a call or the session knew it before.
    pub made_by: Option<ProcId>,
    /// Was it made so that the name could not exist before (`O_EXCL`, `mkdir`, `symlink`, `bind`, `linkat`
    /// of an `O_TMPFILE`)?
    pub exclusive: bool,
    /// Was its last name removed?
    pub removed: bool,
    /// Did it exist before the run, open at the start or found by a lookup?
    pub inherited: bool,
    /// A file of procfs, sysfs or a cgroup file system.
    pub procfs: bool,
    /// A socket: local address as text, and whether the kernel chose the port.
    pub local: Option<(Vec<u8>, bool)>,
    /// A socket: peer address as text (`127.0.0.1:80`, a path, `@abstract`).
    pub peer: Option<Vec<u8>>,
}

/// How the name of a file ends that began without one (`O_TMPFILE`).
pub(super) const UNNAMED: &[u8] = b"/#tmpfile";

impl Object {
    /// Did it begin without a name (`O_TMPFILE`)?
    pub fn began_unnamed(&self) -> bool {
        self.name.ends_with(UNNAMED)
    }

    /// Does it have bytes in an order and no places? Then offsets are counts.
    pub fn is_stream(&self) -> bool {
        match self.kind {
            ObjectKind::File | ObjectKind::Dir | ObjectKind::Symlink => false,
            ObjectKind::Anon => !self.name.starts_with(b"memfd:") && self.name != b"secretmem",
            _ => true,
        }
    }

    /// The name it has now: the last it was given, else the first it was seen by.
    pub fn current_name(&self) -> &[u8] {
        self.names.last().map_or(&self.name, |(_, name)| name)
    }

    /// The kernel told the local address of a socket. Without a `bind`, or after one to port 0, it chose the
    /// port itself.
    pub(super) fn bound_to(&mut self, address: Vec<u8>) {
        let internet = matches!(self.kind, ObjectKind::Tcp | ObjectKind::Udp);
        let chosen = match &self.local {
            Some((_, chosen)) => *chosen,
            None => internet && (self.made_by.is_some() || self.peer.is_some()),
        };
        let complete = self.local.as_ref().is_none_or(|(text, chosen)| *chosen && text.ends_with(b":0"));
        if complete {
            self.local = Some((address, chosen));
        }
    }
}

/// An open file description (open(2)): shared by dup and fork, it has one offset.
#[derive(Debug, Clone)]
pub struct Description {
    /// What it is open on.
    pub object: ObjectId,
    /// Offset now.
    pub offset: u64,
    /// Open flags.
    pub flags: u64,
    /// The process that opened it; `None` when it was open at the start.
    pub opener: Option<ProcId>,
}
