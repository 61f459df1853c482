//! Users, groups, capabilities.

use super::{exchange, input};
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::layout;

calls! {
    getuid [CREDS PURE] () -> Int;
    geteuid [CREDS PURE] () -> Int;
    getgid [CREDS PURE] () -> Int;
    getegid [CREDS PURE] () -> Int;
    setuid [CREDS] (uid: Uid) -> Int;
    setgid [CREDS] (gid: Gid) -> Int;
    setreuid [CREDS] (ruid: Uid, euid: Uid) -> Int;
    setregid [CREDS] (rgid: Gid, egid: Gid) -> Int;
    setresuid [CREDS] (ruid: Uid, euid: Uid, suid: Uid) -> Int;
    setresgid [CREDS] (rgid: Gid, egid: Gid, sgid: Gid) -> Int;
    getresuid [CREDS] (ruidp: IntRef(Out), euidp: IntRef(Out), suidp: IntRef(Out)) -> Int;
    getresgid [CREDS] (rgidp: IntRef(Out), egidp: IntRef(Out), sgidp: IntRef(Out)) -> Int;
    setfsuid [CREDS] (uid: Uid) -> Int;
    setfsgid [CREDS] (gid: Gid) -> Int;
    getgroups [CREDS] (gidsetsize: Int, grouplist: Gids(Out, Result)) -> Int;
    setgroups [CREDS] (gidsetsize: Int, grouplist: Gids(In, Arg(0))) -> Int;
    capget [CREDS] (
        header: exchange(&layout::USER_CAP_HEADER), dataptr: Struct(&layout::USER_CAP_DATA, Out, Fixed(2)),
    ) -> Int;
    capset [CREDS] (header: input(&layout::USER_CAP_HEADER), data: Struct(&layout::USER_CAP_DATA, In, Fixed(2))) -> Int;
}
