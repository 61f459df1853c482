//! A task at a breakpoint: where it goes on, and what of its hits was counted before.

use super::slot::SLOT;
use super::tell::Hit;
use super::{Place, Placed, Planted, Probes};
use crate::session::Session;
use crate::sys::ptrace::{General, Gone, Stopped};
use crate::task::Task;

/// Is the signal about to be delivered that of an `int3`? (siginfo: signo, errno, code.)
pub(super) fn is_breakpoint(stopped: &Stopped) -> bool {
    const SI_KERNEL: i32 = 0x80;
    stopped.siginfo().is_ok_and(|info| info[8..12] == SI_KERNEL.to_ne_bytes())
}

impl Probes {
    /// The instruction at this address of a process, if it has a probe.
    pub(super) fn site_at(&self, placed: &[Option<Placed>], at: u64) -> Option<(Place, Placed)> {
        let parts = self.program.parts.iter().zip(placed).enumerate();
        parts.filter_map(|(part, (known, placed))| Some((part, known, (*placed)?))).find_map(|(part, known, placed)| {
            let address = at.wrapping_sub(placed.bias);
            let site = known.sites.binary_search_by_key(&address, |planned| planned.site.address).ok()?;
            Some((Place { part, site }, placed))
        })
    }

    /// Where a task that is in a slot would be without it, and whether it has yet to run the instruction.
    pub(super) fn out_of_slot(&self, planted: &Planted, ip: u64) -> Option<(u64, bool)> {
        let Planted::Done(placed) = planted else { return None };
        self.program.parts.iter().zip(&**placed).find_map(|(part, placed)| {
            let Placed { bias, slots } = (*placed)?;
            let into = ip.checked_sub(slots)?;
            let planned = part.sites.get((into / SLOT as u64) as usize)?;
            let into = into % SLOT as u64;
            Some((planned.site.back(bias, into), into == 0))
        })
    }
}

impl super::OfTask {
    /// Was this hit counted before a signal's handler ran? What a handler did not come back to is forgotten: it
    /// jumped away, and whoever calls the function again does so with other registers.
    fn was_counted(&mut self, now: &General) -> bool {
        while let Some(last) = self.counted.last().copied() {
            if last.ip() == now.ip() && last.holds_same(now) {
                self.counted.pop();
                return true;
            }
            if last.sp() > now.sp() {
                return false;
            }
            self.counted.pop();
        }
        false
    }
}

impl Session<'_> {
    /// A signal that a breakpoint raised is not the target's; any other finds the task where it would be without
    /// them. True: it was a breakpoint.
    pub(crate) fn probe_stop(&mut self, stopped: &Stopped, signal: i32) -> Result<bool, Gone> {
        let tid = stopped.tid();
        let Some(pid) = self.tasks.get(tid).map(|task| task.pid) else { return Ok(false) };
        let Some(probes) = &mut self.probes else { return Ok(false) };
        let Some(planted) = probes.images.get(&pid).cloned() else { return Ok(false) };
        let Some(registers) = stopped.general()? else { return Ok(false) };
        let before = registers.ip().wrapping_sub(1);
        if signal == libc::SIGTRAP && is_breakpoint(stopped) {
            match &planted {
                Planted::Waiting { part, entry, byte } if before == *entry => {
                    probes.began.get_or_insert(self.now);
                    self.plant(stopped, pid, *part, (*entry, *byte), &registers)?;
                    return Ok(true);
                }
                Planted::Done(placed) => {
                    if let Some((place, placed)) = probes.site_at(placed, before) {
                        self.hit(stopped, &registers, place, placed)?;
                        return Ok(true);
                    }
                }
                Planted::Waiting { .. } => {}
            }
        }
        if let Some((at, again)) = probes.out_of_slot(&planted, registers.ip()) {
            if again {
                probes.tasks.entry(tid).or_default().counted.push(registers.at(at));
            }
            stopped.set_general(&registers.at(at))?;
        }
        Ok(false)
    }

    fn hit(
        &mut self,
        stopped: &Stopped,
        registers: &General,
        place: Place,
        Placed { bias, slots }: Placed,
    ) -> Result<(), Gone> {
        let tid = stopped.tid();
        let Some(probes) = &mut self.probes else { return Ok(()) };
        let program = std::rc::Rc::clone(&probes.program);
        let Some(planned) = program.planned(place) else { return Ok(()) };
        let at = planned.site.address.wrapping_add(bias);
        let wanted = probes.is_wanted(planned);
        let counted = probes.tasks.get_mut(&tid).is_some_and(|task| task.was_counted(&registers.at(at)));
        if wanted && !counted && self.stream.is_open() {
            let leaves = planned.leaves(bias, registers, |at| stopped.peek(at));
            let task = self.tasks.get_mut(tid);
            let pid = task.as_ref().map_or(tid, |task| task.pid);
            let hit = Hit { tid, pid, now: self.now, place, leaves, bias, registers };
            probes.push(&hit, &mut self.stream, || task.map_or(0, Task::next_seq));
        }
        // What lost its probes while the task was on its way has its own first byte again.
        let Some(probes) = &self.probes else { return Ok(()) };
        if probes.is_wanted(planned) {
            stopped.set_general(&registers.at(slots + (place.site * SLOT) as u64))
        } else {
            let pid = self.tasks.get(tid).map_or(tid, |task| task.pid);
            let _ = crate::sys::memory::write(pid.0, at, &planned.site.bytes[..1]);
            stopped.set_general(&registers.at(at))
        }
    }
}
