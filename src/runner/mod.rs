//! The runner: runs a program under the tracer as often as a comparison asks, each run in its own room.
//!
//! In: a [`Case`], and which run it is. Out: its events, pushed into a sink, and what could not be varied.

mod environment;
mod fixture;
mod helpers;
mod variation;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use goldens::{Hash, Options, Stdin};
use recording::Sink;
use recording::session::PayloadLimits;
use tracer::{Counters, Launch, Left, Plan, Stdio};

pub use environment::Environment;
pub use fixture::{Fixture, Listing};
pub use variation::Vary;

use crate::cli::ask::{Session, Target};
use crate::exit::Code;
use crate::message::{Problem, quoted};
use crate::output::reason;
use crate::selection::Selection;
use crate::{plan, start_failure};
use variation::{Temporary, Variation};

/// A program and all that its runs have in common.
#[derive(Debug, Clone)]
pub struct Case {
    /// Program and arguments.
    pub argv: Vec<OsString>,
    /// What it finds.
    pub fixture: Fixture,
    /// Its variables.
    pub environment: Environment,
    /// Its standard input.
    pub stdin: Input,
    /// How long a run may take.
    pub timeout: Duration,
    /// What may be varied.
    pub vary: Vary,
}

/// Standard input of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// `/dev/null`.
    Null,
    /// A terminal of its own at which nobody types: who reads from it finds the end.
    Tty,
    /// A file.
    File(PathBuf),
    /// The bytes of a file, through a pipe.
    Pipe(PathBuf),
}

impl Input {
    /// `null`, `tty`, `FILE`, `pipe:FILE`.
    pub fn of(word: &Path) -> Input {
        match word.to_str() {
            Some("null") => Input::Null,
            Some("tty") => Input::Tty,
            Some(text) if text.starts_with("pipe:") => Input::Pipe(text.trim_start_matches("pipe:").into()),
            _ => Input::File(word.to_owned()),
        }
    }

    /// What a golden holds of it.
    pub fn stored(&self) -> Result<Stdin, Problem> {
        let content = |path: &Path| {
            let bytes = std::fs::read(path).map_err(|error| {
                Problem::usage(format!(
                    "cannot read {} as standard input: {}",
                    quoted(path.as_os_str()),
                    reason(&error)
                ))
            })?;
            Ok((Hash::of(&bytes), bytes.len() as u64))
        };
        Ok(match self {
            Input::Null => Stdin::Null,
            Input::Tty => Stdin::Tty,
            Input::File(path) => content(path).map(|(hash, len)| Stdin::File(hash, len))?,
            Input::Pipe(path) => content(path).map(|(hash, len)| Stdin::Pipe(hash, len))?,
        })
    }

    /// Its file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Input::File(path) | Input::Pipe(path) => Some(path),
            _ => None,
        }
    }
}

/// Why there is no run.
#[derive(Debug)]
pub enum NoRun {
    /// The program was killed because it did not end: a sentence.
    TimedOut(String),
    /// It could not be started or traced.
    Refused(Problem),
}

impl From<Problem> for NoRun {
    fn from(problem: Problem) -> Self {
        NoRun::Refused(problem)
    }
}

impl NoRun {
    /// Where only whole runs are of use.
    pub fn into_problem(self) -> Problem {
        match self {
            NoRun::Refused(problem) => problem,
            NoRun::TimedOut(what) => Problem::new(Code::NOT_STARTED, what).hint("--timeout SECONDS gives it more"),
        }
    }
}

/// Makes the runs of a case.
#[derive(Debug)]
pub struct Runner {
    case: Case,
    /// Do output and errors go into one object, so that there is an order between them?
    one_output: bool,
    made: usize,
    /// When the last run began.
    began: SystemTime,
    /// What could not be varied, a sentence each.
    not_varied: BTreeSet<String>,
}

impl Runner {
    /// No run is made yet.
    pub fn new(case: Case, options: &Options) -> Runner {
        let mut not_varied = BTreeSet::new();
        if case.fixture == Fixture::InPlace && case.vary.has(variation::What::Cwd) {
            not_varied.insert("not varied: working directory, the runs are made in place".to_owned());
        }
        Runner { case, one_output: options.merged, made: 0, began: UNIX_EPOCH, not_varied }
    }

    /// What could not be varied so far.
    pub fn notes(&self) -> Vec<String> {
        self.not_varied.iter().cloned().collect()
    }

    /// Sleeps until it is another second than the one in which the last run began.
    pub fn await_second(&self) {
        let since_epoch = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = since_epoch(SystemTime::now());
        if now.as_secs() == since_epoch(self.began).as_secs() {
            std::thread::sleep(Duration::from_nanos(1_000_000_000 - u64::from(now.subsec_nanos())));
        }
    }

