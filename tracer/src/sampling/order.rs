//! Order: records of several rings, by their time.

use super::record::{self, Body, Stamp};

/// Records that wait until nothing older can come.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    bytes: Vec<u8>,
    waiting: Vec<Waiting>,
    spare: Vec<u8>,
    /// Records that could not be read.
    pub broken: u64,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    stamp: Stamp,
    begin: usize,
    len: usize,
}

/// Bytes of the shortest record: a switch.
const SHORTEST: usize = 24;
/// Room is made for so many bytes at most; what nobody writes to takes no memory.
const MOST_ROOM: usize = 32 << 20;

impl Queue {
    /// With room for all that rings of so many bytes hold, twice: what waits, and what came meanwhile.
    pub fn with_room(bytes: usize) -> Queue {
        let room = bytes.saturating_mul(2).min(MOST_ROOM);
        Queue {
            bytes: Vec::with_capacity(room),
            waiting: Vec::with_capacity(room / SHORTEST),
            spare: Vec::with_capacity(room),
            broken: 0,
        }
    }

    /// Adds what `take` appends: whole records.
    pub fn add(&mut self, take: impl FnOnce(&mut Vec<u8>)) {
        let mut at = self.bytes.len();
        take(&mut self.bytes);
        while let Some(rest) = self.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(len) = record::length(rest) else {
                self.broken += 1;
                break;
            };
            match rest.get(..len).and_then(record::stamp) {
                Some(stamp) => self.waiting.push(Waiting { stamp, begin: at, len }),
                None => self.broken += 1,
            }
            at += len;
        }
    }

    /// Hands over what is older than `time`, oldest first, and keeps the rest.
    pub fn until(&mut self, time: u64, mut see: impl FnMut(Stamp, Body<'_>)) {
        self.records_until(time, |stamp, record| record::body(record).map(|body| see(stamp, body)));
    }

    /// The same records as they are; `None` says that one could not be read.
    pub fn records_until(&mut self, time: u64, mut see: impl FnMut(Stamp, &[u8]) -> Option<()>) {
        // Records of one ring and one instant keep their order.
        self.waiting.sort_unstable_by_key(|waiting| (waiting.stamp.at_ns, waiting.begin));
        let ready = self.waiting.partition_point(|waiting| waiting.stamp.at_ns < time);
        for waiting in self.waiting.drain(..ready) {
            let record = self.bytes.get(waiting.begin..waiting.begin + waiting.len).unwrap_or_default();
            self.broken += u64::from(see(waiting.stamp, record).is_none());
        }
        self.spare.clear();
        for waiting in &mut self.waiting {
            let record = self.bytes.get(waiting.begin..waiting.begin + waiting.len).unwrap_or_default();
            waiting.begin = self.spare.len();
            self.spare.extend_from_slice(record);
        }
        std::mem::swap(&mut self.bytes, &mut self.spare);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switch(at_ns: u64) -> Vec<u8> {
        let mut bytes = 14u32.to_ne_bytes().to_vec();
        bytes.extend([0, 0, 24, 0]);
        bytes.extend([1u32, 2].iter().flat_map(|word| word.to_ne_bytes()));
        bytes.extend(at_ns.to_ne_bytes());
        bytes
    }

    #[test]
    fn records_of_two_rings_come_by_time_and_young_ones_wait() {
        let mut queue = Queue::default();
        queue.add(|out| [5, 30].iter().for_each(|at| out.extend(switch(*at))));
        queue.add(|out| [4, 20].iter().for_each(|at| out.extend(switch(*at))));
        let mut seen = Vec::new();
        queue.until(20, |stamp, _| seen.push(stamp.at_ns));
        assert_eq!(seen, [4, 5]);
        queue.add(|out| out.extend(switch(25)));
        queue.until(u64::MAX, |stamp, _| seen.push(stamp.at_ns));
        assert_eq!(seen, [4, 5, 20, 25, 30]);
        assert_eq!(queue.broken, 0);
        queue.add(|out| out.extend([9, 0, 0, 0, 0, 0, 200, 0]));
        assert_eq!(queue.broken, 1);
    }
}
