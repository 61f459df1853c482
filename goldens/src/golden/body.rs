//! The lines below the head: one reader for each kind of fact.

use super::lines::{self, Words};
use super::syntax::{self, Complaint};
use super::words::{self, Word, shown};
use super::{
    Allow, CallLine, DurabilityRule, End, EndKind, ExitRule, FactRule, Mask, MaskAs, MaskWhere, OrderEdge, Presence,
    ProcLine, ShapeLine, StepRef, Stream, ThreadStream, Why,
};
use crate::finding::Code;
use crate::form::Call;
use crate::model::{Durability, Exit, Input, InputKind, ObjectKind, ObjectRef, ProcKey, Step, Verb};
use crate::value::Value;

/// `proc [?|xN] P/echo exit=0 /bin/echo child`.
pub(crate) fn proc(mut words: Words<'_>) -> Result<ProcLine, Complaint> {
    let presence = words.presence()?;
    let key = process(&mut words)?;
    let exit = exit(words.need("how the process ends")?)?;
    let exe = words.value("the executable")?;
    Ok(ProcLine { presence, key, exit, exe, args: words.values()? })
}

fn process(words: &mut Words<'_>) -> Result<ProcKey, Complaint> {
    syntax::process(words.need("the process")?)
}

fn exit(word: &str) -> Result<ExitRule, Complaint> {
    match word.split_once('=') {
        Some(("exit", "*")) => Ok(ExitRule::Any),
        Some(("exit", text)) => match syntax::one_of(text) {
            Some(alternatives) => one_of_statuses(&alternatives, text),
            None => Ok(ExitRule::Is(Exit::Exited(syntax::small(text)?))),
        },
        Some(("killed", signal)) => {
            let (name, core) = signal.strip_suffix("+core").map_or((signal, false), |name| (name, true));
            if !words::is_signal(name) {
                return Err(format!("{} is no signal", shown(signal)));
            }
            Ok(ExitRule::Is(Exit::Killed { signal: name.into(), core }))
        }
        None if word == "running" => Ok(ExitRule::Is(Exit::Running)),
        _ => Err(words::unknown("end of a process", word, ["exit=0", "killed=SIGTERM", "running"])),
    }
}

fn one_of_statuses(alternatives: &[&str], text: &str) -> Result<ExitRule, Complaint> {
    let codes: Vec<u8> = alternatives.iter().map(|code| syntax::small(code)).collect::<Result<_, _>>()?;
    if !(2..=3).contains(&codes.len()) {
        return Err(format!("{} has {} alternatives: two or three are possible", shown(text), codes.len()));
    }
    if !codes.is_sorted_by(|a, b| a < b) {
        return Err(format!("the alternatives of {} are not sorted, or one stands twice", shown(text)));
    }
    Ok(ExitRule::OneOf(codes))
}

/// `file [?|xN] P $CWD/conf [bag]`.
pub(crate) fn stream(kind: ObjectKind, mut words: Words<'_>) -> Result<Stream, Complaint> {
    let presence = words.presence()?;
    let process = process(&mut words)?;
    let name = words.value("the name of the object")?;
    let bag = bag(&mut words)?;
    Ok(Stream { object: ObjectRef { kind, name }, presence, process, bag, steps: Vec::new(), blocks: Vec::new() })
}

fn bag(words: &mut Words<'_>) -> Result<bool, Complaint> {
    let bag = words.peek() == Some("bag");
    if bag {
        words.take();
    }
    words.end()?;
    Ok(bag)
}

/// `  [?|xN] VERB ARGS [!ERRNO]`, without the two blanks.
pub(crate) fn step(line: &str) -> Result<(Presence, Step), Complaint> {
    let mut words = Words::of(line);
    let presence = words.presence()?;
    let verb: Verb = words.word()?;
    let (mut args, mut errno) = (Vec::new(), None);
    while let Some(word) = words.take() {
        match word.strip_prefix('!') {
            Some(name) => {
                errno = Some(syntax::errno(name)?.into());
                words.end()?;
            }
            None => args.push(syntax::arg(word)?),
        }
    }
    Ok((presence, Step { verb, args: args.into(), errno }))
}

/// `thread [?|xN] P t0.1 [bag]`.
pub(crate) fn thread(mut words: Words<'_>) -> Result<ThreadStream, Complaint> {
    let presence = words.presence()?;
    let process = process(&mut words)?;
    let thread = syntax::thread(words.need("the thread")?)?.into();
    let bag = bag(&mut words)?;
    Ok(ThreadStream { presence, process, thread, bag, calls: Vec::new(), blocks: Vec::new() })
}

