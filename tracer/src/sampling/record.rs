//! Records: what perf_event writes into a ring, read without allocating and without trusting it
//! (perf_event_open(2), "MMAP layout").
//!
//! The events of [`crate::sys::perf_ring`] ask for task and time; all but samples have both in their last
//! 16 bytes.

use crate::sys::perf_ring::GENERAL;

/// Bytes of the trailer with task and time.
const TRAILER: usize = 16;
const HEADER: usize = 8;
/// Above this an address of a chain is a mark ("what follows are user frames").
const FIRST_MARK: u64 = u64::MAX - 4094;
const EXEC: u16 = 1 << 13;
const SWITCHED_OUT: u16 = 1 << 13;
/// Behind `SWITCHED_OUT`: it would have run on (Linux 4.17).
const PREEMPTED: u16 = 1 << 14;
const HAS_BUILD_ID: u16 = 1 << 14;

/// Whose a record is, and when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub pid: u32,
    pub tid: u32,
    /// CLOCK_MONOTONIC, ns.
    pub at_ns: u64,
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    Sample(Taken<'a>),
    Mapped(Mapped<'a>),
    Named { name: &'a [u8], exec: bool },
    Forked { parent: u32, maker: u32, pid: u32, tid: u32 },
    Exited { pid: u32, tid: u32 },
    Switched { out: bool, preempted: bool },
    Lost(u64),
    Throttled,
    Other,
}

/// A sample as taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken<'a> {
    pub ip: u64,
    chain: &'a [u8],
    pub registers: Option<Registers>,
    /// From the stack pointer upwards.
    pub stack: &'a [u8],
}

/// What unwinding starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Registers {
    pub ip: u64,
    pub sp: u64,
    pub bp: u64,
}

/// A mapping of executable pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mapped<'a> {
    pub start: u64,
    pub len: u64,
    /// Offset in the file, bytes.
    pub offset: u64,
    pub name: &'a [u8],
    /// Empty when the kernel told none.
    pub build_id: &'a [u8],
    /// Device and inode, which the kernel tells where it tells no build id.
    pub file: Option<(u64, u64)>,
}

impl<'a> Taken<'a> {
    /// Of a task that was stopped.
    pub fn by_hand(registers: Registers, stack: &'a [u8]) -> Taken<'a> {
        Taken { ip: registers.ip, chain: &[], registers: Some(registers), stack }
    }

    /// The kernel's chain by frame pointers: the address of the sample, then return addresses.
    pub fn chain(&self) -> impl Iterator<Item = u64> {
        self.chain.as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word)).filter(|ip| *ip < FIRST_MARK)
    }
}

/// The length of the record that begins here, bytes; `None` when there is no whole one.
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let len = usize::from(half(bytes, 6)?);
    (len >= HEADER && len <= bytes.len()).then_some(len)
}

/// Whose record this is, and when.
pub(crate) fn stamp(record: &[u8]) -> Option<Stamp> {
    let at = match word(record, 0)? {
        SAMPLE => 16,
        _ => record.len().checked_sub(TRAILER).filter(|at| *at >= HEADER)?,
    };
    Some(Stamp { pid: word(record, at)?, tid: word(record, at + 4)?, at_ns: long(record, at + 8)? })
}

/// The registers of a task at a probe, in the order of their bits, where this is a sample of
/// [`crate::sys::perf_ring::Hits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtProbe {
    /// It is something else.
    No,
    /// The task runs in another mode than that of 64 bits.
    Other,
    Registers([u64; GENERAL]),
}

/// Reads such a sample; `None` when it is cut short.
pub(crate) fn at_probe(record: &[u8]) -> Option<AtProbe> {
    const ABI_64: u64 = 2;
    if word(record, 0)? != SAMPLE {
        return Some(AtProbe::No);
    }
    if long(record, 32)? != ABI_64 {
        return Some(AtProbe::Other);
    }
    let mut registers = [0; GENERAL];
    for (number, register) in registers.iter_mut().enumerate() {
        *register = long(record, 40 + 8 * number)?;
    }
    Some(AtProbe::Registers(registers))
}

/// What it says; `None` when it is cut short.
pub(crate) fn body(record: &[u8]) -> Option<Body<'_>> {
    let misc = half(record, 4)?;
    let inner = record.get(..record.len().checked_sub(TRAILER)?)?;
    Some(match word(record, 0)? {
        SAMPLE => Body::Sample(sample(record)?),
        MMAP2 => Body::Mapped(Mapped {
            start: long(inner, 16)?,
            len: long(inner, 24)?,
            offset: long(inner, 32)?,
            build_id: if misc & HAS_BUILD_ID == 0 { &[] } else { build_id(inner)? },
            file: if misc & HAS_BUILD_ID == 0 { Some(file(inner)?) } else { None },
            name: text(inner, 72)?,
        }),
        COMM => Body::Named { name: text(inner, 16)?, exec: misc & EXEC != 0 },
        FORK => Body::Forked {
            pid: word(inner, 8)?,
            parent: word(inner, 12)?,
            tid: word(inner, 16)?,
            maker: word(inner, 20)?,
        },
        EXIT => Body::Exited { pid: word(inner, 8)?, tid: word(inner, 16)? },
        SWITCH => Body::Switched { out: misc & SWITCHED_OUT != 0, preempted: misc & PREEMPTED != 0 },
        LOST => Body::Lost(long(inner, 16)?),
        LOST_SAMPLES => Body::Lost(long(inner, 8)?),
        THROTTLE => Body::Throttled,
        _ => Body::Other,
    })
}

