//! Names: a path as a task means it, absolute and tidy.

use std::collections::HashSet;

/// What the kernel puts behind the name of a file that has none any more.
const DELETED: &[u8] = b" (deleted)";

/// Directories of which it is known that they are no symbolic links, so that `..` below them can be taken off.
#[derive(Debug, Default)]
pub(super) struct Plain(HashSet<Vec<u8>>);

impl Plain {
    /// The kernel itself said this path: no component of it is a link.
    pub fn told(&mut self, path: &[u8]) {
        let mut path = path;
        while path.len() > 1 && path.starts_with(b"/") && !self.0.contains(path) {
            self.0.insert(path.to_vec());
            path = parent(path);
        }
    }

    fn has(&self, path: &[u8]) -> bool {
        path.is_empty() || self.0.contains(path)
    }

    /// `path` seen from the directory `base`: absolute where the base is, without `.`, doubled slashes, and
    /// `..` where what it leaves is known to be no link.
    pub fn tidy(&self, base: &[u8], path: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(base.len() + path.len() + 1);
        let base = if path.starts_with(b"/") { &b""[..] } else { base };
        let absolute = base.starts_with(b"/") || path.starts_with(b"/");
        for part in base.split(|b| *b == b'/').chain(path.split(|b| *b == b'/')) {
            match part {
                b"" | b"." => {}
                b".." if absolute && self.has(&out) => out.truncate(parent_len(&out)),
                part => {
                    if absolute || !out.is_empty() {
                        out.push(b'/');
                    }
                    out.extend_from_slice(part);
                }
            }
        }
        if out.is_empty() && absolute {
            out.push(b'/');
        }
        out
    }
}

fn parent_len(path: &[u8]) -> usize {
    path.iter().rposition(|byte| *byte == b'/').unwrap_or(0)
}

fn parent(path: &[u8]) -> &[u8] {
    path.get(..parent_len(path)).unwrap_or_default()
}

/// A link text of the kernel without the note that the file has no name any more.
pub(super) fn undeleted(link: &[u8]) -> &[u8] {
    link.strip_suffix(DELETED).unwrap_or(link)
}

/// Did the kernel say that the file has no name any more?
pub(super) fn is_deleted(link: &[u8]) -> bool {
    link.ends_with(DELETED)
}

/// A file of procfs, sysfs or a cgroup file system.
pub(super) fn is_procfs(path: &[u8]) -> bool {
    [&b"/proc"[..], b"/sys"]
        .iter()
        .any(|root| path.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest[0] == b'/'))
}

/// A magic link of procfs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Magic {
    /// To a descriptor: of this process, or of the caller.
    Descriptor(Option<u32>, i32),
    /// To anything else (`exe`, `cwd`, `root`, what lies below them): only the kernel knows.
    Other,
}

/// Is the path a magic link, or does it go through one?
pub(super) fn magic(path: &[u8]) -> Option<Magic> {
    match path {
        b"/dev/stdin" => return Some(Magic::Descriptor(None, 0)),
        b"/dev/stdout" => return Some(Magic::Descriptor(None, 1)),
        b"/dev/stderr" => return Some(Magic::Descriptor(None, 2)),
        _ => {}
    }
    if let Some(fd) = path.strip_prefix(b"/dev/fd/") {
        return number(fd).map(|fd| Magic::Descriptor(None, fd as i32));
    }
    let mut parts = path.strip_prefix(b"/proc/")?.split(|byte| *byte == b'/');
    let who = parts.next()?;
    let pid = number(who);
    if pid.is_none() && who != b"self" && who != b"thread-self" {
        return None;
    }
    let mut what = parts.next()?;
    if what == b"task" {
        let _tid = parts.next()?;
        what = parts.next()?;
    }
    match (what, parts.next(), parts.next()) {
        (b"fd", Some(fd), None) => number(fd).map(|fd| Magic::Descriptor(pid, fd as i32)),
        (b"fd", Some(_), Some(_)) | (b"exe" | b"cwd" | b"root", ..) => Some(Magic::Other),
        _ => None,
    }
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok().filter(|number| *number <= i32::MAX as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_go_where_that_is_safe() {
        let mut plain = Plain::default();
        plain.told(b"/home/me");
        let tidy = |base: &str, path: &str| String::from_utf8(plain.tidy(base.as_bytes(), path.as_bytes())).unwrap();
        assert_eq!(tidy("/home/me", "./a//b/."), "/home/me/a/b");
        assert_eq!(tidy("/home/me", "../you"), "/home/you");
        assert_eq!(tidy("/home/me", "../../../etc"), "/etc");
        assert_eq!(tidy("/home/me", "maybe-a-link/../x"), "/home/me/maybe-a-link/../x");
        assert_eq!(tidy("/home/me", "/"), "/");
        assert_eq!(tidy("", "a/./b"), "a/b");
        assert_eq!(tidy("", ""), "");
    }

    #[test]
    fn magic_links_are_told_from_files_of_procfs() {
        assert_eq!(magic(b"/proc/self/fd/3"), Some(Magic::Descriptor(None, 3)));
        assert_eq!(magic(b"/proc/77/fd/3"), Some(Magic::Descriptor(Some(77), 3)));
        assert_eq!(magic(b"/proc/self/task/9/fd/4"), Some(Magic::Descriptor(None, 4)));
        assert_eq!(magic(b"/dev/stdout"), Some(Magic::Descriptor(None, 1)));
        assert_eq!(magic(b"/proc/self/exe"), Some(Magic::Other));
        assert_eq!(magic(b"/proc/self/root/etc"), Some(Magic::Other));
        for path in
            ["/proc/self/fd", "/proc/self/maps", "/proc/meminfo", "/dev/fd/x", "/proc/self/fd/99999999999", "/etc"]
        {
            assert_eq!(magic(path.as_bytes()), None, "{path}");
        }
        assert!(is_procfs(b"/proc/1/stat") && is_procfs(b"/sys") && !is_procfs(b"/system"));
    }
}
