//! The resolver: raw events in, resolved calls out.

use super::attempts::{self, Attempts, Ready};
use super::files::Files;
use super::gaps::{self, Gaps};
use super::naming::Said;
use super::tables::{ProcId, Tables, ThreadId};
use super::world::{Caller, World};
use super::{About, Consumer, Happened, Moved};
use crate::event::{Call, Event, Kind, Shape, flag};
use crate::plan::{Act, Plans};
use crate::session::{EndedBy, Header, Trailer};
use crate::views::NumberMap;
use crate::{Batch, Sink, SinkError};

/// Turns the events of one recording into resolved calls for a [`Consumer`].
#[derive(Debug)]
pub struct Resolver<C> {
    consumer: C,
    world: World,
    plans: Plans,
    attempts: Attempts,
    files: Files,
    gaps: Gaps,
    /// Execs whose call is still to come, by task: thread and number of the event.
    execs: NumberMap<u32, (ThreadId, u64)>,
    /// Number of the next event.
    next: u64,
    ended: bool,
    about: Vec<About>,
    moved: Vec<Moved>,
}

impl<C: Consumer> Resolver<C> {
    /// Nothing seen yet.
    pub fn new(consumer: C) -> Resolver<C> {
        Resolver {
            consumer,
            world: World::new(&Header::default()),
            plans: Plans::default(),
            attempts: Attempts::default(),
            files: Files::default(),
            gaps: Gaps::default(),
            execs: NumberMap::default(),
            next: 0,
            ended: false,
            about: vec![],
            moved: vec![],
        }
    }

    /// The tables so far.
    pub fn tables(&self) -> &Tables {
        &self.world.tables
    }

    /// The consumer and the tables, after everything that was held back was given. A recording that never
    /// ended has a gap.
    pub fn finish(mut self) -> (C, Tables) {
        if !self.ended {
            self.close(&Trailer { ended: EndedBy::Incomplete, ..Trailer::default() });
        }
        (self.consumer, self.world.tables)
    }

    fn close(&mut self, trailer: &Trailer) {
        self.files.flush(&self.world.objects, &self.world.tables, &mut self.consumer);
        let mut execs: Vec<(u32, (ThreadId, u64))> = self.execs.drain().collect();
        execs.sort_unstable();
        for (_, (thread, index)) in execs {
            self.consumer.happened(&self.world.tables, &Happened::Exec { thread, open: &[], index });
        }
        self.attempts.process_over(None, &self.world.tables, &mut self.consumer);
        for why in gaps::of_trailer(trailer) {
            self.gap(None, why);
        }
        self.ended = true;
    }

