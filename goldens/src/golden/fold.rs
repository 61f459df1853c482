//! Folding: blocks of lines that stand several times, one after the other, are written once.
//!
//! It is a matter of the text alone: a golden holds every line, so whoever compares or numbers steps knows of no
//! blocks. `x50:4 open r` begins a block of four lines that is there fifty times.

use super::Golden;

/// Lines of the longest block.
pub(crate) const LONGEST: usize = 8;
/// Twice is no loop.
const LEAST: usize = 3;
/// All blocks of a golden stand for so many lines at most, so that a short file can't ask for much memory.
pub(crate) const MOST: u64 = 1_000_000;

/// A block: `len` lines from line `at` on stand `times` times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// The first line, from 0.
    pub at: usize,
    /// Lines of the block.
    pub len: usize,
    /// How often they stand there.
    pub times: usize,
}

impl Block {
    /// The line behind the last repetition.
    pub fn end(&self) -> usize {
        self.at + self.lines()
    }

    /// Lines that it stands for.
    pub fn lines(&self) -> usize {
        self.len * self.times
    }
}

/// The blocks of these lines, in order: at each line the one that stands for most lines, of those the shortest.
pub(crate) fn blocks<T: PartialEq>(lines: &[T]) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let block = |len| Block { at, len, times: times(lines, at, len) };
        let repeated = (2..=LONGEST).rev().map(block).filter(|block| block.times >= LEAST);
        match repeated.max_by_key(Block::lines) {
            Some(block) => {
                at = block.end();
                found.push(block);
            }
            None => at += 1,
        }
    }
    found
}

/// How often the `len` lines at `at` stand there, one after the other.
fn times<T: PartialEq>(lines: &[T], at: usize, len: usize) -> usize {
    let (Some(here), Some(behind)) = (lines.get(at..), lines.get(at + len..)) else { return 1 };
    1 + here.iter().zip(behind).take_while(|(a, b)| a == b).count() / len
}

/// One line of the text: its number, and the block that begins with it.
pub(crate) fn written(lines: usize, blocks: &[Block]) -> impl Iterator<Item = (usize, Option<Block>)> + '_ {
    let mut blocks = blocks.iter().copied().peekable();
    let mut inside: Option<Block> = None;
    let mut next = 0;
    std::iter::from_fn(move || {
        if let Some(block) = inside.filter(|block| next == block.at + block.len) {
            (next, inside) = (block.end(), None);
        }
        let at = next;
        next += 1;
        let begins = blocks.next_if(|block| block.at == at);
        inside = begins.or(inside);
        (at < lines).then_some((at, begins))
    })
}

impl Golden {
    /// Finds the blocks of all streams.
    pub(crate) fn fold(&mut self) {
        let mut left = MOST;
        let mut within = |blocks: Vec<Block>| -> Vec<Block> {
            let fits = |block: &Block| {
                let fits = block.lines() as u64 <= left;
                left -= if fits { block.lines() as u64 } else { 0 };
                fits
            };
            blocks.into_iter().filter(fits).collect()
        };
        for stream in &mut self.streams {
            stream.blocks = within(blocks(&stream.steps));
        }
        for thread in &mut self.threads {
            thread.blocks = within(blocks(&thread.calls));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &str) -> Vec<(usize, usize, usize)> {
        blocks(lines.as_bytes()).iter().map(|block| (block.at, block.len, block.times)).collect()
    }

    #[test]
    fn loops_are_found_and_nothing_else() {
        assert_eq!(found("abcabcabc"), [(0, 3, 3)]);
        assert_eq!(found("xabababaq"), [(1, 2, 3)]);
        assert_eq!(found("abab"), []);
        assert_eq!(found("abcdefghi abcdefghi abcdefghi "), [], "longer than the longest block");
        assert_eq!(found("abababcdcdcd"), [(0, 2, 3), (6, 2, 3)]);
        assert_eq!(found("abcabcabcab"), [(0, 3, 3)]);
    }

    #[test]
    fn each_line_is_written_once_or_stands_in_a_block() {
        let lines = "xabababcdcdcdy";
        let blocks = blocks(lines.as_bytes());
        let text: String = written(lines.len(), &blocks)
            .map(|(at, begins)| {
                let before = begins.map_or_else(String::new, |block| format!("{}:{}", block.times, block.len));
                before + &lines[at..=at]
            })
            .collect();
        assert_eq!(text, "x3:2ab3:2cdy");
    }
}
