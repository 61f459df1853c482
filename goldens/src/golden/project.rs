//! Projecting: the golden of a weaker level is a part of the stronger one.

use super::Golden;
use super::asserts::Asserted;
use crate::model::{InputKind, Level};

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
        golden.threads.clear();
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
