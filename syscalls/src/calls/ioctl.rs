//! `ioctl`: the requests whose argument is known.

use super::{input, output};
use crate::Kind::*;
use crate::kind::Dir::*;
use crate::layout;

calls! {
    ioctl [DESC] (fd: Fd, cmd: IoctlRequest, arg: Hex) by IOCTL -> Int;
}

operations! {
    IOCTL: 1 & 0xffff_ffff (fd: Fd, cmd: IoctlRequest) {
        // Block devices: BLKROGET, BLKGETSIZE, BLKFLSBUF, BLKRAGET, BLKSSZGET.
        0x125e => (arg: IntRef(Out)) -> Int,
        0x1260 => (arg: LongRef(Out)) -> Int,
        0x1261 => () -> Int,
        0x1263 => (arg: LongRef(Out)) -> Int,
        0x1268 => (arg: IntRef(Out)) -> Int,
        // perf events: enable, disable, refresh, reset.
        0x2400 => (arg: Hex) -> Int,
        0x2401 => (arg: Hex) -> Int,
        0x2402 => (arg: Int) -> Int,
        0x2403 => (arg: Hex) -> Int,
        // Loop devices: LOOP_SET_FD, LOOP_CLR_FD, LOOP_CTL_GET_FREE.
        0x4c00 => (arg: Fd) -> Int,
        0x4c01 => () -> Int,
        0x4c82 => () -> Int,
        // Terminals: TCGETS, TCSETS, TCSETSW, TCSETSF, TCSBRK, TCXONC, TCFLSH.
        0x5401 => (arg: output(&layout::TERMIOS)) -> Int,
        0x5402 => (arg: input(&layout::TERMIOS)) -> Int,
        0x5403 => (arg: input(&layout::TERMIOS)) -> Int,
        0x5404 => (arg: input(&layout::TERMIOS)) -> Int,
        0x5409 => (arg: Int) -> Int,
        0x540a => (arg: Int) -> Int,
        0x540b => (arg: Int) -> Int,
        // TIOCEXCL, TIOCNXCL, TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCOUTQ.
        0x540c => () -> Int,
        0x540d => () -> Int,
        0x540e => (arg: Int) -> Int,
        0x540f => (arg: IntRef(Out)) -> Int,
        0x5410 => (arg: IntRef(In)) -> Int,
        0x5411 => (arg: IntRef(Out)) -> Int,
        // TIOCGWINSZ, TIOCSWINSZ, TIOCMGET, TIOCGSOFTCAR, FIONREAD.
        0x5413 => (arg: output(&layout::WINSIZE)) -> Int,
        0x5414 => (arg: input(&layout::WINSIZE)) -> Int,
        0x5415 => (arg: IntRef(Out)) -> Int,
        0x5419 => (arg: IntRef(Out)) -> Int,
        0x541b => (arg: IntRef(Out)) -> Int,
        // TIOCCONS, TIOCPKT, FIONBIO, TIOCNOTTY, TIOCSETD, TIOCGETD, TCSBRKP.
        0x541d => () -> Int,
        0x5420 => (arg: IntRef(In)) -> Int,
        0x5421 => (arg: IntRef(In)) -> Int,
        0x5422 => () -> Int,
        0x5423 => (arg: IntRef(In)) -> Int,
        0x5424 => (arg: IntRef(Out)) -> Int,
        0x5425 => (arg: Int) -> Int,
        // TIOCSBRK, TIOCCBRK, TIOCGSID, TIOCVHANGUP, TIOCGPTPEER.
        0x5427 => () -> Int,
        0x5428 => () -> Int,
        0x5429 => (arg: IntRef(Out)) -> Int,
        0x5437 => () -> Int,
        0x5441 => (arg: OpenFlags) -> Fd,
        // FIONCLEX, FIOCLEX, FIOASYNC, FIOQSIZE.
        0x5450 => () -> Int,
        0x5451 => () -> Int,
        0x5452 => (arg: IntRef(In)) -> Int,
        0x5460 => (arg: LongRef(Out)) -> Int,
        // Sockets: SIOCATMARK.
        0x8905 => (arg: IntRef(Out)) -> Int,
        // TIOCSPTLCK, FS_IOC_SETFLAGS, FICLONE.
        0x4004_5431 => (arg: IntRef(In)) -> Int,
        0x4004_9409 => (arg: Fd) -> Int,
        0x4008_6602 => (arg: IntRef(In)) -> Int,
        // RNDGETENTCNT, TIOCGPTN, FS_IOC_GETFLAGS, FS_IOC_GETVERSION, BLKGETSIZE64, PERF_EVENT_IOC_ID.
        0x8004_5200 => (arg: IntRef(Out)) -> Int,
        0x8004_5430 => (arg: IntRef(Out)) -> Int,
        0x8004_5438 => (arg: IntRef(Out)) -> Int,
        0x8004_5439 => (arg: IntRef(Out)) -> Int,
        0x8008_1272 => (arg: LongRef(Out)) -> Int,
        0x8008_2407 => (arg: LongRef(Out)) -> Int,
        0x8008_6601 => (arg: IntRef(Out)) -> Int,
        0x8008_7601 => (arg: IntRef(Out)) -> Int,
    }
}
