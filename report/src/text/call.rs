//! A call as text, in two halves: what strace prints when the call is entered, and the rest.

use recording::event::{Call, flag};
use syscalls::{Abi, Returns, Syscall};

use crate::args::{self, Numbered, Style, write_task};
use crate::{digits, errno};

/// A call with its row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub call: Call<'a>,
    pub abi: Abi,
    pub row: Option<&'static Syscall>,
}

impl<'a> Named<'a> {
    pub(crate) fn of(call: Call<'a>) -> Self {
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
        let end = self.arguments(out, style, interrupted);
        out.truncate(end);
    }

    /// Appends the arguments that were left open then.
    pub(super) fn second_half(&self, out: &mut Vec<u8>, style: &Style) {
        let from = out.len();
        let end = self.arguments(out, style, None);
        out.drain(from..end);
    }

    /// Appends name and arguments.
    pub(super) fn whole(&self, out: &mut Vec<u8>, style: &Style, interrupted: Option<&'static Syscall>) {
        self.arguments(out, style, interrupted);
    }

    /// Appends name and arguments; returns where the part ends that is known at entry.
    fn arguments(&self, out: &mut Vec<u8>, style: &Style, interrupted: Option<&'static Syscall>) -> usize {
        self.write_name(out);
        out.push(b'(');
        if self.row.is_some_and(|row| row.name == "restart_syscall") {
            out.extend_from_slice(b"<... resuming interrupted ");
            out.extend_from_slice(interrupted.map_or("system call", |row| row.name).as_bytes());
            out.extend_from_slice(b" ...>");
            return out.len();
        }
        args::write_list(out, style, &self.call, self.abi)
    }

    /// Is something left open until the call returns? With poll and select it is what stands behind
    /// the result.
    pub(super) fn leaves_open(&self, style: &Style, scratch: &mut Vec<u8>) -> bool {
        scratch.clear();
        let end = self.arguments(scratch, style, None);
        end < scratch.len() || self.row.is_some_and(|row| row.returns == Returns::Ready)
    }

    /// Appends the result of a call that returned, from the `=` on.
    pub(crate) fn result(&self, out: &mut Vec<u8>, style: &Style) {
        out.extend_from_slice(b"= ");
        match self.call.errno() {
            Some(number) => errno::write_result(out, number),
            None if style.is_raw(self.abi, self.call.nr()) => match self.call.result() {
                0 => out.push(b'0'),
                result => digits::hex(out, self.unsigned(result)),
            },
            None => self.success(out, style),
        }
        let flags = self.call.event.flags();
        out.extend_from_slice(match (flags & flag::POKED != 0, flags & flag::INJECTED != 0) {
            (true, true) => b" (INJECTED: args, retval)",
            (true, false) => b" (INJECTED: args)",
            (false, true) => b" (INJECTED)",
            (false, false) => b"",
        });
        if flags & flag::DELAYED != 0 {
            out.extend_from_slice(b" (DELAYED)");
        }
    }

    fn success(&self, out: &mut Vec<u8>, style: &Style) {
        let result = self.call.result();
        let returns = self.row.map_or(Returns::Int, |row| row.returns_for(&self.call.args()));
        match returns {
            Returns::Hex if result == 0 => out.push(b'0'),
            Returns::Hex => digits::hex(out, self.unsigned(result)),
            Returns::OpenFlags | Returns::FdFlags if result == 0 => out.push(b'0'),
            Returns::OpenFlags | Returns::FdFlags => digits::hex(out, self.unsigned(result)),
            Returns::Octal => mode(out, self.unsigned(result)),
            Returns::Fd => args::write_fd_result(out, style, &self.call),
            Returns::Pid => write_task(out, style, result, Numbered::Task),
            Returns::PidWaited => write_task(out, style, result, Numbered::WaitedFor),
            Returns::PidNumber | Returns::Int | Returns::Ready | Returns::Never => digits::signed(out, result),
        }
        let bare = out.len();
        out.extend_from_slice(b" (");
        let note = out.len();
        args::write_result_note(out, style, &self.call, self.abi);
        if out.len() == note { out.truncate(bare) } else { out.push(b')') }
    }

    fn unsigned(&self, result: i64) -> u64 {
        if self.abi.word_size() == 4 { result as u64 & 0xffff_ffff } else { result as u64 }
    }
}

/// A mode as umask(2) is printed: a leading 0 and at least three digits.
fn mode(out: &mut Vec<u8>, value: u64) {
    let zeros = if value < 0o10 { 2 } else { 1 };
    out.extend_from_slice(&b"00"[..zeros]);
    digits::octal(out, value);
}
