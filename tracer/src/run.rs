//! A run: from a plan to its end.

use std::ffi::CString;

use recording::Sink;
use recording::session::EndedBy;

use crate::launch::{self, Found};
use crate::leave::Why;
use crate::probes::Mechanism;
use crate::session::{Calls, Session};
use crate::signals::Control;
use crate::stream::Stream;
use crate::sys::process::{Child, FailurePipe, Program};
use crate::sys::wait::{self, WaitStatus};
use crate::sys::{Tid, process, ptrace};
use crate::{Ended, Error, Launch, Mute, Placement, Plan, StartFailure, Status, filter, header, look};

/// See [`crate::run`] and [`crate::run_behind`].
pub fn run(plan: &Plan, waiting: Option<Child>, sink: &mut dyn Sink) -> Result<Ended, Error> {
    let control = Control::take(plan.launch.is_some(), plan.interruptible);
    let program = match &plan.launch {
        Some(launch) => match prepare(plan, launch, &control)? {
            Found::Program(program) => Some(program),
            Found::Missing(failure) => return Ok(not_started(plan, sink, failure)),
        },
        None => None,
    };
    let calls = Calls::of(plan);
    let mut stream =
        Stream::new(sink, plan.max_events, plan.max_bytes).of_calls(plan.max_calls).for_reader(plan.read_along);
    stream.begin(&header::of(plan, calls, program.as_deref()));
    let mut session = Session::new(plan, stream, calls, control);
    let started = match (&plan.launch, &program) {
        (Some(launch), Some(program)) => Some(start(&mut session, plan, launch, program, waiting)?),
        _ => None,
    };
    if plan.samples.is_some() && started.is_none() {
        let why = "they begin with a program that is started, not with one attached to";
        let error = launch::refused("take", "samples", why, None);
        if plan.samples_required {
            return Err(error);
        }
        session.profile.refuse(error);
    }
    let refused = session.attach_all(plan)?;
    if session.tasks.is_empty() {
        return Err(launch::refused("trace", "anything", "neither a program nor a process was given", None));
    }
    session.note_missing_filter(plan);
    session.run();
    finish(session, started, refused)
}

/// What a started child is known by.
struct Started<'p> {
    launch: &'p Launch,
    path: &'p CString,
    failure: FailurePipe,
}

/// The program of this plan, if it has one that can be found.
pub fn program_of(plan: &Plan, control: &Control) -> Result<Option<Box<Program>>, Error> {
    let Some(launch) = &plan.launch else { return Ok(None) };
    Ok(match prepare(plan, launch, control)? {
        Found::Program(program) => Some(program),
        Found::Missing(_) => None,
    })
}

/// Prepares the program, with the filter that makes its calls noticed where there is one.
fn prepare(plan: &Plan, launch: &Launch, control: &Control) -> Result<Found, Error> {
    let mut found = launch::prepare(launch, control)?;
    if let Found::Program(program) = &mut found
        && let (Some(wanted), Calls::Filtered) = (&plan.wanted, Calls::of(plan))
    {
        let instructions = filter::program(wanted, plan.placement == Placement::Auto);
        launch::with_filter(program, instructions, is_privileged());
    }
    Ok(found)
}

fn start<'p>(
    session: &mut Session<'_>,
    plan: &Plan,
    launch: &'p Launch,
    program: &'p Program,
    waiting: Option<Child>,
) -> Result<Started<'p>, Error> {
    // A child of a process that nobody may look at could not be seized either.
    process::set_dumpable(true);
    let child = match waiting {
        Some(child) => child,
        None => launch::fork(program)?,
    };
    let tid = child.tid;
    if let Some(how) = plan.samples
        && let Err(error) = session.profile.open(tid.0, how)
        && plan.samples_required
    {
        // It reads the end of its pipe and leaves.
        drop(child);
        let _ = await_untraced(tid);
        return Err(error);
    }
    if let Mechanism::Uprobes { or_breakpoints } = plan.probes_by
        && let Some(probes) = &mut session.probes
        && let Err(why) = probes.set_by_kernel(tid.0, plan.follow)
    {
        if !or_breakpoints {
            drop(child);
            let _ = await_untraced(tid);
            return Err(launch::refused("trace", "functions by uprobes", &why, None));
        }
        session.warn_once(
            "uprobes",
            format!("functions are traced by breakpoints of ptrace, each call costs 22 µs or more: {why}"),
        );
    }
    if let Err(errno) = ptrace::seize(tid, session.options()) {
        let _ = process::kill(tid, libc::SIGKILL);
        let _ = wait::process(tid, &mut wait::no_usage());
        let mut error = launch::refused("trace", "the program", &errno.text(), Some(errno));
        error.hints.push(why_not_own_child());
        return Err(error);
    }
    if look::tasks(process::own_pid()).is_ok_and(|tasks| tasks.len() == 1) {
        process::set_dumpable(false);
    }
    session.sets_no_new_privs = program.no_new_privs;
    session.meters.before_exec(tid.0);
    session.add_root(tid);
    if program.filter.is_none() {
        // It waits for us in a call. Let go from the stop that ends it, it stops at every call up to its
        // exec. Should we be killed meanwhile, it goes on: a stop by a signal would stay.
        let _: Result<(), ptrace::Gone> = ptrace::interrupt(tid);
    }
    Ok(Started { launch, path: &program.path, failure: child.go() })
}

