//! The named mutants of the guests, as canonical forms: which finding comes first, about what, in which words.

mod sample;

use goldens::{Comparison, Form, Level, Options, Severity, Verdict, diff};
use sample::{MUT, edited, form, mut_contents, object, value};

/// What a mutant must give: verdict at `outcome`, `hermetic`, `protocol`; code, object and sentence of the first
/// finding where there is one.
struct Mutant {
    name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    cells: &'static str,
    code: &'static str,
    object: &'static str,
    sentence: &'static str,
}

const FINAL: &str = "file P $CWD/{TMP1}\n  open rw creat excl cloexec 0600\n  write 0..13 b3:600edbfc3ecb0150ce94d7a6fa1d8287\n  chmod 0644\n  fsync\n  close\n  rename $CWD/final\n";
const END_FINAL: &str = "end file $CWD/final mode=0644 size=13 b3:600edbfc3ecb0150ce94d7a6fa1d8287\n";
const DUR_FINAL: &str = "dur P $CWD/final replace=atomic content-before-name=yes name-durable=yes sync=fsync\n";
const DIR: &str = "dir P $CWD\n  open r cloexec dir\n  fsync\n  close\n";
const CONF: &str = "  open r cloexec\n  read 0..400 b3:f4f0961587a1bef20e565ca1d3df7b01\n  eof\n  close\n";
const STDOUT: &str = "  write 0..8 b3:ad97de5fcee5627d9b7083c0689802d8\n";
const END_STDOUT: &str = "end std stdout size=14 b3:416b77d076c97a469effc74a17af36f9\n";
const RENAME_EDGE: &str = "order P rename@file:$CWD/{TMP1} < fsync@dir:$CWD\n";
const DIR_EDGE: &str = "order P fsync@dir:$CWD < open@file:$CWD/lock\n";

