//! The published recordings of the equivalence study, read from strace text.

mod strace_text;

use recording::event::Kind;
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

/// Counts what came.
#[derive(Default)]
struct Count {
    calls: usize,
    deaths: usize,
    names: std::collections::BTreeMap<u64, usize>,
}

impl Sink for Count {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        let events = batch.events();
        for event in events {
            match event.kind() {
                Some(Kind::Call) => {
                    self.calls += 1;
                    *self.names.entry(event.call().map_or(0, |call| call.nr())).or_default() += 1;
                }
                Some(Kind::Died) => self.deaths += 1,
                _ => {}
            }
        }
        Ok(())
    }
    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

#[test]
fn strace_text_becomes_events() {
    let Some((text, cwd, argv)) = strace_text::sample("mut_base.01") else {
        println!("skipped: samples not here");
        return;
    };
    let mut count = Count::default();
    strace_text::replay(&strace_text::Text { text: &text, cwd: &cwd, argv }, &mut count);
    assert_eq!(count.deaths, 2, "the guest and its child");
    assert_eq!(count.names.get(&59), Some(&2), "two programs: {:?}", count.names);
    assert_eq!(count.names.get(&74), Some(&2), "two fsync");
    let begun =
        text.lines().filter(|line| !line.contains(" --- ") && !line.contains(" +++ ") && !line.contains("resumed>"));
    assert_eq!(count.calls, begun.count());
}
