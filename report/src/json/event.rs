//! What is no call, as a JSON object.

use recording::event::{BornHow, Event, Hidden, Kind, Via, text};

use super::call::{number, text as pair};
use super::run::{Sums, key};
use super::{blocks, escape};
use crate::digits;
use crate::signal::{self, Siginfo};
use crate::spool::Spool;

/// What an event's own record does not say.
#[derive(Debug)]
pub(super) struct Facts {
    pub process: u32,
    /// ns since the document's time zero.
    pub ts_ns: u64,
    /// Lamport clock, when it is asked for.
    pub lamport: Option<u64>,
}

/// Appends the object; `false` when this kind of event has none.
pub(super) fn write(out: &mut Vec<u8>, facts: &Facts, event: &Event<'_>) -> bool {
    let kind = match event.kind() {
        Some(Kind::Signal) => "signal",
        Some(Kind::Stopped) => "stopped",
        Some(Kind::Continued) => "continued",
        Some(Kind::Born) if event.u8(36) != BornHow::First as u8 => "born",
        Some(Kind::Exec) if event.u32(32) != event.task() => "exec",
        // The leader that a thread's execve replaced; the exec event says so.
        Some(Kind::Died) if event.u8(36) > 1 => return false,
        Some(Kind::Died) => "exit",
        Some(Kind::Detached) => "detached",
        Some(Kind::Limit) => "limit",
        _ => return false,
    };
    out.extend_from_slice(b"{\"kind\": \"");
    out.extend_from_slice(kind.as_bytes());
    out.push(b'"');
    number(out, "seq", event.seq());
    number(out, "pid", u64::from(facts.process));
    number(out, "tid", u64::from(event.task()));
    number(out, "ts_ns", facts.ts_ns);
    match event.kind() {
        Some(Kind::Signal) => signal(out, event),
        Some(Kind::Stopped | Kind::Continued) => signal_name(out, event.u32(32)),
        Some(Kind::Born) => {
            number(out, "parent", u64::from(event.u32(32)));
            pair(out, "how", how(event.u8(36)));
        }
        Some(Kind::Exec) => exec(out, event),
        Some(Kind::Died) => died(out, event),
        _ => bytes(out, "reason", event.text(text::MAIN).unwrap_or_default()),
    }
    if let Some(clock) = facts.lamport {
        number(out, "lamport_clock", clock);
    }
    out.push(b'}');
    true
}

fn signal(out: &mut Vec<u8>, event: &Event<'_>) {
    let info = Siginfo::of(event);
    signal_name(out, event.u32(32));
    out.extend_from_slice(b", \"code\": \"");
    info.write_code(out);
    out.push(b'"');
    if let Some(sender) = info.sender() {
        number(out, "sender_pid", u64::from(sender));
    }
    if let Some(addr) = info.fault_address() {
        out.extend_from_slice(b", \"addr\": \"");
        digits::hex(out, addr);
        out.push(b'"');
    }
}

fn signal_name(out: &mut Vec<u8>, signo: u32) {
    out.extend_from_slice(b", \"signal\": \"");
    signal::write_name(out, signo);
    out.push(b'"');
}

fn exec(out: &mut Vec<u8>, event: &Event<'_>) {
    number(out, "old_tid", u64::from(event.u32(32)));
    if let Some(exe) = event.text(text::MAIN) {
        bytes(out, "exe", exe);
    }
    let argv: Vec<&[u8]> = event.payloads().filter(|p| p.head.arg == 1).map(|p| p.bytes).collect();
    if !argv.is_empty() {
        out.extend_from_slice(b", \"argv\": ");
        blocks::strings(out, &argv);
    }
}

fn died(out: &mut Vec<u8>, event: &Event<'_>) {
    match event.u8(36) {
        0 => number(out, "status", u64::from(event.u32(32))),
        _ => {
            signal_name(out, event.u32(32));
            out.extend_from_slice(b", \"core\": ");
            out.extend_from_slice(if event.u8(37) != 0 { b"true" } else { b"false" });
        }
    }
}

fn bytes(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(b", ");
    key(out, name);
    escape::string(out, value);
}

/// Where an event goes that tells of the recording and not of the target.
pub(super) fn aside<'s>(sums: &'s mut Sums, event: &Event<'_>) -> Option<&'s mut Spool> {
    match event.kind()? {
        Kind::Lost => Some(&mut sums.lost),
        Kind::Unseen => Some(&mut sums.unseen),
        Kind::Engine => Some(&mut sums.engine_changes),
        _ => None,
    }
}

/// Appends the object of such an event.
pub(super) fn about_the_recording(out: &mut Vec<u8>, event: &Event<'_>) {
    out.extend_from_slice(b"{\"tid\": ");
    digits::dec(out, u64::from(event.task()));
    match event.kind() {
        Some(Kind::Lost) => {
            number(out, "count", event.u64(32));
            number(out, "first", event.u64(40));
            number(out, "last", event.u64(48));
            pair(out, "engine", engine(event.u32(56)));
        }
        Some(Kind::Unseen) => pair(out, "what", hidden(event.u32(32))),
        _ => {
            pair(out, "from", engine(u32::from(event.u8(32))));
            pair(out, "to", engine(u32::from(event.u8(33))));
        }
    }
    if let Some(reason) = event.text(text::MAIN) {
        bytes(out, "reason", reason);
    }
    out.push(b'}');
}

fn how(raw: u8) -> &'static str {
    match BornHow::from_raw(raw) {
        Some(BornHow::Fork) => "fork",
        Some(BornHow::Vfork) => "vfork",
        Some(BornHow::Clone) => "clone",
        Some(BornHow::Thread) => "clone-thread",
        Some(BornHow::First) => "first",
        Some(BornHow::Attached) => "attached",
        None => "unknown",
    }
}

fn engine(raw: u32) -> &'static str {
    match u8::try_from(raw).ok().and_then(Via::from_raw) {
        Some(Via::Ptrace | Via::Seccomp) => "ptrace",
        Some(Via::Patched) => "fast",
        Some(Via::Perf) => "perf",
        Some(Via::Bpf) => "bpf",
        None => "unknown",
    }
}

fn hidden(raw: u32) -> &'static str {
    match u8::try_from(raw).ok().and_then(Hidden::from_raw) {
        Some(Hidden::Vdso) => "vdso",
        Some(Hidden::UntracedChild) => "untraced-child",
        Some(Hidden::IoUring) => "io-uring",
        Some(Hidden::OtherTracer) => "other-tracer",
        Some(Hidden::SetuidLost) => "setuid-lost",
        Some(Hidden::AttackOnTracer) => "attack-on-tracer",
        Some(Hidden::UnpatchedSites) => "unpatched-sites",
        Some(Hidden::Other) | None => "other",
    }
}
