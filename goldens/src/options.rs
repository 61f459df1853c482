//! Options of a comparison.

use std::collections::BTreeMap;

use crate::finding::{Code, Severity};
use crate::model::Level;

/// What a comparison takes into account beside the level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How closely.
    pub level: Level,
    /// Is the root's executable compared?
    pub root: RootRule,
    /// Which processes are compared.
    pub processes: ProcessRule,
    /// What of standard error is.
    pub stderr: StderrRule,
    /// Is the order of standard output against standard error compared?
    pub merged: bool,
    /// Are runtime files, loader and libraries left out of the inputs?
    pub no_runtime_inputs: bool,
    /// Substitutions that a user gave: name, value.
    pub substs: Vec<(String, Vec<u8>)>,
    /// `CODE[:OBJECT]` that may vary although it is never masked.
    pub allow: Vec<(String, Option<String>)>,
    /// Learn in spite of outliers.
    pub accept_outliers: bool,
    /// Learn although less than 60 % is asserted.
    pub accept_loose: bool,
    /// One run is enough.
    pub single: bool,
    /// Are runs held to one CPU? What a program does may follow their number.
    pub one_cpu: bool,
    /// Severities that are not those of the code.
    pub severities: BTreeMap<Code, Severity>,
    /// The least severity that makes a run different.
    pub fail_on: Severity,
}

/// The root's executable and argv.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RootRule {
    /// The same.
    #[default]
    Same,
    /// Not compared.
    Any,
}

/// The process tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProcessRule {
    /// Tree, argv, exit.
    #[default]
    Exact,
    /// The multiset of commands run.
    Commands,
    /// Only the root's exit.
    Ignore,
}

/// Standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StderrRule {
    /// The same bytes.
    #[default]
    Exact,
    /// Empty or not.
    NonEmpty,
    /// Not compared.
    Ignore,
}

impl Options {
    /// The defaults at this level.
    pub fn at(level: Level) -> Options {
        Options {
            level,
            root: RootRule::default(),
            processes: ProcessRule::default(),
            stderr: StderrRule::default(),
            merged: false,
            no_runtime_inputs: false,
            substs: Vec::new(),
            allow: Vec::new(),
            accept_outliers: false,
            accept_loose: false,
            single: false,
            one_cpu: false,
            severities: BTreeMap::new(),
            fail_on: Severity::Error,
        }
    }

    /// Those of the comparison that are not at their default, as a golden holds them: sorted by name.
    pub fn lines(&self) -> Vec<(Box<str>, Box<str>)> {
        let mut lines: Vec<(&str, &str)> = Vec::new();
        if self.one_cpu {
            lines.push(("cpus", "1"));
        }
        if self.no_runtime_inputs {
            lines.push(("inputs", "no-runtime"));
        }
        if self.merged {
            lines.push(("interleave", "merged"));
        }
        match self.processes {
            ProcessRule::Exact => {}
            ProcessRule::Commands => lines.push(("processes", "commands")),
            ProcessRule::Ignore => lines.push(("processes", "ignore")),
        }
        if self.root == RootRule::Any {
            lines.push(("root", "any"));
        }
        match self.stderr {
            StderrRule::Exact => {}
            StderrRule::NonEmpty => lines.push(("stderr", "nonempty")),
            StderrRule::Ignore => lines.push(("stderr", "ignore")),
        }
        lines.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
    }
}
