//! Files by name: made, asked about, changed, linked, renamed, removed; mounts, in a namespace of their own.

use super::{NOWHERE, call, drop_privileges};
use libc::*;

const HERE: i32 = libc::AT_FDCWD;

pub fn run() {
    drop_privileges();
    open();
    status();
    attributes();
    names();
    trees();
    times();
    extended();
    mounts();
    quotas();
}

fn open() {
    call!(SYS_open, c"file", O_RDWR | O_CREAT | O_TRUNC, 0o640);
    call!(SYS_open, c"file", O_WRONLY | O_APPEND | O_NONBLOCK | O_DSYNC);
    call!(SYS_open, c"absent", O_RDONLY | O_CLOEXEC, 0o777);
    call!(SYS_open, c".", O_RDWR | O_TMPFILE, 0o600);
    call!(SYS_open, NOWHERE, O_DIRECTORY | O_NOFOLLOW | O_PATH);
    call!(SYS_openat, HERE, c"file", O_RDONLY | O_NOATIME | O_SYNC | O_LARGEFILE);
    call!(SYS_openat, 77, c"file", O_RDONLY | O_EXCL | O_NOCTTY | O_DIRECT | O_ASYNC);
    call!(SYS_openat, HERE, c"", 0x4000_0003u64);
    let how = [(libc::O_RDWR | libc::O_CREAT) as u64, 0o600, libc::RESOLVE_BENEATH | libc::RESOLVE_NO_SYMLINKS];
    call!(SYS_openat2, HERE, c"file", &how, 24);
    call!(SYS_openat2, HERE, c"file", &[0u64, 0, 0x3f, 0, 0x1_0000_0001], 40);
    call!(SYS_openat2, HERE, c"file", &[0u64, 0, 0], 8);
    call!(SYS_openat2, HERE, c"file", 0, 24);
    call!(SYS_openat2, -1, NOWHERE, NOWHERE, 24);
    call!(SYS_creat, c"made", 0o4755);
    call!(SYS_creat, c"nowhere/made", 0);
    call!(SYS_umask, 0o27);
    call!(SYS_umask, 0o22);
    let mut handle = [0u32; 40];
    handle[0] = 128;
    let mut mount = [0u32; 2];
    call!(SYS_name_to_handle_at, HERE, c"file", &mut handle, &mut mount, 0);
    handle[0] = 0;
    call!(SYS_name_to_handle_at, HERE, c"file", &mut handle, &mut mount, AT_SYMLINK_FOLLOW | AT_EMPTY_PATH);
    handle[0] = 4096;
    call!(SYS_name_to_handle_at, HERE, c"file", &mut handle, NOWHERE, 0);
    call!(SYS_name_to_handle_at, HERE, c"file", NOWHERE, NOWHERE, 0x55);
    call!(SYS_open_by_handle_at, HERE, &[8u32, 1, 0x0102_0304, 0x0506_0708], O_RDONLY);
    call!(SYS_open_by_handle_at, 3, NOWHERE, O_RDWR | O_PATH);
}

fn status() {
    let mut stat = [0u64; 32];
    call!(SYS_stat, c"file", &mut stat);
    call!(SYS_stat, c"/dev/null", &mut stat);
    call!(SYS_stat, c"absent", &mut stat);
    call!(SYS_stat, c"file", NOWHERE);
    call!(SYS_lstat, c"file", &mut stat);
    call!(SYS_lstat, c"/dev/stdin", &mut stat);
    call!(SYS_fstat, 0, &mut stat);
    call!(SYS_fstat, 99, &mut stat);
    call!(SYS_newfstatat, HERE, c"file", &mut stat, AT_SYMLINK_NOFOLLOW);
    call!(SYS_newfstatat, 0, c"", &mut stat, AT_EMPTY_PATH | AT_NO_AUTOMOUNT);
    call!(SYS_newfstatat, HERE, c"file", &mut stat, 0x8000);
    let mut statx = [0u64; 32];
    call!(SYS_statx, HERE, c"file", AT_STATX_FORCE_SYNC, STATX_BASIC_STATS | STATX_BTIME, &mut statx);
    call!(SYS_statx, HERE, c"file", AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, 0x7ff, &mut statx);
    call!(SYS_statx, HERE, c"absent", 0x10, 0x10_0000, &mut statx);
    call!(SYS_statx, HERE, c"/", 0, 0x1000, &mut statx);
    let mut statfs = [0u64; 16];
    call!(SYS_statfs, c"/proc", &mut statfs);
    call!(SYS_statfs, c"absent", &mut statfs);
    call!(SYS_fstatfs, 0, &mut statfs);
    call!(SYS_fstatfs, 99, NOWHERE);
    call!(SYS_ustat, 0x0801, &mut statfs);
    call!(SYS_sysfs, 1, c"proc");
    call!(SYS_sysfs, 2, 0, &mut [0u64; 8]);
    call!(SYS_sysfs, 3);
    call!(SYS_sysfs, 9, 1, 2);
    call!(SYS_access, c"file", R_OK | W_OK | X_OK);
    call!(SYS_access, c"absent", F_OK);
    call!(SYS_access, c"file", 0x1f);
    call!(SYS_faccessat, HERE, c"file", R_OK);
    call!(SYS_faccessat2, HERE, c"file", X_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW);
    call!(SYS_faccessat2, 55, c"file", R_OK, 0x1234_0000);
    let mut text = [0u8; 64];
    call!(SYS_lookup_dcookie, 0x1234u64, &mut text, 64);
    call!(SYS_getcwd, &mut [0u8; 4096], 4096);
    call!(SYS_getcwd, &mut text, 1);
    call!(451, 3, &[0u64, 4096], &mut [0u64; 5], 0);
    call!(451, 99, &[0u64, 4096], NOWHERE, 1);
    call!(468, HERE, c"file", &mut [0u64; 4], 32, 0);
    call!(469, HERE, c"file", &[1u64, 0, 0, 0], 32, AT_SYMLINK_NOFOLLOW);
}

