//! Writing: what stands on disk at which moment, and what happens when it can't.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use recording::file::{Recording, State, WriteOptions, Writer};
use recording::{Batch, Sink};

use crate::session::*;

fn create(path: &Path) -> Writer {
    Writer::create(path, WriteOptions::default()).unwrap()
}

fn give(writer: &mut Writer, at: u64, records: &[Vec<u8>]) {
    writer.events(&Batch { clock: clock(at), bytes: &records.concat() }).unwrap();
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_existing_file_stands_until_the_first_block_is_ready() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.ctrace");
    fs::write(&path, "precious").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let mut writer = create(&path);
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    assert_eq!(names(dir.path()), ["run.ctrace"], "nothing is left by a writer that is killed here");
    drop(writer);
    assert_eq!(names(dir.path()), ["run.ctrace"], "nothing is left of a writer that never began");
    assert_eq!(fs::read(&path).unwrap(), b"precious");

    writer = create(&path);
    writer.begin(&header()).unwrap();
    assert_eq!(names(dir.path()), ["run.ctrace"]);
    assert!(fs::read(&path).unwrap().starts_with(b"\x89CTR"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640, "it keeps its permissions");
    assert_eq!(Recording::open(&path).unwrap().header(), &header());
}

#[test]
fn a_second_writer_is_refused_while_the_first_records() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.ctrace");
    let mut first = create(&path);
    first.begin(&header()).unwrap();
    let error = Writer::create(&path, WriteOptions::default()).err().expect("refused").to_string();
    assert_eq!(error, format!("cannot write {}: another process is recording into it", path.display()));
    first.end(&trailer()).unwrap();
    create(&path).begin(&header()).unwrap();
}

#[test]
fn two_writers_that_begin_at_once_do_not_overwrite_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.ctrace");
    let (mut one, mut other) = (create(&path), create(&path));
    one.begin(&header()).unwrap();
    let error = other.begin(&header()).expect_err("the name is taken");
    assert!(error.to_string().contains("another process is recording into it"), "{error}");
    drop(other);
    assert_eq!(names(dir.path()), ["run.ctrace"]);
    one.end(&trailer()).unwrap();
    assert_eq!(Recording::open(&path).unwrap().replay(&mut Kept::default()).unwrap().state, State::Complete);
}

#[test]
fn a_link_that_was_named_is_followed_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let real = dir.path().join("real.ctrace");
    for there_already in [false, true] {
        if there_already {
            fs::write(&real, "old").unwrap();
        }
        let link = dir.path().join(format!("link-{there_already}"));
        symlink("real.ctrace", &link).unwrap();
        create(&link).begin(&header()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read(&real).unwrap().starts_with(b"\x89CTR"));
        fs::remove_file(&real).unwrap();
    }
}

#[test]
fn blocks_are_written_when_they_are_full_or_a_second_old() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.ctrace");
    let mut writer = create(&path);
    writer.begin(&header()).unwrap();
    let begun = fs::metadata(&path).unwrap().len();
    give(&mut writer, 500_000_000, &[call(1, 0, 2_000, b"/early")]);
    assert_eq!((fs::metadata(&path).unwrap().len(), writer.events_kept()), (begun, 0));
    give(&mut writer, 1_100_000_000, &[call(1, 1, 3_000, b"/late")]);
    assert_eq!(writer.events_kept(), 2, "a second has passed");
    let many: Vec<Vec<u8>> = (0..2000).map(|i| call(1, 2 + i, 4_000 + i, b"/short")).collect();
    give(&mut writer, 1_200_000_000, &many);
    let kept = writer.events_kept();
    assert!((1_400..2_002).contains(&kept), "256 KiB were full: {kept}");
    give(&mut writer, 1_260_000_000, &[call(1, 2002, 9_000, b"/last")]);
    writer.idle().unwrap();
    assert_eq!(writer.events_kept(), 2003, "the engine sleeps: a watcher sees all");
}

