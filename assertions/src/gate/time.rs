//! The statistical rules: exact intervals of runs, and what one run of each side can say.

use std::collections::BTreeMap;

use super::report::{Design, Parameters, Row, Verdict};
use super::series::Series;
use crate::statistics::{
    self, Interval, Null, SplitMix64, Step, error_of_median, interval, logs, median_of, normal, paired,
};

/// A comparison before its family is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    design: Design,
    interval: Interval,
    /// The null distribution; none for single runs.
    null: Option<Null>,
    /// Runs of the smaller side.
    runs: usize,
    /// Is the spread of runs assumed?
    assumed: bool,
}

/// Are runs in pairs, in turns, or one side after the other?
pub(super) fn design_of_runs(a: &Series, b: &Series) -> Design {
    if pairs(a, b).0.len() > 1 {
        return Design::Paired;
    }
    let mut starts: Vec<(u64, bool)> = Vec::new();
    for (side, is_b) in [(a, false), (b, true)] {
        let Some(all) = side.values.iter().map(|value| value.started.map(|at| (at, is_b))).collect::<Option<Vec<_>>>()
        else {
            return Design::Sequential;
        };
        starts.extend(all);
    }
    starts.sort_unstable();
    let changes = starts.windows(2).filter(|pair| matches!(pair, [(_, a), (_, b)] if a != b)).count();
    if changes > 1 && changes >= a.values.len().min(b.values.len()) { Design::Interleaved } else { Design::Sequential }
}

/// Values of pairs that both sides have.
fn pairs(a: &Series, b: &Series) -> (Vec<f64>, Vec<f64>) {
    let by_pair = |side: &Series| -> Option<BTreeMap<u64, f64>> {
        side.values.iter().map(|value| value.pair.map(|pair| (pair, value.value))).collect()
    };
    match (by_pair(a), by_pair(b)) {
        (Some(a), Some(b)) => a.iter().filter_map(|(pair, a)| b.get(pair).map(|b| (*a, *b))).unzip(),
        _ => Default::default(),
    }
}

/// Compares two series; an error is why it can't be done.
pub(super) fn compare(
    id: &str,
    design: Design,
    a: &Series,
    b: &Series,
    parameters: &Parameters,
) -> Result<Comparison, String> {
    if design == Design::Single {
        return single(id, a, b, parameters);
    }
    let limit = threshold(design, parameters);
    let (before, after) = if design == Design::Paired { pairs(a, b) } else { (a.plain(), b.plain()) };
    let (before, after) = (statistics::last(&before), statistics::last(&after));
    let runs = before.len().min(after.len());
    let (found, null) = if design == Design::Paired {
        let null = Null::paired(runs);
        (paired(after, before, limit, parameters.alpha, &null), null)
    } else {
        let null = Null::unpaired(before.len(), after.len());
        (interval(after, before, limit, parameters.alpha, &null), null)
    };
    let interval = found.ok_or("no-samples: a time of 0 has no ratio")?;
    Ok(Comparison { design, interval, null: Some(null), runs, assumed: false })
}

/// What has to be exceeded, as a logarithm: one side after the other may have met a slower machine.
fn threshold(design: Design, parameters: &Parameters) -> f64 {
    log(if design.confounded() { parameters.limit_percent } else { parameters.margin_percent })
}

/// The logarithm of the ratio that a change in percent is.
pub(super) fn log(percent: f64) -> f64 {
    (percent / 100.0).ln_1p()
}

/// The change in percent that the logarithm of a ratio is; none without an end.
pub(super) fn percent(log: f64) -> Option<f64> {
    Some(log.exp_m1() * 100.0 + 0.0).filter(|percent| percent.is_finite())
}

fn single(id: &str, a: &Series, b: &Series, parameters: &Parameters) -> Result<Comparison, String> {
    let (Some(before), Some(after)) = (&a.samples, &b.samples) else {
        return Err("no-samples: there is one value on a side, and nothing of its spread".to_owned());
    };
    let (before, after) = logs(before).zip(logs(after)).ok_or("no-samples: a time of 0 has no ratio")?;
    let state = state(id) ^ parameters.seed;
    let error_a = error_of_median(&before, SplitMix64(state));
    let error_b = error_of_median(&after, SplitMix64(!state));
    let known = parameters.known_sigma.get(id);
    let sigma = known.copied().unwrap_or(parameters.sigma_between);
    let error = (error_a.powi(2) + error_b.powi(2) + 2.0 * sigma.powi(2)).sqrt();
    let estimate = median_of(&after).zip(median_of(&before)).map(|(b, a)| b - a).ok_or("no-samples")?;
    let reach = normal::quantile(parameters.alpha) * error;
    let p = 1.0 - normal::below((estimate - log(parameters.limit_percent)) / error);
    let interval = Interval { estimate, lower: estimate - reach, upper: estimate + reach, p };
    Ok(Comparison { design: Design::Single, interval, null: None, runs: 1, assumed: known.is_none() })
}

