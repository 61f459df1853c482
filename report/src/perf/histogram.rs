//! Histograms of durations: buckets no wider than 1/32 of their values.

use std::fmt;

use serde::{Serialize, Serializer};

/// One above the largest bucket.
const BUCKETS: u32 = 1920;

/// Buckets of a power of two.
const STEPS: usize = 32;

/// How often a duration in nanoseconds fell into each bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// By power of two, up to the largest that was met; those that were never met take no room.
    octaves: Vec<Option<Box<[u64; STEPS]>>>,
}

impl Histogram {
    /// The bucket of a value: itself below 32; above, 32 buckets for each power of two.
    pub fn bucket(nanos: u64) -> u32 {
        let Some(power) = nanos.checked_ilog2().filter(|power| *power >= 5) else { return nanos as u32 };
        (power - 4) * 32 + (nanos >> (power - 5)) as u32 - 32
    }

    /// Smallest and largest value of a bucket.
    pub fn range(bucket: u32) -> (u64, u64) {
        let (octave, step) = (bucket / 32, u64::from(bucket % 32));
        let Some(shift) = octave.checked_sub(1) else { return (step, step) };
        let low = (32 + step).checked_shl(shift).unwrap_or(u64::MAX);
        (low, low.saturating_add((1u64.checked_shl(shift).unwrap_or(u64::MAX)) - 1))
    }

    /// Counts one value.
    pub fn add(&mut self, nanos: u64) {
        self.count(Self::bucket(nanos), 1);
    }

    fn count(&mut self, bucket: u32, count: u64) {
        let (octave, step) = (bucket as usize / STEPS, bucket as usize % STEPS);
        if octave >= self.octaves.len() {
            self.octaves.resize(octave + 1, None);
        }
        let Some(steps) = self.octaves.get_mut(octave) else { return };
        if let Some(sum) = steps.get_or_insert_default().get_mut(step) {
            *sum = sum.saturating_add(count);
        }
    }

    /// Buckets that were met and how often, ascending.
    fn counts(&self) -> impl Iterator<Item = (u32, u64)> {
        let steps = |(octave, steps): (usize, &Option<Box<[u64; STEPS]>>)| {
            let steps = steps.as_deref().copied().unwrap_or_default();
            let counts = steps.into_iter().enumerate().filter(|(_, count)| *count > 0);
            counts.map(move |(step, count)| ((octave * STEPS + step) as u32, count))
        };
        self.octaves.iter().enumerate().flat_map(steps)
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Histogram) {
        for (bucket, count) in other.counts() {
            self.count(bucket, count);
        }
    }

    /// Values counted.
    pub fn total(&self) -> u128 {
        self.counts().map(|(_, count)| u128::from(count)).sum()
    }

    /// The middle of the bucket in which the `percent`-th part ends, within the smallest and largest value.
    /// `None` without values.
    pub fn percentile(&self, percent: u128, min: u64, max: u64) -> Option<u64> {
        let wanted = (self.total() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts() {
            seen += u128::from(count);
            if seen >= wanted {
                let (low, high) = Self::range(bucket);
                return Some((low + (high - low) / 2).min(max).max(min));
            }
        }
        None
    }

    /// Reads `BUCKET:COUNT` joined by single spaces, ascending.
    pub fn read(text: &str) -> Option<Self> {
        let mut histogram = Histogram::default();
        let mut last = None;
        if text.is_empty() {
            return Some(histogram);
        }
        for part in text.split(' ') {
            let (bucket, count) = part.split_once(':')?;
            let (bucket, count): (u32, u64) = (bucket.parse().ok()?, count.parse().ok()?);
            let ascends = last.replace(bucket).is_none_or(|last| last < bucket);
            if bucket >= BUCKETS || count == 0 || !ascends {
                return None;
            }
            histogram.count(bucket, count);
        }
        Some(histogram)
    }
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (bucket, count)) in self.counts().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            write!(f, "{gap}{bucket}:{count}")?;
        }
        Ok(())
    }
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
