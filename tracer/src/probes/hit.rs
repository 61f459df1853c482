//! A task at a breakpoint: what it is told, and what is told of it.

use iced_x86::{OpKind, Register};
use recording::event::{SLOT as RECORD, TracepointSource};

use super::body::How;
use super::open::{self, Open};
use super::slot::SLOT;
use super::{Edge, Place, Placed, Planned, Planted, Probes, chic};
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

/// What an event takes by the fake clock, ns.
const FAKE_STEP: u64 = 1_000;

/// A task at a breakpoint.
struct Hit<'a> {
    tid: Tid,
    pid: Tid,
    now: u64,
    /// The instruction.
    place: Place,
    /// Does it lead out of its function?
    leaves: bool,
    /// By how much the file lies higher in the process.
    bias: u64,
    registers: &'a General,
}

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

    /// Tells of a hit at `site` in the words of slots.
    fn tell(&mut self, at: &Hit<'_>) -> Option<TracepointSource> {
        let program = std::rc::Rc::clone(&self.program);
        let Hit { tid, pid, now, leaves, bias, registers, .. } = *at;
        let sp = registers.sp();
        let planned = program.planned(at.place)?;
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
            let begins = matches!(edge, Edge::Enter | Edge::Begin | Edge::Hit | Edge::ChicEnter);
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
            // Where times are counted, not measured, each event takes as long as every other.
            let now = if self.fake_clock { task.fake } else { now };
            task.fake += FAKE_STEP;
            let id = known.id;
            let mut left = |span: Open| {
                if let Some(of) = program.points.get(span.point as usize) {
                    words.push(word(now, EXIT, recording::tracepoint::ABANDONED, of.id, NO_PEAK));
                }
            };
            match edge {
                Edge::Enter => open::left_behind(&mut task.open, sp, true, &mut left),
                Edge::Exit => open::left_behind(&mut task.open, sp, false, &mut left),
                _ => {}
            }
            match edge {
                Edge::ChicEnter => {
                    let Some(known) = &program.chic else { continue };
                    let id = chic::id_of(registers);
                    match task.told.add(id) {
                        Some(true) => {
                            let chic::Described { label, budgets, site } = known.describe(pid.0, registers);
                            describe(words, now, id, &label, budgets, site);
                        }
                        Some(false) => {}
                        None => continue,
                    }
                    words.push(word(now, ENTER, 0, id, 0));
                    continue;
                }
                Edge::ChicExit => {
                    words.push(word(now, EXIT, 0, chic::id_of(registers), NO_PEAK));
                    continue;
                }
                _ => {}
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
                    // Behind its first byte: a return address lies behind the call, too.
                    let inside = known.address.wrapping_add(bias).wrapping_add(1);
                    let site = if known.source == TracepointSource::Probe { inside } else { 0 };
                    describe(words, now, id, &known.label, [0; 3], site);
                }
                let kind = if *edge == Edge::Hit { u64::from(recording::tracepoint::HIT) } else { ENTER };
                words.push(word(now, kind, 0, id, 0));
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
        let Some(known) = self.program.points.get(point as usize) else { return };
        let (label, key) = (String::from_utf8_lossy(&known.label).into_owned(), self.program.key(point));
        let after = now.saturating_sub(self.began.unwrap_or(now)) / 1_000_000;
        self.miss(
            key,
            format!(
                "{label}: its breakpoints were hit more than {MOST_A_SECOND} times in a second: its calls are not counted \
                 from {after} ms after the start on"
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

/// `budgets`: CPU µs, memory bytes, GPU µs; `site`: where a call site returns to.
fn describe(words: &mut Vec<[u64; 4]>, now: u64, id: u64, label: &[u8], budgets: [u64; 3], site: u64) {
    let label = label.get(..recording::tracepoint::LABEL_MAX).unwrap_or(label);
    let [cpu, mem, gpu] = budgets;
    words.push(word(now, DESCRIBE, 0, id, label.len() as u64));
    words.extend([[cpu, mem, gpu, 0], [site, 0, 0, 0]]);
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
        let Some(planted) = probes.images.get(&pid).cloned() else { return Ok(false) };
        let Some(registers) = stopped.general()? else { return Ok(false) };
        let before = registers.ip().wrapping_sub(1);
        if signal == libc::SIGTRAP && is_breakpoint(stopped) {
            match &planted {
                Planted::Waiting { entry, byte } if before == *entry => {
                    let (entry, byte) = (*entry, *byte);
                    probes.began.get_or_insert(self.now);
                    self.plant(stopped, pid, (entry, byte), &registers)?;
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
            let leaves = match planned.site.how {
                How::JumpIf(_) => planned.site.is_taken(registers.flags()),
                How::JumpBy => {
                    let to = target(planned, bias, registers, stopped).map(|to| to.wrapping_sub(bias));
                    let inside = |to: u64| planned.body.as_ref().is_some_and(|body| body.holds(to));
                    !to.is_some_and(inside)
                }
                How::Plain | How::Return | How::Jump(_) => true,
            };
            let pid = self.tasks.get(tid).map_or(tid, |task| task.pid);
            let source = probes.tell(&Hit { tid, pid, now: self.now, place, leaves, bias, registers });
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
        if probes.is_wanted(planned) {
            stopped.set_general(&registers.at(slots + (place.site * SLOT) as u64))
        } else {
            let pid = self.tasks.get(tid).map_or(tid, |task| task.pid);
            let _ = crate::sys::memory::write(pid.0, at, &planned.site.bytes[..1]);
            stopped.set_general(&registers.at(at))
        }
    }
}
