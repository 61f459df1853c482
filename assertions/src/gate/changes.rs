//! Where a series of values changed for good: the splits of an E-divisive search (Matteson and James, 2014) that
//! Student's test confirms. Information only: no verdict depends on it.

use crate::statistics::{logs, student};

/// How sure a change has to be.
const LEVEL: f64 = 0.001;

/// How sure a split has to be to be looked into: a level between two like it shows only when both its ends are found.
const LOOK: f64 = 0.1;

/// Values that make a level: one that lies far away moves the mean of two.
const FEWEST: f64 = 3.0;

/// The last values that are looked at: a search takes the square of their number.
const MOST: usize = 1000;

/// The places at which another level begins, ascending. Levels are compared by ratios where values have one.
pub(super) fn changes(values: &[f64]) -> Vec<usize> {
    let skipped = values.len().saturating_sub(MOST);
    let seen = values.get(skipped..).unwrap_or_default();
    let seen = logs(seen).unwrap_or_else(|| seen.to_vec());
    let mut found = Vec::new();
    let mut open = vec![(0, seen.len())];
    while let Some((from, to)) = open.pop() {
        let Some(at) = seen.get(from..to).and_then(split) else { continue };
        found.push(skipped + from + at);
        open.extend([(from, from + at), (from + at, to)]);
    }
    found.sort_unstable();
    confirmed(&seen, skipped, found)
}

/// Takes away the least sure of the places, one by one, until the levels beside each surely differ.
fn confirmed(seen: &[f64], skipped: usize, mut found: Vec<usize>) -> Vec<usize> {
    loop {
        let doubt = |number: usize| {
            let end = |at: Option<&usize>, usual: usize| at.map_or(usual, |at| at - skipped);
            let at = end(found.get(number), 0);
            let from = end(number.checked_sub(1).and_then(|before| found.get(before)), 0);
            let to = end(found.get(number + 1), seen.len());
            let sides = seen.get(from..at).zip(seen.get(at..to));
            sides.map_or(1.0, |(left, right)| student::p_of_difference(left, right))
        };
        let worst = (0..found.len()).map(|number| (doubt(number), number)).max_by(|a, b| a.0.total_cmp(&b.0));
        match worst {
            Some((p, number)) if p >= LEVEL => drop(found.remove(number)),
            _ => return found,
        }
    }
}

/// The place at which two levels differ most, where they surely differ.
fn split(values: &[f64]) -> Option<usize> {
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut within_left = 0.0;
    let mut within_right: f64 = sum_of_distances(values);
    let mut between = 0.0;
    let mut best: Option<(f64, usize)> = None;
    for (at, value) in values.iter().enumerate() {
        // The value goes from the right to the left.
        let (left, right) = values.split_at(at);
        let to = |side: &[f64]| side.iter().map(|other| (value - other).abs()).sum::<f64>();
        let (to_left, to_right) = (to(left), to(right));
        within_left += to_left;
        within_right -= to_right;
        between += to_right - to_left;
        let (m, n) = ((at + 1) as f64, (values.len() - at - 1) as f64);
        if m < FEWEST || n < FEWEST {
            continue;
        }
        let pairs = |n: f64| n * (n - 1.0) / 2.0;
        let energy = 2.0 * between / (m * n) - within_left / pairs(m) - within_right / pairs(n);
        let weighted = energy * m * n / (m + n);
        if best.is_none_or(|(most, _)| weighted > most) {
            best = Some((weighted, at + 1));
        }
    }
    let (_, at) = best.filter(|(energy, _)| *energy > 0.0)?;
    let (left, right) = values.split_at(at);
    (student::p_of_difference(left, right) < LOOK).then_some(at)
}

fn sum_of_distances(values: &[f64]) -> f64 {
    let rest = |at: usize| values.get(at + 1..).unwrap_or_default();
    values.iter().enumerate().map(|(at, a)| rest(at).iter().map(|b| (a - b).abs()).sum::<f64>()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values about a level, with a spread of a percent that is the same in each run of the test.
    fn about(level: f64, count: usize) -> impl Iterator<Item = f64> {
        (0..count).map(move |at| level * (1.0 + ((at * 7 + 3) % 11) as f64 / 1000.0))
    }

    #[test]
    fn a_level_that_changes_is_found_where_it_does() {
        let up: Vec<f64> = about(100.0, 12).chain(about(106.0, 12)).collect();
        assert_eq!(changes(&up), [12]);
        let up_and_down: Vec<f64> = about(100.0, 12).chain(about(120.0, 9)).chain(about(101.0, 12)).collect();
        assert_eq!(changes(&up_and_down), [12, 21]);
    }

    #[test]
    fn what_only_varies_has_no_change() {
        assert_eq!(changes(&about(100.0, 40).collect::<Vec<_>>()), [] as [usize; 0]);
        let mut once: Vec<f64> = about(100.0, 20).collect();
        once[9] = 400.0;
        assert_eq!(changes(&once), [] as [usize; 0], "one value that lies away is no level");
        once.swap(9, 18);
        assert_eq!(changes(&once), [] as [usize; 0], "nor is it with the one behind it");
        assert_eq!(changes(&[]), [] as [usize; 0]);
        assert_eq!(changes(&[1.0, 2.0, 3.0]), [] as [usize; 0]);
    }

    #[test]
    fn counters_change_without_doubt() {
        assert_eq!(changes(&[5.0, 5.0, 5.0, 6.0, 6.0, 6.0]), [3]);
        assert_eq!(changes(&[0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0]), [4], "a value of 0 has no ratio");
        assert_eq!(changes(&[7.0; 9]), [] as [usize; 0]);
    }

    #[test]
    fn of_a_long_series_the_last_values_are_looked_at() {
        let long: Vec<f64> = about(100.0, 2000).chain(about(130.0, 20)).collect();
        assert_eq!(changes(&long), [2000]);
    }
}
