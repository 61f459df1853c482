//! The document and its lines against the samples of the format, and what hostile bytes make of them.

mod stream;

use recording::event::{Kind, Measure, Reading, Shape, flag, reading, status, text};
use recording::session::{EndedBy, NotMeasured};
use report::json::{Json, JsonOptions};
use report::jsonl::JsonLines;
use serde_json::Value;

use stream::Stream;

const PID: u32 = 4711;

/// What all samples begin with: an execve, a greeting, a file that is not there.
fn greeting(run: &mut Stream) {
    let pointers: Vec<u8> = [0x7000u64, 0x7008, 0x7010].iter().flat_map(|p| p.to_le_bytes()).collect();
    run.call(PID, 0, 59, [0x7ffc_8c1f_0000, 0x7ffc_8c1f_2a00, 0x7ffc_8c1f_2a30, 0, 0, 0], 0)
        .before(0, Shape::Text, b"./hello")
        .memory(1, 0, Shape::Vector, &pointers, 3, 0)
        .element(1, 0, b"./hello")
        .element(1, 1, b"--name")
        .element(1, 2, b"GoldenTest")
        .memory(2, 0, Shape::Vector, b"", 3, status::NOT_READ)
        .returns(312_000, 0);
    run.call(PID, 1, 1, [1, 0x5000, 19, 0, 0, 0], 401_200)
        .before(1, Shape::Bytes, b"Hello, GoldenTest!\n")
        .returns(410_320, 19);
    run.call(PID, 2, 257, [-100i64 as u64, 0x5000, 0, 0, 0, 0], 422_810)
        .before(1, Shape::Text, b"/tmp/a\"b\n\\c")
        .returns(427_120, -2);
}

/// The run of the samples: a greeting, a file that is not there, a signal, 40 odd bytes, status 3.
fn sample() -> Stream {
    let mut run = Stream::new();
    run.header.argv = ["./hello", "--name", "GoldenTest"].map(String::from).to_vec();
    run.header.not_measured = vec![NotMeasured { what: "counters.hardware".into(), reason: "no PMU".into() }];
    run.born(PID, 0, 4710, 4, PID, "/home/u/hello", &["./hello", "--name", "GoldenTest"]);
    greeting(&mut run);
    run.call(PID, 3, 62, [u64::from(PID), 10, 0, 0, 0, 0], 440_120).returns(443_070, 0);
    run.signal(PID, 4, 444_020, 10, 0, &[PID, 1000]);
    run.call(PID, 5, 15, [0; 6], 451_770).returns(453_570, 0);
    let mut read = b"\xff\xfe\0AB".to_vec();
    read.resize(32, b'a');
    run.call(PID, 6, 0, [3, 0x5000, 4096, 0, 0, 0], 470_000)
        .memory(1, 1, Shape::Bytes, &read, 40, status::CLIPPED)
        .returns(475_230, 40);
    run.call(PID, 7, 231, [3, 0, 0, 0, 0, 0], 480_000).never_returns();
    accounts(&mut run);
    run.died(PID, 8, 481_500, 3 << 8);
    run.trailer.root_status = Some(3 << 8);
    run
}

fn accounts(run: &mut Stream) {
    use Measure::*;
    let values = [
        (UserUs, 210),
        (SysUs, 160),
        (MaxRssBytes, 1_187_840),
        (MinorFaults, 128),
        (MajorFaults, 0),
        (VoluntarySwitches, 3),
        (InvoluntarySwitches, 1),
        (BlocksIn, 0),
        (BlocksOut, 0),
        (RunNs, 368_400),
        (WaitNs, 10_200),
        (Slices, 4),
        (Rchar, 40),
        (Wchar, 19),
        (Syscr, 1),
        (Syscw, 1),
        (ReadBytes, 0),
        (WriteBytes, 0),
        (CancelledWriteBytes, 0),
    ];
    let readings = values.map(|(measure, value)| Reading { measure: measure as u16, status: 0, value });
    run.other(|record| record.begin_account(PID, 8, stream::START + 481_400, true, &readings));
    run.other(|record| {
        record.begin(Kind::Counter, 64, PID, 8, stream::START + 481_400);
        record.put_u32(32, TaskClock as u32);
        record.put_u64(40, 370_210);
        record.put_u64(48, 481_500);
        record.put_u64(56, 481_500);
    });
}

