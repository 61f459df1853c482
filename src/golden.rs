//! Goldens in cargo tests: a [`Case`] is a command with a name; it is accepted once and checked ever after.
//!
//! In: a name, a command, and how closely it is compared. Out: an [`Outcome`], or why there is none. The work
//! is done by the command `chic-trace`, in a process of its own, so that tests may run in parallel.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use goldens::Level;

/// Is the program itself compared?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The same executable and arguments.
    Same,
    /// Any.
    Any,
}

/// Which processes are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processes {
    /// The tree, with arguments and ends.
    Exact,
    /// The multiset of commands run.
    Commands,
    /// Only how the program itself ends.
    Ignore,
}

/// What of standard error is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stderr {
    /// Every byte.
    Exact,
    /// Whether there is any.
    NonEmpty,
    /// Nothing.
    Ignore,
}

/// How output and errors are held against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interleave {
    /// Not at all.
    PerStream,
    /// By the order in which they were written, where both go to one place.
    Merged,
}

/// Which inputs are compared (level `hermetic` and stronger).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inputs {
    /// All.
    All,
    /// Without libraries and files of the language's runtime.
    NoRuntime,
}

/// What makes a program different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Errors.
    Error,
    /// Warnings, too.
    Warning,
}

/// Standard input of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stdin {
    /// `/dev/null`.
    Null,
    /// A terminal of its own at which nobody types: who reads from it finds the end.
    Tty,
    /// A file.
    File(PathBuf),
    /// The bytes of a file, through a pipe.
    Pipe(PathBuf),
}

/// A command and the name of its golden.
#[derive(Debug, Clone)]
pub struct Case {
    name: String,
    variant: Option<String>,
    argv: Vec<OsString>,
    dir: PathBuf,
    cwd: Option<PathBuf>,
    /// Flags of `golden check` and `golden record`.
    flags: Vec<OsString>,
    confirm: Option<u32>,
    fail_on: Option<FailOn>,
    tracer: Option<PathBuf>,
}

/// A case of this name, without a command yet. Its golden lies in `tests/goldens`.
pub fn case(name: impl Into<String>) -> Case {
    Case {
        name: name.into(),
        variant: None,
        argv: Vec::new(),
        dir: "tests/goldens".into(),
        cwd: None,
        flags: Vec::new(),
        confirm: None,
        fail_on: None,
        tracer: None,
    }
}

/// Why a case has no outcome. Each holds what `chic-trace` said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no golden yet; one waits to be accepted where that is allowed. Or the run said nothing.
    #[error("{0}")]
    NothingToJudge(String),
    /// The golden or the question is not valid.
    #[error("{0}")]
    Invalid(String),
    /// The runs say too little, or a golden is in the way.
    #[error("{0}")]
    Refused(String),
    /// The program was not started, or may not be traced.
    #[error("{0}")]
    NotTraced(String),
    /// The system refused.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was tried, on what.
        doing: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let doing = doing.into();
        move |source| Error::Io { doing, source }
    }

    /// By the exit code.
    fn of(code: Option<i32>, said: String) -> Error {
        match code {
            Some(1) => Error::Refused(said),
            Some(2) => Error::Invalid(said),
            Some(4) => Error::NothingToJudge(said),
            _ => Error::NotTraced(said),
        }
    }
}

/// What a check says; printed, it is the report.
#[derive(Debug, Clone)]
pub struct Outcome {
    text: String,
    verdict: String,
    reason: Option<String>,
    sentences: Vec<String>,
    passed: bool,
}

impl Outcome {
    /// Does it pass: same, or same with warnings?
    pub fn is_same(&self) -> bool {
        self.passed
    }

    /// `same`, `same with warnings`, `different`, `flaky`, `not measured`.
    pub fn verdict(&self) -> &str {
        &self.verdict
    }

    /// The sentences of the differences, the gravest first.
    pub fn sentences(&self) -> &[String] {
        &self.sentences
    }

    /// Why nothing could be said, if so.
    pub fn not_measured(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}

impl Case {
    /// The program.
    pub fn command(mut self, program: impl AsRef<OsStr>) -> Self {
        self.argv = vec![program.as_ref().to_owned()];
        self
    }

    /// Arguments behind those that are there.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.argv.extend(args.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// Program and arguments at once.
    pub fn command_line(mut self, argv: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.argv.clear();
        self.args(argv)
    }

