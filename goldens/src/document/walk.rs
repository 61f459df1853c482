//! The walk: calls in order, with as much of descriptors and names as the outcome needs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use recording::document::{Argument, Call, Document};

use super::files::{Left, Written, is_left, tidy};
use crate::form::FormEnd;
use crate::golden::EndKind;
use crate::value::Value;

const O_ACCMODE: u64 = 3;
const O_CREAT: u64 = 0x40;
const O_TRUNC: u64 = 0x200;
const AT_REMOVEDIR: u64 = 0x200;
const CLONE_THREAD: u64 = 0x1_0000;
const F_DUPFD: u64 = 0;
const F_DUPFD_CLOEXEC: u64 = 1030;

/// What a descriptor is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// Standard input, output or error.
    Std(i32),
    /// A file opened for writing.
    File(Vec<u8>),
    /// Something whose content is no part of the outcome.
    Other,
    /// Something that is not known.
    Unknown,
}

/// Descriptors of one process.
type Descriptors = HashMap<i32, Target>;

/// What the calls of a document did.
#[derive(Debug, Default)]
pub(super) struct Walked {
    tables: HashMap<Option<u64>, Descriptors>,
    names: BTreeMap<Vec<u8>, Left>,
    std: BTreeMap<i32, Written>,
    /// Facts that are not known, a phrase each.
    pub gaps: BTreeSet<String>,
    /// Calls that make a process.
    pub forks: u64,
    /// Calls that replace an image, the first of the root aside.
    pub execs: u64,
    /// What each process executed, by the names that it used; `None`: a name that is not known.
    pub executed: HashMap<Option<u64>, Vec<Option<Vec<u8>>>>,
    root_began: bool,
}

/// Walks over a document.
pub(super) fn walk(document: &Document<'_>) -> Walked {
    let mut walked = Walked::default();
    for (event, call) in (0u64..).zip(&document.calls) {
        walked.call(call, event);
    }
    for (descriptor, written) in &walked.std {
        if written.bytes.is_none() && written.len != Some(0) {
            let name = std_name(*descriptor);
            let known = if written.len.is_some() { "only how many they are" } else { "not even how many they are" };
            walked.gaps.insert(format!("the bytes on {name}: {known} is known"));
        }
    }
    walked
}

fn std_name(descriptor: i32) -> &'static str {
    match descriptor {
        0 => "stdin",
        1 => "stdout",
        _ => "stderr",
    }
}

impl Walked {
    /// What is left, in order of kind and name.
    pub(super) fn ends(&self) -> Vec<FormEnd> {
        let files = self.names.iter().map(|(name, left)| left.end(name));
        let std = self.std.iter().filter(|(_, written)| written.len != Some(0)).map(|(descriptor, written)| FormEnd {
            kind: EndKind::Std,
            name: Value::literal(std_name(*descriptor).as_bytes()),
            mode: None,
            content: written.content(),
            to: None,
            event: written.event,
        });
        let mut ends: Vec<FormEnd> = files.chain(std).collect();
        ends.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        ends
    }

    fn call(&mut self, call: &Call<'_>, event: u64) {
        match &*call.name {
            "open" | "creat" | "openat" | "openat2" => self.open(call, event),
            "close" | "dup" | "dup2" | "dup3" | "fcntl" => self.descriptor(call),
            "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" => self.write(call, 0, event),
            "sendfile" => self.write(call, 0, event),
            "splice" | "copy_file_range" => self.write(call, 2, event),
            "lseek" | "ftruncate" => self.moved(call),
            "fork" | "vfork" | "clone" | "clone3" => self.born(call),
            "execve" | "execveat" => self.exec(call),
            "connect" | "bind" | "sendto" | "sendmsg" | "sendmmsg" => self.socket(call),
            "unknown" => {
                self.gaps
                    .insert("what calls named `unknown` did: they may have created, removed or renamed files".into());
            }
            name if is_about_names(name) => self.name(call),
            _ => {}
        }
    }

    fn table(&mut self, call: &Call<'_>) -> &mut Descriptors {
        self.tables.entry(call.pid).or_insert_with(standard)
    }

