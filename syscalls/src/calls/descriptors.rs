//! Descriptors: moving data, waiting for it, and the objects that exist only as a descriptor.

use super::{exchange, input, output};
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::{layout, names};

calls! {
    read [DESC] (fd: Fd, buf: Bytes(Out, ResultUpTo(2)), count: ULong) -> Int;
    write [DESC] (fd: Fd, buf: Bytes(In, Arg(2)), count: ULong) -> Int;
    pread64 [DESC] (fd: Fd, buf: Bytes(Out, ResultUpTo(2)), count: ULong, pos: Long) -> Int;
    pwrite64 [DESC] (fd: Fd, buf: Bytes(In, Arg(2)), count: ULong, pos: Long) -> Int;
    readv [DESC] (fd: Fd, vec: Iovec(Out, Arg(2)), vlen: ULong) -> Int;
    writev [DESC] (fd: Fd, vec: Iovec(In, Arg(2)), vlen: ULong) -> Int;
    preadv [DESC] (fd: Fd, vec: Iovec(Out, Arg(2)), vlen: ULong, pos: Long) -> Int;
    pwritev [DESC] (fd: Fd, vec: Iovec(In, Arg(2)), vlen: ULong, pos: Long) -> Int;
    preadv2 [DESC] (
        fd: Fd, vec: Iovec(Out, Arg(2)), vlen: ULong, pos: Long, pos_h: Unused, flags: Flags(&names::RWF_FLAGS),
    ) -> Int;
    pwritev2 [DESC] (
        fd: Fd, vec: Iovec(In, Arg(2)), vlen: ULong, pos: Long, pos_h: Unused, flags: Flags(&names::RWF_FLAGS),
    ) -> Int;
    close [DESC] (fd: Fd) -> Int;
    close_range [] (fd: UInt, max_fd: UInt, flags: Flags(&names::CLOSE_RANGE)) -> Int;
    lseek [DESC] (fd: Fd, offset: Long, whence: Enum(&names::SEEK_WHENCE)) -> Int;
    dup [DESC] (fildes: Fd) -> Fd;
    dup2 [DESC] (oldfd: Fd, newfd: Fd) -> Fd;
    dup3 [DESC] (oldfd: Fd, newfd: Fd, flags: Flags(&names::OPEN_FLAGS)) -> Fd;
    pipe [DESC] (fildes: FdPair) -> Int;
    pipe2 [DESC] (fildes: FdPair, flags: Flags(&names::OPEN_FLAGS)) -> Int;
    fcntl [DESC] (fd: Fd, cmd: Enum(&names::FCNTL_CMD), arg: Hex) by FCNTL -> Int;
    flock [DESC] (fd: Fd, cmd: Flags(&names::FLOCK_OPS)) -> Int;
    fsync [DESC] (fd: Fd) -> Int;
    fdatasync [DESC] (fd: Fd) -> Int;
    syncfs [DESC] (fd: Fd) -> Int;
    sync_file_range [DESC] (fd: Fd, offset: Long, nbytes: Long, flags: Flags(&names::SYNC_FILE_RANGE)) -> Int;
    ftruncate [DESC] (fd: Fd, length: ULong) -> Int;
    fallocate [DESC] (fd: Fd, mode: Flags(&names::FALLOCATE), offset: Long, len: Long) -> Int;
    fadvise64 [DESC] (fd: Fd, offset: Long, len: ULong, advice: Enum(&names::FADVISE)) -> Int;
    readahead [DESC] (fd: Fd, offset: Long, count: ULong) -> Int;
    cachestat [DESC] (
        fd: Fd, cstat_range: input(&layout::CACHESTAT_RANGE), cstat: output(&layout::CACHESTAT), flags: Hex,
    ) -> Int;
    getdents [DESC] (fd: Fd, dirent: Dirents, count: UInt) -> Int;
    getdents64 [DESC] (fd: Fd, dirent: Dirents64, count: UInt) -> Int;
    sendfile [DESC NETWORK] (out_fd: Fd, in_fd: Fd, offset: LongRef(InOut), count: ULong) -> Int;
    splice [DESC] (
        fd_in: Fd, off_in: LongRef(InOut), fd_out: Fd, off_out: LongRef(InOut), len: ULong,
        flags: Flags(&names::SPLICE),
    ) -> Int;
    tee [DESC] (fdin: Fd, fdout: Fd, len: ULong, flags: Flags(&names::SPLICE)) -> Int;
    // Which way the data goes depends on the end of the pipe, so only the vector is of use here.
    vmsplice [DESC] (fd: Fd, uiov: Iovec(In, Arg(2)), nr_segs: ULong, flags: Flags(&names::SPLICE)) -> Int;
    copy_file_range [DESC] (
        fd_in: Fd, off_in: LongRef(InOut), fd_out: Fd, off_out: LongRef(InOut), len: ULong, flags: UInt,
    ) -> Int;

    poll [DESC] (ufds: Struct(&layout::POLLFD, InOut, Arg(1)), nfds: UInt, timeout_msecs: Int) -> Ready;
    ppoll [DESC] (
        ufds: Struct(&layout::POLLFD, InOut, Arg(1)), nfds: UInt, tsp: exchange(&layout::TIMESPEC),
        sigmask: SigSet(In, 4), sigsetsize: ULong,
    ) -> Ready;
    select [DESC] (n: Int, inp: FdSet(0), outp: FdSet(0), exp: FdSet(0), tvp: exchange(&layout::TIMEVAL)) -> Ready;
    pselect6 [DESC] (
        n: Int, inp: FdSet(0), outp: FdSet(0), exp: FdSet(0), tsp: exchange(&layout::TIMESPEC),
        sig: input(&layout::SELECT_MASK),
    ) -> Ready;
    epoll_create [DESC] (size: Int) -> Fd;
    epoll_create1 [DESC] (flags: Flags(&names::EPOLL_CREATE)) -> Fd;
    epoll_ctl [DESC] (epfd: Fd, op: Enum(&names::EPOLL_CTL), fd: Fd, event: input(&layout::EPOLL_EVENT)) -> Int;
    epoll_wait [DESC] (
        epfd: Fd, events: Struct(&layout::EPOLL_EVENT, Out, Result), maxevents: Int, timeout: Int,
    ) -> Int;
    epoll_pwait [DESC] (
        epfd: Fd, events: Struct(&layout::EPOLL_EVENT, Out, Result), maxevents: Int, timeout: Int,
        sigmask: SigSet(In, 5), sigsetsize: ULong,
    ) -> Int;
    epoll_pwait2 [DESC] (
        epfd: Fd, events: Struct(&layout::EPOLL_EVENT, Out, Result), maxevents: Int, timeout: input(&layout::TIMESPEC),
        sigmask: SigSet(In, 5), sigsetsize: ULong,
    ) -> Int;

    eventfd [DESC] (count: UInt) -> Fd;
    eventfd2 [DESC] (count: UInt, flags: Flags(&names::EVENTFD)) -> Fd;
    signalfd [DESC SIGNAL] (ufd: Fd, user_mask: SigSet(In, 2), sizemask: ULong) -> Fd;
    signalfd4 [DESC SIGNAL] (ufd: Fd, user_mask: SigSet(In, 2), sizemask: ULong, flags: Flags(&names::SIGNALFD)) -> Fd;
    timerfd_create [DESC] (clockid: Enum(&names::CLOCK_IDS), flags: Flags(&names::TIMERFD)) -> Fd;
    timerfd_settime [DESC] (
        ufd: Fd, flags: Flags(&names::TIMERFD), utmr: input(&layout::ITIMERSPEC),
        otmr: output(&layout::ITIMERSPEC),
    ) -> Int;
    timerfd_gettime [DESC] (ufd: Fd, otmr: output(&layout::ITIMERSPEC)) -> Int;
    memfd_create [DESC] (uname: Str, flags: Flags(&names::MEMFD)) -> Fd;
    memfd_secret [DESC] (flags: Flags(&names::MEMFD_SECRET)) -> Fd;
    userfaultfd [DESC] (flags: Flags(&names::USERFAULTFD)) -> Fd;
    inotify_init [DESC] () -> Fd;
    inotify_init1 [DESC] (flags: Flags(&names::INOTIFY_INIT)) -> Fd;
    inotify_rm_watch [DESC] (fd: Fd, wd: Int) -> Int;
    fanotify_init [DESC] (
        flags: EnumFlags(&names::FANOTIFY_CLASS, &names::FANOTIFY_INIT), event_f_flags: OpenFlags,
    ) -> Fd;

    io_setup [MEMORY] (nr_events: UInt, ctxp: PtrRef(Out)) -> Int;
    io_destroy [MEMORY] (ctx: Ptr) -> Int;
    io_submit [] (ctx_id: Ptr, nr: Long, iocbpp: Iocbs(Arg(1))) -> Int;
    io_cancel [] (ctx_id: Ptr, iocb: input(&layout::IOCB), result: output(&layout::IO_EVENT)) -> Int;
    io_getevents [] (
        ctx_id: Ptr, min_nr: Long, nr: Long, events: Struct(&layout::IO_EVENT, Out, Result),
        timeout: input(&layout::TIMESPEC),
    ) -> Int;
    io_pgetevents [] (
        ctx_id: Ptr, min_nr: Long, nr: Long, events: Struct(&layout::IO_EVENT, Out, Result),
        timeout: input(&layout::TIMESPEC), usig: input(&layout::SELECT_MASK),
    ) -> Int;
    io_uring_setup [DESC] (entries: UInt, params: exchange(&layout::IO_URING_PARAMS)) -> Fd;
    io_uring_enter [DESC SIGNAL] (
        fd: Fd, to_submit: UInt, min_complete: UInt, flags: Flags(&names::IO_URING_ENTER), argp: Ptr, argsz: ULong,
    ) by URING_ENTER -> Int;
    io_uring_register [DESC MEMORY] (
        fd: Fd, opcode: Enum(&names::IO_URING_REGISTER), arg: Ptr, nr_args: UInt,
    ) by URING_REGISTER -> Int;
}

