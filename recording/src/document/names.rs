//! Names: of calls, as several writers have them, and of arguments, as manual pages have them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use syscalls::{Abi, Syscall};

/// What renacer before 0.72 calls them, and what they are: its table is shifted by one in these seven places.
const SHIFTED: [(&str, &str); 7] = [
    ("setgid", "geteuid"),
    ("geteuid", "getegid"),
    ("getegid", "setpgid"),
    ("setpgid", "getppid"),
    ("getppid", "getpgrp"),
    ("getpgrp", "setsid"),
    ("setsid", "setreuid"),
];

/// In documents of 0.10.2 the name of number 302.
const MISNAMED: (&str, &str, &str) = ("0.10.2", "pkey_mprotect", "prlimit64");

/// The number of a call of this name.
pub(super) fn number(abi: Abi, name: &str) -> Option<u64> {
    if let Some(number) = name.strip_prefix("syscall_") {
        return number.parse().ok();
    }
    static NATIVE: OnceLock<HashMap<&'static str, u64>> = OnceLock::new();
    match abi {
        Abi::X86_64 => NATIVE.get_or_init(|| numbers(Abi::X86_64).collect()).get(name).copied(),
        _ => numbers(abi).find(|(known, _)| *known == name).map(|(_, number)| number),
    }
}

fn numbers(abi: Abi) -> impl Iterator<Item = (&'static str, u64)> {
    (0u64..).zip(syscalls::table(abi)).filter_map(|(number, row)| row.map(|row| (row.name, number)))
}

/// What the call that a *registers* document of this version names so really is.
pub(super) fn translated(version: &str, name: &str) -> Option<&'static str> {
    if !is_before_0_72(version) {
        return None;
    }
    if version == MISNAMED.0 && name == MISNAMED.1 {
        return Some(MISNAMED.2);
    }
    SHIFTED.iter().find(|(wrong, _)| *wrong == name).map(|(_, right)| *right)
}

fn is_before_0_72(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(0), Some(minor)) => minor < 72,
        _ => false,
    }
}

/// Names for one argument: those of our tables are those of the kernel's declarations, documents use those of
/// the manual pages.
const SAME: [&[&str]; 17] = [
    &["dfd", "dirfd", "dir_fd", "fd"],
    &["olddfd", "olddirfd"],
    &["newdfd", "newdirfd"],
    &["filename", "pathname", "path", "name", "file", "special_file"],
    &["oldname", "oldpath", "target", "from"],
    &["newname", "newpath", "linkpath", "to"],
    &["buf", "buffer", "data", "ubuf", "buff"],
    &["count", "nbytes", "bytes"],
    &["len", "length", "size", "bufsiz", "bufsize", "addrlen"],
    &["offset", "off", "pos"],
    &["addr", "address", "start", "umyaddr", "uservaddr"],
    &["flags", "flag", "flg", "how"],
    &["mode", "perm", "permissions"],
    &["statbuf", "stat", "st"],
    &["fd", "sockfd", "socket", "fildes"],
    &["error_code", "status", "code"],
    &["sig", "signal", "signum"],
];

/// The position of the argument that a document calls so.
pub(super) fn position(row: &Syscall, name: &str) -> Option<usize> {
    let exact = row.args.iter().position(|arg| arg.name == name);
    exact.or_else(|| SAME.iter().filter(|group| group.contains(&name)).find_map(|group| only(row, group)))
}

/// The one argument of the call whose name is in the group.
fn only(row: &Syscall, group: &[&str]) -> Option<usize> {
    let mut found = (0..).zip(row.args).filter(|(_, arg)| group.contains(&arg.name));
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Some(at),
        _ => None,
    }
}

/// Puts named arguments into the order of the call's table: what stands at each position, and what has a name
/// that the table does not know.
pub(super) fn ordered<'t, V>(row: Option<&Syscall>, named: Vec<(Cow<'t, str>, V)>) -> Ordered<'t, V> {
    let mut ordered = Ordered { placed: Vec::new(), others: Vec::new() };
    for (name, value) in named {
        let at = row.and_then(|row| position(row, &name));
        match at {
            Some(at) if ordered.placed.get(at).is_none_or(Option::is_none) => {
                if ordered.placed.len() <= at {
                    ordered.placed.resize_with(at + 1, || None);
                }
                if let Some(place) = ordered.placed.get_mut(at) {
                    *place = Some(value);
                }
            }
            _ => ordered.others.push((name, value)),
        }
    }
    ordered
}

/// Named arguments in order.
pub(super) struct Ordered<'t, V> {
    /// By position.
    pub placed: Vec<Option<V>>,
    /// Of unknown names.
    pub others: Vec<(Cow<'t, str>, V)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_versions_are_translated() {
        assert_eq!(translated("0.6.2", "setgid"), Some("geteuid"));
        assert_eq!(translated("0.10.2", "setsid"), Some("setreuid"));
        assert_eq!(translated("0.10.2", "pkey_mprotect"), Some("prlimit64"));
        assert_eq!(translated("0.6.2", "pkey_mprotect"), None);
        assert_eq!(translated("0.72.3", "setgid"), None);
        assert_eq!(translated("1.0", "setgid"), None);
        assert_eq!(translated("0.6.2", "getuid"), None);
    }

    #[test]
    fn arguments_are_found_by_the_names_of_manual_pages() {
        let row = |name| number(Abi::X86_64, name).and_then(|nr| syscalls::lookup(Abi::X86_64, nr)).expect("a row");
        assert_eq!(position(row("openat"), "dirfd"), Some(0));
        assert_eq!(position(row("openat"), "pathname"), Some(1));
        assert_eq!(position(row("write"), "count"), Some(2));
        assert_eq!(position(row("execve"), "path"), Some(0));
        assert_eq!(position(row("write"), "colour"), None);
    }

    #[test]
    fn numbers_without_a_name_are_read_back() {
        assert_eq!(number(Abi::X86_64, "syscall_500"), Some(500));
        assert_eq!(number(Abi::X86_64, "read"), Some(0));
        assert_eq!(number(Abi::X86_64, "unknown"), None);
    }
}
