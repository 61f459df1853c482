//! Samples of a program that knows where it spends its time.

mod spins;

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use tracer::sampling::{self, Clock, Frame, How, Report, Seen, Stacks};
use tracer::symbols::{Mapping, Symbols};
use tracer::{Error, Launch, Status};

use spins::spins;

struct Run {
    /// Names of each stack, innermost first, and how often it was seen.
    stacks: Vec<(Vec<String>, u64)>,
    tasks: usize,
    on_cpu_ns: u64,
    /// Of samples, by task.
    in_order: bool,
    named: Vec<String>,
    report: Report,
    status: Option<Status>,
    problems: Vec<String>,
}

impl Run {
    /// The share of samples with a function of this name, in percent.
    fn share(&self, name: &str) -> f64 {
        let all: u64 = self.stacks.iter().map(|(_, count)| count).sum();
        let has = |names: &[String]| names.iter().any(|found| found == name);
        let with: u64 = self.stacks.iter().filter(|(names, _)| has(names)).map(|(_, count)| count).sum();
        with as f64 * 100.0 / all.max(1) as f64
    }
}

/// Runs a command; `None` where this machine gives no samples, which is said.
fn run(argv: Vec<OsString>, stacks: Stacks) -> Option<Run> {
    let mut seen: HashMap<Vec<Frame>, u64> = HashMap::new();
    let mut on: HashMap<u32, u64> = HashMap::new();
    let mut last = 0;
    let (mut on_cpu_ns, mut in_order, mut named) = (0, true, Vec::new());
    let mut tasks = std::collections::HashSet::new();
    let mut see = |event: Seen<'_>| match event {
        Seen::Sample(sample) => {
            in_order &= sample.at_ns >= last;
            last = sample.at_ns;
            tasks.insert(sample.tid);
            *seen.entry(sample.frames.to_vec()).or_default() += 1;
        }
        Seen::Switch { tid, at_ns, on: true, .. } => assert_eq!(on.insert(tid, at_ns), None, "by turns"),
        Seen::Switch { tid, at_ns, on: false, .. } => on_cpu_ns += at_ns - on.remove(&tid).expect("by turns"),
        Seen::Named { name, exec: true, .. } => named.push(String::from_utf8_lossy(name).into_owned()),
        _ => {}
    };
    let how = How { stacks, ..How::default() };
    let sampled = match sampling::run(&Launch { argv, ..Launch::default() }, how, &mut see) {
        Ok(sampled) => sampled,
        Err(error) if matches!(error.errno, Some(libc::EACCES | libc::EPERM | libc::ENOSYS)) => {
            println!("skipped: no samples here: {error}");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let mut sampler = sampled.sampler.expect("it was started");
    let mut stacks: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    for (frames, count) in seen {
        let names = frames.iter().flat_map(|frame| sampler.names(*frame)).collect();
        *stacks.entry(names).or_default() += count;
    }
    assert_eq!(on, HashMap::new(), "all have left");
    Some(Run {
        stacks: stacks.into_iter().collect(),
        tasks: tasks.len(),
        on_cpu_ns,
        in_order,
        named,
        report: sampled.report,
        status: sampled.status,
        problems: sampler.problems().to_vec(),
    })
}

fn spin(frame_pointers: bool, words: &[&str], stacks: Stacks) -> Option<Run> {
    let mut argv = vec![spins(frame_pointers).into_os_string()];
    argv.extend(words.iter().map(OsString::from));
    run(argv, stacks)
}

fn assert_shares(run: &Run) {
    for (name, share) in [("spins::spins_six", 60.0), ("spins::spins_three", 30.0), ("spins::spins_one", 10.0)] {
        let found = run.share(name);
        assert!((found - share).abs() < 15.0, "{name}: {found} % of {:?}\n{:#?}", run.report, run.stacks);
    }
    assert_eq!(run.problems, Vec::<String>::new());
    assert!(run.in_order, "samples come in the order of their times");
    assert_eq!(run.status, Some(Status::Exited(0)));
}

#[test]
fn frame_pointers_lead_from_the_function_to_its_callers() {
    let Some(run) = spin(true, &["500"], Stacks::FramePointers) else { return };
    assert_shares(&run);
    assert!(run.share("spins::spins_all") > 85.0, "{:#?}", run.stacks);
    let above = run.stacks.iter().filter(|(names, _)| names.iter().any(|name| name == "spins::spins_six"));
    for (names, _) in above {
        let at = |wanted: &str| names.iter().position(|name| name == wanted);
        assert!(at("spins::spins_six") < at("spins::spins_all"), "innermost first: {names:?}");
        assert!(at("spins::turn") < at("spins::spins_six"), "what was inlined is told: {names:?}");
    }
    assert_eq!(run.named, ["with"], "its exec was seen");
}

#[test]
fn tables_lead_to_the_beginning_without_frame_pointers() {
    let Some(run) = spin(false, &["500", "both"], Stacks::Tables) else { return };
    assert_shares(&run);
    assert_eq!(run.tasks, 2, "both threads ran");
    assert!(run.share("spins::spins_all") > 85.0, "{:#?}", run.stacks);
    let Report { samples, complete, .. } = run.report;
    assert!(complete * 100 >= samples * 85, "{:?}", run.report);
    // Each sample stands for a millisecond on a CPU.
    let sampled_ns = samples as f64 * 1e6;
    assert!((run.on_cpu_ns as f64 / sampled_ns - 1.0).abs() < 0.3, "{} ns, {:?}", run.on_cpu_ns, run.report);
}

#[test]
fn tables_stay_where_frame_pointers_lead_nowhere() {
    let Some(run) = spin(false, &["500"], Stacks::Auto) else { return };
    assert_eq!(run.report.switched_to_fp_at, None);
    assert!(run.share("spins::spins_all") > 85.0, "{:#?}", run.stacks);
}

#[test]
fn frame_pointers_are_enough_where_they_lead_to_the_beginning() {
    let Some(run) = spin(true, &["800", "aside"], Stacks::Auto) else { return };
    // A machine too busy to take the samples that decide has nothing to show.
    if run.report.samples > 300 {
        let switched = run.report.switched_to_fp_at.expect("it was decided");
        assert!((100..run.report.samples).contains(&switched), "{:?}", run.report);
    }
    assert_shares(&run);
    assert!(run.share("spins::spins_all") > 85.0, "{:#?}", run.stacks);
    assert!(run.report.complete * 100 >= run.report.samples * 80, "{:?}", run.report);
}

#[test]
fn code_that_a_program_makes_has_the_name_it_gave() {
    let Some(run) = spin(true, &["500", "made"], Stacks::FramePointers) else { return };
    assert!(run.share("counts;down a lot") > 80.0, "{:#?}", run.stacks);
    assert_eq!(run.problems, Vec::<String>::new());
}

#[test]
fn a_program_executed_by_another_has_its_own_names() {
    let words = ["sh", "-c", "\"$0\" 300; exec \"$0\" 300"].map(OsString::from);
    let Some(run) = run(words.into_iter().chain([spins(true).into()]).collect(), Stacks::FramePointers) else { return };
    assert_eq!(run.named, ["sh", "with", "with"]);
    assert!(run.share("spins::spins_six") > 40.0, "{:#?}", run.stacks);
}

#[test]
fn the_kernels_frames_stand_before_those_of_the_program() {
    let words = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1M", "count=3000"].map(OsString::from);
    let how = How { stacks: Stacks::FramePointers, kernel: true, ..How::default() };
    let (mut inside, mut all, mut order) = (Vec::new(), 0_u64, true);
    let mut see = |event: Seen<'_>| {
        if let Seen::Sample(sample) = event {
            all += 1;
            let kernel = sample.frames.iter().take_while(|frame| frame.is_kernel()).count();
            order &= !sample.frames.iter().skip(kernel).any(Frame::is_kernel);
            if kernel > 0 {
                inside.push((sample.frames[0], sample.frames.len() > kernel));
            }
        }
    };
    let launch = Launch { argv: words.into(), ..Launch::default() };
    let sampled = match sampling::run(&launch, how, &mut see) {
        Ok(sampled) => sampled,
        Err(error) => {
            assert!(error.to_string().contains("1 or lower") || error.to_string().contains("seccomp"), "{error}");
            return println!("skipped: no samples of the kernel here: {error}");
        }
    };
    let mut sampler = sampled.sampler.expect("it was started");
    assert!(order, "the kernel's come first");
    // What it does is done by the kernel.
    assert!(inside.len() as u64 * 2 > all && all > 10, "{} of {all}", inside.len());
    assert!(inside.iter().any(|(_, goes_on)| *goes_on), "and on in the program");
    let names: Vec<String> = inside.iter().flat_map(|(frame, _)| sampler.names(*frame)).collect();
    assert!(names.iter().all(|name| name.ends_with("_[k]")), "{names:?}");
    if names.iter().all(|name| name.starts_with("[kernel]")) {
        assert!(sampler.problems().concat().contains("kernel"), "{:?}", sampler.problems());
        println!("skipped: the kernel's names are hidden");
    }
}

