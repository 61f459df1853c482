//! The spread of times by name (`--stats-extended`): mean, deviation, percentiles, in whole nanoseconds.
//!
//! Percentiles need every time there was. Times are sorted in pieces of bounded size; where one piece is not
//! enough they lie in a file without a name and are merged at the end, so that memory does not grow with the run.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::hash::Hash;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

/// Percentiles that are told.
pub(crate) const PERCENTILES: [u64; 5] = [50, 75, 90, 95, 99];

/// Keys of a spread in documents and tables, the extremes among them.
pub(crate) const NAMES: [&str; 9] =
    ["mean_ns", "stddev_ns", "min_ns", "max_ns", "p50_ns", "p75_ns", "p90_ns", "p95_ns", "p99_ns"];

/// Times that are sorted at once.
const PIECE: usize = 1 << 19;
/// Bytes read ahead, all pieces together.
const AHEAD: usize = 8 << 20;
/// Bytes of a time in the file: group, how often, time.
const STORED: usize = 16;

/// What is told of the times of one name, ns. Fractions are rounded to the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spread {
    /// Mean.
    pub mean: u64,
    /// Standard deviation of these times, not of a population they were drawn from.
    pub stddev: u64,
    /// At [`PERCENTILES`], between the two nearest times by the distance to them.
    pub percentiles: [u64; 5],
}

impl Spread {
    /// That of some times; `None` of none.
    pub fn of(mut times: Vec<u64>) -> Option<Spread> {
        times.sort_unstable();
        let mut moments = Moments::default();
        times.iter().for_each(|time| moments.add(*time));
        let mut ranks = Ranks::new(moments.count);
        times.iter().for_each(|time| ranks.take(*time, 1));
        moments.spread(&ranks)
    }

    /// Its values in the order of [`NAMES`].
    pub fn values(&self, (least, most): (u64, u64)) -> [u64; 9] {
        let [p50, p75, p90, p95, p99] = self.percentiles;
        [self.mean, self.stddev, least, most, p50, p75, p90, p95, p99]
    }
}

/// Sums from which mean and deviation follow exactly.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: u64,
    sum: u128,
    squares: u128,
}

impl Moments {
    fn add(&mut self, time: u64) {
        self.count += 1;
        self.sum += u128::from(time);
        self.squares = self.squares.saturating_add(u128::from(time) * u128::from(time));
    }

    fn spread(&self, ranks: &Ranks) -> Option<Spread> {
        let count = u128::from(self.count);
        let (whole, rest) = (self.sum.checked_div(count)?, self.sum.checked_rem(count)?);
        // The sum of squares of distances from the whole part of the mean; what that part lacks is taken off behind.
        let around = self.squares.saturating_sub(whole.saturating_mul(self.sum + rest));
        // Twice the deviation, so that half a nanosecond is seen.
        let lacking = (4 * rest * rest).div_ceil(count);
        let twice = (around.saturating_mul(4).saturating_sub(lacking) / count).isqrt();
        Some(Spread {
            mean: (whole + u128::from(rest * 2 >= count)) as u64,
            stddev: twice.div_ceil(2) as u64,
            percentiles: ranks.values(),
        })
    }
}

/// Finds the times at the ranks of the percentiles while all of them come by in order.
#[derive(Debug)]
struct Ranks {
    at: u128,
    /// Rank below, hundredths above it, the time there and the next.
    wanted: [(u128, u128, u64, u64); 5],
}

impl Ranks {
    fn new(count: u64) -> Ranks {
        let last = u128::from(count.saturating_sub(1));
        Ranks { at: 0, wanted: PERCENTILES.map(|p| (u128::from(p) * last / 100, u128::from(p) * last % 100, 0, 0)) }
    }

    fn take(&mut self, time: u64, times: u64) {
        let here = self.at..self.at + u128::from(times);
        for (rank, _, below, above) in &mut self.wanted {
            if here.contains(rank) {
                *below = time;
            }
            if here.contains(&(*rank + 1)) {
                *above = time;
            }
        }
        self.at = here.end;
    }

