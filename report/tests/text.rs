//! The text, line by line as strace 6.1 printed it for programs that did the same.

mod stream;

use recording::event::Shape;
use report::text::{Clock, Precision, Prefix, Quiet, Text, TextOptions};
use report::{Shown, shown::Outcomes};

use stream::Stream;

const READ: u64 = 0;
const CLOSE: u64 = 3;
const PAUSE: u64 = 34;
const GETPID: u64 = 39;
const KILL: u64 = 62;
const UMASK: u64 = 95;
const RESTART: u64 = 219;
const EXIT_GROUP: u64 = 231;

fn text(stream: &Stream, options: TextOptions) -> String {
    stream.printed(|to| Text::new(options.clone(), to))
}

fn plain() -> TextOptions {
    TextOptions::default()
}

fn to_file() -> TextOptions {
    TextOptions { prefix: Prefix::Always, ..TextOptions::default() }
}

#[test]
fn what_a_profile_adds_is_no_line_and_breaks_none() {
    let run = |profile: bool| {
        let mut run = Stream::new();
        run.born(10, 0, 1, 4, 10, "", &[]);
        run.call(10, 0, CLOSE, [3, 0, 0, 0, 0, 0], 0).returns(1000, 0);
        if profile {
            run.profile(10, 1, 500);
        }
        run.call(10, 2, UMASK, [0o22, 0, 0, 0, 0, 0], 6000).returns(7000, 0);
        run.died(10, 3, 9000, 0);
        run
    };
    assert_eq!(text(&run(true), plain()), text(&run(false), plain()));
    assert_eq!(text(&run(true), to_file()).lines().count(), 3);
}

#[test]
fn results_stand_in_column_forty_or_behind_a_space() {
    let mut run = Stream::new();
    run.call(10, 0, CLOSE, [3, 0, 0, 0, 0, 0], 0).returns(1000, 0);
    run.call(10, 1, CLOSE, [3, 0, 0, 0, 0, 0], 2000).returns(3000, -9);
    run.call(10, 2, 500, [1, 2, 3, 4, 5, 6], 4000).returns(5000, -38);
    run.call(10, 3, UMASK, [0o22, 0, 0, 0, 0, 0], 6000).returns(7000, 0);
    run.call(10, 4, EXIT_GROUP, [0; 6], 8000).never_returns();
    run.died(10, 5, 9000, 0);
    assert_eq!(
        text(&run, plain()),
        "\
close(3)                                = 0
close(3)                                = -1 EBADF (Bad file descriptor)
syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)
umask(022)                              = 000
exit_group(0)                           = ?
+++ exited with 0 +++
"
    );
    let narrow = TextOptions { column: 9, ..plain() };
    assert!(text(&run, narrow).starts_with("close(3) = 0\nclose(3) = -1 EBADF"));
}

