//! Golden mode on real programs: what was moved, which descriptors, what became of the files.

mod kept;

use std::path::Path;

use kept::{Kept, plan, run};
use recording::event::{ARG_NONE, Event, FileWhat, Kind, Shape, content, note, status, text};
use recording::session::PayloadLimits;

fn golden(script: &str, dir: &Path, content_max: u64) -> Kept {
    let mut plan = plan(&["sh", "-c", script]);
    plan.golden = true;
    plan.limits = PayloadLimits::golden(content_max);
    plan.launch.as_mut().expect("a launch").cwd = Some(dir.to_path_buf());
    let (kept, ended) = run(&plan);
    assert_eq!(ended.root, Some(tracer::Status::Exited(0)));
    kept.assert_dense();
    kept
}

/// Content of a state: digest, whether the bytes are said to be missing, and the bytes.
fn bytes_of(states: &[Event<'_>]) -> (Option<[u8; 32]>, bool, Vec<u8>) {
    let mut found = (None, false, Vec::new());
    for event in states {
        for payload in event.payloads().filter(|p| p.head.arg == ARG_NONE) {
            match payload.head.path {
                content::DIGEST => {
                    found.0 = payload.bytes[8..].try_into().ok();
                    found.1 = payload.head.status & status::CLIPPED != 0;
                }
                content::BYTES => {
                    assert_eq!(payload.head.addr, found.2.len() as u64);
                    found.2.extend_from_slice(payload.bytes);
                }
                _ => {}
            }
        }
    }
    found
}

fn states<'a>(kept: &'a Kept, path: &Path, at_the_end: bool) -> Vec<Event<'a>> {
    let mut states = kept.of_kind(Kind::FileState);
    states.retain(|event| {
        event.text(text::MAIN) == Some(path.as_os_str().as_encoded_bytes()) && (event.u32(68) == 1) == at_the_end
    });
    states
}

fn what(event: &Event<'_>) -> u32 {
    event.u32(60)
}

#[test]
fn files_made_changed_renamed_removed_and_read() {
    let dir = tempfile::tempdir().expect("dir");
    let dir = dir.path().canonicalize().expect("dir");
    std::fs::write(dir.join("old"), "old content\n").expect("old");
    std::fs::write(dir.join("read"), "only read\n").expect("read");
    std::fs::write(dir.join("doomed"), "doomed\n").expect("doomed");
    let kept = golden(
        "echo first > a; echo second >> a; cat read > /dev/null; mv old new; rm doomed; mkdir -p d/e; \
         ln -s a l; echo short > t; rm t; chmod 600 new; mkfifo p; cd d; echo x > ../d/e/./f",
        &dir,
        1 << 20,
    );
    let last = |name: &str| {
        let found = states(&kept, &dir.join(name), true);
        assert_eq!(found.len(), 1, "{name}");
        found[0]
    };
    let a = last("a");
    assert_eq!((what(&a), a.u64(48), a.u32(56) & 0o777), (FileWhat::File as u32, 13, 0o644));
    assert_eq!(
        bytes_of(&[a]),
        (Some(*blake3::hash(b"first\nsecond\n").as_bytes()), false, b"first\nsecond\n".to_vec())
    );
    // Two times it was closed, with two contents.
    let closed = states(&kept, &dir.join("a"), false);
    let digests: Vec<_> = closed.iter().map(|event| bytes_of(&[*event]).0).collect();
    assert_eq!(digests, [b"first\n".as_slice(), b"first\nsecond\n"].map(|bytes| Some(*blake3::hash(bytes).as_bytes())));
    assert_eq!(bytes_of(&[last("read")]).2, b"only read\n");
    assert_eq!(what(&last("old")), FileWhat::Gone as u32);
    assert_eq!(last("new").u32(56) & 0o777, 0o600);
    assert_eq!(bytes_of(&[last("new")]).2, b"old content\n");
    assert_eq!(what(&last("doomed")), FileWhat::Gone as u32);
    assert_eq!(what(&last("d")), FileWhat::Dir as u32);
    assert_eq!(what(&last("d/e")), FileWhat::Dir as u32);
    assert_eq!(bytes_of(&[last("d/e/f")]).2, b"x\n");
    assert_eq!(what(&last("p")), FileWhat::Fifo as u32);
    let link = last("l");
    assert_eq!((what(&link), link.text(text::LINK)), (FileWhat::Link as u32, Some(&b"a"[..])));
    // Gone at the end, but its content was seen when it was closed.
    assert_eq!(what(&last("t")), FileWhat::Gone as u32);
    let t = states(&kept, &dir.join("t"), false);
    assert_eq!(bytes_of(&t).0, Some(*blake3::hash(b"short\n").as_bytes()));
    // Those that were changed come before those only read.
    let order: Vec<_> = kept
        .of_kind(Kind::FileState)
        .iter()
        .filter(|e| e.u32(68) == 1)
        .map(|e| e.text(text::MAIN).map(<[u8]>::to_vec))
        .collect();
    let at =
        |name: &str| order.iter().position(|p| p.as_deref() == Some(dir.join(name).as_os_str().as_encoded_bytes()));
    assert!(at("t") < at("read") && at("t").is_some());
}

