//! From what is seen of tasks to metrics, summary and stacks.
//!
//! In: plain values of each task: enters and exits, switches, samples, calls; nanoseconds of one clock. Out: a
//! [`Reported`]. No clock, no fact of the host and no order of a hash map enters: the same values give the same bytes.
//!
//! What is known up to some moment can be settled ([`Timeline::settle`]): it becomes sums, and its values are dropped.
//! A timeline then grows with the paths, stacks and tracepoints there are, not with how often they were met.
//!
//! | file | its question |
//! |---|---|
//! | `chunks` | what waits, in order, in no more memory than it needs |
//! | `sweep` | one task by time: which spans are open, what did each of them take |
//! | `measures` | what all spans of a tracepoint took together |
//! | `idle` | when did nobody run |
//! | `weights` | which stack a nanosecond belongs to |
//! | `totals` | what the run took as a whole |

mod chunks;
mod idle;
mod measures;
mod sweep;
mod totals;
mod weights;

use std::sync::Arc;

use super::model::{Allocations, CpuSource, Document, Meta, Metric, Producer, Run, RunLog, Summary};
use super::{Folded, Micros, SCHEMA_VERSION, VERSION};
use idle::Busy;
use measures::Measures;
use sweep::Sweep;
use totals::Calls;

/// A tracepoint.
#[derive(Debug, Clone, Default)]
pub struct Tracepoint {
    /// See [`super::trace_id`].
    pub id: u64,
    /// Its label, any bytes.
    pub label: Vec<u8>,
    /// Where its spans come from; `None`: the runtime library.
    pub source: Option<String>,
    /// The function that holds the call site of its enter, as [`Frame::code`] names functions.
    pub code: Option<u64>,
    /// Microseconds of a call.
    pub budget_cpu_us: Option<u64>,
    /// Microseconds of a call.
    pub budget_gpu_us: Option<u64>,
    /// Bytes of a call.
    pub budget_mem_bytes: Option<u64>,
    /// Bytes of a call.
    pub budget_io_bytes: Option<u64>,
    /// Inside its outermost spans, where that was counted.
    pub alloc: Option<Allocations>,
}

/// What is known of a task from its birth on.
#[derive(Debug, Clone, Copy)]
pub struct Born {
    /// Its process.
    pub pid: u32,
    /// Itself.
    pub tid: u32,
    /// When it began.
    pub at: u64,
}

/// What is known of a task only behind its end.
#[derive(Debug, Clone, Default)]
pub struct Died {
    /// When; spans still open end here.
    pub at: u64,
    /// Name of the process.
    pub process: Vec<u8>,
    /// Name of the task (comm).
    pub name: Vec<u8>,
    /// How long it ran in all (schedstat), where its switches are not told.
    pub ran: Option<u64>,
}

/// An enter or exit.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// When.
    pub at: u64,
    /// Number of the tracepoint.
    pub tracepoint: u32,
    /// Which of both.
    pub what: What,
}

/// What happened at a tracepoint.
#[derive(Debug, Clone, Copy)]
pub enum What {
    /// A span begins.
    Enter,
    /// A span ends.
    Exit {
        /// Growth of live heap inside, where it was measured.
        peak_bytes: Option<u64>,
    },
    /// A span was left by another way than its exit.
    Abandoned,
}

/// A frame of a stack.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What it shows.
    pub name: Name,
    /// Which function it lies in, an inlined copy too; any number that stands for it.
    pub code: Option<u64>,
}

/// What is known of a frame.
#[derive(Debug, Clone)]
pub enum Name {
    /// A symbol, demangled; of the kernel with `_[k]`.
    Symbol(Arc<[u8]>),
    /// Code of a module without symbol.
    Module(Arc<[u8]>),
    /// Code of no module.
    Unknown,
    /// Here unwinding stopped before a known entry.
    Truncated,
}

/// A stack, root first.
pub type Stack = Arc<[Frame]>;

/// A call of the system.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Its name.
    pub name: Arc<str>,
    /// When it was entered.
    pub entered: u64,
    /// When it was left.
    pub left: u64,
    /// Did it fail?
    pub failed: bool,
    /// Bytes that it read.
    pub read_bytes: u64,
    /// Bytes that it wrote.
    pub written_bytes: u64,
    /// Class of the object behind its descriptor; of a call that moves bytes between two, of that which was read.
    pub class: Option<&'static str>,
    /// And of that which was written, of a call that moves bytes between two.
    pub into: Option<&'static str>,
}

/// Which frames stand at the root of stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Roots {
    /// As many as are needed to tell tasks apart by name.
    #[default]
    Auto,
    /// None.
    None,
    /// The process.
    Process,
    /// The task.
    Thread,
    /// The task with its numbers.
    Tid,
}

/// What stacks weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// Wall time, waiting included.
    #[default]
    Wall,
    /// Time on a CPU.
    Cpu,
}

