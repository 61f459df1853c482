//! Random numbers, words and payloads: a recording may come from anybody. Nothing may panic, and what is
//! told is about rows that exist.

use recording::event::Record;
use recording::resolve::{Consumer, Happened, Resolved, Resolver, Tables};
use recording::session::Trailer;
use recording::{Batch, Sink};

use crate::random::{self, Random};
use crate::scene::header;

#[derive(Default)]
struct Check(u64);

impl Consumer for Check {
    fn call(&mut self, tables: &Tables, call: &Resolved<'_>) {
        self.0 += 1;
        assert!(tables.process(call.process).is_some() && tables.thread(call.thread).is_some());
        for about in call.about {
            assert!(tables.object(about.object).is_some());
            assert!(about.description.is_none_or(|id| tables.description(id).is_some()));
        }
        assert!(call.moved.iter().all(|moved| moved.start <= moved.end && tables.object(moved.object).is_some()));
    }
    fn happened(&mut self, _: &Tables, _: &Happened<'_>) {}
}

#[test]
fn nothing_panics_on_anything() {
    for seed in 1..9 {
        let mut random = Random::new(seed);
        let mut resolver = Resolver::new(Check::default());
        resolver.begin(&header()).unwrap();
        let mut record = Record::default();
        for _ in 0..20_000 {
            random::fill(&mut record, &mut random, 20);
            resolver.events(&Batch { clock: Default::default(), bytes: record.bytes() }).unwrap();
        }
        resolver.end(&Trailer::default()).unwrap();
        assert!(resolver.finish().0.0 > 10_000, "the calls were told");
    }
}
