//! Symbols: from an address in a program to the names of the functions it lies in.
//!
//! In: mappings as they were when the address was seen, and the files they name. Out: names, innermost
//! first, functions that were inlined included where the file's debug information tells. Files are read
//! when they are first asked for, once each. What a file holds is not trusted.

mod copies;
mod elf;
mod functions;
mod index;
mod inlined;
mod jit;
mod kernel;
mod names;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub(crate) use elf::UnwindSections;
pub(crate) mod elf_parts {
    //! Files, as far as others read sections of them.
    pub(crate) use super::super::symbols::elf::{open, parse};
}
pub use copies::{Copies, copies};
pub use functions::{Code, Function, Layout};
pub use names::demangle;

use elf::Elf;
use inlined::Inlined;
pub use inlined::Line;
use jit::Jit;
use kernel::Kernel;

/// A mapping of executable pages in a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Whose.
    pub pid: u32,
    /// First address.
    pub start: u64,
    /// Behind the last.
    pub end: u64,
    /// Offset in the file, bytes.
    pub offset: u64,
    /// The file as the process saw it, or the kernel's name for what is none (`//anon`, `[vdso]`).
    pub path: PathBuf,
    /// As the kernel read it at that time; empty when it did not.
    pub build_id: Vec<u8>,
}

impl Mapping {
    /// A file's own name, if it is one.
    fn file(&self) -> Option<&Path> {
        let bytes = self.path.as_os_str().as_encoded_bytes();
        let anonymous = [&b"//"[..], b"/memfd:", b"/dev/zero", b"/anon_hugepage", b"/SYSV"];
        (bytes.starts_with(b"/") && !anonymous.iter().any(|prefix| bytes.starts_with(prefix))).then_some(&self.path)
    }

    /// Is it code that the process made itself?
    pub(crate) fn is_made(&self) -> bool {
        self.file().is_none() && !self.path.as_os_str().as_encoded_bytes().starts_with(b"[")
    }

    /// `[libc.so.6]`, `[vdso]`; `[unknown]` for pages that nobody named.
    fn module(&self) -> String {
        match (self.file().and_then(Path::file_name), self.path.to_string_lossy()) {
            (Some(name), _) => format!("[{}]", name.to_string_lossy()),
            (None, text) if text.starts_with('[') => text.into_owned(),
            _ => UNKNOWN.into(),
        }
    }
}

/// The build id of the file of this name; empty when it has none or can't be read.
pub(crate) fn build_id(path: &[u8]) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    if !path.starts_with(b"/") {
        return Vec::new();
    }
    elf::build_id(Path::new(std::ffi::OsStr::from_bytes(path))).unwrap_or_default()
}

/// Code of no module.
pub const UNKNOWN: &str = "[unknown]";

/// Names of functions in which threads of C programs begin (glibc, musl).
const ENTRIES: &[&str] = &[
    "_start",
    "start_thread",
    "clone",
    "__clone",
    "clone3",
    "__clone3",
    "_dl_start_user",
    "__libc_start_main",
    // Of musl, which has no unwinding tables: nothing leads further.
    "libc_start_main_stage2",
];
/// `_start` is shorter than this, bytes: for files whose symbols were taken off.
const START_BYTES: u64 = 64;

/// Names for addresses. One for all processes of a run.
#[derive(Default)]
pub struct Symbols {
    files: HashMap<(PathBuf, Vec<u8>), Rc<Module>>,
    jits: HashMap<u32, Jit>,
    /// Once it was asked for.
    kernel: Option<Kernel>,
    problems: Vec<String>,
}

/// A file, with what was read of it.
struct Module {
    elf: Option<Elf>,
    inlined: OnceCell<Option<Inlined>>,
}

