//! Steps: what a changed stream means.
//!
//! In: lines that are gone and steps that are new, on one object of one process. Each rule takes the steps it
//! can name, in the order of the rules; what nobody took is a step more, a step less, or a step with other
//! arguments.

use std::collections::{BTreeSet, HashSet};

use super::content::Contrast;
use super::{Context, Draft, words};
use crate::compare::{CountChange, Diff, Hunk, StreamDifference, is_wild, same_but_content};
use crate::finding::{Code, Severity};
use crate::form::FormStream;
use crate::golden::{Number, Presence, Stream};
use crate::learn::{content_hash, has_flag, is_action};
use crate::model::{Arg, ObjectKind, ProcKey, Step, Verb, VerbClass};

/// Steps of a side that a finding shows.
const SHOWN: usize = 12;

/// Steps of one hunk among which the partner of a line is looked for.
const NEAR: usize = 256;

/// One changed stream, with the steps that no rule has taken yet.
pub(super) struct Change<'a> {
    pub process: &'a ProcKey,
    pub before: &'a Stream,
    pub after: &'a FormStream,
    golden: Vec<&'a Step>,
    run: Vec<&'a Step>,
    removed: BTreeSet<usize>,
    added: BTreeSet<usize>,
    hunks: &'a [Hunk],
    places: Vec<Option<u32>>,
}

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

    fn draft(&self, code: Code, change: &Change<'_>, attribute: &str, sentence: String) -> Draft {
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

    /// Credentials, limits and calls that are never masked.
    fn special(&self, change: &mut Change<'_>) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for at in change.added.clone() {
            let Some(draft) = change.run.get(at).and_then(|step| self.by_verb(change.process, step, true)) else {
                continue;
            };
            change.added.remove(&at);
            // The same call with other values is one finding.
            let verb = change.run.get(at).map(|step| step.verb);
            let old = change.removed.iter().copied().find(|old| change.golden.get(*old).map(|step| step.verb) == verb);
            old.map(|old| change.removed.remove(&old));
            drafts.push(draft);
        }
        for at in change.removed.clone() {
            let Some(draft) = change.golden.get(at).and_then(|step| self.by_verb(change.process, step, false)) else {
                continue;
            };
            change.removed.remove(&at);
            drafts.push(draft);
        }
        drafts
    }

    fn by_verb(&self, process: &ProcKey, step: &Step, new: bool) -> Option<Draft> {
        let now = if new { "now" } else { "no longer" };
        let what = match step.verb {
            Verb::Setuid => "its user id (setuid)".to_string(),
            Verb::Setgid => "its group id (setgid)".to_string(),
            Verb::Setgroups => "its groups (setgroups)".to_string(),
            Verb::Capset => "its capabilities (capset)".to_string(),
            Verb::NoNewPrivs => "no_new_privs".to_string(),
            Verb::Seccomp => "a seccomp filter".to_string(),
            Verb::Special => {
                let sentence = format!("{now} calls {}", first_words(step));
                return Some(Draft::new(Code::Cred, process, sentence).attribute("special"));
            }
            Verb::Rlimit => {
                let sentence = super::facts::limit(&step.args);
                let sentence = if new { sentence } else { format!("no longer {sentence}") };
                return Some(Draft::new(Code::Limit, process, sentence).attribute(first_words(step)));
            }
            _ => return None,
        };
        Some(Draft::new(Code::Cred, process, format!("{now} sets {what}")).attribute(step.verb.word()))
    }

    fn cloexec(&self, change: &mut Change<'_>) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for (old, new) in change.pairs(|was, is| was.verb == is.verb && was.errno == is.errno && only_cloexec(was, is))
        {
            let (Some(was), Some(is)) = (change.golden.get(old), change.run.get(new)) else { continue };
            let lost = has_flag(was, &["cloexec"]);
            let done = if is.verb == Verb::Open { "opened" } else { "made" };
            let (with, was) = if lost { ("without", "with") } else { ("with", "without") };
            let text = self.called(&change.after.object);
            let inherited = if lost { self.inherited(change) } else { String::new() };
            let sentence = format!("{text}: {done} {with} O_CLOEXEC, was {was} it{inherited}");
            change.take(old, new);
            drafts.push(self.draft(Code::FdCloexec, change, "cloexec", sentence));
        }
        drafts.truncate(1);
        drafts
    }

    fn inherited(&self, change: &Change<'_>) -> String {
        let inherit = |step: &crate::form::FormStep| {
            self.form.steps.get(step.step as usize).is_some_and(|step| step.verb == Verb::Inherit)
        };
        let child = self.form.processes.iter().find(|process| {
            let own = process.streams.iter().filter(|stream| stream.object == change.after.object);
            process.key != *change.process && own.flat_map(|stream| &stream.steps).any(inherit)
        });
        child.map(|child| format!(", and inherited by {}", words::value(&child.exe))).unwrap_or_default()
    }

    /// What failed and does not, and the other way round.
    fn errors(&self, change: &mut Change<'_>) -> Vec<Draft> {
        let mut drafts = Vec::new();
        let same = |was: &Step, is: &Step| was.verb == is.verb && was.errno != is.errno && comparable(was, is);
        for (old, new) in change.pairs(same) {
            let (Some(was), Some(is)) = (change.golden.get(old), change.run.get(new)) else { continue };
            let text = self.called(&change.after.object);
            let (verb, e) =
                (was.verb.word(), |errno: &Option<Box<str>>| words::plain(errno.as_deref().unwrap_or("ok")));
            let (code, sentence) = match (&was.errno, &is.errno) {
                (None, _) => (Code::ErrNew, format!("{verb} {text} now fails: {}", e(&is.errno))),
                (_, None) => (Code::ErrGone, format!("{verb} {text} no longer fails: {}", e(&was.errno))),
                _ => (Code::ErrNew, format!("{verb} {text} now fails: {}, was {}", e(&is.errno), e(&was.errno))),
            };
            change.take(old, new);
            let draft = self.draft(code, change, verb, sentence);
            drafts.push(draft);
        }
        for at in change.added.clone() {
            if change.run.get(at).is_some_and(|step| is_bad_close(step)) {
                change.added.remove(&at);
                let text = self.called(&change.after.object);
                let sentence = format!("closes a descriptor that is not open (EBADF), last {text}");
                drafts.push(self.draft(Code::FdBadclose, change, "badclose", sentence));
            }
        }
        drafts
    }

    fn locks(&self, change: &mut Change<'_>) -> Vec<Draft> {
        let is_lock = |step: &Step| matches!(step.verb, Verb::Lock | Verb::Plock) && step.errno.is_none();
        let lost = change.take_removed(|step| is_lock(step));
        let gained = change.take_added(|step| is_lock(step));
        let text = self.called(&change.after.object);
        let sentence = match (lost.first(), gained.first()) {
            (None, None) => return Vec::new(),
            (Some(was), Some(is)) if lock_word(was) == lock_word(is) => {
                format!("takes {} on {text} at another place", lock_word(is))
            }
            (Some(was), Some(is)) => format!("takes {} on {text}, was {}", lock_word(is), lock_word(was)),
            (Some(was), None) => format!("no longer takes {} on {text}", lock_word(was)),
            (None, Some(is)) => format!("now takes {} on {text}", lock_word(is)),
        };
        let unlock = |step: &Step| matches!(step.verb, Verb::Unlock | Verb::Punlock);
        change.take_removed(unlock);
        change.take_added(unlock);
        vec![self.draft(Code::LockLost, change, "lock", sentence)]
    }

    fn waits(&self, change: &mut Change<'_>) -> Vec<Draft> {
        if change.after.object.kind != ObjectKind::Child {
            return Vec::new();
        }
        let lost = change.take_removed(|step| step.verb == Verb::Reap);
        let gained = change.take_added(|step| step.verb == Verb::Reap);
        let child = self.program(&ProcKey(change.after.object.name.as_str().into()));
        match (lost.first(), gained.first()) {
            (None, None) => Vec::new(),
            (Some(_), None) => {
                vec![self.draft(Code::WaitLost, change, "wait", format!("no longer waits for child {child}"))]
            }
            (None, Some(_)) => vec![self.draft(Code::WaitLost, change, "wait", format!("now waits for child {child}"))],
            (Some(was), Some(is)) => {
                let sentence = format!("child {child}: {}, was {}", words::step(is), words::step(was));
                vec![self.draft(Code::StepArgs, change, "reap", sentence)]
            }
        }
    }

    /// Steps right behind a failure that both sides met.
    fn ignored_error(&self, change: &mut Change<'_>) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for line in 0..change.golden.len() {
            let Some(failed) = change.golden.get(line).filter(|step| is_action(step)) else { continue };
            let (Some(error), Some(place)) = (&failed.errno, change.place(line)) else { continue };
            let gone: Vec<usize> =
                (line + 1..change.golden.len()).take_while(|at| change.removed.contains(at)).collect();
            let new: Vec<usize> = (place + 1..change.run.len()).take_while(|at| change.added.contains(at)).collect();
            let (handler, now) = match (gone.first(), new.first()) {
                (Some(at), None) => (change.golden.get(*at), "no longer"),
                (None, Some(at)) => (change.run.get(*at), "now"),
                _ => continue,
            };
            let Some(handler) = handler else { continue };
            let text = self.called(&change.after.object);
            let verb = failed.verb.word();
            let sentence = format!("after {verb} {text}: {}, {now} {} it", words::plain(error), does(handler));
            for at in &gone {
                change.removed.remove(at);
            }
            for at in &new {
                change.added.remove(at);
            }
            drafts.push(self.draft(Code::ErrIgnored, change, verb, sentence));
        }
        drafts
    }

    /// A check by name, then an open by name, where the other side has only one open.
    fn checked_by_name(&self, change: &mut Change<'_>) -> Vec<Draft> {
        let (was, is) = (checks_then_opens(&change.golden), checks_then_opens(&change.run));
        if was == is || !change.golden.iter().any(|step| step.verb == Verb::Open) {
            return Vec::new();
        }
        let text = self.called(&change.after.object);
        let sentence = if is {
            format!("{text}: checked by name, then opened again by name")
        } else {
            format!("{text}: no longer checked by name and opened again")
        };
        let part =
            |step: &Step| step.verb.class() == VerbClass::Predicate || matches!(step.verb, Verb::Open | Verb::Close);
        change.take_added(part);
        change.take_removed(part);
        vec![self.draft(Code::Toctou, change, "toctou", sentence)]
    }

    fn unclosed(&self, change: &mut Change<'_>) -> Vec<Draft> {
        let (was, is) = (open_at_end(&change.golden), open_at_end(&change.run));
        let text = self.called(&change.after.object);
        let close = |step: &Step| step.verb == Verb::Close;
        let opened = change.run.iter().chain(&change.golden).any(|step| opens(step));
        if !opened {
            return Vec::new();
        }
        if was <= 0 && is > 0 {
            change.take_removed(close);
            let again = |step: &Step| opens(step) || step.verb.class() == VerbClass::Predicate;
            if is == 1 && was == 0 && change.added.iter().all(|at| change.run.get(*at).is_some_and(|step| again(step)))
            {
                change.take_added(again);
            }
            return vec![
                self.draft(Code::FdLeak, change, "close", format!("{text}: never closed, was closed")).missing(),
            ];
        }
        if was > 0 && is <= 0 {
            change.take_added(close);
            return vec![self.draft(Code::FdLeak, change, "close", format!("{text}: now closed, was never closed"))];
        }
        Vec::new()
    }

    /// One way of syncing in the place of another: the same finding as that of the durability line.
    fn other_sync(&self, change: &mut Change<'_>) -> Vec<Draft> {
        let sync = |step: &Step| matches!(step.verb, Verb::Fsync | Verb::Fdatasync | Verb::Syncfs);
        let pairs = change.pairs(|was, is| sync(was) && sync(is) && was.verb != is.verb && was.errno == is.errno);
        let mut drafts = Vec::new();
        for (old, new) in pairs {
            let (Some(was), Some(is)) = (change.golden.get(old), change.run.get(new)) else { continue };
            let text = self.called(&change.after.object);
            let sentence = format!("{text}: {} instead of {}", is.verb.word(), was.verb.word());
            change.take(old, new);
            drafts.push(self.draft(Code::DurFsync, change, "sync-kind", sentence).severity(Severity::Warning));
        }
        drafts.truncate(1);
        drafts
    }

    /// The same read with other bytes.
    fn other_content(&self, change: &mut Change<'_>) -> Vec<Draft> {
        let reads = |step: &Step| matches!(step.verb, Verb::Read | Verb::Recv | Verb::Map | Verb::List);
        let pairs = change.pairs(|was, is| {
            reads(was) && was.verb == is.verb && was.errno == is.errno && content_hash(was) != content_hash(is)
        });
        let mut drafts = Vec::new();
        for (old, new) in pairs {
            let (Some(was), Some(is)) = (change.golden.get(old), change.run.get(new)) else { continue };
            let text = self.called(&change.after.object);
            let sentence = match was.verb {
                Verb::List => format!("lists other names in {text}"),
                verb => {
                    let how = if verb == Verb::Recv { "receives" } else { "reads" };
                    format!("{how} other content from {text}: {}", self.first_byte(was, is))
                }
            };
            let verb = was.verb.word();
            change.take(old, new);
            drafts.push(self.draft(Code::InBytes, change, verb, sentence));
        }
        drafts.truncate(1);
        drafts
    }

    fn first_byte(&self, was: &Step, is: &Step) -> String {
        let bytes = |step: &Step, contents: &'a crate::content::Contents| {
            content_hash(step).flatten().and_then(|hash| contents.get(hash)).map(|bytes| &**bytes)
        };
        let (before, after) = (bytes(was, self.contents), bytes(is, &self.form.contents));
        let same_length = |step: &Step| span_len(step);
        match (before, after) {
            (Some(before), Some(after)) => {
                let at = before.iter().zip(after).take_while(|(a, b)| a == b).count();
                format!("byte {at}")
            }
            _ if same_length(was) != same_length(is) => {
                Contrast { before: None, after: None, lengths: (same_length(was), same_length(is)) }.sentence()
            }
            _ => "its content differs".into(),
        }
    }

    /// Observations made more or less often.
    fn repeats(&self, change: &mut Change<'_>, counts: &[CountChange]) -> Vec<Draft> {
        let observes = |step: &Step| step.verb.class() == VerbClass::Predicate;
        let mut drafts = Vec::new();
        let before = Known::of(&change.golden);
        let after: HashSet<&Step> = change.run.iter().copied().collect();
        let known_before = |step: &Step| before.has(step);
        let known_after = |step: &Step| {
            after.contains(step) || (is_wild(step) && change.run.iter().any(|other| line_accepts(step, other)))
        };
        let added: Vec<usize> = change.added.iter().copied().collect();
        let removed: Vec<usize> = change.removed.iter().copied().collect();
        let all_added =
            added.iter().all(|at| change.run.get(*at).is_some_and(|step| observes(step) && known_before(step)));
        let all_removed =
            removed.iter().all(|at| change.golden.get(*at).is_some_and(|step| observes(step) && known_after(step)));
        let step = |at: &usize| change.run.get(*at).copied();
        let line = |at: &usize| change.golden.get(*at).copied();
        let telling = |step: &&Step| !matches!(step.verb, Verb::Eof);
        let chosen = if !all_added || !all_removed {
            None
        } else {
            let more: Vec<&Step> = added.iter().filter_map(step).chain(removed.iter().filter_map(line)).collect();
            more.iter().copied().find(telling).or(more.first().copied())
        };
        if let Some(chosen) = chosen {
            let (was, is) = (self.times_before(change, chosen), self.times_after(change, chosen));
            change.added.clear();
            change.removed.clear();
            drafts.push(self.repeat(change, chosen, was, is));
        }
        for count in counts {
            let Some(step) = change.run.get(count.form).copied() else { continue };
            if observes(step) {
                if drafts.is_empty() {
                    drafts.push(self.repeat(change, step, count.before, count.after));
                }
            } else {
                drafts.push(self.recount(change, step, count));
            }
        }
        drafts
    }

    fn recount(&self, change: &Change<'_>, step: &Step, count: &CountChange) -> Draft {
        let code = if count.after > count.before.high { Code::StepNew } else { Code::StepGone };
        let (does, text) = (words::step(step), self.called(&change.after.object));
        let was = super::facts::range(count.before);
        let sentence = format!("{text}: {does} {}, was {was}", words::times(count.after));
        self.draft(code, change, step.verb.word(), sentence)
    }

    fn repeat(&self, change: &Change<'_>, step: &Step, was: Number, is: u64) -> Draft {
        let text = self.called(&change.after.object);
        let was = match was {
            Number { low, high } if low == high && is < 3 => words::times(low),
            Number { low, high } if low == high => low.to_string(),
            range => super::facts::range(range),
        };
        let what = if step.verb == Verb::Eof { format!("the end of {text}") } else { text };
        let sentence = format!("{} {what} {}, was {was}", does(step), words::times(is));
        self.draft(Code::IoRepeat, change, step.verb.word(), sentence)
    }

    fn times_before(&self, change: &Change<'_>, step: &Step) -> Number {
        let lines = change.before.steps.iter().filter(|(_, line)| line_accepts(line, step));
        let count = |presence: &Presence| match presence {
            Presence::Required => Number::exactly(1),
            Presence::Optional => Number { low: 0, high: 1 },
            Presence::Times(number) => *number,
        };
        lines
            .map(|(presence, _)| count(presence))
            .fold(Number::exactly(0), |a, b| Number { low: a.low + b.low, high: a.high + b.high })
    }

    fn times_after(&self, change: &Change<'_>, step: &Step) -> u64 {
        let same = change
            .run
            .iter()
            .zip(&change.after.steps)
            .filter(|(other, _)| **other == step || line_accepts(step, other));
        same.map(|(_, place)| u64::from(place.count)).sum()
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

impl<'a> Change<'a> {
    /// Lines and steps of one hunk that belong together, first with first.
    fn pairs(&self, fits: impl Fn(&Step, &Step) -> bool) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for hunk in self.hunks {
            let mut open: BTreeSet<usize> = hunk.added.iter().copied().filter(|at| self.added.contains(at)).collect();
            for old in hunk.removed.iter().copied().filter(|at| self.removed.contains(at)) {
                let Some(was) = self.golden.get(old) else { continue };
                let fits = |new: &&usize| self.run.get(**new).is_some_and(|is| fits(was, is));
                if let Some(new) = open.iter().take(NEAR).find(fits).copied() {
                    open.remove(&new);
                    pairs.push((old, new));
                }
            }
        }
        pairs
    }

    fn take(&mut self, old: usize, new: usize) {
        self.removed.remove(&old);
        self.added.remove(&new);
    }

    fn take_removed(&mut self, wanted: impl Fn(&Step) -> bool) -> Vec<&'a Step> {
        take(&mut self.removed, &self.golden, wanted)
    }

    fn take_added(&mut self, wanted: impl Fn(&Step) -> bool) -> Vec<&'a Step> {
        take(&mut self.added, &self.run, wanted)
    }

    /// The step of the run that is this line.
    fn place(&self, line: usize) -> Option<usize> {
        if self.places.is_empty() { Some(line) } else { self.places.get(line).copied().flatten().map(|at| at as usize) }
    }
}

