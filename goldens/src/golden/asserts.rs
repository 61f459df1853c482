//! How much a golden asserts, counted from its lines.

use std::collections::{HashMap, HashSet};

use super::syntax::Complaint;
use super::{Golden, Mask, MaskWhere, Number, Presence};
use crate::model::{Arg, Level, ObjectRef, ProcKey, Step};

/// What the lines of a golden assert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asserted {
    /// So many at least.
    pub least: u64,
    /// So many at most: how much of a content a masked line or token is can't be told from the golden alone.
    pub most: u64,
    /// Of so many.
    pub total: u64,
}

impl Golden {
    /// Steps and calls, from level `protocol` on; below it, where there are none, processes, ends and inputs.
    /// One counts as asserted when it must be there an exact number of times and at most half of its content
    /// is masked.
    pub fn count(&self) -> Asserted {
        if self.header.level < Level::Protocol { self.count_ends() } else { self.count_steps() }
    }

    fn count_ends(&self) -> Asserted {
        let mut count = Asserted { least: 0, most: 0, total: 0 };
        let of_ends = self.masks.iter().filter(|mask| matches!(&*mask.verb, "end" | "sent" | "std"));
        // The name of what was sent holds the kind of its socket.
        let masked: HashSet<String> =
            of_ends.flat_map(|mask| [mask.object.name.to_string(), mask.object.to_string()]).collect();
        for line in &self.processes {
            count.add(exact(line.presence), exact(line.presence));
        }
        for end in &self.ends {
            let there = exact(end.presence) && end.hash != Some(None);
            count.add(there && !masked.contains(end.name.as_str()), there);
        }
        for (presence, _) in &self.inputs {
            count.add(exact(*presence), exact(*presence));
        }
        count
    }

    fn count_steps(&self) -> Asserted {
        let mut count = Asserted { least: 0, most: 0, total: 0 };
        let mut masks: HashMap<(&ProcKey, &ObjectRef), Vec<&Mask>> = HashMap::new();
        for mask in &self.masks {
            masks.entry((&mask.process, &mask.object)).or_default().push(mask);
        }
        for stream in &self.streams {
            let masks = masks.get(&(&stream.process, &stream.object)).map_or(&[][..], Vec::as_slice);
            for (presence, step) in &stream.steps {
                let there = exact(stream.presence) && exact(*presence);
                let (least, most) = content(step, masks);
                count.add(there && least, there && most);
            }
        }
        for thread in &self.threads {
            for (presence, call) in &thread.calls {
                let there = exact(thread.presence) && exact(*presence) && !call.args.contains(&Arg::Hash(None));
                count.add(there, there);
            }
        }
        count
    }

    /// Does `asserts` say what the lines say, and could this golden fail at all?
    pub(crate) fn agrees(&self) -> Result<(), Complaint> {
        let notes: HashSet<_> = self.header.notes.iter().collect();
        if notes.len() < self.header.notes.len() {
            return Err("a note above stands twice: a duplicate line".into());
        }
        let (asserted, total) = self.header.asserts;
        let Asserted { least, most, total: all } = self.count();
        let things = if self.header.level < Level::Protocol { "processes, ends and inputs" } else { "steps" };
        if total != all {
            return Err(format!("asserts says {total} {things}, the lines have {all}: was it merged or edited?"));
        }
        if !(least..=most).contains(&asserted) {
            let range = Number { low: least, high: most };
            return Err(format!("asserts says that {asserted} are asserted, the lines assert {range}"));
        }
        if most == 0 && self.ends.is_empty() {
            return Err("it could never fail: no step is asserted, and there is no end line".into());
        }
        Ok(())
    }
}

impl Asserted {
    fn add(&mut self, surely: bool, possibly: bool) {
        self.least += u64::from(surely);
        self.most += u64::from(possibly);
        self.total += 1;
    }
}

fn exact(presence: Presence) -> bool {
    match presence {
        Presence::Required => true,
        Presence::Optional => false,
        Presence::Times(Number { low, high }) => low == high,
    }
}

/// Masks of one stream of which the content of one step is looked at. More are no golden that was learned.
const MASKS_LOOKED_AT: usize = 1024;

/// Is at most half of the step's content masked: surely, possibly?
fn content(step: &Step, masks: &[&Mask]) -> (bool, bool) {
    if step.args.contains(&Arg::Hash(None)) {
        return (false, false);
    }
    let span = step.args.iter().find_map(|arg| match arg {
        Arg::Span(from, Some(to)) => Some((*from, *to)),
        _ => None,
    });
    let (mut bytes, mut unknown) = (0u64, masks.len() > MASKS_LOOKED_AT);
    for mask in masks.iter().take(MASKS_LOOKED_AT).filter(|mask| *mask.verb == *step.verb.word()) {
        match (&mask.place, span) {
            (MaskWhere::All, _) => return (false, false),
            (MaskWhere::Bytes(from, to), Some((start, end))) => {
                bytes = bytes.saturating_add((*to).min(end).saturating_sub((*from).max(start)));
            }
            (MaskWhere::SortedLines, _) => {}
            _ => unknown = true,
        }
    }
    let half = span.is_none_or(|(start, end)| bytes.saturating_mul(2) <= end.saturating_sub(start));
    (half && !unknown, half)
}
