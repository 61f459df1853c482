//! Facts: what is known of a run beside its timeline.

use std::collections::BTreeMap;
use std::ffi::OsString;

use report::perf::timeline::Given;
use report::perf::{CpuSource, Entries, Exit, Host, Meta, Sampling as Told, Summary, date};
use tracer::sampling::{Report, Source};
use tracer::{Sampling, Status};

use super::gather::Gather;
use super::settings::{Settings, Stacks};
use crate::host;

/// What is known of a run.
pub struct Facts<'a> {
    /// How it was profiled.
    pub settings: &'a Settings,
    /// Program and arguments.
    pub argv: &'a [OsString],
    /// When it was started, ms since 1970.
    pub started_ms: u64,
    /// How it ended.
    pub status: Option<Status>,
    /// Are all of its system calls recorded?
    pub calls: bool,
    /// The machine, where it is known.
    pub host: Option<host::Host>,
    /// Who saw it, without those who took samples.
    pub engines: Vec<String>,
    /// Why not all of it was seen.
    pub incomplete: Option<String>,
}

/// Hex digits of the host's digest in these documents.
const DIGEST: usize = 16;
/// Keys that the fake clock leaves without a value.
const NOT_FAKED: [&str; 5] = ["cpu", "io", "rusage", "samples", "syscalls"];

