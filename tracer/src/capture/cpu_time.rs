//! CPU time: how long a task had run when it stood at the entry and at the exit of a call.
//!
//! `/proc/PID/task/TID/schedstat` counts in ns what this one task ran, in user mode and in the kernel (sched-stats of the
//! kernel's documentation). Between the two stops it runs in the kernel only, so that the difference is system time. What
//! wait4(2) tells of a stopped task is that of its whole process, in shares of its ticks: 0 for most programs.

use recording::event::{ARG_NONE, PayloadHead, Record, Shape, note};

use super::Who;
use crate::procfs::{self, ProcPath};

/// Notes it; nothing where the kernel keeps no such account, which reads as zeros.
pub(super) fn note(who: &Who, phase: u8, record: &mut Record) {
    let mut buffer = [0; 128];
    let text = procfs::read(&ProcPath::task(who.pid, who.tid, "schedstat"), &mut buffer);
    let Some(ran) = procfs::schedstat(text).map(|stat| stat.run_ns).filter(|ran| *ran > 0) else { return };
    let head = PayloadHead { arg: ARG_NONE, phase, shape: Shape::Note, status: 0, wanted: 8, addr: 0, path: note::RAN };
    record.payload(head, &ran.to_le_bytes());
}
