//! Counters of a program that knows what it used: this test, run again as its own target.

mod kept;

use std::collections::BTreeMap;
use std::io::Write;

use kept::{Kept, plan, run};
use recording::event::{Event, Kind, Measure, reading, text};
use tracer::Counters;

const REPORT: &str = "CHIC_TRACE_TEST_REPORT";

/// The target: writes 1 MiB, sleeps, spins 200 ms, touches 64 MiB, and says what that took.
#[test]
#[ignore = "the target of the tests below"]
fn spends() {
    let Some(report) = std::env::var_os(REPORT) else { return };
    let mut null = std::fs::File::create("/dev/null").expect("null");
    for _ in 0..16 {
        null.write_all(&[1; 64 << 10]).expect("write");
    }
    std::thread::sleep(std::time::Duration::from_millis(20));
    let mut pages = vec![0u8; 64 << 20];
    for page in pages.chunks_mut(4096) {
        page[0] = 1;
    }
    let mut usage = usage();
    while usage.0 < 200_000 {
        for _ in 0..100_000 {
            std::hint::black_box(&pages);
        }
        usage = self::usage();
    }
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let status = std::fs::read_to_string("/proc/self/status").expect("status");
    std::fs::write(report, format!("user: {}\nfaults: {}\n{io}{status}", usage.0, usage.1)).expect("report");
}

/// User time in µs and minor faults of this process.
fn usage() -> (u64, u64) {
    // SAFETY: a structure of plain numbers, filled by the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, &mut usage), 0);
        usage
    };
    (usage.ru_utime.tv_sec as u64 * 1_000_000 + usage.ru_utime.tv_usec as u64, usage.ru_minflt as u64)
}

struct Spent {
    kept: Kept,
    said: BTreeMap<String, u64>,
}

fn spent(level: Counters) -> Spent {
    let dir = tempfile::tempdir().expect("dir");
    let report = dir.path().join("report");
    let exe = std::env::current_exe().expect("exe");
    let exe = exe.to_str().expect("utf-8");
    let mut plan = plan(&[exe, "--ignored", "--exact", "spends", "--test-threads=1"]);
    plan.counters = level;
    let launch = plan.launch.as_mut().expect("a launch");
    launch.env.push(tracer::EnvChange::Set(REPORT.into(), report.clone().into()));
    let null = std::fs::File::create("/dev/null").expect("null");
    launch.stdio[1] = tracer::Stdio::From(null.into());
    let (kept, ended) = run(&plan);
    assert_eq!(ended.root, Some(tracer::Status::Exited(0)));
    kept.assert_dense();
    let said = std::fs::read_to_string(report).expect("the target's report");
    let said = said
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(':')?;
            Some((name.to_string(), rest.split_whitespace().next()?.parse().ok()?))
        })
        .collect();
    Spent { kept, said }
}

fn accounts(kept: &Kept, scope: u32) -> Vec<Event<'_>> {
    let mut events = kept.of_kind(Kind::Account);
    events.retain(|event| event.u32(32) == scope);
    events
}

fn value(event: &Event<'_>, measure: Measure) -> Option<u64> {
    let found = event.readings().find(|r| r.measure == measure as u16)?;
    (found.status & reading::NOT_MEASURED == 0).then_some(found.value)
}

/// `found` is what the target said of itself, or what it used in the little that came after.
fn about(found: Option<u64>, said: u64, more: u64) {
    let found = found.expect("measured");
    assert!((said..=said + more).contains(&found), "{found}, the target said {said}");
}

#[test]
fn the_account_of_a_process_is_what_it_says_of_itself() {
    let Spent { kept, said } = spent(Counters::Process);
    let processes = accounts(&kept, 1);
    assert_eq!((processes.len(), accounts(&kept, 0).len()), (1, 0));
    let account = processes[0];
    about(value(&account, Measure::UserUs), said["user"], 200_000);
    about(value(&account, Measure::MinorFaults), said["faults"], 2_000);
    // The kernel keeps resident pages in counters of each CPU: it is exact to a few hundred pages.
    about(value(&account, Measure::MaxRssBytes), said["VmHWM"] * 1024 - (2 << 20), 6 << 20);
    assert!(value(&account, Measure::MaxRssBytes).is_some_and(|bytes| bytes >= 64 << 20));
    if said.contains_key("wchar") {
        about(value(&account, Measure::Wchar), said["wchar"], 64 << 10);
        assert!(value(&account, Measure::Wchar).is_some_and(|bytes| bytes >= 1 << 20));
        about(value(&account, Measure::Rchar), said["rchar"], 64 << 10);
    } else {
        println!("skipped: this kernel keeps no I/O accounts");
    }
    assert!(value(&account, Measure::RunNs).is_none_or(|ns| ns >= 200_000_000));
    let system = account.readings().find(|r| r.measure == Measure::SysUs as u16).expect("system time");
    assert_eq!(system.status, reading::DISTURBED);
}

#[test]
fn tasks_add_up_to_their_process() {
    let Spent { kept, .. } = spent(Counters::Task);
    let process = accounts(&kept, 1)[0];
    let tasks = accounts(&kept, 0);
    assert_eq!(tasks.len(), kept.of_kind(Kind::Born).len());
    assert!(tasks.len() >= 2, "the harness runs its tests in threads");
    for measure in [Measure::RunNs, Measure::Wchar, Measure::Syscw] {
        let sum: Option<u64> = tasks.iter().map(|task| value(task, measure)).sum();
        assert_eq!(sum, value(&process, measure), "{measure:?}");
    }
}

