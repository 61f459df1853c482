//! Differences between runs that mean nothing: each is made on purpose, learned from five runs, and further runs
//! pass in silence at every level from `protocol` down. And what looks like them but means something is found.
//!
//! A case of the guest `subtle` is told by a number how its run goes, so that no test waits for chance.

#[path = "mutation/baselines.rs"]
mod baselines;
mod built;
mod judged;
mod programs;

use std::fs::{self, File, FileTimes};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use baselines::Calls;
use goldens::{Comparison, Learned, Level, Options, Run, Verdict};
use judged::{compare, is_silent, learn, observe, shown};
use recording::file::Recording;

/// Names of working directories: neither length nor file system must matter.
const NAMES: [&str; 6] = ["abc", "a-directory", "w5", "name-of-two-hundred", "another-place", "x"];

const LEVELS: [Level; 3] = [Level::Outcome, Level::Hermetic, Level::Protocol];

/// Whoever starts a program while another test writes one hands on the descriptor, and what was written is busy.
fn alone() -> MutexGuard<'static, ()> {
    static STARTING: Mutex<()> = Mutex::new(());
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn install(number: &str, program: &Path) {
    let _alone = alone();
    built::install("subtle", number, program);
}

fn start(command: &mut Command) -> Child {
    let _alone = alone();
    command.spawn().expect("chic-trace starts")
}

/// Runs a command to its end: its code, and what it said.
fn ended(command: &mut Command) -> (Option<i32>, String) {
    said(start(command.stdout(Stdio::piped()).stderr(Stdio::piped())))
}

fn said(run: Child) -> (Option<i32>, String) {
    let run = run.wait_with_output().expect("it ends");
    (run.status.code(), [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat())
}

/// A place where a case runs again and again, each time another way.
struct Bench {
    case: &'static str,
    /// Programs and recordings: what lies beside a working directory would be named by its way there.
    store: tempfile::TempDir,
    room: tempfile::TempDir,
    /// On another file system, where there is one.
    other: Option<tempfile::TempDir>,
    /// What every run finds beside `conf`.
    files: &'static [(&'static str, &'static str)],
    /// What starts chic-trace, if not we.
    starter: Vec<String>,
    made: usize,
}

impl Bench {
    /// Nothing where programs can't be traced; that is said.
    fn new(case: &'static str) -> Option<Bench> {
        let probe = ended(Command::new(env!("CARGO_BIN_EXE_chic-trace")).args(["-o", "/dev/null", "true"]));
        if probe.0 != Some(0) {
            println!("skipped: {}", probe.1.lines().next().unwrap_or_default());
            return None;
        }
        let [store, room] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary directory"));
        let other = tempfile::tempdir_in("/dev/shm").ok();
        Some(Bench { case, store, room, other, files: &[], starter: Vec::new(), made: 0 })
    }

    fn with(mut self, files: &'static [(&'static str, &'static str)]) -> Bench {
        self.files = files;
        self
    }

    /// The directory of the next run.
    fn directory(&mut self) -> PathBuf {
        let nth = self.made;
        self.made += 1;
        let room = self.other.as_ref().filter(|_| nth % 2 == 1).unwrap_or(&self.room);
        let mut name = format!("{nth}{}", NAMES[nth % NAMES.len()]);
        if nth % NAMES.len() == 3 {
            name = format!("{name:-<200}");
        }
        let directory = room.path().join(name);
        fs::create_dir_all(&directory).expect("made");
        let conf = ("conf", "key=value\n");
        for (name, content) in self.files.iter().chain([&conf]) {
            fs::write(directory.join(name), content).expect("written");
            let file = File::options().write(true).open(directory.join(name)).expect("it is there");
            let constant = SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800);
            file.set_times(FileTimes::new().set_modified(constant).set_accessed(constant)).expect("its times");
        }
        directory
    }

    /// Records the case as this number has it.
    fn run(&mut self, number: u32) -> Run {
        let directory = self.directory();
        self.run_in(&directory, number, |_| {})
    }

    fn run_in(&self, directory: &Path, number: u32, change: impl FnOnce(&mut Command)) -> Run {
        observe(&self.record_in(directory, number, change))
    }

    /// The recording of one run.
    fn record_in(&self, directory: &Path, number: u32, change: impl FnOnce(&mut Command)) -> PathBuf {
        let program = self.store.path().join("subtle");
        let recording = self.store.path().join(format!("{}.ctrace", self.made));
        // On the same file system, which programs that copy between descriptors would notice.
        let printed = ["stdout", "stderr"].map(|name| directory.with_extension(name));
        let [stdout, stderr] = printed.each_ref().map(|path| File::create(path).expect("a file"));
        let words = self.starter.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_chic-trace")]);
        let words: Vec<&str> = words.collect();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .args(["record", "--golden", "-o"])
            .arg(&recording)
            .arg("--")
            .arg(program)
            .arg(self.case);
        command.current_dir(directory).env_clear().env("PATH", "/usr/bin:/bin").env("LANG", "C");
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        change(&mut command);
        install(&number.to_string(), &self.store.path().join("subtle"));
        let status = start(&mut command).wait().expect("it ends");
        let said = fs::read_to_string(&printed[1]).unwrap_or_default();
        let expected = match self.case {
            "broken_pipe" => status.signal() == Some(libc::SIGPIPE),
            "answers" => matches!(status.code(), Some(0 | 3)),
            _ => status.success(),
        };
        assert!(expected, "{} {number}: {status}: {said}", self.case);
        recording
    }

    fn learned(&mut self, numbers: &[u32]) -> Vec<Run> {
        numbers.iter().map(|number| self.run(*number)).collect()
    }
}

