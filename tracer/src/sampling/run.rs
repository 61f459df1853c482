//! A sampled run: the same launch as ever, no ptrace, samples only.

use std::time::Duration;

use super::{How, Report, Sampler, Seen};
use crate::launch::{self, Found};
use crate::run::status;
use crate::signals::Control;
use crate::sys::{Tid, wait};
use crate::{Error, Launch, StartFailure, Status};

/// How a sampled run went.
pub struct Sampled {
    /// How the program ended; `None` when that was not seen.
    pub status: Option<Status>,
    /// Why it was not started.
    pub not_started: Option<StartFailure>,
    /// How sampling went.
    pub report: Report,
    /// Has the names of the frames that were seen.
    pub sampler: Option<Sampler>,
}

/// ms between looks at the rings.
const PAUSE_MS: u16 = 10;

/// Runs a program and hands what is seen of it to `see`. Ends with the program; what it left behind runs on.
///
/// Must be called from a thread that has no children the caller wants to wait for.
///
/// # Errors
/// As [`crate::run`], and those of [`Sampler::open`]; the program has not run then.
pub fn run(launch: &Launch, how: How, see: &mut dyn FnMut(Seen<'_>)) -> Result<Sampled, Error> {
    let control = Control::take(true, crate::Interruptible::PassedOn);
    let program = match launch::prepare(launch, &control)? {
        Found::Program(program) => program,
        Found::Missing(failure) => {
            return Ok(Sampled { status: None, not_started: Some(failure), report: Report::default(), sampler: None });
        }
    };
    let child = launch::fork(&program)?;
    let tid = child.tid;
    let mut sampler = match Sampler::open(tid.0, how) {
        Ok(sampler) => sampler,
        Err(error) => {
            // It reads the end of its pipe and leaves.
            drop(child);
            end_of(tid, || std::thread::sleep(Duration::from_millis(1)));
            return Err(error);
        }
    };
    let failure = child.go();
    let ended = end_of(tid, || {
        if sampler.wait(PAUSE_MS) {
            std::thread::sleep(Duration::from_millis(1));
        }
        sampler.drain(see);
    });
    let report = sampler.finish(see);
    let not_started = match failure.said(true) {
        Some((step, errno)) => Some(launch::failure(step, errno, launch, &program.path)?),
        None => None,
    };
    let status = ended.and_then(status).filter(|_| not_started.is_none());
    Ok(Sampled { status, not_started, report, sampler: Some(sampler) })
}

/// Calls `meanwhile` until the child has ended. Its status.
fn end_of(tid: Tid, mut meanwhile: impl FnMut()) -> Option<wait::WaitStatus> {
    loop {
        match wait::poll(tid) {
            wait::Found::Task(_, status) if status.stopped().is_none() => return Some(status),
            wait::Found::NoChildren => return None,
            _ => meanwhile(),
        }
    }
}
