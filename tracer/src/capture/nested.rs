//! Nested: descriptors that stand in the memory of a call.
//!
//! In: a record with the payloads of a stop. Out: the numbers in its `pollfd`s (poll(2)), its sets
//! (select(2)) and the SCM_RIGHTS of its messages (unix(7)), in the order in which they stand there.

use recording::event::{PayloadHead, Record, Shape};
use syscalls::{Kind, Syscall, layout};

/// Most of one stop: each costs a look below /proc.
const MOST: usize = 1024;
/// `struct cmsghdr`.
const CONTROL_HEAD: usize = 16;
const SOL_SOCKET: i32 = 1;
const SCM_RIGHTS: i32 = 1;

/// One descriptor and the argument that leads to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nested {
    pub arg: u8,
    pub fd: i32,
}

/// May memory behind an argument of this kind hold descriptors?
pub(super) fn may_hold(kind: &Kind) -> bool {
    match kind {
        Kind::Struct(layout, ..) => std::ptr::eq(*layout, &layout::POLLFD),
        Kind::FdSet(_) | Kind::Msghdr(_) | Kind::Mmsghdr(..) => true,
        _ => false,
    }
}

/// Puts into `out` the descriptors of the payloads that `wanted` accepts.
pub(super) fn find(
    out: &mut Vec<Nested>,
    row: &Syscall,
    words: &[u64; 6],
    record: &Record,
    wanted: impl Fn(&PayloadHead) -> bool,
) {
    out.clear();
    let args = row.args_for(words);
    for payload in record.view().payloads().filter(|p| p.head.shape == Shape::Struct && wanted(&p.head)) {
        let Some(arg) = args.get(usize::from(payload.head.arg)) else { continue };
        let mut push = |fd: i32| {
            if fd >= 0 && out.len() < MOST {
                out.push(Nested { arg: payload.head.arg, fd });
            }
        };
        match arg.kind {
            // What poll and select found is told without notes.
            Kind::Struct(..) if may_hold(&arg.kind) && payload.head.phase == 0 => {
                payload.bytes.chunks_exact(8).filter_map(|entry| int(entry, 0)).for_each(push);
            }
            Kind::FdSet(_) if payload.head.phase == 0 => {
                let count = words[0] as i32;
                set_bits(payload.bytes).take_while(|fd| *fd < count).for_each(push);
            }
            Kind::Msghdr(_) | Kind::Mmsghdr(..) if is_control(payload.head.path) => rights(payload.bytes, &mut push),
            _ => {}
        }
    }
}

/// Parts of a message have paths from `part << 16` on, four numbers for each; the control data is the third.
fn is_control(path: u32) -> bool {
    path & 0xffff == 0 && path >> 16 & 3 == 3
}

/// Control messages, each aligned to eight bytes (cmsg(3)).
fn rights(mut rest: &[u8], push: &mut impl FnMut(i32)) {
    while let (Some(length), Some(level), Some(kind)) = (long(rest, 0), int(rest, 8), int(rest, 12)) {
        let length = usize::try_from(length).unwrap_or(usize::MAX).max(CONTROL_HEAD);
        if (level, kind) == (SOL_SOCKET, SCM_RIGHTS) {
            let data = rest.get(CONTROL_HEAD..length.min(rest.len())).unwrap_or(&[]);
            data.chunks_exact(4).filter_map(|fd| int(fd, 0)).for_each(&mut *push);
        }
        rest = length.checked_next_multiple_of(8).and_then(|next| rest.get(next..)).unwrap_or(&[]);
    }
}

fn set_bits(bytes: &[u8]) -> impl Iterator<Item = i32> {
    let bits = |(i, byte): (usize, &u8)| {
        let byte = *byte;
        (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| (8 * i) as i32 + bit)
    };
    bytes.iter().enumerate().flat_map(bits)
}

fn int(bytes: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights_of(bytes: &[u8]) -> Vec<i32> {
        let mut fds = vec![];
        rights(bytes, &mut |fd| fds.push(fd));
        fds
    }

    fn control(length: u64, level: i32, kind: i32, data: &[i32]) -> Vec<u8> {
        let mut bytes = [&length.to_le_bytes()[..], &level.to_le_bytes(), &kind.to_le_bytes()].concat();
        data.iter().for_each(|fd| bytes.extend_from_slice(&fd.to_le_bytes()));
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    #[test]
    fn passed_descriptors_among_other_control_data() {
        let all = [control(20, 1, 1, &[5]), control(28, 1, 2, &[7, 8, 9]), control(24, 1, 1, &[3, 4])].concat();
        assert_eq!(rights_of(&all), [5, 3, 4]);
        for cut in 0..all.len() {
            assert!(rights_of(&all[..cut]).len() <= 3);
        }
        for claim in [0, 1, 15, 16, u64::MAX] {
            assert!(rights_of(&control(claim, 1, 1, &[3, 4])).len() <= 2, "{claim}");
        }
    }

    #[test]
    fn bits() {
        assert_eq!(set_bits(&[0b1000_0001, 0, 2]).collect::<Vec<_>>(), [0, 7, 17]);
    }
}
