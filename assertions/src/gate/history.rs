//! Values over time: what saved baselines and checked candidates were.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::amount;
use super::changes::changes;
use super::{Bench, Metric, Run, Side, TIME, Values};
use crate::statistics::{logs, median_of};

/// A line of `history.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The benchmark.
    pub bench_id: String,
    /// What stands for a run, or the counter.
    pub metric: String,
    /// `ns`, `count`, …
    pub unit: String,
    /// The value of the run.
    pub value: f64,
    /// When the run began, milliseconds since 1970.
    pub started_at_unix_ms: u64,
    /// The commit.
    pub git_sha: Option<String>,
    /// The host.
    pub host_digest: String,
}

/// The lines that the runs of a side add.
pub fn entries(side: &Side, metric: Metric, host: &str, now_unix_ms: u64) -> Vec<Entry> {
    let entry = |run: &Run, bench: &Bench, value: f64| Entry {
        bench_id: bench.id.clone(),
        metric: if bench.what == TIME { metric.word().to_owned() } else { bench.what.clone() },
        unit: bench.unit.clone(),
        value,
        started_at_unix_ms: run.started_at_unix_ms.unwrap_or(now_unix_ms),
        git_sha: side.git_sha.clone(),
        host_digest: side.host_digest.clone().unwrap_or_else(|| host.to_owned()),
    };
    let mut all = Vec::new();
    // A counter has one value, however often it was counted.
    let mut counted: BTreeMap<(&str, &str), (&Run, &Bench, Vec<f64>)> = BTreeMap::new();
    for (run, bench) in side.runs.iter().flat_map(|run| run.benches.iter().map(move |bench| (run, bench))) {
        match &bench.values {
            Values::Exact(value) => {
                let known = counted.entry((&bench.id, &bench.what)).or_insert_with(|| (run, bench, Vec::new()));
                known.2.push(*value);
            }
            _ => all.extend(bench.run_values(metric).into_iter().map(|value| entry(run, bench, value))),
        }
    }
    let counted = counted.into_values().filter_map(|(run, bench, values)| Some(entry(run, bench, median_of(&values)?)));
    all.extend(counted);
    all
}

/// Lines of JSON.
pub fn lines(entries: &[Entry]) -> String {
    entries.iter().filter_map(|entry| serde_json::to_string(entry).ok()).map(|line| line + "\n").collect()
}

/// Reads lines; an error is the number of the line that is none, and why.
pub fn read(text: &str) -> Result<Vec<Entry>, (usize, String)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| serde_json::from_str(line).map_err(|error| (number + 1, error.to_string())))
        .collect()
}

/// Runs of one program that tell how much runs differ.
const ENOUGH: usize = 8;

/// The least spread that is believed.
const LEAST_SIGMA: f64 = 0.002;

/// A standard deviation over a median of absolute deviations, of normal values.
const MAD: f64 = 1.4826;

/// Spread of the runs of each benchmark on this host at this commit, where there are enough.
pub fn known_sigma(entries: &[Entry], metric: Metric, host: &str, sha: Option<&str>) -> BTreeMap<String, f64> {
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.metric == metric.word()) {
        if entry.host_digest == host && sha.is_some() && entry.git_sha.as_deref() == sha {
            values.entry(entry.bench_id.clone()).or_default().push(entry.value);
        }
    }
    let sigma = |values: &[f64]| {
        let logs = logs(values)?;
        let middle = median_of(&logs)?;
        let away: Vec<f64> = logs.iter().map(|value| (value - middle).abs()).collect();
        Some((MAD * median_of(&away)?).max(LEAST_SIGMA))
    };
    values.into_iter().filter(|(_, all)| all.len() >= ENOUGH).filter_map(|(id, all)| Some((id, sigma(&all)?))).collect()
}

/// One benchmark on one host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// The benchmark.
    pub bench_id: String,
    /// What stands for a run, or the counter.
    pub metric: String,
    /// `ns`, `count`, …
    pub unit: String,
    /// The host.
    pub host_digest: String,
    /// In the order of time.
    pub points: Vec<Point>,
    /// The points at which another level begins.
    pub change_points: Vec<usize>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// When the run began, milliseconds since 1970.
    pub started_at_unix_ms: u64,
    /// The commit.
    pub git_sha: Option<String>,
    /// The value.
    pub value: f64,
}

