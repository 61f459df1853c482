//! Metrics: what one may hold, and what several of one id mean.

use std::collections::HashMap;

use recording::json::{Fault, Parsed, Parser, What};

use super::fields::{self, begins, counts, fields, need, not_null, unfit, within};
use super::{Notes, exact};
use crate::perf::merge;
use crate::perf::model::{Allocations, Metric, SpanCalls, Stats};
use crate::perf::{Histogram, Micros};

/// What stands for no metric at all in a document of Chic's runtime.
const NO_EVENTS: &str = "Wasm::trace";

/// The metrics of a run, one for each id.
pub(super) fn metrics(parser: &mut Parser<'_>, notes: &mut Notes) -> Parsed<Option<Vec<Metric>>> {
    let Some(elements) = fields::array(parser, |parser| metric(parser, notes))? else { return Ok(None) };
    if let [only] = elements.as_slice()
        && only.trace_id == 0
        && only.label == NO_EVENTS
        && only.cpu_us == Micros::default()
    {
        return Ok(Some(Vec::new()));
    }
    Ok(Some(joined(elements, notes)))
}

/// Chic's runtime writes an element for each call.
fn joined(elements: Vec<Metric>, notes: &mut Notes) -> Vec<Metric> {
    let mut numbers: HashMap<u64, usize> = HashMap::with_capacity(elements.len());
    let mut groups: Vec<Vec<Metric>> = Vec::with_capacity(elements.len());
    for element in elements {
        let number = *numbers.entry(element.trace_id).or_insert(groups.len());
        match groups.get_mut(number) {
            Some(group) => group.push(element),
            None => groups.push(vec![element]),
        }
    }
    let several = |group: &Vec<Metric>| group.len() > 1;
    for group in groups.iter().filter(|group| several(group)) {
        let id = group.first().map_or(0, |metric| metric.trace_id);
        notes.add(format!("repeated trace_id {id:016x}: {} elements aggregated", group.len()));
    }
    groups.into_iter().filter_map(merge::elements).collect()
}

fn metric(parser: &mut Parser<'_>, notes: &mut Notes) -> Parsed<Metric> {
    let at = begins(parser);
    let (mut id, mut hex, mut mir_id, mut label, mut cpu_us) = (None, None, None, None, None);
    let mut metric = Metric::default();
    let mut hists = [None, None];
    let [cpu_at, wall_at] = &mut hists;
    let needed = "an object is needed";
    if parser.peek() != Some(b'{') {
        let node = parser.value()?;
        return Err(unfit(parser, at, node.value.kind(), needed));
    }
    parser.object(|parser, key| {
        match &*key {
            "trace_id" => id = Some(fields::exact(parser, u64::MAX.into())?),
            "trace_id_hex" => {
                let at = begins(parser);
                hex = fields::text(parser)?.map(|text| (at, text));
            }
            "mir_id" => mir_id = fields::text(parser)?,
            "label" => label = Some(not_null(parser, fields::text)?),
            "cpu_us" => cpu_us = Some(not_null(parser, fields::micros)?),
            "budget_cpu_us" => metric.budget_cpu_us = fields::count(parser)?,
            "budget_gpu_us" => metric.budget_gpu_us = fields::count(parser)?,
            "budget_mem_bytes" => metric.budget_mem_bytes = fields::count(parser)?,
            "budget_io_bytes" => metric.budget_io_bytes = fields::count(parser)?,
            "label_hex" => metric.label_hex = fields::text(parser)?,
            "source" => metric.source = fields::text(parser)?,
            "calls" => metric.calls = fields::count(parser)?,
            "unclosed" => metric.unclosed = fields::count(parser)?,
            "abandoned" => metric.abandoned = fields::count(parser)?,
            "unwound" => metric.unwound = fields::count(parser)?,
            "max_depth" => metric.max_depth = fields::count(parser)?,
            "threads" => metric.threads = fields::count(parser)?,
            "cpu" => metric.cpu = fields::object(parser, |parser| stats(parser, cpu_at))?.map(Box::new),
            "wall" => metric.wall = fields::object(parser, |parser| stats(parser, wall_at))?.map(Box::new),
            "syscalls" => metric.syscalls = fields::object(parser, span_calls)?.map(Box::new),
            "io_bytes" => metric.io_bytes = fields::count(parser)?,
            "mem_bytes" => metric.mem_bytes = fields::count(parser)?,
            "alloc" => metric.alloc = fields::object(parser, allocations)?,
            "over_cpu_calls" => metric.over_cpu_calls = fields::count(parser)?,
            "over_mem_calls" => metric.over_mem_calls = fields::count(parser)?,
            "over_io_calls" => metric.over_io_calls = fields::count(parser)?,
            "fuel_self" => metric.fuel_self = fields::count(parser)?,
            "fuel_inclusive" => metric.fuel_inclusive = fields::count(parser)?,
            _ => parser.pass_over()?,
        }
        Ok(())
    })?;
    let (id_at, id) = need(parser, at, id, "trace_id")?;
    metric.trace_id = settle_id(parser, notes, (id_at, id), hex)?;
    metric.trace_id_hex = Some(format!("{:016x}", metric.trace_id));
    metric.label = need(parser, at, label, "label")?;
    metric.cpu_us = need(parser, at, cpu_us, "cpu_us")?;
    metric.mir_id = mir_id.unwrap_or_else(|| metric.label.clone());
    adds_up(parser, &metric, "cpu", metric.cpu.as_deref(), hists.first().copied().flatten())?;
    adds_up(parser, &metric, "wall", metric.wall.as_deref(), hists.last().copied().flatten())?;
    Ok(metric)
}

