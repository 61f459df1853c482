//! A task at a breakpoint: what it is told, and what is told of it.

use iced_x86::{OpKind, Register};
use recording::event::{SLOT as RECORD, TracepointSource};

use super::body::How;
use super::open::{self, Open};
use super::slot::SLOT;
use super::{Edge, Planned, Planted, Probes};
use crate::session::Session;
use crate::sys::Tid;
use crate::sys::ptrace::{General, Gone, Stopped};

/// A function whose breakpoints are hit more often in a second loses them: each call hits two.
const MOST_A_SECOND: u32 = 20_000;
const SECOND: u64 = 1_000_000_000;

/// Kinds of slots of a ring.
const ENTER: u64 = 1;
const EXIT: u64 = 2;
const DESCRIBE: u64 = 3;
/// No peak was measured.
const NO_PEAK: u64 = u64::MAX;

/// Is the signal about to be delivered that of an `int3`? (siginfo: signo, errno, code.)
pub(super) fn is_breakpoint(stopped: &Stopped) -> bool {
    const SI_KERNEL: i32 = 0x80;
    stopped.siginfo().is_ok_and(|info| info[8..12] == SI_KERNEL.to_ne_bytes())
}

impl Probes {
    /// The instruction at this address of the file, if it has a probe.
    pub(super) fn site_at(&self, address: u64) -> Option<usize> {
        self.program.sites.binary_search_by_key(&address, |planned| planned.site.address).ok()
    }

    /// Where a task that is in a slot would be without it, and whether it has yet to run the instruction.
    pub(super) fn out_of_slot(&self, planted: Planted, ip: u64) -> Option<(u64, bool)> {
        let Planted::Done { bias, slots } = planted else { return None };
        let into = ip.checked_sub(slots)?;
        let planned = self.program.sites.get((into / SLOT as u64) as usize)?;
        let into = into % SLOT as u64;
        Some((planned.site.back(bias, into), into == 0))
    }

    /// Tells of a hit at `site` in the words of slots.
    fn tell(&mut self, tid: Tid, now: u64, number: usize, leaves: bool, sp: u64) -> Option<TracepointSource> {
        let program = std::rc::Rc::clone(&self.program);
        let planned = program.sites.get(number)?;
        let task = self.tasks.entry(tid).or_default();
        let rates = &mut self.rates;
        let words = &mut self.words;
        words.clear();
        let mut source = None;
        let mut lost = None;
        for (point, edge) in &planned.edges {
            let (Some(rate), Some(known)) = (rates.get_mut(*point as usize), program.points.get(*point as usize))
            else {
                continue;
            };
            let begins = matches!(edge, Edge::Enter | Edge::Begin);
            if rate.lost.is_some() || !begins && !leaves {
                continue;
            }
            if !rate.take(now) {
                lost = Some(*point);
                if begins {
                    continue;
                }
            }
            source = Some(known.source);
            let id = known.id;
            let mut left = |span: Open| {
                if let Some(of) = program.points.get(span.point as usize) {
                    words.push(word(now, EXIT, recording::tracepoint::ABANDONED, of.id, NO_PEAK));
                }
            };
            match edge {
                Edge::Enter => open::left_behind(&mut task.open, sp, true, &mut left),
                Edge::Exit => open::left_behind(&mut task.open, sp, false, &mut left),
                Edge::Begin | Edge::End => {}
            }
            let ends = match edge {
                Edge::Exit => open::close(&mut task.open, *point, sp, &mut left),
                _ => *edge == Edge::End,
            };
            if begins {
                if task.described.len() <= *point as usize {
                    task.described.resize(program.points.len(), false);
                }
                if let Some(told) = task.described.get_mut(*point as usize)
                    && !std::mem::replace(told, true)
                {
                    describe(words, now, id, &known.label);
                }
                words.push(word(now, ENTER, 0, id, 0));
                if *edge == Edge::Enter {
                    task.open.push(Open { point: *point, sp });
                }
            } else if ends {
                words.push(word(now, EXIT, 0, id, NO_PEAK));
            }
        }
        if let Some(point) = lost {
            self.too_often(point, now);
        }
        source
    }

