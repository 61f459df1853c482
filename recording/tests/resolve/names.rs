use recording::event::{ARG_NONE, Shape};
use recording::resolve::{Object, ObjectKind, RESULT};

use crate::scene::{CWD, O_CREAT, O_EXCL, O_WRONLY, Scene, name, noted, object, output, path, stat};

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Paths that the last calls named, `count` of them.
fn named(scene: Scene, count: usize) -> Vec<String> {
    let calls = scene.end().0.calls;
    let paths = calls.iter().flat_map(|call| &call.about).filter_map(|about| about.3.clone());
    paths.collect::<Vec<_>>().split_off(1).into_iter().take(count).collect()
}

fn names_of(object: &Object) -> Vec<String> {
    object.names.iter().map(|(_, name)| text(name)).collect()
}

#[test]
fn paths_begin_where_the_task_means_them_to() {
    let mut scene = Scene::new();
    scene.open(10, "a/./b//c", 0, 3);
    scene.open(10, "../you", 0, 4);
    scene.open(10, "unknown/../x", 0, 5);
    scene.open(10, "/srv", 0o200_000, 6);
    scene.call(10, "openat", &[6, 1, 0], 7, vec![path(1, "data")]);
    scene.call(10, "chdir", &[1], 0, vec![path(0, "/tmp")]);
    scene.open(10, "y", 0, 8);
    scene.call(10, "fchdir", &[6], 0, vec![]);
    scene.open(10, "z", 0, 9);
    let expected =
        ["/home/me/a/b/c", "/home/you", "/home/me/unknown/../x", "/srv", "/srv/data", "/tmp", "/tmp/y", "/srv/z"];
    assert_eq!(named(scene, 99), expected);
}

#[test]
fn directories_are_shared_by_threads_and_copied_by_forks() {
    let mut scene = Scene::new();
    scene.thread(10, 11, 10);
    scene.fork(10, 12);
    scene.call(11, "chdir", &[1], 0, vec![path(0, "/tmp")]);
    scene.open(10, "a", 0, 3);
    scene.open(12, "a", 0, 3);
    assert_eq!(named(scene, 99), ["/tmp", "/tmp/a", "/home/me/a"]);
}

#[test]
fn the_kernel_says_where_we_are_and_what_a_root_is() {
    let mut scene = Scene::new();
    let mut payloads = vec![path(1, "a")];
    payloads.extend(noted(0, false, -100, "/real/place", 1, 0o040_755));
    scene.call(10, "openat", &[CWD, 1, 0], 3, payloads);
    scene.call(10, "chroot", &[1], 0, vec![path(0, "/jail")]);
    scene.open(10, "/etc/x", 0, 4);
    assert_eq!(named(scene, 99), ["/real/place/a", "/jail", "/jail/etc/x"]);
}

#[test]
fn one_file_by_two_names_is_one_object_and_one_inode_used_again_is_two() {
    let mut scene = Scene::new();
    scene.open_noted(10, "/a", O_CREAT | O_EXCL, 3, "/a", 7);
    scene.call(10, "link", &[1, 1], 0, vec![path(0, "/a"), path(1, "/b")]);
    scene.open_noted(10, "/b", 0, 4, "/b", 7);
    scene.open_noted(10, "/by/a/link", 0, 5, "/a", 7);
    scene.call(10, "unlink", &[1], 0, vec![path(0, "/b")]);
    assert!(!scene.tables().objects.iter().any(|object| object.removed));
    scene.call(10, "unlink", &[1], 0, vec![path(0, "/a")]);
    scene.open_noted(10, "/a", O_CREAT | O_EXCL, 6, "/a", 7);
    let (notebook, tables) = scene.end();
    let made: Vec<u32> =
        notebook.calls.iter().filter(|call| call.name == "openat").map(|call| call.object(RESULT)).collect();
    assert_eq!((made[1], made[2]), (made[0], made[0]));
    assert_ne!(made[3], made[0]);
    let (first, second) = (object(&tables, made[0]), object(&tables, made[3]));
    assert_eq!((first.removed, second.removed), (true, false));
    assert_eq!([first, second].map(|o| o.identity.map(|i| (i.inode, i.generation))), [Some((7, 0)), Some((7, 1))]);
    assert_eq!(names_of(first), ["/a"], "a name that was taken away while another stood is not among them");
}