    /// The next run, pushed into the sink; held to one CPU where the golden is.
    pub fn record(&mut self, one_cpu: bool, sink: &mut dyn Sink) -> Result<(), NoRun> {
        self.began = SystemTime::now();
        let mut variation = Variation::of_run(self.made, &self.case.vary);
        if one_cpu {
            variation.one_cpu = true;
            self.not_varied("CPUs, what the program does follows their number".into());
        }
        self.made += 1;
        let room = Room::new(&self.case.fixture, &variation, self.made)?;
        let (launch, helpers) = self.launch(&room, &variation)?;
        burn_pids(variation.pids);
        let plan = Plan { helpers: helpers.iter().filter_map(helpers::Helper::pid).collect(), ..self.plan(launch) };
        let ended = tracer::run(&plan, sink).map_err(|error| Problem::of_tracer(Code::NOT_STARTED, &error))?;
        drop(helpers);
        let program = self.case.argv.first().cloned().unwrap_or_default();
        if let Some(failure) = &ended.not_started {
            return Err(Problem { code: Code::NOT_STARTED, ..start_failure::explain(&program, failure) }.into());
        }
        if let Some(signal) = ended.signal {
            return Err(Problem::new(Code::NOT_STARTED, format!("cannot go on: stopped by signal {signal}")).into());
        }
        if ended.timed_out {
            return Err(NoRun::TimedOut(self.too_long()));
        }
        Ok(())
    }

    /// The sentence about a run that was killed.
    fn too_long(&self) -> String {
        let program = quoted(self.case.argv.first().map_or(OsStr::new(""), OsString::as_os_str));
        format!(
            "cannot wait for run {} of {program}: it does not end within {} s",
            self.made,
            self.case.timeout.as_secs_f64()
        )
    }

    fn plan(&self, launch: Launch) -> Plan {
        let session = Session { counters: Counters::None, left: Left::Wait, ..Session::default() };
        let limits = PayloadLimits::golden(session.content_max);
        let plan = plan::stored(Target::default(), &Selection::default(), &session, None, 0, true, false);
        Plan { launch: Some(launch), limits, deadline: Some(self.case.timeout), ..plan }
    }

    fn launch(&mut self, room: &Room, variation: &Variation) -> Result<(Launch, Vec<helpers::Helper>), Problem> {
        let mut helpers = Vec::new();
        if variation.busy {
            match helpers::competitor() {
                Ok(helper) => helpers.push(helper),
                Err(error) => self.not_varied(format!("load, sh can't be started: {}", reason(&error))),
            }
        }
        let no_aslr = variation.no_aslr && self.may_fix_addresses();
        if variation.one_cpu && std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1) {
            self.not_varied("CPUs, there is one".into());
        }
        if room.wanted_memory && room.tmpdir.is_none() {
            self.not_varied("TMPDIR on tmpfs, /dev/shm can't be written".into());
        }
        let tmpdir = room.tmpdir.as_ref().map(|dir| dir.path().as_os_str());
        let (program, argv0) = self.program(room);
        let mut argv = self.case.argv.clone();
        if let (Some(first), Some(program)) = (argv.first_mut(), program) {
            *first = program.into_os_string();
        }
        Ok((
            Launch {
                argv,
                argv0,
                env: self.case.environment.changes(variation.env, tmpdir),
                cwd: room.cwd.clone(),
                stdio: self.stdio(variation, &mut helpers)?,
                umask: Some(0o022),
                close_others: true,
                // What opens /dev/tty must find the same at a desk and in CI.
                no_terminal: !matches!(self.case.stdin, Input::Tty),
                one_cpu: variation.one_cpu,
                no_aslr,
                ..Launch::default()
            },
            helpers,
        ))
    }

    fn not_varied(&mut self, what: String) {
        self.not_varied.insert(format!("not varied: {what}"));
    }

    fn may_fix_addresses(&mut self) -> bool {
        match tracer::without_aslr() {
            Ok(()) => true,
            Err(why) => {
                self.not_varied(format!("ASLR, {why}"));
                false
            }
        }
    }

    /// A program named by a path is meant from here, or else from the working directory of the run; it keeps
    /// the name by which it was called.
    fn program(&self, room: &Room) -> (Option<PathBuf>, Option<OsString>) {
        let Some(word) = self.case.argv.first() else { return (None, None) };
        let path = Path::new(word);
        if !word.as_bytes().contains(&b'/') || path.is_absolute() {
            return (None, None);
        }
        let here = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let there = room.cwd.as_ref().map(|cwd| cwd.join(path)).filter(|there| there.exists());
        (Some(if here.exists() { here } else { there.unwrap_or(here) }), Some(word.clone()))
    }

    fn stdio(&self, variation: &Variation, helpers: &mut Vec<helpers::Helper>) -> Result<[Stdio; 3], Problem> {
        let failed = |what: &str, error: std::io::Error| {
            Problem::new(Code::NOT_STARTED, format!("cannot make {what}: {}", reason(&error)))
        };
        let unwritable = |error| failed("a file for the program's output", error);
        let opened = |path: &Path| {
            File::open(path).map_err(|error| {
                Problem::usage(format!(
                    "cannot read {} as standard input: {}",
                    quoted(path.as_os_str()),
                    reason(&error)
                ))
            })
        };
        let stdin = match &self.case.stdin {
            Input::Null => Stdio::From(opened(Path::new("/dev/null"))?.into()),
            Input::Tty => {
                let (terminal, stdin) = helpers::terminal().map_err(|error| failed("a terminal", error))?;
                helpers.push(terminal);
                Stdio::From(stdin)
            }
            Input::File(path) => Stdio::From(opened(path)?.into()),
            Input::Pipe(path) => {
                let len = opened(path)?.metadata().map_or(0, |data| data.len());
                let fed = helpers::feed(path, len, variation.stdin);
                let (reader, helper) = fed.map_err(|error| failed("a pipe for standard input", error))?;
                helpers.push(helper);
                Stdio::From(reader.into())
            }
        };
        let output = tempfile::tempfile().map_err(unwritable)?;
        let errors = if self.one_output { output.try_clone() } else { tempfile::tempfile() };
        Ok([stdin, Stdio::From(output.into()), Stdio::From(errors.map_err(unwritable)?.into())])
    }
}

