//! Under a recorder: the handshake, the rings, and who writes the documents.

mod harness;

use harness::{Ran, calls, example, run};

fn recorded(args: &[&str]) -> Ran {
    run(example("recorded").args(args)).succeeded()
}

#[test]
fn all_events_go_through_rings_and_nothing_is_written() {
    let ran = recorded(&["1"]);
    // Rings of 64 slots were full many times.
    assert_eq!(ran.stdout(), "40000 40000 4 0 true 0 2\n");
    assert_eq!(ran.files(), Vec::<String>::new());
}

#[test]
fn the_library_agrees_with_the_recorder_when_it_writes_itself() {
    let ran = recorded(&["0"]);
    assert_eq!(ran.stdout(), "40000 40000 4 0 true 0 2\n");
    let perf = ran.perf();
    assert_eq!(calls(&perf).iter().map(|(_, count)| count).sum::<u64>(), 40_000);
    assert_eq!(perf["runs"][0]["meta"]["clock"], "monotonic");
    assert_eq!(perf["summary"]["tracepoints"]["dropped"], 0);
}

#[test]
fn allocations_are_told_at_the_ends_of_threads_when_asked_for() {
    // A thread as a whole and its two tracepoints, twice.
    assert_eq!(recorded(&["5"]).stdout(), "40000 40000 4 6 true 0 2\n");
}

#[test]
fn a_program_that_flushes_writes_and_says_so() {
    let ran = recorded(&["1", "flush"]);
    assert!(ran.stdout().ends_with(" 1 2\n") || ran.stdout().ends_with(" 1 3\n"), "{}", ran.stdout());
    assert_eq!(ran.files().len(), 3);
}

#[test]
fn the_recorder_may_ask_for_the_fake_clock() {
    let perf = recorded(&["8"]).perf();
    assert_eq!(perf["runs"][0]["meta"]["clock"], "fake");
    assert_eq!(perf["summary"]["wall_time_ns"], 10_000 * 4_000);
}

#[test]
fn records_of_a_signal_handler_nest_by_their_times() {
    let ran = recorded(&["0", "handler"]);
    let counts = ran.stdout();
    let numbers: Vec<&str> = counts.split(' ').collect();
    assert_eq!(numbers.first(), numbers.get(1), "as many exits as enters: {counts}");
    let perf = ran.perf();
    let calls: u64 = calls(&perf).iter().map(|(_, count)| count).sum();
    assert_eq!(numbers.first().map(|enters| enters.to_string()), Some(calls.to_string()));
    let tracepoints = &perf["summary"]["tracepoints"];
    for key in ["unmatched_exits", "abandoned", "unclosed"] {
        assert_eq!(tracepoints[key], 0, "{key}");
    }
    // A handler that interrupts a record just when the ring is full has no room for its own; that is rare, and counted.
    let dropped = tracepoints["dropped"].as_u64().expect("a count");
    assert!(dropped * 100 <= calls, "{dropped} of {calls} were dropped");
}
