//! What a command line asks for, as plain values. Nothing is looked up or opened here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use recording::Numbers;

use super::baseline::Baseline;
use super::gate::Gate;
use super::inject::Words;
use super::perf::{Perf, Seed};
use super::profile;
use report::columns::Column;
use report::shown::Outcomes;
use report::summary::SortBy;
use report::text::{Clock, Decoding, HexStrings, Notes, Precision};
use tracer::{Counters, EnvChange, Interruptible, Left, Placement, StepAside};

/// A command line that makes sense.
#[derive(Debug)]
pub enum Ask {
    /// `chic-trace PROG`, `chic-trace -p PID`.
    Trace(Box<Trace>),
    /// `record`.
    Record(Record),
    /// `profile`.
    Profile(Box<profile::Profile>),
    /// `report`.
    Report(Box<Report>),
    /// Two files compared.
    Compare(Compare),
    /// `golden …`.
    Golden(Box<Golden>),
    /// `assert`.
    Assert(Assert),
    /// `gate …`.
    Gate(Gate),
    /// `baseline …`.
    Baseline(Baseline),
    /// `perf …`.
    Perf(Perf),
    /// `seed`.
    Seed(Seed),
    /// `config`.
    Config {
        /// With the origin of each value.
        show_origin: bool,
    },
    /// `schema`.
    Schema(String),
    /// `completions`.
    Completions(clap_complete::Shell),
    /// `man`: to standard output, or all pages into a directory.
    Man(Option<PathBuf>),
    /// `--tips` without anything to trace.
    Tip(Tip),
    /// Help or version, ready to print.
    Print(String),
}

/// What every command takes.
#[derive(Debug, Clone, Default)]
pub struct General {
    /// `--color`, where given.
    pub color: Option<String>,
    /// Which renacer.toml.
    pub config: ConfigFile,
}

/// Which renacer.toml is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ConfigFile {
    /// The nearest.
    #[default]
    Nearest,
    /// This one.
    Named(PathBuf),
    /// None.
    None,
}

/// The program or the processes.
#[derive(Debug, Default)]
pub struct Target {
    /// Program and arguments; empty with `-p` alone.
    pub argv: Vec<OsString>,
    /// `-p`.
    pub attach: Vec<u32>,
    /// `-E`.
    pub env: Vec<EnvChange>,
    /// `-u`.
    pub user: Option<String>,
    /// `--argv0`.
    pub argv0: Option<OsString>,
    /// `-D`, `-DD`, `-DDD`.
    pub step_aside: Option<StepAside>,
}

/// Which calls, signals and outcomes.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    /// `-e trace=`, as it was written.
    pub trace: Option<String>,
    /// `-e signal=`, as it was written.
    pub signals: Option<String>,
    /// `-e status=`, `-z`, `-Z`.
    pub outcomes: Outcomes,
    /// `-P`.
    pub paths: Vec<PathBuf>,
    /// `-e fd=`.
    pub descriptors: Option<Numbers>,
    /// `-e inject=`, `-e fault=`.
    pub injections: Vec<Words>,
}

/// How the session is led.
#[derive(Debug, Clone)]
pub struct Session {
    /// `-f`, or the command's own habit.
    pub follow: bool,
    /// `--counters`.
    pub counters: Counters,
    /// `--interval`.
    pub interval: Option<Duration>,
    /// `-b execve`.
    pub detach_on_exec: bool,
    /// `-I`.
    pub interruptible: Interruptible,
    /// `--placement`.
    pub placement: Placement,
    /// `--left`.
    pub left: Left,
    /// `--grace`.
    pub grace: Duration,
    /// `--kill-on-exit`.
    pub kill_on_exit: bool,
    /// `--max-events`.
    pub max_events: Option<u64>,
    /// `--max-bytes`.
    pub max_bytes: Option<u64>,
    /// `--syscall-limit`.
    pub max_calls: Option<u64>,
    /// `--content-max`.
    pub content_max: u64,
}