/// The directories of one run, removed with it.
struct Room {
    _dir: Option<tempfile::TempDir>,
    cwd: Option<PathBuf>,
    tmpdir: Option<tempfile::TempDir>,
    wanted_memory: bool,
}

impl Room {
    fn new(fixture: &Fixture, variation: &Variation, run: usize) -> Result<Room, Problem> {
        let failed = |error: std::io::Error| {
            Problem::new(Code::NOT_STARTED, format!("cannot make a directory for a run: {}", reason(&error)))
        };
        let mut room = Room { _dir: None, cwd: None, tmpdir: None, wanted_memory: false };
        if *fixture != Fixture::InPlace {
            let dir = tempfile::Builder::new().prefix("chic-").tempdir().map_err(failed)?;
            shift_inodes(dir.path(), run).map_err(failed)?;
            let cwd = dir.path().join(name_of(variation.cwd_name, run));
            std::fs::create_dir(&cwd).map_err(failed)?;
            fixture.fill(&cwd)?;
            (room.cwd, room._dir) = (Some(cwd), Some(dir));
        }
        room.tmpdir = match variation.tmpdir {
            Temporary::Given if tmpdir_has_a_name() => None,
            Temporary::Given | Temporary::Own => {
                Some(tempfile::Builder::new().prefix("own-").tempdir().map_err(failed)?)
            }
            Temporary::InMemory => {
                room.wanted_memory = true;
                tempfile::Builder::new().prefix("chic-").tempdir_in("/dev/shm").ok()
            }
        };
        Ok(room)
    }
}

/// Is the caller's TMPDIR a name that can be told from others? `/tmp`, and what stands for it when nothing is set,
/// can not: what one run keeps in its TMPDIR and another in `/tmp` would be two files.
fn tmpdir_has_a_name() -> bool {
    std::env::var_os("TMPDIR").is_some_and(|dir| Path::new(&dir).components().count() > 2)
}

/// Takes inodes, another number of them for each run: a file system gives those of the last run's files again, and a
/// program that stores an inode number would seem to store the same one always.
fn shift_inodes(dir: &Path, run: usize) -> std::io::Result<()> {
    let files = run % 8 * 5 + 1;
    (0..files).try_for_each(|nth| std::fs::write(dir.join(format!(".{nth}")), b""))
}

/// A name of so many letters, another for each run.
fn name_of(len: usize, run: usize) -> String {
    let mut state = (run as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(std::process::id());
    let letter = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        char::from(b'a' + (state >> 33) as u8 % 26)
    };
    std::iter::repeat_with(letter).take(len).collect()
}

/// Uses up process ids, so that the program's own has another number of digits or another parity.
fn burn_pids(count: u32) {
    for _ in 0..count {
        // Threads take their ids from the same numbers, and cost less than processes.
        if let Ok(thread) = std::thread::Builder::new().spawn(|| {}) {
            let _ = thread.join();
        }
    }
}
