//! Verdict: one to three comparisons become an answer.
//!
//! In: a golden and the canonical forms of one run and its re-runs. Out: `same`, `same with warnings`,
//! `different`, `flaky` or `not measured`. Findings are confirmed by what they are about, not by the values in
//! them; what did not come back is told, too, because it may be a fault that comes and goes.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::{DEADLINE, Partials, equal, standing};
use crate::content::Contents;
use crate::explain;
use crate::finding::{Code, Confirmed, Finding, Severity};
use crate::form::{Form, MachineClass, Partial};
use crate::golden::{EndKind, Golden, Presence};
use crate::learn::{as_it_is, asserted_as_it_is};
use crate::model::{Level, Platform, ProcKey};
use crate::options::Options;
use crate::value::Value;

/// Is it the same?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing differs.
    Same,
    /// Warnings only.
    SameWithWarnings,
    /// Confirmed errors.
    Different,
    /// Findings, none of which came back in every run.
    Flaky,
    /// It could not be told, for this reason.
    NotMeasured(String),
}

impl Verdict {
    /// The word in reports.
    pub const fn word(&self) -> &'static str {
        match self {
            Verdict::Same => "same",
            Verdict::SameWithWarnings => "same with warnings",
            Verdict::Different => "different",
            Verdict::Flaky => "flaky",
            Verdict::NotMeasured(_) => "not measured",
        }
    }
}

/// What became of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// How closely was compared.
    pub level: Level,
    /// The answer.
    pub verdict: Verdict,
    /// Confirmed findings: leaders by severity and rank, then those that follow from one of them.
    pub findings: Vec<Finding>,
    /// Findings that some of the runs showed.
    pub flaky: Vec<Finding>,
    /// Runs that were compared.
    pub runs: u32,
    /// Steps asserted by the golden, steps in all.
    pub asserts: (u64, u64),
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Work done, counted: sequences that had to be aligned.
    pub diffs: u64,
}

impl Comparison {
    /// Of so many runs in which nothing was found yet.
    fn of(runs: u32, options: &Options) -> Comparison {
        Comparison {
            level: options.level,
            verdict: Verdict::Same,
            findings: Vec::new(),
            flaky: Vec::new(),
            runs,
            asserts: (0, 0),
            notes: Vec::new(),
            diffs: 0,
        }
    }

    /// No finding at all, advisory ones aside: the relation of the level.
    pub fn is_equal(&self) -> bool {
        let counts = |finding: &&Finding| finding.code != Code::IoShape;
        self.findings.iter().chain(&self.flaky).find(counts).is_none()
            && !matches!(self.verdict, Verdict::NotMeasured(_))
    }

    /// Should the program be run once more? Findings count after 1 + `confirm` runs that all show them.
    pub fn wants_another(&self, confirm: u32) -> bool {
        self.runs <= confirm && self.findings.iter().any(|finding| finding.severity <= Severity::Warning)
    }

    /// How many of the runs it speaks for: `3/3`.
    pub fn confirmed(&self) -> String {
        format!("{0}/{0}", self.runs)
    }
}

/// Compares a run and its re-runs with a golden.
pub fn compare(golden: &Golden, contents: &Contents, forms: &[Form], options: &Options) -> Comparison {
    compare_with((golden, contents), None, forms, options)
}

/// The same with a golden that was made of a run of which not all is known.
fn compare_with(
    (golden, contents): (&Golden, &Contents),
    before: Option<Partial>,
    forms: &[Form],
    options: &Options,
) -> Comparison {
    let mut comparison = Comparison { asserts: golden.header.asserts, ..Comparison::of(forms.len() as u32, options) };
    if let Some(reason) = blind(forms).or_else(|| not_comparable(golden, forms, options)) {
        comparison.verdict = Verdict::NotMeasured(reason);
        return comparison;
    }
    let mut unmeasured: Vec<String> = Vec::new();
    let mut runs = Vec::new();
    let mut late = false;
    for form in forms {
        let partials = Partials { before, after: form.partial };
        let found = standing((golden, contents), form, partials, options);
        comparison.diffs += found.work.diffs;
        late |= found.work.late > 0;
        unmeasured.extend(form.gaps.iter().filter(|gap| gap.level <= options.level).map(|gap| gap.why.clone()));
        unmeasured.extend(found.unmeasured.iter().cloned());
        runs.push(explain::findings(&found, golden, contents, form, options));
    }
    (comparison.findings, comparison.flaky) = confirm(runs);
    vary_in_words(&mut comparison.findings, forms, golden.header.runs);
    comparison.notes.extend(forms.first().and_then(|form| another_class(golden, &form.class)));
    comparison.notes.extend(as_far_as_recorded(forms.iter()));
    if late {
        comparison.notes.push(diff_cut());
    }
    comparison.verdict = verdict(&comparison, unmeasured.first(), options);
    comparison
}

