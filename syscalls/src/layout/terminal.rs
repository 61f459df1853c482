//! Terminals.

use crate::names;

layouts! {
    /// The kernel's 36 bytes (ioctl_tty(2)).
    TERMIOS "termios" 36:
        0 4 c_iflag Flags(&names::TERMIOS_IFLAGS),
        4 4 c_oflag Flags(&names::TERMIOS_OFLAGS),
        8 4 c_cflag Flags(&names::TERMIOS_CFLAGS),
        12 4 c_lflag Flags(&names::TERMIOS_LFLAGS),
        16 1 c_line UInt,
        17 19 c_cc Bytes;

    /// The same with free speeds (ioctl_tty(2)).
    TERMIOS2 "termios2" 44:
        0 4 c_iflag Flags(&names::TERMIOS_IFLAGS),
        4 4 c_oflag Flags(&names::TERMIOS_OFLAGS),
        8 4 c_cflag Flags(&names::TERMIOS_CFLAGS),
        12 4 c_lflag Flags(&names::TERMIOS_LFLAGS),
        16 1 c_line UInt,
        17 19 c_cc Bytes,
        36 4 c_ispeed UInt,
        40 4 c_ospeed UInt;

    /// The oldest form (ioctl_tty(2)).
    TERMIO "termio" 18:
        0 2 c_iflag Flags(&names::TERMIOS_IFLAGS),
        2 2 c_oflag Flags(&names::TERMIOS_OFLAGS),
        4 2 c_cflag Flags(&names::TERMIOS_CFLAGS),
        6 2 c_lflag Flags(&names::TERMIOS_LFLAGS),
        8 1 c_line UInt,
        9 8 c_cc Bytes;

    /// ioctl_tty(2).
    WINSIZE "winsize" 8:
        0 2 ws_row UInt,
        2 2 ws_col UInt,
        4 2 ws_xpixel UInt,
        6 2 ws_ypixel UInt;
}
