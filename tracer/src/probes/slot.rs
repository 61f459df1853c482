//! Slots: copies of instructions that run in the place of those under a breakpoint, so that the breakpoint stays where it
//! is while other threads pass. Behind a copy stands a jump to where its original would have gone on.

use super::body::{How, Site};

/// Bytes of a slot: the longest instruction and two jumps.
pub const SLOT: usize = 64;
/// `jmp *0(%rip)`, followed by the address.
const JUMP: [u8; 6] = [0xff, 0x25, 0, 0, 0, 0];
const JUMP_BYTES: usize = JUMP.len() + 8;
/// Bytes of the short conditional jump that stands for a longer one.
const SHORT: usize = 2;

fn put(slot: &mut [u8; SLOT], at: usize, bytes: &[u8]) {
    if let Some(place) = slot.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

fn put_jump(slot: &mut [u8; SLOT], at: usize, to: u64) {
    put(slot, at, &JUMP);
    put(slot, at + JUMP.len(), &to.to_le_bytes());
}

impl Site {
    fn own(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The slot at address `at` of a process in which the file lies `bias` higher; `None` when what the instruction
    /// names is too far from there.
    pub fn elsewhere(&self, bias: u64, at: u64) -> Option<[u8; SLOT]> {
        // int3: nothing behind the last jump is ever run.
        let mut slot = [0xcc; SLOT];
        let here = self.address.wrapping_add(bias);
        let next = here.wrapping_add(u64::from(self.len));
        put(&mut slot, 0, self.own());
        if self.distance_at != 0 {
            let place = usize::from(self.distance_at);
            let old = i32::from_le_bytes(*slot.get(place..)?.first_chunk()?);
            let new = i64::from(old).checked_add(here.wrapping_sub(at) as i64)?;
            put(&mut slot, place, &i32::try_from(new).ok()?.to_le_bytes());
        }
        match self.how {
            How::Plain => put_jump(&mut slot, usize::from(self.len), next),
            How::Return | How::JumpBy => {}
            How::Jump(target) => put_jump(&mut slot, 0, target.wrapping_add(bias)),
            How::JumpIf(target) => {
                // Jcc over the first of two jumps; its condition is in the last byte of either opcode.
                let condition = condition(self.own())?;
                put(&mut slot, 0, &[0x70 | condition, JUMP_BYTES as u8]);
                put_jump(&mut slot, SHORT, next);
                put_jump(&mut slot, SHORT + JUMP_BYTES, target.wrapping_add(bias));
            }
        }
        Some(slot)
    }

    /// The address at which a task would be, had it not been led into the slot, that is `into` bytes in it.
    pub fn back(&self, bias: u64, into: u64) -> u64 {
        let here = self.address.wrapping_add(bias);
        let next = here.wrapping_add(u64::from(self.len));
        match (self.how, into as usize) {
            (_, 0) => here,
            (How::JumpIf(target), into) if into > SHORT => target.wrapping_add(bias),
            _ => next,
        }
    }

    /// Does the conditional jump happen with these flags (EFLAGS)?
    pub fn is_taken(&self, flags: u64) -> bool {
        let bit = |number: u32| flags >> number & 1 == 1;
        let (carry, parity, zero, sign, overflow) = (bit(0), bit(2), bit(6), bit(7), bit(11));
        let Some(condition) = condition(self.own()) else { return true };
        let holds = match condition >> 1 {
            0 => overflow,
            1 => carry,
            2 => zero,
            3 => carry || zero,
            4 => sign,
            5 => parity,
            6 => sign != overflow,
            _ => zero || sign != overflow,
        };
        holds != (condition & 1 == 1)
    }
}

/// The condition of a `Jcc` (Intel SDM volume 2, appendix B.1.4.7), prefixes skipped.
fn condition(bytes: &[u8]) -> Option<u8> {
    let is_prefix = |byte: &u8| matches!(byte, 0x2e | 0x3e | 0xf2 | 0x40..=0x4f | 0x66);
    let opcode: Vec<u8> = bytes.iter().copied().skip_while(is_prefix).take(2).collect();
    match *opcode.as_slice() {
        [0x0f, long @ 0x80..=0x8f] => Some(long & 15),
        [short @ 0x70..=0x7f, _] => Some(short & 15),
        _ => None,
    }
}
