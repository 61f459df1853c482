//! Printing: a golden as text. What the parser reads is printed as the same bytes.

use std::fmt::{self, Display, Formatter};

use super::fold::{Block, written};
use super::{
    Allow, DurabilityRule, End, ExitRule, FactRule, Golden, Header, Mask, MaskAs, MaskWhere, Number, OrderEdge,
    Presence, ProcLine, ShapeLine, Stdin, StepRef, Stream, ThreadStream, Why,
};
use crate::content::Hash;
use crate::form::{Call, MachineClass};
use crate::model::{Arg, Exit, Input, Level, ObjectKind, ObjectRef, Platform, ProcKey, Step};
use crate::value::Value;

impl Display for Golden {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.header.fmt(f)?;
        self.processes.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        self.streams.iter().try_for_each(|stream| stream.fmt(f))?;
        self.threads.iter().try_for_each(|thread| thread.fmt(f))?;
        self.ends.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        for (presence, Input { kind, name }) in &self.inputs {
            writeln!(f, "input {}{} {name}", Before(*presence), kind.word())?;
        }
        for (process, name, DurabilityRule { fields }) in &self.durability {
            let crate::model::Durability { replace, content_before_name, name_durable, sync } = fields;
            write!(f, "dur {process} {name} replace={replace} content-before-name={content_before_name}")?;
            writeln!(f, " name-durable={name_durable} sync={sync}")?;
        }
        self.facts.iter().try_for_each(|(process, key, rule)| writeln!(f, "fact {process} {key} {rule}"))?;
        self.shapes.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        self.order.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        self.masks.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        self.allows.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl Display for Header {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "golden 1 level={} model=1 runs={} platform=", self.level, self.runs)?;
        match &self.platform {
            Some(platform) => writeln!(f, "{platform}")?,
            None => writeln!(f, "any")?,
        }
        writeln!(f, "argv{}", Behind(&self.argv))?;
        if !self.env.is_empty() {
            write!(f, "env")?;
            for (name, value) in &self.env {
                match value {
                    Some(value) if value.as_str() == EMPTY => write!(f, " {name}=")?,
                    Some(value) => write!(f, " {name}={value}")?,
                    None => write!(f, " {name}=*")?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f, "stdin {}", self.stdin)?;
        if let Some(fixture) = self.fixture {
            writeln!(f, "fixture b3:{fixture}")?;
        }
        if !self.options.is_empty() {
            write!(f, "options")?;
            self.options.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))?;
            writeln!(f)?;
        }
        for (name, value) in &self.substs {
            match value {
                Some(value) => writeln!(f, "subst ${name} {value}")?,
                None => writeln!(f, "subst ${name}")?,
            }
        }
        for MachineClass { kernel, libc, cpus, user, lang } in &self.seen {
            let lang = Value::literal(lang.as_bytes());
            writeln!(f, "seen kernel={kernel} libc={libc} cpus={cpus} user={user} lang={lang}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note{}", Behind(note)))?;
        writeln!(f, "asserts {} {}", self.asserts.0, self.asserts.1)
    }
}

/// How an empty value is written.
pub(crate) const EMPTY: &str = "\"\"";

/// Values, each behind a blank.
struct Behind<'a>(&'a [Value]);

impl Display for Behind<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|value| write!(f, " {value}"))
    }
}

/// A presence and a blank; nothing for what is simply there.
pub(crate) struct Before(pub(crate) Presence);

impl Display for Before {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Presence::Required => Ok(()),
            presence => write!(f, "{presence} "),
        }
    }
}

impl Display for Presence {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Presence::Required => Ok(()),
            Presence::Optional => f.write_str("?"),
            Presence::Times(number) => write!(f, "x{number}"),
        }
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.low == self.high { write!(f, "{}", self.low) } else { write!(f, "[{}..{}]", self.low, self.high) }
    }
}

impl Display for Level {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Display for Platform {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.arch, self.libc)
    }
}

impl Display for ProcKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Display for ObjectKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Display for ObjectRef {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.name)
    }
}

impl Display for Stdin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Stdin::Null => f.write_str("null"),
            Stdin::Tty => f.write_str("tty"),
            Stdin::File(hash, len) => write!(f, "file b3:{hash} {len}"),
            Stdin::Pipe(hash, len) => write!(f, "pipe b3:{hash} {len}"),
        }
    }
}

impl Display for Exit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Exited(code) => write!(f, "exit={code}"),
            Exit::Killed { signal, core } => write!(f, "killed={signal}{}", if *core { "+core" } else { "" }),
            Exit::Running => f.write_str("running"),
        }
    }
}

impl Display for ExitRule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ExitRule::Is(exit) => exit.fmt(f),
            ExitRule::OneOf(codes) => {
                let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
                write!(f, "exit={{{}}}", codes.join("|"))
            }
            ExitRule::Any => f.write_str("exit=*"),
        }
    }
}

impl Display for ProcLine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ProcLine { presence, key, exit, exe, args } = self;
        write!(f, "proc {}{key} {exit} {exe}{}", Before(*presence), Behind(args))
    }
}

