//! Time of calls by the function that made them (`--function-time`): wall time inside the calls, entry to exit.

use std::collections::HashMap;

use recording::event::Event;
use recording::session::{Header, Trailer};
use recording::views::{Clock, took_ns};
use recording::{Batch, Sink, SinkError};

use crate::output::Stream;
use crate::shown::is_own;
use crate::stacks::harmless;
use crate::text::{Precision, write_span};
use crate::{Destination, Shown, Stacks};

/// A call that moves bytes and takes longer is slow, ns.
const SLOW_NS: u64 = 1_000_000;
/// A longer name pushes its own row out of its columns.
const WIDEST: usize = 60;
/// The function of calls whose source is not known.
const UNKNOWN: &str = "[unknown]";
/// Calls that move bytes or make them durable.
const IO: &[&str] = &[
    "read",
    "write",
    "pread64",
    "pwrite64",
    "readv",
    "writev",
    "preadv",
    "pwritev",
    "preadv2",
    "pwritev2",
    "open",
    "openat",
    "openat2",
    "close",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "sendfile",
    "sendfile64",
    "splice",
    "tee",
    "vmsplice",
    "copy_file_range",
    "recvfrom",
    "sendto",
    "recvmsg",
    "sendmsg",
    "recvmmsg",
    "sendmmsg",
    "recv",
    "send",
];

#[derive(Debug, Default)]
struct Row {
    calls: u64,
    total_ns: u64,
    io: u64,
    slow_io: u64,
}

/// Prints the table when the session ends.
#[derive(Debug)]
pub struct FunctionTime {
    shown: Shown,
    stacks: Stacks,
    to: Stream,
    clock: Clock,
    rows: HashMap<String, Row>,
}

impl FunctionTime {
    /// The table of what is shown; `stacks` must be asked for sources.
    pub fn new(shown: Shown, stacks: Stacks, to: Destination) -> Self {
        FunctionTime {
            shown,
            stacks,
            to: to.into_stream(),
            clock: Clock::new(&Header::default()),
            rows: HashMap::new(),
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        let Some(call) = event.call() else { return self.stacks.observe(event) };
        if event.is_announcement() || is_own(event) {
            return;
        }
        if self.shown.takes_call(&call) {
            let source = self.stacks.source(event.task());
            let function = source.as_ref().and_then(|source| match &source.original {
                Some(original) => Some(original.function.as_str()),
                None => source.function.as_deref(),
            });
            let function = function.unwrap_or(UNKNOWN);
            if !self.rows.contains_key(function) {
                self.rows.insert(function.to_owned(), Row::default());
            }
            if let Some(row) = self.rows.get_mut(function) {
                let took = took_ns(&call, &self.clock).unwrap_or(0);
                let abi = syscalls::Abi::from_raw(event.abi()).unwrap_or(syscalls::Abi::X86_64);
                let is_io = syscalls::lookup(abi, call.nr()).is_some_and(|known| IO.contains(&known.name));
                row.calls += 1;
                row.total_ns = row.total_ns.saturating_add(took);
                row.io += u64::from(is_io);
                row.slow_io += u64::from(is_io && took > SLOW_NS);
            }
        }
        self.stacks.told(event.task());
    }
}

impl Sink for FunctionTime {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.clock = Clock::new(header);
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.clock.batch(batch.clock);
        batch.events().for_each(|event| self.event(&event));
        Ok(())
    }

    fn end(&mut self, _trailer: &Trailer) -> Result<(), SinkError> {
        let mut rows: Vec<(&String, &Row)> = self.rows.iter().collect();
        rows.sort_by(|(name, row), (other_name, other)| {
            other.total_ns.cmp(&row.total_ns).then_with(|| name.cmp(other_name))
        });
        let seconds = |ns: u64| {
            let mut text = Vec::new();
            write_span(&mut text, ns, Precision::Micros);
            String::from_utf8_lossy(&text).into_owned()
        };
        let shown = |name: &str| {
            let mut shown = Vec::new();
            harmless(&mut shown, name);
            String::from_utf8_lossy(&shown).into_owned()
        };
        let names: Vec<String> = rows.iter().map(|(name, _)| shown(name)).collect();
        let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(8, WIDEST);
        let line = |name: &str, [calls, total, average, io, slow]: [&str; 5]| {
            format!("{name:widest$} {calls:>9} {total:>12} {average:>12} {io:>9} {slow:>9}\n")
        };
        let mut out = line("Function", ["Calls", "Total Time", "Avg Time", "I/O Ops", "Slow I/O"]);
        for (name, (_, row)) in names.iter().zip(&rows) {
            let (total, average) = (seconds(row.total_ns), seconds(row.total_ns / row.calls.max(1)));
            let [calls, io, slow] = [row.calls, row.io, row.slow_io].map(|count| count.to_string());
            out.push_str(&line(name, [&calls, &total, &average, &io, &slow]));
        }
        self.to.buffer().extend_from_slice(out.as_bytes());
        self.to.flush()
    }
}
