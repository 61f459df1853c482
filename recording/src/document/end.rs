//! The head and the end of a document: who wrote it, how the run ended, whether it is complete.

use std::borrow::Cow;

use syscalls::signal;

use super::call::Call;
use super::error::{Spot, plural};
use super::json::{Member, Node, Value};
use super::shape::{Shaped, int, uint, unfit};
use super::top::{Gathered, Happened};
use super::{End, Happening, Listed, Spent};

/// What the top says.
#[derive(Debug, Default)]
pub(super) struct Heading<'t> {
    pub version: Option<Cow<'t, str>>,
    pub generator: Option<Cow<'t, str>>,
    pub command: Option<Vec<Cow<'t, str>>>,
    pub pid: Option<u64>,
    pub counted: Option<u64>,
    pub spent: Spent,
    pub end: Option<End>,
    /// Is there a summary, or statistics?
    pub summarised: bool,
    /// `recording.complete: false`, and why.
    pub cut_short: Option<String>,
}

/// Reads the top.
pub(super) fn heading<'t>(top: &[Member<'t>]) -> Shaped<Heading<'t>> {
    let mut heading = Heading::default();
    for (key, node) in top {
        match &**key {
            "version" => heading.version = text(node, "/version")?,
            "generator" => {
                heading.generator = text(node, "/generator")?.filter(|name| name.starts_with("chic-trace"));
            }
            "command" => heading.command = command(node)?,
            "pid" => heading.pid = heading.pid.or(uint(node, "/pid")?),
            "process" => {
                if let Some(pid) = member(node, "pid") {
                    heading.pid = uint(pid, "/process/pid")?;
                }
            }
            "summary" | "statistics" => summary(&mut heading, key, node)?,
            "recording" => heading.cut_short = cut_short(node),
            _ => {}
        }
    }
    Ok(heading)
}

fn summary(heading: &mut Heading<'_>, key: &str, node: &Node<'_>) -> Shaped<()> {
    let Value::Object(_) = &node.value else { return Err(unfit(node, &format!("/{key}"), "object")) };
    heading.summarised = true;
    if let Some(count) = member(node, "total_syscalls") {
        heading.counted = heading.counted.or(uint(count, &format!("/{key}/total_syscalls"))?);
    }
    // Renacer writes 0 where it did not measure; what does not fit is not known.
    let spent = |name: &str| uint(member(node, name)?, "").ok().flatten().filter(|value| *value > 0);
    heading.spent = Spent {
        wall_us: heading.spent.wall_us.or_else(|| spent("wall_us")),
        calls_us: heading.spent.calls_us.or_else(|| spent("total_time_us")),
        max_rss_bytes: heading.spent.max_rss_bytes.or_else(|| spent("max_rss_bytes")),
    };
    let Some(code) = member(node, "exit_code") else { return Ok(()) };
    if let Some(exit_code) = int(code, &format!("/{key}/exit_code"))? {
        let ended = member(node, "ended").and_then(plain);
        let killer = member(node, "signal").and_then(plain).and_then(|name| signal::by_name(&name));
        let signal = killer.filter(|_| ended.as_deref() == Some("killed"));
        heading.end = Some(End { exit_code, signal, certain: ended.is_some() });
    }
    Ok(())
}

fn cut_short(node: &Node<'_>) -> Option<String> {
    let complete = member(node, "complete").map(|node| &node.value);
    if complete != Some(&Value::Bool(false)) {
        return None;
    }
    Some(match member(node, "reason").and_then(plain) {
        Some(reason) => format!("the recording is incomplete: {reason}"),
        None => "the recording is incomplete".to_owned(),
    })
}

/// argv, as a list or as one text.
fn command<'t>(node: &Node<'t>) -> Shaped<Option<Vec<Cow<'t, str>>>> {
    match &node.value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(vec![text.clone()])),
        Value::Array(words) => {
            let words = words.iter().map(|word| plain(word).ok_or_else(|| unfit(word, "/command", "string")));
            words.collect::<Shaped<Vec<_>>>().map(Some)
        }
        _ => Err(unfit(node, "/command", "array of strings")),
    }
}

