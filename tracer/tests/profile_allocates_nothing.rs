//! In the steady state a session that profiles allocates nothing: counted by this program's own allocator while a
//! real target writes into its rings and is sampled.

mod counting;
mod kept;
mod spins;
mod traced;

use recording::event::{Kind, SLOT};
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};
use tracer::sampling::{How, Stacks};
use tracer::{Plan, Sampling, Status, Tracepoints, Wanted};

/// Counts what came, and notes where the allocations stood at the half and at the end of it.
struct Nowhere {
    count: fn(&Batch<'_>) -> u64,
    seen: u64,
    half: u64,
    began: Option<(u64, u64)>,
    ended: Option<(u64, u64)>,
    died: bool,
}

impl Sink for Nowhere {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.died |= batch.events().any(|event| event.kind() == Some(Kind::Died));
        self.seen += (self.count)(batch);
        let now = (self.seen, counting::allocations());
        if self.seen >= self.half {
            self.began.get_or_insert(now);
        }
        if !self.died {
            self.ended = Some(now);
        }
        Ok(())
    }
    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

/// How much came in the second half, and with how many allocations. `None` without samples, which is said.
fn second_half(plan: &Plan, half: u64, count: fn(&Batch<'_>) -> u64) -> Option<(u64, u64)> {
    let mut sink = Nowhere { count, seen: 0, half, began: None, ended: None, died: false };
    let ended = tracer::run(plan, &mut sink).expect("a session");
    assert_eq!(ended.root, Some(Status::Exited(0)));
    if let Some(Sampling::Refused(error)) = ended.sampling {
        println!("skipped: no samples here: {error}");
        return None;
    }
    let (Some((first, before)), Some((last, after))) = (sink.began, sink.ended) else { panic!("{} seen", sink.seen) };
    Some((last - first, after - before))
}

fn nothing() -> Option<Wanted> {
    Some(Wanted { native: [0; 8], i386: [0; 8], unknown: false })
}

#[test]
fn a_million_slots_without_an_allocation() {
    let witness = traced::examples().join("witness");
    let plan = kept::plan(&[witness.to_str().expect("UTF-8"), "pairs", "1000000"]);
    let plan = Plan { wanted: nothing(), tracepoints: Some(Tracepoints::default()), ..plan };
    let slots = |batch: &Batch<'_>| {
        let slots = batch.events().filter_map(|event| event.slots());
        slots.map(|slots| (slots.bytes.len() / SLOT) as u64).sum()
    };
    let (seen, allocations) = second_half(&plan, 1_000_000, slots).expect("no samples");
    assert!(seen > 900_000, "{seen}");
    assert_eq!(allocations, 0);
}

#[test]
fn nor_for_samples_once_all_is_known() {
    for (frame_pointers, stacks) in [(true, Stacks::FramePointers), (false, Stacks::Tables)] {
        let guest = spins::spins(frame_pointers);
        let plan = kept::plan(&[guest.to_str().expect("UTF-8"), "1500"]);
        let plan = Plan { wanted: nothing(), samples: Some(How { stacks, ..How::default() }), ..plan };
        let samples = |batch: &Batch<'_>| batch.events().filter(|event| event.sample().is_some()).count() as u64;
        let Some((seen, allocations)) = second_half(&plan, 30, samples) else { return };
        assert!(seen > 10, "{seen}");
        // An address that was not met before is looked up, and there are fewer and fewer of them. Looks at the rings, of
        // which each finds ten samples or less, cost nothing.
        assert!(allocations <= 4 + seen / 20, "{stacks:?}: {allocations} for {seen} samples");
    }
}
