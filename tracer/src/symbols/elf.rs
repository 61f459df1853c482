//! ELF files (elf(5)): segments, symbols, unwinding tables, build ids.

use std::cell::OnceCell;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object::{Object, ObjectSection, ObjectSegment, ReadCache, SegmentFlags};

use super::{Mapping, index};

/// A larger file is not read.
const MOST_BYTES: u64 = 2 << 30;
/// `STT_NOTYPE`, `STT_FUNC`, `STT_GNU_IFUNC`: what code can be; assembly often says nothing.
const CODE_TYPES: [u8; 3] = [0, 2, 10];
const SYMBOL_BYTES: usize = 24;

/// A file whose parts are read when they are asked for.
pub(crate) type Parts = ReadCache<File>;
pub(crate) type Parsed<'a> = object::File<'a, &'a Parts>;

/// A file: where its code lies, and, once asked for, its symbols and its tables for unwinding.
#[derive(Debug)]
pub(super) struct Elf {
    path: PathBuf,
    build_id: Vec<u8>,
    /// Executable ones: offsets in the file, and the address of the first.
    segments: Vec<(Range<u64>, u64)>,
    entry: u64,
    table: OnceCell<Table>,
    sections: OnceCell<Sections>,
}

/// Symbols of functions.
#[derive(Debug, Default)]
struct Table {
    symbols: Vec<Symbol>,
    strings: Vec<u8>,
    /// The separate file they came from.
    debug_file: Option<PathBuf>,
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
    /// Its index, where it can be relied on.
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
    /// Opens a file that was mapped when its build id was this one (empty: not known).
    ///
    /// # Errors
    /// Why it can't be read or is not that file.
    pub fn open(path: &Path, build_id: &[u8]) -> Result<Elf, String> {
        let parts = open(path)?;
        let file = parse(&parts)?;
        let own_id = file.build_id().ok().flatten().unwrap_or_default();
        if !build_id.is_empty() && own_id != build_id {
            return Err("the file changed since it was mapped: its build id is another".into());
        }
        Ok(Elf {
            path: path.into(),
            build_id: own_id.into(),
            segments: segments(&file),
            entry: file.entry(),
            table: OnceCell::new(),
            sections: OnceCell::new(),
        })
    }

    /// The address that the program starts at, as the file has it.
    pub fn entry(&self) -> u64 {
        self.entry
    }

    /// The file with debug information: a separate one that holds what was taken off, or the file itself.
    pub fn debug_file(&self) -> &Path {
        self.table().debug_file.as_deref().unwrap_or(&self.path)
    }

    /// An address of a process as the file has it.
    pub fn address(&self, mapping: &Mapping, ip: u64) -> Option<u64> {
        let offset = ip.checked_sub(mapping.start)?.checked_add(mapping.offset)?;
        let (range, address) = self.segments.iter().find(|(range, _)| range.contains(&offset))?;
        (offset - range.start).checked_add(*address)
    }

    /// The mangled name of the function at an address of the file.
    pub fn symbol(&self, address: u64) -> Option<&[u8]> {
        self.table().symbol(address).map(|(name, _)| name)
    }

    /// The same, with the address at which it begins.
    pub fn symbol_from(&self, address: u64) -> Option<(&[u8], u64)> {
        self.table().symbol(address)
    }

    /// See [`super::Symbols::unwinding`].
    pub fn unwinding(&self, mapping: &Mapping) -> Option<UnwindSections> {
        let offsets = mapping.offset..mapping.offset.checked_add(mapping.end.checked_sub(mapping.start)?)?;
        let (range, address) =
            self.segments.iter().find(|(range, _)| range.start < offsets.end && offsets.start < range.end)?;
        // The mapping begins at a whole page, maybe before the segment does.
        let first = mapping.offset.wrapping_sub(range.start).wrapping_add(*address);
        Some(UnwindSections { bias: mapping.start.wrapping_sub(first), sections: self.sections().clone() })
    }

    fn table(&self) -> &Table {
        self.table.get_or_init(|| {
            let mut table = Table::default();
            // A file that is gone or was replaced has no more symbols.
            self.reread(&self.path, |file| {
                if !table.add(file, ".symtab", ".strtab", &self.segments) {
                    table.add(file, ".dynsym", ".dynstr", &self.segments);
                }
            });
            if let Some(path) = debug_path(&self.build_id) {
                let found = self.reread(&path, |file| table.add(file, ".symtab", ".strtab", &self.segments));
                table.debug_file = (found == Some(true)).then_some(path);
            }
            table.symbols.sort_unstable_by_key(|symbol| (symbol.address, symbol.rank, symbol.name));
            table.symbols.dedup_by_key(|symbol| symbol.address);
            table
        })
    }

