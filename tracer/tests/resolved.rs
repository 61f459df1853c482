//! Real programs through the resolver: what their calls were about.

mod kept;

use std::path::Path;
use std::process::Command;

use kept::plan;
use recording::event::Kind;
use recording::resolve::{Consumer, Exit, Happened, MovedBytes, Object, Outcome, Resolved, Resolver, Tables};
use recording::session::PayloadLimits;

/// A call in words.
struct Line {
    name: String,
    process: u32,
    outcome: Outcome,
    moved: Vec<(u32, bool, MovedBytes)>,
}

#[derive(Default)]
struct Story {
    lines: Vec<Line>,
    gaps: Vec<String>,
    /// Path, object, bytes at the end.
    files: Vec<(String, Option<u32>, Option<Vec<u8>>)>,
}

impl Consumer for Story {
    fn call(&mut self, _: &Tables, call: &Resolved<'_>) {
        assert_eq!(call.event.kind(), Some(Kind::Call));
        self.lines.push(Line {
            name: call.name.to_string(),
            process: call.process.0,
            outcome: call.outcome,
            moved: call.moved.iter().map(|moved| (moved.object.0, moved.into, moved.bytes.clone())).collect(),
        });
    }
    fn happened(&mut self, _: &Tables, what: &Happened<'_>) {
        match what {
            Happened::Gap { why, .. } => self.gaps.push(why.clone()),
            Happened::File(state) if state.at_end => self.files.push((
                String::from_utf8_lossy(state.path).into_owned(),
                state.object.map(|object| object.0),
                state.bytes.as_deref().cloned(),
            )),
            _ => {}
        }
    }
}

/// Runs a shell script in `dir` in golden mode. Nothing of it may be missing.
fn story(script: &str, dir: &Path) -> (Story, Tables) {
    let mut plan = plan(&["sh", "-c", script]);
    plan.golden = true;
    plan.limits = PayloadLimits::golden(1 << 26);
    plan.launch.as_mut().expect("a launch").cwd = Some(dir.to_path_buf());
    let mut resolver = Resolver::new(Story::default());
    let ended = tracer::run(&plan, &mut resolver).expect("a session");
    assert_eq!(ended.root, Some(tracer::Status::Exited(0)));
    let (story, tables) = resolver.finish();
    assert_eq!(story.gaps, Vec::<String>::new());
    assert!(tables.processes.iter().all(|process| process.exit != Exit::Running));
    let unknown = tables.objects.iter().find(|object| object.name == b"unknown");
    assert!(unknown.is_none(), "every descriptor was seen being made: {unknown:?}");
    (story, tables)
}

fn room() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().canonicalize().expect("dir");
    (dir, path)
}

/// The process that runs this program.
fn running(tables: &Tables, program: &str) -> u32 {
    let is = |exe: &[u8]| exe.rsplit(|byte| *byte == b'/').next() == Some(program.as_bytes());
    let runs = |process: &recording::resolve::Process| process.images.last().is_some_and(|image| is(&image.exe));
    tables.processes.iter().position(runs).unwrap_or_else(|| panic!("{program} runs")) as u32
}

/// The last object of this name, as it is now.
fn called<'a>(tables: &'a Tables, path: &Path) -> (u32, &'a Object) {
    let name = path.as_os_str().as_encoded_bytes();
    let at = tables.objects.iter().rposition(|object| object.current_name() == name && !object.removed);
    let at = at.unwrap_or_else(|| panic!("{path:?} is known"));
    (at as u32, &tables.objects[at])
}

fn is_here(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: no {program}");
    }
    found
}

impl Story {
    /// The bytes that a process moved from or into an object, where they are known.
    fn bytes(&self, process: u32, object: u32, into: bool) -> Vec<u8> {
        let moves = self.lines.iter().filter(|line| line.process == process).flat_map(|line| &line.moved);
        let mut all = vec![];
        for (_, _, bytes) in moves.filter(|(of, way, _)| (*of, *way) == (object, into)) {
            if let MovedBytes::Known(bytes) = bytes {
                all.extend_from_slice(bytes);
            }
        }
        all
    }

    /// The object of a file of which the state at the end was told, and its bytes.
    fn file(&self, path: &Path) -> (Option<u32>, Option<&[u8]>) {
        let found = self.files.iter().find(|file| Path::new(&file.0) == path);
        let (_, object, bytes) = found.unwrap_or_else(|| panic!("the state of {path:?} is told"));
        (*object, bytes.as_deref())
    }
}

