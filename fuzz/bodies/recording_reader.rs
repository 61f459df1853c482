//! Recordings by anybody. The bytes are read as they are, and again with every checksum put right, so that
//! what lies behind the checks is reached too.

use recording::event::{Kind, SLOT};
use recording::file::Recording;
use recording::session::{Header, Trailer};
use recording::tracepoint::decode;
use recording::{Batch, Sink, SinkError, Tee};
use xxhash_rust::xxh3::xxh3_64;

use super::printers;

/// Reads and prints them both ways, and once as what a program wrote into its ring.
pub fn check(bytes: &[u8]) {
    assert!(decode(bytes).count() <= bytes.len() / SLOT);
    read(bytes.to_vec());
    read(with_checks(bytes.to_vec()));
}
fn read(bytes: Vec<u8>) {
    if let Ok(recording) = Recording::from_stream(Box::new(std::io::Cursor::new(bytes)), "fuzz.ctrace") {
        printers::check(false, 0, |tee| {
            let read = recording.replay(&mut Profile(tee)).expect("a tee takes all");
            assert!(read.notes.iter().all(|note| !note.is_empty()));
        });
    }
}

/// Looks at what a profile is made of, and hands everything on.
struct Profile<'t, 's>(&'t mut Tee<'s>);

impl Sink for Profile<'_, '_> {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.0.begin(header)
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        for event in batch.events() {
            let _ = (event.mapped(), event.switch(), event.named());
            if let Some(slots) = event.slots() {
                decode(slots.bytes).for_each(drop);
            }
            if event.kind() == Some(Kind::Sample) {
                let sample = event.sample().expect("a record that was checked");
                sample.frames().for_each(drop);
            }
        }
        self.0.events(batch)
    }
    fn wants_entered(&self) -> bool {
        self.0.wants_entered()
    }
    fn idle(&mut self) -> Result<(), SinkError> {
        self.0.idle()
    }
    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        self.0.end(trailer)
    }
}

/// Writes the check of the file header and of every block that can be found; docs/FORMATS.md has the layout.
fn with_checks(mut bytes: Vec<u8>) -> Vec<u8> {
    put_check(&mut bytes, 0, 64, 56);
    let mut at = 64;
    while let Some(header) = bytes.get(at..at + 32) {
        if &header[..4] != b"CBLK" {
            at += 8;
            continue;
        }
        let stored = u32::from_le_bytes([header[16], header[17], header[18], header[19]]) as usize;
        let Some(end) = at.checked_add(32 + stored).filter(|end| *end <= bytes.len()) else { break };
        put_check(&mut bytes, at, end, at + 24);
        at = end.next_multiple_of(8);
    }
    bytes
}

fn put_check(bytes: &mut [u8], from: usize, to: usize, place: usize) {
    if to <= bytes.len() {
        bytes[place..place + 8].fill(0);
        let check = xxh3_64(&bytes[from..to]);
        bytes[place..place + 8].copy_from_slice(&check.to_le_bytes());
    }
}
