//! `ioctl`: the requests whose argument is known.

use super::{exchange, input, output};
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::{layout, names};

calls! {
    ioctl [DESC] (fd: Fd, cmd: IoctlRequest, arg: Hex) by IOCTL -> Int;
}

operations! {
    IOCTL: 1 & 0xffff_ffff (fd: Fd, cmd: IoctlRequest) {
        0x125e => (arg: IntRef(Out)) -> Int, // BLKROGET
        0x1260 => (arg: LongRef(Out)) -> Int, // BLKGETSIZE
        0x1261 => () -> Int, // BLKFLSBUF
        0x1263 => (arg: LongRef(Out)) -> Int, // BLKRAGET
        0x1268 => (arg: IntRef(Out)) -> Int, // BLKSSZGET
        0x2400 => (arg: Hex) -> Int, // PERF_EVENT_IOC_ENABLE
        0x2401 => (arg: Hex) -> Int, // PERF_EVENT_IOC_DISABLE
        0x2402 => (arg: Int) -> Int, // PERF_EVENT_IOC_REFRESH
        0x2403 => (arg: Hex) -> Int, // PERF_EVENT_IOC_RESET
        0x4c00 => (arg: Fd) -> Int, // LOOP_SET_FD
        0x4c01 => () -> Int, // LOOP_CLR_FD
        0x4c82 => () -> Int, // LOOP_CTL_GET_FREE
        0x5401 => (arg: output(&layout::TERMIOS)) -> Int, // TCGETS
        0x5402 => (arg: input(&layout::TERMIOS)) -> Int, // TCSETS
        0x5403 => (arg: input(&layout::TERMIOS)) -> Int, // TCSETSW
        0x5404 => (arg: input(&layout::TERMIOS)) -> Int, // TCSETSF
        0x5405 => (arg: output(&layout::TERMIO)) -> Int, // TCGETA
        0x5406 => (arg: input(&layout::TERMIO)) -> Int, // TCSETA
        0x5407 => (arg: input(&layout::TERMIO)) -> Int, // TCSETAW
        0x5408 => (arg: input(&layout::TERMIO)) -> Int, // TCSETAF
        0x5409 => (arg: Int) -> Int, // TCSBRK
        0x540a => (arg: Enum(&names::TCXONC)) -> Int, // TCXONC
        0x540b => (arg: Enum(&names::TCFLSH)) -> Int, // TCFLSH
        0x540c => () -> Int, // TIOCEXCL
        0x540d => () -> Int, // TIOCNXCL
        0x540e => (arg: Int) -> Int, // TIOCSCTTY
        0x540f => (arg: IntRef(Out)) -> Int, // TIOCGPGRP
        0x5410 => (arg: IntRef(In)) -> Int, // TIOCSPGRP
        0x5411 => (arg: IntRef(Out)) -> Int, // TIOCOUTQ
        0x5412 => (arg: Bytes(In, Fixed(1))) -> Int, // TIOCSTI
        0x5413 => (arg: output(&layout::WINSIZE)) -> Int, // TIOCGWINSZ
        0x5414 => (arg: input(&layout::WINSIZE)) -> Int, // TIOCSWINSZ
        0x5415 => (arg: IntRef(Out)) -> Int, // TIOCMGET
        0x5419 => (arg: IntRef(Out)) -> Int, // TIOCGSOFTCAR
        0x541b => (arg: IntRef(Out)) -> Int, // FIONREAD
        0x541d => () -> Int, // TIOCCONS
        0x5420 => (arg: IntRef(In)) -> Int, // TIOCPKT
        0x5421 => (arg: IntRef(In)) -> Int, // FIONBIO
        0x5422 => () -> Int, // TIOCNOTTY
        0x5423 => (arg: IntRef(In)) -> Int, // TIOCSETD
        0x5424 => (arg: IntRef(Out)) -> Int, // TIOCGETD
        0x5425 => (arg: Int) -> Int, // TCSBRKP
        0x5427 => () -> Int, // TIOCSBRK
        0x5428 => () -> Int, // TIOCCBRK
        0x5429 => (arg: IntRef(Out)) -> Int, // TIOCGSID
        0x5437 => () -> Int, // TIOCVHANGUP
        0x5441 => (arg: Hex) -> Fd, // TIOCGPTPEER
        0x5450 => () -> Int, // FIONCLEX
        0x5451 => () -> Int, // FIOCLEX
        0x5452 => (arg: IntRef(In)) -> Int, // FIOASYNC
        0x5460 => (arg: LongRef(Out)) -> Int, // FIOQSIZE
        0x8905 => (arg: IntRef(Out)) -> Int, // SIOCATMARK
        0x8912 => (arg: exchange(&layout::IFCONF)) -> Int, // SIOCGIFCONF
        0x8913 => (arg: exchange(&layout::IFREQ)) -> Int, // SIOCGIFFLAGS
        0x8914 => (arg: input(&layout::IFREQ)) -> Int, // SIOCSIFFLAGS
        0x4004_5431 => (arg: IntRef(In)) -> Int, // TIOCSPTLCK
        0x4004_9409 => (arg: Fd) -> Int, // FICLONE
        0x4008_6602 => (arg: IntRef(In)) -> Int, // FS_IOC_SETFLAGS
        0x401c_5820 => (arg: input(&layout::FSXATTR)) -> Int, // FS_IOC_FSSETXATTR
        0x4020_940d => (arg: input(&layout::FILE_CLONE_RANGE)) -> Int, // FICLONERANGE
        0x402c_542b => (arg: input(&layout::TERMIOS2)) -> Int, // TCSETS2
        0x402c_542c => (arg: input(&layout::TERMIOS2)) -> Int, // TCSETSW2
        0x402c_542d => (arg: input(&layout::TERMIOS2)) -> Int, // TCSETSF2
        0x8004_5200 => (arg: IntRef(Out)) -> Int, // RNDGETENTCNT
        0x8004_5430 => (arg: IntRef(Out)) -> Int, // TIOCGPTN
        0x8004_5438 => (arg: IntRef(Out)) -> Int, // TIOCGPKT
        0x8004_5439 => (arg: IntRef(Out)) -> Int, // TIOCGPTLCK
        0x8008_1272 => (arg: LongRef(Out)) -> Int, // BLKGETSIZE64
        0x8008_2407 => (arg: LongRef(Out)) -> Int, // PERF_EVENT_IOC_ID
        0x8008_6601 => (arg: IntRef(Out)) -> Int, // FS_IOC_GETFLAGS
        0x8008_7601 => (arg: IntRef(Out)) -> Int, // FS_IOC_GETVERSION
        0x801c_581f => (arg: output(&layout::FSXATTR)) -> Int, // FS_IOC_FSGETXATTR
        0x802c_542a => (arg: output(&layout::TERMIOS2)) -> Int, // TCGETS2
        0xc018_5879 => (arg: exchange(&layout::FSTRIM_RANGE)) -> Int, // FITRIM
        0xc020_660b => (arg: exchange(&layout::FIEMAP)) -> Int, // FS_IOC_FIEMAP
    }
}
