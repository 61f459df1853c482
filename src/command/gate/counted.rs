//! Counters: what a program does, counted in several runs, kept and compared.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use assertions::Configuration;
use assertions::gate::counters::{self, Accounts, Counters, RUNS, Traced};
use assertions::gate::{Run, Side, history};
use goldens::{Store, folder, valid_full_name};
use tracer::Usage;

use super::runs::{self, Stage};
use super::settings::Settings;
use super::store::Place;
use super::{failed, reasons, written};
use crate::cli::gate::{Counted, Save};
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

/// What was counted.
pub struct Found {
    /// The counters.
    pub counters: Counters,
    /// What of the kernel's accounts is not among them, and why.
    pub missing: Vec<(&'static str, String)>,
}

/// Counts what this program does in so many runs; instructions and page faults in as many that are not traced.
pub fn count(ask: &Counted, runs: Option<usize>) -> Result<Found, Problem> {
    let runs = runs.or(ask.runs.map(|runs| runs as usize)).unwrap_or(RUNS).max(RUNS);
    let stage = Stage { stdin: None, timeout: ask.timeout, no_aslr: tracer::without_aslr().is_ok() };
    // What runs untraced is in a group of its own: nobody else ends it when we are told to end.
    tracer::interrupts::hold();
    let mut traced: Vec<Traced> = Vec::new();
    let mut bare: Vec<Accounts> = Vec::new();
    let mut missing = BTreeMap::new();
    for _ in 0..runs {
        let launch = || stage.launch(&ask.argv, 0, None);
        traced.push(stage.traced(launch()?).map_err(cannot)?.0);
        for usage in stage.bare(&[&launch()?]).map_err(cannot)? {
            bare.push(runs::accounts(&usage));
            let Usage { instructions, minor_faults, major_faults, .. } = usage;
            for (name, count) in
                [("instructions", instructions), ("faults.minor", minor_faults), ("faults.major", major_faults)]
            {
                missing.extend(count.err().map(|why| (name, why)));
            }
        }
    }
    Ok(Found { counters: counters(&traced, &bare, &ask.argv), missing: missing.into_iter().collect() })
}

fn cannot(problem: Problem) -> Problem {
    let what = problem.what.strip_prefix("run-failed: ").unwrap_or(&problem.what);
    Problem { what: format!("cannot count calls: {what}"), ..problem }
}

/// The counters of these runs of a program.
pub fn counters(traced: &[Traced], bare: &[Accounts], argv: &[OsString]) -> Counters {
    let argv = argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    Counters::of(traced, bare, argv, host::Host::here().digest)
}

/// Keeps counters, and says how many are the same in all runs. Those of a baseline go into its history, too.
pub fn save(ask: &Save, settings: &Settings) -> Result<String, Problem> {
    let path = place(&ask.counted, &ask.name, settings)?;
    let Found { counters, missing } = count(&ask.counted, None)?;
    for (name, why) in missing {
        reasons::line(&format!("{name} are not counted: {why}"));
    }
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)
            .map_err(|error| failed(format!("cannot write {}: {}", named(dir), reason(&error))))?;
    }
    written(perf::write(&path, counters.json().as_bytes()))?;
    if ask.counted.golden.is_none() {
        let (git_sha, _) = host::git();
        let side = Side { git_sha, ..side(&ask.name, &ask.counted, &counters) };
        let now = host::unix_ms(std::time::SystemTime::now());
        let entries = history::entries(&side, settings.metric, &counters.host_digest, now);
        Place::of(&settings.store, &ask.name).remember(&entries)?;
    }
    let exact = counters.counters.iter().filter(|counter| counter.class == counters::Class::Exact).count();
    let (all, runs) = (counters.counters.len(), counters.runs);
    Ok(format!("saved {all} counters of {runs} runs in {}: {exact} exact\n", named(&path)))
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
pub fn side(name: &str, ask: &Counted, counters: &Counters) -> Side {
    let runs: Vec<Run> = counters.as_runs(&id(ask));
    Side { name: name.to_owned(), host_digest: Some(counters.host_digest.clone()), runs, ..Side::default() }
}

/// The id that counters of a program have in a report.
pub fn id(ask: &Counted) -> String {
    let program = ask.argv.first().map(Path::new);
    program.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
}
