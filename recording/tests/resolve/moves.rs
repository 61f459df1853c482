use recording::event::Shape;
use recording::resolve::MovedBytes;

use crate::scene::{O_APPEND, O_CREAT, O_EXCL, O_WRONLY, Scene, Told, input, output};

fn moves(scene: Scene) -> Vec<Told> {
    scene.end().0.calls.into_iter().filter(|call| !call.moved.is_empty()).collect()
}

/// Ranges of all moves, in order.
fn ranges(scene: Scene) -> Vec<(u64, u64)> {
    moves(scene).iter().flat_map(|call| &call.moved).map(|moved| (moved.2, moved.3)).collect()
}

#[test]
fn files_have_offsets() {
    let mut scene = Scene::new();
    scene.open(10, "f", O_CREAT | O_EXCL | 2, 3);
    scene.call(10, "write", &[3, 1, 10], 10, vec![]);
    scene.call(10, "pwrite64", &[3, 1, 4, 100], 4, vec![]);
    scene.call(10, "write", &[3, 1, 1], 1, vec![]);
    scene.call(10, "lseek", &[3, 2, 0], 2, vec![]);
    scene.call(10, "read", &[3, 1, 3], 3, vec![]);
    scene.call(10, "preadv2", &[3, 1, 1, u64::MAX, 0, 0], 3, vec![]);
    scene.call(10, "preadv2", &[3, 1, 1, 50, 0, 0], 3, vec![]);
    scene.call(10, "read", &[3, 1, 3], 0, vec![]);
    assert_eq!(ranges(scene), [(0, 10), (100, 104), (10, 11), (2, 5), (5, 8), (50, 53), (8, 8)]);
}

#[test]
fn appending_goes_to_the_end() {
    let mut scene = Scene::new();
    scene.open(10, "f", O_CREAT | O_EXCL | O_WRONLY, 3);
    scene.open(10, "f", O_APPEND | O_WRONLY, 4);
    scene.call(10, "write", &[3, 1, 10], 10, vec![]);
    scene.call(10, "write", &[4, 1, 5], 5, vec![]);
    scene.call(10, "ftruncate", &[3, 2], 0, vec![]);
    scene.call(10, "write", &[4, 1, 5], 5, vec![]);
    assert_eq!(ranges(scene), [(0, 10), (10, 15), (2, 7)]);
}

#[test]
fn streams_count_per_process_and_direction() {
    let mut scene = Scene::new();
    scene.fork(10, 11);
    scene.call(10, "write", &[1, 1, 3], 3, vec![]);
    scene.call(11, "write", &[1, 1, 4], 4, vec![]);
    scene.call(10, "write", &[1, 1, 3], 3, vec![]);
    scene.call(10, "read", &[0, 1, 3], 2, vec![]);
    scene.call(10, "read", &[0, 1, 3], 0, vec![]);
    assert_eq!(ranges(scene), [(0, 3), (0, 4), (3, 6), (0, 2), (2, 2)]);
}

#[test]
fn a_peek_takes_nothing() {
    let mut scene = Scene::new();
    scene.call(10, "socket", &[1, 1, 0], 3, vec![]);
    scene.call(10, "recvfrom", &[3, 1, 9, 2], 4, vec![]);
    scene.call(10, "recvfrom", &[3, 1, 9, 0], 4, vec![]);
    scene.call(10, "recvfrom", &[3, 1, 9, 0], 1, vec![]);
    assert_eq!(ranges(scene), [(0, 4), (0, 4), (4, 5)]);
}

#[test]
fn bytes_between_descriptors_have_both_ends() {
    let at = |offset: u64| input(1, Shape::Struct, &offset.to_le_bytes());
    let mut scene = Scene::new();
    scene.open(10, "in", 0, 3);
    scene.open(10, "out", O_WRONLY, 4);
    scene.call(10, "sendfile", &[4, 3, 0, 9], 9, vec![]);
    scene.call(10, "copy_file_range", &[3, 1, 4, 0, 5, 0], 5, vec![at(100)]);
    scene.call(10, "splice", &[0, 0, 4, 0, 7, 0], 7, vec![]);
    let calls = moves(scene);
    let told: Vec<Vec<(bool, u64, u64)>> =
        calls.iter().map(|call| call.moved.iter().map(|m| (m.1, m.2, m.3)).collect()).collect();
    let expected = [
        vec![(false, 0, 9), (true, 0, 9)],
        vec![(false, 100, 105), (true, 9, 14)],
        vec![(false, 0, 7), (true, 14, 21)],
    ];
    assert_eq!(told, expected);
    assert!(calls.iter().all(|call| call.bytes == [MovedBytes::NotKept, MovedBytes::NotKept]));
}

