//! Raw streams: what one process did to one object. Adjacent transfers become one range, equal steps one.

use std::collections::BTreeMap;

use recording::resolve::{ObjectId, ProcId};

use super::raw::{Ended, FlowId, Key, MIXED, Placed, Raw, RawStep, RawSteps};
use crate::model::Verb;

/// Where the bytes of a transfer come from or go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file, by offset.
    File(ObjectId),
    /// A stream, by count.
    Flow(FlowId),
    /// Bytes that are not compared: only how many.
    Opaque,
    /// Bytes of which not even the number is compared.
    Anything,
}

/// Bytes that one call moved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transfer<'a> {
    pub verb: Verb,
    pub source: Source,
    pub start: u64,
    pub end: u64,
    /// What kind of call moved them (`pread`).
    pub family: &'static str,
    /// The bytes, where the call itself tells them and `source` is a file.
    pub bytes: Option<&'a [u8]>,
    pub thread: u32,
    pub event: u64,
}

/// A range of a file that was read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRange {
    pub object: ObjectId,
    pub start: u64,
    pub end: u64,
    /// Did it change the file?
    pub wrote: bool,
    /// Is it that of one call (levels `calls` and `exact`), which a stream holds once more?
    pub single: bool,
    /// Number of its last event.
    pub event: u64,
    /// The bytes, where the calls told them all.
    pub bytes: Option<Box<[u8]>>,
}

/// How many calls moved bytes of how many ranges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Moves {
    pub calls: u64,
    pub ranges: u64,
}

/// What one process did to one object.
#[derive(Debug)]
pub(crate) struct RawStream {
    pub process: ProcId,
    pub key: Key,
    pub placed: Vec<Placed>,
    /// By family.
    pub moves: BTreeMap<&'static str, Moves>,
    open: Option<Open>,
}

/// A range that may still grow.
#[derive(Debug)]
struct Open {
    verb: Verb,
    source: Source,
    start: u64,
    end: u64,
    bytes: Option<Vec<u8>>,
    families: Vec<(&'static str, u64)>,
    thread: u32,
    first: u64,
    last: u64,
}

impl RawStream {
    /// Nothing done yet.
    pub fn new(process: ProcId, key: Key) -> RawStream {
        RawStream { process, key, placed: Vec::new(), moves: BTreeMap::new(), open: None }
    }

    /// One more step.
    pub fn push(&mut self, steps: &mut RawSteps, ranges: &mut Vec<FileRange>, step: u32, thread: u32, event: u64) {
        self.flush(steps, ranges);
        self.place(Placed { step, count: 1, thread, first: event, last: event });
    }

    /// One more transfer, which may lengthen the last one.
    pub fn transfer(&mut self, steps: &mut RawSteps, ranges: &mut Vec<FileRange>, transfer: &Transfer<'_>) {
        match &mut self.open {
            Some(open) if open.continues(transfer) => open.grow(transfer),
            _ => {
                self.flush(steps, ranges);
                self.open = Some(Open::begin(transfer));
            }
        }
    }

    /// Ends the range that may still grow.
    pub fn flush(&mut self, steps: &mut RawSteps, ranges: &mut Vec<FileRange>) {
        let Some(open) = self.open.take() else { return };
        for (family, calls) in &open.families {
            let moves = self.moves.entry(family).or_default();
            moves.calls += calls;
            moves.ranges += 1;
        }
        let (thread, first, last) = (open.thread, open.first, open.last);
        let step = steps.id(open.step(ranges));
        self.place(Placed { step, count: 1, thread, first, last });
    }

    /// Takes over what another stream holds (both flushed).
    pub fn append(&mut self, other: RawStream) {
        for placed in other.placed {
            self.place(placed);
        }
        for (family, moves) in other.moves {
            let sum = self.moves.entry(family).or_default();
            sum.calls += moves.calls;
            sum.ranges += moves.ranges;
        }
    }

