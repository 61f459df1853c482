//! The samples: ours stand in this repository, published ones beside it where they are at hand.

use std::path::{Path, PathBuf};
use std::process::Command;

use recording::document::{self, BadDocument, Brought, Document, Options, Table};

/// The bytes of a sample; `None`, and said so, when it is not here.
pub fn sample(name: &str) -> Option<Vec<u8>> {
    let path = path(name)?;
    if name.ends_with(".gz") {
        let unpacked = Command::new("gzip").arg("-dc").arg(&path).output();
        return match unpacked {
            Ok(unpacked) if unpacked.status.success() => Some(unpacked.stdout),
            _ => {
                println!("skipped: no gzip to unpack {name}");
                None
            }
        };
    }
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Where a sample stands.
pub fn path(name: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = Path::new(name).file_name()?;
    let found = [here.join("tests/documents").join(file), here.join("../../shared/data/renacer").join(name)]
        .into_iter()
        .find(|path| path.exists());
    if found.is_none() {
        println!("skipped: samples not here: {name}");
    }
    found
}

/// Reads a document that must be one.
pub fn document(bytes: &[u8]) -> Document<'_> {
    match document::read(bytes, &Options::default()) {
        Ok(Brought::Document(document)) => *document,
        Ok(Brought::Table(table)) => panic!("a table was read: {table:?}"),
        Err(problem) => panic!("{problem}"),
    }
}

/// Reads a table that must be one.
pub fn table(bytes: &[u8]) -> Table {
    match document::read(bytes, &Options::default()) {
        Ok(Brought::Table(table)) => table,
        Ok(Brought::Document(document)) => panic!("a document was read: {document:?}"),
        Err(problem) => panic!("{problem}"),
    }
}

/// Reads what must be refused.
pub fn refused(bytes: &[u8]) -> BadDocument {
    match document::read(bytes, &Options::default()) {
        Err(problem) => problem,
        Ok(brought) => panic!("it was read: {brought:?}"),
    }
}
