//! Every byte value in file names and in data.
//!
//! One file for each byte that a name may hold (`n` + byte + `m`), made and removed; and one write of
//! all 256 values to the file `bytes`.

use crate::posix::{close, create, must, say, write_all};
use crate::words::{Words, c_string};

pub fn run(_: &Words) -> i32 {
    let mut names = 0;
    for byte in (1..=255).filter(|byte| *byte != b'/') {
        let name = c_string(&[b'n', byte, b'm']);
        close(create(&name));
        must("unlink", unsafe { libc::unlink(name.as_ptr()) });
        names += 1;
    }
    let all: Vec<u8> = (0..=255).collect();
    let file = create(c"bytes");
    write_all(file, &all);
    close(file);
    say!("{names} names, {} bytes", all.len());
    0
}
