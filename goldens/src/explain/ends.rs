//! Ends: files, output and requests that are not what they were.

use std::collections::BTreeSet;

use super::content::{Contrast, Output, request};
use super::{Context, Draft, words};
use crate::compare::EndPart;
use crate::finding::Code;
use crate::form::FormEnd;
use crate::golden::{End, EndKind, MERGED};
use crate::learn::is_action;
use crate::masks::ContentMasks;
use crate::model::{ProcKey, Verb};
use crate::value::Value;

impl Context<'_> {
    pub(super) fn end(&self, before: Option<&End>, after: Option<&FormEnd>, part: EndPart) -> Draft {
        let name = before.map(|end| &end.name).or(after.map(|end| &end.name));
        let name = name.cloned().unwrap_or_else(|| Value::from_syntax("-"));
        let draft = match part {
            EndPart::Presence => self.end_presence(&name, before, after),
            EndPart::Kind => self.end_kind(&name, before, after),
            EndPart::Mode => self.end_mode(&name, before, after),
            EndPart::Target => self.end_target(&name, before, after),
            EndPart::Content => self.end_content(&name, before, after),
        };
        let mut draft = draft.event(after.map(|end| end.event));
        let writers = self.writers_of(name.as_str());
        draft.finding.process = writers.first().cloned().unwrap_or_else(|| ProcKey("P".into()));
        draft.names.insert(name.to_string());
        draft.finding.object = Some(name);
        draft.owned_by(writers)
    }

    fn root(&self) -> ProcKey {
        ProcKey("P".into())
    }

    fn end_presence(&self, name: &Value, before: Option<&End>, after: Option<&FormEnd>) -> Draft {
        let text = words::object_text(name);
        let kind = before.map(|end| end.kind).or(after.map(|end| end.kind)).unwrap_or(EndKind::File);
        let content = after.and_then(|end| end.content.as_ref());
        let bytes = content.and_then(|content| content.bytes.as_deref()).map(words::quoted);
        let new = before.is_none();
        let (code, sentence) = match (kind, new) {
            (EndKind::Std, true) => {
                let bytes = bytes.unwrap_or_else(|| words::bytes(content.map_or(0, |content| content.len)));
                (Code::OutBytes, format!("new output on {text}: {bytes}"))
            }
            (EndKind::Std, false) => (Code::OutBytes, format!("no output on {text} any more")),
            (EndKind::Sent, true) => {
                let bytes = bytes.unwrap_or_else(|| words::bytes(content.map_or(0, |content| content.len)));
                (Code::NetBytes, format!("now sends {bytes} to {}", endpoint(name)))
            }
            (EndKind::Sent, false) => (Code::NetBytes, format!("no longer sends to {}", endpoint(name))),
            (EndKind::Gone, true) => (Code::FileGone, format!("now removes {text}")),
            (EndKind::Gone, false) => (Code::FileNew, format!("no longer removes {text}")),
            (EndKind::File, true) if self.only_its_mode(name, after) => {
                let mode = after.and_then(|end| end.mode).unwrap_or(0);
                (Code::FileMode, format!("{text}: mode is set to {mode:04o}{}", risk(mode)))
            }
            (kind, true) => (Code::FileNew, self.left_behind(kind, name)),
            (EndKind::File, false) => (Code::FileGone, format!("no longer writes {text}")),
            (kind, false) => (Code::FileGone, format!("no longer leaves {} {text}", word(kind))),
        };
        let draft = Draft::new(code, &self.root(), sentence).attribute("presence");
        let sides = |present: bool| if present { vec![format!("{} {text}", word(kind))] } else { Vec::new() };
        let draft = draft.sides(sides(!new), sides(new));
        if new { draft } else { draft.missing() }
    }

    /// Is all that the run changed of this file its mode? A document says so by knowing nothing else of it.
    fn only_its_mode(&self, name: &Value, after: Option<&FormEnd>) -> bool {
        let streams = self.form.processes.iter().flat_map(|process| &process.streams);
        let steps = streams.filter(|stream| stream.object.name == *name).flat_map(|stream| &stream.steps);
        let steps = steps.filter_map(|step| self.form.steps.get(step.step as usize));
        let mut changes = steps.filter(|step| step.errno.is_none() && is_action(step)).peekable();
        match changes.peek() {
            None => after.is_some_and(|end| end.content.is_none() && end.mode.is_some()),
            Some(_) => changes.all(|step| step.verb == Verb::Chmod),
        }
    }

    fn left_behind(&self, kind: EndKind, name: &Value) -> String {
        let component = name.as_str().rsplit('/').next().unwrap_or_default();
        let what = if kind == EndKind::File { "file" } else { word(kind) };
        match self.form.temporaries.get(name) {
            Some(looks) => format!("leaves temporary {what} `{}` behind", words::value(looks)),
            None if component.starts_with("{TMP") => format!("leaves temporary {what} {} behind", words::value(name)),
            None if kind == EndKind::File => format!("now writes {}", words::value(name)),
            None => format!("now leaves {what} {}", words::value(name)),
        }
    }

    fn end_kind(&self, name: &Value, before: Option<&End>, after: Option<&FormEnd>) -> Draft {
        let text = words::object_text(name);
        let (was, is) = (before.map_or("nothing", |end| word(end.kind)), after.map_or("nothing", |end| word(end.kind)));
        let removed = after.is_some_and(|end| end.kind == EndKind::Gone);
        let kept = before.is_some_and(|end| end.kind == EndKind::Gone);
        let (code, sentence) = if removed {
            (Code::FileGone, format!("now removes {text}"))
        } else if kept {
            (Code::FileNew, format!("no longer removes {text}"))
        } else {
            (Code::FileType, format!("{text}: {is}, was {was}"))
        };
        Draft::new(code, &self.root(), sentence).attribute("type").sides(vec![was.into()], vec![is.into()])
    }

    fn end_mode(&self, name: &Value, before: Option<&End>, after: Option<&FormEnd>) -> Draft {
        let mode = |mode: Option<u16>| mode.unwrap_or(0);
        let (was, is) = (mode(before.and_then(|end| end.mode)), mode(after.and_then(|end| end.mode)));
        let sentence = format!("{}: mode {was:04o} -> {is:04o}{}", words::object_text(name), risk(is & !was));
        let draft = Draft::new(Code::FileMode, &self.root(), sentence).attribute("mode");
        draft.sides(vec![format!("mode {was:04o}")], vec![format!("mode {is:04o}")])
    }

    fn end_target(&self, name: &Value, before: Option<&End>, after: Option<&FormEnd>) -> Draft {
        let target = |to: Option<&Value>| to.map_or_else(|| "nothing".into(), words::value);
        let (was, is) = (target(before.and_then(|end| end.to.as_ref())), target(after.and_then(|end| end.to.as_ref())));
        let sentence = format!("{}: points to {is}, was {was}", words::object_text(name));
        Draft::new(Code::FileBytes, &self.root(), sentence).attribute("target").sides(vec![was], vec![is])
    }

    fn end_content(&self, name: &Value, before: Option<&End>, after: Option<&FormEnd>) -> Draft {
        let text = words::object_text(name);
        let masks = before.map(|line| crate::compare::end_masks(&self.golden.masks, line)).unwrap_or_default();
        let old = before.and_then(|line| line.hash.flatten()).and_then(|hash| self.contents.get(hash));
        let found = after.and_then(|end| end.content.as_ref());
        let masked = found.and_then(|content| content.bytes.as_deref()).map(|bytes| masks.apply(bytes, 0));
        let contrast = Contrast {
            before: old.map(|bytes| &**bytes),
            after: masked.as_deref(),
            lengths: lengths(before, found.map_or(0, |content| content.len), &masks, old.map(|bytes| bytes.len())),
        };
        let kind = after.map_or(EndKind::File, |end| end.kind);
        let (code, sentence) = match kind {
            EndKind::Std if name.as_str() == MERGED => (Code::OutOrder, format!("{text}: {}", order(&contrast))),
            EndKind::Std => output(&text, &contrast),
            EndKind::Sent => (Code::NetBytes, sent(name, &contrast)),
            _ => (Code::FileBytes, format!("{text}: {}", contrast.sentence())),
        };
        let (was, is) = contrast.sides();
        let draft = Draft::new(code, &self.root(), sentence).attribute("content").sides(was, is);
        if found.is_none_or(|content| content.len == 0) { draft.missing() } else { draft }
    }
}

