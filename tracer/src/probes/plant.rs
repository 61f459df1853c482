//! Planting: an image gets its breakpoints when its first instruction is about to run, when its loader has done its work
//! and there is hardly another thread. It loses them when it is let go.

use super::body::LONGEST;
use super::find::Image;
use super::slot::SLOT;
use super::{PAGE, Part, Placed, Planned, Planted, Probes, Program};
use crate::remote::Remote;
use crate::session::{Session, Waited};
use crate::stop::Reason;
use crate::sys::memory;
use crate::sys::ptrace::{General, Gone, Stopped};
use crate::sys::{Tid, clock};

/// `int3`.
const BREAKPOINT: u8 = 0xcc;
const SYSCALL: [u8; 2] = [0x0f, 0x05];
/// Linux 4.17; older kernels take the address as a wish.
const MAP_FIXED_NOREPLACE: i32 = 0x10_0000;
/// Between the slots and what is mapped above them.
const APART: u64 = 64 << 10;
/// An instruction names what is at most so far from it; the file itself lies between.
const NEAR: u64 = 1 << 30;
/// Lowest address that may be mapped (vm.mmap_min_addr).
const LOWEST: u64 = 64 << 10;
/// `AT_ENTRY`, getauxval(3).
const AT_ENTRY: u64 = 9;

/// What becomes of a stop of a task that is to be let go.
pub(crate) enum Freed {
    /// It can go.
    Now,
    /// It can, and its signal was a breakpoint's.
    WithoutSignal,
    /// A breakpoint's signal is on its way.
    Later,
}

fn entry_of(pid: Tid) -> Option<u64> {
    let bytes = std::fs::read(format!("/proc/{}/auxv", pid.0)).ok()?;
    let (pairs, _) = bytes.as_chunks::<16>();
    pairs.iter().find_map(|pair| {
        let (words, _) = pair.as_chunks::<8>();
        let [key, value] = [words.first()?, words.get(1)?].map(|word| u64::from_le_bytes(*word));
        (key == AT_ENTRY).then_some(value)
    })
}

/// Places for so many bytes below `image`, near it, best first.
fn places(pid: Tid, image: u64, len: u64) -> Vec<u64> {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", pid.0)).unwrap_or_default();
    let range = |line: &str| {
        let (from, to) = line.split_whitespace().next()?.split_once('-')?;
        Some((u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?))
    };
    let mut free = Vec::new();
    let mut end = LOWEST;
    for (from, to) in maps.lines().filter_map(range) {
        let fits = from.saturating_sub(end) >= len + 2 * APART && from <= image;
        let place = from.saturating_sub(len + APART);
        if fits && image.saturating_sub(place) < NEAR {
            free.push(place & !(PAGE - 1));
        }
        end = to;
    }
    free.reverse();
    free
}

impl Probes {
    /// Every task of this process and of its copies is told by this image. The kernel tells of births among its hits.
    pub fn forked(&mut self, parent: Tid, parent_task: Tid, child: Tid) {
        if self.are_breakpoints() {
            let of = self.images.get(&parent).cloned();
            self.images.extend(of.map(|planted| (child, planted)));
            self.copy_task(parent_task, child);
        }
    }

    /// A process begins with what the task that made it was in.
    pub(super) fn copy_task(&mut self, parent_task: Tid, child: Tid) {
        let task = self.tasks.get(&parent_task).cloned();
        // Its clock begins anew, and so does what was told.
        let of_child = |task| super::OfTask { described: Vec::new(), told: Default::default(), fake: 0, ..task };
        self.tasks.extend(task.map(|task| (child, of_child(task))));
    }

    /// A task is over; with it its process, if it was the last.
    pub fn ended(&mut self, tid: Tid, pid: Tid, last: bool) {
        if self.are_breakpoints() {
            self.tasks.remove(&tid);
        }
        if last {
            self.images.remove(&pid);
        }
    }

    /// Has this instruction a breakpoint, or has it lost it with all of its points?
    pub(super) fn is_wanted(&self, planned: &Planned) -> bool {
        let alive = |(point, _): &(u32, super::Edge)| self.rates.get(*point as usize).is_some_and(|r| r.lost.is_none());
        planned.edges.iter().any(alive)
    }

