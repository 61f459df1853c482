//! Kernels that lack what the engine likes best: it takes another way, says so once, and sees the same.

use crate::harness::{Failure, Room, Trace, Tracer, Verdict, call_guest, ensure};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Runs a guest natively and traced, both under a filter that refuses what is lacking, and by a tracer that
/// lacks nothing. The runs must be equal, and the trace must say `told` once.
fn without(tracer: &Tracer, lacking: &str, options: &[&str], words: &str, told: &str) -> Result<[Trace; 2], Failure> {
    let room = Room::new();
    let argv = call_guest(words);
    let under = |inner: &[OsString]| -> Vec<OsString> {
        call_guest(&format!("lacks {lacking}")).into_iter().chain(inner.iter().cloned()).collect()
    };
    let (_, whole) = room.traced_with(tracer, options, &argv)?;
    let native = room.native(&under(&argv))?;
    ensure!(native.code() == 0, "the guest fails natively: {}", native.shown());
    room.sweep();
    let file = room.beside("lacking.jsonl");
    let mut command = vec![tracer.program().into()];
    command.extend(options.iter().map(OsString::from));
    command.extend(["--format", "jsonl", "-o"].map(OsString::from));
    command.extend([file.clone().into_os_string(), "--".into()]);
    command.extend(argv);
    let command = under(&command);
    let mut traced = room.command(&command[0]);
    traced.args(&command[1..]);
    room.finish(traced)?.same_as(&native)?;
    room.is_empty()?;
    let trace = Trace::read(&file)?;
    trace.is_complete()?;
    let changes = &trace.recording()["engine_changes"];
    let reasons: Vec<&str> = changes.as_array().into_iter().flatten().filter_map(|it| it["reason"].as_str()).collect();
    ensure!(matches!(reasons[..], [only] if only.contains(told)), "{told:?} once, told: {reasons:?}");
    Ok([trace, whole])
}

/// Names with results that are no addresses or numbers of tasks.
fn tally(trace: &Trace) -> BTreeMap<(String, Option<String>), usize> {
    let mut tally = BTreeMap::new();
    for call in &trace.calls {
        *tally.entry((call.name.to_string(), call.errno().map(str::to_owned))).or_default() += 1;
    }
    tally
}

fn same_calls([lacking, whole]: &[Trace; 2], names: &[&str]) -> Verdict {
    let of = |trace| -> BTreeMap<_, _> {
        tally(trace).into_iter().filter(|((name, _), _)| names.is_empty() || names.contains(&name.as_str())).collect()
    };
    ensure!(!of(whole).is_empty(), "nothing was recorded: {}", whole.summary());
    ensure!(of(lacking) == of(whole), "recorded {:?}\nand with everything there {:?}", of(lacking), of(whole));
    Ok(())
}

pub fn no_process_vm_readv(tracer: &Tracer) -> Verdict {
    for (lacking, why) in [("readv", "Operation not permitted"), ("readv-unknown", "Function not implemented")] {
        let told = format!("{why}; memory is read by /proc/TID/mem");
        let traces = without(tracer, lacking, &["-f"], "edge_of_memory", &told)?;
        same_calls(&traces, &[])?;
        // Where the target itself faults, this way may read on: it does not mind PROT_NONE.
        let paths = |trace: &Trace| -> Vec<_> {
            let opened = trace.named("openat").filter(|call| call.errno() != Some("EFAULT"));
            opened.filter_map(|call| call.args.get(1).cloned()).collect()
        };
        let [found, wanted] = traces.each_ref().map(paths);
        ensure!(wanted.len() >= 3 && found == wanted, "paths {wanted:?}, read by the other way {found:?}");
        same_calls(&without(tracer, lacking, &["-f"], "every_byte", &told)?, &["unlink", "write"])?;
    }
    Ok(())
}

pub fn no_seccomp(tracer: &Tracer) -> Verdict {
    let options = ["-f", "-e", "trace=getppid"];
    let traces = without(tracer, "seccomp", &options, "many_calls 2 4 100", "engine.filter: seccomp(2)")?;
    same_calls(&traces, &[])?;
    traces[0].holds("getppid", 800)
}

/// The side of a stop by registers: no entry takes another's exit, no number is another convention's.
pub fn no_syscall_info(tracer: &Tracer) -> Verdict {
    const TOLD: &str = "the kernel has no PTRACE_GET_SYSCALL_INFO";
    for (options, words, names) in [
        (&["-f"][..], "many_calls 2 4 100", &["getppid"][..]),
        (&["-f", "-e", "trace=getppid"], "many_calls 2 4 100", &[]),
        (&["-f"], "edge_of_memory", &[]),
        (&["-f"], "other_abis", &[]),
        (&["-f"], "queued_signals", &[]),
        (&["-f"], "own_filter", &["getppid"]),
        (&["-f", "-e", "trace=getppid"], "own_filter", &[]),
        (&["-f"], "exec_from_worker 4 6", &["execve"]),
        (&["-f"], "restarts", &["nanosleep", "poll"]),
    ] {
        let traces = without(tracer, "syscall-info", options, words, TOLD)?;
        same_calls(&traces, names).map_err(|failure| match failure {
            Failure::Wrong(what) => Failure::Wrong(format!("{words}: {what}")),
            skipped => skipped,
        })?;
        let abis = |trace: &Trace| trace.calls.iter().filter(|call| call.all.get("abi").is_some()).count();
        ensure!(abis(&traces[0]) == abis(&traces[1]), "{words}: calls by another convention");
    }
    Ok(())
}
