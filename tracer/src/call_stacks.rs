//! Stacks of calls (`-k`, `--source`): at the entry of a call, where the task that makes it is.
//!
//! Registers and the upper part of the stack are read and unwound at once; only addresses are kept, as a
//! `Sample` of weight 0 that the task's next call belongs to.

use recording::event::{Frame, NO_MAPPING, Record, SampleClock};

use crate::profile::mapped;
use crate::sampling::{Registers, Sampler, Seen};
use crate::stream::Stream;
use crate::sys::memory::{Range, RemoteMemory};
use crate::sys::ptrace::{Gone, Stopped};

/// Bytes of a stack that are read first, and those of one that reaches further.
const STACK_BYTES: usize = 8 << 10;
const DEEP_STACK_BYTES: usize = 256 << 10;
/// Deeper stacks are cut, as strace cuts them.
const MOST_FRAMES: usize = 256;
/// Numbers of mappings begin here: a sampler beside this one counts from 0.
const FIRST_NUMBER: u32 = 1 << 30;

/// Takes the stacks of calls.
pub(crate) struct CallStacks {
    sampler: Sampler,
    memory: RemoteMemory,
    stack: Vec<u8>,
    record: Record,
}

fn number(index: u32) -> u32 {
    index.checked_add(FIRST_NUMBER).unwrap_or(NO_MAPPING)
}

impl CallStacks {
    pub fn new() -> CallStacks {
        CallStacks {
            sampler: Sampler::of_calls(),
            memory: RemoteMemory::new(),
            stack: vec![0; DEEP_STACK_BYTES],
            record: Record::with_capacity(1024),
        }
    }

    /// The process has another image, or is gone.
    pub fn new_image(&mut self, pid: u32) {
        self.sampler.new_image(pid);
    }

    /// It may have mapped code.
    pub fn mapped(&mut self, pid: u32) {
        self.sampler.look_again(pid);
    }

    /// Pushes the stack of a task that is at the entry of a call. Code of 32 bits has none.
    pub fn push(&mut self, stopped: &Stopped, ids: (u32, u32), now: u64, stream: &mut Stream<'_>) -> Result<(), Gone> {
        self.push_most(stopped, ids, now, stream, MOST_FRAMES)
    }

    /// Pushes where an image begins: nothing is below its first instruction.
    pub fn push_first(
        &mut self,
        stopped: &Stopped,
        ids: (u32, u32),
        now: u64,
        stream: &mut Stream<'_>,
    ) -> Result<(), Gone> {
        self.push_most(stopped, ids, now, stream, 1)
    }

    fn push_most(
        &mut self,
        stopped: &Stopped,
        (pid, tid): (u32, u32),
        now: u64,
        stream: &mut Stream<'_>,
        most: usize,
    ) -> Result<(), Gone> {
        let Some(registers) = stopped.general()? else { return Ok(()) };
        let registers = Registers { ip: registers.ip(), sp: registers.sp(), bp: registers.bp() };
        let CallStacks { sampler, memory, stack, record } = self;
        let mut complete = false;
        for bytes in [STACK_BYTES, DEEP_STACK_BYTES] {
            let mut range = [Range { addr: registers.sp, at: 0, len: bytes, got: 0 }];
            memory.read(tid, stack, &mut range);
            let got = range[0].got;
            let read = stack.get(..got).unwrap_or_default();
            complete = sampler.unwind_call((pid, tid), now, registers, read, &mut |seen| {
                push_mapped(record, stream, &seen);
            });
            if complete || got < bytes {
                break;
            }
        }
        let frames = sampler.frames();
        let frames = frames.get(..most).unwrap_or(frames).iter();
        let frames = frames.map(|frame| Frame { address: frame.ip, mapping: number(frame.mapping) });
        record.sample(tid, pid, now, SampleClock::Cpu, 0, complete, frames);
        stream.push(record);
        Ok(())
    }
}

fn push_mapped(record: &mut Record, stream: &mut Stream<'_>, seen: &Seen<'_>) {
    let Seen::Mapped { at_ns, index, mapping } = *seen else { return };
    record.mapped(at_ns, &mapped(number(index), mapping));
    stream.push(record);
}

/// Does this call, of native 64-bit code, map code?
pub(crate) fn maps_code(nr: u64, args: &[u64; 6]) -> bool {
    let maps = matches!(nr as i64, libc::SYS_mmap | libc::SYS_mprotect | libc::SYS_pkey_mprotect);
    maps && args[2] & libc::PROT_EXEC as u64 != 0 || nr as i64 == libc::SYS_mremap
}
