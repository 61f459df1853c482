//! Places: what the addresses of stacks mean, looked up when a call is shown.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;

use recording::event::{Frame, Mapped};
use report::Stacks;
use report::stacks::{Place, Places, Source, StackOptions};
use report::transpiler_map::TranspilerMap;
use tracer::symbols::{Line, Mapping, Symbols};

use crate::cli::ask::Look;
use crate::exit::say;
use crate::message::Problem;
use crate::transpiler_map;

/// Frames that are remembered; then all are looked up again.
const MOST_KNOWN: usize = 1 << 16;

/// Files whose lines are never where a call comes from: what a program calls to make it.
const LIBRARIES: &[&str] =
    &["libc.so", "libc-", "ld-", "ld.so", "libpthread", "librt", "libdl", "libgcc_s", "libstdc++", "libc++", "libstd-"];

/// Which of it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Every frame (`-k`).
    pub stack: bool,
    /// With its line of source (`-kk`).
    pub lines: bool,
    /// Frames that are shown at most (`--stack-trace-frame-limit`).
    pub frames: Option<usize>,
    /// The line of source (`--source`, and what implies it).
    pub source: bool,
    /// The time of each function (`--function-time`).
    pub function_time: bool,
    /// Places that generated code came from (`--transpiler-map`).
    pub map: Option<Rc<TranspilerMap>>,
    /// What stands there (`--show-transpiler-context`).
    pub context: bool,
}

impl Asked {
    /// By the flags; reads the map.
    pub fn of(look: &Look) -> Result<Asked, Problem> {
        let map = look.transpiler_map.as_deref().map(transpiler_map::read).transpose()?;
        if let Some(line) = map.as_ref().and_then(|map| map.twice.first()) {
            say(&format_args!(
                "chic-trace: the map has line {line} of the generated code more than once: the first counts"
            ));
        }
        Ok(Asked {
            stack: look.stack,
            lines: look.stack_lines,
            frames: look.stack_frames,
            source: look.source,
            function_time: look.function_time,
            map: map.map(Rc::new),
            context: look.transpiler_context,
        })
    }

    /// Do calls need their stacks?
    pub fn any(&self) -> bool {
        self.stack || self.source
    }

    /// What a printer needs for it; `lines`: of every frame.
    pub fn stacks(&self, lines: bool, seen: &Seen) -> Option<Stacks> {
        self.any().then(|| {
            let known = Known::new(self.map.clone(), lines, seen.clone());
            Stacks::new(
                Box::new(known),
                StackOptions {
                    frames: if self.stack { self.frames.unwrap_or(usize::MAX) } else { 0 },
                    source: self.source,
                    context: self.context,
                },
            )
        })
    }
}

/// What was found in a run, told when it is over.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    mappings: Rc<Cell<bool>>,
    generated: Rc<Cell<bool>>,
}

impl Seen {
    /// What could not be shown, one line each.
    pub fn missing(&self, asked: &Asked) -> Vec<String> {
        if !asked.any() {
            return Vec::new();
        }
        if !self.mappings.get() {
            return vec![
                "no stacks were taken, so that no call has a source; `record -k` keeps them (on x86-64)".to_owned(),
            ];
        }
        let unused = asked.map.as_ref().filter(|_| !self.generated.get());
        unused
            .map(|map| format!("no call came from {}, of which --transpiler-map tells", map.generated_file))
            .into_iter()
            .collect()
    }
}

/// What is known of the processes of a run.
struct Known {
    symbols: Symbols,
    mappings: HashMap<u32, Mapping>,
    places: HashMap<(Frame, bool), Rc<Place>>,
    sources: HashMap<Frame, Rc<Found>>,
    here: Option<PathBuf>,
    map: Option<Rc<TranspilerMap>>,
    lines: bool,
    seen: Seen,
}

/// What the lines of a frame say.
#[derive(Default)]
struct Found {
    source: Option<Rc<Source>>,
    /// The first line in generated code.
    generated: Option<Line>,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Known({} mappings)", self.mappings.len())
    }
}

impl Known {
    fn new(map: Option<Rc<TranspilerMap>>, lines: bool, seen: Seen) -> Known {
        Known {
            symbols: Symbols::default(),
            mappings: HashMap::new(),
            places: HashMap::new(),
            sources: HashMap::new(),
            here: std::env::current_dir().ok(),
            map,
            lines,
            seen,
        }
    }

    fn found(&mut self, frame: Frame) -> Rc<Found> {
        if let Some(known) = self.sources.get(&frame) {
            return Rc::clone(known);
        }
        let found = Rc::new(self.look_up(frame));
        if self.sources.len() >= MOST_KNOWN {
            self.sources.clear();
        }
        self.sources.insert(frame, Rc::clone(&found));
        found
    }

