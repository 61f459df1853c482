//! criterion 0.8 on disk: the files of one benchmark in one folder.

use serde::Deserialize;

use super::{BadResults, json, times};
use crate::gate::{Bench, Values};

/// The files of a folder that holds `benchmark.json`.
#[derive(Debug, Clone, Copy)]
pub struct CriterionFiles<'a> {
    /// `benchmark.json`.
    pub benchmark: &'a [u8],
    /// `sample.json`.
    pub sample: Option<&'a [u8]>,
    /// `estimates.json`.
    pub estimates: Option<&'a [u8]>,
}

#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
    group_id: String,
}

#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    times: Vec<f64>,
}

#[derive(Deserialize)]
struct Estimates {
    #[serde(default)]
    slope: Option<Estimate>,
    #[serde(default)]
    mean: Option<Estimate>,
    #[serde(default)]
    median: Option<Estimate>,
}

#[derive(Deserialize)]
struct Estimate {
    confidence_interval: Bounds,
    point_estimate: f64,
}

#[derive(Deserialize)]
struct Bounds {
    upper_bound: f64,
}

/// The benchmark of a folder. Its id is the one of the file: folders are cut and have other letters. An error names
/// the file of the folder in its place.
pub fn criterion(files: CriterionFiles<'_>) -> Result<Bench, BadResults> {
    let benchmark: Benchmark = of("benchmark.json", json(files.benchmark, "criterion"))?;
    let sample = files.sample.map(|bytes| of("sample.json", json::<Sample>(bytes, "criterion"))).transpose()?;
    let estimates = files.estimates.map(|bytes| of("estimates.json", json::<Estimates>(bytes, "criterion")));
    let estimates = estimates.transpose()?.unwrap_or(Estimates { slope: None, mean: None, median: None });
    let median = estimates.median.as_ref().or(estimates.mean.as_ref()).map(|estimate| estimate.point_estimate);
    let values = match (sample, median) {
        (Some(sample), _) => Values::Samples(of("sample.json", per_iteration(&sample))?),
        (None, Some(median)) => Values::Summary(median),
        (None, None) => return Err(BadResults::at("estimates.json", "there are neither samples nor estimates")),
    };
    let upper = estimates.slope.as_ref().or(estimates.mean.as_ref()).map(|of| of.confidence_interval.upper_bound);
    Ok(Bench {
        group: benchmark.group_id,
        slope: estimates.slope.map(|slope| slope.point_estimate),
        mean: estimates.mean.map(|mean| mean.point_estimate),
        upper,
        ..Bench::time(benchmark.full_id, values)
    })
}

fn per_iteration(sample: &Sample) -> Result<Vec<f64>, BadResults> {
    if sample.iters.len() != sample.times.len() || sample.iters.is_empty() {
        let what = format!("{} iterations for {} times", sample.iters.len(), sample.times.len());
        return Err(BadResults::at("/iters", what));
    }
    let averages: Vec<f64> = sample.times.iter().zip(&sample.iters).map(|(time, iters)| time / iters).collect();
    times(&averages, 1.0, "/times")
}

fn of<T>(file: &str, read: Result<T, BadResults>) -> Result<T, BadResults> {
    read.map_err(|bad| BadResults { at: format!("{file}, {}", bad.at), ..bad })
}
