//! What must hold for any runs: equality, mirrors, the chain of levels, learning.

mod sample;

use std::collections::{BTreeMap, BTreeSet};

use goldens::{
    Code, Comparison, Content, Form, Golden, HeaderFacts, Learned, Level, NodeRef, Options, compare, diff, learn,
};
use proptest::prelude::*;

const LEVELS: [Level; 3] = [Level::Outcome, Level::Hermetic, Level::Protocol];

/// One thing that a generated program does.
#[derive(Debug, Clone)]
enum Act {
    Read(usize, u8),
    Write(usize, u8),
    Stat(usize, u8),
    Sync(usize),
    Probe(usize),
    Print(u8),
    Fact(u8),
    Exit(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..4usize, 0..3u8).prop_map(|(file, content)| Act::Read(file, content)),
        (0..4usize, 0..3u8).prop_map(|(file, content)| Act::Write(file, content)),
        (0..4usize, 1..3u8).prop_map(|(file, times)| Act::Stat(file, times)),
        (0..4usize).prop_map(Act::Sync),
        (0..3usize).prop_map(Act::Probe),
        (0..4u8).prop_map(Act::Print),
        (1..3u8).prop_map(Act::Fact),
        (0..2u8).prop_map(Act::Exit),
    ]
}

fn program() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 0..10)
}

fn content(n: u8) -> Vec<u8> {
    match n {
        0 => b"alpha 1\nbeta\n".to_vec(),
        1 => b"alpha 2\nbeta\n".to_vec(),
        2 => b"alpha 22\nbeta\n".to_vec(),
        _ => b"beta\nalpha 1\n".to_vec(),
    }
}

