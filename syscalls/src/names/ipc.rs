//! System V and POSIX IPC.

names! {
    /// Flags of `semget` (semget(2)).
    IPC_FLAGS "IPC_???" from "linux/ipc.h":
        0x200 IPC_CREAT, 0x400 IPC_EXCL, 0x800 IPC_NOWAIT;

    /// Special keys.
    IPC_KEYS "IPC_???" from "linux/ipc.h":
        0 IPC_PRIVATE;

    /// Flags of `shmget` (shmget(2)).
    SHM_FLAGS "SHM_???" from "linux/shm.h" "linux/ipc.h":
        0x200 IPC_CREAT, 0x400 IPC_EXCL, 0x800 SHM_HUGETLB, 0x1000 SHM_NORESERVE;

    /// Flags of `shmat` (shmop(2)).
    SHMAT "SHM_???" from "linux/shm.h":
        0x1000 SHM_RDONLY, 0x2000 SHM_RND, 0x4000 SHM_REMAP, 0x8000 SHM_EXEC;

    /// `shmctl` commands (shmctl(2)).
    SHMCTL "SHM_???" from "linux/shm.h" "linux/ipc.h":
        0 IPC_RMID, 1 IPC_SET, 2 IPC_STAT, 3 IPC_INFO, 0xd SHM_STAT, 0xe SHM_INFO, 0xf SHM_STAT_ANY, 0xb SHM_LOCK,
        0xc SHM_UNLOCK;

    /// `msgctl` commands (msgctl(2)).
    MSGCTL "MSG_???" from "linux/ipc.h" "linux/msg.h":
        0 IPC_RMID, 1 IPC_SET, 2 IPC_STAT, 3 IPC_INFO, 0xb MSG_STAT, 0xc MSG_INFO, 0xd MSG_STAT_ANY;

    /// `semctl` commands (semctl(2)).
    SEMCTL "SEM_???" from "linux/sem.h" "linux/ipc.h":
        0 IPC_RMID, 1 IPC_SET, 2 IPC_STAT, 3 IPC_INFO, 0xb GETPID, 0xc GETVAL, 0xd GETALL, 0xe GETNCNT, 0xf GETZCNT,
        0x10 SETVAL, 0x11 SETALL, 0x12 SEM_STAT, 0x13 SEM_INFO, 0x14 SEM_STAT_ANY;

    /// Flags of `msgsnd` and `msgrcv` (msgop(2)).
    MSG_IPC_FLAGS "MSG_???" from "linux/msg.h" "linux/ipc.h":
        0x1000 MSG_NOERROR, 0x2000 MSG_EXCEPT, 0x4000 MSG_COPY, 0x800 IPC_NOWAIT;

    /// `sem_flg` (semop(2)).
    SEM_FLAGS "SEM_???" from "linux/ipc.h" "linux/sem.h":
        0x1000 SEM_UNDO, 0x800 IPC_NOWAIT;

    /// `call` of `ipc`, version bits apart (ipc(2)).
    IPC_CALL "???" from "linux/ipc.h":
        1 SEMOP, 2 SEMGET, 3 SEMCTL, 4 SEMTIMEDOP, 0xb MSGSND, 0xc MSGRCV, 0xd MSGGET, 0xe MSGCTL, 0x15 SHMAT,
        0x16 SHMDT, 0x17 SHMGET, 0x18 SHMCTL, 0x19 DIPC;
}
