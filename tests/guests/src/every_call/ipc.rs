//! System V shared memory, semaphores and messages; POSIX message queues.

use super::{NOWHERE, call, drop_privileges};
use libc::*;

const REMOVE: i32 = 0;
const SET: i32 = 1;
const STAT: i32 = 2;

pub fn run() {
    drop_privileges();
    shared();
    semaphores();
    messages();
    queues();
}

fn shared() {
    let mut out = [0u64; 16];
    let id = call!(SYS_shmget, 0, 4096, 0o1600);
    call!(SYS_shmget, 0x77_1234, 1, 0o640);
    call!(SYS_shmget, 0, u64::MAX, 0x7_7777);
    let at = call!(SYS_shmat, id, 0, 0);
    call!(SYS_shmat, id, NOWHERE, SHM_RDONLY | SHM_RND);
    call!(SYS_shmat, -1, 0, 0xf_0000);
    call!(SYS_shmctl, id, STAT, &mut out);
    call!(SYS_shmctl, id, SET, &out);
    call!(SYS_shmctl, id, SET, NOWHERE);
    call!(SYS_shmctl, -1, STAT, &mut out);
    for command in [11, 12, 3, 14, 77] {
        call!(SYS_shmctl, -1, command, &mut out);
    }
    call!(SYS_shmctl, -1, 13, &mut out);
    call!(SYS_shmctl, -1, 15, &mut out);
    call!(SYS_shmctl, id, REMOVE, 0);
    call!(SYS_shmdt, at);
    call!(SYS_shmdt, NOWHERE);
}

fn semaphores() {
    let mut out = [0u64; 16];
    let id = call!(SYS_semget, 0, 3, 0o1600);
    call!(SYS_semget, 0x77_1234, -1, 0o2640);
    // Number, operation and flags, 16 bits each.
    let operations = [0u16, 1, 0, 1, 2, 0x1800, 2, 0xffff, 0x3800];
    call!(SYS_semop, id, &operations, 2);
    call!(SYS_semop, id, &operations, 3);
    call!(SYS_semop, -1, NOWHERE, 1);
    call!(SYS_semop, -1, &operations, 0);
    call!(SYS_semtimedop, id, operations[6..].as_ptr(), 0, &[0u64, 1]);
    call!(SYS_semtimedop, id, operations[6..].as_ptr(), 1, &[0u64, 1]);
    call!(SYS_semtimedop, -1, NOWHERE, 2, NOWHERE);
    call!(SYS_semctl, id, 0, STAT, &mut out);
    call!(SYS_semctl, id, 0, SET, &out);
    for command in [11, 12, 14, 15] {
        call!(SYS_semctl, id, 1, command, 0);
    }
    call!(SYS_semctl, id, 0, 13, &mut out);
    call!(SYS_semctl, id, 0, 17, &[1u16, 2, 3, 4]);
    call!(SYS_semctl, id, 0, 16, 7);
    call!(SYS_semctl, id, 0, 13, &mut out);
    for command in [3, 18, 19, 20, 77] {
        call!(SYS_semctl, -1, 0, command, &mut out);
    }
    call!(SYS_semctl, id, 0, REMOVE | 0x100, 0);
    call!(SYS_semctl, id, 0, REMOVE, 0);
    call!(SYS_semctl, -1, 99, STAT | 0x100, NOWHERE);
}

fn messages() {
    let mut out = [0u64; 16];
    let id = call!(SYS_msgget, 0, 0o1600);
    let named = call!(SYS_msgget, 0x77_1234, 0o3640);
    let message = [7u64, u64::from_le_bytes(*b"a text\n\0")];
    call!(SYS_msgsnd, id, &message, 7, IPC_NOWAIT);
    call!(SYS_msgsnd, id, NOWHERE, 7, 0);
    call!(SYS_msgsnd, -1, &message, 3, 0o30000);
    call!(SYS_msgctl, id, STAT, &mut out);
    call!(SYS_msgctl, id, SET, &out);
    call!(SYS_msgrcv, id, &mut out, 64, 7i64, 0o14000);
    call!(SYS_msgrcv, id, &mut out, 64, -7i64, IPC_NOWAIT);
    call!(SYS_msgrcv, -1, NOWHERE, 64, 0i64, 0o60000);
    for command in [3, 11, 12, 13, 77] {
        call!(SYS_msgctl, -1, command, &mut out);
    }
    call!(SYS_msgctl, id, REMOVE, 0);
    // It would outlive us.
    call!(SYS_msgctl, named, REMOVE, 0);
    call!(SYS_msgctl, -1, STAT, NOWHERE);
}

fn queues() {
    let attributes = [0u64, 4, 64, 0, 0, 0, 0, 0];
    // Names are those of the whole machine.
    let name = crate::words::c_string(format!("/every-call-{:07}", std::process::id()).as_bytes());
    let name = name.as_c_str();
    call!(SYS_mq_unlink, name);
    let queue = call!(SYS_mq_open, name, O_RDWR | O_CREAT | O_NONBLOCK, 0o600, &attributes);
    call!(SYS_mq_open, name, O_RDONLY);
    call!(SYS_mq_open, name, O_RDWR | O_CREAT | O_EXCL, 0o600, NOWHERE);
    call!(SYS_mq_open, c"/chic-absent", O_WRONLY, 0, 0);
    let mut text = [0u8; 64];
    call!(SYS_mq_timedsend, queue, b"queued", 6, 3, 0);
    call!(SYS_mq_timedsend, queue, NOWHERE, 6, 3, &[1_000_000_000u64, 5]);
    call!(SYS_mq_timedsend, 99, b"queued", 6, u32::MAX, NOWHERE);
    call!(SYS_mq_getsetattr, queue, 0, &mut [0u64; 8]);
    call!(SYS_mq_getsetattr, queue, &[0x800u64, 0, 0, 0, 0, 0, 0, 0], &mut [0u64; 8]);
    call!(SYS_mq_getsetattr, 99, NOWHERE, NOWHERE);
    call!(SYS_mq_timedreceive, queue, &mut text, 64, &mut [0u32; 2], &[1_000_000_000u64, 5]);
    call!(SYS_mq_timedreceive, queue, &mut text, 64, 0, 0);
    call!(SYS_mq_timedreceive, 99, NOWHERE, 64, NOWHERE, NOWHERE);
    call!(SYS_mq_notify, queue, &super::words32::<16>(&[(0, 5), (2, 12)]));
    call!(SYS_mq_notify, queue, 0);
    call!(SYS_mq_notify, 99, NOWHERE);
    call!(SYS_mq_unlink, name);
}
