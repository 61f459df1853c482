//! Instead: what a file is that is no trace.

use super::error::{BadDocument, Fault, plural, quoted};
use super::json::{Member, Value};
use super::shape;

/// JSON that holds no calls.
pub(super) fn of_object(top: &[Member<'_>]) -> BadDocument {
    let value = |name: &str| top.iter().find(|(key, _)| key == name).map(|(_, node)| &node.value);
    let (what, hint) = if value("runs").is_some() {
        ("it is a perf.json (`runs`), no trace".to_owned(), Some("chic-trace perf report reads it"))
    } else if let Some(Value::Array(mappings)) = value("mappings") {
        (transpiler_map(value("version"), mappings), Some("a map belongs to --transpiler-map"))
    } else if matches!(value("golden"), Some(Value::Number(_))) {
        ("it is a golden of chic-trace, no trace".to_owned(), Some("chic-trace golden check NAME compares with it"))
    } else if value("renacer_version").is_some() {
        let what = "it is the manifest of a baseline of renacer, no trace".to_owned();
        (what, Some("name its directory"))
    } else {
        ("it is JSON without calls: neither `syscalls`, `processes` nor `name` stand in it".to_owned(), None)
    };
    BadDocument::whole(Fault::Other { what, hint })
}

/// Keys that every mapping of a transpiler map has.
const MAPPING: [&str; 5] = ["rust_line", "rust_function", "python_line", "python_function", "python_context"];

fn transpiler_map(version: Option<&Value<'_>>, mappings: &[super::json::Node<'_>]) -> String {
    let mut what = "it is a transpiler map, no trace".to_owned();
    if let Some(Value::Number(version)) = version
        && *version != "1"
    {
        what.push_str(&format!("; its version is {version}, 1 is read"));
    }
    for (index, mapping) in mappings.iter().enumerate() {
        let Value::Object(members) = &mapping.value else { continue };
        let missing = MAPPING.iter().find(|name| !members.iter().any(|(key, _)| key == **name));
        if let Some(missing) = missing {
            what.push_str(&format!("; /mappings/{index}: `{missing}` is missing"));
            break;
        }
    }
    what
}

/// Text that is neither JSON nor a table.
pub(super) fn of_text(text: &[u8]) -> BadDocument {
    if text.starts_with(b"golden ") {
        let what = "it is a golden of chic-trace, no trace".to_owned();
        let hint = Some("chic-trace golden check NAME compares with it");
        return BadDocument::whole(Fault::Other { what, hint });
    }
    let lines = || text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let Some(first) = lines().next() else {
        let what = "it holds nothing but blanks".to_owned();
        return BadDocument::whole(Fault::Other { what, hint: None });
    };
    let fault = if lines().all(is_own_line) {
        Fault::Banner { first: quoted(first) }
    } else {
        let count = lines().count() as u64;
        let lines = if count == 1 { "one line".to_owned() } else { plural(count, "line") };
        Fault::Output { lines, first: quoted(first) }
    };
    BadDocument::whole(fault)
}

/// Is this a line that renacer itself writes?
pub(super) fn is_own_line(line: &[u8]) -> bool {
    line.starts_with(b"[renacer: ") && line.ends_with(b"]")
}

/// Keys of the top that are known, whoever writes them.
pub(super) fn is_known_top(key: &str) -> bool {
    const KNOWN: [&str; 14] = [
        "version",
        "format",
        "schema",
        "generator",
        "command",
        "summary",
        "statistics",
        "recording",
        "process",
        "pid",
        "imported",
        "ml_analysis",
        "isolation_forest_analysis",
        "autoencoder_analysis",
    ];
    KNOWN.contains(&key)
}

/// Remembers the keys of the top that nobody knows.
pub(super) fn notice_unknown(top: &[Member<'_>], noticed: &mut shape::Noticed) {
    for (key, _) in top.iter().filter(|(key, _)| !is_known_top(key)) {
        noticed.unknown("", key);
    }
}
