//! A shared library that makes a call.

use std::ffi::c_void;

unsafe extern "C" {
    fn write(descriptor: i32, bytes: *const c_void, count: usize) -> isize;
}

/// Writes a line.
#[unsafe(no_mangle)]
pub extern "C" fn in_library() {
    let text = "library\n";
    let written = unsafe { write(1, text.as_ptr().cast(), text.len()) }; // line of library
    std::hint::black_box(written);
}
