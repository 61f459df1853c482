//! `summary.json` of iai-callgrind (version 6) and gungraun (version 7): exact counts of events.
//!
//! In both versions Left is the new value, Right the old one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{BadResults, json};
use crate::gate::{Bench, Values};

#[derive(Deserialize)]
struct Summary {
    version: String,
    module_path: String,
    #[serde(default)]
    function_name: String,
    #[serde(default)]
    id: Option<String>,
    profiles: Vec<Value>,
}

#[derive(Deserialize)]
enum Pair {
    Both([Number; 2]),
    Left(Number),
    #[allow(dead_code, reason = "an old value alone is no result, but has to be one")]
    Right(Number),
}

#[derive(Deserialize, Clone, Copy)]
enum Number {
    Int(u64),
    Float(f64),
}

impl Number {
    fn value(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

/// Events that are times, with the nanoseconds of one: the rest are counts.
const TIMES: &[(&str, f64)] = &[("SysTime", 1.0), ("SysCpuTime", 1.0)];

/// A benchmark for each event of callgrind.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Bench>, BadResults> {
    let summary: Summary = json(bytes, "iai-callgrind or gungraun")?;
    // Where the totals lie, and where a pair of values is in an event.
    let (total, values) = match summary.version.as_str() {
        "6" => ("/summaries/total/summary/Callgrind", "metrics"),
        "7" => ("/data/total/summary/Callgrind", "values"),
        other => {
            return Err(BadResults {
                hint: Some("versions 6 (iai-callgrind) and 7 (gungraun) are read"),
                ..BadResults::at("/version", format!("version {other:?} is not known"))
            });
        }
    };
    let mut id = summary.module_path;
    if !summary.function_name.is_empty() && id.rsplit("::").next() != Some(summary.function_name.as_str()) {
        id = format!("{id}::{}", summary.function_name);
    }
    if let Some(case) = summary.id.filter(|case| !case.is_empty()) {
        id = format!("{id} {case}");
    }
    let mut benches = Vec::new();
    for (number, profile) in summary.profiles.iter().enumerate() {
        let Some(events) = profile.pointer(total) else { continue };
        let at = format!("/profiles/{number}{total}");
        let events = BTreeMap::<String, Value>::deserialize(events)
            .map_err(|error| BadResults::at(&at, format!("no events: {error}")))?;
        for (event, entry) in events {
            let at = format!("{at}/{event}/{values}");
            let pair = entry.get(values).ok_or_else(|| BadResults::at(&at, "there are no values"))?;
            let pair = Pair::deserialize(pair).map_err(|error| BadResults::at(&at, error.to_string()))?;
            benches.extend(bench(&id, &event, &pair));
        }
    }
    Ok(benches)
}

/// `None` where there is only an old value.
fn bench(id: &str, event: &str, pair: &Pair) -> Option<Bench> {
    let (value, old) = match pair {
        Pair::Both([new, old]) => (new.value(), Some(old.value())),
        Pair::Left(new) => (new.value(), None),
        Pair::Right(_) => return None,
    };
    let bench = match TIMES.iter().find(|(known, _)| *known == event) {
        Some((_, ns)) => Bench::of(id, event, "ns", Values::Summary(value * ns)),
        None => Bench::of(id, event, "count", Values::Exact(value)),
    };
    Some(Bench { old, ..bench })
}
