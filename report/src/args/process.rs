//! Processes: their birth, their end, their limits and where they run.

use recording::event::Shape;
use syscalls::{Dir, layout, names};

use super::kept::{signed, word};
use super::printer::Printer;
use super::word::Number;

const CLONE_PIDFD: u64 = 0x1000;
const CLONE_SETTLS: u64 = 0x80000;
const CLONE_PARENT_SETTID: u64 = 0x10_0000;
const CLONE_CHILD_CLEARTID: u64 = 0x20_0000;
const CLONE_CHILD_SETTID: u64 = 0x100_0000;
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// The arguments of `clone` as strace prints them: stack first, and of the pointers those in use.
/// On x86-64 and i386 the order of the last two differs (clone(2)).
pub(super) fn clone(printer: &mut Printer<'_, '_>) {
    let (tls, child) = match printer.abi {
        syscalls::Abi::X86_64 | syscalls::Abi::X32 => (4, 3),
        _ => (3, 4),
    };
    let flags = printer.word(0);
    printer.text(b"child_stack=");
    printer.pointer(printer.word(1));
    printer.text(b", flags=");
    printer.clone_flags(flags);
    printer.late();
    if flags & (CLONE_PARENT_SETTID | CLONE_PIDFD) != 0 {
        printer.text(b", parent_tid=");
        let kind = syscalls::Kind::IntRef(Dir::Out);
        printer.argument(2, &kind);
    }
    if flags & CLONE_SETTLS != 0 {
        printer.text(b", tls=");
        printer.hex(printer.word(tls));
    }
    if flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) != 0 {
        printer.text(b", child_tidptr=");
        printer.pointer(printer.word(child));
    }
}

