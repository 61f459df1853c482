//! The session: owns every task, waits for their stops and serves them.
//!
//! One thread does all of it, because ptrace answers only the thread that attached. A stop is served
//! by the file that knows its kind: `calls` (entry, exit, filter), `births` (new tasks, execs),
//! `deaths`, `signals`; `leave` lets tasks go.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use recording::event::{Kind, Record, State};
use recording::session::{EndedBy, Trailer};

use crate::births::first_birth;
use crate::call_stacks::CallStacks;
use crate::capture::Capture;
use crate::counters::Meters;
use crate::inject::Injections;
use crate::leave::Leaving;
use crate::placement::Placement;
use crate::probes::Probes;
use crate::profile::Profile;
use crate::rings::Rings;
use crate::stop::Reason;
use crate::stream::Stream;
use crate::sys::ptrace::{Gone, Stopped, Until, option};
use crate::sys::wait::{self, Found, WaitStatus};
use crate::sys::{Tid, clock, process, seccomp, signals};
use crate::task::{Early, InCall, Phase, Process, Task, Tasks};
use crate::{Left, Plan, Wanted};

/// A sink hears of the time at least so often, also while every task sleeps: a recording is written
/// to its file within a second.
const WATCHED: Duration = Duration::from_millis(500);
/// Events that a sink has not seen wait at most so long for it, and a pin that does not pay for its end.
const SOON: Duration = Duration::from_millis(20);
/// A deadline is looked at this often.
const LATE: Duration = Duration::from_millis(100);

/// How calls are noticed in this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Each stops twice.
    Every,
    /// A filter of ours in the kernel picks them.
    Filtered,
    /// None is asked for.
    None,
}

/// Can calls be picked in the kernel on this machine? The program of `filter` is for x86-64.
fn can_filter() -> Result<(), String> {
    if !cfg!(target_arch = "x86_64") {
        return Err("filters are written for x86-64 only".into());
    }
    seccomp::available().map_err(|errno| format!("seccomp(2): {}", errno.text()))
}

impl Calls {
    /// What suits this plan: a filter is inherited, so it needs following, and can't be put on
    /// processes that run already.
    pub fn of(plan: &Plan) -> Calls {
        Calls::for_plan(plan, can_filter().is_ok())
    }

    fn for_plan(plan: &Plan, can_filter: bool) -> Calls {
        match &plan.wanted {
            None => Calls::Every,
            Some(wanted) if wanted.is_empty() && plan.tracepoints.is_none() => Calls::None,
            Some(_) if can_filter && plan.allows_filter() => Calls::Filtered,
            Some(_) => Calls::Every,
        }
    }

    /// How a task of a process without a filter of its own is resumed between calls.
    pub fn between(self) -> Until {
        match self {
            Calls::Every => Until::Call,
            Calls::Filtered | Calls::None => Until::Event,
        }
    }
}