operations! {
    FCNTL: 1 & 0xffff_ffff (fd: Fd, cmd: Enum(&names::FCNTL_CMD)) {
        0 => (arg: Int) -> Fd,
        1 => () -> FdFlags,
        2 => (arg: Flags(&names::FD_FLAGS)) -> Int,
        3 => () -> OpenFlags,
        4 => (arg: OpenFlags) -> Int,
        5 => (arg: exchange(&layout::FLOCK)) -> Int,
        6 => (arg: input(&layout::FLOCK)) -> Int,
        7 => (arg: input(&layout::FLOCK)) -> Int,
        8 => (arg: Pid) -> Int,
        9 => () -> Pid,
        10 => (arg: Signal) -> Int,
        11 => () -> Int,
        15 => (arg: input(&layout::F_OWNER_EX)) -> Int,
        16 => (arg: output(&layout::F_OWNER_EX)) -> Int,
        36 => (arg: exchange(&layout::FLOCK)) -> Int,
        37 => (arg: input(&layout::FLOCK)) -> Int,
        38 => (arg: input(&layout::FLOCK)) -> Int,
        1024 => (arg: Enum(&names::LOCK_TYPES)) -> Int,
        1025 => () -> Hex,
        1026 => (arg: Flags(&names::F_NOTIFY)) -> Int,
        1027 => (arg: Fd) -> Int,
        1028 => () -> Int,
        1030 => (arg: Int) -> Fd,
        1031 => (arg: Int) -> Int,
        1032 => () -> Int,
        1033 => (arg: Flags(&names::F_SEALS)) -> Int,
        1034 => () -> Hex,
        1035 => (arg: LongRef(Out)) -> Int,
        1036 => (arg: LongRef(In)) -> Int,
        1037 => (arg: LongRef(Out)) -> Int,
        1038 => (arg: LongRef(In)) -> Int,
    }
}

