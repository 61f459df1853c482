//! Outliers: a run that went another way than the others poisons what is learned from it.
//!
//! In: canonical forms. Out: the runs that end otherwise, fail otherwise or touch other objects than the run
//! that is nearest to all.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use crate::explain::words;
use crate::form::Form;
use crate::model::{Arg, ObjectRef, Step, Verb, VerbClass};

/// Object sets further apart than this many hundredths are of another kind.
const APART: usize = 20;

/// A run that differs from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlier {
    /// Which one, from 1.
    pub run: usize,
    /// How, in words.
    pub differs: Vec<String>,
}

/// What is held against each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Signature {
    exits: BTreeMap<String, BTreeSet<String>>,
    errors: BTreeMap<(String, &'static str), BTreeSet<String>>,
    objects: BTreeSet<ObjectRef>,
}

/// The outliers among these runs.
pub(super) fn outliers(forms: &[Form], names: &Names) -> Vec<Outlier> {
    let signatures: Vec<Signature> = forms.iter().map(|form| Signature::of(form, names)).collect();
    let distance = |a: &Signature| signatures.iter().map(|b| a.distance(b)).sum::<usize>();
    let Some(medoid) = signatures.iter().min_by_key(|signature| (distance(signature), *signature)) else {
        return Vec::new();
    };
    let differs = signatures.iter().map(|signature| signature.against(medoid));
    let found = differs.enumerate().filter(|(_, differs)| !differs.is_empty());
    found.map(|(at, differs)| Outlier { run: at + 1, differs }).collect()
}

impl Signature {
    fn of(form: &Form, names: &Names) -> Signature {
        let mut signature = Signature { exits: BTreeMap::new(), errors: BTreeMap::new(), objects: BTreeSet::new() };
        for process in &form.processes {
            let key = process.key.0.to_string();
            signature.exits.entry(key.clone()).or_default().insert(words::exit(&process.exit));
            for stream in &process.streams {
                let name = names.canonical(&stream.object.name).clone();
                if !super::is_runtime(&name) {
                    signature.objects.insert(ObjectRef { kind: stream.object.kind, name });
                }
                let steps = stream.steps.iter().filter_map(|step| form.steps.get(step.step as usize));
                for step in steps.filter(|step| is_action(step)) {
                    let error = step.errno.as_deref().unwrap_or("ok").to_string();
                    signature.errors.entry((key.clone(), step.verb.word())).or_default().insert(error);
                }
            }
        }
        signature
    }

    fn distance(&self, other: &Signature) -> usize {
        100 * (differing(&self.exits, &other.exits).len() + self.errors_against(other).len())
            + self.objects_apart(other)
    }

    /// Jaccard distance of the objects, in hundredths.
    fn objects_apart(&self, other: &Signature) -> usize {
        let all = self.objects.union(&other.objects).count();
        let both = self.objects.intersection(&other.objects).count();
        ((all - both) * 100).checked_div(all).unwrap_or(0)
    }

    /// Errors that only one of the two met, by process and verb.
    fn errors_against(&self, other: &Signature) -> Vec<(String, &'static str)> {
        let failed = |errors: &BTreeMap<(String, &'static str), BTreeSet<String>>| {
            let only_failures = |set: &BTreeSet<String>| set.iter().filter(|e| *e != "ok").cloned().collect();
            errors
                .iter()
                .map(|(key, set)| (key.clone(), only_failures(set)))
                .filter(|(_, set): &(_, BTreeSet<String>)| !set.is_empty())
                .collect::<BTreeMap<_, _>>()
        };
        differing(&failed(&self.errors), &failed(&other.errors))
    }

    fn against(&self, medoid: &Signature) -> Vec<String> {
        let mut differs = Vec::new();
        let list = |set: Option<&BTreeSet<String>>| {
            set.map_or("nothing".into(), |set| set.iter().cloned().collect::<Vec<_>>().join(", "))
        };
        for key in differing(&self.exits, &medoid.exits) {
            let (here, there) = (list(self.exits.get(&key)), list(medoid.exits.get(&key)));
            differs.push(format!("{key}: {here}, was {there} in the others"));
        }
        for key in self.errors_against(medoid) {
            let (here, there) = (list(self.errors.get(&key)), list(medoid.errors.get(&key)));
            differs.push(format!("{} {}: {here}, was {there} in the others", key.0, key.1));
        }
        let apart = self.objects_apart(medoid);
        if apart > APART {
            let only = |a: &Signature, b: &Signature| {
                let names: Vec<String> = a.objects.difference(&b.objects).take(5).map(words::object_of).collect();
                if names.is_empty() { "none".into() } else { names.join(", ") }
            };
            let (here, there) = (only(self, medoid), only(medoid, self));
            differs.push(format!("{apart} % of its objects are others: only here {here}; only in the others {there}"));
        }
        differs
    }
}

/// Keys whose values are not the same on both sides.
fn differing<K: Ord + Clone, V: PartialEq>(a: &BTreeMap<K, V>, b: &BTreeMap<K, V>) -> Vec<K> {
    let keys: BTreeSet<&K> = a.keys().chain(b.keys()).collect();
    keys.into_iter().filter(|key| a.get(key) != b.get(key)).cloned().collect()
}

/// Does it change something? `open` does when it creates or truncates.
pub(crate) fn is_action(step: &Step) -> bool {
    step.verb.class() == VerbClass::Action || (step.verb == Verb::Open && has_flag(step, &["creat", "trunc"]))
}

/// Has it one of these words among its arguments?
pub(crate) fn has_flag(step: &Step, flags: &[&str]) -> bool {
    step.args.iter().any(|arg| matches!(arg, Arg::Word(word) if flags.contains(&word.as_str())))
}
