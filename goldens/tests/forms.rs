//! Forms of the published recordings: what a run becomes, and what two of them differ in.

#[path = "../../tests/mutation/baselines.rs"]
mod baselines;
mod form_text;
mod strace_text;

use baselines::Calls;
use goldens::{Code, Comparison, Form, Level, Observer, Options, Run, Verdict, diff, forms};

/// A sample, lowered; `None` where the samples are not here.
fn run(name: &str, options: &Options) -> Option<Run> {
    let (text, cwd, argv) = strace_text::sample(name)?;
    let mut observer = Observer::new(options);
    strace_text::replay(&strace_text::Text { text: &text, cwd: &cwd, argv }, &mut observer);
    Some(observer.into_run())
}

fn pair(names: [&str; 2], level: Level) -> Option<Vec<Form>> {
    let options = Options::at(level);
    let runs: Option<Vec<Run>> = names.iter().map(|name| run(name, &options)).collect();
    Some(forms(&runs?.iter().collect::<Vec<_>>(), None, &options))
}

/// The stream of one object, as text.
fn stream<'a>(text: &'a str, head: &str) -> Vec<&'a str> {
    text.lines().skip_while(|line| *line != head).skip(1).take_while(|line| line.starts_with("  ")).collect()
}

/// Lines that begin so.
fn lines<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(begin)).collect()
}

#[test]
fn a_run_becomes_the_steps_facts_and_edges_that_the_format_shows() {
    let Some(forms) = pair(["mut_base.01", "mut_base.02"], Level::Protocol) else {
        return println!("skipped: samples not here");
    };
    let text = form_text::text(&forms[0], false);
    assert_eq!(
        stream(&text, "file P $CWD/{TMP1}"),
        [
            "  open rw creat excl cloexec 0600",
            "  write 0..13 b3:600edbfc3ecb0150ce94d7a6fa1d8287",
            "  chmod 0644",
            "  fsync",
            "  close",
            "  rename $CWD/final",
        ]
    );
    assert_eq!(stream(&text, "dir P $CWD/exists"), ["  mkdir 0755 !EEXIST", "  stat dir 0755"]);
    assert_eq!(
        stream(&text, "file P $CWD/lock"),
        ["  open rw creat cloexec 0600", "  lock ex nb", "  unlock", "  close"]
    );
    assert_eq!(stream(&text, "child P P/echo"), ["  spawn", "  reap exit=0"]);
    assert_eq!(stream(&text, "self P -"), ["  umask 022"]);
    assert_eq!(stream(&text, "lib P libc.so.6"), ["  load"]);
    let tcp = stream(&text, "tcp P 127.0.0.1:18231");
    assert_eq!(tcp[..2], ["  connect cloexec", "  send 0..21 b3:d5698590cbf2e42316ce320e5a8770d6"]);
    assert!(tcp[2].starts_with("  recv 0..1680 b3:"), "the date of the reply is a token: {tcp:?}");
    assert_eq!(
        lines(&text, "dur "),
        [
            "dur P $CWD/final replace=atomic content-before-name=yes name-durable=yes sync=fsync",
            "dur P $CWD/lock replace=new content-before-name=na name-durable=no sync=none",
        ]
    );
    let mut order = lines(&text, "order ");
    order.sort_unstable();
    assert_eq!(
        order,
        [
            "order P fsync@dir:$CWD < P open@file:$CWD/lock",
            "order P lock@file:$CWD/lock < P mkdir@dir:$CWD/exists",
            "order P mkdir@dir:$CWD/exists < P unlock@file:$CWD/lock",
            "order P reap@child:P/echo < P connect@tcp:127.0.0.1:18231",
            "order P recv@tcp:127.0.0.1:18231 < P write@std:stdout",
            "order P rename@file:$CWD/{TMP1} < P fsync@dir:$CWD",
            "order P umask@self:- < P open@file:$CWD/{TMP1}",
            "order P unlock@file:$CWD/lock < P spawn@child:P/echo",
        ]
    );
    assert_eq!(
        lines(&text, "end "),
        [
            "end File $CWD/final mode=0644 size=13 b3:600edbfc3ecb0150ce94d7a6fa1d8287",
            "end File $CWD/lock mode=0600 size=0 b3:af1349b9f5f9a1a6a0404dea36dcc949",
            "end Sent tcp:127.0.0.1:18231 size=21 b3:d5698590cbf2e42316ce320e5a8770d6",
            "end Std stderr size=0 b3:af1349b9f5f9a1a6a0404dea36dcc949",
            "end Std stdout size=14 b3:416b77d076c97a469effc74a17af36f9",
        ]
    );
}

#[test]
fn good_runs_have_one_form_at_every_level_but_exact() {
    for names in [["mut_base.01", "mut_base.02"], ["rust_mt.00", "rust_mt.03"]] {
        let Some(forms) = pair(names, Level::Protocol) else { return println!("skipped: samples not here") };
        let texts: Vec<String> = forms.iter().map(|form| form_text::text(form, false)).collect();
        let same = |text: &str| text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
        assert_eq!(same(&texts[0]), same(&texts[1]), "{names:?}");
    }
}

/// A pair of samples, the levels at which it differs, and the first code there.
struct Pair {
    a: &'static str,
    b: &'static str,
    /// From this level on; `None`: never.
    differs: Option<Level>,
    code: Option<Code>,
    /// Only a warning at `protocol`.
    warns: bool,
}

const fn pair_of(b: &'static str, differs: Option<Level>, code: Option<Code>, warns: bool) -> Pair {
    Pair { a: "mut_base.01", b, differs, code, warns }
}

