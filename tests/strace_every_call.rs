//! Every call of the x86-64 table, with arguments that the kernel takes and refuses, told as strace 6.1 tells it.
//!
//! The guest `every_call` makes them. It runs twice under strace and once under chic-trace, and the lines are
//! compared one by one: where the two runs of strace differ (ids, times, counts), ours may be anything, too.
//! Differences that stay are listed here, each with its reason; one that is not listed fails, and so does an entry
//! that does not occur. `docs/STRACE.md` tells them in prose.

#[path = "strace_every_call/differences.rs"]
mod differences;
mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use differences::{DIFFERENCES, NEWER};
use harness::{Failure, Room, Tracer, Verdict, call_guest, ensure, pass, skip};
use syscalls::{Abi, ioctl, names};

const FAMILIES: [&str; 12] = [
    "credentials",
    "descriptors",
    "files",
    "ipc",
    "kernel",
    "memory",
    "network",
    "processes",
    "refused",
    "requests",
    "signals",
    "time",
];

/// The strace that the lists below are about.
const VERSION: &str = "version 6.1";

/// Calls that the guest does not make, and why.
const LEFT_OUT: [(&str, &str); 3] = [
    ("sync", "writes out the disks of the whole machine"),
    ("uretprobe", "entered only from code that the kernel placed"),
    ("uprobe", "entered only from code that the kernel placed"),
];

/// Calls whose numbers may be the same twice and others the third time.
const VOLATILE: [&str; 35] = [
    "adjtimex",
    "alarm",
    "clock_adjtime",
    "clock_gettime",
    "fstatfs",
    "getcpu",
    "getitimer",
    "getrusage",
    "gettimeofday",
    "kcmp",
    "mincore",
    "msgctl",
    "msgget",
    "msgrcv",
    "msgsnd",
    "rt_sigtimedwait",
    "sched_rr_get_interval",
    "semctl",
    "semget",
    "semop",
    "semtimedop",
    "setitimer",
    "shmat",
    "shmctl",
    "shmget",
    "statfs",
    "sysinfo",
    "time",
    "timer_gettime",
    "timer_settime",
    "timerfd_gettime",
    "timerfd_settime",
    "times",
    "wait4",
    "waitid",
];

/// Lines that differ: how ours begins, a part of the other's, and why.
struct Differs {
    ours: &'static str,
    theirs: &'static str,
    why: &'static str,
    /// Whether it occurs depends on where memory lies.
    by_chance: bool,
}

const fn differs(ours: &'static str, theirs: &'static str, why: &'static str) -> Differs {
    Differs { ours, theirs, why, by_chance: false }
}

/// The same of an argument that is an `int` and is given an address: where memory lies decides what its lower half is.
const fn differs_by_chance(ours: &'static str, theirs: &'static str, why: &'static str) -> Differs {
    Differs { by_chance: true, ..differs(ours, theirs, why) }
}

#[test]
fn every_call_is_told_as_strace_tells_it() {
    pass(compare);
}

fn compare(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    harness::strace::must_be_here(&room)?;
    let version = room.command("strace").arg("-V").output()?;
    if !String::from_utf8_lossy(&version.stdout).contains(VERSION) {
        skip!("the strace here is another than {VERSION}, which the lists are about");
    }
    let mut seen = Seen::default();
    for family in FAMILIES {
        // Where memory lies decides what some calls return: a difference that is one shows each time.
        for is_last in [false, false, true] {
            let strace = OsStr::new("strace");
            let [first, second] = [lines(&room, strace, family)?, lines(&room, strace, family)?];
            let ours = lines(&room, tracer.program().as_os_str(), family)?;
            let mut tried = seen.clone();
            tried.family(family, &first, &second, &ours);
            if is_last || tried.wrong == seen.wrong {
                seen = tried;
                break;
            }
        }
    }
    seen.verdict()
}

