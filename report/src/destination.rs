//! Destinations: where a printer's bytes go, and what became of them.

use std::io::Write;
use std::path::PathBuf;

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
    },
}

impl Destination {
    /// One stream under this name.
    pub fn one(to: impl Write + Send + 'static, name: impl Into<String>) -> Self {
        Destination::One { to: Box::new(to), name: name.into() }
    }
}

impl std::fmt::Debug for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Destination::One { name, .. } => f.debug_struct("One").field("name", name).finish_non_exhaustive(),
            Destination::PerTask { base } => f.debug_struct("PerTask").field("base", base).finish(),
        }
    }
}
