//! Copies `in` to `out` in upper case. The port (`port`) is written in another way and makes the same
//! calls; the wrong ports forget to close the input before the output (`late`) or keep a
//! temporary file (`leaves`).

use std::fs::File;
use std::io::{Read, Write};

#[cfg(not(any(port, late)))]
fn main() {
    let mut text = vec![0; 64];
    let mut input = File::open("in").expect("an input");
    let n = input.read(&mut text).expect("read");
    drop(input);
    text.truncate(n);
    text.make_ascii_uppercase();
    let mut out = File::create("out").expect("an output");
    out.write_all(&text).expect("written");
    drop(out);
    if cfg!(leaves) {
        File::create("out.tmp").expect("a temporary file");
    }
}

#[cfg(port)]
fn main() {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut bytes = [0; 64];
        let n = File::open("in")?.read(&mut bytes)?;
        Ok(bytes[..n].iter().map(u8::to_ascii_uppercase).collect())
    };
    let text = read().expect("an input");
    File::create("out").and_then(|mut out| out.write_all(&text)).expect("an output");
}

#[cfg(late)]
fn main() {
    let mut bytes = [0; 64];
    let mut input = File::open("in").expect("an input");
    let n = input.read(&mut bytes).expect("read");
    let text: Vec<u8> = bytes[..n].iter().map(u8::to_ascii_uppercase).collect();
    File::create("out").and_then(|mut out| out.write_all(&text)).expect("an output");
    drop(input);
}
