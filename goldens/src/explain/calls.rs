//! Calls: what changed in a thread, call by call.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Draft, words};
use crate::compare::ThreadDifference;
use crate::finding::Code;
use crate::form::Call;
use crate::model::{Arg, ObjectKind};

/// Calls of a side that a finding shows.
const SHOWN: usize = 10;

/// Calls on one object that differ.
#[derive(Default)]
struct Changed<'a> {
    gone: Vec<&'a Call>,
    new: Vec<&'a Call>,
    event: Option<u64>,
    recounted: bool,
}

impl Context<'_> {
    /// One finding for each object that the changed calls of a thread are about.
    pub(super) fn thread(&self, found: &ThreadDifference<'_>) -> Vec<Draft> {
        let (before, after) = match (found.before, found.after.as_ref()) {
            (Some(before), Some(after)) => (before, after),
            (Some(before), None) => return vec![self.thread_alone(found, &before.thread, false)],
            (None, Some(after)) => return vec![self.thread_alone(found, after.key, true)],
            (None, None) => return Vec::new(),
        };
        let mut by_object: BTreeMap<String, Changed<'_>> = BTreeMap::new();
        for hunk in &found.diff.hunks {
            for call in hunk.removed.iter().filter_map(|at| before.calls.get(*at)) {
                by_object.entry(object(&call.1)).or_default().gone.push(&call.1);
            }
            for step in hunk.added.iter().filter_map(|at| after.calls.get(*at)) {
                let Some(call) = self.form.calls.get(step.step as usize) else { continue };
                let changed = by_object.entry(object(call)).or_default();
                changed.event = changed.event.or(Some(step.event));
                changed.new.push(call);
            }
        }
        for count in &found.diff.counts {
            let Some(step) = after.calls.get(count.form) else { continue };
            let Some(call) = self.form.calls.get(step.step as usize) else { continue };
            let changed = by_object.entry(object(call)).or_default();
            changed.event = changed.event.or(Some(step.event));
            changed.recounted = true;
            if count.after > count.before.high { changed.new.push(call) } else { changed.gone.push(call) }
        }
        by_object.into_iter().map(|(object, changed)| self.calls(found, &before.thread, &object, &changed)).collect()
    }

    fn thread_alone(&self, found: &ThreadDifference<'_>, thread: &str, new: bool) -> Draft {
        let (code, now) = if new { (Code::CallNew, "now has") } else { (Code::CallGone, "no longer has") };
        let draft = Draft::new(code, found.process, format!("{now} thread {}", words::plain(thread))).attribute(thread);
        if new { draft } else { draft.missing() }
    }

    fn calls(&self, found: &ThreadDifference<'_>, thread: &str, object: &str, changed: &Changed<'_>) -> Draft {
        let Changed { gone, new, event, recounted } = changed;
        let sorted = |calls: &[&Call]| {
            let mut calls: Vec<Call> = calls.iter().map(|call| (*call).clone()).collect();
            calls.sort();
            calls
        };
        let show = |calls: &[&Call]| calls.first().map(|call| format!("`{}`", words::call(call))).unwrap_or_default();
        let (code, what) = match (gone.len(), new.len()) {
            (a, b) if a == b && sorted(gone) == sorted(new) => {
                (Code::CallOrder, format!("{} at another place", show(new)))
            }
            (a, b) if a == b => (Code::CallArgs, format!("{} instead of {}", show(new), show(gone))),
            (a, b) if a < b => (
                Code::CallNew,
                format!("{} {}", if *recounted { "more of" } else { "now also" }, show(&extra(new, gone))),
            ),
            _ => (
                Code::CallGone,
                format!("{} {}", if *recounted { "fewer of" } else { "no longer" }, show(&extra(gone, new))),
            ),
        };
        let list = |calls: &[&Call]| calls.iter().take(SHOWN).map(|call| words::call(call)).collect();
        let sentence = format!("thread {}: {what}", words::plain(thread));
        let mut draft =
            Draft::new(code, found.process, sentence).attribute(thread).sides(list(gone), list(new)).event(*event);
        if new.is_empty() {
            draft = draft.missing();
        }
        if object.is_empty() { draft } else { draft.on(object, self) }
    }
}

/// Calls of the longer side whose name is not on the other, or all of them.
fn extra<'a>(many: &[&'a Call], few: &[&Call]) -> Vec<&'a Call> {
    let names: BTreeSet<&str> = few.iter().map(|call| &*call.name).collect();
    let other: Vec<&Call> = many.iter().copied().filter(|call| !names.contains(&*call.name)).collect();
    if other.is_empty() { many.iter().copied().skip(few.len()).collect() } else { other }
}

/// The object that a call is about: its first argument (or its result) of the form `kind:name`.
fn object(call: &Call) -> String {
    let named = |text: &str| {
        let (kind, name) = text.split_once(':')?;
        let kind = ObjectKind::ALL.iter().find(|other| other.word() == kind)?;
        Some(match kind {
            ObjectKind::Tcp | ObjectKind::Udp | ObjectKind::Unix => text.to_string(),
            _ => name.to_string(),
        })
    };
    let first = call.args.iter().find_map(|arg| if let Arg::Word(word) = arg { named(word.as_str()) } else { None });
    named(call.result.as_str()).or(first).unwrap_or_default()
}
