//! Sockets.

use super::exchange;
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::{layout, names};

calls! {
    socket [NETWORK] (
        family: Enum(&names::SOCKET_DOMAIN), type: EnumFlags(&names::SOCKET_TYPE, &names::SOCK_FLAGS), protocol: Int,
    ) -> Fd;
    socketpair [NETWORK] (
        family: Enum(&names::SOCKET_DOMAIN), type: EnumFlags(&names::SOCKET_TYPE, &names::SOCK_FLAGS), protocol: Int,
        usockvec: FdPair,
    ) -> Int;
    bind [NETWORK] (fd: Fd, umyaddr: Sockaddr(In, Arg(2)), addrlen: Int) -> Int;
    connect [NETWORK] (fd: Fd, uservaddr: Sockaddr(In, Arg(2)), addrlen: Int) -> Int;
    listen [NETWORK] (fd: Fd, backlog: Int) -> Int;
    accept [NETWORK] (fd: Fd, upeer_sockaddr: Sockaddr(Out, Behind(2)), upeer_addrlen: IntRef(InOut)) -> Fd;
    accept4 [NETWORK] (
        fd: Fd, upeer_sockaddr: Sockaddr(Out, Behind(2)), upeer_addrlen: IntRef(InOut),
        flags: Flags(&names::SOCK_FLAGS),
    ) -> Fd;
    getsockname [NETWORK] (fd: Fd, usockaddr: Sockaddr(Out, Behind(2)), usockaddr_len: IntRef(InOut)) -> Int;
    getpeername [NETWORK] (fd: Fd, usockaddr: Sockaddr(Out, Behind(2)), usockaddr_len: IntRef(InOut)) -> Int;
    sendto [NETWORK] (
        fd: Fd, buff: Bytes(In, Arg(2)), len: ULong, flags: Flags(&names::MSG_FLAGS), addr: Sockaddr(In, Arg(5)),
        addr_len: Int,
    ) -> Int;
    recvfrom [NETWORK] (
        fd: Fd, ubuf: Bytes(Out, ResultUpTo(2)), size: ULong, flags: Flags(&names::MSG_FLAGS),
        addr: Sockaddr(Out, Behind(5)), addr_len: IntRef(InOut),
    ) -> Int;
    sendmsg [NETWORK] (fd: Fd, msg: Msghdr(In), flags: Flags(&names::MSG_FLAGS)) -> Int;
    recvmsg [NETWORK] (fd: Fd, msg: Msghdr(InOut), flags: Flags(&names::MSG_FLAGS)) -> Int;
    sendmmsg [NETWORK] (fd: Fd, mmsg: Mmsghdr(In, Arg(2)), vlen: UInt, flags: Flags(&names::MSG_FLAGS)) -> Int;
    recvmmsg [NETWORK] (
        fd: Fd, mmsg: Mmsghdr(Out, Result), vlen: UInt, flags: Flags(&names::MSG_FLAGS),
        timeout: exchange(&layout::TIMESPEC),
    ) -> Int;
    shutdown [NETWORK] (fd: Fd, how: Enum(&names::SHUT)) -> Int;
    setsockopt [NETWORK] (
        fd: Fd, level: Enum(&names::SOL_LEVELS), optname: SockOptName, optval: SockOpt(In, Arg(4)), optlen: Int,
    ) -> Int;
    getsockopt [NETWORK] (
        fd: Fd, level: Enum(&names::SOL_LEVELS), optname: SockOptName, optval: SockOpt(Out, Behind(4)),
        optlen: IntRef(InOut),
    ) -> Int;
}
