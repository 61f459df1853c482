//! Results on disk: found, read, and kept as they are.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use assertions::gate::Bench;
use assertions::gate::read::{BadResults, CriterionFiles, Kind, criterion, detect, read};

use super::failed;
use crate::cli::gate::{Results, Source};
use crate::host;
use crate::message::{Problem, named};
use crate::output::reason;
use crate::perf;

/// The folder of criterion's last run.
pub const NEW: &str = "new";

/// The files of a benchmark of criterion.
const BENCHMARK: &str = "benchmark.json";
const SAMPLE: &str = "sample.json";
const ESTIMATES: &str = "estimates.json";
const FILES: [&str; 4] = [BENCHMARK, SAMPLE, ESTIMATES, "tukey.json"];

/// How far the clock that files are dated by may be behind ours: the kernel reads it once a tick.
const BEHIND: Duration = Duration::from_millis(20);

/// Results as they were found.
#[derive(Debug, Default)]
pub struct Found {
    /// The benchmarks.
    pub benches: Vec<Bench>,
    /// The files behind them, by the name under which they are kept.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Folders of criterion's benchmarks, without the name of the baseline.
    pub folders: Vec<PathBuf>,
    /// Which tools.
    pub kinds: Vec<&'static str>,
    /// When the first and the last file were written.
    pub written: Option<(SystemTime, SystemTime)>,
}

impl Found {
    /// Hash of the files.
    pub fn blake3(&self) -> String {
        let files = self.files.iter().map(|(name, bytes)| (name.to_string_lossy(), bytes.as_slice()));
        let files: Vec<_> = files.collect();
        assertions::gate::content_blake3(files.iter().map(|(name, bytes)| (name.as_ref(), *bytes)))
    }

    fn seen(&mut self, path: &Path) {
        if let Some(at) = host::written_at(path) {
            let (first, last) = self.written.unwrap_or((at, at));
            self.written = Some((first.min(at), last.max(at)));
        }
    }

    fn kind(&mut self, word: &'static str) {
        if !self.kinds.contains(&word) {
            self.kinds.push(word);
        }
    }
}

/// Makes the results, where a command for that was given; when it began.
pub fn make(results: &Results) -> Result<Option<SystemTime>, Problem> {
    let Some(command) = &results.run else { return Ok(None) };
    let began = SystemTime::now() - BEHIND;
    // The table of a check is alone on our standard output.
    let stderr = io::stderr();
    let to_stderr = std::os::fd::AsFd::as_fd(&stderr).try_clone_to_owned().map_or(Stdio::null(), Stdio::from);
    let status = Command::new("sh").arg("-c").arg(command).stdout(to_stderr).status();
    match status {
        Ok(status) if status.success() => Ok(Some(began)),
        Ok(status) => Err(failed(format!("cannot take results of {command:?}: it ended with {status}"))),
        Err(error) => Err(failed(format!("cannot run {command:?}: {}", reason(&error)))),
    }
}

/// What was measured last: of the sources that were named, or of criterion.
pub fn candidate(results: &Results, since: Option<SystemTime>) -> Result<Found, Problem> {
    if results.sources.is_empty() {
        return folder(&root(results), NEW, since);
    }
    let mut found = Found::default();
    for source in &results.sources {
        match source {
            Source::Criterion(path) => {
                let more = folder(path, NEW, since)?;
                found.benches.extend(more.benches);
                found.files.extend(more.files);
                found.folders.extend(more.folders);
                found.kind("criterion");
            }
            Source::File(kind, path) => file(&mut found, *kind, path)?,
        }
    }
    Ok(found)
}

/// One file of results.
pub fn file(found: &mut Found, kind: Option<Kind>, path: &Path) -> Result<(), Problem> {
    let bytes = perf::bytes(path)
        .map_err(|error| failed(format!("cannot read results {}: {}", named(path), reason(&error))))?;
    let kind = kind.or_else(|| detect(&bytes));
    found.benches.extend(read(&bytes, kind).map_err(|bad| unread(path, &bad))?);
    if let Some(kind) = kind {
        let name = format!("{}-{}", kind.word(), found.files.len() + 1);
        found.files.push((name.into(), bytes));
        found.kind(kind.word());
    }
    found.seen(path);
    Ok(())
}

