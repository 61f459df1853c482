//! Random calls, words and payloads: a recording may come from anybody. Nothing may panic, the form of a run
//! does not depend on chance, and a run is the same as itself.

mod form_text;
#[path = "../../recording/tests/random/mod.rs"]
mod random;

use goldens::{Level, Observer, Options, Run, diff, forms};
use random::Random;
use recording::event::Record;
use recording::session::{ClockTriple, Header, Trailer};
use recording::{Batch, Sink};

fn run(seed: u64, level: Level) -> Run {
    let mut random = Random::new(seed);
    let mut observer = Observer::new(&Options::at(level));
    let header = Header { cwd: "/home/me".into(), follow: true, golden: true, ..Header::default() };
    observer.begin(&header).unwrap();
    let mut record = Record::default();
    for _ in 0..4_000 {
        random::fill(&mut record, &mut random, 17);
        let clock = ClockTriple { ticks: 1, monotonic_ns: 1, realtime_ns: random.below(u64::MAX) };
        observer.events(&Batch { clock, bytes: record.bytes() }).unwrap();
    }
    observer.end(&Trailer::default()).unwrap();
    observer.into_run()
}

#[test]
fn whatever_a_recording_holds_becomes_a_form_that_is_equal_to_itself() {
    for seed in 1..5 {
        for level in [Level::Protocol, Level::Exact] {
            let options = Options::at(level);
            let runs = [run(seed, level), run(seed, level)];
            let forms = forms(&[&runs[0], &runs[1]], None, &options);
            let texts: Vec<String> = forms.iter().map(|form| form_text::text(form, true)).collect();
            assert!(texts[0].lines().count() > 500, "the calls became steps");
            assert!(texts[0] == texts[1], "seed {seed}: one recording, two forms");
            if level > Level::Protocol {
                continue;
            }
            let found = diff(&forms[0], &forms[1], &options);
            assert!(found.findings.is_empty(), "seed {seed}: {:?}", found.findings.first());
        }
    }
}