/// What is known of the bytes of the last call.
fn bytes(name: &str, args: &[u64], result: i64, payloads: Vec<crate::scene::Bytes>) -> MovedBytes {
    let mut scene = Scene::new();
    scene.call(10, name, args, result, payloads);
    scene.last().bytes.pop().expect("a move")
}

#[test]
fn pieces_are_joined_to_what_moved() {
    let known = |text: &[u8]| MovedBytes::Known(text.to_vec());
    let pieces = || vec![output(1, Shape::Bytes, b"abc"), output(1, Shape::Bytes, b"def")];
    assert_eq!(bytes("read", &[0, 1, 99], 6, pieces()), known(b"abcdef"));
    assert_eq!(bytes("read", &[0, 1, 99], 7, pieces()), MovedBytes::NotKept);
    assert_eq!(bytes("read", &[0, 1, 99], 0, vec![]), known(b""));
    let offered = vec![input(1, Shape::Bytes, b"abcdef")];
    assert_eq!(bytes("write", &[1, 1, 6], 4, offered), known(b"abcd"), "no more than was taken");
    let vector = vec![
        input(1, Shape::Vector, &[0; 32]),
        input(1, Shape::Element, b"ab").at(0),
        input(1, Shape::Element, b"cd").at(1),
    ];
    assert_eq!(bytes("writev", &[1, 1, 2], 4, vector), known(b"abcd"));
    let cut = vec![input(1, Shape::Element, b"ab").clipped(), input(1, Shape::Element, b"cd").at(1)];
    assert_eq!(bytes("writev", &[1, 1, 2], 3, cut), MovedBytes::NotKept, "there is a hole");
}

#[test]
fn a_digest_stands_for_bytes_that_were_too_many() {
    let body = [&9u64.to_le_bytes()[..], &[7; 32]].concat();
    let digest = || vec![output(1, Shape::Digest, &body).clipped()];
    assert_eq!(bytes("read", &[0, 1, 99], 9, digest()), MovedBytes::Digest([7; 32]));
    assert_eq!(bytes("read", &[0, 1, 99], 8, digest()), MovedBytes::NotKept);
    let mixed = vec![output(1, Shape::Element, b"ab"), output(1, Shape::Digest, &body).at(1)];
    assert_eq!(bytes("readv", &[0, 1, 2], 11, mixed), MovedBytes::NotKept);
}

#[test]
fn messages_move_their_data_and_not_their_names() {
    let message = vec![
        input(1, Shape::Struct, &[0; 56]),
        input(1, Shape::Struct, b"name").at(1 << 16),
        input(1, Shape::Vector, &[0; 16]).at(2 << 16),
        input(1, Shape::Element, b"data").at(2 << 16),
    ];
    assert_eq!(bytes("sendmsg", &[1, 1, 0], 4, message), MovedBytes::Known(b"data".to_vec()));
    let mut array = vec![0; 128];
    (array[56], array[120]) = (2, 3);
    let mut scene = Scene::new();
    let parts = vec![
        output(1, Shape::Struct, &array),
        output(1, Shape::Element, b"ab").at((4 + 2) << 16),
        output(1, Shape::Element, b"cde").at((8 + 2) << 16),
    ];
    scene.call(10, "recvmmsg", &[0, 1, 2, 0, 0], 2, parts);
    let last = scene.last();
    assert_eq!(last.bytes, [b"ab".to_vec(), b"cde".to_vec()].map(MovedBytes::Known));
    assert_eq!(last.moved.iter().map(|m| (m.2, m.3)).collect::<Vec<_>>(), [(0, 2), (2, 5)]);
}
