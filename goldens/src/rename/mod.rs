//! Rename: names, arguments and contents of a run in their canonical form.
//!
//! In: texts of the target, and what is known of the run (its folders, temporary names, clock, ports). Out:
//! [`Value`]s and canonical bytes. Substitutions come first, temporary names second; a value that is neither
//! stays as it is.

mod clock;
mod content;
mod substitute;
mod temporary;
mod zone;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use recording::resolve::{ObjectId, ObjectKind};

use crate::content::{Hash, Shared};
use crate::run::Run;
use crate::value::{Value, push_literal};

pub(crate) use content::Canonical;
pub(crate) use substitute::{Substitutions, environment};
pub(crate) use temporary::{Familiar, find as find_temporaries, parent, pattern};

use clock::Clock;
use content::Matcher;

/// The canonical names of one run.
pub(crate) struct Names {
    pub substitutions: Substitutions,
    /// Temporary names: absolute path, and its hole.
    temporaries: HashMap<Vec<u8>, Box<str>>,
    /// Addresses with a port that the kernel chose, and their holes.
    ports: HashMap<Vec<u8>, Box<str>>,
    pids: HashSet<u64>,
    /// Names that the run made, in which a pid is a pid.
    made: HashSet<Vec<u8>>,
    clock: Arc<Clock>,
    /// For what the run wrote.
    inside: Matcher,
    /// For what it read from elsewhere.
    outside: Matcher,
}

/// Holes of a run that are known before its contents are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holes {
    /// Absolute path, number (`None`: not numbered yet).
    pub temporaries: HashMap<Vec<u8>, Option<u32>>,
    /// `host:port`, number.
    pub ports: HashMap<Vec<u8>, u32>,
}

impl Names {
    /// Of this run.
    pub fn new(run: &Run, substitutions: Substitutions, holes: &Holes) -> Names {
        let clock = Clock::new(run.clock, zone::offsets(run)).found(found(run));
        Names::with_clock(run, substitutions, holes, Arc::new(clock))
    }

    /// Of the same run with other holes. What it found is not looked through again.
    pub fn with_holes(&self, run: &Run, holes: &Holes) -> Names {
        Names::with_clock(run, self.substitutions.clone(), holes, Arc::clone(&self.clock))
    }

    fn with_clock(run: &Run, substitutions: Substitutions, holes: &Holes, clock: Arc<Clock>) -> Names {
        let temporaries: HashMap<Vec<u8>, Box<str>> =
            holes.temporaries.iter().map(|(path, number)| (path.clone(), hole("TMP", *number))).collect();
        let ports: HashMap<Vec<u8>, Box<str>> =
            holes.ports.iter().map(|(address, number)| (address.clone(), hole("EP", Some(*number)))).collect();
        let made = run.touched.keys().map(|id| run.names.get(*id).to_vec()).collect();
        let inside = Matcher::new(&substitutions, &temporaries, &ports, true);
        let outside = Matcher::new(&substitutions, &temporaries, &ports, false);
        Names { substitutions, temporaries, ports, pids: pids(run), made, clock, inside, outside }
    }

    /// An absolute path; a relative one (the target of a link) is text.
    pub fn path(&self, path: &[u8]) -> Value {
        if path.first() != Some(&b'/') {
            return self.text(path);
        }
        let (mut out, at) = match self.substitutions.prefix(path) {
            Some((name, len)) => (name.to_owned(), len),
            None => (String::with_capacity(path.len()), 0),
        };
        self.components(&mut out, path, at);
        Value::from_syntax(out)
    }

    /// With substitutions alone: what else varies stays as it was.
    pub fn as_it_was(&self, name: &[u8]) -> Value {
        let prefix = if name.first() == Some(&b'/') { self.substitutions.prefix(name) } else { None };
        let (mut out, at) = prefix.map_or_else(Default::default, |(name, len)| (name.to_owned(), len));
        push_literal(&mut out, name.get(at..).unwrap_or_default());
        Value::from_syntax(out)
    }

    /// What follows a substituted beginning, component by component.
    fn components(&self, out: &mut String, path: &[u8], from: usize) {
        let pids = path.starts_with(b"/proc/") || self.made.contains(path);
        let mut at = from;
        let rest = path.get(from..).unwrap_or_default();
        for (n, component) in rest.split(|byte| *byte == b'/').enumerate() {
            if n > 0 {
                out.push('/');
                at += 1;
            }
            at += component.len();
            match path.get(..at).and_then(|prefix| self.temporaries.get(prefix)) {
                Some(hole) if !component.is_empty() => out.push_str(hole),
                _ => self.component(out, component, pids),
            }
        }
    }

