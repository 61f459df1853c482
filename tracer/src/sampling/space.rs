//! Address spaces: which executable pages each process had mapped, at the time of the record at hand.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::record::Mapped;
use super::{Frame, NO_MAPPING};
use crate::symbols::Mapping;

/// All processes of a run.
#[derive(Debug, Default)]
pub(crate) struct Spaces {
    mappings: Vec<Mapping>,
    /// By process: first address to index.
    spaces: HashMap<u32, BTreeMap<u64, u32>>,
    /// By process: tasks that were born beside its first, less those that ended.
    others: HashMap<u32, i64>,
}

impl Spaces {
    /// Pages were mapped; those they cover are gone. The index of the mapping.
    pub fn map(&mut self, pid: u32, mapped: &Mapped<'_>) -> u32 {
        let end = mapped.start.saturating_add(mapped.len);
        let index = u32::try_from(self.mappings.len()).unwrap_or(NO_MAPPING);
        self.mappings.push(Mapping {
            pid,
            start: mapped.start,
            end,
            offset: mapped.offset,
            path: OsStr::from_bytes(mapped.name).into(),
            build_id: mapped.build_id.to_vec(),
        });
        let space = self.spaces.entry(pid).or_default();
        // What lies behind the end of the one that is cut, or was covered last, stays.
        let last = space.range(..end).next_back().map(|(_, index)| *index);
        let reaches_on = last.filter(|last| self.mappings.get(*last as usize).is_some_and(|last| last.end > end));
        if let Some(last) = reaches_on {
            space.entry(end).or_insert(last);
        }
        while let Some(covered) = space.range(mapped.start..end).next().map(|(start, _)| *start) {
            space.remove(&covered);
        }
        space.insert(mapped.start, index);
        index
    }

    /// The process has another program.
    pub fn exec(&mut self, pid: u32) {
        self.spaces.remove(&pid);
    }

    /// A process was born with its parent's pages.
    pub fn fork(&mut self, parent: u32, pid: u32) {
        if let Some(space) = self.spaces.get(&parent) {
            let space = space.clone();
            self.spaces.insert(pid, space);
        }
    }

    /// A task was born in its process.
    pub fn thread(&mut self, pid: u32) {
        *self.others.entry(pid).or_default() += 1;
    }

    /// A task ended; true when it was the last of its process, whose pages are then forgotten.
    pub fn exited(&mut self, pid: u32) -> bool {
        let others = self.others.entry(pid).or_default();
        *others -= 1;
        if *others >= 0 {
            return false;
        }
        self.others.remove(&pid);
        self.spaces.remove(&pid);
        true
    }

    /// An address with what is mapped there.
    pub fn frame(&self, pid: u32, ip: u64) -> Frame {
        let below = self.spaces.get(&pid).and_then(|space| space.range(..=ip).next_back());
        let mapping =
            below.map(|(_, index)| *index).filter(|index| self.mapping(*index).is_some_and(|mapping| ip < mapping.end));
        Frame { ip, mapping: mapping.unwrap_or(NO_MAPPING) }
    }

    /// A mapping by its index.
    pub fn mapping(&self, index: u32) -> Option<&Mapping> {
        self.mappings.get(index as usize)
    }

    /// All of them.
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// Is this code that the process made itself?
    pub fn is_made(&self, frame: Frame) -> bool {
        self.mapping(frame.mapping).is_some_and(Mapping::is_made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(start: u64, len: u64, name: &str) -> Mapped<'_> {
        Mapped { start, len, offset: 0, name: name.as_bytes(), build_id: &[], file: None }
    }

    #[test]
    fn the_last_mapping_of_an_address_counts_and_an_exec_forgets() {
        let mut spaces = Spaces::default();
        let (first, second) =
            (spaces.map(1, &mapped(0x1000, 0x3000, "/a")), spaces.map(1, &mapped(0x2000, 0x100, "/b")));
        assert_eq!(spaces.frame(1, 0x1fff).mapping, first);
        assert_eq!(spaces.frame(1, 0x2000).mapping, second);
        assert_eq!(spaces.frame(1, 0x2100).mapping, first, "behind the piece that was replaced");
        assert_eq!(spaces.frame(1, 0x4000).mapping, NO_MAPPING);
        spaces.fork(1, 2);
        spaces.exec(1);
        assert_eq!(spaces.frame(1, 0x2000).mapping, NO_MAPPING);
        assert_eq!(spaces.frame(2, 0x2000).mapping, second, "the child keeps its own");
        assert_eq!(spaces.frame(2, 0xfff).mapping, NO_MAPPING);
        spaces.thread(2);
        assert!(!spaces.exited(2));
        assert!(spaces.exited(2), "the last of two");
        assert_eq!(spaces.frame(2, 0x2000).mapping, NO_MAPPING);
    }
}