impl Symbols {
    /// Names of the functions that hold address `ip` of this mapping, innermost first; at least one. Code without
    /// a symbol is `[module]`, or [`UNKNOWN`]. For a caller pass an address inside its call instruction.
    pub fn names(&mut self, mapping: &Mapping, ip: u64) -> Vec<String> {
        let Some(file) = mapping.file() else {
            let name = self.jits.get(&mapping.pid).and_then(|jit| jit.name(ip));
            return vec![name.map_or_else(|| mapping.module(), names::demangle)];
        };
        let module = self.module(file, mapping);
        let Some((elf, address)) = module.elf.as_ref().and_then(|elf| Some((elf, elf.address(mapping, ip)?))) else {
            return vec![mapping.module()];
        };
        let inlined = module.inlined.get_or_init(|| Inlined::open(elf.debug_file()));
        let mut names = inlined.as_ref().map_or_else(Vec::new, |inlined| inlined.names(address));
        // The table of symbols has the name of the whole function, and its linkage name with it.
        match (elf.symbol(address), names.last_mut()) {
            (Some(symbol), Some(outermost)) => *outermost = names::demangle(symbol),
            (Some(symbol), None) => names.push(names::demangle(symbol)),
            (None, Some(_)) => {}
            (None, None) => names.push(mapping.module()),
        }
        names
    }

    /// The function that holds address `ip` of this mapping by the table of symbols, and how far into it that is, bytes.
    /// Inlined functions are not told apart.
    pub fn symbol(&mut self, mapping: &Mapping, ip: u64) -> Option<(String, u64)> {
        let module = self.module(mapping.file()?, mapping);
        let elf = module.elf.as_ref()?;
        let address = elf.address(mapping, ip)?;
        let (name, start) = elf.symbol_from(address)?;
        Some((names::demangle(name), address - start))
    }

    /// Lines of source behind address `ip` of this mapping, innermost first, those of inlined functions included; none
    /// without debug information. For a caller pass an address inside its call instruction.
    pub fn lines(&mut self, mapping: &Mapping, ip: u64) -> Vec<Line> {
        let Some(file) = mapping.file() else { return Vec::new() };
        let module = self.module(file, mapping);
        let Some((elf, address)) = module.elf.as_ref().and_then(|elf| Some((elf, elf.address(mapping, ip)?))) else {
            return Vec::new();
        };
        let inlined = module.inlined.get_or_init(|| Inlined::open(elf.debug_file()));
        inlined.as_ref().map_or_else(Vec::new, |inlined| inlined.lines(address))
    }

    /// Name of the kernel's function that holds `ip`, with `_[k]` behind it.
    pub fn kernel_name(&mut self, ip: u64) -> String {
        let kernel = self.kernel.get_or_insert_with(|| {
            let kernel = Kernel::read();
            self.problems.extend(kernel.problem().map(str::to_owned));
            kernel
        });
        kernel.name(ip)
    }

    /// Does a task begin in the function that holds `ip`?
    pub fn is_entry(&mut self, mapping: &Mapping, ip: u64) -> bool {
        let Some(file) = mapping.file() else { return false };
        let module = self.module(file, mapping);
        let Some(elf) = &module.elf else { return false };
        let Some(address) = elf.address(mapping, ip) else { return false };
        address.checked_sub(elf.entry()).is_some_and(|into| into < START_BYTES)
            || elf.symbol(address).is_some_and(|name| ENTRIES.iter().any(|entry| entry.as_bytes() == name))
    }

    /// What is needed to unwind stacks through this mapping.
    pub(crate) fn unwinding(&mut self, mapping: &Mapping) -> Option<UnwindSections> {
        let file = mapping.file()?;
        self.module(file, mapping).elf.as_ref()?.unwinding(mapping)
    }

    /// Reads on in the map that a just-in-time compiler writes for this process. Best while it lives.
    pub fn read_jit(&mut self, pid: u32) {
        if let Err(why) = self.jits.entry(pid).or_default().read(pid)
            && !self.problems.contains(&why)
        {
            self.problems.push(why);
        }
    }

    /// What could not be read, and why, one line each.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    fn module(&mut self, file: &Path, mapping: &Mapping) -> Rc<Module> {
        let key = (file.to_path_buf(), mapping.build_id.clone());
        if let Some(module) = self.files.get(&key) {
            return Rc::clone(module);
        }
        let elf = match Elf::open(file, &mapping.build_id) {
            Ok(elf) => Some(elf),
            Err(why) => {
                self.problems.push(format!("cannot read the symbols of {:?}: {why}", file));
                None
            }
        };
        let module = Rc::new(Module { elf, inlined: OnceCell::new() });
        self.files.insert(key, Rc::clone(&module));
        module
    }
}