/// Compares an accepted golden with one that may take its place, as if the second were a run on this platform.
/// What the second only allows (a range, an optional step) is no finding: its lines show that.
pub fn compare_goldens(
    accepted: (&Golden, &Contents),
    other: (&Golden, &Contents),
    here: &Platform,
    options: &Options,
) -> Comparison {
    let form = other.0.example(other.1, here);
    // How often an input was found is not in a run.
    let mut golden = accepted.0.clone();
    for (presence, _) in &mut golden.inputs {
        if let Presence::Times(_) = presence {
            *presence = Presence::Required;
        }
    }
    let mut comparison = compare(&golden, accepted.1, std::slice::from_ref(&form), options);
    comparison.runs = other.0.header.runs;
    // Nothing happened: there is no event to look at.
    comparison.findings.iter_mut().for_each(|finding| finding.event = None);
    comparison
}

/// Compares two runs: a golden of the first alone, then the second against it.
pub fn diff(a: &Form, b: &Form, options: &Options) -> Comparison {
    let whole = a.gaps.is_empty() && b.gaps.is_empty();
    if whole && equal(a, b) {
        return Comparison { asserts: asserted_as_it_is(a, options), ..Comparison::of(1, options) };
    }
    let learned = as_it_is(a, options);
    let golden = (&learned.golden, &learned.contents);
    let mut comparison = compare_with(golden, a.partial, std::slice::from_ref(b), options);
    let gap = a.gaps.iter().find(|gap| gap.level <= options.level);
    if let Some(gap) = gap.filter(|gap| gap.blind || comparison.verdict != Verdict::Different) {
        comparison.findings.retain(|_| !gap.blind);
        comparison.verdict = Verdict::NotMeasured(gap.why.clone());
    }
    comparison.notes.retain(|note| *note == diff_cut());
    comparison.notes.extend(as_far_as_recorded([a, b].into_iter()));
    comparison
}

/// What is said when there was no time to look for the smallest difference.
fn diff_cut() -> String {
    format!("diff cut: after {} s what differed was told as a whole", DEADLINE.as_secs())
}

/// What is said beside findings of runs of which not all is known.
fn as_far_as_recorded<'a>(forms: impl Iterator<Item = &'a Form>) -> Option<String> {
    let partial = |form: &Form| form.partial.and_then(|_| form.gaps.first().map(|gap| gap.why.clone()));
    forms.filter_map(partial).next().map(|why| format!("compared as far as it was recorded: {why}"))
}

fn verdict(comparison: &Comparison, unmeasured: Option<&String>, options: &Options) -> Verdict {
    let any = |findings: &[Finding], least: Severity| findings.iter().any(|finding| finding.severity <= least);
    if any(&comparison.findings, options.fail_on) {
        Verdict::Different
    } else if let Some(why) = unmeasured {
        Verdict::NotMeasured(why.clone())
    } else if any(&comparison.findings, Severity::Warning) {
        Verdict::SameWithWarnings
    } else if any(&comparison.flaky, Severity::Warning) {
        Verdict::Flaky
    } else {
        Verdict::Same
    }
}

type Key = (Code, ProcKey, Option<Value>, Box<str>);

fn key(finding: &Finding) -> Key {
    (finding.code, finding.process.clone(), finding.object.clone(), finding.attribute.clone())
}

/// Findings that all runs show, and the others.
fn confirm(runs: Vec<Vec<Finding>>) -> (Vec<Finding>, Vec<Finding>) {
    let all = runs.len() as u32;
    let mut seen: BTreeMap<Key, u32> = BTreeMap::new();
    for run in &runs {
        let keys: BTreeSet<Key> = run.iter().map(key).collect();
        keys.into_iter().for_each(|key| *seen.entry(key).or_insert(0) += 1);
    }
    let counted = |mut finding: Finding| {
        finding.confirmed = Confirmed { seen: seen.get(&key(&finding)).copied().unwrap_or(1), runs: all };
        finding
    };
    let mut told: BTreeSet<Key> = BTreeSet::new();
    let mut confirmed = Vec::new();
    let mut flaky = Vec::new();
    for (nth, run) in runs.into_iter().enumerate() {
        let (always, sometimes): (Vec<_>, Vec<_>) =
            run.into_iter().map(counted).enumerate().partition(|(_, finding)| finding.confirmed.seen == all);
        flaky.extend(sometimes.into_iter().map(|(_, finding)| finding).filter(|finding| told.insert(key(finding))));
        if nth == 0 {
            confirmed = renumbered(always);
        }
    }
    for finding in &mut flaky {
        finding.follows_from = None;
    }
    flaky.sort_by_key(|finding| (finding.severity, key(finding)));
    (confirmed, flaky)
}

