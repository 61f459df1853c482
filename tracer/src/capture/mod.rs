//! Capture: the bytes behind the pointers of a call, copied while its task is stopped.
//!
//! In: a record with a call's words, at its entry and at its exit. Out: the same record with
//! payloads. What to copy is in the `syscalls` rows; how much, in the limits of the session.
//!
//! How payloads are numbered, beyond `recording::event` (printers and goldens rely on it):
//!
//! | argument | payloads |
//! |---|---|
//! | path, string | `Text`, path 0. Whole: `wanted` = its length. Longer than was kept: `wanted` is larger than the bytes and `CLIPPED`. No NUL before a fault: `FAULTED` |
//! | data moved | `Bytes`, path 0, `wanted` = bytes claimed (before) or moved (after). More than 64 KiB: several payloads with the same arg, phase and path and rising `addr`, `wanted` the whole in each |
//! | structure, array, raw bytes | `Struct`, path 0, `wanted` = bytes claimed |
//! | `iovec[]` | the array: `Vector`, path 0, `wanted` = bytes of the claimed array; data of element i: as data moved but `Element`, path i |
//! | `msghdr` | `Struct`, path 0; name `Struct` path `1<<16`; vector `Vector` path `2<<16`; data of element i `Element` path `2<<16 \| i`; control `Struct` path `3<<16` |
//! | `mmsghdr[]` | the array: `Struct`, path 0; parts of message k as above, path `(4 + 4k + part) << 16 \| i` |
//! | structure that leads to more | the structure: `Struct`, path 0; behind its field f: `Struct` (`Text` for a text) path `(f + 1)<<16` |
//! | `iocb *[]` | the addresses: `Struct`, path 0; block k: `Struct` path `(k + 1)<<16`; its data `Element`, its vector `Vector` at the same path |
//! | `argv` | pointers: `Vector`, path 0, `wanted` = their number; string i: `Element`, path i |
//! | `envp` | the same; when the environment is not kept, an empty `Vector` with `NOT_READ` and `wanted` = the number of variables |
//! | descriptor | `Note`s, see `notes`; those that stand in memory, see `nested` |
//! | none | where it is asked for, how long the task had run: a `Note`, see `cpu_time` |
//!
//! Words of a `Vector` are 64 bits wide also for tasks with 4-byte pointers. Structures of such tasks
//! are not copied, nor is anything behind NULL. A length of zero gives an empty payload.
//!
//! What stands behind no argument itself: see `aside`.
//!
//! A payload with phase 0 and `READ_AFTER` holds the bytes of a buffer the kernel read, taken when it
//! was known how many: golden mode keeps what was moved, not what was offered.

mod aside;
mod cpu_time;
mod gather;
mod nested;
mod netlink;
mod notes;
mod plan;
mod stream;

use recording::event::{self, Record, status};
use recording::session::PayloadLimits;
use syscalls::{Abi, Arg, Count, Dir, Kind, Memory, Shape, Syscall, layout};

use crate::filestate::FileStates;
use crate::procfs::ProcPath;
use aside::Aside;
use gather::{Gather, Keep, MMSGHDR, MSGHDR, NAME_BYTES, Number, PIECE_BYTES, Place, Then, Width};
use netlink::Netlinks;
use notes::Notes;
use plan::{CallPlan, Plans};
use stream::Content;

/// Bytes kept of a buffer whose structure nobody decodes.
const RAW_BYTES: u64 = 4096;

/// Bytes of a page.
const PAGE: u64 = 4096;

/// `ioctl` on /dev/userfaultfd that makes a userfaultfd (userfaultfd(2)): `_IO(0xAA, 0x00)`.
const USERFAULTFD_IOC_NEW: u64 = 0xaa00;

/// Whose call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    /// The task that stands at the stop.
    pub tid: u32,
    /// Its process.
    pub pid: u32,
    /// The calling convention of this call.
    pub abi: Abi,
}

