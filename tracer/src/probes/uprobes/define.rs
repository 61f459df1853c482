//! Definitions: an event of the kernel with a place for each probe. It is the machine's, not ours, and is taken off again; also
//! that of a tracer which was killed.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::probes::{Part, Program};
use crate::sys::tracefs::Tracefs;
use crate::sys::{Errno, Tid, process};

/// Where they are written.
pub(super) const EVENTS: &str = "uprobe_events";
/// The only event of a group.
const NAME: &str = "hit";

/// An event of ours, until this value is gone. Nobody may have it open then.
#[derive(Debug)]
pub(super) struct Definition {
    tracefs: Tracefs,
    group: String,
    /// By what perf_event_open(2) knows it.
    pub id: u64,
}

impl Definition {
    /// Defines one with all probes of a program.
    ///
    /// # Errors
    /// What was refused, and why.
    pub fn of(program: &Program) -> Result<Definition, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let tracefs = tracefs()?;
        let mut file = tracefs.append(EVENTS).map_err(|error| refused(EVENTS, &error))?;
        let ours = prefix();
        remove_orphans(&tracefs, &mut file, &ours);
        let group = format!("{ours}{}_{}", process::own_pid(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut definition = Definition { tracefs, group, id: 0 };
        for part in program.parts.iter().filter(|part| !part.sites.is_empty()) {
            definition.add(&mut file, part)?;
        }
        let path = format!("events/{}/{NAME}/id", definition.group);
        let id = definition.tracefs.read(&path).map_err(|error| refused(&path, &error))?;
        let id = std::str::from_utf8(&id).ok().and_then(|id| id.trim().parse().ok());
        definition.id = id.ok_or_else(|| format!("{path} in tracefs is no number"))?;
        Ok(definition)
    }

    fn add(&mut self, file: &mut File, part: &Part) -> Result<(), String> {
        let path = path(part)?;
        for planned in &part.sites {
            let place = |address| part.layout.offset_of(address).ok_or("what is probed has no place in its file");
            let mut line = format!("p:{}/{NAME} ", self.group).into_bytes();
            line.extend_from_slice(path.as_os_str().as_bytes());
            line.extend_from_slice(format!(":{:#x}", place(planned.site.address)?).as_bytes());
            if let Some(at) = planned.semaphore {
                line.extend_from_slice(format!("({:#x})", place(at)?).as_bytes());
            }
            line.push(b'\n');
            // One line each: what was taken of several is not told.
            file.write_all(&line).map_err(|error| refused(EVENTS, &error))?;
        }
        Ok(())
    }
}

impl Drop for Definition {
    fn drop(&mut self) {
        if let Ok(mut file) = self.tracefs.append(EVENTS) {
            remove(&mut file, &self.group);
        }
    }
}

/// tracefs.
///
/// # Errors
/// What was refused, and why.
pub(super) fn tracefs() -> Result<Tracefs, String> {
    Tracefs::open().map_err(|(call, error)| format!("{call} of tracefs: {}", text(&error)))
}

pub(super) fn refused(file: &str, error: &io::Error) -> String {
    format!("{file} in tracefs: {}", text(error))
}

fn text(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), |errno| Errno(errno).text())
}

/// The file of a part as a definition can name it.
///
/// # Errors
/// Why it can't.
pub(super) fn path(part: &Part) -> Result<PathBuf, String> {
    let path = part.file.canonicalize().map_err(|error| format!("{}: {}", part.file.display(), text(&error)))?;
    let is_bad = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'#';
    match path.as_os_str().as_bytes().iter().any(is_bad) {
        true => Err(format!("tracefs takes no name with a space or `#`: {}", path.display())),
        false => Ok(path),
    }
}

/// How groups of tracers of this PID namespace begin; behind it stand number and count.
fn prefix() -> String {
    let namespace = std::fs::metadata("/proc/self/ns/pid").map_or(0, |meta| meta.ino());
    format!("chic_trace_{namespace}_")
}

fn remove(file: &mut File, group: &str) {
    // Refused where somebody has it open, who then is alive.
    let _ = file.write_all(format!("-:{group}/{NAME}\n").as_bytes());
}

/// Those of tracers that are gone.
fn remove_orphans(tracefs: &Tracefs, file: &mut File, ours: &str) {
    let Ok(all) = tracefs.read(EVENTS) else { return };
    for group in orphans(&all, ours, |pid| matches!(process::kill(Tid(pid), 0), Err(Errno(libc::ESRCH)))) {
        remove(file, &group);
    }
}

/// Groups in a list of definitions whose tracer is gone.
fn orphans(list: &[u8], ours: &str, is_gone: impl Fn(u32) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for line in list.split(|byte| *byte == b'\n') {
        let group = line.strip_prefix(b"p:").and_then(|line| line.split(|byte| *byte == b'/').next());
        let Some(group) = group.and_then(|group| std::str::from_utf8(group).ok()) else { continue };
        let pid = group.strip_prefix(ours).and_then(|rest| rest.split('_').next()?.parse().ok());
        if pid.is_some_and(|pid: u32| pid != 0 && i32::try_from(pid).is_ok() && is_gone(pid))
            && found.last().is_none_or(|last| last != group)
        {
            found.push(group.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_of_tracers_that_are_gone_are_orphans() {
        let list = b"p:chic_trace_7_12_0/hit /a:0x10\np:chic_trace_7_12_0/hit /a:0x20\np:chic_trace_7_13_1/hit /a:0x10\n\
                     p:chic_trace_8_12_0/hit /a:0x10\np:probe_x/y /a:0x10\np:chic_trace_7_0_0/hit /a:0x1\nr:chic_trace_7_12_9/z\n\
                     p:chic_trace_7_4000000000_0/hit /a:0x1\np:chic_trace_7_x/hit\n\xff\n";
        assert_eq!(orphans(list, "chic_trace_7_", |pid| pid != 13), ["chic_trace_7_12_0"]);
    }
}
