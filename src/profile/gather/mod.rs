//! Gathering: a sink that turns the events of a run into its timeline while it runs.
//!
//! What has been told up to some moment is settled from time to time, so that what is kept grows with the tasks,
//! paths and stacks there are, not with the length of the run.
//!
//! | file | its question |
//! |---|---|
//! | `tasks` | whose event is it; when did a task begin and end |
//! | `slots` | what tracepoints say: spans, random streams, allocations |
//! | `accounts` | what the kernel's accounts of all processes add up to |
//! | `calls` | what a system call was, as far as a profile tells it |

mod accounts;
mod calls;
mod slots;
mod tasks;

use std::collections::HashMap;

use recording::event::{BornHow, Event, Frame, Kind, text};
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};
use report::perf::timeline::{Call, Timeline};

pub use accounts::Accounts;
pub use slots::Slots;
pub use tasks::Tasks;

/// Of a recording, what is younger than its last word may still be told, ns. A live run says what has been told.
const YOUNG_NS: u64 = 50_000_000;
/// So long is waited for the first word of the sampler, ns.
const PATIENCE_NS: u64 = 2_000_000_000;

/// Told once, when the first instruction of the program is about to run.
pub type Begun = Box<dyn FnMut()>;

/// What was seen of a run.
pub struct Gather {
    pub(super) timeline: Timeline,
    pub(super) tasks: Tasks,
    pub(super) slots: Slots,
    pub(super) accounts: Accounts,
    /// Numbers of stacks: frames innermost first, and whether the last is where the task began.
    pub(super) stacks: HashMap<(Box<[Frame]>, bool), u32>,
    calls: Option<calls::Calls>,
    /// Only tracepoints, whose times are of the fake clock.
    is_fake: bool,
    samples: bool,
    begun: Option<Begun>,
    /// Time of the youngest event that came late.
    late: u64,
    settled: u64,
    /// Does the engine say up to when all has been told?
    is_told: bool,
    frames: Vec<Frame>,
    /// Reasons why something is missing that the engine told.
    pub(super) missing: Vec<(String, String)>,
}

/// What is gathered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Samples and switches are expected.
    pub samples: bool,
    /// So are system calls.
    pub calls: bool,
    /// Times are of the fake clock.
    pub fake: bool,
    /// Only the first task is traced.
    pub alone: bool,
}