const LOST: u32 = 2;
const COMM: u32 = 3;
const EXIT: u32 = 4;
const THROTTLE: u32 = 5;
const FORK: u32 = 7;
const SAMPLE: u32 = 9;
const MMAP2: u32 = 10;
const LOST_SAMPLES: u32 = 13;
const SWITCH: u32 = 14;

fn sample(record: &[u8]) -> Option<Taken<'_>> {
    let count = usize::try_from(long(record, 32)?).ok()?;
    let end = count.checked_mul(8)?.checked_add(40)?;
    let mut taken = Taken { ip: long(record, 8)?, chain: record.get(40..end)?, registers: None, stack: &[] };
    // What is left are registers and stack, if the event asked for them. A task without a user mode has none.
    let Some(abi) = long(record, end) else { return Some(taken) };
    let mut at = end + 8;
    if abi != 0 {
        taken.registers =
            Some(Registers { bp: long(record, at)?, sp: long(record, at + 8)?, ip: long(record, at + 16)? });
        at += 24;
    }
    let size = usize::try_from(long(record, at)?).ok()?;
    if size > 0 {
        let copied = long(record, at.checked_add(8)?.checked_add(size)?)?;
        let copied = usize::try_from(copied).ok()?.min(size);
        taken.stack = record.get(at + 8..at + 8 + copied)?;
    }
    Some(taken)
}

fn build_id(record: &[u8]) -> Option<&[u8]> {
    let len = usize::from(*record.get(40)?).min(20);
    record.get(44..44 + len)
}

fn file(record: &[u8]) -> Option<(u64, u64)> {
    Some((libc::makedev(word(record, 40)?, word(record, 44)?), long(record, 48)?))
}

/// A NUL-terminated text that ends the record.
fn text(record: &[u8], at: usize) -> Option<&[u8]> {
    record.get(at..)?.split(|&byte| byte == 0).next()
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u32, misc: u16, words: &[u64]) -> Vec<u8> {
        let mut bytes = kind.to_ne_bytes().to_vec();
        bytes.extend(misc.to_ne_bytes());
        bytes.extend((8 + words.len() as u16 * 8).to_ne_bytes());
        bytes.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
        bytes
    }

    fn ids(pid: u64, tid: u64) -> u64 {
        pid | tid << 32
    }

    #[test]
    fn a_sample_is_read_with_registers_and_stack() {
        let user = FIRST_MARK + 100;
        let words = [7, ids(3, 4), 99, 3, user, 7, 8, 2, 11, 12, 13, 16, 21, 22, 8];
        let bytes = record(SAMPLE, 0, &words);
        assert_eq!(length(&bytes), Some(bytes.len()));
        assert_eq!(stamp(&bytes), Some(Stamp { pid: 3, tid: 4, at_ns: 99 }));
        let Some(Body::Sample(taken)) = body(&bytes) else { panic!("a sample") };
        assert_eq!(taken.chain().collect::<Vec<_>>(), [7, 8]);
        assert_eq!(taken.registers, Some(Registers { bp: 11, sp: 12, ip: 13 }));
        assert_eq!(taken.stack, 21u64.to_ne_bytes(), "only what was copied");
    }

    #[test]
    fn a_hit_has_all_registers_of_its_task() {
        let registers: Vec<u64> = (100..120).collect();
        let words = [&[7, ids(3, 4), 99, 2], registers.as_slice()].concat();
        let bytes = record(SAMPLE, 0, &words);
        assert_eq!(stamp(&bytes), Some(Stamp { pid: 3, tid: 4, at_ns: 99 }));
        let Some(AtProbe::Registers(found)) = at_probe(&bytes) else { panic!("{:?}", at_probe(&bytes)) };
        assert_eq!(found.as_slice(), registers);
        assert_eq!(at_probe(&record(SAMPLE, 0, &[7, ids(3, 4), 99, 1])), Some(AtProbe::Other));
        assert_eq!(at_probe(&record(EXIT, 0, &[7])), Some(AtProbe::No));
        assert_eq!(at_probe(&bytes[..bytes.len() - 8]), None);
    }

    #[test]
    fn no_length_and_no_cut_makes_it_panic() {
        let words = [7, ids(3, 4), 99, u64::MAX, 1, 2, 3, u64::MAX];
        for kind in 0..20 {
            let whole = record(kind, 0xffff, &words);
            for len in 0..=whole.len() {
                let cut = &whole[..len];
                let _ = (length(cut), stamp(cut), body(cut), at_probe(cut));
            }
        }
        assert_eq!(body(&record(SAMPLE, 0, &words)), None, "a chain longer than its record");
    }

    #[test]
    fn a_switch_has_its_task_at_the_end() {
        let bytes = record(SWITCH, SWITCHED_OUT | PREEMPTED, &[ids(5, 6), 1000]);
        assert_eq!(stamp(&bytes), Some(Stamp { pid: 5, tid: 6, at_ns: 1000 }));
        assert_eq!(body(&bytes), Some(Body::Switched { out: true, preempted: true }));
    }
}
