//! In the steady state copying payloads allocates nothing: counted by this program's own allocator.

mod counting;

use recording::event::{Record, State, Via};
use recording::session::PayloadLimits;
use syscalls::Abi;
use tracer::capture::{Capture, Who};

#[test]
fn a_hundred_thousand_calls_without_an_allocation() {
    let abi = if cfg!(target_arch = "aarch64") { Abi::Aarch64 } else { Abi::X86_64 };
    let me = std::process::id();
    let who = Who { tid: me, pid: me, abi };
    let path = c"/etc/hostname";
    let buffer = [7u8; 4096];
    let vector: [u64; 4] = [buffer.as_ptr() as u64, 100, buffer.as_ptr() as u64, 200];
    let argv: [u64; 2] = [path.as_ptr() as u64, 0];
    let (path, data) = (path.as_ptr() as u64, buffer.as_ptr() as u64);
    let vectors = vector.as_ptr() as u64;
    let calls = [
        (libc::SYS_getpid, [0; 6], 1),
        (libc::SYS_openat, [libc::AT_FDCWD as u64, path, 0, 0, 0, 0], 3),
        (libc::SYS_read, [3, data, 4096, 0, 0, 0], 4096),
        (libc::SYS_fstat, [3, data, 0, 0, 0, 0], 0),
        (libc::SYS_writev, [1, vectors, 2, 0, 0, 0], 300),
        (libc::SYS_execve, [path, argv.as_ptr() as u64, argv.as_ptr() as u64, 0, 0, 0], -2),
    ];
    let mut capture = Capture::new(&PayloadLimits::stored(), false);
    let mut record = Record::default();
    let mut round = |count: usize| {
        let mut bytes = 0;
        for (nr, args, result) in calls.iter().cycle().take(count) {
            record.begin_call(Via::Ptrace, abi as u8, me, 0, 1, *nr as u64, args, 0, 0);
            capture.entry(&who, &mut record);
            record.finish_call(State::Done, 2, *result);
            capture.exit(&who, &mut record);
            bytes += record.bytes().len();
        }
        bytes
    };
    round(60);
    let before = counting::allocations();
    let bytes = round(100_002);
    assert_eq!(counting::allocations() - before, 0);
    // It did something: paths, data and vectors are in the records.
    assert!(bytes > 100_002 * 250, "{bytes}");
}
