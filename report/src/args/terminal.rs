//! Terminals: `termios` (ioctl_tty(2)).

use syscalls::names::{self, Names};

use super::kept::word;
use super::printer::Printer;

/// Delays of output, each a field of bits with a name for each value: `NL0|CR0|TAB0|BS0|VT0|FF0`.
static DELAYS: [(u32, u64, &[&str]); 6] = [
    (8, 1, &["NL0", "NL1"]),
    (9, 3, &["CR0", "CR1", "CR2", "CR3"]),
    (11, 3, &["TAB0", "TAB1", "TAB2", "XTABS"]),
    (13, 1, &["BS0", "BS1"]),
    (14, 1, &["VT0", "VT1"]),
    (15, 1, &["FF0", "FF1"]),
];
/// Names of the control characters, by place.
static CHARACTERS: [&str; 17] = [
    "VINTR", "VQUIT", "VERASE", "VKILL", "VEOF", "VTIME", "VMIN", "VSWTC", "VSTART", "VSTOP", "VSUSP", "VEOL",
    "VREPRINT", "VDISCARD", "VWERASE", "VLNEXT", "VEOL2",
];
const DELAY_BITS: u64 = 0xff00;
const SPEED: u64 = 0o10017;
const SIZE: u64 = 0o60;

impl Printer<'_, '_> {
    /// Modes of a terminal by name; control characters with `-v`.
    pub(super) fn termios(&mut self, bytes: &[u8]) {
        let [input, output, control, local] = [0, 4, 8, 12].map(|at| word(bytes, at, 4));
        self.text(b"{c_iflag=");
        self.mode(&names::TERMIOS_IFLAGS, input);
        self.text(b", c_oflag=");
        for (i, (shift, mask, values)) in DELAYS.iter().enumerate() {
            if i > 0 {
                self.text(b"|");
            }
            let value = (output >> shift & mask) as usize;
            self.text(values.get(value).copied().unwrap_or("?").as_bytes());
        }
        self.more_flags(&names::TERMIOS_OFLAGS, output & !DELAY_BITS);
        self.text(b", c_cflag=");
        self.name(&names::TERMIOS_SPEEDS, control & SPEED);
        self.text(b"|");
        self.name(&names::TERMIOS_SIZES, control & SIZE);
        self.more_flags(&names::TERMIOS_CFLAGS, control & !(SPEED | SIZE));
        self.text(b", c_lflag=");
        self.mode(&names::TERMIOS_LFLAGS, local);
        if !self.verbose {
            return self.text(b", ...}");
        }
        self.text(b", c_line=");
        match word(bytes, 16, 1) {
            0 => self.text(b"N_TTY"),
            discipline => self.hex(discipline),
        }
        self.text(b", c_cc=[");
        for (i, character) in bytes.iter().skip(17).take(19).enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            self.text(b"[");
            match CHARACTERS.get(i) {
                Some(name) => self.text(name.as_bytes()),
                None => self.decimal(i as u64),
            }
            self.text(b"]=");
            self.hex(u64::from(*character));
        }
        self.text(b"]}");
    }

    fn mode(&mut self, table: &'static Names, value: u64) {
        if value == 0 { self.text(b"0") } else { self.flags(table, value) }
    }
}
