//! What comparing costs: generated recordings of a million events, 8 processes, 2000 objects; one process
//! a measurement, so that its peak of memory is its own. Reading the recordings alone stands beside, and `cmp` of
//! them, and GNU `diff` of the same calls as text. Times are those spent on a core, so that a busy machine tells
//! the same.
//!
//!     cargo bench --bench compare [-- EVENTS]

#[path = "../goldens/tests/generated/mod.rs"]
mod generated;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use generated::Change;
use goldens::{Form, Golden, Level, Observer, Options, Run};
use recording::file::{Recording, WriteOptions, Writer};
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

const ROUNDS: usize = 3;
/// Takes events and keeps nothing.
struct Nothing;

impl Sink for Nothing {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        std::hint::black_box(batch.bytes);
        Ok(())
    }

    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

fn write(calls: u64, change: Change, path: &Path) {
    let mut writer = Writer::create(path, WriteOptions::default()).expect("a file");
    generated::run(calls, change, &mut writer);
}

fn replay(path: &Path, sink: &mut dyn Sink) {
    Recording::open(path).expect("our own file").replay(sink).expect("it takes everything");
}

fn observe(path: &Path, options: &Options) -> Run {
    let mut observer = Observer::new(options);
    replay(path, &mut observer);
    observer.into_run()
}

/// The run is dropped when its form is made.
fn form(path: &Path, options: &Options) -> Form {
    goldens::forms(&[&observe(path, options)], None, options).pop().expect("a form")
}

/// One measurement, in a process of its own: prints milliseconds, the peak in MiB, what was found and how many
/// sequences were aligned.
fn measure(what: &str, paths: &[PathBuf]) {
    let options = Options { single: true, ..Options::at(Level::Protocol) };
    let text = || std::fs::read_to_string(&paths[0]).expect("a golden");
    let begun = on_core();
    let (found, diffs) = match what {
        "read" => {
            paths.iter().for_each(|path| replay(path, &mut Nothing));
            (0, 0)
        }
        "learn" => {
            let runs: Vec<Run> = paths.iter().map(|path| observe(path, &options)).collect();
            let forms = goldens::forms(&runs.iter().collect::<Vec<_>>(), None, &options);
            drop(runs);
            let learned = goldens::learn(&forms, &options, Default::default()).expect("equal runs teach");
            (learned.golden.streams.len(), 0)
        }
        "text" => (Golden::parse(&text()).expect("our own golden").to_string().len(), 0),
        "copy" => (text().lines().fold(String::new(), |all, line| all + line + "\n").len(), 0),
        _ => {
            let (a, b) = (form(&paths[0], &options), form(&paths[1], &options));
            let comparison = goldens::diff(&a, &b, &options);
            (comparison.findings.len(), comparison.diffs)
        }
    };
    println!("{:.1} {} {found} {diffs}", (on_core() - begun) * 1e3, peak_kib() / 1024);
}

/// Seconds that this thread has spent on a core (proc(5), `schedstat`).
fn on_core() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).map_or(f64::NAN, |ns| ns / 1e9)
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Milliseconds (the median of the rounds) and the rest of a measurement.
fn row(what: &str, case: &str, paths: &[&Path]) -> f64 {
    let mut rounds: Vec<(f64, String)> = (0..ROUNDS)
        .map(|_| {
            let me = std::env::current_exe().expect("ourselves");
            let output = Command::new(me).arg("--measure").arg(case).args(paths).output().expect("we run");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{case}: {}", String::from_utf8_lossy(&output.stderr));
            (text.split(' ').next().and_then(|ms| ms.parse().ok()).expect("milliseconds"), text)
        })
        .collect();
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ms, text) = &rounds[ROUNDS / 2];
    let rest: Vec<&str> = text.split_whitespace().collect();
    println!(
        "| {what} | {ms:.0} | {:.0}-{:.0} | {} | {} | {} |",
        rounds[0].0,
        rounds[ROUNDS - 1].0,
        rest[1],
        rest[2],
        rest[3]
    );
    std::io::stdout().flush().ok();
    *ms
}

