//! Signals: those of the target, passed on unchanged, and those sent to us.

use std::time::{Duration, Instant};

use recording::event::Kind;

use crate::Interruptible;
use crate::leave::Why;
use crate::session::Session;
use crate::sys::ptrace::{Gone, Stopped, Until};
use crate::sys::signals::{self, Disposition, Mask, disposition, set_disposition};
use crate::sys::{Errno, Tid, process, startup};
use crate::task::Phase;

impl Session<'_> {
    /// A signal is about to be delivered. It goes on with the resume, so that its siginfo, its place
    /// in the queue and its sender stay what they are.
    pub(crate) fn signal_stop(&mut self, stopped: Stopped, signal: i32) -> Result<(), Gone> {
        let tid = stopped.tid();
        match self.tasks.get(tid).map(|task| task.phase) {
            Some(Phase::Running) | None => {}
            Some(_) => return self.go_on(stopped, signal),
        }
        if self.probes.is_some() && self.probe_stop(&stopped, signal)? {
            return self.go_on(stopped, 0);
        }
        let info = stopped.siginfo()?;
        if info[..4] != signal.to_ne_bytes() {
            // Killed here, it is in its last stop now, of which we are told next.
            return Err(Gone);
        }
        let ip = match stopped.syscall_info() {
            Ok(info) => info.ip,
            Err(Errno(libc::ESRCH)) => return Err(Gone),
            // A kernel without that request.
            Err(_) => stopped.registers()?.ip,
        };
        self.begin_event(Kind::Signal, 176, tid);
        self.event.put_u32(32, signal as u32);
        self.event.put_u64(40, ip);
        self.event.put_bytes(48, &info);
        self.push_event();
        self.go_on(stopped, signal)
    }

    /// Job control stopped the process. The task stays stopped, as its parent was told, and tells us
    /// when it is continued.
    pub(crate) fn group_stop(&mut self, stopped: Stopped, signal: i32) -> Result<(), Gone> {
        let tid = stopped.tid();
        if let Some(task) = self.tasks.get_mut(tid)
            && !std::mem::replace(&mut task.group_stopped, true)
        {
            self.begin_event(Kind::Stopped, 40, tid);
            self.event.put_u32(32, signal as u32);
            self.push_event();
        }
        stopped.listen()
    }

    /// A first stop, the answer to an interrupt, or the end of a group-stop.
    pub(crate) fn pause(&mut self, stopped: Stopped) -> Result<(), Gone> {
        let tid = stopped.tid();
        if let Some(task) = self.tasks.get_mut(tid)
            && std::mem::take(&mut task.group_stopped)
        {
            self.begin_event(Kind::Continued, 40, tid);
            self.event.put_u32(32, libc::SIGCONT as u32);
            self.push_event();
        }
        if self.tasks.get(tid).is_some_and(|task| task.phase == Phase::Starting) {
            // Our own child, before its exec.
            return stopped.resume(Until::Call, 0);
        }
        self.go_on(stopped, 0)
    }

    /// Does what the signals sent to us ask for.
    pub(crate) fn obey_signals(&mut self) {
        if let Some(timer) = &mut self.timer {
            timer.assume_running();
        }
        while let Some(signal) = signals::take() {
            match self.control.means(signal, self.root) {
                Order::Forward(root) => {
                    let _ = process::kill(root, signal);
                }
                Order::Kill => self.kill_everybody(),
                Order::End(root) => {
                    // One that is stopped would not hear of it.
                    let _ = process::kill(root, libc::SIGCONT);
                    let _ = process::kill(root, signal);
                    self.control.ended_by.get_or_insert(signal);
                    self.let_everybody_go(Why::Asked);
                }
                Order::Detach => {
                    self.control.ended_by.get_or_insert(signal);
                    self.let_everybody_go(Why::Asked);
                }
                Order::Nothing => {}
            }
        }
    }
}

/// What a signal to us means.
enum Order {
    Forward(Tid),
    Kill,
    /// Passes it on, and ends.
    End(Tid),
    Detach,
    Nothing,
}

/// The tracer's own signals: what was changed, and what came.
pub struct Control {
    changed: Vec<(i32, Disposition)>,
    mask: Mask,
    last_order: Option<Instant>,
    interruptible: Interruptible,
    /// The signal that made us detach.
    pub ended_by: Option<i32>,
}

