//! Calls in groups of the user's (`--clusters`): counts and times a group, as a second table behind that of `-c`.

use std::fmt;
use std::rc::Rc;

use recording::document::{Argument, Document, Table};
use recording::event::{Event, Shape, note};
use recording::session::{Header, Trailer};
use recording::views::{Clock, Descriptors, took_ns};
use recording::{Batch, Sink, SinkError};
use syscalls::{Filter, Kind};

use crate::args::{self, Style};
use crate::document::takes;
use crate::output::Stream;
use crate::shown::is_own;
use crate::stacks::harmless;
use crate::summary::{RULE, line, share};
use crate::text::call::Named;
use crate::{Destination, Shown};

/// Where calls go that no group takes.
const UNCLASSIFIED: &str = "Unclassified";
const HEADER: &str = "% time     seconds  usecs/call     calls    errors cluster\n";

/// Says whether what stands behind a descriptor is meant.
pub type IsMeant = Rc<dyn Fn(&[u8]) -> bool>;

/// A group of calls.
#[derive(Clone)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its calls.
    pub calls: Filter,
    /// Only those on such a descriptor.
    pub descriptor: Option<IsMeant>,
    /// Only those whose arguments, as strace prints them, hold this text.
    pub holds: Option<Vec<u8>>,
    /// Are there such calls in a run as it should be?
    pub expected: bool,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a group has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Calls.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
    /// ns in those that returned.
    pub total_ns: u64,
    /// Calls of its names that are not in it, because what their descriptor or their arguments are is not known.
    pub not_known: u64,
}

/// What a cluster says of a call.
enum Answer {
    Yes,
    No,
    NotKnown,
}

/// Counts a run in groups: a call belongs to the first that takes it.
#[derive(Debug)]
pub struct Grouped {
    clusters: Rc<[Cluster]>,
    /// One for each cluster, and one for the rest.
    counts: Vec<Count>,
    shown: Shown,
    clock: Clock,
    descriptors: Descriptors,
    /// Were only some calls recorded?
    filtered: bool,
    style: Style,
    scratch: Vec<u8>,
}

impl Grouped {
    /// Nothing counted.
    pub fn new(clusters: Rc<[Cluster]>, shown: Shown) -> Grouped {
        let header = Header::default();
        Grouped {
            counts: vec![Count::default(); clusters.len() + 1],
            clusters,
            shown,
            clock: Clock::new(&header),
            descriptors: Descriptors::new(&header),
            filtered: false,
            style: Style::new(None, true),
            scratch: Vec::new(),
        }
    }

    /// The calls of a document. What stands behind its descriptors is not known.
    pub fn of_document(clusters: Rc<[Cluster]>, document: &Document<'_>, shown: &Shown) -> Grouped {
        let mut grouped = Grouped::new(clusters, shown.clone());
        for call in document.calls.iter().filter(|call| takes(shown, call)) {
            let answer = |cluster: &Cluster| {
                let named = match call.nr {
                    Some(nr) => cluster.calls.takes(call.abi, nr),
                    None => cluster.calls.takes_name(&call.name),
                };
                match (named, &cluster.descriptor, &cluster.holds) {
                    (false, _, _) => Answer::No,
                    (true, Some(_), _) => Answer::NotKnown,
                    (true, None, None) => Answer::Yes,
                    (true, None, Some(text)) => document_holds(call, text),
                }
            };
            grouped.count(answer, call.errno().is_some(), call.duration_ns);
        }
        grouped
    }

    /// The counts of a table, which has names only.
    pub fn of_table(clusters: Rc<[Cluster]>, table: &Table) -> Grouped {
        let mut grouped = Grouped::new(clusters, Shown::default());
        for row in &table.rows {
            let place = grouped.clusters.iter().position(|cluster| {
                let alone = cluster.descriptor.is_none() && cluster.holds.is_none();
                alone && cluster.calls.takes_name(&row.name)
            });
            for (cluster, count) in grouped.clusters.iter().zip(&mut grouped.counts).take(place.unwrap_or(usize::MAX)) {
                count.not_known += if cluster.calls.takes_name(&row.name) { row.calls } else { 0 };
            }
            if let Some(count) = grouped.counts.get_mut(place.unwrap_or(grouped.clusters.len())) {
                count.calls = count.calls.saturating_add(row.calls);
                count.errors = count.errors.saturating_add(row.errors);
                count.total_ns = count.total_ns.saturating_add(row.total_ns);
            }
        }
        grouped
    }

    /// Names and counts in the order of the clusters, the rest last.
    pub fn counts(&self) -> impl Iterator<Item = (&str, &Count)> {
        let names = self.clusters.iter().map(|cluster| cluster.name.as_str()).chain([UNCLASSIFIED]);
        names.zip(&self.counts)
    }

    fn event(&mut self, event: &Event<'_>) {
        if let Some(call) = event.call()
            && !event.is_announcement()
            && !is_own(event)
            && self.shown.takes_call(&call)
        {
            let mut text = std::mem::take(&mut self.scratch);
            text.clear();
            let (descriptors, style) = ((!self.filtered).then_some(&self.descriptors), &self.style);
            let named = Named::of(call);
            let place = place(&self.clusters, &mut self.counts, |cluster| {
                if !cluster.calls.takes(named.abi, call.nr()) {
                    return Answer::No;
                }
                if let Some(is_meant) = &cluster.descriptor {
                    match behind(&named, descriptors) {
                        None => return Answer::No,
                        Some(None) => return Answer::NotKnown,
                        Some(Some(path)) if !is_meant(path) => return Answer::No,
                        Some(Some(_)) => {}
                    }
                }
                let Some(wanted) = &cluster.holds else { return Answer::Yes };
                if text.is_empty() {
                    args::write_list(&mut text, style, &call, named.abi);
                }
                if holds(&text, wanted) { Answer::Yes } else { Answer::No }
            });
            self.scratch = text;
            add(&mut self.counts, place, call.errno().is_some(), took_ns(&call, &self.clock));
        }
        self.descriptors.observe(event);
    }

