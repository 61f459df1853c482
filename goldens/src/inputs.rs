//! Inputs: which of what a run found is compared.
//!
//! In: the processes of a run or of a golden, and the options. Out: whether an input counts. Two programs that do
//! the same work are not the same executable, and only one of them may have an interpreter: what that one reads of
//! its own accord, and the script that it is given, say nothing about the work.

use recording::{Interpreter, interpreter, is_interpreter_file};

use crate::form::Form;
use crate::golden::Golden;
use crate::learn::is_runtime;
use crate::model::{Input, InputKind, Level, ProcKey};
use crate::options::{Options, RootRule};
use crate::value::Value;

/// Which inputs count.
pub(crate) struct Wanted<'a> {
    options: &'a Options,
    /// Names of the root's executable: as it was started, and as it is at its end.
    own: Vec<&'a str>,
    /// Interpreters that ran, by their executables.
    interpreters: Vec<(&'a str, &'static Interpreter)>,
    /// The script of the root, where that is an interpreter.
    script: Option<String>,
}

impl<'a> Wanted<'a> {
    /// Of a run.
    pub fn of_form(form: &'a Form, options: &'a Options) -> Wanted<'a> {
        let processes = form.processes.iter().map(|process| (&process.key, &process.exe, process.args.as_slice()));
        Wanted::of(options, &form.argv, processes)
    }

    /// Of a golden.
    pub fn of_golden(golden: &'a Golden, options: &'a Options) -> Wanted<'a> {
        let processes = golden.processes.iter().map(|line| (&line.key, &line.exe, line.args.as_slice()));
        Wanted::of(options, &golden.header.argv, processes)
    }

    fn of(
        options: &'a Options,
        argv: &'a [Value],
        processes: impl Iterator<Item = (&'a ProcKey, &'a Value, &'a [Value])>,
    ) -> Wanted<'a> {
        let mut wanted = Wanted { options, own: Vec::new(), interpreters: Vec::new(), script: None };
        for (key, exe, args) in processes {
            let known = interpreter(exe.as_str());
            wanted.interpreters.extend(known.map(|known| (exe.as_str(), known)));
            if &*key.0 == "P" {
                wanted.own.push(exe.as_str());
                wanted.own.extend(argv.first().map(Value::as_str));
                let script = known.and_then(|known| known.script(args.iter().map(Value::as_str)));
                wanted.script = script.map(absolute);
            }
        }
        wanted
    }

    /// Is this input compared?
    pub fn counts(&self, input: &Input) -> bool {
        let level = self.options.level >= Level::Hermetic || input.kind == InputKind::Net;
        level && !self.is_own(input) && !(self.options.no_runtime_inputs && self.is_runtime(input))
    }

    /// The root's own executable, where any will do.
    fn is_own(&self, input: &Input) -> bool {
        let any = self.options.root == RootRule::Any;
        any && input.kind == InputKind::Exec && self.own.contains(&input.name.as_str())
    }

    /// What a program finds because of how it was built, or of what interprets it.
    fn is_runtime(&self, input: &Input) -> bool {
        let name = input.name.as_str();
        match input.kind {
            InputKind::Load => true,
            InputKind::Exec => interpreter(name).is_some() && self.own.contains(&name),
            InputKind::Net | InputKind::Env => false,
            InputKind::Read | InputKind::List | InputKind::Absent => {
                is_runtime(&input.name)
                    || is_library(name)
                    || is_interpreter_file(name)
                    || self.is_script(input)
                    || self.interpreters.iter().any(|(exe, known)| known.looks_for(exe, name))
            }
        }
    }

    /// The script, or the directory that is searched for its modules.
    fn is_script(&self, input: &Input) -> bool {
        if input.kind == InputKind::Read && self.own.contains(&input.name.as_str()) {
            return true;
        }
        let Some(script) = &self.script else { return false };
        match input.kind {
            InputKind::Read => input.name.as_str() == script,
            InputKind::List => script.rsplit_once('/').is_some_and(|(directory, _)| input.name.as_str() == directory),
            _ => false,
        }
    }
}

/// A soname that a loader looked for in vain.
fn is_library(name: &str) -> bool {
    !name.contains('/') && (name.ends_with(".so") || name.contains(".so."))
}

/// A name as inputs have it: what is relative begins at the directory of the run.
fn absolute(script: &str) -> String {
    if script.starts_with(['/', '$']) {
        return script.to_owned();
    }
    format!("$CWD/{}", script.strip_prefix("./").unwrap_or(script))
}
