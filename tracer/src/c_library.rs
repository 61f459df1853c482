//! The C library that a program asks for: family and version, by the loader that its file names.
//!
//! Known before the first event, so that a recording says what it was made on. A program that is handed another
//! library on its way (LD_PRELOAD, a chroot) is not seen through.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::interpreters;

/// Interpreters of interpreters that the kernel follows (BINPRM_BUF, `bprm->recursion_depth`).
const SCRIPTS: usize = 5;
/// Bytes of a program in which its headers lie.
const HEADERS: u64 = 64 << 10;
/// Bytes of a library in which its version is looked for.
const LIBRARY: u64 = 16 << 20;

/// `glibc-2.36`, `musl-1.2.3`; `None`: the file is no dynamic program, or its library does not say.
pub fn of_program(path: &Path) -> Option<String> {
    let mut program = path.to_owned();
    for _ in 0..SCRIPTS {
        let head = beginning(&program, HEADERS)?;
        match head.strip_prefix(b"#!") {
            Some(line) => program = interpreters::of_script(line)?,
            None => return of_loader(&interpreters::of_elf(&head)?),
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
    fn what_is_no_plain_file_has_none() {
        assert_eq!(of_program(Path::new("/dev/zero")), None);
    }
}
