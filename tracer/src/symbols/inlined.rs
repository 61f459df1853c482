//! Inlined functions, from the debug information of a file (DWARF).

use std::path::Path;
use std::rc::Rc;

use gimli::{EndianRcSlice, LittleEndian};
use object::{Object, ObjectSection};

use super::{elf, names};

type Reader = EndianRcSlice<LittleEndian>;
/// Deeper nesting is cut.
const MOST_FRAMES: usize = 64;

/// A line of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file as the compiler named it, its directory before it where it was relative.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// The function, where it is told.
    pub function: Option<String>,
}

/// Debug information of a file.
pub(super) struct Inlined(addr2line::Context<Reader>);

impl Inlined {
    /// That of this file; `None` when it has none that can be read. Compressed sections count as none.
    pub fn open(path: &Path) -> Option<Inlined> {
        let parts = elf::open(path).ok()?;
        let file = elf::parse(&parts).ok()?;
        file.section_by_name(".debug_info")?;
        let load = |id: gimli::SectionId| -> Result<Reader, gimli::Error> {
            let section = file.section_by_name(id.name());
            let plain = section.filter(|section| {
                section.compressed_file_range().is_ok_and(|range| range.format == object::CompressionFormat::None)
            });
            let data = plain.and_then(|section| section.data().ok()).unwrap_or_default();
            Ok(Reader::new(Rc::from(data), LittleEndian))
        };
        addr2line::Context::from_dwarf(gimli::Dwarf::load(load).ok()?).ok().map(Inlined)
    }

    /// Names at an address of the file, innermost first; none when it is not described.
    pub fn names(&self, address: u64) -> Vec<String> {
        let mut found = Vec::new();
        let Ok(mut frames) = self.0.find_frames(address).skip_all_loads() else { return found };
        while let Ok(Some(frame)) = frames.next() {
            let Some(name) = frame.function.as_ref().and_then(|function| function.raw_name().ok()) else { continue };
            found.push(names::demangle(name.as_bytes()));
            if found.len() == MOST_FRAMES {
                break;
            }
        }
        found
    }

    /// Lines at an address of the file, innermost first; none when it is not described.
    pub fn lines(&self, address: u64) -> Vec<Line> {
        let mut found = Vec::new();
        let Ok(mut frames) = self.0.find_frames(address).skip_all_loads() else { return found };
        while let Ok(Some(frame)) = frames.next() {
            let function = frame.function.as_ref().and_then(|function| function.raw_name().ok());
            let function = function.map(|name| names::demangle(name.as_bytes()));
            let place =
                frame.location.as_ref().and_then(|place| Some((place.file?, place.line.filter(|line| *line > 0)?)));
            found.extend(place.map(|(file, line)| Line { file: file.to_owned(), line, function }));
            if found.len() == MOST_FRAMES {
                break;
            }
        }
        found
    }
}
