//! Programs with the runtime library, recorded: what they wrote into their rings is in the recording, whatever
//! becomes of them.

mod kept;
mod traced;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use kept::Kept;
use recording::event::{Kind, TracepointSource, flag, text};
use recording::tracepoint::{What, decode};
use traced::examples;
use tracer::{Ended, EnvChange, Plan, Status, Tracepoints, Wanted};

fn nothing() -> Option<Wanted> {
    Some(Wanted { native: [0; 8], i386: [0; 8], unknown: false })
}

/// A program in a folder of its own.
struct Program {
    folder: tempfile::TempDir,
    plan: Plan,
}

impl Program {
    /// `PROGRAM WORDS…`, recorded, without calls.
    fn new(program: &str, words: &[&str]) -> Program {
        let path = examples().join(program);
        let folder = tempfile::tempdir().expect("a folder");
        let argv: Vec<&str> = [path.to_str().expect("UTF-8")].into_iter().chain(words.iter().copied()).collect();
        let mut plan = Plan { tracepoints: Some(Tracepoints::default()), wanted: nothing(), ..kept::plan(&argv) };
        let launch = plan.launch.as_mut().expect("a program");
        launch.cwd = Some(folder.path().into());
        let out = std::fs::File::create(folder.path().join("stdout")).expect("a file");
        launch.stdio[1] = tracer::Stdio::From(out.into());
        let names = ["CHIC_TRACE", "CHIC_TRACE_OUTPUT", "CHIC_TRACE_FAKE_CLOCK", "CHIC_RUN_LOG"];
        launch.env = names.iter().map(|name| EnvChange::Remove(name.into())).collect();
        Program { folder, plan }
    }

    fn slots(mut self, ring_slots: u32) -> Program {
        self.plan.tracepoints = self.plan.tracepoints.map(|told| Tracepoints { ring_slots, ..told });
        self
    }

    fn run(&self) -> (Found, Kept, Ended) {
        let (kept, ended) = kept::run(&self.plan);
        kept.assert_dense();
        (Found::of(&kept), kept, ended)
    }

    /// Ends well.
    fn works(&self) -> (Found, Kept) {
        let (found, kept, ended) = self.run();
        assert_eq!(ended.root, Some(Status::Exited(0)), "{:?}", ended.warnings);
        assert_eq!((&found.problems, ended.warnings), (&vec![], vec![]));
        assert!(found.in_time);
        (found, kept)
    }

    fn stdout(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stdout")).expect("a file")
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into()).collect();
        names.retain(|name| name != "stdout");
        names.sort();
        names
    }
}

/// What rings said.
#[derive(Debug, Default)]
struct Found {
    /// Enters and exits, by label.
    spans: BTreeMap<String, [u64; 2]>,
    /// The same by task.
    by_task: BTreeMap<u32, [u64; 2]>,
    others: Vec<String>,
    snapshots: Vec<Vec<u8>>,
    problems: Vec<String>,
    times: Vec<(u32, u64)>,
    /// Was everything written before it was read?
    in_time: bool,
}

impl Found {
    fn of(kept: &Kept) -> Found {
        let (mut found, mut labels) = (Found { in_time: true, ..Found::default() }, BTreeMap::new());
        for event in kept.of_kind(Kind::Tracepoint) {
            let slots = event.slots().expect("slots");
            assert_eq!(slots.source, Some(TracepointSource::Runtime));
            found.snapshots.extend(slots.snapshot.map(<[u8]>::to_vec));
            for record in decode(slots.bytes) {
                let record = match record {
                    Ok(record) => record,
                    Err(broken) => {
                        found.problems.push(broken.to_string());
                        continue;
                    }
                };
                let (id, side) = match record.what {
                    What::Enter { id } => (id, 0),
                    What::Exit { id, .. } => (id, 1),
                    What::Describe(description) => {
                        labels.insert(description.id, String::from_utf8_lossy(description.label).into_owned());
                        continue;
                    }
                    other => {
                        found.others.push(format!("{other:?}"));
                        continue;
                    }
                };
                found.times.push((event.task(), record.at));
                found.in_time &= record.at <= event.at();
                let label = labels.get(&id).cloned().unwrap_or_else(|| format!("{id:x}"));
                found.spans.entry(label).or_default()[side] += 1;
                found.by_task.entry(event.task()).or_default()[side] += 1;
            }
        }
        found
    }

