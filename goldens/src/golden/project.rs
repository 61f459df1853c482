//! Projecting: the golden of a weaker level is a part of the stronger one.

use super::asserts::Asserted;
use super::{CallLine, Golden, Number, ThreadStream};
use crate::compare::range;
use crate::learn::counted;
use crate::lower::{only_exact, only_exact_field};
use crate::model::{Arg, InputKind, Level};

impl Golden {
    /// This golden at a level equal to its own or weaker; `None` for a stronger one.
    pub fn project(&self, level: Level) -> Option<Golden> {
        if level > self.header.level {
            return None;
        }
        let mut golden = self.clone();
        if level == self.header.level {
            return Some(golden);
        }
        golden.header.level = level;
        match level {
            Level::Calls => golden.threads.iter_mut().for_each(without_exact),
            _ => golden.threads.clear(),
        }
        if level < Level::Protocol {
            golden.streams.clear();
            golden.durability.clear();
            golden.facts.clear();
            golden.shapes.clear();
            golden.order.clear();
            golden.masks.retain(|mask| matches!(&*mask.verb, "end" | "sent" | "std"));
        }
        if level < Level::Hermetic {
            golden.inputs.retain(|(_, input)| input.kind == InputKind::Net);
            golden.header.platform = None;
        }
        golden.header.asserts = golden.asserts_of(self);
        golden.fold();
        Some(golden)
    }

    /// What this projection asserts: what the whole did, without what was dropped.
    fn asserts_of(&self, whole: &Golden) -> (u64, u64) {
        let Asserted { least, most, total } = self.count();
        let of_whole = whole.count();
        let uncertain = whole.header.asserts.0.saturating_sub(of_whole.least);
        ((least + uncertain).clamp(least, most), total)
    }
}

/// Leaves out of the calls of a thread what level `calls` does not hold. Calls that differed in that alone are one
/// line then: neighbours, or anywhere in a bag.
fn without_exact(thread: &mut ThreadStream) {
    let mut out: Vec<CallLine> = Vec::with_capacity(thread.calls.len());
    for (presence, mut call) in std::mem::take(&mut thread.calls).into_iter().filter(|(_, call)| !only_exact(call)) {
        let kept = call.args.iter().filter(|arg| !matches!(arg, Arg::Field(name, _) if only_exact_field(name)));
        call.args = kept.cloned().collect();
        let mut lines = out.iter_mut().rev().take(if thread.bag { usize::MAX } else { 1 });
        match lines.find(|(_, line)| *line == call) {
            Some((line, _)) => {
                let (a, b) = (range(*line), range(presence));
                let sum = Number { low: a.low.saturating_add(b.low), high: a.high.saturating_add(b.high) };
                *line = counted(Some(sum));
            }
            None => out.push((presence, call)),
        }
    }
    thread.calls = out;
}
