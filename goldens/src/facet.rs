//! Facets: noisy classes of calls as a few facts each, and how files were made durable.
//!
//! In: what `lower` counted. Out: the facts of a [`crate::form::FormProcess`].

use std::collections::BTreeMap;

use recording::resolve::ProcId;

use crate::model::{Durability, Fact};
use crate::run::ProcessFacts;
use crate::value::Value;

/// Bits of the dispositions that a process ever installed for a signal.
pub(crate) mod disposition {
    /// `SIG_DFL`.
    pub const DEFAULT: u8 = 1;
    /// `SIG_IGN`.
    pub const IGNORE: u8 = 2;
    /// A function.
    pub const HANDLER: u8 = 4;

    /// The words of the bits, `default` alone being the default.
    pub(super) fn words(bits: u8) -> String {
        let all = [(DEFAULT, "default"), (HANDLER, "handler"), (IGNORE, "ignore")];
        let set: Vec<&str> = all.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, word)| *word).collect();
        set.join("+")
    }
}

/// How an object became durable, event by event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Durable {
    /// Was its creation seen?
    pub seen: bool,
    /// Is each write durable (`O_SYNC`, `O_DSYNC`)?
    pub always: bool,
    /// Did this run overwrite what was there before?
    pub inplace: bool,
    /// Its last change of content.
    pub written: Option<(u64, ProcId)>,
    /// The event that gave it its visible name: by a rename or link, after a sync of its content?
    pub named: Option<Named>,
    /// Its last sync.
    sync: Option<(u64, &'static str)>,
    /// The strongest sync.
    strongest: Option<&'static str>,
}

/// How a name came to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    pub event: u64,
    pub process: ProcId,
    /// By a rename, which replaces at once?
    pub renamed: bool,
    /// By a creation under this name, so that there was nothing to be synced before?
    pub created: bool,
    /// Was the content durable then?
    pub content_first: bool,
}

const STRENGTH: [&str; 3] = ["fdatasync", "syncfs", "fsync"];

impl Durable {
    /// It was synced.
    pub fn synced(&mut self, kind: &'static str, event: u64) {
        let rank = |kind: &str| STRENGTH.iter().position(|known| *known == kind);
        self.sync = Some((event, kind));
        if self.strongest.is_none_or(|strongest| rank(strongest) < rank(kind)) {
            self.strongest = Some(kind);
        }
    }

    /// Everything was synced: this counts for what was written.
    pub fn synced_if_written(&mut self, kind: &'static str, event: u64) {
        if self.written.is_some() || self.named.is_some() {
            self.synced(kind, event);
        }
    }

    /// Its last sync.
    pub fn last_sync(&self) -> Option<u64> {
        self.sync.map(|(event, _)| event)
    }

    /// Its content was changed.
    pub fn wrote(&mut self, event: u64, process: ProcId) {
        self.written = Some((event, process));
    }

    /// It got a visible name by a rename or a link.
    pub fn named(&mut self, event: u64, process: ProcId, renamed: bool) {
        let synced = self.sync.is_some_and(|(sync, _)| self.written.is_none_or(|(written, _)| written < sync));
        let content_first = self.always || synced;
        self.named = Some(Named { event, process, renamed, created: false, content_first });
    }

    /// It was created under a visible name.
    pub fn created(&mut self, event: u64, process: ProcId) {
        self.named = Some(Named { event, process, renamed: false, created: true, content_first: false });
    }

    /// When it last got a name or content.
    pub fn changed(&self) -> Option<u64> {
        let named = self.named.map(|named| named.event);
        named.max(self.written.map(|(event, _)| event))
    }

    /// Who made it so.
    pub fn by(&self) -> Option<ProcId> {
        self.named.map(|named| named.process).or(self.written.map(|(_, process)| process))
    }