/// `  [?|xN] NAME ARGS = RESULT`, without the two blanks.
pub(crate) fn call(line: &str) -> Result<CallLine, Complaint> {
    let (line, result) = line.rsplit_once(" = ").ok_or("a call ends in = and its result")?;
    let mut words = Words::of(line);
    let presence = words.presence()?;
    let name = syntax::name(words.need("the name of the call")?)?.into();
    let mut args = Vec::new();
    while let Some(word) = words.take() {
        args.push(syntax::arg(word)?);
    }
    let result = match result.strip_prefix('!') {
        Some(errno) => syntax::errno(errno).map(|_| Value::from_syntax(result))?,
        None => syntax::value(result)?,
    };
    Ok((presence, Call { name, args: args.into(), result }))
}

/// `end [?|xN] file $CWD/final mode=0644 size=13 b3:…`.
pub(crate) fn end(mut words: Words<'_>) -> Result<End, Complaint> {
    let presence = words.presence()?;
    let kind: EndKind = words.word()?;
    let name = words.value("the name of what is left")?;
    let mut end = End { presence, kind, name, mode: None, size: None, hash: None, to: None };
    let mut above = 0;
    while let Some(word) = words.take() {
        let place = end_attribute(&mut end, word)?;
        if place <= above {
            return Err(format!("{} is at the wrong place: mode, size, hash, to is the order", shown(word)));
        }
        above = place;
    }
    Ok(end)
}

/// Reads one attribute; its place in the order of attributes.
fn end_attribute(end: &mut End, word: &str) -> Result<u8, Complaint> {
    if word.starts_with("b3:") {
        end.hash = Some(syntax::hash(word)?);
        return Ok(3);
    }
    match word.split_once('=') {
        Some(("mode", digits)) => {
            end.mode = Some(mode(digits)?);
            Ok(1)
        }
        Some(("size", "*")) => {
            end.size = Some(None);
            Ok(2)
        }
        Some(("size", number)) => {
            end.size = Some(Some(syntax::number_or_range(number)?));
            Ok(2)
        }
        Some(("to", target)) => {
            end.to = Some(syntax::value(target)?);
            Ok(4)
        }
        Some((key, _)) => Err(words::unknown("key", key, ["mode", "size", "to"])),
        None => Err(format!("{} is neither mode=, size=, a hash nor to=", shown(word))),
    }
}

fn mode(digits: &str) -> Result<u16, Complaint> {
    let four = digits.len() == 4 && digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
    let mode = u16::from_str_radix(digits, 8).ok().filter(|_| four);
    mode.ok_or_else(|| format!("{} is no mode: four octal digits", shown(digits)))
}

/// `input [?|xN] read $CWD/conf`.
pub(crate) fn input(mut words: Words<'_>) -> Result<(Presence, Input), Complaint> {
    let presence = words.presence()?;
    let kind: InputKind = words.word()?;
    let name = words.value("the name of the input")?;
    words.end()?;
    Ok((presence, Input { kind, name }))
}

/// `dur P $CWD/final replace=… content-before-name=… name-durable=… sync=…`.
pub(crate) fn dur(mut words: Words<'_>) -> Result<(ProcKey, Value, DurabilityRule), Complaint> {
    let process = process(&mut words)?;
    let name = words.value("the name of the file")?;
    let mut field = |key, known| syntax::word_of(words.keyed(key)?, known, &format!("value of {key}"));
    let fields = Durability {
        replace: field("replace", words::REPLACE)?,
        content_before_name: field("content-before-name", words::ANSWER)?,
        name_durable: field("name-durable", words::ANSWER)?,
        sync: field("sync", words::SYNC)?,
    };
    words.end()?;
    Ok((process, name, DurabilityRule { fields }))
}

/// `fact P thread.count [3..5]`.
pub(crate) fn fact(mut words: Words<'_>) -> Result<(ProcKey, Box<str>, FactRule), Complaint> {
    let process = process(&mut words)?;
    let key = words.need("the fact")?;
    words::fact(key)?;
    let word = words.need("the value of the fact")?;
    let numeric = word.starts_with('[') || word.bytes().all(|b| b.is_ascii_digit());
    let rule =
        if numeric { FactRule::Number(syntax::number_or_range(word)?) } else { FactRule::Word(syntax::value(word)?) };
    words.end()?;
    Ok((process, key.into(), rule))
}

/// `shape P std:stdout write 2`.
pub(crate) fn shape(mut words: Words<'_>) -> Result<ShapeLine, Complaint> {
    let process = process(&mut words)?;
    let object = words.object()?;
    let family = syntax::name(words.need("the family of calls")?)?.into();
    let count = syntax::number_or_range(words.need("the number of calls")?)?;
    words.end()?;
    Ok(ShapeLine { process, object, family, count })
}

