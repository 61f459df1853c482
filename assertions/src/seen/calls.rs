//! Rules that look at calls by themselves: how many, how many bytes, which addresses.

use recording::decode::{Endpoint, Family};
use recording::event::Shape;
use regex::Regex;
use syscalls::Filter;

use super::answer::{Answer, Kept};
use super::made::Made;
use crate::count::Gap;
use crate::finding::{Findings, text};
use crate::rule::{Allowed, Asks, Direction, Question};

/// What one rule has seen of the calls.
#[derive(Debug)]
pub(crate) struct Calls {
    asks: Asks,
    processes: Option<Regex>,
    found: Findings,
    /// Calls that count, bytes that count.
    value: u64,
    mapped: bool,
}

impl Calls {
    pub fn new(question: &Question) -> Calls {
        let (asks, processes) = (question.asks.clone(), question.processes.clone());
        Calls { asks, processes, found: Findings::default(), value: 0, mapped: false }
    }

    pub fn call(&mut self, made: &Made<'_>) {
        if !is_of(self.processes.as_ref(), made.exe) {
            return;
        }
        let (count, counts) = match &self.asks {
            Asks::MustCall { calls, .. } => (1, made.succeeded() && made.is_in(calls)),
            Asks::MustNotCall { calls, .. } => (1, made.is_in(calls)),
            Asks::CountBudget { calls, errors_only, .. } => {
                (1, made.is_in(calls) && (!errors_only || made.call.errno().is_some()))
            }
            Asks::ByteBudget { calls, direction, .. } => {
                self.mapped |= is_shared_store(made);
                let moved = made.moved();
                let counts = moved.bytes > 0 && goes(*direction, moved.out, moved.into) && made.is_in(calls);
                (moved.bytes, counts)
            }
            Asks::NoNetwork(allowed) => return forbidden(*allowed, made, &mut self.found),
            _ => return,
        };
        if counts {
            self.value = self.value.saturating_add(count);
            self.found.add(made.exe, &made.name(), None);
        }
    }

    /// What came of it; `gap` tells what was not seen.
    pub fn answer_with(self, gap: Option<&Gap>) -> Answer {
        let needs = self.asks.needs();
        let hidden = gap.and_then(|gap| gap.hides(Some(&needs)));
        self.answer().with_gap(hidden)
    }

    fn answer(self) -> Answer {
        match self.asks {
            Asks::MustCall { min, .. } => at_least(self.value, min),
            Asks::MustNotCall { .. } => Answer::none_of(self.found, "forbidden call"),
            Asks::NoNetwork(_) => Answer::none_of(self.found, "forbidden address"),
            Asks::CountBudget { max, .. } => Answer::at_most(self.value, max, "calls", "Calls", self.found),
            Asks::ByteBudget { max, .. } => bytes(self.value, max, self.mapped, self.found),
            _ => Answer { kept: Kept::Unknown("it is about objects".into()), ..Answer::none_of(self.found, "call") },
        }
    }
}

/// Of `must_call`.
pub(super) fn at_least(value: u64, min: u64) -> Answer {
    let enough = value >= min;
    let message = if enough {
        format!("Calls that succeeded: {value} >= {min}")
    } else {
        format!("Calls that succeeded: {value}, at least {min} are needed")
    };
    let kept = if enough { Kept::Surely } else { Kept::Lacking };
    Answer { kept, value, budget: min, unit: "calls", found: Default::default(), message }
}

/// Of `byte_budget`.
pub(super) fn bytes(value: u64, max: u64, mapped: bool, found: Findings) -> Answer {
    let answer = Answer::at_most(value, max, "bytes", "Bytes", found);
    if mapped && answer.kept == Kept::Yes {
        let why = "a file was mapped shared and writable: bytes stored there go through no call";
        return Answer { kept: Kept::Unknown(why.into()), ..answer };
    }
    answer
}

/// Does a rule with this pattern look at a process of this executable?
pub(super) fn is_of(processes: Option<&Regex>, exe: &[u8]) -> bool {
    processes.is_none_or(|pattern| pattern.is_match(&text(exe)))
}

/// Do bytes that move this way count?
pub(super) fn goes(direction: Direction, out: bool, into: bool) -> bool {
    match direction {
        Direction::Both => out || into,
        Direction::Read => out,
        Direction::Written => into,
    }
}

