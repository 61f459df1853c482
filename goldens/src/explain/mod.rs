//! Explain: differences become findings.
//!
//! In: what `compare` found, and both sides. Out: findings in sentences, the largest cause first; those that
//! follow from another say so. A sentence never names an address, a pid, a descriptor or an inode.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::{Difference, Differences};
use crate::content::Contents;
use crate::finding::{Code, Confirmed, Finding, Severity};
use crate::form::Form;
use crate::golden::Golden;
use crate::model::{Arg, Level, ObjectRef, ProcKey, Step, Verb};
use crate::options::Options;
use crate::value::Value;

mod calls;
mod change;
mod codes;
mod content;
mod ends;
mod facts;
mod group;
mod hazard;
mod inputs;
mod order;
mod processes;
mod repeats;
mod rules;
mod steps;
mod verbs;
pub(crate) mod words;

pub use codes::explain_code;
pub(crate) use content::varying;

/// Both sides, and what is asked again and again about them.
pub(super) struct Context<'a> {
    pub golden: &'a Golden,
    pub contents: &'a Contents,
    pub form: &'a Form,
    pub options: &'a Options,
    pub keys: &'a [&'a ProcKey],
    /// What an object was renamed to at last, by its name at first.
    finals: BTreeMap<String, String>,
    /// Names that processes write, make or send to, on either side.
    writers: BTreeMap<String, BTreeSet<ProcKey>>,
    /// Names that processes touch at all.
    users: BTreeMap<String, BTreeSet<ProcKey>>,
}

/// A finding on its way.
#[derive(Debug)]
pub(super) struct Draft {
    pub finding: Finding,
    /// Names that it is about, final ones included, in golden syntax.
    pub names: BTreeSet<String>,
    /// Processes that it is about.
    pub owners: BTreeSet<ProcKey>,
    /// Something is no longer there.
    pub missing: bool,
}

impl Draft {
    pub fn new(code: Code, process: &ProcKey, sentence: String) -> Draft {
        Draft {
            finding: Finding {
                code,
                severity: code.severity(),
                level: code.level(),
                process: process.clone(),
                object: None,
                attribute: "".into(),
                sentence,
                before: Vec::new(),
                after: Vec::new(),
                event: None,
                count: 1,
                confirmed: Confirmed { seen: 1, runs: 1 },
                follows_from: None,
                with_it: Vec::new(),
                source: None,
            },
            names: BTreeSet::new(),
            owners: BTreeSet::from([process.clone()]),
            missing: false,
        }
    }

    /// About this name and what it became.
    pub fn on(mut self, object: &str, context: &Context<'_>) -> Draft {
        let last = context.last_name(object);
        self.names.extend([object.to_string(), last.to_string()]);
        self.finding.object = Some(Value::from_syntax(last));
        self
    }

    /// Which of several things about the object.
    pub fn attribute(mut self, attribute: impl Into<Box<str>>) -> Draft {
        self.finding.attribute = attribute.into();
        self
    }

    pub fn severity(mut self, severity: Severity) -> Draft {
        self.finding.severity = severity;
        self
    }

    pub fn sides(mut self, before: Vec<String>, after: Vec<String>) -> Draft {
        (self.finding.before, self.finding.after) = (before, after);
        self
    }

    pub fn event(mut self, event: Option<u64>) -> Draft {
        self.finding.event = event;
        self
    }

    pub fn missing(mut self) -> Draft {
        self.missing = true;
        self
    }

    pub fn owned_by(mut self, owners: BTreeSet<ProcKey>) -> Draft {
        if !owners.is_empty() {
            self.owners = owners;
        }
        self
    }
}

/// The findings of one comparison, in the order in which they are told.
pub(crate) fn findings(
    differences: &Differences<'_>,
    golden: &Golden,
    contents: &Contents,
    form: &Form,
    options: &Options,
) -> Vec<Finding> {
    if differences.list.is_empty() {
        return Vec::new();
    }
    let context = Context::of(differences, golden, contents, form, options);
    let mut drafts: Vec<Draft> = differences.list.iter().flat_map(|found| context.drafts(found)).collect();
    drafts.extend(context.together(differences));
    one_mapping_is_one_finding(&mut drafts);
    drafts.retain(|draft| draft.finding.level <= options.level && !context.allowed(&draft.finding));
    for draft in &mut drafts {
        if let Some(severity) = options.severities.get(&draft.finding.code) {
            draft.finding.severity = *severity;
        }
    }
    group::grouped(drafts)
}

/// A writable and executable anonymous mapping counts as both; the graver of the two facts tells it.
fn one_mapping_is_one_finding(drafts: &mut Vec<Draft>) {
    let of = |draft: &Draft, fact: &str| (&*draft.finding.attribute == fact).then(|| draft.finding.process.clone());
    let told: BTreeSet<ProcKey> = drafts.iter().filter_map(|draft| of(draft, "mem.wx")).collect();
    drafts.retain(|draft| of(draft, "mem.exec-anon").is_none_or(|process| !told.contains(&process)));
}

