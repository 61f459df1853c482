//! Tables of `-c`.

use crate::samples::{refused, sample, table};

#[test]
fn published_tables_are_counts() {
    // File, names, calls, errors, phrases of the warnings.
    let cases: [(&str, usize, u64, u64, &[&str]); 4] = [
        ("golden/trivial_cli_rust_summary.txt", 19, 65, 2, &[]),
        ("wild/pmat.version_summary.txt", 27, 436, 10, &["its header line is missing"]),
        ("wild/trueno.backend_detection_summary.txt", 19, 81, 2, &["29 lines before the table are no part of it"]),
        ("sample/full.summary.txt", 7, 7, 1, &[]),
    ];
    for (name, names, calls, errors, warnings) in cases {
        let Some(bytes) = sample(name) else { continue };
        let table = table(&bytes);
        assert_eq!((table.rows.len(), table.total.calls, table.total.errors), (names, calls, errors), "{name}");
        assert_eq!(table.warnings, warnings, "{name}");
    }
    let Some(bytes) = sample("golden/trivial_cli_rust_summary.txt") else { return };
    let first = &table(&bytes).rows[0];
    assert_eq!((&*first.name, first.calls, first.errors, first.total_ns, first.share), ("mmap", 13, 0, 126_000, 2246));
}

#[test]
fn an_older_total_without_its_third_column_is_read() {
    let text = b"% time     seconds  usecs/call     calls    errors syscall\n\
        ------ ----------- ----------- --------- --------- ----------------\n\
        \x20100.00    0.000010          10         2         1 access\n\
        ------ ----------- ----------- --------- --------- ----------------\n\
        100.00    0.000010                     2         1 total\n";
    assert_eq!(table(text).total.errors, 1);
}

#[test]
fn tables_that_do_not_add_up_are_refused() {
    let table = |total: &str| {
        format!(
            "------ ----------- ----------- --------- --------- ----------------\n\
             60.00    0.000030          10         3           write\n\
             40.00    0.000020          20         1         1 access\n\
             ------ ----------- ----------- --------- --------- ----------------\n{total}"
        )
    };
    let cases = [
        ("100.00    0.000050          12         5         1 total\n", "4 calls, total says 5"),
        ("100.00    0.000050          12         4         2 total\n", "1 error, total says 2"),
        ("100.20    0.000050          12         4         1 total\n", "100.00 %, total says 100.20 %"),
        ("", "total is missing"),
    ];
    for (total, phrase) in cases {
        let message = refused(table(total).as_bytes()).to_string();
        assert!(message.contains(phrase), "{message}");
    }
}
