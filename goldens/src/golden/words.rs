//! Words: the closed vocabularies of the golden file, both ways, and the nearest one for a mistyped word.

use super::{Class, EndKind};
use crate::finding::Code;
use crate::model::{InputKind, Level, ObjectKind, Verb};
use crate::options::{ProcessRule, RootRule, StderrRule};

/// A type whose every value is one word of the file.
pub(crate) trait Word: Copy + 'static {
    /// What such a word is called in messages.
    const WHAT: &'static str;
    /// Every value.
    fn all() -> &'static [Self];
    /// Its word.
    fn as_word(self) -> &'static str;

    /// The value of a word; for another one a complaint that names the nearest.
    fn of_word(word: &str) -> Result<Self, String> {
        let found = Self::all().iter().copied().find(|value| value.as_word() == word);
        found.ok_or_else(|| unknown(Self::WHAT, word, Self::all().iter().map(|value| value.as_word())))
    }
}

/// `unknown verb "opne"; nearest is "open"`.
pub(crate) fn unknown(what: &str, word: &str, known: impl IntoIterator<Item = &'static str>) -> String {
    let shown = shown(word);
    match syscalls::nearest(word, known) {
        Some(near) => format!("unknown {what} {shown}; nearest is \"{near}\""),
        None => format!("unknown {what} {shown}"),
    }
}

/// A word of the file in a message: quoted, cut, and without anything that a terminal would obey.
pub(crate) fn shown(word: &str) -> String {
    const MOST: usize = 60;
    let cut: String = word.chars().take(MOST).collect();
    let more = if word.chars().nth(MOST).is_some() { "…" } else { "" };
    format!("\"{}{more}\"", cut.escape_debug())
}

macro_rules! words {
    ($type:ident, $what:literal, $($name:ident $word:literal),* $(,)?) => {
        impl $type {
            /// The word in the golden and on the command line.
            pub const fn word(self) -> &'static str {
                match self { $($type::$name => $word),* }
            }

            /// The value of a word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::of_word(word).ok()
            }
        }

        impl Word for $type {
            const WHAT: &'static str = $what;

            fn all() -> &'static [Self] {
                &[$($type::$name),*]
            }

            fn as_word(self) -> &'static str {
                self.word()
            }
        }
    };
}

/// For types that have `ALL` and `word` already.
macro_rules! known_words {
    ($type:ident, $what:literal) => {
        impl $type {
            /// The value of a word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::of_word(word).ok()
            }
        }

        impl Word for $type {
            const WHAT: &'static str = $what;

            fn all() -> &'static [Self] {
                Self::ALL
            }

            fn as_word(self) -> &'static str {
                self.word()
            }
        }
    };
}

words! { Level, "level",
    Outcome "outcome", Hermetic "hermetic", Protocol "protocol", Calls "calls", Exact "exact",
}

words! { EndKind, "kind of an end",
    Dev "dev", Dir "dir", Fifo "fifo", File "file", Gone "gone", Sent "sent", Socket "socket", Std "std",
    Symlink "symlink",
}

words! { InputKind, "kind of an input",
    Absent "absent", Env "env", Exec "exec", List "list", Load "load", Net "net", Read "read",
}

words! { Class, "class",
    Digits "digits", Hex "hex", UpperHex "HEX", Alnum "alnum", Alpha "alpha", Uuid "uuid", Base64 "base64",
    Text "text",
}

words! { RootRule, "value of root", Same "same", Any "any" }

words! { ProcessRule, "value of processes", Exact "exact", Commands "commands", Ignore "ignore" }

words! { StderrRule, "value of stderr", Exact "exact", NonEmpty "nonempty", Ignore "ignore" }

known_words! { ObjectKind, "kind of an object" }
known_words! { Verb, "verb" }
known_words! { Code, "code" }

/// Keys of facts that are no prefix of a signal's.
const FACTS: &[&str] = &[
    "mem.exec-anon",
    "mem.wx",
    "poll.empty",
    "prio",
    "sched.affinity",
    "sched.policy",
    "sig.blocked",
    "sleep.count",
    "sleep.total",
    "thread.count",
];

/// Is this the key of a fact?
pub(crate) fn fact(key: &str) -> Result<(), String> {
    let of_signal = key.strip_prefix("sig.recv.").or_else(|| key.strip_prefix("sig."));
    if of_signal.is_some_and(is_signal) || FACTS.contains(&key) {
        return Ok(());
    }
    Err(unknown("fact", key, FACTS.iter().copied()))
}

/// `SIG` and a name, `SIGRTMIN+3`.
pub(crate) fn is_signal(word: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'+';
    word.strip_prefix("SIG").is_some_and(|name| !name.is_empty() && name.bytes().all(allowed))
}

/// Options of a comparison by name, with the values that are not the default.
pub(crate) const OPTIONS: &[(&str, &[&str])] = &[
    ("cpus", &["1"]),
    ("inputs", &["no-runtime"]),
    ("interleave", &["merged"]),
    ("processes", &["commands", "ignore"]),
    ("root", &["any"]),
    ("stderr", &["ignore", "nonempty"]),
];

/// Is this an option with a value that is not its default?
pub(crate) fn option(name: &str, value: &str) -> Result<(), String> {
    let Some((_, values)) = OPTIONS.iter().find(|(known, _)| *known == name) else {
        return Err(unknown("option", name, OPTIONS.iter().map(|(name, _)| *name)));
    };
    if values.contains(&value) {
        return Ok(());
    }
    Err(unknown(&format!("value of {name}"), value, values.iter().copied()))
}

/// The words of durability, field by field.
pub(crate) const REPLACE: &[&str] = &["atomic", "inplace", "new"];
/// `content-before-name`, `name-durable`.
pub(crate) const ANSWER: &[&str] = &["na", "no", "yes"];
/// `sync`.
pub(crate) const SYNC: &[&str] = &["fdatasync", "fsync", "none", "osync", "syncfs"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_and_a_mistyped_one_names_the_nearest() {
        for level in Level::all() {
            assert_eq!(Level::of_word(level.word()), Ok(*level));
        }
        for verb in Verb::ALL {
            assert_eq!(Verb::of_word(verb.word()), Ok(*verb));
        }
        assert!(Verb::ALL.is_sorted_by_key(|verb| verb.word()), "the order of verbs is that of their words");
        assert!(ObjectKind::ALL.is_sorted_by_key(|kind| kind.word()));
        assert!(EndKind::all().is_sorted_by_key(|kind| kind.word()));
        assert!(InputKind::all().is_sorted_by_key(|kind| kind.word()));
        assert_eq!(Verb::of_word("opne"), Err("unknown verb \"opne\"; nearest is \"open\"".into()));
        assert_eq!(fact("mem.wy"), Err("unknown fact \"mem.wy\"; nearest is \"mem.wx\"".into()));
        assert_eq!(fact("sig.SIGRTMIN+3"), Ok(()));
        assert_eq!(option("stderr", "exact"), Err("unknown value of stderr \"exact\"".into()));
        assert_eq!(
            Code::of_word("file.byte").expect_err("unknown"),
            "unknown code \"file.byte\"; nearest is \"file.bytes\""
        );
    }

    #[test]
    fn a_word_in_a_message_is_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[31m"), "\"a\\u{1b}[31m\"");
        assert!(shown(&"x".repeat(5000)).len() < 80);
    }
}
