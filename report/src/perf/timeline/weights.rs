//! Which stack a nanosecond belongs to. Samples refine the exact time of spans, they never add to it.

use std::collections::{BTreeMap, BTreeSet};

use super::sweep::{OUTSIDE, Path, Sweep};
use super::{Born, Died, End, Name, Roots, Stack, Timeline, Tracepoint, Weight};
use crate::perf::folded::{BLOCKED, TRUNCATED, UNSAMPLED};
use crate::perf::frame::{UNKNOWN, frame, module};

/// How samples could be used.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cuts {
    /// Inside a span, and none of its frames lies in the function of it.
    pub uncut: u64,
    /// Without a known entry.
    pub truncated: u64,
}

/// The stacks of all tasks, nanoseconds.
pub(super) fn stacks(timeline: &Timeline, end: &End) -> (BTreeMap<String, u128>, Cuts) {
    let Timeline { tasks, tracepoints, switches, .. } = timeline;
    let mut stacks = Stacks { tracepoints, end, switches: *switches, stacks: BTreeMap::new(), cuts: Cuts::default() };
    let roots = Naming::of(tasks, end.roots);
    let never = Died::default();
    for (number, task) in tasks.iter().enumerate() {
        let died = end.tasks.get(number).unwrap_or(&never);
        stacks.task(task, died, &roots.root(task, died));
    }
    (stacks.stacks, stacks.cuts)
}

struct Stacks<'a> {
    tracepoints: &'a [Tracepoint],
    end: &'a End,
    switches: bool,
    stacks: BTreeMap<String, u128>,
    cuts: Cuts,
}

impl Stacks<'_> {
    fn task(&mut self, task: &Sweep, died: &Died, root: &[String]) {
        let first = |stack: &u32| self.end.stacks.get(*stack as usize).and_then(|stack| stack.first());
        let is_truncated = |stack: &u32| first(stack).is_some_and(|frame| matches!(frame.name, Name::Truncated));
        self.cuts.truncated += task.taken.iter().filter(|(stack, _)| is_truncated(stack)).map(|(_, n)| n).sum::<u64>();
        let inside: u64 = task.paths.iter().skip(OUTSIDE + 1).map(|path| path.on + path.off).sum();
        for (number, path) in task.paths.iter().enumerate() {
            let mut frames = root.to_vec();
            frames.extend(self.labels(&task.paths, number));
            let on = match (number, self.switches, died.ran) {
                (OUTSIDE, false, Some(total)) => total.saturating_sub(inside),
                (OUTSIDE, false, None) => 0,
                _ => path.on,
            };
            let code = path.step.and_then(|(_, tracepoint)| self.tracepoints.get(tracepoint as usize)?.code);
            self.spread(on, &path.samples, &frames, (number != OUTSIDE).then_some(code));
            if number != OUTSIDE && path.off > 0 && self.end.weight == Weight::Wall {
                self.add(&frames, [BLOCKED.to_owned()], path.off.into());
            }
        }
    }

    /// Labels of the spans of a path, outermost first.
    fn labels(&self, paths: &[Path], mut path: usize) -> Vec<String> {
        let mut labels = Vec::new();
        while let Some((around, tracepoint)) = paths.get(path).and_then(|path| path.step) {
            let label = self.tracepoints.get(tracepoint as usize).map_or_else(String::new, |t| frame(&t.label));
            labels.push(label);
            path = around;
        }
        labels.reverse();
        labels
    }

    /// Time on a CPU, evenly over the samples taken in it; those of the first stacks get what can't be divided. `span`: the
    /// function of the innermost span, where one is open.
    fn spread(&mut self, nanos: u64, samples: &BTreeMap<u32, u64>, frames: &[String], span: Option<Option<u64>>) {
        let count: u64 = samples.values().sum();
        let (Some(share), Some(mut rest)) = (nanos.checked_div(count), nanos.checked_rem(count)) else {
            let own = if span.is_none() { Some(UNSAMPLED.to_owned()) } else { None };
            return self.add(frames, own, nanos.into());
        };
        for (stack, times) in samples {
            let stack = self.end.stacks.get(*stack as usize).cloned().unwrap_or_default();
            let below = self.below(&stack, *times, span);
            let more = rest.min(*times);
            rest -= more;
            self.add(frames, below, u128::from(share) * u128::from(*times) + u128::from(more));
        }
    }

    /// The frames of a stack below the function of the innermost span.
    fn below(&mut self, stack: &Stack, times: u64, span: Option<Option<u64>>) -> Vec<String> {
        let from = match span {
            None => Some(0),
            Some(None) => None,
            Some(code) => stack.iter().rposition(|frame| frame.code == code).map(|at| at + 1),
        };
        let Some(from) = from else {
            self.cuts.uncut += times;
            return Vec::new();
        };
        let shown = |name: &Name| match name {
            Name::Symbol(name) => frame(name),
            Name::Module(name) => module(name),
            Name::Unknown => UNKNOWN.to_owned(),
            Name::Truncated => TRUNCATED.to_owned(),
        };
        stack.iter().skip(from).map(|frame| shown(&frame.name)).collect()
    }

    fn add(&mut self, frames: &[String], below: impl IntoIterator<Item = String>, nanos: u128) {
        if nanos == 0 {
            return;
        }
        let mut stack = frames.to_vec();
        stack.extend(below);
        // A sample without frames outside of all spans, in a program of one task.
        if stack.is_empty() {
            stack.push(UNKNOWN.to_owned());
        }
        *self.stacks.entry(stack.join(";")).or_default() += nanos;
    }
}

/// What tells tasks apart.
struct Naming {
    roots: Roots,
    processes: BTreeSet<u32>,
    /// Processes of several tasks.
    threaded: BTreeSet<u32>,
}

impl Naming {
    fn of(tasks: &[Sweep], roots: Roots) -> Self {
        let mut processes = BTreeSet::new();
        let second = tasks.iter().map(|task| task.born.pid).filter(|pid| !processes.insert(*pid));
        let threaded = second.collect();
        Naming { roots, processes, threaded }
    }

    fn root(&self, task: &Sweep, died: &Died) -> Vec<String> {
        let Born { pid, tid, .. } = task.born;
        let (process, thread) = (frame(&died.process), frame(&died.name));
        let tid = || frame(&[died.name.as_slice(), format!("-{pid}/{tid}").as_bytes()].concat());
        match self.roots {
            Roots::None => Vec::new(),
            Roots::Process => vec![process],
            Roots::Thread => vec![thread],
            Roots::Tid => vec![tid()],
            Roots::Auto => {
                let mut root = Vec::new();
                root.extend((self.processes.len() > 1).then_some(process));
                root.extend(self.threaded.contains(&pid).then_some(thread));
                root
            }
        }
    }
}