/// See the module.
pub struct Session<'s> {
    pub(crate) stream: Stream<'s>,
    pub(crate) tasks: Tasks,
    /// Tasks whose parent's event has not come yet.
    pub(crate) early: Early,
    /// Stops collected and not served.
    queue: VecDeque<Waited>,
    /// Tasks past their last stop: their statuses bring the usage of their processes.
    pub(crate) expected_deaths: u32,
    pub(crate) capture: Capture,
    pub(crate) placement: Placement,
    pub(crate) meters: Meters,
    interval: Option<Interval>,
    /// See [`Plan::samples`].
    pub(crate) profile: Profile,
    /// See [`Plan::call_stacks`].
    pub(crate) call_stacks: Option<Box<CallStacks>>,
    /// See [`Plan::tracepoints`].
    pub(crate) rings: Option<Rings>,
    /// When what comes late is looked at next, by our clock.
    pub(crate) next_look: u64,
    /// See [`Plan::probes`].
    pub(crate) probes: Option<Probes>,
    /// Number of the root's next event, once it is gone.
    pub(crate) root_seq: u64,
    /// Builds events that are no calls.
    pub(crate) event: Record,
    pub(crate) calls: Calls,
    pub(crate) wanted: Option<Wanted>,
    pub(crate) follow: bool,
    pub(crate) kill_on_exit: bool,
    pub(crate) argv_limits: (u64, u64),
    /// Did we set no_new_privs on the target?
    pub(crate) sets_no_new_privs: bool,
    /// See [`Plan::injections`].
    pub(crate) injections: Option<Box<Injections>>,
    /// See [`Plan::detach_on_exec`].
    pub(crate) detach_on_exec: bool,
    /// Fallbacks that have been told of.
    pub(crate) fallbacks: Vec<&'static str>,
    helpers: Vec<Tid>,
    /// The process we started.
    pub(crate) root: Option<Tid>,
    pub(crate) root_status: Option<WaitStatus>,
    root_ended: Option<Instant>,
    /// When every task is killed, by our clock.
    deadline: Option<u64>,
    pub(crate) timed_out: bool,
    grace: Duration,
    left_policy: Left,
    pub(crate) leaving: Option<Leaving>,
    pub(crate) limit: Option<(u32, u64)>,
    pub(crate) warnings: Vec<String>,
    /// Device, inode and time of change of the file that was executed last and has no capabilities.
    pub(crate) without_capabilities: Option<(u64, u64, i64, i64)>,
    pub(crate) stops: u64,
    /// Time of the stop being served.
    pub(crate) now: u64,
    pub(crate) timer: Option<signals::Timer>,
    /// See [`Session::tick`].
    soon: Option<Duration>,
    pub(crate) control: crate::signals::Control,
    rounds: u32,
    crowded: bool,
}

/// A status, with what its process used when it was asked for.
pub(crate) struct Waited {
    pub tid: Tid,
    pub status: WaitStatus,
    pub usage: Option<Box<libc::rusage>>,
}

