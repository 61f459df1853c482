//! Every spelling in public use: how many calls, in which notation, and what is said.

use recording::document::{Argument, Document, Notation, Outcome};

use crate::samples::{document, sample};

/// File, calls, notation, phrase of incompleteness (empty: complete), phrases among the warnings.
type Expected = (&'static str, usize, Notation, &'static str, &'static [&'static str]);

const VARIANTS: [Expected; 18] = [
    ("v01_decoded.json", 1, Notation::Documented, "no summary", &[]),
    ("v03_hex_with_strings.json", 3, Notation::Documented, "no summary", &[]),
    ("v04_strace_style.json", 6, Notation::Documented, "", &[]),
    ("v05_pairs.json", 1, Notation::Documented, "no summary", &[]),
    (
        "v05_pairs_wrong_count.json",
        1,
        Notation::Documented,
        "no summary",
        &[
            "the content of 1 argument is not known: /syscalls/0, argument 1: a text of 14 bytes, the call moved 15 bytes",
        ],
    ),
    ("v06_named_args.json", 2, Notation::Documented, "no exit code", &["1 argument that are no strings"]),
    ("v07_return_value.json", 1, Notation::Documented, "no exit code", &[]),
    ("v08_return_int.json", 1, Notation::Documented, "no summary", &[]),
    ("v09_process_block.json", 3, Notation::Documented, "its summary counts 71 calls, 3 are listed", &[]),
    (
        "v10_lamport.json",
        3,
        Notation::Documented,
        "no summary",
        &["arguments of 2 calls are not known", "the result of 1 call is not known"],
    ),
    ("v11_events.ndjson", 2, Notation::Documented, "no end line", &["arguments of 1 call are not known"]),
    ("v12_single_event.json", 1, Notation::Documented, "no end", &[]),
    ("v13_processes.json", 2, Notation::Documented, "no summary", &[]),
    ("v14_output_after.json", 1, Notation::Registers, "", &["1 line, 5 bytes behind the document are no part of it"]),
    ("v15_successor.json", 3, Notation::Registers, "", &[]),
    ("v16_bom_crlf.json", 1, Notation::Documented, "", &["it begins with a byte-order mark", "its lines end in CR LF"]),
    ("v17_quotes_in_content.json", 2, Notation::Documented, "", &[]),
    ("v18_shifted_names.json", 8, Notation::Registers, "", &["7 names translated: renacer 0.6.2"]),
];

#[test]
fn every_variant_gives_its_calls_and_its_warnings() {
    for (name, calls, notation, incomplete, warnings) in VARIANTS {
        let Some(bytes) = sample(&format!("variants/{name}")) else { continue };
        let document = document(&bytes);
        assert_eq!((document.calls.len(), document.notation), (calls, notation), "{name}");
        let reasons = document.incomplete.join("; ");
        assert_eq!(document.is_complete(), incomplete.is_empty(), "{name}: {reasons}");
        assert!(reasons.contains(incomplete), "{name}: {reasons}");
        assert_eq!(document.warnings.len(), warnings.len(), "{name}: {:?}", document.warnings);
        for phrase in warnings {
            assert!(
                document.warnings.iter().any(|warning| warning.contains(phrase)),
                "{name}: {:?}",
                document.warnings
            );
        }
    }
}

