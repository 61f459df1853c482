//! What is learned from several runs, what is refused, and what a check then says.

mod sample;

use std::collections::BTreeMap;

use goldens::{
    Comparison, Content, Contents, EndKind, Exit, Form, FormStep, Golden, Hash, HeaderFacts, Learned, Level, Options,
    Presence, ProcKey, Refused, Stdin, Value, Verdict, compare, diff, join, json, junit, learn, text,
};
use sample::{MUT, edited, form, mut_contents, value};

fn base() -> Form {
    form(MUT, &mut_contents())
}

fn header() -> HeaderFacts {
    let literal = |text: &str| Some(Value::literal(text.as_bytes()));
    HeaderFacts {
        env: vec![("LANG".into(), literal("C")), ("PATH".into(), literal("/usr/bin:/bin"))],
        stdin: Stdin::Null,
        fixture: sample::golden(MUT, &[]).header.fixture,
        notes: vec!["not varied: TMPDIR on tmpfs".into()],
    }
}

/// Five runs; the answer of the server came in one read or in two.
fn runs() -> Vec<Form> {
    let two = form(&edited(MUT, &[("recv [1..2]", "recv 2")]), &mut_contents());
    vec![base(), two.clone(), base(), base(), two]
}

fn protocol() -> Options {
    Options::at(Level::Protocol)
}

fn learned(forms: &[Form]) -> Learned {
    learn(forms, &protocol(), HeaderFacts::default()).unwrap_or_else(|why| panic!("{why}"))
}

fn check(learned: &Learned, forms: &[Form]) -> Comparison {
    compare(&learned.golden, &learned.contents, forms, &protocol())
}

fn told(comparison: &Comparison) -> Vec<String> {
    comparison.findings.iter().map(|f| format!("{} {}", f.code.word(), f.sentence)).collect()
}

/// A run whose standard output and own write are these bytes.
fn printing(output: &[u8]) -> Form {
    let mut form = base();
    let content = Content::known(output.to_vec());
    form.contents.keep(&content);
    sample::end(&mut form, EndKind::Std, "stdout").content = Some(content);
    form
}

#[test]
fn five_runs_of_the_example_give_the_example() {
    let learned = learn(&runs(), &protocol(), header()).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(learned.golden.to_string(), MUT);
    assert_eq!(Golden::parse(&learned.golden.to_string()).ok(), Some(learned.golden));
}

#[test]
fn the_order_of_the_runs_does_not_matter_and_each_is_accepted() {
    let forms = runs();
    let mut turned = forms.clone();
    turned.rotate_left(2);
    turned.reverse();
    let learned = learned(&forms);
    assert_eq!(learned.golden, self::learned(&turned).golden);
    for form in &forms {
        assert!(check(&learned, std::slice::from_ref(form)).is_equal());
    }
}

#[test]
fn few_runs_need_a_word() {
    let refused = learn(&runs()[..2], &protocol(), HeaderFacts::default()).unwrap_err();
    assert_eq!(refused, Refused::TooFew(2));
    let single = Options { single: true, ..protocol() };
    assert!(learn(&runs()[..1], &single, HeaderFacts::default()).is_ok());
}

#[test]
fn a_run_that_went_another_way_is_refused_by_name() {
    let broken = edited(
        MUT,
        &[
            ("proc P exit=0", "proc P killed=SIGPIPE"),
            (
                "  connect cloexec\n  send 0..21 b3:d5698590cbf2e42316ce320e5a8770d6\n  recv 0..1680 b3:c5d85a6d0277069693253df92e98abb4\n  eof\n  close\n",
                "  connect cloexec !ECONNREFUSED\n  send 0..21 b3:d5698590cbf2e42316ce320e5a8770d6 !EPIPE\n",
            ),
            ("order P recv@tcp:127.0.0.1:18231 < write@std:stdout\n", ""),
            ("shape P tcp:127.0.0.1:18231 recv [1..2]\n", ""),
        ],
    );
    let mut forms = runs();
    forms[4] = form(&broken, &mut_contents());
    let refused = learn(&forms, &protocol(), HeaderFacts::default()).unwrap_err().to_string();
    for part in ["run 5", "ECONNREFUSED", "SIGPIPE", "--drop-outliers"] {
        assert!(refused.contains(part), "{part} is missing: {refused}");
    }
    assert!(!refused.contains("run 1"), "{refused}");
    let without = learned(&forms[..4]);
    assert_eq!(without.golden.processes, learned(&runs()).golden.processes);
}