    /// Every instruction with a probe in a process, with what is placed where.
    fn placed<'p>(&self, program: &'p Program, pid: Tid) -> Vec<(&'p Part, Placed)> {
        let Some(Planted::Done(placed)) = self.images.get(&pid) else { return Vec::new() };
        program.parts.iter().zip(&**placed).filter_map(|(part, placed)| Some((part, (*placed)?))).collect()
    }

    /// Takes off the breakpoints of points that are lost, everywhere.
    pub(super) fn lift_lost(&self) {
        for pid in self.images.keys() {
            for (part, Placed { bias, .. }) in self.placed(&self.program, *pid) {
                for planned in part.sites.iter().filter(|planned| !self.is_wanted(planned)) {
                    let _ = memory::write(pid.0, planned.site.address.wrapping_add(bias), &planned.site.bytes[..1]);
                }
            }
        }
    }

    fn lose(&mut self, point: u32, now: u64, why: &str) {
        let Some(rate) = self.rates.get_mut(point as usize) else { return };
        if rate.lost.is_none() {
            rate.lost = Some(now);
            let label = self.program.points.get(point as usize).map(|point| point.label.clone()).unwrap_or_default();
            self.miss(self.program.key(point), format!("{}: {why}", crate::symbols::demangle(&label)));
        }
    }

    /// A file is not loaded where it was looked for.
    fn lose_part(&mut self, part: &Part, why: &str) {
        let now = clock::monotonic_ns();
        for (point, _) in part.sites.iter().flat_map(|planned| &planned.edges) {
            if let Some(rate) = self.rates.get_mut(*point as usize) {
                rate.lost.get_or_insert(now);
            }
        }
        self.miss("functions", format!("those of {} are not traced: {why}", part.file.display()));
    }

    /// Writes slots and breakpoints of a part.
    fn plant(&mut self, pid: Tid, part: &Part, Placed { bias, slots }: Placed) -> std::io::Result<()> {
        let now = clock::monotonic_ns();
        let mut copies = vec![BREAKPOINT; part.sites.len() * SLOT];
        for ((number, planned), place) in part.sites.iter().enumerate().zip(copies.as_chunks_mut::<SLOT>().0) {
            let site = &planned.site;
            let mut there = [0; LONGEST];
            let len = usize::from(site.len);
            let there = there.get_mut(..len).unwrap_or_default();
            let is_read = memory::read(pid.0, site.address.wrapping_add(bias), there).is_ok();
            let slot = site.elsewhere(bias, slots + (number * SLOT) as u64);
            match slot {
                Some(slot) if is_read && site.bytes.get(..len) == Some(there) => *place = slot,
                _ => {
                    let why = if slot.is_none() {
                        "what it names is too far away"
                    } else {
                        "its code is not that of its file"
                    };
                    for (point, _) in &planned.edges {
                        self.lose(*point, now, &format!("not traced: {why}"));
                    }
                }
            }
        }
        memory::write(pid.0, slots, &copies)?;
        for planned in part.sites.iter().filter(|planned| self.is_wanted(planned)) {
            memory::write(pid.0, planned.site.address.wrapping_add(bias), &[BREAKPOINT])?;
        }
        count_in_semaphores(pid, part, bias, 1)
    }

    fn unplant(&mut self, pid: Tid) {
        match self.images.get(&pid) {
            Some(Planted::Waiting { entry, byte, .. }) => {
                let _ = memory::write(pid.0, *entry, &[*byte]);
            }
            Some(Planted::Done(_)) => {
                for (part, Placed { bias, .. }) in self.placed(&self.program, pid) {
                    for planned in &part.sites {
                        let _ = memory::write(pid.0, planned.site.address.wrapping_add(bias), &planned.site.bytes[..1]);
                    }
                    let _ = count_in_semaphores(pid, part, bias, -1);
                }
            }
            None => {}
        }
    }
}

fn count_in_semaphores(pid: Tid, part: &Part, bias: u64, by: i16) -> std::io::Result<()> {
    for at in part.semaphores() {
        let at = at.wrapping_add(bias);
        let mut word = [0; 2];
        memory::read(pid.0, at, &mut word)?;
        memory::write(pid.0, at, &u16::from_le_bytes(word).wrapping_add_signed(by).to_le_bytes())?;
    }
    Ok(())
}

