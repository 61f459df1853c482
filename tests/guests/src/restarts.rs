//! Calls interrupted while they sleep: by a handler with SA_RESTART, without it, by stop and continue.
//!
//! A helper process waits until the guest sleeps in the call, disturbs it, and lets the call come to
//! its end. What the guest sees (result, error, handler runs, time) is fixed by signal(7).

use crate::posix::{self, LONG, Pid, check, fork, handle, kill, nap, outcome, pid, pipe, say, shared, state, until};
use crate::words::Words;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

static HANDLED: AtomicUsize = AtomicUsize::new(0);

/// How long the calls with a time of their own sleep: longer than a helper on a busy machine needs to disturb them.
const SLEEP: Duration = Duration::from_millis(400);

#[derive(Clone, Copy)]
enum Disturbance {
    HandlerRestart,
    HandlerPlain,
    StopAndContinue,
}
use Disturbance::{HandlerPlain, HandlerRestart, StopAndContinue};

/// What the sleeping call is given and what lets it end.
struct Ends {
    reader: i32,
    writer: i32,
    word: &'static AtomicU64,
    leave: &'static AtomicU64,
    child: Pid,
}

type Sleeper = fn(&Ends) -> i64;

pub fn run(_: &Words) -> i32 {
    let calls: [(&str, Sleeper); 5] =
        [("read", read), ("nanosleep", nanosleep), ("poll", poll), ("futex", futex), ("wait4", wait4)];
    let disturbances = [
        ("handler with SA_RESTART", HandlerRestart),
        ("handler without", HandlerPlain),
        ("stopped and continued", StopAndContinue),
    ];
    for (name, call) in calls {
        for (how, disturbance) in disturbances {
            HANDLED.store(0, Ordering::SeqCst);
            let (result, slept_whole) = disturbed(call, disturbance);
            let handled = HANDLED.load(Ordering::SeqCst);
            let timed = matches!(name, "nanosleep" | "poll");
            let time = if timed { if slept_whole { ", slept its time" } else { ", ended early" } } else { "" };
            say!("{name}, {how}: {result}, handler ran {handled} times{time}");
        }
    }
    0
}

fn disturbed(call: Sleeper, disturbance: Disturbance) -> (String, bool) {
    let (reader, writer) = pipe();
    let flags = shared(3);
    let (entering, word, leave) = (&flags[0], &flags[1], &flags[2]);
    // The child that wait4 waits for ends when the helper says so.
    let child = fork(|| i32::from(!until(LONG, || leave.load(Ordering::SeqCst) != 0)));
    let ends = Ends { reader, writer, word, leave, child };
    if let HandlerRestart | HandlerPlain = disturbance {
        let flags = if matches!(disturbance, HandlerRestart) { libc::SA_RESTART } else { 0 };
        handle(libc::SIGUSR1, flags, note);
    }
    let sleeper = pid();
    let helper = fork(|| disturb(sleeper, disturbance, entering, &ends));
    entering.store(1, Ordering::SeqCst);
    let start = Instant::now();
    let result = outcome(call(&ends));
    let slept_whole = start.elapsed() >= SLEEP;
    check(posix::wait(helper) == posix::Ending::Exited(0), "the helper must end well");
    // Of wait4 itself the child is gone already, unless it was interrupted.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    posix::close(reader);
    posix::close(writer);
    (result.replace(&child.to_string(), "the child"), slept_whole)
}

extern "C" fn note(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
}

fn disturb(sleeper: Pid, disturbance: Disturbance, entering: &AtomicU64, ends: &Ends) -> i32 {
    check(until(LONG, || entering.load(Ordering::SeqCst) == 1), "the call must be on its way");
    check(sleeps(sleeper), "the guest must sleep in the call");
    match disturbance {
        HandlerRestart | HandlerPlain => kill(sleeper, libc::SIGUSR1),
        StopAndContinue => {
            kill(sleeper, libc::SIGSTOP);
            // Under a tracer a stopped task shows as `t`.
            check(until(LONG, || matches!(state(sleeper), Some('T' | 't'))), "the guest must stop");
            nap(20_000);
            kill(sleeper, libc::SIGCONT);
        }
    }
    nap(30_000);
    posix::write_all(ends.writer, b"x");
    ends.word.store(1, Ordering::SeqCst);
    unsafe { libc::syscall(libc::SYS_futex, ends.word, libc::FUTEX_WAKE, 1) };
    // Last, because a child's death signals the sleeper too.
    nap(10_000);
    ends.leave.store(1, Ordering::SeqCst);
    0
}

/// Seen asleep several times in a row: it is in the call and stays there. A task in a stop of a tracer
/// never shows as sleeping.
fn sleeps(task: Pid) -> bool {
    let mut seen = 0;
    until(LONG, || {
        nap(500);
        seen = if state(task) == Some('S') { seen + 1 } else { 0 };
        seen == 5
    })
}

fn read(ends: &Ends) -> i64 {
    posix::read(ends.reader, &mut [0; 8]) as i64
}

fn nanosleep(_: &Ends) -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: SLEEP.as_nanos() as i64 };
    let asked = time;
    let result = unsafe { libc::syscall(libc::SYS_nanosleep, &asked, &mut time) };
    check(result == 0 || (time.tv_nsec > 0 && time.tv_nsec < asked.tv_nsec), "the rest of the sleep must be told");
    result
}

fn poll(_: &Ends) -> i64 {
    let (reader, writer) = pipe();
    let mut asked = libc::pollfd { fd: reader, events: libc::POLLIN, revents: 0 };
    let result = unsafe { libc::syscall(libc::SYS_poll, &mut asked, 1, SLEEP.as_millis() as i32) };
    let error = posix::errno();
    posix::close(reader);
    posix::close(writer);
    unsafe { *libc::__errno_location() = error };
    result
}

fn futex(ends: &Ends) -> i64 {
    unsafe { libc::syscall(libc::SYS_futex, ends.word, libc::FUTEX_WAIT, 0, std::ptr::null::<libc::timespec>()) }
}

fn wait4(ends: &Ends) -> i64 {
    let none = std::ptr::null_mut::<i32>();
    unsafe { libc::syscall(libc::SYS_wait4, ends.child, none, 0, std::ptr::null_mut::<libc::rusage>()) }
}
