//! Tasks: rows of processes and threads, kept up by births, execs and deaths.

use super::tables::{Exit, Image, ProcId, Process, Tables, Thread, ThreadId};
use crate::event::{ARG_NONE, BornHow, Event, Shape, status, text};
use crate::views::{Ending, NumberMap};

/// Who is who among the tasks alive.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    alive: NumberMap<u32, ThreadId>,
    /// Threads that each thread has made in its own process.
    made: Vec<u32>,
    /// Most elements of an argument vector that were kept.
    argv_limit: Option<u64>,
}

impl Tasks {
    /// With the limit of argument vectors of the session.
    pub fn new(argv_limit: Option<u64>) -> Tasks {
        Tasks { argv_limit, ..Tasks::default() }
    }

    /// The thread that a task is now.
    pub fn get(&self, tid: u32) -> Option<ThreadId> {
        self.alive.get(&tid).copied()
    }

    /// The thread that a task is; made up, with its process, where its birth was not seen.
    pub fn thread(&mut self, tables: &mut Tables, tid: u32) -> ThreadId {
        match self.get(tid) {
            Some(thread) => thread,
            None => {
                let process = self.add_process(tables, tid, tid, None);
                self.add_thread(tables, tid, process, None)
            }
        }
    }

    /// A task began. Gives its thread and its maker's.
    pub fn born(&mut self, tables: &mut Tables, event: &Event<'_>) -> (ThreadId, Option<ThreadId>) {
        let (tid, parent, pid) = (event.task(), event.u32(32), event.u32(48));
        let how = BornHow::from_raw(event.u8(36));
        let maker = match how {
            Some(BornHow::First | BornHow::Attached) | None => None,
            Some(_) => self.get(parent),
        };
        let leader = if pid != tid { self.get(pid) } else { None };
        let process = match leader.or(maker.filter(|_| how == Some(BornHow::Thread))) {
            Some(of) => tables.thread(of).map_or(ProcId(0), |thread| thread.process),
            None => self.add_process(tables, if pid == 0 { tid } else { pid }, event.u32(52), maker),
        };
        let thread = self.add_thread(tables, tid, process, maker);
        if let Some(process) = tables.processes.get_mut(process.0 as usize)
            && process.images.is_empty()
            && let Some(image) = self.image(event, text::EXE, 0)
        {
            process.images.push(image);
        }
        (thread, maker)
    }

    fn add_process(&mut self, tables: &mut Tables, pid: u32, own_pid: u32, maker: Option<ThreadId>) -> ProcId {
        let parent = maker.and_then(|maker| tables.thread(maker)).map(|thread| thread.process);
        let id = ProcId(tables.processes.len() as u32);
        let own_pid = if own_pid == 0 { pid } else { own_pid };
        tables.processes.push(Process { pid, own_pid, parent, maker, images: vec![], exit: Exit::Running, umask: 0 });
        id
    }

    fn add_thread(&mut self, tables: &mut Tables, tid: u32, process: ProcId, maker: Option<ThreadId>) -> ThreadId {
        let maker = maker.filter(|maker| tables.thread(*maker).is_some_and(|thread| thread.process == process));
        let nth = maker.and_then(|maker| self.made.get_mut(maker.0 as usize)).map_or(0, |made| {
            *made += 1;
            *made - 1
        });
        let id = ThreadId(tables.threads.len() as u32);
        tables.threads.push(Thread { tid, process, maker, nth });
        self.made.push(0);
        self.alive.insert(tid, id);
        id
    }

    /// A process replaced its image: the thread that called goes on as its only one, under its id.
    pub fn exec(&mut self, tables: &mut Tables, event: &Event<'_>, index: u64) -> ThreadId {
        let (tid, old) = (event.task(), event.u32(32));
        let moved = if old != tid && old != 0 { self.alive.remove(&old) } else { None };
        let thread = match moved {
            Some(thread) => {
                self.alive.insert(tid, thread);
                thread
            }
            None => self.thread(tables, tid),
        };
        let image = self.image(event, text::MAIN, index);
        if let Some(row) = tables.threads.get_mut(thread.0 as usize) {
            row.tid = tid;
            if let Some(process) = tables.processes.get_mut(row.process.0 as usize) {
                process.images.extend(image);
            }
        }
        thread
    }

    /// A task ended. Gives its thread, and whether its process ended with it.
    pub fn died(&mut self, tables: &mut Tables, event: &Event<'_>) -> (ThreadId, bool) {
        let thread = self.thread(tables, event.task());
        self.alive.remove(&event.task());
        let last = event.u8(38) == 1;
        if last
            && let Some(row) = tables.thread(thread).map(|thread| thread.process)
            && let Some(process) = tables.processes.get_mut(row.0 as usize)
        {
            process.exit = match Ending::from_wait_status(event.u32(44)) {
                Ending::Exited(code) => Exit::Exited(code),
                Ending::Killed { signal, core } => Exit::Killed { signal, core },
            };
        }
        (thread, last)
    }

    /// The image that a `Born` or `Exec` tells of.
    fn image(&self, event: &Event<'_>, exe: u32, index: u64) -> Option<Image> {
        let mut image = Image { index, exe: vec![], argv: vec![], argv_whole: true, env: None, cwd: vec![] };
        for payload in event.payloads() {
            match (payload.head.arg, payload.head.shape) {
                (1, Shape::Element) => {
                    image.argv_whole &= payload.head.status & status::CLIPPED == 0;
                    image.argv.push(payload.bytes.to_vec());
                }
                (ARG_NONE, _) if payload.head.path == exe => image.exe = payload.bytes.to_vec(),
                _ => {}
            }
        }
        image.argv_whole &= self.argv_limit.is_none_or(|limit| (image.argv.len() as u64) < limit);
        (!image.exe.is_empty() || !image.argv.is_empty()).then_some(image)
    }
}
