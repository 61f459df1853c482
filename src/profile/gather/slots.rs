//! Slots: what tracepoints say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use recording::event::{self, TracepointSource};
use recording::tracepoint::{ABANDONED, Allocations, Description, What, decode};
use report::perf::timeline::{self, Mark, Timeline, Tracepoint};
use report::perf::{self, Alloc, Counter, EventKind, RunLog, Stream, Tracepoints};

/// Uses of random streams that are kept.
const USES_MAX: u64 = 1_000_000;

/// Tracepoints that are told apart; the runtime library has no more.
const MOST: usize = 1 << 16;

/// No budget is larger (perf-json.md 5.2).
const BUDGET_MAX: u64 = 1 << 40;

/// Open spans of a task that are told apart; the runtime library has no more.
const OPEN_MAX: usize = 4096;

/// Open spans of a task, by id, and those that it has from the process that made its own.
#[derive(Debug, Default)]
struct Open {
    own: Vec<u64>,
    inherited: Vec<u64>,
}

/// Numbers in the timeline, by id.
#[derive(Debug)]
struct Numbers {
    all: HashMap<u64, u32>,
    /// Those that were asked for lately, by the low bits of the id.
    recent: [Option<(u64, u32)>; RECENT],
}

/// A program that marks millions of spans marks few places.
const RECENT: usize = 64;

impl Default for Numbers {
    fn default() -> Numbers {
        Numbers { all: HashMap::new(), recent: [None; RECENT] }
    }
}

impl Numbers {
    fn get(&mut self, id: u64) -> Option<u32> {
        let recent = self.recent.get_mut(id as usize % RECENT)?;
        match recent {
            Some((known, number)) if *known == id => Some(*number),
            _ => {
                let number = *self.all.get(&id)?;
                *recent = Some((id, number));
                Some(number)
            }
        }
    }
}

/// What all tracepoints said.
#[derive(Debug, Default)]
pub struct Slots {
    numbers: Numbers,
    /// Process and address of the first call site of each number.
    sites: HashMap<u32, (u32, u64)>,
    streams: Vec<Stream>,
    /// By number of the task.
    open: Vec<Open>,
    uses: u64,
    /// Last word of each task on each tracepoint; 0 is the task as a whole.
    allocations: BTreeMap<(usize, u64), Allocations>,
    /// Tasks with the runtime library.
    linked: BTreeSet<usize>,
    /// Of the summary.
    pub counts: Tracepoints,
    /// Records that could not be read.
    pub broken: u64,
    /// Places that are no ends of spans: label by id, and how often they were passed.
    places: HashMap<u64, Vec<u8>>,
    hits: BTreeMap<u64, u64>,
}

impl Slots {
    /// Takes what a task wrote. Behind its last enter or exit the fake clock stands at what is returned.
    pub fn take(&mut self, slots: event::Slots<'_>, task: usize, pid: u32, timeline: &mut Timeline) -> Option<u64> {
        let mut last = None;
        if slots.source == Some(TracepointSource::Runtime) && self.linked.insert(task) {
            // What it says first is what a tracepoint is, before it reads the clock.
            timeline.expect_marks(task);
        }
        for record in decode(slots.bytes) {
            let Ok(record) = record else {
                self.broken += 1;
                continue;
            };
            let what = match record.what {
                What::Enter { id } => (id, timeline::What::Enter),
                What::Exit { id, .. } if record.flags & ABANDONED != 0 => (id, timeline::What::Abandoned),
                What::Exit { id, peak } => (id, timeline::What::Exit { peak_bytes: peak }),
                What::Describe(description) => {
                    self.describe(&description, slots.source, pid, timeline);
                    continue;
                }
                What::Hit { id } => {
                    *self.hits.entry(id).or_insert(0) += 1;
                    continue;
                }
                What::Stream { id, seed } => {
                    self.stream(id, seed);
                    continue;
                }
                What::Next { id, bits } => {
                    self.used(id, EventKind::Next { bits: u32::try_from(bits).unwrap_or(u32::MAX) });
                    continue;
                }
                What::Advance { id, by } => {
                    self.used(id, EventKind::Advance { by });
                    continue;
                }
                What::Split { id, child } => {
                    self.used(id, EventKind::Split { child });
                    continue;
                }
                What::Allocations { id, counts } => {
                    self.allocations.insert((task, id), counts);
                    continue;
                }
            };
            let (id, what) = what;
            if self.is_inherited(task, id, what) {
                continue;
            }
            last = Some(record.at.saturating_add(1000));
            let tracepoint = match self.numbers.get(id) {
                Some(number) => number,
                // An exit of what nobody entered is counted, too; it needs no name.
                None if self.numbers.all.len() < MOST => self.number(id, timeline),
                None => {
                    self.counts.dropped += 1;
                    continue;
                }
            };
            timeline.mark(task, Mark { at: record.at, tracepoint, what });
        }
        last
    }

