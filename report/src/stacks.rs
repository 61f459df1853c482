//! Where calls come from: the frames that stand before a call, as text and as JSON.
//!
//! What an address means is not known here: whoever knows files and their symbols brings it as [`Places`].

use std::fmt;
use std::rc::Rc;

use recording::event::{Event, Frame, Mapped};

use crate::digits;
use crate::json::string;
use crate::per_task::PerTask;

/// Says what addresses mean.
pub trait Places: fmt::Debug {
    /// Pages that frames may name from now on.
    fn mapped(&mut self, mapped: &Mapped<'_>);

    /// A frame of a stack. `caller`: its address lies inside the call instruction, else it is where the task was.
    fn place(&mut self, frame: Frame, caller: bool) -> Rc<Place>;

    /// The line of source that made a call with these frames, innermost first.
    fn source(&mut self, frames: &[Frame]) -> Option<Rc<Source>>;
}

/// A place in a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The file that is mapped there; empty when nothing known is.
    pub object: String,
    /// The function, and how far into it, bytes; of a caller to where it goes on.
    pub symbol: Option<(String, u64)>,
    /// How far into the file, bytes; the address itself where there is no file.
    pub offset: u64,
    /// File and line, where they are known.
    pub line: Option<(String, u32)>,
}

/// A line of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, as it is named for people.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// The function.
    pub function: Option<String>,
    /// What it was translated from.
    pub original: Option<Original>,
}

/// The place in another language that a line was translated from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// The file.
    pub file: String,
    /// From 1; `None` when only the function is known.
    pub line: Option<u32>,
    /// The function.
    pub function: String,
    /// The language.
    pub language: String,
    /// What stands there.
    pub context: Option<String>,
}

/// Keeps the frames of each task until its call is told.
#[derive(Debug)]
pub struct Stacks {
    places: Box<dyn Places>,
    frames: PerTask<Vec<Frame>>,
    options: StackOptions,
}

/// What is shown of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackOptions {
    /// So many frames, innermost first (`-k`); 0 is none.
    pub frames: usize,
    /// The line of source (`--source`).
    pub source: bool,
    /// What stands in the original behind its place (`--show-transpiler-context`).
    pub context: bool,
}

impl Stacks {
    /// Frames are shown as these places.
    pub fn new(places: Box<dyn Places>, options: StackOptions) -> Self {
        Stacks { places, frames: PerTask::default(), options }
    }

    /// Takes mappings, and samples that belong to a call.
    pub(crate) fn observe(&mut self, event: &Event<'_>) {
        if let Some(mapped) = event.mapped() {
            self.places.mapped(&mapped);
        }
        if let Some(sample) = event.sample().filter(|sample| sample.weight == 0) {
            let frames = self.frames.of(event.task());
            frames.clear();
            frames.extend(sample.frames());
        }
    }

    /// The call of this task is told.
    pub(crate) fn told(&mut self, task: u32) {
        self.frames.remove(task);
    }

    /// The source of this task's call.
    pub(crate) fn source(&mut self, task: u32) -> Option<Rc<Source>> {
        let frames = self.frames.of(task);
        if !self.options.source || frames.is_empty() {
            return None;
        }
        self.places.source(frames)
    }

    /// Appends `file:line in function ` of the task's call.
    pub(crate) fn write_source(&mut self, out: &mut Vec<u8>, task: u32) {
        let Some(source) = self.source(task) else { return };
        let before = out.len();
        match &source.original {
            None => shown(out, &source.file, Some(source.line), source.function.as_deref()),
            Some(original) => {
                shown(out, &original.file, original.line, Some(&original.function));
                bracketed(out, &original.language);
                if let Some(context) = original.context.as_ref().filter(|_| self.options.context) {
                    bracketed(out, context);
                }
            }
        }
        if out.len() > before {
            out.push(b' ');
        }
    }

    /// Appends `file:line in function` of the task's call, that of the original where there is one.
    pub(crate) fn write_location(&mut self, out: &mut Vec<u8>, task: u32) {
        let Some(source) = self.source(task) else { return };
        match &source.original {
            None => shown(out, &source.file, Some(source.line), source.function.as_deref()),
            Some(original) => shown(out, &original.file, original.line, Some(&original.function)),
        }
    }

