//! `chic-trace gate check`: results against a baseline.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use assertions::gate::notes::{self, Circumstances, Note, Noted, Status};
use assertions::gate::{
    GateReport, Judged, Measurement, Overall, Parameters, Run, Side, Verdict, counters, first, history, json, judge,
    text, verify,
};

use super::disk::{self, Found, NEW};
use super::pairs::{self, Paired};
use super::reasons::{self, line, told};
use super::settings::{CheckSettings, Settings};
use super::store::Place;
use super::{counted, failed, found, written};
use crate::cli::General;
use crate::cli::gate::{Check, Source, Turns};
use crate::emit::{self, Case, Findings, Lines, Own, Wanted};
use crate::exit::{Code, Ending};
use crate::host;
use crate::message::{Problem, named};
use crate::output::{self, reason};
use crate::perf;

/// Compares, writes the reports, prints, and chooses the code by the status that was written.
pub fn run(general: &General, ask: &Check) -> Result<Ending, Problem> {
    if let Some(path) = &ask.verify {
        return verified(path);
    }
    let began = Instant::now();
    let mut wanted = emit::wanted(&ask.emit, emit::GATE)?;
    let settings = Settings::of(general, &ask.results)?;
    if let Some(configuration) = settings.configuration() {
        wanted.extend(emit::configured(configuration, "gate-check", emit::GATE)?);
    }
    let check = settings.check(ask)?;
    let reports = [&ask.report, &ask.report_v1].into_iter().flatten().map(PathBuf::as_path);
    for path in reports.chain(wanted.iter().map(Wanted::path)) {
        prepared(path)?;
    }
    let compared = match &ask.turns {
        Some(turns) => of_pairs(ask, turns, &check),
        None if ask.counted.argv.is_empty() => of_results(ask, &settings, &check),
        None => of_counters(ask, &settings, &check),
    };
    let (compared, problem) = match compared {
        Ok(compared) => (compared, None),
        Err(problem) if problem.code == Code::FAILED => (Compared::default(), Some(problem)),
        Err(problem) => return Err(problem),
    };
    let notes = check.risk_notes.clone();
    let report = report(ask, &settings, check, compared, problem)?;
    if let Some(path) = &ask.report {
        written(perf::write(path, json(&report).as_bytes()))?;
    }
    // Without results the form of the origin can't be met.
    if let (Some(path), false) = (&ask.report_v1, report.candidate.is_empty())
        && let Some(text) = first(&report)
    {
        written(perf::write(path, text.as_bytes()))?;
    }
    reasons::say(&report, ask.allow_unused_notes, &notes);
    let own = Own { json: &|| json(&report), text: &|| text(&report), junit: None };
    let findings = found::findings(&report).located(&|case| place(ask, &settings, &report, case));
    let findings = Findings { took_ms: began.elapsed().as_millis() as u64, ..findings };
    written(emit::write(&wanted, own, &findings))?;
    match output::print(&emit::form(ask.form, own, &findings))? {
        Ending::Code(_) => Ok(code(report.overall()).into()),
        other => Ok(other),
    }
}

/// Where a finding belongs: the line of renacer.toml that sets the limit, the risk note that is no good, else the file
/// of results that holds the benchmark.
fn place(ask: &Check, settings: &Settings, report: &GateReport, case: &Case) -> Option<emit::Place> {
    let first = case.found.first()?;
    if let Some(noted) = report.notes.iter().find(|noted| told(noted) == first.message) {
        return Some(emit::Place { file: noted.path.clone(), line: 1 });
    }
    let row = report.rows.iter().find(|row| found::name(report, row) == case.name)?;
    settings.limit_place(ask, row).or_else(|| {
        let named = ask.results.sources.iter().filter_map(|source| match source {
            Source::File(_, path) => Lines::of(path),
            Source::Criterion(_) => None,
        });
        named.into_iter().find_map(|lines| lines.holding(&row.bench_id))
    })
}

fn code(overall: Overall) -> Code {
    match overall {
        Overall::Pass => Code::OK,
        Overall::Fail => Code::FAILED,
        Overall::Inconclusive => Code::UNDECIDED,
    }
}

