//! Signals: names of their numbers, and of the codes that say where one came from.
//!
//! Sources: signal(7), sigaction(2), `include/uapi/asm-generic/siginfo.h`. Numbers are those of x86 and
//! Arm, which agree.

/// The name of a signal as strace prints it: `SIGCHLD`, `SIGRTMIN`, `SIGRT_2`. `None` beyond 1 to 64.
pub fn name(signal: u32) -> Option<&'static str> {
    let at = (signal as usize).checked_sub(1)?;
    NAMES.get(at).copied()
}

/// The number of a signal by name, with or without `SIG`; also the aliases of signal(7).
pub fn by_name(name: &str) -> Option<u32> {
    let short = name.strip_prefix("SIG").unwrap_or(name);
    let at = NAMES.iter().position(|known| known.strip_prefix("SIG") == Some(short));
    match at {
        Some(at) => Some(at as u32 + 1),
        None => ALIASES.iter().find(|alias| alias.0 == short).map(|alias| alias.1),
    }
}

/// The name of a `si_code`, which depends on the signal: `SI_USER`, `CLD_EXITED`, `SEGV_MAPERR`.
pub fn code_name(signal: u32, code: i32) -> Option<&'static str> {
    let own: &[&str] = match signal {
        SIGILL => &ILL,
        SIGFPE => &FPE,
        SIGSEGV => &SEGV,
        SIGBUS => &BUS,
        SIGTRAP => &TRAP,
        SIGCHLD => &CLD,
        SIGIO => &POLL,
        SIGSYS => &SYS,
        _ => &[],
    };
    let by_signal = usize::try_from(code).ok().and_then(|code| own.get(code.checked_sub(1)?));
    by_signal.copied().or_else(|| GENERAL.iter().find(|row| row.0 == code).map(|row| row.1))
}

/// Illegal instruction.
pub const SIGILL: u32 = 4;
/// Trace or breakpoint trap.
pub const SIGTRAP: u32 = 5;
/// Bad access of mapped memory.
pub const SIGBUS: u32 = 7;
/// Arithmetic error.
pub const SIGFPE: u32 = 8;
/// Bad access of memory.
pub const SIGSEGV: u32 = 11;
/// A child changed state.
pub const SIGCHLD: u32 = 17;
/// Input or output is possible.
pub const SIGIO: u32 = 29;
/// Bad or refused system call.
pub const SIGSYS: u32 = 31;
/// The first real-time signal of the kernel (libc keeps the first two for itself).
pub const SIGRTMIN: u32 = 32;

static NAMES: [&str; 64] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
    "SIGRTMIN",
    "SIGRT_1",
    "SIGRT_2",
    "SIGRT_3",
    "SIGRT_4",
    "SIGRT_5",
    "SIGRT_6",
    "SIGRT_7",
    "SIGRT_8",
    "SIGRT_9",
    "SIGRT_10",
    "SIGRT_11",
    "SIGRT_12",
    "SIGRT_13",
    "SIGRT_14",
    "SIGRT_15",
    "SIGRT_16",
    "SIGRT_17",
    "SIGRT_18",
    "SIGRT_19",
    "SIGRT_20",
    "SIGRT_21",
    "SIGRT_22",
    "SIGRT_23",
    "SIGRT_24",
    "SIGRT_25",
    "SIGRT_26",
    "SIGRT_27",
    "SIGRT_28",
    "SIGRT_29",
    "SIGRT_30",
    "SIGRT_31",
    "SIGRT_32",
];

static ALIASES: [(&str, u32); 5] = [("IOT", 6), ("CLD", 17), ("POLL", 29), ("RTMAX", 64), ("UNUSED", 31)];

static GENERAL: [(i32, &str); 10] = [
    (0, "SI_USER"),
    (0x80, "SI_KERNEL"),
    (-1, "SI_QUEUE"),
    (-2, "SI_TIMER"),
    (-3, "SI_MESGQ"),
    (-4, "SI_ASYNCIO"),
    (-5, "SI_SIGIO"),
    (-6, "SI_TKILL"),
    (-7, "SI_DETHREAD"),
    (-60, "SI_ASYNCNL"),
];

static ILL: [&str; 11] = [
    "ILL_ILLOPC",
    "ILL_ILLOPN",
    "ILL_ILLADR",
    "ILL_ILLTRP",
    "ILL_PRVOPC",
    "ILL_PRVREG",
    "ILL_COPROC",
    "ILL_BADSTK",
    "ILL_BADIADDR",
    "__ILL_BREAK",
    "__ILL_BNDMOD",
];
static FPE: [&str; 15] = [
    "FPE_INTDIV",
    "FPE_INTOVF",
    "FPE_FLTDIV",
    "FPE_FLTOVF",
    "FPE_FLTUND",
    "FPE_FLTRES",
    "FPE_FLTINV",
    "FPE_FLTSUB",
    "__FPE_DECOVF",
    "__FPE_DECDIV",
    "__FPE_DECERR",
    "__FPE_INVASC",
    "__FPE_INVDEC",
    "FPE_FLTUNK",
    "FPE_CONDTRAP",
];
static SEGV: [&str; 10] = [
    "SEGV_MAPERR",
    "SEGV_ACCERR",
    "SEGV_BNDERR",
    "SEGV_PKUERR",
    "SEGV_ACCADI",
    "SEGV_ADIDERR",
    "SEGV_ADIPERR",
    "SEGV_MTEAERR",
    "SEGV_MTESERR",
    "SEGV_CPERR",
];
static BUS: [&str; 5] = ["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"];
static TRAP: [&str; 6] = ["TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF"];
static CLD: [&str; 6] = ["CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"];
static POLL: [&str; 6] = ["POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP"];
static SYS: [&str; 2] = ["SYS_SECCOMP", "SYS_USER_DISPATCH"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_each_others_inverse() {
        for signal in 1..=64 {
            assert_eq!(name(signal).and_then(by_name), Some(signal));
        }
        assert_eq!(name(0), None);
        assert_eq!(name(65), None);
        assert_eq!(name(34), Some("SIGRT_2"));
        assert_eq!(by_name("CHLD"), Some(17));
        assert_eq!(by_name("SIGPOLL"), Some(29));
    }

    #[test]
    fn a_code_is_read_with_its_signal() {
        assert_eq!(code_name(SIGCHLD, 1), Some("CLD_EXITED"));
        assert_eq!(code_name(SIGSEGV, 1), Some("SEGV_MAPERR"));
        assert_eq!(code_name(10, 1), None);
        assert_eq!(code_name(10, -6), Some("SI_TKILL"));
        assert_eq!(code_name(SIGCHLD, i32::MIN), None);
    }
}
