//! The kernel's own probes (uprobes) on the functions of a program: no task stops for them.
//!
//! In: the same program as for breakpoints. Out: the same events, late, with the times of their hits. One trace event has a place
//! for each probe, perf_event reports its hits with the task's registers, and what a probe means is worked out here. Only the
//! memory of tasks that are traced is changed, and by the kernel: it is put back when the tracer is gone, however it ended.
//!
//! | file | its question |
//! |---|---|
//! | `fit` | at which instructions the kernel can set one |
//! | `define` | how the kernel is told of them, and that they are over |
//! | `hits` | what its records say |

mod define;
mod fit;
mod hits;

use super::{Probes, Program};
use crate::sampling::order::Queue;
use crate::session::Session;
use crate::sys::Errno;
use crate::sys::perf_ring::{self, Hits, Refused, Ring};
use define::Definition;
use hits::Seen;

/// Bytes of a ring: 40 000 hits, a tenth of a second of a loop that does nothing else. All together have at most the larger number.
const RING_BYTES: usize = 8 << 20;
const ALL_BYTES: usize = 256 << 20;
const LEAST_RING_BYTES: usize = 64 << 10;

/// Why the kernel's probes can't be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub why: String,
    /// What would help.
    pub hint: Option<String>,
}

/// Would the kernel set the probes of this program for this user? `None`: it would. Nothing is defined yet.
pub fn refusal(program: &Program) -> Option<Refusal> {
    const RIGHTS: &str = "uprobes need root, or CAP_SYS_ADMIN and CAP_PERFMON";
    let of_user = |why: String| Refusal { why, hint: Some(RIGHTS.into()) };
    let tracefs = match define::tracefs() {
        Ok(tracefs) => tracefs,
        Err(why) => return Some(of_user(why)),
    };
    if let Err(error) = tracefs.append(define::EVENTS) {
        let why = define::refused(define::EVENTS, &error);
        return Some(match error.raw_os_error() {
            Some(libc::ENOENT) => Refusal { why: format!("{why}: this kernel has no uprobes"), hint: None },
            _ => of_user(why),
        });
    }
    if let Err(error) = perf_ring::try_own() {
        return Some(of_user(format!("perf_event_open: {}", Errno(error.raw_os_error().unwrap_or(0)).text())));
    }
    fit::why_not(program).map(|why| Refusal { why, hint: None })
}

/// Those of a session. Dropped, its events are closed first, then taken off.
pub(crate) struct Uprobes {
    rings: Vec<Ring>,
    queue: Queue,
    seen: Seen,
    _definition: Definition,
}

impl Probes {
    /// Has the kernel set them on task `tid`, which waits before its exec; `follow`: and on all it starts.
    ///
    /// # Errors
    /// What was refused, and why. They are breakpoints then.
    pub fn set_by_kernel(&mut self, tid: u32, follow: bool) -> Result<(), String> {
        let definition = Definition::of(&self.program)?;
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        let bytes = RING_BYTES.min(1 << (ALL_BYTES / cpus).max(LEAST_RING_BYTES).ilog2());
        let hits = Hits { event: definition.id, follow };
        let opened = perf_ring::of_all_cpus(bytes, LEAST_RING_BYTES, |cpu, bytes| Ring::of_hits(tid, cpu, hits, bytes));
        let (rings, bytes) = opened.map_err(|(Refused::Event(error) | Refused::Memory(error))| {
            format!("perf_event_open of its event: {}", Errno(error.raw_os_error().unwrap_or(0)).text())
        })?;
        let queue = Queue::with_room(bytes.saturating_mul(rings.len()));
        let seen = Seen::of(&self.program);
        self.by_kernel = true;
        self.uprobes = Some(Box::new(Uprobes { rings, queue, seen, _definition: definition }));
        Ok(())
    }
}

impl Session<'_> {
    /// The target is over: the rest of its hits, and what of them is missing. The kernel's probes are taken off.
    pub(crate) fn finish_hits(&mut self) {
        self.drain_hits(u64::MAX);
        let Some(probes) = &mut self.probes else { return };
        let Some(uprobes) = probes.uprobes.take() else { return };
        for (count, why) in [
            (uprobes.seen.lost, "were lost: the rings were full"),
            (uprobes.seen.strays, "are nobody's: their places are not known"),
            (uprobes.queue.broken, "could not be read"),
        ] {
            if count > 0 {
                probes.miss("functions", format!("{count} hits of uprobes {why}"));
            }
        }
        for (count, file) in uprobes.seen.elsewhere() {
            let file = file.display();
            let why =
                "not counted, because their processes run another program, or the program by a name that is not known";
            probes.miss("functions", format!("{count} hits in {file} are {why}"));
        }
    }

    /// Tells of the hits before this time.
    pub(crate) fn drain_hits(&mut self, until: u64) {
        let Some(probes) = &mut self.probes else { return };
        let Some(mut uprobes) = probes.uprobes.take() else { return };
        let Uprobes { rings, queue, seen, .. } = &mut *uprobes;
        for ring in rings {
            queue.add(|out| ring.take(out));
        }
        let stream = &mut self.stream;
        queue.records_until(until, |stamp, record| seen.record(stamp, record, probes, stream));
        probes.uprobes = Some(uprobes);
    }
}