/// What others may do by permission bits that were not there.
fn risk(more: u16) -> &'static str {
    match () {
        () if more & 0o002 != 0 => " (world-writable)",
        () if more & 0o4000 != 0 => " (set-user-id)",
        () if more & 0o2000 != 0 => " (set-group-id)",
        () => "",
    }
}

/// Lengths as they are compared: where something is cut out, of what is left.
fn lengths(before: Option<&End>, found: u64, masks: &ContentMasks, kept: Option<usize>) -> (Option<u64>, Option<u64>) {
    let size = before.and_then(|line| line.size.flatten()).filter(|size| size.low == size.high).map(|size| size.low);
    match (size, masks.is_empty()) {
        (Some(size), _) => (Some(size), Some(found)),
        (None, true) => (kept.map(|len| len as u64), Some(found)),
        (None, false) => (None, None),
    }
}

/// How streams that hold what they held were written otherwise.
fn order(contrast: &Contrast<'_>) -> String {
    match contrast.output() {
        Some(Output::Order(order)) => order,
        _ => "written in another order".into(),
    }
}

fn output(text: &str, contrast: &Contrast<'_>) -> (Code, String) {
    let bytes = |text: String| (Code::OutBytes, text);
    match contrast.lengths {
        (Some(0), Some(_)) => {
            let shown = contrast.after.map_or_else(|| "something".into(), words::quoted);
            return bytes(format!("new output on {text}: {shown}"));
        }
        (Some(_), Some(0)) => return bytes(format!("no output on {text} any more")),
        _ => {}
    }
    match contrast.output() {
        Some(Output::Order(order)) => (Code::OutOrder, format!("{text}: {order}")),
        Some(Output::Bytes(change)) => bytes(format!("{text}: {change}")),
        None => bytes(format!("{text}: {}", contrast.sentence())),
    }
}

