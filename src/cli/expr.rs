//! `-e EXPR`: which of its qualifiers it is, and the small sets behind `status` and `quiet`.

use report::shown::Outcomes;
use report::text::{Constants, Descriptors};
use syscalls::Filter;

use super::ask::Quiet;
use super::refused;
use crate::message::Problem;

/// One `-e`.
#[derive(Debug, PartialEq, Eq)]
pub enum Expr {
    /// Calls.
    Trace(String),
    /// Signals.
    Signal(String),
    /// Outcomes.
    Status(Outcomes),
    /// Lines left out.
    Quiet(Quiet),
    /// Descriptor notes.
    DecodeFds(u8),
    /// Notes of tasks.
    DecodePids(bool),
    /// Calls whose words are shown as they are.
    Raw(Filter),
    /// Calls whose structures are shown.
    Structures(Filter),
    /// Calls whose structures are shortened.
    Short(Filter),
    /// Descriptors whose data is dumped when it is read.
    Read(Descriptors),
    /// When it is written.
    Write(Descriptors),
}

/// Reads one expression. Its qualifiers and their short forms are strace's.
pub fn read(text: &str) -> Result<Expr, Problem> {
    let Some((key, value)) = text.split_once('=') else { return Ok(Expr::Trace(text.into())) };
    Ok(match key {
        "trace" | "t" => Expr::Trace(value.into()),
        "signal" | "signals" | "s" => Expr::Signal(value.into()),
        "status" => Expr::Status(status(value)?),
        "quiet" | "silent" | "silence" | "q" => Expr::Quiet(quiet(value)?),
        "decode-fds" | "decode-fd" => Expr::DecodeFds(decode_fds(value)?),
        "read" | "reads" | "r" => Expr::Read(descriptors("read", value)?),
        "write" | "writes" | "w" => Expr::Write(descriptors("write", value)?),
        "abbrev" | "a" => Expr::Short(calls("abbrev", value)?),
        "verbose" | "v" => Expr::Structures(calls("verbose", value)?),
        "raw" | "x" => Expr::Raw(calls("raw", value)?),
        "inject" | "fault" | "kvm" => return Err(not_taken(key)),
        "fd" | "fds" | "trace-fds" => return Err(not_taken("fd")),
        "decode-pids" | "decode-pid" => Expr::DecodePids(decode_pids(value)?),
        // Not a qualifier: a regular expression may hold a `=`, and anything else is an unknown name.
        _ => Expr::Trace(text.into()),
    })
}

fn not_taken(key: &str) -> Problem {
    refused::qualifier(key)
        .unwrap_or_else(|| Problem::usage(format!("cannot take -e {key}=: not built in this version")))
}

/// Splits a set: is it negated, and which words?
fn words<'a>(what: &str, set: &'a str, known: &[&'static str]) -> Result<(bool, Vec<&'a str>), Problem> {
    let (negated, list) = set.strip_prefix('!').map_or((false, set), |rest| (true, rest));
    let words: Vec<&str> = list.split(',').map(str::trim).collect();
    for word in &words {
        if !known.contains(word) {
            let problem = Problem::usage(format!("cannot read {word:?} in {what}={set}: there is no such word"));
            return Err(match syscalls::nearest(word, known.iter().copied()) {
                Some(near) => problem.hint(format!("{near} is the nearest; known are {}", known.join(", "))),
                None => problem.hint(format!("known are {}", known.join(", "))),
            });
        }
    }
    Ok((negated, words))
}

/// A set of outcomes.
pub fn status(set: &str) -> Result<Outcomes, Problem> {
    let known = ["successful", "failed", "unfinished", "unavailable", "detached", "all", "none"];
    let (negated, words) = words("status", set, &known)?;
    let has = |word: &str| (words.contains(&word) || words.contains(&"all")) != negated;
    Ok(Outcomes {
        successful: has("successful"),
        failed: has("failed"),
        unfinished: has("unfinished"),
        unavailable: has("unavailable"),
        detached: has("detached"),
    })
}

/// A set of notes that are left out.
pub fn quiet(set: &str) -> Result<Quiet, Problem> {
    let known = ["attach", "exit", "path-resolution", "personality", "thread-execve", "superseded", "all", "none"];
    let (negated, words) = words("quiet", set, &known)?;
    let has = |word: &str| (words.contains(&word) || words.contains(&"all")) != negated;
    Ok(Quiet {
        attach: has("attach"),
        personality: has("personality"),
        exit: has("exit"),
        thread_execve: has("thread-execve") || (has("superseded") && !negated),
    })
}