const PROT_WRITE: u64 = 2;
const MAP_ANONYMOUS: u64 = 0x20;
/// `MAP_SHARED`, and the lowest bit of `MAP_SHARED_VALIDATE`.
const MAP_SHARED: u64 = 1;

/// Was a file mapped so that stores into memory reach it (mmap(2))?
pub(super) fn is_shared_store(made: &Made<'_>) -> bool {
    let args = made.call.args();
    let maps = made.row.is_some_and(|row| matches!(row.name, "mmap" | "mmap2")) && made.succeeded();
    maps && args[2] & PROT_WRITE != 0 && args[3] & MAP_SHARED != 0 && args[3] & MAP_ANONYMOUS == 0
}

/// The addresses that a call names, as far as they are not allowed. A refused attempt counts.
fn forbidden(allowed: Allowed, made: &Made<'_>, found: &mut Findings) {
    let Some(row) = made.row else { return };
    let mut tell = |address: &[u8]| {
        if let Some(end) = Endpoint::from_sockaddr(address).filter(|end| !allowed.takes(end, address)) {
            found.add(made.exe, row.name, Some(&end.text));
        }
    };
    match row.name {
        "connect" | "bind" => made.structure(1, 0).into_iter().for_each(tell),
        "sendto" => made.structure(4, 0).into_iter().for_each(tell),
        "sendmsg" | "sendmmsg" => names_of_messages(made).for_each(&mut tell),
        _ => {}
    }
}

/// The addresses of messages that are sent: the first part of each message, which has four numbers of its own.
fn names_of_messages<'a>(made: &Made<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let is_name = |path: u32| path >> 16 & 3 == 1;
    let payloads = made.call.payloads_of(1).filter(|payload| payload.head.phase == 0);
    payloads.filter(move |p| p.head.shape == Shape::Struct && is_name(p.head.path)).map(|payload| payload.bytes)
}

impl Asks {
    /// The calls that must be seen to judge it.
    pub(super) fn needs(&self) -> Filter {
        match self {
            Asks::MustCall { calls, .. }
            | Asks::MustNotCall { calls, .. }
            | Asks::CountBudget { calls, .. }
            | Asks::ByteBudget { calls, .. } => calls.clone(),
            _ => Filter::parse("%network").unwrap_or_else(|_| Filter::all()),
        }
    }
}

impl Allowed {
    fn takes(self, end: &Endpoint, address: &[u8]) -> bool {
        match end.family {
            Family::Unix => self.unix,
            // AF_UNSPEC undoes a connection (connect(2)).
            Family::Other(0) => true,
            Family::Other(16) => self.netlink,
            Family::Other(_) => false,
            Family::V4 => self.loopback && address.get(4) == Some(&127),
            Family::V6 => self.loopback && address.get(8..24).is_some_and(is_loopback),
        }
    }
}

/// ::1, and 127.0.0.0/8 as IPv6 writes it (::ffff:127.0.0.1).
fn is_loopback(address: &[u8]) -> bool {
    let one = |bytes: &[u8]| bytes.iter().take(15).all(|byte| *byte == 0) && bytes.last() == Some(&1);
    let mapped = address.starts_with(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127]);
    one(address) || mapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_apart() {
        let unix = Allowed { unix: true, netlink: true, loopback: false };
        let takes = |allowed: Allowed, bytes: &[u8]| {
            Endpoint::from_sockaddr(bytes).is_some_and(|end| allowed.takes(&end, bytes))
        };
        let local = [2, 0, 0, 80, 127, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let far = [2, 0, 0, 80, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0];
        let mut six = [0u8; 28];
        (six[0], six[23]) = (10, 1);
        let loopback = Allowed { loopback: true, ..unix };
        assert!(takes(unix, b"\x01\0/run/x") && takes(unix, &[16, 0, 0, 0]) && takes(unix, &[0, 0, 0]));
        assert!(!takes(unix, &local) && !takes(unix, &six));
        assert!(takes(loopback, &local) && takes(loopback, &six) && !takes(loopback, &far));
        six[8] = 1;
        assert!(!takes(loopback, &six));
        assert!(!takes(loopback, &[17, 0, 1, 2]), "packets");
    }
}