#[rustfmt::skip]
const MUTANTS: &[Mutant] = &[
    Mutant { name: "byte_changed", edits: &[
        ("  write 0..13 b3:600edbfc3ecb0150ce94d7a6fa1d8287\n", "  write 0..13 @payload5\n"),
        ("mode=0644 size=13 b3:600edbfc3ecb0150ce94d7a6fa1d8287", "mode=0644 size=13 @payload5")],
        cells: "RRR", code: "file.bytes", object: "final", sentence: "final: content differs at byte 11: `4` -> `5`" },
    Mutant { name: "order_swap", edits: &[(STDOUT, "  write 0..8 @swapped\n"), (END_STDOUT, "end std stdout size=14 @out_swapped\n")],
        cells: "RRR", code: "out.order", object: "stdout", sentence: "stdout: lines 2,3 swapped" },
    Mutant { name: "exit_code", edits: &[("proc P exit=0", "proc P exit=3")],
        cells: "RRR", code: "exit", object: "P", sentence: "exit status 0 -> 3" },
    Mutant { name: "arg_changed", edits: &[("/bin/echo child\n", "/bin/echo child2\n"),
        ("  write 0..6 b3:f7cc10a11154b3cba8bafaf9e9d3d3b2\n", "  write 0..7 @child2\n"), (END_STDOUT, "end std stdout size=15 @out_child2\n")],
        cells: "RRR", code: "proc.args", object: "P/echo", sentence: "runs /bin/echo with `child2` instead of `child`" },
    Mutant { name: "req_changed", edits: &[
        ("  send 0..21 b3:d5698590cbf2e42316ce320e5a8770d6\n  recv 0..1680 b3:c5d85a6d0277069693253df92e98abb4\n", "  send 0..21 @request2\n  recv 0..31 @missing\n"),
        ("size=21 b3:d5698590cbf2e42316ce320e5a8770d6", "size=21 @request2")],
        cells: "RRR", code: "net.bytes", object: "tcp 127.0.0.1:18231", sentence: "sends `GET /in2` to 127.0.0.1:18231, was `GET /in1`" },
    Mutant { name: "extra_connect", edits: &[(DIR, "dir P $CWD\n  open r cloexec dir\n  fsync\n  close\ntcp P 127.0.0.1:18232\n  connect cloexec !ECONNREFUSED\n  close\n"),
        ("input net tcp:127.0.0.1:18231\n", "input net tcp:127.0.0.1:18231\ninput net tcp:127.0.0.1:18232\n")],
        cells: "RRR", code: "net.new", object: "tcp 127.0.0.1:18232", sentence: "now connects to 127.0.0.1:18232 (ECONNREFUSED)" },
    Mutant { name: "perm", edits: &[("  chmod 0644\n", "  chmod 0666\n"), ("final mode=0644", "final mode=0666")],
        cells: "RRR", code: "file.mode", object: "final", sentence: "final: mode 0644 -> 0666 (world-writable)" },
    Mutant { name: "tmp_left", edits: &[(DIR, "dir P $CWD\n  open r cloexec dir\n  fsync\n  close\nfile P $CWD/{TMP2}\n  open rw creat excl cloexec 0600\n  close\n"),
        (END_FINAL, "end file $CWD/final mode=0644 size=13 b3:600edbfc3ecb0150ce94d7a6fa1d8287\nend file $CWD/{TMP2} mode=0600 size=0 @nothing\n"),
        (DUR_FINAL, "dur P $CWD/final replace=atomic content-before-name=yes name-durable=yes sync=fsync\ndur P $CWD/{TMP2} replace=new content-before-name=na name-durable=no sync=none\n")],
        cells: "RRR", code: "file.new", object: "{TMP2}", sentence: "leaves temporary file `tmp.*` behind" },
    Mutant { name: "extra_open", edits: &[(DIR, "dir P $CWD\n  open r cloexec dir\n  fsync\n  close\nfile P /etc/hostname\n  open r\n  close\n"),
        ("input read $CWD/conf\n", "input read $CWD/conf\ninput read /etc/hostname\n")],
        cells: "-RR", code: "in.new", object: "/etc/hostname", sentence: "now reads /etc/hostname" },
    Mutant { name: "extra_miss", edits: &[(DIR, "dir P $CWD\n  open r cloexec dir\n  fsync\n  close\nfile P /etc/foo.conf\n  open r !ENOENT\n"),
        ("input read $CWD/conf\n", "input read $CWD/conf\ninput absent /etc/foo.conf\n")],
        cells: "-RR", code: "in.absent", object: "/etc/foo.conf", sentence: "now probes /etc/foo.conf (absent)" },
    Mutant { name: "no_tmp", edits: &[(FINAL, "file P $CWD/final\n  open w creat trunc cloexec 0644\n  write 0..13 @payload\n  fsync\n  close\n"),
        (DIR, ""), (RENAME_EDGE, ""), (DIR_EDGE, ""), ("order P umask@self:- < open@file:$CWD/{TMP1}\n", ""),
        (DUR_FINAL, "dur P $CWD/final replace=inplace content-before-name=na name-durable=no sync=fsync\n")],
        cells: "--R", code: "file.inplace", object: "final", sentence: "final is overwritten in place, was replaced atomically" },
    Mutant { name: "copy_not_rename", edits: &[
        (FINAL, "file P $CWD/{TMP1}\n  open rw creat excl cloexec 0600\n  write 0..13 @payload\n  chmod 0644\n  fsync\n  close\n  open r\n  read 0..13 @payload\n  eof\n  close\n  unlink\nfile P $CWD/final\n  open w creat trunc 0644\n  write 0..13 @payload\n  close\n"),
        (RENAME_EDGE, ""), (DUR_FINAL, "dur P $CWD/final replace=new content-before-name=na name-durable=yes sync=none\n")],
        cells: "--R", code: "file.inplace", object: "final", sentence: "final is replaced by a copy, was a rename" },
    Mutant { name: "no_fsync", edits: &[("  chmod 0644\n  fsync\n", "  chmod 0644\n"),
        (DUR_FINAL, "dur P $CWD/final replace=atomic content-before-name=no name-durable=yes sync=none\n")],
        cells: "--R", code: "dur.fsync", object: "final", sentence: "final: no longer synced before rename" },
    Mutant { name: "fsync_after_rename", edits: &[("  fsync\n  close\n  rename $CWD/final\n", "  rename $CWD/final\n  fsync\n  close\n"),
        (DUR_FINAL, "dur P $CWD/final replace=atomic content-before-name=no name-durable=yes sync=fsync\n")],
        cells: "--R", code: "dur.order", object: "final", sentence: "final: fsync now after rename" },
    Mutant { name: "fdatasync", edits: &[("  chmod 0644\n  fsync\n", "  chmod 0644\n  fdatasync\n"),
        (DUR_FINAL, "dur P $CWD/final replace=atomic content-before-name=yes name-durable=yes sync=fdatasync\n")],
        cells: "--W", code: "dur.fsync", object: "final", sentence: "final: fdatasync instead of fsync" },
    Mutant { name: "mmap_write", edits: &[("shape P std:stdout write 2\n", "shape P file:$CWD/{TMP1} mmap 1\nshape P std:stdout write 2\n")],
        cells: "--W", code: "io.shape", object: "final", sentence: "final: same content, now stored through a shared mapping" },
    Mutant { name: "fd_leak", edits: &[(CONF, "  open r cloexec\n  read 0..400 @conf\n  eof\n")],
        cells: "--R", code: "fd.leak", object: "conf", sentence: "conf: never closed, was closed" },
    Mutant { name: "no_cloexec", edits: &[(CONF, "  open r\n  read 0..400 @conf\n  eof\n  close\n")],
        cells: "--R", code: "fd.cloexec", object: "conf", sentence: "conf: opened without O_CLOEXEC, was with it" },
    Mutant { name: "no_lock", edits: &[("  lock ex nb\n  unlock\n", ""), ("order P lock@file:$CWD/lock < mkdir@dir:$CWD/exists\n", ""),
        ("order P mkdir@dir:$CWD/exists < unlock@file:$CWD/lock\n", "order P mkdir@dir:$CWD/exists < spawn@child:P/echo\n"),
        ("order P unlock@file:$CWD/lock < spawn@child:P/echo\n", "")],
        cells: "--R", code: "lock.lost", object: "lock", sentence: "no longer takes LOCK_EX on lock" },
    Mutant { name: "ignore_err", edits: &[("  mkdir 0755 !EEXIST\n  stat dir 0755\n", "  mkdir 0755 !EEXIST\n")],
        cells: "--R", code: "err.ignored", object: "exists", sentence: "after mkdir exists: EEXIST, no longer stats it" },
    Mutant { name: "read_twice", edits: &[(CONF, "  open r cloexec\n  read 0..400 @conf\n  eof\n  read 0..400 @conf\n  eof\n  close\n")],
        cells: "--W", code: "io.repeat", object: "conf", sentence: "reads conf twice, was once" },
    Mutant { name: "reopen_toctou", edits: &[(CONF, "  open r cloexec\n  read 0..400 @conf\n  eof\n  close\n  stat file 0644 400\n  open r cloexec\n  close\n")],
        cells: "--R", code: "toctou", object: "conf", sentence: "conf: checked by name, then opened again by name" },
    Mutant { name: "stat_storm", edits: &[("  stat file 0644 100\n", "  x50 stat file 0644 100\n")],
        cells: "--W", code: "io.repeat", object: "data", sentence: "stats data 50 times, was 1" },
    Mutant { name: "extra_thread", edits: &[("shape P std:stdout write 2\n", "fact P thread.count 2\nshape P std:stdout write 2\n")],
        cells: "--R", code: "thread.count", object: "P", sentence: "starts 1 thread more (2, was 1)" },
    Mutant { name: "setuid_call", edits: &[("self P -\n  umask 022\n", "self P -\n  umask 022\n  setgid own\n")],
        cells: "--R", code: "cred", object: "P", sentence: "now sets its group id (setgid)" },
    Mutant { name: "sigign", edits: &[("shape P std:stdout write 2\n", "fact P sig.SIGPIPE ignore\nshape P std:stdout write 2\n")],
        cells: "--R", code: "sig.disp", object: "P", sentence: "now ignores SIGPIPE" },
    Mutant { name: "mmap_exec", edits: &[("shape P std:stdout write 2\n", "fact P mem.wx 1\nshape P std:stdout write 2\n")],
        cells: "--R", code: "mem.wx", object: "P", sentence: "maps writable and executable memory" },
    Mutant { name: "no_wait", edits: &[("  spawn\n  reap exit=0\n", "  spawn\n"), ("order P reap@child:P/echo < connect@tcp:127.0.0.1:18231\n", "order P spawn@child:P/echo < connect@tcp:127.0.0.1:18231\n"),
        ("shape P std:stdout write 2\n", "fact P sleep.count 1\nfact P sleep.total 20\nshape P std:stdout write 2\n")],
        cells: "--R", code: "wait.lost", object: "P/echo", sentence: "no longer waits for child /bin/echo" },
    Mutant { name: "extra_sleep", edits: &[("shape P std:stdout write 2\n", "fact P sleep.count 1\nfact P sleep.total 50\nshape P std:stdout write 2\n")],
        cells: "--W", code: "sleep", object: "P", sentence: "sleeps 50 ms more" },
    Mutant { name: "write_1byte", edits: &[("shape P std:stdout write 2\n", "shape P file:$CWD/{TMP1} write 13\nshape P std:stdout write 2\n")],
        cells: "--W", code: "io.shape", object: "final", sentence: "writes final in 13 calls, was 1" },
    Mutant { name: "pwrite", edits: &[("shape P std:stdout write 2\n", "shape P file:$CWD/{TMP1} pwrite 1\nshape P std:stdout write 2\n")],
        cells: "--W", code: "io.shape", object: "final", sentence: "writes final with pwrite, was write" },
    Mutant { name: "write_split", edits: &[("shape P std:stdout write 2\n", "shape P std:stdout write 2\nshape P tcp:127.0.0.1:18231 send 2\n")],
        cells: "---", code: "", object: "", sentence: "" },
    Mutant { name: "getrandom", edits: &[], cells: "---", code: "", object: "", sentence: "" },
];

