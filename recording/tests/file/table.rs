//! Each row of the format's table of what may be wrong with a file.

use recording::event::{Kind, Record, State as CallState, flag, status};
use recording::file::{OpenError, Recording, State};
use recording::session::EndedBy;

use crate::session::*;

fn refused(bytes: &[u8]) -> String {
    match Recording::from_stream(Box::new(std::io::Cursor::new(bytes.to_vec())), "f") {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{:?} was taken for a recording", bytes.escape_ascii().to_string()),
    }
}

/// Three blocks of one event each.
fn three() -> (Vec<u8>, Vec<Vec<u8>>) {
    let events: Vec<Vec<u8>> = (0..3u64).map(|i| call(1, i, 2_000 + 10 * i, format!("/{i}").as_bytes())).collect();
    let batches: Vec<Vec<Vec<u8>>> = events.iter().map(|event| vec![event.clone()]).collect();
    (recorded(&batches, true), events)
}

/// `three` with its block number `n` changed and its check put right.
fn changed(n: usize, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let (mut file, _) = three();
    let starts = block_starts(&file);
    change(&mut file[starts[n]..starts[n + 1]]);
    reseal(&mut file, starts[n]);
    file
}

#[test]
fn what_is_no_recording_is_refused_by_what_it_looks_like() {
    assert_eq!(refused(b""), "cannot read f as a recording: it is empty");
    assert_eq!(refused(b"{\"format\": 1}"), "cannot read f as a recording: it looks like JSON");
    let short = refused(&three().0[..63]);
    assert_eq!(short, "cannot read f as a recording: it has 63 bytes, fewer than the 64 of a file header");
    let mut text_mode = three().0;
    text_mode.remove(4);
    assert!(refused(&text_mode).contains("transfer in text mode"));
    let missing = Recording::open(std::path::Path::new("/no/such.ctrace")).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read /no/such.ctrace: No such file"), "{missing}");
    let directory = Recording::open(std::path::Path::new("/")).unwrap_err().to_string();
    assert!(directory.contains("directory"), "{directory}");
}

#[test]
fn a_newer_major_version_is_refused_and_a_newer_minor_read() {
    let with = |at: usize| {
        let (mut file, _) = three();
        file[at] = 7;
        file[56..64].fill(0);
        let check = xxhash_rust::xxh3::xxh3_64(&file[..64]);
        file[56..64].copy_from_slice(&check.to_le_bytes());
        file
    };
    let error = Recording::from_stream(Box::new(std::io::Cursor::new(with(8))), "f").unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 7, known: 1, .. }));
    assert_eq!(error.to_string(), "cannot read f: it has format version 7, this build reads up to 1");
    let (read, kept) = read(&with(10));
    assert_eq!(kept.records, three().1);
    assert!(read.notes[0].contains("1.7 is newer than 1.0"), "{:?}", read.notes);
}

#[test]
fn a_damaged_block_is_dropped_and_told_and_the_others_stand() {
    let (mut file, events) = three();
    let starts = block_starts(&file);
    file[starts[2] + 100] ^= 1;
    let (read, kept) = read(&file);
    let why = format!("damaged block 2, bytes {}..{}", starts[2], starts[3]);
    assert_eq!((read.state, &read.notes[..]), (State::Damaged, &[why.clone()][..]));
    assert_eq!(kept.losses(), [why.as_str()]);
    assert_eq!([&kept.records[0], &kept.records[2]], [&events[0], &events[2]]);
    let trailer = kept.trailer.unwrap();
    assert_eq!((trailer.ended, trailer.fault), (EndedBy::Damaged, Some(why)));
    assert_eq!(trailer.totals, [(1, 2), (13, 1)].into(), "totals are those of what was read");
    assert_eq!(read.trailer.unwrap().ended, EndedBy::Complete, "as it stands in the file");
}

