//! `--transpiler-map FILE`: the file is opened here, and read by `report`.

use std::path::Path;

use report::transpiler_map::TranspilerMap;

use crate::message::{Problem, named};

/// A larger file is no map, bytes.
const MOST_BYTES: u64 = 64 << 20;

/// Reads the file.
pub fn read(path: &Path) -> Result<TranspilerMap, Problem> {
    let cannot = |why: String| {
        Problem::usage(format!("cannot read the map {}: {why}", named(path)))
            .hint("--transpiler-map takes the map that a transpiler writes beside its output, of version 1")
    };
    let meta = std::fs::metadata(path).map_err(|error| cannot(crate::output::reason(&error)))?;
    if !meta.is_file() {
        return Err(cannot("it is no regular file".into()));
    }
    if meta.len() > MOST_BYTES {
        return Err(cannot(format!("it has {} bytes, more than {MOST_BYTES} are not read", meta.len())));
    }
    let bytes = std::fs::read(path).map_err(|error| cannot(crate::output::reason(&error)))?;
    TranspilerMap::parse(&bytes).map_err(cannot)
}