fn take<'a>(open: &mut BTreeSet<usize>, steps: &[&'a Step], wanted: impl Fn(&Step) -> bool) -> Vec<&'a Step> {
    let mut taken = Vec::new();
    open.retain(|at| {
        let step = steps.get(*at).copied().filter(|step| wanted(step));
        taken.extend(step);
        step.is_none()
    });
    taken
}

fn shortened(mut all: Vec<String>) -> Vec<String> {
    if all.len() > SHOWN {
        let hidden = all.len() - SHOWN;
        all.splice(SHOWN / 2..SHOWN / 2 + hidden, [format!("... {hidden} more ...")]);
    }
    all
}

fn only_cloexec(was: &Step, is: &Step) -> bool {
    let flag = |arg: &&Arg| matches!(arg, Arg::Word(word) if word.as_str() == "cloexec");
    let rest = |step: &Step| step.args.iter().filter(|arg| !flag(arg)).cloned().collect::<Vec<_>>();
    was.args.len() != is.args.len() && rest(was) == rest(is)
}

/// May these be one call with two outcomes? What a failed observation would have shown is not there.
fn comparable(was: &Step, is: &Step) -> bool {
    was.args == is.args || was.verb.class() == VerbClass::Predicate && (was.args.is_empty() || is.args.is_empty())
}

