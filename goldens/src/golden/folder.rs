//! Contents: what a run left, printed and sent, kept beside its golden as plain files, so that a reviewer sees
//! content change.

use std::collections::HashMap;

use super::{End, EndKind, Golden};
use crate::content::Shared;
use crate::content::{Content, Contents, Hash};

/// Bytes of a file's name at most.
const NAME_MOST: usize = 120;

/// A content file that is not what its golden says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} does not hold what the golden says: its hash is b3:{found}, the golden has b3:{wanted}")]
pub struct BadContent {
    /// Name of the file.
    pub file: String,
    /// Hash of its bytes.
    pub found: Hash,
    /// Hash in the golden.
    pub wanted: Hash,
}

impl Golden {
    /// The name of the file and the hash of every content that may be kept.
    pub fn content_files(&self) -> Vec<(String, Hash)> {
        let known: Vec<(&End, String, Hash)> =
            self.ends.iter().filter_map(|end| Some((end, plain_name(end), end.hash.flatten()?))).collect();
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for (_, name, _) in &known {
            *uses.entry(name).or_default() += 1;
        }
        let file = |(end, name, hash): &(&End, String, Hash)| {
            let unique = name.len() <= NAME_MOST && uses.get(name.as_str()) == Some(&1);
            (if unique { name.clone() } else { short_name(name, end) }, *hash)
        };
        known.iter().map(file).collect()
    }

    /// The files to be written: contents of at most so many bytes.
    pub fn kept_files(&self, contents: &Contents, most: u64) -> Vec<(String, Shared)> {
        let bytes = |(name, hash)| contents.get(hash).map(|bytes| (name, bytes.clone()));
        self.content_files().into_iter().filter_map(bytes).filter(|(_, bytes)| bytes.len() as u64 <= most).collect()
    }

    /// The contents in these files. `file` gives the bytes of one, `None` for one that is not there.
    ///
    /// # Errors
    /// A file that disagrees with the golden. One that is missing only shortens what findings can show.
    pub fn contents_in(&self, mut file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Contents, BadContent> {
        let mut contents = Contents::default();
        for (name, wanted) in self.content_files() {
            let Some(bytes) = file(&name) else { continue };
            let content = Content::known(bytes);
            match content.hash {
                Some(found) if found != wanted => return Err(BadContent { file: name, found, wanted }),
                _ => contents.keep(&content),
            }
        }
        Ok(contents)
    }
}

/// `std.stdout`, `end.CWD_final`, `sent.tcp_127.0.0.1_18231`.
fn plain_name(end: &End) -> String {
    let section = match end.kind {
        EndKind::Std => "std",
        EndKind::Sent => "sent",
        _ => "end",
    };
    let object = end.name.as_str();
    let object = object.strip_prefix('$').unwrap_or(object);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let object: String = object.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    format!("{section}.{object}")
}

/// Cut, and told apart by the hash of the object's name.
fn short_name(name: &str, end: &End) -> String {
    let digits = Hash::of(end.name.as_str().as_bytes()).to_string();
    let digits = digits.get(..8).unwrap_or_default();
    let room = NAME_MOST - digits.len() - 1;
    format!("{}.{digits}", name.get(..room).unwrap_or(name))
}

/// Is this the name of a file that goldens keep contents in?
pub fn is_content_file(name: &str) -> bool {
    ["std.", "end.", "sent.", "fixture."].iter().any(|section| name.starts_with(section))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::Presence;
    use crate::value::Value;

    fn golden(ends: &[(EndKind, &str, &[u8])]) -> Golden {
        let text = "golden 1 level=outcome model=1 runs=3 platform=any\nargv x\nstdin null\nasserts 1 1\nend std x\n";
        let mut golden = Golden::parse(text).expect("a golden");
        golden.ends = ends
            .iter()
            .map(|(kind, name, bytes)| End {
                presence: Presence::Required,
                kind: *kind,
                name: Value::from_syntax(*name),
                mode: None,
                size: None,
                hash: Some(Some(Hash::of(bytes))),
                to: None,
            })
            .collect();
        golden
    }

    fn names(golden: &Golden) -> Vec<String> {
        golden.content_files().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn files_are_named_by_section_and_object() {
        let golden = golden(&[
            (EndKind::File, "$CWD/final", b"a"),
            (EndKind::Sent, "tcp:127.0.0.1:18231", b"b"),
            (EndKind::Std, "stdout", b"c"),
        ]);
        assert_eq!(names(&golden), ["end.CWD_final", "sent.tcp_127.0.0.1_18231", "std.stdout"]);
    }

    #[test]
    fn names_that_collide_or_are_long_are_told_apart() {
        let long = format!("$CWD/{}", "x".repeat(300));
        let golden = golden(&[
            (EndKind::File, "$CWD/a%20b", b"1"),
            (EndKind::File, "$CWD/a_20b", b"2"),
            (EndKind::File, &long, b"3"),
            (EndKind::File, "/../../etc/passwd", b"4"),
        ]);
        let names = names(&golden);
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), 4, "{names:?}");
        assert!(names.iter().all(|name| name.len() <= NAME_MOST && !name.contains('/') && is_content_file(name)));
        assert!(names[0].starts_with("end.CWD_a_20b.") && names[0] != names[1], "{names:?}");
        assert_eq!(names[2].len(), NAME_MOST);
        assert_eq!(names[3], "end._.._.._etc_passwd");
    }

    #[test]
    fn a_file_that_disagrees_makes_the_golden_bad_and_a_missing_one_does_not() {
        let golden = golden(&[(EndKind::File, "$CWD/a", b"one"), (EndKind::Std, "stdout", b"two")]);
        let contents = golden.contents_in(|name| (name == "std.stdout").then(|| b"two".to_vec())).expect("agrees");
        assert_eq!(contents.get(Hash::of(b"two")).map(|bytes| bytes.to_vec()), Some(b"two".to_vec()));
        assert_eq!(contents.get(Hash::of(b"one")), None);
        let bad = golden.contents_in(|name| Some(name.as_bytes().to_vec())).expect_err("other bytes");
        assert_eq!(bad.file, "end.CWD_a");
        let files = golden.kept_files(&contents, 3);
        assert_eq!(
            files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect::<Vec<_>>(),
            [("std.stdout", &b"two"[..])]
        );
        assert!(golden.kept_files(&contents, 2).is_empty(), "larger than what is kept");
    }
}
