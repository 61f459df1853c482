//! The watcher: the sink that looks at a run for the rules of a file.

use std::collections::BTreeMap;

use recording::event::{Event, Kind, flag};
use recording::resolve::Resolver;
use recording::session::{Header, Trailer};
use recording::views::{Clock, Processes, Tasks, took_ns};
use recording::{Batch, Sink, SinkError};
use syscalls::{Abi, Kind as Argument};

use super::bounds::Bounds;
use super::calls::Calls;
use super::chain::Chain;
use super::crowd::Crowd;
use super::loops::Loops;
use super::made::{Made, basename};
use super::memory::Memory;
use super::meter::Meter;
use super::objects::Objects;
use super::{Answer, Seen, Watch};
use crate::count::CountCalls;
use crate::finding::text;
use crate::glob::Places;
use crate::rule::Question;

/// Devices that stand for a GPU.
const GPUS: [&[u8]; 3] = [b"/dev/nvidia", b"/dev/dri/", b"/dev/kfd"];

/// Looks at a run; nothing is stored but what the rules ask for.
#[derive(Debug)]
pub struct Watcher {
    watch: Watch,
    places: Places,
    counts: CountCalls,
    clock: Option<Clock>,
    tasks: Tasks,
    processes: Processes,
    lookers: Lookers,
    objects: Option<Resolver<Objects>>,
    attached: bool,
}

impl Watcher {
    /// Looks for this. `places` without a working directory gets that of the run.
    pub fn new(watch: &Watch, places: Places) -> Watcher {
        Watcher {
            lookers: Lookers::of(watch),
            watch: watch.clone(),
            places,
            counts: CountCalls::new(),
            clock: None,
            tasks: Tasks::new(),
            processes: Processes::new(),
            objects: None,
            attached: false,
        }
    }

    /// What was seen.
    pub fn into_seen(self) -> Seen {
        let Lookers { mut bounds, crowd, calls, meters, memory, loops, chain, gpu } = self.lookers;
        let counts = self.counts.into_counts();
        bounds.close(&self.processes);
        let gap = counts.gap.as_ref();
        let mut answers: BTreeMap<usize, Answer> =
            calls.into_iter().map(|(at, calls)| (at, calls.answer_with(gap))).collect();
        let late = self.attached.then(|| "the program was attached to: what it had open is not known".to_owned());
        let hidden = gap.and_then(|gap| gap.hides(None)).or(late);
        let about_objects = self.objects.map(|resolver| resolver.finish().0.into_answers()).unwrap_or_default();
        answers.extend(about_objects.into_iter().map(|(at, answer)| (at, answer.with_gap(hidden.clone()))));
        Seen {
            answers,
            meters: meters.iter().map(|(at, meters)| (*at, meters.iter().map(Meter::value).collect())).collect(),
            allocations: memory.map(Memory::into_peak),
            loops: loops.map(Loops::into_found).unwrap_or_default(),
            loops_unknown: None,
            members: crowd.into_members(),
            gpu,
            chain: chain.map(Chain::into_links).unwrap_or_default(),
            bounds,
            counts,
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        let Some(clock) = &self.clock else { return };
        let tid = event.task();
        self.tasks.observe(event);
        self.processes.observe(event, &self.tasks, clock);
        self.lookers.bounds.event(event);
        let task = self.tasks.get(tid);
        let process = task.map_or(tid, |task| task.process);
        let exe = task.map_or(&b""[..], |task| basename(&task.command.exe));
        if let Some(call) = event.call() {
            if event.flags() & flag::INSTRUMENTATION == 0 && !event.is_announcement() {
                let row = Abi::from_raw(event.abi()).and_then(|abi| syscalls::lookup(abi, call.nr()));
                let made = Made { call, row, exe, pid: process, took: took_ns(&call, clock) };
                self.lookers.call(&made, clock.since_start(event.at()), clock.since_start(call.left()));
            }
            return;
        }
        let Lookers { crowd, memory, loops, chain, .. } = &mut self.lookers;
        match event.kind() {
            Some(Kind::Born) if process == tid => crowd.born(process),
            Some(Kind::Died) => loops.iter_mut().for_each(|loops| loops.over(tid)),
            _ => {}
        }
        if let Some(memory) = memory {
            memory.event(event, process, self.tasks.process_of(event.u32(32)));
        }
        if let Some(chain) = chain {
            chain.event(event, clock.since_start(event.at()), process, task.map_or(0, |task| task.parent), exe);
        }
    }
}

/// Everybody who looks at calls one by one.
#[derive(Debug)]
struct Lookers {
    bounds: Bounds,
    crowd: Crowd,
    calls: Vec<(usize, Calls)>,
    meters: Vec<(usize, Vec<Meter>)>,
    memory: Option<Memory>,
    loops: Option<Loops>,
    chain: Option<Chain>,
    gpu: Option<(String, u64)>,
}

impl Lookers {
    fn of(watch: &Watch) -> Lookers {
        let by_itself = |(_, question): &&(usize, Question)| !question.asks.needs_objects();
        let calls = watch.questions.iter().filter(by_itself).map(|(at, question)| (*at, Calls::new(question)));
        let meters = watch.metered.iter().map(|(at, metered)| (*at, metered.iter().map(Meter::new).collect()));
        Lookers {
            bounds: Bounds::default(),
            crowd: Crowd::default(),
            calls: calls.collect(),
            meters: meters.collect(),
            memory: watch.memory.then(Memory::default),
            loops: watch.loops.then(Loops::default),
            chain: watch.chain.then(Chain::default),
            gpu: None,
        }
    }

