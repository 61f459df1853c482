//! Fit: the instructions at which the kernel sets no probe. It says so nowhere when it can't: the probe is just never hit.

use iced_x86::OpKind;

use crate::probes::body::How;
use crate::probes::{Edge, Planned, Program};

/// Probes of one event: its definition takes the kernel a time that grows with their square, a quarter of a second here.
const MOST: usize = 4096;

/// Why the kernel can't set all probes of a program.
pub(super) fn why_not(program: &Program) -> Option<String> {
    let sites = || program.parts.iter().flat_map(|part| &part.sites);
    let count = sites().count();
    if count > MOST {
        return Some(format!("they have {count} entries and exits, and {MOST} can be defined in good time"));
    }
    let unfit = sites().find_map(|planned| Some((planned, of_site(planned)?)));
    if let Some((planned, why)) = unfit {
        let point = planned.edges.first().and_then(|(point, _)| program.points.get(*point as usize));
        let label = point.map(|point| String::from_utf8_lossy(&point.label).into_owned()).unwrap_or_default();
        return Some(format!("{label}: {why}"));
    }
    program.parts.iter().filter(|part| !part.sites.is_empty()).find_map(|part| {
        let parts = super::define::path(part);
        let places = part.sites.iter().all(|planned| part.layout.offset_of(planned.site.address).is_some());
        let semaphores = part.semaphores().iter().all(|at| part.layout.offset_of(*at).is_some());
        match parts {
            Err(why) => Some(why),
            Ok(_) if !places || !semaphores => Some("what is probed has no place in its file".into()),
            Ok(_) => None,
        }
    })
}

fn of_site(planned: &Planned) -> Option<&'static str> {
    let is_hook = |(_, edge): &(u32, Edge)| matches!(edge, Edge::ChicEnter | Edge::ChicExit);
    if planned.edges.iter().any(is_hook) {
        return Some("what tracepoints of Chic are called stands in memory that the kernel does not tell of");
    }
    let instruction = &planned.site.instruction;
    if planned.site.how == How::JumpBy && instruction.op0_kind() != OpKind::Register {
        return Some("it may leave by a jump through memory that the kernel does not tell of");
    }
    let bytes = planned.site.bytes.get(..usize::from(planned.site.len)).unwrap_or_default();
    let is_jump = matches!(planned.site.how, How::Jump(_) | How::JumpIf(_));
    takes(bytes, is_jump).err()
}

/// Does the kernel take this instruction (Linux, arch/x86/kernel/uprobes.c: prefixes, `good_insns_64`, `good_2byte_insns`)?
fn takes(bytes: &[u8], is_jump: bool) -> Result<(), &'static str> {
    const NOP_5: [u8; 5] = [0x0f, 0x1f, 0x44, 0, 0];
    if bytes == NOP_5 {
        // Linux 6.18 puts a call into its place, which makes a system call.
        return Err("the kernel replaces its no-operation of five bytes by a system call, which would be recorded");
    }
    let prefix = |byte: &&u8| matches!(byte, 0x26 | 0x2e | 0x36 | 0x3e | 0x64..=0x67 | 0xf0 | 0xf2 | 0xf3);
    let prefixes = bytes.iter().take_while(prefix).count();
    let (prefixes, rest) = bytes.split_at_checked(prefixes).unwrap_or((&[], bytes));
    let is_bad = |byte: &u8| matches!(byte, 0x26 | 0x2e | 0x36 | 0x3e | 0xf0) || is_jump && *byte == 0x66;
    if prefixes.iter().any(is_bad) {
        return Err("the kernel sets no probe at an instruction with such a prefix (notrack, lock, of a segment)");
    }
    let rest = match rest {
        [0x40..=0x4f, rest @ ..] => rest,
        rest => rest,
    };
    let is_good = match rest {
        [0x0f, second, ..] => is_good_second(*second),
        [first, ..] => is_good_first(*first),
        [] => false,
    };
    if is_good { Ok(()) } else { Err("the kernel sets no probe at such an instruction") }
}

fn is_good_first(opcode: u8) -> bool {
    match opcode {
        // What is invalid or a prefix, comes from a segment, traps, or talks to devices; vectors (0x62, 0xc4, 0xc5).
        0x06 | 0x07 | 0x0e | 0x0f | 0x16 | 0x17 | 0x1e | 0x1f | 0x26 | 0x27 | 0x2e | 0x2f | 0x36 | 0x37 | 0x3e
        | 0x3f => false,
        0x40..=0x4f | 0x60..=0x62 | 0x66 | 0x67 | 0x6c..=0x6f | 0x82 | 0x8e | 0x9a | 0xc4 | 0xc5 | 0xcc..=0xcf => false,
        0xd4..=0xd6 | 0xe4..=0xe7 | 0xea | 0xec..=0xf1 | 0xf4 | 0xfa | 0xfb => false,
        _ => true,
    }
}

fn is_good_second(opcode: u8) -> bool {
    let is_bad = matches!(opcode, 0x00..=0x0e | 0x18 | 0x24..=0x27 | 0x30 | 0x34..=0x3f | 0x78..=0x7d)
        || matches!(opcode, 0xa6 | 0xa7 | 0xae | 0xb8 | 0xd0 | 0xf0 | 0xff);
    !is_bad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_functions_begin_and_end_with_is_taken() {
        for bytes in [
            &[0xf3, 0x0f, 0x1e, 0xfa][..],
            &[0x55],
            &[0x41, 0x57],
            &[0x48, 0x83, 0xec, 0x08],
            &[0x8d, 0x47, 0x01],
            &[0x31, 0xc0],
            &[0xc3],
            &[0xf3, 0xc3],
            &[0x90],
            &[0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0],
            &[0x66, 0x0f, 0xef, 0xc0],
        ] {
            assert_eq!(takes(bytes, false), Ok(()), "{bytes:x?}");
        }
        for bytes in
            [&[0xe9, 0, 0, 0, 0][..], &[0xeb, 0], &[0x0f, 0x84, 0, 0, 0, 0], &[0x74, 0], &[0xf2, 0xe9, 0, 0, 0, 0]]
        {
            assert_eq!(takes(bytes, true), Ok(()), "{bytes:x?}");
        }
    }

    #[test]
    fn what_the_kernel_would_refuse_in_silence_is_not() {
        for bytes in [
            // notrack jmp *%rax; cs nop; lock inc; vmovaps; pmulld; five bytes of nothing
            &[0x3e, 0xff, 0xe0][..],
            &[0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
            &[0xf0, 0xff, 0x00],
            &[0xc5, 0xf8, 0x28, 0xc1],
            &[0x66, 0x0f, 0x38, 0x40, 0xc1],
            &[0x0f, 0x1f, 0x44, 0, 0],
            &[0x0f, 0x0b],
            &[0xf4],
            &[],
        ] {
            assert!(takes(bytes, false).is_err(), "{bytes:x?}");
        }
        assert!(takes(&[0x66, 0xe9, 0, 0], true).is_err());
    }
}