impl Default for Session {
    fn default() -> Self {
        Session {
            follow: true,
            counters: Counters::Process,
            interval: None,
            detach_on_exec: false,
            interruptible: Interruptible::PassedOn,
            placement: Placement::Auto,
            left: Left::Leave,
            grace: Duration::from_millis(500),
            kill_on_exit: false,
            max_events: None,
            max_bytes: None,
            max_calls: None,
            content_max: 64 << 20,
        }
    }
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// strace's text.
    #[default]
    Text,
    /// renacer-json-v1.
    Json,
    /// Its lines.
    JsonLines,
    /// CSV of the calls.
    Csv,
    /// CSV of their counts.
    Counts,
    /// An HTML page.
    Html,
    /// The `-c` table.
    Summary,
}

impl Format {
    /// Is it made for programs, and therefore alone in its stream?
    pub fn is_document(self) -> bool {
        !matches!(self, Format::Text | Format::Summary)
    }

    /// May nobody see half of it?
    pub fn is_whole(self) -> bool {
        matches!(self, Format::Json | Format::Html)
    }
}

/// How it looks.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// `--format`, `-c`.
    pub format: Format,
    /// The table behind the lines too (`-C`, or `-c` with a document).
    pub table_too: bool,
    /// `--stats-extended`.
    pub spread: bool,
    /// `--clusters`.
    pub clusters: Option<PathBuf>,
    /// `--compact`.
    pub compact: bool,
    /// `--lamport`.
    pub lamport: bool,
    /// `-t`.
    pub time: Option<Clock>,
    /// `-r`.
    pub relative: Option<Precision>,
    /// `-T`.
    pub duration: Option<Precision>,
    /// `-s`.
    pub strings: Option<u64>,
    /// `-v`.
    pub verbose: bool,
    /// `-X`, `-N`, `-Y`, `-e raw=`, `verbose=`, `abbrev=`, `read=`, `write=`.
    pub decoding: Decoding,
    /// `-y`, `-yy`, `-e decode-fds=`.
    pub notes: Notes,
    /// `-x`, `-xx`.
    pub hex: HexStrings,
    /// `-a`.
    pub column: Option<u16>,
    /// `-q`, `-e quiet=`.
    pub quiet: Quiet,
    /// `-n`.
    pub number: bool,
    /// `-i`.
    pub pointer: bool,
    /// `-k`.
    pub stack: bool,
    /// `-kk`: with lines of source.
    pub stack_lines: bool,
    /// `--stack-trace-frame-limit`: frames of a stack, innermost first; all that were taken when not given.
    pub stack_frames: Option<usize>,
    /// `--source`, and what implies it.
    pub source: bool,
    /// `--function-time`.
    pub function_time: bool,
    /// `--transpiler-map`.
    pub transpiler_map: Option<PathBuf>,
    /// `--show-transpiler-context`.
    pub transpiler_context: bool,
    /// `--always-show-pid`.
    pub always_pid: bool,
    /// `-S`.
    pub sort: SortBy,
    /// `-U`; empty when not given.
    pub columns: Vec<Column>,
    /// `-O`.
    pub overhead: Duration,
    /// `-d`.
    pub debug: bool,
    /// `--tips`.
    pub tip: Option<Tip>,
}

/// A tip at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tip {
    /// Which; any when not given.
    pub id: Option<u64>,
    /// In a frame?
    pub full: bool,
}

/// What is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quiet {
    /// Notes about attaching, detaching and those left behind.
    pub attach: bool,
    /// `[ Process PID=1 runs in 32 bit mode. ]`.
    pub personality: bool,
    /// `+++ exited with 0 +++`.
    pub exit: bool,
    /// `+++ superseded by execve in pid 1 +++`.
    pub thread_execve: bool,
    /// What a path of `-P` leads to.
    pub path_resolution: bool,
}

/// Where it goes.
#[derive(Debug, Clone, Default)]
pub struct Out {
    /// `-o`.
    pub to: Option<OsString>,
    /// `-ff`.
    pub separately: bool,
    /// `-A`.
    pub append: bool,
}

