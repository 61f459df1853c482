//! Notation: what the arguments mean, settled once per document, and everything said about it.

use std::borrow::Cow;

use syscalls::{Kind, Returns, Syscall};

use super::call::{Argument, Call, Outcome, is_content};
use super::error::{BadDocument, Fault, Spot, plural, quoted};
use super::find::Framing;
use super::json::{Member, Value};
use super::lengths::{self, Length};
use super::shape::{self, Shaped, Spelled, SpelledArgs};
use super::top::Gathered;
use super::{Around, Document, Notation, cstring, end, flags, instead, names, payloads, stdout};

/// The format that is read.
const FORMAT: &str = "renacer-json-v1";

/// Is the format another one, or our additions of a later version?
pub(super) fn wrong_format(text: &[u8], top: &[Member<'_>]) -> Option<BadDocument> {
    for (key, node) in top {
        let fault = match (&**key, &node.value) {
            ("format", Value::Text(format)) if format != FORMAT => {
                Fault::OtherFormat { found: quoted(format.as_bytes()) }
            }
            ("format", value) if !matches!(value, Value::Text(_)) => {
                Fault::Unfit(format!("{}, string needed", value.kind()))
            }
            ("schema", Value::Number("1")) => continue,
            ("schema", Value::Number(number)) => Fault::Newer { found: (*number).to_owned() },
            _ => continue,
        };
        return Some(BadDocument::at(text, node.at, format!("/{key}"), fault));
    }
    None
}

/// Puts the document together.
pub(super) fn settle<'t>(
    text: &'t [u8],
    mut gathered: Gathered<'t>,
    around: Around<'t>,
    framing: Framing,
    cut: Option<Spot>,
) -> Result<Document<'t>, BadDocument> {
    let broken = |fault: Box<super::json::Fault>| BadDocument::json(text, *fault);
    instead::notice_unknown(&gathered.top, &mut gathered.noticed);
    let heading = end::heading(&gathered.top).map_err(broken)?;
    let notation = notation(&gathered, heading.generator.is_some());
    if gathered.calls.is_empty() && notation != Notation::Ours {
        return Err(BadDocument::whole(Fault::NoCalls));
    }
    let reading = Reading { notation, version: heading.version.clone() };
    let mut told = Told::default();
    let spelled = std::mem::take(&mut gathered.calls).into_iter();
    // Collected like this the calls take the room of their spellings, one after the other.
    let calls = spelled.map(|mut spelled| {
        spelled.pid = spelled.pid.or(heading.pid);
        let (at, place) = (spelled.at, spelled.place);
        reading.call(spelled, &mut told).map_err(|mut fault| {
            fault.pointer.insert_str(0, &place.pointer());
            fault.at = fault.at.max(at);
            broken(fault)
        })
    });
    let mut calls = calls.collect::<Result<Vec<Call<'t>>, BadDocument>>()?;
    let found = stdout::find_again(notation, around.before, &mut calls);
    let ours = end::ours(&gathered, &calls).map_err(broken)?;
    let warnings = told.warnings(&gathered, around, framing, found.is_some(), &reading);
    let incomplete = end::incomplete(&gathered, &heading, calls.len(), cut);
    Ok(Document {
        version: heading.version,
        generator: heading.generator,
        command: heading.command,
        notation,
        calls,
        happenings: ours.happenings,
        processes: ours.processes,
        end: heading.end,
        counted: heading.counted,
        spent: heading.spent,
        incomplete,
        warnings,
        unknown_keys: gathered.noticed.unknown.into_iter().collect(),
        around,
        stdout: found,
    })
}

fn notation(gathered: &Gathered<'_>, is_ours: bool) -> Notation {
    let has = |name: &str| gathered.top.iter().any(|(key, _)| key == name);
    if is_ours && has("schema") {
        Notation::Ours
    } else if has("format") && !gathered.calls.is_empty() && gathered.calls.iter().all(is_registers) {
        Notation::Registers
    } else {
        Notation::Documented
    }
}

