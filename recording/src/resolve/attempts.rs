//! Attempts: calls that the program or the kernel made again, folded into the one they became.
//!
//! | seen | becomes |
//! |---|---|
//! | a restart code, `restart_syscall` | one call with the final outcome; EINTR when a handler ran and it was not restarted |
//! | EINTR, then the same again on the object | the later one |
//! | EAGAIN of reading, writing or accepting, then the same again on the object | the later one |
//! | `connect` EINPROGRESS | itself, with the outcome that SO_ERROR, the next `connect` or the first byte tells |
//! | ENOSYS, then the older form as the next call | the older form |
//!
//! A call that waits to be folded is held back as a copy. When it turns out to stand for itself it is given
//! before the next call on its object: a little late, but in order on that object.

use std::collections::VecDeque;

use super::naming::{Said, is_restart};
use super::sockets;
use super::tables::{ObjectId, ProcId, Tables, ThreadId};
use super::{About, Consumer, Happened, Moved, Outcome, Resolved};
use crate::event::{Event, flag};
use crate::plan::{Family, Plan, older_form};

const EINTR: u16 = 4;
const EAGAIN: u16 = 11;
const ENOSYS: u16 = 38;
const EISCONN: u16 = 106;
const EALREADY: u16 = 114;
const EINPROGRESS: u16 = 115;
/// Calls held back at once, in all.
const MOST: usize = 4096;
/// Calls of the thread that may pass one that waits.
const PATIENCE: u32 = 64;

/// A resolved call in hand.
pub(super) struct Ready<'a> {
    pub event: Event<'a>,
    pub index: u64,
    pub process: ProcId,
    pub thread: ThreadId,
    pub plan: Plan,
    pub nr: u64,
    pub outcome: Outcome,
    pub about: Vec<About>,
    pub moved: Vec<Moved>,
    pub attempts: Vec<(u16, u32)>,
}

impl Ready<'_> {
    /// The object it works on.
    fn object(&self) -> Option<ObjectId> {
        match self.plan.family {
            Family::Wait(_) => None,
            _ => self.about.first().map(|about| about.object),
        }
    }

    fn give(&self, tables: &Tables, to: &mut impl Consumer) {
        let name = match self.plan.row {
            Some(row) => row.name.into(),
            None => format!("syscall_{}", self.nr).into(),
        };
        to.call(
            tables,
            &Resolved {
                event: self.event,
                index: self.index,
                process: self.process,
                thread: self.thread,
                name,
                row: self.plan.row,
                outcome: self.outcome,
                attempts: &self.attempts,
                about: &self.about,
                moved: &self.moved,
            },
        );
    }

    /// Takes over the attempts of one that it continues.
    fn fold(&mut self, held: Held) {
        let mut attempts = held.attempts;
        attempts.append(&mut self.attempts);
        count(&mut attempts, held.errno);
        self.attempts = attempts;
    }
}

fn count(attempts: &mut Vec<(u16, u32)>, errno: u16) {
    match attempts.iter_mut().find(|(known, _)| *known == errno) {
        Some((_, times)) => *times = times.saturating_add(1),
        None => attempts.push((errno, 1)),
    }
}

/// What a held call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// The kernel restarts it, or a handler made it EINTR.
    Restart,
    /// The same call again.
    Again,
    /// The older form, as the very next call.
    OlderForm,
    /// Its outcome.
    Connection,
}

/// A call held back.
#[derive(Debug)]
struct Held {
    record: Vec<u8>,
    index: u64,
    process: ProcId,
    thread: ThreadId,
    plan: Plan,
    nr: u64,
    about: Vec<About>,
    attempts: Vec<(u16, u32)>,
    errno: u16,
    waits: Waits,
    object: Option<ObjectId>,
    operation: u64,
    /// Handlers of signals that run.
    handlers: u32,
    passed: u32,
}

impl Held {
    fn of(ready: Ready<'_>, errno: u16, waits: Waits) -> Held {
        Held {
            object: ready.object(),
            operation: operation(ready.plan, &ready.event),
            record: ready.event.bytes().to_vec(),
            index: ready.index,
            process: ready.process,
            thread: ready.thread,
            plan: ready.plan,
            nr: ready.nr,
            about: ready.about,
            attempts: ready.attempts,
            errno,
            waits,
            handlers: 0,
            passed: 0,
        }
    }

