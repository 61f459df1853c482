//! Destinations: where a printer's bytes go, and what became of them.

use std::io::Write;
use std::path::PathBuf;

use crate::output::Stream;

/// Where the output goes.
pub enum Destination {
    /// One stream.
    One {
        /// The stream. Needs no buffer of its own.
        to: Box<dyn Write + Send>,
        /// Its name in messages, as the user gave it: `trace.json`, `standard error`.
        name: String,
    },
    /// One file a task, `BASE.TID`, made when the task's first line is written (`-ff -o BASE`).
    PerTask {
        /// What stands before the dot.
        base: PathBuf,
        /// Behind what such a file holds already (`-A`)?
        append: bool,
    },
}

impl Destination {
    /// One stream under this name.
    pub fn one(to: impl Write + Send + 'static, name: impl Into<String>) -> Self {
        Destination::One { to: Box::new(to), name: name.into() }
    }

    /// As one stream. A document is never one file a task; what is left of such a wish is the base,
    /// whose file is made when the first byte comes.
    pub(crate) fn into_stream(self) -> Stream {
        match self {
            Destination::One { to, name } => Stream::new(to, name),
            Destination::PerTask { base, append } => {
                let name = base.display().to_string();
                Stream::new(Box::new(LateFile { path: base, append, file: None }), name)
            }
        }
    }
}

impl std::fmt::Debug for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Destination::One { name, .. } => f.debug_struct("One").field("name", name).finish_non_exhaustive(),
            Destination::PerTask { base, append } => {
                f.debug_struct("PerTask").field("base", base).field("append", append).finish()
            }
        }
    }
}

/// A file that is made when it is first written to.
struct LateFile {
    path: PathBuf,
    append: bool,
    file: Option<std::fs::File>,
}

impl Write for LateFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            none => {
                let mut options = std::fs::OpenOptions::new();
                options.create(true).write(true).append(self.append).truncate(!self.append);
                none.insert(options.open(&self.path)?).write(bytes)
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}