/// What a tool tells of a family, by task in the order of their births.
fn lines(room: &Room, tool: &OsStr, family: &str) -> Result<Vec<String>, Failure> {
    room.sweep();
    let requests: Vec<String> = ioctl::all().map(|(request, _)| request.to_string()).collect();
    std::fs::write(room.work().join("requests"), requests.join("\n"))?;
    let file = room.beside("told");
    let mut command = room.command(tool);
    command.args(["-f", "-o"]).arg(&file).arg("--").args(call_guest(&format!("every_call {family}")));
    let outcome = room.finish(command)?;
    ensure!(outcome.code() == 0, "{family}: {}", outcome.shown());
    let text = std::fs::read(&file)?;
    Ok(by_task(&String::from_utf8_lossy(&text)))
}

/// The halves of a call that another task came between are joined. When a parent hears of a child is chance, and how
/// often an alarm rings.
fn by_task(text: &str) -> Vec<String> {
    let mut tasks: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let Some((task, rest)) = line.split_once(' ') else { continue };
        let told = tasks.entry(task.parse().unwrap_or(0)).or_default();
        let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        let resumed = rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"));
        if let (Some((_, end)), Some(begun)) = (resumed, told.last_mut())
            && begun.ends_with("<unfinished ...>")
        {
            let blank = if begun.ends_with(", <unfinished ...>") { " " } else { "" };
            *begun = begun.replace(" <unfinished ...>", &format!("{blank}{end}"));
        } else if rest.starts_with("rt_sigreturn(") && told.last().is_some_and(|last| last.starts_with("--- SIGALRM")) {
            told.pop();
        } else if !rest.starts_with("--- SIGCHLD") {
            told.push(rest);
        }
    }
    tasks.into_values().flatten().map(|line| alike(&line)).collect()
}