/// Guest `order`.
const ORDER: &str = "golden 1 level=protocol model=1 runs=5 platform=x86_64-glibc
argv $TARGET/guests/order base
stdin null
subst $CWD
seen kernel=6.18 libc=glibc-2.36 cpus=2 user=root lang=C
asserts 0 0
proc P exit=0 $TARGET/guests/order base
file P $CWD/db
  open w creat cloexec 0644
  write 0..6 @db
  fsync
  close
file P $CWD/first
  open w creat cloexec 0644
  close
file P $CWD/journal
  open w creat cloexec 0644
  write 0..16 @journal
  fsync
  close
file P $CWD/lock
  open rw creat cloexec 0600
  lock ex
  unlock
  close
file P $CWD/second
  open w creat cloexec 0644
  close
file P $CWD/shared
  open w creat cloexec 0644
  write 0..5 @shared
  close
std P stdin
  read 0..5 @name
  eof
std P stdout
  write 0..6 @hello
end file $CWD/db mode=0644 size=6 @db
end file $CWD/first mode=0644 size=0 @nothing
end file $CWD/journal mode=0644 size=16 @journal
end file $CWD/lock mode=0600 size=0 @nothing
end file $CWD/second mode=0644 size=0 @nothing
end file $CWD/shared mode=0644 size=5 @shared
end std stdout size=6 @hello
order P eof@std:stdin < write@std:stdout
order P write@std:stdout < open@file:$CWD/journal
order P fsync@file:$CWD/journal < open@file:$CWD/db
order P fsync@file:$CWD/journal < write@file:$CWD/db
order P fsync@file:$CWD/db < open@file:$CWD/first
order P open@file:$CWD/first < open@file:$CWD/second
order P open@file:$CWD/second < open@file:$CWD/lock
order P lock@file:$CWD/lock < open@file:$CWD/shared
order P write@file:$CWD/shared < unlock@file:$CWD/lock
";

