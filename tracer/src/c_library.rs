//! The C library that a program asks for: family and version, by the loader that its file names.
//!
//! Known before the first event, so that a recording says what it was made on. A program that is handed another
//! library on its way (LD_PRELOAD, a chroot) is not seen through.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Interpreters of interpreters that the kernel follows (BINPRM_BUF, `bprm->recursion_depth`).
const SCRIPTS: usize = 5;
/// Bytes of a program in which its headers lie.
const HEADERS: u64 = 64 << 10;
/// Bytes of a library in which its version is looked for.
const LIBRARY: u64 = 16 << 20;
/// PT_INTERP of elf(5).
const PT_INTERP: u32 = 3;

/// `glibc-2.36`, `musl-1.2.3`; `None`: the file is no dynamic program, or its library does not say.
pub fn of_program(path: &Path) -> Option<String> {
    let mut program = path.to_owned();
    for _ in 0..SCRIPTS {
        let head = beginning(&program, HEADERS)?;
        match head.strip_prefix(b"#!") {
            Some(line) => program = script_interpreter(line)?,
            None => return of_loader(&loader(&head)?),
        }
    }
    None
}

fn beginning(path: &Path, most: u64) -> Option<Vec<u8>> {
    // What is no plain file might never end, or wait.
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The first word behind `#!`.
fn script_interpreter(line: &[u8]) -> Option<PathBuf> {
    let line = line.split(|byte| *byte == b'\n').next()?.trim_ascii();
    let word = line.split(u8::is_ascii_whitespace).next().filter(|word| !word.is_empty())?;
    Some(PathBuf::from(OsStr::from_bytes(word)))
}

/// The path in the PT_INTERP header of a 64-bit little-endian ELF file.
fn loader(elf: &[u8]) -> Option<PathBuf> {
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

fn of_loader(loader: &Path) -> Option<String> {
    if loader.file_name()?.as_bytes().starts_with(b"ld-musl") {
        // It is the library itself.
        return musl_version(&beginning(loader, LIBRARY)?).map(|version| format!("musl-{version}"));
    }
    // Loader and library are of one build and lie together; old loaders do not say a version.
    let library = std::fs::canonicalize(loader).ok()?.with_file_name("libc.so.6");
    let versions = [library.as_path(), loader].into_iter().filter_map(|file| beginning(file, LIBRARY));
    versions.into_iter().find_map(|bytes| glibc_version(&bytes)).map(|version| format!("glibc-{version}"))
}

/// Of `GNU C Library (…) stable release version 2.36.`
fn glibc_version(library: &[u8]) -> Option<String> {
    let words = b" release version ";
    let at = library.windows(words.len()).position(|window| window == words)?;
    version(library.get(at + words.len()..)?)
}

/// The text `1.2.3` between two NULs.
fn musl_version(library: &[u8]) -> Option<String> {
    let texts = library.split(|byte| *byte == 0).filter(|text| (5..16).contains(&text.len()));
    let plain = |text: &&[u8]| text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    texts.filter(plain).filter_map(version).find(|version| version.matches('.').count() == 2)
}

/// Numbers with dots between them, without what follows.
fn version(text: &[u8]) -> Option<String> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let text = std::str::from_utf8(text.get(..len)?).ok()?.trim_end_matches('.');
    let numbers = text.split('.').all(|part| !part.is_empty() && part.len() < 6);
    (numbers && text.contains('.')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_libraries_say() {
        let glibc = b"\0GNU C Library (Debian GLIBC 2.36-9+deb12u10) stable release version 2.36.\nCopyright";
        assert_eq!(glibc_version(glibc).as_deref(), Some("2.36"));
        assert_eq!(glibc_version(b" development release version 2.41.9000.\n").as_deref(), Some("2.41.9000"));
        assert_eq!(glibc_version(b" release version .\n"), None);
        assert_eq!(musl_version(b"\x007.1\0\0...\x001.2.3\0musl libc").as_deref(), Some("1.2.3"));
        assert_eq!(musl_version(b"\x001.2\0"), None);
    }

    #[test]
    fn files_that_name_no_loader_have_none() {
        assert_eq!(loader(b"\x7fELF\x02\x01"), None);
        let mut elf = vec![0xff; 256];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        assert_eq!(loader(&elf), None, "offsets behind the end");
        assert_eq!(script_interpreter(b" \nx"), None);
        assert_eq!(script_interpreter(b" /usr/bin/env python3\n").as_deref(), Some(Path::new("/usr/bin/env")));
        assert_eq!(of_program(Path::new("/dev/zero")), None);
    }
}
