//! A live session: the plan runs into the sinks, and what came of it becomes an exit.

use std::ffi::OsString;
use std::io;

use recording::{Sink, SinkError, Tee};
use tracer::front::Behind;
use tracer::{Ended, Plan, Sampling, Status};

use crate::cli::ask::Quiet;
use crate::exit::{Code, Ending, say};
use crate::message::Problem;
use crate::output::{Output, is_our_closed_pipe, reason};
use crate::start_failure;

/// How a session went.
#[derive(Debug)]
pub struct Ran {
    program: Option<OsString>,
    ended: Ended,
    failures: Vec<SinkError>,
}

/// Runs the plan; every sink sees every event.
pub fn run(plan: &Plan, behind: &mut Option<Behind>, sinks: &mut [Box<dyn Sink>]) -> Result<Ran, Problem> {
    let mut sinks: Vec<&mut dyn Sink> = sinks.iter_mut().map(|sink| &mut **sink as &mut dyn Sink).collect();
    run_into(plan, behind, &mut sinks)
}

/// As [`run`], into sinks of the caller's.
pub fn run_into(plan: &Plan, behind: &mut Option<Behind>, sinks: &mut [&mut dyn Sink]) -> Result<Ran, Problem> {
    let mut run = |sink: &mut dyn Sink| {
        match behind {
            Some(behind) => tracer::run_behind(plan, behind, sink),
            None => tracer::run(plan, sink),
        }
        .map_err(|error| Problem::of_tracer(Code::TRACER_FAILED, &error))
    };
    let program = plan.launch.as_ref().and_then(|launch| launch.argv.first().cloned());
    if let [only] = sinks {
        let mut ended = run(&mut **only)?;
        let failures = ended.sink_error.take().into_iter().collect();
        return Ok(Ran { program, ended, failures });
    }
    let mut tee = Tee::new();
    for sink in sinks {
        tee.push(&mut **sink);
    }
    let ended = run(&mut tee)?;
    Ok(Ran { program, ended, failures: tee.into_failures() })
}

/// Under a filter the tracer may have to outlive this command: then it becomes a process of its own,
/// and this one waits in front of it. With `-D` this one becomes the program.
pub fn stand_behind(plan: &Plan) -> Result<Option<Behind>, Problem> {
    let behind = match &plan.launch {
        Some(launch) if launch.step_aside.is_some() => tracer::front::step_aside(plan),
        _ if plan.installs_filter() => tracer::front::split(plan).map(Some),
        _ => Ok(None),
    };
    behind.map_err(|error| Problem::of_tracer(Code::TRACER_FAILED, &error))
}

impl Ran {
    /// How the program ended, where that was seen.
    pub fn status(&self) -> Option<Status> {
        self.ended.root
    }

    /// What became of samples.
    pub fn take_sampling(&mut self) -> Option<Sampling> {
        self.ended.sampling.take()
    }

    /// As [`Ran::ending`]; where filtered tasks are left, the front ends and we stay with them.
    pub fn ending_behind(self, behind: Option<Behind>, quiet: Quiet) -> Result<Ending, Problem> {
        self.ending_behind_as(behind, quiet, |outcome| outcome)
    }

    /// The same with an outcome that the caller has a word in.
    pub fn ending_behind_as(
        mut self,
        behind: Option<Behind>,
        quiet: Quiet,
        outcome: impl FnOnce(Result<Ending, Problem>) -> Result<Ending, Problem>,
    ) -> Result<Ending, Problem> {
        let mute = self.ended.mute.take();
        let outcome = outcome(self.ending(quiet));
        if let (Some(behind), Some(mute)) = (behind, mute) {
            behind.release(crate::exit::told(&outcome));
            mute.linger();
        }
        outcome
    }

    /// Ends the output; when that fails, the failure says how the program ended.
    pub fn close(&self, output: Output) -> Result<(), Problem> {
        output.close(self.wrote_all()).map_err(|problem| with_status(problem, self.ended.root))
    }

    /// Was everything written that was asked?
    fn wrote_all(&self) -> bool {
        self.failures.is_empty() && self.ended.not_started.is_none()
    }