impl Control {
    /// Takes the signals over. With a program of ours on the same terminal, what the terminal sends
    /// is for that program; a wish to end us is passed on to it. Attached only, it ends us.
    ///
    /// A process with several threads is somebody's program that uses this crate: only what the wait
    /// itself needs is changed then.
    pub fn take(launched: bool, interruptible: Interruptible) -> Control {
        let mask = signals::unblock(&[libc::SIGALRM]);
        let mut control = Control { changed: vec![], mask, last_order: None, interruptible, ended_by: None };
        control.change(libc::SIGALRM, Disposition::count());
        // Ignored, it would make the kernel forget the statuses of children; sent at every stop, only to be
        // thrown away, it costs a twentieth of the stop.
        control.change_if(libc::SIGCHLD, Disposition::deaths_only(), |now| !now.is_handled());
        // A sink that outgrows RLIMIT_FSIZE is told by EFBIG, and the program goes on.
        control.change(libc::SIGXFSZ, Disposition::ignore());
        if crate::look::tasks(process::own_pid()).is_ok_and(|tasks| tasks.len() > 1) {
            return control;
        }
        for signal in [libc::SIGTTOU, libc::SIGTTIN] {
            control.change(signal, Disposition::ignore());
        }
        let asked = |d: &Disposition| !d.is_ignored();
        let (terminal, orders) = ([libc::SIGINT, libc::SIGQUIT], [libc::SIGTERM, libc::SIGHUP]);
        let mut all = |signals: [i32; 2], ignored: bool| {
            for signal in signals {
                match ignored {
                    true => control.change(signal, Disposition::ignore()),
                    false => control.change_if(signal, Disposition::count(), asked),
                }
            }
        };
        match interruptible {
            Interruptible::Anywhere => return control,
            Interruptible::PassedOn => {
                all(terminal, launched);
                all(orders, false);
            }
            Interruptible::Waiting => {
                all(terminal, false);
                all(orders, false);
            }
            Interruptible::Never | Interruptible::NeverNorStopped => {
                all(terminal, true);
                all(orders, true);
            }
        }
        if interruptible == Interruptible::NeverNorStopped || (interruptible == Interruptible::PassedOn && launched) {
            control.change(libc::SIGTSTP, Disposition::ignore());
        }
        control
    }

    /// Signals of a terminal are counted, not ignored: of programs in groups of their own it tells only us.
    pub fn count_interrupts(&mut self) {
        for signal in [libc::SIGINT, libc::SIGQUIT] {
            if self.changed.iter().any(|(known, old)| *known == signal && !old.is_ignored()) {
                self.change(signal, Disposition::count());
            }
        }
    }

    /// Changes nothing: for a process that goes on as it is.
    pub fn untouched() -> Control {
        let mask = signals::unblock(&[]);
        let interruptible = Interruptible::PassedOn;
        Control { changed: vec![], mask, last_order: None, interruptible, ended_by: None }
    }

    fn change(&mut self, signal: i32, new: Disposition) {
        // Changed twice, the second old disposition is our own: the child must not get that.
        if let Ok(old) = set_disposition(signal, &new)
            && !self.changed.iter().any(|(known, _)| *known == signal)
        {
            self.changed.push((signal, old));
        }
    }

    fn change_if(&mut self, signal: i32, new: Disposition, when: impl Fn(&Disposition) -> bool) {
        if disposition(signal).is_ok_and(|now| when(&now)) {
            self.change(signal, new);
        }
    }

    /// What a program we start must get back: its caller's dispositions and mask.
    pub fn for_child(&self) -> (Vec<(i32, Disposition)>, Mask) {
        let mut dispositions = self.changed.clone();
        match startup::pipe_was_ignored() {
            Some(true) => dispositions.push((libc::SIGPIPE, Disposition::ignore())),
            Some(false) => dispositions.push((libc::SIGPIPE, Disposition::default_action())),
            None => {}
        }
        (dispositions, self.mask)
    }

    fn means(&mut self, signal: i32, root: Option<Tid>) -> Order {
        let Some(root) = root else { return Order::Detach };
        if self.interruptible == Interruptible::Waiting {
            return Order::End(root);
        }
        if !matches!(signal, libc::SIGTERM | libc::SIGHUP) {
            return Order::Nothing;
        }
        let now = Instant::now();
        let again = self.last_order.is_some_and(|before| now - before < Duration::from_secs(5));
        self.last_order = Some(now);
        if again { Order::Kill } else { Order::Forward(root) }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        for (signal, old) in self.changed.drain(..).rev() {
            // A tick that is already on its way must find a handler.
            if signal != libc::SIGALRM {
                let _ = set_disposition(signal, &old);
            }
        }
        signals::set_mask(&self.mask);
    }
}
