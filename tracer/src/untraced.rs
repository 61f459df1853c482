//! Bare runs: the same launch, nobody watching; for verdicts on time and memory.

use std::io;
use std::time::{Duration, Instant};

use crate::launch::{self, Found};
use crate::run::status;
use crate::signals::Control;
use crate::sys::perf::{Count, Counter};
use crate::sys::process::{self, FailurePipe};
use crate::sys::wait::{self, WaitStatus};
use crate::sys::{Tid, signals};
use crate::{Error, Launch, StartFailure, Usage};

/// How long a group may take to end itself after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// How often it is looked whether a group has ended itself.
const LOOK: Duration = Duration::from_millis(50);

/// See [`crate::run_untraced`] and [`crate::run_side_by_side`].
pub fn run(launches: &[&Launch], timeout: Option<Duration>) -> Result<Vec<Usage>, Error> {
    let mut control = Control::take(true, crate::Interruptible::PassedOn);
    if launches.iter().any(|launch| launch.own_group) {
        control.count_interrupts();
    }
    let mut started = Vec::new();
    for launch in launches {
        match Started::of(launch, &control)? {
            Ok(run) => started.push(run),
            Err(failure) => {
                started.into_iter().for_each(Started::give_up);
                return Ok(launches.iter().map(|_| Usage::not_started(failure.clone())).collect());
            }
        }
    }
    // The clock starts with the permission to exec, not when we hear of the exec: on a busy machine we
    // may hear of it when the program is over, and a run must never look shorter than it was.
    started.iter_mut().for_each(Started::go);
    let mut refused = Vec::new();
    for (run, launch) in started.iter_mut().zip(launches) {
        if let Some((step, errno)) = run.failure.take().and_then(|failure| failure.read()) {
            refused.push(launch::failure(step, errno, launch, &run.path)?);
        }
    }
    if !refused.is_empty() {
        started.iter().for_each(|run| run.signal(libc::SIGKILL));
    }
    Patience::new(timeout).wait(&mut started);
    if let Some(failure) = refused.pop() {
        return Ok(started.iter().map(|_| Usage::not_started(failure.clone())).collect());
    }
    Ok(started.into_iter().map(Started::into_usage).collect())
}

impl Usage {
    fn not_started(failure: StartFailure) -> Usage {
        Usage { not_started: Some(failure), ..Usage::nothing() }
    }

    fn nothing() -> Usage {
        Usage {
            status: None,
            not_started: None,
            wall: Duration::ZERO,
            user: Duration::ZERO,
            system: Duration::ZERO,
            max_rss_bytes: 0,
            instructions: Err("the program did not run".into()),
            minor_faults: Err("the program did not run".into()),
            major_faults: Err("the program did not run".into()),
            timed_out: false,
        }
    }
}

/// A program from its fork to its end.
struct Started {
    tid: Tid,
    path: std::ffi::CString,
    own_group: bool,
    child: Option<process::Child>,
    failure: Option<FailurePipe>,
    counters: Counters,
    began: Instant,
    ended: bool,
    usage: Usage,
}

impl Started {
    /// Forks; the child waits.
    fn of(launch: &Launch, control: &Control) -> Result<Result<Started, StartFailure>, Error> {
        let program = match launch::prepare(launch, control)? {
            Found::Program(program) => program,
            Found::Missing(failure) => return Ok(Err(failure)),
        };
        let child = launch::fork(&program)?;
        Ok(Ok(Started {
            tid: child.tid,
            path: program.path.clone(),
            own_group: launch.own_group,
            counters: Counters::on(child.tid),
            child: Some(child),
            failure: None,
            began: Instant::now(),
            ended: false,
            usage: Usage::nothing(),
        }))
    }

    fn go(&mut self) {
        self.began = Instant::now();
        self.failure = self.child.take().map(process::Child::go);
    }

    /// It waits for its permission, and ends without it.
    fn give_up(self) {
        drop(self.child);
        wait::process(self.tid, &mut wait::no_usage());
    }

