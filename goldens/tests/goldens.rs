//! Goldens by the front door: sessions built by hand, learned, printed, read back and compared.

use std::convert::Infallible;

use goldens::{Code, Golden, Observer, Refused, Run, Runner, Shape, Verdict, check, compare, learn};
use recording::event::{BornHow, Kind, Record, State, Via, flag};
use recording::session::{ClockTriple, EndedBy, Header, Trailer};
use recording::{Batch, Sink};

const EXECVE: u64 = 59;
const OPENAT: u64 = 257;
const READ: u64 = 0;
const WRITE: u64 = 1;
const FUTEX: u64 = 202;
const EXIT_GROUP: u64 = 231;
const ENOENT: i64 = -2;

/// A session under construction.
#[derive(Clone, Default)]
struct Session {
    bytes: Vec<u8>,
    ended: EndedBy,
}

impl Session {
    fn push(&mut self, record: &Record) -> &mut Self {
        self.bytes.extend_from_slice(record.bytes());
        self
    }

    fn call(&mut self, task: u32, nr: u64, result: i64) -> &mut Self {
        let mut record = Record::default();
        record.begin_call(Via::Ptrace, 0, task, 0, 1, nr, &[0; 6], 0, 0);
        record.finish_call(State::Done, 2, result);
        if nr == EXIT_GROUP {
            record.add_flags(flag::NO_EXIT);
        }
        self.push(&record)
    }

    fn born(&mut self, task: u32, parent: u32, process: u32, how: BornHow) -> &mut Self {
        let mut record = Record::default();
        record.begin(Kind::Born, 56, task, 0, 1);
        record.put_u32(32, parent);
        record.put_u8(36, how as u8);
        record.put_u32(48, process);
        self.push(&record)
    }

    fn exec(&mut self, task: u32, image: &str) -> &mut Self {
        let mut record = Record::default();
        record.begin(Kind::Exec, 40, task, 0, 1);
        record.put_u32(32, task);
        record.put_u32(36, task);
        record.text(0, image.as_bytes());
        self.push(&record)
    }

    fn died(&mut self, task: u32, status: u32) -> &mut Self {
        let mut record = Record::default();
        record.begin(Kind::Died, 48, task, 0, 1);
        record.put_u8(38, 1);
        record.put_u32(40, task);
        record.put_u32(44, status);
        self.push(&record)
    }

    fn lost(&mut self) -> &mut Self {
        let mut record = Record::default();
        record.begin(Kind::Lost, 64, 1, 0, 1);
        self.push(&record)
    }

    fn play(&self, sink: &mut dyn Sink) {
        let header = Header { argv: vec!["./cli".into(), "a b".into()], follow: true, ..Header::default() };
        let batch = Batch { clock: ClockTriple::default(), bytes: &self.bytes };
        let trailer = Trailer { ended: self.ended, ..Trailer::default() };
        for result in [sink.begin(&header), sink.events(&batch), sink.end(&trailer)] {
            result.expect("an observer takes everything");
        }
    }

    fn run(&self) -> Run {
        let mut observer = Observer::new();
        self.play(&mut observer);
        observer.into_run()
    }
}

/// A program that opens, reads, writes and starts a child that reads.
fn usual() -> Session {
    let mut session = Session::default();
    session.born(10, 1, 10, BornHow::First).call(10, EXECVE, 0).exec(10, "/bin/cli");
    session.call(10, OPENAT, ENOENT).call(10, OPENAT, 3).call(10, READ, 5).call(10, WRITE, 5);
    session.born(11, 10, 11, BornHow::Fork).call(11, EXECVE, 0).exec(11, "/usr/bin/date").call(11, READ, 1);
    session.call(11, EXIT_GROUP, 0).died(11, 0);
    session.clone()
}

fn finished(session: &mut Session, status: u32) -> Session {
    session.call(10, EXIT_GROUP, 0).died(10, status);
    session.clone()
}

fn learned(runs: &[Session]) -> Golden {
    let runs: Vec<Run> = runs.iter().map(Session::run).collect();
    learn(&runs).unwrap_or_else(|refused| panic!("{refused}"))
}

/// Gives its sessions one after the other.
struct Stored(Vec<Session>, usize);

impl Runner for Stored {
    type Error = Infallible;

    fn run(&mut self, sink: &mut dyn Sink) -> Result<(), Infallible> {
        self.0[self.1 % self.0.len()].play(sink);
        self.1 += 1;
        Ok(())
    }
}

fn verdict(golden: &Golden, runs: Vec<Session>) -> goldens::Check {
    check("cli", golden, &mut Stored(runs, 0)).unwrap_or_else(|never| match never {})
}

