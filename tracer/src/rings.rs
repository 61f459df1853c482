//! Rings: which task writes into which, and how far it was read.
//!
//! The rings of a process lie side by side in one area, so that its threads get theirs without any call made for
//! us. A ring that was damaged is told of once and read no more.

use std::collections::HashMap;

use recording::event::{Kind, Record, SLOT, TracepointSource, text};

use crate::Tracepoints;
use crate::session::Session;
use crate::stream::Stream;
use crate::sys::rings::Area;
use crate::sys::{Tid, clock};
use crate::task::{ByNumber, Tasks};

/// Bytes of a `Lost`.
const LOST: usize = 64;

/// The rings of a session.
#[derive(Debug)]
pub struct Rings {
    /// What programs are told.
    pub options: Tracepoints,
    areas: HashMap<Tid, Vec<Mapped>, ByNumber>,
    rings: HashMap<Tid, Ring, ByNumber>,
    record: Record,
    looked_at: Vec<Tid>,
}

/// An area, as it is mapped in its process.
#[derive(Debug)]
struct Mapped {
    area: Area,
    base: u64,
    free: Vec<usize>,
}

/// The ring of a task.
#[derive(Debug)]
struct Ring {
    pid: Tid,
    area: usize,
    number: usize,
    /// Slots read so far.
    tail: u64,
    /// Was anything read since the task last said that it is full?
    moved: bool,
    broken: bool,
}

/// Where a task finds its ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its address in the target.
    pub address: u64,
    /// Bytes that it has.
    pub bytes: u64,
}

/// A ring whose numbers make no sense.
struct Damaged {
    head: u64,
    tail: u64,
    slots: u32,
}

impl Rings {
    /// None yet.
    pub fn new(options: Tracepoints) -> Rings {
        let ring_slots = options.ring_slots.clamp(2, 1 << 16).next_power_of_two();
        Rings {
            options: Tracepoints { ring_slots, ..options },
            areas: HashMap::default(),
            rings: HashMap::default(),
            record: Record::default(),
            looked_at: Vec::new(),
        }
    }

    /// Does any task write?
    pub fn are_used(&self) -> bool {
        !self.rings.is_empty()
    }

    /// Has this process an area?
    pub fn has_area(&self, pid: Tid) -> bool {
        self.areas.contains_key(&pid)
    }

    /// An area was mapped at `base` in a process.
    pub fn add_area(&mut self, pid: Tid, area: Area, base: u64) {
        let free = (0..area.count()).rev().collect();
        self.areas.entry(pid).or_default().push(Mapped { area, base, free });
    }

    /// An empty ring for a task, if its process has one that is free. One it had before is given up.
    pub fn give(&mut self, pid: Tid, tid: Tid) -> Option<Place> {
        self.forget(tid);
        let areas = self.areas.get_mut(&pid)?;
        let (index, mapped) = areas.iter_mut().enumerate().find(|(_, mapped)| !mapped.free.is_empty())?;
        let number = mapped.free.pop()?;
        mapped.area.reset(number, tid);
        let address = mapped.base.wrapping_add(mapped.area.offset(number));
        let bytes = crate::sys::rings::ring_bytes(mapped.area.slots()) as u64;
        self.rings.insert(tid, Ring { pid, area: index, number, tail: 0, moved: false, broken: false });
        Some(Place { address, bytes })
    }

    /// The task is over, or has another ring: its own is free again.
    pub fn forget(&mut self, tid: Tid) {
        if let Some(ring) = self.rings.remove(&tid)
            && let Some(mapped) = self.areas.get_mut(&ring.pid).and_then(|areas| areas.get_mut(ring.area))
        {
            mapped.free.push(ring.number);
        }
    }

    /// The process is over, or has another image.
    pub fn forget_process(&mut self, pid: Tid) {
        self.areas.remove(&pid);
        self.rings.retain(|_, ring| ring.pid != pid);
    }

    /// Is there room again in the ring that its task called full? Not twice in a row without a slot read in between:
    /// what is in it then is a record that its task has not finished.
    pub fn has_room(&mut self, tid: Tid) -> bool {
        let Some(ring) = self.rings.get_mut(&tid) else { return false };
        if let Some(mapped) = self.areas.get(&ring.pid).and_then(|areas| areas.get(ring.area)) {
            mapped.area.set_tail(ring.number, ring.tail);
        }
        std::mem::take(&mut ring.moved) && !ring.broken
    }

    /// How many records of a task found no room.
    fn dropped(&self, tid: Tid) -> u64 {
        let ring = self.rings.get(&tid);
        let mapped = |ring: &Ring| self.areas.get(&ring.pid).and_then(|areas| areas.get(ring.area));
        ring.and_then(|ring| mapped(ring).map(|mapped| mapped.area.dropped(ring.number))).unwrap_or(0)
    }

    /// The tasks of a process that have rings.
    pub fn of_process(&self, pid: Tid) -> impl Iterator<Item = Tid> {
        self.rings.iter().filter(move |(_, ring)| ring.pid == pid).map(|(tid, _)| *tid)
    }