    /// It ended; or it vanished, and nobody can say how.
    fn end(&mut self, found: Option<WaitStatus>, used: &libc::rusage) {
        let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
        self.ended = true;
        self.usage.wall = self.began.elapsed();
        self.usage.status = found.and_then(status);
        self.usage.user = time(used.ru_utime);
        self.usage.system = time(used.ru_stime);
        self.usage.max_rss_bytes = (used.ru_maxrss as u64).saturating_mul(1024);
    }

    fn signal(&self, signal: i32) {
        if self.own_group {
            crate::signal_group(self.tid.0, signal);
        }
    }

    fn into_usage(mut self) -> Usage {
        let Counters { instructions, minor_faults, major_faults } = self.counters;
        self.usage.instructions = counted(instructions);
        self.usage.minor_faults = counted(minor_faults);
        self.usage.major_faults = counted(major_faults);
        self.usage
    }
}

/// What counts from the exec on, or why it does not.
struct Counters {
    instructions: io::Result<Counter>,
    minor_faults: io::Result<Counter>,
    major_faults: io::Result<Counter>,
}

impl Counters {
    fn on(tid: Tid) -> Counters {
        Counters {
            instructions: Counter::instructions(tid.0),
            minor_faults: Counter::faults(false, tid.0),
            major_faults: Counter::faults(true, tid.0),
        }
    }
}

/// How long we wait, and what follows when that is over.
struct Patience {
    timer: Option<signals::Timer>,
    until: Option<Instant>,
    asked: Option<Instant>,
}

impl Patience {
    fn new(timeout: Option<Duration>) -> Patience {
        // A signal that comes just before the wait would not end it: the timer does.
        let mut timer = signals::Timer::new().ok().inspect(signals::Timer::nudge_by_signals);
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        if let (Some(timer), Some(timeout), Some(_)) = (&mut timer, timeout, until) {
            timer.every(timeout.max(LOOK));
        }
        Patience { timer, until, asked: None }
    }

    /// Waits until all have ended.
    fn wait(mut self, all: &mut [Started]) {
        let mut used = wait::no_usage();
        while let Some(open) = all.iter().find(|run| !run.ended) {
            // Of a single program only its own end is taken: the caller may have other children.
            let alone = all.len() == 1;
            match if alone { wait::process(open.tid, &mut used) } else { wait::any_with_usage(true, &mut used) } {
                wait::Found::Task(tid, status) if status.stopped().is_none() => {
                    let Some(run) = all.iter_mut().find(|run| run.tid == tid) else { continue };
                    run.end(Some(status), &used);
                    if self.asked.is_some() {
                        // Who is left of the group when its leader has ended goes, too.
                        run.signal(libc::SIGKILL);
                    }
                }
                wait::Found::NoChildren => all.iter_mut().filter(|run| !run.ended).for_each(|run| run.end(None, &used)),
                wait::Found::Interrupted => self.look(all),
                _ => {}
            }
        }
    }

    /// Something came: is it time to end them?
    fn look(&mut self, all: &mut [Started]) {
        let now = Instant::now();
        let late = self.until.is_some_and(|until| now >= until);
        let open = || all.iter().filter(|run| !run.ended);
        match self.asked {
            None if late || signals::received() => {
                open().for_each(|run| run.signal(libc::SIGTERM));
                self.asked = Some(now);
                if let Some(timer) = &mut self.timer {
                    timer.assume_running();
                    timer.every(LOOK);
                }
                all.iter_mut().filter(|run| !run.ended).for_each(|run| run.usage.timed_out = late);
            }
            Some(asked) if now.duration_since(asked) >= GRACE => open().for_each(|run| run.signal(libc::SIGKILL)),
            _ => {}
        }
    }
}

fn counted(counter: io::Result<Counter>) -> Result<u64, String> {
    counter.and_then(|counter| counter.read()).map_err(|error| refused(&error)).and_then(whole)
}

fn refused(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV) => "this machine lends no hardware counter".into(),
        Some(libc::EACCES | libc::EPERM) => "counters are not permitted (perf_event_paranoid)".into(),
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
