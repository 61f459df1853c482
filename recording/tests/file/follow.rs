//! Following a file that is still written.

use std::sync::mpsc;
use std::time::Duration;

use recording::file::{Recording, State, WriteOptions, Writer};
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

use crate::session::*;

/// Tells another thread what it got.
struct Told(mpsc::Sender<usize>);

impl Sink for Told {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.0.send(batch.events().count()).unwrap();
        Ok(())
    }
    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

/// The state at which following a file ends that this writer writes.
fn followed(end: impl FnOnce(Writer)) -> State {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.ctrace");
    let mut writer = Writer::create(&path, WriteOptions::default()).unwrap();
    writer.begin(&header()).unwrap();
    let (tell, told) = mpsc::channel();
    let reader = std::thread::spawn(move || Recording::follow(&path).unwrap().replay(&mut Told(tell)).unwrap());
    for i in 0..3u64 {
        let clock = clock((i + 2) * 1_000_000_000);
        writer.events(&Batch { clock, bytes: &call(1, i, 2_000 + i, b"/seen/while/written") }).unwrap();
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(1), "event {i} is seen while the writer lives");
    }
    end(writer);
    let read = reader.join().unwrap();
    assert_eq!(read.events, 3);
    read.state
}

#[test]
fn events_are_seen_as_they_are_written_until_the_trailer() {
    assert_eq!(followed(|mut writer| writer.end(&trailer()).unwrap()), State::Complete);
}

#[test]
fn a_writer_that_dies_ends_the_following() {
    assert!(matches!(followed(drop), State::Incomplete { .. }));
}
