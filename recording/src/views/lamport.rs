//! Lamport clocks: a number for each call and event, so that whatever came before has a smaller one.
//!
//! A task counts its calls, at their entry, and its events: number N of a task has N more than its first, plus what
//! it skipped when it learned of other tasks. Those it learns of are its maker at birth, a child that it waited for,
//! and a traced process that sent it a signal.

use super::NumberMap;
use crate::event::{BornHow, Call, Event, Kind, Payload};

const SIGCHLD: u32 = 17;
const SI_USER: i32 = 0;
const SI_QUEUE: i32 = -1;
const SI_MESGQ: i32 = -3;
const SI_TKILL: i32 = -6;
/// `si_pid` of the 64-bit interface.
const SI_PID: usize = 16;

/// One task.
#[derive(Debug, Clone, Copy, Default)]
struct Task {
    process: u32,
    /// What is added to a number of the task's own.
    ahead: u64,
    /// Its latest number of its own.
    latest: u64,
    /// It has another id where it waits and is signalled: in a PID namespace of its own.
    elsewhere: bool,
}

impl Task {
    fn clock(&self, seq: u64) -> u64 {
        self.ahead.saturating_add(seq).saturating_add(1)
    }

    /// What comes next is later than `other`.
    fn learn(&mut self, other: u64) {
        self.ahead = self.ahead.max(other.saturating_sub(self.latest.saturating_add(1)));
    }
}

/// The clocks of all tasks. Needs calls announced ([`crate::Sink::wants_entered`]).
#[derive(Debug, Default)]
pub struct Lamport {
    tasks: NumberMap<u32, Task>,
    /// The largest number of each process that has ended, by its id: as many as there are ids.
    ended: NumberMap<u32, u64>,
    /// Of each process the number of its latest call that sent a signal.
    sent: NumberMap<u32, u64>,
}

impl Lamport {
    /// Nobody has counted.
    pub fn new() -> Lamport {
        Lamport::default()
    }

    /// Takes an event and gives its number, from 1. Of samples, switches and mappings, which have none of
    /// their task's numbers, it says nothing of use.
    pub fn observe(&mut self, event: &Event<'_>) -> u64 {
        let (tid, seq) = (event.task(), event.seq());
        match event.kind() {
            Some(Kind::Mapped | Kind::Sample | Kind::Switch | Kind::Tracepoint) => return 1,
            Some(Kind::Born) => self.born(event),
            Some(Kind::Exec) => self.moved(event.u32(32), tid),
            Some(Kind::Signal) => self.signalled(event),
            _ => {}
        }
        let task = self.task(tid);
        task.latest = task.latest.max(seq);
        let clock = task.clock(seq);
        match event.kind() {
            Some(Kind::Died) => self.died(tid, clock),
            Some(Kind::Call) => {
                if let Some(call) = event.call() {
                    self.called(tid, &call, clock);
                }
            }
            _ => {}
        }
        clock
    }

    fn task(&mut self, tid: u32) -> &mut Task {
        self.tasks.entry(tid).or_insert_with(|| Task { process: tid, ..Task::default() })
    }

    fn born(&mut self, event: &Event<'_>) {
        let (tid, maker) = (event.task(), event.u32(32));
        let made = !matches!(BornHow::from_raw(event.u8(36)), Some(BornHow::First | BornHow::Attached) | None);
        let ahead = self.tasks.get(&maker).filter(|_| made).map_or(0, |maker| maker.clock(maker.latest));
        let process = match event.u32(48) {
            0 => tid,
            process => process,
        };
        let elsewhere = ![0, tid].contains(&event.u32(52));
        self.tasks.insert(tid, Task { process, ahead, latest: 0, elsewhere });
        if process == tid {
            self.ended.remove(&tid);
            self.sent.remove(&tid);
        }
    }

    /// A thread that called execve goes on under the id of its process.
    fn moved(&mut self, from: u32, to: u32) {
        if from == to || from == 0 {
            return;
        }
        let ended = self.ended.remove(&to).unwrap_or(0);
        if let Some(thread) = self.tasks.remove(&from) {
            let leader = self.task(to);
            leader.ahead = leader.ahead.max(ended).max(thread.clock(thread.latest));
        }
    }

    fn died(&mut self, tid: u32, clock: u64) {
        let Some(task) = self.tasks.remove(&tid) else { return };
        let number = self.ended.entry(task.process).or_default();
        *number = clock.max(*number);
    }

    fn signalled(&mut self, event: &Event<'_>) {
        let info = event.bytes().get(48..176).unwrap_or_default();
        if let Some(number) = self.sender(event.task(), info) {
            self.task(event.task()).learn(number);
        }
    }

    /// The number with which a traced process sent a signal, by its `siginfo_t`.
    fn sender(&mut self, receiver: u32, info: &[u8]) -> Option<u64> {
        let word = |at: usize| Some(u32::from_le_bytes(info.get(at..at + 4)?.try_into().ok()?));
        let (signal, code, pid) = (word(0)?, word(8)? as i32, word(SI_PID)?);
        if self.task(receiver).elsewhere {
            return None;
        }
        match code {
            SI_USER | SI_QUEUE | SI_MESGQ | SI_TKILL => self.sent.get(&pid).copied(),
            _ if signal == SIGCHLD && code > 0 => self.of_child(pid),
            _ => None,
        }
    }

    /// The number of a child that was waited for: its last, or of one that only stopped its latest.
    fn of_child(&self, pid: u32) -> Option<u64> {
        let alive = || self.tasks.get(&pid).map(|child| child.clock(child.latest));
        self.ended.get(&pid).copied().or_else(alive)
    }

    fn called(&mut self, tid: u32, call: &Call<'_>, clock: u64) {
        if !call.entered() {
            return;
        }
        let abi = syscalls::Abi::from_raw(call.event.abi()).unwrap_or(syscalls::Abi::X86_64);
        let Some(row) = syscalls::lookup(abi, call.nr()) else { return };
        match row.name {
            "kill" | "tkill" | "tgkill" | "rt_sigqueueinfo" | "rt_tgsigqueueinfo" | "pidfd_send_signal" => {
                let process = self.task(tid).process;
                let number = self.sent.entry(process).or_default();
                *number = clock.max(*number);
            }
            "wait4" | "waitpid" | "waitid" | "rt_sigtimedwait" if !call.event.is_announcement() => {
                if let Some(number) = self.received(tid, row.name, call) {
                    self.task(tid).learn(number);
                }
            }
            _ => {}
        }
    }

    fn received(&mut self, tid: u32, name: &str, call: &Call<'_>) -> Option<u64> {
        if !call.returned() || call.errno().is_some() || self.task(tid).elsewhere {
            return None;
        }
        let info = |at: u8| call.payloads_of(at).find(|payload: &Payload<'_>| payload.head.phase == 1);
        match name {
            "waitid" => self.sender(tid, info(2)?.bytes),
            "rt_sigtimedwait" => self.sender(tid, info(1)?.bytes),
            _ => {
                let pid = u32::try_from(call.result()).ok().filter(|pid| *pid > 0)?;
                let number = self.of_child(pid);
                self.ended.remove(&pid);
                number
            }
        }
    }
}