    /// A variable of the program's environment; it is part of the golden.
    pub fn env(self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let mut word = name.as_ref().to_owned();
        word.push("=");
        word.push(value);
        self.flag("--env", word)
    }

    /// Several of them.
    pub fn envs(self, pairs: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>) -> Self {
        pairs.into_iter().fold(self, |case, (name, value)| case.env(name, value))
    }

    /// Every run finds a fresh copy of this directory.
    pub fn fixture(self, dir: impl AsRef<Path>) -> Self {
        self.flag("--fixture", dir.as_ref())
    }

    /// Standard input (`Null`).
    pub fn stdin(self, stdin: Stdin) -> Self {
        match stdin {
            Stdin::Null => self.flag("--stdin", "null"),
            Stdin::Tty => self.flag("--stdin", "tty"),
            Stdin::File(path) => self.flag("--stdin", path),
            Stdin::Pipe(path) => {
                let mut word = OsString::from("pipe:");
                word.push(path);
                self.flag("--stdin", word)
            }
        }
    }

    /// How closely it is compared (`Protocol`).
    pub fn level(self, level: Level) -> Self {
        self.flag("--level", level.word())
    }

    /// Is the program itself compared (`Same`)?
    pub fn root(self, root: Root) -> Self {
        self.flag("--root", if root == Root::Any { "any" } else { "same" })
    }

    /// Which processes are (`Exact`).
    pub fn processes(self, processes: Processes) -> Self {
        let word = match processes {
            Processes::Exact => "exact",
            Processes::Commands => "commands",
            Processes::Ignore => "ignore",
        };
        self.flag("--processes", word)
    }

    /// What of standard error is (`Exact`).
    pub fn stderr(self, stderr: Stderr) -> Self {
        let word = match stderr {
            Stderr::Exact => "exact",
            Stderr::NonEmpty => "nonempty",
            Stderr::Ignore => "ignore",
        };
        self.flag("--stderr", word)
    }

    /// Is the order of output against errors (`PerStream`)?
    pub fn interleave(self, interleave: Interleave) -> Self {
        self.flag("--interleave", if interleave == Interleave::Merged { "merged" } else { "per-stream" })
    }

    /// Which inputs are (`All`).
    pub fn inputs(self, inputs: Inputs) -> Self {
        self.flag("--inputs", if inputs == Inputs::NoRuntime { "no-runtime" } else { "all" })
    }

    /// How long a run may take (60 s).
    pub fn timeout(self, timeout: Duration) -> Self {
        self.flag("--timeout", timeout.as_secs_f64().to_string())
    }

    /// How many runs a golden is learned from (5).
    pub fn runs(self, runs: u32) -> Self {
        self.flag("--runs", runs.to_string())
    }

    /// How many further runs must confirm a difference (2).
    pub fn confirm(mut self, runs: u32) -> Self {
        self.confirm = Some(runs);
        self
    }

    /// What makes it different (`Error`).
    pub fn fail_on(mut self, severity: FailOn) -> Self {
        self.fail_on = Some(severity);
        self
    }

    /// The golden of a platform of its own: `NAME@VARIANT`.
    pub fn variant(mut self, variant: impl Into<String>) -> Self {
        self.variant = Some(variant.into());
        self
    }

    /// Where the golden lies.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = dir.into();
        self
    }

