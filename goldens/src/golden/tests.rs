//! The file as a whole: what is printed is what is read, and what is wrong is told by line.

use super::*;
use crate::finding::Code;
use crate::model::{Arg, InputKind};

const MUT: &str = include_str!("../../tests/golden_files/mut.golden");
const LEARNED: &str = include_str!("../../tests/golden_files/learned.golden");

fn read(text: &str) -> Golden {
    Golden::parse(text).unwrap_or_else(|bad| panic!("{bad}"))
}

#[test]
fn the_examples_are_printed_as_they_were_read() {
    for text in [MUT, LEARNED] {
        assert_eq!(read(text).to_string(), text);
    }
    let golden = read(MUT);
    assert_eq!((golden.header.runs, golden.header.asserts, golden.streams.len()), (5, (35, 35), 14));
    assert_eq!(golden.count(), Asserted { least: 35, most: 35, total: 35 });
    assert_eq!(golden.streams[6].steps[5].1.args[..], [Arg::Word(Value::from_syntax("$CWD/final"))]);
}

#[test]
fn how_much_is_asserted_is_counted_from_the_lines() {
    // The masked token of what is received may be more than half of it, or less.
    assert_eq!(read(LEARNED).count(), Asserted { least: 9, most: 10, total: 19 });
    let masked = |bytes: &str| read(&LEARNED.replace("bytes:12..16", bytes).replace("asserts 9", "asserts 8"));
    assert_eq!(masked("bytes:0..257").count().least, 8);
    let half = LEARNED.replace("bytes:12..16", "bytes:0..256").replace("asserts 9", "asserts 8");
    assert!(complaint(&half).1.contains("8 are asserted, the lines assert [9..10]"));
}

#[test]
fn a_weaker_level_is_a_part() {
    let golden = read(MUT);
    for level in [Level::Outcome, Level::Hermetic, Level::Protocol] {
        let part = golden.project(level).expect("weaker");
        assert_eq!(read(&part.to_string()), part, "{level}");
        for weaker in [Level::Outcome, Level::Hermetic, Level::Protocol].into_iter().filter(|weaker| *weaker <= level) {
            assert_eq!(part.project(weaker), golden.project(weaker), "{level} {weaker}");
        }
    }
    assert_eq!(golden.project(Level::Calls), None);
    let outcome = golden.project(Level::Outcome).expect("weaker").to_string();
    assert!(outcome.starts_with("golden 1 level=outcome model=1 runs=5 platform=any\n"), "{outcome}");
    assert!(outcome.contains("\ninput net tcp:127.0.0.1:18231\n") && !outcome.contains("input read"), "{outcome}");
    assert!(!outcome.contains("\nfile ") && !outcome.contains("\norder "), "{outcome}");
    let calls = read(LEARNED);
    for level in [Level::Outcome, Level::Hermetic, Level::Protocol, Level::Calls] {
        let part = calls.project(level).expect("weaker");
        assert_eq!(read(&part.to_string()), part, "{level}");
    }
}

/// The line and what is said of it.
fn complaint(text: &str) -> (usize, String) {
    match Golden::parse(text) {
        Ok(golden) => panic!("taken: {golden}"),
        Err(bad) => (bad.line, bad.why),
    }
}

