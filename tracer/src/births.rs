//! Births and execs: how tasks come to be and what they become.

use std::time::{Duration, Instant};

use recording::event::{BornHow, Kind, PayloadHead, Record, Shape, status, text};

use crate::look;
use crate::session::Session;
use crate::stop::{Birth, Reason};
use crate::sys::ptrace::{Gone, Stopped};
use crate::sys::wait::WaitStatus;
use crate::sys::{Tid, process};
use crate::task::{InCall, Phase, Process, Task};

/// Bytes of a `Born` before its texts.
const BORN: usize = 56;
/// Bytes of an `Exec` and of an `Unseen` before their texts.
const PLAIN: usize = 40;

/// What a birth event says.
struct Facts {
    parent: Tid,
    pid: Tid,
    how: BornHow,
    flags: u64,
    own_tid: u32,
}

/// Begins the root's `Born`: there is nothing to say of it yet but who started it.
pub(crate) fn first_birth(event: &mut Record, task: &mut Task, now: u64) {
    let seq = task.next_seq();
    let seen = look::Status::of(task.tid);
    let parent = seen.map_or_else(process::own_pid, |seen| Tid(seen.parent));
    let own_tid = seen.map_or(0, |seen| seen.own_tid);
    let facts = Facts { parent, pid: task.pid, how: BornHow::First, flags: 0, own_tid };
    write_born(event, task.tid, seq, now, &facts);
}

fn write_born(event: &mut Record, tid: Tid, seq: u64, now: u64, facts: &Facts) {
    event.begin(Kind::Born, BORN, tid.0, seq, now);
    event.put_u32(32, facts.parent.0);
    event.put_u8(36, facts.how as u8);
    event.put_u64(40, facts.flags);
    event.put_u32(48, facts.pid.0);
    event.put_u32(52, facts.own_tid);
}

