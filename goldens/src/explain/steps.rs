//! Steps: what a changed stream means.
//!
//! In: lines that are gone and steps that are new, on one object of one process. Each rule takes the steps it
//! can name, in the order of the rules; what nobody took is a step more, a step less, or a step with other
//! arguments.

use std::collections::BTreeSet;

use super::change::Change;
use super::rules::is_bad_close;
use super::{Context, Draft, words};
use crate::compare::{Diff, StreamDifference, same_but_content};
use crate::finding::Code;
use crate::form::FormStream;
use crate::golden::{Presence, Stream};
use crate::learn::has_flag;
use crate::model::{ObjectKind, ProcKey, Step, Verb};

/// Steps of a side that a finding shows.
const SHOWN: usize = 12;

impl<'a> Context<'a> {
    pub(super) fn stream(&self, found: &StreamDifference<'_>) -> Vec<Draft> {
        match (found.before, found.after) {
            (Some(before), Some(after)) => self.changed(found, before, after),
            (Some(before), None) => vec![self.object_gone(found.process, before)],
            (None, Some(after)) => self.object_new(found.process, after),
            (None, None) => Vec::new(),
        }
    }

    pub(super) fn stream_count(&self, stream: &Stream, count: u64) -> Draft {
        let name = words::object_syntax(&stream.object);
        let wanted = super::facts::range_words(&stream.presence);
        let sentence = format!("{}: {count} of them, was {wanted}", self.called(&stream.object));
        let more = !matches!(&stream.presence, Presence::Times(n) if count < n.low);
        let code = if more { Code::StepNew } else { Code::StepGone };
        Draft::new(code, &stream.process, sentence).on(&name, self).attribute("count")
    }

    fn object_gone(&self, process: &ProcKey, before: &Stream) -> Draft {
        let name = words::object_syntax(&before.object);
        let side = self.golden_side(before);
        let sentence = match before.object.kind {
            ObjectKind::Own => format!("no longer does: {}", side.join("; ")),
            _ => format!("no longer uses {}", self.called(&before.object)),
        };
        let draft = Draft::new(Code::StepGone, process, sentence).attribute("object").sides(side, Vec::new());
        self.placed(draft, &before.object.kind, &name).missing()
    }

    fn object_new(&self, process: &ProcKey, after: &FormStream) -> Vec<Draft> {
        let steps: Vec<&Step> = after.steps.iter().filter_map(|step| self.form.steps.get(step.step as usize)).collect();
        let name = words::object_syntax(&after.object);
        let side = self.form_side(after);
        let event = after.steps.first().map(|step| step.event);
        if let Some(draft) = steps.iter().find_map(|step| self.by_verb(process, step, true)) {
            return vec![draft.sides(Vec::new(), side).event(event)];
        }
        let bad = steps.iter().find(|step| is_bad_close(step));
        let (code, sentence) = if bad.is_some() {
            (
                Code::FdBadclose,
                format!("closes a descriptor that is not open (EBADF), last {}", self.called(&after.object)),
            )
        } else if is_transient(&steps) {
            (
                Code::FileTransient,
                format!("creates and removes {} {}", kind_word(after.object.kind), self.called(&after.object)),
            )
        } else if after.object.kind == ObjectKind::Own {
            (Code::StepNew, format!("now does: {}", side.join("; ")))
        } else {
            (Code::StepNew, format!("now uses {}", self.called(&after.object)))
        };
        let draft = Draft::new(code, process, sentence).attribute("object").sides(Vec::new(), side).event(event);
        vec![self.placed(draft, &after.object.kind, &name)]
    }

    /// A finding about steps without an object is about the process.
    fn placed(&self, draft: Draft, kind: &ObjectKind, name: &str) -> Draft {
        if *kind == ObjectKind::Own { draft } else { draft.on(name, self) }
    }

