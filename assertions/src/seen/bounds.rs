//! Bounds of a run: how many took part, how it ended, what the kernel says it used.

use recording::event::{BornHow, Event, Kind, Measure, reading};
use recording::views::{Process, Processes};

use super::made::{Moved, basename};
use crate::finding::text;
use crate::judge::Peak;

/// Sums over a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bounds {
    /// Processes that took part.
    pub processes: u64,
    /// Tasks.
    pub tasks: u64,
    /// Signals delivered.
    pub signals: u64,
    /// Bytes moved out of objects.
    pub bytes_read: u64,
    /// Bytes moved into objects.
    pub bytes_written: u64,
    /// How the root ended.
    pub exit_code: Option<i32>,
    /// Peak resident set of the largest process.
    pub resident: Option<Peak>,
    /// Why processes, tasks and signals are not known.
    pub untold: Option<String>,
}

impl Bounds {
    pub fn event(&mut self, event: &Event<'_>) {
        match event.kind() {
            Some(Kind::Born) => {
                self.tasks += 1;
                self.processes += u64::from(BornHow::from_raw(event.u8(36)) != Some(BornHow::Thread));
            }
            // One that the engine keeps to itself is none of the program's.
            Some(Kind::Signal) if event.u8(36) == 0 => self.signals += 1,
            _ => {}
        }
    }

    pub fn moved(&mut self, moved: Moved) {
        if moved.out {
            self.bytes_read = self.bytes_read.saturating_add(moved.bytes);
        }
        if moved.into {
            self.bytes_written = self.bytes_written.saturating_add(moved.bytes);
        }
    }

    /// What the processes say in the end.
    pub fn close(&mut self, processes: &Processes) {
        self.exit_code = processes.root().and_then(|root| root.ending).map(|ending| ending.code());
        self.resident = largest(processes.rows());
    }
}

/// The process with the largest peak. `ru_maxrss` keeps the peak of the image before an exec, which says nothing
/// of the program: where only that is known, it is what the peak may be at most.
fn largest(processes: &[Process]) -> Option<Peak> {
    let exe = |process: &Process| text(basename(&process.command.exe));
    let mut peak = Peak::default();
    for process in processes {
        let found = process.reading(Measure::MaxRssBytes).filter(|found| found.status & reading::NOT_MEASURED == 0);
        let bound = match found {
            Some(found) if found.status & reading::BEFORE_EXEC == 0 => {
                if found.value >= peak.bytes {
                    peak = Peak { program: exe(process), bytes: found.value, ..peak };
                }
                continue;
            }
            Some(found) => {
                let why =
                    format!("of {} only a peak is known that may be that of the image before its exec", exe(process));
                (found.value, why)
            }
            None => (u64::MAX, format!("the memory of {} was not measured", exe(process))),
        };
        if peak.at_most.as_ref().is_none_or(|(most, _)| *most < bound.0) {
            peak.at_most = Some(bound);
        }
    }
    (!processes.is_empty()).then_some(peak)
}