const PAIRS: &[Pair] = &[
    pair_of("mut_base.02", None, None, false),
    pair_of("mut_fsync_after_rename.00", Some(Level::Protocol), Some(Code::DurOrder), false),
    pair_of("mut_no_cloexec.00", Some(Level::Protocol), Some(Code::FdCloexec), false),
    pair_of("mut_req_changed.00", Some(Level::Outcome), Some(Code::NetBytes), false),
    pair_of("mut_sigign.00", Some(Level::Protocol), Some(Code::SigDisp), false),
    pair_of("mut_write_1byte.00", Some(Level::Calls), Some(Code::IoShape), true),
    pair_of("mut_base_outlier.00", Some(Level::Outcome), Some(Code::Exit), false),
    Pair { a: "rust_mt.00", b: "rust_mt.03", differs: None, code: None, warns: false },
];

#[test]
fn published_pairs_have_their_published_verdicts() {
    for pair in PAIRS {
        for level in [Level::Outcome, Level::Hermetic, Level::Protocol, Level::Calls] {
            for names in [[pair.a, pair.b], [pair.b, pair.a]] {
                let Some(found) = compared(names, level) else { return println!("skipped: samples not here") };
                judge(pair, names, level, &found);
            }
        }
    }
}

fn compared(names: [&str; 2], level: Level) -> Option<Comparison> {
    let forms = pair(names, level)?;
    Some(diff(&forms[0], &forms[1], &Options::at(level)))
}

fn judge(pair: &Pair, names: [&str; 2], level: Level, found: &Comparison) {
    if level == Level::Calls && pair.a.starts_with("rust") {
        return;
    }
    let differs = pair.differs.is_some_and(|from| from <= level);
    let said: Vec<&str> = found.findings.iter().map(|finding| &*finding.sentence).collect();
    let want = match (differs, pair.warns && level == Level::Protocol) {
        (true, _) => Verdict::Different,
        (false, true) => Verdict::SameWithWarnings,
        (false, false) => Verdict::Same,
    };
    assert_eq!(found.verdict, want, "{names:?} at {level:?}: {said:?}");
    let Some(code) = pair.code.filter(|_| found.verdict != Verdict::Same) else { return };
    let mut codes = found.findings.iter().map(|finding| finding.code);
    // At `calls` the reply in one call or two and a further draw of entropy are differences of their own.
    let told = if level < Level::Calls { codes.next() == Some(code) } else { codes.any(|other| other == code) };
    assert!(told, "{names:?} at {level:?}: {} is not told: {said:?}", code.word());
}

/// What renacer's rule makes of a pair.
struct Rule {
    b: &'static str,
    /// Calls that match, of how many; `None`: the lengths differ by too much.
    matched: Option<(usize, usize)>,
    passes: bool,
}

const fn rule_of(b: &'static str, matched: Option<(usize, usize)>, passes: bool) -> Rule {
    Rule { b, matched, passes }
}

const RULE: &[Rule] = &[
    rule_of("mut_base.02", Some((85, 85)), true),
    rule_of("mut_fsync_after_rename.00", Some((79, 84)), false),
    rule_of("mut_no_cloexec.00", Some((82, 84)), true),
    rule_of("mut_req_changed.00", Some((85, 85)), true),
    rule_of("mut_sigign.00", Some((82, 84)), true),
    rule_of("mut_write_1byte.00", None, false),
    rule_of("mut_base_outlier.00", None, false),
    rule_of("rust_mt.03", Some((113, 127)), false),
];

fn calls(name: &str) -> Option<Calls> {
    let (text, cwd, argv) = strace_text::sample(name)?;
    let mut calls = Calls::default();
    strace_text::replay(&strace_text::Text { text: &text, cwd: &cwd, argv }, &mut calls);
    Some(calls)
}

#[test]
fn simple_comparators_are_wrong_where_they_were_found_wrong() {
    println!("{:<28} {:<22} {:<7} ours (protocol)", "pair", "renacer's rule", "counts");
    for (pair, Rule { b, matched, passes }) in PAIRS.iter().zip(RULE) {
        assert_eq!(pair.b, *b);
        let (Some(one), Some(other)) = (calls(pair.a), calls(pair.b)) else {
            return println!("skipped: samples not here");
        };
        assert_eq!((one.matched(&other), !one.renacer_finds(&other)), (*matched, *passes), "{b}");
        let ours = compared([pair.a, pair.b], Level::Protocol).expect("the samples are here");
        let rule = matched.map_or("lengths differ".to_owned(), |(matched, of)| format!("{matched}/{of}"));
        let (rule, counts) = (format!("{} {rule}", word(*passes)), word(one.counts() == other.counts()));
        println!("{b:<28} {rule:<22} {counts:<7} {}", ours.verdict.word());
        // Ours is right of each: that is what `PAIRS` says.
        let differs = pair.differs.is_some_and(|from| from <= Level::Protocol);
        assert_eq!(ours.verdict == Verdict::Different, differs, "{b}");
    }
    let wrong = PAIRS.iter().zip(RULE).filter(|(pair, rule)| pair.differs.is_none() != rule.passes);
    let wrong: Vec<&str> = wrong.filter(|(_, rule)| rule.matched.is_some()).map(|(_, rule)| rule.b).collect();
    assert_eq!(wrong, ["mut_no_cloexec.00", "mut_req_changed.00", "mut_sigign.00", "rust_mt.03"]);
}

fn word(passes: bool) -> &'static str {
    if passes { "pass" } else { "fail" }
}
