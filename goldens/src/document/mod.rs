//! Documents: what calls that somebody else wrote down say about the outcome of their run.
//!
//! In: a `recording::document::Document`. Out: a [`Form`] of level `outcome`, whose gaps are the facts that the
//! document does not hold; and the comparison of two such forms, which finds what they show and says what was
//! not compared.
//! Not for: the order of calls or what was read. A document of registers knows neither, and one document that
//! knew more would still be compared with others that do not.

mod against;
mod align;
mod files;
mod import;
mod processes;
mod tables;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use recording::document::{Document, Notation, Source, Table};

pub use against::against;
pub use import::{Imported, NotImported, import};

use crate::finding::{Code, Confirmed, Finding, Severity};
use crate::form::{Form, MachineClass};
use crate::model::{Gap, Level, Platform, ProcKey};
use crate::options::{Options, ProcessRule, RootRule, StderrRule};
use crate::verdict::{Comparison, Verdict, diff};

/// What a document says about the outcome of its run.
#[derive(Debug, Clone)]
pub struct Told {
    /// As a form; its gaps are what is not known.
    pub form: Form,
    /// What the document could have told.
    pub(crate) knows: Knows,
    /// Calls in it.
    pub calls: u64,
    /// `file:line` of its calls, where it holds them, by number.
    sources: BTreeMap<u64, String>,
}

/// What a document could have told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Knows {
    /// argv of the root.
    pub argv: bool,
    /// The paths of all calls, not of `openat` only.
    pub paths: bool,
    /// Whether an exit code above 128 is a status or a signal.
    pub certain_exit: bool,
}

/// What became of the comparison of two documents.
#[derive(Debug, Clone)]
pub struct Compared {
    /// Findings and verdict.
    pub comparison: Comparison,
    /// Facts that the level compares and that are not known on one side, a phrase each.
    pub not_compared: Vec<String>,
}

/// The outcome that a document tells.
pub fn told(document: &Document<'_>, options: &Options) -> Told {
    let walked = walk::walk(document);
    let knows = Knows {
        argv: document.command.is_some(),
        paths: document.notation != Notation::Registers,
        certain_exit: document.end.is_some_and(|end| end.certain),
    };
    let mut contents = crate::content::Contents::default();
    let ends = walked.ends();
    ends.iter().filter_map(|end| end.content.as_ref()).for_each(|content| contents.keep(content));
    let (processes, unseen) = processes::processes(document, &walked, options);
    let mut gaps = walked.gaps;
    gaps.extend(unseen);
    gaps.extend(always(document, knows, options, !ends.is_empty()));
    let form = Form {
        platform: Platform { arch: "unknown".into(), libc: "unknown".into() },
        class: MachineClass::default(),
        argv: processes.first().map(|root| root.args.clone()).unwrap_or_default(),
        environment: None,
        substs: Vec::new(),
        notes: vec![format!("imported from {}", document.writer())],
        steps: Vec::new(),
        calls: Vec::new(),
        contents,
        processes,
        ends,
        order: Vec::new(),
        temporaries: BTreeMap::new(),
        gaps: gaps.into_iter().map(gap).collect(),
        partial: None,
        total_calls: document.calls.len() as u64,
    };
    Told { form, knows, calls: document.calls.len() as u64, sources: sources(document) }
}

fn sources(document: &Document<'_>) -> BTreeMap<u64, String> {
    let place = |source: &Source<'_>| match source.line {
        Some(line) => format!("{}:{line}", source.file),
        None => source.file.to_string(),
    };
    let numbered = (0u64..).zip(&document.calls);
    numbered.filter_map(|(at, call)| Some((at, place(call.source.as_deref()?)))).collect()
}

fn gap(why: String) -> Gap {
    Gap { process: None, why, level: Level::Outcome, blind: false }
}