    fn count(&self, label: &str) -> u64 {
        let [enters, exits] = self.spans.get(label).copied().unwrap_or_default();
        assert_eq!(enters, exits, "{label}: {:?}", self.spans);
        enters
    }
}

#[test]
fn eight_threads_and_every_pair_is_there() {
    let program = Program::new("guest", &["threads", "100000"]);
    let (found, kept) = program.works();
    assert_eq!(found.count("guest::pair"), 800_000);
    assert_eq!(found.count("guest::leaf"), 800_000);
    assert_eq!(found.by_task.len(), 8);
    assert!(found.by_task.values().all(|counts| *counts == [200_000; 2]), "{:?}", found.by_task);
    assert_eq!(program.files(), Vec::<String>::new(), "the recorder writes");
    assert_eq!(kept.calls().len(), 0, "no call was asked for");
    let mut last = BTreeMap::new();
    for (task, at) in found.times {
        assert!(last.insert(task, at).is_none_or(|before| before <= at), "in the order in which they happened");
    }
}

#[test]
fn a_ring_that_is_full_again_and_again_loses_nothing() {
    let program = Program::new("guest", &["threads", "2000"]).slots(64);
    let (found, _) = program.works();
    assert_eq!([found.count("guest::pair"), found.count("guest::leaf")], [16_000; 2]);
}

#[test]
fn spans_of_a_signal_handler_are_there_also_when_the_ring_is_full() {
    for slots in [8192, 64] {
        let program = Program::new("guest", &["handler"]).slots(slots);
        let (found, kept) = program.works();
        let out = program.stdout();
        let [ticks, rounds] = [0, 1].map(|i| out.split_whitespace().nth(i).and_then(|n| n.parse::<u64>().ok()));
        let [ticks, rounds] = [ticks, rounds].map(|number| number.expect("a number"));
        let [handled, leaves] = ["guest::handler", "guest::leaf"].map(|label| found.spans[label]);
        // A handler that interrupts a record just where there is no room for its own can't wait: that is told.
        let lost: u64 = kept.of_kind(Kind::Lost).iter().map(|lost| u64::from(lost.u32(32))).sum();
        assert!(if slots == 64 { lost < ticks / 10 } else { lost == 0 }, "{lost} of {ticks} ticks");
        // The last tick may come before the count is read or after.
        let seen = handled[0] + handled[1] + leaves[0] + leaves[1] + lost;
        let all = |ticks: u64| 4 * ticks + 2 * rounds;
        assert!((all(ticks)..all(ticks + 50)).contains(&seen), "{ticks} {rounds}: {handled:?} {leaves:?} {lost}");
    }
}

#[test]
fn alone_and_recorded_a_program_has_the_same_descriptors() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut alone = Command::new(examples().join("witness"));
    let alone = alone.arg("descriptors").current_dir(folder.path()).output().expect("it runs");
    let alone = String::from_utf8_lossy(&alone.stdout);
    for wanted in [None, nothing()] {
        let mut program = Program::new("witness", &["descriptors"]);
        program.plan.wanted = wanted;
        let (found, _) = program.works();
        assert_eq!(found.count("witness::leaf"), 2);
        assert_eq!(program.stdout(), alone);
    }
}

#[test]
fn without_a_profile_nobody_answers_and_the_program_writes_itself() {
    let mut program = Program::new("witness", &["pairs", "7"]);
    program.plan.tracepoints = None;
    program.plan.wanted = None;
    let (found, kept) = program.works();
    assert!(found.spans.is_empty());
    assert_eq!(program.files(), ["perf.folded", "perf.json", "perf.summary.json"]);
    let asked: Vec<_> = kept.calls().into_iter().filter(|call| call.args()[0] == 0x4348_4943).collect();
    assert!(!asked.is_empty() && asked.iter().all(|call| call.errno() == Some(libc::EINVAL as u16)), "{asked:?}");
    assert!(asked.iter().all(|call| call.event.flags() & flag::INSTRUMENTATION == 0));
}