#[test]
fn hardware_that_is_not_there_is_named() {
    let how = How { clock: Clock::Cycles(1000), stacks: Stacks::FramePointers, ..How::default() };
    let launch = Launch { argv: vec!["true".into()], ..Launch::default() };
    match sampling::run(&launch, how, &mut |_| {}) {
        Ok(sampled) => assert_eq!(sampled.status, Some(Status::Exited(0))),
        Err(error) => assert!(is_named(&error), "{error}"),
    }
}

fn is_named(error: &Error) -> bool {
    let text = error.to_string();
    text.starts_with("cannot open the cycle samples of task") && (text.contains("no PMU") || text.contains("paranoid"))
}

const REFUSED: &str = "CHIC_TRACE_TEST_REFUSED";

/// Runs where a filter forbids perf_event_open, and says what came of it.
#[test]
#[ignore = "run by the test below in a process of its own"]
fn samples_under_a_filter() {
    let Some(report) = std::env::var_os(REFUSED) else { return };
    let instruction = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut filter = [
        instruction(0x20, 0, 0, 0),
        instruction(0x15, 0, 1, libc::SYS_perf_event_open as u32),
        instruction(0x06, 0, 0, 0x0005_0000 | libc::EPERM as u32),
        instruction(0x06, 0, 0, 0x7fff_0000),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: numbers, and a program that outlives the call; it applies to this process only.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const program), 0);
    }
    let launch = Launch { argv: vec!["touch".into(), "ran".into()], ..Launch::default() };
    let text = match sampling::run(&launch, How::default(), &mut |_| {}) {
        Ok(_) => "it ran".into(),
        Err(error) => format!("{error}\n{}", error.hints.join("\n")),
    };
    std::fs::write(report, text).expect("written");
}