    fn too_often(&mut self, point: u32, now: u64) {
        let Some(rate) = self.rates.get_mut(point as usize) else { return };
        rate.lost = Some(now);
        let label = self.program.points.get(point as usize).map(|point| point.label.clone()).unwrap_or_default();
        let after = now.saturating_sub(self.began.unwrap_or(now)) / 1_000_000;
        self.miss(
            "functions",
            format!(
                "{}: its breakpoints were hit more than {MOST_A_SECOND} times in a second: its calls are not counted from {after} ms after \
                 the start on",
                String::from_utf8_lossy(&label)
            ),
        );
        self.lift_lost();
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

impl super::Rate {
    /// One more; false when that is too often.
    fn take(&mut self, now: u64) -> bool {
        if now.saturating_sub(self.since) >= SECOND {
            self.since = now;
            self.count = 0;
        }
        self.count += 1;
        self.count <= MOST_A_SECOND
    }
}

fn word(now: u64, kind: u64, flags: u8, id: u64, b: u64) -> [u64; 4] {
    [now, kind << 32 | u64::from(flags) << 40, id, b]
}

fn describe(words: &mut Vec<[u64; 4]>, now: u64, id: u64, label: &[u8]) {
    let label = label.get(..recording::tracepoint::LABEL_MAX).unwrap_or(label);
    words.push(word(now, DESCRIBE, 0, id, label.len() as u64));
    words.extend([[0; 4]; 2]);
    for piece in label.chunks(RECORD) {
        let mut bytes = [0; RECORD];
        bytes.iter_mut().zip(piece).for_each(|(to, from)| *to = *from);
        let (pieces, _) = bytes.as_chunks::<8>();
        words.push(std::array::from_fn(|i| pieces.get(i).map_or(0, |piece| u64::from_le_bytes(*piece))));
    }
}

/// Where an indirect jump leads.
fn target(planned: &Planned, bias: u64, registers: &General, stopped: &Stopped) -> Option<u64> {
    let instruction = &planned.site.instruction;
    let value = |register: Register| {
        registers.named(
            register.full_register().number(),
            register.is_segment_register().then_some(register == Register::FS),
        )
    };
    if instruction.op0_kind() == OpKind::Register {
        return value(instruction.op0_register());
    }
    let at = instruction.virtual_address(0, 0, |register, _, _| value(register))?;
    let bias = if instruction.is_ip_rel_memory_operand() { bias } else { 0 };
    stopped.peek(at.wrapping_add(bias))
}

impl Session<'_> {
    /// A signal that a breakpoint raised is not the target's; any other finds the task where it would be without
    /// them. True: it was a breakpoint.
    pub(crate) fn probe_stop(&mut self, stopped: &Stopped, signal: i32) -> Result<bool, Gone> {
        let tid = stopped.tid();
        let Some(pid) = self.tasks.get(tid).map(|task| task.pid) else { return Ok(false) };
        let Some(probes) = &mut self.probes else { return Ok(false) };
        let Some(planted) = probes.images.get(&pid).copied() else { return Ok(false) };
        let Some(registers) = stopped.general()? else { return Ok(false) };
        let before = registers.ip().wrapping_sub(1);
        if signal == libc::SIGTRAP && is_breakpoint(stopped) {
            match planted {
                Planted::Waiting { entry, byte } if before == entry => {
                    probes.began.get_or_insert(self.now);
                    self.plant(stopped, pid, (entry, byte), &registers)?;
                    return Ok(true);
                }
                Planted::Done { bias, slots } => {
                    if let Some(site) = probes.site_at(before.wrapping_sub(bias)) {
                        self.hit(stopped, &registers, site, (bias, slots))?;
                        return Ok(true);
                    }
                }
                Planted::Waiting { .. } => {}
            }
        }
        if let Some((at, again)) = probes.out_of_slot(planted, registers.ip()) {
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
        site: usize,
        (bias, slots): (u64, u64),
    ) -> Result<(), Gone> {
        let tid = stopped.tid();
        let Some(probes) = &mut self.probes else { return Ok(()) };
        let program = std::rc::Rc::clone(&probes.program);
        let Some(planned) = program.sites.get(site) else { return Ok(()) };
        let at = planned.site.address.wrapping_add(bias);
        let wanted = probes.is_wanted(site);
        let counted = probes.tasks.get_mut(&tid).is_some_and(|task| task.was_counted(&registers.at(at)));
        if wanted && !counted && self.stream.is_open() {
            let leaves = match planned.site.how {
                How::JumpIf(_) => planned.site.is_taken(registers.flags()),
                How::JumpBy => {
                    let to = target(planned, bias, registers, stopped).map(|to| to.wrapping_sub(bias));
                    let inside = |to: u64| planned.body.as_ref().is_some_and(|body| body.holds(to));
                    !to.is_some_and(inside)
                }
                How::Plain | How::Return | How::Jump(_) => true,
            };
            let source = probes.tell(tid, self.now, site, leaves, registers.sp());
            if let (Some(source), false, Some(task)) = (source, probes.words.is_empty(), self.tasks.get_mut(tid)) {
                let seq = task.next_seq();
                let room = probes.record.begin_tracepoint(tid.0, seq, self.now, source, probes.words.len());
                for (to, from) in room.chunks_exact_mut(8).zip(probes.words.as_flattened()) {
                    to.copy_from_slice(&from.to_le_bytes());
                }
                self.stream.push(&probes.record);
            }
        }
        // What lost its probes while the task was on its way has its own first byte again.
        let Some(probes) = &self.probes else { return Ok(()) };
        if probes.is_wanted(site) {
            stopped.set_general(&registers.at(slots + (site * SLOT) as u64))
        } else {
            let pid = self.tasks.get(tid).map_or(tid, |task| task.pid);
            let _ = crate::sys::memory::write(pid.0, at, &planned.site.bytes[..1]);
            stopped.set_general(&registers.at(at))
        }
    }
}
