//! The words a guest was called with.

use std::ffi::CString;

/// The whole argv: program, name of the guest, its arguments.
pub struct Words(Vec<Vec<u8>>);

impl Words {
    pub fn new(argv: Vec<Vec<u8>>) -> Self {
        Self(argv)
    }

    /// The arguments after the guest's name, as bytes.
    pub fn rest(&self) -> &[Vec<u8>] {
        self.0.get(2..).unwrap_or_default()
    }

    /// Argument `index` as text; empty when it is not there.
    pub fn text(&self, index: usize) -> &str {
        self.rest().get(index).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default()
    }

    /// Argument `index` as a number, or this one.
    pub fn number(&self, index: usize, otherwise: usize) -> usize {
        self.text(index).parse().unwrap_or(otherwise)
    }

    /// An argv that runs this very program as another guest.
    pub fn call(&self, guest: &str, arguments: &[&str]) -> Vec<CString> {
        let mut argv = vec![c_string(&self.0[0]), c_string(guest.as_bytes())];
        argv.extend(arguments.iter().map(|word| c_string(word.as_bytes())));
        argv
    }
}

/// A string the kernel can read.
pub fn c_string(bytes: &[u8]) -> CString {
    CString::new(bytes).expect("no NUL inside")
}