#[test]
fn counters_of_the_whole_target_are_there_or_say_why() {
    let Spent { kept, said } = spent(Counters::Task);
    let counters = kept.of_kind(Kind::Counter);
    assert_eq!(counters.len(), 8);
    for counter in &counters {
        let measure = Measure::from_raw(counter.u32(32) as u16).expect("a measure");
        if counter.u32(36) & u32::from(reading::NOT_MEASURED) != 0 {
            let why = counter.text(text::MAIN).expect("a reason");
            println!("skipped: {}: {}", measure.name(), String::from_utf8_lossy(why));
            assert!(!why.is_empty());
            let group = if measure < Measure::Instructions { "counters.software" } else { "counters.hardware" };
            let trailer = kept.trailer.as_ref().expect("a trailer");
            assert!(trailer.not_measured.iter().any(|entry| entry.what == group), "{:?}", trailer.not_measured);
        } else {
            match measure {
                Measure::TaskClock => assert!(counter.u64(40) >= 200_000_000),
                Measure::PageFaults => about(Some(counter.u64(40)), said["faults"] / 2, 1 << 20),
                _ => {}
            }
        }
    }
}

#[test]
fn without_perf_the_accounts_add_up_to_the_whole() {
    let Spent { kept, said } = spent(Counters::Process);
    let found: Vec<_> = kept
        .of_kind(Kind::Counter)
        .iter()
        .map(|c| (Measure::from_raw(c.u32(32) as u16).expect("a measure"), c.u32(36), c.u64(40)))
        .collect();
    let not = u32::from(reading::NOT_MEASURED);
    assert_eq!(found[0].0, Measure::TaskClock);
    assert!(found[0].1 & not != 0 || found[0].2 >= 200_000_000);
    assert_eq!(found[1].0, Measure::PageFaults);
    about((found[1].1 & not == 0).then_some(found[1].2), said["faults"], 2_000);
    assert!(found[3..].iter().all(|(_, status, value)| status & not != 0 && *value == 0));
    assert!(kept.of_kind(Kind::Counter)[7].text(text::MAIN).is_some_and(|why| !why.is_empty()));
}

#[test]
fn children_that_were_waited_for_are_not_counted_twice() {
    let mut plan = plan(&["sh", "-c", "i=0; while [ $i -lt 20 ]; do /bin/true; i=$((i+1)); done; exit 0"]);
    plan.counters = Counters::Process;
    let (kept, _) = run(&plan);
    let processes = accounts(&kept, 1);
    assert_eq!(processes.len(), 21);
    let root = kept.of_kind(Kind::Born)[0].task();
    let of = |event: &Event<'_>| value(event, Measure::MinorFaults).expect("faults");
    let shell = processes.iter().find(|event| event.task() == root).map(of).expect("the shell");
    let children: u64 = processes.iter().filter(|event| event.task() != root).map(of).sum();
    assert!(children > 20 * 20, "{children}");
    assert!(shell < children, "{shell} of the shell alone, {children} of its children");
}

#[test]
fn a_killed_task_is_not_measured_and_says_so() {
    let mut plan = plan(&["sh", "-c", "kill -9 $$"]);
    plan.counters = Counters::Process;
    let (kept, _) = run(&plan);
    let process = accounts(&kept, 1)[0];
    // Its own stop may or may not have come before the kill took it.
    match value(&process, Measure::RunNs) {
        None => assert!(process.text(text::MAIN).is_some_and(|why| why.starts_with(b"killed"))),
        Some(ns) => assert!(ns > 0),
    }
    assert!(value(&process, Measure::MinorFaults).is_some_and(|faults| faults > 0));
}

#[test]
fn none_means_none() {
    let (kept, _) = run(&plan(&["true"]));
    assert!(kept.of_kind(Kind::Account).is_empty() && kept.of_kind(Kind::Counter).is_empty());
}

#[test]
fn at_an_interval_running_tasks_are_read() {
    let mut plan = plan(&["sh", "-c", "dd if=/dev/zero of=/dev/null bs=1 count=5000 2>/dev/null; exit 0"]);
    plan.interval = Some(std::time::Duration::from_millis(2));
    let (kept, ended) = run(&plan);
    assert_eq!(ended.root, Some(tracer::Status::Exited(0)));
    kept.assert_dense();
    let of = |measure: Measure| -> BTreeMap<u32, Vec<u64>> {
        let mut values: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for event in kept.of_kind(Kind::Counter).into_iter().filter(|e| e.u32(32) == measure as u32) {
            if event.u32(36) & u32::from(reading::NOT_MEASURED) == 0 {
                values.entry(event.task()).or_default().push(event.u64(40));
            } else {
                assert!(event.text(text::MAIN).is_some_and(|why| !why.is_empty()), "a value that is missing says why");
            }
        }
        values
    };
    if std::fs::read("/proc/self/schedstat").is_err() {
        println!("skipped: the kernel keeps no account of run time");
        return;
    }
    for measure in [Measure::RunNs, Measure::Rchar] {
        let of = of(measure);
        let busiest = of.values().max_by_key(|values| values.last().copied()).expect("samples");
        assert!(of.len() >= 2, "both tasks are read: {of:?}");
        assert!(busiest.len() >= 3 && busiest.is_sorted(), "{measure:?}: {busiest:?}");
        assert!(busiest.last() > busiest.first(), "{measure:?}: {busiest:?}");
    }
}