    fn values(&self) -> [u64; 5] {
        self.wanted.map(|(_, hundredths, below, above)| match hundredths {
            0 => below,
            _ => ((u128::from(below) * (100 - hundredths) + u128::from(above) * hundredths + 50) / 100) as u64,
        })
    }
}

/// A time of a group, and how often it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    group: u32,
    time: u64,
    times: u32,
}

/// All times of a run, in groups.
#[derive(Debug)]
pub(crate) struct Times<K> {
    groups: HashMap<K, (u32, Moments)>,
    waiting: Vec<(u32, u64)>,
    file: Option<File>,
    /// Where each piece begins in the file, and where the last ends.
    bounds: Vec<u64>,
    piece: usize,
}

impl<K: Eq + Hash + Copy> Default for Times<K> {
    fn default() -> Self {
        Times { groups: HashMap::new(), waiting: Vec::new(), file: None, bounds: vec![0], piece: PIECE }
    }
}

impl<K: Eq + Hash + Copy> Times<K> {
    /// Takes a time of a group, ns.
    pub fn add(&mut self, key: K, time: u64) -> io::Result<()> {
        let next = self.groups.len() as u32;
        let (group, moments) = self.groups.entry(key).or_insert((next, Moments::default()));
        moments.add(time);
        self.waiting.push((*group, time));
        if self.waiting.len() >= self.piece { self.put_aside() } else { Ok(()) }
    }

    /// The spread of each group.
    pub fn spreads(&mut self) -> io::Result<HashMap<K, Spread>> {
        let mut by_group: Vec<(K, Moments, Ranks)> = Vec::new();
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(_, (group, _))| *group);
        for (key, (_, moments)) in groups {
            by_group.push((*key, *moments, Ranks::new(moments.count)));
        }
        let last = entries(&mut self.waiting);
        merged(self.file.as_ref(), &self.bounds, last, |entry| {
            if let Some((_, _, ranks)) = by_group.get_mut(entry.group as usize) {
                ranks.take(entry.time, u64::from(entry.times));
            }
        })?;
        Ok(by_group.iter().filter_map(|(key, moments, ranks)| Some((*key, moments.spread(ranks)?))).collect())
    }

    fn put_aside(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        let sorted = entries(&mut self.waiting);
        let mut bytes = Vec::with_capacity(sorted.len() * STORED);
        for entry in &sorted {
            bytes.extend_from_slice(&entry.group.to_le_bytes());
            bytes.extend_from_slice(&entry.times.to_le_bytes());
            bytes.extend_from_slice(&entry.time.to_le_bytes());
        }
        file.write_all(&bytes)?;
        self.bounds.push(self.bounds.last().copied().unwrap_or(0) + bytes.len() as u64);
        Ok(())
    }
}

/// Sorts what waits and takes it, equal ones together.
fn entries(waiting: &mut Vec<(u32, u64)>) -> Vec<Entry> {
    waiting.sort_unstable();
    let mut entries: Vec<Entry> = Vec::with_capacity(waiting.len().min(PIECE));
    for (group, time) in waiting.drain(..) {
        match entries.last_mut() {
            Some(last) if (last.group, last.time) == (group, time) && last.times < u32::MAX => last.times += 1,
            _ => entries.push(Entry { group, time, times: 1 }),
        }
    }
    entries
}

