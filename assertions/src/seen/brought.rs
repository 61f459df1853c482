//! What a document that somebody brought says of its run. What it does not say is not measured; what it shows and
//! breaks a rule breaks it all the same.

use std::collections::{BTreeMap, BTreeSet};

use recording::document::{Argument, Call, Document, Notation, Outcome};
use syscalls::Filter;

use super::calls::{at_least, bytes, goes, is_of};
use super::crowd::Crowd;
use super::made::{basename, way};
use super::watcher::is_gpu;
use super::{Answer, Bounds, Kept, Seen, Watch};
use crate::count::{CallCounts, Gap};
use crate::expression::{Function, Metered};
use crate::finding::Findings;
use crate::rule::{Allowed, Asks, Question};

/// The name of a call for which the writer had none.
const UNKNOWN: &str = "unknown";

/// Looks at a document for what is asked.
pub fn of_document(document: &Document<'_>, watch: &Watch) -> Seen {
    let told = Told { document, makers: makers(document) };
    let counts = told.counts();
    let gap = counts.gap.as_ref();
    let answer = |(at, question): &(usize, Question)| (*at, told.answer(question, gap));
    let meters = |(at, metered): &(usize, Vec<Metered>)| (*at, metered.iter().map(|of| told.meter(of)).collect());
    let not_told = |what: &str| format!("{what} is not known from a document");
    Seen {
        answers: watch.questions.iter().map(answer).collect(),
        meters: watch.metered.iter().map(meters).collect(),
        allocations: watch.memory.then(|| Err(not_told("what memory was mapped"))),
        loops_unknown: watch.loops.then(|| not_told("which calls repeat on which descriptors")),
        members: told.members(),
        gpu: told.gpu(),
        bounds: told.bounds(),
        counts,
        ..Seen::default()
    }
}

struct Told<'d, 't> {
    document: &'d Document<'t>,
    makers: BTreeMap<u64, Vec<u8>>,
}

/// Basenames of the executables of processes, where the document lists them.
fn makers(document: &Document<'_>) -> BTreeMap<u64, Vec<u8>> {
    let exe = |listed: &recording::document::Listed<'_>| {
        let path = listed.exe.as_deref().or(listed.argv.first().map(AsRef::as_ref))?;
        Some((listed.pid, basename(path.as_bytes()).to_vec()))
    };
    document.processes.iter().filter_map(exe).collect()
}

/// Is it a call that makes a process or a thread?
fn is_birth(name: &str) -> bool {
    matches!(name, "fork" | "vfork" | "clone" | "clone3")
}

