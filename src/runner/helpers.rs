//! Helpers of a run: a competitor that keeps a CPU busy, whoever hands over standard input in pieces, and the
//! other end of a terminal.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::variation::Pieces;

/// Rows and columns of a judged program's terminal.
const SIZE: (u16, u16) = (24, 80);
/// Ctrl-D, as often as a program may ask again after it has found the end.
const ENDS: [u8; 64] = [4; 64];

/// What a run needs beside its target; ended with it.
pub enum Helper {
    /// A child of ours that is no target.
    Process(Child),
    /// Our end of a terminal: while it is open, the terminal is there.
    Terminal(#[expect(dead_code, reason = "it is held, not used")] File),
}

impl Helper {
    /// Its process id, if it is a process.
    pub fn pid(&self) -> Option<u32> {
        match self {
            Helper::Process(child) => Some(child.id()),
            Helper::Terminal(_) => None,
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if let Helper::Process(child) = self {
            let _ = child.kill();
            // The tracer may have taken its status: then there is none to wait for.
            let _ = child.wait();
        }
    }
}

/// A terminal at which nobody types; our end, and the program's.
pub fn terminal() -> io::Result<(Helper, OwnedFd)> {
    let (mut ours, theirs) = tracer::terminal(SIZE.0, SIZE.1)?;
    ours.write_all(&ENDS)?;
    Ok((Helper::Terminal(ours), theirs))
}

/// Counts for as long as this process lives.
pub fn competitor() -> io::Result<Helper> {
    let counts = "while [ -d /proc/$1 ]; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; done";
    let mut command = Command::new("sh");
    command.args(["-c", counts, "sh"]).arg(std::process::id().to_string()).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(Helper::Process)
}

/// A pipe through which these bytes come.
pub fn feed(file: &Path, len: u64, pieces: Pieces) -> io::Result<(io::PipeReader, Helper)> {
    let (reader, writer) = io::pipe()?;
    let first = match pieces {
        Pieces::Whole => 0,
        Pieces::FirstByte => 1,
        Pieces::Halves => len / 2,
    };
    let mut command = Command::new("sh");
    if first == 0 {
        command.args(["-c", "exec cat"]);
    } else {
        command.args(["-c", "head -c \"$1\" \"$2\"; sleep 0.05; tail -c +\"$3\" \"$2\"", "sh"]);
        command.arg(first.to_string()).arg(file).arg((first + 1).to_string());
    }
    command.stdin(File::open(file)?).stdout(writer).stderr(Stdio::null());
    let helper = Helper::Process(command.spawn()?);
    // The command holds our copy of the writing end: with it the pipe would never end.
    drop(command);
    Ok((reader, helper))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn all_bytes_come_whatever_the_pieces() {
        let room = tempfile::tempdir().expect("a directory");
        let file = room.path().join("in");
        for bytes in [&b"name\nvalue\n"[..], b"", b"x"] {
            std::fs::write(&file, bytes).expect("written");
            for pieces in [Pieces::Whole, Pieces::FirstByte, Pieces::Halves] {
                let (mut reader, _helper) = feed(&file, bytes.len() as u64, pieces).expect("a pipe");
                let mut read = Vec::new();
                reader.read_to_end(&mut read).expect("read");
                assert_eq!(read, bytes, "{pieces:?}");
            }
        }
    }
}
