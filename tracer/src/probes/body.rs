//! Bodies: where the instructions of a function are through which it is entered and left.

use std::ops::Range;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, Register};

use crate::symbols::{Code, Function};

/// Longest instruction, bytes (Intel SDM volume 2, 2.3.11).
pub const LONGEST: usize = 15;

/// How an instruction runs in another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// As it is; the next one follows.
    Plain,
    /// It returns.
    Return,
    /// It jumps to this address of the file.
    Jump(u64),
    /// It does so on a condition.
    JumpIf(u64),
    /// It jumps to an address in a register or in memory.
    JumpBy,
}

/// An instruction at which a probe can stand.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    /// Address in the file.
    pub address: u64,
    /// Its bytes.
    pub bytes: [u8; LONGEST],
    /// How many.
    pub len: u8,
    /// How it runs elsewhere.
    pub how: How,
    /// Where in it stands the distance of its operand from it; 0 nowhere.
    pub distance_at: u8,
    /// Decoded at `address`.
    pub instruction: Instruction,
}

/// Where a function is entered and left.
#[derive(Debug, Clone)]
pub struct Body {
    /// Its first instruction.
    pub entry: Site,
    /// Each return, and each jump that may lead out of it.
    pub exits: Vec<Site>,
    /// Its code, parts that the compiler put elsewhere included.
    pub ranges: Vec<Range<u64>>,
}

impl Body {
    /// Does an address of the file lie in it?
    pub fn holds(&self, address: u64) -> bool {
        holds(&self.ranges, address)
    }
}

fn holds(ranges: &[Range<u64>], address: u64) -> bool {
    ranges.iter().any(|range| range.contains(&address))
}

/// Parts of a function that are not run often, as compilers name them.
pub fn is_part(symbol: &[u8]) -> bool {
    symbol.windows(5).any(|piece| piece == b".cold")
}

/// Decodes a function.
///
/// # Errors
/// Why no probe can stand in it.
pub fn body(code: &Code, function: &Function) -> Result<Body, String> {
    if function.size == 0 {
        return Err("its symbol does not say where it ends".into());
    }
    let whole = |function: &Function| function.address..function.address.saturating_add(function.size);
    let mut cold = function.symbol.clone();
    cold.extend_from_slice(b".cold");
    let parts = code.functions.iter().filter(|part| part.size > 0 && part.symbol.starts_with(&cold)).map(whole);
    let ranges: Vec<Range<u64>> = std::iter::once(whole(function)).chain(parts).collect();
    let mut entry = None;
    let mut exits = Vec::new();
    for range in &ranges {
        let bytes = code.bytes(range.start, range.end - range.start).unwrap_or_default();
        if bytes.len() as u64 != range.end - range.start {
            return Err("its code is not in the file".into());
        }
        let mut decoder = Decoder::with_ip(64, bytes, range.start, DecoderOptions::NONE);
        let mut last = FlowControl::Next;
        while decoder.can_decode() {
            let instruction = decoder.decode();
            let at = instruction.ip();
            if instruction.is_invalid() {
                return Err(format!("its body cannot be decoded at +{:#x}", at - range.start));
            }
            if !instruction.mnemonic().eq(&Mnemonic::Nop) {
                last = instruction.flow_control();
            }
            let exit = leaves(&instruction, code, &ranges, function.address)?;
            let site = |how| site(&decoder, &instruction, bytes, range.start, how);
            if let Some(how) = exit {
                exits.extend(site(how));
            }
            if at == function.address {
                let how = exit.or_else(|| stays(&instruction).then_some(How::Plain));
                let first = how.and_then(site);
                entry =
                    Some(first.ok_or_else(|| {
                        "its first instruction does not run in another place as it does here".to_owned()
                    })?);
            }
        }
        if last == FlowControl::Next {
            return Err("its end runs on into what follows".into());
        }
    }
    let entry = entry.ok_or("it has no code")?;
    Ok(Body { entry, exits, ranges })
}

/// Does an instruction lead out of the function? Then how.
fn leaves(instruction: &Instruction, code: &Code, ranges: &[Range<u64>], entry: u64) -> Result<Option<How>, String> {
    let flow = instruction.flow_control();
    match flow {
        FlowControl::Return if instruction.mnemonic() == Mnemonic::Ret => Ok(Some(How::Return)),
        FlowControl::Return => Err("it returns in a way of its own".into()),
        FlowControl::IndirectBranch if instruction.is_jmp_near_indirect() => Ok(Some(How::JumpBy)),
        FlowControl::IndirectBranch => Err("it jumps to another segment".into()),
        FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
            if !instruction.is_jmp_short_or_near() && !instruction.is_jcc_short_or_near() {
                // loop, jrcxz
                let target = instruction.near_branch_target();
                return match holds(ranges, target) && target != entry {
                    true => Ok(None),
                    false => Err("it may leave by a loop instruction".into()),
                };
            }
            let target = instruction.near_branch_target();
            if target == entry {
                return Err("it jumps to its own first instruction, which looks like a call".into());
            }
            if holds(ranges, target) {
                return Ok(None);
            }
            if !code.is_start(target) {
                return Err("it jumps into the midst of other code".into());
            }
            Ok(Some(if flow == FlowControl::UnconditionalBranch { How::Jump(target) } else { How::JumpIf(target) }))
        }
        _ => Ok(None),
    }
}

/// Does an instruction do the same in another place, but for its distance to what it names?
fn stays(instruction: &Instruction) -> bool {
    let faults_here = matches!(instruction.mnemonic(), Mnemonic::Div | Mnemonic::Idiv);
    instruction.flow_control() == FlowControl::Next
        && !instruction.is_privileged()
        && !faults_here
        && instruction.memory_base() != Register::EIP
}

fn site(decoder: &Decoder<'_>, instruction: &Instruction, code: &[u8], start: u64, how: How) -> Option<Site> {
    let from = usize::try_from(instruction.ip().checked_sub(start)?).ok()?;
    let own = code.get(from..from.checked_add(instruction.len())?)?;
    let mut bytes = [0; LONGEST];
    bytes.get_mut(..own.len())?.copy_from_slice(own);
    let distance_at = if instruction.is_ip_rel_memory_operand() {
        let places = decoder.get_constant_offsets(instruction);
        if !places.has_displacement() || places.displacement_size() != 4 {
            return None;
        }
        u8::try_from(places.displacement_offset()).ok()?
    } else {
        0
    };
    Some(Site {
        address: instruction.ip(),
        bytes,
        len: u8::try_from(own.len()).ok()?,
        how,
        distance_at,
        instruction: *instruction,
    })
}

impl Site {
    /// A no-operation of one byte at which somebody else put a probe: it does the same anywhere.
    pub fn of(code: &Code, address: u64) -> Option<Site> {
        let bytes = code.bytes(address, LONGEST as u64)?;
        let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
        let instruction = decoder.decode();
        let fits = !instruction.is_invalid() && stays(&instruction);
        fits.then(|| site(&decoder, &instruction, bytes, address, How::Plain)).flatten()
    }
}