#[test]
fn a_golden_is_one_fact_a_line_and_reads_back_byte_for_byte() {
    let golden = learned(&[finished(&mut usual(), 0), finished(&mut usual(), 0), finished(&mut usual(), 0)]);
    let text = golden.to_string();
    let arch = std::env::consts::ARCH;
    assert_eq!(
        text,
        format!(
            "golden 0 level=calls runs=3 platform={arch}\nargv ./cli a%20b\nasserts 9 9\nproc P exit=0\n\
             proc P/date exit=0\ntask P t0\n  execve = ok\n  openat = !ENOENT\n  openat = ok\n  read = ok\n  \
             write = ok\n  exit_group = ?\ntask P/date t0\n  execve = ok\n  read = ok\n  exit_group = ?\n"
        )
    );
    assert_eq!(Golden::parse(&text), Ok(golden));
    let bare = "golden 0 level=calls runs=1 platform=x86_64\nargv\nasserts 0 0\n";
    assert_eq!(Golden::parse(bare).expect("a golden").to_string(), bare, "an argv without words stays one");
}

#[test]
fn the_same_is_same_and_pids_are_no_difference() {
    let golden = learned(&[finished(&mut usual(), 0)]);
    let mut other = Session::default();
    other.born(70, 1, 70, BornHow::First).call(70, EXECVE, 0).exec(70, "/bin/cli");
    other.call(70, OPENAT, ENOENT).call(70, OPENAT, 9).call(70, READ, 500).call(70, WRITE, 1);
    other.born(99, 70, 99, BornHow::Vfork).call(99, EXECVE, 0).exec(99, "/opt/date").call(99, READ, 1);
    other.call(99, EXIT_GROUP, 0).died(99, 0).call(70, EXIT_GROUP, 0).died(70, 0);
    let check = verdict(&golden, vec![other]);
    assert_eq!(check.verdict, Verdict::Same);
    assert_eq!(goldens::text(&check), "cli: same (calls), asserts 9 of 9 calls (100 %)\n");
}

#[test]
fn each_difference_is_a_sentence() {
    let golden = learned(&[finished(&mut usual(), 0)]);
    let sentences = |session: Session| -> Vec<(Code, String)> {
        compare(&golden, &session.run()).into_iter().map(|f| (f.code, format!("{}: {}", f.place, f.sentence))).collect()
    };
    assert_eq!(sentences(finished(&mut usual(), 0x0300)), [(Code::Exit, "P: exit status 3, was exit status 0".into())]);
    assert_eq!(
        sentences(finished(usual().call(10, WRITE, 1), 0)),
        [(Code::CallNew, "P t0: calls write 2 times, was 1".into())]
    );
    assert_eq!(
        sentences(finished(usual().call(10, READ, -9), 0)),
        [(Code::CallNew, "P t0: now calls read (EBADF)".into())]
    );
    let mut child = usual();
    child.born(12, 10, 12, BornHow::Fork).exec(12, "/bin/sleep").call(12, READ, 0).died(12, 0);
    assert_eq!(sentences(finished(&mut child, 0)), [(Code::ProcNew, "P/sleep: now runs sleep".into())]);
    let mut thread = usual();
    thread.born(13, 10, 10, BornHow::Thread).call(13, READ, 0);
    assert_eq!(sentences(finished(&mut thread, 0)), [(Code::ThreadNew, "P t0.1: this thread is new".into())]);
}

#[test]
fn the_order_of_calls_is_asserted() {
    let (mut a, mut b) = (Session::default(), Session::default());
    a.born(10, 1, 10, BornHow::First).call(10, READ, 1).call(10, WRITE, 1).died(10, 0);
    b.born(10, 1, 10, BornHow::First).call(10, WRITE, 1).call(10, READ, 1).died(10, 0);
    let findings = compare(&learned(&[a]), &b.run());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].sentence, "the same calls in another order, from call 1 on");
    assert_eq!(findings[0].before, ["read = ok", "write = ok"]);
    assert_eq!(findings[0].after, ["write = ok", "read = ok"]);
}

#[test]
fn what_varies_is_left_out_by_name() {
    let with_futexes = |n: usize| {
        let mut session = usual();
        for _ in 0..n {
            session.call(10, FUTEX, 0);
        }
        finished(&mut session, 0)
    };
    let golden = learned(&[with_futexes(1), with_futexes(3), with_futexes(2)]);
    let text = golden.to_string();
    assert!(text.contains("left-out P t0 futex why=1,3,2\n"), "{text}");
    assert_eq!(golden.asserts, (9, 10));
    assert_eq!(verdict(&golden, vec![with_futexes(9)]).verdict, Verdict::Same);
    assert_eq!(Golden::parse(&text), Ok(golden));
}