/// A live run, shown.
#[derive(Debug)]
pub struct Trace {
    /// What runs.
    pub target: Target,
    /// Which calls.
    pub calls: Calls,
    /// How the session is led.
    pub session: Session,
    /// How it looks.
    pub look: Look,
    /// Where it goes.
    pub out: Out,
    /// `--keep`.
    pub keep: Option<PathBuf>,
    /// `--profile` and what goes with it.
    pub profile: Option<Box<profile::How>>,
    /// `--profile-self`.
    pub own_cost: bool,
}

/// A live run, stored.
#[derive(Debug)]
pub struct Record {
    /// What runs.
    pub target: Target,
    /// `-e trace=`.
    pub calls: Calls,
    /// How the session is led.
    pub session: Session,
    /// `-o`.
    pub to: PathBuf,
    /// `-s`.
    pub strings: Option<u64>,
    /// `-y`.
    pub notes: u8,
    /// `--golden`.
    pub golden: bool,
    /// `-k`.
    pub stacks: bool,
    /// `--cpu-time`.
    pub cpu_time: bool,
}

/// A stored run, shown.
#[derive(Debug)]
pub struct Report {
    /// The recording.
    pub file: PathBuf,
    /// Which calls.
    pub calls: Calls,
    /// How it looks.
    pub look: Look,
    /// Where it goes.
    pub out: Out,
    /// `-f`: lines name their task, as in a live run with `-f`; as recorded when not given.
    pub follow_forks: bool,
    /// `--follow`: the recording still grows.
    pub growing: bool,
    /// How a document is read.
    pub reading: recording::document::Options,
}

/// `golden import`.
#[derive(Debug)]
pub struct GoldenImport {
    /// Recordings, or one document.
    pub files: Vec<PathBuf>,
    /// `--name`: of the golden; that of the first file otherwise.
    pub name: Option<String>,
    /// `--dir`, `--golden-max`.
    pub place: GoldenPlace,
    /// `--level`.
    pub level: Option<String>,
    /// `--single`.
    pub single: bool,
    /// `--accept-loose`.
    pub accept_loose: bool,
    /// `--force`.
    pub force: bool,
    /// How the document is read.
    pub reading: recording::document::Options,
}

/// `compare`: what two files show.
#[derive(Debug, Clone)]
pub struct Compare {
    /// The accepted one, and the other: recordings, goldens, documents or tables.
    pub files: [PathBuf; 2],
    /// Where goldens lie.
    pub place: GoldenPlace,
    /// How closely is compared.
    pub compare: CompareAs,
    /// `--as-recorded`: only facts that both know.
    pub as_recorded: bool,
    /// `--clusters`.
    pub clusters: Option<PathBuf>,
    /// `--fail-on`.
    pub fail_on: Option<String>,
    /// `-v`.
    pub verbose: bool,
    /// `--emit`, `KIND:PATH` each.
    pub emit: Vec<OsString>,
    /// Form of the verdict.
    pub form: VerdictForm,
    /// How documents are read.
    pub reading: recording::document::Options,
}

/// How a verdict is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerdictForm {
    /// As JSON.
    pub json: bool,
    /// As JUnit.
    pub junit: bool,
    /// What 3 becomes.
    pub inconclusive: Inconclusive,
}

/// What an undecided result becomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Inconclusive {
    /// Its own code.
    #[default]
    Code,
    /// 0.
    Pass,
    /// 1.
    Fail,
}

/// `golden …`.
#[derive(Debug)]
pub enum Golden {
    /// `golden record`.
    Record(GoldenRecord),
    /// `golden check`.
    Check(GoldenCheck),
    /// `golden diff`.
    Diff(Compare),
    /// `golden more`.
    More(GoldenRecord),
    /// `golden accept`.
    Accept(Waiting),
    /// `golden reject`.
    Reject(Waiting),
    /// `golden review`.
    Review(GoldenPlace),
    /// `golden import`.
    Import(GoldenImport),
    /// `golden explain`.
    Explain {
        /// A code or a name.
        what: String,
        /// Where goldens lie.
        place: GoldenPlace,
        /// As JSON.
        json: bool,
    },
}

/// Where goldens lie, and how much of one is read.
#[derive(Debug, Clone, Default)]
pub struct GoldenPlace {
    /// `--dir`.
    pub dir: Option<PathBuf>,
    /// `--golden-max`.
    pub most: Option<u64>,
}

