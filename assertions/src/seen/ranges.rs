//! Ranges: the private anonymous memory of one address space, and how much of it can be touched.

use std::collections::BTreeMap;

/// Ranges by their beginning: end, and whether there are any access rights.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ranges {
    rows: BTreeMap<u64, (u64, bool)>,
    /// Bytes with access rights.
    accessible: u64,
}

impl Ranges {
    /// Bytes with access rights.
    pub fn accessible(&self) -> u64 {
        self.accessible
    }

    /// What was here is gone: unmapped, or covered by something else.
    pub fn remove(&mut self, start: u64, end: u64) {
        self.cut(start);
        self.cut(end);
        let gone: Vec<u64> = self.rows.range(start..end.max(start)).map(|(at, _)| *at).collect();
        for at in gone {
            if let Some((until, true)) = self.rows.remove(&at) {
                self.accessible -= until - at;
            }
        }
    }

    /// New memory, in place of what was here.
    pub fn insert(&mut self, start: u64, end: u64, access: bool) {
        if end <= start {
            return;
        }
        self.remove(start, end);
        self.accessible += if access { end - start } else { 0 };
        let (mut from, mut until) = (start, end);
        // Neighbours of one kind are one range, as in the kernel.
        if let Some((&before, &(ends, same))) = self.rows.range(..start).next_back()
            && ends == start
            && same == access
        {
            self.rows.remove(&before);
            from = before;
        }
        if let Some(&(ends, same)) = self.rows.get(&end)
            && same == access
        {
            self.rows.remove(&end);
            until = ends;
        }
        self.rows.insert(from, (until, access));
    }

    /// Other rights for what is here.
    pub fn protect(&mut self, start: u64, end: u64, access: bool) {
        self.cut(start);
        self.cut(end);
        for (at, (until, is)) in self.rows.range_mut(start..end.max(start)) {
            match (*is, access) {
                (false, true) => self.accessible += *until - *at,
                (true, false) => self.accessible -= *until - *at,
                _ => {}
            }
            *is = access;
        }
    }

    /// The ranges within these bounds.
    pub fn within(&self, start: u64, end: u64) -> Vec<(u64, u64, bool)> {
        let first = self.rows.range(..start).next_back().filter(|(_, (until, _))| *until > start);
        let rows = first.into_iter().chain(self.rows.range(start..end.max(start)));
        rows.map(|(at, (until, access))| (start.max(*at), end.min(*until), *access)).collect()
    }

    /// Makes a boundary here.
    fn cut(&mut self, at: u64) {
        if let Some((_, row)) = self.rows.range_mut(..at).next_back()
            && row.0 > at
        {
            let rest = (row.0, row.1);
            row.0 = at;
            self.rows.insert(at, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_touched_counts() {
        let mut ranges = Ranges::default();
        ranges.insert(0, 100, false);
        assert_eq!(ranges.accessible(), 0, "reserved");
        ranges.protect(10, 30, true);
        assert_eq!(ranges.accessible(), 20);
        ranges.remove(20, 200);
        assert_eq!(ranges.accessible(), 10);
        ranges.insert(15, 25, true);
        assert_eq!(ranges.accessible(), 15);
        assert_eq!(ranges.within(0, 22), [(0, 10, false), (10, 22, true)]);
        ranges.protect(0, 1000, false);
        assert_eq!(ranges.accessible(), 0);
        ranges.remove(0, 1000);
        assert_eq!(ranges.within(0, 1000), []);
        ranges.insert(5, 5, true);
        ranges.remove(9, 3);
        assert_eq!(ranges.accessible(), 0);
    }
}