fn is_bad_close(step: &Step) -> bool {
    step.verb == Verb::Close && step.errno.as_deref() == Some("EBADF")
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

fn opens(step: &Step) -> bool {
    step.errno.is_none()
        && matches!(step.verb, Verb::Open | Verb::Connect | Verb::Accept | Verb::Create | Verb::Dup | Verb::Bind)
}

/// Descriptors that nobody closes.
fn open_at_end(steps: &[&Step]) -> i64 {
    let mut open = 0;
    for step in steps {
        open += i64::from(opens(step) && step.verb != Verb::Bind);
        open -= i64::from(step.verb == Verb::Close && step.errno.is_none());
    }
    open
}

/// Is a name checked while it is not open, and opened afterwards, although it was open or is opened again?
fn checks_then_opens(steps: &[&Step]) -> bool {
    let (mut open, mut checked) = (0i64, false);
    for step in steps {
        match step.verb {
            Verb::Stat | Verb::Access if open <= 0 => checked = true,
            Verb::Open if checked => return true,
            Verb::Open if step.errno.is_none() => open += 1,
            Verb::Close => open -= 1,
            _ => {}
        }
    }
    false
}

fn lock_word(step: &Step) -> String {
    let kind = if has_flag(step, &["sh"]) { "SH" } else { "EX" };
    if step.verb == Verb::Lock {
        format!("LOCK_{kind}")
    } else if kind == "SH" {
        "F_RDLCK".into()
    } else {
        "F_WRLCK".into()
    }
}

fn first_words(step: &Step) -> String {
    match step.args.first() {
        Some(Arg::Word(word) | Arg::Field(_, word)) => words::value(word),
        _ => step.verb.word().into(),
    }
}

fn span_len(step: &Step) -> Option<u64> {
    step.args
        .iter()
        .find_map(|arg| if let Arg::Span(from, Some(to)) = arg { Some(to.saturating_sub(*from)) } else { None })
}

/// Lines of a golden, asked for many steps.
struct Known<'a> {
    exact: HashSet<&'a Step>,
    wild: Vec<&'a Step>,
}

