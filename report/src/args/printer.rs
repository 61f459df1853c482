//! The printer of one call: its buffer, its words, and which kind is printed how.

use recording::event::{Call, Shape, status};
use syscalls::{Abi, Dir, Kind, Syscall, names};

use super::Style;
use super::content::Content;
use super::kept::{self, Kept};
use super::netlink::Protocol;
use super::string::Quoting;
use super::word::Number;
use crate::text::HexStrings;

/// One call being printed.
pub(super) struct Printer<'p, 'a> {
    pub(super) out: &'p mut Vec<u8>,
    pub(super) style: &'p Style,
    pub(super) call: Call<'a>,
    pub(super) abi: Abi,
    pub(super) row: &'static Syscall,
    /// Structures whole.
    pub(super) verbose: bool,
    /// Structures at all.
    structures: bool,
    /// The argument whose structure is told: what its fields lead to is kept with it.
    pub(super) structure_of: u8,
    /// Inside a comment that already has the number of a constant.
    pub(super) names_only: bool,
    words: [u64; 6],
    split: Option<usize>,
}

impl<'p, 'a> Printer<'p, 'a> {
    pub(super) fn new(out: &'p mut Vec<u8>, style: &'p Style, call: Call<'a>, abi: Abi, row: &'static Syscall) -> Self {
        Printer {
            out,
            style,
            call,
            abi,
            row,
            verbose: style.is_verbose(abi, call.nr()),
            structures: style.shows_structures(abi, call.nr()),
            structure_of: 0,
            names_only: false,
            words: call.args(),
            split: None,
        }
    }

    /// How much of the buffer is known at entry.
    pub(super) fn end(self) -> usize {
        self.split.unwrap_or(self.out.len())
    }

    /// From here on the text depends on the call's return.
    pub(super) fn late(&mut self) {
        self.split.get_or_insert(self.out.len());
    }

    /// Appends text.
    pub(super) fn text(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    /// Word number `at`.
    pub(super) fn word(&self, at: u8) -> u64 {
        self.words.get(usize::from(at)).copied().unwrap_or(0)
    }

    /// A payload of argument `at`: what it was before the call, or after.
    pub(super) fn kept(&self, at: u8, phase: u8, shape: Shape, path: u32) -> Option<Kept<'a>> {
        Kept::find(&self.call, at, phase, shape, path)
    }

