//! Calls: one row per system call, by family. Supporting one more call is one more row.
//!
//! A row reads like a declaration: name, classes in brackets, arguments with the names of the
//! kernel's declaration and what each word means, result. `by NAME` points at the list of
//! operations that replaces the arguments where an operation word decides (`fcntl`, `futex`).
//! Where an ABI gives a name other arguments, it has a row of its own with `as "name"`.
//!
//! A pointer is followed (copied and decoded) only where its kind says so; `Ptr` is an address on purpose:
//! nothing behind it would help a reader, or its form is not known well enough.

#![allow(non_upper_case_globals)]

use crate::Kind;
use crate::kind::{Count, Dir};
use crate::layout::Layout;

/// One structure read by the kernel.
const fn input(layout: &'static Layout) -> Kind {
    Kind::Struct(layout, Dir::In, Count::Fixed(1))
}

/// One structure written by the kernel.
const fn output(layout: &'static Layout) -> Kind {
    Kind::Struct(layout, Dir::Out, Count::Fixed(1))
}

/// One structure read and written by the kernel.
const fn exchange(layout: &'static Layout) -> Kind {
    Kind::Struct(layout, Dir::InOut, Count::Fixed(1))
}

/// Text that the kernel writes into a buffer of fixed size, NUL-terminated.
const fn text_out(size: u32) -> Kind {
    Kind::PathOut(Count::Fixed(size))
}

/// Does each operation stand before all greater ones?
const fn is_ascending(operations: &[u64]) -> bool {
    let mut at = 1;
    while at < operations.len() {
        if operations[at - 1] >= operations[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Argument list: a common beginning and what follows it.
macro_rules! args {
    (($($name:ident: $kind:expr),* $(,)?) ($($more:ident: $more_kind:expr),* $(,)?)) => {
        &[
            $(crate::Arg { name: stringify!($name), kind: $kind },)*
            $(crate::Arg { name: stringify!($more), kind: $more_kind },)*
        ]
    };
}

/// Rows of calls.
macro_rules! calls {
    (@name $id:ident) => { stringify!($id) };
    (@name $id:ident $name:literal) => { $name };
    (@variants) => { None };
    (@variants $variants:ident) => { Some(&$variants) };
    ($(
        $id:ident $(as $name:literal)? [$($class:ident)*] $args:tt $(by $variants:ident)? -> $returns:ident;
    )*) => {
        $(
            pub(crate) static $id: crate::Syscall = crate::Syscall {
                name: calls!(@name $id $($name)?),
                args: args!($args ()),
                returns: crate::Returns::$returns,
                classes: crate::Classes(0 $(| crate::Classes::$class.0)*),
                variants: calls!(@variants $($variants)?),
            };
        )*
    };
}

/// Operations of one call: the word and the bits of it that select, the arguments before the selected ones,
/// and per operation the rest and the result.
macro_rules! operations {
    ($id:ident: $selector:literal & $mask:literal $first:tt { $($op:literal => $rest:tt -> $returns:ident,)* }) => {
        const _: () = assert!(super::is_ascending(&[$($op),*]), "operations are found by bisection");
        pub(super) static $id: crate::Variants = crate::Variants {
            selector: $selector,
            mask: $mask,
            rows: &[$(($op, args!($first $rest), crate::Returns::$returns),)*],
        };
    };
}

mod credentials;
mod descriptors;
mod files;
mod i386;
mod ioctl;
mod ipc;
mod memory;
mod network;
mod prctl;
mod process;
mod ptrace;
mod scheduling;
mod signals;
mod system;
mod time;
mod unbuilt;

pub(crate) use credentials::*;
pub(crate) use descriptors::*;
pub(crate) use files::*;
pub(crate) use i386::*;
pub(crate) use ioctl::*;
pub(crate) use ipc::*;
pub(crate) use memory::*;
pub(crate) use network::*;
pub(crate) use prctl::*;
pub(crate) use process::*;
pub(crate) use ptrace::*;
pub(crate) use scheduling::*;
pub(crate) use signals::*;
pub(crate) use system::*;
pub(crate) use time::*;
pub(crate) use unbuilt::*;