#[test]
fn a_length_that_lies_costs_its_block_only() {
    for length in [0u32, 8, 64 << 20, (64 << 20) + 8, u32::MAX] {
        let (mut file, events) = three();
        let starts = block_starts(&file);
        file[starts[2] + 16..starts[2] + 20].copy_from_slice(&length.to_le_bytes());
        file[starts[2] + 20..starts[2] + 24].copy_from_slice(&length.to_le_bytes());
        let (read, kept) = read(&file);
        assert_eq!(read.state, State::Damaged, "{length}");
        assert_eq!(kept.losses(), [format!("damaged block 2, bytes {}..{}", starts[2], starts[3])], "{length}");
        assert_eq!(kept.records.last(), events.last(), "{length}");
    }
}

#[test]
fn a_bomb_is_refused() {
    // 8 bytes that would become 64 MiB.
    let file = changed(2, |block| {
        block[5] = 1;
        block[20..24].copy_from_slice(&(64u32 << 20).to_le_bytes());
    });
    let (read, kept) = read(&file);
    assert_eq!(read.state, State::Damaged);
    assert_eq!(kept.losses().len(), 1);
}

#[test]
fn blocks_of_another_codec_are_named() {
    let (read, kept) = read(&changed(2, |block| block[5] = 1));
    assert_eq!(read.notes, ["block 2 was written with zstd, which this build can't read"]);
    assert_eq!((read.state, kept.records.len()), (State::Damaged, 3));
}

#[test]
fn missing_and_repeated_blocks_are_told() {
    let (file, events) = three();
    let starts = block_starts(&file);
    let missing = [&file[..starts[2]], &file[starts[3]..]].concat();
    let (read_missing, kept) = read(&missing);
    assert_eq!(kept.losses(), [format!("missing block 2 at byte {}", starts[2])]);
    assert_eq!(read_missing.state, State::Damaged);
    assert_eq!([&kept.records[0], &kept.records[2]], [&events[0], &events[2]]);

    let repeated = [&file[..starts[3]], &file[starts[2]..]].concat();
    let (read_repeated, kept) = read(&repeated);
    assert_eq!(kept.losses(), [format!("damaged block 3, bytes {}..{}", starts[3], 2 * starts[3] - starts[2])]);
    assert_eq!(read_repeated.state, State::Damaged);
    assert_eq!(kept.events().filter(|event| event.kind() == Some(Kind::Call)).count(), 3);
}

#[test]
fn foreign_bytes_between_blocks_are_skipped() {
    let (file, events) = three();
    let starts = block_starts(&file);
    let rubbish: Vec<u8> = b"CBLK and then nothing ".iter().copied().cycle().take(3 << 20).collect();
    let (read, kept) = read(&[&file[..starts[2]], &rubbish, &file[starts[2]..]].concat());
    assert_eq!(read.state, State::Damaged);
    assert_eq!(kept.losses(), [format!("damaged block 2, bytes {}..{}", starts[2], starts[2] + rubbish.len())]);
    let calls: Vec<&Vec<u8>> = kept.records.iter().filter(|bytes| bytes[4] == 1).collect();
    assert_eq!(calls, events.iter().collect::<Vec<_>>());
}

#[test]
fn zeros_at_the_end_are_damage_and_not_events() {
    let (file, events) = three();
    let starts = block_starts(&file);
    let mut file = file[..starts[4]].to_vec();
    file.resize(starts[4] + 5000, 0);
    let (read, kept) = read(&file);
    assert_eq!(read.state, State::Damaged);
    assert_eq!(kept.losses(), [format!("damaged block 4, bytes {}..{}", starts[4], file.len())]);
    assert_eq!(kept.records[..3], events);
}