#[test]
fn without_an_end_the_file_reads_back_as_incomplete() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.ctrace");
    let mut writer = create(&path);
    writer.begin(&header()).unwrap();
    give(&mut writer, 2_000_000_000, &[call(1, 0, 2_000, b"/kept")]);
    give(&mut writer, 2_000_000_001, &[call(1, 1, 3_000, b"/lost")]);
    drop(writer);
    let mut kept = Kept::default();
    let read = Recording::open(&path).unwrap().replay(&mut kept).unwrap();
    let length = fs::metadata(&path).unwrap().len();
    assert_eq!(read.state, State::Incomplete { at_byte: length });
    assert_eq!(kept.records, [call(1, 0, 2_000, b"/kept")]);
}

#[test]
fn a_full_disk_names_the_file_and_what_is_safe() {
    let full = Path::new("/dev/full");
    if !full.exists() || !fs::metadata(full).unwrap().file_type().is_char_device() {
        println!("skipped: there is no /dev/full");
        return;
    }
    let mut writer = create(full);
    let error = writer.begin(&header()).expect_err("it is full");
    assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
    assert!(error.to_string().starts_with("cannot write /dev/full: No space left on device"), "{error}");
    assert_eq!(error.events_kept, 0);
    assert!(writer.end(&trailer()).is_err(), "nothing is appended behind a gap");
}

/// A stream that takes so many bytes.
struct Small(Memory, usize);

impl io::Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(self.1 - self.0.bytes().len());
        if n == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.0.write(&bytes[..n])
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_closed_pipe_took_reads_back() {
    let memory = Memory::default();
    let mut writer = Writer::stream(Box::new(Small(memory.clone(), 3_000)), "pipe", WriteOptions::default());
    writer.begin(&header()).unwrap();
    let failed = (0..100u64)
        .find_map(|i| {
            let bytes = call(1, i, 2_000 + i, b"/some/path/of/the/run");
            writer.events(&Batch { clock: clock((i + 2) * 1_000_000_000), bytes: &bytes }).err()
        })
        .expect("the pipe is closed after 3000 bytes");
    let (read, kept) = read(&memory.bytes());
    assert_eq!(kept.records.len() as u64, failed.events_kept);
    assert!(failed.events_kept > 0);
    assert!(matches!(read.state, State::Incomplete { .. }), "{read:?}");
}

#[test]
fn a_device_is_written_directly_and_a_directory_refused() {
    let mut writer = create(Path::new("/dev/null"));
    writer.begin(&header()).unwrap();
    writer.end(&trailer()).unwrap();
    let device = fs::metadata("/dev/null").unwrap();
    assert!(device.file_type().is_char_device() && device.rdev() != 0);
    let dir = tempfile::tempdir().unwrap();
    let error = Writer::create(dir.path(), WriteOptions::default()).err().expect("refused");
    assert!(error.to_string().contains("is a directory"), "{error}");
    let error = Writer::create(&dir.path().join("no/such/run.ctrace"), WriteOptions::default()).err().expect("refused");
    assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_fifo_is_written_directly() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fifo");
    if !std::process::Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()) {
        println!("skipped: there is no mkfifo");
        return;
    }
    let reader = {
        let path = path.clone();
        std::thread::spawn(move || {
            let mut kept = Kept::default();
            let read = Recording::open(&path).unwrap().replay(&mut kept).unwrap();
            (read.state, kept.records)
        })
    };
    let mut writer = create(&path);
    writer.begin(&header()).unwrap();
    give(&mut writer, 3_000, &[call(1, 0, 2_000, b"/through")]);
    writer.end(&trailer()).unwrap();
    drop(writer);
    assert_eq!(reader.join().unwrap(), (State::Complete, vec![call(1, 0, 2_000, b"/through")]));
    assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
}

#[test]
fn an_index_names_each_block_and_where_it_begins() {
    let file =
        recorded(&[vec![call(1, 0, 2_000, b"/a"), call(2, 0, 2_005, b"/b")], vec![call(1, 1, 3_000, b"/c")]], true);
    let starts = block_starts(&file);
    let at = *starts.iter().find(|at| block_type(&file, **at) == 4).expect("an index") + 32;
    let word = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap());
    assert_eq!((word(at), word(at + 8)), (0, 2), "no index before it, two blocks");
    assert_eq!((word(at + 16), word(at + 24), word(at + 32)), (starts[1] as u64, 2_000, 2_005));
    assert_eq!(word(at + 40), 2 | 2 << 32, "two events of two tasks");
}
