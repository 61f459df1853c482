//! Findings: what is different, in a sentence each, the gravest first.

use std::collections::BTreeSet;

use super::golden::{Exit, Golden, Shape, Task};
use super::learn::counts;
use super::observe::{Run, RunTask, Step};

/// Steps of both sides that a finding shows from where they part.
const SHOWN: usize = 5;

/// What kind of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// A process ends in another way.
    Exit,
    /// A process is new.
    ProcNew,
    /// A process is missing.
    ProcGone,
    /// A thread is new.
    ThreadNew,
    /// A thread is missing.
    ThreadGone,
    /// A call is new, or made more often.
    CallNew,
    /// A call is missing, or made less often.
    CallGone,
    /// The same calls in another order.
    CallOrder,
}

impl Code {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Code::Exit => "exit",
            Code::ProcNew => "proc.new",
            Code::ProcGone => "proc.gone",
            Code::ThreadNew => "thread.new",
            Code::ThreadGone => "thread.gone",
            Code::CallNew => "call.new",
            Code::CallGone => "call.gone",
            Code::CallOrder => "call.order",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub code: Code,
    /// The process, and the task where one is meant.
    pub place: String,
    /// What is different.
    pub sentence: String,
    /// The accepted steps from where the runs part.
    pub before: Vec<String>,
    /// The steps of this run from there.
    pub after: Vec<String>,
    /// Position of the first step that is different, in its task.
    pub event: Option<usize>,
}

/// Everything in which a run differs from a golden, the gravest first.
pub fn compare(golden: &Golden, run: &Run) -> Vec<Finding> {
    let ignored = |process: &str| golden.left_out.iter().any(|left| left.process == process && left.task == "*");
    let mut findings = Vec::new();
    let mut gone: Vec<&str> = Vec::new();
    for (key, process) in &golden.processes {
        let Some(now) = run.processes.get(key) else {
            gone.push(key);
            continue;
        };
        if let Some(exit) = process.exit.as_ref().filter(|exit| **exit != now.exit) {
            findings.push(finding(Code::Exit, key, format!("{}, was {}", exit_words(&now.exit), exit_words(exit))));
        }
        for (task_key, task) in &process.tasks {
            let place = format!("{key} {task_key}");
            match now.tasks.get(task_key) {
                Some(now) => findings.extend(compare_task(golden, (key, task_key), &place, task, now)),
                None => findings.push(finding(Code::ThreadGone, &place, "this thread is no longer started".into())),
            }
        }
        let task_known = |task: &str| {
            process.tasks.contains_key(task) || golden.left_out.iter().any(|l| l.process == *key && l.task == task)
        };
        for task in now.tasks.keys().filter(|task| !task_known(task)) {
            findings.push(finding(Code::ThreadNew, &format!("{key} {task}"), "this thread is new".into()));
        }
    }
    let new: Vec<&str> = run
        .processes
        .keys()
        .map(String::as_str)
        .filter(|key| !golden.processes.contains_key(*key) && !ignored(key))
        .collect();
    findings.extend(topmost(&gone).map(|key| finding(Code::ProcGone, key, format!("no longer runs {}", program(key)))));
    findings.extend(topmost(&new).map(|key| finding(Code::ProcNew, key, format!("now runs {}", program(key)))));
    findings.sort_by(|a, b| (a.code, &a.place).cmp(&(b.code, &b.place)));
    findings
}

/// Processes whose parent is not in the list itself: a child goes with its parent.
fn topmost<'a>(keys: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let below =
        |key: &str| keys.iter().any(|parent| key.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/')));
    keys.iter().copied().filter(move |key| !below(key))
}

fn program(key: &str) -> &str {
    let last = key.rsplit('/').next().unwrap_or(key);
    let last = last.split('#').next().unwrap_or(last);
    last.rsplit('>').next().unwrap_or(last)
}

fn exit_words(exit: &Exit) -> String {
    match exit {
        Exit::Exited(code) => format!("exit status {code}"),
        Exit::Killed(signal) => format!("killed by {signal}"),
        Exit::Running => "still running".into(),
    }
}

fn finding(code: Code, place: &str, sentence: String) -> Finding {
    Finding { code, place: place.to_owned(), sentence, before: vec![], after: vec![], event: None }
}

fn compare_task(
    golden: &Golden,
    (process, task_key): (&str, &str),
    place: &str,
    task: &Task,
    now: &RunTask,
) -> Vec<Finding> {
    let varied: BTreeSet<&str> = golden
        .left_out
        .iter()
        .filter(|left| left.process == process && left.task == task_key)
        .map(|left| left.call.as_str())
        .collect();
    let steps: Vec<&Step> = now.steps.iter().filter(|step| !varied.contains(step.name.as_str())).collect();
    let mut findings = Vec::new();
    let after = counts(steps.iter().copied());
    let before: std::collections::BTreeMap<&Step, u64> =
        task.steps.iter().fold(Default::default(), |mut all: std::collections::BTreeMap<&Step, u64>, (n, step)| {
            *all.entry(step).or_default() += n;
            all
        });
    let all: BTreeSet<&Step> = before.keys().chain(after.keys()).copied().collect();
    for step in all {
        let (was, is) = (before.get(step).copied().unwrap_or(0), after.get(step).copied().unwrap_or(0));
        let (code, sentence) = match (was, is) {
            (was, is) if was == is => continue,
            (0, 1) => (Code::CallNew, format!("now calls {}", with_outcome(step))),
            (0, is) => (Code::CallNew, format!("now calls {} {is} times", with_outcome(step))),
            (_, 0) => (Code::CallGone, format!("no longer calls {}", with_outcome(step))),
            (was, is) if is > was => (Code::CallNew, format!("calls {} {is} times, was {was}", with_outcome(step))),
            (was, is) => (Code::CallGone, format!("calls {} {is} times, was {was}", with_outcome(step))),
        };
        findings.push(finding(code, place, sentence));
    }
    if task.shape == Shape::Sequence {
        part(place, task, &steps, &mut findings);
    }
    findings
}

fn with_outcome(step: &Step) -> String {
    match step.outcome.strip_prefix('!') {
        Some(errno) => format!("{} ({errno})", step.name),
        None => step.name.clone(),
    }
}

/// Shows where two sequences part: with the first finding of the task, or as one of its own.
fn part(place: &str, task: &Task, now: &[&Step], findings: &mut Vec<Finding>) {
    let accepted = |at: usize| task.steps.get(at).map(|(_, step)| step);
    let Some(at) = (0..task.steps.len().max(now.len())).find(|at| accepted(*at) != now.get(*at).copied()) else {
        return;
    };
    let show = |steps: &mut dyn Iterator<Item = &Step>| -> Vec<String> {
        let shown: Vec<String> = steps.take(SHOWN).map(ToString::to_string).collect();
        if shown.is_empty() { vec!["(end)".to_owned()] } else { shown }
    };
    let before = show(&mut task.steps.iter().skip(at).map(|(_, step)| step));
    let after = show(&mut now.iter().skip(at).copied());
    if findings.is_empty() {
        let sentence = format!("the same calls in another order, from call {} on", at + 1);
        findings.push(finding(Code::CallOrder, place, sentence));
    }
    findings.sort_by_key(|finding| finding.code);
    if let Some(first) = findings.first_mut() {
        (first.before, first.after, first.event) = (before, after, Some(at));
    }
}