/// Why the document may not be judged.
pub(super) fn incomplete(
    gathered: &Gathered<'_>,
    heading: &Heading<'_>,
    calls: usize,
    cut: Option<Spot>,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(spot) = cut {
        reasons.push(format!("it is cut off in {spot}; {}", super::error::calls(calls)));
    }
    match gathered.lines {
        Some(lines) if !lines.ended => {
            if let Some((line, column)) = lines.cut {
                reasons.push(format!("line {line} is cut at column {column}"));
            }
            reasons.push(format!("no end line, {}", plural(lines.records as u64, "whole record")));
        }
        _ if !gathered.container && gathered.lines.is_none() => reasons.push("no end: it is one call".to_owned()),
        _ if !heading.summarised => reasons.push("no summary".to_owned()),
        _ if heading.end.is_none() => reasons.push("no exit code".to_owned()),
        _ => {}
    }
    if let Some(counted) = heading.counted.filter(|counted| *counted != calls as u64) {
        let are = if calls == 1 { "is" } else { "are" };
        reasons.push(format!("its summary counts {}, {calls} {are} listed", plural(counted, "call")));
    }
    reasons.extend(heading.cut_short.clone());
    if gathered.noticed.injected > 0 {
        reasons.push(format!("{} tampered with", plural(gathered.noticed.injected, "call")));
    }
    reasons
}

/// What documents of ours hold beside calls.
pub(super) struct Ours<'t> {
    pub happenings: Vec<Happening<'t>>,
    pub processes: Vec<Listed<'t>>,
}

/// Reads events and processes.
pub(super) fn ours<'t>(gathered: &Gathered<'t>, calls: &[Call<'t>]) -> Shaped<Ours<'t>> {
    let happenings = gathered.events.iter().map(|event| happening(event, calls)).collect::<Shaped<_>>()?;
    let listed = gathered.processes.iter().filter_map(|members| listed(members).transpose());
    Ok(Ours { happenings, processes: listed.collect::<Shaped<_>>()? })
}

fn happening<'t>(event: &Happened<'t>, calls: &[Call<'t>]) -> Shaped<Happening<'t>> {
    let members = &event.members;
    let find = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, node)| node);
    let number = |name: &str| find(name).map_or(Ok(None), |node| uint(node, &format!("/{name}")));
    let ts_ns = number("ts_ns")?;
    Ok(Happening {
        kind: find("kind").and_then(plain).unwrap_or_default(),
        tid: number("tid")?,
        seq: number("seq")?,
        ts_ns,
        signal: find("signal").and_then(plain),
        code: find("code").and_then(plain),
        status: number("status")?,
        core: find("core").is_some_and(|node| node.value == Value::Bool(true)),
        after_calls: event.calls_before.unwrap_or_else(|| calls_left_before(calls, ts_ns)),
        text: event.text,
    })
}

/// Calls that had completed at a time: they stand in the order of completion.
fn calls_left_before(calls: &[Call<'_>], ts_ns: Option<u64>) -> usize {
    let Some(at) = ts_ns else { return calls.len() };
    let left = |call: &Call<'_>| {
        let entered = call.stamp.filter(|stamp| !stamp.unix).map_or(0, |stamp| stamp.ns);
        i128::from(entered) + i128::from(call.duration_ns.unwrap_or(0))
    };
    calls.partition_point(|call| left(call) <= i128::from(at))
}

fn listed<'t>(members: &[Member<'t>]) -> Shaped<Option<Listed<'t>>> {
    let find = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, node)| node);
    let number = |name: &str| find(name).map_or(Ok(None), |node| uint(node, &format!("/processes/*/{name}")));
    let Some(pid) = number("pid")? else { return Ok(None) };
    let argv = match find("argv").map(|node| &node.value) {
        Some(Value::Array(words)) => words.iter().filter_map(plain).collect(),
        _ => Vec::new(),
    };
    Ok(Some(Listed {
        pid,
        ppid: number("ppid")?,
        exe: find("exe").and_then(plain),
        argv,
        exit_code: find("exit_code").map_or(Ok(None), |node| int(node, "/processes/*/exit_code"))?,
        signal: find("signal").and_then(plain),
    }))
}

fn member<'n, 't>(node: &'n Node<'t>, name: &str) -> Option<&'n Node<'t>> {
    let Value::Object(members) = &node.value else { return None };
    members.iter().find(|(key, _)| key == name).map(|(_, node)| node)
}

fn plain<'t>(node: &Node<'t>) -> Option<Cow<'t, str>> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn text<'t>(node: &Node<'t>, pointer: &str) -> Shaped<Option<Cow<'t, str>>> {
    match &node.value {
        Value::Text(text) => Ok(Some(text.clone())),
        Value::Null => Ok(None),
        _ => Err(unfit(node, pointer, "string")),
    }
}