    fn open(&mut self, call: &Call<'_>, event: u64) {
        let Some(descriptor) = call.success().and_then(|fd| i32::try_from(fd).ok()) else { return };
        let (path, flags) = match &*call.name {
            "open" => (at(call, None, 0), call.word(1)),
            "creat" => (at(call, None, 0), Some(O_CREAT | O_TRUNC | 1)),
            "openat" => (at(call, Some(0), 1), call.word(2)),
            _ => (at(call, Some(0), 1), None),
        };
        let target = match (path, flags) {
            (_, Some(flags)) if flags & O_ACCMODE == 0 && flags & (O_CREAT | O_TRUNC) == 0 => Target::Other,
            (Some(path), Some(flags)) if is_left(&path) => {
                if flags & (O_CREAT | O_TRUNC) != 0 {
                    self.made(&path, flags & O_TRUNC != 0, event);
                }
                Target::File(path)
            }
            (Some(path), _) if !is_left(&path) => Target::Other,
            _ => {
                self.gaps.insert("names of files that were opened to be written".into());
                Target::Unknown
            }
        };
        self.table(call).insert(descriptor, target);
    }

    /// A name that exists from here on; `anew`: with nothing in it.
    fn made(&mut self, path: &[u8], anew: bool, event: u64) {
        let fresh = Left::File(Written { event, ..Written::nothing() }, None);
        match self.names.get_mut(path) {
            Some(left @ (Left::Gone | Left::File(..))) if anew || *left == Left::Gone => *left = fresh,
            Some(_) => {}
            None => drop(self.names.insert(path.to_vec(), fresh)),
        }
    }

    fn descriptor(&mut self, call: &Call<'_>) {
        let Some(result) = call.success() else { return };
        let (old, new) = match &*call.name {
            "close" => {
                if let Some(old) = call.int(0) {
                    self.table(call).remove(&old);
                }
                return;
            }
            "dup2" | "dup3" => (call.int(0), call.int(1)),
            "fcntl" if !matches!(call.word(1), Some(F_DUPFD | F_DUPFD_CLOEXEC)) => return,
            _ => (call.int(0), i32::try_from(result).ok()),
        };
        if let (Some(old), Some(new)) = (old, new) {
            let table = self.table(call);
            let target = table.get(&old).cloned().unwrap_or(Target::Unknown);
            table.insert(new, target);
        }
    }

    fn write(&mut self, call: &Call<'_>, position: usize, event: u64) {
        let count = match call.success() {
            Some(count) => u64::try_from(count).ok(),
            None if call.errno().is_some() => return,
            None => None,
        };
        let bytes = match call.argument(1) {
            // A short write moved only the first of the bytes handed in.
            Argument::Bytes(content) if &*call.name == "write" => {
                count.and_then(|count| content.bytes.get(..usize::try_from(count).ok()?))
            }
            _ => None,
        };
        let Some(descriptor) = call.int(position) else { return };
        let target = self.table(call).get(&descriptor).cloned();
        match target {
            Some(Target::Std(number)) => {
                self.std.entry(number).or_insert_with(Written::nothing).add(count, bytes, event);
            }
            Some(Target::File(path)) => {
                self.made(&path, false, event);
                if let Some(Left::File(written, _)) = self.names.get_mut(&path) {
                    written.add(count, bytes, event);
                }
            }
            Some(Target::Unknown) => {
                self.gaps.insert("where some bytes were written: the descriptor is not known".into());
            }
            Some(Target::Other) | None => {}
        }
    }

    /// A position that is set: what was written is no longer in the order of the file.
    fn moved(&mut self, call: &Call<'_>) {
        let (Some(result), Some(descriptor)) = (call.success(), call.int(0)) else { return };
        let Some(Target::File(path)) = self.table(call).get(&descriptor).cloned() else { return };
        if let Some(Left::File(written, _)) = self.names.get_mut(&path) {
            let stays = &*call.name == "lseek" && written.len == u64::try_from(result).ok();
            if !stays {
                written.bytes = None;
            }
        }
    }

    fn born(&mut self, call: &Call<'_>) {
        if call.success().is_none_or(|pid| pid <= 0) || is_thread(call) {
            return;
        }
        self.forks += 1;
        let copy = self.table(call).clone();
        let child = call.success().and_then(|pid| u64::try_from(pid).ok());
        self.tables.entry(child).or_insert(copy);
    }

    fn exec(&mut self, call: &Call<'_>) {
        if call.errno().is_some() {
            return;
        }
        let name = if &*call.name == "execve" { at(call, None, 0) } else { at(call, Some(0), 1) };
        self.executed.entry(call.pid).or_default().push(name);
        if std::mem::replace(&mut self.root_began, true) {
            self.execs += 1;
        }
    }

    fn socket(&mut self, call: &Call<'_>) {
        let is_own = matches!(&*call.name, "connect" | "bind");
        if is_own || call.success().is_some_and(|count| count > 0) {
            self.gaps.insert("endpoints, and bytes sent to them".into());
        }
    }

