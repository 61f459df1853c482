//! Programs that Chic built: they tell their own runtime of their tracepoints by two functions, whose arguments say all there
//! is to say (perf-json.md 6.1). Nothing of them is changed: probes stand at the first instruction of both.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::rc::Rc;

use object::{Object, ObjectSection, ObjectSymbol};
use recording::chic_metadata::{self, Metadata, Tracepoint};

use super::body::{Site, body};
use super::find::{self, Search};
use crate::symbols::{Code, Function, elf_parts};
use crate::sys::ptrace::General;
use crate::sys::{Tid, memory};

const ENTER: &str = "chic_rt_trace_enter";
const EXIT: &str = "chic_rt_trace_exit";
/// How functions begin that only the runtime library of this project has beside those of Chic.
const OWN: &str = "chic_trace_";
/// What Chic's compiler says of a program.
const METADATA: &str = ".chic.meta";

/// Programs that are executed while others run, to be looked at.
#[derive(Debug, Clone, Default)]
pub struct Executed {
    /// Callers were compiled against a prototype without budgets.
    pub three_words: bool,
    /// Was looked at before: device and inode.
    pub known: Option<(u64, u64)>,
}

/// What was looked at.
#[derive(Debug)]
pub(super) struct Later {
    three_words: bool,
    known: Option<(u64, u64)>,
    /// Device, inode and time of change of files that have none of it, or were found.
    looked_at: HashSet<(u64, u64, i64, i64)>,
    /// To be said.
    pub warning: Option<String>,
}

/// Files of which it is remembered that they have nothing of it.
const REMEMBERED: usize = 1 << 16;

impl Later {
    pub fn new(executed: &Executed) -> Later {
        let Executed { three_words, known } = *executed;
        Later { three_words, known, looked_at: HashSet::new(), warning: None }
    }

    /// Looks at a file that was not looked at before; `exe` leads to it.
    fn look(&mut self, meta: &std::fs::Metadata, exe: &Path) -> Option<Found> {
        let version = (meta.dev(), meta.ino(), meta.ctime(), meta.ctime_nsec());
        if self.known == Some((meta.dev(), meta.ino())) || self.looked_at.contains(&version) {
            return None;
        }
        if self.looked_at.len() < REMEMBERED {
            self.looked_at.insert(version);
        }
        hooks(exe, self.three_words).ok()
    }
}

impl super::Probes {
    /// Which part is the program that a process has executed? One of Chic becomes one.
    pub(super) fn part_of(&mut self, pid: Tid) -> Option<usize> {
        if !self.has_any() && self.later.is_none() {
            return None;
        }
        let exe = format!("/proc/{}/exe", pid.0);
        let meta = std::fs::metadata(&exe).ok()?;
        let file = (meta.dev(), meta.ino());
        let is_it = |part: &super::Part| !part.is_library && (part.image.device, part.image.inode) == file;
        let known = self.program.parts.iter().position(is_it);
        if known.is_some() {
            return known.filter(|_| self.are_breakpoints());
        }
        let found = self.later.as_mut()?.look(&meta, Path::new(&exe))?;
        let name = std::fs::read_link(&exe).unwrap_or_default();
        let name = name.display();
        let hooks = match found {
            Found::No | Found::Own => return None,
            Found::Hooks(_) if !self.are_breakpoints() => {
                Err("functions are traced by uprobes, and its tracepoints by breakpoints only".to_owned())
            }
            Found::Refused(why) => Err(why),
            Found::Hooks(hooks) => Ok(hooks),
        };
        let hooks = match hooks {
            Ok(hooks) => hooks,
            Err(why) => {
                self.miss("tracepoints", format!("Chic built {name}, and its tracepoints are not recorded: {why}"));
                return None;
            }
        };
        if hooks.skipped > 0 {
            self.miss("tracepoints", format!("{} lines of .chic.meta of {name} could not be read", hooks.skipped));
        }
        let told =
            format!("tracepoints of Chic in {name}, recorded by breakpoints of ptrace: each costs 22 µs or more");
        self.miss("overhead_ns_per_call", told.clone());
        if let Some(later) = &mut self.later {
            later.warning = Some(told);
        }
        let part = Rc::make_mut(&mut self.program).add_chic_program(&hooks);
        self.rates.resize(self.program.points.len(), super::Rate::default());
        Some(part)
    }
}

