//! A guest run both ways, natively and traced.

use super::{Failure, Outcome, Room, Trace, Tracer, Verdict, call_guest, ensure};

/// Runs a guest both ways, with these options of the tracer; the runs must be equal and the trace complete.
pub fn transparent_with(tracer: &Tracer, options: &[&str], words: &str) -> Result<(Outcome, Trace), Failure> {
    let room = Room::new();
    let argv = call_guest(words);
    let (outcome, trace) = room.traced_with(tracer, options, &argv)?;
    room.is_empty()?;
    let native = room.native(&argv)?;
    let expected = if words.starts_with("leader_leaves") { 7 } else { 0 };
    if native.code() == 77 {
        return Err(Failure::Skipped(native.text()));
    }
    ensure!(native.code() == expected, "the guest fails natively: {}", native.shown());
    outcome.same_as(&native)?;
    trace.is_complete()?;
    Ok((outcome, trace))
}

/// Random calls with random words: the tracer neither fails nor loses one, whatever it has to read or show.
pub fn ask_for_anything(tracer: &Tracer, seeds: impl Iterator<Item = u32>, rounds: usize) -> Verdict {
    for seed in seeds {
        for options in [&["-f"][..], &["-f", "-v", "-yy", "-s", "300"], &["-f", "-e", "trace=%file,%process,getppid"]] {
            let (outcome, trace) = transparent_with(tracer, options, &format!("hostile {seed} {rounds} 24"))?;
            ensure!(outcome.stderr.is_empty(), "{}", outcome.shown());
            ensure!(outcome.notes.len() <= 1, "what happens often is told once: {:?}", outcome.notes);
            // The guest, its first process, and a child a round, beside what the calls make.
            let ended = trace.of_kind("exit").count();
            ensure!(ended >= rounds + 2, "seed {seed}: {} tasks ended, {ended} recorded", rounds + 2);
            let made = trace.named("clone").chain(trace.named("clone3")).filter(|call| call.result > 0).count();
            ensure!(made > rounds, "seed {seed}: {rounds} children and more, {made} recorded");
            let refused = trace.calls.iter().filter(|call| call.errno().is_some()).count();
            ensure!(refused > rounds, "seed {seed}: most calls are refused, {refused} recorded; {}", trace.summary());
        }
    }
    Ok(())
}