    /// A call that makes, removes or changes names.
    fn name(&mut self, call: &Call<'_>) {
        if call.success().is_none() {
            return;
        }
        if self.change(call).is_none() {
            self.gaps.insert(format!("the paths of {}", call.name));
        }
    }

    fn change(&mut self, call: &Call<'_>) -> Option<()> {
        match &*call.name {
            "unlink" | "rmdir" => self.removed(at(call, None, 0)?),
            "unlinkat" => {
                self.removed(at(call, Some(0), 1).filter(|_| call.word(2).is_none_or(|f| f & !AT_REMOVEDIR == 0))?)
            }
            "mkdir" => self.left(at(call, None, 0)?, Left::Dir),
            "mkdirat" => self.left(at(call, Some(0), 1)?, Left::Dir),
            "symlink" => self.left(at(call, None, 1)?, Left::Symlink(path_of(call, 0)?)),
            "symlinkat" => self.left(at(call, Some(1), 2)?, Left::Symlink(path_of(call, 0)?)),
            "rename" => self.renamed(at(call, None, 0)?, at(call, None, 1)?),
            "renameat" | "renameat2" if call.word(4).unwrap_or(0) == 0 => {
                self.renamed(at(call, Some(0), 1)?, at(call, Some(2), 3)?);
            }
            "chmod" => self.given_mode(at(call, None, 0)?, call.word(1)?),
            "fchmodat" | "fchmodat2" => self.given_mode(at(call, Some(0), 1)?, call.word(2)?),
            "fchmod" => {
                let Some(Target::File(path)) = self.table(call).get(&call.int(0)?).cloned() else { return None };
                self.given_mode(path, call.word(1)?);
            }
            _ => return None,
        }
        Some(())
    }

    fn removed(&mut self, path: Vec<u8>) {
        match self.names.get(&path) {
            // What the run made itself leaves nothing behind when it is removed again.
            Some(Left::Dir | Left::Symlink(_) | Left::File(..)) => drop(self.names.remove(&path)),
            _ => drop(self.names.insert(path, Left::Gone)),
        }
    }

    fn left(&mut self, path: Vec<u8>, left: Left) {
        self.names.insert(path, left);
    }

    fn renamed(&mut self, old: Vec<u8>, new: Vec<u8>) {
        match self.names.remove(&old) {
            Some(left) if left != Left::Gone => drop(self.names.insert(new, left)),
            _ => {
                self.names.insert(old, Left::Gone);
                self.names.insert(new, Left::File(Written::default(), None));
            }
        }
    }

    fn given_mode(&mut self, path: Vec<u8>, mode: u64) {
        let unchanged = Left::File(Written::default(), None);
        if let Left::File(_, known) = self.names.entry(path).or_insert(unchanged) {
            *known = u16::try_from(mode & 0o7777).ok();
        }
    }
}

fn standard() -> Descriptors {
    (0..3).map(|number| (number, Target::Std(number))).collect()
}

fn is_about_names(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "unlink",
        "unlinkat",
        "rmdir",
        "mkdir",
        "mkdirat",
        "mknod",
        "mknodat",
        "rename",
        "renameat",
        "renameat2",
        "link",
        "linkat",
        "symlink",
        "symlinkat",
        "chmod",
        "fchmod",
        "fchmodat",
        "fchmodat2",
        "truncate",
        "fallocate",
        "chown",
        "fchownat",
    ];
    NAMES.contains(&name)
}

/// Does this call make a thread?
fn is_thread(call: &Call<'_>) -> bool {
    match call.argument(0) {
        Argument::Word(flags) if &*call.name == "clone" => flags & CLONE_THREAD != 0,
        Argument::Text(text) => text.contains("CLONE_THREAD"),
        _ => false,
    }
}

/// The path in an argument, tidied.
fn path_of(call: &Call<'_>, position: usize) -> Option<Vec<u8>> {
    match call.argument(position) {
        Argument::Bytes(content) if content.is_whole() => Some(tidy(&content.bytes)),
        _ => None,
    }
}

/// The same, when it is absolute or relative to the working directory.
fn at(call: &Call<'_>, directory: Option<usize>, position: usize) -> Option<Vec<u8>> {
    let path = path_of(call, position)?;
    let in_cwd = directory.is_none_or(|directory| call.int(directory) == Some(-100));
    (path.starts_with(b"/") || in_cwd).then_some(path)
}
