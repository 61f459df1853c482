//! Interpreters: the program that the kernel runs for a file, by what the file begins with (execve(2), elf(5)).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// PT_INTERP of elf(5).
const PT_INTERP: u32 = 3;

/// The interpreter of a script: the first word of `line`, which is what stands behind `#!`.
pub fn of_script(line: &[u8]) -> Option<PathBuf> {
    let line = line.split(|byte| *byte == b'\n').next()?.trim_ascii();
    let word = line.split(u8::is_ascii_whitespace).next().filter(|word| !word.is_empty())?;
    Some(PathBuf::from(OsStr::from_bytes(word)))
}

/// The loader of a program: the path in the PT_INTERP header of a 64-bit little-endian ELF file, as far as its
/// headers and that path stand in `elf`.
pub fn of_elf(elf: &[u8]) -> Option<PathBuf> {
    let half = |at: usize| Some(u16::from_le_bytes(elf.get(at..at.checked_add(2)?)?.try_into().ok()?));
    let word = |at: usize| Some(u32::from_le_bytes(elf.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let long = |at: usize| {
        let value = u64::from_le_bytes(elf.get(at..at.checked_add(8)?)?.try_into().ok()?);
        usize::try_from(value).ok()
    };
    if !elf.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (table, size, count) = (long(0x20)?, usize::from(half(0x36)?), usize::from(half(0x38)?));
    let header = |nth: usize| table.checked_add(size.checked_mul(nth)?);
    let at = (0..count).filter_map(header).find(|at| word(*at) == Some(PT_INTERP))?;
    let (start, len) = (long(at.checked_add(0x08)?)?, long(at.checked_add(0x20)?)?);
    let path = elf.get(start..start.checked_add(len)?)?;
    let path = path.split(|byte| *byte == 0).next().filter(|path| !path.is_empty())?;
    Some(PathBuf::from(OsStr::from_bytes(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn files_that_name_no_interpreter_have_none() {
        assert_eq!(of_elf(b"\x7fELF\x02\x01"), None);
        let mut elf = vec![0xff; 256];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        assert_eq!(of_elf(&elf), None, "offsets behind the end");
        assert_eq!(of_script(b" \nx"), None);
        assert_eq!(of_script(b" /usr/bin/env python3\n").as_deref(), Some(Path::new("/usr/bin/env")));
    }

    #[test]
    fn hostile_headers_are_no_panic() {
        for cut in 0..128 {
            let mut bytes = b"\x7fELF\x02\x01".to_vec();
            bytes.resize(cut.max(6), 0xff);
            assert_eq!(of_elf(&bytes), None);
        }
    }
}
