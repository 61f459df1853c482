//! Documents of ours: nothing is lost.

use recording::document::{Argument, Notation, Outcome};

use crate::samples::{document, sample};

#[test]
fn our_own_document_and_its_lines_hold_the_same_calls() {
    let (Some(whole), Some(lines)) = (sample("sample/full.json"), sample("sample/full.jsonl")) else { return };
    let (whole, lines) = (document(&whole), document(&lines));
    assert_eq!(whole.calls, lines.calls);
    assert_eq!(whole.notation, Notation::Ours);
    assert!(whole.is_complete() && lines.is_complete(), "{:?} {:?}", whole.incomplete, lines.incomplete);
    assert!(whole.warnings.is_empty() && whole.unknown_keys.is_empty(), "{whole:?}");
    assert_eq!(whole.end, lines.end);
    assert_eq!(whole.end.map(|end| (end.exit_code, end.certain)), Some((3, true)));
    let kinds = |document: &recording::document::Document<'_>| {
        document.happenings.iter().map(|it| (it.kind.clone().into_owned(), it.after_calls)).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&whole), kinds(&lines));
    assert_eq!(kinds(&whole), [("signal".to_owned(), 4), ("exit".to_owned(), 7)]);
}

#[test]
fn payloads_say_what_strings_cannot() {
    let Some(bytes) = sample("sample/full.json") else { return };
    let document = document(&bytes);
    let Argument::Bytes(read) = document.calls[5].argument(1) else { panic!("no content") };
    assert!(read.bytes.starts_with(b"\xff\xfe\0AB") && read.bytes.len() == 32 && read.len == 40);
    let Argument::Bytes(path) = document.calls[2].argument(1) else { panic!("no path") };
    assert_eq!(&*path.bytes, b"/tmp/a\"b\n\\c");
    assert_eq!(document.calls[6].outcome, Outcome::NoReturn);
    assert_eq!(document.calls[3].word(1), Some(10), "SIGUSR1");
}

#[test]
fn the_compact_form_is_the_documented_notation() {
    let Some(bytes) = sample("sample/minimal.json") else { return };
    let document = document(&bytes);
    assert_eq!((document.notation, document.calls.len()), (Notation::Documented, 3));
    assert!(document.is_complete());
}
