//! Rules: steps with a meaning of their own. Each rule takes the steps that it can name.

use super::change::Change;
use super::content::Contrast;
use super::verbs::does;
use super::{Context, Draft, words};
use crate::finding::{Code, Severity};
use crate::learn::{content_hash, has_flag, is_action};
use crate::model::{Arg, ObjectKind, ProcKey, Step, Verb, VerbClass};

impl<'a> Context<'a> {
    /// Credentials, limits and calls that are never masked.
    pub(super) fn special(&self, change: &mut Change<'_>) -> Vec<Draft> {
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

    pub(super) fn by_verb(&self, process: &ProcKey, step: &Step, new: bool) -> Option<Draft> {
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

    pub(super) fn cloexec(&self, change: &mut Change<'_>) -> Vec<Draft> {
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
    pub(super) fn errors(&self, change: &mut Change<'_>) -> Vec<Draft> {
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

    pub(super) fn locks(&self, change: &mut Change<'_>) -> Vec<Draft> {
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

    pub(super) fn waits(&self, change: &mut Change<'_>) -> Vec<Draft> {
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
    pub(super) fn ignored_error(&self, change: &mut Change<'_>) -> Vec<Draft> {
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
    pub(super) fn checked_by_name(&self, change: &mut Change<'_>) -> Vec<Draft> {
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

    pub(super) fn unclosed(&self, change: &mut Change<'_>) -> Vec<Draft> {
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
    pub(super) fn other_sync(&self, change: &mut Change<'_>) -> Vec<Draft> {
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
    pub(super) fn other_content(&self, change: &mut Change<'_>) -> Vec<Draft> {
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

pub(super) fn is_bad_close(step: &Step) -> bool {
    step.verb == Verb::Close && step.errno.as_deref() == Some("EBADF")
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
