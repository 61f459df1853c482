//! Programs that use what the tracer itself lives by: filters, other gates to the kernel, ptrace.

use super::{transparent, transparent_with};
use crate::harness::{Room, Tracer, Verdict, call_guest, ensure};
use std::time::Duration;

pub fn own_filter(tracer: &Tracer) -> Verdict {
    filtered(tracer, &["-f"])
}

/// The same while a filter of ours is in force too.
pub fn own_filter_under_ours(tracer: &Tracer) -> Verdict {
    filtered(tracer, &["-f", "-e", "trace=getppid,seccomp"])
}

fn filtered(tracer: &Tracer, options: &[&str]) -> Verdict {
    let (_, trace) = transparent_with(tracer, options, "own_filter")?;
    // One for each of the cases but the two by prctl, three for the trace action, and a broken one.
    trace.holds("seccomp", 12)?;
    let results: Vec<_> = trace.named("getppid").map(|call| (call.result, call.returned())).collect();
    let denied = results.iter().filter(|(result, _)| *result == -i64::from(libc::EPERM)).count();
    ensure!(denied == 3, "getppid was denied three times with EPERM, recorded {results:?}");
    let without = results.iter().filter(|(result, _)| *result == -i64::from(libc::ENOSYS)).count();
    ensure!(without >= 3, "getppid gave ENOSYS three times, recorded {results:?}");
    let trapped = trace.named("getppid").filter(|call| call.is("denied") && call.result == libc::SYS_getppid).count();
    ensure!(trapped == 2, "getppid was answered by SIGSYS twice, and that is told; recorded {results:?}");
    let answered = results.iter().filter(|(result, _)| *result == 4242).count();
    ensure!(answered == 1, "getppid was answered by a listener once, recorded {results:?}");
    Ok(())
}

pub fn other_abis(tracer: &Tracer) -> Verdict {
    let (outcome, trace) = transparent(tracer, "other_abis")?;
    let x32 = trace.calls.iter().filter(|call| call.all["abi"] == "x32").count();
    ensure!(x32 == 1, "one call with an x32 number, {x32} recorded");
    let unknown: Vec<_> = trace.named("syscall_500").map(|call| call.errno()).collect();
    ensure!(unknown == [Some("ENOSYS")], "one call number 500, recorded {unknown:?}");
    let i386: Vec<_> = trace.calls.iter().filter(|call| call.all["abi"] == "i386").map(|call| &*call.name).collect();
    ensure!(i386.first() == Some(&"getpid"), "getpid by int 0x80, recorded {i386:?}");
    if outcome.text().contains("32-bit program: exited with 42") {
        ensure!(i386.ends_with(&["write", "exit"]), "a 32-bit program writes and exits, recorded {i386:?}");
    }
    Ok(())
}

pub fn unseen_by_nature(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "unseen_by_nature")?;
    let entered = trace.count("clock_gettime") + trace.count("getcpu");
    ensure!(entered == 0 || entered >= 2000, "all or none enter the kernel, {entered} recorded");
    let unseen = trace.recording()["unseen"].to_string();
    ensure!(
        entered > 0 || unseen.to_lowercase().contains("vdso"),
        "what the vDSO answers is said to be unseen: {unseen}"
    );
    trace.holds("execve", 1)
}

/// A task has one tracer: the inner one is refused by the kernel, and nothing hangs.
pub fn traces_itself(tracer: &Tracer) -> Verdict {
    let (text, took) = inner_tracer(tracer, "traces_itself")?;
    for line in
        ["traceme: EPERM", "the child exited with 4", "seize of the child: EPERM", "the child killed by signal 9"]
    {
        ensure!(text.lines().any(|shown| shown == line), "{line:?} is not shown: {text}");
    }
    ensure!(text.contains("seize of our tracer: EPERM"), "our tracer must not be seized: {text}");
    ensure!(took < Duration::from_secs(5), "it took {took:?}");
    Ok(())
}

pub fn turns_on_its_tracer(tracer: &Tracer) -> Verdict {
    let (text, _) = inner_tracer(tracer, "traces_itself attach")?;
    ensure!(text.contains("attach of our tracer: EPERM"), "our tracer must not be attached to: {text}");
    Ok(())
}

fn inner_tracer(tracer: &Tracer, words: &str) -> Result<(String, Duration), crate::harness::Failure> {
    let room = Room::new();
    let (outcome, trace) = room.traced(tracer, &call_guest(words))?;
    room.is_empty()?;
    ensure!(outcome.code() == 0, "the guest fails: {}", outcome.shown());
    trace.is_complete()?;
    ensure!(trace.count("ptrace") >= 1, "the calls of ptrace are recorded; {}", trace.summary());
    let unseen = &trace.recording()["unseen"];
    ensure!(unseen.to_string().contains("ptrace"), "the recording says that ptrace was refused: {unseen}");
    Ok((outcome.text(), outcome.took))
}
