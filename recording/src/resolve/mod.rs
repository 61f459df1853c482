//! Resolve: numbers into what they stood for.
//!
//! In: the events of one recording, in order, through [`Sink`](crate::Sink). Out: each call once, with its
//! final outcome, joined with its process, its open file descriptions and the objects it was about; and
//! the tables of these, for whoever compares, rules or groups.
//! Not for: what a call means to a comparison (see `goldens`) or how it is printed (see `report`).
//!
//! Memory grows with processes, descriptions and objects, never with the number of calls: a call is given
//! to the [`Consumer`] and forgotten, but for those that may still turn out to be an attempt at the next one.

mod attempts;
mod effects;
mod files;
mod gaps;
mod moves;
mod names;
mod naming;
mod notes;
mod objects;
mod resolver;
mod sockets;
mod tables;
mod tasks;
mod world;

pub use resolver::Resolver;

pub use tables::{
    Description, DescriptionId, Exit, Identity, Image, Object, ObjectId, ObjectKind, ProcId, Process, Tables, Thread,
    ThreadId,
};

use std::borrow::Cow;
use std::sync::Arc;

use syscalls::Syscall;

use crate::event::Event;

/// What becomes of resolved calls.
pub trait Consumer {
    /// A call with its final outcome. Calls of one thread come in the order of their entries, but for one that
    /// failed and might have been an attempt: it may come later, but before the next on its object.
    fn call(&mut self, tables: &Tables, call: &Resolved<'_>);

    /// What is no call.
    fn happened(&mut self, tables: &Tables, what: &Happened<'_>);
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It returned this.
    Ok(i64),
    /// It failed with this errno.
    Failed(u16),
    /// No exit was seen: the task died inside, or the call does not return.
    Unfinished,
}

/// A call, its attempts folded into it, its numbers turned into objects.
#[derive(Debug)]
pub struct Resolved<'a> {
    /// The record of the final attempt, with its payloads.
    pub event: Event<'a>,
    /// Number of that record in the recording, from 0, announcements not counted.
    pub index: u64,
    /// Who made it.
    pub process: ProcId,
    /// Which of its threads.
    pub thread: ThreadId,
    /// Name in the table of its ABI, `syscall_N` for a number without one.
    pub name: Cow<'static, str>,
    /// Its row, where the number has one.
    pub row: Option<&'static Syscall>,
    /// How it ended.
    pub outcome: Outcome,
    /// Attempts folded into it: errno, how often.
    pub attempts: &'a [(u16, u32)],
    /// The objects it names or makes, in the order of its arguments, the result last.
    pub about: &'a [About],
    /// The bytes that it moved, where it moved any.
    pub moved: &'a [Moved],
}

impl Resolved<'_> {
    /// The first object that argument `arg` names.
    pub fn object(&self, arg: u8) -> Option<ObjectId> {
        self.about.iter().find(|about| about.arg == arg).map(|about| about.object)
    }

    /// The object behind the result.
    pub fn made(&self) -> Option<ObjectId> {
        self.object(RESULT)
    }
}

/// `arg` of the object behind a result.
pub const RESULT: u8 = 6;

/// One object that a call names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Argument 0 to 5, or [`RESULT`].
    pub arg: u8,
    /// Index within an array (`pollfd`, `SCM_RIGHTS`, the two of a pair, the descriptors of a range); the number
    /// of the descriptor within an `fd_set`.
    pub element: u32,
    /// The object; for a name that does not exist (or could not be looked up) one that stands for the name.
    pub object: ObjectId,
    /// The description, when it is named by a descriptor.
    pub description: Option<DescriptionId>,
    /// The descriptor's number, when it is named by one.
    pub fd: Option<i32>,
    /// The path, absolute and tidied, when it is named by one.
    pub path: Option<Vec<u8>>,
}

/// Bytes moved from or to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The object.
    pub object: ObjectId,
    /// The description.
    pub description: DescriptionId,
    /// Out of the object (`read`) or into it?
    pub into: bool,
    /// First byte: an offset in a file, a count per process and direction in a stream.
    pub start: u64,
    /// Behind the last byte. Equal to `start`: an end of file, or nothing written.
    pub end: u64,
    /// What is known of the bytes.
    pub bytes: MovedBytes,
}

/// What is known of the bytes that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MovedBytes {
    /// All of them.
    Known(Vec<u8>),
    /// blake3-256 of them.
    Digest([u8; 32]),
    /// Not kept: what a file holds is told by its state.
    NotKept,
}

/// An event that is no call, its task resolved.
#[derive(Debug)]
pub enum Happened<'a> {
    /// A thread began; with `by`, who made it (in the same process or in another).
    Born {
        /// The new thread.
        thread: ThreadId,
        /// Its maker, where it was seen.
        by: Option<ThreadId>,
        /// Number of the event.
        index: u64,
    },
    /// A process replaced its image: [`Process::images`] has it as its last.
    Exec {
        /// The thread that did.
        thread: ThreadId,
        /// The descriptors that are still open, by number.
        open: &'a [(i32, DescriptionId)],
        /// Number of the event.
        index: u64,
    },
    /// A signal was delivered.
    Signal {
        /// To this thread.
        thread: ThreadId,
        /// 1 to 64.
        signo: u32,
        /// `si_code`.
        code: i32,
        /// Number of the event.
        index: u64,
    },
    /// A call turned out to be an attempt at one that came later: told when it is folded into that, before it.
    Attempt {
        /// Who made it.
        thread: ThreadId,
        /// Its name, which may be that of a newer form.
        name: &'a str,
        /// What it worked on.
        object: Option<ObjectId>,
        /// How it failed; a restart code of the kernel (512 and above) when it was interrupted.
        errno: u16,
        /// Number of its event.
        index: u64,
    },
    /// A thread ended; `last` when its process ended with it ([`Process::exit`] says how).
    Died {
        /// The thread.
        thread: ThreadId,
        /// Was it the last of its process?
        last: bool,
        /// Number of the event.
        index: u64,
    },
    /// The state of a file (golden mode).
    File(FileState<'a>),
    /// Something that the recording can't vouch for: lost events, an unseen child, a filter, no trailer.
    Gap {
        /// The process concerned; `None`: the whole run.
        process: Option<ProcId>,
        /// What is missing and why, a sentence.
        why: String,
    },
}

/// The state of a file, as the kernel told it.
#[derive(Debug)]
pub struct FileState<'a> {
    /// Absolute path.
    pub path: &'a [u8],
    /// The object, when a call of the run named it.
    pub object: Option<ObjectId>,
    /// After the last task, or at the last close?
    pub at_end: bool,
    /// `file`, `dir`, `symlink`, `fifo`, `socket`, `dev`; `None`: gone.
    pub kind: Option<&'static str>,
    /// Permission bits.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
    /// Target of a symbolic link.
    pub link: Option<&'a [u8]>,
    /// blake3-256 of the content, where it was read.
    pub digest: Option<[u8; 32]>,
    /// The content, where it was kept whole (pieces joined).
    pub bytes: Option<Arc<Vec<u8>>>,
    /// Device, inode.
    pub identity: Option<Identity>,
    /// Why it could not be looked at: an errno.
    pub unreadable: Option<u16>,
    /// Number of its (first) event.
    pub index: u64,
}