    fn component(&self, out: &mut String, component: &[u8], pids: bool) {
        let mut at = 0;
        for (start, end, format) in self.clock.in_name(component) {
            self.digits(out, component.get(at..start).unwrap_or_default(), pids);
            out.push_str(&format!("{{clock:{format}}}"));
            at = end;
        }
        self.digits(out, component.get(at..).unwrap_or_default(), pids);
    }

    /// Runs of three and more digits that are the id of a process of the run.
    fn digits(&self, out: &mut String, text: &[u8], pids: bool) {
        let mut at = 0;
        while at < text.len() {
            let rest = text.get(at..).unwrap_or_default();
            let digit = rest.first().is_some_and(u8::is_ascii_digit);
            let len = rest.iter().take_while(|byte| byte.is_ascii_digit() == digit).count().max(1);
            let part = rest.get(..len).unwrap_or_default();
            if digit && pids && len >= 3 && self.is_pid(part) {
                out.push_str("{PID}");
            } else {
                push_literal(out, part);
            }
            at += len;
        }
    }

    fn is_pid(&self, digits: &[u8]) -> bool {
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        number.is_some_and(|number| self.pids.contains(&number))
    }

    /// An argument or another text.
    pub fn text(&self, text: &[u8]) -> Value {
        if let Some(name) = self.substitutions.whole(text) {
            return Value::from_syntax(name);
        }
        if text.first() == Some(&b'/') && !text.contains(&b' ') && self.substitutions.prefix(text).is_some() {
            return self.path(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for cut in self.inside.cuts(text, None) {
            push_literal(&mut out, text.get(at..cut.start).unwrap_or_default());
            out.push_str(&cut.token);
            at = cut.end;
        }
        push_literal(&mut out, text.get(at..).unwrap_or_default());
        Value::from_syntax(out)
    }

    /// A name in a directory.
    pub fn listed(&self, name: &[u8]) -> Value {
        self.text(name)
    }

    /// Content of a file or stream; `outside`: it comes from outside of the run.
    pub fn content(&self, bytes: &[u8], outside: bool) -> Canonical {
        Canonical::new(bytes, self.cuts(bytes, outside))
    }

    /// The same of a file's bytes, which are many and shared; nothing is looked for in those that are `familiar`.
    pub fn shared_content(&self, bytes: &Shared, hash: Option<Hash>, familiar: bool, outside: bool) -> Canonical {
        let cuts = if familiar { Vec::new() } else { self.cuts(bytes, outside) };
        Canonical::of_shared(bytes, hash, cuts)
    }

    fn cuts(&self, bytes: &[u8], outside: bool) -> Vec<content::Cut> {
        let matcher = if outside { &self.outside } else { &self.inside };
        matcher.cuts(bytes, Some(&self.clock))
    }

    /// An address, `host:port`.
    pub fn address(&self, address: &[u8]) -> Value {
        match (self.ports.get(address), address.iter().rposition(|byte| *byte == b':')) {
            (Some(hole), Some(colon)) => {
                let mut out = String::new();
                push_literal(&mut out, address.get(..=colon).unwrap_or_default());
                out.push_str(hole);
                Value::from_syntax(out)
            }
            _ if address.first() == Some(&b'/') => self.path(address),
            _ => Value::literal(address),
        }
    }
}

fn hole(kind: &str, number: Option<u32>) -> Box<str> {
    number.map_or_else(|| format!("{{{kind}}}"), |number| format!("{{{kind}{number}}}")).into()
}

/// Arguments of the command, and contents of regular files that the run did not change.
fn found(run: &Run) -> impl Iterator<Item = &[u8]> {
    let rows = (0u32..).zip(&run.tables.objects).filter(|(_, row)| row.kind == ObjectKind::File && !row.procfs);
    let unchanged =
        rows.filter(|(id, _)| run.objects.get(*id as usize).is_none_or(|facts| facts.durable.changed().is_none()));
    let command = run.tables.processes.first().and_then(|root| root.images.first());
    let arguments = command.into_iter().flat_map(|image| image.argv.iter().map(Vec::as_slice));
    arguments.chain(unchanged.filter_map(|(id, _)| run.states.bytes(ObjectId(id))).map(|bytes: &Shared| &**bytes))
}

fn pids(run: &Run) -> HashSet<u64> {
    let processes = run.tables.processes.iter().flat_map(|row| [row.pid, row.own_pid]);
    processes.chain(run.tables.threads.iter().map(|row| row.tid)).map(u64::from).filter(|pid| *pid > 1).collect()
}
