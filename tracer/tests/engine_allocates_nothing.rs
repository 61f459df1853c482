//! In the steady state a session allocates nothing: counted by this program's own allocator while a real
//! target makes calls.

mod counting;
mod kept;

use recording::event::Kind;
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};
use tracer::{Status, Wanted};

/// Calls of each of two tasks: in the steady state there are more than [`STEADY`], whoever is served more.
const CALLS: usize = 110_000;
/// Until then both have started and buffers have grown.
const WARM: usize = 5_000;
/// Events at least between that and the first death.
const STEADY: usize = 100_000;

/// Keeps nothing but how many events had come and where the allocations stood.
#[derive(Default)]
struct Nowhere {
    events: usize,
    began: Option<(usize, u64)>,
    ended: Option<(usize, u64)>,
    died: bool,
}

impl Sink for Nowhere {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.died |= batch.events().any(|event| event.kind() == Some(Kind::Died));
        self.events += batch.events().filter(|event| !event.is_announcement()).count();
        let now = (self.events, counting::allocations());
        if self.events >= WARM {
            self.began.get_or_insert(now);
        }
        if !self.died {
            self.ended = Some(now);
        }
        Ok(())
    }
    fn wants_entered(&self) -> bool {
        true
    }
    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Allocations while two tasks make calls at the same time.
fn allocations(wanted: Option<Wanted>) -> u64 {
    let busy = format!("dd if=/dev/zero of=/dev/null bs=1 count={} 2>/dev/null", CALLS / 2);
    let mut plan = kept::plan(&["sh", "-c", &format!("{busy} & {busy} & wait")]);
    plan.wanted = wanted;
    plan.placement = tracer::Placement::Auto;
    let mut sink = Nowhere::default();
    let ended = tracer::run(&plan, &mut sink).expect("a session");
    assert_eq!(ended.root, Some(Status::Exited(0)));
    let (Some((first, before)), Some((last, after))) = (sink.began, sink.ended) else {
        panic!("{} events", sink.events)
    };
    assert!(last - first >= STEADY, "{first}..{last}");
    after - before
}

#[test]
fn a_hundred_thousand_calls_without_an_allocation() {
    assert_eq!(allocations(None), 0);
}

#[test]
fn nor_under_a_filter() {
    let mut native = [0; 8];
    for nr in [libc::SYS_read, libc::SYS_write, libc::SYS_open, libc::SYS_openat, libc::SYS_openat2] {
        native[(nr / 64) as usize] |= 1 << (nr % 64);
    }
    assert_eq!(allocations(Some(Wanted { native, i386: [0; 8], unknown: false })), 0);
}
