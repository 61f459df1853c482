//! What happens between calls: births, execs, signals, deaths, states of files, gaps.

use recording::resolve::{DescriptionId, FileState, Happened, ObjectKind, ProcId, Tables, ThreadId};

use super::Lowering;
use crate::model::Verb;
use crate::run::Witness;
use crate::run::raw::{Ended, Key, Raw, RawStep};

impl Lowering {
    pub(super) fn take(&mut self, tables: &Tables, what: &Happened<'_>) {
        match what {
            Happened::Born { thread, by, index } => self.born(tables, *thread, *by, *index),
            Happened::Exec { thread, open, .. } => {
                self.inherited(tables, *thread, open);
                self.executed(tables, *thread);
            }
            Happened::Signal { thread, signo, .. } => {
                if let Some(process) = process_of(tables, *thread) {
                    *self.run.process(process).received.entry(*signo).or_default() += 1;
                }
            }
            // Only single calls know attempts.
            Happened::Attempt { .. } => {}
            Happened::Died { thread, last, .. } => self.died(tables, *thread, *last),
            Happened::File(state) => self.state(state),
            Happened::Gap { process, why } => self.run.gaps.push((*process, why.clone())),
        }
    }

    fn born(&mut self, tables: &Tables, thread: ThreadId, by: Option<ThreadId>, index: u64) {
        let Some(maker) = by else { return };
        let (Some(child), Some(parent)) = (process_of(tables, thread), process_of(tables, maker)) else { return };
        let mask = self.mask(maker);
        self.set_mask(thread, mask);
        if child == parent {
            self.run.births.insert(thread.0, index);
            self.run.witnesses.push(Witness { before: (maker.0, index), after: (thread.0, index) });
            return;
        }
        let step = RawStep { verb: Verb::Spawn, args: Box::new([Raw::Spawned(child)]), ended: Ended::Well };
        self.put(parent, maker.0, Key::Child(child), index, step);
        self.run.process(child);
        self.spawned.insert(child, (parent, maker.0, index));
    }

    /// What a child still has open after its exec of what others opened, as its maker did it: when it was made.
    fn inherited(&mut self, tables: &Tables, thread: ThreadId, open: &[(i32, DescriptionId)]) {
        let Some(child) = process_of(tables, thread) else { return };
        let Some((parent, maker, index)) = self.spawned.remove(&child) else { return };
        for (_, description) in open.iter().filter(|(fd, _)| *fd > 2) {
            let Some(row) = tables.description(*description).filter(|row| row.opener != Some(child)) else { continue };
            let std = tables.object(row.object).is_none_or(|object| object.kind == ObjectKind::Std);
            if std || self.key(parent, tables, row.object).is_none() {
                continue;
            }
            let step = RawStep { verb: Verb::Inherit, args: Box::new([Raw::Process(child)]), ended: Ended::Well };
            self.put(parent, maker, Key::Inherited(row.object), index, step);
        }
    }

    fn executed(&mut self, tables: &Tables, thread: ThreadId) {
        let Some(process) = process_of(tables, thread) else { return };
        self.block(process, thread);
        self.end_loader(process);
        let working = self.working(process);
        working.loader.begin();
        working.search.begin();
        working.mappings.clear();
        working.closed.clear();
    }

    fn died(&mut self, tables: &Tables, thread: ThreadId, last: bool) {
        let Some(process) = process_of(tables, thread).filter(|_| last) else { return };
        // Which thread ends last is chance; what the first one blocked is not.
        let first = tables.threads.iter().position(|row| row.process == process);
        if let Some(first) = first {
            self.block(process, ThreadId(first as u32));
        }
        self.end_search(process);
    }

    fn block(&mut self, process: ProcId, thread: ThreadId) {
        let mask = self.mask(thread);
        self.run.process(process).blocked |= mask;
    }

    /// The signals that a thread blocks.
    pub(super) fn mask(&self, thread: ThreadId) -> u64 {
        self.masks.get(thread.0 as usize).copied().unwrap_or(0)
    }

    pub(super) fn set_mask(&mut self, thread: ThreadId, mask: u64) {
        let at = thread.0 as usize;
        if at >= self.masks.len() {
            self.masks.resize(at.saturating_add(1), 0);
        }
        if let Some(slot) = self.masks.get_mut(at) {
            *slot = mask;
        }
    }

    fn state(&mut self, state: &FileState<'_>) {
        if is_zone(state.path)
            && let Some(rule) = state.bytes.as_ref().and_then(|bytes| zone_rule(bytes))
        {
            self.run.zone = Some(rule.to_vec());
        }
        self.run.states.add(state);
    }
}

fn process_of(tables: &Tables, thread: ThreadId) -> Option<ProcId> {
    tables.thread(thread).map(|row| row.process)
}

fn is_zone(path: &[u8]) -> bool {
    path == b"/etc/localtime" || path.windows(10).any(|part| part == b"/zoneinfo/")
}

/// The last line of a time zone file is its rule for the future (tzfile(5)).
fn zone_rule(bytes: &[u8]) -> Option<&[u8]> {
    let body = bytes.strip_prefix(b"TZif").and(bytes.strip_suffix(b"\n"))?;
    body.rsplit(|byte| *byte == b'\n').next().filter(|rule| !rule.is_empty() && rule.len() < 128)
}
