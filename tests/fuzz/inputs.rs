//! Inputs: one of each format as it is written, and a generator that changes it.

#[path = "../../recording/tests/file/session.rs"]
#[allow(dead_code)] // Made for the tests of recordings.
mod session;

/// What readers of text stumble over.
const PIECES: &[&str] = &["\"", "]", "[[", "=", "\n", "é", "-1", "99999999999999999999"];

/// Numbers that look random and are the same on every run (xorshift64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`; 0 when there is none.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % (limit.max(1) as u64)) as usize
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// A seed after some changes.
    pub fn changed(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..1 + self.below(6) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        let end = at + self.below(bytes.len() - at).min(64);
        match self.below(8) {
            _ if bytes.is_empty() => bytes.push(self.next() as u8),
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = self.next() as u8,
            // A length, an offset, a count.
            2 => {
                let word = *self.one_of(&[0u32, 1, 7, 8, 0x7fff_ffff, u32::MAX, 1 << 26, (1 << 26) + 1]);
                let end = bytes.len().min(at / 4 * 4 + 4);
                bytes[at / 4 * 4..end].copy_from_slice(&word.to_le_bytes()[..end - at / 4 * 4]);
            }
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let piece = bytes[at..end].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            6 => {
                let count = self.below(16);
                let junk = self.bytes(count);
                bytes.splice(at..at, junk);
            }
            _ => {
                let piece = self.one_of(PIECES).bytes();
                bytes.splice(at..at, piece);
            }
        }
    }
}

/// Words of filter expressions, one behind the other.
pub fn filter(dice: &mut Dice) -> Vec<u8> {
    const WORDS: &[&str] = &[
        "open",
        "openat",
        "read",
        "%file",
        "%net",
        "%process",
        "file",
        "memory",
        "all",
        "none",
        "!",
        "?",
        ",",
        ",",
        ",",
        "@64",
        "@32",
        "@x32",
        "/^open/",
        "/(/",
        "/.*.*.*.*=/",
        "/",
        "0",
        "59",
        "511",
        "18446744073709551616",
        "-1",
        "SIGINT",
        "int",
        "RT_1",
        "64",
        "trace=",
        " ",
        "\t",
        "\0",
        "é",
        "[",
        "\\",
        "%",
        "%%",
        "?!",
    ];
    let words: Vec<&str> = (0..dice.below(12)).map(|_| *dice.one_of(WORDS)).collect();
    words.concat().into_bytes()
}

/// A recording with every kind of event, in two batches.
pub fn recording() -> Vec<u8> {
    session::recorded(&[session::every_kind(), vec![session::call(100, 900, 9_000, b"/the/last")]], true)
}

/// This repository's configuration, and one with every kind of value.
pub fn documents() -> Vec<String> {
    vec![
        include_str!("../../renacer.toml").into(),
        include_str!("../../fuzz/bodies/rules.toml").into(),
        "[goldens]\nruns = 3\ndir = \"goldens\"\n\n[[assertion]]\nname = \"a\"\ntype = \"span_count\"\nmax_spans = 1\n\
         enabled = false\nfail_on_violation = true\n"
            .into(),
    ]
}

/// Goldens of all levels.
pub fn goldens() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../goldens/tests/golden_files/learned.golden").to_vec(),
        include_bytes!("../../goldens/tests/golden_files/mut.golden").to_vec(),
    ]
}