/// Tracepoints of a task that are told apart; the runtime library has no more, either.
const MOST: usize = 1 << 16;
const LABEL_MAX: usize = recording::tracepoint::LABEL_MAX;

/// What a program has of it.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    No,
    /// The runtime library of this project, which asks for its recorder by itself.
    Own,
    /// Tracepoints that can't be recorded, and why.
    Refused(String),
    /// Where they are told.
    Hooks(Box<Hooks>),
}

/// The two functions.
#[derive(Debug)]
pub struct Hooks {
    /// The file.
    pub search: Search,
    /// Lines of what the compiler says that can't be read.
    pub skipped: usize,
    pub(super) enter: Site,
    pub(super) exit: Site,
    pub(super) known: Rc<Known>,
}

/// What is known of tracepoints before they are entered.
#[derive(Debug, Default)]
pub struct Known {
    by_id: HashMap<u64, Tracepoint>,
    /// Callers pass no budgets: what stands in their registers is none.
    three_words: bool,
}

/// Tracepoints that were described in events of a task.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(HashSet<u64>);

/// Looks for them. `three_words`: callers were compiled against a prototype without budgets.
///
/// # Errors
/// Why the file can't be read.
pub fn hooks(path: &Path, three_words: bool) -> Result<Found, String> {
    let file = find::program(path)?;
    let Some((addresses, metadata)) = look(&file)? else { return Ok(Found::No) };
    let [enter, exit] = match addresses {
        Addresses::Own => return Ok(Found::Own),
        Addresses::None => {
            let why = "its symbols were taken off (stripped)";
            return Ok(if metadata.is_some() { Found::Refused(why.into()) } else { Found::No });
        }
        Addresses::Of(both) => both,
    };
    let (file, image, code) = find::read(&file)?;
    if !code.is_x86_64 {
        return Ok(Found::Refused("it is not for x86-64".into()));
    }
    let (Some(enter), Some(exit)) = (first(&code, enter), first(&code, exit)) else {
        return Ok(Found::Refused(format!("the first instruction of {ENTER} or {EXIT} runs in no other place")));
    };
    let metadata = metadata.unwrap_or_default();
    let skipped = metadata.skipped.len();
    let by_id = metadata.tracepoints.into_iter().map(|tracepoint| (tracepoint.trace_id, tracepoint)).collect();
    let search = Search::of(file, image, &code);
    Ok(Found::Hooks(Box::new(Hooks { search, skipped, enter, exit, known: Rc::new(Known { by_id, three_words }) })))
}

/// Where both functions begin, and how many bytes they have.
enum Addresses {
    None,
    Own,
    Of([(u64, u64); 2]),
}

/// A look at names only: most programs have none of these. `None`: this one hasn't, either.
fn look(path: &Path) -> Result<Option<(Addresses, Option<Metadata>)>, String> {
    let parts = elf_parts::open(path)?;
    let file = elf_parts::parse(&parts)?;
    let metadata = file.section_by_name(METADATA).map(|section| section.data().unwrap_or_default());
    let names = file.section_by_name(".strtab").and_then(|section| section.data().ok()).unwrap_or_default();
    let is_named = contains(names, ENTER.as_bytes());
    if !is_named && metadata.is_none() {
        return Ok(None);
    }
    let mut both = [None; 2];
    for symbol in file.symbols().filter(|symbol| is_named && !symbol.is_undefined()) {
        let place = (symbol.address(), symbol.size());
        match symbol.name() {
            Ok(name) if name.starts_with(OWN) => return Ok(Some((Addresses::Own, None))),
            Ok(ENTER) => both[0] = Some(place),
            Ok(EXIT) => both[1] = Some(place),
            _ => {}
        }
    }
    let addresses = match both {
        [Some(enter), Some(exit)] => Addresses::Of([enter, exit]),
        _ => Addresses::None,
    };
    Ok(Some((addresses, metadata.map(chic_metadata::read))))
}

fn contains(bytes: &[u8], name: &[u8]) -> bool {
    let (first, rest) = name.split_first().unwrap_or((&0, &[]));
    let mut at = 0;
    while let Some(next) = bytes.get(at..).and_then(|bytes| bytes.iter().position(|byte| byte == first)) {
        at += next + 1;
        if bytes.get(at..).is_some_and(|bytes| bytes.starts_with(rest)) {
            return true;
        }
    }
    false
}

