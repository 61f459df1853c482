//! Tight loops: a short block of calls that repeats in one task and moves little.

use std::collections::HashMap;

use syscalls::Kind;

use super::made::Made;
use crate::finding::text;

/// Calls of the longest block.
const LONGEST: usize = 8;
/// Repetitions that make a loop.
const REPEATS: u64 = 1000;
/// Bytes that a call of a loop moves less of, in the median.
const LITTLE: u64 = 4096;

/// A loop that was found, the largest of its task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loop {
    /// Basename of the executable.
    pub exe: String,
    /// Names of the block.
    pub block: Vec<String>,
    /// Calls of the loop.
    pub calls: u64,
    /// Calls of the task.
    pub of: u64,
}

impl Loop {
    /// The share of its task's calls.
    pub fn share(&self) -> f64 {
        self.calls as f64 / self.of.max(1) as f64
    }
}

/// A call, as far as repetitions go: its number in its ABI, and its descriptors.
type Key = (u8, u64, [u64; 2]);

/// How long the calls have been what they were `period` calls before.
#[derive(Debug, Clone, Copy, Default)]
struct Repeat {
    run: u64,
    /// Calls of the run that moved little.
    little: u64,
}

#[derive(Debug, Default)]
struct Task {
    exe: Vec<u8>,
    calls: u64,
    last: [Option<(Key, String, bool)>; LONGEST],
    repeats: [Repeat; LONGEST],
    best: Option<(u64, Vec<String>)>,
}

/// The tasks of a run.
#[derive(Debug, Default)]
pub(crate) struct Loops {
    tasks: HashMap<u32, Task>,
    found: Vec<Loop>,
}

impl Loops {
    pub fn call(&mut self, made: &Made<'_>) {
        let key = key(made);
        let little = made.moved().bytes < LITTLE;
        let task = self.tasks.entry(made.call.event.task()).or_default();
        if task.exe != made.exe {
            task.exe = made.exe.to_vec();
        }
        task.push(key, little, || made.name().into_owned());
    }

    /// The task ended, or its id begins anew.
    pub fn over(&mut self, tid: u32) {
        if let Some(task) = self.tasks.remove(&tid) {
            self.found.extend(task.end());
        }
    }

    /// Every loop, the largest share first.
    pub fn into_found(mut self) -> Vec<Loop> {
        let alive: Vec<u32> = self.tasks.keys().copied().collect();
        alive.into_iter().for_each(|tid| self.over(tid));
        self.found.sort_by(|a, b| b.share().total_cmp(&a.share()).then_with(|| a.exe.cmp(&b.exe)));
        self.found
    }
}

fn key(made: &Made<'_>) -> Key {
    let args = made.call.args();
    let mut descriptors = [u64::MAX; 2];
    if let Some(row) = made.row {
        let fds = row.args_for(&args).iter().zip(args).filter(|(arg, _)| matches!(arg.kind, Kind::Fd | Kind::DirFd));
        // Descriptors are ints: their upper halves are chance.
        descriptors.iter_mut().zip(fds).for_each(|(place, (_, word))| *place = word & 0xffff_ffff);
    }
    (made.call.event.abi(), made.call.nr(), descriptors)
}

impl Task {
    fn push(&mut self, key: Key, little: bool, name: impl FnOnce() -> String) {
        let at = (self.calls % LONGEST as u64) as usize;
        for period in 1..=LONGEST {
            // The place of the call so many before; of the longest period it is the one that is overwritten.
            let before = (at + LONGEST - period) % LONGEST;
            let same = self.last[before].as_ref().is_some_and(|(known, ..)| *known == key);
            if same {
                let repeat = &mut self.repeats[period - 1];
                repeat.run += 1;
                repeat.little += u64::from(little);
            } else {
                self.finish(period);
            }
        }
        let name = match self.last[at].take() {
            Some((known, name, _)) if known == key => name,
            _ => name(),
        };
        self.last[at] = Some((key, name, little));
        self.calls += 1;
    }

    /// The repetitions of this period are over.
    fn finish(&mut self, period: usize) {
        let Repeat { run, little } = std::mem::take(&mut self.repeats[period - 1]);
        // The first block is no repetition of anything, but part of the loop.
        let calls = run + period as u64;
        let is_loop = run > 0 && calls >= REPEATS * period as u64 && little * 2 > run;
        if !is_loop || self.best.as_ref().is_some_and(|(best, _)| *best >= calls) {
            return;
        }
        let end = (self.calls % LONGEST as u64) as usize;
        let block = (1..=period).rev().filter_map(|back| self.last[(end + LONGEST - back) % LONGEST].as_ref());
        self.best = Some((calls, block.map(|(_, name, _)| name.clone()).collect()));
    }

    fn end(mut self) -> Option<Loop> {
        for period in 1..=LONGEST {
            self.finish(period);
        }
        let (calls, block) = self.best.take()?;
        Some(Loop { exe: text(&self.exe), block, calls: calls.min(self.calls), of: self.calls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(calls: impl IntoIterator<Item = (u64, bool)>) -> Option<Loop> {
        let mut task = Task::default();
        for (nr, little) in calls {
            task.push((0, nr, [1, u64::MAX]), little, || nr.to_string());
        }
        task.end()
    }

    #[test]
    fn a_thousand_repetitions_are_a_loop_and_one_less_is_none() {
        let found = task((0..1000).map(|_| (1, true))).expect("a loop");
        assert_eq!((found.calls, found.of, found.block), (1000, 1000, vec!["1".to_owned()]));
        assert_eq!(task((0..999).map(|_| (1, true))), None);
        assert_eq!(task((0..5000).map(|_| (1, false))), None, "it moves much");
    }

    #[test]
    fn the_block_has_up_to_eight_calls() {
        for period in 1..=8u64 {
            let before = (100..107).map(|nr| (nr, true));
            let body = (0..1000 * period).map(move |at| (at % period, true));
            let found = task(before.clone().chain(body)).expect("a loop");
            assert_eq!((found.calls, found.of), (1000 * period, 1000 * period + 7), "{period}");
            assert_eq!(found.block.len() as u64, period);
            assert_eq!(task(before.chain((0..1000 * period - 1).map(move |at| (at % period, true)))), None, "{period}");
        }
        assert_eq!(task((0..9000).map(|at| (at % 9, true))), None);
    }
}
