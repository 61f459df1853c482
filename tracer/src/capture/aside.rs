//! Aside: memory that stands behind no argument itself, of the few calls where it says what happened.
//!
//! | call | payload |
//! |---|---|
//! | `rt_sigreturn` | arg 6, phase 0, `Struct`: the signal mask that comes back, from the frame on the stack |
//! | `pselect6`, `io_pgetevents` | arg 5, phase 0, `Struct` path `1<<16`: the signal mask that the sixth argument leads to |
//! | `clone3` | arg 0, phase 1, `Struct` path `1<<16`: the id of the new task, where CLONE_PARENT_SETTID puts it |
//!
//! Only for the native 64-bit x86 convention: the others lay these structures out otherwise.

use recording::event::{self, ARG_NONE, Record};
use syscalls::{Abi, Syscall};

use super::gather::{Gather, Place, Then};

/// Bytes of a kernel signal set.
const SIGSET: u64 = 8;
/// Of `struct ucontext` on x86-64, its signal mask; the frame begins where the stack pointer stands.
const FRAME_MASK: u64 = 296;
/// clone(2).
const CLONE_PARENT_SETTID: u64 = 0x10_0000;

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Aside {
    /// None.
    #[default]
    None,
    /// Of `rt_sigreturn`.
    SignalFrame,
    /// Of `pselect6` and `io_pgetevents`.
    SelectMask,
    /// Of `clone3`.
    NewTask,
}

impl Aside {
    pub fn of(abi: Abi, row: &Syscall) -> Aside {
        match (abi, row.name) {
            (Abi::X86_64, "rt_sigreturn") => Aside::SignalFrame,
            (Abi::X86_64, "pselect6" | "io_pgetevents") => Aside::SelectMask,
            (Abi::X86_64, "clone3") => Aside::NewTask,
            _ => Aside::None,
        }
    }

    /// Asks for it before the call.
    pub fn before(self, gather: &mut Gather, record: &Record) {
        let Some(call) = record.view().call() else { return };
        match self {
            Aside::SignalFrame => {
                let place = Place { arg: ARG_NONE, phase: 0, shape: event::Shape::Struct, path: 0 };
                gather.want(place, call.sp().wrapping_add(FRAME_MASK), SIGSET, SIGSET, Then::Rest);
            }
            Aside::SelectMask => gather.lead(5, SIGSET),
            Aside::NewTask | Aside::None => {}
        }
    }

    /// Asks for it after a call that succeeded.
    pub fn after(self, gather: &mut Gather, record: &Record) {
        let Some(call) = record.view().call().filter(|_| self == Aside::NewTask) else { return };
        let given = call.payloads_of(0).find(|p| p.head.phase == 0 && p.head.shape == event::Shape::Struct);
        let Some(given) = given else { return };
        let word = |at: usize| {
            let bytes = given.bytes.get(at..at + 8)?;
            Some(u64::from_le_bytes(bytes.try_into().ok()?))
        };
        if let (Some(flags), Some(address)) = (word(0), word(24))
            && flags & CLONE_PARENT_SETTID != 0
        {
            let place = Place { arg: 0, phase: 1, shape: event::Shape::Struct, path: 1 << 16 };
            gather.want(place, address, 4, 4, Then::Rest);
        }
    }
}
