//! Intervals: which bytes of a file were written, as a union of half-open ranges.

use std::collections::BTreeMap;

/// Disjoint half-open ranges that do not touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Intervals {
    /// Start to end.
    ranges: BTreeMap<u64, u64>,
}

impl Intervals {
    /// Adds `start..end`.
    pub fn insert(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        let (mut low, mut high) = (start, end);
        while let Some((from, to)) = self.touching(low, high) {
            self.ranges.remove(&from);
            low = low.min(from);
            high = high.max(to);
        }
        self.ranges.insert(low, high);
    }

    /// Does any byte of `start..end` lie in one of them?
    pub fn overlaps(&self, start: u64, end: u64) -> bool {
        start < end && self.ranges.range(..end).next_back().is_some_and(|(_, to)| *to > start)
    }

    /// Do they hold all of `start..end`?
    pub fn cover(&self, start: u64, end: u64) -> bool {
        start >= end || self.ranges.range(..=start).next_back().is_some_and(|(_, to)| *to >= end)
    }

    /// Forgets what lies at `size` and behind.
    pub fn cut(&mut self, size: u64) {
        self.ranges.split_off(&size);
        if let Some(mut last) = self.ranges.last_entry() {
            let end = *last.get();
            *last.get_mut() = end.min(size);
        }
    }

    fn touching(&self, start: u64, end: u64) -> Option<(u64, u64)> {
        let (from, to) = self.ranges.range(..=end).next_back()?;
        (*to >= start).then_some((*from, *to))
    }
}

#[cfg(test)]
mod tests {
    use super::Intervals;

    #[test]
    fn neighbours_join_and_gaps_stay() {
        let mut set = Intervals::default();
        for (start, end) in [(10, 20), (30, 40), (20, 25), (5, 5)] {
            set.insert(start, end);
        }
        assert!(set.cover(10, 25) && !set.cover(10, 31) && set.cover(7, 7));
        assert!(set.overlaps(24, 26) && !set.overlaps(25, 30) && !set.overlaps(30, 30));
        set.insert(0, 100);
        assert!(set.cover(0, 100));
        set.cut(50);
        assert!(set.cover(0, 50) && !set.overlaps(50, 100));
    }
}
