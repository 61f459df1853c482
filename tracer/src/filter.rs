//! The filter: which calls stop, decided in the kernel before the first exec.
//!
//! ```text
//! ld  arch;  jne x86-64 → TRACE
//! ld  nr;    jset bit 30 → TRACE
//! clone, arch_prctl that nobody asked for: by their first word
//! binary search of the runs of equal answers:   TRACE | cookie   or   ALLOW
//! ```
//!
//! An unknown architecture is traced, never killed: a program may well start a 32-bit helper. Of all other calls only
//! `arch` and `nr` are tested, so the kernel answers those that nobody asked for from a bitmap.

use crate::Wanted;
use crate::sys::seccomp::Instruction;

/// The sixteen bits by which a stop of ours is told from one that the target's own filter asks for.
pub const COOKIE: u16 = 0xc41c;

const RET_TRACE: u32 = 0x7ff0_0000 | COOKIE as u32;
const RET_ALLOW: u32 = 0x7fff_0000;
const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;

const LD_ABS: u16 = 0x20;
const JEQ: u16 = 0x15;
const JGE: u16 = 0x35;
const JSET: u16 = 0x45;
const RET: u16 = 0x06;
/// Where the lower half of a call's first word stands.
const FIRST_WORD: u32 = 16;

/// Traced whether or not somebody asked: what the session itself must know of.
const ALWAYS: [u64; 5] = [
    101, // ptrace: the tracer must not be traced by those it traces
    157, // prctl: filters, no_new_privs
    317, // seccomp
    425, // io_uring_setup
    435, // clone3: its flags lie in memory
];
const CLONE: u64 = 56;
const ARCH_PRCTL: u64 = 158;
/// ARCH_SET_FS and ARCH_GET_FS: where a thread's own storage is. Every program asks for that once.
const OF_THREADS: [u32; 2] = [0x1002, 0x1003];
/// And these while core placement is on: they would show it.
const CPUS: [u64; 2] = [203, 204];

/// The program for these calls.
pub fn program(wanted: &Wanted, placement: bool) -> Vec<Instruction> {
    let mut native = wanted.native;
    for nr in ALWAYS.into_iter().chain(CPUS.into_iter().filter(|_| placement)) {
        native[(nr / 64) as usize] |= 1 << (nr % 64);
    }
    let traced = |nr: u32| match native.get((nr / 64) as usize) {
        Some(word) => word >> (nr % 64) & 1 == 1,
        None => wanted.unknown,
    };
    // Runs of numbers with the same answer: where each begins, and what it says.
    let mut runs = vec![(0u32, traced(0))];
    for nr in 1..=(native.len() * 64) as u32 {
        if runs.last().is_some_and(|run| run.1 != traced(nr)) {
            runs.push((nr, traced(nr)));
        }
    }
    let mut code = vec![
        op(LD_ABS, 0, 0, 4),
        op(JEQ, 1, 0, AUDIT_ARCH_X86_64),
        op(RET, 0, 0, RET_TRACE),
        op(LD_ABS, 0, 0, 0),
        op(JSET, 0, 1, 0x4000_0000),
        op(RET, 0, 0, RET_TRACE),
    ];
    if !wanted.takes(syscalls::Abi::X86_64, CLONE) {
        code.extend([
            op(JEQ, 0, 4, CLONE as u32),
            op(LD_ABS, 0, 0, FIRST_WORD),
            op(JSET, 0, 1, libc::CLONE_UNTRACED as u32),
            op(RET, 0, 0, RET_TRACE),
            op(RET, 0, 0, RET_ALLOW),
        ]);
    }
    if !wanted.takes(syscalls::Abi::X86_64, ARCH_PRCTL) {
        code.extend([
            op(JEQ, 0, 5, ARCH_PRCTL as u32),
            op(LD_ABS, 0, 0, FIRST_WORD),
            op(JEQ, 2, 0, OF_THREADS[0]),
            op(JEQ, 1, 0, OF_THREADS[1]),
            op(RET, 0, 0, RET_TRACE),
            op(RET, 0, 0, RET_ALLOW),
        ]);
    }
    search(&runs, &mut code);
    code
}

