//! What each call becomes: a step of some verb, facts, or nothing below level `calls`.
//!
//! One more call is one more row: its name, its handler, and where the handler finds its arguments.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::scene::Scene;
use super::{Lowering, files, io, locks, memory, names, network, own, process, signals, sockets, time};

/// Turns a call into what it means.
pub(super) type Handler = fn(&mut Lowering, &Scene<'_>);

/// Where the meaning of a call is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the steps of a stream.
    Verb,
    /// In the facts of a process.
    Fact,
    /// In a step from level `calls` on only (`query`).
    Query,
    /// Nowhere below level `calls`: it serves the run itself.
    Runtime,
}

/// One call.
pub(super) struct Row {
    pub name: &'static str,
    pub place: Place,
    pub handler: Handler,
    /// Positions of the handler's arguments.
    pub at: [u8; 4],
}

const NO: u8 = u8::MAX;

macro_rules! rows {
    ($($place:ident: $($name:literal)+ => $handler:path, $a:expr, $b:expr, $c:expr, $d:expr;)*) => {
        &[$($(Row { name: $name, place: Place::$place, handler: $handler, at: [$a, $b, $c, $d] },)+)*]
    };
}

/// Every call that any ABI names.
static ROWS: &[Row] = rows! {
    // path, flags, mode
    Verb: "open" => files::open, 0, 1, 2, NO;
    Verb: "openat" => files::open, 1, 2, 3, NO;
    Verb: "openat2" => files::openat2, 1, 2, NO, NO;
    Verb: "creat" => files::creat, 0, NO, 1, NO;
    Verb: "mq_open" => files::open, 0, 1, 2, NO;
    Verb: "open_by_handle_at" => files::open_handle, 0, 2, NO, NO;
    // descriptor
    Verb: "close" => files::close, 0, NO, NO, NO;
    Verb: "close_range" => files::close_range, 0, NO, 2, NO;
    Verb: "dup" "dup2" => files::dup, 0, NO, NO, NO;
    Verb: "dup3" => files::dup, 0, 2, NO, NO;
    Verb: "fcntl" "fcntl64" => files::fcntl, 0, 1, 2, NO;
    // object, structure, flags
    Verb: "stat" "stat64" "oldstat" "fstat" "fstat64" "oldfstat" => names::stat, 0, 1, NO, NO;
    Verb: "lstat" "lstat64" "oldlstat" => names::lstat, 0, 1, NO, NO;
    Verb: "newfstatat" "fstatat64" => names::stat, 1, 2, 3, NO;
    Verb: "statx" => names::statx, 1, 4, 2, NO;
    // object, mode, flags
    Verb: "access" => names::access, 0, 1, NO, NO;
    Verb: "faccessat" => names::access, 1, 2, NO, NO;
    Verb: "faccessat2" => names::access, 1, 2, 3, NO;
    // path, buffer
    Verb: "readlink" => names::readlink, 0, 1, NO, NO;
    Verb: "readlinkat" => names::readlink, 1, 2, NO, NO;
    // descriptor
    Verb: "read" "readv" => io::read, 0, NO, NO, NO;
    Verb: "pread64" "preadv" "preadv2" => io::pread, 0, NO, NO, NO;
    Verb: "write" "writev" => io::write, 0, NO, NO, NO;
    Verb: "pwrite64" "pwritev" "pwritev2" => io::pwrite, 0, NO, NO, NO;
    Verb: "sendfile" "sendfile64" => io::sendfile, 0, NO, NO, NO;
    Verb: "splice" "tee" => io::splice, 0, NO, NO, NO;
    Verb: "vmsplice" => io::splice, 0, NO, NO, NO;
    Verb: "copy_file_range" => io::copy_file_range, 0, NO, NO, NO;
    Verb: "getdents" "getdents64" => files::list, 0, 1, NO, NO;
    Verb: "readdir" => files::list, 0, 1, NO, NO;
    // object, length
    Verb: "truncate" "truncate64" "ftruncate" "ftruncate64" => names::truncate, 0, 1, NO, NO;
    Verb: "fallocate" => names::fallocate, 0, 1, 2, 3;
    // object, mode
    Verb: "chmod" "fchmod" => names::chmod, 0, 1, NO, NO;
    Verb: "fchmodat" => names::chmod, 1, 2, NO, NO;
    Verb: "fchmodat2" => names::chmod, 1, 2, 3, NO;
    // object, user, group, flags
    Verb: "chown" "fchown" "chown32" "fchown32" => names::chown, 0, 1, 2, NO;
    Verb: "lchown" "lchown32" => names::lchown, 0, 1, 2, NO;
    Verb: "fchownat" => names::chown, 1, 2, 3, 4;
    // object, times
    Verb: "utime" => names::utimes_seconds, 0, 1, NO, NO;
    Verb: "utimes" => names::utimes_micros, 0, 1, NO, NO;
    Verb: "futimesat" => names::utimes_micros, 1, 2, NO, NO;
    Verb: "utimensat" "utimensat_time64" => names::utimes_nanos, 1, 2, NO, NO;
    // object, name, value
    Verb: "setxattr" "lsetxattr" "fsetxattr" => names::setxattr, 0, 1, 2, NO;
    Verb: "setxattrat" => names::setxattr, 1, 3, 4, NO;
    Verb: "removexattr" "lremovexattr" "fremovexattr" => names::removexattr, 0, 1, NO, NO;
    Verb: "removexattrat" => names::removexattr, 1, 3, NO, NO;
    Verb: "file_setattr" => own::special, NO, NO, NO, NO;
    // path, mode
    Verb: "mkdir" => names::mkdir, 0, 1, NO, NO;
    Verb: "mkdirat" => names::mkdir, 1, 2, NO, NO;
    Verb: "rmdir" => names::rmdir, 0, NO, NO, NO;
    Verb: "unlink" => names::unlink, 0, NO, NO, NO;
    Verb: "mq_unlink" => names::unlink, 0, NO, NO, NO;
    Verb: "unlinkat" => names::unlink, 1, 2, NO, NO;
    Verb: "mknod" => names::mknod, 0, 1, NO, NO;
    Verb: "mknodat" => names::mknod, 1, 2, NO, NO;
    // target, path
    Verb: "symlink" => names::symlink, 0, 1, NO, NO;
    Verb: "symlinkat" => names::symlink, 0, 2, NO, NO;
    // old, new, flags
    Verb: "link" => names::link, 0, 1, NO, NO;
    Verb: "linkat" => names::link, 1, 3, NO, NO;
    Verb: "rename" => names::rename, 0, 1, NO, NO;
    Verb: "renameat" => names::rename, 1, 3, NO, NO;
    Verb: "renameat2" => names::rename, 1, 3, 4, NO;
    // descriptor
    Verb: "fsync" => names::fsync, 0, NO, NO, NO;
    Verb: "fdatasync" => names::fdatasync, 0, NO, NO, NO;
    Verb: "syncfs" => names::syncfs, 0, NO, NO, NO;
    Verb: "sync" => own::sync, NO, NO, NO, NO;
    Verb: "msync" => memory::msync, 0, 1, NO, NO;
    Verb: "flock" => locks::flock, 0, 1, NO, NO;

    // processes
    Verb: "fork" "vfork" "clone" "clone3" => process::fork, NO, NO, NO, NO;
    Verb: "execve" => process::exec, 0, NO, NO, NO;
    Verb: "execveat" => process::exec, 1, NO, NO, NO;
    Verb: "wait4" "waitpid" => process::wait, 0, 1, 2, NO;
    Verb: "waitid" => process::waitid, 1, 2, 3, NO;
    Verb: "kill" "tkill" => signals::kill, 0, 1, NO, NO;
    Verb: "tgkill" => signals::kill, 0, 2, NO, NO;
    Verb: "rt_sigqueueinfo" => signals::kill, 0, 1, NO, NO;
    Verb: "rt_tgsigqueueinfo" => signals::kill, 0, 2, NO, NO;
    Verb: "pidfd_send_signal" => signals::kill_pidfd, 0, 1, NO, NO;
    Fact: "exit" "exit_group" => process::exit, NO, NO, NO, NO;

    // sockets
    Verb: "socket" => sockets::socket, 0, 1, NO, NO;
    Verb: "socketpair" => sockets::socketpair, 1, 3, NO, NO;
    Verb: "connect" => network::connect, 0, 1, NO, NO;
    Verb: "bind" => network::bind, 0, 1, NO, NO;
    Verb: "listen" => network::listen, 0, 1, NO, NO;
    Verb: "accept" => network::accept, 0, NO, NO, NO;
    Verb: "accept4" => network::accept, 0, 3, NO, NO;
    Verb: "shutdown" => network::shutdown, 0, 1, NO, NO;
    Verb: "setsockopt" => network::setsockopt, 0, 1, 2, 3;
    Verb: "sendto" "sendmsg" "sendmmsg" => io::send, 0, NO, NO, NO;
    Verb: "recvfrom" "recvmsg" "recvmmsg" "recvmmsg_time64" => io::recv, 0, NO, NO, NO;
    Verb: "socketcall" => own::special, NO, NO, NO, NO;

    // descriptors of other kinds; flags
    Verb: "pipe" => sockets::pipe, 0, NO, NO, NO;
    Verb: "pipe2" => sockets::pipe, 0, 1, NO, NO;
    Verb: "eventfd" => sockets::eventfd, NO, NO, NO, NO;
    Verb: "eventfd2" => sockets::eventfd, NO, 1, NO, NO;
    Verb: "timerfd_create" => sockets::timerfd, NO, 1, NO, NO;
    Verb: "signalfd" => sockets::signalfd, NO, NO, NO, NO;
    Verb: "signalfd4" => sockets::signalfd, NO, 3, NO, NO;
    Verb: "epoll_create" => sockets::epoll, NO, NO, NO, NO;
    Verb: "epoll_create1" => sockets::epoll, NO, 0, NO, NO;
    Verb: "memfd_create" => sockets::memfd, NO, 1, NO, NO;
    Verb: "memfd_secret" => sockets::memfd, NO, 0, NO, NO;
    Verb: "inotify_init" => sockets::inotify, NO, NO, NO, NO;
    Verb: "inotify_init1" => sockets::inotify, NO, 0, NO, NO;
    Verb: "fanotify_init" => sockets::fanotify, NO, NO, NO, NO;
    Verb: "pidfd_open" => sockets::pidfd, NO, 1, NO, NO;
    Verb: "pidfd_getfd" => own::special, NO, NO, NO, NO;
    Verb: "io_uring_setup" => sockets::io_uring, NO, NO, NO, NO;
    Verb: "epoll_ctl" "epoll_ctl_old" => sockets::watch, 0, 2, NO, NO;
    Verb: "inotify_add_watch" => sockets::watch, 0, 1, NO, NO;
    Verb: "fanotify_mark" => sockets::watch, 0, 4, NO, NO;
    Fact: "inotify_rm_watch" => own::nothing, NO, NO, NO, NO;
    Verb: "timerfd_settime" "timerfd_settime64" => time::arm_timerfd, 0, 2, NO, NO;
    Verb: "timer_settime" "timer_settime64" => time::arm_timer, NO, 2, NO, NO;
    Verb: "timer_create" => time::timer_create, NO, NO, NO, NO;
    Fact: "timer_delete" => own::nothing, NO, NO, NO, NO;
    Verb: "setitimer" => time::setitimer, NO, 1, NO, NO;
    Verb: "alarm" => time::alarm, 0, NO, NO, NO;
    Verb: "ioctl" => own::ioctl, 0, 1, 2, NO;

    // the process itself
    Verb: "umask" => own::umask, 0, NO, NO, NO;
    Verb: "chdir" "fchdir" => own::chdir, 0, NO, NO, NO;
    Verb: "chroot" => own::chroot, 0, NO, NO, NO;
    Verb: "setsid" => own::setsid, NO, NO, NO, NO;
    Verb: "setpgid" => own::setpgid, 0, 1, NO, NO;
    Verb: "setrlimit" => own::setrlimit, 0, 1, NO, NO;
    Verb: "prlimit64" => own::prlimit, 0, 1, 2, NO;
    Verb: "setpriority" => own::setpriority, 2, NO, NO, NO;
    Verb: "nice" => own::setpriority, 0, NO, NO, NO;
    Verb: "ioprio_set" => own::ioprio, 2, NO, NO, NO;
    Verb: "prctl" => own::prctl, 0, 1, NO, NO;
    Verb: "mount" => own::mount, 1, 0, 2, NO;
    Verb: "umount" "umount2" => own::umount, 0, NO, NO, NO;
    Verb: "pivot_root" "move_mount" "open_tree" "open_tree_attr" "fsopen" "fsconfig" "fsmount" "fspick" "mount_setattr"
        => own::special, NO, NO, NO, NO;
    Verb: "unshare" => own::unshare, 0, NO, NO, NO;
    Verb: "setns" => own::setns, 1, NO, NO, NO;
    Verb: "setuid" "setuid32" "setfsuid" "setfsuid32" => own::setuid, 0, NO, NO, NO;
    Verb: "setgid" "setgid32" "setfsgid" "setfsgid32" => own::setgid, 0, NO, NO, NO;
    Verb: "setreuid" "setreuid32" => own::setuid, 0, 1, NO, NO;
    Verb: "setregid" "setregid32" => own::setgid, 0, 1, NO, NO;
    Verb: "setresuid" "setresuid32" => own::setuid, 0, 1, 2, NO;
    Verb: "setresgid" "setresgid32" => own::setgid, 0, 1, 2, NO;
    Verb: "setgroups" "setgroups32" => own::setgroups, 0, 1, NO, NO;
    Verb: "capset" => own::capset, 1, NO, NO, NO;
    Verb: "seccomp" => own::seccomp, 0, NO, NO, NO;

    // System V and POSIX: key, size
    Verb: "shmget" "msgget" "semget" => own::ipc_get, 0, 1, NO, NO;
    Verb: "shmat" "shmdt" "shmctl" "msgctl" "semctl" "ipc" => own::ipc, NO, NO, NO, NO;
    Verb: "msgsnd" "msgrcv" "semop" "semtimedop" "semtimedop_time64" => own::ipc, NO, NO, NO, NO;
    Verb: "mq_timedsend" "mq_timedsend_time64" "mq_timedreceive" "mq_timedreceive_time64" "mq_notify"
        => own::ipc, NO, NO, NO, NO;

    // never masked
    Verb: "ptrace" "process_vm_readv" "process_vm_writev" "bpf" "perf_event_open" "keyctl" "add_key" "request_key"
        "userfaultfd" "personality" "reboot" "init_module" "finit_module" "delete_module" "create_module" "swapon"
        "swapoff" "acct" "quotactl" "quotactl_fd" "iopl" "ioperm" "kexec_load" "kexec_file_load" "syslog"
        "sethostname" "setdomainname" "settimeofday" "clock_settime" "clock_settime64" "stime" "adjtimex"
        "clock_adjtime" "clock_adjtime64" "vhangup" "modify_ldt" "uselib" "landlock_create_ruleset" "landlock_add_rule"
        "landlock_restrict_self" "lsm_set_self_attr" "process_madvise" "process_mrelease" "kcmp" "io_uring_register"
        "io_setup" "io_submit" "_sysctl" "nfsservctl" "vm86" "vm86old" "map_shadow_stack" "uprobe" "uretprobe"
        => own::special, NO, NO, NO, NO;
    Fact: "io_uring_enter" "io_destroy" "io_cancel" "io_getevents" "io_pgetevents" "io_pgetevents_time64"
        => own::async_io, NO, NO, NO, NO;

    // memory
    Fact: "mmap" "mmap2" => memory::mmap, 4, 2, 3, 5;
    Fact: "mprotect" "pkey_mprotect" => memory::mprotect, 0, 1, 2, NO;
    Fact: "munmap" => memory::munmap, 0, 1, NO, NO;
    Fact: "mremap" => memory::mremap, 0, 1, 2, NO;
    Fact: "brk" => memory::brk, NO, NO, NO, NO;
    Fact: "remap_file_pages" "mbind" "set_mempolicy" "set_mempolicy_home_node" "migrate_pages" "move_pages" "mseal"
        "pkey_alloc" "pkey_free" => memory::other, NO, NO, NO, NO;
    Fact: "fadvise64" "fadvise64_64" "readahead" "madvise" "mlock" "mlock2" "munlock" "mlockall" "munlockall" "mincore"
        "sync_file_range" "cachestat" => own::advise, NO, NO, NO, NO;

    // signals, waiting, time, scheduling
    Fact: "rt_sigaction" "sigaction" => signals::sigaction, 0, 1, NO, NO;
    Fact: "signal" => signals::signal, 0, 1, NO, NO;
    Fact: "rt_sigprocmask" => signals::sigprocmask, 0, 1, NO, NO;
    Fact: "sigprocmask" "ssetmask" "sgetmask" "sigpending" "rt_sigpending" "sigaltstack" => own::nothing, NO, NO, NO, NO;
    Fact: "pause" "rt_sigsuspend" "sigsuspend" "rt_sigtimedwait" "rt_sigtimedwait_time64"
        => signals::waits, NO, NO, NO, NO;
    Fact: "nanosleep" => time::nanosleep, NO, NO, 0, NO;
    Fact: "clock_nanosleep" "clock_nanosleep_time64" => time::clock_nanosleep, 0, 1, 2, NO;
    Fact: "poll" => time::poll, 1, NO, 2, NO;
    Fact: "ppoll" "ppoll_time64" => time::ppoll, 1, NO, 2, NO;
    Fact: "select" "_newselect" => time::select, 0, NO, 4, NO;
    Fact: "pselect6" "pselect6_time64" => time::pselect, 0, NO, 4, NO;
    Fact: "epoll_wait" "epoll_pwait" "epoll_pwait2" "epoll_wait_old" => time::epoll_wait, NO, NO, NO, NO;
    Fact: "futex" "futex_time64" "futex_wait" "futex_wake" "futex_waitv" "futex_requeue" => time::futex, NO, NO, NO, NO;
    Fact: "time" "gettimeofday" "clock_gettime" "clock_gettime64" "times" "ftime" "getitimer" "timer_gettime"
        "timer_gettime64" "timer_getoverrun" "timerfd_gettime" "timerfd_gettime64" => time::reads, NO, NO, NO, NO;
    Fact: "getrandom" => time::random, NO, NO, NO, NO;
    Fact: "sched_setscheduler" => time::set_policy, 1, NO, NO, NO;
    Fact: "sched_setattr" "sched_setparam" => time::set_attributes, NO, NO, NO, NO;
    Fact: "sched_setaffinity" => time::set_affinity, 2, NO, NO, NO;

    // seen by nobody else
    Query: "getsockopt" "getsockname" "getpeername" "statfs" "statfs64" "fstatfs" "fstatfs64" "ustat" "sysinfo"
        "getcwd" "getrlimit" "ugetrlimit" "getpriority" "ioprio_get" "sched_getaffinity" "sched_getattr"
        "sched_getparam" "sched_getscheduler" "sched_get_priority_max" "sched_get_priority_min" "sched_rr_get_interval"
        "sched_rr_get_interval_time64" "capget" "getuid" "geteuid" "getgid" "getegid" "getuid32" "geteuid32" "getgid32"
        "getegid32" "getresuid" "getresgid" "getresuid32" "getresgid32" "getgroups" "getgroups32" "getxattr"
        "lgetxattr" "fgetxattr" "listxattr" "llistxattr" "flistxattr" "getxattrat" "listxattrat" "getpid" "getppid"
        "gettid" "getpgrp" "getpgid" "getsid" "getrusage" "name_to_handle_at" "file_getattr" "get_robust_list"
        "statmount" "listmount" "listns" "lsm_get_self_attr" "lsm_list_modules" "lookup_dcookie" "sysfs"
        "mq_getsetattr" "get_thread_area" "ulimit" "prof" "query_module" "get_kernel_syms" => own::nothing, NO, NO, NO, NO;
    Fact: "uname" "olduname" "oldolduname" => own::uname, 0, NO, NO, NO;

    Runtime: "set_robust_list" "set_tid_address" "rseq" "rseq_slice_yield" "arch_prctl" "set_thread_area" "membarrier"
        "rt_sigreturn" "sigreturn" "restart_syscall" "getcpu" "get_mempolicy" "clock_getres" "clock_getres_time64"
        => own::nothing, NO, NO, NO, NO;
    Runtime: "lseek" "_llseek" => own::nothing, NO, NO, NO, NO;
    Runtime: "sched_yield" => time::yields, NO, NO, NO, NO;
    Runtime: "afs_syscall" "bdflush" "break" "getpmsg" "gtty" "idle" "lock" "mpx" "profil" "putpmsg" "security" "stty"
        "tuxcall" "vserver" => own::nothing, NO, NO, NO, NO;
};

static BY_NAME: LazyLock<HashMap<&'static str, &'static Row>> =
    LazyLock::new(|| ROWS.iter().map(|row| (row.name, row)).collect());

/// The row of a call; `None` for a number without a name.
pub(super) fn find(name: &str) -> Option<&'static Row> {
    BY_NAME.get(name).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use syscalls::Abi;

    use super::*;

    fn all_names() -> BTreeSet<&'static str> {
        let abis = [Abi::X86_64, Abi::I386, Abi::X32, Abi::Aarch64];
        abis.iter().flat_map(|abi| syscalls::table(*abi).iter().flatten()).map(|row| row.name).collect()
    }

    #[test]
    fn each_call_has_a_verb_a_fact_or_a_place_among_the_runtime_calls() {
        let missing: Vec<_> = all_names().into_iter().filter(|name| find(name).is_none()).collect();
        assert_eq!(missing, [""; 0], "calls that nothing is made of");
    }

    #[test]
    fn each_row_is_of_a_call_and_stands_once() {
        let names = all_names();
        let mut seen = BTreeSet::new();
        for row in ROWS {
            assert!(names.contains(row.name), "{} is no call", row.name);
            assert!(seen.insert(row.name), "{} stands twice", row.name);
        }
    }
}
