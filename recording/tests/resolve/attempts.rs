use recording::event::{Shape, flag};
use recording::resolve::Outcome;

use crate::scene::{NONBLOCK, Scene, Told, input, localhost, output};

const EINTR: u16 = 4;
const EAGAIN: u16 = 11;
const ERESTARTSYS: u16 = 512;

type Line = (String, Outcome, Vec<(u16, u32)>);

/// Calls by name, outcome and attempts, the first exec aside.
fn told(scene: Scene) -> Vec<Line> {
    let calls = scene.end().0.calls;
    calls.into_iter().skip(1).map(|Told { name, outcome, attempts, .. }| (name, outcome, attempts)).collect()
}

fn one(name: &str, outcome: Outcome, attempts: &[(u16, u32)]) -> Line {
    (name.into(), outcome, attempts.to_vec())
}

const OK: Outcome = Outcome::Ok(0);

#[test]
fn a_restarted_call_is_one() {
    let mut scene = Scene::new();
    scene.flags(flag::INTERRUPTED).call(10, "read", &[0, 1, 9], -512, vec![]);
    scene.signal(10, 10);
    scene.call(10, "getpid", &[], 10, vec![]);
    scene.call(10, "rt_sigreturn", &[], -4, vec![]);
    scene.flags(flag::RESTARTED | flag::INTERRUPTED).call(10, "read", &[0, 1, 9], -512, vec![]);
    scene.flags(flag::RESTARTED).call(10, "read", &[0, 1, 9], 2, vec![output(1, Shape::Bytes, b"ab")]);
    let expected = [
        one("getpid", Outcome::Ok(10), &[]),
        one("rt_sigreturn", OK, &[]),
        one("read", Outcome::Ok(2), &[(ERESTARTSYS, 2)]),
    ];
    assert_eq!(told(scene), expected);
}

#[test]
fn restart_syscall_ends_the_call_that_it_continues() {
    let mut scene = Scene::new();
    scene.flags(flag::INTERRUPTED).call(10, "nanosleep", &[1, 2], -516, vec![input(0, Shape::Struct, &[7; 16])]);
    scene.flags(flag::RESTARTED).call(10, "restart_syscall", &[], 0, vec![]);
    scene.call(10, "getpid", &[], 10, vec![]);
    assert_eq!(told(scene), [one("nanosleep", OK, &[(516, 1)]), one("getpid", Outcome::Ok(10), &[])]);
}

#[test]
fn a_restart_that_never_comes_was_an_interruption() {
    let mut scene = Scene::new();
    scene.flags(flag::INTERRUPTED).call(10, "nanosleep", &[1, 2], -516, vec![]);
    scene.signal(10, 10);
    scene.call(10, "rt_sigreturn", &[], -4, vec![]);
    scene.call(10, "getpid", &[], 10, vec![]);
    let expected = [
        one("rt_sigreturn", OK, &[]),
        one("nanosleep", Outcome::Failed(EINTR), &[]),
        one("getpid", Outcome::Ok(10), &[]),
    ];
    assert_eq!(told(scene), expected);
}

#[test]
fn eintr_is_folded_only_into_the_same_on_that_object() {
    let mut scene = Scene::new();
    scene.open(10, "/fifo", 0, 3);
    scene.call(10, "read", &[3, 1, 9], -4, vec![]);
    scene.call(10, "write", &[1, 1, 0], 0, vec![]);
    scene.call(10, "read", &[3, 1, 9], 0, vec![]);
    scene.call(10, "read", &[3, 1, 9], -4, vec![]);
    scene.call(10, "close", &[3], 0, vec![]);
    let expected = [
        one("openat", Outcome::Ok(3), &[]),
        one("write", OK, &[]),
        one("read", OK, &[(EINTR, 1)]),
        one("read", Outcome::Failed(EINTR), &[]),
        one("close", OK, &[]),
    ];
    assert_eq!(told(scene), expected);
}

#[test]
fn eagain_of_a_stream_is_an_attempt_and_of_a_lock_an_answer() {
    let mut scene = Scene::new();
    scene.call(10, "socket", &[1, 1 | NONBLOCK, 0], 3, vec![]);
    scene.call(10, "recvfrom", &[3, 1, 9], -11, vec![]);
    scene.call(10, "poll", &[1, 1, 5], 1, vec![input(0, Shape::Struct, &[3, 0, 0, 0, 1, 0, 0, 0])]);
    scene.call(10, "recvfrom", &[3, 1, 9], -11, vec![]);
    scene.call(10, "read", &[3, 1, 9], 1, vec![output(1, Shape::Bytes, b"a")]);
    scene.call(10, "recvfrom", &[3, 1, 9], -11, vec![]);
    scene.call(10, "flock", &[1, 6], -11, vec![]);
    scene.call(10, "flock", &[1, 6], 0, vec![]);
    scene.call(10, "close", &[3], 0, vec![]);
    let expected = [
        one("socket", Outcome::Ok(3), &[]),
        one("poll", Outcome::Ok(1), &[]),
        one("read", Outcome::Ok(1), &[(EAGAIN, 2)]),
        one("flock", Outcome::Failed(EAGAIN), &[]),
        one("flock", OK, &[]),
        one("recvfrom", Outcome::Failed(EAGAIN), &[]),
        one("close", OK, &[]),
    ];
    assert_eq!(told(scene), expected);
}

