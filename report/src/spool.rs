//! Spool: bytes that can't be written yet. A little is kept in memory, more in a file without a name.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use recording::SinkError;

use crate::output::Stream;

/// Bytes kept in memory before they go to the file.
const IN_MEMORY: usize = 1 << 20;

/// Bytes put aside, given back once.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    /// Where to append; call [`Spool::settle`] after each piece.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.memory
    }

    /// Is nothing in it?
    pub(crate) fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.file.is_none()
    }

    /// Moves what is in memory to the file once it is too much.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        if self.memory.len() < IN_MEMORY {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        file.write_all(&self.memory)?;
        self.memory.clear();
        Ok(())
    }

    /// Gives all bytes back in order, piece by piece.
    pub(crate) fn drain<E>(
        &mut self,
        broken: impl Fn(io::Error) -> E,
        mut give: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(mut file) = self.file.take() {
            file.rewind().map_err(&broken)?;
            let mut piece = vec![0; 64 << 10];
            loop {
                match file.read(&mut piece) {
                    Ok(0) => break,
                    Ok(count) => give(&piece[..count])?,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(broken(error)),
                }
            }
        }
        give(&std::mem::take(&mut self.memory))
    }
}

/// Writes what was spooled behind what is there.
pub(crate) fn pour(spool: &mut Spool, to: &mut Stream) -> Result<(), SinkError> {
    let to = std::cell::RefCell::new(to);
    spool.drain(
        |source| to.borrow().failed(source),
        |piece| {
            let mut to = to.borrow_mut();
            to.buffer().extend_from_slice(piece);
            to.flush_when_full()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_in_comes_out_in_order() {
        for lines in [0u32, 1, 10_000, 400_000] {
            let mut spool = Spool::default();
            for line in 0..lines {
                spool.buffer().extend_from_slice(&line.to_le_bytes());
                spool.settle().unwrap();
            }
            assert!(spool.memory.len() <= IN_MEMORY);
            assert_eq!(spool.file.is_some(), lines == 400_000);
            assert_eq!(spool.is_empty(), lines == 0);
            let mut back = Vec::new();
            spool
                .drain(
                    |error| error,
                    |piece| {
                        back.extend_from_slice(piece);
                        Ok(())
                    },
                )
                .unwrap();
            let expected: Vec<u8> = (0..lines).flat_map(u32::to_le_bytes).collect();
            assert!(back == expected, "{lines} numbers came back changed");
        }
    }
}
