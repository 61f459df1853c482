//! Hits: what the kernel's records say of tasks at probes, and in which spans they are.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::probes::tell::Hit;
use crate::probes::{Place, Probes, Program};
use crate::sampling::record::{self, AtProbe, Body, Stamp};
use crate::sampling::space::Spaces;
use crate::stream::Stream;
use crate::sys::Tid;
use crate::sys::ptrace::General;

/// What records change.
#[derive(Debug)]
pub(super) struct Seen {
    spaces: Spaces,
    /// All sites by their place in their file.
    places: Vec<(u64, Place)>,
    /// The file of each part, as mappings name it.
    files: Vec<PathBuf>,
    /// Device and inode of the program.
    program: Option<(u64, u64)>,
    /// Processes that run the program: libraries are also those of others that it executes.
    running: HashSet<u32>,
    /// Hits in each part by processes that do not, as far as can be seen.
    elsewhere: Vec<u64>,
    /// Records the kernel could not keep.
    pub lost: u64,
    /// Hits of which nobody knows whose they are.
    pub strays: u64,
}

impl Seen {
    /// Nothing yet, of these probes.
    pub fn of(program: &Program) -> Seen {
        let mut places = Vec::new();
        for (number, part) in program.parts.iter().enumerate() {
            let sites = part.sites.iter().enumerate();
            let place = |(site, planned): (usize, &crate::probes::Planned)| {
                Some((part.layout.offset_of(planned.site.address)?, Place { part: number, site }))
            };
            places.extend(sites.filter_map(place));
        }
        places.sort_unstable_by_key(|(offset, place)| (*offset, place.part));
        let files = program.parts.iter().map(|part| part.file.canonicalize().unwrap_or_else(|_| part.file.clone()));
        Seen {
            spaces: Spaces::default(),
            places,
            files: files.collect(),
            program: program.parts.first().map(|part| (part.image.device, part.image.inode)),
            running: HashSet::new(),
            elsewhere: vec![0; program.parts.len()],
            lost: 0,
            strays: 0,
        }
    }

    /// Hits that are not counted because their process does not seem to run the program: how many, in which file.
    pub fn elsewhere(&self) -> impl Iterator<Item = (u64, &Path)> {
        let all = self.elsewhere.iter().zip(&self.files);
        all.filter(|(count, _)| **count > 0).map(|(count, file)| (*count, file.as_path()))
    }

    /// One more record, in the order of time; `None` when it can't be read.
    pub fn record(&mut self, stamp: Stamp, bytes: &[u8], probes: &mut Probes, stream: &mut Stream<'_>) -> Option<()> {
        match record::at_probe(bytes)? {
            AtProbe::No => self.told(stamp, record::body(bytes)?, probes),
            AtProbe::Other => self.strays += 1,
            AtProbe::Registers(registers) => {
                let is_known = self.hit(stamp, &General::of_perf(&registers), probes, stream).is_some();
                self.strays += u64::from(!is_known);
            }
        }
        Some(())
    }

    fn hit(
        &mut self,
        Stamp { pid, tid, at_ns }: Stamp,
        registers: &General,
        probes: &mut Probes,
        stream: &mut Stream<'_>,
    ) -> Option<()> {
        let program = Rc::clone(&probes.program);
        let place = self.place(pid, registers.ip())?;
        if place.part == 0 {
            // Also where its file has another name there, and another device (overlayfs).
            self.running.insert(pid);
        } else if !self.running.contains(&pid) {
            if let Some(count) = self.elsewhere.get_mut(place.part) {
                *count += 1;
            }
            return Some(());
        }
        let planned = program.planned(place)?;
        let bias = registers.ip().wrapping_sub(planned.site.address);
        // No jump through memory has such a probe.
        let leaves = planned.leaves(bias, registers, |_| None);
        let hit = Hit { tid: Tid(tid), pid: Tid(pid), now: at_ns, place, leaves, bias, registers };
        // What comes late has no number.
        probes.push(&hit, stream, || 0);
        Some(())
    }

    /// The site at an address of a process.
    fn place(&self, pid: u32, ip: u64) -> Option<Place> {
        let mapping = self.spaces.mapping(self.spaces.frame(pid, ip).mapping)?;
        let offset = ip.checked_sub(mapping.start)?.checked_add(mapping.offset)?;
        let from = self.places.partition_point(|(known, _)| *known < offset);
        let here = self.places.get(from..)?.iter().take_while(|(known, _)| *known == offset).map(|(_, place)| *place);
        let is_named = |place: &Place| self.files.get(place.part).is_some_and(|file| *file == mapping.path);
        // A file may have another name where it is mapped (overlayfs, a mount namespace).
        here.clone().find(is_named).or_else(|| here.clone().next().filter(|_| here.clone().count() == 1))
    }

    fn told(&mut self, Stamp { pid, tid, .. }: Stamp, body: Body<'_>, probes: &mut Probes) {
        match body {
            Body::Mapped(mapped) => {
                self.spaces.map(pid, &mapped);
                let is_named = self.files.first().is_some_and(|file| file.as_os_str().as_bytes() == mapped.name);
                if is_named || mapped.file.is_some() && mapped.file == self.program {
                    self.running.insert(pid);
                }
            }
            Body::Named { exec: true, .. } => {
                self.spaces.exec(pid);
                self.running.remove(&pid);
                probes.tasks.remove(&Tid(tid));
            }
            Body::Forked { parent, pid, .. } if parent == pid => self.spaces.thread(pid),
            Body::Forked { parent, maker, pid, tid } => {
                self.spaces.fork(parent, pid);
                if self.running.contains(&parent) {
                    self.running.insert(pid);
                }
                probes.copy_task(Tid(maker), Tid(tid));
            }
            Body::Exited { pid, tid } => {
                if self.spaces.exited(pid) {
                    self.running.remove(&pid);
                }
                probes.tasks.remove(&Tid(tid));
            }
            Body::Lost(count) => self.lost = self.lost.saturating_add(count),
            Body::Named { .. } | Body::Sample(_) | Body::Switched { .. } | Body::Throttled | Body::Other => {}
        }
    }
}
