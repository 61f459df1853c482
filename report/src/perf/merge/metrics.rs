//! Metrics of one id, joined.

use crate::perf::Micros;
use crate::perf::micros::mean;
use crate::perf::model::{Allocations, Metric, SpanCalls, Stats};

/// What a document says several times of one id.
pub(in crate::perf) fn elements(group: Vec<Metric>) -> Option<Metric> {
    if group.len() < 2 {
        return group.into_iter().next();
    }
    let means = || group.iter().map(|metric| metric.cpu_us);
    let min = means().reduce(|a, b| if b < a { b } else { a })?;
    let max = means().reduce(|a, b| if b > a { b } else { a })?;
    let mut joined = join(group)?.0;
    joined.range = Some((min, max));
    Some(joined)
}

/// Joins metrics of one id; how many of them declare another budget than the others.
pub(super) fn join(parts: Vec<Metric>) -> Option<(Metric, u64)> {
    let cpu = stats(&parts, |metric| metric.cpu.as_deref());
    let wall = stats(&parts, |metric| metric.wall.as_deref());
    let calls: u64 = parts.iter().map(calls_of).fold(0, u64::saturating_add);
    let time = parts
        .iter()
        .map(|metric| metric.cpu_us.nanos().saturating_mul(calls_of(metric).into()))
        .fold(0, u128::saturating_add);
    let mut conflicts = 0;
    let mut parts = parts.into_iter();
    let mut joined = parts.next()?;
    for part in parts {
        conflicts += u64::from(budgets(&mut joined, &part));
        counts(&mut joined, part);
    }
    joined.calls = Some(calls);
    joined.cpu_us = Micros::of_nanos(mean(time, calls.into()));
    joined.cpu = cpu.map(Box::new);
    joined.wall = wall.map(Box::new);
    joined.range = None;
    Some((joined, conflicts))
}

/// An element of Chic's runtime is one call.
fn calls_of(metric: &Metric) -> u64 {
    metric.calls.unwrap_or(1)
}