#[test]
fn renames_move_what_lies_below() {
    let mut scene = Scene::new();
    scene.call(10, "mkdir", &[1, 0o755], 0, vec![path(0, "/d")]);
    scene.open(10, "/d/f", O_CREAT | O_WRONLY, 3);
    scene.call(10, "rename", &[1, 1], 0, vec![path(0, "/d"), path(1, "/e")]);
    scene.call(10, "stat", &[1, 1], 0, vec![path(0, "/e/f"), output(1, Shape::Struct, &stat(5, 0o100_644, 0))]);
    scene.call(10, "stat", &[1, 1], -2, vec![path(0, "/d/f")]);
    let (notebook, tables) = scene.end();
    let [.., open, _, found, absent] = &notebook.calls[..] else { panic!() };
    let file = open.object(RESULT);
    assert_eq!(found.object(0), file);
    assert_ne!(absent.object(0), file);
    assert_eq!(names_of(object(&tables, file)), ["/d/f", "/e/f"]);
    assert_eq!(object(&tables, file).current_name(), b"/e/f");
}

#[test]
fn a_rename_over_a_file_removes_it_and_an_exchange_does_not() {
    let seen = |inode| output(1, Shape::Struct, &stat(inode, 0o100_644, 0));
    let mut scene = Scene::new();
    scene.call(10, "stat", &[1, 1], 0, vec![path(0, "/old"), seen(1)]);
    scene.open(10, "/new", O_CREAT | O_EXCL, 3);
    scene.call(10, "rename", &[1, 1], 0, vec![path(0, "/new"), path(1, "/old")]);
    scene.call(10, "stat", &[1, 1], 0, vec![path(0, "/p"), seen(3)]);
    scene.call(10, "stat", &[1, 1], 0, vec![path(0, "/q"), seen(4)]);
    scene.call(10, "renameat2", &[CWD, 1, CWD, 1, 2], 0, vec![path(1, "/p"), path(3, "/q")]);
    scene.call(10, "stat", &[1, 1], 0, vec![path(0, "/p"), seen(4)]);
    let (notebook, tables) = scene.end();
    let [_, old, _, rename, p, q, _, again] = &notebook.calls[..] else { panic!() };
    assert_eq!(rename.object(1), old.object(0));
    assert!(object(&tables, old.object(0)).removed);
    assert_eq!(again.object(0), q.object(0));
    assert!(!object(&tables, p.object(0)).removed && !object(&tables, q.object(0)).removed);
}

#[test]
fn a_name_that_is_not_there_becomes_what_is_made_under_it() {
    let mut scene = Scene::new();
    scene.call(10, "access", &[1, 0], -2, vec![path(0, "x")]);
    scene.open(10, "x", O_CREAT | O_WRONLY, 3);
    scene.call(10, "access", &[1, 0], 0, vec![path(0, "y")]);
    scene.open(10, "y", O_CREAT | O_WRONLY, 4);
    let (notebook, tables) = scene.end();
    let [_, absent, made, there, opened] = &notebook.calls[..] else { panic!() };
    assert_eq!(absent.object(0), made.object(RESULT));
    assert_eq!(there.object(0), opened.object(RESULT));
    let (x, y) = (object(&tables, made.object(RESULT)), object(&tables, opened.object(RESULT)));
    assert_eq!((x.made_by.map(|by| by.0), x.inherited, x.exclusive), (Some(0), false, false));
    assert_eq!((y.made_by, y.inherited), (None, true), "it was there before");
}

#[test]
fn exclusive_creation_is_known_in_all_its_forms() {
    let mut scene = Scene::new();
    scene.open(10, "/excl", O_CREAT | O_EXCL, 3);
    scene.open(10, "/plain", O_CREAT, 4);
    scene.call(10, "mkdir", &[1, 0o700], 0, vec![path(0, "/dir")]);
    scene.call(10, "symlink", &[1, 1], 0, vec![path(0, "to"), path(1, "/link")]);
    scene.call(10, "mknod", &[1, 0o010_600, 0], 0, vec![path(0, "/fifo")]);
    scene.call(10, "openat", &[CWD, 1, 0o20_200_002], 5, vec![path(1, "/t")]);
    scene.call(10, "linkat", &[5, 1, CWD, 1, 0x1000], 0, vec![path(1, ""), path(3, "/t/named")]);
    let (_, tables) = scene.end();
    let told: Vec<(ObjectKind, String, bool)> = tables
        .objects
        .iter()
        .filter(|object| object.made_by.is_some())
        .map(|object| (object.kind, text(object.current_name()), object.exclusive))
        .collect();
    let expected = [
        (ObjectKind::File, "/excl", true),
        (ObjectKind::File, "/plain", false),
        (ObjectKind::Dir, "/dir", true),
        (ObjectKind::Symlink, "/link", true),
        (ObjectKind::Pipe, "/fifo", true),
        (ObjectKind::File, "/t/named", true),
    ];
    assert_eq!(told, expected.map(|(kind, name, exclusive)| (kind, name.to_string(), exclusive)));
}

