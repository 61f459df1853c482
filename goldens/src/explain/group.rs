//! Group: the largest cause first.
//!
//! In: drafts. Out: findings in the order in which they are told: leaders by severity and rank, then those that
//! follow from one of them. A finding never hides behind a less severe one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, words};
use crate::finding::{Code, Finding, Severity};
use crate::model::ProcKey;

/// Objects that a leader lists by name.
const LISTED: usize = 5;
/// The same code on so many objects of one directory is one finding.
const ALIKE: usize = 3;

pub(super) fn grouped(drafts: Vec<Draft>) -> Vec<Finding> {
    let drafts = merged(drafts);
    let index = Index::of(&drafts);
    let mut leader: Vec<Option<usize>> = (0..drafts.len()).map(|at| leader_of(&drafts, &index, at)).collect();
    alike(&drafts, &mut leader);
    let root = |at: usize| {
        let mut root = at;
        // Causes are ranked, so that a chain ends; the bound is for peace of mind.
        for _ in 0..drafts.len() {
            match leader.get(root).copied().flatten() {
                Some(next) => root = next,
                None => break,
            }
        }
        root
    };
    let roots: Vec<usize> = (0..drafts.len()).map(root).collect();
    tell(drafts, &roots)
}

/// One draft for each key; processes that are alike say the same thing once.
fn merged(drafts: Vec<Draft>) -> Vec<Draft> {
    let mut places: BTreeMap<(Code, ProcKey, Option<String>, String), usize> = BTreeMap::new();
    let mut out: Vec<Draft> = Vec::new();
    for draft in drafts {
        let finding = &draft.finding;
        let object = finding.object.as_ref().map(ToString::to_string);
        let key = (finding.code, finding.process.clone(), object, finding.attribute.to_string());
        match places.get(&key).and_then(|at| out.get_mut(*at)) {
            Some(first) => {
                first.finding.count += 1;
                first.names.extend(draft.names);
                first.owners.extend(draft.owners);
            }
            None => {
                places.insert(key, out.len());
                out.push(draft);
            }
        }
    }
    out.sort_by_key(|draft| rank(&draft.finding));
    out
}

type Rank = (Severity, Code, ProcKey, Option<String>, String);

fn rank(finding: &Finding) -> Rank {
    let object = finding.object.as_ref().map(ToString::to_string);
    (finding.severity, finding.code, finding.process.clone(), object, finding.attribute.to_string())
}

/// Who takes this one along: the largest cause, the first in rank of those.
fn leader_of(drafts: &[Draft], index: &Index<'_>, at: usize) -> Option<usize> {
    let follower = drafts.get(at)?;
    let fits = |(_, leader): &(usize, &Draft)| {
        cause(leader.finding.code) < cause(follower.finding.code)
            && leader.finding.severity <= follower.finding.severity
            && takes(leader, follower)
    };
    let named = follower.names.iter().filter_map(|name| index.names.get(name.as_str())).flatten();
    let leaders: BTreeSet<usize> = named.chain(&index.processes).copied().collect();
    let leaders = leaders.into_iter().filter_map(|at| Some((at, drafts.get(at)?)));
    leaders.filter(fits).min_by_key(|(at, leader)| (cause(leader.finding.code), *at)).map(|(at, _)| at)
}

/// Who can lead at all: those that share a name, and those that lead by their process.
struct Index<'a> {
    names: BTreeMap<&'a str, Vec<usize>>,
    processes: Vec<usize>,
}

impl Index<'_> {
    fn of(drafts: &[Draft]) -> Index<'_> {
        let mut index = Index { names: BTreeMap::new(), processes: Vec::new() };
        for (at, draft) in drafts.iter().enumerate() {
            let by_process = draft.finding.object.is_none() || cause(draft.finding.code) <= cause(Code::ProcArgs);
            if by_process || matches!(draft.finding.code, Code::InBytes | Code::NetBytes) {
                index.processes.push(at);
            }
            draft.names.iter().for_each(|name| index.names.entry(name).or_default().push(at));
        }
        index
    }
}

