//! Which stack a nanosecond belongs to. Samples refine the exact time of spans, they never add to it.

use std::collections::{BTreeMap, BTreeSet};

use super::walk::{OUTSIDE, Walk};
use super::{Name, OnCpu, Roots, Sample, Task, Timeline, Weight};
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
pub(super) fn stacks(timeline: &Timeline, walks: &[Walk]) -> (BTreeMap<String, u128>, Cuts) {
    let mut stacks = Stacks { timeline, stacks: BTreeMap::new(), cuts: Cuts::default() };
    let roots = Naming::of(timeline);
    for (task, walk) in timeline.tasks.iter().zip(walks) {
        stacks.task(task, walk, &roots.root(task));
    }
    (stacks.stacks, stacks.cuts)
}

struct Stacks<'a> {
    timeline: &'a Timeline,
    stacks: BTreeMap<String, u128>,
    cuts: Cuts,
}

impl Stacks<'_> {
    fn task(&mut self, task: &Task, walk: &Walk, root: &[String]) {
        let samples = by_path(task, walk);
        for sample in &task.samples {
            let truncated = matches!(sample.frames.first().map(|frame| &frame.name), Some(Name::Truncated));
            self.cuts.truncated += u64::from(truncated);
        }
        let inside: u64 = walk.paths.iter().skip(OUTSIDE + 1).map(|path| path.on + path.off).sum();
        for (number, (path, samples)) in walk.paths.iter().zip(&samples).enumerate() {
            let mut frames = root.to_vec();
            frames.extend(self.labels(walk, number));
            let on = match (&task.on_cpu, number) {
                (OnCpu::Total(total), OUTSIDE) => total.saturating_sub(inside),
                (OnCpu::Unknown, OUTSIDE) => 0,
                _ => path.on,
            };
            let code = path.step.and_then(|(_, tracepoint)| self.timeline.tracepoints.get(tracepoint)?.code);
            self.spread(on, samples, &frames, (number != OUTSIDE).then_some(code));
            if number != OUTSIDE && path.off > 0 && self.timeline.weight == Weight::Wall {
                self.add(&frames, [BLOCKED.to_owned()], path.off.into());
            }
        }
    }

    /// Labels of the spans of a path, outermost first.
    fn labels(&self, walk: &Walk, mut path: usize) -> Vec<String> {
        let mut labels = Vec::new();
        while let Some((around, tracepoint)) = walk.paths.get(path).and_then(|path| path.step) {
            labels.push(self.timeline.tracepoints.get(tracepoint).map_or_else(String::new, |t| frame(&t.label)));
            path = around;
        }
        labels.reverse();
        labels
    }

    /// Time on a CPU, evenly over the samples taken in it; the first of them get what can't be divided. `span`: the
    /// function of the innermost span, where one is open.
    fn spread(&mut self, nanos: u64, samples: &[&Sample], frames: &[String], span: Option<Option<u64>>) {
        let count = samples.len() as u64;
        let (Some(share), Some(rest)) = (nanos.checked_div(count), nanos.checked_rem(count)) else {
            let own = if span.is_none() { Some(UNSAMPLED.to_owned()) } else { None };
            return self.add(frames, own, nanos.into());
        };
        for (number, sample) in (0..).zip(samples) {
            let below = self.below(sample, span);
            self.add(frames, below, u128::from(share + u64::from(number < rest)));
        }
    }

    /// The frames of a sample below the function of the innermost span.
    fn below(&mut self, sample: &Sample, span: Option<Option<u64>>) -> Vec<String> {
        let from = match span {
            None => Some(0),
            Some(None) => None,
            Some(code) => sample.frames.iter().rposition(|frame| frame.code == code).map(|at| at + 1),
        };
        let Some(from) = from else {
            self.cuts.uncut += 1;
            return Vec::new();
        };
        let shown = |name: &Name| match name {
            Name::Symbol(name) => frame(name),
            Name::Module(name) => module(name),
            Name::Unknown => UNKNOWN.to_owned(),
            Name::Truncated => TRUNCATED.to_owned(),
        };
        sample.frames.iter().skip(from).map(|frame| shown(&frame.name)).collect()
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

/// Samples that were taken while the task ran, by the path that was open then.
fn by_path<'a>(task: &'a Task, walk: &Walk) -> Vec<Vec<&'a Sample>> {
    let mut sorted: Vec<Vec<&Sample>> = walk.paths.iter().map(|_| Vec::new()).collect();
    for sample in task.samples.iter().filter(|sample| walk.ran.at(sample.at)) {
        let ended = walk.segments.partition_point(|segment| segment.to <= sample.at);
        let path = walk.segments.get(ended).filter(|segment| segment.from <= sample.at).map(|segment| segment.path);
        if let Some(samples) = path.and_then(|path| sorted.get_mut(path)) {
            samples.push(sample);
        }
    }
    sorted
}

/// Time of the run in which no task was on a CPU and no span was open; `None` where that can't be known.
pub(super) fn idle(timeline: &Timeline, walks: &[Walk]) -> Option<u64> {
    let (begin, end) = timeline.wall;
    let wall = end.saturating_sub(begin);
    if let ([task], [walk]) = (timeline.tasks.as_slice(), walks)
        && let OnCpu::Total(total) = task.on_cpu
    {
        let inside: u64 = walk.paths.iter().skip(OUTSIDE + 1).map(|path| path.on + path.off).sum();
        return Some(wall.saturating_sub(inside.max(total)));
    }
    if timeline.tasks.iter().any(|task| matches!(task.on_cpu, OnCpu::Total(_))) {
        return None;
    }
    let mut busy: Vec<(u64, u64)> = Vec::new();
    for walk in walks {
        busy.extend(walk.ran.slices());
        busy.extend(walk.segments.iter().filter(|s| s.path != OUTSIDE).map(|segment| (segment.from, segment.to)));
    }
    busy.sort_unstable();
    let mut covered = 0;
    let mut reached = begin;
    for (from, to) in busy {
        let (from, to) = (from.max(reached), to.min(end));
        covered += to.saturating_sub(from);
        reached = reached.max(to);
    }
    Some(wall.saturating_sub(covered))
}

/// What tells tasks apart.
struct Naming {
    roots: Roots,
    processes: BTreeSet<u32>,
    /// Processes of several tasks.
    threaded: BTreeSet<u32>,
}

impl Naming {
    fn of(timeline: &Timeline) -> Self {
        let mut processes = BTreeSet::new();
        let second = timeline.tasks.iter().filter(|task| !processes.insert(task.pid)).map(|task| task.pid);
        let threaded = second.collect();
        Naming { roots: timeline.roots, processes, threaded }
    }

    fn root(&self, task: &Task) -> Vec<String> {
        let (process, thread) = (frame(&task.process), frame(&task.name));
        let tid = || frame(&[task.name.as_slice(), format!("-{}/{}", task.pid, task.tid).as_bytes()].concat());
        match self.roots {
            Roots::None => Vec::new(),
            Roots::Process => vec![process],
            Roots::Thread => vec![thread],
            Roots::Tid => vec![tid()],
            Roots::Auto => {
                let mut root = Vec::new();
                root.extend((self.processes.len() > 1).then_some(process));
                root.extend(self.threaded.contains(&task.pid).then_some(thread));
                root
            }
        }
    }
}