impl Gather {
    /// Nothing yet; `begun` is told when the program begins.
    pub fn new(wanted: Wanted, begun: Begun) -> Gather {
        Gather {
            timeline: Timeline::new(wanted.calls && !wanted.fake),
            tasks: Tasks::new(wanted.fake, wanted.alone),
            slots: Slots::default(),
            accounts: Accounts::default(),
            stacks: HashMap::new(),
            calls: (wanted.calls && !wanted.fake).then(calls::Calls::default),
            is_fake: wanted.fake,
            samples: wanted.samples && !wanted.fake,
            begun: Some(begun),
            late: 0,
            settled: 0,
            is_told: false,
            frames: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Has the program begun?
    pub fn has_begun(&self) -> bool {
        self.tasks.began().is_some()
    }

    fn event(&mut self, event: &Event<'_>) {
        let (tid, at) = (event.task(), event.at());
        match event.kind() {
            Some(Kind::Born) => {
                let first = BornHow::from_raw(event.u8(36)) == Some(BornHow::First);
                let name = event.text(text::MAIN);
                let born = self.tasks.born(tid, event.u32(48), event.u32(32), at, first, name);
                if let Some((maker, child)) = born {
                    self.slots.forked(maker, child);
                }
            }
            Some(Kind::Exec) => {
                let begins = self.tasks.exec(tid, at, event.text(text::COMM));
                if begins && let Some(mut begun) = self.begun.take() {
                    begun();
                }
            }
            Some(Kind::Died) if self.is_fake => self.tasks.forget(tid),
            Some(Kind::Died) => self.tasks.died(tid, at),
            Some(Kind::Named) => self.tasks.named(tid, event.named().unwrap_or_default()),
            Some(Kind::Account) => match event.u32(32) {
                1 => self.accounts.process(event),
                _ => self.tasks.account(event),
            },
            Some(Kind::Tracepoint) => self.tracepoints(event),
            Some(Kind::Counter) if !self.is_fake && Some(tid) == self.tasks.root() => self.accounts.counter(event),
            Some(Kind::Lost) => {
                let count = event.u32(32);
                self.missing.push(("events".into(), format!("{count} events were lost")));
            }
            Some(_) if self.is_fake => {}
            Some(Kind::Switch) => {
                self.late = self.late.max(at);
                if let (Some(switch), Some(task)) = (event.switch(), self.tasks.at(tid, at, &mut self.timeline)) {
                    self.tasks.switched(task, at, switch.on);
                    self.timeline.switch(task, at, switch.on);
                }
            }
            Some(Kind::Sample) => self.sampled(event),
            Some(Kind::Call) if !event.is_announcement() => self.called(event),
            _ => {}
        }
    }

    fn sampled(&mut self, event: &Event<'_>) {
        self.late = self.late.max(event.at());
        // One without weight is the stack of a call.
        let Some(sample) = event.sample().filter(|sample| sample.weight > 0) else { return };
        let Some(task) = self.tasks.at(event.task(), event.at(), &mut self.timeline) else { return };
        self.frames.clear();
        self.frames.extend(sample.frames());
        let next = self.stacks.len() as u32;
        let stack = *self.stacks.entry((self.frames.as_slice().into(), sample.complete)).or_insert(next);
        self.timeline.sample(task, event.at(), stack);
    }

    fn called(&mut self, event: &Event<'_>) {
        let Some(seen) = event.call() else { return };
        let Some(call): Option<Call> = self.calls.as_mut().and_then(|calls| calls.call(&seen)) else { return };
        if let Some(task) = self.tasks.at(event.task(), event.at(), &mut self.timeline) {
            self.timeline.call(task, call);
        }
    }

    fn tracepoints(&mut self, event: &Event<'_>) {
        let Some(slots) = event.slots() else { return };
        let task = match self.is_fake {
            true => self.tasks.counting(event.task(), &mut self.timeline),
            false => self.tasks.at(event.task(), event.at(), &mut self.timeline),
        };
        let Some(task) = task else { return };
        let pid = self.tasks.pid(task);
        let last = self.slots.take(slots, task, pid, &mut self.timeline);
        if let (true, Some(last)) = (self.is_fake, last) {
            self.tasks.counted(task, last);
        }
    }

    /// Makes sums of what is old enough in a recording. `now`: when its last batch was closed.
    fn settle_old(&mut self, now: u64) {
        let Some(began) = self.tasks.began() else { return };
        let told = match (self.samples, self.late) {
            (true, 0) if now < began.saturating_add(PATIENCE_NS) => return,
            (true, late @ 1..) => late,
            _ => now,
        };
        let until = told.saturating_sub(YOUNG_NS);
        if until > self.settled.saturating_add(YOUNG_NS / 2) {
            self.settle(until);
        }
    }

    /// Makes sums of what happened before `until`: all of it has been told.
    fn settle(&mut self, until: u64) {
        if !self.is_fake && self.has_begun() && until > self.settled {
            self.settled = until;
            self.tasks.bury(until, &mut self.timeline);
            self.timeline.settle(until);
        }
    }
}

impl Sink for Gather {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        if let Some(calls) = &mut self.calls {
            calls.begin(header);
        }
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        for event in batch.events() {
            // With a call comes what the kernel says of its descriptors, which may not have been named before.
            if let Some(calls) = &mut self.calls {
                calls.observe(&event);
            }
            self.event(&event);
        }
        if !self.is_told {
            self.settle_old(batch.clock.monotonic_ns);
        }
        Ok(())
    }

    fn told(&mut self, until: u64) -> Result<(), SinkError> {
        self.is_told = true;
        self.settle(until);
        Ok(())
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        for (reason, count) in &trailer.lost {
            self.missing.push(("events".into(), format!("{count} lost: {reason}")));
        }
        for missing in &trailer.not_measured {
            let key = match missing.what.as_str() {
                key @ ("functions" | "tracepoints" | "counters" | "overhead_ns_per_call") => key,
                "counters.perf" => "counters",
                _ => continue,
            };
            self.missing.push((key.to_owned(), missing.reason.clone()));
        }
        let untold = self.calls.as_ref().and_then(calls::Calls::untold);
        self.missing.extend(untold.map(|why| ("io_by_class".to_owned(), why)));
        self.tasks.end(trailer.end.monotonic_ns);
        Ok(())
    }
}
