//! Calls of 32-bit tasks whose words differ: 64-bit values in two halves, older structures and
//! 16-bit ids, and the calls that multiplex others.
//!
//! Structures of 32-bit tasks have other layouts, so their pointers are addresses here.

use super::{FCNTL, FUTEX};
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::names;

calls! {
    waitpid [PROCESS] (pid: Pid, stat_addr: WaitStatus, options: Flags(&names::WAIT_OPTIONS)) -> PidWaited;
    oldstat [FILE STAT STAT_LIKE] (filename: Path, statbuf: Ptr) -> Int;
    oldlstat [FILE LSTAT STAT_LIKE] (filename: Path, statbuf: Ptr) -> Int;
    oldfstat [DESC FSTAT STAT_LIKE] (fd: Fd, statbuf: Ptr) -> Int;
    stat64 [FILE STAT STAT_LIKE] (filename: Path, statbuf: Ptr) -> Int;
    lstat64 [FILE LSTAT STAT_LIKE] (filename: Path, statbuf: Ptr) -> Int;
    fstat64 [DESC FSTAT STAT_LIKE] (fd: Fd, statbuf: Ptr) -> Int;
    fstatat64 [DESC FILE FSTAT STAT_LIKE] (
        dfd: DirFd, filename: Path, statbuf: Ptr, flag: Flags(&names::AT_FLAGS),
    ) -> Int;
    statfs64 [FILE STATFS STATFS_LIKE] (path: Path, sz: ULong, buf: Ptr) -> Int;
    fstatfs64 [DESC FSTATFS STATFS_LIKE] (fd: Fd, sz: ULong, buf: Ptr) -> Int;
    umount [FILE] (name: Path) -> Int;
    stime [] (tptr: IntRef(In)) -> Int;
    nice [] (increment: Int) -> Int;
    signal [SIGNAL] (sig: Signal, handler: Ptr) -> Hex;
    sigaction [SIGNAL] (sig: Signal, act: Ptr, oact: Ptr) -> Int;
    sgetmask [SIGNAL] () -> Hex;
    ssetmask [SIGNAL] (newmask: Hex) -> Hex;
    sigsuspend [SIGNAL] (unused1: Hex, unused2: Hex, mask: Hex) -> Int;
    sigpending [SIGNAL] (uset: Ptr) -> Int;
    sigprocmask [SIGNAL] (how: Enum(&names::SIG_HOW), nset: Ptr, oset: Ptr) -> Int;
    sigreturn [SIGNAL] () -> Int;
    oldolduname [] (name: Ptr) -> Int;
    olduname [] (name: Ptr) -> Int;
    select_by_block as "select" [DESC] (arg: Ptr) -> Ready;
    _newselect [DESC] (n: Int, inp: FdSet(0), outp: FdSet(0), exp: FdSet(0), tvp: Ptr) -> Ready;
    readdir [DESC] (fd: Fd, dirent: Ptr, count: UInt) -> Int;
    mmap_by_block as "mmap" [DESC MEMORY] (arg: Ptr) -> Hex;
    mmap2 [DESC MEMORY] (
        addr: Ptr, len: ULong, prot: Flags(&names::MMAP_PROT), flags: Flags(&names::MMAP_FLAGS), fd: Fd, pgoff: Hex,
    ) -> Hex;
    socketcall [DESC NETWORK] (call: Enum(&names::SOCKETCALL), args: Ptr) -> Int;
    ipc [IPC] (call: Enum(&names::IPC_CALL), first: Int, second: ULong, third: ULong, ptr: Ptr, fifth: Long) -> Int;
    vm86old [] (user_vm86: Ptr) -> Int;
    vm86 [] (cmd: ULong, arg: Ptr) -> Int;
    _llseek [DESC] (
        fd: Fd, offset_high: ULong, offset_low: ULong, result: LongRef(Out), whence: Enum(&names::SEEK_WHENCE),
    ) -> Int;
    ugetrlimit [] (resource: Enum(&names::RLIMIT), rlim: Ptr) -> Int;

    pread64_halves as "pread64" [DESC] (
        fd: Fd, buf: Bytes(Out, ResultUpTo(2)), count: ULong, pos: LowHalf, pos_high: HighHalf,
    ) -> Int;
    pwrite64_halves as "pwrite64" [DESC] (
        fd: Fd, buf: Bytes(In, Arg(2)), count: ULong, pos: LowHalf, pos_high: HighHalf,
    ) -> Int;
    preadv_halves as "preadv" [DESC] (
        fd: Fd, vec: Iovec(Out, Arg(2)), vlen: ULong, pos: LowHalf, pos_high: HighHalf,
    ) -> Int;
    pwritev_halves as "pwritev" [DESC] (
        fd: Fd, vec: Iovec(In, Arg(2)), vlen: ULong, pos: LowHalf, pos_high: HighHalf,
    ) -> Int;
    preadv2_halves as "preadv2" [DESC] (
        fd: Fd, vec: Iovec(Out, Arg(2)), vlen: ULong, pos: LowHalf, pos_high: HighHalf,
        flags: Flags(&names::RWF_FLAGS),
    ) -> Int;
    pwritev2_halves as "pwritev2" [DESC] (
        fd: Fd, vec: Iovec(In, Arg(2)), vlen: ULong, pos: LowHalf, pos_high: HighHalf, flags: Flags(&names::RWF_FLAGS),
    ) -> Int;
    truncate64 [FILE] (path: Path, length: LowHalf, length_high: HighHalf) -> Int;
    ftruncate64 [DESC] (fd: Fd, length: LowHalf, length_high: HighHalf) -> Int;
    readahead_halves as "readahead" [DESC] (fd: Fd, offset: LowHalf, offset_high: HighHalf, count: ULong) -> Int;
    fadvise64_halves as "fadvise64" [DESC] (
        fd: Fd, offset: LowHalf, offset_high: HighHalf, len: ULong, advice: Enum(&names::FADVISE),
    ) -> Int;
    fadvise64_64 [DESC] (
        fd: Fd, offset: LowHalf, offset_high: HighHalf, len: LowHalf, len_high: HighHalf,
        advice: Enum(&names::FADVISE),
    ) -> Int;
    sync_file_range_halves as "sync_file_range" [DESC] (
        fd: Fd, offset: LowHalf, offset_high: HighHalf, nbytes: LowHalf, nbytes_high: HighHalf,
        flags: Flags(&names::SYNC_FILE_RANGE),
    ) -> Int;
    fallocate_halves as "fallocate" [DESC] (
        fd: Fd, mode: Flags(&names::FALLOCATE), offset: LowHalf, offset_high: HighHalf, len: LowHalf,
        len_high: HighHalf,
    ) -> Int;
    fanotify_mark_halves as "fanotify_mark" [DESC FILE] (
        fanotify_fd: Fd, flags: Flags(&names::FANOTIFY_MARK), mask: LowHalf, mask_high: HighHalf, dfd: DirFd,
        pathname: Path,
    ) -> Int;
    lookup_dcookie_halves as "lookup_dcookie" [] (
        cookie64: LowHalf, cookie64_high: HighHalf, buf: PathOut(ResultUpTo(3)), len: ULong,
    ) -> Int;
    sendfile_short as "sendfile" [DESC NETWORK] (out_fd: Fd, in_fd: Fd, offset: IntRef(InOut), count: ULong) -> Int;
    sendfile64 [DESC NETWORK] (out_fd: Fd, in_fd: Fd, offset: LongRef(InOut), count: ULong) -> Int;
    fcntl64 [DESC] (fd: Fd, cmd: Enum(&names::FCNTL_CMD), arg: Hex) by FCNTL -> Int;
    time_short as "time" [CLOCK] (tloc: IntRef(Out)) -> Int;

    lchown16 as "lchown" [FILE] (filename: Path, user: UInt, group: UInt) -> Int;
    chown16 as "chown" [FILE] (filename: Path, user: UInt, group: UInt) -> Int;
    fchown16 as "fchown" [DESC] (fd: Fd, user: UInt, group: UInt) -> Int;
    setuid16 as "setuid" [CREDS] (uid: UInt) -> Int;
    setgid16 as "setgid" [CREDS] (gid: UInt) -> Int;
    setreuid16 as "setreuid" [CREDS] (ruid: UInt, euid: UInt) -> Int;
    setregid16 as "setregid" [CREDS] (rgid: UInt, egid: UInt) -> Int;
    setresuid16 as "setresuid" [CREDS] (ruid: UInt, euid: UInt, suid: UInt) -> Int;
    setresgid16 as "setresgid" [CREDS] (rgid: UInt, egid: UInt, sgid: UInt) -> Int;
    getresuid16 as "getresuid" [CREDS] (ruid: Ptr, euid: Ptr, suid: Ptr) -> Int;
    getresgid16 as "getresgid" [CREDS] (rgid: Ptr, egid: Ptr, sgid: Ptr) -> Int;
    setfsuid16 as "setfsuid" [CREDS] (uid: UInt) -> Int;
    setfsgid16 as "setfsgid" [CREDS] (gid: UInt) -> Int;
    getgroups16 as "getgroups" [CREDS] (gidsetsize: Int, grouplist: Ptr) -> Int;
    setgroups16 as "setgroups" [CREDS] (gidsetsize: Int, grouplist: Ptr) -> Int;
    getuid32 [CREDS PURE] () -> Int;
    getgid32 [CREDS PURE] () -> Int;
    geteuid32 [CREDS PURE] () -> Int;
    getegid32 [CREDS PURE] () -> Int;
    lchown32 [FILE] (filename: Path, user: Uid, group: Gid) -> Int;
    chown32 [FILE] (filename: Path, user: Uid, group: Gid) -> Int;
    fchown32 [DESC] (fd: Fd, user: Uid, group: Gid) -> Int;
    setuid32 [CREDS] (uid: Uid) -> Int;
    setgid32 [CREDS] (gid: Gid) -> Int;
    setreuid32 [CREDS] (ruid: Uid, euid: Uid) -> Int;
    setregid32 [CREDS] (rgid: Gid, egid: Gid) -> Int;
    setresuid32 [CREDS] (ruid: Uid, euid: Uid, suid: Uid) -> Int;
    setresgid32 [CREDS] (rgid: Gid, egid: Gid, sgid: Gid) -> Int;
    getresuid32 [CREDS] (ruidp: IntRef(Out), euidp: IntRef(Out), suidp: IntRef(Out)) -> Int;
    getresgid32 [CREDS] (rgidp: IntRef(Out), egidp: IntRef(Out), sgidp: IntRef(Out)) -> Int;
    setfsuid32 [CREDS] (uid: Uid) -> Int;
    setfsgid32 [CREDS] (gid: Gid) -> Int;
    getgroups32 [CREDS] (gidsetsize: Int, grouplist: Gids(Out, Result)) -> Int;
    setgroups32 [CREDS] (gidsetsize: Int, grouplist: Gids(In, Arg(0))) -> Int;

    clock_gettime64 [CLOCK] (which_clock: Enum(&names::CLOCK_IDS), tp: Ptr) -> Int;
    clock_settime64 [CLOCK] (which_clock: Enum(&names::CLOCK_IDS), tp: Ptr) -> Int;
    clock_adjtime64 [CLOCK] (which_clock: Enum(&names::CLOCK_IDS), utx: Ptr) -> Int;
    clock_getres_time64 [CLOCK] (which_clock: Enum(&names::CLOCK_IDS), tp: Ptr) -> Int;
    clock_nanosleep_time64 [] (
        which_clock: Enum(&names::CLOCK_IDS), flags: Flags(&names::TIMER_FLAGS), rqtp: Ptr, rmtp: Ptr,
    ) -> Int;
    timer_gettime64 [] (timer_id: Int, setting: Ptr) -> Int;
    timer_settime64 [] (timer_id: Int, flags: Flags(&names::TIMER_FLAGS), new_setting: Ptr, old_setting: Ptr) -> Int;
    timerfd_gettime64 [DESC] (ufd: Fd, otmr: Ptr) -> Int;
    timerfd_settime64 [DESC] (ufd: Fd, flags: Flags(&names::TIMERFD), utmr: Ptr, otmr: Ptr) -> Int;
    utimensat_time64 [DESC FILE] (dfd: DirFd, filename: Path, t: Ptr, flags: Flags(&names::AT_FLAGS)) -> Int;
    pselect6_time64 [DESC] (n: Int, inp: FdSet(0), outp: FdSet(0), exp: FdSet(0), tsp: Ptr, sig: Ptr) -> Ready;
    ppoll_time64 [DESC] (ufds: Ptr, nfds: UInt, tsp: Ptr, sigmask: Ptr, sigsetsize: ULong) -> Ready;
    io_pgetevents_time64 [] (ctx_id: Ptr, min_nr: Long, nr: Long, events: Ptr, timeout: Ptr, usig: Ptr) -> Int;
    recvmmsg_time64 [NETWORK] (fd: Fd, mmsg: Ptr, vlen: UInt, flags: Flags(&names::MSG_FLAGS), timeout: Ptr) -> Int;
    mq_timedsend_time64 [DESC] (
        mqdes: Fd, u_msg_ptr: Bytes(In, Arg(2)), msg_len: ULong, msg_prio: UInt, u_abs_timeout: Ptr,
    ) -> Int;
    mq_timedreceive_time64 [DESC] (
        mqdes: Fd, u_msg_ptr: Bytes(Out, ResultUpTo(2)), msg_len: ULong, u_msg_prio: IntRef(Out), u_abs_timeout: Ptr,
    ) -> Int;
    semtimedop_time64 [IPC] (semid: Int, tsops: Ptr, nsops: UInt, timeout: Ptr) -> Int;
    rt_sigtimedwait_time64 [SIGNAL] (uthese: Ptr, uinfo: Ptr, uts: Ptr, sigsetsize: ULong) -> Int;
    futex_time64 [] (uaddr: Ptr, op: FutexOp, val: UInt, utime: Ptr, uaddr2: Ptr, val3: Hex) by FUTEX -> Int;
    sched_rr_get_interval_time64 [] (pid: Tid, interval: Ptr) -> Int;
}
