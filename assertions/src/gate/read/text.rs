//! Lines of text: Go's benchmark format, and what libtest and bencher print.

use std::collections::BTreeSet;

use super::{BadResults, SECOND, time};
use crate::gate::results::TIME;
use crate::gate::{Bench, Values};

/// `BenchmarkX/k=v-8 N VALUE UNIT …`: lines of one name are runs of `-count`, samples of one process. Units that
/// `Unit NAME assume=exact` declares are exact.
pub(super) fn go(text: &str) -> Result<Vec<Bench>, BadResults> {
    let exact: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("Unit "))
        .filter(|line| line.split_ascii_whitespace().any(|word| word == "assume=exact"))
        .filter_map(|line| line.split_ascii_whitespace().next())
        .collect();
    let mut benches: Vec<Bench> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut words = line.split_ascii_whitespace();
        let Some(name) = words.next().and_then(|word| word.strip_prefix("Benchmark")) else { continue };
        // A name alone on its line has its values on a later one.
        let Some(Ok(_)) = words.next().map(str::parse::<u64>) else { continue };
        while let (Some(value), Some(unit)) = (words.next(), words.next()) {
            let at = || format!("line {}", number + 1);
            let value: f64 =
                value.parse().map_err(|_| BadResults::at(at(), format!("{value:?} is no number of {unit}")))?;
            let (what, ours, factor) = match unit {
                "ns/op" => (TIME, "ns", 1.0),
                "sec/op" => (TIME, "ns", SECOND),
                other => (other, other, 1.0),
            };
            let value = time(value, factor, at)?;
            match benches.iter_mut().find(|bench| bench.id == name && bench.what == what) {
                Some(bench) => add(bench, value),
                None => benches.push(Bench::of(name, what, ours, first(exact.contains(unit), value))),
            }
        }
    }
    // Rates and sizes that nobody called exact say nothing about more or less of what is good.
    benches.retain(|bench| bench.what == TIME || matches!(bench.values, Values::Exact(_)));
    Ok(benches)
}

fn first(exact: bool, value: f64) -> Values {
    if exact { Values::Exact(value) } else { Values::Samples(vec![value]) }
}

fn add(bench: &mut Bench, value: f64) {
    match &mut bench.values {
        Values::Samples(samples) => samples.push(value),
        Values::Exact(known) if *known != value => {
            bench.failed = Some(format!("{} is declared exact, and was {known} and {value}", bench.what));
        }
        _ => {}
    }
}

/// `test NAME ... bench: N ns/iter (+/- D)`.
pub(super) fn libtest(text: &str) -> Result<Vec<Bench>, BadResults> {
    let mut benches = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((name, rest)) = line.trim().strip_prefix("test ").and_then(|line| line.split_once(" ... bench:"))
        else {
            continue;
        };
        let at = || format!("line {}", number + 1);
        let mut words = rest.split_ascii_whitespace();
        let (value, unit) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let value: f64 =
            value.replace(',', "").parse().map_err(|_| BadResults::at(at(), format!("{value:?} is no number")))?;
        if unit != "ns/iter" {
            return Err(BadResults::at(at(), format!("{unit:?} is not ns/iter")));
        }
        benches.push(Bench::time(name.trim(), Values::Summary(time(value, 1.0, at)?)));
    }
    Ok(benches)
}