#[test]
fn a_line_is_split_exactly_when_another_task_has_a_line_between() {
    let mut run = Stream::new();
    run.born(10, 0, 1, 4, 10, "", &[]);
    run.born(11, 0, 10, 0, 11, "", &[]);
    // Announced, and 11 prints between: split.
    run.call(10, 0, READ, [3, 0x7000, 5, 0, 0, 0], 1000).announced();
    run.call(11, 0, GETPID, [0; 6], 2000).returns(2500, 11);
    run.call(10, 0, READ, [3, 0x7000, 5, 0, 0, 0], 1000).after(1, Shape::Bytes, b"hello").returns(3000, 5);
    // Announced, and nothing comes between: whole.
    run.call(10, 1, READ, [3, 0x7000, 5, 0, 0, 0], 4000).announced();
    run.call(10, 1, READ, [3, 0x7000, 5, 0, 0, 0], 4000).after(1, Shape::Bytes, b"world").returns(5000, 5);
    let expected = "\
10    read(3,  <unfinished ...>
11    getpid()                          = 11
10    <... read resumed>\"hello\", 5)     = 5
10    read(3, \"world\", 5)               = 5
";
    assert_eq!(text(&run, to_file()), expected);
    assert_eq!(
        text(&run, plain()),
        "\
[pid    10] read(3,  <unfinished ...>
[pid    11] getpid()                    = 11
[pid    10] <... read resumed>\"hello\", 5) = 5
[pid    10] read(3, \"world\", 5)         = 5
"
    );
    // What is not shown splits nothing, and with only some outcomes nothing is printed before the exit.
    let filter = syscalls::Filter::parse("read").expect("a filter");
    let reads = TextOptions { shown: Shown { calls: Some(filter), ..Shown::default() }, ..to_file() };
    assert_eq!(
        text(&run, reads),
        "10    read(3, \"hello\", 5)               = 5\n10    read(3, \"world\", 5)               = 5\n"
    );
    let successes = TextOptions { shown: Shown { outcomes: Outcomes::SUCCESSFUL, ..Shown::default() }, ..to_file() };
    assert_eq!(
        text(&run, successes),
        "\
11    getpid()                          = 11
10    read(3, \"hello\", 5)               = 5
10    read(3, \"world\", 5)               = 5
"
    );
}

#[test]
fn a_task_that_ends_inside_a_call_leaves_a_question_mark() {
    let mut run = Stream::new();
    run.born(10, 0, 1, 4, 10, "", &[]);
    run.call(10, 0, READ, [3, 0x7000, 5, 0, 0, 0], 1000).never_returns();
    run.died(10, 1, 2000, 9);
    assert_eq!(text(&run, plain()), "read(3,  <unfinished ...>)              = ?\n+++ killed by SIGKILL +++\n");
    let mut run = Stream::new();
    run.born(10, 0, 1, 4, 10, "", &[]);
    run.call(10, 0, PAUSE, [0; 6], 1000).never_returns();
    run.died(10, 1, 2000, 0x8b);
    assert_eq!(
        text(&run, plain()),
        "pause()                                 = ?\n+++ killed by SIGSEGV (core dumped) +++\n"
    );
}

#[test]
fn a_task_that_is_let_go_inside_a_call_says_so() {
    let mut run = Stream::new();
    run.born(10, 0, 0, 5, 10, "", &[]);
    run.call(10, 0, READ, [3, 0x7000, 5, 0, 0, 0], 1000).never_returns();
    run.detached(10, 1, 2000, "interrupted");
    assert_eq!(text(&run, plain()), "read(3,  <detached ...>\n");
    let spoken = TextOptions { speaker: Some("chic-trace".into()), ..plain() };
    assert_eq!(
        text(&run, spoken),
        "chic-trace: Process 10 attached\nread(3,  <detached ...>\nchic-trace: Process 10 detached\n"
    );
}

#[test]
fn a_thread_that_calls_exec_goes_on_under_the_id_of_its_process() {
    let mut run = Stream::new();
    run.born(10, 0, 1, 4, 10, "", &[]);
    run.born(11, 0, 10, 3, 10, "", &[]);
    run.call(10, 0, PAUSE, [0; 6], 1000).announced();
    run.call(11, 0, 59, [0x7000, 0, 0, 0, 0, 0], 2000).before(0, Shape::Text, b"/bin/true").announced();
    run.call(10, 0, PAUSE, [0; 6], 1000).never_returns();
    run.other(|record| {
        record.begin(recording::event::Kind::Died, 48, 10, 1, stream::START + 3000);
        record.put_u32(32, 11);
        record.put_u8(36, 2);
        record.put_u32(40, 10);
    });
    run.exec(10, 2, 3000, 11);
    run.call(11, 0, 59, [0x7000, 0, 0, 0, 0, 0], 2000).before(0, Shape::Text, b"/bin/true").returns(4000, 0);
    run.call(10, 3, GETPID, [0; 6], 5000).returns(5500, 10);
    let lines = text(&run, plain());
    let expected = "\
[pid    10] pause( <unfinished ...>
[pid    11] execve(\"/bin/true\", NULL, NULL <unfinished ...>
[pid    10] <... pause resumed>)        = ?
+++ superseded by execve in pid 11 +++
<... execve resumed>)                   = 0
getpid()                                = 10
";
    assert_eq!(lines, expected);
    let quiet = TextOptions { quiet: Quiet::level(3), ..plain() };
    assert!(!text(&run, quiet).contains("superseded"));

    let dir = tempfile::tempdir().expect("a directory");
    let options = TextOptions { prefix: Prefix::Never, ..plain() };
    run.give(&mut Text::new(options, report::Destination::PerTask { base: dir.path().join("trace"), append: false }));
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a file");
    assert_eq!(read("trace.11"), "execve(\"/bin/true\", NULL, NULL <pid changed to 10 ...>\n");
    assert_eq!(
        read("trace.10"),
        "\
pause()                                 = ?
+++ superseded by execve in pid 11 +++
<... execve resumed>)                   = 0
getpid()                                = 10
"
    );
}

#[test]
fn signals_stops_and_restarts_read_as_in_strace() {
    let mut run = Stream::new();
    run.call(10, 0, PAUSE, [0; 6], 1000).returns(2000, -514);
    run.signal(10, 1, 3000, 19, 0, &[9, 0]);
    run.stopped(10, 2, 4000, 19);
    run.signal(10, 3, 5000, 18, 0, &[9, 0]);
    run.call(10, 4, RESTART, [0; 6], 6000).returns(7000, 0);
    run.died(10, 5, 9000, 37);
    assert_eq!(
        text(&run, plain()),
        "\
pause()                                 = ? ERESTARTNOHAND (To be restarted if no handler)
--- SIGSTOP {si_signo=SIGSTOP, si_code=SI_USER, si_pid=9, si_uid=0} ---
--- stopped by SIGSTOP ---
--- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=9, si_uid=0} ---
restart_syscall(<... resuming interrupted pause ...>) = 0
+++ killed by SIGRT_5 +++
"
    );
    let only_stop = TextOptions { shown: Shown { signals: Some(1 << 18), ..Shown::default() }, ..plain() };
    let lines = text(&run, only_stop);
    assert!(
        lines.contains("stopped by SIGSTOP") && !lines.contains("SIGCONT") && !lines.contains("SIGRT_5"),
        "{lines}"
    );
}

#[test]
fn times_stand_where_strace_puts_them() {
    let mut run = Stream::new();
    run.call(10, 0, GETPID, [0; 6], 1_234_567).returns(1_235_691, 10);
    run.call(10, 1, GETPID, [0; 6], 2_500_000_000).returns(2_500_002_000, 10);
    let with = |time, relative, duration| text(&run, TextOptions { time, relative, duration, column: 0, ..plain() });
    let clock = |epoch, precision| Some(Clock { epoch, precision });
    use Precision::{Micros, Millis, Nanos, Seconds};
    assert_eq!(with(clock(false, Seconds), None, None), "22:13:20 getpid() = 10\n22:13:22 getpid() = 10\n");
    assert_eq!(
        with(clock(false, Micros), None, None),
        "22:13:20.001234 getpid() = 10\n22:13:22.500000 getpid() = 10\n"
    );
    assert_eq!(
        with(clock(true, Micros), Some(Micros), Some(Micros)),
        "1700000000.001234 (+     0.000000) getpid() = 10 <0.000001>\n\
         1700000002.500000 (+     2.498765) getpid() = 10 <0.000002>\n"
    );
    assert_eq!(
        with(None, Some(Millis), Some(Nanos)),
        "     0.000 getpid() = 10 <0.000001124>\n     2.498 getpid() = 10 <0.000002000>\n"
    );
    assert_eq!(with(None, Some(Seconds), Some(Seconds)), "     0 getpid() = 10 <0>\n     2 getpid() = 10 <0>\n");
    let numbered = TextOptions { number: true, pointer: true, column: 0, ..plain() };
    assert!(text(&run, numbered).starts_with("[  39] [00007f0012345678] getpid() = 10\n"));
}

#[test]
fn a_change_of_word_size_is_told() {
    let mut run = Stream::new();
    run.call_in(1, 10, 0, 20, [0; 6], 0).returns(1, 10);
    run.call(10, 1, GETPID, [0; 6], 2).returns(3, 10);
    assert_eq!(
        text(&run, plain()),
        "\
[ Process PID=10 runs in 32 bit mode. ]
getpid()                                = 10
[ Process PID=10 runs in 64 bit mode. ]
getpid()                                = 10
"
    );
    let quiet = TextOptions { quiet: Quiet::level(1), ..plain() };
    assert!(!text(&run, quiet).contains("mode"));
}

#[test]
fn outcomes_select_lines() {
    let mut run = Stream::new();
    run.call(10, 0, CLOSE, [3, 0, 0, 0, 0, 0], 0).returns(1000, 0);
    run.call(10, 1, CLOSE, [4, 0, 0, 0, 0, 0], 0).returns(1000, -9);
    run.call(10, 2, EXIT_GROUP, [0; 6], 8000).never_returns();
    let with = |outcomes| text(&run, TextOptions { shown: Shown { outcomes, ..Shown::default() }, ..plain() });
    assert_eq!(with(Outcomes::SUCCESSFUL), "close(3)                                = 0\n");
    assert_eq!(with(Outcomes::FAILED), "close(4)                                = -1 EBADF (Bad file descriptor)\n");
    let unfinished = Outcomes { unfinished: true, ..Outcomes::NONE };
    assert_eq!(with(unfinished), "exit_group(0)                           = ?\n");
}

#[test]
fn each_task_has_its_own_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let base = dir.path().join("trace");
    let mut run = Stream::new();
    run.born(10, 0, 1, 4, 10, "", &[]);
    run.born(11, 0, 10, 0, 11, "", &[]);
    run.call(10, 0, READ, [3, 0x7000, 5, 0, 0, 0], 1000).announced();
    run.call(11, 0, GETPID, [0; 6], 2000).returns(2500, 11);
    run.call(10, 0, READ, [3, 0x7000, 5, 0, 0, 0], 1000).after(1, Shape::Bytes, b"hello").returns(3000, 5);
    run.died(11, 1, 3500, 0);
    run.call(10, 1, KILL, [10, 9, 0, 0, 0, 0], 4000).never_returns();
    run.died(10, 2, 5000, 9);
    let options = TextOptions { prefix: Prefix::Never, ..plain() };
    run.give_live(&mut Text::new(options, report::Destination::PerTask { base, append: false }));
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a file");
    assert_eq!(
        read("trace.10"),
        "\
read(3, \"hello\", 5)                     = 5
kill(10, SIGKILL)                       = ?
+++ killed by SIGKILL +++
"
    );
    assert_eq!(read("trace.11"), "getpid()                                = 11\n+++ exited with 0 +++\n");
}
