//! Facts, durability, shapes and inputs of a process, and how it was started and ended.

use std::collections::{BTreeMap, BTreeSet};

use super::steps::Numbers;
use super::{Comparing, Difference};
use crate::form::FormProcess;
use crate::golden::{ExitRule, FactRule, Number, Presence, ProcLine, Stream};
use crate::inputs::Wanted;
use crate::learn::{default_fact, fact_word, is_runtime};
use crate::model::{Durability, Exit, Fact, Input, InputKind, ObjectRef, ProcKey};
use crate::pattern::accepts;
use crate::shape::{self, Moved};
use crate::value::Value;

/// Executable and arguments as the line says.
pub(super) fn runs_the_same(line: &ProcLine, process: &FormProcess) -> bool {
    let any = line.args.len() == 1 && line.args.first().is_some_and(|arg| arg.as_str() == "*");
    let args = line.args.len() == process.args.len() && line.args.iter().zip(&process.args).all(|(r, v)| accepts(r, v));
    accepts(&line.exe, &process.exe) && (any || args)
}

/// It ended as the line says.
pub(super) fn ends_right(line: &ProcLine, process: &FormProcess) -> bool {
    match (&line.exit, &process.exit) {
        (ExitRule::Any, _) => true,
        (ExitRule::Is(wanted), exit) => wanted == exit,
        (ExitRule::OneOf(codes), Exit::Exited(code)) => codes.contains(code),
        (ExitRule::OneOf(_), _) => false,
    }
}

impl<'a> Comparing<'a, '_> {
    pub(super) fn facts(&mut self, key: &'a ProcKey, process: &'a FormProcess) {
        let rules: BTreeMap<&'a str, &'a FactRule> =
            self.golden.facts.iter().filter(|(of, ..)| of == key).map(|(_, name, rule)| (&**name, rule)).collect();
        let names: BTreeSet<&'a str> = rules.keys().copied().chain(process.facts.keys().map(|name| &**name)).collect();
        for name in names {
            let found = process.facts.get(name).cloned().unwrap_or_else(|| default_fact(name));
            let rule = rules.get(name).copied().cloned().unwrap_or_else(|| rule_of(&default_fact(name)));
            let rule = self.with_cpus(rule);
            if !fact_holds(name, &rule, &found) {
                let numbers = match (&rule, &found) {
                    (FactRule::Number(before), Fact::Number(after)) => Some((*before, *after)),
                    _ => None,
                };
                let (before, after) = (rule_word(&rule), fact_word(&found).to_string());
                self.out.list.push(Difference::Fact { process: key, key: name, before, after, numbers });
            }
        }
    }

    /// `cpus+2` on this machine.
    fn with_cpus(&self, rule: FactRule) -> FactRule {
        let more = |rule: &FactRule| match rule {
            FactRule::Word(word) => word.as_str().strip_prefix("cpus+")?.parse::<u64>().ok(),
            FactRule::Number(_) => None,
        };
        let cpus = u64::from(self.form.class.cpus);
        more(&rule).map_or(rule, |more| FactRule::Number(Number::exactly(cpus.saturating_add(more))))
    }

    pub(super) fn durability(&mut self, key: &'a ProcKey, process: &'a FormProcess) {
        for (_, name, rule) in self.golden.durability.iter().filter(|(of, ..)| of == key) {
            let same = |found: &&'a Value| self.names.canonical(found) == name;
            for found in process.durability.keys().filter(same) {
                let Some(after) = process.durability.get(found) else { continue };
                if !durable(&rule.fields, after) {
                    let (name, before) = (found.to_string(), &rule.fields);
                    self.out.list.push(Difference::Durability { process: key, name, before, after });
                }
            }
        }
    }

    pub(super) fn shapes(&mut self, key: &'a ProcKey, process: &'a FormProcess, numbers: &Numbers<'_>) {
        let lines: BTreeMap<(&'a ObjectRef, &'a str), Number> = self
            .golden
            .shapes
            .iter()
            .filter(|line| line.process == *key)
            .map(|line| ((&line.object, &*line.family), line.count))
            .collect();
        let mut keys: BTreeSet<(&'a ObjectRef, &'a str)> = lines.keys().copied().collect();
        keys.extend(process.shapes.keys().map(|(object, family)| (object, &**family)));
        let bases: Vec<(&ObjectRef, &str)> = keys.iter().map(|(o, family)| (*o, shape::base_family(family))).collect();
        keys.extend(bases);
        if keys.is_empty() {
            return;
        }
        let of_golden = numbers.of_process(key).iter().filter_map(|at| self.golden.streams.get(*at));
        let of_golden: BTreeMap<&ObjectRef, &Stream> = of_golden.map(|stream| (&stream.object, stream)).collect();
        let of_run = Moved::by(process, self.form);
        for (object, family) in keys {
            let (Some(before), Some(after)) = (of_golden.get(object), of_run.count(object, family)) else { continue };
            let Some(before) = shape_of_golden(before, family, &lines) else { continue };
            let fits =
                after.saturating_add(1) >= before.low / 2 && after <= before.high.saturating_mul(2).saturating_add(1);
            let (gone, new) = (before.low > 0 && after == 0, before.high == 0 && after > 0);
            if !fits || gone || new {
                let (object, family) = (object.clone(), family.to_string());
                self.out.list.push(Difference::Shape { process: key, object, family, before, after });
            }
        }
    }

    pub(super) fn inputs(&mut self) {
        let wanted = Wanted::of_form(self.form, self.options);
        let mut found: BTreeMap<Input, BTreeSet<&Value>> = BTreeMap::new();
        for input in self.form.processes.iter().flat_map(|process| &process.inputs).filter(|input| wanted.counts(input))
        {
            let name = self.names.canonical(&input.name).clone();
            found.entry(Input { kind: input.kind, name }).or_default().insert(&input.name);
        }
        let wanted = Wanted::of_golden(self.golden, self.options);
        for (presence, input) in self.golden.inputs.iter().filter(|(_, input)| wanted.counts(input)) {
            let seen = match input.kind {
                InputKind::Env => match &self.form.environment {
                    Some(names) => u64::from(names.contains(&input.name)),
                    None => {
                        let what = "the environment that the program was given is not known, and it is compared";
                        self.out.unmeasured.push(what.into());
                        continue;
                    }
                },
                _ => found.remove(input).map_or(0, |names| names.len() as u64),
            };
            if !super::right(*presence, seen) {
                self.out.list.push(Difference::Input { input: input.clone(), new: seen > 0, count: seen });
            }
        }
        let new = found.into_iter().filter(|(input, _)| !is_runtime(&input.name));
        let new = new.map(|(input, names)| Difference::Input { input, new: true, count: names.len() as u64 });
        self.out.list.extend(new);
    }
}