fn attributes() {
    call!(SYS_chmod, c"file", 0o600);
    call!(SYS_chmod, c"absent", 0o7777);
    call!(SYS_fchmod, 3, 0o644);
    call!(SYS_fchmod, 99, 0o10_0644);
    call!(SYS_fchmodat, HERE, c"file", 0o4711);
    call!(452, HERE, c"file", 0o600, AT_SYMLINK_NOFOLLOW);
    call!(SYS_chown, c"file", -1, -1);
    call!(SYS_chown, c"absent", 1000, 1000);
    call!(SYS_lchown, c"file", -1, -1);
    call!(SYS_fchown, 3, -1, -1);
    call!(SYS_fchown, 99, 0, 0);
    call!(SYS_fchownat, HERE, c"file", -1, -1, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
    call!(SYS_fchownat, 99, c"file", 1, 2, 0x7000_0000);
    call!(SYS_truncate, c"file", 10);
    call!(SYS_truncate, c"absent", -1i64);
}

fn names() {
    call!(SYS_mkdir, c"dir", 0o755);
    call!(SYS_mkdir, c"dir", 0o1777);
    call!(SYS_mkdirat, HERE, c"dir/sub", 0o700);
    call!(SYS_rmdir, c"dir/sub");
    call!(SYS_rmdir, c"absent");
    call!(SYS_link, c"file", c"hard");
    call!(SYS_linkat, HERE, c"file", HERE, c"hard", AT_SYMLINK_FOLLOW | AT_EMPTY_PATH);
    call!(SYS_symlink, c"file", c"soft");
    call!(SYS_symlinkat, c"nowhere", HERE, c"dangling");
    let mut text = [0u8; 64];
    call!(SYS_readlink, c"soft", &mut text, 64);
    call!(SYS_readlink, c"soft", &mut text, 2);
    call!(SYS_readlink, c"file", &mut text, 64);
    call!(SYS_readlinkat, HERE, c"dangling", &mut text, 64);
    call!(SYS_readlinkat, 99, c"", NOWHERE, 0);
    call!(SYS_rename, c"hard", c"hard2");
    call!(SYS_rename, c"absent", c"x");
    call!(SYS_renameat, HERE, c"hard2", HERE, c"hard");
    call!(SYS_renameat2, HERE, c"hard", HERE, c"file", RENAME_NOREPLACE);
    call!(SYS_renameat2, HERE, c"hard", HERE, c"soft", RENAME_EXCHANGE | RENAME_WHITEOUT);
    call!(SYS_unlink, c"soft");
    call!(SYS_unlink, c"absent");
    call!(SYS_unlinkat, HERE, c"dangling", 0);
    call!(SYS_unlinkat, HERE, c"dir", AT_REMOVEDIR);
    call!(SYS_unlinkat, 99, c"dir", 0x4400);
    call!(SYS_mknod, c"fifo", S_IFIFO | 0o600, 0);
    call!(SYS_mknod, c"device", S_IFCHR | 0o666, 0x103);
    call!(SYS_mknod, c"odd", 0o6_0644, 0x1_2345_6789u64);
    call!(SYS_mknodat, HERE, c"block", S_IFBLK | 0o660, 0x801);
    call!(SYS_mknodat, HERE, c"plain", S_IFREG | 0o644, 0);
    call!(SYS_mkdir, c"down", 0o755);
    call!(SYS_chdir, c"down");
    call!(SYS_chdir, c"..");
    call!(SYS_chdir, c"absent");
    let here = call!(SYS_open, c".", O_RDONLY | O_DIRECTORY);
    call!(SYS_fchdir, here);
    call!(SYS_fchdir, 99);
    call!(SYS_chroot, c"absent");
    call!(SYS_pivot_root, c"absent", c"absent/old");
    call!(SYS_uselib, c"absent");
    call!(SYS_acct, c"absent");
    call!(SYS_swapon, c"absent", 0x1_8005);
    call!(SYS_swapoff, c"absent");
}

fn trees() {
    let queue = call!(SYS_inotify_init);
    call!(SYS_inotify_init1, IN_CLOEXEC | IN_NONBLOCK);
    call!(SYS_inotify_init1, 7);
    call!(SYS_inotify_add_watch, queue, c".", IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_MASK_ADD);
    call!(SYS_inotify_add_watch, queue, c"file", IN_ALL_EVENTS);
    call!(SYS_inotify_add_watch, 99, c"absent", 0xffff_ffffu64);
    call!(SYS_inotify_rm_watch, queue, 1);
    call!(SYS_inotify_rm_watch, queue, 99);
    call!(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, O_RDONLY | O_LARGEFILE);
    call!(SYS_fanotify_init, FAN_CLASS_PRE_CONTENT | FAN_UNLIMITED_QUEUE | FAN_NONBLOCK, O_WRONLY);
    call!(SYS_fanotify_mark, -1, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN | FAN_CLOSE_WRITE, AT_FDCWD, c"file");
    call!(SYS_fanotify_mark, -1, FAN_MARK_FLUSH, 0u64, 3, 0);
    call!(SYS_fanotify_mark, -1, 0x3ff, 0xffff_ffff_ffffu64, -1, NOWHERE);
    call!(SYS_memfd_create, c"name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    call!(SYS_memfd_create, c"a\"long\nname", MFD_HUGETLB | MFD_HUGE_2MB);
    call!(SYS_memfd_create, NOWHERE, 0x40u64);
}

fn times() {
    call!(SYS_utime, c"file", &[1_000_000_000u64, 1_000_000_001]);
    call!(SYS_utime, c"file", 0);
    call!(SYS_utime, c"absent", NOWHERE);
    call!(SYS_utimes, c"file", &[1_000_000_000u64, 5, 1_000_000_001, 999_999]);
    call!(SYS_utimes, c"file", 0);
    call!(SYS_utimes, c"absent", &[1u64, 1_000_000, 2, u64::MAX]);
    call!(SYS_futimesat, HERE, c"file", &[1_000_000_000u64, 5, 1_000_000_001, 6]);
    call!(SYS_futimesat, 99, 0, NOWHERE);
    call!(SYS_utimensat, HERE, c"file", &[1_000_000_000u64, 5, 0, 0x3fff_ffff], AT_SYMLINK_NOFOLLOW);
    call!(SYS_utimensat, HERE, c"file", &[0u64, 0x3fff_fffe, 0, 0x3fff_fffe], 0);
    call!(SYS_utimensat, 3, 0, 0, 0);
    call!(SYS_utimensat, 99, c"file", &[1u64, 1_000_000_000, 2, 3], 0x200);
}

fn extended() {
    let value = b"value\0";
    let mut text = [0u8; 256];
    call!(SYS_setxattr, c"file", c"user.test", value, 6, XATTR_CREATE);
    call!(SYS_setxattr, c"file", c"user.test", value, 5, 0);
    call!(SYS_lsetxattr, c"absent", c"user.test", value, 5, XATTR_REPLACE);
    call!(SYS_fsetxattr, 3, c"user.other", b"\x01\x02\x03", 3, 0);
    call!(SYS_fsetxattr, 99, c"user.other", NOWHERE, 3, 7);
    call!(SYS_getxattr, c"file", c"user.test", &mut text, 256);
    call!(SYS_getxattr, c"file", c"user.test", 0, 0);
    call!(SYS_getxattr, c"file", c"user.absent", &mut text, 256);
    call!(SYS_lgetxattr, c"file", c"user.test", &mut text, 1);
    call!(SYS_fgetxattr, 3, c"user.test", &mut text, 256);
    call!(SYS_listxattr, c"absent", &mut text, 256);
    call!(SYS_listxattr, c"file", &mut text, 0);
    call!(SYS_llistxattr, c"absent", &mut text, 256);
    call!(SYS_flistxattr, 99, &mut text, 256);
    call!(SYS_removexattr, c"file", c"user.test");
    call!(SYS_lremovexattr, c"file", c"user.absent");
    call!(SYS_fremovexattr, 99, NOWHERE);
    let arguments = [value.as_ptr() as u64, 6];
    call!(463, HERE, c"file", 0, c"user.at", &arguments, 16);
    call!(464, HERE, c"file", AT_SYMLINK_NOFOLLOW, c"user.at", &arguments, 16);
    call!(465, HERE, c"file", 0, &mut text, 0);
    call!(466, HERE, c"file", 0, c"user.at");
}

fn mounts() {
    call!(SYS_mount, c"none", c"absent", c"tmpfs", MS_NOSUID | MS_NODEV, c"size=1k");
    call!(SYS_mount, c"from", c"absent", c"ignored", MS_BIND | MS_REC, c"data");
    call!(SYS_mount, 0, c"absent", 0, MS_REMOUNT | MS_RDONLY, 0);
    call!(SYS_mount, c"none", c"absent", 0, MS_PRIVATE | MS_SILENT, NOWHERE);
    call!(SYS_mount, NOWHERE, NOWHERE, NOWHERE, 0xffff_ffff_ffffu64, NOWHERE);
    call!(SYS_umount2, c"absent", MNT_DETACH | UMOUNT_NOFOLLOW);
    call!(SYS_umount2, c"absent", 0x1f);
    call!(SYS_open_tree, HERE, c".", OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE);
    call!(SYS_open_tree, HERE, c"absent", AT_RECURSIVE | AT_EMPTY_PATH);
    call!(467, HERE, c"absent", 0, &[1u64, 0, 0, 0], 32);
    call!(SYS_move_mount, HERE, c"absent", 5, c"", 0x41);
    call!(SYS_fsopen, c"tmpfs", FSOPEN_CLOEXEC);
    call!(SYS_fsopen, c"absent", 6);
    call!(SYS_fsconfig, 99, 0, c"ro", 0, 0);
    call!(SYS_fsconfig, 99, 1, c"source", c"none", 0);
    call!(SYS_fsconfig, 99, 2, c"blob", b"\x01\x02", 2);
    call!(SYS_fsconfig, 99, 3, c"path", c"/dev/null", AT_FDCWD);
    call!(SYS_fsconfig, 99, 4, c"path", c"", 4);
    call!(SYS_fsconfig, 99, 5, c"fd", 0, 4);
    call!(SYS_fsconfig, 99, 6, 0, 0, 0);
    call!(SYS_fsconfig, 99, 7, 0, 0, 0);
    call!(SYS_fsconfig, 99, 77, c"a", c"b", 3);
    call!(SYS_fsmount, 99, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC);
    call!(SYS_fspick, HERE, c"absent", 0x3);
    let attributes = [MOUNT_NOSUID, 0x100_000, 1 << 18, 5];
    call!(SYS_mount_setattr, HERE, c"absent", AT_RECURSIVE, &attributes, 32);
    call!(SYS_mount_setattr, 99, c"absent", 0, &attributes, 16);
    call!(SYS_mount_setattr, 99, c"absent", 0, &[0u64, 0, 0, 0, 1], 40);
    call!(SYS_mount_setattr, 99, NOWHERE, 0xf, NOWHERE, 32);
    call!(457, &[24u64, 1, 0xff], &mut [0u64; 64], 512, 0);
    call!(458, &[24u64, 1, 0], &mut [0u64; 4], 4, 1);
    call!(470, &[32u64, 0, 0, 0], &mut [0u64; 4], 4, 0);
}

const MOUNT_NOSUID: u64 = 2;

fn quotas() {
    let command = |command: u64, kind: u64| (command << 8 | kind) & 0xffff_ffff;
    let block = [1u64, 2, 3, 4, 5, 6, 7, 8, 0x1f];
    for (number, kind) in [
        (0x80_0001, 0),
        (0x80_0002, 1),
        (0x80_0003, 2),
        (0x80_0004, 0),
        (0x80_0005, 1),
        (0x80_0006, 0),
        (0x80_0007, 0),
        (0x80_0008, 1),
        (0x80_0009, 0),
        (0x5801, 0),
        (0x5802, 1),
        (0x5803, 0),
        (0x5804, 0),
        (0x5805, 0),
        (0x5806, 0),
        (0x5807, 0),
        (0x5808, 0),
        (0x5809, 0),
        (0x77, 9),
    ] {
        call!(SYS_quotactl, command(number, kind), c"/dev/absent", 1000, &block);
        call!(SYS_quotactl_fd, 99, command(number, kind), 1000, &block);
        call!(SYS_quotactl, command(number, kind), 0, -1, 0);
    }
}
