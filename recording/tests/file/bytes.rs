//! What goes in comes back, byte for byte.

use recording::event::{Event, Kind, PayloadHead, Record, Shape, State, Via};
use recording::file::State as FileState;
use recording::session::EndedBy;

use crate::session::*;

#[test]
fn every_event_kind_comes_back_as_it_was() {
    let events = every_kind();
    let kinds: std::collections::BTreeSet<u8> = events.iter().map(|bytes| bytes[4]).collect();
    assert_eq!(kinds, (1..=20).collect(), "the session holds every kind");
    // Four times, so that payloads are literal, then interned (long ones last), then known.
    let file = recorded(&vec![events.clone(); 4], true);
    let types: Vec<u8> = block_starts(&file).windows(2).map(|w| block_type(&file, w[0])).collect();
    assert_eq!(types, [1, 2, 3, 2, 3, 2, 3, 3, 4, 5], "session, strings and events thrice, events, index, trailer");

    let (read, kept) = read(&file);
    assert_eq!(kept.header, Some(header()));
    assert_eq!(kept.records, vec![events.clone(); 4].concat());
    assert_eq!(read.notes, Vec::<String>::new());
    assert_eq!(read.events, 4 * events.len() as u64);
}

#[test]
fn a_whole_file_is_complete_and_its_trailer_has_the_totals() {
    let events = every_kind();
    let (read, kept) = read(&recorded(std::slice::from_ref(&events), true));
    assert_eq!(read.state, FileState::Complete);
    assert_eq!(read.notes, Vec::<String>::new());
    let trailer = kept.trailer.expect("a trailer");
    assert_eq!(trailer.ended, EndedBy::Complete);
    assert_eq!((trailer.root_status, trailer.stops, trailer.fault.as_deref()), (Some(0x700), 42, None));
    assert_eq!(trailer.totals.values().sum::<u64>(), events.len() as u64);
    assert_eq!(trailer.totals[&1], 7);
    assert_eq!(trailer.by_engine, [(Via::Seccomp as u8, 7)].into());
    assert_eq!(trailer.lost, [("the text of Lost, long enough to be kept once".to_owned(), 3)]);
    assert_eq!(trailer.engine_changes, [("the text of Engine, long enough to be kept once".to_owned(), 1)]);
    assert_eq!(read.calls, 7);
    assert_eq!(read.lost, 1);
    assert_eq!(read.name.map(|name| name.len()), Some(64));
}

#[test]
fn equal_content_has_an_equal_name_and_other_content_another() {
    let name = |path: &[u8]| read(&recorded(&[vec![call(1, 0, 2_000, path)]], true)).0.name.unwrap();
    assert_eq!(name(b"/etc/passwd"), name(b"/etc/passwd"));
    assert_ne!(name(b"/etc/passwd"), name(b"/etc/passwe"));
}

#[test]
fn repeated_payloads_are_stored_once() {
    let path = b"/usr/lib/x86_64-linux-gnu/libc.so.6";
    let events: Vec<Vec<u8>> = (0..1000).map(|i| call(1, i, 2_000 + i * 10, path)).collect();
    let file = recorded(std::slice::from_ref(&events), true);
    assert_eq!(file.windows(path.len()).filter(|part| part == path).count(), 2, "once literal, once as a string");
    assert_eq!(read(&file).1.records, events);
}

#[test]
fn all_byte_values_and_large_payloads_come_back() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let piece = vec![0xa5; 64 << 10];
    let mut record = Record::default();
    record.begin_call(Via::Ptrace, 0, 9, 0, 2_000, 1, &[1, 0x1000, 1 << 20, 0, 0, 0], 0, 0);
    record.payload(PayloadHead { path: 0, ..payload(1, Shape::Bytes, 256) }, &every_byte);
    for i in 1..17 {
        record.payload(PayloadHead { path: i, ..payload(1, Shape::Bytes, 1 << 20) }, &piece);
    }
    record.finish_call(State::Done, 2_010, 1 << 20);
    let one = record.bytes().to_vec();
    let mut many = vec![];
    for i in 0..6u64 {
        let mut bytes = one.clone();
        bytes[16..24].copy_from_slice(&i.to_le_bytes());
        bytes[24..32].copy_from_slice(&(2_000 + 20 * i).to_le_bytes());
        many.push(bytes);
    }
    let file = recorded(&[many.clone()], true);
    for starts in block_starts(&file).windows(2) {
        assert!(starts[1] - starts[0] <= (4 << 20) + 32, "a block of {} bytes", starts[1] - starts[0]);
    }
    let (read, kept) = read(&file);
    assert_eq!(read.state, FileState::Complete, "{:?}", read.notes);
    assert_eq!(kept.records, many);
    let (event, _) = Event::split(&kept.records[0]).unwrap();
    assert_eq!(event.payloads().next().unwrap().bytes, every_byte);
}

#[test]
fn announcements_are_kept_and_not_counted() {
    let events = vec![
        announced(1, 0, 2_000, b"/first/of/them"),
        call(2, 0, 2_001, b"/other"),
        call(1, 0, 2_000, b"/first/of/them"),
    ];
    let (read, kept) = read(&recorded(std::slice::from_ref(&events), true));
    assert_eq!(read.state, FileState::Complete, "{:?}", read.notes);
    assert_eq!(kept.records, events);
    assert_eq!((read.events, read.calls), (2, 2));
    assert!(kept.events().next().unwrap().is_announcement());
    assert_eq!(kept.events().filter(|event| event.kind() == Some(Kind::Call)).count(), 3);
}