#[test]
fn what_is_wrong_is_told_by_line_with_the_nearest_word() {
    let mut wrong = Vec::new();
    for (from, to, line, says) in [
        ("golden 1 ", "golden 2 ", 1, "version 2 of goldens; this program reads version 1"),
        ("golden 1 ", "golden 0 ", 1, "record it again"),
        ("golden 1 ", "{\"a\": 1} ", 1, "no golden"),
        ("model=1", "model=2", 1, "model \"2\" of goldens; this program knows model 1"),
        ("level=protocol", "level=protocl", 1, "unknown level \"protocl\"; nearest is \"protocol\""),
        ("level=protocol", "levl=protocol", 1, "unknown key \"levl\"; nearest is \"level\""),
        ("runs=5", "runs=0", 1, "no runs"),
        ("x86_64-glibc", "x86_64-glib", 1, "no platform"),
        ("argv $T", "arvg $T", 2, "unknown line \"arvg\"; nearest is \"argv\""),
        ("stdin null\n", "", 4, "the line stdin is missing"),
        ("stdin null\n", "stdin nul\n", 4, "nearest is \"null\""),
        ("subst $CWD\n", "subst $TARGET\n", 7, "second time"),
        ("subst $CWD\n", "subst $ZWD\n", 7, "belongs before \"ZWD\""),
        ("subst $CWD\n", "subst $CWD\nenv A=1\n", 7, "wrong order: env stands above subst"),
        ("LANG=C PATH", "LANG=C LANG=C PATH", 3, "variable \"LANG\" for the second time"),
        ("asserts 35 35\n", "", 10, "asserts is missing"),
        ("asserts 35 35", "asserts 36 36", 10, "asserts says 36 steps, the lines have 35"),
        ("asserts 35 35", "asserts 34 35", 10, "34 are asserted, the lines assert 35"),
        ("asserts 35 35", "asserts 035 35", 10, "leading zero"),
        ("proc P exit=0", "proc P exit=256", 11, "too large"),
        ("proc P exit=0", "proc P exit={0|0}", 11, "twice"),
        ("proc P exit=0", "proc Q exit=0", 11, "does not begin with P"),
        ("proc P exit=0", "proc P exti=0", 11, "unknown end of a process"),
        ("  spawn\n", "  spwan\n", 14, "unknown verb \"spwan\"; nearest is \"spawn\""),
        ("  spawn\n", "  spawn \n", 14, "missing"),
        ("  spawn\n", "   spawn\n", 14, "the verb is missing"),
        ("  mkdir 0755 !EEXIST", "  mkdir 0755 !eexist", 21, "no error"),
        ("  mkdir 0755 !EEXIST", "  mkdir 0755 !EEXIST x", 21, "should end"),
        ("file P $CWD/conf\n", "fiel P $CWD/conf\n", 23, "nearest is \"file\""),
        ("  read 0..400 b3:f4f0", "  read 0..400 b3:F4f0", 25, "no hash"),
        ("  read 0..400 b3:f4f0", "  read 401..400 b3:f4f0", 25, "ends before"),
        ("dir P $CWD/exists\n", "dir P $CWD\n", 20, "the same stream a second time"),
        ("dir P $CWD/exists\n", "dir P $BWD\n", 20, "not sorted"),
        ("file P $CWD/data\n", "file P $CWD/conf\n", 28, "the same stream a second time"),
        ("end file $CWD/final mode=0644 size=13", "end file $CWD/final size=13 mode=0644", 62, "wrong place"),
        ("mode=0644 size=13 b3", "mode=644 size=13 b3", 62, "four octal digits"),
        ("size=13 b3", "size=[9..3] b3", 62, "ends before"),
        ("size=13 b3", "size=[3..3] b3", 62, "write 3"),
        ("size=13 b3", "size=9223372036854775809 b3", 62, "above 2^63"),
        ("end std stderr", "end sdt stderr", 65, "nearest is \"std\""),
        ("input exec /bin/echo\n", "input exec /bin/echo\ninput exec /bin/echo\n", 69, "duplicate"),
        ("input exec /bin/echo\n", "input exec /bin/echo\ninput absent /x\n", 69, "not sorted"),
        ("replace=new", "replace=nwe", 73, "nearest is \"new\""),
        ("shape P std:stdout write 2", "shape P std:stdout write two", 74, "no number"),
        ("order P fsync@dir", "order P fsync#1@dir", 76, "#1 is not written"),
        ("order P fsync@dir", "order P sync@dir", 76, "nearest is \"fsync\""),
        ("order P fsync@dir:$CWD < ", "order P fsync@dir:$CWD > ", 76, "stands where < should"),
    ] {
        let text = MUT.replacen(from, to, 1);
        assert_ne!(text, MUT, "{from}");
        let Err(BadGolden { line: found, why }) = Golden::parse(&text) else { panic!("{from} -> {to} is taken") };
        if found != line || !why.contains(says) {
            wrong.push(format!("{from} -> {to}: line {found}: {why}; wanted {line}: {says}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (tail, says) in [
        ("mystery 1\n", "unknown line \"mystery\""),
        ("end std stdout\n", "wrong order: end stands above order"),
        ("fact P mem.wy 1\n", "wrong order"),
        ("mask P file:x wirte all why=user\n", "nearest is \"write\""),
        ("mask P file:x write bytes:4..4 why=user\n", "masks nothing"),
        ("mask P file:x write al why=user\n", "nearest is \"all\""),
        ("mask P file:x write all why=usr\n", "nearest is \"user\""),
        ("mask P file:x write all as={hx} why=user\n", "unknown class"),
        ("mask P file:x write token:0.1 why=user\n", "from 1"),
        ("allow in.absnt P x y\n", "nearest is \"in.absent\""),
        ("allow in.absent P x\n", "without a reason"),
        ("thread P t0\n  read = ok\n", "no line of a golden of level protocol"),
        ("\n", "an empty line"),
        ("  open r\n", "a step outside"),
        ("<<<<<<< ours\n", "merge marker: take one side"),
        ("=======\n", "merge marker"),
        (">>>>>>> theirs\n", "merge marker"),
        ("order P umask@self:- < open@file:é\n", "0xc3"),
        ("order P umask@self:- < open@file:x\r\n", "CR LF"),
        ("order\tP\n", "0x09"),
        ("order P a", "does not end in LF"),
    ] {
        let (line, why) = complaint(&format!("{MUT}{tail}"));
        assert!(line == 84 && why.contains(says), "{tail:?}: {line}: {why}");
    }
    for (text, says) in [
        ("", "the file is empty"),
        ("\n", "no golden"),
        ("\u{feff}golden 1", "byte order mark"),
        ("golden 1 level=outcome model=1 runs=3 platform=any\n", "the file ends before the line asserts"),
        (
            "golden 1 level=protocol model=1 runs=3 platform=any\nargv x\nstdin null\nasserts 0 0\n",
            "it could never fail",
        ),
        (
            "golden 1 level=protocol model=1 runs=3 platform=any\nargv x\nstdin null\nasserts 0 0\nproc P exit=0 x\nfile P x\n",
            "the stream above has no steps",
        ),
        (
            "golden 1 level=outcome model=1 runs=3 platform=any\nargv x\nstdin null\nasserts 1 1\ninput read x\n",
            "kind net only",
        ),
    ] {
        let (_, why) = complaint(text);
        assert!(why.contains(says), "{text}: {why}");
    }
}

#[test]
fn limits_are_told_with_the_flag_that_raises_them() {
    let limits = |file, line, steps| Limits { file, line, steps, ..Limits::default() };
    for (limits, says) in [
        (limits(100, 100, 100), "2379 bytes; at most 100 are read"),
        (limits(9999, 60, 100), "a line of"),
        (limits(9999, 999, 34), "more than 34 steps are not read"),
    ] {
        let bad = Golden::read(MUT.as_bytes(), &limits).expect_err(says);
        assert!(bad.why.contains(says) && bad.why.contains("--golden-max"), "{bad}");
    }
    assert!(Golden::read(MUT.as_bytes(), &limits(9999, 999, 35)).is_ok());
    let raised = Limits::of_file(512 << 20);
    assert_eq!(raised, Limits { repeated: 2_000_000, ..limits(512 << 20, 2 << 20, 200_000_000) });
    let many = LEARNED.replace("x[2..4] read", "x[2..100000001] read");
    assert!(complaint(&many).1.contains("more than 100000000 steps"));
}

const POLLED: &str = "golden 1 level=protocol model=1 runs=3 platform=any\nargv x\nstdin null\nasserts 201 201\n\
                      proc P exit=0 /bin/x\nfile P $CWD/conf\n  x50:4 open r\n  x2 stat file 0644 5\n  eof\n  close\n  unlink\n";

#[test]
fn a_repeated_block_stands_once_and_is_every_step() {
    let golden = Golden::parse(POLLED).expect("a golden");
    let steps = &golden.streams[0].steps;
    assert_eq!(
        (steps.len(), steps[196].1.to_string(), steps[200].1.to_string()),
        (201, "open r".into(), "unlink".into())
    );
    assert_eq!(golden.to_string(), POLLED);
    // As an editor or an older version may write it.
    let round = "  open r\n  x2 stat file 0644 5\n  eof\n  close\n";
    let unfolded = POLLED.replace("  x50:4 open r\n  x2 stat file 0644 5\n  eof\n  close\n", &round.repeat(50));
    let mut golden = Golden::parse(&unfolded).expect("a golden");
    assert_eq!(golden.to_string(), unfolded);
    golden.sort();
    assert_eq!(golden.to_string(), POLLED);
    for (from, to, line, says) in [
        ("  eof\n  close\n  unlink\n", "  eof\n", 9, "ends within a block of 4 lines"),
        ("  eof", "  x3:2 eof", 9, "begins within the 4 lines of another"),
        ("x50:4", "x1:4", 7, "is no block"),
        ("x50:4", "x50:9", 7, "is no block"),
        ("x50:4", "x50:1", 7, "is no block"),
        ("x50:4", "x[2..3]:4", 7, "is no number"),
        ("x50:4", "x250001:4", 7, "more than 1000000 lines are not read: --golden-max"),
        ("asserts 201 201", "asserts 5 5", 4, "asserts says 5 steps, the lines have 201"),
    ] {
        let (found, why) = complaint(&POLLED.replace(from, to));
        assert!(found == line && why.contains(says), "{from} -> {to}: {found}: {why}");
    }
}

/// A small generator of numbers: the tests are the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides.max(1)
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())].clone()
    }

    fn chance(&mut self, of: usize) -> bool {
        self.roll(of) == 0
    }

    fn bytes(&mut self) -> Vec<u8> {
        let hostile = b"ab/=.!\"%;$*?{}[]|<> \n\xff\x00\x1bxP\\9";
        (0..self.roll(9)).map(|_| self.one_of(hostile)).collect()
    }

    fn value(&mut self) -> Value {
        match self.roll(6) {
            0 => Value::from_syntax("*"),
            1 => Value::from_syntax("$CWD/{TMP1}"),
            2 => Value::from_syntax("{a|b%20}"),
            3 => Value::from_syntax("$CWD%66{hex:3-9}"),
            _ => Value::literal(&self.bytes()),
        }
    }

    fn number(&mut self) -> Number {
        let low = self.roll(5) as u64;
        Number { low, high: low + self.roll(3) as u64 }
    }

    fn presence(&mut self) -> Presence {
        match self.roll(6) {
            0 => Presence::Optional,
            1 => Presence::Times(Number { low: self.roll(2) as u64, high: 2 + self.roll(3) as u64 }),
            _ => Presence::Required,
        }
    }

    fn process(&mut self) -> ProcKey {
        ProcKey(self.one_of(&["P", "P/a", "P/a>b~12ab9f", "P/{hex:4}", "P/fork", "P/x%20y"]).into())
    }

    fn object(&mut self) -> ObjectRef {
        ObjectRef { kind: self.one_of(ObjectKind::ALL), name: self.value() }
    }

    fn hash(&mut self) -> Option<Hash> {
        if self.chance(4) { None } else { Some(Hash::of(&[self.roll(99) as u8])) }
    }

    fn arg(&mut self) -> Arg {
        match self.roll(5) {
            0 => Arg::Hash(self.hash()),
            1 => {
                let from = self.roll(9) as u64;
                let to = if self.chance(3) { None } else { Some(from + self.roll(9) as u64) };
                Arg::Span(from, to)
            }
            2 => Arg::Field("mode".into(), self.value()),
            _ => Arg::word(self.value()),
        }
    }

    fn args(&mut self) -> Box<[Arg]> {
        (0..self.roll(4)).map(|_| self.arg()).collect()
    }

    fn errno(&mut self) -> Option<Box<str>> {
        self.chance(3).then(|| self.one_of(&["ENOENT", "E2BIG", "unfinished"]).into())
    }

    fn step(&mut self) -> Step {
        Step { verb: self.one_of(Verb::ALL), args: self.args().into(), errno: self.errno() }
    }

    fn exit(&mut self) -> ExitRule {
        match self.roll(5) {
            0 => ExitRule::Any,
            1 => ExitRule::OneOf(vec![0, 9, 10]),
            2 => ExitRule::Is(Exit::Killed { signal: "SIGRTMIN+3".into(), core: self.chance(2) }),
            3 => ExitRule::Is(Exit::Running),
            _ => ExitRule::Is(Exit::Exited(self.roll(256) as u8)),
        }
    }

    fn many<T>(&mut self, mut make: impl FnMut(&mut Dice) -> T) -> Vec<T> {
        (0..self.roll(5)).map(|_| make(self)).collect()
    }

    fn header(&mut self) -> Header {
        Header {
            level: self.one_of(&[Level::Protocol, Level::Calls, Level::Exact]),
            runs: 1 + self.roll(9) as u32,
            platform: self.chance(2).then(|| Platform { arch: "x86_64".into(), libc: "musl".into() }),
            argv: (0..=self.roll(3)).map(|_| self.value()).collect(),
            env: self
                .chance(2)
                .then(|| ("A.b".into(), self.chance(2).then(|| self.value()).filter(|v| v.as_str() != "*")))
                .into_iter()
                .collect(),
            stdin: self.one_of(&[
                Stdin::Null,
                Stdin::Tty,
                Stdin::File(Hash::of(b""), 0),
                Stdin::Pipe(Hash::of(b"x"), 1),
            ]),
            fixture: self.chance(2).then(|| Hash::of(b"f")),
            options: self.chance(2).then(|| ("root".into(), "any".into())).into_iter().collect(),
            substs: self.chance(2).then(|| ("CWD".into(), self.chance(2).then(|| self.value()))).into_iter().collect(),
            seen: self
                .chance(2)
                .then(|| MachineClass {
                    kernel: "6.1".into(),
                    libc: "none".into(),
                    cpus: self.roll(300) as u32,
                    user: "root".into(),
                    lang: String::from_utf8_lossy(&self.bytes()).into_owned(),
                })
                .into_iter()
                .collect(),
            notes: self.chance(2).then(|| vec![self.value(), self.value()]).into_iter().collect(),
            asserts: (0, 0),
        }
    }

    fn mask(&mut self) -> Mask {
        let place = match self.roll(5) {
            0 => MaskWhere::All,
            1 => MaskWhere::Bytes(3, 4 + self.roll(9) as u64),
            2 => MaskWhere::Line(1 + self.roll(4) as u64),
            3 => MaskWhere::Token(1 + self.roll(4) as u64, 1 + self.roll(4) as u64),
            _ => MaskWhere::SortedLines,
        };
        let number = self.chance(2).then(|| self.number());
        Mask {
            process: self.process(),
            object: self.object(),
            verb: self.one_of(&["write", "end", "sent", "std", "read"]).into(),
            place,
            class: self
                .chance(2)
                .then_some(MaskAs { class: self.one_of(&[Class::Hex, Class::UpperHex, Class::Uuid]), len: number }),
            why: if self.chance(2) { Why::User } else { Why::Varied(2, 5) },
        }
    }

    /// A few lines, which may stand there several times.
    fn maybe_repeated<T: Clone>(&mut self, line: impl Fn(&mut Self) -> T) -> Vec<T> {
        let lines: Vec<T> = (0..=self.roll(4)).map(|_| line(self)).collect();
        let times = if self.chance(3) { 3 + self.roll(3) } else { 1 };
        std::iter::repeat_n(lines, times).flatten().collect()
    }

    fn golden(&mut self) -> Golden {
        let header = self.header();
        let calls = header.level >= Level::Calls;
        let mut golden = Golden {
            header,
            processes: self.many(|d| ProcLine {
                presence: d.presence(),
                key: d.process(),
                exit: d.exit(),
                exe: d.value(),
                args: d.many(Dice::value),
            }),
            streams: self.many(|d| Stream {
                object: d.object(),
                presence: d.presence(),
                process: d.process(),
                bag: d.chance(3),
                steps: d.maybe_repeated(|d| (d.presence(), d.step())),
                blocks: Vec::new(),
            }),
            threads: if calls {
                self.many(|d| ThreadStream {
                    presence: d.presence(),
                    process: d.process(),
                    thread: d.one_of(&["t0", "t0.1", "t0.10.2"]).into(),
                    bag: d.chance(3),
                    calls: d.maybe_repeated(|d| (d.presence(), d.call())),
                    blocks: Vec::new(),
                })
            } else {
                vec![]
            },
            ends: self.many(|d| End {
                presence: d.presence(),
                kind: d.one_of(&[EndKind::File, EndKind::Gone, EndKind::Sent]),
                name: d.value(),
                mode: d.chance(2).then(|| d.roll(0o7777) as u16),
                size: d.chance(2).then(|| if d.chance(2) { Some(d.number()) } else { None }),
                hash: d.chance(2).then(|| d.hash()),
                to: d.chance(2).then(|| d.value()),
            }),
            inputs: self.many(|d| {
                (d.presence(), Input { kind: d.one_of(&[InputKind::Read, InputKind::Net]), name: d.value() })
            }),
            durability: self.many(|d| {
                (
                    d.process(),
                    d.value(),
                    DurabilityRule {
                        fields: Durability {
                            replace: d.one_of(&["atomic", "{inplace|new}", "*"]).into(),
                            content_before_name: "na".into(),
                            name_durable: "{no|yes}".into(),
                            sync: "osync".into(),
                        },
                    },
                )
            }),
            facts: self.many(|d| {
                let number = FactRule::Number(d.number());
                let rule = d.one_of(&[
                    number,
                    FactRule::Word(Value::literal(b"cpus+1")),
                    FactRule::Word(Value::literal(b"ignore")),
                ]);
                (d.process(), d.one_of(&["thread.count", "sig.SIGPIPE", "sig.recv.SIGRTMIN+1"]).into(), rule)
            }),
            shapes: self.many(|d| ShapeLine {
                process: d.process(),
                object: d.object(),
                family: "pread".into(),
                count: d.number(),
            }),
            order: self.many(|d| {
                let other = d.process();
                let process = d.process();
                let mut end = || StepRef { verb: d.one_of(Verb::ALL), nth: 1 + d.roll(3) as u32, object: d.object() };
                OrderEdge { before: end(), after: end(), other: (other != process).then_some(other), process }
            }),
            masks: self.many(Dice::mask),
            allows: self.many(|d| Allow {
                code: d.one_of(Code::ALL).word().into(),
                process: d.chance(2).then(|| d.process()),
                object: d.value(),
                reason: vec![d.value()],
            }),
        };
        golden.sort();
        golden.processes.dedup();
        let literal = |stream: &Stream| !stream.object.name.as_str().contains('{');
        golden.streams.dedup();
        golden.streams.dedup_by(|b, a| (&a.process, &a.object) == (&b.process, &b.object) && literal(a));
        golden.threads.dedup_by(|b, a| (&a.process, &a.thread) == (&b.process, &b.thread));
        golden.ends.dedup();
        golden.inputs.dedup();
        golden.durability.dedup();
        golden.facts.dedup();
        golden.shapes.dedup();
        golden.order.dedup();
        golden.masks.dedup();
        golden.allows.dedup();
        let Asserted { least, most, total } = golden.count();
        golden.header.asserts = (least + self.roll((most - least + 1) as usize) as u64, total);
        golden
    }

    fn call(&mut self) -> Call {
        let result = match self.roll(3) {
            0 => Value::from_syntax("!ENOENT"),
            _ => self.value(),
        };
        Call { name: self.one_of(&["read", "syscall_999", "io_uring_setup"]).into(), args: self.args(), result }
    }
}

