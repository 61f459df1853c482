//! Summaries, and how a run was measured.

use std::collections::BTreeMap;

use recording::json::{Parsed, Parser};

use super::fields::{self, begins, counts, fields, need, not_null, unfit};
use crate::perf::model::{
    Alloc, Class, Counter, CpuSource, Entries, Exit, Host, Io, Meta, Sampling, Summary, SyscallTotals, Tracepoints,
};

/// A summary.
pub(super) fn summary(parser: &mut Parser<'_>) -> Parsed<Summary> {
    let at = begins(parser);
    let (mut profile, mut target, mut wall) = (None, None, None);
    let mut summary = Summary::default();
    parser.object(|parser, key| {
        match &*key {
            "profile" => profile = Some(not_null(parser, fields::text)?),
            "target" => target = Some(not_null(parser, fields::text)?),
            "wall_time_ns" => wall = Some(not_null(parser, fields::nanos)?),
            "cpu_user_ns" => summary.cpu_user_ns = fields::nanos(parser)?,
            "cpu_system_ns" => summary.cpu_system_ns = fields::nanos(parser)?,
            "max_rss_kb" => summary.max_rss_kb = fields::count(parser)?,
            "io_read_blocks" => summary.io_read_blocks = fields::count(parser)?,
            "io_write_blocks" => summary.io_write_blocks = fields::count(parser)?,
            "alloc" => summary.alloc = fields::object(parser, alloc)?,
            "sampling_interval_ns" => summary.sampling_interval_ns = fields::nanos(parser)?,
            "idle_ns" => summary.idle_ns = fields::count(parser)?,
            "processes" => summary.processes = fields::count(parser)?,
            "threads" => summary.threads = fields::count(parser)?,
            "minor_faults" => summary.minor_faults = fields::count(parser)?,
            "major_faults" => summary.major_faults = fields::count(parser)?,
            "voluntary_switches" => summary.voluntary_switches = fields::count(parser)?,
            "involuntary_switches" => summary.involuntary_switches = fields::count(parser)?,
            "io" => summary.io = fields::object(parser, io)?,
            "io_by_class" => summary.io_by_class = fields::object(parser, classes)?,
            "syscalls" => summary.syscalls = fields::object(parser, syscalls)?,
            "counters" => summary.counters = fields::array(parser, counter)?,
            "sampling" => summary.sampling = fields::object(parser, sampling)?,
            "tracepoints" => summary.tracepoints = fields::object(parser, tracepoints)?,
            "not_measured" => summary.not_measured = fields::object(parser, entries)?,
            _ => parser.pass_over()?,
        }
        Ok(())
    })?;
    summary.profile = need(parser, at, profile, "profile")?;
    summary.target = need(parser, at, target, "target")?;
    summary.wall_time_ns = need(parser, at, wall, "wall_time_ns")?;
    Ok(summary)
}

fn alloc(parser: &mut Parser<'_>) -> Parsed<Alloc> {
    counts!(
        parser,
        Alloc {
            alloc_calls,
            alloc_zeroed_calls,
            realloc_calls,
            free_calls,
            alloc_bytes,
            alloc_zeroed_bytes,
            realloc_bytes,
            freed_bytes,
        }
    )
}

fn io(parser: &mut Parser<'_>) -> Parsed<Io> {
    counts!(parser, Io { rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled_write_bytes })
}

fn class(parser: &mut Parser<'_>) -> Parsed<Class> {
    counts!(parser, Class { calls, read_bytes, written_bytes })
}

fn classes(parser: &mut Parser<'_>) -> Parsed<BTreeMap<String, Class>> {
    let mut classes = BTreeMap::new();
    parser.object(|parser, key| {
        let class = not_null(parser, |parser| fields::object(parser, class))?;
        classes.insert(key.into_owned(), class);
        Ok(())
    })?;
    Ok(classes)
}

fn required(parser: &mut Parser<'_>) -> Parsed<u64> {
    not_null(parser, fields::count)
}

fn word(parser: &mut Parser<'_>) -> Parsed<String> {
    not_null(parser, fields::text)
}

fn syscalls(parser: &mut Parser<'_>) -> Parsed<SyscallTotals> {
    let mut totals = SyscallTotals::default();
    fields!(parser, totals, {
        calls: required,
        errors: required,
        time_ns: required,
        by_name: |parser: &mut Parser<'_>| not_null(parser, fields::by_name),
    })?;
    Ok(totals)
}

fn counter(parser: &mut Parser<'_>) -> Parsed<Counter> {
    let mut counter = Counter::default();
    fields!(parser, counter, {
        name: word,
        value: required,
        unit: word,
        scope: word,
        enabled_ns: fields::count,
        running_ns: fields::count,
    })?;
    Ok(counter)
}

