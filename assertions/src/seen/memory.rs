//! Memory: the peak of private anonymous memory with access rights, summed over live processes
//! (mmap(2), mprotect(2), mremap(2), brk(2)).

use std::collections::HashMap;

use recording::event::{BornHow, Event, Kind};
use syscalls::Abi;

use super::made::Made;
use super::ranges::Ranges;
use crate::finding::Findings;

const CLONE_VM: u64 = 0x100;
const MAP_TYPE: u64 = 0x0f;
const MAP_PRIVATE: u64 = 2;
const MAP_ANONYMOUS: u64 = 0x20;
const MREMAP_DONTUNMAP: u64 = 4;
const PAGE: u64 = 4096;

/// One address space.
#[derive(Debug, Clone, Default)]
struct Space {
    ranges: Ranges,
    /// Where the heap begins and ends; not known before the first `brk`.
    heap: Option<(u64, u64)>,
    /// Processes that have it.
    users: u32,
}

impl Space {
    fn bytes(&self) -> u64 {
        let heap = self.heap.map_or(0, |(begin, end)| end.saturating_sub(begin));
        self.ranges.accessible().saturating_add(heap)
    }
}

/// The address spaces of a run.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    spaces: Vec<Space>,
    /// The space of a process.
    of: HashMap<u32, usize>,
    now: u64,
    peak: u64,
    /// The calls that made it grow.
    grew: Findings,
    unknown: Option<&'static str>,
}

impl Memory {
    /// The peak in bytes and the calls that made memory grow, or why it is not known.
    pub fn into_peak(self) -> Result<(u64, Findings), String> {
        match self.unknown {
            Some(why) => Err(why.into()),
            None => Ok((self.peak, self.grew)),
        }
    }

    /// Takes a birth, exec or death; `process` of the task and of its maker.
    pub fn event(&mut self, event: &Event<'_>, process: u32, maker: u32) {
        match event.kind() {
            Some(Kind::Born) => match BornHow::from_raw(event.u8(36)) {
                Some(BornHow::Thread) => {}
                Some(BornHow::First) | None => self.begin(process, Space::default()),
                Some(BornHow::Attached) => {
                    self.unknown = Some("the program was attached to: what it had before is not known")
                }
                Some(how) if how == BornHow::Vfork || event.u64(40) & CLONE_VM != 0 => {
                    if let Some(space) = self.of.get(&maker).copied() {
                        self.leave(process);
                        self.spaces[space].users += 1;
                        self.of.insert(process, space);
                    }
                }
                Some(_) => {
                    let copy = self.of.get(&maker).map(|at| self.spaces[*at].clone()).unwrap_or_default();
                    self.begin(process, copy);
                }
            },
            Some(Kind::Exec) => self.begin(process, Space::default()),
            Some(Kind::Died) if event.u8(38) == 1 => self.leave(process),
            _ => {}
        }
    }

    fn begin(&mut self, process: u32, space: Space) {
        self.leave(process);
        self.now = self.now.saturating_add(space.bytes());
        self.peak = self.peak.max(self.now);
        let space = Space { users: 1, ..space };
        let free = self.spaces.iter().position(|space| space.users == 0);
        let at = match free {
            Some(at) => {
                self.spaces[at] = space;
                at
            }
            None => {
                self.spaces.push(space);
                self.spaces.len() - 1
            }
        };
        self.of.insert(process, at);
    }

    fn leave(&mut self, process: u32) {
        let Some(space) = self.of.remove(&process).and_then(|at| self.spaces.get_mut(at)) else { return };
        space.users -= 1;
        if space.users == 0 {
            self.now = self.now.saturating_sub(space.bytes());
            *space = Space::default();
        }
    }

    /// Takes a call that succeeded.
    pub fn call(&mut self, made: &Made<'_>) {
        let Some(row) = made.row else { return };
        let Some(space) = self.of.get(&made.pid).and_then(|at| self.spaces.get_mut(*at)) else { return };
        let args = made.call.args();
        let result = made.call.result() as u64;
        let before = space.bytes();
        let pages = |length: u64| length.checked_next_multiple_of(PAGE).unwrap_or(u64::MAX - PAGE);
        let end = |start: u64, length: u64| start.saturating_add(pages(length));
        match row.name {
            // On i386 the arguments of the old mmap stand in memory.
            "mmap" if matches!(Abi::from_raw(made.call.event.abi()), Some(Abi::I386 | Abi::Arm)) => {
                self.unknown = Some("a 32-bit program uses the old mmap");
                return;
            }
            "mmap" | "mmap2" => {
                let anonymous = args[3] & MAP_ANONYMOUS != 0 && args[3] & MAP_TYPE == MAP_PRIVATE;
                if anonymous {
                    space.ranges.insert(result, end(result, args[1]), args[2] & 7 != 0);
                } else {
                    space.ranges.remove(result, end(result, args[1]));
                }
            }
            "munmap" => space.ranges.remove(args[0], end(args[0], args[1])),
            "mprotect" | "pkey_mprotect" => space.ranges.protect(args[0], end(args[0], args[1]), args[2] & 7 != 0),
            "mremap" => {
                let (old_end, new_end) = (end(args[0], args[1]), end(result, args[2]));
                let moved = space.ranges.within(args[0], old_end);
                // Of a file or shared memory nothing is known here, and nothing counts.
                if let Some((.., access)) = moved.first().copied() {
                    if args[3] & MREMAP_DONTUNMAP == 0 {
                        space.ranges.remove(args[0], old_end);
                    }
                    space.ranges.insert(result, new_end, access);
                }
            }
            "brk" => {
                let begin = space.heap.map_or(result, |(begin, _)| begin);
                space.heap = Some((begin, result));
            }
            _ => return,
        }
        let after = space.bytes();
        self.now = self.now.saturating_add(after).saturating_sub(before);
        self.peak = self.peak.max(self.now);
        if after > before {
            self.grew.add(made.exe, row.name, None);
        }
    }
}