/// Three words in hex, of which the second of `openat` is its path.
fn is_registers(call: &Spelled<'_>) -> bool {
    let SpelledArgs::List(args) = &call.args else { return false };
    let is_hex = |text: &str| text.starts_with("0x") && flags::word(None, text).is_some();
    args.len() == 3
        && args.iter().enumerate().all(|(at, text)| {
            is_hex(text) || (at == 1 && call.name == "openat" && cstring::between_quotes(text).is_some())
        })
}

/// How calls of one document are read.
pub(super) struct Reading<'t> {
    pub notation: Notation,
    pub version: Option<Cow<'t, str>>,
}

/// What has to be told once, with how often it was so.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub translated: u64,
    pub without_args: u64,
    pub without_result: u64,
    /// Contents whose texts fit no length: how many, and the first one in words.
    pub unfit: (u64, Option<String>),
    /// Paths with a character that stands for lost bytes.
    pub lost: u64,
}

impl<'t> Reading<'t> {
    fn call(&self, mut spelled: Spelled<'t>, told: &mut Told) -> Shaped<Call<'t>> {
        let name = self.name(&spelled, told);
        let nr = names::number(spelled.abi, &name).or(spelled.nr);
        let row = nr.and_then(|nr| syscalls::lookup(spelled.abi, nr));
        let outcome = self.outcome(&spelled, row);
        told.without_result += u64::from(outcome == Outcome::NotKnown);
        let mut call = Call {
            name,
            abi: spelled.abi,
            nr,
            args: None,
            others: Vec::new(),
            outcome,
            duration_ns: spelled.duration_ns,
            stamp: spelled.stamp,
            pid: spelled.pid,
            tid: spelled.tid,
            seq: spelled.seq,
            lamport: spelled.lamport,
            source: spelled.source.take(),
        };
        match self.notation {
            Notation::Ours => ours(&mut call, spelled)?,
            Notation::Registers => registers(&mut call, spelled, told),
            Notation::Documented => documented(&mut call, spelled, told),
        }
        narrow(&mut call);
        told.without_args += u64::from(call.args.is_none());
        Ok(call)
    }

    fn name(&self, spelled: &Spelled<'t>, told: &mut Told) -> Cow<'t, str> {
        let version = self.version.as_deref().filter(|_| self.notation == Notation::Registers);
        match version.and_then(|version| names::translated(version, &spelled.name)) {
            Some(right) => {
                told.translated += 1;
                Cow::Borrowed(right)
            }
            None => spelled.name.clone(),
        }
    }

    fn outcome(&self, spelled: &Spelled<'_>, row: Option<&Syscall>) -> Outcome {
        let never = row.is_some_and(|row| row.returns == Returns::Never);
        match spelled.result {
            _ if spelled.no_return => Outcome::NoReturn,
            // A document of renacer needs a number there; the call has none.
            Some(_) if never && self.notation != Notation::Ours => Outcome::NoReturn,
            Some(result) => Outcome::Returned(result),
            None => Outcome::NotKnown,
        }
    }
}

/// A word of 32 bits is that, however it was written: `AT_FDCWD`, -100 and 0xffffff9c are one.
fn narrow(call: &mut Call<'_>) {
    let kinds = call.kinds();
    for (argument, arg) in call.args.iter_mut().flatten().zip(kinds) {
        if let Argument::Word(word) = argument {
            *word = narrowed(&arg.kind, *word);
        }
    }
}

/// The part of a word that counts.
pub(super) fn narrowed(kind: &Kind, word: u64) -> u64 {
    if is_int(kind) { word & u64::from(u32::MAX) } else { word }
}

fn is_int(kind: &Kind) -> bool {
    use Kind::{DirFd, Fd, Gid, Int, Mode, OpenFlags, OpenMode, Pid, Signal, Tid, UInt, Uid};
    matches!(kind, Int | UInt | Fd | DirFd | Pid | Tid | Uid | Gid | Signal | Mode | OpenFlags | OpenMode(_))
}

/// The selecting word first, so that the kinds of the others are known.
fn place_selector(call: &mut Call<'_>, args: &[Argument<'_>]) {
    let selector = call.row().and_then(|row| row.variants).map(|variants| usize::from(variants.selector));
    let word = selector.and_then(|at| match args.get(at)? {
        Argument::Word(word) => Some((at, *word)),
        _ => None,
    });
    if let Some((at, word)) = word {
        let mut words = vec![Argument::NotKnown; at];
        words.push(Argument::Word(word));
        call.args = Some(words);
    }
}

/// A word, or the text when it is none.
fn word_or_text<'t>(call: &Call<'_>, at: usize, text: Cow<'t, str>) -> Argument<'t> {
    let kind = call.row().and_then(|row| row.args.get(at)).map(|arg| &arg.kind);
    let specific = call.kinds().get(at).map(|arg| &arg.kind);
    match flags::word(kind, &text).or_else(|| flags::word(specific, &text)) {
        Some(word) => Argument::Word(word),
        None => Argument::Text(text),
    }
}

fn ours<'t>(call: &mut Call<'t>, spelled: Spelled<'t>) -> Shaped<()> {
    let unsaid = spelled.unsaid.unwrap_or_default();
    let kept = unsaid.payloads.as_ref().map_or(Ok(Vec::new()), payloads::read)?;
    let SpelledArgs::List(texts) = spelled.args else { return Ok(()) };
    if spelled.no_entry {
        return Ok(());
    }
    let bare: Vec<_> = texts.iter().enumerate().map(|(at, text)| word_or_text(call, at, text.clone())).collect();
    place_selector(call, &bare);
    let args = texts.into_iter().enumerate().map(|(at, text)| {
        let position = at as u64;
        let payload = kept.iter().rfind(|(arg, _)| *arg == position).map(|(_, content)| content.clone());
        let content = call.kinds().get(at).is_some_and(|arg| is_content(&arg.kind));
        if unsaid.not_known.contains(&position) {
            Argument::NotKnown
        } else if let (true, Some(payload)) = (content, payload) {
            Argument::Bytes(payload)
        } else if content && !unsaid.unread.contains(&position) {
            lengths::plain(text)
        } else if content && text == "NULL" {
            Argument::Word(0)
        } else {
            word_or_text(call, at, text)
        }
    });
    call.args = Some(args.collect());
    Ok(())
}

