//! Debug (`-d`): says on standard error how the session is led.
//!
//! In: the events of a session. Out: what was asked of the kernel, which tasks come and go, what can't be seen, and
//! how often anybody stopped. Calls themselves are the printers' business.

use recording::event::{BornHow, Event, Kind, text};
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

use crate::exit;
use crate::message::safe;

/// See the module.
#[derive(Debug)]
pub struct Debug;

fn say(what: &str) {
    exit::say(&format_args!("chic-trace: debug: {}", safe(what)));
}

impl Sink for Debug {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        say(&format!("Linux {} on {}, we are process {}", header.kernel, header.machine, header.tracer_pid));
        let known = |number: Option<i64>| number.map_or_else(|| "unknown".to_owned(), |number| number.to_string());
        say(&format!(
            "ptrace_scope {}, perf_event_paranoid {}, capabilities {}",
            known(header.ptrace_scope),
            known(header.perf_event_paranoid),
            header.capabilities
        ));
        say(match (header.kernel_filter, header.no_new_privs) {
            (true, true) => "calls are picked by a seccomp filter; it needs no_new_privs",
            (true, false) => "calls are picked by a seccomp filter",
            (false, _) => "calls stop at their entry and their exit, or nobody asked for any",
        });
        let follow = if header.follow { "new tasks are followed" } else { "new tasks are not followed" };
        say(&format!("{follow}; placement {}, counters {}", header.placement, header.counters));
        if let Some(limits) = &header.limits {
            let (data, elements, notes) = (limits.data, limits.elements, limits.notes);
            say(&format!("kept of a call: {data} bytes of data, {elements} elements, notes of level {notes}"));
        }
        if let Some(how) = &header.tampered {
            say(&format!("calls are tampered with: {how}"));
        }
        Ok(())
    }

    /// Nobody is told of a standard error that can't be written.
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        batch.events().filter_map(|event| news(&event)).for_each(|line| say(&line));
        Ok(())
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        let calls: u64 = trailer.totals.get(&(Kind::Call as u8)).copied().unwrap_or(0);
        let calls = if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") };
        say(&format!("{calls} and {} stops", trailer.stops));
        for lacking in &trailer.not_measured {
            say(&format!("not measured: {}: {}", lacking.what, lacking.reason));
        }
        Ok(())
    }
}

/// What an event tells of the session itself.
fn news(event: &Event<'_>) -> Option<String> {
    let task = event.task();
    let said = String::from_utf8_lossy(event.text(text::MAIN).unwrap_or_default());
    Some(match event.kind()? {
        Kind::Born => {
            let how = match BornHow::from_raw(event.u8(36)) {
                Some(BornHow::First) => "is the program to be",
                Some(BornHow::Attached) => "is attached to",
                Some(BornHow::Thread) => "is a new thread",
                Some(_) => "is a new process",
                None => "is new",
            };
            format!("task {task} {how}; its parent is {}", event.u32(32))
        }
        Kind::Exec => format!("task {task} runs {said}"),
        Kind::Died => format!("task {task} has ended"),
        Kind::Detached => format!("task {task} is let go: {said}"),
        Kind::Engine => format!("a slower way is taken for task {task}: {said}"),
        Kind::Unseen => format!("not seen of task {task}: {said}"),
        Kind::Lost => format!("events of task {task} are lost: {said}"),
        _ => return None,
    })
}
