//! Counting: calls by name, from a live run or a replay, and whether anything is missing.

use std::collections::BTreeMap;

use recording::event::{Hidden, Kind};
use recording::session::{EndedBy, Header, Trailer};
use recording::views::{Clock, Tally};
use recording::{Batch, Sink, SinkError};
use syscalls::{Abi, Classes, Filter};

/// Why counts can't be judged, or only in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// Events were lost, or a task was not seen: more calls were made than are counted.
    Missing(String),
    /// The recording left calls out by a filter.
    Filtered(String),
    /// The recording has no proper end.
    Incomplete(String),
    /// So many calls of a document have no name.
    Unnamed(u64),
}

impl Gap {
    /// Why whoever needs `calls` (`None`: all of them) can't be judged; `None` when nothing that is needed is
    /// missing.
    pub(crate) fn hides(&self, calls: Option<&Filter>) -> Option<String> {
        match self {
            Gap::Missing(why) => Some(why.clone()),
            Gap::Incomplete(why) => Some(format!("the recording is incomplete: {why}")),
            Gap::Unnamed(count) => {
                let some = calls.is_some_and(|calls| !covers(calls, &Filter::all()));
                let calls = if *count == 1 { "1 call has".to_owned() } else { format!("{count} calls have") };
                some.then(|| format!("{calls} no name in the document"))
            }
            Gap::Filtered(text) => {
                let kept = Filter::parse(text).ok();
                let covers = calls.zip(kept).is_some_and(|(calls, kept)| covers(&kept, calls));
                (!covers).then(|| format!("the filter {text} left calls out"))
            }
        }
    }
}

/// Are all calls of `needed` in `kept`?
fn covers(kept: &Filter, needed: &Filter) -> bool {
    let within = |kept: &[u64], needed: &[u64]| kept.iter().zip(needed).all(|(kept, needed)| needed & !kept == 0);
    within(&kept.native(), &needed.native())
        && within(&kept.i386(), &needed.i386())
        && (kept.unknown() || !needed.unknown())
}

/// Calls of a run by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Calls by name; `syscall_N` for a number without one.
    pub by_name: BTreeMap<String, u64>,
    /// Those of them that failed.
    pub errors: BTreeMap<String, u64>,
    /// Time in them as far as it was seen, ns; while tracing, it includes the stops.
    pub time_ns: BTreeMap<String, u64>,
    /// By class, without its `%`; a call may be in several.
    pub by_class: BTreeMap<&'static str, u64>,
    /// What may be missing.
    pub gap: Option<Gap>,
}

impl CallCounts {
    /// Calls of all names.
    pub fn total(&self) -> u64 {
        self.by_name.values().fold(0, |sum, n| sum.saturating_add(*n))
    }
}

/// Counts the calls of a session; nothing is stored but the counts.
#[derive(Debug, Default)]
pub struct CountCalls {
    tally: Tally,
    clock: Option<Clock>,
    filter: Option<String>,
    missing: Option<String>,
    ended: Option<EndedBy>,
    follows: bool,
}

impl CountCalls {
    /// Nothing counted.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was counted.
    pub fn into_counts(self) -> CallCounts {
        let mut counts = CallCounts::default();
        for row in self.tally.rows() {
            let name = name(row.abi, row.nr);
            if row.count.errors > 0 {
                add(counts.errors.entry(name.clone()).or_default(), row.count.errors);
            }
            add(counts.time_ns.entry(name.clone()).or_default(), row.count.total_ns);
            add(counts.by_name.entry(name).or_default(), row.count.calls);
            for class in classes(row.abi, row.nr) {
                add(counts.by_class.entry(class).or_default(), row.count.calls);
            }
        }
        let births = ["fork", "vfork", "clone", "clone3"];
        let count = |of: &BTreeMap<String, u64>, name| of.get(name).copied().unwrap_or(0);
        let unfollowed =
            !self.follows && births.iter().any(|name| count(&counts.by_name, *name) > count(&counts.errors, *name));
        let unfollowed = unfollowed.then(|| "children and threads were not followed".to_owned());
        let incomplete = match self.ended {
            Some(EndedBy::Complete | EndedBy::RootEnded) => None,
            Some(EndedBy::Limit) => Some("a limit ended it before the program did"),
            Some(EndedBy::Detached) => Some("the tracer let the program go"),
            Some(EndedBy::NotStarted) => Some("the program never ran"),
            Some(_) | None => Some("it has no proper end"),
        };
        let gap = incomplete
            .map(|why| Gap::Incomplete(why.into()))
            .or(self.filter.map(Gap::Filtered))
            .or(self.missing.or(unfollowed).map(Gap::Missing));
        CallCounts { gap, ..counts }
    }
}

fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

fn classes(abi: u8, nr: Option<u64>) -> impl Iterator<Item = &'static str> {
    let row = nr.and_then(|nr| syscalls::lookup(Abi::from_raw(abi)?, nr));
    let all = row.map_or(Classes::NONE, |row| row.classes);
    Classes::ALL.iter().filter(move |(_, class)| all.any(*class)).map(|(name, _)| *name)
}

fn name(abi: u8, nr: Option<u64>) -> String {
    let Some(nr) = nr else { return "syscall_others".into() };
    match Abi::from_raw(abi).and_then(|abi| syscalls::lookup(abi, nr)) {
        Some(row) => row.name.to_owned(),
        None => format!("syscall_{nr}"),
    }
}

impl Sink for CountCalls {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.clock = Some(Clock::new(header));
        self.filter = header.filter.clone();
        self.follows = header.follow;
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        let Some(clock) = &mut self.clock else { return Ok(()) };
        clock.batch(batch.clock);
        for event in batch.events() {
            if let Some(call) = event.call() {
                self.tally.observe(&call, clock);
                continue;
            }
            match event.kind() {
                Some(Kind::Lost) => self.missing = Some("events were lost".into()),
                Some(Kind::Unseen) => {
                    let what = u8::try_from(event.u32(32)).ok().and_then(Hidden::from_raw);
                    let why = match what {
                        Some(Hidden::UntracedChild) => "a child could not be traced",
                        Some(Hidden::IoUring) => "operations of an io_uring are no calls",
                        Some(Hidden::UnpatchedSites | Hidden::Other) => "some calls were not seen",
                        _ => continue,
                    };
                    self.missing = Some(why.into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        self.ended = Some(trailer.ended);
        Ok(())
    }
}