#[test]
fn what_is_never_masked_is_refused_with_its_values() {
    type Change = fn(&mut Form);
    let cases: [(&str, Change); 4] = [
        ("file.mode $CWD/final: run 1 0644; run 2 0644; run 3 0600", |form| {
            sample::end(form, EndKind::File, "$CWD/final").mode = Some(0o600);
        }),
        ("mem.wx P: run 1 none; run 2 none; run 3 1", |form| {
            form.processes[0].facts.insert("mem.wx".into(), goldens::Fact::Number(1));
        }),
        ("proc.new /bin/date: run 1 none; run 2 none; run 3 runs", |form| {
            let mut date = form.processes[1].clone();
            (date.key, date.exe) = (ProcKey("P/date".into()), value("/bin/date"));
            form.processes.push(date);
        }),
        ("out.bytes stderr: run 1 empty; run 2 empty; run 3 not empty", |form| {
            sample::end(form, EndKind::Std, "stderr").content = Some(Content::known(b"warning\n".to_vec()));
        }),
    ];
    for (expected, change) in cases {
        let mut forms = vec![base(), base(), base()];
        change(&mut forms[2]);
        let options = Options { accept_outliers: true, ..protocol() };
        let refused = learn(&forms, &options, HeaderFacts::default()).unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
        let Refused::NeverMasked(varying) = refused else { panic!("{refused}") };
        let code = varying[0].allowance();
        let (code, object) = code.split_once(':').map_or((code.as_str(), None), |(c, o)| (c, Some(o.to_string())));
        let allowed = Options { allow: vec![(code.to_string(), object)], ..options };
        let learned = learn(&forms, &allowed, HeaderFacts::default()).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(learned.golden.allows.len(), 1, "{expected}");
        assert!(Golden::parse(&learned.golden.to_string()).is_ok(), "{}", learned.golden);
        for form in &forms {
            let verdict = compare(&learned.golden, &learned.contents, std::slice::from_ref(form), &allowed);
            assert!(verdict.is_equal(), "{expected}: {:?}", told(&verdict));
        }
    }
}

#[test]
fn output_that_varies_is_masked_no_wider_than_it_must() {
    let print = |id: &str| printing(format!("id {id}\nok\n").as_bytes());
    let learned = learned(&[print("1234"), print("7234"), print("998")]);
    let golden = learned.golden.to_string();
    assert!(golden.contains("mask P std:stdout std token:1.3 as={digits:3-4} why=varied:3/3\n"), "{golden}");
    assert!(Golden::parse(&golden).is_ok(), "{golden}");
    assert!(check(&learned, &[print("5555")]).is_equal());
    assert_eq!(told(&check(&learned, &[printing(b"id 5555\nno\n")])), ["out.bytes stdout: line 2: `ok` -> `no`"]);
    assert!(!check(&learned, &[print("abc")]).is_equal());
}

#[test]
fn lines_in_any_order_stay_the_same_lines() {
    let learned = learned(&[printing(b"a\nb\n"), printing(b"b\na\n"), printing(b"a\nb\n")]);
    assert!(learned.golden.to_string().contains("mask P std:stdout std lines:sorted why=varied:2/3\n"));
    assert!(check(&learned, &[printing(b"b\na\n")]).is_equal());
    assert!(!check(&learned, &[printing(b"b\nc\n")]).is_equal());
}

