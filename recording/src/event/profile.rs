//! Profiles: executable mappings, tracepoints, stack samples and switches, as records and as views.
//!
//! Mappings, samples and switches come from the kernel's own records some milliseconds late: they carry the
//! time at which they happened, no number (`seq` is 0), and stand in the stream behind events that are younger.
//! Whoever joins them with other events sorts by time within a task; a mapping always comes before the samples
//! that name it. A tracepoint event carries what a task wrote since its last one: it has a number, its time is that of
//! the look into the ring, and its slots have their own.

use super::kinds::raw_enum;
use super::{ARG_NONE, Event, Kind, PayloadHead, Record, Shape, content, text};

/// Bytes of a `Mapped` before its texts.
const MAPPED: usize = 80;
/// Bytes of an event with a body before it.
const BODY: usize = 40;
/// Bytes of a sample's body before its frames, and of a frame.
const SAMPLE: usize = 16;
const FRAME: usize = 16;
/// Bytes of a switch's body.
const SWITCH: usize = 8;
/// Bytes of a slot of a tracepoint.
pub const SLOT: usize = 32;

/// The number of no mapping: nothing known was mapped at an address.
pub const NO_MAPPING: u32 = u32::MAX;

raw_enum! {
    /// Who wrote the slots of a tracepoint event.
    TracepointSource {
        /// The runtime library in the target.
        Runtime = 1,
        /// Hooks that a compiler put in.
        Hook = 2,
        /// A probe of the tracer's.
        Probe = 3,
        /// A probe of the tracer's where the program has one itself (USDT).
        Usdt = 4,
        /// A probe of the tracer's at the functions by which programs that Chic built tell their own runtime.
        Chic = 5,
    }
}

raw_enum! {
    /// What made the kernel take a sample; the unit of its weight.
    SampleClock {
        /// Time on a CPU; ns.
        Cpu = 1,
        /// Hardware cycles in user mode; samples.
        Cycles = 2,
    }
}

const COMPLETE: u8 = 1 << 0;

/// Executable pages of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped<'a> {
    /// Number by which frames name it, unique in a recording.
    pub number: u32,
    /// The process that mapped it; children have it, too, until they exec.
    pub process: u32,
    /// First address.
    pub start: u64,
    /// Bytes.
    pub length: u64,
    /// Offset in the file, bytes.
    pub offset: u64,
    /// Device and inode of the file; 0 where a build id stands for them.
    pub device: u64,
    /// See `device`.
    pub inode: u64,
    /// The file as the process saw it, or the kernel's name for what is none (`//anon`, `[vdso]`).
    pub path: &'a [u8],
    /// As the kernel read it at that time; empty when it did not.
    pub build_id: &'a [u8],
}

/// An address of a stack: inside the instruction that ran, or that called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Frame {
    /// The address in its process.
    pub address: u64,
    /// Number of the mapping it lies in, or [`NO_MAPPING`].
    pub mapping: u32,
}

/// A stack sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample<'a> {
    /// Process of the task.
    pub process: u32,
    /// What made it; `None` for one of a later version.
    pub clock: Option<SampleClock>,
    /// For how much it stands, in the unit of the clock.
    pub weight: u64,
    /// Does the last frame belong to the function in which the task began?
    pub complete: bool,
    frames: &'a [[u8; FRAME]],
}

impl<'a> Sample<'a> {
    /// Innermost first.
    pub fn frames(&self) -> impl DoubleEndedIterator<Item = Frame> + ExactSizeIterator + use<'a> {
        self.frames.iter().map(|bytes| {
            let word = u128::from_le_bytes(*bytes);
            Frame { address: word as u64, mapping: (word >> 64) as u32 }
        })
    }
}

/// A task came onto a CPU or left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    /// Did it come on?
    pub on: bool,
    /// Was it still willing to run when it left? `None`: not known.
    pub preempted: Option<bool>,
}

/// What a task wrote into its ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots<'a> {
    /// Who wrote it; `None` for one of a later version.
    pub source: Option<TracepointSource>,
    /// Whole slots of [`SLOT`] bytes, as they came: untrusted, see [`crate::tracepoint::decode`].
    pub bytes: &'a [u8],
    /// Where the program wrote documents of its own at that moment, if that is what the event tells.
    pub snapshot: Option<&'a [u8]>,
}

impl Record {
    /// Starts and ends a `Mapped` of this time; its task is its process.
    pub fn mapped(&mut self, at: u64, mapped: &Mapped<'_>) {
        self.begin(Kind::Mapped, MAPPED, mapped.process, 0, at);
        let words = [mapped.start, mapped.length, mapped.offset, mapped.device, mapped.inode];
        for (i, word) in words.into_iter().enumerate() {
            self.put_u64(32 + 8 * i, word);
        }
        self.put_u32(72, mapped.number);
        self.put_u32(76, mapped.process);
        self.text(text::MAIN, mapped.path);
        if !mapped.build_id.is_empty() {
            let head = PayloadHead {
                arg: ARG_NONE,
                phase: 0,
                shape: Shape::Bytes,
                status: 0,
                wanted: mapped.build_id.len() as u64,
                addr: 0,
                path: content::BUILD_ID,
            };
            self.payload(head, mapped.build_id);
        }
    }