fn sampling(parser: &mut Parser<'_>) -> Parsed<Sampling> {
    let mut sampling = Sampling::default();
    fields!(parser, sampling, {
        source: word,
        stacks: fields::text,
        asked_hz: fields::float,
        achieved_hz: fields::float,
        samples: fields::count,
        lost: fields::count,
        truncated: fields::count,
        uncut: fields::count,
        kernel: fields::flag,
        switched_to_fp_at: fields::count,
    })?;
    Ok(sampling)
}

fn tracepoints(parser: &mut Parser<'_>) -> Parsed<Tracepoints> {
    let mut tracepoints = Tracepoints::default();
    fields!(parser, tracepoints, {
        calls: required,
        dropped: required,
        unmatched_exits: required,
        unclosed: required,
        abandoned: required,
        unwound: fields::count,
        inherited_exits: fields::count,
        id_collisions: fields::count,
        budget_conflicts: fields::count,
        bad_labels: fields::count,
        overhead_ns_per_call: fields::float,
    })?;
    Ok(tracepoints)
}

fn entries(parser: &mut Parser<'_>) -> Parsed<Entries> {
    let mut entries = Entries::default();
    parser.object(|parser, key| {
        let text = word(parser)?;
        entries.0.push((key.into_owned(), text));
        Ok(())
    })?;
    Ok(entries)
}

/// How a run was measured.
pub(super) fn meta(parser: &mut Parser<'_>) -> Parsed<Meta> {
    let at = begins(parser);
    let (mut clock, mut source) = (None, None);
    let mut meta = Meta {
        command: None,
        started_at: None,
        exit: None,
        host: None,
        recorder: None,
        engines: None,
        clock: String::new(),
        cpu_source: CpuSource::Wall,
        pid: None,
        parts: None,
        incomplete: None,
        approximate: None,
    };
    parser.object(|parser, key| {
        match &*key {
            "command" => meta.command = fields::array(parser, word)?,
            "started_at" => meta.started_at = fields::text(parser)?,
            "exit" => meta.exit = fields::object(parser, exit)?.flatten(),
            "host" => meta.host = fields::object(parser, host)?,
            "recorder" => meta.recorder = fields::text(parser)?,
            "engines" => meta.engines = fields::array(parser, word)?,
            "clock" => clock = fields::text(parser)?,
            "cpu_source" => source = cpu_source(parser)?,
            "pid" => meta.pid = fields::count(parser)?,
            "parts" => meta.parts = fields::count(parser)?,
            "incomplete" => meta.incomplete = fields::text(parser)?,
            "approximate" => meta.approximate = fields::text(parser)?,
            _ => parser.pass_over()?,
        }
        Ok(())
    })?;
    meta.clock = need(parser, at, clock, "clock")?;
    meta.cpu_source = need(parser, at, source, "cpu_source")?;
    Ok(meta)
}

fn cpu_source(parser: &mut Parser<'_>) -> Parsed<Option<CpuSource>> {
    let at = begins(parser);
    let Some(word) = fields::text(parser)? else { return Ok(None) };
    match CpuSource::of(&word) {
        Some(source) => Ok(Some(source)),
        None => Err(unfit(parser, at, &format!("\"{}\"", word.escape_debug()), "on-cpu, wall or fake is needed")),
    }
}

fn exit(parser: &mut Parser<'_>) -> Parsed<Option<Exit>> {
    let small = |parser: &mut Parser<'_>, largest: u8| -> Parsed<Option<u8>> {
        Ok(fields::whole(parser, largest.into())?.and_then(|value| u8::try_from(value).ok()))
    };
    let (mut code, mut signal, mut core, mut running) = (None, None, None, None);
    parser.object(|parser, key| {
        match &*key {
            "code" => code = small(parser, u8::MAX)?,
            "signal" => signal = small(parser, 64)?,
            "core" => core = fields::flag(parser)?,
            "running" => running = fields::flag(parser)?,
            _ => parser.pass_over()?,
        }
        Ok(())
    })?;
    Ok(match (code, signal, running) {
        (Some(code), ..) => Some(Exit::Code { code }),
        (_, Some(signal), _) => Some(Exit::Signal { signal, core }),
        (.., Some(running)) => Some(Exit::Running { running }),
        _ => None,
    })
}

fn host(parser: &mut Parser<'_>) -> Parsed<Host> {
    let mut host = Host::default();
    fields!(parser, host, {
        system: word,
        machine: word,
        cpu_model: word,
        kernel: word,
        n_cpus: required,
        digest: word,
    })?;
    Ok(host)
}