impl Session<'_> {
    /// The parent's half of a birth. The child's first stop may have come before, or comes after.
    pub(crate) fn birth(&mut self, stopped: Stopped, how: Birth) -> Result<(), Gone> {
        let parent = stopped.tid();
        let child = Tid(stopped.event_message()? as u32);
        // Read here: a child in its first stop can't have gone on, one not yet there neither.
        let seen = look::Status::of(child);
        if self.is_newborn(child, seen) {
            let flags = clone_flags(&stopped).unwrap_or(match how {
                Birth::Fork => libc::SIGCHLD as u64,
                Birth::Vfork => (libc::SIGCHLD | libc::CLONE_VFORK | libc::CLONE_VM) as u64,
                Birth::Clone => 0,
            });
            self.join_halves(parent, child, how, flags, seen);
        }
        self.go_on(stopped, 0)
    }

    /// Killed in its birth stop, a parent goes on to its last one, whose message is an exit status:
    /// a number is a child's only when there is such a task and it is traced.
    fn is_newborn(&self, child: Tid, seen: Option<look::Status>) -> bool {
        if self.early.stopped.contains_key(&child) || self.early.adopted.contains(&child) {
            return true;
        }
        let traced = seen.map(|status| status.tracer != 0);
        child.0 != 0
            && self.tasks.get(child).is_none()
            && (self.early.ended.contains_key(&child)
                || traced.unwrap_or_else(|| look::Status::of(process::own_pid()).is_none()))
    }

    fn join_halves(&mut self, parent: Tid, child: Tid, how: Birth, flags: u64, seen: Option<look::Status>) {
        if self.early.adopted.remove(&child) {
            return;
        }
        let of = self.tasks.get(parent).map_or(parent, |task| task.pid);
        let like = self.tasks.process(of).copied().unwrap_or_default();
        let thread = match seen {
            Some(status) => status.pid != child.0,
            None => flags & libc::CLONE_THREAD as u64 != 0,
        };
        let how = match how {
            _ if thread => BornHow::Thread,
            Birth::Fork => BornHow::Fork,
            Birth::Vfork => BornHow::Vfork,
            Birth::Clone => BornHow::Clone,
        };
        let facts =
            Facts { parent, pid: if thread { of } else { child }, how, flags, own_tid: seen.map_or(0, |s| s.own_tid) };
        self.place_newborn(parent, child, thread);
        self.add_task(child, &facts, like);
        // A number may have been used before, by one whose parent's event never came.
        let lives = seen.is_some_and(|status| status.tracer != 0);
        if let Some(status) = self.early.ended.remove(&child)
            && !lives
        {
            self.ended(child, status, None);
        } else if let Some((stopped, _)) = self.early.stopped.remove(&child) {
            self.begin_life(stopped);
        }
    }

    fn add_task(&mut self, tid: Tid, facts: &Facts, like: Process) {
        self.announce_other(tid);
        let mut task = Task::new(tid, facts.pid, Phase::Running);
        task.guest_of = (facts.how == BornHow::Vfork).then(|| self.ring_owner(facts.parent));
        let seq = task.next_seq();
        write_born(&mut self.event, tid, seq, self.now, facts);
        if facts.how == BornHow::Attached {
            self.event.text(text::MAIN, &look::comm_bytes(tid));
            self.event.text(text::EXE, &look::exe(tid));
            self.write_argv(tid);
        }
        self.push_event();
        self.tasks.add(task, like);
        if let Some(probes) = &mut self.probes
            && tid == facts.pid
        {
            let process = self.tasks.get(facts.parent).map_or(facts.parent, |parent| parent.pid);
            probes.forked(process, facts.parent, tid);
        }
        let parent = self.tasks.get(facts.parent).map_or(facts.parent, |parent| parent.pid);
        self.meters.born(tid.0, facts.pid.0, parent.0, facts.how == BornHow::Attached);
    }

    /// A running task that we have just seized.
    pub(crate) fn add_attached(&mut self, tid: Tid, pid: Tid) {
        let seen = look::Status::of(tid).unwrap_or_default();
        let facts = Facts { parent: Tid(seen.parent), pid, how: BornHow::Attached, flags: 0, own_tid: seen.own_tid };
        self.add_task(tid, &facts, Process::default());
        if tid == pid || !self.follow {
            self.capture.attached(pid.0);
        }
    }

    fn begin_life(&mut self, stopped: Stopped) {
        if self.leaving.is_some() {
            return self.let_go(stopped, Reason::Pause);
        }
        let _: Result<(), Gone> = self.go_on(stopped, 0);
    }

    /// A stop of a task we don't know: a child whose parent's event is still to come. It is held
    /// until then, or until a death could mean that the event never comes.
    pub(crate) fn unknown_task(&mut self, stopped: Stopped, status: WaitStatus) {
        let tid = stopped.tid();
        if !self.follow || self.is_helper(tid) {
            // Nobody asked for it: CLONE_PTRACE made it ours. A stop signal of its own stays its own.
            let signal = match Reason::of(status) {
                Reason::Signal(signal) => signal,
                _ => 0,
            };
            let _: Result<(), Gone> = stopped.detach(signal);
            return;
        }
        self.early.stopped.insert(tid, (stopped, Instant::now()));
    }

    /// A parent may have died between making a child and telling us. Children that wait in vain are
    /// taken in by what the kernel says of them: at once when the process that made them is gone,
    /// else when they have waited long.
    pub(crate) fn adopt_orphans(&mut self) {
        const LONG: Duration = Duration::from_millis(200);
        let waiting: Vec<(Tid, Instant)> = self.early.stopped.iter().map(|(tid, (_, since))| (*tid, *since)).collect();
        for (tid, since) in waiting {
            let seen = look::Status::of(tid).unwrap_or_default();
            let pid = if seen.pid == 0 { tid } else { Tid(seen.pid) };
            let maker = if pid == tid { Tid(seen.parent) } else { pid };
            if self.tasks.process(maker).is_some() && since.elapsed() < LONG {
                continue;
            }
            let Some((stopped, _)) = self.early.stopped.remove(&tid) else { continue };
            self.early.adopted.insert(tid);
            let like = self.tasks.process(maker).copied().unwrap_or_default();
            let how = if pid == tid { BornHow::Fork } else { BornHow::Thread };
            self.place_newborn(maker, tid, true);
            self.add_task(tid, &Facts { parent: maker, pid, how, flags: 0, own_tid: seen.own_tid }, like);
            self.begin_life(stopped);
        }
    }

    /// A new image is in place. When a task that was not its leader called exec, it has taken the
    /// leader's number; the leader vanished without a status, and so will never be waited for.
    pub(crate) fn exec(&mut self, stopped: Stopped) -> Result<(), Gone> {
        let tid = stopped.tid();
        let old = stopped.event_message().map_or(tid, |old| Tid(old as u32));
        let pid = self.tasks.get(tid).map_or(tid, |task| task.pid);
        self.end_rings(pid);
        self.profile.new_image(pid);
        self.expect_image(tid, pid, old);
        if let Some(stacks) = &mut self.call_stacks {
            stacks.new_image(pid.0);
        }
        if old != tid && self.tasks.get(old).is_some_and(|task| task.pid == pid) {
            self.supersede(tid, old);
        }
        let mut another = true;
        if let Some(task) = self.tasks.get_mut(tid)
            && task.phase != Phase::Running
        {
            task.phase = Phase::Running;
            another = false;
            // Before its first exec it was us: what stands for that call is where its program begins.
            if task.call == InCall::Shown
                && let Some(stacks) = &mut self.call_stacks
            {
                stacks.push_first(&stopped, (task.pid.0, tid.0), self.now, &mut self.stream)?;
            }
        }
        if let Some(task) = self.tasks.get_mut(tid) {
            task.quiet = false;
            task.guest_of = None;
        }
        if let Some(process) = self.tasks.process_mut(pid) {
            process.io_uring = false;
            process.asked_cpus = false;
        }
        self.begin_event(Kind::Exec, PLAIN, tid);
        self.event.put_u32(32, old.0);
        self.event.put_u32(36, pid.0);
        self.event.text(text::MAIN, &look::exe(tid));
        self.event.text(text::COMM, &look::comm_bytes(tid));
        self.write_argv(tid);
        self.push_event();
        if another && self.detach_on_exec {
            self.let_go(stopped, Reason::Exec);
            return Ok(());
        }
        // Where no call is asked for, none is missed.
        if self.wanted.as_ref().is_none_or(|wanted| !wanted.is_empty()) && look::has_vdso(tid) {
            self.unseen_vdso(tid);
        }
        self.warn_of_lost_privilege(tid);
        self.go_on(stopped, 0)
    }

    fn supersede(&mut self, leader: Tid, caller: Tid) {
        self.close_call(leader);
        self.begin_event(Kind::Died, 48, leader);
        self.event.put_u8(36, 2);
        self.event.put_u32(32, caller.0);
        self.event.put_u32(40, leader.0);
        self.push_event();
        // Numbers of events go on where the leader's ended: it is the same number to a reader.
        let seq = self.tasks.get(leader).map_or(0, |task| task.seq);
        if let Some((gone, _)) = self.tasks.remove(leader)
            && gone.phase == Phase::Leaving
        {
            self.expected_deaths = self.expected_deaths.saturating_sub(1);
        }
        self.tasks.rename(caller, leader);
        self.restore_placement();
        if let Some(task) = self.tasks.get_mut(leader) {
            task.seq = seq;
        }
        if self.stream.unannounced == Some(caller) {
            self.stream.unannounced = Some(leader);
        }
    }

    fn write_argv(&mut self, tid: Tid) {
        let (elements, bytes) = self.argv_limits;
        if elements == 0 {
            return;
        }
        let argv = look::argv(tid, bytes);
        if argv.is_empty() {
            return;
        }
        let clipped = argv.len() as u64 == bytes;
        let count = argv.split(|b| *b == 0).count();
        for (i, word) in argv.split(|b| *b == 0).take(elements as usize).enumerate() {
            let last = i + 1 == count;
            let head = PayloadHead {
                arg: 1,
                phase: 0,
                shape: Shape::Element,
                status: if clipped && last { status::CLIPPED } else { 0 },
                wanted: word.len() as u64,
                addr: 0,
                path: i as u32,
            };
            self.event.payload(head, word);
        }
    }
}

/// The flags with which a task is being made, from its parent's registers.
fn clone_flags(stopped: &Stopped) -> Option<u64> {
    let regs = stopped.registers().ok()?;
    let abi = crate::calls::abi_of(regs.arch, regs.nr);
    let (clone, clone3) = match abi {
        syscalls::Abi::I386 => (120, 435),
        _ => (libc::SYS_clone as u64, libc::SYS_clone3 as u64),
    };
    if regs.nr == clone {
        Some(regs.args[0])
    } else if regs.nr == clone3 {
        stopped.peek(regs.args[0])
    } else {
        None
    }
}
