//! Directory entries: what `getdents64` and `getdents` wrote.

use super::word;

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dirent<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// `d_type` (readdir(3)): 4 a directory, 8 a regular file, 10 a symbolic link, 0 unknown.
    pub kind: u8,
    /// `d_ino`.
    pub inode: u64,
}

/// The entries of one payload, `.` and `..` among them. Ends at the first that is not whole.
#[derive(Debug, Clone)]
pub struct Dirents<'a> {
    rest: &'a [u8],
    old: bool,
}

impl<'a> Dirents<'a> {
    /// Of `getdents64`.
    pub fn new(bytes: &'a [u8]) -> Dirents<'a> {
        Dirents { rest: bytes, old: false }
    }

    /// Of the older `getdents`, which has the type in the last byte.
    pub fn old(bytes: &'a [u8]) -> Dirents<'a> {
        Dirents { rest: bytes, old: true }
    }
}

impl<'a> Iterator for Dirents<'a> {
    type Item = Dirent<'a>;

    fn next(&mut self) -> Option<Dirent<'a>> {
        let first = if self.old { 18 } else { 19 };
        let len = word(self.rest, 16, 2)? as usize;
        let (entry, rest) = self.rest.split_at_checked(len).filter(|_| len >= first)?;
        self.rest = rest;
        let kind = if self.old { *entry.last()? } else { *entry.get(18)? };
        let name = entry.get(first..)?.split(|byte| *byte == 0).next().unwrap_or_default();
        Some(Dirent { name, kind, inode: word(entry, 0, 8)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(inode: u64, kind: u8, name: &[u8]) -> Vec<u8> {
        let len = (19 + name.len() + 1).next_multiple_of(8);
        let mut entry = [&inode.to_le_bytes()[..], &[0; 8], &(len as u16).to_le_bytes(), &[kind], name].concat();
        entry.resize(len, 0);
        entry
    }

    #[test]
    fn entries_come_until_one_is_cut() {
        let bytes = [entry(1, 4, b"."), entry(2, 8, b"file"), entry(3, 8, b"cut")].concat();
        let names =
            |bytes: &[u8]| Dirents::new(bytes).map(|entry| (entry.name.to_vec(), entry.kind)).collect::<Vec<_>>();
        assert_eq!(names(&bytes), [(b".".to_vec(), 4), (b"file".to_vec(), 8), (b"cut".to_vec(), 8)]);
        assert_eq!(names(&bytes[..bytes.len() - 1]).len(), 2);
        assert_eq!(names(&[0; 64]), [], "a length of zero ends it");
    }

    #[test]
    fn the_older_form_has_its_type_at_the_end() {
        let entry = [&5u64.to_le_bytes()[..], &[0; 8], &24u16.to_le_bytes(), b"ab\0\0\0\x04"].concat();
        assert_eq!(Dirents::old(&entry).next(), Some(Dirent { name: b"ab", kind: 4, inode: 5 }));
    }
}
