//! Where our flags end: the target's words are never parsed.

use std::ffi::{OsStr, OsString};

use clap::{ArgAction, Command};

use super::refused;
use crate::message::Problem;

/// A command line in two parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Split {
    /// Flags in front of the first word.
    pub flags: Vec<OsString>,
    /// The first word that is no flag, and all behind it; empty when there is none.
    pub rest: Vec<OsString>,
    /// Did `--` stand between? Then the rest is a program, whatever its name.
    pub dashes: bool,
}

/// Cuts a command line (without its first word, the program) by the flags that `command` knows.
/// Flags of others that we do not take are refused here, by name.
pub fn split(command: &Command, args: impl IntoIterator<Item = OsString>) -> Result<Split, Problem> {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut flags = Vec::new();
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let rest = |from: usize| args.get(from..).unwrap_or_default().to_vec();
        if word == "--" {
            return Ok(Split { flags, rest: rest(at + 1), dashes: true });
        }
        let next = args.get(at + 1).map(OsString::as_os_str);
        let Some(takes_next) = flag(command, word, next)? else {
            return Ok(Split { flags, rest: rest(at), dashes: false });
        };
        if takes_next == Takes::Source {
            // `-fs`: the letters in front of it are flags of their own.
            let before = word.to_str().and_then(|word| word.strip_suffix('s')).filter(|before| *before != "-");
            flags.extend(before.map(OsString::from));
            flags.push("--source".into());
            at += 1;
            continue;
        }
        flags.push(word.clone());
        at += 1;
        if takes_next == Takes::Next
            && let Some(value) = args.get(at)
        {
            flags.push(value.clone());
            at += 1;
        }
    }
    Ok(Split { flags, rest: Vec::new(), dashes: false })
}

/// Checks the flags of a subcommand's own words the same way, up to the first word that is none.
pub fn refuse_flags(command: &Command, args: &[OsString]) -> Result<(), Problem> {
    split(command, args.iter().cloned()).map(drop)
}

/// The words of a command that runs nothing, with --source for each `-s` without a number, wherever it stands.
pub fn with_source(mut words: Vec<OsString>) -> Vec<OsString> {
    for at in 0..words.len() {
        let next = words.get(at + 1).map(OsString::as_os_str);
        if words.get(at).is_some_and(|word| word == "-s") && matches!(string_limit(next), Ok(Takes::Source)) {
            words[at] = "--source".into();
        }
    }
    words
}

/// What a flag takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// The next word is its value.
    Next,
    /// It ends in an `s` without a number, which is --source.
    Source,
}

impl Takes {
    fn next(takes: bool) -> Takes {
        if takes { Takes::Next } else { Takes::Nothing }
    }
}

/// Is this word a flag, and what does it take? `None`: it is no flag.
fn flag(command: &Command, word: &OsStr, next: Option<&OsStr>) -> Result<Option<Takes>, Problem> {
    let Some(text) = word.to_str() else {
        // Bytes that are no UTF-8 may be a value glued to a short flag; else they are a program's name.
        return Ok(word.as_encoded_bytes().starts_with(b"-").then_some(Takes::Nothing));
    };
    if let Some(long) = text.strip_prefix("--") {
        return long_flag(command, long).map(|takes| Some(Takes::next(takes)));
    }
    match text.strip_prefix('-') {
        None | Some("") => Ok(None),
        Some(cluster) => short_flags(command, cluster, next).map(Some),
    }
}

fn long_flag(command: &Command, long: &str) -> Result<bool, Problem> {
    let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
    let Some(arg) = command.get_arguments().find(|arg| {
        arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
    }) else {
        // What nobody knows goes to clap, which names the nearest.
        return refused::long(name).map_or(Ok(false), Err);
    };
    Ok(value.is_none() && takes_value(arg) && !arg.is_require_equals_set())
}

