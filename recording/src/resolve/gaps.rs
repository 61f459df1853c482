//! Gaps: what a recording can't vouch for, each said once.

use std::collections::HashSet;

use super::tables::ProcId;
use crate::event::{Event, Hidden, Kind, PayloadHead, Shape, flag, status, text};
use crate::session::{EndedBy, Header, Trailer};

/// Sentences that are kept so that none is told twice.
const MOST: usize = 4096;

/// The gaps told so far.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    told: HashSet<(Option<ProcId>, String)>,
}

impl Gaps {
    /// Is this the first time? Then it is to be told.
    pub fn is_new(&mut self, process: Option<ProcId>, why: &str) -> bool {
        self.told.len() < MOST && self.told.insert((process, why.to_string()))
    }
}

/// What is missing from the start.
pub(super) fn of_header(header: &Header) -> Vec<String> {
    let mut gaps = vec![];
    if let Some(filter) = &header.filter {
        gaps.push(format!("only some calls were recorded: -e trace={filter}"));
    }
    if !header.follow {
        gaps.push("children and threads were not followed".into());
    }
    if !header.attached.is_empty() {
        gaps.push("the recording began in the middle of the run: its processes were attached to".into());
    }
    if !header.golden {
        gaps.push(
            "recorded without golden mode: what went through pipes, sockets and standard streams, environments and \
             the states of files are not in it"
                .into(),
        );
    }
    gaps
}

/// What is missing in the end.
pub(super) fn of_trailer(trailer: &Trailer) -> Vec<String> {
    let left: Vec<String> = trailer.left.iter().map(|(pid, name)| format!("{name} ({pid})")).collect();
    let fault = trailer.fault.as_deref().unwrap_or("no trailer");
    let mut gaps = match trailer.ended {
        EndedBy::Complete => vec![],
        EndedBy::RootEnded => vec![format!("processes were left running: {}", left.join(", "))],
        EndedBy::Limit => vec!["a limit cut the recording".into()],
        EndedBy::Detached => vec!["the tracer let go of the processes before they ended".into()],
        EndedBy::NotStarted => vec!["the command could not be started".into()],
        EndedBy::Incomplete => vec![format!("the recording has no end: {fault}")],
        EndedBy::Damaged => vec![format!("the recording is damaged: {fault}")],
    };
    gaps.extend(trailer.lost.iter().map(|(reason, count)| format!("{count} events were lost: {reason}")));
    gaps
}

/// What an event that is no call says is missing.
pub(super) fn of_event(event: &Event<'_>) -> Option<String> {
    let why = || event.text(text::MAIN).map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default();
    match event.kind()? {
        Kind::Lost => Some(format!("{} events were lost: {}", event.u32(32), why())),
        Kind::Limit => Some("a limit cut the recording".into()),
        Kind::Detached => Some(format!("the tracer let go of a task before it ended: {}", why())),
        Kind::Unseen => match Hidden::from_raw(event.u32(32).try_into().ok()?)? {
            Hidden::UntracedChild | Hidden::IoUring | Hidden::UnpatchedSites | Hidden::Other => {
                Some(format!("calls were not seen: {}", why()))
            }
            Hidden::Vdso | Hidden::OtherTracer | Hidden::SetuidLost | Hidden::AttackOnTracer => None,
        },
        _ => None,
    }
}

/// What of a call's names and structures was cut off. Data moved is told by its digest.
pub(super) fn of_call(event: &Event<'_>, name: &str) -> Option<String> {
    if event.flags() & flag::NO_ENTRY != 0 {
        return Some(format!("{name} was entered before the recording began: its arguments are not known"));
    }
    if event.flags() & flag::CLIPPED == 0 {
        return None;
    }
    let counts = |head: &PayloadHead| {
        matches!(head.shape, Shape::Text | Shape::Struct | Shape::Vector)
            || (head.shape == Shape::Element && matches!(name, "execve" | "execveat"))
    };
    let clipped = event.payloads().any(|p| p.head.status & status::CLIPPED != 0 && counts(&p.head));
    clipped.then(|| format!("arguments of {name} were longer than what is kept of them"))
}