    /// Says that it was an attempt.
    fn tell(&self, tables: &Tables, to: &mut impl Consumer) {
        let Held { thread, object, errno, index, .. } = *self;
        let name = self.plan.row.map_or("", |row| row.name);
        to.happened(tables, &Happened::Attempt { thread, name, object, errno, index });
    }

    /// It stands for itself after all.
    fn give(self, outcome: Outcome, tables: &Tables, to: &mut impl Consumer) {
        let Ok((event, _)) = Event::split(&self.record) else { return };
        let ready = Ready {
            event,
            index: self.index,
            process: self.process,
            thread: self.thread,
            plan: self.plan,
            nr: self.nr,
            outcome,
            about: self.about,
            moved: vec![],
            attempts: self.attempts,
        };
        ready.give(tables, to);
    }

    fn stand(self, tables: &Tables, to: &mut impl Consumer) {
        let outcome = self.own_outcome();
        self.give(outcome, tables, to);
    }

    fn own_outcome(&self) -> Outcome {
        match self.waits {
            Waits::Restart => Outcome::Failed(EINTR),
            _ => Outcome::Failed(self.errno),
        }
    }
}

/// The calls held back.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// At most one a thread.
    by_thread: Vec<Held>,
    /// Of non-blocking objects, by process and object; the oldest first.
    by_object: VecDeque<Held>,
}

impl Attempts {
    /// Gives a call, or holds it back, and settles those that waited for it. `said` is the call itself.
    /// Its lists come back, to be used again, unless they are held.
    pub fn take(
        &mut self,
        mut ready: Ready<'_>,
        said: &Said<'_>,
        tables: &Tables,
        to: &mut impl Consumer,
    ) -> Option<(Vec<About>, Vec<Moved>)> {
        if !self.by_thread.is_empty()
            && let Some(at) = self.by_thread.iter().position(|held| held.thread == ready.thread)
        {
            match self.by_thread.get(at).map(|held| verdict(held, &ready)) {
                Some(Verdict::Fold) => {
                    let held = self.by_thread.swap_remove(at);
                    held.tell(tables, to);
                    ready.fold(held);
                }
                Some(Verdict::Finish) => {
                    self.finish(at, &ready, tables, to);
                    return Some((ready.about, ready.moved));
                }
                Some(Verdict::Stands) => {
                    let held = self.by_thread.swap_remove(at);
                    held.stand(tables, to);
                }
                Some(Verdict::Wait) | None => self.pass(at, &ready),
            }
        }
        if !self.by_object.is_empty() {
            self.settle_object(&mut ready, said, tables, to);
        }
        match held_for(&ready, said) {
            None => {
                ready.give(tables, to);
                return Some((ready.about, ready.moved));
            }
            Some((errno, waits @ (Waits::Restart | Waits::OlderForm))) => self.hold(ready, errno, waits, tables, to),
            Some((EINTR, waits)) => self.hold(ready, EINTR, waits, tables, to),
            Some((errno, waits)) => {
                if self.by_object.len() >= MOST
                    && let Some(oldest) = self.by_object.pop_front()
                {
                    oldest.stand(tables, to);
                }
                self.by_object.push_back(Held::of(ready, errno, waits));
            }
        }
        None
    }

    /// A call of the thread that says nothing about the one it held.
    fn pass(&mut self, at: usize, ready: &Ready<'_>) {
        if let Some(held) = self.by_thread.get_mut(at) {
            held.passed += 1;
            if ready.plan.family == Family::SigReturn {
                held.handlers = held.handlers.saturating_sub(1);
            }
        }
    }

    fn hold(&mut self, ready: Ready<'_>, errno: u16, waits: Waits, tables: &Tables, to: &mut impl Consumer) {
        self.thread_over(ready.thread, tables, to);
        if self.by_thread.len() >= MOST {
            let oldest = self.by_thread.remove(0);
            oldest.stand(tables, to);
        }
        self.by_thread.push(Held::of(ready, errno, waits));
    }

