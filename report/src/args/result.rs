//! Results: what strace says in parentheses behind the number of a call that returned.

use recording::event::Call;
use syscalls::{Abi, Returns, names};

use super::Style;
use super::printer::Printer;
use crate::text::Constants;

/// Appends it without the parentheses; nothing where there is nothing to say.
pub(crate) fn write_result_note(out: &mut Vec<u8>, style: &Style, call: &Call<'_>, abi: Abi) {
    let Some(row) = syscalls::lookup(abi, call.nr()) else { return };
    let result = call.result();
    if !call.returned() || call.errno().is_some() {
        return;
    }
    let mut printer = Printer::new(out, style, *call, abi, row);
    // Behind the number itself.
    printer.names_only = style.constants != Constants::Numbers && row.name != "personality";
    match row.returns_for(&call.args()) {
        Returns::OpenFlags => {
            printer.text(b"flags ");
            printer.open_flags(result as u64);
        }
        Returns::FdFlags if result != 0 => {
            printer.text(b"flags ");
            printer.flags(&names::FD_FLAGS, result as u64);
        }
        Returns::Ready if result == 0 => printer.text(b"Timeout"),
        Returns::Ready => match row.name {
            "poll" | "ppoll" => {
                printer.polled();
            }
            "select" | "pselect6" => {
                printer.selected();
            }
            _ => {}
        },
        _ => named(&mut printer, result),
    }
}

/// `F_GETSIG`, `F_GETLEASE`, `F_GET_SEALS` (fcntl(2)).
fn control(printer: &mut Printer<'_, '_>, value: u64) {
    match printer.word(1) {
        11 if value != 0 => printer.signal(value),
        1025 => printer.name(&names::LOCK_TYPES, value),
        1034 if value != 0 => {
            printer.text(b"seals ");
            printer.flags(&names::F_SEALS, value);
        }
        _ => {}
    }
}

/// Calls whose result is a constant or a time.
fn named(printer: &mut Printer<'_, '_>, result: i64) {
    let value = result as u64;
    match printer.row.name {
        "time" => {
            printer.bare_date(result, 0, 9);
        }
        "personality" => printer.personality(value),
        "sched_getscheduler" => printer.name_and_flags(&names::SCHED_POLICIES, &names::SCHED_POLICY_FLAGS, value),
        "adjtimex" | "clock_adjtime" if printer.shows_structures() => printer.name(&names::ADJTIMEX_STATES, value),
        // NS_GET_NSTYPE
        "ioctl" if printer.word(1) as u32 == 0xb703 => printer.name(&names::SETNS, value),
        "membarrier" if printer.word(0) == 0 && value != 0 => {
            printer.flags(&names::MEMBARRIER, value);
        }
        "recvmmsg" if result > 0 => printer.received_in_time(),
        "rt_sigtimedwait" => printer.signal(value),
        "ioprio_get" => printer.io_priority(value),
        "fcntl" => control(printer, value),
        "prctl" if printer.word(0) == 52 => printer.flags(&names::PRCTL_SPEC_CONTROL, value),
        "prctl" if printer.word(0) == 3 => printer.name(&names::PRCTL_DUMPABLE, value),
        _ => {}
    }
}
