//! Shapes: one call in any of the spellings that documents have.
//!
//! In: the object of a call. Out: the same facts under one name each, their texts as they stand. Two spellings
//! of one fact that disagree, and values that do not fit, are faults; unknown keys are remembered.

use std::borrow::Cow;
use std::collections::BTreeSet;

use syscalls::{Abi, errno};

use super::call::{Source, Stamp};
use super::cstring;
use super::json::{Fault, Member, Node, Parsed, Value, What, push_key};
use super::time;

/// A call as it is spelled.
#[derive(Debug, Clone)]
pub(super) struct Spelled<'t> {
    /// Offset of its object.
    pub at: usize,
    /// Where it stands.
    pub place: Place,
    pub name: Cow<'t, str>,
    pub args: SpelledArgs<'t>,
    pub result: Option<i64>,
    /// `returned: false`.
    pub no_return: bool,
    /// `entered: false`.
    pub no_entry: bool,
    pub abi: Abi,
    pub nr: Option<u64>,
    pub duration_ns: Option<u64>,
    pub stamp: Option<Stamp>,
    pub pid: Option<u64>,
    pub tid: Option<u64>,
    pub seq: Option<u64>,
    pub lamport: Option<u64>,
    pub source: Option<Box<Source<'t>>>,
    /// What only documents of ours say.
    pub unsaid: Option<Box<Unsaid<'t>>>,
}

/// What the strings of the arguments leave unsaid.
#[derive(Debug, Clone, Default)]
pub(super) struct Unsaid<'t> {
    /// `payloads`, as they stand.
    pub payloads: Option<Node<'t>>,
    /// Positions whose string is only an address.
    pub unread: Vec<u64>,
    /// Positions that are not known.
    pub not_known: Vec<u64>,
}

/// Where a call stands in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `/syscalls/N`.
    Listed(usize),
    /// `/processes/P/syscalls/N`.
    OfProcess(usize, usize),
    /// `/N` of an array of calls.
    Element(usize),
    /// The whole value, or a line.
    Alone,
}

impl Place {
    /// As a JSON pointer.
    pub(super) fn pointer(self) -> String {
        match self {
            Place::Listed(index) => format!("/syscalls/{index}"),
            Place::OfProcess(process, index) => format!("/processes/{process}/syscalls/{index}"),
            Place::Element(index) => format!("/{index}"),
            Place::Alone => String::new(),
        }
    }
}

/// Arguments as they are spelled.
#[derive(Debug, Clone)]
pub(super) enum SpelledArgs<'t> {
    Missing,
    List(Vec<Cow<'t, str>>),
    Named(Vec<(Cow<'t, str>, Cow<'t, str>)>),
}

/// What is noticed on the way.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// Arguments that are numbers or other scalars instead of strings.
    pub scalars: u64,
    /// Unknown keys by pointer, array indices as `*`.
    pub unknown: BTreeSet<String>,
    /// Calls that were tampered with.
    pub injected: u64,
}

/// Unknown keys that are remembered at most.
const MOST_UNKNOWN: usize = 1000;

impl Noticed {
    /// Remembers a key.
    pub(super) fn unknown(&mut self, parent: &str, key: &str) {
        if self.unknown.len() < MOST_UNKNOWN {
            let mut pointer = parent.to_owned();
            push_key(&mut pointer, key);
            self.unknown.insert(pointer);
        }
    }
}

pub(super) type Shaped<T> = Parsed<T>;

/// Is this the object of a call?
pub(super) fn is_call(members: &[Member<'_>]) -> bool {
    members.iter().any(|(key, _)| matches!(&**key, "name" | "syscall"))
}

/// Reads the object of a call. Pointers of faults are relative to it.
pub(super) fn call<'t>(
    at: usize,
    place: Place,
    members: Vec<Member<'t>>,
    noticed: &mut Noticed,
) -> Shaped<Spelled<'t>> {
    let mut spelling = Spelling::new(at, place);
    for (key, node) in members {
        spelling.member(key, node, noticed)?;
    }
    spelling.finish()
}