#[test]
fn a_malformed_record_takes_the_rest_of_its_block() {
    let body = 32 + 48;
    for (what, at, value) in [
        ("size zero", 0, 0u32),
        ("size unaligned", 0, 171),
        ("beyond its block", 0, 1 << 20),
        ("payload beyond its record", 128 + 4, 4096),
    ] {
        let events = vec![call(1, 0, 2_000, b"/first"), call(1, 1, 2_010, b"/second"), call(1, 2, 2_020, b"/third")];
        let mut file = recorded(&[events.clone(), vec![call(1, 3, 2_030, b"/fourth")]], true);
        let start = block_starts(&file)[1];
        let second = start + body + events[0].len();
        file[second + at..second + at + 4].copy_from_slice(&value.to_le_bytes());
        reseal(&mut file, start);
        let (read, kept) = read(&file);
        assert_eq!(read.state, State::Damaged, "{what}");
        assert_eq!(kept.records.len(), 3, "{what}: the first, the loss, the next block");
        assert_eq!(kept.records[0], events[0], "{what}");
        assert!(kept.losses()[0].starts_with(&format!("damaged block 1, malformed from byte {second}: ")), "{what}");
        assert_eq!(kept.records[2], call(1, 3, 2_030, b"/fourth"), "{what}");
    }
}

#[test]
fn an_undefined_string_is_shown_as_missing() {
    let path = b"/a/path/that/comes/again";
    let events: Vec<Vec<u8>> = (0..3).map(|i| call(1, i, 2_000 + i, path)).collect();
    let file = recorded(&[events[..1].to_vec(), events[1..].to_vec()], true);
    let starts = block_starts(&file);
    let strings = starts.iter().position(|at| block_type(&file, *at) == 2).unwrap();
    let mut file = file;
    file[starts[strings] + 40] ^= 1;
    let (read, kept) = read(&file);
    assert_eq!(read.state, State::Damaged);
    assert!(
        read.notes.contains(&"2 payloads refer to strings that the file does not define".to_owned()),
        "{:?}",
        read.notes
    );
    let last = kept.events().last().unwrap();
    let shown = last.payloads().next().unwrap();
    assert_eq!((shown.bytes, shown.head.status), (&b"<string 0 missing>"[..], status::FAULTED));
    assert_eq!(last.flags() & flag::FAULTED, flag::FAULTED);
    assert_eq!(last.call().unwrap().result(), 3, "the rest of the call stands");
}

#[test]
fn unknown_kinds_and_block_types_are_skipped_and_counted() {
    let mut strange = Record::default();
    strange.begin(Kind::Named, 32, 1, 1, 2_005);
    strange.put_u8(4, 200);
    let events = [call(1, 0, 2_000, b"/a"), strange.bytes().to_vec(), call(1, 2, 2_020, b"/b")];
    let (one, kept) = read(&recorded(&[events.to_vec()], true));
    assert_eq!(one.state, State::Complete, "{:?}", one.notes);
    assert_eq!(one.notes, ["1 events are of kinds that this version does not know"]);
    assert_eq!(kept.records, [events[0].clone(), events[2].clone()]);

    // Block 4 is the index.
    let (two, kept) = read(&changed(4, |block| block[4] = 99));
    assert_eq!(two.notes[0], "block 4 is of type 99, which this version does not know");
    assert_eq!(kept.records, three().1);
}

#[test]
fn a_call_that_is_open_or_free_is_given_as_unfinished() {
    let open = announced(1, 1, 2_010, b"/never/came/back");
    let mut free = announced(2, 0, 2_015, b"/neither/did/this");
    free[5] = CallState::Free as u8;
    let file = recorded(&[vec![call(1, 0, 2_000, b"/a"), open.clone(), free]], false);
    let (read, kept) = read(&file);
    assert!(read.notes.iter().any(|note| note.contains("in a state that no finished block holds")), "{:?}", read.notes);
    let calls: Vec<_> = kept.events().map(|event| event.call().unwrap()).collect();
    assert_eq!(calls.len(), 5, "one whole, two announced, the two again at the end");
    assert!(calls[1].event.is_announcement() && calls[2].event.is_announcement());
    for (at, task, path) in [(3, 1, &b"/never/came/back"[..]), (4, 2, b"/neither/did/this")] {
        let call = &calls[at];
        assert_eq!((call.event.task(), call.returned(), call.left()), (task, false, 0));
        assert_eq!(call.event.flags() & flag::NO_EXIT, flag::NO_EXIT);
        assert_eq!(call.event.payloads().next().unwrap().bytes, path);
    }
    assert_eq!((read.events, read.calls), (3, 3));
}