fn registers<'t>(call: &mut Call<'t>, spelled: Spelled<'t>, told: &mut Told) {
    let SpelledArgs::List(texts) = spelled.args else { return };
    let mut args: Vec<_> = texts.into_iter().map(|text| register(text, told)).collect();
    place_selector(call, &args);
    if call.row().is_some() {
        // Behind them stand leftovers of registers.
        args.truncate(call.kinds().len());
    }
    call.args = Some(args);
}

/// A word, or the path of `openat`, in which renacer escapes nothing.
fn register<'t>(text: Cow<'t, str>, told: &mut Told) -> Argument<'t> {
    if let Some(word) = flags::word(None, &text) {
        return Argument::Word(word);
    }
    if text.contains('\u{fffd}') {
        told.lost += 1;
        return Argument::NotKnown;
    }
    let inner = match &text {
        Cow::Borrowed(text) => cstring::between_quotes(text).map(Cow::Borrowed),
        Cow::Owned(text) => cstring::between_quotes(text).map(|inner| Cow::Owned(inner.to_owned())),
    };
    inner.map_or(Argument::NotKnown, lengths::plain)
}

fn documented<'t>(call: &mut Call<'t>, spelled: Spelled<'t>, told: &mut Told) {
    let place = spelled.place;
    let texts: Vec<Option<Cow<'t, str>>> = match spelled.args {
        SpelledArgs::Missing => return,
        SpelledArgs::List(texts) => texts.into_iter().map(Some).collect(),
        SpelledArgs::Named(named) => {
            let ordered = names::ordered(call.row(), named);
            call.others = ordered.others;
            ordered.placed
        }
    };
    let bare: Vec<_> = (texts.iter().enumerate())
        .map(|(at, text)| text.clone().map_or(Argument::NotKnown, |text| word_or_text(call, at, text)))
        .collect();
    place_selector(call, &bare);
    let kinds = call.kinds();
    let arity = if call.row().is_some() { kinds.len() } else { usize::MAX };
    let word = |at: usize| match bare.get(at) {
        Some(Argument::Word(word)) => Some(*word),
        _ => None,
    };
    let mut args = Vec::with_capacity(texts.len());
    for (at, text) in texts.into_iter().enumerate() {
        let Some(text) = text else {
            args.push(Argument::NotKnown);
            continue;
        };
        if at >= arity && word(at).is_some() {
            break;
        }
        let kind = kinds.get(at).map(|arg| &arg.kind).filter(|kind| is_content(kind));
        args.push(match kind {
            None => word_or_text(call, at, text),
            Some(kind) => {
                let length = lengths::of(kind, &call.name, word, call.outcome);
                lengths::reading(text, length).unwrap_or_else(|bytes| told.no_reading(place, at, bytes, length))
            }
        });
    }
    call.args = Some(args);
}

