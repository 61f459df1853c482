//! Memory: mapped, protected, locked, placed; waited on; read in another process.

use super::{NOWHERE, call, drop_privileges};
use libc::*;

const PAGE: u64 = 4096;

pub fn run() {
    drop_privileges();
    mappings();
    policies();
    others();
    futexes();
}

fn mappings() {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let at = call!(SYS_mmap, 0, 4 * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
    call!(SYS_mmap, 0, PAGE, PROT_NONE, MAP_SHARED | MAP_LOCKED | MAP_NORESERVE | MAP_STACK, 99, 0x1000);
    call!(SYS_mmap, NOWHERE, PAGE, 7 | 0x100_0000, MAP_SHARED_VALIDATE | MAP_FIXED | MAP_SYNC, 99, 0);
    call!(SYS_mmap, 0, 0, 0, MAP_PRIVATE | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);
    call!(SYS_mmap, 0, PAGE, 0, MAP_PRIVATE | MAP_FIXED_NOREPLACE | MAP_POPULATE | MAP_GROWSDOWN | 0x40, 99, 3);
    call!(SYS_mprotect, at, PAGE, PROT_READ);
    call!(SYS_mprotect, at, PAGE, PROT_READ | PROT_WRITE | PROT_GROWSDOWN);
    call!(SYS_mprotect, at, PAGE, 0x70);
    call!(SYS_pkey_mprotect, at, PAGE, PROT_READ | PROT_WRITE, -1);
    call!(SYS_pkey_alloc, 0, 2);
    call!(SYS_pkey_alloc, 1, 3);
    call!(SYS_pkey_free, 99);
    let moved = call!(SYS_mremap, at, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    call!(SYS_mremap, moved, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, NOWHERE);
    call!(SYS_mremap, NOWHERE, PAGE, 2 * PAGE, 0x10);
    call!(SYS_msync, moved, PAGE, MS_SYNC);
    call!(SYS_msync, moved, PAGE, MS_ASYNC | MS_INVALIDATE);
    call!(SYS_msync, moved, PAGE, 0x18);
    let mut resident = [0u8; 16];
    call!(SYS_mincore, moved, 3 * PAGE, &mut resident);
    call!(SYS_mincore, moved, 3 * PAGE, NOWHERE);
    call!(SYS_mincore, NOWHERE, PAGE, &mut resident);
    for advice in [0, 4, 8, 14, 20, 22, 100, 77] {
        call!(SYS_madvise, moved, PAGE, advice);
    }
    call!(SYS_remap_file_pages, NOWHERE, PAGE, 0, 1, MAP_NONBLOCK);
    call!(SYS_mlock, moved, PAGE);
    call!(SYS_mlock2, moved, PAGE, MLOCK_ONFAULT as u64);
    call!(SYS_mlock2, NOWHERE, PAGE, 0x12);
    call!(SYS_munlock, moved, PAGE);
    call!(SYS_mlockall, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT | 0x10);
    call!(SYS_munlockall);
    call!(462, moved, 0, 1);
    call!(453, 0, PAGE, 1);
    call!(SYS_munmap, moved, 8 * PAGE);
    call!(SYS_munmap, NOWHERE, PAGE);
    call!(SYS_brk, 0);
    call!(SYS_brk, NOWHERE);
    call!(SYS_membarrier, 0, 0, 0);
    call!(SYS_membarrier, 1 << 7, 1, 0);
    call!(SYS_membarrier, 8, 0, 3);
    call!(SYS_membarrier, 0x40_0000, 7, -1);
}

fn policies() {
    let (nodes, mut room) = ([1u64, 0], [0u64; 32]);
    call!(SYS_set_mempolicy, MPOL_DEFAULT, 0, 0);
    call!(SYS_set_mempolicy, 2 | 1 << 15, &nodes, 64);
    call!(SYS_set_mempolicy, 77, NOWHERE, 64);
    call!(SYS_get_mempolicy, &mut [0u32; 2], &mut room, 1024, 0, 0);
    call!(SYS_get_mempolicy, &mut [0u32; 2], 0, 0, NOWHERE, 3);
    call!(SYS_get_mempolicy, NOWHERE, NOWHERE, 64, 0, 0xff);
    call!(SYS_mbind, NOWHERE, PAGE, 1, &nodes, 64, 1 | 2);
    call!(SYS_mbind, 0, 0, 3 | 1 << 14, 0, 0, 0x1_0000);
    call!(SYS_mbind, 0, PAGE, 2, &nodes, 3, 0);
    call!(SYS_set_mempolicy_home_node, NOWHERE, PAGE, 1, 1);
    call!(SYS_migrate_pages, 0, 64, &nodes, &nodes);
    call!(SYS_migrate_pages, 4_000_000, 128, &nodes, NOWHERE);
    call!(SYS_move_pages, 0, 1, &[NOWHERE], &[0u32; 2], &mut [0u32; 2], 2);
    call!(SYS_move_pages, 0, 2, &[NOWHERE, 0], 0, &mut [0u32; 2], 0);
    call!(SYS_move_pages, 4_000_000, 1, NOWHERE, NOWHERE, NOWHERE, 0x10);
}

fn others() {
    let own = call!(SYS_getpid);
    let (from, mut to) = (b"of ourselves", [0u8; 16]);
    let (local, remote) = ([to.as_mut_ptr() as u64, 12], [from.as_ptr() as u64, 12]);
    call!(SYS_process_vm_readv, own, &local, 1, &remote, 1, 0);
    call!(SYS_process_vm_readv, own, &local, 1, &[NOWHERE, 3], 1, 0);
    call!(SYS_process_vm_readv, 4_000_000, &local, 1, NOWHERE, 1, 0);
    call!(SYS_process_vm_writev, own, &remote, 1, &local, 1, 0);
    call!(SYS_process_vm_writev, own, NOWHERE, 1, &local, 1, 7);
    let process = call!(SYS_pidfd_open, own, 0);
    call!(SYS_process_madvise, process, &local, 1, MADV_COLD, 0);
    call!(SYS_process_madvise, 99, NOWHERE, 1, 77, 1);
    call!(SYS_process_mrelease, 99, 0);
    call!(SYS_process_mrelease, process, 1);
}

fn futexes() {
    let mut word = [1u32, 2];
    let (at, other) = (word.as_mut_ptr() as u64, word[1..].as_ptr() as u64);
    let short = [0u64, 1_000];
    call!(SYS_futex, at, 0, 0, &short);
    call!(SYS_futex, at, 128, 1, &short);
    call!(SYS_futex, at, 0, 1, NOWHERE);
    call!(SYS_futex, at, 1 | 128, 5);
    call!(SYS_futex, at, 2, 5);
    call!(SYS_futex, at, 3, 1, 2, other, 0);
    call!(SYS_futex, at, 4 | 128, 1, 2, other, 7);
    call!(SYS_futex, at, 5 | 128, 1, 2, other, 0x0100_1000);
    call!(SYS_futex, at, 5, 1, 2, other, 0xfa12_3456u64);
    call!(SYS_futex, at, 6 | 128, 0, NOWHERE);
    call!(SYS_futex, at, 7 | 128);
    call!(SYS_futex, at, 8);
    call!(SYS_futex, at, 9 | 128 | 256, 0, &short, 0, 0xffff_ffffu64);
    call!(SYS_futex, at, 9, 1, &short, 0, 5);
    call!(SYS_futex, at, 10 | 128, 1, 0, 0, 0xff);
    call!(SYS_futex, at, 11 | 128, 0, &short, other);
    call!(SYS_futex, at, 12 | 128, 1, 2, other, 9);
    call!(SYS_futex, at, 13 | 128, 0, NOWHERE);
    call!(SYS_futex, at, 77, 1, 2, 3, 4);
    let waiters = [0u64, at, 0x82, 3, other, 2];
    call!(SYS_futex_waitv, &waiters, 2, 0, &[0u64, 0], CLOCK_MONOTONIC);
    call!(SYS_futex_waitv, NOWHERE, 2, 1, NOWHERE, 77);
    call!(454, at, 0xffff_ffffu64, 1, 2 | 128);
    call!(455, at, 0, 0xffff_ffffu64, 2 | 128, &short, CLOCK_REALTIME);
    call!(456, &waiters, 0, 1, 1);
    let mut list = [0u64; 3];
    list[0] = list.as_ptr() as u64;
    call!(SYS_set_robust_list, &list, 24);
    call!(SYS_set_robust_list, NOWHERE, 7);
    call!(SYS_get_robust_list, 0, &mut [0u64; 2], &mut [0u64; 2]);
    call!(SYS_get_robust_list, 4_000_000, NOWHERE, NOWHERE);
    call!(SYS_set_robust_list, 0, 24);
}
