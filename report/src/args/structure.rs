//! Structures: field by field from their layout, unless strace has a form of its own for them.

use recording::event::Shape;
use syscalls::layout::{self, Field, FieldKind, Layout, Lead};
use syscalls::{Count, Dir};

use super::content::Content;
use super::kept;
use super::printer::{Printer, until_nul};
use super::string::Quoting;
use crate::text::HexStrings;

/// Bytes of a structure when it was new: with fewer the kernel refuses it.
fn first_version(layout: &'static Layout) -> usize {
    if std::ptr::eq(layout, &layout::CLONE_ARGS) {
        64
    } else if std::ptr::eq(layout, &layout::SCHED_ATTR) {
        0
    } else {
        layout.size as usize
    }
}

const E2BIG: u16 = 7;

/// Is this a field that must be zero, and is? Others of them are told.
pub(super) fn is_silent(field: &Field, bytes: &[u8]) -> bool {
    let own = bytes.get(field.at as usize..(field.at + field.width) as usize).unwrap_or(&[]);
    (field.name.starts_with("resv") || field.name.starts_with("__reserved")) && own.iter().all(|byte| *byte == 0)
}

type Write = fn(&mut Printer<'_, '_>, &[u8]);

/// Structures with a form of their own.
static FORMS: &[(&Layout, Write)] = &[
    (&layout::STAT, |own, bytes| own.stat(bytes)),
    (&layout::STATX, |own, bytes| own.statx(bytes)),
    (&layout::STATFS, |own, bytes| own.statfs(bytes)),
    (&layout::SIGACTION, |own, bytes| own.sigaction(bytes)),
    (&layout::RLIMIT, |own, bytes| own.rlimit(bytes)),
    (&layout::TIMESPEC, |own, bytes| own.timespec(bytes)),
    (&layout::TIMEVAL, |own, bytes| own.timeval(bytes)),
    (&layout::POLLFD, |own, bytes| own.pollfd(bytes)),
    (&layout::EPOLL_EVENT, |own, bytes| own.epoll_event(bytes)),
    (&layout::TERMIOS, |own, bytes| own.termios(bytes)),
    (&layout::TERMIOS2, |own, bytes| own.termios(bytes)),
    (&layout::CLONE_ARGS, |own, bytes| own.clone_args(bytes)),
    (&layout::OPEN_HOW, |own, bytes| own.open_how(bytes)),
    (&layout::FLOCK, |own, bytes| own.file_lock(bytes)),
    (&layout::SCHED_PARAM, |own, bytes| own.sched_param(bytes)),
    (&layout::SIGEVENT, |own, bytes| own.sigevent(bytes)),
    (&layout::SELECT_MASK, |own, bytes| own.select_mask(bytes)),
    (&layout::SCHED_ATTR, |own, bytes| own.sched_attr(bytes)),
    (&layout::TMS, |own, bytes| own.process_times(bytes)),
    (&layout::UTIMBUF, |own, bytes| own.file_times(bytes)),
    (&layout::USER_DESC, |own, bytes| own.segment(bytes)),
    (&layout::PERF_EVENT_ATTR, |own, bytes| own.perf_event_attr(bytes)),
    (&layout::IFREQ, |own, bytes| own.interface(bytes)),
    (&layout::IOCB, |own, bytes| own.block_head(bytes)),
    (&layout::IO_URING_RESTRICTION, |own, bytes| own.ring_restriction(bytes)),
    (&layout::LOOP_INFO, |own, bytes| own.loop_info(&layout::LOOP_INFO, bytes)),
    (&layout::LOOP_INFO64, |own, bytes| own.loop_info(&layout::LOOP_INFO64, bytes)),
];

/// Structures that strace 6.1 leaves at their address.
static ADDRESSES: &[&Layout] = &[&layout::ROBUST_LIST_HEAD, &layout::RSEQ];

/// Structures of which only so many fields are shown.
static SHORT: &[(&Layout, usize)] = &[
    (&layout::RUSAGE, 2),
    (&layout::UTSNAME, 2),
    (&layout::DQBLK, 6),
    (&layout::DISK_QUOTA, 10),
    (&layout::RTC_TIME, 6),
];

