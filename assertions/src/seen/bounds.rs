//! Bounds of a run: how many took part, how it ended, what the kernel says it used.

use recording::event::{BornHow, Event, Kind, Measure, reading};
use recording::views::{Process, Processes};

use super::made::Moved;

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
    /// Peak resident set of the largest process, bytes, or why it is not known.
    pub resident: Option<Result<(String, u64), String>>,
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
/// of the program: a process of which only that is known makes the largest unknown, unless it is small.
pub(crate) fn largest(processes: &[Process]) -> Option<Result<(String, u64), String>> {
    let exe = |process: &Process| crate::finding::text(super::made::basename(&process.command.exe));
    let mut most: Option<(String, u64)> = None;
    let mut doubtful: Option<(String, u64)> = None;
    let mut missing = None;
    for process in processes {
        match process.reading(Measure::MaxRssBytes) {
            Some(found) if found.status & reading::NOT_MEASURED != 0 => missing = Some(exe(process)),
            None => missing = Some(exe(process)),
            Some(found) => {
                let side = if found.status & reading::BEFORE_EXEC != 0 { &mut doubtful } else { &mut most };
                if side.as_ref().is_none_or(|(_, bytes)| *bytes < found.value) {
                    *side = Some((exe(process), found.value));
                }
            }
        }
    }
    let largest = most.as_ref().map_or(0, |(_, bytes)| *bytes);
    if let Some((exe, _)) = doubtful.filter(|(_, bytes)| *bytes > largest) {
        return Some(Err(format!("of {exe} only a peak is known that may be that of the image before its exec")));
    }
    match (most, missing) {
        (_, Some(exe)) => Some(Err(format!("the memory of {exe} was not measured"))),
        (most, None) => most.map(Ok),
    }
}