    /// Starts a `Tracepoint` with room for so many slots, to be filled by the caller; no more than fit into a record. A text
    /// behind them is the path of a snapshot that the program wrote.
    pub fn begin_tracepoint(
        &mut self,
        task: u32,
        seq: u64,
        at: u64,
        source: TracepointSource,
        slots: usize,
    ) -> &mut [u8] {
        let body = slots * SLOT;
        self.begin(Kind::Tracepoint, BODY + body, task, seq, at);
        self.put_u32(32, body as u32);
        self.put_u8(36, source as u8);
        self.bytes_from(BODY)
    }

    /// Starts and ends a `Sample`; `frames` innermost first.
    #[expect(clippy::too_many_arguments, reason = "a sample has this many fields")]
    pub fn sample(
        &mut self,
        task: u32,
        process: u32,
        at: u64,
        clock: SampleClock,
        weight: u64,
        complete: bool,
        frames: impl ExactSizeIterator<Item = Frame>,
    ) {
        let count = frames.len();
        let body = SAMPLE + FRAME * count;
        self.begin(Kind::Sample, BODY + body, task, 0, at);
        self.put_u32(32, body as u32);
        self.put_u32(36, process);
        self.put_u8(40, clock as u8);
        self.put_u8(41, if complete { COMPLETE } else { 0 });
        self.put_u32(44, count as u32);
        self.put_u64(48, weight);
        for (i, frame) in frames.take(count).enumerate() {
            let place = BODY + SAMPLE + FRAME * i;
            self.put_u64(place, frame.address);
            self.put_u32(place + 8, frame.mapping);
        }
    }

    /// Starts and ends a `Switch`.
    pub fn switch(&mut self, task: u32, at: u64, switch: Switch) {
        self.begin(Kind::Switch, BODY + SWITCH, task, 0, at);
        self.put_u32(32, SWITCH as u32);
        self.put_u8(40, u8::from(switch.on));
        self.put_u8(41, switch.preempted.map_or(0, |preempted| 1 + u8::from(preempted)));
    }

    /// Starts and ends a `Named`.
    pub fn named(&mut self, task: u32, seq: u64, at: u64, comm: &[u8]) {
        self.begin(Kind::Named, 32, task, seq, at);
        self.text(text::MAIN, comm);
    }
}

