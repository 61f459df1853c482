//! Ends: what is left of names, what was printed and what was sent.

use std::collections::{BTreeMap, BTreeSet};

use super::{Comparing, Difference, EndPart, facts, right};
use crate::content::{Content, Hash};
use crate::form::FormEnd;
use crate::golden::{End, EndKind, MERGED, Mask};
use crate::learn::{end_object, end_word};
use crate::masks::ContentMasks;
use crate::options::StderrRule;
use crate::pattern::accepts;
use crate::value::Value;

/// Names of paths are one space, whatever is there; standard streams and connections are others.
fn space(kind: EndKind) -> u8 {
    match kind {
        EndKind::Std => 1,
        EndKind::Sent => 2,
        _ => 0,
    }
}

type Key<'a> = (u8, &'a Value);

impl<'a> Comparing<'a, '_> {
    pub(super) fn ends(&mut self) {
        let mut lines: BTreeMap<Key<'a>, Vec<&'a End>> = BTreeMap::new();
        for end in &self.golden.ends {
            lines.entry((space(end.kind), &end.name)).or_default().push(end);
        }
        let mut found: BTreeMap<(u8, Value), Vec<&'a FormEnd>> = BTreeMap::new();
        for end in &self.form.ends {
            let name = self.names.canonical(&end.name).clone();
            found.entry((space(end.kind), name)).or_default().push(end);
        }
        let keys: BTreeSet<(u8, Value)> =
            lines.keys().map(|(space, name)| (*space, (*name).clone())).chain(found.keys().cloned()).collect();
        // What was written to one of both is told as that; their order is looked at when nothing else differs.
        // A run in which they are no one object has no order; it says so as a gap.
        let (merged, keys): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| is_merged(key.0, &key.1));
        let merged = merged.into_iter().filter(|key| found.contains_key(key)).collect::<Vec<_>>();
        for key in keys.into_iter().chain(merged) {
            if self.ignored(key.0, &key.1) {
                continue;
            }
            let before = lines.get(&(key.0, &key.1)).cloned().unwrap_or_default();
            let after = found.remove(&key).unwrap_or_default();
            self.end(&before, &after);
        }
    }

    fn ignored(&self, space: u8, name: &Value) -> bool {
        if is_merged(space, name) {
            return !self.options.merged || self.out.list.iter().any(is_output);
        }
        space == 1 && name.as_str() == "stderr" && self.options.stderr == StderrRule::Ignore
    }

    /// All lines and all ends of one name or pattern.
    fn end(&mut self, before: &[&'a End], after: &[&'a FormEnd]) {
        if let ([], [after]) | ([], [after, ..]) = (before, after)
            && after.kind == EndKind::Std
            && after.content.as_ref().is_none_or(|content| content.len == 0)
        {
            return;
        }
        for line in before {
            let count = after.iter().filter(|end| end.kind == line.kind).count() as u64;
            let other = after.iter().find(|end| end.kind != line.kind && !before.iter().any(|b| b.kind == end.kind));
            if right(line.presence, count) {
                continue;
            }
            match other {
                Some(end) if count == 0 => self.differs(Some(line), Some(end), EndPart::Kind),
                _ if count == 0 && line.kind == EndKind::Std && emptiness(line) => {}
                _ => self.differs(Some(line), after.get(1).copied().filter(|_| count > 1), EndPart::Presence),
            }
        }
        for end in after {
            match before.iter().find(|line| line.kind == end.kind) {
                Some(line) => self.same_kind(line, end),
                None if before.iter().any(|line| facts::required(line.presence)) => {}
                None => self.differs(None, Some(end), EndPart::Presence),
            }
        }
    }

    fn differs(&mut self, before: Option<&'a End>, after: Option<&'a FormEnd>, part: EndPart) {
        self.out.list.push(Difference::End { before, after, part });
    }

    fn same_kind(&mut self, line: &'a End, end: &'a FormEnd) {
        if line.mode.is_some() && end.mode.is_some() && line.mode != end.mode {
            self.differs(Some(line), Some(end), EndPart::Mode);
        }
        if let (Some(rule), Some(to)) = (&line.to, &end.to)
            && !accepts(rule, to)
        {
            self.differs(Some(line), Some(end), EndPart::Target);
        }
        let Some(hash) = line.hash else { return };
        let empty = Content::known([]);
        let content = end.content.as_ref().unwrap_or(&empty);
        if end.kind == EndKind::Std && end.name.as_str() == "stderr" && self.options.stderr == StderrRule::NonEmpty {
            if emptiness(line) != (content.len == 0) {
                self.differs(Some(line), Some(end), EndPart::Content);
            }
            return;
        }
        match self.content_holds(line, hash, content) {
            Some(true) => {}
            Some(false) => self.differs(Some(line), Some(end), EndPart::Content),
            None => self.out.unmeasured.push(format!(
                "what {} holds at the end was not recorded, and it is compared",
                crate::explain::words::value(&end.name)
            )),
        }
    }

    /// Is the content as the line says? `None`: it is not known.
    fn content_holds(&self, line: &End, hash: Option<Hash>, content: &Content) -> Option<bool> {
        let Some(wanted) = hash else { return Some(true) };
        if content.hash == Some(wanted) {
            return Some(true);
        }
        let masks = end_masks(&self.golden.masks, line);
        if let Some(bytes) = content.bytes.as_deref().filter(|_| !masks.is_empty()) {
            return Some(Hash::of(&masks.apply(bytes, 0)) == wanted);
        }
        let size = line.size.flatten().is_none_or(|size| (size.low..=size.high).contains(&content.len));
        if content.hash.is_none() && size { None } else { Some(false) }
    }
}

fn is_merged(space: u8, name: &Value) -> bool {
    space == 1 && name.as_str() == MERGED
}

fn is_output(difference: &Difference<'_>) -> bool {
    let Difference::End { before, after, .. } = difference else { return false };
    before.map(|end| end.kind).or(after.map(|end| end.kind)) == Some(EndKind::Std)
}

/// Nothing was in it.
fn emptiness(line: &End) -> bool {
    line.size.flatten().is_some_and(|size| size.high == 0)
}

/// What is masked of the content of an end.
pub(crate) fn end_masks(masks: &[Mask], line: &End) -> ContentMasks {
    let object = end_object(line.kind, &line.name);
    let word = end_word(line.kind);
    ContentMasks::of(masks.iter().filter(|mask| *mask.verb == *word && mask.object == object))
}
