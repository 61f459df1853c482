//! The head of a golden: the lines above the facts, each kind at its place.

use super::lines::Words;
use super::syntax::{self, Complaint};
use super::words::{self, Word, shown};
use super::{Header, Stdin};
use crate::form::MachineClass;
use crate::model::{Level, Platform};
use crate::value::Value;

/// `golden 1 level=… model=1 runs=… platform=…`.
pub(crate) fn first(line: &str) -> Result<Header, Complaint> {
    let mut words = Words::of(line);
    match (words.take(), words.take()) {
        (Some("golden"), Some("1")) => {}
        (Some("golden"), Some("0")) => {
            return Err(
                "version 0 of goldens holds names of calls only; this program reads version 1: record it again".into(),
            );
        }
        (Some("golden"), Some(version)) if version.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(format!("version {version} of goldens; this program reads version 1"));
        }
        _ => return Err("no golden: it does not begin with golden 1".into()),
    }
    let level = Level::of_word(words.keyed("level")?)?;
    match words.keyed("model")? {
        "1" => {}
        model => return Err(format!("model {} of goldens; this program knows model 1", shown(model))),
    }
    let runs: u32 = syntax::small(words.keyed("runs")?)?;
    if runs == 0 {
        return Err("a golden of no runs".into());
    }
    let platform = platform(words.keyed("platform")?)?;
    words.end()?;
    Ok(Header {
        level,
        runs,
        platform,
        argv: Vec::new(),
        env: Vec::new(),
        stdin: Stdin::Null,
        fixture: None,
        options: Vec::new(),
        substs: Vec::new(),
        seen: Vec::new(),
        notes: Vec::new(),
        asserts: (0, 0),
    })
}

/// Families of C libraries in a platform.
const LIBCS: &[&str] = &["glibc", "musl", "none"];

fn platform(word: &str) -> Result<Option<Platform>, Complaint> {
    if word == "any" {
        return Ok(None);
    }
    let wrong = || format!("{} is no platform: any, or ARCH-glibc, ARCH-musl, ARCH-none", shown(word));
    let (arch, libc) = word.rsplit_once('-').ok_or_else(wrong)?;
    let named = !arch.is_empty() && arch.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !named || !LIBCS.contains(&libc) {
        return Err(wrong());
    }
    Ok(Some(Platform { arch: arch.into(), libc: libc.into() }))
}

/// The lines of the head in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    First,
    Argv,
    Env,
    Stdin,
    Fixture,
    Options,
    Subst,
    Seen,
    Note,
    Asserts,
}

impl Part {
    const ALL: &[(&str, Part)] = &[
        ("argv", Part::Argv),
        ("env", Part::Env),
        ("stdin", Part::Stdin),
        ("fixture", Part::Fixture),
        ("options", Part::Options),
        ("subst", Part::Subst),
        ("seen", Part::Seen),
        ("note", Part::Note),
        ("asserts", Part::Asserts),
    ];

    /// The part that begins with this word.
    pub(crate) fn of(word: &str) -> Option<Part> {
        Part::ALL.iter().find(|(name, _)| *name == word).map(|(_, part)| *part)
    }

    /// Words that begin a line of the head.
    pub(crate) fn words() -> impl Iterator<Item = &'static str> {
        Part::ALL.iter().map(|(name, _)| *name)
    }

    fn may_repeat(self) -> bool {
        matches!(self, Part::Subst | Part::Seen | Part::Note)
    }

    /// May this part stand behind that one?
    pub(crate) fn follows(self, before: Part) -> Result<(), Complaint> {
        let name = |part: Part| Part::ALL.iter().find(|(_, p)| *p == part).map_or("golden", |(name, _)| *name);
        if self < before {
            return Err(format!("wrong order: {} stands above {}", name(self), name(before)));
        }
        if self == before && !self.may_repeat() {
            return Err(format!("a duplicate line: {} stands once", name(self)));
        }
        // argv, stdin and asserts are never left out.
        for needed in [Part::Argv, Part::Stdin, Part::Asserts] {
            if before < needed && needed < self {
                return Err(format!("the line {} is missing above this one", name(needed)));
            }
        }
        Ok(())
    }
}

/// Reads one line of the head behind its first word.
pub(crate) fn line(header: &mut Header, part: Part, mut words: Words<'_>) -> Result<(), Complaint> {
    match part {
        Part::First => Err("golden stands in the first line only".into()),
        Part::Argv => {
            header.argv = words.values()?;
            if header.argv.is_empty() { Err("argv without a program".into()) } else { Ok(()) }
        }
        Part::Env => env(header, words),
        Part::Stdin => {
            header.stdin = stdin(&mut words)?;
            words.end()
        }
        Part::Fixture => {
            header.fixture = Some(syntax::known_hash(words.need("the hash of the fixture")?)?);
            words.end()
        }
        Part::Options => options(header, words),
        Part::Subst => subst(header, words),
        Part::Seen => seen(header, words),
        Part::Note => note(header, words),
        Part::Asserts => {
            let asserted = syntax::number(words.need("the number of asserted steps")?)?;
            header.asserts = (asserted, syntax::number(words.need("the number of all steps")?)?);
            words.end()
        }
    }
}