#[test]
fn a_second_recording_and_bytes_behind_the_trailer_are_named() {
    let (file, events) = three();
    let (two, kept) = read(&[&file[..], &file[..]].concat());
    let note = format!("another recording begins at byte {}; only the first was read", file.len());
    assert_eq!((two.state, &two.notes[..], &kept.records), (State::Complete, &[note][..], &events));

    let (tail, kept) = read(&[&file[..], b"PS"].concat());
    let note = format!("bytes from {} on stand behind the trailer and were not read", file.len());
    assert_eq!((tail.state, &tail.notes[..], &kept.records), (State::Complete, &[note][..], &events));

    // The first one is cut in the middle of a block.
    let starts = block_starts(&file);
    let cut = &file[..starts[3] + 40];
    let (cut_then_whole, kept) = read(&[cut, &file[..]].concat());
    assert_eq!(kept.records[..2], events[..2]);
    assert_ne!(cut_then_whole.state, State::Complete);
    let note = format!("another recording begins at byte {}; only the first was read", cut.len());
    assert!(cut_then_whole.notes.contains(&note), "{:?}", cut_then_whole.notes);
}

#[test]
fn totals_that_differ_are_damage() {
    let (file, _) = three();
    let starts = block_starts(&file);
    let trailer = starts.len() - 2;
    let file = changed(trailer, |block| {
        let at =
            block.windows(6).position(|part| part == b"\"1\":3,".as_slice() || part == b"\"1\":3}".as_slice()).unwrap();
        block[at + 4] = b'4';
    });
    let (read, kept) = read(&file);
    assert_eq!(read.notes, ["the totals of the trailer differ from what was read"]);
    assert_eq!((read.state, kept.trailer.unwrap().ended), (State::Damaged, EndedBy::Damaged));
}

#[test]
fn time_that_runs_backwards_is_said() {
    let (read, kept) = read(&recorded(&[vec![call(1, 0, 5_000, b"/a"), call(1, 1, 4_000, b"/b")]], true));
    assert_eq!(read.notes, ["time runs backwards in 1 places; the order is that of the numbers"]);
    assert_eq!((read.state, kept.records.len()), (State::Damaged, 2));
    // An exec comes before the end of the call that made it, and is no such thing.
    let mut exec = Record::default();
    exec.begin(Kind::Exec, 40, 1, 1, 2_003);
    let (read, _) = crate::session::read(&recorded(&[vec![exec.bytes().to_vec(), call(1, 0, 2_000, b"/a")]], true));
    assert_eq!((read.state, read.notes.len()), (State::Complete, 0), "{:?}", read.notes);
    // What comes by its time and without a number neither.
    let mut switch = Record::default();
    switch.switch(1, 1_000, recording::event::Switch { on: true, preempted: None });
    let (read, kept) = crate::session::read(&recorded(
        &[vec![call(1, 0, 2_000, b"/a"), switch.bytes().to_vec(), call(1, 1, 2_500, b"/b")]],
        true,
    ));
    assert_eq!((read.state, read.notes.len(), kept.records.len()), (State::Complete, 0, 3), "{:?}", read.notes);
}

#[test]
fn without_its_session_header_the_rest_is_still_given() {
    let (mut file, events) = three();
    let starts = block_starts(&file);
    file[starts[0] + 40] ^= 1;
    let (read, kept) = read(&file);
    assert_eq!(read.state, State::Damaged);
    assert_eq!(read.notes[0], "the session header is missing");
    assert_eq!(kept.header.as_ref().unwrap().start.realtime_ns, header().start.realtime_ns, "from the file header");
    assert_eq!(kept.records[1..], events);
}

#[test]
fn a_damaged_file_header_is_said_and_read_past() {
    let (mut file, events) = three();
    file[20] ^= 1;
    let (read, kept) = read(&file);
    assert_eq!((read.state, &read.notes[0][..]), (State::Damaged, "damaged file header, bytes 0..64"));
    assert_eq!(kept.records, events);
}
