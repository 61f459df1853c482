//! Words from their texts: numbers, names of constants, flags joined by `|`.

use syscalls::names::{self, Names};
use syscalls::{Kind, signal};

/// The word that this text stands for, where it stands for one.
pub(super) fn word(kind: Option<&Kind>, text: &str) -> Option<u64> {
    let text = text.trim();
    if matches!(kind, Some(Kind::Envp | Kind::Argv)) && text.contains("/*") {
        // How many there are is more than where they are.
        return None;
    }
    let text = uncommented(text);
    if let Some(word) = number(text, kind.is_some_and(is_mode)) {
        return Some(word);
    }
    match kind? {
        Kind::DirFd | Kind::Fd if text == "AT_FDCWD" => Some(-100i64 as u64),
        Kind::OpenFlags => joined(text, &[&names::ACCESS_MODE, &names::OPEN_FLAGS]),
        Kind::Flags(table) | Kind::Enum(table) | Kind::IntNamed(table) | Kind::HexNamed(table) => {
            joined(text, &[table])
        }
        Kind::EnumFlags(table, flags) => joined(text, &[table, flags]),
        Kind::FlagsMode(table) => joined(text, &[table]),
        Kind::Mode => joined(text, &[&names::FILE_TYPES]),
        Kind::Signal => signal::by_name(text).map(u64::from),
        _ => (text == "NULL").then_some(0),
    }
}

/// strace's remark behind a number: `0x7ffc8c1f2a30 /* 3 vars */`.
fn uncommented(text: &str) -> &str {
    if !text.ends_with("*/") {
        return text;
    }
    text.split_once(" /*").map_or(text, |(word, _)| word)
}

fn is_mode(kind: &Kind) -> bool {
    matches!(kind, Kind::Mode | Kind::OpenMode(_))
}

/// A number in decimal or hex, and with a leading zero in octal where modes are written so.
fn number(text: &str, octal: bool) -> Option<u64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return plain(digits, |digit| digit.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, 16).ok())?;
    }
    if let Some(digits) = text.strip_prefix('-') {
        let value = plain(digits, |digit| digit.is_ascii_digit()).then(|| text.parse::<i64>().ok())?;
        return value.map(|value| value as u64);
    }
    if !plain(text, |digit| digit.is_ascii_digit()) {
        return None;
    }
    if octal && text.len() > 1 && text.starts_with('0') { u64::from_str_radix(text, 8).ok() } else { text.parse().ok() }
}

fn plain(digits: &str, is_digit: impl Fn(char) -> bool) -> bool {
    !digits.is_empty() && digits.chars().all(is_digit)
}

/// Names joined by `|`, numbers among them; every part must be known.
fn joined(text: &str, tables: &[&Names]) -> Option<u64> {
    text.split('|').try_fold(0, |word, part| {
        let part = part.trim();
        let value = number(part, true).or_else(|| tables.iter().find_map(|table| value(table, part)))?;
        Some(word | value)
    })
}

fn value(table: &Names, name: &str) -> Option<u64> {
    table.rows.iter().find(|row| row.1 == name).map(|row| row.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_back() {
        let open = Some(&Kind::OpenFlags);
        assert_eq!(word(open, "O_RDONLY|O_CLOEXEC"), Some(0o2_000_000));
        assert_eq!(word(open, "O_WRONLY|O_CREAT|O_TRUNC"), Some(0o1101));
        assert_eq!(word(open, "0x80241"), Some(0x80241));
        assert_eq!(word(open, "O_NOSUCH"), None);
        assert_eq!(word(Some(&Kind::DirFd), "AT_FDCWD"), Some(-100i64 as u64));
        assert_eq!(word(Some(&Kind::Mode), "0644"), Some(0o644));
        assert_eq!(word(Some(&Kind::Int), "-1"), Some(u64::MAX));
        assert_eq!(word(Some(&Kind::Signal), "SIGUSR1"), Some(10));
        assert_eq!(word(Some(&Kind::Ptr), "0x7ffc8c1f2a30 /* 3 vars */"), Some(0x7ffc_8c1f_2a30));
        assert_eq!(word(None, "{st_mode=S_IFREG|0644, ...}"), None);
    }
}
