//! Finding: where in a file the document is, and what stands around it.

use super::error::{self, BadDocument, Fault, Spot, plural, quoted};
use super::json::{self, Parser, Text, What};
use super::top::Gathered;
use super::{Around, Brought, Document, Options, instead, notation, shape, table};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What was assumed about the bytes themselves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Framing {
    /// A byte-order mark stood at the beginning.
    pub mark: bool,
    /// Lines end in CR LF.
    pub carriage_returns: bool,
}

/// Finds and reads what a file holds.
pub(super) fn find<'t>(bytes: &'t [u8], options: &Options) -> Result<Brought<'t>, BadDocument> {
    if bytes.is_empty() {
        return Err(BadDocument::whole(Fault::Empty));
    }
    if bytes.trim_ascii() == b"{" {
        return Err(BadDocument::whole(Fault::FirstLineOnly));
    }
    let mark = bytes.starts_with(BYTE_ORDER_MARK);
    let framing =
        Framing { mark, carriage_returns: bytes.contains(&b'\r') && bytes.windows(2).any(|pair| pair == b"\r\n") };
    let start = if mark { BYTE_ORDER_MARK.len() } else { 0 };
    let mut search = Search { text: bytes, json: Text::new(bytes), options, complaint: None };
    let mut from = start;
    let mut count = 0;
    while let Some(found) = search.next(from) {
        count += 1;
        if options.number.unwrap_or(1) == count {
            return search.finish(found, from, framing).map(|document| Brought::Document(Box::new(document)));
        }
        from = found.end;
    }
    if let Some(asked) = options.number.filter(|_| count > 0) {
        let count = plural(u64::from(count), "document");
        return Err(BadDocument::whole(Fault::NoSuchDocument { count, asked }));
    }
    match table::find(bytes) {
        Some(table) => table.map(Brought::Table),
        None => Err(search.complaint.unwrap_or_else(|| instead::of_text(bytes.get(start..).unwrap_or_default()))),
    }
}

/// A document that was found.
struct Found<'t> {
    gathered: Gathered<'t>,
    /// Where it begins and ends.
    start: usize,
    end: usize,
    /// It is cut off at this fault.
    cut: Option<json::Fault>,
}

/// The search for documents in a text.
struct Search<'t, 'o> {
    text: &'t [u8],
    json: Text<'t>,
    options: &'o Options,
    /// What is wrong with the first thing that seemed to be one.
    complaint: Option<BadDocument>,
}

