//! The front: a small process in the caller's place, so that the tracer can outlive it.
//!
//! A filter can't be taken off, and without its tracer each call that it picks would fail. When the
//! root command ends and leaves filtered tasks behind, somebody must return its status at once and
//! somebody must stay: the front returns, the tracer stays, mute.
//!
//! ```text
//! caller ── front (this pid: terminal, status) ── tracer ── target …
//! ```
//!
//! Normally the tracer ends first, and the front ends as it did.
//!
//! Or nobody stands in front (`-D`): the caller's child becomes the target itself, and the tracer a
//! grandchild of it, whom nobody waits for; with `-DD` in a group, with `-DDD` in a session of its own.
//!
//! ```text
//! caller ── target (this pid) …          tracer
//! ```

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use crate::signals::Control;
use crate::sys::signals::{self, Disposition};
use crate::sys::wait::{self, Found};
use crate::sys::{Tid, process};
use crate::{Error, Interruptible, Plan, StepAside, exit, launch, run};

/// The tracer's side of a split process.
#[derive(Debug)]
pub struct Behind(Before);

#[derive(Debug)]
enum Before {
    /// The front, which hears here how to end.
    Front(OwnedFd),
    /// The target to be, until it is let go.
    Target(Option<process::Child>),
}

/// Forks. The calling process becomes the front and never returns from here; the tracer, its child,
/// does. To be called early, with one thread, before files are opened and helpers started.
///
/// # Errors
/// When there can be no other process.
pub fn split(plan: &Plan) -> Result<Behind, Error> {
    let refused = |errno: crate::sys::Errno| launch::refused("start", "the tracer", &errno.text(), Some(errno));
    let (told, tell) = process::pipe().map_err(refused)?;
    match process::fork().map_err(refused)? {
        None => Ok(Behind(Before::Front(tell))),
        Some(tracer) => {
            drop(tell);
            stand_in_front(tracer, &told, plan.interruptible)
        }
    }
}

/// Forks twice. The calling process waits to become the plan's program; what returns is a grandchild, the
/// tracer. To be called as [`split`]. `None` where there is no program to start: nothing was forked.
///
/// # Errors
/// When there can be no other process, or the program can't be prepared.
pub fn step_aside(plan: &Plan) -> Result<Option<Behind>, Error> {
    let Some(program) = run::program_of(plan, &Control::untouched())? else { return Ok(None) };
    // Only one that may be looked at can be seized.
    process::set_dumpable(true);
    let aside = plan.launch.as_ref().and_then(|launch| launch.step_aside).unwrap_or(StepAside::Beside);
    let target = process::step_aside(&program, aside)
        .map_err(|errno| launch::refused("start", "the tracer", &errno.text(), Some(errno)))?;
    Ok(Some(Behind(Before::Target(Some(target)))))
}

impl Behind {
    /// The process that waits to become the target, if one does.
    pub(crate) fn take_target(&mut self) -> Option<process::Child> {
        match &mut self.0 {
            Before::Front(_) => None,
            Before::Target(target) => target.take(),
        }
    }

    /// Lets the front end with this code, or by this signal, while we stay: out of its terminal, and
    /// with nothing in hand that somebody could wait for.
    pub fn release(self, ending: Result<u8, i32>) {
        let (how, value) = match ending {
            Ok(code) => (0, i32::from(code)),
            Err(signal) => (1, signal),
        };
        process::leave_terminal();
        let mut said = [how; 5];
        said[1..].copy_from_slice(&value.to_ne_bytes());
        if let Before::Front(front) = &self.0 {
            process::write_all(front.as_fd(), &said);
        }
    }
}

fn stand_in_front(tracer: Tid, told: &OwnedFd, interruptible: Interruptible) -> ! {
    // What the terminal sends is for the target; a wish to end us is the tracer's to carry out.
    for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGTTIN, libc::SIGTTOU] {
        let _ = signals::set_disposition(signal, &Disposition::ignore());
    }
    if interruptible != Interruptible::Never {
        let _ = signals::set_disposition(libc::SIGTSTP, &Disposition::ignore());
    }
    let never = matches!(interruptible, Interruptible::Never | Interruptible::NeverNorStopped);
    for signal in [libc::SIGTERM, libc::SIGHUP] {
        if never {
            let _ = signals::set_disposition(signal, &Disposition::ignore());
        } else if signals::disposition(signal).is_ok_and(|now| !now.is_ignored()) {
            let _ = signals::set_disposition(signal, &Disposition::count());
        }
    }
    loop {
        while let Some(signal) = signals::take() {
            let _ = process::kill(tracer, signal);
        }
        if !process::wait_readable(told.as_fd(), Duration::from_millis(200)) {
            continue;
        }
        let mut said = [0; 5];
        if process::read_some(told.as_fd(), &mut said) == said.len() {
            let value = i32::from_ne_bytes([said[1], said[2], said[3], said[4]]);
            if said[0] == 1 {
                exit::die_by(value);
            }
            std::process::exit(value);
        }
        // Nothing was said: the tracer has ended, or is about to, and we end as it did.
        end_like(tracer);
    }
}

fn end_like(tracer: Tid) -> ! {
    loop {
        match wait::process(tracer, &mut wait::no_usage()) {
            Found::Task(_, status) => match (status.exited(), status.killed()) {
                (Some(code), _) => std::process::exit(code),
                (_, Some((signal, _))) => exit::die_by(signal),
                _ => {}
            },
            Found::NoChildren => std::process::exit(125),
            Found::Nothing | Found::Interrupted => {
                while let Some(signal) = signals::take() {
                    let _ = process::kill(tracer, signal);
                }
            }
        }
    }
}