/// Where the generator of a benchmark begins.
fn state(id: &str) -> u64 {
    let hash = blake3::hash(id.as_bytes());
    hash.as_bytes().iter().take(8).rev().fold(0, |state, byte| state << 8 | u64::from(*byte))
}

impl Comparison {
    /// That the change is not above the threshold.
    pub(super) fn p(&self) -> f64 {
        self.interval.p
    }

    /// Fills in what the comparison says in its family of so many.
    pub(super) fn judge(&self, row: &mut Row, step: Step, family: usize, parameters: &Parameters) {
        row.delta_percent = percent(self.interval.estimate);
        row.lower_percent = percent(self.interval.lower).filter(|_| self.interval.lower.is_finite());
        row.upper_percent = percent(self.interval.upper);
        row.p_value = Some(self.interval.p);
        row.holm_threshold = Some(step.threshold);
        row.min_detectable_percent = self.null.as_ref().and_then(|_| self.smallest(parameters)).and_then(percent);
        (row.verdict, row.reason) = self.verdict(step, family, parameters);
    }

    fn verdict(&self, step: Step, family: usize, parameters: &Parameters) -> (Verdict, Option<String>) {
        let (margin, limit) = (log(parameters.margin_percent), log(parameters.limit_percent));
        let Interval { lower, upper, p, .. } = self.interval;
        let level = parameters.alpha.min(parameters.family_alpha / family.max(1) as f64);
        if self.null.as_ref().is_some_and(|null| null.critical(level).is_none()) {
            let why = format!("too-few-runs: {} a side, {} are needed", self.runs, self.fewest(level));
            return (Verdict::Inconclusive, Some(why));
        }
        let assumed = self.assumed.then(|| format!("assumed spread of runs {} %", parameters.sigma_between * 100.0));
        if lower > threshold(self.design, parameters) && step.all && p <= parameters.alpha {
            return (Verdict::Regressed, assumed);
        }
        if self.design.confounded() && lower > margin {
            let why = "suspect-sequential: the program became slower, or the machine; measure both sides in turns";
            return (Verdict::Inconclusive, Some(why.to_owned()));
        }
        if upper < -margin {
            return (Verdict::Improved, assumed);
        }
        if upper < limit {
            return (Verdict::Pass, assumed);
        }
        (Verdict::Inconclusive, Some("interval-too-wide: more runs would decide".to_owned()))
    }

    /// Runs of each side from which on a verdict is possible.
    fn fewest(&self, level: f64) -> usize {
        let null = |k| if self.design == Design::Paired { Null::paired(k) } else { Null::unpaired(k, k) };
        (1..=64).find(|k| null(*k).critical(level).is_some()).unwrap_or(64)
    }

