//! How sure the median of one run is: a moving-block bootstrap with a generator of its own, so that results repeat.

use super::median_of;

/// Samples that stay together, because neighbours in time are alike.
const BLOCK: usize = 5;

/// How often samples are drawn anew.
const ROUNDS: usize = 1000;

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64(pub u64);

impl SplitMix64 {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Standard error of the median of these samples; 0 for fewer than two.
pub(crate) fn error_of_median(samples: &[f64], mut random: SplitMix64) -> f64 {
    let block = BLOCK.min(samples.len());
    if samples.len() < 2 {
        return 0.0;
    }
    let starts = (samples.len() - block + 1) as u64;
    let blocks = samples.len().div_ceil(block);
    let mut drawn = Vec::with_capacity(blocks * block);
    let medians: Vec<f64> = (0..ROUNDS)
        .filter_map(|_| {
            drawn.clear();
            for _ in 0..blocks {
                let start = (random.next() % starts) as usize;
                drawn.extend(samples.iter().skip(start).take(block));
            }
            drawn.truncate(samples.len());
            median_of(&drawn)
        })
        .collect();
    deviation(&medians)
}

/// Sample standard deviation (n − 1).
fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        assert_eq!(SplitMix64(0).next(), 0xe220_a839_7b1d_cdaf);
        let mut random = SplitMix64(1_234_567);
        let found = [random.next(), random.next(), random.next()];
        assert_eq!(found, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
