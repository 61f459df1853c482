//! Constants and structures against the C headers of this machine, with its own compiler.

#[path = "headers/compiler.rs"]
mod compiler;
#[path = "headers/names.rs"]
mod names;

use compiler::{Ran, run};
use syscalls::layout;

/// The kernel's headers. The second unit is for what only the C library names.
const KERNEL: &[&str] = &[
    "linux/fcntl.h",
    "linux/stat.h",
    "linux/fs.h",
    "linux/mman.h",
    "linux/mempolicy.h",
    "linux/membarrier.h",
    "linux/userfaultfd.h",
    "linux/sched.h",
    "linux/wait.h",
    "linux/futex.h",
    "linux/prctl.h",
    "linux/resource.h",
    "linux/sched/types.h",
    "linux/ioprio.h",
    "linux/kcmp.h",
    "linux/ptrace.h",
    "linux/capability.h",
    "linux/signal.h",
    "linux/time.h",
    "linux/timex.h",
    "linux/eventpoll.h",
    "linux/poll.h",
    "linux/if_ether.h",
    "linux/if_packet.h",
    "linux/netlink.h",
    "linux/rtnetlink.h",
    "linux/sock_diag.h",
    "linux/inet_diag.h",
    "linux/in.h",
    "linux/in6.h",
    "linux/tcp.h",
    "linux/udp.h",
    "linux/if_alg.h",
    "linux/mount.h",
    "linux/reboot.h",
    "linux/random.h",
    "linux/seccomp.h",
    "linux/landlock.h",
    "linux/bpf.h",
    "linux/perf_event.h",
    "linux/keyctl.h",
    "linux/module.h",
    "linux/kexec.h",
    "linux/quota.h",
    "linux/io_uring.h",
    "linux/ipc.h",
    "linux/shm.h",
    "linux/msg.h",
    "linux/sem.h",
    "linux/openat2.h",
    "linux/inotify.h",
    "linux/fanotify.h",
    "linux/falloc.h",
    "linux/fadvise.h",
    "linux/xattr.h",
    "linux/magic.h",
    "linux/close_range.h",
    "linux/memfd.h",
    "linux/termios.h",
    "asm/prctl.h",
    "asm/ldt.h",
    "asm/socket.h",
    "asm/termbits.h",
    "asm/stat.h",
    "asm/statfs.h",
    "asm/ipcbuf.h",
    "asm/shmbuf.h",
    "asm/msgbuf.h",
    "asm/sembuf.h",
    "linux/utsname.h",
    "linux/sysinfo.h",
    "linux/rseq.h",
    "linux/time_types.h",
    "linux/fiemap.h",
    "linux/aio_abi.h",
    "linux/signalfd.h",
    "linux/filter.h",
    "linux/mqueue.h",
    "linux/loop.h",
    "linux/btrfs.h",
    "linux/tee.h",
    "linux/kd.h",
    "linux/if_link.h",
    "linux/if_addr.h",
    "linux/neighbour.h",
];
const LIBRARY: &[&str] = &[
    "fcntl.h",
    "sys/stat.h",
    "sys/socket.h",
    "netinet/in.h",
    "sys/types.h",
    "poll.h",
    "sys/wait.h",
    "signal.h",
    "sys/mman.h",
    "sys/inotify.h",
    "net/if.h",
    "net/if_arp.h",
    "dirent.h",
    "sys/time.h",
    "sched.h",
    "sys/ipc.h",
    "sys/uio.h",
    "utime.h",
    "sys/times.h",
    "sys/sem.h",
    "sys/user.h",
];

/// Names that the headers do not have yet (ours are newer) are not checked here; the test says which.
#[test]
fn constants_have_the_values_of_the_headers() {
    if !cfg!(target_arch = "x86_64") {
        return println!("skipped: the tables are those of x86-64");
    }
    let Some(found) = names::compare(None) else { return println!("skipped: no C compiler or headers") };
    println!("{} constants checked; not in these headers:\n{}", found.checked, found.absent.join("\n"));
    println!("in these headers, and in no table:\n{}", found.further.join("\n"));
    assert_eq!(found.wrong, [""; 0]);
    assert!(found.checked > 2000, "only {} constants found in the headers", found.checked);
}

