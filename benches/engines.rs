//! What tracing costs: each workload bare, under strace as people run it, under strace pinned to one
//! core, and under chic-trace, interleaved in random order. Figures are medians of per-round ratios,
//! since these times mean little across machines and much within a round.
//!
//!     cargo bench --bench engines [-- ROUNDS [WORKLOAD...]]

mod rounds;

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use rounds::{build, built, go_first, interleaved, machine, middle, ratio};

/// How a workload is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Bare,
    /// Everything on one core, nothing traced: what W3 is compared with.
    BarePinned,
    Strace,
    StracePinned,
    Ours,
}

/// What is measured by the program itself (ns a round) or from outside (the whole wall time).
enum Clock {
    Inside,
    Outside,
}

struct Workload {
    name: &'static str,
    what: &'static str,
    clock: Clock,
    /// Arguments of the guest, or a whole command for outside clocks.
    argv: fn(How) -> Vec<String>,
    /// Tracer arguments beside `-f -o FILE`.
    filter: &'static [&'static str],
}

/// Rounds within the program: many when bare, fewer when every round stops twice.
fn rounds(how: How, bare: u64, traced: u64) -> String {
    let unpinned_strace = traced / 4;
    match how {
        How::Bare | How::BarePinned => bare,
        How::Strace => unpinned_strace,
        How::StracePinned | How::Ours => traced,
    }
    .max(1)
    .to_string()
}

fn inside(name: &str, how: How, bare: u64, traced: u64) -> Vec<String> {
    vec![built("guest").display().to_string(), "work".into(), name.into(), rounds(how, bare, traced)]
}

fn words(command: &str) -> Vec<String> {
    command.split(' ').map(String::from).collect()
}

const WORKLOADS: &[Workload] = &[
    Workload {
        name: "W1",
        what: "getpid",
        clock: Clock::Inside,
        argv: |h| inside("w1", h, 400_000, 30_000),
        filter: &[],
    },
    Workload {
        name: "W2",
        what: "open, fstat, read 4 KiB, close",
        clock: Clock::Inside,
        argv: |h| inside("w2", h, 100_000, 8_000),
        filter: &[],
    },
    Workload {
        name: "W3",
        what: "pipe ping, 2 processes",
        clock: Clock::Inside,
        argv: |h| inside("w3", h, 50_000, 4_000),
        filter: &[],
    },
    Workload {
        name: "W4",
        what: "4 threads, write, futex, mutex",
        clock: Clock::Inside,
        argv: |h| inside("w4", h, 50_000, 2_000),
        filter: &[],
    },
    Workload {
        name: "W4f",
        what: "W4 with -e trace=openat",
        clock: Clock::Inside,
        argv: |h| inside("w4", h, 50_000, if h == How::Ours { 50_000 } else { 2_000 }),
        filter: &["-e", "trace=openat"],
    },
    Workload {
        name: "W3f",
        what: "W3 with -e trace=openat",
        clock: Clock::Inside,
        argv: |h| inside("w3", h, 50_000, if h == How::Ours { 50_000 } else { 4_000 }),
        filter: &["-e", "trace=openat"],
    },
    Workload {
        name: "W7",
        what: "CPU only",
        clock: Clock::Inside,
        argv: |h| inside("w7", h, 400_000, 400_000),
        filter: &[],
    },
    Workload {
        name: "W7p",
        what: "CPU only, 2 threads",
        clock: Clock::Inside,
        argv: |h| inside("w7p", h, 400_000, 400_000),
        filter: &[],
    },
    Workload {
        name: "W8p",
        what: "2 threads, 20 µs of work per call",
        clock: Clock::Inside,
        argv: |h| inside("w8p", h, 20_000, 10_000),
        filter: &[],
    },
    Workload { name: "W5", what: "true", clock: Clock::Outside, argv: |_| words("/bin/true"), filter: &[] },
    Workload {
        name: "find",
        what: "find /usr/lib -name *.so",
        clock: Clock::Outside,
        argv: |_| words("find /usr/lib/x86_64-linux-gnu -name *.so"),
        filter: &[],
    },
    Workload {
        name: "python3",
        what: "import json, asyncio",
        clock: Clock::Outside,
        argv: |_| ["python3", "-c", "import json, asyncio"].map(String::from).to_vec(),
        filter: &[],
    },
    Workload {
        name: "tar",
        what: "tar of /usr/include, piped",
        clock: Clock::Outside,
        argv: |_| ["sh", "-c", "tar cf - /usr/include 2>/dev/null | cat >/dev/null"].map(String::from).to_vec(),
        filter: &[],
    },
];