/// A call being put together, with the spellings that have to agree.
struct Spelling<'t> {
    call: Spelled<'t>,
    name: Option<(Cow<'t, str>, Cow<'t, str>)>,
    result: Option<(&'static str, i64)>,
    error: Option<(&'static str, u16)>,
    duration: Option<(&'static str, u64)>,
    micros: Option<u64>,
    args_from: Option<&'static str>,
}

impl<'t> Spelling<'t> {
    fn new(at: usize, place: Place) -> Self {
        let call = Spelled {
            at,
            place,
            name: Cow::Borrowed(""),
            args: SpelledArgs::Missing,
            result: None,
            no_return: false,
            no_entry: false,
            abi: Abi::X86_64,
            nr: None,
            duration_ns: None,
            stamp: None,
            pid: None,
            tid: None,
            seq: None,
            lamport: None,
            source: None,
            unsaid: None,
        };
        let (name, result, error, duration) = (None, None, None, None);
        Spelling { call, name, result, error, duration, micros: None, args_from: None }
    }

    fn member(&mut self, key: Cow<'t, str>, node: Node<'t>, noticed: &mut Noticed) -> Shaped<()> {
        let call = &mut self.call;
        match &*key {
            "name" | "syscall" => return self.named(key, node),
            "args" => return self.arguments("args", node, noticed),
            "arguments" => return self.arguments("arguments", node, noticed),
            "result" => return self.result("result", node, ""),
            "return_value" => return self.result("return_value", node, ""),
            "return" => return self.returned(node),
            "errno" => return self.error("errno", node, ""),
            "duration_ns" => return self.duration("duration_ns", node),
            "duration_nanos" => return self.duration("duration_nanos", node),
            "duration_us" => self.micros = uint(&node, "/duration_us")?,
            "ts_ns" => stamp(&mut call.stamp, uint(&node, "/ts_ns")?, 1, false),
            "ts_us" => stamp(&mut call.stamp, uint(&node, "/ts_us")?, 1000, true),
            "timestamp" => call.stamp = call.stamp.or(timestamp(&node)?),
            "tid" => call.tid = uint(&node, "/tid")?,
            "pid" => call.pid = uint(&node, "/pid")?,
            "seq" => call.seq = uint(&node, "/seq")?,
            "nr" => call.nr = uint(&node, "/nr")?,
            "lamport_clock" => call.lamport = uint(&node, "/lamport_clock")?,
            "source" => call.source = source(node)?,
            "abi" => call.abi = abi(&node)?,
            "returned" => call.no_return = is_false(&node, "/returned")?,
            "entered" => call.no_entry = is_false(&node, "/entered")?,
            "unread" => call.unsaid.get_or_insert_default().unread = positions(&node, "/unread")?,
            "not_known" => call.unsaid.get_or_insert_default().not_known = positions(&node, "/not_known")?,
            "payloads" => call.unsaid.get_or_insert_default().payloads = Some(node),
            "injected" => noticed.injected += 1,
            "restarted" | "interrupted" | "denied" | "at_stop" | "result_text" | "stack" => {}
            _ => noticed.unknown("/syscalls/*", &key),
        }
        Ok(())
    }

    fn named(&mut self, key: Cow<'t, str>, node: Node<'t>) -> Shaped<()> {
        let mut pointer = String::new();
        push_key(&mut pointer, &key);
        let Value::Text(name) = node.value else { return Err(unfit(&node, &pointer, "string")) };
        match &self.name {
            Some((other, known)) if *known != name => {
                return Err(disagree(node.at, (other, &**known), (&key, &*name)));
            }
            _ => self.name = Some((key, name)),
        }
        Ok(())
    }

    fn arguments(&mut self, key: &'static str, node: Node<'t>, noticed: &mut Noticed) -> Shaped<()> {
        if let Some(other) = self.args_from {
            return Err(said(node.at, String::new(), format!("both {other} and {key} are given")));
        }
        self.call.args = match node.value {
            Value::Null => return Ok(()),
            Value::Text(Cow::Borrowed(text)) if key == "arguments" => {
                SpelledArgs::List(cstring::split(text).into_iter().map(Cow::Borrowed).collect())
            }
            Value::Text(text) if key == "arguments" => {
                SpelledArgs::List(cstring::split(&text).into_iter().map(|part| Cow::Owned(part.to_owned())).collect())
            }
            Value::Array(elements) => list(key, elements, noticed)?,
            Value::Object(members) => {
                let named = members.into_iter().map(|(name, node)| {
                    let text = scalar(node, &|pointer| push_key(pointer, &name), key, noticed)?;
                    Ok((name, text))
                });
                SpelledArgs::Named(named.collect::<Shaped<_>>()?)
            }
            _ => return Err(unfit(&node, &format!("/{key}"), "array or object")),
        };
        self.args_from = Some(key);
        Ok(())
    }

    fn result(&mut self, key: &'static str, node: Node<'t>, below: &str) -> Shaped<()> {
        let Some(result) = integer(&node, || format!("/{key}{below}"))? else { return Ok(()) };
        match self.result {
            Some((other, known)) if known != result => {
                Err(disagree(node.at, (other, &known.to_string()), (key, &result.to_string())))
            }
            _ => {
                self.result = Some((key, result));
                Ok(())
            }
        }
    }

    /// `return`: a number, or `{value, error}`.
    fn returned(&mut self, node: Node<'t>) -> Shaped<()> {
        let Value::Object(members) = node.value else { return self.result("return", node, "") };
        for (key, node) in members {
            match &*key {
                "value" => self.result("return", node, "/value")?,
                "error" => self.error("return", node, "/error")?,
                _ => {}
            }
        }
        Ok(())
    }

    fn error(&mut self, key: &'static str, node: Node<'t>, below: &str) -> Shaped<()> {
        let Value::Text(name) = &node.value else {
            return match node.value {
                Value::Null => Ok(()),
                _ => Err(unfit(&node, &format!("/{key}{below}"), "string")),
            };
        };
        // `errno_4000` is our own word for a number without a name.
        let number = name.strip_prefix("errno_").and_then(|number| number.parse().ok());
        match errno::by_name(name).map(|error| error.number).or(number) {
            Some(number) => self.error = Some((key, number)),
            None => {
                let words = format!("{} is no name of an error", super::error::quoted(name.as_bytes()));
                return Err(said(node.at, format!("/{key}{below}"), words));
            }
        }
        Ok(())
    }

    fn duration(&mut self, key: &'static str, node: Node<'t>) -> Shaped<()> {
        let Some(ns) = not_negative(&node, || format!("/{key}"))? else { return Ok(()) };
        match self.duration {
            Some((other, known)) if known != ns => {
                Err(disagree(node.at, (other, &known.to_string()), (key, &ns.to_string())))
            }
            _ => {
                self.duration = Some((key, ns));
                Ok(())
            }
        }
    }

    fn finish(mut self) -> Shaped<Spelled<'t>> {
        let at = self.call.at;
        let Some((_, name)) = self.name else {
            return Err(said(at, String::new(), "a call without a name: `name` or `syscall` is needed".to_owned()));
        };
        self.call.name = name;
        self.call.result = joined_result(at, self.result, self.error)?;
        self.call.duration_ns = match (self.duration, self.micros) {
            (Some((key, ns)), Some(us)) if ns / 1000 != us => {
                return Err(disagree(at, (key, &ns.to_string()), ("duration_us", &us.to_string())));
            }
            (Some((_, ns)), _) => Some(ns),
            (None, us) => us.map(|us| us.saturating_mul(1000)),
        };
        Ok(self.call)
    }
}

/// Result and error together: -1 beside a name is the C library's way to say it.
fn joined_result(
    at: usize,
    result: Option<(&'static str, i64)>,
    error: Option<(&'static str, u16)>,
) -> Shaped<Option<i64>> {
    match (result, error) {
        (result, None) => Ok(result.map(|(_, result)| result)),
        (None, Some((_, error))) => Ok(Some(-i64::from(error))),
        (Some((_, result)), Some((_, error))) if result == -1 || result == -i64::from(error) => {
            Ok(Some(-i64::from(error)))
        }
        (Some((key, result)), Some((other, error))) => {
            let name = errno::errno(error).map_or("an error", |error| error.name);
            Err(disagree(at, (key, &result.to_string()), (if other == key { "error" } else { other }, name)))
        }
    }
}

/// An array of arguments: texts, or `[name, value]` pairs.
fn list<'t>(key: &str, elements: Vec<Node<'t>>, noticed: &mut Noticed) -> Shaped<SpelledArgs<'t>> {
    let pairs = !elements.is_empty() && elements.iter().all(|element| matches!(element.value, Value::Array(_)));
    if !pairs {
        let texts = elements
            .into_iter()
            .enumerate()
            .map(|(index, element)| scalar(element, &|pointer| push_key(pointer, &index.to_string()), key, noticed));
        return Ok(SpelledArgs::List(texts.collect::<Shaped<_>>()?));
    }
    let named = elements.into_iter().enumerate().map(|(index, element)| pair(key, index, element, noticed));
    Ok(SpelledArgs::Named(named.collect::<Shaped<_>>()?))
}

fn pair<'t>(key: &str, index: usize, element: Node<'t>, noticed: &mut Noticed) -> Shaped<(Cow<'t, str>, Cow<'t, str>)> {
    let at = element.at;
    let wrong = || said(at, format!("/{key}/{index}"), "a pair of name and value is needed".to_owned());
    let Value::Array(parts) = element.value else { return Err(wrong()) };
    let mut parts = parts.into_iter();
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Node { value: Value::Text(name), .. }), Some(value), None) => {
            let value = scalar(value, &|pointer| pointer.push_str(&format!("/{index}/1")), key, noticed)?;
            Ok((name, value))
        }
        _ => Err(wrong()),
    }
}

