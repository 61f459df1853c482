//! Verbs: what somebody does with an object, as parts of a sentence.

use crate::learn::has_flag;
use crate::model::{Step, Verb};

/// `reads`, `stats`: what somebody does with an object.
pub(super) fn does(step: &Step) -> String {
    match step.verb {
        Verb::Access => "checks access to".into(),
        Verb::Eof => "reads".into(),
        Verb::Map => "maps".into(),
        Verb::Open if has_flag(step, &["creat", "trunc", "w", "rw"]) => "writes".into(),
        Verb::Recv => "receives from".into(),
        Verb::Send => "sends to".into(),
        Verb::Connect => "connects to".into(),
        Verb::Spawn => "starts".into(),
        Verb::Reap => "waits for".into(),
        Verb::Umask => "sets umask".into(),
        Verb::Rewrite => "writes".into(),
        Verb::Mkdir => "makes directory".into(),
        Verb::Fsync | Verb::Fdatasync | Verb::Syncfs | Verb::Msync => "syncs".into(),
        verb => third_person(verb.word()),
    }
}

/// `reading`, `syncing`.
pub(super) fn doing(step: &Step) -> String {
    match step.verb {
        Verb::Access => "checking access to".into(),
        Verb::Eof | Verb::Read => "reading".into(),
        Verb::Open if has_flag(step, &["creat", "trunc", "w", "rw"]) => "writing".into(),
        Verb::Write | Verb::Rewrite => "writing".into(),
        Verb::Recv => "receiving from".into(),
        Verb::Send => "sending to".into(),
        Verb::Connect => "connecting to".into(),
        Verb::Spawn => "starting".into(),
        Verb::Reap => "waiting for".into(),
        Verb::Umask => "setting umask".into(),
        Verb::Mkdir => "making directory".into(),
        Verb::Fsync | Verb::Fdatasync | Verb::Syncfs | Verb::Msync => "syncing".into(),
        verb => gerund(verb.word()),
    }
}

fn third_person(verb: &str) -> String {
    if verb.ends_with(['s', 'h', 'x']) { format!("{verb}es") } else { format!("{verb}s") }
}

fn gerund(verb: &str) -> String {
    match verb.strip_suffix('e') {
        Some(stem) => format!("{stem}ing"),
        None if matches!(verb, "stat" | "map" | "chmod" | "plan") => {
            let last = verb.chars().last().unwrap_or('t');
            format!("{verb}{last}ing")
        }
        None => format!("{verb}ing"),
    }
}