/// Emits a search for the run that holds the number. Each half is emitted whole, so a jump over the
/// lower one may be longer than a conditional jump reaches; then it goes by way of `ja`.
fn search(runs: &[(u32, bool)], code: &mut Vec<Instruction>) {
    if let [(_, traced)] = runs {
        code.push(op(RET, 0, 0, if *traced { RET_TRACE } else { RET_ALLOW }));
        return;
    }
    let (low, high) = runs.split_at(runs.len() / 2);
    let mut lower = Vec::new();
    search(low, &mut lower);
    let over = lower.len() as u32;
    match u8::try_from(over) {
        Ok(near) => code.push(op(JGE, near, 0, high[0].0)),
        Err(_) => {
            const JA: u16 = 0x05;
            code.push(op(JGE, 0, 1, high[0].0));
            code.push(op(JA, 0, 0, over));
        }
    }
    code.append(&mut lower);
    search(high, code);
}

fn op(code: u16, jt: u8, jf: u8, k: u32) -> Instruction {
    Instruction { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(program: &[Instruction], arch: u32, nr: u32) -> u32 {
        run_with(program, arch, nr, 0)
    }

    fn run_with(program: &[Instruction], arch: u32, nr: u32, first_word: u32) -> u32 {
        let (mut at, mut a) = (0, 0);
        loop {
            let i = program[at];
            at += 1;
            let jump = |holds: bool| usize::from(if holds { i.jt } else { i.jf });
            match i.code {
                LD_ABS => {
                    a = match i.k {
                        0 => nr,
                        4 => arch,
                        FIRST_WORD => first_word,
                        other => panic!("field {other}"),
                    }
                }
                JEQ => at += jump(a == i.k),
                JGE => at += jump(a >= i.k),
                JSET => at += jump(a & i.k != 0),
                0x05 => at += i.k as usize,
                RET => return i.k,
                other => panic!("instruction {other:#x}"),
            }
        }
    }

    fn only(numbers: &[u64]) -> Wanted {
        let mut native = [0; 8];
        for nr in numbers {
            native[(nr / 64) as usize] |= 1 << (nr % 64);
        }
        Wanted { native, i386: [0; 8], unknown: false }
    }

    #[test]
    fn the_program_says_what_the_set_says() {
        let scattered: Vec<u64> = (0..512).filter(|nr| nr % 2 == 0 || nr % 7 == 0).collect();
        for wanted in [only(&[]), only(&[257]), only(&[0, 1, 2, 59, 231, 511]), only(&scattered)] {
            let program = program(&wanted, false);
            assert!(program.len() < 4096);
            for nr in 0..2000u32 {
                let always = ALWAYS.contains(&nr.into()) || u64::from(nr) == ARCH_PRCTL;
                let expected = wanted.takes(syscalls::Abi::X86_64, nr.into()) || always;
                let found = run(&program, AUDIT_ARCH_X86_64, nr) == RET_TRACE;
                assert_eq!(found, expected, "number {nr}");
            }
        }
    }

    #[test]
    fn what_every_program_does_stops_nobody() {
        let traced = |program: &[Instruction], nr: u64, word: u32| {
            run_with(program, AUDIT_ARCH_X86_64, nr as u32, word) == RET_TRACE
        };
        let none = program(&only(&[]), false);
        assert!(!traced(&none, CLONE, libc::SIGCHLD as u32));
        assert!(traced(&none, CLONE, libc::CLONE_UNTRACED as u32 | libc::SIGCHLD as u32));
        for (option, stops) in [(0x1001, true), (0x1002, false), (0x1003, false), (0x1004, true), (0x1012, true)] {
            assert_eq!(traced(&none, ARCH_PRCTL, option), stops, "option {option:#x}");
        }
        let both = program(&only(&[CLONE, ARCH_PRCTL]), false);
        assert!(traced(&both, CLONE, libc::SIGCHLD as u32) && traced(&both, ARCH_PRCTL, 0x1002));
    }

    #[test]
    fn other_architectures_and_x32_are_traced() {
        let program = program(&only(&[]), true);
        assert_eq!(run(&program, 0x4000_0003, 5), RET_TRACE);
        assert_eq!(run(&program, AUDIT_ARCH_X86_64, 0x4000_0000 | 39), RET_TRACE);
        assert_eq!(run(&program, AUDIT_ARCH_X86_64, 39), RET_ALLOW);
        assert_eq!(run(&program, AUDIT_ARCH_X86_64, 204), RET_TRACE);
    }

    #[test]
    fn numbers_beyond_the_table_follow_unknown() {
        let mut wanted = only(&[]);
        wanted.unknown = true;
        assert_eq!(run(&program(&wanted, false), AUDIT_ARCH_X86_64, 600), RET_TRACE);
        assert_eq!(run(&program(&wanted, false), AUDIT_ARCH_X86_64, 500), RET_ALLOW);
    }
}
