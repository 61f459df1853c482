//! Summaries of the parts of one run, joined.

use std::collections::BTreeMap;

use crate::perf::model::{Alloc, Class, Counter, Io, Sampling, Summary, SyscallTotals, Tracepoints};

/// Why a joined run has no idle time.
const NO_COMMON_TIME: &str = "parts without a common time line";

/// Adds a part.
pub(super) fn add(joined: &mut Summary, part: Summary) {
    joined.wall_time_ns = joined.wall_time_ns.max(part.wall_time_ns);
    joined.cpu_user_ns = wide(joined.cpu_user_ns, part.cpu_user_ns);
    joined.cpu_system_ns = wide(joined.cpu_system_ns, part.cpu_system_ns);
    joined.max_rss_kb = joined.max_rss_kb.max(part.max_rss_kb);
    if joined.sampling_interval_ns != part.sampling_interval_ns {
        joined.sampling_interval_ns = None;
    }
    for (joined, part) in [
        (&mut joined.io_read_blocks, part.io_read_blocks),
        (&mut joined.io_write_blocks, part.io_write_blocks),
        (&mut joined.processes, part.processes),
        (&mut joined.threads, part.threads),
        (&mut joined.minor_faults, part.minor_faults),
        (&mut joined.major_faults, part.major_faults),
        (&mut joined.voluntary_switches, part.voluntary_switches),
        (&mut joined.involuntary_switches, part.involuntary_switches),
    ] {
        *joined = plus(*joined, part);
    }
    joined.alloc = both(joined.alloc, part.alloc, alloc);
    joined.io = both(joined.io, part.io, io);
    joined.io_by_class = both(joined.io_by_class.take(), part.io_by_class, classes);
    joined.syscalls = both(joined.syscalls.take(), part.syscalls, syscalls);
    joined.counters = both(joined.counters.take(), part.counters, counters);
    joined.sampling = both(joined.sampling.take(), part.sampling, sampling);
    joined.tracepoints = both(joined.tracepoints.take(), part.tracepoints, tracepoints);
    let missing = joined.not_measured.get_or_insert_default();
    for (key, reason) in part.not_measured.into_iter().flat_map(|entries| entries.0) {
        missing.add(&key, &reason);
    }
}

/// Takes away what parts do not share.
pub(super) fn finish(joined: &mut Summary, conflicts: u64) {
    joined.idle_ns = None;
    joined.not_measured.get_or_insert_default().add("idle", NO_COMMON_TIME);
    if conflicts > 0 {
        let tracepoints = joined.tracepoints.get_or_insert_default();
        tracepoints.budget_conflicts = plus(tracepoints.budget_conflicts, Some(conflicts));
    }
}

fn wide(a: Option<u128>, b: Option<u128>) -> Option<u128> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}

fn plus(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}

fn both<T>(a: Option<T>, b: Option<T>, join: impl FnOnce(&mut T, T)) -> Option<T> {
    match (a, b) {
        (Some(mut a), Some(b)) => {
            join(&mut a, b);
            Some(a)
        }
        (a, b) => a.or(b),
    }
}

/// Adds fields of counts.
macro_rules! add_fields {
    ($joined:ident, $part:ident, $($field:ident),*) => {
        $($joined.$field = $joined.$field.saturating_add($part.$field);)*
    };
}

fn alloc(joined: &mut Alloc, part: Alloc) {
    add_fields!(joined, part, alloc_calls, alloc_zeroed_calls, realloc_calls, free_calls);
    add_fields!(joined, part, alloc_bytes, alloc_zeroed_bytes, realloc_bytes, freed_bytes);
}

fn io(joined: &mut Io, part: Io) {
    add_fields!(joined, part, rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled_write_bytes);
}

fn classes(joined: &mut BTreeMap<String, Class>, part: BTreeMap<String, Class>) {
    for (name, part) in part {
        let joined = joined.entry(name).or_default();
        add_fields!(joined, part, calls, read_bytes, written_bytes);
    }
}

fn syscalls(joined: &mut SyscallTotals, part: SyscallTotals) {
    add_fields!(joined, part, calls, errors, time_ns);
    for (name, count) in part.by_name {
        let joined = joined.by_name.entry(name).or_default();
        *joined = joined.saturating_add(count);
    }
}

fn counters(joined: &mut Vec<Counter>, part: Vec<Counter>) {
    for part in part {
        let same =
            |known: &&mut Counter| (&known.name, &known.unit, &known.scope) == (&part.name, &part.unit, &part.scope);
        match joined.iter_mut().find(same) {
            Some(known) => {
                known.value = known.value.saturating_add(part.value);
                known.enabled_ns = plus(known.enabled_ns, part.enabled_ns);
                known.running_ns = plus(known.running_ns, part.running_ns);
            }
            None => joined.push(part),
        }
    }
}

fn sampling(joined: &mut Sampling, part: Sampling) {
    // Of parts by different means there is no one rate.
    joined.achieved_hz = None;
    joined.samples = plus(joined.samples, part.samples);
    joined.lost = plus(joined.lost, part.lost);
    joined.truncated = plus(joined.truncated, part.truncated);
    joined.uncut = plus(joined.uncut, part.uncut);
}

fn tracepoints(joined: &mut Tracepoints, part: Tracepoints) {
    add_fields!(joined, part, calls, dropped, unmatched_exits, unclosed, abandoned);
    joined.unwound = plus(joined.unwound, part.unwound);
    joined.inherited_exits = plus(joined.inherited_exits, part.inherited_exits);
    joined.id_collisions = plus(joined.id_collisions, part.id_collisions);
    joined.budget_conflicts = plus(joined.budget_conflicts, part.budget_conflicts);
    joined.bad_labels = plus(joined.bad_labels, part.bad_labels);
}
