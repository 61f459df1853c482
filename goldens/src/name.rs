//! Names of goldens: they become file names, and may come from anybody.

/// Is this a name: 1 to 128 of `[A-Za-z0-9._-]`, without a leading dot?
pub fn valid_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=128).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::valid_name;

    #[test]
    fn names_leave_their_directory_never() {
        for (name, valid) in [
            ("cli", true),
            ("a.b_c-9", true),
            ("", false),
            (".x", false),
            ("../x", false),
            ("a/b", false),
            ("ä", false),
        ] {
            assert_eq!(valid_name(name), valid, "{name}");
        }
        assert!(!valid_name(&"x".repeat(129)));
    }
}