    /// `restart_syscall` tells how a held call ended: it is given with that outcome.
    fn finish(&mut self, at: usize, ready: &Ready<'_>, tables: &Tables, to: &mut impl Consumer) {
        let Some(held) = self.by_thread.get_mut(at) else { return };
        held.tell(tables, to);
        count(&mut held.attempts, held.errno);
        let result = ready.event.call().map_or(0, |call| call.result());
        if is_restart(result) && ready.outcome != Outcome::Unfinished {
            held.errno = result.unsigned_abs() as u16;
            held.index = ready.index;
            held.handlers = 0;
            return;
        }
        let mut held = self.by_thread.swap_remove(at);
        held.index = ready.index;
        continue_record(&mut held.record, &ready.event);
        held.give(ready.outcome, tables, to);
    }

    fn settle_object(&mut self, ready: &mut Ready<'_>, said: &Said<'_>, tables: &Tables, to: &mut impl Consumer) {
        let Some(object) = ready.object() else { return };
        let process = ready.process;
        let of = |held: &Held| held.process == process && held.object == Some(object);
        let mut at = 0;
        while let Some(held) = self.by_object.get(at) {
            let outcome = if of(held) { outcome_of(held, ready, said) } else { None };
            match outcome {
                None => at += 1,
                Some(settled) => {
                    let Some(held) = self.by_object.remove(at) else { return };
                    match settled {
                        Settled::Folded => {
                            if held.waits == Waits::Connection && ready.outcome == Outcome::Failed(EISCONN) {
                                ready.outcome = Outcome::Ok(0);
                            }
                            held.tell(tables, to);
                            ready.fold(held);
                        }
                        Settled::As(outcome) => held.give(outcome, tables, to),
                    }
                }
            }
        }
    }

    /// A signal was delivered to the thread: its handler's calls come before what it interrupted goes on.
    pub fn signal(&mut self, thread: ThreadId) {
        if let Some(held) = self.by_thread.iter_mut().find(|held| held.thread == thread) {
            held.handlers += 1;
        }
    }

    /// Nothing more comes of this thread.
    pub fn thread_over(&mut self, thread: ThreadId, tables: &Tables, to: &mut impl Consumer) {
        if let Some(at) = self.by_thread.iter().position(|held| held.thread == thread) {
            let held = self.by_thread.swap_remove(at);
            held.stand(tables, to);
        }
    }

    /// Nothing more comes of this process; of none at all with `None`.
    pub fn process_over(&mut self, process: Option<ProcId>, tables: &Tables, to: &mut impl Consumer) {
        let over = |held: &Held| process.is_none_or(|process| held.process == process);
        let mut kept = VecDeque::new();
        for held in std::mem::take(&mut self.by_thread).into_iter().chain(self.by_object.drain(..)) {
            if over(&held) {
                held.stand(tables, to);
            } else {
                kept.push_back(held);
            }
        }
        let (threads, objects): (Vec<Held>, Vec<Held>) = kept.into_iter().partition(is_of_thread);
        (self.by_thread, self.by_object) = (threads, objects.into());
    }
}

fn is_of_thread(held: &Held) -> bool {
    matches!(held.waits, Waits::Restart | Waits::OlderForm) || held.errno == EINTR
}

/// What the next call of a thread makes of the one that it held.
enum Verdict {
    /// It is that call once more.
    Fold,
    /// It is `restart_syscall` of it.
    Finish,
    /// It is not: the held one was the whole of it.
    Stands,
    /// It says nothing about it.
    Wait,
}

fn verdict(held: &Held, next: &Ready<'_>) -> Verdict {
    if held.waits == Waits::OlderForm {
        let older = held.plan.row.and_then(|row| older_form(row.name)).unwrap_or_default();
        let is_older = next.plan.row.is_some_and(|row| older.contains(&row.name));
        return if is_older { Verdict::Fold } else { Verdict::Stands };
    }
    if held.waits == Waits::Restart && next.event.flags() & flag::RESTARTED != 0 {
        match next.plan.family {
            Family::RestartSyscall => return Verdict::Finish,
            _ if next.nr == held.nr => return Verdict::Fold,
            _ => {}
        }
    }
    settle_thread(held, next)
}

