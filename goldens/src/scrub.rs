//! Scrub: which values of a call say something about the program, by the kind of the value. Never by its text.
//!
//! In: a kind of the `syscalls` tables and a word. Out: what is kept of it. Kinds that are never kept (times,
//! inode numbers, free space, draws of entropy) have no form here at all.

use recording::resolve::{Object, ObjectKind};
use syscalls::Kind;
use syscalls::names::Names;

use crate::run::raw::Raw;

/// The class of runtime files that a path belongs to: `locale`, `zoneinfo`, `ldso`, ….
pub(crate) fn runtime_class(path: &[u8]) -> Option<&'static str> {
    // The socket of the name service cache daemon is asked before nsswitch.conf is read.
    let daemon = path.starts_with(b"/var/run/nscd/") || path.starts_with(b"/run/nscd/");
    if daemon { Some("nss") } else { recording::runtime_class(path) }
}

/// Does this object without a name hold bytes (`memfd`), or does it only wake its readers?
pub(crate) fn holds_bytes(name: &[u8]) -> bool {
    name.starts_with(b"memfd") || name.starts_with(b"secretmem")
}

/// Devices that answer every read with other bytes.
pub(crate) fn is_random(object: &Object) -> bool {
    object.kind == ObjectKind::Dev && matches!(object.name.as_slice(), b"/dev/urandom" | b"/dev/random")
}

/// A plain word: flags, names, modes, numbers. `None` for addresses, descriptors, ids of the run, and for
/// what stands behind pointers.
pub(crate) fn plain(kind: &Kind, word: u64) -> Option<Raw> {
    Some(match kind {
        Kind::Int => Raw::Number(i64::from(word as i32)),
        Kind::UInt => Raw::Number(i64::from(word as u32)),
        Kind::Long | Kind::ULong | Kind::Hex => Raw::Number(word as i64),
        Kind::Flags(table) => flags(table, word),
        Kind::Enum(table) => one(table, word),
        Kind::EnumFlags(table, more) => enum_flags(table, more, word),
        Kind::FlagsMode(table) => flags(table, word & !0o777),
        Kind::IntNamed(table) | Kind::HexNamed(table) => one(table, word & 0xffff_ffff),
        Kind::Mode => Raw::Octal((word & 0o7777) as u32),
        Kind::OpenMode(_) => Raw::Octal((word & 0o7777) as u32),
        Kind::OpenFlags => open_flags(word),
        Kind::Signal => Raw::Made(crate::facet::signal_name(word as u32).into()),
        Kind::Uid => Raw::Uid(word as u32),
        Kind::Gid => Raw::Gid(word as u32),
        Kind::IoctlRequest => match syscalls::ioctl::name(word as u32).and_then(|name| name.split(' ').next()) {
            Some(name) => Raw::Word(name),
            None => Raw::Made(format!("{:x}", word as u32).into()),
        },
        Kind::FutexOp => one(&syscalls::names::FUTEX_OPS, word & 0x7f),
        Kind::CloneFlags => clone_flags(word),
        Kind::SockOptName | Kind::QuotaCmd => Raw::Number(word as i64),
        _ => return None,
    })
}

fn one(table: &Names, word: u64) -> Raw {
    table.name(word).or_else(|| table.name(word & 0xffff_ffff)).map_or(Raw::Number(word as i64), Raw::Word)
}

/// Flags joined by `+`, in the order of their table; what has no name as a number.
fn flags(table: &Names, word: u64) -> Raw {
    let mut left = word;
    let mut parts: Vec<&str> = Vec::new();
    for (bits, name) in table.rows {
        if *bits != 0 && left & bits == *bits {
            parts.push(name);
            left &= !bits;
        }
    }
    joined(parts, left)
}

fn joined(parts: Vec<&str>, left: u64) -> Raw {
    match (parts.is_empty(), left) {
        (true, left) => Raw::Number(left as i64),
        (false, 0) => Raw::Made(parts.join("+").into()),
        (false, left) => Raw::Made(format!("{}+{left:x}", parts.join("+")).into()),
    }
}

fn enum_flags(table: &Names, more: &Names, word: u64) -> Raw {
    let mask = more.rows.iter().fold(0, |bits, row| bits | row.0);
    let base = word & !mask;
    let base = table.name(base).map_or_else(|| base.to_string(), String::from);
    match flags(more, word & mask) {
        Raw::Made(flags) => Raw::Made(format!("{base}+{flags}").into()),
        _ => Raw::Made(base.into()),
    }
}

fn open_flags(word: u64) -> Raw {
    let access = syscalls::names::ACCESS_MODE.name(word & 3).unwrap_or("O_ACCMODE");
    match flags(&syscalls::names::OPEN_FLAGS, word & !3 & !0x8000) {
        Raw::Made(flags) => Raw::Made(format!("{access}+{flags}").into()),
        _ => Raw::Made(access.into()),
    }
}

fn clone_flags(word: u64) -> Raw {
    flags(&syscalls::names::CLONE_FLAGS, word & !0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_joined_in_the_order_of_their_table() {
        let kept = plain(&Kind::OpenFlags, 0x80000 | 0x40 | 1);
        assert_eq!(kept, Some(Raw::Made("O_WRONLY+O_CREAT+O_CLOEXEC".into())));
    }

    #[test]
    fn addresses_descriptors_and_ids_have_no_plain_form() {
        for kind in [Kind::Ptr, Kind::Address, Kind::Fd, Kind::DirFd, Kind::Pid, Kind::Tid, Kind::Dev, Kind::Path] {
            assert_eq!(plain(&kind, 4711), None, "{kind:?}");
        }
    }
}