operations! {
    // Without IORING_ENTER_EXT_ARG and IORING_ENTER_EXT_ARG_REG it is a signal set.
    URING_ENTER: 3 & 0x48 (
        fd: Fd, to_submit: UInt, min_complete: UInt, flags: Flags(&names::IO_URING_ENTER),
    ) {
        0 => (argp: SigSet(In, 5), argsz: ULong) -> Int,
    }
}

operations! {
    URING_REGISTER: 1 & 0xffff_ffff (fd: Fd, opcode: Enum(&names::IO_URING_REGISTER)) {
        0 => (arg: Struct(&layout::IOVEC, In, Arg(3)), nr_args: UInt) -> Int,
        2 => (arg: Ints(In, Arg(3)), nr_args: UInt) -> Int,
        4 => (arg: Ints(In, Arg(3)), nr_args: UInt) -> Int,
        6 => (arg: input(&layout::IO_URING_FILES_UPDATE), nr_args: UInt) -> Int,
        7 => (arg: Ints(In, Arg(3)), nr_args: UInt) -> Int,
        8 => (arg: Raw(InOut, Plus(3, 8, 16)), nr_args: UInt) -> Int,
        11 => (arg: Struct(&layout::IO_URING_RESTRICTION, In, Arg(3)), nr_args: UInt) -> Int,
        13 => (arg: input(&layout::IO_URING_FILES), nr_args: UInt) -> Int,
        14 => (arg: input(&layout::IO_URING_FILES2_UPDATE), nr_args: UInt) -> Int,
        15 => (arg: input(&layout::IO_URING_BUFFERS), nr_args: UInt) -> Int,
        16 => (arg: input(&layout::IO_URING_BUFFERS_UPDATE), nr_args: UInt) -> Int,
        17 => (arg: CpuSet(In, 3), nr_args: UInt) -> Int,
        19 => (arg: Ints(InOut, Arg(3)), nr_args: UInt) -> Int,
        20 => (arg: Struct(&layout::IO_URING_RING, In, Arg(3)), nr_args: UInt) -> Int,
        21 => (arg: Struct(&layout::IO_URING_NO_RING, In, Arg(3)), nr_args: UInt) -> Int,
        22 => (arg: input(&layout::IO_URING_BUFFER_RING), nr_args: UInt) -> Int,
        23 => (arg: input(&layout::IO_URING_BUFFER_RING), nr_args: UInt) -> Int,
    }
}
