//! Counters: the calls of a program, counted in several runs, kept and compared.

use std::path::{Path, PathBuf};

use assertions::gate::counters::{self, Counters, RUNS};
use assertions::gate::{Run, Side};
use assertions::{CallCounts, Configuration, Gap};
use goldens::{Store, folder, valid_full_name};

use super::settings::Settings;
use super::{failed, written};
use crate::bench::LiveBench;
use crate::cli::gate::Counted;
use crate::host;
use crate::message::{Problem, named, safe};
use crate::output::reason;
use crate::{config, perf, platform};

/// The file of counters, in a baseline or beside a golden.
const FILE: &str = "counters.json";

/// Where the counters of a name lie.
pub fn place(ask: &Counted, name: &str, settings: &Settings) -> Result<PathBuf, Problem> {
    match &ask.golden {
        Some(golden) => Ok(beside(golden, settings.configuration())?.join(FILE)),
        None => Ok(settings.store.join(name).join(FILE)),
    }
}

/// The folder beside a golden, which has to be there.
fn beside(golden: &str, configuration: Option<&Configuration>) -> Result<PathBuf, Problem> {
    if !valid_full_name(golden) {
        return Err(Problem::usage(format!("cannot take {golden:?} as the name of a golden")));
    }
    let store = Store::new(config::golden_dir(None, configuration).value);
    let path = store.find(golden, &platform::here());
    if path.is_file() {
        return Ok(folder(&path));
    }
    Err(failed(format!("cannot use golden {golden}: there is no {}", named(&path)))
        .hint(format!("chic-trace golden record {golden} -- PROG")))
}

/// Counts the calls of so many runs.
pub fn count(ask: &Counted, runs: Option<usize>) -> Result<Counters, Problem> {
    let runs = runs.or(ask.runs.map(|runs| runs as usize)).unwrap_or(RUNS).max(RUNS);
    let mut bench = LiveBench::new(ask.argv.clone(), 0);
    let all: Vec<CallCounts> = (0..runs).map(|_| one(&mut bench)).collect::<Result<_, _>>()?;
    let argv = ask.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    Ok(Counters::of(&all, argv, host::Host::here().digest))
}

fn one(bench: &mut LiveBench) -> Result<CallCounts, Problem> {
    let cannot = |why: String| failed(format!("cannot count calls: {why}"));
    let counts = bench.counts().map_err(|problem| cannot(problem.what))?.map_err(cannot)?;
    match &counts.gap {
        None => Ok(counts),
        Some(Gap::Missing(why) | Gap::Filtered(why) | Gap::Incomplete(why)) => Err(cannot(why.clone())),
    }
}

/// Keeps counters, and says how many are the same in all runs.
pub fn save(ask: &Counted, path: &Path) -> Result<String, Problem> {
    let counters = count(ask, None)?;
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)
            .map_err(|error| failed(format!("cannot write {}: {}", named(dir), reason(&error))))?;
    }
    written(perf::write(path, counters.json().as_bytes()))?;
    let exact = counters.counters.iter().filter(|counter| counter.class == counters::Class::Exact).count();
    let (all, runs) = (counters.counters.len(), counters.runs);
    Ok(format!("saved {all} counters of {runs} runs in {}: {exact} exact\n", named(path)))
}

/// Counters that were kept, and how often the program was run for them.
pub fn kept(path: &Path) -> Result<Counters, Problem> {
    let cannot = |why: String| failed(format!("cannot read counters {}: {}", named(path), safe(&why)));
    let bytes = perf::bytes(path).map_err(|error| {
        cannot(reason(&error)).hint("chic-trace gate save with the same words, and the program behind --, makes them")
    })?;
    Counters::read(&bytes).map_err(cannot)
}

/// What a report says of the runs behind counters.
pub fn side(name: &str, counters: &Counters) -> Side {
    Side {
        name: name.to_owned(),
        host_digest: Some(counters.host_digest.clone()),
        runs: vec![Run::default(); counters.runs],
        ..Side::default()
    }
}

/// The id that counters of a program have in a report.
pub fn id(ask: &Counted) -> String {
    let program = ask.argv.first().map(Path::new);
    program.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
}