fn options() -> JsonOptions {
    JsonOptions {
        durations: true,
        by_syscall: true,
        strings: Some(32),
        version: "0.1.0".into(),
        ..JsonOptions::default()
    }
}

/// A sample without the keys of options that are not there and without the mask of `rt_sigreturn`, whose
/// memory nobody keeps; and with the counts of flags, which the samples leave out.
fn expected(sample: &str) -> String {
    let mut text = sample.to_owned();
    while let Some(from) = text.find(", \"lamport_clock\": ") {
        let end = text[from + 2..].find([',', '}']).expect("the value ends") + from + 2;
        text.replace_range(from..end, "");
    }
    while let Some(from) = text.find(", \"source\": {") {
        let end = text[from..].find('}').expect("the object ends") + from + 1;
        text.replace_range(from..end, "");
    }
    text.replace("[\"{mask=[]}\"]", "[]").replace(
        "\"target_stdout\": \"inherited\", ",
        "\"target_stdout\": \"inherited\", \"flags\": {\"CLIPPED\": 1, \"NO_EXIT\": 1}, ",
    )
}

#[test]
fn the_document_is_the_sample() {
    let written = sample().printed(|to| Json::new(options(), to));
    assert_eq!(written, expected(include_str!("samples/full.json")));
    let whole = sample().printed(|to| Json::new(JsonOptions { whole: true, ..options() }, to));
    assert_eq!(whole, written);
}

#[test]
fn what_a_profile_adds_is_not_in_the_document() {
    let run = |profile: bool| {
        let mut run = sample();
        if profile {
            run.profile(PID, 9, 300_000);
        }
        run
    };
    let events = |profile: bool| document(&run(profile), options())["events"].clone();
    assert_eq!(events(true), events(false));
}

#[test]
fn the_lines_are_the_sample() {
    let written = sample().printed(|to| JsonLines::new(options(), to));
    assert_eq!(written, expected(include_str!("samples/full.jsonl")));
}

#[test]
fn the_compact_document_is_the_sample() {
    let mut run = Stream::new();
    greeting(&mut run);
    run.died(PID, 3, 500_000, 0);
    run.trailer.root_status = Some(0);
    let options = JsonOptions { compact: true, version: "0.1.0".into(), ..JsonOptions::default() };
    assert_eq!(run.printed(|to| Json::new(options.clone(), to)), include_str!("samples/minimal.json"));
}

