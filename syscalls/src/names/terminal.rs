//! Terminal modes.

names! {
    /// `c_iflag` (termios(3)).
    TERMIOS_IFLAGS "I???" from "asm/termbits.h":
        1 IGNBRK, 2 BRKINT, 4 IGNPAR, 8 PARMRK, 0x10 INPCK, 0x20 ISTRIP, 0x40 INLCR, 0x80 IGNCR, 0x100 ICRNL,
        0x200 IUCLC, 0x400 IXON, 0x800 IXANY, 0x1000 IXOFF, 0x2000 IMAXBEL, 0x4000 IUTF8;

    /// `c_oflag` (termios(3)).
    TERMIOS_OFLAGS "O???" from "asm/termbits.h":
        1 OPOST, 2 OLCUC, 4 ONLCR, 8 OCRNL, 0x10 ONOCR, 0x20 ONLRET, 0x40 OFILL, 0x80 OFDEL;

    /// `c_cflag` beside speed and size (termios(3)).
    TERMIOS_CFLAGS "C???" from "asm/termbits.h":
        0x40 CSTOPB, 0x80 CREAD, 0x100 PARENB, 0x200 PARODD, 0x400 HUPCL, 0x800 CLOCAL, 0x40000000 CMSPAR,
        0x80000000 CRTSCTS, 0x20000000 ADDRB;

    /// `c_lflag` (termios(3)).
    TERMIOS_LFLAGS "L???" from "asm/termbits.h":
        1 ISIG, 2 ICANON, 4 XCASE, 8 ECHO, 0x10 ECHOE, 0x20 ECHOK, 0x40 ECHONL, 0x80 NOFLSH, 0x8000 IEXTEN,
        0x200 ECHOCTL, 0x400 ECHOPRT, 0x800 ECHOKE, 0x1000 FLUSHO, 0x4000 PENDIN, 0x100 TOSTOP, 0x10000 EXTPROC;

    /// Speed in `c_cflag` (termios(3)).
    TERMIOS_SPEEDS "B???" from "asm/termbits.h":
        0 B0, 1 B50, 2 B75, 3 B110, 4 B134, 5 B150, 6 B200, 7 B300, 8 B600, 9 B1200, 0xa B1800, 0xb B2400,
        0xc B4800, 0xd B9600, 0xe B19200, 0xf B38400, 0x1000 BOTHER, 0x1001 B57600, 0x1002 B115200, 0x1003 B230400,
        0x1004 B460800, 0x1005 B500000, 0x1006 B576000, 0x1007 B921600, 0x1008 B1000000, 0x1009 B1152000,
        0x100a B1500000, 0x100b B2000000, 0x100c B2500000, 0x100d B3000000, 0x100e B3500000, 0x100f B4000000;

    /// Character size in `c_cflag` (termios(3)).
    TERMIOS_SIZES "CS?" from "asm/termbits.h":
        0 CS5, 0x10 CS6, 0x20 CS7, 0x30 CS8;

    /// `TCFLSH` queue (ioctl_tty(2)).
    TCFLSH "TC???" from "asm/termbits.h":
        0 TCIFLUSH, 1 TCOFLUSH, 2 TCIOFLUSH;

    /// `TCXONC` action (ioctl_tty(2)).
    TCXONC "TC???" from "asm/termbits.h":
        0 TCOOFF, 1 TCOON, 2 TCIOFF, 3 TCION;

    /// `ifr_flags` (netdevice(7)).
    INTERFACE_FLAGS "IFF_???" from "linux/if.h":
        1 IFF_UP, 2 IFF_BROADCAST, 4 IFF_DEBUG, 8 IFF_LOOPBACK, 0x10 IFF_POINTOPOINT, 0x20 IFF_NOTRAILERS,
        0x40 IFF_RUNNING, 0x80 IFF_NOARP, 0x100 IFF_PROMISC, 0x200 IFF_ALLMULTI, 0x400 IFF_MASTER, 0x800 IFF_SLAVE,
        0x1000 IFF_MULTICAST, 0x2000 IFF_PORTSEL, 0x4000 IFF_AUTOMEDIA, 0x8000 IFF_DYNAMIC, 0x10000 IFF_LOWER_UP,
        0x20000 IFF_DORMANT, 0x40000 IFF_ECHO;
}
