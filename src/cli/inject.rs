//! `-e inject=` and `-e fault=`: which calls, what is done to them, and when.
//!
//! ```text
//! SET[:error=ERRNO|:retval=VALUE][:syscall=NAME][:signal=SIG][:delay_enter=TIME][:delay_exit=TIME]
//!    [:poke_enter=@argN=HEX[,@argM=HEX...]][:poke_exit=@argN=HEX[,@argM=HEX...]][:when=WHEN]
//! WHEN = FIRST[..LAST][+[STEP]]
//! ```

use std::time::Duration;

use syscalls::{Abi, Classes, Filter, nearest, signal};
use tracer::inject::{Injection, Poke, Tamper, When};

use super::time;
use crate::message::Problem;

/// Largest number of `FIRST` and `STEP`.
const MOST: u32 = 65_535;

/// Parts of an injection, in the order in which strace(1) has them.
const PARTS: [&str; 8] =
    ["error", "retval", "signal", "syscall", "delay_enter", "delay_exit", "poke_enter", "poke_exit"];

/// Most bytes that one argument gets.
const MOST_POKED: usize = 1024;

/// One injection as it was written; `fault`: it is one of `-e fault=`, which knows errors only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// What stands behind the `=`.
    pub text: String,
    /// Is it a fault?
    pub fault: bool,
}

impl Words {
    /// The flag that it was.
    pub fn flag(&self) -> String {
        format!("-e {}={}", self.word(), self.text)
    }

