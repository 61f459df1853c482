//! Memory of the caller: mappings, protection, advice, locking, placement.

use super::input;
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::{layout, names};

calls! {
    mmap [DESC MEMORY] (
        addr: Ptr, len: ULong, prot: Flags(&names::MMAP_PROT), flags: Flags(&names::MMAP_FLAGS), fd: Fd, off: Hex,
    ) -> Hex;
    mprotect [MEMORY] (start: Ptr, len: ULong, prot: Flags(&names::MMAP_PROT)) -> Int;
    pkey_mprotect [MEMORY] (start: Ptr, len: ULong, prot: Flags(&names::MMAP_PROT), pkey: Int) -> Int;
    munmap [MEMORY] (addr: Ptr, len: ULong) -> Int;
    brk [MEMORY] (brk: Ptr) -> Hex;
    mremap [MEMORY] (
        addr: Ptr, old_len: ULong, new_len: ULong, flags: Flags(&names::MREMAP), new_addr: Ptr,
    ) by MREMAP -> Hex;
    msync [MEMORY] (start: Ptr, len: ULong, flags: Flags(&names::MSYNC)) -> Int;
    mincore [MEMORY] (start: Ptr, len: ULong, vec: PageStates(1)) -> Int;
    madvise [MEMORY] (start: Ptr, len_in: ULong, behavior: Enum(&names::MADVISE)) -> Int;
    process_madvise [DESC] (
        pidfd: Fd, vec: Struct(&layout::IOVEC, In, Arg(2)), vlen: ULong, behavior: Enum(&names::MADVISE), flags: Hex,
    ) -> Int;
    process_mrelease [DESC] (pidfd: Fd, flags: Hex) -> Int;
    remap_file_pages [MEMORY] (
        start: Ptr, size: ULong, prot: Flags(&names::MMAP_PROT), pgoff: ULong, flags: Flags(&names::MMAP_FLAGS),
    ) -> Int;
    mlock [MEMORY] (start: Ptr, len: ULong) -> Int;
    mlock2 [MEMORY] (start: Ptr, len: ULong, flags: Flags(&names::MLOCK2)) -> Int;
    munlock [MEMORY] (start: Ptr, len: ULong) -> Int;
    mlockall [MEMORY] (flags: Flags(&names::MLOCKALL)) -> Int;
    munlockall [MEMORY] () -> Int;
    mseal [MEMORY] (start: Ptr, len: ULong, flags: Hex) -> Int;
    map_shadow_stack [MEMORY] (addr: Ptr, size: ULong, flags: Flags(&names::SHADOW_STACK)) -> Hex;
    pkey_alloc [] (flags: Hex, init_val: Flags(&names::PKEY_RIGHTS)) -> Int;
    pkey_free [] (pkey: Int) -> Int;
    mbind [MEMORY] (
        start: Ptr, len: ULong, mode: EnumFlags(&names::MPOL_MODES, &names::MPOL_MODE_FLAGS), nmask: NodeMask(In, 4),
        maxnode: ULong, flags: Flags(&names::MBIND),
    ) -> Int;
    set_mempolicy [MEMORY] (
        mode: EnumFlags(&names::MPOL_MODES, &names::MPOL_MODE_FLAGS), nmask: NodeMask(In, 2), maxnode: ULong,
    ) -> Int;
    get_mempolicy [MEMORY] (
        policy: EnumRef(Out, &names::MPOL_MODES), nmask: NodeMask(Out, 2), maxnode: ULong, addr: Ptr, flags: Flags(&names::MPOL_GET),
    ) -> Int;
    set_mempolicy_home_node [MEMORY] (start: Ptr, len: ULong, home_node: ULong, flags: Hex) -> Int;
    migrate_pages [MEMORY] (pid: Pid, maxnode: ULong, old_nodes: NodeMask(In, 1), new_nodes: NodeMask(In, 1)) -> Int;
    move_pages [MEMORY] (
        pid: Pid, nr_pages: ULong, pages: Pointers(Arg(1)), nodes: Ints(In, Arg(1)), status: Ints(Out, Arg(1)),
        flags: Flags(&names::MOVE_PAGES),
    ) -> Int;
    process_vm_readv [] (
        pid: Pid, lvec: Iovec(Out, Arg(2)), liovcnt: ULong, rvec: Struct(&layout::IOVEC, In, Arg(4)), riovcnt: ULong,
        flags: ULong,
    ) -> Int;
    process_vm_writev [] (
        pid: Pid, lvec: Iovec(In, Arg(2)), liovcnt: ULong, rvec: Struct(&layout::IOVEC, In, Arg(4)), riovcnt: ULong,
        flags: ULong,
    ) -> Int;
    membarrier [] (
        cmd: Enum(&names::MEMBARRIER), flags: Flags(&names::MEMBARRIER_FLAGS), cpu_id: Int,
    ) by MEMBARRIER -> Hex;

    futex [] (uaddr: Ptr, op: FutexOp, val: UInt, utime: Ptr, uaddr2: Ptr, val3: Hex) by FUTEX -> Int;
    futex_waitv [] (
        waiters: Struct(&layout::FUTEX_WAITV_ENTRY, In, Arg(1)), nr_futexes: UInt, flags: Hex,
        timeout: input(&layout::TIMESPEC), clockid: Enum(&names::CLOCK_IDS),
    ) -> Int;
    futex_wake [] (uaddr: Ptr, mask: Hex, nr: Int, flags: Flags(&names::FUTEX2)) -> Int;
    futex_wait [] (
        uaddr: Ptr, val: ULong, mask: Hex, flags: Flags(&names::FUTEX2), timeout: input(&layout::TIMESPEC),
        clockid: Enum(&names::CLOCK_IDS),
    ) -> Int;
    futex_requeue [] (
        waiters: Struct(&layout::FUTEX_WAITV_ENTRY, In, Fixed(2)), flags: Hex, nr_wake: Int, nr_requeue: Int,
    ) -> Int;
    set_robust_list [] (head: Ptr, len: ULong) -> Int;
    get_robust_list [] (pid: Pid, head_ptr: PtrRef(Out), len_ptr: LongRef(Out)) -> Int;
}

