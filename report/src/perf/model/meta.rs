//! How a run was measured.

use serde::Serialize;

/// How a run was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meta {
    /// Program and arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// RFC 3339, UTC, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// Where it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// `chic-trace` or `runtime`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorder: Option<String>,
    /// `ptrace`, `fast`, `perf`, `bpf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engines: Option<Vec<String>>,
    /// `tsc`, `monotonic`, `fake`.
    pub clock: String,
    /// What [`super::Metric::cpu_us`] is.
    pub cpu_source: CpuSource,
    /// Of parts of one process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u64>,
    /// Merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<u64>,
    /// Why the recording has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// What is approximate, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approximate: Option<String>,
}

/// What a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CpuSource {
    /// Time on a CPU.
    OnCpu,
    /// Time that went by.
    Wall,
    /// Of the deterministic clock.
    Fake,
}

impl CpuSource {
    /// By its word.
    pub(in crate::perf) fn of(word: &str) -> Option<Self> {
        [CpuSource::OnCpu, CpuSource::Wall, CpuSource::Fake].into_iter().find(|source| source.word() == word)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            CpuSource::OnCpu => "on-cpu",
            CpuSource::Wall => "wall",
            CpuSource::Fake => "fake",
        }
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Exit {
    /// By itself.
    Code {
        /// 0 to 255.
        code: u8,
    },
    /// By a signal.
    Signal {
        /// 1 to 64.
        signal: u8,
        /// With a core dump?
        #[serde(skip_serializing_if = "Option::is_none")]
        core: Option<bool>,
    },
    /// Not yet: a snapshot.
    Running {
        /// True.
        running: bool,
    },
}

/// A machine, without its name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[allow(missing_docs)] // Texts, shown and never judged.
pub struct Host {
    pub system: String,
    pub machine: String,
    pub cpu_model: String,
    pub kernel: String,
    pub n_cpus: u64,
    pub digest: String,
}

/// A moment in milliseconds since 1970 as [`Meta::started_at`] has it.
pub fn date(unix_ms: u64) -> String {
    let moment = i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.unwrap_or(jiff::Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_date_has_milliseconds_and_no_zone() {
        assert_eq!(super::date(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(super::date(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
    }
}