    /// Task `maker` made a process: its spans are open there, too, and are nobody's there.
    pub fn forked(&mut self, maker: usize, child: usize) {
        let Some(open) = self.open.get(maker) else { return };
        let inherited = [open.inherited.as_slice(), &open.own].concat();
        if !inherited.is_empty()
            && let Some(open) = open_of(&mut self.open, child)
        {
            *open = Open { own: Vec::new(), inherited };
        }
    }

    /// Is it the exit of a span that was entered before a fork? It is counted then.
    fn is_inherited(&mut self, task: usize, id: u64, what: timeline::What) -> bool {
        let Some(open) = open_of(&mut self.open, task) else { return false };
        if matches!(what, timeline::What::Enter) {
            if open.own.len() < OPEN_MAX {
                open.own.push(id);
            }
            return false;
        }
        if let Some(place) = open.own.iter().rposition(|known| *known == id) {
            open.own.truncate(place);
            return false;
        }
        let Some(place) = open.inherited.iter().rposition(|known| *known == id) else { return false };
        open.inherited.truncate(place);
        *self.counts.inherited_exits.get_or_insert(0) += 1;
        true
    }

    fn number(&mut self, id: u64, timeline: &mut Timeline) -> u32 {
        let number = timeline.tracepoint(Tracepoint { id, ..Tracepoint::default() });
        self.numbers.all.insert(id, number);
        number
    }

    fn describe(
        &mut self,
        told: &Description<'_>,
        source: Option<TracepointSource>,
        pid: u32,
        timeline: &mut Timeline,
    ) {
        if source == Some(TracepointSource::Usdt) {
            self.places.entry(told.id).or_insert_with(|| told.label.to_vec());
        }
        let conflicts = &mut self.counts.budget_conflicts;
        // A caller that passes fewer words leaves anything in these registers.
        let mut some = |budget: u64| {
            if budget > BUDGET_MAX {
                *conflicts.get_or_insert(0) += 1;
            }
            (1..=BUDGET_MAX).contains(&budget).then_some(budget)
        };
        let budgets = [some(told.cpu_us), some(told.gpu_us), some(told.mem_bytes), some(told.io_bytes)];
        let is_new = !self.numbers.all.contains_key(&told.id);
        let number = match self.numbers.get(told.id) {
            Some(number) => number,
            None if self.numbers.all.len() < MOST => self.number(told.id, timeline),
            None => return,
        };
        if told.site != 0 {
            self.sites.entry(number).or_insert((pid, told.site));
        }
        let Some(known) = timeline.tracepoint_mut(number) else { return };
        if !is_new && !known.label.is_empty() {
            let of_known = [known.budget_cpu_us, known.budget_gpu_us, known.budget_mem_bytes, known.budget_io_bytes];
            if known.label != told.label {
                *self.counts.id_collisions.get_or_insert(0) += 1;
            } else if of_known != budgets {
                *self.counts.budget_conflicts.get_or_insert(0) += 1;
            }
            return;
        }
        known.label = told.label.to_vec();
        known.source = match source {
            Some(TracepointSource::Hook) => Some("compiler-hooks".into()),
            Some(TracepointSource::Probe) => Some("function".into()),
            Some(TracepointSource::Usdt) => Some("usdt".into()),
            Some(TracepointSource::Chic) => Some("chic-hooks".into()),
            _ => None,
        };
        [known.budget_cpu_us, known.budget_gpu_us, known.budget_mem_bytes, known.budget_io_bytes] = budgets;
    }