impl<'a> Known<'a> {
    fn of(lines: &[&'a Step]) -> Known<'a> {
        let mut wild: Vec<&Step> = lines.iter().copied().filter(|line| is_wild(line)).collect();
        wild.sort();
        wild.dedup();
        Known { exact: lines.iter().copied().collect(), wild }
    }

    fn has(&self, step: &Step) -> bool {
        self.exact.contains(step) || self.wild.iter().any(|line| line_accepts(line, step))
    }
}

/// Is it the line, wildcards included?
fn line_accepts(line: &Step, step: &Step) -> bool {
    line == step
        || (line.verb == step.verb
            && line.errno == step.errno
            && line.args.len() == step.args.len()
            && line.args.iter().zip(step.args.iter()).all(|(rule, arg)| crate::compare::arg_accepts(rule, arg, None)))
}

/// `reads`, `stats`: what somebody does with an object.
pub(super) fn does(step: &Step) -> String {
    match step.verb {
        Verb::Access => "checks access to".into(),
        Verb::Eof => "reads".into(),
        Verb::Map => "maps".into(),
        Verb::Open if has_flag(step, &["creat", "trunc", "w", "rw"]) => "writes".into(),
        Verb::Recv => "receives from".into(),
        Verb::Send => "sends to".into(),
        Verb::Connect => "connects to".into(),
        Verb::Spawn => "starts".into(),
        Verb::Reap => "waits for".into(),
        Verb::Umask => "sets umask".into(),
        Verb::Rewrite => "writes".into(),
        Verb::Mkdir => "makes directory".into(),
        Verb::Fsync | Verb::Fdatasync | Verb::Syncfs | Verb::Msync => "syncs".into(),
        verb => third_person(verb.word()),
    }
}

/// `reading`, `syncing`.
pub(super) fn doing(step: &Step) -> String {
    match step.verb {
        Verb::Access => "checking access to".into(),
        Verb::Eof | Verb::Read => "reading".into(),
        Verb::Open if has_flag(step, &["creat", "trunc", "w", "rw"]) => "writing".into(),
        Verb::Write | Verb::Rewrite => "writing".into(),
        Verb::Recv => "receiving from".into(),
        Verb::Send => "sending to".into(),
        Verb::Connect => "connecting to".into(),
        Verb::Spawn => "starting".into(),
        Verb::Reap => "waiting for".into(),
        Verb::Umask => "setting umask".into(),
        Verb::Mkdir => "making directory".into(),
        Verb::Fsync | Verb::Fdatasync | Verb::Syncfs | Verb::Msync => "syncing".into(),
        verb => gerund(verb.word()),
    }
}

fn third_person(verb: &str) -> String {
    if verb.ends_with(['s', 'h', 'x']) { format!("{verb}es") } else { format!("{verb}s") }
}

fn gerund(verb: &str) -> String {
    match verb.strip_suffix('e') {
        Some(stem) => format!("{stem}ing"),
        None if matches!(verb, "stat" | "map" | "chmod" | "plan") => {
            let last = verb.chars().last().unwrap_or('t');
            format!("{verb}{last}ing")
        }
        None => format!("{verb}ing"),
    }
}
