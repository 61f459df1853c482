//! Injections: errors, results, signals, delays and bytes of ours in the calls of the target (`-e inject=` of strace(1)).
//!
//! At its entry a call is replaced by one that does nothing, or by another; at its exit it gets the result that was
//! asked for. Bytes are written where its arguments point, before it is made or after, and are recorded as what it got. The signal goes with the resume from the entry, so it is delivered by the kernel itself when the call
//! is over. A task that is delayed is held in its stop while the others run on.
//!
//! Calls are counted per task and number, as strace counts them, and only those that are recorded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use recording::Accesses;
use recording::event::flag;
use syscalls::{Abi, Filter};

use crate::capture::Who;
use crate::session::Session;
use crate::stop::Reason;
use crate::sys::memory;
use crate::sys::ptrace::{Gone, Stopped};

/// What is done to some calls.
#[derive(Debug, Clone)]
pub struct Injection {
    /// To these.
    pub calls: Filter,
    /// What.
    pub tamper: Tamper,
    /// To which of them.
    pub when: When,
}

/// What is done to a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tamper {
    /// The call is not made, and the target finds this in its return register: -4095 to -1 is an error.
    pub result: Option<i64>,
    /// Name of a call that is made in its place.
    pub instead: Option<&'static str>,
    /// Sent when the call is entered.
    pub signal: Option<i32>,
    /// The task waits so long before the call.
    pub delay_enter: Option<Duration>,
    /// And so long behind it.
    pub delay_exit: Option<Duration>,
    /// Written into memory before the call.
    pub poke_enter: Arc<[Poke]>,
    /// And behind it.
    pub poke_exit: Arc<[Poke]>,
}

/// Bytes that are written where an argument points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poke {
    /// Which argument, from 0.
    pub arg: u8,
    /// What is written.
    pub bytes: Vec<u8>,
}

/// Which calls of a number, counted from 1 in each task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// The first.
    pub first: u32,
    /// The last; `None` is no last.
    pub last: Option<u32>,
    /// From one to the next, at least 1.
    pub step: u32,
}

impl When {
    /// Every call.
    pub const ALWAYS: When = When { first: 1, last: None, step: 1 };

    /// Is it done to this one?
    fn takes(&self, count: u32) -> bool {
        count >= self.first
            && self.last.is_none_or(|last| count <= last)
            && (count - self.first).is_multiple_of(self.step.max(1))
    }
}

/// Can calls be tampered with on this machine?
///
/// # Errors
/// In words, why not.
pub fn available() -> Result<(), &'static str> {
    if cfg!(target_arch = "x86_64") { Ok(()) } else { Err("the registers of a call are changed on x86-64 only") }
}

/// The injections of a session.
#[derive(Debug, Default)]
pub(crate) struct Injections {
    rules: Vec<Injection>,
    /// Only calls that touch one of these.
    only: Option<Accesses>,
    /// Tasks that wait in a stop.
    held: Vec<Held>,
}

/// A task that waits in a stop.
#[derive(Debug)]
struct Held {
    until: Instant,
    stopped: Stopped,
    signal: i32,
}

/// What is remembered of one task.
#[derive(Debug, Default)]
pub struct Tampering {
    /// Calls so far: ABI, number, how many.
    counts: Vec<(u8, u64, u32)>,
    /// What is done to the call that it is in.
    now: Tamper,
}

impl Tampering {
    /// Another call begins.
    pub(crate) fn forget(&mut self) {
        self.now = Tamper::default();
    }

    /// One more call of this number: the how manieth it is.
    fn count(&mut self, abi: Abi, nr: u64) -> u32 {
        let abi = abi as u8;
        match self.counts.iter_mut().find(|known| (known.0, known.1) == (abi, nr)) {
            Some((_, _, count)) => {
                *count = count.saturating_add(1);
                *count
            }
            None => {
                self.counts.push((abi, nr, 1));
                1
            }
        }
    }
}

/// The session looks after other things at least so often while a task is held.
const LONGEST_TICK: Duration = Duration::from_millis(500);
/// A shorter delay is slept through: the timer of the session is not as fine.
const SHORT: Duration = Duration::from_millis(1);