/// Takes away the report of an earlier check, and makes a folder for this one's.
fn prepared(path: &Path) -> Result<(), Problem> {
    let cannot = |error: io::Error| failed(format!("cannot write {}: {}", named(path), reason(&error)));
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => std::fs::remove_file(path).map_err(cannot)?,
        _ => {}
    }
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => std::fs::create_dir_all(parent).map_err(cannot),
        None => Ok(()),
    }
}

/// Both sides, and what is said of them.
#[derive(Default)]
struct Compared {
    baseline: Side,
    candidate: Side,
    judged: Judged,
    failures: Vec<String>,
    parameters: Option<Parameters>,
    measurement: Option<Measurement>,
}

fn of_results(ask: &Check, settings: &Settings, check: &CheckSettings) -> Result<Compared, Problem> {
    let here = host::Host::here();
    let (baseline, candidate) = sides(ask, settings, check, &here)?;
    let mut failures = Vec::new();
    let mut parameters = check.parameters.clone();
    match Place::of(&settings.store, &check.baseline).history() {
        Ok(Some(entries)) => {
            let sha = baseline.git_sha.as_deref();
            parameters.known_sigma = history::known_sigma(&entries, parameters.metric, &here.digest, sha);
        }
        Ok(None) => {}
        Err(problem) => failures.push(problem.what),
    }
    let judged = judge(&baseline, &candidate, &parameters);
    if candidate.is_empty() {
        let filter = &check.filter;
        let of = if filter.is_empty() { String::new() } else { format!(" with {filter:?} in its id") };
        failures.push(format!("cannot check anything: there is no benchmark data{of}"));
    } else if judged.rows.iter().all(|row| row.verdict == Verdict::New) {
        failures.push(format!("cannot check against {}: there is no such baseline", check.baseline));
    }
    Ok(Compared { baseline, candidate, judged, failures, parameters: Some(parameters), measurement: None })
}

fn of_pairs(ask: &Check, turns: &Turns, check: &CheckSettings) -> Result<Compared, Problem> {
    let Paired { baseline, candidate, judged, measurement } = pairs::run(&ask.counted, turns, check)?;
    if let Some(why) = &measurement.in_turns {
        line(&format!("cannot run both at the same time: {why}; they were run in turns"));
    }
    measurement.not_measured.iter().for_each(|missing| line(&pairs::told(missing)));
    Ok(Compared { baseline, candidate, judged, measurement: Some(measurement), ..Compared::default() })
}

fn of_counters(ask: &Check, settings: &Settings, check: &CheckSettings) -> Result<Compared, Problem> {
    let ask = &ask.counted;
    let before = counted::kept(&counted::place(ask, &check.baseline, settings)?)?;
    let counted::Found { counters: after, missing } = counted::count(ask, Some(before.runs))?;
    let name = ask.golden.as_deref().unwrap_or(&check.baseline);
    let mut rows = counters::compare(&counted::id(ask), &before, &after, check.calls_percent);
    for row in rows.iter_mut().filter(|row| row.verdict == Verdict::NotMeasured) {
        if let Some((_, why)) = missing.iter().find(|(name, _)| *name == row.metric) {
            row.reason = Some(format!("counter-unavailable: {why}"));
        }
    }
    rows.retain(|row| row.metric.contains(&check.filter) || row.bench_id.contains(&check.filter));
    let mut failures = Vec::new();
    if rows.is_empty() {
        failures.push(format!("cannot check anything: no counter has {:?} in its name", check.filter));
    }
    Ok(Compared {
        baseline: counted::side(name, ask, &before),
        candidate: counted::side(NEW, ask, &after),
        judged: Judged { rows, ..Judged::default() },
        failures,
        ..Compared::default()
    })
}

