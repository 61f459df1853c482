//! Dumps: the data that a call moved, in hex and as text, as strace shows it for `-e read=` and `-e write=`.

use recording::event::{Call, Shape};
use syscalls::{Abi, Syscall};

use super::Style;
use super::kept::word;
use super::printer::Printer;
use crate::digits;

/// Bytes of a line.
const LINE: usize = 16;
/// `struct mmsghdr`, and where the length of its vector and what was moved stand in it.
const MMSGHDR: usize = 64;
const VECTOR_LENGTH: usize = 24;
const MOVED: usize = 56;

/// How the data of a call lies.
enum Form {
    /// One buffer.
    Buffer,
    /// A vector of them.
    Vector,
    /// One message.
    Message,
    /// Several.
    Messages,
}

/// The form and the direction (`true`: read) of what is dumped of a call.
fn form(row: &Syscall) -> Option<(Form, bool)> {
    Some(match row.name {
        "read" | "pread64" | "recvfrom" | "mq_timedreceive" => (Form::Buffer, true),
        "readv" | "preadv" | "preadv2" => (Form::Vector, true),
        "recvmsg" => (Form::Message, true),
        "recvmmsg" => (Form::Messages, true),
        "write" | "pwrite64" | "sendto" | "mq_timedsend" => (Form::Buffer, false),
        "writev" | "pwritev" | "pwritev2" | "vmsplice" => (Form::Vector, false),
        "sendmsg" => (Form::Message, false),
        "sendmmsg" => (Form::Messages, false),
        _ => return None,
    })
}

/// Appends the dump of a call that returned, when `wanted` takes its descriptor and direction. Nothing of what a
/// call that failed would have read, nor of messages that were not sent.
pub(crate) fn write_dump(
    out: &mut Vec<u8>,
    style: &Style,
    call: &Call<'_>,
    abi: Abi,
    wanted: impl Fn(i32, bool) -> bool,
) {
    let Some(row) = syscalls::lookup(abi, call.nr()) else { return };
    let Some((form, is_read)) = form(row) else { return };
    let failed = call.errno().is_some();
    if !call.returned() || !wanted(call.args()[0] as i32, is_read) || (failed && is_read) {
        return;
    }
    let mut printer = Printer::new(out, style, *call, abi, row);
    let phase = u8::from(is_read);
    let moved = if is_read { call.result().max(0) as u64 } else { u64::MAX };
    match form {
        Form::Buffer => printer.dump_buffer(phase, Shape::Bytes, 0),
        Form::Vector => printer.dump_vector(phase, 0, moved),
        Form::Message => printer.dump_vector(phase, 2 << 16, moved),
        Form::Messages if !failed => printer.dump_messages(phase),
        Form::Messages => {}
    }
}

impl Printer<'_, '_> {
    /// The data of one buffer; nothing when it could not be read.
    fn dump_buffer(&mut self, phase: u8, shape: Shape, path: u32) {
        let Some(content) = self.moved(1, phase, shape, path, true) else { return };
        for (at, line) in (0u64..).step_by(LINE).zip(content.bytes.chunks(LINE)) {
            self.dump_line(at, line);
        }
        let lacking = content.len.saturating_sub(content.bytes.len() as u64);
        if lacking > 0 {
            self.text(b" | (");
            self.decimal(lacking);
            self.text(b" bytes more were not kept)\n");
        }
    }

    fn dump_line(&mut self, at: u64, line: &[u8]) {
        self.text(b" | ");
        digits::hex_zeros(self.out, at, 5);
        self.text(b"  ");
        for i in 0..LINE {
            match line.get(i) {
                Some(byte) => digits::hex_zeros(self.out, u64::from(*byte), 2),
                None => self.text(b"  "),
            }
            self.text(if i == 7 { b"  " } else { b" " });
        }
        self.text(b" ");
        for i in 0..LINE {
            let byte = line.get(i).copied().unwrap_or(b' ');
            self.out.push(if matches!(byte, b' '..=b'~') { byte } else { b'.' });
        }
        self.text(b" |\n");
    }

    /// The buffers of the vector at this path, up to the first that has no part of the `moved` bytes.
    fn dump_vector(&mut self, phase: u8, path: u32, mut moved: u64) {
        let Some(vector) = self.kept(1, phase, Shape::Vector, path) else { return };
        for (i, entry) in (0u32..).zip(vector.bytes.chunks_exact(16)) {
            let length = word(entry, 8, 8).min(moved);
            if length == 0 {
                return;
            }
            moved -= length;
            self.text(b" * ");
            self.decimal(length);
            self.text(b" bytes in buffer ");
            self.decimal(u64::from(i));
            self.text(b"\n");
            self.dump_buffer(phase, Shape::Element, path | i);
        }
    }

    fn dump_messages(&mut self, phase: u8) {
        let Some(messages) = self.kept(1, phase, Shape::Struct, 0) else { return };
        let done = usize::try_from(self.call.result()).unwrap_or(0);
        for (i, message) in (0u32..).zip(messages.bytes.chunks_exact(MMSGHDR).take(done)) {
            self.text(b" = ");
            self.decimal(word(message, VECTOR_LENGTH, 8));
            self.text(b" buffers in vector ");
            self.decimal(u64::from(i));
            self.text(b"\n");
            let moved = if phase == 1 { word(message, MOVED, 4) } else { u64::MAX };
            self.dump_vector(phase, (4 + 4 * i + 2) << 16, moved);
        }
    }
}
