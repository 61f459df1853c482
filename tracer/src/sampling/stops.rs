//! Samples by stops: where the kernel gives none, the tracer interrupts the tasks that run and looks at their stacks.
//!
//! What was mapped is read from /proc, when a process is sampled first and again while its stacks
//! lead nowhere.

use std::collections::HashMap;

use super::record::{Body, Mapped, Registers, Stamp, Taken};
use super::{How, NO_MAPPING, Report, Sampler, Seen, Source, Stacks};
use crate::Error;
use crate::symbols::build_id;

/// Between two looks at what a process has mapped, ns.
const PAUSE_NS: u64 = 20_000_000;

/// When the mappings of each process were read, and whether its last stack reached its beginning.
#[derive(Debug, Default)]
pub(super) struct Looks(HashMap<u32, (u64, bool)>);

impl Sampler {
    /// Without the kernel, which refused.
    pub(crate) fn by_stops(how: How, refused: &Error) -> Sampler {
        let mut sampler = Sampler::with_rings(Vec::new(), super::RING_BYTES, How { stacks: Stacks::Tables, ..how });
        let not_measured = vec![format!("{refused}; running tasks were interrupted instead")];
        sampler.state.report = Report { source: Source::Tracer, not_measured, ..Report::default() };
        sampler
    }

    /// For [`Sampler::unwind_call`] alone.
    pub(crate) fn of_calls() -> Sampler {
        Sampler::with_rings(Vec::new(), super::RING_BYTES, How { stacks: Stacks::Tables, ..How::default() })
    }

    /// Unwinds a task that was stopped: its frames are then [`Sampler::frames`]. True when they reach its beginning.
    pub(crate) fn unwind_call(
        &mut self,
        (pid, tid): (u32, u32),
        at_ns: u64,
        registers: Registers,
        stack: &[u8],
        see: &mut dyn FnMut(Seen<'_>),
    ) -> bool {
        let stamp = Stamp { pid, tid, at_ns };
        let looked = self.looks.0.get(&pid).copied();
        if looked.is_none() {
            self.read_mappings(stamp, see);
            self.looks.0.insert(pid, (at_ns, true));
        }
        let complete = self.state.unwind(pid, registers, stack);
        let Some((looked, all_known)) = looked else { return complete };
        let is_known = |state: &super::State| state.frames.iter().all(|frame| frame.mapping != NO_MAPPING);
        if is_known(&self.state) || !(all_known || at_ns.saturating_sub(looked) > PAUSE_NS) {
            return complete;
        }
        // Code came that no call told of: those calls were not asked for.
        self.read_mappings(stamp, see);
        let complete = self.state.unwind(pid, registers, stack);
        self.looks.0.insert(pid, (at_ns, is_known(&self.state)));
        complete
    }

    /// What was unwound last, innermost first; never empty.
    pub(crate) fn frames(&self) -> &[super::Frame] {
        &self.state.frames
    }

    /// What the process has mapped changed.
    pub(crate) fn look_again(&mut self, pid: u32) {
        self.looks.0.remove(&pid);
    }

    /// The process has another image, or is gone.
    pub(crate) fn new_image(&mut self, pid: u32) {
        self.looks.0.remove(&pid);
        self.state.spaces.exec(pid);
        self.state.unwinding.forget(pid);
    }

    /// A task was stopped here; `stack` begins at its stack pointer.
    pub(crate) fn stopped(
        &mut self,
        (pid, tid): (u32, u32),
        at_ns: u64,
        registers: Registers,
        stack: &[u8],
        see: &mut dyn FnMut(Seen<'_>),
    ) {
        let stamp = Stamp { pid, tid, at_ns };
        let is_known = self.state.spaces.frame(pid, registers.ip).mapping != NO_MAPPING;
        let (mut looked, complete) = self.looks.0.get(&pid).copied().unwrap_or_default();
        if looked == 0 || (!(is_known && complete) && at_ns.saturating_sub(looked) > PAUSE_NS) {
            looked = at_ns;
            self.read_mappings(stamp, see);
        }
        let before = self.state.report.complete;
        self.state.record(stamp, Body::Sample(Taken::by_hand(registers, stack)), see);
        self.looks.0.insert(pid, (looked, self.state.report.complete > before));
    }

    fn read_mappings(&mut self, stamp: Stamp, see: &mut dyn FnMut(Seen<'_>)) {
        let text = std::fs::read(format!("/proc/{}/maps", stamp.pid)).unwrap_or_default();
        for mut mapped in text.split(|byte| *byte == b'\n').filter_map(executable) {
            let known = self.state.spaces.frame(stamp.pid, mapped.start).mapping;
            let is_same = self.state.spaces.mapping(known).is_some_and(|known| {
                (known.start, known.end, known.offset) == (mapped.start, mapped.start + mapped.len, mapped.offset)
                    && known.path.as_os_str().as_encoded_bytes() == mapped.name
            });
            if !is_same {
                let build_id = build_id(mapped.name);
                mapped.build_id = &build_id;
                self.state.record(stamp, Body::Mapped(mapped), see);
            }
        }
    }
}

/// `START-END r-xp OFFSET DEVICE INODE   PATH` (proc_pid_maps(5)), when it can be executed.
fn executable(line: &[u8]) -> Option<Mapped<'_>> {
    let mut words = line.splitn(6, |byte| *byte == b' ');
    let mut word = || words.next();
    let hex = |word: &[u8]| u64::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok();
    let (start, end) = std::str::from_utf8(word()?).ok()?.split_once('-')?;
    let (start, end) = (hex(start.as_bytes())?, hex(end.as_bytes())?);
    if word()?.get(2) != Some(&b'x') {
        return None;
    }
    let offset = hex(word()?)?;
    let name = words.nth(2).unwrap_or_default().trim_ascii_start();
    let name = if name.is_empty() { b"//anon" } else { name };
    Some(Mapped { start, len: end.checked_sub(start)?, offset, name, build_id: &[], file: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_executed_is_found() {
        let line = b"7f00-8f00 r-xp 00001000 08:01 1234                 /usr/lib/a b.so";
        let mapped = executable(line).expect("executable");
        assert_eq!(
            (mapped.start, mapped.len, mapped.offset, mapped.name),
            (0x7f00, 0x1000, 0x1000, &b"/usr/lib/a b.so"[..])
        );
        assert_eq!(executable(b"1000-2000 rwxp 00000000 00:00 0 ").map(|mapped| mapped.name), Some(&b"//anon"[..]));
        for line in [&b"7f00-8f00 rw-p 0 08:01 1 /a"[..], b"", b"8f00-7f00 r-xp 0 0 0", b"x-y r-xp 0 0 0", b"1-2 r-xp"]
        {
            assert_eq!(executable(line), None);
        }
    }
}