// The two high flags (private, realtime) do not select.
operations! {
    FUTEX: 1 & 0x7f (uaddr: Ptr, op: FutexOp) {
        0 => (val: UInt, utime: input(&layout::TIMESPEC)) -> Int,
        1 => (val: UInt) -> Int,
        2 => (val: UInt) -> Fd,
        3 => (val: UInt, val2: UInt, uaddr2: Ptr) -> Int,
        4 => (val: UInt, val2: UInt, uaddr2: Ptr, val3: UInt) -> Int,
        5 => (val: UInt, val2: UInt, uaddr2: Ptr, val3: Hex) -> Int,
        6 => (val: Unused, utime: input(&layout::TIMESPEC)) -> Int,
        7 => () -> Int,
        8 => () -> Int,
        9 => (val: UInt, utime: input(&layout::TIMESPEC), uaddr2: Unused, val3: HexNamed(&names::FUTEX_BITSET)) -> Int,
        10 => (val: UInt, utime: Unused, uaddr2: Unused, val3: HexNamed(&names::FUTEX_BITSET)) -> Int,
        11 => (val: UInt, utime: input(&layout::TIMESPEC), uaddr2: Ptr) -> Int,
        12 => (val: UInt, val2: UInt, uaddr2: Ptr, val3: UInt) -> Int,
        13 => (val: Unused, utime: input(&layout::TIMESPEC)) -> Int,
    }
}

// Only with MREMAP_FIXED or MREMAP_DONTUNMAP is the new address read.
operations! {
    MREMAP: 3 & 0x6 (addr: Ptr, old_len: ULong, new_len: ULong, flags: Flags(&names::MREMAP)) {
        0 => () -> Hex,
    }
}

// Only with MEMBARRIER_CMD_FLAG_CPU is the processor read.
operations! {
    MEMBARRIER: 1 & 0x1 (cmd: Enum(&names::MEMBARRIER), flags: Flags(&names::MEMBARRIER_FLAGS)) {
        0 => () -> Hex,
    }
}
