//! Documents to one document.

use std::collections::HashMap;

use recording::json::{Member, Node, Parsed, Parser, Text, Value};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::perf::model::{Document, Event, Meta, Metric, Producer, Run, RunLog, Summary};
use crate::perf::{SCHEMA_VERSION, VERSION, write};

use super::{metrics, totals};

/// Why documents can't be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is no run at all.
    #[error("none of them holds a run")]
    NoRun,
    /// Of different machines.
    #[error("one is of target {0}, another of {1}")]
    Targets(String, String),
    /// Of different profiles.
    #[error("one is of profile {0}, another of {1}: they are no parts of one run")]
    Profiles(String, String),
    /// Times that mean different things.
    #[error("times of one are {0}, of another {1}")]
    Sources(String, String),
    /// One stream with two beginnings.
    #[error("random stream {0:016x} has two seeds")]
    Seeds(u64),
    /// A document that can't be read as what it was read before.
    #[error("it is no document")]
    NoDocument,
}

fn same_target<'a>(targets: impl IntoIterator<Item = &'a str>) -> Result<String, MergeError> {
    let mut targets = targets.into_iter();
    let first = targets.next().ok_or(MergeError::NoRun)?;
    match targets.find(|other| *other != first) {
        Some(other) => Err(MergeError::Targets(first.to_owned(), other.to_owned())),
        None => Ok(first.to_owned()),
    }
}

fn producer() -> Producer {
    Producer { name: "chic-trace".into(), version: env!("CARGO_PKG_VERSION").into() }
}

/// The runs of the documents one after the other, as the text of a document. Runs are copied as they are, keys that we
/// do not know too; each takes the summary of its document along.
pub fn side_by_side(documents: &[(&[u8], Document)]) -> Result<String, MergeError> {
    let target = same_target(documents.iter().map(|(_, document)| document.target.as_str()))?;
    let (mut runs, mut of_only_run) = (Vec::new(), None);
    let several = documents.iter().map(|(_, document)| document.runs.len()).sum::<usize>() > 1;
    for (bytes, _) in documents {
        let start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let mut parser = Parser::new(Text::new(bytes), start);
        let (mut found, mut summary) = (Vec::new(), None);
        let read: Parsed<()> = parser.object(|parser, key| {
            match &*key {
                "runs" => parser.array(|parser| {
                    found.push(parser.value()?);
                    Ok(())
                })?,
                "summary" => summary = Some(parser.value()?).filter(|node| node.value != Value::Null),
                _ => parser.pass_over()?,
            }
            Ok(())
        });
        read.map_err(|_| MergeError::NoDocument)?;
        match (found.as_mut_slice(), summary) {
            ([only], Some(summary)) if several => give_summary(only, summary),
            (_, summary) => of_only_run = summary.filter(|_| !several),
        }
        runs.append(&mut found);
    }
    if runs.is_empty() {
        return Err(MergeError::NoRun);
    }
    let whole = Copied { target: &target, runs: &runs, summary: of_only_run.as_ref() };
    Ok(write::bare(&whole) + "\n")
}

/// Behind the run log, where the model has it.
fn give_summary<'t>(run: &mut Node<'t>, summary: Node<'t>) {
    let Value::Object(members) = &mut run.value else { return };
    if members.iter().any(|(key, _)| key == "summary") {
        return;
    }
    let chics = |(key, _): &Member<'_>| ["profile", "metrics", "run_log"].contains(&&**key);
    let at = members.iter().rposition(chics).map_or(members.len(), |at| at + 1);
    members.insert(at, ("summary".into(), summary));
}

/// A document of runs as they were read.
struct Copied<'a, 't> {
    target: &'a str,
    runs: &'a [Node<'t>],
    /// Of the run, where it is the only one.
    summary: Option<&'a Node<'t>>,
}

impl Serialize for Copied<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("version", VERSION)?;
        map.serialize_entry("target", self.target)?;
        let runs: Vec<Shown<'_, '_>> = self.runs.iter().map(|node| Shown(&node.value)).collect();
        map.serialize_entry("runs", &runs)?;
        map.serialize_entry("summary", &self.summary.map(|node| Shown(&node.value)))?;
        map.serialize_entry("schema_version", SCHEMA_VERSION)?;
        map.serialize_entry("producer", &producer())?;
        map.end()
    }
}

/// A value that is written as it was read, numbers to the letter.
struct Shown<'a, 't>(&'a Value<'t>);

impl Serialize for Shown<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(is) => serializer.serialize_bool(*is),
            Value::Number(text) => number(text, serializer),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Array(elements) => {
                let mut seq = serializer.serialize_seq(Some(elements.len()))?;
                elements.iter().try_for_each(|node| seq.serialize_element(&Shown(&node.value)))?;
                seq.end()
            }
            Value::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(key, node)| map.serialize_entry(&**key, &Shown(&node.value)))?;
                map.end()
            }
        }
    }
}

