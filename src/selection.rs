//! The selection: which calls, signals and outcomes were asked for, read once for engine and printers.

use report::Shown;
use report::shown::Outcomes;
use syscalls::Filter;
use tracer::Wanted;

use crate::cli::ask::Calls;
use crate::message::Problem;

/// What is recorded and shown.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    outcomes: Outcomes,
    signals: Option<u64>,
    filter: Option<(String, Filter)>,
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
        Ok(Selection { outcomes: calls.outcomes, signals, filter })
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
