//! Settings: flag, environment, `renacer.toml`, default, in this order; each knows where it is from.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use assertions::Configuration;

use crate::cli::General;
use crate::cli::ask::ConfigFile;
use crate::message::{Problem, named};
use crate::output::reason;

/// Finds and reads the `renacer.toml` in force; `None` when there is none.
pub fn read(general: &General) -> Result<Option<Configuration>, Problem> {
    let path = match &general.config {
        ConfigFile::None => return Ok(None),
        ConfigFile::Named(path) => path.clone(),
        ConfigFile::Nearest => match nearest()? {
            Some(path) => path,
            None => return Ok(None),
        },
    };
    let name = named(&path);
    let bytes =
        std::fs::read(&path).map_err(|error| Problem::usage(format!("cannot read {name}: {}", reason(&error))))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Problem::usage(format!("cannot read {name}: byte {} is no UTF-8", error.utf8_error().valid_up_to()))
    })?;
    Configuration::read(&name, &text).map(Some).map_err(|bad| Problem::usage(bad.to_string()))
}

/// The nearest file in the working directory or an ancestor up to the repository's root, else below
/// `.config` there. A working directory that is gone has none.
fn nearest() -> Result<Option<PathBuf>, Problem> {
    let Ok(here) = std::env::current_dir() else { return Ok(None) };
    Ok(nearest_to(&here).map(|path| path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path)))
}

/// The root of the repository in which a directory lies.
pub fn repository(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|dir| dir.join(".git").exists())
}

fn nearest_to(dir: &Path) -> Option<PathBuf> {
    let root = repository(dir);
    let within = |candidate: &Path| root.is_none_or(|root| candidate.starts_with(root));
    // Without a repository only the working directory counts: a stranger's file above it is none of ours.
    let depth = if root.is_some() { usize::MAX } else { 1 };
    let ancestors = || dir.ancestors().filter(|dir| within(dir)).take(depth);
    let plain = ancestors().map(|dir| dir.join("renacer.toml")).find(|file| file.is_file());
    plain.or_else(|| ancestors().map(|dir| dir.join(".config/renacer.toml")).find(|file| file.is_file()))
}

/// Where a value is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag(&'static str),
    /// A variable of the environment.
    Environment(&'static str),
    /// A line of a file.
    File(String, usize),
    /// Nobody said anything.
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Flag(flag) => write!(f, "flag {flag}"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::File(name, line) => write!(f, "{name}:{line}"),
            Origin::Default => write!(f, "default"),
        }
    }
}

/// A value and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub value: String,
    /// Where it is from.
    pub origin: Origin,
}

fn effective(name: &str, value: impl Into<String>, origin: Origin) -> Effective {
    Effective { name: name.into(), value: value.into(), origin }
}

/// A variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Is this a continuous integration run? There goldens are never written.
pub fn in_ci() -> bool {
    let ci = std::env::var_os("CI").is_some_and(|ci| !["", "0", "false"].map(OsStr::new).contains(&ci.as_os_str()));
    ci || std::env::var_os("TF_BUILD").is_some()
}

/// What `CHIC_GOLDEN` and CI say about writing goldens.
pub fn golden_writing() -> Result<Effective, Problem> {
    let name = "golden.write";
    if in_ci() {
        return Ok(effective(
            name,
            "no",
            Origin::Environment(if std::env::var_os("CI").is_some() { "CI" } else { "TF_BUILD" }),
        ));
    }
    match variable("CHIC_GOLDEN") {
        None => Ok(effective(name, "new", Origin::Default)),
        Some(word) if ["new", "no", "unseen", "overwrite"].contains(&word.as_str()) => {
            Ok(effective(name, word, Origin::Environment("CHIC_GOLDEN")))
        }
        Some(word) => Err(Problem::usage(format!("cannot take {word:?} for CHIC_GOLDEN: there is no such word"))
            .hint("new, no, unseen or overwrite")),
    }
}

/// Runs of `assert` that are made without tracing.
pub const ASSERT_RUNS: u32 = 5;
/// Runs that a golden is learned from.
pub const GOLDEN_RUNS: u32 = 5;

/// The directory of goldens: flag, file, `tests/goldens` where there is one, `goldens`.
pub fn golden_dir(flag: Option<&Path>, configuration: Option<&Configuration>) -> Effective {
    let name = "goldens.dir";
    if let Some(dir) = flag {
        return effective(name, dir.display().to_string(), Origin::Flag("--dir"));
    }
    for key in ["goldens.dir", "semantic_equivalence.baseline_dir"] {
        if let Some(found) = from_file(name, key, configuration) {
            return found;
        }
    }
    let dir = if Path::new("tests/goldens").is_dir() { "tests/goldens" } else { "goldens" };
    effective(name, dir, Origin::Default)
}

