//! Facts, durability and shapes in words.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Draft, words};
use crate::compare::{Difference, Differences};
use crate::finding::{Code, Severity};
use crate::golden::{Number, Presence};
use crate::model::{Arg, Durability, ObjectRef, ProcKey, Verb};
use crate::shape::base_family;

impl Context<'_> {
    pub(super) fn fact(
        &self,
        process: &ProcKey,
        key: &str,
        (before, after): (&str, &str),
        numbers: Option<(Number, u64)>,
    ) -> Option<Draft> {
        let (was, is) = (words::plain(before), words::plain(after));
        let (code, sentence) = match key {
            // Count and total are one finding: see `sleeps`.
            "sleep.count" | "sleep.total" => return None,
            "mem.wx" => (Code::MemWx, counted("maps writable and executable memory", numbers)),
            "mem.exec-anon" => (Code::MemWx, counted("maps executable anonymous memory", numbers)),
            "thread.count" => (Code::ThreadCount, threads(numbers, &was, &is)),
            "poll.empty" => {
                let number = numbers.map_or(is.clone(), |(_, n)| n.to_string());
                (Code::Poll, format!("polls {number} times without descriptors, was {was}"))
            }
            "sig.blocked" => (Code::SigDisp, format!("blocks other signals: {is}, was {was}")),
            "sched.policy" => (Code::Limit, format!("sets its scheduling policy: {is}, was {was}")),
            "sched.affinity" => (Code::Limit, format!("sets its CPUs: {is}, was {was}")),
            "prio" => (Code::Limit, format!("sets its priority: {is}, was {was}")),
            key => match (key.strip_prefix("sig.recv."), key.strip_prefix("sig.")) {
                (Some(signal), _) => (Code::SigGot, received(signal, numbers)),
                (None, Some(signal)) => (Code::SigDisp, disposition(signal, &was, &is)),
                (None, None) => (Code::StepArgs, format!("{}: {is}, was {was}", words::plain(key))),
            },
        };
        let sides = (vec![format!("{key} {was}")], vec![format!("{key} {is}")]);
        Some(Draft::new(code, process, sentence).attribute(key).sides(sides.0, sides.1))
    }

    /// Number and sum of sleeps are one finding per process.
    pub(super) fn sleeps(&self, all: &Differences<'_>) -> Vec<Draft> {
        let mut found: BTreeMap<&ProcKey, (&str, Number, u64)> = BTreeMap::new();
        for difference in &all.list {
            if let Difference::Fact { process, key, numbers: Some((before, after)), .. } = difference
                && key.starts_with("sleep.")
            {
                let total = *key == "sleep.total";
                if total || !found.contains_key(process) {
                    found.insert(process, (key, *before, *after));
                }
            }
        }
        let sentence = |key: &str, before: Number, after: u64| {
            if key == "sleep.count" {
                return format!("sleeps {}, was {}", words::times(after), range(before));
            }
            let (by, more) = if after > before.high {
                (after - before.high, "more")
            } else {
                (before.low.saturating_sub(after), "less")
            };
            format!("sleeps {by} ms {more}")
        };
        let draft = |(process, (key, before, after)): (&ProcKey, (&str, Number, u64))| {
            let draft = Draft::new(Code::Sleep, process, sentence(key, before, after)).attribute("sleep");
            draft.sides(vec![format!("{key} {}", range(before))], vec![format!("{key} {after}")])
        };
        found.into_iter().map(draft).collect()
    }

    pub(super) fn durability(
        &self,
        process: &ProcKey,
        name: &str,
        before: &Durability,
        after: &Durability,
    ) -> Vec<Draft> {
        let text = words::plain(self.last_name(name));
        let mut found: Vec<(Code, Severity, &str, String)> = Vec::new();
        if before.replace != after.replace {
            let sentence = self.replaced(name, &text, &before.replace, &after.replace);
            found.push((Code::FileInplace, Severity::Error, "replace", sentence));
        } else {
            found.extend(synced(&text, before, after));
            if before.name_durable != after.name_durable {
                let now = if &*after.name_durable == "yes" { "now" } else { "no longer" };
                let sentence = format!("directory of {text} {now} synced after the rename");
                found.push((Code::DurDirsync, Severity::Error, "name-durable", sentence));
            }
        }
        let draft = |(code, severity, attribute, sentence): (Code, Severity, &str, String)| {
            let draft = Draft::new(code, process, sentence).on(name, self).attribute(attribute).severity(severity);
            let (was, is) = self.steps_of_both(process, name);
            let (was, is) =
                if was.is_empty() && is.is_empty() { (vec![show(before)], vec![show(after)]) } else { (was, is) };
            let mut draft = draft.sides(was, is).event(self.first_change(name));
            draft.names.extend(super::ends::parents(&draft.names.clone()));
            draft
        };
        found.into_iter().map(draft).collect()
    }

    fn replaced(&self, name: &str, text: &str, before: &str, after: &str) -> String {
        match (before, after) {
            ("atomic", _) if self.copied(name) => format!("{text} is replaced by a copy, was a rename"),
            ("atomic", _) => format!("{text} is overwritten in place, was replaced atomically"),
            (_, "atomic") => format!("{text} is replaced atomically, was overwritten in place"),
            ("new", _) => format!("{text} is overwritten in place, was new"),
            (_, "new") => format!("{text} is new, was overwritten in place"),
            _ => format!("{text} is replaced otherwise: {after}, was {before}"),
        }
    }

    /// Does the run write what it also wrote under another name that it then removes?
    fn copied(&self, name: &str) -> bool {
        let streams = || self.form.processes.iter().flat_map(|process| &process.streams);
        let steps = |stream: &crate::form::FormStream| {
            let steps = stream.steps.iter().filter_map(|step| self.form.steps.get(step.step as usize));
            steps.cloned().collect::<Vec<_>>()
        };
        let written = |steps: &[crate::model::Step]| {
            let write = |step: &&crate::model::Step| matches!(step.verb, Verb::Write | Verb::Rewrite);
            steps.iter().filter(write).map(|step| step.args.clone()).collect::<Vec<_>>()
        };
        let own: BTreeSet<_> =
            streams().filter(|stream| stream.object.name.as_str() == name).flat_map(|s| written(&steps(s))).collect();
        let others = streams().filter(|stream| stream.object.name.as_str() != name).map(steps);
        let removed = others.filter(|steps| steps.iter().any(|step| step.verb == Verb::Unlink && step.errno.is_none()));
        removed.into_iter().any(|steps| written(&steps).iter().any(|args| own.contains(args)))
    }

    /// The steps of both sides on the object that ends with this name.
    fn steps_of_both(&self, process: &ProcKey, name: &str) -> (Vec<String>, Vec<String>) {
        let is = |object: &ObjectRef| {
            let syntax = words::object_syntax(object);
            self.last_name(&syntax) == self.last_name(name)
        };
        let golden = self.golden.streams.iter().find(|stream| stream.process == *process && is(&stream.object));
        let run = self.form.processes.iter().zip(self.keys).filter(|(_, key)| **key == process);
        let run = run.flat_map(|(process, _)| &process.streams).find(|stream| is(&stream.object));
        (
            golden.map(|stream| self.golden_side(stream)).unwrap_or_default(),
            run.map(|s| self.form_side(s)).unwrap_or_default(),
        )
    }

    fn first_change(&self, name: &str) -> Option<u64> {
        let streams = self.form.processes.iter().flat_map(|process| &process.streams);
        let named = streams.filter(|stream| self.last_name(stream.object.name.as_str()) == name);
        named.filter_map(|stream| stream.steps.first()).map(|step| step.event).min()
    }

    /// Shapes: one finding per object and direction.
    pub(super) fn shapes(&self, all: &Differences<'_>) -> Vec<Draft> {
        type Key<'k> = (&'k ProcKey, &'k ObjectRef, &'k str);
        let mut found: BTreeMap<Key<'_>, Vec<(&str, Number, u64)>> = BTreeMap::new();
        for difference in &all.list {
            if let Difference::Shape { process, object, family, before, after } = difference {
                found.entry((process, object, base_family(family))).or_default().push((family, *before, *after));
            }
        }
        let draft = |((process, object, base), families): (Key<'_>, Vec<(&str, Number, u64)>)| {
            let sentence = self.shape_sentence(object, base, &families);
            let side = |of: &dyn Fn(&(&str, Number, u64)) -> String| families.iter().map(of).collect::<Vec<_>>();
            let before = side(&|(family, before, _)| format!("{family} {}", range(*before)));
            let after = side(&|(family, _, after)| format!("{family} {after}"));
            Draft::new(Code::IoShape, process, sentence)
                .on(&words::object_syntax(object), self)
                .attribute(base)
                .sides(before, after)
                .event(self.first_change(self.last_name(&words::object_syntax(object))))
        };
        found.into_iter().map(draft).collect()
    }

    fn shape_sentence(&self, object: &ObjectRef, base: &str, families: &[(&str, Number, u64)]) -> String {
        let text = self.called(object);
        let does = match base {
            "read" => format!("reads {text}"),
            "recv" => format!("receives from {text}"),
            "send" => format!("sends to {text}"),
            _ => format!("writes {text}"),
        };
        let used = |(_, _, after): &&(&str, Number, u64)| *after > 0;
        let usual = |(_, before, _): &&(&str, Number, u64)| before.high > 0;
        let (new, old) = (families.iter().find(used), families.iter().find(usual));
        match (new, old) {
            (Some(("mmap", before, _)), _) if before.high == 0 => {
                format!("{text}: same content, now stored through a shared mapping")
            }
            (_, Some(("mmap", _, 0))) => format!("{text}: same content, no longer stored through a shared mapping"),
            (Some((new, ..)), Some((old, ..))) if new != old => format!("{does} with {new}, was {old}"),
            (Some((family, before, after)), _) if *family == base => {
                format!("{does} in {}, was {}", calls(*after), range(*before))
            }
            (Some((family, before, after)), _) => {
                format!("{does} in {} of {family}, was {}", calls(*after), range(*before))
            }
            (None, Some((family, before, after))) => {
                format!("{does} in {} of {family}, was {}", calls(*after), range(*before))
            }
            (None, None) => format!("{does} otherwise"),
        }
    }
}