#[test]
fn every_call_and_every_span_together_and_the_librarys_own_are_marked() {
    let mut program = Program::new("witness", &["calls", "200"]).slots(64);
    program.plan.wanted = None;
    let (found, kept) = program.works();
    assert_eq!(found.count("witness::leaf"), 400);
    let own: Vec<_> = kept.calls().into_iter().filter(|call| call.event.flags() & flag::INSTRUMENTATION != 0).collect();
    let ops: Vec<u64> = own.iter().map(|call| call.args()[1]).collect();
    assert_eq!(ops.first(), Some(&1), "HELLO");
    assert_eq!(ops.iter().filter(|op| **op == 2).count(), 1, "THREAD: {ops:?}");
    assert!(own.iter().all(|call| call.nr() == libc::SYS_prctl as u64 && call.result() == 0), "{own:?}");
    assert_eq!(kept.count(libc::SYS_memfd_create), 0, "what the task did for us is nobody's call");
    // Between two reads of a file lie two spans of their task, by their times and by their place.
    let mut open = [0_u64; 2];
    for event in kept.events() {
        if let Some(slots) = event.slots() {
            open[0] += decode(slots.bytes).flatten().filter(|it| matches!(it.what, What::Exit { .. })).count() as u64;
        }
        if let Some(call) = event.call().filter(|call| call.nr() == libc::SYS_lseek as u64 && call.args()[2] == 1) {
            open[1] += u64::from(call.returned());
            if open[1] <= 200 {
                assert_eq!(open[0], 2 * open[1], "what a task wrote comes before its next stop");
            }
        }
    }
    assert_eq!(open[1], 200);
}

#[test]
fn a_child_by_fork_has_rings_of_its_own_and_its_abort_loses_nothing() {
    let program = Program::new("witness", &["children"]);
    let (found, kept) = program.works();
    assert_eq!(found.count("witness::leaf"), 7);
    assert_eq!(found.count("witness::outer"), 1);
    let root = kept.of_kind(Kind::Born)[0].task();
    let counts: Vec<_> = found.by_task.iter().map(|(task, counts)| (*task == root, *counts)).collect();
    assert_eq!(counts.len(), 2);
    assert!(counts.contains(&(true, [3; 2])) && counts.contains(&(false, [5; 2])), "{counts:?}");
}

#[test]
fn hooks_between_vfork_and_the_end_of_the_child_count_for_the_parent() {
    let (found, kept) = Program::new("guest", &["vfork"]).works();
    assert_eq!(found.count("guest::leaf"), 2);
    assert_eq!(found.by_task.keys().copied().collect::<Vec<_>>(), [kept.of_kind(Kind::Born)[0].task()]);
}

#[test]
fn spans_before_an_exec_and_of_the_new_image_are_there() {
    for (words, expected) in [(&["exec"][..], 1100), (&["exec", "thread"], 1110)] {
        let program = Program::new("witness", words);
        let (found, kept) = program.works();
        assert_eq!(found.count("witness::leaf"), expected, "{words:?}");
        let execs = kept.of_kind(Kind::Exec).len();
        assert_eq!(execs, 2);
        let old: u64 = {
            let mut before = 0;
            let mut seen = 0;
            for event in kept.events() {
                seen += u64::from(event.kind() == Some(Kind::Exec));
                if let (1, Some(slots)) = (seen, event.slots()) {
                    before += decode(slots.bytes).flatten().filter(|it| matches!(it.what, What::Exit { .. })).count();
                }
            }
            before as u64
        };
        assert_eq!(old, expected - 1000, "what the old image wrote comes before the exec");
    }
}

#[test]
fn an_end_without_handlers_loses_nothing() {
    let program = Program::new("guest", &["quick-exit"]);
    let (found, _, ended) = program.run();
    assert_eq!(ended.root, Some(Status::Exited(7)));
    assert_eq!((found.count("guest::leaf"), &found.problems), (1, &vec![]));
}

