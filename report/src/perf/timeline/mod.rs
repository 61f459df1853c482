//! From what a recording holds of tasks to metrics, summary and stacks.
//!
//! In: a [`Timeline`], plain values: spans, switches, samples and calls of each task, nanoseconds of one clock. Out: a
//! [`Reported`]. No clock, no fact of the host and no order of a hash map enters: the same timeline gives the same
//! bytes.
//!
//! | file | its question |
//! |---|---|
//! | `walk` | which spans are open when, what each of them took |
//! | `measures` | what all spans of a tracepoint took together |
//! | `weights` | which stack a nanosecond belongs to |
//! | `totals` | what the run took as a whole |

mod measures;
mod totals;
mod walk;
mod weights;

use std::sync::Arc;

use super::model::{Allocations, CpuSource, Document, Meta, Metric, Producer, Run, RunLog, Summary};
use super::{Folded, Micros, SCHEMA_VERSION, VERSION};
use measures::Measures;
use walk::Walk;

/// What was seen of a run. Times are nanoseconds of one clock.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// First instruction of the root program, end of the last task.
    pub wall: (u64, u64),
    /// All tracepoints, one for each id.
    pub tracepoints: Vec<Tracepoint>,
    /// All tasks.
    pub tasks: Vec<Task>,
    /// Were calls of the system recorded?
    pub has_calls: bool,
    /// Which frames stand at the root of stacks.
    pub roots: Roots,
    /// What stacks weigh.
    pub weight: Weight,
    /// What is not computed from it.
    pub given: Given,
}

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

/// A task.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its process.
    pub pid: u32,
    /// Itself.
    pub tid: u32,
    /// Name of the process.
    pub process: Vec<u8>,
    /// Name of the task (comm).
    pub name: Vec<u8>,
    /// When it began.
    pub born: u64,
    /// When it ended; spans still open end here.
    pub died: u64,
    /// When it ran.
    pub on_cpu: OnCpu,
    /// Enters and exits, in order.
    pub marks: Vec<Mark>,
    /// In order.
    pub samples: Vec<Sample>,
    /// In the order in which they were entered.
    pub calls: Vec<Call>,
}

/// When a task ran.
#[derive(Debug, Clone)]
pub enum OnCpu {
    /// From switch to switch, in order, without overlap.
    Switches(Vec<(u64, u64)>),
    /// Only how long in all (schedstat).
    Total(u64),
    /// Nothing is known.
    Unknown,
}

/// An enter or exit.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// When.
    pub at: u64,
    /// Index of the tracepoint.
    pub tracepoint: usize,
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
}

/// A sample of a stack.
#[derive(Debug, Clone)]
pub struct Sample {
    /// When.
    pub at: u64,
    /// Root first. Shared: a long run has many samples and few stacks.
    pub frames: Arc<[Frame]>,
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

/// A call of the system.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Its name.
    pub name: String,
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
    /// Class of the object behind its descriptor.
    pub class: Option<String>,
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

impl Timeline {
    /// Computes all of it.
    pub fn report(&self) -> Reported {
        let on_cpu = self.given.meta.cpu_source == CpuSource::OnCpu;
        let mut measures: Vec<Measures> = self.tracepoints.iter().map(|_| Measures::default()).collect();
        let walks: Vec<Walk> =
            self.tasks.iter().map(|task| walk::walk(task, &self.tracepoints, on_cpu, &mut measures)).collect();
        let (stacks, cuts) = weights::stacks(self, &walks);
        let idle = weights::idle(self, &walks);
        let summary = totals::summary(self, &walks, idle, cuts);
        let mut stacks = stacks;
        if let (Some(idle), Weight::Wall) = (idle, self.weight) {
            stacks.insert(super::folded::IDLE.to_owned(), idle.into());
        }
        let compat_folded = self.flat(&measures, on_cpu);
        let run = Run {
            profile: self.given.profile.clone(),
            metrics: self.metrics(measures, on_cpu),
            run_log: Some(self.given.run_log.clone()),
            summary: None,
            meta: Some(Box::new(self.given.meta.clone())),
        };
        Reported {
            document: Document {
                version: VERSION.into(),
                target: self.given.target.clone(),
                runs: vec![run],
                summary: Some(Box::new(summary)),
                schema_version: Some(SCHEMA_VERSION.into()),
                producer: Some(Producer { name: "chic-trace".into(), version: env!("CARGO_PKG_VERSION").into() }),
            },
            folded: Folded::of_nanos(&stacks),
            compat_folded,
        }
    }

    fn flat(&self, measures: &[Measures], on_cpu: bool) -> Folded {
        let entered = self.tracepoints.iter().zip(measures).filter(|(_, measures)| measures.calls > 0);
        let spans = entered.map(|(tracepoint, measures)| {
            let times = if on_cpu { &measures.cpu } else { &measures.wall };
            (tracepoint.label.as_slice(), times.micros, times.sum)
        });
        super::compat::flat(spans, self.wall.1.saturating_sub(self.wall.0).into())
    }

    /// The metrics of tracepoints that were entered, in the order of their first enter.
    fn metrics(&self, measures: Vec<Measures>, on_cpu: bool) -> Vec<Metric> {
        let mut entered: Vec<(&Tracepoint, Measures)> =
            self.tracepoints.iter().zip(measures).filter(|(_, measures)| measures.calls > 0).collect();
        entered.sort_by_key(|(tracepoint, measures)| (measures.first, tracepoint.id));
        entered.into_iter().map(|(tracepoint, measures)| self.metric(tracepoint, measures, on_cpu)).collect()
    }

    fn metric(&self, tracepoint: &Tracepoint, mut measures: Measures, on_cpu: bool) -> Metric {
        let label = String::from_utf8_lossy(&tracepoint.label).into_owned();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let some = |count: u64| (count > 0).then_some(count);
        let budgeted = |budget: Option<u64>, measured: bool, over: u64| (budget.is_some() && measured).then_some(over);
        let cpu_us = if on_cpu { measures.cpu.mean() } else { measures.wall.mean() };
        let inside = self.has_calls.then(|| measures.span_calls());
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
            io_bytes: self.has_calls.then_some(measures.io_bytes),
            mem_bytes: measures.peak_bytes,
            alloc: tracepoint.alloc,
            over_cpu_calls: budgeted(tracepoint.budget_cpu_us, true, measures.over_cpu),
            over_mem_calls: budgeted(tracepoint.budget_mem_bytes, measures.peak_bytes.is_some(), measures.over_mem),
            over_io_calls: budgeted(tracepoint.budget_io_bytes, self.has_calls, measures.over_io),
            fuel_self: None,
            fuel_inclusive: None,
            range: None,
            cpu: on_cpu.then(|| Box::new(measures.cpu.stats())),
            wall: Some(Box::new(measures.wall.stats())),
            syscalls: inside.map(Box::new),
        }
    }
}
