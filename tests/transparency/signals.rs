//! Signals: restarted calls, values, traps, and every way to end.

use super::transparent;
use crate::harness::{Room, Tracer, Verdict, call_guest, ensure};

pub fn restarts(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "restarts")?;
    // A handler with and one without SA_RESTART, and a stop: each time the kernel gives a restart code.
    for (name, code, times) in
        [("read", -512, 3), ("nanosleep", -516, 3), ("poll", -516, 3), ("futex", -512, 3), ("wait4", -512, 3)]
    {
        // Under any tracer a SIGCHLD that nobody handles also interrupts calls.
        let more_allowed = name == "wait4";
        let interrupted = trace.named(name).filter(|call| call.result == code && call.is("interrupted")).count();
        let all: Vec<i64> = trace.named(name).map(|call| call.result).filter(|result| *result < -500).collect();
        let right = interrupted == times || (more_allowed && interrupted > times);
        ensure!(right, "{name} was interrupted {times} times with {code}, recorded: {all:?}");
    }
    let restarted = |name: &str| trace.named(name).filter(|call| call.is("restarted")).count();
    // After the handler with SA_RESTART and after the stop.
    for name in ["read", "futex", "wait4"] {
        ensure!(
            restarted(name) == 2 || (name == "wait4" && restarted(name) > 2),
            "{name} was restarted twice, {} recorded",
            restarted(name)
        );
    }
    let resumed = restarted("restart_syscall");
    ensure!(resumed >= 2, "nanosleep and poll go on by restart_syscall, {resumed} recorded; {}", trace.summary());
    Ok(())
}

pub fn queued_signals(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "queued_signals")?;
    trace.holds("rt_sigqueueinfo", 128)?;
    trace.holds("rt_sigtimedwait", 64)?;
    let queued = trace.of_kind("signal").filter(|event| event["code"] == "SI_QUEUE").count();
    ensure!(queued == 64, "64 queued signals were delivered, {queued} recorded; {}", trace.summary());
    Ok(())
}

pub fn own_traps(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "own_traps")?;
    let traps = trace.of_kind("signal").filter(|event| event["signal"] == "SIGTRAP").count();
    // Six that are handled and four that kill; an ignored one may be told or not.
    ensure!((10..=11).contains(&traps), "10 traps are delivered, {traps} recorded; {}", trace.summary());
    let killed = trace.of_kind("exit").filter(|event| event["signal"] == "SIGTRAP").count();
    ensure!(killed == 4, "4 children died by SIGTRAP, {killed} recorded");
    Ok(())
}

/// All codes and all signals in children of one traced guest.
pub fn every_ending_inside(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "every_ending all")?;
    for code in 1..256 {
        let seen = trace.of_kind("exit").filter(|event| event["status"] == code).count();
        ensure!(seen == 1, "one child ended with {code}, {seen} recorded");
    }
    let killed = trace.of_kind("exit").filter(|event| event["signal"].is_string()).count();
    ensure!(killed == 56, "56 children were killed by signals, {killed} recorded");
    Ok(())
}

/// The tracer ends as the target did: a sample of codes, every signal.
pub fn every_ending_outside(tracer: &Tracer) -> Verdict {
    endings(tracer, (0..256).step_by(51))
}

pub fn endings(tracer: &Tracer, codes: impl Iterator<Item = i32>) -> Verdict {
    let harmless = [
        libc::SIGCHLD,
        libc::SIGCONT,
        libc::SIGSTOP,
        libc::SIGTSTP,
        libc::SIGTTIN,
        libc::SIGTTOU,
        libc::SIGURG,
        libc::SIGWINCH,
    ];
    let signals = (1..=64).filter(|signal| !harmless.contains(signal));
    let endings = codes.map(|code| ("exit", code)).chain(signals.map(|signal| ("signal", signal)));
    let room = Room::new();
    for (how, number) in endings {
        let argv = call_guest(&format!("every_ending {how} {number}"));
        let (outcome, trace) = room.traced(tracer, &argv)?;
        outcome.same_as(&room.native(&argv)?)?;
        let expected = if how == "exit" { number } else { 128 + number };
        ensure!(outcome.code() == expected, "{how} {number} became {}", outcome.status);
        ensure!(trace.end["summary"]["exit_code"] == expected, "{how} {number}: {}", trace.end["summary"]);
    }
    Ok(())
}
