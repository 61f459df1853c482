//! Kinds: what a word of a call is, and which memory of the target stands behind it.
//!
//! The tracer asks a kind for its [`Memory`] and copies those bytes; the printers and the
//! comparison match on the kind itself. One row serves both, so they can't disagree.

use crate::layout::Layout;
use crate::names::Names;

/// When the memory behind a pointer holds something of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dir {
    /// Read by the kernel: copied at entry.
    In,
    /// Written by the kernel: copied at exit.
    Out,
    /// Both: copied twice.
    InOut,
}

/// How many elements (of bytes, or of a structure) stand behind a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Exactly so many.
    Fixed(u32),
    /// As many as argument N says.
    Arg(u8),
    /// As many bytes as the result says, at most argument N (`read`: the count).
    ResultUpTo(u8),
    /// As many elements as the result says (`epoll_wait`: events; `getgroups`).
    Result,
    /// The 32-bit number that argument N points to: its value after the call for [`Dir::Out`]
    /// (at most the value before it), before the call for [`Dir::In`].
    Behind(u8),
    /// Like `Behind`, but a `size_t`.
    BehindLong(u8),
    /// As the 32-bit number in the structure behind argument N says, so many bytes from its beginning,
    /// before the call.
    Within(u8, u8),
    /// As many bits as argument N says, rounded up to whole words (`select` sets).
    Bits(u8),
    /// The product of arguments N and M.
    Product(u8, u8),
    /// As many elements as argument N says, of so many bytes each, and so many bytes before them (`msgsnd`: the
    /// type before the text).
    Plus(u8, u32, u32),
    /// One for each page of the bytes that argument N says (`mincore`).
    Pages(u8),
}