/// Gives all entries in order: those of the pieces in the file, and the last piece.
fn merged(file: Option<&File>, bounds: &[u64], last: Vec<Entry>, mut give: impl FnMut(Entry)) -> io::Result<()> {
    let pieces = bounds.len().saturating_sub(1);
    let ahead = (AHEAD / pieces.max(1) / STORED).max(16) * STORED;
    let mut sources: Vec<Source<'_>> = Vec::with_capacity(pieces + 1);
    if let Some(file) = file {
        let ranges = bounds.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
        sources.extend(ranges.map(|(at, end)| Source { file, at, end, ahead, read: Vec::new().into_iter() }));
    }
    let mut heap = BinaryHeap::with_capacity(pieces + 1);
    let mut last = last.into_iter();
    for (index, source) in sources.iter_mut().enumerate() {
        heap.extend(source.next()?.map(|entry| Reverse((entry, index))));
    }
    heap.extend(last.next().map(|entry| Reverse((entry, pieces))));
    while let Some(Reverse((entry, index))) = heap.pop() {
        give(entry);
        let next = match sources.get_mut(index) {
            Some(source) => source.next()?,
            None => last.next(),
        };
        heap.extend(next.map(|entry| Reverse((entry, index))));
    }
    Ok(())
}

/// A piece in the file, read bit by bit.
struct Source<'f> {
    file: &'f File,
    at: u64,
    end: u64,
    ahead: usize,
    read: std::vec::IntoIter<Entry>,
}

impl Source<'_> {
    fn next(&mut self) -> io::Result<Option<Entry>> {
        if let Some(entry) = self.read.next() {
            return Ok(Some(entry));
        }
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(self.ahead)];
        self.file.read_exact_at(&mut bytes, self.at)?;
        self.at += bytes.len() as u64;
        let entries = bytes.as_chunks::<STORED>().0.iter().map(|stored| {
            let (group, rest) = stored.split_at(4);
            let (times, time) = rest.split_at(4);
            let word = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
            Entry { group: word(group) as u32, times: word(times) as u32, time: word(time) }
        });
        self.read = entries.collect::<Vec<_>>().into_iter();
        Ok(self.read.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: &[u64]) -> Spread {
        Spread::of(times.to_vec()).expect("some times")
    }

    #[test]
    fn known_spreads() {
        assert_eq!(of(&[7]), Spread { mean: 7, stddev: 0, percentiles: [7; 5] });
        assert_eq!(of(&[1, 2]), Spread { mean: 2, stddev: 1, percentiles: [2, 2, 2, 2, 2] });
        // 2 4 4 4 5 5 7 9 is everybody's example: mean 5, deviation 2.
        assert_eq!(of(&[9, 2, 4, 5, 4, 7, 5, 4]), Spread { mean: 5, stddev: 2, percentiles: [5, 6, 8, 8, 9] });
        let hundred_and_one: Vec<u64> = (0..=100).map(|n| n * 1000).collect();
        assert_eq!(of(&hundred_and_one).percentiles, [50_000, 75_000, 90_000, 95_000, 99_000]);
        assert_eq!(of(&[0, 1000]).percentiles, [500, 750, 900, 950, 990]);
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn large_times_lose_nothing() {
        let day = 86_400_000_000_000;
        assert_eq!(
            of(&[day, day + 2]),
            Spread { mean: day + 1, stddev: 1, percentiles: [day + 1, day + 2, day + 2, day + 2, day + 2] }
        );
        assert_eq!(of(&[u64::MAX, u64::MAX]).mean, u64::MAX);
    }

    #[test]
    fn pieces_in_a_file_change_nothing() {
        // Numbers that look random (xorshift), few and many values, two groups.
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut by_group: [Vec<u64>; 2] = Default::default();
        let mut times = Times::<u64> { piece: 64, ..Times::default() };
        for n in 0..5000u64 {
            let group = next() % 2;
            let time = if n % 3 == 0 { next() % 8 } else { next() % 1_000_000 };
            by_group[group as usize].push(time);
            times.add(group, time).expect("room for a file");
        }
        assert!(times.bounds.len() > 70, "nothing was put aside");
        let spreads = times.spreads().expect("the file is readable");
        for (group, all) in (0u64..).zip(by_group) {
            assert_eq!(spreads.get(&group).copied(), Spread::of(all), "group {group}");
        }
    }
}