/// How many runs a golden is learned from.
pub fn golden_runs(flag: Option<u32>, configuration: Option<&Configuration>) -> Effective {
    let name = "goldens.runs";
    match flag {
        Some(runs) => effective(name, runs.to_string(), Origin::Flag("--runs")),
        None => from_file(name, name, configuration)
            .unwrap_or_else(|| effective(name, GOLDEN_RUNS.to_string(), Origin::Default)),
    }
}

fn from_file(name: &str, key: &str, configuration: Option<&Configuration>) -> Option<Effective> {
    let configuration = configuration?;
    let setting = configuration.settings.get(key)?;
    Some(effective(name, setting.value.clone(), Origin::File(configuration.name.clone(), setting.line)))
}

/// The engine in force.
pub fn engine() -> Result<Effective, Problem> {
    match variable("CHIC_TRACE_ENGINE").as_deref() {
        None => Ok(effective("engine", "auto", Origin::Default)),
        Some(word @ ("auto" | "ptrace")) => Ok(effective("engine", word, Origin::Environment("CHIC_TRACE_ENGINE"))),
        Some(word) => {
            Err(Problem::usage(format!("cannot take {word:?} for CHIC_TRACE_ENGINE: there is no such engine"))
                .hint("auto or ptrace"))
        }
    }
}

fn color(general: &General) -> Effective {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let (value, origin) = match &general.color {
        Some(when) => (when.as_str(), Origin::Flag("--color")),
        None if set("NO_COLOR") => ("never", Origin::Environment("NO_COLOR")),
        None if set("CLICOLOR_FORCE") && variable("CLICOLOR_FORCE").as_deref() != Some("0") => {
            ("always", Origin::Environment("CLICOLOR_FORCE"))
        }
        None if variable("CLICOLOR").as_deref() == Some("0") => ("never", Origin::Environment("CLICOLOR")),
        None => ("auto", Origin::Default),
    };
    effective("color", value, origin)
}

/// Is this stream coloured?
pub fn colored(general: &General, terminal: bool) -> bool {
    match color(general).value.as_str() {
        "always" => true,
        "never" => false,
        _ => terminal && variable("TERM").as_deref() != Some("dumb"),
    }
}

/// Every setting in force.
pub fn all(general: &General, configuration: Option<&Configuration>) -> Result<Vec<Effective>, Problem> {
    let file = match (&general.config, configuration) {
        (ConfigFile::None, _) => effective("config", "none", Origin::Flag("--no-config")),
        (ConfigFile::Named(path), _) => effective("config", path.display().to_string(), Origin::Flag("--config")),
        (ConfigFile::Nearest, Some(found)) => effective("config", found.name.clone(), Origin::Default),
        (ConfigFile::Nearest, None) => effective("config", "none", Origin::Default),
    };
    let not_measured = match variable("CHIC_TRACE_NOT_MEASURED") {
        Some(value) => effective("not_measured", value, Origin::Environment("CHIC_TRACE_NOT_MEASURED")),
        None => effective("not_measured", "fail", Origin::Default),
    };
    let mut settings = vec![
        file,
        engine()?,
        color(general),
        golden_writing()?,
        golden_dir(None, configuration),
        golden_runs(None, configuration),
        effective("assert.runs", ASSERT_RUNS.to_string(), Origin::Default),
        not_measured,
    ];
    settings.extend(crate::profile::effective(configuration)?);
    for key in configuration.iter().flat_map(|c| c.settings.keys()) {
        if !settings.iter().any(|known| known.name == *key) {
            settings.extend(from_file(key, key, configuration));
        }
    }
    if let Some(configuration) = configuration {
        let enabled = configuration.rules.iter().filter(|rule| rule.enabled).count();
        let value = format!("{} ({enabled} enabled)", configuration.rules.len());
        let line = configuration.rules.first().map_or(1, |rule| rule.line);
        settings.push(effective("rules", value, Origin::File(configuration.name.clone(), line)));
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_stays_within_the_repository() {
        let top = tempfile::tempdir().expect("a directory");
        let dir = |path: &str| {
            let dir = top.path().join(path);
            std::fs::create_dir_all(&dir).expect("made");
            dir
        };
        let deep = dir("repo/a/b");
        std::fs::write(top.path().join("renacer.toml"), "").expect("written");
        assert_eq!(nearest_to(&deep), None, "outside of a repository only the directory itself counts");
        dir("repo/.git");
        assert_eq!(nearest_to(&deep), None, "above the repository");
        let config = dir("repo/.config").join("renacer.toml");
        std::fs::write(&config, "").expect("written");
        assert_eq!(nearest_to(&deep), Some(config));
        let own = top.path().join("repo/a/renacer.toml");
        std::fs::write(&own, "").expect("written");
        assert_eq!(nearest_to(&deep), Some(own));
    }
}
