//! Against: what a document tells, held against a golden.

use std::collections::BTreeSet;

use super::{Compared, Told, judged, processes};
use crate::compare::basename;
use crate::content::Contents;
use crate::golden::{EndKind, ExitRule, Golden};
use crate::model::{Exit, Level, ProcKey};
use crate::options::{Options, ProcessRule, RootRule};
use crate::value::Value;
use crate::verdict::compare;

/// Compares what a document tells with a golden. Without `as_recorded` a fact that the document does not hold
/// keeps the verdict from being `same`.
pub fn against(golden: &Golden, contents: &Contents, told: &Told, options: &Options, as_recorded: bool) -> Compared {
    let mut golden = golden.project(Level::Outcome).unwrap_or_else(|| golden.clone());
    // A document does not tell the machine that it was made on.
    golden.header.seen.clear();
    let mut told = told.clone();
    let mut missing: BTreeSet<String> = told.form.gaps.drain(..).map(|gap| gap.why).collect();
    let rules = Options {
        level: Level::Outcome,
        root: if told.knows.argv { options.root } else { RootRule::Any },
        processes: if missing.contains(processes::UNSEEN) { ProcessRule::Ignore } else { options.processes },
        ..options.clone()
    };
    only_what_is_told(&mut golden, &told, &mut missing);
    root_by_its_name(&golden, &mut told);
    let comparison = compare(&golden, contents, std::slice::from_ref(&told.form), &rules);
    judged(comparison, &told, missing, options, as_recorded)
}

/// Takes from the golden what the document could not know.
fn only_what_is_told(golden: &mut Golden, told: &Told, missing: &mut BTreeSet<String>) {
    let known = |name: &Value| told.form.ends.iter().any(|end| end.name == *name);
    golden.ends.retain(|line| {
        let kept = match line.kind {
            EndKind::Std => true,
            EndKind::Sent => false,
            _ => told.knows.paths || known(&line.name),
        };
        if !kept {
            missing.insert(format!("what became of {}", line.name));
        }
        kept
    });
    golden.inputs.retain(|(_, input)| {
        missing.insert(format!("whether {} was used", input.name));
        false
    });
    if told.knows.certain_exit {
        return;
    }
    for line in golden.processes.iter_mut().filter(|line| is_root(&line.key)) {
        if let ExitRule::Is(Exit::Killed { signal, .. }) = &line.exit
            && let Some(number) = syscalls::signal::by_name(signal)
        {
            line.exit = ExitRule::Is(Exit::Exited((128 + number) as u8));
        }
    }
}

/// A document that holds only the command knows the program by the word that was typed.
fn root_by_its_name(golden: &Golden, told: &mut Told) {
    let Some(line) = golden.processes.iter().find(|line| is_root(&line.key)) else { return };
    let typed = |exe: &Value| !exe.as_str().contains('/') && exe.as_str() == basename(line.exe.as_str());
    for process in told.form.processes.iter_mut().filter(|process| is_root(&process.key)) {
        if typed(&process.exe) {
            process.exe = line.exe.clone();
        }
    }
}

fn is_root(key: &ProcKey) -> bool {
    &*key.0 == "P"
}
