use recording::event::Shape;
use recording::resolve::{ObjectKind, RESULT};

use crate::scene::{Scene, input, localhost, object, output, unix};

type End = Option<(String, bool)>;

/// Local end and peer of an object.
fn ends(tables: &recording::resolve::Tables, id: u32) -> (End, Option<String>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let object = object(tables, id);
    (object.local.as_ref().map(|(local, chosen)| (text(local), *chosen)), object.peer.as_deref().map(text))
}

#[test]
fn a_port_that_the_kernel_chose_is_known_as_such() {
    let mut scene = Scene::new();
    scene.call(10, "socket", &[2, 1, 0], 3, vec![]);
    scene.call(10, "bind", &[3, 1, 16], 0, vec![input(1, Shape::Struct, &localhost(0))]);
    scene.call(10, "getsockname", &[3, 1, 1], 0, vec![output(1, Shape::Struct, &localhost(4321))]);
    scene.call(10, "socket", &[2, 1, 0], 4, vec![]);
    scene.call(10, "bind", &[4, 1, 16], 0, vec![input(1, Shape::Struct, &localhost(80))]);
    scene.call(10, "getsockname", &[4, 1, 1], 0, vec![output(1, Shape::Struct, &localhost(80))]);
    scene.call(10, "socket", &[2, 1, 0], 5, vec![]);
    scene.call(10, "connect", &[5, 1, 16], 0, vec![input(1, Shape::Struct, &localhost(80))]);
    scene.call(10, "getsockname", &[5, 1, 1], 0, vec![output(1, Shape::Struct, &localhost(5555))]);
    let (notebook, tables) = scene.end();
    let sockets: Vec<u32> =
        notebook.calls.iter().filter(|call| call.name == "socket").map(|call| call.object(RESULT)).collect();
    assert_eq!(ends(&tables, sockets[0]), (Some(("127.0.0.1:4321".into(), true)), None));
    assert_eq!(ends(&tables, sockets[1]), (Some(("127.0.0.1:80".into(), false)), None));
    assert_eq!(ends(&tables, sockets[2]), (Some(("127.0.0.1:5555".into(), true)), Some("127.0.0.1:80".into())));
}

#[test]
fn accepting_makes_another_object_with_the_address_of_the_listener() {
    let mut scene = Scene::new();
    scene.call(10, "socket", &[2, 1, 0], 3, vec![]);
    scene.call(10, "bind", &[3, 1, 16], 0, vec![input(1, Shape::Struct, &localhost(80))]);
    scene.call(10, "accept4", &[3, 1, 1, 0], 4, vec![output(1, Shape::Struct, &localhost(9999))]);
    let (notebook, tables) = scene.end();
    let accept = notebook.calls.last().unwrap();
    assert_ne!(accept.object(0), accept.object(RESULT));
    assert_eq!(object(&tables, accept.object(RESULT)).kind, ObjectKind::Tcp);
    let expected = (Some(("127.0.0.1:80".into(), false)), Some("127.0.0.1:9999".into()));
    assert_eq!(ends(&tables, accept.object(RESULT)), expected);
}

#[test]
fn a_unix_socket_is_bound_to_a_name_in_full() {
    let mut scene = Scene::new();
    scene.call(10, "socket", &[1, 1, 0], 3, vec![]);
    scene.call(10, "bind", &[3, 1, 9], 0, vec![input(1, Shape::Struct, &unix("sock"))]);
    scene.call(10, "socket", &[1, 1, 0], 4, vec![]);
    scene.call(10, "connect", &[4, 1, 9], 0, vec![input(1, Shape::Struct, &unix("sock"))]);
    let (notebook, tables) = scene.end();
    let [_, _, bind, _, connect] = &notebook.calls[..] else { panic!() };
    assert_eq!(ends(&tables, bind.object(0)), (Some(("/home/me/sock".into(), false)), None));
    assert_eq!(ends(&tables, connect.object(0)).1, Some("/home/me/sock".into()));
    let file = object(&tables, bind.object(1));
    assert_eq!((file.kind, file.exclusive, &file.name[..]), (ObjectKind::Unix, true, &b"/home/me/sock"[..]));
}

#[test]
fn kinds_follow_family_and_type() {
    let mut scene = Scene::new();
    let cases = [
        ((2, 1), ObjectKind::Tcp),
        ((10, 2), ObjectKind::Udp),
        ((1, 5), ObjectKind::Unix),
        ((16, 3), ObjectKind::OtherSocket),
    ];
    for ((family, kind), _) in cases {
        scene.call(10, "socket", &[family, kind, 0], 3, vec![]);
    }
    let (notebook, tables) = scene.end();
    let kinds = notebook.calls[1..].iter().map(|call| object(&tables, call.object(RESULT)).kind);
    assert_eq!(kinds.collect::<Vec<_>>(), cases.map(|(_, kind)| kind));
}
