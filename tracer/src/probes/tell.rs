//! What is told of a hit, in the words of slots; which spans it opens, ends and leaves behind.

use iced_x86::{OpKind, Register};
use recording::event::{SLOT as RECORD, TracepointSource};

use super::body::How;
use super::open::{self, Open};
use super::{Edge, Place, Planned, Probes, chic};
use crate::stream::Stream;
use crate::sys::Tid;
use crate::sys::ptrace::General;

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

/// A task at an instruction with a probe.
pub(super) struct Hit<'a> {
    pub tid: Tid,
    pub pid: Tid,
    /// When, CLOCK_MONOTONIC, ns.
    pub now: u64,
    /// The instruction.
    pub place: Place,
    /// Does it lead out of its function?
    pub leaves: bool,
    /// By how much the file lies higher in the process.
    pub bias: u64,
    pub registers: &'a General,
}

impl Planned {
    /// Does its instruction lead out of its function? `word_at` reads what is at an address of the process, of which the
    /// file lies `bias` higher.
    pub(super) fn leaves(&self, bias: u64, registers: &General, word_at: impl FnOnce(u64) -> Option<u64>) -> bool {
        match self.site.how {
            How::JumpIf(_) => self.site.is_taken(registers.flags()),
            How::JumpBy => {
                let to = self.target(bias, registers, word_at).map(|to| to.wrapping_sub(bias));
                let inside = |to: u64| self.body.as_ref().is_some_and(|body| body.holds(to));
                !to.is_some_and(inside)
            }
            How::Plain | How::Return | How::Jump(_) => true,
        }
    }

    /// Where an indirect jump leads.
    fn target(&self, bias: u64, registers: &General, word_at: impl FnOnce(u64) -> Option<u64>) -> Option<u64> {
        let instruction = &self.site.instruction;
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
        word_at(at.wrapping_add(bias))
    }
}

impl Probes {
    /// Tells of a hit in the stream; `number` gives that of the task's next event.
    pub(super) fn push(&mut self, hit: &Hit<'_>, stream: &mut Stream<'_>, number: impl FnOnce() -> u64) {
        let Some(source) = self.tell(hit).filter(|_| !self.words.is_empty()) else { return };
        let room = self.record.begin_tracepoint(hit.tid.0, number(), hit.now, source, self.words.len());
        for (to, from) in room.chunks_exact_mut(8).zip(self.words.as_flattened()) {
            to.copy_from_slice(&from.to_le_bytes());
        }
        stream.push(&self.record);
    }

    /// The same in the words of slots.
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
            if !self.by_kernel && !rate.take(now) {
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
                    let Some(known) = program.parts.get(at.place.part).and_then(|part| part.chic.as_ref()) else {
                        continue;
                    };
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