#[test]
fn an_order_that_varies_is_a_bag() {
    let order = |first: u64, second: u64| {
        let mut session = usual();
        session.call(10, first, 1).call(10, second, 1);
        finished(&mut session, 0)
    };
    let golden = learned(&[order(READ, WRITE), order(WRITE, READ)]);
    assert_eq!(golden.processes["P"].tasks["t0"].shape, Shape::Bag);
    let text = golden.to_string();
    assert!(text.contains("task P t0 bag\n") && text.contains("  x2 read = ok\n"), "{text}");
    assert_eq!(Golden::parse(&text), Ok(golden.clone()));
    assert_eq!(verdict(&golden, vec![order(READ, WRITE)]).verdict, Verdict::Same);
    assert_eq!(verdict(&golden, vec![order(READ, READ)]).verdict, Verdict::Different);
}

#[test]
fn a_difference_is_confirmed_and_a_flake_is_called_one() {
    let golden = learned(&[finished(&mut usual(), 0)]);
    let other = || finished(usual().call(10, WRITE, 1), 0);
    let different = verdict(&golden, vec![other()]);
    assert_eq!((different.verdict.clone(), different.runs), (Verdict::Different, 3));
    let text = goldens::text(&different);
    assert!(text.starts_with("cli: different (calls, confirmed 3/3), asserts 9 of 9 calls (100 %)\n"), "{text}");
    assert!(text.contains("call.new    P t0\n            calls write 2 times, was 1\n"), "{text}");
    assert!(text.contains("before  exit_group = ?"), "{text}");
    assert_eq!(verdict(&golden, vec![other(), finished(&mut usual(), 0)]).verdict, Verdict::Flaky);
    let json: serde_json::Value = serde_json::from_str(&goldens::json(&different)).expect("JSON");
    assert_eq!(json["results"][0]["findings"][0]["sentence"], "calls write 2 times, was 1");
    assert_eq!(json["results"][0]["verdict"], "different");
}

#[test]
fn an_empty_lossy_or_incomplete_run_passes_nothing() {
    let golden = learned(&[finished(&mut usual(), 0)]);
    let unmeasured = |session: Session| match verdict(&golden, vec![session]).verdict {
        Verdict::NotMeasured(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(unmeasured(Session::default()), "the run has no calls");
    assert!(unmeasured(finished(usual().lost(), 0)).contains("events were lost"));
    let cut = Session { ended: EndedBy::Incomplete, ..usual() };
    assert!(unmeasured(cut.clone()).contains("incomplete"));
    assert!(matches!(learn(&[cut.run()]), Err(Refused::Gap(_))));
    assert_eq!(learn(&[Session::default().run()]), Err(Refused::Empty));
    assert_eq!(learn(&[]), Err(Refused::Empty));
}

#[test]
fn runs_without_much_in_common_are_refused() {
    let calls = |nr: u64, n: usize| {
        let mut session = Session::default();
        session.born(10, 1, 10, BornHow::First).call(10, EXECVE, 0);
        for _ in 0..n {
            session.call(10, nr, 0);
        }
        session.died(10, 0).clone().run()
    };
    let refused = learn(&[calls(READ, 4), calls(WRITE, 4)]);
    assert_eq!(refused, Err(Refused::TooVaried { asserted: 1, all: 5, runs: 2 }));
}

#[test]
fn another_platform_is_not_measured() {
    let golden = Golden { platform: "m68k".into(), ..learned(&[finished(&mut usual(), 0)]) };
    let check = verdict(&golden, vec![finished(&mut usual(), 0)]);
    assert!(matches!(check.verdict, Verdict::NotMeasured(why) if why.contains("recorded on m68k")));
}

#[test]
fn a_file_that_is_no_golden_is_refused_by_line() {
    let good = learned(&[finished(&mut usual(), 0)]).to_string();
    for (text, says) in [
        (String::new(), "line 1: the file is empty"),
        ("{\"a\": 1}\n".into(), "line 1: no golden"),
        (good.replacen("golden 0", "golden 7", 1), "line 1: version 7"),
        (good.replacen("level=calls", "level=exact", 1), "line 1: level exact"),
        (good.replacen("proc P exit=0", "proc P exit=999", 1), "line 4: 999 is no exit status"),
        (good.replacen("task P t0", "task Q t0", 1), "line 6: no process Q"),
        (format!("{good}mystery 1\n"), "unknown line"),
        (good.replacen("%20", "%zz", 1), "line 2: %zz is no byte"),
    ] {
        let bad = Golden::parse(&text).expect_err(&text).to_string();
        assert!(bad.contains(says), "{says}: {bad}");
    }
    for cut in 0..good.len() {
        let _ = Golden::parse(&good[..cut]);
    }
}