/// How far a kind of finding is from a cause: smaller explains larger.
fn cause(code: Code) -> u8 {
    match code {
        Code::ProcNew | Code::ProcGone => 0,
        Code::Exit | Code::ProcExit => 1,
        Code::ProcArgs => 2,
        Code::ErrNew | Code::ErrGone => 3,
        Code::InNew | Code::InGone | Code::InAbsent | Code::NetNew | Code::NetGone => 4,
        Code::NetBytes => 5,
        Code::InBytes => 6,
        Code::FileNew | Code::FileGone | Code::FileType | Code::FileMode | Code::FileInplace => 7,
        Code::FileBytes | Code::OutBytes | Code::OutOrder => 8,
        Code::DurFsync | Code::DurDirsync | Code::LockLost | Code::ErrIgnored | Code::Toctou => 9,
        Code::FdCloexec | Code::FdLeak | Code::FdBadclose | Code::WaitLost | Code::MemWx | Code::Cred => 9,
        Code::SigDisp | Code::SigGot | Code::ThreadCount | Code::Limit | Code::Sleep | Code::Poll => 9,
        Code::DurOrder | Code::LockScope => 10,
        Code::Order | Code::FileTransient | Code::Hazard => 11,
        Code::StepNew | Code::StepGone | Code::StepArgs | Code::IoRepeat => 12,
        Code::IoShape => 13,
        Code::CallNew | Code::CallGone | Code::CallArgs | Code::CallOrder => 14,
    }
}

fn takes(leader: &Draft, follower: &Draft) -> bool {
    let (cause, effect) = (leader.finding.code, follower.finding.code);
    let shared = || !leader.names.is_disjoint(&follower.names);
    let process = &leader.finding.process;
    match cause {
        Code::ProcNew | Code::ProcGone if &*leader.finding.attribute != "count" => {
            within(&follower.owners, process) || follower.names.contains(&*process.0) || (is_step(effect) && shared())
        }
        Code::ProcNew | Code::ProcGone => is_step(effect) && shared(),
        Code::Exit | Code::ProcExit => {
            (follower.missing && within(&follower.owners, process))
                || (is_call(effect) && follower.finding.process == *process)
                || (is_step(effect) && shared())
        }
        Code::ProcArgs => {
            (is_output(effect) && follower.owners.contains(process))
                || (is_call(effect) && follower.finding.process == *process)
                || (is_step(effect) && (shared() || follower.names.contains(&*process.0)))
                || (effect == Code::InNew || effect == Code::InGone) && shared()
        }
        Code::InBytes | Code::NetBytes if is_output(effect) => follower.owners.contains(process),
        Code::ErrNew | Code::ErrGone if matches!(effect, Code::InNew | Code::InGone | Code::InAbsent) => shared(),
        _ if leader.finding.object.is_none() => {
            is_call(effect) && follower.finding.object.is_none() && follower.finding.process == *process
                || (cause == Code::ThreadCount && is_call(effect) && follower.finding.process == *process)
        }
        _ => shared() && same_object(cause, effect),
    }
}

/// What one object's finding takes along of the same object's others.
fn same_object(cause: Code, effect: Code) -> bool {
    let visible = matches!(
        cause,
        Code::FileInplace | Code::FileNew | Code::FileGone | Code::FileType | Code::NetNew | Code::NetGone
    );
    match effect {
        Code::InBytes => matches!(cause, Code::NetBytes | Code::NetNew | Code::NetGone | Code::InNew | Code::InGone),
        Code::NetBytes => matches!(cause, Code::NetNew | Code::NetGone),
        Code::DurFsync | Code::DurDirsync | Code::DurOrder | Code::FileTransient | Code::Hazard => visible,
        Code::LockScope | Code::Order => cause != Code::Order && !is_step(cause),
        _ => is_step(effect) || is_call(effect) || effect == Code::IoShape,
    }
}

fn is_step(code: Code) -> bool {
    matches!(code, Code::StepNew | Code::StepGone | Code::StepArgs | Code::IoRepeat)
}