/// Copies payloads. One per session; keeps its scratch, so that the steady state allocates nothing.
pub struct Capture {
    plans: Plans,
    gather: Gather,
    limits: PayloadLimits,
    content: Option<Content>,
    notes: Notes,
    netlinks: Netlinks,
    files: Option<FileStates>,
}

/// One stop of one call.
struct Stop<'a> {
    who: Who,
    args: &'a [Arg],
    words: [u64; 6],
    /// Bytes or elements that the call gave; `None` at entry, 0 after a failure.
    result: Option<u64>,
    phase: u8,
    keep: Keep,
    /// Status of data read at this stop.
    status: u8,
}

/// How much stands behind a pointer.
#[derive(Clone, Copy)]
enum Amount {
    Known(u64),
    Behind(Number),
}

impl Capture {
    /// A capture under these limits; `golden` keeps what goldens stand on.
    pub fn new(limits: &PayloadLimits, golden: bool) -> Self {
        Capture {
            plans: Plans::default(),
            gather: Gather::new(limits.elements, limits.argv_bytes),
            limits: limits.clone(),
            content: golden.then(|| Content::new(limits.content_max.unwrap_or(0))),
            notes: Notes::new(limits.notes, golden),
            netlinks: Netlinks::default(),
            files: golden.then(FileStates::new),
        }
    }

    /// Why memory is read by a slower way than `process_vm_readv`: once, when that begins.
    pub fn take_fallback(&mut self) -> Option<String> {
        self.gather.memory.take_fallback()
    }

    /// The call of `record` was entered: appends what it reads.
    pub fn entry(&mut self, who: &Who, record: &mut Record) {
        let Some((nr, words)) = record.view().call().map(|call| (call.nr(), call.args())) else { return };
        if self.limits.cpu_time {
            cpu_time::note(who, 0, record);
        }
        let plan = self.plans.get(who.abi, nr);
        let Some(row) = plan.row else { return };
        if plan.moves_messages && self.netlinks.may_be(words[0]) {
            self.notes.netlink(who, words[0] as i32, record);
        }
        if plan.before {
            self.before(who, plan.aside, row.args_for(&words), words, record);
        }
        if (plan.fds || plan.nests_fds) && self.notes.wanted() {
            self.notes.before(who, row, &words, record);
        }
        if let Some(files) = &mut self.files {
            files.before(who.tid, row, &words);
            files.note_presence(who.tid, row, &words, record);
        }
    }

    /// The call of `record` was left and its result is in it: appends what it wrote.
    pub fn exit(&mut self, who: &Who, record: &mut Record) {
        let view = record.view();
        let Some(call) = view.call().filter(|call| call.entered() && call.returned()) else { return };
        let (nr, words, result) = (call.nr(), call.args(), call.result());
        if self.limits.cpu_time {
            cpu_time::note(who, 1, record);
        }
        let plan = self.plans.get(who.abi, nr);
        let Some(row) = plan.row else { return };
        if plan.after || (plan.before && self.content.is_some()) {
            self.after(who, plan, row, words, result, record);
        }
        if plan.watches_faults && result >= 0 && (row.name == "userfaultfd" || words[1] == USERFAULTFD_IOC_NEW) {
            self.never_sleep();
        }
        if self.notes.wanted() {
            self.notes.after(who, row, &words, result, plan, record);
        }
        if plan.makes_sockets {
            self.netlinks.made(row, &words, result);
        }
        if let Some(files) = &mut self.files {
            files.after(who.tid, row, &words, result, record);
        }
    }

    /// We attached to a process: it may have set up things that we would have seen it do.
    pub fn attached(&mut self, pid: u32) {
        let fds = std::fs::read_dir(ProcPath::of(pid, "fd").as_str()).into_iter().flatten().flatten();
        for fd in fds {
            let Ok(link) = std::fs::read_link(fd.path()) else { continue };
            if link.as_os_str() == "anon_inode:[userfaultfd]" {
                self.never_sleep();
            }
            let number = fd.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(number) = number.filter(|_| link.as_os_str().as_encoded_bytes().starts_with(b"socket:")) {
                self.netlinks.mark(number);
            }
        }
    }

