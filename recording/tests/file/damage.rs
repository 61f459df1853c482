//! Damage: the file cut at every byte, and flipped at random bits.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use recording::event::Kind;
use recording::file::{OpenError, Recording, State};

use crate::session::*;

/// Remembers the largest allocation of the whole test program.
struct Watched;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as ours.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as ours; `at` came from the system's allocator.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: as ours; `at` came from the system's allocator.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// Small, with every block and every kind of event, and an announcement without its call at the end.
fn specimen() -> (Vec<u8>, Vec<Vec<u8>>) {
    let path = b"/a/path/that/comes/again";
    let last = vec![call(200, 0, 5_000, path), call(200, 1, 5_010, path), call(200, 2, 5_020, path)];
    let file = recorded(&[every_kind(), vec![call(300, 0, 4_000, b"/x")], last], true);
    let records = read(&file).1.records;
    (file, records)
}

/// How many of the records from the front are those of the whole file.
fn equal_before_damage(kept: &Kept, whole: &[Vec<u8>]) -> usize {
    kept.records.iter().zip(whole).take_while(|(left, right)| left == right).count()
}

#[test]
fn cut_at_every_byte_of_its_last_blocks_it_gives_what_is_whole() {
    let (file, whole) = specimen();
    let starts = block_starts(&file);
    assert!(starts.len() > 6);
    // The last events block, the index and the trailer behind it, and the strings before it.
    let from = starts[starts.len() - 6];
    for cut in from..file.len() {
        let (read, kept) = read(&file[..cut]);
        let block = *starts.iter().rev().find(|start| **start <= cut).unwrap();
        assert_eq!(read.state, State::Incomplete { at_byte: block as u64 }, "cut at {cut}: {:?}", read.notes);
        assert_eq!(read.notes, Vec::<String>::new(), "cut at {cut}");
        let before: usize = starts
            .iter()
            .filter(|start| **start < block && block_type(&file, **start) == 3)
            .map(|start| u32::from_le_bytes(file[start + 72..start + 76].try_into().unwrap()) as usize)
            .sum();
        assert_eq!(kept.records, whole[..before], "cut at {cut}");
        assert_eq!(kept.trailer.unwrap().fault, Some(format!("incomplete at byte {block}")), "cut at {cut}");
    }
}

#[test]
fn cut_anywhere_it_never_panics() {
    let (file, whole) = specimen();
    for cut in 0..file.len() {
        match Recording::from_stream(Box::new(std::io::Cursor::new(file[..cut].to_vec())), "cut") {
            Err(OpenError::NotARecording { looks_like, .. }) => {
                assert!(cut < 64, "cut at {cut}: {looks_like}");
            }
            Err(other) => panic!("cut at {cut}: {other}"),
            Ok(recording) => {
                let mut kept = Kept::default();
                let read = recording.replay(&mut kept).unwrap();
                assert_ne!(read.state, State::Complete, "cut at {cut}");
                assert_eq!(equal_before_damage(&kept, &whole), kept.records.len(), "cut at {cut}");
            }
        }
    }
}

/// xorshift64*: the same flips in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    }
}

#[test]
fn any_flipped_bit_is_noticed_and_costs_one_block_at_most() {
    let (mut file, whole) = specimen();
    let starts = block_starts(&file);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..100_000 {
        let (at, bit) = (dice.roll(file.len()), dice.roll(8));
        file[at] ^= 1 << bit;
        one_flip(&file, &whole, &starts, at, &format!("round {round}: bit {bit} of byte {at}"));
        file[at] ^= 1 << bit;
    }
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(largest <= (64 << 20) + 32, "an allocation of {largest} bytes");
}

fn one_flip(file: &[u8], whole: &[Vec<u8>], starts: &[usize], at: usize, what: &str) {
    let recording = match Recording::from_stream(Box::new(std::io::Cursor::new(file.to_vec())), "flipped") {
        Ok(recording) => recording,
        // Another magic, or the number of a version to come.
        Err(OpenError::NotARecording { .. }) => return assert!(at < 8, "{what}"),
        Err(OpenError::Newer { .. }) => return assert!((8..10).contains(&at), "{what}"),
        Err(other) => panic!("{what}: {other}"),
    };
    let mut kept = Kept::default();
    let read = recording.replay(&mut kept).unwrap();
    assert_ne!(read.state, State::Complete, "{what}");
    assert!(!read.notes.is_empty() || matches!(read.state, State::Incomplete { .. }), "{what}");
    // Everything before the damaged block, and what follows it but for one block.
    let damaged = starts.iter().rposition(|start| *start <= at);
    let counts = |start: &usize| match block_type(file, *start) {
        3 => u32::from_le_bytes(file[start + 72..start + 76].try_into().unwrap()) as usize,
        _ => 0,
    };
    let before: usize = starts[..damaged.unwrap_or(0)].iter().map(counts).sum();
    assert!(equal_before_damage(&kept, whole) >= before, "{what}: events before the damage are as they were");
    if matches!(read.state, State::Damaged) && at >= 64 {
        let own = kept.events().filter(|event| event.kind() == Some(Kind::Lost)).count();
        assert!(own >= 1, "{what}: a Lost event stands where the block was");
    }
}

#[test]
fn several_flips_at_once_never_panic() {
    let (file, _) = specimen();
    let mut dice = Dice(42);
    for _ in 0..5_000 {
        let mut file = file.clone();
        for _ in 0..1 + dice.roll(40) {
            let at = dice.roll(file.len());
            file[at] ^= 1 << dice.roll(8);
        }
        if let Ok(recording) = Recording::from_stream(Box::new(std::io::Cursor::new(file)), "flipped") {
            recording.replay(&mut Kept::default()).unwrap();
        }
    }
}

/// Flips under a check that was put right again: the records themselves lie.
#[test]
fn lies_under_a_valid_check_never_panic() {
    let (file, _) = specimen();
    let starts = block_starts(&file);
    let mut dice = Dice(7);
    for _ in 0..20_000 {
        let mut file = file.clone();
        let start = starts[dice.roll(starts.len() - 1)];
        let stored = u32::from_le_bytes(file[start + 16..start + 20].try_into().unwrap()) as usize;
        for _ in 0..1 + dice.roll(4) {
            file[start + 32 + dice.roll(stored)] ^= 1 << dice.roll(8);
        }
        reseal(&mut file, start);
        if let Ok(recording) = Recording::from_stream(Box::new(std::io::Cursor::new(file)), "lying") {
            recording.replay(&mut Kept::default()).unwrap();
        }
    }
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(largest <= (64 << 20) + 32, "an allocation of {largest} bytes");
}