fn is_call(code: Code) -> bool {
    matches!(code, Code::CallNew | Code::CallGone | Code::CallArgs | Code::CallOrder)
}

fn is_output(code: Code) -> bool {
    matches!(code, Code::OutBytes | Code::OutOrder | Code::FileBytes | Code::NetBytes | Code::InBytes)
}

/// Are all of these the process or below it?
fn within(owners: &BTreeSet<ProcKey>, root: &ProcKey) -> bool {
    let below = |key: &ProcKey| key == root || key.0.strip_prefix(&*root.0).is_some_and(|rest| rest.starts_with('/'));
    !owners.is_empty() && owners.iter().all(below)
}

/// The same code on several objects of one directory: the first leads the others.
fn alike(drafts: &[Draft], leader: &mut [Option<usize>]) {
    let mut groups: BTreeMap<(Severity, Code, ProcKey, String, String), Vec<usize>> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate().filter(|(at, _)| leader.get(*at) == Some(&None)) {
        let Some(object) = &draft.finding.object else { continue };
        let Some((directory, _)) = object.as_str().rsplit_once('/') else { continue };
        let finding = &draft.finding;
        let key =
            (finding.severity, finding.code, finding.process.clone(), directory.into(), finding.attribute.to_string());
        groups.entry(key).or_default().push(at);
    }
    for group in groups.into_values().filter(|group| group.len() >= ALIKE) {
        for at in group.iter().skip(1) {
            if let Some(place) = leader.get_mut(*at) {
                *place = group.first().copied();
            }
        }
    }
}

/// Leaders first, then their followers, with what they took along.
fn tell(drafts: Vec<Draft>, roots: &[usize]) -> Vec<Finding> {
    let leads = |at: &usize| roots.get(*at) == Some(at);
    let leaders: Vec<usize> = (0..drafts.len()).filter(leads).collect();
    let place: BTreeMap<usize, usize> = leaders.iter().enumerate().map(|(new, old)| (*old, new)).collect();
    let mut followers: Vec<usize> = (0..drafts.len()).filter(|at| !leads(at)).collect();
    followers.sort_by_key(|at| (roots.get(*at).and_then(|root| place.get(root)).copied(), *at));
    let mut taken: BTreeMap<usize, Vec<&Draft>> = BTreeMap::new();
    for at in &followers {
        if let (Some(root), Some(draft)) = (roots.get(*at), drafts.get(*at)) {
            taken.entry(*root).or_default().push(draft);
        }
    }
    let mut findings: Vec<Finding> = Vec::with_capacity(drafts.len());
    for &at in &leaders {
        let Some(draft) = drafts.get(at) else { continue };
        let taken = taken.remove(&at).unwrap_or_default();
        let mut finding = draft.finding.clone();
        finding.with_it = with_it(&taken);
        let same = taken.iter().filter(|other| other.finding.code == finding.code).count() as u32;
        finding.count += same;
        findings.push(finding);
    }
    for at in followers {
        let Some(draft) = drafts.get(at) else { continue };
        let follows_from = roots.get(at).and_then(|root| place.get(root)).copied();
        findings.push(Finding { follows_from, ..draft.finding.clone() });
    }
    findings
}

/// What was taken along: what can be seen from outside always by its sentence, of the rest the first objects.
fn with_it(taken: &[&Draft]) -> Vec<String> {
    let outside = |code: Code| {
        ["exit", "proc.exit", "file.", "out.", "net.", "in."].iter().any(|family| code.word().starts_with(family))
    };
    let mut named: Vec<String> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for draft in taken {
        let finding = &draft.finding;
        if outside(finding.code) {
            named.push(finding.sentence.clone());
        } else {
            let object = finding.object.as_ref().map_or_else(|| finding.process.0.to_string(), words::object_text);
            if seen.insert(object.clone()) {
                others.push(object);
            }
        }
    }
    let room = LISTED.saturating_sub(named.len());
    let more = others.len().saturating_sub(room);
    named.extend(others.into_iter().take(room));
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    named
}
