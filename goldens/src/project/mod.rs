//! Project: runs that are judged together, each in its canonical form.
//!
//! In: lowered runs. Out: one [`Form`] a run, with all that any level looks at: what a weaker level compares
//! is a part of what a stronger one does.
//!
//! Steps refer to names and contents by number, so that renaming rewrites tables, not every step; temporary
//! names need all runs, and their numbers need the streams. So a form is made in two rounds: with temporary
//! names unnumbered, which is enough to number them, and with their numbers.

mod ends;
mod inputs;
mod keys;
mod order;
mod ports;
mod roles;
mod steps;
mod streams;
mod temporaries;
mod threads;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use recording::resolve::{ObjectId, ProcId};

use crate::content::{Content, Contents, Hash};
use crate::form::{Form, FormProcess, MachineClass};
use crate::golden::Golden;
use crate::model::{Arg, Gap, Level, ObjectRef, Platform, ProcKey, Step};
use crate::options::Options;
use crate::rename::{Canonical, Holes, Names, Substitutions, environment, find_temporaries, pattern};
use crate::run::Run;
use crate::run::raw::FlowId;
use crate::value::Value;

/// The canonical forms of runs that are judged together: all those of a learning, or those of one check with
/// the golden that they are checked against.
pub fn forms(runs: &[&Run], known: Option<&Golden>, options: &Options) -> Vec<Form> {
    let substitutions: Vec<Substitutions> = runs.iter().map(|run| Substitutions::of(run, options)).collect();
    let pairs: Vec<(&Run, &Substitutions)> = runs.iter().copied().zip(&substitutions).collect();
    let familiar = known.map(temporaries::familiar);
    let temporary = find_temporaries(&pairs, familiar.as_ref());
    let mut unnumbered: Vec<(Holes, Names)> = Vec::with_capacity(runs.len());
    let mut described: Vec<keys::Described> = Vec::with_capacity(runs.len());
    for ((run, substitutions), temporary) in pairs.iter().copied().zip(temporary) {
        let temporaries = temporary.into_iter().map(|path| (path, None)).collect();
        let holes = Holes { temporaries, ports: ports::number(run) };
        let names = Names::new(run, substitutions.clone(), &holes);
        described.push(keys::Described::of(run, &names));
        unnumbered.push((holes, names));
    }
    let keys = keys::of(&described, known);
    let contents = Rc::new(known.map(contents_of).unwrap_or_default());
    let each = pairs.into_iter().zip(unnumbered).zip(keys);
    each.map(|(((run, _), (mut holes, names)), keys)| {
        holes.temporaries = temporaries::number(run, &names, &holes, &keys, known);
        Maker::new(run, names.with_holes(run, &holes), &holes, &keys).knowing(&contents).form()
    })
    .collect()
}

/// Hashes of the contents that the steps of a golden hold.
fn contents_of(golden: &Golden) -> HashSet<Hash> {
    let steps = golden.streams.iter().flat_map(|stream| &stream.steps);
    let arguments = steps.flat_map(|(_, step)| step.args.iter());
    arguments.filter_map(|arg| if let Arg::Hash(hash) = arg { *hash } else { None }).collect()
}

/// Makes the form of one run.
pub(crate) struct Maker<'a> {
    pub run: &'a Run,
    pub names: Names,
    holes: Holes,
    /// Key of each process.
    pub keys: Vec<ProcKey>,
    /// What each object is called.
    pub objects: Vec<ObjectRef>,
    flows: HashMap<FlowId, Canonical>,
    files: HashMap<ObjectId, Canonical>,
    /// Contents that the golden holds.
    familiar: Rc<HashSet<Hash>>,
    /// Steps of the form, each once.
    pub steps: Vec<Step>,
    pub step_numbers: HashMap<Step, u32>,
    pub contents: Contents,
    pub changes: ends::Changes,
}