/// What the recorder knows beside the timeline.
#[derive(Debug, Clone)]
pub struct Given {
    /// Name of the profile.
    pub profile: String,
    /// Target triple.
    pub target: String,
    /// Streams of random numbers.
    pub run_log: RunLog,
    /// How it was measured; its `cpu_source` says what the times of metrics are.
    pub meta: Meta,
    /// What is not computed from the timeline; the rest of it is filled in.
    pub summary: Summary,
}

/// The end of a run.
#[derive(Debug, Clone)]
pub struct End {
    /// First instruction of the root program, end of the last task.
    pub wall: (u64, u64),
    /// Of each task, in the order in which they were told.
    pub tasks: Vec<Died>,
    /// Stacks by the numbers that samples have.
    pub stacks: Vec<Stack>,
    /// Which frames stand at the root of stacks.
    pub roots: Roots,
    /// What stacks weigh.
    pub weight: Weight,
    /// What is not computed from it.
    pub given: Given,
}

/// A run as it is written.
#[derive(Debug, Clone)]
pub struct Reported {
    /// perf.json; its summary is perf.summary.json.
    pub document: Document,
    /// perf.folded.
    pub folded: Folded,
    /// The same by Chic's flat rule.
    pub compat_folded: Folded,
}

/// What was seen of a run so far. Tasks and tracepoints are named by the numbers that they were given here, which
/// are dense from 0; one that does not exist is passed over.
#[derive(Debug, Default)]
pub struct Timeline {
    tracepoints: Vec<Tracepoint>,
    measures: Vec<Measures>,
    tasks: Vec<Sweep>,
    /// Those that may still do something, by number.
    alive: Vec<usize>,
    busy: Busy,
    /// All calls; `None` when none are recorded.
    calls: Option<Calls>,
    /// Are switches told? Else a task counts as running all the time.
    switches: bool,
}

impl Timeline {
    /// Of a run of which calls are recorded or not.
    pub fn new(has_calls: bool) -> Self {
        Timeline { calls: has_calls.then(Calls::default), ..Timeline::default() }
    }

    /// A further tracepoint, one for each id. Its number.
    pub fn tracepoint(&mut self, tracepoint: Tracepoint) -> u32 {
        self.tracepoints.push(tracepoint);
        self.measures.push(Measures::default());
        (self.tracepoints.len() - 1) as u32
    }

    /// A tracepoint, of which more became known.
    pub fn tracepoint_mut(&mut self, number: u32) -> Option<&mut Tracepoint> {
        self.tracepoints.get_mut(number as usize)
    }

    /// A further task. Its number.
    pub fn task(&mut self, born: Born) -> usize {
        self.tasks.push(Sweep::new(born));
        let number = self.tasks.len() - 1;
        self.alive.push(number);
        number
    }

    /// The task came onto a CPU or left it. Where nothing is told of this before the first [`Timeline::settle`], switches
    /// are not known.
    pub fn switch(&mut self, task: usize, at: u64, on: bool) {
        self.switches = true;
        if let Some(task) = self.tasks.get_mut(task) {
            task.switch(at, on);
        }
    }

    /// It will tell of marks: what it does is not settled before the first of them, or only much later.
    pub fn expect_marks(&mut self, task: usize) {
        if let Some(task) = self.tasks.get_mut(task) {
            task.expect_marks();
        }
    }

    /// It entered or left a span. Of one moment in the order in which they are told, else by time.
    pub fn mark(&mut self, task: usize, mark: Mark) {
        if let Some(task) = self.tasks.get_mut(task) {
            task.mark(mark);
        }
    }

    /// A sample of its stack.
    pub fn sample(&mut self, task: usize, at: u64, stack: u32) {
        if let Some(task) = self.tasks.get_mut(task) {
            task.sample(at, stack);
        }
    }

    /// It made a call; in the order in which they were entered.
    pub fn call(&mut self, task: usize, call: Call) {
        if let Some(calls) = &mut self.calls {
            calls.add(&call);
        }
        if let Some(task) = self.tasks.get_mut(task) {
            task.call(call);
        }
    }

    /// It ended. Its last events may still be told.
    pub fn died(&mut self, task: usize, at: u64) {
        if let Some(task) = self.tasks.get_mut(task) {
            task.died(at);
        }
    }

    /// All that happened before `until` has been told, but for marks that their tasks have not got round to telling. What else is
    /// told later of that time counts from then on.
    pub fn settle(&mut self, until: u64) {
        let mut alive = std::mem::take(&mut self.alive);
        let (tasks, mut into) = self.parts();
        let mut known = until;
        alive.retain(|number| {
            let Some(task) = tasks.get_mut(*number) else { return false };
            known = known.min(task.settle(until, &mut into));
            !task.is_settled(until)
        });
        self.alive = alive;
        self.busy.settle(known);
    }

    /// The tasks, and the sums of the run that they tell what they know.
    fn parts(&mut self) -> (&mut [Sweep], sweep::Into<'_>) {
        let Timeline { tracepoints, measures, tasks, busy, switches, .. } = self;
        (tasks, sweep::Into { tracepoints, measures, switches: *switches, busy })
    }

