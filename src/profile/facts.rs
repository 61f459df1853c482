//! Facts: what is known of a run beside its timeline.

use std::ffi::OsString;

use report::perf::timeline::Given;
use report::perf::{CpuSource, Entries, Exit, Host, Meta, RunLog, Sampling, Summary, date};
use tracer::Status;
use tracer::sampling::Report;

use super::{Settings, Stacks};
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
    /// How sampling went; `None`: nothing was sampled.
    pub sampled: Option<Report>,
    /// Keys of what is not measured, each with its reason.
    pub missing: Vec<(String, String)>,
}

impl Facts<'_> {
    /// For the timeline.
    pub fn given(self) -> Given {
        let settings = self.settings;
        let mut missing = self.missing.clone();
        let sampling = self.sampling(&mut missing);
        missing.sort();
        let mut not_measured = Entries::default();
        missing.iter().for_each(|(key, reason)| not_measured.add(key, reason));
        Given {
            profile: settings.name.clone(),
            target: settings.target.clone(),
            run_log: RunLog::default(),
            meta: self.meta(),
            summary: Summary {
                sampling_interval_ns: sampling.as_ref().and(settings.interval).map(u128::from),
                sampling,
                not_measured: (!missing.is_empty()).then_some(not_measured),
                ..Summary::default()
            },
        }
    }

    fn meta(&self) -> Meta {
        let exit = self.status.map(|status| match status {
            Status::Exited(code) => Exit::Code { code },
            Status::Killed { signal, core } => {
                Exit::Signal { signal: u8::try_from(signal).unwrap_or(0), core: Some(core) }
            }
        });
        let host::Host { system, machine, cpu_model, kernel, n_cpus, digest } = host::Host::here();
        Meta {
            command: Some(self.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect()),
            started_at: Some(date(self.started_ms)),
            exit,
            host: Some(Host { system, machine, cpu_model, kernel, n_cpus: n_cpus as u64, digest }),
            recorder: Some("chic-trace".into()),
            engines: Some(vec!["perf".into()]),
            clock: "monotonic".into(),
            cpu_source: if self.sampled.is_some() { CpuSource::OnCpu } else { CpuSource::Wall },
            pid: None,
            parts: None,
            incomplete: None,
            approximate: None,
        }
    }

    fn sampling(&self, missing: &mut Vec<(String, String)>) -> Option<Sampling> {
        let report = self.sampled.as_ref()?;
        let interval = self.settings.interval?;
        if !report.not_measured.is_empty() {
            missing.push(("sampling".into(), report.not_measured.join("; ")));
        }
        let stacks = match self.settings.stacks {
            Stacks::FramePointers => "fp",
            Stacks::Tables => "dwarf",
            Stacks::None => "none",
            Stacks::Auto if report.switched_to_fp_at.is_some() => "fp",
            Stacks::Auto => "dwarf",
        };
        Some(Sampling {
            source: "perf-cpu-clock".into(),
            stacks: Some(stacks.into()),
            // Three decimals: an interval of whole nanoseconds may be no whole number of them a second.
            asked_hz: Some((1e12 / interval as f64).round() / 1e3),
            lost: Some(report.lost),
            kernel: Some(false),
            switched_to_fp_at: report.switched_to_fp_at,
            ..Sampling::default()
        })
    }
}
