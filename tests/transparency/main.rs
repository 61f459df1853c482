//! Transparency: a traced program behaves as if it were alone, and everything it did is in the trace.
//!
//! Each check runs a guest natively and traced, wants stdout, stderr, status and files to be equal, and
//! wants the trace to hold the calls that the guest is known to make. [`nothing_passes_for_a_tracer_that_does_nothing`]
//! runs the same checks with tracers that do nothing, where each of them has to fail. The large numbers
//! are in [`nightly`].

#[path = "../harness/mod.rs"]
mod harness;

mod attach;
mod background;
mod filters;
mod held;
mod lacks;
mod memory;
mod nightly;
mod outputs;
mod signals;
mod start;
mod tasks;
mod terminals;
mod withdraws;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use harness::both::transparent_with;
use harness::{Failure, Outcome, Trace, Tracer, Verdict, pass};

/// Every check, as a test and in the list that the fakes have to fail.
macro_rules! checks {
    ($($room:ident::$check:ident),+ $(,)?) => {
        const CHECKS: &[(&str, fn(&Tracer) -> Verdict)] = &[$((stringify!($check), $room::$check)),+];
        $(#[test] fn $check() { pass($room::$check); })+
    };
}

checks! {
    attach::attach_churn,
    attach::orphaned_by_tracer,
    attach::orphaned_by_tracer_with_filter,
    attach::parity,
    background::goes_background,
    background::goes_background_with_filter,
    background::left_wait,
    background::left_kill,
    filters::other_abis,
    filters::own_filter,
    filters::own_filter_under_ours,
    filters::traces_itself,
    filters::turns_on_its_tracer,
    filters::unseen_by_nature,
    held::frozen,
    held::killed_for_memory,
    held::stopped_tracer,
    lacks::no_process_vm_readv,
    lacks::no_seccomp,
    lacks::no_syscall_info,
    memory::edge_of_memory,
    memory::every_byte,
    memory::hostile,
    memory::huge_words,
    memory::slow_page,
    outputs::closed_pipe,
    outputs::cut_short,
    outputs::full_device,
    outputs::full_file_system,
    outputs::helper_child,
    outputs::limited_file_size,
    signals::every_ending_inside,
    signals::every_ending_outside,
    signals::own_traps,
    signals::queued_signals,
    signals::restarts,
    start::clean_start,
    start::clean_start_disturbed,
    start::counts_cores,
    start::direct_child,
    start::direct_child_not_started,
    start::direct_child_with_filter,
    start::lost_capabilities,
    start::same_fds,
    start::setuid_probe,
    tasks::all_leave_at_once,
    tasks::clone_flavours,
    tasks::early_child,
    tasks::exec_from_worker,
    tasks::job_control,
    tasks::killed_while_leaving,
    tasks::leader_leaves,
    tasks::many_calls,
    tasks::murdered_children,
    tasks::nested_pids,
    tasks::spawn_storm,
    tasks::spawn_storm_interrupted,
    tasks::ten_thousand,
    terminals::ctrl_c,
    terminals::ctrl_c_without_handler,
    terminals::terminal_owner,
    withdraws::becomes_another_user,
    withdraws::becomes_undumpable,
    withdraws::becomes_undumpable_to_nobody,
    withdraws::changes_its_root,
    withdraws::enters_namespaces,
    withdraws::killed_from_without,
    withdraws::unmounts_proc,
}

/// A check that such a tracer passes would check nothing. Most of them wait for something that never comes: several wait
/// at the same time.
#[test]
fn nothing_passes_for_a_tracer_that_does_nothing() {
    let fakes = Tracer::fakes();
    let all: Vec<_> = fakes.iter().flat_map(|fake| CHECKS.iter().map(move |check| (fake, check))).collect();
    let (next, passed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let some = || {
        while let Some(((fake, tracer), (name, check))) = all.get(next.fetch_add(1, Relaxed)) {
            if check(tracer).is_ok() {
                passed.lock().expect("nobody panics").push(format!("{name} under {fake:?}"));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(some);
        }
    });
    let passed = passed.into_inner().expect("nobody panicked");
    assert!(passed.is_empty(), "these checks pass although nothing was traced:\n{}", passed.join("\n"));
}

/// Runs a guest both ways; the runs must be equal and the trace complete.
fn transparent(tracer: &Tracer, words: &str) -> Result<(Outcome, Trace), Failure> {
    transparent_with(tracer, &["-f"], words)
}
