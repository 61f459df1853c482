//! Calls: what a system call was, as far as a profile tells it.

use std::collections::HashMap;
use std::sync::Arc;

use recording::event::{self, flag};
use report::perf::timeline::Call;
use syscalls::Abi;

/// Names of calls, one text each.
#[derive(Debug, Default)]
pub struct Names {
    known: HashMap<(u8, u64), Arc<str>>,
}

/// Calls whose result is a number of bytes that they read, and that they wrote.
const READ: &[&str] = &["read", "pread64", "readv", "preadv", "preadv2", "recvfrom", "recvmsg", "getrandom"];
const WRITTEN: &[&str] = &["write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg"];
/// And both.
const MOVED: &[&str] = &["sendfile", "splice", "tee", "copy_file_range"];

impl Names {
    /// What a call was; `None` when it is no call of the program.
    pub fn call(&mut self, call: &event::Call<'_>) -> Option<Call> {
        let event = call.event;
        if event.flags() & flag::INSTRUMENTATION != 0 {
            return None;
        }
        let name = self.name(event.abi(), call.nr());
        let result = call.result();
        let left_untold = event.flags() & flag::NO_EXIT != 0;
        let failed = !left_untold && (-4095..0).contains(&result);
        let bytes = if left_untold || failed { 0 } else { u64::try_from(result).unwrap_or(0) };
        let is = |names: &[&str]| names.contains(&&*name) || MOVED.contains(&&*name);
        let (read_bytes, written_bytes) = (if is(READ) { bytes } else { 0 }, if is(WRITTEN) { bytes } else { 0 });
        let left = if left_untold { event.at() } else { call.left() };
        Some(Call { name, entered: event.at(), left, failed, read_bytes, written_bytes, class: None })
    }

    fn name(&mut self, abi: u8, nr: u64) -> Arc<str> {
        let name = || {
            let known = Abi::from_raw(abi).and_then(|abi| syscalls::lookup(abi, nr));
            known.map_or_else(|| format!("syscall_{nr:#x}").into(), |row| Arc::from(row.name))
        };
        Arc::clone(self.known.entry((abi, nr)).or_insert_with(name))
    }
}