fn calls(n: u64) -> String {
    if n == 1 { "1 call".into() } else { format!("{n} calls") }
}

fn show(durability: &Durability) -> String {
    let Durability { replace, content_before_name, name_durable, sync } = durability;
    format!("replace={replace} content-before-name={content_before_name} name-durable={name_durable} sync={sync}")
}

/// Syncs that are missing, others, or at another place.
fn synced(text: &str, before: &Durability, after: &Durability) -> Option<(Code, Severity, &'static str, String)> {
    let ordered = (&*before.content_before_name, &*after.content_before_name);
    let named = matches!(ordered, ("yes", "no") | ("no", "yes"));
    let now_later = ordered == ("yes", "no");
    let (was, is) = (&*before.sync, &*after.sync);
    let rename = if named || ordered.0 == "yes" || ordered.1 == "yes" { " before rename" } else { "" };
    match (was, is) {
        (_, "none") if was != "none" => {
            Some((Code::DurFsync, Severity::Error, "sync", format!("{text}: no longer synced{rename}")))
        }
        ("none", _) if is != "none" => {
            Some((Code::DurFsync, Severity::Error, "sync", format!("{text}: now synced{rename}")))
        }
        _ if named => {
            let sentence = format!("{text}: {is} now {} rename", if now_later { "after" } else { "before" });
            Some((Code::DurOrder, Severity::Error, "content-before-name", sentence))
        }
        _ if was != is => {
            Some((Code::DurFsync, Severity::Warning, "sync-kind", format!("{text}: {is} instead of {was}")))
        }
        _ => None,
    }
}