#[test]
fn streams_and_allocations_are_told() {
    let mut program = Program::new("guest", &["random"]);
    let launch = program.plan.launch.as_mut().expect("a program");
    launch.env.push(EnvChange::Set("CHIC_RUN_LOG".into(), "log.json".into()));
    let (found, _) = program.works();
    let all = found.others.join("\n");
    for part in ["Stream { id: 1, seed: 81985529216486895 }", "Next { id: 1, bits: 64 }", "Advance { id: 1, by: 5 }"] {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert!(!all.contains("Allocations"), "not asked for: {all}");
    let mut program = Program::new("guest", &["allocations"]);
    program.plan.tracepoints = program.plan.tracepoints.map(|told| Tracepoints { count_allocations: true, ..told });
    let (found, _) = program.works();
    let all = found.others.join("\n");
    assert!(all.contains("Allocations { id: 0") && all.contains("free_calls"), "{all}");
}

#[test]
fn a_program_that_flushes_says_where_and_its_calls_are_its_own() {
    let mut program = Program::new("witness", &["snapshot", "mine.json"]);
    program.plan.wanted = None;
    let (found, kept) = program.works();
    assert_eq!(found.count("witness::leaf"), 2);
    assert_eq!(found.snapshots, [b"mine.json".to_vec()]);
    assert!(program.files().contains(&"mine.json".to_string()), "{:?}", program.files());
    let renames: Vec<_> = kept.calls().into_iter().filter(|call| call.nr() == libc::SYS_rename as u64).collect();
    assert!(!renames.is_empty(), "files are put into their places");
    assert!(renames.iter().all(|call| call.event.flags() & flag::INSTRUMENTATION != 0), "between QUIET and LOUD");
    let shown = kept.calls().into_iter().filter(|call| call.event.flags() & flag::INSTRUMENTATION == 0);
    let opened = shown.filter(|call| call.nr() != libc::SYS_execve as u64).flat_map(|call| call.event.payloads());
    assert!(opened.into_iter().all(|payload| !payload.bytes.starts_with(b"mine")), "nothing else names them");
}

#[test]
fn more_threads_at_once_than_an_area_has_rings() {
    let (found, _) = Program::new("witness", &["crowd", "300"]).slots(64).works();
    assert_eq!(found.count("witness::leaf"), 600);
    assert_eq!(found.by_task.len(), 300);
}

#[test]
fn rings_of_threads_that_ended_are_used_again() {
    let (found, _) = Program::new("guest", &["churn"]).works();
    assert_eq!(found.count("guest::pair"), 500);
    assert_eq!(found.by_task.values().map(|counts| counts[0]).sum::<u64>(), 1000);
}

#[test]
fn a_program_that_forbids_itself_to_make_memory_keeps_its_rings() {
    let program = Program::new("witness", &["restricted"]);
    let (found, _) = program.works();
    assert_eq!(program.stdout(), "lives\n");
    assert_eq!(found.count("witness::leaf"), 2);
}

#[test]
fn a_damaged_ring_is_one_problem_and_the_program_goes_on() {
    for what in ["head", "back", "tail", "header", "slots"] {
        let program = Program::new("witness", &["damage", what]).slots(64);
        let (found, kept, ended) = program.run();
        assert_eq!(ended.root, Some(Status::Exited(0)), "{what}");
        assert_eq!(program.stdout(), "lives\n");
        let lost = kept.of_kind(Kind::Lost);
        if ["head", "back"].contains(&what) {
            let said: Vec<_> = lost.iter().filter_map(|event| event.text(text::MAIN)).collect();
            let [said] = said[..] else { panic!("{what}: {said:?}") };
            assert!(String::from_utf8_lossy(said).contains("was damaged by the program"), "{what}");
            assert_eq!(ended.warnings.len(), 1);
        } else {
            assert_eq!(lost.len(), 0, "{what}");
        }
        assert_eq!(found.problems.is_empty(), what != "slots", "{what}: {:?}", found.problems);
    }
}

#[test]
fn samples_spans_and_calls_in_one_stream() {
    let mut program = Program::new("guest", &["threads", "100000"]);
    program.plan.samples = Some(tracer::sampling::How::default());
    program.plan.wanted = None;
    let (found, kept) = program.works();
    assert_eq!(found.count("guest::pair"), 800_000);
    assert!(kept.calls().len() > 100);
    let samples = kept.of_kind(Kind::Sample);
    if samples.is_empty() {
        return println!("skipped: no samples here");
    }
    // Both carry the same clock: a sample of a thread lies between its first span and its last, or close.
    let mut ends = BTreeMap::new();
    for (task, at) in &found.times {
        let (_, last) = ends.entry(*task).or_insert((*at, *at));
        *last = *at;
    }
    let inside = samples
        .iter()
        .filter(|sample| ends.get(&sample.task()).is_some_and(|(first, last)| (*first..=*last).contains(&sample.at())));
    let (inside, all) = (inside.count(), samples.len());
    assert!(inside * 2 > all, "{inside} of {all}");
}

/// In how much memory is a question for `cargo bench --bench profile`.
#[test]
fn ten_million_pairs_are_all_there() {
    struct Count(u64);
    impl recording::Sink for Count {
        fn begin(&mut self, _: &recording::session::Header) -> Result<(), recording::SinkError> {
            Ok(())
        }
        fn events(&mut self, batch: &recording::Batch<'_>) -> Result<(), recording::SinkError> {
            let exits = |record: &Result<recording::tracepoint::Tracepoint<'_>, _>| {
                record.is_ok_and(|record| matches!(record.what, What::Exit { .. }))
            };
            let slots = batch.events().filter_map(|event| event.slots());
            self.0 += slots.map(|slots| decode(slots.bytes).filter(exits).count() as u64).sum::<u64>();
            Ok(())
        }
        fn end(&mut self, _: &recording::session::Trailer) -> Result<(), recording::SinkError> {
            Ok(())
        }
    }
    let program = Program::new("witness", &["pairs", "10000000"]);
    let mut count = Count(0);
    let ended = tracer::run(&program.plan, &mut count).expect("a session");
    assert_eq!((ended.root, count.0), (Some(Status::Exited(0)), 10_000_000));
}

