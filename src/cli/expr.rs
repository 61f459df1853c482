//! `-e EXPR`: which of its qualifiers it is, and the small sets behind `status` and `quiet`.

use recording::Numbers;
use report::shown::Outcomes;
use report::text::{Constants, HexStrings, Notes};
use syscalls::Filter;

use super::ask::Quiet;
use super::inject::Words;
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
    DecodeFds(Notes),
    /// Descriptors.
    Descriptors(Numbers),
    /// Calls that are tampered with.
    Inject(Words),
    /// Notes of tasks.
    DecodePids(bool),
    /// Calls whose words are shown as they are.
    Raw(Filter),
    /// Calls whose structures are shown.
    Structures(Filter),
    /// Calls whose structures are shortened.
    Short(Filter),
    /// Descriptors whose data is dumped when it is read.
    Read(Numbers),
    /// When it is written.
    Write(Numbers),
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
        "read" | "reads" | "r" => Expr::Read(numbers("read", value)?),
        "write" | "writes" | "w" => Expr::Write(numbers("write", value)?),
        "abbrev" | "a" => Expr::Short(calls("abbrev", value)?),
        "verbose" | "v" => Expr::Structures(calls("verbose", value)?),
        "raw" | "x" => Expr::Raw(calls("raw", value)?),
        "inject" | "fault" => Expr::Inject(Words { text: value.into(), fault: key == "fault" }),
        "fd" | "fds" | "trace-fd" | "trace-fds" => Expr::Descriptors(numbers("fd", value)?),
        "kvm" | "namespace" | "secontext" => return Err(not_taken(key)),
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
    let any = |names: &[&str]| (names.iter().any(|name| words.contains(name)) || words.contains(&"all")) != negated;
    Ok(Quiet {
        attach: any(&["attach"]),
        personality: any(&["personality"]),
        exit: any(&["exit"]),
        thread_execve: any(&["thread-execve", "superseded"]),
        path_resolution: any(&["path-resolution"]),
    })
}

/// A set of calls, in the language of `trace=`.
pub fn calls(what: &str, set: &str) -> Result<Filter, Problem> {
    Filter::parse(set).map_err(|error| {
        Problem::usage(format!("cannot take -e {what}={set}: {error}"))
            .hint("names, %classes, /regular expressions/, all, none; !NAME leaves out")
    })
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

/// What is told of descriptors.
pub fn decode_fds(set: &str) -> Result<Notes, Problem> {
    let (negated, words) =
        words("decode-fds", set, &["path", "socket", "dev", "pidfd", "eventfd", "signalfd", "all", "none"])?;
    let has = |word: &str| (words.contains(&word) || words.contains(&"all")) != negated;
    Ok(Notes {
        path: has("path"),
        socket: has("socket"),
        device: has("dev"),
        process: has("pidfd"),
        eventfd: has("eventfd"),
        signalfd: has("signalfd"),
    })
}

/// How strings are shown.
pub fn strings_in_hex(word: &str) -> Result<HexStrings, Problem> {
    let known = ["none", "non-ascii", "all", "non-ascii-chars"];
    match words("strings-in-hex", word, &known)?.1.as_slice() {
        ["none"] => Ok(HexStrings::Never),
        ["non-ascii"] => Ok(HexStrings::NonAscii),
        ["all"] => Ok(HexStrings::All),
        ["non-ascii-chars"] => Ok(HexStrings::Escapes),
        _ => Err(Problem::usage(format!("cannot take {word} for --strings-in-hex: it takes one word"))),
    }
}

/// A set of descriptors: numbers, all, none, all but.
pub fn numbers(what: &str, set: &str) -> Result<Numbers, Problem> {
    let (all_but, list) = set.strip_prefix('!').map_or((false, set), |rest| (true, rest));
    match list {
        "all" => return Ok(Numbers { listed: vec![], all_but: !all_but }),
        "none" => return Ok(Numbers { listed: vec![], all_but }),
        _ => {}
    }
    let number = |word: &str| {
        let number = word.trim().parse::<i32>().ok().filter(|number| *number >= 0);
        number.ok_or_else(|| {
            Problem::usage(format!("cannot read {word:?} in {what}={set}: it is no descriptor"))
                .hint("numbers from 0 on with commas between, all, none; ! in front for all but these")
        })
    };
    Ok(Numbers { listed: list.split(',').map(number).collect::<Result<_, _>>()?, all_but })
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
        let faults = Words { text: "all:error=EIO".into(), fault: true };
        assert_eq!(read("fault=all:error=EIO").ok(), Some(Expr::Inject(faults)));
        for text in ["kvm=vcpu", "namespace=new", "secontext=full"] {
            assert!(read(text).is_err_and(|p| p.what.contains("not built in this version")), "{text}");
        }
    }

    #[test]
    fn sets_of_descriptors() {
        let of = |listed: &[i32], all_but| Some(Numbers { listed: listed.to_vec(), all_but });
        assert_eq!(numbers("fd", "3,4").ok(), of(&[3, 4], false));
        assert_eq!(numbers("fd", "!0").ok(), of(&[0], true));
        assert_eq!(numbers("fd", "all").ok(), of(&[], true));
        assert_eq!(numbers("fd", "!all").ok(), of(&[], false));
        for set in ["", "x", "-1", "3,"] {
            assert!(numbers("fd", set).is_err(), "{set}");
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
        assert!(quiet("!exit").is_ok_and(|quiet| quiet.thread_execve && quiet.path_resolution && !quiet.exit));
        assert!(quiet("superseded").is_ok_and(|quiet| quiet.thread_execve && !quiet.exit));
        assert_eq!(decode_fds("all").ok(), Some(Notes::ALL));
        assert_eq!(decode_fds("dev,socket").ok(), Some(Notes { device: true, socket: true, ..Notes::NONE }));
        assert_eq!(decode_fds("!path").ok(), Some(Notes { path: false, ..Notes::ALL }));
        assert!(decode_fds("sockt").is_err());
    }
}
