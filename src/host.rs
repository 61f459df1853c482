//! What the machine and the repository are: facts that are kept beside results.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use assertions::gate::content_blake3;
use serde::{Deserialize, Serialize};

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// `Linux`.
    pub system: String,
    /// `x86_64`.
    pub machine: String,
    /// As the kernel names it.
    pub cpu_model: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Processors that we may use.
    pub n_cpus: usize,
    /// Hash of the rest.
    pub digest: String,
}

impl Host {
    /// This one.
    pub fn here() -> Host {
        let line = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let cpu = line("/proc/cpuinfo");
        let cpu_model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
        let mut host = Host {
            system: line("/proc/sys/kernel/ostype"),
            machine: std::env::consts::ARCH.to_owned(),
            cpu_model: cpu_model.trim_start_matches([' ', '\t', ':']).to_owned(),
            kernel: line("/proc/sys/kernel/osrelease"),
            n_cpus: std::thread::available_parallelism().map_or(1, usize::from),
            digest: String::new(),
        };
        let n_cpus = host.n_cpus.to_string();
        let facts = [
            ("system", &host.system),
            ("machine", &host.machine),
            ("cpu_model", &host.cpu_model),
            ("kernel", &host.kernel),
            ("n_cpus", &n_cpus),
        ];
        host.digest = content_blake3(facts.map(|(name, fact)| (name, fact.as_bytes())));
        host
    }
}

/// Load of the last minute.
pub fn load_1m() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_ascii_whitespace().next()?.parse().ok()
}

/// Frequency of the first processor, where the kernel tells it.
pub fn cpu_khz() -> Option<u64> {
    std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq").ok()?.trim().parse().ok()
}

/// The most memory that we ourselves had resident, bytes: the kernel lets a program that we start begin with it.
pub fn own_peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

/// The commit here, and whether there are changes beside it; nothing without a repository or git.
pub fn git() -> (Option<String>, Option<bool>) {
    let git = |words: &[&str]| {
        let output = Command::new("git").args(words).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let sha = git(&["rev-parse", "--verify", "HEAD"]).filter(|sha| !sha.is_empty());
    let dirty = sha.as_ref().and_then(|_| git(&["status", "--porcelain"])).map(|changes| !changes.is_empty());
    (sha, dirty)
}

/// Milliseconds since 1970.
pub fn unix_ms(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// The time that documents are dated with: `SOURCE_DATE_EPOCH` replaces the clock.
pub fn generated_at_unix_ms() -> u64 {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse::<u64>().ok());
    epoch.map_or_else(|| unix_ms(SystemTime::now()), |seconds| seconds.saturating_mul(1000))
}

/// When a file was written.
pub fn written_at(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