fn short_flags(command: &Command, cluster: &str, next: Option<&OsStr>) -> Result<Takes, Problem> {
    for (i, letter) in cluster.char_indices() {
        let glued = &cluster[i + letter.len_utf8()..];
        let Some(arg) = command.get_arguments().find(|arg| arg.get_short() == Some(letter)) else {
            return Ok(Takes::Nothing);
        };
        if !takes_value(arg) {
            continue;
        }
        if letter == 's' && glued.is_empty() && command.get_arguments().any(|arg| arg.get_long() == Some("source")) {
            return string_limit(next);
        }
        return Ok(Takes::next(glued.is_empty()));
    }
    Ok(Takes::Nothing)
}

/// `-s N` is strace's limit; `-s` alone is renacer's --source.
fn string_limit(next: Option<&OsStr>) -> Result<Takes, Problem> {
    let next = next.map(OsStr::to_string_lossy);
    match next.as_deref() {
        Some(word) if word.strip_prefix('-').unwrap_or(word).starts_with(|c: char| c.is_ascii_digit()) => {
            Ok(Takes::Next)
        }
        Some(word) if !word.starts_with('-') => Err(refused::source(word)),
        _ => Ok(Takes::Source),
    }
}

fn takes_value(arg: &clap::Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(line: &str) -> Result<Split, Problem> {
        split(&super::super::flags::command(), line.split_whitespace().map(OsString::from))
    }

    fn parts(line: &str) -> (String, String, bool) {
        let Split { flags, rest, dashes } = cut(line).unwrap_or_else(|problem| panic!("{problem}"));
        let join = |words: Vec<OsString>| words.join(OsStr::new(" ")).to_string_lossy().into_owned();
        (join(flags), join(rest), dashes)
    }

    #[test]
    fn the_first_word_ends_our_flags() {
        for (line, flags, rest, dashes) in [
            ("ls -l", "", "ls -l", false),
            ("-f -o x ls -l", "-f -o x", "ls -l", false),
            ("-fo x -- -l", "-fo x", "-l", true),
            ("-fox ls", "-fox", "ls", false),
            ("-e trace=read --format json cat -f", "-e trace=read --format json", "cat -f", false),
            ("--format=json -- record", "--format=json", "record", true),
            ("-s 64 ls", "-s 64", "ls", false),
            ("-s64 ls", "-s64", "ls", false),
            ("--syscall-times ns ls", "--syscall-times", "ns ls", false),
            ("-p 1,2", "-p 1,2", "", false),
            ("-s -1 ls", "-s -1", "ls", false),
            ("-s -- ls", "--source", "ls", true),
            ("-fs -T ls", "-f --source -T", "ls", false),
            ("-fk ls", "-fk", "ls", false),
            ("- x", "", "- x", false),
        ] {
            assert_eq!(parts(line), (flags.into(), rest.into(), dashes), "{line}");
        }
    }

    #[test]
    fn a_report_takes_its_flags_in_any_order() {
        for (line, becomes) in [
            ("report a.ctrace -s", "report a.ctrace --source"),
            ("report -s -k a.ctrace", "report --source -k a.ctrace"),
            ("report -s 64 a.ctrace", "report -s 64 a.ctrace"),
            ("report -s a.ctrace", "report -s a.ctrace"),
        ] {
            let words = with_source(line.split_whitespace().map(OsString::from).collect());
            assert_eq!(words.join(OsStr::new(" ")), becomes, "{line}");
        }
    }

    #[test]
    fn flags_of_others_are_refused_by_name() {
        for (line, says) in [
            ("--ml-anomaly -- ls", "--ml-anomaly: it is a flag of renacer"),
            ("--namespace ls", "--namespace: not built"),
            ("-s ls", "neither a number of bytes nor a flag"),
            ("--secontext ls", "--secontext: not built"),
        ] {
            let problem = cut(line).expect_err(line);
            assert!(problem.what.contains(says), "{line}: {}", problem.what);
        }
    }
}