#[test]
fn a_link_and_what_it_leads_to_are_two() {
    let mut scene = Scene::new();
    scene.call(10, "symlink", &[1, 1], 0, vec![path(0, "target"), path(1, "/ln")]);
    scene.open_noted(10, "/ln", 0, 3, "/target", 9);
    scene.call(10, "lstat", &[1, 1], 0, vec![path(0, "/ln"), output(1, Shape::Struct, &stat(8, 0o120_777, 6))]);
    scene.call(10, "stat", &[1, 1], 0, vec![path(0, "/target"), output(1, Shape::Struct, &stat(9, 0o100_644, 6))]);
    scene.call(10, "unlink", &[1], 0, vec![path(0, "/ln")]);
    let (notebook, tables) = scene.end();
    let [_, made, opened, seen, target, unlinked] = &notebook.calls[..] else { panic!() };
    assert_eq!((seen.object(0), unlinked.object(0)), (made.object(1), made.object(1)));
    assert_eq!(target.object(0), opened.object(RESULT));
    assert_ne!(made.object(1), opened.object(RESULT));
    assert_eq!([made.object(1), target.object(0)].map(|id| object(&tables, id).removed), [true, false]);
    assert_eq!(made.about.len(), 1, "the text of a link names nothing: {:?}", made.about);
}

#[test]
fn descriptors_stand_for_their_objects_under_empty_and_magic_names() {
    let mut scene = Scene::new();
    scene.open(10, "/data", 0, 3);
    let found = || output(2, Shape::Struct, &stat(7, 0o100_644, 1));
    scene.call(10, "newfstatat", &[3, 1, 1, 0x1000], 0, vec![path(1, ""), found()]);
    scene.call(10, "newfstatat", &[3, 0, 1, 0x1000], 0, vec![found()]);
    scene.open(10, "/proc/self/fd/3", 0, 4);
    scene.open(10, "/dev/fd/3", 0, 5);
    let mut told = vec![path(1, "/proc/self/exe")];
    told.extend(noted(ARG_NONE, true, 6, "/bin/x", 2, 0o100_755));
    scene.call(10, "openat", &[CWD, 1, 0], 6, told);
    scene.call(10, "readlink", &[1, 1, 9], 6, vec![path(0, "/proc/self/exe")]);
    let (notebook, tables) = scene.end();
    let [_, open, empty, null, magic, dev, exe, link] = &notebook.calls[..] else { panic!() };
    let data = open.object(RESULT);
    assert_eq!([empty.object(1), null.object(1), magic.object(RESULT), dev.object(RESULT)], [data; 4]);
    assert_eq!(name(&tables, exe.object(RESULT)), "/bin/x");
    assert_eq!(name(&tables, link.object(0)), "/proc/self/exe");
    assert!(object(&tables, link.object(0)).procfs && !object(&tables, exe.object(RESULT)).procfs);
}

#[test]
fn devices_are_not_made_by_an_open() {
    let mut scene = Scene::new();
    let mut payloads = vec![path(1, "/dev/null")];
    payloads.extend(noted(ARG_NONE, true, 3, "/dev/null", 4, 0o020_666));
    scene.call(10, "openat", &[CWD, 1, O_CREAT | O_WRONLY], 3, payloads);
    let (notebook, tables) = scene.end();
    let null = object(&tables, notebook.calls.last().unwrap().object(RESULT));
    assert_eq!((null.kind, null.made_by, null.inherited), (ObjectKind::Dev, None, true));
}

/// What stood under a path before a call: a regular file on device 5.
fn present(arg: u8, inode: u64) -> crate::scene::Bytes {
    let identity = [&5u64.to_le_bytes()[..], &inode.to_le_bytes(), &0o100_644u32.to_le_bytes(), &[0; 4]].concat();
    crate::scene::input(arg, Shape::Note, &identity).at(recording::event::note::PRESENT)
}

#[test]
fn what_was_there_before_is_not_made_by_an_open_and_replaced_by_a_rename() {
    let mut scene = Scene::new();
    scene.call(10, "openat", &[CWD, 1, O_CREAT | O_WRONLY], 3, vec![path(1, "/log"), present(1, 7)]);
    scene.open(10, "/new", O_CREAT | O_EXCL, 4);
    scene.call(10, "rename", &[1, 1], 0, vec![path(0, "/new"), path(1, "/old"), present(1, 8)]);
    let (notebook, tables) = scene.end();
    let [.., open, new, rename] = &notebook.calls[..] else { panic!() };
    let log = object(&tables, open.object(RESULT));
    assert_eq!((log.made_by, log.inherited, log.identity.map(|i| i.inode)), (None, true, Some(7)));
    let old = object(&tables, rename.object(1));
    assert_eq!((old.inherited, old.removed), (true, true));
    assert_eq!(object(&tables, new.object(RESULT)).current_name(), b"/old");
}