#[test]
fn a_file_that_comes_and_goes_is_optional_and_made_up_names_are_a_pattern() {
    let with =
        |lines: &str| form(&edited(MUT, &[("lib P libc.so.6", &format!("{lines}lib P libc.so.6"))]), &mut_contents());
    let object = |name: &str| with(&format!("file P $CWD/o/{name}\n  open r cloexec\n  close\n"));
    let learned = learned(&[object("1a2b"), object("77f0"), object("0c9d")]);
    let golden = learned.golden.to_string();
    assert!(golden.contains("file P $CWD/o/{hex:4}\n  open r cloexec\n  close\n"), "{golden}");
    assert!(check(&learned, &[object("9e9e")]).is_equal());
    assert!(!check(&learned, &[object("README")]).is_equal());
    let lock = with("file P $CWD/index.lock\n  open w creat excl 0666\n  close\n");
    let learned = self::learned(&[base(), lock.clone(), base()]);
    assert!(learned.golden.to_string().contains("file ? P $CWD/index.lock\n"));
    assert!(check(&learned, &[lock]).is_equal() && check(&learned, &[base()]).is_equal());
}

#[test]
fn steps_in_another_order_are_a_bag_and_other_counts_a_range() {
    let steps = |order: &[usize]| {
        let mut form = base();
        let process = &mut form.processes[0];
        let stream = process.streams.iter_mut().find(|stream| stream.object.name.as_str() == "$CWD/conf").unwrap();
        let all: Vec<FormStep> = stream.steps.clone();
        stream.steps = order.iter().map(|at| all[*at]).collect();
        form
    };
    let any = learned(&[steps(&[0, 1, 2, 3]), steps(&[0, 2, 1, 3]), steps(&[0, 1, 2, 3])]);
    assert!(any.golden.to_string().contains("file P $CWD/conf bag\n"), "{}", any.golden);
    assert!(check(&any, &[steps(&[2, 0, 1, 3])]).is_equal());
    assert!(!check(&any, &[steps(&[0, 1, 3])]).is_equal());
    let counts = learned(&[steps(&[0, 1, 2, 3]), steps(&[0, 1, 2, 2, 2, 3]), steps(&[0, 1, 2, 2, 3])]);
    assert!(counts.golden.to_string().contains("  x[1..3] eof\n"), "{}", counts.golden);
    assert!(check(&counts, &[steps(&[0, 1, 2, 2, 2, 2, 3])]).is_equal());
}

#[test]
fn threads_that_follow_the_cpus_are_stored_so() {
    let with = |cpus: u32, threads: u64| {
        let mut form = base();
        form.class.cpus = cpus;
        form.processes[0].facts.insert("thread.count".into(), goldens::Fact::Number(threads));
        form
    };
    let learned = learned(&[with(2, 3), with(1, 2), with(2, 3)]);
    assert!(learned.golden.to_string().contains("fact P thread.count cpus+1\n"), "{}", learned.golden);
    assert!(check(&learned, &[with(8, 9)]).is_equal());
    assert_eq!(told(&check(&learned, &[with(8, 10)])), ["thread.count starts 1 thread more (10, was 9)"]);
}

/// A run that makes six files in this order.
fn made(order: [usize; 6]) -> Form {
    let mut body = String::new();
    for name in FILES {
        body.push_str(&format!("file P $CWD/{name}\n  open w creat 0644\n  close\n"));
    }
    for pair in order.windows(2) {
        let (x, y) = (FILES[pair[0]], FILES[pair[1]]);
        body.push_str(&format!("order P open@file:$CWD/{x} < open@file:$CWD/{y}\n"));
    }
    let (first, last) = (FILES[order[0]], FILES[order[5]]);
    body.push_str(&format!("order P umask@self:- < open@file:$CWD/{first}\n"));
    body.push_str(&format!("order P open@file:$CWD/{last} < write@std:stdout\n"));
    form(&format!("{MUT}{body}"), &mut_contents())
}

const FILES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[test]
fn an_order_that_may_be_chance_says_how_probably() {
    // f is last of those that come in any order: once in 6^4 of hash orders, too.
    let mut forms = vec![
        made([0, 1, 2, 3, 4, 5]),
        made([4, 0, 3, 1, 2, 5]),
        made([2, 3, 0, 4, 1, 5]),
        made([1, 2, 4, 0, 3, 5]),
        made([3, 4, 1, 2, 0, 5]),
    ];
    let last = "order P open@file:$CWD/a < open@file:$CWD/f\n";
    let five = learned(&forms);
    assert!(five.golden.to_string().contains(last));
    assert!((five.chance - 6f64.powi(-4)).abs() < 1e-12, "{}", five.chance);
    forms.push(made([5, 3, 2, 1, 0, 4]));
    let six = learned(&forms);
    assert!(!six.golden.to_string().contains(last));
    assert_eq!(six.chance, 0.0);
    assert_eq!(learned(&runs()).chance, 0.0);
}

