//! System V and POSIX IPC.

use crate::names;

layouts! {
    /// svipc(7).
    IPC_PERM "ipc_perm" 48:
        4 4 uid UInt,
        8 4 gid UInt,
        20 4 mode Octal,
        0 4 key Int,
        12 4 cuid UInt,
        16 4 cgid UInt;

    /// What may be set of it.
    IPC_PERM_SET "ipc_perm" 48:
        4 4 uid UInt,
        8 4 gid UInt,
        20 4 mode Octal;

    /// IPC_SET (shmctl(2)).
    SHMID_SET "shmid_ds" 112:
        0 48 shm_perm Nested(&IPC_PERM_SET);

    /// IPC_SET (semctl(2)).
    SEMID_SET "semid_ds" 104:
        0 48 sem_perm Nested(&IPC_PERM_SET);

    /// IPC_SET (msgctl(2)).
    MSQID_SET "msqid_ds" 120:
        0 48 msg_perm Nested(&IPC_PERM_SET),
        88 8 msg_qbytes UInt;

    /// shmctl(2).
    SHMID_DS "shmid_ds" 112:
        0 48 shm_perm Nested(&IPC_PERM),
        48 8 shm_segsz UInt,
        80 4 shm_cpid Int,
        84 4 shm_lpid Int,
        88 8 shm_nattch UInt,
        56 8 shm_atime Int,
        64 8 shm_dtime Int,
        72 8 shm_ctime Int;

    /// msgctl(2).
    MSQID_DS "msqid_ds" 120:
        0 48 msg_perm Nested(&IPC_PERM),
        48 8 msg_stime Int,
        56 8 msg_rtime Int,
        64 8 msg_ctime Int,
        80 8 msg_qnum UInt,
        88 8 msg_qbytes UInt,
        96 4 msg_lspid Int,
        100 4 msg_lrpid Int;

    /// semctl(2).
    SEMID_DS "semid_ds" 104:
        0 48 sem_perm Nested(&IPC_PERM),
        48 8 sem_otime Int,
        64 8 sem_ctime Int,
        80 8 sem_nsems UInt;

    /// semop(2).
    SEMBUF "sembuf" 6:
        0 2 sem_num UInt,
        2 2 sem_op Int,
        4 2 sem_flg Flags(&names::SEM_FLAGS);

    /// mq_getattr(3).
    MQ_ATTR "mq_attr" 64:
        0 8 mq_flags Flags(&names::OPEN_FLAGS),
        8 8 mq_maxmsg Int,
        16 8 mq_msgsize Int,
        24 8 mq_curmsgs Int;
}
