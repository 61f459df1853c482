//! Recordings that end before the run, or have holes: what of a difference stands whatever is missing.
//!
//! In: a difference and which side is partial. Out: does it stand? What a partial side has and the other has not
//! stands, what it lacks may be missing only. A process that is seen to its end is whole, unless events were lost.
//! How things are in the end is not known, but for the beginning of what was printed.

use super::{Comparing, Difference, EndPart, StreamDifference};
use crate::content::Contents;
use crate::form::{Form, FormEnd, FormProcess, FormStream, Partial};
use crate::golden::{End, EndKind, ExitRule, Golden, ProcLine, Stream};
use crate::model::{Exit, Input, InputKind, ObjectKind, ProcKey, Step, Verb};

/// Which of both sides are partial, and how.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Partials {
    pub before: Option<Partial>,
    pub after: Option<Partial>,
}

impl Partials {
    fn any(self) -> bool {
        self.before.is_some() || self.after.is_some()
    }

    fn lossy(self) -> bool {
        [self.before, self.after].contains(&Some(Partial::Lossy))
    }
}

impl<'a> Comparing<'a, '_> {
    /// Leaves what stands.
    pub(super) fn keep_what_stands(&mut self, partials: Partials, contents: &Contents) {
        if !partials.any() {
            return;
        }
        let sides = Sides { golden: self.golden, form: self.form, partials, contents };
        self.out.list.retain(|difference| sides.stands(difference));
    }
}

struct Sides<'a, 'c> {
    golden: &'a Golden,
    form: &'a Form,
    partials: Partials,
    contents: &'c Contents,
}

impl Sides<'_, '_> {
    fn stands(&self, difference: &Difference<'_>) -> bool {
        let Partials { before, after } = self.partials;
        match difference {
            Difference::ProcessGone { line } => after.is_none() && self.ended_before(line),
            Difference::ProcessNew { process } => before.is_none() && self.ended_after(process),
            // Until it executes something a process is a fork of its parent.
            Difference::ProcessCount { line, count } => {
                self.more(*count > super::range(line.presence).high) && self.whole(&line.key)
            }
            // Beyond the root, which of several is which may depend on those that are missing.
            Difference::Arguments { line, process } => &*line.key.0 == "P" && self.both_ended(line, process),
            Difference::Exit { line, process } => line.key == process.key && self.both_ended(line, process),
            Difference::Stream(stream) => self.stream(stream),
            Difference::StreamCount { stream, count } => self.more(*count > super::range(stream.presence).high),
            Difference::End { before: Some(line), after: Some(end), part: EndPart::Content } => self.printed(line, end),
            // What is absent may be made later, and is then no input.
            Difference::Input { input, .. } if input.kind == InputKind::Absent => false,
            // Of a golden nobody knows whose input it is.
            Difference::Input { input, new, .. } => *new && self.partials.before.is_none() && self.found(input),
            Difference::Durability { process, .. }
            | Difference::Fact { process, .. }
            | Difference::Shape { process, .. } => self.whole(process),
            // What calls read is known by the states of files, most of which are told at the end.
            Difference::Thread(_) | Difference::End { .. } | Difference::Order { .. } => false,
        }
    }

    /// The run has more of it, or less: only the side that has more can say so.
    fn more(&self, in_run: bool) -> bool {
        if in_run { self.partials.before.is_none() } else { self.partials.after.is_none() }
    }

    fn ended_before(&self, line: &ProcLine) -> bool {
        self.partials.before.is_none() || {
            // Of siblings that ended in many ways some may not have ended.
            !self.partials.lossy() && !matches!(line.exit, ExitRule::Is(Exit::Running) | ExitRule::Any)
        }
    }

    fn ended_after(&self, process: &FormProcess) -> bool {
        self.partials.after.is_none() || (!self.partials.lossy() && process.exit != Exit::Running)
    }

    /// Did a process find it that was seen to its end? Of others it may turn out to be no input, or a library.
    fn found(&self, input: &Input) -> bool {
        self.form.processes.iter().any(|process| process.inputs.contains(input) && self.ended_after(process))
    }

    fn both_ended(&self, line: &ProcLine, process: &FormProcess) -> bool {
        self.ended_before(line) && self.ended_after(process)
    }

    /// Is all that this process did on both sides?
    fn whole(&self, key: &ProcKey) -> bool {
        // Under another key on one side it was found by what it did, of which not all is known.
        let line = || self.golden.processes.iter().find(|line| line.key == *key);
        let mut processes = self.form.processes.iter().filter(|process| process.key == *key).peekable();
        let before = self.partials.before.is_none() || line().is_some_and(|line| self.ended_before(line));
        let after = self.partials.after.is_none()
            || (processes.peek().is_some() && processes.all(|process| self.ended_after(process)));
        before && after
    }

    fn stream(&self, found: &StreamDifference<'_>) -> bool {
        // What a pipe is called is known when both its ends are.
        let of = found.before.map(|stream| &stream.object).or(found.after.map(|stream| &stream.object));
        if of.is_none_or(|object| !matches!(object.kind, ObjectKind::Dir | ObjectKind::File | ObjectKind::Tcp)) {
            return false;
        }
        if self.whole(found.process) {
            return true;
        }
        let Partials { before, after } = self.partials;
        match (found.before, found.after) {
            (None, Some(stream)) => before.is_none() && self.let_go(stream),
            (Some(stream), None) => after.is_none() && let_go(stream),
            (Some(stream), Some(run)) => {
                let hunks = || found.diff.hunks.iter();
                let added = before.is_none() && self.let_go(run) && hunks().any(|hunk| !hunk.added.is_empty());
                let removed = after.is_none() && let_go(stream) && hunks().any(|hunk| !hunk.removed.is_empty());
                added || removed
            }
            (None, None) => false,
        }
    }

    /// A stream that goes on may have its last step go on.
    fn let_go(&self, stream: &FormStream) -> bool {
        let last = stream.steps.last().and_then(|step| self.form.steps.get(step.step as usize));
        last.is_some_and(is_done)
    }

    /// The whole lines that were printed are not those of the other side.
    fn printed(&self, line: &End, end: &FormEnd) -> bool {
        // What varies has no bytes to hold a part of it against.
        let varies = !super::end_masks(&self.golden.masks, line).is_empty();
        if line.kind != EndKind::Std || self.partials.lossy() || varies {
            return false;
        }
        let (Some(Some(hash)), Some(run)) = (line.hash, end.content.as_ref().and_then(|content| content.hash)) else {
            return false;
        };
        let (Some(golden), Some(run)) = (self.contents.get(hash), self.form.contents.get(run)) else { return false };
        match (self.partials.before, self.partials.after) {
            (None, Some(_)) => !golden.starts_with(lines(run)),
            (Some(_), None) => !run.starts_with(lines(golden)),
            _ => {
                let (golden, run) = (lines(golden), lines(run));
                !golden.starts_with(run) && !run.starts_with(golden)
            }
        }
    }
}

fn let_go(stream: &Stream) -> bool {
    stream.steps.last().is_some_and(|(_, step)| is_done(step))
}

/// Is nothing more to come of it? What was looked for and not found may be one of the places in which a program is searched
/// that is executed later.
fn is_done(step: &Step) -> bool {
    let looks = matches!(step.verb, Verb::Stat | Verb::Access);
    step.verb == Verb::Close
        || step.errno.as_deref().is_some_and(|errno| errno != "unfinished" && !(looks && errno == "ENOENT"))
}

fn lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    bytes.get(..end).unwrap_or_default()
}