    /// Pushes what a task wrote since the last time. `now` is asked once it is clear how much that is.
    fn drain(
        &mut self,
        tid: Tid,
        now: impl FnOnce() -> u64,
        tasks: &mut Tasks,
        stream: &mut Stream<'_>,
    ) -> Result<(), Damaged> {
        let Some(ring) = self.rings.get_mut(&tid).filter(|ring| !ring.broken) else { return Ok(()) };
        let Some(mapped) = self.areas.get(&ring.pid).and_then(|areas| areas.get(ring.area)) else { return Ok(()) };
        let head = mapped.area.head(ring.number);
        let count = head.wrapping_sub(ring.tail);
        if count == 0 {
            return Ok(());
        }
        let slots = mapped.area.slots();
        if count > u64::from(slots) {
            ring.broken = true;
            return Err(Damaged { head, tail: ring.tail, slots });
        }
        let Some(task) = tasks.get_mut(tid) else { return Ok(()) };
        if stream.is_open() {
            let seq = task.next_seq();
            let room = self.record.begin_tracepoint(tid.0, seq, now(), TracepointSource::Runtime, count as usize);
            mapped.area.copy(ring.number, ring.tail, room);
            stream.push(&self.record);
        }
        ring.tail = head;
        ring.moved = true;
        mapped.area.set_tail(ring.number, head);
        Ok(())
    }
}

/// The largest record that a ring makes is one that every reader takes.
const _: () = assert!((1 << 16) * SLOT + 64 <= recording::event::MAX_RECORD);

impl Session<'_> {
    /// Whose ring a task writes into: between vfork and exec its parent's.
    pub(crate) fn ring_owner(&self, tid: Tid) -> Tid {
        self.tasks.get(tid).and_then(|task| task.guest_of).unwrap_or(tid)
    }

    /// Before a stop of a task is served, and when it has ended: what it wrote comes first.
    pub(crate) fn drain_ring(&mut self, tid: Tid) {
        if self.rings.is_some() {
            let now = self.now;
            self.drain_ring_at(self.ring_owner(tid), || now);
        }
    }

    fn drain_ring_at(&mut self, tid: Tid, now: impl FnOnce() -> u64) {
        let Some(rings) = &mut self.rings else { return };
        if let Err(damaged) = rings.drain(tid, now, &mut self.tasks, &mut self.stream) {
            let Damaged { head, tail, slots } = damaged;
            let why = format!(
                "the ring of task {tid} was damaged by the program ({head} slots written, {tail} read, {slots} there): \
                 its tracepoints are not recorded from here on"
            );
            self.lost_tracepoints(tid, &why);
        }
    }

    /// Looks into all rings.
    pub(crate) fn drain_rings(&mut self) {
        let Some(rings) = &mut self.rings else { return };
        let mut tids = std::mem::take(&mut rings.looked_at);
        tids.clear();
        tids.extend(rings.rings.keys());
        for tid in &tids {
            // It runs meanwhile: what it wrote is older than the time after the look.
            self.drain_ring_at(*tid, clock::monotonic_ns);
        }
        self.now = clock::monotonic_ns();
        if let Some(rings) = &mut self.rings {
            rings.looked_at = tids;
        }
    }

    /// The rings of a process end with its image.
    pub(crate) fn end_rings(&mut self, pid: Tid) {
        let Some(rings) = &mut self.rings else { return };
        if !rings.has_area(pid) {
            return;
        }
        let tids: Vec<Tid> = rings.of_process(pid).collect();
        for tid in tids {
            self.drain_ring(tid);
            self.tell_dropped(tid);
        }
        if let Some(rings) = &mut self.rings {
            rings.forget_process(pid);
        }
    }

    /// The task has ended; with it its process, if it was the `last`.
    pub(crate) fn forget_ring(&mut self, tid: Tid, pid: Tid, last: bool) {
        self.tell_dropped(tid);
        let Some(rings) = &mut self.rings else { return };
        rings.forget(tid);
        if last {
            rings.forget_process(pid);
        }
    }

    /// A signal handler that interrupts a record can't wait for room: what is in the ring then is not whole.
    fn tell_dropped(&mut self, tid: Tid) {
        let dropped = self.rings.as_ref().map_or(0, |rings| rings.dropped(tid));
        if dropped > 0 {
            let why = format!("{dropped} tracepoints of task {tid} found no room in its ring");
            self.lost(tid, u32::try_from(dropped).unwrap_or(u32::MAX), &why);
        }
    }

    /// Tracepoints of a task are missing from here on.
    pub(crate) fn lost_tracepoints(&mut self, tid: Tid, why: &str) {
        self.lost(tid, 0, why);
    }

    /// So many, where that is known.
    fn lost(&mut self, tid: Tid, count: u32, why: &str) {
        self.begin_event(Kind::Lost, LOST, tid);
        self.event.put_u32(32, count);
        self.event.put_u64(40, self.now);
        self.event.put_u64(48, self.now);
        self.event.text(text::MAIN, why.as_bytes());
        self.push_event();
        self.warn_once(why, why.into());
    }
}
