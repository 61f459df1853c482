//! The `-c` table.

mod stream;

use report::summary::{SortBy, Summary, SummaryOptions};

use stream::Stream;

/// The calls of the sample: number, result, time.
const CALLS: [(u64, i64, u64); 6] =
    [(59, 0, 312_000), (1, 19, 9120), (257, -2, 4310), (62, 0, 2950), (15, 0, 1800), (0, 40, 5230)];

fn run() -> Stream {
    let mut run = Stream::new();
    for (seq, (nr, result, took)) in (0..).zip(CALLS) {
        run.call(10, seq, nr, [0; 6], 1_000_000 * seq).returns(1_000_000 * seq + took, result);
    }
    run.call(10, 6, 231, [3, 0, 0, 0, 0, 0], 9_000_000).announced();
    run.call(10, 6, 231, [3, 0, 0, 0, 0, 0], 9_000_000).never_returns();
    run
}

fn table(run: &Stream, sort: SortBy) -> String {
    run.printed(|to| Summary::new(SummaryOptions { sort, ..SummaryOptions::default() }, to))
}

fn names(table: &str) -> Vec<&str> {
    let rows = table.lines().skip(2).take_while(|line| !line.starts_with("------"));
    rows.map(|line| line.split_whitespace().next_back().expect("a name")).collect()
}

#[test]
fn the_table_is_the_sample() {
    assert_eq!(table(&run(), SortBy::Time), include_str!("samples/full.summary.txt"));
}

#[test]
fn rows_come_in_the_order_asked_for() {
    let by = |sort| names(&table(&run(), sort)).join(" ");
    assert_eq!(by(SortBy::Name), "execve exit_group kill openat read rt_sigreturn write");
    assert_eq!(by(SortBy::Errors), "openat execve write read kill rt_sigreturn exit_group");
    assert_eq!(by(SortBy::Nothing), "read write rt_sigreturn execve kill exit_group openat");
    assert_eq!(SortBy::by_key("avg-time"), Some(SortBy::AverageTime));
    assert_eq!(SortBy::by_key("colour"), None);
}

#[test]
fn nothing_is_no_percent_of_nothing() {
    let nothing = Stream::new();
    let lines = table(&nothing, SortBy::Time);
    assert_eq!(lines.lines().last(), Some("  0.00    0.000000           0         0           total"));
    let mut unnamed = Stream::new();
    unnamed.call(10, 0, 500, [0; 6], 0).returns(0, -38);
    assert_eq!(names(&table(&unnamed, SortBy::Time)), ["syscall_0x1f4"]);
}