    fn never_sleep(&mut self) {
        self.gather
            .memory
            .never_sleep("a target handles its own page faults (userfaultfd): its memory is read by /proc/TID/mem");
    }

    /// A task stands at its exit stop. Golden mode looks at the files that it may be the last to hold.
    pub fn leaving(&mut self, tid: u32) {
        if let Some(files) = &mut self.files {
            files.leaving(tid);
        }
    }

    /// The last task is gone, or the session ends without it: the states of all files are due.
    pub fn session_over(&mut self) {
        if let Some(files) = &mut self.files {
            files.session_over();
        }
    }

    /// Are there `FileState` events to be pushed? Ask after each exit, [`Capture::leaving`] and
    /// [`Capture::session_over`], behind the event of the stop itself.
    pub fn has_file_states(&self) -> bool {
        self.files.as_ref().is_some_and(FileStates::pending)
    }

    /// Makes `record` the next `FileState` event; false when there is none left.
    pub fn next_file_state(&mut self, record: &mut Record, task: u32, seq: u64, at: u64) -> bool {
        match (&mut self.files, &mut self.content) {
            (Some(files), Some(content)) => files.next(record, task, seq, at, content.left()),
            _ => false,
        }
    }

    fn before(&mut self, who: &Who, aside: Aside, args: &[Arg], words: [u64; 6], record: &mut Record) {
        let keep = self.keep(who, args, &words, record);
        let stop = Stop { who: *who, args, words, result: None, phase: 0, keep, status: 0 };
        self.gather.begin(who.abi.word_size());
        for (i, arg) in args.iter().enumerate().take(6) {
            match arg.kind.memory() {
                // What is moved is known afterwards.
                Some(memory) if keep == Keep::All && memory.dir == Dir::In && moves_data(memory.shape) => {}
                Some(memory) if memory.dir != Dir::Out => self.want(&stop, i, memory, record),
                _ => {}
            }
        }
        aside.before(&mut self.gather, record);
        self.take(who.tid, record);
    }

    fn after(
        &mut self,
        who: &Who,
        plan: CallPlan,
        row: &'static Syscall,
        words: [u64; 6],
        result: i64,
        record: &mut Record,
    ) {
        let args = row.args_for(&words);
        let failed = (-4095..0).contains(&result);
        let keep = self.keep(who, args, &words, record);
        let gave = if failed { 0 } else { result as u64 };
        let stop = Stop { who: *who, args, words, result: Some(gave), phase: 1, keep, status: 0 };
        self.gather.begin(who.abi.word_size());
        for (i, arg) in args.iter().enumerate().take(6) {
            let Some(memory) = arg.kind.memory() else { continue };
            if memory.dir == Dir::In {
                if keep == Keep::All && moves_data(memory.shape) {
                    self.want_moved(&stop, i, memory, failed, record);
                }
                // sendmmsg(2) writes how much of each message went into the array it read.
                if let Shape::Mmsghdr(_) = memory.shape
                    && !failed
                    && who.abi.word_size() == 8
                {
                    self.want_sent(&stop, i);
                }
            } else if !failed || written_on_failure(row.name, &arg.kind, result) {
                self.want(&stop, i, memory, record);
            }
        }
        if !failed {
            plan.aside.after(&mut self.gather, record);
        }
        self.take(who.tid, record);
    }

    /// A process replaced its image or ended: what was known of its descriptors is void.
    pub fn forget(&mut self, pid: u32) {
        self.notes.forget(pid);
    }

    /// How data moved by this call is kept.
    fn keep(&mut self, who: &Who, args: &[Arg], words: &[u64; 6], record: &Record) -> Keep {
        match &mut self.content {
            Some(content) if args.iter().any(|a| a.kind.memory().is_some_and(|m| moves_data(m.shape))) => {
                let fd = args.iter().zip(words).find(|(arg, _)| matches!(arg.kind, Kind::Fd)).map(|(_, word)| *word);
                content.keep(who.tid, fd, self.limits.data)
            }
            // Their messages are structures, not text.
            None if self.netlinks.may_be(words[0]) && netlink::is_noted(record) => {
                Keep::Most(self.limits.data.max(PIECE_BYTES))
            }
            _ => Keep::Most(self.limits.data),
        }
    }