/// Bytes before the payloads of an event with a body, given the body's length and all the record holds; `None`
/// when they contradict each other.
pub(super) fn fixed_with_body(kind: Kind, bytes: &[u8]) -> Option<usize> {
    let body = u32_at(bytes, 32)? as usize;
    let fits = match kind {
        Kind::Tracepoint => body.is_multiple_of(SLOT),
        Kind::Sample => {
            let frames = u32_at(bytes, 44)? as usize;
            frames.checked_mul(FRAME)?.checked_add(SAMPLE)? <= body
        }
        Kind::Switch => body >= SWITCH,
        _ => true,
    };
    if !fits {
        return None;
    }
    body.checked_next_multiple_of(8)?.checked_add(BODY)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

impl<'a> Event<'a> {
    /// The fields of a `Mapped`; `None` when this is none.
    pub fn mapped(&self) -> Option<Mapped<'a>> {
        self.is(Kind::Mapped).then(|| Mapped {
            number: self.u32(72),
            process: self.u32(76),
            start: self.u64(32),
            length: self.u64(40),
            offset: self.u64(48),
            device: self.u64(56),
            inode: self.u64(64),
            path: self.text(text::MAIN).unwrap_or_default(),
            build_id: self.text(content::BUILD_ID).unwrap_or_default(),
        })
    }

    /// The slots of a `Tracepoint`; `None` when this is none.
    pub fn slots(&self) -> Option<Slots<'a>> {
        let bytes = self.is(Kind::Tracepoint).then(|| self.body())?;
        let source = TracepointSource::from_raw(self.u8(36));
        Some(Slots { source, bytes, snapshot: self.text(text::MAIN) })
    }

    /// The fields of a `Sample`; `None` when this is none.
    pub fn sample(&self) -> Option<Sample<'a>> {
        let body = self.is(Kind::Sample).then(|| self.body())?;
        let (frames, _) = body.get(SAMPLE..)?.as_chunks::<FRAME>();
        Some(Sample {
            process: self.u32(36),
            clock: SampleClock::from_raw(self.u8(40)),
            weight: self.u64(48),
            complete: self.u8(41) & COMPLETE != 0,
            frames: frames.get(..self.u32(44) as usize)?,
        })
    }

    /// The fields of a `Switch`; `None` when this is none.
    pub fn switch(&self) -> Option<Switch> {
        self.is(Kind::Switch).then(|| Switch {
            on: self.u8(40) != 0,
            preempted: match self.u8(41) {
                1 => Some(false),
                2 => Some(true),
                _ => None,
            },
        })
    }

    /// The name of a `Named`; `None` when this is none.
    pub fn named(&self) -> Option<&'a [u8]> {
        self.is(Kind::Named).then(|| self.text(text::MAIN).unwrap_or_default())
    }

    /// Does it come by its time and without a number? See the module.
    pub fn comes_late(&self) -> bool {
        matches!(self.kind(), Some(Kind::Mapped | Kind::Sample | Kind::Switch))
    }

    fn is(&self, kind: Kind) -> bool {
        self.kind() == Some(kind)
    }

    fn body(&self) -> &'a [u8] {
        self.bytes().get(BODY..).and_then(|rest| rest.get(..self.u32(32) as usize)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(record: &Record) -> Event<'_> {
        let (event, rest) = Event::split(record.bytes()).expect("a whole record");
        assert!(rest.is_empty());
        event
    }

    #[test]
    fn what_is_written_is_read() {
        let mut record = Record::default();
        let libc = Mapped {
            number: 3,
            process: 7,
            start: 0x7000,
            length: 0x2000,
            offset: 0x1000,
            device: 8,
            inode: 9,
            path: b"/lib/libc.so.6",
            build_id: &[1, 2, 3],
        };
        record.mapped(50, &libc);
        assert_eq!(view(&record).mapped(), Some(libc));
        assert_eq!((view(&record).task(), view(&record).at()), (7, 50));
        let without = Mapped { build_id: &[], path: b"", ..libc };
        record.mapped(51, &without);
        assert_eq!(view(&record).mapped(), Some(without));

        let frames = [Frame { address: u64::MAX, mapping: NO_MAPPING }, Frame { address: 5, mapping: 3 }];
        record.sample(8, 7, 60, SampleClock::Cpu, 1_000_000, true, frames.into_iter());
        let sample = view(&record).sample().expect("a sample");
        assert_eq!((sample.process, sample.clock, sample.weight), (7, Some(SampleClock::Cpu), 1_000_000));
        assert!(sample.complete);
        assert!(sample.frames().eq(frames));
        record.sample(8, 7, 60, SampleClock::Cycles, 1, false, [].into_iter());
        let sample = view(&record).sample().expect("a sample");
        assert_eq!((sample.frames().len(), sample.complete, sample.clock), (0, false, Some(SampleClock::Cycles)));

        for preempted in [None, Some(false), Some(true)] {
            for on in [false, true] {
                record.switch(8, 70, Switch { on, preempted });
                assert_eq!(view(&record).switch(), Some(Switch { on, preempted }));
            }
        }

        record.begin_tracepoint(8, 4, 80, TracepointSource::Runtime, 3)[64..].fill(2);
        let slots = view(&record).slots().expect("slots");
        assert_eq!(slots.source, Some(TracepointSource::Runtime));
        assert_eq!((slots.bytes, slots.snapshot), (&[vec![0; 64], vec![2; 32]].concat()[..], None));
        record.begin_tracepoint(8, 4, 80, TracepointSource::Runtime, 0);
        record.text(text::MAIN, b"/tmp/perf.json");
        assert_eq!(view(&record).slots().and_then(|slots| slots.snapshot), Some(&b"/tmp/perf.json"[..]));
        record.named(8, 5, 90, b"worker");
        assert_eq!(view(&record).named(), Some(&b"worker"[..]));
        assert_eq!(view(&record).switch(), None);
    }

    #[test]
    fn lengths_that_contradict_the_record_are_refused() {
        let mut record = Record::default();
        record.sample(8, 7, 60, SampleClock::Cpu, 1, true, [Frame { address: 1, mapping: 1 }; 2].into_iter());
        for (at, values) in [(32, [0, 47, 15, u32::MAX]), (44, [3, 4, u32::MAX, 1 << 28])] {
            for value in values {
                let mut broken = record.clone();
                broken.put_u32(at, value);
                assert!(Event::split(broken.bytes()).is_err(), "{at} = {value}");
            }
        }
        record.begin_tracepoint(8, 4, 80, TracepointSource::Runtime, 2);
        for value in [31, 33, 96, u32::MAX] {
            let mut broken = record.clone();
            broken.put_u32(32, value);
            assert!(Event::split(broken.bytes()).is_err(), "{value}");
        }
        record.switch(8, 1, Switch { on: true, preempted: None });
        record.put_u32(32, 0);
        assert!(Event::split(record.bytes()).is_err(), "a switch that says nothing");
    }
}