fn unread(path: &Path, bad: &BadResults) -> Problem {
    let problem = failed(format!("cannot read results {}: {bad}", named(path)));
    match bad.hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// Where criterion's results lie: named, or where cargo bench puts them.
pub fn root(results: &Results) -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    results
        .criterion_dir
        .clone()
        .or_else(|| variable("CRITERION_HOME"))
        .or_else(|| Some(variable("CARGO_TARGET_DIR")?.join("criterion")))
        .or_else(|| Some(target_dir()?.join("criterion")))
        .unwrap_or_else(|| "target/criterion".into())
}

/// The target directory of the cargo project here.
fn target_dir() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().find(|dir| dir.join("Cargo.toml").is_file())?;
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    metadata.get("target_directory")?.as_str().map(PathBuf::from)
}

/// The benchmarks of criterion that have this baseline, at any depth. `since`: older ones are left over from others.
pub fn folder(root: &Path, baseline: &str, since: Option<SystemTime>) -> Result<Found, Problem> {
    let mut found = Found::default();
    let cannot = |dir: &Path, error: &io::Error| {
        failed(format!("cannot read criterion results {}: {}", named(dir), reason(error)))
            .hint("run cargo bench, or say with --criterion-dir where they are")
    };
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        let entries = std::fs::read_dir(&dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.map_err(|error| cannot(&dir, &error))?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        // A link to a folder may lead anywhere, also back.
        for entry in entries.iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            if entry.file_name() == baseline && entry.path().join(BENCHMARK).is_file() {
                benchmark(&mut found, root, &dir, baseline, since)?;
            } else {
                open.push(entry.path());
            }
        }
    }
    found.files.sort();
    found.kind("criterion");
    Ok(found)
}

fn benchmark(
    found: &mut Found,
    root: &Path,
    dir: &Path,
    baseline: &str,
    since: Option<SystemTime>,
) -> Result<(), Problem> {
    let folder = dir.join(baseline);
    if let (Some(since), Some(written)) = (since, host::written_at(&folder.join(BENCHMARK)))
        && written < since
    {
        return Ok(());
    }
    let mut files: Vec<(&str, Vec<u8>)> = Vec::new();
    for name in FILES {
        let path = folder.join(name);
        match perf::bytes(&path) {
            Ok(bytes) => files.push((name, bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(format!("cannot read results {}: {}", named(&path), reason(&error)))),
        }
        found.seen(&path);
    }
    let of = |name: &str| files.iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.as_slice());
    let read = criterion(CriterionFiles {
        benchmark: of(BENCHMARK).unwrap_or_default(),
        sample: of(SAMPLE),
        estimates: of(ESTIMATES),
    });
    found.benches.push(read.map_err(|bad| unread(&folder, &bad))?);
    let place = dir.strip_prefix(root).unwrap_or(dir);
    let kept = Path::new("criterion").join(place).join(NEW);
    found.files.extend(files.iter().map(|(name, bytes)| (kept.join(name), bytes.clone())));
    found.folders.push(dir.to_owned());
    Ok(())
}

/// Results as they are kept: what [`Found::files`] were.
pub fn kept(dir: &Path) -> Result<Found, Problem> {
    let mut found = Found::default();
    let criterion = dir.join("criterion");
    if criterion.is_dir() {
        found = folder(&criterion, NEW, None)?;
    }
    let entries = std::fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| failed(format!("cannot read {}: {}", named(dir), reason(&error))))?;
    let mut files: Vec<(usize, Kind, PathBuf)> = entries
        .iter()
        .filter_map(|entry| {
            let name = entry.file_name();
            let (kind, number) = name.to_str()?.rsplit_once('-')?;
            Some((number.parse().ok()?, Kind::of(kind)?, entry.path()))
        })
        .collect();
    files.sort_by_key(|(number, ..)| *number);
    for (number, kind, path) in files {
        file(&mut found, Some(kind), &path)?;
        // Under the name that it had, which may not be the next.
        if let Some((name, _)) = found.files.last_mut() {
            *name = format!("{}-{number}", kind.word()).into();
        }
    }
    Ok(found)
}
