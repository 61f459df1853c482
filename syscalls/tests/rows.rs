//! Rows make sense: every pointer can be measured, every list of operations can be searched.

use std::collections::{BTreeMap, BTreeSet};

use syscalls::{Abi, Arg, Classes, Count, Dir, Kind, Returns, Shape, Syscall, lookup, table};

const ABIS: [Abi; 4] = [Abi::X86_64, Abi::I386, Abi::X32, Abi::Aarch64];

/// Every argument list of every row once, with what to call it in a message.
fn lists() -> BTreeMap<String, &'static [Arg]> {
    let mut lists = BTreeMap::new();
    for abi in ABIS {
        for row in table(abi).iter().flatten() {
            lists.insert(format!("{abi:?} {}", row.name), row.args);
            for (op, args, _) in row.variants.map_or(&[][..], |variants| variants.rows) {
                lists.insert(format!("{abi:?} {} {op:#x}", row.name), *args);
            }
        }
    }
    lists
}

fn row(name: &str) -> &'static Syscall {
    table(Abi::X86_64).iter().flatten().find(|row| row.name == name).expect(name)
}

fn count_of(shape: Shape) -> Option<Count> {
    match shape {
        Shape::Structs { count, .. }
        | Shape::Name(count)
        | Shape::Data(count)
        | Shape::Iovec(count)
        | Shape::Mmsghdr(count) => Some(count),
        _ => None,
    }
}

/// The arguments that a kind looks at beside its own.
fn looks_at(kind: &Kind) -> Vec<u8> {
    let mut seen: Vec<u8> = match kind.memory().and_then(|memory| count_of(memory.shape)) {
        Some(Count::Arg(n) | Count::ResultUpTo(n) | Count::Behind(n) | Count::BehindLong(n) | Count::Bits(n)) => {
            vec![n]
        }
        Some(Count::Product(n, m)) => vec![n, m],
        _ => vec![],
    };
    match kind {
        Kind::OpenMode(n) | Kind::CpuSet(_, n) | Kind::SigSet(_, n) | Kind::FdSet(n) => seen.push(*n),
        Kind::SockOpt(..) => seen.extend([1, 2]),
        Kind::SockOptName => seen.push(1),
        _ => {}
    }
    seen
}

#[test]
fn lists_are_short_and_look_at_words() {
    let lists = lists();
    assert!(lists.len() > 1500, "{} lists", lists.len());
    for (call, args) in lists {
        assert!(args.len() <= 6, "{call}: {} arguments", args.len());
        let names: BTreeSet<_> = args.iter().map(|arg| arg.name).collect();
        assert_eq!(names.len(), args.len(), "{call}: an argument's name stands twice");
        for (at, arg) in args.iter().enumerate() {
            for seen in looks_at(&arg.kind) {
                let other =
                    args.get(usize::from(seen)).unwrap_or_else(|| panic!("{call}: {} looks at {seen}", arg.name));
                assert_ne!(usize::from(seen), at, "{call}: {} looks at itself", arg.name);
                let is_pointer = matches!(
                    arg.kind.memory().and_then(|memory| count_of(memory.shape)),
                    Some(Count::Behind(n) | Count::BehindLong(n)) if n == seen
                );
                let is_word = other.kind.memory().is_none() && !matches!(other.kind, Kind::Ptr | Kind::Address);
                assert!(is_word != is_pointer, "{call}: {} is measured by {}", arg.name, other.name);
            }
            if let Kind::LowHalf = arg.kind {
                let next = args.get(at + 1).map(|arg| arg.kind);
                assert!(matches!(next, Some(Kind::HighHalf)), "{call}: {} has no high half", arg.name);
            }
        }
    }
}

#[test]
fn structures_have_sizes() {
    for (call, args) in lists() {
        for arg in args {
            if let Some(Shape::Structs { size, .. }) = arg.kind.memory().map(|memory| memory.shape) {
                assert!((1..=4096).contains(&size), "{call}: {} has {size} bytes", arg.name);
            }
        }
    }
}

