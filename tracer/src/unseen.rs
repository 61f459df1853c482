//! What can't be seen by nature is said, not passed over.

use recording::event::{Hidden, Kind, text};

use crate::look;
use crate::session::Session;
use crate::sys::{Tid, process};

impl Session<'_> {
    /// Pushes an `Unseen` of a task.
    pub(crate) fn unseen(&mut self, tid: Tid, what: Hidden, why: &str) {
        self.begin_event(Kind::Unseen, 40, tid);
        self.event.put_u32(32, what as u32);
        self.event.text(text::MAIN, why.as_bytes());
        self.push_event();
    }

    /// The image maps a vDSO.
    pub(crate) fn unseen_vdso(&mut self, tid: Tid) {
        self.unseen(tid, Hidden::Vdso, "clock and getcpu calls answered by the vDSO");
    }

    /// A ring was made: its operations are no calls.
    pub(crate) fn unseen_io_uring(&mut self, tid: Tid, pid: Tid) {
        if let Some(process) = self.tasks.process_mut(pid)
            && !std::mem::replace(&mut process.io_uring, true)
        {
            self.unseen(tid, Hidden::IoUring, "operations submitted to an io_uring");
        }
    }

    /// A child was made that asked not to be traced.
    pub(crate) fn unseen_child(&mut self, tid: Tid, child: i64) {
        let numbered = if numbers_as_we_do(tid) { "" } else { " (so its maker numbers it)" };
        let why = format!("task {child}{numbered}, made by {tid} with CLONE_UNTRACED, runs untraced");
        self.unseen(tid, Hidden::UntracedChild, &why);
        self.warn_once("CLONE_UNTRACED", why);
    }

    /// A program may give the same reason for a warning without end.
    pub(crate) fn warn_once(&mut self, about: &str, warning: String) {
        if !self.warnings.iter().any(|told| told.contains(about)) {
            self.warnings.push(warning);
        }
    }

    /// The target traces, or asks to be traced, and was refused because we are the tracer.
    pub(crate) fn unseen_tracing(&mut self, tid: Tid) {
        self.unseen(tid, Hidden::OtherTracer, "ptrace was refused: a task has one tracer, and the traced ones have us");
    }

    /// Is this a ptrace request or a signal aimed at the tracer itself? Tells of it.
    pub(crate) fn note_attack(&mut self, tid: Tid, nr: u64, args: &[u64; 6]) -> bool {
        let own = u64::from(process::own_pid().0);
        let victim = match nr as i64 {
            libc::SYS_ptrace => args[1],
            _ => args[0],
        };
        let harmless = nr as i64 != libc::SYS_ptrace && args[if nr as i64 == libc::SYS_tgkill { 2 } else { 1 }] == 0;
        let attack = victim & 0xffff_ffff == own && !harmless;
        // In a PID space of its own our number is somebody else's.
        let attack = attack && numbers_as_we_do(tid);
        if attack {
            self.unseen(tid, Hidden::AttackOnTracer, "the target acted on the tracer itself");
            self.warn_once("acted on the tracer", format!("task {tid} acted on the tracer (pid {own})"));
        }
        attack
    }

    /// Something of the kernel is missing and another way is taken: told once.
    pub(crate) fn note_fallback(&mut self, what: &'static str, why: &str) {
        if self.fallbacks.contains(&what) {
            return;
        }
        self.fallbacks.push(what);
        let Some(tid) = self.root.or_else(|| self.tasks.iter().map(|task| task.tid).min()) else { return };
        self.begin_event(Kind::Engine, 40, tid);
        self.event.text(text::MAIN, format!("{what}: {why}").as_bytes());
        self.push_event();
    }
}

/// Is this task in our PID space? Then the numbers it gives and gets are ours.
fn numbers_as_we_do(tid: Tid) -> bool {
    look::Status::of(tid).is_none_or(|status| status.own_tid == tid.0 || status.own_tid == 0)
}
