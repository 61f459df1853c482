//! Sockets and interfaces.

use crate::names;

layouts! {
    /// readv(2).
    IOVEC "iovec" 16:
        0 8 iov_base Ptr,
        8 8 iov_len UInt;

    /// sendmsg(2).
    MSGHDR "msghdr" 56:
        0 8 msg_name Ptr,
        8 4 msg_namelen Int,
        16 8 msg_iov Ptr,
        24 8 msg_iovlen UInt,
        32 8 msg_control Ptr,
        40 8 msg_controllen UInt,
        48 4 msg_flags Flags(&names::MSG_FLAGS);

    /// sendmmsg(2).
    MMSGHDR "mmsghdr" 64:
        0 56 msg_hdr Nested(&MSGHDR),
        56 4 msg_len UInt;

    /// socket(7).
    LINGER "linger" 8:
        0 4 l_onoff Int,
        4 4 l_linger Int;

    /// unix(7).
    UCRED "ucred" 12:
        0 4 pid UInt,
        4 4 uid UInt,
        8 4 gid UInt;

    /// netdevice(7).
    IFREQ "ifreq" 40:
        0 16 ifr_name Text,
        16 2 ifr_flags Flags(&names::INTERFACE_FLAGS);

    /// netdevice(7).
    IFCONF "ifconf" 16:
        0 4 ifc_len Int,
        8 8 ifc_buf Ptr;
}
