//! What the tracer wrote: a stream of JSON lines, read by somebody who does not know the tracer.

use super::{Failure, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

/// Of so many calls of one name everything is kept, of more only what stands in a [`Call`] itself: a trace may
/// hold millions, and would need some kilobytes for each.
const WHOLE_CALLS: usize = 20_000;

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    pub name: Arc<str>,
    pub args: Vec<String>,
    pub result: i64,
    pub tid: i64,
    pub returned: bool,
    /// All keys.
    pub all: Value,
}

impl Call {
    /// Is this key there and true?
    pub fn is(&self, flag: &str) -> bool {
        self.all.get(flag).and_then(Value::as_bool) == Some(true)
    }

    /// Did it return at all?
    pub fn returned(&self) -> bool {
        self.returned
    }

    /// The name of its error, when it failed.
    pub fn errno(&self) -> Option<&str> {
        self.all.get("errno").and_then(Value::as_str)
    }
}

/// Everything in the file.
#[derive(Debug, Default)]
pub struct Trace {
    pub head: Value,
    pub calls: Vec<Call>,
    /// What is no call, as it stands.
    pub events: Vec<Value>,
    /// The last line, null when there is none.
    pub end: Value,
    counts: BTreeMap<Arc<str>, usize>,
}

impl Trace {
    pub fn read(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Self::from(BufReader::with_capacity(1 << 20, file))
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        Self::from(bytes)
    }

    /// Every line must be an object; a last line without its end is left out.
    fn from(mut lines: impl BufRead) -> Result<Self, String> {
        let mut trace = Self::default();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            lines.read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
            let Some(line) = line.strip_suffix(b"\n") else { break };
            let object: Value = serde_json::from_slice(line)
                .map_err(|error| format!("line {number} is no JSON: {error}: {}", String::from_utf8_lossy(line)))?;
            trace.take(object).map_err(|why| format!("line {number}: {why}"))?;
        }
        if trace.head.is_null() { Err("the trace is empty".into()) } else { Ok(trace) }
    }

    fn take(&mut self, object: Value) -> Result<(), String> {
        match (object.get("stream").and_then(Value::as_str), object.get("name").and_then(Value::as_str)) {
            (Some("begin"), _) => self.head = object,
            (Some("end"), _) => self.end = object,
            (None, Some(name)) => {
                let name = self.counted(name);
                self.calls.push(call(name.0, object, name.1 <= WHOLE_CALLS)?);
            }
            _ if object.get("kind").is_some() => self.events.push(object),
            _ => return Err(format!("neither call nor event: {object}")),
        }
        Ok(())
    }

    /// The name as it is kept, and how often it has come.
    fn counted(&mut self, name: &str) -> (Arc<str>, usize) {
        let known = self.counts.get_key_value(name).map(|(known, _)| known.clone());
        let name = known.unwrap_or_else(|| name.into());
        let count = self.counts.entry(name.clone()).or_default();
        *count += 1;
        (name, *count)
    }

    /// All calls of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Call> {
        self.calls.iter().filter(move |call| *call.name == *name)
    }

    pub fn count(&self, name: &str) -> usize {
        self.named(name).count()
    }

    /// How often each name with each result occurs.
    pub fn tally(&self) -> BTreeMap<(String, String), usize> {
        let mut tally = BTreeMap::new();
        for call in &self.calls {
            *tally.entry((call.name.to_string(), call.result.to_string())).or_default() += 1;
        }
        tally
    }

    /// Events of this kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["kind"] == kind)
    }

    /// What the last line says of the recording.
    pub fn recording(&self) -> &Value {
        &self.end["recording"]
    }

    /// The recording must say that nothing is missing, and hold so many calls of this name.
    pub fn holds(&self, name: &str, expected: usize) -> Result<(), Failure> {
        let found = self.count(name);
        ensure!(found == expected, "{expected} calls of {name} were made, {found} are recorded; {}", self.summary());
        Ok(())
    }

    /// So many events of this kind.
    pub fn tells(&self, kind: &str, expected: usize) -> Result<(), Failure> {
        let found = self.of_kind(kind).count();
        ensure!(found == expected, "{expected} events `{kind}` happened, {found} are recorded; {}", self.summary());
        Ok(())
    }

    /// A clean end and nothing lost.
    pub fn is_complete(&self) -> Result<(), Failure> {
        ensure!(!self.end.is_null(), "the trace has no end line; {}", self.summary());
        ensure!(self.recording()["complete"] == true, "the trace is not complete: {}", self.end);
        let lost = &self.recording()["lost"];
        ensure!(lost.is_null() || lost.as_array().is_some_and(Vec::is_empty), "events are lost: {lost}");
        Ok(())
    }

    /// For messages: what is in it.
    pub fn summary(&self) -> String {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        self.calls.iter().for_each(|call| *names.entry(&call.name).or_default() += 1);
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        self.events.iter().for_each(|event| *kinds.entry(event["kind"].as_str().unwrap_or("?")).or_default() += 1);
        format!("the trace holds the calls {names:?}, the events {kinds:?}")
    }
}

/// A line that is a call.
fn call(name: Arc<str>, object: Value, whole: bool) -> Result<Call, String> {
    let number = |key: &str| object.get(key).and_then(Value::as_i64);
    let args = object.get("args").and_then(Value::as_array).ok_or("a call without args")?;
    let args = args.iter().map(|arg| arg.as_str().unwrap_or_default().to_string());
    Ok(Call {
        name,
        args: if whole { args.collect() } else { Vec::new() },
        result: number("result").ok_or("a call without a result")?,
        tid: number("tid").ok_or("a call without a tid")?,
        returned: object.get("returned").and_then(Value::as_bool) != Some(false),
        all: if whole { object } else { Value::Null },
    })
}