impl Display for Stream {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Stream { object, presence, process, bag, steps, blocks } = self;
        let bag = if *bag { " bag" } else { "" };
        writeln!(f, "{} {}{process} {}{bag}", object.kind, Before(*presence), object.name)?;
        Lines(steps, blocks).fmt(f)
    }
}

/// Steps or calls with their presence, a line each; repeated blocks once.
struct Lines<'a, T>(&'a [(Presence, T)], &'a [Block]);

impl<T: Display> Display for Lines<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Lines(lines, blocks) = self;
        for (at, begins) in written(lines.len(), blocks) {
            let Some((presence, line)) = lines.get(at) else { continue };
            f.write_str("  ")?;
            if let Some(Block { len, times, .. }) = begins {
                write!(f, "x{times}:{len} ")?;
            }
            writeln!(f, "{}{line}", Before(*presence))?;
        }
        Ok(())
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb.word())?;
        self.args.iter().try_for_each(|arg| write!(f, " {arg}"))?;
        match &self.errno {
            Some(errno) => write!(f, " !{errno}"),
            None => Ok(()),
        }
    }
}

impl Display for Arg {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Arg::Word(value) => value.fmt(f),
            Arg::Field(name, value) => write!(f, "{name}={value}"),
            Arg::Span(from, Some(to)) => write!(f, "{from}..{to}"),
            Arg::Span(from, None) => write!(f, "{from}..*"),
            Arg::Hash(hash) => HashWord(*hash).fmt(f),
        }
    }
}

/// `b3:…` or `b3:*`.
pub(crate) struct HashWord(pub(crate) Option<Hash>);

impl Display for HashWord {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(hash) => write!(f, "b3:{hash}"),
            None => f.write_str("b3:*"),
        }
    }
}

impl Display for ThreadStream {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ThreadStream { presence, process, thread, bag, calls, blocks } = self;
        writeln!(f, "thread {}{process} {thread}{}", Before(*presence), if *bag { " bag" } else { "" })?;
        Lines(calls, blocks).fmt(f)
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.args.iter().try_for_each(|arg| write!(f, " {arg}"))?;
        write!(f, " = {}", self.result)
    }
}

impl Display for End {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let End { presence, kind, name, mode, size, hash, to } = self;
        write!(f, "end {}{} {name}", Before(*presence), kind.word())?;
        if let Some(mode) = mode {
            write!(f, " mode={mode:04o}")?;
        }
        match size {
            Some(Some(size)) => write!(f, " size={size}")?,
            Some(None) => write!(f, " size=*")?,
            None => {}
        }
        if let Some(hash) = hash {
            write!(f, " {}", HashWord(*hash))?;
        }
        match to {
            Some(to) => write!(f, " to={to}"),
            None => Ok(()),
        }
    }
}

impl Display for FactRule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FactRule::Number(number) => number.fmt(f),
            FactRule::Word(word) => word.fmt(f),
        }
    }
}

impl Display for ShapeLine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ShapeLine { process, object, family, count } = self;
        write!(f, "shape {process} {object} {family} {count}")
    }
}

impl Display for StepRef {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb.word())?;
        if self.nth != 1 {
            write!(f, "#{}", self.nth)?;
        }
        write!(f, "@{}", self.object)
    }
}

impl Display for OrderEdge {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let OrderEdge { process, before, other, after } = self;
        write!(f, "order {process} {before} < ")?;
        if let Some(other) = other {
            write!(f, "{other} ")?;
        }
        after.fmt(f)
    }
}

impl Display for Mask {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Mask { process, object, verb, place, class, why } = self;
        write!(f, "mask {process} {object} {verb} {place}")?;
        if let Some(class) = class {
            write!(f, " as={class}")?;
        }
        write!(f, " why={why}")
    }
}

impl Display for MaskWhere {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            MaskWhere::All => f.write_str("all"),
            MaskWhere::Bytes(from, to) => write!(f, "bytes:{from}..{to}"),
            MaskWhere::Line(line) => write!(f, "line:{line}"),
            MaskWhere::Token(line, token) => write!(f, "token:{line}.{token}"),
            MaskWhere::SortedLines => f.write_str("lines:sorted"),
        }
    }
}

impl Display for MaskAs {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let class = self.class.word();
        match self.len {
            None => write!(f, "{{{class}}}"),
            Some(Number { low, high }) if low == high => write!(f, "{{{class}:{low}}}"),
            Some(Number { low, high }) => write!(f, "{{{class}:{low}-{high}}}"),
        }
    }
}

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Why::Varied(distinct, runs) => write!(f, "varied:{distinct}/{runs}"),
            Why::User => f.write_str("user"),
        }
    }
}

impl Display for Allow {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Allow { code, process, object, reason } = self;
        write!(f, "allow {code} ")?;
        match process {
            Some(process) => process.fmt(f)?,
            None => f.write_str("*")?,
        }
        write!(f, " {object}{}", Behind(reason))
    }
}