    fn gap(&mut self, process: Option<ProcId>, why: String) {
        if self.gaps.is_new(process, &why) {
            self.consumer.happened(&self.world.tables, &Happened::Gap { process, why });
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        let index = self.next;
        self.next += 1;
        if !self.files.is_empty() && event.kind() != Some(Kind::FileState) {
            self.files.flush(&self.world.objects, &self.world.tables, &mut self.consumer);
        }
        match event.kind() {
            Some(Kind::Call) => {
                if let Some(call) = event.call().filter(|_| event.flags() & flag::INSTRUMENTATION == 0) {
                    self.call(&call, index);
                }
            }
            Some(Kind::Signal) => self.signal(event, index),
            Some(Kind::Born) => self.born(event, index),
            Some(Kind::Exec) => self.exec(event, index),
            Some(Kind::Died) => self.died(event, index),
            Some(Kind::FileState) => {
                self.files.take(event, index, &self.world.objects, &self.world.tables, &mut self.consumer);
            }
            Some(Kind::Lost | Kind::Limit | Kind::Detached | Kind::Unseen) => {
                if let Some(why) = gaps::of_event(event) {
                    let thread = self.world.tasks.get(event.task()).and_then(|thread| self.world.tables.thread(thread));
                    let process = thread.map(|thread| thread.process).filter(|_| event.kind() != Some(Kind::Lost));
                    self.gap(process, why);
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &Call<'_>, index: u64) {
        let event = call.event;
        let tid = event.task();
        let thread = self.world.tasks.thread(&mut self.world.tables, tid);
        let process = self.world.tables.thread(thread).map_or(ProcId(0), |thread| thread.process);
        let caller = Caller { tid, process, index, began: event.at(), left: call.left() };
        let plan = self.plans.of(event.abi(), call.nr());
        let mut said = Said::of(*call, plan);
        let (mut about, mut moved) = (std::mem::take(&mut self.about), std::mem::take(&mut self.moved));
        about.clear();
        moved.clear();
        if call.entered() {
            self.world.name(caller, &mut said, &mut about);
            if plan.act == Act::Connect {
                self.world.connecting(caller, &said, &about);
            }
            if said.ok {
                self.world.apply(caller, &said, &mut about, &mut moved);
            }
        }
        if plan.act == Act::Exec || !self.execs.is_empty() {
            self.exec_is_over(tid, &said, &about);
        }
        if event.flags() & (flag::CLIPPED | flag::NO_ENTRY) != 0
            && let Some(why) = gaps::of_call(&event, plan.row.map_or("a call", |row| row.name))
        {
            self.gap(Some(process), why);
        }
        let outcome = attempts::outcome(&said);
        let nr = call.nr();
        let ready = Ready { event, index, process, thread, plan, nr, outcome, about, moved, attempts: vec![] };
        if let Some(spare) = self.attempts.take(ready, &said, &self.world.tables, &mut self.consumer) {
            (self.about, self.moved) = spare;
        }
    }

    fn signal(&mut self, event: &Event<'_>, index: u64) {
        // One that the engine keeps to itself is never shown.
        if event.u8(36) != 0 {
            return;
        }
        let thread = self.world.tasks.thread(&mut self.world.tables, event.task());
        self.attempts.signal(thread);
        let code = event.u32(48 + 8) as i32;
        let what = Happened::Signal { thread, signo: event.u32(32), code, index };
        self.consumer.happened(&self.world.tables, &what);
    }

    fn born(&mut self, event: &Event<'_>, index: u64) {
        let (thread, by) = self.world.born(event);
        self.consumer.happened(&self.world.tables, &Happened::Born { thread, by, index });
    }

    fn exec(&mut self, event: &Event<'_>, index: u64) {
        let thread = self.world.exec(event, index);
        self.attempts.thread_over(thread, &self.world.tables, &mut self.consumer);
        self.execs.insert(event.task(), (thread, index));
    }

    /// The call that replaced an image came, with the environment, or another one of its task.
    fn exec_is_over(&mut self, tid: u32, said: &Said<'_>, about: &[About]) {
        let Some((thread, index)) = self.execs.remove(&tid) else { return };
        if said.plan.act == Act::Exec {
            let process = self.world.tables.thread(thread).map(|thread| thread.process);
            let row = process.and_then(|process| self.world.tables.processes.get_mut(process.0 as usize));
            if let Some(image) = row.and_then(|row| row.images.last_mut()) {
                image.env = environment(said);
                // Of a script the image is another file, and the arguments are more.
                let given = argument_count(said);
                if let Some(path) = about.iter().find(|about| about.path.is_some())
                    && given == Some(image.argv.len() as u64)
                {
                    self.world.objects.also_named(&image.exe, path.object);
                }
            }
        }
        self.world.exec_is_over(tid);
        let open = self.world.all_open(tid);
        self.consumer.happened(&self.world.tables, &Happened::Exec { thread, open: &open, index });
    }

    fn died(&mut self, event: &Event<'_>, index: u64) {
        if let Some((thread, index)) = self.execs.remove(&event.task()) {
            self.consumer.happened(&self.world.tables, &Happened::Exec { thread, open: &[], index });
        }
        let (thread, last) = self.world.died(event);
        self.attempts.thread_over(thread, &self.world.tables, &mut self.consumer);
        if last {
            let process = self.world.tables.thread(thread).map(|thread| thread.process);
            self.attempts.process_over(process, &self.world.tables, &mut self.consumer);
        }
        self.consumer.happened(&self.world.tables, &Happened::Died { thread, last, index });
    }
}

fn argument_count(said: &Said<'_>) -> Option<u64> {
    let at = if said.plan.row.is_some_and(|row| row.name == "execveat") { 2 } else { 1 };
    said.call.payloads_of(at).find(|payload| payload.head.shape == Shape::Vector).map(|payload| payload.head.wanted)
}

/// The environment that an exec was given, where all of it was kept.
fn environment(said: &Said<'_>) -> Option<Vec<Vec<u8>>> {
    let at = if said.plan.row.is_some_and(|row| row.name == "execveat") { 3 } else { 2 };
    let count = said.call.payloads_of(at).find(|payload| payload.head.shape == Shape::Vector)?.head.wanted;
    let strings: Vec<Vec<u8>> = said
        .call
        .payloads_of(at)
        .filter(|payload| payload.head.shape == Shape::Element && payload.head.status == 0)
        .map(|payload| payload.bytes.to_vec())
        .collect();
    (strings.len() as u64 == count).then_some(strings)
}

impl<C: Consumer> Sink for Resolver<C> {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.world = World::new(header);
        for why in gaps::of_header(header) {
            self.gap(None, why);
        }
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        for event in batch.events().filter(|event| !event.is_announcement()) {
            self.event(&event);
        }
        Ok(())
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        if !self.ended {
            self.close(trailer);
        }
        Ok(())
    }
}