#[test]
fn a_pipeline_has_one_pipe_with_two_ends() {
    let (_dir, dir) = room();
    std::fs::write(dir.join("a"), "two\none\n").expect("a");
    let (story, tables) = story("cat a | sort > b", &dir);
    let (cat, sort) = (running(&tables, "cat"), running(&tables, "sort"));
    let pipe = tables.objects.iter().position(|object| object.name == b"pipe" && object.made_by.is_some());
    let pipe = pipe.expect("a pipe") as u32;
    assert_eq!(story.bytes(cat, pipe, true), b"two\none\n");
    assert_eq!(story.bytes(sort, pipe, false), b"two\none\n");
    let (b, object) = called(&tables, &dir.join("b"));
    assert!(object.made_by.is_some() && !object.inherited);
    assert!(called(&tables, &dir.join("a")).1.inherited);
    assert_eq!(story.file(&dir.join("b")), (Some(b), Some(&b"one\ntwo\n"[..])));
    let root = tables.processes.first().expect("a root");
    assert_eq!(root.images.len(), 1);
    assert!(root.images[0].env.as_ref().is_some_and(|env| env.iter().any(|one| one.starts_with(b"PATH="))));
    assert_eq!(root.images[0].cwd, dir.as_os_str().as_encoded_bytes());
    assert_eq!(tables.processes[cat as usize].images[0].argv, [b"cat".to_vec(), b"a".to_vec()]);
}

#[test]
fn files_that_were_there_are_told_from_files_that_were_made() {
    let (_dir, dir) = room();
    for name in ["out", "old"] {
        std::fs::write(dir.join(name), "before\n").expect("a file");
    }
    let (_, tables) = story("echo two > out; echo x > new; echo y > fresh; mv new old", &dir);
    let out = called(&tables, &dir.join("out")).1;
    assert_eq!((out.made_by, out.inherited), (None, true));
    let fresh = called(&tables, &dir.join("fresh")).1;
    assert!(fresh.made_by.is_some() && !fresh.inherited);
    let old = called(&tables, &dir.join("old")).1;
    assert_eq!(old.name, dir.join("new").as_os_str().as_encoded_bytes(), "it is the new file");
    let replaced = tables.objects.iter().find(|object| object.removed).expect("a replaced file");
    assert_eq!((&replaced.name[..], replaced.inherited), (dir.join("old").as_os_str().as_encoded_bytes(), true));
}

#[test]
fn an_archiver_and_its_compressor() {
    if !is_here("tar") || !is_here("gzip") {
        return;
    }
    let (_dir, dir) = room();
    std::fs::create_dir(dir.join("tree")).expect("tree");
    std::fs::write(dir.join("tree/f"), "content\n").expect("f");
    let (story, tables) = story("tar czf o.tgz tree", &dir);
    let pipe = tables.objects.iter().position(|object| object.name == b"pipe" && object.made_by.is_some());
    let pipe = pipe.expect("a pipe") as u32;
    let (tar, gzip) = (running(&tables, "tar"), running(&tables, "gzip"));
    let archive = story.bytes(tar, pipe, true);
    assert!(archive.len() >= 1536 && archive.starts_with(b"tree/"), "{} bytes", archive.len());
    assert_eq!(story.bytes(gzip, pipe, false), archive);
    let (made, object) = called(&tables, &dir.join("o.tgz"));
    assert!(object.made_by.is_some());
    assert_eq!(story.file(&dir.join("o.tgz")).0, Some(made));
    assert!(called(&tables, &dir.join("tree/f")).1.inherited);
}

#[test]
fn jobs_of_make_share_its_tokens() {
    if !is_here("make") {
        return;
    }
    let (_dir, dir) = room();
    let rules = "all: x y z\n\tcat x y z > all\nx y z:\n\techo $@ | sort > $@\n";
    std::fs::write(dir.join("Makefile"), rules).expect("Makefile");
    let (story, tables) = story("make -j2 -s", &dir);
    assert_eq!(story.file(&dir.join("all")).1, Some(&b"x\ny\nz\n"[..]));
    let (all, _) = called(&tables, &dir.join("all"));
    let writes = story.lines.iter().flat_map(|line| &line.moved).filter(|moved| (moved.0, moved.1) == (all, true));
    assert!(writes.count() >= 1);
    let makers = ["x", "y", "z"].map(|name| called(&tables, &dir.join(name)).1.made_by);
    assert!(makers.iter().all(Option::is_some), "{makers:?}");
}

#[test]
fn a_repository_looks_at_itself() {
    if !is_here("git") {
        return;
    }
    let (_dir, dir) = room();
    let set_up = "git init -q . && echo 1 > f && git add f && echo 2 > f";
    assert!(Command::new("sh").args(["-c", set_up]).current_dir(&dir).status().is_ok_and(|status| status.success()));
    let (story, tables) = story("git status --short", &dir);
    let index = called(&tables, &dir.join(".git/index")).1;
    assert!(index.identity.is_some());
    let lock = dir.join(".git/index.lock");
    for object in tables.objects.iter().filter(|object| object.name == lock.as_os_str().as_encoded_bytes()) {
        assert!(object.exclusive || object.made_by.is_none(), "{object:?}");
    }
    let failed = story.lines.iter().filter(|line| line.outcome == Outcome::Failed(2)).count();
    assert!(failed > 3, "it looked for files that are not there");
    assert!(story.lines.iter().any(|line| line.name == "exit_group" && line.outcome == Outcome::Unfinished));
}