#[test]
fn a_filter_that_forbids_it_is_named_and_the_program_does_not_run() {
    let directory = tempfile::tempdir().expect("a directory");
    let report = directory.path().join("report");
    let mut again = Command::new(std::env::current_exe().expect("this test"));
    again.args(["--exact", "samples_under_a_filter", "--ignored"]).env(REFUSED, &report);
    assert!(again.current_dir(directory.path()).output().expect("it runs").status.success());
    let text = std::fs::read_to_string(report).expect("a report");
    assert!(text.starts_with("cannot open the cpu-clock samples of task "), "{text}");
    assert!(text.contains("Operation not permitted"), "{text}");
    assert!(text.contains("seccomp filter") || text.contains("samples need 2 or lower"), "{text}");
    assert!(text.contains("--cap-add=PERFMON"), "{text}");
    assert!(!directory.path().join("ran").exists(), "nothing was run");
}

fn names_in(file: &Path, offsets: impl Iterator<Item = u64>) -> (Vec<String>, Vec<String>) {
    let (start, end) = (0x7000_0000_0000, 0x7000_4000_0000);
    let mapping = Mapping { pid: 1, start, end, offset: 0, path: file.into(), build_id: vec![] };
    let mut symbols = Symbols::default();
    let names = offsets.flat_map(|offset| symbols.names(&mapping, start + offset)).collect();
    (names, symbols.problems().to_vec())
}

#[test]
fn a_broken_file_gives_an_error_and_no_names() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("lib \u{1b}[1m.so");
    let whole = std::fs::read(spins(true)).expect("a program");
    for cut in [0, 3, 16, 63, 64, 200, 4096, whole.len() / 2] {
        std::fs::write(&file, whole.get(..cut).expect("shorter")).expect("written");
        let (names, problems) = names_in(&file, [0x1000, 0x8000].into_iter());
        assert_eq!(names, ["[lib \u{1b}[1m.so]"; 2], "cut at {cut}");
        assert_eq!(problems.len(), 1, "{problems:?}");
        let text = problems.concat();
        assert!(text.contains("cannot read the symbols of") && text.contains("ELF file"), "{text}");
        assert!(!text.contains('\u{1b}'), "escaped: {text}");
    }
    let (names, problems) = names_in(&directory.path().join("gone"), [1].into_iter());
    assert_eq!((names.concat().as_str(), problems.len()), ("[gone]", 1));
}

#[test]
fn a_file_with_wrong_bytes_makes_nothing_panic() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("wrong");
    let whole = std::fs::read(spins(true)).expect("a program");
    let mut seed = 7u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % below
    };
    for round in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..30 {
            // Headers at both ends matter most.
            let at = match round % 3 {
                0 => random(1024),
                1 => bytes.len() - 1 - random(4096),
                _ => random(bytes.len()),
            };
            bytes[at] = [0, 0xff, 0x7f, 0x80, random(256) as u8][random(5)];
        }
        std::fs::write(&file, bytes).expect("written");
        let offsets: Vec<u64> = (0..40).map(|_| random(whole.len()) as u64).collect();
        let (names, _) = names_in(&file, offsets.into_iter());
        assert!(names.len() >= 40, "each address has a name");
    }
}
