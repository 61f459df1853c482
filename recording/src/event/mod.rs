//! The raw event: fixed little-endian records with payloads behind them.
//!
//! [`Record`] writes one, [`Events`] reads many, [`Event`] is a checked view of one. Views copy
//! nothing and can't fail: a record that is malformed never becomes a view.
//!
//! ```text
//! every record   0 size u32 | 4 kind u8 | 5 state u8 | 6 via u8 | 7 abi u8 | 8 task u32
//!               12 flags u32 | 16 seq u64 | 24 at u64 (a call: entered)
//! call          32 left | 40 nr | 48 args 6 x u64 | 96 result i64 | 104 ip | 112 sp
//!              120 payload_bytes u32 | 124 exit_flags u32                              = 128
//! signal        32 signo u32 | 36 disposition u8 | 40 ip u64 | 48 siginfo 128 bytes     = 176
//! stopped, continued   32 signo u32                                                    = 40
//! born          32 parent u32 | 36 how u8 | 40 clone flags u64 | 48 process u32 | 52 own tid u32 = 56
//! exec          32 old tid u32 | 36 process u32                                        = 40
//! died          32 code i32 | 36 how u8 (0 exited, 1 killed, 2 superseded by the execve of task `code`) | 37 core u8 | 38 last u8
//!               (1: its process ended with it) | 40 process u32 | 44 process status u32 (as wait4) = 48
//! detached      32 reason u32                                                          = 40
//! mapped        32 start | 40 length | 48 offset | 56 device | 64 inode | 72 number u32 | 76 process u32 = 80
//! tracepoint    32 body length u32 | 36 source u8 (see TracepointSource) | 40 slots of 32 bytes = 40 + body
//! sample        32 body length u32 | 36 process u32 | 40 clock u8 (see SampleClock) | 41 u8 (1: complete)
//!               | 44 count u32 | 48 weight u64 | 56 count x frame                       = 40 + body
//!                    frame: address u64 | number of a mapping, all ones = none, u32 | pad u32
//! switch        32 body length u32 | 40 on u8 | 41 u8 (0 not known, 1 gave way, 2 preempted) = 40 + body
//! counter       32 source u32 | 36 status u32 (0 measured) | 40 value | 48 enabled | 56 running = 64
//! lost          32 count | 40 first | 48 last | 56 engine u32                          = 64
//! unseen        32 what u32                                                            = 40
//! engine        32 from u8 | 33 to u8                                                  = 40
//! limit         32 which u32 | 40 value u64                                            = 48
//! file state    32 device | 40 inode | 48 size | 56 mode u32 | 60 what u32 (see FileWhat)
//!               | 64 errno u32 | 68 when u32 (0 at close, 1 at end)                    = 72
//! account       32 scope u32 (0 task, 1 process) | 36 count u32 | 40 count x Reading   = 40
//!                    Reading: measure u16 | status u16 | pad u32 | value u64
//! named         32                                                                     = 32
//! ```
//!
//! Texts (a reason, a path, a comm) are payloads with `arg` 6 and a number in `path`, given by
//! [`text`]. The argument vector of a first or attached `born`, and of an `exec`, is one payload per
//! argument: `arg` 1 as of execve, shape [`Shape::Element`], the index in `path`; the environment, only
//! on request, the same with `arg` 2.

mod kinds;
mod measure;
mod payload;
mod profile;
mod record;
mod view;

pub use kinds::{BornHow, FileWhat, Hidden, Kind, State, Via, flag};
pub use measure::{Measure, Reading, reading};
pub use payload::{
    ARG_NONE, Joined, JoinedPayloads, Payload, PayloadHead, Payloads, Shape, content, note, status, text,
};
pub use profile::{Frame, Mapped, NO_MAPPING, SLOT, Sample, SampleClock, Slots, Switch, TracepointSource};
pub use record::Record;
pub use view::{Call, Event, Events, Malformed};

/// Bytes before the kind's own fields.
pub const HEAD: usize = 32;
/// Bytes of a call without payloads.
pub const CALL: usize = 128;
/// Bytes before the content of a payload.
pub const PAYLOAD_HEAD: usize = 32;
/// Largest record a reader accepts: 1 MiB of payloads and room for their heads.
pub const MAX_RECORD: usize = 4 << 20;
