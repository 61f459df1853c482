//! Learn: several runs of one program become a golden.
//!
//! In: the canonical forms of N runs. Out: what they have in common, with ranges, patterns and masks where they
//! vary, or the reason why nothing is learned. The result does not depend on the order of the runs, and a
//! further run never adds an assertion.

use std::collections::{BTreeMap, BTreeSet};

use crate::content::{Content, Contents, Hash};
use crate::finding::Code;
use crate::form::{Form, FormProcess, MachineClass, NodeRef};
use crate::golden::{
    Allow, DurabilityRule, End, EndKind, ExitRule, FactRule, Golden, Header, Mask, MaskWhere, Number, OrderEdge,
    Presence, ProcLine, ShapeLine, Stdin, StepRef, Stream, Why,
};
use crate::inputs::Wanted;
use crate::masks::ContentMasks;
use crate::model::{Durability, Exit, Fact, Gap, Input, InputKind, Level, ObjectKind, ObjectRef, ProcKey, Verb};
use crate::options::Options;
use crate::pattern::{join_enumerable, join_names};
use crate::shape::Moved;
use crate::value::Value;

mod content;
mod names;
mod never;
mod order;
mod outliers;
mod streams;
mod threads;
mod widen;

pub(crate) use names::Names;
pub use never::NeverMasked;
pub use outliers::Outlier;
pub(crate) use outliers::{has_flag, is_action};
pub(crate) use streams::{base_of, canonical, content_hash, without_content};
pub use widen::join;

/// Fewer runs than this need [`Options::single`].
const LEAST: usize = 3;
/// A golden asserts at least so many hundredths of its steps.
const LEAST_ASSERTED: u64 = 60;

/// What of the head is not in the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderFacts {
    /// Environment that is part of the command.
    pub env: Vec<(Box<str>, Option<Value>)>,
    /// Standard input.
    pub stdin: Stdin,
    /// Hash of the fixture.
    pub fixture: Option<Hash>,
    /// Notes beside those of the runs, a sentence each.
    pub notes: Vec<String>,
}

impl Default for HeaderFacts {
    fn default() -> HeaderFacts {
        HeaderFacts { env: Vec::new(), stdin: Stdin::Null, fixture: None, notes: Vec::new() }
    }
}

/// A golden, and the contents behind its hashes (masked ones without what is masked).
#[derive(Debug, Clone)]
pub struct Learned {
    /// It.
    pub golden: Golden,
    /// As far as bytes were there.
    pub contents: Contents,
    /// The probability that an order which it asserts is chance: some steps came in any order, and one like them
    /// before or after them all in every run. 0 when nothing came in any order. Further runs lower it.
    pub chance: f64,
}

/// Why nothing was learned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too few runs.
    #[error(
        "cannot learn from {0} run(s): at least 3 are needed to see what varies; a golden of one run needs --single"
    )]
    TooFew(usize),
    /// Not one platform, not one command.
    #[error("cannot learn one golden from runs of {0}")]
    Mixed(String),
    /// A run is incomplete.
    #[error("cannot learn from run {run}: {why}", why = gap.why)]
    Gap {
        /// Which one, from 1.
        run: usize,
        /// What is missing.
        gap: Gap,
    },
    /// Runs that went another way.
    #[error("{}", outlier_text(outliers, *quorum))]
    Outliers {
        /// They.
        outliers: Vec<Outlier>,
        /// Do two thirds of the runs agree, so that the others may be dropped?
        quorum: bool,
    },
    /// Something varied that must not.
    #[error("{}", never_text(.0))]
    NeverMasked(Vec<NeverMasked>),
    /// Too little is left to assert.
    #[error(
        "asserts only {asserted} of {total} steps ({} %), less than 60 %: see `golden explain` for what varies; --accept-loose takes it as it is",
        percent(*asserted, *total)
    )]
    TooLoose {
        /// Steps asserted.
        asserted: u64,
        /// Steps in all.
        total: u64,
    },
}

/// Hundredths, rounded down; of nothing: all.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(100)
}

fn outlier_text(outliers: &[Outlier], quorum: bool) -> String {
    let mut out = String::from("the runs do not agree:");
    for outlier in outliers {
        for differs in &outlier.differs {
            out.push_str(&format!("\n  run {}: {differs}", outlier.run));
        }
    }
    out.push_str(if quorum {
        "\n--drop-outliers replaces such runs by new ones, --accept-outliers learns from them"
    } else {
        "\nno two thirds of the runs agree: only --accept-outliers goes on"
    });
    out
}

