//! Asks a socket before anything is there and again when something is; changed (`patient`), only then.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

fn main() -> std::io::Result<()> {
    let (mut ours, mut theirs) = UnixStream::pair()?;
    theirs.set_nonblocking(true)?;
    let mut bytes = [0; 8];
    if !cfg!(patient) {
        assert_eq!(theirs.read(&mut bytes).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    }
    ours.write_all(b"now")?;
    assert_eq!(theirs.read(&mut bytes)?, 3);
    Ok(())
}