#[test]
fn generated_goldens_survive_the_file() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut taken = 0;
    for _ in 0..1500 {
        let golden = dice.golden();
        let text = golden.to_string();
        match Golden::parse(&text) {
            Ok(read) => {
                assert_eq!(read, golden, "{text}");
                assert_eq!(read.to_string(), text);
                taken += 1;
            }
            // Chance makes empty goldens.
            Err(bad) => assert!(bad.why.contains("never fail"), "{bad}\n{text}"),
        }
    }
    assert!(taken > 1300, "{taken}");
}

#[test]
fn broken_goldens_are_refused_or_mean_what_they_say() {
    let mut dice = Dice(0x5851_f42d_4c95_7f2d);
    let (mut taken, mut refused) = (0, 0);
    for round in 0..20_000 {
        let mut bytes = if round % 3 == 0 { LEARNED } else { MUT }.as_bytes().to_vec();
        for _ in 0..=dice.roll(3) {
            let at = dice.roll(bytes.len());
            match dice.roll(5) {
                0 => bytes[at] = dice.one_of(b"0123456789abcxP!%{}[]|<$*?#@.:= \n\r\xff"),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, dice.one_of(b"09xP!%{}[]|<$*?=. \n")),
                3 => bytes.truncate(at.max(1)),
                _ => {
                    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
                    let (from, to) = (dice.roll(lines.len()), dice.roll(lines.len()));
                    let mut lines = lines.clone();
                    lines.swap(from, to);
                    bytes = lines.concat();
                }
            }
        }
        match Golden::read(&bytes, &Limits::default()) {
            Ok(golden) => {
                assert_eq!(golden.to_string().as_bytes(), bytes, "{}", String::from_utf8_lossy(&bytes));
                taken += 1;
            }
            Err(bad) => {
                let lines = bytes.split(|b| *b == b'\n').count();
                assert!((1..=lines).contains(&bad.line) && !bad.why.is_empty(), "{bad}");
                assert!(bad.why.len() < 400 && !bad.why.chars().any(char::is_control), "{bad}");
                refused += 1;
            }
        }
    }
    assert!(taken > 300 && refused > 10_000, "{taken} taken, {refused} refused");
}

