use recording::event::{ARG_NONE, BornHow, Shape};
use recording::resolve::{ObjectKind, RESULT};

use crate::scene::{CLOEXEC, Scene, input, name, noted, object, output, path};

fn pair(first: i32, second: i32) -> Vec<u8> {
    [first.to_le_bytes(), second.to_le_bytes()].concat()
}

/// What descriptors are open on when `play` is over; `?` for one that is not open.
fn after(play: impl Fn(&mut Scene), asked: &[(u32, i32)]) -> Vec<String> {
    let mut scene = Scene::new();
    play(&mut scene);
    for (task, fd) in asked {
        scene.call(*task, "fsync", &[*fd as u64], -5, vec![]);
    }
    let (notebook, tables) = scene.end();
    let asking = notebook.calls.iter().filter(|call| call.name == "fsync");
    asking.map(|call| call.about.first().map_or("?".into(), |about| name(&tables, about.2))).collect()
}

#[test]
fn duplicates_share_one_description() {
    let mut scene = Scene::new();
    scene.open(10, "/log", 0, 3);
    scene.call(10, "dup", &[3], 4, vec![]);
    scene.call(10, "dup2", &[3, 1], 1, vec![]);
    scene.call(10, "dup3", &[3, 2, CLOEXEC], 2, vec![]);
    scene.call(10, "fcntl", &[3, 0, 10], 10, vec![]);
    scene.call(10, "fcntl", &[3, 1030, 10], 11, vec![]);
    for fd in [4, 1, 2, 10, 11, 3] {
        scene.call(10, "read", &[fd, 1, 5], 5, vec![]);
    }
    let calls = scene.end().0.calls;
    let starts: Vec<u64> = calls.iter().flat_map(|call| &call.moved).map(|moved| moved.2).collect();
    assert_eq!(starts, [0, 5, 10, 15, 20, 25], "they have one offset");
}

#[test]
fn exec_closes_what_is_marked_in_any_way() {
    let play = |scene: &mut Scene| {
        scene.open(10, "/by-flag", CLOEXEC, 3);
        scene.open(10, "/by-fcntl", 0, 4);
        scene.call(10, "fcntl", &[4, 2, 1], 0, vec![]);
        scene.open(10, "/unmarked", CLOEXEC, 5);
        scene.call(10, "fcntl", &[5, 2, 0], 0, vec![]);
        scene.open(10, "/by-range", 0, 6);
        scene.call(10, "close_range", &[6, 6, 4], 0, vec![]);
        scene.open(10, "/by-ioctl", 0, 7);
        scene.call(10, "ioctl", &[7, 0x5451, 0], 0, vec![]);
        scene.open(10, "/stays", 0, 8);
        scene.exec(10, 10, "/bin/z", &["z"]);
        scene.call(10, "execve", &[1, 1, 1], 0, vec![path(0, "/bin/z")]);
    };
    let fds: Vec<(u32, i32)> = (3..9).map(|fd| (10, fd)).collect();
    assert_eq!(after(play, &fds), ["?", "?", "/unmarked", "?", "?", "/stays"]);
}

#[test]
fn the_call_that_replaced_the_image_still_names_what_it_closed() {
    let mut scene = Scene::new();
    scene.open(10, "/bin/z", CLOEXEC, 3);
    scene.exec(10, 10, "/bin/z", &["z"]);
    scene.call(10, "execveat", &[3, 1, 1, 1, 0x1000], 0, vec![path(1, "")]);
    scene.call(10, "close", &[3], -9, vec![]);
    let (notebook, tables) = scene.end();
    let [.., exec, close] = &notebook.calls[..] else { panic!() };
    assert_eq!((exec.name.as_str(), name(&tables, exec.object(1)).as_str()), ("execveat", "/bin/z"));
    assert_eq!(close.about, []);
}

#[test]
fn a_closed_range_names_each_descriptor() {
    let mut scene = Scene::new();
    for fd in 3..6 {
        scene.open(10, &format!("/f{fd}"), 0, fd);
    }
    scene.call(10, "close_range", &[4, u64::from(u32::MAX), 0], 0, vec![]);
    let (notebook, tables) = scene.end();
    let closed: Vec<String> = notebook.calls.last().unwrap().about.iter().map(|about| name(&tables, about.2)).collect();
    assert_eq!(closed, ["/f4", "/f5"]);
}

