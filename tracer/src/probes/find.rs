//! The search: which functions of a program can be traced, and why others can't.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use object::{Object, ObjectSection};

use super::body::{Body, Site, body, is_part};
use super::usdt;
use crate::symbols::{Code, Copies, Function, Layout, copies, demangle, elf_parts};

/// Functions that are traced at most.
pub const MOST: usize = 10_000;
/// Files that are followed from a script to what runs it.
const SCRIPTS: usize = 4;
/// Functions that are named as those which hold copies.
const HOLDERS: usize = 5;

/// A function whose name was asked for.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which.
    pub function: Function,
    /// Where it is entered and left, or why it can't be traced.
    pub body: Result<Body, String>,
}

/// What was found in a program.
#[derive(Debug)]
pub struct Search {
    /// The file that runs: of a script, what runs it.
    pub file: PathBuf,
    /// In order of their addresses.
    pub functions: Vec<Found>,
    /// Functions without code of their own, by name.
    pub copies: BTreeMap<String, Copies>,
    /// Why nothing in this file can be found.
    pub why_nothing: Option<String>,
    pub(super) image: Image,
    pub(super) layout: Layout,
}

/// By what a file is known again, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Image {
    pub device: u64,
    pub inode: u64,
    pub entry: u64,
    /// First address.
    pub lowest: u64,
}

/// A probe that a program has by itself.
#[derive(Debug, Clone)]
pub struct Marked {
    /// As its file tells of it.
    pub probe: usdt::Usdt,
    pub(super) site: Option<Site>,
}

impl Search {
    /// Nothing of this file, yet.
    pub(super) fn of(file: PathBuf, image: Image, code: &Code) -> Search {
        let layout = code.layout.clone();
        Search { file, functions: Vec::new(), copies: BTreeMap::new(), why_nothing: None, image, layout }
    }
}

impl Copies {
    /// Why a function that is only copied can't be traced.
    pub fn why(&self, name: &str) -> String {
        let places = if self.places == 1 { "place" } else { "places" };
        let named: Vec<&str> = self.inside.iter().take(HOLDERS).map(String::as_str).collect();
        let more = if self.inside.len() > HOLDERS { ", …" } else { "" };
        format!(
            "`{name}` is inlined at {} {places} and has no code of its own: cannot be traced; it shows in samples of {}{more}",
            self.places,
            named.join(", "),
        )
    }
}

/// Follows a script to the program that runs it.
pub(super) fn program(path: &Path) -> Result<PathBuf, String> {
    use std::io::Read;
    let mut path = path.to_path_buf();
    for _ in 0..SCRIPTS {
        let mut line = vec![0; 256];
        let mut file = std::fs::File::open(&path).map_err(|error| error.to_string())?;
        let got = file.read(&mut line).map_err(|error| error.to_string())?;
        line.truncate(got);
        let Some(line) = line.strip_prefix(b"#!") else { return Ok(path) };
        match crate::interpreters::of_script(line) {
            Some(next) => path = next,
            None => return Err("it is a script that names nobody who runs it".into()),
        }
    }
    Err("it is a script of scripts".into())
}

/// Looks for functions whose symbol or name matches.
///
/// # Errors
/// Why the file can't be read.
pub fn functions(path: &Path, matches: &dyn Fn(&str) -> bool) -> Result<Search, String> {
    let (file, image, code) = read(path)?;
    let mut search = Search::of(file, image, &code);
    if let Some(why) = unfit(&code) {
        search.why_nothing = Some(why);
        return Ok(search);
    }
    for function in &code.functions {
        if is_part(&function.symbol) {
            continue;
        }
        let symbol = String::from_utf8_lossy(&function.symbol);
        if matches(&symbol) || matches(&function.name) {
            let body = body(&code, function);
            search.functions.push(Found { function: function.clone(), body });
        }
    }
    search.copies = copies(&search.file, matches);
    for found in &search.functions {
        search.copies.remove(&found.function.name);
    }
    if code.is_stripped && search.functions.is_empty() {
        search.why_nothing = Some("its symbols were taken off (stripped)".into());
    }
    Ok(search)
}