impl Told<'_, '_> {
    fn calls(&self) -> impl Iterator<Item = &Call<'_>> {
        self.document.calls.iter()
    }

    fn counts(&self) -> CallCounts {
        let mut counts = CallCounts::default();
        let mut unnamed = 0;
        let mut born = false;
        for call in self.calls() {
            let name = call.name.as_ref();
            let more = |map: &mut BTreeMap<String, u64>, by: u64| {
                let known = map.entry(name.to_owned()).or_default();
                *known = known.saturating_add(by);
            };
            more(&mut counts.by_name, 1);
            more(&mut counts.time_ns, call.duration_ns.unwrap_or(0));
            if call.errno().is_some() {
                more(&mut counts.errors, 1);
            }
            unnamed += u64::from(name == UNKNOWN);
            born |= is_birth(name) && call.errno().is_none();
            let classes = call.row().map(|row| row.classes);
            for (class, one) in syscalls::Classes::ALL.iter() {
                if classes.is_some_and(|all| all.any(*one)) {
                    *counts.by_class.entry(class).or_default() += 1;
                }
            }
        }
        // A recording of ours says what it missed; of another writer only what it shows is known.
        let unfollowed = born && self.document.notation != Notation::Ours && self.makes().len() < 2;
        counts.gap = if !self.document.is_complete() {
            Some(Gap::Incomplete(self.document.incomplete.join("; ")))
        } else if unfollowed {
            Some(Gap::Missing("children and threads were not followed".to_owned()))
        } else if unnamed > 0 {
            Some(Gap::Unnamed(unnamed))
        } else {
            None
        };
        counts
    }

    /// The processes that made calls.
    fn makes(&self) -> BTreeSet<Option<u64>> {
        self.calls().map(|call| call.pid).collect()
    }

    /// Basename of the executable that made a call, where that is known.
    fn maker(&self, call: &Call<'_>) -> Option<&[u8]> {
        if let Some(known) = call.pid.and_then(|pid| self.makers.get(&pid)) {
            return Some(known);
        }
        let alone = self.makes().len() < 2 && !self.calls().any(|call| is_birth(&call.name));
        let command = self.document.command.as_ref().filter(|_| alone)?;
        command.first().map(|word| basename(word.as_bytes()))
    }

    fn members(&self) -> Vec<super::Member> {
        let mut crowd = Crowd::default();
        for call in self.calls() {
            let pid = call.pid.and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0);
            crowd.call(pid, self.maker(call).unwrap_or_default());
        }
        crowd.into_members()
    }

    fn bounds(&self) -> Bounds {
        let document = self.document;
        let ours = document.notation == Notation::Ours;
        let mut bounds = Bounds {
            exit_code: document.end.and_then(|end| i32::try_from(end.exit_code).ok()),
            processes: document.processes.len() as u64,
            tasks: self.calls().map(|call| call.tid).collect::<BTreeSet<_>>().len() as u64,
            signals: document.happenings.iter().filter(|happening| happening.kind == "signal").count() as u64,
            untold: (!ours).then(|| "the document does not say which processes, tasks and signals there were".into()),
            ..Bounds::default()
        };
        for (moved, out, into) in self.calls().filter_map(moved) {
            bounds.bytes_read = bounds.bytes_read.saturating_add(if out { moved } else { 0 });
            bounds.bytes_written = bounds.bytes_written.saturating_add(if into { moved } else { 0 });
        }
        bounds
    }

    /// Opens of GPU devices, where paths of all opens are known.
    fn gpu(&self) -> Option<(String, u64)> {
        let at = |call: &Call<'_>| match call.name.as_ref() {
            "openat" | "openat2" => Some(1),
            "open" | "creat" => Some(0),
            _ => None,
        };
        let mut found: Option<(String, u64)> = None;
        for call in self.calls().filter(|call| call.errno().is_none()) {
            let text = match at(call).map(|at| call.argument(at)) {
                Some(Argument::Bytes(content)) if is_gpu(&content.bytes) => crate::finding::text(&content.bytes),
                Some(Argument::Word(_) | Argument::NotKnown) => "a file whose name is not known".to_owned(),
                _ => continue,
            };
            found.get_or_insert((text, 0)).1 += 1;
        }
        found
    }

    fn answer(&self, question: &Question, gap: Option<&Gap>) -> Answer {
        if question.asks.needs_objects() {
            let why = "the objects of its calls are not known from a document";
            return Answer { kept: Kept::Unknown(why.into()), ..Answer::none_of(Findings::default(), "call") };
        }
        let mut hidden = gap.and_then(|gap| gap.hides(Some(&question.asks.needs())));
        let (mut value, mut found) = (0u64, Findings::default());
        for call in self.calls() {
            let maker = self.maker(call);
            if question.processes.is_some() && maker.is_none() {
                hidden.get_or_insert_with(|| "the document does not say which program made a call".to_owned());
                continue;
            }
            let maker = maker.unwrap_or_default();
            if !is_of(question.processes.as_ref(), maker) {
                continue;
            }
            match self.adds(&question.asks, call) {
                Ok(0) => {}
                Ok(more) => {
                    value = value.saturating_add(more);
                    found.add(maker, &call.name, None);
                }
                Err(why) => {
                    hidden.get_or_insert(why);
                }
            }
        }
        let answer = match &question.asks {
            Asks::MustCall { min, .. } => at_least(value, *min),
            Asks::MustNotCall { .. } => Answer::none_of(found, "forbidden call"),
            Asks::NoNetwork(_) => Answer::none_of(found, "forbidden address"),
            Asks::CountBudget { max, .. } => Answer::at_most(value, *max, "calls", "Calls", found),
            Asks::ByteBudget { max, .. } => bytes(value, *max, false, found),
            _ => Answer::none_of(found, "call"),
        };
        answer.with_gap(hidden)
    }

    /// What a call adds to what is asked; an error is why that is not known.
    fn adds(&self, asks: &Asks, call: &Call<'_>) -> Result<u64, String> {
        let outcome = || match call.outcome {
            Outcome::NotKnown => Err(format!("the document does not say how {} ended", call.name)),
            _ => Ok(()),
        };
        Ok(match asks {
            Asks::MustCall { calls, .. } if takes(calls, call) => {
                outcome()?;
                u64::from(call.success().is_some())
            }
            Asks::MustNotCall { calls, .. } => u64::from(takes(calls, call)),
            Asks::CountBudget { calls, errors_only, .. } if takes(calls, call) => {
                if *errors_only {
                    outcome()?;
                }
                u64::from(!errors_only || call.errno().is_some())
            }
            Asks::ByteBudget { calls, direction, .. } if takes(calls, call) => {
                if way(&call.name) != (false, false) {
                    outcome()?;
                }
                moved(call).filter(|(_, out, into)| goes(*direction, *out, *into)).map_or(0, |(bytes, ..)| bytes)
            }
            Asks::NoNetwork(allowed) => u64::from(uses_forbidden(*allowed, call)?),
            _ => 0,
        })
    }

    fn meter(&self, of: &Metered) -> Result<f64, String> {
        let taken = || self.calls().filter(|call| takes(&of.filter, call));
        let sum = |value: &dyn Fn(&Call<'_>) -> u64| taken().map(value).fold(0, u64::saturating_add) as f64;
        let unknown = |is: &dyn Fn(&Call<'_>) -> bool, what: &str| match taken().find(|call| is(call)) {
            Some(call) => Err(format!("the document does not say {what} {}", call.name)),
            None => Ok(()),
        };
        let ended = || unknown(&|call| call.outcome == Outcome::NotKnown, "how it ended:");
        let mut times: Vec<u64> = taken().filter_map(|call| call.duration_ns).collect();
        times.sort_unstable();
        let timed = || unknown(&|call| call.duration_ns.is_none() && call.outcome != Outcome::NoReturn, "the time of");
        let percentile = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).saturating_sub(1);
            times.get(rank).copied().unwrap_or(0) as f64 / 1e3
        };
        match of.function {
            Function::Calls => Ok(sum(&|_| 1)),
            Function::Errors => ended().map(|()| sum(&|call| u64::from(call.errno().is_some()))),
            Function::Bytes => ended().map(|()| sum(&|call| moved(call).map_or(0, |(bytes, ..)| bytes))),
            Function::TimeMs => timed().map(|()| sum(&|call| call.duration_ns.unwrap_or(0)) / 1e6),
            Function::MaxUs => timed().map(|()| times.last().copied().unwrap_or(0) as f64 / 1e3),
            Function::P50Us => timed().map(|()| percentile(50)),
            Function::P99Us => timed().map(|()| percentile(99)),
        }
    }
}