#[test]
fn operations_are_sorted_and_selectable() {
    let mut seen = 0;
    for abi in ABIS {
        for row in table(abi).iter().flatten() {
            let Some(variants) = row.variants else { continue };
            seen += 1;
            assert!(usize::from(variants.selector) < row.args.len(), "{}", row.name);
            assert!(variants.rows.windows(2).all(|two| two[0].0 < two[1].0), "{}: not sorted", row.name);
            for (op, args, returns) in variants.rows {
                assert_eq!(op & variants.mask, *op, "{} {op:#x}: can't be selected", row.name);
                let mut words = [0; 6];
                // Bits outside the mask, as a caller may leave them behind.
                words[usize::from(variants.selector)] = op | !variants.mask;
                assert!(std::ptr::eq(row.args_for(&words), *args), "{} {op:#x}", row.name);
                assert_eq!(row.returns_for(&words), *returns, "{} {op:#x}", row.name);
                // `ptrace(PTRACE_TRACEME)` has nothing after its request, so lists may only get shorter.
                let head = usize::from(variants.selector) + 1;
                assert!(args.len() >= head, "{} {op:#x}: without its operation", row.name);
                for at in 0..head {
                    assert_eq!(args[at].name, row.args[at].name, "{} {op:#x}", row.name);
                }
            }
            let mut words = [0; 6];
            words[usize::from(variants.selector)] = variants.mask;
            assert!(std::ptr::eq(row.args_for(&words), row.args), "{}: an unknown operation", row.name);
        }
    }
    assert!(seen >= 4 * 12, "{seen} calls with operations");
}

#[test]
fn what_is_copied_when() {
    let memory = |name: &str, at: usize| row(name).args[at].kind.memory().map(|memory| (memory.dir, memory.shape));
    assert_eq!(memory("openat", 1), Some((Dir::In, Shape::Text)));
    assert_eq!(memory("read", 1), Some((Dir::Out, Shape::Data(Count::ResultUpTo(2)))));
    assert_eq!(memory("write", 1), Some((Dir::In, Shape::Data(Count::Arg(2)))));
    assert_eq!(memory("readlink", 1), Some((Dir::Out, Shape::Name(Count::ResultUpTo(2)))));
    assert_eq!(memory("newfstatat", 2), Some((Dir::Out, Shape::Structs { size: 144, count: Count::Fixed(1) })));
    assert_eq!(memory("poll", 0), Some((Dir::InOut, Shape::Structs { size: 8, count: Count::Arg(1) })));
    assert_eq!(memory("epoll_wait", 1), Some((Dir::Out, Shape::Structs { size: 12, count: Count::Result })));
    assert_eq!(memory("accept4", 1), Some((Dir::Out, Shape::Structs { size: 1, count: Count::Behind(2) })));
    assert_eq!(memory("accept4", 2), Some((Dir::InOut, Shape::Structs { size: 4, count: Count::Fixed(1) })));
    assert_eq!(memory("execve", 1), Some((Dir::In, Shape::Strings)));
    assert_eq!(memory("execve", 2), Some((Dir::In, Shape::Environment)));
    assert_eq!(memory("sendmsg", 1), Some((Dir::In, Shape::Msghdr)));
    assert_eq!(memory("select", 1), Some((Dir::InOut, Shape::Structs { size: 1, count: Count::Bits(0) })));
    assert_eq!(memory("futex", 0), None);
    assert_eq!(memory("mmap", 0), None);
}

