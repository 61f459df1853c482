//! Single runs of programs that are compared: what each finds, how long it may take, what was seen of it.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assertions::gate::counters::{Accounts, Traced};
use assertions::{Gap, Places, Watch, Watcher};
use tracer::{EnvChange, Launch, Plan, Status, Stdio, Usage};

use super::failed;
use crate::message::{Problem, named, quoted};
use crate::output::reason;
use crate::{bench, start_failure};

/// The variable that makes environments equally large: how the stack lies shifts times.
const PAD: &str = "CHIC_TRACE_PAD";

/// What all runs have in common.
pub struct Stage {
    /// Their standard input; `/dev/null` where there is none.
    pub stdin: Option<PathBuf>,
    /// How long a run may take.
    pub timeout: Duration,
    /// Does the address space lie where it would without randomisation?
    pub no_aslr: bool,
}

impl Stage {
    /// A run of this program; with so many bytes more in its environment, on this CPU alone.
    pub fn launch(&self, argv: &[OsString], pad: usize, cpu: Option<u32>) -> Result<Launch, Problem> {
        let [null, out, err] = bench::judged_stdio()?;
        let stdin = match &self.stdin {
            Some(path) => Stdio::From(opened(path)?.into()),
            None => null,
        };
        Ok(Launch {
            argv: argv.to_vec(),
            env: vec![EnvChange::Set(PAD.into(), "x".repeat(pad).into())],
            stdio: [stdin, out, err],
            no_aslr: self.no_aslr,
            cpu,
            own_group: true,
            ..Launch::default()
        })
    }

    /// Runs them at the same time, untraced, to their ends.
    pub fn bare(&self, launches: &[&Launch]) -> Result<Vec<Usage>, Problem> {
        let program = || launches.first().and_then(|launch| launch.argv.first()).cloned().unwrap_or_default();
        let runs = tracer::run_side_by_side(launches, Some(self.timeout))
            .map_err(|error| said(&program(), &error.to_string()))?;
        if let Some(signal) = tracer::interrupts::taken() {
            return Err(failed(format!("cannot go on: stopped by signal {signal}")));
        }
        for (launch, usage) in launches.iter().zip(&runs) {
            let program = launch.argv.first().cloned().unwrap_or_default();
            if let Some(failure) = &usage.not_started {
                return Err(not_started(&program, failure));
            }
            if usage.timed_out {
                return Err(self.late(&program));
            }
        }
        Ok(runs)
    }

    /// Runs one under the tracer and counts; and how it ended.
    pub fn traced(&self, launch: Launch) -> Result<(Traced, Option<Status>), Problem> {
        let program = launch.argv.first().cloned().unwrap_or_default();
        let plan = bench::traced_plan(launch.argv.clone())?;
        let plan = Plan { launch: Some(launch), deadline: Some(self.timeout), ..plan };
        let mut watcher = Watcher::new(&Watch::counts(), Places::default());
        let ended = tracer::run(&plan, &mut watcher).map_err(|error| said(&program, &error.to_string()))?;
        if let Some(failure) = &ended.not_started {
            return Err(not_started(&program, failure));
        }
        if ended.timed_out {
            return Err(self.late(&program));
        }
        if let Some(signal) = ended.signal {
            return Err(failed(format!("cannot go on: stopped by signal {signal}")));
        }
        let seen = watcher.into_seen();
        let (bytes_read, bytes_written) = seen.bytes();
        match &seen.counts.gap {
            None => Ok((Traced { bytes_read, bytes_written, calls: seen.counts }, ended.root)),
            Some(Gap::Missing(why) | Gap::Filtered(why) | Gap::Incomplete(why)) => Err(said(&program, why)),
            Some(Gap::Unnamed(_)) => Err(said(&program, "made calls that have no name")),
        }
    }

    fn late(&self, program: &OsString) -> Problem {
        said(program, &format!("did not end within {} s; --timeout-sec allows more", self.timeout.as_secs_f64()))
    }
}

/// What the kernel says of a run.
pub fn accounts(usage: &Usage) -> Accounts {
    let counted = |count: &Result<u64, String>| count.as_ref().ok().copied();
    Accounts {
        instructions: counted(&usage.instructions),
        minor_faults: counted(&usage.minor_faults),
        major_faults: counted(&usage.major_faults),
    }
}

/// Only a program that ends well was measured.
pub fn ended_well(program: &OsString, status: Option<Status>) -> Result<(), Problem> {
    match status {
        Some(Status::Exited(0)) => Ok(()),
        Some(Status::Exited(code)) => Err(said(program, &format!("ended with status {code}"))),
        Some(Status::Killed { signal, .. }) => Err(said(program, &format!("was ended by signal {signal}"))),
        None => Err(said(program, "ended unseen")),
    }
}

fn said(program: &OsString, why: &str) -> Problem {
    failed(format!("run-failed: {} {why}", quoted(program)))
}

fn not_started(program: &OsString, failure: &tracer::StartFailure) -> Problem {
    let problem = start_failure::explain(program, failure);
    Problem { hints: problem.hints, ..said(program, &format!("did not start: {}", problem.what)) }
}

fn opened(path: &Path) -> Result<File, Problem> {
    let cannot = |error| Problem::usage(format!("cannot read {} as standard input: {}", named(path), reason(&error)));
    File::open(path).map_err(cannot)
}
