//! A room: one working directory, one clean environment, and everything that runs in it.

use super::processes::{self, Process};
use super::{Failure, Trace, Tracer, ensure};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// What a run may take: 40 s, or as many as `CHIC_TEST_LIMIT` says. A hang is a failure, a slow machine
/// is not.
pub fn limit() -> Duration {
    let seconds = std::env::var("CHIC_TEST_LIMIT").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(40))
}

/// Files in which a guest keeps what differs from run to run.
const PRIVATE: [&str; 4] = ["pid", "tids", "daemon.pid", "daemon.log"];

/// A directory to run programs in. Whatever still runs there when it goes is killed.
pub struct Room {
    directory: tempfile::TempDir,
    marker: String,
}

/// What a run showed.
#[derive(Debug)]
pub struct Outcome {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    /// Without the lines of ours.
    pub stderr: Vec<u8>,
    /// Lines that chic-trace wrote to stderr in its own name.
    pub notes: Vec<String>,
    /// Files left in the working directory: content, link target or kind, and mode.
    pub files: BTreeMap<PathBuf, String>,
    pub took: Duration,
}

impl Outcome {
    /// As a shell shows it: 128 + N for death by signal N.
    pub fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Everything that a user can see but the time it took.
    pub fn shown(&self) -> String {
        let mut shown = format!("{}\nstdout:\n{}\n", self.status, self.text());
        shown += &format!("stderr:\n{}\n", String::from_utf8_lossy(&self.stderr));
        for (path, content) in &self.files {
            shown += &format!("file {}: {content}\n", path.display());
        }
        shown
    }

    /// Is this run the same as the native one?
    pub fn same_as(&self, native: &Outcome) -> Result<(), Failure> {
        let (traced, alone) = (self.shown(), native.shown());
        ensure!(
            traced == alone,
            "a traced run differs from a native one{}\n--- native\n{alone}\n--- traced\n{traced}\n--- notes of the tracer\n{}",
            first_difference(&alone, &traced),
            self.notes.join("\n")
        );
        Ok(())
    }
}

/// The first lines that are not the same, ahead of the whole texts.
fn first_difference(native: &str, traced: &str) -> String {
    let differs = native.lines().zip(traced.lines()).find(|(one, other)| one != other);
    differs.map_or_else(String::new, |(one, other)| format!(", natively {one:?}, traced {other:?}"))
}