fn document(run: &Stream, options: JsonOptions) -> Value {
    let text = run.printed(|to| Json::new(options.clone(), to));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_run_without_events_is_a_document() {
    let mut run = Stream::new();
    run.trailer.ended = EndedBy::NotStarted;
    let document = document(&run, options());
    assert_eq!(document["syscalls"], Value::Array(vec![]));
    assert_eq!(document["events"], Value::Array(vec![]));
    assert_eq!(document["recording"]["complete"], false);
    assert_eq!(document["summary"]["exit_code"], Value::Null);
    assert_eq!(document["summary"]["ended"], "lost");
}

#[test]
fn every_byte_of_a_path_comes_back() {
    for byte in 0..=255u8 {
        for path in [vec![byte], vec![b'/', byte, b'x'], [b"\xe2\x80".to_vec(), vec![byte]].concat()] {
            let mut run = Stream::new();
            run.call(PID, 0, 2, [0x5000, 0, 0, 0, 0, 0], 0).before(0, Shape::Text, &path).returns(10, -2);
            let lines = run.printed(|to| JsonLines::new(options(), to));
            assert_eq!(lines.lines().count(), 3, "{lines}");
            let document = document(&run, options());
            let call = &document["syscalls"][0];
            let shown = call["args"][0].as_str().expect("a string");
            let content = match call.get("payloads") {
                None => shown.as_bytes().to_vec(),
                Some(payloads) => unbase64(payloads[0]["base64"].as_str().expect("base64")),
            };
            assert_eq!(content, path, "shown as {shown}");
            assert_eq!(call.get("payloads").is_some(), std::str::from_utf8(&path).is_err(), "{call}");
        }
    }
}

/// 64 KiB and a bit, in two payloads, and the end that could not be read.
#[test]
fn pieces_of_one_argument_are_one() {
    let (first, second) = (vec![b'x'; 65_536], b"yz".to_vec());
    let piece = |len: u64, addr: u64, bytes: &[u8], status: u8| (len, addr, bytes.to_vec(), status);
    for (last, unsaid) in [(0, false), (status::FAULTED, true), (status::CLIPPED, true)] {
        let wanted = if unsaid { 70_000 } else { 65_538 };
        let mut run = Stream::new();
        let mut call = run.call(PID, 0, 1, [1, 0x7000, wanted, 0, 0, 0], 0);
        for (wanted, addr, bytes, status) in
            [piece(wanted, 0x7000, &first, 0), piece(wanted, 0x7000 + 65_536, &second, last)]
        {
            call = call.piece(1, addr, wanted, status, &bytes);
        }
        call.returns(10, wanted as i64);
        let document = document(&run, JsonOptions { strings: None, ..options() });
        let call = &document["syscalls"][0];
        assert_eq!(call["args"][1].as_str(), Some(format!("{}yz", "x".repeat(65_536)).as_str()));
        assert_eq!(call.get("payloads").is_some(), unsaid, "{last}");
        if unsaid {
            let payload = &call["payloads"][0];
            assert_eq!((&payload["kept"], &payload["len"]), (&65_538.into(), &70_000.into()));
            assert_eq!(payload.get("faulted").is_some(), last == status::FAULTED);
        }
    }
}

#[test]
fn payloads_that_do_not_follow_one_another_are_not_joined() {
    let mut run = Stream::new();
    run.call(PID, 0, 1, [1, 0x7000, 4, 0, 0, 0], 0)
        .piece(1, 0x7000, 4, 0, b"ab")
        .piece(1, 0x9000, 4, 0, b"cd")
        .returns(10, 4);
    assert_eq!(document(&run, options())["syscalls"][0]["args"][1], "ab");
}

fn unbase64(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => u32::from(letter - b'A'),
        b'a'..=b'z' => u32::from(letter - b'a') + 26,
        b'0'..=b'9' => u32::from(letter - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("{letter} is no letter of base64"),
    };
    let letters: Vec<u8> = text.bytes().filter(|letter| *letter != b'=').collect();
    letters
        .chunks(4)
        .flat_map(|group| {
            let bits = group.iter().enumerate().fold(0, |bits, (i, letter)| bits | value(*letter) << (18 - 6 * i));
            [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8].into_iter().take(group.len() * 6 / 8)
        })
        .collect()
}

#[test]
fn a_clipped_element_of_a_vector_is_told() {
    let mut run = Stream::new();
    let vector: Vec<u8> = [0x7000u64, 2, 0x7100, 40].iter().flat_map(|word| word.to_le_bytes()).collect();
    let long = [b'x'; 40];
    run.call(PID, 0, 20, [1, 0x5000, 2, 0, 0, 0], 0)
        .memory(1, 0, Shape::Vector, &vector, 2, 0)
        .element(1, 0, b"ab")
        .element(1, 1, &long)
        .returns(10, 42);
    let document = document(&run, options());
    let call = &document["syscalls"][0];
    let text = format!("[{{iov_base=\"ab\", iov_len=2}}, {{iov_base=\"{}\"..., iov_len=40}}]", "x".repeat(32));
    assert_eq!(call["args"][1], text);
    let payloads = call["payloads"].as_array().expect("payloads");
    assert_eq!(payloads.len(), 1, "{call}");
    assert_eq!(
        (&payloads[0]["element"], &payloads[0]["len"], &payloads[0]["kept"]),
        (&1.into(), &40.into(), &32.into())
    );
}

#[test]
fn what_the_flags_say_has_keys() {
    let mut run = Stream::new();
    run.header.engines = vec!["fast".into(), "ptrace".into()];
    let flags = flag::RESTARTED | flag::INTERRUPTED | flag::TAMPERED | flag::DENIED | flag::TIMES_AT_STOP;
    run.call_in(1, PID, 0, 20, [0; 6], 5).flags(flags).returns(9, -512);
    run.call(PID, 1, 3, [3, 0, 0, 0, 0, 0], 5).flags(flag::NO_ENTRY).returns(9, 0);
    run.call(PID, 2, 5000, [1, 2, 3, 4, 5, 6], 9).returns(9, -38);
    run.call(PID, 3, 3, [3, 0, 0, 0, 0, 0], 5).flags(flag::INSTRUMENTATION).returns(9, 0);
    let document = document(&run, options());
    let calls = document["syscalls"].as_array().expect("calls");
    assert_eq!(calls.len(), 3, "our own calls are never shown");
    for key in ["restarted", "interrupted", "injected", "denied", "at_stop"] {
        assert_eq!(calls[0][key], true, "{key}");
    }
    assert_eq!((&calls[0]["abi"], &calls[0]["errno"]), (&"i386".into(), &"ERESTARTSYS".into()));
    assert_eq!((&calls[1]["entered"], &calls[1]["args"]), (&false.into(), &Value::Array(vec![])));
    assert_eq!(calls[1].get("duration_us"), None);
    assert_eq!((&calls[2]["name"], &calls[2]["nr"]), (&"syscall_5000".into(), &5000.into()));
    assert_eq!(document["recording"]["times"], "mixed");
    assert_eq!(document["recording"]["flags"]["RESTARTED"], 1);
    assert_eq!(document["summary"]["total_syscalls"], 3);
}

#[test]
fn what_was_not_measured_is_null_and_has_a_reason() {
    let mut run = Stream::new();
    run.born(PID, 0, 1, 4, PID, "", &[]);
    run.other(|record| {
        let unread = Reading { measure: Measure::RunNs as u16, status: reading::NOT_MEASURED, value: 77 };
        record.begin_account(PID, 0, stream::START, true, &[unread]);
        record.text(text::MAIN, b"no schedstat");
    });
    let document = document(&run, options());
    let process = &document["processes"][0];
    assert_eq!(process["run_ns"], Value::Null);
    assert_eq!(process.get("user_us"), None);
    assert_eq!((&process["end_ns"], &process["exit_code"]), (&Value::Null, &Value::Null));
    let reason = &document["recording"]["not_measured"][0];
    assert_eq!((&reason["what"], &reason["reason"]), (&"run_ns".into(), &"no schedstat".into()));
    assert_eq!(document["summary"]["ended"], "running");
}

#[test]
fn lost_events_make_the_recording_incomplete() {
    let mut run = sample();
    run.other(|record| {
        record.begin(Kind::Lost, 64, PID, 9, stream::START + 1000);
        record.put_u64(32, 17);
        record.text(text::MAIN, b"damaged block 3");
    });
    let document = document(&run, options());
    let recording = &document["recording"];
    assert_eq!((&recording["complete"], &recording["dropped"]), (&false.into(), &17.into()));
    assert_eq!(recording["lost"][0]["reason"], "damaged block 3");
}