/// Options of the comparison, words as they were given.
#[derive(Debug, Clone, Default)]
pub struct CompareAs {
    /// `--level`.
    pub level: Option<String>,
    /// `--root`.
    pub root: Option<String>,
    /// `--processes`.
    pub processes: Option<String>,
    /// `--stderr`.
    pub stderr: Option<String>,
    /// `--interleave`.
    pub interleave: Option<String>,
    /// `--inputs`.
    pub inputs: Option<String>,
}

/// How a judged program is run.
#[derive(Debug, Default)]
pub struct Judged {
    /// Program and arguments.
    pub argv: Vec<OsString>,
    /// `--fixture`.
    pub fixture: Option<PathBuf>,
    /// `--env`.
    pub env: Vec<OsString>,
    /// `--redact`.
    pub redact: Vec<String>,
    /// `--env-all`.
    pub env_all: bool,
    /// `--stdin`.
    pub stdin: Option<PathBuf>,
    /// `--subst`.
    pub subst: Vec<String>,
    /// `--timeout`, seconds.
    pub timeout: Option<f64>,
    /// `--vary`.
    pub vary: Option<String>,
}

/// `golden record`, `golden more`.
#[derive(Debug)]
pub struct GoldenRecord {
    /// Name of the golden.
    pub name: String,
    /// Where.
    pub place: GoldenPlace,
    /// What runs.
    pub judged: Judged,
    /// How closely it compares.
    pub compare: CompareAs,
    /// `--runs`; 1 with `--single`.
    pub runs: Option<u32>,
    /// `--single`.
    pub single: bool,
    /// `--drop-outliers`.
    pub drop_outliers: bool,
    /// `--accept-outliers`.
    pub accept_outliers: bool,
    /// `--accept-loose`.
    pub accept_loose: bool,
    /// `--allow`.
    pub allow: Vec<String>,
    /// `--keep-content`, 0 with `--no-content`.
    pub keep_content: Option<u64>,
    /// `--force`.
    pub force: bool,
}

/// `golden check`.
#[derive(Debug)]
pub struct GoldenCheck {
    /// Names of goldens.
    pub names: Vec<String>,
    /// Where.
    pub place: GoldenPlace,
    /// What runs.
    pub judged: Judged,
    /// How closely is compared.
    pub compare: CompareAs,
    /// `--recorded-command`.
    pub recorded_command: bool,
    /// `--recording`.
    pub recording: Option<PathBuf>,
    /// How a document is read that is given as one.
    pub reading: recording::document::Options,
    /// `--unreferenced`.
    pub unreferenced: Option<Unreferenced>,
    /// `--confirm`.
    pub confirm: Option<u32>,
    /// `--fail-on`.
    pub fail_on: Option<String>,
    /// `--runs`: of what is learned when it differs.
    pub runs: Option<u32>,
    /// `-v`.
    pub verbose: bool,
    /// `--emit`, `KIND:PATH` each.
    pub emit: Vec<OsString>,
    /// Form of the verdict.
    pub form: VerdictForm,
}

/// What becomes of goldens that nothing refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreferenced {
    /// They are told.
    Report,
    /// They are a failure, too.
    Reject,
}

/// What waits to be accepted.
#[derive(Debug)]
pub struct Waiting {
    /// Names; none with `--all`.
    pub names: Vec<String>,
    /// `--all`.
    pub all: bool,
    /// `--single`.
    pub single: bool,
    /// Where.
    pub place: GoldenPlace,
}

/// `assert`.
#[derive(Debug)]
pub struct Assert {
    /// Program and arguments.
    pub argv: Vec<OsString>,
    /// `--name`.
    pub name: Option<String>,
    /// `--runs`.
    pub runs: Option<u32>,
    /// Not `--no-follow`.
    pub follow: bool,
    /// `--recording`.
    pub recording: Option<PathBuf>,
    /// How it is read when it is a document.
    pub reading: recording::document::Options,
    /// `--emit`, `KIND:PATH` each.
    pub emit: Vec<OsString>,
    /// Form of the verdict.
    pub form: VerdictForm,
}
