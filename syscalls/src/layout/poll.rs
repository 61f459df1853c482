//! Waiting for descriptors.

use crate::names;

layouts! {
    /// epoll_ctl(2); packed on x86-64.
    EPOLL_EVENT "epoll_event" 12:
        0 4 events Flags(&names::EPOLL_EVENTS),
        4 8 data Hex;

    /// poll(2).
    POLLFD "pollfd" 8:
        0 4 fd Fd,
        4 2 events Flags(&names::POLL_EVENTS),
        6 2 revents Flags(&names::POLL_EVENTS);

    /// The sixth argument of `pselect6` (select(2)).
    SELECT_MASK "sigset_arg" 16:
        0 8 sigmask Ptr,
        8 8 sigsetsize UInt;

    /// io_submit(2).
    IOCB "iocb" 64:
        0 8 aio_data Hex,
        8 4 aio_key UInt,
        12 4 aio_rw_flags Hex,
        16 2 aio_lio_opcode UInt,
        18 2 aio_reqprio Int,
        20 4 aio_fildes Fd,
        24 8 aio_buf Ptr,
        32 8 aio_nbytes UInt,
        40 8 aio_offset Int;

    /// io_getevents(2).
    IO_EVENT "io_event" 32:
        0 8 data Hex,
        8 8 obj Ptr,
        16 8 res Int,
        24 8 res2 Int;

    /// io_uring_setup(2).
    IO_SQRING_OFFSETS "io_sqring_offsets" 40:
        0 4 head UInt,
        4 4 tail UInt,
        8 4 ring_mask UInt,
        12 4 ring_entries UInt,
        16 4 flags UInt,
        20 4 dropped UInt,
        24 4 array UInt;

    /// io_uring_setup(2).
    IO_CQRING_OFFSETS "io_cqring_offsets" 40:
        0 4 head UInt,
        4 4 tail UInt,
        8 4 ring_mask UInt,
        12 4 ring_entries UInt,
        16 4 overflow UInt,
        20 4 cqes UInt,
        24 4 flags UInt;

    /// io_uring_setup(2).
    IO_URING_PARAMS "io_uring_params" 120:
        0 4 sq_entries UInt,
        4 4 cq_entries UInt,
        8 4 flags Flags(&names::IO_URING_SETUP),
        12 4 sq_thread_cpu UInt,
        16 4 sq_thread_idle UInt,
        20 4 features Flags(&names::IO_URING_FEATURES),
        24 4 wq_fd UInt,
        40 40 sq_off Nested(&IO_SQRING_OFFSETS),
        80 40 cq_off Nested(&IO_CQRING_OFFSETS);

    /// inotify(7), without the name.
    INOTIFY_EVENT "inotify_event" 16:
        0 4 wd Int,
        4 4 mask Flags(&names::INOTIFY_EVENTS),
        8 4 cookie UInt,
        12 4 len UInt;
}