    fn word(&self) -> &'static str {
        if self.fault { "fault" } else { "inject" }
    }

    fn bad(&self, why: impl std::fmt::Display) -> Problem {
        Problem::usage(format!("cannot take {}: {why}", self.flag()))
    }

    /// What it asks for.
    pub fn read(&self) -> Result<Injection, Problem> {
        if let Err(why) = tracer::inject::available() {
            return Err(self.bad(why));
        }
        let mut parts = self.text.split(':');
        let set = parts.next().unwrap_or_default();
        let calls = Filter::parse(set).map_err(|error| self.bad(error))?;
        let (mut tamper, mut when) = (Tamper::default(), When::ALWAYS);
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key {
                "when" => when = read_when(value).ok_or_else(|| self.bad(BadWhen { value }))?,
                _ if self.fault && PARTS.contains(&key) && !matches!(key, "error" | "syscall") => {
                    return Err(self
                        .bad(format_args!("a fault has no {key}="))
                        .hint(format!("-e inject={} takes it", self.text)));
                }
                "error" | "retval" if tamper.result.is_some() => {
                    return Err(self.bad("it has more than one of error= and retval="));
                }
                "error" => tamper.result = Some(-self.error(value)?),
                "retval" => tamper.result = Some(self.number(value)?),
                "signal" if tamper.signal.is_some() => return Err(self.bad("it has more than one signal=")),
                "signal" => tamper.signal = Some(self.signal(value)?),
                "syscall" => tamper.instead = Some(self.syscall(value)?),
                "delay_enter" => tamper.delay_enter = Some(self.delay(key, value)?),
                "delay_exit" => tamper.delay_exit = Some(self.delay(key, value)?),
                "poke_enter" | "poke_exit" => {
                    let into = if key == "poke_enter" { &mut tamper.poke_enter } else { &mut tamper.poke_exit };
                    if !into.is_empty() {
                        return Err(self.bad(format_args!("it has more than one {key}=")));
                    }
                    *into = self.pokes(key, value)?.into();
                }
                _ => return Err(self.unknown(key)),
            }
        }
        if self.fault && tamper.result.is_none() {
            const ENOSYS: i64 = 38;
            tamper.result = Some(-ENOSYS);
        }
        if tamper == (Tamper { instead: tamper.instead, ..Tamper::default() }) {
            return Err(self
                .bad("it does not say what to do")
                .hint(format!("-e inject={set}:error=ENOENT lets these calls fail"))
                .hint("error=, retval=, signal=, delay_enter=, delay_exit=, poke_enter= or poke_exit= is needed"));
        }
        if tamper.instead.is_some() && tamper.result.is_none() {
            return Err(self.bad("with syscall= an error= or a retval= is needed"));
        }
        Ok(Injection { calls, tamper, when })
    }

    fn unknown(&self, key: &str) -> Problem {
        let problem = self.bad(format_args!("there is no {key:?} in it"));
        let known = PARTS.into_iter().chain(["when"]);
        match nearest(key, known) {
            Some(near) => problem.hint(format!("{near}= is the nearest")),
            None => problem.hint(format!("{}=, when= are known", PARTS.join("=, "))),
        }
    }

    fn error(&self, value: &str) -> Result<i64, Problem> {
        let number = match value.parse::<u16>() {
            Ok(number) => Some(number),
            Err(_) => syscalls::errno::by_name(&value.to_ascii_uppercase()).map(|errno| errno.number),
        };
        number.filter(|number| (1..=4095).contains(number)).map(i64::from).ok_or_else(|| {
            let problem = self.bad(format_args!("{value:?} is no error"));
            match nearest(&value.to_ascii_uppercase(), syscalls::errno::ERRNOS.iter().map(|errno| errno.name)) {
                Some(near) => problem.hint(format!("{near} is the nearest")),
                None => problem.hint("a name such as ENOENT, or a number from 1 to 4095"),
            }
        })
    }

    /// A number as C reads it: decimal, 0x hexadecimal, 0 octal; as many bits as a register has.
    fn number(&self, value: &str) -> Result<i64, Problem> {
        let (negative, digits) = value.strip_prefix('-').map_or((false, value), |digits| (true, digits));
        let read = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            Some(hex) => u64::from_str_radix(hex, 16),
            None if digits.len() > 1 && digits.starts_with('0') => u64::from_str_radix(digits, 8),
            None => digits.parse(),
        };
        let bits = read.ok().filter(|_| !digits.starts_with(['+', '-'])).map(|number| number as i64);
        bits.map(|bits| if negative { bits.wrapping_neg() } else { bits })
            .ok_or_else(|| self.bad(format_args!("{value:?} is no number")).hint("42, 0x2a or 052 are"))
    }

    fn signal(&self, value: &str) -> Result<i32, Problem> {
        let upper = value.to_ascii_uppercase();
        let number = value.parse::<u32>().ok().or_else(|| signal::by_name(&upper));
        number.filter(|number| (1..=64).contains(number)).map(|number| number as i32).ok_or_else(|| {
            let problem = self.bad(format_args!("{value:?} is no signal"));
            let short = upper.strip_prefix("SIG").unwrap_or(&upper);
            let known = (1..=64).filter_map(signal::name).filter_map(|name| name.strip_prefix("SIG"));
            match nearest(short, known) {
                Some(near) => problem.hint(format!("SIG{near} is the nearest")),
                None => problem.hint("a name such as USR1, or a number from 1 to 64"),
            }
        })
    }

    /// Only a call without arguments can stand in the place of any other.
    fn syscall(&self, value: &str) -> Result<&'static str, Problem> {
        let rows = || syscalls::table(Abi::X86_64).iter().flatten().copied();
        match rows().find(|row| row.name == value) {
            Some(row) if row.classes.any(Classes::PURE) => Ok(row.name),
            Some(_) => Err(self
                .bad(format_args!("{value} cannot stand in the place of another call: it has arguments or may fail"))
                .hint("those of %pure can: getpid, gettid, getuid, …")),
            None => {
                let problem = self.bad(format_args!("there is no call {value:?}"));
                match nearest(value, rows().filter(|row| row.classes.any(Classes::PURE)).map(|row| row.name)) {
                    Some(near) => Err(problem.hint(format!("{near} is the nearest"))),
                    None => Err(problem.hint("those of %pure are possible: getpid, gettid, getuid, …")),
                }
            }
        }
    }

    /// `@argN=HEX`, with commas between: two digits a byte.
    fn pokes(&self, key: &str, value: &str) -> Result<Vec<Poke>, Problem> {
        let bad = |word: &str, why: &str| {
            self.bad(format_args!("{word:?} in {key}= {why}"))
                .hint("@arg1=2e00 writes two bytes where argument 1 points")
        };
        let mut pokes: Vec<Poke> = vec![];
        for word in value.split(',') {
            let (place, hex) = word.strip_prefix("@arg").and_then(|rest| rest.split_once('=')).unwrap_or_default();
            let Some(arg @ 1..=6) = place.parse::<u8>().ok().filter(|_| place.len() == 1) else {
                return Err(bad(word, "does not begin with @arg1= to @arg6="));
            };
            if pokes.iter().any(|poke| poke.arg + 1 == arg) {
                return Err(bad(word, "is the second for this argument"));
            }
            let Some(bytes) = from_hex(hex).filter(|bytes| (1..=MOST_POKED).contains(&bytes.len())) else {
                return Err(bad(word, "does not hold 1 to 1024 bytes, two hexadecimal digits each"));
            };
            pokes.push(Poke { arg: arg - 1, bytes });
        }
        Ok(pokes)
    }

    fn delay(&self, key: &str, value: &str) -> Result<Duration, Problem> {
        time::read(value).ok_or_else(|| self.bad(format_args!("{key}={value} is no time")).hint(time::FORMS))
    }
}

