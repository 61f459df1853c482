//! Makes calls from lines that are known: they are marked.

use std::ffi::c_void;

unsafe extern "C" {
    fn write(descriptor: i32, bytes: *const c_void, count: usize) -> isize;
    fn close(descriptor: i32) -> i32;
    #[cfg(library)]
    fn in_library();
}

#[inline(never)]
fn innermost(text: &str) -> isize {
    let written = unsafe { write(1, text.as_ptr().cast(), text.len()) }; // line of innermost
    std::hint::black_box(written)
}

#[inline(always)]
fn inlined(descriptor: i32) -> i32 {
    std::hint::black_box(unsafe { close(descriptor) }) // line of inlined
}

#[inline(never)]
fn outer() -> isize {
    std::hint::black_box(innermost("one\n"))
}

/// Deeper than the first 8 KiB of the stack.
#[inline(never)]
fn deep(levels: u32) -> isize {
    let room = std::hint::black_box([levels as u8; 4096]);
    let below = if levels == 0 { innermost("deep\n") } else { deep(levels - 1) };
    std::hint::black_box(room[17]) as isize + below
}

fn main() {
    outer();
    deep(10);
    inlined(77);
    let there = std::path::Path::new("/nowhere/to/be/seen").exists(); // line of std
    assert!(!there);
    #[cfg(library)]
    unsafe {
        in_library();
    }
    std::thread::spawn(outer).join().expect("it ends");
}
