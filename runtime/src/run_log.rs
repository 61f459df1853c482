//! The run log: which random streams a program began, and what it drew from them.

use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::*};

use crate::json::Json;
use crate::memory;

/// Most records of a process.
const MOST: usize = 1_000_000;
/// Most streams of a process; a place of their own, so that many events leave room for later streams.
const MOST_STREAMS: usize = 65_536;

static IS_ON: AtomicBool = AtomicBool::new(false);
static LOG: AtomicPtr<Log> = AtomicPtr::new(ptr::null_mut());

/// What a program did with a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Drew so many bits.
    Next = 0,
    /// Skipped so many values.
    Advance = 1,
    /// Made a stream of it, with this id.
    Split = 2,
}

impl Kind {
    /// The kind with a number of the C interface.
    pub fn from_number(number: u32) -> Option<Kind> {
        [Kind::Next, Kind::Advance, Kind::Split].into_iter().find(|kind| *kind as u32 == number)
    }
}

/// One record: it counts once `kind` is not zero.
#[repr(C)]
struct Entry {
    id: AtomicU64,
    kind: AtomicU64,
    a: AtomicU64,
    b: AtomicU64,
}

#[repr(C)]
struct Log {
    events: AtomicU64,
    streams: AtomicU64,
    stream: [Entry; MOST_STREAMS],
    event: [Entry; MOST],
}

fn put(taken: &AtomicU64, places: &[Entry], id: u64, kind: u64, a: u64, b: u64) {
    let at = taken.fetch_add(1, Relaxed) as usize;
    let Some(entry) = places.get(at) else { return };
    entry.id.store(id, Relaxed);
    entry.a.store(a, Relaxed);
    entry.b.store(b, Relaxed);
    entry.kind.store(kind + 1, Release);
}

pub fn switch_on() {
    IS_ON.store(true, Relaxed);
}

pub fn is_on() -> bool {
    IS_ON.load(Relaxed)
}

fn log() -> Option<&'static Log> {
    if !is_on() {
        return None;
    }
    let mut at = LOG.load(Acquire);
    if at.is_null() {
        let fresh = memory::map(size_of::<Log>()).cast::<Log>();
        if fresh.is_null() {
            return None;
        }
        at = match LOG.compare_exchange(ptr::null_mut(), fresh, AcqRel, Acquire) {
            Ok(_) => fresh,
            Err(other) => {
                // SAFETY: nobody has seen it.
                unsafe { memory::unmap(fresh.cast(), size_of::<Log>()) };
                other
            }
        };
    }
    // SAFETY: a mapping of that size that stays; zero bytes are a valid Log.
    unsafe { at.as_ref() }
}

/// A stream begins.
pub fn stream(id: u64, seed: u128) {
    if let Some(log) = log() {
        put(&log.streams, &log.stream, id, 0, (seed >> 64) as u64, seed as u64);
    }
}

/// Something is drawn from a stream.
pub fn event(id: u64, kind: Kind, argument: u64) {
    if let Some(log) = log() {
        put(&log.events, &log.event, id, kind as u64, argument, 0);
    }
}

/// In a child of a fork: nothing was drawn yet.
pub fn start_anew() {
    LOG.store(ptr::null_mut(), Release);
}

fn filled<'a>(taken: &AtomicU64, places: &'a [Entry]) -> slice::Iter<'a, Entry> {
    let count = (taken.load(Acquire) as usize).min(places.len());
    places.get(..count).unwrap_or_default().iter()
}

/// The log as it stands in perf.json and in its own file. Streams without a seed are left out: the number of
/// events lost with them is the second result.
pub fn write(json: &mut Json) -> u64 {
    struct Stream {
        seed: u128,
        events: Vec<(u64, u64)>,
    }
    let mut order: Vec<u64> = Vec::new();
    let mut streams: std::collections::BTreeMap<u64, Stream> = std::collections::BTreeMap::new();
    let (mut homeless, mut dropped) = (0, 0);
    if let Some(log) = log() {
        for entry in filled(&log.streams, &log.stream) {
            let id = entry.id.load(Relaxed);
            let seed = u128::from(entry.a.load(Relaxed)) << 64 | u128::from(entry.b.load(Relaxed));
            if entry.kind.load(Acquire) != 0 && !streams.contains_key(&id) {
                order.push(id);
                streams.insert(id, Stream { seed, events: Vec::new() });
            }
        }
        for entry in filled(&log.events, &log.event) {
            let kind = entry.kind.load(Acquire);
            match streams.get_mut(&entry.id.load(Relaxed)) {
                Some(stream) if kind != 0 => stream.events.push((kind - 1, entry.a.load(Relaxed))),
                _ => homeless += 1,
            }
        }
        dropped = log.events.load(Relaxed).saturating_sub(MOST as u64);
    }
    json.object(|json| {
        json.key("version").string("0.1");
        json.key("rng_streams").array(|json| {
            for (at, id) in order.iter().enumerate() {
                let Some(stream) = streams.get(id) else { continue };
                // Which stream lost events is not known: the first one tells it for the process.
                let dropped = if at == 0 { dropped } else { 0 };
                json.item().object(|json| write_stream(json, *id, stream.seed, &stream.events, dropped));
            }
        });
    });
    homeless
}

fn write_stream(json: &mut Json, id: u64, seed: u128, events: &[(u64, u64)], dropped: u64) {
    json.key("id").number(id);
    json.key("seed").number(seed);
    json.key("seed_hex").string(&format!("{seed:#034x}"));
    json.key("events").array(|json| {
        for (index, (kind, argument)) in events.iter().enumerate() {
            let (kind, key) = match kind {
                0 => ("next", "bits"),
                1 => ("advance", "by"),
                _ => ("split", "child"),
            };
            json.item().object(|json| {
                json.key("index").number(index);
                json.key("kind").string(kind);
                json.key(key).number(argument);
                json.key("op").object(|json| {
                    json.key("kind").string(kind);
                    json.key(key).number(argument);
                });
            });
        }
    });
    if dropped > 0 {
        json.key("dropped_events").number(dropped);
    }
}
