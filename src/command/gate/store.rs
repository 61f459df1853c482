//! The store: named baselines, each a manifest, the files of its runs, and a history.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use assertions::gate::history::Entry;
use assertions::gate::{Run, Side, content_blake3, history};
use serde::{Deserialize, Serialize};

use super::disk::{self, Found, NEW};
use super::{failed, written};
use crate::host::Host;
use crate::message::{Problem, named};
use crate::output::reason;
use crate::perf;

/// `schema_version` of a manifest.
const SCHEMA: &str = "chic-trace.baseline.v1";

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always the same.
    pub schema_version: String,
    /// Name of the baseline.
    pub name: String,
    /// In the order in which they were added.
    pub runs: Vec<Kept>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// From 1 on; the name of its folder.
    pub index: u32,
    /// When it began.
    pub started_at_unix_ms: u64,
    /// When it ended.
    pub finished_at_unix_ms: u64,
    /// Which pair it belongs to.
    pub pair_index: Option<u64>,
    /// The commit.
    pub git_sha: Option<String>,
    /// Were there changes beside it?
    pub git_dirty: Option<bool>,
    /// Compiler.
    pub toolchain: Option<String>,
    /// The machine.
    pub host: Host,
    /// Load when it was saved.
    pub load_1m: Option<f64>,
    /// Time that the machine gave to others.
    pub steal_percent: Option<f64>,
    /// Which tools.
    pub source_kind: String,
    /// Hash of its files.
    pub content_blake3: String,
    /// What it measured.
    pub bench_ids: Vec<String>,
}

/// A place for one baseline.
#[derive(Debug, Clone)]
pub struct Place {
    name: String,
    dir: PathBuf,
}

impl Place {
    /// Of this name.
    pub fn of(store: &Path, name: &str) -> Place {
        Place { name: name.to_owned(), dir: store.join(name) }
    }

    fn run_dir(&self, index: u32) -> PathBuf {
        self.dir.join(format!("run-{index:04}"))
    }

