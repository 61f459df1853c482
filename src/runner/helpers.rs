//! Helpers of a run: a competitor that keeps a CPU busy, and whoever hands over standard input in pieces.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::variation::Pieces;

/// A child of ours that is no target; ended with its run.
pub struct Helper(Child);

impl Helper {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        // The tracer may have taken its status: then there is none to wait for.
        let _ = self.0.wait();
    }
}

/// Counts for as long as this process lives.
pub fn competitor() -> io::Result<Helper> {
    let counts = "while [ -d /proc/$1 ]; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; done";
    let mut command = Command::new("sh");
    command.args(["-c", counts, "sh"]).arg(std::process::id().to_string()).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(Helper)
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
    let helper = Helper(command.spawn()?);
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