    fn changed(&self, found: &StreamDifference<'_>, before: &Stream, after: &FormStream) -> Vec<Draft> {
        let mut change = Change {
            process: found.process,
            before,
            after,
            golden: before.steps.iter().map(|(_, step)| step).collect(),
            run: after.steps.iter().filter_map(|step| self.form.steps.get(step.step as usize)).collect(),
            removed: found.diff.hunks.iter().flat_map(|hunk| hunk.removed.iter().copied()).collect(),
            added: found.diff.hunks.iter().flat_map(|hunk| hunk.added.iter().copied()).collect(),
            hunks: &found.diff.hunks,
            places: found.diff.places.clone(),
        };
        if change.run.len() != after.steps.len() {
            return Vec::new();
        }
        let mut drafts = Vec::new();
        if before.object != after.object {
            drafts.push(self.renamed(&change));
        }
        drafts.extend(self.special(&mut change));
        drafts.extend(self.cloexec(&mut change));
        drafts.extend(self.errors(&mut change));
        drafts.extend(self.locks(&mut change));
        drafts.extend(self.waits(&mut change));
        drafts.extend(self.ignored_error(&mut change));
        drafts.extend(self.checked_by_name(&mut change));
        drafts.extend(self.unclosed(&mut change));
        drafts.extend(self.other_sync(&mut change));
        drafts.extend(self.other_content(&mut change));
        drafts.extend(self.repeats(&mut change, &found.diff.counts));
        drafts.extend(self.rest(&mut change, found.diff.cut));
        let (was, is) = (self.golden_side(before), self.form_side(after));
        let event = self.event(&found.diff, after);
        for draft in &mut drafts {
            let finding = &mut draft.finding;
            if finding.before.is_empty() && finding.after.is_empty() {
                (finding.before, finding.after) = (was.clone(), is.clone());
            }
            finding.event = finding.event.or(event);
        }
        drafts
    }

    fn event(&self, diff: &Diff, after: &FormStream) -> Option<u64> {
        let added = diff.hunks.iter().filter_map(|hunk| hunk.added.first().copied());
        let counted = diff.counts.iter().map(|change| change.form);
        let removed = diff.hunks.iter().filter(|hunk| hunk.added.is_empty()).filter_map(|hunk| {
            let line = *hunk.removed.first()?;
            // The step after the last line before the gap.
            let earlier = (0..line).rev().find_map(|line| diff.places.get(line).copied().flatten());
            Some(earlier.map_or(0, |at| at as usize + 1))
        });
        let first = added.chain(counted).chain(removed).min()?;
        after.steps.get(first).or(after.steps.last()).map(|step| step.event)
    }

    /// Lines of the golden in words; the middle of a long stream is left out.
    pub(super) fn golden_side(&self, stream: &Stream) -> Vec<String> {
        let count = |presence: &Presence| match presence {
            Presence::Times(n) if n.low == n.high => n.low,
            _ => 1,
        };
        let all = stream.steps.iter().map(|(presence, step)| words::counted(words::step(step), count(presence)));
        shortened(all.collect())
    }

    /// Steps of the run in words.
    pub(super) fn form_side(&self, stream: &FormStream) -> Vec<String> {
        let text = |step: &crate::form::FormStep| {
            let known = self.form.steps.get(step.step as usize)?;
            Some(words::counted(words::step(known), u64::from(step.count)))
        };
        shortened(stream.steps.iter().filter_map(text).collect())
    }

    pub(super) fn draft(&self, code: Code, change: &Change<'_>, attribute: &str, sentence: String) -> Draft {
        let name = words::object_syntax(&change.after.object);
        let mut draft = Draft::new(code, change.process, sentence).attribute(attribute);
        draft = self.placed(draft, &change.after.object.kind, &name);
        draft.names.insert(words::object_syntax(&change.before.object));
        draft
    }

    fn renamed(&self, change: &Change<'_>) -> Draft {
        let (was, is) = (words::object_of(&change.before.object), words::object_of(&change.after.object));
        self.draft(Code::StepArgs, change, "name", format!("{was} is {is} now")).sides(vec![was], vec![is])
    }

