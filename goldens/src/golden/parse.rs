//! Parsing: text to a golden, or the first line that is wrong and why.
//!
//! Strict on purpose: what is accepted is printed as the same bytes. So each fact has one spelling and one
//! place, a diff of two goldens is a diff of facts, and what a merge or an editor broke is found.

use std::cmp::Ordering;

use super::fold::{self, Block};
use super::head::{self, Part};
use super::lines::Words;
use super::syntax::Complaint;
use super::words::{Word, shown, unknown};
use super::{Golden, Presence, body};
use crate::model::{InputKind, Level, ObjectKind};

/// A file that is no golden.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {why}")]
pub struct BadGolden {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// How much of a golden is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub file: usize,
    /// Bytes of a line.
    pub line: usize,
    /// Steps and calls, repeated ones counted as often as they are repeated.
    pub steps: u64,
    /// Lines that repeated blocks stand for.
    pub repeated: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { file: 256 << 20, line: 1 << 20, steps: 100_000_000, repeated: fold::MOST }
    }
}

impl Limits {
    /// The usual ones, raised so that files of so many bytes are read.
    pub fn of_file(bytes: usize) -> Limits {
        let usual = Limits::default();
        let times = bytes.div_ceil(usual.file).max(1);
        let more = |count: u64| count.saturating_mul(times as u64);
        let line = usual.line.saturating_mul(times);
        Limits { file: bytes, line, steps: more(usual.steps), repeated: more(usual.repeated) }
    }
}

/// The flag that raises a limit, as messages name it.
const RAISED_BY: &str = "--golden-max BYTES raises it";

impl Golden {
    /// Reads a golden. Printed, it is the same bytes again.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn parse(text: &str) -> Result<Golden, BadGolden> {
        Golden::read(text.as_bytes(), &Limits::default())
    }

    /// Reads a golden of any bytes within these limits.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Golden, BadGolden> {
        let bad = |line: usize, why: String| BadGolden { line, why };
        if bytes.len() > limits.file {
            return Err(bad(1, format!("{} bytes; at most {} are read: {RAISED_BY}", bytes.len(), limits.file)));
        }
        if bytes.is_empty() {
            return Err(bad(1, "the file is empty".into()));
        }
        let text = visible(bytes, limits)?;
        let mut reader = Reader::new(text, limits);
        let mut line_number = 0;
        for line in text.split_terminator('\n') {
            line_number += 1;
            reader.line(line).map_err(|why| bad(line_number, why))?;
        }
        reader.finish(line_number)
    }
}

/// Only visible ASCII and blanks, in lines of bounded length that end in LF.
fn visible<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, BadGolden> {
    let mut at = 0;
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let bad = |why: String| Err(BadGolden { line: number + 1, why });
        if line.len() > limits.line {
            return bad(format!("a line of {} bytes; at most {} are read: {RAISED_BY}", line.len(), limits.line));
        }
        if number == 0 && line.starts_with(b"\xef\xbb\xbf") {
            return bad("the file begins with a byte order mark; a golden is plain ASCII".into());
        }
        if let Some(byte) = line.iter().find(|byte| !matches!(byte, 0x20..=0x7e)) {
            return bad(match byte {
                b'\r' => "it ends in CR LF; lines of a golden end in LF alone".into(),
                byte => format!("it holds the byte 0x{byte:02x}; a golden is visible ASCII, other bytes are %XX"),
            });
        }
        at += line.len() + 1;
        if at > bytes.len() && !line.is_empty() {
            return bad("the last line does not end in LF: is the file cut?".into());
        }
    }
    // Every byte was looked at above.
    std::str::from_utf8(bytes).map_err(|_| BadGolden { line: 1, why: "it is no ASCII".into() })
}

/// Sections below the head, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Proc,
    Stream,
    Thread,
    End,
    Input,
    Dur,
    Fact,
    Shape,
    Order,
    Mask,
    Allow,
}

impl Section {
    const ALL: &[(&str, Section)] = &[
        ("proc", Section::Proc),
        ("thread", Section::Thread),
        ("end", Section::End),
        ("input", Section::Input),
        ("dur", Section::Dur),
        ("fact", Section::Fact),
        ("shape", Section::Shape),
        ("order", Section::Order),
        ("mask", Section::Mask),
        ("allow", Section::Allow),
    ];

    fn of(word: &str) -> Option<Section> {
        let found = Section::ALL.iter().find(|(name, _)| *name == word).map(|(_, section)| *section);
        found.or_else(|| ObjectKind::from_word(word).map(|_| Section::Stream))
    }