fn counted(what: &str, numbers: Option<(Number, u64)>) -> String {
    match numbers {
        Some((before, 0)) if before.high > 0 => format!("no longer {what}"),
        Some((before, after)) if before.high > 0 => format!("{what} {}, was {}", words::times(after), range(before)),
        _ => what.into(),
    }
}

fn threads(numbers: Option<(Number, u64)>, was: &str, is: &str) -> String {
    let Some((before, after)) = numbers else { return format!("starts {is} threads, was {was}") };
    let (by, how) =
        if after > before.high { (after - before.high, "more") } else { (before.low.saturating_sub(after), "fewer") };
    let noun = if by == 1 { "thread" } else { "threads" };
    format!("starts {by} {noun} {how} ({after}, was {})", range(before))
}

fn received(signal: &str, numbers: Option<(Number, u64)>) -> String {
    let signal = words::plain(signal);
    match numbers {
        Some((before, 0)) if before.high > 0 => format!("no longer receives {signal}"),
        Some((before, after)) if before.high > 0 => {
            format!("receives {signal} {}, was {}", words::times(after), range(before))
        }
        _ => format!("receives {signal}"),
    }
}

fn disposition(signal: &str, was: &str, is: &str) -> String {
    let has = |set: &str, word: &str| set.split(['+', '{', '|', '}']).any(|other| other == word);
    let signal = words::plain(signal);
    for (word, verb) in [("ignore", "ignores"), ("handler", "handles"), ("default", "resets")] {
        match (has(was, word), has(is, word)) {
            (false, true) if word != "default" || has(was, "ignore") || has(was, "handler") => {
                return match word {
                    "default" if has(was, "ignore") => format!("no longer ignores {signal}"),
                    "default" => format!("no longer handles {signal}"),
                    _ => format!("now {verb} {signal}"),
                };
            }
            (true, false) if word != "default" => return format!("no longer {verb} {signal}"),
            _ => {}
        }
    }
    format!("sets {signal} to {is}, was {was}")
}

/// `1`, `3 to 5`.
pub(super) fn range(number: Number) -> String {
    if number.low == number.high { number.low.to_string() } else { format!("{} to {}", number.low, number.high) }
}

/// How often something had to be there.
pub(super) fn range_words(presence: &Presence) -> String {
    match presence {
        Presence::Required => "once".into(),
        Presence::Optional => "once or never".into(),
        Presence::Times(number) if number.low == number.high => words::times(number.low),
        Presence::Times(number) => format!("{} times", range(*number)),
    }
}

/// `RLIMIT_NOFILE` and `4096` of an rlimit step.
pub(super) fn limit(args: &[Arg]) -> String {
    let words: Vec<String> = args
        .iter()
        .filter_map(|arg| match arg {
            Arg::Word(word) => Some(words::value(word)),
            Arg::Field(name, word) => Some(format!("{}={}", words::plain(name), words::value(word))),
            Arg::Span(..) | Arg::Hash(_) => None,
        })
        .collect();
    match words.split_first() {
        Some((name, [])) => format!("sets {name}"),
        Some((name, [soft, hard])) if soft == hard => format!("sets {name} to {soft}"),
        Some((name, values)) => format!("sets {name} to {}", values.join(" ")),
        None => "sets a limit".into(),
    }
}