fn sent(name: &Value, contrast: &Contrast<'_>) -> String {
    let to = endpoint(name);
    match (contrast.before, contrast.after) {
        (_, Some([])) => format!("no longer sends to {to}"),
        (Some([]), Some(after)) => format!("now sends {} to {to}", words::quoted(after)),
        (Some(before), Some(after)) => {
            let (was, is) = request(before, after);
            format!("sends {is} to {to}, was {was}")
        }
        _ => format!("sends other bytes to {to}: {}", contrast.sentence()),
    }
}

/// `127.0.0.1:80` of `tcp:127.0.0.1:80`.
pub(super) fn endpoint(name: &Value) -> String {
    let text = words::object_text(name);
    text.split_once(' ').map_or_else(|| text.clone(), |(_, address)| address.to_string())
}

fn word(kind: EndKind) -> &'static str {
    match kind {
        EndKind::Dev => "device",
        EndKind::Dir => "directory",
        EndKind::Fifo => "FIFO",
        EndKind::File => "file",
        EndKind::Gone => "removed",
        EndKind::Sent => "bytes sent to",
        EndKind::Socket => "socket",
        EndKind::Std => "output on",
        EndKind::Symlink => "symbolic link",
    }
}

/// Names of the directories of these names.
pub(super) fn parents(names: &BTreeSet<String>) -> BTreeSet<String> {
    names.iter().filter_map(|name| Some(name.rsplit_once('/')?.0.to_string())).collect()
}