fn takes(filter: &Filter, call: &Call<'_>) -> bool {
    match call.nr {
        Some(nr) => filter.takes(call.abi, nr),
        None => filter.takes_name(&call.name),
    }
}

/// Bytes that a call moved, and which way. How many were in messages is in memory, which a document does not hold.
fn moved(call: &Call<'_>) -> Option<(u64, bool, bool)> {
    let (out, into) = way(&call.name);
    let bytes = u64::try_from(call.success()?).ok()?;
    ((out || into) && !matches!(call.name.as_ref(), "recvmmsg" | "sendmmsg")).then_some((bytes, out, into))
}

/// Does a call name an address that is not allowed? An error: the document does not tell.
fn uses_forbidden(allowed: Allowed, call: &Call<'_>) -> Result<bool, String> {
    let at = match call.name.as_ref() {
        "connect" | "bind" => 1,
        "sendto" => 4,
        // Which addresses messages go to is in their structures.
        "sendmsg" | "sendmmsg" => 1,
        _ => return Ok(false),
    };
    let text = match call.argument(at) {
        Argument::Text(text) => text.as_ref(),
        // sendto without an address goes where the socket is connected to.
        Argument::Word(0) => return Ok(false),
        _ => return Err(format!("the document does not say which address {} was about", call.name)),
    };
    // strace's text of each socket address begins with its family.
    let families = text.match_indices("sa_family=").filter_map(|(at, key)| text.get(at + key.len()..));
    for address in families {
        let family = address.split([',', '}']).next().unwrap_or_default();
        let local = ["inet_addr(\"127.", "\"::1\"", "\"::ffff:127."].iter().any(|word| address.contains(word));
        let good = match family {
            "AF_UNIX" | "AF_LOCAL" => allowed.unix,
            "AF_NETLINK" => allowed.netlink,
            "AF_UNSPEC" => true,
            "AF_INET" | "AF_INET6" => allowed.loopback && local,
            _ => false,
        };
        if !good {
            return Ok(true);
        }
    }
    Ok(false)
}