fn never_text(varying: &[NeverMasked]) -> String {
    let mut out = String::from("something varies that is never masked:");
    for NeverMasked { code, process, object, values } in varying {
        let runs: Vec<String> = (1..).zip(values).map(|(run, value)| format!("run {run} {value}")).collect();
        let place = [process.as_str(), object.as_str()]
            .iter()
            .filter(|s| !matches!(**s, "" | "-"))
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
        out.push_str(&format!("\n  {} {place}: {}", code.word(), runs.join("; ")));
    }
    let allow: Vec<String> = varying.iter().map(NeverMasked::allowance).collect();
    out.push_str(&format!("\nwhere that is as it should be: --allow {}", allow.join(" --allow ")));
    out
}

impl NeverMasked {
    /// `CODE[:OBJECT]`, as `--allow` takes it.
    pub fn allowance(&self) -> String {
        if self.object == "-" { self.code.word().into() } else { format!("{}:{}", self.code.word(), self.object) }
    }

    fn allowed_by(&self, options: &Options) -> bool {
        let object = |wanted: &Option<String>| wanted.as_ref().is_none_or(|object| *object == self.object);
        options.allow.iter().any(|(code, wanted)| code == self.code.word() && object(wanted))
    }
}

/// A golden of these runs.
pub fn learn(forms: &[Form], options: &Options, header: HeaderFacts) -> Result<Learned, Refused> {
    if forms.is_empty() || (forms.len() < LEAST && !options.single) {
        return Err(Refused::TooFew(forms.len()));
    }
    let names = Names::learned(&forms.iter().map(names_of).collect::<Vec<_>>());
    may_learn(forms, &names, options)?;
    let varying = never::varying(forms);
    let (allowed, refused): (Vec<_>, Vec<_>) = varying.into_iter().partition(|varies| varies.allowed_by(options));
    if !refused.is_empty() {
        return Err(Refused::NeverMasked(refused));
    }
    let mut learning = Learning::of(forms, names, options);
    let mut learned = learning.golden(header);
    (learned.golden.order, learned.chance) = learning.order(&learned.golden.streams);
    learned.golden.allows = allowed.iter().map(allow_line).collect();
    learned.golden.sort();
    let (asserted, total) = learned.golden.header.asserts;
    if percent(asserted, total) < LEAST_ASSERTED && !options.accept_loose {
        return Err(Refused::TooLoose { asserted, total });
    }
    Ok(learned)
}

/// A golden of one run as it is, whatever it is like: what `diff` compares with.
pub(crate) fn as_it_is(form: &Form, options: &Options) -> Learned {
    let names = Names::learned(&[names_of(form)]);
    let mut learning = Learning::of(std::slice::from_ref(form), names, options);
    let mut learned = learning.golden(HeaderFacts::default());
    (learned.golden.order, learned.chance) = learning.order(&learned.golden.streams);
    learned.golden.sort();
    learned
}

/// What such a golden would assert, and of how much.
pub(crate) fn asserted_as_it_is(form: &Form, options: &Options) -> (u64, u64) {
    let names = Names::learned(&[names_of(form)]);
    Learning::of(std::slice::from_ref(form), names, options).golden(HeaderFacts::default()).golden.header.asserts
}

fn may_learn(forms: &[Form], names: &Names, options: &Options) -> Result<(), Refused> {
    let gap = |(at, form): (usize, &Form)| {
        let gap = form.gaps.iter().find(|gap| gap.level <= options.level)?;
        Some(Refused::Gap { run: at + 1, gap: gap.clone() })
    };
    if let Some(refused) = forms.iter().enumerate().find_map(gap) {
        return Err(refused);
    }
    let platforms: BTreeSet<String> =
        forms.iter().map(|form| format!("{}-{}", form.platform.arch, form.platform.libc)).collect();
    if platforms.len() > 1 {
        return Err(Refused::Mixed(platforms.into_iter().collect::<Vec<_>>().join(" and ")));
    }
    let outliers = outliers::outliers(forms, names);
    if !outliers.is_empty() && !options.accept_outliers {
        let quorum = (forms.len() - outliers.len()) * 3 >= forms.len() * 2;
        return Err(Refused::Outliers { outliers, quorum });
    }
    Ok(())
}

