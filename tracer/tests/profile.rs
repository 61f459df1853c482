//! Samples and stops in one stream.

mod kept;
mod spins;

use std::collections::{BTreeMap, HashMap};
use std::process::Command;

use kept::Kept;
use recording::event::{Kind, Measure, NO_MAPPING, SampleClock, reading, text};
use spins::spins;
use tracer::sampling::{Frame, How, Source, Stacks};
use tracer::{Ended, Plan, Sampling, Status, Wanted};

fn nothing() -> Wanted {
    Wanted { native: [0; 8], i386: [0; 8], unknown: false }
}

fn sampled(argv: &[&str]) -> Plan {
    Plan { samples: Some(How { stacks: Stacks::Tables, ..How::default() }), ..kept::plan(argv) }
}

/// Runs it; `None` where this machine gives no samples, which is said.
fn run(plan: &Plan) -> Option<(Kept, Ended)> {
    let (kept, ended) = kept::run(plan);
    match &ended.sampling {
        Some(Sampling::Refused(error)) => {
            println!("skipped: no samples here: {error}");
            None
        }
        Some(Sampling::Done { .. }) => Some((kept, ended)),
        None => panic!("samples were asked for"),
    }
}

/// Samples and intervals on a CPU of both threads of a program whose calls are seen (or not) as well.
fn check(wanted: Option<Wanted>) {
    let guest = spins(false);
    let guest = guest.to_str().expect("a path in UTF-8");
    let Some((kept, ended)) = run(&Plan { wanted: wanted.clone(), ..sampled(&[guest, "400", "both"]) }) else { return };
    assert_eq!(ended.root, Some(Status::Exited(0)));
    let Some(Sampling::Done { report, mut sampler }) = ended.sampling else { panic!("sampled") };

    let mapped: HashMap<u32, Vec<u8>> = kept
        .of_kind(Kind::Mapped)
        .iter()
        .filter_map(|event| event.mapped())
        .map(|mapped| (mapped.number, mapped.path.to_vec()))
        .collect();
    let (mut names, mut by_task, mut on_cpu) = (BTreeMap::<String, u64>::new(), HashMap::new(), HashMap::new());
    let (mut known, mut since) = (std::collections::HashSet::new(), HashMap::new());
    for event in kept.events() {
        if let Some(mapped) = event.mapped() {
            known.insert(mapped.number);
        } else if let Some(sample) = event.sample() {
            assert_eq!((sample.clock, sample.weight), (Some(SampleClock::Cpu), 1_000_000));
            *by_task.entry(event.task()).or_insert(0_u64) += 1;
            for frame in sample.frames().filter(|frame| frame.mapping != NO_MAPPING) {
                assert!(known.contains(&frame.mapping), "a mapping comes before the frames in it");
            }
            let first = sample.frames().next().expect("at least where it was");
            let frame = Frame { ip: first.address, mapping: first.mapping };
            for name in sampler.names(frame) {
                *names.entry(name).or_default() += 1;
            }
            let paths = sample.frames().filter_map(|frame| mapped.get(&frame.mapping));
            assert!(paths.count() > 0, "it ran what was mapped");
        } else if let Some(switch) = event.switch() {
            match switch.on {
                true => drop(since.insert(event.task(), event.at())),
                false => {
                    let came = since.remove(&event.task()).expect("by turns");
                    *on_cpu.entry(event.task()).or_insert(0) += event.at() - came;
                }
            }
        }
    }
    assert!(mapped.values().any(|path| path.ends_with(b"/without")), "{mapped:?}");
    assert_eq!(since, HashMap::new(), "all have left");
    let samples: u64 = by_task.values().sum();
    assert_eq!(samples, report.samples);
    let six = names.get("spins::spins_six").copied().unwrap_or(0);
    assert!(six * 100 > samples * 30, "{names:#?}");
    let born: Vec<u32> = kept.of_kind(Kind::Born).iter().map(|event| event.task()).collect();
    assert_eq!(born.len(), 2, "births are the engine's to tell, once");
    let ns: u64 = on_cpu.values().sum();
    // Each sample stands for a millisecond on a CPU; stops take their time on it, too.
    let taken = (samples + report.lost) as f64 * 1e6;
    assert!((ns as f64 / taken - 1.0).abs() < 0.5, "{ns} ns, {report:?}");
    assert_eq!(by_task.len(), 2, "both threads ran");
    assert!(by_task.keys().all(|task| born.contains(task)), "{by_task:?}");

    let trailer = kept.trailer.as_ref().expect("an end");
    let total = |kind: Kind| trailer.totals.get(&(kind as u8)).copied().unwrap_or(0);
    assert_eq!(total(Kind::Sample), samples);
    assert_eq!(total(Kind::Mapped), kept.of_kind(Kind::Mapped).len() as u64);
    assert_eq!(total(Kind::Call), kept.calls().len() as u64);
    assert_eq!(kept.calls().is_empty(), wanted.is_some(), "the calls that were asked for");
    let counter = |measure: Measure| {
        kept.of_kind(Kind::Counter).into_iter().find(|e| e.u32(32) == measure as u32).map(|e| (e.u32(36), e.u64(40)))
    };
    assert_eq!(counter(Measure::Samples), Some((0, samples)));
    assert_eq!(counter(Measure::SamplesLost), Some((0, report.lost)));
    kept.assert_dense();
}

