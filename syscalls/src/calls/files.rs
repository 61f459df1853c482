//! Files by name: opening, status, links, attributes, mounts.

use super::{input, output};
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::{layout, names};

calls! {
    open [DESC FILE] (filename: Path, flags: OpenFlags, mode: OpenMode(1)) -> Fd;
    openat [DESC FILE] (dfd: DirFd, filename: Path, flags: OpenFlags, mode: OpenMode(2)) -> Fd;
    openat2 [DESC FILE] (dfd: DirFd, filename: Path, how: Sized(&layout::OPEN_HOW, In, 3), size: ULong) -> Fd;
    creat [DESC FILE] (pathname: Path, mode: Mode) -> Fd;
    name_to_handle_at [DESC FILE] (
        dfd: DirFd, name: Path, handle: Struct(&layout::FILE_HANDLE, InOut, Fixed(17)), mnt_id: IntRef(Out),
        flag: Flags(&names::NAME_TO_HANDLE),
    ) -> Int;
    open_by_handle_at [DESC] (mountdirfd: Fd, handle: Struct(&layout::FILE_HANDLE, In, Fixed(17)), flags: OpenFlags) -> Fd;

    stat [FILE STAT STAT_LIKE] (filename: Path, statbuf: output(&layout::STAT)) -> Int;
    lstat [FILE LSTAT STAT_LIKE] (filename: Path, statbuf: output(&layout::STAT)) -> Int;
    fstat [DESC FSTAT STAT_LIKE] (fd: Fd, statbuf: output(&layout::STAT)) -> Int;
    newfstatat [DESC FILE FSTAT STAT_LIKE] (
        dfd: DirFd, filename: Path, statbuf: output(&layout::STAT), flag: Flags(&names::AT_FLAGS),
    ) -> Int;
    statx [DESC FILE FSTAT STAT_LIKE] (
        dfd: DirFd, filename: Path, flags: EnumFlags(&names::STATX_SYNC, &names::STATX_FLAGS),
        mask: Flags(&names::STATX_MASK), buffer: output(&layout::STATX),
    ) -> Int;
    statfs [FILE STATFS STATFS_LIKE] (pathname: Path, buf: output(&layout::STATFS)) -> Int;
    fstatfs [DESC FSTATFS STATFS_LIKE] (fd: Fd, buf: output(&layout::STATFS)) -> Int;
    ustat [STATFS_LIKE] (dev: Dev, ubuf: output(&layout::USTAT)) -> Int;
    file_getattr [DESC FILE] (
        dfd: DirFd, filename: Path, ufattr: Sized(&layout::FILE_ATTRIBUTES, Out, 3), usize: ULong,
        at_flags: Flags(&names::AT_FLAGS),
    ) -> Int;
    file_setattr [DESC FILE] (
        dfd: DirFd, filename: Path, ufattr: Sized(&layout::FILE_ATTRIBUTES, In, 3), usize: ULong,
        at_flags: Flags(&names::AT_FLAGS),
    ) -> Int;

    access [FILE] (filename: Path, mode: Flags(&names::ACCESS_MODES)) -> Int;
    faccessat [DESC FILE] (dfd: DirFd, filename: Path, mode: Flags(&names::ACCESS_MODES)) -> Int;
    faccessat2 [DESC FILE] (
        dfd: DirFd, filename: Path, mode: Flags(&names::ACCESS_MODES), flags: Flags(&names::FACCESSAT_FLAGS),
    ) -> Int;
    chmod [FILE] (filename: Path, mode: Mode) -> Int;
    fchmod [DESC] (fd: Fd, mode: Mode) -> Int;
    fchmodat [DESC FILE] (dfd: DirFd, filename: Path, mode: Mode) -> Int;
    fchmodat2 [DESC FILE] (dfd: DirFd, filename: Path, mode: Mode, flags: Flags(&names::AT_FLAGS)) -> Int;
    chown [FILE] (filename: Path, user: Uid, group: Gid) -> Int;
    lchown [FILE] (filename: Path, user: Uid, group: Gid) -> Int;
    fchown [DESC] (fd: Fd, user: Uid, group: Gid) -> Int;
    fchownat [DESC FILE] (dfd: DirFd, filename: Path, user: Uid, group: Gid, flag: Flags(&names::AT_FLAGS)) -> Int;
    umask [] (mask: Mode) -> Octal;

    getcwd [FILE] (buf: PathOut(ResultUpTo(1)), size: ULong) -> Int;
    chdir [FILE] (filename: Path) -> Int;
    fchdir [DESC] (fd: Fd) -> Int;
    chroot [FILE] (filename: Path) -> Int;
    pivot_root [FILE] (new_root: Path, put_old: Path) -> Int;

    rename [FILE] (oldname: Path, newname: Path) -> Int;
    renameat [DESC FILE] (olddfd: DirFd, oldname: Path, newdfd: DirFd, newname: Path) -> Int;
    renameat2 [DESC FILE] (
        olddfd: DirFd, oldname: Path, newdfd: DirFd, newname: Path, flags: Flags(&names::RENAME),
    ) -> Int;
    link [FILE] (oldname: Path, newname: Path) -> Int;
    linkat [DESC FILE] (
        olddfd: DirFd, oldname: Path, newdfd: DirFd, newname: Path, flags: Flags(&names::AT_FLAGS),
    ) -> Int;
    symlink [FILE] (oldname: Path, newname: Path) -> Int;
    symlinkat [DESC FILE] (oldname: Path, newdfd: DirFd, newname: Path) -> Int;
    readlink [FILE] (path: Path, buf: PathOut(ResultUpTo(2)), bufsiz: ULong) -> Int;
    readlinkat [DESC FILE] (dfd: DirFd, pathname: Path, buf: PathOut(ResultUpTo(3)), bufsiz: ULong) -> Int;
    unlink [FILE] (pathname: Path) -> Int;
    unlinkat [DESC FILE] (dfd: DirFd, pathname: Path, flag: Flags(&names::AT_FLAGS)) -> Int;
    mkdir [FILE] (pathname: Path, mode: Mode) -> Int;
    mkdirat [DESC FILE] (dfd: DirFd, pathname: Path, mode: Mode) -> Int;
    rmdir [FILE] (pathname: Path) -> Int;
    mknod [FILE] (filename: Path, mode: Mode, dev: Dev) by MKNOD -> Int;
    mknodat [DESC FILE] (dfd: DirFd, filename: Path, mode: Mode, dev: Dev) by MKNODAT -> Int;
    truncate [FILE] (path: Path, length: ULong) -> Int;

    utime [FILE] (filename: Path, times: input(&layout::UTIMBUF)) -> Int;
    utimes [FILE] (filename: Path, utimes: Struct(&layout::TIMEVAL, In, Fixed(2))) -> Int;
    futimesat [DESC FILE] (dfd: DirFd, filename: Path, utimes: Struct(&layout::TIMEVAL, In, Fixed(2))) -> Int;
    utimensat [DESC FILE] (
        dfd: DirFd, filename: Path, utimes: Struct(&layout::TIMESPEC, In, Fixed(2)), flags: Flags(&names::AT_FLAGS),
    ) -> Int;

    setxattr [FILE] (path: Path, name: Str, value: Bytes(In, Arg(3)), size: ULong, flags: Flags(&names::XATTR)) -> Int;
    lsetxattr [FILE] (path: Path, name: Str, value: Bytes(In, Arg(3)), size: ULong, flags: Flags(&names::XATTR)) -> Int;
    fsetxattr [DESC] (fd: Fd, name: Str, value: Bytes(In, Arg(3)), size: ULong, flags: Flags(&names::XATTR)) -> Int;
    getxattr [FILE] (path: Path, name: Str, value: Bytes(Out, ResultUpTo(3)), size: ULong) -> Int;
    lgetxattr [FILE] (path: Path, name: Str, value: Bytes(Out, ResultUpTo(3)), size: ULong) -> Int;
    fgetxattr [DESC] (fd: Fd, name: Str, value: Bytes(Out, ResultUpTo(3)), size: ULong) -> Int;
    listxattr [FILE] (path: Path, list: Bytes(Out, ResultUpTo(2)), size: ULong) -> Int;
    llistxattr [FILE] (path: Path, list: Bytes(Out, ResultUpTo(2)), size: ULong) -> Int;
    flistxattr [DESC] (fd: Fd, list: Bytes(Out, ResultUpTo(2)), size: ULong) -> Int;
    removexattr [FILE] (path: Path, name: Str) -> Int;
    lremovexattr [FILE] (path: Path, name: Str) -> Int;
    fremovexattr [DESC] (fd: Fd, name: Str) -> Int;
    setxattrat [DESC FILE] (
        dfd: DirFd, pathname: Path, at_flags: Flags(&names::AT_FLAGS), name: Str,
        uargs: Sized(&layout::XATTR_ARGS, In, 5), usize: ULong,
    ) -> Int;
    getxattrat [DESC FILE] (
        dfd: DirFd, pathname: Path, at_flags: Flags(&names::AT_FLAGS), name: Str,
        uargs: Sized(&layout::XATTR_ARGS, In, 5), usize: ULong,
    ) -> Int;
    listxattrat [DESC FILE] (
        dfd: DirFd, pathname: Path, at_flags: Flags(&names::AT_FLAGS), list: Bytes(Out, ResultUpTo(4)), size: ULong,
    ) -> Int;
    removexattrat [DESC FILE] (dfd: DirFd, pathname: Path, at_flags: Flags(&names::AT_FLAGS), name: Str) -> Int;

    mount [FILE] (dev_name: Path, dir_name: Path, type: Str, flags: Flags(&names::MOUNT_FLAGS), data: Str) -> Int;
    umount2 [FILE] (name: Path, flags: Flags(&names::UMOUNT)) -> Int;
    open_tree [DESC FILE] (dfd: DirFd, filename: Path, flags: Flags(&names::OPEN_TREE)) -> Fd;
    open_tree_attr [DESC FILE] (
        dfd: DirFd, filename: Path, flags: Flags(&names::OPEN_TREE), uattr: Sized(&layout::MOUNT_ATTR, In, 4),
        usize: ULong,
    ) -> Fd;
    move_mount [DESC FILE] (
        from_dfd: DirFd, from_pathname: Path, to_dfd: DirFd, to_pathname: Path, flags: Flags(&names::MOVE_MOUNT),
    ) -> Int;
    fsopen [DESC] (_fs_name: Str, flags: Flags(&names::FSOPEN)) -> Fd;
    fsconfig [DESC FILE] (fd: Fd, cmd: Enum(&names::FSCONFIG_CMD), _key: Ptr, _value: Ptr, aux: Int) by FSCONFIG -> Int;
    fsmount [DESC] (fs_fd: Fd, flags: Flags(&names::FSMOUNT), attr_flags: Flags(&names::MOUNT_ATTR)) -> Fd;
    fspick [DESC FILE] (dfd: DirFd, path: Path, flags: Flags(&names::FSPICK)) -> Fd;
    mount_setattr [DESC FILE] (
        dfd: DirFd, path: Path, flags: Flags(&names::MOUNT_SETATTR), uattr: Sized(&layout::MOUNT_ATTR, In, 4),
        usize: ULong,
    ) -> Int;
    statmount [] (req: input(&layout::MNT_ID_REQ), buf: Ptr, bufsize: ULong, flags: Flags(&names::STATMOUNT)) -> Int;
    listmount [] (
        req: input(&layout::MNT_ID_REQ), mnt_ids: Ptr, nr_mnt_ids: ULong, flags: Flags(&names::LISTMOUNT),
    ) -> Int;
    listns [] (req: input(&layout::NS_ID_REQ), ns_ids: Ptr, nr_ns_ids: ULong, flags: Hex) -> Int;
    swapon [FILE] (specialfile: Path, swap_flags: Flags(&names::SWAP)) -> Int;
    swapoff [FILE] (specialfile: Path) -> Int;
    acct [FILE] (name: Path) -> Int;
    uselib [FILE] (library: Path) -> Int;
    quotactl [FILE] (cmd: QuotaCmd, special: Path, id: Int, addr: Ptr) by QUOTA -> Int;
    quotactl_fd [DESC] (fd: Fd, cmd: QuotaCmd, id: Int, addr: Ptr) by QUOTA_FD -> Int;
    sysfs [] (option: Hex, arg1: Hex, arg2: Hex) -> Int;
    lookup_dcookie [] (cookie64: ULong, buf: PathOut(ResultUpTo(2)), len: ULong) -> Int;
    inotify_add_watch [DESC FILE] (fd: Fd, pathname: Path, mask: Flags(&names::INOTIFY_EVENTS)) -> Int;
    fanotify_mark [DESC FILE] (
        fanotify_fd: Fd, flags: Flags(&names::FANOTIFY_MARK), mask: Flags(&names::FANOTIFY_EVENTS), dfd: DirFd,
        pathname: Path,
    ) -> Int;
}