    fn name(self) -> &'static str {
        Section::ALL.iter().find(|(_, section)| *section == self).map_or("a stream", |(name, _)| *name)
    }

    /// The weakest level whose goldens have this section.
    fn level(self) -> Level {
        match self {
            Section::Proc | Section::End | Section::Input | Section::Mask | Section::Allow => Level::Outcome,
            Section::Stream | Section::Dur | Section::Fact | Section::Shape | Section::Order => Level::Protocol,
            Section::Thread => Level::Calls,
        }
    }
}

/// Where in the file the reader is.
enum Place {
    Head(Part),
    Body(Section),
}

struct Reader<'a> {
    golden: Option<Golden>,
    place: Place,
    text: &'a str,
    limits: &'a Limits,
    /// Line of `asserts`.
    asserts_at: usize,
    lines: usize,
    steps: u64,
    /// Lines that repeated blocks stood for so far.
    repeated: u64,
    /// The block that is not whole yet.
    block: Option<Block>,
    /// Byte at which this line begins.
    at: usize,
    /// The line above of the same section.
    above: &'a str,
    /// Where the stream above the current one, and the current one, begin.
    blocks: (usize, usize),
    /// Do these two have the same key?
    tie: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, limits: &'a Limits) -> Self {
        Reader {
            golden: None,
            place: Place::Head(Part::First),
            text,
            limits,
            asserts_at: 0,
            lines: 0,
            steps: 0,
            repeated: 0,
            block: None,
            at: 0,
            above: "",
            blocks: (0, 0),
            tie: false,
        }
    }

    fn line(&mut self, line: &'a str) -> Result<(), Complaint> {
        self.lines += 1;
        let marker = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].into_iter().find(|mark| line.starts_with(mark));
        if let Some(marker) = marker {
            return Err(format!("{marker} is a merge marker: take one side, then run golden check"));
        }
        match line.strip_prefix("  ") {
            _ if self.golden.is_none() => {
                self.golden = Some(empty(head::first(line)?));
                Ok(())
            }
            Some(step) => self.step(step),
            None => self.fact(line),
        }?;
        self.at += line.len() + 1;
        Ok(())
    }

    fn fact(&mut self, line: &'a str) -> Result<(), Complaint> {
        let mut words = Words::of(line);
        let word = words.take().unwrap_or_default();
        match (Part::of(word), Section::of(word)) {
            (Some(part), _) => self.head(part, words),
            (None, Some(section)) => self.section(section, word, words, line),
            (None, None) if word.is_empty() => Err("an empty line, or one that begins with a blank".into()),
            (None, None) => {
                let known = Section::ALL.iter().map(|(name, _)| *name).chain(Part::words());
                Err(unknown("line", word, known.chain(ObjectKind::ALL.iter().map(|kind| kind.word()))))
            }
        }
    }

    fn head(&mut self, part: Part, words: Words<'_>) -> Result<(), Complaint> {
        match self.place {
            Place::Head(before) => part.follows(before)?,
            Place::Body(section) => return Err(format!("wrong order: it stands above {}", section.name())),
        }
        self.place = Place::Head(part);
        if part == Part::Asserts {
            self.asserts_at = self.lines;
        }
        let golden = self.golden.as_mut().ok_or("there is no first line")?;
        head::line(&mut golden.header, part, words)
    }

    fn section(&mut self, section: Section, word: &str, words: Words<'_>, line: &'a str) -> Result<(), Complaint> {
        self.close_stream()?;
        let level = self.golden.as_ref().map_or(Level::Exact, |golden| golden.header.level);
        if level < section.level() {
            return Err(format!("{} is no line of a golden of level {level}", shown(word)));
        }
        match self.place {
            Place::Head(Part::Asserts) => {}
            Place::Head(_) => return Err("the head is not whole above this line: asserts is missing".into()),
            Place::Body(before) if section < before => {
                return Err(format!("wrong order: {} stands above {}", section.name(), before.name()));
            }
            Place::Body(before) => {
                if section != before {
                    self.above = "";
                }
            }
        }
        self.place = Place::Body(section);
        let golden = self.golden.as_mut().ok_or("there is no first line")?;
        let order = push(golden, section, word, words)?;
        self.in_order(section, order, line)?;
        self.above = line;
        Ok(())
    }

    /// Lines of a section ascend; those of one key by their text, streams by the text of their steps too.
    fn in_order(&mut self, section: Section, order: Ordering, line: &str) -> Result<(), Complaint> {
        let block = matches!(section, Section::Stream | Section::Thread);
        if block {
            self.blocks = (self.blocks.1, self.at);
        }
        if self.above.is_empty() {
            return Ok(());
        }
        match order {
            Ordering::Less => Ok(()),
            Ordering::Greater => Err("not sorted: it belongs before the line above of its kind".into()),
            Ordering::Equal if block => {
                self.tie = true;
                self.golden.as_ref().map_or(Ok(()), |golden| alike(golden, section))
            }
            Ordering::Equal => above(self.above, line),
        }
    }

    /// At the end of a stream: of two with the same key the lesser text stands above.
    fn close_stream(&mut self) -> Result<(), Complaint> {
        let Place::Body(section @ (Section::Stream | Section::Thread)) = self.place else { return Ok(()) };
        if let Some(block) = self.block {
            return Err(format!("the stream above ends within a block of {} lines", block.len));
        }
        let (before, this) = self.blocks;
        if std::mem::take(&mut self.tie) {
            let text = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
            above(text(before, this), text(this, self.at)).map_err(|why| format!("the stream above: {why}"))?;
        }
        let golden = self.golden.as_ref().ok_or("there is no first line")?;
        let empty = match section {
            Section::Stream => golden.streams.last().is_some_and(|stream| stream.steps.is_empty()),
            _ => golden.threads.last().is_some_and(|thread| thread.calls.is_empty()),
        };
        if empty { Err("the stream above has no steps".into()) } else { Ok(()) }
    }

    fn step(&mut self, line: &str) -> Result<(), Complaint> {
        let mut words = Words::of(line);
        if let Some((times, len)) = words.block()? {
            self.open_block(times, len)?;
        }
        let golden = self.golden.as_mut().ok_or("there is no first line")?;
        let (presence, at) = match self.place {
            Place::Body(Section::Stream) => {
                let stream = golden.streams.last_mut().ok_or("a step outside of a stream")?;
                let (presence, step) = body::step(words.rest())?;
                stream.steps.push((presence, step));
                (presence, stream.steps.len())
            }
            Place::Body(Section::Thread) => {
                let thread = golden.threads.last_mut().ok_or("a call outside of a thread")?;
                let (presence, call) = body::call(words.rest())?;
                thread.calls.push((presence, call));
                (presence, thread.calls.len())
            }
            _ => return Err("a step outside of a stream".into()),
        };
        let times = self.block.map_or(1, |block| block.times as u64);
        let each = if let Presence::Times(number) = presence { number.high } else { 1 };
        self.steps = self.steps.saturating_add(each.saturating_mul(times));
        if self.steps > self.limits.steps {
            return Err(format!("more than {} steps are not read: {RAISED_BY}", self.limits.steps));
        }
        match self.block {
            Some(block) if at == block.at + block.len => self.close_block(block),
            _ => Ok(()),
        }
    }

    /// A block begins with this line.
    fn open_block(&mut self, times: usize, len: usize) -> Result<(), Complaint> {
        if let Some(block) = self.block {
            return Err(format!("a block begins within the {} lines of another", block.len));
        }
        let golden = self.golden.as_ref().ok_or("there is no first line")?;
        let at = match self.place {
            Place::Body(Section::Thread) => golden.threads.last().map_or(0, |thread| thread.calls.len()),
            _ => golden.streams.last().map_or(0, |stream| stream.steps.len()),
        };
        let block = Block { at, len, times };
        self.repeated = self.repeated.saturating_add(block.lines() as u64);
        if self.repeated > self.limits.repeated {
            let most = self.limits.repeated;
            return Err(format!("blocks that stand for more than {most} lines are not read: {RAISED_BY}"));
        }
        self.block = Some(block);
        Ok(())
    }

    /// The block is whole: its lines stand there as often as it says.
    fn close_block(&mut self, block: Block) -> Result<(), Complaint> {
        self.block = None;
        let golden = self.golden.as_mut().ok_or("there is no first line")?;
        match self.place {
            Place::Body(Section::Thread) => {
                let thread = golden.threads.last_mut().ok_or("a call outside of a thread")?;
                repeat(&mut thread.calls, block);
                thread.blocks.push(block);
            }
            _ => {
                let stream = golden.streams.last_mut().ok_or("a step outside of a stream")?;
                repeat(&mut stream.steps, block);
                stream.blocks.push(block);
            }
        }
        Ok(())
    }

    fn finish(mut self, last: usize) -> Result<Golden, BadGolden> {
        let bad = |line: usize, why: String| BadGolden { line, why };
        self.close_stream().map_err(|why| bad(last, why))?;
        if matches!(self.place, Place::Head(part) if part != Part::Asserts) {
            return Err(bad(last, "the file ends before the line asserts: is it cut?".into()));
        }
        let Some(golden) = self.golden else { return Err(bad(1, "the file is empty".into())) };
        golden.agrees().map_err(|why| bad(self.asserts_at, why))?;
        Ok(golden)
    }
}