/// By how much a library lies higher in a process than in its file; `None` where it is not loaded.
fn bias_of(pid: Tid, image: Image) -> Option<u64> {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", pid.0)).unwrap_or_default();
    // proc_pid_maps(5): range, permissions, offset, device, inode.
    let begins = |line: &str| {
        let mut words = line.split_whitespace();
        let from = u64::from_str_radix(words.next()?.split_once('-')?.0, 16).ok()?;
        let offset = u64::from_str_radix(words.nth(1)?, 16).ok()?;
        let (major, minor) = words.next()?.split_once(':')?;
        let [major, minor] = [major, minor].map(|word| u32::from_str_radix(word, 16).ok());
        let inode: u64 = words.next()?.parse().ok()?;
        let is_it = inode == image.inode && libc::makedev(major?, minor?) == image.device;
        (is_it && offset == 0).then_some(from)
    };
    let first = maps.lines().find_map(begins)?;
    Some(first.wrapping_sub(image.lowest & !(PAGE - 1)))
}

impl Session<'_> {
    /// A new image is in place, in its exec's stop: it gets a breakpoint where it begins, if it is the one that was
    /// searched.
    pub(crate) fn expect_image(&mut self, tid: Tid, pid: Tid, former: Tid) {
        let Some(probes) = &mut self.probes else { return };
        if probes.are_breakpoints() {
            probes.images.remove(&pid);
            probes.tasks.remove(&former);
            probes.tasks.remove(&tid);
        }
        if !self.stream.is_open() {
            return;
        }
        let found = probes.part_of(pid);
        self.tell_of_chic();
        let Some(part) = found else { return };
        let Some(probes) = &mut self.probes else { return };
        let planted = entry_of(pid).ok_or("its first address is not known".to_owned()).and_then(|entry| {
            let mut byte = [0];
            let set = memory::read(pid.0, entry, &mut byte).and_then(|()| memory::write(pid.0, entry, &[BREAKPOINT]));
            set.map(|()| Planted::Waiting { part, entry, byte: byte[0] }).map_err(|error| error.to_string())
        });
        match planted {
            Ok(planted) => {
                probes.images.insert(pid, planted);
            }
            Err(why) => self.not_planted(pid, &why),
        }
    }

    /// What was found in a program that was executed just now.
    fn tell_of_chic(&mut self) {
        let told = self.probes.as_mut().and_then(|probes| probes.later.as_mut()).and_then(|later| later.warning.take());
        if let Some(warning) = told {
            self.warn_once("of Chic", warning);
        }
    }

    fn not_planted(&mut self, pid: Tid, why: &str) {
        let reason = format!("no breakpoints could be set in process {}: {why}", pid.0);
        self.warn_once("probes", reason.clone());
        if let Some(probes) = &mut self.probes {
            probes.miss("functions", reason);
        }
    }

    /// The image is about to begin, and stands behind the breakpoint there: it gets all others.
    pub(crate) fn plant(
        &mut self,
        stopped: &Stopped,
        pid: Tid,
        part: usize,
        (entry, byte): (u64, u8),
        registers: &General,
    ) -> Result<(), Gone> {
        let registers = registers.at(entry);
        let asked = self.rings.as_ref().is_some_and(|rings| rings.has_area(pid));
        let Some(probes) = &mut self.probes else { return Ok(()) };
        if asked {
            probes.leave_chic(pid, self.now);
        }
        let program = std::rc::Rc::clone(&probes.program);
        let Some(main) = program.parts.get(part) else { return Ok(()) };
        probes.images.remove(&pid);
        let bias = entry.wrapping_sub(main.image.entry);
        let mut code = [byte, 0];
        let mapped = memory::read(pid.0, entry + 1, &mut code[1..])
            .and_then(|()| memory::write(pid.0, entry, &SYSCALL))
            .map_err(|error| error.to_string());
        let mapped = match mapped {
            Ok(()) => {
                let placed = self.map_parts(stopped, pid, &registers, part, bias);
                let _ = memory::write(pid.0, entry, &code);
                placed?
            }
            Err(why) => {
                let _ = memory::write(pid.0, entry, &[byte]);
                stopped.set_general(&registers)?;
                Err(why)
            }
        };
        let Some(probes) = &mut self.probes else { return Ok(()) };
        let planted = mapped.and_then(|placed| {
            probes.images.insert(pid, Planted::Done(placed.into()));
            let mut parts = probes.placed(&program, pid).into_iter();
            parts.try_for_each(|(part, placed)| probes.plant(pid, part, placed)).map_err(|error| error.to_string())
        });
        if let Err(why) = planted {
            probes.unplant(pid);
            self.not_planted(pid, &why);
        }
        Ok(())
    }

    /// Maps pages for the slots of every part that is loaded by the program that is part `main`. An error: those of the
    /// program itself have no room.
    fn map_parts(
        &mut self,
        stopped: &Stopped,
        pid: Tid,
        registers: &General,
        main: usize,
        bias: u64,
    ) -> Result<Result<Vec<Option<Placed>>, String>, Gone> {
        let Some(probes) = &self.probes else { return Ok(Ok(Vec::new())) };
        let program = std::rc::Rc::clone(&probes.program);
        let mut placed = Vec::with_capacity(program.parts.len());
        for (number, part) in program.parts.iter().enumerate() {
            let is_main = number == main;
            if !is_main && (main > 0 || !part.is_library) {
                placed.push(None);
                continue;
            }
            let found = if is_main { Some(bias) } else { bias_of(pid, part.image) };
            let slots = match found {
                None => Err("the program does not load it where it begins".to_owned()),
                // Nothing of the program itself is traced.
                Some(_) if part.sites.is_empty() => {
                    placed.push(None);
                    continue;
                }
                Some(bias) => {
                    let places = places(pid, part.image.lowest.wrapping_add(bias), part.bytes());
                    self.map(stopped, pid, registers, &places, part.bytes())?.map(|slots| Placed { bias, slots })
                }
            };
            match slots {
                Ok(slots) => placed.push(Some(slots)),
                Err(why) if is_main => return Ok(Err(why)),
                Err(why) => {
                    if let Some(probes) = &mut self.probes {
                        probes.lose_part(part, &why);
                    }
                    placed.push(None);
                }
            }
        }
        Ok(Ok(placed))
    }

    /// Maps pages for the slots in the target. It stands before a `syscall` instruction.
    fn map(
        &mut self,
        stopped: &Stopped,
        pid: Tid,
        registers: &General,
        places: &[u64],
        len: u64,
    ) -> Result<Result<u64, String>, Gone> {
        let mut remote = Remote::in_code(stopped, pid, registers)?;
        let protection = (libc::PROT_READ | libc::PROT_EXEC) as u64;
        let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | MAP_FIXED_NOREPLACE) as u64;
        let mut slots = Err("there is no room near its code".to_owned());
        let mut made = Ok(());
        for place in places {
            match remote.call(libc::SYS_mmap, [*place, len, protection, flags, u64::MAX, 0]) {
                Ok(at) if at as u64 == *place => {
                    slots = Ok(*place);
                    break;
                }
                Ok(at) if at > 0 => {
                    let _ = remote.call(libc::SYS_munmap, [at as u64, len, 0, 0, 0, 0]);
                }
                Ok(error) => slots = Err(format!("mmap: {}", std::io::Error::from_raw_os_error(-error as i32))),
                Err(gone) => {
                    made = Err(gone);
                    break;
                }
            }
        }
        let made = made.and_then(|()| remote.restore(registers));
        if made.is_err()
            && let Some((status, usage)) = remote.last.take()
        {
            self.serve_next(Waited { tid: stopped.tid(), status, usage: Some(usage) });
        }
        made.map(|()| slots)
    }

    /// A task that is to be let go: its process loses its breakpoints, and it stands where it would without them.
    pub(crate) fn free_of_probes(&mut self, stopped: &Stopped, reason: Reason) -> Freed {
        let tid = stopped.tid();
        let Some(pid) = self.tasks.get(tid).map(|task| task.pid) else { return Freed::Now };
        let Some(probes) = &mut self.probes else { return Freed::Now };
        let Some(planted) = probes.images.get(&pid).cloned() else { return Freed::Now };
        if probes.freed.insert(pid) {
            probes.unplant(pid);
        }
        let Ok(Some(registers)) = stopped.general() else { return Freed::Now };
        let is_signal = reason == Reason::Signal(libc::SIGTRAP) && super::hit::is_breakpoint(stopped);
        let at = match &planted {
            Planted::Waiting { entry, .. } => Some(*entry),
            Planted::Done(placed) => {
                let at = registers.ip().wrapping_sub(1);
                probes.site_at(placed, at).map(|_| at)
            }
        };
        if let Some(at) = at.filter(|at| registers.ip() == at.wrapping_add(1)) {
            if is_signal {
                let _ = stopped.set_general(&registers.at(at));
                return Freed::WithoutSignal;
            }
            if stopped.has_pending(libc::SIGTRAP) {
                return Freed::Later;
            }
        }
        if let Some((at, _)) = probes.out_of_slot(&planted, registers.ip()) {
            let _ = stopped.set_general(&registers.at(at));
        }
        Freed::Now
    }
}
