//! Buckets of durations: logarithmic, with a fixed number of steps for each doubling.

/// Steps of a doubling in the document: a bucket is at most 1/32 wide.
const STEPS: u32 = 5;
/// Steps of a doubling while counting, in ticks of the clock. Finer than in the document, because ticks become
/// nanoseconds at the end only, and a bucket may then lie across a border.
const FINE: u32 = 7;
/// Buckets while counting.
pub const FINE_BUCKETS: usize = (64 - FINE as usize + 1) << FINE;

const fn index(value: u64, steps: u32) -> usize {
    if value < 1 << steps {
        return value as usize;
    }
    let k = 63 - value.leading_zeros();
    (((k - steps + 1) as usize) << steps) + (value >> (k - steps)) as usize - (1 << steps)
}

/// Smallest and largest value of a bucket.
const fn bounds(index: usize, steps: u32) -> (u64, u64) {
    if index < 1 << steps {
        return (index as u64, index as u64);
    }
    let k = (index >> steps) as u32 + steps - 1;
    let step = (index & ((1 << steps) - 1)) as u64 + (1 << steps);
    let low = step << (k - steps);
    (low, low + ((1 << (k - steps)) - 1))
}

/// Bucket of the document for a duration in nanoseconds.
pub fn bucket(ns: u64) -> usize {
    index(ns, STEPS)
}

/// Smallest and largest duration, in nanoseconds, of a bucket of the document.
pub fn bucket_bounds(bucket: usize) -> (u64, u64) {
    bounds(bucket, STEPS)
}

/// Bucket while counting. Always below [`FINE_BUCKETS`].
#[inline(always)]
pub fn fine(ticks: u64) -> usize {
    index(ticks, FINE)
}

/// Value in the middle of a bucket of [`fine`], in ticks.
pub fn fine_middle(bucket: usize) -> u64 {
    let (low, high) = bounds(bucket, FINE);
    low + (high - low) / 2
}

/// The value below which `percent` of all lie: the middle of the bucket of the ⌈percent·n/100⌉-th smallest, within
/// `smallest` and `largest`. `counts` are buckets in ascending order.
pub fn percentile(counts: &[(usize, u64)], percent: u64, smallest: u64, largest: u64) -> u64 {
    let n: u64 = counts.iter().map(|(_, count)| count).sum();
    let rank = (u128::from(n) * u128::from(percent)).div_ceil(100);
    let mut seen = 0u128;
    for (bucket, count) in counts {
        seen += u128::from(*count);
        if seen >= rank {
            let (low, high) = bucket_bounds(*bucket);
            return (low + (high - low) / 2).max(smallest).min(largest);
        }
    }
    largest
}