/// Whole numbers stay exact; others are times, which are doubles everywhere.
fn number<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(whole) = text.parse::<u128>() {
        return serializer.serialize_u128(whole);
    }
    match (text.parse::<i128>(), text.parse::<f64>()) {
        (Ok(whole), _) => serializer.serialize_i128(whole),
        (_, Ok(double)) => serializer.serialize_f64(double),
        _ => serializer.serialize_unit(),
    }
}

/// All runs of the documents as the parts of one run.
pub fn one_run(documents: Vec<Document>) -> Result<Document, MergeError> {
    let target = same_target(documents.iter().map(|document| document.target.as_str()))?;
    let mut parts: Vec<(Run, Option<Summary>)> = Vec::new();
    for mut document in documents {
        let several = document.runs.len() > 1;
        for mut run in document.runs {
            let of_document = if several { None } else { document.summary.take() };
            let summary = run.summary.take().or(of_document);
            parts.push((run, summary.map(|summary| *summary)));
        }
    }
    fits(&parts)?;
    let parts_of = |run: &Run| run.meta.as_ref().and_then(|meta| meta.parts).unwrap_or(1);
    let count = parts.iter().map(|(run, _)| parts_of(run)).fold(0, u64::saturating_add);
    let mut parts = parts.into_iter();
    let (first, mut summary) = parts.next().ok_or(MergeError::NoRun)?;
    let Run { profile, metrics, run_log, meta, .. } = first;
    let mut groups = Groups::default();
    groups.add(metrics);
    let mut log = run_log;
    for (run, part) in parts {
        groups.add(run.metrics);
        log = logs(log, run.run_log)?;
        match (&mut summary, part) {
            (Some(summary), Some(part)) => totals::add(summary, part),
            (summary, part) => *summary = summary.take().or(part),
        }
    }
    let (metrics, conflicts) = groups.joined();
    if let Some(summary) = &mut summary {
        totals::finish(summary, conflicts);
    }
    let meta = meta.map(|meta| Box::new(Meta { pid: None, parts: Some(count), ..*meta }));
    Ok(Document {
        version: VERSION.into(),
        target,
        runs: vec![Run { profile, metrics, run_log: log.or_else(|| Some(RunLog::default())), summary: None, meta }],
        summary: summary.map(Box::new),
        schema_version: Some(SCHEMA_VERSION.into()),
        producer: Some(producer()),
    })
}

/// Are they of one profile, with times of one kind?
fn fits(parts: &[(Run, Option<Summary>)]) -> Result<(), MergeError> {
    let Some((first, _)) = parts.first() else { return Err(MergeError::NoRun) };
    if let Some((other, _)) = parts.iter().find(|(run, _)| run.profile != first.profile) {
        return Err(MergeError::Profiles(first.profile.clone(), other.profile.clone()));
    }
    let source = |run: &Run| run.meta.as_ref().map_or("unknown", |meta| meta.cpu_source.word());
    match parts.iter().find(|(run, _)| source(run) != source(first)) {
        Some((other, _)) => Err(MergeError::Sources(source(first).into(), source(other).into())),
        None => Ok(()),
    }
}

/// Metrics by id, in the order in which the ids came.
#[derive(Default)]
struct Groups {
    numbers: HashMap<u64, usize>,
    groups: Vec<Vec<Metric>>,
}

impl Groups {
    fn add(&mut self, metrics: Vec<Metric>) {
        for metric in metrics {
            let number = *self.numbers.entry(metric.trace_id).or_insert(self.groups.len());
            match self.groups.get_mut(number) {
                Some(group) => group.push(metric),
                None => self.groups.push(vec![metric]),
            }
        }
    }

    /// The metrics, and how often budgets of one id differed.
    fn joined(self) -> (Vec<Metric>, u64) {
        let mut conflicts = 0;
        let mut joined = Vec::with_capacity(self.groups.len());
        for mut group in self.groups {
            if group.len() == 1 {
                joined.append(&mut group);
            } else if let Some((metric, differ)) = metrics::join(group) {
                conflicts += differ;
                joined.push(metric);
            }
        }
        (joined, conflicts)
    }
}

/// Streams of the second behind those of the first.
fn logs(first: Option<RunLog>, second: Option<RunLog>) -> Result<Option<RunLog>, MergeError> {
    let (Some(mut log), Some(second)) = (first.clone(), second.clone()) else { return Ok(first.or(second)) };
    for stream in second.rng_streams {
        match log.rng_streams.iter_mut().find(|known| known.id == stream.id) {
            None => log.rng_streams.push(stream),
            Some(known) if known.seed != stream.seed => return Err(MergeError::Seeds(stream.id)),
            Some(known) => {
                let from = known.events.len() as u64;
                let moved = stream.events.iter().map(|event| Event { index: from + event.index, ..*event });
                known.events.extend(moved);
                known.dropped_events = match (known.dropped_events, stream.dropped_events) {
                    (Some(a), Some(b)) => Some(a.saturating_add(b)),
                    (a, b) => a.or(b),
                };
            }
        }
    }
    Ok(Some(log))
}