impl Facts<'_> {
    /// For the timeline.
    pub fn given(&self, gather: &mut Gather, sampled: Option<&Sampling>) -> Given {
        let settings = self.settings;
        let mut missing: Vec<(String, String)> = Vec::new();
        let mut summary = Summary { tracepoints: Some(gather.slots.counts.clone()), ..Summary::default() };
        let run_log = gather.slots.run_log();
        let (profile, target) = (settings.name.clone(), settings.target.clone());
        if settings.fake {
            missing.extend(NOT_FAKED.map(|key| (key.to_owned(), "fake clock".to_owned())));
            summary.not_measured = Some(entries(missing));
            return Given { profile, target, run_log, meta: fake_meta(), summary };
        }
        missing.append(&mut gather.missing);
        let processes = gather.tasks.processes();
        gather.accounts.fill(&mut summary, processes, &mut missing);
        let counters = gather.accounts.counters(&mut missing).into_iter().chain(gather.slots.hits());
        summary.counters = Some(counters.collect::<Vec<_>>()).filter(|counters| !counters.is_empty());
        // Where nothing has tracepoints, their cost is no question.
        if gather.slots.has_any() {
            let why = "a program tells it only where it writes the document by itself";
            missing.push(("overhead_ns_per_call".into(), why.into()));
        }
        summary.alloc = gather.slots.allocations(&mut gather.timeline);
        summary.sampling = Some(self.sampling(sampled, &mut missing));
        summary.sampling_interval_ns = match sampled {
            Some(Sampling::Done { .. }) => settings.interval.map(u128::from),
            _ => None,
        };
        if gather.slots.broken > 0 {
            let what = format!("{} records of tracepoints could not be read", gather.slots.broken);
            missing.push(("tracepoints".into(), what));
        }
        let disagreeing = gather.tasks.disagreeing();
        if disagreeing > 0 {
            let what = format!(
                "by its switches {disagreeing} tasks ran more than 1 % longer or shorter than by schedstat, which counts \
                 what each switch takes, too"
            );
            missing.push(("cpu_source".into(), what));
        }
        let untold = gather.slots.untold_allocations();
        if summary.alloc.is_none() {
            let why = "no allocator that counts is in the program, or it did not live to tell";
            missing.push(("alloc".into(), why.into()));
        } else if untold > 0 {
            let why = format!(
                "{untold} tasks with tracepoints did not tell theirs: they were killed, or nothing counts there"
            );
            missing.push(("alloc".into(), why));
        }
        if !self.calls {
            missing.push((
                "syscalls".into(),
                "not recorded, or not all of them: a stop at each call would distort every time".into(),
            ));
        } else {
            let what = "times of calls include the stops at which they are seen";
            missing.push(("syscalls.time_ns".into(), what.into()));
        }
        summary.not_measured = Some(entries(missing));
        Given { profile, target, run_log, meta: self.meta(sampled), summary }
    }

    fn meta(&self, sampled: Option<&Sampling>) -> Meta {
        let exit = self.status.map(|status| match status {
            Status::Exited(code) => Exit::Code { code },
            Status::Killed { signal, core } => {
                Exit::Signal { signal: u8::try_from(signal).unwrap_or(0), core: Some(core) }
            }
        });
        let by_kernel = |report: &Report| report.source == Source::Kernel;
        let is_sampled = matches!(sampled, Some(Sampling::Done { report, .. }) if by_kernel(report));
        let host = self.host.clone().map(|host::Host { system, machine, cpu_model, kernel, n_cpus, mut digest }| {
            digest.truncate(DIGEST);
            Host { system, machine, cpu_model, kernel, n_cpus: n_cpus as u64, digest }
        });
        let engines = self.engines.iter().cloned().chain(is_sampled.then(|| "perf".into())).collect();
        Meta {
            command: Some(self.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect()),
            started_at: Some(date(self.started_ms)),
            exit,
            host,
            recorder: Some("chic-trace".into()),
            engines: Some(engines),
            clock: "monotonic".into(),
            cpu_source: if is_sampled { CpuSource::OnCpu } else { CpuSource::Wall },
            incomplete: self.incomplete.clone(),
            ..fake_meta()
        }
    }

    fn sampling(&self, sampled: Option<&Sampling>, missing: &mut Vec<(String, String)>) -> Told {
        let report = match sampled {
            Some(Sampling::Done { report, .. }) => report,
            Some(Sampling::Refused(error)) => {
                let hints = error.hints.iter().map(|hint| format!("; {hint}")).collect::<String>();
                missing.push(("samples".into(), format!("{error}{hints}")));
                return Told { source: "none".into(), ..Told::default() };
            }
            None => {
                missing.push(("samples".into(), "none were asked for".into()));
                return Told { source: "none".into(), ..Told::default() };
            }
        };
        // Where the kernel refused, the tracer takes some, which is another measure.
        let key = if report.source == Source::Tracer { "samples" } else { "sampling" };
        if !report.not_measured.is_empty() {
            missing.push((key.into(), report.not_measured.join("; ")));
        }
        self.told(report)
    }

    fn told(&self, report: &Report) -> Told {
        let stacks = match self.settings.stacks {
            Stacks::FramePointers if report.source == Source::Kernel => "fp",
            Stacks::Tables | Stacks::FramePointers => "dwarf",
            Stacks::None => "none",
            Stacks::Auto if report.source == Source::Tracer => "dwarf",
            Stacks::Auto if report.switched_to_fp_at.is_some() => "fp",
            Stacks::Auto => "dwarf",
        };
        // Three decimals: an interval of whole nanoseconds may be no whole number of them a second.
        let hertz = |interval: u64| (1e12 / interval as f64).round() / 1e3;
        Told {
            source: if report.source == Source::Tracer { "tracer" } else { "perf-cpu-clock" }.into(),
            stacks: Some(stacks.into()),
            asked_hz: self.settings.interval.map(hertz),
            lost: Some(report.lost),
            kernel: Some(self.settings.kernel),
            switched_to_fp_at: report.switched_to_fp_at,
            ..Told::default()
        }
    }
}

/// Keys in order, each with all of its reasons.
fn entries(missing: Vec<(String, String)>) -> Entries {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, reason) in missing {
        let known = reasons.entry(key).or_default();
        if !known.contains(&reason) {
            known.push(reason);
        }
    }
    Entries(reasons.into_iter().map(|(key, reasons)| (key, reasons.join("; "))).collect())
}

/// Nothing but that it was the fake clock.
fn fake_meta() -> Meta {
    Meta {
        command: None,
        started_at: None,
        exit: None,
        host: None,
        recorder: None,
        engines: None,
        clock: "fake".into(),
        cpu_source: CpuSource::Fake,
        pid: None,
        parts: None,
        incomplete: None,
        approximate: None,
    }
}
