//! What a profile costs: programs alone and under `chic-trace profile`, interleaved in random order. Figures are medians of
//! per-round ratios.
//!
//!     cargo bench --bench profile [-- ROUNDS]

mod rounds;
#[path = "rounds/stops.rs"]
mod stops;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rounds::{build, built, go_first, interleaved, machine, middle, ratio};

/// How a program is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Bare,
    /// With tracepoints switched off.
    Off,
    Profiled,
    FramePointers,
    Tables,
}

/// How a run went.
struct Ran {
    seconds: f64,
    output: String,
}

fn run(command: &mut Command) -> Ran {
    let started = Instant::now();
    let ran = command.stdin(Stdio::null()).stderr(Stdio::null()).output().expect("it starts");
    assert!(ran.status.success(), "{command:?}");
    Ran { seconds: started.elapsed().as_secs_f64(), output: String::from_utf8(ran.stdout).expect("text") }
}

/// Runs the tracer: the most memory that it, without its target, ever had, MiB; looked at every few milliseconds.
fn peak_of_tracer(command: &mut Command) -> f64 {
    let mut child =
        command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut peak = 0;
    while child.try_wait().expect("a child").is_none() {
        let pid = child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        for pid in children.split_whitespace().chain([pid.to_string().as_str()]) {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let value = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim();
            if value("Name:") == "chic-trace" {
                let kib = value("VmHWM:").trim_end_matches(" kB").parse().unwrap_or(0);
                peak = peak.max(kib);
            }
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    f64::from(peak) / 1024.0
}

/// The command for one way; what it writes goes to the scratch folder.
fn command(how: How, argv: &[String], scratch: &Path) -> Command {
    let stacks = match how {
        How::Bare | How::Off => {
            let mut command = Command::new(&argv[0]);
            command.args(&argv[1..]).current_dir(scratch);
            if how == How::Off {
                command.env("CHIC_TRACE", "off");
            }
            return command;
        }
        How::Profiled => "auto",
        How::FramePointers => "fp",
        How::Tables => "dwarf",
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_chic-trace"));
    command.args(["profile", "--profile-out", "p/", "--profile-stacks", stacks, "--"]).args(argv).current_dir(scratch);
    command
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn document(scratch: &Path) -> serde_json::Value {
    let text = fs::read_to_string(scratch.join("p/perf.json")).expect("a document");
    serde_json::from_str(&text).expect("JSON")
}

fn count(value: &serde_json::Value) -> f64 {
    value.as_f64().expect("a number")
}

fn row(what: &str, unit: &str, bare: f64, cells: &[Option<String>]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.clone().unwrap_or_default()).collect();
    println!("| {what} | {bare:.1} {unit} | {} |", cells.join(" | "));
}

fn overhead(rounds: usize, scratch: &Path) {
    println!("| workload | bare | profile / bare | frame pointers / bare | tables / bare |");
    println!("|---|---:|---:|---:|---:|");
    let guest = built("guest").display().to_string();
    let ways = [How::Bare, How::Profiled, How::FramePointers, How::Tables];
    // The program measures itself: the start of the tracer is no part of it.
    for (what, name, turns) in
        [("recursion of 25 frames", "deep", "1500"), ("two threads that compute", "w7p", "300000")]
    {
        let argv = words(&[&guest, "work", name, turns]);
        let seen = interleaved(rounds, &ways, |how| {
            run(&mut command(how, &argv, scratch)).output.trim().parse().expect("nanoseconds")
        });
        let cell = |how| ratio(&seen, how, How::Bare);
        row(what, "ns", middle(&seen, How::Bare), &[How::Profiled, How::FramePointers, How::Tables].map(cell));
    }
    let argv = forks();
    let seen = interleaved(rounds, &ways, |how| run(&mut command(how, &argv, scratch)).seconds * 1e3);
    let cell = |how| ratio(&seen, how, How::Bare);
    row(
        "500 fork and exec",
        "ms",
        middle(&seen, How::Bare),
        &[How::Profiled, How::FramePointers, How::Tables].map(cell),
    );
}

fn forks() -> Vec<String> {
    words(&["/bin/sh", "-c", "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done"])
}

/// Runs something, and tells how long it took.
type Seconds<'a> = Box<dyn Fn() -> f64 + 'a>;

/// The forks under others, and under less.
fn forks_beside(rounds: usize, scratch: &Path) {
    let argv = forks();
    let prefixed = |prefix: &[&str]| {
        let mut command = Command::new(prefix[0]);
        command.args(&prefix[1..]).args(&argv).current_dir(scratch);
        run(&mut command).seconds
    };
    let ours = env!("CARGO_BIN_EXE_chic-trace");
    let quiet = [ours, "-f", "-e", "trace=none", "-o", "/dev/null"];
    let mut ways: Vec<(&str, Seconds<'_>)> = vec![
        ("bare", Box::new(|| prefixed(&["env"]))),
        ("a bare loop, all stops of a profile", Box::new(|| stops::alone(&argv, stops::ALL))),
        ("a bare loop, births only", Box::new(|| stops::alone(&argv, stops::BIRTHS))),
        ("ours, `-f -e trace=none`", Box::new(|| prefixed(&quiet))),
        ("the same, `--counters=none`", Box::new(|| prefixed(&[&quiet[..], &["--counters=none"]].concat()))),
        ("ours, `profile`", Box::new(|| prefixed(&[ours, "profile", "--profile-out", "p/", "--"]))),
    ];
    let others: [(&str, &[&str]); 2] = [
        ("`strace -f`", &["strace", "-f", "-o", "/dev/null"]),
        ("`perf record -F 1000 -g`", &["perf", "record", "-q", "-e", "cpu-clock:u", "-F", "1000", "-g", "-o", "data"]),
    ];
    for (name, prefix) in others {
        if Command::new(prefix[0]).arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
        {
            ways.push((name, Box::new(|| prefixed(prefix))));
        }
    }
    let numbers: Vec<usize> = (0..ways.len()).collect();
    let seen = interleaved(rounds, &numbers, |way| ways[way].1());
    println!("\n| 500 fork and exec | / bare |");
    println!("|---|---:|");
    for (number, (name, _)) in ways.iter().enumerate().skip(1) {
        println!("| {name} | {} |", ratio(&seen, number, 0).unwrap_or_default());
    }
}

/// Eight threads, two pairs a turn.
fn tracepoints(rounds: usize, scratch: &Path) {
    let example = built("examples/guest").display().to_string();
    let argv = words(&[&example, "threads", "125000"]);
    let ways = [How::Bare, How::Off, How::Profiled];
    let seen = interleaved(rounds, &ways, |how| run(&mut command(how, &argv, scratch)).seconds * 1e3);
    println!("\n| 2 000 000 pairs of 8 threads | ms | / switched off |");
    println!("|---|---:|---:|");
    for (what, how) in [("switched off", How::Off), ("alone", How::Bare), ("recorded", How::Profiled)] {
        let cell = ratio(&seen, how, How::Off).unwrap_or_default();
        println!("| {what} | {:.1} | {cell} |", middle(&seen, how));
    }
    println!("\n| pairs recorded | kept | most memory of the tracer, MiB |");
    println!("|---:|---:|---:|");
    for turns in [62_500, 625_000, 6_250_000] {
        let argv = words(&[&example, "threads", &turns.to_string()]);
        let peak = peak_of_tracer(&mut command(How::Profiled, &argv, scratch));
        let tracepoints = &document(scratch)["summary"]["tracepoints"];
        println!("| {} | {} | {peak:.0} |", turns * 16, count(&tracepoints["calls"]));
    }
}

/// From the end of the program to that of the command.
fn afterwards(rounds: usize, scratch: &Path) {
    let guest = built("guest").display().to_string();
    let debug = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/debug/chic-trace");
    let recording = scratch.join("long.ctrace").display().to_string();
    run(Command::new(env!("CARGO_BIN_EXE_chic-trace"))
        .args(["record", "-o", &recording, "--", &guest, "work", "w1", "100000"]));
    let debug_name = debug.display().to_string();
    println!("\n| files written after | s |");
    println!("|---|---:|");
    for (what, argv) in [
        ("a program of 10 s", words(&[&guest, "work", "w7", "5000000"])),
        ("this project's own debug binary", words(&[&debug_name, "report", "-o", "/dev/null", &recording])),
    ] {
        if !Path::new(&argv[0]).exists() {
            println!("| {what} | not measured: {} is not there; `cargo build` makes it |", argv[0]);
            continue;
        }
        let seen = interleaved(rounds.min(3), &[How::Profiled], |how| {
            let seconds = run(&mut command(how, &argv, scratch)).seconds;
            seconds - count(&document(scratch)["summary"]["wall_time_ns"]) / 1e9
        });
        println!("| {what} | {:.2} |", middle(&seen, How::Profiled));
    }
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5);
    build(&["-p", "guests"]);
    build(&["-p", "chic-trace-rt", "--example", "guest"]);
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let nice = go_first();
    println!("{}; {nice}; {rounds} rounds, medians of per-round ratios (least-greatest)\n", machine());
    overhead(rounds, scratch.path());
    forks_beside(rounds, scratch.path());
    tracepoints(rounds, scratch.path());
    afterwards(rounds, scratch.path());
}
