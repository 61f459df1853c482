//! One run of a compiler: in a process group of its own, so that all of it ends when its time is over.

use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::modules;

/// How often it is looked whether we are to end ourselves.
const LOOK: Duration = Duration::from_millis(50);

/// How long a group may take to end itself after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// What is run.
pub struct Child<'a> {
    /// Program and arguments.
    pub argv: &'a [String],
    /// Metrics, output, errors.
    pub files: &'a [PathBuf; 3],
    /// How long it may take.
    pub timeout: Duration,
}

/// How it ended.
pub struct Ended {
    /// Its status; −N when signal N ended it.
    pub exit_code: i32,
    /// The signal.
    pub signal: Option<i32>,
    /// Wall time.
    pub elapsed: Duration,
    /// Was it ended because its time was over?
    pub timed_out: bool,
    /// The signal by which we were told to end, for which it was ended.
    pub interrupted: Option<i32>,
}

impl Child<'_> {
    /// Runs it to its end. What an earlier run left under the names of its files is removed first.
    pub fn run(&self) -> io::Result<Ended> {
        let [metrics, out, err] = self.files;
        modules::remove(metrics)?;
        for file in self.files {
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let metrics = std::path::absolute(metrics)?;
        let (program, words) = self.argv.split_first().ok_or(io::ErrorKind::NotFound)?;
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null()).stdout(File::create(out)?).stderr(File::create(err)?).process_group(0);
        for name in ["CHIC_PERF_METRICS", "WASMOON_PERF_METRICS"] {
            command.env(name, "1").env(format!("{name}_FILE"), &metrics);
        }
        let began = Instant::now();
        let mut child = command.spawn()?;
        let group = child.id();
        let (ended, answer) = mpsc::channel();
        std::thread::spawn(move || {
            let status = child.wait();
            let _ = ended.send((status, began.elapsed()));
        });
        let mut interrupted = None;
        let in_time = loop {
            let left = self.timeout.saturating_sub(began.elapsed());
            match answer.recv_timeout(left.min(LOOK)) {
                Ok(found) => break Some(found),
                Err(_) if left.is_zero() => break None,
                Err(_) => interrupted = tracer::interrupts::taken(),
            }
            if interrupted.is_some() {
                break None;
            }
        };
        let timed_out = in_time.is_none() && interrupted.is_none();
        let (status, elapsed) = in_time.unwrap_or_else(|| stop(group, &answer));
        let status = status?;
        let interrupted = interrupted.or_else(tracer::interrupts::taken);
        Ok(Ended { exit_code: code(status), signal: status.signal(), elapsed, timed_out, interrupted })
    }
}

type Found = (io::Result<ExitStatus>, Duration);

/// Ends the group: politely, then not.
fn stop(group: u32, answer: &mpsc::Receiver<Found>) -> Found {
    tracer::signal_group(group, SIGTERM);
    let found = answer.recv_timeout(GRACE);
    // Who is left of the group when its leader has ended goes, too.
    tracer::signal_group(group, SIGKILL);
    found.or_else(|_| answer.recv()).unwrap_or_else(|_| (Err(io::ErrorKind::Other.into()), GRACE))
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or(-1)
}