/// Structures of which so many fields are asked, and the others answered.
static ANSWERED: &[(&Layout, usize)] = &[
    (&layout::UFFDIO_REGISTER, 2),
    (&layout::UFFDIO_COPY, 4),
    (&layout::UFFDIO_ZEROPAGE, 2),
    (&layout::UFFDIO_CONTINUE, 2),
];

impl Printer<'_, '_> {
    /// A structure, or an array of them, behind argument `at`.
    pub(super) fn structures(&mut self, at: u8, layout: &'static Layout, dir: Dir, count: Count) {
        if dir == Dir::Out {
            self.late();
        }
        if ADDRESSES.iter().any(|own| std::ptr::eq(*own, layout)) || self.is_unlooked_at() {
            return self.address(at);
        }
        if dir == Dir::Out && self.is_untouched(layout) {
            return self.address(at);
        }
        if std::ptr::eq(layout, &layout::SCHED_ATTR) {
            return self.sched_attr_argument(at);
        }
        if std::ptr::eq(layout, &layout::FILE_HANDLE) {
            return self.file_handle(at, dir);
        }
        // Refused before it was looked at.
        if std::ptr::eq(layout, &layout::TIMEX) && self.call.errno().is_some() {
            return self.address(at);
        }
        // The kernel wrote the size that it knows over it.
        if std::ptr::eq(layout, &layout::PERF_EVENT_ATTR) && self.call.errno() == Some(E2BIG) {
            return self.address(at);
        }
        let is_one = matches!(count, Count::Fixed(1));
        let before = self.memory(at, 0).filter(|_| dir != Dir::Out);
        let after = self.memory(at, 1).filter(|_| dir != Dir::In);
        if dir == Dir::InOut && !self.tells_in_result() {
            return self.exchanged(at, layout, is_one, before, after);
        }
        match before.or(after) {
            Some(kept) => self.one_or_many(at, layout, kept, is_one),
            None => self.address(at),
        }
    }

    /// What the kernel read and wrote: `ioctl` tells both, others what came of it.
    fn exchanged(
        &mut self,
        at: u8,
        layout: &'static Layout,
        is_one: bool,
        before: Option<kept::Kept<'_>>,
        after: Option<kept::Kept<'_>>,
    ) {
        let asked = ANSWERED.iter().find(|answered| std::ptr::eq(answered.0, layout));
        match before {
            Some(before) if std::ptr::eq(layout, &layout::FIEMAP) => return self.extents(before, after),
            Some(before) if std::ptr::eq(layout, &layout::IO_URING_PARAMS) => {
                return self.ring_parameters(before, after);
            }
            Some(before) if std::ptr::eq(layout, &layout::UFFDIO_API) => return self.fault_features(before, after),
            Some(before) if asked.is_some() => {
                return self.answered(layout, asked.map_or(0, |asked| asked.1), before, after);
            }
            _ => {}
        }
        // Of an interface only what was found is told.
        let both = self.row.name == "ioctl" && !std::ptr::eq(layout, &layout::IFREQ);
        if !both {
            self.late();
        }
        match (before, after) {
            (Some(before), Some(after)) if both => {
                self.one_or_many(at, layout, before, is_one);
                self.late();
                if after.bytes != before.bytes {
                    self.text(b" => ");
                    self.one_or_many(at, layout, after, is_one);
                }
            }
            (before, after) => match after.or(before) {
                Some(kept) => self.one_or_many(at, layout, kept, is_one),
                None => self.address(at),
            },
        }
    }

    /// `{start=0x1000, len=0x1000, mode=0, ioctls=…}`: the last fields only when there was an answer.
    fn answered(
        &mut self,
        layout: &'static Layout,
        asked: usize,
        before: kept::Kept<'_>,
        after: Option<kept::Kept<'_>>,
    ) {
        self.text(b"{");
        for (i, field) in layout.fields.iter().enumerate() {
            if i == asked {
                self.late();
            }
            let Some(own) = (if i < asked { Some(before) } else { after }) else { break };
            if i > 0 {
                self.text(b", ");
            }
            self.named(field, own.bytes);
        }
        self.late();
        self.text(b"}");
    }