    /// Reads and appends what was asked for.
    fn take(&mut self, tid: u32, record: &mut Record) {
        if self.gather.is_empty() {
            return;
        }
        self.gather.run(tid);
        self.gather.write(record);
        stream::write(&mut self.gather, self.content.as_mut(), tid, record);
    }

    /// Golden mode, after the call: what it took from a buffer of the target.
    fn want_moved(&mut self, stop: &Stop<'_>, i: usize, memory: Memory, failed: bool, record: &Record) {
        let keep = if failed { Keep::Most(self.limits.data) } else { stop.keep };
        let result = if failed { None } else { stop.result };
        let stop = Stop { phase: 0, result, keep, status: status::READ_AFTER, ..*stop };
        self.want(&stop, i, memory, record);
    }

    /// The headers of the messages that were sent, without their parts.
    fn want_sent(&mut self, stop: &Stop<'_>, i: usize) {
        let sent = stop.result.unwrap_or(0).min(self.limits.elements).saturating_mul(MMSGHDR);
        let place = Place { arg: i as u8, phase: 1, shape: event::Shape::Struct, path: 0 };
        self.gather.want(place, stop.pointer(i), sent, sent, Then::Rest);
    }

    /// Asks for the memory behind argument `i`.
    fn want(&mut self, stop: &Stop<'_>, i: usize, memory: Memory, record: &Record) {
        let addr = stop.pointer(i);
        if addr == 0 {
            return;
        }
        let place = |shape| Place { arg: i as u8, phase: stop.phase, shape, path: 0 };
        let compat = stop.who.abi.word_size() != 8;
        match memory.shape {
            Shape::Text => self.gather.want_text(place(event::Shape::Text), addr, NAME_BYTES),
            Shape::Name(count) => {
                if let Amount::Known(len) = stop.amount(count) {
                    self.gather.want(place(event::Shape::Bytes), addr, len, len.min(NAME_BYTES), Then::Rest);
                }
            }
            Shape::Structs { size, count } => {
                if compat && !same_when_compat(&stop.args[i].kind) {
                    return;
                }
                self.want_structs(stop, place(event::Shape::Struct), addr, u64::from(size), count, record);
            }
            Shape::Data(count) => {
                if let Amount::Known(len) = stop.amount(count) {
                    // A buffer the kernel read: no more than it took, once that is known.
                    let len = if stop.phase == 0 { len.min(stop.result.unwrap_or(len)) } else { len };
                    self.gather.want_data(stop.status, place(event::Shape::Bytes), addr, len, stop.keep);
                } else {
                    self.want_structs(stop, place(event::Shape::Bytes), addr, 1, count, record);
                }
            }
            Shape::Iovec(count) => {
                if let Amount::Known(count) = stop.amount(count) {
                    let moved = stop.result.unwrap_or(u64::MAX);
                    self.gather.want_vectors(stop.status, place(event::Shape::Vector), addr, count, moved, stop.keep);
                }
            }
            Shape::Msghdr if compat => {}
            Shape::Mmsghdr(_) if compat => {}
            Shape::Msghdr => {
                let then =
                    Then::Message { moved: stop.result.unwrap_or(u64::MAX), keep: stop.keep, status: stop.status };
                let then = if stop.offers_only(memory.dir) { Then::Rest } else { then };
                self.gather.want_with(stop.status, place(event::Shape::Struct), addr, MSGHDR, MSGHDR, then);
            }
            Shape::Mmsghdr(count) => {
                let Amount::Known(claim) = stop.amount(count) else { return };
                let claim = stop.result.map_or(claim, |done| claim.min(done));
                let wanted = claim.saturating_mul(MMSGHDR);
                let ask = claim.min(self.limits.elements) * MMSGHDR;
                let then = Then::Messages { moved: stop.result.is_some(), keep: stop.keep, status: stop.status };
                let then = if stop.offers_only(memory.dir) { Then::Rest } else { then };
                self.gather.want_with(stop.status, place(event::Shape::Struct), addr, wanted, ask, then);
            }
            Shape::Blocks(_) if compat => {}
            Shape::Blocks(count) => {
                if let Amount::Known(count) = stop.amount(count) {
                    let ask = count.min(self.limits.elements) * 8;
                    let then = Then::Blocks { keep: self.limits.data };
                    self.gather.want(place(event::Shape::Struct), addr, count.saturating_mul(8), ask, then);
                }
            }
            Shape::Strings => {
                self.gather.want_pointers(place(event::Shape::Vector), addr, self.limits.argv_elements);
            }
            Shape::Environment => {
                let strings = if self.limits.environment { self.limits.argv_elements } else { 0 };
                self.gather.want_pointers(place(event::Shape::Vector), addr, strings);
            }
        }
    }