operations! {
    FSCONFIG: 1 & 0xffff_ffff (fd: Fd, cmd: Enum(&names::FSCONFIG_CMD)) {
        0 => (_key: Str, _value: Ptr, aux: Int) -> Int,
        1 => (_key: Str, _value: Str, aux: Int) -> Int,
        2 => (_key: Str, _value: Bytes(In, Arg(4)), aux: Int) -> Int,
        3 => (_key: Str, _value: Path, aux: DirFd) -> Int,
        4 => (_key: Str, _value: Path, aux: DirFd) -> Int,
        5 => (_key: Str, _value: Ptr, aux: Fd) -> Int,
    }
}

// The low byte is the kind of quota: it does not select.
operations! {
    QUOTA: 0 & 0xffff_ff00 (cmd: QuotaCmd, special: Path) {
        0x0058_0100 => (id: Unused, addr: FlagsRef(In, &names::QUOTA_ACCOUNTING)) -> Int,
        0x0058_0200 => (id: Unused, addr: FlagsRef(In, &names::QUOTA_ACCOUNTING)) -> Int,
        0x0058_0300 => (id: Int, addr: output(&layout::DISK_QUOTA)) -> Int,
        0x0058_0400 => (id: Int, addr: input(&layout::DISK_QUOTA)) -> Int,
        0x0058_0500 => (id: Unused, addr: Ptr) -> Int,
        0x0058_0600 => (id: Unused, addr: FlagsRef(In, &names::QUOTA_KINDS)) -> Int,
        0x0058_0700 => () -> Int,
        0x0058_0800 => (id: Unused, addr: Ptr) -> Int,
        0x0058_0900 => (id: Int, addr: output(&layout::DISK_QUOTA)) -> Int,
        0x8000_0100 => () -> Int,
        0x8000_0200 => (id: Enum(&names::QUOTA_FORMATS), addr: Path) -> Int,
        0x8000_0300 => () -> Int,
        0x8000_0400 => (id: Unused, addr: EnumRef(Out, &names::QUOTA_FORMATS)) -> Int,
        0x8000_0500 => (id: Unused, addr: output(&layout::DQINFO)) -> Int,
        0x8000_0600 => (id: Unused, addr: input(&layout::DQINFO)) -> Int,
        0x8000_0700 => (id: Int, addr: output(&layout::DQBLK)) -> Int,
        0x8000_0800 => (id: Int, addr: input(&layout::DQBLK)) -> Int,
    }
}