    /// The directory in which runs are made that have no fixture.
    pub fn current_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cwd = Some(dir.into());
        self
    }

    /// The command `chic-trace` to trace with. Without it: the one that was built with this test, else that of PATH.
    pub fn tracer(mut self, program: impl Into<PathBuf>) -> Self {
        self.tracer = Some(program.into());
        self
    }

    fn flag(mut self, flag: &str, value: impl AsRef<OsStr>) -> Self {
        let mut word = OsString::from(flag);
        word.push("=");
        word.push(value);
        self.flags.push(word);
        self
    }

    fn full_name(&self) -> String {
        self.variant.as_ref().map_or_else(|| self.name.clone(), |variant| format!("{}@{variant}", self.name))
    }

    /// Where the golden is.
    pub fn path(&self) -> PathBuf {
        self.dir.join(format!("{}.golden", self.full_name()))
    }

    /// Runs the program and learns its golden, which replaces one that is there.
    ///
    /// # Errors
    /// When the program can't be traced, its runs say too little, or in CI a golden is there.
    pub fn record(&self) -> Result<(), Error> {
        let run = self.chic_trace("record", &["--force".into()])?;
        match run.status.code() {
            Some(0) => Ok(()),
            code => Err(Error::of(code, said(&run.stderr))),
        }
    }

    /// Runs the program and compares it with its golden.
    ///
    /// # Errors
    /// When there is no golden, or the program can't be traced.
    pub fn check(&self) -> Result<Outcome, Error> {
        let place = tempfile::tempdir().map_err(Error::io("make a directory for the report"))?;
        let document = place.path().join("check.json");
        let mut emit = OsString::from("--emit=json:");
        emit.push(&document);
        let mut flags = vec![emit];
        flags.extend(self.confirm.map(|runs| format!("--confirm={runs}").into()));
        flags.extend(self.fail_on.map(|severity| {
            if severity == FailOn::Warning { "--fail-on=warning".into() } else { "--fail-on=error".into() }
        }));
        let run = self.chic_trace("check", &flags)?;
        let Ok(json) = std::fs::read(&document) else { return Err(Error::of(run.status.code(), said(&run.stderr))) };
        Ok(outcome(&run, &json))
    }

    /// Panics unless the program does what its golden says. Where that can't be measured and
    /// `CHIC_TRACE_NOT_MEASURED=skip` is set, prints `skipped: reason` instead.
    ///
    /// # Panics
    /// With the report, the path of the golden that waits, and the command that accepts it. Or because a case
    /// of this name was checked before by this test program.
    #[track_caller]
    pub fn assert_same(&self) {
        static CHECKED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
        let first = CHECKED.lock().unwrap_or_else(PoisonError::into_inner).insert(self.path());
        assert!(first, "the golden {} is checked for the second time: each case needs a name of its own", self.name);
        let skip = std::env::var_os("CHIC_TRACE_NOT_MEASURED").is_some_and(|word| word == "skip");
        match self.check() {
            Ok(outcome) if outcome.is_same() => {}
            Ok(outcome) if skip && outcome.not_measured().is_some() => {
                println!("skipped: {}", outcome.not_measured().unwrap_or_default());
            }
            Err(error @ Error::NotTraced(_)) if skip => println!("skipped: {error}"),
            Ok(outcome) => panic!("{outcome}"),
            Err(error) => panic!("{error}"),
        }
    }

    fn chic_trace(&self, word: &str, flags: &[OsString]) -> Result<Output, Error> {
        let tracer = self.tracer.clone().or_else(built_with_this_test).unwrap_or_else(|| "chic-trace".into());
        let dir = std::path::absolute(&self.dir).unwrap_or_else(|_| self.dir.clone());
        let mut command = Command::new(&tracer);
        command.args(["golden", word]).arg(self.full_name()).args(flags).args(&self.flags);
        command.arg("--dir").arg(dir).arg("--").args(&self.argv).stdin(Stdio::null());
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        // The runner of the test tells what failed; a page of a CI job for each check of a suite would tell nothing.
        command.env_remove("GITHUB_ACTIONS");
        command.output().map_err(Error::io(format!("start {}", tracer.display())))
    }
}

fn said(stderr: &[u8]) -> String {
    String::from_utf8_lossy(stderr).trim().to_owned()
}

/// What the document of a check says.
fn outcome(run: &Output, json: &[u8]) -> Outcome {
    let document: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    let result = &document["results"][0];
    let sentence = |finding: &serde_json::Value| finding["sentence"].as_str().map(String::from);
    let findings = ["findings", "flaky"].into_iter().filter_map(|kind| result[kind].as_array()).flatten();
    let mut text = String::from_utf8_lossy(&run.stdout).into_owned();
    if let Some(pending) = result["pending"].as_str() {
        text.push_str(&format!("pending: {pending}\n"));
    }
    Outcome {
        text,
        verdict: result["verdict"].as_str().unwrap_or_default().to_owned(),
        reason: result["reason"].as_str().map(String::from),
        sentences: findings.filter_map(sentence).collect(),
        passed: run.status.success(),
    }
}

/// `target/debug/chic-trace` of `target/debug/deps/this_test-1234`.
fn built_with_this_test() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let found = test.parent()?.parent()?.join("chic-trace");
    found.is_file().then_some(found)
}
