//! Goldens in cargo tests: a [`Case`] is a command with a name; it is recorded once and checked ever after.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use goldens::{Check, Golden, Observer, Runner, Verdict};
use recording::Sink;
use recording::file::{Recording, State};

/// A command and the name of its golden.
#[derive(Debug, Clone)]
pub struct Case {
    name: String,
    argv: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    cwd: Option<PathBuf>,
    dir: PathBuf,
    runs: u32,
    tracer: Option<PathBuf>,
}

/// A case of this name, without a command yet. Its golden lies in `tests/goldens`.
pub fn case(name: impl Into<String>) -> Case {
    Case {
        name: name.into(),
        argv: Vec::new(),
        env: Vec::new(),
        cwd: None,
        dir: "tests/goldens".into(),
        runs: 3,
        tracer: None,
    }
}

/// Why a case has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no golden yet.
    #[error("cannot check {name}: there is no {}; CHIC_GOLDEN=overwrite records it, outside of CI", path.display())]
    NoGolden {
        /// Name of the case.
        name: String,
        /// Where it would be.
        path: PathBuf,
    },
    /// The file is no golden.
    #[error("cannot read {}: {why}", path.display())]
    BadGolden {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The runs say too little.
    #[error("cannot record {name}: {why}")]
    Refused {
        /// Name of the case.
        name: String,
        /// Why nothing was learned.
        why: String,
    },
    /// The program was not traced.
    #[error("cannot trace {program}: {why}")]
    NotTraced {
        /// The program.
        program: String,
        /// What the tracer said.
        why: String,
    },
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
}

/// What a check says; printed, it is the report.
#[derive(Debug, Clone)]
pub struct Outcome {
    check: Check,
}

impl Outcome {
    /// Is nothing different that the golden asserts?
    pub fn is_same(&self) -> bool {
        self.check.verdict == Verdict::Same
    }

    /// The sentences of the differences, the gravest first.
    pub fn sentences(&self) -> Vec<String> {
        self.check.findings.iter().map(|finding| format!("{}: {}", finding.place, finding.sentence)).collect()
    }

    /// Why nothing could be said, if so.
    pub fn not_measured(&self) -> Option<&str> {
        match &self.check.verdict {
            Verdict::NotMeasured(why) => Some(why),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(goldens::text(&self.check).trim_end())
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

    /// A variable of the program's environment.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The program's working directory.
    pub fn current_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cwd = Some(dir.into());
        self
    }

    /// Where the golden lies.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = dir.into();
        self
    }

    /// How many runs a golden is learned from (3).
    pub fn runs(mut self, runs: u32) -> Self {
        self.runs = runs.max(1);
        self
    }

    /// The command `chic-trace` to trace with. Without it: the one that was built with this test, else that of PATH.
    pub fn tracer(mut self, program: impl Into<PathBuf>) -> Self {
        self.tracer = Some(program.into());
        self
    }

    /// Where the golden is.
    pub fn path(&self) -> PathBuf {
        self.dir.join(format!("{}.golden", self.name))
    }

    /// Runs the program and learns its golden, which replaces one that is there.
    ///
    /// # Errors
    /// When the program can't be traced, or its runs say too little.
    pub fn record(&self) -> Result<(), Error> {
        let mut traced = Traced { case: self };
        let mut runs = Vec::new();
        for _ in 0..self.runs {
            let mut observer = Observer::new();
            traced.run(&mut observer)?;
            runs.push(observer.into_run());
        }
        let refused = |why: goldens::Refused| Error::Refused { name: self.name.clone(), why: why.to_string() };
        let golden = goldens::learn(&runs).map_err(refused)?;
        let path = self.path();
        std::fs::create_dir_all(&self.dir).map_err(Error::io(format!("make {}", self.dir.display())))?;
        std::fs::write(&path, golden.to_string()).map_err(Error::io(format!("write {}", path.display())))
    }