#[test]
fn forks_copy_threads_share_and_unshare_parts() {
    let play = |scene: &mut Scene| {
        scene.open(10, "/before", 0, 3);
        scene.fork(10, 11);
        scene.thread(10, 12, 10);
        scene.born(13, 10, BornHow::Clone, 13, 0x400);
        scene.open(10, "/after", 0, 4);
        scene.call(13, "unshare", &[0x400], 0, vec![]);
        scene.call(13, "close", &[3], 0, vec![]);
    };
    let asked = [(10, 4), (11, 4), (12, 4), (13, 4), (11, 3), (13, 3), (10, 3)];
    assert_eq!(after(play, &asked), ["/after", "?", "/after", "/after", "/before", "?", "/before"]);
}

#[test]
fn both_ends_of_a_pipe_are_one_object() {
    let mut scene = Scene::new();
    scene.call(10, "pipe2", &[1, CLOEXEC], 0, vec![output(0, Shape::Struct, &pair(3, 4))]);
    scene.fork(10, 11);
    scene.call(10, "write", &[4, 1, 2], 2, vec![input(1, Shape::Bytes, b"ab")]);
    scene.call(11, "read", &[3, 1, 9], 2, vec![output(1, Shape::Bytes, b"ab")]);
    let (notebook, tables) = scene.end();
    let [.., pipe, write, read] = &notebook.calls[..] else { panic!() };
    let made = pipe.object(RESULT);
    assert_eq!(pipe.about.iter().map(|about| (about.1, about.2)).collect::<Vec<_>>(), [(0, made), (1, made)]);
    assert_eq!((write.object(0), read.object(0)), (made, made));
    assert_eq!((object(&tables, made).kind, object(&tables, made).made_by.map(|by| by.0)), (ObjectKind::Pipe, Some(0)));
}

#[test]
fn standard_streams_are_named_by_the_harness_and_others_by_what_they_are() {
    let mut header = crate::scene::header();
    header.open_fds.push(crate::scene::open_fd(7, "dir", "/srv", 77));
    header.open_fds.push(crate::scene::open_fd(8, "char", "/dev/pts/3", 78));
    header.open_fds.push(crate::scene::open_fd(9, "socket", "socket:[79]", 79));
    let scene = Scene::with(&header);
    let tables = scene.tables();
    let told: Vec<(ObjectKind, String)> =
        tables.objects.iter().map(|o| (o.kind, String::from_utf8_lossy(&o.name).into_owned())).collect();
    let expected = [
        (ObjectKind::Std, "stdin"),
        (ObjectKind::Std, "stdout"),
        (ObjectKind::Std, "stderr"),
        (ObjectKind::Dir, "/srv"),
        (ObjectKind::Tty, "/dev/pts/3"),
        (ObjectKind::OtherSocket, "socket"),
    ];
    assert_eq!(told, expected.map(|(kind, name)| (kind, name.to_string())));
    assert!(tables.objects.iter().all(|object| object.inherited));
}

#[test]
fn a_descriptor_that_nobody_opened_is_inherited() {
    let mut scene = Scene::new();
    scene.call(10, "read", &[9, 1, 1], 0, noted(0, false, 9, "pipe:[70]", 70, 0o010_600));
    scene.call(10, "read", &[8, 1, 1], 0, vec![]);
    scene.call(10, "read", &[7, 1, 1], -9, vec![]);
    let (notebook, tables) = scene.end();
    let [.., known, unknown, not_open] = &notebook.calls[..] else { panic!() };
    let (known, unknown) = (object(&tables, known.object(0)), object(&tables, unknown.object(0)));
    assert_eq!((known.kind, known.inherited), (ObjectKind::Pipe, true));
    assert_eq!((unknown.kind, unknown.inherited), (ObjectKind::Anon, true));
    assert_eq!(not_open.about, []);
}

#[test]
fn the_kernel_is_believed_when_it_names_another_object() {
    let mut scene = Scene::new();
    scene.open_noted(10, "/a", 0, 3, "/a", 1);
    scene.open_noted(10, "/b", 0, 4, "/b", 2);
    // Somebody made descriptor 3 lead elsewhere unseen.
    scene.call(10, "read", &[3, 1, 1], 0, noted(0, false, 3, "/b", 2, 0o100_644));
    let (notebook, tables) = scene.end();
    assert_eq!(name(&tables, notebook.calls.last().unwrap().object(0)), "/b");
}