fn settle_id(
    parser: &Parser<'_>,
    notes: &mut Notes,
    (at, text): (usize, &str),
    hex: Option<(usize, String)>,
) -> Parsed<u64> {
    let hex = match hex {
        None => None,
        Some((at, digits)) => match exact::hex(&digits, 16) {
            Some(value) => Some((at, value)),
            None => {
                let words = "trace_id_hex is not 16 hex digits".to_owned();
                return Err(within(parser, at, "trace_id_hex", words));
            }
        },
    };
    let pair = exact::Pair { key: "trace_id", hex_key: "trace_id_hex", at, text, hex };
    let id = exact::settle(parser, notes, pair)?;
    Ok(u64::try_from(id).unwrap_or(u64::MAX))
}

/// A histogram counts every call once.
fn adds_up(parser: &Parser<'_>, metric: &Metric, key: &str, stats: Option<&Stats>, at: Option<usize>) -> Parsed<()> {
    let (Some(calls), Some(hist), Some(at)) = (metric.calls, stats.and_then(|stats| stats.hist.as_ref()), at) else {
        return Ok(());
    };
    if hist.total() == u128::from(calls) {
        return Ok(());
    }
    let words = format!("hist counts {} values, but calls is {calls}", hist.total());
    Err(within(parser, at, &format!("{key}/hist"), words))
}

fn stats(parser: &mut Parser<'_>, hist_at: &mut Option<usize>) -> Parsed<Stats> {
    let at = begins(parser);
    let mut stats = Stats::default();
    let (mut total, mut own, mut min, mut max) = (None, None, None, None);
    parser.object(|parser, key| {
        match &*key {
            "total_us" => total = Some(not_null(parser, fields::micros)?),
            "self_us" => own = Some(not_null(parser, fields::micros)?),
            "min_us" => min = Some(not_null(parser, fields::micros)?),
            "max_us" => max = Some(not_null(parser, fields::micros)?),
            "stddev_us" => stats.stddev_us = fields::micros(parser)?,
            "p50_us" => stats.p50_us = fields::micros(parser)?,
            "p95_us" => stats.p95_us = fields::micros(parser)?,
            "p99_us" => stats.p99_us = fields::micros(parser)?,
            "hist" => {
                *hist_at = Some(begins(parser));
                stats.hist = hist(parser)?;
            }
            _ => parser.pass_over()?,
        }
        Ok(())
    })?;
    stats.total_us = need(parser, at, total, "total_us")?;
    stats.self_us = need(parser, at, own, "self_us")?;
    stats.min_us = need(parser, at, min, "min_us")?;
    stats.max_us = need(parser, at, max, "max_us")?;
    if stats.min_us > stats.max_us {
        return Err(crossed(parser, at, &stats));
    }
    Ok(stats)
}

#[cold]
fn crossed(parser: &Parser<'_>, at: usize, stats: &Stats) -> Box<Fault> {
    let (min, max) = (stats.min_us.get(), stats.max_us.get());
    parser.fault_at(at, What::Unfit(format!("min_us is {min}, which is above max_us, {max}")))
}

fn hist(parser: &mut Parser<'_>) -> Parsed<Option<Histogram>> {
    let at = begins(parser);
    let Some(text) = fields::text(parser)? else { return Ok(None) };
    match Histogram::read(&text) {
        Some(hist) => Ok(Some(hist)),
        None => Err(unfit(parser, at, "no histogram", "BUCKET:COUNT in ascending order is needed, buckets below 1920")),
    }
}

fn span_calls(parser: &mut Parser<'_>) -> Parsed<SpanCalls> {
    let mut calls = SpanCalls::default();
    let number = |parser: &mut Parser<'_>| not_null(parser, fields::count);
    fields!(parser, calls, {
        calls: number,
        self_calls: number,
        errors: number,
        time_us: |parser: &mut Parser<'_>| not_null(parser, fields::micros),
        read_bytes: number,
        written_bytes: number,
        by_name: |parser: &mut Parser<'_>| not_null(parser, fields::by_name),
    })?;
    Ok(calls)
}

fn allocations(parser: &mut Parser<'_>) -> Parsed<Allocations> {
    counts!(parser, Allocations { calls, bytes, freed_bytes })
}
