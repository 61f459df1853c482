//! The other witness: what strace saw, read from its text.

use super::{Call, Failure, Outcome, Room, ensure, skip};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// A call as both witnesses tell it: name and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub name: String,
    /// A number, the name of an error, or `address`, `task`, `?` where the number means nothing.
    pub result: String,
}

impl Seen {
    fn new(name: &str, result: Outcomes) -> Self {
        let result = match result {
            Outcomes::Never => "?".into(),
            Outcomes::Failed(errno) => errno,
            Outcomes::Number(_) if ADDRESSES.contains(&name) => "address".into(),
            Outcomes::Number(number) if number > 0 && TASKS.contains(&name) => "task".into(),
            Outcomes::Number(number) => number.to_string(),
        };
        Self { name: name.to_string(), result }
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {}", self.name, self.result)
    }
}

enum Outcomes {
    Never,
    Failed(String),
    Number(i64),
}

/// Calls whose result is an address, another one on each run.
const ADDRESSES: [&str; 4] = ["brk", "mmap", "mremap", "shmat"];

/// Calls whose result is a process or task id.
const TASKS: [&str; 15] = [
    "clone",
    "clone3",
    "fork",
    "vfork",
    "wait4",
    "waitid",
    "getpid",
    "gettid",
    "getppid",
    "getpgrp",
    "getpgid",
    "getsid",
    "setsid",
    "set_tid_address",
    "time",
];

/// Our calls in the same words.
pub fn from_ours(calls: &[Call]) -> Vec<Seen> {
    let outcome = |call: &Call| match (call.returned(), call.errno()) {
        (false, _) => Outcomes::Never,
        (_, Some(errno)) => Outcomes::Failed(errno.to_string()),
        _ => Outcomes::Number(call.result),
    };
    calls.iter().map(|call| Seen::new(&call.name, outcome(call))).collect()
}

/// Runs it under `strace -f -o` and reads what it saw.
pub fn run(room: &Room, argv: &[OsString]) -> Result<(Outcome, Vec<Seen>), Failure> {
    let file = room.beside("strace.txt");
    let mut command = room.command("strace");
    command.args(["-f", "-q", "-e", "signal=none", "-o"]).arg(&file).arg("--").args(argv);
    let outcome = room.finish(command)?;
    let seen = read(&file)?;
    ensure!(!seen.is_empty(), "strace saw nothing: {}", outcome.shown());
    Ok((outcome, seen))
}

/// Skips the check when there is no strace.
pub fn must_be_here(room: &Room) -> Result<(), Failure> {
    match room.command("strace").arg("-V").output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => skip!("there is no strace here"),
    }
}

fn read(file: &Path) -> Result<Vec<Seen>, Failure> {
    let bytes = std::fs::read(file)?;
    let mut unfinished: BTreeMap<&str, &str> = BTreeMap::new();
    let mut seen = Vec::new();
    let text = String::from_utf8_lossy(&bytes);
    for line in text.lines() {
        let (task, rest) = line.split_once(' ').ok_or_else(|| format!("not a line of strace: {line}"))?;
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(resumed) = rest.strip_prefix("<... ") {
            unfinished.remove(task);
            let name = resumed.split(' ').next().unwrap_or_default();
            seen.push(Seen::new(name, result_of(name, rest)));
            continue;
        }
        let name = rest.split('(').next().unwrap_or_default();
        if rest.ends_with("<unfinished ...>") {
            unfinished.insert(task, name);
        } else {
            seen.push(Seen::new(name, result_of(name, rest)));
        }
    }
    seen.extend(unfinished.values().map(|name| Seen::new(name, Outcomes::Never)));
    Ok(seen)
}

/// What stands behind the last ` = `: a number in any base, `-1 ENAME (...)`, or `?`.
fn result_of(name: &str, line: &str) -> Outcomes {
    let mut words = line.rsplit_once(" = ").map(|(_, result)| result.split_whitespace()).into_iter().flatten();
    match (words.next(), words.next()) {
        (Some("?"), Some(code)) if code.starts_with("ERESTART") => Outcomes::Failed(code.to_string()),
        (Some("-1"), Some(errno)) if errno.starts_with('E') => Outcomes::Failed(errno.to_string()),
        (Some(number), _) => parse(name, number).map_or(Outcomes::Never, Outcomes::Number),
        (None, _) => Outcomes::Never,
    }
}

fn parse(name: &str, number: &str) -> Option<i64> {
    if let Some(hex) = number.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(|word| word as i64);
    }
    if name == "umask" { i64::from_str_radix(number, 8).ok() } else { number.parse().ok() }
}