impl Injections {
    pub(crate) fn new(rules: &[Injection], only: Option<&Accesses>) -> Option<Box<Injections>> {
        let injections = Injections { rules: rules.to_vec(), only: only.cloned(), held: vec![] };
        (!rules.is_empty()).then(|| Box::new(injections))
    }

    /// What is done to calls of this number: the last rule that names it holds.
    fn rule(&self, abi: Abi, nr: u64) -> Option<&Injection> {
        self.rules.iter().rev().find(|rule| rule.calls.takes(abi, nr))
    }
}

impl Session<'_> {
    /// The call in the task's record was entered: tampers with it where that was asked for. Says whether the call
    /// itself is still made.
    pub(crate) fn tamper(&mut self, stopped: &Stopped, abi: Abi, nr: u64) -> Result<bool, Gone> {
        let Some(injections) = &self.injections else { return Ok(true) };
        let Some(task) = self.tasks.get_mut(stopped.tid()) else { return Ok(true) };
        let Some(rule) = injections.rule(abi, nr) else { return Ok(true) };
        if let Some(only) = &injections.only
            && !task.record.view().call().is_some_and(|call| only.has(&call, |_| None))
        {
            return Ok(true);
        }
        let who = Who { tid: task.tid.0, pid: task.pid.0, abi };
        let tampering = task.tampering.get_or_insert_default();
        if !rule.when.takes(tampering.count(abi, nr)) {
            return Ok(true);
        }
        tampering.now.clone_from(&rule.tamper);
        let tamper = &tampering.now;
        let mut flags = flag::TAMPERED;
        if tamper.delay_enter.is_some() || tamper.delay_exit.is_some() {
            flags |= flag::DELAYED;
        }
        let pokes = Arc::clone(&tamper.poke_enter);
        let (result, instead) = (tamper.result, tamper.instead);
        task.record.add_flags(flags);
        if !pokes.is_empty() && self.poke(stopped, &pokes) {
            // What the call finds is what is recorded.
            if let Some(task) = self.tasks.get_mut(stopped.tid()) {
                task.record.drop_payloads();
                self.capture.entry(&who, &mut task.record);
            }
        }
        let Some(result) = result else { return Ok(true) };
        match instead.and_then(|name| number_of(abi, name)) {
            Some(instead) => stopped.change_call(instead)?,
            None => stopped.skip_call(result)?,
        }
        if let Some(task) = self.tasks.get_mut(stopped.tid()) {
            task.record.add_flags(flag::INJECTED);
        }
        Ok(false)
    }

    /// Goes on from the entry of a call, with the signal and after the delay that were asked for.
    pub(crate) fn go_into_call(&mut self, stopped: Stopped) -> Result<(), Gone> {
        let tampering = self.tampering(&stopped);
        let (signal, delay) =
            tampering.map_or((0, None), |now| (now.signal.take().unwrap_or(0), now.delay_enter.take()));
        self.go_on_after(stopped, signal, delay)
    }

    /// The result with which a call is left: ours, where one was asked for. Writes what was asked for behind the call.
    pub(crate) fn injected(&mut self, stopped: &Stopped, result: i64) -> Result<i64, Gone> {
        if let Some(pokes) =
            self.tampering(stopped).map(|now| std::mem::take(&mut now.poke_exit)).filter(|p| !p.is_empty())
        {
            self.poke(stopped, &pokes);
        }
        let Some(injected) = self.tampering(stopped).and_then(|now| now.result.take()) else { return Ok(result) };
        stopped.set_result(injected)?;
        Ok(injected)
    }

    /// Goes on from the exit of a call, after the delay that was asked for.
    pub(crate) fn go_out_of_call(&mut self, stopped: Stopped) -> Result<(), Gone> {
        let delay = self.tampering(&stopped).and_then(|now| now.delay_exit.take());
        self.go_on_after(stopped, 0, delay)
    }

    /// Writes where the arguments of the task's call point; says whether anything was written.
    fn poke(&mut self, stopped: &Stopped, pokes: &[Poke]) -> bool {
        let Some(task) = self.tasks.get_mut(stopped.tid()) else { return false };
        let Some((nr, args)) = task.record.view().call().map(|call| (call.nr(), call.args())) else { return false };
        let row = Abi::from_raw(task.record.view().abi()).and_then(|abi| syscalls::lookup(abi, nr));
        let most = row.map_or(args.len(), |row| row.args_for(&args).len());
        let mut poked = false;
        for Poke { arg, bytes } in pokes {
            let (at, number) = (usize::from(*arg), arg + 1);
            let why = match args.get(at).filter(|_| at < most) {
                None => format!("the call has only {most} arguments"),
                Some(addr) => match memory::write(stopped.tid().0, *addr, bytes) {
                    Ok(()) => {
                        poked = true;
                        continue;
                    }
                    Err(error) => error.to_string(),
                },
            };
            let name = row.map_or("call", |row| row.name);
            let what = format!("cannot write where argument {number} of {name} points: {why}");
            if !self.warnings.contains(&what) {
                self.warnings.push(what);
            }
        }
        if poked && let Some(task) = self.tasks.get_mut(stopped.tid()) {
            task.record.add_flags(flag::POKED);
        }
        poked
    }

    fn tampering(&mut self, stopped: &Stopped) -> Option<&mut Tamper> {
        // Without injections no task has any.
        self.injections.as_ref()?;
        Some(&mut self.tasks.get_mut(stopped.tid())?.tampering.as_mut()?.now)
    }

    fn go_on_after(&mut self, stopped: Stopped, signal: i32, delay: Option<Duration>) -> Result<(), Gone> {
        match (delay, &mut self.injections) {
            (Some(delay), Some(injections)) if delay > SHORT => {
                // A delay that no clock can hold lasts as long as the task.
                let until = Instant::now().checked_add(delay).unwrap_or_else(|| Instant::now() + Duration::MAX / 1024);
                injections.held.push(Held { until, stopped, signal });
                Ok(())
            }
            (Some(delay), _) => {
                std::thread::sleep(delay);
                self.go_on(stopped, signal)
            }
            (None, _) => self.go_on(stopped, signal),
        }
    }

    /// Lets those go on that have waited long enough.
    pub(crate) fn release_held(&mut self) {
        loop {
            let Some(injections) = &mut self.injections else { return };
            let Some(at) = (0..injections.held.len()).min_by_key(|at| injections.held[*at].until) else { return };
            let left = injections.held[at].until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return self.tick(left.min(LONGEST_TICK));
            }
            let Held { stopped, signal, .. } = injections.held.remove(at);
            let _: Result<(), Gone> = self.go_on(stopped, signal);
        }
    }

    /// A task that was held stops anew: it was killed meanwhile.
    pub(crate) fn forget_held(&mut self, stopped: &Stopped) {
        if let Some(injections) = &mut self.injections {
            injections.held.retain(|held| held.stopped.tid() != stopped.tid());
        }
    }

    /// Everybody is to be let go: those who are held, too.
    pub(crate) fn let_held_go(&mut self) {
        let held = self.injections.as_mut().map(|injections| std::mem::take(&mut injections.held));
        for Held { stopped, .. } in held.into_iter().flatten() {
            self.let_go(stopped, Reason::Call);
        }
    }
}

