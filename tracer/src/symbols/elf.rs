//! ELF files (elf(5)): segments, symbols, unwinding tables, build ids.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object::{Object, ObjectSection, ObjectSegment, SegmentFlags};

use super::Mapping;

/// A larger file is not read.
const MOST_BYTES: u64 = 2 << 30;
/// `STT_NOTYPE`, `STT_FUNC`, `STT_GNU_IFUNC`: what code can be; assembly often says nothing.
const CODE_TYPES: [u8; 3] = [0, 2, 10];
const SYMBOL_BYTES: usize = 24;

/// What was read of a file.
#[derive(Debug)]
pub(super) struct Elf {
    /// Executable ones: offsets in the file, and the address of the first.
    segments: Vec<(Range<u64>, u64)>,
    entry: u64,
    symbols: Vec<Symbol>,
    strings: Vec<u8>,
    debug_file: Option<PathBuf>,
    sections: Sections,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Symbol {
    address: u64,
    size: u64,
    /// In `strings`, NUL-terminated.
    name: usize,
    /// Preferred among those of one address: global before local, sized before unsized.
    rank: u8,
}

/// A section: where it is loaded, and its bytes.
pub(crate) type Section = Option<(Range<u64>, Arc<[u8]>)>;

/// What unwinding reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sections {
    pub eh_frame: Section,
    pub eh_frame_hdr: Section,
    pub debug_frame: Section,
    pub text: Section,
    pub got: Option<Range<u64>>,
}

/// Unwinding tables of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct UnwindSections {
    /// Address in the process of the file's address 0.
    pub bias: u64,
    pub sections: Sections,
}

impl Elf {
    /// Reads a file that was mapped when its build id was this one (empty: not known).
    ///
    /// # Errors
    /// Why it can't be read or is not that file.
    pub fn open(path: &Path, build_id: &[u8]) -> Result<Elf, String> {
        let bytes = read(path)?;
        let file = parse(&bytes)?;
        let own_id = file.build_id().ok().flatten().unwrap_or_default();
        if !build_id.is_empty() && own_id != build_id {
            return Err("the file changed since it was mapped: its build id is another".into());
        }
        let mut elf = Elf {
            segments: segments(&file),
            entry: file.entry(),
            symbols: Vec::new(),
            strings: Vec::new(),
            debug_file: None,
            sections: Sections {
                eh_frame: section(&file, ".eh_frame"),
                eh_frame_hdr: section(&file, ".eh_frame_hdr"),
                debug_frame: section(&file, ".debug_frame"),
                text: section(&file, ".text"),
                got: file.section_by_name(".got").map(|got| range(&got)),
            },
        };
        if !elf.add_symbols(&file, ".symtab", ".strtab") {
            elf.add_debug_file(own_id);
            elf.add_symbols(&file, ".dynsym", ".dynstr");
        }
        elf.symbols.sort_unstable_by_key(|symbol| (symbol.address, symbol.rank, symbol.name));
        elf.symbols.dedup_by_key(|symbol| symbol.address);
        Ok(elf)
    }

    /// The address that the program starts at, as the file has it.
    pub fn entry(&self) -> u64 {
        self.entry
    }

    /// The separate file that holds what was taken off this one.
    pub fn debug_file(&self) -> Option<&Path> {
        self.debug_file.as_deref()
    }

    /// An address of a process as the file has it.
    pub fn address(&self, mapping: &Mapping, ip: u64) -> Option<u64> {
        let offset = ip.checked_sub(mapping.start)?.checked_add(mapping.offset)?;
        let (range, address) = self.segments.iter().find(|(range, _)| range.contains(&offset))?;
        (offset - range.start).checked_add(*address)
    }

    /// The mangled name of the function at an address of the file.
    pub fn symbol(&self, address: u64) -> Option<&[u8]> {
        let behind = self.symbols.partition_point(|symbol| symbol.address <= address);
        // A function may lie in a larger one, so look a few back; a label without a size reaches to the next.
        for (distance, symbol) in self.symbols.get(..behind)?.iter().rev().take(4).enumerate() {
            if address - symbol.address < symbol.size || symbol.size == 0 && distance == 0 {
                return self.strings.get(symbol.name..)?.split(|&byte| byte == 0).next();
            }
        }
        None
    }

    /// See [`super::Symbols::unwinding`].
    pub fn unwinding(&self, mapping: &Mapping) -> Option<UnwindSections> {
        let offsets = mapping.offset..mapping.offset.checked_add(mapping.end.checked_sub(mapping.start)?)?;
        let (range, address) =
            self.segments.iter().find(|(range, _)| range.start < offsets.end && offsets.start < range.end)?;
        // The mapping begins at a whole page, maybe before the segment does.
        let first = mapping.offset.wrapping_sub(range.start).wrapping_add(*address);
        Some(UnwindSections { bias: mapping.start.wrapping_sub(first), sections: self.sections.clone() })
    }

