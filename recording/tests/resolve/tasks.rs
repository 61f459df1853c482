use recording::event::{BornHow, Shape};
use recording::resolve::Exit;

use crate::scene::{Scene, input, path};

#[test]
fn threads_know_who_made_them_and_in_which_order() {
    let mut scene = Scene::new();
    scene.thread(10, 11, 10);
    scene.thread(10, 12, 10);
    scene.thread(11, 13, 10);
    scene.fork(11, 14);
    scene.thread(14, 15, 14);
    let (_, tables) = scene.end();
    let threads: Vec<(u32, u32, Option<u32>, u32)> =
        tables.threads.iter().map(|t| (t.tid, t.process.0, t.maker.map(|maker| maker.0), t.nth)).collect();
    let expected = [
        (10, 0, None, 0),
        (11, 0, Some(0), 0),
        (12, 0, Some(0), 1),
        (13, 0, Some(1), 0),
        (14, 1, None, 0),
        (15, 1, Some(4), 0),
    ];
    assert_eq!(threads, expected);
    let child = &tables.processes[1];
    assert_eq!((child.parent.map(|p| p.0), child.maker.map(|t| t.0), child.images.len()), (Some(0), Some(1), 0));
}

#[test]
fn an_exec_from_a_thread_goes_on_as_the_process() {
    let mut scene = Scene::new();
    scene.thread(10, 11, 10);
    scene.died(10, 10, None);
    scene.exec(10, 11, "/bin/z", &["z"]);
    scene.call(10, "execve", &[1, 1, 1], 0, vec![path(0, "/bin/z")]);
    scene.call(10, "getpid", &[], 10, vec![]);
    let (notebook, tables) = scene.end();
    assert_eq!(notebook.calls.last().map(|call| (call.process, call.thread)), Some((0, 1)));
    assert_eq!((tables.processes.len(), tables.threads[1].tid), (1, 10));
    let exes: Vec<&[u8]> = tables.processes[0].images.iter().map(|image| &image.exe[..]).collect();
    assert_eq!(exes, [&b"/bin/x"[..], b"/bin/z"]);
}

#[test]
fn images_have_arguments_environment_and_directory() {
    let mut scene = Scene::new();
    scene.call(10, "chdir", &[1], 0, vec![path(0, "/tmp")]);
    scene.exec(10, 10, "/bin/z", &["z", "-v"]);
    let env = |text: &str, at| input(2, Shape::Element, text.as_bytes()).at(at);
    let vector = input(2, Shape::Vector, &[0; 16]).of(2);
    scene.call(10, "execve", &[1, 1, 1], 0, vec![path(0, "/bin/z"), vector, env("A=1", 0), env("B=2", 1)]);
    let (notebook, tables) = scene.end();
    let image = tables.processes[0].images.last().unwrap();
    assert_eq!(image.argv, [b"z".to_vec(), b"-v".to_vec()]);
    assert_eq!(image.env, Some(vec![b"A=1".to_vec(), b"B=2".to_vec()]));
    assert_eq!((&image.cwd[..], image.argv_whole), (&b"/tmp"[..], true));
    assert_eq!(notebook.happened.iter().filter(|what| what.starts_with("Exec")).count(), 2);
}

#[test]
fn ends_are_told_once_per_process() {
    let mut scene = Scene::new();
    scene.fork(10, 11);
    scene.thread(10, 12, 10);
    scene.died(11, 11, Some(3 << 8));
    scene.died(12, 10, None);
    scene.died(10, 10, Some(0x8b));
    scene.born(11, 10, BornHow::Fork, 11, 17);
    let (notebook, tables) = scene.end();
    let exits: Vec<Exit> = tables.processes.iter().map(|process| process.exit).collect();
    assert_eq!(exits, [Exit::Killed { signal: 11, core: true }, Exit::Exited(3), Exit::Running]);
    assert_eq!(tables.process_of_pid(11).map(|id| id.0), Some(2), "a number that was used again");
    assert_eq!(notebook.happened.iter().filter(|what| what.contains("last: true")).count(), 2);
}

#[test]
fn umasks_are_those_at_birth() {
    let mut scene = Scene::new();
    scene.call(10, "umask", &[0o77], 0o22, vec![]);
    scene.fork(10, 11);
    let (_, tables) = scene.end();
    assert_eq!(tables.processes.iter().map(|process| process.umask).collect::<Vec<_>>(), [0o22, 0o77]);
}

#[test]
fn a_task_from_nowhere_is_a_process() {
    let mut scene = Scene::new();
    scene.call(77, "getpid", &[], 77, vec![]);
    let last = scene.last();
    assert_eq!((last.name.as_str(), last.process, last.thread), ("getpid", 1, 1));
}