/// The text of one argument.
fn scalar<'t>(node: Node<'t>, step: &dyn Fn(&mut String), key: &str, noticed: &mut Noticed) -> Shaped<Cow<'t, str>> {
    let at = node.at;
    let kind = node.value.kind();
    noticed.scalars += u64::from(!matches!(node.value, Value::Text(_) | Value::Array(_)));
    Ok(match node.value {
        Value::Text(text) => text,
        Value::Number(text) => Cow::Borrowed(text),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Null => Cow::Borrowed("null"),
        Value::Array(flags) => {
            let names: Option<Vec<_>> = flags
                .into_iter()
                .map(|flag| match flag.value {
                    Value::Text(name) => Some(name),
                    _ => None,
                })
                .collect();
            match names {
                Some(names) if !names.is_empty() => Cow::Owned(names.join("|")),
                Some(_) => Cow::Borrowed("0"),
                None => return Err(misfit(at, key, step, kind)),
            }
        }
        Value::Object(_) => return Err(misfit(at, key, step, kind)),
    })
}

fn misfit(at: usize, key: &str, step: &dyn Fn(&mut String), kind: &str) -> Box<Fault> {
    let mut pointer = format!("/{key}");
    step(&mut pointer);
    said(at, pointer, format!("{kind}, string needed"))
}