operations! {
    QUOTA_FD: 1 & 0xffff_ff00 (fd: Fd, cmd: QuotaCmd) {
        0x0058_0100 => (id: Unused, addr: FlagsRef(In, &names::QUOTA_ACCOUNTING)) -> Int,
        0x0058_0200 => (id: Unused, addr: FlagsRef(In, &names::QUOTA_ACCOUNTING)) -> Int,
        0x0058_0300 => (id: Int, addr: output(&layout::DISK_QUOTA)) -> Int,
        0x0058_0400 => (id: Int, addr: input(&layout::DISK_QUOTA)) -> Int,
        0x0058_0500 => (id: Unused, addr: Ptr) -> Int,
        0x0058_0600 => (id: Unused, addr: FlagsRef(In, &names::QUOTA_KINDS)) -> Int,
        0x0058_0700 => () -> Int,
        0x0058_0800 => (id: Unused, addr: Ptr) -> Int,
        0x0058_0900 => (id: Int, addr: output(&layout::DISK_QUOTA)) -> Int,
        0x8000_0100 => () -> Int,
        0x8000_0200 => (id: Enum(&names::QUOTA_FORMATS), addr: Path) -> Int,
        0x8000_0300 => () -> Int,
        0x8000_0400 => (id: Unused, addr: EnumRef(Out, &names::QUOTA_FORMATS)) -> Int,
        0x8000_0500 => (id: Unused, addr: output(&layout::DQINFO)) -> Int,
        0x8000_0600 => (id: Unused, addr: input(&layout::DQINFO)) -> Int,
        0x8000_0700 => (id: Int, addr: output(&layout::DQBLK)) -> Int,
        0x8000_0800 => (id: Int, addr: input(&layout::DQBLK)) -> Int,
    }
}

// The type of file selects: only character and block devices have a number.
operations! {
    MKNOD: 1 & 0xf000 (filename: Path, mode: Mode) {
        0x0000 => () -> Int,
        0x1000 => () -> Int,
        0x8000 => () -> Int,
        0xc000 => () -> Int,
    }
}

operations! {
    MKNODAT: 2 & 0xf000 (dfd: DirFd, filename: Path, mode: Mode) {
        0x0000 => () -> Int,
        0x1000 => () -> Int,
        0x8000 => () -> Int,
        0xc000 => () -> Int,
    }
}