/// The last two streams have the same key: that is possible where it stands for several objects or processes.
fn alike(golden: &Golden, section: Section) -> Result<(), Complaint> {
    let (process, name, presence) = match (section, golden.streams.last(), golden.threads.last()) {
        (Section::Stream, Some(stream), _) => (&stream.process, stream.object.name.as_str(), stream.presence),
        (_, _, Some(thread)) => (&thread.process, "", thread.presence),
        _ => return Ok(()),
    };
    let first = golden.processes.partition_point(|line| line.key < *process);
    let mut lines = golden.processes.iter().skip(first).take_while(|line| line.key == *process);
    let several =
        lines.next().is_some_and(|line| matches!(line.presence, Presence::Times(_))) || lines.next().is_some();
    if several || presence != Presence::Required || name.contains('{') || process.0.contains('{') {
        return Ok(());
    }
    Err("the same stream a second time".into())
}

/// Of two lines with the same key the lesser text stands above.
fn above(before: &str, this: &str) -> Result<(), Complaint> {
    match before.cmp(this) {
        Ordering::Less => Ok(()),
        Ordering::Equal => Err("a duplicate line".into()),
        Ordering::Greater => Err("not sorted: it belongs before the line above of its kind".into()),
    }
}

fn repeat<T: Clone>(lines: &mut Vec<T>, block: Block) {
    let once: Vec<T> = lines.get(block.at..).unwrap_or_default().to_vec();
    (1..block.times).for_each(|_| lines.extend_from_slice(&once));
}

