//! Compare: what in a run is not as the golden says.
//!
//! In: a golden and the canonical form of one run. Out: plain differences, section by section; what they mean
//! and which of them belong together is said by `explain`. Nothing here depends on the order of a hash map, the
//! number of threads or the clock.

use std::collections::BTreeMap;

use crate::content::Contents;
use crate::form::{Form, FormEnd, FormProcess, FormStream, NodeRef};
use crate::golden::{End, Golden, Number, Presence, ProcLine, Stream};
use crate::learn::{Names, is_runtime};
use crate::model::{Durability, Input, Level, ObjectRef, ProcKey};
use crate::options::{Options, ProcessRule, RootRule};

mod align;
mod commands;
mod ends;
mod equal;
mod facts;
mod leftovers;
mod objects;
mod order;
mod partial;
mod processes;
mod steps;
mod streams;
mod threads;

pub(crate) use align::{DEADLINE, Work};
pub(crate) use ends::end_masks;
pub(crate) use equal::equal;
pub(crate) use partial::Partials;
pub(crate) use processes::basename;
pub(crate) use steps::{arg_accepts, is_wild, same_but_content};
pub(crate) use streams::{CountChange, Diff, Hunk, range, right};
pub(crate) use threads::{Calls, ThreadDifference, maker};

/// A stream of the run.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub form: &'a Form,
    pub stream: &'a FormStream,
}