#[test]
fn another_thread_of_the_process_may_try_again_but_no_other_process() {
    let mut scene = Scene::new();
    scene.call(10, "socket", &[1, 1 | NONBLOCK, 0], 3, vec![]);
    scene.thread(10, 11, 10);
    scene.fork(10, 12);
    scene.call(10, "recvfrom", &[3, 1, 9], -11, vec![]);
    scene.call(12, "recvfrom", &[3, 1, 9], 0, vec![]);
    scene.call(11, "recvfrom", &[3, 1, 9], 0, vec![]);
    let expected = [one("socket", Outcome::Ok(3), &[]), one("recvfrom", OK, &[]), one("recvfrom", OK, &[(EAGAIN, 1)])];
    assert_eq!(told(scene), expected);
}

#[test]
fn a_connection_under_way_ends_as_so_error_says() {
    for (error, outcome) in [(0u32, OK), (111, Outcome::Failed(111))] {
        let mut scene = Scene::new();
        scene.call(10, "socket", &[2, 1 | NONBLOCK, 0], 3, vec![]);
        scene.call(10, "connect", &[3, 1, 16], -115, vec![input(1, Shape::Struct, &localhost(80))]);
        scene.call(10, "poll", &[1, 1, 5], 1, vec![input(0, Shape::Struct, &[3, 0, 0, 0, 4, 0, 0, 0])]);
        scene.call(10, "getsockopt", &[3, 1, 4, 1, 1], 0, vec![output(3, Shape::Struct, &error.to_le_bytes())]);
        let calls = told(scene);
        assert_eq!(calls[2..], [one("connect", outcome, &[]), one("getsockopt", OK, &[])]);
    }
}

#[test]
fn a_connection_under_way_ends_as_the_next_connect_or_the_first_byte_says() {
    let mut scene = Scene::new();
    scene.call(10, "socket", &[2, 1 | NONBLOCK, 0], 3, vec![]);
    scene.call(10, "connect", &[3, 1, 16], -115, vec![]);
    scene.call(10, "connect", &[3, 1, 16], -114, vec![]);
    scene.call(10, "connect", &[3, 1, 16], -106, vec![]);
    scene.call(10, "socket", &[2, 1 | NONBLOCK, 0], 4, vec![]);
    scene.call(10, "connect", &[4, 1, 16], -115, vec![]);
    scene.call(10, "write", &[4, 1, 1], 1, vec![]);
    scene.call(10, "socket", &[2, 1 | NONBLOCK, 0], 5, vec![]);
    scene.call(10, "connect", &[5, 1, 16], -115, vec![]);
    scene.call(10, "close", &[5], 0, vec![]);
    let connects: Vec<_> = told(scene).into_iter().filter(|call| call.0 == "connect").collect();
    let expected =
        [one("connect", OK, &[(115, 1), (114, 1)]), one("connect", OK, &[]), one("connect", Outcome::Failed(115), &[])];
    assert_eq!(connects, expected);
}

#[test]
fn an_older_form_takes_the_place_of_one_that_the_kernel_does_not_have() {
    let mut scene = Scene::new();
    scene.call(10, "clone3", &[1, 88], -38, vec![]);
    scene.call(10, "clone", &[17], 11, vec![]);
    scene.call(10, "openat2", &[0, 1, 1, 24], -38, vec![]);
    scene.call(10, "getpid", &[], 10, vec![]);
    scene.call(10, "rseq", &[1, 32], -38, vec![]);
    let expected = [
        one("clone", Outcome::Ok(11), &[(38, 1)]),
        one("openat2", Outcome::Failed(38), &[]),
        one("getpid", Outcome::Ok(10), &[]),
        one("rseq", Outcome::Failed(38), &[]),
    ];
    assert_eq!(told(scene), expected);
}

#[test]
fn what_is_held_is_told_when_its_thread_or_the_recording_ends() {
    let mut scene = Scene::new();
    scene.thread(10, 11, 10);
    scene.call(11, "read", &[0, 1, 9], -4, vec![]);
    scene.died(11, 10, None);
    scene.call(10, "read", &[0, 1, 9], -11, vec![]);
    scene.stuck(10, "exit_group", &[0]);
    let expected = [
        one("read", Outcome::Failed(EINTR), &[]),
        one("exit_group", Outcome::Unfinished, &[]),
        one("read", Outcome::Failed(EAGAIN), &[]),
    ];
    assert_eq!(told(scene), expected);
}

#[test]
fn a_sleep_that_is_not_resumed_stands() {
    let mut scene = Scene::new();
    scene.call(10, "nanosleep", &[1, 2], -4, vec![]);
    scene.call(10, "nanosleep", &[1, 2], 0, vec![]);
    scene.call(10, "nanosleep", &[1, 2], -4, vec![]);
    scene.call(10, "getpid", &[], 10, vec![]);
    let expected = [
        one("nanosleep", OK, &[(EINTR, 1)]),
        one("nanosleep", Outcome::Failed(EINTR), &[]),
        one("getpid", Outcome::Ok(10), &[]),
    ];
    assert_eq!(told(scene), expected);
}

#[test]
fn another_operation_is_not_the_same_call() {
    let mut scene = Scene::new();
    scene.call(10, "fcntl", &[1, 7, 1], -4, vec![]);
    scene.call(10, "fcntl", &[1, 3, 0], 0, vec![]);
    scene.call(10, "fcntl", &[1, 7, 1], -4, vec![]);
    scene.call(10, "fcntl", &[1, 7, 1], 0, vec![]);
    let expected = [one("fcntl", Outcome::Failed(EINTR), &[]), one("fcntl", OK, &[]), one("fcntl", OK, &[(EINTR, 1)])];
    assert_eq!(told(scene), expected);
}

#[test]
fn announcements_are_no_calls() {
    let mut scene = Scene::new();
    scene.announced(10, "read", &[0, 1, 9]);
    scene.call(10, "read", &[0, 1, 9], 0, vec![]);
    assert_eq!(told(scene), [one("read", OK, &[])]);
}
