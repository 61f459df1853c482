//! Commands: the processes of two different programs, as what was run and how it ended.

use std::collections::BTreeMap;

use super::{Comparing, Difference, basename, facts};
use crate::form::FormProcess;
use crate::golden::ExitRule;
use crate::golden::ProcLine;
use crate::model::Exit;
use crate::value::Value;

type Command<'a> = (&'a str, &'a [Value]);

impl<'a> Comparing<'a, '_> {
    /// The multiset of basename and arguments; processes that never execute anything are left out.
    pub(super) fn commands(&mut self) {
        let ran = |key: &str| key != "P" && key.rsplit('/').next() != Some("fork");
        let mut lines: BTreeMap<Command<'a>, Vec<&'a ProcLine>> = BTreeMap::new();
        for line in self.golden.processes.iter().filter(|line| ran(&line.key.0)) {
            lines.entry((basename(line.exe.as_str()), &line.args)).or_default().push(line);
        }
        let mut processes: BTreeMap<Command<'a>, Vec<&'a FormProcess>> = BTreeMap::new();
        for process in self.form.processes.iter().filter(|process| ran(&process.key.0)) {
            processes.entry((basename(process.exe.as_str()), &process.args)).or_default().push(process);
        }
        let mut gone: Vec<&'a ProcLine> = Vec::new();
        for (command, lines) in &lines {
            let found = processes.remove(command).unwrap_or_default();
            gone.extend(self.command(lines, &found));
        }
        let mut new: Vec<&'a FormProcess> = processes.into_values().flatten().collect();
        for line in gone {
            let same = |process: &&FormProcess| basename(process.exe.as_str()) == basename(line.exe.as_str());
            match new.iter().position(same) {
                Some(at) => self.out.list.push(Difference::Arguments { line, process: new.remove(at) }),
                None => self.out.list.push(Difference::ProcessGone { line }),
            }
        }
        self.out.list.extend(new.into_iter().map(|process| Difference::ProcessNew { process }));
    }

    /// One command on both sides: how often, and how it ended. Gives back the line when it never ran.
    fn command(&mut self, lines: &[&'a ProcLine], found: &[&'a FormProcess]) -> Option<&'a ProcLine> {
        let first = *lines.first()?;
        let wanted = lines
            .iter()
            .map(|line| super::streams::range(line.presence))
            .reduce(|a, b| crate::golden::Number { low: a.low + b.low, high: a.high + b.high })?;
        if found.is_empty() && wanted.low > 0 {
            return Some(first);
        }
        if !wanted.accepts(found.len() as u64) {
            self.out.list.push(Difference::ProcessCount { line: first, count: found.len() as u64 });
        }
        let mut open: Vec<&&FormProcess> = found.iter().collect();
        for line in lines {
            if let Some(at) = open.iter().position(|process| facts::ends_right(line, process)) {
                open.remove(at);
            }
        }
        let unexplained = |process: &&&&FormProcess| !lines.iter().any(|line| ends_so(&line.exit, &process.exit));
        let wrong = open.iter().find(unexplained).map(|process| **process);
        self.out.list.extend(wrong.map(|process| Difference::Exit { line: first, process }));
        None
    }
}

fn ends_so(rule: &ExitRule, exit: &Exit) -> bool {
    match (rule, exit) {
        (ExitRule::Any, _) => true,
        (ExitRule::Is(wanted), exit) => wanted == exit,
        (ExitRule::OneOf(codes), Exit::Exited(code)) => codes.contains(code),
        (ExitRule::OneOf(_), _) => false,
    }
}