#[rustfmt::skip]
const ORDER_MUTANTS: &[Mutant] = &[
    Mutant { name: "swap_files", edits: &[("order P fsync@file:$CWD/db < open@file:$CWD/first\norder P open@file:$CWD/first < open@file:$CWD/second\norder P open@file:$CWD/second < open@file:$CWD/lock\n",
        "order P fsync@file:$CWD/db < open@file:$CWD/second\norder P open@file:$CWD/second < open@file:$CWD/first\norder P open@file:$CWD/first < open@file:$CWD/lock\n")],
        cells: "--R", code: "order", object: "second", sentence: "writes second before first" },
    Mutant { name: "journal_after_db", edits: &[("order P fsync@file:$CWD/journal < open@file:$CWD/db\norder P fsync@file:$CWD/journal < write@file:$CWD/db\norder P fsync@file:$CWD/db < open@file:$CWD/first\n",
        "order P write@file:$CWD/journal < open@file:$CWD/db\norder P write@file:$CWD/db < fsync@file:$CWD/journal\norder P fsync@file:$CWD/journal < fsync@file:$CWD/db\norder P fsync@file:$CWD/db < open@file:$CWD/first\n")],
        cells: "--R", code: "dur.order", object: "db", sentence: "db is written before journal is durable" },
    Mutant { name: "print_before_read", edits: &[("order P eof@std:stdin < write@std:stdout\norder P write@std:stdout < open@file:$CWD/journal\n",
        "order P write@std:stdout < read@std:stdin\norder P eof@std:stdin < open@file:$CWD/journal\n")],
        cells: "--R", code: "order", object: "stdout", sentence: "writes stdout before reading stdin" },
    Mutant { name: "outside_lock", edits: &[("order P lock@file:$CWD/lock < open@file:$CWD/shared\norder P write@file:$CWD/shared < unlock@file:$CWD/lock\n",
        "order P unlock@file:$CWD/lock < open@file:$CWD/shared\n")],
        cells: "--R", code: "lock.scope", object: "shared", sentence: "shared is written outside the lock on lock" },
];