impl<'a> Maker<'a> {
    /// For this run, with these holes, the names that they make, and keys.
    pub fn new(run: &'a Run, names: Names, holes: &Holes, keys: &[ProcKey]) -> Maker<'a> {
        let mut maker = Maker {
            run,
            names,
            holes: holes.clone(),
            keys: keys.to_vec(),
            objects: Vec::new(),
            flows: HashMap::new(),
            files: HashMap::new(),
            familiar: Rc::default(),
            steps: Vec::new(),
            step_numbers: HashMap::new(),
            contents: Contents::default(),
            changes: ends::Changes::of(run),
        };
        maker.objects = roles::name_all(&maker);
        maker
    }

    fn knowing(mut self, contents: &Rc<HashSet<Hash>>) -> Maker<'a> {
        self.familiar = Rc::clone(contents);
        self
    }

    fn form(mut self) -> Form {
        let raw_to_step = self.all_steps();
        let streams = streams::of(&self, &raw_to_step);
        let mut processes = self.processes(streams);
        let order = order::edges(&self, &processes);
        let calls = threads::attach(&mut self, &mut processes);
        let ends = ends::of(&mut self);
        let gaps = self.gaps();
        Form {
            platform: self.platform(),
            class: self.class(),
            argv: self.argv(),
            environment: inputs::environment(self.run),
            substs: self.names.substitutions.listed.clone(),
            notes: Vec::new(),
            temporaries: self.temporary_patterns(),
            steps: self.steps,
            calls,
            contents: self.contents,
            processes: processes.into_iter().map(|built| built.process).collect(),
            ends,
            order,
            gaps,
            partial: self.run.partial,
            total_calls: self.run.total_calls,
        }
    }

    /// The processes sorted by key.
    fn processes(&self, streams: Vec<Vec<streams::Built>>) -> Vec<BuiltProcess> {
        let mut rows: Vec<(usize, Vec<streams::Built>)> = streams.into_iter().enumerate().collect();
        rows.sort_by(|a, b| self.keys.get(a.0).cmp(&self.keys.get(b.0)).then(a.0.cmp(&b.0)));
        rows.into_iter().map(|(at, streams)| self.process(ProcId(at as u32), streams)).collect()
    }

    fn process(&self, id: ProcId, streams: Vec<streams::Built>) -> BuiltProcess {
        let none = crate::run::ProcessFacts::default();
        let facts = self.run.processes.get(id.0 as usize).unwrap_or(&none);
        let threads = self.run.tables.threads.iter().filter(|thread| thread.process == id).count() as u64;
        let (exe, args) = keys::command(self.run, &self.names, id);
        let process = FormProcess {
            key: self.keys.get(id.0 as usize).cloned().unwrap_or_else(|| ProcKey("P".into())),
            exe,
            args,
            exit: steps::exit(self.run, id),
            shapes: streams::shapes(&streams),
            streams: streams.iter().map(streams::Built::stream).collect(),
            threads: Vec::new(),
            inputs: inputs::of(self, facts),
            durability: ends::durability(self, id),
            facts: crate::facet::facts(facts, threads),
            info: crate::facet::info(facts),
        };
        BuiltProcess { id, process, streams }
    }

    /// Content of a stream, canonical.
    pub fn flow(&mut self, id: FlowId) -> Option<&Canonical> {
        if !self.flows.contains_key(&id) {
            let flow = self.run.flows.get(id.0 as usize)?;
            self.flows.insert(id, self.names.content(&flow.bytes.kept, flow.outside));
        }
        self.flows.get(&id)
    }

    /// Content of a file as it is left, canonical; `None` when it was not kept.
    pub fn file(&mut self, id: ObjectId) -> Option<&Canonical> {
        if !self.files.contains_key(&id) {
            let state = self.run.states.at_end(id)?;
            let bytes = state.bytes.as_ref()?;
            let hash = state.digest.as_ref().map(Hash::of_digest);
            // What the golden holds as it is here is not different, whatever stands in it.
            let familiar = hash.is_some_and(|hash| self.familiar.contains(&hash));
            let changed = self.run.objects.get(id.0 as usize).is_some_and(|facts| facts.durable.changed().is_some());
            self.files.insert(id, self.names.shared_content(bytes, hash, familiar, !changed));
        }
        self.files.get(&id)
    }

    /// Keeps bytes under their hash.
    pub fn keep(&mut self, bytes: &[u8]) -> Content {
        let content = Content::known(bytes);
        self.contents.keep(&content);
        content
    }

