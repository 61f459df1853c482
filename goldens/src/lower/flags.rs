//! Flags as the words of a step, in the fixed order of the verb.

use crate::run::raw::Raw;

/// `O_CLOEXEC`, of `socket`, `pipe2`, `eventfd2` and others too.
pub(super) const O_CLOEXEC: u64 = 0x80000;
/// `O_NONBLOCK`, likewise.
pub(super) const O_NONBLOCK: u64 = 0x800;
/// `O_CREAT`.
pub(super) const O_CREAT: u64 = 0x40;
/// `O_EXCL`.
pub(super) const O_EXCL: u64 = 0x80;
/// `O_TRUNC`.
pub(super) const O_TRUNC: u64 = 0x200;
/// `O_PATH`.
pub(super) const O_PATH: u64 = 0x200000;
/// `O_TMPFILE`, its `O_DIRECTORY` included.
pub(super) const O_TMPFILE: u64 = 0x410000;
/// `O_SYNC`, its `O_DSYNC` included.
pub(super) const O_SYNC: u64 = 0x101000;
/// `O_DSYNC`.
pub(super) const O_DSYNC: u64 = 0x1000;
/// `O_ACCMODE`.
const O_ACCMODE: u64 = 3;
/// `AT_SYMLINK_NOFOLLOW`.
pub(super) const AT_NOFOLLOW: u64 = 0x100;

/// Words of `open` in the order of the golden: bits of which all must be set, word.
const OPEN: &[(u64, &str)] = &[
    (O_CREAT, "creat"),
    (O_EXCL, "excl"),
    (O_TRUNC, "trunc"),
    (0x400, "append"),
    (O_CLOEXEC, "cloexec"),
    (0x10000, "dir"),
    (0x20000, "nofollow"),
    (O_NONBLOCK, "nonblock"),
    (O_TMPFILE, "tmpfile"),
    (O_SYNC, "sync"),
    (O_DSYNC, "dsync"),
    (0x4000, "direct"),
    (0x100, "noctty"),
];

/// The arguments of `open`: access, flags, mode where it counts.
pub(super) fn open_words(flags: u64, mode: u64) -> Vec<Raw> {
    let access = match flags {
        _ if flags & O_PATH != 0 => "path",
        _ => ["r", "w", "rw", "rw"][(flags & O_ACCMODE) as usize],
    };
    let tmpfile = flags & O_TMPFILE == O_TMPFILE;
    let synced = flags & O_SYNC == O_SYNC;
    let mut words = vec![Raw::Word(access)];
    let set =
        |bits: u64, word: &str| flags & bits == bits && !(tmpfile && word == "dir") && !(synced && word == "dsync");
    words.extend(OPEN.iter().filter(|(bits, word)| set(*bits, word)).map(|(_, word)| Raw::Word(word)));
    if flags & O_CREAT != 0 || tmpfile {
        words.push(Raw::Octal((mode & 0o7777) as u32));
    }
    words
}

/// Is a file opened with these flags read?
pub(super) fn reads(flags: u64) -> bool {
    flags & O_PATH == 0 && flags & O_ACCMODE != 1
}

/// Is a file opened with these flags written?
pub(super) fn writes(flags: u64) -> bool {
    flags & O_PATH == 0 && flags & O_ACCMODE != 0
}

/// `cloexec`, `nonblock`.
pub(super) fn descriptor_words(flags: u64) -> Vec<Raw> {
    words(flags, &[(O_CLOEXEC, "cloexec"), (O_NONBLOCK, "nonblock")])
}

/// The words of the bits that are set.
pub(super) fn words(flags: u64, table: &[(u64, &'static str)]) -> Vec<Raw> {
    table.iter().filter(|(bits, _)| flags & bits == *bits).map(|(_, word)| Raw::Word(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_the_order_of_the_golden() {
        let words = open_words(2 | O_CREAT | O_EXCL | O_CLOEXEC, 0o600);
        let want = ["rw", "creat", "excl", "cloexec"].map(Raw::Word);
        assert_eq!(words[..4], want);
        assert_eq!(words[4], Raw::Octal(0o600));
        assert_eq!(open_words(O_TMPFILE | 1, 0o600), [Raw::Word("w"), Raw::Word("tmpfile"), Raw::Octal(0o600)]);
    }
}