    /// Computes all of it.
    pub fn report(mut self, end: End) -> Reported {
        let never = Died::default();
        let (tasks, mut into) = self.parts();
        for (number, task) in tasks.iter_mut().enumerate() {
            task.end(end.tasks.get(number).unwrap_or(&never).at, &mut into);
        }
        self.busy.settle(u64::MAX);
        let (mut stacks, cuts) = weights::stacks(&self, &end);
        let idle = idle::idle(&self, &end);
        let summary = totals::summary(&self, &end, idle, cuts);
        if let (Some(idle), Weight::Wall) = (idle, end.weight) {
            stacks.insert(super::folded::IDLE.to_owned(), idle.into());
        }
        let on_cpu = end.given.meta.cpu_source == CpuSource::OnCpu;
        let compat_folded = self.flat(end.wall, on_cpu);
        let run = Run {
            profile: end.given.profile.clone(),
            metrics: self.metrics(on_cpu),
            run_log: Some(end.given.run_log),
            summary: None,
            meta: Some(Box::new(end.given.meta)),
        };
        Reported {
            document: Document {
                version: VERSION.into(),
                target: end.given.target,
                runs: vec![run],
                summary: Some(Box::new(summary)),
                schema_version: Some(SCHEMA_VERSION.into()),
                producer: Some(Producer { name: "chic-trace".into(), version: env!("CARGO_PKG_VERSION").into() }),
            },
            folded: Folded::of_nanos(&stacks),
            compat_folded,
        }
    }

    fn flat(&self, (begin, end): (u64, u64), on_cpu: bool) -> Folded {
        let entered = self.tracepoints.iter().zip(&self.measures).filter(|(_, measures)| measures.calls > 0);
        let spans = entered.map(|(tracepoint, measures)| {
            let times = if on_cpu { &measures.cpu } else { &measures.wall };
            (tracepoint.label.as_slice(), times.micros, times.sum)
        });
        super::compat::flat(spans, end.saturating_sub(begin).into())
    }

    /// The metrics of tracepoints that were entered, in the order of their first enter.
    fn metrics(&mut self, on_cpu: bool) -> Vec<Metric> {
        let measures = std::mem::take(&mut self.measures);
        let mut entered: Vec<(&Tracepoint, Measures)> =
            self.tracepoints.iter().zip(measures).filter(|(_, measures)| measures.calls > 0).collect();
        entered.sort_by_key(|(tracepoint, measures)| (measures.first, tracepoint.id));
        entered.into_iter().map(|(tracepoint, measures)| self.metric(tracepoint, measures, on_cpu)).collect()
    }

    fn metric(&self, tracepoint: &Tracepoint, mut measures: Measures, on_cpu: bool) -> Metric {
        let has_calls = self.calls.is_some();
        let label = String::from_utf8_lossy(&tracepoint.label).into_owned();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let some = |count: u64| (count > 0).then_some(count);
        let budgeted = |budget: Option<u64>, measured: bool, over: u64| (budget.is_some() && measured).then_some(over);
        let cpu_us = if on_cpu { measures.cpu.mean() } else { measures.wall.mean() };
        let over_time = if on_cpu { measures.over_cpu } else { measures.over_wall };
        let inside = has_calls.then(|| measures.span_calls());
        Metric {
            trace_id: tracepoint.id,
            mir_id: label.clone(),
            label_hex: std::str::from_utf8(&tracepoint.label).is_err().then(|| hex(&tracepoint.label)),
            label,
            cpu_us: Micros::of_nanos(cpu_us),
            budget_cpu_us: tracepoint.budget_cpu_us,
            budget_gpu_us: tracepoint.budget_gpu_us,
            budget_mem_bytes: tracepoint.budget_mem_bytes,
            trace_id_hex: Some(format!("{:016x}", tracepoint.id)),
            source: tracepoint.source.clone(),
            calls: Some(measures.calls),
            unclosed: some(measures.unclosed),
            abandoned: some(measures.abandoned),
            unwound: None,
            max_depth: Some(measures.max_depth),
            threads: Some(measures.threads),
            budget_io_bytes: tracepoint.budget_io_bytes,
            io_bytes: has_calls.then_some(measures.io_bytes),
            mem_bytes: measures.peak_bytes,
            alloc: tracepoint.alloc,
            over_cpu_calls: budgeted(tracepoint.budget_cpu_us, true, over_time),
            over_mem_calls: budgeted(tracepoint.budget_mem_bytes, measures.peak_bytes.is_some(), measures.over_mem),
            over_io_calls: budgeted(tracepoint.budget_io_bytes, has_calls, measures.over_io),
            fuel_self: None,
            fuel_inclusive: None,
            range: None,
            cpu: on_cpu.then(|| Box::new(measures.cpu.stats())),
            wall: Some(Box::new(measures.wall.stats())),
            syscalls: inside.map(Box::new),
        }
    }
}
