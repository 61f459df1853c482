//! Tasks: which process a task belongs to, who made it, and what it runs.

use std::collections::VecDeque;
use std::sync::Arc;

use super::numbers::NumberMap;
use crate::event::{ARG_NONE, BornHow, Event, Kind, Shape, text};

/// Dead tasks that are still known, for events that come just behind the death.
const REMEMBERED: usize = 256;

/// What a process runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Path of the executable; empty when it is not known.
    pub exe: Vec<u8>,
    /// Argument vector; empty when it is not known.
    pub argv: Vec<Vec<u8>>,
}

impl Command {
    /// From the payloads of a `born` or `exec`, where they say anything.
    fn from_event(event: &Event<'_>, exe: u32) -> Option<Command> {
        let mut command = Command::default();
        for payload in event.payloads() {
            match (payload.head.arg, payload.head.shape) {
                (1, Shape::Element) => command.argv.push(payload.bytes.to_vec()),
                (ARG_NONE, _) if payload.head.path == exe => command.exe = payload.bytes.to_vec(),
                _ => {}
            }
        }
        (!command.exe.is_empty() || !command.argv.is_empty()).then_some(command)
    }
}

/// One task.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its id in the tracer's PID namespace.
    pub tid: u32,
    /// Its process.
    pub process: u32,
    /// The process that made its process; 0 when not known.
    pub parent: u32,
    /// Its id in its own PID namespace; 0 when not known.
    pub own_tid: u32,
    /// How it came to be; `None` when its birth was not seen.
    pub how: Option<BornHow>,
    /// Its name.
    pub comm: Vec<u8>,
    /// What its process runs.
    pub command: Arc<Command>,
    /// Has it ended?
    pub alive: bool,
}

/// The tasks of a session, kept up by `born`, `exec`, `died` and `named` events.
#[derive(Debug, Default)]
pub struct Tasks {
    known: NumberMap<u32, Task>,
    dead: VecDeque<u32>,
    alive: usize,
    seen: u64,
}

impl Tasks {
    /// Nobody yet.
    pub fn new() -> Tasks {
        Tasks::default()
    }

    /// Takes an event. Anything but a birth, exec, death or naming is passed over.
    pub fn observe(&mut self, event: &Event<'_>) {
        match event.kind() {
            Some(Kind::Born) => self.born(event),
            Some(Kind::Exec) => self.exec(event),
            Some(Kind::Died) => self.died(event.task()),
            Some(Kind::Named) => {
                let comm = event.text(text::MAIN).unwrap_or_default().to_vec();
                self.entry(event.task()).comm = comm;
            }
            _ => {}
        }
    }

    /// What is known of a task, also shortly after its end.
    pub fn get(&self, tid: u32) -> Option<&Task> {
        self.known.get(&tid)
    }

    /// The process of a task; of one nobody announced, the task itself.
    pub fn process_of(&self, tid: u32) -> u32 {
        self.known.get(&tid).map_or(tid, |task| task.process)
    }

    /// Tasks alive now.
    pub fn alive(&self) -> usize {
        self.alive
    }

    /// Tasks seen in all.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    fn born(&mut self, event: &Event<'_>) {
        let tid = event.task();
        let how = BornHow::from_raw(event.u8(36));
        let maker = event.u32(32);
        let command = Command::from_event(event, text::EXE);
        let (parent, inherited, comm) = match (how, self.known.get(&maker)) {
            (Some(BornHow::Thread), Some(leader)) => (leader.parent, leader.command.clone(), leader.comm.clone()),
            (_, Some(maker)) => (maker.process, maker.command.clone(), maker.comm.clone()),
            (_, None) => (maker, Arc::default(), vec![]),
        };
        let process = match event.u32(48) {
            0 => tid,
            process => process,
        };
        self.forget(tid);
        self.known.insert(
            tid,
            Task {
                tid,
                process,
                parent,
                own_tid: event.u32(52),
                how,
                comm: event.text(text::MAIN).map_or(comm, <[u8]>::to_vec),
                command: command.map_or(inherited, Arc::new),
                alive: true,
            },
        );
        self.alive += 1;
        self.seen += 1;
    }

    /// The task that calls exec becomes the leader of its process; every other task of it is gone.
    fn exec(&mut self, event: &Event<'_>) {
        let tid = event.task();
        let old = event.u32(32);
        if old != tid && old != 0 && self.known.contains_key(&old) {
            self.died(old);
        }
        let comm = event.text(text::COMM).map(<[u8]>::to_vec);
        let command = Command::from_event(event, text::MAIN);
        let task = self.entry(tid);
        if let Some(command) = command {
            task.command = Arc::new(command);
        }
        if let Some(comm) = comm {
            task.comm = comm;
        }
        let revived = !std::mem::replace(&mut task.alive, true);
        if revived {
            // The leader's exit was told before the thread that called exec took over its id.
            self.alive += 1;
            self.dead.retain(|gone| *gone != tid);
        }
    }

    fn died(&mut self, tid: u32) {
        let task = self.entry(tid);
        if !std::mem::replace(&mut task.alive, false) {
            return;
        }
        self.alive = self.alive.saturating_sub(1);
        self.dead.push_back(tid);
        if self.dead.len() > REMEMBERED
            && let Some(oldest) = self.dead.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Drops what an earlier bearer of this id left.
    fn forget(&mut self, tid: u32) {
        if let Some(earlier) = self.known.remove(&tid) {
            if earlier.alive {
                self.alive = self.alive.saturating_sub(1);
            } else {
                self.dead.retain(|gone| *gone != tid);
            }
        }
    }

    /// A task, made up where its birth was not seen.
    fn entry(&mut self, tid: u32) -> &mut Task {
        let (alive, seen) = (&mut self.alive, &mut self.seen);
        self.known.entry(tid).or_insert_with(|| {
            *alive += 1;
            *seen += 1;
            Task {
                tid,
                process: tid,
                parent: 0,
                own_tid: 0,
                how: None,
                comm: vec![],
                command: Arc::default(),
                alive: true,
            }
        })
    }
}
