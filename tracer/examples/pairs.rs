//! What a recorder's rings cost: runs a program with tracepoints and counts what it wrote, without calls.
//! `cargo run --release -p chic-trace-tracer --example pairs -- [--samples] COMMAND [ARGS]`

use std::time::Instant;

use recording::event::SLOT;
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};
use tracer::{Launch, Placement, Plan, Tracepoints, Wanted};

#[derive(Default)]
struct Count {
    slots: u64,
    looks: u64,
    samples: u64,
}

impl Sink for Count {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        for event in batch.events() {
            if let Some(slots) = event.slots() {
                self.slots += (slots.bytes.len() / SLOT) as u64;
                self.looks += 1;
            }
            self.samples += u64::from(event.sample().is_some());
        }
        Ok(())
    }
    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

fn main() {
    let mut argv: Vec<_> = std::env::args_os().skip(1).collect();
    let samples = argv.first().is_some_and(|word| word == "--samples");
    if samples {
        argv.remove(0);
    }
    let plan = Plan {
        launch: Some(Launch { argv, ..Launch::default() }),
        on_refusal: |error| eprintln!("pairs: {error}"),
        wanted: Some(Wanted { native: [0; 8], i386: [0; 8], unknown: false }),
        placement: Placement::Off,
        samples: samples.then(Default::default),
        tracepoints: Some(Tracepoints::default()),
        version: "example".into(),
        ..Plan::default()
    };
    let mut count = Count::default();
    let began = Instant::now();
    match tracer::run(&plan, &mut count) {
        Ok(ended) => eprintln!("pairs: {:?} {:?}", ended.root, ended.warnings),
        Err(error) => eprintln!("pairs: {error}"),
    }
    let took = began.elapsed();
    eprintln!("pairs: {} slots in {} looks, {} samples, {took:?}", count.slots, count.looks, count.samples);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| eprintln!("pairs: {line}"));
}
