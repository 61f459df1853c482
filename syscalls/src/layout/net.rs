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

    /// A link of NETLINK_ROUTE (rtnetlink(7)).
    LINK_MESSAGE "ifinfomsg" 16:
        0 1 ifi_family Enum(&names::SOCKET_DOMAIN),
        2 2 ifi_type Enum(&names::ARP_HARDWARE),
        4 4 ifi_index Int,
        8 4 ifi_flags Flags(&names::INTERFACE_FLAGS),
        12 4 ifi_change Hex;

    /// An address of NETLINK_ROUTE (rtnetlink(7)).
    ADDRESS_MESSAGE "ifaddrmsg" 8:
        0 1 ifa_family Enum(&names::SOCKET_DOMAIN),
        1 1 ifa_prefixlen UInt,
        2 1 ifa_flags Flags(&names::ADDRESS_FLAGS),
        3 1 ifa_scope Enum(&names::ROUTE_SCOPES),
        4 4 ifa_index Int;

    /// A route of NETLINK_ROUTE (rtnetlink(7)).
    ROUTE_MESSAGE "rtmsg" 12:
        0 1 rtm_family Enum(&names::SOCKET_DOMAIN),
        1 1 rtm_dst_len UInt,
        2 1 rtm_src_len UInt,
        3 1 rtm_tos Flags(&names::ROUTE_TOS),
        4 1 rtm_table Enum(&names::ROUTE_TABLES),
        5 1 rtm_protocol Enum(&names::ROUTE_PROTOCOLS),
        6 1 rtm_scope Enum(&names::ROUTE_SCOPES),
        7 1 rtm_type Enum(&names::ROUTE_KINDS),
        8 4 rtm_flags Flags(&names::ROUTE_FLAGS);

    /// A neighbour of NETLINK_ROUTE (rtnetlink(7)).
    NEIGHBOUR_MESSAGE "ndmsg" 12:
        0 1 ndm_family Enum(&names::SOCKET_DOMAIN),
        4 4 ndm_ifindex Int,
        8 2 ndm_state Flags(&names::NEIGHBOUR_STATES),
        10 1 ndm_flags Flags(&names::NEIGHBOUR_FLAGS),
        11 1 ndm_type Enum(&names::ROUTE_KINDS);

    /// Times of an address (rtnetlink(7)).
    ADDRESS_TIMES "ifa_cacheinfo" 16:
        0 4 ifa_prefered UInt,
        4 4 ifa_valid UInt,
        8 4 cstamp UInt,
        12 4 tstamp UInt;

    /// Times of a route (rtnetlink(7)).
    ROUTE_TIMES "rta_cacheinfo" 32:
        0 4 rta_clntref UInt,
        4 4 rta_lastuse UInt,
        8 4 rta_expires UInt,
        12 4 rta_error UInt,
        16 4 rta_used UInt,
        20 4 rta_id Hex,
        24 4 rta_ts UInt,
        28 4 rta_tsage UInt;

    /// Times of a neighbour (rtnetlink(7)).
    NEIGHBOUR_TIMES "nda_cacheinfo" 16:
        0 4 ndm_confirmed UInt,
        4 4 ndm_used UInt,
        8 4 ndm_updated UInt,
        12 4 ndm_refcnt UInt;

    /// Times of IPv6 of a link.
    INET6_TIMES "ifla_cacheinfo" 16:
        0 4 max_reasm_len UInt,
        4 4 tstamp UInt,
        8 4 reachable_time UInt,
        12 4 retrans_time UInt;

    /// Hardware of a link (rtnetlink(7)).
    LINK_MAP "rtnl_link_ifmap" 32:
        0 8 mem_start Hex,
        8 8 mem_end Hex,
        16 8 base_addr Hex,
        24 2 irq UInt,
        26 1 dma UInt,
        27 1 port UInt;

    /// Counts of a link (rtnetlink(7)).
    LINK_COUNTS "rtnl_link_stats" 96:
        0 4 rx_packets UInt,
        4 4 tx_packets UInt,
        8 4 rx_bytes UInt,
        12 4 tx_bytes UInt,
        16 4 rx_errors UInt,
        20 4 tx_errors UInt,
        24 4 rx_dropped UInt,
        28 4 tx_dropped UInt,
        32 4 multicast UInt,
        36 4 collisions UInt,
        40 4 rx_length_errors UInt,
        44 4 rx_over_errors UInt,
        48 4 rx_crc_errors UInt,
        52 4 rx_frame_errors UInt,
        56 4 rx_fifo_errors UInt,
        60 4 rx_missed_errors UInt,
        64 4 tx_aborted_errors UInt,
        68 4 tx_carrier_errors UInt,
        72 4 tx_fifo_errors UInt,
        76 4 tx_heartbeat_errors UInt,
        80 4 tx_window_errors UInt,
        84 4 rx_compressed UInt,
        88 4 tx_compressed UInt,
        92 4 rx_nohandler UInt;

    /// The same in 64 bits.
    LINK_COUNTS64 "rtnl_link_stats64" 200:
        0 8 rx_packets UInt,
        8 8 tx_packets UInt,
        16 8 rx_bytes UInt,
        24 8 tx_bytes UInt,
        32 8 rx_errors UInt,
        40 8 tx_errors UInt,
        48 8 rx_dropped UInt,
        56 8 tx_dropped UInt,
        64 8 multicast UInt,
        72 8 collisions UInt,
        80 8 rx_length_errors UInt,
        88 8 rx_over_errors UInt,
        96 8 rx_crc_errors UInt,
        104 8 rx_frame_errors UInt,
        112 8 rx_fifo_errors UInt,
        120 8 rx_missed_errors UInt,
        128 8 tx_aborted_errors UInt,
        136 8 tx_carrier_errors UInt,
        144 8 tx_fifo_errors UInt,
        152 8 tx_heartbeat_errors UInt,
        160 8 tx_window_errors UInt,
        168 8 rx_compressed UInt,
        176 8 tx_compressed UInt,
        184 8 rx_nohandler UInt,
        192 8 rx_otherhost_dropped UInt;
}