/// Looks for probes that the program has by itself, by provider and name.
///
/// # Errors
/// Why the file can't be read.
pub fn marked(path: &Path, matches: &dyn Fn(&str, &str) -> bool) -> Result<(Search, Vec<Marked>), String> {
    let (file, image, code) = read(path)?;
    let mut search = Search::of(file, image, &code);
    if !code.is_x86_64 {
        search.why_nothing = unfit(&code);
        return Ok((search, Vec::new()));
    }
    let probes = usdt::of_file(&search.file)?;
    if probes.is_empty() {
        search.why_nothing = Some("it has no probes of its own (no section .note.stapsdt)".into());
    }
    let marked = probes
        .into_iter()
        .filter(|probe| matches(&demangle(&probe.provider), &demangle(&probe.name)))
        .map(|probe| Marked { site: Site::of(&code, probe.address), probe })
        .collect();
    Ok((search, marked))
}

fn unfit(code: &Code) -> Option<String> {
    if !code.is_x86_64 {
        return Some("it is not for x86-64".into());
    }
    code.is_go.then(|| "it was made by Go's compiler: its goroutines change threads inside functions".into())
}

pub(super) fn read(path: &Path) -> Result<(PathBuf, Image, Code), String> {
    let file = program(path)?;
    let meta = std::fs::metadata(&file).map_err(|error| error.to_string())?;
    let code = Code::read(&file)?;
    let image = Image { device: meta.dev(), inode: meta.ino(), entry: code.entry, lowest: code.lowest };
    Ok((file, image, code))
}

/// The file of the program of this launch.
///
/// # Errors
/// Why there is none.
pub fn program_of(launch: &crate::Launch) -> Result<PathBuf, String> {
    let name = launch.argv.first().ok_or("no program is given")?;
    let found = crate::search::find(name, std::env::var_os("PATH").as_deref());
    let file = found.map_err(|failure| std::io::Error::from_raw_os_error(failure.errno).to_string())?;
    Ok(launch.cwd.as_ref().map_or(file.clone(), |dir| dir.join(&file)))
}

/// The libraries that a program is loaded with, as its own loader finds them in this environment; none of one that is
/// linked statically. The loader only lists them (ld.so(8)): nothing of the program is run.
///
/// # Errors
/// Why they can't be listed.
pub fn libraries(program: &Path) -> Result<Vec<PathBuf>, String> {
    let parts = elf_parts::open(program)?;
    let file = elf_parts::parse(&parts)?;
    let Some(section) = file.section_by_name(".interp") else { return Ok(Vec::new()) };
    let name = section.data().unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
    let loader = Path::new(std::ffi::OsStr::from_bytes(name));
    let listed = Command::new(loader).arg("--list").arg(program).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let listed = listed.map_err(|error| format!("{}: {error}", loader.display()))?;
    if !listed.status.success() {
        return Err(format!("{} does not list them", loader.display()));
    }
    // `name => path (address)`, or `path (address)`.
    let path = |line: &[u8]| {
        let line = line.trim_ascii();
        let after = line.windows(4).position(|piece| piece == b" => ").map_or(0, |at| at + 4);
        let rest = line.get(after..)?;
        let end = rest.windows(2).rposition(|piece| piece == b" (").unwrap_or(rest.len());
        rest.get(..end)
            .filter(|path| path.starts_with(b"/"))
            .map(|path| PathBuf::from(std::ffi::OsStr::from_bytes(path)))
    };
    let mut found: Vec<PathBuf> = Vec::new();
    for path in listed.stdout.split(|byte| *byte == b'\n').filter_map(path) {
        if !found.contains(&path) {
            found.push(path);
        }
    }
    Ok(found)
}