    /// Did the call succeed without writing this? (`wait4` with nobody to report, a sleep not interrupted.)
    fn is_untouched(&self, layout: &'static Layout) -> bool {
        match self.row.name {
            "wait4" => self.call.result() == 0,
            "nanosleep" | "clock_nanosleep" => std::ptr::eq(layout, &layout::TIMESPEC) && self.call.result() == 0,
            _ => false,
        }
    }

    /// Does the kernel not look at it? (epoll_ctl(2): EPOLL_CTL_DEL.)
    fn is_unlooked_at(&self) -> bool {
        self.row.name == "epoll_ctl" && self.word(1) as i32 == 2
    }

    fn tells_in_result(&self) -> bool {
        matches!(
            self.row.name,
            "recvmmsg" | "poll" | "ppoll" | "select" | "pselect6" | "ppoll_time64" | "pselect6_time64"
        )
    }

    fn one_or_many(&mut self, at: u8, layout: &'static Layout, kept: kept::Kept<'_>, is_one: bool) {
        let size = layout.size as usize;
        self.structure_of = at;
        if std::ptr::eq(layout, &layout::USER_CAP_DATA) {
            return self.capabilities(kept.bytes);
        }
        if std::ptr::eq(layout, &layout::KEY_CAPABILITY) {
            return self.key_capabilities(kept);
        }
        if is_one {
            return match kept.bytes.get(..size) {
                Some(bytes) => self.structure(layout, bytes),
                None => self.address(at),
            };
        }
        self.text(b"[");
        for (i, bytes) in kept.bytes.chunks_exact(size.max(1)).take(self.elements_shown()).enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            self.structure(layout, bytes);
        }
        self.elements_left_out(kept, size);
        self.text(b"]");
    }

    /// One structure. `bytes` are at least as many as the layout asks for.
    pub(super) fn structure(&mut self, layout: &'static Layout, bytes: &[u8]) {
        if let Some((_, write)) = FORMS.iter().find(|form| std::ptr::eq(form.0, layout)) {
            return write(self, bytes);
        }
        let shown = match SHORT.iter().find(|short| std::ptr::eq(short.0, layout)) {
            Some((_, fields)) if !self.verbose => *fields,
            _ => layout.fields.len(),
        };
        self.fields(layout, bytes, shown);
    }

    /// `{a=1, b=2, ...}` with the first fields.
    pub(super) fn fields(&mut self, layout: &'static Layout, bytes: &[u8], shown: usize) {
        self.text(b"{");
        let mut first = true;
        for (path, field) in (1u32..).zip(layout.fields.iter().take(shown)) {
            if is_silent(field, bytes) {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.text(b", ");
            }
            match field.leads {
                Some(lead) => self.led(path << 16, field, lead, bytes),
                None => self.named(field, bytes),
            }
        }
        if shown < layout.fields.len() {
            self.text(b", ...");
        }
        self.text(b"}");
    }

    /// A structure whose size the caller states, as far as both sides know it.
    pub(super) fn sized(&mut self, at: u8, layout: &'static Layout, dir: Dir) {
        let phase = u8::from(dir == Dir::Out);
        if phase == 1 {
            self.late();
        }
        let Some(kept) = self.memory(at, phase).filter(|kept| !kept.is_part()) else { return self.address(at) };
        let known = kept.bytes.len().min(layout.size as usize);
        let Some(bytes) = kept.bytes.get(..known) else { return self.address(at) };
        self.structure_of = at;
        if known < first_version(layout) {
            return self.address(at);
        }
        if known == layout.size as usize || FORMS.iter().any(|form| std::ptr::eq(form.0, layout)) {
            self.structure(layout, bytes);
        } else {
            let fields = layout.fields.iter().take_while(|field| (field.at + field.width) as usize <= known);
            self.fields(layout, bytes, fields.count());
        }
        let tail = kept.bytes.get(known..).unwrap_or(&[]);
        if std::ptr::eq(layout, &layout::LANDLOCK_RULESET_ATTR) && !tail.is_empty() && !self.verbose {
            self.out.pop();
            return self.text(b", ...}");
        }
        if tail.iter().any(|byte| *byte != 0) && self.out.last() == Some(&b'}') {
            self.out.pop();
            self.text(b", /* bytes ");
            self.decimal(known as u64);
            self.text(b"..");
            self.decimal(kept.bytes.len() as u64 - 1);
            self.text(b" */ ");
            Quoting::quoted(HexStrings::All).write(self.out, tail);
            self.text(b"}");
        }
        if self.row.name == "clone3" {
            self.late();
            self.new_task(at);
        }
    }

    /// `name=[1, 2]`: what a field leads to, or its address.
    pub(super) fn led(&mut self, path: u32, field: &Field, lead: Lead, bytes: &[u8]) {
        self.text(field.name.as_bytes());
        self.text(b"=");
        let shape = match lead {
            Lead::Text => Shape::Text,
            Lead::Elements(..) => Shape::Struct,
        };
        let kept = self.kept(self.structure_of, 0, shape, path).filter(|kept| !kept.is_faulted() && !kept.is_unread());
        match (kept, lead) {
            (Some(kept), Lead::Text) => self.data_string(&Content::of_kept(kept, self.string_limit())),
            (Some(kept), Lead::Elements(size, _)) => {
                self.list(kept, size as usize, |own, element| {
                    own.value_of(field.kind, element.get(..size as usize).unwrap_or(element));
                });
            }
            (None, _) => self.pointer(kept::word(bytes, field.at as usize, 8)),
        }
    }

    /// `name=value`.
    pub(super) fn named(&mut self, field: &Field, bytes: &[u8]) {
        self.text(field.name.as_bytes());
        self.text(b"=");
        self.value(field, bytes);
    }

    /// The value alone.
    pub(super) fn field_value(&mut self, field: &Field, bytes: &[u8]) {
        self.value(field, bytes);
    }

    fn value(&mut self, field: &Field, bytes: &[u8]) {
        let (at, width) = (field.at as usize, field.width as usize);
        let own = at.checked_add(width).and_then(|end| bytes.get(at..end)).unwrap_or(&[]);
        self.value_of(field.kind, own);
    }

    /// What these bytes hold, as a value of this kind.
    pub(super) fn value_of(&mut self, kind: FieldKind, own: &[u8]) {
        let width = own.len();
        let word = kept::word(own, 0, width.min(8));
        match kind {
            FieldKind::Int => self.signed(kept::signed(own, 0, width.min(8))),
            FieldKind::UInt => self.decimal(word),
            FieldKind::Hex => self.hex(word),
            FieldKind::Ptr => self.pointer(word),
            FieldKind::Mode => self.symbolic_mode(word),
            FieldKind::Octal => self.octal_mode(word),
            FieldKind::Dev => self.device(word),
            FieldKind::Signal => self.signal(word),
            FieldKind::Fd => self.signed(i64::from(word as i32)),
            FieldKind::Flags(table) => self.flags(table, word),
            FieldKind::Enum(table) => self.name(table, word),
            FieldKind::EnumUInt(table) => self.name_or_decimal(table, word),
            FieldKind::IntNamed(table) => self.name_or_number(table, word),
            FieldKind::Id => self.id(word),
            FieldKind::Text => Quoting::quoted(self.style.hex).write(self.out, until_nul(own)),
            FieldKind::Nested(inner) => self.structure(inner, own),
            FieldKind::Array(width) => self.array(own, width as usize, Self::decimal),
            FieldKind::HexArray(width) => self.array(own, width as usize, Self::hex),
            FieldKind::SigSet => self.sigset(own),
            FieldKind::Bytes => Quoting::quoted(HexStrings::All).write(self.out, own),
        }
    }

    fn array(&mut self, bytes: &[u8], width: usize, write: impl Fn(&mut Self, u64)) {
        self.text(b"[");
        for (i, element) in bytes.chunks_exact(width.max(1)).enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            write(self, kept::word(element, 0, width));
        }
        self.text(b"]");
    }
}