/// Without addresses; of calls whose numbers are chance without those.
fn alike(line: &str) -> String {
    let name = line.split('(').next().unwrap_or_default();
    if name == "getrandom" {
        return name.to_owned();
    }
    let volatile = VOLATILE.contains(&name);
    let mut out = name.to_owned();
    let mut rest = &line[name.len()..];
    while let Some(c) = rest.chars().next() {
        let hex = rest.strip_prefix("0x").map_or(0, |hex| hex.bytes().take_while(u8::is_ascii_hexdigit).count());
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if hex == 12 && (rest.starts_with("0x7") || rest.starts_with("0x55") || rest.starts_with("0x56")) {
            out.push_str("ADDRESS");
            rest = &rest[2 + hex..];
        } else if let Some(handle) = rest.strip_prefix("f_handle=") {
            out.push_str("f_handle");
            rest = handle.trim_start_matches(|c: char| c != '}');
        } else if volatile && digits > 0 {
            out.push('N');
            rest = &rest[if hex > 0 { 2 + hex } else { digits }..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

#[derive(Default, Clone)]
struct Seen {
    made: BTreeSet<String>,
    newer: BTreeSet<&'static str>,
    used: BTreeSet<usize>,
    wrong: Vec<String>,
}

impl Seen {
    fn family(&mut self, family: &str, first: &[String], second: &[String], ours: &[String]) {
        self.made.extend(ours.iter().map(|line| line.split('(').next().unwrap_or_default().to_owned()));
        if first.len() != ours.len() || second.len() != ours.len() {
            let counts = (first.len(), second.len(), ours.len());
            self.wrong.push(format!("{family}: {counts:?} lines of strace twice and of ours"));
        }
        for ((first, second), ours) in first.iter().zip(second).zip(ours) {
            if !is_same(first, second, ours) && !self.is_listed(first, second, ours) {
                self.wrong.push(format!("{family}:\nstrace: {first}\nours:   {ours}"));
            }
        }
    }

    fn is_listed(&mut self, first: &str, second: &str, ours: &str) -> bool {
        // A call that it does not know has its number for a name.
        if let Some(number) = first.strip_prefix("syscall_0x").and_then(|rest| rest.split('(').next()) {
            let row = u64::from_str_radix(number, 16).ok().and_then(|number| syscalls::lookup(Abi::X86_64, number));
            return row.is_some_and(|row| ours.split('(').next() == Some(row.name));
        }
        let mut newer = BTreeSet::new();
        let older = without_newer(ours, &mut newer);
        if !newer.is_empty() && is_same(&without_comments(first), &without_comments(second), &without_comments(&older))
        {
            self.newer.extend(newer);
            return true;
        }
        let fits = |entry: &Differs| ours.starts_with(entry.ours) && first.contains(entry.theirs);
        let Some(at) = DIFFERENCES.iter().position(fits) else { return false };
        self.used.insert(at);
        self.newer.extend(newer);
        true
    }

    fn verdict(self) -> Verdict {
        let mut wrong = self.wrong;
        let left_out = |name: &str| LEFT_OUT.iter().any(|(known, _)| *known == name);
        for row in syscalls::table(Abi::X86_64).iter().flatten() {
            if self.made.contains(row.name) == left_out(row.name) {
                wrong.push(format!("{}: made and left out, or neither", row.name));
            }
        }
        for (at, entry) in
            DIFFERENCES.iter().enumerate().filter(|(at, entry)| !self.used.contains(at) && !entry.by_chance)
        {
            wrong.push(format!("entry {at} does not occur: {}, {}: {}", entry.ours, entry.theirs, entry.why));
        }
        for name in NEWER.iter().filter(|name| !self.newer.contains(*name)) {
            wrong.push(format!("{name} does not occur"));
        }
        ensure!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
        Ok(())
    }
}

/// Is ours what both have, where they agree?
fn is_same(first: &str, second: &str, ours: &str) -> bool {
    if first == ours {
        return true;
    }
    let [first, second, ours] = [first, second, ours].map(tokens);
    first.len() == ours.len()
        && second.len() == ours.len()
        && first.iter().zip(&second).zip(&ours).all(|((first, second), ours)| first != second || first == ours)
}

/// Words of letters and digits, and the characters between.
fn tokens(line: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let end = if is_word(c) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { c.len_utf8() };
        let (token, behind) = rest.split_at(end);
        tokens.push(token);
        rest = behind;
    }
    tokens
}

/// Names that strace does not have yet as the numbers that it shows for them.
fn without_newer(line: &str, found: &mut BTreeSet<&'static str>) -> String {
    let is_flag = |c: char| c.is_alphanumeric() || c == '_' || c == '|';
    let mut out = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let end = if is_flag(c) { rest.find(|c| !is_flag(c)).unwrap_or(rest.len()) } else { c.len_utf8() };
        let (flags, behind) = rest.split_at(end);
        let newer: Vec<_> = flags.split('|').filter_map(|flag| NEWER.iter().find(|name| **name == flag)).collect();
        if newer.is_empty() {
            out.push_str(flags);
        } else {
            let hex = |flag: &str| flag.strip_prefix("0x").and_then(|hex| u64::from_str_radix(hex, 16).ok());
            let left: u64 = flags.split('|').filter_map(hex).sum();
            let number = newer.iter().filter_map(|name| value_of(name)).fold(left, |all, value| all | value);
            let known = flags.split('|').filter(|flag| hex(flag).is_none() && !newer.contains(&flag));
            let mut parts: Vec<String> = known.map(str::to_owned).collect();
            parts.push(format!("{number:#x}"));
            out.push_str(&parts.join("|"));
            found.extend(newer);
        }
        rest = behind;
    }
    out
}

fn value_of(name: &str) -> Option<u64> {
    names::tables().flat_map(|table| table.rows).find(|row| row.1 == name).map(|row| row.0)
}

/// Without what strace puts behind a number that has no name.
fn without_comments(line: &str) -> String {
    let mut parts = line.split(" /* ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(" */") {
            Some((comment, behind)) if comment.contains("???") => out.push_str(behind),
            _ => {
                out.push_str(" /* ");
                out.push_str(part);
            }
        }
    }
    out
}
