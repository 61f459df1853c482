//! System V shared memory, semaphores and messages; POSIX message queues.

use super::{input, output};
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::{layout, names};

calls! {
    shmget [IPC] (key: HexNamed(&names::IPC_KEYS), size: ULong, shmflg: FlagsMode(&names::SHM_FLAGS)) -> Int;
    shmat [IPC MEMORY] (shmid: Int, shmaddr: Ptr, shmflg: Flags(&names::SHMAT)) -> Hex;
    shmctl [IPC] (shmid: Int, cmd: Enum(&names::SHMCTL), buf: Ptr) by SHMCTL -> Int;
    shmdt [IPC MEMORY] (shmaddr: Ptr) -> Int;
    semget [IPC] (key: HexNamed(&names::IPC_KEYS), nsems: Int, semflg: FlagsMode(&names::IPC_FLAGS)) -> Int;
    semop [IPC] (semid: Int, tsops: Struct(&layout::SEMBUF, In, Arg(2)), nsops: UInt) -> Int;
    semtimedop [IPC] (
        semid: Int, tsops: Struct(&layout::SEMBUF, In, Arg(2)), nsops: UInt, timeout: input(&layout::TIMESPEC),
    ) -> Int;
    semctl [IPC] (semid: Int, semnum: Int, cmd: Enum(&names::SEMCTL), arg: Hex) by SEMCTL -> Int;
    msgget [IPC] (key: HexNamed(&names::IPC_KEYS), msgflg: FlagsMode(&names::IPC_FLAGS)) -> Int;
    msgsnd [IPC] (msqid: Int, msgp: Message(In, 2), msgsz: ULong, msgflg: Flags(&names::MSG_IPC_FLAGS)) -> Int;
    msgrcv [IPC] (msqid: Int, msgp: Message(Out, 2), msgsz: ULong, msgtyp: Long, msgflg: Flags(&names::MSG_IPC_FLAGS)) -> Int;
    msgctl [IPC] (msqid: Int, cmd: Enum(&names::MSGCTL), buf: Ptr) by MSGCTL -> Int;

    mq_open [DESC] (u_name: Path, oflag: OpenFlags, mode: OpenMode(1), u_attr: input(&layout::MQ_ATTR)) -> Fd;
    mq_unlink [] (u_name: Path) -> Int;
    mq_timedsend [DESC] (
        mqdes: Fd, u_msg_ptr: Bytes(In, Arg(2)), msg_len: ULong, msg_prio: UInt,
        u_abs_timeout: input(&layout::TIMESPEC),
    ) -> Int;
    mq_timedreceive [DESC] (
        mqdes: Fd, u_msg_ptr: Bytes(Out, ResultUpTo(2)), msg_len: ULong, u_msg_prio: IntRef(Out),
        u_abs_timeout: input(&layout::TIMESPEC),
    ) -> Int;
    mq_notify [DESC] (mqdes: Fd, u_notification: input(&layout::SIGEVENT)) -> Int;
    mq_getsetattr [DESC] (mqdes: Fd, u_mqstat: input(&layout::MQ_ATTR), u_omqstat: output(&layout::MQ_ATTR)) -> Int;
}

// 256 (IPC_64) is or-ed in by 32-bit libraries.
operations! {
    SHMCTL: 1 & 0xffff_feff (shmid: Int, cmd: Enum(&names::SHMCTL)) {
        0 => (buf: Ptr) -> Int,
        1 => (buf: input(&layout::SHMID_SET)) -> Int,
        2 => (buf: output(&layout::SHMID_DS)) -> Int,
        3 => (buf: Ptr) -> Int,
        11 => (buf: Ptr) -> Int,
        12 => (buf: Ptr) -> Int,
        13 => (buf: output(&layout::SHMID_DS)) -> Int,
        14 => (buf: Ptr) -> Int,
        15 => (buf: output(&layout::SHMID_DS)) -> Int,
    }
}

operations! {
    SEMCTL: 2 & 0xffff_feff (semid: Int, semnum: Int, cmd: Enum(&names::SEMCTL)) {
        0 => (arg: Ptr) -> Int,
        1 => (arg: input(&layout::SEMID_SET)) -> Int,
        2 => (arg: output(&layout::SEMID_DS)) -> Int,
        11 => (arg: Ptr) -> PidNumber,
        12 => (arg: Ptr) -> Int,
        13 => (arg: Ptr) -> Int,
        14 => (arg: Ptr) -> Int,
        15 => (arg: Ptr) -> Int,
        16 => (arg: Hex) -> Int,
        17 => (arg: Ptr) -> Int,
        18 => (arg: output(&layout::SEMID_DS)) -> Int,
        20 => (arg: output(&layout::SEMID_DS)) -> Int,
    }
}

operations! {
    MSGCTL: 1 & 0xffff_feff (msqid: Int, cmd: Enum(&names::MSGCTL)) {
        0 => (buf: Ptr) -> Int,
        1 => (buf: input(&layout::MSQID_SET)) -> Int,
        2 => (buf: output(&layout::MSQID_DS)) -> Int,
        11 => (buf: output(&layout::MSQID_DS)) -> Int,
        13 => (buf: output(&layout::MSQID_DS)) -> Int,
    }
}