#[test]
fn operations_select_the_rest() {
    let words = |nr: u64, words: [u64; 6]| {
        let row = lookup(Abi::X86_64, nr).expect("a call");
        let names: Vec<_> = row.args_for(&words).iter().map(|arg| arg.name).collect();
        (row.name, names.join(" "), row.returns_for(&words))
    };
    assert_eq!(words(72, [0, 1, 0, 0, 0, 0]), ("fcntl", "fd cmd".into(), Returns::FdFlags));
    assert_eq!(words(72, [0, 3, 0, 0, 0, 0]), ("fcntl", "fd cmd".into(), Returns::OpenFlags));
    assert_eq!(words(72, [0, 1030, 0, 0, 0, 0]), ("fcntl", "fd cmd arg".into(), Returns::Fd));
    assert_eq!(words(72, [0, 999, 0, 0, 0, 0]), ("fcntl", "fd cmd arg".into(), Returns::Int));
    // FUTEX_WAKE | FUTEX_PRIVATE_FLAG
    assert_eq!(words(202, [0, 129, 1, 0, 0, 0]), ("futex", "uaddr op val".into(), Returns::Int));
    // The upper half of an int's register is not the program's.
    assert_eq!(words(16, [1, 0xffff_ffff_0000_5413, 0, 0, 0, 0]), ("ioctl", "fd cmd arg".into(), Returns::Int));
    let winsize = lookup(Abi::X86_64, 16).expect("ioctl").args_for(&[1, 0x5413, 0, 0, 0, 0])[2].kind.memory();
    assert_eq!(winsize.map(|memory| memory.shape), Some(Shape::Structs { size: 8, count: Count::Fixed(1) }));
}

#[test]
fn results_read_as_they_should() {
    let returns: Vec<_> = ["brk", "mmap", "mremap", "shmat", "umask", "openat", "clone", "poll", "exit_group", "read"]
        .map(|name| row(name).returns)
        .into();
    use Returns::{Fd, Hex, Int, Never, Octal, Pid, Ready};
    assert_eq!(returns, [Hex, Hex, Hex, Hex, Octal, Fd, Pid, Ready, Never, Int]);
}

/// Each call is one row, whatever the ABI, unless its words differ.
#[test]
fn rows_are_shared() {
    let at = |abi, nr| lookup(abi, nr).expect("a call");
    assert!(std::ptr::eq(at(Abi::X86_64, 0), at(Abi::I386, 3)));
    assert!(std::ptr::eq(at(Abi::X86_64, 257), at(Abi::Aarch64, 56)));
    assert!(!std::ptr::eq(at(Abi::X86_64, 9), at(Abi::I386, 90)));
    assert!(!std::ptr::eq(at(Abi::X86_64, 56), at(Abi::I386, 120)));
    assert_eq!(at(Abi::I386, 120).args.last().map(|arg| arg.name), Some("child_tidptr"));
}

#[test]
fn classes_hold_the_calls_of_strace() {
    let members = |class: Classes| -> Vec<&str> {
        table(Abi::X86_64).iter().flatten().filter(|row| row.classes.any(class)).map(|row| row.name).collect()
    };
    assert_eq!(members(Classes::LSTAT), ["lstat"]);
    assert_eq!(members(Classes::FSTAT), ["fstat", "newfstatat", "statx"]);
    assert_eq!(members(Classes::STATFS_LIKE), ["ustat", "statfs", "fstatfs"]);
    assert_eq!(
        members(Classes::PROCESS),
        [
            "clone",
            "fork",
            "vfork",
            "execve",
            "exit",
            "wait4",
            "kill",
            "rt_sigqueueinfo",
            "tkill",
            "exit_group",
            "tgkill",
            "waitid",
            "rt_tgsigqueueinfo",
            "execveat",
            "pidfd_send_signal",
            "clone3",
        ]
    );
    assert_eq!(
        members(Classes::CLOCK),
        [
            "gettimeofday",
            "adjtimex",
            "settimeofday",
            "time",
            "clock_settime",
            "clock_gettime",
            "clock_getres",
            "clock_adjtime",
        ]
    );
    for (name, class) in Classes::ALL {
        assert_eq!(Classes::by_name(name), Some(*class));
        assert!(!members(*class).is_empty(), "{name}");
    }
    assert_eq!(Classes::by_name("net"), Some(Classes::NETWORK));
    assert_eq!(Classes::by_name("all"), None);
}