fn order_contents() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("db", b"dbdbdb".to_vec()),
        ("journal", vec![b'j'; 16]),
        ("shared", b"xxxxx".to_vec()),
        ("name", b"name\n".to_vec()),
        ("hello", b"hello\n".to_vec()),
        ("nothing", Vec::new()),
    ]
}

fn told(comparison: &Comparison) -> String {
    let line = |finding: &goldens::Finding| {
        format!(
            "{} {} {} {:?} with it {:?}",
            finding.code.word(),
            object(finding),
            finding.sentence,
            finding.follows_from,
            finding.with_it
        )
    };
    comparison.findings.iter().map(line).collect::<Vec<_>>().join("\n  ")
}

fn judge(mutant: &Mutant, base: &Form, changed: &Form, wrong: &mut Vec<String>) {
    let Mutant { name, cells, .. } = mutant;
    let levels = [Level::Outcome, Level::Hermetic, Level::Protocol];
    for (cell, level) in cells.chars().zip(levels) {
        let comparison = diff(base, changed, &Options::at(level));
        let expected = match cell {
            'R' => Verdict::Different,
            'W' => Verdict::SameWithWarnings,
            _ => Verdict::Same,
        };
        let text = told(&comparison);
        let mut complain = |what: String| wrong.push(format!("{name} at {level:?}: {what}\n  {text}"));
        if comparison.verdict != expected {
            complain(format!("{:?}, expected {expected:?}", comparison.verdict));
        }
        if expected == Verdict::Same {
            continue;
        }
        let Some(first) = comparison.findings.first() else { continue };
        if (first.code.word(), object(first).as_str(), first.sentence.as_str())
            != (mutant.code, mutant.object, mutant.sentence)
        {
            complain(format!("first is not {} {} {}", mutant.code, mutant.object, mutant.sentence));
        }
        let leaders = comparison.findings.iter().filter(|finding| finding.follows_from.is_none());
        if leaders.clone().filter(|finding| finding.severity <= Severity::Warning).count() > 3 {
            complain("more than 3 findings".into());
        }
        let opposite = diff(changed, base, &Options::at(level));
        if opposite.verdict != expected {
            wrong.push(format!("{name} mirrored at {level:?}: {:?}\n  {}", opposite.verdict, told(&opposite)));
        }
    }
}

#[test]
fn every_named_mutant_is_told_in_its_own_words() {
    let mut wrong = Vec::new();
    let contents = mut_contents();
    let base = form(MUT, &contents);
    for mutant in MUTANTS {
        let mut changed = form(&edited(MUT, mutant.edits), &contents);
        changed.temporaries.insert(value("$CWD/{TMP2}"), value("tmp.%2A"));
        judge(mutant, &base, &changed, &mut wrong);
    }
    let contents = order_contents();
    let base = form(ORDER, &contents);
    for mutant in ORDER_MUTANTS {
        judge(mutant, &base, &form(&edited(ORDER, mutant.edits), &contents), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_run_equals_itself_at_every_level() {
    let base = form(MUT, &mut_contents());
    for level in [Level::Outcome, Level::Hermetic, Level::Protocol, Level::Calls, Level::Exact] {
        let comparison = diff(&base, &base, &Options::at(level));
        assert!(comparison.is_equal(), "{level:?}: {}", told(&comparison));
        assert_eq!((comparison.verdict, comparison.diffs), (Verdict::Same, 0));
    }
}