/// What follows from something that was not confirmed stands for itself.
fn renumbered(findings: Vec<(usize, Finding)>) -> Vec<Finding> {
    let place: BTreeMap<usize, usize> = findings.iter().enumerate().map(|(new, (old, _))| (*old, new)).collect();
    let remap = |(_, finding): (usize, Finding)| {
        let follows_from = finding.follows_from.and_then(|old| place.get(&old)).copied();
        Finding { follows_from, ..finding }
    };
    findings.into_iter().map(remap).collect()
}

/// A content that varies between the candidate's own runs is told as that.
fn vary_in_words(findings: &mut [Finding], forms: &[Form], learned_from: u32) {
    if forms.len() < 2 {
        return;
    }
    for finding in findings.iter_mut().filter(|finding| &*finding.attribute == "content") {
        let Some(object) = &finding.object else { continue };
        let end = |form: &'_ Form| {
            let end = form.ends.iter().find(|end| end.name == *object && end.kind != EndKind::Gone)?;
            end.content.as_ref()?.bytes.clone()
        };
        let contents: Option<Vec<_>> = forms.iter().map(end).collect();
        let Some(contents) = contents else { continue };
        let distinct: BTreeSet<&[u8]> = contents.iter().map(|bytes| &**bytes).collect();
        if distinct.len() > 1 {
            let text = explain::words::object_text(object);
            let what = explain::varying(&distinct);
            finding.sentence = format!("{text}: {what} vary from run to run, were fixed in {learned_from} golden runs");
        }
    }
}

/// Why nothing can be told of a run at all.
fn blind(forms: &[Form]) -> Option<String> {
    forms.iter().flat_map(|form| &form.gaps).find(|gap| gap.blind).map(|gap| gap.why.clone())
}

/// Another platform, where it matters at this level.
fn not_comparable(golden: &Golden, forms: &[Form], options: &Options) -> Option<String> {
    if options.level > golden.header.level {
        return Some("the golden holds less than the level that was asked for".into());
    }
    let free = forms.iter().find(|form| options.one_cpu && form.class.cpus > 1);
    if let Some(form) = free {
        let cpus = form.class.cpus;
        return Some(format!(
            "the golden holds on one CPU, for what this program does follows them; the run had {cpus}"
        ));
    }
    let platform = golden.header.platform.as_ref()?;
    let other = forms.iter().find(|form| !holds_on(platform, &form.platform, options));
    if let Some(form) = other {
        return Some(format!("recorded on {}, this is {}", name(platform), name(&form.platform)));
    }
    another_version(&golden.header.seen, forms, options.level)
}

/// Another libc or kernel than at any recording, where the level needs the same.
fn another_version(seen: &[MachineClass], forms: &[Form], level: Level) -> Option<String> {
    let needed = |class: &MachineClass| match level {
        Level::Exact => Some(format!("{} on kernel {}", libc_words(class), class.kernel)),
        Level::Calls => Some(libc_words(class)),
        _ => None,
    };
    let recorded: BTreeSet<String> = seen.iter().filter_map(needed).collect();
    let another = |here: &String| !recorded.is_empty() && !recorded.contains(here);
    let here = forms.iter().filter_map(|form| needed(&form.class)).find(another)?;
    let recorded = recorded.into_iter().collect::<Vec<_>>().join(" and on ");
    Some(format!("level {} holds on one version: recorded on {recorded}, this is {here}", level.word()))
}

/// `glibc 2.36`.
fn libc_words(class: &MachineClass) -> String {
    match class.libc.split_once('-') {
        Some((family, version)) => format!("{family} {version}"),
        None if class.libc == "none" => "no libc".into(),
        None => format!("{} of a version that is not known", class.libc),
    }
}

fn holds_on(golden: &Platform, here: &Platform, options: &Options) -> bool {
    match options.level {
        Level::Outcome => true,
        Level::Hermetic => options.no_runtime_inputs || golden.libc == here.libc,
        _ => golden == here,
    }
}

fn name(platform: &Platform) -> String {
    format!("{}-{}", platform.arch, platform.libc)
}

fn class_words(class: &MachineClass) -> String {
    let MachineClass { kernel, libc, cpus, user, lang } = class;
    format!("kernel {kernel}, {}, {cpus} CPUs, {user}, LANG={lang}", libc.replace('-', " "))
}

/// What to know when this kind of machine was never seen.
fn another_class(golden: &Golden, class: &MachineClass) -> Option<String> {
    let seen = golden.header.seen.first()?;
    if golden.header.seen.contains(class) {
        return None;
    }
    Some(format!(
        "recorded on {}; this is {}. If the difference comes from that, join this machine: chic-trace golden more NAME -- CMD",
        class_words(seen),
        class_words(class)
    ))
}