/// `order P fsync@file:$CWD/a < [P/as] read@file:$CWD/b`.
pub(crate) fn order(mut words: Words<'_>) -> Result<OrderEdge, Complaint> {
    let process = process(&mut words)?;
    let before = step_ref(words.need("the first step")?)?;
    match words.need("<")? {
        "<" => {}
        word => return Err(format!("{} stands where < should", shown(word))),
    }
    let word = words.need("the second step")?;
    let (other, word) =
        if word.contains('@') { (None, word) } else { (Some(syntax::process(word)?), words.need("the second step")?) };
    if other.as_ref() == Some(&process) {
        return Err(format!("process {} is named a second time", shown(&process.0)));
    }
    let after = step_ref(word)?;
    words.end()?;
    Ok(OrderEdge { process, before, other, after })
}

fn step_ref(word: &str) -> Result<StepRef, Complaint> {
    let (verb, object) = word.split_once('@').ok_or_else(|| format!("{} is no step: VERB@OBJECT", shown(word)))?;
    let (verb, nth) = match verb.split_once('#') {
        None => (verb, 1),
        Some((verb, nth)) => (verb, syntax::small(nth)?),
    };
    if nth == 0 || (nth == 1 && word.contains('#') && word.split('@').next().is_some_and(|w| w.contains('#'))) {
        return Err(format!("{}: steps are counted from 1, and #1 is not written", shown(word)));
    }
    Ok(StepRef { verb: Verb::of_word(verb)?, nth, object: lines::object(object)? })
}

/// Words of a mask that are no verb: kinds of `end` lines.
const END_WORDS: &[&str] = &["end", "sent", "std"];

/// `mask P file:$CWD/x write bytes:12..16 [as={hex}] why=varied:5/5`.
pub(crate) fn mask(mut words: Words<'_>) -> Result<Mask, Complaint> {
    let process = process(&mut words)?;
    let object = words.object()?;
    let verb = words.need("the verb")?;
    if !END_WORDS.contains(&verb) {
        Verb::of_word(verb)?;
    }
    let place = place(words.need("what is masked")?)?;
    let class = match words.peek() {
        Some(word) if word.starts_with("as=") => Some(masked_as(words.keyed("as")?)?),
        _ => None,
    };
    let why = why(words.keyed("why")?)?;
    words.end()?;
    Ok(Mask { process, object, verb: verb.into(), place, class, why })
}

fn place(word: &str) -> Result<MaskWhere, Complaint> {
    let wrong =
        || words::unknown("place of a mask", word, ["all", "bytes:0..1", "line:1", "token:1.1", "lines:sorted"]);
    match (word, word.split_once(':')) {
        ("all", _) => Ok(MaskWhere::All),
        ("lines:sorted", _) => Ok(MaskWhere::SortedLines),
        (_, Some(("bytes", range))) => {
            let (from, to) = range.split_once("..").ok_or_else(wrong)?;
            let (from, to) = (syntax::number(from)?, syntax::number(to)?);
            if from >= to {
                return Err(format!("{} masks nothing", shown(word)));
            }
            Ok(MaskWhere::Bytes(from, to))
        }
        (_, Some(("line", line))) => Ok(MaskWhere::Line(counted(line)?)),
        (_, Some(("token", text))) => {
            let (line, token) = text.split_once('.').ok_or_else(wrong)?;
            Ok(MaskWhere::Token(counted(line)?, counted(token)?))
        }
        _ => Err(wrong()),
    }
}

/// Lines and tokens are counted from 1.
fn counted(word: &str) -> Result<u64, Complaint> {
    match syntax::number(word)? {
        0 => Err("lines and tokens are counted from 1".into()),
        n => Ok(n),
    }
}

fn masked_as(word: &str) -> Result<MaskAs, Complaint> {
    let inner = word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    syntax::class(inner.ok_or_else(|| format!("{} is no class: {{hex:8}}", shown(word)))?)
}

fn why(word: &str) -> Result<Why, Complaint> {
    if word == "user" {
        return Ok(Why::User);
    }
    let wrong = || words::unknown("reason", word, ["user", "varied:2/5"]);
    let (distinct, runs) = word.strip_prefix("varied:").and_then(|text| text.split_once('/')).ok_or_else(wrong)?;
    Ok(Why::Varied(syntax::small(distinct)?, syntax::small(runs)?))
}

/// `allow in.absent P /etc/site.conf REASON`.
pub(crate) fn allow(mut words: Words<'_>) -> Result<Allow, Complaint> {
    let code = words.need("the code")?;
    Code::of_word(code)?;
    let process = match words.need("the process")? {
        "*" => None,
        word => Some(syntax::process(word)?),
    };
    let object = words.value("the object")?;
    let reason = words.values()?;
    if reason.is_empty() {
        return Err("an allowance without a reason".into());
    }
    Ok(Allow { code: code.into(), process, object, reason })
}