/// Counters of running tasks are read this often.
struct Interval {
    period: Duration,
    next: Instant,
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl<'s> Session<'s> {
    /// A session without tasks.
    pub fn new(plan: &Plan, stream: Stream<'s>, calls: Calls, control: crate::signals::Control) -> Self {
        Session {
            stream,
            tasks: Tasks::default(),
            early: Early::default(),
            queue: VecDeque::with_capacity(64),
            expected_deaths: 0,
            placement: Placement::for_plan(plan, calls),
            capture: Capture::new(&plan.limits, plan.golden),
            meters: Meters::new(plan.counters, plan.follow && calls == Calls::Filtered),
            interval: plan.interval.map(|period| Interval { period, next: Instant::now() + period }),
            profile: Profile::default(),
            call_stacks: plan.call_stacks.then(|| Box::new(CallStacks::new())),
            rings: plan.tracepoints.map(Rings::new),
            next_look: 0,
            probes: (plan.probes.is_some() || plan.chic.is_some()).then(|| {
                let fake_clock = plan.tracepoints.is_some_and(|tracepoints| tracepoints.fake_clock);
                let later = plan.chic.as_ref().filter(|_| calls == Calls::Filtered);
                Probes::new(plan.probes.clone().unwrap_or_default(), fake_clock, later)
            }),
            root_seq: 0,
            event: Record::with_capacity(512),
            calls,
            wanted: plan.wanted.clone(),
            follow: plan.follow,
            kill_on_exit: plan.kill_on_exit,
            argv_limits: (plan.limits.argv_elements, plan.limits.argv_bytes),
            sets_no_new_privs: false,
            injections: Injections::new(&plan.injections, plan.injects_only.as_ref()),
            detach_on_exec: plan.detach_on_exec,
            fallbacks: vec![],
            helpers: plan.helpers.iter().map(|pid| Tid(*pid)).collect(),
            root: None,
            root_status: None,
            root_ended: None,
            deadline: plan.deadline.map(|after| clock::monotonic_ns().saturating_add(nanos(after))),
            timed_out: false,
            grace: plan.grace,
            left_policy: plan.left,
            leaving: None,
            limit: None,
            warnings: vec![],
            without_capabilities: None,
            stops: 0,
            now: clock::monotonic_ns(),
            timer: signals::Timer::new().ok().inspect(signals::Timer::nudge_by_signals),
            soon: None,
            control,
            rounds: 0,
            crowded: false,
        }
    }

    /// Options of every task.
    pub fn options(&self) -> i32 {
        let mut options = option::SYSGOOD | option::EXEC | option::EXIT;
        if self.follow {
            options |= option::BIRTHS;
        }
        if self.calls == Calls::Filtered {
            // Without its tracer a filtered call fails with ENOSYS: better dead than that.
            options |= option::SECCOMP | option::EXITKILL;
        }
        // Those that are found later are set in filtered processes only.
        if self.kill_on_exit || self.probes.as_ref().is_some_and(|probes| probes.are_breakpoints() && probes.has_any())
        {
            options |= option::EXITKILL;
        }
        options
    }

    /// The child that will be the target.
    pub fn add_root(&mut self, tid: Tid) {
        self.root = Some(tid);
        let mut task = Task::new(tid, tid, Phase::Starting);
        self.now = clock::monotonic_ns();
        self.place_root(tid);
        first_birth(&mut self.event, &mut task, self.now);
        self.stream.push(&self.event);
        self.tasks.add(task, Process::default());
        self.meters.born(tid.0, tid.0, 0, false);
    }

    /// A filter was wanted and can't be had: every call stops, and the ones not asked for are dropped here.
    pub(crate) fn note_missing_filter(&mut self, plan: &Plan) {
        if self.calls != Calls::for_plan(plan, true)
            && let Err(why) = can_filter()
        {
            self.note_fallback("engine.filter", &why);
        }
    }

    /// Serves stops until the session is over.
    pub fn run(&mut self) {
        loop {
            while let Some(waited) = self.queue.pop_front() {
                self.serve(waited);
                self.stream.served();
            }
            if self.is_over() {
                return;
            }
            self.kill_if_late();
            self.stream.idle(self.now);
            self.arm_timer();
            match self.wait(true) {
                Ok(waited) => {
                    self.serve(waited);
                    self.stream.served();
                    self.collect();
                }
                Err(Found::NoChildren) => return self.abandon_all(),
                Err(Found::Interrupted) => {
                    self.now = clock::monotonic_ns();
                    self.review_placement(None);
                    self.announce_newest();
                    self.stream.tick();
                }
                Err(_) => {}
            }
        }
    }

    /// At the deadline every task is killed; their ends are recorded like any other.
    fn kill_if_late(&mut self) {
        let Some(deadline) = self.deadline else { return };
        if self.now < deadline {
            self.tick(LATE);
            return;
        }
        self.timed_out = true;
        // Those that are born meanwhile are killed the next time.
        for tid in self.tasks.tids() {
            let _ = process::kill(tid, libc::SIGKILL);
        }
        self.tick(LATE);
    }

    /// Waits. The usage of a process takes the kernel as long as it has threads, so it is asked for
    /// only when somebody is about to end.
    fn wait(&mut self, block: bool) -> Result<Waited, Found> {
        if self.expected_deaths == 0 {
            return match wait::any(block) {
                Found::Task(tid, status) => Ok(Waited { tid, status, usage: None }),
                other => Err(other),
            };
        }
        let mut usage = wait::no_usage();
        match wait::any_with_usage(block, &mut usage) {
            Found::Task(tid, status) if status.stopped().is_some() => Ok(Waited { tid, status, usage: None }),
            Found::Task(tid, status) => Ok(Waited { tid, status, usage: Some(Box::new(usage)) }),
            other => Err(other),
        }
    }

    /// A status that came while a task made calls for us.
    pub(crate) fn serve_next(&mut self, waited: Waited) {
        self.queue.push_front(waited);
    }

    /// Queues what else has happened, so that one busy task can't keep others from being served.
    /// Asking costs as much as a tenth of a stop: while nobody else turns up it is done now and then.
    fn collect(&mut self) {
        self.rounds = self.rounds.wrapping_add(1);
        if self.tasks.len() < 2 || !(self.crowded || self.rounds.is_multiple_of(8)) {
            return;
        }
        while let Ok(waited) = self.wait(false) {
            self.queue.push_back(waited);
            if self.queue.len() >= 4096 {
                break;
            }
        }
        self.crowded = !self.queue.is_empty();
    }

    /// What only happens between stops: signals to us, limits, the end of the grace.
    fn is_over(&mut self) -> bool {
        if signals::received() {
            self.obey_signals();
        }
        if self.leaving.is_some() {
            return self.left_all();
        }
        self.release_held();
        self.sample_if_due();
        self.interrupt_if_due();
        self.look_at_what_is_late();
        if !self.early.stopped.is_empty() {
            self.adopt_orphans();
            self.tick(Duration::from_millis(50));
        }
        if let Some(limit) = self.stream.over_limit()
            && self.limit.is_none()
        {
            self.reached_limit(limit);
        }
        if !self.stream.is_open() && self.calls != Calls::Filtered && self.leaving.is_none() {
            self.let_everybody_go(crate::leave::Why::NothingToRecord);
            return self.left_all();
        }
        if let Some(ended) = self.root_ended {
            return self.outlived_root(ended);
        }
        self.only_helpers_left()
    }

    fn outlived_root(&mut self, ended: Instant) -> bool {
        if self.tasks.is_empty() && self.early.stopped.is_empty() {
            return self.only_helpers_left();
        }
        let left = self.grace.saturating_sub(ended.elapsed());
        if self.left_policy == Left::Wait {
            return false;
        }
        if !left.is_zero() {
            self.tick(left.min(Duration::from_millis(50)));
            return false;
        }
        self.root_ended = None;
        match self.left_policy {
            Left::Kill => {
                self.kill_everybody();
                false
            }
            // Mute: the caller takes the tasks over.
            Left::Leave if self.calls == Calls::Filtered => true,
            _ => {
                self.let_everybody_go(crate::leave::Why::OutlivedRoot);
                self.left_all()
            }
        }
    }

    /// A helper of ours is a child like any other to wait4, and may outlive every task.
    fn only_helpers_left(&mut self) -> bool {
        if !self.tasks.is_empty() || !self.early.stopped.is_empty() || self.helpers.is_empty() {
            return false;
        }
        match self.wait(false) {
            Ok(waited) => {
                self.queue.push_back(waited);
                false
            }
            // Nothing is left but a helper: a task that has not had its first stop was announced by
            // its parent's, and is in `early` or in `tasks`.
            Err(_) => true,
        }
    }

    /// The next wait ends after so long at the latest.
    pub(crate) fn tick(&mut self, period: Duration) {
        self.soon = Some(self.soon.map_or(period, |soon| soon.min(period)));
    }

    /// Sets the timer to what the next wait needs. It runs on while that stays the same, so a busy
    /// target costs no call.
    fn arm_timer(&mut self) {
        if self.stream.holds_back() || self.placement.is_pinned() {
            self.tick(SOON);
        }
        let soon = self.soon.take().or(self.stream.is_open().then_some(WATCHED));
        if let Some(timer) = &mut self.timer {
            match soon {
                Some(period) => timer.every(period.max(Duration::from_millis(1))),
                None => timer.stop(),
            }
        }
    }

    /// Serves one status.
    fn serve(&mut self, Waited { tid, status, usage }: Waited) {
        self.now = clock::monotonic_ns();
        self.drain_ring(tid);
        let reason = Reason::of(status);
        if matches!(reason, Reason::Exited(_) | Reason::Killed { .. }) {
            return self.ended(tid, status, usage.as_deref());
        }
        if reason == Reason::Unknown {
            return;
        }
        self.stops += 1;
        self.note_stop(tid);
        let stopped = Stopped::reported(tid);
        self.forget_held(&stopped);
        if self.tasks.get(tid).is_none() {
            return self.unknown_task(stopped, status);
        }
        if self.leaving.is_some() {
            return self.let_go(stopped, reason);
        }
        self.sample_stopped(&stopped, reason);
        // A task that is gone needs nothing more than its wait status, which is still to come.
        let _: Result<(), Gone> = match reason {
            Reason::Call => self.call_stop(stopped),
            Reason::Seccomp => self.filter_stop(stopped),
            Reason::Signal(signal) => self.signal_stop(stopped, signal),
            Reason::GroupStop(signal) => self.group_stop(stopped, signal),
            Reason::Pause => self.pause(stopped),
            Reason::Birth(how) => self.birth(stopped, how),
            Reason::Exec => self.exec(stopped),
            Reason::Leaving => self.last_stop(stopped),
            Reason::VforkDone | Reason::Exited(_) | Reason::Killed { .. } | Reason::Unknown => self.go_on(stopped, 0),
        };
    }

    /// Resumes a task up to the next stop that matters, with this signal.
    pub(crate) fn go_on(&self, stopped: Stopped, signal: i32) -> Result<(), Gone> {
        let until = self.tasks.get(stopped.tid()).map_or(Until::Event, |task| self.until(task));
        stopped.resume(until, signal)
    }

    /// Up to where a task runs from where it is.
    pub(crate) fn until(&self, task: &Task) -> Until {
        if task.every_call || task.call == InCall::Shown || task.watch != crate::task::Watch::Nothing {
            Until::Call
        } else {
            self.calls.between()
        }
    }

    /// Before an event of `tid`: a call that another task is still in is announced, so that a reader
    /// sees both lines in order. At most one is open and unannounced.
    pub(crate) fn announce_other(&mut self, tid: Tid) {
        if self.stream.unannounced.is_some_and(|other| other != tid) {
            self.announce_newest();
        }
    }

    /// Tells of the newest call that is still open: also while everybody sleeps, so that a watcher
    /// sees what the program waits in.
    fn announce_newest(&mut self) {
        if let Some(tid) = self.stream.unannounced.take()
            && let Some(task) = self.tasks.get_mut(tid)
            && task.call == InCall::Shown
            && !task.announced
        {
            task.announced = true;
            self.stream.push(&task.record);
        }
    }

    /// Begins an event of a task in `self.event`. The task must be known.
    pub(crate) fn begin_event(&mut self, kind: Kind, fixed: usize, tid: Tid) {
        self.announce_other(tid);
        let seq = self.tasks.get_mut(tid).map_or(0, Task::next_seq);
        self.event.begin(kind, fixed, tid.0, seq, self.now);
    }

    /// Pushes what was begun.
    pub(crate) fn push_event(&mut self) {
        self.stream.push(&self.event);
    }

    /// The task leaves its open call without an exit.
    pub(crate) fn close_call(&mut self, tid: Tid) {
        if let Some(task) = self.tasks.get_mut(tid) {
            if task.call == InCall::Shown {
                task.record.finish_call(State::Done, 0, 0);
                task.record.add_flags(recording::event::flag::NO_EXIT);
                self.stream.push(&task.record);
            }
            task.call = InCall::No;
            if self.stream.unannounced == Some(tid) {
                self.stream.unannounced = None;
            }
        }
    }

    /// The root has ended with this status.
    pub(crate) fn root_is_over(&mut self, status: WaitStatus) {
        self.root_status = Some(status);
        self.root_ended = Some(Instant::now());
    }

    /// wait4 says that nobody is left: whoever is still in the table vanished with a thread group.
    fn abandon_all(&mut self) {
        self.restore_placement();
        self.drain_rings();
        for tid in self.tasks.tids() {
            self.close_call(tid);
        }
    }

    /// The tasks still there: process and name.
    pub(crate) fn those_left(&self) -> Vec<(u32, String)> {
        self.tasks.pids().into_iter().map(|pid| (pid.0, crate::look::comm(pid))).collect()
    }

    /// What the trailer can say of this session.
    pub(crate) fn trailer(&self) -> Trailer {
        Trailer {
            ended: EndedBy::Complete,
            root_status: self.root_status.map(|status| status.0),
            stops: self.stops,
            not_measured: self
                .meters
                .not_measured()
                .iter()
                .chain(self.profile.not_measured())
                .chain(self.probes.iter().flat_map(Probes::not_measured))
                .cloned()
                .collect(),
            engine_changes: self.fallbacks.iter().map(|what| (what.to_string(), 1)).collect(),
            ..Trailer::default()
        }
    }

    /// Why the sink takes no more; and, where filtered tasks are left, the session without its sink.
    pub(crate) fn into_mute(mut self) -> (Option<recording::SinkError>, Option<Session<'static>>) {
        self.restore_placement();
        let keeps = self.calls == Calls::Filtered && !(self.tasks.is_empty() && self.early.stopped.is_empty());
        let mute = keeps.then_some(Session {
            stream: Stream::closed(),
            tasks: self.tasks,
            early: self.early,
            queue: self.queue,
            expected_deaths: self.expected_deaths,
            capture: self.capture,
            placement: Placement::off(),
            meters: self.meters,
            interval: None,
            profile: Profile::default(),
            call_stacks: None,
            without_capabilities: None,
            rings: self.rings,
            next_look: 0,
            probes: self.probes,
            root_seq: self.root_seq,
            event: self.event,
            calls: self.calls,
            wanted: self.wanted,
            follow: self.follow,
            kill_on_exit: self.kill_on_exit,
            argv_limits: self.argv_limits,
            sets_no_new_privs: self.sets_no_new_privs,
            injections: self.injections,
            detach_on_exec: self.detach_on_exec,
            fallbacks: self.fallbacks,
            helpers: self.helpers,
            root: self.root,
            root_status: self.root_status,
            root_ended: None,
            deadline: None,
            timed_out: self.timed_out,
            grace: self.grace,
            left_policy: Left::Wait,
            leaving: None,
            limit: self.limit,
            warnings: self.warnings,
            stops: self.stops,
            now: self.now,
            timer: self.timer,
            soon: None,
            control: self.control,
            rounds: 0,
            crowded: false,
        });
        (self.stream.into_error(), mute)
    }

    /// Reads the counters of running tasks when it is time.
    fn sample_if_due(&mut self) {
        let Some(interval) = &mut self.interval else { return };
        let period = interval.period;
        if Instant::now() >= interval.next {
            interval.next += period;
            self.now = clock::monotonic_ns();
            for tid in self.tasks.tids() {
                self.announce_other(tid);
                let Some(task) = self.tasks.get_mut(tid) else { continue };
                for total in self.meters.sample(tid.0, task.pid.0) {
                    total.write(&mut self.event, tid.0, task.next_seq(), self.now);
                    self.stream.push(&self.event);
                }
            }
        }
        self.tick(period);
    }

    /// Pushes the counters of the whole target, as events of the root.
    pub(crate) fn push_totals(&mut self) {
        let Some(root) = self.root else { return };
        self.now = clock::monotonic_ns();
        let mut seq = self.tasks.get(root).map_or(self.root_seq, |task| task.seq);
        for total in self.meters.totals() {
            total.write(&mut self.event, root.0, seq, self.now);
            self.stream.push(&self.event);
            seq += 1;
        }
        match self.tasks.get_mut(root) {
            Some(task) => task.seq = seq,
            None => self.root_seq = seq,
        }
    }

    /// Serves the stops of tasks that outlived the recording.
    pub(crate) fn linger(&mut self) {
        if let Some(timer) = &mut self.timer {
            timer.stop();
        }
        self.run();
    }

    /// Is this one of our helpers?
    pub(crate) fn is_helper(&self, tid: Tid) -> bool {
        self.helpers.contains(&tid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_needs_following_a_launch_and_the_kernel() {
        let mut plan = crate::plan::tests::plan();
        plan.launch = Some(crate::Launch::default());
        assert_eq!(Calls::for_plan(&plan, true), Calls::Every);
        let mut native = [0; 8];
        plan.wanted = Some(Wanted { native, i386: [0; 8], unknown: false });
        assert_eq!(Calls::for_plan(&plan, true), Calls::None);
        plan.tracepoints = Some(crate::Tracepoints::default());
        assert_eq!(Calls::for_plan(&plan, true), Calls::Filtered, "to answer, prctl must be seen");
        native[0] = 1;
        plan.wanted = Some(Wanted { native, i386: [0; 8], unknown: false });
        assert_eq!(Calls::for_plan(&plan, true), Calls::Filtered);
        assert_eq!(Calls::for_plan(&plan, false), Calls::Every);
        plan.attach = vec![1];
        assert_eq!(Calls::for_plan(&plan, true), Calls::Every);
        plan.attach.clear();
        plan.follow = false;
        assert_eq!(Calls::for_plan(&plan, true), Calls::Every);
    }
}