    /// A call, with its entry and exit in ns since the start.
    fn call(&mut self, made: &Made<'_>, from: u64, to: u64) {
        self.bounds.moved(made.moved());
        self.crowd.call(made.pid, made.exe);
        self.calls.iter_mut().for_each(|(_, calls)| calls.call(made));
        self.meters.iter_mut().flat_map(|(_, meters)| meters).for_each(|meter| meter.call(made));
        if let Some(loops) = &mut self.loops {
            loops.call(made);
        }
        if let Some(memory) = self.memory.as_mut().filter(|_| made.succeeded()) {
            memory.call(made);
        }
        if let Some(chain) = self.chain.as_mut().filter(|_| made.call.returned()) {
            chain.call(made, from, to);
        }
        if let Some(path) = opened_gpu(made) {
            let (_, count) = self.gpu.get_or_insert_with(|| (text(path), 0));
            *count += 1;
        }
    }
}

/// The path of a GPU that was opened.
fn opened_gpu<'a>(made: &Made<'a>) -> Option<&'a [u8]> {
    let row = made.row.filter(|row| row.name.starts_with("open") && made.succeeded())?;
    let at = row.args.iter().position(|arg| matches!(arg.kind, Argument::Path))?;
    made.text(at as u8).filter(|path| is_gpu(path))
}

/// Does a path name a GPU?
pub(super) fn is_gpu(path: &[u8]) -> bool {
    GPUS.iter().any(|gpu| path.starts_with(gpu))
}

impl Sink for Watcher {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.clock = Some(Clock::new(header));
        self.attached = !header.attached.is_empty();
        self.counts.begin(header)?;
        if self.places.cwd.is_empty() {
            self.places.cwd = header.cwd.clone().into_bytes();
        }
        let about: Vec<(usize, Question)> =
            self.watch.questions.iter().filter(|(_, question)| question.asks.needs_objects()).cloned().collect();
        if !about.is_empty() {
            let mut resolver = Resolver::new(Objects::new(&about, &self.places));
            resolver.begin(header)?;
            self.objects = Some(resolver);
        }
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        if let Some(clock) = &mut self.clock {
            clock.batch(batch.clock);
        }
        self.counts.events(batch)?;
        for event in batch.events() {
            self.event(&event);
        }
        if let Some(objects) = &mut self.objects {
            objects.events(batch)?;
        }
        Ok(())
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        if let Some(objects) = &mut self.objects {
            objects.end(trailer)?;
        }
        self.counts.end(trailer)
    }
}
