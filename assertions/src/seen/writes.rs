//! `writes_only`: what was created, changed, renamed, linked, removed or given other attributes beside what may be.

use recording::resolve::{About, Resolved};

use super::answer::{Answer, Kept};
use super::objects::{Scene, Watching, counts, opened, succeeded};
use crate::finding::Findings;
use crate::glob::PathGlob;

const O_TRUNC: u64 = 0o1_000;
const O_CREAT: u64 = 0o100;
const PROT_WRITE: u64 = 2;
const MAP_SHARED: u64 = 1;
/// Requests of ioctl(2) that change a file: FICLONE, FICLONERANGE (ioctl_ficlonerange(2)), FS_IOC_SETFLAGS
/// (ioctl_iflags(2)), FS_IOC_FSSETXATTR.
const CHANGING: [u64; 4] = [0x4004_9409, 0x4020_940d, 0x4008_6602, 0x401c_5820];

/// One rule.
#[derive(Debug)]
pub(super) struct Writes {
    paths: Vec<PathGlob>,
    found: Findings,
    unknown: bool,
}

/// Which of its arguments a call changes by name or descriptor.
fn changed(name: &str) -> &'static [u8] {
    match name {
        "rename" => &[0, 1],
        "renameat" | "renameat2" => &[1, 3],
        "link" | "symlink" => &[1],
        "linkat" => &[3],
        "symlinkat" => &[2],
        "truncate" | "ftruncate" | "fallocate" | "mknod" | "mkdir" | "unlink" | "rmdir" | "chmod" | "fchmod"
        | "chown" | "fchown" | "lchown" | "utime" | "utimes" | "setxattr" | "lsetxattr" | "fsetxattr"
        | "removexattr" | "lremovexattr" | "fremovexattr" | "chown32" | "fchown32" | "lchown32" | "truncate64"
        | "ftruncate64" => &[0],
        "mknodat" | "mkdirat" | "unlinkat" | "fchmodat" | "fchmodat2" | "fchownat" | "futimesat" | "setxattrat"
        | "removexattrat" | "file_setattr" | "bind" => &[1],
        _ => &[],
    }
}

impl Writes {
    pub fn new(paths: Vec<PathGlob>) -> Writes {
        Writes { paths, found: Findings::default(), unknown: false }
    }

    fn touched(&mut self, scene: &Scene<'_>, call: &Resolved<'_>, about: &About) {
        // A file that never had a name (open(2), O_TMPFILE) is nobody's until it is linked.
        let row = scene.tables.object(about.object);
        if row.is_some_and(|row| row.began_unnamed() && row.names.is_empty()) {
            return;
        }
        match scene.path(about) {
            Some(path) if counts(scene, about.object, &path) || call.name == "bind" => {
                if !self.paths.iter().any(|glob| glob.takes(&path)) {
                    self.found.add(scene.exe(call.process), &call.name, Some(&path));
                }
            }
            Some(_) => {}
            // One whose name is not known may be anybody's.
            None => self.unknown |= row.is_some_and(|row| row.name.is_empty()),
        }
    }
}

impl Watching for Writes {
    fn call(&mut self, scene: &Scene<'_>, call: &Resolved<'_>) {
        if !succeeded(call) {
            return;
        }
        if let Some((made, flags)) = opened(scene, call) {
            let row = scene.tables.object(made.object);
            let created = flags & O_CREAT != 0
                && row.is_some_and(|row| row.names.last().is_some_and(|(index, _)| *index == call.index));
            if created || flags & O_TRUNC != 0 {
                self.touched(scene, call, made);
            }
            return;
        }
        let args = call.event.call().map(|call| call.args()).unwrap_or_default();
        match call.name.as_ref() {
            "mmap" | "mmap2" if args[2] & PROT_WRITE != 0 && args[3] & MAP_SHARED != 0 => {
                call.about.iter().filter(|about| about.arg == 4).for_each(|about| self.touched(scene, call, about));
            }
            "ioctl" if CHANGING.contains(&(args[1] & 0xffff_ffff)) => {
                call.about.iter().filter(|about| about.arg == 0).for_each(|about| self.touched(scene, call, about));
            }
            // Without a path it is about the descriptor that stands before it (AT_EMPTY_PATH, futimens(3)).
            "utimensat" => {
                let named = call.about.iter().find(|about| about.arg == 1).or(call.about.first());
                named.into_iter().for_each(|about| self.touched(scene, call, about));
            }
            name => {
                for arg in changed(name) {
                    let mut named = call.about.iter().filter(|about| about.arg == *arg);
                    if let Some(about) = named.next() {
                        self.touched(scene, call, about);
                    }
                }
            }
        }
        for moved in call.moved.iter().filter(|moved| moved.into && moved.end > moved.start) {
            let about = call.about.iter().find(|about| about.description == Some(moved.description));
            if let Some(about) = about {
                self.touched(scene, call, about);
            }
        }
    }

    fn answer(self: Box<Self>) -> Answer {
        let answer = Answer::none_of(self.found, "change of what is not listed");
        match (self.unknown, &answer.kept) {
            (true, Kept::Yes) => {
                Answer { kept: Kept::Unknown("a file was changed whose path is not known".into()), ..answer }
            }
            _ => answer,
        }
    }
}
