//! Waiting for descriptors.

names! {
    /// `epoll_ctl` (epoll_ctl(2)).
    EPOLL_CTL "EPOLL_CTL_???" from "linux/eventpoll.h":
        1 EPOLL_CTL_ADD, 2 EPOLL_CTL_DEL, 3 EPOLL_CTL_MOD;

    /// `epoll_create1` (epoll_create(2)).
    EPOLL_CREATE "EPOLL_???" from "linux/eventpoll.h":
        0x80000 EPOLL_CLOEXEC;

    /// Events of an epoll (epoll_ctl(2)).
    EPOLL_EVENTS "EPOLL???" from "linux/eventpoll.h":
        1 EPOLLIN, 2 EPOLLPRI, 4 EPOLLOUT, 0x40 EPOLLRDNORM, 0x80 EPOLLRDBAND, 0x100 EPOLLWRNORM, 0x200 EPOLLWRBAND,
        0x400 EPOLLMSG, 8 EPOLLERR, 0x10 EPOLLHUP, 0x2000 EPOLLRDHUP, 0x10000000 EPOLLEXCLUSIVE,
        0x20000000 EPOLLWAKEUP, 0x40000000 EPOLLONESHOT, 0x80000000 EPOLLET;

    /// Events of `poll` (poll(2)).
    POLL_EVENTS "POLL???" from "asm/poll.h":
        1 POLLIN, 2 POLLPRI, 4 POLLOUT, 0x40 POLLRDNORM, 0x100 POLLWRNORM, 0x80 POLLRDBAND, 0x200 POLLWRBAND,
        8 POLLERR, 0x10 POLLHUP, 0x20 POLLNVAL, 0x400 POLLMSG, 0x1000 POLLREMOVE, 0x2000 POLLRDHUP;
}