/// Each name above the next one.
fn later<'a>(before: Option<&str>, name: &'a str, what: &str) -> Result<&'a str, Complaint> {
    match before {
        Some(before) if before == name => Err(format!("{what} {} for the second time", shown(name))),
        Some(before) if before > name => {
            Err(format!("not sorted: {what} {} belongs before {}", shown(name), shown(before)))
        }
        _ => Ok(name),
    }
}

fn env(header: &mut Header, mut words: Words<'_>) -> Result<(), Complaint> {
    let env = &mut header.env;
    while let Some(word) = words.take() {
        let (name, text) = word.split_once('=').ok_or_else(|| format!("{} is not NAME=VALUE", shown(word)))?;
        let name = later(env.last().map(|(name, _)| &**name), syntax::name(name)?, "variable")?;
        let value = match text {
            "*" => None,
            "" => Some(Value::literal(b"")),
            super::print::EMPTY => return Err("an empty value of env is written as nothing".into()),
            text => Some(syntax::value(text)?),
        };
        env.push((name.into(), value));
    }
    if env.is_empty() { Err("env without a variable".into()) } else { Ok(()) }
}

fn stdin(words: &mut Words<'_>) -> Result<Stdin, Complaint> {
    let kind = words.need("what standard input is")?;
    let content = |words: &mut Words<'_>| -> Result<_, Complaint> {
        let hash = syntax::known_hash(words.need("the hash of standard input")?)?;
        Ok((hash, syntax::number(words.need("the size of standard input")?)?))
    };
    Ok(match kind {
        "null" => Stdin::Null,
        "tty" => Stdin::Tty,
        "file" => content(words).map(|(hash, len)| Stdin::File(hash, len))?,
        "pipe" => content(words).map(|(hash, len)| Stdin::Pipe(hash, len))?,
        _ => return Err(words::unknown("standard input", kind, ["null", "tty", "file", "pipe"])),
    })
}

fn options(header: &mut Header, mut words: Words<'_>) -> Result<(), Complaint> {
    let options = &mut header.options;
    while let Some(word) = words.take() {
        let (name, value) = word.split_once('=').ok_or_else(|| format!("{} is not NAME=VALUE", shown(word)))?;
        words::option(name, value)?;
        let name = later(options.last().map(|(name, _)| &**name), name, "option")?;
        options.push((name.into(), value.into()));
    }
    if options.is_empty() { Err("options without one".into()) } else { Ok(()) }
}

fn subst(header: &mut Header, mut words: Words<'_>) -> Result<(), Complaint> {
    let word = words.need("a substitution")?;
    let name = word.strip_prefix('$').ok_or_else(|| format!("{} does not begin with $", shown(word)))?;
    let before = header.substs.last().map(|(name, _)| &**name);
    let name = later(before, syntax::substitution(name)?, "substitution")?;
    let value = words.peek().is_some().then(|| words.value("the value")).transpose()?;
    header.substs.push((name.into(), value));
    words.end()
}

fn seen(header: &mut Header, mut words: Words<'_>) -> Result<(), Complaint> {
    let kernel = syntax::name(words.keyed("kernel")?)?.to_owned();
    let libc = syntax::name(words.keyed("libc")?)?.to_owned();
    let cpus = syntax::small(words.keyed("cpus")?)?;
    let user = match words.keyed("user")? {
        user @ ("root" | "user") => user.to_owned(),
        other => return Err(words::unknown("user", other, ["root", "user"])),
    };
    let lang = syntax::value(words.keyed("lang")?)?;
    let lang = lang.literal_bytes().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or("lang is no plain text")?;
    words.end()?;
    let class = MachineClass { kernel, libc, cpus, user, lang };
    match header.seen.last().map(|before| before.cmp(&class)) {
        Some(std::cmp::Ordering::Equal) => return Err("a duplicate line".into()),
        Some(std::cmp::Ordering::Greater) => return Err("not sorted: it belongs before the line above".into()),
        _ => header.seen.push(class),
    }
    Ok(())
}

fn note(header: &mut Header, mut words: Words<'_>) -> Result<(), Complaint> {
    let note = words.values()?;
    if note.is_empty() {
        return Err("a note without words".into());
    }
    header.notes.push(note);
    Ok(())
}