    /// Runs the program and compares it with its golden.
    ///
    /// # Errors
    /// When there is no golden, or the program can't be traced.
    pub fn check(&self) -> Result<Outcome, Error> {
        let path = self.path();
        let overwrite = std::env::var_os("CHIC_GOLDEN").is_some_and(|word| word == "overwrite") && !in_ci();
        if overwrite {
            self.record()?;
        }
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoGolden { name: self.name.clone(), path });
            }
            Err(error) => return Err(Error::io(format!("read {}", path.display()))(error)),
        };
        let bad = |why: goldens::BadGolden| Error::BadGolden { path: path.clone(), why: why.to_string() };
        let golden = Golden::parse(&text).map_err(bad)?;
        let check = goldens::check(&self.name, &golden, &mut Traced { case: self })?;
        Ok(Outcome { check })
    }

    /// Panics unless the program does what its golden says. Where that can't be measured and
    /// `CHIC_TRACE_NOT_MEASURED=skip` is set, prints `skipped: reason` instead.
    ///
    /// # Panics
    /// With the report.
    #[track_caller]
    pub fn assert_same(&self) {
        let skip = std::env::var_os("CHIC_TRACE_NOT_MEASURED").is_some_and(|word| word == "skip");
        match self.check() {
            Ok(outcome) if outcome.is_same() => {}
            Ok(outcome) if skip && outcome.not_measured().is_some() => {
                println!("skipped: {}", outcome.not_measured().unwrap_or_default());
            }
            Err(error @ Error::NotTraced { .. }) if skip => println!("skipped: {error}"),
            Ok(outcome) => panic!("{outcome}"),
            Err(error) => panic!("{error}"),
        }
    }

    fn chic_trace(&self) -> PathBuf {
        self.tracer.clone().or_else(built_with_this_test).unwrap_or_else(|| "chic-trace".into())
    }
}

/// `target/debug/chic-trace` of `target/debug/deps/this_test-1234`.
fn built_with_this_test() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let found = test.parent()?.parent()?.join("chic-trace");
    found.is_file().then_some(found)
}

fn in_ci() -> bool {
    let ci = std::env::var_os("CI").is_some_and(|ci| !["", "0", "false"].map(OsStr::new).contains(&ci.as_os_str()));
    ci || std::env::var_os("TF_BUILD").is_some()
}

/// Runs a case under the command `chic-trace` and replays what it stored.
struct Traced<'c> {
    case: &'c Case,
}

impl Runner for Traced<'_> {
    type Error = Error;

    fn run(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let program = self.case.argv.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
        let not_traced = |why: String| Error::NotTraced { program: program.clone(), why };
        let place = tempfile::tempdir().map_err(Error::io("make a directory for the recording"))?;
        let file = place.path().join("run.ctrace");
        let said = self.store(&file)?;
        let recording = Recording::open(&file).map_err(|error| {
            let said = said.trim();
            not_traced(if said.is_empty() { error.to_string() } else { said.to_owned() })
        })?;
        let read = recording.replay(sink).map_err(|error| not_traced(error.to_string()))?;
        match read.state {
            State::Complete if read.calls > 0 => Ok(()),
            _ => Err(not_traced(said.trim().to_owned())),
        }
    }
}

impl Traced<'_> {
    /// Makes the recording and gives back what was said on standard error. Its output goes to files:
    /// the same in every run, whoever runs the test.
    fn store(&self, file: &Path) -> Result<String, Error> {
        let tracer = self.case.chic_trace();
        let starting = || Error::io(format!("start {}", tracer.display()));
        let out = tempfile::tempfile().map_err(Error::io("make a file for the program's output"))?;
        let mut err = tempfile::tempfile().map_err(Error::io("make a file for the program's output"))?;
        let mut command = Command::new(&tracer);
        command.arg("record").arg("-s").arg("0").arg("-o").arg(file).arg("--").args(&self.case.argv);
        command.envs(self.case.env.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.case.cwd {
            command.current_dir(dir);
        }
        let stderr = err.try_clone().map_err(starting())?;
        command.stdin(Stdio::null()).stdout(out).stderr(stderr).status().map_err(starting())?;
        let mut said = Vec::new();
        let read = std::io::Seek::rewind(&mut err).and_then(|()| std::io::Read::read_to_end(&mut err, &mut said));
        read.map_err(Error::io("read what the tracer said"))?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}
