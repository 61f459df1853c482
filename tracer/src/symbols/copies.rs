//! Copies: functions that a compiler put into others, as debug information tells of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::rc::Rc;

use gimli::{DebugInfoOffset, EndianRcSlice, LittleEndian, Reader as _, UnitOffset};
use object::{Object, ObjectSection};

use super::elf;
use super::names::demangle;

type Reader = EndianRcSlice<LittleEndian>;
type Unit = gimli::Unit<Reader>;

/// A function, by its copies in others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copies {
    /// In how many places it was put.
    pub places: u64,
    /// Functions that hold them, by name.
    pub inside: BTreeSet<String>,
}

/// Names of a description of a function.
#[derive(Debug, Clone, Default)]
struct Names {
    own: Option<String>,
    linkage: Option<String>,
    /// Where more is said of it.
    of: Option<usize>,
}

/// All functions of this file that were put into others and whose names match; none without debug information.
pub fn copies(path: &Path, matches: &dyn Fn(&str) -> bool) -> BTreeMap<String, Copies> {
    read(path, matches).unwrap_or_default()
}

fn read(path: &Path, matches: &dyn Fn(&str) -> bool) -> Option<BTreeMap<String, Copies>> {
    let parts = elf::open(path).ok()?;
    let file = elf::parse(&parts).ok()?;
    file.section_by_name(".debug_info")?;
    let load = |id: gimli::SectionId| -> Result<Reader, gimli::Error> {
        let plain = file.section_by_name(id.name()).filter(|section| {
            section.compressed_file_range().is_ok_and(|range| range.format == object::CompressionFormat::None)
        });
        let data = plain.and_then(|section| section.data().ok()).unwrap_or_default();
        Ok(Reader::new(Rc::from(data), LittleEndian))
    };
    let dwarf = gimli::Dwarf::load(load).ok()?;
    let mut names: HashMap<usize, Names> = HashMap::new();
    // What was copied, and which function it was copied into.
    let mut copied: Vec<(usize, Option<usize>)> = Vec::new();
    let mut headers = dwarf.units();
    while let Ok(Some(header)) = headers.next() {
        let Ok(unit) = dwarf.unit(header) else { continue };
        let mut around: Vec<(isize, usize)> = Vec::new();
        let mut entries = unit.entries();
        while let Ok(Some(entry)) = entries.next_dfs() {
            let depth = entry.depth();
            around.retain(|(of, _)| *of < depth);
            let Some(here) = place(&unit, entry.offset()) else { continue };
            match entry.tag() {
                gimli::DW_TAG_subprogram => {
                    names.insert(here, names_of(&dwarf, &unit, entry));
                    around.push((depth, here));
                }
                gimli::DW_TAG_inlined_subroutine => {
                    if let Some(origin) = reference(&unit, entry, gimli::DW_AT_abstract_origin) {
                        copied.push((origin, around.last().map(|(_, holder)| *holder)));
                    }
                }
                _ => {}
            }
        }
    }
    let mut found: BTreeMap<String, Copies> = BTreeMap::new();
    for (what, holder) in copied {
        let Some((shown, linkage)) = resolve(&names, what) else { continue };
        if matches(&shown) || matches(&linkage) {
            let known = found.entry(shown).or_default();
            known.places += 1;
            known.inside.extend(holder.and_then(|holder| resolve(&names, holder)).map(|(shown, _)| shown));
        }
    }
    Some(found)
}

fn place(unit: &Unit, offset: UnitOffset) -> Option<usize> {
    offset.to_debug_info_offset(&unit.header).map(|DebugInfoOffset(offset)| offset)
}

fn reference(unit: &Unit, entry: &gimli::DebuggingInformationEntry<Reader>, name: gimli::DwAt) -> Option<usize> {
    match entry.attr_value(name)? {
        gimli::AttributeValue::UnitRef(offset) => place(unit, offset),
        gimli::AttributeValue::DebugInfoRef(DebugInfoOffset(offset)) => Some(offset),
        _ => None,
    }
}

fn names_of(dwarf: &gimli::Dwarf<Reader>, unit: &Unit, entry: &gimli::DebuggingInformationEntry<Reader>) -> Names {
    let text = |name| {
        let value = entry.attr_value(name)?;
        let text = dwarf.attr_string(unit, value).ok()?;
        Some(text.to_string_lossy().ok()?.into_owned())
    };
    let of = [gimli::DW_AT_abstract_origin, gimli::DW_AT_specification];
    Names {
        own: text(gimli::DW_AT_name),
        linkage: text(gimli::DW_AT_linkage_name),
        of: of.into_iter().find_map(|name| reference(unit, entry, name)),
    }
}

/// The name to be shown, and the linkage name.
fn resolve(names: &HashMap<usize, Names>, at: usize) -> Option<(String, String)> {
    const DEEPEST: usize = 4;
    let (mut at, mut own) = (Some(at), None);
    for _ in 0..DEEPEST {
        let Some(known) = at.and_then(|at| names.get(&at)) else { break };
        if let Some(linkage) = &known.linkage {
            return Some((demangle(linkage.as_bytes()), linkage.clone()));
        }
        own = own.or(known.own.clone());
        at = known.of;
    }
    own.map(|own| (own.clone(), own))
}