    fn want_structs(&mut self, stop: &Stop<'_>, place: Place, addr: u64, size: u64, count: Count, record: &Record) {
        let most = match (&stop.args[place.arg as usize].kind, size) {
            (Kind::Raw(..), _) => RAW_BYTES,
            (Kind::Bytes(..), _) => self.limits.data.min(PIECE_BYTES),
            (_, 1) => PIECE_BYTES,
            // What poll found may stand behind the elements that are shown of what it was asked.
            (Kind::Struct(layout, ..), _) if std::ptr::eq(*layout, &layout::POLLFD) && stop.phase == 1 => PIECE_BYTES,
            _ => self.limits.elements.saturating_mul(size).min(PIECE_BYTES),
        };
        match stop.amount(count) {
            Amount::Known(count) => {
                let wanted = count.saturating_mul(size);
                self.gather.want(place, addr, wanted, wanted.min(most), stop.leads_to(place));
            }
            // Written by the call: no more than the number said before it, nor than it says now.
            Amount::Behind(number) => match number_before(record, number).filter(|_| stop.phase == 1) {
                Some(before) => {
                    let wanted = before.saturating_mul(size);
                    let then = if stop.is_written(number.arg) { Then::CutBy(number) } else { Then::Rest };
                    self.gather.want(place, addr, wanted, wanted.min(most), then);
                }
                None => self.gather.want(place, addr, 0, 0, Then::SizedBy { number, size, most }),
            },
        }
    }
}