/// The run of a program that does these things one after the other.
fn run(acts: &[Act]) -> Form {
    let mut streams: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut ends: BTreeMap<String, String> = BTreeMap::new();
    let mut lines: BTreeSet<String> = BTreeSet::new();
    let mut exit = 0;
    let mut printed = Vec::new();
    let mut chain: Vec<(String, usize)> = Vec::new();
    let mut facts = 0;
    for act in acts {
        let mut step = |stream: String, step: String, ordered: bool| {
            let steps = streams.entry(stream.clone()).or_default();
            if ordered {
                chain.push((stream, steps.len()));
            }
            steps.push(step);
        };
        match act {
            Act::Read(file, n) => {
                let len = content(*n).len();
                step(format!("file P $CWD/in{file}x"), format!("read 0..{len} @c{n}"), false);
                lines.insert(format!("input read $CWD/in{file}x"));
            }
            Act::Write(file, n) => {
                let len = content(*n).len();
                step(format!("file P $CWD/out{file}x"), format!("write 0..{len} @c{n}"), true);
                ends.insert(format!("file $CWD/out{file}x mode=0644"), format!("size={len} @c{n}"));
            }
            Act::Stat(file, n) => step(format!("file P $CWD/in{file}x"), format!("x{} stat file 0644 9", n + 1), false),
            Act::Sync(file) => step(format!("file P $CWD/out{file}x"), "fsync".into(), true),
            Act::Probe(file) => {
                step(format!("file P /etc/no{file}x"), "open r !ENOENT".into(), false);
                lines.insert(format!("input absent /etc/no{file}x"));
            }
            Act::Print(n) => printed.extend(content(*n)),
            Act::Fact(n) => facts = *n,
            Act::Exit(code) => exit = *code,
        }
    }
    let mut text =
        String::from("golden 1 level=protocol model=1 runs=1 platform=x86_64-glibc\nargv /bin/p\nstdin null\n");
    text.push_str("seen kernel=6.18 libc=glibc-2.36 cpus=2 user=root lang=C\nasserts 0 0\n");
    text.push_str(&format!("proc P exit={exit} /bin/p\nself P -\n  umask 022\n"));
    for (stream, steps) in &streams {
        text.push_str(&format!("{stream}\n"));
        steps.iter().for_each(|step| text.push_str(&format!("  {step}\n")));
    }
    ends.iter().for_each(|(name, rest)| text.push_str(&format!("end {name} {rest}\n")));
    lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    text.push_str(&format!("end std stdout size={} @printed\n", printed.len()));
    if facts > 0 {
        text.push_str(&format!("fact P mem.exec-anon {facts}\nfact P sig.SIGPIPE ignore\n"));
    }
    let mut contents: Vec<(&'static str, Vec<u8>)> =
        vec![("c0", content(0)), ("c1", content(1)), ("c2", content(2)), ("printed", printed)];
    contents.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut form = sample::form(&text, &contents);
    let place = |form: &Form, (stream, step): &(String, usize)| {
        let name = stream.rsplit(' ').next().unwrap_or_default();
        let stream = form.processes[0].streams.iter().position(|s| s.object.name.as_str() == name).unwrap();
        NodeRef { process: 0, stream: stream as u32, step: *step as u32 }
    };
    form.order = chain.windows(2).map(|pair| (place(&form, &pair[0]), place(&form, &pair[1]))).collect();
    form
}

fn mirrored(code: Code) -> Code {
    match code {
        Code::FileNew => Code::FileGone,
        Code::FileGone => Code::FileNew,
        Code::InNew => Code::InGone,
        Code::InGone => Code::InNew,
        Code::ErrNew => Code::ErrGone,
        Code::ErrGone => Code::ErrNew,
        Code::StepNew => Code::StepGone,
        Code::StepGone => Code::StepNew,
        code => code,
    }
}

fn told(comparison: &Comparison) -> Vec<String> {
    comparison.findings.iter().map(|f| format!("{} {} {}", f.code.word(), f.process.0, f.sentence)).collect()
}

fn learned(forms: &[Form]) -> Learned {
    let options = Options { accept_outliers: true, accept_loose: true, allow: allow(), ..Options::at(Level::Protocol) };
    learn(forms, &options, HeaderFacts::default()).unwrap_or_else(|why| panic!("{why}"))
}

/// Everything that is never masked may vary here: it is learning that is looked at.
fn allow() -> Vec<(String, Option<String>)> {
    goldens::allowable().iter().map(|code| (code.word().to_string(), None)).collect()
}

fn accepts(learned: &Learned, form: &Form) -> Comparison {
    compare(&learned.golden, &learned.contents, std::slice::from_ref(form), &Options::at(Level::Protocol))
}

/// `PROPTEST_CASES`, or few: these run with every build.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_equals_itself(acts in program()) {
        let form = run(&acts);
        for level in LEVELS {
            let found = diff(&form, &form, &Options::at(level));
            prop_assert!(found.is_equal(), "{level:?} {:?}", told(&found));
            // Equal forms need no comparison: that it is one is seen against a golden.
            let options = Options { single: true, accept_loose: true, ..Options::at(level) };
            let one = std::slice::from_ref(&form);
            let learned = learn(one, &options, HeaderFacts::default()).expect("one run is enough");
            let found = compare(&learned.golden, &learned.contents, one, &options);
            prop_assert!(found.is_equal(), "{level:?} {:?}", told(&found));
        }
    }

    #[test]
    fn findings_mirror_each_other(a in program(), b in program()) {
        let (a, b) = (run(&a), run(&b));
        for level in LEVELS {
            let (there, back) = (diff(&a, &b, &Options::at(level)), diff(&b, &a, &Options::at(level)));
            prop_assert_eq!(there.is_equal(), back.is_equal());
            prop_assert_eq!(&there.verdict, &back.verdict, "{:?} {:?}", told(&there), told(&back));
            if level < Level::Protocol {
                let key = |f: &goldens::Finding| (f.code, f.process.clone(), f.object.clone());
                let one: BTreeSet<_> = there.findings.iter().map(key).collect();
                let two: BTreeSet<_> = back.findings.iter().map(key).map(|(c, p, o)| (mirrored(c), p, o)).collect();
                prop_assert_eq!(one, two, "{:?} {:?}", told(&there), told(&back));
            }
        }
    }

    #[test]
    fn what_is_equal_at_a_level_is_equal_at_weaker_ones(a in program(), b in program()) {
        let (a, b) = (run(&a), run(&b));
        let equal: Vec<bool> = LEVELS.iter().map(|level| diff(&a, &b, &Options::at(*level)).is_equal()).collect();
        prop_assert!(equal.windows(2).all(|pair| pair[0] || !pair[1]), "{equal:?}");
    }

    #[test]
    fn a_golden_accepts_what_it_was_learned_from_in_any_order(
        runs in prop::collection::vec(program(), 3..6), turn in 0..5usize,
    ) {
        let forms: Vec<Form> = runs.iter().map(|acts| run(acts)).collect();
        let learned = learned(&forms);
        for form in &forms {
            let found = accepts(&learned, form);
            prop_assert!(found.is_equal(), "{:?}\n{}", told(&found), learned.golden);
        }
        let mut turned = forms.clone();
        turned.rotate_left(turn % forms.len());
        prop_assert_eq!(&self::learned(&turned).golden, &learned.golden);
        let text = learned.golden.to_string();
        prop_assert_eq!(&Golden::parse(&text), &Ok(learned.golden.clone()), "{}", text);
    }

    #[test]
    fn learning_twice_from_the_same_runs_changes_counters_only(runs in prop::collection::vec(program(), 3..4)) {
        let forms: Vec<Form> = runs.iter().map(|acts| run(acts)).collect();
        let twice: Vec<Form> = forms.iter().chain(&forms).cloned().collect();
        let (once, twice) = (learned(&forms).golden, learned(&twice).golden);
        prop_assert_eq!(&once.streams, &twice.streams);
        prop_assert_eq!((&once.ends, &once.inputs, &once.order), (&twice.ends, &twice.inputs, &twice.order));
        prop_assert_eq!((&once.facts, &once.header.asserts), (&twice.facts, &twice.header.asserts));
    }

    #[test]
    fn a_further_run_never_adds_an_assertion(
        runs in prop::collection::vec(program(), 3..5), more in program(), probe in program(),
    ) {
        let mut forms: Vec<Form> = runs.iter().map(|acts| run(acts)).collect();
        let few = learned(&forms);
        forms.push(run(&more));
        let many = learned(&forms);
        // Unchanged programs, and those that the smaller golden accepts by what it learned.
        for form in [run(&probe), run(&more)].iter().chain(&forms) {
            if accepts(&few, form).is_equal() {
                let found = accepts(&many, form);
                prop_assert!(found.is_equal(), "{:?}\n{}\n{}", told(&found), few.golden, many.golden);
            }
        }
        prop_assert!(many.golden.order.len() <= few.golden.order.len() + forms.len() * 50);
    }

    #[test]
    fn joining_accepts_old_and_new(runs in prop::collection::vec(program(), 3..5), more in program()) {
        let forms: Vec<Form> = runs.iter().map(|acts| run(acts)).collect();
        let mut learned = learned(&forms);
        let more = run(&more);
        let options = Options { allow: allow(), ..Options::at(Level::Protocol) };
        let mut contents = learned.contents.clone();
        goldens::join(&mut learned.golden, &mut contents, std::slice::from_ref(&more), &options)
            .unwrap_or_else(|why| panic!("{why}"));
        learned.contents = contents;
        for form in forms.iter().chain([&more]) {
            let found = accepts(&learned, form);
            prop_assert!(found.is_equal(), "{:?}\n{}", told(&found), learned.golden);
        }
    }
}

#[test]
fn the_generator_makes_programs_that_differ() {
    let a = run(&[Act::Write(0, 0), Act::Print(1), Act::Exit(1)]);
    let b = run(&[Act::Write(0, 1), Act::Print(1), Act::Exit(0)]);
    assert_eq!(told(&diff(&a, &b, &Options::at(Level::Outcome))).len(), 2);
    assert_eq!(Content::known(content(0)).len, 13);
}