    fn count(&mut self, answer: impl FnMut(&Cluster) -> Answer, failed: bool, took: Option<u64>) {
        let place = place(&self.clusters, &mut self.counts, answer);
        add(&mut self.counts, place, failed, took);
    }

    fn write(&self, out: &mut Vec<u8>) {
        let sum = |of: fn(&Count) -> u64| self.counts.iter().map(of).fold(0, u64::saturating_add);
        let (total_ns, calls, errors) = (sum(|c| c.total_ns), sum(|c| c.calls), sum(|c| c.errors));
        out.extend_from_slice(HEADER.as_bytes());
        out.extend_from_slice(RULE.as_bytes());
        let expected = self.clusters.iter().map(|cluster| cluster.expected).chain([true]);
        for ((name, count), expected) in self.counts().zip(expected) {
            let mut shown = Vec::new();
            harmless(&mut shown, name);
            if !expected && count.calls > 0 {
                shown.extend_from_slice(b"  unexpected");
            }
            let shown = String::from_utf8_lossy(&shown);
            line(out, share(count.total_ns, total_ns), count.total_ns, count.calls, count.errors, &shown);
        }
        out.extend_from_slice(RULE.as_bytes());
        line(out, if calls == 0 { 0 } else { 10_000 }, total_ns, calls, errors, "total");
        for (name, count) in self.counts().filter(|(_, count)| count.not_known > 0) {
            let calls = if count.not_known == 1 { "call" } else { "calls" };
            let mut note = Vec::new();
            harmless(&mut note, name);
            note.extend_from_slice(
                format!(": of {} {calls} it is not known whether they are in it\n", count.not_known).as_bytes(),
            );
            out.extend_from_slice(&note);
        }
    }
}

/// The first cluster that takes a call; those before it that can't say so note it.
fn place(clusters: &[Cluster], counts: &mut [Count], mut answer: impl FnMut(&Cluster) -> Answer) -> usize {
    for (at, (cluster, count)) in clusters.iter().zip(counts).enumerate() {
        match answer(cluster) {
            Answer::Yes => return at,
            Answer::No => {}
            Answer::NotKnown => count.not_known += 1,
        }
    }
    clusters.len()
}

fn add(counts: &mut [Count], place: usize, failed: bool, took: Option<u64>) {
    if let Some(count) = counts.get_mut(place) {
        count.calls += 1;
        count.errors += u64::from(failed);
        count.total_ns = count.total_ns.saturating_add(took.unwrap_or(0));
    }
}

/// What stands behind the first descriptor of a call. `None`: it has none; `Some(None)`: it is not known, because the
/// kernel was not asked and there may be earlier calls that nobody saw.
fn behind<'d>(named: &Named<'d>, descriptors: Option<&'d Descriptors>) -> Option<Option<&'d [u8]>> {
    let args = named.call.args();
    let kinds = named.row?.args_for(&args);
    let at = kinds.iter().position(|arg| matches!(arg.kind, Kind::Fd | Kind::DirFd))?;
    let fd = args.get(at).copied().unwrap_or(0) as i32;
    if fd < 0 {
        return None;
    }
    let mut notes = named.call.payloads_of(at as u8).filter(|payload| payload.head.shape == Shape::Note);
    let told = notes.find(|payload| payload.head.path == note::LINK).map(|payload| payload.bytes);
    Some(told.or_else(|| descriptors?.link(named.call.event.task(), fd)))
}

fn holds(text: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || text.windows(wanted.len()).any(|part| part == wanted)
}

fn document_holds(call: &recording::document::Call<'_>, wanted: &[u8]) -> Answer {
    let Some(args) = &call.args else { return Answer::NotKnown };
    let mut known = true;
    for argument in args {
        let found = match argument {
            Argument::Text(text) => holds(text.as_bytes(), wanted),
            Argument::Bytes(content) => holds(&content.bytes, wanted),
            Argument::Word(word) => holds(word.to_string().as_bytes(), wanted),
            Argument::NotKnown => {
                known = false;
                false
            }
        };
        if found {
            return Answer::Yes;
        }
    }
    if known { Answer::No } else { Answer::NotKnown }
}

impl Sink for Grouped {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.clock = Clock::new(header);
        self.descriptors = Descriptors::new(header);
        self.filtered = header.filter.is_some();
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.clock.batch(batch.clock);
        batch.events().for_each(|event| self.event(&event));
        Ok(())
    }

    fn end(&mut self, _trailer: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Prints the table of groups when the session ends.
#[derive(Debug)]
pub struct ClusterTable {
    grouped: Grouped,
    to: Stream,
}

impl ClusterTable {
    /// A table of these groups.
    pub fn new(grouped: Grouped, to: Destination) -> Self {
        ClusterTable { grouped, to: to.into_stream() }
    }

    /// Prints what was counted already.
    ///
    /// # Errors
    /// [`SinkError`] when it could not be written.
    pub fn print(&mut self) -> Result<(), SinkError> {
        self.grouped.write(self.to.buffer());
        self.to.flush()
    }
}

impl Sink for ClusterTable {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.grouped.begin(header)
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.grouped.events(batch)
    }

    fn end(&mut self, _trailer: &Trailer) -> Result<(), SinkError> {
        self.print()
    }
}