/// The first instruction of a function, if it runs in another place.
fn first(code: &Code, (address, size): (u64, u64)) -> Option<Site> {
    let function = Function { symbol: Vec::new(), name: String::new(), address, size };
    body(code, &function).map(|body| body.entry).ok().or_else(|| Site::of(code, address))
}

/// A tracepoint as a call of the first function tells of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Described {
    pub label: Vec<u8>,
    /// CPU µs, memory bytes, GPU µs; 0 none.
    pub budgets: [u64; 3],
    /// Where the call returns to.
    pub site: u64,
}

impl Told {
    /// Is it new? `None`: there are too many.
    pub fn add(&mut self, id: u64) -> Option<bool> {
        if self.0.contains(&id) {
            return Some(false);
        }
        (self.0.len() < MOST).then(|| self.0.insert(id))
    }
}

/// The tracepoint of a call, by its registers (System V ABI: rdi, rsi, rdx, rcx, r8, r9).
pub(super) fn id_of(registers: &General) -> u64 {
    registers.named(7, None).unwrap_or(0)
}

impl Known {
    /// What a call says of a tracepoint, before what the compiler said of it.
    pub(super) fn describe(&self, pid: u32, registers: &General) -> Described {
        let word = |number| registers.named(number, None).unwrap_or(0);
        let id = id_of(registers);
        let mut place = [0; 8];
        let site = memory::read(pid, registers.sp(), &mut place).map_or(0, |()| u64::from_le_bytes(place));
        let passed = if self.three_words { [0; 3] } else { [word(1), word(8), word(9)] };
        let known = self.by_id.get(&id);
        let budgets = known.map_or([None; 3], |it| [it.budgets.cpu_us, it.budgets.mem_bytes, it.budgets.gpu_us]);
        let label = match known {
            Some(tracepoint) => tracepoint.label.clone().into_bytes(),
            None => label(pid, word(6), word(2)),
        };
        let label = if label.is_empty() { format!("trace:{id:016x}").into_bytes() } else { cut(label) };
        let mut both = budgets.iter().zip(passed).map(|(known, passed)| known.unwrap_or(passed));
        Described { label, budgets: std::array::from_fn(|_| both.next().unwrap_or(0)), site }
    }
}

/// The bytes of a label; one more than is kept, so that a character is not cut without need.
fn label(pid: u32, at: u64, len: u64) -> Vec<u8> {
    let mut bytes = vec![0; len.min(LABEL_MAX as u64 + 1) as usize];
    match at != 0 && memory::read(pid, at, &mut bytes).is_ok() {
        true => bytes,
        false => Vec::new(),
    }
}

/// Not more than is kept, whole characters.
fn cut(mut label: Vec<u8>) -> Vec<u8> {
    if label.len() > LABEL_MAX {
        label.truncate(LABEL_MAX);
        if let Err(error) = std::str::from_utf8(&label)
            && error.error_len().is_none()
        {
            label.truncate(error.valid_up_to());
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_stand() {
        for (bytes, found) in [
            (&b"\0cchic_rt\0"[..], true),
            (b"chic_r", false),
            (b"", false),
            (b"chic_rt", true),
            (b"chi\0chic_rx", false),
        ] {
            assert_eq!(contains(bytes, b"chic_rt"), found, "{bytes:?}");
        }
    }

    #[test]
    fn labels_are_cut_at_characters() {
        assert_eq!(cut(b"short".to_vec()), b"short");
        let long = "é".repeat(LABEL_MAX);
        assert_eq!(cut(long.clone().into_bytes()).len(), LABEL_MAX);
        assert_eq!(cut(format!("x{long}").into_bytes()).len(), LABEL_MAX - 1);
    }

    #[test]
    fn a_task_tells_of_so_many() {
        let mut told = Told::default();
        assert_eq!((told.add(7), told.add(7)), (Some(true), Some(false)));
        assert!((0..MOST as u64).all(|id| told.add(id).is_some() || id > 7));
        assert_eq!(told.add(u64::MAX), None);
    }
}