/// The number of this call in an ABI, as the target would give it.
fn number_of(abi: Abi, name: &str) -> Option<u64> {
    let at = syscalls::table(abi).iter().position(|row| row.is_some_and(|row| row.name == name))?;
    const X32_BIT: u64 = 0x4000_0000;
    Some(at as u64 | if abi == Abi::X32 { X32_BIT } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_calls_of_a_number() {
        let taken = |first, last, step| {
            let when = When { first, last, step };
            (1..=9).filter(|count| when.takes(*count)).collect::<Vec<u32>>()
        };
        assert_eq!(taken(1, None, 1), (1..=9).collect::<Vec<_>>());
        assert_eq!(taken(3, Some(3), 1), [3]);
        assert_eq!(taken(2, Some(4), 1), [2, 3, 4]);
        assert_eq!(taken(2, None, 3), [2, 5, 8]);
        assert_eq!(taken(2, Some(6), 2), [2, 4, 6]);
    }

    #[test]
    fn a_call_has_a_number_in_each_abi() {
        assert_eq!(number_of(Abi::X86_64, "getpid"), Some(39));
        assert_eq!(number_of(Abi::I386, "getpid"), Some(20));
        assert_eq!(number_of(Abi::X32, "getpid"), Some(0x4000_0000 | 39));
        assert_eq!(number_of(Abi::X86_64, "nosuch"), None);
    }
}