/// One difference. Processes are named by the key that the golden has for them.
#[derive(Debug)]
pub(crate) enum Difference<'a> {
    /// A process (or one of several) is not there.
    ProcessGone { line: &'a ProcLine },
    /// A process is there that was not.
    ProcessNew { process: &'a FormProcess },
    /// Another number of processes that are alike.
    ProcessCount { line: &'a ProcLine, count: u64 },
    /// Executable or arguments.
    Arguments { line: &'a ProcLine, process: &'a FormProcess },
    /// How it ended.
    Exit { line: &'a ProcLine, process: &'a FormProcess },
    /// Steps on an object.
    Stream(StreamDifference<'a>),
    /// Another number of objects of one pattern.
    StreamCount { stream: &'a Stream, count: u64 },
    /// What is left of a name; `None`: nothing.
    End { before: Option<&'a End>, after: Option<&'a FormEnd>, part: EndPart },
    /// What was found.
    Input { input: Input, new: bool, count: u64 },
    /// How a file was made durable.
    Durability { process: &'a ProcKey, name: String, before: &'a Durability, after: &'a Durability },
    /// A fact.
    Fact { process: &'a ProcKey, key: &'a str, before: String, after: String, numbers: Option<(Number, u64)> },
    /// Calls that moved bytes.
    Shape { process: &'a ProcKey, object: ObjectRef, family: String, before: Number, after: u64 },
    /// A step before another that it came after.
    Order { edge: &'a crate::golden::OrderEdge, event: Option<u64> },
    /// Calls of a thread.
    Thread(threads::ThreadDifference<'a>),
}

/// What of an end is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EndPart {
    /// It is there or not.
    Presence,
    /// File, directory, link, …
    Kind,
    Mode,
    Content,
    Target,
}

/// What differs in what one process did to one object.
#[derive(Debug)]
pub(crate) struct StreamDifference<'a> {
    /// Key of the process in the golden, or in the run when it is new.
    pub process: &'a ProcKey,
    /// The line; `None`: the object is new.
    pub before: Option<&'a Stream>,
    /// The stream of the run; `None`: the object is gone.
    pub after: Option<&'a FormStream>,
    pub diff: Diff,
}

/// Everything that differs, and what came with finding it.
pub(crate) struct Differences<'a> {
    pub list: Vec<Difference<'a>>,
    /// Key of the golden for each process of the run; its own when it is new.
    pub keys: Vec<&'a ProcKey>,
    pub work: Work,
    /// Something asserted could not be seen.
    pub unmeasured: Vec<String>,
}

/// Where the streams of the golden are found in the run.
#[derive(Default)]
struct Places {
    streams: BTreeMap<usize, (NodeRef, Diff)>,
}

/// Everything that differs at this level.
pub(crate) fn differences<'a>(golden: &'a Golden, form: &'a Form, options: &Options) -> Differences<'a> {
    let mut comparing = Comparing::of(golden, form, options);
    comparing.run();
    comparing.out
}

/// Of them what stands although a side is partial; `contents` are the golden's.
pub(crate) fn standing<'a>(
    (golden, contents): (&'a Golden, &Contents),
    form: &'a Form,
    partials: Partials,
    options: &Options,
) -> Differences<'a> {
    let mut comparing = Comparing::of(golden, form, options);
    comparing.run();
    comparing.keep_what_stands(partials, contents);
    comparing.out
}

struct Comparing<'a, 'o> {
    golden: &'a Golden,
    form: &'a Form,
    options: &'o Options,
    names: Names,
    out: Differences<'a>,
}

impl<'a, 'o> Comparing<'a, 'o> {
    fn of(golden: &'a Golden, form: &'a Form, options: &'o Options) -> Comparing<'a, 'o> {
        let out = Differences { list: Vec::new(), keys: Vec::new(), work: Work::begin(), unmeasured: Vec::new() };
        Comparing { golden, form, options, names: Names::of(golden), out }
    }

    fn run(&mut self) {
        let pairs = processes::pairs(self.golden, self.form);
        self.out.keys = self.form.processes.iter().map(|process| &process.key).collect();
        for pair in &pairs {
            if let Some(line) = pair.golden.and_then(|at| self.golden.processes.get(at)) {
                for at in &pair.form {
                    if let Some(key) = self.out.keys.get_mut(*at) {
                        *key = &line.key;
                    }
                }
            }
        }
        match self.options.processes {
            ProcessRule::Exact => pairs.iter().for_each(|pair| self.process(pair)),
            ProcessRule::Commands => {
                self.root(&pairs);
                self.commands();
            }
            ProcessRule::Ignore => self.root(&pairs),
        }
        self.ends();
        self.inputs();
        if self.options.level >= Level::Protocol {
            self.inside(&pairs);
        }
    }

    /// Streams, facts and order.
    fn inside(&mut self, pairs: &[processes::Pair]) {
        let golden = self.golden;
        let numbers = steps::Numbers::of(golden, self.form, &self.names);
        let mut places = Places::default();
        for pair in pairs.iter().filter(|pair| pair.golden.is_some() && !pair.form.is_empty()) {
            let Some(line) = pair.golden.and_then(|at| golden.processes.get(at)) else { continue };
            for at in &pair.form {
                let Some(process) = self.form.processes.get(*at) else { continue };
                self.objects(&line.key, *at, process, &numbers, &mut places);
                self.facts(&line.key, process);
                self.durability(&line.key, process);
                self.shapes(&line.key, process, &numbers);
                if self.options.level >= Level::Calls {
                    self.threads(&line.key, *at, process);
                }
            }
        }
        for pair in pairs {
            self.alone(pair, &numbers);
        }
        self.order(&places);
    }

    /// Streams of a process that is on one side only.
    fn alone(&mut self, pair: &processes::Pair, numbers: &steps::Numbers<'a>) {
        match (pair.golden.and_then(|at| self.golden.processes.get(at)), pair.form.as_slice()) {
            (Some(line), []) if !matches!(line.presence, Presence::Optional) => {
                for stream in numbers.of_process(&line.key).iter().filter_map(|at| self.golden.streams.get(*at)) {
                    self.stream(&line.key, Some(stream), None, Diff::default());
                }
            }
            (None, new) => {
                for at in new {
                    let Some(process) = self.form.processes.get(*at) else { continue };
                    for stream in &process.streams {
                        self.stream(&process.key, None, Some(stream), Diff::default());
                    }
                }
            }
            _ => {}
        }
    }

    fn stream(&mut self, process: &'a ProcKey, before: Option<&'a Stream>, after: Option<&'a FormStream>, diff: Diff) {
        let name = before.map(|stream| &stream.object.name).or(after.map(|stream| &stream.object.name));
        if name.is_some_and(is_runtime) {
            return;
        }
        let found = StreamDifference { process, before, after, diff };
        self.out.list.push(Difference::Stream(found));
    }

    fn root(&mut self, pairs: &[processes::Pair]) {
        if let Some(pair) = pairs.first() {
            self.process(pair);
        }
    }

    fn process(&mut self, pair: &processes::Pair) {
        let line = pair.golden.and_then(|at| self.golden.processes.get(at));
        let Some(line) = line else {
            let new = pair.form.iter().filter_map(|at| self.form.processes.get(*at));
            self.out.list.extend(new.map(|process| Difference::ProcessNew { process }));
            return;
        };
        let count = pair.form.len() as u64;
        if !right(line.presence, count) {
            let gone = count == 0;
            self.out.list.push(if gone {
                Difference::ProcessGone { line }
            } else {
                Difference::ProcessCount { line, count }
            });
        }
        let any_root = self.options.root == RootRule::Any && &*line.key.0 == "P";
        for process in pair.form.iter().filter_map(|at| self.form.processes.get(*at)) {
            if !any_root && !facts::runs_the_same(line, process) {
                self.out.list.push(Difference::Arguments { line, process });
            }
            if !facts::ends_right(line, process) {
                self.out.list.push(Difference::Exit { line, process });
            }
        }
    }
}