#[test]
fn every_call_stops_and_samples_are_taken() {
    check(None);
}

#[test]
fn no_call_stops_and_samples_are_taken() {
    check(Some(nothing()));
}

#[test]
fn a_name_that_a_task_gives_itself_is_told_once_however_calls_are_seen() {
    let script = "printf renamed > /proc/self/comm; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
    let Some((kept, _)) = run(&Plan { wanted: Some(nothing()), ..sampled(&["bash", "-c", script]) }) else { return };
    let named: Vec<_> =
        kept.of_kind(Kind::Named).iter().filter_map(|event| event.named().map(<[u8]>::to_vec)).collect();
    assert_eq!(named, [b"renamed"]);
}

#[test]
fn a_program_that_is_not_there_has_no_samples() {
    let (_, ended) = kept::run(&sampled(&["/nonexistent/program"]));
    assert!(ended.not_started.is_some());
}

#[test]
fn a_process_that_runs_already_has_no_samples_and_that_is_said() {
    let mut child = Command::new("sleep").arg("0.3").spawn().expect("sleep");
    let plan = Plan { launch: None, attach: vec![child.id()], ..sampled(&["true"]) };
    let required = Plan { launch: None, attach: vec![child.id()], samples_required: true, ..sampled(&["true"]) };
    assert!(tracer::run(&required, &mut Kept::default()).is_err());
    let mut kept = Kept::default();
    let ended = tracer::run(&plan, &mut kept);
    // The session may have taken its status.
    let _ = child.wait();
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => return println!("skipped: {error}"),
    };
    let Some(Sampling::Refused(error)) = &ended.sampling else { panic!("{ended:?}") };
    assert!(error.to_string().contains("not with one attached to"), "{error}");
    let missing = &kept.trailer.as_ref().expect("an end").not_measured;
    assert!(missing.iter().any(|missing| missing.what == "samples"), "{missing:?}");
}

const REFUSED: &str = "CHIC_TRACE_TEST_REFUSED";

