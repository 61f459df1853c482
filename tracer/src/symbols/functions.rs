//! Functions of a file: where each begins and ends, and its code.

use std::ops::Range;
use std::path::Path;

use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol, SectionFlags, SegmentFlags, SymbolKind};

use super::elf;
use super::names::demangle;

/// A function that has a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its symbol, as the linker knows it.
    pub symbol: Vec<u8>,
    /// The same as people wrote it.
    pub name: String,
    /// Address in the file.
    pub address: u64,
    /// Bytes; 0 not known.
    pub size: u64,
}

/// What a file holds of code.
#[derive(Debug, Default)]
pub struct Code {
    /// In order of their addresses, one for each address.
    pub functions: Vec<Function>,
    /// Address that it starts at.
    pub entry: u64,
    /// Was it made by Go's compiler?
    pub is_go: bool,
    /// Is it for x86-64?
    pub is_x86_64: bool,
    /// Has it no table of symbols of its own?
    pub is_stripped: bool,
    /// The first address of each loaded segment that is executed, and its bytes.
    text: Vec<(u64, Vec<u8>)>,
    /// Sections of jumps to functions of libraries.
    stubs: Vec<Range<u64>>,
    /// First address of the file, where it is loaded.
    pub lowest: u64,
    /// Where in the file its addresses are.
    pub layout: Layout,
}

/// Where in a file what it loads stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    address: u64,
    offset: u64,
    size: u64,
}

impl Layout {
    fn of<'d>(segments: impl Iterator<Item = impl ObjectSegment<'d>>) -> Layout {
        let pieces = segments.map(|segment| {
            let (offset, size) = segment.file_range();
            Piece { address: segment.address(), offset, size }
        });
        Layout(pieces.collect())
    }

    /// Where in the file the byte at an address is; `None` where the file has none for it.
    pub fn offset_of(&self, address: u64) -> Option<u64> {
        self.0.iter().find_map(|piece| {
            let into = address.checked_sub(piece.address).filter(|into| *into < piece.size)?;
            piece.offset.checked_add(into)
        })
    }
}

impl Code {
    /// Reads a file.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn read(path: &Path) -> Result<Code, String> {
        const EXECUTE: u32 = 1;
        let parts = elf::open(path)?;
        let file = elf::parse(&parts)?;
        let mut code = Code {
            entry: file.entry(),
            is_go: [".gopclntab", ".go.buildinfo", ".note.go.buildid"]
                .iter()
                .any(|name| file.section_by_name(name).is_some()),
            is_x86_64: file.architecture() == object::Architecture::X86_64,
            lowest: file.segments().map(|segment| segment.address()).min().unwrap_or(0),
            layout: Layout::of(file.segments()),
            ..Code::default()
        };
        for segment in file.segments() {
            if matches!(segment.flags(), SegmentFlags::Elf { p_flags } if p_flags & EXECUTE == EXECUTE)
                && let Ok(bytes) = segment.data()
            {
                code.text.push((segment.address(), bytes.to_vec()));
            }
        }
        for section in file.sections() {
            let is_code = matches!(section.flags(), SectionFlags::Elf { sh_flags } if sh_flags & 4 == 4);
            if is_code && section.name_bytes().is_ok_and(|name| name.starts_with(b".plt") || name == b".iplt") {
                code.stubs.push(section.address()..section.address().saturating_add(section.size()));
            }
        }
        code.is_stripped = file.symbols().next().is_none();
        code.add(file.symbols());
        if code.is_stripped {
            let id = file.build_id().ok().flatten().unwrap_or_default();
            if let Some(path) = elf::debug_path(id)
                && let Ok(parts) = elf::open(&path)
                && let Ok(file) = elf::parse(&parts)
                && file.build_id().ok().flatten().unwrap_or_default() == id
            {
                code.add(file.symbols());
            }
            code.add(file.dynamic_symbols());
        }
        // Of several names of one address the longest extent counts, then the first in the alphabet.
        code.functions
            .sort_by(|a, b| (a.address, u64::MAX - a.size, &a.symbol).cmp(&(b.address, u64::MAX - b.size, &b.symbol)));
        code.functions.dedup_by_key(|function| function.address);
        Ok(code)
    }

    fn add<'d>(&mut self, symbols: impl Iterator<Item = impl ObjectSymbol<'d>>) {
        for symbol in symbols {
            let Ok(name) = symbol.name_bytes() else { continue };
            if name.is_empty() || symbol.is_undefined() || symbol.kind() != SymbolKind::Text {
                continue;
            }
            let (address, size) = (symbol.address(), symbol.size());
            if self.bytes(address, 1).is_some() {
                self.functions.push(Function { symbol: name.to_vec(), name: demangle(name), address, size });
            }
        }
    }

    /// The code at an address of the file; as many bytes as there are, at most `len`.
    pub fn bytes(&self, address: u64, len: u64) -> Option<&[u8]> {
        self.text.iter().find_map(|(first, bytes)| {
            let from = usize::try_from(address.checked_sub(*first)?).ok()?;
            let rest = bytes.get(from..).filter(|rest| !rest.is_empty())?;
            Some(rest.get(..usize::try_from(len).ok()?).unwrap_or(rest))
        })
    }

    /// Does a function, or a jump to one of a library, begin here?
    pub fn is_start(&self, address: u64) -> bool {
        self.functions.binary_search_by_key(&address, |function| function.address).is_ok()
            || self.stubs.iter().any(|stubs| stubs.contains(&address))
    }
}
