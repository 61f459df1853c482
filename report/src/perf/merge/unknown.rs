//! Keys of a document that its model does not hold.

use std::collections::BTreeSet;

use recording::json::{Parsed, Parser, Text};

use crate::perf::model::Document;
use crate::perf::write;

/// Keys that are lost when the document is written by its model, as paths without numbers: `runs/metrics/zz`.
pub fn unknown_keys(bytes: &[u8], document: &Document) -> Vec<String> {
    let (read, written) = (keys(bytes), keys(write::json(document).as_bytes()));
    let lost: Vec<&String> = read.difference(&written).collect();
    let inside_lost =
        |key: &str| lost.iter().any(|other| key.strip_prefix(other.as_str()).is_some_and(|r| r.starts_with('/')));
    lost.iter().filter(|key| !inside_lost(key)).map(|key| (*key).clone()).collect()
}

/// The keys that have a value.
fn keys(bytes: &[u8]) -> BTreeSet<String> {
    let start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut found = BTreeSet::new();
    // What can't be read has been refused before.
    let _ = walk(&mut Parser::new(Text::new(bytes), start), &mut String::new(), &mut found);
    found
}

fn walk(parser: &mut Parser<'_>, path: &mut String, found: &mut BTreeSet<String>) -> Parsed<()> {
    match parser.peek() {
        Some(b'{') => parser.object(|parser, key| {
            let length = path.len();
            if length > 0 {
                path.push('/');
            }
            path.push_str(&key);
            if parser.peek() != Some(b'n') && !found.contains(path.as_str()) {
                found.insert(path.clone());
            }
            let read = walk(parser, path, found);
            path.truncate(length);
            read
        }),
        Some(b'[') => parser.array(|parser| walk(parser, path, found)),
        _ => parser.pass_over(),
    }
}
