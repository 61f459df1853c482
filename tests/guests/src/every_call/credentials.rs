//! Users, groups, capabilities.

use super::{NOWHERE, call, drop_privileges, words32};
use libc::*;

pub fn run() {
    capabilities();
    drop_privileges();
    let mut out = [0u32; 64];
    let (mut second, mut third) = ([0u32; 2], [0u32; 2]);
    call!(SYS_getuid);
    call!(SYS_geteuid);
    call!(SYS_getgid);
    call!(SYS_getegid);
    call!(SYS_getresuid, &mut out, &mut second, &mut third);
    call!(SYS_getresgid, &mut out, &mut second, NOWHERE);
    call!(SYS_setuid, 12345);
    call!(SYS_setgid, 12345);
    call!(SYS_setreuid, -1, -1);
    call!(SYS_setregid, -1, 12345);
    call!(SYS_setresuid, -1, 12345, -1);
    call!(SYS_setresgid, -1, -1, -1);
    call!(SYS_setfsuid, -1);
    call!(SYS_setfsgid, 12345);
    call!(SYS_getgroups, 0, 0);
    call!(SYS_getgroups, 64, &mut out);
    call!(SYS_getgroups, -1, NOWHERE);
    call!(SYS_setgroups, 3, &[1u32, 2, 3]);
    call!(SYS_setgroups, 2, NOWHERE);
    call!(SYS_setgroups, 0, 0);
}

fn capabilities() {
    let mut data = [0u32; 6];
    for version in [0x1998_0330, 0x2007_1026, 0x2008_0522, 77] {
        call!(SYS_capget, &words32::<2>(&[(0, version)]), &mut data);
        call!(SYS_capget, &words32::<2>(&[(0, version)]), 0);
    }
    call!(SYS_capget, NOWHERE, &mut data);
    call!(SYS_capset, &words32::<2>(&[(0, 0x2008_0522), (1, 4_000_000)]), &[0xffu32, 0, 0x8000_0001, 1, 0, 0]);
    call!(SYS_capset, &words32::<2>(&[(0, 0x1998_0330), (1, 4_000_000)]), &[0xffu32, 0, 0x8000_0001, 1, 0, 0]);
    call!(SYS_capset, &words32::<2>(&[(0, 77)]), NOWHERE);
}
