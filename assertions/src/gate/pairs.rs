//! Two programs that run in turns: what was measured of their pairs, judged at each look until all of it is decided.

use super::report::{Design, Row, Verdict};
use super::{Looks, Parameters};
use crate::statistics::{logs, median_of};

/// Something that every run of both programs was measured by.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// `wall`, `cpu`, …
    pub metric: &'static str,
    /// `ns`, `bytes`, `count`.
    pub unit: &'static str,
    /// Baseline and candidate of each pair, in the order of time.
    pub pairs: Vec<(f64, f64)>,
}

/// A row for each measure, as far as the looks have come.
#[derive(Debug, Clone)]
pub struct Pairs {
    id: String,
    looks: Looks,
    parameters: Parameters,
    next: usize,
    metrics: Vec<&'static str>,
    rows: Vec<Row>,
}

impl Pairs {
    /// Before the first look at these measures. `first`: pairs at it, where they were asked for.
    pub fn new(id: &str, measures: &[Measured], first: Option<usize>, parameters: &Parameters) -> Pairs {
        let family = measures.len();
        let looks = first.map_or_else(|| Looks::of(family), |first| Looks::from(first, family));
        let metrics = measures.iter().map(|measured| measured.metric).collect();
        let parameters = parameters.of(id).into_owned();
        Pairs { id: id.to_owned(), looks, parameters, next: 0, metrics, rows: Vec::new() }
    }

    /// How many pairs the next look needs; none when there is nothing left to look at.
    pub fn wanted(&self) -> Option<usize> {
        let open = self.next == 0 || self.rows.iter().any(|row| row.verdict == Verdict::Inconclusive);
        self.looks.pairs().get(self.next).copied().filter(|_| open)
    }

    /// Looks at all pairs made so far. What an earlier look decided stays as it was: more pairs are made for the rest.
    pub fn look(&mut self, measures: &[Measured]) {
        let look = self.next;
        self.next += 1;
        let row = |metric: &&'static str| {
            let known = self.rows.iter().find(|row| row.metric == *metric);
            if let Some(decided) = known.filter(|row| row.verdict != Verdict::Inconclusive) {
                return Some(decided.clone());
            }
            let now = measures.iter().find(|measured| measured.metric == *metric);
            let lost = || {
                let reason = Some("counter-unavailable: some runs have it, some have not".to_owned());
                Some(Row { verdict: Verdict::NotMeasured, reason, ..known?.clone() })
            };
            now.map(|measured| self.row(measured, look)).or_else(lost)
        };
        self.rows = self.metrics.iter().filter_map(row).collect();
    }

    /// What is said of each measure, in the order of the measures.
    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    fn row(&self, measured: &Measured, look: usize) -> Row {
        let (before, after): (Vec<f64>, Vec<f64>) = measured.pairs.iter().copied().unzip();
        let mut row = Row::unjudged(
            (self.id.clone(), self.id.clone()),
            (measured.metric.to_owned(), measured.unit.to_owned()),
            Design::Paired,
            (before.len(), after.len()),
            (median_of(&before), median_of(&after)),
        );
        let Some((before, after)) = logs(&before).zip(logs(&after)) else {
            row.reason = Some("no-samples: a value of 0 has no ratio".to_owned());
            return row;
        };
        let differences: Vec<f64> = after.iter().zip(before).map(|(b, a)| b - a).collect();
        self.looks.judge(&mut row, look, &differences, &self.parameters);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs with this change, and noise of so many percent that is the same on both sides.
    fn measured(metric: &'static str, change: f64, noise: f64, pairs: usize) -> Measured {
        let pair = |at: usize| {
            let before = 1000.0 * (1.0 + noise * ((at * 7 % 10) as f64 - 4.5) / 450.0);
            (before, 1000.0 * change * (1.0 + noise * ((at * 3 % 10) as f64 - 4.5) / 450.0))
        };
        Measured { metric, unit: "ns", pairs: (0..pairs).map(pair).collect() }
    }

    #[test]
    fn more_pairs_are_made_for_what_is_not_decided_only() {
        let two = [measured("cpu", 1.0, 0.1, 1), measured("wall", 1.0, 0.1, 1)];
        let mut pairs = Pairs::new("x", &two, None, &Parameters::default());
        assert_eq!(pairs.wanted(), Some(10));
        pairs.look(&[measured("cpu", 1.1, 0.1, 10), measured("wall", 1.0, 30.0, 10)]);
        assert_eq!(pairs.wanted(), Some(15));
        pairs.look(&[measured("cpu", 1.0, 0.1, 15), measured("wall", 1.0, 0.1, 15)]);
        assert_eq!(pairs.wanted(), None);
        let rows = pairs.into_rows();
        let of = |metric: &str| rows.iter().find(|row| row.metric == metric).expect("a row");
        assert_eq!((of("cpu").verdict, of("cpu").k_candidate), (Verdict::Regressed, 10), "the first look decided");
        assert_eq!((of("wall").verdict, of("wall").k_candidate), (Verdict::Pass, 15));
        assert!(of("cpu").lower_percent.is_some_and(|lower| lower > 9.0), "{rows:?}");
        assert!(of("wall").min_detectable_percent.is_some_and(|least| (2.0..3.0).contains(&least)), "{rows:?}");
    }

    #[test]
    fn what_can_not_be_decided_ends_with_the_last_look() {
        let mut few = Pairs::new("x", &[measured("wall", 1.0, 0.1, 1)], Some(3), &Parameters::default());
        for expected in [3, 5, 6] {
            assert_eq!(few.wanted(), Some(expected));
            few.look(&[measured("wall", 1.0, 0.1, expected)]);
        }
        assert_eq!(few.wanted(), None);
        let row = few.into_rows().pop().expect("a row");
        assert_eq!(row.verdict, Verdict::Inconclusive);
        assert!(row.reason.is_some_and(|reason| reason.starts_with("too-few-runs: 6 pairs, 9 are needed")));
    }

    #[test]
    fn a_value_of_zero_is_not_measured() {
        let mut pairs = Pairs::new("x", &[measured("cpu", 1.0, 0.1, 1)], None, &Parameters::default());
        pairs.look(&[Measured { metric: "cpu", unit: "ns", pairs: vec![(0.0, 1.0); 10] }]);
        assert_eq!(pairs.wanted(), None);
        assert_eq!(pairs.into_rows().pop().map(|row| row.verdict), Some(Verdict::NotMeasured));
    }
}
