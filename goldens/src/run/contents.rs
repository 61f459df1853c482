//! Contents of files: the bytes of their reads and writes are not kept, so that what a range held is told by
//! the states of the file, as far as nothing was written over it in between.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use recording::resolve::{FileState, ObjectId};

use super::{Intervals, Known, Run};
use crate::content::{Hash, Shared};

/// The state of a path at one moment.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub kind: Option<&'static str>,
    pub mode: u32,
    pub size: u64,
    pub link: Option<Vec<u8>>,
    pub digest: Option<[u8; 32]>,
    pub bytes: Option<Shared>,
    /// Why it could not be looked at: an errno.
    pub unreadable: Option<u16>,
    pub event: u64,
}

/// What the recording says of files.
#[derive(Debug, Default)]
pub(crate) struct FileStates {
    /// After the last task, by path.
    pub last: BTreeMap<Vec<u8>, State>,
    /// After the last task, by object.
    by_object: BTreeMap<ObjectId, Vec<u8>>,
    /// At closes, by object, in order.
    at_close: BTreeMap<ObjectId, Vec<State>>,
}

impl FileStates {
    /// One more.
    pub fn add(&mut self, state: &FileState<'_>) {
        let kept = State {
            kind: state.kind,
            mode: state.mode,
            size: state.size,
            link: state.link.map(<[u8]>::to_vec),
            digest: state.digest,
            bytes: state.bytes.as_ref().map(|bytes| Shared::held(Arc::clone(bytes))),
            unreadable: state.unreadable,
            event: state.index,
        };
        match (state.at_end, state.object) {
            (true, object) => {
                if let Some(object) = object {
                    self.by_object.insert(object, state.path.to_vec());
                }
                self.last.insert(state.path.to_vec(), kept);
            }
            (false, Some(object)) => self.at_close.entry(object).or_default().push(kept),
            (false, None) => {}
        }
    }

    /// The state of an object after the last task.
    pub fn at_end(&self, object: ObjectId) -> Option<&State> {
        self.by_object.get(&object).and_then(|path| self.last.get(path))
    }

    /// The bytes of an object after the last task.
    pub fn bytes(&self, object: ObjectId) -> Option<&Shared> {
        self.at_end(object)?.bytes.as_ref()
    }

    fn closes(&self, object: ObjectId) -> &[State] {
        self.at_close.get(&object).map_or(&[], Vec::as_slice)
    }
}

/// What the run tells of the content of each of its ranges.
pub(super) fn known(run: &Run) -> Vec<Known> {
    let mut by_object: BTreeMap<(ObjectId, bool), Vec<usize>> = BTreeMap::new();
    for (at, range) in run.ranges.iter().enumerate() {
        by_object.entry((range.object, range.single)).or_default().push(at);
    }
    let mut known = vec![Known::Unknown; run.ranges.len()];
    for ((object, _), mut order) in by_object {
        order.sort_by_key(|at| run.ranges.get(*at).map(|range| std::cmp::Reverse((range.event, *at))));
        backwards(run, object, &order, &mut known);
    }
    known
}

/// From the last range of an object to its first: what was written later hides what was there.
fn backwards(run: &Run, object: ObjectId, order: &[usize], known: &mut [Known]) {
    let mut later = Intervals::default();
    let mut next_write = u64::MAX;
    for (place, at) in order.iter().enumerate() {
        let (Some(range), Some(slot)) = (run.ranges.get(*at), known.get_mut(*at)) else { continue };
        *slot = if range.bytes.is_some() {
            Known::Told
        } else if run.states.bytes(object).is_some_and(|bytes| range.end <= bytes.len() as u64)
            && !later.overlaps(range.start, range.end)
        {
            Known::Final
        } else {
            // What a read found was there since the last write before it.
            let earlier = order.get(place + 1..).unwrap_or_default().iter().filter_map(|at| run.ranges.get(*at));
            let since = if range.wrote { Some(range) } else { earlier.into_iter().find(|earlier| earlier.wrote) };
            let since = since.map_or(0, |range| range.event);
            whole(run, object, (range.start, range.end), since..=next_write)
        };
        if range.wrote {
            later.insert(range.start, range.end);
            next_write = range.event;
        }
    }
}

/// The hash of a state that is just this range, taken while nothing was written.
fn whole(run: &Run, object: ObjectId, (start, end): (u64, u64), while_still: RangeInclusive<u64>) -> Known {
    let end_state = run.states.at_end(object).filter(|_| *while_still.end() == u64::MAX);
    let in_time = |state: &&State| while_still.contains(&state.event);
    let mut states = run.states.closes(object).iter().filter(in_time).chain(end_state);
    let digest = states.find(|state| start == 0 && state.size == end).and_then(|state| state.digest.as_ref());
    digest.map_or(Known::Unknown, |digest| Known::Hash(Hash::of_digest(digest)))
}