    /// The four facts; `directory` is the last sync of the directory that holds the name.
    pub fn facts(&self, directory: Option<u64>) -> Durability {
        let replace = match self.named {
            Some(named) if named.renamed => "atomic",
            _ if self.inplace => "inplace",
            _ => "new",
        };
        let content_before_name = match self.named {
            Some(named) if !named.created => yes(named.content_first),
            _ => "na",
        };
        let since = self.named.map(|named| named.event);
        let name_durable = yes(directory.is_some_and(|sync| since.is_none_or(|named| named < sync)));
        let sync = if self.always { "osync" } else { self.strongest.unwrap_or("none") };
        Durability {
            replace: replace.into(),
            content_before_name: content_before_name.into(),
            name_durable: name_durable.into(),
            sync: sync.into(),
        }
    }
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// Signals whose number says more about timing than about the program.
const UNCOUNTED: [&str; 5] = ["SIGCHLD", "SIGURG", "SIGALRM", "SIGWINCH", "SIGCONT"];

/// The judged facts of a process that are not at their default.
pub(crate) fn facts(process: &ProcessFacts, threads: u64) -> BTreeMap<Box<str>, Fact> {
    let mut facts: BTreeMap<Box<str>, Fact> = BTreeMap::new();
    for (name, count) in &process.counts {
        facts.insert((*name).into(), Fact::Number(*count));
    }
    for (name, words) in &process.words {
        let joined: Vec<&str> = words.iter().map(|word| &**word).collect();
        facts.insert((*name).into(), word(&joined.join("+")));
    }
    for (signal, bits) in &process.dispositions {
        // The C library's own, for cancellation and setxid: it handles them with the first thread.
        if matches!(signal, 32 | 33) {
            continue;
        }
        if *bits != disposition::DEFAULT {
            facts.insert(format!("sig.{}", signal_name(*signal)).into(), word(&disposition::words(*bits)));
        }
    }
    for (signal, count) in &process.received {
        let name = signal_name(*signal);
        if !UNCOUNTED.contains(&&*name) {
            facts.insert(format!("sig.recv.{name}").into(), Fact::Number(*count));
        }
    }
    if process.blocked != 0 {
        facts.insert("sig.blocked".into(), word(&signal_set(process.blocked)));
    }
    if threads != 1 {
        facts.insert("thread.count".into(), Fact::Number(threads));
    }
    facts.retain(|_, fact| *fact != Fact::Number(0));
    facts
}

/// The info counts of a process.
pub(crate) fn info(process: &ProcessFacts) -> BTreeMap<Box<str>, u64> {
    let mut info: BTreeMap<Box<str>, u64> =
        process.info.iter().map(|(name, count)| ((**name).into(), *count)).collect();
    for (signal, count) in &process.received {
        let name = signal_name(*signal);
        if UNCOUNTED.contains(&&*name) {
            info.insert(format!("sig.recv.{name}").into(), *count);
        }
    }
    info
}

fn word(text: &str) -> Fact {
    Fact::Word(Value::literal(text.as_bytes()))
}

/// `SIGINT`, `SIGRTMIN+3` as the C library counts, `SIG33` for what it keeps to itself.
pub(crate) fn signal_name(signal: u32) -> String {
    match signal {
        34 => "SIGRTMIN".into(),
        35..=64 => format!("SIGRTMIN+{}", signal - 34),
        _ => match syscalls::signal::name(signal) {
            Some(name) if signal < 32 => name.into(),
            _ => format!("SIG{signal}"),
        },
    }
}

fn signal_set(mask: u64) -> String {
    if mask == u64::MAX {
        return "all".into();
    }
    let names: Vec<String> = (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).map(signal_name).collect();
    names.join("+")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written_at(event: u64) -> Durable {
        let mut durable = Durable::default();
        durable.created(0, ProcId(0));
        durable.wrote(event, ProcId(0));
        durable
    }

    fn words(durability: &Durability) -> [&str; 4] {
        [&durability.replace, &durability.content_before_name, &durability.name_durable, &durability.sync]
            .map(|word| &**word)
    }

    #[test]
    fn a_file_that_is_synced_and_renamed_is_durable_when_its_directory_is() {
        let mut file = written_at(1);
        file.synced("fsync", 2);
        file.named(3, ProcId(0), true);
        assert_eq!(words(&file.facts(Some(4))), ["atomic", "yes", "yes", "fsync"]);
        assert_eq!(words(&file.facts(Some(2))), ["atomic", "yes", "no", "fsync"]);
    }

    #[test]
    fn a_sync_after_the_rename_comes_too_late() {
        let mut file = written_at(1);
        file.named(2, ProcId(0), true);
        file.synced("fsync", 3);
        assert_eq!(words(&file.facts(None)), ["atomic", "no", "no", "fsync"]);
    }

    #[test]
    fn a_new_file_that_nobody_syncs_has_no_order_to_keep() {
        assert_eq!(words(&written_at(1).facts(None)), ["new", "na", "no", "none"]);
    }

    #[test]
    fn real_time_signals_are_named_as_the_c_library_counts() {
        assert_eq!(
            [1, 31, 32, 33, 34, 37, 64].map(super::signal_name).join(" "),
            "SIGHUP SIGSYS SIG32 SIG33 SIGRTMIN SIGRTMIN+3 SIGRTMIN+30"
        );
    }

    #[test]
    fn dispositions_of_default_alone_are_no_fact() {
        let mut process = ProcessFacts::default();
        process.dispositions.insert(13, disposition::DEFAULT);
        assert!(facts(&process, 1).is_empty());
        process.dispositions.insert(13, disposition::DEFAULT | disposition::IGNORE);
        let found = facts(&process, 3);
        assert_eq!(found.get("sig.SIGPIPE"), Some(&Fact::Word(Value::literal(b"default+ignore"))));
        assert_eq!(found.get("thread.count"), Some(&Fact::Number(3)));
    }
}
