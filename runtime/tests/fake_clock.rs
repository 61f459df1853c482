//! The fake clock: the same script gives the same bytes, those of the vectors.

mod harness;

use harness::{data, example, guest, metric, run};
use std::fs;

#[test]
fn scripts_give_the_bytes_of_their_vectors_every_time() {
    for name in ["nested", "recursion", "threads", "broken-nesting", "labels"] {
        let file = |end: &str| data().join(format!("fake-clock/{name}.{end}"));
        for round in 0..2 {
            let ran = run(example("play")
                .arg(file("script.json"))
                .env("CHIC_TRACE_FAKE_CLOCK", " Yes ")
                .env("CHIC_TRACE_TARGET", "x86_64-unknown-linux-gnu"))
            .succeeded();
            for end in ["perf.json", "perf.summary.json", "perf.folded"] {
                let written = fs::read_to_string(ran.path(end)).expect("the guest writes it");
                let wanted = fs::read_to_string(file(end)).expect("a vector");
                assert_eq!(written, wanted, "{name}.{end}, round {round}");
            }
            ran.perf();
        }
    }
}

#[test]
fn budgets_are_counted_exactly() {
    let ran = guest(&["budgets"], &[("CHIC_TRACE_FAKE_CLOCK", "1")]).succeeded();
    let perf = ran.perf();
    // 1, 3 and 5 µs by this clock; the budget is 2.
    let nested = metric(&perf, "guest::nested");
    assert_eq!(nested["calls"], 3);
    assert_eq!(nested["budget_cpu_us"], 2);
    assert_eq!(nested["over_cpu_calls"], 2);
    assert_eq!(nested["budget_io_bytes"], 7);
    assert!(nested.get("over_io_calls").is_none() && nested.get("mem_bytes").is_none());
}
