//! Looks: what a file that is no recording may be, told from its first bytes.

use super::layout::{FILE_HEADER, MAGIC};

/// Forms known by how they begin.
const BEGINNINGS: [(&[u8], &str); 9] = [
    (b"\x7fELF", "it is an ELF file: a program or a library"),
    (b"\x1f\x8b", "it is compressed with gzip"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd"),
    (b"\xfd7zXZ\0", "it is compressed with xz"),
    (b"PK\x03\x04", "it is a zip archive"),
    (b"PERFILE2", "it is a perf.data file"),
    (b"PAR1", "it is a Parquet file"),
    (b"CBLK", "it begins with a block: the file header is missing"),
    (b"#!", "it is a script"),
];

/// Ways in which a transfer in text mode changes the first bytes.
const MANGLED: [&[u8]; 4] =
    [b"\x89CTR\x0a\x1a\x0a", b"\x89CTR\x0d\x0d\x0a\x1a\x0d\x0a", b"\x09CTR\x0d\x0a\x1a\x0a", b"\xc2\x89CTR"];

/// What a file with these first bytes looks like, as the end of a sentence.
pub fn like(first: &[u8]) -> String {
    if first.is_empty() {
        return "it is empty".to_owned();
    }
    if first.starts_with(&MAGIC) {
        return format!("it has {} bytes, fewer than the {FILE_HEADER} of a file header", first.len());
    }
    if MANGLED.iter().any(|mangled| first.starts_with(mangled)) {
        return "its line ends were changed by a transfer in text mode; copy it again in binary mode".to_owned();
    }
    if let Some((_, what)) = BEGINNINGS.iter().find(|(beginning, _)| first.starts_with(beginning)) {
        return (*what).to_owned();
    }
    if let Some(b'{' | b'[') = first.iter().find(|byte| !byte.is_ascii_whitespace()) {
        return "it looks like JSON".to_owned();
    }
    if first.split(|byte| *byte == b'\n').take(20).any(is_strace_line) {
        return "it looks like the text of strace".to_owned();
    }
    let shown: Vec<String> = first.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("it begins with {}, a recording with 89 43 54 52 0d 0a 1a 0a", shown.join(" "))
}

/// Is a file with these first bytes a recording?
pub fn is_recording(first: &[u8]) -> bool {
    first.starts_with(&MAGIC)
}

/// May a file with these first bytes be a document of calls, or text in which one stands? Not when it is known
/// to be something else.
pub fn may_be_document(first: &[u8]) -> bool {
    let known = first.starts_with(&MAGIC)
        || MANGLED.iter().any(|mangled| first.starts_with(mangled))
        || BEGINNINGS.iter().any(|(beginning, _)| first.starts_with(beginning));
    let lines = || first.split(|byte| *byte == b'\n');
    let is_strace = lines().take(20).any(is_strace_line) && !lines().any(|line| line.starts_with(b"{"));
    !known && !first.contains(&0) && !is_strace
}

/// `name(` after an optional pid and time, and ` = ` or `<unfinished` behind.
fn is_strace_line(line: &[u8]) -> bool {
    let Some(open) = line.iter().position(|byte| *byte == b'(') else { return false };
    let name = line[..open].rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let named = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let has = |what: &[u8]| line.windows(what.len()).any(|part| part == what);
    named && (has(b") = ") || has(b")  ") || has(b"<unfinished"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_is_named() {
        let cases: [(&[u8], &str); 10] = [
            (b"", "empty"),
            (b"\x89CTR\x0d\x0a\x1a\x0a\x01", "9 bytes"),
            (b"\x89CTR\x0a\x1a\x0a\x01\x00", "text mode"),
            (b"\x89CTR\x0d\x0d\x0a\x1a\x0d\x0a", "text mode"),
            (b"  {\"version\": \"1\"}", "JSON"),
            (b"execve(\"/bin/true\", [\"true\"], 0x7ff /* 3 vars */) = 0\n", "strace"),
            (b"4711  12:00:01 read(3,  <unfinished ...>\n", "strace"),
            (b"\x7fELF\x02", "ELF"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"PERFILE2", "perf.data"),
        ];
        for (bytes, word) in cases {
            assert!(like(bytes).contains(word), "{:?}: {}", bytes.escape_ascii().to_string(), like(bytes));
        }
        assert_eq!(
            like(b"hello world"),
            "it begins with 68 65 6c 6c 6f 20 77 6f, a recording with 89 43 54 52 0d 0a 1a 0a"
        );
    }
}
