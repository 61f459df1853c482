//! When nobody ran: no task on a CPU, no span open.

use super::sweep::OUTSIDE;
use super::{End, Timeline};

/// How long somebody ran or was inside a span.
#[derive(Debug, Default)]
pub(super) struct Busy {
    /// Not counted yet.
    times: Vec<(u64, u64)>,
    /// Counted, up to this moment.
    covered: u64,
    reached: u64,
}

impl Busy {
    /// Adds a time of one task; of a task in order.
    pub(super) fn add(&mut self, from: u64, to: u64) {
        match self.times.last_mut() {
            Some((_, end)) if *end == from => *end = to,
            _ => self.times.push((from, to)),
        }
    }

    /// Counts what was before `until`: all of it was added by every task.
    pub(super) fn settle(&mut self, until: u64) {
        self.times.sort_unstable();
        for (from, to) in &self.times {
            let to = (*to).min(until);
            self.covered += to.saturating_sub((*from).max(self.reached));
            self.reached = self.reached.max(to);
        }
        self.times.retain(|(_, to)| *to > until);
    }
}

/// Time of the run in which no task was on a CPU and no span was open; `None` where that can't be known.
pub(super) fn idle(timeline: &Timeline, end: &End) -> Option<u64> {
    let Timeline { tasks, busy, switches, .. } = timeline;
    let (began, ended) = end.wall;
    let wall = ended.saturating_sub(began);
    let ran = |number: usize| end.tasks.get(number).and_then(|task| task.ran);
    if let ([task], Some(total), false) = (tasks.as_slice(), ran(0), switches) {
        let inside: u64 = task.paths.iter().skip(OUTSIDE + 1).map(|path| path.on + path.off).sum();
        return Some(wall.saturating_sub(inside.max(total)));
    }
    if !switches && (0..tasks.len()).any(|number| ran(number).is_some()) {
        return None;
    }
    Some(wall.saturating_sub(busy.covered))
}