/// Both sides; what is missing fails.
fn sides(ask: &Check, settings: &Settings, check: &CheckSettings, here: &host::Host) -> Result<(Side, Side), Problem> {
    let since = disk::make(&ask.results)?;
    let named_side = |name: &str| match Place::of(&settings.store, name).side()? {
        Some(side) => Ok(side),
        None => Ok(Side { name: name.to_owned(), ..of(disk::folder(&disk::root(&ask.results), name, None)?) }),
    };
    let mut candidate = match &ask.candidate {
        Some(name) => named_side(name)?,
        None => {
            let (git_sha, git_dirty) = host::git();
            let side = of(disk::candidate(&ask.results, since)?);
            let host_digest = Some(here.digest.clone());
            Side { name: NEW.to_owned(), git_sha, git_dirty, host_digest, ..side }
        }
    };
    candidate.keep(&check.filter);
    // Results that hold the old values themselves need no baseline: what of a benchmark has none is new.
    let benches = || candidate.runs.iter().flat_map(|run| &run.benches);
    let known: HashSet<&String> = benches().filter(|bench| bench.old.is_some()).map(|bench| &bench.id).collect();
    let holds_old = benches().all(|bench| known.contains(&bench.id));
    let mut baseline = if holds_old && !candidate.is_empty() && ask.baseline.is_none() {
        Place::of(&settings.store, &check.baseline)
            .side()?
            .unwrap_or_else(|| Side { name: check.baseline.clone(), ..Side::default() })
    } else {
        named_side(&check.baseline)?
    };
    baseline.keep(&check.filter);
    Ok((baseline, candidate))
}

fn of(found: Found) -> Side {
    let started_at_unix_ms = found.written.map(|(first, _)| host::unix_ms(first));
    let content_blake3 = Some(found.blake3());
    Side {
        content_blake3,
        runs: vec![Run { pair: None, started_at_unix_ms, benches: found.benches }],
        ..Side::default()
    }
}

fn report(
    ask: &Check,
    settings: &Settings,
    check: CheckSettings,
    compared: Compared,
    problem: Option<Problem>,
) -> Result<GateReport, Problem> {
    let place = Place::of(&settings.store, &check.baseline);
    let Compared { baseline, candidate, judged, failures: more, parameters, measurement } = compared;
    let parameters = parameters.unwrap_or(check.parameters);
    let now = SystemTime::now();
    let mut rows = judged.rows;
    let mut failures: Vec<String> = problem.into_iter().map(|problem| problem.what).collect();
    failures.extend(more);
    failures.extend(judged.failures);
    let found = found_notes(&check.risk_notes, ask.risk_notes.is_some())?;
    let circumstances = Circumstances {
        now_unix_s: (host::unix_ms(now) / 1000) as i64,
        baseline_blake3: baseline.content_blake3.as_deref(),
    };
    let notes = notes::apply(&found, &mut rows, circumstances);
    let bad = |noted: &&Noted| match noted.status {
        Status::Used => false,
        Status::Unused => !ask.allow_unused_notes,
        _ => true,
    };
    failures.extend(notes.iter().filter(bad).map(told));
    if ask.record_history && !candidate.is_empty() {
        let here = host::Host::here().digest;
        place.remember(&history::entries(&candidate, parameters.metric, &here, host::unix_ms(now)))?;
    }
    Ok(GateReport {
        generated_at_unix_ms: host::generated_at_unix_ms(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        baseline,
        candidate,
        parameters,
        family_size: judged.family_size,
        rows,
        notes,
        failures,
        regressions_fail: check.regressions_fail,
        measurement,
    })
}

/// The notes of a folder, by name; only a folder that was named has to be there.
fn found_notes(dir: &Path, given: bool) -> Result<Vec<Note>, Problem> {
    let cannot =
        |path: &Path, error: &io::Error| failed(format!("cannot read risk notes {}: {}", named(path), reason(error)));
    let entries = match std::fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !given => return Ok(Vec::new()),
        Err(error) => return Err(cannot(dir, &error)),
    };
    let mut paths: Vec<_> = entries.iter().map(std::fs::DirEntry::path).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let note = |path: &std::path::PathBuf| {
        let bytes = perf::bytes(path).map_err(|error| cannot(path, &error))?;
        Ok(Note { path: path.to_string_lossy().into_owned(), bytes })
    };
    paths.iter().map(note).collect()
}

/// `--verify-report`.
fn verified(path: &Path) -> Result<Ending, Problem> {
    let bytes =
        perf::bytes(path).map_err(|error| failed(format!("cannot read report {}: {}", named(path), reason(&error))))?;
    let contradictions = verify(&bytes).map_err(|why| failed(format!("cannot take report {}: {why}", named(path))))?;
    contradictions.iter().for_each(|contradiction| line(&format!("{}: {contradiction}", named(path))));
    match output::print(if contradictions.is_empty() { "consistent\n" } else { "inconsistent\n" })? {
        Ending::Code(_) if !contradictions.is_empty() => Ok(Code::FAILED.into()),
        ending => Ok(ending),
    }
}
