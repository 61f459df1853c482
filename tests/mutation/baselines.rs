//! Two simple comparators that ours is shown beside: names and signs by position, and counts of calls.

#![allow(dead_code)] // Each test binary uses its part of it.

use std::collections::BTreeMap;

use recording::event::Kind;
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};
use syscalls::Abi;

/// The calls that renacer 0.6 compares (its documentation calls them observable).
const OBSERVABLE: &str = "open openat read write close stat fstat lstat lseek pread pwrite readv writev fsync \
    fdatasync rename unlink mkdir rmdir chmod chown truncate ftruncate socket connect bind listen accept send recv \
    sendto recvfrom sendmsg recvmsg shutdown fork vfork clone exec execve wait waitpid exit kill pipe pipe2 dup dup2 \
    dup3";

/// The calls of a run in order of completion: name, and whether they failed.
#[derive(Debug, Default)]
pub struct Calls {
    calls: Vec<(&'static str, bool)>,
}

impl Calls {
    /// By position, name and sign only: how many of the calls that both made are matched, and of how many.
    /// Nothing when more than 5 % are missing on one side.
    pub fn matched(&self, other: &Calls) -> Option<(usize, usize)> {
        let observable = |calls: &Calls| -> Vec<(&'static str, bool)> {
            let known = |name: &str| OBSERVABLE.split_whitespace().any(|word| word == name);
            calls.calls.iter().filter(|(name, _)| known(name)).copied().collect()
        };
        let (ours, theirs) = (observable(self), observable(other));
        let (short, long) = (ours.len().min(theirs.len()), ours.len().max(theirs.len()));
        if (long - short) * 20 > long {
            return None;
        }
        Some((ours.iter().zip(&theirs).filter(|(a, b)| a == b).count(), short))
    }

    /// renacer's rule: 5 % of those may differ.
    pub fn renacer_finds(&self, other: &Calls) -> bool {
        self.matched(other).is_none_or(|(matched, of)| matched * 20 < of * 19)
    }

    /// How often each call was made.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (name, _) in &self.calls {
            *counts.entry(*name).or_default() += 1;
        }
        counts
    }
}

impl Sink for Calls {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        for event in batch.events().filter(|event| event.kind() == Some(Kind::Call) && !event.is_announcement()) {
            let Some(call) = event.call() else { continue };
            let row = Abi::from_raw(event.abi()).and_then(|abi| syscalls::lookup(abi, call.nr()));
            self.calls.push((row.map_or("unknown", |row| row.name), call.errno().is_some()));
        }
        Ok(())
    }

    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}
