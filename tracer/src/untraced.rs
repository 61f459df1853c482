//! A bare run: the same launch, nobody watching; for verdicts on time and memory.

use std::time::{Duration, Instant};

use crate::launch::{self, Found};
use crate::run::status;
use crate::signals::Control;
use crate::sys::perf::{Count, Counter};
use crate::sys::wait;
use crate::{Error, Launch, Usage};

/// See [`crate::run_untraced`].
pub fn run(launch: &Launch) -> Result<Usage, Error> {
    let control = Control::take(true, crate::Interruptible::PassedOn);
    let mut usage = Usage {
        status: None,
        not_started: None,
        wall: Duration::ZERO,
        user: Duration::ZERO,
        system: Duration::ZERO,
        max_rss_bytes: 0,
        instructions: Err("the program did not run".into()),
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
    let counter = Counter::instructions(tid.0);
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
    usage.instructions = counter.and_then(|counter| counter.read()).map_err(|error| refused(&error)).and_then(whole);
    Ok(usage)
}

fn refused(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV) => "this machine lends no hardware counter".into(),
        Some(libc::EACCES | libc::EPERM) => "hardware counters are not permitted (perf_event_paranoid)".into(),
        _ => format!("perf_event_open: {error}"),
    }
}

/// What was counted; a counter that had to share the processor's has no exact value.
fn whole(count: Count) -> Result<u64, String> {
    if count.enabled_ns == 0 || count.running_ns < count.enabled_ns {
        return Err("the counter did not run all the time".into());
    }
    Ok(count.value)
}
