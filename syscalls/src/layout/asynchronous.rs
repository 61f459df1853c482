//! Asynchronous I/O: io_uring, and the older interface of blocks.

use super::net::IOVEC;
use super::{Lead, Many};
use crate::names;

layouts! {
    /// io_submit(2).
    IOCB "iocb" 64:
        0 8 aio_data Hex,
        8 4 aio_key UInt,
        12 4 aio_rw_flags Flags(&names::RWF_FLAGS),
        16 2 aio_lio_opcode Enum(&names::AIO_COMMANDS),
        18 2 aio_reqprio Int,
        20 4 aio_fildes Fd,
        24 8 aio_buf Hex,
        32 8 aio_nbytes UInt,
        40 8 aio_offset Int,
        56 4 aio_flags Flags(&names::AIO_FLAGS),
        60 4 aio_resfd Fd;

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
        24 4 wq_fd Fd,
        28 12 resv HexArray(4),
        40 40 sq_off Nested(&IO_SQRING_OFFSETS),
        80 40 cq_off Nested(&IO_CQRING_OFFSETS);

    /// IORING_REGISTER_FILES_UPDATE (io_uring_register(2)).
    IO_URING_FILES_UPDATE "io_uring_files_update" 16:
        0 4 offset UInt,
        4 4 resv Hex,
        8 8 fds IntNamed(&names::IO_URING_FILES) => Lead::Elements(4, Many::Next);

    /// IORING_REGISTER_PROBE (io_uring_register(2)), without the operations.
    IO_URING_PROBE "io_uring_probe" 16:
        0 1 last_op EnumUInt(&names::IO_URING_OPS),
        1 1 ops_len UInt,
        2 2 resv Hex,
        4 12 resv2 HexArray(4);

    /// One of them.
    IO_URING_PROBE_OP "io_uring_probe_op" 8:
        0 1 op EnumUInt(&names::IO_URING_OPS),
        1 1 resv Hex,
        2 2 flags Flags(&names::IO_URING_OP_FLAGS),
        4 4 resv2 Hex;

    /// IORING_REGISTER_RESTRICTIONS (io_uring_register(2)).
    IO_URING_RESTRICTION "io_uring_restriction" 16:
        0 2 opcode Enum(&names::IO_URING_RESTRICTIONS),
        3 1 resv Hex,
        4 12 resv2 HexArray(4);

    /// IORING_REGISTER_FILES2 (io_uring_register(2)).
    IO_URING_FILES "io_uring_rsrc_register" 32:
        0 4 nr UInt,
        4 4 flags Flags(&names::IO_URING_RESOURCE_FLAGS),
        8 8 resv2 Hex,
        16 8 data Fd => Lead::Elements(4, Many::At(0)),
        24 8 tags Hex => Lead::Elements(8, Many::At(0));

    /// IORING_REGISTER_BUFFERS2 (io_uring_register(2)).
    IO_URING_BUFFERS "io_uring_rsrc_register" 32:
        0 4 nr UInt,
        4 4 flags Flags(&names::IO_URING_RESOURCE_FLAGS),
        8 8 resv2 Hex,
        16 8 data Nested(&IOVEC) => Lead::Elements(16, Many::At(0)),
        24 8 tags Hex => Lead::Elements(8, Many::At(0));

    /// IORING_REGISTER_FILES_UPDATE2 (io_uring_register(2)).
    IO_URING_FILES2_UPDATE "io_uring_rsrc_update2" 32:
        0 4 offset UInt,
        4 4 resv Hex,
        8 8 data Fd => Lead::Elements(4, Many::At(24)),
        16 8 tags Hex => Lead::Elements(8, Many::At(24)),
        24 4 nr UInt,
        28 4 resv2 Hex;

    /// IORING_REGISTER_BUFFERS_UPDATE (io_uring_register(2)).
    IO_URING_BUFFERS_UPDATE "io_uring_rsrc_update2" 32:
        0 4 offset UInt,
        4 4 resv Hex,
        8 8 data Nested(&IOVEC) => Lead::Elements(16, Many::At(24)),
        16 8 tags Hex => Lead::Elements(8, Many::At(24)),
        24 4 nr UInt,
        28 4 resv2 Hex;

    /// IORING_REGISTER_RING_FDS (io_uring_register(2)).
    IO_URING_RING "io_uring_rsrc_update" 16:
        0 4 offset Id,
        4 4 resv Hex,
        8 8 data Fd;

    /// IORING_UNREGISTER_RING_FDS (io_uring_register(2)).
    IO_URING_NO_RING "io_uring_rsrc_update" 16:
        0 4 offset UInt,
        4 4 resv Hex,
        8 8 data Hex;

    /// IORING_REGISTER_PBUF_RING (io_uring_register(2)).
    IO_URING_BUFFER_RING "io_uring_buf_reg" 40:
        0 8 ring_addr Ptr,
        8 4 ring_entries UInt,
        12 2 bgid UInt,
        16 24 resv HexArray(8);
}