impl Told {
    fn no_reading(&mut self, place: shape::Place, at: usize, bytes: u64, length: Length) -> Argument<'static> {
        self.unfit.0 += 1;
        self.unfit.1.get_or_insert_with(|| {
            let needed = match length {
                Length::Is(length, _) => plural(length, "byte"),
                Length::Free => "another length".to_owned(),
            };
            format!("{}, argument {at}: a text of {}, the call moved {needed}", place.words(), plural(bytes, "byte"))
        });
        Argument::NotKnown
    }

    fn warnings(
        &self,
        gathered: &Gathered<'_>,
        around: Around<'_>,
        framing: Framing,
        found: bool,
        reading: &Reading<'_>,
    ) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut warn = |when: bool, what: &dyn Fn() -> String| {
            if when {
                warnings.push(what());
            }
        };
        warn(framing.mark, &|| "it begins with a byte-order mark".to_owned());
        warn(framing.carriage_returns, &|| "its lines end in CR LF".to_owned());
        warn(!around.before.is_empty(), &|| preamble(around.before, found));
        warn(!around.after.is_empty(), &|| format!("{} behind the document are no part of it", extent(around.after)));
        warn(self.translated > 0, &|| translation(self.translated, reading));
        warn(gathered.noticed.scalars > 0, &|| {
            format!("{} that are no strings are read as their JSON text", plural(gathered.noticed.scalars, "argument"))
        });
        warn(self.unfit.0 > 0, &|| {
            let first = self.unfit.1.as_deref().unwrap_or_default();
            format!("the content of {} is not known: {first}", plural(self.unfit.0, "argument"))
        });
        warn(self.lost + gathered.lone_surrogates > 0, &|| {
            format!(
                "{} hold U+FFFD in place of lost bytes and are not known",
                plural(self.lost + gathered.lone_surrogates, "text")
            )
        });
        warn(self.without_args > 0, &|| format!("arguments of {} are not known", plural(self.without_args, "call")));
        warn(self.without_result > 0, &|| {
            format!("the result of {} is not known", plural(self.without_result, "call"))
        });
        warnings
    }
}

fn translation(count: u64, reading: &Reading<'_>) -> String {
    let version = reading.version.as_deref().unwrap_or_default();
    format!("{} translated: renacer {version} gives seven calls the names of others", plural(count, "name"))
}

/// `5 lines, 82 bytes`.
fn extent(bytes: &[u8]) -> String {
    let breaks = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let lines = breaks + u64::from(!bytes.ends_with(b"\n"));
    format!("{}, {}", plural(lines, "line"), plural(bytes.len() as u64, "byte"))
}

fn preamble(before: &[u8], found: bool) -> String {
    let own = before.split(|byte| *byte == b'\n').filter(|line| instead::is_own_line(line.trim_ascii())).count() as u64;
    let what = match (found, own) {
        (true, _) => "are the program's standard output, found again".to_owned(),
        (false, 0) => "are no part of it".to_owned(),
        (false, own) => format!(
            "are no part of it; {} renacer's own",
            if own == 1 { "1 is".to_owned() } else { format!("{own} are") }
        ),
    };
    format!("{} before the document {what}", extent(before))
}

impl shape::Place {
    /// As a sentence begins.
    fn words(self) -> String {
        match self {
            shape::Place::Alone => "the call".to_owned(),
            place => place.pointer(),
        }
    }
}
