//! What the gate finds and what it lets pass, by simulation with a generator of its own: no clock, fixed seeds.

use assertions::gate::{Bench, Looks, Parameters, Run, Side, Values, Verdict, judge};

/// The noise of a machine: spread of runs and of samples, outliers, drift.
#[derive(Debug, Clone, Copy)]
struct Scenario {
    name: &'static str,
    between: f64,
    within: f64,
    chance: f64,
    outlier: f64,
    drift: f64,
}

const QUIET: Scenario =
    Scenario { name: "quiet", between: 0.002, within: 0.005, chance: 0.01, outlier: 0.05, drift: 0.0 };
const TYPICAL: Scenario =
    Scenario { name: "typical", between: 0.010, within: 0.020, chance: 0.03, outlier: 0.20, drift: 0.0 };
const NOISY: Scenario =
    Scenario { name: "noisyCI", between: 0.030, within: 0.050, chance: 0.08, outlier: 0.50, drift: 0.0 };
const DRIFT: Scenario = Scenario { name: "drift", drift: 0.05, ..TYPICAL };
const ALL: [Scenario; 4] = [QUIET, TYPICAL, NOISY, DRIFT];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From above 0 to 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (2.0 * std::f64::consts::PI * self.unit()).cos()
    }
}

impl Scenario {
    /// Samples of one run at a moment from 0 to 1.
    fn samples(self, random: &mut Random, at: f64, shift: f64, count: usize) -> Vec<f64> {
        let run = self.between * random.normal();
        (0..count)
            .map(|_| {
                let outlier = if random.unit() < self.chance { -random.unit().ln() * self.outlier } else { 0.0 };
                let log = self.drift * at + run + self.within * random.normal() + outlier;
                1000.0 * log.exp() * (1.0 + shift)
            })
            .collect()
    }
}

/// The order in which the sides are run.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Order {
    Pairs,
    Blocks,
}

/// Two sides of so many runs with ten samples each; the shift of each benchmark.
fn sides(scenario: Scenario, random: &mut Random, runs: usize, shifts: &[f64], order: Order) -> [Side; 2] {
    let mut sides = [Side::default(), Side::default()];
    for run in 0..runs {
        for (number, side) in sides.iter_mut().enumerate() {
            let place = match order {
                // A B B A.
                Order::Pairs => 2 * run + (number + run) % 2,
                Order::Blocks => number * runs + run,
            };
            let at = place as f64 / (2 * runs - 1).max(1) as f64;
            let bench = |(id, shift): (usize, &f64)| {
                let shift = if number == 1 { *shift } else { 0.0 };
                Bench::time(format!("b{id}"), Values::Samples(scenario.samples(random, at, shift, 10)))
            };
            side.runs.push(Run {
                pair: (order == Order::Pairs).then_some(run as u64),
                started_at_unix_ms: Some(place as u64),
                benches: shifts.iter().enumerate().map(bench).collect(),
            });
        }
    }
    sides
}

/// Shares of regressed and of pass in so many comparisons of one benchmark.
fn shares(scenario: Scenario, seed: u64, sims: usize, runs: usize, shift: f64, order: Order) -> (f64, f64) {
    let mut random = Random(seed);
    let parameters = Parameters::default();
    let (mut regressed, mut pass) = (0, 0);
    for _ in 0..sims {
        let [a, b] = sides(scenario, &mut random, runs, &[shift], order);
        match judge(&a, &b, &parameters).rows[0].verdict {
            Verdict::Regressed => regressed += 1,
            Verdict::Pass => pass += 1,
            _ => {}
        }
    }
    (regressed as f64 / sims as f64, pass as f64 / sims as f64)
}

#[track_caller]
fn at_most(found: f64, bound: f64, what: impl std::fmt::Display) {
    assert!(found <= bound, "{what}: {found} is above {bound}");
}

#[track_caller]
fn at_least(found: f64, bound: f64, what: impl std::fmt::Display) {
    assert!(found >= bound, "{what}: {found} is below {bound}");
}

#[test]
fn pairs_raise_no_false_alarm_and_find_what_is_there() {
    for scenario in ALL {
        let name = scenario.name;
        at_most(shares(scenario, 1, 2000, 10, 0.0, Order::Pairs).0, 0.003, format!("{name}: A/A"));
        for runs in [10, 20] {
            let margin = shares(scenario, 2, 2000, runs, 0.02, Order::Pairs).0;
            at_most(margin, 0.02, format!("{name}: {runs} pairs on the margin"));
            let limit = shares(scenario, 3, 2000, runs, 0.05, Order::Pairs);
            at_most(limit.1, 0.02, format!("{name}: {runs} pairs at the limit pass"));
            if runs == 10 && (name == "typical" || name == "drift") {
                at_least(limit.0, 0.93, format!("{name}: +5 %"));
            }
        }
    }
    at_least(shares(NOISY, 4, 2000, 10, 0.10, Order::Pairs).0, 0.88, "noisyCI: +10 %");
    at_least(shares(TYPICAL, 5, 2000, 10, 0.0, Order::Pairs).1, 0.99, "typical: A/A passes");
    at_least(shares(NOISY, 6, 2000, 20, 0.0, Order::Pairs).1, 0.88, "noisyCI: A/A passes");
}

