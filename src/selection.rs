//! The selection: which calls, signals and outcomes were asked for, read once for engine and printers.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use recording::Accesses;
use report::Shown;
use report::shown::Outcomes;
use syscalls::Filter;
use tracer::Wanted;
use tracer::inject::Injection;

use crate::cli::ask::{Calls, Quiet};
use crate::cli::inject;
use crate::exit::say;
use crate::message::{Problem, safe};

/// What is recorded and shown.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    outcomes: Outcomes,
    signals: Option<u64>,
    filter: Option<(String, Filter)>,
    accesses: Option<Accesses>,
    /// Paths that lead elsewhere, and where.
    resolved: Vec<(PathBuf, PathBuf)>,
    injections: Vec<Injection>,
    /// The flags that asked for them.
    tampered: Option<String>,
    warnings: Vec<String>,
}

impl Selection {
    /// Reads the sets that were written.
    pub fn of(calls: &Calls) -> Result<Selection, Problem> {
        let filter = match &calls.trace {
            None => None,
            Some(text) => {
                let filter = Filter::parse(text).map_err(|error| {
                    Problem::usage(format!("cannot take -e trace={text}: {error}"))
                        .hint("names, %classes, /regular expressions/, all, none; !NAME leaves out")
                })?;
                (!filter.is_all()).then(|| (text.clone(), filter))
            }
        };
        let signals = match &calls.signals {
            None => None,
            Some(text) => Some(syscalls::signal_set(text).map_err(|error| {
                Problem::usage(format!("cannot take -e signal={text}: {error}"))
                    .hint("names with or without SIG, all, none; !NAME leaves out")
            })?),
        };
        let mut selection = Selection { outcomes: calls.outcomes, signals, filter, ..Selection::default() };
        selection.accessing(calls);
        selection.injecting(calls)?;
        Ok(selection)
    }

    /// Files are looked for by the names given, and by where these lead now.
    fn accessing(&mut self, calls: &Calls) {
        if calls.paths.is_empty() && calls.descriptors.is_none() {
            return;
        }
        let mut accesses = Accesses { paths: vec![], descriptors: calls.descriptors.clone() };
        for path in &calls.paths {
            accesses.paths.push(path.as_os_str().as_bytes().to_vec());
            if let Ok(real) = path.canonicalize()
                && real.as_os_str() != path.as_os_str()
            {
                accesses.paths.push(real.as_os_str().as_bytes().to_vec());
                self.resolved.push((path.clone(), real));
            }
        }
        self.accesses = Some(accesses);
    }

    fn injecting(&mut self, calls: &Calls) -> Result<(), Problem> {
        for words in &calls.injections {
            let injection = words.read()?;
            self.warnings.extend(inject::looks_like_error(&injection, words));
            self.injections.push(injection);
        }
        let flags: Vec<String> = calls.injections.iter().map(inject::Words::flag).collect();
        self.tampered = (!flags.is_empty()).then(|| flags.join(" "));
        Ok(())
    }

    /// Says what was made of the words: where paths lead, and what a result looks like.
    pub fn tell(&self, quiet: Quiet) {
        for (path, real) in self.resolved.iter().filter(|_| !quiet.path_resolution) {
            let [path, real] = [path, real].map(|path| safe(&path.display().to_string()));
            say(&format_args!("chic-trace: Requested path \"{path}\" resolved into \"{real}\""));
        }
        self.warnings.iter().for_each(|warning| say(&format_args!("chic-trace: {}", safe(warning))));
    }

    /// Only calls that touch these.
    pub fn accesses(&self) -> Option<&Accesses> {
        self.accesses.as_ref()
    }

    /// Calls that are tampered with.
    pub fn injections(&self) -> &[Injection] {
        &self.injections
    }

    /// The flags that asked for that.
    pub fn tampered(&self) -> Option<&str> {
        self.tampered.as_deref()
    }

    /// What the engine records: `None` is everything.
    pub fn wanted(&self) -> Option<Wanted> {
        let (_, filter) = self.filter.as_ref()?;
        Some(Wanted { native: filter.native(), i386: filter.i386(), unknown: filter.unknown() })
    }

    /// What the printers show.
    pub fn shown(&self) -> Shown {
        let calls = self.filter.as_ref().map(|(_, filter)| filter.clone());
        Shown { calls, calls_text: self.text(), outcomes: self.outcomes, signals: self.signals }
    }

    /// The filter as it was written, for the header.
    pub fn text(&self) -> Option<String> {
        self.filter.as_ref().map(|(text, _)| text.clone())
    }
}

#[cfg(test)]
mod tests {
    use syscalls::Abi;

    use super::*;

    fn of(trace: &str) -> Result<Selection, Problem> {
        Selection::of(&Calls { trace: Some(trace.into()), ..Calls::default() })
    }

    #[test]
    fn engine_and_printers_take_the_same_calls() {
        let selection = of("openat,!read").expect("a filter");
        let wanted = selection.wanted().expect("not everything");
        let shown = selection.shown().calls.expect("not everything");
        for nr in 0..600 {
            assert_eq!(wanted.takes(Abi::X86_64, nr), shown.takes(Abi::X86_64, nr), "{nr}");
        }
        assert!(wanted.takes(Abi::X86_64, 257) && !wanted.takes(Abi::X86_64, 0));
    }

    #[test]
    fn everything_is_no_filter_and_an_unknown_name_is_an_error() {
        assert_eq!(of("all").expect("a filter").wanted(), None);
        let problem = of("opneat").expect_err("a typo").to_string();
        assert!(problem.contains("openat"), "{problem}");
    }
}
