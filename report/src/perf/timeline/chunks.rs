//! A queue in pieces: as long as it gets, it holds little more memory than what is in it, and nothing in it is moved.

use std::collections::VecDeque;

/// Values of a piece.
const PIECE: usize = 1024;

/// Values in order, taken from the front. Most are added behind all others.
#[derive(Debug)]
pub(super) struct Chunks<T> {
    /// None is empty but for what was taken of the first.
    pieces: VecDeque<Vec<T>>,
    /// How many were taken of the first piece.
    taken: usize,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Chunks { pieces: VecDeque::new(), taken: 0 }
    }
}

impl<T: Copy> Chunks<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Adds a value behind all whose `key` is not larger.
    pub(super) fn insert(&mut self, value: T, key: impl Fn(&T) -> u64) {
        let at = key(&value);
        match self.pieces.back_mut() {
            Some(last) if last.len() < PIECE && last.last().is_some_and(|known| key(known) <= at) => last.push(value),
            Some(last) if last.last().is_some_and(|known| key(known) > at) => self.insert_between(value, key),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(value);
                self.pieces.push_back(piece);
            }
        }
    }

    /// The same, of one that comes before others. Its piece may become longer than others.
    fn insert_between(&mut self, value: T, key: impl Fn(&T) -> u64) {
        let at = key(&value);
        let begins_before = |piece: &Vec<T>| piece.first().is_some_and(|first| key(first) <= at);
        let piece = self.pieces.iter().rposition(begins_before).unwrap_or(0);
        let taken = if piece == 0 { self.taken } else { 0 };
        if let Some(piece) = self.pieces.get_mut(piece) {
            piece.insert(piece.partition_point(|known| key(known) <= at).max(taken), value);
        }
    }

    /// Takes the first value if it is such a one.
    #[inline]
    pub(super) fn take_if(&mut self, is_wanted: impl Fn(&T) -> bool) -> Option<T> {
        let first = self.pieces.front()?;
        let value = *first.get(self.taken).filter(|value| is_wanted(value))?;
        self.taken += 1;
        if self.taken == first.len() {
            self.pieces.pop_front();
            self.taken = 0;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chunks: &mut Chunks<(u64, u32)>) -> Vec<(u64, u32)> {
        std::iter::from_fn(|| chunks.take_if(|_| true)).collect()
    }

    #[test]
    fn values_come_by_key_and_equal_ones_as_they_were_added() {
        let mut chunks = Chunks::default();
        let mut wanted = Vec::new();
        for i in 0..5 * PIECE as u32 {
            // Every hundredth is late, some of them by more than a piece.
            let at = if i % 100 == 99 { u64::from(i.saturating_sub(i % 3_000)) } else { u64::from(i / 2) };
            chunks.insert((at, i), |(at, _)| *at);
            wanted.push((at, i));
        }
        wanted.sort_by_key(|(at, _)| *at);
        assert_eq!(all(&mut chunks), wanted);
        assert!(chunks.is_empty());
    }

    #[test]
    fn what_is_later_than_all_that_was_taken_comes_next() {
        let mut chunks = Chunks::default();
        for at in [10, 20, 30] {
            chunks.insert((at, 0), |(at, _)| *at);
        }
        assert_eq!(chunks.take_if(|(at, _)| *at < 15), Some((10, 0)));
        assert_eq!(chunks.take_if(|(at, _)| *at < 15), None);
        chunks.insert((5, 1), |(at, _)| *at);
        assert_eq!(all(&mut chunks), [(5, 1), (20, 0), (30, 0)]);
    }

    #[test]
    fn memory_follows_what_is_in_it() {
        let mut chunks = Chunks::default();
        for at in 0..100_000 {
            chunks.insert((at, 0), |(at, _)| *at);
        }
        while chunks.take_if(|(at, _)| *at < 99_000).is_some() {}
        assert!(chunks.pieces.len() <= 2, "{}", chunks.pieces.len());
    }
}