    /// What no rule has taken.
    fn rest(&self, change: &mut Change<'_>, cut: bool) -> Option<Draft> {
        let gone: Vec<&Step> = change.removed.iter().filter_map(|at| change.golden.get(*at).copied()).collect();
        let new: Vec<&Step> = change.added.iter().filter_map(|at| change.run.get(*at).copied()).collect();
        let text = match change.after.object.kind {
            ObjectKind::Own => String::new(),
            _ => format!("{}: ", self.called(&change.after.object)),
        };
        let more = |n: usize| if n > 1 { format!(" (and {} more)", n - 1) } else { String::new() };
        let show = |steps: &[&Step]| steps.first().map(|step| format!("`{}`", words::step(step))).unwrap_or_default();
        let (code, sentence) = match (gone.as_slice(), new.as_slice()) {
            ([], []) => return None,
            _ if cut => (Code::StepArgs, format!("{text}{}", self.coarse(change))),
            (gone @ [was, ..], new) if new.iter().any(|is| is == was) && gone.len() == new.len() => {
                (Code::StepArgs, format!("{text}{} at another place", words::step(was)))
            }
            (gone @ [was, ..], new @ [is, ..]) => {
                let other = if same_but_content(was, is) { " with other content" } else { "" };
                let most = more(gone.len().max(new.len()));
                (Code::StepArgs, format!("{text}{}{other} instead of {}{most}", show(new), show(gone)))
            }
            (gone, []) => (Code::StepGone, format!("{text}no longer {}{}", show(gone), more(gone.len()))),
            ([], new) => (Code::StepNew, format!("{text}now also {}{}", show(new), more(new.len()))),
        };
        let verb = gone.first().or(new.first()).map_or("", |step| step.verb.word());
        let draft = self.draft(code, change, verb, sentence);
        let draft = if new.is_empty() { draft.missing() } else { draft };
        Some(draft)
    }

    /// Of a part that was too large to be looked into: which verb came how much more or less often.
    fn coarse(&self, change: &Change<'_>) -> String {
        let count = |steps: &mut dyn Iterator<Item = &Step>| {
            let mut counts = std::collections::BTreeMap::new();
            steps.for_each(|step| *counts.entry(step.verb).or_insert(0u64) += 1);
            counts
        };
        let was = count(&mut change.removed.iter().filter_map(|at| change.golden.get(*at).copied()));
        let is = count(&mut change.added.iter().filter_map(|at| change.run.get(*at).copied()));
        let verbs: BTreeSet<Verb> = was.keys().chain(is.keys()).copied().collect();
        let of = |counts: &std::collections::BTreeMap<Verb, u64>, verb: &Verb| counts.get(verb).copied().unwrap_or(0);
        let most = verbs.iter().max_by_key(|verb| (of(&was, verb).abs_diff(of(&is, verb)), std::cmp::Reverse(**verb)));
        match most {
            Some(verb) => {
                format!(
                    "{} {} in a changed part, was {} (diff cut)",
                    verb.word(),
                    words::times(of(&is, verb)),
                    of(&was, verb)
                )
            }
            None => "a large part changed (diff cut)".into(),
        }
    }
}

fn shortened(mut all: Vec<String>) -> Vec<String> {
    if all.len() > SHOWN {
        let hidden = all.len() - SHOWN;
        all.splice(SHOWN / 2..SHOWN / 2 + hidden, [format!("... {hidden} more ...")]);
    }
    all
}

/// Made and removed by the same hand.
fn is_transient(steps: &[&Step]) -> bool {
    let made = |step: &&&Step| {
        step.errno.is_none()
            && (step.verb == Verb::Mkdir
                || step.verb == Verb::Symlink
                || (step.verb == Verb::Open && has_flag(step, &["creat"])))
    };
    let removed = |step: &&&Step| step.errno.is_none() && matches!(step.verb, Verb::Unlink | Verb::Rmdir);
    steps.iter().any(|step| made(&step)) && steps.iter().any(|step| removed(&step))
}

fn kind_word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Dir => "directory",
        ObjectKind::Symlink => "symbolic link",
        _ => "file",
    }
}
