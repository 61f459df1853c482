//! What the kernel tells of processes.

use std::time::{Duration, Instant};

/// A process as `/proc` shows it.
#[derive(Debug, Clone)]
pub struct Process {
    pub pid: i32,
    /// Name and state letter of each of its tasks.
    pub tasks: Vec<(i32, String, char)>,
}

impl Process {
    /// Is one of its tasks held by a tracer (`t`), stopped (`T`) or in an uninterruptible wait (`D`)?
    pub fn is_held(&self) -> bool {
        self.tasks.iter().any(|(_, _, state)| matches!(state, 't' | 'T' | 'D'))
    }
}

/// All processes whose environment holds this text, zombies excepted.
pub fn with_environment(marker: &str) -> Vec<Process> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let ours = environment.split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes());
        (ours && pid != std::process::id() as i32).then(|| Process { pid, tasks: tasks(pid) })
    })
    .collect()
}

/// The tasks of a process: id, name, state.
pub fn tasks(pid: i32) -> Vec<(i32, String, char)> {
    let all = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    all.filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (head, tail) = stat.rsplit_once(") ")?;
        let name = head.split_once('(')?.1.to_string();
        Some((entry.file_name().to_str()?.parse().ok()?, name, tail.chars().next()?))
    })
    .collect()
}

/// A field of `/proc/PID/status`.
pub fn status_field(pid: i32, field: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.split(':').next() == Some(field))?;
    Some(line[field.len() + 1..].trim().to_string())
}

/// The most memory that it had so far (`VmHWM`), KiB; `None` when it has ended.
pub fn peak_kib(pid: i32) -> Option<u64> {
    status_field(pid, "VmHWM")?.strip_suffix(" kB")?.trim().parse().ok()
}

/// Who traces this process; 0 for nobody.
pub fn tracer_of(pid: i32) -> i32 {
    status_field(pid, "TracerPid").and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Sends a signal; says whether there was somebody to take it.
pub fn kill(pid: i32, signal: i32) -> bool {
    // SAFETY: kill takes numbers only.
    unsafe { libc::kill(pid, signal) == 0 }
}

/// Asks every two milliseconds until it holds; false when `limit` has passed.
pub fn until(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if holds() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
