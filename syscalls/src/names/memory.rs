//! Memory maps and their policies.

names! {
    /// `prot` of `mmap` and `mprotect` (mmap(2)).
    MMAP_PROT "PROT_???" from "asm/mman.h":
        0 PROT_NONE, 1 PROT_READ, 2 PROT_WRITE, 4 PROT_EXEC, 8 PROT_SEM, 0x1000000 PROT_GROWSDOWN,
        0x2000000 PROT_GROWSUP;

    /// Type of a map: the low four bits of `flags` of `mmap` (mmap(2)).
    MMAP_TYPE "MAP_???" from "linux/mman.h" "asm/mman.h":
        0 MAP_FILE, 1 MAP_SHARED, 2 MAP_PRIVATE, 3 MAP_SHARED_VALIDATE, 8 MAP_DROPPABLE;

    /// `flags` of `mmap` beside the type and the page size (mmap(2)).
    MMAP_FLAGS "MAP_???" from "asm/mman.h":
        0x10 MAP_FIXED, 0x20 MAP_ANONYMOUS, 0x40 MAP_32BIT, 0x4000 MAP_NORESERVE, 0x8000 MAP_POPULATE,
        0x10000 MAP_NONBLOCK, 0x100 MAP_GROWSDOWN, 0x800 MAP_DENYWRITE, 0x1000 MAP_EXECUTABLE, 0x2000 MAP_LOCKED,
        0x20000 MAP_STACK, 0x40000 MAP_HUGETLB, 0x80000 MAP_SYNC, 0x100000 MAP_FIXED_NOREPLACE;

    /// `mremap` (mremap(2)).
    MREMAP "MREMAP_???" from "linux/mman.h":
        1 MREMAP_MAYMOVE, 2 MREMAP_FIXED, 4 MREMAP_DONTUNMAP;

    /// `madvise` (madvise(2)).
    MADVISE "MADV_???" from "asm/mman.h":
        0 MADV_NORMAL, 1 MADV_RANDOM, 2 MADV_SEQUENTIAL, 3 MADV_WILLNEED, 4 MADV_DONTNEED, 8 MADV_FREE,
        9 MADV_REMOVE, 0xa MADV_DONTFORK, 0xb MADV_DOFORK, 0xc MADV_MERGEABLE, 0xd MADV_UNMERGEABLE,
        0xe MADV_HUGEPAGE, 0xf MADV_NOHUGEPAGE, 0x10 MADV_DONTDUMP, 0x11 MADV_DODUMP, 0x12 MADV_WIPEONFORK,
        0x13 MADV_KEEPONFORK, 0x14 MADV_COLD, 0x15 MADV_PAGEOUT, 0x16 MADV_POPULATE_READ, 0x17 MADV_POPULATE_WRITE,
        0x18 MADV_DONTNEED_LOCKED, 0x19 MADV_COLLAPSE, 0x64 MADV_HWPOISON, 0x65 MADV_SOFT_OFFLINE,
        0x66 MADV_GUARD_INSTALL, 0x67 MADV_GUARD_REMOVE;

    /// `msync` (msync(2)).
    MSYNC "MS_???" from "asm/mman.h":
        4 MS_SYNC, 1 MS_ASYNC, 2 MS_INVALIDATE;

    /// `mlockall` (mlock(2)).
    MLOCKALL "MCL_???" from "asm/mman.h":
        1 MCL_CURRENT, 2 MCL_FUTURE, 4 MCL_ONFAULT;

    /// `mlock2` (mlock(2)).
    MLOCK2 "MLOCK_???" from "asm/mman.h":
        1 MLOCK_ONFAULT;

    /// Memory policies (set_mempolicy(2)).
    MPOL_MODES "MPOL_???" from "linux/mempolicy.h":
        0 MPOL_DEFAULT, 1 MPOL_PREFERRED, 2 MPOL_BIND, 3 MPOL_INTERLEAVE, 4 MPOL_LOCAL, 5 MPOL_PREFERRED_MANY,
        6 MPOL_WEIGHTED_INTERLEAVE;

    /// Flags beside the policy (set_mempolicy(2)).
    MPOL_MODE_FLAGS "MPOL_???" from "linux/mempolicy.h":
        0x8000 MPOL_F_STATIC_NODES, 0x4000 MPOL_F_RELATIVE_NODES, 0x2000 MPOL_F_NUMA_BALANCING;

    /// `mbind` and `move_pages` (mbind(2)).
    MBIND "MPOL_???" from "linux/mempolicy.h":
        1 MPOL_MF_STRICT, 2 MPOL_MF_MOVE, 4 MPOL_MF_MOVE_ALL;

    /// `move_pages` (move_pages(2)).
    MOVE_PAGES "MPOL_???" from "linux/mempolicy.h":
        2 MPOL_MF_MOVE, 4 MPOL_MF_MOVE_ALL;

    /// `get_mempolicy` (get_mempolicy(2)).
    MPOL_GET "MPOL_???" from "linux/mempolicy.h":
        1 MPOL_F_NODE, 2 MPOL_F_ADDR, 4 MPOL_F_MEMS_ALLOWED;

    /// `pkey_alloc` access rights (pkey_alloc(2)).
    PKEY_RIGHTS "PKEY_???" from "asm/mman.h":
        1 PKEY_DISABLE_ACCESS, 2 PKEY_DISABLE_WRITE, 4 PKEY_DISABLE_EXECUTE;

    /// `membarrier` commands (membarrier(2)).
    MEMBARRIER "MEMBARRIER_CMD_???" from "linux/membarrier.h":
        0 MEMBARRIER_CMD_QUERY, 1 MEMBARRIER_CMD_GLOBAL, 2 MEMBARRIER_CMD_GLOBAL_EXPEDITED,
        4 MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 8 MEMBARRIER_CMD_PRIVATE_EXPEDITED,
        0x10 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0x20 MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
        0x40 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0x80 MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
        0x100 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0x200 MEMBARRIER_CMD_GET_REGISTRATIONS;

    /// `membarrier` flags (membarrier(2)).
    MEMBARRIER_FLAGS "MEMBARRIER_CMD_FLAG_???" from "linux/membarrier.h":
        1 MEMBARRIER_CMD_FLAG_CPU;

    /// `userfaultfd` (userfaultfd(2)).
    USERFAULTFD "UFFD_???" from "asm/fcntl.h" "linux/userfaultfd.h":
        1 UFFD_USER_MODE_ONLY, 0x800 O_NONBLOCK, 0x80000 O_CLOEXEC;

    /// `swapon` flags (swapon(2)).
    SWAP "SWAP_FLAG_???" from "sys/swap.h" "include/linux/swap.h":
        0x8000 SWAP_FLAG_PREFER, 0x10000 SWAP_FLAG_DISCARD, 0x20000 SWAP_FLAG_DISCARD_ONCE,
        0x40000 SWAP_FLAG_DISCARD_PAGES;

    /// `map_shadow_stack`.
    SHADOW_STACK "SHADOW_STACK_???" from "asm/mman.h":
        1 SHADOW_STACK_SET_TOKEN;
}
