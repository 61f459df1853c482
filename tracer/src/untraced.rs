//! A bare run: the same launch, nobody watching; for verdicts on time and memory.

use std::time::{Duration, Instant};

use crate::launch::{self, Found};
use crate::run::status;
use crate::signals::Control;
use crate::sys::wait;
use crate::{Error, Launch, Usage};

/// See [`crate::run_untraced`].
pub fn run(launch: &Launch) -> Result<Usage, Error> {
    let control = Control::take(true);
    let mut usage = Usage {
        status: None,
        not_started: None,
        wall: Duration::ZERO,
        user: Duration::ZERO,
        system: Duration::ZERO,
        max_rss_bytes: 0,
    };
    let program = match launch::prepare(launch, &control)? {
        Found::Program(program) => program,
        Found::Missing(failure) => {
            usage.not_started = Some(failure);
            return Ok(usage);
        }
    };
    let child = launch::fork(&program)?;
    let tid = child.tid;
    // The clock starts with the permission to exec, not when we hear of the exec: on a busy machine we
    // may hear of it when the program is over, and a run must never look shorter than it was.
    let begin = Instant::now();
    let failure = child.go();
    let said = failure.read();
    let mut used = wait::no_usage();
    let found = loop {
        match wait::process(tid, &mut used) {
            wait::Found::Task(_, status) if status.stopped().is_none() => break Some(status),
            wait::Found::NoChildren => break None,
            _ => {}
        }
    };
    usage.wall = begin.elapsed();
    if let Some((step, errno)) = said {
        usage.not_started = Some(launch::failure(step, errno, launch, &program.path)?);
        return Ok(usage);
    }
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
    usage.status = found.and_then(status);
    usage.user = time(used.ru_utime);
    usage.system = time(used.ru_stime);
    usage.max_rss_bytes = (used.ru_maxrss as u64).saturating_mul(1024);
    Ok(usage)
}
