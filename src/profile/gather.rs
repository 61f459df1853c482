//! Gathering: what is seen of a run becomes what its timeline holds of each task.
//!
//! What grows with the length of the run: 16 bytes for each time a task came onto a CPU, 16 for each sample, and each
//! stack that was seen, once.

use std::collections::HashMap;
use std::sync::Arc;

use report::perf::timeline::{self, OnCpu, Task};
use tracer::sampling::{Frame, Seen};

use super::Names;

/// A task and what it did so far. Times are CLOCK_MONOTONIC, ns.
#[derive(Debug)]
struct Known {
    pid: u32,
    tid: u32,
    name: Vec<u8>,
    born: u64,
    died: Option<u64>,
    on_since: Option<u64>,
    ran: Vec<(u64, u64)>,
    samples: Vec<(u64, u32)>,
}

/// What was seen of all tasks of a run.
#[derive(Debug, Default)]
pub struct Gather {
    /// In the order of their births.
    tasks: Vec<Known>,
    /// The latest task of a number.
    latest: HashMap<u32, usize>,
    /// Frames innermost first, and whether the last is where the task began.
    stacks: HashMap<(Box<[Frame]>, bool), u32>,
    began: Option<u64>,
    ended: u64,
}

impl Gather {
    /// Takes what was seen, in order.
    pub fn see(&mut self, seen: Seen<'_>) {
        match seen {
            Seen::Born { pid, tid, at_ns } => self.born(pid, tid, at_ns),
            Seen::Died { tid, at_ns, .. } => self.died(tid, at_ns),
            Seen::Named { pid, tid, at_ns, name, .. } => {
                self.began.get_or_insert(at_ns);
                name.clone_into(&mut self.task(pid, tid, at_ns).name);
            }
            Seen::Switch { tid, at_ns, on } => self.switched(tid, at_ns, on),
            Seen::Sample(sample) => {
                let stack = self.stack(sample.frames, sample.complete);
                self.task(sample.pid, sample.tid, sample.at_ns).samples.push((sample.at_ns, stack));
            }
        }
    }

    /// Has the program begun?
    pub fn has_begun(&self) -> bool {
        self.began.is_some()
    }

    /// From the first instruction of the program to the end of the last task.
    pub fn wall(&self) -> (u64, u64) {
        let began = self.began.unwrap_or(self.ended);
        (began, self.ended.max(began))
    }

    /// The tasks, with their stacks as `names` has them; `leaves`: only where the task was.
    pub fn tasks(self, names: &mut Names<'_>, leaves: bool) -> Vec<Task> {
        let (_, end) = self.wall();
        let leaders: HashMap<u32, Vec<u8>> =
            self.tasks.iter().filter(|task| task.tid == task.pid).map(|task| (task.pid, task.name.clone())).collect();
        let mut stacks: Vec<Arc<[timeline::Frame]>> = vec![Arc::default(); self.stacks.len()];
        for ((frames, complete), number) in self.stacks {
            let shown = if leaves { frames.get(..1).unwrap_or_default() } else { &frames };
            if let Some(stack) = stacks.get_mut(number as usize) {
                *stack = names.stack(shown, complete || leaves);
            }
        }
        let sample = |(at, stack): (u64, u32)| timeline::Sample {
            at,
            frames: stacks.get(stack as usize).cloned().unwrap_or_default(),
        };
        let task = |mut known: Known| {
            let died = known.died.unwrap_or(end).max(known.born);
            known.ran.extend(known.on_since.map(|since| (since, died)));
            Task {
                pid: known.pid,
                tid: known.tid,
                process: leaders.get(&known.pid).unwrap_or(&known.name).clone(),
                name: known.name,
                born: known.born,
                died,
                on_cpu: OnCpu::Switches(known.ran),
                marks: Vec::new(),
                samples: known.samples.into_iter().map(sample).collect(),
                calls: Vec::new(),
            }
        };
        self.tasks.into_iter().map(task).collect()
    }

    fn born(&mut self, pid: u32, tid: u32, at: u64) {
        self.ended = self.ended.max(at);
        // Of a process nobody named yet it is the name of the one that made it; the first is the likeliest.
        let maker = self.latest.get(&pid).copied().unwrap_or(0);
        let name = self.tasks.get(maker).map(|task| task.name.clone()).unwrap_or_default();
        self.latest.insert(tid, self.tasks.len());
        self.tasks.push(Known {
            pid,
            tid,
            name,
            born: at,
            died: None,
            on_since: None,
            ran: Vec::new(),
            samples: Vec::new(),
        });
    }

    fn died(&mut self, tid: u32, at: u64) {
        self.ended = self.ended.max(at);
        if let Some(task) = self.latest.get(&tid).and_then(|number| self.tasks.get_mut(*number)) {
            task.ran.extend(task.on_since.take().map(|since| (since, at)));
            task.died = Some(at);
        }
    }

    fn switched(&mut self, tid: u32, at: u64, on: bool) {
        self.ended = self.ended.max(at);
        let Some(task) = self.latest.get(&tid).and_then(|number| self.tasks.get_mut(*number)) else { return };
        match (task.on_since, on) {
            (None, true) if task.died.is_none() => task.on_since = Some(at),
            (Some(since), false) => {
                task.ran.push((since, at));
                task.on_since = None;
            }
            _ => {}
        }
    }

    /// A task, made up where its birth was not seen.
    fn task(&mut self, pid: u32, tid: u32, at: u64) -> &mut Known {
        self.ended = self.ended.max(at);
        if !self.latest.contains_key(&tid) {
            self.born(pid, tid, at);
        }
        let number = self.latest[&tid];
        &mut self.tasks[number]
    }

    fn stack(&mut self, frames: &[Frame], complete: bool) -> u32 {
        let next = self.stacks.len() as u32;
        *self.stacks.entry((frames.into(), complete)).or_insert(next)
    }
}
