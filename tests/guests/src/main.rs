//! Guests: one tiny program for each thing that is hard to trace.
//!
//! `guest NAME [ARGS]` runs one. A guest asks the kernel for something delicate, checks everything it
//! can observe, says so on stdout in words that are the same on every run, and ends with 0 (or with
//! the status that is its point). Run alone it shows what is right; run traced it must say the same.
//! What differs from run to run (process ids) goes to files in the working directory, for the tests.
//!
//! There is no Rust start-up code here (`no_main`): it changes signal dispositions and makes calls of
//! its own, and a guest must be able to see how it was started. Unsafe code is the subject of these
//! programs; each is small enough to be read whole.
#![no_main]

mod all_leave_at_once;
mod attach_churn;
mod clean_start;
mod clone_flavours;
mod counts_cores;
mod ctrl_c;
mod cut_short;
mod early_child;
mod eats_memory;
mod edge_of_memory;
mod every_byte;
mod every_call;
mod every_ending;
mod exec_from_worker;
mod full_disk;
mod goes_background;
mod hostile;
mod huge_words;
mod job_control;
mod killed_while_leaving;
mod lacks;
mod leader_leaves;
mod many_calls;
mod murdered_children;
mod nested_pids;
mod orphaned_by_tracer;
mod other_abis;
mod own_filter;
mod own_traps;
mod parity;
mod posix;
mod queued_signals;
mod restarts;
mod routes;
mod same_fds;
mod setuid_probe;
mod socket_kinds;
mod spawn_storm;
mod ten_thousand;
mod terminal_owner;
mod traces_itself;
mod unseen_by_nature;
mod withdraws;
mod words;
mod workloads;

use std::ffi::{CStr, c_char, c_int};
use words::Words;

/// A guest by name.
type Guest = (&'static str, fn(&Words) -> i32);

/// Name and program of every guest.
const GUESTS: &[Guest] = &[
    ("all_leave_at_once", all_leave_at_once::run),
    ("attach_churn", attach_churn::run),
    ("clean_start", clean_start::run),
    ("clone_flavours", clone_flavours::run),
    ("counts_cores", counts_cores::run),
    ("ctrl_c", ctrl_c::run),
    ("cut_short", cut_short::run),
    ("early_child", early_child::run),
    ("eats_memory", eats_memory::run),
    ("edge_of_memory", edge_of_memory::run),
    ("every_byte", every_byte::run),
    ("every_call", every_call::run),
    ("every_ending", every_ending::run),
    ("exec_from_worker", exec_from_worker::run),
    ("full_disk", full_disk::run),
    ("goes_background", goes_background::run),
    ("hostile", hostile::run),
    ("huge_words", huge_words::run),
    ("job_control", job_control::run),
    ("killed_while_leaving", killed_while_leaving::run),
    ("lacks", lacks::run),
    ("leader_leaves", leader_leaves::run),
    ("many_calls", many_calls::run),
    ("murdered_children", murdered_children::run),
    ("nested_pids", nested_pids::run),
    ("nothing", |_| 0),
    ("orphaned_by_tracer", orphaned_by_tracer::run),
    ("other_abis", other_abis::run),
    ("own_filter", own_filter::run),
    ("own_traps", own_traps::run),
    ("parity", parity::run),
    ("queued_signals", queued_signals::run),
    ("restarts", restarts::run),
    ("routes", routes::run),
    ("same_fds", same_fds::run),
    ("setuid_probe", setuid_probe::run),
    ("socket_kinds", socket_kinds::run),
    ("spawn_storm", spawn_storm::run),
    ("ten_thousand", ten_thousand::run),
    ("terminal_owner", terminal_owner::run),
    ("traces_itself", traces_itself::run),
    ("unseen_by_nature", unseen_by_nature::run),
    ("withdraws", withdraws::run),
    ("work", workloads::run),
];

/// Called by the C library's start-up code.
///
/// # Safety
/// `argv` holds `argc` strings, as the C library promises.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    let given: Vec<Vec<u8>> =
        (0..argc as usize).map(|i| unsafe { CStr::from_ptr(*argv.add(i)) }.to_bytes().to_vec()).collect();
    let name = given.get(1).map(Vec::as_slice).unwrap_or_default();
    match GUESTS.iter().find(|(known, _)| known.as_bytes() == name) {
        Some((_, run)) => run(&Words::new(given)),
        None => {
            let names: Vec<&str> = GUESTS.iter().map(|(name, _)| *name).collect();
            posix::write_all(2, format!("usage: guest NAME [ARGS]\nNAME is one of {}\n", names.join(" ")).as_bytes());
            2
        }
    }
}
