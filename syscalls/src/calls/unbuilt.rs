//! Calls that have a number and no code behind it: never built, or removed. They fail with ENOSYS.

use crate::Kind::*;

calls! {
    _sysctl [] (args: Ptr) -> Int;
    create_module [] (name: Hex, size: Hex) -> Int;
    get_kernel_syms [] (table: Hex) -> Int;
    query_module [] (name: Hex, which: Hex, buf: Hex, bufsize: Hex, ret: Hex) -> Int;
    nfsservctl [] (cmd: Hex, arg: Hex, res: Hex) -> Int;
    getpmsg [NETWORK] (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex) -> Int;
    putpmsg [NETWORK] (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex) -> Int;
    afs_syscall [] (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex) -> Int;
    tuxcall [] (arg0: Hex, arg1: Hex, arg2: Hex) -> Int;
    security [] (arg0: Hex, arg1: Hex, arg2: Hex) -> Int;
    epoll_ctl_old [] (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex) -> Int;
    epoll_wait_old [] (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex) -> Int;
    vserver [] (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex) -> Int;
    break_ as "break" [MEMORY] () -> Int;
    stty [] (arg0: Hex, arg1: Hex) -> Int;
    gtty [] (arg0: Hex, arg1: Hex) -> Int;
    ftime [] () -> Int;
    prof [] () -> Int;
    lock [] () -> Int;
    mpx [] () -> Int;
    ulimit [] (arg0: Hex, arg1: Hex) -> Int;
    profil [] (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex) -> Int;
    idle [] () -> Int;
    bdflush [] (func: Int, data: Hex) -> Int;
}