    /// What is saved; `None`: nothing.
    pub fn manifest(&self) -> Result<Option<Manifest>, Problem> {
        let path = self.dir.join("manifest.json");
        let cannot = |why: String| failed(format!("cannot read baseline {}: {why}", named(&path)));
        let bytes = match perf::bytes(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(cannot(reason(&error))),
        };
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| cannot(error.to_string()))?;
        if manifest.schema_version != SCHEMA {
            return Err(cannot(format!("schema_version {:?} is not {SCHEMA}", manifest.schema_version)));
        }
        Ok(Some(manifest))
    }

    /// The runs of a baseline, checked against what was saved; `None`: there is none.
    pub fn side(&self) -> Result<Option<Side>, Problem> {
        let Some(manifest) = self.manifest()? else { return Ok(None) };
        let mut runs = Vec::new();
        for kept in &manifest.runs {
            let dir = self.run_dir(kept.index);
            let mut found = disk::kept(&dir)?;
            if found.blake3() != kept.content_blake3 {
                let what = format!("cannot take baseline {}: it was changed after it was saved", named(&dir));
                return Err(failed(what).hint("save it again"));
            }
            found.benches.retain(|bench| kept.bench_ids.contains(&bench.id));
            runs.push(Run {
                pair: kept.pair_index,
                started_at_unix_ms: Some(kept.started_at_unix_ms),
                benches: found.benches,
            });
        }
        let last = manifest.runs.last();
        let hosts: Vec<&str> = manifest.runs.iter().map(|kept| kept.host.digest.as_str()).collect();
        let one_host = hosts.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
        Ok(Some(Side {
            name: manifest.name.clone(),
            git_sha: last.and_then(|kept| kept.git_sha.clone()),
            git_dirty: last.and_then(|kept| kept.git_dirty),
            host_digest: last.filter(|_| one_host).map(|kept| kept.host.digest.clone()),
            toolchain: last.and_then(|kept| kept.toolchain.clone()),
            content_blake3: Some(content_of(&manifest)),
            runs,
        }))
    }

    /// Keeps a run: the files first, the manifest that names them last. What an interrupted save leaves behind is no
    /// baseline, or the one before.
    pub fn add(&self, found: &Found, kept: Kept, mut runs: Vec<Kept>) -> Result<(), Problem> {
        let cannot =
            |path: &Path, error: &io::Error| failed(format!("cannot write {}: {}", named(path), reason(error)));
        let fresh = self.dir.join(".run-new");
        let dir = self.run_dir(kept.index);
        for left in [&fresh, &dir] {
            remove(left).map_err(|error| cannot(left, &error))?;
        }
        for (name, bytes) in &found.files {
            put(&fresh.join(name), bytes).map_err(|error| cannot(&fresh.join(name), &error))?;
        }
        std::fs::rename(&fresh, &dir).map_err(|error| cannot(&dir, &error))?;
        let older = kept.index;
        runs.push(kept);
        let manifest = Manifest { schema_version: SCHEMA.to_owned(), name: self.name.clone(), runs };
        let text = serde_json::to_string_pretty(&manifest).map_err(|error| failed(error.to_string()))? + "\n";
        written(perf::write(&self.dir.join("manifest.json"), text.as_bytes()))?;
        self.forget(&manifest, older).map_err(|error| cannot(&self.dir, &error))
    }

    /// Takes away folders of runs that the manifest does not have.
    fn forget(&self, manifest: &Manifest, least: u32) -> io::Result<()> {
        let known: Vec<PathBuf> = manifest.runs.iter().map(|kept| self.run_dir(kept.index)).collect();
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let is_run = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("run-"));
            if is_run && !known.contains(&path) && least > 0 {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn history_path(&self) -> PathBuf {
        self.dir.join("history.jsonl")
    }

    /// The history; `None`: there is none.
    pub fn history(&self) -> Result<Option<Vec<Entry>>, Problem> {
        let path = self.history_path();
        let cannot = |why: String| failed(format!("cannot read history {}: {why}", named(&path)));
        let bytes = match perf::bytes(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(cannot(reason(&error))),
        };
        let text = String::from_utf8(bytes).map_err(|error| cannot(error.to_string()))?;
        history::read(&text).map(Some).map_err(|(line, why)| cannot(format!("line {line}: {why}")))
    }

    /// Adds lines to the history.
    pub fn remember(&self, entries: &[Entry]) -> Result<(), Problem> {
        let path = self.history_path();
        let append = || {
            std::fs::create_dir_all(&self.dir)?;
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(history::lines(entries).as_bytes())
        };
        append().map_err(|error| failed(format!("cannot write {}: {}", named(&path), reason(&error))))
    }
}

/// Hash of all runs: of one run its own.
fn content_of(manifest: &Manifest) -> String {
    if let [only] = manifest.runs.as_slice() {
        return only.content_blake3.clone();
    }
    let runs: Vec<(String, &str)> =
        manifest.runs.iter().map(|kept| (kept.index.to_string(), kept.content_blake3.as_str())).collect();
    content_blake3(runs.iter().map(|(index, hash)| (index.as_str(), hash.as_bytes())))
}

/// Copies criterion's last run beside itself, so that `cargo bench -- --baseline NAME` knows it.
pub fn copy_beside(found: &Found, name: &str) -> Result<(), Problem> {
    for folder in &found.folders {
        let to = folder.join(name);
        let fresh = folder.join(format!(".{name}.new"));
        let copy = || {
            remove(&fresh)?;
            for entry in std::fs::read_dir(folder.join(NEW))? {
                let entry = entry?;
                if entry.file_type()?.is_file() {
                    put(&fresh.join(entry.file_name()), &std::fs::read(entry.path())?)?;
                }
            }
            remove(&to)?;
            std::fs::rename(&fresh, &to)
        };
        copy().map_err(|error| failed(format!("cannot write {}: {}", named(&to), reason(&error))))?;
    }
    Ok(())
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, bytes)
}

fn remove(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
