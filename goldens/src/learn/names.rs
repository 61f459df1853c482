//! Names that are others in every run: one pattern instead of many optional names.
//!
//! In: the names of objects, run by run. Out: which of them stand as they are, and patterns for the rest
//! (`$CWD/.git/objects/{hex:2}/{hex:38}`). Only names that look made up are taken together: a word with a digit
//! in it. Other names that come and go stay optional names.

use std::collections::{BTreeMap, BTreeSet};

use crate::golden::Golden;
use crate::pattern::{accepts, is_rule, join_names, name_tokens};
use crate::value::Value;

/// More groups than this are not looked at: the work grows with their square.
const MOST: usize = 512;

/// Names as a golden holds them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    patterns: Vec<Value>,
    exact: BTreeSet<Value>,
}

impl Names {
    /// From the names of each run.
    pub fn learned(runs: &[BTreeSet<Value>]) -> Names {
        let everywhere = |name: &Value| runs.iter().all(|run| run.contains(name));
        let all: BTreeSet<&Value> = runs.iter().flatten().collect();
        let (exact, others): (Vec<&Value>, Vec<&Value>) = all.into_iter().partition(|name| everywhere(name));
        Names { patterns: patterns(&others), exact: exact.into_iter().cloned().collect() }
    }

    /// Those that a golden holds.
    pub fn of(golden: &Golden) -> Names {
        let streams = golden.streams.iter().map(|stream| &stream.object.name);
        let ends = golden.ends.iter().map(|end| &end.name);
        let inputs = golden.inputs.iter().map(|(_, input)| &input.name);
        let (patterns, exact) = streams.chain(ends).chain(inputs).cloned().partition::<BTreeSet<_>, _>(is_rule);
        Names { patterns: patterns.into_iter().collect(), exact }
    }

    /// Are there any patterns?
    pub fn any_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// The name or the pattern that stands for it.
    pub fn canonical<'a>(&'a self, name: &'a Value) -> &'a Value {
        if self.patterns.is_empty() || self.exact.contains(name) {
            return name;
        }
        self.patterns.iter().find(|pattern| accepts(pattern, name)).unwrap_or(name)
    }

    /// Is it one of the patterns?
    pub fn is_pattern(&self, name: &Value) -> bool {
        self.patterns.contains(name)
    }
}

fn patterns(names: &[&Value]) -> Vec<Value> {
    let mut groups: BTreeMap<Vec<Option<&str>>, Vec<&Value>> = BTreeMap::new();
    for name in names {
        let tokens = name_tokens(name.as_str());
        let key: Vec<Option<&str>> = tokens.into_iter().map(|token| (!made_up(token)).then_some(token)).collect();
        groups.entry(key).or_default().push(name);
    }
    let groups = merged(groups.into_iter().collect());
    let useful = |(key, names): &(Vec<Option<&str>>, Vec<&Value>)| names.len() > 1 && key.contains(&None);
    let pattern = |(_, names): (Vec<Option<&str>>, Vec<&Value>)| join_names(names);
    groups.into_iter().filter(useful).map(pattern).filter(|pattern| pattern.as_str() != "*").collect()
}

type Group<'a> = (Vec<Option<&'a str>>, Vec<&'a Value>);

/// `objects/ab/…` joins `objects/0c/…`: where one of two groups made the word up, the other did too.
fn merged(groups: Vec<Group<'_>>) -> Vec<Group<'_>> {
    if groups.len() > MOST {
        return groups;
    }
    let mut out: Vec<Group<'_>> = Vec::new();
    for (key, names) in groups {
        let fits = |other: &&mut Group<'_>| fit(&other.0, &key);
        match out.iter_mut().find(fits) {
            Some((both, all)) => {
                for (mine, word) in both.iter_mut().zip(&key) {
                    *mine = mine.and(*word);
                }
                all.extend(names);
            }
            None => out.push((key, names)),
        }
    }
    out
}

fn fit(a: &[Option<&str>], b: &[Option<&str>]) -> bool {
    let word = |token: &Option<&str>| token.is_none_or(|token| token.bytes().all(|b| b.is_ascii_alphanumeric()));
    let same = |(a, b): (&Option<&str>, &Option<&str>)| a == b || ((a.is_none() || b.is_none()) && word(a) && word(b));
    a.len() == b.len() && a.iter().any(Option::is_none) && b.iter().any(Option::is_none) && a.iter().zip(b).all(same)
}

/// A word with a digit in it.
fn made_up(token: &str) -> bool {
    !token.starts_with(['%', '$', '{']) && token.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(runs: &[&[&str]]) -> Names {
        let set = |names: &&[&str]| names.iter().map(|name| Value::from_syntax(*name)).collect();
        Names::learned(&runs.iter().map(set).collect::<Vec<_>>())
    }

    #[test]
    fn names_that_are_others_each_time_are_one_pattern() {
        let found = names(&[&["$CWD/o/ab/1f3e", "$CWD/a"], &["$CWD/o/0c/77aa", "$CWD/a"]]);
        assert_eq!(found.patterns.iter().map(Value::as_str).collect::<Vec<_>>(), ["$CWD/o/{hex:2}/{hex:4}"]);
        assert_eq!(found.canonical(&Value::from_syntax("$CWD/o/ee/0000")).as_str(), "$CWD/o/{hex:2}/{hex:4}");
        assert_eq!(found.canonical(&Value::from_syntax("$CWD/a")).as_str(), "$CWD/a");
    }

    #[test]
    fn plain_names_that_come_and_go_stay_names() {
        assert!(names(&[&["/a/lock"], &["/a/pid"], &[]]).patterns.is_empty());
    }
}