fn variant(name: &str, test: impl FnOnce(&Document<'_>)) {
    if let Some(bytes) = sample(&format!("variants/{name}")) {
        test(&document(&bytes));
    }
}

fn content<'d>(document: &'d Document<'_>, call: usize, arg: usize) -> &'d [u8] {
    match document.calls[call].args.as_deref().and_then(|args| args.get(arg)) {
        Some(Argument::Bytes(content)) => &content.bytes,
        other => panic!("no content: {other:?}"),
    }
}

#[test]
fn content_is_read_in_every_spelling() {
    variant("v01_decoded.json", |document| assert_eq!(content(document, 0, 1), b"Hello, GoldenTest!\n"));
    variant("v03_hex_with_strings.json", |document| {
        assert_eq!(document.calls[0].args, Some(vec![Argument::Word(0)]), "brk has one argument");
        assert_eq!(content(document, 1, 1), b"/etc/ld.so.cache");
        assert_eq!(document.calls[1].int(0), Some(-100));
        assert_eq!(content(document, 2, 1), b"Hello, Bob!\n");
    });
    variant("v05_pairs.json", |document| assert_eq!(content(document, 0, 1), b"Graph created\n"));
    variant("v05_pairs_wrong_count.json", |document| {
        assert_eq!(document.calls[0].argument(1), &Argument::NotKnown);
        assert_eq!(document.calls[0].word(2), Some(15));
    });
    variant("v11_events.ndjson", |document| {
        assert_eq!(content(document, 1, 1), b"child");
        assert_eq!(document.calls[1].pid, Some(1235));
        assert_eq!(document.calls[0].args, None);
    });
    variant("v12_single_event.json", |document| assert_eq!(content(document, 0, 1), b"test\n"));
    variant("v17_quotes_in_content.json", |document| {
        assert_eq!(content(document, 0, 1), b"\"x\"");
        assert_eq!(content(document, 1, 1), b"x");
    });
}

#[test]
fn arguments_by_name_take_the_order_of_the_table() {
    variant("v06_named_args.json", |document| {
        assert_eq!(document.calls[0].int(0), Some(-100));
        assert_eq!(content(document, 0, 1), b"/etc/ld.so.cache");
        assert_eq!(document.calls[0].word(2), Some(0x80000));
        assert_eq!(document.calls[0].duration_ns, Some(12345));
        assert_eq!(document.calls[1].word(0), Some(3));
        assert_eq!(document.calls[0].outcome, Outcome::Returned(3));
        assert_eq!(document.command.as_deref().map(|words| words.join(" ")).as_deref(), Some("ls"));
    });
    variant("v10_lamport.json", |document| {
        assert_eq!(content(document, 1, 0), b"/bin/sh");
        assert_eq!(document.calls[1].outcome, Outcome::NotKnown);
        assert_eq!(document.calls[1].lamport, Some(43));
    });
}

#[test]
fn results_times_and_tasks_are_read_in_every_spelling() {
    variant("v04_strace_style.json", |document| {
        assert_eq!(document.calls[5].outcome, Outcome::NoReturn, "-1 stands for no result");
        assert_eq!(document.calls[0].duration_ns, Some(234_000));
        assert_eq!(document.calls[0].source.as_ref().and_then(|source| source.line), Some(127));
        assert!(matches!(document.calls[1].argument(1), Argument::Text(text) if text.starts_with("{st_mode=")));
    });
    variant("v07_return_value.json", |document| {
        assert_eq!(document.calls[0].outcome, Outcome::Returned(3));
        assert_eq!(document.calls[0].pid, Some(12345));
        assert_eq!(document.calls[0].stamp.map(|stamp| stamp.ns), Some(1_763_548_245_123_456_000));
    });
    variant("v09_process_block.json", |document| {
        assert_eq!(document.calls[0].pid, Some(12346));
        assert_eq!(document.calls[1].duration_ns, Some(2000));
        assert_eq!(document.unknown_keys, ["/trace_id"]);
    });
    variant("v13_processes.json", |document| {
        assert_eq!(document.calls.iter().map(|call| call.pid).collect::<Vec<_>>(), [Some(12345), Some(12346)]);
    });
    variant("v15_successor.json", |document| {
        assert_eq!(document.calls[0].name, "getegid", "0.72 has the right names");
        let stamp = document.calls[2].stamp.expect("a time");
        assert!(stamp.exit && stamp.ns == 455_000);
        assert_eq!(document.calls[2].tid, Some(12346));
    });
}

#[test]
fn the_seven_wrong_names_are_translated() {
    variant("v18_shifted_names.json", |document| {
        let names: Vec<&str> = document.calls.iter().map(|call| &*call.name).collect();
        assert_eq!(names, ["geteuid", "getuid", "getegid", "setpgid", "getppid", "getpgrp", "setsid", "setreuid"]);
        assert_eq!(document.calls[7].args.as_ref().map(Vec::len), Some(2), "setreuid has two arguments");
        assert_eq!(document.calls[0].args.as_ref().map(Vec::len), Some(0), "leftovers of registers are dropped");
    });
}
