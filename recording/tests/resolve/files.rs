use recording::event::Shape;

use crate::scene::{O_CREAT, O_EXCL, O_WRONLY, Scene, name, object, output, path, stat};

#[test]
fn pieces_of_a_file_are_joined_and_belong_to_its_object() {
    let mut scene = Scene::new();
    scene.open_noted(10, "f", O_CREAT | O_WRONLY, 3, "/home/me/f", 7);
    scene.died(10, 10, Some(0));
    scene.file("/home/me/f", 7, b"abcdef", &[(0, b"ab"), (2, b"cd")], true);
    scene.file("/home/me/f", 7, b"abcdef", &[(4, b"ef")], false);
    scene.file("/home/me/g", 8, b"x", &[], true);
    scene.file("/home/me/g", 8, b"x", &[(0, b"x")], true);
    let (notebook, tables) = scene.end();
    let expected = [
        ("/home/me/f".to_string(), Some(b"abcdef".to_vec())),
        ("/home/me/g".to_string(), None),
        ("/home/me/g".to_string(), Some(b"x".to_vec())),
    ];
    assert_eq!(notebook.files.iter().map(|f| (f.0.clone(), f.3.clone())).collect::<Vec<_>>(), expected);
    assert_eq!(notebook.files[0].1.map(|id| name(&tables, id)), Some("/home/me/f".into()));
    assert_eq!((notebook.files[1].1, notebook.files[0].2), (None, true));
}

#[test]
fn what_is_gone_is_still_the_object_that_it_was() {
    let mut scene = Scene::new();
    scene.open_noted(10, "tmp", O_CREAT | O_EXCL, 3, "/home/me/tmp", 7);
    scene.call(10, "rename", &[1, 1], 0, vec![path(0, "tmp"), path(1, "final")]);
    scene.call(10, "stat", &[1, 1], 0, vec![path(0, "old"), output(1, Shape::Struct, &stat(9, 0o100_644, 3))]);
    scene.call(10, "unlink", &[1], 0, vec![path(0, "old")]);
    scene.file("/home/me/tmp", 0, b"", &[], true);
    scene.file("/home/me/old", 0, b"", &[], true);
    scene.file("/home/me/final", 7, b"", &[], true);
    let (notebook, tables) = scene.end();
    let names: Vec<Option<String>> = notebook.files.iter().map(|file| file.1.map(|id| name(&tables, id))).collect();
    assert_eq!(names, [Some("/home/me/tmp".into()), Some("/home/me/old".into()), Some("/home/me/tmp".into())]);
    let old = object(&tables, notebook.files[1].1.unwrap());
    assert!(old.removed && old.inherited && old.made_by.is_none());
}

#[test]
fn an_image_is_the_file_that_was_executed_but_not_for_a_script() {
    let mut scene = Scene::new();
    let argv = |count| vec![path(0, "/bin/tool"), crate::scene::input(1, Shape::Vector, &[]).of(count)];
    scene.exec(10, 10, "/usr/bin/real-tool", &["tool", "a"]);
    scene.call(10, "execve", &[1, 1, 1], 0, argv(2));
    scene.exec(10, 10, "/usr/bin/dash", &["/bin/sh", "/bin/tool", "a"]);
    scene.call(10, "execve", &[1, 1, 1], 0, argv(2));
    scene.file("/usr/bin/real-tool", 30, b"", &[], true);
    scene.file("/usr/bin/dash", 31, b"", &[], true);
    let (notebook, tables) = scene.end();
    let names: Vec<Option<String>> = notebook.files.iter().map(|file| file.1.map(|id| name(&tables, id))).collect();
    assert_eq!(names, [Some("/bin/tool".into()), None]);
}
