//! A program with spans for whoever records it: `witness NAME …` does one thing that is hard to record, and says on
//! standard output what a recorder must have found.

use std::ffi::CString;
use std::io::{Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chic_trace_rt::{flush, span, trace};

#[trace]
fn leaf() {}

fn word(index: usize) -> String {
    std::env::args().nth(index).unwrap_or_default()
}

fn number(index: usize) -> u64 {
    word(index).parse().expect("a number")
}

/// Numbers of the descriptors that are open, and of the next one.
fn descriptors() {
    leaf();
    std::thread::spawn(leaf).join().expect("the thread ends");
    let mut open: Vec<u32> = std::fs::read_dir("/proc/self/fd")
        .expect("a folder")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    open.sort_unstable();
    let next = std::fs::File::open("/dev/null").expect("a file").as_raw_fd();
    println!("{open:?} {next}");
}

/// Pairs without end in several threads. A word of the file for each thread holds how many it has finished.
fn endless() {
    let threads = number(3) as usize;
    let file =
        std::fs::File::options().read(true).write(true).create(true).truncate(true).open(word(2)).expect("a file");
    file.set_len(threads as u64 * 8).expect("room");
    // SAFETY: a shared mapping of that length, which stays.
    let words = unsafe {
        let at = libc::mmap(
            std::ptr::null_mut(),
            threads * 8,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        );
        assert_ne!(at, libc::MAP_FAILED);
        std::slice::from_raw_parts(at.cast::<AtomicU64>(), threads)
    };
    std::thread::scope(|scope| {
        for finished in words {
            scope.spawn(|| {
                loop {
                    leaf();
                    finished.fetch_add(1, Relaxed);
                }
            });
        }
    });
}

/// Executes itself with other words.
fn execute(words: &[&str]) {
    let path = std::env::current_exe().expect("a path");
    let path = CString::new(path.as_os_str().as_bytes()).expect("no NUL");
    let words: Vec<CString> = words.iter().map(|word| CString::new(*word).expect("no NUL")).collect();
    let mut pointers: Vec<*const libc::c_char> = [&path].into_iter().chain(&words).map(|word| word.as_ptr()).collect();
    pointers.push(std::ptr::null());
    // SAFETY: texts that end, in a list that ends.
    unsafe { libc::execv(path.as_ptr(), pointers.as_ptr()) };
    panic!("{}", std::io::Error::last_os_error());
}

/// Pairs, then another image, from a thread that is not the first or from the first.
fn exec() {
    for _ in 0..100 {
        leaf();
    }
    if word(2) == "thread" {
        let thread = std::thread::spawn(|| {
            for _ in 0..10 {
                leaf();
            }
            execute(&["pairs", "1000"]);
        });
        let _ = thread.join();
    }
    execute(&["pairs", "1000"]);
}

fn pairs() {
    for _ in 0..number(2) {
        leaf();
    }
}

/// A ring of this process, as the recorder has it mapped: where it begins.
fn ring() -> *mut u64 {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
    let line = maps.lines().find(|line| line.contains("memfd:chic-trace-ring")).expect("a ring");
    let start = line.split('-').next().expect("an address");
    std::ptr::with_exposed_provenance_mut(usize::from_str_radix(start, 16).expect("hex"))
}

/// Writes nonsense into its own ring, the first one of the area, and goes on.
fn damage() {
    leaf();
    let ring = ring();
    for _ in 0..2 {
        nonsense(ring, &word(2));
        for _ in 0..100 {
            leaf();
        }
    }
    println!("lives");
    nonsense(ring, &word(2));
}

fn nonsense(ring: *mut u64, what: &str) {
    // SAFETY: inside the ring, whose pages are there; whatever stands in it is its recorder's concern.
    unsafe {
        match what {
            "head" => ring.add(2).write_volatile(u64::MAX / 3),
            "back" => ring.add(2).write_volatile(0),
            "tail" => ring.add(8).write_volatile(u64::MAX / 5),
            "header" => ring.write_volatile(0),
            "slots" => {
                let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
                for at in 16..16 + 64 * 4 {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    ring.add(at).write_volatile(seed);
                }
                ring.add(2).write_volatile(ring.add(2).read_volatile() + 40);
            }
            other => panic!("no damage `{other}`"),
        }
    }
}

/// A program that lets the kernel refuse what makes rings, and starts threads then.
fn restricted() {
    leaf();
    let instruction = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut filter = [
        instruction(0x20, 0, 0, 0),
        instruction(0x15, 0, 1, libc::SYS_memfd_create as u32),
        instruction(0x06, 0, 0, 0x8000_0000),
        instruction(0x06, 0, 0, 0x7fff_0000),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: numbers, and a program that outlives the call.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const program), 0);
    }
    std::thread::spawn(leaf).join().expect("the thread ends");
    println!("lives");
}

/// Threads that come together, more than lie in one area.
fn crowd() {
    let count = number(2) as usize;
    let barrier = std::sync::Barrier::new(count);
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| {
                leaf();
                barrier.wait();
                leaf();
            });
        }
    });
}

/// Files of its own, between two spans.
fn snapshot() {
    leaf();
    let path = std::path::PathBuf::from(word(2));
    flush(Some(&path)).expect("written");
    leaf();
}

/// A child by fork, which has spans and is ended by a signal; spans of the parent before, around and behind.
fn children() {
    leaf();
    let outer = span!("outer");
    // SAFETY: the child runs on with what fork gives it.
    let child = unsafe { libc::fork() };
    if child == 0 {
        for _ in 0..5 {
            leaf();
        }
        // SAFETY: ends the process.
        unsafe { libc::abort() };
    }
    // SAFETY: our own child.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    drop(outer);
    leaf();
}

/// Children that get a signal at some moment of their short lives, while they ask for their recorder. Says how many
/// ended by themselves, and how many were seen stopped.
fn storm() {
    let signal = number(2) as libc::c_int;
    let (mut well, mut stopped) = (0, 0);
    for round in 0..number(3) as u32 {
        // SAFETY: the child runs on with what fork gives it.
        let child = unsafe { libc::fork() };
        if child == 0 {
            leaf();
            // SAFETY: ends the process.
            unsafe { libc::_exit(3) };
        }
        let mut status = 0;
        // SAFETY: takes numbers; our own child, whose status is ours.
        unsafe {
            libc::usleep(round * 37 % 900);
            libc::kill(child, signal);
            libc::waitpid(child, &mut status, libc::WUNTRACED);
            if libc::WIFSTOPPED(status) {
                stopped += 1;
                assert_eq!(libc::WSTOPSIG(status), signal);
                libc::kill(child, libc::SIGCONT);
                libc::waitpid(child, &mut status, 0);
            }
        }
        well += u32::from(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 3);
    }
    println!("{well} {stopped}");
}

/// Calls that a recorder shows, and spans around them.
fn calls() {
    let mut file = std::fs::File::open("/dev/zero").expect("a file");
    for _ in 0..number(2) {
        leaf();
        let _ = file.read(&mut [0; 8]).expect("zeros");
        leaf();
        let _ = file.stream_position();
    }
    std::io::stdout().flush().expect("flushed");
}

fn main() {
    match word(1).as_str() {
        "descriptors" => descriptors(),
        "endless" => endless(),
        "exec" => exec(),
        "pairs" => pairs(),
        "damage" => damage(),
        "restricted" => restricted(),
        "crowd" => crowd(),
        "snapshot" => snapshot(),
        "children" => children(),
        "storm" => storm(),
        "calls" => calls(),
        other => panic!("no program `{other}`"),
    }
}
