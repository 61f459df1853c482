//! `chic-trace gate save`: results become a baseline.

use std::time::SystemTime;

use assertions::gate::{Run, Side, history};

use super::settings::Settings;
use super::store::{Kept, Place, copy_beside};
use super::{counted, disk, failed};
use crate::cli::General;
use crate::cli::gate::Save;
use crate::exit::Ending;
use crate::host;
use crate::message::Problem;
use crate::output;

/// Finds results, keeps them, and says what was kept. Nothing is changed where there are none.
pub fn run(general: &General, ask: &Save) -> Result<Ending, Problem> {
    let settings = Settings::of(general, &ask.results)?;
    if !ask.counted.argv.is_empty() {
        return output::print(&counted::save(ask, &settings)?);
    }
    let since = disk::make(&ask.results)?;
    let mut found = disk::candidate(&ask.results, since)?;
    let filter = ask.results.filter.as_deref().unwrap_or_default();
    found.benches.retain(|bench| bench.id.contains(filter));
    if found.benches.is_empty() {
        return Err(failed("cannot save a baseline: there is no benchmark data").hint("run the benchmarks first"));
    }
    let place = Place::of(&settings.store, &ask.name);
    let runs = match place.manifest()? {
        Some(manifest) if ask.append => manifest.runs,
        _ => Vec::new(),
    };
    let here = host::Host::here();
    if let Some(other) = runs.iter().find(|kept| kept.host.digest != here.digest)
        && !ask.results.allow_mixed_hosts
    {
        let what = format!("cannot add a run to {}: run {} is of another machine", ask.name, other.index);
        return Err(failed(what).hint("--allow-mixed-hosts adds it all the same"));
    }
    let now = SystemTime::now();
    let (first, last) = found.written.unwrap_or((now, now));
    let (git_sha, git_dirty) = host::git();
    let mut bench_ids: Vec<String> = found.benches.iter().map(|bench| bench.id.clone()).collect();
    bench_ids.sort();
    bench_ids.dedup();
    let kept = Kept {
        index: runs.iter().map(|kept| kept.index).max().unwrap_or(0) + 1,
        started_at_unix_ms: host::unix_ms(since.unwrap_or(first)),
        finished_at_unix_ms: host::unix_ms(last),
        pair_index: ask.pair_index,
        git_sha: git_sha.clone(),
        git_dirty,
        toolchain: None,
        host: here.clone(),
        load_1m: host::load_1m(),
        steal_percent: None,
        source_kind: found.kinds.join(","),
        content_blake3: found.blake3(),
        bench_ids,
    };
    let said = format!(
        "saved {} as run {} of {}: {}\n",
        count(kept.bench_ids.len(), "benchmark"),
        kept.index,
        ask.name,
        kept.source_kind
    );
    let started_at_unix_ms = Some(kept.started_at_unix_ms);
    place.add(&found, kept, runs)?;
    copy_beside(&found, &ask.name)?;
    let run = Run { pair: ask.pair_index, started_at_unix_ms, benches: found.benches };
    let side = Side { git_sha, runs: vec![run], ..Side::default() };
    place.remember(&history::entries(&side, settings.metric, &here.digest, host::unix_ms(now)))?;
    output::print(&said)
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