    /// Debian and others keep these by build id.
    fn add_debug_file(&mut self, build_id: &[u8]) {
        let Some((first, rest)) = build_id.split_first().filter(|(_, rest)| !rest.is_empty()) else { return };
        let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = PathBuf::from(format!("/usr/lib/debug/.build-id/{first:02x}/{rest}.debug"));
        let Ok(bytes) = read(&path) else { return };
        let Ok(file) = parse(&bytes) else { return };
        if file.build_id().ok().flatten() == Some(build_id) && self.add_symbols(&file, ".symtab", ".strtab") {
            self.debug_file = Some(path);
        }
    }

    /// Adds the functions of one table; false when there is none.
    fn add_symbols(&mut self, file: &object::File<'_>, table: &str, strings: &str) -> bool {
        let data = |name| file.section_by_name(name).and_then(|section| section.data().ok());
        let (Some(table), Some(strings)) = (data(table), data(strings)) else { return false };
        let base = self.strings.len();
        self.strings.extend_from_slice(strings);
        self.strings.push(0);
        for entry in table.as_chunks::<SYMBOL_BYTES>().0 {
            if let Some(mut symbol) = read_symbol(entry)
                && symbol.name < strings.len()
                && self.is_code(symbol.address)
            {
                symbol.name += base;
                self.symbols.push(symbol);
            }
        }
        true
    }

    fn is_code(&self, address: u64) -> bool {
        self.segments
            .iter()
            .any(|(range, first)| address.checked_sub(*first).is_some_and(|into| into < range.end - range.start))
    }
}

/// An entry of a symbol table (`Elf64_Sym`) that may be code.
fn read_symbol(entry: &[u8; SYMBOL_BYTES]) -> Option<Symbol> {
    let (name, rest) = entry.split_first_chunk::<4>()?;
    let (&[info, _], rest) = rest.split_first_chunk::<2>()?;
    let (section, rest) = rest.split_first_chunk::<2>()?;
    let (address, rest) = rest.split_first_chunk::<8>()?;
    let size = u64::from_le_bytes(*rest.first_chunk()?);
    let name = u32::from_le_bytes(*name) as usize;
    let undefined = *section == [0, 0];
    let local = info >> 4 == 0;
    let kind = info & 15;
    (name != 0 && !undefined && CODE_TYPES.contains(&kind)).then_some(Symbol {
        address: u64::from_le_bytes(*address),
        size,
        name,
        rank: u8::from(size == 0) << 2 | u8::from(kind == 0) << 1 | u8::from(local),
    })
}

/// The bytes of a regular file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    // Without waiting: a path of the target's may have become a pipe.
    let mut file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map_err(|error| error.to_string())?;
    let meta = file.metadata().map_err(|error| error.to_string())?;
    if !meta.is_file() {
        return Err("it is no regular file".into());
    }
    if meta.len() > MOST_BYTES {
        return Err(format!("it has {} bytes, more than {MOST_BYTES} are not read", meta.len()));
    }
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    Read::by_ref(&mut file).take(MOST_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// A 64-bit little-endian ELF file.
pub(super) fn parse(bytes: &[u8]) -> Result<object::File<'_>, String> {
    let file = object::File::parse(bytes).map_err(|error| format!("it is no whole ELF file: {error}"))?;
    if !file.is_64() || !file.is_little_endian() {
        return Err("only files of 64 bits, little-endian, are read".into());
    }
    Ok(file)
}

fn segments(file: &object::File<'_>) -> Vec<(Range<u64>, u64)> {
    const EXECUTE: u32 = 1;
    let executable =
        |flags: SegmentFlags| matches!(flags, SegmentFlags::Elf { p_flags } if p_flags & EXECUTE == EXECUTE);
    file.segments()
        .filter(|segment| executable(segment.flags()))
        .filter_map(|segment| {
            let (offset, size) = segment.file_range();
            Some((offset..offset.checked_add(size)?, segment.address()))
        })
        .collect()
}

fn range<'a>(section: &impl ObjectSection<'a>) -> Range<u64> {
    section.address()..section.address().saturating_add(section.size())
}

fn section(file: &object::File<'_>, name: &str) -> Section {
    let section = file.section_by_name(name)?;
    let data = section.data().ok().filter(|data| !data.is_empty())?;
    Some((range(&section), Arc::from(data)))
}