    /// A structure or array of argument `at`, unless nothing of it could be read, or none is to be shown.
    pub(super) fn memory(&self, at: u8, phase: u8) -> Option<Kept<'a>> {
        let shown = |kept: &Kept<'_>| self.structures && !kept.is_faulted() && !kept.is_unread();
        self.kept(at, phase, Shape::Struct, 0).filter(shown)
    }

    /// The vector of argument `at`, likewise. An empty one is shown as what it is.
    pub(super) fn vector(&self, at: u8, phase: u8) -> Option<Kept<'a>> {
        let shown = |kept: &Kept<'_>| (self.structures || kept.wanted == 0) && !kept.is_faulted() && !kept.is_unread();
        self.kept(at, phase, Shape::Vector, 0).filter(shown)
    }

    /// Are structures shown?
    pub(super) fn shows_structures(&self) -> bool {
        self.structures
    }

    /// The first words as they are.
    pub(super) fn raw_words(&mut self, count: usize) {
        for at in 0..count.min(6) as u8 {
            if at > 0 {
                self.text(b", ");
            }
            self.hex(self.word(at));
        }
    }

    /// The address in place of what stands there.
    pub(super) fn address(&mut self, at: u8) {
        self.pointer(self.word(at));
    }

    /// A signed word of the task's own width.
    pub(super) fn long(&self, at: u8) -> i64 {
        match self.abi {
            Abi::I386 | Abi::Arm => i64::from(self.word(at) as i32),
            _ => self.word(at) as i64,
        }
    }

    /// Argument `at`.
    pub(super) fn argument(&mut self, at: u8, kind: &Kind) {
        let word = self.word(at);
        let int = word & 0xffff_ffff;
        match *kind {
            _ if at == 2 && matches!(self.row.name, "socket" | "socketpair") => {
                self.protocol(self.word(0) & 0xffff_ffff, int);
            }
            Kind::Enum(table) if [&names::LOG_LEVELS, &names::KEY_DEFAULTS].iter().any(|t| std::ptr::eq(*t, table)) => {
                self.name_of_signed(table, word);
            }
            Kind::Enum(table) if at == 0 && self.row.name == "syslog" => self.number_and_name(table, int),
            Kind::Int => self.signed(i64::from(word as i32)),
            Kind::Pid | Kind::Tid => self.task(i64::from(word as i32)),
            Kind::UInt => self.decimal(int),
            Kind::Long => self.signed(self.long(at)),
            Kind::ULong => self.decimal(word),
            Kind::Hex if at == 5 && self.row.name == "futex" && self.word(1) & 0x7f == 5 => self.futex_wake_op(int),
            Kind::Hex if at == 3 && self.row.name == "kexec_load" => self.kexec_flags(word),
            Kind::Hex if matches!(self.row.name, "futex" | "seccomp" | "pidfd_getfd" | "process_madvise") => {
                self.hex(int)
            }
            Kind::Hex | Kind::Address => self.hex(word),
            Kind::Ptr => self.pointer(word),
            Kind::Unused | Kind::HighHalf => {}
            Kind::LowHalf => self.halves(at),
            Kind::Fd => self.descriptor(at, word),
            Kind::DirFd => self.directory(at, word),
            Kind::Uid | Kind::Gid => self.id(word),
            Kind::Signal => self.signal(int),
            Kind::Mode if self.row.name.starts_with("mknod") => self.symbolic_mode(int & 0xffff),
            // `umode_t` has 16 bits.
            Kind::Mode | Kind::OpenMode(_) => self.octal_mode(int & 0xffff),
            // `dev_t` of these old calls has 32 bits.
            Kind::Dev => self.device(int),
            Kind::Flags(table) if std::ptr::eq(table, &names::MMAP_FLAGS) => self.mmap_flags(word),
            Kind::Flags(table) if std::ptr::eq(table, &names::MOUNT_FLAGS) => self.mount_flags(word),
            Kind::Flags(table) if std::ptr::eq(table, &names::SWAP) => self.swap_flags(int),
            Kind::Flags(table) if std::ptr::eq(table, &names::MEMFD) => self.memfd_flags(int),
            Kind::Enum(table) if at == 1 && int & IPC_64 != 0 && self.is_ipc_control() => {
                self.text(b"IPC_64|");
                self.name(table, int & !IPC_64);
            }
            Kind::Enum(table) if at == 2 && int & IPC_64 != 0 && self.row.name == "semctl" => {
                self.text(b"IPC_64|");
                self.name(table, int & !IPC_64);
            }
            Kind::Flags(table) => self.flags(table, significant(table, word)),
            Kind::Enum(table) => self.name(table, significant(table, word)),
            Kind::EnumFlags(table, _) if std::ptr::eq(table, &names::PERSONALITY) => self.personality(int),
            Kind::EnumFlags(table, flags) if std::ptr::eq(table, &names::MPOL_MODES) => {
                self.policy_mode(table, flags, int);
            }
            Kind::EnumFlags(table, flags) if std::ptr::eq(table, &names::SOCKET_TYPE) => {
                self.socket_type(table, flags, int);
            }
            Kind::EnumFlags(table, flags) => self.name_and_flags(table, flags, int),
            Kind::FlagsMode(table) => self.flags_and_mode(table, int),
            Kind::IntNamed(table) => self.name_or_number(table, word),
            Kind::HexNamed(table) => match table.name(int) {
                Some(name) => self.constant(Number::Hex(int), true, |own| own.text(name.as_bytes())),
                None => self.hex(int),
            },
            Kind::Errno => self.errno_name(int),
            Kind::IoPriority => self.io_priority(int),
            Kind::FutexOp => self.futex_op(int),
            Kind::QuotaCmd => self.quota_command(word),
            Kind::SockOptName => self.socket_option_name(word),
            Kind::IoctlRequest => self.ioctl_request(word),
            Kind::CloneFlags => self.clone_flags(word),
            Kind::OpenFlags => self.open_flags(int),
            _ if word == 0 && !matches!(kind, Kind::Bytes(..) | Kind::FdSet(_)) => {
                self.late_when_out(kind);
                self.text(b"NULL");
            }
            Kind::Path | Kind::Str if self.row.name == "mount" && self.is_ignored(at) => self.address(at),
            Kind::Path => self.name_in(at, None),
            Kind::Str if self.row.name == "prctl" && self.word(0) & 0xffff_ffff == PR_SET_NAME => {
                self.name_in(at, Some(TASK_NAME));
            }
            Kind::Str => self.name_in(at, self.style.strings),
            Kind::PathOut(_) => self.path_out(at),
            Kind::Bytes(dir, _) => self.data(at, dir),
            Kind::Raw(..) if self.row.name == "bpf" => self.bpf_attributes(at),
            Kind::Raw(..) if self.row.name == "io_uring_register" => self.ring_probe(at),
            Kind::Ints(Dir::InOut, _) if self.row.name == "io_uring_register" => self.ring_workers(at),
            Kind::Struct(..) if self.row.name == "io_uring_register" && !self.ring_takes() => self.address(at),
            Kind::Raw(dir, _) => self.raw(at, dir),
            Kind::Iovec(dir, _) => self.iovec_argument(at, dir),
            Kind::Msghdr(dir) => self.msghdr_argument(at, dir),
            Kind::Mmsghdr(dir, _) => self.mmsghdr_argument(at, dir),
            Kind::Argv => self.argv(at),
            Kind::Envp => self.envp(at),
            Kind::Struct(layout, dir, count) => self.structures(at, layout, dir, count),
            Kind::Sized(layout, dir, _) => self.sized(at, layout, dir),
            Kind::Sockaddr(dir, _) => self.sockaddr_argument(at, dir),
            Kind::FdPair => self.numbers(at, Dir::Out, 4, true),
            Kind::Ints(dir, _) => self.numbers(at, dir, 4, true),
            Kind::Gids(dir, _) => self.numbers(at, dir, 4, false),
            Kind::IntRef(dir) => self.reference(at, dir, 4, false),
            Kind::LongRef(_) if self.row.name == "sendfile" => self.offset(at),
            Kind::LongRef(dir) => self.reference(at, dir, 8, false),
            Kind::PtrRef(dir) => self.reference(at, dir, 8, true),
            Kind::Longs(_) => self.words_argument(at),
            Kind::ShortRef => self.reference(at, Dir::Out, 2, false),
            Kind::Interfaces => self.interfaces(at),
            Kind::Pointers(_) => self.pointers(at),
            Kind::Iocbs(_) => self.blocks(at),
            Kind::FlagsRef(dir, table) => self.constant_behind(at, dir, |own, value| own.flags(table, value)),
            Kind::EnumRef(dir, table) => self.constant_behind(at, dir, |own, value| own.name(table, value)),
            Kind::SignalRef => self.constant_behind(at, Dir::Out, Self::signal),
            Kind::NodeMask(dir, _) => self.node_mask(at, dir),
            Kind::PageStates(_) => self.page_states(at),
            Kind::Message(dir, _) => self.message_of_queue(at, dir),
            Kind::WaitStatus => self.wait_status_argument(at),
            Kind::SigSet(dir, _) => self.sigset_argument(at, dir),
            Kind::FdSet(_) => self.fd_set_argument(at),
            Kind::Dirents64 => self.directory_entries(at, true),
            Kind::Dirents => self.directory_entries(at, false),
            Kind::SockOpt(dir, _) => self.socket_option(at, dir),
            Kind::Siginfo(dir) => self.siginfo_argument(at, dir),
            Kind::CpuSet(dir, _) => self.cpu_set(at, dir),
        }
    }

    /// Is this an argument of `mount` that its flags make meaningless? (mount(2): bind, move, remount, propagation.)
    fn is_ignored(&self, at: u8) -> bool {
        const NO_TYPE: u64 = 32 | 4096 | 8192 | 0x1e_0000;
        const NO_DATA: u64 = 4096 | 8192 | 0x1e_0000;
        let flags = self.word(3);
        flags & 0xffff_0000 != 0xc0ed_0000
            && match at {
                2 => flags & NO_TYPE != 0,
                4 => flags & NO_DATA != 0,
                _ => false,
            }
    }

    fn late_when_out(&mut self, kind: &Kind) {
        if kind.memory().is_some_and(|memory| memory.dir == Dir::Out) {
            self.late();
        }
    }

    /// Two words of a 32-bit task that make one 64-bit number.
    fn halves(&mut self, at: u8) {
        let low = self.word(at) & 0xffff_ffff;
        let high = self.word(at.saturating_add(1)) & 0xffff_ffff;
        self.signed((high << 32 | low) as i64);
    }

    /// `IPC_CREAT|0600`.
    fn flags_and_mode(&mut self, table: &'static names::Names, value: u64) {
        if value & !0o777 != 0 {
            self.flags(table, value & !0o777);
            self.text(b"|");
        }
        self.octal_mode(value & 0o777);
    }

    /// A path, whole, or another name, as far as strings are shown.
    fn name_in(&mut self, at: u8, limit: Option<usize>) {
        match self.kept(at, 0, Shape::Text, 0) {
            Some(kept) if !kept.is_faulted() && !kept.is_unread() => {
                let bytes = limit.and_then(|limit| kept.bytes.get(..limit)).unwrap_or(kept.bytes);
                Quoting::quoted(self.style.hex).write(self.out, bytes);
                if (bytes.len() as u64) < kept.wanted {
                    self.text(b"...");
                }
            }
            _ => self.address(at),
        }
    }

    /// A name that the kernel wrote.
    fn path_out(&mut self, at: u8) {
        self.late();
        let kept = [Shape::Bytes, Shape::Text, Shape::Struct].into_iter().find_map(|s| self.kept(at, 1, s, 0));
        match kept {
            Some(kept) if !kept.is_faulted() && !kept.is_unread() => {
                // What a link says is data to strace; the other names end with their NUL.
                if self.row.name.starts_with("readlink") {
                    return self.data_string(&Content::of_kept(kept, self.string_limit()));
                }
                let bytes = until_nul(kept.bytes);
                Quoting::quoted(self.style.hex).write(self.out, bytes);
                if kept.is_part() && bytes.len() == kept.bytes.len() {
                    self.text(b"...");
                }
            }
            _ => self.address(at),
        }
    }

    /// Data moved.
    fn data(&mut self, at: u8, dir: Dir) {
        if dir != Dir::In {
            self.late();
        }
        // With a size of zero only the length is asked for.
        if self.row.name.contains("listxattr") && self.word(at.saturating_add(1)) == 0 {
            return self.address(at);
        }
        let netlink = self.netlink();
        match self.moved(at, u8::from(dir != Dir::In), Shape::Bytes, 0, netlink.is_some()) {
            Some(content) if self.word(at) != 0 => self.message_or_data(netlink, &content),
            _ => self.address(at),
        }
    }

    /// Messages of a netlink socket, or data in quotes.
    pub(super) fn message_or_data(&mut self, netlink: Option<Protocol>, content: &Content<'_>) {
        match netlink {
            Some(protocol) => self.netlink_messages(protocol, content),
            None => self.data_string(content),
        }
    }

    /// Data moved, of which all that was kept could be read; a digest may stand for it. `whole`: not cut at
    /// the limit of strings.
    pub(super) fn moved(&self, at: u8, phase: u8, shape: Shape, path: u32, whole: bool) -> Option<Content<'a>> {
        let is_it = |shape_here| shape_here == shape || shape_here == Shape::Digest;
        let joined =
            self.call.joined_of(at).find(|j| j.head.phase == phase && j.head.path == path && is_it(j.head.shape))?;
        let is_read = joined.head.status & (status::FAULTED | status::NOT_READ) == 0;
        let most = if whole { usize::MAX } else { self.string_limit() };
        is_read.then(|| Content::of(&joined, most))
    }

    /// Bytes of a string that are shown.
    pub(super) fn string_limit(&self) -> usize {
        self.style.strings.unwrap_or(usize::MAX)
    }

    /// Data in quotes.
    pub(super) fn data_string(&mut self, content: &Content<'_>) {
        let mut bytes = &content.bytes[..];
        let mut is_part = content.is_part();
        let hex = match self.row.name {
            "getrandom" | "fsconfig" => HexStrings::All,
            _ => self.style.hex,
        };
        // The value of an attribute is most often a C string: its last NUL says nothing.
        if self.style.hex == HexStrings::Never
            && self.row.name.ends_with("xattr")
            && !self.row.name.contains("list")
            && !is_part
        {
            if let [text @ .., 0] = bytes {
                bytes = text;
            }
            is_part = false;
        }
        Quoting::quoted(hex).write(self.out, bytes);
        if is_part {
            self.text(b"...");
        }
    }

    /// Bytes whose form nobody decodes.
    fn raw(&mut self, at: u8, dir: Dir) {
        if dir == Dir::Out {
            self.late();
        }
        self.address(at);
    }

    /// `[3, 4]`.
    fn numbers(&mut self, at: u8, dir: Dir, width: usize, is_signed: bool) {
        if dir == Dir::Out {
            self.late();
        }
        if self.row.name == "setgroups" && (self.word(0) as i32) < 0 {
            return self.address(at);
        }
        let Some(kept) = self.memory(at, u8::from(dir == Dir::Out)) else { return self.address(at) };
        // What became of each page: its node, or why not.
        let errors = self.row.name == "move_pages" && at == 4;
        self.text(b"[");
        for (i, number) in kept.bytes.chunks_exact(width).take(self.elements_shown()).enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            let value = kept::signed(number, 0, width);
            if errors && value < 0 {
                self.text(b"-");
                self.errno_name(value.unsigned_abs());
            } else if is_signed {
                self.signed(value);
                self.note(at, u8::from(dir == Dir::Out), i as u32);
            } else {
                self.decimal(kept::word(number, 0, width));
            }
        }
        self.elements_left_out(kept, width);
        self.text(b"]");
    }

    /// How many elements of an array are shown: as many as bytes of a string.
    pub(super) fn elements_shown(&self) -> usize {
        if self.verbose { usize::MAX } else { self.style.strings.unwrap_or(usize::MAX) }
    }

    /// `, ...` behind the elements that are shown, of so many bytes each, when there are more.
    pub(super) fn elements_left_out(&mut self, kept: Kept<'_>, size: usize) {
        let all = kept.bytes.len() / size.max(1);
        let shown = all.min(self.elements_shown());
        if kept.is_part() || shown < all {
            self.text(if shown == 0 { b"..." } else { b", ..." });
        }
    }

    /// `10 /* SYSLOG_ACTION_SIZE_BUFFER */`.
    fn number_and_name(&mut self, table: &'static names::Names, value: u64) {
        self.signed(i64::from(value as i32));
        self.text(b" /* ");
        self.text(table.name(value).unwrap_or(table.unknown).as_bytes());
        self.text(b" */");
    }

    /// `[0] => [3]`: where the call began to read, and where it stopped (sendfile(2)).
    fn offset(&mut self, at: u8) {
        let whole = |kept: &Kept<'_>| kept.bytes.len() >= 8;
        let Some(before) = self.memory(at, 0).filter(whole) else { return self.address(at) };
        self.text(b"[");
        self.signed(kept::signed(before.bytes, 0, 8));
        self.text(b"]");
        self.late();
        if let Some(after) = self.memory(at, 1).filter(|kept| whole(kept) && self.call.result() > 0) {
            self.text(b" => [");
            self.signed(kept::signed(after.bytes, 0, 8));
            self.text(b"]");
        }
    }

    /// `[16]`, `[110 => 16]`.
    fn reference(&mut self, at: u8, dir: Dir, width: usize, is_pointer: bool) {
        // Address lengths are compared when the call is over, so they are not told before.
        if dir != Dir::In {
            self.late();
        }
        let whole = |kept: &Kept<'_>| kept.bytes.len() >= width;
        let before = self.memory(at, 0).filter(|kept| dir != Dir::Out && whole(kept));
        let after = self.memory(at, 1).filter(|kept| dir != Dir::In && whole(kept));
        let Some(first) = before.or(after) else { return self.address(at) };
        // Of what these moved only where it began is told.
        let only_first = matches!(self.row.name, "splice" | "copy_file_range");
        let after = after.filter(|_| !only_first || before.is_none());
        let (first, last) = (first.bytes, after.or(before).map_or(first.bytes, |k| k.bytes));
        self.text(b"[");
        self.referred(first, width, is_pointer);
        if kept::word(first, 0, width) != kept::word(last, 0, width) {
            self.text(b" => ");
            self.referred(last, width, is_pointer);
        }
        self.text(b"]");
    }

    fn referred(&mut self, bytes: &[u8], width: usize, is_pointer: bool) {
        match self.row.name {
            _ if is_pointer => self.pointer(kept::word(bytes, 0, width)),
            "time" => {
                let seconds = kept::signed(bytes, 0, width);
                self.signed(seconds);
                self.date(seconds, 0, 0);
            }
            "get_mempolicy" => {
                let mode = kept::word(bytes, 0, width);
                self.name_and_flags(&names::MPOL_MODES, &names::MPOL_MODE_FLAGS, mode);
            }
            _ => self.signed(kept::signed(bytes, 0, width)),
        }
    }

    /// `[SECCOMP_RET_TRAP]`: one number by reference.
    fn constant_behind(&mut self, at: u8, dir: Dir, write: impl Fn(&mut Self, u64)) {
        if dir != Dir::In {
            self.late();
        }
        match self.memory(at, u8::from(dir != Dir::In)).filter(|kept| kept.bytes.len() >= 4) {
            Some(kept) => {
                self.text(b"[");
                write(self, kept::word(kept.bytes, 0, 4));
                self.text(b"]");
            }
            None => self.address(at),
        }
    }

    /// What stands between the brackets of an array, element by element.
    pub(super) fn list(&mut self, kept: Kept<'_>, size: usize, write: impl Fn(&mut Self, &[u8])) {
        self.text(b"[");
        for (i, element) in kept.bytes.chunks_exact(size).take(self.elements_shown()).enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            write(self, element);
        }
        self.elements_left_out(kept, size);
        self.text(b"]");
    }

    /// `[1, 2]`: words of 64 bits.
    fn words_argument(&mut self, at: u8) {
        match self.memory(at, 0).filter(|kept| !kept.is_part()) {
            Some(kept) => self.list(kept, 8, |own, word| own.decimal(kept::word(word, 0, 8))),
            None => self.address(at),
        }
    }

    /// `[0x10, NULL]`.
    fn pointers(&mut self, at: u8) {
        match self.memory(at, 0).filter(|kept| !kept.is_part()) {
            Some(kept) => self.list(kept, 8, |own, word| own.pointer(kept::word(word, 0, 8))),
            None => self.address(at),
        }
    }

    fn is_ipc_control(&self) -> bool {
        matches!(self.row.name, "shmctl" | "msgctl")
    }
}

/// prctl(2); what is longer than a name of a task is cut by the kernel.
const PR_SET_NAME: u64 = 15;
const TASK_NAME: usize = 15;

/// Or-ed into the command by 32-bit libraries (`shmctl`).
const IPC_64: u64 = 0x100;

/// Bytes before the first NUL.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or(bytes)
}

/// The bits of a word that count for a table: constants of an `int` never reach beyond 32.
fn significant(table: &names::Names, word: u64) -> u64 {
    let is_int = table.rows.iter().all(|row| row.0 <= 0xffff_ffff);
    if is_int && !is_long(table) { word & 0xffff_ffff } else { word }
}

/// Tables of arguments that are `unsigned long`.
fn is_long(table: &names::Names) -> bool {
    const LONG: [&names::Names; 7] = [
        &names::MMAP_PROT,
        &names::MOUNT_FLAGS,
        &names::UNSHARE,
        &names::MPOL_GET,
        &names::PERF_OPEN,
        &names::PKEY_RIGHTS,
        &names::KEXEC_FILE,
    ];
    LONG.into_iter().any(|long| std::ptr::eq(long, table))
}
