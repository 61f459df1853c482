//! Repeats: the same observations, more or less often.

use std::collections::HashSet;

use super::change::Change;
use super::verbs::does;
use super::{Context, Draft, words};
use crate::compare::{CountChange, is_wild};
use crate::finding::Code;
use crate::golden::{Number, Presence};
use crate::model::{Step, Verb, VerbClass};

impl Context<'_> {
    /// Observations made more or less often.
    pub(super) fn repeats(&self, change: &mut Change<'_>, counts: &[CountChange]) -> Vec<Draft> {
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
