//! Deaths: the last stop of a task, and the status that ends it.

use recording::event::Kind;

use crate::session::Session;
use crate::sys::Tid;
use crate::sys::ptrace::{Gone, Stopped};
use crate::sys::wait::WaitStatus;
use crate::task::Phase;

/// Bytes of a `Died`.
const DIED: usize = 48;

impl Session<'_> {
    /// PTRACE_EVENT_EXIT: the task still has its numbers; it makes no more calls.
    pub(crate) fn last_stop(&mut self, stopped: Stopped) -> Result<(), Gone> {
        let tid = stopped.tid();
        self.announce_other(tid);
        if let Some(task) = self.tasks.get_mut(tid) {
            task.phase = Phase::Leaving;
            self.expected_deaths += 1;
            if let Some(account) = self.meters.leaving(tid.0, task.pid.0) {
                account.write(&mut self.event, tid.0, task.next_seq(), self.now);
                self.stream.push(&self.event);
            }
            self.capture.leaving(tid.0);
            if self.capture.has_file_states() {
                self.push_file_states(tid);
            }
        }
        self.go_on(stopped, 0)
    }

    /// A status that says a task has ended. It is final, also when its last stop was never seen.
    pub(crate) fn ended(&mut self, tid: Tid, status: WaitStatus, usage: Option<&libc::rusage>) {
        if self.tasks.get(tid).is_none() {
            self.unknown_ended(tid, status);
            return;
        }
        self.announce_other(tid);
        self.close_call(tid);
        self.sweep(tid, status);
        self.begin_event(Kind::Died, DIED, tid);
        self.forget_pinned(tid);
        let Some((mut task, last)) = self.tasks.remove(tid) else { return };
        if task.phase == Phase::Leaving {
            self.expected_deaths = self.expected_deaths.saturating_sub(1);
        }
        self.write_death(status, last, task.pid);
        self.push_event();
        self.forget_ring(tid, task.pid, last);
        if let Some(probes) = &mut self.probes {
            probes.ended(tid, task.pid, last);
        }
        if last {
            self.capture.forget(task.pid.0);
            self.profile.new_image(task.pid);
            if let Some(stacks) = &mut self.call_stacks {
                stacks.new_image(task.pid.0);
            }
        }
        if last && let Some(account) = self.meters.ended(task.pid.0, usage) {
            account.write(&mut self.event, tid.0, task.next_seq(), self.now);
            self.stream.push(&self.event);
        }
        if Some(tid) == self.root {
            self.root_seq = task.seq;
        }
        if last && Some(task.pid) == self.root {
            self.root_is_over(status);
        }
        if !self.early.stopped.is_empty() {
            self.adopt_orphans();
        }
    }

    /// A leader's status comes when no other task of its process is left: one still in the table
    /// vanished in an exec that was cut short by a kill.
    fn sweep(&mut self, leader: Tid, status: WaitStatus) {
        if self.tasks.process(leader).is_none_or(|process| process.tasks < 2) {
            return;
        }
        for tid in self.tasks.of_process(leader) {
            if tid != leader {
                self.drain_ring(tid);
                self.close_call(tid);
                self.begin_event(Kind::Died, DIED, tid);
                self.write_death(status, false, leader);
                self.push_event();
                let _ = self.tasks.remove(tid);
            }
        }
    }

    fn write_death(&mut self, status: WaitStatus, last: bool, pid: Tid) {
        if let Some((signal, core)) = status.killed() {
            self.event.put_u32(32, signal as u32);
            self.event.put_u8(36, 1);
            self.event.put_u8(37, u8::from(core));
        } else {
            self.event.put_u32(32, status.exited().unwrap_or(0) as u32);
        }
        self.event.put_u8(38, u8::from(last));
        self.event.put_u32(40, pid.0);
        if last {
            self.event.put_u32(44, status.0 as u32);
        }
    }

    fn unknown_ended(&mut self, tid: Tid, status: WaitStatus) {
        if self.is_helper(tid) {
            return;
        }
        if Some(tid) == self.root && self.root_status.is_none() {
            // Let go at an exec it is still our child.
            return self.root_is_over(status);
        }
        // It may have been held in its first stop and killed there.
        let _ = self.early.stopped.remove(&tid);
        if self.follow {
            self.early.ended.insert(tid, status);
        }
    }
}