impl Stop<'_> {
    /// A word as an address of the task.
    fn pointer(&self, i: usize) -> u64 {
        match self.who.abi {
            Abi::I386 | Abi::Arm => self.words[i] & 0xffff_ffff,
            _ => self.words[i],
        }
    }

    /// A word as a length: an `int` of 32 bits when that is what the row says.
    fn length(&self, i: u8) -> u64 {
        let word = self.words.get(i as usize).copied().unwrap_or(0);
        match self.args.get(i as usize).map(|arg| arg.kind) {
            Some(Kind::Int) => u64::try_from(word as i32).unwrap_or(0),
            Some(Kind::UInt) => word & 0xffff_ffff,
            _ if self.who.abi == Abi::I386 || self.who.abi == Abi::Arm => word & 0xffff_ffff,
            _ => word,
        }
    }

    fn amount(&self, count: Count) -> Amount {
        Amount::Known(match count {
            Count::Fixed(n) => u64::from(n),
            Count::Arg(arg) => self.length(arg),
            Count::ResultUpTo(arg) => self.length(arg).min(self.result.unwrap_or(0)),
            Count::Result => self.result.unwrap_or(0),
            Count::Behind(arg) => return Amount::Behind(Number { arg, at: 0, width: Width::Int }),
            Count::BehindLong(arg) => return Amount::Behind(Number { arg, at: 0, width: Width::Size }),
            Count::Within(arg, at) => return Amount::Behind(Number { arg, at: usize::from(at), width: Width::UInt }),
            Count::Bits(arg) => {
                let word = 8 * self.who.abi.word_size() as u64;
                self.length(arg).div_ceil(word) * (word / 8)
            }
            Count::Product(a, b) => self.length(a).saturating_mul(self.length(b)),
            Count::Plus(arg, size, more) => {
                self.length(arg).saturating_mul(u64::from(size)).saturating_add(u64::from(more))
            }
            Count::Pages(arg) => self.length(arg).div_ceil(PAGE),
        })
    }

    /// What a structure leads to, of the few of which that says what happened.
    fn leads_to(&self, place: Place) -> Then {
        let Some(arg) = self.args.get(usize::from(place.arg)) else { return Then::Rest };
        match (arg.kind, arg.name, self.words[0] as u32) {
            (Kind::Interfaces, ..) if place.phase == 1 => Then::Counted { most: RAW_BYTES },
            // bpf(2): the license of a program, the path of an object, the name of a tracepoint.
            (Kind::Raw(..), "uattr", 5) => Then::Name { at: 16 },
            (Kind::Raw(..), "uattr", 6 | 7 | 17) => Then::Name { at: 0 },
            (Kind::Struct(layout, ..) | Kind::Sized(layout, ..), ..) if layout.leads() => {
                Then::Fields { layout, next: self.length(place.arg + 1) }
            }
            _ => Then::Rest,
        }
    }

    /// Does the call write what stands behind this argument?
    fn is_written(&self, arg: u8) -> bool {
        let memory = self.args.get(usize::from(arg)).and_then(|arg| arg.kind.memory());
        memory.is_some_and(|memory| memory.dir != Dir::In)
    }

    /// Before a call that fills the buffers of a message: they hold nothing yet.
    fn offers_only(&self, dir: Dir) -> bool {
        self.result.is_none() && dir == Dir::InOut
    }
}

fn moves_data(shape: Shape) -> bool {
    matches!(shape, Shape::Data(_) | Shape::Iovec(_) | Shape::Msghdr | Shape::Mmsghdr(_))
}

/// Is this memory laid out the same for tasks with 4-byte words?
fn same_when_compat(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Raw(..)
            | Kind::Bytes(..)
            | Kind::Sockaddr(..)
            | Kind::FdPair
            | Kind::Ints(..)
            | Kind::IntRef(_)
            | Kind::FlagsRef(..)
            | Kind::EnumRef(..)
            | Kind::SignalRef
            | Kind::PageStates(_)
            | Kind::WaitStatus
            | Kind::SigSet(..)
            | Kind::FdSet(_)
            | Kind::CpuSet(..)
            | Kind::Dirents64
    )
}

/// Does the kernel fill this argument although the call failed? accept(2) and getsockopt(2) give the
/// length they need, an interrupted nanosleep(2) the time that was left.
fn written_on_failure(name: &str, kind: &Kind, result: i64) -> bool {
    match name {
        // Which buffers were offered is told, though nothing is in them.
        _ if matches!(kind, Kind::Iovec(Dir::Out, _)) => true,
        "name_to_handle_at" => result == -i64::from(libc::EOVERFLOW) && matches!(kind, Kind::Struct(..)),
        "sched_setattr" => result == -i64::from(libc::E2BIG),
        "accept" | "accept4" | "getsockopt" => matches!(kind, Kind::IntRef(_)),
        "nanosleep" | "clock_nanosleep" | "clock_nanosleep_time64" => {
            result == -i64::from(libc::EINTR) || (-516..=-512).contains(&result)
        }
        _ => false,
    }
}

/// A number behind an argument as it was before the call.
fn number_before(record: &Record, number: Number) -> Option<u64> {
    let mut payloads = record.view().payloads();
    let payload =
        payloads.find(|p| p.head.arg == number.arg && p.head.phase == 0 && p.head.shape == event::Shape::Struct)?;
    number.of(payload.bytes)
}