    fn look_up(&mut self, frame: Frame) -> Found {
        let Some(mapping) = self.mappings.get(&frame.mapping) else { return Found::default() };
        let name = mapping.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if LIBRARIES.iter().any(|library| name.starts_with(library)) {
            return Found::default();
        }
        let lines = self.symbols.lines(mapping, frame.address);
        let own = lines.iter().find(|line| !is_of_language(&line.file));
        let source = own.map(|line| {
            Rc::new(Source {
                file: self.named(&line.file),
                line: line.line,
                function: line.function.clone(),
                original: None,
            })
        });
        let map = self.map.as_ref();
        let generated = map.and_then(|map| lines.into_iter().find(|line| map.generated(&line.file)));
        Found { source, generated }
    }

    /// Below the working directory a path is relative to it.
    fn named(&self, file: &str) -> String {
        let below = self.here.as_ref().and_then(|here| std::path::Path::new(file).strip_prefix(here).ok());
        below.and_then(|below| below.to_str()).unwrap_or(file).to_owned()
    }
}

impl Places for Known {
    fn mapped(&mut self, mapped: &Mapped<'_>) {
        use std::os::unix::ffi::OsStrExt;
        self.seen.mappings.set(true);
        let mapping = Mapping {
            pid: mapped.process,
            start: mapped.start,
            end: mapped.start.saturating_add(mapped.length),
            offset: mapped.offset,
            path: std::ffi::OsStr::from_bytes(mapped.path).into(),
            build_id: mapped.build_id.to_vec(),
        };
        self.mappings.insert(mapped.number, mapping);
    }

    fn place(&mut self, frame: Frame, caller: bool) -> Rc<Place> {
        if let Some(known) = self.places.get(&(frame, caller)) {
            return Rc::clone(known);
        }
        let behind = u64::from(caller);
        let place = match self.mappings.get(&frame.mapping) {
            None => Place { offset: frame.address.saturating_add(behind), ..Place::default() },
            Some(mapping) => {
                let symbol = self.symbols.symbol(mapping, frame.address);
                let lines = if self.lines { self.symbols.lines(mapping, frame.address) } else { Vec::new() };
                let line = lines.into_iter().next().map(|line| (self.named(&line.file), line.line));
                let offset = frame.address.wrapping_sub(mapping.start).wrapping_add(mapping.offset);
                Place {
                    object: mapping.path.to_string_lossy().into_owned(),
                    symbol: symbol.map(|(name, into)| (name, into + behind)),
                    offset: offset.saturating_add(behind),
                    line,
                }
            }
        };
        let place = Rc::new(place);
        if self.places.len() >= MOST_KNOWN {
            self.places.clear();
        }
        self.places.insert((frame, caller), Rc::clone(&place));
        place
    }

    fn source(&mut self, frames: &[Frame]) -> Option<Rc<Source>> {
        let mut source: Option<Rc<Source>> = None;
        for frame in frames {
            let found = self.found(*frame);
            if source.is_none() {
                source.clone_from(&found.source);
            }
            let Some(map) = self.map.clone() else {
                match source {
                    None => continue,
                    source => return source,
                }
            };
            if let Some(line) = &found.generated {
                self.seen.generated.set(true);
                let original = map.original(line.line, line.function.as_deref());
                return source.map(|source| match original {
                    None => source,
                    original => Rc::new(Source { original, ..Source::clone(&source) }),
                });
            }
        }
        source
    }
}

/// Is this a file of the standard library of Rust, C or C++?
fn is_of_language(file: &str) -> bool {
    const BEGIN: &[&str] = &["/rustc/", "/usr/include/c++/", "./csu/", "../csu/", "../sysdeps/", "./nptl/", "./io/"];
    const WITHIN: &[&str] = &["/lib/rustlib/src/", "/glibc-", "/sysdeps/"];
    BEGIN.iter().any(|begin| file.starts_with(begin)) || WITHIN.iter().any(|part| file.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_of_languages_are_told_by_their_paths() {
        for file in ["/rustc/0123/library/std/src/fs.rs", "/home/x/.rustup/toolchains/t/lib/rustlib/src/rust/a.rs"] {
            assert!(is_of_language(file), "{file}");
        }
        for file in ["src/main.rs", "/home/rustc/src/main.rs", "/src/io/mod.rs"] {
            assert!(!is_of_language(file), "{file}");
        }
    }

    #[test]
    fn an_address_of_no_mapping_is_itself() {
        let mut known = Known::new(None, false, Seen::default());
        let frame = Frame { address: 0x1000, mapping: 7 };
        assert_eq!(*known.place(frame, false), Place { offset: 0x1000, ..Place::default() });
        assert_eq!(known.place(frame, true).offset, 0x1001);
        assert_eq!(known.source(&[frame]), None);
    }
}