/// The last so many values of each benchmark, metric and host.
pub fn series(entries: &[Entry], last: usize) -> Vec<Series> {
    let mut all: BTreeMap<(&str, &str, &str), Series> = BTreeMap::new();
    for entry in entries {
        let series = all.entry((&entry.bench_id, &entry.metric, &entry.host_digest)).or_insert_with(|| Series {
            bench_id: entry.bench_id.clone(),
            metric: entry.metric.clone(),
            unit: entry.unit.clone(),
            host_digest: entry.host_digest.clone(),
            points: Vec::new(),
            change_points: Vec::new(),
        });
        series.points.push(Point {
            started_at_unix_ms: entry.started_at_unix_ms,
            git_sha: entry.git_sha.clone(),
            value: entry.value,
        });
    }
    let mut all: Vec<Series> = all.into_values().collect();
    for series in &mut all {
        series.points.sort_by_key(|point| point.started_at_unix_ms);
        series.points.drain(..series.points.len().saturating_sub(last));
        let values: Vec<f64> = series.points.iter().map(|point| point.value).collect();
        series.change_points = changes(&values);
    }
    all
}

/// `chic-trace.history.v1`.
pub fn json(series: &[Series]) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema_version: &'static str,
        series: &'a [Series],
    }
    let document = Document { schema_version: "chic-trace.history.v1", series };
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

/// A row for each value.
pub fn csv(series: &[Series]) -> String {
    let quoted = |text: &str| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let mut out = "bench_id,metric,unit,host_digest,started_at_unix_ms,git_sha,value\n".to_owned();
    for one in series {
        for point in &one.points {
            let words = [&one.bench_id, &one.metric, &one.unit, &one.host_digest].map(|text| quoted(text)).join(",");
            let sha = quoted(point.git_sha.as_deref().unwrap_or_default());
            let _ = writeln!(out, "{words},{},{sha},{}", point.started_at_unix_ms, point.value);
        }
    }
    out
}

/// Lines for each: numbers, a picture of one character for each value, and where another level begins.
pub fn text(series: &[Series]) -> String {
    let mut out = String::new();
    for one in series {
        let values: Vec<f64> = one.points.iter().map(|point| point.value).collect();
        let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let change = if *first > 0.0 { format!(" ({:+.1} %)", (last - first) / first * 100.0) } else { String::new() };
        let shown = |value: f64| crate::perf::escaped(&amount(value, &one.unit));
        let _ = writeln!(
            out,
            "{} {} on {}: first {}, last {}{change}, min {}, median {}, max {}, {}",
            crate::perf::escaped(&one.bench_id),
            crate::perf::escaped(&one.metric),
            crate::perf::escaped(&one.host_digest.chars().take(12).collect::<String>()),
            shown(*first),
            shown(*last),
            shown(least),
            shown(median_of(&values).unwrap_or(*last)),
            shown(most),
            if values.len() == 1 { "1 run".to_owned() } else { format!("{} runs", values.len()) },
        );
        let _ = writeln!(out, "  {}", sparkline(&values, least, most));
        let mut begins: Vec<usize> = std::iter::once(0).chain(one.change_points.iter().copied()).collect();
        begins.push(values.len());
        for (a, b, c) in begins.windows(3).filter_map(|levels| Some((levels.first()?, levels.get(1)?, levels.get(2)?)))
        {
            let level = |from: &usize, to: &usize| values.get(*from..*to).and_then(median_of);
            let Some(((before, after), point)) = level(a, b).zip(level(b, c)).zip(one.points.get(*b)) else { continue };
            let change =
                if before > 0.0 { format!(" ({:+.1} %)", (after - before) / before * 100.0) } else { String::new() };
            let sha =
                point.git_sha.as_deref().map(|sha| crate::perf::escaped(&sha.chars().take(12).collect::<String>()));
            let at = sha.map(|sha| format!(" at {sha}")).unwrap_or_default();
            let _ = writeln!(out, "  changed{change} on {}{at}", date(point.started_at_unix_ms));
        }
    }
    out
}

/// The day in UTC.
fn date(unix_ms: u64) -> String {
    let at = i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| format!("{unix_ms} ms"), |at| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}

/// Eight levels.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

fn sparkline(values: &[f64], least: f64, most: f64) -> String {
    let level = |value: f64| match value.is_finite() {
        // Values that are all the same are no change.
        true if most <= least => LEVELS.first().copied(),
        true => LEVELS.get((((value - least) / (most - least)) * 7.0).round() as usize).copied(),
        false => None,
    };
    values.iter().map(|value| level(*value).unwrap_or('-')).collect()
}
