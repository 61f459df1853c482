//! Unfinished: calls that were announced and whose whole record has not come yet.

use crate::event::{Event, Kind, State, flag};
use crate::views::NumberMap;

/// Bytes of announcements kept at once.
const MOST: usize = 32 << 20;

/// Announcements by task: a task is inside one call at a time.
#[derive(Debug, Default)]
pub struct Unfinished {
    open: NumberMap<u32, Vec<u8>>,
    bytes: usize,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
}

impl Unfinished {
    /// Keeps an announcement, or drops it when its call has come.
    pub fn observe(&mut self, event: &Event<'_>) {
        if event.is_announcement() {
            self.forget(event.task());
            self.keep(event);
            return;
        }
        if self.open.is_empty() {
            return;
        }
        match event.kind() {
            Some(Kind::Call) if self.open.get(&event.task()).is_some_and(|open| is_of(open, event.seq())) => {
                self.forget(event.task());
            }
            // The execve of a thread ends under the id of its leader.
            Some(Kind::Exec) if event.u32(32) != event.task() => self.forget(event.u32(32)),
            _ => {}
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.open.len()
    }

    /// Moves what is left, oldest first, behind `out`: as calls without an exit.
    pub fn drain_into(&mut self, out: &mut Vec<u8>) {
        let mut left: Vec<Vec<u8>> = self.open.drain().map(|(_, bytes)| bytes).collect();
        left.sort_by_key(|bytes| Event::split(bytes).map(|(event, _)| (event.at(), event.task(), event.seq())).ok());
        for mut record in left {
            let Ok((event, _)) = Event::split(&record) else { continue };
            let flags = event.flags() | flag::NO_EXIT;
            record[5] = State::Done as u8;
            record[12..16].copy_from_slice(&flags.to_le_bytes());
            out.append(&mut record);
        }
        self.bytes = 0;
    }

    fn keep(&mut self, event: &Event<'_>) {
        if self.bytes + event.bytes().len() > MOST {
            return;
        }
        self.bytes += event.bytes().len();
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.extend_from_slice(event.bytes());
        self.open.insert(event.task(), buffer);
    }

    fn forget(&mut self, task: u32) {
        if let Some(mut buffer) = self.open.remove(&task) {
            self.bytes -= buffer.len();
            buffer.clear();
            if self.spare.len() < 64 {
                self.spare.push(buffer);
            }
        }
    }
}

fn is_of(open: &[u8], seq: u64) -> bool {
    Event::split(open).is_ok_and(|(event, _)| event.seq() == seq)
}
