//! The golden file: one fact a line, so that a diff is the review.
//!
//! ```text
//! golden 0 level=calls runs=3 platform=x86_64
//! argv ./cli --version
//! asserts 61 64
//! proc P exit=0
//! task P t0
//!   execve = ok
//!   openat = !ENOENT
//! task P t0.1 bag
//!   x3 write = ok
//! left-out P t0 futex why=3,5,4
//! ```
//!
//! `bag`: the order varied from run to run, so that only how often is asserted. `left-out`: how often
//! varied too, by run. Bytes outside of the visible ASCII range, `%`, and blanks are `%XX`.
//! Version 0 compares names and outcomes only; a later version reads it and says so.

use std::collections::BTreeMap;
use std::fmt;

use super::observe::Step;

/// Bytes of a golden that is read.
const FILE_LIMIT: usize = 256 << 20;

/// An accepted run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Golden {
    /// How many runs it was learned from.
    pub runs: u32,
    /// Architecture it was learned on.
    pub platform: String,
    /// argv of the root; shown, not compared.
    pub argv: Vec<String>,
    /// Calls asserted, and calls in a run.
    pub asserts: (u64, u64),
    /// Processes by key.
    pub processes: BTreeMap<String, Process>,
    /// What varied from run to run.
    pub left_out: Vec<LeftOut>,
}

/// An accepted process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// How it ends; `None` when that varied.
    pub exit: Option<Exit>,
    /// Its tasks by key.
    pub tasks: BTreeMap<String, Task>,
}

/// How a process ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// With this code.
    Exited(u8),
    /// By this signal, by name.
    Killed(String),
    /// Its end was not seen.
    Running,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Exited(code) => write!(f, "exit={code}"),
            Exit::Killed(signal) => write!(f, "killed={signal}"),
            Exit::Running => write!(f, "running"),
        }
    }
}

/// An accepted task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Task {
    /// Is the order of its steps asserted?
    pub shape: Shape,
    /// The steps: in order, or of a bag each with its number.
    pub steps: Vec<(u64, Step)>,
}

/// Is the order of steps asserted?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// It is.
    #[default]
    Sequence,
    /// Only how often each occurs.
    Bag,
}

/// Calls that varied from run to run, and so are asserted nowhere in their task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// The process.
    pub process: String,
    /// The task.
    pub task: String,
    /// Name of the call; `*` for the whole task.
    pub call: String,
    /// How often it was made, by run.
    pub counts: Vec<u64>,
}

impl fmt::Display for Golden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "golden 0 level=calls runs={} platform={}", self.runs, escape(&self.platform))?;
        let argv: String = self.argv.iter().map(|word| format!(" {}", escape(word))).collect();
        writeln!(f, "argv{argv}")?;
        writeln!(f, "asserts {} {}", self.asserts.0, self.asserts.1)?;
        for (key, process) in &self.processes {
            match &process.exit {
                Some(exit) => writeln!(f, "proc {} {exit}", escape(key))?,
                None => writeln!(f, "proc {} exit=*", escape(key))?,
            }
        }
        for (key, process) in &self.processes {
            for (task, steps) in &process.tasks {
                let bag = if steps.shape == Shape::Bag { " bag" } else { "" };
                writeln!(f, "task {} {task}{bag}", escape(key))?;
                for (count, step) in &steps.steps {
                    let times = if steps.shape == Shape::Bag { format!("x{count} ") } else { String::new() };
                    writeln!(f, "  {times}{} = {}", escape(&step.name), escape(&step.outcome))?;
                }
            }
        }
        for LeftOut { process, task, call, counts } in &self.left_out {
            let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
            writeln!(f, "left-out {} {task} {} why={}", escape(process), escape(call), counts.join(","))?;
        }
        Ok(())
    }
}