/// Facts that are missing whatever the calls are.
fn always(document: &Document<'_>, knows: Knows, options: &Options, left: bool) -> BTreeSet<String> {
    let mut gaps = BTreeSet::new();
    if !knows.argv && options.root == RootRule::Same {
        gaps.insert("the arguments of the program".to_owned());
    }
    if document.notation == Notation::Registers {
        gaps.insert(
            "files created, removed, renamed or given another mode, but by openat: no path was recorded".to_owned(),
        );
    }
    if left {
        gaps.insert("what files hold at the end: only a recording keeps it".to_owned());
    }
    if options.merged {
        gaps.insert("the order of output against errors: whether they were one object is not known".to_owned());
    }
    if options.level > Level::Outcome {
        gaps.insert(format!("what level {} compares beside the outcome", options.level.word()));
    }
    gaps
}

/// Compares two documents: `before` is the accepted one. Without `as_recorded` a fact that is not known keeps
/// the verdict from being `same`.
pub fn compare(before: &Told, after: &Told, options: &Options, as_recorded: bool) -> Compared {
    let (mut before, mut after) = (before.clone(), after.clone());
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for told in [&mut before, &mut after] {
        missing.extend(told.form.gaps.drain(..).map(|gap| gap.why));
    }
    missing.extend(align::align(&mut before, &mut after));
    let comparison = diff(&before.form, &after.form, &Options { level: Level::Outcome, ..options.clone() });
    judged(comparison, &after, missing, options, as_recorded)
}

/// The verdict, in view of what is missing: all of it that these options compare.
fn judged(
    mut comparison: Comparison,
    after: &Told,
    mut missing: BTreeSet<String>,
    options: &Options,
    as_recorded: bool,
) -> Compared {
    if options.stderr == StderrRule::Ignore {
        missing.retain(|why| !why.contains("stderr"));
    }
    if options.processes == ProcessRule::Ignore {
        missing.retain(|why| why != processes::UNSEEN);
    }
    if let Verdict::NotMeasured(why) = &comparison.verdict {
        missing.insert(why.clone());
        comparison.verdict = Verdict::Same;
    }
    for finding in &mut comparison.findings {
        // What no call stands for has the number of none.
        finding.source = finding.event.filter(|at| *at > 0).and_then(|at| after.sources.get(&at)).cloned();
    }
    let not_compared: Vec<String> = missing.into_iter().collect();
    if let Some(first) = not_compared.first().filter(|_| !as_recorded && comparison.verdict != Verdict::Different) {
        let more =
            if not_compared.len() > 1 { format!(", and {} more", not_compared.len() - 1) } else { String::new() };
        comparison.verdict = Verdict::NotMeasured(format!("not known on one side: {first}{more}"));
    }
    Compared { comparison, not_compared }
}

/// Compares counts by name: of tables, or of a table and a document.
pub fn compare_counts(before: &Table, after: &Table, options: &Options, as_recorded: bool) -> Compared {
    let findings = tables::findings(before, after);
    let not_compared = vec!["everything but the number of calls and errors of each name".to_owned()];
    let verdict = match (findings.is_empty(), as_recorded) {
        (false, _) => Verdict::Different,
        (true, true) => Verdict::Same,
        (true, false) => Verdict::NotMeasured("only calls and errors per name are known".to_owned()),
    };
    let rows = after.rows.len() as u64;
    let comparison = Comparison {
        level: options.level,
        verdict,
        findings,
        flaky: Vec::new(),
        runs: 1,
        asserts: (rows, rows),
        notes: Vec::new(),
        diffs: 0,
    };
    Compared { comparison, not_compared }
}

/// The counts of a document.
pub fn counts(document: &Document<'_>) -> Table {
    tables::of(document)
}

/// A finding about the run as a whole.
fn finding(code: Code, sentence: String, before: Vec<String>, after: Vec<String>, attribute: &str) -> Finding {
    Finding {
        code,
        severity: Severity::Error,
        level: code.level(),
        process: ProcKey("P".into()),
        object: None,
        attribute: attribute.into(),
        sentence,
        before,
        after,
        event: None,
        count: 1,
        confirmed: Confirmed { seen: 1, runs: 1 },
        follows_from: None,
        with_it: Vec::new(),
        source: None,
    }
}