impl Printer<'_, '_> {
    /// `{flags=CLONE_VM|…, child_tid=0x7f, …}` (clone3, clone(2)).
    pub(super) fn clone_args(&mut self, bytes: &[u8]) {
        let flags = word(bytes, 0, 8);
        self.text(b"{flags=");
        self.flags(&names::CLONE3, flags);
        if flags & CLONE_PIDFD != 0 {
            self.clone_pointer(b", pidfd=", bytes, 8);
        }
        if flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) != 0 {
            self.clone_pointer(b", child_tid=", bytes, 16);
        }
        if flags & CLONE_PARENT_SETTID != 0 {
            self.clone_pointer(b", parent_tid=", bytes, 24);
        }
        self.text(b", exit_signal=");
        self.signal(word(bytes, 32, 8));
        self.clone_pointer(b", stack=", bytes, 40);
        self.text(b", stack_size=");
        self.hex(word(bytes, 48, 8));
        if flags & CLONE_SETTLS != 0 {
            self.clone_pointer(b", tls=", bytes, 56);
        }
        if word(bytes, 64, 8) != 0 || word(bytes, 72, 8) != 0 {
            self.text(b", ");
            let set_tid = (1u32..)
                .zip(layout::CLONE_ARGS.fields)
                .find_map(|(path, field)| field.leads.map(|lead| (path << 16, field, lead)));
            if let Some((path, field, lead)) = set_tid {
                self.led(path, field, lead, bytes);
            }
            self.text(b", set_tid_size=");
            self.decimal(word(bytes, 72, 8));
        }
        if flags & CLONE_INTO_CGROUP != 0 {
            self.text(b", cgroup=");
            self.decimal(word(bytes, 80, 8));
        }
        self.text(b"}");
    }

    /// ` => {parent_tid=[9]}`: where `clone3` put the id of the new task.
    pub(super) fn new_task(&mut self, at: u8) {
        let kept = self.kept(at, 1, Shape::Struct, 1 << 16).filter(|kept| kept.bytes.len() == 4);
        if let Some(kept) = kept {
            self.text(b" => {parent_tid=[");
            self.signed(signed(kept.bytes, 0, 4));
            self.text(b"]}");
        }
    }

    fn clone_pointer(&mut self, label: &[u8], bytes: &[u8], at: usize) {
        self.text(label);
        self.pointer(word(bytes, at, 8));
    }

    /// `[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]` (wait(2)).
    pub(super) fn wait_status_argument(&mut self, at: u8) {
        self.late();
        // Nobody changed state: nothing was written.
        match self.memory(at, 1).filter(|kept| kept.bytes.len() >= 4 && self.call.result() > 0) {
            Some(kept) => {
                self.text(b"[");
                self.wait_status(word(kept.bytes, 0, 4) as u32);
                self.text(b"]");
            }
            None => self.address(at),
        }
    }

    fn wait_status(&mut self, status: u32) {
        let signal = status & 0x7f;
        let code = u64::from(status >> 8 & 0xff);
        if status == 0xffff {
            self.text(b"{WIFCONTINUED(s)}");
        } else if signal == 0 {
            self.text(b"{WIFEXITED(s) && WEXITSTATUS(s) == ");
            self.decimal(code);
            self.text(b"}");
        } else if signal == 0x7f {
            self.text(b"{WIFSTOPPED(s) && WSTOPSIG(s) == ");
            let by_trace = code & 0x80 != 0;
            self.signal(code & 0x7f);
            self.text(if by_trace { b" | 0x80}" } else { b"}" });
            if status >> 16 != 0 {
                self.text(b" | ");
                self.hex(u64::from(status >> 16));
                self.text(b" << 16");
            }
        } else {
            self.text(b"{WIFSIGNALED(s) && WTERMSIG(s) == ");
            self.signal(u64::from(signal));
            self.text(if status & 0x80 != 0 { b" && WCOREDUMP(s)}" } else { b"}" });
        }
    }

    /// `{rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}` (getrlimit(2)).
    pub(super) fn rlimit(&mut self, bytes: &[u8]) {
        self.text(b"{rlim_cur=");
        self.limit(word(bytes, 0, 8));
        self.text(b", rlim_max=");
        self.limit(word(bytes, 8, 8));
        self.text(b"}");
    }

    fn limit(&mut self, value: u64) {
        let number = Number::Decimal(value);
        if value == u64::MAX {
            self.constant(number, true, |own| own.text(b"RLIM64_INFINITY"));
        } else if value > 1024 && value.is_multiple_of(1024) {
            self.constant(number, true, |own| {
                own.decimal(value / 1024);
                own.text(b"*1024");
            });
        } else {
            self.decimal(value);
        }
    }

    /// `[0]`: the priority is all there is (sched_setparam(2)).
    pub(super) fn sched_param(&mut self, bytes: &[u8]) {
        self.text(b"[");
        self.signed(signed(bytes, 0, 4));
        self.text(b"]");
    }

    /// sched_setattr(2), by the size that the structure itself states: 0 is that of its first version. What the
    /// flags say is kept as it is, is not told.
    pub(super) fn sched_attr(&mut self, bytes: &[u8]) {
        const FIRST: u64 = 48;
        const KEEP_POLICY: u64 = 8;
        const KEEP_PARAMETERS: u64 = 0x10;
        let size = word(bytes, 0, 4);
        let flags = word(bytes, 8, 8);
        let given = self.row.name == "sched_setattr";
        let known = if size == 0 { FIRST } else { size };
        self.text(b"{size=");
        self.decimal(size);
        if known < FIRST {
            return self.text(b"}");
        }
        if !(given && flags & KEEP_POLICY != 0) {
            self.text(b", sched_policy=");
            self.name(&names::SCHED_POLICIES, word(bytes, 4, 4));
        }
        self.text(b", sched_flags=");
        self.flags(&names::SCHED_FLAGS, flags);
        if !(given && flags & KEEP_PARAMETERS != 0) {
            self.text(b", sched_nice=");
            self.signed(signed(bytes, 16, 4));
            for (label, at, width) in [
                (&b", sched_priority="[..], 20, 4),
                (b", sched_runtime=", 24, 8),
                (b", sched_deadline=", 32, 8),
                (b", sched_period=", 40, 8),
            ] {
                self.text(label);
                self.decimal(word(bytes, at, width));
            }
        }
        for (label, at) in [(&b", sched_util_min="[..], 48), (b", sched_util_max=", 52)] {
            if at + 4 <= bytes.len().min(known as usize) {
                self.text(label);
                self.decimal(word(bytes, at, 4));
            }
        }
        self.text(if given && known > 56 { b", ...}" } else { b"}" });
    }

    /// What was asked, and the size that the kernel knows when it was more.
    pub(super) fn sched_attr_argument(&mut self, at: u8) {
        match self.memory(at, 0).filter(|kept| kept.bytes.len() >= 56) {
            Some(before) => {
                self.sched_attr(before.bytes);
                self.late();
                let knows = self.memory(at, 1).map(|kept| word(kept.bytes, 0, 4));
                if let Some(size) = knows.filter(|size| *size != word(before.bytes, 0, 4)) {
                    self.text(b" => {size=");
                    self.decimal(size);
                    self.text(b"}");
                }
            }
            None => self.address(at),
        }
    }

    /// A descriptor of a segment (modify_ldt(2)).
    pub(super) fn segment(&mut self, bytes: &[u8]) {
        self.text(b"{entry_number=");
        self.signed(signed(bytes, 0, 4));
        for (label, at) in [(&b", base_addr="[..], 4), (b", limit=", 8)] {
            self.text(label);
            match word(bytes, at, 4) {
                0 => self.text(b"00000000"),
                value => {
                    self.text(b"0x");
                    crate::digits::hex_zeros(self.out, value, 6.max(16 - value.leading_zeros() as usize / 4));
                }
            }
        }
        let bits = word(bytes, 12, 4);
        for (label, shift, width) in [
            (&b", seg_32bit="[..], 0, 1),
            (b", contents=", 1, 2),
            (b", read_exec_only=", 3, 1),
            (b", limit_in_pages=", 4, 1),
            (b", seg_not_present=", 5, 1),
            (b", useable=", 6, 1),
            (b", lm=", 7, 1),
        ] {
            self.text(label);
            self.decimal(bits >> shift & ((1 << width) - 1));
        }
        self.text(b"}");
    }

    /// `[0 1]`: processors (sched_setaffinity(2)).
    pub(super) fn cpu_set(&mut self, at: u8, dir: Dir) {
        let phase = u8::from(dir == Dir::Out);
        if phase == 1 {
            self.late();
        }
        match self.memory(at, phase).filter(|kept| !kept.is_part()) {
            Some(kept) => self.bits(kept.bytes, usize::MAX, None),
            None => self.address(at),
        }
    }
}