/// As written, or one call for each range of the stream.
fn shape_of_golden(stream: &Stream, family: &str, lines: &BTreeMap<(&ObjectRef, &str), Number>) -> Option<Number> {
    let stated = |family: &str| lines.get(&(&stream.object, family)).copied();
    stated(family).or_else(|| shape::stated_or_ranges(stream, family, &stated))
}

fn rule_of(fact: &Fact) -> FactRule {
    match fact {
        Fact::Number(n) => FactRule::Number(Number::exactly(*n)),
        Fact::Word(word) => FactRule::Word(word.clone()),
    }
}

fn rule_word(rule: &FactRule) -> String {
    match rule {
        FactRule::Number(Number { low, high }) if low == high => low.to_string(),
        FactRule::Number(Number { low, high }) => format!("{low} to {high}"),
        FactRule::Word(word) => word.to_string(),
    }
}

fn fact_holds(name: &str, rule: &FactRule, fact: &Fact) -> bool {
    match (rule, fact) {
        (FactRule::Number(range), Fact::Number(n)) if name.starts_with("sleep.") || name == "poll.empty" => {
            (range.low / 2..=range.high.saturating_mul(2)).contains(n)
        }
        (FactRule::Number(range), Fact::Number(n)) => range.accepts(*n),
        (FactRule::Word(rule), fact) => accepts(rule, &fact_word(fact)),
        (FactRule::Number(_), Fact::Word(_)) => false,
    }
}

fn durable(rule: &Durability, found: &Durability) -> bool {
    let field = |rule: &str, found: &str| accepts(&Value::from_syntax(rule), &Value::from_syntax(found));
    field(&rule.replace, &found.replace)
        && field(&rule.content_before_name, &found.content_before_name)
        && field(&rule.name_durable, &found.name_durable)
        && field(&rule.sync, &found.sync)
}

/// Is there anything that must be there?
pub(super) fn required(presence: Presence) -> bool {
    super::streams::range(presence).low > 0
}