/// Runs where a filter forbids perf_event_open, and writes down what came of it.
#[test]
#[ignore = "run by the test below in a process of its own"]
fn a_profile_under_a_filter() {
    let Some(report) = std::env::var_os(REFUSED) else { return };
    kept::forbid(libc::SYS_perf_event_open, libc::EPERM);
    // The kernel's own work can't be seen by a tracer: none at all.
    let mut plan = Plan { wanted: Some(nothing()), ..sampled(&["true"]) };
    plan.samples = plan.samples.map(|how| How { kernel: true, ..how });
    let (kept, ended) = kept::run(&plan);
    let Some(Sampling::Refused(error)) = &ended.sampling else { panic!("{ended:?}") };
    let counters = kept.of_kind(Kind::Counter);
    let [counter] = counters[..] else { panic!("{counters:?}") };
    assert_eq!((counter.u32(32), counter.u32(36)), (Measure::Samples as u32, u32::from(reading::NOT_MEASURED)));
    let said = String::from_utf8_lossy(counter.text(text::MAIN).expect("a reason")).into_owned();
    assert!(said.starts_with(&error.to_string()), "{said}");
    let missing = &kept.trailer.as_ref().expect("an end").not_measured;
    assert!(
        missing.iter().any(|missing| missing.what == "samples" && said.starts_with(&missing.reason)),
        "{missing:?}"
    );
    by_stops();
    let required = Plan { samples_required: true, ..sampled(&["touch", "ran"]) };
    let error = tracer::run(&required, &mut Kept::default()).expect_err("required");
    assert!(said.starts_with("cannot open the cpu-clock samples of task "), "{said}");
    std::fs::write(report, format!("{said}\n{:?}\n{error}", ended.root)).expect("written");
}

/// The tracer looks by itself: in a program of two threads, whose calls are seen or not.
fn by_stops() {
    let guest = spins(false);
    let guest = guest.to_str().expect("a path in UTF-8");
    for wanted in [None, Some(nothing())] {
        let (kept, ended) = kept::run(&Plan { wanted, ..sampled(&[guest, "600", "both"]) });
        assert_eq!(ended.root, Some(Status::Exited(0)));
        let Some(Sampling::Done { report, mut sampler }) = ended.sampling else { panic!("sampled") };
        assert_eq!(report.source, Source::Tracer);
        let said = report.not_measured.concat();
        assert!(said.contains("perf_event_paranoid") && said.ends_with("interrupted instead"), "{said}");
        let samples = kept.of_kind(Kind::Sample);
        assert_eq!(samples.len() as u64, report.samples);
        assert!(report.samples > 10, "{report:?}");
        // What a program maps while it starts is seen a little later.
        assert!(report.complete * 100 > report.samples * 60, "{report:?}");
        let mut share = BTreeMap::<String, u64>::new();
        for sample in samples.iter().filter_map(|event| event.sample()) {
            let frames = sample.frames().map(|frame| Frame { ip: frame.address, mapping: frame.mapping });
            let mut names: Vec<String> = frames.flat_map(|frame| sampler.names(frame)).collect();
            names.sort();
            names.dedup();
            names.into_iter().for_each(|name| *share.entry(name).or_default() += 1);
        }
        let percent = |name: &str| share.get(name).copied().unwrap_or(0) * 100 / report.samples;
        assert!(percent("spins::spins_all") > 60, "{share:#?}");
        assert!((30..85).contains(&percent("spins::spins_six")), "{share:#?}");
        let tasks: std::collections::HashSet<u32> = samples.iter().map(|event| event.task()).collect();
        assert_eq!(tasks.len(), 2);
        assert!(kept.of_kind(Kind::Switch).is_empty(), "nobody tells when they were on a CPU");
        assert!(kept.of_kind(Kind::Signal).is_empty() && kept.of_kind(Kind::Stopped).is_empty());
        kept.assert_dense();
    }
}

#[test]
fn samples_that_are_refused_are_named_and_the_run_goes_on_unless_they_are_required() {
    let directory = tempfile::tempdir().expect("a directory");
    let report = directory.path().join("report");
    let mut again = Command::new(std::env::current_exe().expect("this test"));
    again.args(["--exact", "a_profile_under_a_filter", "--ignored"]).env(REFUSED, &report);
    let output = again.current_dir(directory.path()).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let text = std::fs::read_to_string(report).expect("a report");
    assert!(text.contains("Operation not permitted") && text.contains("perf_event_paranoid"), "{text}");
    assert!(text.contains("; in a container: --cap-add=PERFMON"), "{text}");
    assert!(text.contains("Some(Exited(0))"), "the program ran: {text}");
    assert!(!directory.path().join("ran").exists(), "what needs samples did not run");
}
