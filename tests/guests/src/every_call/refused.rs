//! Every number with all bits set in every word, and with zeros: the kernel refuses most of them.

use super::{call, drop_privileges};

/// The last number of the table.
const LAST: i64 = 471;

/// Not with all bits set: they end the program, wait for a signal, make a process, write out all disks, or are
/// entered only by code that the kernel placed.
const NEVER: &[i64] = &[
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_pause,
    libc::SYS_rt_sigreturn,
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_sync,
    335,
    336,
];

/// Not with zeros: they wait for ever, make a process, close what is used, restrict the program, or are about
/// the first of what others may have.
const NOT_WITH_ZEROS: &[i64] = &[
    libc::SYS_clone,
    libc::SYS_select,
    libc::SYS_pselect6,
    libc::SYS_ppoll,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_seccomp,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semctl,
    libc::SYS_semtimedop,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
];

pub fn run() {
    drop_privileges();
    // Zero is a descriptor, too, and it may be the machine's /dev/null: what is done to it is done to a file of ours.
    let own = call!(libc::SYS_open, c"own", libc::O_RDWR | libc::O_CREAT, 0o600);
    call!(libc::SYS_dup2, own, 0);
    call!(libc::SYS_close, own);
    // What the kernel removed or never had lies between.
    let numbers = (0..337).chain(424..=LAST).filter(|number| !NEVER.contains(number));
    for number in numbers.clone() {
        super::make(number, &[u64::MAX; 6]);
        if number == libc::SYS_alarm {
            super::make(number, &[0; 6]);
        }
    }
    for number in numbers.filter(|number| !NOT_WITH_ZEROS.contains(number)) {
        super::make(number, &[0; 6]);
    }
    // The one that is not refused: a queue, which would outlive us.
    let queue = call!(libc::SYS_msgget, -1, 0);
    call!(libc::SYS_msgctl, queue, libc::IPC_RMID, 0);
    // A number without a call.
    super::make(400, &[1, 2, 3, 4, 5, 6]);
}