/// A set of calls, in the language of `trace=`.
pub fn calls(what: &str, set: &str) -> Result<Filter, Problem> {
    Filter::parse(set).map_err(|error| {
        Problem::usage(format!("cannot take -e {what}={set}: {error}"))
            .hint("names, %classes, /regular expressions/, all, none; !NAME leaves out")
    })
}

/// A set of descriptors: numbers, all, none, `!` in front of them.
pub fn descriptors(what: &str, set: &str) -> Result<Descriptors, Problem> {
    let (negated, list) = set.strip_prefix('!').map_or((false, set), |rest| (true, rest));
    match list {
        "all" => return Ok(Descriptors::new(vec![], !negated)),
        "none" => return Ok(Descriptors::new(vec![], negated)),
        _ => {}
    }
    let number = |word: &str| match word.trim().parse::<i32>() {
        Ok(fd) if fd >= 0 => Ok(fd),
        _ => Err(Problem::usage(format!("cannot read {word:?} in {what}={set}: it is no descriptor"))
            .hint("numbers with commas between, all, none; ! in front of them leaves out")),
    };
    Ok(Descriptors::new(list.split(',').map(number).collect::<Result<_, _>>()?, negated))
}

/// Are tasks shown with their names?
pub fn decode_pids(set: &str) -> Result<bool, Problem> {
    let (negated, words) = words("decode-pids", set, &["comm", "pidns", "all", "none"])?;
    match (negated, words.as_slice()) {
        (false, ["comm"]) => Ok(true),
        (false, ["none"]) | (true, ["all"]) => Ok(false),
        _ => Err(Problem::usage(format!("cannot take decode-pids={set}: pidns is not built in this version"))
            .hint("comm is -Y: the name of each task; numbers are those of our own PID namespace")),
    }
}

/// How constants are written.
pub fn constants(word: &str) -> Result<Constants, Problem> {
    match word {
        "raw" => Ok(Constants::Numbers),
        "abbrev" => Ok(Constants::Names),
        "verbose" => Ok(Constants::Both),
        _ => Err(Problem::usage(format!("cannot take -X {word}: there is no such style"))
            .hint("raw shows numbers, abbrev names, verbose both")),
    }
}

/// A level of descriptor notes.
pub fn decode_fds(set: &str) -> Result<u8, Problem> {
    let (negated, words) = words("decode-fds", set, &["path", "all", "none"])?;
    match (negated, words.as_slice()) {
        (false, ["path"]) => Ok(1),
        (false, ["all"]) => Ok(2),
        (false, ["none"]) | (true, ["all"]) => Ok(0),
        _ => Err(Problem::usage(format!("cannot take decode-fds={set}: not built in this version"))
            .hint("path is -y, all is -yy, none shows bare numbers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualifiers_are_told_from_sets() {
        for (text, trace) in [("openat", "openat"), ("trace=a,b", "a,b"), ("/x=y/", "/x=y/"), ("!close", "!close")] {
            assert_eq!(read(text).ok(), Some(Expr::Trace(trace.into())), "{text}");
        }
        assert_eq!(read("signal=INT").ok(), Some(Expr::Signal("INT".into())));
        assert!(read("inject=all:error=EIO").is_err_and(|p| p.what.contains("inject")));
    }

    #[test]
    fn sets_of_descriptors() {
        let takes = |set: &str| descriptors("read", set).map(|set| [0, 3, 9].map(|fd| set.takes(fd))).ok();
        assert_eq!(takes("3"), Some([false, true, false]));
        assert_eq!(takes("0,9"), Some([true, false, true]));
        assert_eq!(takes("!0,9"), Some([false, true, false]));
        assert_eq!(takes("all"), Some([true; 3]));
        assert_eq!(takes("none"), Some([false; 3]));
        assert_eq!(takes("!none"), Some([true; 3]));
        for wrong in ["", "x", "-1", "1,,2"] {
            assert_eq!(takes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sets_of_outcomes() {
        assert_eq!(status("successful").ok(), Some(Outcomes::SUCCESSFUL));
        assert_eq!(status("!failed").ok(), Some(Outcomes { failed: false, ..Outcomes::ALL }));
        assert_eq!(status("none").ok(), Some(Outcomes::NONE));
        let problem = status("sucessful").expect_err("a typo").to_string();
        assert!(problem.contains("successful is the nearest"), "{problem}");
    }

    #[test]
    fn sets_of_notes() {
        assert_eq!(quiet("exit").ok(), Some(Quiet { exit: true, ..Quiet::default() }));
        assert_eq!(quiet("none").ok(), Some(Quiet::default()));
        assert_eq!(decode_fds("all").ok(), Some(2));
        assert!(decode_fds("pidfd").is_err());
    }
}