    /// The smallest change that is found nine times of ten, as a logarithm.
    fn smallest(&self, parameters: &Parameters) -> Option<f64> {
        let half = (self.interval.upper - self.interval.lower) / 2.0;
        let smallest = log(parameters.margin_percent) + half * (1.0 + normal::power_ratio(self.runs));
        smallest.is_finite().then_some(smallest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::series::Value;

    const BASE: [f64; 10] = [1000.0, 1012.0, 994.0, 1003.0, 1021.0, 1008.0, 997.0, 1015.0, 1005.0, 999.0];

    fn series(values: &[f64], in_pairs: bool) -> Series {
        let value = |(at, value): (usize, &f64)| Value {
            value: *value,
            pair: in_pairs.then_some(at as u64),
            started: Some(at as u64),
        };
        Series { values: values.iter().enumerate().map(value).collect(), ..Series::default() }
    }

    fn verdict(candidate: &[f64], baseline: &[f64], design: Design, family: usize) -> (Verdict, Option<String>) {
        let parameters = Parameters::default();
        let (a, b) = (series(baseline, true), series(candidate, true));
        let comparison = compare("x", design, &a, &b, &parameters).expect("comparable");
        let step = Step { threshold: 0.05 / family as f64, all: comparison.p() <= 0.05 / family as f64 };
        comparison.verdict(step, family, &parameters)
    }

    #[test]
    fn verdicts_and_smallest_changes_are_those_of_the_vectors() {
        let rows: [([f64; 10], Verdict, f64); 4] = [
            (
                [1061.0, 1058.0, 1049.0, 1052.0, 1083.0, 1049.0, 1060.0, 1055.0, 1071.0, 1043.0],
                Verdict::Regressed,
                3.430,
            ),
            ([1008.0, 1009.0, 1001.0, 1011.0, 1017.0, 1020.0, 990.0, 1019.0, 1012.0, 1004.0], Verdict::Pass, 2.869),
            (
                [1052.0, 1010.0, 1041.0, 1003.0, 1088.0, 1012.0, 1062.0, 1018.0, 1071.0, 1001.0],
                Verdict::Inconclusive,
                6.836,
            ),
            ([943.0, 955.0, 938.0, 946.0, 963.0, 951.0, 941.0, 958.0, 948.0, 942.0], Verdict::Improved, 2.054),
        ];
        let parameters = Parameters::default();
        for (candidate, expected, smallest) in rows {
            assert_eq!(verdict(&candidate, &BASE, Design::Paired, 1).0, expected);
            let (a, b) = (series(&BASE, true), series(&candidate, true));
            let comparison = compare("x", Design::Paired, &a, &b, &parameters).expect("comparable");
            let found = comparison.smallest(&parameters).expect("finite").exp_m1() * 100.0;
            assert!((found - smallest).abs() < 0.001, "{found} is not {smallest}");
        }
    }

    #[test]
    fn few_runs_decide_nothing() {
        for (runs, enough) in [(6, false), (7, true)] {
            let (a, b) = (vec![1000.0; runs], vec![1000.0; runs]);
            assert_eq!(verdict(&b, &a, Design::Paired, 1).0 == Verdict::Pass, enough, "{runs} pairs");
        }
        for (runs, family, enough) in [(4, 1, false), (5, 5, true), (5, 30, false), (6, 30, true)] {
            let (a, b) = (vec![1000.0; runs], vec![1000.0; runs]);
            let (found, reason) = verdict(&b, &a, Design::Sequential, family);
            assert_eq!(found == Verdict::Pass, enough, "{runs} runs of {family}");
            assert_eq!(reason.is_some_and(|reason| reason.starts_with("too-few-runs")), !enough);
        }
    }

    #[test]
    fn one_side_after_the_other_is_suspect() {
        let slower: Vec<f64> = BASE.iter().map(|value| value * 1.04).collect();
        let (found, reason) = verdict(&slower, &BASE, Design::Sequential, 1);
        assert_eq!(found, Verdict::Inconclusive);
        assert!(reason.expect("a reason").starts_with("suspect-sequential"));
        assert_eq!(verdict(&slower, &BASE, Design::Interleaved, 1).0, Verdict::Regressed);
        let much: Vec<f64> = BASE.iter().map(|value| value * 1.10).collect();
        assert_eq!(verdict(&much, &BASE, Design::Sequential, 1).0, Verdict::Regressed);
    }

    #[test]
    fn the_order_of_runs_tells_the_design() {
        let started = |starts: &[u64]| Series {
            values: starts.iter().map(|at| Value { value: 1.0, pair: None, started: Some(*at) }).collect(),
            ..Series::default()
        };
        assert_eq!(design_of_runs(&started(&[1, 3, 5]), &started(&[2, 4, 6])), Design::Interleaved);
        assert_eq!(design_of_runs(&started(&[1, 2, 3]), &started(&[4, 5, 6])), Design::Sequential);
        assert_eq!(design_of_runs(&series(&BASE, true), &series(&BASE, true)), Design::Paired);
    }

    #[test]
    fn generators_begin_where_the_vectors_say() {
        assert_eq!(state("plain_top"), 0x2f9c_3122_2e9e_bb1f);
        assert_eq!(state("dispatch/latency/param:fn/10"), 0xa759_46c7_033c_87e8);
    }
}
