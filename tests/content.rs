//! What a program moved comes back from its recording byte by byte, in every form that shows it.

mod programs;

use std::path::Path;

use programs::{build, can_trace, output, room, run, text};
use serde_json::Value;

/// blake3-256 of the 1 MiB that `outpour` writes in one call.
const LONG_HASH: &str = "0781cffe3355e7e8d9f56d8a680f914a44eb2ad8cc0975b98fb4015efc358ae3";

/// What `outpour` writes to its standard output: three calls.
struct Poured {
    room: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Poured {
    /// Records it with these further options; nothing when nothing can be traced.
    fn new(options: &[&str]) -> Option<Poured> {
        if !can_trace() {
            return None;
        }
        let room = room();
        let program = build("outpour", None, room.path());
        let mut command = programs::chic_trace();
        command.current_dir(room.path()).args(["record", "--golden", "-o", "run.ctrace"]).args(options);
        let run = output(command.arg("--").arg(program));
        assert!(run.status.success(), "{}", text(&run.stderr));
        assert_eq!(run.stdout.len(), 256 + (1 << 20) + 300_000);
        Some(Poured { room, bytes: run.stdout })
    }

    fn path(&self) -> &Path {
        self.room.path()
    }

    /// The three parts of what was written.
    fn parts(&self) -> [&[u8]; 3] {
        let (all, rest) = self.bytes.split_at(256);
        let (long, vector) = rest.split_at(1 << 20);
        [all, long, vector]
    }

    /// The calls of the document: those that wrote, and those that made files.
    fn document(&self, format: &str) -> Vec<Value> {
        let run = run(self.path(), &[&"report", &"run.ctrace", &"--format", &format]);
        assert!(run.status.success(), "{}", text(&run.stderr));
        let text = String::from_utf8(run.stdout).expect("the document is UTF-8");
        match format {
            "jsonl" => text.lines().map(|line| serde_json::from_str(line).expect(line)).collect(),
            _ => {
                let document: Value = serde_json::from_str(&text).expect("a document");
                document["syscalls"].as_array().expect("calls").clone()
            }
        }
    }
}

/// The calls of this name that gave this result.
fn of<'a>(calls: &'a [Value], name: &'a str, result: u64) -> Vec<&'a Value> {
    calls.iter().filter(|call| call["name"] == name && call["result"] == result).collect()
}

/// The content of an argument: its string, or the bytes beside it.
fn content(call: &Value, arg: u64) -> Vec<u8> {
    let payloads = call["payloads"].as_array().map_or(&[][..], Vec::as_slice);
    match payloads.iter().find(|payload| payload["arg"] == arg) {
        None => call["args"][arg as usize].as_str().expect("a string").into(),
        Some(payload) => {
            assert_eq!(payload["kept"], payload["len"], "not whole");
            unbase64(payload["base64"].as_str().expect("base64"))
        }
    }
}

fn unbase64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters: Vec<u8> = text.bytes().filter(|letter| *letter != b'=').collect();
    let value = |letter: u8| LETTERS.iter().position(|own| *own == letter).expect("a letter of base64") as u32;
    let group = |group: &[u8]| {
        let bits = group.iter().enumerate().fold(0, |bits, (i, letter)| bits | value(*letter) << (18 - 6 * i));
        [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8].into_iter().take(group.len() * 6 / 8).collect::<Vec<_>>()
    };
    letters.chunks(4).flat_map(group).collect()
}

/// The bytes of the strings in C notation within a text, one behind the other.
fn unquoted(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut inside = false;
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'"' => inside = !inside,
            b'\\' if inside => {
                let octal = rest.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
                if octal > 0 {
                    bytes.push(rest[..octal].iter().fold(0u32, |value, digit| value * 8 + u32::from(digit - b'0')) as u8);
                    rest = &rest[octal..];
                } else {
                    let letter = rest[0];
                    let names = [(b't', 9), (b'n', 10), (b'v', 11), (b'f', 12), (b'r', 13)];
                    bytes.push(names.iter().find(|name| name.0 == letter).map_or(letter, |name| name.1));
                    rest = &rest[1..];
                }
            }
            byte if inside => bytes.push(*byte),
            _ => {}
        }
    }
    bytes
}

/// Bytes against bytes, without printing a million of them.
#[track_caller]
fn same(what: &str, found: &[u8], expected: &[u8]) {
    let at = found.iter().zip(expected).take_while(|(found, expected)| found == expected).count();
    assert!(found == expected, "{what}: {} bytes of {}, the same up to {at}", found.len(), expected.len());
}

#[test]
fn documents_hold_every_byte_that_was_moved() {
    let Some(poured) = Poured::new(&[]) else { return };
    let [all, long, vector] = poured.parts();
    for format in ["json", "jsonl"] {
        let calls = poured.document(format);
        same(format, &content(of(&calls, "write", 256)[0], 1), all);
        same(format, &content(of(&calls, "write", 1 << 20)[0], 1), long);
        let written = of(&calls, "writev", 300_000)[0];
        same(format, &unquoted(written["args"][1].as_str().expect("a string")), vector);
        assert_eq!(written.get("payloads"), None, "the text says all of it");
    }
}

#[test]
fn a_document_holds_every_byte_of_a_name() {
    let Some(poured) = Poured::new(&[]) else { return };
    let calls = poured.document("json");
    let made: Vec<_> = calls.iter().filter(|call| call["name"] == "openat").map(|call| content(call, 1)).collect();
    for byte in (1..=255).filter(|byte| *byte != b'/') {
        assert!(made.contains(&vec![b'n', byte, b'm']), "the name with byte {byte:#x}");
    }
}

#[test]
fn text_holds_every_byte_that_was_moved() {
    let Some(poured) = Poured::new(&[]) else { return };
    let lines = run(poured.path(), &[&"report", &"run.ctrace", &"-s", &"2000000"]);
    let lines = text(&[lines.stdout, lines.stderr].concat());
    for (end, part) in [(" = 256", 0), (" = 1048576", 1), (" = 300000", 2)] {
        let line = lines.lines().find(|line| line.contains("write") && line.ends_with(end)).expect("the line");
        same(end, &unquoted(line), poured.parts()[part]);
    }
    let short = run(poured.path(), &[&"report", &"run.ctrace", &"-s", &"4"]);
    let short = text(&[short.stdout, short.stderr].concat());
    let line = short.lines().find(|line| line.ends_with(" = 1048576")).expect("the line");
    assert!(line.contains("\"..., 1048576)"), "{line}");
}

#[test]
fn past_the_limit_of_content_a_digest_stands_for_the_bytes() {
    let Some(poured) = Poured::new(&["--content-max", "1000000"]) else { return };
    let [all, _, vector] = poured.parts();
    let calls = poured.document("json");
    same("within the limit", &content(of(&calls, "write", 256)[0], 1), all);
    same("within the limit", &unquoted(of(&calls, "writev", 300_000)[0]["args"][1].as_str().expect("text")), vector);
    let call = of(&calls, "write", 1 << 20)[0];
    assert_eq!(call["args"][1], "");
    let payload = &call["payloads"][0];
    assert_eq!((&payload["arg"], &payload["kept"], &payload["len"]), (&1.into(), &0.into(), &(1 << 20).into()));
    assert_eq!(payload["blake3"], LONG_HASH);
}