#[test]
fn families_are_controlled_together() {
    let any = |scenario: Scenario, seed: u64, runs: usize, shifts: &[f64]| {
        let mut random = Random(seed);
        let parameters = Parameters::default();
        let alarms = (0..400).filter(|_| {
            let [a, b] = sides(scenario, &mut random, runs, shifts, Order::Pairs);
            judge(&a, &b, &parameters).rows.iter().any(|row| row.verdict == Verdict::Regressed)
        });
        alarms.count() as f64 / 400.0
    };
    for scenario in [TYPICAL, NOISY, DRIFT] {
        at_most(any(scenario, 11, 10, &[0.0; 30]), 0.01, format!("{}: A/A", scenario.name));
        at_most(any(scenario, 12, 10, &[0.02; 30]), 0.09, format!("{}: all on the margin", scenario.name));
    }
    let mut one = [0.0; 30];
    one[7] = 0.05;
    for scenario in [TYPICAL, DRIFT] {
        at_least(any(scenario, 13, 15, &one), 0.95, format!("{}: one of 30", scenario.name));
    }
}

#[test]
fn one_side_after_the_other_takes_no_drift_for_a_regression() {
    at_most(shares(DRIFT, 21, 2000, 10, 0.0, Order::Blocks).0, 0.003, "drift: A/A");
    at_least(shares(TYPICAL, 22, 2000, 10, 0.10, Order::Blocks).0, 0.99, "typical: +10 %");
}

#[test]
fn the_smallest_findable_change_is_found_nearly_always() {
    for scenario in ALL {
        for runs in [7, 10, 20, 30] {
            let mut random = Random(31 + runs as u64);
            let parameters = Parameters::default();
            // The middle of what the reports promise is the change that is then looked for.
            let mut promised: Vec<f64> = (0..400)
                .filter_map(|_| {
                    let [a, b] = sides(scenario, &mut random, runs, &[0.0], Order::Pairs);
                    judge(&a, &b, &parameters).rows[0].min_detectable_percent
                })
                .collect();
            promised.sort_by(f64::total_cmp);
            let shift = promised[promised.len() / 2] / 100.0;
            let found = shares(scenario, 41, 2000, runs, shift, Order::Pairs).0;
            assert!((0.75..=0.95).contains(&found), "{}: {runs} pairs, {shift}: {found}", scenario.name);
        }
    }
}

#[test]
fn looking_three_times_costs_no_certainty() {
    // Share regressed, and pairs on average.
    let looked = |scenario: Scenario, seed: u64, shift: f64| {
        let mut random = Random(seed);
        let (parameters, looks) = (Parameters::default(), Looks::of(1));
        let (mut regressed, mut made) = (0, 0);
        for _ in 0..2000 {
            let [a, b] = sides(scenario, &mut random, looks.pairs()[2], &[shift], Order::Pairs);
            let value = |run: &Run| run.benches[0].run_values(parameters.metric)[0].ln();
            let all: Vec<f64> = a.runs.iter().zip(&b.runs).map(|(a, b)| value(b) - value(a)).collect();
            for (look, pairs) in looks.pairs().into_iter().enumerate() {
                let verdict = looks.look(look, &all[..pairs], &parameters);
                if verdict != Verdict::Inconclusive || look == 2 {
                    regressed += u32::from(verdict == Verdict::Regressed);
                    made += pairs;
                    break;
                }
            }
        }
        (f64::from(regressed) / 2000.0, made as f64 / 2000.0)
    };
    for scenario in ALL {
        at_most(looked(scenario, 51, 0.02).0, 0.012, format!("{}: on the margin", scenario.name));
    }
    for scenario in [TYPICAL, DRIFT] {
        at_least(looked(scenario, 52, 0.05).0, 0.985, format!("{}: +5 %", scenario.name));
    }
    at_least(looked(NOISY, 53, 0.10).0, 0.985, "noisyCI: +10 %");
    at_most(looked(TYPICAL, 54, 0.0).1, 10.2, "typical: pairs at A/A");
}

#[test]
fn single_runs_find_much_and_take_no_drift_for_a_regression() {
    let share = |scenario: Scenario, seed: u64, shift: f64| {
        let mut random = Random(seed);
        let parameters = Parameters::default();
        let regressed = (0..500).filter(|_| {
            let side = |at: f64, shift: f64, random: &mut Random| {
                let bench = Bench::time("b", Values::Samples(scenario.samples(random, at, shift, 100)));
                Side { runs: vec![Run { benches: vec![bench], ..Run::default() }], ..Side::default() }
            };
            let (a, b) = (side(0.0, 0.0, &mut random), side(1.0, shift, &mut random));
            judge(&a, &b, &parameters).rows[0].verdict == Verdict::Regressed
        });
        regressed.count() as f64 / 500.0
    };
    at_most(share(DRIFT, 61, 0.0), 0.04, "drift: A/A");
    at_least(share(TYPICAL, 62, 0.15), 0.98, "typical: +15 %");
}

#[test]
fn counts_of_instructions_raise_no_alarm_and_find_one_percent() {
    let share = |seed: u64, shift: f64| {
        let mut random = Random(seed);
        let regressed = (0..4000).filter(|_| {
            let side = |shift: f64, random: &mut Random| -> Vec<f64> {
                (0..5).map(|_| 1e9 * (1.0 + 0.002 * random.unit()) * (1.0 + shift)).collect()
            };
            let (a, b) = (side(0.0, &mut random), side(shift, &mut random));
            assertions::gate::counters::minima(&a, &b) == Verdict::Regressed
        });
        regressed.count() as f64 / 4000.0
    };
    at_most(share(71, 0.0), 0.001, "A/A");
    at_least(share(72, 0.01), 0.99, "+1 %");
}