    fn place(&mut self, next: Placed) {
        match self.placed.last_mut() {
            Some(last) if last.step == next.step => {
                last.count = last.count.saturating_add(next.count);
                last.last = last.last.max(next.last);
                if last.thread != next.thread {
                    last.thread = MIXED;
                }
            }
            _ => self.placed.push(next),
        }
    }
}

impl Open {
    fn begin(transfer: &Transfer<'_>) -> Open {
        Open {
            verb: transfer.verb,
            source: transfer.source,
            start: transfer.start,
            end: transfer.end,
            bytes: transfer.bytes.map(<[u8]>::to_vec),
            families: vec![(transfer.family, 1)],
            thread: transfer.thread,
            first: transfer.event,
            last: transfer.event,
        }
    }

    fn continues(&self, next: &Transfer<'_>) -> bool {
        self.verb == next.verb
            && self.source == next.source
            && (self.end == next.start || self.source == Source::Anything)
    }

    fn grow(&mut self, next: &Transfer<'_>) {
        self.end = next.end;
        self.last = next.event;
        if self.thread != next.thread {
            self.thread = MIXED;
        }
        match (&mut self.bytes, next.bytes) {
            (Some(bytes), Some(more)) => bytes.extend_from_slice(more),
            (bytes, _) => *bytes = None,
        }
        match self.families.iter_mut().find(|(family, _)| *family == next.family) {
            Some((_, calls)) => *calls += 1,
            None => self.families.push((next.family, 1)),
        }
    }

    fn step(self, ranges: &mut Vec<FileRange>) -> RawStep {
        let arg = match self.source {
            Source::Flow(flow) => Raw::Flow(flow, self.start, self.end),
            Source::Opaque => Raw::Opaque(self.end.saturating_sub(self.start)),
            Source::Anything => Raw::Anything,
            Source::File(object) => {
                ranges.push(FileRange {
                    object,
                    start: self.start,
                    end: self.end,
                    wrote: matches!(self.verb, Verb::Write | Verb::Rewrite),
                    single: false,
                    event: self.last,
                    bytes: self.bytes.map(Vec::into_boxed_slice),
                });
                Raw::File(ranges.len().saturating_sub(1) as u32)
            }
        };
        RawStep { verb: self.verb, args: Box::new([arg]), ended: Ended::Well }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(start: u64, end: u64, event: u64) -> Transfer<'static> {
        let source = Source::File(ObjectId(0));
        Transfer { verb: Verb::Read, source, start, end, family: "read", bytes: None, thread: 1, event }
    }

    #[test]
    fn short_reads_are_one_range_and_a_leap_is_another() {
        let (mut steps, mut ranges) = (RawSteps::default(), Vec::new());
        let mut stream = RawStream::new(ProcId(0), Key::Object(ObjectId(0)));
        for transfer in [read(0, 10, 1), read(10, 15, 2), read(40, 50, 3)] {
            stream.transfer(&mut steps, &mut ranges, &transfer);
        }
        stream.flush(&mut steps, &mut ranges);
        let spans: Vec<_> = ranges.iter().map(|range| (range.start, range.end, range.event)).collect();
        assert_eq!(spans, [(0, 15, 2), (40, 50, 3)]);
        assert_eq!(stream.moves["read"], Moves { calls: 3, ranges: 2 });
        assert_eq!(stream.placed.len(), 2);
    }

    #[test]
    fn equal_steps_in_a_row_are_counted() {
        let (mut steps, mut ranges) = (RawSteps::default(), Vec::new());
        let mut stream = RawStream::new(ProcId(0), Key::Own);
        let step = steps.id(RawStep { verb: Verb::Stat, args: Box::new([]), ended: Ended::Well });
        (0..50).for_each(|event| stream.push(&mut steps, &mut ranges, step, 0, event));
        assert_eq!(stream.placed.len(), 1);
        assert_eq!((stream.placed[0].count, stream.placed[0].first, stream.placed[0].last), (50, 0, 49));
    }
}