/// Runs once and returns nanoseconds: of a round, or of the whole.
fn measure(workload: &Workload, how: How, scratch: &Path) -> f64 {
    let argv = (workload.argv)(how);
    let trace = scratch.join(if how == How::Ours { "ours.txt" } else { "strace.txt" });
    let mut command = match how {
        How::Bare | How::BarePinned => Command::new(&argv[0]),
        How::Strace | How::StracePinned => Command::new("strace"),
        How::Ours => Command::new(env!("CARGO_BIN_EXE_chic-trace")),
    };
    match how {
        How::Bare | How::BarePinned => command.args(&argv[1..]),
        _ => command.args(["-f", "-o"]).arg(&trace).args(workload.filter).arg("--").args(&argv),
    };
    if matches!(how, How::BarePinned | How::StracePinned) {
        pin(&mut command);
    }
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
    let started = Instant::now();
    let output = command.output().expect("the workload starts");
    let wall = started.elapsed().as_nanos() as f64;
    assert!(output.status.success(), "{} {how:?} ended with {}", workload.name, output.status);
    match workload.clock {
        Clock::Outside => wall,
        Clock::Inside => String::from_utf8_lossy(&output.stdout).trim().parse().expect("the guest prints nanoseconds"),
    }
}

fn pin(command: &mut Command) {
    // SAFETY: between fork and exec only one system call is made, on memory of this closure.
    unsafe {
        command.pre_exec(|| {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(0, &mut set);
            match libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
}

fn strace() -> String {
    let version = Command::new("strace")
        .arg("-V")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or("").to_string());
    version.unwrap_or_else(|_| "no strace: its columns are missing".into())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let rounds = arguments.first().and_then(|a| a.parse().ok()).unwrap_or(5);
    let chosen: Vec<&String> = arguments.iter().skip(1).collect();
    build(&["-p", "guests"]);
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let nice = go_first();
    println!("{}, {}; {nice}; {rounds} rounds, medians of per-round ratios (least-greatest)\n", machine(), strace());
    println!("| workload | bare ns | ours / bare | ours / strace | ours / strace pinned | strace pinned / bare |");
    println!("|---|---:|---:|---:|---:|---:|");
    let mut ways = vec![How::Bare, How::BarePinned, How::Ours];
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok() {
        ways.extend([How::Strace, How::StracePinned]);
    }
    for workload in WORKLOADS.iter().filter(|w| chosen.is_empty() || chosen.iter().any(|c| *c == w.name)) {
        measure(workload, How::Bare, scratch.path());
        let results = interleaved(rounds, &ways, |how| measure(workload, how, scratch.path()));
        // Bare pings are a matter of placement: a traced pair shares a core, a filtered one is left alone.
        let base = if workload.name == "W3" { How::BarePinned } else { How::Bare };
        let cell = |a, b| ratio(&results, a, b).unwrap_or_else(|| "not measured".into());
        println!(
            "| {} {} | {:.0} | {} | {} | {} | {} |",
            workload.name,
            workload.what,
            middle(&results, base),
            cell(How::Ours, base),
            cell(How::Ours, How::Strace),
            cell(How::Ours, How::StracePinned),
            cell(How::StracePinned, base),
        );
        std::io::stdout().flush().ok();
    }
}
