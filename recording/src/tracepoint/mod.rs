//! Tracepoints: what the slots of a `Tracepoint` event say.
//!
//! The bytes were written by the target and mean nothing before they are looked at: whatever they hold, the
//! records are those that can be told, and each piece that can't is named once.

use crate::event::SLOT;

/// Longest label of a tracepoint, bytes.
pub const LABEL_MAX: usize = 4096;
/// Flag of an exit: the span was left by an exception or a long jump, not by an exit of its own.
pub const ABANDONED: u8 = 1;
/// Kind of a record that only probes make: a place was passed.
pub const HIT: u8 = 9;
/// The word of an exit whose peak was not measured.
const NO_PEAK: u64 = u64::MAX;

/// One record of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracepoint<'a> {
    /// When, in ticks of the recording's clock.
    pub at: u64,
    /// Number of the tracepoint in its process, from 1; 0 for none.
    pub descriptor: u32,
    /// Raw flags.
    pub flags: u8,
    /// Open spans of the task at that moment, the one that begins or ends not counted.
    pub depth: u16,
    /// What it says.
    pub what: What<'a>,
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What<'a> {
    /// A span began.
    Enter {
        /// Of this tracepoint.
        id: u64,
    },
    /// A span ended.
    Exit {
        /// Of this tracepoint.
        id: u64,
        /// Largest growth of the heap inside it, bytes; `None` when not measured.
        peak: Option<u64>,
    },
    /// What a number stands for, before it is used first in its ring.
    Describe(Description<'a>),
    /// A random stream begins.
    Stream {
        /// Its id.
        id: u64,
        /// Its seed.
        seed: u128,
    },
    /// Bits were drawn from a stream.
    Next {
        /// Its id.
        id: u64,
        /// How many.
        bits: u64,
    },
    /// A stream was moved on.
    Advance {
        /// Its id.
        id: u64,
        /// By so many.
        by: u64,
    },
    /// A stream was made from another.
    Split {
        /// Id of the old one.
        id: u64,
        /// Id of the new one.
        child: u64,
    },
    /// A place that is no end of a span was passed.
    Hit {
        /// Of this tracepoint.
        id: u64,
    },
    /// What was allocated so far.
    Allocations {
        /// Inside this tracepoint; 0: by the thread as a whole.
        id: u64,
        /// How much, since the thread began.
        counts: Allocations,
    },
}

/// A tracepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description<'a> {
    /// Its id.
    pub id: u64,
    /// Its label: any bytes, at most [`LABEL_MAX`].
    pub label: &'a [u8],
    /// CPU budget of one span, µs; 0 none.
    pub cpu_us: u64,
    /// Memory budget, bytes; 0 none.
    pub mem_bytes: u64,
    /// GPU budget, µs; 0 none.
    pub gpu_us: u64,
    /// IO budget, bytes; 0 none.
    pub io_bytes: u64,
    /// Address of its call site; 0 not known.
    pub site: u64,
}

/// Counts of allocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names say it; sizes are bytes")]
pub struct Allocations {
    pub calls: u64,
    pub bytes: u64,
    pub freed_bytes: u64,
    pub zeroed_calls: u64,
    pub zeroed_bytes: u64,
    pub realloc_calls: u64,
    pub realloc_bytes: u64,
    pub free_calls: u64,
}

/// Why slots are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A kind that nobody defined; the next slot is looked at.
    #[error("slot {slot} is of kind {kind}, which there is not")]
    Kind {
        /// Index of the slot.
        slot: usize,
        /// What stands there.
        kind: u8,
    },
    /// A label that is too long; the next slot is looked at.
    #[error("slot {slot} describes a tracepoint with a label of {len} bytes, more than {LABEL_MAX}")]
    Label {
        /// Index of the slot.
        slot: usize,
        /// Its claim.
        len: u64,
    },
    /// Slots that belong to it are not there; nothing follows.
    #[error("the record in slot {slot} is cut")]
    Cut {
        /// Index of its first slot.
        slot: usize,
    },
}

/// The records of these slots, in the order in which they were written.
///
/// A signal handler's records may stand in front of the one it interrupted: sorted by time (stably), enters and
/// exits of a task nest.
pub fn decode(slots: &[u8]) -> Records<'_> {
    let (all, _) = slots.as_chunks::<SLOT>();
    Records { all, next: 0 }
}

/// Iterator over records; see [`decode`].
#[derive(Debug, Clone)]
pub struct Records<'a> {
    all: &'a [[u8; SLOT]],
    next: usize,
}

/// The four words of a slot.
fn words(slot: &[u8; SLOT]) -> [u64; 4] {
    let (words, _) = slot.as_chunks::<8>();
    std::array::from_fn(|i| words.get(i).map_or(0, |word| u64::from_le_bytes(*word)))
}

impl<'a> Records<'a> {
    /// The next `N` slots as words.
    fn take<const N: usize>(&mut self) -> Option<[[u64; 4]; N]> {
        let slots = self.all.get(self.next..)?.first_chunk::<N>()?;
        self.next += N;
        Some(slots.each_ref().map(words))
    }

    fn what(&mut self, slot: usize, kind: u8, id: u64, b: u64) -> Result<What<'a>, Broken> {
        let cut = Broken::Cut { slot };
        Ok(match kind {
            1 => What::Enter { id },
            2 => What::Exit { id, peak: (b != NO_PEAK).then_some(b) },
            3 => What::Describe(self.description(slot, id, b)?),
            4 => {
                let [[low, high, ..]] = self.take().ok_or(cut)?;
                What::Stream { id, seed: u128::from(high) << 64 | u128::from(low) }
            }
            5 => What::Next { id, bits: b },
            6 => What::Advance { id, by: b },
            7 => What::Split { id, child: b },
            8 => {
                let [[bytes, freed_bytes, zeroed_calls, zeroed_bytes], [realloc_calls, realloc_bytes, free_calls, _]] =
                    self.take().ok_or(cut)?;
                let counts = Allocations {
                    calls: b,
                    bytes,
                    freed_bytes,
                    zeroed_calls,
                    zeroed_bytes,
                    realloc_calls,
                    realloc_bytes,
                    free_calls,
                };
                What::Allocations { id, counts }
            }
            HIT => What::Hit { id },
            kind => return Err(Broken::Kind { slot, kind }),
        })
    }

    fn description(&mut self, slot: usize, id: u64, len: u64) -> Result<Description<'a>, Broken> {
        let bytes = usize::try_from(len).ok().filter(|len| *len <= LABEL_MAX).ok_or(Broken::Label { slot, len })?;
        let cut = Broken::Cut { slot };
        let [[cpu_us, mem_bytes, gpu_us, io_bytes], [site, ..]] = self.take().ok_or(cut)?;
        let end = self.next + bytes.div_ceil(SLOT);
        let label = self.all.get(self.next..end).and_then(|pieces| pieces.as_flattened().get(..bytes)).ok_or(cut)?;
        self.next = end;
        Ok(Description { id, label, cpu_us, mem_bytes, gpu_us, io_bytes, site })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Tracepoint<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.next;
        let [[at, second, id, b]] = self.take()?;
        let (descriptor, kind, flags, depth) =
            (second as u32, (second >> 32) as u8, (second >> 40) as u8, (second >> 48) as u16);
        match self.what(slot, kind, id, b) {
            Ok(what) => Some(Ok(Tracepoint { at, descriptor, flags, depth, what })),
            Err(broken) => {
                if let Broken::Cut { .. } = broken {
                    self.next = self.all.len();
                }
                Some(Err(broken))
            }
        }
    }
}

#[cfg(test)]
mod tests;
