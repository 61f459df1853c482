//! Constants and structures against the C headers of this machine, with its own compiler.
//!
//! Names that the headers do not have yet (ours are newer), or have as enumerators that the preprocessor
//! can't see, are not checked here; the test says how many were.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use syscalls::{layout, names};

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

/// Differences that are right: the number a 64-bit program passes is not the one the header gives.
const EXCEPTIONS: &[&str] = &[
    // glibc maps them to the plain commands; these are the numbers of 32-bit programs.
    "F_GETLK64",
    "F_SETLK64",
    "F_SETLKW64",
    // 0 in the library's headers, since 64-bit programs need not ask.
    "O_LARGEFILE",
];

/// What became of a C program.
enum Ran {
    /// It printed this.
    Printed(String),
    /// The compiler stumbled over these lines of the body.
    Stumbled(Vec<usize>),
    /// There is no compiler, or no C library to link with.
    NoCompiler,
}

/// Compiles and runs the lines of a `main`.
fn run_c(stem: &str, includes: &[&str], body: &[String]) -> Ran {
    let dir = std::env::temp_dir().join(format!("chic-trace-headers-{}-{stem}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory of our own");
    let ran = compile_and_run(&dir, includes, body);
    let _ = std::fs::remove_dir_all(&dir);
    ran
}

fn compile_and_run(dir: &Path, includes: &[&str], body: &[String]) -> Ran {
    let mut source = String::from("#define _GNU_SOURCE\n");
    for header in includes {
        source += &format!("#if __has_include(<{header}>)\n#include <{header}>\n#endif\n");
    }
    source += "int printf(const char *, ...);\nint main(void) {\n#line 1 \"body\"\n";
    source += &body.concat();
    source += "return 0;\n}\n";
    let (file, program) = (dir.join("headers.c"), dir.join("headers"));
    std::fs::write(&file, source).expect("a file in our directory");
    let compiler = Command::new("gcc").args(["-w", "-fmax-errors=0", "-o"]).arg(&program).arg(&file).output();
    let Ok(made) = compiler else { return Ran::NoCompiler };
    if made.status.success() {
        let ran = Command::new(&program).output().expect("a program just made");
        return Ran::Printed(String::from_utf8(ran.stdout).expect("ASCII"));
    }
    let errors = String::from_utf8_lossy(&made.stderr).into_owned();
    let lines = errors.lines().filter_map(|line| line.strip_prefix("body:")?.split(':').next()?.parse().ok());
    let lines: Vec<usize> = lines.collect();
    if lines.is_empty() {
        println!("{}", errors.lines().take(5).collect::<Vec<_>>().join("\n"));
        return Ran::NoCompiler;
    }
    Ran::Stumbled(lines)
}

/// Name and value of each constant that a unit knows as a macro.
fn constants(stem: &str, includes: &[&str]) -> Option<BTreeMap<String, u64>> {
    let all = names::tables().flat_map(|table| table.rows).map(|row| row.1);
    let body: Vec<String> = all
        .map(|name| format!("\n#ifdef {name}\nprintf(\"{name} %llu\\n\", (unsigned long long)({name}));\n#endif\n"))
        .collect();
    let Ran::Printed(pairs) = run_c(stem, includes, &body) else { return None };
    Some(
        pairs
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
            .collect(),
    )
}

#[test]
fn constants_have_the_values_of_the_headers() {
    if !cfg!(target_arch = "x86_64") {
        return println!("skipped: the tables are those of x86-64");
    }
    let Some(mut known) = constants("kernel", KERNEL) else { return println!("skipped: no C compiler or headers") };
    for (name, value) in constants("library", LIBRARY).unwrap_or_default() {
        known.entry(name).or_insert(value);
    }
    let mut checked = 0;
    for table in names::tables() {
        for (value, name) in table.rows {
            let Some(theirs) = known.get(*name).filter(|_| !EXCEPTIONS.contains(name)) else { continue };
            checked += 1;
            let same = theirs == value || (*theirs as u32 == *value as u32 && (*theirs as i64) < 0);
            assert!(same, "{}: {name} is {value:#x} here and {theirs:#x} in the headers", table.title);
        }
    }
    println!("{checked} constants checked");
    assert!(checked > 800, "only {checked} constants found in the headers");
}

#[test]
fn no_table_names_a_value_twice() {
    for table in names::tables() {
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
            match run_c(stem, includes, &body) {
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
