//! The large numbers:
//! `CHIC_TEST_LIMIT=3600 cargo test --release --test transparency -- --ignored --test-threads 1`.

use super::harness::{Tracer, pass};
use super::{attach, signals, tasks};

#[test]
#[ignore = "minutes: 160 000 children"]
fn early_child_in_full() {
    pass(|tracer| tasks::births_equal_deaths(tracer, 8, 20_000));
}

#[test]
#[ignore = "minutes: 4 000 programs of 8 threads"]
fn exec_from_worker_in_full() {
    pass(|tracer| tasks::execs_from_workers(tracer, 8, 4000));
}

#[test]
#[ignore = "minutes: 200 interrupted storms"]
fn spawn_storm_in_full() {
    pass(|tracer| tasks::interrupt_storms(tracer, 200));
}

#[test]
#[ignore = "minutes: 10 000 kills"]
fn murdered_children_in_full() {
    pass(|tracer| tasks::murders(tracer, 64, 10_000));
}

#[test]
#[ignore = "minutes: 10 000 deaths at the door"]
fn killed_while_leaving_in_full() {
    pass(|tracer| tasks::leave_and_die(tracer, 10_000));
}

#[test]
#[ignore = "minutes: 200 threads leave 1 000 times"]
fn all_leave_at_once_in_full() {
    pass(|tracer| tasks::leave_together(tracer, 200, 1000));
}

#[test]
#[ignore = "10 000 tasks alive"]
fn ten_thousand_in_full() {
    pass(|tracer| tasks::alive_together(tracer, 10_000));
}

#[test]
#[ignore = "10 000 tasks alive in 100 MB"]
fn ten_thousand_in_little_memory() {
    pass(|tracer| tasks::alive_in_little_memory(tracer, 10_000, 100 << 10));
}

#[test]
#[ignore = "minutes: 10 000 000 calls, recorded and read"]
fn many_calls_in_full() {
    pass(|tracer| tasks::counted_in_flat_memory(tracer, &["record"], 416_667, 64 << 10));
    pass(|tracer| tasks::counted_in_flat_memory(tracer, &["record", "-e", "trace=getppid"], 416_667, 64 << 10));
}

#[test]
#[ignore = "half an hour: 100 000 000 calls"]
fn hundred_million_calls() {
    pass(|tracer| tasks::counted_in_flat_memory(tracer, &["-f", "-c"], 4_166_667, 64 << 10));
}

#[test]
#[ignore = "2 000 threads in calls"]
fn many_threads_count() {
    pass(|tracer| tasks::counted(tracer, 1, 2000, 50));
}

#[test]
#[ignore = "minutes: 10 000 visits to a busy process"]
fn attach_churn_in_full() {
    pass(|tracer| attach::churn(tracer, 100, 10_000));
}

#[test]
#[ignore = "100 tasks asleep in calls"]
fn parity_in_full() {
    pass(|tracer| attach::pairs(tracer, 100));
}

#[test]
#[ignore = "minutes: the tracer killed 1 000 times"]
fn orphaned_by_tracer_in_full() {
    pass(|tracer| attach::orphaned(tracer, 1000));
}

#[test]
#[ignore = "all 256 codes from outside"]
fn every_ending_in_full() {
    pass(|tracer| signals::endings(tracer, 0..256));
}

#[test]
#[ignore = "hours: 1 000 seeds of random calls"]
fn hostile_in_full() {
    pass(|tracer| crate::harness::both::ask_for_anything(tracer, 100..1100, 150));
}

/// Every check three times, as R1 of the reliability figures asks.
#[test]
#[ignore = "three rounds of everything"]
fn three_rounds() {
    for _ in 0..3 {
        for (name, check) in super::CHECKS {
            println!("{name}");
            pass(|tracer: &Tracer| check(tracer));
        }
    }
}