/// What a word is. `Copy`, and nothing but references to static tables inside.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    // -- words, nothing behind them ------------------------------------------------------
    /// `int`.
    Int,
    /// `unsigned int`.
    UInt,
    /// `long`, `off_t` and other signed 64-bit words.
    Long,
    /// `unsigned long`, `size_t`.
    ULong,
    /// A word in hex, `0` printed as `0`.
    Hex,
    /// An address that is not followed: hex, `NULL`.
    Ptr,
    /// An address that strace prints as a number: `0` where another would be `NULL`.
    Address,
    /// A word that strace does not print (padding and unused arguments).
    Unused,
    /// Two 32-bit words that make a 64-bit offset; this one is the low half (i386).
    LowHalf,
    /// The high half, consumed by the one before.
    HighHalf,
    /// A descriptor.
    Fd,
    /// A directory descriptor, `AT_FDCWD` among them.
    DirFd,
    /// A process id. Negative values name groups.
    Pid,
    /// A task id.
    Tid,
    /// A user id (-1 unchanged).
    Uid,
    /// A group id (-1 unchanged).
    Gid,
    /// A signal number by name.
    Signal,
    /// The class and priority of I/O (ioprio_set(2)).
    IoPriority,
    /// An errno by name.
    Errno,
    /// An octal mode; `S_IFMT` bits by name where the call takes them (`mknod`).
    Mode,
    /// A device number.
    Dev,
    /// Names joined by `|`.
    Flags(&'static Names),
    /// Exactly one name.
    Enum(&'static Names),
    /// One name in the masked low part, flags joined behind (`socket` type, `clone` signal).
    EnumFlags(&'static Names, &'static Names),
    /// Flags above the nine permission bits, which follow in octal (`shmget`: `IPC_CREAT|0600`).
    FlagsMode(&'static Names),
    /// A signed number of which some values have names (`KEY_SPEC_PROCESS_KEYRING`).
    IntNamed(&'static Names),
    /// The same in hex (`IPC_PRIVATE`, else `0x2a`).
    HexNamed(&'static Names),
    /// The operation of `futex` with its flags: `FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME`.
    FutexOp,
    /// The command of `quotactl`: `QCMD(Q_GETQUOTA, USRQUOTA)`.
    QuotaCmd,
    /// The name of a socket option; its level is in argument 1.
    SockOptName,
    /// The request word of `ioctl`.
    IoctlRequest,
    /// `clone` flags: exit signal in the low byte.
    CloneFlags,
    /// `wait` options, `open` flags and the like use `Flags`; open flags have an access mode.
    OpenFlags,
    /// A file mode that counts only with `O_CREAT` or `O_TMPFILE` in argument N.
    OpenMode(u8),

    // -- memory --------------------------------------------------------------------------
    /// NUL-terminated path, read before the call, always kept whole.
    Path,
    /// NUL-terminated string that is a name (xattr, module, key type), kept whole.
    Str,
    /// A path the kernel writes (`getcwd`, `readlink`): bytes by result.
    PathOut(Count),
    /// Data moved: clipped at the string limit.
    Bytes(Dir, Count),
    /// Bytes that are no data moved (raw structure nobody decodes): clipped at the structure limit.
    Raw(Dir, Count),
    /// `struct iovec[]` and the data behind it.
    Iovec(Dir, Count),
    /// `struct msghdr` with name, vector, control.
    Msghdr(Dir),
    /// `struct mmsghdr[]`.
    Mmsghdr(Dir, Count),
    /// NULL-ended vector of strings.
    Argv,
    /// The same for the environment: counted, not copied, unless asked.
    Envp,
    /// One structure, or an array of them.
    Struct(&'static Layout, Dir, Count),
    /// A structure whose size the caller states in argument N (`clone3`, `openat2`, `sched_setattr`);
    /// printed by that size, the unknown tail as hex.
    Sized(&'static Layout, Dir, u8),
    /// `struct sockaddr` of any family.
    Sockaddr(Dir, Count),
    /// Two ints written by the call (`pipe`, `socketpair`).
    FdPair,
    /// An array of ints (descriptors in `Dir::In`, plain numbers else).
    Ints(Dir, Count),
    /// One `int` or `socklen_t` by reference.
    IntRef(Dir),
    /// One 64-bit word by reference (`off_t *`, `loff_t *`).
    LongRef(Dir),
    /// One address, or another word of the machine that is read in hex, by reference.
    PtrRef(Dir),
    /// An array of addresses.
    Pointers(Count),
    /// An array of addresses of `struct iocb`, and what those lead to (io_submit(2)).
    Iocbs(Count),
    /// So many 64-bit words behind a pointer, read by the kernel.
    Longs(u32),
    /// One 16-bit word by reference.
    ShortRef,
    /// `struct ifconf` and the interfaces it leads to (netdevice(7)).
    Interfaces,
    /// One `int` by reference whose bits have names.
    FlagsRef(Dir, &'static Names),
    /// One `int` by reference that is one name.
    EnumRef(Dir, &'static Names),
    /// A signal number by reference.
    SignalRef,
    /// A set of memory nodes, as many bits as argument N says (`mbind`).
    NodeMask(Dir, u8),
    /// One byte for each page in the bytes that argument N says, of which the lowest bit counts (`mincore`).
    PageStates(u8),
    /// A message of System V: its type, then as many bytes of text as argument N says (`msgsnd`).
    Message(Dir, u8),
    /// A wait status by reference.
    WaitStatus,
    /// A kernel signal set of the size in argument N.
    SigSet(Dir, u8),
    /// `fd_set` with as many bits as argument N says.
    FdSet(u8),
    /// Directory entries (`getdents64`), bytes by result.
    Dirents64,
    /// Directory entries (`getdents`), bytes by result.
    Dirents,
    /// A socket option value: level in argument 1, name in argument 2.
    SockOpt(Dir, Count),
    /// `siginfo_t`.
    Siginfo(Dir),
    /// A CPU set of the size in argument N (`Dir::Out`: bytes by result).
    CpuSet(Dir, u8),
    /// A list of gids.
    Gids(Dir, Count),
}

/// The memory behind one argument: what to copy, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Before or after the call.
    pub dir: Dir,
    /// What the bytes are.
    pub shape: Shape,
}

/// The form of the memory behind a pointer, as far as copying it needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// NUL-terminated, kept whole (a name).
    Text,
    /// `size` bytes an element, `count` of them; kept whole within the structure limit.
    Structs {
        /// Bytes of one element in the native 64-bit ABI.
        size: u32,
        /// How many.
        count: Count,
    },
    /// Bytes that are a name once written (`getcwd`): kept whole.
    Name(Count),
    /// Data moved, clipped at the string limit.
    Data(Count),
    /// `iovec[count]`, then the data behind each element, by result for [`Dir::Out`].
    Iovec(Count),
    /// `msghdr`, then its name, vector, data and control.
    Msghdr,
    /// `mmsghdr[count]`, each as `Msghdr`.
    Mmsghdr(Count),
    /// `struct iocb *[count]`, then each block, then its data or its vector.
    Blocks(Count),
    /// NULL-ended pointers, then each string.
    Strings,
    /// NULL-ended pointers: counted; each string only when the environment is asked for.
    Environment,
}

impl Kind {
    /// The memory behind this argument, or `None` for a plain word.
    pub const fn memory(&self) -> Option<Memory> {
        let (dir, shape) = match *self {
            Kind::Path | Kind::Str => (Dir::In, Shape::Text),
            Kind::PathOut(count) => (Dir::Out, Shape::Name(count)),
            Kind::Bytes(dir, count) => (dir, Shape::Data(count)),
            Kind::Raw(dir, count) => (dir, Shape::Structs { size: 1, count }),
            Kind::Iovec(dir, count) => (dir, Shape::Iovec(count)),
            Kind::Msghdr(dir) => (dir, Shape::Msghdr),
            Kind::Mmsghdr(dir, count) => (dir, Shape::Mmsghdr(count)),
            Kind::Iocbs(count) => (Dir::In, Shape::Blocks(count)),
            Kind::Argv => (Dir::In, Shape::Strings),
            Kind::Envp => (Dir::In, Shape::Environment),
            Kind::Struct(layout, dir, count) => (dir, Shape::Structs { size: layout.size, count }),
            Kind::Sized(_, dir, arg) => (dir, Shape::Structs { size: 1, count: Count::Arg(arg) }),
            Kind::Sockaddr(dir, count) | Kind::SockOpt(dir, count) => (dir, Shape::Structs { size: 1, count }),
            Kind::FdPair => (Dir::Out, Shape::Structs { size: 8, count: Count::Fixed(1) }),
            Kind::Ints(dir, count) | Kind::Gids(dir, count) => (dir, Shape::Structs { size: 4, count }),
            Kind::FlagsRef(dir, _) | Kind::EnumRef(dir, _) | Kind::IntRef(dir) => {
                (dir, Shape::Structs { size: 4, count: Count::Fixed(1) })
            }
            Kind::LongRef(dir) | Kind::PtrRef(dir) => (dir, Shape::Structs { size: 8, count: Count::Fixed(1) }),
            Kind::Longs(count) => (Dir::In, Shape::Structs { size: 8, count: Count::Fixed(count) }),
            Kind::ShortRef => (Dir::Out, Shape::Structs { size: 2, count: Count::Fixed(1) }),
            Kind::Interfaces => (Dir::InOut, Shape::Structs { size: 16, count: Count::Fixed(1) }),
            Kind::Pointers(count) => (Dir::In, Shape::Structs { size: 8, count }),
            Kind::NodeMask(dir, arg) => (dir, Shape::Structs { size: 1, count: Count::Bits(arg) }),
            Kind::PageStates(arg) => (Dir::Out, Shape::Structs { size: 1, count: Count::Pages(arg) }),
            Kind::Message(dir, arg) => (dir, Shape::Structs { size: 1, count: Count::Plus(arg, 1, 8) }),
            Kind::WaitStatus | Kind::SignalRef => (Dir::Out, Shape::Structs { size: 4, count: Count::Fixed(1) }),
            Kind::SigSet(dir, arg) => (dir, Shape::Structs { size: 1, count: Count::Arg(arg) }),
            Kind::FdSet(arg) => (Dir::InOut, Shape::Structs { size: 1, count: Count::Bits(arg) }),
            Kind::Dirents64 | Kind::Dirents => (Dir::Out, Shape::Structs { size: 1, count: Count::Result }),
            Kind::Siginfo(dir) => (dir, Shape::Structs { size: 128, count: Count::Fixed(1) }),
            Kind::CpuSet(Dir::Out, _) => (Dir::Out, Shape::Structs { size: 1, count: Count::Result }),
            Kind::CpuSet(dir, arg) => (dir, Shape::Structs { size: 1, count: Count::Arg(arg) }),
            _ => return None,
        };
        Some(Memory { dir, shape })
    }
}
