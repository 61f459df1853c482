//! Words of strace text: strings, constants, structures.

use syscalls::layout::{FieldKind, Layout};
use syscalls::names::{Names, tables};

/// Splits at the commas of the top level.
pub fn split_top(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut escaped, mut start) = (0i32, false, false, 0);
    let mut parts = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    let rest = text[start..].trim();
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// `3</etc/passwd>` into `3` and `/etc/passwd`.
pub fn annotation(word: &str) -> (&str, Option<&str>) {
    match (word.find('<'), word.strip_suffix('>')) {
        (Some(at), Some(whole)) => (&word[..at], whole.get(at + 1..)),
        _ => (word, None),
    }
}

/// A number as strace writes it: decimal, hex, octal.
pub fn number(word: &str) -> Option<i64> {
    if let Some(hex) = word.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(|value| value as i64);
    }
    if word.len() > 1 && word.starts_with('0') {
        return i64::from_str_radix(word, 8).ok();
    }
    match word.split_once('*') {
        Some((a, b)) => Some(number(a)? * number(b)?),
        None => word.parse().ok(),
    }
}

/// Without `/* … */`.
pub fn strip_comments(text: &str) -> String {
    let mut out = text.to_owned();
    while let (Some(from), Some(to)) = (out.find("/*"), out.find("*/")) {
        out.replace_range(from..to + 2, "");
    }
    out.trim().to_owned()
}

/// The value of a name, in these tables or in any.
pub fn constant(name: &str, given: &[&Names]) -> Option<i64> {
    let find = |names: &Names| names.rows.iter().find(|row| row.1 == name).map(|row| row.0 as i64);
    given.iter().copied().find_map(find).or_else(|| tables().find_map(find))
}

/// Names and numbers joined by `|`.
pub fn flags(text: &str, given: &[&Names]) -> u64 {
    let one = |word: &str| {
        let word = strip_comments(word);
        match word.strip_suffix("_PRIVATE").filter(|_| word.starts_with("FUTEX_")) {
            Some(base) => constant(base, given).map(|value| value | 128),
            None => number(&word).or_else(|| constant(&word, given)),
        }
    };
    text.split('|').filter_map(one).fold(0, |all, bit| all | bit as u64)
}

/// A C string in quotes.
pub fn c_string(text: &str) -> Vec<u8> {
    let inside = text.trim_end_matches("...");
    let inside = inside.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(inside);
    let bytes = inside.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&kind) = bytes.get(at) else { break };
        at += 1;
        match kind {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'v' => out.push(11),
            b'f' => out.push(12),
            b'x' => {
                let digits = bytes.get(at..at + 2).and_then(|digits| std::str::from_utf8(digits).ok());
                out.push(digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).expect("two hex digits"));
                at += 2;
            }
            b'0'..=b'7' => {
                let mut value = u32::from(kind - b'0');
                for _ in 0..2 {
                    match bytes.get(at) {
                        Some(digit @ b'0'..=b'7') => {
                            value = value * 8 + u32::from(digit - b'0');
                            at += 1;
                        }
                        _ => break,
                    }
                }
                out.push(value as u8);
            }
            other => out.push(other),
        }
    }
    out
}

/// `{a=1, b={…}}` into names and values.
pub fn fields(text: &str) -> Vec<(String, String)> {
    let inside = text.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    split_top(inside)
        .into_iter()
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), strip_comments(value)))
        .collect()
}

/// The bytes of a structure.
pub fn structure(layout: &Layout, text: &str) -> Vec<u8> {
    let mut out = vec![0; layout.size as usize];
    for (name, value) in fields(text) {
        let Some(field) = layout.fields.iter().find(|field| field.name == name) else { continue };
        let value = match field.kind {
            FieldKind::Mode | FieldKind::Octal => mode(&value),
            FieldKind::Dev => device(&value),
            FieldKind::SigSet => signal_set(&value),
            FieldKind::Flags(names) | FieldKind::Enum(names) => flags(&value, &[names]),
            FieldKind::Fd => number(annotation(&value).0).unwrap_or(-1) as u64,
            FieldKind::Ptr if value == "SIG_IGN" => 1,
            FieldKind::Nested(_) => continue,
            _ => number(&value).or_else(|| constant(&value, &[])).unwrap_or(0) as u64,
        };
        let width = (field.width as usize).min(8);
        out[field.at as usize..field.at as usize + width].copy_from_slice(&value.to_le_bytes()[..width]);
    }
    out
}

fn mode(text: &str) -> u64 {
    text.split('|')
        .filter_map(|word| match word {
            "S_IFREG" => Some(0o100_000),
            "S_IFDIR" => Some(0o040_000),
            "S_IFLNK" => Some(0o120_000),
            "S_IFCHR" => Some(0o020_000),
            "S_IFIFO" => Some(0o010_000),
            "S_IFSOCK" => Some(0o140_000),
            octal => u64::from_str_radix(octal, 8).ok(),
        })
        .fold(0, |all, bit| all | bit)
}

fn device(text: &str) -> u64 {
    let inside = text.trim_start_matches("makedev(").trim_end_matches(')');
    let parts: Vec<u64> = inside.split(',').filter_map(|part| number(part.trim())).map(|part| part as u64).collect();
    match parts[..] {
        [major, minor] => (major & 0xfff) << 8 | minor & 0xff | (minor & !0xff) << 12 | (major & !0xfff) << 32,
        _ => 0,
    }
}

/// `[INT CHLD]`, `~[]`.
pub fn signal_set(text: &str) -> u64 {
    let inside = text.trim_start_matches('~').trim_start_matches('[').trim_end_matches(']');
    let set = inside
        .split_whitespace()
        .filter_map(|name| match name {
            "RTMIN" => Some(32),
            name => match name.strip_prefix("RT_") {
                Some(rest) => rest.parse::<u32>().ok().map(|n| 32 + n),
                None => syscalls::signal::by_name(&format!("SIG{name}")),
            },
        })
        .fold(0u64, |set, signal| set | 1 << (signal - 1));
    if text.starts_with('~') { !set } else { set }
}

/// `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}`.
pub fn address(text: &str) -> Vec<u8> {
    let mut out = vec![2u8, 0];
    let all = fields(text);
    let field = |name: &str| all.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(field("sa_family"), Some("AF_INET"), "only IPv4 in the samples");
    let port = field("sin_port").and_then(|port| number(port.trim_start_matches("htons(").trim_end_matches(')')));
    out.extend_from_slice(&(port.expect("a port") as u16).to_be_bytes());
    let host = field("sin_addr").expect("an address").trim_start_matches("inet_addr(\"").trim_end_matches("\")");
    out.extend(host.split('.').map(|part| part.parse::<u8>().expect("a byte")));
    out.resize(16, 0);
    out
}
