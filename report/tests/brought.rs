//! Documents that were brought: shown, and written as ours without losing a call.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use recording::document::{self, Brought, Call, Document, Options};
use report::Destination;
use report::document::{Form, show};
use report::json::JsonOptions;
use report::text::TextOptions;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one thread").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn shown(document: &Document<'_>, form: &Form) -> String {
    let page = Page::default();
    show(document, form, Destination::one(page.clone(), "a page")).expect("shown");
    let bytes = page.0.lock().expect("one thread").clone();
    String::from_utf8(bytes).expect("UTF-8")
}

fn read(bytes: &[u8]) -> Document<'_> {
    match document::read(bytes, &Options::default()) {
        Ok(Brought::Document(document)) => *document,
        other => panic!("no document: {other:?}"),
    }
}

fn json() -> JsonOptions {
    JsonOptions { durations: true, strings: None, version: "0.1.0".into(), ..JsonOptions::default() }
}

/// Every document of the samples that is at hand.
fn samples() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for dir in
        ["../recording/tests/documents", "../../shared/data/renacer/variants", "../../shared/data/renacer/golden/rust"]
    {
        let Ok(entries) = std::fs::read_dir(here.join(dir)) else {
            println!("skipped: samples not here: {dir}");
            continue;
        };
        paths.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
    }
    paths.sort();
    paths
}

#[test]
fn a_document_written_as_ours_and_read_again_holds_the_same_calls() {
    let mut count = 0;
    for path in samples() {
        let bytes = std::fs::read(&path).expect("readable");
        let Ok(Brought::Document(before)) = document::read(&bytes, &Options::default()) else { continue };
        for form in [Form::Json(json()), Form::JsonLines(json())] {
            let text = shown(&before, &form);
            let after = read(text.as_bytes());
            assert_eq!(after.notation, document::Notation::Ours, "{}", path.display());
            assert_eq!(after.calls.len(), before.calls.len(), "{}", path.display());
            for (at, (before, after)) in before.calls.iter().zip(&after.calls).enumerate() {
                assert_eq!(said(before), said(after), "{}: call {at}\n{text}", path.display());
            }
            assert_eq!(after.end.map(|end| end.exit_code), before.end.map(|end| end.exit_code), "{}", path.display());
        }
        count += 1;
    }
    assert!(count >= 8, "{count} documents were read");
}

/// What is known of a call: that something is not known may be said by leaving it out.
fn said(call: &Call<'_>) -> Call<'static> {
    use document::Argument;
    use std::borrow::Cow;
    let mut args: Option<Vec<Argument<'static>>> = call.args.as_ref().map(|args| args.iter().map(owned).collect());
    if let Some(args) = &mut args {
        while args.last() == Some(&Argument::NotKnown) {
            args.pop();
        }
    }
    Call {
        name: Cow::Owned(call.name.clone().into_owned()),
        args,
        others: Vec::new(),
        source: None,
        stamp: call.stamp,
        abi: call.abi,
        ..*call
    }
}

fn owned(argument: &document::Argument<'_>) -> document::Argument<'static> {
    use document::{Argument, Content};
    use std::borrow::Cow;
    match argument {
        Argument::NotKnown => Argument::NotKnown,
        Argument::Word(word) => Argument::Word(*word),
        Argument::Text(text) => Argument::Text(Cow::Owned(text.clone().into_owned())),
        Argument::Bytes(content) => {
            Argument::Bytes(Content { bytes: Cow::Owned(content.bytes.clone().into_owned()), len: content.len })
        }
    }
}

#[test]
fn what_is_not_known_is_shown_as_such() {
    let text = br#"{"format": "renacer-json-v1", "version": "0.6.2", "syscalls": [
        {"name": "mmap", "args": ["0x0", "0x2000", "0x3"], "result": 4096},
        {"name": "openat", "args": ["0xffffff9c", "\"/etc/hosts\"", "0x80000"], "result": -2},
        {"name": "write", "args": ["0x1", "0x7f00", "0x5"], "result": 5},
        {"name": "unknown", "args": ["0x1", "0x2", "0x3"], "result": 7}
    ]}"#;
    let expected = "\
mmap(NULL, 8192, PROT_READ|PROT_WRITE, ?, ?, ?) = 0x1000
openat(AT_FDCWD, \"/etc/hosts\", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)
write(1, 0x7f00, 5)                     = 5
unknown(0x1, 0x2, 0x3)                  = 7
";
    assert_eq!(shown(&read(text), &Form::Text(TextOptions::default())), expected);
}

#[test]
fn calls_without_arguments_or_result_are_shown_so() {
    let text = br#"{"syscalls": [
        {"name": "fork", "result": 12},
        {"name": "execve", "args": [["path", "/bin/sh"]]},
        {"name": "write", "args": {"fd": "1", "colour": "re\u001bd"}, "result": 1},
        {"name": "exit_group", "args": ["0"], "result": -1}
    ]}"#;
    let expected = "\
fork()                                  = 12
execve(\"/bin/sh\", ?, ?)                 = ? (not known)
write(1, ?, ?, colour=re\\x1bd)          = 1
exit_group(0)                           = ?
";
    assert_eq!(shown(&read(text), &Form::Text(TextOptions::default())), expected);
}

#[test]
fn our_own_document_reads_like_the_run() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recording/tests/documents/full.json");
    let bytes = std::fs::read(path).expect("a sample of ours");
    let text = shown(&read(&bytes), &Form::Text(TextOptions::default()));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "write(1, \"Hello, GoldenTest!\\n\", 19)    = 19");
    assert_eq!(lines[4], "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, ...} ---");
    assert_eq!(lines[7], "exit_group(3)                           = ?");
    assert_eq!(lines[8], "+++ exited with 3 +++");
}
