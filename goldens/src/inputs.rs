//! Inputs: which of what a run found is compared.
//!
//! In: the processes of a run or of a golden, and the options. Out: whether an input counts. Two programs that do
//! the same work are not the same executable, and only one of them may have an interpreter: what that one reads of
//! its own accord, and the script that it is given, say nothing about the work.

use recording::{Interpreter, Program, interpreter, is_interpreter_file};

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
    /// The program of the root, where that is an interpreter.
    program: Option<Files>,
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
        let mut wanted = Wanted { options, own: Vec::new(), interpreters: Vec::new(), program: None };
        for (key, exe, args) in processes {
            let known = interpreter(exe.as_str());
            wanted.interpreters.extend(known.map(|known| (exe.as_str(), known)));
            if &*key.0 == "P" {
                wanted.own.push(exe.as_str());
                wanted.own.extend(argv.first().map(Value::as_str));
                let program = known.and_then(|known| known.program(args.iter().map(Value::as_str)));
                wanted.program = program.map(Files::of);
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
                    || self.is_program(input)
                    || self.interpreters.iter().any(|(exe, known)| known.looks_for(exe, name))
            }
        }
    }

    /// The program, or a directory that is searched for its modules. Modules that it takes from there are
    /// files that it reads, as data is: what tells them apart is in no call.
    fn is_program(&self, input: &Input) -> bool {
        if input.kind == InputKind::Read && self.own.contains(&input.name.as_str()) {
            return true;
        }
        let Some(program) = &self.program else { return false };
        let name = input.name.as_str();
        match input.kind {
            InputKind::Read => program.read.iter().any(|file| file == name),
            InputKind::List => program.listed.iter().any(|directory| directory == name),
            // Where there is a package, a compiled one is looked for before.
            InputKind::Absent => program.packages().any(|package| {
                let rest = name.strip_prefix(package).and_then(|rest| rest.strip_prefix("/__init__."));
                rest.is_some_and(|ending| ending == "so" || ending.ends_with(".so"))
            }),
            _ => false,
        }
    }
}

/// Files of an interpreted program that are the program itself.
struct Files {
    read: Vec<String>,
    /// Where its modules are searched: the first directory, then its packages.
    listed: Vec<String>,
}

impl Files {
    fn of(program: Program<'_>) -> Files {
        match program {
            Program::Script(script) => {
                let script = absolute(script);
                let listed = script.rsplit_once('/').map(|(directory, _)| directory.to_owned());
                Files { read: vec![script], listed: listed.into_iter().collect() }
            }
            Program::Module(name) => Files::of_module(name),
        }
    }

    /// `a.b` is `a/b.py` or `a/b/__main__.py`, after what makes `a` and `b` packages. Modules are searched in
    /// the directory of the run first; those found elsewhere were installed.
    fn of_module(name: &str) -> Files {
        let mut files = Files { read: Vec::new(), listed: vec!["$CWD".to_owned()] };
        let mut place = "$CWD".to_owned();
        for part in name.split('.') {
            place = format!("{place}/{part}");
            files.read.push(format!("{place}/__init__.py"));
            files.listed.push(place.clone());
        }
        files.read.extend([format!("{place}.py"), format!("{place}/__main__.py")]);
        files
    }

    fn packages(&self) -> impl Iterator<Item = &String> {
        self.listed.iter().skip(1)
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