#[test]
fn no_table_names_a_value_twice() {
    for table in syscalls::names::tables() {
        for (i, (_, name)) in table.rows.iter().enumerate() {
            assert!(!table.rows[..i].iter().any(|row| row.1 == *name), "{}: {name} stands twice", table.title);
        }
    }
}

/// Structures whose C name is not the one strace prints.
const C_NAMES: &[(&str, &str)] = &[
    ("TIMEX", "__kernel_timex"),
    ("RLIMIT", "rlimit64"),
    ("UTSNAME", "new_utsname"),
    ("STACK_T", "sigaltstack"),
    ("USER_CAP_HEADER", "__user_cap_header_struct"),
    ("USER_CAP_DATA", "__user_cap_data_struct"),
    ("IPC_PERM", "ipc64_perm"),
    ("IPC_PERM_SET", "ipc64_perm"),
    ("SHMID_SET", "shmid64_ds"),
    ("MSQID_SET", "msqid64_ds"),
    ("SEMID_SET", "semid64_ds"),
    ("SHMID_DS", "shmid64_ds"),
    ("MSQID_DS", "msqid64_ds"),
    ("SEMID_DS", "semid64_ds"),
];
/// Structures of the C library.
const OF_LIBRARY: &[&str] = &[
    "UTIMBUF",
    "TMS",
    "FILE_HANDLE",
    "SCHED_PARAM",
    "USER_REGS",
    "IOVEC",
    "MSGHDR",
    "MMSGHDR",
    "LINGER",
    "UCRED",
    "IFREQ",
    "IFCONF",
    "SEMBUF",
];
#[test]
fn structures_have_the_sizes_and_offsets_of_the_headers() {
    if !cfg!(target_arch = "x86_64") {
        return println!("skipped: the layouts are compared on x86-64");
    }
    let mut checked = 0;
    for (stem, includes, of_library) in [("structs", KERNEL, false), ("structs-library", LIBRARY, true)] {
        let mut chosen: Vec<_> =
            layout::layouts().filter(|layout| OF_LIBRARY.contains(&layout.title) == of_library).collect();
        // The headers may be older than a structure: those that the compiler stumbles over are left out.
        let printed = loop {
            let body: Vec<String> = chosen.iter().map(|layout| question(layout)).collect();
            match run(stem, None, includes, &body) {
                Ran::Printed(text) => break text,
                Ran::Stumbled(lines) => {
                    let mut line = 0;
                    chosen.retain(|layout| {
                        line += 1;
                        let known = !lines.contains(&line);
                        if !known {
                            println!("not in the headers: {}", layout.title);
                        }
                        known
                    });
                }
                Ran::NoCompiler => return println!("skipped: no C compiler"),
            }
        };
        let mut facts = printed.lines();
        for layout in chosen {
            assert_eq!(facts.next(), Some(format!("{} {}", layout.title, layout.size).as_str()));
            for field in layout.fields {
                let ours = format!("{}.{} {} {}", layout.title, field.name, field.at, field.width);
                assert_eq!(facts.next(), Some(ours.as_str()));
                checked += 1;
            }
        }
    }
    println!("{checked} fields checked");
    assert!(checked > 200, "only {checked} fields checked");
}

/// One line of C that prints size and offsets of a structure.
fn question(layout: &layout::Layout) -> String {
    let name = C_NAMES.iter().find(|c| c.0 == layout.title).map_or(layout.name, |c| c.1);
    let mut line = format!("printf(\"{} %zu\\n\", sizeof(struct {name}));", layout.title);
    for field in layout.fields {
        line += &format!(
            " printf(\"{0}.{1} %zu %zu\\n\", __builtin_offsetof(struct {name}, {1}), \
             sizeof(((struct {name} *)0)->{1}));",
            layout.title, field.name
        );
    }
    line + "\n"
}

#[test]
fn fields_lie_inside_their_structures() {
    for layout in layout::layouts() {
        for field in layout.fields {
            assert!(field.at + field.width <= layout.size, "{}.{} lies outside", layout.title, field.name);
        }
    }
}
