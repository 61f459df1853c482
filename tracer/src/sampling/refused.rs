//! Refusals: why the kernel gives no samples here, and what would help.

use super::How;
use crate::Error;
use crate::sys::perf_ring::{Clock, Refused};
use crate::sys::{Errno, seccomp};

/// What was tried, on what, why it failed, what to do.
pub(super) fn error(tid: u32, how: How, refused: &Refused) -> Error {
    let clock = how.clock;
    let (io, memory) = match refused {
        Refused::Event(error) => (error, false),
        Refused::Memory(error) => (error, true),
    };
    let errno = Errno(io.raw_os_error().unwrap_or(0));
    let paranoid = std::fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok();
    let paranoid = paranoid.and_then(|text| text.trim().parse().ok());
    let (why, hints) = reason(errno, memory, how, paranoid, seccomp::is_filtered());
    let what = match clock {
        Clock::Cpu(_) => "the cpu-clock samples",
        Clock::Cycles(_) => "the cycle samples",
    };
    Error { doing: "open".into(), what: format!("{what} of task {tid}"), why, hints, errno: Some(errno.0) }
}

/// The reason in words, with advice. `paranoid` is `kernel.perf_event_paranoid`.
fn reason(errno: Errno, memory: bool, how: How, paranoid: Option<i32>, filtered: bool) -> (String, Vec<String>) {
    let text = errno.text();
    let level = paranoid.map_or_else(|| "can't be read".into(), |level| format!("is {level}"));
    match errno.0 {
        libc::EPERM if memory => (
            format!("{text}: this user may lock no more memory (perf_event_mlock_kb)"),
            vec!["sysctl kernel.perf_event_mlock_kb=4096".into()],
        ),
        libc::EACCES | libc::EPERM if how.kernel && paranoid.is_some_and(|level| level == 2) => (
            format!("{text}; perf_event_paranoid {level}, samples of the kernel need 1 or lower"),
            vec!["sysctl kernel.perf_event_paranoid=1".into(), "in a container: --cap-add=PERFMON".into()],
        ),
        libc::EACCES | libc::EPERM if paranoid.is_some_and(|level| level > 2) => (
            format!("{text}; perf_event_paranoid {level}, samples need 2 or lower"),
            vec!["sysctl kernel.perf_event_paranoid=2".into(), "in a container: --cap-add=PERFMON".into()],
        ),
        libc::EACCES | libc::EPERM | libc::ENOSYS if filtered => (
            format!("{text}; a seccomp filter is on this process (a container's profile), perf_event_paranoid {level}"),
            vec!["in a container: --cap-add=PERFMON, or a profile that allows perf_event_open".into()],
        ),
        libc::ENOSYS => (format!("{text}: this kernel has no perf_event_open"), vec![]),
        libc::EACCES | libc::EPERM => (
            format!("{text}; perf_event_paranoid {level}"),
            vec!["sysctl kernel.perf_event_paranoid=2".into(), "in a container: --cap-add=PERFMON".into()],
        ),
        libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV if matches!(how.clock, Clock::Cycles(_)) => {
            (format!("{text}: this machine shows no PMU that counts cycles"), vec!["sample by cpu-clock".into()])
        }
        libc::EMFILE => (format!("{text}: each CPU takes up to three descriptors"), vec!["ulimit -n 4096".into()]),
        _ => (text, vec![]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(errno: i32, paranoid: i32, filtered: bool, clock: Clock) -> String {
        reason(Errno(errno), false, How { clock, ..How::default() }, Some(paranoid), filtered).0
    }

    #[test]
    fn each_refusal_has_its_name() {
        let cpu = Clock::Cpu(1);
        assert_eq!(
            why(libc::EACCES, 3, false, cpu),
            "Permission denied; perf_event_paranoid is 3, samples need 2 or lower"
        );
        assert!(why(libc::EPERM, 2, true, cpu).contains("a seccomp filter is on this process"));
        assert!(why(libc::ENOSYS, 2, false, cpu).contains("this kernel has no perf_event_open"));
        assert!(why(libc::ENOENT, 2, false, Clock::Cycles(1)).contains("no PMU"));
        let how = How { kernel: true, ..How::default() };
        let (kernel, _) = reason(Errno(libc::EACCES), false, how, Some(2), false);
        assert_eq!(kernel, "Permission denied; perf_event_paranoid is 2, samples of the kernel need 1 or lower");
        let (memory, hints) = reason(Errno(libc::EPERM), true, How::default(), Some(2), false);
        assert!(memory.contains("perf_event_mlock_kb") && !hints.is_empty(), "{memory}");
    }
}
