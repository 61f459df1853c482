//! Words and claims of any size: an argv of nearly two megabytes, a path of 128 KiB, two terabytes to write.

use crate::posix::{check, create, exec, fork, outcome, say, wait};
use crate::words::{Words, c_string};

const WORDS: usize = 18;
const LENGTH: usize = 100_000;

pub fn run(words: &Words) -> i32 {
    if words.text(0) == "again" {
        return again(words);
    }
    let too_long = fork(|| {
        let argv = [c_string(b"guest"), c_string(&[b'x'; 200_000])];
        let pointers = [argv[0].as_ptr(), argv[1].as_ptr(), std::ptr::null()];
        say!(
            "one word of 200000 bytes: {}",
            outcome(unsafe { libc::execv(c"/proc/self/exe".as_ptr(), pointers.as_ptr()) })
        );
        0
    });
    wait(too_long);
    let path = c_string(&[b'a'; 128 * 1024]);
    say!("path of 128 KiB: {}", outcome(unsafe { libc::open(path.as_ptr(), libc::O_RDONLY) }));
    claims();
    let mut argv = words.call("huge_words", &["again"]);
    argv.extend((0..WORDS).map(|word| c_string(&vec![letter(word); LENGTH])));
    exec(&argv)
}

fn letter(word: usize) -> u8 {
    b'a' + word as u8
}

/// A thousand pieces of two gigabytes each, from memory that is not there.
fn claims() {
    let piece = libc::iovec { iov_base: 0x1000 as _, iov_len: 2 << 30 };
    let pieces = [piece; 1024];
    let file = create(c"claims");
    say!("writev of two terabytes to a file: {}", outcome(unsafe { libc::writev(file, pieces.as_ptr(), 1024) }));
    let null = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY) };
    say!("writev of two terabytes to /dev/null: {}", outcome(unsafe { libc::writev(null, pieces.as_ptr(), 1024) }));
    say!("write of an exabyte to /dev/null: {}", outcome(unsafe { libc::write(null, 0x1000 as _, 1 << 60) }));
}

fn again(words: &Words) -> i32 {
    let huge = &words.rest()[1..];
    check(huge.len() == WORDS, "all words must arrive");
    for (number, word) in huge.iter().enumerate() {
        check(word.len() == LENGTH && word.iter().all(|byte| *byte == letter(number)), "each word must arrive whole");
    }
    say!("{WORDS} words of {LENGTH} bytes arrived");
    0
}
