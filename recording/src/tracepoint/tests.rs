//! Records as the runtime library writes them, and what is no record.

use super::*;

fn slot(at: u64, descriptor: u32, kind: u8, depth: u16, a: u64, b: u64) -> [u8; SLOT] {
    raw([at, u64::from(descriptor) | u64::from(kind) << 32 | u64::from(depth) << 48, a, b])
}

fn raw(words: [u64; 4]) -> [u8; SLOT] {
    std::array::from_fn(|i| words[i / 8].to_le_bytes()[i % 8])
}

fn told(slots: &[[u8; SLOT]]) -> Vec<Result<Tracepoint<'_>, Broken>> {
    decode(slots.as_flattened()).collect()
}

/// The vectors of the ring's format; the runtime library's tests write the same bytes.
#[test]
fn the_vectors_of_the_format_are_read() {
    let text = include_str!("../../../runtime/tests/data/ring.vectors.json");
    let vectors: Vec<serde_json::Value> = serde_json::from_str(text).expect("a list of vectors");
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    };
    let bytes: Vec<u8> = vectors.iter().flat_map(|vector| hex(vector["hex"].as_str().expect("hex"))).collect();
    let id = 0xdafb_3754_f4dd_15b9;
    let description = Description {
        id,
        label: b"Demo::Parse::hot path",
        cpu_us: 2000,
        mem_bytes: 16384,
        gpu_us: 0,
        io_bytes: 0,
        site: 0x40_1136,
    };
    let seed = 0x0123_4567_89ab_cdef;
    let expected = [
        (0, 1, 0, What::Describe(description)),
        (1000, 1, 0, What::Enter { id }),
        (1500, 1, 1, What::Enter { id }),
        (1750, 1, 1, What::Exit { id, peak: None }),
        (2500, 1, 0, What::Exit { id, peak: Some(4096) }),
        (2600, 0, 0, What::Stream { id: 1, seed }),
        (2700, 0, 0, What::Next { id: 1, bits: 64 }),
        (2800, 0, 0, What::Advance { id: 1, by: 3 }),
        (2900, 0, 0, What::Split { id: 1, child: 2 }),
        (3000, 0, 0, What::Exit { id: 12345, peak: None }),
    ]
    .map(|(at, descriptor, depth, what)| Ok(Tracepoint { at, descriptor, flags: 0, depth, what }));
    assert_eq!(decode(&bytes).collect::<Vec<_>>(), expected);
}

#[test]
fn allocations_are_read() {
    let slots = [slot(9, 0, 8, 0, 77, 1), raw([2, 3, 4, 5]), raw([6, 7, 8, 0]), slot(10, 1, 1, 0, 5, 0)];
    let counts = Allocations {
        calls: 1,
        bytes: 2,
        freed_bytes: 3,
        zeroed_calls: 4,
        zeroed_bytes: 5,
        realloc_calls: 6,
        realloc_bytes: 7,
        free_calls: 8,
    };
    let told: Vec<What<'_>> = told(&slots).into_iter().map(|record| record.expect("whole").what).collect();
    assert_eq!(told, [What::Allocations { id: 77, counts }, What::Enter { id: 5 }]);
}

#[test]
fn a_place_that_is_passed_is_read() {
    let slots = [slot(9, 0, HIT, 0, 77, 0)];
    assert_eq!(told(&slots)[0].map(|record| record.what), Ok(What::Hit { id: 77 }));
}

#[test]
fn a_label_of_any_length_is_read_up_to_the_longest() {
    for len in [0, 1, 31, 32, 33, LABEL_MAX] {
        let mut bytes = [slot(0, 1, 3, 0, 9, len as u64), raw([0; 4]), raw([0; 4])].concat();
        bytes.extend((0..len).map(|i| i as u8));
        bytes.resize(bytes.len().next_multiple_of(SLOT), 0);
        let records: Vec<_> = decode(&bytes).collect();
        let [Ok(Tracepoint { what: What::Describe(description), .. })] = records[..] else {
            panic!("{records:?}");
        };
        assert!(description.label.iter().copied().eq((0..len).map(|i| i as u8)), "{len}");
        if len > 0 {
            bytes.truncate(bytes.len() - SLOT);
            assert_eq!(decode(&bytes).collect::<Vec<_>>(), [Err(Broken::Cut { slot: 0 })]);
        }
    }
    for len in [LABEL_MAX as u64 + 1, u64::MAX] {
        let slots = [slot(0, 1, 3, 0, 9, len), slot(1, 1, 1, 0, 9, 0)];
        let told = told(&slots);
        assert_eq!(told[0], Err(Broken::Label { slot: 0, len }));
        assert!(told[1].is_ok(), "the next slot is looked at");
    }
}

#[test]
fn what_is_no_record_is_named_and_the_rest_told() {
    let slots = [slot(1, 1, 0, 0, 5, 0), slot(2, 1, 10, 0, 5, 0), slot(3, 1, 1, 0, 5, 0), slot(4, 0, 4, 0, 5, 0)];
    let told = told(&slots);
    assert_eq!(told[0], Err(Broken::Kind { slot: 0, kind: 0 }));
    assert_eq!(told[1], Err(Broken::Kind { slot: 1, kind: 10 }));
    assert!(told[2].is_ok());
    assert_eq!(told[3], Err(Broken::Cut { slot: 3 }));
    assert_eq!(told.len(), 4);
}

#[test]
fn any_bytes_come_to_an_end() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for round in 0..2000 {
        let mut bytes: Vec<u8> = (0..random() % 2000).map(|_| random() as u8).collect();
        // Kinds that there are, so that what follows them is reached.
        for at in (12..bytes.len()).step_by(SLOT).filter(|_| round % 2 == 0) {
            bytes[at] %= 10;
        }
        assert!(decode(&bytes).count() <= bytes.len() / SLOT);
    }
}
