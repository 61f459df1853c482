//! Classes against the strace that is installed: with `-d` it prints the kernel filter that it makes
//! of a class, and that filter, run here, says which calls it takes.

use std::process::{Command, Stdio};

use syscalls::{Abi, Classes, lookup};

/// Newer numbers may be unknown to the strace at hand.
const LAST: u64 = 450;

/// One instruction of the classic BPF machine, as strace prints it.
enum Step {
    LoadArch,
    LoadNumber,
    Load(u32),
    And(u32),
    ShiftRight(u32),
    ShiftLeftByX,
    ToX,
    FromX,
    Skip(usize),
    /// Comparison, how far to go on if it holds and if not, and with what.
    Test(fn(u32, u32) -> bool, usize, usize, u32),
    Return(bool),
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn step(line: &str) -> Option<Step> {
    let line = line.strip_prefix("strace: ")?;
    let line = line.strip_prefix("STMT(BPF_").or_else(|| line.strip_prefix("JUMP(BPF_"))?.strip_suffix(')')?;
    let words: Vec<&str> = line.split(", ").collect();
    let at = |n: usize| words.get(n).copied().and_then(number);
    let test = |holds| Some(Step::Test(holds, at(1)? as usize, at(2)? as usize, at(3)?));
    match (words[0], words.get(1).copied()) {
        ("LDWABS", Some("data->arch")) => Some(Step::LoadArch),
        ("LDWABS", Some("data->nr")) => Some(Step::LoadNumber),
        ("LDWIMM", _) => Some(Step::Load(at(1)?)),
        ("AND", _) => Some(Step::And(at(1)?)),
        ("RSH", _) => Some(Step::ShiftRight(at(1)?)),
        ("LSH", _) => Some(Step::ShiftLeftByX),
        ("TAX", _) => Some(Step::ToX),
        ("TXA", _) => Some(Step::FromX),
        ("JA", _) => Some(Step::Skip(at(1)? as usize)),
        ("JEQ", _) => test(|a, k| a == k),
        ("JGE", _) => test(|a, k| a >= k),
        ("JGT", _) => test(|a, k| a > k),
        ("JSET", _) => test(|a, k| a & k != 0),
        ("RET", Some(what)) => Some(Step::Return(what.contains("TRACE"))),
        _ => None,
    }
}

/// Does the program take this call? `None` if it can't be run.
fn takes(program: &[Step], arch: u32, nr: u32) -> Option<bool> {
    let (mut a, mut x, mut at) = (0u32, 0u32, 0);
    for _ in 0..10_000 {
        let step = program.get(at)?;
        at += 1;
        match *step {
            Step::LoadArch => a = arch,
            Step::LoadNumber => a = nr,
            Step::Load(value) => a = value,
            Step::And(mask) => a &= mask,
            Step::ShiftRight(bits) => a = a.checked_shr(bits)?,
            Step::ShiftLeftByX => a = a.checked_shl(x)?,
            Step::ToX => x = a,
            Step::FromX => a = x,
            Step::Skip(far) => at += far,
            Step::Test(holds, far, near, with) => at += if holds(a, with) { far } else { near },
            Step::Return(taken) => return Some(taken),
        }
    }
    None
}

/// The filter of a class, or why there is none.
fn program(class: &str) -> Result<Vec<Step>, String> {
    let mut strace = Command::new("strace");
    strace.args(["-d", "--seccomp-bpf", "-f", "-o", "/dev/null", "-e", &format!("trace=%{class}"), "true"]);
    let output = strace.stdin(Stdio::null()).output().map_err(|error| format!("no strace here: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let steps: Vec<Step> = text
        .lines()
        .filter(|line| line.starts_with("strace: STMT(") || line.starts_with("strace: JUMP("))
        .map(|line| step(line).ok_or_else(|| format!("strace prints its filter in another way: {line}")))
        .collect::<Result<_, _>>()?;
    if steps.is_empty() { Err("strace can't trace here, or prints no filter".into()) } else { Ok(steps) }
}

#[test]
fn classes_are_those_of_strace() {
    // strace always looks at these two, and takes the calls of these two apart itself.
    let apart = ["execve", "execveat", "socketcall", "ipc"];
    let mut unlike = Vec::new();
    let mut compared = 0;
    for (name, class) in Classes::ALL {
        let program = match program(name) {
            Ok(program) => program,
            Err(why) => return println!("skipped: {why}"),
        };
        for (abi, arch) in [(Abi::X86_64, 0xc000_003e), (Abi::I386, 0x4000_0003)] {
            for nr in 0..=LAST {
                let Some(row) = lookup(abi, nr).filter(|row| !apart.contains(&row.name)) else { continue };
                let Some(theirs) = takes(&program, arch, nr as u32) else {
                    return println!("skipped: strace's filter of %{name} can't be run");
                };
                compared += 1;
                if theirs != row.classes.any(*class) {
                    let who = if theirs { "strace" } else { "here" };
                    unlike.push(format!("%{name} has {abi:?} {} {who} only", row.name));
                }
            }
        }
    }
    assert_eq!(unlike, Vec::<String>::new());
    assert!(compared > 10_000, "{compared} comparisons");
}