#[test]
fn files_made_in_hash_order_get_no_edges_by_chance() {
    // In all three, a comes before b: that is chance.
    let forms = [made([0, 1, 2, 3, 4, 5]), made([5, 4, 0, 3, 1, 2]), made([2, 3, 5, 0, 4, 1])];
    let learned = learned(&forms);
    let text = learned.golden.to_string();
    for x in FILES {
        for y in FILES {
            assert!(!text.contains(&format!("order P open@file:$CWD/{x} < open@file:$CWD/{y}\n")), "{text}");
        }
        assert!(text.contains(&format!("order P umask@self:- < open@file:$CWD/{x}\n")), "{text}");
    }
    assert!(check(&learned, &[made([1, 0, 5, 2, 4, 3])]).is_equal());
}

#[test]
fn findings_count_when_they_come_back() {
    let learned = learned(&runs());
    let (good, bad) = (base(), form(&edited(MUT, &[("proc P exit=0", "proc P exit=3")]), &mut_contents()));
    let worse = form(&edited(MUT, &[("proc P exit=0", "proc P exit=4")]), &mut_contents());
    let once = check(&learned, std::slice::from_ref(&bad));
    assert!(once.wants_another(2) && !once.wants_another(0));
    let flaky = check(&learned, &[bad.clone(), good]);
    assert_eq!((flaky.verdict.clone(), flaky.findings.len(), flaky.flaky.len()), (Verdict::Flaky, 0, 1));
    assert_eq!((flaky.flaky[0].confirmed.seen, flaky.flaky[0].confirmed.runs), (1, 2));
    assert!(!flaky.wants_another(2));
    // The value is not part of the key.
    let thrice = check(&learned, &[bad.clone(), worse, bad]);
    assert_eq!((thrice.verdict.clone(), thrice.findings[0].confirmed.seen), (Verdict::Different, 3));
    assert!(!thrice.wants_another(2));
}

#[test]
fn a_content_that_varies_by_itself_is_told_as_that() {
    let learned = learned(&runs());
    let left = |bytes: &[u8]| {
        let mut form = base();
        let content = Content::known(bytes.to_vec());
        form.contents.keep(&content);
        sample::end(&mut form, EndKind::File, "$CWD/final").content = Some(content);
        form
    };
    let varying = check(&learned, &[left(b"payload-9999\n"), left(b"payload-8888\n"), left(b"payload-7777\n")]);
    assert_eq!(told(&varying)[0], "file.bytes final: bytes 8..12 vary from run to run, were fixed in 5 golden runs");
}

#[test]
fn a_gap_or_another_platform_is_never_same() {
    let learned = learned(&runs());
    let mut gap = base();
    gap.gaps.push(goldens::Gap {
        process: None,
        why: "12 events were lost".into(),
        level: Level::Outcome,
        blind: false,
    });
    assert_eq!(check(&learned, &[gap.clone()]).verdict, Verdict::NotMeasured("12 events were lost".into()));
    assert!(matches!(diff(&gap, &base(), &protocol()).verdict, Verdict::NotMeasured(_)));
    gap.processes[0].exit = Exit::Exited(3);
    assert_eq!(check(&learned, &[gap]).verdict, Verdict::Different);
    let mut musl = base();
    musl.platform.libc = "musl".into();
    let verdict = check(&learned, &[musl]).verdict;
    assert_eq!(verdict, Verdict::NotMeasured("recorded on x86_64-glibc, this is x86_64-musl".into()));
    let mut unseen = base();
    let end = sample::end(&mut unseen, EndKind::File, "$CWD/final");
    end.content = Some(Content::unknown(13));
    assert!(matches!(check(&learned, &[unseen]).verdict, Verdict::NotMeasured(_)));
}