fn goldens(runs: &[Run]) -> Vec<Learned> {
    let runs: Vec<&Run> = runs.iter().collect();
    LEVELS.iter().map(|level| learn(&runs, *level)).collect()
}

/// What each level says of a run.
fn judge(goldens: &[Learned], run: &Run) -> Vec<Comparison> {
    LEVELS.iter().zip(goldens).map(|(level, golden)| compare(golden, *level, &[run])).collect()
}

/// Learned from runs of these numbers, runs of the others are silent.
#[track_caller]
fn silent_on(mut bench: Bench, learned: [u32; 5], checked: &[u32]) {
    let runs = bench.learned(&learned);
    let goldens = goldens(&runs);
    for number in checked {
        let run = bench.run(*number);
        for comparison in judge(&goldens, &run) {
            let level = comparison.level;
            assert!(
                is_silent(&comparison),
                "{} {number} at {level:?}: {}\n{}",
                bench.case,
                shown(&comparison),
                goldens[2].golden
            );
        }
    }
}

#[track_caller]
fn silent(case: &'static str, learned: [u32; 5], checked: &[u32]) {
    if let Some(bench) = Bench::new(case) {
        silent_on(bench, learned, checked);
    }
}

/// Of a run that means something the first finding at `protocol` is this, and the run is not the same.
#[track_caller]
fn found(comparison: &Comparison, code: &str, object: &str, sentence: &str) {
    let first = comparison.findings.first().unwrap_or_else(|| panic!("nothing is found: {}", shown(comparison)));
    let told = (first.code.word(), judged::object_of(first), first.sentence.as_str());
    assert_eq!((told.0, &*told.1), (code, object), "{}", shown(comparison));
    assert!(told.2.starts_with(sentence), "{sentence:?} is not {}", shown(comparison));
}