impl Room {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let marker = format!("GUEST_ROOM={}-{number}", std::process::id());
        let room = Self { directory, marker };
        std::fs::create_dir(room.work()).expect("the working directory");
        room
    }

    /// The working directory of the programs.
    pub fn work(&self) -> PathBuf {
        self.directory.path().join("work")
    }

    /// A path beside the working directory.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The number that a guest left in a file of the working directory.
    pub fn number_in(&self, name: &str) -> Option<i32> {
        std::fs::read_to_string(self.work().join(name)).ok()?.trim().parse().ok()
    }

    /// Empties the working directory: every run begins alike.
    pub fn sweep(&self) {
        let _ = std::fs::remove_dir_all(self.work());
        std::fs::create_dir(self.work()).expect("the working directory");
    }

    /// A command with the room's directory and environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let (name, value) = self.marker.split_once('=').expect("the marker is a variable");
        command.current_dir(self.work()).env_clear().env(name, value);
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
        command.env("PATH", path).env("LANG", "C.UTF-8").env("TZ", "UTC").env("HOME", self.work());
        // What programs would else take from clock and chance.
        command.env("PYTHONHASHSEED", "0").env("PERL_HASH_SEED", "0");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_DATE"), "2001-02-03T04:05:06Z");
        }
        command.stdin(Stdio::null());
        command
    }

    /// The command that runs `argv` under this tracer: `TRACER OPTIONS -- ARGV`.
    pub fn traced_command(&self, tracer: &Tracer, options: &[&OsStr], argv: &[OsString]) -> Command {
        let mut command = self.command(tracer.program());
        command.args(options).arg("--").args(argv);
        command
    }

    /// Runs it alone.
    pub fn native(&self, argv: &[OsString]) -> Result<Outcome, Failure> {
        self.sweep();
        let mut command = self.command(&argv[0]);
        command.args(&argv[1..]);
        self.finish(command)
    }

    /// Runs it traced, following all tasks, and reads what was written.
    pub fn traced(&self, tracer: &Tracer, argv: &[OsString]) -> Result<(Outcome, Trace), Failure> {
        self.traced_with(tracer, &["-f"], argv)
    }

    /// The same with these options.
    pub fn traced_with(
        &self,
        tracer: &Tracer,
        options: &[&str],
        argv: &[OsString],
    ) -> Result<(Outcome, Trace), Failure> {
        self.sweep();
        let file = self.beside("trace.jsonl");
        let _ = std::fs::remove_file(&file);
        let mut all: Vec<&OsStr> = options.iter().map(OsStr::new).collect();
        all.extend([OsStr::new("--format"), OsStr::new("jsonl"), OsStr::new("-o"), file.as_os_str()]);
        let outcome = self.finish(self.traced_command(tracer, &all, argv))?;
        let trace = Trace::read(&file).map_err(|why| {
            Failure::Wrong(format!("{why}; the traced run showed\n{}{}", outcome.shown(), outcome.notes.join("\n")))
        })?;
        Ok((outcome, trace))
    }

    /// Runs a command to its end.
    pub fn finish(&self, command: Command) -> Result<Outcome, Failure> {
        self.start(command)?.finish()
    }

    /// Starts a command whose stdout and stderr are collected.
    pub fn start(&self, mut command: Command) -> Result<Running<'_>, Failure> {
        let start = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {:?}: {error}", command.get_program()))?;
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        Ok(Running { room: self, child, stdout, stderr, start })
    }

    /// Processes of this room that are still there.
    pub fn left(&self) -> Vec<Process> {
        processes::with_environment(&self.marker)
    }

    /// Nothing may be left; a moment is allowed for what is just ending.
    pub fn is_empty(&self) -> Result<(), Failure> {
        processes::until(Duration::from_secs(3), || self.left().is_empty());
        let left = self.left();
        ensure!(left.is_empty(), "processes are left behind: {left:?}");
        Ok(())
    }

    /// Ends whatever runs here.
    pub fn clear(&self) {
        for process in self.left() {
            processes::kill(process.pid, libc::SIGKILL);
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A program that runs.
pub struct Running<'a> {
    room: &'a Room,
    pub child: Child,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
    start: Instant,
}

impl Running<'_> {
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Writes to its stdin (which the command must have piped).
    pub fn tell(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let stdin = self.child.stdin.as_mut().ok_or_else(|| "stdin is no pipe".to_string())?;
        Ok(stdin.write_all(bytes).and_then(|()| stdin.flush())?)
    }

    /// Has it ended?
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Closes its stdin, waits for its end and collects what it showed.
    pub fn finish(self) -> Result<Outcome, Failure> {
        self.finish_within(limit())
    }

    /// The same, with the most memory that it had, KiB.
    pub fn finish_measured(mut self) -> Result<(Outcome, u64), Failure> {
        let (pid, mut peak) = (self.pid(), 0);
        processes::until(limit(), || {
            peak = peak.max(processes::peak_kib(pid).unwrap_or(0));
            self.has_ended()
        });
        Ok((self.finish()?, peak))
    }

    /// The same with another limit.
    pub fn finish_within(mut self, limit: Duration) -> Result<Outcome, Failure> {
        drop(self.child.stdin.take());
        if !processes::until(limit, || self.has_ended()) {
            let states = self.room.left();
            self.room.clear();
            let _ = self.child.wait();
            return Err(Failure::Wrong(format!("no end within {limit:?}; still there: {states:?}")));
        }
        let took = self.start.elapsed();
        let status = self.child.wait()?;
        let whole = |bytes: &Receiver<Vec<u8>>, name: &str| {
            bytes.recv_timeout(limit).map_err(|_| format!("somebody keeps {name} open: {:?}", self.room.left()))
        };
        let (stdout, stderr) = (whole(&self.stdout, "stdout")?, whole(&self.stderr, "stderr")?);
        let (stderr, notes) = part_notes(&stderr);
        Ok(Outcome { status, stdout, stderr, notes, files: files(&self.room.work()), took })
    }
}

fn collect(stream: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            let _ = stream.read_to_end(&mut bytes);
        }
        let _ = send.send(bytes);
    });
    receive
}

/// Parts what the program wrote from what the tracer said in its own name.
fn part_notes(stderr: &[u8]) -> (Vec<u8>, Vec<String>) {
    let mut program = Vec::new();
    let mut notes = Vec::new();
    for line in stderr.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"chic-trace: ") || (line.starts_with(b"  hint: ") && !notes.is_empty()) {
            notes.push(String::from_utf8_lossy(line).trim_end().to_string());
        } else {
            program.extend_from_slice(line);
        }
    }
    (program, notes)
}

/// Every file below, but those that differ from run to run.
fn files(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(directory).unwrap_or(&path).to_path_buf();
            if PRIVATE.iter().any(|private| name.as_os_str() == *private) {
                continue;
            }
            found.insert(name, describe(&path));
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            }
        }
    }
    found
}

fn describe(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let Ok(metadata) = path.symlink_metadata() else { return "gone".into() };
    let mode = metadata.mode();
    if metadata.is_symlink() {
        format!("{mode:o} -> {:?}", std::fs::read_link(path).ok())
    } else if metadata.is_file() {
        let bytes = std::fs::read(path).unwrap_or_default();
        if bytes.len() <= 512 {
            format!("{mode:o} {}", bytes.escape_ascii())
        } else {
            format!("{mode:o} {} bytes, sum {:x}", bytes.len(), sum(&bytes))
        }
    } else {
        format!("{mode:o}")
    }
}

/// FNV-1a: enough to tell two files of a test apart.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// A path as an argument.
pub fn word(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_os_string()
}