fn stamp(to: &mut Option<Stamp>, value: Option<u64>, scale: i64, exit: bool) {
    if let Some(value) = value {
        let ns = i64::try_from(value).unwrap_or(i64::MAX).saturating_mul(scale);
        *to = Some(Stamp { ns, unix: false, exit });
    }
}

fn timestamp(node: &Node<'_>) -> Shaped<Option<Stamp>> {
    let ns = match &node.value {
        Value::Null => return Ok(None),
        Value::Number(text) => time::seconds(text),
        Value::Text(text) => time::rfc3339(text).or_else(|| time::seconds(text)),
        _ => None,
    };
    match ns {
        Some(ns) => Ok(Some(Stamp { ns, unix: true, exit: false })),
        None => Err(unfit(node, "/timestamp", "Unix seconds or a time of RFC 3339")),
    }
}

fn source<'t>(node: Node<'t>) -> Shaped<Option<Box<Source<'t>>>> {
    let Value::Object(members) = node.value else {
        return match node.value {
            Value::Null => Ok(None),
            _ => Err(unfit(&node, "/source", "object")),
        };
    };
    let mut source = Source { file: Cow::Borrowed(""), line: None, function: None };
    for (key, node) in members {
        match (&*key, node.value) {
            ("file", Value::Text(text)) => source.file = text,
            ("function", Value::Text(text)) => source.function = Some(text),
            ("line", value) => source.line = uint(&Node { at: node.at, value }, "/source/line")?,
            _ => {}
        }
    }
    Ok((!source.file.is_empty()).then(|| Box::new(source)))
}