#[test]
fn facts_have_default_values_that_are_not_written() {
    // A word that is all digits is a number, and so is what is learned of it.
    let text = MUT.replace("shape P std", "fact P sig.SIGPIPE handler+ignore\nfact P thread.count 3\nshape P std");
    let golden = read(&text);
    let number = |n| FactRule::Number(Number { low: n, high: n });
    assert_eq!(golden.facts[1].2, number(3));
    assert_eq!(golden.facts[0].2, FactRule::Word(Value::literal(b"handler+ignore")));
}

#[test]
fn the_json_form_has_every_line_with_values_in_golden_syntax() {
    let json = read(LEARNED).json();
    for kind in ["argv", "env", "subst", "seen", "note", "proc", "stream", "thread", "end", "input", "dur", "fact"] {
        assert!(json[kind].as_array().is_some_and(|lines| !lines.is_empty()), "{kind}: {json}");
    }
    assert_eq!(json["header"]["level"], "calls");
    assert_eq!(json["asserts"], serde_json::json!([9, 19]));
    assert_eq!(json["stdin"]["size"], 13);
    assert_eq!(json["env"][2], serde_json::json!({"name": "TOKEN", "value": null}));
    assert_eq!(json["proc"][1]["exit"], "killed=SIGRTMIN+3+core");
    assert_eq!(json["stream"][2]["presence"], "x[3..5]");
    assert_eq!(json["stream"][5]["bag"], true);
    assert_eq!(json["thread"][0]["calls"][2]["result"], "!EEXIST");
    assert_eq!(json["end"][0]["hash"], "b3:*");
    assert_eq!(json["order"][0]["other"], "P/as");
    assert_eq!(json["mask"][2]["as"], "{hex:32}");
    assert_eq!(json["allow"][0]["reason"][0], "absent%20on%20build%20machines");
}