/// Who may not trace its own child is traced itself, or forbidden to trace at all.
fn why_not_own_child() -> String {
    let tracer = look::Status::of(process::own_pid()).map_or(0, |status| status.tracer);
    if tracer != 0 {
        let comm = look::comm(Tid(tracer));
        return format!("process {tracer} ({comm}) traces us and what we start: a task can have one tracer");
    }
    "ptrace may be forbidden here: by a container's profile, or by kernel.yama.ptrace_scope".into()
}

fn finish(mut session: Session<'_>, started: Option<Started<'_>>, refused: usize) -> Result<Ended, Error> {
    let mut ended = Ended { refused, ..Ended::default() };
    if let Some(started) = &started {
        // Ended by a signal, we end by it at once.
        if session.root_status.is_none() && session.control.ended_by.is_none() {
            // Detached from it, we still owe its caller its status.
            session.root_status = session.root.and_then(await_untraced);
        }
        if let Some((step, errno)) = started.failure.said(session.root_status.is_some()) {
            ended.not_started = Some(launch::failure(step, errno, started.launch, started.path)?);
        }
    }
    session.push_last_file_states();
    session.drain_rings();
    session.finish_hits();
    session.finish_samples();
    session.push_totals();
    let mut trailer = session.trailer();
    ended.sampling = session.profile.take();
    ended.left = session.leaving.as_ref().map_or_else(|| session.those_left(), |leaving| leaving.left.clone());
    if let Some(failure) = &ended.not_started {
        trailer.ended = EndedBy::NotStarted;
        trailer.not_started_errno = Some(failure.errno);
    } else {
        ended.root = session.root_status.and_then(status);
        trailer.ended = match session.leaving.as_ref().map(|leaving| leaving.why) {
            Some(Why::OutlivedRoot) => EndedBy::RootEnded,
            Some(Why::Asked) => EndedBy::Detached,
            Some(Why::NothingToRecord) if session.limit.is_some() => EndedBy::Limit,
            _ if !session.tasks.is_empty() => EndedBy::RootEnded,
            _ => EndedBy::Complete,
        };
        if trailer.ended == EndedBy::RootEnded {
            trailer.left = ended.left.clone();
        }
    }
    if trailer.ended != EndedBy::RootEnded {
        ended.left.clear();
    }
    session.stream.close(&mut trailer);
    ended.timed_out = session.timed_out;
    ended.signal = session.control.ended_by;
    ended.warnings = std::mem::take(&mut session.warnings);
    let (sink_error, rest) = session.into_mute();
    ended.sink_error = sink_error;
    ended.mute = rest.map(|rest| Mute(Box::new(rest)));
    Ok(ended)
}

impl Status {
    /// What wait(2) says of a process in this word; `None` where it is no end.
    pub fn of_wait(word: i32) -> Option<Status> {
        status(WaitStatus(word))
    }
}

/// A status in our types; `None` for one that is no end.
pub fn status(raw: WaitStatus) -> Option<Status> {
    match (raw.exited(), raw.killed()) {
        (Some(code), _) => Some(Status::Exited(code as u8)),
        (_, Some((signal, core))) => Some(Status::Killed { signal, core }),
        _ => None,
    }
}

/// The end of a child of ours that is traced no more.
fn await_untraced(root: Tid) -> Option<WaitStatus> {
    loop {
        match wait::process(root, &mut wait::no_usage()) {
            wait::Found::Task(_, status) if status.stopped().is_none() => return Some(status),
            wait::Found::NoChildren => return None,
            _ => {}
        }
    }
}

/// Nothing of this name can be executed: the recording says so.
fn not_started(plan: &Plan, sink: &mut dyn Sink, failure: StartFailure) -> Ended {
    let mut stream = Stream::new(sink, None, None);
    stream.begin(&header::of(plan, Calls::Every, None));
    let mut trailer = recording::session::Trailer {
        ended: EndedBy::NotStarted,
        not_started_errno: Some(failure.errno),
        ..Default::default()
    };
    stream.close(&mut trailer);
    Ended { not_started: Some(failure), sink_error: stream.into_error(), ..Ended::default() }
}

/// May we install a filter without no_new_privs (CAP_SYS_ADMIN)?
fn is_privileged() -> bool {
    const CAP_SYS_ADMIN: u64 = 1 << 21;
    header::capabilities().is_some_and(|caps| caps & CAP_SYS_ADMIN != 0)
}