    /// Appends a line for each frame, as strace has it.
    pub(crate) fn write_lines(&mut self, out: &mut Vec<u8>, task: u32) {
        if self.options.frames == 0 {
            return;
        }
        let frames = std::mem::take(self.frames.of(task));
        for (depth, frame) in frames.iter().take(self.options.frames).enumerate() {
            let place = self.places.place(*frame, depth > 0);
            out.extend_from_slice(b" > ");
            if place.object.is_empty() {
                out.extend_from_slice(b"[unknown]");
            } else {
                harmless(out, &place.object);
                out.push(b'(');
                if let Some((name, into)) = &place.symbol {
                    harmless(out, name);
                    out.push(b'+');
                    digits::hex(out, *into);
                }
                out.push(b')');
            }
            out.extend_from_slice(b" [");
            digits::hex(out, place.offset);
            out.push(b']');
            if let Some((file, line)) = &place.line {
                out.push(b' ');
                shown(out, file, Some(*line), None);
            }
            out.push(b'\n');
        }
        *self.frames.of(task) = frames;
    }

    /// Appends the key `source` of the task's call, if there is one; `compact` only with the keys of renacer.
    pub(crate) fn write_source_key(&mut self, out: &mut Vec<u8>, task: u32, compact: bool) {
        let Some(source) = self.source(task) else { return };
        out.extend_from_slice(b", \"source\": {\"file\": ");
        string(out, source.file.as_bytes());
        out.extend_from_slice(b", \"line\": ");
        digits::dec(out, u64::from(source.line));
        if let Some(function) = &source.function {
            out.extend_from_slice(b", \"function\": ");
            string(out, function.as_bytes());
        }
        if let Some(original) = source.original.as_ref().filter(|_| !compact) {
            out.extend_from_slice(b", \"original\": {\"file\": ");
            string(out, original.file.as_bytes());
            if let Some(line) = original.line {
                out.extend_from_slice(b", \"line\": ");
                digits::dec(out, u64::from(line));
            }
            let context = original.context.as_deref().map(|context| ("context", context));
            let texts = [("function", original.function.as_str()), ("language", &original.language)];
            for (name, value) in texts.into_iter().chain(context) {
                out.extend_from_slice(b", \"");
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\": ");
                string(out, value.as_bytes());
            }
            out.push(b'}');
        }
        out.push(b'}');
    }

    /// Appends the key `stack` of the task's call, if frames are asked for and known.
    pub(crate) fn write_stack_key(&mut self, out: &mut Vec<u8>, task: u32) {
        let frames = std::mem::take(self.frames.of(task));
        if self.options.frames > 0 && !frames.is_empty() {
            out.extend_from_slice(b", \"stack\": [");
            for (depth, frame) in frames.iter().take(self.options.frames).enumerate() {
                let place = self.places.place(*frame, depth > 0);
                out.extend_from_slice(if depth == 0 { b"{\"object\": " } else { b", {\"object\": " });
                string(out, if place.object.is_empty() { b"[unknown]" } else { place.object.as_bytes() });
                if let Some((name, _)) = &place.symbol {
                    out.extend_from_slice(b", \"symbol\": ");
                    string(out, name.as_bytes());
                }
                out.extend_from_slice(b", \"offset\": ");
                digits::dec(out, place.offset);
                if let Some((file, line)) = &place.line {
                    out.extend_from_slice(b", \"file\": ");
                    string(out, file.as_bytes());
                    out.extend_from_slice(b", \"line\": ");
                    digits::dec(out, u64::from(*line));
                }
                out.push(b'}');
            }
            out.push(b']');
        }
        *self.frames.of(task) = frames;
    }
}

fn shown(out: &mut Vec<u8>, file: &str, line: Option<u32>, function: Option<&str>) {
    harmless(out, file);
    if let Some(line) = line {
        out.push(b':');
        digits::dec(out, u64::from(line));
    }
    if let Some(function) = function {
        out.extend_from_slice(b" in ");
        harmless(out, function);
    }
}

fn bracketed(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(b" [");
    harmless(out, text);
    out.push(b']');
}

/// Names come from files of the target's: what a terminal must not see is escaped.
pub(crate) fn harmless(out: &mut Vec<u8>, text: &str) {
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            out.extend(c.escape_unicode().map(|c| c as u8));
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}
