//! Numbers and names against other people's tables: two packages, and the C headers of this machine.
//! Every difference is named here.

use std::collections::BTreeMap;
use std::ffi::c_long;

use syscalls::{Abi, lookup, table};

type Numbers = BTreeMap<u64, String>;

fn ours(abi: Abi) -> Numbers {
    let rows = table(abi).iter().enumerate();
    rows.filter_map(|(nr, row)| row.map(|row| (nr as u64, row.name.to_owned()))).collect()
}

fn of_second(name: fn(c_long) -> Option<&'static str>, bits: c_long) -> Numbers {
    (0..1000).filter_map(|nr| name(nr | bits).map(|name| (nr as u64, name.to_owned()))).collect()
}

/// What `theirs` has and we don't, and what we have and they don't, apart from the exceptions.
fn compare(abi: Abi, theirs: &Numbers, missing_there: &[&str], missing_here: &[&str]) {
    let ours = ours(abi);
    assert!(theirs.len() > 300, "{abi:?}: an oracle of {} calls", theirs.len());
    let unlike = |a: &Numbers, b: &Numbers| -> Vec<String> {
        a.iter().filter(|(nr, name)| b.get(nr) != Some(name)).map(|(_, name)| name.clone()).collect()
    };
    assert_eq!(unlike(&ours, theirs), missing_there, "{abi:?}: here and not there");
    assert_eq!(unlike(theirs, &ours), missing_here, "{abi:?}: there and not here");
}

/// Younger than the first package.
const NEW: &[&str] = &["listns", "rseq_slice_yield"];
/// Younger than the second package.
const NEWEST: &[&str] = &["rseq_slice_yield"];

#[test]
fn first_package_agrees() {
    use syscalls_oracle::{aarch64, x86, x86_64};
    // Its iterator leaves out the last call, so the numbers are asked for one by one.
    let collect = |name: fn(usize) -> Option<&'static str>| -> Numbers {
        (0..1000).filter_map(|nr| name(nr).map(|name| (nr as u64, name.to_owned()))).collect()
    };
    compare(Abi::X86_64, &collect(|nr| x86_64::Sysno::new(nr).map(|call| call.name())), NEW, &[]);
    // `break` is a word of Rust, so theirs is written `r#break`.
    let old = &["break", "listns", "rseq_slice_yield"];
    compare(Abi::I386, &collect(|nr| x86::Sysno::new(nr).map(|call| call.name())), old, &["r#break"]);
    // The kernel's own list says `newfstatat`, and 403 to 423 are for 32-bit architectures only.
    let new = &["newfstatat", "listns", "rseq_slice_yield"];
    let mut theirs = collect(|nr| aarch64::Sysno::new(nr).map(|call| call.name()));
    theirs.retain(|nr, name| !(403..424).contains(nr) || !name.contains("64"));
    compare(Abi::Aarch64, &theirs, new, &["fstatat"]);
}

#[test]
fn second_package_agrees() {
    use syscall_numbers::{aarch64, x32, x86_64};
    compare(Abi::X86_64, &of_second(x86_64::sys_call_name, 0), NEWEST, &[]);
    compare(Abi::Aarch64, &of_second(aarch64::sys_call_name, 0), NEWEST, &[]);
    compare(Abi::X32, &of_second(x32::sys_call_name, 0x4000_0000), NEWEST, &[]);
}

/// The second package's list for i386 names four calls by the width of their clock and has gaps.
#[test]
fn second_package_agrees_on_i386() {
    let here = [
        "getrlimit",
        "gettimeofday",
        "settimeofday",
        "timer_settime",
        "timer_gettime",
        "timer_getoverrun",
        "timer_delete",
        "clock_settime",
        "clock_gettime",
        "clock_getres",
        "clock_nanosleep",
        "mq_unlink",
        "mq_timedsend",
        "mq_timedreceive",
        "mq_notify",
        "mq_getsetattr",
        "timerfd_settime",
        "timerfd_gettime",
        "rseq_slice_yield",
    ];
    let there = ["gettimeofday_time32", "settimeofday_time32", "timerfd_settime32", "timerfd_gettime32"];
    compare(Abi::I386, &of_second(syscall_numbers::x86::sys_call_name, 0), &here, &there);
}

/// Each `#define __NR_name number` of a C header.
fn header(path: &str) -> Option<Numbers> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut found = Numbers::new();
    for line in text.lines() {
        let Some((name, number)) = line.strip_prefix("#define __NR_").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        let number = number.trim().trim_start_matches("(__X32_SYSCALL_BIT + ").trim_end_matches(')');
        if let Ok(number) = number.parse() {
            found.insert(number, name.to_owned());
        }
    }
    Some(found)
}