#[test]
fn descriptors_travel_over_sockets() {
    let rights = |fds: &[u8]| {
        let mut control = vec![0; 16];
        (control[0], control[8], control[12]) = (16 + fds.len() as u8, 1, 1);
        control.extend_from_slice(fds);
        control
    };
    let mut scene = Scene::new();
    scene.call(10, "socketpair", &[1, 1, 0, 1], 0, vec![output(3, Shape::Struct, &pair(3, 4))]);
    scene.fork(10, 11);
    scene.open(10, "/secret", 0, 5);
    scene.call(10, "read", &[5, 1, 3], 3, vec![]);
    let sent = input(1, Shape::Struct, &rights(&[5, 0, 0, 0])).at(3 << 16);
    scene.call(10, "sendmsg", &[3, 1, 0], 1, vec![input(1, Shape::Struct, &[0; 56]), sent]);
    let got = output(1, Shape::Struct, &rights(&[9, 0, 0, 0])).at(3 << 16);
    scene.call(11, "recvmsg", &[4, 1, 0], 1, vec![output(1, Shape::Struct, &[0; 56]), got]);
    scene.call(11, "read", &[9, 1, 3], 3, vec![]);
    let (notebook, tables) = scene.end();
    let [.., send, receive, read] = &notebook.calls[..] else { panic!() };
    assert_eq!(name(&tables, send.object(1)), "/secret");
    assert_eq!(name(&tables, receive.object(RESULT)), "/secret");
    assert_eq!(read.moved[0].2, 3, "the description came along, with its offset");
}

#[test]
fn of_a_descriptor_that_arrives_the_kernel_is_believed() {
    let mut control = vec![0; 20];
    (control[0], control[8], control[12], control[16]) = (20, 1, 1, 9);
    let mut scene = Scene::new();
    scene.call(10, "socket", &[1, 1, 0], 3, vec![]);
    scene.open_noted(10, "/known", 0, 4, "/known", 7);
    let mut payloads = vec![output(1, Shape::Struct, &[0; 56]), output(1, Shape::Struct, &control).at(3 << 16)];
    payloads.extend(noted(1, true, 9, "/known", 7, 0o100_644));
    scene.call(10, "recvmsg", &[3, 1, 0], 1, payloads);
    let (notebook, tables) = scene.end();
    assert_eq!(name(&tables, notebook.calls.last().unwrap().object(RESULT)), "/known");
}

#[test]
fn a_descriptor_is_taken_from_another_process() {
    let mut scene = Scene::new();
    scene.fork(10, 11);
    scene.open(11, "/theirs", 0, 5);
    scene.call(10, "pidfd_open", &[11, 0], 3, noted(ARG_NONE, true, 3, "anon_inode:[pidfd]", 1, 0o600));
    scene.call(10, "pidfd_getfd", &[3, 5, 0], 4, vec![]);
    let (notebook, tables) = scene.end();
    let [.., pidfd, got] = &notebook.calls[..] else { panic!() };
    assert_eq!(name(&tables, pidfd.object(RESULT)), "pidfd");
    assert_eq!(name(&tables, got.object(RESULT)), "/theirs");
}

#[test]
fn objects_without_a_file_type_are_told_apart() {
    let mut scene = Scene::new();
    for (call, args, fd) in [("eventfd2", &[0, 0][..], 3), ("epoll_create1", &[0], 4), ("timerfd_create", &[1, 0], 5)] {
        // All of them lie on one inode.
        scene.call(10, call, args, fd, noted(ARG_NONE, true, fd as i32, "anon_inode:[x]", 12, 0o600));
    }
    scene.call(10, "memfd_create", &[1, 1], 6, vec![path(0, "blob")]);
    let (notebook, tables) = scene.end();
    let made: Vec<String> = notebook.calls[1..].iter().map(|call| name(&tables, call.object(RESULT))).collect();
    assert_eq!(made, ["eventfd", "epoll", "timerfd", "memfd:blob"]);
}

#[test]
fn waiting_names_every_descriptor() {
    let mut scene = Scene::new();
    let polled = [[1, 0, 0, 0, 1, 0, 0, 0], [0xff; 8], [2, 0, 0, 0, 1, 0, 0, 0]].concat();
    scene.call(10, "poll", &[1, 3, 0], 0, vec![input(0, Shape::Struct, &polled)]);
    scene.call(10, "select", &[3, 1, 0, 0, 0], 0, vec![input(1, Shape::Struct, &[0b101, 0, 0, 0, 0, 0, 0, 0])]);
    let (notebook, tables) = scene.end();
    let [.., poll, select] = &notebook.calls[..] else { panic!() };
    let told = |call: &crate::scene::Told| {
        call.about.iter().map(|about| (about.0, about.1, name(&tables, about.2))).collect::<Vec<_>>()
    };
    assert_eq!(told(poll), [(0, 0, "stdout".into()), (0, 2, "stderr".into())]);
    assert_eq!(told(select), [(1, 0, "stdin".into()), (1, 2, "stderr".into())]);
}