    fn stream(&mut self, id: u64, seed: u128) {
        if !self.streams.iter().any(|stream| stream.id == id) {
            self.streams.push(Stream::new(id, seed));
        }
    }

    fn used(&mut self, id: u64, kind: EventKind) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == id) else { return };
        self.uses += 1;
        if self.uses > USES_MAX {
            *stream.dropped_events.get_or_insert(0) += 1;
            return;
        }
        stream.events.push(perf::Event::new(stream.events.len() as u64, kind));
    }

    /// Was any tracepoint met?
    pub fn has_any(&self) -> bool {
        !self.numbers.all.is_empty()
    }

    /// How often places were passed that are no ends of spans, by label.
    pub fn hits(&self) -> Vec<Counter> {
        let counter = |(id, value): (&u64, &u64)| {
            let label = self.places.get(id).map_or_else(|| format!("{id:016x}").into_bytes(), Clone::clone);
            let name = String::from_utf8_lossy(&label).into_owned();
            let scope = "user".to_owned();
            Counter { name, value: *value, unit: "count".into(), scope, enabled_ns: None, running_ns: None }
        };
        let mut counters: Vec<Counter> = self.hits.iter().map(counter).collect();
        counters.sort_by(|a, b| a.name.cmp(&b.name));
        counters
    }

    /// Random streams.
    pub fn run_log(&self) -> RunLog {
        RunLog { rng_streams: self.streams.clone(), ..RunLog::default() }
    }

    /// Where each tracepoint is entered: number, process, address.
    pub fn sites(&self) -> impl Iterator<Item = (u32, u32, u64)> {
        self.sites.iter().map(|(number, (pid, site))| (*number, *pid, *site))
    }

    /// Tasks with the runtime library that did not live to tell their allocations, where others told theirs.
    pub fn untold_allocations(&self) -> usize {
        self.linked.iter().filter(|task| !self.allocations.contains_key(&(**task, 0))).count()
    }

    /// Allocations of all tasks; `None` when nobody counted them. Those of tracepoints are handed on.
    pub fn allocations(&self, timeline: &mut Timeline) -> Option<Alloc> {
        let mut whole = None;
        for ((_, id), counts) in &self.allocations {
            if *id == 0 {
                add(whole.get_or_insert_default(), counts);
                continue;
            }
            let number = self.numbers.all.get(id).copied();
            if let Some(tracepoint) = number.and_then(|number| timeline.tracepoint_mut(number)) {
                let known = tracepoint.alloc.get_or_insert_default();
                sum(&mut known.calls, &[counts.calls, counts.zeroed_calls, counts.realloc_calls]);
                sum(&mut known.bytes, &[counts.bytes, counts.zeroed_bytes, counts.realloc_bytes]);
                sum(&mut known.freed_bytes, &[counts.freed_bytes]);
            }
        }
        whole
    }
}

/// What is open in a task; tasks are numbered densely.
fn open_of(all: &mut Vec<Open>, task: usize) -> Option<&mut Open> {
    if task >= all.len() {
        all.resize_with(task + 1, Open::default);
    }
    all.get_mut(task)
}

/// Adds what a target claims: any number.
fn sum(known: &mut u64, more: &[u64]) {
    *known = more.iter().fold(*known, |sum, one| sum.saturating_add(*one));
}

fn add(whole: &mut Alloc, counts: &Allocations) {
    for (known, more) in [
        (&mut whole.alloc_calls, counts.calls),
        (&mut whole.alloc_zeroed_calls, counts.zeroed_calls),
        (&mut whole.realloc_calls, counts.realloc_calls),
        (&mut whole.free_calls, counts.free_calls),
        (&mut whole.alloc_bytes, counts.bytes),
        (&mut whole.alloc_zeroed_bytes, counts.zeroed_bytes),
        (&mut whole.realloc_bytes, counts.realloc_bytes),
        (&mut whole.freed_bytes, counts.freed_bytes),
    ] {
        sum(known, &[more]);
    }
}