#[test]
fn signals_that_come_while_a_task_works_for_us_do_what_they_do_alone() {
    for signal in [libc::SIGSTOP, libc::SIGTSTP, libc::SIGKILL, libc::SIGTERM] {
        for wanted in [None, nothing()] {
            let mut program = Program::new("witness", &["storm", &signal.to_string(), "100"]);
            program.plan.wanted = wanted;
            let (found, kept, ended) = program.run();
            assert_eq!(ended.root, Some(Status::Exited(0)), "{signal}");
            let out = program.stdout();
            let numbers: Vec<u64> = out.split_whitespace().map(|number| number.parse().expect("a number")).collect();
            let stops = [libc::SIGSTOP, libc::SIGTSTP].contains(&signal);
            if stops {
                assert_eq!(numbers[0], 100, "all went on");
            }
            let [enters, exits] = found.spans.get("witness::leaf").copied().unwrap_or_default();
            assert!(numbers[0] <= exits && exits <= enters && enters <= 100, "{signal}: {numbers:?} {enters} {exits}");
            assert_eq!((&found.problems, kept.texts(Kind::Lost)), (&vec![], vec![]));
            assert_eq!(kept.of_kind(Kind::Died).len(), 101);
            assert!(!stops || kept.of_kind(Kind::Stopped).len() as u64 >= numbers[1]);
        }
    }
}

/// Kills a program in the middle, again and again; each pair that it had finished is there.
fn killed(rounds: u32) {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut all = 0;
    for round in 0..rounds {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let mut program = Program::new("witness", &["endless", "finished", "3"]).slots(1 << (6 + round % 8));
        program.plan.deadline = Some(Duration::from_micros(5_000 + seed % 60_000));
        let (found, kept, ended) = program.run();
        assert_eq!(ended.root, Some(Status::Killed { signal: libc::SIGKILL, core: false }));
        assert_eq!((&found.problems, kept.of_kind(Kind::Lost).len()), (&vec![], 0));
        let words = std::fs::read(program.folder.path().join("finished")).unwrap_or_default();
        let finished: u64 = words.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).sum();
        let [enters, exits] = found.spans.get("witness::leaf").copied().unwrap_or_default();
        assert!((finished..=finished + 3).contains(&exits), "round {round}: {finished} finished, {exits} found");
        assert!((exits..=exits + 3).contains(&enters), "round {round}: {enters} began, {exits} ended");
        all += finished;
    }
    assert!(all > 0, "some got so far");
}

#[test]
fn pairs_that_were_finished_before_a_kill_are_there() {
    killed(50);
}

#[test]
#[ignore = "takes minutes; every night"]
fn pairs_that_were_finished_before_a_thousand_kills_are_there() {
    killed(1000);
}
