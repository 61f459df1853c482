//! Rules that are written down as vectors: ids, buckets, frames, weights, records.

use serde_json::Value;
use std::collections::BTreeMap;

use crate::folded::{frame, text};
use crate::histogram::{FINE_BUCKETS, bucket, bucket_bounds, fine, percentile};
use crate::id::trace_id;
use crate::registry::{Budgets, Place, Source, Wanted, descriptor, number};
use crate::ring::{HEADER, Kind, NO_PEAK, Record, Ring, SLOT};

fn vectors(text: &str) -> Vec<Value> {
    serde_json::from_str(text).expect("a list of vectors")
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

fn text_of<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap_or_else(|| panic!("{key} in {vector}"))
}

#[test]
fn ids_follow_from_function_and_label() {
    let vectors = vectors(include_str!("../tests/data/trace_id.vectors.json"));
    assert_eq!(vectors.len(), 25);
    for vector in vectors {
        let id = trace_id(text_of(&vector, "function").as_bytes(), text_of(&vector, "label").as_bytes());
        assert_eq!(Some(id), vector["trace_id"].as_u64(), "{vector}");
        assert_eq!(format!("{id:016x}"), text_of(&vector, "trace_id_hex"));
    }
}

#[test]
fn buckets_have_their_bounds() {
    for vector in vectors(include_str!("../tests/data/histogram.vectors.json")) {
        let number = |key: &str| vector[key].as_u64().expect("a number");
        let found = bucket(number("ns"));
        assert_eq!(found as u64, number("bucket"), "{vector}");
        assert_eq!(bucket_bounds(found), (number("low"), number("high")), "{vector}");
    }
}

#[test]
fn fine_buckets_stay_in_their_table() {
    assert_eq!(fine(u64::MAX), FINE_BUCKETS - 1);
    assert_eq!(fine(0), 0);
    for shift in 0..64 {
        let value = 1u64 << shift;
        assert!(fine(value - 1) < fine(value), "{value}");
    }
}

#[test]
fn percentiles_are_middles_within_the_extremes() {
    let counts = [(bucket(1000), 2), (bucket(3000), 1)];
    assert_eq!(percentile(&counts, 50, 1000, 3000), 1000);
    assert_eq!(percentile(&counts, 99, 1000, 3000), 2975);
}

#[test]
fn names_become_frames() {
    let vectors = vectors(include_str!("../tests/data/folded/frame.vectors.json"));
    assert_eq!(vectors.len(), 33);
    for vector in vectors {
        assert_eq!(frame(&hex(text_of(&vector, "raw_hex"))), text_of(&vector, "frame"), "{}", vector["case"]);
    }
}

#[test]
fn weights_are_rounded_without_losing_any() {
    for vector in vectors(include_str!("../tests/data/folded/rounding.vectors.json")) {
        let weights = |key: &str| -> BTreeMap<String, u128> {
            let map = vector[key].as_object().expect("weights");
            map.iter().map(|(stack, ns)| (stack.clone(), u128::from(ns.as_u64().expect("ns")))).collect()
        };
        let expected: String = weights("out").iter().map(|(stack, us)| format!("{stack} {us}\n")).collect();
        assert_eq!(text(&weights("in")), expected, "{vector}");
    }
}

/// Memory that looks like a recorder's ring.
fn ring_memory(slots: u32) -> Vec<u64> {
    let mut words = vec![0u64; (HEADER + slots as usize * SLOT) / 8];
    words[0] = u64::from(u32::from_le_bytes(*b"CTRR")) | 1 << 32 | (HEADER as u64) << 48;
    words[1] = u64::from(slots);
    words
}

fn never() -> bool {
    false
}

fn ring(memory: &mut [u64], full: fn() -> bool) -> Option<Ring> {
    // SAFETY: the memory outlives the ring in these tests, and nobody else writes to it.
    unsafe { Ring::new(memory.as_mut_ptr().cast(), (memory.len() * 8) as u64, full) }
}

#[test]
fn records_are_what_the_vectors_say() {
    let vectors = vectors(include_str!("../tests/data/ring.vectors.json"));
    let mut memory = ring_memory(64);
    let ring = ring(&mut memory, never).expect("a ring");
    let id = trace_id(b"Demo::Parse", b"Demo::Parse::hot path");
    let known = number(&Wanted {
        id,
        label: b"Demo::Parse::hot path",
        budgets: Budgets { cpu: 2000, mem: 16384, gpu: 0, io: 0 },
        place: Place { file: b"", line: 0 },
        source: Source::Library,
        site: 0x401136,
    });
    let described = descriptor(known.expect("a number")).expect("a tracepoint");
    let event = |time, descriptor, kind, depth, a, b| Record { time, descriptor, kind, depth, a, b };
    assert!(ring.describe(1, described));
    assert!(ring.push(&event(1000, 1, Kind::Enter, 0, id, 0)));
    assert!(ring.push(&event(1500, 1, Kind::Enter, 1, id, 0)));
    assert!(ring.push(&event(1750, 1, Kind::Exit, 1, id, NO_PEAK)));
    assert!(ring.push(&event(2500, 1, Kind::Exit, 0, id, 4096)));
    assert!(ring.push_with(&event(2600, 0, Kind::Stream, 0, 1, 0), [0x0123_4567_89ab_cdef, 0, 0, 0]));
    assert!(ring.push(&event(2700, 0, Kind::Next, 0, 1, 64)));
    assert!(ring.push(&event(2800, 0, Kind::Advance, 0, 1, 3)));
    assert!(ring.push(&event(2900, 0, Kind::Split, 0, 1, 2)));
    assert!(ring.push(&event(3000, 0, Kind::Exit, 0, 12345, NO_PEAK)));
    let expected: Vec<u8> = vectors.iter().flat_map(|vector| hex(text_of(vector, "hex"))).collect();
    let bytes: Vec<u8> = memory.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(bytes[HEADER..HEADER + expected.len()], expected);
    assert_eq!(memory[2], (expected.len() / SLOT) as u64, "head");
}

#[test]
fn a_full_ring_loses_nothing_silently() {
    let mut memory = ring_memory(4);
    let ring = ring(&mut memory, never).expect("a ring");
    let event = |time| Record { time, descriptor: 1, kind: Kind::Enter, depth: 0, a: 7, b: 0 };
    for time in 0..4 {
        assert!(ring.push(&event(time)));
    }
    assert!(!ring.push(&event(4)), "no room, and nobody makes any");
    assert_eq!(memory[2], 4);
    // The recorder takes two.
    memory[8] = 2;
    assert!(ring.push(&event(5)));
    assert!(!ring.push_with(&event(6), [0; 4]), "two slots do not fit into one");
    assert!(ring.push(&event(7)));
    assert_eq!([memory[2], memory[16], memory[20]], [6, 5, 7]);
}

#[test]
fn what_is_no_ring_is_refused() {
    let mut memory = ring_memory(4);
    for (word, value) in [(0, 0), (1, 3), (1, 8), (1, 0)] {
        let mut broken = memory.clone();
        broken[word] = value;
        assert!(ring(&mut broken, never).is_none(), "word {word} = {value}");
    }
    assert!(ring(&mut memory, never).is_some());
}