fn empty(header: super::Header) -> Golden {
    Golden {
        header,
        processes: Vec::new(),
        streams: Vec::new(),
        threads: Vec::new(),
        ends: Vec::new(),
        inputs: Vec::new(),
        durability: Vec::new(),
        facts: Vec::new(),
        shapes: Vec::new(),
        order: Vec::new(),
        masks: Vec::new(),
        allows: Vec::new(),
    }
}

/// Reads a line into its section and says how the line above of that section stands to it.
fn push(golden: &mut Golden, section: Section, word: &str, words: Words<'_>) -> Result<Ordering, Complaint> {
    Ok(match section {
        Section::Proc => put(&mut golden.processes, body::proc(words)?, |a, b| a.key.cmp(&b.key)),
        Section::Stream => {
            let stream = body::stream(ObjectKind::of_word(word)?, words)?;
            put(&mut golden.streams, stream, |a, b| (&a.process, &a.object).cmp(&(&b.process, &b.object)))
        }
        Section::Thread => {
            put(&mut golden.threads, body::thread(words)?, |a, b| (&a.process, &a.thread).cmp(&(&b.process, &b.thread)))
        }
        Section::End => put(&mut golden.ends, body::end(words)?, |a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name))),
        Section::Input => {
            let input = body::input(words)?;
            if golden.header.level == Level::Outcome && input.1.kind != InputKind::Net {
                return Err("a golden of level outcome has inputs of kind net only".into());
            }
            put(&mut golden.inputs, input, |a, b| a.1.cmp(&b.1))
        }
        Section::Dur => put(&mut golden.durability, body::dur(words)?, |a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1))),
        Section::Fact => put(&mut golden.facts, body::fact(words)?, |a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1))),
        Section::Shape => put(&mut golden.shapes, body::shape(words)?, |a, b| {
            (&a.process, &a.object, &a.family).cmp(&(&b.process, &b.object, &b.family))
        }),
        Section::Order => put(&mut golden.order, body::order(words)?, Ord::cmp),
        Section::Mask => put(&mut golden.masks, body::mask(words)?, |a, b| {
            (&a.process, &a.object, &a.verb, &a.place).cmp(&(&b.process, &b.object, &b.verb, &b.place))
        }),
        Section::Allow => put(&mut golden.allows, body::allow(words)?, |a, b| {
            (&a.process, &a.code, &a.object).cmp(&(&b.process, &b.code, &b.object))
        }),
    })
}

fn put<T>(list: &mut Vec<T>, item: T, compare: impl Fn(&T, &T) -> Ordering) -> Ordering {
    let order = list.last().map_or(Ordering::Less, |above| compare(above, &item));
    list.push(item);
    order
}
