//! Remote calls: what a stopped task does for us, with the `syscall` instruction of the call it is in.
//!
//! ```text
//! begin(stopped)      at the entry of a call (or at a filter's stop in it)
//! call(nr, args)…     any number; the first stands in for the call itself, further ones repeat its instruction
//! finish(result)      the task stands behind its own call, which seems to have had this result
//! ```
//!
//! Between two of them the task passes through user mode, where signals would be delivered: all are blocked
//! meanwhile, and those that can't be are given back at the end.

use crate::stop::Reason;
use crate::sys::ptrace::{self, General, Gone, Side, Stopped, Until};
use crate::sys::wait::{self, Found, WaitStatus};
use crate::sys::{Errno, Tid, process};

/// A task that makes calls for us. Dropped without [`Remote::finish`] only when the task is gone.
pub struct Remote {
    pid: Tid,
    tid: Tid,
    saved: General,
    mask: u64,
    /// Still in its own call?
    inside: bool,
    /// Stop signals that came meanwhile.
    held: Vec<i32>,
    /// Did a group-stop or an interrupt come meanwhile?
    paused: bool,
    /// The status by which it was gone, to be served as any other.
    pub last: Option<(WaitStatus, Box<libc::rusage>)>,
}

/// Was it killed at the door of its call? It is on its way to its last stop then, or in it, of which we are told next.
fn is_killed(stopped: &Stopped) -> bool {
    match stopped.syscall_info() {
        Ok(info) => info.side() == Side::None,
        Err(error) => error == Errno(libc::ESRCH),
    }
}

impl Remote {
    /// Takes over a task of process `pid` at the entry of a call. `None`: this one can make no calls for us.
    pub fn begin(stopped: &Stopped, pid: Tid) -> Result<Option<Remote>, Gone> {
        if !stopped.syscall_info().is_ok_and(|info| matches!(info.side(), Side::Entry | Side::Seccomp)) {
            return if is_killed(stopped) { Err(Gone) } else { Ok(None) };
        }
        let Some(saved) = stopped.general()? else { return Ok(None) };
        match stopped.peek(saved.ip().wrapping_sub(2)) {
            Some(code) if ptrace::is_syscall(code) => {}
            // Its memory goes first.
            None if is_killed(stopped) => return Err(Gone),
            _ => return Ok(None),
        }
        let mask = stopped.signal_mask()?;
        stopped.set_signal_mask(u64::MAX)?;
        Ok(Some(Remote {
            pid,
            tid: stopped.tid(),
            saved,
            mask,
            inside: true,
            held: Vec::new(),
            paused: false,
            last: None,
        }))
    }

    /// Takes over a task of process `pid` that stopped in its code, before a `syscall` instruction at the instruction
    /// pointer of `registers`. It ends with [`Remote::restore`].
    pub fn in_code(stopped: &Stopped, pid: Tid, registers: &General) -> Result<Remote, Gone> {
        let mask = stopped.signal_mask()?;
        stopped.set_signal_mask(u64::MAX)?;
        Ok(Remote {
            pid,
            tid: stopped.tid(),
            saved: registers.at(registers.ip().wrapping_add(2)),
            mask,
            inside: false,
            held: Vec::new(),
            paused: false,
            last: None,
        })
    }

    /// Which task.
    pub fn tid(&self) -> Tid {
        self.tid
    }

    /// Makes a call that does not wait for anybody; its raw result.
    pub fn call(&mut self, nr: i64, args: [u64; 6]) -> Result<i64, Gone> {
        let stopped = Stopped::reported(self.tid);
        if std::mem::take(&mut self.inside) {
            stopped.set_general(&self.saved.entering(nr as u64, &args))?;
        } else {
            stopped.set_general(&self.saved.before(nr as u64, &args))?;
            self.run_to(Side::Entry)?;
        }
        self.run_to(Side::Exit)?;
        let registers = stopped.general()?.ok_or(Gone)?;
        Ok(registers.result())
    }

    /// Puts the task behind its own call.
    pub fn finish(&mut self, result: i64) -> Result<(), Gone> {
        let stopped = Stopped::reported(self.tid);
        if self.inside {
            stopped.skip_call(result)?;
        } else {
            stopped.set_general(&self.saved.returned(result))?;
        }
        self.give_back(&stopped)
    }

    /// Puts a task that stopped in its code where it goes on.
    pub fn restore(&mut self, registers: &General) -> Result<(), Gone> {
        let stopped = Stopped::reported(self.tid);
        stopped.set_general(registers)?;
        self.give_back(&stopped)
    }

    fn give_back(&mut self, stopped: &Stopped) -> Result<(), Gone> {
        stopped.set_signal_mask(self.mask)?;
        for signal in self.held.drain(..) {
            let _ = process::kill_task(self.pid, self.tid, signal);
        }
        if self.paused {
            // Stops at once as it should: for job control, if that is in force.
            ptrace::interrupt(self.tid)?;
        }
        Ok(())
    }

    /// Is the task past its own call already, so that no stop at its exit follows?
    pub fn is_past(&self) -> bool {
        !self.inside
    }

    fn run_to(&mut self, side: Side) -> Result<(), Gone> {
        loop {
            Stopped::reported(self.tid).resume(Until::Call, 0)?;
            let status = self.wait()?;
            match Reason::of(status) {
                Reason::Call if Stopped::reported(self.tid).syscall_info().is_ok_and(|info| info.side() == side) => {
                    return Ok(());
                }
                // All that could be blocked is: a stop signal, which waits until we are done.
                Reason::Signal(signal) => self.held.push(signal),
                Reason::GroupStop(_) | Reason::Pause => self.paused = true,
                _ => {}
            }
        }
    }

    fn wait(&mut self) -> Result<WaitStatus, Gone> {
        let mut usage = wait::no_usage();
        loop {
            match wait::process(self.tid, &mut usage) {
                Found::Task(_, status) => {
                    if matches!(Reason::of(status), Reason::Leaving | Reason::Exited(_) | Reason::Killed { .. }) {
                        self.last = Some((status, Box::new(usage)));
                        return Err(Gone);
                    }
                    return Ok(status);
                }
                Found::NoChildren => return Err(Gone),
                Found::Nothing | Found::Interrupted => {}
            }
        }
    }
}