fn abi(node: &Node<'_>) -> Shaped<Abi> {
    match &node.value {
        Value::Text(text) if text == "i386" => Ok(Abi::I386),
        Value::Text(text) if text == "x32" => Ok(Abi::X32),
        Value::Text(text) if text == "arm" => Ok(Abi::Arm),
        _ => Err(unfit(node, "/abi", "`i386`, `x32` or `arm`")),
    }
}

fn is_false(node: &Node<'_>, pointer: &str) -> Shaped<bool> {
    match node.value {
        Value::Bool(value) => Ok(!value),
        _ => Err(unfit(node, pointer, "boolean")),
    }
}

fn positions(node: &Node<'_>, pointer: &str) -> Shaped<Vec<u64>> {
    let Value::Array(elements) = &node.value else { return Err(unfit(node, pointer, "array")) };
    elements.iter().map(|element| uint(element, pointer).map(Option::unwrap_or_default)).collect()
}

/// An integer of 64 bits; `None` for null.
pub(super) fn int(node: &Node<'_>, pointer: &str) -> Shaped<Option<i64>> {
    integer(node, || pointer.to_owned())
}

/// The same, not negative.
pub(super) fn uint(node: &Node<'_>, pointer: &str) -> Shaped<Option<u64>> {
    not_negative(node, || pointer.to_owned())
}

fn integer(node: &Node<'_>, pointer: impl Fn() -> String) -> Shaped<Option<i64>> {
    match &node.value {
        Value::Null => Ok(None),
        Value::Number(text) => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(said(node.at, pointer(), no_integer(text))),
        },
        _ => Err(unfit(node, &pointer(), "integer")),
    }
}

fn not_negative(node: &Node<'_>, pointer: impl Fn() -> String) -> Shaped<Option<u64>> {
    match integer(node, &pointer)? {
        Some(number) if number < 0 => {
            Err(said(node.at, pointer(), format!("{number}, an integer that is not negative is needed")))
        }
        number => Ok(number.map(i64::unsigned_abs)),
    }
}

fn no_integer(text: &str) -> String {
    let is_whole = text.parse::<f64>().is_ok_and(|number| number.abs() >= 9.2e18);
    if is_whole {
        format!("{text} is out of range: an integer of 64 bits is needed")
    } else {
        format!("{text}, integer needed")
    }
}

/// A value of the wrong type.
pub(super) fn unfit(node: &Node<'_>, pointer: &str, needed: &str) -> Box<Fault> {
    said(node.at, pointer.to_owned(), format!("{}, {needed} needed", node.value.kind()))
}

/// A fault in words.
pub(super) fn said(at: usize, pointer: String, words: String) -> Box<Fault> {
    Box::new(Fault { at, pointer, what: What::Unfit(words) })
}

fn disagree(at: usize, one: (&str, &str), other: (&str, &str)) -> Box<Fault> {
    said(at, String::new(), format!("`{}` {} and `{}` {} disagree", one.0, one.1, other.0, other.1))
}