#[test]
fn another_class_of_machine_is_told_and_joined() {
    let mut learned = learned(&runs());
    let mut other = base();
    (other.class.kernel, other.class.cpus, other.class.user) = ("5.10".into(), 8, "user".into());
    sample::end(&mut other, EndKind::Std, "stdout").content = Some(Content::known(b"child\nok\ndone!\n".to_vec()));
    let before = check(&learned, std::slice::from_ref(&other));
    assert_eq!(before.verdict, Verdict::Different);
    assert!(
        before.notes[0].starts_with("recorded on kernel 6.18, glibc 2.36, 2 CPUs, root, LANG=C; this is kernel 5.10")
    );
    let mut contents = learned.contents.clone();
    let joined = join(&mut learned.golden, &mut contents, &[other.clone(), other.clone()], &protocol());
    joined.unwrap_or_else(|why| panic!("{why}"));
    assert_eq!((learned.golden.header.runs, learned.golden.header.seen.len()), (7, 2));
    assert!(Golden::parse(&learned.golden.to_string()).is_ok(), "{}", learned.golden);
    let after = compare(&learned.golden, &contents, &[other], &protocol());
    assert!(after.is_equal() && after.notes.is_empty(), "{:?}", told(&after));
    for form in runs() {
        assert!(compare(&learned.golden, &contents, &[form], &protocol()).is_equal());
    }
}

#[test]
fn every_named_mutation_can_be_joined_or_is_refused() {
    let edits: [&[(&str, &str)]; 5] = [
        &[("  chmod 0644\n  fsync\n", "  chmod 0644\n")],
        &[("  stat file 0644 100\n", "  x50 stat file 0644 100\n")],
        &[("input read $CWD/conf\n", "input read $CWD/conf\ninput read /etc/hostname\n")],
        &[("shape P std:stdout write 2\n", "fact P thread.count 2\nshape P std:stdout write 9\n")],
        &[("order P rename@file:$CWD/{TMP1} < fsync@dir:$CWD\n", "")],
    ];
    for edit in edits {
        let mut learned = learned(&runs());
        let other = form(&edited(MUT, edit), &mut_contents());
        let mut contents = learned.contents.clone();
        join(&mut learned.golden, &mut contents, std::slice::from_ref(&other), &protocol()).unwrap();
        for form in runs().into_iter().chain([other]) {
            let found = compare(&learned.golden, &contents, &[form], &protocol());
            assert!(found.is_equal(), "{edit:?}: {:?}", told(&found));
        }
        assert!(Golden::parse(&learned.golden.to_string()).is_ok(), "{}", learned.golden);
    }
}

#[test]
fn a_check_reads_as_the_manual_says() {
    let learned = learned(&runs());
    let changed = edited(
        MUT,
        &[
            ("  fsync\n  close\n  rename $CWD/final\n", "  rename $CWD/final\n  fsync\n  close\n"),
            ("content-before-name=yes", "content-before-name=no"),
        ],
    );
    let bad = form(&changed, &mut_contents());
    let comparison = check(&learned, &[bad.clone(), bad.clone(), bad]);
    let report = goldens::Report {
        name: "mut",
        comparison: &comparison,
        pending: Some("goldens/mut.golden.new"),
        accept: Some("chic-trace golden accept mut"),
    };
    let shown = text(&report, false);
    let expected = "mut: different (protocol, confirmed 3/3), asserts 35 of 35 steps (100 %)

error  dur.order  P  final
       final: fsync now after rename
       before  open rw creat excl cloexec 0600; write 0..13; chmod 0644; fsync; close; rename final
       after   open rw creat excl cloexec 0600; write 0..13; chmod 0644; rename final; fsync; close
";
    assert!(shown.starts_with(expected), "{shown}");
    assert!(shown.ends_with("\naccept with: chic-trace golden accept mut\n"), "{shown}");
    let document: serde_json::Value = serde_json::from_str(&json(&[report])).unwrap();
    let result = &document["results"][0];
    assert_eq!((&result["verdict"], &result["asserts"][0]), (&"different".into(), &35.into()));
    assert_eq!(result["findings"][0]["sentence"], "final: fsync now after rename");
    assert_eq!(result["findings"][0]["object"], "$CWD/final");
    assert_eq!(result["pending"], "goldens/mut.golden.new");
    let xml = junit(&[report]);
    assert!(xml.contains("<failure type=\"different\" message=\"final: fsync now after rename\">"), "{xml}");
    let same = check(&learned, &[base()]);
    let line = text(&goldens::Report { comparison: &same, pending: None, accept: None, ..report }, false);
    assert_eq!(line, "mut: same (protocol), asserts 35 of 35 steps (100 %)\n");
}