fn settle_thread(held: &Held, next: &Ready<'_>) -> Verdict {
    if next.plan.family == Family::RestartSyscall && held.waits == Waits::Restart {
        return Verdict::Finish;
    }
    let same = next.plan.family == held.plan.family && operation(next.plan, &next.event) == held.operation;
    let in_handler = held.handlers > 0 || next.plan.family == Family::SigReturn;
    match held.object {
        Some(object) if next.object() == Some(object) && same => Verdict::Fold,
        Some(object) if next.object() == Some(object) => Verdict::Stands,
        None if same && !in_handler => Verdict::Fold,
        None if !in_handler => Verdict::Stands,
        _ if held.passed >= PATIENCE => Verdict::Stands,
        _ => Verdict::Wait,
    }
}

/// The word that says what a call of many operations does (`fcntl`, `ioctl`, `futex`).
fn operation(plan: Plan, event: &Event<'_>) -> u64 {
    let selector = plan.row.and_then(|row| row.variants).map(|variants| usize::from(variants.selector));
    selector.and_then(|at| event.call()?.args().get(at).copied()).unwrap_or(0)
}

/// How a call held for its object is settled.
enum Settled {
    Folded,
    As(Outcome),
}

fn outcome_of(held: &Held, next: &Ready<'_>, said: &Said<'_>) -> Option<Settled> {
    if held.waits == Waits::Connection {
        return connection(next, said);
    }
    if next.plan.family == held.plan.family {
        return Some(Settled::Folded);
    }
    (next.plan.family == Family::Close).then(|| Settled::As(held.own_outcome()))
}

/// What a later call on the socket says of a connection that was under way.
fn connection(next: &Ready<'_>, said: &Said<'_>) -> Option<Settled> {
    match (next.plan.family, next.outcome) {
        (Family::Connect, _) => Some(Settled::Folded),
        (Family::Getsockopt, _) => sockets::socket_error(said)
            .map(|error| Settled::As(if error == 0 { Outcome::Ok(0) } else { Outcome::Failed(error) })),
        // Bytes went through it: it stands.
        (Family::Read | Family::Write, Outcome::Ok(_)) => Some(Settled::As(Outcome::Ok(0))),
        (Family::Close, _) => Some(Settled::As(Outcome::Failed(EINPROGRESS))),
        _ => None,
    }
}

/// Must this call wait for the next ones, and why?
fn held_for(ready: &Ready<'_>, said: &Said<'_>) -> Option<(u16, Waits)> {
    if ready.outcome == Outcome::Unfinished {
        return None;
    }
    if is_restart(said.result) && said.call.returned() {
        return Some((said.result.unsigned_abs() as u16, Waits::Restart));
    }
    let Outcome::Failed(errno) = ready.outcome else { return None };
    let family = ready.plan.family;
    match errno {
        ENOSYS => ready.plan.row.and_then(|row| older_form(row.name)).map(|_| (errno, Waits::OlderForm)),
        EINPROGRESS | EALREADY if family == Family::Connect => Some((errno, Waits::Connection)),
        EINTR if !matches!(family, Family::Close | Family::SigReturn | Family::RestartSyscall) => {
            Some((errno, Waits::Again))
        }
        EAGAIN if matches!(family, Family::Read | Family::Write | Family::Accept) && ready.object().is_some() => {
            Some((errno, Waits::Again))
        }
        _ => None,
    }
}

/// The outcome of a call by itself.
pub(super) fn outcome(said: &Said<'_>) -> Outcome {
    if !said.call.returned() {
        return Outcome::Unfinished;
    }
    match (said.call.errno(), said.plan.family) {
        (_, Family::SigReturn) => Outcome::Ok(0),
        (None, _) => Outcome::Ok(said.result),
        (Some(_), _) if is_restart(said.result) => Outcome::Failed(EINTR),
        (Some(errno), _) => Outcome::Failed(errno),
    }
}

/// The record of a call that `restart_syscall` ended, with the result and the end of that.
fn continue_record(record: &mut [u8], end: &Event<'_>) {
    let put = |record: &mut [u8], at: usize, bytes: &[u8]| {
        if let Some(place) = record.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    };
    let flags = record.get(12..16).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    put(record, 12, &(flags & !flag::INTERRUPTED | end.flags() & flag::NO_EXIT).to_le_bytes());
    put(record, 32, &end.u64(32).to_le_bytes());
    put(record, 96, &end.u64(96).to_le_bytes());
}
