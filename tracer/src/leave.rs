//! Letting tasks go: detaching, killing, and what is done with those that outlive the session.

use std::time::{Duration, Instant};

use recording::event::{Kind, flag, text};
use recording::session::EndedBy;

use crate::probes::Freed;
use crate::session::Session;
use crate::stop::Reason;
use crate::sys::ptrace::{self, Gone, Stopped, Until};
use crate::sys::{Tid, process};
use crate::task::{InCall, Phase};

/// Why tasks are let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The root ended before them.
    OutlivedRoot,
    /// A signal to us asked for it.
    Asked,
    /// The sink takes no more, or a limit was reached.
    NothingToRecord,
}

impl Why {
    fn text(self) -> &'static str {
        match self {
            Why::OutlivedRoot => "outlived the root command",
            Why::Asked => "asked to detach",
            Why::NothingToRecord => "nothing more is recorded",
        }
    }
}

/// On the way out.
#[derive(Debug)]
pub struct Leaving {
    /// Why.
    pub why: Why,
    /// Processes and names, as they were when it was decided.
    pub left: Vec<(u32, String)>,
    until: Instant,
}

/// A task inside vfork can't stop before its child lets go of its memory, which we don't control: the
/// kernel detaches it when we end.
const PATIENCE: Duration = Duration::from_secs(2);

impl Session<'_> {
    /// Asks every task to stop, to be detached at its next stop. Running ones run on, stopped ones
    /// stay stopped.
    pub(crate) fn let_everybody_go(&mut self, why: Why) {
        if self.leaving.is_some() {
            return;
        }
        self.restore_placement();
        self.leaving = Some(Leaving { why, left: self.those_left(), until: Instant::now() + PATIENCE });
        for (_, (stopped, _)) in self.early.stopped.drain() {
            let _: Result<(), Gone> = stopped.detach(0);
        }
        self.let_held_go();
        for tid in self.tasks.tids() {
            let _: Result<(), Gone> = ptrace::interrupt(tid);
        }
    }

    /// Has everybody been let go, or is it time to stop waiting?
    pub(crate) fn left_all(&mut self) -> bool {
        self.tick(Duration::from_millis(50));
        let late = self.leaving.as_ref().is_some_and(|leaving| Instant::now() > leaving.until);
        if late {
            for tid in self.tasks.tids() {
                self.close_call(tid);
            }
        }
        late || self.tasks.is_empty()
    }

    /// A stop of a task that is to be let go: whatever stop it is, it ends with the detach. What the
    /// interrupt left pending goes with it; a signal on its way is delivered.
    pub(crate) fn let_go(&mut self, stopped: Stopped, reason: Reason) {
        let tid = stopped.tid();
        let mut signal = match reason {
            Reason::Signal(signal) => signal,
            _ => 0,
        };
        if let Reason::Birth(_) = reason
            && let Ok(child) = stopped.event_message()
        {
            // Its first stop is on its way: it is let go there, as unknown to everybody.
            self.take_in(Tid(child as u32));
        }
        if reason == Reason::Seccomp {
            // Detached here the call would fail; one more stop.
            let _: Result<(), Gone> = stopped.resume(Until::Event, 0);
            let _: Result<(), Gone> = ptrace::interrupt(tid);
            return;
        }
        match self.free_of_probes(&stopped, reason) {
            Freed::Now => {}
            Freed::WithoutSignal => signal = 0,
            Freed::Later => {
                let _: Result<(), Gone> = stopped.resume(Until::Event, 0);
                return;
            }
        }
        if let Some(task) = self.tasks.get_mut(tid)
            && task.call == InCall::Shown
        {
            task.record.add_flags(flag::DETACHED);
        }
        self.close_call(tid);
        if self.stream.is_open() {
            let why = self.leaving.as_ref().map_or("it has become another program", |leaving| leaving.why.text());
            self.begin_event(Kind::Detached, 40, tid);
            self.event.text(text::MAIN, why.as_bytes());
            self.push_event();
        }
        if let Some((task, true)) = self.tasks.remove(tid) {
            self.meters.forget(task.pid.0);
        }
        let _: Result<(), Gone> = stopped.detach(signal);
    }

    fn take_in(&mut self, child: Tid) {
        if self.tasks.get(child).is_none() {
            self.tasks.add(crate::task::Task::new(child, child, Phase::Leaving), Default::default());
        }
    }

    /// Kills every process of the session.
    pub(crate) fn kill_everybody(&mut self) {
        for pid in self.tasks.pids() {
            let _ = process::kill(pid, libc::SIGKILL);
        }
        for tid in self.early.stopped.keys() {
            let _ = process::kill(*tid, libc::SIGKILL);
        }
    }

    /// The recording ends here; the target doesn't.
    pub(crate) fn reached_limit(&mut self, (which, value): (u32, u64)) {
        self.limit = Some((which, value));
        let Some(tid) = self.root.or_else(|| self.tasks.iter().map(|task| task.tid).min()) else { return };
        self.begin_event(Kind::Limit, 48, tid);
        self.event.put_u32(32, which);
        self.event.put_u64(40, value);
        let what = ["events", "bytes", "calls"][which.clamp(1, 3) as usize - 1];
        let said = format!("the recording was limited to {value} {what}");
        self.event.text(text::MAIN, said.as_bytes());
        self.push_event();
        self.warnings.push(format!("{said}; what came after is not in it, the program was not disturbed"));
        let mut trailer = self.trailer();
        trailer.ended = EndedBy::Limit;
        self.stream.close(&mut trailer);
    }
}