impl<'a> Context<'a> {
    fn of(
        differences: &'a Differences<'a>,
        golden: &'a Golden,
        contents: &'a Contents,
        form: &'a Form,
        options: &'a Options,
    ) -> Context<'a> {
        let mut context = Context {
            golden,
            contents,
            form,
            options,
            keys: &differences.keys,
            finals: BTreeMap::new(),
            writers: BTreeMap::new(),
            users: BTreeMap::new(),
        };
        for stream in &golden.streams {
            context.learn(&stream.process, &stream.object, stream.steps.iter().map(|(_, step)| step));
        }
        for (process, key) in form.processes.iter().zip(&differences.keys) {
            for stream in &process.streams {
                let steps = stream.steps.iter().filter_map(|step| form.steps.get(step.step as usize));
                context.learn(key, &stream.object, steps);
            }
        }
        let aliases: Vec<(String, String)> = context.finals.clone().into_iter().collect();
        for (first, last) in aliases {
            let writers = context.writers.get(&first).cloned().unwrap_or_default();
            context.writers.entry(last).or_default().extend(writers);
        }
        context
    }

    fn learn<'s>(&mut self, process: &ProcKey, object: &ObjectRef, steps: impl Iterator<Item = &'s Step>) {
        let name = words::object_syntax(object);
        let mut writes = false;
        for step in steps {
            writes |= crate::learn::is_action(step);
            if step.verb == Verb::Rename
                && step.errno.is_none()
                && let Some(Arg::Word(to)) = step.args.first()
            {
                self.finals.entry(name.clone()).or_insert_with(|| to.to_string());
            }
        }
        if writes {
            self.writers.entry(name.clone()).or_default().insert(process.clone());
        }
        self.users.entry(name).or_default().insert(process.clone());
    }

    /// What an object is called in the end.
    pub fn last_name<'s>(&'s self, name: &'s str) -> &'s str {
        self.finals.get(name).map_or(name, String::as_str)
    }

    /// As text: the last name of an object.
    pub fn called(&self, object: &ObjectRef) -> String {
        let name = words::object_syntax(object);
        match self.finals.get(&name) {
            Some(last) => words::plain(last),
            None => words::object_of(object),
        }
    }

    fn writers_of(&self, name: &str) -> BTreeSet<ProcKey> {
        self.writers.get(name).cloned().unwrap_or_default()
    }

    fn drafts(&self, difference: &Difference<'_>) -> Vec<Draft> {
        match difference {
            Difference::ProcessGone { line } => vec![self.process_gone(line)],
            Difference::ProcessNew { process } => vec![self.process_new(process)],
            Difference::ProcessCount { line, count } => vec![self.process_count(line, *count)],
            Difference::Arguments { line, process } => vec![self.arguments(line, process)],
            Difference::Exit { line, process } => vec![self.exit(line, process)],
            Difference::Stream(found) => self.stream(found),
            Difference::StreamCount { stream, count } => vec![self.stream_count(stream, *count)],
            Difference::End { before, after, part } => vec![self.end(*before, *after, *part)],
            Difference::Input { input, new, .. } => vec![self.input(input, *new)],
            Difference::Durability { process, name, before, after } => self.durability(process, name, before, after),
            Difference::Fact { process, key, before, after, numbers } => {
                self.fact(process, key, (before, after), *numbers).into_iter().collect()
            }
            Difference::Shape { .. } => Vec::new(),
            Difference::Order { edge, event } => vec![self.edge(edge, *event)],
            Difference::Thread(found) => self.thread(found),
        }
    }

    /// Findings that several differences make together.
    fn together(&self, all: &Differences<'_>) -> Vec<Draft> {
        let mut drafts = self.shapes(all);
        drafts.extend(self.sleeps(all));
        if self.options.level >= Level::Protocol {
            drafts.extend(self.hazards());
        }
        drafts
    }

    fn allowed(&self, finding: &Finding) -> bool {
        self.golden.allows.iter().any(|allow| {
            let process = allow.process.as_ref().is_none_or(|key| *key == finding.process);
            let object = match &finding.object {
                Some(object) => allow.object.as_str() == "*" || crate::pattern::accepts(&allow.object, object),
                None => matches!(allow.object.as_str(), "-" | "*"),
            };
            *allow.code == *finding.code.word() && process && object
        })
    }

    /// The executable behind a key of either side.
    pub fn program(&self, key: &ProcKey) -> String {
        let line = self.golden.processes.iter().find(|line| line.key == *key).map(|line| &line.exe);
        let run = || self.form.processes.iter().find(|process| process.key == *key).map(|process| &process.exe);
        line.or_else(run).map_or_else(|| key.0.to_string(), words::value)
    }
}
