//! A call as text, in two halves: what strace prints when the call is entered, and the rest.

use recording::event::{Call, flag};
use syscalls::{Abi, Dir, Kind, Returns, Syscall};

use crate::argument::{self, Style};
use crate::{digits, errno};

/// A call with its row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub call: Call<'a>,
    pub abi: Abi,
    pub row: Option<&'static Syscall>,
}

impl<'a> Named<'a> {
    pub(super) fn of(call: Call<'a>) -> Self {
        let abi = Abi::from_raw(call.event.abi()).unwrap_or(Abi::X86_64);
        Named { call, abi, row: syscalls::lookup(abi, call.nr()) }
    }

    /// Appends the name; of a number without one, the number.
    pub(super) fn write_name(&self, out: &mut Vec<u8>) {
        match self.row {
            Some(row) => out.extend_from_slice(row.name.as_bytes()),
            None => {
                out.extend_from_slice(b"syscall_");
                digits::hex(out, self.call.nr());
            }
        }
    }

    /// Appends name and arguments as far as they are known when the call is entered.
    pub(super) fn first_half(&self, out: &mut Vec<u8>, style: &Style, interrupted: Option<&'static Syscall>) {
        self.write_name(out);
        out.push(b'(');
        let Some(row) = self.row else { return words(out, &self.call) };
        if row.name == "restart_syscall" {
            out.extend_from_slice(b"<... resuming interrupted ");
            out.extend_from_slice(interrupted.map_or("system call", |row| row.name).as_bytes());
            out.extend_from_slice(b" ...>");
            return;
        }
        let args = self.call.args();
        let args = row.args_for(&args);
        let waiting = self.first_waiting();
        self.arguments(out, style, 0, waiting);
        let both = waiting > 0 && waiting < args.len();
        if both && args[..waiting].iter().any(|arg| !argument::is_silent(&arg.kind)) {
            out.extend_from_slice(b", ");
        }
    }

    /// Appends the arguments that were left open.
    pub(super) fn second_half(&self, out: &mut Vec<u8>, style: &Style) {
        if self.row.is_some() {
            self.arguments(out, style, self.first_waiting(), usize::MAX);
        }
    }

    /// Does strace print something when the call returns, but for the result?
    pub(super) fn has_second_half(&self) -> bool {
        self.row
            .is_some_and(|row| waits_for_its_sets(row) || self.first_waiting() < row.args_for(&self.call.args()).len())
    }

    /// The first argument whose memory the kernel writes; strace prints it, and all behind it, when the
    /// call returns.
    fn first_waiting(&self) -> usize {
        let Some(row) = self.row else { return 0 };
        let words = self.call.args();
        let args = row.args_for(&words);
        if waits_for_its_sets(row) {
            return args.len();
        }
        let waits = |kind: &Kind| kind.memory().is_some_and(|memory| memory.dir != Dir::In);
        args.iter().position(|arg| waits(&arg.kind)).unwrap_or(args.len())
    }

    fn arguments(&self, out: &mut Vec<u8>, style: &Style, from: usize, to: usize) {
        let Some(row) = self.row else { return };
        let words = self.call.args();
        let mut any = false;
        for (at, arg) in (0u8..).zip(row.args_for(&words)).skip(from).take(to.saturating_sub(from)) {
            if argument::is_silent(&arg.kind) {
                continue;
            }
            if any {
                out.extend_from_slice(b", ");
            }
            any = true;
            argument::write(out, style, &self.call, self.abi, at, arg);
        }
    }

    /// Appends the result of a call that returned, from the `=` on.
    pub(super) fn result(&self, out: &mut Vec<u8>, style: &Style) {
        out.extend_from_slice(b"= ");
        match self.call.errno() {
            Some(number) => errno::write_result(out, number),
            None => self.success(out, style),
        }
        if self.call.event.flags() & flag::TAMPERED != 0 {
            out.extend_from_slice(b" (INJECTED)");
        }
    }

    fn success(&self, out: &mut Vec<u8>, style: &Style) {
        let result = self.call.result();
        let returns = self.row.map_or(Returns::Int, |row| row.returns_for(&self.call.args()));
        match returns {
            Returns::Hex => digits::hex(out, self.unsigned(result)),
            Returns::OpenFlags | Returns::FdFlags if result == 0 => out.push(b'0'),
            Returns::OpenFlags | Returns::FdFlags => digits::hex(out, self.unsigned(result)),
            Returns::Octal => mode(out, self.unsigned(result)),
            Returns::Fd => argument::write_fd_result(out, style, &self.call),
            Returns::Int | Returns::Pid | Returns::Ready | Returns::Never => digits::signed(out, result),
        }
        let bare = out.len();
        out.extend_from_slice(b" (");
        let note = out.len();
        argument::write_result_note(out, style, &self.call, self.abi);
        if out.len() == note { out.truncate(bare) } else { out.push(b')') }
    }

    fn unsigned(&self, result: i64) -> u64 {
        if self.abi.word_size() == 4 { result as u64 & 0xffff_ffff } else { result as u64 }
    }
}

/// Calls whose arguments are all printed at entry, and what became of them behind the result.
fn waits_for_its_sets(row: &Syscall) -> bool {
    row.returns == Returns::Ready
}

fn words(out: &mut Vec<u8>, call: &Call<'_>) {
    for (at, word) in call.args().iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(b", ");
        }
        digits::hex(out, *word);
    }
}

/// A mode as umask(2) is printed: a leading 0 and at least three digits.
fn mode(out: &mut Vec<u8>, value: u64) {
    let zeros = if value < 0o10 { 2 } else { 1 };
    out.extend_from_slice(&b"00"[..zeros]);
    digits::octal(out, value);
}