    /// The hash of bytes, kept.
    pub fn hash(&mut self, bytes: &[u8]) -> Option<Hash> {
        self.keep(bytes).hash
    }

    fn platform(&self) -> Platform {
        let musl = self.loads(|name| name.starts_with(b"ld-musl") || name.starts_with(b"libc.musl"));
        let glibc = self.loads(|name| name.starts_with(b"libc.so") || name.starts_with(b"libc-2."));
        let libc = if glibc {
            "glibc"
        } else if musl {
            "musl"
        } else {
            "none"
        };
        Platform { arch: self.run.header.machine.clone(), libc: libc.to_owned() }
    }

    fn loads(&self, is: impl Fn(&[u8]) -> bool) -> bool {
        self.run.processes.iter().flat_map(|facts| &facts.libraries).any(|name| is(self.run.names.get(*name)))
    }

    fn class(&self) -> MachineClass {
        let header = &self.run.header;
        let kernel = header.kernel.splitn(3, '.').take(2).map(digits).collect::<Vec<_>>().join(".");
        let variable = |name| environment(self.run, name).filter(|value| !value.is_empty());
        let lang = variable("LC_ALL").or_else(|| variable("LANG"));
        MachineClass {
            kernel,
            libc: self.c_library(),
            cpus: header.cpus.len() as u32,
            user: if header.uid == 0 { "root" } else { "user" }.to_owned(),
            lang: lang.map_or_else(|| "C".into(), |lang| String::from_utf8_lossy(lang).into_owned()),
        }
    }

    /// With its version, when the loader of the program is of the family that was loaded.
    fn c_library(&self) -> String {
        let family = self.platform().libc;
        let told = self.run.header.libc.as_ref();
        let same = told.filter(|libc| libc.split('-').next() == Some(&*family));
        same.cloned().unwrap_or(family)
    }

    fn argv(&self) -> Vec<Value> {
        let root = self.run.tables.processes.first().and_then(|root| root.images.first());
        root.map(|image| image.argv.iter().map(|arg| self.names.text(arg)).collect()).unwrap_or_default()
    }

    fn temporary_patterns(&self) -> std::collections::BTreeMap<Value, Value> {
        let name = |path: &[u8]| pattern(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default());
        self.holes.temporaries.keys().map(|path| (self.names.path(path), name(path))).collect()
    }

    /// Names that the run changed and that could not be looked at when it was over.
    fn unreadable(&self) -> impl Iterator<Item = Gap> + '_ {
        self.run.touched.iter().filter_map(|(id, touched)| {
            let path = self.run.names.get(*id);
            let errno = self.run.states.last.get(path)?.unreadable?;
            let why = format!("{} could not be read at the end: {}", self.names.path(path), steps::errno_name(errno));
            let process = self.keys.get(touched.process.0 as usize).cloned();
            Some(Gap { process, why, level: Level::Outcome, blind: false })
        })
    }

    fn gaps(&self) -> Vec<Gap> {
        let key = |process: &Option<ProcId>| process.and_then(|id| self.keys.get(id.0 as usize)).cloned();
        // Without all calls nobody knows what a name or a descriptor stands for.
        let blind = self.run.header.filter.is_some();
        let told = self.run.gaps.iter().map(|(process, why)| {
            let (process, why) = (key(process), why.clone());
            Gap { process, why, level: Level::Outcome, blind }
        });
        let mut gaps: Vec<Gap> = told.collect();
        gaps.extend(self.unreadable());
        if self.run.merged.is_some() && !ends::one_output(&self.run.header) {
            let why = "standard output and error were not one object: there is no order between them".to_owned();
            gaps.push(Gap { process: None, why, level: Level::Outcome, blind: false });
        }
        gaps.sort();
        gaps.dedup();
        gaps
    }
}

/// A process with what its streams were made of.
pub(crate) struct BuiltProcess {
    pub id: ProcId,
    pub process: FormProcess,
    pub streams: Vec<streams::Built>,
}

fn digits(part: &str) -> String {
    part.chars().take_while(char::is_ascii_digit).collect()
}