macro_rules! silent {
    ($($name:ident: $case:literal learned $learned:expr, checked $checked:expr;)+) => {
        $(#[test] fn $name() { silent($case, $learned, &$checked); })+
    };
}

silent! {
    a_runtime_with_other_threads: "runtime" learned [0, 1, 2, 1, 0], checked [0, 1, 2];
    signals_that_arrive_together: "handlers" learned [0, 3, 2, 1, 3], checked [0, 1, 2, 3];
    tokens_that_children_take_in_any_order: "tokens" learned [0, 1, 2, 3, 4], checked [5, 0, 3, 4];
    times_that_are_only_set_when_they_differ: "copier" learned [0, 511, 85, 170, 15], checked [1, 300, 511, 0];
    an_object_store_under_names_of_chance: "store" learned [0, 1, 2, 3, 4], checked [5, 6, 7, 8];
    entropy_and_heap_in_other_portions: "draws" learned [0, 4, 1, 2, 2], checked [3, 0, 4];
    handlers_and_polls_a_few_times_more: "polls" learned [0, 3, 1, 2, 1], checked [3, 0, 2];
    lookups_on_sockets_of_their_own: "lookups" learned [0, 5, 1, 3, 2], checked [7, 0];
    a_random_word_in_a_journal: "journal" learned [0; 5], checked [0, 0];
    a_process_id_in_names_and_output: "pid_file" learned [0; 5], checked [0, 0];
    a_made_up_name_in_output_and_arguments: "names" learned [0; 5], checked [0, 0, 0];
    where_it_stands_and_how_long_that_is: "parents" learned [0; 5], checked [0, 0, 0];
    files_in_the_order_of_a_hash: "hashed_files" learned [0, 100, 319, 515, 211], checked [7, 480, 0, 77];
    a_mapping_in_the_order_of_a_hash: "mapping" learned [0, 9, 0, 9, 0], checked [14, 0, 23];
    children_that_print_in_any_order: "children" learned [0, 1, 2, 3, 4], checked [5, 0, 2];
    temporary_files_of_two_threads: "temporaries" learned [0, 1, 0, 1, 1], checked [0, 1, 0];
    a_timer_and_a_read_in_either_order: "event_loop" learned [0, 1, 0, 1, 1], checked [0, 1];
    short_reads_of_pipes_and_sockets: "pieces" learned [0, 1, 1, 0, 1], checked [2, 0, 1];
    a_date_in_a_reply_and_a_port_in_a_request: "page" learned [0, 1, 1, 0, 1], checked [0, 1];
    times_of_files_and_clocks_in_archives: "archive" learned [0; 5], checked [0, 0];
    storms_of_attempts_and_a_time_limit: "storms" learned [0, 3, 1, 2, 3], checked [0, 1, 2, 3];
    blocks_links_and_free_space: "sizes" learned [0; 5], checked [0, 0, 0];
    memory_of_other_lengths: "arenas" learned [0, 3, 1, 2, 0], checked [3, 0, 1];
    an_output_closed_before_the_end: "closed_stdout" learned [0, 1, 0, 2, 0], checked [0, 3];
    an_end_by_a_broken_pipe_in_every_run: "broken_pipe" learned [0, 1, 0, 2, 0], checked [0, 3];
}

#[test]
fn two_files_in_the_order_of_a_hash() {
    if let Some(bench) = Bench::new("hashed_files") {
        silent_on(bench.with(&[("only-two", "")]), [0, 0, 1, 0, 0], &[1, 0, 1]);
    }
}

#[test]
fn an_index_that_is_fresh_or_stale() {
    const PARTS: &[(&str, &str)] = &[("index", "index of three\n"), ("part0", "0"), ("part1", "1"), ("part2", "2")];
    if let Some(bench) = Bench::new("index") {
        silent_on(bench.with(PARTS), [0, 7, 5, 2, 0], &[0, 1, 7, 6]);
    }
}

#[test]
fn a_path_that_is_made_real_in_a_deeper_folder() {
    let Some(mut bench) = Bench::new("walk") else { return };
    let goldens = goldens(&bench.learned(&[0; 5]));
    let directory = bench.room.path().join("much/deeper/than/before");
    fs::create_dir_all(&directory).expect("made");
    fs::write(directory.join("conf"), "key=value\n").expect("written");
    let run = bench.run_in(&directory, 0, |_| {});
    for comparison in judge(&goldens, &run) {
        assert!(is_silent(&comparison), "{}\n{}", shown(&comparison), goldens[2].golden);
    }
    let run = bench.run_in(&directory, 1, |_| {});
    let comparison = judge(&goldens, &run).into_iter().find(|comparison| comparison.level == Level::Protocol);
    let comparison = comparison.expect("it is judged at protocol");
    assert_eq!(comparison.verdict, Verdict::Different, "a look at the folder above is a look");
    found(&comparison, "step.new", "..", "now uses ..");
}

#[test]
fn a_process_id_with_another_number_of_digits() {
    let Some(mut bench) = Bench::new("pid_file") else { return };
    let script = |last: u32| format!("echo {last} > /proc/sys/kernel/ns_last_pid && exec \"$@\"");
    let starter =
        |last: u32| ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", &script(last), "sh"].map(String::from);
    let (code, why) = ended(Command::new("unshare").args(&starter(150)[1..]).arg("true"));
    if code != Some(0) {
        return println!("skipped: no process ids can be chosen here: {why}");
    }
    let goldens = goldens(&bench.learned(&[1; 5]));
    for last in [150, 994, 20_000, 99_994] {
        bench.starter = starter(last).into();
        let run = bench.run(1);
        for comparison in judge(&goldens, &run) {
            assert!(is_silent(&comparison), "behind {last}: {}\n{}", shown(&comparison), goldens[2].golden);
        }
    }
}

/// Runs that begin at moments of our choice, in this time zone.
struct Clock {
    bench: Bench,
    preload: PathBuf,
    zone: &'static str,
}

impl Clock {
    fn new(case: &'static str, zone: &'static str) -> Option<Clock> {
        let bench = Bench::new(case)?;
        let _alone = alone();
        let preload = programs::build("shifted_clock", None, bench.store.path());
        Some(Clock { bench, preload, zone })
    }

    /// A run that begins so many nanoseconds after 1970.
    fn run(&mut self, at: u64, number: u32) -> Run {
        let directory = self.bench.directory();
        let (preload, zone) = (self.preload.clone(), self.zone);
        self.bench.run_in(&directory, number, |command| {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970").as_nanos();
            let shift = at as i128 - now as i128;
            command.env("LD_PRELOAD", preload).env("CLOCK_SHIFT_NS", shift.to_string()).env("TZ", zone);
        })
    }
}

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;
/// 2026-03-28T22:59:58.9Z: a second before midnight in Berlin, a day and two hours before its summer time begins.
const EVENING: u64 = 1_774_738_798_900_000_000;
const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

#[test]
fn dates_of_runs_that_were_learned_within_one_second() {
    let Some(mut clock) = Clock::new("dates", BERLIN) else { return };
    let start = EVENING - DAY / 2;
    let runs: Vec<Run> = (0..5).map(|nth| clock.run(start + nth * SECOND / 20, 0)).collect();
    let goldens = goldens(&runs);
    let summer = EVENING + 2 * 3600 * SECOND + SECOND / 2;
    for later in [
        start + 60 * SECOND,
        start + 3600 * SECOND,
        start + DAY,
        // Across midnight, and across the beginning of summer time.
        EVENING + SECOND,
        summer,
        summer + DAY,
        start + 200 * DAY,
    ] {
        let run = clock.run(later, 0);
        for comparison in judge(&goldens, &run) {
            let golden = &goldens[2].golden;
            assert!(is_silent(&comparison), "{later} at {:?}: {}\n{golden}", comparison.level, shown(&comparison));
        }
    }
}

/// Today's date in a file that the program finds is none of its own.
#[test]
fn a_date_that_stands_in_a_file_since_today() {
    const NOTES: &[(&str, &str)] = &[("notes", "1.0 of 2026-03-28, build 20260328\n")];
    let Some(mut clock) = Clock::new("released", BERLIN) else { return };
    clock.bench = clock.bench.with(NOTES);
    let start = EVENING - DAY / 2;
    let runs: Vec<Run> = (0..5).map(|nth| clock.run(start + nth * SECOND, 0)).collect();
    let goldens = goldens(&runs);
    for later in [start + 60 * SECOND, EVENING + SECOND, start + DAY, start + 200 * DAY] {
        let run = clock.run(later, 0);
        for comparison in judge(&goldens, &run) {
            let golden = &goldens[2].golden;
            assert!(is_silent(&comparison), "{later} at {:?}: {}\n{golden}", comparison.level, shown(&comparison));
        }
    }
}

#[test]
fn a_date_that_is_not_now_is_found() {
    let Some(mut clock) = Clock::new("dates", BERLIN) else { return };
    let runs: Vec<Run> = (0..5).map(|nth| clock.run(EVENING - DAY / 2 + nth * SECOND, 0)).collect();
    let goldens = goldens(&runs);
    let run = clock.run(EVENING - DAY / 3, 400);
    for comparison in judge(&goldens, &run) {
        assert_eq!(comparison.verdict, Verdict::Different, "{}", shown(&comparison));
        found(&comparison, "file.bytes", "dates", "dates: content differs at byte 4: `{clock:rfc1123}");
    }
}

/// Five runs of number 0, and one in which something happened: what is found at `protocol`.
fn changed(case: &'static str, files: &'static [(&'static str, &'static str)]) -> Option<Comparison> {
    let mut bench = Bench::new(case)?.with(files);
    let goldens = goldens(&bench.learned(&[0; 5]));
    let run = bench.run(1);
    judge(&goldens, &run).pop()
}

#[test]
fn a_lock_that_another_holds_is_an_answer() {
    let Some(bench) = Bench::new("locked") else { return };
    let mut bench = bench.with(&[("lock", "")]);
    let goldens = goldens(&bench.learned(&[0; 5]));
    let directory = bench.directory();
    let held = File::open(directory.join("lock")).expect("the lock");
    held.lock().expect("it is free");
    let run = bench.run_in(&directory, 0, |_| {});
    let comparison = judge(&goldens, &run).pop().expect("a comparison");
    found(&comparison, "err.new", "lock", "lock lock now fails: EAGAIN");
}

#[test]
fn an_interruption_that_is_not_tried_again_is_found() {
    let Some(comparison) = changed("interrupted", &[]) else { return };
    found(&comparison, "err.new", "fifo", "read fifo now fails: EINTR");
}

#[test]
fn a_sleep_in_disguise_is_found() {
    let Some(comparison) = changed("naps", &[]) else { return };
    assert_eq!(comparison.verdict, Verdict::SameWithWarnings);
    found(&comparison, "sleep", "P", "sleeps 50 ms more");
}

#[test]
fn a_file_left_behind_once_is_flaky_and_never_the_same() {
    let Some(mut bench) = Bench::new("leftover") else { return };
    let goldens = goldens(&bench.learned(&[0; 5]));
    let (leaves, removes) = (bench.run(1), bench.run(0));
    for (level, golden) in LEVELS.iter().zip(&goldens) {
        let once = compare(golden, *level, &[&leaves]);
        found(&once, "file.new", "{TMP1}", "leaves temporary file `tmp.*` behind");
        let again = compare(golden, *level, &[&leaves, &removes]);
        assert_eq!((again.verdict.clone(), again.findings.len()), (Verdict::Flaky, 0), "{}", shown(&again));
        assert_eq!(again.flaky[0].confirmed.seen, 1);
    }
}

#[test]
fn two_checks_of_one_golden_at_once() {
    let Some(bench) = Bench::new("journal") else { return };
    let room = bench.room.path();
    let program = bench.store.path().join("subtle");
    let golden = |words: &[&str], command: &[&str]| {
        let mut golden = Command::new(env!("CARGO_BIN_EXE_chic-trace"));
        golden.arg("golden").args(words).args(["subtle", "--dir", "goldens"]).args(command).current_dir(room);
        for variable in ["CI", "TF_BUILD", "GITHUB_ACTIONS", "CHIC_GOLDEN", "LD_LIBRARY_PATH"] {
            golden.env_remove(variable);
        }
        golden.stdout(Stdio::piped()).stderr(Stdio::piped());
        golden
    };
    let run = ["--fixture", "-", "--", program.to_str().expect("a name in ASCII"), bench.case];
    let twice = |code: i32| {
        for check in [(); 2].map(|()| start(&mut golden(&["check"], &run))) {
            let (found, said) = said(check);
            assert_eq!(found, Some(code), "{said}");
        }
    };
    let once = |words: &[&str], command: &[&str]| {
        let (code, said) = ended(&mut golden(words, command));
        assert_eq!(code, Some(0), "{said}");
    };
    install("0", &program);
    once(&["record", "--runs", "3"], &run);
    twice(0);
    install("1", &program);
    twice(1);
    // Whoever was last left a golden that is whole.
    once(&["accept"], &[]);
    twice(0);
}

/// Two runs, held against each other: whether a comparison of names and signs by position finds something, and
/// what is found here.
fn pair(case: &'static str, number: u32) -> Option<(bool, Comparison)> {
    let mut bench = Bench::new(case)?;
    let recordings = [0, number].map(|number| {
        let directory = bench.directory();
        bench.record_in(&directory, number, |_| {})
    });
    let calls = recordings.each_ref().map(|path| {
        let mut calls = Calls::default();
        Recording::open(path).expect("a recording").replay(&mut calls).expect("it takes everything");
        calls
    });
    let options = Options::at(Level::Protocol);
    let runs = recordings.each_ref().map(|path| observe(path));
    let [before, after] = runs.each_ref().map(|run| goldens::forms(&[run], None, &options));
    Some((calls[0].renacer_finds(&calls[1]), goldens::diff(&before[0], &after[0], &options)))
}

#[test]
fn what_a_comparison_by_position_passes_is_found_and_what_it_fails_is_named() {
    for (case, number, rule_finds, codes) in [
        ("answers", 1, false, &["exit P", "out.bytes stdout", "file.gone f1", "file.new f2"][..]),
        ("loops", 1, false, &["file.gone f1", "file.new g2", "file.mode f3", "file.new made"]),
        ("loops", 2, false, &["file.gone f2"]),
        ("loops", 3, true, &["in.new conf"]),
    ] {
        let Some((found_by_rule, comparison)) = pair(case, number) else { return };
        assert_eq!((found_by_rule, &comparison.verdict), (rule_finds, &Verdict::Different), "{}", shown(&comparison));
        let told: Vec<String> = comparison
            .findings
            .iter()
            .map(|finding| format!("{} {}", finding.code.word(), judged::object_of(finding)))
            .collect();
        for code in codes {
            assert!(told.iter().any(|one| one == code), "{case} {number}: {code} is not among {told:?}");
        }
        let leaders = comparison.findings.iter().filter(|finding| finding.follows_from.is_none()).count();
        assert!(number != 3 || leaders == 1, "one read is one finding: {}", shown(&comparison));
    }
}