/// Milliseconds that a foreign command spent on a core, to 10.
fn foreign(what: &str, command: &mut Command) -> f64 {
    let before = of_children();
    match command.stdout(Stdio::null()).status() {
        Ok(_) => {
            let ms = of_children() - before;
            println!("| {what} | {ms:.0} | | | | |");
            ms
        }
        Err(error) => {
            println!("| {what} | not run: {error} | | | | |");
            f64::NAN
        }
    }
}

/// Milliseconds that children which have ended spent on a core (proc(5), `cutime` and `cstime`, in ticks of 10 ms).
fn of_children() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks(13) + ticks(14)) * 10.0
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == "--measure") {
        let paths: Vec<PathBuf> = args[2..].iter().map(PathBuf::from).collect();
        return measure(&args[1], &paths);
    }
    let events: u64 = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let path = |name: &str| scratch.path().join(name);
    let (base, same, scattered, other) = (path("base"), path("same"), path("scattered"), path("other"));
    write(events, Change::Nothing, &base);
    write(events, Change::Nothing, &same);
    write(events, Change::Scattered((events / 8 / 1000).max(1)), &scattered);
    write(events, Change::All, &other);
    let small = [0, 1, 2, 3, 4].map(|n| path(&format!("small{n}")));
    for path in &small {
        write(events / 10, Change::Nothing, path);
    }
    println!("{events} events, {ROUNDS} rounds\n");
    println!("| case | ms on a core | least-greatest | peak MiB | found | diffs |\n|---|---:|---:|---:|---:|---:|");
    let read = row("both recordings read, nothing kept", "read", &[&base, &same]);
    let equal = row("equal", "diff", &[&base, &same]);
    let some = row("1000 scattered differences", "diff", &[&base, &scattered]);
    let all = row("all different", "diff", &[&base, &other]);
    let small: Vec<&Path> = small.iter().map(PathBuf::as_path).collect();
    let learned = row("learning from 5 of a tenth", "learn", &small);
    let golden = path("big.golden");
    std::fs::write(&golden, lines(100_000)).expect("a golden");
    let parsed = row("golden of 100 000 lines, parsed and printed", "text", &[&golden]);
    let copied = row("its lines, unparsed", "copy", &[&golden]);
    let text = [path("a.txt"), path("b.txt")];
    for (recording, text) in [&base, &scattered].into_iter().zip(&text) {
        let file = std::fs::File::create(text).expect("a file");
        let chic = Path::new(env!("CARGO_BIN_EXE_chic-trace"));
        Command::new(chic).arg("report").arg(recording).args(["-o", "-"]).stdout(file).status().expect("report runs");
    }
    foreign("GNU diff of the text, 1000 differences", Command::new("diff").args(&text));
    let cmp = foreign("cmp of the recordings", Command::new("cmp").args([&base, &same]));
    println!(
        "\nequal: {:.1} of reading and cmp; scattered {:.1}, all different {:.1} of equal; learning {:.1} of a compare of\n\
         its size; parsing and printing {:.1} of copying",
        equal / (read + cmp),
        some / equal,
        all / equal,
        learned / (equal / 10.0),
        parsed / copied
    );
}

/// A golden of so many lines.
fn lines(count: u64) -> String {
    let streams = count / 4;
    let mut out = String::from(
        "golden 1 level=protocol model=1 runs=5 platform=x86_64-glibc\nargv tool\nstdin null\nsubst $CWD\n",
    );
    out += &format!("asserts {} {}\nproc P exit=0 /bin/tool\n", streams * 3, streams * 3);
    for n in 0..streams {
        out += &format!(
            "file P $CWD/file{n:06}\n  open r cloexec\n  read 0..400 b3:f4f0961587a1bef20e565ca1d3df7b01\n  close\n"
        );
    }
    out
}