/// The smallest budgets hold; were they different?
fn budgets(joined: &mut Metric, part: &Metric) -> bool {
    let mut differ = false;
    for (joined, part) in [
        (&mut joined.budget_cpu_us, part.budget_cpu_us),
        (&mut joined.budget_gpu_us, part.budget_gpu_us),
        (&mut joined.budget_mem_bytes, part.budget_mem_bytes),
        (&mut joined.budget_io_bytes, part.budget_io_bytes),
    ] {
        differ |= *joined != part;
        *joined = match (*joined, part) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    differ
}

fn counts(joined: &mut Metric, part: Metric) {
    for (joined, part) in [
        (&mut joined.unclosed, part.unclosed),
        (&mut joined.abandoned, part.abandoned),
        (&mut joined.unwound, part.unwound),
        (&mut joined.threads, part.threads),
        (&mut joined.over_cpu_calls, part.over_cpu_calls),
        (&mut joined.over_mem_calls, part.over_mem_calls),
        (&mut joined.over_io_calls, part.over_io_calls),
        (&mut joined.fuel_self, part.fuel_self),
        (&mut joined.fuel_inclusive, part.fuel_inclusive),
    ] {
        *joined = match (*joined, part) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
    }
    for (joined, part) in [
        (&mut joined.max_depth, part.max_depth),
        (&mut joined.io_bytes, part.io_bytes),
        (&mut joined.mem_bytes, part.mem_bytes),
    ] {
        *joined = (*joined).max(part);
    }
    joined.alloc = match (joined.alloc, part.alloc) {
        (Some(a), Some(b)) => Some(allocations(a, b)),
        (a, b) => a.or(b),
    };
    joined.syscalls = match (joined.syscalls.take(), part.syscalls) {
        (Some(mut a), Some(b)) => {
            span_calls(&mut a, *b);
            Some(a)
        }
        (a, b) => a.or(b),
    };
}

fn allocations(a: Allocations, b: Allocations) -> Allocations {
    Allocations {
        calls: a.calls.saturating_add(b.calls),
        bytes: a.bytes.saturating_add(b.bytes),
        freed_bytes: a.freed_bytes.saturating_add(b.freed_bytes),
    }
}

fn span_calls(joined: &mut SpanCalls, part: SpanCalls) {
    for (joined, part) in [
        (&mut joined.calls, part.calls),
        (&mut joined.self_calls, part.self_calls),
        (&mut joined.errors, part.errors),
        (&mut joined.read_bytes, part.read_bytes),
        (&mut joined.written_bytes, part.written_bytes),
    ] {
        *joined = joined.saturating_add(part);
    }
    joined.time_us = Micros::of_nanos(joined.time_us.nanos() + part.time_us.nanos());
    for (name, count) in part.by_name {
        let joined = joined.by_name.entry(name).or_default();
        *joined = joined.saturating_add(count);
    }
}

/// Joined durations; `None` unless every part has them.
fn stats<'a>(parts: &'a [Metric], of: impl Fn(&'a Metric) -> Option<&'a Stats>) -> Option<Stats> {
    let all: Vec<(&Metric, &Stats)> = parts.iter().map(|metric| Some((metric, of(metric)?))).collect::<Option<_>>()?;
    let total = |field: fn(&Stats) -> Micros| Micros::of_nanos(all.iter().map(|(_, part)| field(part).nanos()).sum());
    let (_, first) = all.first()?;
    let min_us = all.iter().map(|(_, part)| part.min_us).fold(first.min_us, |a, b| if b < a { b } else { a });
    let max_us = all.iter().map(|(_, part)| part.max_us).fold(first.max_us, |a, b| if b > a { b } else { a });
    let mut joined = Stats {
        total_us: total(|part| part.total_us),
        self_us: total(|part| part.self_us),
        min_us,
        max_us,
        stddev_us: stddev(&all),
        ..Stats::default()
    };
    if all.iter().all(|(_, part)| part.hist.is_some()) {
        let mut hist = crate::perf::Histogram::default();
        all.iter().filter_map(|(_, part)| part.hist.as_ref()).for_each(|part| hist.merge(part));
        percentiles(&mut joined, hist);
    }
    Some(joined)
}

/// The percentiles of a histogram between the smallest and the largest value.
pub(in crate::perf) fn percentiles(stats: &mut Stats, hist: crate::perf::Histogram) {
    let whole = |micros: Micros| u64::try_from(micros.nanos()).unwrap_or(u64::MAX);
    let (min, max) = (whole(stats.min_us), whole(stats.max_us));
    let of = |percent| hist.percentile(percent, min, max).map(|nanos| Micros::of_nanos(nanos.into()));
    (stats.p50_us, stats.p95_us, stats.p99_us) = (of(50), of(95), of(99));
    stats.hist = Some(hist);
}

/// The deviation of all calls from number, mean and deviation of each part. The mean of a part is its total over its
/// calls, which holds only where no call was inside another.
fn stddev(all: &[(&Metric, &Stats)]) -> Option<Micros> {
    let parts: Vec<(f64, f64, f64)> = all
        .iter()
        .map(|(metric, part)| {
            let calls = calls_of(metric);
            let deviation = match (part.stddev_us, calls) {
                (Some(deviation), _) => deviation.get(),
                (None, 0 | 1) => 0.0,
                (None, _) => return None,
            };
            if metric.max_depth.is_some_and(|depth| depth > 1) || calls == 0 {
                return None;
            }
            Some((calls as f64, part.total_us.get() / calls as f64, deviation))
        })
        .collect::<Option<_>>()?;
    let calls: f64 = parts.iter().map(|(calls, ..)| calls).sum();
    if calls < 2.0 {
        return None;
    }
    let mean = parts.iter().map(|(calls, mean, _)| calls * mean).sum::<f64>() / calls;
    let squares: f64 = parts
        .iter()
        .map(|(calls, part, deviation)| (calls - 1.0) * deviation * deviation + calls * (part - mean) * (part - mean))
        .sum();
    let nanos = ((squares / (calls - 1.0)).sqrt() * 1000.0).round();
    Some(Micros::of_nanos(nanos as u128))
}