fn allow_line(varies: &NeverMasked) -> Allow {
    let process = Some(varies.process.as_str()).filter(|key| !key.is_empty()).map(|key| ProcKey(key.into()));
    let reason = "accepted when it was recorded".split(' ').map(|word| Value::literal(word.as_bytes())).collect();
    Allow { code: varies.code.word().into(), process, object: Value::from_syntax(varies.object.as_str()), reason }
}

/// Names that a run gave to what it met.
fn names_of(form: &Form) -> BTreeSet<Value> {
    let path = |name: &&Value| name.as_str().contains('/');
    let processes = || form.processes.iter();
    let streams = processes().flat_map(|process| process.streams.iter().map(|stream| &stream.object.name));
    let inputs = processes().flat_map(|process| process.inputs.iter().map(|input| &input.name));
    streams.chain(inputs).chain(form.ends.iter().map(|end| &end.name)).filter(path).cloned().collect()
}

/// Processes that share a key, with the run each is of.
type Alike<'a> = Vec<(usize, &'a FormProcess)>;

/// Everything that is needed on the way.
struct Learning<'a> {
    forms: &'a [Form],
    names: Names,
    options: &'a Options,
    steps: streams::Steps,
    processes: BTreeMap<&'a ProcKey, Alike<'a>>,
    contents: Contents,
    masks: Vec<Mask>,
}