/// What a negative `retval=` is: the program can't tell it from an error.
pub fn looks_like_error(injection: &Injection, words: &Words) -> Option<String> {
    let result = injection.tamper.result.filter(|result| (-4095..0).contains(result))?;
    let is_value = words.text.split(':').any(|part| part.starts_with("retval="));
    let number = result.unsigned_abs() as u16;
    let name = syscalls::errno::errno(number).map_or_else(|| format!("error {number}"), |errno| errno.name.to_owned());
    is_value.then(|| format!("retval={result} is what a call that fails with {name} returns, and is shown as such"))
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let (bytes, []) = digits.as_chunks::<2>() else { return None };
    Some(bytes.iter().map(|[high, low]| high << 4 | low).collect())
}

struct BadWhen<'a> {
    value: &'a str,
}

impl std::fmt::Display for BadWhen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "when={} is none of FIRST, FIRST+, FIRST+STEP, FIRST..LAST, FIRST..LAST+STEP with numbers from 1 to {MOST}",
            self.value
        )
    }
}

/// `FIRST[..LAST][+[STEP]]`; the last is at most one below the largest number, as in strace.
fn read_when(text: &str) -> Option<When> {
    let number = |digits: &str| {
        let number = digits.parse::<u32>().ok().filter(|_| digits.starts_with(|c: char| c.is_ascii_digit()))?;
        (1..=MOST).contains(&number).then_some(number)
    };
    let (range, step) = match text.split_once('+') {
        None => (text, None),
        Some((range, "")) => (range, Some(1)),
        Some((range, step)) => (range, Some(number(step)?)),
    };
    let (first, last) = match range.split_once("..") {
        None => (number(range)?, None),
        Some((first, last)) => (number(first)?, Some(number(last).filter(|last| *last < MOST)?)),
    };
    if last.is_some_and(|last| last < first) {
        return None;
    }
    let last = last.or(if step.is_none() { Some(first) } else { None });
    Some(When { first, last, step: step.unwrap_or(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, fault: bool) -> Result<Injection, Problem> {
        Words { text: text.into(), fault }.read()
    }

    fn tamper(text: &str) -> Tamper {
        read(text, false).unwrap_or_else(|problem| panic!("{text}: {problem}")).tamper
    }

    #[test]
    fn what_is_done() {
        assert_eq!(tamper("chdir:error=ENOENT").result, Some(-2));
        assert_eq!(tamper("chdir:error=4095").result, Some(-4095));
        assert_eq!(tamper("chdir:retval=0x10").result, Some(16));
        assert_eq!(tamper("chdir:retval=010").result, Some(8));
        assert_eq!(tamper("chdir:retval=-1").result, Some(-1));
        assert_eq!(tamper("chdir:retval=18446744073709551615").result, Some(-1));
        assert_eq!(tamper("chdir:signal=usr1").signal, Some(10));
        assert_eq!(tamper("chdir:error=EIO:syscall=getpid").instead, Some("getpid"));
        assert_eq!(tamper("chdir:delay_enter=1.5ms").delay_enter, Some(Duration::from_micros(1500)));
        assert_eq!(tamper("chdir:delay_exit=7").delay_exit, Some(Duration::from_micros(7)));
        let poked = tamper("chdir:poke_enter=@arg1=2F00,@arg2=ff:poke_exit=@arg3=0a");
        let poke = |arg, bytes: &[u8]| Poke { arg, bytes: bytes.to_vec() };
        assert_eq!(*poked.poke_enter, [poke(0, b"/\0"), poke(1, b"\xff")]);
        assert_eq!(*poked.poke_exit, [poke(2, b"\n")]);
        assert_eq!(read("chdir", true).expect("a fault").tamper.result, Some(-38));
    }

    #[test]
    fn when_it_is_done() {
        for (text, first, last, step) in [
            ("3", 3, Some(3), 1),
            ("3+", 3, None, 1),
            ("2+4", 2, None, 4),
            ("2..5", 2, Some(5), 1),
            ("2..5+", 2, Some(5), 1),
            ("2..5+2", 2, Some(5), 2),
            ("65535", 65_535, Some(65_535), 1),
        ] {
            assert_eq!(read_when(text), Some(When { first, last, step }), "{text}");
        }
        for text in ["", "0", "65536", "1..65535", "3..2", "1+0", "1+65536", "1..2..3", "+1", "-1", "x", "1..+2"] {
            assert_eq!(read_when(text), None, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_as_strace_refuses_it() {
        for text in [
            "chdir",
            "chdir:",
            "chdir:when=1",
            "chdir:error=EFOO",
            "chdir:error=0",
            "chdir:error=4096",
            "chdir:retval=x",
            "chdir:error=1:retval=1",
            "chdir:error=1:error=2",
            "chdir:signal=0",
            "chdir:signal=65",
            "chdir:delay_enter=1x",
            "chdir:delay_enter=-1",
            "nosuch:error=EIO",
            "chdir:error=EIO:syscall=open",
            "chdir:error=EIO:syscall=%file",
            "chdir:syscall=getpid",
            "chdir:error=ENOENT:foo=1",
            "chdir:poke_enter=",
            "chdir:poke_enter=@arg0=00",
            "chdir:poke_enter=@arg8=00",
            "chdir:poke_enter=@arg1=0",
            "chdir:poke_enter=@arg1=",
            "chdir:poke_enter=@arg1=0g",
            "chdir:poke_enter=@arg1=00,",
            "chdir:poke_enter=@arg1=00,@arg1=01",
            "chdir:poke_enter=@arg1=00:poke_enter=@arg2=00",
            "chdir:poke_exit=arg1=00",
        ] {
            assert!(read(text, false).is_err(), "{text}");
        }
        for text in ["chdir:retval=1", "chdir:signal=USR1", "chdir:delay_exit=1", "chdir:poke_exit=@arg1=00"] {
            assert!(read(text, true).is_err(), "{text}");
        }
        let problem = read("chdir:eror=EIO", false).expect_err("a typo").to_string();
        assert!(problem.contains("error= is the nearest"), "{problem}");
    }
}