/// The headers of a machine may be older than our tables: what they have, we have.
#[test]
fn installed_headers_agree() {
    let mut read = 0;
    for (abi, file) in [(Abi::X86_64, "unistd_64.h"), (Abi::I386, "unistd_32.h"), (Abi::X32, "unistd_x32.h")] {
        for folder in ["/usr/include/x86_64-linux-gnu/asm", "/usr/include/asm"] {
            let Some(theirs) = header(&format!("{folder}/{file}")) else { continue };
            assert!(theirs.len() > 300, "{folder}/{file}: {} calls", theirs.len());
            let ours = ours(abi);
            let unlike: Vec<_> = theirs.iter().filter(|(nr, name)| ours.get(nr) != Some(name)).collect();
            assert_eq!(unlike, Vec::<(&u64, &String)>::new(), "{folder}/{file}");
            read += 1;
        }
    }
    if read == 0 {
        println!("skipped: no C headers of Linux here");
    }
}

/// The kernel that runs, where its tracing directory can be read.
#[test]
fn tracing_formats_agree() {
    let folders = ["/sys/kernel/tracing/events/syscalls", "/sys/kernel/debug/tracing/events/syscalls"];
    let Some(entries) = folders.iter().find_map(|folder| std::fs::read_dir(folder).ok()) else {
        println!("skipped: no readable tracing directory here");
        return;
    };
    // Names of functions in the kernel, where they are not those of the table.
    let other = [("newstat", "stat"), ("newlstat", "lstat"), ("newfstat", "fstat"), ("newuname", "uname")];
    let other = other.into_iter().chain([("sendfile64", "sendfile"), ("umount", "umount2"), ("sysctl", "_sysctl")]);
    let other: BTreeMap<&str, &str> = other.collect();
    let mut unlike = Vec::new();
    for entry in entries.flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path().join("format")) else { continue };
        let file = entry.file_name();
        let Some(function) = file.to_str().and_then(|name| name.strip_prefix("sys_enter_")) else { continue };
        let name = other.get(function).copied().unwrap_or(function);
        let fields = text.lines().filter(|line| line.contains("field:") && line.contains("offset:")).skip(5);
        let names: Vec<_> =
            fields.filter_map(|line| line.split(';').next()?.split_whitespace().last().map(str::to_owned)).collect();
        let Some(row) = table(Abi::X86_64).iter().flatten().find(|row| row.name == name) else { continue };
        // Some operations take more: the last argument of `reboot` is of one command.
        let more = row.variants.iter().flat_map(|variants| variants.rows).map(|(_, args, _)| args.len());
        if row.args.len() != names.len() && more.max() != Some(names.len()) {
            unlike.push(format!("{name}{names:?}"));
        }
    }
    // `preadv` and `pwritev` take the offset in halves, of which only one is used in 64-bit tasks.
    unlike.retain(|call| !call.starts_with("preadv[") && !call.starts_with("pwritev["));
    assert_eq!(unlike, Vec::<String>::new());
}

#[test]
fn lookup_takes_the_number_as_the_target_gave_it() {
    let name = |abi, nr| lookup(abi, nr).map(|row| row.name);
    assert_eq!(name(Abi::X86_64, 0), Some("read"));
    assert_eq!(name(Abi::X86_64, 471), Some("rseq_slice_yield"));
    assert_eq!(name(Abi::X86_64, 337), None);
    assert_eq!(name(Abi::X86_64, 512), None);
    assert_eq!(name(Abi::X86_64, u64::MAX), None);
    assert_eq!(name(Abi::X86_64, 1 << 32), None);
    assert_eq!(name(Abi::X32, 0x4000_0000), Some("read"));
    assert_eq!(name(Abi::X32, 0x4000_0000 + 13), None);
    assert_eq!(name(Abi::X32, 0x4000_0000 + 512), Some("rt_sigaction"));
    assert_eq!(name(Abi::X32, 0x4000_0000 + 548), None);
    assert_eq!(name(Abi::I386, 3), Some("read"));
    assert_eq!(name(Abi::I386, 90), Some("mmap"));
    assert_eq!(name(Abi::Aarch64, 63), Some("read"));
    assert_eq!(name(Abi::Aarch64, 79), Some("newfstatat"));
    assert_eq!(name(Abi::Arm, 3), None);
}
