//! Prints three lines with one write. Changed, it writes byte by byte (`chatty`) or sleeps (`sleepy`).

use std::io::Write;

fn main() {
    let mut out = std::io::stdout().lock();
    let lines = b"one\ntwo\nthree\n";
    if cfg!(chatty) {
        for _ in 0..100 {
            for byte in lines {
                out.write_all(&[*byte]).and_then(|()| out.flush()).expect("written");
            }
        }
    } else {
        out.write_all(lines).expect("written");
    }
    if cfg!(sleepy) {
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
}
