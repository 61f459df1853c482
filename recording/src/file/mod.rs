//! The recording file (`.ctrace`): append-only blocks with checks, readable at any moment.
//!
//! [`Writer`] is a sink that keeps everything; [`Recording`] gives it back to another sink, block by
//! block, whatever state the file is in. Memory does not grow with the length of the file.

mod beside;
mod blocks;
mod faults;
mod gather;
mod index;
mod intern;
mod layout;
mod live;
mod looks;
mod loss;
mod output;
mod read;
mod restore;
mod strings;
mod totals;
mod unfinished;
mod whole;
mod window;
mod write;

pub use beside::{Beside, GiveName};
pub use looks::{is_recording, may_be_document};
pub use read::{OpenError, Read, Recording, State};
pub use whole::NotWhole;
pub use write::{WriteOptions, Writer};
