//! A sink that keeps everything, and plans to fill it with.
#![allow(dead_code, reason = "each test file uses its part")]

use std::ffi::OsString;

use recording::event::{Call, Event, Events, Kind, text};
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};
use tracer::{Ended, Launch, Placement, Plan};

/// All that was pushed.
#[derive(Default)]
pub struct Kept {
    pub header: Option<Header>,
    pub trailer: Option<Trailer>,
    pub bytes: Vec<u8>,
    pub announce: bool,
}

impl Sink for Kept {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        assert!(self.header.replace(header.clone()).is_none(), "one begin");
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        let mut events = batch.events();
        for event in events.by_ref() {
            assert!(event.at() <= batch.clock.ticks, "no event is younger than its batch");
        }
        assert_eq!(events.rest().1, None, "every record is whole");
        self.bytes.extend_from_slice(batch.bytes);
        Ok(())
    }
    fn wants_entered(&self) -> bool {
        self.announce
    }
    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        assert!(self.trailer.replace(trailer.clone()).is_none(), "one end");
        Ok(())
    }
}

impl Kept {
    pub fn events(&self) -> Events<'_> {
        Events::new(&self.bytes)
    }

    pub fn of_kind(&self, kind: Kind) -> Vec<Event<'_>> {
        self.events().filter(|e| e.kind() == Some(kind)).collect()
    }

    /// What events of this kind say.
    pub fn texts(&self, kind: Kind) -> Vec<String> {
        let text = |event: Event<'_>| event.text(text::MAIN).map(|text| String::from_utf8_lossy(text).into_owned());
        self.of_kind(kind).into_iter().filter_map(text).collect()
    }

    /// Calls without announcements.
    pub fn calls(&self) -> Vec<Call<'_>> {
        self.events().filter(|e| !e.is_announcement()).filter_map(|e| e.call()).collect()
    }

    pub fn count(&self, nr: i64) -> usize {
        self.calls().iter().filter(|c| c.nr() == nr as u64).count()
    }

    /// Panics unless the numbers of each task's events are 0, 1, 2, …
    pub fn assert_dense(&self) {
        let mut seqs: std::collections::BTreeMap<u32, Vec<u64>> = Default::default();
        for event in self.events().filter(|e| !e.is_announcement() && !e.comes_late()) {
            seqs.entry(event.task()).or_default().push(event.seq());
        }
        for (task, mut seqs) in seqs {
            seqs.sort_unstable();
            let dense: Vec<u64> = (0..seqs.len() as u64).collect();
            assert_eq!(seqs, dense, "events of task {task}");
        }
    }
}

/// A plan for this command line, following.
pub fn plan(argv: &[&str]) -> Plan {
    Plan {
        launch: Some(Launch { argv: argv.iter().map(OsString::from).collect(), ..Launch::default() }),
        placement: Placement::Off,
        version: "test".into(),
        ..Plan::default()
    }
}

/// Runs it.
pub fn run(plan: &Plan) -> (Kept, Ended) {
    let mut kept = Kept::default();
    let ended = tracer::run(plan, &mut kept).expect("a session");
    (kept, ended)
}

/// From here on this process and its children get `errno` for this call.
pub fn forbid(nr: i64, errno: i32) {
    let instruction = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut filter = [
        instruction(0x20, 0, 0, 0),
        instruction(0x15, 0, 1, nr as u32),
        instruction(0x06, 0, 0, 0x0005_0000 | errno as u32),
        instruction(0x06, 0, 0, 0x7fff_0000),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: numbers, and a program that outlives the call; it applies to this process only.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const program), 0);
    }
}
