//! Runs a command that may not open events of perf: `no_perf COMMAND [ARGS]`.

use std::os::unix::process::CommandExt;

#[repr(C)]
struct Step {
    code: u16,
    yes: u8,
    no: u8,
    value: u32,
}

#[repr(C)]
struct Filter {
    len: u16,
    steps: *const Step,
}

unsafe extern "C" {
    fn prctl(option: i32, a: u64, b: u64, c: u64, d: u64) -> i32;
}

#[cfg(target_arch = "x86_64")]
const PERF_EVENT_OPEN: u32 = 298;
#[cfg(not(target_arch = "x86_64"))]
const PERF_EVENT_OPEN: u32 = 241;

fn main() {
    // Load the number; is it this one? then EACCES, else go on (seccomp(2)).
    let steps = [
        Step { code: 0x20, yes: 0, no: 0, value: 0 },
        Step { code: 0x15, yes: 0, no: 1, value: PERF_EVENT_OPEN },
        Step { code: 0x06, yes: 0, no: 0, value: 0x0005_0000 | 13 },
        Step { code: 0x06, yes: 0, no: 0, value: 0x7fff_0000 },
    ];
    let filter = Filter { len: 4, steps: steps.as_ptr() };
    // SAFETY: PR_SET_NO_NEW_PRIVS takes numbers, PR_SET_SECCOMP a filter that outlives the call.
    let done = unsafe { prctl(38, 1, 0, 0, 0) == 0 && prctl(22, 2, &raw const filter as u64, 0, 0) == 0 };
    assert!(done, "no filter");
    let mut words = std::env::args_os().skip(1);
    let error = std::process::Command::new(words.next().expect("a command")).args(words).exec();
    panic!("{error}");
}