/// A file that is no golden.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadGolden {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl Golden {
    /// Reads a golden. What is printed from it is the same bytes again.
    ///
    /// # Errors
    /// The first line that is none of a golden.
    pub fn parse(text: &str) -> Result<Golden, BadGolden> {
        let bad = |line: usize, why: String| BadGolden { line: line + 1, why };
        if text.len() > FILE_LIMIT {
            return Err(bad(0, format!("{} bytes; at most {FILE_LIMIT} are read", text.len())));
        }
        let mut lines = text.lines().enumerate();
        let mut golden = match lines.next().map(|(_, line)| head(line)) {
            Some(head) => head.map_err(|why| bad(0, why))?,
            None => return Err(bad(0, "the file is empty".into())),
        };
        let mut open: Option<(String, String)> = None;
        for (at, line) in lines {
            let step = line.strip_prefix("  ");
            let result = match (step, &open) {
                (Some(step), Some((process, task))) => golden.step(process, task, step),
                (Some(_), None) => Err("a step outside of a task".into()),
                (None, _) => golden.fact(line, &mut open),
            };
            result.map_err(|why| bad(at, why))?;
        }
        Ok(golden)
    }

    fn fact(&mut self, line: &str, open: &mut Option<(String, String)>) -> Result<(), String> {
        *open = None;
        let words: Vec<String> = line.split(' ').map(unescape).collect::<Result<_, _>>()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["argv", rest @ ..] => self.argv = rest.iter().map(|word| (*word).to_owned()).collect(),
            ["asserts", asserted, all] => self.asserts = (number(asserted)?, number(all)?),
            ["proc", key, exit] => {
                let process = Process { exit: parse_exit(exit)?, tasks: BTreeMap::new() };
                if self.processes.insert((*key).to_owned(), process).is_some() {
                    return Err(format!("process {key} for the second time"));
                }
            }
            ["task", key, task, shape @ ..] => {
                let shape = match shape {
                    [] => Shape::Sequence,
                    ["bag"] => Shape::Bag,
                    _ => return Err(format!("unknown words behind task {key} {task}")),
                };
                let process = self.processes.get_mut(*key).ok_or_else(|| format!("no process {key}"))?;
                if process.tasks.insert((*task).to_owned(), Task { shape, steps: Vec::new() }).is_some() {
                    return Err(format!("task {key} {task} for the second time"));
                }
                *open = Some(((*key).to_owned(), (*task).to_owned()));
            }
            ["left-out", process, task, call, why] => {
                let counts = why.strip_prefix("why=").ok_or("why= is missing")?;
                self.left_out.push(LeftOut {
                    process: (*process).to_owned(),
                    task: (*task).to_owned(),
                    call: (*call).to_owned(),
                    counts: counts.split(',').map(number).collect::<Result<_, _>>()?,
                });
            }
            _ => return Err(format!("unknown line {line:?}")),
        }
        Ok(())
    }

    fn step(&mut self, process: &str, task: &str, line: &str) -> Result<(), String> {
        let task = self.processes.get_mut(process).and_then(|process| process.tasks.get_mut(task));
        let task = task.ok_or("a step outside of a task")?;
        let (count, rest) = match task.shape {
            Shape::Sequence => (1, line),
            Shape::Bag => {
                let (count, rest) = line.split_once(' ').ok_or("a step of a bag begins with its number")?;
                (number(count.strip_prefix('x').ok_or("a step of a bag begins with x")?)?, rest)
            }
        };
        let (name, outcome) = rest.split_once(" = ").ok_or_else(|| format!("no step: {line:?}"))?;
        task.steps.push((count, Step { name: unescape(name)?, outcome: unescape(outcome)? }));
        Ok(())
    }
}

fn head(line: &str) -> Result<Golden, String> {
    let mut words = line.split(' ');
    match (words.next(), words.next()) {
        (Some("golden"), Some("0")) => {}
        (Some("golden"), Some(version)) => {
            return Err(format!("version {} of goldens; this program reads version 0", escape(version)));
        }
        _ => return Err("no golden: it does not begin with the word golden".into()),
    }
    let mut golden = Golden {
        runs: 0,
        platform: String::new(),
        argv: Vec::new(),
        asserts: (0, 0),
        processes: BTreeMap::new(),
        left_out: Vec::new(),
    };
    for word in words {
        match word.split_once('=') {
            Some(("level", "calls")) => {}
            Some(("level", level)) => return Err(format!("level {}; this program knows calls", escape(level))),
            Some(("runs", runs)) => {
                golden.runs = u32::try_from(number(runs)?).map_err(|_| format!("{runs} runs"))?;
            }
            Some(("platform", platform)) => golden.platform = unescape(platform)?,
            _ => return Err(format!("unknown word {word:?}")),
        }
    }
    Ok(golden)
}

fn parse_exit(word: &str) -> Result<Option<Exit>, String> {
    Ok(Some(match word.split_once('=') {
        Some(("exit", "*")) => return Ok(None),
        Some(("exit", code)) => {
            Exit::Exited(number(code)?.try_into().map_err(|_| format!("{code} is no exit status"))?)
        }
        Some(("killed", signal)) => Exit::Killed(signal.to_owned()),
        None if word == "running" => Exit::Running,
        _ => return Err(format!("unknown end {word:?}")),
    }))
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("{word:?} is no number"))
}

/// Visible ASCII but `%`; everything else as `%XX`. An empty word is `""`.
fn escape(word: &str) -> String {
    if word.is_empty() {
        return "\"\"".into();
    }
    let mut out = String::with_capacity(word.len());
    for byte in word.bytes() {
        if matches!(byte, 0x21..=0x7e) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    if out == "\"\"" { "%22%22".into() } else { out }
}

fn unescape(word: &str) -> Result<String, String> {
    if word == "\"\"" {
        return Ok(String::new());
    }
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().unwrap_or(b'?'), rest.next().unwrap_or(b'?')];
        let text = std::str::from_utf8(&digits).unwrap_or("??");
        bytes.push(u8::from_str_radix(text, 16).map_err(|_| format!("%{text} is no byte"))?);
    }
    String::from_utf8(bytes).map_err(|_| format!("{word:?} is no UTF-8"))
}
