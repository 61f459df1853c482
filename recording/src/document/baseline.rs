//! Baseline directories of renacer: `manifest.json`, `syscalls.trace`, `timing.stats`.
//!
//! In: a directory. Out: why it can't be judged. No release of renacer writes or reads a record of
//! `syscalls.trace`: what it holds is a header that counts 0, and a footer.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::json::{Node, Parser, Text, Value};

/// Bytes of a manifest or trace that are looked at.
const LARGEST: u64 = 1 << 20;
/// Bytes of the header: magic, u32 version, u32 flags, u64 count, u64 checksum, zeros.
const HEADER: usize = 32;
const MAGIC: &[u8; 4] = b"RNTR";
const FOOTER: &[u8; 4] = b"RTNR";
/// What renacer mixes into the checksum of count and flags.
const SALT: u64 = 0xDEAD_BEEF_CAFE_BABE;

/// Why a directory is nothing that a run could be compared with.
#[derive(Debug, thiserror::Error)]
pub enum BadBaseline {
    /// It has no manifest.
    #[error("it is a directory without a manifest.json: no baseline of renacer")]
    NoBaseline,
    /// A file can't be read.
    #[error("{file}: {source}")]
    Io {
        /// Its name in the directory.
        file: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file is wrong.
    #[error("{file}: {what}")]
    Broken {
        /// Its name in the directory.
        file: &'static str,
        /// What is wrong.
        what: String,
    },
    /// As renacer writes it: without a call.
    #[error("it holds 0 calls: `renacer validate` can't fail on it{}", if *.missing { "; its syscalls.trace is missing" } else { "" })]
    Empty {
        /// argv of the manifest.
        command: Vec<String>,
        /// There is no `syscalls.trace`.
        missing: bool,
    },
}

/// Says why a baseline directory can't be judged: what is wrong with it, or that it is empty.
pub fn baseline(dir: &Path) -> BadBaseline {
    match look(dir) {
        Ok(empty) => empty,
        Err(bad) => bad,
    }
}

fn look(dir: &Path) -> Result<BadBaseline, BadBaseline> {
    let Some(manifest) = read(dir, "manifest.json")? else { return Err(BadBaseline::NoBaseline) };
    let command = command(&manifest)?;
    let missing = match read(dir, "syscalls.trace")? {
        None => true,
        Some(trace) => {
            check(&trace).map_err(|what| BadBaseline::Broken { file: "syscalls.trace", what })?;
            false
        }
    };
    Ok(BadBaseline::Empty { command, missing })
}

fn read(dir: &Path, file: &'static str) -> Result<Option<Vec<u8>>, BadBaseline> {
    let bad = |source| BadBaseline::Io { file, source };
    let opened = match File::open(dir.join(file)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(bad)?,
    };
    let mut bytes = Vec::new();
    opened.take(LARGEST).read_to_end(&mut bytes).map_err(bad)?;
    Ok(Some(bytes))
}

/// `command` of a manifest.
fn command(manifest: &[u8]) -> Result<Vec<String>, BadBaseline> {
    let broken = |what: String| BadBaseline::Broken { file: "manifest.json", what };
    let node = Parser::new(Text::new(manifest), 0)
        .value()
        .map_err(|fault| broken(super::BadDocument::json(manifest, *fault).to_string()))?;
    let Value::Object(members) = node.value else { return Err(broken("it is no JSON object".to_owned())) };
    let words = match members.into_iter().find(|(key, _)| key == "command") {
        Some((_, Node { value: Value::Array(words), .. })) => words,
        _ => return Ok(Vec::new()),
    };
    let text = |word: Node<'_>| match word.value {
        Value::Text(text) => Some(text.into_owned()),
        _ => None,
    };
    Ok(words.into_iter().filter_map(text).collect())
}

/// Is this the header of no records, and its footer?
fn check(trace: &[u8]) -> Result<(), String> {
    let magic = trace.get(..4).ok_or_else(|| format!("{} bytes, a header has {HEADER}", trace.len()))?;
    if magic != MAGIC {
        return Err(format!("it begins with {} instead of RNTR", magic.escape_ascii()));
    }
    let (Some(version), Some(flags), Some(count), Some(checksum)) =
        (u32_at(trace, 4), u32_at(trace, 8), u64_at(trace, 12), u64_at(trace, 20))
    else {
        return Err(format!("{} bytes, a header has {HEADER}", trace.len()));
    };
    if version != 1 {
        return Err(format!("its version is {version}, 1 is read"));
    }
    let expected = (count ^ u64::from(flags)) ^ SALT;
    if checksum != expected {
        return Err(format!("its checksum is {checksum:#018x}, that of its header is {expected:#018x}"));
    }
    let body = trace.get(HEADER..).unwrap_or_default();
    let body = body.strip_suffix(FOOTER).ok_or("it does not end with RTNR")?;
    match (count, body.len()) {
        (0, 0) => Ok(()),
        (count, bytes) => {
            let records = if count == 1 { "record" } else { "records" };
            Err(format!("its header says {count} {records}, {bytes} bytes follow; no renacer writes records"))
        }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}
