//! Processes: when each began and ended, how, what it ran, and what the kernel says it used.

use std::sync::Arc;

use super::numbers::NumberMap;
use super::{Clock, Command, Tasks};
use crate::event::{BornHow, Event, Kind, Measure, Reading, reading, text};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By exit with this code.
    Exited(u8),
    /// By a signal.
    Killed {
        /// The signal, 1 to 64.
        signal: u8,
        /// Was a core dumped?
        core: bool,
    },
}

impl Ending {
    /// From a status as wait4 gives it.
    pub fn from_wait_status(status: u32) -> Ending {
        match (status & 0x7f) as u8 {
            0 => Ending::Exited((status >> 8) as u8),
            signal => Ending::Killed { signal, core: status & 0x80 != 0 },
        }
    }

    /// The code a shell shows: 128 and the signal for a killed process.
    pub fn code(self) -> i32 {
        match self {
            Ending::Exited(code) => i32::from(code),
            Ending::Killed { signal, .. } => 128 + i32::from(signal),
        }
    }
}

/// A counter's last reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Raw number of a [`Measure`].
    pub measure: u16,
    /// Bits of [`reading`].
    pub status: u16,
    /// The value; meaningless with [`reading::NOT_MEASURED`].
    pub value: u64,
    /// How long it was enabled, ns.
    pub enabled_ns: u64,
    /// How long it ran, ns.
    pub running_ns: u64,
    /// Why it was not measured.
    pub reason: Option<String>,
}

/// One process.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its id in the tracer's PID namespace.
    pub pid: u32,
    /// The process that made it; 0 when not known.
    pub ppid: u32,
    /// What it ran last.
    pub command: Arc<Command>,
    /// How it came to be; `None` when its birth was not seen.
    pub how: Option<BornHow>,
    /// First seen, ns since the start.
    pub start_ns: u64,
    /// Last task gone, ns since the start; `None` while alive.
    pub end_ns: Option<u64>,
    /// How it ended; `None` while alive.
    pub ending: Option<Ending>,
    /// Tasks it had.
    pub tasks: u64,
    /// The kernel's accounts.
    pub readings: Vec<Reading>,
    /// Why some of them were not measured.
    pub not_measured: Option<String>,
    /// Counters.
    pub counters: Vec<Counter>,
}

impl Process {
    /// The value of a measure, when it was measured.
    pub fn value(&self, measure: Measure) -> Option<u64> {
        self.reading(measure).filter(|r| r.status & reading::NOT_MEASURED == 0).map(|r| r.value)
    }

    /// The reading of a measure, measured or not.
    pub fn reading(&self, measure: Measure) -> Option<Reading> {
        self.readings.iter().copied().find(|r| r.measure == measure as u16)
    }
}

/// The processes of a session, one line each, in the order in which they began.
#[derive(Debug, Default)]
pub struct Processes {
    rows: Vec<Process>,
    /// Row of the latest bearer of a process id.
    latest: NumberMap<u32, usize>,
    root: Option<u32>,
}

impl Processes {
    /// None yet.
    pub fn new() -> Processes {
        Processes::default()
    }

    /// Takes an event, after `tasks` and `clock` have seen it.
    pub fn observe(&mut self, event: &Event<'_>, tasks: &Tasks, clock: &Clock) {
        match event.kind() {
            Some(Kind::Born) => self.born(event, tasks, clock),
            Some(Kind::Exec) => {
                let row = self.row(event, tasks, clock);
                if let Some(task) = tasks.get(event.task()) {
                    row.command = task.command.clone();
                }
            }
            Some(Kind::Died) => self.died(event, tasks, clock),
            Some(Kind::Account) if event.u32(32) == 1 => {
                let row = self.row(event, tasks, clock);
                row.readings.clear();
                row.readings.extend(event.readings());
                row.not_measured = reason(event);
            }
            // A thread's own counters are part of those of its process.
            Some(Kind::Counter) if event.task() == tasks.process_of(event.task()) => self.counter(event, tasks, clock),
            _ => {}
        }
    }

    /// All of them.
    pub fn rows(&self) -> &[Process] {
        &self.rows
    }

    /// The process of the root command.
    pub fn root(&self) -> Option<&Process> {
        self.root.and_then(|pid| self.get(pid))
    }

    /// The latest process of this id.
    pub fn get(&self, pid: u32) -> Option<&Process> {
        self.latest.get(&pid).and_then(|row| self.rows.get(*row))
    }

    fn born(&mut self, event: &Event<'_>, tasks: &Tasks, clock: &Clock) {
        let how = BornHow::from_raw(event.u8(36));
        let pid = tasks.process_of(event.task());
        if how == Some(BornHow::First) {
            self.root.get_or_insert(pid);
        }
        // A process that begins anew under an id that is known: the id was given out again.
        let fresh = how != Some(BornHow::Thread) && pid == event.task();
        if fresh && self.get(pid).is_some_and(|row| row.end_ns.is_some()) {
            self.latest.remove(&pid);
        }
        let row = self.row(event, tasks, clock);
        row.tasks += 1;
        if fresh {
            row.how = how;
        }
    }

    fn died(&mut self, event: &Event<'_>, tasks: &Tasks, clock: &Clock) {
        if event.u8(38) != 1 {
            return;
        }
        let at = clock.since_start(event.at());
        let status = event.u32(44);
        let row = self.row(event, tasks, clock);
        row.end_ns = Some(at);
        row.ending = Some(Ending::from_wait_status(status));
    }

    fn counter(&mut self, event: &Event<'_>, tasks: &Tasks, clock: &Clock) {
        let counter = Counter {
            measure: event.u32(32) as u16,
            status: event.u32(36) as u16,
            value: event.u64(40),
            enabled_ns: event.u64(48),
            running_ns: event.u64(56),
            reason: reason(event),
        };
        let row = self.row(event, tasks, clock);
        match row.counters.iter_mut().find(|known| known.measure == counter.measure) {
            Some(known) => *known = counter,
            None => row.counters.push(counter),
        }
    }

    /// The row of the process an event belongs to, made where there is none.
    fn row(&mut self, event: &Event<'_>, tasks: &Tasks, clock: &Clock) -> &mut Process {
        let tid = event.task();
        // A death says whose process it was; the task may be forgotten by now.
        let pid = match event.kind() {
            Some(Kind::Died) if event.u32(40) != 0 => event.u32(40),
            _ => tasks.process_of(tid),
        };
        let at = match self.latest.get(&pid) {
            Some(at) => *at,
            None => {
                let task = tasks.get(pid).or_else(|| tasks.get(tid));
                self.rows.push(Process {
                    pid,
                    ppid: task.map_or(0, |task| task.parent),
                    command: task.map(|task| task.command.clone()).unwrap_or_default(),
                    how: None,
                    start_ns: clock.since_start(event.at()),
                    end_ns: None,
                    ending: None,
                    tasks: 0,
                    readings: vec![],
                    not_measured: None,
                    counters: vec![],
                });
                self.latest.insert(pid, self.rows.len() - 1);
                self.rows.len() - 1
            }
        };
        &mut self.rows[at]
    }
}

fn reason(event: &Event<'_>) -> Option<String> {
    event.text(text::MAIN).map(|text| String::from_utf8_lossy(text).into_owned())
}