    /// Says what there is to say and chooses how we end.
    pub fn ending(self, quiet: Quiet) -> Result<Ending, Problem> {
        let Ran { program, ended, failures } = self;
        notes(&ended, quiet);
        if let (Some(failure), Some(program)) = (&ended.not_started, &program) {
            return Err(start_failure::explain(program, failure));
        }
        if let Some(failure) = failures.first() {
            if failures.iter().all(is_our_closed_pipe) {
                return Ok(Ending::BrokenPipe);
            }
            for other in failures.get(1..).unwrap_or_default() {
                say(&lost_output(other, None));
            }
            return Err(lost_output(failure, ended.root));
        }
        Ok(match (ended.root, ended.signal) {
            (Some(status), _) => of_status(status),
            (None, Some(signal)) => Ending::Signal(signal),
            (None, None) if ended.refused > 0 => Code::TRACER_FAILED.into(),
            (None, None) => Code::OK.into(),
        })
    }
}

/// The target's own status, passed on.
pub fn of_status(status: Status) -> Ending {
    match status {
        Status::Exited(code) => Code(code).into(),
        Status::Killed { signal, .. } => Ending::Signal(signal),
    }
}

/// What became of a program, as the end of a sentence.
pub fn status_words(status: Status) -> String {
    match status {
        Status::Exited(code) => format!("ended with exit status {code}"),
        Status::Killed { signal, core } => {
            let known = u32::try_from(signal).ok().and_then(syscalls::signal::name);
            let name = known.map_or_else(|| format!("signal {signal}"), String::from);
            format!("was killed by {name}{}", if core { ", core dumped" } else { "" })
        }
    }
}

/// Warnings, and who was left behind.
fn notes(ended: &Ended, quiet: Quiet) {
    for warning in &ended.warnings {
        say(&format_args!("chic-trace: {}", crate::message::safe(warning)));
    }
    if ended.left.is_empty() || quiet.attach {
        return;
    }
    let named: Vec<String> = ended.left.iter().take(5).map(|(pid, name)| format!("{name} ({pid})")).collect();
    let more = ended.left.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let count = ended.left.len();
    let are = if count == 1 { "process is" } else { "processes are" };
    say(&format_args!("chic-trace: {count} {are} left running: {}{more}", crate::message::safe(&named.join(", "))));
}

/// Our own failure hides how the program ended: say it.
fn with_status(problem: Problem, root: Option<Status>) -> Problem {
    match root.filter(|status| *status != Status::Exited(0)) {
        Some(status) => problem.hint(format!("the program itself {}", status_words(status))),
        None => problem,
    }
}

fn lost_output(failure: &SinkError, root: Option<Status>) -> Problem {
    let mut problem =
        Problem::new(Code::TRACER_FAILED, format!("cannot write {}: {}", failure.what, reason(&failure.source)))
            .hint(format!("at least {} events are safely in it; the program was not disturbed", failure.events_kept));
    problem = with_status(problem, root);
    match failure.source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            problem.hint("make room, or name a file on another file system with -o")
        }
        io::ErrorKind::FileTooLarge => problem.hint("the limit on file sizes (ulimit -f) is reached"),
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::STDOUT;

    fn failure(what: &str, kind: io::ErrorKind) -> SinkError {
        SinkError { what: what.into(), source: kind.into(), events_kept: 7 }
    }

    fn ran(root: Option<Status>, failures: Vec<SinkError>) -> Ran {
        Ran { program: Some("x".into()), ended: Ended { root, ..Ended::default() }, failures }
    }

    #[test]
    fn the_targets_end_is_ours() {
        let ends = |status| ran(Some(status), vec![]).ending(Quiet::default());
        assert_eq!(ends(Status::Exited(3)), Ok(Ending::Code(Code(3))));
        assert_eq!(ends(Status::Killed { signal: 9, core: false }), Ok(Ending::Signal(9)));
    }

    #[test]
    fn a_full_disk_is_told_with_the_status_it_hides() {
        let lost = ran(Some(Status::Exited(3)), vec![failure("trace.txt", io::ErrorKind::StorageFull)]);
        let problem = lost.ending(Quiet::default()).expect_err("a failure");
        assert_eq!(problem.code, Code::TRACER_FAILED);
        let text = problem.to_string();
        for part in ["cannot write trace.txt", "7 events are safely in it", "exit status 3", "make room"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let gone = || failure(STDOUT, io::ErrorKind::BrokenPipe);
        assert_eq!(ran(Some(Status::Exited(0)), vec![gone()]).ending(Quiet::default()), Ok(Ending::BrokenPipe));
        let command = failure("|head", io::ErrorKind::BrokenPipe);
        assert!(ran(Some(Status::Exited(0)), vec![command]).ending(Quiet::default()).is_err());
    }
}