    fn sections(&self) -> &Sections {
        self.sections.get_or_init(|| {
            let read = |file: &Parsed<'_>| {
                let eh_frame = section(file, ".eh_frame");
                let is_whole = |(at, bytes): &(Range<u64>, Arc<[u8]>)| {
                    eh_frame.as_ref().is_some_and(|(table, _)| index::is_whole(bytes, at.start, table))
                };
                Sections {
                    eh_frame_hdr: section(file, ".eh_frame_hdr").filter(is_whole),
                    eh_frame,
                    debug_frame: section(file, ".debug_frame"),
                    text: section(file, ".text"),
                    got: file.section_by_name(".got").map(|got| range(&got)),
                }
            };
            self.reread(&self.path, read).unwrap_or_default()
        })
    }

    /// What `look` finds in a file, if that is still of this build.
    fn reread<T>(&self, path: &Path, look: impl FnOnce(&Parsed<'_>) -> T) -> Option<T> {
        let parts = open(path).ok()?;
        let file = parse(&parts).ok()?;
        (file.build_id().ok().flatten().unwrap_or_default() == self.build_id).then(|| look(&file))
    }
}

/// Debian and others keep what was taken off a file by its build id.
pub(super) fn debug_path(build_id: &[u8]) -> Option<PathBuf> {
    let (first, rest) = build_id.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("/usr/lib/debug/.build-id/{first:02x}/{rest}.debug").into())
}

impl Table {
    fn symbol(&self, address: u64) -> Option<(&[u8], u64)> {
        let behind = self.symbols.partition_point(|symbol| symbol.address <= address);
        // A function may lie in a larger one, so look a few back; a label without a size reaches to the next.
        for (distance, symbol) in self.symbols.get(..behind)?.iter().rev().take(4).enumerate() {
            if address - symbol.address < symbol.size || symbol.size == 0 && distance == 0 {
                let name = self.strings.get(symbol.name..)?.split(|&byte| byte == 0).next()?;
                return Some((name, symbol.address));
            }
        }
        None
    }

    /// Adds the functions of one table that lie in these segments; false when there is none.
    fn add(&mut self, file: &Parsed<'_>, table: &str, strings: &str, segments: &[(Range<u64>, u64)]) -> bool {
        let data = |name| file.section_by_name(name).and_then(|section| section.data().ok());
        let (Some(table), Some(strings)) = (data(table), data(strings)) else { return false };
        let is_code = |address: u64| {
            let holds = |(range, first): &(Range<u64>, u64)| {
                address.checked_sub(*first).is_some_and(|into| into < range.end - range.start)
            };
            segments.iter().any(holds)
        };
        let base = self.strings.len();
        self.strings.extend_from_slice(strings);
        self.strings.push(0);
        for entry in table.as_chunks::<SYMBOL_BYTES>().0 {
            if let Some(mut symbol) = read_symbol(entry)
                && symbol.name < strings.len()
                && is_code(symbol.address)
            {
                symbol.name += base;
                self.symbols.push(symbol);
            }
        }
        true
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

/// A regular file, for [`parse`].
pub(crate) fn open(path: &Path) -> Result<Parts, String> {
    // Without waiting: a path of the target's may have become a pipe.
    let mut options = File::options();
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path).map_err(|error| error.to_string())?;
    let meta = file.metadata().map_err(|error| error.to_string())?;
    if !meta.is_file() {
        return Err("it is no regular file".into());
    }
    if meta.len() > MOST_BYTES {
        return Err(format!("it has {} bytes, more than {MOST_BYTES} are not read", meta.len()));
    }
    Ok(ReadCache::new(file))
}

/// The build id of a file that has one.
pub(super) fn build_id(path: &Path) -> Option<Vec<u8>> {
    let parts = open(path).ok()?;
    let file = parse(&parts).ok()?;
    file.build_id().ok().flatten().map(<[u8]>::to_vec)
}

/// A 64-bit little-endian ELF file.
pub(crate) fn parse(parts: &Parts) -> Result<Parsed<'_>, String> {
    let file = Parsed::parse(parts).map_err(|error| format!("it is no whole ELF file: {error}"))?;
    if !file.is_64() || !file.is_little_endian() {
        return Err("only files of 64 bits, little-endian, are read".into());
    }
    Ok(file)
}

fn segments(file: &Parsed<'_>) -> Vec<(Range<u64>, u64)> {
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

fn section(file: &Parsed<'_>, name: &str) -> Section {
    let section = file.section_by_name(name)?;
    let data = section.data().ok().filter(|data| !data.is_empty())?;
    Some((range(&section), Arc::from(data)))
}