impl<'t> Search<'t, '_> {
    /// The next document from a byte on.
    fn next(&mut self, from: usize) -> Option<Found<'t>> {
        let blanks = self.text.get(from..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let first = from + blanks;
        let at_once = begins_value(self.text.get(first..)?).then_some(first);
        let lines = line_starts(self.text, first).filter(|at| self.text.get(*at) == Some(&b'{'));
        for at in at_once.into_iter().chain(lines) {
            match self.read_at(at) {
                Ok(found) => return Some(found),
                // What is wrong with a trace is told; nothing behind is taken for the trace instead.
                Err(problem) if problem.is_trace => {
                    self.complaint = Some(problem.what);
                    return None;
                }
                Err(problem) if Some(at) == at_once => self.complaint = Some(problem.what),
                Err(_) => {}
            }
        }
        None
    }

    fn read_at(&self, at: usize) -> Result<Found<'t>, Complaint> {
        let mut gathered = Gathered::default();
        let mut parser = Parser::new(self.json, at);
        if let Err(fault) = gathered.value(self.text, &mut parser) {
            return self.broken(at, gathered, *fault);
        }
        let end = parser.at();
        let complaint = |what| Complaint { what, is_trace: true };
        if let Some(problem) = notation::wrong_format(self.text, &gathered.top) {
            return Err(complaint(problem));
        }
        let is_frame = gathered.top.iter().any(|(key, _)| key == "stream");
        if gathered.container {
            return Ok(Found { gathered, start: at, end, cut: None });
        }
        if is_frame || (shape::is_call(&gathered.top) && self.is_first_of_lines(end)) {
            return self.lines(at).map_err(complaint);
        }
        if shape::is_call(&gathered.top) {
            gathered.take_top_as_call(at).map_err(|fault| complaint(BadDocument::json(self.text, *fault)))?;
            return Ok(Found { gathered, start: at, end, cut: None });
        }
        Err(Complaint { what: instead::of_object(&gathered.top), is_trace: false })
    }

    /// What is to be said about a document that can't be read to its end.
    fn broken(&self, at: usize, gathered: Gathered<'t>, fault: json::Fault) -> Result<Found<'t>, Complaint> {
        let has_format = gathered.top.iter().any(|(key, _)| matches!(&**key, "format" | "stream"));
        let is_trace = gathered.container || has_format;
        if fault.what == What::End && is_trace {
            if self.options.partial {
                return Ok(Found { gathered, start: at, end: self.text.len(), cut: Some(fault) });
            }
            return Err(Complaint { what: truncated(self.text, &gathered, &fault), is_trace });
        }
        if let Some(line) = self.output_line(&gathered, &fault) {
            let what = Fault::Split { line: quoted(line) };
            return Err(Complaint { what: BadDocument::at(self.text, fault.at, fault.pointer, what), is_trace });
        }
        Err(Complaint { what: BadDocument::json(self.text, fault), is_trace })
    }

    /// The line at which JSON stops, when it begins like nothing in JSON.
    fn output_line(&self, gathered: &Gathered<'_>, fault: &json::Fault) -> Option<&'t [u8]> {
        if !gathered.container || !matches!(fault.what, What::Expected(_)) {
            return None;
        }
        let before = self.text.get(..fault.at)?;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let first = self.text.get(fault.at)?;
        let is_first = before.get(start..)?.iter().all(u8::is_ascii_whitespace);
        let line = self.text.get(start..)?.split(|byte| *byte == b'\n').next()?;
        (is_first && !b"\"{}[],:".contains(first)).then_some(line.trim_ascii())
    }

    /// Does another object follow on a line of its own?
    fn is_first_of_lines(&self, end: usize) -> bool {
        let rest = self.text.get(end..).unwrap_or_default().trim_ascii_start();
        rest.first() == Some(&b'{')
    }

    fn lines(&self, at: usize) -> Result<Found<'t>, BadDocument> {
        let mut gathered = Gathered::default();
        let mut next = at;
        while let Some(rest) = self.text.get(next..).filter(|rest| !rest.is_empty()) {
            let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let (start, end) = (next, next + length);
            let ended = gathered.lines.is_some_and(|lines| lines.ended);
            let line = rest.get(..length).unwrap_or_default().trim_ascii();
            if ended && !line.is_empty() {
                return Ok(Found { gathered, start: at, end: start, cut: None });
            }
            next = (end + 1).min(self.text.len());
            if !line.is_empty() {
                self.line(&mut gathered, start, end)?;
            }
        }
        Ok(Found { gathered, start: at, end: self.text.len(), cut: None })
    }

    fn line(&self, gathered: &mut Gathered<'t>, start: usize, end: usize) -> Result<(), BadDocument> {
        let mut parser = Parser::new(self.json.up_to(end), start);
        if parser.peek() != Some(b'{') {
            let line = self.text.get(start..end).unwrap_or_default().trim_ascii();
            return Err(BadDocument::at(self.text, start, "", Fault::Split { line: quoted(line) }));
        }
        match gathered.line(self.text, &mut parser) {
            Err(fault) if fault.what == What::End && self.is_last(end) => {
                let number = Spot::of(self.text, start, "").line;
                gathered.lines.get_or_insert_default().cut = Some((number, (end - start) as u64 + 1));
                Ok(())
            }
            Err(fault) => Err(BadDocument::json(self.text, *fault)),
            Ok(()) if parser.peek().is_some() => {
                let what = Fault::Syntax("the end of the line".to_owned());
                Err(BadDocument::at(self.text, parser.at(), "", what))
            }
            Ok(()) => Ok(()),
        }
    }

    fn is_last(&self, end: usize) -> bool {
        self.text.get(end..).unwrap_or_default().trim_ascii().is_empty()
    }

    /// Settles what was found; a further document is a fault unless a number was asked for.
    fn finish(&mut self, found: Found<'t>, from: usize, framing: Framing) -> Result<Document<'t>, BadDocument> {
        if self.options.number.is_none()
            && let Some(second) = self.next(found.end)
        {
            return Err(BadDocument::at(self.text, second.start, "", Fault::Second));
        }
        let part = |from: usize, to: usize| {
            let part = self.text.get(from..to).unwrap_or_default();
            if part.trim_ascii().is_empty() { &[][..] } else { part }
        };
        let after = part(found.end, self.text.len());
        let after = after.strip_prefix(b"\r").unwrap_or(after);
        let after = after.strip_prefix(b"\n").unwrap_or(after);
        let around = Around { before: part(from, found.start), after };
        let cut = found.cut.map(|fault| Spot::of(self.text, fault.at, fault.pointer));
        notation::settle(self.text, found.gathered, around, framing, cut)
    }
}

/// A problem, and whether it is one of a trace.
struct Complaint {
    what: BadDocument,
    is_trace: bool,
}

fn truncated(text: &[u8], gathered: &Gathered<'_>, fault: &json::Fault) -> BadDocument {
    let inside = error::inside(&fault.pointer);
    BadDocument::at(text, fault.at, "", Fault::Truncated { inside, calls: error::calls(gathered.calls.len()) })
}

/// An object, or an array of something: `[renacer: …]` is none.
fn begins_value(text: &[u8]) -> bool {
    match text.split_first() {
        Some((b'{', _)) => true,
        Some((b'[', rest)) => matches!(rest.trim_ascii_start().first(), Some(b'{' | b']')),
        _ => false,
    }
}

/// Offsets at which lines begin, behind a byte.
fn line_starts(text: &[u8], from: usize) -> impl Iterator<Item = usize> {
    let rest = text.get(from..).unwrap_or_default();
    rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(move |(at, _)| from + at + 1)
}
