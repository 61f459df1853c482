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
}
