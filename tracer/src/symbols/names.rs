//! Names as people wrote them.

/// A linkage name demangled: Rust without its hash, C++ with its parameters; any other as it is. Bytes that are
/// no UTF-8 become `\xNN`.
pub fn demangle(name: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(name) else { return name.utf8_chunks().map(escaped).collect() };
    // Tables of whole programs have the version of a library's symbol behind the name.
    let text = text.split_once('@').map_or(text, |(name, _)| if name.is_empty() { text } else { name });
    if let Ok(rust) = rustc_demangle::try_demangle(text) {
        return format!("{rust:#}");
    }
    if text.starts_with("_Z")
        && let Ok(symbol) = cpp_demangle::Symbol::new(text)
        && let Ok(cpp) = symbol.demangle()
    {
        return cpp;
    }
    text.into()
}

fn escaped(chunk: std::str::Utf8Chunk<'_>) -> String {
    let mut text = chunk.valid().to_string();
    for byte in chunk.invalid() {
        text.push_str(&format!("\\x{byte:02X}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_loses_its_hash_and_cpp_keeps_its_parameters() {
        assert_eq!(demangle(b"_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
        assert_eq!(demangle(b"_RNvC6_123foo3bar"), "123foo::bar");
        assert_eq!(demangle(b"_ZN3foo3barEi"), "foo::bar(int)");
        assert_eq!(demangle(b"_Zwhat"), "_Zwhat");
        assert_eq!(demangle(b"main"), "main");
        assert_eq!(demangle(b"__libc_start_main@@GLIBC_2.34"), "__libc_start_main");
        assert_eq!(demangle(b"a\xffb"), "a\\xFFb");
    }
}