#[test]
fn a_large_file_takes_several_events_and_none_past_the_limit() {
    let dir = tempfile::tempdir().expect("dir");
    let dir = dir.path().canonicalize().expect("dir");
    let script = "head -c 2500000 /dev/zero | tr '\\0' 'q' > big; echo small > small";
    let kept = golden(script, &dir, 16 << 20);
    let big = states(&kept, &dir.join("big"), true);
    assert_eq!(big.len(), 3);
    let (digest, clipped, bytes) = bytes_of(&big);
    assert_eq!(bytes, vec![b'q'; 2_500_000]);
    assert_eq!((digest, clipped), (Some(*blake3::hash(&bytes).as_bytes()), false));

    let kept = golden(script, &dir, 1 << 20);
    let (digest, clipped, bytes) = bytes_of(&states(&kept, &dir.join("big"), true));
    assert_eq!((digest, clipped, bytes.len()), (Some(*blake3::hash(&vec![b'q'; 2_500_000]).as_bytes()), true, 0));
}

#[test]
fn every_byte_that_went_through_a_pipe() {
    let dir = tempfile::tempdir().expect("dir");
    std::fs::write(dir.path().join("in"), (0..200_000u32).map(|i| (i % 256) as u8).collect::<Vec<_>>()).expect("in");
    let kept = golden("cat in | cat > out", dir.path(), 64 << 20);
    let data = std::fs::read(dir.path().join("out")).expect("out");
    let mut through = Vec::new();
    for call in kept.calls().iter().filter(|c| c.nr() == libc::SYS_read as u64 && c.args()[0] == 0 && c.result() > 0) {
        for payload in call.payloads_of(1).filter(|p| p.head.shape == Shape::Bytes) {
            through.extend_from_slice(payload.bytes);
        }
    }
    assert_eq!(through, data);
    assert_eq!(data.len(), 200_000);
    // The writer's side is kept too, as what was taken.
    let written: usize = kept
        .calls()
        .iter()
        .filter(|c| c.nr() == libc::SYS_write as u64 && c.args()[0] == 1)
        .flat_map(|c| c.payloads_of(1).map(|p| p.bytes.len()).collect::<Vec<_>>())
        .sum();
    assert_eq!(written, 400_000);
}

#[test]
fn descriptors_and_environment() {
    let dir = tempfile::tempdir().expect("dir");
    let dir = dir.path().canonicalize().expect("dir");
    let kept = golden("exec 5> named; echo x >&5; exec /bin/true", &dir, 1 << 20);
    let path = dir.join("named");
    let noted = kept.calls().iter().any(|call| {
        call.payloads_of(ARG_NONE).any(|p| {
            p.head.shape == Shape::Note && p.head.path == note::LINK && p.bytes == path.as_os_str().as_encoded_bytes()
        })
    });
    assert!(noted, "the result of openat is noted");
    let exec = kept.calls().into_iter().find(|c| c.nr() == libc::SYS_execve as u64).expect("execve");
    assert!(exec.payloads_of(2).any(|p| p.head.shape == Shape::Element && p.bytes.starts_with(b"PATH=")));
}

#[test]
fn what_stands_under_a_name_before_it_is_made_or_replaced() {
    let dir = tempfile::tempdir().expect("dir");
    let dir = dir.path().canonicalize().expect("dir");
    for name in ["there", "old"] {
        std::fs::write(dir.join(name), "x").expect("a file");
    }
    let kept = golden("echo 1 > there; echo 1 > new; mv new old; : > there", &dir, 1 << 20);
    let inode = |name: &str| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(dir.join(name)).expect(name));
    let mut noted = vec![];
    for call in kept.calls() {
        for payload in call.event.payloads().filter(|p| p.head.shape == Shape::Note && p.head.path == note::PRESENT) {
            let path = call.payloads_of(payload.head.arg).find(|p| p.head.shape == Shape::Text).expect("a path");
            let inode = u64::from_le_bytes(payload.bytes[8..16].try_into().expect("an inode"));
            noted.push((String::from_utf8_lossy(path.bytes).into_owned(), inode));
        }
    }
    noted.retain(|(path, _)| !path.starts_with("/dev/"));
    // mv(1) asks for a rename without replacing first.
    noted.dedup();
    let there = ("there".to_string(), inode("there"));
    assert_eq!(noted.len(), 3, "{noted:?}");
    assert_eq!((&noted[0], &noted[2]), (&there, &there));
    assert_eq!(noted[1].0, "old");
    assert_ne!(noted[1].1, inode("old"), "what was there before");
}
