//! The top of a document: its containers, walked call by call.
//!
//! In: the text and where a value begins. Out: what stands in it, gathered: calls as they are spelled, and the
//! rest as values.

use super::json::{Fault, Member, Parsed, Parser, Value};
use super::shape::{self, Noticed, Place, Spelled, unfit};

/// What stands in a document.
#[derive(Debug, Default)]
pub(super) struct Gathered<'t> {
    pub calls: Vec<Spelled<'t>>,
    /// Was there a container of calls, if an empty one?
    pub container: bool,
    /// Keys of the top that are no container.
    pub top: Vec<Member<'t>>,
    /// Keys of each of `processes` that are no container.
    pub processes: Vec<Vec<Member<'t>>>,
    /// Elements of `events` with their text.
    pub events: Vec<Happened<'t>>,
    pub noticed: Noticed,
    /// It is lines, and how they end.
    pub lines: Option<Lines>,
    pub lone_surrogates: u64,
}

/// An event, the number of calls before it (in lines), and its text.
#[derive(Debug)]
pub(super) struct Happened<'t> {
    pub members: Vec<Member<'t>>,
    pub calls_before: Option<usize>,
    pub text: &'t str,
}

/// How JSON lines are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Lines {
    /// A line `stream: end` came.
    pub ended: bool,
    /// Whole records.
    pub records: usize,
    /// The last line is cut: its number, and the column at which it ends.
    pub cut: Option<(u64, u64)>,
}

impl<'t> Gathered<'t> {
    /// Reads one value.
    pub(super) fn value(&mut self, text: &'t [u8], parser: &mut Parser<'t>) -> Parsed<()> {
        let read = match parser.peek() {
            Some(b'[') => {
                self.container = true;
                self.calls(parser, Place::Element)
            }
            _ => parser.object(|parser, key| {
                match &*key {
                    "syscalls" => {
                        self.container = true;
                        self.calls(parser, Place::Listed)?;
                    }
                    "processes" if parser.peek() == Some(b'[') => self.processes(parser)?,
                    "events" if parser.peek() == Some(b'[') => parser.array(|parser| self.event(text, parser))?,
                    _ => {
                        let node = parser.value()?;
                        self.top.push((key, node));
                    }
                }
                Ok(())
            }),
        };
        self.lone_surrogates += parser.lone_surrogates;
        read
    }

    /// Takes the whole value as one call, when it is none of the containers.
    pub(super) fn take_top_as_call(&mut self, at: usize) -> Parsed<()> {
        let call = shape::call(at, Place::Alone, std::mem::take(&mut self.top), &mut self.noticed)?;
        self.calls.push(call);
        Ok(())
    }

    fn calls(&mut self, parser: &mut Parser<'t>, place: impl Fn(usize) -> Place) -> Parsed<()> {
        let first = self.calls.len();
        if parser.peek() != Some(b'[') {
            let node = parser.value()?;
            return Err(within(parser, unfit(&node, "", "array")));
        }
        parser.array(|parser| {
            let node = parser.value()?;
            let Value::Object(members) = node.value else { return Err(within(parser, unfit(&node, "", "object"))) };
            let place = place(self.calls.len() - first);
            let call =
                shape::call(node.at, place, members, &mut self.noticed).map_err(|fault| within(parser, fault))?;
            self.calls.push(call);
            Ok(())
        })
    }

    fn processes(&mut self, parser: &mut Parser<'t>) -> Parsed<()> {
        parser.array(|parser| {
            let number = self.processes.len();
            let first = self.calls.len();
            let mut members = Vec::new();
            if parser.peek() != Some(b'{') {
                let node = parser.value()?;
                return Err(within(parser, unfit(&node, "", "object")));
            }
            parser.object(|parser, key| {
                if key == "syscalls" {
                    self.container = true;
                    return self.calls(parser, |index| Place::OfProcess(number, index));
                }
                let node = parser.value()?;
                members.push((key, node));
                Ok(())
            })?;
            let pid = match members.iter().find(|(key, _)| key == "pid") {
                Some((_, node)) => shape::uint(node, "/pid").map_err(|fault| within(parser, fault))?,
                None => None,
            };
            for call in self.calls.get_mut(first..).unwrap_or_default() {
                call.pid = call.pid.or(pid);
            }
            self.processes.push(members);
            Ok(())
        })
    }

    fn event(&mut self, text: &'t [u8], parser: &mut Parser<'t>) -> Parsed<()> {
        let node = parser.value()?;
        let Value::Object(members) = node.value else { return Err(within(parser, unfit(&node, "", "object"))) };
        let text = text.get(node.at..parser.at()).unwrap_or_default();
        let text = std::str::from_utf8(text).unwrap_or_default();
        self.events.push(Happened { members, calls_before: None, text });
        Ok(())
    }

    /// Reads one line of JSON lines; the parser's text ends with it.
    pub(super) fn line(&mut self, text: &'t [u8], parser: &mut Parser<'t>) -> Parsed<()> {
        let node = parser.value()?;
        let at = node.at;
        let Value::Object(members) = node.value else { return Err(unfit(&node, "", "object")) };
        let stream = members.iter().find(|(key, _)| key == "stream").map(|(_, node)| &node.value);
        let is_end = matches!(stream, Some(Value::Text(word)) if word == "end");
        let is_frame = stream.is_some();
        if is_frame {
            self.frame(members);
        } else if shape::is_call(&members) {
            self.calls.push(shape::call(at, Place::Alone, members, &mut self.noticed)?);
        } else if members.iter().any(|(key, _)| key == "kind") {
            let text = text.get(at..parser.at()).unwrap_or_default();
            let text = std::str::from_utf8(text).unwrap_or_default();
            self.events.push(Happened { members, calls_before: Some(self.calls.len()), text });
        } else {
            let words = "neither a call (`name`), an event (`kind`) nor the begin or end of a stream".to_owned();
            return Err(shape::said(at, String::new(), words));
        }
        let lines = self.lines.get_or_insert_default();
        lines.ended |= is_end;
        lines.records += usize::from(!is_frame);
        Ok(())
    }

    /// The first line, or the last.
    fn frame(&mut self, members: Vec<Member<'t>>) {
        for (key, node) in members {
            match (&*key, node.value) {
                ("stream", _) => {}
                ("processes", Value::Array(processes)) => {
                    self.processes.extend(processes.into_iter().filter_map(|process| match process.value {
                        Value::Object(members) => Some(members),
                        _ => None,
                    }));
                }
                (_, value) => self.top.push((key, super::json::Node { at: node.at, value })),
            }
        }
    }
}

/// A fault of a shape with the pointer of where the parser stands before its own.
#[cold]
fn within(parser: &Parser<'_>, mut fault: Box<Fault>) -> Box<Fault> {
    fault.pointer.insert_str(0, &parser.pointer());
    fault
}