#[test]
fn hostile_names_reach_no_terminal() {
    let learned = learned(&runs());
    let mut bad = base();
    let mut end = bad.ends[0].clone();
    end.name = Value::literal("\u{202e}/\x1b[2J\n".as_bytes());
    bad.ends.push(end);
    let content = Content::known(b"\x1b]0;owned\x07\xc2\x9b<&\n".to_vec());
    bad.contents.keep(&content);
    sample::end(&mut bad, EndKind::Std, "stdout").content = Some(content);
    let comparison = check(&learned, &[bad]);
    let report = goldens::Report { name: "mut", comparison: &comparison, pending: None, accept: None };
    let shown = [text(&report, true), junit(&[report])].concat();
    assert!(shown.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{shown:?}");
}

/// What a person sees first: `sh -c 'echo one > out.txt'` against `sh -c 'echo two > out.txt; cat /etc/hostname'`.
#[test]
fn both_words_and_the_new_file_are_named() {
    const SH: &str = "golden 1 level=protocol model=1 runs=1 platform=x86_64-glibc
argv /bin/sh -c @script
stdin null
subst $CWD
seen kernel=6.18 libc=glibc-2.36 cpus=2 user=root lang=C
asserts 0 0
proc P exit=0 /bin/sh -c @script
file P $CWD/out.txt
  open w creat trunc 0666
  write 0..4 @word
  close
lib P libc.so.6
  load
end file $CWD/out.txt mode=0644 size=4 @word
end std stdout size=0 @nothing
input exec /bin/sh
input load libc.so.6
dur P $CWD/out.txt replace=new content-before-name=na name-durable=no sync=none
";
    let one = SH.replace("@script", "echo%20one%20>%20out.txt");
    let two = SH.replace("@script", "echo%20two%20>%20out.txt%3B%20cat%20/etc/hostname")
        + "proc P/cat exit=0 /bin/cat /etc/hostname\nchild P P/cat\n  spawn\n  reap exit=0\nfile P/cat /etc/hostname\n  open r\n  read 0..5 @host\n  eof\n  close\nlib P/cat libc.so.6\n  load\nstd P/cat stdout\n  write 0..5 @host\ninput exec /bin/cat\ninput read /etc/hostname\n";
    let two = two.replace("end std stdout size=0 @nothing", "end std stdout size=5 @host");
    let contents = |word: &str| {
        vec![("word", format!("{word}\n").into_bytes()), ("nothing", Vec::new()), ("host", b"host\n".to_vec())]
    };
    let (a, b) = (form(&one, &contents("one")), form(&two, &contents("two")));
    let comparison = diff(&a, &b, &protocol());
    assert_eq!(comparison.verdict, Verdict::Different);
    let report = goldens::Report { name: "sh", comparison: &comparison, pending: None, accept: None };
    let shown = text(&report, false);
    for part in ["out.txt", "`one` -> `two`", "/etc/hostname"] {
        assert!(shown.contains(part), "{part} is missing: {shown}");
    }
    assert!(comparison.findings.iter().filter(|f| f.follows_from.is_none()).count() <= 3, "{shown}");
}

#[test]
fn equal_runs_are_never_aligned_and_work_grows_with_length_only() {
    let long = |steps: u32, every: Option<u32>| {
        let mut form = base();
        let first = form.steps.len() as u32;
        let write = |at: u64| {
            let args = vec![goldens::Arg::Span(at, Some(at + 1)), goldens::Arg::Hash(Some(Hash([7; 16])))];
            goldens::Step { verb: goldens::Verb::Write, args: args.into(), errno: None }
        };
        form.steps.extend((0..steps).map(|at| write(u64::from(at))));
        form.steps.push(write(u64::MAX - 1));
        let changed = |at: u32| every.is_some_and(|every| at % every == every / 2);
        let id = |at: u32| if changed(at) { first + steps } else { first + at };
        let stream = &mut form.processes[0].streams[1];
        stream.steps.extend((0..steps).map(|at| FormStep { step: id(at), count: 1, event: 1000 + u64::from(at) }));
        form
    };
    let (short, base) = (long(10_000, None), long(100_000, None));
    assert_eq!(diff(&base, &base, &protocol()).diffs, 0);
    assert_eq!(diff(&short, &long(10_000, Some(100)), &protocol()).diffs, 1);
    let comparison = diff(&base, &long(100_000, Some(100)), &protocol());
    assert_eq!((comparison.diffs, comparison.findings.is_empty()), (1, false));
}

#[test]
fn presence_of_contents_only_shortens_findings() {
    let learned = learned(&runs());
    let bad = printing(b"child\nno\ndone\n");
    let with = compare(&learned.golden, &learned.contents, std::slice::from_ref(&bad), &protocol());
    assert_eq!(told(&with), ["out.bytes stdout: line 2: `ok` -> `no`"]);
    let without = compare(&learned.golden, &Contents::default(), std::slice::from_ref(&bad), &protocol());
    assert_eq!(
        (without.verdict.clone(), told(&without)),
        (Verdict::Different, vec!["out.bytes stdout: content differs".to_string()])
    );
    let counts: BTreeMap<&str, usize> =
        BTreeMap::from([("with", with.findings.len()), ("without", without.findings.len())]);
    assert_eq!(counts["with"], counts["without"]);
    assert!(learned.golden.streams.iter().all(|stream| stream.presence == Presence::Required));
}

#[test]
fn classes_of_runtime_files_come_and_go() {
    let with = |lines: &str| {
        let text = edited(MUT, &[("lib P libc.so.6", &format!("{lines}lib P libc.so.6"))]);
        form(
            &edited(&text, &[("input load libc.so.6\n", "input load libc.so.6\ninput load runtime:locale\n")]),
            &mut_contents(),
        )
    };
    let locale = with("lib P runtime:locale\n  load\n");
    let learned = learned(&[locale.clone(), locale.clone(), locale.clone()]);
    assert!(learned.golden.to_string().contains("lib ? P runtime:locale\n"), "{}", learned.golden);
    assert!(check(&learned, &[base()]).is_equal() && check(&learned, std::slice::from_ref(&locale)).is_equal());
    let options = Options::at(Level::Hermetic);
    assert!(diff(&base(), &locale, &options).is_equal() && diff(&base(), &locale, &protocol()).is_equal());
}

#[test]
fn the_process_tree_is_an_order_that_needs_no_edge() {
    // The child writes what the parent then renames: one run says so by an edge, the other by the tree.
    let lines = "file P $CWD/made\n  rename $CWD/done\nfile P/echo $CWD/made\n  write 0..6 @child\n";
    let text = |edge: &str| format!("{MUT}{lines}order P reap@child:P/echo < rename@file:$CWD/made\n{edge}");
    let by_edge = form(&text("order P/echo write@file:$CWD/made < P rename@file:$CWD/made\n"), &mut_contents());
    let by_tree = form(&text(""), &mut_contents());
    assert!(diff(&by_edge, &by_tree, &protocol()).is_equal(), "{:?}", told(&diff(&by_edge, &by_tree, &protocol())));
    let learned = learned(&[by_tree.clone(), by_edge, by_tree]);
    let text = learned.golden.to_string();
    assert!(!text.contains("order P/echo ") && !text.contains("spawn@child:P/echo < P/echo"), "{text}");
}

const THREADS: &str = "thread P t0
  read file:$CWD/conf 0..400 count=4096 = 400
  exit_group 0 = ok
thread P t0.1
  write file:$CWD/a count=1 = 1
thread P t0.2
  write file:$CWD/b count=1 = 1
";

fn calls(threads: &str) -> Form {
    let text = MUT.replace("level=protocol", "level=calls");
    form(&format!("{text}{threads}"), &mut_contents())
}

#[test]
fn calls_are_compared_thread_by_thread() {
    let options = Options::at(Level::Calls);
    let base = calls(THREADS);
    assert!(diff(&base, &base, &options).is_equal());
    let more = calls(&THREADS.replace("  exit_group", "  getrandom ADDR 16 0 = 16\n  exit_group"));
    let found = diff(&base, &more, &options);
    assert_eq!(told(&found), ["call.new thread t0: now also `getrandom ADDR 16 0 = 16`"]);
    assert!(diff(&base, &more, &protocol()).is_equal());
    let split = THREADS.replace(
        "  read file:$CWD/conf 0..400 count=4096 = 400\n",
        "  read file:$CWD/conf 0..200 count=200 = 200\n  read file:$CWD/conf 200..400 count=200 = 200\n",
    );
    let found = diff(&base, &calls(&split), &options);
    assert_eq!((found.findings[0].code.word(), found.findings.len()), ("call.new", 1));
    assert_eq!(found.findings[0].object.as_ref().map(|o| o.as_str()), Some("$CWD/conf"));
}

#[test]
fn siblings_that_swap_their_work_are_one_bag() {
    let swapped = THREADS.replace("$CWD/a", "$CWD/x").replace("$CWD/b", "$CWD/a").replace("$CWD/x", "$CWD/b");
    let options = Options::at(Level::Calls);
    let forms = [calls(THREADS), calls(&swapped), calls(THREADS)];
    assert!(diff(&forms[0], &forms[1], &options).is_equal(), "matched by equal streams");
    let both = THREADS.replace("thread P t0.2\n  write file:$CWD/b count=1 = 1\n", "thread P t0.2\n").replace(
        "  write file:$CWD/a count=1 = 1\n",
        "  write file:$CWD/a count=1 = 1\n  write file:$CWD/b count=1 = 1\n",
    );
    let both = both.replace("thread P t0.2\n", "thread P t0.2\n  exit 0 = ok\n");
    let third = swapped.replace("count=1 = 1\nthread P t0.2", "count=1 = 1\n  exit 0 = ok\nthread P t0.2");
    let forms = [calls(&both), calls(&third), calls(&both)];
    let learned = learn(&forms, &options, HeaderFacts::default()).unwrap_or_else(|why| panic!("{why}"));
    assert!(
        learned.golden.to_string().contains("thread x2 P t0.1 bag\n  exit 0 = ok\n  write file:$CWD/a"),
        "{}",
        learned.golden
    );
    for form in &forms {
        assert!(compare(&learned.golden, &learned.contents, std::slice::from_ref(form), &options).is_equal());
    }
    let lost = calls(&both.replace("  write file:$CWD/b count=1 = 1\n", ""));
    assert!(!compare(&learned.golden, &learned.contents, &[lost], &options).is_equal());
}

#[test]
fn a_step_that_two_lines_accept_is_taken_by_its_place() {
    let reads = |first: &str| {
        let lines = format!("  open r cloexec\n  read 0..14 @{first}\n  eof\n  read 0..14 @out\n  close\n");
        form(
            &edited(
                MUT,
                &[("  open r cloexec\n  read 0..400 b3:f4f0961587a1bef20e565ca1d3df7b01\n  eof\n  close\n", &lines)],
            ),
            &mut_contents(),
        )
    };
    // The first read is the same lines in some order or none of them: nothing is asserted of it.
    let forms = [reads("out"), reads("out_swapped"), reads("out_child2")];
    let learned = learned(&forms);
    for form in &forms {
        let found = check(&learned, std::slice::from_ref(form));
        assert!(found.is_equal(), "{:?}\n{}", told(&found), learned.golden);
    }
    let other = form(
        &edited(MUT, &[("  read 0..400 b3:f4f0961587a1bef20e565ca1d3df7b01\n", "  read 0..14 @out\n")]),
        &mut_contents(),
    );
    assert!(!check(&learned, &[other]).is_equal());
}

#[test]
fn siblings_with_one_key_may_do_different_things() {
    let mut form = calls(THREADS);
    let mut twin = form.processes[1].clone();
    twin.threads = form.processes[0].threads.clone();
    twin.threads[0].calls.truncate(1);
    twin.streams.truncate(1);
    form.processes[1].threads = form.processes[0].threads[..1].to_vec();
    form.processes.push(twin);
    for level in [Level::Protocol, Level::Calls, Level::Exact] {
        let found = diff(&form, &form, &Options::at(level));
        assert!(found.is_equal(), "{level:?} {:?}", told(&found));
    }
}