impl<'a> Learning<'a> {
    fn of(forms: &'a [Form], names: Names, options: &'a Options) -> Learning<'a> {
        let mut processes: BTreeMap<&ProcKey, Alike<'_>> = BTreeMap::new();
        for (run, form) in forms.iter().enumerate() {
            for process in &form.processes {
                processes.entry(&process.key).or_default().push((run, process));
            }
        }
        let steps = streams::Steps::of(forms, &names);
        Learning { forms, names, options, steps, processes, contents: Contents::default(), masks: Vec::new() }
    }

    /// All of it but the order.
    fn golden(&mut self, header: HeaderFacts) -> Learned {
        let level = self.options.level;
        let mut golden = Golden {
            header: self.header(header),
            processes: self.processes.iter().map(|(key, alike)| self.process(key, alike)).collect(),
            streams: Vec::new(),
            threads: Vec::new(),
            ends: self.ends(),
            inputs: self.inputs(),
            durability: Vec::new(),
            facts: Vec::new(),
            shapes: Vec::new(),
            order: Vec::new(),
            masks: Vec::new(),
            allows: Vec::new(),
        };
        let mut loose = 0;
        if level >= Level::Protocol {
            (golden.streams, loose) = self.streams();
            golden.durability = self.durability();
            golden.facts = self.facts();
            golden.shapes = self.shapes();
        }
        if level >= Level::Calls {
            let (threads, loose_calls) = threads::learn(self.forms, &self.processes);
            (golden.threads, loose) = (threads, loose + loose_calls);
        }
        if level >= Level::Hermetic {
            let variables = golden.header.env.iter().filter(|(name, _)| self.is_given(name));
            let line = |(name, _): &(Box<str>, _)| {
                (Presence::Required, Input { kind: InputKind::Env, name: Value::literal(name.as_bytes()) })
            };
            golden.inputs.extend(variables.map(line).collect::<Vec<_>>());
        }
        golden.masks = std::mem::take(&mut self.masks);
        let count = golden.count();
        let surely = if level < Level::Protocol { count.least } else { count.total.saturating_sub(loose) };
        golden.header.asserts = (surely.clamp(count.least, count.most), count.total);
        Learned { golden, contents: std::mem::take(&mut self.contents), chance: 0.0 }
    }

    fn header(&self, facts: HeaderFacts) -> Header {
        let first = self.forms.first();
        let seen = machine_classes(self.forms.iter().map(|form| form.class.clone()));
        let notes: BTreeSet<&String> = self.forms.iter().flat_map(|form| &form.notes).chain(&facts.notes).collect();
        let note = |text: &&String| note_words(text);
        let argv: Vec<Vec<Value>> = self.forms.iter().map(|form| form.argv.clone()).collect();
        let substs: BTreeSet<_> = self.forms.iter().flat_map(|form| form.substs.iter().cloned()).collect();
        Header {
            level: self.options.level,
            runs: self.forms.len() as u32,
            platform: first.map(|form| form.platform.clone()).filter(|_| !holds_anywhere(self.options)),
            argv: join_lists(&argv.iter().collect::<Vec<_>>()),
            env: facts.env,
            stdin: facts.stdin,
            fixture: facts.fixture,
            options: self.options.lines(),
            substs: substs.into_iter().collect(),
            seen,
            notes: notes.iter().map(note).collect(),
            asserts: (0, 0),
        }
    }

    fn process(&self, key: &ProcKey, alike: &[(usize, &FormProcess)]) -> ProcLine {
        let per_run = (0..self.forms.len()).map(|run| alike.iter().filter(|(of, _)| *of == run).count() as u64);
        let exits: Vec<&Exit> = alike.iter().map(|(_, process)| &process.exit).collect();
        ProcLine {
            presence: counted(Number::of(per_run)),
            key: key.clone(),
            exit: join_exits(&exits),
            exe: join_names(alike.iter().map(|(_, process)| &process.exe)),
            args: join_lists(&alike.iter().map(|(_, process)| &process.args).collect::<Vec<_>>()),
        }
    }

    /// Streams, and how many of their steps are not asserted.
    fn streams(&mut self) -> (Vec<Stream>, u64) {
        let mut streams = Vec::new();
        let mut loose = 0;
        let processes: Vec<(&ProcKey, Alike<'a>)> = self.processes.iter().map(|(k, v)| (*k, v.clone())).collect();
        for (key, alike) in processes {
            let mut members: BTreeMap<ObjectRef, Vec<(usize, streams::Member<'a>)>> = BTreeMap::new();
            for (nth, (run, process)) in alike.iter().enumerate() {
                let Some(form) = self.forms.get(*run) else { continue };
                for stream in &process.streams {
                    let object = self.object(&stream.object);
                    members.entry(object).or_default().push((nth, streams::Member { run: *run, form, stream }));
                }
            }
            for (object, found) in members {
                let list: Vec<streams::Member<'_>> = found.iter().map(|(_, member)| *member).collect();
                let joined = streams::join(&list, &self.steps, &mut self.contents);
                let per_process = (0..alike.len()).map(|nth| found.iter().filter(|(of, _)| *of == nth).count() as u64);
                let presence =
                    if is_runtime(&object.name) { Presence::Optional } else { counted(Number::of(per_process)) };
                loose += if matches!(presence, Presence::Optional) || varies(presence) {
                    joined.steps.len() as u64
                } else {
                    joined.asserted.iter().filter(|asserted| !**asserted).count() as u64
                };
                self.mask_stream(key, &object, &joined);
                let (process, bag, steps) = (key.clone(), joined.bag, joined.steps);
                streams.push(Stream { object, presence, process, bag, steps, blocks: Vec::new() });
            }
        }
        (streams, loose)
    }

    fn object(&self, object: &ObjectRef) -> ObjectRef {
        ObjectRef { kind: object.kind, name: self.names.canonical(&object.name).clone() }
    }

    fn mask_stream(&mut self, process: &ProcKey, object: &ObjectRef, joined: &streams::Joined) {
        for (verb, (masks, distinct)) in &joined.masks {
            self.mask(process, object, verb.word(), masks, *distinct);
        }
        for (verb, distinct) in &joined.wholly {
            self.mask_at(process, object, verb.word(), MaskWhere::All, None, *distinct);
        }
    }

    fn mask(&mut self, process: &ProcKey, object: &ObjectRef, verb: &str, masks: &ContentMasks, distinct: u32) {
        for (place, class) in masks.places() {
            self.mask_at(process, object, verb, place, class, distinct);
        }
    }

    fn mask_at(
        &mut self,
        process: &ProcKey,
        object: &ObjectRef,
        verb: &str,
        place: MaskWhere,
        class: Option<crate::golden::MaskAs>,
        distinct: u32,
    ) {
        let why = Why::Varied(distinct, self.forms.len() as u32);
        let (process, object) = (process.clone(), object.clone());
        self.masks.push(Mask { process, object, verb: verb.into(), place, class, why });
    }

    fn ends(&mut self) -> Vec<End> {
        let mut found: BTreeMap<(EndKind, Value), Vec<(usize, &crate::form::FormEnd)>> = BTreeMap::new();
        for (run, form) in self.forms.iter().enumerate() {
            for end in &form.ends {
                let name = self.names.canonical(&end.name).clone();
                found.entry((end.kind, name)).or_default().push((run, end));
            }
        }
        found.into_iter().map(|((kind, name), ends)| self.end(kind, name, &ends)).collect()
    }

    fn end(&mut self, kind: EndKind, name: Value, ends: &[(usize, &crate::form::FormEnd)]) -> End {
        let per_run = (0..self.forms.len()).map(|run| ends.iter().filter(|(of, _)| *of == run).count() as u64);
        let modes: BTreeSet<Option<u16>> = ends.iter().map(|(_, end)| end.mode).collect();
        let contents: Vec<(usize, &Content)> =
            ends.iter().filter_map(|(run, end)| Some((*run, end.content.as_ref()?))).collect();
        let size = Number::of(contents.iter().map(|(_, content)| content.len));
        let presence = counted(Number::of(per_run));
        let hash = (!contents.is_empty()).then(|| self.end_content(kind, &name, &contents));
        let to: Vec<&Value> = ends.iter().filter_map(|(_, end)| end.to.as_ref()).collect();
        End {
            presence,
            kind,
            mode: modes.first().copied().flatten().filter(|_| modes.len() == 1),
            size: size.map(|size| if hash == Some(None) { None } else { Some(size) }),
            hash,
            to: (!to.is_empty()).then(|| join_names(to)),
            name,
        }
    }

    /// The hash of what all runs share of a content that is left.
    fn end_content(&mut self, kind: EndKind, name: &Value, contents: &[(usize, &Content)]) -> Option<Hash> {
        let hashes: BTreeSet<Option<Hash>> = contents.iter().map(|(_, content)| content.hash).collect();
        let bytes: Option<BTreeSet<&[u8]>> = contents.iter().map(|(_, content)| content.bytes.as_deref()).collect();
        if hashes.len() == 1 {
            contents.iter().for_each(|(_, content)| self.contents.keep(content));
            return hashes.first().copied().flatten();
        }
        let root = ProcKey("P".into());
        let object = end_object(kind, name);
        let word = end_word(kind);
        let (distinct, varied) = (hashes.len() as u32, bytes.as_ref().map(|bytes| content::vary(bytes, 0)));
        if let (Some(content::Varied::Within(masks)), Some(bytes)) = (varied, bytes) {
            let left: BTreeSet<Vec<u8>> = bytes.iter().map(|bytes| masks.apply(bytes, 0)).collect();
            if let (1, Some(left)) = (left.len(), left.first()) {
                self.mask(&root, &object, word, &masks, distinct);
                self.contents.keep(&Content::known(left.clone()));
                return Some(Hash::of(left));
            }
        }
        self.mask_at(&root, &object, word, MaskWhere::All, None, distinct);
        None
    }

    fn inputs(&self) -> Vec<(Presence, Input)> {
        let mut found: BTreeMap<Input, BTreeMap<usize, BTreeSet<&Value>>> = BTreeMap::new();
        for (run, form) in self.forms.iter().enumerate() {
            let wanted = Wanted::of_form(form, self.options);
            let inputs = form.processes.iter().flat_map(|process| &process.inputs);
            for input in inputs.filter(|input| wanted.counts(input)) {
                let name = self.names.canonical(&input.name).clone();
                let input_runs = found.entry(Input { kind: input.kind, name }).or_default();
                input_runs.entry(run).or_default().insert(&input.name);
            }
        }
        let presence = |runs: &BTreeMap<usize, BTreeSet<&Value>>| {
            counted(Number::of((0..self.forms.len()).map(|run| runs.get(&run).map_or(0, BTreeSet::len) as u64)))
        };
        let optional = |input: &Input| is_runtime(&input.name);
        let line = |(input, runs)| (if optional(input) { Presence::Optional } else { presence(runs) }, input.clone());
        found.iter().map(line).collect()
    }

    /// Was this variable, which was asked for, there in all runs? It may have been passed on from nowhere.
    fn is_given(&self, name: &str) -> bool {
        let name = Value::literal(name.as_bytes());
        self.forms.iter().all(|form| form.environment.as_ref().is_some_and(|names| names.contains(&name)))
    }

    fn durability(&self) -> Vec<(ProcKey, Value, DurabilityRule)> {
        let mut lines = Vec::new();
        for (key, alike) in &self.processes {
            let mut found: BTreeMap<Value, Vec<&Durability>> = BTreeMap::new();
            for (_, process) in alike {
                for (name, durability) in &process.durability {
                    found.entry(self.names.canonical(name).clone()).or_default().push(durability);
                }
            }
            let rule = |(name, found): (Value, Vec<&Durability>)| ((*key).clone(), name, join_durability(&found));
            lines.extend(found.into_iter().map(rule));
        }
        lines
    }

    fn facts(&self) -> Vec<(ProcKey, Box<str>, FactRule)> {
        let mut lines = Vec::new();
        for (key, alike) in &self.processes {
            let names: BTreeSet<&Box<str>> = alike.iter().flat_map(|(_, process)| process.facts.keys()).collect();
            for name in names {
                lines.push(((*key).clone(), name.clone(), self.fact(name, alike)));
            }
        }
        lines
    }

    fn fact(&self, name: &str, alike: &[(usize, &FormProcess)]) -> FactRule {
        let default = default_fact(name);
        let values: Vec<&Fact> = alike.iter().map(|(_, process)| process.facts.get(name).unwrap_or(&default)).collect();
        let number = |fact: &&Fact| if let Fact::Number(n) = fact { Some(*n) } else { None };
        let numbers: Option<Vec<u64>> = values.iter().map(number).collect();
        let Some(numbers) = numbers else {
            let words: Vec<Value> = values.iter().map(|fact| fact_word(fact)).collect();
            return FactRule::Word(join_enumerable(&words));
        };
        if name == "thread.count"
            && let Some(more) = self.follows_cpus(&numbers, alike)
        {
            return FactRule::Word(Value::from_syntax(format!("cpus+{more}")));
        }
        FactRule::Number(Number::of(numbers).unwrap_or(Number::exactly(0)))
    }

    /// So many more threads than CPUs, in runs that had others.
    fn follows_cpus(&self, counts: &[u64], alike: &[(usize, &FormProcess)]) -> Option<u64> {
        let cpus = |run: &usize| self.forms.get(*run).map(|form| u64::from(form.class.cpus));
        let cpus: Vec<u64> = alike.iter().filter_map(|(run, _)| cpus(run)).collect();
        let more: BTreeSet<Option<u64>> = counts.iter().zip(&cpus).map(|(n, cpus)| n.checked_sub(*cpus)).collect();
        let varied = cpus.iter().collect::<BTreeSet<_>>().len() > 1;
        if varied && more.len() == 1 { more.first().copied().flatten() } else { None }
    }

    fn shapes(&self) -> Vec<ShapeLine> {
        let mut lines = Vec::new();
        for (key, alike) in &self.processes {
            let mut keys: BTreeSet<(&ObjectRef, &str)> = BTreeSet::new();
            keys.extend(alike.iter().flat_map(|(_, p)| p.shapes.keys()).map(|(object, family)| (object, &**family)));
            if keys.is_empty() {
                continue;
            }
            let moved = |(run, process): &(usize, &'a FormProcess)| Some(Moved::by(process, self.forms.get(*run)?));
            let moved: Vec<Moved<'_>> = alike.iter().filter_map(moved).collect();
            for (object, family) in keys {
                let counts = moved.iter().filter_map(|moved| moved.count(object, family));
                let Some(count) = Number::of(counts) else { continue };
                if self.names.canonical(&object.name) == &object.name {
                    let (process, object, family) = ((*key).clone(), object.clone(), family.into());
                    lines.push(ShapeLine { process, object, family, count });
                }
            }
        }
        lines
    }

    /// What happens before what, where the golden has streams.
    fn order(&self, streams: &[Stream]) -> (Vec<OrderEdge>, f64) {
        if streams.is_empty() {
            return (Vec::new(), 0.0);
        }
        let eligible = |stream: &&Stream| {
            !stream.bag && stream.presence == Presence::Required && !self.names.is_pattern(&stream.object.name)
        };
        let alone: BTreeSet<&ProcKey> = self
            .processes
            .iter()
            .filter(|(_, alike)| {
                (0..self.forms.len()).all(|run| alike.iter().filter(|(of, _)| *of == run).count() == 1)
            })
            .map(|(key, _)| *key)
            .collect();
        let index: BTreeMap<(&ProcKey, &ObjectRef), u32> = (0..)
            .zip(streams)
            .filter(|(_, stream)| eligible(stream) && alone.contains(&stream.process))
            .map(|(at, stream)| ((&stream.process, &stream.object), at))
            .collect();
        let runs: Vec<order::RunOrder<'_>> = self
            .forms
            .iter()
            .map(|form| {
                order::RunOrder::of(form, |node: NodeRef| {
                    let process = form.processes.get(node.process as usize)?;
                    let stream = process.streams.get(node.stream as usize)?;
                    Some((*index.get(&(&process.key, &stream.object))?, node.step))
                })
            })
            .collect();
        let order::Agreed { edges, chance } = order::agreed(&runs, |a, b| alike(streams, a, b));
        let numbered: BTreeSet<u32> = edges.iter().flat_map(|(a, b)| [a.0, b.0]).collect();
        let numbers: BTreeMap<u32, Vec<u32>> =
            numbered.into_iter().filter_map(|at| Some((at, numbers_of(streams.get(at as usize)?)))).collect();
        let edges = edges.into_iter().filter_map(|(a, b)| edge(streams, &numbers, a, b));
        let mut lines: Vec<OrderEdge> = edges.filter(|edge| !said_by_the_tree(edge)).collect();
        lines.sort();
        (lines, chance)
    }
}

/// Is the same done to two objects of a kind in one process, as far as their first step tells?
fn alike(streams: &[Stream], a: u32, b: u32) -> bool {
    let does = |at: u32| {
        let stream = streams.get(at as usize)?;
        Some((&stream.process, stream.object.kind, stream.steps.first()?.1.verb))
    };
    a != b && does(a).is_some_and(|what| does(b) == Some(what))
}

/// The machines that runs were made on, each once. A run that was held to fewer CPUs was made on the same machine.
pub(super) fn machine_classes(of_runs: impl Iterator<Item = MachineClass>) -> Vec<MachineClass> {
    let mut most: BTreeMap<MachineClass, u32> = BTreeMap::new();
    for class in of_runs {
        let cpus = most.entry(MachineClass { cpus: 0, ..class.clone() }).or_default();
        *cpus = class.cpus.max(*cpus);
    }
    let mut seen: Vec<MachineClass> = most.into_iter().map(|(class, cpus)| MachineClass { cpus, ..class }).collect();
    seen.sort();
    seen
}

/// `not varied: ASLR` as two values, so that a list of notes sorts by its kind.
fn note_words(text: &str) -> Vec<Value> {
    let parts = match text.split_once(": ") {
        Some((kind, rest)) => vec![format!("{kind}:"), rest.to_string()],
        None => vec![text.to_string()],
    };
    parts.iter().map(|part| Value::literal(part.as_bytes())).collect()
}

/// Does the process tree say it: a child's step after its start, or before it was reaped?
fn said_by_the_tree(edge: &OrderEdge) -> bool {
    let Some(other) = &edge.other else { return false };
    let about =
        |step: &StepRef, key: &ProcKey| step.object.kind == ObjectKind::Child && step.object.name.as_str() == &*key.0;
    (edge.before.verb == Verb::Spawn && about(&edge.before, other))
        || (edge.after.verb == Verb::Reap && about(&edge.after, &edge.process))
}

type Numbers = BTreeMap<u32, Vec<u32>>;

fn edge(streams: &[Stream], numbers: &Numbers, a: order::Place, b: order::Place) -> Option<OrderEdge> {
    let (first, second) = (streams.get(a.0 as usize)?, streams.get(b.0 as usize)?);
    let other = (second.process != first.process).then(|| second.process.clone());
    let (before, after) = (step_ref(first, numbers, a)?, step_ref(second, numbers, b)?);
    Some(OrderEdge { process: first.process.clone(), before, other, after })
}

/// The step at this place, by its verb.
fn step_ref(stream: &Stream, numbers: &Numbers, (at, step): order::Place) -> Option<StepRef> {
    let verb = stream.steps.get(step as usize)?.1.verb;
    let nth = *numbers.get(&at)?.get(step as usize)?;
    Some(StepRef { verb, nth, object: stream.object.clone() })
}

/// Of each step, the how manieth of its verb it is.
fn numbers_of(stream: &Stream) -> Vec<u32> {
    let mut seen: BTreeMap<Verb, u32> = BTreeMap::new();
    let mut number = |verb: Verb| {
        let nth = seen.entry(verb).or_insert(0);
        *nth += 1;
        *nth
    };
    stream.steps.iter().map(|(_, step)| number(step.verb)).collect()
}

/// How often something is there.
pub(crate) fn counted(range: Option<Number>) -> Presence {
    match range {
        None | Some(Number { low: 1, high: 1 }) => Presence::Required,
        Some(Number { low: 0, high: 1 }) => Presence::Optional,
        Some(range) => Presence::Times(range),
    }
}

fn varies(presence: Presence) -> bool {
    matches!(presence, Presence::Times(Number { low, high }) if low != high)
}

/// At `outcome`, and at `hermetic` without the runtime's own files, a golden holds on any Linux.
fn holds_anywhere(options: &Options) -> bool {
    options.level == Level::Outcome || (options.level == Level::Hermetic && options.no_runtime_inputs)
}

/// A class of runtime files (`runtime:locale`): which of them a run uses is its environment's affair.
pub(crate) fn is_runtime(name: &Value) -> bool {
    name.as_str().starts_with("runtime:")
}

fn join_exits(exits: &[&Exit]) -> ExitRule {
    let first = exits.first().copied();
    if let Some(first) = first.filter(|first| exits.iter().all(|exit| exit == first)) {
        return ExitRule::Is(first.clone());
    }
    let codes: Option<BTreeSet<u8>> =
        exits.iter().map(|exit| if let Exit::Exited(code) = exit { Some(*code) } else { None }).collect();
    match codes {
        Some(codes) if codes.len() <= 3 => ExitRule::OneOf(codes.into_iter().collect()),
        _ => ExitRule::Any,
    }
}

/// Lists of words, joined by place; `*` stands for all when they are not of one length.
fn join_lists(lists: &[&Vec<Value>]) -> Vec<Value> {
    let Some(first) = lists.first() else { return Vec::new() };
    if lists.iter().any(|list| list.len() != first.len()) {
        return vec![Value::from_syntax("*")];
    }
    (0..first.len()).map(|at| join_names(lists.iter().filter_map(|list| list.get(at)))).collect()
}

fn join_durability(found: &[&Durability]) -> DurabilityRule {
    let field = |of: fn(&Durability) -> &str| -> Box<str> {
        let words: Vec<Value> = found.iter().map(|durability| Value::from_syntax(of(durability))).collect();
        join_enumerable(&words).as_str().into()
    };
    DurabilityRule {
        fields: Durability {
            replace: field(|durability| &durability.replace),
            content_before_name: field(|durability| &durability.content_before_name),
            name_durable: field(|durability| &durability.name_durable),
            sync: field(|durability| &durability.sync),
        },
    }
}

/// What a fact is when nothing is said about it.
pub(crate) fn default_fact(name: &str) -> Fact {
    match name {
        "thread.count" => Fact::Number(1),
        "sig.blocked" => Fact::Word(Value::from_syntax("")),
        name if name.starts_with("sig.") && !name.starts_with("sig.recv.") => Fact::Word(Value::from_syntax("default")),
        "sched.policy" | "sched.affinity" | "prio" => Fact::Word(Value::from_syntax("unset")),
        _ => Fact::Number(0),
    }
}

/// The fact as a word.
pub(crate) fn fact_word(fact: &Fact) -> Value {
    match fact {
        Fact::Number(n) => Value::from_syntax(n.to_string()),
        Fact::Word(word) => word.clone(),
    }
}

/// The object that an `end` line is about.
pub(crate) fn end_object(kind: EndKind, name: &Value) -> ObjectRef {
    let (kind, name) = match kind {
        EndKind::Std => (ObjectKind::Std, name.as_str()),
        EndKind::Dir => (ObjectKind::Dir, name.as_str()),
        EndKind::Symlink => (ObjectKind::Symlink, name.as_str()),
        EndKind::Fifo => (ObjectKind::Pipe, name.as_str()),
        EndKind::Socket => (ObjectKind::Unix, name.as_str()),
        EndKind::Dev => (ObjectKind::Dev, name.as_str()),
        EndKind::File | EndKind::Gone => (ObjectKind::File, name.as_str()),
        EndKind::Sent => {
            let (word, rest) = name.as_str().split_once(':').unwrap_or(("tcp", name.as_str()));
            (ObjectKind::ALL.iter().copied().find(|kind| kind.word() == word).unwrap_or(ObjectKind::Tcp), rest)
        }
    };
    ObjectRef { kind, name: Value::from_syntax(name) }
}

/// What a mask of an `end` line calls it.
pub(crate) fn end_word(kind: EndKind) -> &'static str {
    match kind {
        EndKind::Sent => "sent",
        EndKind::Std => "std",
        _ => "end",
    }
}

/// The codes that a refusal may name, for whoever reads `--allow`.
pub fn allowable() -> &'static [Code] {
    &[
        Code::Exit,
        Code::ProcExit,
        Code::OutBytes,
        Code::FileMode,
        Code::FdCloexec,
        Code::MemWx,
        Code::Cred,
        Code::NetNew,
        Code::ProcNew,
    ]
}
