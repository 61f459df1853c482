use recording::event::{Hidden, Kind, Shape, flag, text};
use recording::session::EndedBy;

use crate::scene::{Scene, header, input, path};

#[test]
fn a_whole_golden_recording_has_none() {
    let (notebook, _) = Scene::new().end();
    assert_eq!(notebook.gaps, Vec::<String>::new());
}

#[test]
fn the_header_says_what_was_left_out() {
    let mut header = header();
    (header.filter, header.follow, header.golden) = (Some("openat".into()), false, false);
    header.attached = vec![7];
    let gaps = Scene::with(&header).end().0.gaps;
    assert_eq!(gaps.len(), 4, "{gaps:?}");
    for (gap, part) in gaps.iter().zip(["-e trace=openat", "not followed", "attached", "golden mode"]) {
        assert!(gap.contains(part), "{gap}");
    }
}

#[test]
fn each_bad_end_is_one() {
    for (ended, part) in [
        (EndedBy::RootEnded, "left running"),
        (EndedBy::Limit, "a limit"),
        (EndedBy::Detached, "let go"),
        (EndedBy::NotStarted, "not be started"),
        (EndedBy::Incomplete, "has no end"),
        (EndedBy::Damaged, "damaged"),
    ] {
        let gaps = Scene::new().end_by(ended).0.gaps;
        assert!(gaps.len() == 1 && gaps[0].contains(part), "{gaps:?}");
    }
}

#[test]
fn events_that_tell_of_others_missing_are_told_once() {
    let mut scene = Scene::new();
    for _ in 0..2 {
        let record = scene.begin(Kind::Lost, 64, 10);
        record.put_u32(32, 5);
        record.text(text::MAIN, b"a full ring");
        scene.play();
    }
    for what in [Hidden::Vdso, Hidden::UntracedChild, Hidden::IoUring, Hidden::SetuidLost] {
        let record = scene.begin(Kind::Unseen, 40, 10);
        record.put_u32(32, what as u32);
        record.text(text::MAIN, format!("{what:?}").as_bytes());
        scene.play();
    }
    let gaps = scene.end().0.gaps;
    let expected =
        ["5 events were lost: a full ring", "calls were not seen: UntracedChild", "calls were not seen: IoUring"];
    assert_eq!(gaps, expected);
}

#[test]
fn clipped_names_and_structures_are_gaps_and_clipped_data_is_not() {
    let mut scene = Scene::new();
    scene.call(10, "write", &[1, 1, 9], 9, vec![input(1, Shape::Bytes, b"abc").clipped()]);
    scene.call(10, "stat", &[1, 1], -2, vec![path(0, "/very").clipped()]);
    scene.call(10, "stat", &[1, 1], -2, vec![path(0, "/very").clipped()]);
    scene.call(10, "poll", &[1, 9, 0], 0, vec![input(0, Shape::Struct, &[0; 8]).clipped()]);
    scene.flags(flag::NO_ENTRY).call(10, "read", &[0, 0, 0], 0, vec![]);
    let gaps = scene.end().0.gaps;
    let expected = [
        "arguments of stat were longer than what is kept of them",
        "arguments of poll were longer than what is kept of them",
        "read was entered before the recording began: its arguments are not known",
    ];
    assert_eq!(gaps, expected);
}
